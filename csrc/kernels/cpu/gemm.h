// Matrix products of one element type: C = alpha * A @ B + beta * D. Row-major; the blocked kernel behind it
// is ours.
//
// Each element of the result is summed in an order fixed by k alone, so that it depends neither on the number
// of threads nor on where m and n are cut.
#pragma once

#include "core/dtype.h"
#include "kernels/cpu/vec_size.h"

#include <cstdint>

namespace torch::TORCH_ISA {

// Multiply-adds of floats that make a piece of work for a thread.
constexpr double kPieceWork = 1.5e6 * kVecBytes / 64;

// alpha and beta: float for the 16-bit types, else the element type itself.
template <class T> struct GemmScalarOf { using type = T; };
template <> struct GemmScalarOf<Half> { using type = float; };
template <> struct GemmScalarOf<BFloat16> { using type = float; };
template <class T> using GemmScalar = typename GemmScalarOf<T>::type;

// Element (i, j) is data[i * row + j * col]; any strides.
template <class T> struct Matrix {
  const T* data = nullptr;
  int64_t row = 0;
  int64_t col = 0;

  Matrix at(int64_t i, int64_t j) const { return {data + i * row + j * col, row, col}; }
  Matrix transposed() const { return {data, col, row}; }
};

// Where the i-th of `count` nearly equal shares begins, so that no tile is much thinner than the others.
inline int64_t share(int64_t total, int64_t count, int64_t i) { return total * i / count; }

// c[m, n] = alpha * a[m, k] @ b[k, n] + beta * d[m, n]. c has rows of n adjacent elements, ldc apart. d may
// be c itself; with d.data null or beta zero nothing is read from it. T: every dtype but bool; integers wrap
// around.
template <class T>
void gemm(int64_t m, int64_t n, int64_t k, GemmScalar<T> alpha, Matrix<T> a, Matrix<T> b, GemmScalar<T> beta,
          Matrix<T> d, T* c, int64_t ldc);

// The form of BLAS: a is (m, k), or (k, m) when trans_a; b is (k, n), or (n, k) when trans_b; c is added to,
// scaled by beta.
template <class T>
void gemm(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, GemmScalar<T> alpha, const T* a,
          int64_t lda, const T* b, int64_t ldb, GemmScalar<T> beta, T* c, int64_t ldc) {
  const Matrix<T> left = trans_a ? Matrix<T>{a, 1, lda} : Matrix<T>{a, lda, 1};
  const Matrix<T> right = trans_b ? Matrix<T>{b, 1, ldb} : Matrix<T>{b, ldb, 1};
  gemm<T>(m, n, k, alpha, left, right, beta, Matrix<T>{c, ldc, 1}, c, ldc);
}

} // namespace torch::TORCH_ISA

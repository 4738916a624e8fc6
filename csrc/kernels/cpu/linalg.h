// Batches of matrices for LAPACK.
//
// Outputs of these kernels are column-major with dense batches (infer/linalg.cpp), so LAPACK works in place
// in them; inputs have any strides and broadcast over the batch.
#pragma once

#include "core/allocator.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/lapack.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace torch::TORCH_ISA {

// Names LAPACK's kernel in the error for other dtypes.
template <class F> void visit_lapack(const char* kernel, DType t, F&& f) {
  switch (t) {
  case DType::Float32:
    return f(TypeTag<float>{});
  case DType::Float64:
    return f(TypeTag<double>{});
  case DType::Complex64:
    return f(TypeTag<complex64>{});
  case DType::Complex128:
    return f(TypeTag<complex128>{});
  default:
    not_implemented('"', kernel, "\" not implemented for '", dtype_aten_name(t), "'");
  }
}

inline int lapack_int(int64_t n) {
  check(n <= std::numeric_limits<int>::max(), "torch.linalg: a dimension of ", n, " is too large for LAPACK");
  return static_cast<int>(n);
}
// Leading dimension of a column-major matrix.
inline int leading(int64_t rows) { return lapack_int(std::max<int64_t>(rows, 1)); }

inline IntSpan batch_of(const Tensor& t, int64_t inner = 2) {
  return t.sizes().span().first(static_cast<size_t>(t.dim() - inner));
}
inline int64_t rows_in(const Tensor& t) { return t.sizes()[size_t(t.dim() - 2)]; }
inline int64_t columns_in(const Tensor& t) { return t.sizes()[size_t(t.dim() - 1)]; }

// The matrices (or vectors: inner = 1) of a tensor, broadcast over a batch and found by number.
template <class T> class Matrices {
public:
  Matrices(const Tensor& t, IntSpan batch, int64_t inner = 2) : data_(t.data<T>()), batch_(batch) {
    const size_t own = static_cast<size_t>(t.dim() - inner);
    steps_ = DimVec(batch.size());
    for (size_t i = 0; i < own; ++i) steps_[batch.size() - own + i] = t.sizes()[i] == 1 ? 0 : t.strides()[i];
    if (inner == 2) {
      rows = rows_in(t);
      columns = columns_in(t);
      row_step = t.strides()[own];
      column_step = t.strides()[own + 1];
    } else {
      rows = t.sizes()[own];
      row_step = t.strides()[own];
    }
  }

  T* at(int64_t i) const {
    if (batch_.size() == 1) return data_ + i * steps_[0]; // without divisions
    int64_t offset = 0;
    for (size_t d = batch_.size(); d-- > 0;) {
      offset += i % batch_[d] * steps_[d];
      i /= batch_[d];
    }
    return data_ + offset;
  }

  // Copies matrix i into column-major memory.
  void load(int64_t i, T* to, int64_t ld) const {
    const T* const from = at(i);
    if (row_step == 1) {
      for (int64_t j = 0; j < columns; ++j) std::copy_n(from + j * column_step, rows, to + j * ld);
      return;
    }
    // By blocks of columns, so that rows are read in pieces as long as a cache line.
    constexpr int64_t kBlock = 16;
    for (int64_t first = 0; first < columns; first += kBlock) {
      const int64_t last = std::min(columns, first + kBlock);
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t j = first; j < last; ++j) to[j * ld + r] = from[r * row_step + j * column_step];
    }
  }

  int64_t rows = 0, columns = 1, row_step = 0, column_step = 0;

private:
  T* data_;
  DimVec batch_, steps_;
};

// A matrix as LAPACK reads it.
template <class T> struct Dense {
  const T* data;
  int ld;
};
// Matrix i where it lies if it is column-major there, else copied into `spare`.
template <class T> Dense<T> dense(const Matrices<T>& m, int64_t i, T* spare) {
  if (m.row_step == 1 && m.column_step >= m.rows && m.rows > 0) return {m.at(i), lapack_int(m.column_step)};
  m.load(i, spare, std::max<int64_t>(m.rows, 1));
  return {spare, leading(m.rows)};
}

// Elements of type T that a kernel needs for a while, at least one.
template <class T> class Room {
public:
  explicit Room(int64_t n) : scratch_(static_cast<size_t>(std::max<int64_t>(n, 1)) * sizeof(T)) {}
  operator T*() const { return scratch_.as<T>(); }

private:
  Scratch scratch_;
};

// body(first, last) over a batch whose problems take about `cost` operations each.
template <class Body> void for_batch(int64_t count, double cost, Body&& body) {
  const double grain = 4.0 * static_cast<double>(kGrain) / std::max(cost, 1.0);
  parallel_for(0, count, std::max<int64_t>(1, static_cast<int64_t>(grain)), body);
}

inline double cube(int64_t a, int64_t b, int64_t c) {
  return static_cast<double>(a) * static_cast<double>(b) * static_cast<double>(c);
}

// Some of LAPACK's iterations never end on NaN, others print complaints.
template <class T> bool all_finite(const T* values, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    if (!std::isfinite(std::real(values[i])) || !std::isfinite(std::imag(values[i]))) return false;
  return true;
}

// The size of workspace that a query with lwork = -1 has put into work[0].
template <class T> int work_size(T answer) { return std::max(1, static_cast<int>(std::real(answer))); }

template <class T> T conjugate(T x) {
  if constexpr (std::is_same_v<T, RealOf<T>>)
    return x;
  else
    return std::conj(x);
}

} // namespace torch::TORCH_ISA

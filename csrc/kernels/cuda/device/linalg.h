// What linear algebra needs beside cuSOLVER's functions: a thread for each matrix (or element, where it says
// so).
#pragma once

#include "kernels/cuda/device/complex.h"
#include "kernels/cuda/device/linalg_args.h"

namespace torch::TORCH_ISA {

template <class V> TORCH_INLINE V real_part(V a) { return a; }
template <class T> TORCH_INLINE T real_part(Cplx<T> a) { return a.re; }
template <class V> TORCH_INLINE V conjugate(V a) { return a; }
template <class T> TORCH_INLINE Cplx<T> conjugate(Cplx<T> a) { return conj_(a); }

// info becomes the place, from 1, of the first element of the diagonal that is not positive, or (flag) that
// is 0.
template <class V> struct Diagonal {
  static TORCH_INLINE void run(const cuda::LinalgArgs& args, int64_t i) {
    const V* const a = static_cast<const V*>(args.a) + i * args.size * args.columns;
    const int64_t n = args.size < args.columns ? args.size : args.columns;
    for (int64_t j = 0; j < n && args.info[i] == 0; ++j) {
      const V d = a[j * args.size + j];
      if (args.flag ? d == V(0) : !(real_part(d) > 0)) args.info[i] = int32_t(j + 1);
    }
  }
};

// Elements above the diagonal become the conjugates of those below it, or (flag) the other way round; by
// element.
template <class V> struct Mirror {
  static TORCH_INLINE void run(const cuda::LinalgArgs& args, int64_t i) {
    const int64_t n = args.size, r = i % n, c = i / n % n;
    V* const a = static_cast<V*>(args.a) + i / (n * n) * (n * n);
    if (args.flag ? r > c : r < c) a[c * n + r] = conjugate(a[r * n + c]);
  }
};

// From an LU factorization: out is the determinant, or where there is `second` its sign, that the logarithm
// of its size.
template <class V> struct Determinant {
  static TORCH_INLINE void run(const cuda::LinalgArgs& args, int64_t i) {
    using R = typename RealOf<V>::type;
    const int64_t n = args.size;
    const V* const a = static_cast<const V*>(args.a) + i * n * n;
    V product(1);
    R logarithm(0);
    for (int64_t j = 0; j < n; ++j)
      if (args.pivots[i * n + j] != j + 1) product = -product;
    for (int64_t j = 0; j < n; ++j) {
      const V d = a[j * n + j];
      if (!args.second) {
        product = product * d;
        continue;
      }
      const R length = abs_(d);
      product = length == R(0) ? V(0) : product * (d / V(length));
      logarithm += log_(length);
    }
    static_cast<V*>(args.out)[i] = product;
    if (args.second) static_cast<R*>(args.second)[i] = logarithm;
  }
};

// Which row of the matrix each row of its LU factorization was: pivots are exchanges, in order. V says
// nothing.
template <class V> struct Permutation {
  static TORCH_INLINE void run(const cuda::LinalgArgs& args, int64_t i) {
    int64_t* const rows = args.rows + i * args.size;
    for (int64_t r = 0; r < args.size; ++r) rows[r] = r;
    for (int64_t j = 0; j < args.columns; ++j) {
      const int64_t other = int64_t(args.pivots[i * args.columns + j]) - 1;
      if (other < 0 || other >= args.size) {
        report(Failed::Pivot, other + 1, args.size);
        return;
      }
      const int64_t moved = rows[j];
      rows[j] = rows[other];
      rows[other] = moved;
    }
  }
};

// Eigenvectors of real matrices, by element: a complex pair has its vectors' real and imaginary parts in two
// columns.
template <class V> struct Unpack {
  static TORCH_INLINE void run(const cuda::LinalgArgs& args, int64_t i) {
    if constexpr (!kIsComplex<V>) {
      const int64_t n = args.size, c = i / n % n;
      const V* const a = static_cast<const V*>(args.a);
      const V part = static_cast<const Cplx<V>*>(args.values)[i / n].im;
      const bool has_next = c + 1 < n, has_last = c > 0;
      Cplx<V> value(a[i]);
      if (part > V(0) && has_next) value = {a[i], a[i + n]};
      if (part < V(0) && has_last) value = {a[i - n], -a[i]};
      static_cast<Cplx<V>*>(args.out)[i] = value;
    }
  }
};

template <template <class> class Op, class V> TORCH_INLINE void linalg(const cuda::LinalgArgs& args) {
  const int64_t i = int64_t(blockIdx.x) * cuda::kLinalgThreads + threadIdx.x;
  if (i < args.n) Op<V>::run(args, i);
}

} // namespace torch::TORCH_ISA

#define TORCH_LINALG(name, Op, V)                                                                            \
  TORCH_KERNEL(name, torch::cuda::kLinalgThreads, torch::cuda::LinalgArgs) {                                 \
    using namespace torch::TORCH_ISA;                                                                        \
    linalg<Op, V>(args);                                                                                     \
  }

// Factorizations of matrices of up to kSmall rows and solutions with them, as LAPACK's routines of the same
// names give them (matrices column-major, pivots from 1). A call of the library costs as much as a whole
// 4 x 4 problem: 1000 of those factor in half the time here.
#pragma once

#include "kernels/cpu/linalg.h"

namespace torch::TORCH_ISA {

constexpr int kSmall = 12;

namespace small {

// What LAPACK compares to find the largest element.
template <class T> RealOf<T> size_of(T x) {
  if constexpr (std::is_same_v<T, RealOf<T>>)
    return std::abs(x);
  else
    return std::abs(x.real()) + std::abs(x.imag());
}

// a * b without the test for infinite results that complex products of the language have.
template <class T> T product(T a, T b) {
  if constexpr (std::is_same_v<T, RealOf<T>>)
    return a * b;
  else
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}
template <class T> void subtract(T* to, T factor, const T* from, int first, int last) {
  for (int r = first; r < last; ++r) to[r] -= product(factor, from[r]);
}

// Calls f with the size, as a constant where that is worth its code: `N n` below is an int or such a
// constant.
template <class T, class F> void with_size(int n, F&& f) {
  if constexpr (std::is_same_v<T, RealOf<T>>) {
    if (n == 3) return f(std::integral_constant<int, 3>());
    if (n == 4) return f(std::integral_constant<int, 4>());
  }
  f(n);
}

template <class N, class T> void getrf(N n, T* a, int ld, int* pivots, int* info) {
  *info = 0;
  for (int k = 0; k < n; ++k) {
    T* const column = a + k * ld;
    int best = k;
    for (int r = k + 1; r < n; ++r)
      if (size_of(column[r]) > size_of(column[best])) best = r;
    pivots[k] = best + 1;
    if (column[best] == T(0)) {
      if (*info == 0) *info = k + 1;
      continue;
    }
    if (best != k)
      for (int c = 0; c < n; ++c) std::swap(a[c * ld + k], a[c * ld + best]);
    for (int r = k + 1; r < n; ++r) column[r] /= column[k];
    for (int c = k + 1; c < n; ++c) subtract(a + c * ld, a[c * ld + k], column, k + 1, n);
  }
}

// x := inverse of the lower (upper) triangle times x.
template <bool kUnit, class N, class T> void solve_lower(N n, const T* a, int ld, T* x) {
  for (int k = 0; k < n; ++k) {
    if (!kUnit) x[k] /= a[k * ld + k];
    subtract(x, x[k], a + k * ld, k + 1, n);
  }
}
template <class N, class T> void solve_upper(N n, const T* a, int ld, T* x) {
  for (int k = n; k-- > 0;) {
    x[k] /= a[k * ld + k];
    subtract(x, x[k], a + k * ld, 0, k);
  }
}
// The same with the transposed triangle, or its conjugate.
template <class T> T inner(const T* a, const T* x, int first, int last, bool conj) {
  T sum(0);
  for (int r = first; r < last; ++r) sum += product(conj ? conjugate(a[r]) : a[r], x[r]);
  return sum;
}
template <class N, class T> void solve_upper_turned(N n, const T* a, int ld, T* x, bool conj) {
  for (int k = 0; k < n; ++k) {
    const T d = a[k * ld + k];
    x[k] = (x[k] - inner(a + k * ld, x, 0, k, conj)) / (conj ? conjugate(d) : d);
  }
}
template <bool kUnit, class N, class T> void solve_lower_turned(N n, const T* a, int ld, T* x, bool conj) {
  for (int k = n; k-- > 0;) {
    const T d = a[k * ld + k];
    x[k] -= inner(a + k * ld, x, k + 1, n, conj);
    if (!kUnit) x[k] /= conj ? conjugate(d) : d;
  }
}

template <class N, class T>
void getrs(char trans, N n, int columns, const T* a, int ld, const int* pivots, T* b, int ldb) {
  for (int c = 0; c < columns; ++c) {
    T* const x = b + c * ldb;
    if (trans == 'N') {
      for (int k = 0; k < n; ++k) std::swap(x[k], x[pivots[k] - 1]);
      solve_lower<true>(n, a, ld, x);
      solve_upper(n, a, ld, x);
    } else {
      solve_upper_turned(n, a, ld, x, trans == 'C');
      solve_lower_turned<true>(n, a, ld, x, trans == 'C');
      for (int k = n; k-- > 0;) std::swap(x[k], x[pivots[k] - 1]);
    }
  }
}

template <class N, class T> void potrf(bool upper, N n, T* a, int ld, int* info) {
  using R = RealOf<T>;
  *info = 0;
  for (int k = 0; k < n; ++k) {
    T* const column = a + k * ld;
    R d = std::real(column[k]);
    if (upper)
      for (int r = 0; r < k; ++r) d -= std::real(product(column[r], conjugate(column[r])));
    if (!(d > 0)) {
      column[k] = d;
      *info = k + 1;
      return;
    }
    d = std::sqrt(d);
    column[k] = d;
    for (int c = k + 1; c < n; ++c) {
      if (upper)
        a[c * ld + k] = (a[c * ld + k] - inner(column, a + c * ld, 0, k, true)) / d;
      else
        column[c] /= d;
    }
    if (!upper)
      for (int c = k + 1; c < n; ++c) subtract(a + c * ld, conjugate(column[c]), column, c, n);
  }
}

template <class N, class T> void potrs(bool upper, N n, int columns, const T* a, int ld, T* b, int ldb) {
  for (int c = 0; c < columns; ++c) {
    T* const x = b + c * ldb;
    if (upper) {
      solve_upper_turned(n, a, ld, x, true);
      solve_upper(n, a, ld, x);
    } else {
      solve_lower<false>(n, a, ld, x);
      solve_lower_turned<false>(n, a, ld, x, true);
    }
  }
}

// Householder reflections v v^T tau below the diagonal, R in the upper triangle. False: a column's norm is
// too large or too small to be found by squares; the matrix is spoilt then.
template <class T> bool geqrf(int m, int n, T* a, int ld, T* tau) {
  for (int k = 0; k < std::min(m, n); ++k) {
    T* const v = a + k * ld;
    double squares = 0;
    for (int r = k + 1; r < m; ++r) squares += double(v[r]) * double(v[r]);
    tau[k] = T(0);
    if (std::all_of(v + k + 1, v + m, [](T x) { return x == 0; })) continue;
    const double alpha = v[k], size = squares + alpha * alpha;
    if (!(squares > 1e-290 && size < 1e290)) return false;
    const double beta = -std::copysign(std::sqrt(size), alpha);
    tau[k] = T((beta - alpha) / beta);
    for (int r = k + 1; r < m; ++r) v[r] = T(double(v[r]) / (alpha - beta));
    v[k] = T(beta);
    for (int c = k + 1; c < n; ++c) {
      T* const x = a + c * ld;
      const T w = tau[k] * (x[k] + inner(v, x, k + 1, m, false));
      x[k] -= w;
      subtract(x, w, v, k + 1, m);
    }
  }
  return true;
}
// Q's first n columns, in place of the reflections in the first k.
template <class T> void orgqr(int m, int n, int k, T* a, int ld, const T* tau) {
  for (int c = k; c < n; ++c) {
    std::fill_n(a + c * ld, m, T(0));
    a[c * ld + c] = T(1);
  }
  for (int j = k; j-- > 0;) {
    T* const v = a + j * ld;
    for (int c = j + 1; c < n; ++c) {
      T* const x = a + c * ld;
      const T w = tau[j] * (x[j] + inner(v, x, j + 1, m, false));
      x[j] -= w;
      subtract(x, w, v, j + 1, m);
    }
    for (int r = j + 1; r < m; ++r) v[r] *= -tau[j];
    v[j] = T(1) - tau[j];
    std::fill_n(v, j, T(0));
  }
}

} // namespace small

// LAPACK's routine for large matrices, the one above for small ones.
template <class T> void getrf(int64_t m, int64_t n, T* a, int* pivots, int* info) {
  const int rows = lapack_int(m);
  if (m != n || m > kSmall) return Lapack<T>::getrf(rows, lapack_int(n), a, leading(m), pivots, info);
  small::with_size<T>(rows, [&](auto size) { small::getrf(size, a, rows, pivots, info); });
}
template <class T>
void getrs(char trans, int64_t n, int64_t columns, Dense<T> lu, const int* pivots, T* b, int64_t ldb) {
  const int sides = lapack_int(columns), step = leading(ldb);
  int unused = 0;
  if (n > kSmall)
    return Lapack<T>::getrs(trans, lapack_int(n), sides, lu.data, lu.ld, pivots, b, step, &unused);
  small::with_size<T>(int(n),
                      [&](auto size) { small::getrs(trans, size, sides, lu.data, lu.ld, pivots, b, step); });
}
template <class T> void potrf(bool upper, int64_t n, T* a, int* info) {
  if (n > kSmall) return Lapack<T>::potrf(upper ? 'U' : 'L', lapack_int(n), a, leading(n), info);
  small::with_size<T>(int(n), [&](auto size) { small::potrf(upper, size, a, int(n), info); });
}
template <class T> void potrs(bool upper, int64_t n, int64_t columns, Dense<T> factor, T* b) {
  const int sides = lapack_int(columns), step = leading(n);
  int unused = 0;
  if (n > kSmall)
    return Lapack<T>::potrs(upper ? 'U' : 'L', lapack_int(n), sides, factor.data, factor.ld, b, step,
                            &unused);
  small::with_size<T>(int(n),
                      [&](auto size) { small::potrs(upper, size, sides, factor.data, factor.ld, b, step); });
}

} // namespace torch::TORCH_ISA

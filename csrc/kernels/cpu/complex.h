// Cplx<T>: a complex number in kernels, laid out as std::complex<T>. Products and quotients are the plain
// formulas (scaled for the quotient), without the recovery of infinities that C's Annex G adds and PyTorch
// leaves out.
#pragma once

#include "kernels/cpu/vec.h"

#include <complex>

namespace torch::TORCH_ISA {

template <class T> struct Cplx {
  T re, im;
  Cplx() = default;
  TORCH_INLINE Cplx(T r, T i = T(0)) : re(r), im(i) {}
  TORCH_INLINE Cplx(std::complex<T> z) : re(z.real()), im(z.imag()) {}
  TORCH_INLINE operator std::complex<T>() const { return {re, im}; }

  friend TORCH_INLINE Cplx operator+(Cplx a, Cplx b) { return {a.re + b.re, a.im + b.im}; }
  friend TORCH_INLINE Cplx operator-(Cplx a, Cplx b) { return {a.re - b.re, a.im - b.im}; }
  friend TORCH_INLINE Cplx operator-(Cplx a) { return {-a.re, -a.im}; }
  friend TORCH_INLINE Cplx operator*(Cplx a, Cplx b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }
  friend TORCH_INLINE Cplx operator/(Cplx a, Cplx b) {
    // Smith's scaling by the larger part keeps |b|^2 from overflowing.
    if (std::fabs(b.re) >= std::fabs(b.im)) {
      if (b.re == T(0) && b.im == T(0)) return {a.re / std::fabs(b.re), a.im / std::fabs(b.im)};
      const T ratio = b.im / b.re, scale = T(1) / (b.re + b.im * ratio);
      return {(a.re + a.im * ratio) * scale, (a.im - a.re * ratio) * scale};
    }
    const T ratio = b.re / b.im, scale = T(1) / (b.im + b.re * ratio);
    return {(a.re * ratio + a.im) * scale, (a.im * ratio - a.re) * scale};
  }
  friend TORCH_INLINE bool operator==(Cplx a, Cplx b) { return a.re == b.re && a.im == b.im; }
  friend TORCH_INLINE bool operator!=(Cplx a, Cplx b) { return !(a == b); }
};

template <class V> constexpr bool kIsComplex = false;
template <class T> constexpr bool kIsComplex<Cplx<T>> = true;
template <class T> struct ElementOf<Cplx<T>> { using type = std::complex<T>; };

template <class T> TORCH_INLINE Cplx<T> select(bool m, Cplx<T> a, Cplx<T> b) { return m ? a : b; }
template <class T> TORCH_INLINE Cplx<T> fused(Cplx<T> a, Cplx<T> b, Cplx<T> c) { return a * b + c; }
template <class T> TORCH_INLINE Cplx<T> conj_(Cplx<T> a) { return {a.re, -a.im}; }
template <class T> TORCH_INLINE T abs_(Cplx<T> a) { return std::hypot(a.re, a.im); }
template <class T> TORCH_INLINE T angle_(Cplx<T> a) { return std::atan2(a.im, a.re); }
template <class T> TORCH_INLINE bool isnan_(Cplx<T> a) { return a.re != a.re || a.im != a.im; }
template <class T> TORCH_INLINE bool isinf_(Cplx<T> a) { return std::isinf(a.re) || std::isinf(a.im); }
template <class T> TORCH_INLINE bool isfinite_(Cplx<T> a) {
  return std::isfinite(a.re) && std::isfinite(a.im);
}

// The C++ library's functions; its branch cuts are those of C99 and NumPy.
#define TORCH_COMPLEX_FUNCTION(name, fn)                                                                     \
  template <class T> inline Cplx<T> name(Cplx<T> a) { return std::fn(std::complex<T>(a)); }
TORCH_COMPLEX_FUNCTION(exp_, exp)
TORCH_COMPLEX_FUNCTION(log_, log)
TORCH_COMPLEX_FUNCTION(log10_, log10)
TORCH_COMPLEX_FUNCTION(sqrt_, sqrt)
TORCH_COMPLEX_FUNCTION(sin_, sin)
TORCH_COMPLEX_FUNCTION(cos_, cos)
TORCH_COMPLEX_FUNCTION(tan_, tan)
TORCH_COMPLEX_FUNCTION(asin_, asin)
TORCH_COMPLEX_FUNCTION(acos_, acos)
TORCH_COMPLEX_FUNCTION(atan_, atan)
TORCH_COMPLEX_FUNCTION(sinh_, sinh)
TORCH_COMPLEX_FUNCTION(cosh_, cosh)
TORCH_COMPLEX_FUNCTION(tanh_, tanh)
TORCH_COMPLEX_FUNCTION(asinh_, asinh)
TORCH_COMPLEX_FUNCTION(acosh_, acosh)
TORCH_COMPLEX_FUNCTION(atanh_, atanh)
#undef TORCH_COMPLEX_FUNCTION
// Each part by itself: a complex product would make NaN of an infinite part.
template <class T> TORCH_INLINE Cplx<T> scaled_(Cplx<T> a, T factor) {
  return {a.re * factor, a.im * factor};
}
template <class T> inline Cplx<T> log2_(Cplx<T> a) { return scaled_(log_(a), T(1.4426950408889634074)); }
// The angle has a second word: of a large one the rounding would show.
template <class T> inline Cplx<T> exp2_(Cplx<T> a) {
  constexpr T ln2 = T(0.69314718055994530942);
  constexpr T ln2_rest =
      std::is_same_v<T, float> ? T(0.69314718055994530942 - double(ln2)) : T(2.3190468138462996e-17);
  const T size = std::exp2(a.re);
  if (!isfinite_(a) || std::isinf(size)) return exp_(scaled_(a, ln2));
  const T angle = a.im * ln2, rest = std::fma(a.im, ln2, -angle) + a.im * ln2_rest;
  const T cosine = std::cos(angle), sine = std::sin(angle);
  return {size * (cosine - rest * sine), size * (sine + rest * cosine)};
}
// log(1 + z) by |1 + z|^2 = 1 + (2 re + |z|^2), which keeps small z.
template <class T> inline Cplx<T> log1p_(Cplx<T> a) {
  if (std::fabs(a.re) < T(0.5) && std::fabs(a.im) < T(0.5))
    return {T(0.5) * std::log1p(a.re * (T(2) + a.re) + a.im * a.im), std::atan2(a.im, T(1) + a.re)};
  return log_(a + Cplx<T>(T(1)));
}
// log(e^a + e^b), by the one of the larger real part.
template <class T> inline Cplx<T> log_add_exp(Cplx<T> a, Cplx<T> b) {
  if (isnan_(a) || isnan_(b)) return {T(NAN), T(NAN)};
  if (a.re < b.re) std::swap(a, b);
  if (a.re == b.re && std::isinf(a.re)) return a.re < T(0) ? b : log_(exp_(a) + exp_(b));
  return a + log1p_(exp_(b - a));
}
// e^x cos y - 1 = expm1(x) cos y - 2 sin^2(y/2)
template <class T> inline Cplx<T> expm1_(Cplx<T> a) {
  const T half_sine = std::sin(a.im / T(2));
  return {std::expm1(a.re) * std::cos(a.im) - T(2) * half_sine * half_sine, std::exp(a.re) * std::sin(a.im)};
}
template <class T> inline Cplx<T> sigmoid_(Cplx<T> a) { return Cplx<T>(T(1)) / (Cplx<T>(T(1)) + exp_(-a)); }
template <class T> inline Cplx<T> power(Cplx<T> a, Cplx<T> b) {
  if (b.re == T(0) && b.im == T(0)) return T(1);
  if (b == Cplx<T>(T(1))) return a;
  if (b == Cplx<T>(T(2))) return a * a;
  if (a.re == T(0) && a.im == T(0) && b.im == T(0) && b.re > T(0)) return T(0);
  return std::pow(std::complex<T>(a), std::complex<T>(b));
}

} // namespace torch::TORCH_ISA

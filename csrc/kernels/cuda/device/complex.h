// Cplx<T> for a GPU: the same formulas as kernels/cpu/complex.h, and for the elementary functions, where that
// uses the C++ library, formulas of our own.
#pragma once

#include "kernels/cuda/device/real.h"

namespace torch::TORCH_ISA {

template <class T> struct Cplx {
  T re, im;
  Cplx() = default;
  TORCH_INLINE constexpr Cplx(T r, T i = T(0)) : re(r), im(i) {}
  TORCH_INLINE T real() const { return re; }
  TORCH_INLINE T imag() const { return im; }

  friend TORCH_INLINE Cplx operator+(Cplx a, Cplx b) { return {a.re + b.re, a.im + b.im}; }
  friend TORCH_INLINE Cplx operator-(Cplx a, Cplx b) { return {a.re - b.re, a.im - b.im}; }
  friend TORCH_INLINE Cplx operator-(Cplx a) { return {-a.re, -a.im}; }
  friend TORCH_INLINE Cplx operator*(Cplx a, Cplx b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }
  friend TORCH_INLINE Cplx operator/(Cplx a, Cplx b) {
    // Smith's scaling by the larger part keeps |b|^2 from overflowing.
    if (abs_(b.re) >= abs_(b.im)) {
      if (b.re == T(0) && b.im == T(0)) return {a.re / abs_(b.re), a.im / abs_(b.im)};
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
template <class T> struct RealOf<Cplx<T>> { using type = T; };

template <class T> TORCH_INLINE Cplx<T> select(bool m, Cplx<T> a, Cplx<T> b) { return m ? a : b; }
template <class T> TORCH_INLINE Cplx<T> fused(Cplx<T> a, Cplx<T> b, Cplx<T> c) { return a * b + c; }
template <class T> TORCH_INLINE Cplx<T> conj_(Cplx<T> a) { return {a.re, -a.im}; }
template <class T> TORCH_INLINE T abs_(Cplx<T> a) { return hypot_(a.re, a.im); }
template <class T> TORCH_INLINE T angle_(Cplx<T> a) { return atan2_(a.im, a.re); }
template <class T> TORCH_INLINE bool isnan_(Cplx<T> a) { return isnan_(a.re) || isnan_(a.im); }
template <class T> TORCH_INLINE bool isinf_(Cplx<T> a) { return isinf_(a.re) || isinf_(a.im); }
template <class T> TORCH_INLINE bool isfinite_(Cplx<T> a) { return isfinite_(a.re) && isfinite_(a.im); }
// Each part by itself: a complex product would make NaN of an infinite part.
template <class T> TORCH_INLINE Cplx<T> scaled_(Cplx<T> a, T factor) {
  return {a.re * factor, a.im * factor};
}
template <class T> TORCH_INLINE Cplx<T> times_i(Cplx<T> a) { return {-a.im, a.re}; }
template <class T> TORCH_INLINE Cplx<T> by_i(Cplx<T> a) { return {a.im, -a.re}; } // divided

// e^x (cos y + i sin y); a real argument stays real, however large.
template <class T> TORCH_INLINE Cplx<T> exp_(Cplx<T> a) {
  if (a.im == T(0)) return {exp_(a.re), a.im};
  if (a.re == T(0)) return {cos_(a.im), sin_(a.im)};
  if (isinf_(a.re) && !isfinite_(a.im)) return a.re < T(0) ? Cplx<T>(T(0), T(0)) : Cplx<T>(a.re, a.im - a.im);
  // Near the largest number e^x may overflow where the product does not.
  const T half = exp_(a.re * T(0.5));
  return {half * cos_(a.im) * half, half * sin_(a.im) * half};
}
template <class T> TORCH_INLINE Cplx<T> log_(Cplx<T> a) {
  // Next to |a| = 1 the logarithm of the modulus is had from |a|^2 - 1 = (x - 1)(x + 1) + y^2.
  const T x = maximum_(abs_(a.re), abs_(a.im)), y = minimum_(abs_(a.re), abs_(a.im));
  T size = log_(hypot_(a.re, a.im));
  if (x > T(0.5) && x < T(1.5) && y < T(1.5)) size = T(0.5) * log1p_(fused(y, y, (x - T(1)) * (x + T(1))));
  return {size, atan2_(a.im, a.re)};
}
template <class T> TORCH_INLINE Cplx<T> log2_(Cplx<T> a) {
  return scaled_(log_(a), T(1.4426950408889634074));
}
template <class T> TORCH_INLINE Cplx<T> log10_(Cplx<T> a) {
  return scaled_(log_(a), T(0.43429448190325182765));
}
template <class T> TORCH_INLINE Cplx<T> sqrt_(Cplx<T> a) {
  if (a.re == T(0) && a.im == T(0)) return {T(0), a.im};
  if (isinf_(a.im)) return {abs_(a.im), a.im};
  if (isnan_(a.re) || isnan_(a.im)) return {a.re + a.im, a.re + a.im};
  if (isinf_(a.re))
    return a.re > T(0) ? Cplx<T>(a.re, copysign_(T(0), a.im)) : Cplx<T>(T(0), copysign_(a.re, a.im));
  // (|a| + |re|) / 2, by quarters where it would overflow.
  const bool large = abs_(a.re) > T(1e30) || abs_(a.im) > T(1e30);
  const T scale = large ? T(0.0625) : T(1);
  const T re = a.re * scale, im = a.im * scale;
  const T root = sqrt_((hypot_(re, im) + abs_(re)) * T(0.5)), back = large ? T(4) : T(1);
  const T other = abs_(im) / (root + root);
  return re >= T(0) ? Cplx<T>(root * back, copysign_(other, im) * back)
                    : Cplx<T>(other * back, copysign_(root, im) * back);
}
template <class T> TORCH_INLINE Cplx<T> sinh_(Cplx<T> a) {
  if (a.im == T(0)) return {sinh_(a.re), a.im};
  return {sinh_(a.re) * cos_(a.im), cosh_(a.re) * sin_(a.im)};
}
template <class T> TORCH_INLINE Cplx<T> cosh_(Cplx<T> a) {
  if (a.im == T(0)) return {cosh_(a.re), a.im * copysign_(T(1), a.re)};
  return {cosh_(a.re) * cos_(a.im), sinh_(a.re) * sin_(a.im)};
}
// Kahan's form: with t = tan y, s = sinh x, b = 1 + t^2: (b s sqrt(1 + s^2) + i t) / (1 + b s^2).
template <class T> TORCH_INLINE Cplx<T> tanh_(Cplx<T> a) {
  if (!isfinite_(a.im) && isfinite_(a.re)) return {a.im - a.im, a.im - a.im};
  if (abs_(a.re) > T(sizeof(T) == 4 ? 10 : 20))
    return {copysign_(T(1), a.re), isfinite_(a.im) ? copysign_(T(0), sin_(T(2) * a.im)) : T(0)};
  const T t = tan_(a.im), s = sinh_(a.re), b = fused(t, t, T(1)), rest = sqrt_(fused(s, s, T(1)));
  const T below = fused(b * s, s, T(1));
  return {b * rest * s / below, t / below};
}
template <class T> TORCH_INLINE Cplx<T> sin_(Cplx<T> a) { return by_i(sinh_(times_i(a))); }
template <class T> TORCH_INLINE Cplx<T> cos_(Cplx<T> a) { return cosh_(times_i(a)); }
template <class T> TORCH_INLINE Cplx<T> tan_(Cplx<T> a) { return by_i(tanh_(times_i(a))); }
// Kahan's inverse functions ("Branch cuts for complex elementary functions", 1987), by square roots of 1 - z
// and 1 + z.
template <class T> TORCH_INLINE Cplx<T> acos_(Cplx<T> a) {
  const Cplx<T> below = sqrt_(Cplx<T>(T(1) - a.re, -a.im)), above = sqrt_(Cplx<T>(T(1) + a.re, a.im));
  return {T(2) * atan2_(below.re, above.re), asinh_(above.re * below.im - above.im * below.re)};
}
template <class T> TORCH_INLINE Cplx<T> asin_(Cplx<T> a) {
  const Cplx<T> below = sqrt_(Cplx<T>(T(1) - a.re, -a.im)), above = sqrt_(Cplx<T>(T(1) + a.re, a.im));
  return {atan2_(a.re, below.re * above.re - below.im * above.im),
          asinh_(below.re * above.im - below.im * above.re)};
}
template <class T> TORCH_INLINE Cplx<T> acosh_(Cplx<T> a) {
  const Cplx<T> below = sqrt_(Cplx<T>(a.re - T(1), a.im)), above = sqrt_(Cplx<T>(a.re + T(1), a.im));
  return {asinh_(below.re * above.re + below.im * above.im), T(2) * atan2_(below.im, above.re)};
}
template <class T> TORCH_INLINE Cplx<T> asinh_(Cplx<T> a) { return by_i(asin_(times_i(a))); }
template <class T> TORCH_INLINE Cplx<T> atanh_(Cplx<T> a) {
  // re: log of |1 + z|^2 / |1 - z|^2 over 4, as 1 + 4 x / |1 - z|^2; im: half the difference of the angles.
  const T away = T(1) - a.re, square = away * away + a.im * a.im;
  return {T(0.25) * log1p_(T(4) * a.re / square),
          T(0.5) * atan2_(T(2) * a.im, away * (T(1) + a.re) - a.im * a.im)};
}
template <class T> TORCH_INLINE Cplx<T> atan_(Cplx<T> a) { return by_i(atanh_(times_i(a))); }

template <class T> TORCH_INLINE Cplx<T> exp2_(Cplx<T> a) {
  return exp_(scaled_(a, T(0.69314718055994530942)));
}
// log(1 + z) by |1 + z|^2 = 1 + (2 re + |z|^2), which keeps small z.
template <class T> TORCH_INLINE Cplx<T> log1p_(Cplx<T> a) {
  if (abs_(a.re) < T(0.5) && abs_(a.im) < T(0.5))
    return {T(0.5) * log1p_(a.re * (T(2) + a.re) + a.im * a.im), atan2_(a.im, T(1) + a.re)};
  return log_(a + Cplx<T>(T(1)));
}
// log(e^a + e^b), by the one of the larger real part.
template <class T> TORCH_INLINE Cplx<T> log_add_exp(Cplx<T> a, Cplx<T> b) {
  constexpr T nan = std::numeric_limits<T>::quiet_NaN();
  if (isnan_(a) || isnan_(b)) return {nan, nan};
  const Cplx<T> large = a.re < b.re ? b : a, small = a.re < b.re ? a : b;
  if (a.re == b.re && isinf_(a.re)) return a.re < T(0) ? b : log_(exp_(a) + exp_(b));
  return large + log1p_(exp_(small - large));
}
// e^x cos y - 1 = expm1(x) cos y - 2 sin^2(y/2)
template <class T> TORCH_INLINE Cplx<T> expm1_(Cplx<T> a) {
  const T half_sine = sin_(a.im / T(2));
  return {expm1_(a.re) * cos_(a.im) - T(2) * half_sine * half_sine, exp_(a.re) * sin_(a.im)};
}
template <class T> TORCH_INLINE Cplx<T> sigmoid_(Cplx<T> a) {
  return Cplx<T>(T(1)) / (Cplx<T>(T(1)) + exp_(-a));
}
template <class T> TORCH_INLINE Cplx<T> power(Cplx<T> a, Cplx<T> b) {
  if (b.re == T(0) && b.im == T(0)) return T(1);
  if (b == Cplx<T>(T(1))) return a;
  if (b == Cplx<T>(T(2))) return a * a;
  if (a.re == T(0) && a.im == T(0) && b.im == T(0) && b.re > T(0)) return T(0);
  return exp_(b * log_(a));
}

} // namespace torch::TORCH_ISA

// The vocabulary of the functors (kernels/pointwise.h) for plain numbers: what kernels/cpu/vec.h and
// vec_math.h have for registers. The elementary functions are CUDA's own, within 2 ulp in float and 1 to 2 in
// double.
#pragma once

#include "core/dtype_list.h"
#include "kernels/cuda/device/failure.h"

namespace torch::TORCH_ISA {

template <class V> struct RealOf { using type = V; };
template <class V> using Element = V;
template <class V> constexpr bool kIsVec = false;

template <class T> TORCH_INLINE T select(bool m, T a, T b) { return m ? a : b; }
TORCH_INLINE bool any(bool m) { return m; }
TORCH_INLINE bool all(bool m) { return m; }

TORCH_INLINE float fused(float a, float b, float c) { return fmaf(a, b, c); }
TORCH_INLINE double fused(double a, double b, double c) { return fma(a, b, c); }
// Integers wrap around.
template <class T>
requires std::is_integral_v<T> TORCH_INLINE T fused(T a, T b, T c) {
  using U = std::make_unsigned_t<T>;
  return T(U(a) * U(b) + U(c));
}

#define TORCH_FUNCTION(name, of_float, of_double)                                                            \
  TORCH_INLINE float name(float a) { return of_float(a); }                                                   \
  TORCH_INLINE double name(double a) { return of_double(a); }
#define TORCH_FUNCTION_2(name, of_float, of_double)                                                          \
  TORCH_INLINE float name(float a, float b) { return of_float(a, b); }                                       \
  TORCH_INLINE double name(double a, double b) { return of_double(a, b); }
TORCH_FUNCTION(floor_, floorf, floor)
TORCH_FUNCTION(ceil_, ceilf, ceil)
TORCH_FUNCTION(round_, rintf, rint)
TORCH_FUNCTION(trunc_, truncf, trunc)
TORCH_FUNCTION(sqrt_, sqrtf, sqrt)
TORCH_FUNCTION(exp_, expf, exp)
TORCH_FUNCTION(exp2_, exp2f, exp2)
TORCH_FUNCTION(expm1_, expm1f, expm1)
TORCH_FUNCTION(log_, logf, log)
TORCH_FUNCTION(log2_, log2f, log2)
TORCH_FUNCTION(log10_, log10f, log10)
TORCH_FUNCTION(log1p_, log1pf, log1p)
TORCH_FUNCTION(sin_, sinf, sin)
TORCH_FUNCTION(cos_, cosf, cos)
TORCH_FUNCTION(tan_, tanf, tan)
TORCH_FUNCTION(asin_, asinf, asin)
TORCH_FUNCTION(acos_, acosf, acos)
TORCH_FUNCTION(atan_, atanf, atan)
TORCH_FUNCTION(sinh_, sinhf, sinh)
TORCH_FUNCTION(cosh_, coshf, cosh)
TORCH_FUNCTION(tanh_, tanhf, tanh)
TORCH_FUNCTION(asinh_, asinhf, asinh)
TORCH_FUNCTION(acosh_, acoshf, acosh)
TORCH_FUNCTION(atanh_, atanhf, atanh)
TORCH_FUNCTION(erf_, erff, erf)
TORCH_FUNCTION(erfc_, erfcf, erfc)
TORCH_FUNCTION(lgamma_, lgammaf, lgamma)
TORCH_FUNCTION_2(pow_, powf, pow)
TORCH_FUNCTION_2(fmod_, fmodf, fmod)
TORCH_FUNCTION_2(atan2_, atan2f, atan2)
TORCH_FUNCTION_2(hypot_, hypotf, hypot)
TORCH_FUNCTION_2(copysign_, copysignf, copysign)
#undef TORCH_FUNCTION
#undef TORCH_FUNCTION_2

TORCH_INLINE float abs_(float a) { return fabsf(a); }
TORCH_INLINE double abs_(double a) { return fabs(a); }
template <class T>
requires std::is_integral_v<T> TORCH_INLINE T abs_(T a) {
  using U = std::make_unsigned_t<T>;
  return a < T(0) ? T(U(0) - U(a)) : a;
}
template <class T> TORCH_INLINE bool isnan_(T a) { return a != a; }
template <class T> TORCH_INLINE bool isinf_(T a) { return abs_(a) == std::numeric_limits<T>::infinity(); }
template <class T> TORCH_INLINE bool isfinite_(T a) { return abs_(a) < std::numeric_limits<T>::infinity(); }
template <class T> TORCH_INLINE bool signbit_(T a) { return copysign_(T(1), a) < T(0); }

// Plain comparisons: b unless a is smaller (larger), so a NaN in a gives b.
template <class T> TORCH_INLINE T min_or_second(T a, T b) { return a < b ? a : b; }
template <class T> TORCH_INLINE T max_or_second(T a, T b) { return a > b ? a : b; }
// NaN in either operand gives NaN.
template <class T> TORCH_INLINE T minimum_(T a, T b) { return a != a || a < b ? a : b; }
template <class T> TORCH_INLINE T maximum_(T a, T b) { return a != a || a > b ? a : b; }

// start + weight (end - start), from the nearer of the two.
template <class T> TORCH_INLINE T lerp(T start, T end, T weight) {
  return weight < T(0.5) ? fused(weight, end - start, start) : fused(weight - T(1), end - start, end);
}

template <class T> TORCH_INLINE T exp_minus_abs_(T a) { return exp_(-abs_(a)); }
template <class T> TORCH_INLINE T sigmoid_(T a) {
  const T e = exp_minus_abs_(a);
  return (a < T(0) ? e : T(1)) / (T(1) + e);
}

// Exponents of few multiplications are what programs mostly raise to.
template <class T> TORCH_INLINE T power(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (b == T(2)) return a * a;
    if (b == T(3)) return a * a * a;
    return pow_(a, b);
  } else { // wraps around; a negative exponent gives the whole part of the true value: 1, -1 or 0
    using U = std::make_unsigned_t<T>;
    if (b < T(0)) return a == T(1) ? T(1) : a == T(-1) ? (b & 1 ? T(-1) : T(1)) : T(0);
    U result = 1, square = U(a);
    for (U e = U(b); e; e >>= 1) {
      if (e & 1) result *= square;
      square *= square;
    }
    return T(result);
  }
}

// ---- integers ----

// The lowest number divided by -1 wraps around to itself. Division by zero is reported.
template <class T> TORCH_INLINE T divide_trunc(T a, T b) {
  if (b == T(0)) {
    report(Failed::ZeroDivision, static_cast<int64_t>(a), 0);
    return T(0);
  }
  using U = std::make_unsigned_t<T>;
  return std::is_signed_v<T> && b == T(-1) ? T(U(0) - U(a)) : T(a / b);
}
template <class T> TORCH_INLINE T quotient_trunc(T a, T b) { return divide_trunc(a, b); }
template <class T> TORCH_INLINE T remainder_trunc(T a, T b) {
  using U = std::make_unsigned_t<T>;
  return T(U(a) - U(divide_trunc(a, b)) * U(b));
}
template <class T> TORCH_INLINE T divide_floor(T a, T b) {
  using U = std::make_unsigned_t<T>;
  const T q = divide_trunc(a, b), r = T(U(a) - U(q) * U(b));
  return r != T(0) && (r < T(0)) != (b < T(0)) ? T(q - T(1)) : q;
}
template <class T> TORCH_INLINE T remainder_floor(T a, T b) {
  const T r = remainder_trunc(a, b);
  return r != T(0) && (r < T(0)) != (b < T(0)) ? T(r + b) : r;
}
// A shift by the width or more, or by a negative count, leaves 0 or, to the right, the sign.
template <class T> TORCH_INLINE T shift_left_by(T a, T b) {
  constexpr T width = 8 * sizeof(T);
  using U = std::make_unsigned_t<T>;
  return b < T(0) || b >= width ? T(0) : T(U(a) << b);
}
template <class T> TORCH_INLINE T shift_right_by(T a, T b) {
  constexpr T width = 8 * sizeof(T);
  if (b < T(0) || b >= width) return std::is_signed_v<T> ? T(a >> (width - 1)) : T(0);
  return T(a >> b);
}
template <class U> TORCH_INLINE U common_divisor(U a, U b) {
  while (b != U(0)) {
    const U rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}
template <class T, class F> TORCH_INLINE T by_lane(T a, T b, F f) { return f(a, b); }

// ---- special functions ----

TORCH_INLINE double erfinv_(double y) {
#ifdef __CUDACC__
  return erfinv(y);
#else
  return emulated_erfinv(y);
#endif
}
// By recurrence up to 10 and the asymptotic series (DLMF 5.11.2), reflected for negative numbers.
TORCH_APART double digamma_(double x) {
  constexpr double pi = std::numbers::pi;
  if (x == 0) return copysign(std::numeric_limits<double>::infinity(), -x);
  double sum = 0;
  if (x < 0) {
    if (x == floor(x)) return std::numeric_limits<double>::quiet_NaN();
    const double part = x - floor(x);
    sum = -pi / tan(pi * part);
    x = 1 - x;
  }
  for (; x < 10; x += 1) sum -= 1 / x;
  const double t = 1 / (x * x);
  const double series =
      t * (1. / 12 - t * (1. / 120 - t * (1. / 252 - t * (1. / 240 - t * (1. / 132 - t * 691. / 32760)))));
  return sum + log(x) - 0.5 / x - series;
}
// x Phi(x) and its derivative, Phi being the distribution function of the standard normal.
template <class T> TORCH_INLINE T normal_cdf_(T x) { return T(0.5) * erfc_(x * T(-0.70710678118654752440)); }
template <class T> TORCH_INLINE T times_normal_cdf_(T x) { return x * normal_cdf_(x); }
template <class T> TORCH_INLINE T normal_cdf_slope_(T x) {
  return normal_cdf_(x) + x * T(0.39894228040143267794) * exp_(T(-0.5) * x * x);
}

TORCH_INLINE void check_all(bool ok, const char*) { // what the text says is known by the kind
  if (!ok) report(Failed::NotProbability, 0, 0);
}

} // namespace torch::TORCH_ISA

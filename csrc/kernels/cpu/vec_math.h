// Mathematical functions on Vec<float> and Vec<double>. Names end in an underscore so that generic code never
// picks the C library's overload for numbers by accident. Where nothing else is said they are SLEEF's
// with 1.0 ulp (https://sleef.org); vec_fast.h replaces the hottest float ones.
#pragma once

#include "kernels/cpu/vec.h"
#include "kernels/cpu/vec_fast.h"

#include <sleef.h>

namespace torch::TORCH_ISA {

#if TORCH_VEC_AVX512
#define TORCH_SLEEF_F(fn, accuracy) Sleef_##fn##f16_##accuracy##avx512f
#define TORCH_SLEEF_D(fn, accuracy) Sleef_##fn##d8_##accuracy##avx512f
using SleefF = __m512;
using SleefD = __m512d;
#elif TORCH_VEC_AVX2
#define TORCH_SLEEF_F(fn, accuracy) Sleef_##fn##f8_##accuracy##avx2
#define TORCH_SLEEF_D(fn, accuracy) Sleef_##fn##d4_##accuracy##avx2
using SleefF = __m256;
using SleefD = __m256d;
#else
#define TORCH_SLEEF_F(fn, accuracy) Sleef_##fn##f4_##accuracy##sse4
#define TORCH_SLEEF_D(fn, accuracy) Sleef_##fn##d2_##accuracy##sse4
using SleefF = __m128;
using SleefD = __m128d;
#endif

#define TORCH_SLEEF_UNARY_F(name, fn, accuracy)                                                              \
  TORCH_INLINE Vec<float> name(Vec<float> a) {                                                               \
    return (Vec<float>::Raw)TORCH_SLEEF_F(fn, accuracy)((SleefF)a.v);                                        \
  }
#define TORCH_SLEEF_UNARY_D(name, fn, accuracy)                                                              \
  TORCH_INLINE Vec<double> name(Vec<double> a) {                                                             \
    return (Vec<double>::Raw)TORCH_SLEEF_D(fn, accuracy)((SleefD)a.v);                                       \
  }
#define TORCH_SLEEF_UNARY(name, fn, accuracy)                                                                \
  TORCH_SLEEF_UNARY_F(name, fn, accuracy) TORCH_SLEEF_UNARY_D(name, fn, accuracy)
#define TORCH_SLEEF_BINARY(name, fn, accuracy)                                                               \
  TORCH_INLINE Vec<float> name(Vec<float> a, Vec<float> b) {                                                 \
    return (Vec<float>::Raw)TORCH_SLEEF_F(fn, accuracy)((SleefF)a.v, (SleefF)b.v);                           \
  }                                                                                                          \
  TORCH_INLINE Vec<double> name(Vec<double> a, Vec<double> b) {                                              \
    return (Vec<double>::Raw)TORCH_SLEEF_D(fn, accuracy)((SleefD)a.v, (SleefD)b.v);                          \
  }

TORCH_SLEEF_UNARY(exp2_, exp2, u10)
TORCH_SLEEF_UNARY_D(expm1_, expm1, u10)
TORCH_SLEEF_UNARY_D(log_, log, u10)
TORCH_SLEEF_UNARY(log2_, log2, u10)
TORCH_SLEEF_UNARY(log10_, log10, u10)
TORCH_SLEEF_UNARY_D(log1p_, log1p, u10)
TORCH_SLEEF_UNARY(sin_, sin, u10)
TORCH_SLEEF_UNARY(cos_, cos, u10)
TORCH_SLEEF_UNARY(tan_, tan, u10)
TORCH_SLEEF_UNARY(asin_, asin, u10)
TORCH_SLEEF_UNARY(acos_, acos, u10)
TORCH_SLEEF_UNARY(atan_, atan, u10)
TORCH_SLEEF_UNARY(sleef_sinh, sinh, u10)
TORCH_SLEEF_UNARY(sleef_cosh, cosh, u10)
TORCH_SLEEF_UNARY_D(tanh_, tanh, u10)
TORCH_SLEEF_UNARY(sleef_asinh, asinh, u10)
TORCH_SLEEF_UNARY(sleef_acosh, acosh, u10)
TORCH_SLEEF_UNARY(atanh_, atanh, u10)
TORCH_SLEEF_UNARY_D(erf_, erf, u10)
TORCH_SLEEF_UNARY(erfc_, erfc, u15)
TORCH_SLEEF_UNARY(sleef_lgamma, lgamma, u10)
TORCH_INLINE Vec<double> pow_(Vec<double> a, Vec<double> b) {
  return (Vec<double>::Raw)TORCH_SLEEF_D(pow, u10)((SleefD)a.v, (SleefD)b.v);
}
TORCH_SLEEF_BINARY(atan2_, atan2, u10)
TORCH_SLEEF_BINARY(hypot_, hypot, u05)

TORCH_INLINE Vec<float> exp_(Vec<float> a) { return fast_exp(a); }
TORCH_INLINE Vec<double> exp_(Vec<double> a) { return fast_exp(a); }
TORCH_INLINE Vec<float> expm1_(Vec<float> a) { return fast_expm1(a); }
TORCH_INLINE Vec<float> log_(Vec<float> a) { return fast_log(a); }
TORCH_INLINE Vec<float> log1p_(Vec<float> a) { return fast_log1p(a); }
TORCH_INLINE Vec<float> tanh_(Vec<float> a) { return fast_tanh(a); }
TORCH_INLINE Vec<float> erf_(Vec<float> a) { return fast_erf(a); }
TORCH_INLINE Vec<float> pow_(Vec<float> a, Vec<float> b) { return fast_pow(a, b); }

#undef TORCH_SLEEF_UNARY_F
#undef TORCH_SLEEF_UNARY_D
#undef TORCH_SLEEF_UNARY
#undef TORCH_SLEEF_BINARY

template <class T> TORCH_INLINE Mask<T> isinf_(Vec<T> a) {
  return abs_(a) == Vec<T>(std::numeric_limits<T>::infinity());
}
template <class T> TORCH_INLINE Mask<T> isfinite_(Vec<T> a) {
  return abs_(a) < Vec<T>(std::numeric_limits<T>::infinity());
}
// By the exponential that does not overflow: far on the left the result is that, down to the last denormal.
template <class T> TORCH_INLINE Vec<T> sigmoid_(Vec<T> a) {
  const Vec<T> e = exp_minus_abs_(a), one(T(1));
  return select(signbit_(a), e, one) / (one + e);
}

// Towards the end of the range SLEEF's results are infinite too early; there these functions take a shorter
// way.

// e^|a| / 2, by halves of the exponent.
constexpr double kSinhLimit[] = {88, 709};
template <class T> TORCH_INLINE Vec<T> half_of_exp(Vec<T> a) {
  const Vec<T> root = exp_(abs_(a) * Vec<T>(T(0.5)));
  return root * Vec<T>(T(0.5)) * root;
}
template <class T> TORCH_INLINE Vec<T> sinh_(Vec<T> a) {
  const Mask<T> large = abs_(a) > Vec<T>(T(kSinhLimit[sizeof(T) == 8]));
  const Vec<T> result = sleef_sinh(a);
  return any(large) ? select(large, copysign_(half_of_exp(a), a), result) : result;
}
template <class T> TORCH_INLINE Vec<T> cosh_(Vec<T> a) {
  const Mask<T> large = abs_(a) > Vec<T>(T(kSinhLimit[sizeof(T) == 8]));
  const Vec<T> result = sleef_cosh(a);
  return any(large) ? select(large, half_of_exp(a), result) : result;
}
// Stirling's formula down to its first term.
template <class T> TORCH_INLINE Vec<T> lgamma_(Vec<T> a) {
  const Mask<T> large = a > Vec<T>(T(1e30));
  const Vec<T> result = sleef_lgamma(a);
  return any(large) ? select(large, a * (log_(a) - Vec<T>(T(1))), result) : result;
}
// SLEEF squares the argument of these. Far from 0 both functions are log |2 a|.
template <class T> TORCH_INLINE Vec<T> log_of_double(Vec<T> a) {
  return log_(a) + Vec<T>(T(0.69314718055994530942));
}
constexpr double kHyperbolicLimit = 1e9;
template <class T> TORCH_INLINE Vec<T> asinh_(Vec<T> a) {
  const Mask<T> large = abs_(a) > Vec<T>(T(kHyperbolicLimit));
  const Vec<T> result = sleef_asinh(a);
  return any(large) ? select(large, copysign_(log_of_double(abs_(a)), a), result) : result;
}
template <class T> TORCH_INLINE Vec<T> acosh_(Vec<T> a) {
  const Mask<T> large = a > Vec<T>(T(kHyperbolicLimit));
  const Vec<T> result = sleef_acosh(a);
  return any(large) ? select(large, log_of_double(a), result) : result;
}

// Exact remainder with the sign of a. With a fused multiply-add one step does it while the quotient fits into
// the mantissa: q = trunc(a / b) is the true one or, when the division rounded up to a whole number, one too
// far from zero.
template <class T> TORCH_INLINE Vec<T> fmod_(Vec<T> a, Vec<T> b) {
#if defined(__FMA__)
  const Vec<T> q = trunc_(a / b);
  constexpr T limit = sizeof(T) == 4 ? T(1 << 22) : T(1ll << 51);
  if (all((abs_(q) < Vec<T>(limit)) & isfinite_(b))) [[likely]] {
    Vec<T> r = fused(-q, b, a);
    const Mask<T> too_far = (r != Vec<T>(T(0))) & (signbit_(r) ^ signbit_(a));
    r = select(too_far, r + copysign_(b, a), r);
    return copysign_(r, a);
  }
#endif
  return by_lane(a, b, [](T x, T y) { return std::fmod(x, y); });
}
template <class T> TORCH_INLINE Vec<T> nextafter_(Vec<T> a, Vec<T> b) {
  return by_lane(a, b, [](T x, T y) { return std::nextafter(x, y); });
}

// a to the power b. One exponent for all lanes is the common case, and a few of them are much cheaper than
// pow.
template <class T> TORCH_INLINE Vec<T> power_of_floats(Vec<T> a, Vec<T> b) {
  const T first = b.v[0];
  if (all(b == Vec<T>(first))) {
    if (first == T(2)) return a * a;
    if (first == T(3)) return a * a * a;
    if (first == T(1)) return a;
    if (first == T(-1)) return Vec<T>(T(1)) / a;
    if (first == T(-2)) return Vec<T>(T(1)) / (a * a);
    if (first == T(0.5) || first == T(-0.5)) { // pow takes -0.0 for 0 and gives inf for -inf, unlike sqrt
      constexpr T inf = std::numeric_limits<T>::infinity();
      const Vec<T> root = select(a == Vec<T>(-inf), Vec<T>(inf), sqrt_(a + Vec<T>(T(0))));
      return first > 0 ? root : Vec<T>(T(1)) / root;
    }
  }
  return pow_(a, b);
}
// Wraps around; a negative exponent gives the whole part of the true value: 1, -1 or 0.
template <class T> inline T power_of_ints(T base, T exponent) {
  using U = std::make_unsigned_t<T>;
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent & 1 ? -1 : 1) : 0;
  U result = 1, square = U(base);
  for (U e = U(exponent); e; e >>= 1) {
    if (e & 1) result *= square;
    square *= square;
  }
  return T(result);
}
template <class T> TORCH_INLINE Vec<T> power(Vec<T> a, Vec<T> b) {
  if constexpr (Vec<T>::kFloating)
    return power_of_floats(a, b);
  else
    return by_lane(a, b, power_of_ints<T>);
}

// ---- integers ----

[[noreturn]] void fail_zero_division();

// Quotients never trap: the lowest number divided by -1 wraps around to itself.
template <class T> TORCH_INLINE T quotient_trunc(T a, T b) {
  if (b == 0) [[unlikely]]
    fail_zero_division();
  using U = std::make_unsigned_t<T>;
  return std::is_signed_v<T> && b == T(-1) ? T(U(0) - U(a)) : T(a / b);
}
// Made in double where that holds both numbers: there a quotient just below a whole number is rounded up to
// it only beyond 2^53.
template <class T> TORCH_INLINE Vec<T> divide_trunc(Vec<T> a, Vec<T> b) {
  if (!all(b != Vec<T>(T(0)))) [[unlikely]]
    fail_zero_division();
  using Doubles = typename Vec<double>::Raw;
  if constexpr (sizeof(T) == 4) {
    using Half = RawVec<T, Vec<double>::kLanes>;
    Half x[2], y[2];
    std::memcpy(x, &a.v, sizeof x);
    std::memcpy(y, &b.v, sizeof y);
    for (int k = 0; k < 2; ++k)
      x[k] = __builtin_convertvector(
          __builtin_convertvector(x[k], Doubles) / __builtin_convertvector(y[k], Doubles), Half);
    std::memcpy(&a.v, x, sizeof x);
    return a;
  } else {
#if TORCH_VEC_AVX512
    const Vec<T> limit(T(1) << 53);
    if (all((a < limit) & (a > -limit) & (b < limit) & (b > -limit))) [[likely]]
      return __builtin_convertvector(__builtin_convertvector(a.v, Doubles) /
                                         __builtin_convertvector(b.v, Doubles),
                                     typename Vec<T>::Raw);
#endif
    return by_lane(a, b, [](T x, T y) { return quotient_trunc(x, y); });
  }
}
template <class T> TORCH_INLINE Vec<T> remainder_trunc(Vec<T> a, Vec<T> b) {
  return a - divide_trunc(a, b) * b;
}
template <class T> TORCH_INLINE Vec<T> divide_floor(Vec<T> a, Vec<T> b) {
  const Vec<T> zero(T(0)), q = divide_trunc(a, b), r = a - q * b;
  return select((r != zero) & ((r < zero) ^ (b < zero)), q - Vec<T>(T(1)), q);
}
template <class T> TORCH_INLINE Vec<T> remainder_floor(Vec<T> a, Vec<T> b) {
  const Vec<T> zero(T(0)), r = remainder_trunc(a, b);
  return select((r != zero) & ((r < zero) ^ (b < zero)), r + b, r);
}
// A shift by the width or more, or by a negative count, leaves 0 or, to the right, the sign.
template <class T> TORCH_INLINE Vec<T> shift_left_by(Vec<T> a, Vec<T> b) {
  constexpr T width = 8 * sizeof(T);
  const Vec<T> shifted = (typename Vec<T>::Raw)((typename Vec<T>::Unsigned)a.v << (b.v & (width - 1)));
  return select((b < Vec<T>(T(0))) | (b >= Vec<T>(width)), Vec<T>(T(0)), shifted);
}
template <class T> TORCH_INLINE Vec<T> shift_right_by(Vec<T> a, Vec<T> b) {
  constexpr T width = 8 * sizeof(T);
  const Mask<T> outside = (b < Vec<T>(T(0))) | (b >= Vec<T>(width));
  const Vec<T> count = select(outside, Vec<T>(T(width - 1)), b), shifted = a.v >> count.v;
  return std::is_signed_v<T> ? shifted : select(outside, Vec<T>(T(0)), shifted);
}

template <class T> TORCH_INLINE void check_all(Mask<T> ok, const char* text) {
  if (!all(ok)) [[unlikely]]
    fail(ErrorKind::Runtime, text);
}

// ---- numbers (special.cpp) ----

double erfinv_(double y);
double digamma_(double x);
double trigamma_(double x);

} // namespace torch::TORCH_ISA

// Inlined functions, of floats mostly, where they beat SLEEF's calls. Coefficients are minimax fits of our
// own (Lawson's reweighting). Largest errors against mpmath over all orders of magnitude, in ulp: see the
// lines at each function; speed-ups are against SLEEF 3.5.1 with AVX-512, 1e6 elements.
#pragma once

#include "kernels/cpu/vec.h"

namespace torch::TORCH_ISA {

// c[0] + x (c[1] + x (c[2] + ...))
template <class V, class... Rest> TORCH_INLINE V polynomial(V x, double c, Rest... rest) {
  if constexpr (sizeof...(rest) == 0)
    return V(Element<V>(c));
  else
    return fused(polynomial(x, rest...), x, V(Element<V>(c)));
}

// x = n c + r with a whole n and |r| <= c / 2. The power of two that n stands for is kept in the form that is
// cheapest to multiply by: n itself with AVX-512; elsewhere a sum n + 3 * 2^22 + 254 (double: 3 * 2^51 +
// 2046), whose last bits are the whole number, with the bias of two exponents added.
template <class T> struct Power {
#if TORCH_VEC_AVX512
  Vec<T> n;
#else
  static constexpr int kBits = sizeof(T) == 4 ? 23 : 52; // of the mantissa
  static constexpr int kBias = sizeof(T) == 4 ? 127 : 1023;
  static constexpr T kShift = T(3ll << (kBits - 1)) + T(2 * kBias);
  Vec<T> shifted;
#endif
};
// x to the next whole number, which is also the power's.
template <class T> TORCH_INLINE Vec<T> round_to_power(Vec<T> x, Power<T>& power) {
#if TORCH_VEC_AVX512
  return power.n = round_(x);
#else
  const Vec<T> shift(Power<T>::kShift);
  power.shifted = x + shift;
  return power.shifted - shift;
#endif
}

// a * 2^n for |n| <= 252 (double: 2044), right also where the result is infinite or denormal; NaN stays
// whatever n is.
template <class T> TORCH_INLINE Vec<T> scale(Vec<T> a, Power<T> power) {
#if TORCH_VEC_AVX512
  if constexpr (sizeof(T) == 4)
    return (typename Vec<T>::Raw)_mm512_maskz_scalef_ps(0xffff, (__m512)a.v, (__m512)power.n.v);
  else
    return (typename Vec<T>::Raw)_mm512_maskz_scalef_pd(0xff, (__m512d)a.v, (__m512d)power.n.v);
#else
  // In two factors, each of which is a normal number.
  const auto both = bits(power.shifted), half = shift_right_logical<1>(both), rest = both - half;
  return a * from_bits<T>(shift_left<Power<T>::kBits>(half)) *
         from_bits<T>(shift_left<Power<T>::kBits>(rest));
#endif
}
// The same where 2^n is a normal number.
TORCH_INLINE Vec<float> scale_normal(Vec<float> a, Power<float> power) {
#if TORCH_VEC_AVX512
  return scale(a, power);
#else
  return a * from_bits<float>(shift_left<23>(bits(power.shifted) - Vec<int32_t>(127)));
#endif
}

// 2^n / 2, where that is a normal number.
TORCH_INLINE Vec<float> half_power(Power<float> power) {
#if TORCH_VEC_AVX512
  return scale(Vec<float>(0.5f), power);
#else
  return from_bits<float>(shift_left<23>(bits(power.shifted) - Vec<int32_t>(128)));
#endif
}

// x = n ln 2 + r with |r| <= ln 2 / 2
TORCH_INLINE Vec<float> reduce_by_ln2(Vec<float> x, Power<float>& power) {
  using V = Vec<float>;
  const V n = round_to_power(x * V(1.44269504f), power);
  const V r = fused(n, V(-0.693359375f), x); // exact: few bits
  return fused(n, V(2.12194440e-4f), r);
}
// (e^r - 1 - r) / r^2
TORCH_INLINE Vec<float> exp_tail(Vec<float> r) {
  return polynomial(r, 0.4999999403953552, 0.1666652113199234, 0.04166838899254799, 0.008368716575205326,
                    0.001381459878757596);
}

// Beyond these lies infinity or zero. NaN stays NaN.
template <class T>
constexpr T kExpLimits[2] = {T(sizeof(T) == 4 ? -105 : -746), T(sizeof(T) == 4 ? 90 : 710)};

TORCH_INLINE Vec<float> exp_within_limits(Vec<float> x) {
  using V = Vec<float>;
  Power<float> power;
  const V r = reduce_by_ln2(x, power);
  return scale(fused(exp_tail(r), r * r, r) + V(1.f), power);
}

// 1 + r + r^2 P(r) is added up from the small end with what each step loses: 0.64 ulp. Taylor's
// coefficients.
TORCH_INLINE Vec<double> exp_within_limits(Vec<double> x) {
  using V = Vec<double>;
  Power<double> power;
  const V n = round_to_power(x * V(1.4426950408889634), power);
  const V high = fused(n, V(-0x1.62e42fefa38p-1), x); // exact: few bits
  const V low = n * V(-0x1.ef35793c7673p-45);
  const V r = high + low, r_rest = (high - r) + low;
  const V square = r * r;
  const V tail =
      square * polynomial(r, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320,
                          1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800);
  const V sum = r + tail, sum_rest = (r - sum) + tail;
  const V whole = V(1.0) + sum, whole_rest = (V(1.0) - whole) + sum;
  return scale(whole + (whole_rest + (sum_rest + r_rest)), power);
}

template <class T> TORCH_INLINE Vec<T> fast_exp(Vec<T> x) {
  return exp_within_limits(
      min_or_second(Vec<T>(kExpLimits<T>[1]), max_or_second(Vec<T>(kExpLimits<T>[0]), x)));
}
// e^-|x|
template <class T> TORCH_INLINE Vec<T> exp_minus_abs_(Vec<T> x) {
  const Vec<T> below = from_bits<T>(bits(x) | Vec<BitsOf<T>>(std::numeric_limits<BitsOf<T>>::min()));
  return exp_within_limits(max_or_second(Vec<T>(kExpLimits<T>[0]), below));
}

TORCH_INLINE Vec<float> fast_expm1(Vec<float> x) {
  using V = Vec<float>;
  const V y = min_or_second(V(89.f), max_or_second(V(-30.f), x));
  Power<float> power;
  const V r = reduce_by_ln2(y, power);
  const V p = fused(exp_tail(r), r * r, r);         // e^r - 1
  const V half = half_power(power);                 // 2^n / 2, finite where 2^n is not
  const V doubled = fused(half, p, half - V(0.5f)); // half of the result
  return select(abs_(x) < V(1e-20f), x, doubled + doubled);
}

// |x| < 0.6: x + x^3 P(x^2); else 1 - 2 / (e^2|x| + 1).
TORCH_INLINE Vec<float> fast_tanh(Vec<float> x) {
  using V = Vec<float>;
  const V a = min_or_second(V(9.02f), abs_(x)); // 1 from there on
  const V t = x * x;
  const V p = polynomial(t, -0.33333298563957214, 0.13331924378871918, -0.053783830255270004,
                         0.020795971155166626, -0.005895158275961876);
  Power<float> power;
  const V r = reduce_by_ln2(a + a, power);
  const V e = scale_normal(fused(exp_tail(r), r * r, r) + V(1.f), power);
  const V large = V(1.f) - V(2.f) / (e + V(1.f));
  return copysign_(select(a < V(0.6f), fused(a * t, p, a), large), x);
}

// |x| < 0.92: x + x P(x^2); else 1 - e^Q(|x|), Q being log(erfc) about 2.4.
TORCH_INLINE Vec<float> fast_erf(Vec<float> x) {
  using V = Vec<float>;
  const V a = min_or_second(V(3.92f), abs_(x)); // 1 from there on
  const V t = x * x;
  const V p =
      polynomial(t, 0.12837916612625122, -0.37612634897232056, 0.11283697187900543, -0.026859499514102936,
                 0.005201286170631647, -0.0008145597530528903, 8.382390660699457e-05);
  const V q = polynomial(a - V(2.4f), -7.280977249145508, -5.164251327514648, -0.9405108690261841,
                         -0.011669755913317204, 0.002637288998812437, -0.00022172117314767092,
                         0.00019593723118305206);
  Power<float> power;
  const V r = reduce_by_ln2(q, power);
  const V e = scale_normal(fused(exp_tail(r), r * r, r) + V(1.f), power);
  return select(a < V(0.92f), fused(x, p, x), copysign_(V(1.f) - e, x));
}

// u = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); u normal and positive, otherwise nonsense. Gives k.
TORCH_INLINE Vec<int32_t> split_power(Vec<float> u, Vec<float>& k, Vec<float>& f) {
  using V = Vec<float>;
  using I = Vec<int32_t>;
  const I shifted = bits(u) - I(0x3f3504f3); // bits of sqrt(1/2)
  const I exponent = shift_right<23>(shifted);
  k = __builtin_convertvector(exponent.v, V::Raw);
  f = from_bits<float>(bits(u) - shift_left<23>(exponent)) - V(1.f);
  return exponent;
}
// log(1 + f) + k ln 2
TORCH_INLINE Vec<float> join_log(Vec<float> f, Vec<float> k) {
  using V = Vec<float>;
  const V p = polynomial(f, 0.3333333134651184, -0.250008225440979, 0.20001234114170074, -0.16623298823833466,
                         0.14201553165912628, -0.1316058188676834, 0.12763327360153198, -0.07635655999183655);
  const V square = f * f;
  V tail = fused(square * f, p, V(-0.5f) * square);
  tail = fused(k, V(-2.12194440e-4f), tail);
  return fused(k, V(0.693359375f), f + tail);
}

TORCH_INLINE Vec<float> fast_log(Vec<float> x) {
  using V = Vec<float>;
  constexpr float inf = std::numeric_limits<float>::infinity();
  V k, f;
  split_power(x, k, f);
  V y = join_log(f, k);
  const auto usual = (x >= V(0x1p-126f)) & (x < V(inf));
  if (all(usual)) [[likely]]
    return y;
  if (const auto tiny = x < V(0x1p-126f); any(tiny & (x > V(0.f)))) {
    split_power(x * V(0x1p24f), k, f);
    y = select(tiny, join_log(f, k - V(24.f)), y);
  }
  // 0 -> -inf, negative -> NaN, inf and NaN -> themselves
  const V special =
      select(x == V(0.f), V(-inf), select(x < V(0.f), V(std::numeric_limits<float>::quiet_NaN()), x));
  return select((x > V(0.f)) & (x < V(inf)), y, special);
}

// What 1 + x loses in rounding is brought back into f.
TORCH_INLINE Vec<float> fast_log1p(Vec<float> x) {
  using V = Vec<float>;
  using I = Vec<int32_t>;
  constexpr float inf = std::numeric_limits<float>::infinity();
  const V u = x + V(1.f);
  const V lost = select(x > V(1.f), V(1.f) - (u - x), x - (u - V(1.f)));
  V k, f;
  const I exponent = split_power(u, k, f);
  // 2^(1 - k); where that is no normal number, what is lost counts for nothing.
  const V doubled = from_bits<float>(I(0x40000000) - shift_left<23>(exponent));
  const V y = select(x == V(0.f), x, join_log(fused(lost, doubled * V(0.5f), f), k));
  const auto usual = (x > V(-1.f)) & (x < V(inf));
  if (all(usual)) [[likely]]
    return y;
  const V special =
      select(x == V(-1.f), V(-inf), select(x < V(-1.f), V(std::numeric_limits<float>::quiet_NaN()), x));
  return select(usual, y, special);
}

// log2 |a| to 2^-35, in double
TORCH_INLINE Vec<double> log2_of(Vec<double> a) {
  using V = Vec<double>;
  using I = Vec<int64_t>;
  const I shifted = bits(a) - I(0x3fe6a09e667f3bcd); // bits of sqrt(1/2)
  const I exponent = shift_right<52>(shifted);
  const V f = from_bits<double>(bits(a) - shift_left<52>(exponent)) - V(1.0);
  // Small whole number to double: through the low bits of 1.5 * 2^52.
  const V k = from_bits<double>(exponent + bits(V(0x1.8p52))) - V(0x1.8p52);
  const V p = polynomial(f, 1.442695040868704, -0.7213475208687535, 0.4808983613962005, -0.3606736748291746,
                         0.2885372934070651, -0.2404531654611502, 0.20617536142193202, -0.1803006062944025,
                         0.15876977869610373, -0.1431563849156213, 0.14474851086448978, -0.14283972231526845,
                         0.0773707058316404);
  return fused(f, p, k);
}
TORCH_INLINE Vec<double> exp2_of(Vec<double> x) { // |x| <= 300
  using V = Vec<double>;
  Power<double> power;
  const V r = x - round_to_power(x, power);
  const V p =
      polynomial(r, 0.6931471807047631, 0.24022651067002906, 0.05550410365391931, 0.009618038059643647,
                 0.0013333935356464426, 0.00015466781518346483, 1.5196134012359676e-05);
  return scale(fused(r, p, V(1.0)), power);
}
// 2^(y log2 |x|) in double, then the rules of C's pow for signs, zeros, infinities and NaN.
TORCH_INLINE Vec<float> fast_pow(Vec<float> x, Vec<float> y) {
  using V = Vec<float>;
  using D = Vec<double>;
  constexpr float inf = std::numeric_limits<float>::infinity();
  const V a = abs_(x);
  D xs[2], ys[2];
  widen(a, xs[0], xs[1]);
  widen(y, ys[0], ys[1]);
  for (int i = 0; i < 2; ++i) {
    constexpr double big = std::numeric_limits<double>::infinity();
    D power = log2_of(xs[i]);
    power = select(xs[i] == D(0.0), D(-big), select(xs[i] == D(big), D(big), power));
    const D product = min_or_second(D(300.0), max_or_second(D(-300.0), power * ys[i]));
    xs[i] = select(power == D(0.0), D(1.0), exp2_of(product)); // 1^inf is 1
  }
  V r = narrow(xs[0], xs[1]);
  const V half = y * V(0.5f);
  const auto whole = trunc_(y) == y, odd = whole & (trunc_(half) != half);
  r = select(signbit_(x) & odd, -r, r);
  const auto invalid = (x < V(0.f)) & !whole & (a < V(inf));
  r = select(invalid | (x != x) | (y != y), V(std::numeric_limits<float>::quiet_NaN()), r);
  return select((y == V(0.f)) | (x == V(1.f)), V(1.f), r);
}

} // namespace torch::TORCH_ISA

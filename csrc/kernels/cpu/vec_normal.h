// The standard normal distribution on registers, for gelu and its gradient.
#pragma once

#include "kernels/cpu/vec_math.h"

#include <numbers>

namespace torch::TORCH_ISA {

// Even and odd coefficients apart: half the length of the chain of dependent steps, for one multiplication.

// |x|, and 14.9 where it is larger: e^(-x^2/2) is zero from there on.
TORCH_INLINE Vec<float> bounded_abs(Vec<float> x) { return min_or_second(Vec<float>(14.9f), abs_(x)); }

// 2^y by a polynomial on [-1/2, 1/2].
TORCH_INLINE Vec<float> power_of_two(Vec<float> y) {
  using V = Vec<float>;
  Power<float> power;
  const V r = y - round_to_power(y, power), t = r * r;
  const V even = polynomial(t, 1.0, 0.24022646248340607, 0.009618489071726799, 0.00015345810970757157);
  const V odd = polynomial(t, 0.6931471824645996, 0.05550328642129898, 0.0013399930903688073);
  return scale(fused(odd, r, even), power);
}
// e^(-a^2/2) of a bounded a; the argument's rounding costs |y| / 2 ulp.
TORCH_INLINE Vec<float> bell_(Vec<float> a) { return power_of_two(a * a * Vec<float>(-0.7213475204444817f)); }
// Phi(-a) e^(a^2/2) for a >= 0, fitted for an even error of the product with e^(-0.45 a^2) up to 5.6;
// constant from there on, where Phi is below 1.1e-8.
TORCH_INLINE Vec<float> mills_(Vec<float> a) {
  const Vec<float> x = min_or_second(Vec<float>(5.6f), a) - Vec<float>(1.5f), t = x * x;
  const Vec<float> even = polynomial(t, 0.20578061044216156, 0.03518810123205185, 0.0041071344166994095,
                                     0.00037159581552259624, 2.5120847567450255e-05, 2.3374966531264363e-06);
  const Vec<float> odd = polynomial(t, -0.09027157723903656, -0.012493781745433807, -0.0012735475320369005,
                                    -9.614805458113551e-05, -8.647804861539043e-06, -2.582300169251539e-07);
  return fused(odd, x, even);
}

// x Phi(x) = max(x, 0) - |x| Phi(-|x|): Phi within 1.2e-7, and a relative 1e-5 of it down to x = -3, 2e-4 to
// -4. The logarithm of Phi(-a) to base 2 is a polynomial (fitted for these errors, and with wider and wider
// ones down to where 2^y is zero).
TORCH_INLINE Vec<float> times_normal_cdf_(Vec<float> x) {
  const Vec<float> a = bounded_abs(x), t = a * a;
  const Vec<float> even = polynomial(t, -1.0, -0.45917755794078724, 0.007250253104925504,
                                     -0.00011978026654580403, -2.1124880199151238e-06);
  const Vec<float> odd = polynomial(t, -1.1511078519279634, -0.052609282171200145, -0.0002924402635265884,
                                    2.6165557574624012e-05, 5.996255261534648e-08);
  return fused(-a, power_of_two(fused(odd, a, even)), max_or_second(Vec<float>(0.f), x));
}
TORCH_INLINE Vec<double> normal_cdf_(Vec<double> x) {
  using V = Vec<double>;
  return V(0.5) * (V(1.0) + erf_(x * V(std::numbers::sqrt2 / 2)));
}

TORCH_INLINE Vec<double> times_normal_cdf_(Vec<double> x) { return x * normal_cdf_(x); }

// The derivative of x Phi(x): Phi(x) + x e^(-x^2/2) / sqrt(2 pi).
TORCH_INLINE Vec<float> normal_cdf_slope_(Vec<float> x) {
  using V = Vec<float>;
  const V a = bounded_abs(x);
  const V tail = bell_(a) * fused(a, V(-0.3989422804014327f), mills_(a));
  return select(x < V(0.f), tail, V(1.f) - tail);
}
TORCH_INLINE Vec<double> normal_cdf_slope_(Vec<double> x) {
  using V = Vec<double>;
  const V pdf = V(0.5 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi) * exp_(V(-0.5) * x * x);
  return normal_cdf_(x) + x * pdf;
}

} // namespace torch::TORCH_ISA

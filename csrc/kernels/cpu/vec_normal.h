// The standard normal distribution on registers, for gelu and its gradient.
#pragma once

#include "kernels/cpu/vec_math.h"

#include <numbers>

namespace torch::TORCH_ISA {

// e^(-x^2/2) = 2^y by a polynomial on [-1/2, 1/2]; the argument's rounding costs |y| / 2 ulp.
TORCH_INLINE Vec<float> bell_(Vec<float> x) {
  using V = Vec<float>;
  const V y = max_or_second(V(-160.f), x * x * V(-0.7213475204444817f)); // zero from there on
  const V n = round_(y);
  const V p =
      polynomial(y - n, 1.0, 0.6931471824645996, 0.24022646248340607, 0.05550328642129898,
                 0.009618489071726799, 0.0013399930903688073, 0.00015345810970757157);
  return scale_by_power(p, n);
}
// Phi(-a) e^(a^2/2) for a >= 0, fitted for an even error of the product with e^(-0.4 a^2) up to 5.6; constant
// from there on, where Phi is below 1.1e-8.
TORCH_INLINE Vec<float> mills_(Vec<float> a) {
  const Vec<float> centred = min_or_second(Vec<float>(5.6f), a) - Vec<float>(1.5f);
  return polynomial(centred, 0.20578064024448395, -0.09027130156755447, 0.035187508910894394,
                    -0.012496460229158401, 0.004108063410967588, -0.0012678229250013828,
                    0.0003714326794490558, -0.00010066727554658428, 2.5129496862064116e-05,
                    -7.106885277607944e-06, 2.2128381260699825e-06, -4.5773631995871256e-07,
                    3.896857947438548e-08);
}

// Phi(x): within 1e-7, and a relative 4e-6 of it down to x = -3, 3e-5 to -4.
TORCH_INLINE Vec<float> normal_cdf_(Vec<float> x) {
  const Vec<float> tail = bell_(x) * mills_(abs_(x));
  return select(x < Vec<float>(0.f), tail, Vec<float>(1.f) - tail);
}
TORCH_INLINE Vec<double> normal_cdf_(Vec<double> x) {
  using V = Vec<double>;
  return V(0.5) * (V(1.0) + erf_(x * V(std::numbers::sqrt2 / 2)));
}

// The derivative of x Phi(x): Phi(x) + x e^(-x^2/2) / sqrt(2 pi).
TORCH_INLINE Vec<float> normal_cdf_slope_(Vec<float> x) {
  using V = Vec<float>;
  const V a = abs_(x);
  const V tail = bell_(x) * fused(a, V(-0.3989422804014327f), mills_(a));
  return select(x < V(0.f), tail, V(1.f) - tail);
}
TORCH_INLINE Vec<double> normal_cdf_slope_(Vec<double> x) {
  using V = Vec<double>;
  const V pdf = V(0.5 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi) * exp_(V(-0.5) * x * x);
  return normal_cdf_(x) + x * pdf;
}

} // namespace torch::TORCH_ISA

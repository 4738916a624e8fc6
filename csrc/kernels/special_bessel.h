// Bessel functions, of as many numbers as Wide holds, K and Airy functions of one number, in double
// precision. Included after cpu/special.h or cuda/device/special.h, which say what Wide is.
#pragma once

#include "kernels/special_value.h"

namespace torch::TORCH_ISA {

namespace {

using D = Wide;
constexpr double kTwoByPi = 2 * kInversePi;

// exp(-|x|) times a modified Bessel function, by a table up to 8 and one of what remains beside 1 / sqrt(x).
template <int kSmall, int kLarge>
TORCH_APART D scaled(const double (&small)[4][kSmall], const double (&large)[4][kLarge], D size) {
  const auto far = size > D(8.0);
  const D near = table_values(small, 0, 8, size);
  if (!any(far)) return near;
  return select(far, table_values(large, 0, 1, D(8.0) / size) / sqrt_(size), near);
}
// exp(x) y without overflow on the way
TORCH_APART D grown(D x, D y) {
  const D half = exp_(x * D(0.5));
  return select(x < D(700.0), exp_(x) * y, half * y * half);
}
TORCH_APART D log_of_half(D x) {
  return log_(x) - D(std::numbers::ln2);
} // half of a denormal number may not exist

// J and Y beyond 8 are waves: P and Q of bessel_phase in the script, cos(x) + sin(x), and sin(x) - cos(x),
// all divided by sqrt(pi x).
struct Wave {
  D p, q, sum, difference;
};
template <class Near, class Far, int kP, int kQ>
TORCH_APART D joined(D x, Near near, Far far, const double (&p)[4][kP], const double (&q)[4][kQ]) {
  const auto is_far = x > D(8.0);
  D value = near();
  if (any(is_far)) {
    const D t = D(8.0) / x, scale = D(1.0) / sqrt_(x * D(std::numbers::pi)), sine = sin_(x), cosine = cos_(x);
    const D there = far(Wave{table_values(p, 0, 1, t), table_values(q, 0, 1, t), (cosine + sine) * scale,
                             (sine - cosine) * scale});
    value = select(is_far, select(x == D(kInf), D(0.0), there), value);
  }
  return value;
}

TORCH_APART double i0_of_small(double x) { return std::exp(x) * table_value(kI0Small, 0, 8, x); }
TORCH_APART double i1_of_small(double x) { return std::exp(x) * table_value(kI1Small, 0, 8, x) * x; }
TORCH_APART double log_of_half_number(double x) { // half of a denormal number may not exist
  return x > 1e-300 ? std::log(x / 2) : std::log(x) - std::numbers::ln2;
}
TORCH_APART double k0_small(double x) {
  return table_value(kK0Small, 0, 1, x * x) - log_of_half_number(x) * i0_of_small(x);
}
TORCH_APART double k1_small(double x) {
  return 1 / x + (x * table_value(kK1Small, 0, 1, x * x) + log_of_half_number(x) * i1_of_small(x));
}

} // namespace

TORCH_APART D i0e_(D x) { return scaled(kI0Small, kI0Large, abs_(x)); }
TORCH_APART D i0_(D x) { return grown(abs_(x), i0e_(x)); }
TORCH_APART D i1e_(D x) {
  const D size = abs_(x);
  return copysign_(select(size <= D(8.0), size, D(1.0)) * scaled(kI1Small, kI1Large, size), x);
}
TORCH_APART D i1_(D x) { return copysign_(grown(abs_(x), abs_(i1e_(x))), x); }

TORCH_APART double k0_(double x) {
  if (x == 0) return kInf;
  if (!(x > 0)) return kNan;
  return x <= 1 ? k0_small(x) : table_value(kK0Large, 0, 1, 1 / x) / std::sqrt(x) * std::exp(-x);
}
TORCH_APART double k0e_(double x) {
  if (x == 0) return kInf;
  if (!(x > 0)) return kNan;
  return x <= 1 ? k0_small(x) * std::exp(x) : table_value(kK0Large, 0, 1, 1 / x) / std::sqrt(x);
}
TORCH_APART double k1_(double x) {
  if (x == 0) return kInf;
  if (!(x > 0)) return kNan;
  return x <= 1 ? k1_small(x) : table_value(kK1Large, 0, 1, 1 / x) / std::sqrt(x) * std::exp(-x);
}
TORCH_APART double k1e_(double x) {
  if (x == 0) return kInf;
  if (!(x > 0)) return kNan;
  return x <= 1 ? k1_small(x) * std::exp(x) : table_value(kK1Large, 0, 1, 1 / x) / std::sqrt(x);
}

TORCH_APART D bessel_j0_(D x) {
  const D size = abs_(x);
  return joined(
      size, [&] { return table_values(kJ0Small, 0, 8, size); },
      [](const Wave& w) { return w.p * w.sum - w.q * w.difference; }, kBesselP0, kBesselQ0);
}
TORCH_APART D bessel_j1_(D x) {
  const D size = abs_(x);
  const D value = joined(
      size, [&] { return size * table_values(kJ1Small, 0, 8, size); },
      [](const Wave& w) { return w.p * w.difference + w.q * w.sum; }, kBesselP1, kBesselQ1);
  return select(x < D(0.0), -value, value);
}
TORCH_APART D bessel_y0_(D x) {
  const D value = joined(
      x,
      [&] {
        return table_values(kY0Small, 0, 8, x) +
               D(kTwoByPi) * log_of_half(x) * table_values(kJ0Small, 0, 8, x);
      },
      [](const Wave& w) { return w.p * w.difference + w.q * w.sum; }, kBesselP0, kBesselQ0);
  return select(x > D(0.0), value, select(x == D(0.0), D(-kInf), D(kNan)));
}
TORCH_APART D bessel_y1_(D x) {
  const D value = joined(
      x,
      [&] {
        const D logarithm = log_of_half(x) * (x * table_values(kJ1Small, 0, 8, x)) - D(1.0) / x;
        return x * table_values(kY1Small, 0, 8, x) + D(kTwoByPi) * logarithm;
      },
      [](const Wave& w) { return w.q * w.difference - w.p * w.sum; }, kBesselP1, kBesselQ1);
  return select(x > D(0.0), value, select(x == D(0.0), D(-kInf), D(kNan)));
}
TORCH_APART double spherical_j0_(double x) {
  if (x == 0) return 1;
  return std::isinf(x) ? 0 : std::sin(x) / x;
}

TORCH_APART double airy_ai_(double x) {
  if (std::isnan(x)) return x;
  if (std::isinf(x)) return 0;
  const double size = std::fabs(x);
  if (x >= 0 && x <= 2) return table_value(kAirySmall, 0, 2, x);
  if (x < 0 && size <= 4) return table_value(kAiryNegative, 0, 4, size);
  // zeta = 2/3 |x|^(3/2) with a second word, as its error counts in full
  const double root = std::sqrt(size), root_rest = std::fma(-root, root, size) / (2 * root);
  const double cube = size * root, cube_rest = std::fma(size, root, -cube) + size * root_rest;
  constexpr double two_thirds = 2.0 / 3, two_thirds_rest = 3.7007434154171884e-17;
  const double zeta = cube * two_thirds;
  const double zeta_rest =
      std::fma(cube, two_thirds, -zeta) + cube_rest * two_thirds + cube * two_thirds_rest;
  const double fourth_root = std::sqrt(root), t = 1 / cube;
  if (x > 0) {
    if (zeta > 760) return 0;
    return table_value(kAiryLarge, 0, 0.375, t) / fourth_root * (1 - zeta_rest) * std::exp(-zeta);
  }
  const double s0 = std::sin(zeta), c0 = std::cos(zeta);
  const double s = s0 + zeta_rest * c0, c = c0 - zeta_rest * s0;
  const double cosine = (c + s) * (std::numbers::sqrt2 / 2), sine = (s - c) * (std::numbers::sqrt2 / 2);
  const double even = table_value(kAiryEven, 0, 0.125, t), odd = table_value(kAiryOdd, 0, 0.125, t);
  return (even * cosine + odd * sine) * std::sqrt(kInversePi) / fourth_root;
}

} // namespace torch::TORCH_ISA

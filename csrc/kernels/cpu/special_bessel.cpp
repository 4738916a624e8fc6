// Bessel and Airy functions of one number in double precision. J and Y are the C library's.
#include "kernels/cpu/special.h"
#include "kernels/cpu/special_tables.h"

#include <numbers>

namespace torch::TORCH_ISA {

namespace {

double i0_scaled(double x) { // of |x|
  if (x <= 8) return table_value(kI0Small, 0, 8, x);
  return table_value(kI0Large, 0, 1, 8 / x) / std::sqrt(x);
}
double i1_scaled(double x) {
  if (x <= 8) return table_value(kI1Small, 0, 8, x) * x;
  return table_value(kI1Large, 0, 1, 8 / x) / std::sqrt(x);
}
// exp(x) y without overflow on the way
double grown(double x, double y) {
  if (x < 700) return std::exp(x) * y;
  const double half = std::exp(x / 2);
  return half * y * half;
}

double log_of_half(double x) { // half of a denormal number may not exist
  return x > 1e-300 ? std::log(x / 2) : std::log(x) - std::numbers::ln2;
}
double k0_small(double x) { return table_value(kK0Small, 0, 1, x * x) - log_of_half(x) * i0_(x); }
double k1_small(double x) {
  return 1 / x + (x * table_value(kK1Small, 0, 1, x * x) + log_of_half(x) * i1_(x));
}

} // namespace

double i0_(double x) { return grown(std::fabs(x), i0_scaled(std::fabs(x))); }
double i0e_(double x) { return i0_scaled(std::fabs(x)); }
double i1_(double x) { return std::copysign(grown(std::fabs(x), i1_scaled(std::fabs(x))), x); }
double i1e_(double x) { return std::copysign(i1_scaled(std::fabs(x)), x); }

double k0_(double x) {
  if (x == 0) return kInf;
  if (!(x > 0)) return kNan;
  return x <= 1 ? k0_small(x) : table_value(kK0Large, 0, 1, 1 / x) / std::sqrt(x) * std::exp(-x);
}
double k0e_(double x) {
  if (x == 0) return kInf;
  if (!(x > 0)) return kNan;
  return x <= 1 ? k0_small(x) * std::exp(x) : table_value(kK0Large, 0, 1, 1 / x) / std::sqrt(x);
}
double k1_(double x) {
  if (x == 0) return kInf;
  if (!(x > 0)) return kNan;
  return x <= 1 ? k1_small(x) : table_value(kK1Large, 0, 1, 1 / x) / std::sqrt(x) * std::exp(-x);
}
double k1e_(double x) {
  if (x == 0) return kInf;
  if (!(x > 0)) return kNan;
  return x <= 1 ? k1_small(x) * std::exp(x) : table_value(kK1Large, 0, 1, 1 / x) / std::sqrt(x);
}

double bessel_j0_(double x) { return std::isinf(x) ? 0 : ::j0(x); }
double bessel_j1_(double x) { return std::isinf(x) ? 0 : ::j1(x); }
double bessel_y0_(double x) { return x > 0 ? x == kInf ? 0 : ::y0(x) : x == 0 ? -kInf : kNan; }
double bessel_y1_(double x) { return x > 0 ? x == kInf ? 0 : ::y1(x) : x == 0 ? -kInf : kNan; }
double spherical_j0_(double x) {
  if (x == 0) return 1;
  return std::isinf(x) ? 0 : std::sin(x) / x;
}

double airy_ai_(double x) {
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
  return (even * cosine + odd * sine) * std::sqrt(std::numbers::inv_pi) / fourth_root;
}

} // namespace torch::TORCH_ISA

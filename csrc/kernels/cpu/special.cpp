// Special functions of one number in double precision, for ops without a vector form.
#include "kernels/cpu/special.h"

#include <numbers>

namespace torch::TORCH_ISA {

void fail_zero_division() { fail(ErrorKind::Runtime, "ZeroDivisionError: integer division by zero"); }

double erfinv_(double y) {
  const double magnitude = std::fabs(y);
  if (!(magnitude < 1)) return magnitude == 1 ? std::copysign(INFINITY, y) : NAN;
  if (magnitude <= 0.85) return y * table_value(kErfinvMiddle, 0, 0.75, y * y);
  return std::copysign(erfcinv_tail((1 - magnitude) / 2), y);
}

// Recurrence up to 10, then the asymptotic series (Abramowitz and Stegun 6.3.18); reflection for negative x.
double digamma_(double x) {
  if (x == 0) return std::copysign(INFINITY, -x);
  if (x < 0) {
    if (x == std::floor(x)) return NAN;
    // pi / tan(pi x) by the distance from the pole, so that no digits are lost
    const double fraction = x - std::round(x);
    return digamma_(1 - x) - std::numbers::pi / std::tan(std::numbers::pi * fraction);
  }
  // near its root the function is a product with the distance from it
  const auto near_root = [](double y) {
    return ((y - kDigammaRoot) - kDigammaRootRest) * table_value(kDigamma, 1, 2, y);
  };
  if (x < 1) return near_root(x + 1) - 1 / x;
  if (x < 10) {
    double sum = 0;
    for (; x > 2; --x) sum += 1 / (x - 1);
    return near_root(x) + sum;
  }
  const double z = 1 / (x * x);
  const double series =
      z *
      (1.0 / 12 -
       z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z / 12))))));
  return x == INFINITY ? x : std::log(x) - 0.5 / x - series;
}

// trigamma_ (special_gamma.h) with always six steps of the recurrence, three with one division.
Vec<double> trigamma_of_floats(Vec<double> x) {
  using D = Vec<double>;
  const D one(1.0);
  const Mask<double> low = x < D(0.5);
  const D y = select(low, one - x, x);
  const auto three = [&](D a) {
    const D b = a + one, c = b + one, aa = a * a, bb = b * b, cc = c * c;
    return (bb * cc + aa * (bb + cc)) / (aa * bb * cc);
  };
  const D w = one / (y + D(6.0)), z = w * w;
  const D series = z * w * polynomial(z, 1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66);
  D value = ((series + D(0.5) * z) + w) + (three(y + D(3.0)) + three(y));
  value = select(y == D(kInf), D(0.0), value);
  if (!any(low)) return value;
  const D sine = sin_(D(std::numbers::pi) * (x - round_(x)));
  return select(low, D(std::numbers::pi * std::numbers::pi) / (sine * sine) - value, value);
}

} // namespace torch::TORCH_ISA

// Special functions and activations written with other ops, and their derivatives.
#include "ops/entry.h"

#include <cmath>
#include <numbers>

namespace torch::ops {

Tensor polygamma(int64_t n, const Tensor& self) { return _polygamma(self, n); }

// log pi p (p - 1) / 4 + the sum of lgamma(x - i / 2) over i < p
Tensor mvlgamma(const Tensor& self, int64_t p) {
  check(p >= 1, "p has to be greater than or equal to 1");
  check(self.dtype() != DType::Bool, "mvlgamma: The input tensor may not be a boolean tensor.");
  check_not_complex("mvlgamma", self);
  const Tensor x = contiguous(_to_copy(self, float_dtype(self.dtype())));
  Tensor out = lgamma(x);
  for (int64_t i = 1; i < p; ++i) out = out + lgamma(x - Scalar(double(i) / 2));
  return p == 1 ? out : out + Scalar(double(p) * double(p - 1) / 4 * std::log(std::numbers::pi));
}
const Tensor& mvlgamma_(const Tensor& self, int64_t p) {
  const Tensor result = mvlgamma(self, p);
  check(can_cast(result.dtype(), self.dtype()), "mvlgamma: result type ", dtype_aten_name(result.dtype()),
        " can't be cast to the desired output type ", dtype_aten_name(self.dtype()));
  return copy_(self, result);
}

// Whole exponents leave the dtype of floating numbers alone.
Tensor ldexp(const Tensor& self, const Tensor& other) {
  const Tensor result = self * pow(wrapped_number(2.0), other);
  const bool keeps = is_differentiable(self.dtype()) && is_integral(other.dtype(), true);
  return keeps && result.dtype() != self.dtype() ? _to_copy(result, self.dtype()) : result;
}
const Tensor& ldexp_(const Tensor& self, const Tensor& other) {
  return mul_(self, pow(wrapped_number(2.0), other));
}

Tensor float_power(const Tensor& self, const Tensor& exponent) {
  const DType type = self.is_complex() || exponent.is_complex() ? DType::Complex128 : DType::Float64;
  if (exponent.is_wrapped_number()) return pow(_to_copy(self, type), exponent);
  const Tensor power = _to_copy(exponent, type);
  return pow(_to_copy(self, type), self.is_wrapped_number() ? contiguous(power) : power);
}
const Tensor& float_power_(const Tensor& self, const Tensor& exponent) {
  const DType type = self.is_complex() || exponent.is_complex() ? DType::Complex128 : DType::Float64;
  check(self.dtype() == type, "the base given to float_power_ has dtype ", dtype_aten_name(self.dtype()),
        " but the operation's result requires dtype ", dtype_aten_name(type));
  return pow_(self, exponent.is_wrapped_number() ? exponent : _to_copy(exponent, type));
}

Tensor positive(const Tensor& self) {
  check(self.dtype() != DType::Bool, "The `+` operator, on a bool tensor is not supported.");
  return self;
}
Tensor isreal(const Tensor& self) {
  return self.is_complex() ? eq(imag(self), int64_t{0}) : ones_like(self, DType::Bool);
}

Tensor celu(const Tensor& self, const Scalar& alpha) {
  check(alpha.to<double>() != 0, "ZeroDivisionError: alpha cannot be 0 for CELU");
  return elu(self, alpha, Scalar(1.0), Scalar(1 / alpha.to<double>()));
}
const Tensor& celu_(const Tensor& self, const Scalar& alpha) {
  check(alpha.to<double>() != 0, "ZeroDivisionError: alpha cannot be 0 for CELU");
  return elu_(self, alpha, Scalar(1.0), Scalar(1 / alpha.to<double>()));
}

namespace {
constexpr double kSeluAlpha = 1.6732632423543772848170429916717;
constexpr double kSeluScale = 1.0507009873554804934193349852946;

double mean_slope(const Scalar& lower, const Scalar& upper) {
  return (lower.to<double>() + upper.to<double>()) / 2;
}
void check_rrelu(const Scalar& lower, const Scalar& upper) {
  const double low = lower.to<double>(), high = upper.to<double>();
  check(std::isfinite(low) && std::isfinite(high), "rrelu: lower and upper bounds must be finite, got ", low,
        " and ", high);
  check(low <= high, "Lower bound should be less than or equal to the upper bound");
}
} // namespace

Tensor selu(const Tensor& self) { return elu(self, kSeluAlpha, kSeluScale, Scalar(1.0)); }
const Tensor& selu_(const Tensor& self) { return elu_(self, kSeluAlpha, kSeluScale, Scalar(1.0)); }

Tensor rrelu(const Tensor& self, const Scalar& lower, const Scalar& upper, bool training,
             Generator* generator) {
  check_rrelu(lower, upper);
  if (!training) return leaky_relu(contiguous(self), Scalar(mean_slope(lower, upper)));
  return self * _rrelu_noise(self, lower.to<double>(), upper.to<double>(), generator);
}
const Tensor& rrelu_(const Tensor& self, const Scalar& lower, const Scalar& upper, bool training,
                     Generator* generator) {
  check_rrelu(lower, upper);
  if (!training) return leaky_relu_(self, Scalar(mean_slope(lower, upper)));
  return mul_(self, _rrelu_noise(self, lower.to<double>(), upper.to<double>(), generator));
}

Tensor over_argument(const Tensor& value, const Tensor& x) {
  const Tensor zero = eq(x, int64_t{0});
  return masked_fill(value / masked_fill(x, zero, int64_t{1}), zero, 0.5);
}
// -log(x) - 1, infinite at 0 and NaN below, as the logarithm has it
Tensor entr_slope(const Tensor& x) { return neg(log(x)) - 1.0; }
Tensor sinc_grad(const Tensor& grad, const Tensor& x) {
  const Tensor zero = eq(x, int64_t{0});
  const Tensor safe = masked_fill(x, zero, int64_t{1}), turned = safe * std::numbers::pi;
  const Tensor slope = (cos(turned) * turned - sin(turned)) / (turned * safe);
  return grad * conj(masked_fill(slope, zero, int64_t{0}));
}
Tensor shrink_grad(const Tensor& grad, const Tensor& x, const Scalar& lambd) {
  return masked_fill(grad, le(abs(x), lambd), int64_t{0});
}

} // namespace torch::ops

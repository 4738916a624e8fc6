#include "ops/entry.h"

#include <cmath>

namespace torch::ops {

Tensor scaled(const Tensor& t, const Scalar& factor) { return factor.equals(1) ? t : t * factor; }

Tensor rows_of(const Tensor& t) {
  return t.dim() == 2 ? t
                      : reshape(t, {t.numel() / std::max<int64_t>(t.sizes().back(), 1), t.sizes().back()});
}

Tensor linear_grad_weight(const Tensor& grad, const Tensor& input) {
  const Tensor rows = conj(rows_of(input));
  return grad.dim() < input.dim() ? mv(t(rows), reshape(grad, {-1})) // the weight was a vector
                                  : mm(t(rows_of(grad)), rows);
}

Tensor div_grad_other(const Tensor& grad, const Tensor& self, const Tensor& other) {
  return neg(grad) * conj(self / other / other);
}

Tensor pow_grad_self(const Tensor& grad, const Tensor& self, const Tensor& exponent) {
  if (exponent.dim() == 0 && !exponent.requires_grad() && exponent.is_cpu()) {
    const Scalar e = visit_all(
        exponent.dtype(), [&](auto tag) { return Scalar(*exponent.data<typename decltype(tag)::type>()); });
    if (e.equals(0)) return zeros_like(self);
    if (e.equals(1)) return grad;
    if (e.equals(2)) return grad * (conj(self) * 2);
    const Scalar less = e.is_complex()    ? Scalar(e.to<complex128>() - 1.0)
                        : e.is_integral() ? Scalar(e.to<int64_t>() - 1)
                                          : Scalar(e.to<double>() - 1);
    return grad * conj(pow(self, less) * e);
  }
  const Tensor slope = exponent * pow(self, exponent - 1);
  return grad * conj(masked_fill(slope, eq(exponent, 0), 0));
}

Tensor pow_grad_exponent(const Tensor& grad, const Tensor& self, const Tensor& exponent,
                         const Tensor& result) {
  const Tensor flat =
      logical_and(eq(self, 0), exponent.is_complex() ? ge(real(exponent), 0) : ge(exponent, 0));
  return grad * conj(masked_fill(result * log(self), flat, 0));
}

Tensor choose_grad(const Tensor& grad, const Tensor& mine, const Tensor& other, bool larger) {
  // Half to each where they are equal.
  const Tensor halved = masked_fill(grad, ne(mine, other), 0) * 0.5;
  return masked_fill(grad, logical_not(larger ? gt(mine, other) : lt(mine, other)), 0) + halved;
}

Tensor copysign_ratio(const Tensor& self, const Tensor& result) {
  return masked_fill(result / self, eq(self, 0), 0);
}

Tensor sgn_grad(const Tensor& grad, const Tensor& self, const Tensor& result) {
  if (!self.is_complex()) return zeros_like(self);
  // z / |z| moves only across its own direction: the part of grad along result is projected out.
  const Tensor modulus = abs(self);
  const Tensor along = result * real(conj(result) * grad);
  return masked_fill((grad - along) / modulus, eq(modulus, 0), 0);
}

Tensor logit_grad(const Tensor& grad, const Tensor& self, std::optional<double> eps) {
  const Tensor slope = grad / (self * (1 - self));
  if (!eps)
    return masked_fill(slope, logical_or(lt(self, 0), gt(self, 1)), std::numeric_limits<double>::quiet_NaN());
  return masked_fill(slope, logical_or(lt(self, *eps), gt(self, 1 - *eps)), 0);
}

Tensor angle_grad(const Tensor& grad, const Tensor& self) {
  if (!self.is_complex()) return zeros_like(self);
  // d atan2(y, x) = (x dy - y dx) / |z|^2, as the complex number (-y + i x) / |z|^2.
  const Tensor x = real(self), y = imag(self);
  const Tensor norm = square(x) + square(y);
  const Tensor scale = masked_fill(grad / norm, eq(norm, 0), 0);
  return complex(neg(y) * scale, x * scale);
}

Tensor clamp_grad(const Tensor& grad, const Tensor& self, const std::optional<Scalar>& min,
                  const std::optional<Scalar>& max) {
  const Tensor inside = min && max ? logical_and(ge(self, *min), le(self, *max))
                        : min      ? ge(self, *min)
                                   : le(self, *max);
  return masked_fill(grad, logical_not(inside), 0);
}

Tensor gelu_grad(const Tensor& grad, const Tensor& self) {
  if (!thread_state.grad_enabled) return _gelu_grad(grad, self);
  const Tensor cdf = (erf(self * M_SQRT1_2) + 1) * 0.5;
  const Tensor pdf = exp(square(self) * -0.5) * (M_2_SQRTPI * M_SQRT1_2 * 0.5);
  return grad * (cdf + self * pdf);
}

Tensor gelu_tanh_grad(const Tensor& grad, const Tensor& self) {
  if (!thread_state.grad_enabled) return _gelu_tanh_grad(grad, self);
  const double beta = M_SQRT2 * M_2_SQRTPI * 0.5, kappa = 0.044715;
  const Tensor t = tanh((self + pow(self, 3) * kappa) * beta);
  const Tensor inner = (square(self) * (3 * kappa) + 1) * beta;
  return grad * ((t + 1) * 0.5 + self * (1 - square(t)) * inner * 0.5);
}

Tensor silu_grad(const Tensor& grad, const Tensor& self) {
  if (!thread_state.grad_enabled) return _silu_grad(grad, self);
  const Tensor s = sigmoid(self);
  return grad * conj(s * (self * (1 - s) + 1));
}

Tensor mish_grad(const Tensor& grad, const Tensor& self) {
  if (!thread_state.grad_enabled) return _mish_grad(grad, self);
  const Tensor s = sigmoid(self), t = tanh(softplus(self));
  return grad * (t + self * s * (1 - square(t)));
}

Tensor elu_grad(const Tensor& grad, const Tensor& self, const Scalar& alpha, const Scalar& scale,
                const Scalar& input_scale) {
  if (!thread_state.grad_enabled) return _elu_grad(grad, self, alpha, scale, input_scale);
  const double a = alpha.to<double>(), s = scale.to<double>(), i = input_scale.to<double>();
  const Tensor low = exp(self * i) * (a * s * i);
  return grad * where(le(self, 0), low, full_like(self, s));
}

Tensor softplus_grad(const Tensor& grad, const Tensor& self, const Scalar& beta, const Scalar& threshold) {
  if (!thread_state.grad_enabled) return _softplus_grad(grad, self, beta, threshold);
  const Tensor scaled_self = self * beta;
  return where(gt(scaled_self, threshold), grad, grad * sigmoid(scaled_self));
}

Tensor smooth_l1_grad(const Tensor& grad, const Tensor& self, const Tensor& target, double beta) {
  return grad * clamp((self - target) * (1 / beta), -1.0, 1.0);
}

Tensor bce_grad(const Tensor& grad, const Tensor& self, const Tensor& target) {
  if (!thread_state.grad_enabled) return _bce_grad(grad, self, target);
  return grad * (self - target) / clamp_min((1 - self) * self, 1e-12);
}

} // namespace torch::ops

// Dropout of elements or channels. Noise is drawn by bernoulli_, so that the stream is its.
#include "ops/entry.h"

#include <cmath>

namespace torch::ops {

namespace {

void check_dropout(double p) {
  check(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", p);
}
bool keeps_all(const Tensor& input, double p, bool train) { return !train || p == 0 || input.numel() == 0; }
Tensor nothing(const Tensor& like) { return zeros({}, like.dtype(), like.device()); }

// One draw for each element or channel: 1 keeps.
Tensor kept(const Tensor& input, double p, bool channels) {
  if (!channels) return bernoulli_(empty_like(input), 1 - p);
  check(input.dim() >= 2, "Feature dropout requires at least 2 dimensions in the input");
  DimVec sizes(input.sizes().size(), 1);
  sizes[0] = input.sizes()[0];
  sizes[1] = input.sizes()[1];
  return bernoulli_(empty_tensor(sizes, input.dtype(), input.device()), 1 - p);
}

// The factor of each element.
Tensor factors(const Tensor& input, double p, bool channels) {
  return div_(kept(input, p, channels), Scalar(1 - p));
}

// selu's limit to the left takes the place of what is dropped; `scale` and `shift` restore mean and variance.
struct AlphaNoise {
  Tensor scale, shift;
};
AlphaNoise alpha_noise(const Tensor& input, double p, bool channels) {
  constexpr double alpha = 1.7580993408473766;
  const double a = 1 / std::sqrt((alpha * alpha * p + 1) * (1 - p));
  const Tensor keep = kept(input, p, channels);
  const Tensor shift = add_(mul_(keep - Scalar(1.0), Scalar(alpha * a)), Scalar(alpha * a * p));
  return {mul_(keep, Scalar(a)), shift};
}

Tensor dropped(const Tensor& input, double p, bool train, bool channels) {
  check_dropout(p);
  if (keeps_all(input, p, train)) return input;
  return input * (p == 1 ? nothing(input) : factors(input, p, channels));
}
const Tensor& drop_(const Tensor& input, double p, bool train, bool channels) {
  check_dropout(p);
  if (keeps_all(input, p, train)) return input;
  return mul_(input, p == 1 ? nothing(input) : factors(input, p, channels));
}
Tensor alpha_dropped(const Tensor& input, double p, bool train, bool channels) {
  check_dropout(p);
  if (keeps_all(input, p, train)) return input;
  if (p == 1) return input * nothing(input);
  const AlphaNoise noise = alpha_noise(input, p, channels);
  return input * noise.scale + noise.shift;
}
const Tensor& alpha_drop_(const Tensor& input, double p, bool train, bool channels) {
  check_dropout(p);
  if (keeps_all(input, p, train)) return input;
  if (p == 1) return mul_(input, nothing(input));
  const AlphaNoise noise = alpha_noise(input, p, channels);
  return add_(mul_(input, noise.scale), noise.shift);
}

} // namespace

Tensor dropout(const Tensor& input, double p, bool train) { return dropped(input, p, train, false); }
const Tensor& dropout_(const Tensor& input, double p, bool train) { return drop_(input, p, train, false); }
Tensor feature_dropout(const Tensor& input, double p, bool train) { return dropped(input, p, train, true); }
const Tensor& feature_dropout_(const Tensor& input, double p, bool train) {
  return drop_(input, p, train, true);
}
Tensor alpha_dropout(const Tensor& input, double p, bool train) {
  return alpha_dropped(input, p, train, false);
}
const Tensor& alpha_dropout_(const Tensor& input, double p, bool train) {
  return alpha_drop_(input, p, train, false);
}
Tensor feature_alpha_dropout(const Tensor& input, double p, bool train) {
  return alpha_dropped(input, p, train, true);
}
const Tensor& feature_alpha_dropout_(const Tensor& input, double p, bool train) {
  return alpha_drop_(input, p, train, true);
}

std::tuple<Tensor, Tensor> native_dropout(const Tensor& input, double p, std::optional<bool> train) {
  if (input.numel() == 0) return {input, empty_like(input)};
  if (!train.value_or(true)) return {clone(input), ones_like(input, DType::Bool)};
  check_dropout(p);
  check(is_differentiable(input.dtype()),
        "native_dropout: result type Float can't be cast to the desired output type ",
        dtype_aten_name(input.dtype()));
  if (p == 1) return {input * nothing(input), zeros_like(input, DType::Bool)};
  const Tensor keep = kept(input, p, false);
  return {input * keep * Scalar(1 / (1 - p)), _to_copy(keep, DType::Bool)};
}

} // namespace torch::ops

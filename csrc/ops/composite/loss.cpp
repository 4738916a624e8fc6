// Losses: an elementwise op, then the reduction (0 none, 1 mean, 2 sum).
#include "ops/composite/loss.h"
#include "ops/entry.h"

namespace torch::ops {

Tensor mse_loss(const Tensor& self, const Tensor& target, int64_t reduction) {
  return reduced_loss(_squared_difference(self, target), reduction);
}
Tensor l1_loss(const Tensor& self, const Tensor& target, int64_t reduction) {
  return reduced_loss(abs(self - target), reduction);
}
Tensor smooth_l1_loss(const Tensor& self, const Tensor& target, int64_t reduction, double beta) {
  check(beta >= 0, "smooth_l1_loss does not support negative values for beta.");
  if (beta == 0) return l1_loss(self, target, reduction);
  return reduced_loss(_smooth_l1(self, target, beta), reduction);
}
Tensor huber_loss(const Tensor& self, const Tensor& target, int64_t reduction, double delta) {
  check(delta > 0, "huber_loss does not support non-positive values for delta.");
  const DType type = promote(self.dtype(), target.dtype());
  check_kind(ErrorKind::NotImplemented, !self.is_complex() && (is_floating(type) || type != self.dtype()),
             "\"huber_loss\" not implemented for '", dtype_aten_name(self.dtype()), "'");
  check(can_cast(type, self.dtype()), "result type ", dtype_aten_name(type),
        " can't be cast to the desired output type ", dtype_aten_name(self.dtype()));
  check_kind(ErrorKind::NotImplemented, is_floating(type), "\"huber_loss\" not implemented for '",
             dtype_aten_name(type), "'");
  return reduced_loss(loss_of_dtype(_huber(self, target, delta), self.dtype()), reduction);
}

Tensor binary_cross_entropy(const Tensor& self, const Tensor& target, const Tensor& weight,
                            int64_t reduction) {
  check(self.dtype() == target.dtype(), "Found dtype ", dtype_aten_name(target.dtype()), " but expected ",
        dtype_aten_name(self.dtype()), " (binary_cross_entropy: target must have the dtype of input)");
  if (!self.is_meta() && self.numel() > 0) {
    NoGradGuard no_grad;
    check(
        value_of<bool>(all(logical_and(ge(self, 0), le(self, 1)))),
        "all elements of input should be between 0 and 1: the loss takes probabilities, which sigmoid makes; "
        "binary_cross_entropy_with_logits takes what comes before it");
    check(value_of<bool>(all(logical_and(ge(target, 0), le(target, 1)))),
          "all elements of target should be between 0 and 1");
  }
  Tensor loss = _bce(self, target);
  if (weight.defined()) loss = loss * weight;
  return reduced_loss(loss, reduction);
}

Tensor binary_cross_entropy_with_logits(const Tensor& self, const Tensor& target, const Tensor& weight,
                                        const Tensor& pos_weight, int64_t reduction) {
  check_value(torch::equal(self.sizes(), target.sizes()), "Target size (", target.sizes(),
              ") must be the same as input size (", self.sizes(), ")");
  check_float_input("log_sigmoid", self);
  check(target.dtype() != DType::Bool,
        "Subtraction, the `-` operator, with two bool tensors is not supported: "
        "binary_cross_entropy_with_logits takes targets between 0 and 1 of a floating-point dtype");
  Tensor loss;
  if (pos_weight.defined() || target.is_complex()) {
    Tensor log_likelihood = log_sigmoid(self);
    if (pos_weight.defined()) log_likelihood = ((pos_weight - 1) * target + 1) * log_likelihood;
    loss = (1 - target) * self - log_likelihood;
  } else {
    loss = _bce_logits(self, target);
  }
  loss = loss_of_dtype(loss, target.dtype());
  if (weight.defined()) loss = loss_of_dtype(loss * weight, loss.dtype());
  return reduced_loss(loss, reduction);
}

Tensor kl_div(const Tensor& self, const Tensor& target, int64_t reduction, bool log_target) {
  check(!self.is_complex() && !target.is_complex(), "kl_div: Complex inputs not supported.");
  check(self.is_floating_point() && target.is_floating_point(), "kl_div: Integral inputs not supported.");
  const Tensor loss = log_target ? exp(target) * (target - self) : xlogy(target, target) - target * self;
  return reduced_loss(loss, reduction);
}

Tensor nll_loss_nd(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                   int64_t ignore_index) {
  check_value(self.dim() > 0, "Expected 1 or more dimensions (got ", self.dim(), ")");
  if (self.dim() == 1)
    check_value(target.dim() != 1 || target.numel() == 1,
                "For 1D input, 1D target must have size 1, but got target size: ", target.numel());
  else
    check_value(target.dim() > 0 && self.sizes()[0] == target.sizes()[0], "Expected input batch_size (",
                self.sizes()[0], ") to match target batch_size (", target.dim() ? target.sizes()[0] : 0,
                ").");
  return std::get<0>(nll_loss_forward(self, target, weight, reduction, ignore_index));
}

Tensor cross_entropy_loss(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                          int64_t ignore_index, double label_smoothing) {
  check_index(self.dim() > 0, "cross_entropy: input must have at least one dimension, got a number");
  check(label_smoothing <= 1, "label_smoothing must be between 0.0 and 1.0. Got: ", label_smoothing);
  const int64_t channel = self.dim() == 1 ? 0 : 1;
  const int64_t classes = self.sizes()[channel];
  const bool probabilities = torch::equal(self.sizes(), target.sizes());
  if (probabilities) {
    check(target.is_floating_point(),
          "Expected floating point type for target with class probabilities, got ",
          dtype_aten_name(target.dtype()),
          ": a target of the input's shape holds probabilities; give class indices of shape [N], or "
          "target.float()");
    check(ignore_index < 0, "ignore_index is not supported for floating point target");
    Tensor t = target;
    if (label_smoothing > 0) t = t * Scalar(1 - label_smoothing) + Scalar(label_smoothing / double(classes));
    Tensor loss = log_softmax(self, channel, std::nullopt) * t;
    if (weight.defined()) {
      DimVec shape(size_t(self.dim()), 1);
      shape[channel] = classes;
      loss = loss * view(contiguous(weight), shape);
    }
    const Tensor total = neg(sum(loss, {channel}));
    if (reduction == 1)
      return sum(total) / Scalar(double(std::max<int64_t>(self.numel() / std::max<int64_t>(classes, 1), 1)));
    return reduced_loss(total, reduction);
  }
  check(is_integral(target.dtype()), "expected target dtype to be Long or Byte, but got ",
        dtype_aten_name(target.dtype()),
        ": target.long() makes class indices of it; a target of probabilities must have the input's shape ",
        self.sizes(), ", got ", target.sizes(), " (expected scalar type Long but found ",
        dtype_aten_name(target.dtype()), ")");
  const Tensor log_p = log_softmax(self, channel, std::nullopt);
  if (label_smoothing <= 0) return nll_loss_nd(log_p, target, weight, reduction, ignore_index);
  // Mixture of the index target and the uniform distribution (Szegedy et al., 2016).
  const Tensor nll = nll_loss_nd(log_p, target, weight, reduction, ignore_index);
  Tensor weighted = log_p;
  if (weight.defined()) {
    DimVec shape(size_t(self.dim()), 1);
    shape[channel] = classes;
    weighted = log_p * view(contiguous(weight), shape);
  }
  const Tensor ignored = eq(target, Scalar(ignore_index));
  const Tensor smooth = masked_fill(neg(sum(weighted, {channel})), ignored, 0);
  Tensor spread;
  if (reduction == 1) {
    const Tensor kept = logical_not(ignored);
    Tensor denominator;
    if (weight.defined()) {
      const Tensor safe = masked_fill(target, ignored, 0);
      denominator =
          sum(masked_fill(reshape(index_select(weight, 0, reshape(safe, {-1})), target.sizes()), ignored, 0));
    } else {
      denominator = sum(kept, std::nullopt, false, self.dtype());
    }
    spread = sum(smooth) / denominator;
  } else {
    spread = reduced_loss(smooth, reduction);
  }
  return nll * Scalar(1 - label_smoothing) + spread * Scalar(label_smoothing / double(classes));
}

} // namespace torch::ops

#include "ops/composite/loss.h"

namespace torch::ops {

// Written with differentiable ops where a graph is being built.
Tensor multi_margin_grad(const Tensor& grad, const Tensor& self, const Tensor& target, const Scalar& p,
                         const Scalar& margin, const Tensor& weight, int64_t reduction) {
  if (!thread_state.grad_enabled)
    return multi_margin_loss_backward(grad, self, target, p, margin, weight, reduction);
  const int64_t classes = self.dim() == 0 ? 1 : self.sizes().back(), rows = self.numel() / classes;
  const Tensor x = reshape(self, {rows, classes}), y = reshape(target, {rows, 1});
  const Tensor right = scatter(zeros({rows, classes}, DType::Bool, self.device()), 1, y, Scalar(true));
  const Tensor z = masked_fill(clamp_min(margin - gather(x, 1, y) + x, 0), right, 0);
  Tensor each = p.to<double>() == 2 ? z * Scalar(2.0) : _to_copy(gt(z, 0), self.dtype());
  each = each * reshape(grad, {reduction == 0 ? rows : 1, 1}) *
         Scalar(1.0 / double(classes) / (reduction == 1 ? double(std::max<int64_t>(rows, 1)) : 1.0));
  if (weight.defined()) each = each * unsqueeze(index_select(weight, 0, reshape(y, {rows})), -1);
  return reshape(where(right, neg(sum(each, {1}, true)), each), self.sizes());
}

// The gradient is linear in grad_output and, but for jumps, does not depend on the scores.
Tensor multilabel_margin_grad_grad(const Tensor& grad, const Tensor& grad_output, const Tensor& self,
                                   const Tensor& target, int64_t reduction, const Tensor& is_target) {
  const Tensor terms =
      grad * multilabel_margin_loss_backward(ones_like(grad_output), self, target, reduction, is_target);
  return reduction == 0 && self.dim() == 2 ? sum(terms, {1}) : sum(terms);
}

} // namespace torch::ops

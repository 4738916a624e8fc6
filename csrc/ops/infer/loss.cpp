#include "ops/infer/loss.h"

#include <algorithm>
#include <numeric>

namespace torch::infer {

namespace {

// A row of scores, or a batch of rows.
void check_rows(const char* op, const Tensor& self) {
  const auto sizes = self.sizes();
  check(self.dim() <= 1 ? self.numel() > 0 : self.dim() == 2 && sizes[1] > 0,
        "Expected non-empty vector or matrix with optional 0-dim batch size, but got: ", sizes);
  check_kind(ErrorKind::NotImplemented, self.dtype() == DType::Float32 || self.dtype() == DType::Float64, '"',
             op, "\" not implemented for '", dtype_aten_name(self.dtype()), "'");
}
void check_classes(const Tensor& target) {
  check(target.dtype() == DType::Int64, "expected scalar type Long but found ",
        dtype_aten_name(target.dtype()));
}

} // namespace

TensorMeta multi_margin_loss(const Tensor& self, const Tensor& target, const Scalar& p, const Tensor& weight,
                             int64_t reduction) {
  check_value(p.to<double>() == 1 || p.to<double>() == 2, "only p == 1 and p == 2 supported");
  check_rows("multi_margin_loss", self);
  const int64_t rows = self.dim() == 2 ? self.sizes()[0] : 1;
  const int64_t classes = self.dim() == 0 ? 1 : self.sizes().back();
  check(
      target.dim() <= 1 && target.numel() == rows,
      "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch "
      "size). Expected target size [",
      rows, "], but got ", target.sizes(), ". Input has shape ", self.sizes(), ".");
  if (weight.defined()) {
    check_value(weight.dim() <= 1, "weight must be one-dimensional");
    check(weight.numel() == classes, "inconsistent weight size, expected ", classes, " but got ",
          weight.sizes());
    check(weight.dtype() == self.dtype(), "expected scalar type ", dtype_aten_name(self.dtype()),
          " but found ", dtype_aten_name(weight.dtype()));
  }
  check_classes(target);
  return {reduction == 0 ? target.sizes() : Ints(), self.dtype(), self.device()};
}

Metas2 multilabel_margin_loss(const Tensor& self, const Tensor& target, int64_t reduction) {
  check_rows("multilabel_margin_loss", self);
  check(equal(self.sizes(), target.sizes()) ||
            (self.dim() <= 1 && target.dim() <= 1 && self.numel() == target.numel()),
        "inconsistent target size: ", target.sizes(), " for input of size: ", self.sizes());
  check_classes(target);
  const DimVec sizes = reduction == 0 && self.dim() == 2 ? DimVec{self.sizes()[0]} : DimVec();
  return {TensorMeta{sizes, self.dtype(), self.device()},
          TensorMeta{target.sizes(), self.dtype(), self.device()}};
}

Metas2 ctc_loss(const Tensor& log_probs, const Tensor& targets, Ints input_lengths, Ints target_lengths,
                int64_t blank) {
  check(log_probs.numel() > 0, "log_probs tensor must not be empty");
  check(log_probs.dim() == 3, "ctc_loss: log_probs must have 3 dimensions (time, batch, labels), got shape ",
        log_probs.sizes());
  const int64_t steps = log_probs.sizes()[0], batch = log_probs.sizes()[1], labels = log_probs.sizes()[2];
  check(targets.dtype() == DType::Int64 || targets.dtype() == DType::Int32,
        "ctc_loss: targets must be of an integer dtype, got ", targets.dtype());
  check(blank >= 0 && blank < labels, "blank must be in label range");
  check(static_cast<int64_t>(input_lengths.size()) == batch, "input_lengths must be of size batch_size");
  check(static_cast<int64_t>(target_lengths.size()) == batch, "target_lengths must be of size batch_size");
  int64_t longest = 0, total = 0;
  for (const int64_t n : target_lengths) {
    check(n >= 0, "Expected target_lengths to have value at least 0, but got value ", n,
          " (while checking arguments for ctc_loss)");
    longest = std::max(longest, n);
    total += n;
  }
  if (targets.dim() == 1)
    check(targets.numel() == total, "Expected tensor to have size ", total, " at dimension 0, but got size ",
          targets.numel(), " for argument #2 'targets' (while checking arguments for ctc_loss)");
  else
    check(targets.dim() == 2 && targets.sizes()[0] == batch && targets.sizes()[1] >= longest,
          "Expected tensor to have size at least ", longest, " at dimension 1, but got shape ",
          targets.sizes(), " for argument #2 'targets' (while checking arguments for ctc_loss)");
  for (const int64_t n : input_lengths) {
    check(n >= 0, "Expected input_lengths to have value at least 0, but got value ", n,
          " (while checking arguments for ctc_loss)");
    check(n <= steps, "Expected input_lengths to have value at most ", steps, ", but got value ", n,
          " (while checking arguments for ctc_loss)");
  }
  check_kind(ErrorKind::NotImplemented,
             log_probs.dtype() == DType::Float32 || log_probs.dtype() == DType::Float64,
             "\"ctc_loss\" not implemented for '", dtype_aten_name(log_probs.dtype()), "'");
  return {TensorMeta{{batch}, log_probs.dtype(), log_probs.device()},
          TensorMeta{{batch, steps, 2 * longest + 1}, log_probs.dtype(), log_probs.device()}};
}

} // namespace torch::infer

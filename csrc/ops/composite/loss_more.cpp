// Losses of margins, of distributions and of sequences, written with other ops.
#include "ops/composite/loss.h"
#include "ops/entry.h"

#include <numbers>

namespace torch::ops {

Tensor reduced_loss(const Tensor& loss, int64_t reduction) {
  return reduction == 1 ? mean(loss) : reduction == 2 ? sum(loss) : loss;
}

Tensor loss_of_dtype(const Tensor& loss, DType dtype) {
  check(can_cast(loss.dtype(), dtype), "result type ", dtype_aten_name(loss.dtype()),
        " can't be cast to the desired output type ", dtype_aten_name(dtype));
  return loss.dtype() == dtype ? loss : _to_copy(loss, dtype);
}

Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2, const Tensor& target, double margin,
                             int64_t reduction) {
  const int64_t dim = target.dim();
  check(dim <= 1, "0D or 1D target tensor expected, multi-target not supported");
  check(input1.dim() == dim + 1 && input2.dim() == dim + 1, dim, "D target tensor expects ", dim + 1,
        "D input tensors, but found inputs with sizes ", input1.sizes(), " and ", input2.sizes(), ".");
  constexpr double kEpsilon = 1e-12;
  const auto squares = [&](const Tensor& t) { return sum(t * t, {dim}) + Scalar(kEpsilon); };
  const Tensor cosine = sum(input1 * input2, {dim}) / sqrt(squares(input1) * squares(input2));
  const Tensor zero = zeros({}, cosine.dtype(), cosine.device());
  const Tensor similar = where(eq(target, 1), Scalar(1.0) - cosine, zero);
  const Tensor apart = where(eq(target, -1), clamp_min(cosine - Scalar(margin), 0), zero);
  return reduced_loss(similar + apart, reduction);
}

Tensor hinge_embedding_loss(const Tensor& self, const Tensor& target, double margin, int64_t reduction) {
  // In the dtype of self, also where that is an integer type.
  const Tensor lacking =
      is_integral(self.dtype(), true) ? full_like(self, margin) - self : Scalar(margin) - self;
  const Tensor zero = zeros({}, self.dtype(), self.device());
  return reduced_loss(where(ne(target, 1), clamp_min(lacking, 0), zero) + where(ne(target, -1), self, zero),
                      reduction);
}

Tensor margin_ranking_loss(const Tensor& input1, const Tensor& input2, const Tensor& target, double margin,
                           int64_t reduction) {
  check(input1.dim() == input2.dim() && input1.dim() == target.dim(),
        "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: ",
        input1.sizes(), ", input2: ", input2.sizes(), ", target: ", target.sizes());
  return reduced_loss(clamp_min(neg(target) * (input1 - input2) + Scalar(margin), 0), reduction);
}

Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           double margin, double p, double eps, bool swap, int64_t reduction) {
  check(anchor.dim() == positive.dim() && anchor.dim() == negative.dim(),
        "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but "
        "got: anchor ",
        anchor.dim(), "D, positive ", positive.dim(), "D, and negative ", negative.dim(), "D inputs");
  check_value(margin > 0, "margin must be greater than 0, got ", margin);
  const Tensor near = pairwise_distance(anchor, positive, p, eps);
  Tensor far = pairwise_distance(anchor, negative, p, eps);
  if (swap) far = minimum(far, pairwise_distance(positive, negative, p, eps));
  return reduced_loss(clamp_min(Scalar(margin) + near - far, 0), reduction);
}

Tensor soft_margin_loss(const Tensor& self, const Tensor& target, int64_t reduction) {
  const Tensor z = neg(self) * target;
  check(torch::equal(z.sizes(), self.sizes()), "output with shape ", self.sizes(),
        " doesn't match the broadcast shape ", z.sizes());
  // softplus neither overflows nor loses small numbers; it is real.
  const Tensor loss = z.is_complex()          ? log1p(exp(z))
                      : z.is_floating_point() ? softplus(z, 1, 20)
                                              : softplus(_to_copy(z, default_dtype()), 1, 20);
  return reduced_loss(loss_of_dtype(loss, self.dtype()), reduction);
}

Tensor multilabel_margin_loss(const Tensor& self, const Tensor& target, int64_t reduction) {
  return std::get<0>(multilabel_margin_loss_forward(self, target, reduction));
}

Tensor poisson_nll_loss(const Tensor& input, const Tensor& target, bool log_input, bool full, double eps,
                        int64_t reduction) {
  Tensor loss = log_input ? exp(input) - target * input : input - target * log(input + Scalar(eps));
  if (full) { // Stirling's approximation of log(target!)
    const Tensor stirling =
        target * log(target) - target + Scalar(0.5) * log(target * Scalar(2 * std::numbers::pi));
    loss = loss + masked_fill(stirling, le(target, 1), 0);
  }
  return reduced_loss(loss, reduction);
}

// ---- sequences ----

Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, Ints input_lengths, Ints target_lengths,
                int64_t blank, int64_t reduction, bool zero_infinity) {
  const bool batched = log_probs.dim() == 3;
  const Tensor x = batched ? log_probs : unsqueeze(log_probs, 1);
  Tensor loss =
      std::get<0>(_ctc_loss(x, targets.is_floating_point() ? _to_copy(targets, DType::Int64) : targets,
                            input_lengths, target_lengths, blank, zero_infinity));
  if (zero_infinity) loss = masked_fill(loss, eq(loss, std::numeric_limits<double>::infinity()), 0);
  if (reduction == 1) {
    const Tensor lengths = empty_tensor(DimVec{static_cast<int64_t>(target_lengths.size())}, loss.dtype());
    for (size_t i = 0; i < target_lengths.size(); ++i) {
      const double length = static_cast<double>(std::max<int64_t>(target_lengths[i], 1));
      if (loss.dtype() == DType::Float64)
        lengths.data<double>()[i] = length;
      else
        lengths.data<float>()[i] = static_cast<float>(length);
    }
    return mean(loss / moved_to(lengths, loss.device()));
  }
  return reduction == 2 ? sum(loss) : batched ? loss : squeeze(loss, {0});
}

Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, int64_t blank, int64_t reduction, bool zero_infinity) {
  const auto values = [](const char* name, const Tensor& t) {
    check(is_integral(t.dtype(), true), name, " must be integral");
    check_not_meta("ctc_loss", t);
    const Tensor whole = densified(_to_copy(t, DType::Int64, Device{}));
    return DimVec(IntSpan(whole.data<int64_t>(), size_t(whole.numel())));
  };
  return ctc_loss(log_probs, targets, values("input_lengths", input_lengths),
                  values("target_lengths", target_lengths), blank, reduction, zero_infinity);
}

} // namespace torch::ops

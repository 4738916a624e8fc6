// Losses of sequences (ctc_loss) and of margins, and their gradients.
#include "kernels/cuda/device/loss_args.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/table.h"
#include "kernels/pointwise_ops.h"

namespace torch::cuda {

namespace {

constexpr Family kCtc{"loss", "CTC", true}, kMargin{"loss", "MARGIN", true};

void launch_blocks(const Tensor& on, const Family& family, const char* op, int64_t blocks, const void* args) {
  check_kind(ErrorKind::NotImplemented, on.dtype() == DType::Float32 || on.dtype() == DType::Float64, op,
             ": not implemented for ", on.dtype());
  launch(use(on.device().index), find_kernel(concat(op, "_", type_name(on.dtype()), "_any"), family),
         {blocks, kLossThreads}, args);
}

// Steps, labels and the first label of each sample.
Tensor samples_of(const Tensor& targets, IntSpan input_lengths, IntSpan target_lengths, Device device) {
  const auto count = static_cast<int64_t>(input_lengths.size());
  const Tensor listed = empty_tensor(DimVec{count, 3}, DType::Int64);
  auto* to = listed.data<int64_t>();
  int64_t start = 0;
  for (int64_t b = 0; b < count; ++b) {
    const auto at = static_cast<size_t>(b);
    if (targets.dim() == 2) start = b * targets.size(1);
    *to++ = input_lengths[at];
    *to++ = target_lengths[at];
    *to++ = start;
    start += target_lengths[at];
  }
  const Tensor there = empty_tensor(listed.sizes(), DType::Int64, device);
  copy(there, listed);
  return there;
}
CtcArgs ctc_args(const Tensor& log_probs, const Tensor& targets, const Tensor& samples, const Tensor& losses,
                 const Tensor& log_alpha, int64_t blank) {
  check_kind(ErrorKind::NotImplemented, targets.dtype() == DType::Int32 || targets.dtype() == DType::Int64,
             "ctc_loss: there is no CUDA kernel for targets of ", targets.dtype());
  CtcArgs args{};
  args.log_probs = log_probs.data();
  for (int64_t d = 0; d < 3; ++d) args.probs_step[d] = log_probs.stride(d);
  args.targets = targets.data();
  args.target_type = targets.dtype();
  args.samples = samples.data<int64_t>();
  args.losses = losses.data();
  args.losses_step = losses.stride(0);
  args.alpha = log_alpha.data();
  args.alpha_step = log_alpha.stride(0);
  args.count = samples.size(0);
  args.steps = log_alpha.size(1);
  args.width = log_alpha.size(2);
  args.classes = log_probs.size(2);
  args.blank = blank;
  return args;
}

struct MarginRows {
  int64_t count, classes;
  explicit MarginRows(const Tensor& self)
      : count(self.dim() == 2 ? self.size(0) : 1), classes(self.dim() == 0 ? 1 : self.size(-1)) {}
};
constexpr int64_t kEachRow = 0, kMeanOfRows = 1; // reductions

MarginArgs margin_args(const Tensor& self, const Tensor& target) {
  const MarginRows rows(self);
  MarginArgs args{};
  args.scores = self.data();
  args.target = target.data<int64_t>();
  args.rows = rows.count;
  args.classes = rows.classes;
  return args;
}
void set_multi(MarginArgs& args, const Scalar& p, const Scalar& margin, const Tensor& weight) {
  args.squared = p.to<double>() == 2;
  args.margin = margin.to<double>();
  args.weight = weight.defined() ? weight.data() : nullptr;
}
void run_losses(const char* op, MarginArgs& args, const Tensor& self, const Tensor& out, int64_t reduction) {
  const Tensor losses = empty_tensor(DimVec{args.rows}, DType::Float64, self.device());
  args.losses = losses.data<double>();
  launch_blocks(self, kMargin, op, args.rows, &args);
  if (reduction == kEachRow) return copy(out, alias(losses, out.sizes(), contiguous_strides(out.sizes()), 0));
  const Tensor total = empty_tensor({}, DType::Float64, self.device());
  // Nothing has the mean 0 here.
  reduction == kMeanOfRows&& args.rows > 0 ? mean(total, losses, DimVec{0}) : sum(total, losses, DimVec{0});
  copy(out, alias(total, out.sizes(), contiguous_strides(out.sizes()), 0));
}
void run_grad(const char* op, MarginArgs& args, const Tensor& grad_input, const Tensor& grad_output,
              int64_t reduction) {
  args.grad = grad_output.data();
  args.grad_step = reduction == kEachRow && grad_output.dim() ? grad_output.stride(0) : 0;
  args.scale = 1.0 / double(args.classes) / (reduction == kMeanOfRows ? double(args.rows) : 1.0);
  args.grad_input = grad_input.data();
  args.row_step = grad_input.dim() == 2 ? grad_input.stride(0) : 0;
  args.step = grad_input.dim() ? grad_input.stride(-1) : 0;
  launch_blocks(grad_input, kMargin, op, args.rows, &args);
}

} // namespace

void ctc_loss(const Tensor& losses, const Tensor& log_alpha, const Tensor& log_probs, const Tensor& targets,
              IntSpan input_lengths, IntSpan target_lengths, int64_t blank) {
  const Tensor samples = samples_of(targets, input_lengths, target_lengths, log_probs.device());
  if (samples.size(0) == 0) return;
  const CtcArgs args = ctc_args(log_probs, targets, samples, losses, log_alpha, blank);
  launch_blocks(log_probs, kCtc, "CtcAlpha", args.count, &args);
}
void ctc_loss_backward(const Tensor& grad_input, const Tensor& grad, const Tensor& log_probs,
                       const Tensor& targets, IntSpan input_lengths, IntSpan target_lengths,
                       const Tensor& losses, const Tensor& log_alpha, int64_t blank, bool zero_infinity) {
  const Tensor samples = samples_of(targets, input_lengths, target_lengths, log_probs.device());
  if (samples.size(0) == 0) return;
  CtcArgs args = ctc_args(log_probs, targets, samples, losses, log_alpha, blank);
  const Tensor log_beta =
      empty_strided_tensor(log_alpha.sizes(), log_alpha.strides(), log_alpha.dtype(), log_alpha.device());
  args.beta = log_beta.data();
  args.grad = grad.data();
  args.grad_step = grad.stride(0);
  args.grad_input = grad_input.data();
  for (int64_t d = 0; d < 3; ++d) args.grad_input_step[d] = grad_input.stride(d);
  args.steps = log_probs.size(0);
  args.zero_infinity = zero_infinity;
  launch_blocks(log_probs, kCtc, "CtcBeta", args.count, &args);
  launch_blocks(log_probs, kCtc, "CtcGrad", args.count * args.steps, &args);
}

void multi_margin_loss(const Tensor& out, const Tensor& self, const Tensor& target, const Scalar& p,
                       const Scalar& margin, const Tensor& weight, int64_t reduction) {
  MarginArgs args = margin_args(self, target);
  set_multi(args, p, margin, weight);
  run_losses("MultiMargin", args, self, out, reduction);
}
void multi_margin_loss_backward(const Tensor& grad_input, const Tensor& grad_output, const Tensor& self,
                                const Tensor& target, const Scalar& p, const Scalar& margin,
                                const Tensor& weight, int64_t reduction) {
  if (grad_input.numel() == 0) return;
  MarginArgs args = margin_args(self, target);
  set_multi(args, p, margin, weight);
  run_grad("MultiMarginGrad", args, grad_input, grad_output, reduction);
}
void multilabel_margin_loss(const Tensor& out, const Tensor& is_target, const Tensor& self,
                            const Tensor& target, int64_t reduction) {
  MarginArgs args = margin_args(self, target);
  args.is_target = is_target.data();
  run_losses("MultilabelMargin", args, self, out, reduction);
}
void multilabel_margin_loss_backward(const Tensor& grad_input, const Tensor& grad_output, const Tensor& self,
                                     const Tensor& target, const Tensor& is_target, int64_t reduction) {
  if (grad_input.numel() == 0) return;
  MarginArgs args = margin_args(self, target);
  args.is_target = is_target.data();
  run_grad("MultilabelMarginGrad", args, grad_input, grad_output, reduction);
}

} // namespace torch::cuda

// layer_norm, group_norm and batch_norm with their gradients; nll_loss.
#include "kernels/cuda/index.h"
#include "kernels/cuda/lines.h"
#include "kernels/cuda/table.h"
#include "kernels/cuda/walk.h"
#include "kernels/pointwise_ops.h"

#include <cmath>

namespace torch::cuda {

namespace {

constexpr Family kNorm{"norm", "NORM"}, kChannel{"norm", "CHANNEL"}, kNll{"norm", "NLL", true};

void refuse_others(const char* op, DType t) {
  if (!is_floating(t) || is_low_precision(t)) fail_dtype(op, t);
}
Tensor dense(const Tensor& like, DType type) { return empty_tensor(like.sizes(), type, like.device()); }
// A new tensor of `type` with these values.
Tensor as_type(const Tensor& t, DType type) {
  if (t.dtype() == type && t.is_contiguous()) return t;
  const Tensor made = dense(t, type);
  copy(made, t);
  return made;
}
void apply(PointwiseOp op, const Tensor& out, const Tensor& a, const Tensor& b = {},
           const Scalar& parameter = 1) {
  const Tensor* const inputs[] = {&a, &b};
  pointwise(op, out.dtype(), out, inputs, b.defined() ? 2 : 1, &parameter);
}
Tensor shaped(const Tensor& t, const DimVec& sizes) {
  return alias(t, sizes, contiguous_strides(sizes), t.offset());
}
// Into an output that may not be wanted, of any shape with as many elements.
void deliver(const Tensor& out, const Tensor& result) {
  if (out.defined()) copy(out, shaped(result, DimVec(out.sizes())));
}

// ---- lines one after the other ----

struct Lines {
  int64_t count, length, groups, plane;
};

// What both directions say of the lines.
NormArgs norm_args(const Tensor& input, const Lines& lines, const Tensor& weight) {
  NormArgs args{};
  args.shape.lines = lines.count;
  args.shape.n = lines.length;
  share_lines(args.shape, true);
  args.groups = lines.groups;
  args.plane = lines.plane;
  args.type = input.dtype();
  args.weight_type = weight.defined() ? weight.dtype() : input.dtype();
  return args;
}
// The weight as the kernel reads it: of the type of the input, or of that which is computed in.
Tensor readable(const Tensor& weight, DType type) {
  if (!weight.defined()) return weight;
  return as_type(weight, weight.dtype() == type ? type : computed_in(type));
}

void forward(const char* op, const Tensor& out, const Tensor& mean, const Tensor& rstd, const Tensor& input,
             const Lines& lines, const Tensor& weight, const Tensor& bias, double eps) {
  refuse_others(op, input.dtype());
  if (lines.length == 0) {
    fill(mean, NAN);
    return fill(rstd, NAN);
  }
  if (lines.count == 0) return;
  const DType type = input.dtype(), computed = computed_in(type);
  const Tensor x = packed(input), to = out.is_contiguous() ? out : dense(out, type);
  const Tensor means = mean.dtype() == computed && mean.is_contiguous() ? mean : dense(mean, computed);
  const Tensor roots = rstd.dtype() == computed && rstd.is_contiguous() ? rstd : dense(rstd, computed);
  const bool mixed = weight.defined() && bias.defined() && weight.dtype() != bias.dtype();
  const Tensor w = mixed ? as_type(weight, computed) : readable(weight, type);
  const Tensor b = mixed ? as_type(bias, computed) : readable(bias, type);
  NormArgs args = norm_args(x, lines, w.defined() ? w : b);
  args.out = to.data();
  args.in = x.data();
  args.mean = means.data();
  args.rstd = roots.data();
  args.weight = w.defined() ? w.data() : nullptr;
  args.bias = b.defined() ? b.data() : nullptr;
  args.eps = eps;
  launch(use(out.device().index), find_kernel_for(kNorm, "LineNorm", computed, type), lines_grid(args.shape),
         &args);
  if (!to.is_same(out)) copy(out, to);
  if (!means.is_same(mean)) copy(mean, means);
  if (!roots.is_same(rstd)) copy(rstd, roots);
}

// The gradients of weight and bias are sums over the dimensions `summed` of a tensor of `sizes`.
void backward(const char* op, const Tensor& grad_input, const Tensor& grad_weight, const Tensor& grad_bias,
              const Tensor& grad_output, const Tensor& input, const Tensor& mean, const Tensor& rstd,
              const Tensor& weight, const Lines& lines, const DimVec& sizes, const DimVec& summed,
              int64_t channels) {
  refuse_others(op, input.dtype());
  if (input.numel() == 0) {
    if (grad_weight.defined()) fill(grad_weight, 0);
    if (grad_bias.defined()) fill(grad_bias, 0);
    return;
  }
  const DType type = input.dtype(), computed = computed_in(type);
  const Tensor x = packed(input), grad = as_type(grad_output, type), w = readable(weight, type);
  const Tensor means = as_type(mean, computed), roots = as_type(rstd, computed);
  Tensor to = grad_input;
  if (to.defined() && !to.is_contiguous()) to = dense(to, type);
  const Tensor product = grad_weight.defined() ? dense(x, computed) : Tensor();
  NormArgs args = norm_args(x, lines, w);
  args.out = to.defined() ? to.data() : nullptr;
  args.in = x.data();
  args.grad = grad.data();
  args.mean = means.data();
  args.rstd = roots.data();
  args.weight = w.defined() ? w.data() : nullptr;
  args.product = product.defined() ? product.data() : nullptr;
  if (to.defined() || product.defined())
    launch(use(input.device().index), find_kernel_for(kNorm, "LineNormGrad", computed, type),
           lines_grid(args.shape), &args);
  if (to.defined() && !to.is_same(grad_input)) copy(grad_input, to);
  const Tensor total = empty_tensor(DimVec{channels}, computed, input.device());
  const auto add_up = [&](const Tensor& out, const Tensor& of) {
    sum(total, shaped(of, sizes), summed);
    deliver(out, total);
  };
  if (grad_weight.defined()) add_up(grad_weight, product);
  if (grad_bias.defined()) add_up(grad_bias, grad);
}

Lines layer_lines(const Tensor& input, IntSpan shape) {
  int64_t length = 1;
  for (const int64_t size : shape) length *= size;
  return {length == 0 ? 0 : input.numel() / length, length, 1, 1};
}
Lines group_lines(const Tensor& input, int64_t groups) {
  const int64_t plane =
      input.size(0) * input.size(1) == 0 ? 0 : input.numel() / input.size(0) / input.size(1);
  return {input.size(0) * groups, input.size(1) / groups * plane, groups, std::max<int64_t>(plane, 1)};
}

// ---- by channels ----

int64_t channels_of(const Tensor& input) { return input.size(1); }
DimVec all_but_channels(const Tensor& input) {
  DimVec dims;
  for (int64_t d = 0; d < input.dim(); ++d)
    if (d != 1) dims.push_back(d);
  return dims;
}

void by_channel(const char* op, const Tensor& out, const Tensor& first, const Tensor& second,
                std::initializer_list<const Tensor*> coefficients) {
  if (out.numel() == 0) return;
  ChannelArgs args{};
  const Tensor* const operands[] = {&out, &first, second.defined() ? &second : &first};
  std::vector<Dim> dims;
  for (int64_t d = out.dim(); d-- > 0;) {
    Dim each{out.size(d), {}};
    for (int k = 0; k < 3; ++k) each.strides[k] = operands[k]->stride(d) * operands[k]->itemsize();
    each.strides[3] = d == 1;
    dims.push_back(each);
  }
  args.places = arrange(std::move(dims), 4);
  args.out = out.data();
  args.in[0] = first.data();
  args.in[1] = second.defined() ? second.data() : nullptr;
  for (int k = 0; k < 3; ++k) args.types[k] = operands[k]->dtype();
  size_t k = 0;
  for (const Tensor* const c : coefficients) args.coefficients[k++] = c->data();
  args.n = out.numel();
  const DType computed = (*coefficients.begin())->dtype();
  const bool one_type = first.dtype() == operands[2]->dtype();
  launch(use(out.device().index),
         one_type ? find_kernel_for(kChannel, op, computed, first.dtype())
                  : find_kernel(concat(op, "_", type_name(computed), "_any"), kChannel),
         {(args.n + kLinesThreads - 1) / kLinesThreads, kLinesThreads}, &args);
}

// Coefficients of channels, or a constant.
Tensor coefficients(const Tensor& t, double missing, int64_t channels, DType type, Device device) {
  if (t.defined()) return as_type(t, type);
  const Tensor made = empty_tensor(DimVec{channels}, type, device);
  fill(made, missing);
  return made;
}
// 1 / sqrt(variance + eps)
Tensor inverse_root(const Tensor& variance, double eps) {
  const Tensor root = dense(variance, variance.dtype()), small = wrapped_number(eps);
  apply(PointwiseOp::Add, root, variance, small);
  apply(PointwiseOp::Rsqrt, root, root);
  return root;
}
// running = (1 - momentum) running + momentum value
void follow(const Tensor& running, const Tensor& value, double momentum) {
  const Tensor next = as_type(running, value.dtype()), share = wrapped_number(momentum);
  const Tensor mixed = dense(value, value.dtype());
  const Tensor* const inputs[] = {&next, &value, &share};
  pointwise(PointwiseOp::Lerp, value.dtype(), mixed, inputs, 3, nullptr);
  copy(running, mixed);
}

// ---- negative log likelihood ----

constexpr int64_t kNone = 0, kMean = 1;

// `in` has classes in dimension 1, or 0 of one sample; `each` a value for every sample, or none.
NllArgs nll_args(const Tensor& in, const Tensor& target, const Tensor& weight, const Tensor* each,
                 int64_t ignored) {
  NllArgs args{};
  const int64_t class_dim = in.dim() == 1 ? 0 : 1;
  std::vector<Dim> dims;
  args.n = 1;
  int64_t sample_dim = in.dim() - 1;
  for (int64_t d = in.dim(); d-- > 0;) {
    if (d == class_dim) continue;
    --sample_dim;
    const bool own = target.dim() == in.dim() - 1; // a single row may come with a target of one element
    dims.push_back({in.size(d),
                    {in.stride(d) * in.itemsize(), own ? target.stride(sample_dim) * target.itemsize() : 0,
                     each && each->dim() > 0 ? each->stride(sample_dim) * each->itemsize() : 0}});
    args.n *= in.size(d);
  }
  args.places = arrange(std::move(dims), 3);
  args.classes = in.size(class_dim);
  args.class_step = in.stride(class_dim) * in.itemsize();
  args.ignored = ignored;
  args.target = target.data();
  args.target_type = target.dtype();
  if (weight.defined()) {
    args.weight = weight.data();
    args.weight_type = weight.dtype();
    args.weight_step = weight.stride(0) * weight.itemsize();
  }
  return args;
}
void launch_nll(const char* op, DType computed, const Tensor& in, const NllArgs& args) {
  launch(use(in.device().index), find_kernel(concat(op, "_", type_name(computed), "_any"), kNll),
         {(args.n + kLinesThreads - 1) / kLinesThreads, kLinesThreads}, &args);
}

} // namespace

void layer_norm(const Tensor& out, const Tensor& mean, const Tensor& rstd, const Tensor& input,
                IntSpan normalized_shape, const Tensor& weight, const Tensor& bias, double eps) {
  forward("layer_norm", out, mean, rstd, input, layer_lines(input, normalized_shape), weight, bias, eps);
}
void layer_norm_backward(const Tensor& grad_input, const Tensor& grad_weight, const Tensor& grad_bias,
                         const Tensor& grad_out, const Tensor& input, const Tensor& mean, const Tensor& rstd,
                         const Tensor& weight, IntSpan normalized_shape) {
  const Lines lines = layer_lines(input, normalized_shape);
  backward("layer_norm_backward", grad_input, grad_weight, grad_bias, grad_out, input, mean, rstd, weight,
           lines, {lines.count, lines.length}, {0}, lines.length);
}

void group_norm(const Tensor& out, const Tensor& mean, const Tensor& rstd, const Tensor& input,
                const Tensor& weight, const Tensor& bias, int64_t num_groups, double eps) {
  forward("group_norm", out, mean, rstd, input, group_lines(input, num_groups), weight, bias, eps);
}
void group_norm_backward(const Tensor& grad_input, const Tensor& grad_weight, const Tensor& grad_bias,
                         const Tensor& grad_output, const Tensor& input, const Tensor& mean,
                         const Tensor& rstd, const Tensor& weight, int64_t num_groups) {
  const Lines lines = group_lines(input, num_groups);
  backward("group_norm_backward", grad_input, grad_weight, grad_bias, grad_output, input, mean, rstd, weight,
           lines, {input.size(0), input.size(1), lines.plane}, {0, 2}, input.size(1));
}

void batch_norm(const Tensor& out, const Tensor& save_mean, const Tensor& save_rstd, const Tensor& input,
                const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                const Tensor& running_var, bool training, double momentum, double eps) {
  refuse_others("batch_norm", input.dtype());
  const DType computed = computed_in(input.dtype());
  const int64_t channels = channels_of(input);
  const Device device = input.device();
  Tensor mean, variance;
  if (training) {
    mean = empty_tensor(DimVec{channels}, computed, device);
    variance = dense(mean, computed);
    var_mean(variance, mean, input, all_but_channels(input), 0);
    if (running_mean.defined()) follow(running_mean, mean, momentum);
    if (running_var.defined()) { // of the sample
      const auto count = static_cast<double>(channels == 0 ? 0 : input.numel() / channels);
      const Tensor sample = dense(variance, computed), freedom = wrapped_number(count / (count - 1));
      apply(PointwiseOp::Mul, sample, variance, freedom);
      follow(running_var, sample, momentum);
    }
  } else {
    mean = as_type(running_mean, computed);
    variance = as_type(running_var, computed);
  }
  const Tensor rstd = inverse_root(variance, eps);
  if (training) {
    deliver(save_mean, mean);
    deliver(save_rstd, rstd);
  }
  const Tensor w = coefficients(weight, 1, channels, computed, device),
               b = coefficients(bias, 0, channels, computed, device);
  by_channel("ChannelNorm", out, input, {}, {&mean, &rstd, &w, &b});
}

// With d = x - mean: rstd * weight * (grad - mean(grad) - d * rstd^2 * mean(grad * d)) in training.
void batch_norm_backward(const Tensor& grad_input, const Tensor& grad_weight, const Tensor& grad_bias,
                         const Tensor& grad_out, const Tensor& input, const Tensor& weight,
                         const Tensor& running_mean, const Tensor& running_var, const Tensor& save_mean,
                         const Tensor& save_invstd, bool train, double eps) {
  refuse_others("batch_norm_backward", input.dtype());
  const DType computed = computed_in(input.dtype());
  const int64_t channels = channels_of(input);
  const Device device = input.device();
  const DimVec dims = all_but_channels(input);
  const Tensor mean = as_type(train ? save_mean : running_mean, computed);
  const Tensor rstd =
      train ? as_type(save_invstd, computed) : inverse_root(as_type(running_var, computed), eps);
  const Tensor total = empty_tensor(DimVec{channels}, computed, device), dot = dense(total, computed);
  if (train || grad_bias.defined()) sum(total, grad_out, dims);
  if (train || grad_weight.defined()) {
    const Tensor product = dense(input, computed);
    by_channel("ChannelProduct", product, grad_out, input, {&mean});
    sum(dot, product, dims);
  }
  if (grad_input.defined()) {
    const Tensor w = coefficients(weight, 1, channels, computed, device), scale = dense(rstd, computed);
    const Tensor base = dense(rstd, computed), slope = dense(rstd, computed);
    apply(PointwiseOp::Mul, scale, rstd, w);
    if (train) {
      const Tensor count = wrapped_number(static_cast<double>(channels == 0 ? 1 : input.numel() / channels));
      apply(PointwiseOp::Div, base, total, count);
      apply(PointwiseOp::Div, slope, dot, count);
      apply(PointwiseOp::Mul, slope, slope, rstd);
      apply(PointwiseOp::Mul, slope, slope, rstd);
    } else {
      fill(base, 0);
      fill(slope, 0);
    }
    by_channel("ChannelGrad", grad_input, grad_out, input, {&mean, &scale, &base, &slope});
  }
  apply(PointwiseOp::Mul, dot, dot, rstd);
  deliver(grad_weight, dot);
  deliver(grad_bias, total);
}

void nll_loss(const Tensor& out, const Tensor& total_weight, const Tensor& self, const Tensor& target,
              const Tensor& weight, int64_t reduction, int64_t ignore_index) {
  refuse_others("nll_loss", self.dtype());
  const DType computed = computed_in(self.dtype());
  NllArgs args = nll_args(self, target, weight, nullptr, ignore_index);
  const Tensor losses = empty_tensor(DimVec{args.n}, computed, self.device()),
               weights = dense(losses, computed);
  args.losses = losses.data();
  args.weights = weights.data();
  args.in = self.data();
  args.in_type = self.dtype();
  launch_nll("Nll", computed, self, args);
  if (reduction == kNone && self.dim() > 1) {
    fill(total_weight, 0);
    return deliver(out, losses);
  }
  const Tensor loss = empty_tensor({}, computed, self.device()), count = dense(loss, computed);
  sum(loss, losses, DimVec{0});
  sum(count, weights, DimVec{0});
  if (reduction == kMean) apply(PointwiseOp::Div, loss, loss, count); // 0 / 0 when every target is ignored
  copy(out, loss);
  copy(total_weight, count);
}

void nll_loss_backward(const Tensor& grad_input, const Tensor& grad_output, const Tensor& self,
                       const Tensor& target, const Tensor& weight, const Tensor& total_weight,
                       int64_t reduction, int64_t ignore_index) {
  refuse_others("nll_loss_backward", self.dtype());
  fill(grad_input, 0);
  const bool each = reduction == kNone && grad_input.dim() > 1;
  NllArgs args = nll_args(grad_input, target, weight, each ? &grad_output : nullptr, ignore_index);
  args.losses = grad_input.data();
  args.out_type = grad_input.dtype();
  args.in = grad_output.data();
  args.in_type = grad_output.dtype();
  if (reduction == kMean) {
    args.divisor = total_weight.data();
    args.divisor_type = total_weight.dtype();
  }
  launch_nll("NllGrad", computed_in(self.dtype()), self, args);
}

} // namespace torch::cuda

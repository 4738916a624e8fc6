#include "ops/entry.h"

namespace torch::ops {

Tensor softmax_backward_grad_output(const Tensor& grad, const Tensor& grad_output, const Tensor& output,
                                    int64_t dim) {
  // d/d output of (g - sum(g o)) o
  const Tensor dot = sum(grad_output * output, {dim}, true);
  return grad * (grad_output - dot) - grad_output * sum(grad * output, {dim}, true);
}

Tensor sum_channels(const Tensor& grad) {
  DimVec dims{0};
  for (int64_t i = 2; i < grad.dim(); ++i) dims.push_back(i);
  return sum(grad, dims);
}

Tensor gather_positions(const Tensor& grad, const Tensor& indices, int64_t spatial) {
  const auto lead = static_cast<size_t>(grad.dim() - spatial);
  DimVec from(grad.sizes().span().first(lead)), to = from;
  int64_t places = 1, values = 1;
  for (size_t d = lead; d < grad.sizes().size(); ++d) {
    places *= grad.sizes()[d];
    values *= indices.sizes()[d];
  }
  from.push_back(places);
  to.push_back(values);
  return reshape(gather(reshape(grad, from), -1, reshape(indices, to)), indices.sizes());
}

Tensor embedding_grad_grad(const Tensor& grad, const Tensor& indices, int64_t padding_idx,
                           bool scale_grad_by_freq) {
  check_kind(ErrorKind::NotImplemented, !scale_grad_by_freq,
             "embedding: double backward with scale_grad_by_freq is not supported");
  const Tensor rows = embedding(grad, indices);
  return padding_idx >= 0 ? masked_fill(rows, unsqueeze(eq(indices, padding_idx), -1), 0) : rows;
}

Tensor nll_loss_grad_grad(const Tensor& grad, const Tensor& target, const Tensor& weight, int64_t reduction,
                          int64_t ignore_index, const Tensor& total_weight) {
  if (reduction == 0) return std::get<0>(nll_loss_forward(grad, target, weight, 0, ignore_index));
  const Tensor summed = std::get<0>(nll_loss_forward(grad, target, weight, 2, ignore_index));
  return reduction == 1 ? summed / total_weight : summed;
}

namespace {

// Gradient of y = (x - mean) * rstd over `dims`, written so that it can be differentiated again.
Tensor normalized_grad(const Tensor& grad_y, const Tensor& input, OptInts dims, double eps) {
  const Tensor centered = input - mean(input, dims, true);
  const Tensor rstd = rsqrt(mean(square(centered), dims, true) + Scalar(eps));
  const Tensor y = centered * rstd;
  return rstd * (grad_y - mean(grad_y, dims, true) - y * mean(grad_y * y, dims, true));
}

Tensor normalized(const Tensor& input, OptInts dims, double eps) {
  const Tensor centered = input - mean(input, dims, true);
  return centered * rsqrt(mean(square(centered), dims, true) + Scalar(eps));
}

Tensor channel_shape(const Tensor& t, int64_t ndim) {
  DimVec shape(size_t(ndim), 1);
  shape[1] = t.numel();
  return reshape(t, shape);
}

} // namespace

std::tuple<Tensor, Tensor, Tensor> batch_norm_grad(const Tensor& grad, const Tensor& input,
                                                   const Tensor& weight, const Tensor& running_mean,
                                                   const Tensor& running_var, const Tensor& save_mean,
                                                   const Tensor& save_rstd, bool training, double eps,
                                                   const std::array<bool, 3>& mask) {
  if (!thread_state.grad_enabled)
    return native_batch_norm_backward(grad, input, weight, running_mean, running_var, save_mean, save_rstd,
                                      training, eps, mask);
  DimVec dims{0};
  for (int64_t i = 2; i < input.dim(); ++i) dims.push_back(i);
  const Tensor scaled_grad = weight.defined() ? grad * channel_shape(weight, input.dim()) : grad;
  Tensor grad_input, y;
  if (training) {
    if (mask[0]) grad_input = normalized_grad(scaled_grad, input, dims, eps);
    if (mask[1]) y = normalized(input, dims, eps);
  } else {
    const Tensor rstd = channel_shape(rsqrt(running_var + Scalar(eps)), input.dim());
    if (mask[0]) grad_input = scaled_grad * rstd;
    if (mask[1]) y = (input - channel_shape(running_mean, input.dim())) * rstd;
  }
  return {grad_input, mask[1] ? sum(grad * y, dims) : Tensor(), mask[2] ? sum(grad, dims) : Tensor()};
}

std::tuple<Tensor, Tensor, Tensor> layer_norm_grad(const Tensor& grad, const Tensor& input,
                                                   Ints normalized_shape, const Tensor& mean_,
                                                   const Tensor& rstd, const Tensor& weight,
                                                   const Tensor& bias, double eps,
                                                   const std::array<bool, 3>& mask) {
  if (!thread_state.grad_enabled)
    return native_layer_norm_backward(grad, input, normalized_shape, mean_, rstd, weight, bias, mask);
  DimVec dims;
  for (size_t i = 1; i <= normalized_shape.size(); ++i) dims.push_back(-static_cast<int64_t>(i));
  const Tensor scaled_grad = weight.defined() ? grad * weight : grad;
  return {mask[0] ? normalized_grad(scaled_grad, input, dims, eps) : Tensor(),
          mask[1] ? sum_to_size(grad * normalized(input, dims, eps), normalized_shape) : Tensor(),
          mask[2] ? sum_to_size(grad, normalized_shape) : Tensor()};
}

std::tuple<Tensor, Tensor, Tensor> group_norm_grad(const Tensor& grad, const Tensor& input,
                                                   const Tensor& weight, const Tensor&, const Tensor& mean_,
                                                   const Tensor& rstd, int64_t groups, double eps,
                                                   const std::array<bool, 3>& mask) {
  if (!thread_state.grad_enabled) return _group_norm_backward(grad, input, mean_, rstd, weight, groups, mask);
  const DimVec split{input.sizes()[0], groups, -1};
  const OptInts last{IntSpan(split).last(1)}; // {-1}
  const Tensor x = reshape(input, split);
  DimVec dims{0};
  for (int64_t i = 2; i < input.dim(); ++i) dims.push_back(i);
  const Tensor scaled_grad = weight.defined() ? grad * channel_shape(weight, input.dim()) : grad;
  return {mask[0] ? reshape(normalized_grad(reshape(scaled_grad, split), x, last, eps), input.sizes())
                  : Tensor(),
          mask[1] ? sum(grad * reshape(normalized(x, last, eps), input.sizes()), dims) : Tensor(),
          mask[2] ? sum(grad, dims) : Tensor()};
}

} // namespace torch::ops

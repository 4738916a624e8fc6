// Maxima and means of windows, and their gradients.
#include "kernels/cuda/device/pool_args.h"
#include "kernels/cuda/image.h"
#include "kernels/cuda/table.h"

namespace torch::cuda {

namespace {

constexpr Family kPool{"pool", "POOL"};

int64_t each_or_all(IntSpan values, size_t d, int64_t missing) {
  return values.empty() ? missing : values.size() == 1 ? values[0] : values[d];
}
void set_windows(PoolArgs& args, IntSpan kernel, IntSpan stride, IntSpan padding, IntSpan dilation = {}) {
  const auto spatial = static_cast<size_t>(args.spatial);
  for (size_t d = 0; d < spatial; ++d) {
    const int64_t k = each_or_all(kernel, d, 1);
    args.windows[3 - spatial + d] = {k, each_or_all(stride, d, k), each_or_all(padding, d, 0),
                                     each_or_all(dilation, d, 1)};
  }
}
PoolArgs pool_args(const Tensor& to, const Tensor& from, int64_t spatial) {
  PoolArgs args{};
  args.to = to.data();
  args.from = from.data();
  args.n = to.numel();
  args.each = volume_of(to, spatial);
  args.other = volume_of(from, spatial);
  args.spatial = static_cast<int32_t>(spatial);
  return args;
}
void run_pool(const char* named, const char* op, const PoolArgs& args, const Tensor& t, bool integers) {
  const DType type = t.dtype();
  if (is_low_precision(type) || is_opaque(type) || is_complex(type) || type == DType::Bool ||
      (!is_floating(type) && !integers))
    fail_dtype(named, type);
  launch_image(t.device().index, kPool, kernel_name(op, kComputeTypes[compute_index(type)], type), args.n,
               &args);
}

void run_max(const char* named, PoolArgs& args, const Tensor& input, const Tensor& places, bool integers) {
  if (places.defined()) {
    args.places = places.data<int64_t>();
    args.where = volume_of(places, args.spatial);
  }
  run_pool(named, "MaxPool", args, input, integers);
}

} // namespace

void max_pool(const Tensor& out, const Tensor& indices, const Tensor& input, IntSpan kernel_size,
              IntSpan stride, IntSpan padding, IntSpan dilation, int64_t spatial) {
  PoolArgs args = pool_args(out, input, spatial);
  set_windows(args, kernel_size, stride, padding, dilation);
  run_max("max_pool", args, input, indices, true);
}
void adaptive_max_pool(const Tensor& out, const Tensor& indices, const Tensor& input, int64_t spatial) {
  PoolArgs args = pool_args(out, input, spatial);
  args.boxes = Boxes::Adaptive;
  run_max("adaptive_max_pool", args, input, indices, false);
}
void fractional_max_pool(const Tensor& out, const Tensor& indices, const Tensor& input, IntSpan kernel_size,
                         const Tensor& random_samples, int64_t spatial) {
  PoolArgs args = pool_args(out, input, spatial);
  args.boxes = Boxes::Fractional;
  args.samples = random_samples.data();
  set_windows(args, kernel_size, {}, {});
  run_max("fractional_max_pool", args, input, indices, false);
}

void max_pool_backward(const Tensor& grad_input, const Tensor& grad_output, const Tensor& indices,
                       int64_t spatial) {
  const DType type = grad_input.dtype();
  const bool wide = is_reduced_float(type); // joined in float
  const Tensor sums = wide ? empty_strided_tensor(grad_input.sizes(), grad_input.strides(), DType::Float32,
                                                  grad_input.device())
                           : grad_input;
  fill(sums, 0);
  PoolArgs args = pool_args(grad_output, sums, spatial);
  args.to = sums.data();
  args.from = grad_output.data();
  args.places = indices.data<int64_t>();
  args.where = volume_of(indices, spatial);
  run_pool("max_pool_backward", "MaxPoolGrad", args, grad_output, false);
  if (wide) copy(grad_input, sums);
}

void avg_pool(const Tensor& out, const Tensor& input, IntSpan kernel_size, IntSpan stride, IntSpan padding,
              bool count_include_pad, std::optional<int64_t> divisor_override, int64_t spatial) {
  PoolArgs args = pool_args(out, input, spatial);
  set_windows(args, kernel_size, stride, padding);
  args.counts_padding = count_include_pad;
  args.divisor = divisor_override.value_or(0);
  run_pool("avg_pool", "AvgPool", args, input, input.dtype() == DType::Int64);
}
void avg_pool_backward(const Tensor& grad_input, const Tensor& grad_output, IntSpan kernel_size,
                       IntSpan stride, IntSpan padding, bool count_include_pad,
                       std::optional<int64_t> divisor_override, int64_t spatial) {
  PoolArgs args = pool_args(grad_input, grad_output, spatial);
  set_windows(args, kernel_size, stride, padding);
  args.counts_padding = count_include_pad;
  args.divisor = divisor_override.value_or(0);
  run_pool("avg_pool_backward", "AvgPoolGrad", args, grad_input, grad_input.dtype() == DType::Int64);
}
void adaptive_avg_pool(const Tensor& out, const Tensor& input, int64_t spatial) {
  PoolArgs args = pool_args(out, input, spatial);
  args.boxes = Boxes::Adaptive;
  run_pool("adaptive_avg_pool", "AvgPool", args, input, false);
}
void adaptive_avg_pool_backward(const Tensor& grad_input, const Tensor& grad_output, int64_t spatial) {
  PoolArgs args = pool_args(grad_input, grad_output, spatial);
  args.boxes = Boxes::Adaptive;
  run_pool("adaptive_avg_pool_backward", "AvgPoolGrad", args, grad_input, false);
}

} // namespace torch::cuda

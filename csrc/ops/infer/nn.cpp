#include "ops/infer/infer.h"

namespace torch::infer {

namespace {

DType accumulate_type(DType t) { return is_reduced_float(t) ? DType::Float32 : t; }

int64_t pooled_size(int64_t input, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation,
                    bool ceil_mode) {
  const int64_t span = input + 2 * padding - dilation * (kernel - 1) - 1;
  int64_t out =
      (span >= 0 ? (span + (ceil_mode ? stride - 1 : 0)) / stride : (span - stride + 1) / stride) + 1;
  // The last window must start inside the input or its left padding.
  if (ceil_mode && (out - 1) * stride >= input + padding) --out;
  return out;
}

int64_t pick(Ints values, size_t i) { return values.size() == 1 ? values[0] : values[i]; }

void check_pair(const char* op, const char* name, Ints v, bool may_be_empty) {
  check(v.size() == 1 || v.size() == 2 || (may_be_empty && v.empty()), op, ": ", name, " must either be ",
        may_be_empty ? "omitted, " : "", "a single int, or a tuple of two ints, got ", v);
}

DimVec pooled_sizes(const char* op, const Tensor& self, Ints kernel, Ints stride, Ints padding, Ints dilation,
                    bool ceil_mode) {
  check_pair(op, "kernel_size", kernel, false);
  check_pair(op, "stride", stride, true);
  check_pair(op, "padding", padding, false);
  check_pair(op, "dilation", dilation, false);
  const int64_t n = self.dim();
  bool shape_ok = n == 3 || n == 4;
  for (int64_t i = n == 4 ? 1 : 0; shape_ok && i < n; ++i) shape_ok = self.sizes()[i] > 0;
  const bool flat = n < 3 && std::string_view(op) == "avg_pool2d"; // as PyTorch, with a class of its own
  check_kind(flat ? ErrorKind::Index : ErrorKind::Runtime, shape_ok, op,
             "(): Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got: ",
             self.sizes());
  DimVec sizes = self.sizes();
  for (size_t i = 0; i < 2; ++i) {
    const int64_t k = pick(kernel, i), s = stride.empty() ? k : pick(stride, i), p = pick(padding, i),
                  d = pick(dilation, i);
    check(k > 0, op, ": kernel size should be greater than zero, but got ", kernel);
    check(s > 0, op, ": stride should not be zero or negative, got ", stride);
    check(d > 0, op, ": dilation should be greater than zero, got ", dilation);
    check(p >= 0, "pad must be non-negative, but got pad: ", p);
    check(p <= (d * (k - 1) + 1) / 2, "pad should be at most half of effective kernel size, but got pad=", p,
          ", kernel_size=", k, " and dilation=", d);
    const int64_t out = pooled_size(self.sizes()[n - 2 + i], k, s, p, d, ceil_mode);
    check(out > 0, op, ": Given input size: ", self.sizes(), ". Calculated output size is too small (", out,
          " in dimension ", n - 2 + i, ")");
    sizes[n - 2 + i] = out;
  }
  return sizes;
}

void check_channels(const char* name, const Tensor& t, int64_t channels) {
  if (t.defined())
    check(t.dim() == 1 && t.numel() == channels, name, " should contain ", channels, " elements not ",
          t.numel());
}

} // namespace

TensorMeta softmax(const char* op, const Tensor& self, int64_t dim, bool half_to_float) {
  wrap_dim(dim, self.dim());
  check(!half_to_float, op, " with half to float conversion is not supported on CPU");
  check_kind(ErrorKind::NotImplemented, self.is_floating_point(), '"', op, "\" not implemented for '",
             dtype_aten_name(self.dtype()), "': it takes floating-point tensors (or give dtype=)");
  return like(self);
}

TensorMeta convolution(const Tensor& input, const Tensor& weight, const Tensor& bias, Ints stride,
                       Ints padding, Ints dilation, bool transposed, Ints output_padding, int64_t groups) {
  const int64_t spatial = weight.dim() - 2;
  check(spatial >= 1 && spatial <= 3, "convolution: weight should have 3 to 5 dimensions, got shape ",
        weight.sizes());
  check(input.dim() == weight.dim(), "Expected ", spatial + 1, "D (unbatched) or ", spatial + 2,
        "D (batched) input to conv", transposed ? "_transpose" : "", spatial,
        "d, but got input of size: ", input.sizes());
  check(input.dtype() == weight.dtype(), "Input type (", dtype_name(input.dtype()), ") and weight type (",
        dtype_name(weight.dtype()), ") should be the same");
  check_kind(ErrorKind::NotImplemented, input.dtype() != DType::Bool,
             "\"convolution\" not implemented for 'Bool'");
  if (bias.defined())
    check(bias.dtype() == input.dtype(), "Input type (", dtype_name(input.dtype()), ") and bias type (",
          dtype_name(bias.dtype()), ") should be the same");
  check(groups > 0, "non-positive groups is not supported, got groups=", groups);
  for (const auto& [list, name] :
       {std::pair<Ints, const char*>{stride, "stride"}, {padding, "padding"}, {dilation, "dilation"}})
    check(static_cast<int64_t>(list.size()) == spatial, "expected ", name,
          " to be a single integer value or a list of ", spatial,
          " values to match the convolution dimensions, but got ", name, "=", list);
  for (const int64_t s : stride) check(s > 0, "non-positive stride is not supported, got stride=", stride);
  for (const int64_t p : padding) check(p >= 0, "negative padding is not supported, got padding=", padding);
  for (const int64_t d : dilation)
    check(d > 0, "dilation should be greater than zero, got dilation=", dilation);
  for (const int64_t p : output_padding) check(p >= 0, "negative output_padding is not supported");
  const auto& w = weight.sizes();
  const int64_t in_channels = transposed ? w[0] : w[1] * groups;
  const int64_t out_channels = transposed ? w[1] * groups : w[0];
  check(w[0] >= groups && w[0] % groups == 0, "Given groups=", groups, ", expected weight to be at least ",
        groups, " at dimension 0 and divisible by it, but got weight of size ", w, " instead");
  check(input.sizes()[1] == in_channels, "Given groups=", groups, ", weight of size ", w, ", expected input",
        input.sizes(), " to have ", in_channels, " channels, but got ", input.sizes()[1],
        " channels instead");
  if (bias.defined())
    check(bias.dim() == 1 && bias.numel() == out_channels, "Given ", transposed ? "transposed=1, " : "",
          "weight of size ", w, ", expected bias to be 1-dimensional with ", out_channels,
          " elements, but got bias of size ", bias.sizes(), " instead");
  DimVec sizes{input.sizes()[0], out_channels};
  for (int64_t i = 0; i < spatial; ++i) {
    const int64_t in = input.sizes()[i + 2], kernel = w[i + 2];
    const int64_t reach = dilation[i] * (kernel - 1) + 1;
    if (transposed) {
      const int64_t extra = output_padding.empty() ? 0 : output_padding[i];
      check(extra < std::max(stride[i], dilation[i]),
            "output padding must be smaller than either stride or dilation, but got output_padding ", extra);
      sizes.push_back((in - 1) * stride[i] - 2 * padding[i] + reach + extra);
      check(sizes.back() >= 0, "convolution: calculated output size is too small: ", sizes);
    } else {
      check(in + 2 * padding[i] >= reach, "Calculated padded input size per channel: (", in + 2 * padding[i],
            "). Kernel size: (", reach, "). Kernel size can't be greater than actual input size (dimension ",
            i + 2, " of input ", input.sizes(), ")");
      sizes.push_back((in + 2 * padding[i] - reach) / stride[i] + 1);
    }
  }
  return {sizes, input.dtype(), input.device()};
}

Metas2 max_pool2d(const Tensor& self, Ints kernel, Ints stride, Ints padding, Ints dilation, bool ceil_mode) {
  check_kind(ErrorKind::NotImplemented, !self.is_complex() && self.dtype() != DType::Bool,
             "\"max_pool2d\" not implemented for '", dtype_aten_name(self.dtype()), "'");
  const DimVec sizes = pooled_sizes("max_pool2d", self, kernel, stride, padding, dilation, ceil_mode);
  return {TensorMeta{sizes, self.dtype(), self.device()}, TensorMeta{sizes, DType::Int64, self.device()}};
}

TensorMeta avg_pool2d(const Tensor& self, Ints kernel, Ints stride, Ints padding, bool ceil_mode,
                      std::optional<int64_t> divisor) {
  check(!divisor || *divisor != 0, "divisor must be not zero");
  check_kind(ErrorKind::NotImplemented, self.is_floating_point() || self.dtype() == DType::Int64,
             "\"avg_pool2d\" not implemented for '", dtype_aten_name(self.dtype()), "'");
  return {pooled_sizes("avg_pool2d", self, kernel, stride, padding, Ints{1}, ceil_mode), self.dtype(),
          self.device()};
}

TensorMeta adaptive_pool2d(const Tensor& self, Ints output_size) {
  check(output_size.size() == 2, "adaptive_avg_pool2d: output_size must be 2");
  check(output_size[0] >= 0 && output_size[1] >= 0,
        "adaptive_avg_pool2d: elements of output_size must be greater than or equal to 0 but received ",
        output_size);
  const int64_t n = self.dim();
  check(n == 3 || n == 4, "adaptive_avg_pool2d(): Expected 3D or 4D tensor, but got ", self.sizes());
  for (int64_t i = n - 2; i < n; ++i)
    check(self.sizes()[i] > 0,
          "adaptive_avg_pool2d(): Expected input to have non-zero size for non-batch dimensions, but input "
          "has sizes ",
          self.sizes(), " with dimension ", i, " being empty");
  check_kind(ErrorKind::NotImplemented, self.is_floating_point(),
             "\"adaptive_avg_pool2d\" not implemented for '", dtype_aten_name(self.dtype()), "'");
  DimVec sizes = self.sizes();
  sizes[n - 2] = output_size[0];
  sizes[n - 1] = output_size[1];
  return {sizes, self.dtype(), self.device()};
}

Metas3 batch_norm(const Tensor& input, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                  const Tensor& running_var, bool training) {
  check(input.dim() >= 2, "batch_norm: input must have at least 2 dimensions, got shape ", input.sizes());
  check_kind(ErrorKind::NotImplemented, input.is_floating_point(), "\"batch_norm\" not implemented for '",
             dtype_aten_name(input.dtype()), "'");
  const int64_t channels = input.sizes()[1];
  check_channels("running_mean", running_mean, channels);
  check_channels("running_var", running_var, channels);
  check_channels("weight", weight, channels);
  check_channels("bias", bias, channels);
  if (!training)
    check(running_mean.defined() && running_var.defined(),
          "running_mean and running_var must be defined in evaluation mode");
  const DType type = accumulate_type(input.dtype());
  const DimVec saved{training ? channels : 0};
  DimVec strides;
  return {TensorMeta{input.sizes(), input.dtype(), input.device(), strides},
          TensorMeta{saved, type, input.device()}, TensorMeta{saved, type, input.device()}};
}

Metas3 layer_norm(const Tensor& input, Ints normalized_shape, const Tensor& weight, const Tensor& bias) {
  const int64_t k = static_cast<int64_t>(normalized_shape.size()), n = input.dim();
  check(k >= 1,
        "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but "
        "got normalized_shape = ",
        normalized_shape);
  check(!weight.defined() || equal(weight.sizes(), normalized_shape),
        "Expected weight to be of same shape as normalized_shape, but got weight of shape ",
        weight.defined() ? weight.sizes() : Ints(), " and normalized_shape = ", normalized_shape);
  check(!bias.defined() || equal(bias.sizes(), normalized_shape),
        "Expected bias to be of same shape as normalized_shape, but got bias of shape ",
        bias.defined() ? bias.sizes() : Ints(), " and normalized_shape = ", normalized_shape);
  check(n >= k && equal(input.sizes().last(std::min(n, k)), normalized_shape),
        "Given normalized_shape=", normalized_shape, ", expected input with shape [*, ", normalized_shape,
        "], but got input of size", input.sizes());
  check_kind(ErrorKind::NotImplemented, input.is_floating_point(), "\"layer_norm\" not implemented for '",
             dtype_aten_name(input.dtype()), "'");
  DimVec lead(input.sizes().first(n - k));
  for (int64_t i = 0; i < k; ++i) lead.push_back(1);
  const DType type = accumulate_type(input.dtype());
  return {TensorMeta{input.sizes(), input.dtype(), input.device()}, TensorMeta{lead, type, input.device()},
          TensorMeta{lead, type, input.device()}};
}

Metas3 group_norm(const Tensor& input, const Tensor& weight, const Tensor& bias, int64_t groups) {
  check(input.dim() >= 2, "Expected at least 2 dimensions for input tensor but received ", input.dim());
  const int64_t channels = input.sizes()[1];
  check(groups > 0, "Expected num groups to be greater than 0, got ", groups);
  check(channels % groups == 0,
        "Expected number of channels in input to be divisible by num_groups, but got input of shape ",
        input.sizes(), " and num_groups=", groups);
  check_channels("weight", weight, channels);
  check_channels("bias", bias, channels);
  check_kind(ErrorKind::NotImplemented, input.is_floating_point(), "\"group_norm\" not implemented for '",
             dtype_aten_name(input.dtype()), "'");
  const DType type = accumulate_type(input.dtype());
  const DimVec saved{input.sizes()[0], groups};
  return {TensorMeta{input.sizes(), input.dtype(), input.device()}, TensorMeta{saved, type, input.device()},
          TensorMeta{saved, type, input.device()}};
}

Metas3 norm_backward(const Tensor& input, const Tensor& weight, IntSpan weight_sizes,
                     const std::array<bool, 3>& wanted) {
  const DType type = weight.defined() ? weight.dtype() : input.dtype();
  Metas3 metas{TensorMeta{input.sizes(), input.dtype(), input.device()},
               TensorMeta{weight_sizes, type, input.device()},
               TensorMeta{weight_sizes, type, input.device()}};
  for (size_t i = 0; i < 3; ++i) metas[i].wanted = wanted[i];
  return metas;
}

TensorMeta embedding(const Tensor& weight, const Tensor& indices, bool sparse) {
  check_kind(ErrorKind::NotImplemented, !sparse,
             "embedding: sparse gradients (sparse=True) are not supported yet");
  check(weight.dim() == 2, "'weight' must be 2-D, got shape ", weight.sizes());
  check(indices.dtype() == DType::Int64 || indices.dtype() == DType::Int32,
        "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but "
        "got ",
        dtype_aten_name(indices.dtype()), " instead (while checking arguments for embedding)");
  DimVec sizes = indices.sizes();
  sizes.push_back(weight.sizes()[1]);
  return {sizes, weight.dtype(), weight.device()};
}

TensorMeta embedding_grad(const Tensor& grad_output, const Tensor& indices, int64_t num_weights) {
  (void)indices;
  return {{num_weights, grad_output.sizes().back()}, grad_output.dtype(), grad_output.device()};
}

Metas2 nll_loss(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction) {
  check_kind(ErrorKind::NotImplemented, self.is_floating_point(), "\"nll_loss\" not implemented for '",
             dtype_aten_name(self.dtype()), "'");
  check(target.dtype() == DType::Int64 || target.dtype() == DType::UInt8,
        "expected scalar type Long but found ", dtype_aten_name(target.dtype()),
        " (nll_loss: target holds class indices)");
  check(self.dim() >= 1, "nll_loss: input tensor should be 1D or more, got 0D");
  const int64_t classes = self.sizes()[self.dim() == 1 ? 0 : 1];
  check(
      !weight.defined() || (weight.dim() == 1 && weight.numel() == classes),
      "weight tensor should be defined either for all ", classes,
      " classes or no classes but got weight tensor of shape: ", weight.defined() ? weight.sizes() : Ints());
  DimVec expected;
  for (int64_t i = 0; i < self.dim(); ++i)
    if (i != (self.dim() == 1 ? 0 : 1)) expected.push_back(self.sizes()[i]);
  if (self.dim() == 1)
    check(target.numel() == 1 && target.dim() <= 1, "size mismatch (got input: ", self.sizes(),
          ", target: ", target.sizes(), ")");
  else
    check(equal(target.sizes(), expected), "size mismatch (got input: ", self.sizes(),
          ", target: ", target.sizes(), "); expected target size ", expected);
  const bool elementwise = reduction == 0;
  return {TensorMeta{elementwise ? self.dim() == 1 ? DimVec(target.sizes()) : expected : DimVec(),
                     self.dtype(), self.device()},
          TensorMeta{{}, self.dtype(), self.device()}};
}

} // namespace torch::infer

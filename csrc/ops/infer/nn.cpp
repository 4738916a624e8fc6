#include "ops/checks.h"
#include "ops/infer/pool.h"

namespace torch::infer {

namespace {

DType accumulate_type(DType t) { return is_reduced_float(t) ? DType::Float32 : t; }

void check_channels(const char* name, const Tensor& t, int64_t channels) {
  if (t.defined())
    check(t.dim() == 1 && t.numel() == channels, name, " should contain ", channels, " elements not ",
          t.numel());
}

// Parameters and statistics have the dtype of the input, or are float32 beside a half type.
void check_parameters(const char* op, const Tensor& input, std::initializer_list<const Tensor*> parameters) {
  for (const Tensor* t : parameters)
    check(!t->defined() || t->dtype() == input.dtype() || t->dtype() == accumulate_type(input.dtype()), op,
          ": mixed dtype (CPU): expect parameter to have scalar type of ",
          dtype_aten_name(accumulate_type(input.dtype())), " but found ",
          dtype_aten_name(t->defined() ? t->dtype() : input.dtype()), " beside an input of ",
          dtype_aten_name(input.dtype()));
}

} // namespace

TensorMeta softmax(const char* op, const Tensor& self, int64_t dim, bool half_to_float) {
  wrap_dim(dim, self.dim());
  check(!half_to_float, op, " with half to float conversion is not supported on CPU");
  check_kind(ErrorKind::NotImplemented, self.is_floating_point() || self.numel() == 0, '"', op,
             "\" not implemented for '", dtype_aten_name(self.dtype()),
             "': it takes floating-point tensors (or give dtype=)");
  return like(self);
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
  check_parameters("batch_norm", input, {&weight, &bias, &running_mean, &running_var});
  const DType type = accumulate_type(input.dtype());
  const DimVec saved{training ? channels : 0};
  return {in_order_of(input, input, input.sizes()), TensorMeta{saved, type, input.device()},
          TensorMeta{saved, type, input.device()}};
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
  ops::check_normalized_shape(input, normalized_shape);
  check_kind(ErrorKind::NotImplemented, input.is_floating_point(), "\"layer_norm\" not implemented for '",
             dtype_aten_name(input.dtype()), "'");
  check_parameters("layer_norm", input, {&weight, &bias});
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
  check_parameters("group_norm", input, {&weight, &bias});
  const DType type = accumulate_type(input.dtype());
  const DimVec saved{input.sizes()[0], groups};
  return {in_order_of(input, input, input.sizes()), TensorMeta{saved, type, input.device()},
          TensorMeta{saved, type, input.device()}};
}

Metas3 norm_backward(const Tensor& input, const Tensor& weight, IntSpan weight_sizes,
                     const std::array<bool, 3>& wanted) {
  const DType type = weight.defined() ? weight.dtype() : input.dtype();
  Metas3 metas{in_order_of(input, input, input.sizes()), TensorMeta{weight_sizes, type, input.device()},
               TensorMeta{weight_sizes, type, input.device()}};
  for (size_t i = 0; i < 3; ++i) metas[i].wanted = wanted[i];
  return metas;
}

Metas2 nll_loss(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction) {
  check_kind(ErrorKind::NotImplemented, self.is_floating_point(), "\"nll_loss\" not implemented for '",
             dtype_aten_name(self.dtype()), "'");
  check(target.dtype() == DType::Int64 || target.dtype() == DType::UInt8,
        "expected target dtype to be Long or Byte, but got ", dtype_aten_name(target.dtype()),
        ": target holds class indices, which target.long() makes of it (expected scalar type Long but found ",
        dtype_aten_name(target.dtype()), ")");
  check(self.dim() >= 1, "nll_loss: input tensor should be 1D or more, got 0D");
  const int64_t classes = self.sizes()[self.dim() == 1 ? 0 : 1];
  check(
      !weight.defined() || (weight.dim() == 1 && weight.numel() == classes),
      "weight tensor should be defined either for all ", classes,
      " classes or no classes but got weight tensor of shape: ", weight.defined() ? weight.sizes() : Ints());
  check(!weight.defined() || weight.dtype() == self.dtype(), "expected scalar type ",
        dtype_aten_name(self.dtype()), " but found ",
        dtype_aten_name(weight.defined() ? weight.dtype() : self.dtype()));
  DimVec expected;
  for (int64_t i = 0; i < self.dim(); ++i)
    if (i != (self.dim() == 1 ? 0 : 1)) expected.push_back(self.sizes()[i]);
  check(self.dim() > 2 || target.dim() <= 1,
        "0D or 1D target tensor expected, multi-target not supported: target must hold one class index for "
        "each "
        "sample, got shape ",
        target.sizes(), " for input of shape ", self.sizes());
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

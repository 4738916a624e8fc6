#include "ops/infer/embedding.h"

namespace torch::infer {

namespace {
void check_indices(const char* op, const char* name, const Tensor& t) {
  check(t.dtype() == DType::Int64 || t.dtype() == DType::Int32, "Expected tensor for argument '", name,
        "' to have one of the following scalar types: Long, Int; but got ", dtype_aten_name(t.dtype()),
        " instead (while checking arguments for ", op, ")");
}
} // namespace

TensorMeta embedding(const Tensor& weight, const Tensor& indices) {
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

void check_embedding_renorm(const Tensor& self, const Tensor& indices) {
  check(self.dim() == 2, "Expected 2-dimensional tensor, but got ", self.dim(),
        "-dimensional tensor for argument #1 'self' (while checking arguments for embedding_renorm_)");
  check_indices("embedding_renorm_", "indices", indices);
  check(self.is_floating_point() || self.is_complex(),
        "norm(): input dtype should be either floating point or complex dtypes. Got ",
        dtype_aten_name(self.dtype()), " instead.");
}

Metas4 embedding_bag(const Tensor& weight, const Tensor& indices, const Tensor& offsets, int64_t mode,
                     const Tensor& per_sample_weights, bool include_last_offset) {
  check(indices.dim() == 1, "input has to be a 1D Tensor, but got Tensor of dimension ", indices.dim());
  check(offsets.dim() == 1, "offsets has to be a 1D Tensor, but got Tensor of dimension ", offsets.dim());
  check(weight.dim() == 2, "weight has to be a 2D Tensor, but got Tensor of dimension ", weight.dim());
  check_indices("embedding_bag", "indices", indices);
  check_indices("embedding_bag", "offsets", offsets);
  check(indices.dtype() == offsets.dtype(), "expected input and offsets to have the same dtype, got ",
        indices.dtype(), " and ", offsets.dtype());
  check(weight.is_floating_point(),
        "Expected tensor for argument #1 'weight' to have one of the following scalar types: Half, BFloat16, "
        "Float, "
        "Double; but got ",
        dtype_aten_name(weight.dtype()), " instead (while checking arguments for embedding_bag)");
  check(mode >= 0 && mode <= 2, "embedding_bag: unknown mode ", mode);
  if (per_sample_weights.defined()) {
    check(mode == 0, "embedding_bag: per_sample_weights only supported with mode='sum'");
    check(per_sample_weights.dtype() == weight.dtype(),
          "expected weight and per_sample_weights to have the same dtype, got ", weight.dtype(), " and ",
          per_sample_weights.dtype());
    check(per_sample_weights.dim() == 1 && per_sample_weights.numel() == indices.numel(),
          "expected per_sample_weights of the shape of input, ", indices.sizes(), ", got ",
          per_sample_weights.sizes());
  }
  check(!include_last_offset || offsets.numel() >= 1,
        "include_last_offset: number of offset should be at least 1");
  const int64_t bags = offsets.numel() - (include_last_offset ? 1 : 0), width = weight.sizes()[1];
  const Device device = weight.device();
  return {TensorMeta{{bags, width}, weight.dtype(), device},
          TensorMeta{{indices.numel()}, indices.dtype(), device}, TensorMeta{{bags}, indices.dtype(), device},
          TensorMeta{{bags, mode == 2 ? width : 0}, indices.dtype(), device}};
}

} // namespace torch::infer

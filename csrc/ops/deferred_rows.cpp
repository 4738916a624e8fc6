// Ops with kernels of their own as notes (see deferred.h): which calls of them can wait.
#include "ops/deferred.h"

namespace torch::ops::later {

namespace {

bool is_last(int64_t dim, const Tensor& t) {
  return t.defined() && t.dim() > 0 && wrap_dim(dim, t.dim()) == t.dim() - 1;
}

// Reductions of half types go another way.
bool reduce(RowOp op, Tensor& result, const TensorMeta& meta, const Tensor& self, IntSpan dims) {
  if ((self.dtype() != DType::Float32 && self.dtype() != DType::Float64) || meta.dtype != self.dtype() ||
      dims.size() != 1 || !is_last(dims[0], self) || self.numel() == self.sizes().back())
    return false;
  const TensorMeta* const metas[] = {&meta};
  Tensor* const results[] = {&result};
  const Tensor* const operands[] = {&self};
  return defer_rows({op, metas, results, operands});
}

bool map(RowOp op, Tensor& result, const TensorMeta& meta, std::span<const Tensor* const> operands,
         int64_t dim) {
  const Tensor& first = *operands[0];
  if ((first.dtype() != DType::Float32 && first.dtype() != DType::Float64 &&
       !is_reduced_float(first.dtype())) ||
      meta.dtype != first.dtype() || !is_last(dim, first))
    return false;
  for (const Tensor* t : operands)
    if (!equal(t->sizes(), first.sizes())) return false;
  const TensorMeta* const metas[] = {&meta};
  Tensor* const results[] = {&result};
  return defer_rows({op, metas, results, operands});
}

} // namespace

// Between float and half types, which are held as floats.
bool copy(Tensor& result, const TensorMeta& meta, const Tensor& self) {
  const auto is_float = [](DType type) { return type == DType::Float32 || is_reduced_float(type); };
  if (!is_float(self.dtype()) || !is_float(meta.dtype) || meta.device != self.device() ||
      !may_defer(numel_of(meta.sizes)))
    return false;
  const Tensor* const operands[] = {&self};
  result = defer_new(
      {PointwiseOp::Identity, self.dtype(), meta.dtype, false, meta.sizes, meta.strides, operands, {}});
  return result.defined();
}

bool sum(Tensor& result, const TensorMeta& meta, const Tensor& self, IntSpan dims) {
  return reduce(RowOp::Sum, result, meta, self, dims);
}
bool mean(Tensor& result, const TensorMeta& meta, const Tensor& self, IntSpan dims) {
  return reduce(RowOp::Mean, result, meta, self, dims);
}
bool amax(Tensor& result, const TensorMeta& meta, const Tensor& self, IntSpan dims) {
  return reduce(RowOp::Amax, result, meta, self, dims);
}
bool amin(Tensor& result, const TensorMeta& meta, const Tensor& self, IntSpan dims) {
  return reduce(RowOp::Amin, result, meta, self, dims);
}

bool softmax(Tensor& result, const TensorMeta& meta, const Tensor& self, int64_t dim) {
  const Tensor* const operands[] = {&self};
  return map(RowOp::Softmax, result, meta, operands, dim);
}
bool log_softmax(Tensor& result, const TensorMeta& meta, const Tensor& self, int64_t dim) {
  const Tensor* const operands[] = {&self};
  return map(RowOp::LogSoftmax, result, meta, operands, dim);
}
bool softmax_backward(Tensor& result, const TensorMeta& meta, const Tensor& grad, const Tensor& output,
                      int64_t dim) {
  const Tensor* const operands[] = {&grad, &output};
  return map(RowOp::SoftmaxBackward, result, meta, operands, dim);
}
bool log_softmax_backward(Tensor& result, const TensorMeta& meta, const Tensor& grad, const Tensor& output,
                          int64_t dim) {
  const Tensor* const operands[] = {&grad, &output};
  return map(RowOp::LogSoftmaxBackward, result, meta, operands, dim);
}

bool layer_norm(Tensor& out, Tensor& mean, Tensor& rstd, const std::array<TensorMeta, 3>& metas,
                const Tensor& input, IntSpan normalized_shape, const Tensor& weight, const Tensor& bias,
                double eps) {
  if ((input.dtype() != DType::Float32 && input.dtype() != DType::Float64) || normalized_shape.size() != 1)
    return false;
  const TensorMeta* const each[] = {&metas[0], &metas[1], &metas[2]};
  Tensor* const results[] = {&out, &mean, &rstd};
  const Tensor* const operands[] = {&input, &weight, &bias};
  const Scalar params[] = {Scalar(eps)};
  return defer_rows({RowOp::LayerNorm, each, results, operands, params});
}

} // namespace torch::ops::later

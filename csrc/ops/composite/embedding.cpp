// Bags of rows: their overloads and gradients.
#include "ops/entry.h"
#include "ops/sparse/sparse.h"

namespace torch::ops {

namespace {
std::tuple<Tensor, Tensor, Tensor, Tensor> bag(const Tensor& weight, const Tensor& indices,
                                               const Tensor& offsets, bool scale_grad_by_freq, int64_t mode,
                                               bool sparse, const Tensor& per_sample_weights,
                                               bool include_last_offset, int64_t padding_idx) {
  // Indices of both widths may be mixed.
  const bool mixed = indices.dtype() != offsets.dtype() && is_integral(indices.dtype(), false) &&
                     is_integral(offsets.dtype(), false);
  return _embedding_bag(weight, mixed ? _to_copy(indices, DType::Int64) : indices,
                        mixed ? _to_copy(offsets, DType::Int64) : offsets, scale_grad_by_freq, mode, sparse,
                        per_sample_weights, include_last_offset, padding_idx);
}
} // namespace

std::tuple<Tensor, Tensor, Tensor, Tensor>
embedding_bag(const Tensor& weight, const Tensor& indices, const Tensor& offsets, bool scale_grad_by_freq,
              int64_t mode, bool sparse, const Tensor& per_sample_weights, bool include_last_offset) {
  return bag(weight, indices, offsets, scale_grad_by_freq, mode, sparse, per_sample_weights,
             include_last_offset, -1);
}
std::tuple<Tensor, Tensor, Tensor, Tensor>
embedding_bag(const Tensor& weight, const Tensor& indices, const Tensor& offsets, bool scale_grad_by_freq,
              int64_t mode, bool sparse, const Tensor& per_sample_weights, bool include_last_offset,
              std::optional<int64_t> padding_idx) {
  int64_t skipped = -1;
  if (padding_idx) {
    check(weight.dim() == 2, "weight has to be a 2D Tensor, but got Tensor of dimension ", weight.dim());
    const int64_t rows = weight.sizes()[0];
    check(*padding_idx >= -rows && *padding_idx < rows,
          "padding_idx must be within the number of embeddings, -", rows, " through ", rows - 1, ", but got ",
          *padding_idx);
    skipped = *padding_idx < 0 ? *padding_idx + rows : *padding_idx;
  }
  return bag(weight, indices, offsets, scale_grad_by_freq, mode, sparse, per_sample_weights,
             include_last_offset, skipped);
}

Tensor embedding_weight_grad(const Tensor& rows, const Tensor& indices, int64_t num_weights,
                             int64_t padding_idx, bool scale_grad_by_freq, bool sparse) {
  if (!sparse) return _embedding_grad(rows, indices, num_weights, padding_idx, scale_grad_by_freq);
  check(!scale_grad_by_freq, "embedding_backward: scale_grad_by_freq not supported with sparse gradients");
  const int64_t width = rows.sizes().back();
  Tensor places = reshape(_to_copy(indices, DType::Int64), {-1}),
         values = reshape(rows, {places.numel(), width});
  if (padding_idx >= 0) {
    const Tensor chosen = reshape(nonzero(ne(places, Scalar(padding_idx))), {-1});
    places = index_select(places, 0, chosen);
    values = index_select(values, 0, chosen);
  }
  return sparse::make_coo(unsqueeze(places, 0), values, DimVec{num_weights, width}, false);
}

Tensor embedding_bag_grad_weight(const Tensor& grad, const Tensor& indices, const Tensor& bag_of,
                                 const Tensor& bag_size, const Tensor& max_indices, int64_t num_weights,
                                 bool scale_grad_by_freq, int64_t mode, const Tensor& per_sample_weights,
                                 int64_t padding_idx, bool sparse) {
  if (mode == 2) {
    check_kind(ErrorKind::NotImplemented, !scale_grad_by_freq,
               "embedding_bag: does not support scaling gradients by frequency with mode 'max'");
    const Tensor taken = masked_fill(grad, unsqueeze(eq(bag_size, Scalar(int64_t{0})), -1), Scalar(0.0));
    return scatter_add(zeros({num_weights, grad.sizes()[1]}, grad.dtype(), grad.device()), 0,
                       _to_copy(max_indices, DType::Int64), taken);
  }
  Tensor per_bag = grad;
  if (mode == 1)
    per_bag = grad / _to_copy(unsqueeze(clamp_min(bag_size, Scalar(int64_t{1})), -1), grad.dtype());
  Tensor rows = index_select(per_bag, 0, bag_of);
  if (per_sample_weights.defined()) rows = rows * unsqueeze(per_sample_weights, -1);
  if (sparse || !scale_grad_by_freq || indices.numel() == 0)
    return embedding_weight_grad(rows, indices, num_weights, padding_idx, scale_grad_by_freq, sparse);
  // As PyTorch is observed to: the k-th of the different indices, in order, is divided by how often the k-th
  // of all indices, in order, occurs. Where indices repeat this need not be the same one.
  const Tensor flat = _to_copy(indices, DType::Int64);
  const auto [values, places, counts] = _unique2(flat, true, true, true);
  const Tensor in_order = index_select(places, 0, std::get<1>(sort(flat, 0, false)));
  const Tensor divisors = index_select(counts, 0, index_select(in_order, 0, places));
  return embedding_weight_grad(rows / _to_copy(unsqueeze(divisors, -1), rows.dtype()), indices, num_weights,
                               padding_idx, false, false);
}

Tensor embedding_bag_grad_samples(const Tensor& grad, const Tensor& weight, const Tensor& indices,
                                  const Tensor& bag_of, int64_t padding_idx) {
  const Tensor dots = sum(index_select(grad, 0, bag_of) * index_select(weight, 0, indices), {-1});
  return padding_idx >= 0 ? masked_fill(dots, eq(indices, Scalar(padding_idx)), Scalar(0.0)) : dots;
}

} // namespace torch::ops

// Shape and dtype rules of tables of rows.
#pragma once

#include "ops/infer/infer.h"

namespace torch::infer {

using Metas4 = std::array<TensorMeta, 4>;

TensorMeta embedding(const Tensor& weight, const Tensor& indices);
TensorMeta embedding_grad(const Tensor& grad_output, const Tensor& indices, int64_t num_weights);
void check_embedding_renorm(const Tensor& self, const Tensor& indices);
Metas4 embedding_bag(const Tensor& weight, const Tensor& indices, const Tensor& offsets, int64_t mode,
                     const Tensor& per_sample_weights, bool include_last_offset);

} // namespace torch::infer

// Shape and dtype rules of attention. query is (batch, heads, length, width); key and value may have fewer
// heads, each serving as many heads of query.
#pragma once

#include "ops/infer/infer.h"

namespace torch::infer {

Metas2 attention(const Tensor& query, const Tensor& key, const Tensor& value, double dropout_p,
                 const Tensor& mask);
Metas3 attention_backward(const Tensor& query, const Tensor& key, const Tensor& value);
Metas3 attention_with_dropout(const Tensor& query, const Tensor& key, const Tensor& value,
                              const Tensor& mask);
// Of all weights: (batch, heads, queries, keys).
TensorMeta attention_dropout_mask(const Tensor& query, const Tensor& key);

} // namespace torch::infer

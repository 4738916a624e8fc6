// Shape and dtype rules of pooling; `spatial` (2 or 3) dimensions at the end are pooled.
#pragma once

#include "ops/infer/infer.h"

namespace torch::infer {

// Sizes in the memory order (channels-last or not) of another tensor.
TensorMeta in_order_of(const Tensor& t, const Tensor& model, IntSpan sizes);
DimVec order_strides(const Tensor& model, IntSpan sizes);

Metas2 max_pool(int64_t spatial, const Tensor& self, Ints kernel, Ints stride, Ints padding, Ints dilation,
                bool ceil_mode);
TensorMeta avg_pool(int64_t spatial, const Tensor& self, Ints kernel, Ints stride, Ints padding,
                    bool ceil_mode, std::optional<int64_t> divisor);
Metas2 adaptive_max_pool(int64_t spatial, const Tensor& self, Ints output_size);
TensorMeta adaptive_avg_pool(int64_t spatial, const Tensor& self, Ints output_size);
Metas2 fractional_max_pool(int64_t spatial, const Tensor& self, Ints kernel, Ints output_size,
                           const Tensor& random_samples);

} // namespace torch::infer

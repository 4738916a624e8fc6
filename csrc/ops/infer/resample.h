// Shape and dtype rules of resampling.
#pragma once

#include "ops/infer/pool.h"

namespace torch::infer {

TensorMeta resample(const Tensor& self, Ints output_size, int64_t mode);
TensorMeta grid_sampler(int64_t spatial, const Tensor& input, const Tensor& grid, int64_t interpolation_mode,
                        int64_t padding_mode);
Metas2 grid_sampler_backward(const Tensor& input, const Tensor& grid, bool need_input, bool need_grid);

} // namespace torch::infer

// Shape and dtype rules of convolution and of windows as columns.
#pragma once

#include "ops/infer/pool.h"

namespace torch::infer {

TensorMeta convolution(const Tensor& input, const Tensor& weight, const Tensor& bias, Ints stride,
                       Ints padding, Ints dilation, bool transposed, Ints output_padding, int64_t groups);
TensorMeta im2col(const Tensor& self, Ints kernel, Ints dilation, Ints padding, Ints stride);
TensorMeta col2im(const Tensor& self, Ints output_size, Ints kernel, Ints dilation, Ints padding,
                  Ints stride);

} // namespace torch::infer

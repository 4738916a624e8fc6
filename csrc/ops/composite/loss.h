// What losses share.
#pragma once

#include "ops/entry.h"

namespace torch::ops {

Tensor reduced_loss(const Tensor& loss, int64_t reduction); // 0 none, 1 mean, 2 sum
// Some losses have the dtype of one operand, which must be able to hold what is computed.
Tensor loss_of_dtype(const Tensor& loss, DType dtype);

} // namespace torch::ops

// Places of elements: what the host says of the operands of a kernel (kernels/cuda/walk.h fills it in).
#pragma once

#include "kernels/cuda/device/integers.h"

namespace torch::cuda {

constexpr int kMaxDims = 12; // after merging
constexpr int kMaxOperands = 4;

// Division by a number that is known beforehand, for dividends below 2^31, by a multiplication (Granlund and
// Montgomery, 1994).
struct Divider {
  uint32_t divisor = 1, factor = 0, shift = 0;
};

// Sizes and byte strides of the operands, innermost dimension first.
struct Places {
  int32_t ndim = 0;
  int32_t small = 1; // every index is below 2^31
  int64_t sizes[kMaxDims];
  Divider dividers[kMaxDims];
  int64_t strides[kMaxOperands][kMaxDims];
};

} // namespace torch::cuda

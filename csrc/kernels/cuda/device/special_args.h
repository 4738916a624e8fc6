// Arguments of frexp's kernel, filled in by the host (kernels/cuda/pointwise.cpp). All operands are
// contiguous.
#pragma once

#include "core/dtype_list.h"
#include "kernels/cuda/device/integers.h"

namespace torch::cuda {

constexpr int kFrexpThreads = 128;

struct FrexpArgs {
  const void* self;
  void* mantissa;
  int32_t* exponent;
  int64_t n, width;
  DType type;
};

} // namespace torch::cuda

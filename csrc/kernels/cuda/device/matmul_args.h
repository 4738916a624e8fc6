// Arguments of products of integer matrices, filled in by the host (kernels/cuda/matmul.cpp).
#pragma once

#include "core/dtype_list.h"
#include "kernels/cuda/device/integers.h"

namespace torch::cuda {

struct MatmulArgs {
  const void* a;
  const void* b;
  void* out;
  int64_t n; // elements of out
  int64_t rows, cols, inner;
  int64_t steps[3][3]; // a, b, out: by batch, row, column; in elements
  int64_t alpha, beta;
  int32_t width; // bytes of an element
  DType type;
};

} // namespace torch::cuda

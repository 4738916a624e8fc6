// Rows of the ops that need a row of the last dimension as a whole, for tile programs.
#pragma once

#include "core/scalar.h"
#include "kernels/pointwise_chain.h"

namespace torch::TORCH_ISA {

// Operands of `rows` rows of n contiguous values (or one, or the same row each time), `strides` bytes apart.
struct RowsCall {
  void* const* outs;
  const int64_t* out_strides;
  const void* const* inputs; // null: one that is not there
  const int64_t* in_strides;
  int n_inputs;
  int64_t rows, n;
  const Scalar* params;

  void* out(int k, int64_t row) const { return static_cast<char*>(outs[k]) + row * out_strides[k]; }
  const void* input(int k, int64_t row) const {
    return static_cast<const char*>(inputs[k]) + row * in_strides[k];
  }
};
using RowsFunction = void (*)(const RowsCall& call);

// Of operands that are all of one type, float or double.
RowsFunction softmax_rows(RowOp op, DType type);
RowsFunction reduction_rows(RowOp op, DType type);
RowsFunction layer_norm_rows(DType type);

} // namespace torch::TORCH_ISA

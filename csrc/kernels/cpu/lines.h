// Ops along one dimension whose outputs have the shape of their inputs: scans, softmax. A line is what runs
// along the dimension; lines are handed to kernels either one contiguous line at a time or several side by
// side.
#pragma once

#include "core/tensor.h"

namespace torch::TORCH_ISA {

constexpr int kMaxLineOperands = 4;

struct LineOp {
  int n_outputs; // the first operands
  int n_operands;
  DType types[kMaxLineOperands]; // what the kernels see; operands of another dtype are converted
  // data[k]: n contiguous elements of operand k
  void (*line)(void* const* data, int64_t n, const void* context);
  // data[k]: n rows of m contiguous elements, strides[k] bytes apart
  void (*columns)(void* const* data, const int64_t* strides, int64_t n, int64_t m, const void* context);
  const void* context = nullptr;
  int cost = 1; // of an element, in additions
};

// Operands: outputs, then inputs, all of one shape, with any strides.
void run_lines(const LineOp& op, const Tensor* const* operands, int64_t dim);

} // namespace torch::TORCH_ISA

#pragma once

#include "kernels/cpu/rows.h"
#include "kernels/pointwise_ops.h"

namespace torch::TORCH_ISA {

// The row of an op on inputs that all are of `dtype` itself (bool, uint8, int8, int16, or a half type), with
// a result of that type or, where the op gives truth values, bool; null: the op runs on int32, or on floats.
Row narrow_row(PointwiseOp op, DType dtype);
Row half_row(PointwiseOp op, DType dtype); // its part for half types

} // namespace torch::TORCH_ISA

#pragma once

#include "kernels/cpu/rows.h"
#include "kernels/pointwise_ops.h"

namespace torch::TORCH_ISA {

// The row of an op on inputs that all are of `dtype` itself (bool, uint8, int8 or int16), with a result of
// that type or, where the op gives truth values, bool; null: the op runs in int32.
Row narrow_row(PointwiseOp op, DType dtype);

} // namespace torch::TORCH_ISA

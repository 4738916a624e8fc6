// Kernels that see whole lines: how a block is shared, and which kernel it is.
#pragma once

#include "core/tensor.h"
#include "kernels/cuda/device/lines_args.h"
#include "kernels/cuda/launch.h"

namespace torch::cuda {

// Sets the lanes of `lines` lines of n elements, whose elements (or else their neighbours in other lines) lie
// next to each other.
void share_lines(LinesShape& shape, bool elements_adjacent);
Grid lines_grid(const LinesShape& shape);

// float for half precision.
DType computed_in(DType t);

} // namespace torch::cuda

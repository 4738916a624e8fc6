// Layouts of operands, as kernels are told of them.
#pragma once

#include "core/tensor.h"
#include "kernels/cuda/device/places.h"

#include <span>

namespace torch::cuda {

// Dimensions of size 1 go, the others are put in the order of the strides of the first operand (then of the
// second ...) and merged where all operands allow. `sizes` are those of the outputs; inputs broadcast to
// them. Null operands, which are not in the memory of the GPU, do not count.
Places find_places(IntSpan sizes, std::span<const Tensor* const> operands);

Divider make_divider(uint32_t divisor);

// Whether elements lie in the memory of all operands in the same order and without gaps, so that they can be
// gone through as one row.
bool lie_alike(const Tensor& a, const Tensor& b);

} // namespace torch::cuda

// Two cheap ops in one row, for tile programs: the value between them stays in a register.
#pragma once

#include "kernels/cpu/program.h"
#include "kernels/pointwise_chain.h"

namespace torch::TORCH_ISA {

// The elementwise step `i` of a chain and the next one as one, or a step without a row: if that one alone
// reads the result, and there is a row for the two. `params`: room for two.
Step paired(const Chain& chain, size_t i, Scalar* params);

} // namespace torch::TORCH_ISA

// Tile programs whose tiles are whole rows of the last dimension, for chains with row ops.
#pragma once

#include "kernels/pointwise_chain.h"

namespace torch::TORCH_ISA {

void run_row_program(const Chain& chain);

} // namespace torch::TORCH_ISA

// How attention is cut into blocks, for the kernels and for what is kept for each block.
#pragma once

#include <cstdint>

namespace torch {

// Queries of a block. Depends on the shape only, like everything that could change a result.
constexpr int64_t attention_block(int64_t queries) { return queries >= 512 ? 128 : 64; }

} // namespace torch

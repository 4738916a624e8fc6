// Arguments of attention's kernels, filled in by the host (kernels/cuda/attention.cpp).
#pragma once

#include "core/dtype_list.h"
#include "kernels/cuda/device/random_args.h"

namespace torch::cuda {

// Rows of elements by batch and head; strides in elements.
struct Heads {
  void* data;
  int64_t batch, head, row, col;
  int32_t by_chunks; // rows are of whole chunks of 16 bytes, and lie so
};

struct AttentionArgs {
  Heads query, key, value, out, grad;
  Heads grad_query, grad_key, grad_value;
  Heads mask;  // its data is null where there is none
  Heads lse;   // logarithms of the sums that weights are divided by; strides of columns are not used
  void* delta; // sum of grad * out for each query, in the type that is computed in, by (batch, head, query)
  int64_t heads, queries, keys, width, value_width;
  int64_t group; // heads of queries for each head of keys
  int64_t tiles; // into which a head's queries (or keys) are cut
  double scale;
  double keep; // probability that a weight stays
  PhiloxSource random;
  int64_t* states; // seed and offset of what is dropped, written by the first block; null: nothing is dropped
  int32_t causal;
  int32_t batch;
  DType type, mask_type;
};

// Plain kernels: threads of a block, columns of the result that a block has, and rows of a tile.
constexpr int kAttentionThreads = 256, kAttentionColumns = 128;
constexpr int attention_tile(int bytes) { return bytes == 4 ? 64 : 32; }
// Kernels with tensor cores: threads of a block, and rows that it has.
constexpr int kTensorThreads = 128, kTensorRows = 64;

} // namespace torch::cuda

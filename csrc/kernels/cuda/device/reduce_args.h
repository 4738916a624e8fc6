// Arguments of the reductions, filled in by the host (kernels/cuda/reduce.cpp).
#pragma once

#include "core/dtype_list.h"
#include "kernels/cuda/device/places.h"

namespace torch::cuda {

constexpr int kReduceThreads = 256;

// Where a block's values come from, and where its results go. Few outputs of many elements each are made in
// two steps: blocks leave partial results, and a second launch joins them.
enum class ReducePhase : int32_t { Whole, ToPartial, FromPartial };

struct ReduceArgs {
  void* out;
  const void* in;
  void* partial; // n_out rows of `splits` accumulators
  int64_t n_out, n_in;
  int64_t splits;      // blocks that share the elements of an output
  double divisor;      // of the result, if it `divides`: for means
  double parameter;    // exponent of a norm, correction of a variance
  void* second;        // means beside variances, values beside their positions; may be null
  int32_t lanes;       // threads that share an output in a block, a power of two
  int32_t lanes_first; // neighbouring threads share an output; otherwise they have neighbouring outputs
  int32_t divides;
  int32_t root; // of the variance
  ReducePhase phase;
  DType out_type, in_type, second_type;
  uint8_t out_width, second_width; // bytes of an element
  Places kept;                     // of out and in, over the outputs
  Places reduced;                  // of in, over the elements of one output
};

} // namespace torch::cuda

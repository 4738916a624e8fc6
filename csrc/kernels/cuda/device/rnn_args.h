// Arguments of the kernels for the gates of recurrent networks, filled in by the host (kernels/cuda/rnn.cpp).
#pragma once

#include "kernels/cuda/device/integers.h"

namespace torch::cuda {

constexpr int kGatesThreads = 256;

// All operands are contiguous; gates of a row lie one kind after the other.
struct GatesArgs {
  int64_t n, units;    // n units of all rows
  const void* input;   // gates by the input,
  const void* hidden;  // by the state
  const void* state;   // of the cell, or hidden for gru, before the step
  const void* after;   // of the cell, after the step
  const void* kept;    // gates, for the gradient
  const void* grad[2]; // of the state and of the cell's; either may be null
  void* out[3];
};

} // namespace torch::cuda

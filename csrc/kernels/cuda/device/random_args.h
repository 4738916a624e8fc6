// Arguments of the kernels that draw random numbers, filled in by the host (kernels/cuda/random.cpp).
#pragma once

#include "core/dtype_list.h"
#include "kernels/cuda/device/places.h"

namespace torch::cuda {

constexpr int kRandomThreads = 256;

struct RandomArgs {
  void* out;
  const void* p; // probabilities, for bernoulli_tensor
  int64_t n;
  int64_t threads;       // of the whole grid
  uint64_t seed, offset; // of the generator; the offset in words of a thread
  double a, b;           // parameters of the distribution
  int64_t base;
  uint64_t range; // 0: all values
  DType out_type, p_type;
  Places places; // out, p
};

} // namespace torch::cuda

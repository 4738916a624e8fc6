// Arguments of the kernels that draw random numbers, filled in by the host (kernels/cuda/random.cpp).
#pragma once

#include "core/dtype_list.h"
#include "kernels/cuda/device/places.h"

namespace torch::cuda {

constexpr int kRandomThreads = 256;

// Where a launch begins in the generator's sequence: at `offset`, in words of a thread. In a captured graph
// that is added to what device memory says (seed, offset) when the graph is replayed.
struct PhiloxSource {
  uint64_t seed = 0, offset = 0;
  const int64_t* captured = nullptr;
};

struct RandomArgs {
  void* out;
  const void* p; // probabilities, for bernoulli_tensor; parameters of what is drawn by rejection
  const void* q; // the second ones, for binomial
  int64_t n;
  int64_t threads; // of the whole grid
  PhiloxSource random;
  double a, b; // parameters of the distribution
  int64_t base;
  uint64_t range; // 0: all values
  DType out_type, p_type, q_type;
  Places places; // out, p, q
};

} // namespace torch::cuda

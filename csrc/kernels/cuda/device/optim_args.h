// Arguments of the steps of optimizers, filled in by the host (kernels/cuda/optim.cpp).
#pragma once

#include "core/dtype_list.h"
#include "kernels/cuda/device/integers.h"

namespace torch::cuda {

constexpr int kOptimThreads = 256, kOptimEach = 8; // elements of a thread
constexpr int kOptimBlock = kOptimThreads * kOptimEach;
constexpr int kOptimOperands = 5, kOptimRule = 104; // bytes of a rule, at most
constexpr int kOptimTensors = 128;                  // of one launch, whose arguments are below 32 KB

// One parameter with what goes with it; its elements lie in the same order in all of them.
struct OptimTensor {
  void* data[kOptimOperands];
  int64_t n;
  int64_t first_block;
  alignas(8) unsigned char rule[kOptimRule]; // the rule itself: its constants differ between parameters
  DType types[kOptimOperands];
};
struct OptimArgs {
  int32_t count;
  OptimTensor tensors[kOptimTensors];
};
static_assert(sizeof(OptimArgs) <= 32764);

} // namespace torch::cuda

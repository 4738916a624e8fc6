// Steps of optimizers over lists of parameters: a launch takes many of them, a block a part of one.
#pragma once

#include "kernels/cuda/device/lines.h"
#include "kernels/cuda/device/optim_args.h"
#include "kernels/optim_rules.h"

namespace torch::TORCH_ISA {

template <class Rule, class V, class S> TORCH_INLINE void optimize(const cuda::OptimArgs& args) {
  int low = 0, high = args.count - 1; // the last tensor that begins at this block or before
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (args.tensors[middle].first_block <= int64_t(blockIdx.x))
      low = middle;
    else
      high = middle - 1;
  }
  const cuda::OptimTensor& own = args.tensors[low];
  static_assert(sizeof(Rule) <= cuda::kOptimRule);
  const Rule& rule = *reinterpret_cast<const Rule*>(own.rule);
  const int64_t first = (int64_t(blockIdx.x) - own.first_block) * cuda::kOptimBlock;
#pragma unroll 1
  for (int64_t i = first + threadIdx.x; i < first + cuda::kOptimBlock && i < own.n;
       i += cuda::kOptimThreads) {
    V x[Rule::kOperands];
    const auto at = [&](int k) {
      return static_cast<char*>(own.data[k]) +
             i * (std::is_same_v<S, AnyType> ? width_of(own.types[k]) : int(sizeof(S)));
    };
#pragma unroll
    for (int k = 0; k < Rule::kOperands; ++k) x[k] = load_element<V, S>(own.types[k], at(k));
    rule(x);
#pragma unroll
    for (int k = 0; k < Rule::kOperands; ++k)
      if (Rule::kWritten >> k & 1) store_element<S>(own.types[k], at(k), x[k]);
  }
}

} // namespace torch::TORCH_ISA

#define TORCH_OPTIM(name, Rule, V, S)                                                                        \
  TORCH_KERNEL(name, torch::cuda::kOptimThreads, torch::cuda::OptimArgs) {                                   \
    using namespace torch::TORCH_ISA;                                                                        \
    optimize<Rule<V>, V, S>(args);                                                                           \
  }

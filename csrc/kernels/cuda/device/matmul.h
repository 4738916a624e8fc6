// Products of integer matrices, which cuBLASLt does not have: a thread for each element of the result.
// Sums wrap around.
#pragma once

#include "kernels/cuda/device/element.h"
#include "kernels/cuda/device/index_args.h"
#include "kernels/cuda/device/matmul_args.h"

namespace torch::TORCH_ISA {

template <class V> TORCH_INLINE void matmul(const cuda::MatmulArgs& args) {
  const int64_t i = int64_t(blockIdx.x) * cuda::kEachThreads + threadIdx.x;
  if (i >= args.n) return;
  const int64_t col = i % args.cols, row = i / args.cols % args.rows, batch = i / args.cols / args.rows;
  const auto place = [&](const void* base, int k, int64_t r, int64_t c) {
    const int64_t at = batch * args.steps[k][0] + r * args.steps[k][1] + c * args.steps[k][2];
    return static_cast<const char*>(base) + at * args.width;
  };
  V sum = 0;
  for (int64_t k = 0; k < args.inner; ++k)
    sum = fused(load_as<V>(args.type, place(args.a, 0, row, k)),
                load_as<V>(args.type, place(args.b, 1, k, col)), sum);
  char* const out = const_cast<char*>(place(args.out, 2, row, col));
  const V kept = args.beta == 0 ? V(0) : fused(V(args.beta), load_as<V>(args.type, out), V(0));
  store_as(args.type, out, fused(V(args.alpha), sum, kept));
}

} // namespace torch::TORCH_ISA

#define TORCH_MATMUL(name, Op, V)                                                                            \
  TORCH_KERNEL(name, torch::cuda::kEachThreads, torch::cuda::MatmulArgs) {                                   \
    torch::TORCH_ISA::matmul<V>(args);                                                                       \
  }

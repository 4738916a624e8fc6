// Special functions over tables and series, from the CPU's sources: functors for the strided elementwise
// kernel (pointwise.h), which is as fast as what they compute allows, and frexp, which has two results.
#pragma once

#include "kernels/cuda/device/pointwise.h"
#include "kernels/cuda/device/special_args.h"
#include "kernels/special_value.h"

namespace torch::TORCH_ISA {

using Wide = double; // what the functors compute in
using FineReal = double;

template <int kPieces, int kTerms>
TORCH_INLINE double table_values(const double (&table)[kPieces][kTerms], double low, double high, double x) {
  return table_value(table, low, high, x);
}

} // namespace torch::TORCH_ISA

#include "kernels/special_bessel.h"
#include "kernels/special_gamma.h"

namespace torch::TORCH_ISA {

template <Wide (*kFunction)(Wide), class V> TORCH_INLINE V in_double(V a) { return V(kFunction(double(a))); }
template <class V> TORCH_INLINE V polygamma_each(int64_t n, V a) { return V(polygamma_(n, double(a))); }

} // namespace torch::TORCH_ISA

#include "kernels/special_functors.h"

namespace torch::TORCH_ISA {

template <class V> TORCH_INLINE void split(const cuda::FrexpArgs& args) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= args.n) return;
  const V x = load_as<V>(args.type, static_cast<const char*>(args.self) + i * args.width);
  int power = 0;
  const V mantissa = isfinite_(x) ? std::frexp(x, &power) : x;
  store_as(args.type, static_cast<char*>(args.mantissa) + i * args.width, mantissa);
  args.exponent[i] = power;
}

} // namespace torch::TORCH_ISA

#define TORCH_FREXP(name, Op, V)                                                                             \
  TORCH_KERNEL(name, torch::cuda::kFrexpThreads, torch::cuda::FrexpArgs) { torch::TORCH_ISA::split<V>(args); }

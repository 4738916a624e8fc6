// Running sums, products, extrema and logarithms of sums along a dimension.
//
// NAME_V_any: elements of any dtype, joined as V. How a line is shared is said in scan_args.h; within a block
// the threads join their own elements, then each other's by doubling distances.
#pragma once

#include "kernels/cuda/device/element.h"
#include "kernels/cuda/device/scan_args.h"
#include "kernels/cuda/device/walk.h"

namespace torch::TORCH_ISA {

// start() is what joins without an effect; of() is an element that stands at `index` of its line.
template <class V> struct CumSum {
  using Acc = V;
  static TORCH_INLINE Acc start() { return V(0); }
  static TORCH_INLINE Acc of(V x, int64_t) { return x; }
  static TORCH_INLINE Acc join(Acc a, Acc b) { return a + b; }
  static TORCH_INLINE V value(Acc acc) { return acc; }
};
template <class V> struct CumProd {
  using Acc = V;
  static TORCH_INLINE Acc start() { return V(1); }
  static TORCH_INLINE Acc of(V x, int64_t) { return x; }
  static TORCH_INLINE Acc join(Acc a, Acc b) { return a * b; }
  static TORCH_INLINE V value(Acc acc) { return acc; }
};
template <class V> TORCH_APART V log_add_exp_apart(V a, V b) { return log_add_exp(a, b); } // it is long
template <class V> struct LogCumSumExp {
  using Acc = V;
  static TORCH_INLINE Acc start() { return V(-std::numeric_limits<typename RealOf<V>::type>::infinity()); }
  static TORCH_INLINE Acc of(V x, int64_t) { return x; }
  static TORCH_INLINE Acc join(Acc a, Acc b) {
    if constexpr (kIsComplex<V>) {
      return log_add_exp_apart(a, b);
    } else {
      if (isnan_(a) || isnan_(b)) return a + b;
      const V high = maximum_(a, b), low = minimum_(a, b);
      return isinf_(high) ? high : high + log1p_(exp_(low - high));
    }
  }
  static TORCH_INLINE V value(Acc acc) { return acc; }
};
// The last of equal values, NaN once met.
template <class V> struct RunningBest {
  V value;
  int64_t index; // below 0: of nothing
};
template <class V, bool kLargest> struct CumExtremum {
  using Acc = RunningBest<V>;
  static TORCH_INLINE Acc start() { return {V(0), -1}; }
  static TORCH_INLINE Acc of(V x, int64_t index) { return {x, index}; }
  static TORCH_INLINE Acc join(Acc a, Acc b) {
    if (a.index < 0 || b.index < 0) return a.index < 0 ? b : a;
    if (b.value != b.value) return b;
    if (a.value != a.value) return a;
    return (kLargest ? b.value >= a.value : b.value <= a.value) ? b : a;
  }
  static TORCH_INLINE V value(Acc acc) { return acc.value; }
};
template <class V> struct CumMax : CumExtremum<V, true> {};
template <class V> struct CumMin : CumExtremum<V, false> {};

template <class Op, class V> struct ScanLine {
  using Acc = typename Op::Acc;
  const cuda::ScanArgs& args;
  int64_t at[3]; // out, indices, in

  TORCH_INLINE ScanLine(const cuda::ScanArgs& a, int64_t line) : args(a) { find_place(a.places, line, at); }
  TORCH_INLINE Acc load(int64_t i) const {
    return Op::of(load_as<V>(args.in_type, static_cast<const char*>(args.in) + at[2] + i * args.step[2]), i);
  }
  TORCH_INLINE void store(int64_t i, Acc acc) const {
    store_as(args.out_type, static_cast<char*>(args.out) + at[0] + i * args.step[0], Op::value(acc));
    if constexpr (requires { acc.index; })
      *reinterpret_cast<int64_t*>(static_cast<char*>(args.indices) + at[1] + i * args.step[1]) = acc.index;
  }
};

// Each thread's value joined with those of the threads before it. All threads of the block come here.
template <class Op, class Acc> TORCH_INLINE void join_threads(Acc* shared) {
  const int thread = static_cast<int>(threadIdx.x);
  for (int apart = 1; apart < cuda::kScanThreads; apart *= 2) {
    const Acc before = thread >= apart ? shared[thread - apart] : Op::start();
    __syncthreads();
    shared[thread] = Op::join(before, shared[thread]);
    __syncthreads();
  }
}

template <class Op, class V> TORCH_INLINE void scan(const cuda::ScanArgs& args) {
  using Acc = typename Op::Acc;
  using cuda::ScanPhase;
  __shared__ Acc shared[cuda::kScanThreads];
  const int thread = static_cast<int>(threadIdx.x);
  Acc* const totals = static_cast<Acc*>(args.totals);

  if (args.phase == ScanPhase::ByThreads) {
    const int64_t line = int64_t(blockIdx.x) * cuda::kScanThreads + thread;
    if (line >= args.lines) return;
    const ScanLine<Op, V> own(args, line);
    Acc acc = Op::start();
    for (int64_t i = 0; i < args.n; ++i) {
      acc = Op::join(acc, own.load(i));
      own.store(i, acc);
    }
    return;
  }
  if (args.phase == ScanPhase::JoinTotals) {
    Acc* const own = totals + int64_t(blockIdx.x) * args.chunks;
    Acc carry = Op::start();
    for (int64_t first = 0; first < args.chunks; first += cuda::kScanThreads) {
      const int64_t i = first + thread;
      shared[thread] = i < args.chunks ? own[i] : Op::start();
      __syncthreads();
      join_threads<Op>(shared);
      if (i < args.chunks) own[i] = Op::join(carry, shared[thread]);
      carry = Op::join(carry, shared[cuda::kScanThreads - 1]);
      __syncthreads();
    }
    return;
  }
  const int64_t line = int64_t(blockIdx.x) / args.chunks, chunk = int64_t(blockIdx.x) - line * args.chunks;
  const ScanLine<Op, V> own(args, line);
  const int64_t first = chunk * cuda::kScanChunk + int64_t(thread) * cuda::kScanEach;
  Acc part[cuda::kScanEach], total = Op::start();
#pragma unroll
  for (int k = 0; k < cuda::kScanEach; ++k) {
    if (first + k < args.n) total = Op::join(total, own.load(first + k));
    part[k] = total;
  }
  shared[thread] = total;
  __syncthreads();
  join_threads<Op>(shared);
  if (args.phase == ScanPhase::Totals) {
    if (thread == cuda::kScanThreads - 1) totals[line * args.chunks + chunk] = shared[thread];
    return;
  }
  Acc before = thread == 0 ? Op::start() : shared[thread - 1];
  if (args.phase == ScanPhase::Final && chunk > 0)
    before = Op::join(totals[line * args.chunks + chunk - 1], before);
#pragma unroll
  for (int k = 0; k < cuda::kScanEach; ++k)
    if (first + k < args.n) own.store(first + k, Op::join(before, part[k]));
}

} // namespace torch::TORCH_ISA

#define TORCH_SCAN(name, Op, V)                                                                              \
  TORCH_KERNEL(name, torch::cuda::kScanThreads, torch::cuda::ScanArgs) {                                     \
    using namespace torch::TORCH_ISA;                                                                        \
    scan<Op<V>, V>(args);                                                                                    \
  }

// Reductions over any dimensions: sums, products, extrema, truth.
//
// NAME_V_S: elements held as S ("any": of any dtype, looked up at run time) are converted to V and joined. A
// block of 256 threads is a table of `lanes` by rows: the lanes of a row share one output, each taking every
// lanes-th element in four independent chains, and then join in shared memory by halves. Along the reduced
// dimension if that is what lies closest in memory neighbouring threads are the lanes of a row, otherwise
// they are neighbouring rows: loads of a warp lie side by side either way. The order of joining depends on
// shapes and on the number of blocks only.
#pragma once

#include "kernels/cuda/device/element.h"
#include "kernels/cuda/device/reduce_args.h"
#include "kernels/cuda/device/walk.h"

namespace torch::TORCH_ISA {

template <class V> struct Sum {
  using Acc = V;
  static TORCH_INLINE Acc start() { return V(0); }
  static TORCH_INLINE Acc of(V x) { return x; }
  static TORCH_INLINE Acc join(Acc a, Acc b) { return a + b; }
};
template <class V> struct Prod {
  using Acc = V;
  static TORCH_INLINE Acc start() { return V(1); }
  static TORCH_INLINE Acc of(V x) { return x; }
  static TORCH_INLINE Acc join(Acc a, Acc b) { return a * b; }
};
template <class V> struct Amax { // NaN if there is one
  using Acc = V;
  static TORCH_INLINE Acc start() {
    if constexpr (std::is_integral_v<V>)
      return std::numeric_limits<V>::min();
    else
      return -std::numeric_limits<V>::infinity();
  }
  static TORCH_INLINE Acc of(V x) { return x; }
  static TORCH_INLINE Acc join(Acc a, Acc b) { return maximum_(a, b); }
};
template <class V> struct Amin {
  using Acc = V;
  static TORCH_INLINE Acc start() {
    if constexpr (std::is_integral_v<V>)
      return std::numeric_limits<V>::max();
    else
      return std::numeric_limits<V>::infinity();
  }
  static TORCH_INLINE Acc of(V x) { return x; }
  static TORCH_INLINE Acc join(Acc a, Acc b) { return minimum_(a, b); }
};
template <class V> struct All {
  using Acc = int32_t;
  static TORCH_INLINE Acc start() { return 1; }
  static TORCH_INLINE Acc of(V x) { return x != V(0); }
  static TORCH_INLINE Acc join(Acc a, Acc b) { return a & b; }
};
template <class V> struct Any {
  using Acc = int32_t;
  static TORCH_INLINE Acc start() { return 0; }
  static TORCH_INLINE Acc of(V x) { return x != V(0); }
  static TORCH_INLINE Acc join(Acc a, Acc b) { return a | b; }
};

struct AnyType {}; // in the place of S

template <class Op, class V, class S> TORCH_INLINE void reduce(const cuda::ReduceArgs& args) {
  using Acc = typename Op::Acc;
  using cuda::ReducePhase;
  __shared__ Acc shared[cuda::kReduceThreads];
  const int lanes = args.lanes, rows = cuda::kReduceThreads / lanes, thread = static_cast<int>(threadIdx.x);
  const int lane = args.lanes_first ? thread % lanes : thread / rows;
  const int row = args.lanes_first ? thread / lanes : thread % rows;
  const int64_t group = int64_t(blockIdx.x) / args.splits, split = int64_t(blockIdx.x) - group * args.splits;
  const int64_t out = group * rows + row;
  const bool in_range = out < args.n_out;

  int64_t at[2] = {0, 0}; // bytes, of out and in
  Acc acc[4] = {Op::start(), Op::start(), Op::start(), Op::start()};
  if (in_range) {
    find_place(args.kept, out, at);
    const bool from_partial = args.phase == ReducePhase::FromPartial;
    const int64_t share = (args.n_in + args.splits - 1) / args.splits;
    const int64_t begin = from_partial ? 0 : split * share;
    const int64_t end = from_partial ? args.n_in : begin + share < args.n_in ? begin + share : args.n_in;
    const char* const first = static_cast<const char*>(args.in) + at[1];
    const auto load = [&](int64_t i) {
      if (from_partial) return static_cast<const Acc*>(args.partial)[out * args.n_in + i];
      int64_t from[1] = {i * args.reduced.strides[0][0]};
      if (args.reduced.ndim != 1) find_place(args.reduced, i, from);
      if constexpr (std::is_same_v<S, AnyType>)
        return Op::of(load_as<V>(args.in_type, first + from[0]));
      else
        return Op::of(convert<V>(*reinterpret_cast<const S*>(first + from[0])));
    };
    int64_t i = begin + lane;
    for (; i + 3 * lanes < end; i += 4 * lanes) {
#pragma unroll
      for (int k = 0; k < 4; ++k) acc[k] = Op::join(acc[k], load(i + k * lanes));
    }
    for (; i < end; i += lanes) acc[0] = Op::join(acc[0], load(i));
  }
  Acc* const own = shared + lane * rows + row;
  *own = Op::join(Op::join(acc[0], acc[1]), Op::join(acc[2], acc[3]));
  __syncthreads();
  for (int half = lanes / 2; half > 0; half /= 2) {
    if (lane < half) *own = Op::join(*own, own[half * rows]);
    __syncthreads();
  }
  if (!in_range || lane != 0) return;
  if (args.phase == ReducePhase::ToPartial) {
    static_cast<Acc*>(args.partial)[out * args.splits + split] = *own;
    return;
  }
  char* const to = static_cast<char*>(args.out) + at[0];
  if constexpr (!std::is_same_v<Acc, int32_t> && !std::is_integral_v<V>)
    if (args.divides)
      return store_as(args.out_type, to, *own / V(static_cast<typename RealOf<V>::type>(args.divisor)));
  store_as(args.out_type, to, *own);
}

} // namespace torch::TORCH_ISA

#define TORCH_REDUCE(name, Op, V, S)                                                                         \
  TORCH_KERNEL(name, torch::cuda::kReduceThreads, torch::cuda::ReduceArgs) {                                 \
    using namespace torch::TORCH_ISA;                                                                        \
    reduce<Op<V>, V, S>(args);                                                                               \
  }

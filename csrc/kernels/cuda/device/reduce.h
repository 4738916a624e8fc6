// Reductions over any dimensions: sums, products, extrema, truth, moments.
//
// NAME_V_S: elements held as S ("any": of any dtype, looked up at run time) are converted to V and joined. A
// block of 256 threads is a table of `lanes` by rows: the lanes of a row share one output, each taking every
// lanes-th element in four independent chains, and then join in shared memory by halves. Along the reduced
// dimension if that is what lies closest in memory neighbouring threads are the lanes of a row, otherwise
// they are neighbouring rows: loads of a warp lie side by side either way. The order of joining depends on
// shapes and on the number of blocks only.
#pragma once

#include "kernels/cuda/device/lines.h"
#include "kernels/cuda/device/reduce_args.h"
#include "kernels/cuda/device/walk.h"

namespace torch::TORCH_ISA {

// What is joined: start() is the accumulator of nothing, of() that of an element, which stands at `index`
// among those of its output; finish() writes the results.
template <class V> struct Reducer {
  const cuda::ReduceArgs& args;

  template <class Acc> TORCH_INLINE void finish(Acc acc, char* out, char*) const {
    store_as(args.out_type, out, acc);
  }
};
template <class V> TORCH_INLINE V least_number() {
  if constexpr (std::is_integral_v<V>)
    return std::numeric_limits<V>::min();
  else
    return -std::numeric_limits<V>::infinity();
}
template <class V> TORCH_INLINE V greatest_number() {
  if constexpr (std::is_integral_v<V>)
    return std::numeric_limits<V>::max();
  else
    return std::numeric_limits<V>::infinity();
}

template <class V> struct Sum : Reducer<V> {
  using Acc = V;
  TORCH_INLINE Acc start() const { return V(0); }
  TORCH_INLINE Acc of(V x, int64_t) const { return x; }
  TORCH_INLINE Acc join(Acc a, Acc b) const { return a + b; }
  TORCH_INLINE void finish(Acc acc, char* out, char*) const {
    if constexpr (!std::is_integral_v<V>)
      if (this->args.divides) acc = acc / V(static_cast<typename RealOf<V>::type>(this->args.divisor));
    store_as(this->args.out_type, out, acc);
  }
};
template <class V> struct Prod : Reducer<V> {
  using Acc = V;
  TORCH_INLINE Acc start() const { return V(1); }
  TORCH_INLINE Acc of(V x, int64_t) const { return x; }
  TORCH_INLINE Acc join(Acc a, Acc b) const { return a * b; }
};
template <class V> struct Amax : Reducer<V> { // NaN if there is one
  using Acc = V;
  TORCH_INLINE Acc start() const { return least_number<V>(); }
  TORCH_INLINE Acc of(V x, int64_t) const { return x; }
  TORCH_INLINE Acc join(Acc a, Acc b) const { return maximum_(a, b); }
};
template <class V> struct Amin : Reducer<V> {
  using Acc = V;
  TORCH_INLINE Acc start() const { return greatest_number<V>(); }
  TORCH_INLINE Acc of(V x, int64_t) const { return x; }
  TORCH_INLINE Acc join(Acc a, Acc b) const { return minimum_(a, b); }
};
template <class V> struct All : Reducer<V> {
  using Acc = int32_t;
  TORCH_INLINE Acc start() const { return 1; }
  TORCH_INLINE Acc of(V x, int64_t) const { return x != V(0); }
  TORCH_INLINE Acc join(Acc a, Acc b) const { return a & b; }
};
template <class V> struct Any : Reducer<V> {
  using Acc = int32_t;
  TORCH_INLINE Acc start() const { return 0; }
  TORCH_INLINE Acc of(V x, int64_t) const { return x != V(0); }
  TORCH_INLINE Acc join(Acc a, Acc b) const { return a | b; }
};
template <class V> struct CountNonzero : Reducer<V> {
  using Acc = int64_t;
  TORCH_INLINE Acc start() const { return 0; }
  TORCH_INLINE Acc of(V x, int64_t) const { return x != V(0); }
  TORCH_INLINE Acc join(Acc a, Acc b) const { return a + b; }
};
template <class V> struct Xor : Reducer<V> {
  using Acc = V;
  TORCH_INLINE Acc start() const { return V(0); }
  TORCH_INLINE Acc of(V x, int64_t) const { return x; }
  TORCH_INLINE Acc join(Acc a, Acc b) const { return a ^ b; }
};

// Where the extremum stands: the first of equal values, NaN before numbers. The position is the first
// output, the value the second.
template <class V> struct Placed {
  V value;
  int64_t index; // below 0: of nothing
};
template <class V, bool kLargest> struct ArgExtremum : Reducer<V> {
  using Acc = Placed<V>;
  TORCH_INLINE Acc start() const { return {V(0), -1}; }
  TORCH_INLINE Acc of(V x, int64_t index) const { return {x, index}; }
  TORCH_INLINE Acc join(Acc a, Acc b) const {
    if (a.index < 0 || b.index < 0) return a.index < 0 ? b : a;
    const bool a_nan = a.value != a.value, b_nan = b.value != b.value;
    if (a_nan != b_nan) return a_nan ? a : b;
    if (a_nan || a.value == b.value) return a.index < b.index ? a : b;
    return (a.value > b.value) == kLargest ? a : b;
  }
  TORCH_INLINE void finish(Acc acc, char* out, char* second) const {
    *reinterpret_cast<int64_t*>(out) = acc.index;
    if (second) store_as(this->args.second_type, second, acc.value);
  }
};
template <class V> struct ArgMax : ArgExtremum<V, true> {};
template <class V> struct ArgMin : ArgExtremum<V, false> {};

// Means and sums of squared differences from them (Chan, Golub and LeVeque, 1979); variance, mean.
template <class V> struct MomentsOf {
  V mean, squares;
  int64_t count;
};
template <class V> struct Variance : Reducer<V> {
  using Acc = MomentsOf<V>;
  static TORCH_INLINE Acc start() { return {V(0), V(0), 0}; }
  static TORCH_INLINE Acc of(V x, int64_t) { return {x, V(0), 1}; }
  static TORCH_INLINE Acc join(Acc a, Acc b) {
    if (b.count == 0) return a;
    if (a.count == 0) return b;
    const int64_t count = a.count + b.count;
    const V apart = b.mean - a.mean, share = V(b.count) / V(count);
    return {a.mean + apart * share, a.squares + b.squares + apart * apart * (V(a.count) * share), count};
  }
  TORCH_INLINE void finish(Acc acc, char* out, char* second) const {
    const V nan = std::numeric_limits<V>::quiet_NaN();
    const V freedom = V(static_cast<double>(acc.count) - this->args.parameter);
    V value = acc.count == 0 ? nan : acc.squares / (freedom > V(0) ? freedom : V(0));
    if (this->args.root) value = sqrt_(value);
    store_as(this->args.out_type, out, value);
    if (second) store_as(this->args.second_type, second, acc.count == 0 ? nan : acc.mean);
  }
};

// The exponent is the same for all threads: its branches cost little beside memory.
template <class V> struct Norm : Reducer<V> {
  using Acc = V;
  TORCH_INLINE double p() const { return this->args.parameter; }
  TORCH_INLINE Acc start() const { return p() < 0 && isinf_(p()) ? greatest_number<V>() : V(0); }
  TORCH_INLINE Acc of(V x, int64_t) const {
    if (p() == 2) return x * x;
    if (p() == 0) return V(x != V(0));
    return p() == 1 || isinf_(p()) ? abs_(x) : pow_(abs_(x), V(p()));
  }
  TORCH_INLINE Acc join(Acc a, Acc b) const {
    if (!isinf_(p())) return a + b;
    return p() > 0 ? maximum_(a, b) : minimum_(a, b);
  }
  TORCH_INLINE void finish(Acc acc, char* out, char*) const {
    if (p() == 2)
      acc = sqrt_(acc);
    else if (p() != 0 && p() != 1 && !isinf_(p()))
      acc = pow_(acc, V(1 / p()));
    store_as(this->args.out_type, out, acc);
  }
};

// log of the sum of e^x, by the largest so far and the sum of e^(x - largest).
template <class V> struct Exponentials { V largest, sum; };
template <class V> struct LogSumExp : Reducer<V> {
  using Acc = Exponentials<V>;
  static TORCH_INLINE Acc start() { return {-std::numeric_limits<V>::infinity(), V(0)}; }
  static TORCH_INLINE Acc of(V x, int64_t) { return {x, V(1)}; }
  static TORCH_INLINE Acc join(Acc a, Acc b) {
    const V most = maximum_(a.largest, b.largest), base = isinf_(most) ? V(0) : most;
    return {most, a.sum * exp_(a.largest - base) + b.sum * exp_(b.largest - base)};
  }
  TORCH_INLINE void finish(Acc acc, char* out, char*) const {
    store_as(this->args.out_type, out, isinf_(acc.largest) ? acc.largest : acc.largest + log_(acc.sum));
  }
};

template <class Op> TORCH_INLINE Op make_reducer(const cuda::ReduceArgs& args) {
  if constexpr (requires { Op{{{args}}}; })
    return Op{{{args}}};
  else
    return Op{{args}};
}

template <class Op, class V, class S> TORCH_INLINE void reduce(const cuda::ReduceArgs& args) {
  using Acc = typename Op::Acc;
  using cuda::ReducePhase;
  const Op op = make_reducer<Op>(args);
  __shared__ Acc shared[cuda::kReduceThreads];
  const int lanes = args.lanes, rows = cuda::kReduceThreads / lanes, thread = static_cast<int>(threadIdx.x);
  const int lane = args.lanes_first ? thread % lanes : thread / rows;
  const int row = args.lanes_first ? thread / lanes : thread % rows;
  const int64_t group = int64_t(blockIdx.x) / args.splits, split = int64_t(blockIdx.x) - group * args.splits;
  const int64_t out = group * rows + row;
  const bool in_range = out < args.n_out;

  int64_t at[2] = {0, 0}; // bytes, of out and in
  Acc acc[4] = {op.start(), op.start(), op.start(), op.start()};
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
      return op.of(load_element<V, S>(args.in_type, first + from[0]), i);
    };
    int64_t i = begin + lane;
    for (; i + 3 * lanes < end; i += 4 * lanes) {
#pragma unroll
      for (int k = 0; k < 4; ++k) acc[k] = op.join(acc[k], load(i + k * lanes));
    }
    for (; i < end; i += lanes) acc[0] = op.join(acc[0], load(i));
  }
  Acc* const own = shared + lane * rows + row;
  *own = op.join(op.join(acc[0], acc[1]), op.join(acc[2], acc[3]));
  __syncthreads();
  for (int half = lanes / 2; half > 0; half /= 2) {
    if (lane < half) *own = op.join(*own, own[half * rows]);
    __syncthreads();
  }
  if (!in_range || lane != 0) return;
  if (args.phase == ReducePhase::ToPartial) {
    static_cast<Acc*>(args.partial)[out * args.splits + split] = *own;
    return;
  }
  char* const second = static_cast<char*>(args.second);
  op.finish(*own, static_cast<char*>(args.out) + at[0],
            second ? second + at[0] / args.out_width * args.second_width : nullptr);
}

} // namespace torch::TORCH_ISA

#define TORCH_REDUCE(name, Op, V, S)                                                                         \
  TORCH_KERNEL(name, torch::cuda::kReduceThreads, torch::cuda::ReduceArgs) {                                 \
    using namespace torch::TORCH_ISA;                                                                        \
    reduce<Op<V>, V, S>(args);                                                                               \
  }

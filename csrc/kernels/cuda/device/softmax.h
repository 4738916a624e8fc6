// softmax and log_softmax along a dimension, and their gradients: a line is read for what it adds up to, and
// again, then from a cache, for the results.
#pragma once

#include "kernels/cuda/device/reduce.h"

namespace torch::TORCH_ISA {

template <class V> struct Softmax { static constexpr bool kLog = false; };
template <class V> struct LogSoftmax { static constexpr bool kLog = true; };
template <class V> struct SoftmaxGrad { static constexpr bool kLog = false; };
template <class V> struct LogSoftmaxGrad { static constexpr bool kLog = true; };

template <class V, class S> struct SoftmaxLine {
  const cuda::SoftmaxArgs& args;
  int64_t at[3]; // out, in, grad

  TORCH_INLINE SoftmaxLine(const cuda::SoftmaxArgs& a, const Team& team) : args(a), at{0, 0, 0} {
    if (team.has_line) find_place(a.places, team.line, at);
  }
  TORCH_INLINE V in(int64_t i) const {
    return load_element<V, S>(args.types[1], static_cast<const char*>(args.in) + at[1] + i * args.step[1]);
  }
  TORCH_INLINE V grad(int64_t i) const {
    return load_element<V, S>(args.types[2], static_cast<const char*>(args.grad) + at[2] + i * args.step[2]);
  }
  TORCH_INLINE void store(int64_t i, V value) const {
    store_element<S>(args.types[0], static_cast<char*>(args.out) + at[0] + i * args.step[0], value);
  }
};

template <class Op, class V, class S> TORCH_INLINE void softmax(const cuda::SoftmaxArgs& args) {
  using Sum = LogSumExp<V>;
  __shared__ Exponentials<V> shared[cuda::kLinesThreads];
  const Team team(args.shape);
  const SoftmaxLine<V, S> line(args, team);
  const int64_t n = team.has_line ? args.shape.n : 0;
  Exponentials<V> acc = Sum::start();
  for (int64_t i = team.lane; i < n; i += team.lanes) acc = Sum::join(acc, Sum::of(line.in(i), i));
  acc = team.join(acc, shared, [](auto a, auto b) { return Sum::join(a, b); });
  // Differences from an infinite one are 0 / 0.
  if (isinf_(acc.largest)) acc.sum = std::numeric_limits<V>::quiet_NaN();
  const V log_sum = Op::kLog ? log_(acc.sum) : V(0);
  for (int64_t i = team.lane; i < n; i += team.lanes) {
    const V x = line.in(i)-acc.largest;
    line.store(i, Op::kLog ? x - log_sum : exp_(x) / acc.sum);
  }
}

// softmax: (grad - sum(grad * y)) * y; log_softmax: grad - exp(y) * sum(grad)
template <class Op, class V, class S> TORCH_INLINE void softmax_grad(const cuda::SoftmaxArgs& args) {
  __shared__ V shared[cuda::kLinesThreads];
  const Team team(args.shape);
  const SoftmaxLine<V, S> line(args, team);
  const int64_t n = team.has_line ? args.shape.n : 0;
  V total(0);
  for (int64_t i = team.lane; i < n; i += team.lanes)
    total += Op::kLog ? line.grad(i) : line.grad(i) * line.in(i);
  total = team.join(total, shared, [](V a, V b) { return a + b; });
  for (int64_t i = team.lane; i < n; i += team.lanes)
    line.store(i, Op::kLog ? line.grad(i) - exp_(line.in(i)) * total : (line.grad(i) - total) * line.in(i));
}

} // namespace torch::TORCH_ISA

#define TORCH_SOFTMAX(name, Op, V, S)                                                                        \
  TORCH_KERNEL(name, torch::cuda::kLinesThreads, torch::cuda::SoftmaxArgs) {                                 \
    using namespace torch::TORCH_ISA;                                                                        \
    softmax<Op<V>, V, S>(args);                                                                              \
  }
#define TORCH_SOFTMAX_GRAD(name, Op, V, S)                                                                   \
  TORCH_KERNEL(name, torch::cuda::kLinesThreads, torch::cuda::SoftmaxArgs) {                                 \
    using namespace torch::TORCH_ISA;                                                                        \
    softmax_grad<Op<V>, V, S>(args);                                                                         \
  }

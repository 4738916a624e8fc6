// Normalisation: of lines that lie one after the other (layer_norm, group_norm), by statistics of channels
// (batch_norm), and their gradients.
#pragma once

#include "kernels/cuda/device/reduce.h"

namespace torch::TORCH_ISA {

template <class V, class S> struct NormLine {
  const cuda::NormArgs& args;
  int64_t start, part;

  TORCH_INLINE NormLine(const cuda::NormArgs& a, const Team& team)
      : args(a), start(team.line * a.shape.n), part(team.line % a.groups * (a.shape.n / a.plane)) {}
  TORCH_INLINE V in(int64_t i) const { return element(args.in, start + i); }
  TORCH_INLINE V grad(int64_t i) const { return element(args.grad, start + i); }
  TORCH_INLINE V weight(int64_t i) const { return coefficient(args.weight, i, V(1)); }
  TORCH_INLINE V bias(int64_t i) const { return coefficient(args.bias, i, V(0)); }
  TORCH_INLINE void store(int64_t i, V value) const {
    static_cast<S*>(args.out)[start + i] = convert<S>(value);
  }

private:
  static TORCH_INLINE V element(const void* data, int64_t i) {
    return convert<V>(static_cast<const S*>(data)[i]);
  }
  TORCH_INLINE V coefficient(const void* data, int64_t i, V missing) const {
    if (!data) return missing;
    const int64_t at = part + (args.plane == 1 ? i : i / args.plane);
    return args.weight_type == args.type ? element(data, at) : static_cast<const V*>(data)[at];
  }
};

template <class V, class S> struct LineNorm {
  static TORCH_INLINE void run(const cuda::NormArgs& args) {
    __shared__ MomentsOf<V> shared[cuda::kLinesThreads];
    const Team team(args.shape);
    const NormLine<V, S> line(args, team);
    const int64_t n = team.has_line ? args.shape.n : 0;
    MomentsOf<V> acc = Variance<V>::start();
    for (int64_t i = team.lane; i < n; i += team.lanes)
      acc = Variance<V>::join(acc, Variance<V>::of(line.in(i), i));
    acc = team.join(acc, shared, [](auto a, auto b) { return Variance<V>::join(a, b); });
    if (n == 0) return;
    const V rstd = V(1) / sqrt_(acc.squares / V(acc.count) + V(args.eps));
    if (team.lane == 0) {
      static_cast<V*>(args.mean)[team.line] = acc.mean;
      static_cast<V*>(args.rstd)[team.line] = rstd;
    }
    for (int64_t i = team.lane; i < n; i += team.lanes)
      line.store(i, fused((line.in(i)-acc.mean) * rstd, line.weight(i), line.bias(i)));
  }
};

// With g = grad * weight and z = (in - mean) * rstd: rstd * (g - mean(g) - z * mean(g * z)).
template <class V> struct TwoSums { V first, second; };
template <class V, class S> struct LineNormGrad {
  static TORCH_INLINE void run(const cuda::NormArgs& args) {
    __shared__ TwoSums<V> shared[cuda::kLinesThreads];
    const Team team(args.shape);
    const NormLine<V, S> line(args, team);
    const int64_t n = team.has_line ? args.shape.n : 0;
    const V mean = n ? static_cast<const V*>(args.mean)[team.line] : V(0);
    const V rstd = n ? static_cast<const V*>(args.rstd)[team.line] : V(0);
    TwoSums<V> acc{V(0), V(0)};
    for (int64_t i = team.lane; i < n; i += team.lanes) {
      const V z = (line.in(i)-mean) * rstd, g = line.grad(i) * line.weight(i);
      acc = {acc.first + g, fused(g, z, acc.second)};
      if (args.product) static_cast<V*>(args.product)[line.start + i] = line.grad(i) * z;
    }
    acc = team.join(acc, shared, [](auto a, auto b) {
      return TwoSums<V>{a.first + b.first, a.second + b.second};
    });
    if (!args.out || n == 0) return;
    const V g_mean = acc.first / V(n), gz_mean = acc.second / V(n);
    for (int64_t i = team.lane; i < n; i += team.lanes) {
      const V z = (line.in(i)-mean) * rstd, g = line.grad(i) * line.weight(i);
      line.store(i, rstd * (g - g_mean - z * gz_mean));
    }
  }
};

// ---- by channels ----

template <class V> struct ChannelAt {
  const cuda::ChannelArgs& args;
  int64_t channel;
  TORCH_INLINE V operator[](int k) const { return static_cast<const V*>(args.coefficients[k])[channel]; }
};
// (x - [0]) * [1] * [2] + [3]
template <class V> struct ChannelNorm {
  static TORCH_INLINE V of(V x, V, const ChannelAt<V>& c) { return fused((x - c[0]) * c[1], c[2], c[3]); }
};
// grad * (x - [0])
template <class V> struct ChannelProduct {
  static TORCH_INLINE V of(V grad, V x, const ChannelAt<V>& c) { return grad * (x - c[0]); }
};
// [1] * (grad - [2] - (x - [0]) * [3])
template <class V> struct ChannelGrad {
  static TORCH_INLINE V of(V grad, V x, const ChannelAt<V>& c) {
    return c[1] * (grad - c[2] - (x - c[0]) * c[3]);
  }
};

template <class Op, class V, class S> TORCH_INLINE void by_channel(const cuda::ChannelArgs& args) {
  const int64_t i = int64_t(blockIdx.x) * cuda::kLinesThreads + threadIdx.x;
  if (i >= args.n) return;
  int64_t at[4];
  find_place(args.places, i, at);
  const auto load = [&](int k) {
    return load_element<V, S>(args.types[1 + k], static_cast<const char*>(args.in[k]) + at[1 + k]);
  };
  const V value = Op::of(load(0), args.in[1] ? load(1) : V(0), ChannelAt<V>{args, at[3]});
  char* const out = static_cast<char*>(args.out) + at[0];
  args.types[0] == args.types[1] ? store_element<S>(args.types[0], out, value)
                                 : store_as(args.types[0], out, value);
}

// ---- negative log likelihood ----

template <class V> struct Nll {
  static TORCH_INLINE void run(const cuda::NllArgs& args, int64_t i, const int64_t (&at)[3], int64_t target,
                               V weight) {
    V loss(0);
    if (target >= 0)
      loss = -weight *
             load_as<V>(args.in_type, static_cast<const char*>(args.in) + at[0] + target * args.class_step);
    static_cast<V*>(args.losses)[i] = loss;
    static_cast<V*>(args.weights)[i] = target >= 0 ? weight : V(0);
  }
};
template <class V> struct NllGrad {
  static TORCH_INLINE void run(const cuda::NllArgs& args, int64_t, const int64_t (&at)[3], int64_t target,
                               V weight) {
    if (target < 0) return;
    const V grad = load_as<V>(args.in_type, static_cast<const char*>(args.in) + at[2]);
    const V divisor = args.divisor ? load_as<V>(args.divisor_type, args.divisor) : V(1);
    store_as(args.out_type, static_cast<char*>(args.losses) + at[0] + target * args.class_step,
             -weight * grad / divisor);
  }
};
template <class Op, class V> TORCH_INLINE void nll(const cuda::NllArgs& args) {
  const int64_t i = int64_t(blockIdx.x) * cuda::kLinesThreads + threadIdx.x;
  if (i >= args.n) return;
  int64_t at[3];
  find_place(args.places, i, at);
  int64_t target = load_as<int64_t>(args.target_type, static_cast<const char*>(args.target) + at[1]);
  if (target == args.ignored) {
    target = -1;
  } else if (target < 0 || target >= args.classes) {
    report(Failed::IndexRange, target, args.classes);
    target = -1;
  }
  V weight(1);
  if (args.weight && target >= 0)
    weight = load_as<V>(args.weight_type, static_cast<const char*>(args.weight) + target * args.weight_step);
  Op::run(args, i, at, target, weight);
}

} // namespace torch::TORCH_ISA

#define TORCH_NORM(name, Op, V, S)                                                                           \
  TORCH_KERNEL(name, torch::cuda::kLinesThreads, torch::cuda::NormArgs) {                                    \
    using namespace torch::TORCH_ISA;                                                                        \
    Op<V, S>::run(args);                                                                                     \
  }
#define TORCH_CHANNEL(name, Op, V, S)                                                                        \
  TORCH_KERNEL(name, torch::cuda::kLinesThreads, torch::cuda::ChannelArgs) {                                 \
    using namespace torch::TORCH_ISA;                                                                        \
    by_channel<Op<V>, V, S>(args);                                                                           \
  }
#define TORCH_NLL(name, Op, V)                                                                               \
  TORCH_KERNEL(name, torch::cuda::kLinesThreads, torch::cuda::NllArgs) {                                     \
    using namespace torch::TORCH_ISA;                                                                        \
    nll<Op<V>, V>(args);                                                                                     \
  }

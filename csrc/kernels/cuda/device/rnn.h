// The gates of a step of lstm and gru, and their gradients: a thread for each unit.
#pragma once

#include "kernels/cuda/device/real.h"
#include "kernels/cuda/device/rnn_args.h"

namespace torch::TORCH_ISA {

template <class V> struct Unit {
  int64_t row, unit, units;

  TORCH_INLINE const V* gates(const void* from, int count) const {
    return static_cast<const V*>(from) + row * count * units + unit;
  }
  TORCH_INLINE V* gates(void* to, int count) const {
    return static_cast<V*>(to) + row * count * units + unit;
  }
  TORCH_INLINE V at(const void* from) const { return from ? *gates(from, 1) : V(0); }
  TORCH_INLINE void put(void* to, V value) const { *gates(to, 1) = value; }
};

// i, f, g, o: cell = f before + i g, state = o tanh(cell).
template <class V> struct LstmGates {
  static TORCH_INLINE void run(const cuda::GatesArgs& args, const Unit<V>& u) {
    const V *const x = u.gates(args.input, 4), *const h = u.gates(args.hidden, 4);
    const auto gate = [&](int k) { return x[k * u.units] + h[k * u.units]; };
    const V i = sigmoid_(gate(0)), f = sigmoid_(gate(1)), g = tanh_(gate(2)), o = sigmoid_(gate(3));
    const V cell = f * u.at(args.state) + i * g;
    u.put(args.out[0], o * tanh_(cell));
    u.put(args.out[1], cell);
    V* const kept = u.gates(args.out[2], 4);
    kept[0] = i;
    kept[u.units] = f;
    kept[2 * u.units] = g;
    kept[3 * u.units] = o;
  }
};
template <class V> struct LstmGatesGrad {
  static TORCH_INLINE void run(const cuda::GatesArgs& args, const Unit<V>& u) {
    const V* const kept = u.gates(args.kept, 4);
    const V i = kept[0], f = kept[u.units], g = kept[2 * u.units], o = kept[3 * u.units], one(1);
    const V of_state = u.at(args.grad[0]), t = tanh_(u.at(args.after));
    const V of_cell = u.at(args.grad[1]) + of_state * o * (one - t * t);
    V* const to = u.gates(args.out[0], 4);
    to[0] = of_cell * g * i * (one - i);
    to[u.units] = of_cell * u.at(args.state) * f * (one - f);
    to[2 * u.units] = of_cell * i * (one - g * g);
    to[3 * u.units] = of_state * t * o * (one - o);
    u.put(args.out[1], of_cell * f);
  }
};

// r, z, n: state = n + z (before - n) with n = tanh(x_n + r h_n); r, z, n and h_n are kept.
template <class V> struct GruGates {
  static TORCH_INLINE void run(const cuda::GatesArgs& args, const Unit<V>& u) {
    const V *const x = u.gates(args.input, 3), *const h = u.gates(args.hidden, 3);
    const V r = sigmoid_(x[0] + h[0]), z = sigmoid_(x[u.units] + h[u.units]), hidden = h[2 * u.units];
    const V fresh = tanh_(x[2 * u.units] + r * hidden);
    u.put(args.out[0], fresh + z * (u.at(args.state) - fresh));
    V* const kept = u.gates(args.out[1], 4);
    kept[0] = r;
    kept[u.units] = z;
    kept[2 * u.units] = fresh;
    kept[3 * u.units] = hidden;
  }
};
template <class V> struct GruGatesGrad {
  static TORCH_INLINE void run(const cuda::GatesArgs& args, const Unit<V>& u) {
    const V* const kept = u.gates(args.kept, 4);
    const V r = kept[0], z = kept[u.units], fresh = kept[2 * u.units], one(1), grad = u.at(args.grad[0]);
    const V dn = grad * (one - z) * (one - fresh * fresh), dr = dn * kept[3 * u.units] * r * (one - r);
    const V dz = grad * (u.at(args.state) - fresh) * z * (one - z);
    V *const dx = u.gates(args.out[0], 3), *const dh = u.gates(args.out[1], 3);
    dx[0] = dh[0] = dr;
    dx[u.units] = dh[u.units] = dz;
    dx[2 * u.units] = dn;
    dh[2 * u.units] = dn * r;
    u.put(args.out[2], grad * z);
  }
};

template <template <class> class Op, class V> TORCH_INLINE void each_unit(const cuda::GatesArgs& args) {
  const int64_t i = int64_t(blockIdx.x) * cuda::kGatesThreads + threadIdx.x;
  if (i < args.n) Op<V>::run(args, {i / args.units, i % args.units, args.units});
}

} // namespace torch::TORCH_ISA

#define TORCH_GATES(name, Op, V)                                                                             \
  TORCH_KERNEL(name, torch::cuda::kGatesThreads, torch::cuda::GatesArgs) {                                   \
    using namespace torch::TORCH_ISA;                                                                        \
    each_unit<Op, V>(args);                                                                                  \
  }

// Random numbers by Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, 2011). Every thread of the grid has a
// sequence of its own, of which it takes four words at a time for elements that lie a grid's width apart:
// which words an element takes depends on the number of threads.
#pragma once

#include "kernels/cuda/device/element.h"
#include "kernels/cuda/device/philox.h"
#include "kernels/cuda/device/walk.h"
#include "kernels/distribution_draws.h"

namespace torch::TORCH_ISA {

TORCH_INLINE double unit(uint32_t low, uint32_t high) {
  return double(uint64_t(low) ^ (uint64_t(high) << 21)) * 0x1p-53 + 0x1p-54;
}
// V of float: four numbers of a draw, else two.
template <class V> constexpr int kEachDraw = sizeof(V) == 4 ? 4 : 2;
template <class V> TORCH_INLINE V unit_of(const Words& words, int k) {
  if constexpr (sizeof(V) == 4)
    return unit(words.w[k]);
  else
    return unit(words.w[2 * k], words.w[2 * k + 1]);
}

// As it is stored: an interval's end is compared with that.
template <class V> TORCH_INLINE V rounded(DType type, V x) {
  if (type == DType::Float16) return convert<V>(convert<Half>(x));
  if (type == DType::BFloat16) return convert<V>(convert<BFloat16>(x));
  return x;
}

// value() makes the k-th number of a draw; p: the probability of the element, where there is one.
template <class V> struct Uniform { // [a, b): the end of the interval that is drawn becomes its beginning
  static TORCH_INLINE V value(const Words& words, int k, V, const cuda::RandomArgs& args) {
    const V from(args.a), to(args.b), x = rounded(args.out_type, unit_of<V>(words, k) * (to - from) + from);
    return x == rounded(args.out_type, to) ? from : x;
  }
};
// Box and Muller: pairs of numbers have their sine and cosine.
template <class V> struct Normal {
  static TORCH_INLINE V standard(const Words& words, int k) {
    const int pair = k / 2 * 2;
    const V u = unit_of<V>(words, pair), v = unit_of<V>(words, pair + 1);
    const V radius = sqrt_(V(-2) * log_(u)), angle = V(2 * std::numbers::pi) * v;
    return radius * (k % 2 ? cos_(angle) : sin_(angle));
  }
  static TORCH_INLINE V value(const Words& words, int k, V, const cuda::RandomArgs& args) {
    return standard(words, k) * V(args.b) + V(args.a);
  }
};
template <class V> struct LogNormal {
  static TORCH_INLINE V value(const Words& words, int k, V p, const cuda::RandomArgs& args) {
    return exp_(Normal<V>::value(words, k, p, args));
  }
};
template <class V> struct Exponential {
  static TORCH_INLINE V value(const Words& words, int k, V, const cuda::RandomArgs& args) {
    constexpr V half_step = sizeof(V) == 4 ? V(0x1p-24) : V(0x1p-53); // log(1) would give 0
    const V u = unit_of<V>(words, k);
    return V(-1 / args.a) * (u >= V(1) - half_step ? -half_step : log_(u));
  }
};
template <class V> struct Cauchy {
  static TORCH_INLINE V value(const Words& words, int k, V, const cuda::RandomArgs& args) {
    return V(args.a) + V(args.b) * tan_(V(std::numbers::pi) * (unit_of<V>(words, k) - V(0.5)));
  }
};
template <class V> struct Geometric {
  static TORCH_INLINE V value(const Words& words, int k, V, const cuda::RandomArgs& args) {
    const V trials = ceil_(log_(unit_of<V>(words, k)) / log1p_(V(-args.a)));
    return trials < V(1) ? V(1) : trials;
  }
};
template <class V> struct Bernoulli {
  static TORCH_INLINE V value(const Words& words, int k, V p, const cuda::RandomArgs& args) {
    // Of (0, 1], so that 0 is never and 1 always drawn.
    return V(unit_of<V>(words, k) <= (args.p ? p : V(args.a)));
  }
};
// Integers: of a word, or of two where the range is wider. V is as wide as what is drawn.
template <class V> struct Whole {
  static TORCH_INLINE V value(const Words& words, int k, V, const cuda::RandomArgs& args) {
    uint64_t bits;
    if constexpr (sizeof(V) == 4)
      bits = words.w[k];
    else
      bits = uint64_t(words.w[2 * k]) << 32 | words.w[2 * k + 1];
    return V(int64_t(uint64_t(args.base) + (args.range ? bits % args.range : bits)));
  }
};

template <template <class> class Op, class V> TORCH_INLINE void draw(const cuda::RandomArgs& args) {
  const int64_t thread = int64_t(blockIdx.x) * cuda::kRandomThreads + threadIdx.x;
  const cuda::PhiloxSource from = resolved(args.random);
  uint64_t step = from.offset / 4;
  for (int64_t first = thread; first < args.n; first += args.threads * kEachDraw<V>, ++step) {
    const Words words = philox(from.seed, uint64_t(thread), step);
    for (int k = 0; k < kEachDraw<V>; ++k) {
      const int64_t i = first + k * args.threads;
      if (i >= args.n) break;
      int64_t at[2];
      find_place(args.places, i, at);
      V p(0);
      if (args.p) {
        p = load_as<V>(args.p_type, static_cast<const char*>(args.p) + at[1]);
        check_all(p >= V(0) && p <= V(1), "");
      }
      store_as(args.out_type, static_cast<char*>(args.out) + at[0], Op<V>::value(words, k, p, args));
    }
  }
}

// ---- by rejection, which takes as many numbers as it takes ----

// The numbers of one element. Its words are told apart by the upper bits of the sequence, so that those of
// other ops are never met: the generator moves on by one step for all of them.
class Source {
public:
  TORCH_INLINE Source(uint64_t seed, uint64_t element, uint64_t step)
      : seed_(seed), element_(element), step_(step) {}
  TORCH_INLINE double uniform_double() { // in [0, 1)
    if (left_ == 0) {
      words_ = philox(seed_, element_ | attempt_++ << 40, step_);
      left_ = 2;
    }
    --left_;
    return double((uint64_t(words_.w[2 * left_]) << 32 | words_.w[2 * left_ + 1]) >> 11) * 0x1p-53;
  }
  TORCH_INLINE double normal_double(double mean, double std) {
    const double u = 1 - uniform_double(), v = uniform_double();
    return mean + std * sqrt_(-2 * log_(u)) * cos_(2 * std::numbers::pi * v);
  }

private:
  uint64_t seed_, element_, step_, attempt_ = 0;
  Words words_;
  int left_ = 0;
};

template <class V> struct Poisson {
  static TORCH_INLINE V value(V rate, V, Source& source) {
    if (!(rate >= V(0))) report(Failed::PoissonRate, 0, 0);
    return rate >= V(0) ? V(draw_poisson(double(rate), source)) : V(0);
  }
};
template <class V> struct Binomial {
  static TORCH_INLINE V value(V count, V p, Source& source) {
    if (isinf_(count)) {
      report(Failed::InfiniteCount, 0, 0);
      return V(0);
    }
    return V(draw_binomial(double(count), double(p), source));
  }
};
template <class V> struct Gamma { // double in all but its result
  static TORCH_INLINE V value(V alpha, V, Source& source) { return V(draw_gamma<V>(alpha, source)); }
};

template <template <class> class Op, class V> TORCH_INLINE void reject(const cuda::RandomArgs& args) {
  const int64_t i = int64_t(blockIdx.x) * cuda::kRandomThreads + threadIdx.x;
  if (i >= args.n) return;
  int64_t at[3];
  find_place(args.places, i, at);
  const cuda::PhiloxSource from = resolved(args.random);
  Source source(from.seed, uint64_t(i), from.offset / 4);
  const V p = load_as<V>(args.p_type, static_cast<const char*>(args.p) + at[1]);
  const V q = args.q ? load_as<V>(args.q_type, static_cast<const char*>(args.q) + at[2]) : V(0);
  store_as(args.out_type, static_cast<char*>(args.out) + at[0], Op<V>::value(p, q, source));
}

} // namespace torch::TORCH_ISA

#define TORCH_REJECT(name, Op, V)                                                                            \
  TORCH_KERNEL(name, torch::cuda::kRandomThreads, torch::cuda::RandomArgs) {                                 \
    using namespace torch::TORCH_ISA;                                                                        \
    reject<Op, V>(args);                                                                                     \
  }
#define TORCH_RANDOM(name, Op, V)                                                                            \
  TORCH_KERNEL(name, torch::cuda::kRandomThreads, torch::cuda::RandomArgs) {                                 \
    using namespace torch::TORCH_ISA;                                                                        \
    draw<Op, V>(args);                                                                                       \
  }

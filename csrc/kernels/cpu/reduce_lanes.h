// Reductions of real values in vector lanes.
#pragma once

#include "kernels/cpu/reduce.h"
#include "kernels/cpu/vec.h"

#include <algorithm>
#include <limits>

namespace torch::TORCH_ISA {

// ---- joins: how two accumulators become one ----

struct SumJoin {
  template <class A> static constexpr A identity() { return A(0); }
  template <class V> static TORCH_INLINE V join(V a, V b) { return a + b; }
};
struct ProductJoin {
  template <class A> static constexpr A identity() { return A(1); }
  template <class V> static TORCH_INLINE V join(V a, V b) { return a * b; }
};
struct MaxJoin {
  template <class A> static constexpr A identity() {
    return std::is_integral_v<A> ? std::numeric_limits<A>::lowest()
                                 : A(-std::numeric_limits<double>::infinity());
  }
  template <class T> static TORCH_INLINE Vec<T> join(Vec<T> a, Vec<T> b) { return maximum_(a, b); }
  template <Number T> static TORCH_INLINE T join(T a, T b) { return a != a || a > b ? a : b; }
};
struct MinJoin {
  template <class A> static constexpr A identity() {
    return std::is_integral_v<A> ? std::numeric_limits<A>::max() : A(std::numeric_limits<double>::infinity());
  }
  template <class T> static TORCH_INLINE Vec<T> join(Vec<T> a, Vec<T> b) { return minimum_(a, b); }
  template <Number T> static TORCH_INLINE T join(T a, T b) { return a != a || a < b ? a : b; }
};

struct AsIs {
  template <class V> static TORCH_INLINE V apply(V x, const void*) { return x; }
};

// T: type of the values, A: of the accumulators. float is widened to double lanes when A is double.
// Map is applied to each value, in the accumulator's type.
template <class Join, class T, class A, class Map = AsIs> struct Lanes {
  static constexpr bool kWiden = std::is_same_v<T, float> && std::is_same_v<A, double>;
  static constexpr int kStep = Vec<T>::kLanes;
  static constexpr int kParts = kWiden ? 2 : 1;
  struct Pack {
    Vec<A> part[kParts];
  };
  static TORCH_INLINE A one(T x, const void* context) { return Map::apply(A(x), context); }
  static TORCH_INLINE Pack load(const T* x, const void* context) {
    Pack p;
    if constexpr (kWiden)
      widen(Vec<float>::load(x), p.part[0], p.part[1]);
    else
      p.part[0] = Vec<A>::load(x);
    for (int i = 0; i < kParts; ++i) p.part[i] = Map::apply(p.part[i], context);
    return p;
  }
  static TORCH_INLINE Pack load_acc(const A* a) {
    Pack p;
    for (int i = 0; i < kParts; ++i) p.part[i] = Vec<A>::load(a + i * Vec<A>::kLanes);
    return p;
  }
  static TORCH_INLINE void store_acc(const Pack& p, A* a) {
    for (int i = 0; i < kParts; ++i) p.part[i].store(a + i * Vec<A>::kLanes);
  }
  static TORCH_INLINE Pack join(Pack a, Pack b) {
    for (int i = 0; i < kParts; ++i) a.part[i] = Join::join(a.part[i], b.part[i]);
    return a;
  }

  static void init(void* acc, int64_t m) {
    std::fill_n(static_cast<A*>(acc), m, Join::template identity<A>());
  }

  static void run(void* acc, const void* values, int64_t n, const void* context) {
    const T* x = static_cast<const T*>(values);
    A total = *static_cast<A*>(acc);
    int64_t i = 0;
    if (n >= 4 * kStep) {
      Pack a = load(x, context), b = load(x + kStep, context), c = load(x + 2 * kStep, context),
           d = load(x + 3 * kStep, context);
      for (i = 4 * kStep; i + 4 * kStep <= n; i += 4 * kStep) {
        a = join(a, load(x + i, context));
        b = join(b, load(x + i + kStep, context));
        c = join(c, load(x + i + 2 * kStep, context));
        d = join(d, load(x + i + 3 * kStep, context));
      }
      for (; i + kStep <= n; i += kStep) a = join(a, load(x + i, context));
      a = join(join(a, b), join(c, d));
      Vec<A> all = a.part[0];
      if constexpr (kParts == 2) all = Join::join(all, a.part[1]);
      total = Join::join(total, fold_lanes(all, [](Vec<A> p, Vec<A> q) { return Join::join(p, q); }));
    }
    for (; i < n; ++i) total = Join::join(total, one(x[i], context));
    *static_cast<A*>(acc) = total;
  }

  static void columns(void* accs, const void* values, int64_t stride, int64_t rows, int64_t m,
                      const void* context) {
    A* const acc = static_cast<A*>(accs);
    const char* const base = static_cast<const char*>(values);
    const auto row = [&](int64_t r) { return reinterpret_cast<const T*>(base + r * stride); };
    int64_t r = 0;
    for (; r + 4 <= rows; r += 4) {
      const T *x0 = row(r), *x1 = row(r + 1), *x2 = row(r + 2), *x3 = row(r + 3);
      int64_t j = 0;
      for (; j + kStep <= m; j += kStep) {
        const Pack sum = join(join(load(x0 + j, context), load(x1 + j, context)),
                              join(load(x2 + j, context), load(x3 + j, context)));
        store_acc(join(load_acc(acc + j), sum), acc + j);
      }
      for (; j < m; ++j)
        acc[j] = Join::join(acc[j], Join::join(Join::join(one(x0[j], context), one(x1[j], context)),
                                               Join::join(one(x2[j], context), one(x3[j], context))));
    }
    for (; r < rows; ++r) {
      const T* x = row(r);
      int64_t j = 0;
      for (; j + kStep <= m; j += kStep) store_acc(join(load_acc(acc + j), load(x + j, context)), acc + j);
      for (; j < m; ++j) acc[j] = Join::join(acc[j], one(x[j], context));
    }
  }

  static void merge(void* accs, const void* others, int64_t m) {
    A* const acc = static_cast<A*>(accs);
    const A* const other = static_cast<const A*>(others);
    for (int64_t j = 0; j < m; ++j) acc[j] = Join::join(acc[j], other[j]);
  }
};

template <class Kernel> Reduction reduction(DType tile, DType acc) {
  return {tile,          acc,     item_size(acc), Kernel::init, Kernel::run, Kernel::columns,
          Kernel::merge, nullptr, nullptr};
}

} // namespace torch::TORCH_ISA

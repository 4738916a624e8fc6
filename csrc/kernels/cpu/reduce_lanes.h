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

// Registers of float from half types.
TORCH_INLINE Vec<float> load_as_float(const BFloat16* x) {
#if TORCH_VEC_AVX512
  const __m256i bits = _mm256_loadu_si256((const __m256i*)x);
  return (Vec<float>::Raw)((Vec<int32_t>::Raw)_mm512_maskz_cvtepu16_epi32(0xffff, bits) << 16);
#elif TORCH_VEC_AVX2
  return (Vec<float>::Raw)_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)x)), 16);
#else
  return (Vec<float>::Raw)_mm_unpacklo_epi16(__m128i{}, _mm_loadl_epi64((const __m128i*)x));
#endif
}
TORCH_INLINE Vec<float> load_as_float(const Half* x) {
#if TORCH_VEC_AVX512
  return (Vec<float>::Raw)_mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256((const __m256i*)x));
#elif TORCH_VEC_AVX2 && defined(__F16C__)
  return (Vec<float>::Raw)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)x));
#else
  float values[Vec<float>::kLanes];
  for (int i = 0; i < Vec<float>::kLanes; ++i) values[i] = x[i];
  return Vec<float>::load(values);
#endif
}

// T: type of the values, A: of the accumulators. float is widened to double lanes when A is double. Half
// types (sums alone, nothing applied) are added by fours as floats before, whose error is far below their
// precision. Map is applied to each value, in the accumulator's type.
template <class Join, class T, class A, class Map = AsIs> struct Lanes {
  static constexpr bool kHalf = is_reduced_float(dtype_of<T>());
  static constexpr bool kWiden = kHalf || (std::is_same_v<T, float> && std::is_same_v<A, double>);
  static constexpr int kStep = kHalf ? 4 * Vec<float>::kLanes : kVecBytes / int(sizeof(T));
  static constexpr int kParts = kWiden ? 2 : 1;
  static_assert(!kHalf || (std::is_same_v<Join, SumJoin> && std::is_same_v<Map, AsIs>));
  struct Pack {
    Vec<A> part[kParts];
  };
  static TORCH_INLINE Vec<float> four(const T* a, const T* b, const T* c, const T* d) requires kHalf {
    return (load_as_float(a) + load_as_float(b)) + (load_as_float(c) + load_as_float(d));
  }
  static TORCH_INLINE A one(T x, const void* context) {
    if constexpr (kHalf)
      return A(float(x));
    else
      return Map::apply(A(x), context);
  }
  static TORCH_INLINE Pack load(const T* x, const void* context) {
    Pack p;
    if constexpr (kHalf)
      widen(four(x, x + kStep / 4, x + kStep / 2, x + 3 * kStep / 4), p.part[0], p.part[1]);
    else if constexpr (kWiden)
      for (int i = 0; i < kParts; ++i) p.part[i] = load_widened(x + i * Vec<A>::kLanes);
    else
      p.part[0] = Vec<A>::load(x);
    for (int i = 0; i < kParts; ++i) p.part[i] = Map::apply(p.part[i], context);
    return p;
  }
  // 0 < n < kStep values; the identity fills up.
  static TORCH_INLINE Pack load_rest(const T* x, int64_t n, const void* context) {
    if constexpr (kHalf) {
      T filled[kStep] = {};
      std::copy_n(x, n, filled);
      return load(filled, context);
    } else {
      Pack p;
      if constexpr (kWiden)
        widen(Vec<float>::load_partial(x, n), p.part[0], p.part[1]);
      else
        p.part[0] = Vec<A>::load_partial(x, n);
      typename Vec<A>::Raw place;
      for (int i = 0; i < Vec<A>::kLanes; ++i) place[i] = A(i);
      for (int i = 0; i < kParts; ++i)
        p.part[i] = select(Vec<A>(place) < Vec<A>(A(n - i * Vec<A>::kLanes)), Map::apply(p.part[i], context),
                           Vec<A>(Join::template identity<A>()));
      return p;
    }
  }
  static TORCH_INLINE Pack load_acc(const A* a) {
    Pack p;
    for (int i = 0; i < kParts; ++i) p.part[i] = Vec<A>::load(a + i * Vec<A>::kLanes);
    return p;
  }
  static TORCH_INLINE void store_acc(const Pack& p, A* a) {
    for (int i = 0; i < kParts; ++i) p.part[i].store(a + i * Vec<A>::kLanes);
  }
  // Widening takes the units that add; those that multiply are free.
  static TORCH_INLINE Vec<A> join(Vec<A> a, Vec<A> b) {
#if defined(__FMA__)
    if constexpr (kWiden && std::is_same_v<Join, SumJoin>) return fused(b, Vec<A>(A(1)), a);
#endif
    return Join::join(a, b);
  }
  static TORCH_INLINE Pack join(Pack a, Pack b) {
    for (int i = 0; i < kParts; ++i) a.part[i] = join(a.part[i], b.part[i]);
    return a;
  }

  static void init(void* acc, int64_t m) {
    std::fill_n(static_cast<A*>(acc), m, Join::template identity<A>());
  }

  // All n >= 1 values in the lanes of one register, value i in lane i % kLanes unless T is a half type.
  static TORCH_INLINE Vec<A> in_lanes(const T* x, int64_t n, const void* context) {
    Pack a;
    int64_t i = 0;
    if (n >= 4 * kStep) {
      a = load(x, context);
      Pack b = load(x + kStep, context), c = load(x + 2 * kStep, context), d = load(x + 3 * kStep, context);
      for (i = 4 * kStep; i + 4 * kStep <= n; i += 4 * kStep) {
        // The processor's own prefetching stops at the end of a page.
        for (int byte = 0; byte < 4 * kStep * int(sizeof(T)); byte += 64)
          __builtin_prefetch(reinterpret_cast<const char*>(x + i) + 2048 + byte);
        a = join(a, load(x + i, context));
        b = join(b, load(x + i + kStep, context));
        c = join(c, load(x + i + 2 * kStep, context));
        d = join(d, load(x + i + 3 * kStep, context));
      }
      if (i + 2 * kStep <= n) {
        a = join(a, load(x + i, context));
        b = join(b, load(x + i + kStep, context));
        i += 2 * kStep;
      }
      if (i + kStep <= n) {
        c = join(c, load(x + i, context));
        i += kStep;
      }
      if (i < n) d = join(d, load_rest(x + i, n - i, context));
      a = join(join(a, b), join(c, d));
    } else {
      a = n >= kStep ? load(x, context) : load_rest(x, n, context);
      for (i = kStep; i + kStep <= n; i += kStep) a = join(a, load(x + i, context));
      if (i < n) a = join(a, load_rest(x + i, n - i, context));
    }
    if constexpr (kParts == 2) a.part[0] = Join::join(a.part[0], a.part[1]);
    return a.part[0];
  }
  static void run(void* acc, const void* values, int64_t n, const void* context) {
    if (n <= 0) return;
    A& total = *static_cast<A*>(acc);
    const Vec<A> all = in_lanes(static_cast<const T*>(values), n, context);
    total = Join::join(total, fold_lanes(all, [](Vec<A> p, Vec<A> q) { return Join::join(p, q); }));
  }

  // Rows of columns: kColumnStep of them at a time; two rows as one.
  static constexpr int kColumnStep = kHalf ? kStep / 4 : kStep;
  static TORCH_INLINE Pack load_columns(const T* x, const void* context) {
    if constexpr (kHalf) {
      Pack p;
      widen(load_as_float(x), p.part[0], p.part[1]);
      return p;
    } else {
      return load(x, context);
    }
  }
  static TORCH_INLINE Pack load_four(const T* a, const T* b, const T* c, const T* d, const void* context) {
    if constexpr (kHalf) {
      Pack p;
      widen(four(a, b, c, d), p.part[0], p.part[1]);
      return p;
    } else {
      return join(join(load(a, context), load(b, context)), join(load(c, context), load(d, context)));
    }
  }
  // Eight rows are joined by pairs before they meet the accumulators.
  static void columns(void* accs, const void* values, int64_t stride, int64_t rows, int64_t m,
                      const void* context) {
    A* const acc = static_cast<A*>(accs);
    const char* const base = static_cast<const char*>(values);
    const auto at = [&](int64_t r, int64_t j) { return reinterpret_cast<const T*>(base + r * stride) + j; };
    const auto number = [&](int64_t r, int64_t j) { return one(*at(r, j), context); };
    int64_t r = 0;
    for (; r + 8 <= rows; r += 8) {
      const auto sum = [&](const auto& row, int64_t j) {
        return join(load_four(row(r, j), row(r + 1, j), row(r + 2, j), row(r + 3, j), context),
                    load_four(row(r + 4, j), row(r + 5, j), row(r + 6, j), row(r + 7, j), context));
      };
      int64_t j = 0;
      for (; j + kColumnStep <= m; j += kColumnStep) store_acc(join(load_acc(acc + j), sum(at, j)), acc + j);
      for (; j < m; ++j) {
        A sum = number(r, j);
        for (int k = 1; k < 8; ++k) sum = Join::join(sum, number(r + k, j));
        acc[j] = Join::join(acc[j], sum);
      }
    }
    for (; r < rows; ++r) {
      int64_t j = 0;
      for (; j + kColumnStep <= m; j += kColumnStep)
        store_acc(join(load_acc(acc + j), load_columns(at(r, j), context)), acc + j);
      for (; j < m; ++j) acc[j] = Join::join(acc[j], number(r, j));
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

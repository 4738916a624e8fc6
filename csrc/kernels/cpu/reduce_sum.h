// Sums whose error does not grow with their length.
#pragma once

#include "kernels/cpu/reduce_lanes.h"

#include <algorithm>
#include <cmath>

namespace torch::TORCH_ISA {

// a + b, a - b by the units that multiply: work that adds alone keeps only half of the machine busy.
TORCH_INLINE double plus(double a, double b) { return a + b; }
TORCH_INLINE double minus(double a, double b) { return a - b; }
template <class V> TORCH_INLINE V plus(V a, V b) {
#if defined(__FMA__)
  if constexpr (std::is_same_v<V, Vec<double>::Raw>)
    return fused(Vec<double>(b), Vec<double>(1.0), Vec<double>(a)).v;
#endif
  return a + b;
}
template <class V> TORCH_INLINE V minus(V a, V b) {
#if defined(__FMA__)
  if constexpr (std::is_same_v<V, Vec<double>::Raw>)
    return fused(Vec<double>(b), Vec<double>(-1.0), Vec<double>(a)).v;
#endif
  return a - b;
}

// A sum in double in two words: `high` rounded as usual, `low` what that lost at each step (Knuth's two-sum).
// The result is the exact sum rounded, unless the terms cancel to less than 1e-16 of their size. V: double,
// or a vector of the compiler's.
template <class V> struct TwoSum {
  V high{}, low{};

  TORCH_INLINE void add(V x) {
    const V sum = high + x, part = sum - high, lost = high - (sum - part);
    low = plus(low, plus(lost, minus(x, part)));
    high = sum;
  }
  TORCH_INLINE void add(const TwoSum& other) {
    add(other.high);
    low = low + other.low;
  }
  // An infinite sum has no second word.
  TORCH_INLINE V value() const requires std::is_same_v<V, double> {
    return std::isfinite(low) ? high + low : high;
  }
};

// The lanes of a vector of n doubles added up, half by half.
template <int n> TORCH_INLINE TwoSum<double> fold_lanes(const TwoSum<RawVec<double, n>>& lanes) {
  using Half = RawVec<double, n / 2>;
  Half parts[4];
  __builtin_memcpy(parts, &lanes.high, sizeof lanes.high);
  __builtin_memcpy(parts + 2, &lanes.low, sizeof lanes.low);
  TwoSum<Half> sum{parts[0], parts[2]};
  sum.add({parts[1], parts[3]});
  if constexpr (n > 2) {
    return fold_lanes<n / 2>(sum);
  } else {
    TwoSum<double> total{sum.high[0], sum.low[0]};
    return total;
  }
}

// Some values are added in double first: floats up to kShortRow of them, which is exact as long as their
// sizes are within 2^23 of each other, else it loses 2^-46 of them; doubles by fours. Map is applied to each
// value, in double. Accumulators of m outputs: high[m], low[m].
template <class T, class Map = AsIs> struct PreciseSum {
  using D = Vec<double>;
  using Pair = TwoSum<D::Raw>;
  static constexpr bool kFloat = std::is_same_v<T, float>;
  static constexpr int64_t kWidth = D::kLanes;
  static constexpr int kGroup = 4;        // doubles
  static constexpr int kChains = 8;       // of floats: hide the latency of an addition
  static constexpr int64_t kShort = 128;  // doubles: up to here no groups
  static constexpr int64_t kAhead = 8192; // bytes: the processor's own prefetching stops at the end of a page

  // Those that load(0), load(1) ... give.
  template <class Load> static TORCH_INLINE void add_group(Pair& to, const Load& load) {
    D values[kGroup];
    for (int i = 0; i < kGroup; ++i) values[i] = load(i);
    to.add(((values[0] + values[2]) + plus(values[1], values[3])).v);
  }
  static TORCH_INLINE D plus(D sum, D x) { return torch::TORCH_ISA::plus(sum.v, x.v); }
  static TORCH_INLINE void prefetch(const T* x, int64_t bytes) {
    for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(reinterpret_cast<const char*>(x) + kAhead + i);
  }
  static TORCH_INLINE D load(const T* x, const void* context) { return Map::apply(load_widened(x), context); }
  static TORCH_INLINE D load_partial(const T* x, int64_t n, const void* context) { // 0 < n < kWidth
    const Vec<T> values = Vec<T>::load_partial(x, n);
    if constexpr (kFloat) {
      D low, high;
      widen(values, low, high);
      return Map::apply(low, context);
    } else {
      return Map::apply(values, context);
    }
  }

  static void init(void* acc, int64_t m) { std::fill_n(static_cast<double*>(acc), 2 * m, 0.0); }

  static void run(void* acc, const void* values, int64_t n, const void* context) {
    double* const a = static_cast<double*>(acc);
    const T* x = static_cast<const T*>(values);
    TwoSum<double> total{a[0], a[1]};
    int64_t i = 0;
    Pair sums[2];
    if constexpr (kFloat) {
      for (; i + kShortRow <= n; i += kShortRow) sums[0].add(added(x + i, kShortRow, context).v);
      const D rest = added(x + i, n - i, context);
      if (i == 0) {
        total.add(torch::TORCH_ISA::fold_lanes(rest, [](D p, D q) { return p + q; }));
      } else {
        sums[0].add(rest.v);
        total.add(fold_lanes<kWidth>(sums[0]));
      }
      a[0] = total.high;
      a[1] = total.low;
      return;
    }
    constexpr int64_t kBlock = 2 * kGroup * kWidth;
    if (n > kShort) {
      for (; i + kBlock <= n; i += kBlock) {
        prefetch(x + i, kBlock * int64_t(sizeof(T)));
        for (int k = 0; k < 2; ++k)
          add_group(sums[k], [=](int64_t j) { return load(x + i + (2 * j + k) * kWidth, context); });
      }
    }
    if (n >= kWidth) {
      for (int k = 0; i + kWidth <= n; i += kWidth, k = 1 - k) sums[k].add(load(x + i, context).v);
      sums[0].add(sums[1]);
      total.add(fold_lanes<kWidth>(sums[0]));
      for (; i < n; ++i) total.add(Map::apply(double(x[i]), context));
    } else {
      for (; i < n; ++i) total.add(Map::apply(double(x[i]), context));
    }
    a[0] = total.high;
    a[1] = total.low;
  }

  // Rows of up to kShortRow values are added up in lanes without second words; the lanes of kWidth rows are
  // then folded together.
  template <int kStep> static TORCH_INLINE void fold_rows(D (&rows)[kWidth]) {
    constexpr auto place = [](int l, int further) { // in the lanes of two registers, one after the other
      return (l % (2 * kStep) < kStep ? l : l - kStep + int(kWidth)) + further;
    };
    typename Vec<int64_t>::Raw first, second;
#pragma GCC unroll 8
    for (int l = 0; l < kWidth; ++l) {
      first[l] = place(l, 0);
      second[l] = place(l, kStep);
    }
#pragma GCC unroll 8
    for (int i = 0; i < kWidth; i += 2 * kStep) {
      const D::Raw a = rows[i].v, b = rows[i + kStep].v;
      rows[i] = D(__builtin_shuffle(a, b, first)) + D(__builtin_shuffle(a, b, second));
    }
  }
  static TORCH_INLINE D folded(D (&rows)[kWidth]) {
    fold_rows<1>(rows);
    if constexpr (kWidth > 2) fold_rows<2>(rows);
    if constexpr (kWidth > 4) fold_rows<4>(rows);
    return rows[0];
  }
  static void lines(void* acc, const void* values, int64_t stride, int64_t m, int64_t n,
                    const void* context) {
    const auto each = [&](const auto& sum_of) { sum_lines(acc, values, stride, m, sum_of); };
    if (n < kWidth)
      each([=](const T* x) { return load_rest(x, n, context); });
    else if (n < 2 * kWidth && n > kWidth)
      each([=](const T* x) { return load(x, context) + load_rest(x + kWidth, n - kWidth, context); });
    else
      each([=](const T* x) { return added(x, n, context); });
  }
  template <class Sum>
  static TORCH_INLINE void sum_lines(void* acc, const void* values, int64_t stride, int64_t m,
                                     const Sum& sum_of) {
    double* const high = static_cast<double*>(acc);
    double* const low = high + m;
    const char* const x = static_cast<const char*>(values);
    for (int64_t j = 0; j < m; j += kWidth) {
      const int64_t count = std::min(kWidth, m - j);
      D rows[kWidth];
      if (count == kWidth) {
        for (int64_t i = 0; i < kWidth; ++i)
          rows[i] = sum_of(reinterpret_cast<const T*>(x + (j + i) * stride));
      } else {
        for (int64_t i = 0; i < kWidth; ++i)
          rows[i] = i < count ? sum_of(reinterpret_cast<const T*>(x + (j + i) * stride)) : D(0.0);
      }
      const D sums = folded(rows);
      double highs[kWidth] = {}, lows[kWidth] = {};
      const bool whole = count == kWidth;
      double *const to_high = whole ? high + j : highs, *const to_low = whole ? low + j : lows;
      if (!whole) {
        std::copy_n(high + j, count, highs);
        std::copy_n(low + j, count, lows);
      }
      Pair total{D::load(to_high).v, D::load(to_low).v};
      total.add(sums.v);
      D(total.high).store(to_high);
      D(total.low).store(to_low);
      if (!whole) {
        std::copy_n(highs, count, high + j);
        std::copy_n(lows, count, low + j);
      }
    }
  }
  static void tile(void* acc, const void* values, int64_t stride, int64_t rows, int64_t n,
                   const void* context) {
    double* const a = static_cast<double*>(acc);
    const char* const x = static_cast<const char*>(values);
    Pair sums[2];
    for (int64_t r = 0; r < rows; ++r)
      sums[r % 2].add(added(reinterpret_cast<const T*>(x + r * stride), n, context).v);
    sums[0].add(sums[1]);
    TwoSum<double> total{a[0], a[1]};
    total.add(fold_lanes<kWidth>(sums[0]));
    a[0] = total.high;
    a[1] = total.low;
  }

  // A few values without second words: of kShortRow, at most 2^-46 of their sizes is lost.
  static TORCH_INLINE D added(const T* x, int64_t n, const void* context) {
    constexpr int64_t kStep = kChains * kWidth;
    D even(0.0), odd(0.0);
    int64_t i = 0;
    if (n >= 4 * kStep) {
      D sums[kChains];
      prefetch(x, kStep * int64_t(sizeof(T)));
      for (int k = 0; k < kChains; ++k) sums[k] = load(x + k * kWidth, context);
      for (i = kStep; i + kStep <= n; i += kStep) {
        prefetch(x + i, kStep * int64_t(sizeof(T)));
        for (int k = 0; k < kChains; ++k) sums[k] = plus(sums[k], load(x + i + k * kWidth, context));
      }
      for (int m = kChains / 2; m > 1; m /= 2)
        for (int k = 0; k < m; ++k) sums[k] = sums[k] + sums[k + m];
      even = sums[0];
      odd = sums[1];
    }
    for (; i + 2 * kWidth <= n; i += 2 * kWidth) {
      even = plus(even, load(x + i, context));
      odd = plus(odd, load(x + i + kWidth, context));
    }
    if (i + kWidth <= n) {
      even = plus(even, load(x + i, context));
      i += kWidth;
    }
    if (i < n) odd = plus(odd, load_rest(x + i, n - i, context));
    return even + odd;
  }
  // 0 < n < kWidth values, and zeros.
  static TORCH_INLINE D load_rest(const T* x, int64_t n, const void* context) {
#if TORCH_VEC_AVX512
    if constexpr (kFloat && std::is_same_v<Map, AsIs>) {
      const __m256 values = _mm256_maskz_loadu_ps(__mmask8((1u << n) - 1u), x);
      return (D::Raw)_mm512_maskz_cvtps_pd(0xff, values);
    }
#elif TORCH_VEC_AVX2
    if constexpr (kFloat && std::is_same_v<Map, AsIs>) {
      const __m128i wanted = _mm_cmpgt_epi32(_mm_set1_epi32(int(n)), _mm_setr_epi32(0, 1, 2, 3));
      return (D::Raw)_mm256_cvtps_pd(_mm_maskload_ps(x, wanted));
    }
#endif
    D::Raw place;
    for (int i = 0; i < kWidth; ++i) place[i] = double(i);
    return select(D(place) < D(double(n)), load_partial(x, n, context), D(0.0));
  }

  // Columns. The processor does not follow many rows by itself: of floats, whose widening leaves it little
  // time to look ahead, four rows are added to sums in the first-level cache while the next four are asked
  // for. Of doubles, eight rows of some columns.
  static void columns(void* acc, const void* values, int64_t stride, int64_t rows, int64_t m,
                      const void* context) {
    double* const high = static_cast<double*>(acc);
    for (int64_t j = 0; j < m; j += kColumns)
      some_columns(high + j, high + m + j, static_cast<const char*>(values) + j * int64_t(sizeof(T)), stride,
                   rows, std::min(kColumns, m - j), context);
  }
  static constexpr int64_t kColumns = kFloat ? 1024 : 256;
  static constexpr int64_t kLine = 64 / int64_t(sizeof(T)); // elements of a cache line

  // Keeps the compiler from giving each row a pointer of its own, for which it has no registers.
  static TORCH_INLINE const char* hidden(const char* p) {
    asm("" : "+r"(p));
    return p;
  }
  static TORCH_INLINE const T* row(const char* p, int64_t offset) {
    return reinterpret_cast<const T*>(p + offset);
  }
  static TORCH_INLINE void ask_for_four(const char* p, int64_t stride) {
    p = hidden(p);
    for (int64_t i = 0; i < 4; ++i) __builtin_prefetch(p + i * stride);
  }

  static void some_columns(double* high, double* low, const char* values, int64_t stride, int64_t rows,
                           int64_t m, const void* context) {
    const int64_t whole = m / kWidth * kWidth;
    const auto each = [&](const auto& f) { // f(j, load): of kWidth columns
      for (int64_t j = 0; j < whole; j += kWidth) f(j, [=](const T* x) { return load(x, context); });
      if (whole < m) f(whole, [=](const T* x) { return load_partial(x, m - whole, context); });
    };
    const auto update = [&](const auto& f) { // f(their two words, j, load)
      each([&](int64_t j, const auto& from) {
        const int64_t n = std::min(kWidth, m - j);
        if (n == kWidth) {
          Pair sum{D::load(high + j).v, D::load(low + j).v};
          f(sum, j, from);
          D(sum.high).store(high + j);
          D(sum.low).store(low + j);
          return;
        }
        double words[2][kWidth] = {};
        std::copy_n(high + j, n, words[0]);
        std::copy_n(low + j, n, words[1]);
        Pair sum{D::load(words[0]).v, D::load(words[1]).v};
        f(sum, j, from);
        D(sum.high).store(words[0]);
        D(sum.low).store(words[1]);
        std::copy_n(words[0], n, high + j);
        std::copy_n(words[1], n, low + j);
      });
    };
    const auto at = [&](int64_t r, int64_t j) { return reinterpret_cast<const T*>(values + r * stride) + j; };
    if constexpr (kFloat) {
      constexpr int64_t kRows = 33; // that are added without second words
      alignas(64) double sums[kColumns];
      for (int64_t first = 0; first < rows; first += kRows) {
        const int64_t last = std::min(first + kRows, rows);
        each([&](int64_t j, const auto& from) { from(at(first, j)).store(sums + j); });
        int64_t r = first + 1;
        for (; r + 4 <= last; r += 4) {
          const char* const x = values + r * stride;
          const auto add = [=](double* to, const char* p, const auto& from) {
            const D low = plus(from(row(p, 0)), from(row(p, stride))),
                    high = plus(from(row(p, 2 * stride)), from(row(p, 3 * stride)));
            plus(D::load(to), plus(low, high)).store(to);
          };
          int64_t j = 0;
          for (; j + kLine <= m; j += kLine) {
            const char* const p = hidden(x + j * int64_t(sizeof(T)));
            ask_for_four(p + 4 * stride, stride);
            for (int64_t k = 0; k < kLine; k += kWidth)
              add(sums + j + k, p + k * int64_t(sizeof(T)),
                  [=](const T* from) { return load(from, context); });
          }
          for (; j < whole; j += kWidth)
            add(sums + j, x + j * int64_t(sizeof(T)), [=](const T* from) { return load(from, context); });
          if (j < m)
            add(sums + j, x + j * int64_t(sizeof(T)),
                [=](const T* from) { return load_partial(from, m - whole, context); });
        }
        for (; r < last; ++r)
          each([&](int64_t j, const auto& from) { plus(D::load(sums + j), from(at(r, j))).store(sums + j); });
        update([&](Pair& sum, int64_t j, const auto&) { sum.add(D::load(sums + j).v); });
      }
    } else {
      constexpr int64_t kRows = 2 * kGroup;
      int64_t r = 0;
      for (; r + kRows <= rows; r += kRows) {
        const char* const x = values + r * stride;
        update([=](Pair& sum, int64_t j, const auto& from) {
          const char* const p = hidden(x + j * int64_t(sizeof(T)));
          const char* const q = hidden(p + kGroup * stride);
          if (j % kLine == 0) {
            ask_for_four(q + kGroup * stride, stride);
            ask_for_four(hidden(q + 2 * kGroup * stride), stride);
          }
          add_group(sum, [=](int64_t i) { return from(row(p, i * stride)); });
          add_group(sum, [=](int64_t i) { return from(row(q, i * stride)); });
        });
      }
      for (; r < rows; ++r)
        update([&](Pair& sum, int64_t j, const auto& from) { sum.add(from(at(r, j)).v); });
    }
  }

  static void merge(void* acc, const void* other, int64_t m) {
    double* const a = static_cast<double*>(acc);
    const double* const b = static_cast<const double*>(other);
    int64_t j = 0;
    for (; j + kWidth <= m; j += kWidth) {
      Pair sum{D::load(a + j).v, D::load(a + m + j).v};
      sum.add({D::load(b + j).v, D::load(b + m + j).v});
      D(sum.high).store(a + j);
      D(sum.low).store(a + m + j);
    }
    for (; j < m; ++j) {
      TwoSum<double> sum{a[j], a[m + j]};
      sum.add({b[j], b[m + j]});
      a[j] = sum.high;
      a[m + j] = sum.low;
    }
  }

  static void finish(void* acc, int64_t m, const void*) {
    double* const a = static_cast<double*>(acc);
    int64_t j = 0;
    for (; j + kWidth <= m; j += kWidth) { // as value()
      const D high = D::load(a + j), low = D::load(a + m + j);
      select(low - low == D(0.0), high + low, high).store(a + j);
    }
    for (; j < m; ++j) a[j] = TwoSum<double>{a[j], a[m + j]}.value();
  }
};

template <class T, class Map = AsIs> Reduction precise_sum() {
  using S = PreciseSum<T, Map>;
  Reduction r{dtype_of<T>(), DType::Float64, 2 * int64_t(sizeof(double)),
              S::init,       S::run,         S::columns,
              S::merge,      S::finish,      nullptr};
  if constexpr (std::is_same_v<T, float>) {
    r.lines = S::lines;
    r.tile = S::tile;
  }
  return r;
}

} // namespace torch::TORCH_ISA

// Sums whose error does not grow with their length.
#pragma once

#include "kernels/cpu/reduce_lanes.h"

#include <algorithm>
#include <cmath>

namespace torch::TORCH_ISA {

// A sum in double in two words: `high` rounded as usual, `low` what that lost at each step (Knuth's two-sum).
// The result is the exact sum rounded, unless the terms cancel to less than 1e-16 of their size. V: double,
// or a vector of the compiler's.
template <class V> struct TwoSum {
  V high{}, low{};

  TORCH_INLINE void add(V x) {
    const V sum = high + x, part = sum - high;
    low = low + ((high - (sum - part)) + (x - part));
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

// Groups of values are added in double first. For floats that is exact as long as their sizes are within 2^25
// of each other, else it loses 2^-50 of them. Map is applied to each value, in double. Accumulators of m
// outputs: high[m], low[m].
template <class T, class Map = AsIs> struct PreciseSum {
  using D = Vec<double>;
  using Pair = TwoSum<D::Raw>;
  static constexpr int64_t kWidth = D::kLanes;
  static constexpr int kGroup = std::is_same_v<T, float> ? 16 : 4;
  static constexpr int64_t kShort = std::is_same_v<T, float> ? 0 : 128; // up to here no groups

  // Those that load(0), load(1) ... give.
  template <class Load> static TORCH_INLINE void add_group(Pair& to, const Load& load) {
    D values[kGroup];
    for (int i = 0; i < kGroup; ++i) values[i] = load(i);
    for (int n = kGroup / 2; n > 0; n /= 2)
      for (int i = 0; i < n; ++i) values[i] = values[i] + values[i + n];
    to.add(values[0].v);
  }
  static TORCH_INLINE D load(const T* x, const void* context) { return Map::apply(load_widened(x), context); }
  static TORCH_INLINE D load_partial(const T* x, int64_t n, const void* context) { // 0 < n < kWidth
    const Vec<T> values = Vec<T>::load_partial(x, n);
    if constexpr (std::is_same_v<T, float>) {
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
    constexpr int64_t kBlock = 2 * kGroup * kWidth;
    int64_t i = 0;
    Pair sums[2];
    if (n > kShort) {
      for (; i + kBlock <= n; i += kBlock) {
        for (int k = 0; k < 2; ++k)
          add_group(sums[k], [=](int64_t j) { return load(x + i + (2 * j + k) * kWidth, context); });
      }
    }
    if constexpr (std::is_same_v<T, float>) { // the rest is one more group
      const D rest = added(x + i, n - i, context);
      if (i == 0) {
        total.add(torch::TORCH_ISA::fold_lanes(rest, [](D p, D q) { return p + q; }));
      } else {
        sums[0].add(rest.v);
        sums[0].add(sums[1]);
        total.add(fold_lanes<kWidth>(sums[0]));
      }
    } else if (n >= kWidth) {
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
  static TORCH_INLINE D folded(D (&rows)[kWidth]) {
    for (int step = 1; step < kWidth; step *= 2) {
      typename Vec<int64_t>::Raw first, second; // places in the lanes of two registers, one after the other
      for (int l = 0; l < kWidth; ++l) {
        const int from = l % (2 * step) < step ? l : l - step + int(kWidth);
        first[l] = from;
        second[l] = from + step;
      }
      for (int i = 0; i < kWidth; i += 2 * step) {
        const D::Raw a = rows[i].v, b = rows[i + step].v;
        rows[i] = D(__builtin_shuffle(a, b, first)) + D(__builtin_shuffle(a, b, second));
      }
    }
    return rows[0];
  }
  static void lines(void* acc, const void* values, int64_t stride, int64_t m, int64_t n,
                    const void* context) {
    double* const high = static_cast<double*>(acc);
    double* const low = high + m;
    const char* const x = static_cast<const char*>(values);
    for (int64_t j = 0; j < m; j += kWidth) {
      const int64_t count = std::min(kWidth, m - j);
      D rows[kWidth];
      for (int64_t i = 0; i < kWidth; ++i)
        rows[i] = i < count ? added(reinterpret_cast<const T*>(x + (j + i) * stride), n, context) : D(0.0);
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
    D even(0.0), odd(0.0);
    int64_t i = 0;
    if (n >= 2 * kWidth) {
      even = load(x, context);
      odd = load(x + kWidth, context);
      for (i = 2 * kWidth; i + 2 * kWidth <= n; i += 2 * kWidth) {
        even = even + load(x + i, context);
        odd = odd + load(x + i + kWidth, context);
      }
    }
    if (i + kWidth <= n) {
      even = even + load(x + i, context);
      i += kWidth;
    }
    if (i < n) odd = odd + load_rest(x + i, n - i, context);
    return even + odd;
  }
  // 0 < n < kWidth values, and zeros.
  static TORCH_INLINE D load_rest(const T* x, int64_t n, const void* context) {
    D::Raw place;
    for (int i = 0; i < kWidth; ++i) place[i] = double(i);
    return select(D(place) < D(double(n)), load_partial(x, n, context), D(0.0));
  }

  // kWidth columns; load(r) gives row r of them.
  template <class Load> static TORCH_INLINE void add_rows(Pair& sums, int64_t rows, const Load& load) {
    int64_t r = 0;
    for (; r + kGroup <= rows; r += kGroup) add_group(sums, [&](int64_t i) { return load(r + i); });
    for (; r < rows; ++r) sums.add(load(r).v);
  }

  static void columns(void* acc, const void* values, int64_t stride, int64_t rows, int64_t m,
                      const void* context) {
    double* const high = static_cast<double*>(acc);
    double* const low = high + m;
    const auto row = [&](int64_t r) {
      return reinterpret_cast<const T*>(static_cast<const char*>(values) + r * stride);
    };
    const int64_t whole = m / kWidth * kWidth, rest = m - whole;
    for (int64_t first = 0; first < rows; first += kGroup) { // by rows, as they lie in memory
      const int64_t count = std::min<int64_t>(kGroup, rows - first);
      for (int64_t j = 0; j < whole; j += kWidth) {
        Pair sums{D::load(high + j).v, D::load(low + j).v};
        add_rows(sums, count, [&](int64_t r) { return load(row(first + r) + j, context); });
        D(sums.high).store(high + j);
        D(sums.low).store(low + j);
      }
    }
    if (rest == 0) return;
    double highs[kWidth] = {}, lows[kWidth] = {};
    std::copy_n(high + whole, rest, highs);
    std::copy_n(low + whole, rest, lows);
    Pair sums{D::load(highs).v, D::load(lows).v};
    add_rows(sums, rows, [&](int64_t r) { return load_partial(row(r) + whole, rest, context); });
    D(sums.high).store(highs);
    D(sums.low).store(lows);
    std::copy_n(highs, rest, high + whole);
    std::copy_n(lows, rest, low + whole);
  }

  static void merge(void* acc, const void* other, int64_t m) {
    double* const a = static_cast<double*>(acc);
    const double* const b = static_cast<const double*>(other);
    for (int64_t j = 0; j < m; ++j) {
      TwoSum<double> sum{a[j], a[m + j]};
      sum.add({b[j], b[m + j]});
      a[j] = sum.high;
      a[m + j] = sum.low;
    }
  }

  static void finish(void* acc, int64_t m, const void*) {
    double* const a = static_cast<double*>(acc);
    for (int64_t j = 0; j < m; ++j) a[j] = TwoSum<double>{a[j], a[m + j]}.value();
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

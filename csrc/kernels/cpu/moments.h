// Mean and variance.
#pragma once

#include "kernels/cpu/reduce_lanes.h"

#include <algorithm>
#include <cmath>

namespace torch::TORCH_ISA {

// Values are taken in blocks small enough for the first-level cache: two passes over a block give its mean
// and the sum of squared deviations from it, and blocks are joined as by Chan, Golub and LeVeque (1979). All
// sums are in double. Equal values have their own value as mean and no deviation: a sum of equal floats is
// exact, and doubles are added up as differences from the block's first value; what the rounding of that
// costs the mean, the second pass finds as the sum of deviations. Accumulators of m outputs: mean[m],
// deviations[m], count[m].
template <class T> struct Moments {
  static constexpr int64_t kBlock = 1024;
  static constexpr int64_t kRows = 16;
  static constexpr bool kNarrow = std::is_same_v<T, float>;

  static void init(void* acc, int64_t m) { std::fill_n(static_cast<double*>(acc), 3 * m, 0.0); }

  static TORCH_INLINE void join(double* mean, double* dev, double* count, double mean_b, double dev_b,
                                double count_b) {
    const double total = *count + count_b;
    if (count_b == 0) return;
    const double delta = mean_b - *mean;
    *mean += delta * (count_b / total);
    *dev += dev_b + delta * delta * (*count * count_b / total);
    *count = total;
  }

  struct Difference {
    template <class V> static TORCH_INLINE V apply(V x, const void* from) {
      return x - V(*static_cast<const double*>(from));
    }
  };
  struct Deviation {
    template <class V> static TORCH_INLINE V apply(V x, const void* mean) {
      const V d = x - V(*static_cast<const double*>(mean));
      return d * d;
    }
  };

  static void run(void* acc, const void* values, int64_t n, const void*) {
    double* const a = static_cast<double*>(acc);
    const T* x = static_cast<const T*>(values);
    for (int64_t first = 0; first < n; first += kBlock) {
      const int64_t size = std::min(kBlock, n - first);
      double mean = 0, dev = 0;
      if constexpr (kNarrow) {
        Lanes<SumJoin, T, double>::run(&mean, x + first, size, nullptr);
        mean /= double(size);
      } else {
        const double start = x[first];
        Lanes<SumJoin, T, double, Difference>::run(&mean, x + first, size, &start);
        mean = start + mean / double(size);
        double rest = 0;
        Lanes<SumJoin, T, double, Difference>::run(&rest, x + first, size, &mean);
        mean += rest / double(size);
      }
      Lanes<SumJoin, T, double, Deviation>::run(&dev, x + first, size, &mean);
      join(a, a + 1, a + 2, mean, dev, double(size));
    }
  }

  static void columns(void* acc, const void* values, int64_t stride, int64_t rows, int64_t m, const void*) {
    double* const __restrict mean = static_cast<double*>(acc);
    double* const __restrict dev = mean + m;
    double* const __restrict count = dev + m;
    for (int64_t first = 0; first < rows; first += kRows) {
      const int64_t size = std::min(kRows, rows - first);
      const char* const base = static_cast<const char*>(values) + first * stride;
      const double old = count[0], total = old + double(size); // every column has seen as many values
      const double share = double(size) / total, weight = old * double(size) / total;
      constexpr int64_t kWide = 16; // columns whose sums stay in registers
      double sum[kWide], square[kWide], rest[kWide];
      for (int64_t j = 0; j < m; j += kWide) {
        const int64_t width = std::min(kWide, m - j);
        const T* const start = reinterpret_cast<const T*>(base) + j;
        const auto block = [&](int64_t w) __attribute__((always_inline)) {
          for (int64_t k = 0; k < w; ++k) sum[k] = square[k] = rest[k] = 0;
          for (int64_t r = 0; r < size; ++r) {
            const T* x = reinterpret_cast<const T*>(base + r * stride) + j;
            for (int64_t k = 0; k < w; ++k)
              sum[k] += kNarrow ? double(x[k]) : double(x[k]) - double(start[k]);
          }
          for (int64_t k = 0; k < w; ++k) sum[k] = (kNarrow ? 0.0 : double(start[k])) + sum[k] / double(size);
          for (int64_t r = 0; r < size; ++r) {
            const T* x = reinterpret_cast<const T*>(base + r * stride) + j;
            for (int64_t k = 0; k < w; ++k) {
              const double d = double(x[k]) - sum[k];
              square[k] += d * d;
              if constexpr (!kNarrow) rest[k] += d;
            }
          }
          for (int64_t k = 0; k < w; ++k) {
            if constexpr (!kNarrow) sum[k] += rest[k] / double(size);
            const double delta = sum[k] - mean[j + k];
            mean[j + k] += delta * share;
            dev[j + k] += square[k] + delta * delta * weight;
          }
        };
        if (width == kWide)
          block(kWide);
        else
          block(width);
      }
      for (int64_t j = 0; j < m; ++j) count[j] = total;
    }
  }

  static void merge(void* acc, const void* other, int64_t m) {
    double* const a = static_cast<double*>(acc);
    const double* const b = static_cast<const double*>(other);
    for (int64_t j = 0; j < m; ++j) join(a + j, a + m + j, a + 2 * m + j, b[j], b[m + j], b[2 * m + j]);
  }

  // mean, deviations, count -> variance (or its root), mean
  template <bool kRoot> static void finish(void* acc, int64_t m, const void* context) {
    double* const a = static_cast<double*>(acc);
    const double correction = *static_cast<const double*>(context);
    for (int64_t j = 0; j < m; ++j) {
      const double mean = a[2 * m + j] == 0 ? NAN : a[j];
      a[j] = a[m + j] / std::max(0.0, a[2 * m + j] - correction);
      if constexpr (kRoot) a[j] = std::sqrt(a[j]);
      a[m + j] = mean;
    }
  }
};

} // namespace torch::TORCH_ISA

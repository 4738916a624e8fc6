// What the normalisations share: reading small tensors and rows as the compute type T (float for half types),
// block by block.
#pragma once

#include "core/allocator.h"
#include "core/threads.h"
#include "kernels/cpu/convert.h"
#include "kernels/cpu/moments.h"
#include "kernels/cpu/stream.h"
#include "kernels/cpu/vec_math.h"

#include <optional>

namespace torch::TORCH_ISA {

constexpr int64_t kNormBlock = 1024;

// The elements of a small tensor (weight, running mean ...) as contiguous T; `missing` everywhere if it is
// undefined.
template <class T> class Coefficients {
public:
  Coefficients(const Tensor& t, int64_t n, T missing) : memory_(size_t(std::max<int64_t>(n, 1)) * sizeof(T)) {
    T* const values = memory_.as<T>();
    if (!t.defined()) {
      std::fill_n(values, n, missing);
      return;
    }
    const Convert convert = converter(t.dtype(), dtype_of<T>());
    if (t.is_contiguous()) {
      convert(values, t.data(), n);
      return;
    }
    const int64_t step = t.strides().back() * t.itemsize(); // one dimension
    for (int64_t i = 0; i < n; ++i) convert(values + i, static_cast<const char*>(t.data()) + i * step, 1);
  }
  const T* data() const { return memory_.as<T>(); }
  T operator[](int64_t i) const { return data()[i]; }

private:
  Scratch memory_;
};

inline const char* advance(const void* p, DType type, int64_t n) {
  return static_cast<const char*>(p) + n * item_size(type);
}
inline char* advance(void* p, DType type, int64_t n) { return static_cast<char*>(p) + n * item_size(type); }

// n <= kNormBlock elements as T: where they lie, or converted into `buffer`.
template <class T> TORCH_INLINE const T* read_block(const void* x, DType type, int64_t n, T* buffer) {
  if (type == dtype_of<T>()) return static_cast<const T*>(x);
  converter(type, dtype_of<T>())(buffer, x, n);
  return buffer;
}
// Where to compute n elements that write_block then puts at `out`.
template <class T> TORCH_INLINE T* block_target(void* out, DType type, T* buffer) {
  return type == dtype_of<T>() ? static_cast<T*>(out) : buffer;
}
template <class T> TORCH_INLINE void write_block(void* out, DType type, int64_t n, const T* values) {
  if (type != dtype_of<T>()) converter(dtype_of<T>(), type)(out, values, n);
}

// Mean and (biased) variance of n contiguous elements.
struct MeanVar {
  double mean, var;
};
template <class T> MeanVar moments_of(const void* x, DType type, int64_t n) {
  double acc[3] = {0, 0, 0};
  if (type == dtype_of<T>()) {
    Moments<T>::run(acc, x, n, nullptr);
  } else {
    alignas(64) T buffer[kNormBlock];
    for (int64_t first = 0; first < n; first += kNormBlock) {
      const int64_t size = std::min(kNormBlock, n - first);
      Moments<T>::run(acc, read_block<T>(advance(x, type, first), type, size, buffer), size, nullptr);
    }
  }
  return {acc[0], acc[1] / double(n)};
}
// With m the mean in T and scale that of the values: what to add to (x - m) * scale for the part of the mean
// that m has lost.
template <class T> T mean_rest(double mean, T scale) { return T((double(T(mean)) - mean) * double(scale)); }

// 1 / sqrt(v), with what its rounding to T loses; results in double would show that.
template <class T> struct InverseRoot {
  T value, rest;
  explicit InverseRoot(double v) {
    const double root = 1 / std::sqrt(v), one = v * root;
    const double error = std::fma(-one, root, 1.0) - std::fma(v, root, -one) * root;
    value = T(root);
    rest = std::is_same_v<T, double> && std::isfinite(error) ? T(0.5 * root * error) : T(0);
  }
};

// out[i] = (x[i] - shift) * scale + offset; scale_rest is a second word of scale, for doubles.
template <class T>
void affine_run(void* out, const void* x, DType type, int64_t n, T shift, T scale, T offset,
                T scale_rest = T(0)) {
  using V = Vec<T>;
  alignas(64) T in_buffer[kNormBlock], out_buffer[kNormBlock];
  for (int64_t first = 0; first < n; first += kNormBlock) {
    const int64_t size = std::min(kNormBlock, n - first);
    const T* const from = read_block<T>(advance(x, type, first), type, size, in_buffer);
    T* const to = block_target<T>(advance(out, type, first), type, out_buffer);
    each_vec<T>(size, [&](int64_t i, auto load, auto store) {
      const V d = load(from + i) - V(shift);
      if constexpr (std::is_same_v<T, double>)
        store(to + i, fused(d, V(scale), fused(d, V(scale_rest), V(offset))));
      else
        store(to + i, fused(d, V(scale), V(offset)));
    });
    write_block(advance(out, type, first), type, size, to);
  }
}

// 0 < n < kLanes elements, and zeros.
template <class T> TORCH_INLINE Vec<T> load_or_zero(const T* x, int64_t n) {
  using V = Vec<T>;
#if TORCH_VEC_AVX512
  if constexpr (sizeof(T) == 4)
    return (typename V::Raw)_mm512_maskz_loadu_ps(__mmask16((1u << n) - 1u), x);
  else
    return (typename V::Raw)_mm512_maskz_loadu_pd(__mmask8((1u << n) - 1u), x);
#else
  T values[V::kLanes] = {};
  for (int64_t i = 0; i < n; ++i) values[i] = x[i];
  return V::load(values);
#endif
}

// Planes of fewer elements are gone through several at a time, with a coefficient for each element.
constexpr int64_t kSmallPlane = 64;

// Each of n values `times` times.
template <class T> void repeat_each(T* out, const T* values, int64_t n, int64_t times) {
  for (int64_t i = 0; i < n; ++i) std::fill_n(out + i * times, times, values[i]);
}

// Of rows of few channels, some are gone through channel by channel, whose coefficients and sums stay in
// registers.
constexpr int64_t kFewChannels = 256, kRowsTogether = 16;

// The processor's own prefetching stops at the end of a page, and takes some lines to begin anew.
template <class T> TORCH_INLINE void ask_ahead(const T* x) {
  __builtin_prefetch(reinterpret_cast<const char*>(x) + 2048);
}

// Calls f(first row, rows, channel, load, store) for registers of channels of up to kRowsTogether of the rows
// in [from, to), which start at a multiple of that. `read`: what they are read from.
template <class T, class F>
TORCH_INLINE void each_of_rows(int64_t from, int64_t to, int64_t channels,
                               std::initializer_list<const T*> read, F&& f) {
  for (int64_t r = from; r < to; r += kRowsTogether) {
    const int64_t rows = std::min(kRowsTogether, to - r);
    for (const T* const x : read)
      for (int64_t i = 0; i < rows * channels; i += 64 / int64_t(sizeof(T))) ask_ahead(x + r * channels + i);
    each_vec<T>(channels, [&](int64_t k, auto load, auto store) { f(r, rows, k, load, store); });
  }
}

// Makes such rows at `out`: make(channel, load) gives the function of elements' places for these channels,
// called with a load of its own.
template <class T, class Make>
TORCH_INLINE void write_rows(T* out, int64_t from, int64_t to, int64_t channels,
                             std::initializer_list<const T*> read, bool past_cache, const Make& make) {
  alignas(64) T buffer[kFewChannels * kRowsTogether];
  const bool aside = past_cache && channels <= kFewChannels;
  for (int64_t r = from; r < to; r += kRowsTogether) {
    const int64_t last = std::min(r + kRowsTogether, to);
    T* const target = aside ? buffer : out + r * channels;
    each_of_rows<T>(r, last, channels, read, [&](int64_t, int64_t rows, int64_t k, auto load, auto store) {
      const auto value = make(k, load);
      for (int64_t i = 0; i < rows; ++i)
        store(target + i * channels + k, value((r + i) * channels + k, load));
    });
    if (aside) stream(out + r * channels, buffer, (last - r) * channels * int64_t(sizeof(T)));
  }
  if (aside) stream_fence();
}

// Sum of a and sum of a * (b - shift) over a run, in T within a block of kNormBlock, in double between
// blocks.
template <class T>
void add_products(double& sum, double& dot, const void* a, const void* b, DType type, int64_t n, T shift) {
  using V = Vec<T>;
  alignas(64) T a_buffer[kNormBlock], b_buffer[kNormBlock];
  for (int64_t first = 0; first < n; first += kNormBlock) {
    const int64_t size = std::min(kNormBlock, n - first);
    const T* const pa = read_block<T>(advance(a, type, first), type, size, a_buffer);
    const T* const pb = read_block<T>(advance(b, type, first), type, size, b_buffer);
    V sums[2] = {V(T(0)), V(T(0))}, dots[2] = {V(T(0)), V(T(0))};
    int64_t i = 0;
    for (; i + 2 * V::kLanes <= size; i += 2 * V::kLanes) {
      for (int k = 0; k < 2; ++k) {
        ask_ahead(pa + i + k * V::kLanes);
        ask_ahead(pb + i + k * V::kLanes);
        const V va = V::load(pa + i + k * V::kLanes), vb = V::load(pb + i + k * V::kLanes);
        sums[k] = sums[k] + va;
        dots[k] = fused(va, vb - V(shift), dots[k]);
      }
    }
    if (i + V::kLanes <= size) {
      const V va = V::load(pa + i);
      sums[0] = sums[0] + va;
      dots[0] = fused(va, V::load(pb + i) - V(shift), dots[0]);
      i += V::kLanes;
    }
    if (const int64_t rest = size - i; rest > 0) {
      const V va = load_or_zero(pa + i, rest);
      sums[1] = sums[1] + va;
      dots[1] = fused(va, V::load_partial(pb + i, rest) - V(shift), dots[1]);
    }
    const auto add = [](V p, V q) { return p + q; };
    sum += double(fold_lanes(sums[0] + sums[1], add));
    dot += double(fold_lanes(dots[0] + dots[1], add));
  }
}

// visit with float or double as compute type
template <class F> void visit_norm(const char* op, DType type, F&& f) {
  switch (type) {
  case DType::Float64:
    return f(TypeTag<double>{});
  case DType::Float32:
  case DType::Float16:
  case DType::BFloat16:
    return f(TypeTag<float>{});
  default:
    fail_dtype(op, type);
  }
}

// n values of T into a tensor of any dtype with n elements (contiguous).
template <class T> void store_values(const Tensor& to, const T* values, int64_t n) {
  converter(dtype_of<T>(), to.dtype())(to.data(), values, n);
}

} // namespace torch::TORCH_ISA

// One filter for every channel, each channel a plane of its own: square kernels of 3, 5 or 7 with stride one
// or two, float32. A vector of the source serves every row of results whose window it is in. Included by
// conv.cpp only.
#pragma once

#include "kernels/cpu/conv_engine.h"

namespace torch::TORCH_ISA {
namespace {

// Rows of results held in registers, beside a column of weights and a vector of the source.
template <int Kernel> constexpr int kPlaneRows = kVecRegisters == 16 && Kernel == 7 ? 7 : 8;

// Rows x one vector of results. Stride 2: a row of the source is its even columns, then `half` on the odd
// ones.
template <int Kernel, int Stride, int Rows>
void plane_tile(const float* source, int64_t row, int64_t half, const float* weight, float bias, float* to,
                int64_t to_row, int count) {
  using V = VecT<float>;
  V sums[Rows];
  for (int r = 0; r < Rows; ++r) sums[r] = vset<float>(bias);
#pragma GCC unroll 1
  for (int x = 0; x < Kernel; ++x) {
    const float* const at = source + (Stride == 1 ? x : x / 2 + x % 2 * half);
    V w[Kernel];
#pragma GCC unroll 8
    for (int y = 0; y < Kernel; ++y) w[y] = vset<float>(weight[y * Kernel + x]);
#pragma GCC unroll 24
    for (int i = 0; i < Stride * (Rows - 1) + Kernel; ++i) {
      V v = vload<float>(at + i * row);
      vkeep<float>(v);
#pragma GCC unroll 8
      for (int y = 0; y < Kernel; ++y)
        if ((i - y) % Stride == 0 && i >= y && (i - y) / Stride < Rows)
          sums[(i - y) / Stride] = vfma<float>(v, w[y], sums[(i - y) / Stride]);
    }
  }
  for (int r = 0; r < Rows; ++r) {
    if (count == kLanesOf<float>)
      vstore<float>(to + r * to_row, sums[r]);
    else
      vstore_n<float>(to + r * to_row, sums[r], count);
  }
}
using PlaneTile = void (*)(const float*, int64_t, int64_t, const float*, float, float*, int64_t, int);
template <int Kernel, int Stride, int... R>
constexpr std::array<PlaneTile, sizeof...(R)> plane_tiles(std::integer_sequence<int, R...>) {
  return {plane_tile<Kernel, Stride, R + 1>...};
}

// sums[y][x] += gradients times the source x further on, over all rows: Columns columns of the kernel from
// `first` on.
template <int Kernel, int Stride, int Columns>
void plane_products(const float* grad, int64_t grad_row, int64_t rows, int64_t width, const float* source,
                    int64_t row, int64_t half, int first, float* sums) {
  using V = VecT<float>;
  V acc[Kernel][Columns] = {};
  const float* at[Columns];
#pragma GCC unroll 8
  for (int k = 0; k < Columns; ++k)
    at[k] = source + (Stride == 1 ? first + k : (first + k) / 2 + (first + k) % 2 * half);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t x = 0; x < width; x += kLanesOf<float>) {
      const V g = vload<float>(grad + r * grad_row + x);
#pragma GCC unroll 8
      for (int y = 0; y < Kernel; ++y)
#pragma GCC unroll 8
        for (int k = 0; k < Columns; ++k)
          acc[y][k] = vfma<float>(g, vload<float>(at[k] + (r * Stride + y) * row + x), acc[y][k]);
    }
#pragma GCC unroll 8
  for (int y = 0; y < Kernel; ++y)
#pragma GCC unroll 8
    for (int k = 0; k < Columns; ++k) sums[y * Kernel + first + k] += vsum<float>(acc[y][k]);
}

// What one kind of plane needs.
template <int Kernel, int Stride> struct PlaneKind {
  static constexpr auto kTiles =
      plane_tiles<Kernel, Stride>(std::make_integer_sequence<int, kPlaneRows<Kernel>>{});
  static void products(const float* grad, int64_t grad_row, int64_t rows, int64_t width, const float* source,
                       int64_t row, int64_t half, float* sums) {
    constexpr int together = kVecRegisters == 32 ? (Kernel == 5 ? 5 : 3) : Kernel == 3 ? 3 : 1;
    int k = 0;
    for (; k + together <= Kernel; k += together)
      plane_products<Kernel, Stride, together>(grad, grad_row, rows, width, source, row, half, k, sums);
    for (; k < Kernel; ++k)
      plane_products<Kernel, Stride, 1>(grad, grad_row, rows, width, source, row, half, k, sums);
  }
};

// A padded plane in a buffer: row y of it is source row y - before (every `spread`-th row and column, zeros
// between).
struct PlaneBuffer {
  int64_t rows = 0, width = 0, row = 0, half = 0; // width: columns that are read
  int64_t size() const { return rows * row + 4 * kLanesOf<float>; }
};
template <int Stride> PlaneBuffer plane_buffer(int64_t rows, int64_t columns, int64_t kernel) {
  constexpr int64_t lanes = kLanesOf<float>;
  PlaneBuffer b;
  b.rows = Stride * (rows - 1) + kernel;
  const int64_t wide = (columns + lanes - 1) / lanes * lanes + lanes; // vectors are read past the end
  b.half = wide;
  b.row = Stride * wide;
  b.width = Stride * wide;
  return b;
}

template <int Stride>
void fill_plane(float* to, const PlaneBuffer& b, const float* from, int64_t from_row, int64_t height,
                int64_t width, int64_t before_y, int64_t before_x, int64_t spread) {
  constexpr int64_t lanes = kLanesOf<float>;
  using V = VecT<float>;
  using Lanes = std::make_integer_sequence<int, kLanesOf<float>>;
  const int64_t columns = std::clamp<int64_t>((b.width - before_x + spread - 1) / spread, 0, width);
  for (int64_t y = 0; y < b.rows; ++y, to += b.row) {
    const int64_t iy = y - before_y;
    if (iy < 0 || iy % spread || iy / spread >= height) {
      vfill_over<float>(to, b.row, 0.0f);
      continue;
    }
    const float* const row = from + iy / spread * from_row;
    if constexpr (Stride == 2) { // even and odd columns of the source, each to where padding puts it
      float *const even = to + before_x / 2 + before_x % 2 * b.half, *const odd = to + (before_x + 1) / 2 +
                                                                                  (before_x % 2 ? 0 : b.half);
      vfill_over<float>(to, b.row, 0.0f);
      for (int64_t x = 0; x < columns; x += 2 * lanes) {
        const auto load = [&](int64_t at) {
          if (at + lanes <= columns) return vload<float>(row + at);
          return at < columns ? vload_n<float>(row + at, static_cast<int>(columns - at)) : V{};
        };
        const V p = load(x), q = load(x + lanes);
        vstore<float>(even + x / 2, detail::even_lanes(p, q, Lanes{}));
        vstore<float>(odd + x / 2, detail::odd_lanes(p, q, Lanes{}));
      }
    } else {
      vfill_over<float>(to, before_x, 0.0f);
      int64_t end = before_x + columns;
      if (spread == 1) {
        vcopy_over<float>(to + before_x, row, columns);
      } else {
        for (int64_t x = 0; x < columns; x += lanes) {
          const V v = x + lanes <= columns ? vload<float>(row + x)
                                           : vload_n<float>(row + x, static_cast<int>(columns - x));
          vstore<float>(to + before_x + 2 * x, detail::interleave<V, 0>(v, V{}, Lanes{}));
          vstore<float>(to + before_x + 2 * x + lanes, detail::interleave<V, 1>(v, V{}, Lanes{}));
        }
        end = before_x + 2 * columns;
      }
      vfill_over<float>(to + end, std::max<int64_t>(0, b.width - end), 0.0f);
    }
  }
}

// Side by side planes: `from` at stride one or two of the result (spread: the source's own steps on the
// grid).
struct PlaneSum {
  Images<const float> from;
  Three from_sizes;
  Images<float> to;
  Three to_sizes;
  int64_t batch, channels, before_y, before_x, spread;
  const float* weight; // [channel][tap]
  bool flipped;
  const float* bias;
};

template <int Kernel, int Stride> void sum_planes(const PlaneSum& s) {
  constexpr int64_t lanes = kLanesOf<float>;
  const int64_t height = s.to_sizes[1], width = s.to_sizes[2];
  const PlaneBuffer buffer = plane_buffer<Stride>(height, width + Kernel, Kernel);
  const int64_t work = height * width * Kernel * Kernel / 8;
  const int64_t blocks = (height + kPlaneRows<Kernel> - 1) / kPlaneRows<Kernel>;
  parallel_for(0, s.batch * s.channels, std::max<int64_t>(1, kGrain / std::max<int64_t>(work, 1)),
               [&](int64_t begin, int64_t end) {
                 const Scratch memory(size_t(buffer.size()) * sizeof(float));
                 float* const source = memory.as<float>();
                 for (int64_t unit = begin; unit < end; ++unit) {
                   const int64_t n = unit / s.channels, c = unit % s.channels;
                   fill_plane<Stride>(source, buffer, s.from.data + n * s.from.image + c * s.from.channel,
                                      s.from.strides[1], s.from_sizes[1], s.from_sizes[2], s.before_y,
                                      s.before_x, s.spread);
                   float taps[Kernel * Kernel];
                   for (int t = 0; t < Kernel * Kernel; ++t)
                     taps[t] = s.weight[c * Kernel * Kernel + (s.flipped ? Kernel * Kernel - 1 - t : t)];
                   float* const to = s.to.data + n * s.to.image + c * s.to.channel;
                   for (int64_t i = 0; i < blocks; ++i) {
                     const int64_t y = height * i / blocks, rows = height * (i + 1) / blocks - y;
                     for (int64_t x = 0; x < width; x += lanes)
                       PlaneKind<Kernel, Stride>::kTiles[size_t(rows - 1)](
                           source + Stride * y * buffer.row + x, buffer.row, buffer.half, taps,
                           s.bias ? s.bias[c] : 0.0f, to + y * s.to.strides[1] + x, s.to.strides[1],
                           static_cast<int>(std::min(lanes, width - x)));
                   }
                 }
               });
}

// to: [channel][tap]; each channel is summed by one thread.
template <int Kernel, int Stride>
void weight_planes(const ConvGeometry& g, Images<const float> large, Images<const float> small, float* to) {
  constexpr int64_t lanes = kLanesOf<float>;
  const int64_t height = g.small[1], width = g.small[2];
  const PlaneBuffer buffer = plane_buffer<Stride>(height, width + Kernel, Kernel);
  const int64_t grad_row = (width + lanes - 1) / lanes * lanes;
  const int64_t work = g.batch * height * width * Kernel * Kernel / 8;
  parallel_for(0, g.groups, std::max<int64_t>(1, kGrain / std::max<int64_t>(work, 1)),
               [&](int64_t begin, int64_t end) {
                 const Scratch memory(size_t(buffer.size() + height * grad_row + lanes) * sizeof(float));
                 float* const source = memory.as<float>();
                 float* const grad = source + buffer.size();
                 for (int64_t c = begin; c < end; ++c) {
                   float* const sums = to + c * Kernel * Kernel;
                   std::fill_n(sums, Kernel * Kernel, 0.0f);
                   for (int64_t n = 0; n < g.batch; ++n) {
                     fill_plane<Stride>(source, buffer, large.data + n * large.image + c * large.channel,
                                        large.strides[1], g.large[1], g.large[2], g.padding[1], g.padding[2],
                                        1);
                     for (int64_t y = 0; y < height; ++y)
                       vcopy_over<float>(
                           grad + y * grad_row,
                           small.data + n * small.image + c * small.channel + y * small.strides[1], width);
                     PlaneKind<Kernel, Stride>::products(grad, grad_row, height, width, source, buffer.row,
                                                         buffer.half, sums);
                   }
                 }
               });
}

inline bool planes_suit(const ConvGeometry& g) {
  const int64_t k = g.kernel[1];
  return g.kernel == Three{1, k, k} && (k == 3 || k == 5 || k == 7) && g.dilation == Three{1, 1, 1} &&
         g.stride[0] == 1 && g.stride[1] == g.stride[2] && g.stride[1] <= 2 && g.large[0] == 1 &&
         g.small[0] == 1 && g.padding[0] == 0 && g.padding[1] < k && g.padding[2] < k;
}

template <class F> void visit_planes(int64_t kernel, int64_t stride, F&& f) {
  const auto with = [&]<int Kernel>(std::integral_constant<int, Kernel> k) {
    if (stride == 1)
      f(k, std::integral_constant<int, 1>{});
    else
      f(k, std::integral_constant<int, 2>{});
  };
  if (kernel == 3) return with(std::integral_constant<int, 3>{});
  if (kernel == 5) return with(std::integral_constant<int, 5>{});
  with(std::integral_constant<int, 7>{});
}

inline bool planes_to_small(const ConvGeometry& g, Images<const float> large, const float* weight,
                            const float* bias, Images<float> small) {
  if (!planes_suit(g) || large.strides[2] != 1 || small.strides[2] != 1) return false;
  visit_planes(g.kernel[1], g.stride[1],
               [&]<int K, int S>(std::integral_constant<int, K>, std::integral_constant<int, S>) {
                 sum_planes<K, S>({large, g.large, small, g.small, g.batch, g.groups, g.padding[1],
                                   g.padding[2], 1, weight, false, bias});
               });
  return true;
}
// The other way: the sum with stride one over a source spread out by zeros.
inline bool planes_to_large(const ConvGeometry& g, Images<const float> small, const float* weight,
                            const float* bias, Images<float> large) {
  if (!planes_suit(g) || large.strides[2] != 1 || small.strides[2] != 1) return false;
  const int64_t last = g.kernel[1] - 1;
  visit_planes(g.kernel[1], 1,
               [&]<int K, int S>(std::integral_constant<int, K>, std::integral_constant<int, S>) {
                 sum_planes<K, 1>({small, g.small, large, g.large, g.batch, g.groups, last - g.padding[1],
                                   last - g.padding[2], g.stride[1], weight, true, bias});
               });
  return true;
}
// False: a sum is not a number, perhaps because a zero past the end of a row met an infinity.
inline bool planes_weight(const ConvGeometry& g, Images<const float> large, Images<const float> small,
                          float* to) {
  if (!planes_suit(g) || large.strides[2] != 1 || small.strides[2] != 1) return false;
  visit_planes(g.kernel[1], g.stride[1],
               [&]<int K, int S>(std::integral_constant<int, K>, std::integral_constant<int, S>) {
                 weight_planes<K, S>(g, large, small, to);
               });
  return std::none_of(to, to + g.groups * g.taps(), [](float v) { return v != v; });
}

} // namespace
} // namespace torch::TORCH_ISA

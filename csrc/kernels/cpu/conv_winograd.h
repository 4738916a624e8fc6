// 3x3 convolution of stride one by Winograd's F(2x2, 3x3), float32; included by conv.cpp only.
//
// Note [Winograd]
// A tile of 2x2 results reads 4x4 of the source. With d the source tile, w the weight and
//   V = B'dB  (rows: d0 - d2, d1 + d2, d2 - d1, d1 - d3; the same along columns),
//   U = GwG'  (rows: w0, (w0 + w1 + w2) / 2, (w0 - w1 + w2) / 2, w2),
// the result is A'(U * V)A (rows: m0 + m1 + m2, m1 - m2 - m3), with * by elements: 16 multiplications in
// place of
// 36. Summed over channels, * is 16 matrix products [rows x channels] @ [channels x tiles]. The transforms
// only add and halve, so small integers stay exact; largest errors are 1 to 3 times those of plain sums.
// Where plain sums stay finite but V overflows, or an infinity meets another, the result is not finite:
// whoever calls then sums plainly. Tiles are vectors' lanes; a row of tiles is written over the garbage after
// the one before. The gradient by the weight is the adjoint: G'(sum over tiles of (A y A') * V)G.
#pragma once

#include "kernels/cpu/conv_engine.h"
#include "kernels/cpu/gemm.h"

#include <atomic>
#include <cmath>
#include <limits>

namespace torch::TORCH_ISA {
namespace {

using WVec = VecT<float>;
constexpr int64_t kWLanes = kLanesOf<float>;
constexpr int64_t kPoints = 16; // of a transformed tile

using WLanes = std::make_integer_sequence<int, kLanesOf<float>>;

// One side of the convolution on the tiles: which rows of tiles there are, and where the source begins.
struct TileRows {
  int64_t batch = 0, height = 0, width = 0; // in tiles
  int64_t rows() const { return batch * height; }
};

// Transformed sources of some rows of tiles: [point][channel][tile], tiles `stride` apart between channels.
struct Transformed {
  float* data = nullptr;
  int64_t stride = 0, point = 0;
};
inline int64_t tile_stride(int64_t tiles) { // room for a vector past the end; rows do not meet in one set
  return ((tiles + kWLanes - 1) / kWLanes + 1) / 2 * 2 * kWLanes + kWLanes;
}

// Sixteen planes of so many elements are written side by side: they must not meet in one set of the cache
// either.
inline int64_t plane_size(int64_t elements) { return (elements + 1023) / 1024 * 1024 + 64; }

// Rows [first, first + count) of one channel of an image into a buffer with zeros around; may begin outside.
// The same rows of the next channel are too far away for the processor to see them coming.
inline void take_rows(float* to, int64_t to_row, const float* from, const Three& strides, const Three& sizes,
                      int64_t first, int64_t count, int64_t before, int64_t channel) {
  const int64_t begin = std::clamp<int64_t>(before, 0, to_row), skip = std::max<int64_t>(-before, 0);
  const int64_t length = std::clamp<int64_t>(sizes[2] - skip, 0, to_row - begin);
  for (int64_t y = first; y < first + count; ++y, to += to_row) {
    if (y < 0 || y >= sizes[1] || length == 0) {
      vfill_over<float>(to, to_row, 0.0f);
      continue;
    }
    const float* row = from + y * strides[1] + skip * strides[2];
    for (int64_t x = 0; x < sizes[2]; x += 16) __builtin_prefetch(row + channel + x * strides[2]);
    if (begin > 0) vfill_over<float>(to, begin, 0.0f);
    if (strides[2] == 1)
      vcopy_over<float>(to + begin, row, length);
    else
      for (int64_t x = 0; x < length; ++x) to[begin + x] = row[x * strides[2]];
    vfill_over<float>(to + begin + length, to_row - begin - length, 0.0f);
  }
}

[[gnu::always_inline]] inline void source_points(WVec& a, WVec& b, WVec& c, WVec& d) { // B'
  const WVec p = a - c, q = b + c, r = c - b, s = b - d;
  a = p, b = q, c = r, d = s;
}

// V of the rows of tiles [first, last), for `channels` channels from `channel` on. before: of the source.
inline void transform_source(const Transformed& to, const Images<const float>& from, const Three& sizes,
                             int64_t before_y, int64_t before_x, const TileRows& tiles, int64_t first,
                             int64_t last, int64_t channel, int64_t channels) {
  const int64_t row = (2 * tiles.width + 2 + kWLanes - 1) / kWLanes * kWLanes + 2 * kWLanes;
  const Scratch memory(size_t((2 * tiles.height + 2) * row + 2 * kWLanes) * sizeof(float));
  float* const source = memory.as<float>();
  for (int64_t c = channel; c < channel + channels; ++c) {
    float* out = to.data + c * to.stride;
    for (int64_t r = first; r < last;) {
      const int64_t n = r / tiles.height, y0 = r % tiles.height,
                    y1 = std::min(tiles.height, y0 + last - r); // of one image
      take_rows(source, row, from.data + n * from.image + c * from.channel, from.strides, sizes,
                2 * y0 - before_y, 2 * (y1 - y0) + 2, before_x,
                c + 1 < channel + channels ? from.channel : 0);
      for (int64_t y = 0; y < y1 - y0; ++y, out += tiles.width)
        for (int64_t x = 0; x < tiles.width; x += kWLanes) {
          const float* at = source + 2 * y * row + 2 * x;
          WVec d[4][4]; // [row][the two halves, and the same two columns on]
#pragma GCC unroll 4
          for (int i = 0; i < 4; ++i) {
            d[i][0] = vload<float>(at + i * row);
            d[i][1] = vload<float>(at + i * row + kWLanes);
            d[i][2] = vload<float>(at + i * row + 2);
            d[i][3] = vload<float>(at + i * row + kWLanes + 2);
          }
#pragma GCC unroll 4
          for (int j = 0; j < 4; ++j) source_points(d[0][j], d[1][j], d[2][j], d[3][j]);
#pragma GCC unroll 4
          for (int i = 0; i < 4; ++i) {
            WVec p = detail::even_lanes(d[i][0], d[i][1], WLanes{}),
                 q = detail::odd_lanes(d[i][0], d[i][1], WLanes{}),
                 u = detail::even_lanes(d[i][2], d[i][3], WLanes{}),
                 v = detail::odd_lanes(d[i][2], d[i][3], WLanes{});
            source_points(p, q, u, v);
            vstore<float>(out + x + (4 * i) * to.point, p);
            vstore<float>(out + x + (4 * i + 1) * to.point, q);
            vstore<float>(out + x + (4 * i + 2) * to.point, u);
            vstore<float>(out + x + (4 * i + 3) * to.point, v);
          }
        }
      r += y1 - y0;
    }
  }
}

// U: [point][row][depth], for rows [first, last). weight: tap t of (row, depth) at row * row_step + depth *
// depth_step + t * tap_step, or 8 - t when flipped; depth_step or tap_step is 1. The last elements of
// `weight` are read one by one.
inline void transform_weight(float* to, int64_t to_row, int64_t to_point, const float* weight,
                             const float* weight_end, int64_t row_step, int64_t depth_step, int64_t tap_step,
                             int64_t depth, bool flipped, int64_t first, int64_t last) {
  constexpr int64_t lanes = kWLanes;
  for (int64_t r = first; r < last; ++r)
    for (int64_t k = 0; k < depth; k += lanes) {
      WVec taps[9];
      const int64_t count = std::min(lanes, depth - k);
      const float* from = weight + r * row_step + k * depth_step;
      constexpr int turned = std::min(9, static_cast<int>(lanes));
      const bool by_tap = tap_step != 1;
      const bool whole = !by_tap && from + (count - 1) * depth_step + lanes <= weight_end;
      if (by_tap) {
#pragma GCC unroll 9
        for (int t = 0; t < 9; ++t)
          taps[t] = count == lanes ? vload<float>(from + t * tap_step)
                                   : vload_n<float>(from + t * tap_step, static_cast<int>(count));
      } else if (whole) {
        WVec square[lanes];
#pragma GCC unroll 16
        for (int64_t i = 0; i < lanes; ++i)
          square[i] = i < count ? vload<float>(from + i * depth_step) : WVec{};
        vtranspose<float>(square);
#pragma GCC unroll 9
        for (int t = 0; t < turned; ++t) taps[t] = square[t];
      }
      for (int t = by_tap ? 9 : whole ? turned : 0; t < 9; ++t) {
        alignas(64) float lane[lanes] = {};
        for (int64_t i = 0; i < count; ++i) lane[i] = from[i * depth_step + t];
        taps[t] = vload<float>(lane);
      }
      if (flipped)
        for (int t = 0; t < 4; ++t) std::swap(taps[t], taps[8 - t]);
      const WVec half = vset<float>(0.5f);
      WVec part[4][3];
#pragma GCC unroll 3
      for (int j = 0; j < 3; ++j) {
        const WVec outer = (taps[j] + taps[6 + j]) * half, inner = taps[3 + j] * half;
        part[0][j] = taps[j];
        part[1][j] = outer + inner;
        part[2][j] = outer - inner;
        part[3][j] = taps[6 + j];
      }
      float* at = to + r * to_row + k;
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        const WVec outer = (part[i][0] + part[i][2]) * half, inner = part[i][1] * half;
        vstore<float>(at + (4 * i) * to_point, part[i][0]);
        vstore<float>(at + (4 * i + 1) * to_point, outer + inner);
        vstore<float>(at + (4 * i + 2) * to_point, outer - inner);
        vstore<float>(at + (4 * i + 3) * to_point, part[i][2]);
      }
    }
}
inline int64_t weight_row(int64_t depth) { // vectors are written whole; rows do not meet in one set
  return ((depth + kWLanes - 1) / kWLanes + 1) / 2 * 2 * kWLanes + kWLanes;
}

// c = a @ b for the products of the note: a has rows a_row apart, and whole vectors of b may be read at
// offsets[p] for each p.
inline void point_product(int64_t rows, int64_t depth, int64_t tiles, const float* a, int64_t a_row,
                          const float* b, const int64_t* offsets, float* c, int64_t ldc) {
  const int64_t strips = (rows + kConvRows - 1) / kConvRows;
  const int64_t vectors = (tiles + kWLanes - 1) / kWLanes;
  for (int64_t p = 0; p < depth; p += kConvDepth) {
    const int64_t k = std::min(kConvDepth, depth - p);
    for (int64_t s = 0; s < strips; ++s) {
      const int64_t i = share(rows, strips, s), height = share(rows, strips, s + 1) - i;
      const int64_t most = conv_vecs<float>(static_cast<int>(height)), runs = (vectors + most - 1) / most;
      for (int64_t r = 0; r < runs; ++r) {
        const int64_t v = share(vectors, runs, r), wide = share(vectors, runs, r + 1) - v;
        kConvTiles<float>[size_t((height - 1) * kConvVecs + wide - 1)](
            k, a + i * a_row + p, a_row, b + v * kWLanes, offsets + p, c + i * ldc + v * kWLanes, ldc, p > 0);
      }
    }
  }
}

template <int Half, int... I>
[[gnu::always_inline]] inline WVec interleaved(WVec a, WVec b, std::integer_sequence<int, I...> lanes) {
  return detail::interleave<WVec, Half>(a, b, lanes);
}

template <int... I> [[gnu::always_inline]] inline WVec numbered(std::integer_sequence<int, I...>) {
  return WVec{float(I)...};
}
[[gnu::always_inline]] inline WVec first_lanes(WVec v, int count) { // and zeros
  return numbered(WLanes{}) < vset<float>(static_cast<float>(count)) ? v : WVec{};
}

// Results of one row of the weight from M; adds zero times every result to `finite`.
inline void transform_results(const float* from, int64_t point, const Images<float>& to, int64_t channel,
                              const Three& sizes, const TileRows& tiles, int64_t first, int64_t last,
                              float bias, WVec& finite) {
  const WVec add = vset<float>(bias), zero{};
  for (int64_t r = first; r < last; ++r, from += tiles.width) {
    const int64_t n = r / tiles.height, y = r % tiles.height * 2;
    float* const out = to.data + n * to.image + channel * to.channel + y * to.strides[1];
    for (int64_t x = 0; x < tiles.width; x += kWLanes) {
      WVec s[2][4];
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) {
        const WVec m0 = vload<float>(from + x + j * point), m1 = vload<float>(from + x + (4 + j) * point),
                   m2 = vload<float>(from + x + (8 + j) * point),
                   m3 = vload<float>(from + x + (12 + j) * point);
        s[0][j] = m0 + m1 + m2;
        s[1][j] = m1 - m2 - m3;
      }
      const int64_t columns = std::min(2 * kWLanes, sizes[2] - 2 * x);
#pragma GCC unroll 2
      for (int i = 0; i < 2; ++i) {
        if (y + i >= sizes[1]) break;
        const WVec left = s[i][0] + s[i][1] + s[i][2] + add, right = s[i][1] - s[i][2] - s[i][3] + add;
        const WVec low = interleaved<0>(left, right, WLanes{}), high = interleaved<1>(left, right, WLanes{});
        float* const at = out + i * to.strides[1] + 2 * x;
        if (columns == 2 * kWLanes) {
          finite = vfma<float>(low, zero, finite);
          finite = vfma<float>(high, zero, finite);
          vstore<float>(at, low);
          vstore<float>(at + kWLanes, high);
          continue;
        }
        // Lanes past the end hold what belongs to no result: they must not count.
        const int count = static_cast<int>(std::min(columns, kWLanes));
        vstore_n<float>(at, low, count);
        finite = vfma<float>(first_lanes(low, count), zero, finite);
        if (columns > kWLanes) {
          const int rest = static_cast<int>(columns - kWLanes);
          vstore_n<float>(at + kWLanes, high, rest);
          finite = vfma<float>(first_lanes(high, rest), zero, finite);
        }
      }
    }
  }
}
inline bool all_zero(WVec v) {
  for (int64_t i = 0; i < kWLanes; ++i)
    if (!(v[i] == 0.0f)) return false;
  return true;
}

// Rows of tiles to a block of about so many tiles: the number that fills vectors best.
inline int64_t block_rows(const TileRows& tiles, int64_t wanted) {
  int64_t best = 1, best_vectors = std::numeric_limits<int64_t>::max();
  for (int64_t rows = std::max<int64_t>(1, wanted * 5 / 4 / tiles.width); rows >= 1; --rows) {
    const int64_t used = std::min(rows, tiles.rows()), rest = tiles.rows() % used;
    const auto vectors = [&](int64_t r) { return (r * tiles.width + kWLanes - 1) / kWLanes; };
    const int64_t all = tiles.rows() / used * vectors(used) + vectors(rest);
    if (all < best_vectors) best = used, best_vectors = all;
    if (rows * tiles.width < wanted / 2) break;
  }
  return best;
}

// A sum over channels and 3x3 taps, in either direction.
struct WinogradSum {
  Images<const float> from;
  Three from_sizes;
  int64_t channels; // of one group
  Images<float> to;
  Three to_sizes;
  int64_t rows; // of one group
  int64_t batch, groups;
  int64_t before_y, before_x; // padding of the source
  const float* weight;
  int64_t weight_row, weight_depth, weight_tap, weight_group;
  bool flipped;
  const float* bias;
};

inline bool winograd_suits(const ConvGeometry& g, int64_t rows, int64_t channels, const Three& results) {
  const Three one{1, 1, 1};
  if (g.kernel != Three{1, 3, 3} || g.stride != one || g.dilation != one) return false;
  if (g.large[0] != 1 || g.small[0] != 1 || g.padding[0] != 0) return false;
  const int64_t tiles = g.batch * ((results[1] + 1) / 2) * ((results[2] + 1) / 2);
  const double useful = double(g.batch * results[1] * results[2]) / double(4 * tiles);
  return rows >= 24 && channels >= 24 && tiles >= 32 && useful > 0.7;
}

// False: a result is not finite, and plain sums must be made.
inline bool winograd_sum(const WinogradSum& w) {
  const TileRows tiles{w.batch, (w.to_sizes[1] + 1) / 2, (w.to_sizes[2] + 1) / 2};
  // A block of rows of tiles: transformed sources and products within an L2, unless too few tiles would then
  // share each weight.
  const int64_t fitting = (int64_t{800} << 10) / (kPoints * int64_t(sizeof(float)) * (w.channels + w.rows));
  const int64_t per_block = block_rows(tiles, std::max<int64_t>(fitting, 64));
  const int64_t blocks = (tiles.rows() + per_block - 1) / per_block;
  const int64_t stride = tile_stride(per_block * tiles.width);
  const int64_t source_point = plane_size(w.channels * stride), product_point = plane_size(w.rows * stride);
  const int64_t depth_row = weight_row(w.channels), weight_point = plane_size(w.rows * depth_row);
  const Scratch weights(size_t(kPoints * weight_point) * sizeof(float));
  std::vector<int64_t> offsets(static_cast<size_t>(w.channels)); // of the channels' tiles
  for (int64_t c = 0; c < w.channels; ++c) offsets[size_t(c)] = c * stride;
  std::atomic<bool> finite{true};
  for (int64_t group = 0; group < w.groups; ++group) {
    const float* const weight = w.weight + group * w.weight_group;
    const float* const end = weight + (w.rows - 1) * w.weight_row + (w.channels - 1) * w.weight_depth + 9;
    parallel_for(0, w.rows, std::max<int64_t>(1, kGrain / (4 * w.channels)), [&](int64_t a, int64_t b) {
      transform_weight(weights.as<float>(), depth_row, weight_point, weight, end, w.weight_row,
                       w.weight_depth, w.weight_tap, w.channels, w.flipped, a, b);
    });
    Images<const float> from = w.from;
    from.data += group * w.channels * from.channel;
    Images<float> to = w.to;
    to.data += group * w.rows * to.channel;
    const auto one_block = [&](int64_t block) {
      const int64_t first = block * per_block, last = std::min(tiles.rows(), first + per_block);
      const int64_t count = (last - first) * tiles.width;
      const Scratch sources(size_t(kPoints * source_point + kWLanes) * sizeof(float)),
          products(size_t(kPoints * product_point + kWLanes) * sizeof(float));
      const Transformed v{sources.as<float>(), stride, source_point};
      float* const m = products.as<float>();
      parallel_for(0, w.channels, std::max<int64_t>(1, kGrain / (8 * count)), [&](int64_t a, int64_t b) {
        transform_source(v, from, w.from_sizes, w.before_y, w.before_x, tiles, first, last, a, b - a);
      });
      const auto multiply = [&](int64_t point, int64_t a, int64_t b) {
        point_product(b - a, w.channels, count, weights.as<float>() + point * weight_point + a * depth_row,
                      depth_row, v.data + point * v.point, offsets.data(),
                      m + point * product_point + a * stride, stride);
      };
      const auto finish = [&](int64_t a, int64_t b) {
        WVec sum{};
        for (int64_t r = a; r < b; ++r)
          transform_results(m + r * stride, product_point, to, r, w.to_sizes, tiles, first, last,
                            w.bias ? w.bias[group * w.rows + r] : 0.0f, sum);
        if (!all_zero(sum)) finite = false;
      };
      const int64_t pieces = (w.rows + 3 * kConvRows - 1) / (3 * kConvRows);
      parallel_for(0, kPoints * pieces, 1, [&](int64_t a, int64_t b) {
        for (int64_t task = a; task < b; ++task)
          multiply(task / pieces, share(w.rows, pieces, task % pieces),
                   share(w.rows, pieces, task % pieces + 1));
      });
      parallel_for(0, w.rows, std::max<int64_t>(1, kGrain / (4 * count)), finish);
    };
    if (blocks >= 2 * num_threads())
      parallel_for(0, blocks, 1, [&](int64_t a, int64_t b) {
        for (int64_t block = a; block < b; ++block) one_block(block);
      });
    else
      for (int64_t block = 0; block < blocks; ++block) one_block(block);
    if (!finite) return false;
  }
  return true;
}

// small = large * weight (+ bias), and the other way. by_tap: channels of the weight are adjacent, not taps.
inline bool winograd_to_small(const ConvGeometry& g, Images<const float> large, const float* weight,
                              bool by_tap, const float* bias, Images<float> small) {
  if (small.strides[2] != 1 || !winograd_suits(g, g.small_channels, g.large_channels, g.small)) return false;
  const int64_t row = g.large_channels * 9;
  return winograd_sum({large, g.large, g.large_channels, small, g.small, g.small_channels, g.batch, g.groups,
                       g.padding[1], g.padding[2], weight, row, by_tap ? 1 : 9, by_tap ? g.large_channels : 1,
                       g.small_channels * row, false, bias});
}
inline bool winograd_to_large(const ConvGeometry& g, Images<const float> small, const float* weight,
                              const float* bias, Images<float> large) {
  if (large.strides[2] != 1 || !winograd_suits(g, g.large_channels, g.small_channels, g.large)) return false;
  const int64_t row = g.large_channels * 9;
  return winograd_sum({small, g.small, g.small_channels, large, g.large, g.large_channels, g.batch, g.groups,
                       2 - g.padding[1], 2 - g.padding[2], weight, 9, row, 1, g.small_channels * row, true,
                       bias});
}

template <class C> Images<const C> from_channel(Images<const C> images, int64_t channel) {
  images.data += channel * images.channel;
  return images;
}

// Z of the rows of tiles [first, last) from the gradients of the results: A y A', by channel.
inline void transform_gradient(const Transformed& to, const Images<const float>& from, const Three& sizes,
                               const TileRows& tiles, int64_t first, int64_t last, int64_t channel,
                               int64_t channels) {
  const int64_t row = (2 * tiles.width + kWLanes - 1) / kWLanes * kWLanes + 2 * kWLanes;
  const Scratch memory(size_t(2 * row + 2 * kWLanes) * sizeof(float));
  float* const source = memory.as<float>();
  for (int64_t c = channel; c < channel + channels; ++c) {
    float* out = to.data + c * to.stride;
    for (int64_t r = first; r < last; ++r, out += tiles.width) {
      const int64_t n = r / tiles.height;
      take_rows(source, row, from.data + n * from.image + c * from.channel, from.strides, sizes,
                r % tiles.height * 2, 2, 0, c + 1 < channel + channels ? from.channel : 0);
      for (int64_t x = 0; x < tiles.width; x += kWLanes) {
        const float* at = source + 2 * x;
        const WVec a = vload<float>(at), b = vload<float>(at + kWLanes), c0 = vload<float>(at + row),
                   d = vload<float>(at + row + kWLanes);
        const WVec left[2] = {detail::even_lanes(a, b, WLanes{}), detail::even_lanes(c0, d, WLanes{})};
        const WVec right[2] = {detail::odd_lanes(a, b, WLanes{}), detail::odd_lanes(c0, d, WLanes{})};
        const WVec p[4] = {left[0], left[0] + left[1], left[0] - left[1], -left[1]};
        const WVec q[4] = {right[0], right[0] + right[1], right[0] - right[1], -right[1]};
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) {
          vstore<float>(out + x + (4 * i) * to.point, p[i]);
          vstore<float>(out + x + (4 * i + 1) * to.point, p[i] + q[i]);
          vstore<float>(out + x + (4 * i + 2) * to.point, p[i] - q[i]);
          vstore<float>(out + x + (4 * i + 3) * to.point, -q[i]);
        }
      }
    }
  }
}

// G'uG of `count` elements of sums to 9 adjacent taps each.
inline bool transform_weight_gradient(const float* sums, int64_t point, float* to, int64_t count) {
  const WVec half = vset<float>(0.5f), zero{};
  WVec finite{};
  for (int64_t i = 0; i < count; i += kWLanes) {
    const int lanes = static_cast<int>(std::min(kWLanes, count - i));
    WVec part[3][4], taps[9];
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      WVec u[4];
#pragma GCC unroll 4
      for (int r = 0; r < 4; ++r) u[r] = vload_n<float>(sums + (4 * r + j) * point + i, lanes);
      const WVec middle = (u[1] + u[2]) * half;
      part[0][j] = u[0] + middle;
      part[1][j] = (u[1] - u[2]) * half;
      part[2][j] = middle + u[3];
    }
#pragma GCC unroll 3
    for (int r = 0; r < 3; ++r) {
      const WVec* u = part[r];
      const WVec middle = (u[1] + u[2]) * half;
      taps[3 * r] = u[0] + middle;
      taps[3 * r + 1] = (u[1] - u[2]) * half;
      taps[3 * r + 2] = middle + u[3];
    }
    alignas(64) float table[9][kWLanes];
#pragma GCC unroll 9
    for (int t = 0; t < 9; ++t) {
      finite = vfma<float>(taps[t], zero, finite);
      vstore<float>(table[t], taps[t]);
    }
    for (int l = 0; l < lanes; ++l)
      for (int t = 0; t < 9; ++t) *to++ = table[t][l];
  }
  return all_zero(finite);
}

// to: dense [groups][small][large][9].
inline bool winograd_weight(const ConvGeometry& g, Images<const float> large, Images<const float> small,
                            float* to) {
  if (!winograd_suits(g, g.small_channels, g.large_channels, g.small)) return false;
  const TileRows tiles{g.batch, (g.small[1] + 1) / 2, (g.small[2] + 1) / 2};
  const int64_t rows = g.small_channels, channels = g.large_channels;
  const int64_t fitting = (int64_t{1200} << 10) / (kPoints * int64_t(sizeof(float)) * (channels + rows));
  // The blocks decide the order of the sums: they depend on the shapes alone.
  const int64_t per_block = std::max<int64_t>(1, std::clamp<int64_t>(fitting, 128, 384) / tiles.width);
  const int64_t stride = tile_stride(per_block * tiles.width);
  const int64_t large_point = plane_size(channels * stride), small_point = plane_size(rows * stride),
                sum_point = plane_size(rows * channels);
  const Scratch sources(size_t(kPoints * large_point + kWLanes) * sizeof(float)),
      grads(size_t(kPoints * small_point + kWLanes) * sizeof(float)),
      table(size_t(kPoints * sum_point) * sizeof(float));
  const Transformed v{sources.as<float>(), stride, large_point}, z{grads.as<float>(), stride, small_point};
  float* const sums = table.as<float>();
  std::atomic<bool> finite{true};
  for (int64_t group = 0; group < g.groups; ++group) {
    for (int64_t first = 0; first < tiles.rows(); first += per_block) {
      const int64_t last = std::min(tiles.rows(), first + per_block), count = (last - first) * tiles.width;
      const int64_t grain = std::max<int64_t>(1, kGrain / (8 * count));
      parallel_for(0, channels + rows, grain, [&](int64_t a, int64_t b) {
        if (a < channels)
          transform_source(v, from_channel(large, group * channels), g.large, g.padding[1], g.padding[2],
                           tiles, first, last, a, std::min(b, channels) - a);
        const int64_t from = std::max(a, channels) - channels;
        if (b > channels)
          transform_gradient(z, from_channel(small, group * rows), g.small, tiles, first, last, from,
                             b - channels - from);
      });
      parallel_for(0, kPoints, 1, [&](int64_t a, int64_t b) {
        for (int64_t p = a; p < b; ++p) {
          float* const c = sums + p * sum_point;
          gemm<float>(rows, channels, count, 1.0f, {z.data + p * z.point, stride, 1},
                      {v.data + p * v.point, 1, stride}, first ? 1.0f : 0.0f, {c, channels, 1}, c, channels);
        }
      });
    }
    float* const out = to + group * rows * channels * 9;
    parallel_for(0, rows * channels, kGrain / 16, [&](int64_t a, int64_t b) {
      if (!transform_weight_gradient(sums + a, sum_point, out + a * 9, b - a)) finite = false;
    });
  }
  return finite;
}

} // namespace
} // namespace torch::TORCH_ISA

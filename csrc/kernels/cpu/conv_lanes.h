// Convolution with the channels of results in the lanes of vectors, float32. Included by conv.cpp only.
//
// Note [Convolution with channels in lanes]
// The source is copied once into a plane for each channel, with its padding. A tile of results is a few
// neighbouring pixels by one or two vectors of channels: for every (channel, tap) the weights of that many
// results are a vector, and each pixel's number is broadcast. Nothing is computed that is not a result,
// however narrow the image and whatever the stride; weights are turned before and results after. The gradient
// by the weight is the same tile: channels of the source take the place of pixels, positions that of
// (channel, tap), and gradients by channel that of weights.
#pragma once

#include "kernels/cpu/conv_engine.h"

namespace torch::TORCH_ISA {
namespace {

constexpr int kLanePixels = kVecRegisters == 32 ? 14 : 6;
constexpr int64_t kLaneVecs = 2;
constexpr int64_t kLaneRow = 64; // pixels of a row that are turned together

// to[i][lane] (+)= sum over p of source[offsets[p] + i * step] * weight[p][lane]
template <int Pixels, int Vecs>
void lanes_tile(int64_t k, const float* source, const int64_t* offsets, int64_t step, const float* weight,
                float* to, bool add) {
  constexpr int lanes = kLanesOf<float>;
  using V = VecT<float>;
  V sums[Pixels][Vecs];
#pragma GCC unroll 16
  for (int i = 0; i < Pixels; ++i)
#pragma GCC unroll 2
    for (int j = 0; j < Vecs; ++j) sums[i][j] = add ? vload<float>(to + (i * Vecs + j) * lanes) : V{};
  for (int64_t p = 0; p < k; ++p) {
    const float* const at = source + offsets[p];
    V w[Vecs];
#pragma GCC unroll 2
    for (int j = 0; j < Vecs; ++j) w[j] = vload<float>(weight + j * lanes);
    weight += Vecs * lanes;
#pragma GCC unroll 16
    for (int i = 0; i < Pixels; ++i) {
      const V x = vset<float>(at[i * step]);
#pragma GCC unroll 2
      for (int j = 0; j < Vecs; ++j) sums[i][j] = vfma<float>(x, w[j], sums[i][j]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < Pixels; ++i)
#pragma GCC unroll 2
    for (int j = 0; j < Vecs; ++j) vstore<float>(to + (i * Vecs + j) * lanes, sums[i][j]);
}
using LanesTile = void (*)(int64_t, const float*, const int64_t*, int64_t, const float*, float*, bool);
template <int... I>
constexpr std::array<LanesTile, 2 * kLanePixels> lanes_tiles(std::integer_sequence<int, I...>) {
  return {lanes_tile<I + 1, 1>..., lanes_tile<I + 1, 2>...};
}
constexpr auto kLanesTiles = lanes_tiles(std::make_integer_sequence<int, kLanePixels>{});

// `count` pixels one after another as nearly equal tiles.
inline void lanes_run(int64_t count, int64_t vecs, int64_t k, const float* source, const int64_t* offsets,
                      int64_t step, const float* weight, float* to, bool add) {
  const int64_t tiles = (count + kLanePixels - 1) / kLanePixels;
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t i = count * t / tiles, pixels = count * (t + 1) / tiles - i;
    kLanesTiles[size_t((vecs - 1) * kLanePixels + pixels - 1)](k, source + i * step, offsets, step, weight,
                                                               to + i * vecs * kLanesOf<float>, add);
  }
}

// Blocks of one or two vectors of rows: block b begins at row b * kLaneVecs * lanes.
struct LaneBlocks {
  int64_t rows;
  static constexpr int64_t width = kLaneVecs * kLanesOf<float>;
  int64_t count() const { return (rows + width - 1) / width; }
  int64_t rows_of(int64_t b) const { return std::min(width, rows - b * width); }
  int64_t vecs(int64_t b) const { return (rows_of(b) + kLanesOf<float> - 1) / kLanesOf<float>; }
  int64_t padded() const { return (rows + kLanesOf<float> - 1) / kLanesOf<float> * kLanesOf<float>; }
};

// to[block][p][lane] = from[row][p], rows `from_row` apart and p adjacent; lanes past the last row are zero.
inline void turn_to_lanes(float* to, const float* from, int64_t from_row, const LaneBlocks& blocks,
                          int64_t k) {
  constexpr int64_t lanes = kLanesOf<float>;
  for (int64_t b = 0; b < blocks.count(); ++b) {
    const int64_t vecs = blocks.vecs(b);
    float* const out = to + b * LaneBlocks::width * k;
    for (int64_t v = 0; v < vecs; ++v) {
      const int64_t first = b * LaneBlocks::width + v * lanes, rows = std::min(lanes, blocks.rows - first);
      for (int64_t p = 0; p < k; p += lanes) {
        const int depth = static_cast<int>(std::min(lanes, k - p));
        VecT<float> square[lanes];
        const float* const at = from + first * from_row + p;
        if (rows == lanes && depth == lanes) {
#pragma GCC unroll 16
          for (int64_t i = 0; i < lanes; ++i) square[i] = vload<float>(at + i * from_row);
        } else {
          for (int64_t i = 0; i < lanes; ++i)
            square[i] = i < rows ? vload_n<float>(at + i * from_row, depth) : VecT<float>{};
        }
        vtranspose<float>(square);
        for (int q = 0; q < depth; ++q) vstore<float>(out + ((p + q) * vecs + v) * lanes, square[q]);
      }
    }
  }
}

// Results of `count` pixels of a row, [pixel][lane], to their rows, with the bias; of two interleaved rows of
// pixels when `odd` is given (even_count and count - even_count of them).
inline void turn_from_lanes(const float* even, const float* odd, int64_t count, int64_t odd_count,
                            int64_t vecs, int64_t rows, float* to, int64_t to_channel, int64_t to_step,
                            const float* bias) {
  constexpr int64_t lanes = kLanesOf<float>;
  using V = VecT<float>;
  using Lanes = std::make_integer_sequence<int, kLanesOf<float>>;
  for (int64_t x = 0; x < count; x += lanes)
    for (int64_t v = 0; v * lanes < rows; ++v) {
      V a[lanes], b[lanes];
#pragma GCC unroll 16
      for (int64_t i = 0; i < lanes; ++i) a[i] = vload<float>(even + ((x + i) * vecs + v) * lanes);
      vtranspose<float>(a);
      if (odd) {
#pragma GCC unroll 16
        for (int64_t i = 0; i < lanes; ++i) b[i] = vload<float>(odd + ((x + i) * vecs + v) * lanes);
        vtranspose<float>(b);
      }
      for (int64_t i = 0; i < std::min(lanes, rows - v * lanes); ++i) {
        const int64_t r = v * lanes + i;
        float* const at = to + r * to_channel + x * to_step;
        const V add = vset<float>(bias ? bias[r] : 0.0f);
        if (odd) {
          const int64_t total = count + odd_count - 2 * x;
          const V left = a[i] + add, right = b[i] + add;
          vstore_n<float>(at, detail::interleave<V, 0>(left, right, Lanes{}),
                          static_cast<int>(std::min(lanes, total)));
          if (total > lanes)
            vstore_n<float>(at + lanes, detail::interleave<V, 1>(left, right, Lanes{}),
                            static_cast<int>(std::min(lanes, total - lanes)));
        } else if (to_step == 1) {
          vstore_n<float>(at, a[i] + add, static_cast<int>(std::min(lanes, count - x)));
        } else {
          const V sum = a[i] + add;
          for (int64_t l = 0; l < std::min(lanes, count - x); ++l) at[l * to_step] = sum[l];
        }
      }
    }
}

// The sums of run_tap_sums, for a source read at `step` (in elements of the grid for each dimension).
// turn(to, group) writes the weights of every sum as [block][channel, tap][lane].
template <class Turn>
void run_lane_sums(const std::vector<TapSum<float>>& sums, const Three& step, const Grid& grid,
                   Images<const float> from, const Three& from_sizes, int64_t channels, Images<float> to,
                   int64_t rows, int64_t batch, int64_t groups, const float* bias, Turn&& turn) {
  constexpr int64_t lanes = kLanesOf<float>;
  const LaneBlocks blocks{rows};
  const int64_t source_size = channels * grid.channel_size() + kConvSlack;
  const Three moves{step[0] * grid.size[1] * grid.size[2], step[1] * grid.size[2], step[2]};
  // Rows of results that neighbouring sums fill in turn are written together.
  struct Part {
    const TapSum<float>*even, *odd;
  };
  std::vector<Part> parts;
  for (size_t i = 0; i < sums.size(); ++i) {
    const TapSum<float>& s = sums[i];
    const TapSum<float>* const next = i + 1 < sums.size() ? &sums[i + 1] : nullptr;
    const bool pair = next && s.step[2] == 2 && next->step[2] == 2 && s.count[0] == next->count[0] &&
                      s.count[1] == next->count[1] && std::abs(s.start - next->start) == 1;
    if (!pair)
      parts.push_back({&s, nullptr});
    else if (s.start < next->start)
      parts.push_back({&s, next});
    else
      parts.push_back({next, &s});
    i += pair;
  }
  int64_t weight_size = 0;
  double cost = 0; // of one image and group, in multiply-adds
  for (const auto& s : sums) {
    weight_size += groups * blocks.padded() * s.channels * s.taps;
    cost += double(s.channels * s.taps * rows) * double(s.count[0] * s.count[1] * s.count[2]);
  }
  const Scratch weights(size_t(weight_size + lanes) * sizeof(float));
  std::vector<std::vector<float*>> turned(static_cast<size_t>(groups)); // by group and sum
  float* next_weight = weights.as<float>();
  for (int64_t g = 0; g < groups; ++g) {
    for (const auto& s : sums) {
      turned[size_t(g)].push_back(next_weight);
      next_weight += blocks.padded() * s.channels * s.taps;
    }
    turn(turned[size_t(g)], g);
  }
  const auto weight_of = [&](const TapSum<float>& s, int64_t g) {
    return turned[size_t(g)][size_t(&s - sums.data())];
  };

  constexpr int64_t line = (kLaneRow + lanes) * kLaneVecs * lanes; // of results before they are turned
  const auto rows_of_results = [&](const Part& part, const float* source, float* work, int64_t unit,
                                   int64_t block, int64_t first, int64_t last) { // rows z * count + y
    const int64_t n = unit / groups, g = unit % groups, vecs = blocks.vecs(block);
    const TapSum<float>& s = *part.even;
    for (int64_t r = first; r < last; ++r) {
      const int64_t z = r / s.count[1], y = r % s.count[1];
      const float* const at = source + z * moves[0] + y * moves[1];
      for (int64_t x = 0; x < s.count[2]; x += kLaneRow) {
        const auto sum_row = [&](const TapSum<float>& sum, float* out) {
          const int64_t k = sum.channels * sum.taps, count = std::min(kLaneRow, sum.count[2] - x);
          if (count > 0)
            lanes_run(count, vecs, k, at + x * moves[2], sum.offsets.data(), moves[2],
                      weight_of(sum, g) + block * LaneBlocks::width * k, out, false);
          return std::max<int64_t>(count, 0);
        };
        const int64_t count = sum_row(s, work);
        const int64_t odd_count = part.odd ? sum_row(*part.odd, work + line) : 0;
        const int64_t row = g * rows + block * LaneBlocks::width;
        turn_from_lanes(work, part.odd ? work + line : nullptr, count, odd_count, vecs, blocks.rows_of(block),
                        to.data + n * to.image + row * to.channel + s.start + z * s.step[0] + y * s.step[1] +
                            x * s.step[2],
                        to.channel, s.step[2], bias ? bias + row : nullptr);
      }
    }
  };
  const auto prepare = [&](float* source, int64_t unit, bool fresh) {
    const int64_t n = unit / groups, g = unit % groups;
    fill_grid<float>(source, grid, from.data + n * from.image + g * channels * from.channel, from.channel,
                     from.strides, from_sizes, channels, fresh);
    if (fresh) std::fill_n(source + source_size - kConvSlack, kConvSlack, 0.0f);
  };
  constexpr double kPieceWork = 1.5e6;
  const int64_t units = batch * groups;
  const size_t source_bytes = size_t(source_size) * sizeof(float),
               work_bytes = size_t(2 * line) * sizeof(float);
  if (units >= 2 * num_threads() || cost * double(units) < 2 * kPieceWork) {
    const int64_t grain = static_cast<int64_t>(std::max(1.0, kPieceWork / std::max(cost, 1.0)));
    parallel_for(0, units, grain, [&](int64_t begin, int64_t end) {
      const Scratch source(source_bytes), work(work_bytes);
      std::fill_n(work.as<float>(), 2 * line, 0.0f);
      for (int64_t unit = begin; unit < end; ++unit) {
        prepare(source.as<float>(), unit, unit == begin);
        for (int64_t block = 0; block < blocks.count(); ++block)
          for (const Part& part : parts)
            rows_of_results(part, source.as<float>(), work.as<float>(), unit, block, 0,
                            part.even->count[0] * part.even->count[1]);
      }
    });
    return;
  }
  const Scratch source(source_bytes); // few large images: all threads work on each
  for (int64_t unit = 0; unit < units; ++unit) {
    prepare(source.as<float>(), unit, unit == 0);
    for (const Part& part : parts) {
      const int64_t height = part.even->count[0] * part.even->count[1];
      const int64_t pieces = std::clamp<int64_t>(4 * num_threads() / blocks.count(), 1, height);
      parallel_for(0, blocks.count() * pieces, 1, [&](int64_t begin, int64_t end) {
        const Scratch work(work_bytes);
        std::fill_n(work.as<float>(), 2 * line, 0.0f);
        for (int64_t task = begin; task < end; ++task) {
          const int64_t piece = task % pieces;
          rows_of_results(part, source.as<float>(), work.as<float>(), unit, task / pieces,
                          height * piece / pieces, height * (piece + 1) / pieces);
        }
      });
    }
  }
}

// The source of results over positions of the small side, without phases.
inline Grid plain_grid(const ConvGeometry& g, std::vector<int64_t>& tap_offsets) {
  Grid grid;
  grid.before = g.padding;
  grid.phases.push_back({0, 0, 0});
  for (size_t d = 0; d < 3; ++d)
    grid.size[d] = (g.small[d] - 1) * g.stride[d] + (g.kernel[d] - 1) * g.dilation[d] + 1;
  for (int64_t t = 0; t < g.taps(); ++t) {
    Three shift = tap_at(g, t);
    for (size_t d = 0; d < 3; ++d) shift[d] *= g.dilation[d];
    tap_offsets.push_back(grid.offset(0, shift));
  }
  return grid;
}

// Against positions in lanes (conv_engine.h), of which a share lies between the rows of results.
inline bool lanes_suit(int64_t rows, int64_t k, int64_t width, int64_t between) {
  return k >= 16 && (rows >= 32 || (rows >= 16 && 6 * between > width));
}

inline void lanes_to_small(const ConvGeometry& g, Images<const float> large, const float* weight,
                           const float* bias, Images<float> small) {
  std::vector<int64_t> taps;
  const Grid grid = plain_grid(g, taps);
  std::vector<TapSum<float>> sums(1);
  TapSum<float>& s = sums[0];
  s.rows = g.small_channels;
  s.channels = g.large_channels;
  s.taps = g.taps();
  s.offsets = all_offsets<float>(grid, taps, s.channels);
  s.count = g.small;
  s.step = small.strides;
  const int64_t k = s.channels * s.taps;
  run_lane_sums(sums, g.stride, grid, large, g.large, g.large_channels, small, g.small_channels, g.batch,
                g.groups, bias, [&](const std::vector<float*>& to, int64_t group) {
                  turn_to_lanes(to[0], weight + group * g.small_channels * k, k, LaneBlocks{g.small_channels},
                                k);
                });
}

// Weights of one group, [small][large][tap], for sums over the small side: [block of large][small, chosen
// tap][lane].
inline void turn_taps_to_lanes(const std::vector<float*>& to, const std::vector<TapSum<float>>& sums,
                               const float* from, int64_t rows, int64_t channels, int64_t taps) {
  constexpr int64_t lanes = kLanesOf<float>;
  const LaneBlocks blocks{rows};
  const float* const end_of_weight = from + channels * rows * taps;
  std::vector<std::pair<size_t, int64_t>> place(size_t(taps),
                                                {sums.size(), 0}); // of a tap: which sum, and where in it
  for (size_t i = 0; i < sums.size(); ++i)
    for (size_t t = 0; t < sums[i].chosen.size(); ++t) place[size_t(sums[i].chosen[t])] = {i, int64_t(t)};
  parallel_for(0, channels, std::max<int64_t>(1, kGrain / (4 * rows * taps)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t c = begin; c < end; ++c)
                   for (int64_t v = 0; v * lanes < rows; ++v) {
                     const int64_t block = v / kLaneVecs, vecs = blocks.vecs(block),
                                   count = std::min(lanes, rows - v * lanes);
                     for (int64_t t0 = 0; t0 < taps; t0 += lanes) {
                       VecT<float> square[lanes];
                       const int depth = static_cast<int>(std::min(lanes, taps - t0));
                       const float* const at = from + (c * rows + v * lanes) * taps + t0;
                       if (count == lanes && at + (lanes - 1) * taps + lanes <= end_of_weight) {
#pragma GCC unroll 16
                         for (int64_t i = 0; i < lanes; ++i) square[i] = vload<float>(at + i * taps);
                       } else {
                         for (int64_t i = 0; i < lanes; ++i)
                           square[i] = i < count ? vload_n<float>(at + i * taps, depth) : VecT<float>{};
                       }
                       vtranspose<float>(square);
                       for (int t = 0; t < depth; ++t) {
                         const auto [sum, index] = place[size_t(t0 + t)];
                         if (sum == sums.size()) continue;
                         const int64_t k = c * sums[sum].taps + index;
                         vstore<float>(to[sum] + block * LaneBlocks::width * channels * sums[sum].taps +
                                           (k * vecs + v % kLaneVecs) * lanes,
                                       square[t]);
                       }
                     }
                   }
               });
}

inline void lanes_to_large(const ConvGeometry& g, Images<const float> small, const float* weight,
                           const float* bias, Images<float> large) {
  sums_to_large<float>(
      g, large,
      [&](const std::vector<TapSum<float>>& sums, const Grid& grid, int64_t rows, int64_t channels) {
        run_lane_sums(sums, {1, 1, 1}, grid, small, g.small, channels, large, rows, g.batch, g.groups, bias,
                      [&](const std::vector<float*>& to, int64_t group) {
                        turn_taps_to_lanes(to, sums, weight + group * rows * channels * g.taps(), rows,
                                           channels, g.taps());
                      });
      });
}

// to: dense [groups][small][large][taps].
inline void lanes_weight(const ConvGeometry& g, Images<const float> large, Images<const float> small,
                         float* to) {
  constexpr int64_t lanes = kLanesOf<float>;
  std::vector<int64_t> taps;
  Grid grid = plain_grid(g, taps);
  constexpr int64_t per_line =
      16; // the same place in neighbouring channels must not meet in a few sets of the L1
  grid.gap = (grid.channel_size() / per_line | 1) * per_line + per_line * 2 - grid.channel_size();
  const int64_t rows = g.small_channels, channels = g.large_channels;
  const LaneBlocks blocks{rows};
  const int64_t source_size = channels * grid.channel_size();
  const int64_t places = g.small[0] * g.small[1] * g.small[2];
  // Images whose source and gradients fill about half an L2 are summed together.
  const int64_t together =
      std::clamp<int64_t>((int64_t{512} << 10) / int64_t(sizeof(float)) / (source_size + rows * places), 1,
                          std::max<int64_t>(g.batch, 1));
  const Scratch sources(size_t(together * source_size + kConvSlack) * sizeof(float)),
      turned(size_t(together * places * blocks.padded() + lanes) * sizeof(float)),
      line(size_t(rows * together * places + lanes) * sizeof(float)),
      table(size_t(g.taps() * channels * blocks.padded()) * sizeof(float));
  float *const source = sources.as<float>(), *const gradient = turned.as<float>(),
               *const sums = table.as<float>(), *const flat = line.as<float>();
  std::vector<int64_t> offsets; // of the positions of all images
  for (int64_t n = 0; n < together; ++n)
    for (int64_t z = 0; z < g.small[0]; ++z)
      for (int64_t y = 0; y < g.small[1]; ++y)
        for (int64_t x = 0; x < g.small[2]; ++x)
          offsets.push_back(n * source_size +
                            grid.offset(0, {z * g.stride[0], y * g.stride[1], x * g.stride[2]}));
  for (int64_t group = 0; group < g.groups; ++group) {
    for (int64_t n0 = 0; n0 < g.batch; n0 += together) {
      const int64_t images = std::min(together, g.batch - n0), k = images * places;
      parallel_for(0, images, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t n = n0 + i;
          fill_grid<float>(source + i * source_size, grid,
                           large.data + n * large.image + group * channels * large.channel, large.channel,
                           large.strides, g.large, channels, n0 == 0);
          for (int64_t r = 0; r < rows; ++r) {
            float* out = flat + r * k + i * places;
            for (int64_t z = 0; z < g.small[0]; ++z)
              for (int64_t y = 0; y < g.small[1]; ++y, out += g.small[2]) {
                const float* const row = small.data + n * small.image + (group * rows + r) * small.channel +
                                         z * small.strides[0] + y * small.strides[1];
                if (small.strides[2] == 1)
                  vcopy<float>(out, row, g.small[2]);
                else
                  for (int64_t x = 0; x < g.small[2]; ++x) out[x] = row[x * small.strides[2]];
              }
          }
        }
      });
      turn_to_lanes(gradient, flat, k, blocks, k);
      const double work = double(rows) * double(channels) * double(k);
      parallel_for(0, blocks.count() * g.taps(), static_cast<int64_t>(std::max(1.0, 1.5e6 / work)),
                   [&](int64_t begin, int64_t end) {
                     for (int64_t task = begin; task < end; ++task) {
                       const int64_t b = task / g.taps(), t = task % g.taps(), vecs = blocks.vecs(b);
                       constexpr int64_t depth = 512;
                       for (int64_t p = 0; p < k;
                            p += depth) // the channels of a tile over so many positions stay in an L1
                         lanes_run(channels, vecs, std::min(depth, k - p), source + taps[size_t(t)],
                                   offsets.data() + p, grid.channel_size(),
                                   gradient + b * LaneBlocks::width * k + p * vecs * lanes,
                                   sums + (b * LaneBlocks::width * g.taps() + t * vecs * lanes) * channels,
                                   n0 > 0 || p > 0);
                     }
                   });
    }
    // sums: [block][tap][channel][lane]
    float* const out = to + group * rows * channels * g.taps();
    const int64_t columns = channels * g.taps();
    parallel_for(0, blocks.padded() / lanes, std::max<int64_t>(1, kGrain / (columns * lanes)),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t r = begin * lanes; r < std::min(end * lanes, rows); r += lanes) {
                     const int64_t b = r / LaneBlocks::width, vecs = blocks.vecs(b);
                     const float* const from = sums + b * LaneBlocks::width * columns + r % LaneBlocks::width;
                     for (int64_t j = 0; j < columns; j += lanes) {
                       VecT<float> square[lanes];
                       const int count = static_cast<int>(std::min(lanes, columns - j));
#pragma GCC unroll 16
                       for (int64_t i = 0; i < lanes; ++i) {
                         const int64_t c = (j + i) / g.taps(), t = (j + i) % g.taps();
                         square[i] = i < count ? vload<float>(from + (t * channels + c) * vecs * lanes)
                                               : VecT<float>{};
                       }
                       vtranspose<float>(square);
                       for (int64_t i = 0; i < std::min(lanes, rows - r); ++i)
                         vstore_n<float>(out + (r + i) * columns + j, square[i], count);
                     }
                   }
                 });
  }
}

} // namespace
} // namespace torch::TORCH_ISA

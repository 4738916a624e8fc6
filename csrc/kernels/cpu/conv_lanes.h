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

#include <span>

namespace torch::TORCH_ISA {
namespace {

constexpr int kLanePixels = kVecRegisters == 32 ? 14 : 6;
constexpr int64_t kLaneVecs = 2;
constexpr int64_t kLaneRow = 64; // pixels of a row that are turned together

// The numbers p that a sum runs over: `runs` times `length` that follow one another, `skip` between them.
struct LaneDepth {
  int64_t runs, length, skip;
};

// to[i][lane] (+)= sum over p of source[offsets[p] + i * step] * weight[p][lane]
template <int Pixels, int Vecs>
void lanes_tile(const LaneDepth& depth, const float* source, const int64_t* offsets, int64_t step,
                const float* weight, float* to, bool add) {
  constexpr int lanes = kLanesOf<float>;
  using V = VecT<float>;
  V sums[Pixels][Vecs];
#pragma GCC unroll 16
  for (int i = 0; i < Pixels; ++i)
#pragma GCC unroll 2
    for (int j = 0; j < Vecs; ++j) sums[i][j] = add ? vload<float>(to + (i * Vecs + j) * lanes) : V{};
  for (int64_t run = 0; run < depth.runs; ++run) {
    for (const int64_t* const end = offsets + depth.length; offsets < end; ++offsets) {
      const float* const at = source + *offsets;
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
    offsets += depth.skip;
    weight += depth.skip * Vecs * lanes;
  }
#pragma GCC unroll 16
  for (int i = 0; i < Pixels; ++i)
#pragma GCC unroll 2
    for (int j = 0; j < Vecs; ++j) vstore<float>(to + (i * Vecs + j) * lanes, sums[i][j]);
}
using LanesTile = void (*)(const LaneDepth&, const float*, const int64_t*, int64_t, const float*, float*,
                           bool);
template <int... I>
constexpr std::array<LanesTile, 2 * kLanePixels> lanes_tiles(std::integer_sequence<int, I...>) {
  return {lanes_tile<I + 1, 1>..., lanes_tile<I + 1, 2>...};
}
constexpr auto kLanesTiles = lanes_tiles(std::make_integer_sequence<int, kLanePixels>{});

// `count` pixels one after another as nearly equal tiles.
inline void lanes_run(int64_t count, int64_t vecs, const LaneDepth& depth, const float* source,
                      const int64_t* offsets, int64_t step, const float* weight, float* to, bool add) {
  const int64_t tiles = (count + kLanePixels - 1) / kLanePixels;
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t i = count * t / tiles, pixels = count * (t + 1) / tiles - i;
    kLanesTiles[size_t((vecs - 1) * kLanePixels + pixels - 1)](depth, source + i * step, offsets, step,
                                                               weight, to + i * vecs * kLanesOf<float>, add);
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

// to[p * to_step][lane] = from[row][p] for the rows of one block, `from_row` apart and p adjacent; lanes past
// the last row are zero.
inline void turn_to_lanes(float* to, const float* from, int64_t from_row, int64_t block_rows, int64_t k,
                          int64_t to_step = 1) {
  constexpr int64_t lanes = kLanesOf<float>;
  const int64_t vecs = (block_rows + lanes - 1) / lanes;
  for (int64_t v = 0; v < vecs; ++v) {
    const int64_t rows = std::min(lanes, block_rows - v * lanes);
    for (int64_t p = 0; p < k; p += lanes) {
      const int depth = static_cast<int>(std::min(lanes, k - p));
      VecT<float> square[lanes];
      const float* const at = from + v * lanes * from_row + p;
      if (rows == lanes && depth == lanes) {
#pragma GCC unroll 16
        for (int64_t i = 0; i < lanes; ++i) square[i] = vload<float>(at + i * from_row);
      } else {
        for (int64_t i = 0; i < lanes; ++i)
          square[i] = i < rows ? vload_n<float>(at + i * from_row, depth) : VecT<float>{};
      }
      vtranspose<float>(square);
      for (int q = 0; q < depth; ++q) vstore<float>(to + ((p + q) * to_step * vecs + v) * lanes, square[q]);
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
      if (!odd && to_step == 1 && lanes <= rows - v * lanes && lanes <= count - x) {
        float* const at = to + v * lanes * to_channel + x;
#pragma GCC unroll 16
        for (int64_t i = 0; i < lanes; ++i)
          vstore<float>(at + i * to_channel, a[i] + vset<float>(bias ? bias[v * lanes + i] : 0.0f));
        continue;
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

// For each row of a sum's results, the runs of taps that read rows of the image and not of its padding.
class InsideTaps {
public:
  struct Run {
    int64_t first, count;
  };

  InsideTaps(const TapSum<float>& sum, const Three& step, const Grid& grid, const Three& from_sizes) {
    std::vector<std::pair<int64_t, int64_t>> places; // of each tap, from the first result: depth and height
    for (int64_t t = 0; t < sum.taps; ++t) {
      const int64_t row = sum.offsets[size_t(t)] / grid.size[2];
      places.emplace_back(row / grid.size[1] - grid.before[0], row % grid.size[1] - grid.before[1]);
    }
    begins_.push_back(0);
    for (int64_t z = 0; z < sum.count[0]; ++z)
      for (int64_t y = 0; y < sum.count[1]; ++y) {
        for (int64_t t = 0; t < sum.taps; ++t) {
          const int64_t iz = z * step[0] + places[size_t(t)].first,
                        iy = y * step[1] + places[size_t(t)].second;
          if (iz < 0 || iz >= from_sizes[0] || iy < 0 || iy >= from_sizes[1]) continue;
          if (runs_.size() > size_t(begins_.back()) && runs_.back().first + runs_.back().count == t)
            ++runs_.back().count;
          else
            runs_.push_back({t, 1});
        }
        begins_.push_back(int64_t(runs_.size()));
      }
  }
  std::span<const Run> of_row(int64_t row) const {
    const size_t begin = size_t(begins_[size_t(row)]), end = size_t(begins_[size_t(row) + 1]);
    return {runs_.data() + begin, end - begin};
  }

private:
  std::vector<Run> runs_;
  std::vector<int64_t> begins_; // in runs_, by row
};

// The sums of run_tap_sums, for a source read at `step` (in elements of the grid for each dimension).
// turn(to, group, block) writes the weights of a block of rows for every sum as [channel, tap][lane].
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
    size_t even, odd; // numbers of sums; odd: past the last if there is none
  };
  std::vector<Part> parts;
  for (size_t i = 0; i < sums.size(); ++i) {
    const TapSum<float>& s = sums[i];
    const TapSum<float>* const next = i + 1 < sums.size() ? &sums[i + 1] : nullptr;
    const bool pair = next && s.step[2] == 2 && next->step[2] == 2 && s.count[0] == next->count[0] &&
                      s.count[1] == next->count[1] && std::abs(s.start - next->start) == 1;
    if (!pair)
      parts.push_back({i, sums.size()});
    else if (s.start < next->start)
      parts.push_back({i, i + 1});
    else
      parts.push_back({i + 1, i});
    i += pair;
  }
  std::vector<InsideTaps> inside;
  for (const auto& s : sums) inside.emplace_back(s, step, grid, from_sizes);
  int64_t depth = 0; // of all sums
  double cost = 0;   // of one image and group, in multiply-adds
  for (const auto& s : sums) {
    depth += s.channels * s.taps;
    cost += double(s.channels * s.taps * rows) * double(s.count[0] * s.count[1] * s.count[2]);
  }
  using Weights = std::vector<float*>; // of one block of rows, by sum
  const auto weights_at = [&](float* data, int64_t vecs) {
    Weights all;
    for (const auto& s : sums) {
      all.push_back(data);
      data += s.channels * s.taps * vecs * lanes;
    }
    return all;
  };

  constexpr int64_t line = (kLaneRow + lanes) * kLaneVecs * lanes; // of results before they are turned
  // Share `piece` of the rows of results, of one block.
  const auto results = [&](const Weights& weights, const float* source, float* work, int64_t unit,
                           int64_t block, int64_t piece, int64_t pieces) {
    const int64_t n = unit / groups, g = unit % groups, vecs = blocks.vecs(block);
    const int64_t row = g * rows + block * LaneBlocks::width;
    for (const Part& part : parts) {
      const TapSum<float>& s = sums[part.even];
      const bool paired = part.odd < sums.size();
      const int64_t height = s.count[0] * s.count[1];
      for (int64_t r = height * piece / pieces; r < height * (piece + 1) / pieces; ++r) {
        const int64_t z = r / s.count[1], y = r % s.count[1];
        const float* const at = source + z * moves[0] + y * moves[1];
        for (int64_t x = 0; x < s.count[2]; x += kLaneRow) {
          const auto sum_row = [&](size_t i, float* out) {
            const TapSum<float>& sum = sums[i];
            const int64_t count = std::min(kLaneRow, sum.count[2] - x);
            if (count <= 0) return int64_t{0};
            const std::span<const InsideTaps::Run> runs = inside[i].of_row(r);
            if (runs.empty()) std::fill_n(out, count * vecs * lanes, 0.0f);
            for (const auto& run : runs) {
              LaneDepth k{sum.channels, run.count, sum.taps - run.count};
              if (k.skip == 0) k = {1, sum.channels * sum.taps, 0};
              lanes_run(count, vecs, k, at + x * moves[2], sum.offsets.data() + run.first, moves[2],
                        weights[i] + run.first * vecs * lanes, out, &run != runs.data());
            }
            return count;
          };
          const int64_t count = sum_row(part.even, work);
          const int64_t odd_count = paired ? sum_row(part.odd, work + line) : 0;
          turn_from_lanes(work, paired ? work + line : nullptr, count, odd_count, vecs, blocks.rows_of(block),
                          to.data + n * to.image + row * to.channel + s.start + z * s.step[0] +
                              y * s.step[1] + x * s.step[2],
                          to.channel, s.step[2], bias ? bias + row : nullptr);
        }
      }
    }
  };
  const auto prepare = [&](float* source, int64_t unit, bool fresh, int64_t first, int64_t last) {
    const int64_t n = unit / groups, g = unit % groups;
    fill_grid<float>(source + first * grid.channel_size(), grid,
                     from.data + n * from.image + (g * channels + first) * from.channel, from.channel,
                     from.strides, from_sizes, last - first, fresh);
    if (fresh && last == channels) std::fill_n(source + source_size - kConvSlack, kConvSlack, 0.0f);
  };
  const int64_t units = batch * groups;
  const bool by_unit =
      units >= 2 * num_threads() || units % num_threads() == 0 || cost * double(units) < 2 * kPieceWork;
  const int64_t pieces =
      std::clamp<int64_t>(4 * num_threads() / blocks.count(), 1, sums[0].count[0] * sums[0].count[1]);
  // Weights that one piece of work needs are turned by it, into a buffer that the cache keeps.
  const bool own_weights = batch == 1 && (by_unit || pieces == 1);
  const int64_t block_size = LaneBlocks::width * depth;
  const Scratch shared(own_weights ? 0 : size_t(groups * blocks.padded() * depth + lanes) * sizeof(float));
  const auto shared_weights = [&](int64_t g, int64_t block) {
    return weights_at(shared.as<float>() + g * blocks.padded() * depth + block * block_size,
                      blocks.vecs(block));
  };
  if (!own_weights)
    parallel_for(0, groups * blocks.count(), std::max<int64_t>(1, kGrain / (4 * block_size)),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t i = begin; i < end; ++i)
                     turn(shared_weights(i / blocks.count(), i % blocks.count()), i / blocks.count(),
                          i % blocks.count());
                 });
  const size_t own_bytes = own_weights ? size_t(block_size + lanes) * sizeof(float) : 0;
  const auto weights_of = [&](const Scratch& own, int64_t g, int64_t block) {
    if (!own_weights) return shared_weights(g, block);
    Weights weights = weights_at(own.as<float>(), blocks.vecs(block));
    turn(weights, g, block);
    return weights;
  };
  const size_t source_bytes = size_t(source_size) * sizeof(float),
               work_bytes = size_t(2 * line) * sizeof(float);
  if (by_unit) {
    const int64_t grain = static_cast<int64_t>(std::max(1.0, kPieceWork / std::max(cost, 1.0)));
    parallel_for(0, units, grain, [&](int64_t begin, int64_t end) {
      const Scratch source(source_bytes), work(work_bytes), own(own_bytes);
      std::fill_n(work.as<float>(), 2 * line, 0.0f);
      for (int64_t unit = begin; unit < end; ++unit) {
        prepare(source.as<float>(), unit, unit == begin, 0, channels);
        for (int64_t block = 0; block < blocks.count(); ++block)
          results(weights_of(own, unit % groups, block), source.as<float>(), work.as<float>(), unit, block, 0,
                  1);
      }
    });
    return;
  }
  const Scratch source(source_bytes); // few large images: all threads work on each
  for (int64_t unit = 0; unit < units; ++unit) {
    parallel_for(0, channels, std::max<int64_t>(1, kGrain / grid.channel_size()),
                 [&](int64_t a, int64_t b) { prepare(source.as<float>(), unit, unit == 0, a, b); });
    parallel_for(0, blocks.count() * pieces, 1, [&](int64_t begin, int64_t end) {
      const Scratch work(work_bytes), own(own_bytes);
      std::fill_n(work.as<float>(), 2 * line, 0.0f);
      for (int64_t task = begin; task < end; ++task)
        results(weights_of(own, unit % groups, task / pieces), source.as<float>(), work.as<float>(), unit,
                task / pieces, task % pieces, pieces);
    });
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

// Against positions in lanes (conv_engine.h), of which a share lies between the rows of results: there all
// steps of the sum are lost, here turning a result costs as much as about 12 of them.
inline bool lanes_suit(int64_t rows, int64_t k, int64_t width, int64_t between) {
  if (k * between < 12 * width) return false;
  return k >= 16 && (rows >= 32 || (rows >= 16 && 6 * between > width));
}

// by_tap: channels of the weight are adjacent, not taps.
inline void lanes_to_small(const ConvGeometry& g, Images<const float> large, const float* weight, bool by_tap,
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
                g.groups, bias, [&](const std::vector<float*>& to, int64_t group, int64_t block) {
                  const LaneBlocks blocks{s.rows};
                  const float* const rows = weight + (group * s.rows + block * LaneBlocks::width) * k;
                  if (!by_tap) return turn_to_lanes(to[0], rows, k, blocks.rows_of(block), k);
                  for (int64_t t = 0; t < s.taps; ++t)
                    turn_to_lanes(to[0] + t * blocks.vecs(block) * kLanesOf<float>, rows + t * s.channels, k,
                                  blocks.rows_of(block), s.channels, s.taps);
                });
}

// Where each tap of the kernel goes: which sum, and its place there.
using TapPlaces = std::vector<std::pair<size_t, int64_t>>;
inline TapPlaces tap_places(const std::vector<TapSum<float>>& sums, int64_t taps) {
  TapPlaces place(size_t(taps), {sums.size(), 0});
  for (size_t i = 0; i < sums.size(); ++i)
    for (size_t t = 0; t < sums[i].chosen.size(); ++t) place[size_t(sums[i].chosen[t])] = {i, int64_t(t)};
  return place;
}

// Weights of one group, [small][large][tap], for sums over the small side: one block of large, [small, chosen
// tap][lane].
inline void turn_taps_to_lanes(const std::vector<float*>& to, const std::vector<TapSum<float>>& sums,
                               const TapPlaces& place, const float* from, const LaneBlocks& blocks,
                               int64_t block, int64_t channels, int64_t taps) {
  constexpr int64_t lanes = kLanesOf<float>;
  const int64_t rows = blocks.rows, vecs = blocks.vecs(block);
  const float* const end_of_weight = from + channels * rows * taps;
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t v = 0; v < vecs; ++v) {
      const int64_t first = block * LaneBlocks::width + v * lanes, count = std::min(lanes, rows - first);
      for (int64_t t0 = 0; t0 < taps; t0 += lanes) {
        VecT<float> square[lanes];
        const int depth = static_cast<int>(std::min(lanes, taps - t0));
        const float* const at = from + (c * rows + first) * taps + t0;
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
          vstore<float>(to[sum] + ((c * sums[sum].taps + index) * vecs + v) * lanes, square[t]);
        }
      }
    }
}

inline void lanes_to_large(const ConvGeometry& g, Images<const float> small, const float* weight,
                           const float* bias, Images<float> large) {
  sums_to_large<float>(
      g, large,
      [&](const std::vector<TapSum<float>>& sums, const Grid& grid, int64_t rows, int64_t channels) {
        const TapPlaces place = tap_places(sums, g.taps());
        run_lane_sums(sums, {1, 1, 1}, grid, small, g.small, channels, large, rows, g.batch, g.groups, bias,
                      [&](const std::vector<float*>& to, int64_t group, int64_t block) {
                        turn_taps_to_lanes(to, sums, place, weight + group * rows * channels * g.taps(),
                                           LaneBlocks{rows}, block, channels, g.taps());
                      });
      });
}

// to: dense [groups][small][large][taps]. A piece of work is a block of gradients by channel (of the small
// side) and a tile of channels of the source, with all taps or a share of them.
inline void lanes_weight(const ConvGeometry& g, Images<const float> large, Images<const float> small,
                         float* to) {
  constexpr int64_t lanes = kLanesOf<float>;
  std::vector<int64_t> tap_offsets;
  Grid grid = plain_grid(g, tap_offsets);
  constexpr int64_t per_line =
      16; // the same place in neighbouring channels must not meet in a few sets of the L1
  grid.gap = (grid.channel_size() / per_line | 1) * per_line + per_line * 2 - grid.channel_size();
  const int64_t rows = g.small_channels, channels = g.large_channels, taps = g.taps();
  const LaneBlocks blocks{rows};
  const int64_t source_size = channels * grid.channel_size();
  const int64_t plane = g.small[1] * g.small[2], places = g.small[0] * plane;
  const int64_t tiles = (channels + kLanePixels - 1) / kLanePixels;
  const int64_t table_size = taps * channels * blocks.padded();
  // Images are summed together whose source and gradients fill half an L2, or outweigh the sums.
  const int64_t together = std::clamp<int64_t>(
      std::max((int64_t{512} << 10) / int64_t(sizeof(float)), std::min<int64_t>(2 * table_size, 2 << 20)) /
          (source_size + rows * places),
      1, std::max<int64_t>(g.batch, 1));
  const bool at_once = together >= g.batch; // sums then need not outlive their piece of work
  std::vector<int64_t> offsets;             // of the positions of all images
  for (int64_t n = 0; n < together; ++n)
    for (int64_t z = 0; z < g.small[0]; ++z)
      for (int64_t y = 0; y < g.small[1]; ++y)
        for (int64_t x = 0; x < g.small[2]; ++x)
          offsets.push_back(n * source_size +
                            grid.offset(0, {z * g.stride[0], y * g.stride[1], x * g.stride[2]}));
  const double work = double(rows) * double(channels) * double(taps) * double(places);
  const bool by_group = g.groups >= 2 * num_threads() || g.groups % num_threads() == 0;
  // Few pieces: taps are divided too, and sums turned after a barrier.
  const int64_t wanted = by_group ? 1 : 2 * num_threads();
  const int64_t tap_pieces =
      std::clamp<int64_t>((wanted + blocks.count() * tiles - 1) / (blocks.count() * tiles), 1, taps);
  const bool direct = at_once && tap_pieces == 1;

  const auto one_group = [&](int64_t group) {
    const Scratch sources(size_t(together * source_size + kConvSlack) * sizeof(float)),
        turned(size_t(together * places * blocks.padded() + lanes) * sizeof(float)),
        table(direct ? 0 : size_t(table_size) * sizeof(float));
    float *const source = sources.as<float>(), *const gradient = turned.as<float>();
    const auto first_of = [&](int64_t tile) { return channels * tile / tiles; };
    // Sums of a tile and block, [tap][channel][lane], to their places.
    const auto finish = [&](const float* sums, int64_t block, int64_t tile) {
      const int64_t c0 = first_of(tile), count = first_of(tile + 1) - c0, vecs = blocks.vecs(block);
      for (int64_t v = 0; v < vecs; ++v) {
        const int64_t r0 = block * LaneBlocks::width + v * lanes;
        float* const out = to + ((group * rows + r0) * channels + c0) * taps;
        for (int64_t j = 0; j < count * taps; j += lanes) {
          VecT<float> square[lanes];
          const int width = static_cast<int>(std::min(lanes, count * taps - j));
          int64_t c = j / taps, t = j % taps;
          for (int64_t i = 0; i < lanes; ++i) {
            square[i] = i < width ? vload<float>(sums + ((t * count + c) * vecs + v) * lanes) : VecT<float>{};
            if (++t == taps) t = 0, ++c;
          }
          vtranspose<float>(square);
          for (int64_t i = 0; i < std::min(lanes, rows - r0); ++i)
            vstore_n<float>(out + i * channels * taps + j, square[i], width);
        }
      }
    };
    const auto table_at = [&](int64_t block, int64_t tile) {
      return table.as<float>() +
             (block * LaneBlocks::width * channels + first_of(tile) * blocks.vecs(block) * lanes) * taps;
    };
    for (int64_t n0 = 0; n0 < g.batch; n0 += together) {
      const int64_t images = std::min(together, g.batch - n0), k = images * places;
      parallel_for(
          0, images * channels, std::max<int64_t>(1, kGrain / grid.channel_size()),
          [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end;) {
              const int64_t n = i / channels, c = i % channels, count = std::min(end - i, channels - c);
              fill_grid<float>(source + n * source_size + c * grid.channel_size(), grid,
                               large.data + (n0 + n) * large.image + (group * channels + c) * large.channel,
                               large.channel, large.strides, g.large, count, n0 == 0);
              i += count;
            }
          });
      parallel_for(
          0, blocks.count() * images * g.small[0], std::max<int64_t>(1, kGrain / (LaneBlocks::width * plane)),
          [&](int64_t begin, int64_t end) {
            const Scratch line(size_t(LaneBlocks::width * plane + lanes) * sizeof(float));
            float* const flat = line.as<float>();
            for (int64_t task = begin; task < end; ++task) {
              const int64_t z = task % g.small[0], n = task / g.small[0] % images,
                            block = task / g.small[0] / images, count = blocks.rows_of(block);
              for (int64_t r = 0; r < count; ++r)
                for (int64_t y = 0; y < g.small[1]; ++y) {
                  const float* const row = small.data + (n0 + n) * small.image +
                                           (group * rows + block * LaneBlocks::width + r) * small.channel +
                                           z * small.strides[0] + y * small.strides[1];
                  float* const out = flat + r * plane + y * g.small[2];
                  if (small.strides[2] == 1)
                    vcopy_over<float>(out, row, g.small[2]);
                  else
                    for (int64_t x = 0; x < g.small[2]; ++x) out[x] = row[x * small.strides[2]];
                }
              turn_to_lanes(gradient + block * LaneBlocks::width * k +
                                (n * places + z * plane) * blocks.vecs(block) * lanes,
                            flat, plane, count, plane);
            }
          });
      const int64_t tasks = blocks.count() * tiles * tap_pieces;
      const double task_work = work * double(images) / double(tasks);
      parallel_for(
          0, tasks, static_cast<int64_t>(std::max(1.0, kPieceWork / task_work)),
          [&](int64_t begin, int64_t end) {
            const Scratch own(direct ? size_t(taps * kLanePixels * LaneBlocks::width) * sizeof(float) : 0);
            for (int64_t task = begin; task < end; ++task) {
              const int64_t share = task % tap_pieces, tile = task / tap_pieces % tiles,
                            block = task / tap_pieces / tiles, vecs = blocks.vecs(block);
              const int64_t c0 = first_of(tile), count = first_of(tile + 1) - c0;
              float* const sums = direct ? own.as<float>() : table_at(block, tile);
              constexpr int64_t depth = 512; // positions whose part of a tile stays in an L1
              for (int64_t p = 0; p < k; p += depth)
                for (int64_t t = taps * share / tap_pieces; t < taps * (share + 1) / tap_pieces; ++t)
                  lanes_run(count, vecs, {1, std::min(depth, k - p), 0},
                            source + c0 * grid.channel_size() + tap_offsets[size_t(t)], offsets.data() + p,
                            grid.channel_size(), gradient + block * LaneBlocks::width * k + p * vecs * lanes,
                            sums + t * count * vecs * lanes, n0 > 0 || p > 0);
              if (direct) finish(sums, block, tile);
            }
          });
    }
    if (direct) return;
    parallel_for(0, blocks.count() * tiles,
                 std::max<int64_t>(1, kGrain / (LaneBlocks::width * kLanePixels * taps)),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t i = begin; i < end; ++i)
                     finish(table_at(i / tiles, i % tiles), i / tiles, i % tiles);
                 });
  };
  if (by_group) {
    const double group_work = work * double(g.batch);
    parallel_for(0, g.groups, static_cast<int64_t>(std::max(1.0, kPieceWork / group_work)),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t group = begin; group < end; ++group) one_group(group);
                 });
  } else {
    for (int64_t group = 0; group < g.groups; ++group) one_group(group);
  }
}

} // namespace
} // namespace torch::TORCH_ISA

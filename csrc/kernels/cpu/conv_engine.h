// Direct convolution for one vector element type; included by conv*.cpp only.
//
// Note [Convolution on a padded grid]
// The source image is copied once into a grid with its padding (and, for a stride s, as s phases: every s-th
// row and column). On that grid each tap of the kernel is a fixed offset, and so the whole output plane is
// one run of positions q:
//   dst[r][q] = sum over (channel c, tap t) of weight[r][c, t] * source[c * plane + offset[t] + q].
// This is a matrix product whose right operand is read where it lies: no im2col. Positions between the end of
// an output row and the end of a grid row are computed and dropped (a share of out/grid of the work is
// useful: 0.97 at 56 wide, 0.78 at 7). The gradient by the input is the same sum with taps mirrored, once for
// every phase of the result; the gradient by the weight sums over q instead (conv_weight.h). One AVX-512 core
// of Zen 5, f32, ours / oneDNN 3.12 as PyTorch runs it, GF/s: 3x3 64@56x56 forward 205 / 199, input 201 /
// 193, weight 181 / 180; LeNet 1->6 5x5 forward 134 / 44, weight 116 / 50.
#pragma once

#include "core/allocator.h"
#include "core/dims.h"
#include "core/threads.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/gemm_vec.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace torch::TORCH_ISA {

using Three = std::array<int64_t, 3>; // depth, height, width; sizes of missing dimensions are 1

// A convolution without its direction: the `large` side is the input of a plain convolution, the `small` side
// its output. large[o * stride + tap * dilation - padding] meets small[o].
struct ConvGeometry {
  int64_t batch = 1, groups = 1;
  int64_t large_channels = 0, small_channels = 0; // of one group
  Three large{1, 1, 1}, small{1, 1, 1}, kernel{1, 1, 1}, stride{1, 1, 1}, padding{0, 0, 0}, dilation{1, 1, 1};

  int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
};

// Images of any strides, in elements. Channels of all groups follow one another.
template <class C> struct Images {
  C* data = nullptr;
  int64_t image = 0, channel = 0;
  Three strides{0, 0, 0};
};

namespace {

// A tile is up to kConvRows results by so many vectors of q that the sums, the vectors read and a weight fill
// the registers. Every one of them reaches 243-252 GF/s on an AVX-512 core of Zen 5, though most reads of q
// cross a cache line.
// Integers are not worth that many tiles.
constexpr int kConvRows = kVecRegisters == 32 ? 8 : 6;
template <class C> constexpr int conv_vecs(int rows) {
  constexpr int many[] = {8, 8, 6, 5, 4, 4, 3, 3}, few[] = {6, 4, 3, 3, 2, 2, 1, 1};
  return std::is_integral_v<C> ? 1 : (kVecRegisters == 32 ? many : few)[rows - 1];
}
constexpr int kConvVecs = 8;
constexpr int64_t kConvDepth = 512; // at most so many (channel, tap) pairs between stores of a tile
constexpr int64_t kConvSlack =
    64; // elements that may be read past the end of the grid: less than a vector of results

template <class C, int Rows, int Vecs>
void conv_tile(int64_t k, const C* a, int64_t a_row, const C* source, const int64_t* offsets, C* to,
               int64_t to_row, bool add) {
  constexpr int lanes = kLanesOf<C>;
  VecT<C> sums[Rows][Vecs] = {};
  for (int64_t p = 0; p < k; ++p) {
    const C* at = source + offsets[p];
    VecT<C> x[Vecs];
#pragma GCC unroll 8
    for (int j = 0; j < Vecs; ++j) x[j] = vload<C>(at + j * lanes);
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      const VecT<C> w = vset<C>(a[i * a_row]);
#pragma GCC unroll 8
      for (int j = 0; j < Vecs; ++j) sums[i][j] = vfma<C>(w, x[j], sums[i][j]);
    }
    ++a;
  }
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < Vecs; ++j) {
      C* c = to + i * to_row + j * lanes;
      vstore<C>(c, add ? vload<C>(c) + sums[i][j] : sums[i][j]);
    }
}

template <class C>
using ConvTile = void (*)(int64_t, const C*, int64_t, const C*, const int64_t*, C*, int64_t, bool);
template <class C, int I> constexpr ConvTile<C> conv_tile_at() { // null where the registers do not suffice
  constexpr int rows = I / kConvVecs + 1, vecs = I % kConvVecs + 1;
  if constexpr (vecs <= conv_vecs<C>(rows))
    return conv_tile<C, rows, vecs>;
  else
    return nullptr;
}
template <class C, int... I>
constexpr std::array<ConvTile<C>, sizeof...(I)> conv_tiles(std::integer_sequence<int, I...>) {
  return {conv_tile_at<C, I>()...};
}
template <class C>
constexpr auto kConvTiles = conv_tiles<C>(std::make_integer_sequence<int, kConvRows * kConvVecs>{});

inline int64_t ceil_div(int64_t a, int64_t b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); } // b > 0

// The padded grid of one channel: phases x depth x height x width. Grid position g of phase f holds g * step
// + f - before.
struct Grid {
  Three size{1, 1, 1}; // of one phase
  Three step{1, 1, 1};
  Three before{0, 0, 0};
  int64_t gap = 0; // unused elements after each channel
  std::vector<Three> phases;

  int64_t phase_size() const { return size[0] * size[1] * size[2]; }
  int64_t channel_size() const { return int64_t(phases.size()) * phase_size() + gap; }
  int64_t offset(int64_t phase, const Three& shift) const {
    return phase * phase_size() + (shift[0] * size[1] + shift[1]) * size[2] + shift[2];
  }
};

// Copies channels of one image into their grids. `fresh`: the zeros of the padding are not there yet from an
// earlier image.
template <class C>
void fill_grid(C* to, const Grid& grid, const C* from, int64_t channel_stride, const Three& strides,
               const Three& sizes, int64_t channels, bool fresh) {
  const auto inside = [&](int d, int64_t at) { return at >= 0 && at < sizes[size_t(d)]; };
  for (int64_t c = 0; c < channels; ++c, to += grid.gap) {
    for (const Three& phase : grid.phases) {
      const int64_t lead = phase[2] - grid.before[2];
      const int64_t width = grid.size[2], step = grid.step[2];
      const int64_t first = std::clamp<int64_t>(ceil_div(-lead, step), 0, width);
      const int64_t last = std::clamp<int64_t>(ceil_div(sizes[2] - lead, step), first, width);
      for (int64_t z = 0; z < grid.size[0]; ++z) {
        const int64_t iz = z * grid.step[0] + phase[0] - grid.before[0];
        for (int64_t y = 0; y < grid.size[1]; ++y, to += width) {
          const int64_t iy = y * grid.step[1] + phase[1] - grid.before[1];
          if (!inside(0, iz) || !inside(1, iy)) {
            if (fresh) vfill<C>(to, width, C{});
            continue;
          }
          const C* row = from + c * channel_stride + iz * strides[0] + iy * strides[1] + lead * strides[2];
          if (fresh) {
            vfill<C>(to, first, C{});
            vfill<C>(to + last, width - last, C{});
          }
          const int64_t jump = step * strides[2];
          if (jump == 1)
            vcopy<C>(to + first, row + first, last - first);
          else if (jump == 2)
            vcopy_even<C>(to + first, row + 2 * first, last - first);
          else
            for (int64_t x = first; x < last; ++x) to[x] = row[x * jump];
        }
      }
    }
  }
}

// One run of the sum in the note: which offsets, which weights, and where the results go.
template <class C> struct TapSum {
  int64_t rows = 0, channels = 0, taps = 0;
  const C* weight = nullptr; // [rows][channels * taps], for one group
  int64_t weight_row = 0, weight_group = 0;
  std::vector<int64_t> offsets; // of (channel, tap) in the grid of one group
  std::vector<int64_t> chosen;  // which of the kernel's taps these are, where not all
  Three count{0, 0, 0};         // results of each dimension, and where they go
  int64_t start = 0;
  Three step{0, 0, 0};
};

template <class C>
void tap_sum_rows(const TapSum<C>& sum, const C* source, const C* weight, int64_t rows, int64_t first,
                  int64_t last, C* work, int64_t work_row) {
  constexpr int lanes = kLanesOf<C>;
  const int64_t k = sum.channels * sum.taps;
  if (k == 0) // a phase of the result that no tap reaches
    for (int64_t r = 0; r < rows; ++r) std::fill_n(work + r * work_row, last - first, C{});
  const int64_t blocks = (k + kConvDepth - 1) / kConvDepth;
  for (int64_t b = 0; b < blocks; ++b) {
    const int64_t p = k * b / blocks, depth = k * (b + 1) / blocks - p;
    const int64_t* offsets = sum.offsets.data() + p;
    const int64_t vecs = (last - first + lanes - 1) / lanes;
    const int64_t most = conv_vecs<C>(static_cast<int>(rows)), tiles = (vecs + most - 1) / most;
    for (int64_t t = 0; t < tiles; ++t) {
      const int64_t v = vecs * t / tiles, width = vecs * (t + 1) / tiles - v;
      kConvTiles<C>[size_t((rows - 1) * kConvVecs + width - 1)](depth, weight + p, sum.weight_row,
                                                                source + first + v * lanes, offsets,
                                                                work + v * lanes, work_row, b > 0);
    }
  }
}

// Writes rows [r0, r0 + rows) of one plane of results, which lie in `work` on the grid, to their places.
template <class C>
void scatter_rows(const TapSum<C>& sum, const Grid& grid, const C* work, int64_t work_row, int64_t rows,
                  int64_t first, int64_t last, C* to, int64_t to_channel, const C* bias) {
  const int64_t width = grid.size[2], columns = sum.count[2];
  for (int64_t r = 0; r < rows; ++r) {
    const C add = bias ? bias[r] : C{};
    for (int64_t y = first / width; y * width < last; ++y) {
      const int64_t x0 = std::max<int64_t>(first - y * width, 0), x1 = std::min(last - y * width, columns);
      const C* from = work + r * work_row + y * width - first;
      C* out = to + r * to_channel + y * sum.step[1];
      if (sum.step[2] == 1) {
        constexpr int64_t lanes = kLanesOf<C>;
        const VecT<C> v = vset<C>(add);
        int64_t x = x0;
        for (; x + lanes <= x1; x += lanes) vstore<C>(out + x, vload<C>(from + x) + v);
        // `from` may be read to the end of the vector: work rows have room.
        if (x < x1) vstore_n<C>(out + x, vload<C>(from + x) + v, static_cast<int>(x1 - x));
      } else
        for (int64_t x = x0; x < x1; ++x) out[x * sum.step[2]] = from[x] + add;
    }
  }
}

// All results of all images and groups for a list of sums over one grid.
template <class C>
void run_tap_sums(const std::vector<TapSum<C>>& sums, const Grid& grid, Images<const C> from,
                  const Three& from_sizes, int64_t channels, Images<C> to, int64_t rows, int64_t batch,
                  int64_t groups, const C* bias) {
  const int64_t source_size = channels * grid.channel_size();
  // A strip of q keeps its part of the source within half an L2.
  constexpr int64_t lanes = kLanesOf<C>;
  const int64_t strip =
      std::clamp<int64_t>((int64_t{512} << 10) / int64_t(sizeof(C)) / std::max<int64_t>(channels, 1), 128,
                          1536) /
      (2 * lanes) * (2 * lanes);
  const int64_t row_blocks = (rows + kConvRows - 1) / kConvRows;
  const int64_t work_row = strip + 2 * lanes; // room for one vector written and one read past the end
  double cost = 0;                            // of one image and group, in multiply-adds
  for (const auto& s : sums)
    cost += double(s.channels * s.taps * rows) * double(s.count[0] * s.count[1] * s.count[2]);

  const auto prepare = [&](C* source, int64_t unit, bool fresh, int64_t first, int64_t last) {
    const int64_t n = unit / groups, g = unit % groups;
    fill_grid<C>(source + first * grid.channel_size(), grid,
                 from.data + n * from.image + (g * channels + first) * from.channel, from.channel,
                 from.strides, from_sizes, last - first, fresh);
  };
  const auto strip_rows = [&](const TapSum<C>& s, const C* source, C* work, int64_t unit, int64_t z,
                              int64_t first, int64_t last, int64_t block) {
    const int64_t n = unit / groups, g = unit % groups;
    const int64_t r0 = rows * block / row_blocks, r1 = rows * (block + 1) / row_blocks;
    tap_sum_rows<C>(s, source + z * grid.size[1] * grid.size[2],
                    s.weight + g * s.weight_group + r0 * s.weight_row, r1 - r0, first, last, work, work_row);
    scatter_rows<C>(s, grid, work, work_row, r1 - r0, first, last,
                    to.data + n * to.image + (g * rows + r0) * to.channel + s.start + z * s.step[0],
                    to.channel, bias ? bias + g * rows + r0 : nullptr);
  };
  const auto run_length = [&](const TapSum<C>& s) { return (s.count[1] - 1) * grid.size[2] + s.count[2]; };

  const size_t source_bytes = size_t(source_size + kConvSlack) * sizeof(C);
  const size_t work_bytes = size_t(work_row * kConvRows) * sizeof(C);
  const int64_t units = batch * groups;
  if (units >= 2 * num_threads() || units % num_threads() == 0 || cost * double(units) < 2 * kPieceWork) {
    const int64_t grain = static_cast<int64_t>(std::max(1.0, kPieceWork / std::max(cost, 1.0)));
    parallel_for(0, units, grain, [&](int64_t begin, int64_t end) {
      const Scratch source(source_bytes), work(work_bytes);
      std::fill_n(source.as<C>() + source_size, kConvSlack, C{});
      for (int64_t unit = begin; unit < end; ++unit) {
        prepare(source.as<C>(), unit, unit == begin, 0, channels);
        for (const auto& s : sums)
          for (int64_t z = 0; z < s.count[0]; ++z)
            for (int64_t first = 0, length = run_length(s); first < length; first += strip)
              for (int64_t block = 0; block < row_blocks; ++block)
                strip_rows(s, source.as<C>(), work.as<C>(), unit, z, first, std::min(first + strip, length),
                           block);
      }
    });
    return;
  }
  // Few large images: all threads work on each.
  const Scratch source(source_bytes);
  std::fill_n(source.as<C>() + source_size, kConvSlack, C{});
  struct Strip {
    const TapSum<C>* sum;
    int64_t z, first, last;
  };
  std::vector<Strip> strips;
  for (const auto& s : sums)
    for (int64_t z = 0; z < s.count[0]; ++z)
      for (int64_t first = 0, length = run_length(s); first < length; first += strip)
        strips.push_back({&s, z, first, std::min(first + strip, length)});
  for (int64_t unit = 0; unit < units; ++unit) {
    parallel_for(0, channels, std::max<int64_t>(1, kGrain / grid.channel_size()),
                 [&](int64_t a, int64_t b) { prepare(source.as<C>(), unit, unit == 0, a, b); });
    parallel_for(0, int64_t(strips.size()) * row_blocks, 1, [&](int64_t begin, int64_t end) {
      const Scratch work(work_bytes);
      for (int64_t task = begin; task < end; ++task) {
        const Strip& s = strips[size_t(task / row_blocks)];
        strip_rows(*s.sum, source.as<C>(), work.as<C>(), unit, s.z, s.first, s.last, task % row_blocks);
      }
    });
  }
}

inline Three tap_at(const ConvGeometry& g, int64_t t) {
  return {t / (g.kernel[1] * g.kernel[2]), t / g.kernel[2] % g.kernel[1], t % g.kernel[2]};
}

// The grid of the large side, and each tap's offset in it, for results (or sums) over positions of the small
// side.
inline Grid large_grid(const ConvGeometry& g, std::vector<int64_t>& tap_offsets) {
  Grid grid;
  grid.step = g.stride;
  grid.before = g.padding;
  std::vector<std::pair<int64_t, Three>> places;
  for (int64_t t = 0; t < g.taps(); ++t) {
    const Three tap = tap_at(g, t);
    Three phase, shift;
    for (size_t d = 0; d < 3; ++d) {
      phase[d] = tap[d] * g.dilation[d] % g.stride[d];
      shift[d] = tap[d] * g.dilation[d] / g.stride[d];
      grid.size[d] = std::max(grid.size[d], g.small[d] + shift[d]);
    }
    auto found = std::find(grid.phases.begin(), grid.phases.end(), phase);
    places.emplace_back(found - grid.phases.begin(), shift);
    if (found == grid.phases.end()) grid.phases.push_back(phase);
  }
  for (const auto& [phase, shift] : places) tap_offsets.push_back(grid.offset(phase, shift));
  return grid;
}

template <class C>
std::vector<int64_t> all_offsets(const Grid& grid, const std::vector<int64_t>& taps, int64_t channels) {
  std::vector<int64_t> offsets;
  offsets.reserve(size_t(channels) * taps.size());
  for (int64_t c = 0; c < channels; ++c)
    for (const int64_t t : taps) offsets.push_back(c * grid.channel_size() + t);
  return offsets;
}

// small = large * weight (+ bias): a plain convolution, or the input gradient of a transposed one.
// weight: dense [groups][small][large][taps].
template <class C>
void conv_to_small(const ConvGeometry& g, Images<const C> large, const C* weight, const C* bias,
                   Images<C> small) {
  std::vector<int64_t> taps;
  const Grid grid = large_grid(g, taps);
  std::vector<TapSum<C>> sums(1);
  TapSum<C>& s = sums[0];
  s.rows = g.small_channels;
  s.channels = g.large_channels;
  s.taps = g.taps();
  s.weight = weight;
  s.weight_row = s.channels * s.taps;
  s.weight_group = s.rows * s.weight_row;
  s.offsets = all_offsets<C>(grid, taps, s.channels);
  s.count = g.small;
  s.step = small.strides;
  run_tap_sums<C>(sums, grid, large, g.large, g.large_channels, small, g.small_channels, g.batch, g.groups,
                  bias);
}

// The sums of the transpose of the above: the input gradient of a plain convolution, or a transposed
// convolution. Calls run(sums, grid, rows, channels); weights are still to be set.
template <class C, class Run> void sums_to_large(const ConvGeometry& g, const Images<C>& large, Run&& run) {
  // With u = i + padding = stride * v + phase, taps of that phase meet small[v - shift].
  Three low, reach, count;
  for (size_t d = 0; d < 3; ++d) {
    low[d] = g.padding[d] / g.stride[d];
    count[d] = (g.padding[d] + g.large[d] - 1) / g.stride[d] - low[d] + 1;
    reach[d] = (g.kernel[d] - 1) * g.dilation[d] / g.stride[d];
  }
  Grid grid;
  grid.phases.push_back({0, 0, 0});
  for (size_t d = 0; d < 3; ++d) {
    grid.size[d] = count[d] + reach[d];
    grid.before[d] = reach[d] - low[d];
  }
  const int64_t rows = g.large_channels, channels = g.small_channels, taps = g.taps();
  std::vector<TapSum<C>> sums;
  for (int64_t f = 0; f < g.stride[0] * g.stride[1] * g.stride[2]; ++f) {
    const Three phase{f / (g.stride[1] * g.stride[2]), f / g.stride[2] % g.stride[1], f % g.stride[2]};
    TapSum<C> s;
    Three first;
    bool any = true;
    for (size_t d = 0; d < 3; ++d) { // v runs over [first, first + count): u in [padding, padding + large)
      first[d] = ceil_div(g.padding[d] - phase[d], g.stride[d]);
      const int64_t end = ceil_div(g.padding[d] + g.large[d] - phase[d], g.stride[d]);
      s.count[d] = end - first[d];
      any = any && s.count[d] > 0;
    }
    if (!any) continue;
    std::vector<int64_t> chosen, offsets;
    for (int64_t t = 0; t < taps; ++t) {
      const Three tap = tap_at(g, t);
      Three shift;
      bool mine = true;
      for (size_t d = 0; d < 3; ++d) {
        mine = mine && tap[d] * g.dilation[d] % g.stride[d] == phase[d];
        // grid index of small[v - shift] for the first v
        shift[d] = first[d] - tap[d] * g.dilation[d] / g.stride[d] + grid.before[d];
      }
      if (!mine) continue;
      chosen.push_back(t);
      offsets.push_back(grid.offset(0, shift));
    }
    s.rows = rows;
    s.channels = channels;
    s.taps = int64_t(chosen.size());
    s.offsets = all_offsets<C>(grid, offsets, channels);
    for (size_t d = 0; d < 3; ++d) {
      s.start += (g.stride[d] * first[d] + phase[d] - g.padding[d]) * large.strides[d];
      s.step[d] = g.stride[d] * large.strides[d];
    }
    s.chosen = std::move(chosen);
    sums.push_back(std::move(s));
  }
  run(sums, grid, rows, channels);
}

template <class C>
void conv_to_large(const ConvGeometry& g, Images<const C> small, const C* weight, const C* bias,
                   Images<C> large) {
  const int64_t taps = g.taps();
  sums_to_large<C>(
      g, large, [&](std::vector<TapSum<C>>& sums, const Grid& grid, int64_t rows, int64_t channels) {
        const Scratch memory(size_t(g.groups * rows * channels * taps) * sizeof(C));
        C* packed = memory.as<C>();
        for (TapSum<C>& s : sums) {
          s.weight = packed;
          s.weight_row = channels * s.taps;
          s.weight_group = rows * s.weight_row;
          for (int64_t group = 0; group < g.groups;
               ++group) // weight[group][small][large][tap] -> [group][large][small][chosen]
            for (int64_t r = 0; r < rows; ++r)
              for (int64_t c = 0; c < channels; ++c)
                for (const int64_t t : s.chosen)
                  *packed++ = weight[((group * channels + c) * rows + r) * taps + t];
        }
        run_tap_sums<C>(sums, grid, small, g.small, channels, large, rows, g.batch, g.groups, bias);
      });
}

} // namespace
} // namespace torch::TORCH_ISA

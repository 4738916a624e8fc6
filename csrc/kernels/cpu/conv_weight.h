// The gradient of a convolution by its weight, on the grid of Note [Convolution on a padded grid]:
//   weight_grad[r][c, t] = sum over images and q of grad[r][q] * source[c * plane + offset[t] + q],
// with grad spread out to the rows of the grid and zero in between. Included by conv.cpp only.
#pragma once

#include "kernels/cpu/conv_engine.h"
#include "kernels/cpu/gemm.h"

#include <cmath>

namespace torch::TORCH_ISA {
namespace {

// Dot products along q of Rows rows with Cols shifted sources; the lanes of the sums live on in `sums`
// between calls. More rows than columns: reads of the source cross cache lines.
constexpr int kDotRows = kVecRegisters == 32 ? 6 : 3;
constexpr int kDotCols = kVecRegisters == 32 ? 4 : 3;

template <class C, int Rows, int Cols>
void dot_tile(int64_t images, int64_t vecs, const C* grad, int64_t grad_row, int64_t grad_image,
              const C* source, int64_t source_image, const int64_t* offsets, C* sums) {
  constexpr int lanes = kLanesOf<C>;
  VecT<C> acc[Rows][Cols];
  const C* from[Cols];
#pragma GCC unroll 8
  for (int s = 0; s < Cols; ++s) from[s] = source + offsets[s];
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 8
    for (int s = 0; s < Cols; ++s) acc[r][s] = vload<C>(sums + (r * Cols + s) * lanes);
  for (int64_t i = 0; i < images; ++i) {
    for (int64_t v = 0; v < vecs * lanes; v += lanes) {
      VecT<C> x[Cols];
#pragma GCC unroll 8
      for (int s = 0; s < Cols; ++s) x[s] = vload<C>(from[s] + v);
#pragma GCC unroll 8
      for (int r = 0; r < Rows; ++r) {
        const VecT<C> g = vload<C>(grad + r * grad_row + v);
#pragma GCC unroll 8
        for (int s = 0; s < Cols; ++s) acc[r][s] = vfma<C>(g, x[s], acc[r][s]);
      }
    }
    grad += grad_image;
#pragma GCC unroll 8
    for (int s = 0; s < Cols; ++s) from[s] += source_image;
  }
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 8
    for (int s = 0; s < Cols; ++s) vstore<C>(sums + (r * Cols + s) * lanes, acc[r][s]);
}
template <class C>
using DotTile = void (*)(int64_t, int64_t, const C*, int64_t, int64_t, const C*, int64_t, const int64_t*, C*);
template <class C, int... I>
constexpr std::array<DotTile<C>, kDotRows * kDotCols> dot_tiles(std::integer_sequence<int, I...>) {
  return {dot_tile<C, I / kDotCols + 1, I % kDotCols + 1>...};
}
template <class C>
constexpr auto kDotTiles = dot_tiles<C>(std::make_integer_sequence<int, kDotRows * kDotCols>{});

// What both methods share: the grid, and how grad is laid out on it.
template <class C> struct WeightGrad {
  ConvGeometry g;
  Images<const C> large, small;
  C* out; // dense [groups][small][large][taps]

  std::vector<int64_t> tap_offsets;
  Grid grid;
  int64_t run, run_padded; // positions q of one slice of depth, and rounded up to whole vectors
  int64_t source_size;     // of one image and group

  WeightGrad(const ConvGeometry& geometry, Images<const C> large_side, Images<const C> small_side, C* to)
      : g(geometry), large(large_side), small(small_side), out(to) {
    grid = large_grid(g, tap_offsets);
    run = (g.small[1] - 1) * grid.size[2] + g.small[2];
    run_padded = (run + kLanesOf<C> - 1) / kLanesOf<C> * kLanesOf<C>;
    source_size = g.large_channels * grid.channel_size() + kConvSlack;
  }
  // fresh: the zeros between and after the rows are not there yet.
  void fill_source(C* to, int64_t n, int64_t group, bool fresh) const {
    fill_grid<C>(to, grid, large.data + n * large.image + group * g.large_channels * large.channel,
                 large.channel, large.strides, g.large, g.large_channels, fresh);
    if (fresh) std::fill_n(to + source_size - kConvSlack, kConvSlack, C{});
  }
  // to: [depth][channel][run_padded]
  void fill_grad(C* to, int64_t n, int64_t group, bool fresh) const {
    if (fresh) std::fill_n(to, grad_size(), C{});
    for (int64_t z = 0; z < g.small[0]; ++z)
      for (int64_t r = 0; r < g.small_channels; ++r, to += run_padded) {
        const C* from = small.data + n * small.image + (group * g.small_channels + r) * small.channel +
                        z * small.strides[0];
        for (int64_t y = 0; y < g.small[1]; ++y) {
          C* const row = to + y * grid.size[2];
          if (small.strides[2] == 1)
            vcopy<C>(row, from, g.small[2]);
          else
            for (int64_t x = 0; x < g.small[2]; ++x) row[x] = from[x * small.strides[2]];
          from += small.strides[1];
        }
      }
  }
  int64_t grad_size() const { return g.small[0] * g.small_channels * run_padded; }
};

// Few weights: vectors along q, and every weight's lanes stay in a table of sums (which the L2 holds).
template <class C> void weight_by_dots(const WeightGrad<C>& w) {
  constexpr int64_t lanes = kLanesOf<C>;
  const ConvGeometry& g = w.g;
  const std::vector<int64_t> offsets = all_offsets<C>(w.grid, w.tap_offsets, g.large_channels);
  const int64_t rows = g.small_channels, cols = int64_t(offsets.size());
  const int64_t row_tiles = (rows + kDotRows - 1) / kDotRows, col_tiles = (cols + kDotCols - 1) / kDotCols;
  const int64_t plane = w.grid.size[1] * w.grid.size[2];
  // Images of a chunk and their gradients fill about half an L2, those that a tile runs through at a time
  // half an L1.
  const int64_t image_bytes = (w.source_size + w.grad_size()) * int64_t(sizeof(C));
  const int64_t chunk =
      std::clamp<int64_t>((int64_t{512} << 10) / image_bytes, 1, std::max<int64_t>(g.batch, 1));
  const int64_t together = std::clamp<int64_t>((24 << 10) / image_bytes, 1, chunk);
  const double image_work = double(rows) * double(cols) * double(w.run) * double(g.small[0]);
  const auto one_group = [&](int64_t group) {
    const Scratch sources(size_t(chunk * w.source_size) * sizeof(C)),
        grads(size_t(chunk * w.grad_size()) * sizeof(C));
    const Scratch table(size_t(rows * cols * lanes) * sizeof(C));
    C* const sums = table.as<C>();
    std::fill_n(sums, rows * cols * lanes, C{});
    for (int64_t n0 = 0; n0 < g.batch; n0 += chunk) {
      const int64_t images = std::min(chunk, g.batch - n0);
      for (int64_t i = 0; i < images; ++i) {
        w.fill_source(sources.as<C>() + i * w.source_size, n0 + i, group, n0 == 0);
        w.fill_grad(grads.as<C>() + i * w.grad_size(), n0 + i, group, n0 == 0);
      }
      const auto tiles = [&](int64_t begin, int64_t end) {
        constexpr int64_t block = 512;
        for (int64_t i = 0; i < images; i += together)
          for (int64_t z = 0; z < g.small[0]; ++z)
            for (int64_t q = 0; q < w.run_padded; q += block)
              for (int64_t tile = begin; tile < end; ++tile) {
                const int64_t r0 = share(rows, row_tiles, tile / col_tiles),
                              r1 = share(rows, row_tiles, tile / col_tiles + 1);
                const int64_t c0 = share(cols, col_tiles, tile % col_tiles),
                              c1 = share(cols, col_tiles, tile % col_tiles + 1);
                kDotTiles<C>[size_t((r1 - r0 - 1) * kDotCols + c1 - c0 - 1)](
                    std::min(together, images - i), std::min(block, w.run_padded - q) / lanes,
                    grads.as<C>() + i * w.grad_size() + (z * rows + r0) * w.run_padded + q, w.run_padded,
                    w.grad_size(), sources.as<C>() + i * w.source_size + z * plane + q, w.source_size,
                    offsets.data() + c0, sums + (r0 * cols + c0 * (r1 - r0)) * lanes);
              }
      };
      const double work = image_work * double(images);
      parallel_for(0, row_tiles * col_tiles,
                   static_cast<int64_t>(
                       std::max(1.0, double(row_tiles * col_tiles) * kPieceWork / std::max(work, 1.0))),
                   tiles);
    }
    C* to = w.out + group * rows * cols;
    for (int64_t tile = 0; tile < row_tiles * col_tiles; ++tile) {
      const int64_t r0 = share(rows, row_tiles, tile / col_tiles),
                    r1 = share(rows, row_tiles, tile / col_tiles + 1);
      const int64_t c0 = share(cols, col_tiles, tile % col_tiles),
                    c1 = share(cols, col_tiles, tile % col_tiles + 1);
      const C* at = sums + (r0 * cols + c0 * (r1 - r0)) * lanes;
      for (int64_t r = r0; r < r1; ++r)
        for (int64_t c = c0; c < c1; ++c, at += lanes) to[r * cols + c] = vsum<C>(vload<C>(at));
    }
  };
  const double group_work = image_work * double(g.batch);
  if (g.groups >= 2 * num_threads()) {
    parallel_for(0, g.groups, static_cast<int64_t>(std::max(1.0, kPieceWork / std::max(group_work, 1.0))),
                 [&](int64_t a, int64_t b) {
                   for (int64_t group = a; group < b; ++group) one_group(group);
                 });
  } else {
    for (int64_t group = 0; group < g.groups; ++group) one_group(group);
  }
}

// Many weights: the source is turned to have its channels adjacent, and each tap is then a matrix product
// grad @ source. exact: without the positions between the rows.
template <class C> void weight_by_products(const WeightGrad<C>& w, bool exact) {
  constexpr int64_t lanes = kLanesOf<C>;
  const ConvGeometry& g = w.g;
  const int64_t rows = g.small_channels, channels = g.large_channels, taps = g.taps();
  const int64_t padded = (channels + lanes - 1) / lanes * lanes;
  const int64_t places = w.grid.channel_size() + kConvSlack;
  const int64_t plane = w.grid.size[1] * w.grid.size[2];
  const Scratch planar(size_t(w.source_size + lanes * w.grid.channel_size()) * sizeof(C)),
      turned(size_t(places * padded) * sizeof(C));
  const Scratch grads(size_t(w.grad_size()) * sizeof(C)), table(size_t(taps * rows * channels) * sizeof(C));
  C *const source = planar.as<C>(), *const adjacent = turned.as<C>(), *const grad = grads.as<C>(),
           *const sums = table.as<C>();
  const int64_t row_pieces = rows >= 48 ? 2 : 1;
  for (int64_t group = 0; group < g.groups; ++group) {
    std::fill_n(sums, taps * rows * channels, C{});
    std::fill_n(adjacent + w.grid.channel_size() * padded, kConvSlack * padded, C{});
    for (int64_t n = 0; n < g.batch; ++n) {
      w.fill_source(source, n, group, n == 0);
      w.fill_grad(grad, n, group, n == 0);
      const int64_t size = w.grid.channel_size();
      parallel_for(0, (size + lanes - 1) / lanes, std::max<int64_t>(1, kGrain / (lanes * padded)),
                   [&](int64_t begin, int64_t end) {
                     for (int64_t q = begin * lanes; q < std::min(end * lanes, size); q += lanes)
                       for (int64_t c = 0; c < padded; c += lanes) {
                         VecT<C> square[lanes];
                         const C* from = source + c * size + q;
                         C* const to = adjacent + q * padded + c;
                         if (c + lanes <= channels && q + lanes <= size) {
#pragma GCC unroll 16
                           for (int64_t i = 0; i < lanes; ++i) square[i] = vload<C>(from + i * size);
                           vtranspose<C>(square);
#pragma GCC unroll 16
                           for (int64_t i = 0; i < lanes; ++i) vstore<C>(to + i * padded, square[i]);
                         } else {
                           for (int64_t i = 0; i < lanes; ++i)
                             square[i] = c + i < channels ? vload<C>(from + i * size) : VecT<C>{};
                           vtranspose<C>(square);
                           for (int64_t i = 0; i < std::min(lanes, size - q); ++i)
                             vstore<C>(to + i * padded, square[i]);
                         }
                       }
                   });
      parallel_for(0, taps * row_pieces, 1, [&](int64_t begin, int64_t end) {
        const int64_t block = exact ? g.small[2] : 384, step = exact ? w.grid.size[2] : block;
        for (int64_t z = 0; z < g.small[0]; ++z)
          for (int64_t q = 0; q < w.run; q += step)
            for (int64_t task = begin; task < end; ++task) {
              const int64_t t = task / row_pieces;
              const int64_t r0 = share(rows, row_pieces, task % row_pieces),
                            r1 = share(rows, row_pieces, task % row_pieces + 1);
              C* to = sums + (t * rows + r0) * channels;
              const Matrix<C> left{grad + (z * rows + r0) * w.run_padded + q, w.run_padded, 1};
              const Matrix<C> right{adjacent + (w.tap_offsets[size_t(t)] + z * plane + q) * padded, padded,
                                    1};
              gemm<C>(r1 - r0, channels, std::min(block, w.run - q), C(1), left, right, C(1),
                      {to, channels, 1}, to, channels);
            }
      });
    }
    C* out = w.out + group * rows * channels * taps;
    for (int64_t i = 0; i < rows * channels; ++i)
      for (int64_t t = 0; t < taps; ++t) *out++ = sums[t * rows * channels + i];
  }
}

template <class C>
void conv_weight_grad(const ConvGeometry& g, Images<const C> large, Images<const C> small, C* out) {
  const WeightGrad<C> w(g, large, small, out);
  // 16k sums of one vector each are 1 MB of AVX-512 lanes.
  if (g.small_channels * g.large_channels * g.taps() <= 16384 || g.large_channels < 8)
    weight_by_dots<C>(w);
  else
    weight_by_products<C>(w, false);
  // An infinity or NaN of the source times the zeros between the rows is a NaN that does not belong there.
  const int64_t size = g.groups * g.small_channels * g.large_channels * g.taps();
  if (std::any_of(out, out + size, [](C v) { return std::isnan(v); })) [[unlikely]]
    weight_by_products<C>(w, true);
}

} // namespace
} // namespace torch::TORCH_ISA

// Values of images and volumes at given places, and the gradients.
//
// For a block of places, coordinates become a few taps each: an element (or none, outside) and a weight. All
// channels of the block then sum over the same taps. The gradient by a coordinate is the sum over the taps of
// the derivative of the weight times what the tap would add to the loss.
#include "core/allocator.h"
#include "kernels/cpu/pool.h"
#include "kernels/resample_kernels.h"

#include <cmath>
#include <type_traits>

namespace torch::TORCH_ISA {
namespace {

enum Interpolation : int64_t { kBilinear, kNearest, kBicubic };
enum Outside : int64_t { kZeros, kBorder, kReflection };

constexpr int64_t kBlock = 128; // places at a time

// A coordinate along one dimension, in elements, and its derivative by the one in the grid.
template <class C> struct Place { C at, slope; };

template <class C> Place<C> clipped(Place<C> p, int64_t size) {
  const C limit = static_cast<C>(size - 1);
  if (!(p.at > 0)) return {C(0), C(0)}; // NaN counts as the border
  if (p.at >= limit) return {limit, C(0)};
  return p;
}

// Reflection at low / 2 and high / 2.
template <class C> Place<C> reflected(Place<C> p, int64_t low, int64_t high) {
  if (low == high) return {C(0), C(0)};
  const C from = static_cast<C>(low) / 2, span = static_cast<C>(high - low) / 2;
  C x = p.at - from, sign = 1;
  if (x < 0) {
    x = -x;
    sign = -1;
  }
  const C rest = std::fmod(x, span);
  const C flips = std::floor(x / span);
  const bool even = std::fmod(flips, C(2)) == 0;
  return even ? Place<C>{rest + from, p.slope * sign} : Place<C>{span - rest + from, -p.slope * sign};
}

template <class C> Place<C> brought_inside(Place<C> p, int64_t size, int64_t outside, bool align_corners) {
  if (outside == kBorder) return clipped(p, size);
  if (outside == kReflection)
    return clipped(align_corners ? reflected(p, 0, 2 * (size - 1)) : reflected(p, -1, 2 * size - 1), size);
  return p;
}

template <class C> Place<C> in_elements(C x, int64_t size, bool align_corners) {
  if (align_corners) return {(x + 1) / 2 * static_cast<C>(size - 1), static_cast<C>(size - 1) / 2};
  return {((x + 1) * static_cast<C>(size) - 1) / 2, static_cast<C>(size) / 2};
}

// Taps along one dimension: elements (-1: outside), weights and their derivatives by the grid's coordinate.
template <class C> struct Line {
  int64_t at[4];
  C weight[4], slope[4];
};

template <class C> int64_t element_at(C x, int64_t size) { // -1 unless within
  return x >= 0 && x < static_cast<C>(size) ? static_cast<int64_t>(x) : -1;
}

template <class C>
Line<C> line_of(C x, int64_t size, int64_t interpolation, int64_t outside, bool align_corners) {
  Line<C> line{};
  const Place<C> raw = in_elements(x, size, align_corners);
  if (interpolation == kBicubic) {
    constexpr C a = C(-0.75);
    const C low = std::floor(raw.at), t = raw.at - low;
    const C w[4] = {((a * (t + 1) - 5 * a) * (t + 1) + 8 * a) * (t + 1) - 4 * a,
                    ((a + 2) * t - (a + 3)) * t * t + 1,
                    ((a + 2) * (1 - t) - (a + 3)) * (1 - t) * (1 - t) + 1,
                    ((a * (2 - t) - 5 * a) * (2 - t) + 8 * a) * (2 - t) - 4 * a};
    const C s[4] = {(3 * a * (t + 1) - 10 * a) * (t + 1) + 8 * a, (3 * (a + 2) * t - 2 * (a + 3)) * t,
                    -((3 * (a + 2) * (1 - t) - 2 * (a + 3)) * (1 - t)),
                    -((3 * a * (2 - t) - 10 * a) * (2 - t) + 8 * a)};
    for (int k = 0; k < 4; ++k) {
      const Place<C> tap{low + static_cast<C>(k - 1), C(1)};
      line.at[k] = element_at(brought_inside(tap, size, outside, align_corners).at, size);
      line.weight[k] = w[k];
      line.slope[k] = s[k] * raw.slope;
    }
    return line;
  }
  const Place<C> p = brought_inside(raw, size, outside, align_corners);
  if (interpolation == kNearest) {
    line.at[0] = element_at(std::nearbyint(p.at), size);
    line.weight[0] = 1;
    return line;
  }
  const C low = std::floor(p.at);
  line.at[0] = element_at(low, size);
  line.at[1] = element_at(low + 1, size);
  line.weight[0] = low + 1 - p.at;
  line.weight[1] = p.at - low;
  line.slope[0] = -p.slope;
  line.slope[1] = p.slope;
  return line;
}

// The taps of a block of places: [tap][place].
template <class C> struct Taps {
  int64_t count, spatial;                   // taps of a place
  std::vector<std::array<int8_t, 3>> steps; // of each tap along x, y, z
  std::vector<int64_t> offset;
  std::vector<C> weight;
  std::vector<C> slope[3]; // by x, y, z

  Taps(int64_t interpolation, size_t dims, bool slopes) : spatial(static_cast<int64_t>(dims)) {
    const int64_t along = interpolation == kNearest ? 1 : interpolation == kBilinear ? 2 : 4;
    count = 1;
    for (size_t d = 0; d < dims; ++d) count *= along;
    for (int64_t t = 0; t < count; ++t)
      steps.push_back({static_cast<int8_t>(t % along), static_cast<int8_t>(t / along % along),
                       static_cast<int8_t>(t / along / along)});
    offset.resize(size_t(count * kBlock));
    weight.resize(size_t(count * kBlock));
    for (size_t d = 0; slopes && d < dims; ++d) slope[d].resize(size_t(count * kBlock));
  }

  template <class T>
  void set(int64_t i, const T* xyz, int64_t step, const Planes<const T>& image, int64_t interpolation,
           int64_t outside, bool align_corners) {
    const Line<C> x = line_of<C>(static_cast<C>(xyz[0]), image.cols, interpolation, outside, align_corners);
    const Line<C> y =
        line_of<C>(static_cast<C>(xyz[step]), image.rows, interpolation, outside, align_corners);
    Line<C> z{};
    z.weight[0] = 1;
    if (spatial == 3)
      z = line_of<C>(static_cast<C>(xyz[2 * step]), image.slices, interpolation, outside, align_corners);
    for (int64_t t = 0; t < count; ++t) {
      const auto [tx, ty, tz] = steps[size_t(t)];
      const auto at = size_t(t * kBlock + i);
      const bool inside = x.at[tx] >= 0 && y.at[ty] >= 0 && z.at[tz] >= 0;
      offset[at] = inside ? z.at[tz] * image.slice + y.at[ty] * image.row + x.at[tx] * image.col : -1;
      weight[at] = x.weight[tx] * y.weight[ty] * z.weight[tz];
      if (slope[0].empty()) continue;
      slope[0][at] = x.slope[tx] * y.weight[ty] * z.weight[tz];
      slope[1][at] = x.weight[tx] * y.slope[ty] * z.weight[tz];
      if (spatial == 3) slope[2][at] = x.weight[tx] * y.weight[ty] * z.slope[tz];
    }
  }
};

// Offset of place i of image n in the grid (N, [D,] H, W, coordinates) or in a plane of results.
inline int64_t place_offset(const Tensor& t, int64_t i, size_t first_dim, size_t dims) {
  if (t.is_contiguous()) return i * t.strides()[first_dim + dims - 1];
  int64_t at = 0;
  for (size_t d = first_dim + dims; d-- > first_dim;) {
    at += i % t.sizes()[d] * t.strides()[d];
    i /= t.sizes()[d];
  }
  return at;
}

} // namespace

void grid_sampler(const Tensor& out, const Tensor& input, const Tensor& grid, int64_t interpolation,
                  int64_t outside, bool align_corners) {
  if (out.numel() == 0) return;
  const size_t dims = input.sizes().size() - 2;
  visit_floating("grid_sampler", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
    const Planes<const T> from(input, dims);
    const Planes<T> to(out, dims);
    const int64_t channels = out.size(1), places = to.size(), blocks = (places + kBlock - 1) / kBlock;
    const T* const coordinates = grid.data<T>();
    const int64_t step = grid.stride(-1);
    const bool dense = to.dense();
    for_planes(out.size(0) * blocks, kBlock * (channels + 4) * 4, [&](int64_t begin, int64_t end) {
      Taps<C> taps(interpolation, dims, false);
      C sums[kBlock];
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t n = unit / blocks, first = unit % blocks * kBlock,
                      count = std::min(kBlock, places - first);
        for (int64_t i = 0; i < count; ++i)
          taps.set(i, coordinates + n * grid.stride(0) + place_offset(grid, first + i, 1, dims), step, from,
                   interpolation, outside, align_corners);
        for (int64_t c = 0; c < channels; ++c) {
          const T* const source = from.plane(n * channels + c);
          std::fill_n(sums, count, C{});
          for (int64_t t = 0; t < taps.count; ++t) {
            const int64_t* const offset = taps.offset.data() + t * kBlock;
            const C* const weight = taps.weight.data() + t * kBlock;
            for (int64_t i = 0; i < count; ++i) { // without a branch: outside is where one cannot tell
              const C value = static_cast<C>(source[std::max<int64_t>(offset[i], 0)]);
              sums[i] += weight[i] * (offset[i] < 0 ? C(0) : value);
            }
          }
          T* const target = to.plane(n * channels + c);
          if (dense)
            for (int64_t i = 0; i < count; ++i) target[first + i] = static_cast<T>(sums[i]);
          else
            for (int64_t i = 0; i < count; ++i)
              target[place_offset(out, first + i, 2, dims)] = static_cast<T>(sums[i]);
        }
      }
    });
  });
}

void grid_sampler_backward(const Tensor& grad_input, const Tensor& grad_grid, const Tensor& grad_output,
                           const Tensor& input, const Tensor& grid, int64_t interpolation, int64_t outside,
                           bool align_corners) {
  const size_t dims = input.sizes().size() - 2;
  visit_floating("grid_sampler_backward", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
    const int64_t images = input.size(0), channels = input.size(1);
    if (grad_input.defined() && grad_input.numel() > 0)
      std::fill_n(grad_input.data<T>(), grad_input.numel(), T{});
    if (grad_grid.defined() && grad_grid.numel() > 0)
      std::fill_n(grad_grid.data<T>(), grad_grid.numel(), T{});
    if (grad_output.numel() == 0) return;
    const Planes<const T> from(input, dims), grad(grad_output, dims);
    const int64_t places = grad.size(), size = from.size();
    const T* const coordinates = grid.data<T>();
    const int64_t step = grid.stride(-1);
    // Dense sums of one image: elements of several places meet.
    Planes<const T> dense = from;
    dense.col = 1;
    dense.row = from.cols;
    dense.slice = from.cols * from.rows;
    for_planes(images, places * (channels + 4) * 8, [&](int64_t begin, int64_t end) {
      Taps<C> taps(interpolation, dims, grad_grid.defined());
      Taps<C> dense_taps(interpolation, dims, false);
      const Scratch memory(grad_input.defined() ? size_t(channels * size) * sizeof(C) : 0);
      std::vector<C> dots(size_t(taps.count * kBlock));
      for (int64_t n = begin; n < end; ++n) {
        C* const sums = memory.as<C>();
        if (grad_input.defined()) std::fill_n(sums, channels * size, C{});
        for (int64_t first = 0; first < places; first += kBlock) {
          const int64_t count = std::min(kBlock, places - first);
          for (int64_t i = 0; i < count; ++i) {
            const T* const xyz = coordinates + n * grid.stride(0) + place_offset(grid, first + i, 1, dims);
            taps.set(i, xyz, step, from, interpolation, outside, align_corners);
            if (grad_input.defined())
              dense_taps.set(i, xyz, step, dense, interpolation, outside, align_corners);
          }
          std::fill(dots.begin(), dots.end(), C{});
          for (int64_t c = 0; c < channels; ++c) {
            const T* const source = from.plane(n * channels + c);
            C g[kBlock];
            for (int64_t i = 0; i < count; ++i)
              g[i] =
                  static_cast<C>(grad.plane(n * channels + c)[place_offset(grad_output, first + i, 2, dims)]);
            for (int64_t t = 0; t < taps.count; ++t) {
              const int64_t* const offset = taps.offset.data() + t * kBlock;
              if (grad_input.defined()) {
                const int64_t* const target = dense_taps.offset.data() + t * kBlock;
                const C* const weight = taps.weight.data() + t * kBlock;
                for (int64_t i = 0; i < count; ++i)
                  if (target[i] >= 0) sums[c * size + target[i]] += weight[i] * g[i];
              }
              if (grad_grid.defined()) {
                C* const dot = dots.data() + t * kBlock;
                for (int64_t i = 0; i < count; ++i)
                  if (offset[i] >= 0) dot[i] += static_cast<C>(source[offset[i]]) * g[i];
              }
            }
          }
          if (!grad_grid.defined()) continue;
          T* const to = grad_grid.data<T>() + (n * places + first) * taps.spatial; // dense
          for (int64_t i = 0; i < count; ++i)
            for (size_t d = 0; d < dims; ++d) {
              C sum{};
              for (int64_t t = 0; t < taps.count; ++t)
                sum += dots[size_t(t * kBlock + i)] * taps.slope[d][size_t(t * kBlock + i)];
              to[i * taps.spatial + static_cast<int64_t>(d)] = static_cast<T>(sum);
            }
        }
        if (!grad_input.defined()) continue;
        T* const to = grad_input.data<T>() + n * channels * size; // dense
        for (int64_t i = 0; i < channels * size; ++i) to[i] = static_cast<T>(sums[i]);
      }
    });
  });
}

} // namespace torch::TORCH_ISA

// Values of images and volumes at given places, and the gradients.
//
// For a block of places, coordinates become a few taps each: an element (or none, outside) and a weight. All
// channels of the block then sum over the same taps. The gradient by a coordinate is the sum over the taps of
// the derivative of the weight times what the tap would add to the loss. Many channels are turned to lie side
// by side first, so that a tap is one run of numbers: gathers and scatters take several times as long.
#include "core/allocator.h"
#include "kernels/cpu/pool.h"
#include "kernels/cpu/widen.h"
#include "kernels/resample_kernels.h"

#include <cmath>
#include <type_traits>

namespace torch::TORCH_ISA {
namespace {

enum Interpolation : int64_t { kBilinear, kNearest, kBicubic };
enum Outside : int64_t { kZeros, kBorder, kReflection };
struct Sampling {
  int64_t interpolation, outside;
  bool align_corners;
};

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

// Coordinates (and, if asked for, their derivatives) of places outside become those of the elements that
// stand for them.
template <class C>
void bring_inside(C* at, C* slope, int64_t count, int64_t size, int64_t outside, bool align_corners) {
  const auto all = [&](auto&& inside) {
    for (int64_t i = 0; i < count; ++i) {
      const Place<C> p = inside(Place<C>{at[i], slope ? slope[i] : C(1)});
      at[i] = p.at;
      if (slope) slope[i] = p.slope;
    }
  };
  const int64_t low = align_corners ? 0 : -1, high = align_corners ? 2 * (size - 1) : 2 * size - 1;
  if (outside == kBorder)
    all([&](Place<C> p) { return clipped(p, size); });
  else if (outside == kReflection)
    all([&](Place<C> p) { return clipped(reflected(p, low, high), size); });
}

template <class C> int32_t element_at(C x, int64_t size) { // -1 unless within
  return x >= 0 && x < static_cast<C>(size) ? static_cast<int32_t>(x) : -1;
}

constexpr int64_t taps_along(int64_t interpolation) {
  return interpolation == kNearest ? 1 : interpolation == kBilinear ? 2 : 4;
}

// Taps of a block of places along one dimension: elements (-1: outside), weights and their derivatives by the
// grid's coordinate.
template <class C> struct Lines {
  int32_t at[4][kBlock];
  C weight[4][kBlock], slope[4][kBlock];
};

template <class C>
void set_lines(Lines<C>& lines, const C* coordinates, int64_t count, int64_t size, const Sampling& how) {
  C at[kBlock], slope[kBlock]; // in elements, and the derivative by the coordinate in the grid
  const C length = static_cast<C>(size), scale = (how.align_corners ? length - 1 : length) / 2;
  if (how.align_corners)
    for (int64_t i = 0; i < count; ++i) at[i] = (coordinates[i] + 1) / 2 * (length - 1);
  else
    for (int64_t i = 0; i < count; ++i) at[i] = ((coordinates[i] + 1) * length - 1) / 2;
  if (how.interpolation == kBicubic) {
    constexpr C a = C(-0.75);
    for (int64_t i = 0; i < count; ++i) {
      const C low = std::floor(at[i]), t = at[i] - low, u = 1 - t;
      lines.weight[0][i] = ((a * (t + 1) - 5 * a) * (t + 1) + 8 * a) * (t + 1) - 4 * a;
      lines.weight[1][i] = ((a + 2) * t - (a + 3)) * t * t + 1;
      lines.weight[2][i] = ((a + 2) * u - (a + 3)) * u * u + 1;
      lines.weight[3][i] = ((a * (u + 1) - 5 * a) * (u + 1) + 8 * a) * (u + 1) - 4 * a;
      lines.slope[0][i] = ((3 * a * (t + 1) - 10 * a) * (t + 1) + 8 * a) * scale;
      lines.slope[1][i] = (3 * (a + 2) * t - 2 * (a + 3)) * t * scale;
      lines.slope[2][i] = -(3 * (a + 2) * u - 2 * (a + 3)) * u * scale;
      lines.slope[3][i] = -((3 * a * (u + 1) - 10 * a) * (u + 1) + 8 * a) * scale;
      at[i] = low;
    }
    for (int k = 0; k < 4; ++k) {
      C tap[kBlock];
      for (int64_t i = 0; i < count; ++i) tap[i] = at[i] + static_cast<C>(k - 1);
      bring_inside<C>(tap, nullptr, count, size, how.outside, how.align_corners);
      for (int64_t i = 0; i < count; ++i) lines.at[k][i] = element_at(tap[i], size);
    }
    return;
  }
  std::fill_n(slope, count, scale);
  bring_inside<C>(at, slope, count, size, how.outside, how.align_corners);
  if (how.interpolation == kNearest) {
    for (int64_t i = 0; i < count; ++i) {
      lines.at[0][i] = element_at(std::nearbyint(at[i]), size);
      lines.weight[0][i] = 1;
      lines.slope[0][i] = 0;
    }
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    const C low = std::floor(at[i]);
    lines.at[0][i] = element_at(low, size);
    lines.at[1][i] = element_at(low + 1, size);
    lines.weight[0][i] = low + 1 - at[i];
    lines.weight[1][i] = at[i] - low;
    lines.slope[0][i] = -slope[i];
    lines.slope[1][i] = slope[i];
  }
}

// Numbers at offsets that are zero where the offset is negative: a whole vector of them.
template <class C, class I> [[gnu::always_inline]] inline VecT<C> vgather(const C* from, const I* at) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<C, float> && sizeof(I) == 4) {
    const __m512i places = _mm512_loadu_si512(at);
    const __mmask16 inside = _mm512_cmpge_epi32_mask(places, _mm512_setzero_si512());
    return (VecT<C>)_mm512_mask_i32gather_ps(_mm512_setzero_ps(), inside, places, from, 4);
  }
#elif defined(__AVX2__)
  if constexpr (std::is_same_v<C, float> && sizeof(I) == 4) {
    const __m256i places = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const __m256i inside = _mm256_cmpgt_epi32(places, _mm256_set1_epi32(-1));
    return (VecT<C>)_mm256_mask_i32gather_ps(_mm256_setzero_ps(), from, places, _mm256_castsi256_ps(inside),
                                             4);
  }
#endif
  VecT<C> v{};
  for (int l = 0; l < kLanesOf<C>; ++l) v[l] = at[l] < 0 ? C(0) : from[at[l]];
  return v;
}

// The taps of a block of places: [tap][place]. I holds an offset within a volume. Places past the block's end
// are outside.
template <class C, class I> struct Taps {
  int64_t count, spatial; // taps of a place
  std::vector<I> offset;
  std::vector<C> weight;
  std::vector<C> slope[3]; // by x, y, z

  Taps(const Sampling& how, size_t dims, bool slopes)
      : spatial(static_cast<int64_t>(dims)), along_(taps_along(how.interpolation)), how_(how), lines_(dims),
        line_(size_t(kBlock)) {
    count = 1;
    for (size_t d = 0; d < dims; ++d) count *= along_;
    offset.assign(size_t(count * kBlock), I(-1));
    weight.resize(size_t(count * kBlock));
    for (size_t d = 0; slopes && d < dims; ++d) slope[d].resize(size_t(count * kBlock));
  }

  // Reads n places whose offsets in the grid are given by at(i).
  template <class F> void set(int64_t n, const C* grid, int64_t step, F&& at, const Planes<const C>& image) {
    const int64_t sizes[] = {image.cols, image.rows, image.slices};
    for (int64_t d = 0; d < spatial; ++d) {
      for (int64_t i = 0; i < n; ++i) line_[size_t(i)] = grid[at(i) + d * step];
      set_lines<C>(lines_[size_t(d)], line_.data(), n, sizes[d], how_);
    }
    if (n < kBlock) std::fill(offset.begin(), offset.end(), I(-1));
    place(n, image.slice, image.row, image.col);
    for (int64_t t = 0; t < count; ++t) {
      const int64_t tx = t % along_, ty = t / along_ % along_, tz = t / along_ / along_;
      const Lines<C>&x = lines_[0], &y = lines_[1], &z = lines_.back();
      C* const w = weight.data() + t * kBlock;
      if (spatial == 2)
        for (int64_t i = 0; i < n; ++i) w[i] = x.weight[tx][i] * y.weight[ty][i];
      else
        for (int64_t i = 0; i < n; ++i) w[i] = x.weight[tx][i] * y.weight[ty][i] * z.weight[tz][i];
      if (slope[0].empty()) continue;
      for (int64_t i = 0; i < n; ++i) {
        const C depth = spatial == 3 ? z.weight[tz][i] : C(1);
        slope[0][size_t(t * kBlock + i)] = x.slope[tx][i] * y.weight[ty][i] * depth;
        slope[1][size_t(t * kBlock + i)] = x.weight[tx][i] * y.slope[ty][i] * depth;
        if (spatial == 3)
          slope[2][size_t(t * kBlock + i)] = x.weight[tx][i] * y.weight[ty][i] * z.slope[tz][i];
      }
    }
  }
  // Offsets in memory with these strides, of the places read last.
  void place(int64_t n, int64_t slice, int64_t row, int64_t col) {
    for (int64_t t = 0; t < count; ++t) {
      const int32_t* const x = lines_[0].at[t % along_];
      const int32_t* const y = lines_[1].at[t / along_ % along_];
      const int32_t* const z = spatial == 3 ? lines_[2].at[t / along_ / along_] : nullptr;
      I* const to = offset.data() + t * kBlock;
      const I a = static_cast<I>(slice), b = static_cast<I>(row), c = static_cast<I>(col);
      if (z)
        for (int64_t i = 0; i < n; ++i)
          to[i] = (x[i] | y[i] | z[i]) < 0 ? I(-1) : I(z[i]) * a + I(y[i]) * b + I(x[i]) * c;
      else
        for (int64_t i = 0; i < n; ++i) to[i] = (x[i] | y[i]) < 0 ? I(-1) : I(y[i]) * b + I(x[i]) * c;
    }
  }

private:
  int64_t along_;
  Sampling how_;
  std::vector<Lines<C>> lines_;
  std::vector<C> line_;
};

// Whether offsets within a volume fit 32 bits.
template <class T> bool is_small(const Planes<T>& p) {
  return (p.slices - 1) * p.slice + (p.rows - 1) * p.row + (p.cols - 1) * p.col <
             std::numeric_limits<int32_t>::max() &&
         p.size() < std::numeric_limits<int32_t>::max();
}

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

namespace {

template <class C, class I>
void sample(const Tensor& out, const Tensor& input, const Tensor& grid, const Sampling& how) {
  const size_t dims = input.sizes().size() - 2;
  constexpr int64_t lanes = kLanesOf<C>;
  const Planes<const C> from(input, dims);
  const Planes<C> to(out, dims);
  const int64_t channels = out.size(1), places = to.size(), blocks = (places + kBlock - 1) / kBlock;
  const int64_t step = grid.stride(-1);
  const bool dense = to.dense();
  for_planes(out.size(0) * blocks, kBlock * (channels + 4) * 4, [&](int64_t begin, int64_t end) {
    Taps<C, I> taps(how, dims, false);
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t n = unit / blocks, first = unit % blocks * kBlock,
                    count = std::min(kBlock, places - first);
      taps.set(
          count, grid.data<C>() + n * grid.stride(0), step,
          [&](int64_t i) { return place_offset(grid, first + i, 1, dims); }, from);
      for (int64_t c = 0; c < channels; ++c) {
        const C* const source = from.plane(n * channels + c);
        C* const target = to.plane(n * channels + c);
        for (int64_t i = 0; i < count; i += lanes) {
          VecT<C> sum{};
          for (int64_t t = 0; t < taps.count; ++t)
            sum = sum + vload<C>(taps.weight.data() + t * kBlock + i) *
                            vgather<C>(source, taps.offset.data() + t * kBlock + i);
          const int filled = static_cast<int>(std::min(lanes, count - i));
          if (dense && filled == lanes)
            vstore<C>(target + first + i, sum);
          else if (dense)
            vstore_n<C>(target + first + i, sum, filled);
          else
            for (int l = 0; l < filled; ++l) target[place_offset(out, first + i + l, 2, dims)] = sum[l];
        }
      }
    }
  });
}

template <class C, class I>
void sample_backward(const Tensor& grad_input, const Tensor& grad_grid, const Tensor& grad_output,
                     const Tensor& input, const Tensor& grid, const Sampling& how) {
  const size_t dims = input.sizes().size() - 2;
  const int64_t images = input.size(0), channels = input.size(1);
  const Planes<const C> from(input, dims), grad(grad_output, dims);
  const int64_t places = grad.size(), size = from.size(), step = grid.stride(-1);
  for_planes(images, places * (channels + 4) * 8, [&](int64_t begin, int64_t end) {
    Taps<C, I> taps(how, dims, grad_grid.defined());
    std::vector<I> offsets; // in the image as it lies; those of `taps` are in dense sums
    const Scratch memory(grad_input.defined() ? size_t(channels * size) * sizeof(C) : 0);
    std::vector<C> dots(size_t(taps.count * kBlock));
    for (int64_t n = begin; n < end; ++n) {
      C* const sums = memory.as<C>();
      if (grad_input.defined()) std::fill_n(sums, channels * size, C{});
      for (int64_t first = 0; first < places; first += kBlock) {
        const int64_t count = std::min(kBlock, places - first);
        taps.set(
            count, grid.data<C>() + n * grid.stride(0), step,
            [&](int64_t i) { return place_offset(grid, first + i, 1, dims); }, from);
        offsets = taps.offset;
        taps.place(count, from.rows * from.cols, from.cols, 1);
        std::fill(dots.begin(), dots.end(), C{});
        for (int64_t c = 0; c < channels; ++c) {
          const C* const source = from.plane(n * channels + c);
          C g[kBlock];
          for (int64_t i = 0; i < count; ++i)
            g[i] = grad.plane(n * channels + c)[place_offset(grad_output, first + i, 2, dims)];
          for (int64_t t = 0; t < taps.count; ++t) {
            if (grad_input.defined()) {
              const I* const target = taps.offset.data() + t * kBlock;
              const C* const weight = taps.weight.data() + t * kBlock;
              for (int64_t i = 0; i < count; ++i)
                if (target[i] >= 0) sums[c * size + target[i]] += weight[i] * g[i];
            }
            if (grad_grid.defined()) {
              const I* const offset = offsets.data() + t * kBlock;
              C* const dot = dots.data() + t * kBlock;
              for (int64_t i = 0; i < count; ++i)
                if (offset[i] >= 0) dot[i] += source[offset[i]] * g[i];
            }
          }
        }
        if (!grad_grid.defined()) continue;
        C* const to = grad_grid.data<C>() + (n * places + first) * taps.spatial; // dense
        for (int64_t i = 0; i < count; ++i)
          for (size_t d = 0; d < dims; ++d) {
            C sum{};
            for (int64_t t = 0; t < taps.count; ++t)
              sum += dots[size_t(t * kBlock + i)] * taps.slope[d][size_t(t * kBlock + i)];
            to[i * taps.spatial + static_cast<int64_t>(d)] = sum;
          }
      }
      if (!grad_input.defined()) continue;
      C* const to = grad_input.data<C>() + n * channels * size; // dense
      std::copy_n(sums, channels * size, to);
    }
  });
}

// With the channels of a place side by side: dense channels-last images.
template <class C> constexpr DType kComputed = std::is_same_v<C, double> ? DType::Float64 : DType::Float32;
template <class C> Tensor new_pixels(const Tensor& like) {
  return empty_strided_tensor(like.sizes(), channels_last_strides(like.sizes()), kComputed<C>);
}
template <class C> bool has_pixels(const Tensor& t) {
  return t.dtype() == kComputed<C> && equal(t.strides(), channels_last_strides(t.sizes()));
}
template <class C> Tensor as_pixels(const Tensor& t) {
  if (has_pixels<C>(t)) return t;
  const Tensor made = new_pixels<C>(t);
  copy(made, t);
  return made;
}
// Turning the whole image must pay.
inline bool pixels_suit(const Tensor& input, const Tensor& result) {
  return input.size(1) >= 8 && 4 * result.numel() >= input.numel();
}

template <class C>
void sample_pixels(const Tensor& out, const Tensor& input, const Tensor& grid, const Sampling& how) {
  using I = int32_t;
  const size_t dims = input.sizes().size() - 2;
  constexpr int64_t lanes = kLanesOf<C>;
  const Planes<const C> from(input, dims);
  const int64_t channels = out.size(1), places = out.numel() / (out.size(0) * channels),
                blocks = (places + kBlock - 1) / kBlock;
  const std::vector<C> nothing(size_t(channels + lanes), C{}); // what a tap outside reads
  for_planes(out.size(0) * blocks, kBlock * (channels + 16), [&](int64_t begin, int64_t end) {
    Taps<C, I> taps(how, dims, false);
    std::vector<const C*> at(size_t(taps.count));
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t n = unit / blocks, first = unit % blocks * kBlock,
                    count = std::min(kBlock, places - first);
      taps.set(
          count, grid.data<C>() + n * grid.stride(0), grid.stride(-1),
          [&](int64_t i) { return place_offset(grid, first + i, 1, dims); }, from);
      const C* const image = input.data<C>() + n * input.stride(0);
      C* target = out.data<C>() + (n * places + first) * channels;
      for (int64_t i = 0; i < count; ++i, target += channels) {
        for (int64_t t = 0; t < taps.count; ++t) {
          const I offset = taps.offset[size_t(t * kBlock + i)];
          at[size_t(t)] = offset < 0 ? nothing.data() : image + offset;
        }
        const C* const weight = taps.weight.data() + i;
        int64_t c = 0;
        for (; c + lanes <= channels; c += lanes) {
          VecT<C> sum{};
          for (int64_t t = 0; t < taps.count; ++t)
            sum = sum + vset<C>(weight[t * kBlock]) * vload<C>(at[size_t(t)] + c);
          vstore<C>(target + c, sum);
        }
        if (c == channels) continue;
        const int rest = static_cast<int>(channels - c);
        VecT<C> sum{};
        for (int64_t t = 0; t < taps.count; ++t)
          sum = sum + vset<C>(weight[t * kBlock]) * vload_n<C>(at[size_t(t)] + c, rest);
        vstore_n<C>(target + c, sum, rest);
      }
    }
  });
}

// grad_input: zeros, added to; it or grad_grid may be undefined.
template <class C>
void sample_pixels_backward(const Tensor& grad_input, const Tensor& grad_grid, const Tensor& grad_output,
                            const Tensor& input, const Tensor& grid, const Sampling& how) {
  using I = int32_t;
  const size_t dims = input.sizes().size() - 2;
  constexpr int64_t lanes = kLanesOf<C>;
  const Planes<const C> from(input, dims);
  const int64_t images = input.size(0), channels = input.size(1),
                places = grad_output.numel() / (images * channels);
  for_planes(images, places * (channels + 16) * 4, [&](int64_t begin, int64_t end) {
    Taps<C, I> taps(how, dims, grad_grid.defined());
    for (int64_t n = begin; n < end; ++n) {
      const C* const image = input.data<C>() + n * input.stride(0);
      C* const sums = grad_input.defined() ? grad_input.data<C>() + n * input.stride(0) : nullptr;
      for (int64_t first = 0; first < places; first += kBlock) {
        const int64_t count = std::min(kBlock, places - first);
        taps.set(
            count, grid.data<C>() + n * grid.stride(0), grid.stride(-1),
            [&](int64_t i) { return place_offset(grid, first + i, 1, dims); }, from);
        const C* grad = grad_output.data<C>() + (n * places + first) * channels;
        for (int64_t i = 0; i < count; ++i, grad += channels) {
          C by_place[3] = {};
          for (int64_t t = 0; t < taps.count; ++t) {
            const size_t tap = size_t(t * kBlock + i);
            const I offset = taps.offset[tap];
            C dot{};
            if (offset >= 0) {
              VecT<C> products{};
              const VecT<C> weight = vset<C>(taps.weight[tap]);
              for (int64_t c = 0; c < channels; c += lanes) {
                const int width = static_cast<int>(std::min(lanes, channels - c));
                const auto load = [&](const C* p) {
                  return width == lanes ? vload<C>(p) : vload_n<C>(p, width);
                };
                const VecT<C> g = load(grad + c);
                if (sums) {
                  C* const to = sums + offset + c;
                  const VecT<C> sum = load(to) + weight * g;
                  if (width == lanes)
                    vstore<C>(to, sum);
                  else
                    vstore_n<C>(to, sum, width);
                }
                if (grad_grid.defined()) products = vfma<C>(load(image + offset + c), g, products);
              }
              if (grad_grid.defined()) dot = vsum<C>(products);
            }
            for (size_t d = 0; grad_grid.defined() && d < dims; ++d) by_place[d] += dot * taps.slope[d][tap];
          }
          if (!grad_grid.defined()) continue;
          C* const to = grad_grid.data<C>() + (n * places + first + i) * taps.spatial; // dense
          for (size_t d = 0; d < dims; ++d) to[d] = by_place[d];
        }
      }
    }
  });
}

// 16-bit floats are widened first.
template <class F> void visit_sampled(const char* op, DType t, F&& f) {
  visit_types(TypeList<float, double>{}, op, t, f);
}

} // namespace

void grid_sampler(const Tensor& out, const Tensor& input, const Tensor& grid, int64_t interpolation,
                  int64_t outside, bool align_corners) {
  if (out.numel() == 0) return;
  if (const auto wide = wider(input.dtype())) {
    const Tensor to = empty_in_order(out, *wide);
    grid_sampler(to, widened(input, *wide), widened(grid, *wide), interpolation, outside, align_corners);
    return copy(out, to);
  }
  const Sampling how{interpolation, outside, align_corners};
  visit_sampled("grid_sampler", input.dtype(), [&](auto tag) {
    using C = typename decltype(tag)::type;
    const bool small = is_small(Planes<const C>(input, input.sizes().size() - 2));
    if (small && pixels_suit(input, out)) {
      const Tensor to = has_pixels<C>(out) ? out : new_pixels<C>(out);
      sample_pixels<C>(to, as_pixels<C>(input), grid, how);
      if (!to.is_same(out)) copy(out, to);
    } else if (small) {
      sample<C, int32_t>(out, input, grid, how);
    } else {
      sample<C, int64_t>(out, input, grid, how);
    }
  });
}

void grid_sampler_backward(const Tensor& grad_input, const Tensor& grad_grid, const Tensor& grad_output,
                           const Tensor& input, const Tensor& grid, int64_t interpolation, int64_t outside,
                           bool align_corners) {
  if (const auto wide = wider(input.dtype())) {
    const Tensor by_input = empty_in_order(grad_input, *wide), by_grid = empty_in_order(grad_grid, *wide);
    grid_sampler_backward(by_input, by_grid, widened(grad_output, *wide), widened(input, *wide),
                          widened(grid, *wide), interpolation, outside, align_corners);
    if (by_input.defined()) copy(grad_input, by_input);
    if (by_grid.defined()) copy(grad_grid, by_grid);
    return;
  }
  const Sampling how{interpolation, outside, align_corners};
  visit_sampled("grid_sampler_backward", input.dtype(), [&](auto tag) {
    using C = typename decltype(tag)::type;
    for (const Tensor* t : {&grad_input, &grad_grid})
      if (t->defined() && t->numel() > 0) std::fill_n(t->data<C>(), t->numel(), C{});
    if (grad_output.numel() == 0) return;
    const bool small = is_small(Planes<const C>(input, input.sizes().size() - 2));
    if (small && pixels_suit(input, grad_output)) {
      const Tensor sums = grad_input.defined() ? new_pixels<C>(grad_input) : Tensor();
      if (sums.defined()) std::fill_n(sums.data<C>(), sums.numel(), C{});
      sample_pixels_backward<C>(sums, grad_grid, as_pixels<C>(grad_output), as_pixels<C>(input), grid, how);
      if (sums.defined()) copy(grad_input, sums);
    } else if (small) {
      sample_backward<C, int32_t>(grad_input, grad_grid, grad_output, input, grid, how);
    } else {
      sample_backward<C, int64_t>(grad_input, grad_grid, grad_output, input, grid, how);
    }
  });
}

} // namespace torch::TORCH_ISA

// Interpolation on a regular grid and at given places, and the gradients.
//
// On a regular grid a small kernel writes first, for each dimension, which elements an output mixes and how;
// the gradient gathers from the outputs that took an element, so that its sums have an order. At given places
// a thread has a place and the channels there (or a part of them); there the gradient of the image is added
// up by atomic additions.
#pragma once

#include "kernels/cuda/device/image.h"
#include "kernels/cuda/device/resample_args.h"

namespace torch::TORCH_ISA {

// ---- regular grids ----

// Keys' cubic with slope `a` at distance 1.
template <class V> TORCH_INLINE V cubic_weight(V x, V a) {
  x = abs_(x);
  if (x <= V(1)) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < V(2)) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return V(0);
}
template <class V> TORCH_INLINE V lanczos_weight(V x) {
  if (x == V(0)) return V(1);
  if (abs_(x) >= V(3)) return V(0);
  const V y = x * V(std::numbers::pi);
  return 3 * sin_(y) * sin_(y / 3) / (y * y);
}

// Elements [first, first + count) that an output mixes, before those outside are moved to the border.
template <class V> struct Mixed {
  V scale, centre, squeeze; // the last two of smooth kernels
  V place;                  // of the output in the input
  int64_t first, count;
};
template <class V> TORCH_INLINE Mixed<V> mixed(const cuda::MixedDim& d, int64_t o) {
  using cuda::Mixing;
  Mixed<V> m{};
  m.scale = d.inverse > 0 ? V(d.inverse) : V(d.in) / V(d.out);
  if (d.mixing == Mixing::Nearest || d.mixing == Mixing::NearestExact) {
    // In float whatever the dtype, as PyTorch rounds.
    const float step = d.inverse > 0 ? float(d.inverse) : float(d.in) / float(d.out);
    const float middle = d.mixing == Mixing::NearestExact ? 0.5f : 0.0f;
    m.first = d.in == d.out ? o : static_cast<int64_t>((float(o) + middle) * step);
    m.count = 1;
    return m;
  }
  if (d.align_corners) m.scale = d.out > 1 ? V(d.in - 1) / V(d.out - 1) : V(0);
  m.place = d.align_corners ? m.scale * V(o) : m.scale * (V(o) + V(0.5)) - V(0.5);
  if (d.mixing == Mixing::Linear) {
    m.place = d.in == d.out ? V(o) : m.place > V(0) ? m.place : V(0);
    m.first = lesser(static_cast<int64_t>(m.place), d.in - 1);
    m.count = 2;
  } else if (d.mixing == Mixing::Cubic) {
    m.first = static_cast<int64_t>(floor_(m.place)) - 1;
    m.count = 4;
  } else { // the kernel is as wide as what an output covers
    const V half(d.mixing == Mixing::LinearSmooth ? 1 : d.mixing == Mixing::CubicSmooth ? 2 : 3);
    const V support = m.scale >= V(1) ? half * m.scale : half;
    m.squeeze = m.scale >= V(1) ? V(1) / m.scale : V(1);
    m.centre = m.scale * (V(o) + V(0.5));
    m.first = greater(static_cast<int64_t>(m.centre - support + V(0.5)), 0);
    const int64_t last = lesser(static_cast<int64_t>(m.centre + support + V(0.5)), d.in);
    m.count = greater(1, lesser(last - m.first, d.taps));
  }
  return m;
}
template <class V> TORCH_INLINE V weight_of(const cuda::MixedDim& d, const Mixed<V>& m, int64_t t) {
  using cuda::Mixing;
  switch (d.mixing) {
  case Mixing::Linear: {
    V part = m.place - V(m.first);
    part = part < V(0) ? V(0) : part > V(1) ? V(1) : part;
    return t == 0 ? V(1) - part : part;
  }
  case Mixing::Cubic:
    return cubic_weight(m.place - V(m.first + 1) - V(t - 1), V(-0.75));
  case Mixing::LinearSmooth:
  case Mixing::CubicSmooth:
  case Mixing::LanczosSmooth: {
    const V x = (V(t + m.first) - m.centre + V(0.5)) * m.squeeze;
    if (d.mixing == Mixing::CubicSmooth) return cubic_weight(x, V(-0.5));
    if (d.mixing == Mixing::LanczosSmooth) return lanczos_weight(x);
    return abs_(x) < V(1) ? V(1) - abs_(x) : V(0);
  }
  default:
    return V(1);
  }
}
TORCH_INLINE int64_t clamped(int64_t i, int64_t size) { return greater(0, lesser(i, size - 1)); }

// A thread for each output of each dimension and, where users are asked for, for each element.
template <class V> struct MixTables {
  static TORCH_INLINE void set(const cuda::MixedDim& d, int64_t o) {
    const Mixed<V> m = mixed<V>(d, o);
    V* const weight = static_cast<V*>(d.weight);
    V sum(0);
    for (int64_t t = 0; t < m.count; ++t) {
      const V w = weight_of(d, m, t);
      d.at[t * d.out + o] = static_cast<int32_t>(clamped(m.first + t, d.in));
      weight[t * d.out + o] = w;
      sum += w;
    }
    if (d.mixing >= cuda::Mixing::LinearSmooth && sum != V(0))
      for (int64_t t = 0; t < m.count; ++t) weight[t * d.out + o] /= sum;
    d.count[o] = static_cast<int32_t>(m.count);
  }
  // First and last element that an output takes grow with the output.
  static TORCH_INLINE void set_users(const cuda::MixedDim& d, int64_t i) {
    int64_t low = 0, high = d.out; // the first whose last element is not before i
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      const Mixed<V> m = mixed<V>(d, middle);
      if (clamped(m.first + m.count - 1, d.in) < i)
        low = middle + 1;
      else
        high = middle;
    }
    d.users[i] = static_cast<int32_t>(low);
    high = d.out; // the first whose first element is after i
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (clamped(mixed<V>(d, middle).first, d.in) <= i)
        low = middle + 1;
      else
        high = middle;
    }
    d.users[d.in + i] = static_cast<int32_t>(low);
  }
  static TORCH_INLINE void run(const cuda::ResampleArgs& args, int64_t i) {
    for (int k = 0; k < 3; ++k) {
      const cuda::MixedDim& d = args.dims[k];
      if (i < d.out) return set(d, i);
      i -= d.out;
      if (!d.users) continue;
      if (i < d.in) return set_users(d, i);
      i -= d.in;
    }
  }
};

template <class V, class S> struct Resample {
  static TORCH_INLINE void run(const cuda::ResampleArgs& args, int64_t i) {
    using namespace cuda;
    const At at = element_of(args.each, i);
    const Volume& in = args.other;
    const S* const plane =
        static_cast<const S*>(args.from) + plane_of(in, at.axis[kImages], at.axis[kChannels]);
    const MixedDim &dz = args.dims[0], &dy = args.dims[1], &dx = args.dims[2];
    const int64_t oz = at.axis[kDepth], oy = at.axis[kHeight], ox = at.axis[kWidth];
    V sum(0);
    for (int64_t tz = 0; tz < dz.count[oz]; ++tz)
      for (int64_t ty = 0; ty < dy.count[oy]; ++ty) {
        const int64_t z = tz * dz.out + oz, y = ty * dy.out + oy;
        const S* const row = plane + dz.at[z] * in.stride[kDepth] + dy.at[y] * in.stride[kHeight];
        V line(0);
        for (int64_t tx = 0; tx < dx.count[ox]; ++tx) {
          const int64_t x = tx * dx.out + ox;
          line += static_cast<const V*>(dx.weight)[x] * convert<V>(row[dx.at[x] * in.stride[kWidth]]);
        }
        sum += static_cast<const V*>(dz.weight)[z] * static_cast<const V*>(dy.weight)[y] * line;
      }
    static_cast<S*>(args.to)[offset_of(args.each, at)] = convert<S>(sum);
  }
};
template <class V, class S> struct ResampleGrad {
  // What output o takes of element i.
  static TORCH_INLINE V taken(const cuda::MixedDim& d, int64_t o, int64_t i) {
    V sum(0);
    for (int64_t t = 0; t < d.count[o]; ++t)
      if (d.at[t * d.out + o] == i) sum += static_cast<const V*>(d.weight)[t * d.out + o];
    return sum;
  }
  static TORCH_INLINE void run(const cuda::ResampleArgs& args, int64_t i) {
    using namespace cuda;
    const At at = element_of(args.each, i);
    const Volume& grad = args.other;
    const S* const plane =
        static_cast<const S*>(args.from) + plane_of(grad, at.axis[kImages], at.axis[kChannels]);
    const MixedDim &dz = args.dims[0], &dy = args.dims[1], &dx = args.dims[2];
    const int64_t z = at.axis[kDepth], y = at.axis[kHeight], x = at.axis[kWidth];
    V sum(0);
    for (int64_t oz = dz.users[z]; oz < dz.users[dz.in + z]; ++oz) {
      const V by_z = taken(dz, oz, z);
      for (int64_t oy = dy.users[y]; oy < dy.users[dy.in + y]; ++oy) {
        const V by_y = by_z * taken(dy, oy, y);
        V line(0);
        for (int64_t ox = dx.users[x]; ox < dx.users[dx.in + x]; ++ox)
          line += taken(dx, ox, x) * convert<V>(plane[offset_in_plane(grad, oz, oy, ox)]);
        sum += by_y * line;
      }
    }
    static_cast<S*>(args.to)[offset_of(args.each, at)] = convert<S>(sum);
  }
};
// Elements as they are.
template <class V, class S> struct ResampleNearest {
  static TORCH_INLINE void run(const cuda::ResampleArgs& args, int64_t i) {
    using namespace cuda;
    const At at = element_of(args.each, i);
    int64_t from = plane_of(args.other, at.axis[kImages], at.axis[kChannels]);
#pragma unroll
    for (int k = 0; k < 3; ++k)
      from += clamped(mixed<float>(args.dims[k], at.axis[kDepth + k]).first, args.dims[k].in) *
              args.other.stride[kDepth + k];
    static_cast<S*>(args.to)[offset_of(args.each, at)] = static_cast<const S*>(args.from)[from];
  }
};

// ---- given places ----

enum GridInterpolation : int32_t { kBilinear, kNearest, kBicubic };
enum GridOutside : int32_t { kZeros, kBorder, kReflection };

// A coordinate along one dimension, in elements, and its derivative by the one in the grid.
template <class V> struct GridPlace { V at, slope; };

template <class V> TORCH_INLINE GridPlace<V> clipped(GridPlace<V> p, int64_t size) {
  const V limit = V(size - 1);
  if (!(p.at > V(0))) return {V(0), V(0)}; // NaN counts as the border
  if (p.at >= limit) return {limit, V(0)};
  return p;
}
// Reflection at low / 2 and high / 2.
template <class V> TORCH_INLINE GridPlace<V> reflected(GridPlace<V> p, int64_t low, int64_t high) {
  if (low == high) return {V(0), V(0)};
  const V from = V(low) / 2, span = V(high - low) / 2;
  V x = p.at - from, sign(1);
  if (x < V(0)) {
    x = -x;
    sign = V(-1);
  }
  const V rest = fmod_(x, span), flips = floor_(x / span);
  if (fmod_(flips, V(2)) == V(0)) return {rest + from, p.slope * sign};
  return {span - rest + from, -p.slope * sign};
}
template <class V>
TORCH_INLINE GridPlace<V> brought_inside(const cuda::GridArgs& args, GridPlace<V> p, int64_t size) {
  if (args.outside == kZeros) return p;
  if (args.outside == kReflection)
    p = reflected(p, args.align_corners ? 0 : -1, args.align_corners ? 2 * (size - 1) : 2 * size - 1);
  return clipped(p, size);
}
template <class V> TORCH_INLINE int64_t grid_element(V x, int64_t size) { // -1 unless within
  return x >= V(0) && x < V(size) ? static_cast<int64_t>(x) : -1;
}

// Taps along a dimension: elements (-1: outside), weights, and their derivatives by the grid's coordinate.
template <class V> struct GridTaps {
  int64_t at[4];
  V weight[4], slope[4];
};
template <class V>
TORCH_INLINE void set_taps(GridTaps<V>& taps, const cuda::GridArgs& args, V coordinate, int64_t size) {
  const V length = V(size), scale = (args.align_corners ? length - 1 : length) / 2;
  GridPlace<V> p;
  p.at = args.align_corners ? (coordinate + 1) / 2 * (length - 1) : ((coordinate + 1) * length - 1) / 2;
  p.slope = scale;
  if (args.interpolation == kBicubic) {
    constexpr V a = V(-0.75);
    const V low = floor_(p.at), t = p.at - low, u = 1 - t;
    taps.weight[0] = ((a * (t + 1) - 5 * a) * (t + 1) + 8 * a) * (t + 1) - 4 * a;
    taps.weight[1] = ((a + 2) * t - (a + 3)) * t * t + 1;
    taps.weight[2] = ((a + 2) * u - (a + 3)) * u * u + 1;
    taps.weight[3] = ((a * (u + 1) - 5 * a) * (u + 1) + 8 * a) * (u + 1) - 4 * a;
    taps.slope[0] = ((3 * a * (t + 1) - 10 * a) * (t + 1) + 8 * a) * scale;
    taps.slope[1] = (3 * (a + 2) * t - 2 * (a + 3)) * t * scale;
    taps.slope[2] = -(3 * (a + 2) * u - 2 * (a + 3)) * u * scale;
    taps.slope[3] = -((3 * a * (u + 1) - 10 * a) * (u + 1) + 8 * a) * scale;
    for (int k = 0; k < 4; ++k)
      taps.at[k] = grid_element(brought_inside(args, GridPlace<V>{low + V(k - 1), V(1)}, size).at, size);
    return;
  }
  p = brought_inside(args, p, size);
  if (args.interpolation == kNearest) {
    taps.at[0] = grid_element(round_(p.at), size);
    taps.weight[0] = V(1);
    taps.slope[0] = V(0);
    return;
  }
  const V low = floor_(p.at);
  taps.at[0] = grid_element(low, size);
  taps.at[1] = grid_element(low + 1, size);
  taps.weight[0] = low + 1 - p.at;
  taps.weight[1] = p.at - low;
  taps.slope[0] = -p.slope;
  taps.slope[1] = p.slope;
}

template <class V, class S> struct GridThread {
  At at;
  GridTaps<V> taps[3]; // z, y, x
  int along[3];
  int64_t first, last; // channels

  TORCH_INLINE GridThread(const cuda::GridArgs& args, int64_t i) {
    using namespace cuda;
    const int64_t part = i / (args.n / args.parts), channels = args.in.size[kChannels];
    at = element_of(args.places, i - part * (args.n / args.parts));
    first = channels * part / args.parts;
    last = channels * (part + 1) / args.parts;
    const int64_t from = at.axis[kImages] * args.grid_step[0] + at.axis[kDepth] * args.grid_step[1] +
                         at.axis[kHeight] * args.grid_step[2] + at.axis[kWidth] * args.grid_step[3];
    const int each = args.interpolation == kNearest ? 1 : args.interpolation == kBilinear ? 2 : 4;
    for (int d = 0; d < 3; ++d) {
      if (d < 3 - args.spatial) {
        along[d] = 1;
        taps[d].at[0] = 0;
        taps[d].weight[0] = V(1);
        taps[d].slope[0] = V(0);
        continue;
      }
      along[d] = each; // the coordinates of the grid are x, y, z
      set_taps(taps[d], args,
               convert<V>(static_cast<const S*>(args.grid)[from + (2 - d) * args.grid_step[4]]),
               args.in.size[kDepth + d]);
    }
  }
  // body(offset without the channel, tap along z, y, x) for all that are within.
  template <class F> TORCH_INLINE void each_tap(const cuda::Volume& in, const F& body) const {
    for (int z = 0; z < along[0]; ++z)
      for (int y = 0; y < along[1]; ++y)
        for (int x = 0; x < along[2]; ++x) {
          const int64_t k = taps[0].at[z], j = taps[1].at[y], l = taps[2].at[x];
          if (k >= 0 && j >= 0 && l >= 0) body(offset_in_plane(in, k, j, l), z, y, x);
        }
  }
  TORCH_INLINE V weight(int z, int y, int x) const {
    return taps[2].weight[x] * taps[1].weight[y] * taps[0].weight[z];
  }
};

template <class V, class S> struct GridSample {
  static TORCH_INLINE void run(const cuda::GridArgs& args, int64_t i) {
    using namespace cuda;
    const GridThread<V, S> thread(args, i);
    At at = thread.at;
    const S* const input = static_cast<const S*>(args.input);
    for (int64_t c = thread.first; c < thread.last; ++c) {
      const S* const plane = input + plane_of(args.in, at.axis[kImages], c);
      V sum(0);
      thread.each_tap(args.in, [&](int64_t offset, int z, int y, int x) {
        sum += thread.weight(z, y, x) * convert<V>(plane[offset]);
      });
      at.axis[kChannels] = c;
      static_cast<S*>(args.out)[offset_of(args.result, at)] = convert<S>(sum);
    }
  }
};
template <class V, class S>
struct GridSampleGrad { // one part: the gradient of the grid sums over the channels
  static TORCH_INLINE void run(const cuda::GridArgs& args, int64_t i) {
    using namespace cuda;
    const GridThread<V, S> thread(args, i);
    At at = thread.at;
    V by[3] = {V(0), V(0), V(0)};
    for (int64_t c = thread.first; c < thread.last; ++c) {
      at.axis[kChannels] = c;
      const V g = convert<V>(static_cast<const S*>(args.grad)[offset_of(args.result, at)]);
      const S* const plane = static_cast<const S*>(args.input) + plane_of(args.in, at.axis[kImages], c);
      if (args.grad_input) {
        V* const to = static_cast<V*>(args.grad_input) + plane_of(args.grad_in, at.axis[kImages], c);
        thread.each_tap(args.grad_in, [&](int64_t offset, int z, int y, int x) {
          add_to(to + offset, thread.weight(z, y, x) * g);
        });
      }
      if (!args.grad_grid) continue;
      thread.each_tap(args.in, [&](int64_t offset, int z, int y, int x) {
        const V value = convert<V>(plane[offset]) * g;
        const GridTaps<V>&tz = thread.taps[0], &ty = thread.taps[1], &tx = thread.taps[2];
        by[0] += value * (tx.slope[x] * ty.weight[y] * tz.weight[z]);
        by[1] += value * (tx.weight[x] * ty.slope[y] * tz.weight[z]);
        by[2] += value * (tx.weight[x] * ty.weight[y] * tz.slope[z]);
      });
    }
    if (!args.grad_grid) return;
    S* const to = static_cast<S*>(args.grad_grid) + at.axis[kImages] * args.grad_grid_step[0] +
                  at.axis[kDepth] * args.grad_grid_step[1] + at.axis[kHeight] * args.grad_grid_step[2] +
                  at.axis[kWidth] * args.grad_grid_step[3];
    for (int d = 0; d < args.spatial; ++d) to[d * args.grad_grid_step[4]] = convert<S>(by[d]);
  }
};

} // namespace torch::TORCH_ISA

#define TORCH_MIX_TABLES(name, Op, V)                                                                        \
  TORCH_KERNEL(name, torch::cuda::kImageThreads, torch::cuda::ResampleArgs) {                                \
    using namespace torch::TORCH_ISA;                                                                        \
    const int64_t i = image_thread();                                                                        \
    if (i < args.n) Op<V>::run(args, i);                                                                     \
  }
#define TORCH_RESAMPLE(name, Op, V, S)                                                                       \
  TORCH_KERNEL(name, torch::cuda::kImageThreads, torch::cuda::ResampleArgs) {                                \
    using namespace torch::TORCH_ISA;                                                                        \
    const int64_t i = image_thread();                                                                        \
    if (i < args.n) Op<V, S>::run(args, i);                                                                  \
  }
#define TORCH_GRID(name, Op, V, S)                                                                           \
  TORCH_KERNEL(name, torch::cuda::kImageThreads, torch::cuda::GridArgs) {                                    \
    using namespace torch::TORCH_ISA;                                                                        \
    const int64_t i = image_thread();                                                                        \
    if (i < args.n) Op<V, S>::run(args, i);                                                                  \
  }

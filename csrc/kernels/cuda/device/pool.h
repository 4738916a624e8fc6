// Pooling: a thread for each result, or for each element of the gradient of a mean, which gathers from the
// windows that the element is in. The gradient of a maximum is added at its place: what several windows add
// there has no order.
#pragma once

#include "kernels/cuda/device/image.h"
#include "kernels/cuda/device/pool_args.h"

namespace torch::TORCH_ISA {

// Elements of a box along a dimension.
struct Span {
  int64_t first, last, step, count; // count: what a mean divides by
};
TORCH_INLINE Span adaptive_span(int64_t o, int64_t in, int64_t out) {
  const int64_t first = o * in / out, last = quotient_up((o + 1) * in, out);
  return {first, last, 1, last - first};
}
TORCH_INLINE Span window_span(const cuda::Window& w, int64_t o, int64_t in, bool counts_padding) {
  const int64_t start = o * w.stride - w.padding;
  const int64_t first = start >= 0 ? start : start + quotient_up(-start, w.dilation) * w.dilation;
  const int64_t last = lesser(start + w.kernel * w.dilation, in);
  const int64_t count = counts_padding ? lesser(start + w.kernel, in + w.padding) - start : last - first;
  return {first, last, w.dilation, greater(count, 0)};
}
// Windows whose starts are rounded multiples of a step, moved by a random number in [0, 1).
template <class V>
TORCH_INLINE Span fractional_span(int64_t o, int64_t in, int64_t out, int64_t kernel, V sample) {
  const V step = out > 1 ? static_cast<V>(in - kernel) / static_cast<V>(out - 1) : V(0);
  int64_t start = in - kernel;
  if (o < out - 1)
    start = static_cast<int64_t>((static_cast<V>(o) + sample) * step) - static_cast<int64_t>(sample * step);
  start = greater(0, lesser(start, in - kernel));
  return {start, start + kernel, 1, kernel};
}
template <class V, class S> TORCH_INLINE Span span_of(const cuda::PoolArgs& args, int d, const At& at) {
  const int axis = cuda::kDepth + d;
  const int64_t o = at.axis[axis], in = args.other.size[axis], out = args.each.size[axis];
  if (args.boxes == cuda::Boxes::Adaptive) return adaptive_span(o, in, out);
  if (args.boxes == cuda::Boxes::Windows)
    return window_span(args.windows[d], o, in, args.counts_padding != 0);
  if constexpr (std::is_floating_point_v<V>) {
    const int absent = 3 - args.spatial;
    if (d < absent) return {0, 1, 1, 1};
    // The samples of a plane are those of its columns, then its rows; of a volume from the depth on.
    const int which = args.spatial == 2 ? 2 - d : d;
    const int64_t plane = at.axis[cuda::kImages] * args.each.size[cuda::kChannels] + at.axis[cuda::kChannels];
    const V sample = convert<V>(static_cast<const S*>(args.samples)[plane * args.spatial + which]);
    return fractional_span<V>(o, in, out, args.windows[d].kernel, sample);
  }
  return {0, 0, 1, 0};
}

// The first of the largest; a NaN wins over everything before it.
template <class V, class S> struct MaxPool {
  static TORCH_INLINE void run(const cuda::PoolArgs& args, int64_t i) {
    const At at = element_of(args.each, i);
    const Span z = span_of<V, S>(args, 0, at), y = span_of<V, S>(args, 1, at), x = span_of<V, S>(args, 2, at);
    const cuda::Volume& in = args.other;
    const int64_t rows = in.size[cuda::kHeight], cols = in.size[cuda::kWidth];
    const S* const plane =
        static_cast<const S*>(args.from) + plane_of(in, at.axis[cuda::kImages], at.axis[cuda::kChannels]);
    // Of a window that lies in the padding.
    int64_t place = (lesser(z.first, in.size[cuda::kDepth] - 1) * rows + lesser(y.first, rows - 1)) * cols +
                    lesser(x.first, cols - 1);
    V best;
    if constexpr (std::is_floating_point_v<V>)
      best = -std::numeric_limits<V>::infinity();
    else
      best = convert<V>(std::numeric_limits<S>::min());
    bool first = true;
    for (int64_t k = z.first; k < z.last; k += z.step)
      for (int64_t j = y.first; j < y.last; j += y.step)
        for (int64_t l = x.first; l < x.last; l += x.step) {
          const V value = convert<V>(plane[offset_in_plane(in, k, j, l)]);
          if (!(value > best || value != value || first)) continue;
          best = value;
          place = (k * rows + j) * cols + l;
          first = false;
        }
    static_cast<S*>(args.to)[offset_of(args.each, at)] = convert<S>(best);
    if (args.places) args.places[offset_of(args.where, at)] = place;
  }
};
template <class V, class S> struct MaxPoolGrad { // sums are held as V
  static TORCH_INLINE void run(const cuda::PoolArgs& args, int64_t i) {
    const At at = element_of(args.each, i);
    const cuda::Volume& to = args.other;
    const int64_t rows = to.size[cuda::kHeight], cols = to.size[cuda::kWidth];
    const int64_t size = to.size[cuda::kDepth] * rows * cols;
    const int64_t place = args.places[offset_of(args.where, at)];
    if (place < 0 || place >= size) return report(Failed::IndexRange, place, size);
    const int64_t row = place / cols;
    V* const plane =
        static_cast<V*>(args.to) + plane_of(to, at.axis[cuda::kImages], at.axis[cuda::kChannels]);
    add_to(plane + offset_in_plane(to, row / rows, row % rows, place - row * cols),
           convert<V>(static_cast<const S*>(args.from)[offset_of(args.each, at)]));
  }
};

// Integers are divided as C++ divides; an empty window of floats gives 0 / 0.
template <class V> TORCH_INLINE V mean_of(V sum, int64_t count) {
  if constexpr (std::is_integral_v<V>)
    return count == 0 ? V(0) : V(sum / count);
  else
    return sum / static_cast<V>(count);
}
template <class V, class S> struct AvgPool {
  static TORCH_INLINE void run(const cuda::PoolArgs& args, int64_t i) {
    const At at = element_of(args.each, i);
    const Span z = span_of<V, S>(args, 0, at), y = span_of<V, S>(args, 1, at), x = span_of<V, S>(args, 2, at);
    const cuda::Volume& in = args.other;
    const S* const plane =
        static_cast<const S*>(args.from) + plane_of(in, at.axis[cuda::kImages], at.axis[cuda::kChannels]);
    V sum(0);
    for (int64_t k = z.first; k < z.last; ++k)
      for (int64_t j = y.first; j < y.last; ++j)
        for (int64_t l = x.first; l < x.last; ++l) sum += convert<V>(plane[offset_in_plane(in, k, j, l)]);
    const int64_t count = args.divisor ? args.divisor : z.count * y.count * x.count;
    static_cast<S*>(args.to)[offset_of(args.each, at)] = convert<S>(mean_of(sum, count));
  }
};

// The outputs [first, last) whose boxes an element is in.
struct Touched {
  int64_t first, last;
};
TORCH_INLINE Touched touched(const cuda::PoolArgs& args, int d, int64_t i) {
  const int axis = cuda::kDepth + d;
  const int64_t in = args.each.size[axis], out = args.other.size[axis];
  if (args.boxes == cuda::Boxes::Adaptive) return {i * out / in, quotient_up((i + 1) * out, in)};
  const cuda::Window& w = args.windows[d];
  const int64_t to = i + w.padding, from = to - w.kernel + 1;
  return {from > 0 ? quotient_up(from, w.stride) : 0, lesser(to / w.stride + 1, out)};
}
template <class V, class S> struct AvgPoolGrad {
  static TORCH_INLINE int64_t count(const cuda::PoolArgs& args, int d, int64_t o) {
    const int axis = cuda::kDepth + d;
    const int64_t in = args.each.size[axis];
    return args.boxes == cuda::Boxes::Adaptive
               ? adaptive_span(o, in, args.other.size[axis]).count
               : window_span(args.windows[d], o, in, args.counts_padding != 0).count;
  }
  static TORCH_INLINE void run(const cuda::PoolArgs& args, int64_t i) {
    const At at = element_of(args.each, i);
    const cuda::Volume& grad = args.other;
    const S* const plane =
        static_cast<const S*>(args.from) + plane_of(grad, at.axis[cuda::kImages], at.axis[cuda::kChannels]);
    const Touched z = touched(args, 0, at.axis[cuda::kDepth]), y = touched(args, 1, at.axis[cuda::kHeight]),
                  x = touched(args, 2, at.axis[cuda::kWidth]);
    V sum(0);
    for (int64_t k = z.first; k < z.last; ++k)
      for (int64_t j = y.first; j < y.last; ++j) {
        const int64_t lines = args.divisor ? 1 : count(args, 0, k) * count(args, 1, j);
        for (int64_t l = x.first; l < x.last; ++l)
          sum += mean_of(convert<V>(plane[offset_in_plane(grad, k, j, l)]),
                         args.divisor ? args.divisor : lines * count(args, 2, l));
      }
    static_cast<S*>(args.to)[offset_of(args.each, at)] = convert<S>(sum);
  }
};

} // namespace torch::TORCH_ISA

#define TORCH_POOL(name, Op, V, S)                                                                           \
  TORCH_KERNEL(name, torch::cuda::kImageThreads, torch::cuda::PoolArgs) {                                    \
    using namespace torch::TORCH_ISA;                                                                        \
    const int64_t i = image_thread();                                                                        \
    if (i < args.n) Op<V, S>::run(args, i);                                                                  \
  }

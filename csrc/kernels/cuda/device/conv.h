// Convolutions of the dtypes that cuDNN does not have, and of all where it is switched off: a thread for each
// element of what is written, which is right and not fast. Windows of images as columns, and their sum.
//
// V is as wide as there is: double, int64_t (where sums wrap around), Cplx<double>.
#pragma once

#include "kernels/cuda/device/conv_args.h"
#include "kernels/cuda/device/image.h"

namespace torch::TORCH_ISA {

template <class V> TORCH_INLINE V product_added(V a, V b, V sum) {
  if constexpr (kIsComplex<V>)
    return sum + a * b;
  else
    return fused(a, b, sum);
}

using cuda::Operand;

template <class V> struct ConvAccess {
  const cuda::ConvArgs& args;
  template <Operand kWhich = Operand::None> TORCH_INLINE V load(const void* base, int64_t offset) const {
    const V value = load_as<V>(args.type, static_cast<const char*>(base) + offset * args.width);
    if constexpr (kIsComplex<V>)
      if (kWhich != Operand::None && kWhich == args.conjugated) return V(value.re, -value.im);
    return value;
  }
  TORCH_INLINE void store(void* base, int64_t offset, V value) const {
    store_as(args.type, static_cast<char*>(base) + offset * args.width, value);
  }
};

// The output whose window has this element at the tap; -1: none.
TORCH_INLINE int64_t output_at(const cuda::Window& w, int64_t i, int64_t tap, int64_t out) {
  const int64_t reach = i + w.padding - tap * w.dilation;
  if (reach < 0 || reach % w.stride != 0 || reach / w.stride >= out) return -1;
  return reach / w.stride;
}
TORCH_INLINE int64_t input_at(const cuda::Window& w, int64_t o, int64_t tap) {
  return o * w.stride + tap * w.dilation - w.padding;
}
TORCH_INLINE bool within(int64_t i, int64_t size) { return i >= 0 && i < size; }

template <class V> struct Conv {
  static TORCH_INLINE void run(const cuda::ConvArgs& args, int64_t i) {
    using namespace cuda;
    const ConvAccess<V> access{args};
    const At at = element_of(args.y_at, i);
    const Volume &x = args.x_at, &w = args.w_at;
    const int64_t k = at.axis[kChannels], inputs = w.size[kChannels];
    const int64_t group = k / (w.size[kImages] / args.groups);
    V sum = args.bias ? access.load(args.bias, k) : V(0);
    for (int64_t c = 0; c < inputs; ++c) {
      const int64_t plane = plane_of(x, at.axis[kImages], group * inputs + c), taps = plane_of(w, k, c);
      for (int64_t tz = 0; tz < w.size[kDepth]; ++tz) {
        const int64_t z = input_at(args.windows[0], at.axis[kDepth], tz);
        if (!within(z, x.size[kDepth])) continue;
        for (int64_t ty = 0; ty < w.size[kHeight]; ++ty) {
          const int64_t y = input_at(args.windows[1], at.axis[kHeight], ty);
          if (!within(y, x.size[kHeight])) continue;
          for (int64_t tx = 0; tx < w.size[kWidth]; ++tx) {
            const int64_t l = input_at(args.windows[2], at.axis[kWidth], tx);
            if (!within(l, x.size[kWidth])) continue;
            sum = product_added(
                access.template load<Operand::Input>(args.x, plane + offset_in_plane(x, z, y, l)),
                access.template load<Operand::Weight>(args.w, taps + offset_in_plane(w, tz, ty, tx)), sum);
          }
        }
      }
    }
    access.store(args.y, offset_of(args.y_at, at), sum);
  }
};
template <class V> struct ConvGradInput {
  static TORCH_INLINE void run(const cuda::ConvArgs& args, int64_t i) {
    using namespace cuda;
    const ConvAccess<V> access{args};
    const At at = element_of(args.x_at, i);
    const Volume &w = args.w_at, &y = args.y_at;
    const int64_t inputs = w.size[kChannels], outputs = w.size[kImages] / args.groups;
    const int64_t group = at.axis[kChannels] / inputs, c = at.axis[kChannels] - group * inputs;
    // As a transposed convolution has it: of each channel that is written.
    V sum = args.bias ? access.load(args.bias, at.axis[kChannels]) : V(0);
    for (int64_t k = group * outputs; k < (group + 1) * outputs; ++k) {
      const int64_t plane = plane_of(y, at.axis[kImages], k), taps = plane_of(w, k, c);
      for (int64_t tz = 0; tz < w.size[kDepth]; ++tz) {
        const int64_t z = output_at(args.windows[0], at.axis[kDepth], tz, y.size[kDepth]);
        if (z < 0) continue;
        for (int64_t ty = 0; ty < w.size[kHeight]; ++ty) {
          const int64_t row = output_at(args.windows[1], at.axis[kHeight], ty, y.size[kHeight]);
          if (row < 0) continue;
          for (int64_t tx = 0; tx < w.size[kWidth]; ++tx) {
            const int64_t l = output_at(args.windows[2], at.axis[kWidth], tx, y.size[kWidth]);
            if (l < 0) continue;
            sum = product_added(
                access.template load<Operand::Output>(args.y, plane + offset_in_plane(y, z, row, l)),
                access.template load<Operand::Weight>(args.w, taps + offset_in_plane(w, tz, ty, tx)), sum);
          }
        }
      }
    }
    access.store(args.x, offset_of(args.x_at, at), sum);
  }
};
template <class V> struct ConvGradWeight {
  static TORCH_INLINE void run(const cuda::ConvArgs& args, int64_t i) {
    using namespace cuda;
    const ConvAccess<V> access{args};
    const At at = element_of(args.w_at, i);
    const Volume &x = args.x_at, &y = args.y_at;
    const int64_t k = at.axis[kImages], inputs = args.w_at.size[kChannels];
    const int64_t c = k / (args.w_at.size[kImages] / args.groups) * inputs + at.axis[kChannels];
    V sum(0);
    for (int64_t n = 0; n < y.size[kImages]; ++n) {
      const int64_t from = plane_of(x, n, c), grad = plane_of(y, n, k);
      for (int64_t oz = 0; oz < y.size[kDepth]; ++oz) {
        const int64_t z = input_at(args.windows[0], oz, at.axis[kDepth]);
        if (!within(z, x.size[kDepth])) continue;
        for (int64_t oy = 0; oy < y.size[kHeight]; ++oy) {
          const int64_t row = input_at(args.windows[1], oy, at.axis[kHeight]);
          if (!within(row, x.size[kHeight])) continue;
          for (int64_t ox = 0; ox < y.size[kWidth]; ++ox) {
            const int64_t l = input_at(args.windows[2], ox, at.axis[kWidth]);
            if (!within(l, x.size[kWidth])) continue;
            sum = product_added(
                access.template load<Operand::Input>(args.x, from + offset_in_plane(x, z, row, l)),
                access.template load<Operand::Output>(args.y, grad + offset_in_plane(y, oz, oy, ox)), sum);
          }
        }
      }
    }
    access.store(args.w, offset_of(args.w_at, at), sum);
  }
};

// ---- columns ----

template <class V, class S> struct Im2Col { // moves elements without looking at them
  static TORCH_INLINE void run(const cuda::ColumnsArgs& args, int64_t i) {
    using namespace cuda;
    const At at = element_of(args.columns, i);
    const int64_t wide = args.windows[1].kernel, taps = args.windows[0].kernel * wide;
    const int64_t c = at.axis[kChannels] / taps, tap = at.axis[kChannels] - c * taps;
    const int64_t y = input_at(args.windows[0], at.axis[kHeight], tap / wide),
                  x = input_at(args.windows[1], at.axis[kWidth], tap % wide);
    S value(0);
    if (within(y, args.image.size[kHeight]) && within(x, args.image.size[kWidth]))
      value = static_cast<const S*>(
          args.from)[plane_of(args.image, at.axis[kImages], c) + offset_in_plane(args.image, 0, y, x)];
    static_cast<S*>(args.to)[offset_of(args.columns, at)] = value;
  }
};
template <class V, class S> struct Col2Im {
  static TORCH_INLINE void run(const cuda::ColumnsArgs& args, int64_t i) {
    using namespace cuda;
    const At at = element_of(args.image, i);
    const int64_t tall = args.windows[0].kernel, wide = args.windows[1].kernel;
    V sum(0);
    for (int64_t ty = 0; ty < tall; ++ty) {
      const int64_t y = output_at(args.windows[0], at.axis[kHeight], ty, args.columns.size[kHeight]);
      if (y < 0) continue;
      for (int64_t tx = 0; tx < wide; ++tx) {
        const int64_t x = output_at(args.windows[1], at.axis[kWidth], tx, args.columns.size[kWidth]);
        if (x < 0) continue;
        const int64_t row = (at.axis[kChannels] * tall + ty) * wide + tx;
        sum =
            sum + convert<V>(static_cast<const S*>(args.from)[plane_of(args.columns, at.axis[kImages], row) +
                                                              offset_in_plane(args.columns, 0, y, x)]);
      }
    }
    static_cast<S*>(args.to)[offset_of(args.image, at)] = convert<S>(sum);
  }
};

} // namespace torch::TORCH_ISA

#define TORCH_CONV(name, Op, V)                                                                              \
  TORCH_KERNEL(name, torch::cuda::kImageThreads, torch::cuda::ConvArgs) {                                    \
    using namespace torch::TORCH_ISA;                                                                        \
    const int64_t i = image_thread();                                                                        \
    if (i < args.n) Op<V>::run(args, i);                                                                     \
  }
#define TORCH_COLUMNS(name, Op, V, S)                                                                        \
  TORCH_KERNEL(name, torch::cuda::kImageThreads, torch::cuda::ColumnsArgs) {                                 \
    using namespace torch::TORCH_ISA;                                                                        \
    const int64_t i = image_thread();                                                                        \
    if (i < args.n) Op<V, S>::run(args, i);                                                                  \
  }

// Windows of images as columns, and the sum of columns into images.
#include "core/allocator.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/conv_kernels.h"
#include "kernels/cpu/gemm_vec.h"

#include <algorithm>
#include <type_traits>

namespace torch::TORCH_ISA {
namespace {

// The windows of one dimension: element o * stride + tap * dilation - padding.
struct Steps {
  int64_t in, out, kernel, dilation, padding, stride;

  // Windows [first, last) have this tap within the image.
  int64_t first(int64_t tap) const {
    const int64_t lead = padding - tap * dilation;
    return std::clamp<int64_t>(lead > 0 ? (lead + stride - 1) / stride : 0, 0, out);
  }
  int64_t last(int64_t tap) const {
    const int64_t room = in + padding - tap * dilation; // o * stride < room
    return std::clamp<int64_t>(room > 0 ? (room + stride - 1) / stride : 0, first(tap), out);
  }
  int64_t at(int64_t o, int64_t tap) const { return o * stride + tap * dilation - padding; }
};

Steps steps(int64_t in, IntSpan kernel, IntSpan dilation, IntSpan padding, IntSpan stride, size_t d) {
  return {in,         (in + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1) / stride[d] + 1,
          kernel[d],  dilation[d],
          padding[d], stride[d]};
}

// to += from, for n adjacent elements.
template <class C, class T> void add_row(C* to, const T* from, int64_t n) {
  if constexpr (std::is_same_v<C, T> && std::is_floating_point_v<C>) {
    constexpr int64_t lanes = kLanesOf<C>;
    int64_t x = 0;
    for (; x + lanes <= n; x += lanes) vstore<C>(to + x, vload<C>(to + x) + vload<C>(from + x));
    if (x == n) return;
    const int rest = static_cast<int>(n - x);
    vstore_n<C>(to + x, vload_n<C>(to + x, rest) + vload_n<C>(from + x, rest), rest);
  } else {
    for (int64_t x = 0; x < n; ++x) to[x] += static_cast<C>(from[x]);
  }
}

int64_t batch_stride(const Tensor& t, int64_t dims) { return t.dim() == dims ? t.stride(0) : 0; }

} // namespace

void im2col(const Tensor& out, const Tensor& image, IntSpan kernel, IntSpan dilation, IntSpan padding,
            IntSpan stride) {
  if (out.numel() == 0) return;
  const Steps h = steps(image.size(-2), kernel, dilation, padding, stride, 0),
              w = steps(image.size(-1), kernel, dilation, padding, stride, 1);
  const int64_t channels = image.size(-3), taps = h.kernel * w.kernel;
  const int64_t batch = image.dim() == 4 ? image.size(0) : 1, columns = h.out * w.out;
  const int64_t row = image.stride(-2), col = image.stride(-1);
  visit_width(image.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel_for(
        0, batch * channels * taps, std::max<int64_t>(1, kGrain / columns), [&](int64_t begin, int64_t end) {
          for (int64_t unit = begin; unit < end; ++unit) {
            const int64_t n = unit / (channels * taps), c = unit / taps % channels;
            const int64_t ty = unit % taps / w.kernel, tx = unit % w.kernel;
            const T* const from = image.data<T>() + n * batch_stride(image, 4) + c * image.stride(-3);
            T* const to =
                out.data<T>() + n * batch_stride(out, 3) + unit % (channels * taps) * out.stride(-2);
            const int64_t x0 = w.first(tx), x1 = w.last(tx), step = out.stride(-1);
            for (int64_t oy = 0; oy < h.out; ++oy) {
              T* const line = to + oy * w.out * step;
              const int64_t y = h.at(oy, ty);
              if (y < 0 || y >= h.in) {
                for (int64_t x = 0; x < w.out; ++x) line[x * step] = T{};
                continue;
              }
              for (int64_t x = 0; x < x0; ++x) line[x * step] = T{};
              const T* const source = from + y * row + w.at(x0, tx) * col;
              if (step == 1 && w.stride * col == 1)
                std::copy_n(source, x1 - x0, line + x0);
              else
                for (int64_t x = x0; x < x1; ++x) line[x * step] = source[(x - x0) * w.stride * col];
              for (int64_t x = x1; x < w.out; ++x) line[x * step] = T{};
            }
          }
        });
  });
}

void col2im(const Tensor& out, const Tensor& columns, IntSpan kernel, IntSpan dilation, IntSpan padding,
            IntSpan stride) {
  if (out.numel() == 0) return;
  const Steps h = steps(out.size(-2), kernel, dilation, padding, stride, 0),
              w = steps(out.size(-1), kernel, dilation, padding, stride, 1);
  const int64_t channels = out.size(-3), taps = h.kernel * w.kernel, size = h.in * w.in;
  const int64_t batch = out.dim() == 4 ? out.size(0) : 1, step = columns.stride(-1);
  const bool dense = out.stride(-1) == 1 && out.stride(-2) == w.in;
  visit_compiled(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C =
        std::conditional_t<std::is_integral_v<T>, int64_t, std::conditional_t<sizeof(T) == 2, float, T>>;
    parallel_for(0, batch * channels, std::max<int64_t>(1, kGrain / (taps * h.out * w.out)),
                 [&](int64_t begin, int64_t end) {
                   const Scratch memory(size_t(size) * sizeof(C));
                   for (int64_t unit = begin; unit < end; ++unit) {
                     const int64_t n = unit / channels, c = unit % channels;
                     T* const to = out.data<T>() + n * batch_stride(out, 4) + c * out.stride(-3);
                     C* sums = memory.as<C>();
                     if constexpr (std::is_same_v<T, C>)
                       if (dense) sums = to;
                     std::fill_n(sums, size, C{});
                     for (int64_t t = 0; t < taps; ++t) {
                       const int64_t ty = t / w.kernel, tx = t % w.kernel, x0 = w.first(tx), x1 = w.last(tx);
                       const T* const from = columns.data<T>() + n * batch_stride(columns, 3) +
                                             (c * taps + t) * columns.stride(-2);
                       for (int64_t oy = h.first(ty); oy < h.last(ty); ++oy) {
                         C* const line = sums + h.at(oy, ty) * w.in + w.at(0, tx);
                         const T* const source = from + oy * w.out * step;
                         if (w.stride == 1 && step == 1)
                           add_row<C, T>(line + x0, source + x0, x1 - x0);
                         else
                           for (int64_t x = x0; x < x1; ++x)
                             line[x * w.stride] += static_cast<C>(source[x * step]);
                       }
                     }
                     if (static_cast<const void*>(sums) == to) continue;
                     for (int64_t y = 0; y < h.in; ++y)
                       for (int64_t x = 0; x < w.in; ++x)
                         to[y * out.stride(-2) + x * out.stride(-1)] = static_cast<T>(sums[y * w.in + x]);
                   }
                 });
  });
}

} // namespace torch::TORCH_ISA

// What the pooling kernels share: windows along one dimension, planes of an image tensor, rows split by
// stride.
#pragma once

#include "core/allocator.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/cpu/gemm_vec.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <vector>

namespace torch::TORCH_ISA {
namespace {

struct Window {
  int64_t in, out, kernel, stride, padding, dilation = 1;

  int64_t start(int64_t o) const { return o * stride - padding; } // may be negative
  int64_t reach() const { return (kernel - 1) * dilation + 1; }
  // First tap that does not lie in the leading padding.
  int64_t first_tap(int64_t o) const {
    const int64_t s = start(o);
    return s >= 0 ? 0 : (-s + dilation - 1) / dilation;
  }
};

inline int64_t window_value(IntSpan values, size_t d, int64_t missing) {
  return values.empty() ? missing : values.size() == 1 ? values[0] : values[d];
}

// Windows of the three dimensions of a volume; a plane is a volume of depth 1.
using Windows = std::array<Window, 3>;

inline Windows windows(const Tensor& in, const Tensor& out, size_t spatial, IntSpan kernel, IntSpan stride,
                       IntSpan padding, IntSpan dilation = {}) {
  Windows all{Window{1, 1, 1, 1, 0}, Window{1, 1, 1, 1, 0}, Window{1, 1, 1, 1, 0}};
  for (size_t d = 0; d < spatial; ++d) {
    const int64_t from_end = static_cast<int64_t>(d) - static_cast<int64_t>(spatial);
    const int64_t k = window_value(kernel, d, 1);
    all[3 - spatial + d] = {
        in.size(from_end),          out.size(from_end),          k,
        window_value(stride, d, k), window_value(padding, d, 0), window_value(dilation, d, 1)};
  }
  return all;
}

// The volumes (one for each image and channel) of an image tensor, batched or not.
template <class T> struct Planes {
  T* data;
  int64_t count, inner, images; // volumes, and how many of them follow one another with stride `step`
  int64_t outer_step, step;
  int64_t slice = 0, row = 0, col; // strides within a volume
  int64_t slices = 1, rows = 1, cols;

  Planes(const Tensor& t, size_t spatial) : data(t.data<T>()) {
    const size_t n = t.sizes().size(), c = n - spatial - 1;
    const IntSpan sizes = t.sizes(), strides = t.strides();
    inner = sizes[c];
    images = c == 1 ? sizes[0] : 1;
    count = inner * images;
    outer_step = c == 1 ? strides[0] : 0;
    step = strides[c];
    if (spatial == 3) {
      slice = strides[n - 3];
      slices = sizes[n - 3];
    }
    row = strides[n - 2];
    rows = sizes[n - 2];
    col = strides[n - 1];
    cols = sizes[n - 1];
    channels_last = step == 1 && inner > 1 && col != 1;
    if (outer_step == inner * step) inner = count;
  }
  T* plane(int64_t p) const {
    return p < inner ? data + p * step : data + p / inner * outer_step + p % inner * step;
  }
  T* image(int64_t n) const { return data + n * outer_step; }
  int64_t channels() const { return count / std::max<int64_t>(images, 1); }
  int64_t size() const { return slices * rows * cols; }
  bool dense() const { return col == 1 && row == cols && (slices == 1 || slice == rows * cols); }
  bool channels_last; // pixels are what is adjacent
};

template <class To, class From> inline void copy_row(To* to, const From* from, int64_t n, int64_t step) {
  if (step == 1)
    for (int64_t i = 0; i < n; ++i) to[i] = static_cast<To>(from[i]);
  else
    for (int64_t i = 0; i < n; ++i) to[i] = static_cast<To>(from[i * step]);
}

// A row with its padding, as `stride` phases (phase f: elements f, f + stride ...), so that each tap of a
// window reads adjacent elements for adjacent outputs.
struct PhasedRow {
  const Window* w;
  int64_t width; // of a phase

  explicit PhasedRow(const Window& window)
      : w(&window), width(window.out + (window.reach() - 1) / window.stride) {}
  int64_t size() const { return w->stride * width; }
  int64_t tap(int64_t t) const { return t * w->dilation % w->stride * width + t * w->dilation / w->stride; }

  // Elements [first, last) of phase f lie within the row; they are row[x * stride + lead].
  struct Span {
    int64_t first, last, lead;
  };
  Span inside(int64_t f) const {
    const int64_t lead = f - w->padding, s = w->stride;
    const int64_t first = std::clamp<int64_t>(lead >= 0 ? 0 : (-lead + s - 1) / s, 0, width);
    const int64_t last = std::clamp<int64_t>(w->in > lead ? (w->in - lead + s - 1) / s : 0, first, width);
    return {first, last, lead};
  }
  // Writes up to a vector past the end.
  template <class C, class T> void split(C* to, const T* row, int64_t col, C outside) const {
    for (int64_t f = 0; f < w->stride; ++f, to += width) {
      const Span span = inside(f);
      const T* from = row + span.lead * col;
      vfill_over<C>(to, span.first, outside);
      if constexpr (std::is_same_v<C, T>) {
        if (col == 1 && w->stride == 1)
          vcopy_over<C>(to + span.first, from + span.first, span.last - span.first);
        else if (col == 1 && w->stride == 2)
          vcopy_even<C, true>(to + span.first, from + 2 * span.first, span.last - span.first);
        else
          copy_row(to + span.first, from + span.first * w->stride * col, span.last - span.first,
                   w->stride * col);
      } else {
        copy_row(to + span.first, from + span.first * w->stride * col, span.last - span.first,
                 w->stride * col);
      }
      vfill_over<C>(to + span.last, width - span.last, outside);
    }
  }
  // The reverse: puts the elements that lie within the row back in order.
  template <class C> void join(C* row, const C* from, int64_t phase_size) const {
    for (int64_t f = 0; f < w->stride; ++f, from += phase_size) {
      const Span span = inside(f);
      for (int64_t x = span.first; x < span.last; ++x) row[x * w->stride + span.lead] = from[x];
    }
  }
};

// Where the windows of adaptive pooling begin and end.
inline int64_t bin_start(int64_t o, int64_t in, int64_t out) { return o / out * in + o % out * in / out; }
inline int64_t bin_end(int64_t o, int64_t in, int64_t out) { return 1 + ((o + 1) * in - 1) / out; }

// Whole planes for each thread, worth at least a grain of elements.
template <class F> void for_planes(int64_t planes, int64_t elements, F&& body) {
  parallel_for(0, planes, std::max<int64_t>(1, kGrain / std::max<int64_t>(elements, 1)), body);
}

} // namespace
} // namespace torch::TORCH_ISA

// avg_pool2d, adaptive_avg_pool2d and their backwards. Rows are added up first, then windows along the row; the backward
// spreads in the opposite order. float16 and bfloat16 are summed in float.
#include "kernels/cpu/pool.h"

#include <type_traits>

namespace torch::TORCH_ISA {
namespace {

template <class T> using SumType = std::conditional_t<std::is_same_v<T, double> || std::is_same_v<T, int64_t>, T, float>;

template <class F> void visit_average(const char* op, DType t, F&& f) {
  if (t == DType::Int64) f(TypeTag<int64_t>{});
  else visit_floating(op, t, f);
}

// Elements of a window that count: with or without the padding, which itself ends `padding` after the last element.
struct Counted {
  int64_t first, last, count; // elements [first, last) exist
};
Counted counted(const Window& w, int64_t o, bool include_padding) {
  const int64_t start = w.start(o), end = std::min(start + w.kernel, w.in + w.padding);
  const int64_t first = std::max<int64_t>(start, 0), last = std::max(first, std::min(end, w.in));
  return {first, last, include_padding ? end - start : last - first};
}

// Number of elements by column of the output, as the type divided by.
template <class C> std::vector<C> column_counts(const Window& w, bool include_padding) {
  std::vector<C> counts;
  for (int64_t x = 0; x < w.out; ++x) counts.push_back(static_cast<C>(counted(w, x, include_padding).count));
  return counts;
}

template <class C, class T> inline void add_row(C* __restrict sums, const T* __restrict row, int64_t n, int64_t step) {
  if constexpr (std::is_same_v<C, T> && std::is_floating_point_v<C>) {
    if (step == 1) {
      constexpr int64_t lanes = kLanesOf<C>;
      int64_t x = 0;
      for (; x + lanes <= n; x += lanes) vstore<C>(sums + x, vload<C>(sums + x) + vload<C>(row + x));
      const int rest = static_cast<int>(n - x);
      if (rest) vstore_n<C>(sums + x, vload_n<C>(sums + x, rest) + vload_n<C>(row + x, rest), rest);
      return;
    }
  }
  if (step == 1)
    for (int64_t x = 0; x < n; ++x) sums[x] += static_cast<C>(row[x]);
  else
    for (int64_t x = 0; x < n; ++x) sums[x] += static_cast<C>(row[x * step]);
}

// Integers are divided as C++ divides; an empty window of floats gives 0 / 0.
template <class C> inline C quotient(C sum, C count) {
  if constexpr (std::is_integral_v<C>) return count == 0 ? C{} : sum / count;
  else return sum / count;
}

// to = sums / (counts * height), or sums / height without counts.
template <class T, class C> inline void divide_row(T* to, int64_t step, const C* sums, const C* counts, C height, int64_t n) {
  if constexpr (std::is_same_v<C, T> && std::is_floating_point_v<C>) {
    if (step == 1) {
      constexpr int64_t lanes = kLanesOf<C>;
      const VecT<C> all = vset<C>(height);
      int64_t x = 0;
      for (; x + lanes <= n; x += lanes) vstore<C>(to + x, vload<C>(sums + x) / (counts ? vload<C>(counts + x) * all : all));
      const int rest = static_cast<int>(n - x);
      if (rest) vstore_n<C>(to + x, vload_n<C>(sums + x, rest) / (counts ? vload_n<C>(counts + x, rest) * all : all), rest);
      return;
    }
  }
  for (int64_t x = 0; x < n; ++x) to[x * step] = static_cast<T>(quotient(sums[x], counts ? counts[x] * height : height));
}

template <class C> inline void set_row(C* to, int64_t n, C value) {
  if constexpr (std::is_floating_point_v<C>) vfill<C>(to, n, value);
  else std::fill_n(to, n, value);
}

// A plane whose rows follow one another, written from dense sums.
template <class T, class C> inline void write_plane(T* plane, int64_t row, int64_t col, const C* sums, int64_t height, int64_t width) {
  if (row == width && col == 1) {
    if constexpr (std::is_same_v<C, T> && std::is_floating_point_v<C>) return vcopy<C>(plane, sums, height * width);
    for (int64_t i = 0; i < height * width; ++i) plane[i] = static_cast<T>(sums[i]);
  } else {
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) plane[y * row + x * col] = static_cast<T>(sums[y * width + x]);
  }
}

} // namespace

void avg_pool2d(const Tensor& out, const Tensor& input, IntSpan kernel_size, IntSpan stride, IntSpan padding, bool /*ceil_mode*/,
                bool count_include_pad, std::optional<int64_t> divisor_override) {
  if (out.numel() == 0) return;
  const Window h = window(input, out, 0, kernel_size, stride, padding), w = window(input, out, 1, kernel_size, stride, padding);
  visit_average("avg_pool2d", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = SumType<T>;
    const Planes<const T> from(input);
    const Planes<T> to(out);
    const PhasedRow phased(w);
    const std::vector<C> counts = column_counts<C>(w, count_include_pad);
    for_planes(from.count, h.in * w.in, [&](int64_t begin, int64_t end) {
      const Scratch memory(size_t(w.in + phased.size() + w.out) * sizeof(C));
      C* const column_sums = memory.as<C>();
      C* const row = column_sums + w.in;
      C* const sums = row + phased.size();
      for (int64_t p = begin; p < end; ++p) {
        const T* plane = from.plane(p);
        T* out_row = to.plane(p);
        for (int64_t oy = 0; oy < h.out; ++oy, out_row += to.row) {
          const Counted lines = counted(h, oy, count_include_pad);
          set_row(column_sums, w.in, C{});
          for (int64_t y = lines.first; y < lines.last; ++y) add_row(column_sums, plane + y * from.row, w.in, from.col);
          phased.split<C>(row, column_sums, 1, C{});
          set_row(sums, w.out, C{});
          for (int64_t t = 0; t < w.kernel; ++t) add_row(sums, row + phased.tap(t), w.out, 1);
          divide_row(out_row, to.col, sums, divisor_override ? nullptr : counts.data(),
                     static_cast<C>(divisor_override ? *divisor_override : lines.count), w.out);
        }
      }
    });
  });
}

void avg_pool2d_backward(const Tensor& grad_input, const Tensor& grad_output, IntSpan kernel_size, IntSpan stride, IntSpan padding,
                         bool /*ceil_mode*/, bool count_include_pad, std::optional<int64_t> divisor_override) {
  if (grad_input.numel() == 0) return;
  const Window h = window(grad_input, grad_output, 0, kernel_size, stride, padding);
  const Window w = window(grad_input, grad_output, 1, kernel_size, stride, padding);
  visit_average("avg_pool2d_backward", grad_input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = SumType<T>;
    const Planes<const T> from(grad_output);
    const Planes<T> to(grad_input);
    const PhasedRow phased(w);
    const std::vector<C> counts = column_counts<C>(w, count_include_pad);
    for_planes(to.count, h.in * w.in, [&](int64_t begin, int64_t end) {
      const Scratch memory(size_t(h.in * w.in + w.in + phased.size() + w.out) * sizeof(C));
      C* const sums = memory.as<C>();
      C* const spread = sums + h.in * w.in;
      C* const phases = spread + w.in;
      C* const shares = phases + phased.size();
      std::fill_n(spread, w.in, C{});
      for (int64_t p = begin; p < end; ++p) {
        std::fill_n(sums, h.in * w.in, C{});
        const T* g = from.plane(p);
        for (int64_t oy = 0; oy < h.out; ++oy, g += from.row) {
          const Counted lines = counted(h, oy, count_include_pad);
          copy_row(shares, g, w.out, from.col);
          divide_row(shares, 1, shares, divisor_override ? nullptr : counts.data(),
                     static_cast<C>(divisor_override ? *divisor_override : lines.count), w.out);
          set_row(phases, phased.size(), C{});
          for (int64_t t = 0; t < w.kernel; ++t) add_row(phases + phased.tap(t), shares, w.out, 1);
          phased.join(spread, phases);
          for (int64_t y = lines.first; y < lines.last; ++y) add_row(sums + y * w.in, spread, w.in, 1);
        }
        write_plane(to.plane(p), to.row, to.col, sums, h.in, w.in);
      }
    });
  });
}

namespace {
int64_t bin_start(int64_t o, int64_t in, int64_t out) { return o / out * in + o % out * in / out; }
int64_t bin_end(int64_t o, int64_t in, int64_t out) { return 1 + ((o + 1) * in - 1) / out; }

// Sum of adjacent elements in as many partial sums as a vector has lanes.
template <class T, class C> inline C sum_run(const T* from, int64_t n) {
  constexpr int64_t lanes = kLanesOf<C>;
  VecT<C> sums{};
  int64_t i = 0;
  if constexpr (std::is_same_v<T, C>) {
    for (; i + lanes <= n; i += lanes) sums = sums + vload<C>(from + i);
    if (i < n) sums = sums + vload_n<C>(from + i, static_cast<int>(n - i));
  } else {
    C partial[lanes] = {};
    for (; i < n; i += lanes)
      for (int64_t l = 0; l < std::min(lanes, n - i); ++l) partial[l] += static_cast<C>(from[i + l]);
    sums = vload<C>(partial);
  }
  return vsum<C>(sums);
}
} // namespace

void adaptive_avg_pool2d(const Tensor& out, const Tensor& input) {
  if (out.numel() == 0) return;
  const int64_t in_h = input.size(-2), in_w = input.size(-1), out_h = out.size(-2), out_w = out.size(-1);
  visit_floating("adaptive_avg_pool2d", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = SumType<T>;
    const Planes<const T> from(input);
    const Planes<T> to(out);
    for_planes(from.count, in_h * in_w, [&](int64_t begin, int64_t end) {
      const Scratch memory(size_t(in_w) * sizeof(C));
      C* const sums = memory.as<C>();
      for (int64_t p = begin; p < end; ++p) {
        const T* plane = from.plane(p);
        if (out_h == 1 && out_w == 1 && from.col == 1 && from.row == in_w) { // the mean of one run
          *to.plane(p) = static_cast<T>(sum_run<T, C>(plane, in_h * in_w) / static_cast<C>(in_h * in_w));
          continue;
        }
        for (int64_t oy = 0; oy < out_h; ++oy) {
          const int64_t y0 = bin_start(oy, in_h, out_h), y1 = bin_end(oy, in_h, out_h);
          std::fill_n(sums, in_w, C{});
          for (int64_t y = y0; y < y1; ++y) add_row(sums, plane + y * from.row, in_w, from.col);
          for (int64_t ox = 0; ox < out_w; ++ox) {
            const int64_t x0 = bin_start(ox, in_w, out_w), x1 = bin_end(ox, in_w, out_w);
            C sum{};
            for (int64_t x = x0; x < x1; ++x) sum += sums[x];
            to.plane(p)[oy * to.row + ox * to.col] = static_cast<T>(sum / static_cast<C>((y1 - y0) * (x1 - x0)));
          }
        }
      }
    });
  });
}

void adaptive_avg_pool2d_backward(const Tensor& grad_input, const Tensor& grad_output) {
  if (grad_input.numel() == 0) return;
  const int64_t in_h = grad_input.size(-2), in_w = grad_input.size(-1);
  const int64_t out_h = grad_output.size(-2), out_w = grad_output.size(-1);
  visit_floating("adaptive_avg_pool2d_backward", grad_input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = SumType<T>;
    const Planes<const T> from(grad_output);
    const Planes<T> to(grad_input);
    for_planes(to.count, in_h * in_w, [&](int64_t begin, int64_t end) {
      const Scratch memory(size_t(in_h * in_w + in_w) * sizeof(C));
      C* const sums = memory.as<C>();
      C* const spread = sums + in_h * in_w;
      for (int64_t p = begin; p < end; ++p) {
        const T* g = from.plane(p);
        if (out_h == 1 && out_w == 1) {
          const C share = static_cast<C>(*g) / static_cast<C>(in_h * in_w);
          set_row(sums, in_h * in_w, share);
          write_plane(to.plane(p), to.row, to.col, sums, in_h, in_w);
          continue;
        }
        std::fill_n(sums, in_h * in_w, C{});
        for (int64_t oy = 0; oy < out_h; ++oy) {
          const int64_t y0 = bin_start(oy, in_h, out_h), y1 = bin_end(oy, in_h, out_h);
          std::fill_n(spread, in_w, C{});
          for (int64_t ox = 0; ox < out_w; ++ox) {
            const int64_t x0 = bin_start(ox, in_w, out_w), x1 = bin_end(ox, in_w, out_w);
            const C share = static_cast<C>(g[oy * from.row + ox * from.col]) / static_cast<C>((y1 - y0) * (x1 - x0));
            for (int64_t x = x0; x < x1; ++x) spread[x] += share;
          }
          for (int64_t y = y0; y < y1; ++y) add_row(sums + y * in_w, spread, in_w, 1);
        }
        write_plane(to.plane(p), to.row, to.col, sums, in_h, in_w);
      }
    });
  });
}

} // namespace torch::TORCH_ISA

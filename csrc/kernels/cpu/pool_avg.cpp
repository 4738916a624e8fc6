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
          std::fill_n(column_sums, w.in, C{});
          for (int64_t y = lines.first; y < lines.last; ++y) add_row(column_sums, plane + y * from.row, w.in, from.col);
          phased.split<C>(row, column_sums, 1, C{});
          std::copy_n(row, w.out, sums);
          for (int64_t t = 1; t < w.kernel; ++t) add_row(sums, row + phased.tap(t), w.out, 1);
          if (divisor_override) {
            const C divisor = static_cast<C>(*divisor_override);
            for (int64_t x = 0; x < w.out; ++x) out_row[x * to.col] = static_cast<T>(quotient(sums[x], divisor));
          } else {
            const C height = static_cast<C>(lines.count);
            for (int64_t x = 0; x < w.out; ++x) out_row[x * to.col] = static_cast<T>(quotient(sums[x], counts[size_t(x)] * height));
          }
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
          const C height = static_cast<C>(lines.count);
          for (int64_t x = 0; x < w.out; ++x) {
            const C divisor = divisor_override ? static_cast<C>(*divisor_override) : counts[size_t(x)] * height;
            shares[x] = quotient(static_cast<C>(g[x * from.col]), divisor);
          }
          std::fill_n(phases, phased.size(), C{});
          for (int64_t t = 0; t < w.kernel; ++t) add_row(phases + phased.tap(t), shares, w.out, 1);
          phased.join(spread, phases);
          for (int64_t y = lines.first; y < lines.last; ++y) add_row(sums + y * w.in, spread, w.in, 1);
        }
        T* plane = to.plane(p);
        for (int64_t y = 0; y < h.in; ++y)
          for (int64_t x = 0; x < w.in; ++x) plane[y * to.row + x * to.col] = static_cast<T>(sums[y * w.in + x]);
      }
    });
  });
}

namespace {
int64_t bin_start(int64_t o, int64_t in, int64_t out) { return o / out * in + o % out * in / out; }
int64_t bin_end(int64_t o, int64_t in, int64_t out) { return 1 + ((o + 1) * in - 1) / out; }
} // namespace

void adaptive_avg_pool2d(const Tensor& out, const Tensor& input) {
  if (out.numel() == 0) return;
  const int64_t in_h = input.size(-2), in_w = input.size(-1), out_h = out.size(-2), out_w = out.size(-1);
  visit_floating("adaptive_avg_pool2d", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = SumType<T>;
    const Planes<const T> from(input);
    const Planes<T> to(out);
    constexpr int64_t lanes = 16; // partial sums side by side, so that the compiler keeps them in a vector
    for_planes(from.count, in_h * in_w, [&](int64_t begin, int64_t end) {
      const Scratch memory(size_t(in_w) * sizeof(C));
      C* const sums = memory.as<C>();
      for (int64_t p = begin; p < end; ++p) {
        const T* plane = from.plane(p);
        if (out_h == 1 && out_w == 1 && from.col == 1 && from.row == in_w) { // the mean of one run
          C partial[lanes] = {};
          const int64_t size = in_h * in_w;
          int64_t i = 0;
          for (; i + lanes <= size; i += lanes)
            for (int64_t l = 0; l < lanes; ++l) partial[l] += static_cast<C>(plane[i + l]);
          for (; i < size; ++i) partial[i % lanes] += static_cast<C>(plane[i]);
          for (int64_t width = lanes / 2; width > 0; width /= 2)
            for (int64_t l = 0; l < width; ++l) partial[l] += partial[l + width];
          *to.plane(p) = static_cast<T>(partial[0] / static_cast<C>(size));
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
        T* plane = to.plane(p);
        for (int64_t y = 0; y < in_h; ++y)
          for (int64_t x = 0; x < in_w; ++x) plane[y * to.row + x * to.col] = static_cast<T>(sums[y * in_w + x]);
      }
    });
  });
}

} // namespace torch::TORCH_ISA

// avg_pool2d, adaptive_avg_pool2d and their backwards. Rows are added up first, then windows along the row;
// the backward spreads in the opposite order. float16 and bfloat16 are summed in float.
#include "kernels/cpu/pool.h"
#include "kernels/nn_kernels.h"

#include <type_traits>

namespace torch::TORCH_ISA {
namespace {

template <class T>
using SumType = std::conditional_t<std::is_same_v<T, double> || std::is_same_v<T, int64_t>, T, float>;

template <class F> void visit_average(const char* op, DType t, F&& f) {
  if (t == DType::Int64)
    f(TypeTag<int64_t>{});
  else
    visit_floating(op, t, f);
}

// Elements of a window that count: with or without the padding, which itself ends `padding` after the last
// element.
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

template <class C, class T>
inline void add_row(C* __restrict sums, const T* __restrict row, int64_t n, int64_t step) {
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
  if constexpr (std::is_integral_v<C>)
    return count == 0 ? C{} : sum / count;
  else
    return sum / count;
}

// to = sums / (counts * height), or sums / height without counts.
template <class T, class C>
inline void divide_row(T* to, int64_t step, const C* sums, const C* counts, C height, int64_t n) {
  if constexpr (std::is_same_v<C, T> && std::is_floating_point_v<C>) {
    if (step == 1) {
      constexpr int64_t lanes = kLanesOf<C>;
      const VecT<C> all = vset<C>(height);
      int64_t x = 0;
      for (; x + lanes <= n; x += lanes)
        vstore<C>(to + x, vload<C>(sums + x) / (counts ? vload<C>(counts + x) * all : all));
      const int rest = static_cast<int>(n - x);
      if (rest)
        vstore_n<C>(to + x, vload_n<C>(sums + x, rest) / (counts ? vload_n<C>(counts + x, rest) * all : all),
                    rest);
      return;
    }
  }
  for (int64_t x = 0; x < n; ++x)
    to[x * step] = static_cast<T>(quotient(sums[x], counts ? counts[x] * height : height));
}

template <class C> inline void set_row(C* to, int64_t n, C value) {
  if constexpr (std::is_floating_point_v<C>)
    vfill<C>(to, n, value);
  else
    std::fill_n(to, n, value);
}

// A plane whose rows follow one another, written from dense sums.
template <class T, class C>
inline void write_plane(T* plane, int64_t row, int64_t col, const C* sums, int64_t height, int64_t width) {
  if (row == width && col == 1) {
    if constexpr (std::is_same_v<C, T> && std::is_floating_point_v<C>)
      return vcopy<C>(plane, sums, height * width);
    for (int64_t i = 0; i < height * width; ++i) plane[i] = static_cast<T>(sums[i]);
  } else {
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) plane[y * row + x * col] = static_cast<T>(sums[y * width + x]);
  }
}

} // namespace

void avg_pool2d(const Tensor& out, const Tensor& input, IntSpan kernel_size, IntSpan stride, IntSpan padding,
                bool /*ceil_mode*/, bool count_include_pad, std::optional<int64_t> divisor_override) {
  if (out.numel() == 0) return;
  const Window h = window(input, out, 0, kernel_size, stride, padding),
               w = window(input, out, 1, kernel_size, stride, padding);
  visit_average("avg_pool2d", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = SumType<T>;
    const Planes<const T> from(input);
    const Planes<T> to(out);
    const PhasedRow phased(w);
    constexpr int64_t lanes = kLanesOf<C>;
    const int64_t row_size = phased.size() + lanes; // whole vectors are read at the end
    std::vector<C> counts = column_counts<C>(w, count_include_pad);
    counts.resize(size_t(w.out + lanes), C(1));
    std::vector<int64_t> taps;
    for (int64_t t = 0; t < w.kernel; ++t) taps.push_back(phased.tap(t));
    for_planes(from.count, h.in * w.in, [&](int64_t begin, int64_t end) {
      const Scratch memory(size_t(h.kernel * row_size) * sizeof(C));
      C* const rows = memory.as<C>();
      std::fill_n(rows, h.kernel * row_size, C{});
      std::vector<int64_t> held(size_t(h.kernel), -1); // input row that each slot holds
      std::vector<const C*> lines(size_t(h.kernel));
      for (int64_t p = begin; p < end; ++p) {
        const T* plane = from.plane(p);
        T* out_row = to.plane(p);
        std::fill(held.begin(), held.end(), -1);
        for (int64_t oy = 0; oy < h.out; ++oy, out_row += to.row) {
          const Counted window_rows = counted(h, oy, count_include_pad);
          size_t n = 0;
          for (int64_t y = window_rows.first; y < window_rows.last; ++y) {
            const int64_t slot = y % h.kernel;
            if (held[size_t(slot)] != y) {
              held[size_t(slot)] = y;
              phased.split<C>(rows + slot * row_size, plane + y * from.row, from.col, C{});
            }
            lines[n++] = rows + slot * row_size;
          }
          const C height = static_cast<C>(divisor_override ? *divisor_override : window_rows.count);
          for (int64_t x = 0; x < w.out; x += lanes) {
            VecT<C> sum{};
            for (size_t line = 0; line < n; ++line)
              for (const int64_t tap : taps) sum = sum + vload<C>(lines[line] + tap + x);
            const int count = static_cast<int>(std::min(lanes, w.out - x));
            const VecT<C> divisor =
                divisor_override ? vset<C>(height) : vload<C>(counts.data() + x) * vset<C>(height);
            if constexpr (std::is_same_v<T, C> && std::is_floating_point_v<C>) {
              if (to.col == 1) {
                if (count == lanes)
                  vstore<C>(out_row + x, sum / divisor);
                else
                  vstore_n<C>(out_row + x, sum / divisor, count);
                continue;
              }
            }
            for (int l = 0; l < count; ++l)
              out_row[(x + l) * to.col] = static_cast<T>(quotient<C>(sum[l], divisor[l]));
          }
        }
      }
    });
  });
}

void avg_pool2d_backward(const Tensor& grad_input, const Tensor& grad_output, IntSpan kernel_size,
                         IntSpan stride, IntSpan padding, bool /*ceil_mode*/, bool count_include_pad,
                         std::optional<int64_t> divisor_override) {
  if (grad_input.numel() == 0) return;
  const Window h = window(grad_input, grad_output, 0, kernel_size, stride, padding);
  const Window w = window(grad_input, grad_output, 1, kernel_size, stride, padding);
  visit_average("avg_pool2d_backward", grad_input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = SumType<T>;
    const Planes<const T> from(grad_output);
    const Planes<T> to(grad_input);
    const PhasedRow phased(w);
    constexpr int64_t lanes = kLanesOf<C>;
    const std::vector<C> counts = column_counts<C>(w, count_include_pad);
    const int64_t reach = (w.kernel - 1) / w.stride; // of a window, in outputs
    const int64_t phase_size = (phased.width + lanes - 1) / lanes * lanes;
    const int64_t shares_size = reach + phase_size + lanes;
    for_planes(to.count, h.in * w.in, [&](int64_t begin, int64_t end) {
      const Scratch memory(size_t(h.in * w.in + w.in + w.stride * phase_size + shares_size) * sizeof(C));
      C* const sums = memory.as<C>();
      C* const spread = sums + h.in * w.in;
      C* const phases = spread + w.in;
      C* const padded = phases + w.stride * phase_size; // zeros, the shares of a row of outputs, zeros
      C* const shares = padded + reach;
      std::fill_n(spread, w.in, C{}); // elements between windows stay zero
      std::fill_n(padded, shares_size, C{});
      for (int64_t p = begin; p < end; ++p) {
        std::fill_n(sums, h.in * w.in, C{});
        const T* g = from.plane(p);
        for (int64_t oy = 0; oy < h.out; ++oy, g += from.row) {
          const Counted lines = counted(h, oy, count_include_pad);
          copy_row(shares, g, w.out, from.col);
          divide_row(shares, 1, shares, divisor_override ? nullptr : counts.data(),
                     static_cast<C>(divisor_override ? *divisor_override : lines.count), w.out);
          for (int64_t f = 0; f < w.stride; ++f)
            for (int64_t x = 0; x < phase_size; x += lanes) {
              VecT<C> sum{};
              for (int64_t t = f; t < w.kernel; t += w.stride)
                sum = sum + vload<C>(shares + x - t / w.stride);
              vstore<C>(phases + f * phase_size + x, sum);
            }
          phased.join(spread, phases, phase_size);
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
            to.plane(p)[oy * to.row + ox * to.col] =
                static_cast<T>(sum / static_cast<C>((y1 - y0) * (x1 - x0)));
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
            const C share =
                static_cast<C>(g[oy * from.row + ox * from.col]) / static_cast<C>((y1 - y0) * (x1 - x0));
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

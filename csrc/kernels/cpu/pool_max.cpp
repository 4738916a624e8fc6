// max_pool2d and its backward. Windows are reduced along rows once, then rows of reduced values along columns; both passes
// run over adjacent outputs. Values and the places they came from go together.
#include "kernels/cpu/pool.h"

#include <cmath>
#include <type_traits>

namespace torch::TORCH_ISA {
namespace {

// A NaN wins over everything before it, as in PyTorch.
template <class C> [[gnu::always_inline]] inline bool replaces(C value, C best) {
  return value > best || value != value;
}

// One pass of a comparison: where value replaces best, its place does too.
template <class C, class I>
inline void keep_larger(C* __restrict best, I* __restrict place, const C* __restrict value, const I* __restrict from, int64_t n) {
  for (int64_t x = 0; x < n; ++x) {
    const bool take = replaces(value[x], best[x]);
    best[x] = take ? value[x] : best[x];
    place[x] = take ? from[x] : place[x];
  }
}
template <class C, class I>
inline void keep_larger_shifted(C* __restrict best, I* __restrict place, const C* __restrict value, const I* __restrict base, I shift,
                                int64_t n) {
  for (int64_t x = 0; x < n; ++x) {
    const bool take = replaces(value[x], best[x]);
    best[x] = take ? value[x] : best[x];
    place[x] = take ? base[x] + shift : place[x];
  }
}

template <class C> constexpr C lowest() {
  return std::is_floating_point_v<C> ? -std::numeric_limits<C>::infinity() : std::numeric_limits<C>::lowest();
}

// T: element, C: type compared in, I: type of a place in the plane.
template <class T, class C, class I>
void max_pool(const Tensor& out, const Tensor& indices, const Tensor& input, const Window& h, const Window& w) {
  const Planes<const T> from(input);
  const Planes<T> to(out);
  const Planes<int64_t> places(indices);
  const PhasedRow phased(w);
  const int64_t n = w.out, slots = h.reach();
  std::vector<I> base(size_t(n), I{});
  for (int64_t x = 0; x < n; ++x) base[size_t(x)] = static_cast<I>(w.start(x));
  int64_t border = 0; // outputs whose first tap lies in the padding
  while (border < n && w.start(border) < 0) ++border;

  for_planes(from.count, h.in * w.in, [&](int64_t begin, int64_t end) {
    const Scratch row_memory(size_t(phased.size() + slots * n + n) * sizeof(C)), place_memory(size_t(slots * n + n) * sizeof(I));
    C* const row = row_memory.as<C>();
    C* const best_rows = row + phased.size();
    C* const best = best_rows + slots * n;
    I* const place_rows = place_memory.as<I>();
    I* const place = place_rows + slots * n;
    std::vector<int64_t> held(size_t(slots), -1); // input row that each slot holds
    for (int64_t p = begin; p < end; ++p) {
      const T* plane = from.plane(p);
      std::fill(held.begin(), held.end(), -1);
      const auto reduced = [&](int64_t y) { // slot with row y reduced along x
        const int64_t slot = y % slots;
        if (held[size_t(slot)] == y) return slot;
        held[size_t(slot)] = y;
        phased.split<C>(row, plane + y * from.row, from.col, lowest<C>());
        C* values = best_rows + slot * n;
        I* cols = place_rows + slot * n;
        std::copy_n(row, n, values);
        std::copy_n(base.data(), n, cols);
        for (int64_t t = 1; t < w.kernel; ++t)
          keep_larger_shifted<C, I>(values, cols, row + phased.tap(t), base.data(), static_cast<I>(t * w.dilation), n);
        // Nothing was larger than the padding: the place is then the first element of the window.
        for (int64_t x = 0; x < border; ++x)
          if (cols[x] < 0) cols[x] = static_cast<I>(w.start(x) + w.first_tap(x) * w.dilation);
        const I offset = static_cast<I>(y * w.in);
        for (int64_t x = 0; x < n; ++x) cols[x] += offset;
        return slot;
      };
      T* out_row = to.plane(p);
      int64_t* place_row = places.plane(p);
      for (int64_t oy = 0; oy < h.out; ++oy, out_row += to.row, place_row += places.row) {
        const int64_t start = h.start(oy), first = h.first_tap(oy);
        if (start + first * h.dilation >= h.in) { // dilated past the only rows there are
          std::fill_n(best, n, lowest<C>());
          std::fill_n(place, n, static_cast<I>((h.in - 1) * w.in));
        }
        for (int64_t t = first; t < h.kernel; ++t) {
          const int64_t y = start + t * h.dilation;
          if (y >= h.in) break;
          const int64_t slot = reduced(y);
          if (t == first) {
            std::copy_n(best_rows + slot * n, n, best);
            std::copy_n(place_rows + slot * n, n, place);
          } else {
            keep_larger<C, I>(best, place, best_rows + slot * n, place_rows + slot * n, n);
          }
        }
        for (int64_t x = 0; x < n; ++x) out_row[x * to.col] = static_cast<T>(best[x]);
        for (int64_t x = 0; x < n; ++x) place_row[x * places.col] = static_cast<int64_t>(place[x]);
      }
    }
  });
}

} // namespace

void max_pool2d(const Tensor& out, const Tensor& indices, const Tensor& input, IntSpan kernel_size, IntSpan stride, IntSpan padding,
                IntSpan dilation, bool /*ceil_mode: in the sizes of out*/) {
  if (out.numel() == 0) return;
  const Window h = window(input, out, 0, kernel_size, stride, padding, dilation);
  const Window w = window(input, out, 1, kernel_size, stride, padding, dilation);
  const bool small = h.in * w.in <= std::numeric_limits<int32_t>::max();
  check_kind(ErrorKind::NotImplemented, input.dtype() != DType::Bool, "max_pool2d: not implemented for ", input.dtype());
  visit_real("max_pool2d", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, double> || std::is_same_v<T, int64_t>) {
      max_pool<T, T, int64_t>(out, indices, input, h, w);
    } else if constexpr (!std::is_same_v<T, bool>) {
      using C = std::conditional_t<std::is_integral_v<T>, int32_t, float>;
      if (small) max_pool<T, C, int32_t>(out, indices, input, h, w);
      else max_pool<T, C, int64_t>(out, indices, input, h, w);
    }
  });
}

void max_pool2d_backward(const Tensor& grad_input, const Tensor& grad_output, const Tensor& indices) {
  if (grad_input.numel() == 0) return;
  const int64_t rows = grad_input.size(-2), cols = grad_input.size(-1), size = rows * cols;
  const int64_t out_rows = grad_output.size(-2), out_cols = grad_output.size(-1);
  visit_floating("max_pool2d_backward", grad_input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
    const Planes<T> to(grad_input);
    const Planes<const T> from(grad_output);
    const Planes<const int64_t> places(indices);
    const bool direct = std::is_same_v<T, C> && to.col == 1 && to.row == cols;
    for_planes(to.count, size, [&](int64_t begin, int64_t end) {
      const Scratch memory(direct ? 0 : size_t(size) * sizeof(C));
      for (int64_t p = begin; p < end; ++p) {
        C* const sums = direct ? reinterpret_cast<C*>(to.plane(p)) : memory.as<C>();
        std::fill_n(sums, size, C{});
        for (int64_t y = 0; y < out_rows; ++y) {
          const T* g = from.plane(p) + y * from.row;
          const int64_t* place = places.plane(p) + y * places.row;
          for (int64_t x = 0; x < out_cols; ++x) {
            const int64_t at = place[x * places.col];
            check_index(at >= 0 && at < size, "max_pool2d_backward: index ", at, " is out of bounds for a plane of ", rows, " x ",
                        cols, " elements");
            sums[at] += static_cast<C>(g[x * from.col]);
          }
        }
        if (direct) continue;
        for (int64_t y = 0; y < rows; ++y)
          for (int64_t x = 0; x < cols; ++x) to.plane(p)[y * to.row + x * to.col] = static_cast<T>(sums[y * cols + x]);
      }
    });
  });
}

} // namespace torch::TORCH_ISA

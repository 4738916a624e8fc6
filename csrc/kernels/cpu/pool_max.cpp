// max_pool2d and its backward. Adjacent outputs are computed side by side: rows of the input are split by
// stride, so that each tap of the window is one load, and values go together with the places they came from.
#include "kernels/cpu/gemm_vec.h"
#include "kernels/cpu/pool.h"
#include "kernels/nn_kernels.h"

#include <cmath>
#include <type_traits>

namespace torch::TORCH_ISA {
namespace {

template <class C> constexpr C lowest() {
  return std::is_floating_point_v<C> ? -std::numeric_limits<C>::infinity() : std::numeric_limits<C>::lowest();
}

// The first n places as int64.
template <class I> [[gnu::always_inline]] inline void store_places(int64_t* to, VecT<I> place, int n) {
  constexpr int wide = kLanesOf<int64_t>;
  const auto store = [](int64_t* at, VecT<int64_t> v, int count) {
    if (count >= wide)
      vstore<int64_t>(at, v);
    else if (count > 0)
      vstore_n<int64_t>(at, v, count);
  };
  if constexpr (sizeof(I) == 8) {
    store(to, place, n);
  } else {
    typedef int32_t Half __attribute__((vector_size(kVecBytes / 2)));
    Half halves[2];
    std::memcpy(halves, &place, sizeof place);
    store(to, __builtin_convertvector(halves[0], VecT<int64_t>), n);
    store(to + wide, __builtin_convertvector(halves[1], VecT<int64_t>), n - wide);
  }
}

template <class T>
constexpr bool kIsNative = std::is_same_v<T, float> || std::is_same_v<T, double> ||
                           std::is_same_v<T, int32_t> || std::is_same_v<T, int64_t>;

// T: element, C: type compared in (4 or 8 bytes); places are integers as wide.
template <class T, class C>
void max_pool(const Tensor& out, const Tensor& indices, const Tensor& input, const Window& h,
              const Window& w) {
  using I = std::conditional_t<sizeof(C) == 4, int32_t, int64_t>;
  constexpr int64_t lanes = kLanesOf<C>;
  const Planes<const T> from(input);
  const Planes<T> to(out);
  const Planes<int64_t> places(indices);
  const PhasedRow phased(w);
  const int64_t row_size = phased.size() + lanes; // whole vectors are read at the end
  const int64_t slots = h.reach();
  std::vector<int64_t> taps;
  for (int64_t t = 0; t < w.kernel; ++t) taps.push_back(phased.tap(t));
  int64_t border = 0; // outputs whose first tap lies in the padding
  while (border < w.out && w.start(border) < 0) ++border;
  VecT<I> starts; // of the windows of one vector of outputs, from the first
  for (int64_t l = 0; l < lanes; ++l) starts[l] = static_cast<I>(l * w.stride);

  for_planes(from.count, h.in * w.in, [&](int64_t begin, int64_t end) {
    const Scratch memory(size_t(slots * row_size) * sizeof(C));
    C* const rows = memory.as<C>();
    std::fill_n(rows, slots * row_size, lowest<C>());
    std::vector<int64_t> held(size_t(slots), -1); // input row that each slot holds
    std::vector<const C*> lines(size_t(h.kernel));
    for (int64_t p = begin; p < end; ++p) {
      const T* plane = from.plane(p);
      std::fill(held.begin(), held.end(), -1);
      T* out_row = to.plane(p);
      int64_t* place_row = places.plane(p);
      for (int64_t oy = 0; oy < h.out; ++oy, out_row += to.row, place_row += places.row) {
        const int64_t first = h.first_tap(oy), top = h.start(oy) + first * h.dilation;
        int64_t count = 0;
        for (int64_t y = top; y < h.in && first + count < h.kernel; y += h.dilation, ++count) {
          C* const line = rows + y % slots * row_size;
          if (held[size_t(y % slots)] != y) {
            held[size_t(y % slots)] = y;
            phased.split<C>(line, plane + y * from.row, from.col, lowest<C>());
          }
          lines[size_t(count)] = line;
        }
        for (int64_t x = 0; x < w.out; x += lanes) {
          // The first tap is where a window stands that holds nothing larger than the lowest value.
          const VecT<I> base = starts + vset<I>(static_cast<I>(w.start(x) + top * w.in));
          VecT<I> place = base;
          VecT<C> best = count > 0 ? vload<C>(lines[0] + x) : vset<C>(lowest<C>());
          for (int64_t ty = 0; ty < count; ++ty)
            for (int64_t tx = ty == 0; tx < w.kernel; ++tx) {
              const VecT<C> value = vload<C>(lines[size_t(ty)] + taps[size_t(tx)] + x);
              // A NaN wins over everything before it, as in PyTorch.
              const auto take = (value > best) | (value != value);
              best = take ? value : best;
              place = take ? base + vset<I>(static_cast<I>(ty * h.dilation * w.in + tx * w.dilation)) : place;
            }
          const int n = static_cast<int>(std::min<int64_t>(lanes, w.out - x));
          if (x < border || count == 0)
            for (int l = 0; l < n; ++l)
              if (place[l] == base[l]) {
                const int64_t col = std::min(w.start(x + l) + w.first_tap(x + l) * w.dilation, w.in - 1);
                place[l] = static_cast<I>(std::min(top, h.in - 1) * w.in + col);
              }
          if constexpr (std::is_same_v<T, C> && kIsNative<T>) {
            if (to.col == 1 && n == lanes)
              vstore<C>(out_row + x, best);
            else if (to.col == 1)
              vstore_n<C>(out_row + x, best, n);
            else
              for (int l = 0; l < n; ++l) out_row[(x + l) * to.col] = best[l];
          } else {
            for (int l = 0; l < n; ++l) out_row[(x + l) * to.col] = static_cast<T>(best[l]);
          }
          if (places.col == 1)
            store_places<I>(place_row + x, place, n);
          else
            for (int l = 0; l < n; ++l) place_row[(x + l) * places.col] = place[l];
        }
      }
    }
  });
}

} // namespace

void max_pool2d(const Tensor& out, const Tensor& indices, const Tensor& input, IntSpan kernel_size,
                IntSpan stride, IntSpan padding, IntSpan dilation, bool /*ceil_mode: in the sizes of out*/) {
  if (out.numel() == 0) return;
  const Window h = window(input, out, 0, kernel_size, stride, padding, dilation);
  const Window w = window(input, out, 1, kernel_size, stride, padding, dilation);
  check_kind(ErrorKind::NotImplemented, input.dtype() != DType::Bool, "max_pool2d: not implemented for ",
             input.dtype());
  // Places of planes beyond 2^31 elements need 8 bytes, and so do the values beside them.
  const bool wide = h.in * w.in > std::numeric_limits<int32_t>::max();
  visit_real("max_pool2d", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, double> || std::is_same_v<T, int64_t>) {
      max_pool<T, T>(out, indices, input, h, w);
    } else if constexpr (!std::is_same_v<T, bool>) {
      constexpr bool integral = std::is_integral_v<T>;
      if (wide)
        max_pool<T, std::conditional_t<integral, int64_t, double>>(out, indices, input, h, w);
      else
        max_pool<T, std::conditional_t<integral, int32_t, float>>(out, indices, input, h, w);
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
            if (static_cast<uint64_t>(at) >= static_cast<uint64_t>(size)) [[unlikely]]
              fail(ErrorKind::Index,
                   concat("max_pool2d_backward: index ", at, " is out of bounds for a plane of ", rows, " x ",
                          cols, " elements"));
            sums[at] += static_cast<C>(g[x * from.col]);
          }
        }
        if (direct) continue;
        for (int64_t y = 0; y < rows; ++y)
          for (int64_t x = 0; x < cols; ++x)
            to.plane(p)[y * to.row + x * to.col] = static_cast<T>(sums[y * cols + x]);
      }
    });
  });
}

} // namespace torch::TORCH_ISA

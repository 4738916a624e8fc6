// max_pool and its backward. Adjacent outputs are computed side by side: rows of the input are split by
// stride, so that each tap of the window is one load, and values go together with the places they came from.
// Channels-last images need no splitting: there the channels of a pixel are adjacent.
#include "kernels/cpu/gemm_vec.h"
#include "kernels/cpu/pool.h"
#include "kernels/pool_kernels.h"

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
void max_pool_planes(const Planes<T>& to, const Planes<int64_t>& places, const Planes<const T>& from,
                     const Windows& all) {
  using I = std::conditional_t<sizeof(C) == 4, int32_t, int64_t>;
  constexpr int64_t lanes = kLanesOf<C>;
  const Window &d = all[0], &h = all[1], &w = all[2];
  const PhasedRow phased(w);
  const int64_t row_size = phased.size() + lanes; // whole vectors are read at the end
  const int64_t slots = h.reach(), all_slots = d.reach() * slots;
  std::vector<int64_t> taps;
  for (int64_t t = 0; t < w.kernel; ++t) taps.push_back(phased.tap(t));
  int64_t border = 0; // outputs whose first tap lies in the padding
  while (border < w.out && w.start(border) < 0) ++border;
  VecT<I> starts; // of the windows of one vector of outputs, from the first
  for (int64_t l = 0; l < lanes; ++l) starts[l] = static_cast<I>(l * w.stride);

  for_planes(from.count, d.in * h.in * w.in, [&](int64_t begin, int64_t end) {
    const Scratch memory(size_t(all_slots * row_size) * sizeof(C));
    C* const rows = memory.as<C>();
    std::fill_n(rows, all_slots * row_size, lowest<C>());
    std::vector<int64_t> held(size_t(all_slots), -1); // input row that each slot holds
    struct Line {
      const C* row;
      int64_t at; // place of its first element, from the first line's
    };
    std::vector<Line> lines(size_t(d.kernel * h.kernel));
    for (int64_t p = begin; p < end; ++p) {
      const T* plane = from.plane(p);
      std::fill(held.begin(), held.end(), -1);
      for (int64_t o = 0; o < d.out * h.out; ++o) {
        const int64_t oz = o / h.out, oy = o % h.out;
        T* const out_row = to.plane(p) + oz * to.slice + oy * to.row;
        int64_t* const place_row = places.plane(p) + oz * places.slice + oy * places.row;
        const int64_t first_z = d.first_tap(oz), front = d.start(oz) + first_z * d.dilation;
        const int64_t first_y = h.first_tap(oy), top = h.start(oy) + first_y * h.dilation;
        int64_t count = 0;
        for (int64_t z = front, tz = first_z; z < d.in && tz < d.kernel; z += d.dilation, ++tz)
          for (int64_t y = top, ty = first_y; y < h.in && ty < h.kernel; y += h.dilation, ++ty) {
            const int64_t slot = z % d.reach() * slots + y % slots, id = z * h.in + y;
            C* const line = rows + slot * row_size;
            if (held[size_t(slot)] != id) {
              held[size_t(slot)] = id;
              phased.split<C>(line, plane + z * from.slice + y * from.row, from.col, lowest<C>());
            }
            lines[size_t(count++)] = {line, ((z - front) * h.in + y - top) * w.in};
          }
        for (int64_t x = 0; x < w.out; x += lanes) {
          // The first tap is where a window stands that holds nothing larger than the lowest value.
          const VecT<I> base = starts + vset<I>(static_cast<I>(w.start(x) + (front * h.in + top) * w.in));
          VecT<I> place = base;
          VecT<C> best = count > 0 ? vload<C>(lines[0].row + x) : vset<C>(lowest<C>());
          for (int64_t line = 0; line < count; ++line)
            for (int64_t tx = line == 0; tx < w.kernel; ++tx) {
              const VecT<C> value = vload<C>(lines[size_t(line)].row + taps[size_t(tx)] + x);
              // A NaN wins over everything before it, as in PyTorch.
              const auto take = (value > best) | (value != value);
              best = take ? value : best;
              place = take ? base + vset<I>(static_cast<I>(lines[size_t(line)].at + tx * w.dilation)) : place;
            }
          const int n = static_cast<int>(std::min<int64_t>(lanes, w.out - x));
          if (x < border || count == 0)
            for (int l = 0; l < n; ++l)
              if (place[l] == base[l]) {
                const int64_t column = std::min(w.start(x + l) + w.first_tap(x + l) * w.dilation, w.in - 1);
                const int64_t line = std::min(front, d.in - 1) * h.in + std::min(top, h.in - 1);
                place[l] = static_cast<I>(line * w.in + column);
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

// Up to a vector of channels; lanes past `n` are anything.
template <class C, class T> [[gnu::always_inline]] inline VecT<C> load_channels(const T* from, int n) {
  if constexpr (std::is_same_v<T, C>) {
    return n == kLanesOf<C> ? vload<C>(from) : vload_n<C>(from, n);
  } else {
    VecT<C> v{};
    for (int l = 0; l < n; ++l) v[l] = static_cast<C>(from[l]);
    return v;
  }
}
template <class C, class T> [[gnu::always_inline]] inline void store_channels(T* to, VecT<C> v, int n) {
  if constexpr (std::is_same_v<T, C>) {
    if (n == kLanesOf<C>)
      vstore<C>(to, v);
    else
      vstore_n<C>(to, v, n);
  } else {
    for (int l = 0; l < n; ++l) to[l] = static_cast<T>(v[l]);
  }
}

template <class T, class C>
void max_pool_pixels(const Planes<T>& to, const Planes<int64_t>& places, const Planes<const T>& from,
                     const Windows& all) {
  using I = std::conditional_t<sizeof(C) == 4, int32_t, int64_t>;
  constexpr int64_t lanes = kLanesOf<C>;
  const Window &d = all[0], &h = all[1], &w = all[2];
  const int64_t channels = from.channels();
  for_planes(from.images * d.out * h.out, h.kernel * w.in * channels, [&](int64_t begin, int64_t end) {
    std::vector<int64_t> offsets, positions;
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t n = unit / (d.out * h.out), oz = unit / h.out % d.out, oy = unit % h.out;
      const T* const image = from.image(n);
      for (int64_t ox = 0; ox < w.out; ++ox) {
        offsets.clear();
        positions.clear();
        for (int64_t tz = d.first_tap(oz), z; tz < d.kernel && (z = d.start(oz) + tz * d.dilation) < d.in;
             ++tz)
          for (int64_t ty = h.first_tap(oy), y; ty < h.kernel && (y = h.start(oy) + ty * h.dilation) < h.in;
               ++ty)
            for (int64_t tx = w.first_tap(ox), x; tx < w.kernel && (x = w.start(ox) + tx * w.dilation) < w.in;
                 ++tx) {
              offsets.push_back(z * from.slice + y * from.row + x * from.col);
              positions.push_back((z * h.in + y) * w.in + x);
            }
        T* const out = to.image(n) + oz * to.slice + oy * to.row + ox * to.col;
        int64_t* const out_places = places.image(n) + oz * places.slice + oy * places.row + ox * places.col;
        for (int64_t c = 0; c < channels; c += lanes) {
          const int count = static_cast<int>(std::min<int64_t>(lanes, channels - c));
          VecT<C> best = vset<C>(lowest<C>());
          VecT<I> place{};
          for (size_t t = 0; t < offsets.size(); ++t) {
            const VecT<C> value = load_channels<C>(image + offsets[t] + c, count);
            const VecT<I> here = vset<I>(static_cast<I>(positions[t]));
            if (t == 0) {
              best = value;
              place = here;
              continue;
            }
            const auto take = (value > best) | (value != value);
            best = take ? value : best;
            place = take ? here : place;
          }
          store_channels<C>(out + c, best, count);
          store_places<I>(out_places + c, place, count);
        }
      }
    }
  });
}

template <class T, class C>
void run_max_pool(const Tensor& out, const Tensor& indices, const Tensor& input, size_t spatial,
                  const Windows& all) {
  const Planes<const T> from(input, spatial);
  const Planes<T> to(out, spatial);
  const Planes<int64_t> places(indices, spatial);
  if (from.channels_last && to.step == 1 && places.step == 1)
    max_pool_pixels<T, C>(to, places, from, all);
  else
    max_pool_planes<T, C>(to, places, from, all);
}

} // namespace

void max_pool(const Tensor& out, const Tensor& indices, const Tensor& input, IntSpan kernel_size,
              IntSpan stride, IntSpan padding, IntSpan dilation, int64_t spatial) {
  if (out.numel() == 0) return;
  const auto dims = static_cast<size_t>(spatial);
  const Windows all = windows(input, out, dims, kernel_size, stride, padding, dilation);
  check_kind(ErrorKind::NotImplemented, input.dtype() != DType::Bool, "max_pool: not implemented for ",
             input.dtype());
  // Places of volumes beyond 2^31 elements need 8 bytes, and so do the values beside them.
  const bool wide = all[0].in * all[1].in * all[2].in > std::numeric_limits<int32_t>::max();
  visit_real("max_pool", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, double> || std::is_same_v<T, int64_t>) {
      run_max_pool<T, T>(out, indices, input, dims, all);
    } else if constexpr (!std::is_same_v<T, bool>) {
      constexpr bool integral = std::is_integral_v<T>;
      if (wide)
        run_max_pool<T, std::conditional_t<integral, int64_t, double>>(out, indices, input, dims, all);
      else
        run_max_pool<T, std::conditional_t<integral, int32_t, float>>(out, indices, input, dims, all);
    }
  });
}

void max_pool_backward(const Tensor& grad_input, const Tensor& grad_output, const Tensor& indices,
                       int64_t spatial) {
  if (grad_input.numel() == 0) return;
  const auto dims = static_cast<size_t>(spatial);
  visit_floating("max_pool_backward", grad_input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
    const Planes<T> to(grad_input, dims);
    const Planes<const T> from(grad_output, dims);
    const Planes<const int64_t> places(indices, dims);
    const int64_t size = to.size();
    const auto checked = [&](int64_t at) {
      if (static_cast<uint64_t>(at) >= static_cast<uint64_t>(size)) [[unlikely]]
        fail(ErrorKind::Index, concat("max_pool_backward: index ", at, " is out of bounds for a volume of ",
                                      to.slices, " x ", to.rows, " x ", to.cols, " elements"));
      return at;
    };
    if constexpr (std::is_same_v<T, C>) {
      const int64_t channels = to.channels();
      if (to.channels_last && to.row == to.cols * to.col && places.step == 1) {
        // Pixels: every image is one thread's, its positions follow one another `col` apart.
        for_planes(to.images, size * channels, [&](int64_t begin, int64_t end) {
          for (int64_t n = begin; n < end; ++n) {
            T* const image = to.image(n);
            for (int64_t z = 0; z < to.slices; ++z)
              for (int64_t y = 0; y < to.rows; ++y)
                for (int64_t x = 0; x < to.cols; ++x)
                  std::fill_n(image + z * to.slice + y * to.row + x * to.col, channels, T{});
            for (int64_t z = 0; z < from.slices; ++z)
              for (int64_t y = 0; y < from.rows; ++y)
                for (int64_t x = 0; x < from.cols; ++x) {
                  const T* g = from.image(n) + z * from.slice + y * from.row + x * from.col;
                  const int64_t* place = places.image(n) + z * places.slice + y * places.row + x * places.col;
                  for (int64_t c = 0; c < channels; ++c)
                    image[checked(place[c]) * to.col + c] += g[c * from.step];
                }
          }
        });
        return;
      }
    }
    const bool direct = std::is_same_v<T, C> && to.dense();
    for_planes(to.count, size, [&](int64_t begin, int64_t end) {
      const Scratch memory(direct ? 0 : size_t(size) * sizeof(C));
      for (int64_t p = begin; p < end; ++p) {
        C* const sums = direct ? reinterpret_cast<C*>(to.plane(p)) : memory.as<C>();
        std::fill_n(sums, size, C{});
        for (int64_t z = 0; z < from.slices; ++z)
          for (int64_t y = 0; y < from.rows; ++y) {
            const T* g = from.plane(p) + z * from.slice + y * from.row;
            const int64_t* place = places.plane(p) + z * places.slice + y * places.row;
            for (int64_t x = 0; x < from.cols; ++x)
              sums[checked(place[x * places.col])] += static_cast<C>(g[x * from.col]);
          }
        if (direct) continue;
        for (int64_t z = 0; z < to.slices; ++z)
          for (int64_t y = 0; y < to.rows; ++y)
            for (int64_t x = 0; x < to.cols; ++x)
              to.plane(p)[z * to.slice + y * to.row + x * to.col] =
                  static_cast<T>(sums[(z * to.rows + y) * to.cols + x]);
      }
    });
  });
}

} // namespace torch::TORCH_ISA

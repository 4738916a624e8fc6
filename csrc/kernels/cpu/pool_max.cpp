// max_pool and its backward, in float, double, int32 and int64; other types are converted as whole tensors.
// Adjacent outputs are computed side by side: rows of the input are split by stride, so that each tap of the
// window is one load, and values go together with the places they came from, if those are asked for.
// Channels-last images need no splitting: there the channels of a pixel are adjacent.
#include "kernels/cpu/gemm_vec.h"
#include "kernels/cpu/pool.h"
#include "kernels/cpu/widen.h"
#include "kernels/pool_kernels.h"

#include <bit>
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
#if defined(__AVX512F__) // the compiler would widen quarters
    __m256i halves[2];
    std::memcpy(halves, &place, sizeof place);
    store(to, (VecT<int64_t>)_mm512_maskz_cvtepi32_epi64(0xff, halves[0]), n);
    store(to + wide, (VecT<int64_t>)_mm512_maskz_cvtepi32_epi64(0xff, halves[1]), n - wide);
#else
    typedef int32_t Half __attribute__((vector_size(kVecBytes / 2)));
    Half halves[2];
    std::memcpy(halves, &place, sizeof place);
    store(to, __builtin_convertvector(halves[0], VecT<int64_t>), n);
    store(to + wide, __builtin_convertvector(halves[1], VecT<int64_t>), n - wide);
#endif
  }
}

using Places = std::optional<Planes<int64_t>>; // none: only the values are wanted

// A place in the lanes is an integer as wide as C. `wide`: it is the number of a tap, as volumes beyond 2^31
// elements have places that 4 bytes do not hold; else the offset from the first tap of the window.
template <class C, bool kPlaces>
void max_pool_planes(const Planes<C>& to, const Places& places, const Planes<const C>& from,
                     const Windows& all, bool wide) {
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
      const C* plane = from.plane(p);
      std::fill(held.begin(), held.end(), -1);
      for (int64_t o = 0; o < d.out * h.out; ++o) {
        const int64_t oz = o / h.out, oy = o % h.out;
        C* const out_row = to.plane(p) + oz * to.slice + oy * to.row;
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
          VecT<I> place{};
          VecT<C> best = count > 0 ? vload<C>(lines[0].row + x) : vset<C>(lowest<C>());
          for (int64_t line = 0; line < count; ++line)
            for (int64_t tx = line == 0; tx < w.kernel; ++tx) {
              const VecT<C> value = vload<C>(lines[size_t(line)].row + taps[size_t(tx)] + x);
              // A NaN wins over everything before it, as in PyTorch.
              const auto take = (value > best) | (value != value);
              best = take ? value : best;
              if constexpr (kPlaces) {
                const int64_t here = wide ? line * w.kernel + tx : lines[size_t(line)].at + tx * w.dilation;
                place = take ? vset<I>(static_cast<I>(here)) : place;
              }
            }
          const int n = static_cast<int>(std::min<int64_t>(lanes, w.out - x));
          if (to.col == 1 && n == lanes)
            vstore<C>(out_row + x, best);
          else if (to.col == 1)
            vstore_n<C>(out_row + x, best, n);
          else
            for (int l = 0; l < n; ++l) out_row[(x + l) * to.col] = best[l];
          if constexpr (kPlaces) {
            int64_t* const place_row = places->plane(p) + oz * places->slice + oy * places->row;
            const int64_t first = w.start(x) + (front * h.in + top) * w.in;
            if (places->col == 1 && !wide && x >= border && count > 0) {
              store_places<I>(place_row + x, place + starts + vset<I>(static_cast<I>(first)), n);
              continue;
            }
            for (int l = 0; l < n; ++l) {
              int64_t at = place[l];
              if (at == 0 && (x < border || count == 0)) {
                const int64_t column = std::min(w.start(x + l) + w.first_tap(x + l) * w.dilation, w.in - 1);
                at = (std::min(front, d.in - 1) * h.in + std::min(top, h.in - 1)) * w.in + column;
              } else {
                if (wide) at = lines[size_t(at / w.kernel)].at + at % w.kernel * w.dilation;
                at += first + l * w.stride;
              }
              place_row[(x + l) * places->col] = at;
            }
          }
        }
      }
    }
  });
}

// An element of a window: where it lies from the first one of the image, and the place it is.
struct PixelTap {
  int64_t offset, position;
};

// The largest of the taps for kVecs vectors of channels; a single one may have `count` channels only. Places
// are `moved` further on than the taps say.
template <class C, int kVecs, bool kPlaces>
[[gnu::always_inline]] inline void largest_of_taps(const std::vector<PixelTap>& taps, const C* from,
                                                   int count, C* out, [[maybe_unused]] int64_t* out_places,
                                                   [[maybe_unused]] int64_t moved,
                                                   [[maybe_unused]] bool wide) {
  using I = std::conditional_t<sizeof(C) == 4, int32_t, int64_t>;
  constexpr int lanes = kLanesOf<C>;
  const bool whole = kVecs > 1 || count == lanes;
  const auto load = [&](const C* at) { return whole ? vload<C>(at) : vload_n<C>(at, count); };
  VecT<C> best[kVecs];
  VecT<I> place[kVecs];
  for (int v = 0; v < kVecs; ++v) {
    best[v] = taps.empty() ? vset<C>(lowest<C>()) : load(from + taps[0].offset + v * lanes);
    place[v] = vset<I>(taps.empty() || wide ? I{} : static_cast<I>(taps[0].position));
  }
  for (size_t t = 1; t < taps.size(); ++t) {
    const C* const at = from + taps[t].offset;
    [[maybe_unused]] const VecT<I> here = vset<I>(static_cast<I>(wide ? int64_t(t) : taps[t].position));
    for (int v = 0; v < kVecs; ++v) {
      const VecT<C> value = load(at + v * lanes);
      const auto take = (value > best[v]) | (value != value);
      best[v] = take ? value : best[v];
      if constexpr (kPlaces) place[v] = take ? here : place[v];
    }
  }
  for (int v = 0; v < kVecs; ++v) {
    if (whole)
      vstore<C>(out + v * lanes, best[v]);
    else
      vstore_n<C>(out, best[v], count);
    if constexpr (kPlaces) {
      int64_t* const to = out_places + v * lanes;
      if (!wide)
        store_places<I>(to, place[v] + vset<I>(static_cast<I>(moved)), whole ? lanes : count);
      else
        for (int l = 0; l < (whole ? lanes : count) && !taps.empty(); ++l)
          to[l] = taps[size_t(place[v][l])].position + moved;
    }
  }
}

template <class C, bool kPlaces>
void max_pool_pixels(const Planes<C>& to, const Places& places, const Planes<const C>& from,
                     const Windows& all, bool wide) {
  constexpr int64_t lanes = kLanesOf<C>;
  constexpr int together = 4;
  const Window &d = all[0], &h = all[1], &w = all[2];
  const int64_t channels = from.channels();
  for_planes(from.images * d.out * h.out, h.kernel * w.in * channels, [&](int64_t begin, int64_t end) {
    std::vector<PixelTap> taps;
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t n = unit / (d.out * h.out), oz = unit / h.out % d.out, oy = unit % h.out;
      int64_t whole_at = -1; // the output that the taps are of, where none of its columns is padding
      for (int64_t ox = 0; ox < w.out; ++ox) {
        const bool whole = w.start(ox) >= 0 && w.start(ox) + w.reach() <= w.in;
        if (!whole || whole_at < 0) {
          whole_at = whole ? ox : -1;
          taps.clear();
          for (int64_t tz = d.first_tap(oz), z; tz < d.kernel && (z = d.start(oz) + tz * d.dilation) < d.in;
               ++tz)
            for (int64_t ty = h.first_tap(oy), y; ty < h.kernel && (y = h.start(oy) + ty * h.dilation) < h.in;
                 ++ty)
              for (int64_t tx = w.first_tap(ox), x;
                   tx < w.kernel && (x = w.start(ox) + tx * w.dilation) < w.in; ++tx)
                taps.push_back({z * from.slice + y * from.row + x * from.col, (z * h.in + y) * w.in + x});
        }
        const int64_t moved = whole ? (ox - whole_at) * w.stride : 0;
        const C* const image = from.image(n) + moved * from.col;
        C* const out = to.image(n) + oz * to.slice + oy * to.row + ox * to.col;
        int64_t* out_places = nullptr;
        if constexpr (kPlaces)
          out_places = places->image(n) + oz * places->slice + oy * places->row + ox * places->col;
        int64_t c = 0;
        for (; c + together * lanes <= channels; c += together * lanes)
          largest_of_taps<C, together, kPlaces>(taps, image + c, lanes, out + c, out_places + c, moved, wide);
        for (; c < channels; c += lanes)
          largest_of_taps<C, 1, kPlaces>(taps, image + c,
                                         static_cast<int>(std::min<int64_t>(lanes, channels - c)), out + c,
                                         out_places + c, moved, wide);
      }
    }
  });
}

// indices may be undefined.
void run_max_pool(const Tensor& out, const Tensor& indices, const Tensor& input, size_t spatial,
                  const Windows& all) {
  if (const auto wide = wider(input.dtype())) {
    const Tensor to = empty_in_order(out, *wide);
    run_max_pool(to, indices, widened(input, *wide), spatial, all);
    return copy(out, to);
  }
  const bool wide = all[0].in * all[1].in * all[2].in > std::numeric_limits<int32_t>::max();
  visit_types(TypeList<int32_t, int64_t, float, double>{}, "max_pool", input.dtype(), [&](auto tag) {
    using C = typename decltype(tag)::type;
    const Planes<const C> from(input, spatial);
    const Planes<C> to(out, spatial);
    Places places;
    if (indices.defined()) places.emplace(indices, spatial);
    const bool pixels = from.channels_last && to.step == 1 && (!places || places->step == 1);
    const bool tap_numbers = wide && sizeof(C) == 4;
    if (pixels && places)
      max_pool_pixels<C, true>(to, places, from, all, tap_numbers);
    else if (pixels)
      max_pool_pixels<C, false>(to, places, from, all, tap_numbers);
    else if (places)
      max_pool_planes<C, true>(to, places, from, all, tap_numbers);
    else
      max_pool_planes<C, false>(to, places, from, all, tap_numbers);
  });
}

template <class C> [[gnu::always_inline]] inline int64_t checked_place(int64_t at, const Planes<C>& volume) {
  if (static_cast<uint64_t>(at) >= static_cast<uint64_t>(volume.size())) [[unlikely]]
    fail(ErrorKind::Index, concat("max_pool_backward: index ", at, " is out of bounds for a volume of ",
                                  volume.slices, " x ", volume.rows, " x ", volume.cols, " elements"));
  return at;
}

// Adds a vector of gradients of neighbouring channels to the pixels at their places; false, and nothing is
// added, where that takes a loop over the channels.
template <class C>
bool add_at_places([[maybe_unused]] C* image, [[maybe_unused]] int64_t col,
                   [[maybe_unused]] const int64_t* place, [[maybe_unused]] const C* g,
                   [[maybe_unused]] int64_t size) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<C, float>) {
    const __m512i low = _mm512_loadu_si512(place), high = _mm512_loadu_si512(place + 8);
    const __m512i end = _mm512_set1_epi64(std::min<int64_t>(size, std::numeric_limits<int32_t>::max()));
    if (_mm512_cmpge_epu64_mask(low, end) | _mm512_cmpge_epu64_mask(high, end)) return false;
    const __m512i places =
        _mm512_maskz_inserti64x4(0xff, _mm512_castsi256_si512(_mm512_maskz_cvtepi64_epi32(0xff, low)),
                                 _mm512_maskz_cvtepi64_epi32(0xff, high), 1);
    const __m512 values = _mm512_loadu_ps(g);
    for (uint32_t left = 0xffff; left;) { // the channels of a window have few places between them
      const int64_t at = place[std::countr_zero(left)];
      const __mmask16 here = _mm512_mask_cmpeq_epi32_mask(static_cast<__mmask16>(left), places,
                                                          _mm512_set1_epi32(static_cast<int>(at)));
      const __m512 sum = _mm512_loadu_ps(image + at * col);
      _mm512_storeu_ps(image + at * col, _mm512_mask_add_ps(sum, here, sum, values));
      left &= ~uint32_t(here);
    }
    return true;
  }
#endif
  return false;
}

// Pixels: positions of an image follow one another `col` apart.
template <class C>
void max_pool_pixels_backward(const Planes<C>& to, const Planes<const C>& from,
                              const Planes<const int64_t>& places) {
  constexpr int64_t lanes = kLanesOf<C>;
  const int64_t channels = to.channels(), size = to.size();
  // Few images: their channels are divided too.
  const int64_t pieces = std::clamp<int64_t>(2 * num_threads() / std::max<int64_t>(to.images, 1), 1,
                                             std::max<int64_t>(1, channels / 32));
  for_planes(to.images * pieces, size * channels / pieces, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t n = unit / pieces, c0 = channels * (unit % pieces) / pieces,
                    c1 = channels * (unit % pieces + 1) / pieces;
      C* const image = to.image(n);
      for (int64_t at = 0; at < size; ++at) vfill<C>(image + at * to.col + c0, c1 - c0, C{});
      for (int64_t z = 0; z < from.slices; ++z)
        for (int64_t y = 0; y < from.rows; ++y)
          for (int64_t x = 0; x < from.cols; ++x) {
            const C* g = from.image(n) + z * from.slice + y * from.row + x * from.col;
            const int64_t* place = places.image(n) + z * places.slice + y * places.row + x * places.col;
            for (int64_t c = c0; c < c1;) {
              if (from.step == 1 && c + lanes <= c1 &&
                  add_at_places<C>(image + c, to.col, place + c, g + c, size)) {
                c += lanes;
                continue;
              }
              for (const int64_t last = std::min(c + lanes, c1); c < last; ++c)
                image[checked_place(place[c], to) * to.col + c] += g[c * from.step];
            }
          }
    }
  });
}

} // namespace

void max_pool(const Tensor& out, const Tensor& indices, const Tensor& input, IntSpan kernel_size,
              IntSpan stride, IntSpan padding, IntSpan dilation, int64_t spatial) {
  if (out.numel() == 0) return;
  const auto dims = static_cast<size_t>(spatial);
  check_kind(ErrorKind::NotImplemented, input.dtype() != DType::Bool, "max_pool: not implemented for ",
             input.dtype());
  run_max_pool(out, indices, input, dims, windows(input, out, dims, kernel_size, stride, padding, dilation));
}
void max_pool_backward(const Tensor& grad_input, const Tensor& grad_output, const Tensor& indices,
                       int64_t spatial) {
  if (grad_input.numel() == 0) return;
  if (const auto wide = wider(grad_input.dtype())) {
    const Tensor sums = empty_in_order(grad_input, *wide);
    max_pool_backward(sums, widened(grad_output, *wide), indices, spatial);
    return copy(grad_input, sums);
  }
  const auto dims = static_cast<size_t>(spatial);
  visit_types(TypeList<float, double>{}, "max_pool_backward", grad_input.dtype(), [&](auto tag) {
    using C = typename decltype(tag)::type;
    const Planes<C> to(grad_input, dims);
    const Planes<const C> from(grad_output, dims);
    const Planes<const int64_t> places(indices, dims);
    if (to.channels_last && to.row == to.cols * to.col && (to.slices == 1 || to.slice == to.rows * to.row) &&
        places.step == 1)
      return max_pool_pixels_backward<C>(to, from, places);
    const int64_t size = to.size();
    const bool direct = to.dense();
    for_planes(to.count, size, [&](int64_t begin, int64_t end) {
      const Scratch memory(direct ? 0 : size_t(size) * sizeof(C));
      for (int64_t p = begin; p < end; ++p) {
        C* const sums = direct ? to.plane(p) : memory.as<C>();
        std::fill_n(sums, size, C{});
        for (int64_t z = 0; z < from.slices; ++z)
          for (int64_t y = 0; y < from.rows; ++y) {
            const C* g = from.plane(p) + z * from.slice + y * from.row;
            const int64_t* place = places.plane(p) + z * places.slice + y * places.row;
            for (int64_t x = 0; x < from.cols; ++x)
              sums[checked_place(place[x * places.col], to)] += g[x * from.col];
          }
        if (direct) continue;
        for (int64_t z = 0; z < to.slices; ++z)
          for (int64_t y = 0; y < to.rows; ++y)
            for (int64_t x = 0; x < to.cols; ++x)
              to.plane(p)[z * to.slice + y * to.row + x * to.col] = sums[(z * to.rows + y) * to.cols + x];
      }
    });
  });
}

} // namespace torch::TORCH_ISA

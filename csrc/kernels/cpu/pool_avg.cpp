// avg_pool, adaptive_avg_pool and their backwards. Rows are added up first, then windows along the row;
// the backward spreads in the opposite order. float16 and bfloat16 are summed in float.
#include "kernels/cpu/pool.h"
#include "kernels/pool_kernels.h"

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

// A volume written from dense sums.
template <class T, class C> inline void write_volume(const Planes<T>& to, int64_t p, const C* sums) {
  T* const plane = to.plane(p);
  if (to.dense()) {
    if constexpr (std::is_same_v<C, T> && std::is_floating_point_v<C>)
      return vcopy<C>(plane, sums, to.size());
    for (int64_t i = 0; i < to.size(); ++i) plane[i] = static_cast<T>(sums[i]);
  } else {
    for (int64_t z = 0; z < to.slices; ++z)
      for (int64_t y = 0; y < to.rows; ++y)
        for (int64_t x = 0; x < to.cols; ++x)
          plane[z * to.slice + y * to.row + x * to.col] =
              static_cast<T>(sums[(z * to.rows + y) * to.cols + x]);
  }
}

// Sums of channels-last pixels over boxes, divided: spans[d][o] says what counts for output o.
template <class T, class C>
void average_pixels(const Planes<T>& to, const Planes<const T>& from,
                    const std::array<std::vector<Counted>, 3>& spans, std::optional<int64_t> divisor) {
  const int64_t channels = from.channels();
  for_planes(from.images * to.slices * to.rows, from.cols * channels, [&](int64_t begin, int64_t end) {
    const Scratch memory(size_t(channels) * sizeof(C));
    C* const sums = memory.as<C>();
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t n = unit / (to.slices * to.rows), oz = unit / to.rows % to.slices, oy = unit % to.rows;
      const Counted &sz = spans[0][size_t(oz)], &sy = spans[1][size_t(oy)];
      for (int64_t ox = 0; ox < to.cols; ++ox) {
        const Counted& sx = spans[2][size_t(ox)];
        set_row(sums, channels, C{});
        for (int64_t z = sz.first; z < sz.last; ++z)
          for (int64_t y = sy.first; y < sy.last; ++y)
            for (int64_t x = sx.first; x < sx.last; ++x)
              add_row(sums, from.image(n) + z * from.slice + y * from.row + x * from.col, channels, 1);
        divide_row<T, C>(to.image(n) + oz * to.slice + oy * to.row + ox * to.col, 1, sums, nullptr,
                         static_cast<C>(divisor ? *divisor : sz.count * sy.count * sx.count), channels);
      }
    }
  });
}

// The reverse: every image is one thread's.
template <class T, class C>
void spread_pixels(const Planes<T>& to, const Planes<const T>& from,
                   const std::array<std::vector<Counted>, 3>& spans, std::optional<int64_t> divisor) {
  const int64_t channels = to.channels();
  for_planes(to.images, to.size() * channels, [&](int64_t begin, int64_t end) {
    const Scratch memory(size_t(channels) * sizeof(C));
    C* const share = memory.as<C>();
    for (int64_t n = begin; n < end; ++n) {
      for (int64_t z = 0; z < to.slices; ++z)
        for (int64_t y = 0; y < to.rows; ++y)
          for (int64_t x = 0; x < to.cols; ++x)
            set_row(to.image(n) + z * to.slice + y * to.row + x * to.col, channels, T{});
      for (int64_t oz = 0; oz < from.slices; ++oz)
        for (int64_t oy = 0; oy < from.rows; ++oy)
          for (int64_t ox = 0; ox < from.cols; ++ox) {
            const Counted &sz = spans[0][size_t(oz)], &sy = spans[1][size_t(oy)], &sx = spans[2][size_t(ox)];
            copy_row(share, from.image(n) + oz * from.slice + oy * from.row + ox * from.col, channels,
                     from.step);
            divide_row<C, C>(share, 1, share, nullptr,
                             static_cast<C>(divisor ? *divisor : sz.count * sy.count * sx.count), channels);
            for (int64_t z = sz.first; z < sz.last; ++z)
              for (int64_t y = sy.first; y < sy.last; ++y)
                for (int64_t x = sx.first; x < sx.last; ++x)
                  add_row(to.image(n) + z * to.slice + y * to.row + x * to.col, share, channels, 1);
          }
    }
  });
}

std::array<std::vector<Counted>, 3> window_spans(const Windows& all, bool include_padding) {
  std::array<std::vector<Counted>, 3> spans;
  for (size_t d = 0; d < 3; ++d)
    for (int64_t o = 0; o < all[d].out; ++o) spans[d].push_back(counted(all[d], o, include_padding));
  return spans;
}
template <class T, class U>
std::array<std::vector<Counted>, 3> adaptive_spans(const Planes<T>& in, const Planes<U>& out) {
  std::array<std::vector<Counted>, 3> spans;
  const std::array<int64_t, 3> from{in.slices, in.rows, in.cols}, to{out.slices, out.rows, out.cols};
  for (size_t d = 0; d < 3; ++d)
    for (int64_t o = 0; o < to[d]; ++o) {
      const int64_t first = bin_start(o, from[d], to[d]), last = bin_end(o, from[d], to[d]);
      spans[d].push_back({first, last, last - first});
    }
  return spans;
}

} // namespace

void avg_pool(const Tensor& out, const Tensor& input, IntSpan kernel_size, IntSpan stride, IntSpan padding,
              bool count_include_pad, std::optional<int64_t> divisor_override, int64_t spatial) {
  if (out.numel() == 0) return;
  const auto dims = static_cast<size_t>(spatial);
  const Windows all = windows(input, out, dims, kernel_size, stride, padding);
  const Window &d = all[0], &h = all[1], &w = all[2];
  visit_average("avg_pool", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = SumType<T>;
    const Planes<const T> from(input, dims);
    const Planes<T> to(out, dims);
    if (from.channels_last && to.step == 1)
      return average_pixels<T, C>(to, from, window_spans(all, count_include_pad), divisor_override);
    const PhasedRow phased(w);
    constexpr int64_t lanes = kLanesOf<C>;
    const int64_t row_size = phased.size() + lanes; // whole vectors are read at the end
    const int64_t slots = d.kernel * h.kernel;
    std::vector<C> counts = column_counts<C>(w, count_include_pad);
    counts.resize(size_t(w.out + lanes), C(1));
    std::vector<int64_t> taps;
    for (int64_t t = 0; t < w.kernel; ++t) taps.push_back(phased.tap(t));
    for_planes(from.count, d.in * h.in * w.in, [&](int64_t begin, int64_t end) {
      const Scratch memory(size_t(slots * row_size) * sizeof(C));
      C* const rows = memory.as<C>();
      std::fill_n(rows, slots * row_size, C{});
      std::vector<int64_t> held(size_t(slots), -1); // input row that each slot holds
      std::vector<const C*> lines(size_t(slots), nullptr);
      for (int64_t p = begin; p < end; ++p) {
        const T* plane = from.plane(p);
        std::fill(held.begin(), held.end(), -1);
        for (int64_t o = 0; o < d.out * h.out; ++o) {
          const int64_t oz = o / h.out, oy = o % h.out;
          T* const out_row = to.plane(p) + oz * to.slice + oy * to.row;
          const Counted slices = counted(d, oz, count_include_pad),
                        window_rows = counted(h, oy, count_include_pad);
          size_t n = 0;
          for (int64_t z = slices.first; z < slices.last; ++z)
            for (int64_t y = window_rows.first; y < window_rows.last; ++y) {
              const int64_t slot = z % d.kernel * h.kernel + y % h.kernel, id = z * h.in + y;
              if (held[size_t(slot)] != id) {
                held[size_t(slot)] = id;
                phased.split<C>(rows + slot * row_size, plane + z * from.slice + y * from.row, from.col, C{});
              }
              lines[n++] = rows + slot * row_size;
            }
          const C height =
              static_cast<C>(divisor_override ? *divisor_override : slices.count * window_rows.count);
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

void avg_pool_backward(const Tensor& grad_input, const Tensor& grad_output, IntSpan kernel_size,
                       IntSpan stride, IntSpan padding, bool count_include_pad,
                       std::optional<int64_t> divisor_override, int64_t spatial) {
  if (grad_input.numel() == 0) return;
  const auto dims = static_cast<size_t>(spatial);
  const Windows all = windows(grad_input, grad_output, dims, kernel_size, stride, padding);
  const Window &d = all[0], &h = all[1], &w = all[2];
  visit_average("avg_pool_backward", grad_input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = SumType<T>;
    const Planes<const T> from(grad_output, dims);
    const Planes<T> to(grad_input, dims);
    if constexpr (std::is_same_v<T, C>)
      if (to.channels_last)
        return spread_pixels<T, C>(to, from, window_spans(all, count_include_pad), divisor_override);
    const PhasedRow phased(w);
    constexpr int64_t lanes = kLanesOf<C>;
    const std::vector<C> counts = column_counts<C>(w, count_include_pad);
    const int64_t reach = (w.kernel - 1) / w.stride; // of a window, in outputs
    const int64_t phase_size = (phased.width + lanes - 1) / lanes * lanes;
    const int64_t shares_size = reach + phase_size + lanes;
    const int64_t size = to.size();
    for_planes(to.count, size, [&](int64_t begin, int64_t end) {
      const Scratch memory(size_t(size + w.in + w.stride * phase_size + shares_size) * sizeof(C));
      C* const sums = memory.as<C>();
      C* const spread = sums + size;
      C* const phases = spread + w.in;
      C* const padded = phases + w.stride * phase_size; // zeros, the shares of a row of outputs, zeros
      C* const shares = padded + reach;
      std::fill_n(spread, w.in, C{}); // elements between windows stay zero
      std::fill_n(padded, shares_size, C{});
      for (int64_t p = begin; p < end; ++p) {
        std::fill_n(sums, size, C{});
        for (int64_t o = 0; o < d.out * h.out; ++o) {
          const int64_t oz = o / h.out, oy = o % h.out;
          const T* const g = from.plane(p) + oz * from.slice + oy * from.row;
          const Counted slices = counted(d, oz, count_include_pad), lines = counted(h, oy, count_include_pad);
          copy_row(shares, g, w.out, from.col);
          divide_row(shares, 1, shares, divisor_override ? nullptr : counts.data(),
                     static_cast<C>(divisor_override ? *divisor_override : slices.count * lines.count),
                     w.out);
          for (int64_t f = 0; f < w.stride; ++f)
            for (int64_t x = 0; x < phase_size; x += lanes) {
              VecT<C> sum{};
              for (int64_t t = f; t < w.kernel; t += w.stride)
                sum = sum + vload<C>(shares + x - t / w.stride);
              vstore<C>(phases + f * phase_size + x, sum);
            }
          phased.join(spread, phases, phase_size);
          for (int64_t z = slices.first; z < slices.last; ++z)
            for (int64_t y = lines.first; y < lines.last; ++y)
              add_row(sums + (z * h.in + y) * w.in, spread, w.in, 1);
        }
        write_volume(to, p, sums);
      }
    });
  });
}

namespace {
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

void adaptive_avg_pool(const Tensor& out, const Tensor& input, int64_t spatial) {
  if (out.numel() == 0) return;
  const auto dims = static_cast<size_t>(spatial);
  visit_floating("adaptive_avg_pool", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = SumType<T>;
    const Planes<const T> from(input, dims);
    const Planes<T> to(out, dims);
    const auto spans = adaptive_spans(from, to);
    if (from.channels_last && to.step == 1) return average_pixels<T, C>(to, from, spans, std::nullopt);
    for_planes(from.count, from.size(), [&](int64_t begin, int64_t end) {
      const Scratch memory(size_t(from.cols) * sizeof(C));
      C* const sums = memory.as<C>();
      for (int64_t p = begin; p < end; ++p) {
        const T* plane = from.plane(p);
        if (to.size() == 1 && from.dense()) { // the mean of one run
          *to.plane(p) = static_cast<T>(sum_run<T, C>(plane, from.size()) / static_cast<C>(from.size()));
          continue;
        }
        for (int64_t o = 0; o < to.slices * to.rows; ++o) {
          const int64_t oz = o / to.rows, oy = o % to.rows;
          const Counted &sz = spans[0][size_t(oz)], &sy = spans[1][size_t(oy)];
          std::fill_n(sums, from.cols, C{});
          for (int64_t z = sz.first; z < sz.last; ++z)
            for (int64_t y = sy.first; y < sy.last; ++y)
              add_row(sums, plane + z * from.slice + y * from.row, from.cols, from.col);
          for (int64_t ox = 0; ox < to.cols; ++ox) {
            const Counted& sx = spans[2][size_t(ox)];
            C sum{};
            for (int64_t x = sx.first; x < sx.last; ++x) sum += sums[x];
            to.plane(p)[oz * to.slice + oy * to.row + ox * to.col] =
                static_cast<T>(sum / static_cast<C>(sz.count * sy.count * sx.count));
          }
        }
      }
    });
  });
}

void adaptive_avg_pool_backward(const Tensor& grad_input, const Tensor& grad_output, int64_t spatial) {
  if (grad_input.numel() == 0) return;
  const auto dims = static_cast<size_t>(spatial);
  visit_floating("adaptive_avg_pool_backward", grad_input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = SumType<T>;
    const Planes<const T> from(grad_output, dims);
    const Planes<T> to(grad_input, dims);
    const auto spans = adaptive_spans(to, from);
    if constexpr (std::is_same_v<T, C>)
      if (to.channels_last) return spread_pixels<T, C>(to, from, spans, std::nullopt);
    const int64_t size = to.size();
    for_planes(to.count, size, [&](int64_t begin, int64_t end) {
      const Scratch memory(size_t(size + to.cols) * sizeof(C));
      C* const sums = memory.as<C>();
      C* const spread = sums + size;
      for (int64_t p = begin; p < end; ++p) {
        const T* g = from.plane(p);
        if (from.size() == 1) {
          set_row(sums, size, static_cast<C>(*g) / static_cast<C>(size));
          write_volume(to, p, sums);
          continue;
        }
        std::fill_n(sums, size, C{});
        for (int64_t o = 0; o < from.slices * from.rows; ++o) {
          const int64_t oz = o / from.rows, oy = o % from.rows;
          const Counted &sz = spans[0][size_t(oz)], &sy = spans[1][size_t(oy)];
          std::fill_n(spread, to.cols, C{});
          for (int64_t ox = 0; ox < from.cols; ++ox) {
            const Counted& sx = spans[2][size_t(ox)];
            const C share = static_cast<C>(g[oz * from.slice + oy * from.row + ox * from.col]) /
                            static_cast<C>(sz.count * sy.count * sx.count);
            for (int64_t x = sx.first; x < sx.last; ++x) spread[x] += share;
          }
          for (int64_t z = sz.first; z < sz.last; ++z)
            for (int64_t y = sy.first; y < sy.last; ++y)
              add_row(sums + (z * to.rows + y) * to.cols, spread, to.cols, 1);
        }
        write_volume(to, p, sums);
      }
    });
  });
}

} // namespace torch::TORCH_ISA

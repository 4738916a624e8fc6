// Interpolation of lines, planes and volumes on a regular grid, and its transpose.
//
// Interpolation is separable. Every dimension has a table: for each output, which elements of the input it
// mixes and how. A row of the input is interpolated along itself once, when it is first needed, and kept
// while rows of the output use it; these are then sums of few such rows. Channels-last images are rows of
// pixels, whose channels are mixed side by side.
#include "core/allocator.h"
#include "kernels/cpu/pool.h"
#include "kernels/resample_kernels.h"

#include <cmath>
#include <type_traits>

namespace torch::TORCH_ISA {
namespace {

enum Mode : int64_t { kNearest, kNearestExact, kLinear, kCubic, kLinearSmooth, kCubicSmooth, kLanczosSmooth };

// What one dimension's outputs mix: taps of output o are at[t * out + o] times weight[t * out + o].
template <class C> struct Table {
  int64_t in = 1, out = 1, taps = 1;
  std::vector<int32_t> at{0}, count{1}; // count: taps of this output, the others are to be left out
  std::vector<C> weight{C(1)};
  bool uneven = false; // counts differ

  int64_t first(int64_t o) const { return at[size_t(o)]; }
  int64_t last(int64_t o) const { return at[size_t((count[size_t(o)] - 1) * out + o)]; }
  int64_t reach() const { // rows from the first to the last tap, at most
    int64_t most = 1;
    for (int64_t o = 0; o < out; ++o) {
      int64_t low = first(o), high = low;
      for (int64_t t = 1; t < count[size_t(o)]; ++t) {
        low = std::min<int64_t>(low, at[size_t(t * out + o)]);
        high = std::max<int64_t>(high, at[size_t(t * out + o)]);
      }
      most = std::max(most, high - low + 1);
    }
    return most;
  }
};

// Keys' cubic with slope `a` at distance 1.
template <class C> C cubic(C x, C a) {
  x = std::abs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}
template <class C> C lanczos(C x) {
  constexpr C pi = static_cast<C>(3.14159265358979323846);
  if (x == 0) return 1;
  if (std::abs(x) >= 3) return 0;
  const C y = x * pi;
  return 3 * std::sin(y) * std::sin(y / 3) / (y * y);
}

template <class C>
Table<C> make_table(int64_t in, int64_t out, int64_t mode, bool align_corners,
                    std::optional<double> scale_factor) {
  Table<C> table;
  table.in = in;
  table.out = out;
  const bool given = scale_factor && *scale_factor > 0;
  C scale = given ? static_cast<C>(1.0 / *scale_factor) : static_cast<C>(in) / static_cast<C>(out);
  if (align_corners && mode >= kLinear)
    scale = out > 1 ? static_cast<C>(in - 1) / static_cast<C>(out - 1) : C(0);
  const auto resize = [&](int64_t taps) {
    table.taps = taps;
    table.at.assign(size_t(taps * out), 0);
    table.weight.assign(size_t(taps * out), C(0));
    table.count.assign(size_t(out), static_cast<int32_t>(taps));
  };
  const auto source = [&](int64_t o) { // of the centre of o
    return align_corners ? scale * static_cast<C>(o) : scale * (static_cast<C>(o) + C(0.5)) - C(0.5);
  };
  const auto set = [&](int64_t o, int64_t tap, int64_t at, C weight) {
    table.at[size_t(tap * out + o)] = static_cast<int32_t>(std::clamp<int64_t>(at, 0, in - 1));
    table.weight[size_t(tap * out + o)] = weight;
  };
  switch (mode) {
  case kNearest:
  case kNearestExact: {
    // In float whatever the dtype, as PyTorch rounds.
    const float step =
        given ? static_cast<float>(1.0 / *scale_factor) : static_cast<float>(in) / static_cast<float>(out);
    const float middle = mode == kNearestExact ? 0.5f : 0.0f;
    resize(1);
    for (int64_t o = 0; o < out; ++o)
      set(o, 0, in == out ? o : static_cast<int64_t>((static_cast<float>(o) + middle) * step), C(1));
    break;
  }
  case kLinear:
    resize(2);
    for (int64_t o = 0; o < out; ++o) {
      const C x = in == out ? static_cast<C>(o) : std::max(source(o), C(0));
      const auto low = std::min(static_cast<int64_t>(x), in - 1);
      const C part = std::clamp(x - static_cast<C>(low), C(0), C(1));
      set(o, 0, low, 1 - part);
      set(o, 1, low + 1, part);
    }
    break;
  case kCubic:
    resize(4);
    for (int64_t o = 0; o < out; ++o) {
      const C x = source(o), low = std::floor(x), part = x - low;
      for (int64_t t = 0; t < 4; ++t)
        set(o, t, static_cast<int64_t>(low) + t - 1, cubic(part - static_cast<C>(t - 1), C(-0.75)));
    }
    break;
  default: {
    // The kernel is as wide as what an output covers.
    const C half = mode == kLinearSmooth ? C(1) : mode == kCubicSmooth ? C(2) : C(3);
    const C support = scale >= 1 ? half * scale : half, squeeze = scale >= 1 ? 1 / scale : C(1);
    resize(static_cast<int64_t>(std::ceil(support)) * 2 + 1);
    table.uneven = true;
    for (int64_t o = 0; o < out; ++o) {
      const C center = scale * (static_cast<C>(o) + C(0.5));
      const int64_t first = std::max<int64_t>(static_cast<int64_t>(center - support + C(0.5)), 0);
      const int64_t n = std::clamp<int64_t>(
          std::min(static_cast<int64_t>(center + support + C(0.5)), in) - first, 1, table.taps);
      std::vector<C> weights;
      C sum = 0;
      for (int64_t t = 0; t < n; ++t) {
        const C x = (static_cast<C>(t + first) - center + C(0.5)) * squeeze;
        weights.push_back(mode == kLinearSmooth  ? std::max(C(0), 1 - std::abs(x))
                          : mode == kCubicSmooth ? cubic(x, C(-0.5))
                                                 : lanczos(x));
        sum += weights.back();
      }
      for (int64_t t = 0; t < n; ++t)
        set(o, t, first + t, sum != 0 ? weights[size_t(t)] / sum : weights[size_t(t)]);
      table.count[size_t(o)] = static_cast<int32_t>(n);
    }
  }
  }
  return table;
}

// A row interpolated along itself: to[o] = sum of weight * from[at], for `inner` adjacent numbers each.
template <class C>
void mix_along(C* __restrict to, const C* __restrict from, const Table<C>& table, int64_t inner) {
  const int64_t n = table.out;
  if (inner == 1 && !table.uneven) {
    const int32_t* const at = table.at.data();
    const C* const w = table.weight.data();
    if (table.taps == 1)
      for (int64_t o = 0; o < n; ++o) to[o] = from[at[o]];
    else if (table.taps == 2)
      for (int64_t o = 0; o < n; ++o) to[o] = w[o] * from[at[o]] + w[n + o] * from[at[n + o]];
    else
      for (int64_t o = 0; o < n; ++o)
        to[o] = w[o] * from[at[o]] + w[n + o] * from[at[n + o]] + w[2 * n + o] * from[at[2 * n + o]] +
                w[3 * n + o] * from[at[3 * n + o]];
    return;
  }
  for (int64_t o = 0; o < n; ++o) {
    if (inner == 1) {
      C sum{};
      for (int64_t t = 0; t < table.count[size_t(o)]; ++t)
        sum += table.weight[size_t(t * n + o)] * from[table.at[size_t(t * n + o)]];
      to[o] = sum;
      continue;
    }
    if (table.taps == 2) {
      const C v = table.weight[size_t(o)], w = table.weight[size_t(n + o)];
      const C* const left = from + table.at[size_t(o)] * inner;
      const C* const right = from + table.at[size_t(n + o)] * inner;
      C* const target = to + o * inner;
      for (int64_t c = 0; c < inner; ++c) target[c] = v * left[c] + w * right[c];
      continue;
    }
    for (int64_t t = 0; t < table.count[size_t(o)]; ++t) {
      const C w = table.weight[size_t(t * n + o)];
      const C* const source = from + table.at[size_t(t * n + o)] * inner;
      C* const target = to + o * inner;
      if (t == 0)
        for (int64_t c = 0; c < inner; ++c) target[c] = w * source[c];
      else
        for (int64_t c = 0; c < inner; ++c) target[c] += w * source[c];
    }
  }
}
// Its transpose; adds.
template <class C>
void spread_along(C* __restrict to, const C* __restrict from, const Table<C>& table, int64_t inner) {
  const int64_t n = table.out;
  for (int64_t o = 0; o < n; ++o)
    for (int64_t t = 0; t < table.count[size_t(o)]; ++t) {
      const C w = table.weight[size_t(t * n + o)];
      C* const target = to + table.at[size_t(t * n + o)] * inner;
      for (int64_t c = 0; c < inner; ++c) target[c] += w * from[o * inner + c];
    }
}

// Bytes are mixed with weights of 15 bits and rounded after each dimension, as image libraries do.
template <class T> constexpr bool kBytes = std::is_same_v<T, uint8_t>;
template <class C> void quantize(Table<C>& table) {
  const C largest = *std::max_element(table.weight.begin(), table.weight.end());
  C unit = 1;
  while (unit < (1 << 22) && std::floor(largest * unit * 2 + C(0.5)) < (1 << 15)) unit *= 2;
  for (C& w : table.weight) w = std::round(w * unit) / unit;
}

template <class T, class C> inline T rounded(C x) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(std::clamp(std::floor(x + C(0.5)), C(std::numeric_limits<T>::lowest()),
                                     C(std::numeric_limits<T>::max())));
  else
    return static_cast<T>(x);
}

// to[x * step] = sum over r of weights[r] * rows[r][x]
template <class T, class C>
void mix_rows(T* to, int64_t step, const std::vector<const C*>& rows, const std::vector<C>& weights,
              int64_t n) {
  constexpr int64_t lanes = kLanesOf<C>;
  const auto put = [&](int64_t x, VecT<C> sum, int count) {
    if constexpr (std::is_same_v<T, C>) {
      if (step == 1) {
        if (count == lanes)
          vstore<C>(to + x, sum);
        else
          vstore_n<C>(to + x, sum, count);
        return;
      }
    }
    for (int l = 0; l < count; ++l) to[(x + l) * step] = rounded<T, C>(sum[l]);
  };
  int64_t x = 0;
  if (rows.size() == 2) { // the most frequent case, whose operands stay in registers
    const C *const upper = rows[0], *const lower = rows[1];
    const VecT<C> v = vset<C>(weights[0]), w = vset<C>(weights[1]);
    for (; x + lanes <= n; x += lanes)
      put(x, v * vload<C>(upper + x) + w * vload<C>(lower + x), static_cast<int>(lanes));
  }
  for (; x + lanes <= n; x += lanes) {
    VecT<C> sum = vset<C>(weights[0]) * vload<C>(rows[0] + x);
    for (size_t r = 1; r < rows.size(); ++r) sum = sum + vset<C>(weights[r]) * vload<C>(rows[r] + x);
    put(x, sum, static_cast<int>(lanes));
  }
  if (x == n) return;
  const int rest = static_cast<int>(n - x);
  VecT<C> sum{};
  for (size_t r = 0; r < rows.size(); ++r) sum = sum + vset<C>(weights[r]) * vload_n<C>(rows[r] + x, rest);
  put(x, sum, rest);
}

// Volumes of rows: those of every channel, or (inner channels at a time) those of an image.
template <class T> struct Rows {
  const Planes<T>& planes;
  bool pixels;
  int64_t units() const { return pixels ? planes.images : planes.count; }
  int64_t inner() const { return pixels ? planes.channels() : 1; }
  int64_t step() const { return pixels ? 1 : planes.col; }
  T* row(int64_t unit, int64_t z, int64_t y) const {
    return (pixels ? planes.image(unit) : planes.plane(unit)) + z * planes.slice + y * planes.row;
  }
  int64_t length() const { return planes.cols * inner(); }
};
// Pixels of a row must follow one another.
template <class T> bool has_pixels(const Planes<T>& p) {
  return p.step == 1 && p.channels() > 1 && p.col == p.channels();
}

// Rows of the input that outputs share: each is prepared when it is first needed. `id` tells rows apart.
template <class C> class KeptRows {
public:
  KeptRows(const std::array<Table<C>, 3>& tables, int64_t length)
      : z_slots_(tables[0].reach()), slots_(tables[1].reach()), length_(length),
        memory_(size_t(z_slots_ * slots_ * length) * sizeof(C)), held_(size_t(z_slots_ * slots_), -1) {}
  template <class F> const C* row(int64_t z, int64_t y, int64_t id, F&& prepare) {
    const int64_t slot = z % z_slots_ * slots_ + y % slots_;
    C* const to = memory_.as<C>() + slot * length_;
    if (held_[size_t(slot)] != id) {
      held_[size_t(slot)] = id;
      prepare(to);
    }
    return to;
  }

private:
  int64_t z_slots_, slots_, length_;
  Scratch memory_;
  std::vector<int64_t> held_;
};

template <class T, class C>
void resample_volumes(const Rows<T>& to, const Rows<const T>& from, const std::array<Table<C>, 3>& tables) {
  const Table<C>&td = tables[0], &th = tables[1], &tw = tables[2];
  const int64_t inner = to.inner(), in_length = from.length(), out_length = to.length();
  // Whichever has fewer rows is interpolated along them: the input, or sums of its rows.
  const bool sums_first = !kBytes<T> && td.out * th.out < td.in * th.in;
  const bool direct = std::is_same_v<T, C> && from.step() == 1;
  for_planes(to.units() * td.out * th.out, out_length * 2, [&](int64_t begin, int64_t end) {
    KeptRows<C> kept(tables, sums_first ? in_length : out_length);
    const Scratch memory(size_t(in_length + out_length) * sizeof(C));
    C* const in_row = memory.as<C>();
    C* const out_row = in_row + in_length;
    std::vector<const C*> rows;
    std::vector<C> weights;
    const auto as_computed = [&](const T* source, C* buffer) -> const C* {
      if constexpr (std::is_same_v<T, C>)
        if (direct) return source;
      copy_row(buffer, source, in_length, from.step());
      return buffer;
    };
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t p = unit / (td.out * th.out), oz = unit / th.out % td.out, oy = unit % th.out;
      rows.clear();
      weights.clear();
      for (int64_t tz = 0; tz < td.count[size_t(oz)]; ++tz)
        for (int64_t ty = 0; ty < th.count[size_t(oy)]; ++ty) {
          const int64_t z = td.at[size_t(tz * td.out + oz)], y = th.at[size_t(ty * th.out + oy)];
          const int64_t id = (p * td.in + z) * th.in + y;
          const T* const source = from.row(p, z, y);
          weights.push_back(td.weight[size_t(tz * td.out + oz)] * th.weight[size_t(ty * th.out + oy)]);
          if (!sums_first)
            rows.push_back(kept.row(z, y, id, [&](C* row) {
              mix_along<C>(row, as_computed(source, in_row), tw, inner);
              if constexpr (kBytes<T>)
                for (int64_t x = 0; x < out_length; ++x) row[x] = rounded<T, C>(row[x]);
            }));
          else if (direct)
            rows.push_back(as_computed(source, nullptr));
          else
            rows.push_back(kept.row(z, y, id, [&](C* row) { as_computed(source, row); }));
        }
      T* const target = to.row(p, oz, oy);
      if (!sums_first) {
        mix_rows<T, C>(target, to.step(), rows, weights, out_length);
        continue;
      }
      mix_rows<C, C>(in_row, 1, rows, weights, in_length);
      if constexpr (std::is_same_v<T, C>)
        if (to.step() == 1) {
          mix_along<C>(target, in_row, tw, inner);
          continue;
        }
      mix_along<C>(out_row, in_row, tw, inner);
      for (int64_t x = 0; x < out_length; ++x) target[x * to.step()] = rounded<T, C>(out_row[x]);
    }
  });
}

template <class T, class C>
void spread_volumes(const Rows<T>& to, const Rows<const T>& from, const std::array<Table<C>, 3>& tables) {
  const Table<C>&td = tables[0], &th = tables[1], &tw = tables[2];
  const int64_t inner = to.inner(), in_length = to.length(), out_length = from.length();
  const int64_t in_rows = td.in * th.in;
  for_planes(to.units(), in_rows * out_length, [&](int64_t begin, int64_t end) {
    const Scratch memory(size_t(in_rows * out_length + out_length + in_length) * sizeof(C));
    C* const sums = memory.as<C>(); // rows of the input, still as long as those of the output
    C* const grad = sums + in_rows * out_length;
    C* const line = grad + out_length;
    for (int64_t p = begin; p < end; ++p) {
      std::fill_n(sums, in_rows * out_length, C{});
      for (int64_t oz = 0; oz < td.out; ++oz)
        for (int64_t oy = 0; oy < th.out; ++oy) {
          copy_row(grad, from.row(p, oz, oy), out_length, from.step());
          for (int64_t tz = 0; tz < td.count[size_t(oz)]; ++tz)
            for (int64_t ty = 0; ty < th.count[size_t(oy)]; ++ty) {
              const C w = td.weight[size_t(tz * td.out + oz)] * th.weight[size_t(ty * th.out + oy)];
              C* const row =
                  sums +
                  (td.at[size_t(tz * td.out + oz)] * th.in + th.at[size_t(ty * th.out + oy)]) * out_length;
              for (int64_t x = 0; x < out_length; ++x) row[x] += w * grad[x];
            }
        }
      for (int64_t z = 0; z < td.in; ++z)
        for (int64_t y = 0; y < th.in; ++y) {
          std::fill_n(line, in_length, C{});
          spread_along<C>(line, sums + (z * th.in + y) * out_length, tw, inner);
          T* const row = to.row(p, z, y);
          for (int64_t x = 0; x < in_length; ++x) row[x * to.step()] = rounded<T, C>(line[x]);
        }
    }
  });
}

// The transpose of taking the nearest: neighbouring outputs that took the same element.
template <class T, class C>
void spread_nearest(const Rows<T>& to, const Rows<const T>& from, const std::array<Table<C>, 3>& tables) {
  constexpr int64_t lanes = kLanesOf<C>;
  const Table<C>&td = tables[0], &th = tables[1], &tw = tables[2];
  const int64_t inner = to.inner(), in_length = to.length(), out_length = from.length();
  std::array<std::vector<int64_t>, 3> starts; // outputs of element i: [starts[i], starts[i + 1])
  for (size_t d = 0; d < 3; ++d) {
    starts[d].assign(size_t(tables[d].in + 1), tables[d].out);
    for (int64_t o = tables[d].out; o-- > 0;)
      for (int64_t i = tables[d].first(o); i >= 0 && starts[d][size_t(i)] > o; --i) starts[d][size_t(i)] = o;
  }
  const auto &zs = starts[0], &ys = starts[1], &xs = starts[2];
  bool pairs = inner == 1 && tw.out == 2 * tw.in;
  for (int64_t i = 0; i < tw.in; ++i) pairs = pairs && xs[size_t(i)] == 2 * i;
  for_planes(to.units() * td.in * th.in, out_length * std::max<int64_t>(1, th.out / th.in),
             [&](int64_t begin, int64_t end) {
               const Scratch memory(size_t(out_length + in_length + 4 * lanes) * sizeof(C));
               C* const line = memory.as<C>();
               C* const sums = line + out_length + 2 * lanes;
               for (int64_t unit = begin; unit < end; ++unit) {
                 const int64_t p = unit / (td.in * th.in), z = unit / th.in % td.in, y = unit % th.in;
                 bool fresh = true;
                 for (int64_t oz = zs[size_t(z)]; oz < zs[size_t(z) + 1]; ++oz)
                   for (int64_t oy = ys[size_t(y)]; oy < ys[size_t(y) + 1]; ++oy) {
                     const T* const row = from.row(p, oz, oy);
                     const int64_t step = from.step();
                     if (fresh)
                       copy_row(line, row, out_length, step);
                     else if (step == 1)
                       for (int64_t x = 0; x < out_length; ++x) line[x] += static_cast<C>(row[x]);
                     else
                       for (int64_t x = 0; x < out_length; ++x) line[x] += static_cast<C>(row[x * step]);
                     fresh = false;
                   }
                 if (fresh) std::fill_n(line, out_length, C{});
                 if (pairs) {
                   using Lanes = std::make_integer_sequence<int, kLanesOf<C>>;
                   for (int64_t x = 0; x < in_length; x += lanes) {
                     const VecT<C> a = vload<C>(line + 2 * x), b = vload<C>(line + 2 * x + lanes);
                     vstore<C>(sums + x,
                               detail::even_lanes(a, b, Lanes{}) + detail::odd_lanes(a, b, Lanes{}));
                   }
                 } else {
                   std::fill_n(sums, in_length, C{});
                   for (int64_t x = 0; x < tw.in; ++x)
                     for (int64_t ox = xs[size_t(x)]; ox < xs[size_t(x) + 1]; ++ox)
                       for (int64_t c = 0; c < inner; ++c) sums[x * inner + c] += line[ox * inner + c];
                 }
                 T* const row = to.row(p, z, y);
                 if (to.step() == 1)
                   for (int64_t x = 0; x < in_length; ++x) row[x] = static_cast<T>(sums[x]);
                 else
                   for (int64_t x = 0; x < in_length; ++x) row[x * to.step()] = static_cast<T>(sums[x]);
               }
             });
}

// The nearest elements are copied: a row that is that of the output row before is copied from there.
template <class T>
void nearest_volumes(const Rows<T>& to, const Rows<const T>& from,
                     const std::array<Table<float>, 3>& tables) {
  const Table<float>&td = tables[0], &th = tables[1], &tw = tables[2];
  const int64_t inner = to.inner(), length = to.length();
  const int32_t* const at = tw.at.data();
  for_planes(to.units() * td.out * th.out, length, [&](int64_t begin, int64_t end) {
    const T* last_source = nullptr;
    T* last_row = nullptr;
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t p = unit / (td.out * th.out), oz = unit / th.out % td.out, oy = unit % th.out;
      const T* const source = from.row(p, td.at[size_t(oz)], th.at[size_t(oy)]);
      T* const row = to.row(p, oz, oy);
      if (source == last_source && to.step() == 1)
        std::copy_n(last_row, length, row);
      else if (inner > 1)
        for (int64_t x = 0; x < tw.out; ++x) std::copy_n(source + at[x] * inner, inner, row + x * inner);
      else if (from.step() == 1 && to.step() == 1)
        for (int64_t x = 0; x < tw.out; ++x) row[x] = source[at[x]];
      else
        for (int64_t x = 0; x < tw.out; ++x) row[x * to.step()] = source[at[x] * from.step()];
      last_source = source;
      last_row = row;
    }
  });
}

template <class C>
std::array<Table<C>, 3> tables_for(const Tensor& in, const Tensor& out, int64_t mode, bool align_corners,
                                   const std::array<std::optional<double>, 3>& scales) {
  std::array<Table<C>, 3> tables;
  const size_t spatial = in.sizes().size() - 2;
  for (size_t d = 0; d < spatial; ++d)
    tables[3 - spatial + d] =
        make_table<C>(in.sizes()[2 + d], out.sizes()[2 + d], mode, align_corners, scales[3 - spatial + d]);
  return tables;
}

// Lines (N, C, L) as planes of one row.
Tensor as_plane(const Tensor& t) {
  if (t.dim() != 3) return t;
  return alias(t, DimVec{t.size(0), t.size(1), 1, t.size(2)},
               DimVec{t.stride(0), t.stride(1), 0, t.stride(2)}, t.offset());
}

} // namespace

void resample(const Tensor& out_, const Tensor& input_, int64_t mode, bool align_corners,
              std::optional<double> scale_d, std::optional<double> scale_h, std::optional<double> scale_w) {
  if (out_.numel() == 0) return;
  const Tensor out = as_plane(out_), input = as_plane(input_);
  const size_t spatial = out.sizes().size() - 2;
  const std::array<std::optional<double>, 3> scales{scale_d, scale_h, scale_w};
  const auto run = [&](auto tag, auto compute) {
    using T = typename decltype(tag)::type;
    using C = typename decltype(compute)::type;
    const Planes<const T> from(input, spatial);
    const Planes<T> to(out, spatial);
    const bool pixels = has_pixels(from) && has_pixels(to);
    auto tables = tables_for<C>(input, out, mode, align_corners, scales);
    if constexpr (kBytes<T>)
      for (Table<C>& table : tables) quantize(table);
    resample_volumes<T, C>({to, pixels}, {from, pixels}, tables);
  };
  if (mode <= kNearestExact) {
    const auto tables = tables_for<float>(input, out, mode, align_corners, scales);
    visit_width(input.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const Planes<const T> from(input, spatial);
      const Planes<T> to(out, spatial);
      const bool pixels = has_pixels(from) && has_pixels(to);
      nearest_volumes<T>({to, pixels}, {from, pixels}, tables);
    });
  } else if (input.dtype() == DType::UInt8) {
    run(TypeTag<uint8_t>{}, TypeTag<double>{});
  } else {
    visit_floating("upsample", input.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      run(tag, TypeTag<std::conditional_t<std::is_same_v<T, double>, double, float>>{});
    });
  }
}

void resample_backward(const Tensor& grad_input_, const Tensor& grad_output_, int64_t mode,
                       bool align_corners, std::optional<double> scale_d, std::optional<double> scale_h,
                       std::optional<double> scale_w) {
  if (grad_input_.numel() == 0) return;
  const Tensor grad_input = as_plane(grad_input_), grad_output = as_plane(grad_output_);
  const size_t spatial = grad_input.sizes().size() - 2;
  visit_floating("upsample_backward", grad_input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
    const Planes<const T> from(grad_output, spatial);
    const Planes<T> to(grad_input, spatial);
    const bool pixels = has_pixels(from) && has_pixels(to);
    const auto tables =
        tables_for<C>(grad_input, grad_output, mode, align_corners, {scale_d, scale_h, scale_w});
    if (mode <= kNearestExact)
      spread_nearest<T, C>({to, pixels}, {from, pixels}, tables);
    else
      spread_volumes<T, C>({to, pixels}, {from, pixels}, tables);
  });
}

} // namespace torch::TORCH_ISA

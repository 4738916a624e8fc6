// One filter for every channel, channels side by side in memory: each tap is a product of vectors of
// channels. Included by conv.cpp only.
#pragma once

#include "kernels/cpu/conv_engine.h"

namespace torch::TORCH_ISA {
namespace {

inline bool is_depthwise(const ConvGeometry& g) {
  return g.groups > 1 && g.large_channels == 1 && g.small_channels == 1;
}

// What a tap reads for the first of several outputs, and its weights for all channels.
template <class C> struct Tap { const C *from, *weight; };
// kCount neighbouring outputs, whose windows are `from_step` apart: a vector of weights serves all of them.
template <class C, int kCount>
void depthwise_outputs(const std::vector<Tap<C>>& taps, int64_t from_step, const C* bias, C* to,
                       int64_t to_step, int64_t channels) {
  constexpr int64_t lanes = kLanesOf<C>;
  int64_t c = 0;
  for (; c + lanes <= channels; c += lanes) {
    VecT<C> sums[kCount];
    for (int k = 0; k < kCount; ++k) sums[k] = bias ? vload<C>(bias + c) : VecT<C>{};
    for (const Tap<C>& tap : taps) {
      const VecT<C> weight = vload<C>(tap.weight + c);
      for (int k = 0; k < kCount; ++k)
        sums[k] = vfma<C>(vload<C>(tap.from + c + k * from_step), weight, sums[k]);
    }
    for (int k = 0; k < kCount; ++k) vstore<C>(to + c + k * to_step, sums[k]);
  }
  for (; c < channels; ++c)
    for (int k = 0; k < kCount; ++k) {
      C sum = bias ? bias[c] : C{};
      for (const Tap<C>& tap : taps) sum += tap.from[c + k * from_step] * tap.weight[c];
      to[c + k * to_step] = sum;
    }
}

// Results o in [0, count) at start + o * to_step of the result: the sum over taps of source[o * step +
// shift].
struct PixelSum {
  std::vector<int64_t> taps;
  std::vector<Three> shifts; // of those taps
  Three step{1, 1, 1}, count{0, 0, 0}, to_step{0, 0, 0};
  int64_t start = 0;
};

// by_tap: [tap][channel].
template <class C>
void depthwise_pixels(const PixelSum& sum, int64_t batch, int64_t channels, Images<const C> from,
                      const Three& from_sizes, const C* by_tap, const C* bias, Images<C> to) {
  const int64_t step = sum.step[2], pixels = sum.count[2];
  // Outputs of a row whose windows lie inside the image from side to side.
  int64_t low = 0, high = 0;
  for (const Three& shift : sum.shifts) low = std::min(low, shift[2]), high = std::max(high, shift[2]);
  const int64_t inside = std::min((-low + step - 1) / step, pixels);
  const int64_t room = from_sizes[2] - 1 - high; // of the first window, to the right
  const int64_t outside = std::max(inside, room < 0 ? 0 : std::min(room / step + 1, pixels));
  const int64_t rows = sum.count[0] * sum.count[1];
  const int64_t work = pixels * channels * int64_t(sum.taps.size()) / 8;
  parallel_for(
      0, batch * rows, std::max<int64_t>(1, kGrain / std::max<int64_t>(work, 1)),
      [&](int64_t begin, int64_t end) {
        std::vector<Tap<C>> of_row, of_output;
        std::vector<int64_t> columns; // where the taps of of_row begin
        for (int64_t unit = begin; unit < end; ++unit) {
          const int64_t n = unit / rows, oz = unit % rows / sum.count[1], oy = unit % sum.count[1];
          of_row.clear();
          columns.clear();
          for (size_t i = 0; i < sum.taps.size(); ++i) {
            const Three& shift = sum.shifts[i];
            const int64_t z = oz * sum.step[0] + shift[0], y = oy * sum.step[1] + shift[1];
            if (z < 0 || z >= from_sizes[0] || y < 0 || y >= from_sizes[1]) continue;
            of_row.push_back({from.data + n * from.image + z * from.strides[0] + y * from.strides[1],
                              by_tap + sum.taps[i] * channels});
            columns.push_back(shift[2]);
          }
          C* const out = to.data + n * to.image + sum.start + oz * sum.to_step[0] + oy * sum.to_step[1];
          const int64_t from_step = step * from.strides[2], to_step = sum.to_step[2];
          const auto outputs = [&]<int kCount>(std::integral_constant<int, kCount>, int64_t ox) {
            of_output.clear();
            for (size_t i = 0; i < of_row.size(); ++i) {
              const int64_t x = ox * step + columns[i];
              if (x >= 0 && x < from_sizes[2])
                of_output.push_back({of_row[i].from + x * from.strides[2], of_row[i].weight});
            }
            depthwise_outputs<C, kCount>(of_output, from_step, bias, out + ox * to_step, to_step, channels);
          };
          for (int64_t ox = 0; ox < pixels;) {
            const int64_t left = ox < inside ? 0 : outside - ox;
            if (left >= 8) {
              outputs(std::integral_constant<int, 8>{}, ox);
              ox += 8;
            } else if (left >= 4) {
              outputs(std::integral_constant<int, 4>{}, ox);
              ox += 4;
            } else if (left >= 2) {
              outputs(std::integral_constant<int, 2>{}, ox);
              ox += 2;
            } else {
              outputs(std::integral_constant<int, 1>{}, ox);
              ++ox;
            }
          }
        }
      });
}

template <class C> Scratch weight_by_tap(const ConvGeometry& g, const C* weight) {
  Scratch memory(size_t(g.taps() * g.groups) * sizeof(C));
  C* const by_tap = memory.as<C>();
  for (int64_t c = 0; c < g.groups; ++c)
    for (int64_t t = 0; t < g.taps(); ++t) by_tap[t * g.groups + c] = weight[c * g.taps() + t];
  return memory;
}

template <class C>
void depthwise_to_small(const ConvGeometry& g, Images<const C> large, const C* weight, const C* bias,
                        Images<C> small) {
  const Scratch by_tap = weight_by_tap<C>(g, weight);
  PixelSum sum;
  sum.step = g.stride;
  sum.count = g.small;
  sum.to_step = small.strides;
  for (int64_t t = 0; t < g.taps(); ++t) {
    Three shift = tap_at(g, t);
    for (size_t d = 0; d < 3; ++d) shift[d] = shift[d] * g.dilation[d] - g.padding[d];
    sum.taps.push_back(t);
    sum.shifts.push_back(shift);
  }
  depthwise_pixels<C>(sum, g.batch, g.groups, large, g.large, by_tap.as<C>(), bias, small);
}

template <class C>
void depthwise_to_large(const ConvGeometry& g, Images<const C> small, const C* weight, const C* bias,
                        Images<C> large) {
  const Scratch by_tap = weight_by_tap<C>(g, weight);
  for (int64_t f = 0; f < g.stride[0] * g.stride[1] * g.stride[2]; ++f) {
    // With u = i + padding = stride * v + phase, taps of that phase meet small[v - shift].
    const Three phase{f / (g.stride[1] * g.stride[2]), f / g.stride[2] % g.stride[1], f % g.stride[2]};
    PixelSum sum;
    Three first;
    for (size_t d = 0; d < 3; ++d) {
      first[d] = ceil_div(g.padding[d] - phase[d], g.stride[d]);
      sum.count[d] = ceil_div(g.padding[d] + g.large[d] - phase[d], g.stride[d]) - first[d];
      sum.start += (g.stride[d] * first[d] + phase[d] - g.padding[d]) * large.strides[d];
      sum.to_step[d] = g.stride[d] * large.strides[d];
    }
    if (sum.count[0] <= 0 || sum.count[1] <= 0 || sum.count[2] <= 0) continue;
    for (int64_t t = 0; t < g.taps(); ++t) {
      const Three tap = tap_at(g, t);
      Three shift;
      bool mine = true;
      for (size_t d = 0; d < 3; ++d) {
        mine = mine && tap[d] * g.dilation[d] % g.stride[d] == phase[d];
        shift[d] = first[d] - tap[d] * g.dilation[d] / g.stride[d];
      }
      if (!mine) continue;
      sum.taps.push_back(t);
      sum.shifts.push_back(shift);
    }
    depthwise_pixels<C>(sum, g.batch, g.groups, small, g.small, by_tap.as<C>(), bias, large);
  }
}

// sums[k][0, lanes) += products of `count` gradients with what lies k * tap_step on. kAdjacent: the step is
// that from one gradient to the next, so that four of them share most of what they read.
template <class C, int kTaps, bool kAdjacent>
void depthwise_weight_run(const C* grad, int64_t grad_step, const C* from, int64_t from_step,
                          int64_t tap_step, int64_t count, C* sums, int64_t sums_row) {
  VecT<C> even[kTaps] = {}, odd[kTaps] = {}; // enough sums to hide the latency
  int64_t x = 0;
  if constexpr (kAdjacent)
    for (; x + 4 <= count; x += 4) {
      VecT<C> read[kTaps + 3];
#pragma GCC unroll 8
      for (int k = 0; k < kTaps + 3; ++k) read[k] = vload<C>(from + (x + k) * from_step);
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        const VecT<C> g = vload<C>(grad + (x + i) * grad_step);
#pragma GCC unroll 4
        for (int k = 0; k < kTaps; ++k)
          (i % 2 ? odd : even)[k] = vfma<C>(g, read[i + k], (i % 2 ? odd : even)[k]);
      }
    }
  for (; x + 2 <= count; x += 2) {
    const VecT<C> g0 = vload<C>(grad + x * grad_step), g1 = vload<C>(grad + (x + 1) * grad_step);
#pragma GCC unroll 4
    for (int k = 0; k < kTaps; ++k) {
      even[k] = vfma<C>(g0, vload<C>(from + x * from_step + k * tap_step), even[k]);
      odd[k] = vfma<C>(g1, vload<C>(from + (x + 1) * from_step + k * tap_step), odd[k]);
    }
  }
  for (; x < count; ++x) {
    const VecT<C> g = vload<C>(grad + x * grad_step);
#pragma GCC unroll 4
    for (int k = 0; k < kTaps; ++k)
      even[k] = vfma<C>(g, vload<C>(from + x * from_step + k * tap_step), even[k]);
  }
#pragma GCC unroll 4
  for (int k = 0; k < kTaps; ++k)
    vstore<C>(sums + k * sums_row, vload<C>(sums + k * sums_row) + (even[k] + odd[k]));
}

// to: dense [channel][tap]. Each channel is summed by one thread.
template <class C>
void depthwise_weight(const ConvGeometry& g, Images<const C> large, Images<const C> small, C* to) {
  constexpr int64_t lanes = kLanesOf<C>;
  const int64_t channels = g.groups, taps = g.taps(), width = g.kernel[2];
  const int64_t tap_step = g.dilation[2] * large.strides[2], from_step = g.stride[2] * large.strides[2];
  std::vector<std::pair<int64_t, int64_t>> ranges; // of outputs for which a column of the kernel reads inside
  for (int64_t i = 0; i < width; ++i) {
    const int64_t shift = i * g.dilation[2] - g.padding[2];
    const int64_t first = std::min(std::max<int64_t>(0, ceil_div(-shift, g.stride[2])), g.small[2]);
    ranges.emplace_back(first, std::clamp(ceil_div(g.large[2] - shift, g.stride[2]), first, g.small[2]));
  }
  const bool adjacent = from_step == tap_step;
  const int64_t vectors = (channels + lanes - 1) / lanes;
  const double work = double(g.batch * g.small[0] * g.small[1] * g.small[2]) * double(taps);
  parallel_for(
      0, vectors, static_cast<int64_t>(std::max(1.0, 1e5 / std::max(work, 1.0))),
      [&](int64_t begin, int64_t end) {
        // Image by image: one stays in the cache while vectors of channels run through it.
        const Scratch table(size_t((end - begin) * taps * lanes) * sizeof(C));
        std::fill_n(table.as<C>(), (end - begin) * taps * lanes, C{});
        for (int64_t n = 0; n < g.batch; ++n)
          for (int64_t v = begin; v < end; ++v) {
            C* const sums = table.as<C>() + (v - begin) * taps * lanes;
            const int64_t c = v * lanes, rest = std::min(lanes, channels - c);
            for (int64_t oz = 0; oz < g.small[0]; ++oz)
              for (int64_t oy = 0; oy < g.small[1]; ++oy) {
                const C* const grad =
                    small.data + n * small.image + oz * small.strides[0] + oy * small.strides[1] + c;
                for (int64_t t = 0; t < taps; t += width) {
                  const Three tap = tap_at(g, t);
                  const int64_t z = oz * g.stride[0] + tap[0] * g.dilation[0] - g.padding[0],
                                y = oy * g.stride[1] + tap[1] * g.dilation[1] - g.padding[1];
                  if (z < 0 || z >= g.large[0] || y < 0 || y >= g.large[1]) continue;
                  const C* const from =
                      large.data + n * large.image + z * large.strides[0] + y * large.strides[1] + c;
                  // Taps of a row that read inside the image for the same outputs run together.
                  for (int64_t k = 0; k < width;) {
                    const int64_t together = rest == lanes ? std::min<int64_t>(4, width - k) : 1;
                    int64_t first = 0, last = g.small[2];
                    for (int64_t i = k; i < k + together; ++i)
                      first = std::max(first, ranges[size_t(i)].first),
                      last = std::min(last, ranges[size_t(i)].second);
                    last = std::max(first, last);
                    const auto run = [&](int64_t i, int64_t count, int64_t a, int64_t b) {
                      const C* const gs = grad + a * small.strides[2];
                      const C* const xs =
                          from + (a * g.stride[2] + i * g.dilation[2] - g.padding[2]) * large.strides[2];
                      C* const at = sums + (t + i) * lanes;
                      const auto call = [&]<int K>(std::integral_constant<int, K>) {
                        (adjacent ? depthwise_weight_run<C, K, (K > 2)>
                                  : depthwise_weight_run<C, K, false>)(gs, small.strides[2], xs, from_step,
                                                                       tap_step, b - a, at, lanes);
                      };
                      if (a >= b) return;
                      if (rest < lanes) {
                        for (int64_t x = 0; x < b - a; ++x)
                          for (int64_t l = 0; l < rest; ++l)
                            at[l] += gs[x * small.strides[2] + l] * xs[x * from_step + l];
                      } else if (count == 4) {
                        call(std::integral_constant<int, 4>{});
                      } else if (count == 3) {
                        call(std::integral_constant<int, 3>{});
                      } else if (count == 2) {
                        call(std::integral_constant<int, 2>{});
                      } else {
                        call(std::integral_constant<int, 1>{});
                      }
                    };
                    run(k, together, first, last);
                    for (int64_t i = k; i < k + together && together > 1; ++i) {
                      const auto [a, b] = ranges[size_t(i)];
                      run(i, 1, a, std::min(b, first));
                      run(i, 1, std::max(a, last), b);
                    }
                    k += together;
                  }
                }
              }
          }
        for (int64_t c = begin * lanes; c < std::min(end * lanes, channels); ++c)
          for (int64_t t = 0; t < taps; ++t)
            to[c * taps + t] = table.as<C>()[((c / lanes - begin) * taps + t) * lanes + c % lanes];
      });
}

} // namespace
} // namespace torch::TORCH_ISA

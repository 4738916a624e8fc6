// group_norm of contiguous (N, C, *) and its gradient.
#include "kernels/cpu/norm.h"
#include "kernels/create_kernels.h"
#include "kernels/nn_kernels.h"

#include <numeric>
#include <type_traits>

namespace torch::TORCH_ISA {

namespace {

struct Shape {
  int64_t n, channels, plane, groups, per_group; // per_group: channels of a group
  int64_t length() const { return per_group * plane; }
};
Shape shape_of(const Tensor& input, int64_t groups) {
  const int64_t n = input.size(0), c = input.size(1);
  return {n, c, n * c == 0 ? 0 : input.numel() / (n * c), groups, c / groups};
}

// Weight or bias for each element of a sample, where planes are small.
template <class T> class OfElements {
public:
  OfElements(const Coefficients<T>& of_channels, const Shape& s)
      : memory_(s.plane < kSmallPlane ? size_t(s.channels * s.plane) * sizeof(T) : 0) {
    if (s.plane < kSmallPlane) repeat_each(memory_.as<T>(), of_channels.data(), s.channels, s.plane);
  }
  const T* data() const { return memory_.as<T>(); }

private:
  Scratch memory_;
};

template <class T>
void forward(const Tensor& out, const Tensor& mean, const Tensor& rstd, const Tensor& input, const Shape& s,
             const Tensor& weight, const Tensor& bias, double eps) {
  using V = Vec<T>;
  const Coefficients<T> w(weight, s.channels, T(1)), b(bias, s.channels, T(0));
  const OfElements<T> weights(w, s), biases(b, s);
  const DType type = input.dtype();
  const int64_t length = s.length();
  parallel_for(0, s.n * s.groups, std::max<int64_t>(1, kGrain / (4 * length)), [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      const char* const x = advance(static_cast<const void*>(input.data()), type, i * length);
      char* const y = advance(out.data(), type, i * length);
      const MeanVar stats = moments_of<T>(x, type, length);
      const InverseRoot<T> root(stats.var + eps);
      const T m = T(stats.mean), scale = root.value;
      mean.data<T>()[i] = m;
      rstd.data<T>()[i] = scale;
      if (s.plane < kSmallPlane) {
        alignas(64) T in_buffer[kNormBlock], out_buffer[kNormBlock];
        const V rest(mean_rest(stats.mean, scale));
        for (int64_t first = 0; first < length; first += kNormBlock) {
          const int64_t size = std::min(kNormBlock, length - first);
          const T* const from_x =
              read_block<T>(advance(static_cast<const void*>(x), type, first), type, size, in_buffer);
          T* const to_y = block_target<T>(advance(static_cast<void*>(y), type, first), type, out_buffer);
          const int64_t place = i % s.groups * length + first;
          const T *const of_w = weights.data() + place, *const of_b = biases.data() + place;
          each_vec<T>(size, [&](int64_t j, auto load, auto store) {
            const V d = load(from_x + j) - V(m), wj = load(of_w + j), factor = V(scale) * wj;
            V shift = fused(rest, wj, load(of_b + j));
            if constexpr (std::is_same_v<T, double>)
              shift = fused(d, fused(V(scale), wj, -factor) + V(root.rest) * wj, shift);
            store(to_y + j, fused(d, factor, shift));
          });
          write_block(advance(static_cast<void*>(y), type, first), type, size, to_y);
        }
        continue;
      }
      for (int64_t k = 0; k < s.per_group; ++k) {
        const int64_t c = i % s.groups * s.per_group + k;
        const T factor = scale * w[c], factor_rest = std::fma(scale, w[c], -factor) + root.rest * w[c];
        affine_run<T>(advance(static_cast<void*>(y), type, k * s.plane), advance(x, type, k * s.plane), type,
                      s.plane, m, factor, b[c] + mean_rest(stats.mean, factor), factor_rest);
      }
    }
  });
}

// Channels-last images, one pixel after another; statistics of each channel add up to those of its group.
template <class T>
void forward_pixels(const Tensor& out, const Tensor& mean, const Tensor& rstd, const Tensor& input,
                    const Shape& s, const Tensor& weight, const Tensor& bias, double eps) {
  const Coefficients<T> w(weight, s.channels, T(1)), b(bias, s.channels, T(0));
  using V = Vec<T>;
  const int64_t c = s.channels;
  const bool past_cache = 2 * input.numel() * input.itemsize() >= past_cache_bytes();
  parallel_for(0, s.n, std::max<int64_t>(1, kGrain / (4 * c * s.plane)), [&](int64_t from, int64_t to) {
    std::vector<T> part(static_cast<size_t>(c)), centre(part), scale(part), shift(part);
    std::vector<double> total(static_cast<size_t>(c)), means(total);
    for (int64_t n = from; n < to; ++n) {
      const T* const x = input.data<T>() + n * c * s.plane;
      T* const y = out.data<T>() + n * c * s.plane;
      // Sums over the pixels of value - centre, or its square, by channel: in T of some, then in double.
      const auto sum_pixels = [&](auto square) {
        std::fill(total.begin(), total.end(), 0.0);
        for (int64_t first = 0; first < s.plane; first += kRowsTogether) {
          each_of_rows<T>(first, std::min(first + kRowsTogether, s.plane), c, {x},
                          [&](int64_t p, int64_t pixels, int64_t k, auto load, auto store) {
                            V sum(T(0));
                            const V m = load(centre.data() + k);
                            for (int64_t at = p * c + k; pixels > 0; --pixels, at += c) {
                              const V d = load(x + at) - m;
                              sum = decltype(square)::value ? fused(d, d, sum) : sum + d;
                            }
                            store(part.data() + k, sum);
                          });
          for (int64_t k = 0; k < c; ++k) total[size_t(k)] += double(part[size_t(k)]);
        }
      };
      const auto group_mean = [&](int64_t g) {
        double sum = 0;
        for (int64_t k = 0; k < s.per_group; ++k) sum += total[size_t(g * s.per_group + k)];
        return sum / double(s.per_group * s.plane);
      };
      std::copy_n(x, c, centre.begin()); // differences from the first pixel keep sums in T small
      sum_pixels(std::false_type{});
      for (int64_t k = 0; k < c; ++k) total[size_t(k)] += double(centre[size_t(k)]) * double(s.plane);
      for (int64_t g = 0; g < s.groups; ++g) {
        const double m = group_mean(g);
        std::fill_n(means.begin() + g * s.per_group, s.per_group, m);
        std::fill_n(centre.begin() + g * s.per_group, s.per_group, T(m));
      }
      sum_pixels(std::true_type{});
      for (int64_t g = 0; g < s.groups; ++g) {
        const T r = T(1 / std::sqrt(group_mean(g) + eps));
        mean.data<T>()[n * s.groups + g] = centre[size_t(g * s.per_group)];
        rstd.data<T>()[n * s.groups + g] = r;
        for (int64_t k = g * s.per_group; k < (g + 1) * s.per_group; ++k) {
          scale[size_t(k)] = r * w[k];
          shift[size_t(k)] = b[k] + mean_rest(means[size_t(k)], scale[size_t(k)]);
        }
      }
      write_rows<T>(y, 0, s.plane, c, {}, past_cache, [&](int64_t k, auto load) {
        return [=, m = load(centre.data() + k), factor = load(scale.data() + k),
                rest = load(shift.data() + k)](int64_t at, auto load) {
          return fused(load(x + at) - m, factor, rest);
        };
      });
    }
  });
}

// The gradient of a group's input from the sums over the group of grad * weight and of that times the
// normalised input.
template <class T> class GroupSlope {
public:
  GroupSlope(double sum, double dot, const Shape& s, T mean, T scale)
      : mean_(mean), scale_(scale), mean_g_(T(sum / double(s.length()))),
        slope_(T(dot / double(s.length()) * double(scale))) {}

  // Elements [start, start + length); weight_at(j, load): weights from start + j on. Past the cache: the
  // caller has to end with stream_fence().
  template <class WeightAt>
  void run(const Tensor& out, const Tensor& grad, const Tensor& input, int64_t start, int64_t length,
           bool past_cache, const WeightAt& weight_at) const {
    using V = Vec<T>;
    const DType type = input.dtype();
    const V mean(mean_), scale(scale_), mean_g(mean_g_), slope(slope_);
    alignas(64) T g_buffer[kNormBlock], x_buffer[kNormBlock], out_buffer[kNormBlock];
    for (int64_t first = 0; first < length; first += kNormBlock) {
      const int64_t size = std::min(kNormBlock, length - first), at = start + first;
      const T* const pg =
          read_block<T>(advance(static_cast<const void*>(grad.data()), type, at), type, size, g_buffer);
      const T* const px =
          read_block<T>(advance(static_cast<const void*>(input.data()), type, at), type, size, x_buffer);
      char* const target = advance(out.data(), type, at);
      const bool aside = past_cache && type == dtype_of<T>();
      T* const po = aside ? out_buffer : block_target<T>(target, type, out_buffer);
      each_vec<T>(size, [&](int64_t j, auto load, auto store) {
        store(po + j,
              scale * (load(pg + j) * weight_at(first + j, load) - mean_g - (load(px + j) - mean) * slope));
      });
      if (aside)
        stream(target, po, size * int64_t(sizeof(T)));
      else
        write_block(target, type, size, po);
    }
  }

private:
  T mean_, scale_, mean_g_, slope_;
};

// Gradients of weight and bias from what each sample adds to them: sum of grad and of grad * (x - mean).
template <class T>
void store_of_channels(const Tensor& grad_weight, const Tensor& grad_bias, const double* sum,
                       const double* dot, const Tensor& rstd, const Shape& s) {
  if (!grad_weight.defined() && !grad_bias.defined()) return;
  const Scratch result(size_t(s.channels) * 2 * sizeof(double));
  double *const gw = result.as<double>(), *const gb = gw + s.channels;
  std::fill_n(gw, 2 * s.channels, 0.0);
  for (int64_t i = 0; i < s.n * s.groups; ++i) {
    const double scale = double(rstd.data<T>()[i]);
    const int64_t c = i % s.groups * s.per_group, p = i * s.per_group;
    for (int64_t k = 0; k < s.per_group; ++k) {
      gw[c + k] += dot[p + k] * scale;
      gb[c + k] += sum[p + k];
    }
  }
  if (grad_weight.defined()) store_values(grad_weight, gw, s.channels);
  if (grad_bias.defined()) store_values(grad_bias, gb, s.channels);
}

// Per sample and channel: sums of grad and of grad * (x - mean), from which all three gradients follow as in
// layer_norm.
template <class T>
void backward(const Tensor& grad_input, const Tensor& grad_weight, const Tensor& grad_bias,
              const Tensor& grad, const Tensor& input, const Tensor& mean, const Tensor& rstd,
              const Tensor& weight, const Shape& s) {
  const Coefficients<T> w(weight, s.channels, T(1));
  const DType type = input.dtype();
  const int64_t planes = s.n * s.channels;
  const bool past_cache = 3 * planes * s.plane * item_size(type) >= past_cache_bytes();
  const Scratch memory(size_t(std::max<int64_t>(planes, 1)) * 2 * sizeof(double));
  double *const sum = memory.as<double>(), *const dot = sum + planes;
  parallel_for(0, s.n * s.groups, std::max<int64_t>(1, kGrain / (6 * s.per_group * s.plane)),
               [&](int64_t from, int64_t to) {
                 for (int64_t i = from; i < to; ++i) {
                   const T m = mean.data<T>()[i], scale = rstd.data<T>()[i];
                   double group_sum = 0, group_dot = 0;
                   const int64_t first_channel = i % s.groups * s.per_group;
                   for (int64_t k = 0; k < s.per_group; ++k) {
                     const int64_t p = i * s.per_group + k, c = first_channel + k;
                     sum[p] = dot[p] = 0;
                     add_products<T>(sum[p], dot[p],
                                     advance(static_cast<const void*>(grad.data()), type, p * s.plane),
                                     advance(static_cast<const void*>(input.data()), type, p * s.plane), type,
                                     s.plane, m);
                     group_sum += sum[p] * double(w[c]);
                     group_dot += dot[p] * double(w[c]);
                   }
                   if (!grad_input.defined()) continue;
                   const GroupSlope<T> slope(group_sum, group_dot * double(scale), s, m, scale);
                   for (int64_t k = 0; k < s.per_group; ++k) {
                     const Vec<T> weight_c(w[first_channel + k]);
                     slope.run(grad_input, grad, input, (i * s.per_group + k) * s.plane, s.plane, past_cache,
                               [=](int64_t, auto) { return weight_c; });
                   }
                 }
               });
  store_of_channels<T>(grad_weight, grad_bias, sum, dot, rstd, s);
}

// The same of small planes: the elements of a group are gone through as one run. What they add to the
// gradients of weight and bias is kept element by element for some samples, whose number depends on the shape
// alone.
template <class T>
void backward_small(const Tensor& grad_input, const Tensor& grad_weight, const Tensor& grad_bias,
                    const Tensor& grad, const Tensor& input, const Tensor& mean, const Tensor& rstd,
                    const Tensor& weight, const Shape& s) {
  using V = Vec<T>;
  const Coefficients<T> w(weight, s.channels, T(1));
  const OfElements<T> weights(w, s);
  const DType type = input.dtype();
  const int64_t length = s.length();
  const int64_t samples = std::max(kRowsTogether, (s.n + 63) / 64), pieces = (s.n + samples - 1) / samples;
  const Scratch memory(size_t(pieces * s.channels) * 2 * sizeof(double));
  double *const sums = memory.as<double>(), *const dots = sums + pieces * s.channels;
  // Groups of one sample that a task takes: all of them, in the order of memory, unless their sums are many.
  const int64_t together = std::clamp<int64_t>(4096 / length, 1, s.groups),
                parts = (s.groups + together - 1) / together;
  const bool past_cache = 3 * s.n * s.groups * length * item_size(type) >= past_cache_bytes();
  const auto run_group = [&](int64_t i, const T* of_group, T* recent_sum, T* recent_dot) {
    alignas(64) T g_buffer[kNormBlock], x_buffer[kNormBlock];
    const T m = mean.data<T>()[i], scale = rstd.data<T>()[i];
    double group_sum = 0, group_dot = 0;
    for (int64_t first = 0; first < length; first += kNormBlock) {
      const int64_t size = std::min(kNormBlock, length - first), at = i * length + first;
      const T* const pg =
          read_block<T>(advance(static_cast<const void*>(grad.data()), type, at), type, size, g_buffer);
      const T* const px =
          read_block<T>(advance(static_cast<const void*>(input.data()), type, at), type, size, x_buffer);
      T *const ps = recent_sum + first, *const pd = recent_dot + first;
      const T* const pw = of_group + first;
      V sum(T(0)), dot(T(0));
      const auto step = [&](int64_t j, V g, V x, V wj, auto load, auto store) __attribute__((always_inline)) {
        const V scaled = (x - V(m)) * V(scale), of_w = g * wj;
        sum = sum + of_w;
        dot = fused(of_w, scaled, dot);
        store(ps + j, load(ps + j) + g);
        store(pd + j, fused(g, scaled, load(pd + j)));
      };
      int64_t j = 0;
      for (; j + V::kLanes <= size; j += V::kLanes) {
        ask_ahead(pg + j);
        ask_ahead(px + j);
        step(
            j, V::load(pg + j), V::load(px + j), V::load(pw + j), [](const T* p) { return V::load(p); },
            [](T* p, V v) { v.store(p); });
      }
      if (const int64_t rest = size - j; rest > 0)
        step(
            j, load_or_zero(pg + j, rest), V::load_partial(px + j, rest), V::load_partial(pw + j, rest),
            [rest](const T* p) { return V::load_partial(p, rest); },
            [rest](T* p, V v) { v.store_partial(p, rest); });
      const auto add = [](V p, V q) { return p + q; };
      group_sum += double(fold_lanes(sum, add));
      group_dot += double(fold_lanes(dot, add));
    }
    if (grad_input.defined())
      GroupSlope<T>(group_sum, group_dot, s, m, scale)
          .run(grad_input, grad, input, i * length, length, past_cache,
               [=](int64_t j, auto load) { return load(of_group + j); });
  };
  const auto run_task = [&](int64_t piece, int64_t first_group, T* recent, double* total) {
    const int64_t count = std::min(together, s.groups - first_group), wide = count * length;
    const int64_t last = std::min(s.n, (piece + 1) * samples);
    std::fill_n(total, 2 * wide, 0.0);
    for (int64_t start = piece * samples; start < last; start += kRowsTogether) {
      std::fill_n(recent, 2 * wide, T(0));
      for (int64_t n = start; n < std::min(last, start + kRowsTogether); ++n)
        for (int64_t k = 0; k < count; ++k)
          run_group(n * s.groups + first_group + k, weights.data() + (first_group + k) * length,
                    recent + k * length, recent + wide + k * length);
      Lanes<SumJoin, T, double>::columns(total, recent, 0, 1, 2 * wide, nullptr);
    }
    for (int64_t k = 0; k < count * s.per_group; ++k) {
      const int64_t p = piece * s.channels + first_group * s.per_group + k;
      sums[p] = std::accumulate(total + k * s.plane, total + (k + 1) * s.plane, 0.0);
      dots[p] = std::accumulate(total + wide + k * s.plane, total + wide + (k + 1) * s.plane, 0.0);
    }
  };
  parallel_for(0, pieces * parts, std::max<int64_t>(1, kGrain / (6 * samples * together * length)),
               [&](int64_t from, int64_t to) {
                 const Scratch own(size_t(2 * together * length) * (sizeof(double) + sizeof(T)));
                 double* const total = own.as<double>();
                 for (int64_t t = from; t < to; ++t)
                   run_task(t / parts, t % parts * together,
                            reinterpret_cast<T*>(total + 2 * together * length), total);
                 stream_fence();
               });
  const auto store_sums = [&](const Tensor& to, double* of_pieces) {
    if (!to.defined()) return;
    for (int64_t piece = 1; piece < pieces; ++piece)
      for (int64_t c = 0; c < s.channels; ++c) of_pieces[c] += of_pieces[piece * s.channels + c];
    store_values(to, of_pieces, s.channels);
  };
  store_sums(grad_weight, dots);
  store_sums(grad_bias, sums);
}

// The same of channels-last images.
template <class T>
void backward_pixels(const Tensor& grad_input, const Tensor& grad_weight, const Tensor& grad_bias,
                     const Tensor& grad, const Tensor& input, const Tensor& mean, const Tensor& rstd,
                     const Tensor& weight, const Shape& s) {
  using V = Vec<T>;
  const Coefficients<T> w(weight, s.channels, T(1));
  const int64_t c = s.channels;
  const bool past_cache = 3 * input.numel() * input.itemsize() >= past_cache_bytes();
  const Scratch memory(size_t(std::max<int64_t>(s.n * c, 1)) * 2 * sizeof(double));
  double *const sums = memory.as<double>(), *const dots = sums + s.n * c;
  parallel_for(0, s.n, std::max<int64_t>(1, kGrain / (6 * c * s.plane)), [&](int64_t from, int64_t to) {
    const Scratch coefficients(size_t(6 * c) * sizeof(T));
    T *const centre = coefficients.as<T>(), *const recent_sum = centre + c,
             *const recent_dot = recent_sum + c;
    T *const scale = recent_dot + c, *const base = scale + c, *const slope = base + c;
    for (int64_t n = from; n < to; ++n) {
      const T *const g = grad.data<T>() + n * c * s.plane, *const x = input.data<T>() + n * c * s.plane;
      double *const sum = sums + n * c, *const dot = dots + n * c;
      const T *const m = mean.data<T>() + n * s.groups, *const r = rstd.data<T>() + n * s.groups;
      repeat_each(centre, m, s.groups, s.per_group);
      std::fill_n(sum, c, 0.0);
      std::fill_n(dot, c, 0.0);
      for (int64_t first = 0; first < s.plane; first += kRowsTogether) {
        each_of_rows<T>(first, std::min(first + kRowsTogether, s.plane), c, {g, x},
                        [&](int64_t p, int64_t pixels, int64_t k, auto load, auto store) {
                          V total(T(0)), product(T(0));
                          const V m_k = load(centre + k);
                          for (int64_t at = p * c + k; pixels > 0; --pixels, at += c) {
                            const V vg = load(g + at);
                            total = total + vg;
                            product = fused(vg, load(x + at) - m_k, product);
                          }
                          store(recent_sum + k, total);
                          store(recent_dot + k, product);
                        });
        for (int64_t k = 0; k < c; ++k) {
          sum[k] += double(recent_sum[k]);
          dot[k] += double(recent_dot[k]);
        }
      }
      if (!grad_input.defined()) continue;
      for (int64_t group = 0; group < s.groups; ++group) {
        double group_sum = 0, group_dot = 0;
        const int64_t first = group * s.per_group, last = first + s.per_group;
        for (int64_t k = first; k < last; ++k) {
          group_sum += sum[k] * double(w[k]);
          group_dot += dot[k] * double(w[k]);
        }
        const double count = double(s.length()), root = double(r[group]);
        for (int64_t k = first; k < last; ++k) {
          scale[k] = T(root * double(w[k]));
          base[k] = T(root * group_sum / count);
          slope[k] = T(group_dot / count * root * root * root);
        }
      }
      T* const out = grad_input.data<T>() + n * c * s.plane;
      write_rows<T>(out, 0, s.plane, c, {}, past_cache, [&](int64_t k, auto load) {
        return [=, a = load(scale + k), b = load(base + k), m = load(centre + k), d = load(slope + k)](
                   int64_t at, auto load) { return fused(load(g + at), a, -fused(load(x + at) - m, d, b)); };
      });
    }
  });
  store_of_channels<T>(grad_weight, grad_bias, sums, dots, rstd, s);
}

} // namespace

void group_norm(const Tensor& out, const Tensor& mean, const Tensor& rstd, const Tensor& input,
                const Tensor& weight, const Tensor& bias, int64_t groups, double eps) {
  const Shape s = shape_of(input, groups);
  if (s.plane == 0) {
    fill(mean, Scalar(NAN));
    return fill(rstd, Scalar(NAN));
  }
  visit_norm("group_norm", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const MemoryFormat format = out.suggested_format();
    if (format != MemoryFormat::Contiguous && input.is_contiguous(format) && input.dtype() == dtype_of<T>())
      return forward_pixels<T>(out, mean, rstd, input, s, weight, bias, eps);
    const Tensor x = input.is_contiguous() ? input : empty_tensor(input.sizes(), input.dtype());
    if (!x.is_same(input)) copy(x, input);
    const Tensor dense = out.is_contiguous() ? out : empty_tensor(out.sizes(), out.dtype());
    forward<T>(dense, mean, rstd, x, s, weight, bias, eps);
    if (!dense.is_same(out)) copy(out, dense);
  });
}

void group_norm_backward(const Tensor& grad_input, const Tensor& grad_weight, const Tensor& grad_bias,
                         const Tensor& grad, const Tensor& input, const Tensor& mean, const Tensor& rstd,
                         const Tensor& weight, int64_t groups) {
  const Shape s = shape_of(input, groups);
  if (s.plane == 0) {
    if (grad_weight.defined()) fill(grad_weight, Scalar(0));
    if (grad_bias.defined()) fill(grad_bias, Scalar(0));
    return;
  }
  visit_norm("group_norm_backward", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const MemoryFormat format = (grad_input.defined() ? grad_input : input).suggested_format();
    if (format != MemoryFormat::Contiguous && input.is_contiguous(format) && grad.is_contiguous(format) &&
        input.dtype() == dtype_of<T>())
      return backward_pixels<T>(grad_input, grad_weight, grad_bias, grad, input, mean, rstd, weight, s);
    const auto dense = [](const Tensor& t) {
      if (t.is_contiguous()) return t;
      const Tensor made = empty_tensor(t.sizes(), t.dtype());
      copy(made, t);
      return made;
    };
    const bool aside = grad_input.defined() && !grad_input.is_contiguous();
    const Tensor target = aside ? empty_tensor(grad_input.sizes(), grad_input.dtype()) : grad_input;
    const Tensor g = dense(grad), x = dense(input);
    if (s.plane < kSmallPlane)
      backward_small<T>(target, grad_weight, grad_bias, g, x, mean, rstd, weight, s);
    else
      backward<T>(target, grad_weight, grad_bias, g, x, mean, rstd, weight, s);
    if (aside) copy(grad_input, target);
  });
}

} // namespace torch::TORCH_ISA

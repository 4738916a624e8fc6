// group_norm of contiguous (N, C, *) and its gradient.
#include "kernels/cpu/norm.h"
#include "kernels/create_kernels.h"
#include "kernels/nn_kernels.h"

#include <type_traits>

namespace torch::TORCH_ISA {

namespace {

struct Shape {
  int64_t n, channels, plane, groups, per_group; // per_group: channels of a group
};
Shape shape_of(const Tensor& input, int64_t groups) {
  const int64_t n = input.size(0), c = input.size(1);
  return {n, c, n * c == 0 ? 0 : input.numel() / (n * c), groups, c / groups};
}

template <class T>
void forward(const Tensor& out, const Tensor& mean, const Tensor& rstd, const Tensor& input, const Shape& s,
             const Tensor& weight, const Tensor& bias, double eps) {
  const Coefficients<T> w(weight, s.channels, T(1)), b(bias, s.channels, T(0));
  const DType type = input.dtype();
  const int64_t length = s.per_group * s.plane;
  parallel_for(0, s.n * s.groups, std::max<int64_t>(1, kGrain / (4 * length)), [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      const char* const x = advance(static_cast<const void*>(input.data()), type, i * length);
      char* const y = advance(out.data(), type, i * length);
      const MeanVar stats = moments_of<T>(x, type, length);
      const InverseRoot<T> root(stats.var + eps);
      const T m = T(stats.mean), scale = root.value;
      mean.data<T>()[i] = m;
      rstd.data<T>()[i] = scale;
      for (int64_t k = 0; k < s.per_group; ++k) {
        const int64_t c = i % s.groups * s.per_group + k;
        const T factor = scale * w[c], factor_rest = std::fma(scale, w[c], -factor) + root.rest * w[c];
        affine_run<T>(advance(static_cast<void*>(y), type, k * s.plane), advance(x, type, k * s.plane), type,
                      s.plane, m, factor, b[c] + mean_rest(stats.mean, factor), factor_rest);
      }
    }
  });
}

template <class T, bool Square>
void add_pixel(T* __restrict sums, const T* __restrict x, const T* __restrict centre, int64_t n) {
  for (int64_t k = 0; k < n; ++k) {
    const T v = x[k] - centre[k];
    sums[k] += Square ? v * v : v;
  }
}
template <class T>
void map_pixel(T* __restrict y, const T* __restrict x, const T* __restrict centre, const T* __restrict scale,
               const T* __restrict shift, int64_t n) {
  for (int64_t k = 0; k < n; ++k) y[k] = (x[k] - centre[k]) * scale[k] + shift[k];
}

// Channels-last images, one pixel after another; statistics of each channel add up to those of its group.
template <class T>
void forward_pixels(const Tensor& out, const Tensor& mean, const Tensor& rstd, const Tensor& input,
                    const Shape& s, const Tensor& weight, const Tensor& bias, double eps) {
  const Coefficients<T> w(weight, s.channels, T(1)), b(bias, s.channels, T(0));
  const int64_t c = s.channels;
  constexpr int64_t block = 64; // pixels summed in T before they go into double
  parallel_for(0, s.n, std::max<int64_t>(1, kGrain / (4 * c * s.plane)), [&](int64_t from, int64_t to) {
    std::vector<T> part(static_cast<size_t>(c)), centre(part), scale(part), shift(part);
    std::vector<double> total(static_cast<size_t>(c)), means(total);
    for (int64_t n = from; n < to; ++n) {
      const T* const x = input.data<T>() + n * c * s.plane;
      T* const y = out.data<T>() + n * c * s.plane;
      // Sums over the pixels of value - centre, or its square, by channel.
      const auto sum_pixels = [&](auto square) {
        std::fill(total.begin(), total.end(), 0.0);
        for (int64_t first = 0; first < s.plane; first += block) {
          std::fill(part.begin(), part.end(), T(0));
          for (int64_t p = first; p < std::min(first + block, s.plane); ++p)
            add_pixel<T, decltype(square)::value>(part.data(), x + p * c, centre.data(), c);
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
      for (int64_t k = 0; k < c; ++k) {
        means[size_t(k)] = group_mean(k / s.per_group);
        centre[size_t(k)] = T(means[size_t(k)]);
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
      for (int64_t p = 0; p < s.plane; ++p)
        map_pixel<T>(y + p * c, x + p * c, centre.data(), scale.data(), shift.data(), c);
    }
  });
}

// Per sample and channel: sums of grad and of grad * (x - mean), from which all three gradients follow as in
// layer_norm.
template <class T>
void backward(const Tensor& grad_input, const Tensor& grad_weight, const Tensor& grad_bias,
              const Tensor& grad, const Tensor& input, const Tensor& mean, const Tensor& rstd,
              const Tensor& weight, const Shape& s) {
  using V = Vec<T>;
  const Coefficients<T> w(weight, s.channels, T(1));
  const DType type = input.dtype();
  const int64_t planes = s.n * s.channels;
  const Scratch memory(size_t(std::max<int64_t>(planes, 1)) * 2 * sizeof(double));
  double *const sum = memory.as<double>(), *const dot = sum + planes;
  parallel_for(
      0, s.n * s.groups, std::max<int64_t>(1, kGrain / (6 * s.per_group * s.plane)),
      [&](int64_t from, int64_t to) {
        alignas(64) T g_buffer[kNormBlock], x_buffer[kNormBlock], out_buffer[kNormBlock];
        for (int64_t i = from; i < to; ++i) {
          const T m = mean.data<T>()[i], scale = rstd.data<T>()[i];
          double group_sum = 0, group_dot = 0;
          for (int64_t k = 0; k < s.per_group; ++k) {
            const int64_t p = i * s.per_group + k, c = p % s.channels;
            sum[p] = dot[p] = 0;
            add_products<T>(sum[p], dot[p], advance(static_cast<const void*>(grad.data()), type, p * s.plane),
                            advance(static_cast<const void*>(input.data()), type, p * s.plane), type, s.plane,
                            m);
            group_sum += sum[p] * double(w[c]);
            group_dot += dot[p] * double(w[c]);
          }
          if (!grad_input.defined()) continue;
          const double count = double(s.per_group * s.plane);
          const V mean_g(T(group_sum / count)), slope(T(group_dot / count * double(scale) * double(scale)));
          for (int64_t k = 0; k < s.per_group; ++k) {
            const int64_t p = i * s.per_group + k;
            const V weight_c(w[p % s.channels]);
            for (int64_t first = 0; first < s.plane; first += kNormBlock) {
              const int64_t size = std::min(kNormBlock, s.plane - first), at = p * s.plane + first;
              const T* const pg = read_block<T>(advance(static_cast<const void*>(grad.data()), type, at),
                                                type, size, g_buffer);
              const T* const px = read_block<T>(advance(static_cast<const void*>(input.data()), type, at),
                                                type, size, x_buffer);
              T* const po = block_target<T>(advance(grad_input.data(), type, at), type, out_buffer);
              each_vec<T>(size, [&](int64_t j, auto load, auto store) {
                store(po + j, V(scale) * (load(pg + j) * weight_c - mean_g - (load(px + j) - V(m)) * slope));
              });
              write_block(advance(grad_input.data(), type, at), type, size, po);
            }
          }
        }
      });
  if (!grad_weight.defined() && !grad_bias.defined()) return;
  const Scratch result(size_t(s.channels) * 2 * sizeof(double));
  double *const gw = result.as<double>(), *const gb = gw + s.channels;
  std::fill_n(gw, 2 * s.channels, 0.0);
  for (int64_t p = 0; p < planes; ++p) {
    gw[p % s.channels] += dot[p] * double(rstd.data<T>()[p / s.per_group]);
    gb[p % s.channels] += sum[p];
  }
  if (grad_weight.defined()) store_values(grad_weight, gw, s.channels);
  if (grad_bias.defined()) store_values(grad_bias, gb, s.channels);
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
    const bool aside = grad_input.defined() && !grad_input.is_contiguous();
    const Tensor dense = aside ? empty_tensor(grad_input.sizes(), grad_input.dtype()) : grad_input;
    backward<typename decltype(tag)::type>(dense, grad_weight, grad_bias, grad, input, mean, rstd, weight, s);
    if (aside) copy(grad_input, dense);
  });
}

} // namespace torch::TORCH_ISA

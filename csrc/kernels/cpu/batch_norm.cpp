// batch_norm of (N, C, *) and its gradient, over contiguous memory (planes of one channel) or channels-last
// memory (rows of all channels). Statistics are in double.
#include "kernels/cpu/norm.h"
#include "kernels/create_kernels.h"
#include "kernels/nn_kernels.h"
#include "kernels/reduce_kernels.h"

namespace torch::TORCH_ISA {

namespace {

// The operands as planes: n x channels x plane, or as rows: n x channels with plane = 1. Small planes make
// rows too, each of their elements being a channel: `repeat` of them are one.
struct Layout {
  bool rows;
  int64_t n, channels, plane, repeat = 1;
  int64_t count() const { return n * plane * repeat; } // values of one channel
};

bool is_channels_last(const Tensor& t) {
  return t.dim() > 2 &&
         (t.is_contiguous(MemoryFormat::ChannelsLast) || t.is_contiguous(MemoryFormat::ChannelsLast3d));
}

Layout layout_of(const Tensor& t) {
  const int64_t n = t.size(0), c = t.size(1), plane = n * c == 0 ? 0 : t.numel() / (n * c);
  if (plane == 1 || (!t.is_contiguous() && is_channels_last(t))) return {true, n * plane, c, 1};
  if (plane < kSmallPlane && n >= 16) return {true, n, c * plane, 1, plane};
  return {false, n, c, plane};
}

// A coefficient of each channel for each of its elements in a row.
template <class T> class Repeated {
public:
  Repeated(const T* values, const Layout& l) : values_(values) {
    if (l.repeat == 1) return;
    memory_.emplace(size_t(l.channels) * sizeof(T));
    repeat_each(memory_->template as<T>(), values, l.channels / l.repeat, l.repeat);
    values_ = memory_->template as<T>();
  }
  operator const T*() const { return values_; }

private:
  const T* values_;
  std::optional<Scratch> memory_;
};

// Mean and variance of the channels of small planes: those of each element are of equally many values.
void small_plane_moments(double* mean, double* var, const Tensor& input, const Layout& l) {
  const int64_t sizes[] = {l.n, l.channels}, strides[] = {l.channels, 1}, dim = 0;
  const Tensor means = empty_tensor(IntSpan(sizes + 1, 1), DType::Float64),
               vars = empty_tensor(IntSpan(sizes + 1, 1), DType::Float64);
  var_mean(vars, means, alias(input, IntSpan(sizes, 2), IntSpan(strides, 2), input.offset()),
           IntSpan(&dim, 1), 0);
  for (int64_t c = 0; c < l.channels / l.repeat; ++c) {
    const double *const m = means.data<double>() + c * l.repeat, *const v =
                                                                     vars.data<double>() + c * l.repeat;
    double differences = 0, squares = 0; // from the first one's mean: equal values have that as their mean
    for (int64_t k = 0; k < l.repeat; ++k) differences += m[k] - m[0];
    mean[c] = m[0] + differences / double(l.repeat);
    for (int64_t k = 0; k < l.repeat; ++k) squares += v[k] + (m[k] - mean[c]) * (m[k] - mean[c]);
    var[c] = squares / double(l.repeat);
  }
}

// Contiguous inputs (or all channels-last), whatever comes in; an output in another order is computed aside
// and copied.
class SameLayout {
public:
  SameLayout(const Tensor& out, std::initializer_list<const Tensor*> inputs) : out_(out), target_(out) {
    bool contiguous = !out.defined() || out.is_contiguous(), last = !out.defined() || is_channels_last(out);
    for (const Tensor* t : inputs) {
      contiguous &= t->is_contiguous();
      last &= is_channels_last(*t);
    }
    const bool as_is = contiguous || last;
    int k = 0;
    for (const Tensor* t : inputs) inputs_[k++] = as_is ? *t : contiguous_copy(*t);
    if (!as_is && out.defined() && !out.is_contiguous()) target_ = empty_tensor(out.sizes(), out.dtype());
  }
  const Tensor& input(int k) const { return inputs_[k]; }
  const Tensor& target() const { return target_; }
  void finish() const {
    if (out_.defined() && !target_.is_same(out_)) copy(out_, target_);
  }

private:
  static Tensor contiguous_copy(const Tensor& t) {
    if (t.is_contiguous()) return t;
    Tensor c = empty_tensor(t.sizes(), t.dtype());
    copy(c, t);
    return c;
  }
  const Tensor& out_;
  Tensor target_, inputs_[2];
};

// out = (x - shift[c]) * scale[c] + offset[c]
template <class T>
void transform(const Tensor& out, const Tensor& input, const Layout& l, const T* shift, const T* scale,
               const T* offset) {
  const DType type = input.dtype();
  if (!l.rows) {
    parallel_for(0, l.n * l.channels, std::max<int64_t>(1, kGrain / l.plane), [&](int64_t from, int64_t to) {
      for (int64_t p = from; p < to; ++p) {
        const int64_t c = p % l.channels;
        affine_run<T>(advance(out.data(), type, p * l.plane),
                      advance(static_cast<const void*>(input.data()), type, p * l.plane), type, l.plane,
                      shift[c], scale[c], offset[c]);
      }
    });
    return;
  }
  const bool past_cache = 2 * input.numel() * input.itemsize() >= past_cache_bytes();
  parallel_for(0, l.n, std::max<int64_t>(1, kGrain / l.channels), [&](int64_t from, int64_t to) {
    if (l.channels <= kFewChannels && type == dtype_of<T>()) {
      const T* const x = static_cast<const T*>(input.data());
      T* const y = static_cast<T*>(out.data());
      return write_rows<T>(y, from, to, l.channels, {x}, past_cache, [&](int64_t k, auto load) {
        return [=, a = load(shift + k), b = load(scale + k), c = load(offset + k)](int64_t at, auto load) {
          return fused(load(x + at) - a, b, c);
        };
      });
    }
    alignas(64) T in_buffer[kNormBlock], out_buffer[kNormBlock];
    for (int64_t r = from; r < to; ++r)
      for (int64_t first = 0; first < l.channels; first += kNormBlock) {
        const int64_t size = std::min(kNormBlock, l.channels - first), at = r * l.channels + first;
        const T* const x =
            read_block<T>(advance(static_cast<const void*>(input.data()), type, at), type, size, in_buffer);
        T* const y = block_target<T>(advance(out.data(), type, at), type, out_buffer);
        each_vec<T>(size, [&](int64_t i, auto load, auto store) {
          store(y + i, fused(load(x + i) - load(shift + first + i), load(scale + first + i),
                             load(offset + first + i)));
        });
        write_block(advance(out.data(), type, at), type, size, y);
      }
  });
}

// running = (1 - momentum) * running + momentum * fresh
void update_running(const Tensor& running, const double* fresh, int64_t n, double momentum) {
  if (!running.defined()) return;
  const Coefficients<double> old(running, n, 0);
  const Scratch memory(size_t(std::max<int64_t>(n, 1)) * sizeof(double));
  double* const next = memory.as<double>();
  for (int64_t c = 0; c < n; ++c) next[c] = (1 - momentum) * old[c] + momentum * fresh[c];
  const Convert convert = converter(DType::Float64, running.dtype());
  const int64_t step = n > 1 ? running.strides()[0] * running.itemsize() : 0;
  for (int64_t c = 0; c < n; ++c) convert(static_cast<char*>(running.data()) + c * step, next + c, 1);
}

template <class T>
void forward(const Tensor& out, const Tensor& save_mean, const Tensor& save_rstd, const Tensor& input,
             const Tensor& weight, const Tensor& bias, const Tensor& running_mean, const Tensor& running_var,
             bool training, double momentum, double eps) {
  const int64_t channels = input.size(1);
  const Coefficients<T> w(weight, channels, T(1)), b(bias, channels, T(0));
  const Scratch memory(size_t(std::max<int64_t>(channels, 1)) * 3 * sizeof(T)),
      exact(size_t(std::max<int64_t>(channels, 1)) * sizeof(double));
  T *const shift = memory.as<T>(), *const scale = shift + channels, *const offset = scale + channels;
  double* const centre = exact.as<double>();
  if (training) {
    const Tensor mean = empty_tensor(IntSpan(&channels, 1), DType::Float64),
                 var = empty_tensor(mean.sizes(), DType::Float64);
    const Layout l = layout_of(input);
    if (l.repeat > 1 && input.is_contiguous()) {
      small_plane_moments(mean.data<double>(), var.data<double>(), input, l);
    } else {
      DimVec dims{0};
      for (int64_t d = 2; d < input.dim(); ++d) dims.push_back(d);
      var_mean(var, mean, input, dims, 0);
    }
    const double count = double(input.numel() / std::max<int64_t>(channels, 1));
    double *const m = mean.data<double>(), *const v = var.data<double>();
    for (int64_t c = 0; c < channels; ++c) {
      centre[c] = m[c];
      shift[c] = T(m[c]);
      scale[c] = T(1 / std::sqrt(v[c] + eps));
      v[c] *= count / (count - 1); // unbiased for the running estimate
    }
    update_running(running_mean, m, channels, momentum);
    update_running(running_var, v, channels, momentum);
    if (save_mean.defined() && save_mean.numel() == channels) store_values(save_mean, shift, channels);
    if (save_rstd.defined() && save_rstd.numel() == channels) store_values(save_rstd, scale, channels);
  } else {
    const Coefficients<double> m(running_mean, channels, 0), v(running_var, channels, 1);
    for (int64_t c = 0; c < channels; ++c) {
      centre[c] = m[c];
      shift[c] = T(m[c]);
      scale[c] = T(1 / std::sqrt(v[c] + eps));
    }
  }
  for (int64_t c = 0; c < channels; ++c) {
    scale[c] *= w[c];
    offset[c] = b[c] + mean_rest(centre[c], scale[c]);
  }
  if (input.numel() == 0) return;
  const SameLayout same(out, {&input});
  const Layout l = layout_of(same.input(0));
  transform<T>(same.target(), same.input(0), l, Repeated(shift, l), Repeated(scale, l), Repeated(offset, l));
  same.finish();
}

// sum[c] of grad and dot[c] of grad * (x - mean[c]), in pieces cut by shape alone.
template <class T>
void gradient_sums(double* sum, double* dot, const Tensor& grad, const Tensor& input, const Layout& l,
                   const T* mean) {
  using V = Vec<T>;
  const DType type = input.dtype();
  const void *const g = grad.data(), *const x = input.data();
  if (!l.rows) {
    const int64_t pieces = std::clamp<int64_t>(64 / l.channels, 1, l.n);
    const Scratch partial(size_t(l.channels * pieces) * 2 * sizeof(double));
    double* const part = partial.as<double>();
    const int64_t grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, 2 * l.count() / pieces));
    parallel_for(0, l.channels * pieces, grain, [&](int64_t from, int64_t to) {
      for (int64_t t = from; t < to; ++t) {
        const int64_t c = t / pieces, piece = t % pieces;
        double s = 0, d = 0;
        for (int64_t n = l.n * piece / pieces; n < l.n * (piece + 1) / pieces; ++n) {
          const int64_t at = (n * l.channels + c) * l.plane;
          add_products<T>(s, d, advance(g, type, at), advance(x, type, at), type, l.plane, mean[c]);
        }
        part[2 * t] = s;
        part[2 * t + 1] = d;
      }
    });
    for (int64_t c = 0; c < l.channels; ++c) {
      sum[c] = dot[c] = 0;
      for (int64_t piece = 0; piece < pieces; ++piece) {
        sum[c] += part[2 * (c * pieces + piece)];
        dot[c] += part[2 * (c * pieces + piece) + 1];
      }
    }
    return;
  }
  constexpr int64_t kFlush = kRowsTogether; // rows added up in T before they go on top of the double sums
  const int64_t channels = l.channels;
  const int64_t max_pieces = std::clamp<int64_t>((int64_t(1) << 20) / channels, 1, 64);
  const int64_t piece_rows =
      std::max<int64_t>({kFlush, (l.n + max_pieces - 1) / max_pieces, kGrain / channels});
  const int64_t pieces = (l.n + piece_rows - 1) / piece_rows;
  const Scratch partial(size_t(pieces * 2 * channels) * sizeof(double));
  parallel_for(0, pieces, 1, [&](int64_t from, int64_t to) {
    const Scratch memory(size_t(2 * channels) * sizeof(T));
    T *const recent_sum = memory.as<T>(), *const recent_dot = recent_sum + channels;
    alignas(64) T g_buffer[kNormBlock], x_buffer[kNormBlock];
    for (int64_t piece = from; piece < to; ++piece) {
      double* const total = partial.as<double>() + piece * 2 * channels;
      std::fill_n(total, 2 * channels, 0.0);
      const int64_t end = std::min(l.n, (piece + 1) * piece_rows);
      for (int64_t r0 = piece * piece_rows; r0 < end; r0 += kFlush) {
        const int64_t r1 = std::min(end, r0 + kFlush);
        const bool few = channels <= kFewChannels && type == dtype_of<T>();
        if (few) {
          const T *const pg = static_cast<const T*>(g), *const px = static_cast<const T*>(x);
          each_of_rows<T>(r0, r1, channels, {pg, px},
                          [&](int64_t r, int64_t rows, int64_t k, auto load, auto store) {
                            V s(T(0)), d(T(0));
                            const V m = load(mean + k);
                            for (int64_t at = r * channels + k; rows > 0; --rows, at += channels) {
                              const V vg = load(pg + at);
                              s = s + vg;
                              d = fused(vg, load(px + at) - m, d);
                            }
                            store(recent_sum + k, s);
                            store(recent_dot + k, d);
                          });
        } else {
          std::fill_n(recent_sum, 2 * channels, T(0));
        }
        for (int64_t r = r0; r < r1 && !few; ++r)
          for (int64_t first = 0; first < channels; first += kNormBlock) {
            const int64_t size = std::min(kNormBlock, channels - first), at = r * channels + first;
            const T* const pg = read_block<T>(advance(g, type, at), type, size, g_buffer);
            const T* const px = read_block<T>(advance(x, type, at), type, size, x_buffer);
            T *const ps = recent_sum + first, *const pd = recent_dot + first;
            each_vec<T>(size, [&](int64_t i, auto load, auto store) {
              const V vg = load(pg + i);
              store(ps + i, load(ps + i) + vg);
              store(pd + i, fused(vg, load(px + i) - load(mean + first + i), load(pd + i)));
            });
          }
        Lanes<SumJoin, T, double>::columns(total, recent_sum, 0, 1, 2 * channels, nullptr);
      }
    }
  });
  std::fill_n(sum, channels, 0.0);
  std::fill_n(dot, channels, 0.0);
  for (int64_t piece = 0; piece < pieces; ++piece) {
    const double* const total = partial.as<double>() + piece * 2 * channels;
    for (int64_t c = 0; c < channels; ++c) {
      sum[c] += total[c];
      dot[c] += total[channels + c];
    }
  }
}

// out = scale[c] * (grad - base[c] - (x - mean[c]) * slope[c])
template <class T>
void gradient_of_input(const Tensor& out, const Tensor& grad, const Tensor& input, const Layout& l,
                       const T* mean, const T* scale, const T* base, const T* slope) {
  using V = Vec<T>;
  const DType type = input.dtype();
  const auto block = [&](int64_t at, int64_t size, auto value, T* g_buffer, T* x_buffer, T* out_buffer) {
    const T* const g =
        read_block<T>(advance(static_cast<const void*>(grad.data()), type, at), type, size, g_buffer);
    const T* const x =
        read_block<T>(advance(static_cast<const void*>(input.data()), type, at), type, size, x_buffer);
    T* const o = block_target<T>(advance(out.data(), type, at), type, out_buffer);
    each_vec<T>(size, [&](int64_t i, auto load, auto store) {
      store(o + i, value(i, load(g + i), load(x + i), load));
    });
    write_block(advance(out.data(), type, at), type, size, o);
  };
  const bool past_cache = 3 * input.numel() * input.itemsize() >= past_cache_bytes();
  const int64_t runs = l.rows ? l.n : l.n * l.channels, length = l.rows ? l.channels : l.plane;
  parallel_for(0, runs, std::max<int64_t>(1, kGrain / length), [&](int64_t from, int64_t to) {
    if (l.rows && l.channels <= kFewChannels && type == dtype_of<T>()) {
      const T *const g = static_cast<const T*>(grad.data()), *const x = static_cast<const T*>(input.data());
      T* const o = static_cast<T*>(out.data());
      return write_rows<T>(o, from, to, l.channels, {g, x}, past_cache, [&](int64_t k, auto load) {
        return [=, s = load(scale + k), b = load(base + k), m = load(mean + k), d = load(slope + k)](
                   int64_t at, auto load) { return s * (load(g + at) - b - (load(x + at) - m) * d); };
      });
    }
    alignas(64) T g_buffer[kNormBlock], x_buffer[kNormBlock], out_buffer[kNormBlock];
    for (int64_t r = from; r < to; ++r) {
      const int64_t c = r % l.channels;
      for (int64_t first = 0; first < length; first += kNormBlock) {
        const int64_t size = std::min(kNormBlock, length - first), at = r * length + first;
        if (l.rows) {
          block(
              at, size,
              [&](int64_t i, V g, V x, auto load) {
                const int64_t k = first + i;
                return load(scale + k) * (g - load(base + k) - (x - load(mean + k)) * load(slope + k));
              },
              g_buffer, x_buffer, out_buffer);
        } else {
          block(
              at, size,
              [&](int64_t, V g, V x, auto) {
                return V(scale[c]) * (g - V(base[c]) - (x - V(mean[c])) * V(slope[c]));
              },
              g_buffer, x_buffer, out_buffer);
        }
      }
    }
  });
}

template <class T>
void backward(const Tensor& grad_input, const Tensor& grad_weight, const Tensor& grad_bias,
              const Tensor& grad_output, const Tensor& input, const Tensor& weight,
              const Tensor& running_mean, const Tensor& running_var, const Tensor& save_mean,
              const Tensor& save_rstd, bool training, double eps) {
  const int64_t channels = input.size(1);
  const Coefficients<T> w(weight, channels, T(1)), mean(training ? save_mean : running_mean, channels, T(0));
  const Scratch memory(size_t(std::max<int64_t>(channels, 1)) * (3 * sizeof(double) + 3 * sizeof(T)));
  double *const sum = memory.as<double>(), *const dot = sum + channels, *const rstd = dot + channels;
  T *const scale = reinterpret_cast<T*>(rstd + channels), *const base = scale + channels,
           *const slope = base + channels;
  {
    const Coefficients<double> source(training ? save_rstd : running_var, channels, 1);
    for (int64_t c = 0; c < channels; ++c) rstd[c] = training ? source[c] : 1 / std::sqrt(source[c] + eps);
  }
  std::fill_n(sum, 2 * channels, 0.0);
  if (input.numel() > 0) {
    const SameLayout same(grad_input, {&grad_output, &input});
    const Tensor &grad = same.input(0), &x = same.input(1);
    const Layout l = layout_of(x);
    const Repeated<T> means(mean.data(), l);
    if (l.repeat > 1) {
      const Scratch apart(size_t(2 * l.channels) * sizeof(double));
      double* const sums = apart.as<double>();
      gradient_sums<T>(sums, sums + l.channels, grad, x, l, means);
      for (int64_t j = 0; j < l.channels; ++j) {
        sum[j / l.repeat] += sums[j];
        dot[j / l.repeat] += sums[l.channels + j];
      }
    } else if (training || grad_weight.defined() || grad_bias.defined()) {
      gradient_sums<T>(sum, dot, grad, x, l, means);
    }
    if (grad_input.defined()) {
      const double count = double(l.count());
      for (int64_t c = 0; c < channels; ++c) {
        scale[c] = T(double(w[c]) * rstd[c]);
        base[c] = training ? T(sum[c] / count) : T(0);
        slope[c] = training ? T(dot[c] / count * rstd[c] * rstd[c]) : T(0);
      }
      gradient_of_input<T>(same.target(), grad, x, l, means, Repeated<T>(scale, l), Repeated<T>(base, l),
                           Repeated<T>(slope, l));
      same.finish();
    }
  }
  for (int64_t c = 0; c < channels; ++c) dot[c] *= rstd[c];
  if (grad_weight.defined()) store_values(grad_weight, dot, channels);
  if (grad_bias.defined()) store_values(grad_bias, sum, channels);
}

} // namespace

void batch_norm(const Tensor& out, const Tensor& save_mean, const Tensor& save_rstd, const Tensor& input,
                const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                const Tensor& running_var, bool training, double momentum, double eps) {
  visit_norm("batch_norm", input.dtype(), [&](auto tag) {
    forward<typename decltype(tag)::type>(out, save_mean, save_rstd, input, weight, bias, running_mean,
                                          running_var, training, momentum, eps);
  });
}

void batch_norm_backward(const Tensor& grad_input, const Tensor& grad_weight, const Tensor& grad_bias,
                         const Tensor& grad_output, const Tensor& input, const Tensor& weight,
                         const Tensor& running_mean, const Tensor& running_var, const Tensor& save_mean,
                         const Tensor& save_rstd, bool training, double eps) {
  visit_norm("batch_norm_backward", input.dtype(), [&](auto tag) {
    backward<typename decltype(tag)::type>(grad_input, grad_weight, grad_bias, grad_output, input, weight,
                                           running_mean, running_var, save_mean, save_rstd, training, eps);
  });
}

} // namespace torch::TORCH_ISA

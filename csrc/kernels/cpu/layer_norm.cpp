// layer_norm over trailing dimensions and its gradient. Statistics are in double, the rest in float or
// double.
#include "kernels/cpu/norm.h"
#include "kernels/cpu/row_ops.h"
#include "kernels/create_kernels.h"
#include "kernels/nn_kernels.h"

namespace torch::TORCH_ISA {

namespace {

struct Rows {
  int64_t count, length;
};
Rows rows_of(const Tensor& input, IntSpan normalized_shape) {
  const int64_t length = numel_of(normalized_shape);
  return {length == 0 ? 0 : input.numel() / length, length};
}

template <class T>
TORCH_INLINE void forward_row(void* y, T& mean, T& rstd, const void* x, DType type, int64_t n,
                              const T* weight, const T* bias, double eps) {
  using V = Vec<T>;
  alignas(64) T in_buffer[kNormBlock], out_buffer[kNormBlock];
  const MeanVar stats = moments_of<T>(x, type, n);
  const InverseRoot<T> root(stats.var + eps);
  const T m = T(stats.mean), scale = root.value, rest = mean_rest(stats.mean, scale);
  for (int64_t first = 0; first < n; first += kNormBlock) {
    const int64_t size = std::min(kNormBlock, n - first);
    const T* const px = read_block<T>(advance(x, type, first), type, size, in_buffer);
    T* const py = block_target<T>(advance(y, type, first), type, out_buffer);
    const T *const pw = weight + first, *const pb = bias + first;
    each_vec<T>(size, [&](int64_t i, auto load, auto store) {
      const V d = load(px + i) - V(m);
      V offset(rest);
      if constexpr (std::is_same_v<T, double>) offset = fused(d, V(root.rest), offset);
      const V z = fused(d, V(scale), offset);
      store(py + i, fused(z, load(pw + i), load(pb + i)));
    });
    write_block(advance(y, type, first), type, size, py);
  }
  mean = m;
  rstd = scale;
}

template <class T>
void forward(const Tensor& out, const Tensor& mean, const Tensor& rstd, const Tensor& input, Rows rows,
             const Tensor& weight, const Tensor& bias, double eps) {
  const Coefficients<T> w(weight, rows.length, T(1)), b(bias, rows.length, T(0));
  const DType type = input.dtype();
  parallel_for(
      0, rows.count, std::max<int64_t>(1, kGrain / (4 * rows.length)), [&](int64_t from, int64_t to) {
        for (int64_t r = from; r < to; ++r) {
          const void* const x = advance(static_cast<const void*>(input.data()), type, r * rows.length);
          void* const y = advance(out.data(), type, r * rows.length);
          forward_row<T>(y, mean.data<T>()[r], rstd.data<T>()[r], x, type, rows.length, w.data(), b.data(),
                         eps);
        }
      });
}

// With g = grad * weight and z = (x - mean) * rstd: grad_input = rstd * (g - mean(g) - z * mean(g * z)),
// grad_weight = sum over rows of grad * z, grad_bias = sum over rows of grad.
template <class T>
void backward(const Tensor& grad_input, const Tensor& grad_weight, const Tensor& grad_bias,
              const Tensor& grad, const Tensor& input, const Tensor& mean, const Tensor& rstd,
              const Tensor& weight, Rows rows) {
  using V = Vec<T>;
  const int64_t d = rows.length;
  const DType type = input.dtype();
  const Coefficients<T> w(weight, d, T(1));
  const bool sums = grad_weight.defined() || grad_bias.defined();
  // Rows are cut into pieces by shape alone. A piece adds up kFlush rows in T, then on top of double sums.
  constexpr int64_t kFlush = 16;
  const int64_t max_pieces = std::clamp<int64_t>((int64_t(1) << 20) / d, 1, 64);
  const int64_t piece_rows = std::max(kFlush, (rows.count + max_pieces - 1) / max_pieces);
  const int64_t pieces = (rows.count + piece_rows - 1) / piece_rows;
  const Scratch totals(sums ? size_t(std::max<int64_t>(pieces, 1) * 2 * d) * sizeof(double) : 1);
  const int64_t grain = sums ? 1 : std::max<int64_t>(1, kGrain / (6 * piece_rows * d));
  parallel_for(0, pieces, grain, [&](int64_t first_piece, int64_t last_piece) {
    const Scratch recent(sums ? size_t(2 * d) * sizeof(T) : 1);
    T *const recent_w = recent.as<T>(), *const recent_b = recent_w + d;
    alignas(64) T g_buffer[kNormBlock], x_buffer[kNormBlock], out_buffer[kNormBlock];
    for (int64_t piece = first_piece; piece < last_piece; ++piece) {
      double* const total_w = totals.as<double>() + piece * 2 * d; // then those of the bias
      if (sums) std::fill_n(total_w, 2 * d, 0.0);
      const int64_t end = std::min(rows.count, (piece + 1) * piece_rows);
      for (int64_t r = piece * piece_rows; r < end; ++r) {
        if (sums && (r - piece * piece_rows) % kFlush == 0) {
          if (r != piece * piece_rows)
            Lanes<SumJoin, T, double>::columns(total_w, recent_w, 0, 1, 2 * d, nullptr);
          std::fill_n(recent_w, 2 * d, T(0));
        }
        const void* const g = advance(static_cast<const void*>(grad.data()), type, r * d);
        const void* const x = advance(static_cast<const void*>(input.data()), type, r * d);
        const T m = mean.data<T>()[r], scale = rstd.data<T>()[r];
        double sum_g = 0, sum_gz = 0;
        for (int64_t first = 0; first < d; first += kNormBlock) {
          const int64_t size = std::min(kNormBlock, d - first);
          const T* const pg = read_block<T>(advance(g, type, first), type, size, g_buffer);
          const T* const px = read_block<T>(advance(x, type, first), type, size, x_buffer);
          const T* const pw = w.data() + first;
          T *const rw = recent_w + first, *const rb = recent_b + first;
          V part_g(T(0)), part_gz(T(0));
          T rest_g = 0, rest_gz = 0;
          int64_t i = 0;
          for (; i + V::kLanes <= size; i += V::kLanes) {
            const V vg = V::load(pg + i), z = (V::load(px + i) - V(m)) * V(scale), gw = vg * V::load(pw + i);
            part_g = part_g + gw;
            part_gz = fused(gw, z, part_gz);
            if (sums) {
              fused(vg, z, V::load(rw + i)).store(rw + i);
              (vg + V::load(rb + i)).store(rb + i);
            }
          }
          for (; i < size; ++i) {
            const T z = (px[i] - m) * scale, gw = pg[i] * pw[i];
            rest_g += gw;
            rest_gz += gw * z;
            if (sums) {
              rw[i] += pg[i] * z;
              rb[i] += pg[i];
            }
          }
          const auto add = [](V p, V q) { return p + q; };
          sum_g += double(fold_lanes(part_g, add)) + double(rest_g);
          sum_gz += double(fold_lanes(part_gz, add)) + double(rest_gz);
        }
        if (!grad_input.defined()) continue;
        const V mean_g(T(sum_g / double(d))), mean_gz(T(sum_gz / double(d)));
        void* const out = advance(grad_input.data(), type, r * d);
        for (int64_t first = 0; first < d; first += kNormBlock) {
          const int64_t size = std::min(kNormBlock, d - first);
          const T* const pg = read_block<T>(advance(g, type, first), type, size, g_buffer);
          const T* const px = read_block<T>(advance(x, type, first), type, size, x_buffer);
          T* const po = block_target<T>(advance(out, type, first), type, out_buffer);
          const T* const pw = w.data() + first;
          each_vec<T>(size, [&](int64_t i, auto load, auto store) {
            const V z = (load(px + i) - V(m)) * V(scale);
            store(po + i, V(scale) * (load(pg + i) * load(pw + i) - mean_g - z * mean_gz));
          });
          write_block(advance(out, type, first), type, size, po);
        }
      }
      if (sums) Lanes<SumJoin, T, double>::columns(total_w, recent_w, 0, 1, 2 * d, nullptr);
    }
  });
  if (!sums) return;
  double* const total = totals.as<double>();
  if (pieces == 0) std::fill_n(total, 2 * d, 0.0);
  for (int64_t piece = 1; piece < pieces; ++piece)
    for (int64_t i = 0; i < 2 * d; ++i) total[i] += total[piece * 2 * d + i];
  if (grad_weight.defined()) store_values(grad_weight, total, d);
  if (grad_bias.defined()) store_values(grad_bias, total + d, d);
}

template <class T> void forward_rows(const RowsCall& call) {
  const Scratch missing(size_t(2 * call.n) * sizeof(T));
  T* const ones = missing.as<T>();
  if (!call.inputs[1]) std::fill_n(ones, call.n, T(1));
  if (!call.inputs[2]) std::fill_n(ones + call.n, call.n, T(0));
  const T* const weight = call.inputs[1] ? static_cast<const T*>(call.inputs[1]) : ones;
  const T* const bias = call.inputs[2] ? static_cast<const T*>(call.inputs[2]) : ones + call.n;
  for (int64_t r = 0; r < call.rows; ++r)
    forward_row<T>(call.out(0, r), *static_cast<T*>(call.out(1, r)), *static_cast<T*>(call.out(2, r)),
                   call.input(0, r), dtype_of<T>(), call.n, weight, bias, call.params[0].to<double>());
}

} // namespace

void layer_norm(const Tensor& out, const Tensor& mean, const Tensor& rstd, const Tensor& input,
                IntSpan normalized_shape, const Tensor& weight, const Tensor& bias, double eps) {
  const Rows rows = rows_of(input, normalized_shape);
  if (rows.length == 0) { // mean of nothing
    fill(mean, Scalar(NAN));
    return fill(rstd, Scalar(NAN));
  }
  visit_norm("layer_norm", input.dtype(), [&](auto tag) {
    forward<typename decltype(tag)::type>(out, mean, rstd, input, rows, weight, bias, eps);
  });
}

void layer_norm_backward(const Tensor& grad_input, const Tensor& grad_weight, const Tensor& grad_bias,
                         const Tensor& grad, const Tensor& input, const Tensor& mean, const Tensor& rstd,
                         const Tensor& weight, IntSpan normalized_shape) {
  if (grad_input.defined() && !grad_input.is_contiguous()) { // in the order of an input that had to be copied
    const Tensor apart = empty_tensor(grad_input.sizes(), grad_input.dtype(), grad_input.device());
    layer_norm_backward(apart, grad_weight, grad_bias, grad, input, mean, rstd, weight, normalized_shape);
    return copy(grad_input, apart);
  }
  const Rows rows = rows_of(input, normalized_shape);
  if (rows.length == 0) return;
  visit_norm("layer_norm_backward", input.dtype(), [&](auto tag) {
    backward<typename decltype(tag)::type>(grad_input, grad_weight, grad_bias, grad, input, mean, rstd,
                                           weight, rows);
  });
}

RowsFunction layer_norm_rows(DType type) {
  return type == DType::Float64 ? forward_rows<double> : forward_rows<float>;
}

} // namespace torch::TORCH_ISA

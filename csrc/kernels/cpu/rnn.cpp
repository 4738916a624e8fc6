// A step of lstm and gru after the products of matrices, and its gradient: one pass over the gates. A row of
// gates holds those of one sample side by side. float32 and float64, all operands contiguous.
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/cpu/vec_math.h"
#include "kernels/rnn_kernels.h"

#include <algorithm>

namespace torch::TORCH_ISA {
namespace {

// body(type tag, row) for each sample.
template <class F> void each_row(const char* op, const Tensor& state, F&& body) {
  const auto run = [&](auto tag) {
    const int64_t grain = std::max<int64_t>(1, kGrain / 32 / std::max<int64_t>(state.size(1), 1));
    parallel_for(0, state.size(0), grain, [&](int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) body(tag, row);
    });
  };
  if (state.dtype() == DType::Float32)
    run(TypeTag<float>{});
  else if (state.dtype() == DType::Float64)
    run(TypeTag<double>{});
  else
    fail_dtype(op, state.dtype());
}

template <class T> T* row_of(const Tensor& t, int64_t row) { return t.data<T>() + row * t.size(1); }

} // namespace

// gates: i, f, g, o. cy = f cx + i g, hy = o tanh(cy).
void lstm_gates(const Tensor& hy, const Tensor& cy, const Tensor& gates, const Tensor& input_gates,
                const Tensor& hidden_gates, const Tensor& cx) {
  const int64_t n = cx.size(1);
  each_row("lstm", cx, [&](auto tag, int64_t row) {
    using T = typename decltype(tag)::type;
    const T* const x = row_of<const T>(input_gates, row);
    const T* const h = row_of<const T>(hidden_gates, row);
    const T* const c = row_of<const T>(cx, row);
    T* const kept = row_of<T>(gates, row);
    T* const to_h = row_of<T>(hy, row);
    T* const to_c = row_of<T>(cy, row);
    each_vec<T>(n, [&](int64_t j, auto load, auto store) {
      const auto gate = [&](int64_t k) { return load(x + k * n + j) + load(h + k * n + j); };
      const auto i = sigmoid_(gate(0)), f = sigmoid_(gate(1)), g = tanh_(gate(2)), o = sigmoid_(gate(3));
      const auto cell = f * load(c + j) + i * g;
      store(kept + j, i);
      store(kept + n + j, f);
      store(kept + 2 * n + j, g);
      store(kept + 3 * n + j, o);
      store(to_c + j, cell);
      store(to_h + j, o * tanh_(cell));
    });
  });
}

void lstm_gates_backward(const Tensor& grad_gates, const Tensor& grad_cx, const Tensor& grad_hy,
                         const Tensor& grad_cy, const Tensor& cx, const Tensor& cy, const Tensor& gates) {
  const int64_t n = cx.size(1);
  each_row("lstm", cx, [&](auto tag, int64_t row) {
    using T = typename decltype(tag)::type;
    using V = Vec<T>;
    const T* const gh = grad_hy.defined() ? row_of<const T>(grad_hy, row) : nullptr;
    const T* const gc = grad_cy.defined() ? row_of<const T>(grad_cy, row) : nullptr;
    const T* const before = row_of<const T>(cx, row);
    const T* const after = row_of<const T>(cy, row);
    const T* const kept = row_of<const T>(gates, row);
    T* const to = row_of<T>(grad_gates, row);
    T* const to_c = row_of<T>(grad_cx, row);
    each_vec<T>(n, [&](int64_t j, auto load, auto store) {
      const V one(T(1)), zero(T(0));
      const V i = load(kept + j), f = load(kept + n + j), g = load(kept + 2 * n + j),
              o = load(kept + 3 * n + j);
      const V slope_h = gh ? load(gh + j) : zero, t = tanh_(load(after + j));
      const V slope_c = (gc ? load(gc + j) : zero) + slope_h * o * (one - t * t);
      store(to + j, slope_c * g * i * (one - i));
      store(to + n + j, slope_c * load(before + j) * f * (one - f));
      store(to + 2 * n + j, slope_c * i * (one - g * g));
      store(to + 3 * n + j, slope_h * t * o * (one - o));
      store(to_c + j, slope_c * f);
    });
  });
}

// gates: r, z, n; hy = n + z (hx - n) with n = tanh(x_n + r h_n). Kept: r, z, n, h_n.
void gru_gates(const Tensor& hy, const Tensor& gates, const Tensor& input_gates, const Tensor& hidden_gates,
               const Tensor& hx) {
  const int64_t n = hx.size(1);
  each_row("gru", hx, [&](auto tag, int64_t row) {
    using T = typename decltype(tag)::type;
    const T* const x = row_of<const T>(input_gates, row);
    const T* const h = row_of<const T>(hidden_gates, row);
    const T* const state = row_of<const T>(hx, row);
    T* const kept = row_of<T>(gates, row);
    T* const to = row_of<T>(hy, row);
    each_vec<T>(n, [&](int64_t j, auto load, auto store) {
      const auto r = sigmoid_(load(x + j) + load(h + j)), z = sigmoid_(load(x + n + j) + load(h + n + j));
      const auto hidden = load(h + 2 * n + j), fresh = tanh_(load(x + 2 * n + j) + r * hidden);
      store(kept + j, r);
      store(kept + n + j, z);
      store(kept + 2 * n + j, fresh);
      store(kept + 3 * n + j, hidden);
      store(to + j, fresh + z * (load(state + j) - fresh));
    });
  });
}

void gru_gates_backward(const Tensor& grad_input_gates, const Tensor& grad_hidden_gates,
                        const Tensor& grad_hx, const Tensor& grad_hy, const Tensor& hx, const Tensor& gates) {
  const int64_t n = hx.size(1);
  each_row("gru", hx, [&](auto tag, int64_t row) {
    using T = typename decltype(tag)::type;
    using V = Vec<T>;
    const T* const grad = row_of<const T>(grad_hy, row);
    const T* const state = row_of<const T>(hx, row);
    const T* const kept = row_of<const T>(gates, row);
    T* const dx = row_of<T>(grad_input_gates, row);
    T* const dh = row_of<T>(grad_hidden_gates, row);
    T* const to = row_of<T>(grad_hx, row);
    each_vec<T>(n, [&](int64_t j, auto load, auto store) {
      const V one(T(1)), g = load(grad + j);
      const V r = load(kept + j), z = load(kept + n + j), fresh = load(kept + 2 * n + j);
      const V dn = g * (one - z) * (one - fresh * fresh);
      const V dr = dn * load(kept + 3 * n + j) * r * (one - r);
      const V dz = g * (load(state + j) - fresh) * z * (one - z);
      store(dx + j, dr);
      store(dx + n + j, dz);
      store(dx + 2 * n + j, dn);
      store(dh + j, dr);
      store(dh + n + j, dz);
      store(dh + 2 * n + j, dn * r);
      store(to + j, g * z);
    });
  });
}

} // namespace torch::TORCH_ISA

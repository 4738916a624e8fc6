#include "ops/infer/rnn.h"

#include "kernels/rnn_cell.h"

namespace torch::infer {

namespace {

TensorMeta wide(const Tensor& state, int64_t times) {
  return {{state.sizes()[0], times * state.sizes()[1]}, state.dtype(), state.device()};
}

void check_gates(const char* op, const Tensor& input_gates, const Tensor& hidden_gates, const Tensor& state,
                 int64_t count) {
  check(state.dim() == 2, op, ": expected a state of 2 dimensions, got shape ", state.sizes());
  const DimVec sizes = wide(state, count).sizes;
  check(equal(input_gates.sizes(), sizes) && equal(hidden_gates.sizes(), sizes), op,
        ": expected gates of shape ", sizes, ", got ", input_gates.sizes(), " and ", hidden_gates.sizes());
  check(input_gates.dtype() == state.dtype() && hidden_gates.dtype() == state.dtype(), op,
        ": expected gates of dtype ", state.dtype(), ", got ", input_gates.dtype(), " and ",
        hidden_gates.dtype());
  check_kind(ErrorKind::NotImplemented, state.dtype() == DType::Float32 || state.dtype() == DType::Float64,
             '"', op, "\" not implemented for '", dtype_aten_name(state.dtype()), "'");
}

void check_layer(const Tensor& rows, int64_t width, const Tensor& hx, const Tensor& cx, const Tensor& w_hh,
                 Ints batch_sizes, int64_t cell) {
  check(cell >= 0 && cell <= static_cast<int64_t>(RnnCell::Lstm), "rnn: there is no cell ", cell);
  check(hx.dim() == 2, "rnn: expected a state of 2 dimensions, got shape ", hx.sizes());
  const int64_t gates = gates_of(RnnCell(cell)), batch = hx.sizes()[0], n = hx.sizes()[1];
  check_kind(ErrorKind::NotImplemented, hx.dtype() == DType::Float32 || hx.dtype() == DType::Float64,
             "\"rnn\" not implemented for '", dtype_aten_name(hx.dtype()), "'");
  const auto expect = [&](const char* name, const Tensor& t, IntSpan sizes) {
    check(equal(t.sizes(), sizes) && t.dtype() == hx.dtype(), "rnn: expected ", name, " of shape ", sizes,
          " and dtype ", hx.dtype(), ", got ", t.sizes(), " and ", t.dtype());
  };
  expect("weights", w_hh, DimVec{gates * n, n});
  check(cx.defined() == (RnnCell(cell) == RnnCell::Lstm), "rnn: lstm alone has states of cells");
  if (cx.defined()) expect("states of cells", cx, DimVec{batch, n});
  if (batch_sizes.empty()) {
    check(rows.dim() == 3, "rnn: expected 3 dimensions, got shape ", rows.sizes());
    expect("rows", rows, DimVec{rows.sizes()[0], batch, width});
  } else {
    int64_t count = 0;
    for (size_t i = 0; i < batch_sizes.size(); ++i) {
      check(batch_sizes[i] > 0 && batch_sizes[i] <= (i == 0 ? batch : batch_sizes[i - 1]),
            "batch_sizes must not grow");
      count += batch_sizes[i];
    }
    expect("rows", rows, DimVec{count, width});
  }
}

DimVec with_width(const Tensor& rows, int64_t width) {
  DimVec sizes(rows.sizes());
  sizes.back() = width;
  return sizes;
}

} // namespace

Metas3 lstm_gates(const Tensor& input_gates, const Tensor& hidden_gates, const Tensor& cx) {
  check_gates("lstm", input_gates, hidden_gates, cx, 4);
  return {wide(cx, 1), wide(cx, 1), wide(cx, 4)};
}
Metas2 lstm_gates_backward(const Tensor& cx, const Tensor& gates) { return {like(gates), wide(cx, 1)}; }
Metas2 gru_gates(const Tensor& input_gates, const Tensor& hidden_gates, const Tensor& hx) {
  check_gates("gru", input_gates, hidden_gates, hx, 3);
  return {wide(hx, 1), wide(hx, 4)};
}
Metas3 gru_gates_backward(const Tensor& hx) { return {wide(hx, 3), wide(hx, 3), wide(hx, 1)}; }

Metas3 rnn_layer(const Tensor& input_gates, const Tensor& hx, const Tensor& cx, const Tensor& w_hh,
                 const Tensor& b_hh, Ints batch_sizes, int64_t cell, bool keep) {
  check(hx.dim() == 2, "rnn: expected a state of 2 dimensions, got shape ", hx.sizes());
  const int64_t n = hx.sizes()[1], gates = gates_of(RnnCell(cell));
  check_layer(input_gates, gates * n, hx, cx, w_hh, batch_sizes, cell);
  check(!b_hh.defined() || (equal(b_hh.sizes(), DimVec{gates * n}) && b_hh.dtype() == hx.dtype()),
        "rnn: expected a bias of shape ", DimVec{gates * n});
  DimVec kept{0};
  if (keep) kept = with_width(input_gates, kept_of(RnnCell(cell)) * n);
  return {sized(hx, with_width(input_gates, n)), sized(hx, DimVec{cx.defined() ? 2 : 1, hx.sizes()[0], n}),
          sized(hx, kept)};
}
std::array<TensorMeta, 5> rnn_layer_backward(const Tensor& grad_output, const Tensor& grad_last,
                                             const Tensor& output, const Tensor& kept, const Tensor& hx,
                                             const Tensor& cx, const Tensor& w_hh, Ints batch_sizes,
                                             int64_t cell, bool weight) {
  check(hx.dim() == 2, "rnn: expected a state of 2 dimensions, got shape ", hx.sizes());
  const int64_t n = hx.sizes()[1];
  check_layer(output, n, hx, cx, w_hh, batch_sizes, cell);
  const DimVec gates = with_width(output, gates_of(RnnCell(cell)) * n);
  const auto fits = [&](const Tensor& t, IntSpan sizes) {
    return !t.defined() || (equal(t.sizes(), sizes) && t.dtype() == hx.dtype());
  };
  check(fits(grad_output, output.sizes()) &&
            fits(grad_last, DimVec{cx.defined() ? 2 : 1, hx.sizes()[0], n}) &&
            fits(kept, with_width(output, kept_of(RnnCell(cell)) * n)),
        "rnn: expected gradients like the results, and what was kept");
  std::array<TensorMeta, 5> metas{sized(hx, gates), sized(hx, gates), sized(hx, hx.sizes()),
                                  sized(hx, hx.sizes()), sized(w_hh, w_hh.sizes())};
  metas[1].wanted = RnnCell(cell) == RnnCell::Gru;
  metas[3].wanted = cx.defined();
  metas[4].wanted = weight;
  return metas;
}

} // namespace torch::infer

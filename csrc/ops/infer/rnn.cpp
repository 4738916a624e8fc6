#include "ops/infer/rnn.h"

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

} // namespace torch::infer

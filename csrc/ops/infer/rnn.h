// Shape and dtype rules of the gates of recurrent networks.
#pragma once

#include "ops/infer/infer.h"

namespace torch::infer {

Metas3 lstm_gates(const Tensor& input_gates, const Tensor& hidden_gates, const Tensor& cx);
Metas2 lstm_gates_backward(const Tensor& cx, const Tensor& gates);
Metas2 gru_gates(const Tensor& input_gates, const Tensor& hidden_gates, const Tensor& hx);
Metas3 gru_gates_backward(const Tensor& hx);

} // namespace torch::infer

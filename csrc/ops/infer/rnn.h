// Shape and dtype rules of the gates and layers of recurrent networks.
#pragma once

#include "ops/infer/infer.h"

namespace torch::infer {

Metas3 lstm_gates(const Tensor& input_gates, const Tensor& hidden_gates, const Tensor& cx);
Metas2 lstm_gates_backward(const Tensor& cx, const Tensor& gates);
Metas2 gru_gates(const Tensor& input_gates, const Tensor& hidden_gates, const Tensor& hx);
Metas3 gru_gates_backward(const Tensor& hx);

Metas3 rnn_layer(const Tensor& input_gates, const Tensor& hx, const Tensor& cx, const Tensor& w_hh,
                 const Tensor& b_hh, Ints batch_sizes, int64_t cell, bool keep);
std::array<TensorMeta, 5> rnn_layer_backward(const Tensor& grad_output, const Tensor& grad_last,
                                             const Tensor& output, const Tensor& kept, const Tensor& hx,
                                             const Tensor& cx, const Tensor& w_hh, Ints batch_sizes,
                                             int64_t cell, bool weight);

} // namespace torch::infer

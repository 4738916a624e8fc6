// The gates of recurrent networks, between the products of matrices that blas.cpp makes.
#include "kernels/cuda/device/rnn_args.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/table.h"

namespace torch::cuda {

namespace {

constexpr Family kGates{"rnn", "GATES", true};

void each_unit(const char* op, const Tensor& state, GatesArgs& args) {
  args.n = state.numel();
  if (args.n == 0) return;
  args.units = state.size(1);
  launch(use(state.device().index), find_kernel(concat(op, "_", type_name(state.dtype()), "_any"), kGates),
         {(args.n + kGatesThreads - 1) / kGatesThreads, kGatesThreads}, &args);
}
const void* data_or_null(const Tensor& t) { return t.defined() ? t.data() : nullptr; }

} // namespace

void lstm_gates(const Tensor& hy, const Tensor& cy, const Tensor& gates, const Tensor& input_gates,
                const Tensor& hidden_gates, const Tensor& cx) {
  GatesArgs args{};
  args.input = input_gates.data();
  args.hidden = hidden_gates.data();
  args.state = cx.data();
  args.out[0] = hy.data();
  args.out[1] = cy.data();
  args.out[2] = gates.data();
  each_unit("LstmGates", cx, args);
}
void lstm_gates_backward(const Tensor& grad_gates, const Tensor& grad_cx, const Tensor& grad_hy,
                         const Tensor& grad_cy, const Tensor& cx, const Tensor& cy, const Tensor& gates) {
  GatesArgs args{};
  args.state = cx.data();
  args.after = cy.data();
  args.kept = gates.data();
  args.grad[0] = data_or_null(grad_hy);
  args.grad[1] = data_or_null(grad_cy);
  args.out[0] = grad_gates.data();
  args.out[1] = grad_cx.data();
  each_unit("LstmGatesGrad", cx, args);
}
void gru_gates(const Tensor& hy, const Tensor& gates, const Tensor& input_gates, const Tensor& hidden_gates,
               const Tensor& hx) {
  GatesArgs args{};
  args.input = input_gates.data();
  args.hidden = hidden_gates.data();
  args.state = hx.data();
  args.out[0] = hy.data();
  args.out[1] = gates.data();
  each_unit("GruGates", hx, args);
}
void gru_gates_backward(const Tensor& grad_input_gates, const Tensor& grad_hidden_gates,
                        const Tensor& grad_hx, const Tensor& grad_hy, const Tensor& hx, const Tensor& gates) {
  GatesArgs args{};
  args.state = hx.data();
  args.kept = gates.data();
  args.grad[0] = data_or_null(grad_hy);
  args.out[0] = grad_input_gates.data();
  args.out[1] = grad_hidden_gates.data();
  args.out[2] = grad_hx.data();
  each_unit("GruGatesGrad", hx, args);
}

} // namespace torch::cuda

// Steps of optimizers over whole lists of parameters: chains of pointwise ops on registers, in the order of
// operations of the formulas in python/torch/optim.
#include "kernels/cpu/optim_lists.h"
#include "kernels/optim_kernels.h"
#include "kernels/optim_rules.h"

namespace torch::TORCH_ISA {
namespace {

// What a gradient scaler asks for. Returns false where the step is to be left out.
bool apply_grad_scale(const char* op, TensorList grads, const Tensor& grad_scale, const Tensor& found_inf) {
  if (found_inf.defined() && read_number(op, "found_inf", found_inf) != 0) return false;
  if (!grad_scale.defined()) return true;
  const double scale = read_number(op, "grad_scale", grad_scale);
  const Operand lists[] = {{"grads", grads}};
  run_lists<Unscale>(lists, [&](size_t) { return scale; });
  return true;
}

void adam_step(const char* op, bool decoupled, TensorList params, TensorList grads, TensorList exp_avgs,
               TensorList exp_avg_sqs, TensorList max_exp_avg_sqs, TensorList state_steps, double lr,
               double beta1, double beta2, double weight_decay, double eps, bool amsgrad, bool maximize,
               const Tensor& grad_scale, const Tensor& found_inf) {
  const Operand lists[] = {
      {"params", params}, {"grads", grads}, {"exp_avgs", exp_avgs}, {"exp_avg_sqs", exp_avg_sqs}};
  const Operand all[] = {lists[0], lists[1], lists[2], lists[3], {"max_exp_avg_sqs", max_exp_avg_sqs}};
  if (amsgrad)
    check_lists(op, all);
  else
    check_lists(op, lists);
  check(state_steps.size() == params.size(), op, ": state_steps has ", state_steps.size(),
        " tensors, but params has ", params.size());
  std::vector<double> steps;
  steps.reserve(state_steps.size());
  for (const Tensor& t : state_steps) steps.push_back(read_number(op, "each of state_steps", t));
  if (!apply_grad_scale(op, grads, grad_scale, found_inf)) return;
  const auto constants = [&](size_t i) {
    return AdamConstants{lr, beta1, beta2, weight_decay, eps, maximize, decoupled, steps[i]};
  };
  if (amsgrad)
    run_lists<AmsgradAdam>(all, constants);
  else
    run_lists<PlainAdam>(lists, constants);
}

} // namespace

void foreach_add_scalar(TensorList self, const Scalar& scalar) {
  const Operand lists[] = {{"self", self}};
  check_lists("_foreach_add_", lists);
  const double number = scalar.to<double>();
  run_lists<AddNumber>(lists, [&](size_t) { return number; });
}

void fused_sgd(TensorList self, TensorList grads, TensorList momentum_buffer_list, double weight_decay,
               double momentum, double lr, double dampening, bool nesterov, bool maximize, bool is_first_step,
               const Tensor& grad_scale, const Tensor& found_inf) {
  constexpr const char* kOp = "_fused_sgd_";
  const Operand lists[] = {{"params", self}, {"grads", grads}};
  const Operand all[] = {lists[0], lists[1], {"momentum_buffer_list", momentum_buffer_list}};
  if (momentum != 0)
    check_lists(kOp, all);
  else
    check_lists(kOp, lists);
  if (!apply_grad_scale(kOp, grads, grad_scale, found_inf)) return;
  const SgdConstants constants{weight_decay, momentum, lr, dampening, nesterov, maximize, is_first_step};
  if (momentum != 0)
    run_lists<MomentumSgd>(all, [&](size_t) { return constants; });
  else
    run_lists<PlainSgd>(lists, [&](size_t) { return constants; });
}

void fused_adam(TensorList self, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs,
                TensorList max_exp_avg_sqs, TensorList state_steps, double lr, double beta1, double beta2,
                double weight_decay, double eps, bool amsgrad, bool maximize, const Tensor& grad_scale,
                const Tensor& found_inf) {
  adam_step("_fused_adam_", false, self, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, state_steps, lr,
            beta1, beta2, weight_decay, eps, amsgrad, maximize, grad_scale, found_inf);
}

void fused_adamw(TensorList self, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs,
                 TensorList max_exp_avg_sqs, TensorList state_steps, double lr, double beta1, double beta2,
                 double weight_decay, double eps, bool amsgrad, bool maximize, const Tensor& grad_scale,
                 const Tensor& found_inf) {
  adam_step("_fused_adamw_", true, self, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, state_steps, lr,
            beta1, beta2, weight_decay, eps, amsgrad, maximize, grad_scale, found_inf);
}

void fused_rmsprop(TensorList self, TensorList grads, TensorList square_avgs, TensorList grad_avgs,
                   TensorList momentum_buffer_list, double lr, double alpha, double eps, double weight_decay,
                   double momentum, bool centered, bool maximize) {
  constexpr const char* kOp = "_fused_rmsprop_";
  const Operand params{"params", self}, gradients{"grads", grads}, squares{"square_avgs", square_avgs},
      averages{"grad_avgs", grad_avgs}, buffers{"momentum_buffer_list", momentum_buffer_list};
  const RmspropConstants values{lr, alpha, eps, weight_decay, momentum, maximize};
  const auto constants = [&](size_t) { return values; };
  if (centered && momentum > 0) {
    const Operand lists[] = {params, gradients, squares, averages, buffers};
    check_lists(kOp, lists);
    run_lists<CenteredMomentumRmsprop>(lists, constants);
  } else if (centered) {
    const Operand lists[] = {params, gradients, squares, averages};
    check_lists(kOp, lists);
    run_lists<CenteredRmsprop>(lists, constants);
  } else if (momentum > 0) {
    const Operand lists[] = {params, gradients, squares, buffers};
    check_lists(kOp, lists);
    run_lists<MomentumRmsprop>(lists, constants);
  } else {
    const Operand lists[] = {params, gradients, squares};
    check_lists(kOp, lists);
    run_lists<PlainRmsprop>(lists, constants);
  }
}

} // namespace torch::TORCH_ISA

// Steps of optimizers over whole lists of parameters: chains of pointwise ops on registers, in the order of
// operations of the formulas in python/torch/optim.
#include "kernels/cpu/optim_lists.h"
#include "kernels/optim_kernels.h"

#include <cmath>

namespace torch::TORCH_ISA {
namespace {

// ---- steps ----

struct SgdConstants {
  double weight_decay, momentum, lr, dampening;
  bool nesterov, maximize, is_first_step;
};

template <class T, bool kMomentum> struct Sgd {
  using Element = T;
  static constexpr int kOperands = kMomentum ? 3 : 2;
  static constexpr unsigned kWritten = kMomentum ? 0b101 : 0b001;
  T weight_decay, momentum, lr, undamped;
  bool nesterov, maximize, first;

  explicit Sgd(const SgdConstants& c)
      : weight_decay(T(c.weight_decay)), momentum(T(c.momentum)), lr(T(-c.lr)), undamped(T(1 - c.dampening)),
        nesterov(c.nesterov), maximize(c.maximize), first(c.is_first_step) {}

  template <class V> TORCH_INLINE void operator()(V* x) const {
    V grad = maximize ? -x[1] : x[1];
    if (weight_decay != 0) grad = fused(V(weight_decay), x[0], grad);
    if constexpr (kMomentum) {
      x[2] = first ? grad : fused(V(undamped), grad, x[2] * V(momentum));
      grad = nesterov ? fused(V(momentum), x[2], grad) : x[2];
    }
    x[0] = fused(V(lr), grad, x[0]);
  }
};

struct AdamConstants {
  double lr, beta1, beta2, weight_decay, eps;
  bool maximize, decoupled;
  double step; // of this parameter, the current one included
};

template <class T, bool kAmsgrad> struct Adam {
  using Element = T;
  static constexpr int kOperands =
      kAmsgrad ? 5 : 4; // parameter, gradient, average, average of squares, largest
  static constexpr unsigned kWritten = kAmsgrad ? 0b11101 : 0b01101;
  T weight1, beta2, weight2, weight_decay, shrink, root_correction, eps, step_size;
  bool maximize, decoupled;

  explicit Adam(const AdamConstants& c)
      : weight1(T(1 - c.beta1)), beta2(T(c.beta2)), weight2(T(1 - c.beta2)), weight_decay(T(c.weight_decay)),
        shrink(T(1 - c.lr * c.weight_decay)), root_correction(T(std::sqrt(1 - std::pow(c.beta2, c.step)))),
        eps(T(c.eps)), step_size(T(-(c.lr / (1 - std::pow(c.beta1, c.step))))), maximize(c.maximize),
        decoupled(c.decoupled) {}

  template <class V> TORCH_INLINE void operator()(V* x) const {
    V grad = maximize ? -x[1] : x[1];
    if (weight_decay != 0) {
      if (decoupled)
        x[0] = x[0] * V(shrink);
      else
        grad = fused(V(weight_decay), x[0], grad);
    }
    x[2] = lerp(x[2], grad, weight1);
    x[3] = fused(V(weight2) * grad, grad, x[3] * V(beta2));
    V square = x[3];
    if constexpr (kAmsgrad) square = x[4] = maximum_(x[4], x[3]);
    const V denominator = sqrt_(square) / V(root_correction) + V(eps);
    x[0] = x[0] + V(step_size) * x[2] / denominator;
  }
};

struct RmspropConstants {
  double lr, alpha, eps, weight_decay, momentum;
  bool maximize;
};

template <class T, bool kCentered, bool kMomentum> struct Rmsprop {
  using Element = T;
  static constexpr int kAverage = 3,
                       kBuffer = kCentered ? 4 : 3; // where they are among the operands, if at all
  static constexpr int kOperands = 3 + kCentered + kMomentum;
  static constexpr unsigned kWritten = ((1u << kOperands) - 1) & ~0b10u;
  T lr, alpha, weight, eps, weight_decay, momentum;
  bool maximize;

  explicit Rmsprop(const RmspropConstants& c)
      : lr(T(-c.lr)), alpha(T(c.alpha)), weight(T(1 - c.alpha)), eps(T(c.eps)),
        weight_decay(T(c.weight_decay)), momentum(T(c.momentum)), maximize(c.maximize) {}

  template <class V> TORCH_INLINE void operator()(V* x) const {
    V grad = maximize ? -x[1] : x[1];
    if (weight_decay != 0) grad = fused(V(weight_decay), x[0], grad);
    x[2] = fused(V(weight) * grad, grad, x[2] * V(alpha));
    V square = x[2];
    if constexpr (kCentered) {
      x[kAverage] = lerp(x[kAverage], grad, weight);
      square = fused(-x[kAverage], x[kAverage], square);
    }
    const V root = sqrt_(square) + V(eps);
    if constexpr (kMomentum) {
      x[kBuffer] = x[kBuffer] * V(momentum) + grad / root;
      x[0] = fused(V(lr), x[kBuffer], x[0]);
    } else {
      x[0] = x[0] + V(lr) * grad / root;
    }
  }
};

// Divides gradients by the scale of a gradient scaler.
template <class T> struct Unscale {
  using Element = T;
  static constexpr int kOperands = 1;
  static constexpr unsigned kWritten = 1;
  T factor;
  explicit Unscale(double scale) : factor(T(1 / scale)) {}
  template <class V> TORCH_INLINE void operator()(V* x) const { x[0] = x[0] * V(factor); }
};

template <class T> struct AddNumber {
  using Element = T;
  static constexpr int kOperands = 1;
  static constexpr unsigned kWritten = 1;
  T number;
  explicit AddNumber(double value) : number(T(value)) {}
  template <class V> TORCH_INLINE void operator()(V* x) const { x[0] = x[0] + V(number); }
};

// What a gradient scaler asks for. Returns false where the step is to be left out.
bool apply_grad_scale(const char* op, TensorList grads, const Tensor& grad_scale, const Tensor& found_inf) {
  if (found_inf.defined() && read_number(op, "found_inf", found_inf) != 0) return false;
  if (!grad_scale.defined()) return true;
  const double scale = read_number(op, "grad_scale", grad_scale);
  const Operand lists[] = {{"grads", grads}};
  run_lists<Unscale>(lists, [&](size_t) { return scale; });
  return true;
}

template <class T> using PlainSgd = Sgd<T, false>;
template <class T> using MomentumSgd = Sgd<T, true>;
template <class T> using PlainAdam = Adam<T, false>;
template <class T> using AmsgradAdam = Adam<T, true>;
template <class T> using PlainRmsprop = Rmsprop<T, false, false>;
template <class T> using CenteredRmsprop = Rmsprop<T, true, false>;
template <class T> using MomentumRmsprop = Rmsprop<T, false, true>;
template <class T> using CenteredMomentumRmsprop = Rmsprop<T, true, true>;

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

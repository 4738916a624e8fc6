// Steps of optimizers over lists of parameters, by the rules that the CPU has (kernels/optim_rules.h).
#include "core/scalar.h"
#include "kernels/cuda/device/optim_args.h"
#include "kernels/cuda/index.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/table.h"
#include "kernels/cuda/walk.h"

#include <cmath>
#include <cstring>

// The rules' constants are made here, their steps are not run here: what those use needs to be declared only.
#define TORCH_INLINE
namespace torch::cuda {
template <class V> V fused(V, V, V);
template <class V> V lerp(V, V, V);
template <class V> V maximum_(V, V);
template <class V> V sqrt_(V);
} // namespace torch::cuda
#include "kernels/optim_rules.h"

namespace torch::cuda {

namespace {

constexpr Family kOptim{"optim", "OPTIM"};

struct List {
  const char* name;
  TensorList tensors;
};
using Lists = std::initializer_list<List>;

void check_lists(const char* op, Lists lists) {
  const TensorList params = lists.begin()->tensors;
  for (const List& list : lists) {
    check(list.tensors.size() == params.size(), op, ": ", list.name, " has ", list.tensors.size(),
          " tensors, but params has ", params.size());
    for (size_t i = 0; i < params.size(); ++i) {
      const Tensor& t = list.tensors[i];
      check(t.defined(), op, ": ", list.name, "[", i, "] is None");
      check(t.device() == params[i].device(), op, ": ", list.name, "[", i, "] is on ", t.device(),
            ", but params[", i, "] on ", params[i].device());
      check(equal(t.sizes(), params[i].sizes()), op, ": ", list.name, "[", i, "] has sizes ",
            IntSpan(t.sizes()), ", but params[", i, "] has ", IntSpan(params[i].sizes()));
      check_kind(ErrorKind::NotImplemented, is_floating(t.dtype()) && !is_low_precision(t.dtype()), op,
                 ": there is no CUDA kernel for ", t.dtype());
    }
  }
}

double read_number(const Tensor& t) {
  const Tensor here = empty_tensor({}, DType::Float64);
  copy(here, t.numel() == 1 && t.dim() > 0 ? alias(t, {}, {}, t.offset()) : t);
  return *here.data<double>();
}

// A launch for up to kOptimTensors parameters of one device and kind.
template <template <class> class Rule, class Constants>
void run(const char* name, Lists lists, const Constants& constants) {
  struct Pending {
    OptimArgs args{};
    int64_t blocks = 0;
    Device device;
    DType computed{}, stored{};
  };
  const auto pending = std::make_unique<Pending>();
  const auto flush = [&] {
    Pending& p = *pending;
    if (p.args.count == 0) return;
    Gpu& gpu = use(p.device.index);
    Kernel const kernel = p.stored == DType::Bool
                              ? find_kernel(concat(name, "_", type_name(p.computed), "_any"), kOptim)
                              : find_kernel_for(kOptim, name, p.computed, p.stored);
    launch(gpu, kernel, {p.blocks, kOptimThreads}, &p.args);
    p.args.count = 0;
    p.blocks = 0;
  };
  for (size_t i = 0; i < lists.begin()->tensors.size(); ++i) {
    const Tensor& param = lists.begin()->tensors[i];
    if (param.numel() == 0) continue;
    const DType computed = param.dtype() == DType::Float64 ? DType::Float64 : DType::Float32;
    Tensor own[kOptimOperands];
    DType stored = param.dtype(); // Bool: of several dtypes
    size_t count = 0;
    bool apart = !param.is_non_overlapping_and_dense();
    for (const List& list : lists) {
      own[count] = list.tensors[i];
      apart |= !lie_alike(param, own[count]);
      if (own[count].dtype() != param.dtype()) stored = DType::Bool;
      ++count;
    }
    if (apart) // in the order of the indices, and back
      for (size_t k = 0; k < count; ++k) own[k] = packed(own[k]);
    Pending& p = *pending;
    if (p.args.count == kOptimTensors ||
        (p.args.count > 0 && (p.device != param.device() || p.computed != computed || p.stored != stored)))
      flush();
    p.device = param.device();
    p.computed = computed;
    p.stored = stored;
    OptimTensor& t = p.args.tensors[p.args.count++];
    for (size_t k = 0; k < count; ++k) {
      t.data[k] = own[k].data();
      t.types[k] = own[k].dtype();
    }
    t.n = param.numel();
    t.first_block = p.blocks;
    p.blocks += (t.n + kOptimBlock - 1) / kOptimBlock;
    const auto put = [&](const auto& rule) {
      static_assert(sizeof rule <= kOptimRule);
      std::memcpy(t.rule, &rule, sizeof rule);
    };
    if (computed == DType::Float64)
      put(Rule<double>(constants(i)));
    else
      put(Rule<float>(constants(i)));
    if (apart) {
      flush();
      size_t k = 0;
      for (const List& list : lists) {
        if (!own[k].is_same(list.tensors[i])) copy(list.tensors[i], own[k]);
        ++k;
      }
    }
  }
  flush();
}

// What a gradient scaler asks for. False where the step is to be left out.
bool apply_grad_scale(TensorList grads, const Tensor& grad_scale, const Tensor& found_inf) {
  if (found_inf.defined() && read_number(found_inf) != 0) return false;
  if (!grad_scale.defined()) return true;
  const double scale = read_number(grad_scale);
  run<Unscale>("Unscale", {{"grads", grads}}, [&](size_t) { return scale; });
  return true;
}

void adam_step(const char* op, bool decoupled, TensorList params, TensorList grads, TensorList exp_avgs,
               TensorList exp_avg_sqs, TensorList max_exp_avg_sqs, TensorList state_steps, double lr,
               double beta1, double beta2, double weight_decay, double eps, bool amsgrad, bool maximize,
               const Tensor& grad_scale, const Tensor& found_inf) {
  const List p{"params", params}, g{"grads", grads}, m{"exp_avgs", exp_avgs}, v{"exp_avg_sqs", exp_avg_sqs},
      most{"max_exp_avg_sqs", max_exp_avg_sqs};
  amsgrad ? check_lists(op, {p, g, m, v, most}) : check_lists(op, {p, g, m, v});
  check(state_steps.size() == params.size(), op, ": state_steps has ", state_steps.size(),
        " tensors, but params has ", params.size());
  if (!apply_grad_scale(grads, grad_scale, found_inf)) return;
  const auto constants = [&](size_t i) {
    return AdamConstants{lr,  beta1,    beta2,     weight_decay,
                         eps, maximize, decoupled, read_number(state_steps[i])};
  };
  if (amsgrad)
    run<AmsgradAdam>("AmsgradAdam", {p, g, m, v, most}, constants);
  else
    run<PlainAdam>("PlainAdam", {p, g, m, v}, constants);
}

} // namespace

void foreach_add_scalar(TensorList self, const Scalar& scalar) {
  check_lists("_foreach_add_", {{"self", self}});
  const double number = scalar.to<double>();
  run<AddNumber>("AddNumber", {{"self", self}}, [&](size_t) { return number; });
}

void fused_sgd(TensorList self, TensorList grads, TensorList momentum_buffer_list, double weight_decay,
               double momentum, double lr, double dampening, bool nesterov, bool maximize, bool is_first_step,
               const Tensor& grad_scale, const Tensor& found_inf) {
  const List p{"params", self}, g{"grads", grads}, buffers{"momentum_buffer_list", momentum_buffer_list};
  momentum != 0 ? check_lists("_fused_sgd_", {p, g, buffers}) : check_lists("_fused_sgd_", {p, g});
  if (!apply_grad_scale(grads, grad_scale, found_inf)) return;
  const SgdConstants values{weight_decay, momentum, lr, dampening, nesterov, maximize, is_first_step};
  const auto constants = [&](size_t) { return values; };
  if (momentum != 0)
    run<MomentumSgd>("MomentumSgd", {p, g, buffers}, constants);
  else
    run<PlainSgd>("PlainSgd", {p, g}, constants);
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
  const List p{"params", self}, g{"grads", grads}, squares{"square_avgs", square_avgs},
      averages{"grad_avgs", grad_avgs}, buffers{"momentum_buffer_list", momentum_buffer_list};
  const RmspropConstants values{lr, alpha, eps, weight_decay, momentum, maximize};
  const auto step = [&]<template <class> class Rule>(const char* name, Lists lists) {
    check_lists(kOp, lists);
    run<Rule>(name, lists, [&](size_t) { return values; });
  };
  if (centered && momentum > 0)
    step.template operator()<CenteredMomentumRmsprop>("CenteredMomentumRmsprop",
                                                      {p, g, squares, averages, buffers});
  else if (centered)
    step.template operator()<CenteredRmsprop>("CenteredRmsprop", {p, g, squares, averages});
  else if (momentum > 0)
    step.template operator()<MomentumRmsprop>("MomentumRmsprop", {p, g, squares, buffers});
  else
    step.template operator()<PlainRmsprop>("PlainRmsprop", {p, g, squares});
}

} // namespace torch::cuda

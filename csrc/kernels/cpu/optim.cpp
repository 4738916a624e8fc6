// Steps of optimizers over whole lists of parameters. Each step reads every tensor once and writes it once: a
// chain of pointwise ops on registers, in the order of operations of the formulas in python/torch/optim.
#include "core/threads.h"
#include "kernels/cpu/convert.h"
#include "kernels/cpu/vec.h"
#include "kernels/cpu/walk.h"
#include "kernels/optim_kernels.h"

#include <cmath>
#include <memory>
#include <vector>

namespace torch::TORCH_ISA {
namespace {

// ---- steps ----

// A step works on V = Vec<T>: x[0] is the parameter, x[1] the gradient, then the state. kWritten has a bit
// for each operand that changes. Constants are rounded to T once, as a scalar operand of an op is; products
// are added in one rounding where addcmul, lerp and add with alpha do so. With that the only difference from
// PyTorch's steps is its square root, which is not correctly rounded.

template <class V> TORCH_INLINE V lerp(V start, V end, Element<V> weight) {
  // From the nearer end, so that weight 1 gives `end` exactly.
  using T = Element<V>;
  return std::abs(weight) < T(0.5) ? fused(V(weight), end - start, start)
                                   : fused(V(weight - T(1)), end - start, end);
}

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

// ---- running a step ----

// n contiguous elements of T behind each pointer.
template <class Step> void run_row(const Step& step, char* const* data, int64_t n) {
  using T = typename Step::Element;
  using V = Vec<T>;
  constexpr int kN = Step::kOperands;
  T* p[kN];
  for (int k = 0; k < kN; ++k) p[k] = reinterpret_cast<T*>(data[k]);
  V x[kN];
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) {
#pragma GCC unroll 8
    for (int k = 0; k < kN; ++k) x[k] = V::load(p[k] + i);
    step(x);
#pragma GCC unroll 8
    for (int k = 0; k < kN; ++k)
      if (Step::kWritten >> k & 1) x[k].store(p[k] + i);
  }
  if (i == n) return;
  for (int k = 0; k < kN; ++k) x[k] = V::load_partial(p[k] + i, n - i);
  step(x);
  for (int k = 0; k < kN; ++k)
    if (Step::kWritten >> k & 1) x[k].store_partial(p[k] + i, n - i);
}

// Whether the elements of all operands lie in memory without gaps, in one order, as the type that is computed
// with.
template <int kN> bool is_plain(const Tensor* const* operands, DType compute) {
  const Tensor& first = *operands[0];
  if (!first.is_non_overlapping_and_dense()) return false;
  for (int k = 0; k < kN; ++k) {
    const Tensor& t = *operands[k];
    if (real_type(t.dtype()) != compute) return false;
    if (t.is_contiguous() && first.is_contiguous()) continue;
    if (!equal(t.strides(), first.strides())) return false;
  }
  return true;
}

constexpr int64_t kTile = 512;
template <class T, int kN> struct TileBuffers {
  alignas(64) T values[kN][kTile];
  alignas(64) char scratch[2 * kTile * sizeof(double)];
};

// Any strides and floating types: tiles pass through buffers of T.
template <class Step> void run_strided(const Step& step, const Tensor* const* operands) {
  using T = typename Step::Element;
  constexpr int kN = Step::kOperands;
  const bool complex = operands[0]->is_complex();
  DimVec sizes(operands[0]->sizes());
  if (complex) sizes.push_back(2); // real and imaginary part are numbers of their own
  DimVec strides[kN];
  typename Geometry::Operand views[kN];
  for (int k = 0; k < kN; ++k) {
    strides[k] = operands[k]->strides();
    if (complex) {
      for (int64_t& stride : strides[k]) stride *= 2;
      strides[k].push_back(1);
    }
    views[k] = {operands[k]->data(), real_type(operands[k]->dtype()), strides[k].data()};
  }
  const Geometry geometry(sizes, views, kN);
  const TileWalk walk(geometry, choose_tile(geometry, kTile));
  walk.run_parallel(2 * kN, [&](char* const* at, int64_t cols, int64_t rows) {
    TileBuffers<T, kN> buffers;
    constexpr DType kCompute = dtype_of<T>();
    const int64_t row_bytes = cols * int64_t(sizeof(T));
    char* rows_of[kN];
    for (int k = 0; k < kN; ++k) {
      rows_of[k] = reinterpret_cast<char*>(buffers.values[k]);
      const int64_t stride1 = geometry.ndim > 1 ? geometry.strides[k][1] : 0;
      convert_tile(rows_of[k], sizeof(T), row_bytes, kCompute, at[k], geometry.strides[k][0], stride1,
                   geometry.dtypes[k], cols, rows, buffers.scratch);
    }
    run_row(step, rows_of, cols * rows);
    for (int k = 0; k < kN; ++k) {
      if (!(Step::kWritten >> k & 1)) continue;
      const int64_t stride1 = geometry.ndim > 1 ? geometry.strides[k][1] : 0;
      convert_tile(at[k], geometry.strides[k][0], stride1, geometry.dtypes[k], rows_of[k], sizeof(T),
                   row_bytes, kCompute, cols, rows, buffers.scratch);
    }
  });
}

// A piece of a plain tensor for one thread.
template <class Step> struct Piece {
  const Step* step;
  char* data[Step::kOperands];
  int64_t n;
};

// A list of tensors and its name in messages.
struct Operand {
  const char* name;
  TensorList tensors;
};

template <int kN> void check_lists(const char* op, const Operand (&lists)[kN]) {
  const TensorList params = lists[0].tensors;
  for (const Operand& list : lists) {
    check(list.tensors.size() == params.size(), op, ": ", list.name, " has ", list.tensors.size(),
          " tensors, but ", lists[0].name, " has ", params.size());
    for (size_t i = 0; i < params.size(); ++i) {
      const Tensor& t = list.tensors[i];
      const Tensor& param = params[i];
      check(t.defined(), op, ": ", list.name, "[", i, "] is None");
      check(t.is_cpu(), op, ": ", list.name, "[", i, "] is not on the CPU, where ", lists[0].name, "[0] is");
      check(equal(t.sizes(), param.sizes()), op, ": ", list.name, "[", i, "] has sizes ", IntSpan(t.sizes()),
            ", but ", lists[0].name, "[", i, "] has ", IntSpan(param.sizes()));
      check(is_differentiable(t.dtype()) && t.is_complex() == param.is_complex(), op, ": ", list.name, "[", i,
            "] is ", t.dtype(), ", which does not go with ", lists[0].name, "[", i, "], ", param.dtype());
    }
  }
}

// Does the step over all tensors of T. make(i) gives the step of tensor i.
template <class Step, int kN, class Make>
void run_lists_of(DType compute, const Operand (&lists)[kN], const Make& make) {
  static_assert(Step::kOperands == kN);
  const size_t count = lists[0].tensors.size();
  std::vector<Step> steps;
  std::vector<Piece<Step>> pieces;
  steps.reserve(count);
  pieces.reserve(count);
  constexpr int64_t kPiece = 16384;
  int64_t total = 0;
  for (size_t i = 0; i < count; ++i) {
    const Tensor& param = lists[0].tensors[i];
    const bool is_double = real_type(param.dtype()) == DType::Float64;
    if (is_double != (compute == DType::Float64) || param.numel() == 0) continue;
    const Tensor* operands[kN];
    for (int k = 0; k < kN; ++k) operands[k] = &lists[k].tensors[i];
    steps.push_back(make(i));
    if (!is_plain<kN>(operands, compute)) {
      run_strided(steps.back(), operands);
      continue;
    }
    using T = typename Step::Element;
    const int64_t n = param.numel() * (param.is_complex() ? 2 : 1);
    total += n;
    for (int64_t first = 0; first < n; first += kPiece) {
      Piece<Step>& piece = pieces.emplace_back();
      piece.step = &steps.back();
      piece.n = std::min(kPiece, n - first);
      for (int k = 0; k < kN; ++k)
        piece.data[k] = static_cast<char*>(operands[k]->data()) + first * int64_t(sizeof(T));
    }
  }
  // Grain in pieces, from their mean size: many small tensors count as much as one large.
  const int64_t pieces_count = int64_t(pieces.size());
  const int64_t mean = pieces_count ? std::max<int64_t>(1, total * 2 * kN / pieces_count) : 1;
  parallel_for(0, pieces_count, std::max<int64_t>(1, kGrain / mean), [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i)
      run_row(*pieces[size_t(i)].step, pieces[size_t(i)].data, pieces[size_t(i)].n);
  });
}

// The same for parameters of every floating type: float64 computes in itself, all others in float32.
// `constants(i)` gives what Step<T>'s constructor takes.
template <template <class> class Step, int kN, class Constants>
void run_lists(const Operand (&lists)[kN], const Constants& constants) {
  bool any_float = false, any_double = false;
  for (const Tensor& t : lists[0].tensors)
    (real_type(t.dtype()) == DType::Float64 ? any_double : any_float) = true;
  if (any_float)
    run_lists_of<Step<float>>(DType::Float32, lists, [&](size_t i) { return Step<float>(constants(i)); });
  if (any_double)
    run_lists_of<Step<double>>(DType::Float64, lists, [&](size_t i) { return Step<double>(constants(i)); });
}

double read_number(const char* op, const char* name, const Tensor& t) {
  check(t.defined() && t.numel() == 1 && t.is_cpu(), op, ": ", name,
        " must be a tensor of one element on the CPU");
  double value = 0;
  converter(t.dtype(), DType::Float64)(&value, t.data(), 1);
  return value;
}

// What a gradient scaler asks for. Returns false where the step is to be left out.
bool apply_grad_scale(const char* op, TensorList grads, const Tensor& grad_scale, const Tensor& found_inf) {
  if (found_inf.defined() && read_number(op, "found_inf", found_inf) != 0) return false;
  if (!grad_scale.defined()) return true;
  const double scale = read_number(op, "grad_scale", grad_scale);
  run_lists<Unscale>({{"grads", grads}}, [&](size_t) { return scale; });
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

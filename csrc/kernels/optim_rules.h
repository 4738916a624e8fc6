// Steps of optimizers, generic over the value type V as the elementwise functors are (kernels/pointwise.h):
// x[0] is the parameter, x[1] the gradient, then the state. kWritten has a bit for each operand that changes.
// A rule's constants are made on the host, also for a GPU.
#pragma once

namespace torch::TORCH_ISA {

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

template <class T> using PlainSgd = Sgd<T, false>;
template <class T> using MomentumSgd = Sgd<T, true>;
template <class T> using PlainAdam = Adam<T, false>;
template <class T> using AmsgradAdam = Adam<T, true>;
template <class T> using PlainRmsprop = Rmsprop<T, false, false>;
template <class T> using CenteredRmsprop = Rmsprop<T, true, false>;
template <class T> using MomentumRmsprop = Rmsprop<T, false, true>;
template <class T> using CenteredMomentumRmsprop = Rmsprop<T, true, true>;

} // namespace torch::TORCH_ISA

// Functors of activations, their gradients and elementwise losses; see pointwise.h for the conventions. A
// gradient functor takes (grad, x) or, where the comment says so, (grad, y) with the op's result.
#pragma once

#include "kernels/pointwise.h"

namespace torch::TORCH_ISA {

template <class V> struct Relu : Functor<kReals, Sign64::Matters> {
  TORCH_INLINE V operator()(V x) const { return max_or_second(V(0), x); } // NaN stays
};
template <class V> struct Gelu : Functor<kFloats> { // x * Phi(x)
  TORCH_INLINE V operator()(V x) const { return times_normal_cdf_(x); }
};
template <class V> struct GeluGrad : Functor<kFloats> {
  TORCH_INLINE V operator()(V grad, V x) const { return grad * normal_cdf_slope_(x); }
};
constexpr double kGeluTanhScale = std::numbers::sqrt2 * std::numbers::inv_sqrtpi; // sqrt(2 / pi)
constexpr double kGeluTanhCubic = 0.044715;
template <class V> struct GeluTanh : Functor<kFloats> {
  TORCH_INLINE V operator()(V x) const {
    const V inner = V(kGeluTanhScale) * (x + V(kGeluTanhCubic) * x * x * x);
    return V(0.5) * x * (V(1) + tanh_(inner));
  }
};
template <class V> struct GeluTanhGrad : Functor<kFloats> {
  TORCH_INLINE V operator()(V grad, V x) const {
    const V t = tanh_(V(kGeluTanhScale) * (x + V(kGeluTanhCubic) * x * x * x));
    const V slope = V(kGeluTanhScale) * (V(1) + V(3 * kGeluTanhCubic) * x * x);
    return grad * (V(0.5) * (V(1) + t) + V(0.5) * x * (V(1) - t * t) * slope);
  }
};
template <class V> struct Silu : Functor<kFloating> {
  TORCH_INLINE V operator()(V x) const {
    if constexpr (kIsComplex<V>) {
      return x / (V(1) + exp_(-x));
    } else { // as in sigmoid
      const V e = exp_minus_abs_(x);
      return x * select(signbit_(x), e, V(1)) / (V(1) + e);
    }
  }
};
template <class V> struct SiluGrad : Functor<kFloating> {
  TORCH_INLINE V operator()(V grad, V x) const {
    const V s = sigmoid_(x);
    if constexpr (kIsComplex<V>)
      return grad * conj_(s * (V(1) + x * (V(1) - s)));
    else
      return grad * s * (V(1) + x * (V(1) - s));
  }
};
template <class V> struct Elu : Functor<kFloats> { // [alpha, scale, input_scale]
  V negative, positive, input;
  TORCH_INLINE Elu(const Scalar* p)
      : Functor(p), negative(parameter<V>(p[0]) * parameter<V>(p[1])), positive(parameter<V>(p[1])),
        input(parameter<V>(p[2])) {}
  TORCH_INLINE V operator()(V x) const {
    return select(x <= V(0), expm1_(x * input) * negative, x * positive);
  }
};
template <class V> struct EluGrad : Functor<kFloats> { // [alpha, scale, input_scale]
  V negative, positive, input;
  TORCH_INLINE EluGrad(const Scalar* p)
      : Functor(p), negative(parameter<V>(p[0]) * parameter<V>(p[1])), positive(parameter<V>(p[1])),
        input(parameter<V>(p[2])) {}
  TORCH_INLINE V operator()(V grad, V x) const {
    return grad * select(x > V(0), positive, input * negative * exp_(x * input));
  }
};
template <class V> struct LeakyRelu : Functor<kFloats> { // [slope]
  V slope;
  TORCH_INLINE LeakyRelu(const Scalar* p) : Functor(p), slope(parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V x) const { return select(x > V(0), x, x * slope); }
};
template <class V> struct LeakyReluGrad : Functor<kFloats> { // [slope]
  V slope;
  TORCH_INLINE LeakyReluGrad(const Scalar* p) : Functor(p), slope(parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V grad, V x) const { return select(x > V(0), grad, grad * slope); }
};
template <class V> struct HardtanhGrad : Functor<kReals> { // [min, max]
  V low, high;
  TORCH_INLINE HardtanhGrad(const Scalar* p)
      : Functor(p), low(parameter<V>(p[0])), high(parameter<V>(p[1])) {}
  TORCH_INLINE V operator()(V grad, V x) const { return select((x > low) & (x < high), grad, V(0)); }
};
template <class V> struct Softplus : Functor<kFloats> { // [beta, threshold]
  V beta, threshold;
  TORCH_INLINE Softplus(const Scalar* p)
      : Functor(p), beta(parameter<V>(p[0])), threshold(parameter<V>(p[1])) {}
  TORCH_INLINE V operator()(V x) const {
    const V scaled = x * beta;
    const V value = max_or_second(V(0), scaled) + log1p_(exp_minus_abs_(scaled)); // overflows nowhere
    return select(scaled > threshold, x, value / beta);
  }
};
template <class V> struct SoftplusGrad : Functor<kFloats> { // [beta, threshold]
  V beta, threshold;
  TORCH_INLINE SoftplusGrad(const Scalar* p)
      : Functor(p), beta(parameter<V>(p[0])), threshold(parameter<V>(p[1])) {}
  TORCH_INLINE V operator()(V grad, V x) const {
    const V scaled = x * beta;
    return select(scaled > threshold, grad, grad * sigmoid_(scaled));
  }
};
template <class V> struct LogSigmoid : Functor<kFloats> {
  TORCH_INLINE V operator()(V x) const { return min_or_second(V(0), x) - log1p_(exp_minus_abs_(x)); }
};
template <class V> struct LogSigmoidGrad : Functor<kFloats> { // grad * sigmoid(-x)
  TORCH_INLINE V operator()(V grad, V x) const { return grad * sigmoid_(-x); }
};
template <class V> struct ThresholdOp : Functor<kReals, Sign64::Matters> { // [threshold, value]
  V threshold, value;
  TORCH_INLINE ThresholdOp(const Scalar* p)
      : Functor(p), threshold(parameter<V>(p[0])), value(parameter<V>(p[1])) {}
  TORCH_INLINE V operator()(V x) const { return select(x <= threshold, value, x); }
};
template <class V> struct ThresholdGrad : Functor<kReals> { // [threshold]
  V threshold;
  TORCH_INLINE ThresholdGrad(const Scalar* p) : Functor(p), threshold(parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V grad, V x) const { return select(x <= threshold, V(0), grad); }
};
template <class V> struct SigmoidGrad : Functor<kFloating> { // (grad, y)
  TORCH_INLINE V operator()(V grad, V y) const {
    if constexpr (kIsComplex<V>)
      return grad * conj_((V(1) - y) * y);
    else
      return grad * (V(1) - y) * y;
  }
};
template <class V> struct TanhGrad : Functor<kFloating> { // (grad, y)
  TORCH_INLINE V operator()(V grad, V y) const {
    if constexpr (kIsComplex<V>)
      return grad * conj_(V(1) - y * y);
    else
      return grad * (V(1) - y * y);
  }
};
template <class V> TORCH_INLINE V clamp_0_6(V x) { return min_or_second(V(6), max_or_second(V(0), x)); }
template <class V> struct Hardswish : Functor<kFloats> {
  TORCH_INLINE V operator()(V x) const { return x * clamp_0_6(x + V(3)) / V(6); }
};
template <class V> struct HardswishGrad : Functor<kFloats> {
  TORCH_INLINE V operator()(V grad, V x) const {
    return select(x < V(-3), V(0), select(x > V(3), grad, grad * (x / V(3) + V(0.5))));
  }
};
template <class V> struct Hardsigmoid : Functor<kFloats> {
  TORCH_INLINE V operator()(V x) const { return clamp_0_6(x + V(3)) / V(6); }
};
template <class V> struct HardsigmoidGrad : Functor<kFloats> {
  TORCH_INLINE V operator()(V grad, V x) const {
    return select((x > V(-3)) & (x < V(3)), grad * V(1.0 / 6), V(0));
  }
};
// tanh(log(1 + e)) = e (e + 2) / (e (e + 2) + 2) with e = exp(x); 1 for x > 20, before e * e overflows.
template <class V> TORCH_INLINE V tanh_of_softplus(V x) {
  const V e = exp_(min_or_second(V(20), x)), n = e * (e + V(2));
  return n / (n + V(2));
}
template <class V> struct Mish : Functor<kFloats> {
  TORCH_INLINE V operator()(V x) const { return x * tanh_of_softplus(x); }
};
template <class V> struct MishGrad : Functor<kFloats> {
  TORCH_INLINE V operator()(V grad, V x) const {
    const V t = tanh_of_softplus(x);
    return grad * (t + x * sigmoid_(x) * (V(1) - t * t));
  }
};

// ---- losses, (prediction, target) ----

template <class V> struct SmoothL1 : Functor<kFloats> { // [beta]
  V beta;
  TORCH_INLINE SmoothL1(const Scalar* p) : Functor(p), beta(parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V a, V b) const {
    const V z = abs_(a - b);
    return select(z < beta, V(0.5) * z * z / beta, z - V(0.5) * beta);
  }
};
template <class V> struct SmoothL1Grad : Functor<kFloats> { // [beta] (grad, a, b)
  V beta;
  TORCH_INLINE SmoothL1Grad(const Scalar* p) : Functor(p), beta(parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V grad, V a, V b) const {
    const V d = a - b;
    return select(d <= -beta, -grad, select(d >= beta, grad, grad * d / beta));
  }
};
template <class V> struct Huber : Functor<kFloats> { // [delta]
  V delta;
  TORCH_INLINE Huber(const Scalar* p) : Functor(p), delta(parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V a, V b) const {
    const V z = abs_(a - b);
    return select(z <= delta, V(0.5) * z * z, delta * (z - V(0.5) * delta));
  }
};
template <class V> struct HuberGrad : Functor<kFloats> { // [delta] (grad, a, b)
  V delta;
  TORCH_INLINE HuberGrad(const Scalar* p) : Functor(p), delta(parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V grad, V a, V b) const {
    const V d = a - b;
    return select(d <= -delta, -grad * delta, select(d >= delta, grad * delta, grad * d));
  }
};
template <class V> struct BceLoss : Functor<kFloats> { // logs are clamped at -100, as documented for BCELoss
  TORCH_INLINE V operator()(V x, V t) const {
    check_all((x >= V(0)) & (x <= V(1)),
              "binary_cross_entropy: all elements of input should be between 0 and 1");
    const V log_x = max_or_second(V(-100), log_(x)), log_rest = max_or_second(V(-100), log1p_(-x));
    return (t - V(1)) * log_rest - t * log_x;
  }
};
template <class V> struct BceGrad : Functor<kFloats> { // (grad, x, t)
  TORCH_INLINE V operator()(V grad, V x, V t) const {
    return grad * (x - t) / max_or_second(V(1e-12), (V(1) - x) * x);
  }
};
template <class V> struct BceLogits : Functor<kFloats> {
  TORCH_INLINE V operator()(V t, V x) const {
    return (V(1) - t) * x - min_or_second(V(0), x) + log1p_(exp_minus_abs_(x));
  }
};

} // namespace torch::TORCH_ISA

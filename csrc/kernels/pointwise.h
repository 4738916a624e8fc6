// One functor per elementwise op, generic over the value type V: a register of numbers on the CPU, one number
// on a GPU, Cplx<T> for complex. The including file has the vocabulary (Scalar, select, maximum_, exp_ ...
// with a trailing underscore): kernels/cpu/rows.h or kernels/cuda/device/numbers.h, which is why nothing is
// included here. Activations and losses are in pointwise_nn.h, the rest in pointwise_special.h.
//
// A functor says in kTypes which compute types it has rows for, takes its parameters from the Scalars in the
// order of the comment beside it, and returns V, a mask (bool out), or the real or complex sibling of V.
#pragma once

namespace torch::TORCH_ISA {

enum Types : unsigned { kInts = 1, kFloats = 2, kComplexes = 4, kReals = 3, kFloating = 6, kAny = 7 };

// Whether uint64 needs other code than int64: for order, division and shifts to the right.
enum class Sign64 : bool { Ignored, Matters };
template <unsigned kMask, Sign64 kSign = Sign64::Ignored> struct Functor {
  static constexpr unsigned kTypes = kMask;
  static constexpr bool kByNumber = false;  // V is a plain number even on the CPU
  static constexpr bool kMaskFirst = false; // the first operand is a mask (bool)
  static constexpr bool kSignMatters = kSign == Sign64::Matters;
  TORCH_INLINE Functor(const Scalar*) {}
};
template <unsigned kMask> struct NumberFunctor : Functor<kMask> {
  static constexpr bool kByNumber = true;
  using Functor<kMask>::Functor;
};

template <class V> TORCH_INLINE V parameter(const Scalar& s) { return V(s.to<Element<V>>()); }
template <class V> constexpr bool kIntegral = std::is_integral_v<Element<V>>;

// ---- arithmetic ----

template <class V> struct Add : Functor<kAny> { // [alpha] a + alpha * b
  V alpha;
  TORCH_INLINE Add(const Scalar* p) : Functor(p), alpha(parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V a, V b) const { return fused(alpha, b, a); }
};
template <class V> struct Sub : Functor<kAny> { // [alpha] a - alpha * b
  V alpha;
  TORCH_INLINE Sub(const Scalar* p) : Functor(p), alpha(-parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V a, V b) const { return fused(alpha, b, a); }
};
template <class V> struct Mul : Functor<kAny> {
  TORCH_INLINE V operator()(V a, V b) const { return a * b; }
};
template <class V> struct Div : Functor<kFloating> {
  TORCH_INLINE V operator()(V a, V b) const { return a / b; }
};
template <class V> struct DivTrunc : Functor<kReals, Sign64::Matters> {
  TORCH_INLINE V operator()(V a, V b) const {
    if constexpr (kIntegral<V>)
      return divide_trunc(a, b);
    else
      return trunc_(a / b);
  }
};
// Python's floor division. For floats (a - remainder) / b is a whole number up to rounding, so the nearest
// one is it.
template <class V> struct DivFloor : Functor<kReals, Sign64::Matters> {
  TORCH_INLINE V operator()(V a, V b) const {
    if constexpr (kIntegral<V>) {
      return divide_floor(a, b);
    } else {
      const V zero(0), mod = fmod_(a, b);
      V quotient = (a - mod) / b;
      quotient = select((mod != zero) & ((b < zero) ^ (mod < zero)), quotient - V(1), quotient);
      V whole = floor_(quotient);
      whole = select(quotient - whole > V(0.5), whole + V(1), whole);
      whole = select(quotient == zero, copysign_(zero, a / b), whole);
      return select(b == zero, a / b, whole);
    }
  }
};
template <class V> struct Remainder : Functor<kReals, Sign64::Matters> { // sign of the divisor
  TORCH_INLINE V operator()(V a, V b) const {
    if constexpr (kIntegral<V>) {
      return remainder_floor(a, b);
    } else {
      const V zero(0), mod = fmod_(a, b);
      return select((mod != zero) & ((b < zero) ^ (mod < zero)), mod + b, mod);
    }
  }
};
template <class V> struct Fmod : Functor<kReals, Sign64::Matters> { // sign of the dividend
  TORCH_INLINE V operator()(V a, V b) const {
    if constexpr (kIntegral<V>)
      return remainder_trunc(a, b);
    else
      return fmod_(a, b);
  }
};
template <class V> struct Pow : Functor<kAny, Sign64::Matters> {
  TORCH_INLINE V operator()(V a, V b) const { return power(a, b); }
};
template <class V> struct Maximum : Functor<kReals, Sign64::Matters> {
  TORCH_INLINE V operator()(V a, V b) const { return maximum_(a, b); }
};
template <class V> struct Minimum : Functor<kReals, Sign64::Matters> {
  TORCH_INLINE V operator()(V a, V b) const { return minimum_(a, b); }
};
template <class V> struct Fmax : Functor<kReals, Sign64::Matters> { // a number wins over NaN
  TORCH_INLINE V operator()(V a, V b) const { return select(b != b, a, max_or_second(a, b)); }
};
template <class V> struct Fmin : Functor<kReals, Sign64::Matters> {
  TORCH_INLINE V operator()(V a, V b) const { return select(b != b, a, min_or_second(a, b)); }
};
template <class V> struct Atan2 : Functor<kFloats> {
  TORCH_INLINE V operator()(V a, V b) const { return atan2_(a, b); }
};
template <class V> struct Hypot : Functor<kFloats> {
  TORCH_INLINE V operator()(V a, V b) const { return hypot_(a, b); }
};
template <class V> struct LogAddExp : Functor<kFloating> {
  TORCH_INLINE V operator()(V a, V b) const {
    if constexpr (kIsComplex<V>) {
      return log_add_exp(a, b);
    } else {
      const V sum = maximum_(a, b) + log1p_(exp_minus_abs_(a - b));
      return select((a == b) & isinf_(a), a, sum);
    }
  }
};
template <class V> struct LogAddExp2 : Functor<kFloats> {
  TORCH_INLINE V operator()(V a, V b) const {
    const V sum = maximum_(a, b) + log1p_(exp2_(-abs_(a - b))) * V(std::numbers::log2e);
    return select((a == b) & isinf_(a), a, sum);
  }
};
template <class V> struct Copysign : Functor<kFloats> {
  TORCH_INLINE V operator()(V a, V b) const { return copysign_(a, b); }
};
template <class V> struct Xlogy : Functor<kFloats> { // 0 where a is 0, unless b is NaN
  TORCH_INLINE V operator()(V a, V b) const { return select((a == V(0)) & (b == b), V(0), a * log_(b)); }
};
template <class V>
struct Nextafter : NumberFunctor<kFloats> { // [dtype] half types step in their own precision
  DType type;
  TORCH_INLINE Nextafter(const Scalar* p)
      : NumberFunctor<kFloats>(p), type(static_cast<DType>(p[0].to<int64_t>())) {}
  TORCH_INLINE V operator()(V a, V b) const {
    if (type == DType::Float16) return stepped<Half>(a, b);
    if (type == DType::BFloat16) return stepped<BFloat16>(a, b);
    return std::nextafter(a, b);
  }

private:
  template <class H> static TORCH_INLINE V stepped(V a, V b) {
    if (a != a || b != b) return a + b;
    if (a == b) return b;
    H h(static_cast<float>(a));
    if (a == V(0))
      h.bits = static_cast<uint16_t>(b < V(0) ? 0x8001 : 0x0001);
    else
      h.bits = static_cast<uint16_t>((a < b) == (a > V(0)) ? h.bits + 1 : h.bits - 1);
    return V(static_cast<float>(h));
  }
};
template <class V> struct Heaviside : Functor<kReals, Sign64::Matters> {
  TORCH_INLINE V operator()(V a, V b) const { return select(a == V(0), b, select(a > V(0), V(1), V(0))); }
};

// ---- comparison and logic ----

// Of masks, so that of plain truth values a bool comes out, and not an int.
template <class M> TORCH_INLINE M both(M a, M b) { return a & b; }
template <class M> TORCH_INLINE M either(M a, M b) { return a | b; }
template <class M> TORCH_INLINE M one_of(M a, M b) { return a ^ b; }

template <class V> struct Eq : Functor<kAny> {
  TORCH_INLINE auto operator()(V a, V b) const { return a == b; }
};
template <class V> struct Ne : Functor<kAny> {
  TORCH_INLINE auto operator()(V a, V b) const { return a != b; }
};
template <class V> struct Lt : Functor<kReals, Sign64::Matters> {
  TORCH_INLINE auto operator()(V a, V b) const { return a < b; }
};
template <class V> struct Le : Functor<kReals, Sign64::Matters> {
  TORCH_INLINE auto operator()(V a, V b) const { return a <= b; }
};
template <class V> struct Gt : Functor<kReals, Sign64::Matters> {
  TORCH_INLINE auto operator()(V a, V b) const { return a > b; }
};
template <class V> struct Ge : Functor<kReals, Sign64::Matters> {
  TORCH_INLINE auto operator()(V a, V b) const { return a >= b; }
};
template <class V> struct LogicalAnd : Functor<kAny> {
  TORCH_INLINE auto operator()(V a, V b) const { return both(a != V(0), b != V(0)); }
};
template <class V> struct LogicalOr : Functor<kAny> {
  TORCH_INLINE auto operator()(V a, V b) const { return either(a != V(0), b != V(0)); }
};
template <class V> struct LogicalXor : Functor<kAny> {
  TORCH_INLINE auto operator()(V a, V b) const { return one_of(a != V(0), b != V(0)); }
};
template <class V> struct LogicalNot : Functor<kAny> {
  TORCH_INLINE auto operator()(V a) const { return a == V(0); }
};
template <class V> struct BitwiseAnd : Functor<kInts> {
  TORCH_INLINE V operator()(V a, V b) const { return a & b; }
};
template <class V> struct BitwiseOr : Functor<kInts> {
  TORCH_INLINE V operator()(V a, V b) const { return a | b; }
};
template <class V> struct BitwiseXor : Functor<kInts> {
  TORCH_INLINE V operator()(V a, V b) const { return a ^ b; }
};
template <class V> struct BitwiseNot : Functor<kInts> { // the engine runs LogicalNot for bool
  TORCH_INLINE V operator()(V a) const { return ~a; }
};
template <class V> struct ShiftLeft : Functor<kInts> {
  TORCH_INLINE V operator()(V a, V b) const { return shift_left_by(a, b); }
};
template <class V> struct ShiftRight : Functor<kInts, Sign64::Matters> {
  TORCH_INLINE V operator()(V a, V b) const { return shift_right_by(a, b); }
};
template <class V> struct IsNan : Functor<kAny> {
  TORCH_INLINE auto operator()(V a) const {
    if constexpr (kIntegral<V>)
      return a != a;
    else
      return isnan_(a);
  }
};
template <class V> struct IsInf : Functor<kAny> {
  TORCH_INLINE auto operator()(V a) const {
    if constexpr (kIntegral<V>)
      return a != a;
    else
      return isinf_(a);
  }
};
template <class V> struct IsFinite : Functor<kAny> {
  TORCH_INLINE auto operator()(V a) const {
    if constexpr (kIntegral<V>)
      return a == a;
    else
      return isfinite_(a);
  }
};
template <class V> struct Signbit : Functor<kReals, Sign64::Matters> {
  TORCH_INLINE auto operator()(V a) const {
    if constexpr (kIntegral<V>)
      return a < V(0);
    else
      return signbit_(a);
  }
};

// ---- one operand ----

template <class V> struct Identity : Functor<kAny> {
  TORCH_INLINE V operator()(V a) const { return a; }
};
template <class V> struct Neg : Functor<kAny> {
  TORCH_INLINE V operator()(V a) const { return -a; }
};
template <class V> struct Abs : Functor<kAny, Sign64::Matters> { // real for complex
  TORCH_INLINE auto operator()(V a) const { return abs_(a); }
};
template <class V> struct Sign : Functor<kReals, Sign64::Matters> { // 0 for NaN
  TORCH_INLINE V operator()(V a) const { return select(a > V(0), V(1), select(a < V(0), V(-1), V(0))); }
};
template <class V> struct Sgn : Functor<kAny, Sign64::Matters> {
  TORCH_INLINE V operator()(V a) const {
    if constexpr (kIsComplex<V>) {
      const auto magnitude = abs_(a);
      return magnitude == 0 ? V(0) : V(a.re / magnitude, a.im / magnitude);
    } else {
      return select(a > V(0), V(1), select(a < V(0), V(-1), V(0)));
    }
  }
};
template <class V> struct Floor : Functor<kReals> {
  TORCH_INLINE V operator()(V a) const {
    if constexpr (kIntegral<V>)
      return a;
    else
      return floor_(a);
  }
};
template <class V> struct Ceil : Functor<kReals> {
  TORCH_INLINE V operator()(V a) const {
    if constexpr (kIntegral<V>)
      return a;
    else
      return ceil_(a);
  }
};
template <class V> struct Trunc : Functor<kReals> {
  TORCH_INLINE V operator()(V a) const {
    if constexpr (kIntegral<V>)
      return a;
    else
      return trunc_(a);
  }
};
template <class V> struct Round : Functor<kReals> { // [decimals] half to even
  int64_t decimals;
  V power_of_ten{0};
  TORCH_INLINE Round(const Scalar* p) : Functor(p), decimals(p[0].to<int64_t>()) {
    if constexpr (!kIntegral<V>)
      power_of_ten = V(Element<V>(std::pow(10.0, double(decimals < 0 ? -decimals : decimals))));
  }
  TORCH_INLINE V operator()(V a) const {
    if constexpr (kIntegral<V>)
      return a;
    else if (decimals == 0)
      return round_(a);
    else if (decimals > 0)
      return round_(a * power_of_ten) / power_of_ten;
    else
      return round_(a / power_of_ten) * power_of_ten;
  }
};
template <class V> struct Frac : Functor<kFloats> {
  TORCH_INLINE V operator()(V a) const { return a - trunc_(a); }
};
template <class V> struct Reciprocal : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return V(1) / a; }
};
template <class V> struct Square : Functor<kAny> {
  TORCH_INLINE V operator()(V a) const { return a * a; }
};
template <class V> struct Sqrt : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return sqrt_(a); }
};
template <class V> struct Rsqrt : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return V(1) / sqrt_(a); }
};
template <class V> struct Exp : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return exp_(a); }
};
template <class V> struct Exp2 : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return exp2_(a); }
};
template <class V> struct Expm1 : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return expm1_(a); }
};
template <class V> struct Log : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return log_(a); }
};
template <class V> struct Log2 : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return log2_(a); }
};
template <class V> struct Log10 : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return log10_(a); }
};
template <class V> struct Log1p : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return log1p_(a); }
};
template <class V> struct Sin : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return sin_(a); }
};
template <class V> struct Cos : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return cos_(a); }
};
template <class V> struct Tan : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return tan_(a); }
};
template <class V> struct Asin : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return asin_(a); }
};
template <class V> struct Acos : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return acos_(a); }
};
template <class V> struct Atan : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return atan_(a); }
};
template <class V> struct Sinh : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return sinh_(a); }
};
template <class V> struct Cosh : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return cosh_(a); }
};
template <class V> struct Tanh : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return tanh_(a); }
};
template <class V> struct Asinh : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return asinh_(a); }
};
template <class V> struct Acosh : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return acosh_(a); }
};
template <class V> struct Atanh : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return atanh_(a); }
};
template <class V> struct Sigmoid : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const { return sigmoid_(a); }
};
template <class V>
struct Logit : Functor<kFloats> { // [eps] a clamped to [eps, 1 - eps]; eps < 0: not clamped
  bool clamp;
  V low, high;
  TORCH_INLINE Logit(const Scalar* p)
      : Functor(p), clamp(p[0].to<double>() >= 0), low(parameter<V>(p[0])), high(V(1) - low) {}
  TORCH_INLINE V operator()(V a) const {
    if (clamp) a = select(a < low, low, select(a > high, high, a));
    // Around 1/2 the result is next to 0: there the odds' distance from 1 is what counts.
    const V rest = V(1) - a, odds = log_(a / rest);
    const auto middle = (a > V(0.25)) & (a < V(0.75));
    return any(middle) ? select(middle, log1p_((a + a - V(1)) / rest), odds) : odds;
  }
};
template <class V> struct Erf : Functor<kFloats> {
  TORCH_INLINE V operator()(V a) const { return erf_(a); }
};
template <class V> struct Erfc : Functor<kFloats> {
  TORCH_INLINE V operator()(V a) const { return erfc_(a); }
};
template <class V> struct Erfinv : NumberFunctor<kFloats> {
  TORCH_INLINE V operator()(V a) const { return V(erfinv_(double(a))); }
};
template <class V> struct Lgamma : Functor<kFloats> {
  TORCH_INLINE V operator()(V a) const { return lgamma_(a); }
};
template <class V> struct Digamma : NumberFunctor<kFloats> {
  TORCH_INLINE V operator()(V a) const { return V(digamma_(double(a))); }
};
template <class V> struct Angle : Functor<kFloating> { // real out
  TORCH_INLINE auto operator()(V a) const {
    if constexpr (kIsComplex<V>)
      return angle_(a);
    else
      return select(a != a, a, select(a < V(0), V(Element<V>(std::numbers::pi)), V(0)));
  }
};
template <class V> struct Conj : Functor<kAny> {
  TORCH_INLINE V operator()(V a) const {
    if constexpr (kIsComplex<V>)
      return conj_(a);
    else
      return a;
  }
};
template <class V> struct NanToNum : Functor<kAny> { // [nan, posinf, neginf]
  V nan, positive, negative;
  TORCH_INLINE NanToNum(const Scalar* p)
      : Functor(p), nan(parameter<V>(p[0])), positive(parameter<V>(p[1])), negative(parameter<V>(p[2])) {}
  TORCH_INLINE V operator()(V a) const {
    if constexpr (kIntegral<V>) {
      return a;
    } else if constexpr (kIsComplex<V>) {
      const auto part = [&](auto v) {
        return v != v ? nan.re : !std::isinf(v) ? v : v > 0 ? positive.re : negative.re;
      };
      return V(part(a.re), part(a.im));
    } else {
      constexpr auto inf = std::numeric_limits<Element<V>>::infinity();
      return select(a != a, nan, select(a == V(inf), positive, select(a == V(-inf), negative, a)));
    }
  }
};

// ---- selection and combinations ----

template <class V>
struct Clamp : Functor<kReals, Sign64::Matters> { // [min, max]; NaN stays, a NaN bound gives NaN
  V low, high, poison;
  TORCH_INLINE Clamp(const Scalar* p)
      : Functor(p), low(bound(p[0])), high(bound(p[1])), poison(Element<V>(0)) {
    if constexpr (!kIntegral<V>) {
      const double l = p[0].to<double>(), h = p[1].to<double>();
      poison = V(l != l || h != h ? std::numeric_limits<Element<V>>::quiet_NaN() : -Element<V>(0));
    }
  }
  TORCH_INLINE V operator()(V a) const {
    const V r = min_or_second(high, max_or_second(low, a));
    if constexpr (kIntegral<V>)
      return r;
    else
      return r + poison; // -0.0 changes nothing
  }

private:
  static TORCH_INLINE V bound(const Scalar& s) {
    if constexpr (kIntegral<V>) { // a bound beyond the type bounds nothing
      using T = Element<V>;
      if (sizeof(T) == 8 && s.is_integral()) return parameter<V>(s);
      const double d = s.to<double>();
      if (d <= double(std::numeric_limits<T>::min())) return V(std::numeric_limits<T>::min());
      if (d >= double(std::numeric_limits<T>::max())) return V(std::numeric_limits<T>::max());
    }
    return parameter<V>(s);
  }
};
template <class V> struct ClampTensor : Functor<kReals, Sign64::Matters> { // (a, low, high)
  TORCH_INLINE V operator()(V a, V low, V high) const { return minimum_(maximum_(a, low), high); }
};
template <class V> struct Where : Functor<kAny> { // (mask, a, b)
  static constexpr bool kMaskFirst = true;
  template <class M> TORCH_INLINE V operator()(M m, V a, V b) const { return select(m, a, b); }
};
template <class V> struct Lerp : Functor<kFloating> { // (a, b, weight), exact at both ends
  TORCH_INLINE V operator()(V a, V b, V w) const {
    if constexpr (kIsComplex<V>) {
      return abs_(w) < Element<V>(0.5).real() ? a + w * (b - a) : b - (b - a) * (V(1) - w);
    } else {
      const auto near = abs_(w) < V(0.5);
      return fused(select(near, w, w - V(1)), b - a, select(near, a, b));
    }
  }
};
template <class V> struct Addcmul : Functor<kAny> { // [value] a + value * b * c
  V value;
  TORCH_INLINE Addcmul(const Scalar* p) : Functor(p), value(parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V a, V b, V c) const { return a + value * b * c; }
};
template <class V> struct AddProduct : Functor<kAny> { // [beta, alpha] beta * a + alpha * b * c; 0 drops a
  V beta, alpha;
  bool with_start;
  TORCH_INLINE AddProduct(const Scalar* p)
      : Functor(p), beta(parameter<V>(p[0])), alpha(parameter<V>(p[1])), with_start(!p[0].equals(0)) {}
  TORCH_INLINE V operator()(V a, V b, V c) const {
    const V product = alpha * b * c;
    return with_start ? beta * a + product : product;
  }
};
template <class V> struct Addcdiv : Functor<kFloating> { // [value] a + value * b / c
  V value;
  TORCH_INLINE Addcdiv(const Scalar* p) : Functor(p), value(parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V a, V b, V c) const { return a + value * b / c; }
};
template <class V> struct SquaredDifference : Functor<kAny> {
  TORCH_INLINE V operator()(V a, V b) const {
    const V d = a - b;
    return d * d;
  }
};
template <class V> struct ScaledDifference : Functor<kAny> { // [alpha] alpha * a * (b - c)
  V alpha;
  TORCH_INLINE ScaledDifference(const Scalar* p) : Functor(p), alpha(parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V a, V b, V c) const { return a * (b - c) * alpha; }
};
template <class V> struct Polar : NumberFunctor<kFloats> { // (magnitude, angle) -> complex
  TORCH_INLINE Cplx<V> operator()(V r, V angle) const { return {r * std::cos(angle), r * std::sin(angle)}; }
};
template <class V> struct Complex : NumberFunctor<kFloats> { // (real, imaginary) -> complex
  TORCH_INLINE Cplx<V> operator()(V re, V im) const { return {re, im}; }
};

} // namespace torch::TORCH_ISA

// Functors of special functions in closed form and number theory; see pointwise.h for the conventions. Those
// that need tables are in kernels/cpu/special_functors.h.
#pragma once

#include "kernels/pointwise.h"

namespace torch::TORCH_ISA {

template <class V> struct Entr : Functor<kFloats> {
  TORCH_INLINE V operator()(V a) const {
    constexpr auto inf = std::numeric_limits<Element<V>>::infinity();
    return select(a == V(0), V(0), select(a < V(0), V(-inf), -a * log_(a)));
  }
};
template <class V> struct Xlog1py : Functor<kFloats> { // 0 where a is 0, unless b is NaN
  TORCH_INLINE V operator()(V a, V b) const { return select((a == V(0)) & (b == b), V(0), a * log1p_(b)); }
};
// The angle is brought next to 0 before it meets pi, which a machine number is not.
template <class V> struct Sinc : Functor<kFloating> {
  TORCH_INLINE V operator()(V a) const {
    constexpr auto pi = Element<V>(std::numbers::pi);
    if constexpr (kIsComplex<V>) {
      const V angle = a * V(pi);
      return a == V(0) ? V(1) : sin_(angle) / angle;
    } else {
      V turn = a - V(2) * round_(a * V(Element<V>(0.5)));
      turn = select(abs_(turn) > V(Element<V>(0.5)), copysign_(V(1), turn) - turn, turn);
      const V value = sin_(turn * V(pi)) / (a * V(pi));
      return select(a == V(0), V(1), value);
    }
  }
};
template <class V> struct ScaleBy : Functor<kFloats> { // [factor]
  V factor;
  TORCH_INLINE ScaleBy(const Scalar* p) : Functor<kFloats>(p), factor(parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V a) const { return a * factor; }
};
template <class V> struct Gcd : Functor<kInts, Sign64::Matters> {
  TORCH_INLINE V operator()(V a, V b) const {
    return by_lane(a, b, [](auto x, auto y) { return greatest_divisor(x, y); });
  }
  template <class T> static TORCH_INLINE T greatest_divisor(T x, T y) {
    using U = std::make_unsigned_t<T>;
    return T(common_divisor(x < 0 ? U(0) - U(x) : U(x), y < 0 ? U(0) - U(y) : U(y)));
  }
};
template <class V> struct Lcm : Functor<kInts, Sign64::Matters> {
  TORCH_INLINE V operator()(V a, V b) const {
    return by_lane(a, b, [](auto x, auto y) {
      using T = decltype(x);
      using U = std::make_unsigned_t<T>;
      const T divisor = Gcd<V>::greatest_divisor(x, y);
      if (divisor == 0) return T(0);
      const T product = T(U(quotient_trunc(x, divisor)) * U(y));
      return product < 0 ? T(U(0) - U(product)) : product;
    });
  }
};
template <class V> struct IsPosInf : Functor<kReals> {
  TORCH_INLINE auto operator()(V a) const {
    if constexpr (kIntegral<V>)
      return a != a;
    else
      return a == V(std::numeric_limits<Element<V>>::infinity());
  }
};
template <class V> struct IsNegInf : Functor<kReals> {
  TORCH_INLINE auto operator()(V a) const {
    if constexpr (kIntegral<V>)
      return a != a;
    else
      return a == V(-std::numeric_limits<Element<V>>::infinity());
  }
};
template <class V> struct Hardshrink : Functor<kFloats> { // [lambd]
  V bound;
  TORCH_INLINE Hardshrink(const Scalar* p) : Functor<kFloats>(p), bound(parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V a) const { return select((a >= -bound) & (a <= bound), V(0), a); }
};
template <class V> struct Softshrink : Functor<kFloats> { // [lambd]; NaN stays
  V bound;
  TORCH_INLINE Softshrink(const Scalar* p) : Functor<kFloats>(p), bound(parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V a) const {
    return select(a > bound, a - bound, select(a < -bound, a + bound, a * V(0)));
  }
};

} // namespace torch::TORCH_ISA

// Functors of special functions and number theory; see pointwise.h for the conventions.
#pragma once

#include "kernels/cpu/complex.h"
#include "kernels/cpu/special.h"
#include "kernels/pointwise.h"

#include <numeric>

namespace torch::TORCH_ISA {

// A function of numbers in double precision.
template <class V, double (*kFunction)(double)> struct NumberOf : NumberFunctor<kFloats> {
  using NumberFunctor<kFloats>::NumberFunctor;
  TORCH_INLINE V operator()(V a) const { return V(kFunction(double(a))); }
};
template <class V, double (*kFunction)(double, double)> struct NumberOfTwo : NumberFunctor<kFloats> {
  using NumberFunctor<kFloats>::NumberFunctor;
  TORCH_INLINE V operator()(V a, V b) const { return V(kFunction(double(a), double(b))); }
};
// A function of registers of double.
template <class V, Vec<double> (*kFunction)(Vec<double>)> struct RegisterOf : Functor<kFloats> {
  using Functor<kFloats>::Functor;
  TORCH_INLINE V operator()(V a) const {
    if constexpr (std::is_same_v<V, Vec<float>>) {
      Vec<double> low, high;
      widen(a, low, high);
      return narrow(kFunction(low), kFunction(high));
    } else {
      return kFunction(a);
    }
  }
};
template <double (*kFunction)(double, double)> double shifted(double x, double n) {
  return kFunction(2 * x - 1, n);
}

template <class V> using I0 = RegisterOf<V, i0_>;
template <class V> using I0e = RegisterOf<V, i0e_>;
template <class V> using I1 = RegisterOf<V, i1_>;
template <class V> using I1e = RegisterOf<V, i1e_>;
template <class V> using K0 = NumberOf<V, k0_>;
template <class V> using K0e = NumberOf<V, k0e_>;
template <class V> using K1 = NumberOf<V, k1_>;
template <class V> using K1e = NumberOf<V, k1e_>;
template <class V> using BesselJ0 = RegisterOf<V, bessel_j0_>;
template <class V> using BesselJ1 = RegisterOf<V, bessel_j1_>;
template <class V> using BesselY0 = RegisterOf<V, bessel_y0_>;
template <class V> using BesselY1 = RegisterOf<V, bessel_y1_>;
template <class V> using SphericalJ0 = NumberOf<V, spherical_j0_>;
template <class V> using AiryAi = NumberOf<V, airy_ai_>;
template <class V> using Erfcx = NumberOf<V, erfcx_>;
template <class V> using Ndtr = NumberOf<V, ndtr_>;
template <class V> using LogNdtr = NumberOf<V, log_ndtr_>;
template <class V> using Ndtri = NumberOf<V, ndtri_>;
template <class V> using Zeta = NumberOfTwo<V, zeta_>;
template <class V> struct GammaP : NumberFunctor<kFloats> {
  TORCH_INLINE V operator()(V a, V x) const { return gamma_p_(a, x); }
};
template <class V> struct GammaQ : NumberFunctor<kFloats> {
  TORCH_INLINE V operator()(V a, V x) const { return gamma_q_(a, x); }
};
template <class V> using ChebyshevT = NumberOfTwo<V, chebyshev_t_>;
template <class V> using ChebyshevU = NumberOfTwo<V, chebyshev_u_>;
template <class V> using ChebyshevV = NumberOfTwo<V, chebyshev_v_>;
template <class V> using ChebyshevW = NumberOfTwo<V, chebyshev_w_>;
template <class V> using ShiftedChebyshevT = NumberOfTwo<V, shifted<chebyshev_t_>>;
template <class V> using ShiftedChebyshevU = NumberOfTwo<V, shifted<chebyshev_u_>>;
template <class V> using ShiftedChebyshevV = NumberOfTwo<V, shifted<chebyshev_v_>>;
template <class V> using ShiftedChebyshevW = NumberOfTwo<V, shifted<chebyshev_w_>>;
template <class V> using HermiteH = NumberOfTwo<V, hermite_h_>;
template <class V> using HermiteHe = NumberOfTwo<V, hermite_he_>;
template <class V> using LaguerreL = NumberOfTwo<V, laguerre_l_>;
template <class V> using LegendreP = NumberOfTwo<V, legendre_p_>;

template <class V> struct Polygamma : Functor<kFloats> { // [n]
  int64_t n;
  Polygamma(const Scalar* p) : Functor<kFloats>(p), n(p[0].to<int64_t>()) {}
  TORCH_INLINE V operator()(V a) const {
    if constexpr (std::is_same_v<V, Vec<float>>)
      if (n == 1) return RegisterOf<V, trigamma_of_floats>(nullptr)(a);
    return by_lane(a, [this](auto x) { return decltype(x)(polygamma_(n, double(x))); });
  }
};
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
  ScaleBy(const Scalar* p) : Functor<kFloats>(p), factor(parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V a) const { return a * factor; }
};
template <class V> struct Gcd : Functor<kInts, Sign64::Matters> {
  TORCH_INLINE V operator()(V a, V b) const {
    return by_lane(a, b, [](auto x, auto y) { return greatest_divisor(x, y); });
  }
  template <class T> static T greatest_divisor(T x, T y) {
    using U = std::make_unsigned_t<T>;
    return T(std::gcd(x < 0 ? U(0) - U(x) : U(x), y < 0 ? U(0) - U(y) : U(y)));
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
  Hardshrink(const Scalar* p) : Functor<kFloats>(p), bound(parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V a) const { return select((a >= -bound) & (a <= bound), V(0), a); }
};
template <class V> struct Softshrink : Functor<kFloats> { // [lambd]; NaN stays
  V bound;
  Softshrink(const Scalar* p) : Functor<kFloats>(p), bound(parameter<V>(p[0])) {}
  TORCH_INLINE V operator()(V a) const {
    return select(a > bound, a - bound, select(a < -bound, a + bound, a * V(0)));
  }
};

} // namespace torch::TORCH_ISA

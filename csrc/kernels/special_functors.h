// Functors over special functions that need tables and series. Included after cpu/special.h or
// cuda/device/special.h, which say what Wide is and how functions of it take other types.
#pragma once

#include "kernels/pointwise_special.h"

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
// A function of as many numbers of double as there are.
template <class V, Wide (*kFunction)(Wide)> struct RegisterOf : Functor<kFloats> {
  using Functor<kFloats>::Functor;
  TORCH_INLINE V operator()(V a) const { return in_double<kFunction>(a); }
};
template <double (*kFunction)(double, double)> TORCH_INLINE double shifted(double x, double n) {
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
  TORCH_INLINE Polygamma(const Scalar* p) : Functor<kFloats>(p), n(p[0].to<int64_t>()) {}
  TORCH_INLINE V operator()(V a) const { return polygamma_each(n, a); }
};

} // namespace torch::TORCH_ISA

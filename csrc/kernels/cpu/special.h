// Special functions in double precision (special*.cpp), of one number or of a register.
#pragma once

#include "kernels/cpu/vec_math.h"
#include "kernels/special_value.h"

#define TORCH_APART // in special_gamma.h and special_bessel.h, which one source includes each

namespace torch::TORCH_ISA {

using Wide = Vec<double>; // what the functors compute in
using FineReal = long double;

// table_value of a register. Values of NaN are whatever piece they fall in makes of them: NaN.
template <int kTerms>
inline Vec<double> table_values(const double (&table)[4][kTerms], double low, double high, Vec<double> x) {
  using D = Vec<double>;
#if TORCH_VEC_AVX512 || TORCH_VEC_AVX2
  const D at = (x - D(low)) * D(4 / (high - low));
  const D piece = min_or_second(max_or_second(floor_(at), D(0.0)), D(3.0));
  const D s = D(2.0) * (at - piece) - D(1.0);
  const auto index = __builtin_convertvector(select(piece == piece, piece, D(0.0)).v, Vec<int64_t>::Raw);
  const auto coefficient = [&](int i) {
    D::Raw column{};
    for (int k = 0; k < 4; ++k) column[k] = table[k][i];
    return D(__builtin_shuffle(column, index));
  };
  D sum = coefficient(kTerms - 1);
  for (int i = kTerms - 2; i >= 0; --i) sum = fused(sum, s, coefficient(i));
  return sum;
#else
  return by_lane(x, [&](double value) { return table_value(table, low, high, value); });
#endif
}

Vec<double> i0_(Vec<double> x);
Vec<double> i0e_(Vec<double> x);
Vec<double> i1_(Vec<double> x);
Vec<double> i1e_(Vec<double> x);
double k0_(double x);
double k0e_(double x);
double k1_(double x);
double k1e_(double x);
Vec<double> bessel_j0_(Vec<double> x);
Vec<double> bessel_j1_(Vec<double> x);
Vec<double> bessel_y0_(Vec<double> x);
Vec<double> bessel_y1_(Vec<double> x);
double spherical_j0_(double x);
double airy_ai_(double x);

// x for erfc(x) = 2 tail, tail in (0, 0.1]
double erfcinv_tail(double tail);
double erfcx_(double x);
double ndtr_(double x);
double log_ndtr_(double x);
double ndtri_(double p);

double zeta_(double s, double q);
double polygamma_(int64_t n, double x);
Vec<double> trigamma_of_floats(Vec<double> x); // within 1e-10
float gamma_p_(float a, float x);
double gamma_p_(double a, double x);
float gamma_q_(float a, float x);
double gamma_q_(double a, double x);

// Orthogonal polynomials of degree n (its whole part); 0 for negative degrees.
double chebyshev_t_(double x, double n);
double chebyshev_u_(double x, double n);
double chebyshev_v_(double x, double n);
double chebyshev_w_(double x, double n);
double hermite_h_(double x, double n);
double hermite_he_(double x, double n);
double laguerre_l_(double x, double n);
double legendre_p_(double x, double n);

// A function of double for the compute types of functors (special_functors.h).
template <Wide (*kFunction)(Wide)> TORCH_INLINE Vec<double> in_double(Vec<double> a) { return kFunction(a); }
template <Wide (*kFunction)(Wide)> TORCH_INLINE Vec<float> in_double(Vec<float> a) {
  Vec<double> low, high;
  widen(a, low, high);
  return narrow(kFunction(low), kFunction(high));
}
template <class V> TORCH_INLINE V polygamma_each(int64_t n, V a) {
  if constexpr (std::is_same_v<V, Vec<float>>)
    if (n == 1) return in_double<trigamma_of_floats>(a);
  return by_lane(a, [n](auto x) { return decltype(x)(polygamma_(n, double(x))); });
}

} // namespace torch::TORCH_ISA

// Special functions of one number in double precision (special*.cpp).
#pragma once

#include "kernels/cpu/vec_math.h"

#include <algorithm>

namespace torch::TORCH_ISA {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// The function that a table of special_tables.h approximates on [low, high], at x in it.
template <int kPieces, int kTerms>
inline double table_value(const double (&table)[kPieces][kTerms], double low, double high, double x) {
  if (x != x) return x;
  const double at = (x - low) * (kPieces / (high - low));
  const int piece = std::clamp(int(at), 0, kPieces - 1);
  const double s = 2 * (at - piece) - 1;
  double sum = table[piece][kTerms - 1];
  for (int i = kTerms - 2; i >= 0; --i) sum = fused(sum, s, table[piece][i]);
  return sum;
}

double i0_(double x);
double i0e_(double x);
double i1_(double x);
double i1e_(double x);
double k0_(double x);
double k0e_(double x);
double k1_(double x);
double k1e_(double x);
double bessel_j0_(double x);
double bessel_j1_(double x);
double bessel_y0_(double x);
double bessel_y1_(double x);
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

} // namespace torch::TORCH_ISA

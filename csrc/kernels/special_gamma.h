// Functions around erf and gamma, and orthogonal polynomials, of one number in double precision.
// Included after cpu/special.h or cuda/device/special.h.
#pragma once

#include "kernels/special_value.h"

namespace torch::TORCH_ISA {

namespace {

// exp(sign x^2 / divisor), a power of two, with the error of the square made good.
TORCH_APART double exp_square(double x, double factor) {
  const double square = x * x;
  if (!(square < 1e300)) return factor < 0 ? 0 : kInf;
  return std::exp(factor * square) * (1 + factor * std::fma(x, x, -square));
}

// exp(x^2) erfc(x) for x >= 0
TORCH_APART double erfcx_positive(double x) {
  if (x <= 2) return table_value(kErfcxSmall, 0, 2, x);
  return table_value(kErfcxLarge, 0, 0.5, 1 / x) / x;
}

} // namespace

TORCH_APART double erfcinv_tail(double tail) {
  const double r = std::sqrt(-std::log(tail));
  return table_value(kErfinvTail, 1.5, 27.5, r) * r;
}
TORCH_APART double erfcx_(double x) {
  if (!(x < 0)) return std::isnan(x) ? x : erfcx_positive(x);
  return x < -27 ? kInf : 2 * exp_square(x, 1) - erfcx_positive(-x);
}

TORCH_APART double ndtr_(double x) {
  if (x > -1) return 0.5 * std::erfc(-x * (std::numbers::sqrt2 / 2));
  if (std::isnan(x)) return x;
  return 0.5 * erfcx_positive(-x * (std::numbers::sqrt2 / 2)) * exp_square(x, -0.5);
}
TORCH_APART double log_ndtr_(double x) {
  if (x > -1) return std::log1p(-ndtr_(-x));
  if (std::isnan(x)) return x;
  return std::log(0.5 * erfcx_positive(-x * (std::numbers::sqrt2 / 2))) - x * x / 2;
}

TORCH_APART double ndtri_(double p) {
  if (!(p > 0 && p < 1)) return p == 0 ? -kInf : p == 1 ? kInf : kNan;
  if (std::fabs(p - 0.5) <= 0.25) return std::numbers::sqrt2 * erfinv_(2 * p - 1);
  const double tail = p < 0.5 ? p : 1 - p;
  const double x = std::numbers::sqrt2 * (tail < 0.08 ? erfcinv_tail(tail) : erfinv_(1 - 2 * tail));
  return p < 0.5 ? -x : x;
}

namespace {

// Hurwitz' zeta function for s > 1, q > 0 by Euler and Maclaurin (DLMF 25.11.28).
TORCH_APART double zeta_positive(double s, double q) {
  static constexpr double kBernoulli[] = {
      // B_2k / (2k)!
      8.3333333333333333333e-2,   -1.3888888888888888889e-3,  3.3068783068783068783e-5,
      -8.2671957671957671958e-7,  2.0876756987868098979e-8,   -5.2841901386874931848e-10,
      1.3382536530684678833e-11,  -3.3896802963225828668e-13, 8.5860620562778445641e-15,
      -2.1748686985580618730e-16, 5.5090028283602295153e-18,  -1.3954464685812523341e-19};
  double terms[64], sum = 0, a = q;
  int n = 0;
  for (; a < 10 + s && n < 64; ++n, ++a) {
    terms[n] = std::pow(a, -s);
    if (terms[n] > terms[0] * 1e-20) continue;
    while (n > 0) sum += terms[--n]; // what follows is no more
    return sum;
  }
  const double power = std::pow(a, -s);
  double tail = a * power / (s - 1) + 0.5 * power, factor = s * power / a;
  for (int k = 0; k < 12; ++k) {
    const double term = kBernoulli[k] * factor;
    tail += term;
    if (std::fabs(term) < std::fabs(tail) * 1e-18) break;
    factor *= (s + 2 * k + 1) * (s + 2 * k + 2) / (a * a);
  }
  sum = tail;
  while (n > 0) sum += terms[--n]; // small ones first
  return sum;
}

} // namespace

TORCH_APART double zeta_(double s, double q) {
  if (std::isnan(s) || std::isnan(q)) return kNan;
  if (s == 1) return kInf;
  if (s < 1) return kNan;
  if (q == kInf) return 0;
  if (q <= 0) {
    if (q == std::floor(q)) return kInf;
    if (s != std::floor(s)) return kNan;
    // the terms with a negative base are those of a difference of two sums with positive ones
    const double n = std::ceil(-q), first = -(q + (n - 1));
    const double negative = zeta_positive(s, first) - (n == kInf ? 0 : zeta_positive(s, first + n));
    return (std::fmod(s, 2) == 0 ? negative : -negative) + zeta_positive(s, q + n);
  }
  return zeta_positive(s, q);
}

// Recurrence up to 10, then the asymptotic series (Abramowitz and Stegun 6.4.12), for x >= 0.5.
TORCH_APART double trigamma_above(double x) {
  const double start = x;
  int steps = 0;
  for (; x < 10; ++steps) x = start + steps + 1;
  const double z = 1 / (x * x);
  const double series =
      z * (1.0 / 6 -
           z * (1.0 / 30 -
                z * (1.0 / 42 -
                     z * (1.0 / 30 -
                          z * (5.0 / 66 - z * (691.0 / 2730 -
                                               z * (7.0 / 6 - z * (3617.0 / 510 - z * 43867.0 / 798))))))));
  double sum = (series / x + 0.5 * z) + 1 / x;
  for (int k = steps; k-- > 0;) sum += 1 / ((start + k) * (start + k)); // small terms first
  return sum;
}
TORCH_APART double trigamma_(double x) {
  if (!(x < 0.5)) return trigamma_above(x);
  const double sine = std::sin(std::numbers::pi * (x - std::round(x)));
  return std::numbers::pi * std::numbers::pi / (sine * sine) - trigamma_above(1 - x);
}

TORCH_APART double polygamma_(int64_t n, double x) {
  if (n == 0) return digamma_(x);
  if (n == 1) return trigamma_(x);
  const double value = std::tgamma(double(n) + 1) * zeta_(double(n) + 1, x);
  return n % 2 == 0 ? -value : value;
}

namespace {

// The incomplete gamma functions, in R: double for results in float, and for those in double a type that has
// more bits, where the platform has one. The factor's exponent takes off what its size has of them.
// Series end where their terms are below kTolerance of the sum, fractions where steps are below kStep.
struct ForFloats {
  using Real = double;
  static constexpr double kTolerance = 1e-10, kStep = 1e-10;
};
struct ForDoubles {
  using Real = FineReal;
  static constexpr Real kTolerance = sizeof(Real) > 8 ? Real(1e-19) : Real(2e-17);
  static constexpr Real kStep = sizeof(Real) > 8 ? Real(1e-19) : Real(4e-16);
};
template <class P> using RealIn = typename P::Real;

// log(1 + u) - u without cancellation: with r = u / (2 + u) it is 2 (r^3 / 3 + r^5 / 5 + ...) - u r.
template <class P> TORCH_APART RealIn<P> log1p_minus(RealIn<P> u) {
  using R = RealIn<P>;
  if (std::fabs(u) > R(0.5)) return std::log1p(u) - u;
  const R r = u / (2 + u), square = r * r;
  R term = r * square, sum = 0;
  for (int k = 3; std::fabs(term) > std::fabs(sum) * P::kTolerance && k < 80; k += 2, term *= square)
    sum += term / k;
  return 2 * sum - u * r;
}

// x^a exp(-x) / Gamma(a + 1)
template <class P> TORCH_APART RealIn<P> gamma_factor(RealIn<P> a, RealIn<P> x) {
  using R = RealIn<P>;
  constexpr R reach = sizeof(R) > 8 ? 10000 : 600; // of exp
  if (a < 140 && x < reach && a * std::fabs(std::log(x)) < reach)
    return std::pow(x, a) * std::exp(-x) / (std::tgamma(a) * a);
  if (a < 20) return std::exp(a * std::log(x) - x - std::lgamma(a)) / a;
  const R z = 1 / (a * a);
  const R stirling =
      (R(1) / 12 -
       z * (R(1) / 360 - z * (R(1) / 1260 - z * (R(1) / 1680 - z * (R(1) / 1188 - z * R(691) / 360360))))) /
      a;
  const R u = (x - a) / a, exponent = std::fabs(u) > R(0.5) ? std::log(x / a) - u : log1p_minus<P>(u);
  return std::exp(a * exponent - stirling) / std::sqrt(2 * std::numbers::pi_v<R> * a);
}

// P by its power series (DLMF 8.11.4).
template <class P> TORCH_APART RealIn<P> gamma_series(RealIn<P> a, RealIn<P> x) {
  using R = RealIn<P>;
  R term = 1, sum = 1;
  for (R n = a + 1; term > sum * P::kTolerance; ++n) {
    term *= x / n;
    sum += term;
  }
  return gamma_factor<P>(a, x) * sum;
}

// Q by its continued fraction (DLMF 8.9.2): Lentz' method says how many terms it takes, and they are summed
// from the last one, which loses least.
template <class P> TORCH_APART RealIn<P> gamma_fraction(RealIn<P> a, RealIn<P> x) {
  using R = RealIn<P>;
  R b = x + 1 - a, c = R(1e300), d = 1 / b;
  int n = 1;
  for (; n < 100000; ++n) {
    const R numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    if (std::fabs(c * d - 1) < P::kStep) break;
  }
  n += n / 2;   // small steps remain, many of them
  if (a <= 1) { // the same fraction before its contraction: without differences
    R value = x;
    for (int k = n; k >= 1; --k) value = x + (k - a) / (1 + k / value);
    return gamma_factor<P>(a, x) * a / value;
  }
  R value = x + (2 * n + 1 - a);
  for (int i = n; i >= 1; --i) value = x + (2 * i - 1 - a) - i * (i - a) / value;
  return gamma_factor<P>(a, x) * a / value;
}

// log Gamma(1 + a), accurate near 0 too
template <class P> TORCH_APART RealIn<P> lgamma_of_next(RealIn<P> a) {
  using R = RealIn<P>;
  if (a > R(0.5)) return std::lgamma(a + 1);
  R sum = 0;
  for (int k = 29; k >= 2; --k) sum = (sum + kZetaLessOne[0][k - 2] / R(k % 2 ? -k : k)) * a;
  return a - std::log1p(a) + (sum - std::numbers::egamma_v<R>)*a;
}

// Q for small x and a, where 1 - P would cancel.
template <class P> TORCH_APART RealIn<P> gamma_q_small(RealIn<P> a, RealIn<P> x) {
  using R = RealIn<P>;
  R term = 1, sum = 0;
  for (int n = 1; n < 100; ++n) {
    term *= -x / n;
    sum += term / (a + n);
    if (std::fabs(term) < std::fabs(sum) * P::kTolerance) break;
  }
  const R log_power = a * std::log(x) - lgamma_of_next<P>(a);
  return -std::expm1(log_power) - std::exp(log_power) * a * sum;
}

// P (or Q) by the expansion that is uniform in x / a (DLMF 8.12.3), for large a and x near it.
template <class P> TORCH_APART RealIn<P> gamma_uniform(RealIn<P> a, RealIn<P> x, bool upper) {
  using R = RealIn<P>;
  const R mu = (x - a) / a, half_square = -log1p_minus<P>(mu);
  const R eta = std::copysign(std::sqrt(2 * half_square), mu);
  R sum = 0, power = 1;
  for (const auto& row : kTemme) {
    R c = 0;
    for (int i = 12; i >= 0; --i) c = c * eta + row[i];
    sum += c * power;
    power /= a;
  }
  const R rest = std::exp(-a * half_square) / std::sqrt(2 * std::numbers::pi_v<R> * a) * sum;
  const R y = eta * std::sqrt(a / 2);
  return upper ? std::erfc(y) / 2 + rest : std::erfc(-y) / 2 - rest;
}

TORCH_APART bool is_uniform(double a, double x) { return a > 1000 && std::fabs(x - a) < 0.1 * a; }

template <class P> TORCH_APART double gamma_p(double a, double x) {
  if (std::isnan(a) || std::isnan(x) || a < 0 || x < 0) return kNan;
  if (a == 0) return x > 0 ? 1 : kNan;
  if (x == 0) return 0;
  if (a == kInf) return x == kInf ? kNan : 0;
  if (x == kInf) return 1;
  if (is_uniform(a, x)) return double(gamma_uniform<P>(a, x, false));
  if (x <= a + 1 || x <= 1.5) return double(gamma_series<P>(a, x));
  return double(1 - gamma_fraction<P>(a, x));
}
template <class P> TORCH_APART double gamma_q(double a, double x) {
  if (std::isnan(a) || std::isnan(x) || a < 0 || x < 0) return kNan;
  if (a == 0) return x > 0 ? 0 : kNan;
  if (x == 0) return 1;
  if (a == kInf) return x == kInf ? kNan : 1;
  if (x == kInf) return 0;
  if (is_uniform(a, x)) return double(gamma_uniform<P>(a, x, true));
  if (x <= 0.7) return double(a > x ? 1 - gamma_series<P>(a, x) : gamma_q_small<P>(a, x));
  return double(x <= (a > 1 ? a + 1 : a) ? 1 - gamma_series<P>(a, x) : gamma_fraction<P>(a, x));
}

} // namespace

TORCH_APART float gamma_p_(float a, float x) { return float(gamma_p<ForFloats>(a, x)); }
TORCH_APART double gamma_p_(double a, double x) { return gamma_p<ForDoubles>(a, x); }
TORCH_APART float gamma_q_(float a, float x) { return float(gamma_q<ForFloats>(a, x)); }
TORCH_APART double gamma_q_(double a, double x) { return gamma_q<ForDoubles>(a, x); }

namespace {

constexpr int64_t kMostDegrees = 0x7fffffffffffffff;
TORCH_APART int64_t degree_of(double n) {
  if (std::isnan(n)) return -1;
  return n >= 9e18 ? kMostDegrees : n <= -1 ? -1 : int64_t(n);
}

// p_n of the recurrence p_{k+1} = next(k, p_k, p_{k-1}) from p_0 = 1 and p_1 = `first`.
template <class F> TORCH_APART double recur(int64_t n, double first, F next) {
  if (n <= 0) return n == 0 ? 1 : 0;
  double before = 1, now = first;
  for (int64_t k = 1; k < n && !std::isnan(now); ++k) {
    const double after = next(double(k), now, before);
    before = now;
    now = after;
  }
  return now;
}
TORCH_APART double chebyshev(double x, int64_t n, double first) {
  return recur(n, first, [twice = x + x](double, double now, double before) { return twice * now - before; });
}
constexpr int64_t kTrigonometric = 6; // above it the closed form inside (-1, 1)
TORCH_APART double sign_power(int64_t n, double value) { return n % 2 == 0 ? value : -value; }

} // namespace

TORCH_APART double chebyshev_t_(double x, double degree) {
  const int64_t n = degree_of(degree);
  if (n < 0) return 0;
  if (std::fabs(x) == 1) return x > 0 ? 1 : sign_power(n, 1);
  if (n > kTrigonometric && std::fabs(x) < 1) return std::cos(double(n) * std::acos(x));
  return chebyshev(x, n, x);
}
TORCH_APART double chebyshev_u_(double x, double degree) {
  const int64_t n = degree_of(degree);
  if (n < 0) return 0;
  if (std::fabs(x) == 1) return x > 0 ? double(n) + 1 : sign_power(n, double(n) + 1);
  if (n > kTrigonometric && std::fabs(x) < 1) {
    const double angle = std::acos(x);
    return std::sin((double(n) + 1) * angle) / std::sin(angle);
  }
  return chebyshev(x, n, x + x);
}
TORCH_APART double chebyshev_v_(double x, double degree) {
  const int64_t n = degree_of(degree);
  if (n < 0) return 0;
  if (std::fabs(x) == 1) return x > 0 ? 1 : sign_power(n, 2 * double(n) + 1);
  if (n > kTrigonometric && std::fabs(x) < 1) {
    const double half = std::acos(x) / 2;
    return std::cos((2 * double(n) + 1) * half) / std::cos(half);
  }
  return chebyshev(x, n, x + x - 1);
}
TORCH_APART double chebyshev_w_(double x, double degree) {
  const int64_t n = degree_of(degree);
  if (n < 0) return 0;
  if (std::fabs(x) == 1) return x > 0 ? 2 * double(n) + 1 : sign_power(n, 1);
  if (n > kTrigonometric && std::fabs(x) < 1) {
    const double half = std::acos(x) / 2;
    return std::sin((2 * double(n) + 1) * half) / std::sin(half);
  }
  return chebyshev(x, n, x + x + 1);
}
TORCH_APART double hermite_h_(double x, double n) {
  return recur(degree_of(n), x + x,
               [twice = x + x](double k, double now, double before) { return twice * now - 2 * k * before; });
}
TORCH_APART double hermite_he_(double x, double n) {
  return recur(degree_of(n), x, [x](double k, double now, double before) { return x * now - k * before; });
}
TORCH_APART double laguerre_l_(double x, double n) {
  if (x == 0 && degree_of(n) >= 0) return 1;
  return recur(degree_of(n), 1 - x, [x](double k, double now, double before) {
    return ((2 * k + 1 - x) * now - k * before) / (k + 1);
  });
}
TORCH_APART double legendre_p_(double x, double n) {
  if (std::fabs(x) == 1 && degree_of(n) >= 0) return x > 0 ? 1 : sign_power(degree_of(n), 1);
  return recur(degree_of(n), x, [x](double k, double now, double before) {
    return ((2 * k + 1) * x * now - k * before) / (k + 1);
  });
}

} // namespace torch::TORCH_ISA

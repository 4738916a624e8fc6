// Draws from distributions by rejection, from uniform numbers of 53 bits and normal ones that Source gives,
// for the CPU and for GPUs. What parameters may be is checked by the caller.
#pragma once

#ifdef __CUDACC__
#define TORCH_ANYWHERE __device__
#else
#define TORCH_ANYWHERE
#endif

namespace torch::TORCH_ISA {

// Knuth's products below a rate of 10, else transformed rejection (Hoermann, 1993).
template <class Source> TORCH_ANYWHERE int64_t draw_poisson(double rate, Source& g) {
  if (rate == 0) return 0;
  if (rate < 10) {
    const double limit = std::exp(-rate);
    double product = 1;
    for (int64_t count = 0;; ++count) {
      product *= g.uniform_double();
      if (product <= limit) return count;
    }
  }
  if (std::isinf(rate)) return std::numeric_limits<int64_t>::min();
  const double log_rate = std::log(rate), b = 0.931 + 2.53 * std::sqrt(rate), a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), accepted = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = g.uniform_double() - 0.5, v = g.uniform_double(), us = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= accepted) return static_cast<int64_t>(k);
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <=
        -rate + k * log_rate - std::lgamma(k + 1))
      return static_cast<int64_t>(k);
  }
}

// log(k!) minus Stirling's approximation of it.
template <class R> TORCH_ANYWHERE R stirling_rest(R k) {
  static constexpr double small[] = {
      0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
      0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287};
  if (k <= 9) return small[static_cast<int>(k)];
  const double square = (k + 1) * (k + 1);
  return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1);
}

// p <= 1/2: distances between successes where few are expected, else transformed rejection (Hoermann, 1993).
template <class Source> TORCH_ANYWHERE double draw_rare_binomial(double n, double p, Source& g) {
  if (n * p < 10) {
    const double scale = std::log1p(-p);
    double trials = 0;
    for (double count = 0;; ++count) {
      trials += std::ceil(std::log(g.uniform_double()) / scale);
      if (!(trials <= n)) return count;
    }
  }
  const double deviation = std::sqrt(n * p * (1 - p)), b = 1.15 + 2.53 * deviation,
               a = -0.0873 + 0.0248 * b + 0.01 * p, center = n * p + 0.5, accepted = 0.92 - 4.2 / b,
               odds = p / (1 - p), alpha = (2.83 + 5.1 / b) * deviation, m = std::floor((n + 1) * p);
  for (;;) {
    const double u = g.uniform_double() - 0.5, v = g.uniform_double(), us = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / us + b) * u + center);
    if (us >= 0.07 && v <= accepted) return k;
    if (k < 0 || k > n) continue;
    const double bound = (m + 0.5) * std::log((m + 1) / (odds * (n - m + 1))) +
                         (n + 1) * std::log((n - m + 1) / (n - k + 1)) +
                         (k + 0.5) * std::log(odds * (n - k + 1) / (k + 1)) + stirling_rest(m) +
                         stirling_rest(n - m) - stirling_rest(k) - stirling_rest(n - k);
    if (std::log(v * alpha / (a / (us * us) + b)) <= bound) return k;
  }
}
template <class Source> TORCH_ANYWHERE double draw_binomial(double n, double p, Source& g) {
  if (std::isnan(n) || std::isnan(p)) return std::numeric_limits<double>::quiet_NaN();
  if (n <= 0 || p <= 0) return 0;
  if (p >= 1) return n;
  return p <= 0.5 ? draw_rare_binomial(n, p, g) : n - draw_rare_binomial(n, 1 - p, g);
}

// Marsaglia and Tsang (2000). Below a concentration of 1 a draw for one more is scaled.
template <class T, class Source> TORCH_ANYWHERE double draw_gamma(T alpha, Source& g) {
  if (std::isnan(alpha)) return double(alpha);
  if (alpha <= 0) return 0;
  double scale = 1;
  if (alpha < 1) {
    scale = std::pow(1 - g.uniform_double(), double(T(1) / alpha));
    alpha += T(1);
  }
  const double d = double(T(alpha - T(1.0f / 3.0f))), c = 1 / std::sqrt(9 * d);
  for (;;) {
    double x, y;
    do {
      x = g.normal_double(0, 1);
      y = 1 + c * x;
    } while (y <= 0);
    const double v = y * y * y, u = 1 - g.uniform_double(), square = x * x;
    if (u < 1 - 0.0331 * square * square || std::log(u) < 0.5 * square + d * (1 - v + std::log(v)))
      return scale * d * v;
  }
}

} // namespace torch::TORCH_ISA

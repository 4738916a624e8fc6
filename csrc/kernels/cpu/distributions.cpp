// Draws from distributions with a parameter for each element, one after the other in C order, by rejection
// from uniform numbers of 53 bits. Which algorithm takes which numbers was found by observing PyTorch's
// streams.
#include "kernels/cpu/random_fill.h"
#include "kernels/distribution_kernels.h"

#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

namespace torch::TORCH_ISA {
namespace {

// Knuth's products below a rate of 10, else transformed rejection (Hoermann, 1993).
int64_t draw_poisson(double rate, Generator& g) {
  check(rate >= 0, "invalid Poisson rate, expected rate to be non-negative");
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
double stirling_rest(double k) {
  static constexpr double small[] = {
      0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
      0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287};
  if (k <= 9) return small[static_cast<int>(k)];
  const double square = (k + 1) * (k + 1);
  return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1);
}

// p <= 1/2: distances between successes where few are expected, else transformed rejection (Hoermann, 1993).
double draw_rare_binomial(double n, double p, Generator& g) {
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
double draw_binomial(double n, double p, Generator& g) {
  if (std::isnan(n) || std::isnan(p)) return std::numeric_limits<double>::quiet_NaN();
  check(!std::isinf(n), "binomial: expected finite counts, got ", n);
  if (n <= 0 || p <= 0) return 0;
  if (p >= 1) return n;
  return p <= 0.5 ? draw_rare_binomial(n, p, g) : n - draw_rare_binomial(n, 1 - p, g);
}

// Marsaglia and Tsang (2000). Below a concentration of 1 a draw for one more is scaled.
template <class T> double draw_gamma(T alpha, Generator& g) {
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

template <class T> using Wide = std::conditional_t<std::is_same_v<T, double>, double, float>;

template <class F> void visit_wide(const char* op, const Tensor& t, F&& f) {
  if (t.dtype() == DType::Float64)
    f(TypeTag<double>{});
  else if (t.dtype() == DType::Float32)
    f(TypeTag<float>{});
  else
    fail_dtype(op, t.dtype());
}

// out[i] = next(parameter[i], generator); both contiguous.
template <class T, class F>
void draw_each(const Tensor& out, const Tensor& parameters, Generator* gen, F&& next) {
  Generator& g = generator_or_default(gen);
  const std::lock_guard lock(g.mutex());
  const T* const from = parameters.data<T>();
  T* const to = out.data<T>();
  for (int64_t i = 0, n = out.numel(); i < n; ++i) to[i] = next(from[i], g);
}

} // namespace

void poisson(const Tensor& out, const Tensor& rates, Generator* gen) {
  visit_floating("poisson", rates.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    draw_each<T>(out, rates, gen, [](T rate, Generator& g) {
      const auto count =
          static_cast<double>(draw_poisson(static_cast<double>(static_cast<Wide<T>>(rate)), g));
      return static_cast<T>(static_cast<Wide<T>>(count));
    });
  });
}

void binomial(const Tensor& out, const Tensor& count, const Tensor& prob, Generator* gen) {
  visit_wide("binomial", out, [&](auto tag) {
    using T = typename decltype(tag)::type;
    Generator& g = generator_or_default(gen);
    const std::lock_guard lock(g.mutex());
    const MemoryOrder counts(out, &count), probs(out, &prob);
    MemoryWalk walk_prob(probs);
    const int64_t total = out.numel();
    std::vector<T> p(static_cast<size_t>(total));
    T* next = p.data();
    walk_prob.advance(total, [&](int64_t, int64_t at, int64_t, int64_t step, int64_t n) {
      for (int64_t i = 0; i < n; ++i) *next++ = prob.data<T>()[at + i * step];
    });
    const T* chance = p.data();
    MemoryWalk(counts).advance(
        total, [&](int64_t at, int64_t from, int64_t step, int64_t step_from, int64_t n) {
          for (int64_t i = 0; i < n; ++i)
            out.data<T>()[at + i * step] = static_cast<T>(
                draw_binomial(double(count.data<T>()[from + i * step_from]), double(*chance++), g));
        });
  });
}

void standard_gamma(const Tensor& out, const Tensor& alpha, Generator* gen) {
  visit_wide("_standard_gamma", alpha, [&](auto tag) {
    using T = typename decltype(tag)::type;
    draw_each<T>(out, alpha, gen, [](T a, Generator& g) {
      const auto value = static_cast<T>(draw_gamma<T>(a, g));
      return value < std::numeric_limits<T>::min() ? std::numeric_limits<T>::min() : value; // NaN stays
    });
  });
}

// Draws of gamma distributions divided by the sum of their row.
void sample_dirichlet(const Tensor& out, const Tensor& alpha, Generator* gen) {
  visit_wide("_sample_dirichlet", alpha, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t width = alpha.dim() ? alpha.size(-1) : 1, rows = width ? alpha.numel() / width : 0;
    Generator& g = generator_or_default(gen);
    const std::lock_guard lock(g.mutex());
    std::vector<double> draws(static_cast<size_t>(width));
    for (int64_t row = 0; row < rows; ++row) {
      double sum = 0;
      for (int64_t i = 0; i < width; ++i)
        sum += draws[size_t(i)] = draw_gamma<double>(double(alpha.data<T>()[row * width + i]), g);
      for (int64_t i = 0; i < width; ++i)
        out.data<T>()[row * width + i] =
            std::clamp(static_cast<T>(draws[size_t(i)] / sum), std::numeric_limits<T>::min(),
                       std::nextafter(T(1), T(0)));
    }
  });
}

} // namespace torch::TORCH_ISA

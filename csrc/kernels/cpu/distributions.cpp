// Draws from distributions with a parameter for each element, one after the other in C order, by rejection
// from uniform numbers of 53 bits. Which algorithm takes which numbers was found by observing PyTorch's
// streams.
#include "kernels/cpu/random_fill.h"
#include "kernels/distribution_kernels.h"

#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "kernels/distribution_draws.h"

namespace torch::TORCH_ISA {
namespace {

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
      check(static_cast<Wide<T>>(rate) >= 0, "invalid Poisson rate, expected rate to be non-negative");
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
          for (int64_t i = 0; i < n; ++i) {
            const auto trials = double(count.data<T>()[from + i * step_from]), p_one = double(*chance++);
            check(!std::isinf(trials) || std::isnan(p_one), "binomial: expected finite counts, got ", trials);
            out.data<T>()[at + i * step] = static_cast<T>(draw_binomial(trials, p_one, g));
          }
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

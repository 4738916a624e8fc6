// Steps of optimizers by name: rules whose state is tensors of the parameter's shape and a few numbers.
#include "kernels/cpu/convert.h"
#include "kernels/cpu/optim_lists.h"
#include "kernels/optim_kernels.h"

#include <algorithm>
#include <cmath>

namespace torch::TORCH_ISA {
namespace {

// What a rule's constants are made from. Options are those of the parameter group: learning rate, weight
// decay, maximize, then the rule's own. Numbers are those of one parameter: its count of steps, the current
// one included, then the rule's own, as they were after the step before.
struct Given {
  const double *options, *numbers;
  double lr() const { return options[0]; }
  double operator[](int i) const { return options[3 + i]; }
  double step() const { return numbers[0]; }
};

// The gradient to be followed: turned around to climb, with the weight decay added.
template <class T> struct Direction {
  T weight_decay;
  bool maximize;
  explicit Direction(const Given& g) : weight_decay(T(g.options[1])), maximize(g.options[2] != 0) {}
  template <class V> TORCH_INLINE V operator()(V param, V grad) const {
    if (maximize) grad = -grad;
    return weight_decay != 0 ? fused(V(weight_decay), param, grad) : grad;
  }
};

// How a rule's own numbers change with a step; most have none.
struct NoNumbers {
  static constexpr int kNumbers = 1;
  static void advance(const Given&, double*) {}
};

// Kingma and Ba (2015), section 7.1: the largest gradient, decaying, in place of the root of squares.
template <class T> struct Adamax : NoNumbers {
  using Element = T;
  static constexpr int kOperands = 4, kOptions = 3; // beta1, beta2, eps
  static constexpr unsigned kWritten = 0b1101;
  Direction<T> direction;
  T weight, beta2, eps, step_size;
  explicit Adamax(const Given& g)
      : direction(g), weight(T(1 - g[0])), beta2(T(g[1])), eps(T(g[2])),
        step_size(T(-(g.lr() / (1 - std::pow(g[0], g.step()))))) {}
  template <class V> TORCH_INLINE void operator()(V* x) const {
    const V grad = direction(x[0], x[1]);
    x[2] = lerp(x[2], grad, weight);
    x[3] = maximum_(x[3] * V(beta2), abs_(grad) + V(eps));
    x[0] = x[0] + V(step_size) * x[2] / x[3];
  }
};

// Dozat (2016): Adam with Nesterov's momentum, whose weight mu grows towards beta1.
template <class T> struct Nadam {
  using Element = T;
  static constexpr int kOperands = 4,
                       kOptions = 5; // beta1, beta2, eps, momentum decay, decoupled weight decay
  static constexpr int kNumbers = 2; // the count of steps, the product of all mu
  static constexpr unsigned kWritten = 0b1101;
  Direction<T> direction;
  T shrink, weight1, beta2, weight2, correction, eps, of_grad, of_average;

  static double mu(const Given& g, double step) { return g[0] * (1 - 0.5 * std::pow(0.96, step * g[3])); }
  // In the precision that it is kept in.
  static double product(const Given& g) { return float(g.numbers[1]) * float(mu(g, g.step())); }
  static void advance(const Given& g, double* numbers) { numbers[1] = product(g); }

  explicit Nadam(const Given& g)
      : direction(g), shrink(g[4] != 0 ? T(1 - g.lr() * g.options[1]) : T(1)), weight1(T(1 - g[0])),
        beta2(T(g[1])), weight2(T(1 - g[1])), correction(T(1 - std::pow(g[1], g.step()))), eps(T(g[2])) {
    if (g[4] != 0) direction.weight_decay = 0;
    const double now = mu(g, g.step()), next = mu(g, g.step() + 1);
    of_grad = T(-(g.lr() * (1 - now) / (1 - product(g))));
    of_average = T(-(g.lr() * next) / (1 - product(g) * next));
  }
  template <class V> TORCH_INLINE void operator()(V* x) const {
    x[0] = x[0] * V(shrink);
    const V grad = direction(x[0], x[1]);
    x[2] = lerp(x[2], grad, weight1);
    x[3] = fused(V(weight2) * grad, grad, x[3] * V(beta2));
    const V denominator = sqrt_(x[3] / V(correction)) + V(eps);
    x[0] = x[0] + V(of_grad) * grad / denominator;
    x[0] = x[0] + V(of_average) * x[2] / denominator;
  }
};

// Liu et al. (2020): Adam that waits with the division until the variance of the squares is known well
// enough.
template <class T> struct Radam : NoNumbers {
  using Element = T;
  static constexpr int kOperands = 4, kOptions = 4; // beta1, beta2, eps, decoupled weight decay
  static constexpr unsigned kWritten = 0b1101;
  Direction<T> direction;
  T shrink, weight1, beta2, weight2, correction, lr, root, rectified, eps;
  bool adaptive;

  explicit Radam(const Given& g)
      : direction(g), shrink(g[3] != 0 ? T(1 - g.lr() * g.options[1]) : T(1)), weight1(T(1 - g[0])),
        beta2(T(g[1])), weight2(T(1 - g[1])), correction(T(1 - std::pow(g[0], g.step()))), lr(T(g.lr())),
        root(T(std::sqrt(1 - std::pow(g[1], g.step())))), eps(T(g[2])) {
    if (g[3] != 0) direction.weight_decay = 0;
    const double power = std::pow(g[1], g.step()), most = 2 / (1 - g[1]) - 1;
    const double length = most - 2 * g.step() * power / (1 - power);
    adaptive = length > 5;
    rectified = adaptive
                    ? T(std::sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)))
                    : T(1);
  }
  template <class V> TORCH_INLINE void operator()(V* x) const {
    x[0] = x[0] * V(shrink);
    const V grad = direction(x[0], x[1]);
    x[2] = lerp(x[2], grad, weight1);
    x[3] = fused(V(weight2) * grad, grad, x[3] * V(beta2));
    V update = x[2] / V(correction) * V(lr);
    if (adaptive) update = update * (V(root) / (sqrt_(x[3]) + V(eps))) * V(rectified);
    x[0] = x[0] - update;
  }
};

// Duchi, Hazan and Singer (2011).
template <class T> struct Adagrad : NoNumbers {
  using Element = T;
  static constexpr int kOperands = 3, kOptions = 2; // decay of the learning rate, eps
  static constexpr unsigned kWritten = 0b101;
  Direction<T> direction;
  T rate, eps;
  explicit Adagrad(const Given& g)
      : direction(g), rate(T(-(g.lr() / (1 + (g.step() - 1) * g[0])))), eps(T(g[1])) {}
  template <class V> TORCH_INLINE void operator()(V* x) const {
    const V grad = direction(x[0], x[1]);
    x[2] = fused(grad, grad, x[2]);
    x[0] = x[0] + V(rate) * grad / (sqrt_(x[2]) + V(eps));
  }
};

// Zeiler (2012).
template <class T> struct Adadelta : NoNumbers {
  using Element = T;
  static constexpr int kOperands = 4, kOptions = 2; // rho, eps
  static constexpr unsigned kWritten = 0b1101;
  Direction<T> direction;
  T rho, weight, eps, rate;
  explicit Adadelta(const Given& g)
      : direction(g), rho(T(g[0])), weight(T(1 - g[0])), eps(T(g[1])), rate(T(-g.lr())) {}
  template <class V> TORCH_INLINE void operator()(V* x) const {
    const V grad = direction(x[0], x[1]);
    x[2] = fused(V(weight) * grad, grad, x[2] * V(rho));
    const V delta = sqrt_(x[3] + V(eps)) / sqrt_(x[2] + V(eps)) * grad;
    x[3] = fused(V(weight) * delta, delta, x[3] * V(rho));
    x[0] = fused(V(rate), delta, x[0]);
  }
};

// Riedmiller and Braun (1993), without going back: a step in a direction that turned is left out.
template <class T> struct Rprop : NoNumbers {
  using Element = T;
  static constexpr int kOperands = 4, kOptions = 4; // shrinking, growing, least step, largest step
  static constexpr unsigned kWritten = 0b1101;      // x[2] is the gradient before, x[3] the size of the step
  bool maximize;
  T shrinking, growing, least, most;
  explicit Rprop(const Given& g)
      : maximize(g.options[2] != 0), shrinking(T(g[0])), growing(T(g[1])), least(T(g[2])), most(T(g[3])) {}
  template <class V> TORCH_INLINE void operator()(V* x) const {
    const V zero(T(0)), one(T(1));
    V grad = maximize ? -x[1] : x[1];
    const V turned = grad * x[2];
    const auto back = turned < zero;
    x[3] = x[3] * select(turned > zero, V(growing), select(back, V(shrinking), one));
    x[3] = minimum_(maximum_(x[3], V(least)), V(most));
    grad = select(back, zero, grad);
    const V sign = select(grad > zero, one, select(grad < zero, -one, zero));
    x[0] = x[0] - sign * x[3];
    x[2] = grad;
  }
};

// Polyak and Juditsky (1992): the average of the parameters beside them.
template <class T> struct Asgd {
  using Element = T;
  static constexpr int kOperands = 3, kOptions = 3; // lambda, alpha, t0
  static constexpr int kNumbers = 3;                // the count of steps, eta, mu
  static constexpr unsigned kWritten = 0b101;
  Direction<T> direction;
  T shrink, eta, mu;
  static void advance(const Given& g, double* numbers) {
    numbers[1] = g.lr() / std::pow(1 + g[0] * g.lr() * g.step(), g[1]);
    numbers[2] = 1 / std::max(1.0, g.step() - g[2]);
  }
  explicit Asgd(const Given& g)
      : direction(g), shrink(T(1 - g[0] * g.numbers[1])), eta(T(-g.numbers[1])), mu(T(g.numbers[2])) {}
  template <class V> TORCH_INLINE void operator()(V* x) const {
    const V grad = direction(x[0], x[1]);
    x[0] = fused(V(eta), grad, x[0] * V(shrink));
    x[2] = mu == 1 ? x[0] : x[2] + (x[0] - x[2]) * V(mu);
  }
};

struct Rule {
  std::string_view name;
  int operands, numbers, options;
  void (*run)(Operands lists, const double* options, const double* numbers);
  void (*advance)(const Given& given, double* numbers);
};
template <template <class> class Step> Rule rule(std::string_view name) {
  using Facts = Step<float>;
  return {name,
          Facts::kOperands,
          Facts::kNumbers,
          Facts::kOptions,
          [](Operands lists, const double* options, const double* numbers) {
            run_lists<Step>(lists, [&](size_t i) { return Given{options, numbers + i * Facts::kNumbers}; });
          },
          Facts::advance};
}

const Rule& rule_of(std::string_view name) {
  static const Rule rules[] = {rule<Adamax>("adamax"),   rule<Nadam>("nadam"),       rule<Radam>("radam"),
                               rule<Adagrad>("adagrad"), rule<Adadelta>("adadelta"), rule<Rprop>("rprop"),
                               rule<Asgd>("asgd")};
  for (const Rule& r : rules)
    if (r.name == name) return r;
  fail(ErrorKind::Value, concat("_optimizer_step_: no rule '", name, "'"));
}

} // namespace

// `state` and `scalars` are lists of lists: first the first tensor of the state of every parameter, then the
// second ...
void optimizer_step(TensorList self, TensorList grads, TensorList state, TensorList scalars,
                    const Tensor& options, std::string_view rule) {
  constexpr const char* kOp = "_optimizer_step_";
  const Rule& r = rule_of(rule);
  const size_t count = self.size(), states = size_t(r.operands - 2), numbers = size_t(r.numbers);
  check(state.size() == states * count, kOp, ": ", rule, " keeps ", states, " tensors for each of ", count,
        " parameters, but state has ", state.size());
  check(scalars.size() == numbers * count, kOp, ": ", rule, " keeps ", numbers, " numbers for each of ",
        count, " parameters, but scalars has ", scalars.size());
  check(options.dtype() == DType::Float64 && options.dim() == 1 && options.is_contiguous() &&
            options.numel() == 3 + r.options,
        kOp, ": ", rule, " takes ", 3 + r.options, " options in float64, but options is ", options.dtype(),
        " of sizes ", IntSpan(options.sizes()));
  std::vector<Operand> lists{{"params", self}, {"grads", grads}};
  for (size_t k = 0; k < states; ++k) lists.push_back({"state", state.subspan(k * count, count)});
  check_lists(kOp, lists);

  std::vector<double> values(numbers * count);
  for (size_t i = 0; i < count; ++i) {
    for (size_t k = 0; k < numbers; ++k)
      values[i * numbers + k] = read_number(kOp, "each of scalars", scalars[k * count + i]);
    values[i * numbers] += 1;
  }
  const double* const given = options.data<double>();
  r.run(lists, given, values.data());
  for (size_t i = 0; i < count; ++i) {
    double* const own = &values[i * numbers];
    r.advance({given, own}, own);
    for (size_t k = 0; k < numbers; ++k) {
      const Tensor& t = scalars[k * count + i];
      convert_one(t.data(), t.dtype(), &own[k], DType::Float64);
    }
  }
}

} // namespace torch::TORCH_ISA

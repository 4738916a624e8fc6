// Losses of sequences and of margins, and their gradients.
//
// Connectionist temporal classification (Graves et al., 2006), forward and backward variables in logarithms.
// A label sequence of length n becomes 2 n + 1 states: a blank before, between and after its labels. A block
// has a sample, its threads the states, and goes from step to step; the gradient has a block for each step of
// each sample.
#pragma once

#include "kernels/cuda/device/element.h"
#include "kernels/cuda/device/loss_args.h"

namespace torch::TORCH_ISA {

// What all threads of a block have, joined.
template <class T, class Join> TORCH_INLINE T block_join(T value, T* shared, const Join& by) {
  const int thread = static_cast<int>(threadIdx.x);
  shared[thread] = value;
  __syncthreads();
  for (int half = cuda::kLossThreads / 2; half > 0; half /= 2) {
    if (thread < half) shared[thread] = by(shared[thread], shared[thread + half]);
    __syncthreads();
  }
  const T all = shared[0];
  __syncthreads();
  return all;
}

template <class V> TORCH_INLINE V log_of_zero() { return -std::numeric_limits<V>::infinity(); }
template <class V> TORCH_INLINE V log_sum(V a, V b) {
  const V most = a > b ? a : b, least = a > b ? b : a;
  return most == log_of_zero<V>() ? most : most + log1p_(exp_(least - most));
}
template <class V> TORCH_INLINE V log_sum(V a, V b, V c) {
  const V first = a > b ? a : b, most = first > c ? first : c;
  return most == log_of_zero<V>() ? most : most + log_(exp_(a - most) + exp_(b - most) + exp_(c - most));
}

template <class V> struct CtcSample {
  const cuda::CtcArgs& args;
  int64_t sample, steps, labels, start;

  TORCH_INLINE CtcSample(const cuda::CtcArgs& a, int64_t b)
      : args(a), sample(b), steps(a.samples[3 * b]), labels(a.samples[3 * b + 1]),
        start(a.samples[3 * b + 2]) {}
  TORCH_INLINE int64_t states() const { return 2 * labels + 1; }
  TORCH_INLINE int64_t label(int64_t state) const {
    if (state % 2 == 0) return args.blank;
    const int64_t at = start + state / 2;
    const int64_t label = args.target_type == DType::Int64 ? static_cast<const int64_t*>(args.targets)[at]
                                                           : static_cast<const int32_t*>(args.targets)[at];
    if (label >= 0 && label < args.classes) return label;
    report(Failed::IndexRange, label, args.classes);
    return args.blank;
  }
  // Whether the state may be entered from two states before.
  TORCH_INLINE bool skips(int64_t state) const {
    return state >= 2 && state % 2 == 1 && label(state) != label(state - 2);
  }
  TORCH_INLINE V log_prob(int64_t t, int64_t c) const {
    return static_cast<const V*>(
        args.log_probs)[sample * args.probs_step[1] + t * args.probs_step[0] + c * args.probs_step[2]];
  }
  TORCH_INLINE V* line(void* variables, int64_t t) const {
    return static_cast<V*>(variables) + sample * args.alpha_step + t * args.width;
  }
  TORCH_INLINE V loss() const { return static_cast<const V*>(args.losses)[sample * args.losses_step]; }
};

template <class V> struct CtcAlpha {
  static TORCH_INLINE void run(const cuda::CtcArgs& args) {
    const CtcSample<V> q(args, blockIdx.x);
    const int64_t n = q.states(), thread = threadIdx.x;
    const V never = log_of_zero<V>();
    for (int64_t i = thread; i < args.steps * args.width; i += cuda::kLossThreads)
      q.line(args.alpha, 0)[i] = never;
    __syncthreads();
    for (int64_t t = 0; t < q.steps; ++t) {
      const V* const before = q.line(args.alpha, t - 1);
      V* const now = q.line(args.alpha, t);
      for (int64_t s = thread; s < n; s += cuda::kLossThreads) {
        const V here = q.log_prob(t, q.label(s));
        if (t > 0)
          now[s] =
              here + log_sum(before[s], s > 0 ? before[s - 1] : never, q.skips(s) ? before[s - 2] : never);
        else if (s < 2)
          now[s] = here;
      }
      __syncthreads();
    }
    if (thread > 0) return;
    V& loss = static_cast<V*>(args.losses)[q.sample * args.losses_step];
    if (q.steps == 0) { // the empty sequence is certain
      loss = n == 1 ? V(0) : -never;
    } else {
      const V* const end = q.line(args.alpha, q.steps - 1);
      loss = -log_sum(end[n - 1], n > 1 ? end[n - 2] : never);
    }
  }
};
template <class V> struct CtcBeta {
  static TORCH_INLINE void run(const cuda::CtcArgs& args) {
    const CtcSample<V> q(args, blockIdx.x);
    const int64_t n = q.states(), thread = threadIdx.x;
    const V never = log_of_zero<V>();
    for (int64_t t = q.steps - 1; t >= 0; --t) {
      const V* const after = q.line(args.beta, t + 1);
      V* const now = q.line(args.beta, t);
      for (int64_t s = thread; s < n; s += cuda::kLossThreads) {
        const V here = q.log_prob(t, q.label(s));
        if (t == q.steps - 1)
          now[s] = s >= n - 2 ? here : never;
        else
          now[s] = here + log_sum(after[s], s + 1 < n ? after[s + 1] : never,
                                  s + 2 < n && q.skips(s + 2) ? after[s + 2] : never);
      }
      __syncthreads();
    }
  }
};
// Of scores whose log_softmax log_probs are: probability minus the share of the alignments that go through
// the class at the step.
template <class V> struct CtcGrad {
  static TORCH_INLINE void run(const cuda::CtcArgs& args) {
    __shared__ V shared[cuda::kLossThreads];
    const CtcSample<V> q(args, int64_t(blockIdx.x) / args.steps);
    const int64_t t = int64_t(blockIdx.x) % args.steps, n = q.states(), thread = threadIdx.x;
    const V loss = q.loss(), factor = static_cast<const V*>(args.grad)[q.sample * args.grad_step];
    const V never = log_of_zero<V>();
    V* const to =
        static_cast<V*>(args.grad_input) + t * args.grad_input_step[0] + q.sample * args.grad_input_step[1];
    const bool nothing = t >= q.steps || (args.zero_infinity && loss == -never);
    const auto set = [&](int64_t c, V share) { // share: a logarithm
      const V here = q.log_prob(t, c);
      to[c * args.grad_input_step[2]] = (exp_(here) - exp_(share + loss - here)) * factor;
    };
    for (int64_t c = thread; c < args.classes; c += cuda::kLossThreads)
      if (nothing)
        to[c * args.grad_input_step[2]] = V(0);
      else
        set(c, never);
    if (nothing) return; // the whole block
    const V *const alpha = q.line(args.alpha, t), *const beta = q.line(args.beta, t);
    V blank = never;
    for (int64_t s = 2 * thread; s < n; s += 2 * cuda::kLossThreads)
      blank = log_sum(blank, alpha[s] + beta[s]);
    blank = block_join(blank, shared, [](V a, V b) { return log_sum(a, b); });
    // The first state of each label goes through the others of that label. A label may be the blank.
    for (int64_t s = 2 * thread + 1; s < n; s += 2 * cuda::kLossThreads) {
      const int64_t label = q.label(s);
      bool first = true;
      for (int64_t before = 1; before < s && first; before += 2) first = q.label(before) != label;
      if (!first) continue;
      V share = label == args.blank ? blank : never;
      for (int64_t other = s; other < n; other += 2)
        if (q.label(other) == label) share = log_sum(share, alpha[other] + beta[other]);
      set(label, share);
    }
    if (thread == 0) {
      bool among_labels = false;
      for (int64_t s = 1; s < n && !among_labels; s += 2) among_labels = q.label(s) == args.blank;
      if (!among_labels) set(args.blank, blank);
    }
  }
};

// ---- margins: a block for each row ----

template <class V> struct MarginRow {
  const cuda::MarginArgs& args;
  int64_t row;
  const V* scores;

  TORCH_INLINE explicit MarginRow(const cuda::MarginArgs& a)
      : args(a), row(blockIdx.x), scores(static_cast<const V*>(a.scores) + row * a.classes) {}
  TORCH_INLINE double score(int64_t c) const { return double(scores[c]); }
  TORCH_INLINE double factor() const {
    return double(static_cast<const V*>(args.grad)[row * args.grad_step]) * args.scale;
  }
  TORCH_INLINE void set_grad(int64_t c, double g) const {
    static_cast<V*>(args.grad_input)[row * args.row_step + c * args.step] = V(g);
  }
};
TORCH_INLINE int64_t checked_class(int64_t c, int64_t classes) {
  if (c >= 0 && c < classes) return c;
  report(Failed::IndexRange, c, classes);
  return 0;
}
TORCH_INLINE double added(double a, double b) { return a + b; }

// Mean over the classes c but the right one y of max(0, margin - x[y] + x[c])^p * weight[y].
template <class V> struct MultiMargin {
  static TORCH_INLINE void run(const cuda::MarginArgs& args) {
    __shared__ double shared[cuda::kLossThreads];
    const MarginRow<V> row(args);
    const int64_t right = checked_class(args.target[row.row], args.classes);
    double sum = 0;
    for (int64_t c = threadIdx.x; c < args.classes; c += cuda::kLossThreads) {
      const double z = args.margin - row.score(right) + row.score(c);
      if (c != right && z > 0) sum += args.squared ? z * z : z;
    }
    sum = block_join(sum, shared, [](double a, double b) { return added(a, b); });
    const double weight = args.weight ? double(static_cast<const V*>(args.weight)[right]) : 1.0;
    if (threadIdx.x == 0) args.losses[row.row] = sum * weight / double(args.classes);
  }
};
template <class V> struct MultiMarginGrad {
  static TORCH_INLINE void run(const cuda::MarginArgs& args) {
    __shared__ double shared[cuda::kLossThreads];
    const MarginRow<V> row(args);
    const int64_t right = checked_class(args.target[row.row], args.classes);
    const double factor =
        row.factor() * (args.weight ? double(static_cast<const V*>(args.weight)[right]) : 1.0);
    double sum = 0;
    for (int64_t c = threadIdx.x; c < args.classes; c += cuda::kLossThreads) {
      if (c == right) continue;
      const double z = args.margin - row.score(right) + row.score(c);
      const double g = z > 0 ? factor * (args.squared ? 2 * z : 1.0) : 0.0;
      row.set_grad(c, g);
      sum += g;
    }
    sum = block_join(sum, shared, [](double a, double b) { return added(a, b); });
    if (threadIdx.x == 0) row.set_grad(right, -sum);
  }
};

// A row of targets lists the sample's classes and ends at the first -1. Mean over pairs of a class t of the
// sample and a class c that is none of max(0, 1 - x[t] + x[c]).
template <class V> struct LabelRow : MarginRow<V> {
  const int64_t* own;
  int64_t count = 0;
  V* is_own;
  TORCH_INLINE explicit LabelRow(const cuda::MarginArgs& a)
      : MarginRow<V>(a), own(a.target + this->row * a.classes),
        is_own(static_cast<V*>(a.is_target) + this->row * a.classes) {
    for (int64_t c = threadIdx.x; c < a.classes; c += cuda::kLossThreads)
      if (own[c] < -1 || own[c] >= a.classes) report(Failed::IndexRange, own[c], a.classes);
    while (count < a.classes && own[count] >= 0) ++count;
  }
  TORCH_INLINE int64_t label(int64_t k) const { return own[k] < this->args.classes ? own[k] : 0; }
};
template <class V> struct MultilabelMargin {
  static TORCH_INLINE void run(const cuda::MarginArgs& args) {
    __shared__ double shared[cuda::kLossThreads];
    const LabelRow<V> row(args);
    for (int64_t c = threadIdx.x; c < args.classes; c += cuda::kLossThreads) {
      V mine(0);
      for (int64_t k = 0; k < row.count; ++k)
        if (row.label(k) == c) mine = V(1);
      row.is_own[c] = mine;
    }
    double sum = 0;
    for (int64_t c = threadIdx.x; c < args.classes; c += cuda::kLossThreads) { // its own flags only
      if (row.is_own[c] != V(0)) continue;
      for (int64_t k = 0; k < row.count; ++k) {
        const double z = 1.0 - row.score(row.label(k)) + row.score(c);
        if (z > 0) sum += z;
      }
    }
    sum = block_join(sum, shared, [](double a, double b) { return added(a, b); });
    if (threadIdx.x == 0) args.losses[row.row] = sum / double(args.classes);
  }
};
template <class V> struct MultilabelMarginGrad {
  static TORCH_INLINE void run(const cuda::MarginArgs& args) {
    const LabelRow<V> row(args);
    const double factor = row.factor();
    for (int64_t c = threadIdx.x; c < args.classes; c += cuda::kLossThreads) {
      double pairs = 0;
      if (row.is_own[c] == V(0)) {
        for (int64_t k = 0; k < row.count; ++k)
          if (1.0 - row.score(row.label(k)) + row.score(c) > 0) pairs += 1;
      } else {
        double named = 0;
        for (int64_t k = 0; k < row.count; ++k) named += row.label(k) == c ? 1.0 : 0.0;
        for (int64_t other = 0; named > 0 && other < args.classes; ++other)
          if (row.is_own[other] == V(0) && 1.0 - row.score(c) + row.score(other) > 0) pairs -= named;
      }
      row.set_grad(c, pairs * factor);
    }
  }
};

} // namespace torch::TORCH_ISA

#define TORCH_CTC(name, Op, V)                                                                               \
  TORCH_KERNEL(name, torch::cuda::kLossThreads, torch::cuda::CtcArgs) {                                      \
    using namespace torch::TORCH_ISA;                                                                        \
    Op<V>::run(args);                                                                                        \
  }
#define TORCH_MARGIN(name, Op, V)                                                                            \
  TORCH_KERNEL(name, torch::cuda::kLossThreads, torch::cuda::MarginArgs) {                                   \
    using namespace torch::TORCH_ISA;                                                                        \
    Op<V>::run(args);                                                                                        \
  }

// Connectionist temporal classification (Graves et al., 2006): forward and backward variables in logarithms.
// A label sequence of length n becomes 2 n + 1 states: a blank before, between and after its labels.
#include "core/allocator.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/loss_kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace torch::TORCH_ISA {
namespace {

template <class T> constexpr T kNever = -std::numeric_limits<T>::infinity(); // log of 0

template <class T> T log_sum(T a, T b) {
  const T most = std::max(a, b);
  return most == kNever<T> ? most : most + std::log1p(std::exp(std::min(a, b) - most));
}
template <class T> T log_sum(T a, T b, T c) {
  const T most = std::max({a, b, c});
  return most == kNever<T> ? most
                           : most + std::log(std::exp(a - most) + std::exp(b - most) + std::exp(c - most));
}

// One sample: its label at each state, its length, and which states may be entered from two states before.
struct Sequence {
  std::vector<int64_t> labels; // by state
  int64_t steps;
  int64_t states() const { return static_cast<int64_t>(labels.size()); }
  bool skips(int64_t s) const { return s >= 2 && s % 2 == 1 && labels[size_t(s)] != labels[size_t(s) - 2]; }
};

std::vector<Sequence> sequences(const Tensor& targets, IntSpan input_lengths, IntSpan target_lengths,
                                int64_t blank, int64_t classes) {
  std::vector<Sequence> all(input_lengths.size());
  int64_t start = 0;
  visit_index("ctc_loss", targets.dtype(), [&](auto tag) {
    using I = typename decltype(tag)::type;
    const I* const labels = targets.data<I>();
    for (size_t b = 0; b < all.size(); ++b) {
      const int64_t n = target_lengths[b];
      if (targets.dim() == 2) start = static_cast<int64_t>(b) * targets.size(1);
      all[b].steps = input_lengths[b];
      all[b].labels.assign(static_cast<size_t>(2 * n + 1), blank);
      for (int64_t i = 0; i < n; ++i) {
        const auto label = static_cast<int64_t>(labels[start + i]);
        check(label >= 0 && label < classes, "ctc_loss: targets holds label ", label,
              ", expected labels from 0 to ", classes - 1);
        all[b].labels[static_cast<size_t>(2 * i + 1)] = label;
      }
      start += n;
    }
  });
  return all;
}

// Log-probability of a class of one sample at a step.
template <class T> struct Frames {
  const T* data;
  int64_t step, each;
  Frames(const Tensor& log_probs, int64_t b)
      : data(log_probs.data<T>() + b * log_probs.stride(1)), step(log_probs.stride(0)),
        each(log_probs.stride(2)) {}
  T operator()(int64_t t, int64_t c) const { return data[t * step + c * each]; }
};

} // namespace

void ctc_loss(const Tensor& losses, const Tensor& log_alpha, const Tensor& log_probs, const Tensor& targets,
              IntSpan input_lengths, IntSpan target_lengths, int64_t blank) {
  const std::vector<Sequence> all =
      sequences(targets, input_lengths, target_lengths, blank, log_probs.size(2));
  const int64_t width = log_alpha.size(2);
  visit_types(TypeList<float, double>{}, "ctc_loss", log_probs.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel_for(0, static_cast<int64_t>(all.size()), 1, [&](int64_t first, int64_t last) {
      for (int64_t b = first; b < last; ++b) {
        const Sequence& q = all[size_t(b)];
        const Frames<T> p(log_probs, b);
        const int64_t n = q.states();
        T* const alpha = log_alpha.data<T>() + b * log_alpha.stride(0);
        std::fill_n(alpha, log_alpha.size(1) * width, kNever<T>);
        T& loss = losses.data<T>()[b * losses.stride(0)];
        if (q.steps == 0) { // the empty sequence is certain
          loss = n == 1 ? T(0) : -kNever<T>;
          continue;
        }
        alpha[0] = p(0, blank);
        if (n > 1) alpha[1] = p(0, q.labels[1]);
        for (int64_t t = 1; t < q.steps; ++t) {
          const T* const before = alpha + (t - 1) * width;
          T* const now = alpha + t * width;
          for (int64_t s = 0; s < n; ++s)
            now[s] = p(t, q.labels[size_t(s)]) + log_sum(before[s], s > 0 ? before[s - 1] : kNever<T>,
                                                         q.skips(s) ? before[s - 2] : kNever<T>);
        }
        const T* const end = alpha + (q.steps - 1) * width;
        loss = -log_sum(end[n - 1], n > 1 ? end[n - 2] : kNever<T>);
      }
    });
  });
}

// The gradient is that of scores whose log_softmax log_probs are: probability minus the share of the
// alignments that go through the class at the step.
void ctc_loss_backward(const Tensor& grad_input, const Tensor& grad, const Tensor& log_probs,
                       const Tensor& targets, IntSpan input_lengths, IntSpan target_lengths,
                       const Tensor& losses, const Tensor& log_alpha, int64_t blank, bool zero_infinity) {
  const int64_t classes = log_probs.size(2), steps = log_probs.size(0);
  const std::vector<Sequence> all = sequences(targets, input_lengths, target_lengths, blank, classes);
  const int64_t width = log_alpha.size(2);
  visit_types(TypeList<float, double>{}, "ctc_loss_backward", log_probs.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel_for(0, static_cast<int64_t>(all.size()), 1, [&](int64_t first, int64_t last) {
      const Scratch memory(size_t(2 * width + classes) * sizeof(T));
      for (int64_t b = first; b < last; ++b) {
        const Sequence& q = all[size_t(b)];
        const Frames<T> p(log_probs, b);
        const int64_t n = q.states();
        const T* const alpha = log_alpha.data<T>() + b * log_alpha.stride(0);
        T *beta = memory.as<T>(), *after = beta + width, *const shares = after + width;
        T* const to = grad_input.data<T>() + b * grad_input.stride(1);
        const int64_t step = grad_input.stride(0), each = grad_input.stride(2);
        const T loss = losses.data<T>()[b * losses.stride(0)];
        const T factor = grad.data<T>()[b * grad.stride(0)];
        const bool ignored = zero_infinity && loss == -kNever<T>;
        for (int64_t t = ignored ? 0 : q.steps; t < steps; ++t)
          for (int64_t c = 0; c < classes; ++c) to[t * step + c * each] = T(0);
        if (ignored) continue;
        for (int64_t t = q.steps - 1; t >= 0; --t) {
          std::swap(beta, after);
          for (int64_t s = 0; s < n; ++s) {
            const T here = p(t, q.labels[size_t(s)]);
            if (t == q.steps - 1)
              beta[s] = s >= n - 2 ? here : kNever<T>;
            else
              beta[s] = here + log_sum(after[s], s + 1 < n ? after[s + 1] : kNever<T>,
                                       s + 2 < n && q.skips(s + 2) ? after[s + 2] : kNever<T>);
          }
          std::fill_n(shares, classes, kNever<T>);
          for (int64_t s = 0; s < n; ++s) {
            T& share = shares[q.labels[size_t(s)]];
            share = log_sum(share, alpha[t * width + s] + beta[s]);
          }
          for (int64_t c = 0; c < classes; ++c) {
            const T here = p(t, c);
            to[t * step + c * each] = (std::exp(here) - std::exp(shares[c] + loss - here)) * factor;
          }
        }
      }
    });
  });
}

} // namespace torch::TORCH_ISA

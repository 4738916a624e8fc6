// nll_loss and its backward: input (N, C), (C) or (N, C, d1, ...), targets without the class dimension.
#include "core/allocator.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/cpu/loss_reduction.h"
#include "kernels/cpu/reduce_sum.h"
#include "kernels/nn_kernels.h"

#include <algorithm>
#include <type_traits>

namespace torch::TORCH_ISA {
namespace {

template <class T> using SumType = std::conditional_t<std::is_same_v<T, double>, double, float>;

// The samples: dimension 0 and the dimensions after the class, in C order. Adjacent ones that every operand
// steps through evenly are one dimension.
struct Samples {
  static constexpr int kOperands =
      3; // logits or their gradient, targets, losses or their gradient (if one each)
  int64_t count = 1, classes = 1;
  int64_t class_stride = 0;
  DimVec sizes, strides[kOperands];

  Samples(const Tensor& in, const Tensor& target, const Tensor* each) {
    const int64_t dims = in.dim(), class_dim = dims == 1 ? 0 : 1;
    classes = in.size(class_dim);
    class_stride = in.stride(class_dim);
    int64_t sample_dim = 0;
    for (int64_t d = 0; d < dims; ++d) {
      if (d == class_dim) continue;
      // A single row may come with a target of one element.
      const int64_t step[kOperands] = {in.stride(d), target.dim() == dims - 1 ? target.stride(sample_dim) : 0,
                                       each ? each->stride(sample_dim) : 0};
      ++sample_dim;
      const int64_t size = in.size(d);
      count *= size;
      bool merges = !sizes.empty();
      for (int i = 0; i < kOperands; ++i) merges = merges && strides[i].back() == size * step[i];
      if (merges) {
        sizes.back() *= size;
        for (int i = 0; i < kOperands; ++i) strides[i].back() = step[i];
      } else {
        sizes.push_back(size);
        for (int i = 0; i < kOperands; ++i) strides[i].push_back(step[i]);
      }
    }
  }

  // Calls f(input offset, target offset, offset in `each`) for samples [first, last).
  template <class F> void walk(int64_t first, int64_t last, F&& f) const {
    if (sizes.empty()) {
      if (first < last) f(0, 0, 0);
      return;
    }
    const size_t inner = sizes.size() - 1;
    while (first < last) {
      int64_t at[kOperands] = {0, 0, 0}, rest = first / sizes[inner];
      const int64_t x = first % sizes[inner], run = std::min(last - first, sizes[inner] - x);
      for (size_t d = inner; d-- > 0; rest /= sizes[d])
        for (int i = 0; i < kOperands; ++i) at[i] += rest % sizes[d] * strides[i][d];
      for (int64_t k = x; k < x + run; ++k)
        f(at[0] + k * strides[0][inner], at[1] + k * strides[1][inner], at[2] + k * strides[2][inner]);
      first += run;
    }
  }
};

template <class F> void visit_target(const char* op, DType t, F&& f) {
  if (t == DType::UInt8)
    f(TypeTag<uint8_t>{});
  else
    visit_index(op, t, f);
}

[[noreturn, gnu::cold]] void fail_target(int64_t target, int64_t classes) {
  fail(ErrorKind::Index, concat("Target ", target, " is out of bounds. The input has ", classes,
                                " classes, so targets are from 0 to ", classes - 1));
}
// Targets are checked as they are read: the results are new.
__attribute__((always_inline)) inline bool counts(int64_t target, int64_t classes, int64_t ignore_index) {
  if (target == ignore_index) return false;
  if (static_cast<uint64_t>(target) >= static_cast<uint64_t>(classes)) [[unlikely]]
    fail_target(target, classes);
  return true;
}

constexpr int64_t kBlock =
    4096; // samples of one partial sum: fixed, so that sums do not depend on the threads

} // namespace

void nll_loss(const Tensor& out, const Tensor& total_weight, const Tensor& input, const Tensor& target,
              const Tensor& weight, int64_t reduction, int64_t ignore_index) {
  const bool each = reduction == kNone && input.dim() > 1;
  const Samples s(input, target, each ? &out : nullptr);
  visit_floating("nll_loss", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    visit_target("nll_loss", target.dtype(), [&](auto index_tag) {
      using I = typename decltype(index_tag)::type;
      const T* x = input.data<T>();
      const I* classes = target.data<I>();
      const T* weights = weight.defined() ? weight.data<T>() : nullptr;
      const int64_t weight_step = weights ? weight.stride(0) : 0;
      // (loss, weight) of a sample; (0, 0) if ignored
      const auto term = [&](int64_t input_at, int64_t target_at) -> std::pair<SumType<T>, SumType<T>> {
        const int64_t t = static_cast<int64_t>(classes[target_at]);
        if (!counts(t, s.classes, ignore_index)) return {0, 0};
        const SumType<T> w = weights ? static_cast<SumType<T>>(weights[t * weight_step]) : SumType<T>(1);
        return {-w * static_cast<SumType<T>>(x[input_at + t * s.class_stride]), w};
      };
      if (each) {
        T* to = out.data<T>();
        parallel_for(0, s.count, kGrain, [&](int64_t begin, int64_t end) {
          s.walk(begin, end, [&](int64_t from, int64_t which, int64_t at) {
            to[at] = static_cast<T>(term(from, which).first);
          });
        });
        *total_weight.data<T>() = T(0.f);
        return;
      }
      const int64_t blocks = (s.count + kBlock - 1) / kBlock;
      const Scratch memory(size_t(2 * blocks) * sizeof(double));
      double* const partial = memory.as<double>();
      parallel_for(0, blocks, kGrain / kBlock, [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; ++b) {
          TwoSum<double> loss, total;
          s.walk(b * kBlock, std::min((b + 1) * kBlock, s.count), [&](int64_t from, int64_t which, int64_t) {
            const auto [value, w] = term(from, which);
            loss.add(static_cast<double>(value));
            total.add(static_cast<double>(w));
          });
          partial[2 * b] = loss.value();
          partial[2 * b + 1] = total.value();
        }
      });
      TwoSum<double> losses, totals;
      for (int64_t b = 0; b < blocks; ++b) {
        losses.add(partial[2 * b]);
        totals.add(partial[2 * b + 1]);
      }
      double loss = losses.value();
      const double total = totals.value();
      if (reduction == kMean) loss /= total; // 0 / 0 when every target is ignored
      *out.data<T>() = static_cast<T>(static_cast<SumType<T>>(loss));
      *total_weight.data<T>() = static_cast<T>(static_cast<SumType<T>>(total));
    });
  });
}

void nll_loss_backward(const Tensor& grad_input, const Tensor& grad_output, const Tensor& input,
                       const Tensor& target, const Tensor& weight, const Tensor& total_weight,
                       int64_t reduction, int64_t ignore_index) {
  const bool each = reduction == kNone && grad_input.dim() > 1;
  const Samples s(grad_input, target, each ? &grad_output : nullptr);
  visit_floating("nll_loss_backward", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = SumType<T>;
    visit_target("nll_loss_backward", target.dtype(), [&](auto index_tag) {
      using I = typename decltype(index_tag)::type;
      const I* classes = target.data<I>();
      const T* weights = weight.defined() ? weight.data<T>() : nullptr;
      const int64_t weight_step = weights ? weight.stride(0) : 0;
      const T* grad = grad_output.data<T>();
      const C divisor = reduction == kMean ? static_cast<C>(*total_weight.data<T>()) : C(1);
      T* to = grad_input.data<T>();
      if (grad_input.is_non_overlapping_and_dense()) {
        const int64_t total = grad_input.numel();
        parallel_for(0, total, kGrain,
                     [&](int64_t begin, int64_t end) { std::fill(to + begin, to + end, T{}); });
      } else {
        s.walk(0, s.count, [&](int64_t at, int64_t, int64_t) {
          for (int64_t c = 0; c < s.classes; ++c) to[at + c * s.class_stride] = T{};
        });
      }
      parallel_for(0, s.count, kGrain, [&](int64_t begin, int64_t end) {
        s.walk(begin, end, [&](int64_t at, int64_t which, int64_t grad_at) {
          const int64_t t = static_cast<int64_t>(classes[which]);
          if (!counts(t, s.classes, ignore_index)) return;
          const C w = weights ? static_cast<C>(weights[t * weight_step]) : C(1);
          to[at + t * s.class_stride] = static_cast<T>(-w * static_cast<C>(grad[grad_at]) / divisor);
        });
      });
    });
  });
}

} // namespace torch::TORCH_ISA

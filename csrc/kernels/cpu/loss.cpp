// nll_loss and its backward: input (N, C), (C) or (N, C, d1, ...), targets without the class dimension.
#include "core/allocator.h"
#include "core/tensor.h"
#include "core/threads.h"

#include <algorithm>
#include <type_traits>

namespace torch::TORCH_ISA {
namespace {

enum Reduction : int64_t { kNone = 0, kMean = 1, kSum = 2 };

template <class T> using SumType = std::conditional_t<std::is_same_v<T, double>, double, float>;

// Offsets of the samples: dimension 0 and the dimensions after the class, in C order.
struct Samples {
  int64_t count = 1, classes = 1;
  int64_t class_stride = 0;
  DimVec sizes, input, target; // sizes and strides of the sample dimensions

  Samples(const Tensor& in, const Tensor& target_tensor) {
    const int64_t dims = in.dim();
    const int64_t class_dim = dims == 1 ? 0 : 1;
    classes = in.size(class_dim);
    class_stride = in.stride(class_dim);
    for (int64_t d = 0; d < dims; ++d) {
      if (d == class_dim) continue;
      sizes.push_back(in.size(d));
      input.push_back(in.stride(d));
    }
    // A single row may come with a target of one element and one dimension.
    if (static_cast<size_t>(target_tensor.dim()) == sizes.size()) target = target_tensor.strides();
    else target = DimVec(sizes.size(), 0);
    for (const int64_t s : sizes) count *= s;
  }
  int64_t offset(const DimVec& strides, int64_t sample) const {
    if (sizes.size() == 1) return sample * strides[0];
    int64_t at = 0;
    for (size_t d = sizes.size(); d-- > 0;) {
      at += sample % sizes[d] * strides[d];
      sample /= sizes[d];
    }
    return at;
  }
};

template <class F> void visit_target(const char* op, DType t, F&& f) {
  if (t == DType::UInt8) f(TypeTag<uint8_t>{});
  else visit_index(op, t, f);
}

// Before anything is written.
template <class I> void check_targets(const Samples& s, const I* target, int64_t ignore_index) {
  for (int64_t i = 0; i < s.count; ++i) {
    const int64_t t = static_cast<int64_t>(target[s.offset(s.target, i)]);
    check_index((t >= 0 && t < s.classes) || t == ignore_index, "Target ", t, " is out of bounds.");
  }
}

constexpr int64_t kBlock = 4096; // samples of one partial sum: fixed, so that sums do not depend on the threads

} // namespace

void nll_loss(const Tensor& out, const Tensor& total_weight, const Tensor& input, const Tensor& target, const Tensor& weight,
              int64_t reduction, int64_t ignore_index) {
  const Samples s(input, target);
  visit_floating("nll_loss", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    visit_target("nll_loss", target.dtype(), [&](auto index_tag) {
      using I = typename decltype(index_tag)::type;
      const T* x = input.data<T>();
      const I* classes = target.data<I>();
      const T* weights = weight.defined() ? weight.data<T>() : nullptr;
      const int64_t weight_step = weights ? weight.stride(0) : 0;
      check_targets(s, classes, ignore_index);
      // (loss, weight) of sample i; (0, 0) if ignored
      const auto term = [&](int64_t i) -> std::pair<SumType<T>, SumType<T>> {
        const int64_t t = static_cast<int64_t>(classes[s.offset(s.target, i)]);
        if (t == ignore_index) return {0, 0};
        const SumType<T> w = weights ? static_cast<SumType<T>>(weights[t * weight_step]) : SumType<T>(1);
        return {-w * static_cast<SumType<T>>(x[s.offset(s.input, i) + t * s.class_stride]), w};
      };
      if (reduction == kNone && input.dim() > 1) {
        T* to = out.data<T>();
        const IntSpan strides = out.strides();
        const DimVec out_strides(strides);
        parallel_for(0, s.count, kGrain, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) to[s.offset(out_strides, i)] = static_cast<T>(term(i).first);
        });
        *total_weight.data<T>() = T(0.f);
        return;
      }
      const int64_t blocks = (s.count + kBlock - 1) / kBlock;
      const Scratch memory(size_t(2 * blocks) * sizeof(double));
      double* const partial = memory.as<double>();
      parallel_for(0, blocks, kGrain / kBlock, [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; ++b) {
          double loss = 0, total = 0;
          for (int64_t i = b * kBlock; i < std::min((b + 1) * kBlock, s.count); ++i) {
            const auto [value, w] = term(i);
            loss += static_cast<double>(value);
            total += static_cast<double>(w);
          }
          partial[2 * b] = loss;
          partial[2 * b + 1] = total;
        }
      });
      double loss = 0, total = 0;
      for (int64_t b = 0; b < blocks; ++b) {
        loss += partial[2 * b];
        total += partial[2 * b + 1];
      }
      if (reduction == kMean) loss /= total; // 0 / 0 when every target is ignored
      *out.data<T>() = static_cast<T>(static_cast<SumType<T>>(loss));
      *total_weight.data<T>() = static_cast<T>(static_cast<SumType<T>>(total));
    });
  });
}

void nll_loss_backward(const Tensor& grad_input, const Tensor& grad_output, const Tensor& input, const Tensor& target,
                       const Tensor& weight, const Tensor& total_weight, int64_t reduction, int64_t ignore_index) {
  const Samples s(grad_input, target);
  visit_floating("nll_loss_backward", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = SumType<T>;
    visit_target("nll_loss_backward", target.dtype(), [&](auto index_tag) {
      using I = typename decltype(index_tag)::type;
      const I* classes = target.data<I>();
      const T* weights = weight.defined() ? weight.data<T>() : nullptr;
      const int64_t weight_step = weights ? weight.stride(0) : 0;
      check_targets(s, classes, ignore_index);
      const bool each = reduction == kNone && grad_input.dim() > 1;
      const T* grad = grad_output.data<T>();
      const DimVec grad_strides = each ? DimVec(grad_output.strides()) : DimVec();
      const C divisor = reduction == kMean ? static_cast<C>(*total_weight.data<T>()) : C(1);
      T* to = grad_input.data<T>();
      if (grad_input.is_non_overlapping_and_dense()) {
        const int64_t total = grad_input.numel();
        parallel_for(0, total, kGrain, [&](int64_t begin, int64_t end) { std::fill(to + begin, to + end, T{}); });
      } else {
        for (int64_t i = 0; i < s.count; ++i)
          for (int64_t c = 0; c < s.classes; ++c) to[s.offset(s.input, i) + c * s.class_stride] = T{};
      }
      parallel_for(0, s.count, kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t t = static_cast<int64_t>(classes[s.offset(s.target, i)]);
          if (t == ignore_index) continue;
          const C w = weights ? static_cast<C>(weights[t * weight_step]) : C(1);
          const C g = static_cast<C>(each ? grad[s.offset(grad_strides, i)] : *grad);
          to[s.offset(s.input, i) + t * s.class_stride] = static_cast<T>(-w * g / divisor);
        }
      });
    });
  });
}

} // namespace torch::TORCH_ISA

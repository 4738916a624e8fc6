// Losses that compare the scores of classes in pairs, and their gradients: a row of scores for each sample.
// float32 and float64.
#include "core/allocator.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/cpu/loss_reduction.h"
#include "kernels/loss_kernels.h"

#include <algorithm>

namespace torch::TORCH_ISA {
namespace {

struct Rows {
  int64_t count, classes;
  explicit Rows(const Tensor& self)
      : count(self.dim() == 2 ? self.size(0) : 1), classes(self.dim() == 0 ? 1 : self.size(-1)) {}
};

// Writes the losses of the rows, or their sum or mean; the sum is taken in order.
template <class T, class F>
void reduce_rows(const Tensor& out, const Rows& rows, int64_t reduction, int64_t work, F&& loss) {
  const Scratch memory(size_t(rows.count) * sizeof(double));
  double* const each = memory.as<double>();
  parallel_for(0, rows.count, std::max<int64_t>(1, kGrain / std::max<int64_t>(work, 1)),
               [&](int64_t first, int64_t last) {
                 for (int64_t i = first; i < last; ++i) each[i] = loss(i);
               });
  if (reduction == kNone) {
    T* const to = out.data<T>();
    const int64_t step = out.dim() ? out.stride(0) : 0;
    for (int64_t i = 0; i < rows.count; ++i) to[i * step] = static_cast<T>(each[i]);
    return;
  }
  double total = 0;
  for (int64_t i = 0; i < rows.count; ++i) total += each[i];
  // Nothing has the mean 0 here.
  *out.data<T>() = static_cast<T>(reduction == kMean && rows.count ? total / double(rows.count) : total);
}

// Factor of the gradient of row i.
template <class T> class RowGrad {
public:
  RowGrad(const Tensor& grad, const Rows& rows, int64_t reduction)
      : data_(grad.data<T>()), step_(reduction == kNone && grad.dim() ? grad.stride(0) : 0),
        scale_(1.0 / double(rows.classes) / (reduction == kMean ? double(rows.count) : 1.0)) {}
  double operator()(int64_t i) const { return double(data_[i * step_]) * scale_; }

private:
  const T* data_;
  int64_t step_;
  double scale_;
};

void check_in_range(const int64_t* target, int64_t n, int64_t classes) {
  for (int64_t i = 0; i < n; ++i) check(target[i] >= 0 && target[i] < classes, "target out of range");
}

} // namespace

// Mean over the classes c but the right one y of max(0, margin - x[y] + x[c])^p * weight[y].
void multi_margin_loss(const Tensor& out, const Tensor& self, const Tensor& target, const Scalar& p,
                       const Scalar& margin, const Tensor& weight, int64_t reduction) {
  const Rows rows(self);
  visit_types(TypeList<float, double>{}, "multi_margin_loss", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const x = self.data<T>();
    const int64_t* const y = target.data<int64_t>();
    const T* const w = weight.defined() ? weight.data<T>() : nullptr;
    const bool square = p.to<double>() == 2;
    const double gap = margin.to<double>();
    check_in_range(y, rows.count, rows.classes);
    reduce_rows<T>(out, rows, reduction, rows.classes, [&](int64_t i) {
      const T* const row = x + i * rows.classes;
      const double right = double(row[y[i]]);
      double total = 0;
      for (int64_t c = 0; c < rows.classes; ++c) {
        const double z = gap - right + double(row[c]);
        if (c != y[i] && z > 0) total += square ? z * z : z;
      }
      return total * (w ? double(w[y[i]]) : 1.0) / double(rows.classes);
    });
  });
}

void multi_margin_loss_backward(const Tensor& grad_input, const Tensor& grad_output, const Tensor& self,
                                const Tensor& target, const Scalar& p, const Scalar& margin,
                                const Tensor& weight, int64_t reduction) {
  const Rows rows(self);
  visit_types(TypeList<float, double>{}, "multi_margin_loss_backward", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const x = self.data<T>();
    const int64_t* const y = target.data<int64_t>();
    const T* const w = weight.defined() ? weight.data<T>() : nullptr;
    const bool square = p.to<double>() == 2;
    const double gap = margin.to<double>();
    const RowGrad<T> grad(grad_output, rows, reduction);
    const int64_t row_step = grad_input.dim() == 2 ? grad_input.stride(0) : 0;
    const int64_t step = grad_input.dim() ? grad_input.stride(-1) : 0;
    T* const to = grad_input.data<T>();
    check_in_range(y, rows.count, rows.classes);
    parallel_for(0, rows.count, std::max<int64_t>(1, kGrain / rows.classes),
                 [&](int64_t first, int64_t last) {
                   for (int64_t i = first; i < last; ++i) {
                     const T* const row = x + i * rows.classes;
                     const double right = double(row[y[i]]), factor = grad(i) * (w ? double(w[y[i]]) : 1.0);
                     double total = 0;
                     for (int64_t c = 0; c < rows.classes; ++c) {
                       const double z = gap - right + double(row[c]);
                       const double g = c != y[i] && z > 0 ? factor * (square ? 2 * z : 1.0) : 0.0;
                       to[i * row_step + c * step] = static_cast<T>(g);
                       total += g;
                     }
                     to[i * row_step + y[i] * step] = static_cast<T>(-total);
                   }
                 });
  });
}

// A row of targets lists the sample's classes and ends at the first -1. Mean over pairs of a class t of the
// sample and a class c that is none of max(0, 1 - x[t] + x[c]).
void multilabel_margin_loss(const Tensor& out, const Tensor& is_target, const Tensor& self,
                            const Tensor& target, int64_t reduction) {
  const Rows rows(self);
  visit_types(TypeList<float, double>{}, "multilabel_margin_loss", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const x = self.data<T>();
    const int64_t* const y = target.data<int64_t>();
    const int64_t total = rows.count * rows.classes;
    for (int64_t i = 0; i < total; ++i)
      check(y[i] >= -1 && y[i] < rows.classes, "argument #2 'target' is out of range");
    T* const mine = is_target.data<T>();
    std::fill_n(mine, total, T(0));
    reduce_rows<T>(out, rows, reduction, rows.classes * rows.classes, [&](int64_t i) {
      const T* const row = x + i * rows.classes;
      const int64_t* const own = y + i * rows.classes;
      T* const is_own = mine + i * rows.classes;
      int64_t n = 0;
      for (; n < rows.classes && own[n] >= 0; ++n) is_own[own[n]] = T(1);
      double sum = 0;
      for (int64_t k = 0; k < n; ++k)
        for (int64_t c = 0; c < rows.classes; ++c)
          if (is_own[c] == T(0)) sum += std::max(0.0, 1.0 - double(row[own[k]]) + double(row[c]));
      return sum / double(rows.classes);
    });
  });
}

void multilabel_margin_loss_backward(const Tensor& grad_input, const Tensor& grad_output, const Tensor& self,
                                     const Tensor& target, const Tensor& is_target, int64_t reduction) {
  const Rows rows(self);
  visit_types(TypeList<float, double>{}, "multilabel_margin_loss_backward", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const x = self.data<T>();
    const int64_t* const y = target.data<int64_t>();
    const T* const mine = is_target.data<T>();
    const RowGrad<T> grad(grad_output, rows, reduction);
    const int64_t row_step = grad_input.dim() == 2 ? grad_input.stride(0) : 0;
    const int64_t step = grad_input.dim() ? grad_input.stride(-1) : 0;
    T* const to = grad_input.data<T>();
    for (int64_t i = 0; i < rows.count * rows.classes; ++i)
      check(y[i] >= -1 && y[i] < rows.classes, "argument #2 'target' is out of range");
    const int64_t work = rows.classes * rows.classes;
    parallel_for(0, rows.count, std::max<int64_t>(1, kGrain / work), [&](int64_t first, int64_t last) {
      const Scratch memory(size_t(rows.classes) * sizeof(double));
      double* const sums = memory.as<double>();
      for (int64_t i = first; i < last; ++i) {
        const T* const row = x + i * rows.classes;
        const int64_t* const own = y + i * rows.classes;
        const T* const is_own = mine + i * rows.classes;
        std::fill_n(sums, rows.classes, 0.0);
        for (int64_t k = 0; k < rows.classes && own[k] >= 0; ++k)
          for (int64_t c = 0; c < rows.classes; ++c)
            if (is_own[c] == T(0) && 1.0 - double(row[own[k]]) + double(row[c]) > 0) {
              sums[c] += 1;
              sums[own[k]] -= 1;
            }
        const double factor = grad(i);
        for (int64_t c = 0; c < rows.classes; ++c)
          to[i * row_step + c * step] = static_cast<T>(sums[c] * factor);
      }
    });
  });
}

} // namespace torch::TORCH_ISA

// Tensors made from a rule: arange, linspace, eye, and the triangles of a matrix.
#include "core/threads.h"
#include "kernels/create_kernels.h"
#include "kernels/index_kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace torch::TORCH_ISA {

namespace {

// out[i] = f(i) for a tensor of one dimension (or none).
template <class T, class F> void generate(const Tensor& out, F f) {
  T* const data = out.data<T>();
  const int64_t stride = out.dim() > 0 ? out.strides()[0] : 1;
  parallel_for(0, out.numel(), kGrain, [&](int64_t first, int64_t last) {
    if (stride == 1)
      for (int64_t i = first; i < last; ++i) data[i] = T(f(i));
    else
      for (int64_t i = first; i < last; ++i) data[i * stride] = T(f(i));
  });
}

template <class T>
constexpr bool kIsComplexNumber = std::is_same_v<T, complex64> || std::is_same_v<T, complex128>;

} // namespace

void arange(const Tensor& out, const Scalar& start, const Scalar& step) {
  visit_compiled(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T>) {
      const uint64_t first = uint64_t(start.to<int64_t>()), by = uint64_t(step.to<int64_t>());
      generate<T>(out, [=](int64_t i) { return static_cast<T>(int64_t(first + by * uint64_t(i))); });
    } else if constexpr (kIsComplexNumber<T>) {
      fail_dtype("arange", out.dtype());
    } else { // in double whatever the result, so that late elements are as exact as early ones
      const double first = start.to<double>(), by = step.to<double>();
      generate<T>(out, [=](int64_t i) { return static_cast<T>(first + by * double(i)); });
    }
  });
}

// From both ends to the middle, so that the sequence is symmetric and hits `end`.
void linspace(const Tensor& out, const Scalar& start, const Scalar& end) {
  const int64_t n = out.numel();
  if (n == 0) return;
  visit_compiled(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (n == 1) return generate<T>(out, [&](int64_t) { return start.to<T>(); });
    if constexpr (kIsComplexNumber<T>) {
      using R = typename T::value_type;
      const T first = start.to<T>(), last = end.to<T>(), by = (last - first) / R(n - 1);
      generate<T>(out, [=](int64_t i) {
        if (i < n / 2)
          return T(std::fma(by.real(), R(i), first.real()), std::fma(by.imag(), R(i), first.imag()));
        const R back = R(n - 1 - i);
        return T(std::fma(-by.real(), back, last.real()), std::fma(-by.imag(), back, last.imag()));
      });
    } else {
      using Acc = std::conditional_t<std::is_same_v<T, double>, double, float>;
      const Acc first = Acc(start.to<T>()), last = Acc(end.to<T>()), by = (last - first) / Acc(n - 1);
      if constexpr (sizeof(T) == 2 && !std::is_integral_v<T>) { // half types round after every operation
        const float step = T(float(T(last - first)) / float(T(float(n - 1))));
        generate<T>(out, [=](int64_t i) {
          return i < n / 2 ? T(first + float(T(step * float(T(float(i))))))
                           : T(last - float(T(step * float(T(float(n - 1 - i))))));
        });
      } else {
        generate<T>(out, [=](int64_t i) {
          return static_cast<T>(i < n / 2 ? std::fma(by, Acc(i), first)
                                          : std::fma(-by, Acc(n - 1 - i), last));
        });
      }
    }
  });
}

void eye(const Tensor& out) {
  fill(out, Scalar(0));
  const int64_t n = std::min(out.size(0), out.size(1)), step = out.strides()[0] + out.strides()[1];
  visit_compiled(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* const data = out.data<T>();
    for (int64_t i = 0; i < n; ++i) data[i * step] = Scalar(1).to<T>();
  });
}

namespace {

// Keeps columns [from(row), to(row)) of each matrix and writes zero elsewhere.
template <class Range> void keep_columns(const Tensor& out, const Tensor& self, Range range) {
  const int64_t rows = out.size(-2), cols = out.size(-1);
  if (out.numel() == 0) return;
  const int nd = static_cast<int>(out.dim());
  const int64_t os = out.strides()[nd - 1], is = self.strides()[nd - 1];
  visit_width(out.dtype(), [&](auto tag) {
    using W = typename decltype(tag)::type;
    const int64_t row_cost = std::max<int64_t>(1, cols);
    parallel_for(
        0, out.numel() / cols, std::max<int64_t>(1, kGrain / row_cost), [&](int64_t first, int64_t last) {
          for (int64_t i = first; i < last; ++i) {
            const int64_t row = i % rows;
            int64_t rest = i / rows, o_at = row * out.strides()[nd - 2], i_at = row * self.strides()[nd - 2];
            for (int d = nd - 3; d >= 0; --d) {
              const int64_t index = rest % out.sizes()[d];
              rest /= out.sizes()[d];
              o_at += index * out.strides()[d];
              i_at += index * self.strides()[d];
            }
            W* const o = static_cast<W*>(out.data()) + o_at;
            const W* const x = static_cast<const W*>(self.data()) + i_at;
            auto [keep_from, keep_to] = range(row);
            keep_from = std::clamp<int64_t>(keep_from, 0, cols);
            keep_to = std::clamp<int64_t>(keep_to, keep_from, cols);
            for (int64_t c = 0; c < keep_from; ++c) o[c * os] = W{};
            if (os == 1 && is == 1) {
              if (o != x) std::memcpy(o + keep_from, x + keep_from, size_t(keep_to - keep_from) * sizeof(W));
            } else {
              for (int64_t c = keep_from; c < keep_to; ++c) o[c * os] = x[c * is];
            }
            for (int64_t c = keep_to; c < cols; ++c) o[c * os] = W{};
          }
        });
  });
}

} // namespace

void tril(const Tensor& out, const Tensor& self, int64_t diagonal) {
  const int64_t cols = out.size(-1);
  diagonal = std::clamp<int64_t>(diagonal, -out.size(-2) - 1, cols);
  keep_columns(out, self, [=](int64_t row) { return std::pair<int64_t, int64_t>(0, row + diagonal + 1); });
}

void triu(const Tensor& out, const Tensor& self, int64_t diagonal) {
  const int64_t cols = out.size(-1);
  diagonal = std::clamp<int64_t>(diagonal, -out.size(-2) - 1, cols);
  keep_columns(out, self, [=](int64_t row) { return std::pair<int64_t, int64_t>(row + diagonal, cols); });
}

} // namespace torch::TORCH_ISA

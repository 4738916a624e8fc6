// Cumulative ops along a dimension: cumsum, cumprod, logcumsumexp, cummax, cummin. Floats accumulate in
// double.
#include "kernels/cpu/complex.h"
#include "kernels/cpu/lines.h"
#include "kernels/cpu/vec_math.h"
#include "kernels/create_kernels.h"
#include "kernels/reduce_kernels.h"

#include <algorithm>
#include <cmath>

namespace torch::TORCH_ISA {

namespace {

// A scan step: A next(A acc, A x).
struct SumStep {
  template <class A> static constexpr A start() { return A(0); }
  template <class A> static TORCH_INLINE A next(A acc, A x) {
    if constexpr (std::is_integral_v<A>)
      return A(uint64_t(acc) + uint64_t(x));
    else
      return acc + x;
  }
};
struct ProductStep {
  template <class A> static constexpr A start() { return A(1); }
  template <class A> static TORCH_INLINE A next(A acc, A x) {
    if constexpr (std::is_integral_v<A>)
      return A(uint64_t(acc) * uint64_t(x));
    else
      return acc * x;
  }
};
struct LogSumExpStep {
  template <class A> static A start() { return A(-INFINITY); }
  template <class A> static TORCH_INLINE A next(A acc, A x) {
    if constexpr (kIsComplex<A>) {
      return log_add_exp(acc, x);
    } else {
      const A high = std::max(acc, x), low = std::min(acc, x);
      if (std::isnan(acc) || std::isnan(x)) return acc + x;
      if (std::isinf(high)) return high; // also both -inf
      return high + std::log1p(std::exp(low - high));
    }
  }
};

template <class T, class A> TORCH_INLINE A widened(T x) {
  if constexpr (kIsComplex<T>)
    return A(x.re, x.im);
  else
    return A(x);
}
template <class T, class A> TORCH_INLINE T narrowed(A x) {
  if constexpr (kIsComplex<T>) {
    using R = decltype(T().re);
    return T(R(x.re), R(x.im));
  } else {
    return T(x);
  }
}

// Sums of the lanes up to each, and the last lane everywhere; A is double or int64_t.
template <int kBy, class A> TORCH_INLINE Vec<A> add_shifted(Vec<A> v) {
  constexpr int n = Vec<A>::kLanes;
  Mask<double>::Raw from;
  for (int i = 0; i < n; ++i) from[i] = i < kBy ? i : n + i - kBy;
  return v + Vec<A>(__builtin_shuffle(typename Vec<A>::Raw{}, v.v, from));
}
template <class A> TORCH_INLINE Vec<A> running_sum(Vec<A> v) {
  v = add_shifted<1>(v);
  if constexpr (Vec<A>::kLanes >= 4) v = add_shifted<2>(v);
  if constexpr (Vec<A>::kLanes >= 8) v = add_shifted<4>(v);
  return v;
}
template <class A> TORCH_INLINE Vec<A> last_lane(Vec<A> v) {
  return __builtin_shuffle(v.v, Mask<double>::Raw{} + (Vec<A>::kLanes - 1));
}

template <class Step, class T, class A> struct Scan {
  static void line(void* const* data, int64_t n, const void*) {
    T* const out = static_cast<T*>(data[0]);
    const T* const x = static_cast<const T*>(data[1]);
    A acc = Step::template start<A>();
    int64_t i = 0;
    if constexpr (std::is_same_v<Step, SumStep> && std::is_same_v<T, float>) {
      // One dependent addition for a register of floats; in double the order is not seen in the results.
      Vec<double> before(0.0);
      for (; i + Vec<float>::kLanes <= n; i += Vec<float>::kLanes) {
        Vec<double> low, high;
        widen(Vec<float>::load(x + i), low, high);
        low = running_sum(low);
        high = running_sum(high) + last_lane(low);
        narrow(low + before, high + before).store(out + i);
        before = before + last_lane(high);
      }
      acc = before.v[0];
    }
    if constexpr (std::is_same_v<Step, SumStep> && std::is_same_v<T, int64_t>) {
      using V = Vec<int64_t>;
      V before(int64_t{0});
      for (; i + V::kLanes <= n; i += V::kLanes) {
        const V sums = running_sum(V::load(x + i));
        (sums + before).store(out + i);
        before = before + last_lane(sums);
      }
      acc = before.v[0];
    }
    for (; i < n; ++i) {
      acc = Step::next(acc, widened<T, A>(x[i]));
      out[i] = narrowed<T>(acc);
    }
  }
  static void columns(void* const* data, const int64_t* strides, int64_t n, int64_t m, const void*) {
    A acc[512];
    std::fill_n(acc, m, Step::template start<A>());
    for (int64_t i = 0; i < n; ++i) {
      T* const out = reinterpret_cast<T*>(static_cast<char*>(data[0]) + i * strides[0]);
      const T* const x = reinterpret_cast<const T*>(static_cast<const char*>(data[1]) + i * strides[1]);
      for (int64_t j = 0; j < m; ++j) {
        acc[j] = Step::next(acc[j], widened<T, A>(x[j]));
        out[j] = narrowed<T>(acc[j]);
      }
    }
  }
};

template <class Step, class T, class A>
void run_scan(DType type, const Tensor& out, const Tensor& self, int64_t dim) {
  using S = Scan<Step, T, A>;
  const Tensor* const operands[] = {&out, &self};
  run_lines({1, 2, {type, type}, S::line, S::columns, nullptr, 4}, operands, wrap_dim(dim, self.dim()));
}

// In the domain of the output.
template <class Step> void accumulate(const Tensor& out, const Tensor& self, int64_t dim) {
  switch (out.dtype()) {
  case DType::Bool: // one element, if any
    return copy(out, self);
  case DType::Complex64:
    return run_scan<Step, Cplx<float>, Cplx<double>>(DType::Complex64, out, self, dim);
  case DType::Complex128:
    return run_scan<Step, Cplx<double>, Cplx<double>>(DType::Complex128, out, self, dim);
  case DType::Float64:
    return run_scan<Step, double, double>(DType::Float64, out, self, dim);
  case DType::Float32:
  case DType::Float16:
  case DType::BFloat16:
    return run_scan<Step, float, double>(DType::Float32, out, self, dim);
  default:
    return run_scan<Step, int64_t, int64_t>(DType::Int64, out, self, dim);
  }
}

// The last of equal values wins, NaN stays once met.
template <class T, bool kLargest> struct RunningExtremum {
  static TORCH_INLINE bool takes(T x, T best) {
    if constexpr (std::is_floating_point_v<T>) {
      if (x != x) return true;
      if (best != best) return false;
    }
    return kLargest ? x >= best : x <= best;
  }
  static void line(void* const* data, int64_t n, const void*) {
    T* const values = static_cast<T*>(data[0]);
    int64_t* const indices = static_cast<int64_t*>(data[1]);
    const T* const x = static_cast<const T*>(data[2]);
    T best = x[0];
    int64_t index = 0, i = 0;
    const auto step = [&] {
      if (takes(x[i], best)) {
        best = x[i];
        index = i;
      }
      values[i] = best;
      indices[i++] = index;
    };
    // A new extremum is rare in a long line: a register of elements is first asked whether it has one.
    using V = Vec<T>;
    while (i + V::kLanes <= n) {
      const V v = V::load(x + i), so_far(best);
      const int64_t end = i + V::kLanes;
      if (any((kLargest ? v >= so_far : v <= so_far) | (v != v))) {
        while (i < end) step();
        continue;
      }
      so_far.store(values + i);
      std::fill_n(indices + i, V::kLanes, index);
      i = end;
    }
    while (i < n) step();
  }
  static void columns(void* const* data, const int64_t* strides, int64_t n, int64_t m, const void*) {
    const auto row = [&](int k, int64_t i) { return static_cast<char*>(data[k]) + i * strides[k]; };
    for (int64_t j = 0; j < m; ++j) {
      reinterpret_cast<T*>(row(0, 0))[j] = reinterpret_cast<const T*>(row(2, 0))[j];
      reinterpret_cast<int64_t*>(row(1, 0))[j] = 0;
    }
    for (int64_t i = 1; i < n; ++i) {
      T* const best = reinterpret_cast<T*>(row(0, i));
      const T* const before = reinterpret_cast<const T*>(row(0, i - 1));
      int64_t* const index = reinterpret_cast<int64_t*>(row(1, i));
      const int64_t* const index_before = reinterpret_cast<const int64_t*>(row(1, i - 1));
      const T* const x = reinterpret_cast<const T*>(row(2, i));
      for (int64_t j = 0; j < m; ++j) {
        const bool take = takes(x[j], before[j]);
        best[j] = take ? x[j] : before[j];
        index[j] = take ? i : index_before[j];
      }
    }
  }
};

template <bool kLargest>
void running_extremum(const char* op, const Tensor& values, const Tensor& indices, const Tensor& self,
                      int64_t dim) {
  const auto run = [&](auto tag, DType type) {
    using R = RunningExtremum<typename decltype(tag)::type, kLargest>;
    const Tensor* const operands[] = {&values, &indices, &self};
    run_lines({2, 3, {type, DType::Int64, type}, R::line, R::columns, nullptr, 2}, operands,
              wrap_dim(dim, self.dim()));
  };
  switch (self.dtype()) {
  case DType::Complex64:
  case DType::Complex128:
    fail_dtype(op, self.dtype());
  case DType::Int64:
    return run(TypeTag<int64_t>{}, DType::Int64);
  case DType::Float64:
    return run(TypeTag<double>{}, DType::Float64);
  case DType::Float32:
  case DType::Float16:
  case DType::BFloat16:
    return run(TypeTag<float>{}, DType::Float32);
  default:
    return run(TypeTag<int32_t>{}, DType::Int32);
  }
}

} // namespace

void cumsum(const Tensor& out, const Tensor& self, int64_t dim) { accumulate<SumStep>(out, self, dim); }
void cumprod(const Tensor& out, const Tensor& self, int64_t dim) { accumulate<ProductStep>(out, self, dim); }

void logcumsumexp(const Tensor& out, const Tensor& self, int64_t dim) {
  switch (out.dtype()) {
  case DType::Complex64:
    return run_scan<LogSumExpStep, Cplx<float>, Cplx<double>>(DType::Complex64, out, self, dim);
  case DType::Complex128:
    return run_scan<LogSumExpStep, Cplx<double>, Cplx<double>>(DType::Complex128, out, self, dim);
  case DType::Float64:
    return run_scan<LogSumExpStep, double, double>(DType::Float64, out, self, dim);
  case DType::Float32:
  case DType::Float16:
  case DType::BFloat16:
    return run_scan<LogSumExpStep, float, double>(DType::Float32, out, self, dim);
  default:
    fail_dtype("logcumsumexp", out.dtype());
  }
}

void cummax(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim) {
  running_extremum<true>("cummax", values, indices, self, dim);
}
void cummin(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim) {
  running_extremum<false>("cummin", values, indices, self, dim);
}

} // namespace torch::TORCH_ISA

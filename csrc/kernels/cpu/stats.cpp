// Reductions with more than one accumulator or with a function applied first: var, var_mean, vector_norm,
// logsumexp.
#include "kernels/cpu/moments.h"
#include "kernels/cpu/reduce_sum.h"
#include "kernels/cpu/rows.h"
#include "kernels/create_kernels.h"
#include "kernels/pointwise_kernels.h"
#include "kernels/pointwise_ops.h"
#include "kernels/reduce_kernels.h"

#include <cmath>

namespace torch::TORCH_ISA {

namespace {

// ---- variance (moments.h) ----

template <class T, bool kRoot> Reduction moments(const double* correction) {
  using M = Moments<T>;
  const DType type = dtype_of<T>();
  return {type,       DType::Float64, 3 * int64_t(sizeof(double)), M::init,   M::run,
          M::columns, M::merge,       M::template finish<kRoot>,   correction};
}

Tensor real_part(const Tensor& t, int64_t which) { // 0: real, 1: imaginary
  DimVec strides(t.strides());
  for (int64_t& s : strides) s *= 2;
  return alias_as(t, real_type(t.dtype()), t.sizes(), strides, 2 * t.offset() + which);
}

// Variance or, with kRoot, standard deviation.
template <bool kRoot>
void variance(const Tensor& var, const Tensor& mean, const Tensor& self, uint64_t mask, double correction) {
  if (self.is_complex()) { // the sum of those of the parts
    Tensor parts[2], means[2];
    for (int k = 0; k < 2; ++k) {
      parts[k] = empty_tensor(var.sizes(), var.dtype());
      if (mean.defined()) means[k] = real_part(mean, k);
      const Tensor part_mean = mean.defined() ? empty_tensor(var.sizes(), var.dtype()) : Tensor();
      variance<false>(parts[k], part_mean, real_part(self, k), mask, correction);
      if (mean.defined()) copy(means[k], part_mean);
    }
    const Tensor* const inputs[] = {&parts[0], &parts[1]};
    const Scalar one(1);
    pointwise(PointwiseOp::Add, var.dtype(), var, inputs, 2, &one);
    const Tensor* const sum = &var;
    if (kRoot) pointwise(PointwiseOp::Sqrt, var.dtype(), var, &sum, 1, nullptr);
    return;
  }
  const bool narrow = self.dtype() == DType::Float32 || is_reduced_float(self.dtype());
  reduce(narrow ? moments<float, kRoot>(&correction) : moments<double, kRoot>(&correction), var, self, mask,
         mean);
}

// ---- norms ----

struct Magnitude {
  template <class V> static TORCH_INLINE V apply(V x, const void*) {
    if constexpr (kIsVec<V>)
      return abs_(x);
    else
      return std::fabs(x);
  }
};
struct SquareOf {
  template <class V> static TORCH_INLINE V apply(V x, const void*) { return x * x; }
};
struct PowerOf {
  template <class V> static TORCH_INLINE V apply(V x, const void* p) {
    const double exponent = *static_cast<const double*>(p);
    if constexpr (kIsVec<V>)
      return pow_(abs_(x), V(exponent));
    else
      return std::pow(std::fabs(x), exponent);
  }
};
struct NotZero {
  template <class V> static TORCH_INLINE V apply(V x, const void*) { return select(x != V(0), V(1), V(0)); }
};

template <class Join, class Map> Reduction mapped(const Tensor& self) {
  if constexpr (std::is_same_v<Join, SumJoin>)
    return self.dtype() == DType::Float64 ? precise_sum<double, Map>() : precise_sum<float, Map>();
  else
    return self.dtype() == DType::Float64
               ? reduction<Lanes<Join, double, double, Map>>(DType::Float64, DType::Float64)
               : reduction<Lanes<Join, float, double, Map>>(DType::Float32, DType::Float64);
}

// ---- logsumexp ----
//
// Accumulators of m outputs: largest[m], sum of exp(x - largest)[m], both in T's precision or better.
template <class T> struct LogSumExp {
  static constexpr int64_t kRows = 64;
  static constexpr T kLowest = -std::numeric_limits<T>::infinity();

  static void init(void* acc, int64_t m) {
    std::fill_n(static_cast<double*>(acc), m, double(kLowest));
    std::fill_n(static_cast<double*>(acc) + m, m, 0.0);
  }
  // What is subtracted: an infinite maximum would give inf - inf.
  static TORCH_INLINE double anchor(double largest) { return std::isinf(largest) ? 0 : largest; }
  static void join(double* largest, double* sum, double largest_b, double sum_b) {
    const double m = MaxJoin::join(*largest, largest_b), base = anchor(m);
    *sum = *sum * std::exp(*largest - base) + sum_b * std::exp(largest_b - base);
    *largest = m;
  }

  static void run(void* acc, const void* values, int64_t n, const void*) {
    constexpr int64_t kBlock = 2048;
    double* const a = static_cast<double*>(acc);
    for (int64_t first = 0; first < n; first += kBlock) {
      const T* x = static_cast<const T*>(values) + first;
      const int64_t size = std::min(kBlock, n - first);
      T largest = kLowest;
      Lanes<MaxJoin, T, T>::run(&largest, x, size, nullptr);
      const T base = T(anchor(largest));
      T e[kBlock];
      int64_t i = 0;
      for (; i + Vec<T>::kLanes <= size; i += Vec<T>::kLanes)
        exp_(Vec<T>::load(x + i) - Vec<T>(base)).store(e + i);
      if (i < size) exp_(Vec<T>::load_partial(x + i, size - i) - Vec<T>(base)).store_partial(e + i, size - i);
      double sum = 0;
      Lanes<SumJoin, T, double>::run(&sum, e, size, nullptr);
      join(a, a + 1, largest, sum);
    }
  }

  static void columns(void* acc, const void* values, int64_t stride, int64_t rows, int64_t m, const void*) {
    double* const largest = static_cast<double*>(acc);
    double* const sum = largest + m;
    using V = Vec<T>;
    for (int64_t first = 0; first < rows; first += kRows) {
      const int64_t size = std::min(kRows, rows - first);
      const char* const base = static_cast<const char*>(values) + first * stride;
      for (int64_t j = 0; j < m; j += V::kLanes) {
        const int64_t width = std::min<int64_t>(V::kLanes, m - j);
        const auto at = [&](int64_t r) {
          const T* x = reinterpret_cast<const T*>(base + r * stride) + j;
          return width == V::kLanes ? V::load(x) : V::load_partial(x, width);
        };
        V high = at(0);
        for (int64_t r = 1; r < size; ++r) high = maximum_(high, at(r));
        const V anchor_v = select(isinf_(high), V(T(0)), high);
        V total(T(0)); // of at most kRows values in [0, 1]
        for (int64_t r = 0; r < size; ++r) total = total + exp_(at(r) - anchor_v);
        T highs[V::kLanes], totals[V::kLanes];
        high.store(highs);
        total.store(totals);
        for (int64_t k = 0; k < width; ++k) join(largest + j + k, sum + j + k, highs[k], totals[k]);
      }
    }
  }

  static void merge(void* acc, const void* other, int64_t m) {
    double* const a = static_cast<double*>(acc);
    const double* const b = static_cast<const double*>(other);
    for (int64_t j = 0; j < m; ++j) join(a + j, a + m + j, b[j], b[m + j]);
  }
  static void finish(void* acc, int64_t m, const void*) {
    double* const a = static_cast<double*>(acc);
    for (int64_t j = 0; j < m; ++j) a[j] = std::isinf(a[j]) ? a[j] : a[j] + std::log(a[m + j]);
  }
};

// By steps: numbers less the largest real part, exponentials, their sum, its logarithm.
void complex_logsumexp(const Tensor& out, const Tensor& self, IntSpan dims) {
  const DType type = self.dtype(), part = real_type(type);
  const uint64_t mask = dim_mask(dims, self.dim(), "logsumexp");
  DimVec kept(self.sizes());
  for (size_t d = 0; d < kept.size(); ++d)
    if (mask >> d & 1) kept[d] = 1;
  const Tensor largest = empty_tensor(kept, part), shifted = empty_tensor(self.sizes(), type),
               total = empty_tensor(kept, type);
  amax(largest, real_part(self, 0), dims);
  const auto finite = [](auto* x, int64_t n) { // an infinite anchor would give inf - inf
    for (int64_t i = 0; i < n; ++i)
      if (std::isinf(x[i])) x[i] = 0;
  };
  if (part == DType::Float64)
    finite(largest.data<double>(), largest.numel());
  else
    finite(largest.data<float>(), largest.numel());
  const Scalar one(1);
  const auto apply = [&](PointwiseOp op, const Tensor& to, const Tensor& a, const Tensor& b = {}) {
    const Tensor* const inputs[] = {&a, &b};
    pointwise(op, type, to, inputs, b.defined() ? 2 : 1, &one);
  };
  apply(PointwiseOp::Sub, shifted, self, largest);
  apply(PointwiseOp::Exp, shifted, shifted);
  sum(total, shifted, dims);
  apply(PointwiseOp::Log, total, total);
  apply(PointwiseOp::Add, total, total, largest);
  copy(out, alias(total, out.sizes(), contiguous_strides(out.sizes()), total.offset()));
}

template <class T> Reduction log_sum_exp() {
  using L = LogSumExp<T>;
  return {dtype_of<T>(), DType::Float64, 2 * int64_t(sizeof(double)), L::init, L::run, L::columns, L::merge,
          L::finish,     nullptr};
}

} // namespace

void var(const Tensor& out, const Tensor& self, IntSpan dims, double correction) {
  variance<false>(out, {}, self, dim_mask(dims, self.dim(), "var"), correction);
}
void var_mean(const Tensor& out, const Tensor& mean, const Tensor& self, IntSpan dims, double correction) {
  variance<false>(out, mean, self, dim_mask(dims, self.dim(), "var_mean"), correction);
}
void standard_deviation(const Tensor& out, const Tensor& self, IntSpan dims, double correction) {
  variance<true>(out, {}, self, dim_mask(dims, self.dim(), "std"), correction);
}
void standard_deviation_mean(const Tensor& out, const Tensor& mean, const Tensor& self, IntSpan dims,
                             double correction) {
  variance<true>(out, mean, self, dim_mask(dims, self.dim(), "std_mean"), correction);
}

void vector_norm(const Tensor& out, const Tensor& self, const Scalar& ord, IntSpan dims) {
  const uint64_t mask = dim_mask(dims, self.dim(), "vector_norm");
  const double p = ord.to<double>();
  if (self.is_complex()) { // the norm of the magnitudes
    const Tensor magnitudes = empty_tensor(self.sizes(), real_type(self.dtype()));
    const Tensor* const input = &self;
    pointwise(PointwiseOp::Abs, self.dtype(), magnitudes, &input, 1, nullptr);
    return vector_norm(out, magnitudes, ord, dims);
  }
  Reduction r;
  if (p == 0)
    r = mapped<SumJoin, NotZero>(self);
  else if (p == 1)
    r = mapped<SumJoin, Magnitude>(self);
  else if (p == 2)
    r = mapped<SumJoin, SquareOf>(self);
  else if (p == INFINITY)
    r = mapped<MaxJoin, Magnitude>(self);
  else if (p == -INFINITY)
    r = mapped<MinJoin, Magnitude>(self);
  else
    r = mapped<SumJoin, PowerOf>(self);
  r.context = &p;
  if (p == INFINITY) r.init = Lanes<SumJoin, double, double>::init; // magnitudes: nothing is 0
  if (p != 0 && p != 1 && !std::isinf(p)) {
    r.finish = [](void* acc, int64_t m, const void* context) {
      const double exponent = *static_cast<const double*>(context);
      double* const a = static_cast<double*>(acc);
      PreciseSum<double>::finish(acc, m, nullptr);
      for (int64_t j = 0; j < m; ++j) a[j] = exponent == 2 ? std::sqrt(a[j]) : std::pow(a[j], 1 / exponent);
    };
  }
  reduce(r, out, self, mask);
}

void logsumexp(const Tensor& out, const Tensor& self, IntSpan dims) {
  if (self.is_complex()) return complex_logsumexp(out, self, dims);
  const bool narrow = out.dtype() != DType::Float64;
  reduce(narrow ? log_sum_exp<float>() : log_sum_exp<double>(), out, self,
         dim_mask(dims, self.dim(), "logsumexp"));
}

} // namespace torch::TORCH_ISA

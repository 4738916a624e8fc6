// sum, mean, prod, amax, amin, all, any, count_nonzero. Floats add up in two words of double (reduce_sum.h),
// integers in int64.
#include "kernels/cpu/complex.h"
#include "kernels/cpu/reduce_lanes.h"
#include "kernels/cpu/reduce_sum.h"
#include "kernels/cpu/row_ops.h"
#include "kernels/create_kernels.h"
#include "kernels/reduce_kernels.h"

#include <algorithm>

namespace torch::TORCH_ISA {

namespace {

// Complex values, one at a time, four chains to hide latency.
template <class Join, class T, class A> struct Numbers {
  static void init(void* acc, int64_t m) {
    std::fill_n(static_cast<A*>(acc), m, Join::template identity<A>());
  }
  static TORCH_INLINE A widened(T x) { return A(x.re, x.im); }
  static void run(void* acc, const void* values, int64_t n, const void*) {
    const T* x = static_cast<const T*>(values);
    A part[4];
    init(part, 4);
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
      for (int k = 0; k < 4; ++k) part[k] = Join::join(part[k], widened(x[i + k]));
    for (; i < n; ++i) part[0] = Join::join(part[0], widened(x[i]));
    A& total = *static_cast<A*>(acc);
    total = Join::join(total, Join::join(Join::join(part[0], part[1]), Join::join(part[2], part[3])));
  }
  static void columns(void* accs, const void* values, int64_t stride, int64_t rows, int64_t m, const void*) {
    A* const acc = static_cast<A*>(accs);
    for (int64_t r = 0; r < rows; ++r) {
      const T* x = reinterpret_cast<const T*>(static_cast<const char*>(values) + r * stride);
      for (int64_t j = 0; j < m; ++j) acc[j] = Join::join(acc[j], widened(x[j]));
    }
  }
  static void merge(void* accs, const void* others, int64_t m) {
    A* const acc = static_cast<A*>(accs);
    for (int64_t j = 0; j < m; ++j) acc[j] = Join::join(acc[j], static_cast<const A*>(others)[j]);
  }
};

// Sums of complex values: those of twice as many numbers, real and imaginary parts in turn.
template <class T> struct ComplexSum : Numbers<SumJoin, Cplx<T>, Cplx<double>> {
  using Parts = Lanes<SumJoin, T, double>;
  static void run(void* acc, const void* values, int64_t n, const void*) {
    if (n <= 0) return;
    Vec<double> v = Parts::in_lanes(static_cast<const T*>(values), 2 * n, nullptr);
    if constexpr (Vec<double>::kLanes >= 8) v = v + rotate_lanes<4>(v);
    if constexpr (Vec<double>::kLanes >= 4) v = v + rotate_lanes<2>(v);
    auto& total = *static_cast<Cplx<double>*>(acc);
    total = Cplx<double>(total.re + v.v[0], total.im + v.v[1]);
  }
  static void columns(void* acc, const void* values, int64_t stride, int64_t rows, int64_t m, const void*) {
    Parts::columns(acc, values, stride, rows, 2 * m, nullptr);
  }
};

// In the domain of the output: integers stay integers, the rest is added up in double.
template <class Join> Reduction accumulating(const Tensor& out, const Tensor& self) {
  using D = double;
  constexpr bool is_sum = std::is_same_v<Join, SumJoin>;
  if (is_sum && out.is_complex()) {
    return self.dtype() == DType::Complex64
               ? reduction<ComplexSum<float>>(DType::Complex64, DType::Complex128)
               : reduction<ComplexSum<double>>(DType::Complex128, DType::Complex128);
  }
  if (out.is_complex()) {
    return self.dtype() == DType::Complex64
               ? reduction<Numbers<Join, Cplx<float>, Cplx<D>>>(DType::Complex64, DType::Complex128)
               : reduction<Numbers<Join, Cplx<D>, Cplx<D>>>(DType::Complex128, DType::Complex128);
  }
  if (!out.is_floating_point()) return reduction<Lanes<Join, int64_t, int64_t>>(DType::Int64, DType::Int64);
  if constexpr (is_sum) {
    if (self.dtype() == out.dtype() && self.dtype() == DType::Float16)
      return reduction<Lanes<Join, Half, D>>(DType::Float16, DType::Float64);
    if (self.dtype() == out.dtype() && self.dtype() == DType::BFloat16)
      return reduction<Lanes<Join, BFloat16, D>>(DType::BFloat16, DType::Float64);
  }
  const bool narrow = self.dtype() == DType::Float32 || is_reduced_float(self.dtype());
  if constexpr (std::is_same_v<Join, SumJoin>)
    return narrow ? precise_sum<float>() : precise_sum<double>();
  else
    return narrow ? reduction<Lanes<Join, float, D>>(DType::Float32, DType::Float64)
                  : reduction<Lanes<Join, D, D>>(DType::Float64, DType::Float64);
}

struct XorJoin {
  template <class A> static constexpr A identity() { return A(0); }
  template <class V> static TORCH_INLINE V join(V a, V b) { return a ^ b; }
};

template <class Join> void extremum(const char* op, const Tensor& out, const Tensor& self, IntSpan dims) {
  const uint64_t mask = dim_mask(dims, self.dim(), op);
  switch (self.dtype()) {
  case DType::Complex64:
  case DType::Complex128:
    fail_dtype(op, self.dtype());
  case DType::Int64:
    return reduce(reduction<Lanes<Join, int64_t, int64_t>>(DType::Int64, DType::Int64), out, self, mask);
  case DType::Float64:
    return reduce(reduction<Lanes<Join, double, double>>(DType::Float64, DType::Float64), out, self, mask);
  case DType::Float16:
  case DType::BFloat16:
  case DType::Float32:
    return reduce(reduction<Lanes<Join, float, float>>(DType::Float32, DType::Float32), out, self, mask);
  default:
    return reduce(reduction<Lanes<Join, int32_t, int32_t>>(DType::Int32, DType::Int32), out, self, mask);
  }
}

// ---- truth: values converted to bool, one byte each ----

struct AllOf {
  static constexpr uint8_t kIdentity = 1;
  static TORCH_INLINE uint8_t join(uint8_t a, uint8_t b) { return a & b; }
};
struct AnyOf {
  static constexpr uint8_t kIdentity = 0;
  static TORCH_INLINE uint8_t join(uint8_t a, uint8_t b) { return a | b; }
};
template <class Join> struct Truth {
  static void init(void* acc, int64_t m) { std::fill_n(static_cast<uint8_t*>(acc), m, Join::kIdentity); }
  static void run(void* acc, const void* values, int64_t n, const void*) {
    const uint8_t* x = static_cast<const uint8_t*>(values);
    uint8_t all = *static_cast<uint8_t*>(acc);
    for (int64_t i = 0; i < n; ++i) all = Join::join(all, x[i]);
    *static_cast<uint8_t*>(acc) = all;
  }
  static void columns(void* accs, const void* values, int64_t stride, int64_t rows, int64_t m, const void*) {
    uint8_t* const __restrict acc = static_cast<uint8_t*>(accs);
    for (int64_t r = 0; r < rows; ++r) {
      const uint8_t* x = static_cast<const uint8_t*>(values) + r * stride;
      for (int64_t j = 0; j < m; ++j) acc[j] = Join::join(acc[j], x[j]);
    }
  }
  static void merge(void* acc, const void* other, int64_t m) { columns(acc, other, 0, 1, m, nullptr); }
};

// An output of the shape of self asks for each element by itself: it is reduced over a dimension of size 1.
template <class Join> void truth(const char* op, const Tensor& out, const Tensor& self, IntSpan dims) {
  const Reduction reduction_of_truth = reduction<Truth<Join>>(DType::Bool, DType::Bool);
  if (!dims.empty() || !equal(out.sizes(), self.sizes()))
    return reduce(reduction_of_truth, out, self, dim_mask(dims, self.dim(), op));
  DimVec sizes(self.sizes()), strides(self.strides());
  sizes.push_back(1);
  strides.push_back(1);
  const int64_t last = self.dim();
  reduce(reduction_of_truth, out, alias(self, sizes, strides, self.offset()),
         dim_mask(IntSpan(&last, 1), last + 1, op));
}

struct Count {
  static void init(void* acc, int64_t m) { std::fill_n(static_cast<int64_t*>(acc), m, 0); }
  static void run(void* acc, const void* values, int64_t n, const void*) {
    const uint8_t* x = static_cast<const uint8_t*>(values);
    int64_t total = 0;
    for (int64_t first = 0; first < n; first += 1 << 16) {
      const int64_t last = std::min<int64_t>(n, first + (1 << 16));
      uint32_t part = 0;
      for (int64_t i = first; i < last; ++i) part += x[i];
      total += part;
    }
    *static_cast<int64_t*>(acc) += total;
  }
  static void columns(void* accs, const void* values, int64_t stride, int64_t rows, int64_t m, const void*) {
    int64_t* const acc = static_cast<int64_t*>(accs);
    constexpr int64_t kMany = 255, kWide = 512; // rows that a byte can count, columns at a time
    for (int64_t j = 0; j < m; j += kWide)
      for (int64_t first = 0; first < rows; first += kMany) {
        const int64_t width = std::min(kWide, m - j), last = std::min(rows, first + kMany);
        uint8_t counts[kWide] = {};
        for (int64_t r = first; r < last; ++r) {
          const uint8_t* x = static_cast<const uint8_t*>(values) + r * stride + j;
          for (int64_t k = 0; k < width; ++k) counts[k] += x[k];
        }
        for (int64_t k = 0; k < width; ++k) acc[j + k] += counts[k];
      }
  }
  static void merge(void* accs, const void* others, int64_t m) {
    for (int64_t j = 0; j < m; ++j) static_cast<int64_t*>(accs)[j] += static_cast<const int64_t*>(others)[j];
  }
};

void all_of(const Tensor& out, const Tensor& self, uint64_t mask) {
  reduce(reduction<Truth<AllOf>>(DType::Bool, DType::Bool), out, self, mask);
}
void any_of(const Tensor& out, const Tensor& self, uint64_t mask) {
  reduce(reduction<Truth<AnyOf>>(DType::Bool, DType::Bool), out, self, mask);
}

// A sum that is divided by `count`, which has to live as long.
void divide_at_end(Reduction& r, const double& count) {
  r.context = &count;
  if (r.acc_type == DType::Complex128) {
    r.finish = [](void* acc, int64_t m, const void* n) {
      for (int64_t j = 0; j < 2 * m; ++j) static_cast<double*>(acc)[j] /= *static_cast<const double*>(n);
    };
  } else if (r.acc_width == sizeof(double)) {
    r.finish = [](void* acc, int64_t m, const void* n) {
      for (int64_t j = 0; j < m; ++j) static_cast<double*>(acc)[j] /= *static_cast<const double*>(n);
    };
  } else {
    r.finish = [](void* acc, int64_t m, const void* n) {
      PreciseSum<double>::finish(acc, m, nullptr);
      for (int64_t j = 0; j < m; ++j) static_cast<double*>(acc)[j] /= *static_cast<const double*>(n);
    };
  }
}

template <class T, class Join> void extremum_rows(const RowsCall& call) {
  reduce_rows(reduction<Lanes<Join, T, T>>(dtype_of<T>(), dtype_of<T>()), call.outs[0], dtype_of<T>(),
              call.inputs[0], call.in_strides[0], call.rows, call.n);
}
template <class T, bool kMean> void sum_rows(const RowsCall& call) {
  Reduction r = precise_sum<T>();
  const double count = double(call.n);
  if (kMean) divide_at_end(r, count);
  reduce_rows(r, call.outs[0], dtype_of<T>(), call.inputs[0], call.in_strides[0], call.rows, call.n);
}
template <class T> RowsFunction rows_of(RowOp op) {
  switch (op) {
  case RowOp::Sum:
    return sum_rows<T, false>;
  case RowOp::Mean:
    return sum_rows<T, true>;
  case RowOp::Amax:
    return extremum_rows<T, MaxJoin>;
  default:
    return extremum_rows<T, MinJoin>;
  }
}

} // namespace

void sum(const Tensor& out, const Tensor& self, IntSpan dims) {
  if (out.dtype() == DType::Bool) return any_of(out, self, dim_mask(dims, self.dim(), "sum"));
  if (self.dtype() == DType::Bool && is_integral(out.dtype())) return count_nonzero(out, self, dims);
  reduce(accumulating<SumJoin>(out, self), out, self, dim_mask(dims, self.dim(), "sum"));
}

void mean(const Tensor& out, const Tensor& self, IntSpan dims) {
  Reduction r = accumulating<SumJoin>(out, self);
  if (r.acc_type == DType::Int64) fail_dtype("mean", out.dtype());
  // Nothing summed over nothing is 0 / 0.
  const double count = out.numel() == 0 ? 0 : double(self.numel() / out.numel());
  divide_at_end(r, count);
  reduce(r, out, self, dim_mask(dims, self.dim(), "mean"));
}

void prod(const Tensor& out, const Tensor& self, IntSpan dims) {
  if (out.dtype() == DType::Bool) return all_of(out, self, dim_mask(dims, self.dim(), "prod"));
  reduce(accumulating<ProductJoin>(out, self), out, self, dim_mask(dims, self.dim(), "prod"));
}

void amax(const Tensor& out, const Tensor& self, IntSpan dims) { extremum<MaxJoin>("amax", out, self, dims); }
void amin(const Tensor& out, const Tensor& self, IntSpan dims) { extremum<MinJoin>("amin", out, self, dims); }

void hash_tensor(const Tensor& out, const Tensor& self, IntSpan dims) {
  const auto bits_of = [](const Tensor& t) {
    return alias_as(t, DType::Int64, t.sizes(), t.strides(), t.offset());
  };
  Tensor wide = self;
  if (is_floating(self.dtype()) && self.dtype() != DType::Float64) {
    wide = empty_tensor(self.sizes(), DType::Float64);
    copy(wide, self);
  }
  reduce(reduction<Lanes<XorJoin, int64_t, int64_t>>(DType::Int64, DType::Int64), bits_of(out),
         is_floating(self.dtype()) ? bits_of(wide) : self, dim_mask(dims, self.dim(), "hash_tensor"));
}

void all(const Tensor& out, const Tensor& self, IntSpan dims) { truth<AllOf>("all", out, self, dims); }
void any(const Tensor& out, const Tensor& self, IntSpan dims) { truth<AnyOf>("any", out, self, dims); }
void count_nonzero(const Tensor& out, const Tensor& self, IntSpan dims) {
  reduce(reduction<Count>(DType::Bool, DType::Int64), out, self, dim_mask(dims, self.dim(), "count_nonzero"));
}

RowsFunction reduction_rows(RowOp op, DType type) {
  return type == DType::Float64 ? rows_of<double>(op) : rows_of<float>(op);
}

} // namespace torch::TORCH_ISA

// sum, mean, prod, amax, amin, all, any, count_nonzero. Floats add up in double lanes, integers in int64.
#include "kernels/cpu/complex.h"
#include "kernels/cpu/reduce.h"
#include "kernels/table.h"

#include <algorithm>

namespace torch::TORCH_ISA {

namespace {

// ---- joins: how two accumulators become one ----

struct SumJoin {
  template <class A> static constexpr A identity() { return A(0); }
  template <class V> static TORCH_INLINE V join(V a, V b) { return a + b; }
};
struct ProductJoin {
  template <class A> static constexpr A identity() { return A(1); }
  template <class V> static TORCH_INLINE V join(V a, V b) { return a * b; }
};
struct MaxJoin {
  template <class A> static constexpr A identity() {
    return std::is_integral_v<A> ? std::numeric_limits<A>::lowest()
                                 : A(-std::numeric_limits<double>::infinity());
  }
  template <class T> static TORCH_INLINE Vec<T> join(Vec<T> a, Vec<T> b) { return maximum_(a, b); }
  template <Number T> static TORCH_INLINE T join(T a, T b) { return a != a || a > b ? a : b; }
};
struct MinJoin {
  template <class A> static constexpr A identity() {
    return std::is_integral_v<A> ? std::numeric_limits<A>::max() : A(std::numeric_limits<double>::infinity());
  }
  template <class T> static TORCH_INLINE Vec<T> join(Vec<T> a, Vec<T> b) { return minimum_(a, b); }
  template <Number T> static TORCH_INLINE T join(T a, T b) { return a != a || a < b ? a : b; }
};

// T: type of the values, A: of the accumulators. float is widened to double lanes when A is double.
template <class Join, class T, class A> struct Lanes {
  static constexpr bool kWiden = std::is_same_v<T, float> && std::is_same_v<A, double>;
  static constexpr int kStep = Vec<T>::kLanes;
  static constexpr int kParts = kWiden ? 2 : 1;
  struct Pack {
    Vec<A> part[kParts];
  };
  static TORCH_INLINE Pack load(const T* x) {
    Pack p;
    if constexpr (kWiden)
      widen(Vec<float>::load(x), p.part[0], p.part[1]);
    else
      p.part[0] = Vec<A>::load(x);
    return p;
  }
  static TORCH_INLINE Pack load_acc(const A* a) {
    Pack p;
    for (int i = 0; i < kParts; ++i) p.part[i] = Vec<A>::load(a + i * Vec<A>::kLanes);
    return p;
  }
  static TORCH_INLINE void store_acc(const Pack& p, A* a) {
    for (int i = 0; i < kParts; ++i) p.part[i].store(a + i * Vec<A>::kLanes);
  }
  static TORCH_INLINE Pack join(Pack a, Pack b) {
    for (int i = 0; i < kParts; ++i) a.part[i] = Join::join(a.part[i], b.part[i]);
    return a;
  }

  static void init(void* acc, int64_t m) {
    std::fill_n(static_cast<A*>(acc), m, Join::template identity<A>());
  }

  static void run(void* acc, const void* values, int64_t n, const void*) {
    const T* x = static_cast<const T*>(values);
    A total = *static_cast<A*>(acc);
    int64_t i = 0;
    if (n >= 4 * kStep) {
      Pack a = load(x), b = load(x + kStep), c = load(x + 2 * kStep), d = load(x + 3 * kStep);
      for (i = 4 * kStep; i + 4 * kStep <= n; i += 4 * kStep) {
        a = join(a, load(x + i));
        b = join(b, load(x + i + kStep));
        c = join(c, load(x + i + 2 * kStep));
        d = join(d, load(x + i + 3 * kStep));
      }
      for (; i + kStep <= n; i += kStep) a = join(a, load(x + i));
      a = join(join(a, b), join(c, d));
      Vec<A> all = a.part[0];
      if constexpr (kParts == 2) all = Join::join(all, a.part[1]);
      total = Join::join(total, fold_lanes(all, [](A p, A q) { return Join::join(p, q); }));
    }
    for (; i < n; ++i) total = Join::join(total, A(x[i]));
    *static_cast<A*>(acc) = total;
  }

  static void columns(void* accs, const void* values, int64_t stride, int64_t rows, int64_t m, const void*) {
    A* const acc = static_cast<A*>(accs);
    const char* const base = static_cast<const char*>(values);
    const auto row = [&](int64_t r) { return reinterpret_cast<const T*>(base + r * stride); };
    int64_t r = 0;
    for (; r + 4 <= rows; r += 4) {
      const T *x0 = row(r), *x1 = row(r + 1), *x2 = row(r + 2), *x3 = row(r + 3);
      int64_t j = 0;
      for (; j + kStep <= m; j += kStep) {
        const Pack sum = join(join(load(x0 + j), load(x1 + j)), join(load(x2 + j), load(x3 + j)));
        store_acc(join(load_acc(acc + j), sum), acc + j);
      }
      for (; j < m; ++j)
        acc[j] =
            Join::join(acc[j], Join::join(Join::join(A(x0[j]), A(x1[j])), Join::join(A(x2[j]), A(x3[j]))));
    }
    for (; r < rows; ++r) {
      const T* x = row(r);
      int64_t j = 0;
      for (; j + kStep <= m; j += kStep) store_acc(join(load_acc(acc + j), load(x + j)), acc + j);
      for (; j < m; ++j) acc[j] = Join::join(acc[j], A(x[j]));
    }
  }

  static void merge(void* accs, const void* others, int64_t m) {
    A* const acc = static_cast<A*>(accs);
    const A* const other = static_cast<const A*>(others);
    for (int64_t j = 0; j < m; ++j) acc[j] = Join::join(acc[j], other[j]);
  }
};

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

template <class Kernel> Reduction reduction(DType tile, DType acc) {
  return {tile,          acc,     item_size(acc), Kernel::init, Kernel::run, Kernel::columns,
          Kernel::merge, nullptr, nullptr};
}

// In the domain of the output: integers stay integers, the rest is added up in double.
template <class Join> Reduction accumulating(const Tensor& out, const Tensor& self) {
  using D = double;
  if (out.is_complex()) {
    return self.dtype() == DType::Complex64
               ? reduction<Numbers<Join, Cplx<float>, Cplx<D>>>(DType::Complex64, DType::Complex128)
               : reduction<Numbers<Join, Cplx<D>, Cplx<D>>>(DType::Complex128, DType::Complex128);
  }
  if (!out.is_floating_point()) return reduction<Lanes<Join, int64_t, int64_t>>(DType::Int64, DType::Int64);
  const bool narrow = self.dtype() == DType::Float32 || is_reduced_float(self.dtype());
  return narrow ? reduction<Lanes<Join, float, D>>(DType::Float32, DType::Float64)
                : reduction<Lanes<Join, D, D>>(DType::Float64, DType::Float64);
}

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
    for (int64_t r = 0; r < rows; ++r) {
      const uint8_t* x = static_cast<const uint8_t*>(values) + r * stride;
      for (int64_t j = 0; j < m; ++j) acc[j] += x[j];
    }
  }
  static void merge(void* accs, const void* others, int64_t m) {
    for (int64_t j = 0; j < m; ++j) static_cast<int64_t*>(accs)[j] += static_cast<const int64_t*>(others)[j];
  }
};

} // namespace

void sum(const Tensor& out, const Tensor& self, IntSpan dims) {
  reduce(accumulating<SumJoin>(out, self), out, self, dim_mask(dims, self.dim(), "sum"));
}

void mean(const Tensor& out, const Tensor& self, IntSpan dims) {
  Reduction r = accumulating<SumJoin>(out, self);
  if (r.acc_type == DType::Int64) fail_dtype("mean", out.dtype());
  // Both accumulators are rows of doubles. Nothing summed over nothing is 0 / 0.
  const double count = out.numel() == 0 ? 0 : double(self.numel() / out.numel());
  r.context = &count;
  if (r.acc_type == DType::Complex128) {
    r.finish = [](void* acc, int64_t m, const void* n) {
      for (int64_t j = 0; j < 2 * m; ++j) static_cast<double*>(acc)[j] /= *static_cast<const double*>(n);
    };
  } else {
    r.finish = [](void* acc, int64_t m, const void* n) {
      for (int64_t j = 0; j < m; ++j) static_cast<double*>(acc)[j] /= *static_cast<const double*>(n);
    };
  }
  reduce(r, out, self, dim_mask(dims, self.dim(), "mean"));
}

void prod(const Tensor& out, const Tensor& self, IntSpan dims) {
  reduce(accumulating<ProductJoin>(out, self), out, self, dim_mask(dims, self.dim(), "prod"));
}

void amax(const Tensor& out, const Tensor& self, IntSpan dims) { extremum<MaxJoin>("amax", out, self, dims); }
void amin(const Tensor& out, const Tensor& self, IntSpan dims) { extremum<MinJoin>("amin", out, self, dims); }

void all(const Tensor& out, const Tensor& self, IntSpan dims) {
  reduce(reduction<Truth<AllOf>>(DType::Bool, DType::Bool), out, self, dim_mask(dims, self.dim(), "all"));
}
void any(const Tensor& out, const Tensor& self, IntSpan dims) {
  reduce(reduction<Truth<AnyOf>>(DType::Bool, DType::Bool), out, self, dim_mask(dims, self.dim(), "any"));
}
void count_nonzero(const Tensor& out, const Tensor& self, IntSpan dims) {
  reduce(reduction<Count>(DType::Bool, DType::Int64), out, self, dim_mask(dims, self.dim(), "count_nonzero"));
}

} // namespace torch::TORCH_ISA

// A row applies one functor to n contiguous elements of its compute type. RowSet holds the rows of one op,
// one for each compute type; rows are instantiated by family in pointwise_*.cpp.
#pragma once

#include "core/scalar.h"
#include "kernels/compute_types.h"
#include "kernels/cpu/complex.h"
#include "kernels/cpu/vec_math.h"

#include <numbers>
#include <numeric>

namespace torch::TORCH_ISA {

// The output may be the same memory as an input, element for element; otherwise they do not overlap.
using Row = void (*)(void* out, const void* const* inputs, int64_t n, const Scalar* params);

template <class U> TORCH_INLINE U common_divisor(U a, U b) { return std::gcd(a, b); }

constexpr int kMaxInputs = 3;
enum class Kind : uint8_t { Same, Bool, Real, Complex }; // of the result, relative to the compute type

struct RowSet {
  const char* name;
  Row rows[kNumComputeTypes];              // in the order of kComputeTypes; null: not supported
  Row splat[kMaxInputs][kNumComputeTypes]; // the same with one value as that input; null: not there
  Kind out[kNumComputeTypes];
  int8_t inputs;
  bool mask_first; // the first input is bool
  int8_t cost;     // of one element, in additions: how soon a second thread pays
};

constexpr DType compute_type(DType t) { return kComputeTypes[compute_index(t)]; }
constexpr DType result_type(Kind kind, DType compute) {
  switch (kind) {
  case Kind::Same:
    return compute;
  case Kind::Bool:
    return DType::Bool;
  case Kind::Real:
    return real_type(compute);
  default:
    return complex_type(compute);
  }
}

namespace rows_detail {

template <class R> constexpr bool kIsMask = std::is_same_v<R, bool> || std::is_same_v<R, int>;
template <class T> constexpr bool kIsMask<Mask<T>> = true;

// Calls f with N operands that load(i) gives.
template <int kInputs, class F, class Load> TORCH_INLINE auto apply(const F& f, Load&& load) {
  using std::integral_constant;
  if constexpr (kInputs == 1)
    return f(load(integral_constant<int, 0>()));
  else if constexpr (kInputs == 2)
    return f(load(integral_constant<int, 0>()), load(integral_constant<int, 1>()));
  else
    return f(load(integral_constant<int, 0>()), load(integral_constant<int, 1>()),
             load(integral_constant<int, 2>()));
}

// kSplat: the input that is one value, or -1.
template <template <class> class F, int kInputs, class T, int kSplat = -1>
void vector_row(void* out, const void* const* inputs, int64_t n, const Scalar* params) {
  using V = Vec<T>;
  constexpr int64_t kStep = V::kLanes;
  const F<V> f{params};
  const void* in[kInputs];
  for (int i = 0; i < kInputs; ++i) in[i] = inputs[i];
  const V repeated(kSplat < 0 ? T() : *static_cast<const T*>(in[kSplat < 0 ? 0 : kSplat]));
  const auto at = [&](int64_t first) {
    return [&in, &repeated, first](auto i) {
      if constexpr (F<V>::kMaskFirst && i == 0)
        return load_bool<T>(static_cast<const uint8_t*>(in[0]) + first);
      else if constexpr (i == kSplat)
        return repeated;
      else
        return V::load(static_cast<const T*>(in[i]) + first);
    };
  };
  const auto store = [&](auto value, int64_t first) {
    if constexpr (kIsMask<decltype(value)>)
      store_bool(value, static_cast<uint8_t*>(out) + first);
    else
      value.store(static_cast<T*>(out) + first);
  };
  int64_t i = 0;
  for (; i + 2 * kStep <= n; i += 2 * kStep) {
    const auto first = apply<kInputs>(f, at(i));
    const auto second = apply<kInputs>(f, at(i + kStep));
    store(first, i);
    store(second, i + kStep);
  }
  if (i + kStep <= n) {
    store(apply<kInputs>(f, at(i)), i);
    i += kStep;
  }
  if (const int64_t rest = n - i; rest > 0) {
    const auto value = apply<kInputs>(f, [&](auto k) {
      if constexpr (F<V>::kMaskFirst && k == 0)
        return load_bool_partial<T>(static_cast<const uint8_t*>(in[0]) + i, rest);
      else if constexpr (k == kSplat)
        return repeated;
      else
        return V::load_partial(static_cast<const T*>(in[k]) + i, rest);
    });
    if constexpr (kIsMask<decltype(value)> || kIsMask<std::remove_const_t<decltype(value)>>)
      store_bool_partial(value, static_cast<uint8_t*>(out) + i, rest);
    else
      value.store_partial(static_cast<T*>(out) + i, rest);
  }
}

template <class R> struct StoredAs { using type = R; };
template <> struct StoredAs<int> { using type = bool; };

template <template <class> class F, int kInputs, class V>
void number_row(void* out, const void* const* inputs, int64_t n, const Scalar* params) {
  const F<V> f{params};
  const void* in[kInputs];
  for (int i = 0; i < kInputs; ++i) in[i] = inputs[i];
  const auto at = [&](int64_t k) {
    return [&in, k](auto i) {
      if constexpr (F<V>::kMaskFirst && i == 0)
        return static_cast<const bool*>(in[0])[k];
      else
        return static_cast<const V*>(in[i])[k];
    };
  };
  using R = decltype(apply<kInputs>(f, at(0)));
  auto* results = static_cast<std::conditional_t<kIsMask<R>, bool, R>*>(out);
  for (int64_t k = 0; k < n; ++k) results[k] = apply<kInputs>(f, at(k));
}

template <template <class> class F, class V> constexpr int input_count() {
  if constexpr (F<V>::kMaskFirst)
    return 3;
  else if constexpr (requires(const F<V>& f, V v) { f(v); })
    return 1;
  else if constexpr (requires(const F<V>& f, V v) { f(v, v); })
    return 2;
  else
    return 3;
}
template <template <class> class F, class V> constexpr Kind out_kind() {
  constexpr int n = input_count<F, V>();
  using R = decltype([] {
    const F<V>* f = nullptr;
    V v;
    if constexpr (F<V>::kMaskFirst)
      return v;
    else if constexpr (n == 1)
      return (*f)(v);
    else if constexpr (n == 2)
      return (*f)(v, v);
    else
      return (*f)(v, v, v);
  }());
  if constexpr (kIsMask<R>)
    return Kind::Bool;
  else if constexpr (std::is_same_v<R, V>)
    return Kind::Same;
  else if constexpr (kIsComplex<V>)
    return Kind::Real;
  else
    return Kind::Complex;
}

template <template <class> class F, unsigned kSplats, class V>
constexpr void set_row(RowSet& set, int index) {
  constexpr int n = input_count<F, V>();
  if constexpr (kIsVec<V>) {
    using T = typename V::Element;
    set.rows[index] = vector_row<F, n, T>;
    if constexpr (kSplats & 1) set.splat[0][index] = vector_row<F, n, T, 0>;
    if constexpr (kSplats & 2) set.splat[1][index] = vector_row<F, n, T, 1>;
    if constexpr (kSplats & 4) set.splat[2][index] = vector_row<F, n, T, 2>;
  } else {
    set.rows[index] = number_row<F, n, V>;
  }
  set.out[index] = out_kind<F, V>();
  set.inputs = n;
  set.mask_first = F<V>::kMaskFirst;
}

} // namespace rows_detail

template <template <class> class F, unsigned kSplats = 0>
constexpr RowSet make_rows(const char* name, int cost) {
  using namespace rows_detail;
  RowSet set{};
  set.name = name;
  set.cost = static_cast<int8_t>(cost);
  constexpr unsigned types = F<Vec<float>>::kTypes;
  if constexpr (F<float>::kByNumber) {
    set_row<F, kSplats, float>(set, 2);
    set_row<F, kSplats, double>(set, 3);
  } else {
    if constexpr (types & 1) {
      set_row<F, kSplats, Vec<int32_t>>(set, 0);
      set_row<F, kSplats, Vec<int64_t>>(set, 1);
      if constexpr (F<Vec<float>>::kSignMatters) {
        set_row<F, 0, Vec<uint64_t>>(set, 6);
      } else { // the same bits
        set.rows[6] = set.rows[1];
        set.out[6] = set.out[1];
        for (auto& rows : set.splat) rows[6] = rows[1];
      }
    }
    if constexpr (types & 2) {
      set_row<F, kSplats, Vec<float>>(set, 2);
      set_row<F, kSplats, Vec<double>>(set, 3);
    }
    if constexpr (types & 4) {
      set_row<F, kSplats, Cplx<float>>(set, 4);
      set_row<F, kSplats, Cplx<double>>(set, 5);
    }
  }
  return set;
}

// What an element of an op costs, in additions: decides how many threads are worth while.
constexpr int kSimpleCost = 1, kActivationCost = 4, kMathCost = 8, kSpecialCost = 32;

// One line an op in a pointwise_*.cpp: defines rows_NAME, to which the table in pointwise.cpp refers.
//
// TORCH_ROWS_SPLAT: with rows for operands that are one value, as bits of the inputs.
#define TORCH_ROWS_SPLAT(name, inputs, cost)                                                                 \
  extern const RowSet rows_##name;                                                                           \
  constexpr RowSet rows_##name = make_rows<name, inputs>(#name, cost);
#define TORCH_ROWS(name, cost)                                                                               \
  extern const RowSet rows_##name;                                                                           \
  constexpr RowSet rows_##name = make_rows<name>(#name, cost);

} // namespace torch::TORCH_ISA

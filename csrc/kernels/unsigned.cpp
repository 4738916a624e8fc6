// Note [Wide unsigned integers]
// Kernels are compiled for uint8 and the signed integers, not for uint16, uint32 and uint64. Those get along
// with little code of their own:
// - what moves elements goes by their width, conversions have rows for them, and so has what reads its
//   operands through conversions (sums, products, scans of them, truth);
// - elementwise ops compute uint16 in int32, uint32 in int64, and uint64 in int64 where the bits of the
//   result are the same, else in rows of uint64 (Sign64 in pointwise.h);
// - the kernels named below see tensors of the signed type of the same width. Where numbers are only added,
//   multiplied or written, the bits are the same. Where they are compared, inputs are copied with their
//   highest bit flipped, which turns the order of one type into that of the other, and results are flipped
//   back.
// Kernels that are not named refuse these dtypes.
#include "kernels/unsigned.h"

#include "kernels/pointwise_ops.h"

#include <cmath>
#include <limits>

namespace torch {
namespace {

const KernelTable* compiled = nullptr;

bool is_wide(const Tensor& t) { return t.defined() && is_wide_unsigned(t.dtype()); }
template <class T> bool is_wide(const T&) { return false; }

DType signed_type(DType t) {
  return t == DType::UInt16 ? DType::Int16 : t == DType::UInt32 ? DType::Int32 : DType::Int64;
}

Tensor viewed_as(const Tensor& t, DType type) {
  return alias_as(t, type, t.sizes(), t.strides(), t.offset());
}
Tensor as_signed(const Tensor& t) { return is_wide(t) ? viewed_as(t, signed_type(t.dtype())) : t; }
template <class T> const T& as_signed(const T& value) { return value; }

Tensor converted(const Tensor& t, DType type) {
  Tensor out = empty_tensor(t.sizes(), type);
  compiled->copy(out, t);
  return out;
}

// out = self with the highest bit of each element flipped; both of one signed type, possibly the same tensor.
void flip(const Tensor& out, const Tensor& self) {
  const Tensor highest = empty_tensor({}, out.dtype());
  compiled->fill(highest, Scalar(std::numeric_limits<int64_t>::min() >> (64 - 8 * out.itemsize())));
  const Tensor* const operands[] = {&self, &highest};
  compiled->pointwise(PointwiseOp::BitwiseXor, out.dtype(), out, operands, 2, nullptr);
}
Tensor flipped(const Tensor& t) {
  const Tensor source = as_signed(t);
  Tensor out = empty_tensor(t.sizes(), source.dtype());
  flip(out, source);
  return out;
}

// An argument during a call in which order matters.
template <class T> struct Ordered {
  const T& value;
  Ordered(const T& given, bool) : value(given) {}
  void finish() const {}
};
template <> struct Ordered<Tensor> {
  Tensor value;
  bool written = false;
  Ordered(const Tensor& given, bool is_output) : value(given) {
    if (!is_wide(given)) return;
    value = is_output ? as_signed(given) : flipped(given);
    written = is_output;
  }
  void finish() const {
    if (written) flip(value, value);
  }
};

template <auto kMember> struct Adapted;
template <class R, class... Args, R (*KernelTable::*kMember)(Args...)> struct Adapted<kMember> {
  static R same_bits(Args... args) {
    if (!(is_wide(args) || ...)) [[likely]]
      return (compiled->*kMember)(args...);
    return (compiled->*kMember)(as_signed(args)...);
  }

  // The first kOutputs arguments are filled by the kernel.
  template <int kOutputs> static void same_order(Args... args) {
    if (!(is_wide(args) || ...)) [[likely]]
      return (compiled->*kMember)(args...);
    [&]<size_t... kAt>(std::index_sequence<kAt...>) {
      const std::tuple<Ordered<std::remove_cvref_t<Args>>...> held(
          Ordered<std::remove_cvref_t<Args>>(args, kAt < kOutputs)...);
      (compiled->*kMember)(std::get<kAt>(held).value...);
      (std::get<kAt>(held).finish(), ...);
    }
    (std::index_sequence_for<Args...>{});
  }
};

// Through float64, as other integers go through a floating-point type.
void linspace(const Tensor& out, const Scalar& start, const Scalar& end) {
  if (!is_wide(out)) return compiled->linspace(out, start, end);
  const Tensor wide = empty_tensor(out.sizes(), DType::Float64);
  compiled->linspace(wide, Scalar(std::trunc(start.to<double>())), Scalar(std::trunc(end.to<double>())));
  compiled->copy(out, wide);
}

// Every value of the type, where signed types are given the positive ones.
void random_full(const Tensor& self, Generator* generator) {
  if (!is_wide(self)) return compiled->random_full(self, generator);
  const int64_t end = self.dtype() == DType::UInt64 ? 0 : int64_t{1} << (8 * self.itemsize()); // modulo 2^64
  compiled->random_from_to(as_signed(self), 0, end, generator);
}

Tensor bincount(const Tensor& self, const Tensor& weights, int64_t minlength) {
  return compiled->bincount(is_wide(self) ? converted(self, DType::Int64) : self, weights, minlength);
}

std::tuple<Tensor, Tensor, Tensor> unique(const Tensor& self, bool return_inverse, bool return_counts) {
  if (!is_wide(self)) return compiled->unique(self, return_inverse, return_counts);
  auto out = compiled->unique(flipped(self), return_inverse, return_counts);
  Tensor& values = std::get<0>(out);
  flip(values, values);
  values = viewed_as(values, self.dtype());
  return out;
}

// On a copy: an index out of range leaves self as it was.
void scatter_reduce(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                    std::string_view reduce, bool include_self) {
  if (!is_wide(self)) return compiled->scatter_reduce(self, dim, index, src, reduce, include_self);
  if (reduce == "amax" || reduce == "amin") {
    const Tensor ordered = flipped(self);
    compiled->scatter_reduce(ordered, dim, index, flipped(src), reduce, include_self);
    return flip(as_signed(self), ordered);
  }
  if (reduce == "mean") { // the one that divides
    if (self.dtype() == DType::UInt64) fail_dtype("scatter_reduce with mean", self.dtype());
    const Tensor wide = converted(self, DType::Int64);
    compiled->scatter_reduce(wide, dim, index, converted(src, DType::Int64), reduce, include_self);
    return compiled->copy(self, wide);
  }
  compiled->scatter_reduce(as_signed(self), dim, index, as_signed(src), reduce, include_self);
}

} // namespace

KernelTable with_wide_unsigned(const KernelTable& table) {
  compiled = &table;
  KernelTable t = table;
  const auto same_bits = [&]<auto... kMembers> { ((t.*kMembers = Adapted<kMembers>::same_bits), ...); };
  const auto same_order = [&]<int kOutputs, auto... kMembers> {
    ((t.*kMembers = Adapted<kMembers>::template same_order<kOutputs>), ...);
  };
  using T = KernelTable;
  same_bits.operator()<&T::fill, &T::arange, &T::eye, &T::randperm, &T::random_from_to, &T::bernoulli,
                       &T::bernoulli_tensor, &T::geometric>();
  same_bits.operator()<&T::index_put, &T::scatter_value, &T::scatter_add, &T::index_add, &T::index_fill,
                       &T::put, &T::nonzero, &T::im2col, &T::col2im>();
  same_bits.operator()<&T::mm, &T::bmm, &T::addmm, &T::baddbmm, &T::mv, &T::addmv, &T::dot, &T::linear>();
  same_order.operator()<1, &T::amax, &T::amin, &T::argmax, &T::argmin, &T::searchsorted>();
  same_order.operator()<2, &T::max_dim, &T::min_dim, &T::cummax, &T::cummin, &T::sort, &T::topk, &T::kthvalue,
                        &T::median, &T::max_pool, &T::adaptive_max_pool>();
  t.linspace = linspace;
  t.random_full = random_full;
  t.bincount = bincount;
  t.unique = unique;
  t.scatter_reduce = scatter_reduce;
  return t;
}

} // namespace torch

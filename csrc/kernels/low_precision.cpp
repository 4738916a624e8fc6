// Note [Low precision]
// Kernels are not compiled for the 8-bit floats, nor for types of which only the bytes are known. What moves
// elements goes by their width, and what reads or writes through conversions (convert.cpp) takes 8-bit
// floats. Here are the entries that need a word of their own; the others refuse these dtypes.
#include "kernels/low_precision.h"

#include "kernels/pointwise_ops.h"

#include <array>
#include <bit>

namespace torch {
namespace {

const KernelTable* compiled = nullptr;

constexpr bool is_unusual(DType t) { return t > DType::Complex128; }

DType bytes_type(DType t) {
  return item_size(t) == 1 ? DType::UInt8 : item_size(t) == 2 ? DType::Int16 : DType::Int32;
}
Tensor as_bytes(const Tensor& t) {
  return is_unusual(t.dtype()) ? alias_as(t, bytes_type(t.dtype()), t.sizes(), t.strides(), t.offset()) : t;
}

void copy(const Tensor& out, const Tensor& self) {
  if (!is_opaque(out.dtype()) || out.dtype() != self.dtype()) [[likely]]
    return compiled->copy(out, self);
  compiled->copy(as_bytes(out), as_bytes(self));
}

void fill(const Tensor& out, const Scalar& value) {
  if (!is_unusual(out.dtype())) [[likely]]
    return compiled->fill(out, value);
  if (is_opaque(out.dtype())) {
    if (!value.equals(0)) fail_dtype("fill_cpu", out.dtype());
    return compiled->fill(as_bytes(out), Scalar(0));
  }
  const uint8_t bits = visit_all(out.dtype(), [&](auto tag) {
    const typename decltype(tag)::type converted = value.to<typename decltype(tag)::type>();
    return std::bit_cast<std::array<uint8_t, sizeof converted>>(converted)[0];
  });
  compiled->fill(as_bytes(out), Scalar(bits));
}

// Ops that PyTorch has for these types: those that choose among elements do so by their bytes, those that
// give a truth or a product compute in float32, which holds all values and products.
void pointwise(PointwiseOp op, DType compute, const Tensor& out, const Tensor* const* inputs, int n_inputs,
               const Scalar* params) {
  if (!is_unusual(compute)) [[likely]]
    return compiled->pointwise(op, compute, out, inputs, n_inputs, params);
  const bool compares = op == PointwiseOp::Eq || op == PointwiseOp::Ne;
  if (op == PointwiseOp::Where || (compares && is_opaque(compute))) {
    Tensor views[3];
    const Tensor* operands[3];
    for (int k = 0; k < n_inputs; ++k) {
      // a number for one of two: as an element
      if (inputs[k]->dtype() != compute && inputs[k]->dtype() != DType::Bool) {
        const Tensor element = empty_tensor(inputs[k]->sizes(), compute);
        copy(element, *inputs[k]);
        views[k] = as_bytes(element);
      } else {
        views[k] = as_bytes(*inputs[k]);
      }
      operands[k] = &views[k];
    }
    return compiled->pointwise(op, bytes_type(compute), as_bytes(out), operands, n_inputs, params);
  }
  const bool product = op == PointwiseOp::Mul && inputs[0]->dtype() == inputs[1]->dtype();
  const bool magnitude = op == PointwiseOp::Abs && compute != DType::Float8E8M0FNU;
  if (!is_opaque(compute) && (compares || product || magnitude || op == PointwiseOp::IsNan))
    return compiled->pointwise(op, DType::Float32, out, inputs, n_inputs, params);
  compiled->pointwise(op, compute, out, inputs, n_inputs, params); // which says that it does not take them
}

void eye(const Tensor& out) {
  if (!is_unusual(out.dtype()) || is_opaque(out.dtype())) return compiled->eye(out);
  const Tensor wide = empty_tensor(out.sizes(), DType::Float32);
  compiled->eye(wide);
  compiled->copy(out, wide);
}

// A sum is made in the dtype that is asked for.
void sum(const Tensor& out, const Tensor& self, IntSpan dim) {
  if (is_unusual(out.dtype()) || is_opaque(self.dtype())) fail_dtype("sum_cpu", self.dtype());
  compiled->sum(out, self, dim);
}

DType unusual_in(const Tensor& t) { return t.defined() && is_unusual(t.dtype()) ? t.dtype() : DType::Bool; }
DType unusual_in(TensorList list) {
  for (const Tensor& t : list)
    if (const DType found = unusual_in(t); found != DType::Bool) return found;
  return DType::Bool;
}
template <class T> DType unusual_in(const T&) { return DType::Bool; }

struct Named {
  char text[40];
  template <size_t kSize> consteval Named(const char (&name)[kSize]) : text{} {
    for (size_t i = 0; i < kSize; ++i) text[i] = name[i];
  }
};

template <auto kMember, Named kName> struct Refusing;
template <class R, class... Args, R (*KernelTable::*kMember)(Args...), Named kName>
struct Refusing<kMember, kName> {
  static R call(Args... args) {
    DType found = DType::Bool;
    ((found = found == DType::Bool ? unusual_in(args) : found), ...);
    if (found != DType::Bool) [[unlikely]]
      fail_dtype(kName.text, found);
    return (compiled->*kMember)(args...);
  }
};

} // namespace

KernelTable with_low_precision(const KernelTable& table) {
  compiled = &table;
  KernelTable t;
#define TORCH_REFUSE(name) t.name = Refusing<&KernelTable::name, #name>::call;
  TORCH_KERNELS(TORCH_REFUSE)
#undef TORCH_REFUSE
  const auto takes_them = [&]<auto... kMembers> { ((t.*kMembers = table.*kMembers), ...); };
  using T = KernelTable;
  takes_them.operator()<&T::index, &T::index_put, &T::index_select, &T::index_copy, &T::gather, &T::scatter,
                        &T::masked_select, &T::take, &T::put, &T::cat, &T::flip, &T::roll, &T::embedding,
                        &T::any, &T::all>();
  t.eye = eye;
  t.sum = sum;
  t.copy = copy;
  t.fill = fill;
  t.pointwise = pointwise;
  return t;
}

} // namespace torch

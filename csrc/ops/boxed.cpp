#include "ops/boxed.h"

#include "ops/registry.h"

#include <cstring>

namespace torch {

const OpDef* find_op(std::string_view name, std::string_view overload) {
  if (overload == "default") overload = "";
  for (size_t i = 0; i < kOpCount; ++i)
    if (name == op_table[i].name && overload == op_table[i].overload) return &op_table[i];
  return nullptr;
}

} // namespace torch

namespace torch::ops::boxed {

namespace {

template <class T> const T& get(const Value& v, const char* expected) {
  const T* p = std::get_if<T>(&v);
  check_type(p != nullptr, "boxed call: expected ", expected);
  return *p;
}

bool is_none(const Value& v) { return std::holds_alternative<std::monostate>(v); }

template <class F> auto optional(const Value& v, F&& get_value) -> std::optional<decltype(get_value(v))> {
  if (is_none(v)) return std::nullopt;
  return get_value(v);
}

} // namespace

const Tensor& tensor_of(const Value& v) { return get<Tensor>(v, "a Tensor"); }
const Tensor& optional_tensor_of(const Value& v) {
  static const Tensor undefined;
  return is_none(v) ? undefined : tensor_of(v);
}
TensorList tensors_of(const Value& v) { return get<std::vector<Tensor>>(v, "a list of Tensors"); }
Scalar scalar_of(const Value& v) {
  if (const auto* i = std::get_if<int64_t>(&v)) return *i;
  if (const auto* d = std::get_if<double>(&v)) return *d;
  if (const auto* b = std::get_if<bool>(&v)) return *b;
  return get<Scalar>(v, "a number");
}
int64_t int_of(const Value& v) { return get<int64_t>(v, "an int"); }
double double_of(const Value& v) {
  if (const auto* i = std::get_if<int64_t>(&v)) return static_cast<double>(*i);
  return get<double>(v, "a float");
}
bool bool_of(const Value& v) { return get<bool>(v, "a bool"); }
Ints ints_of(const Value& v) { return get<DimVec>(v, "a list of ints"); }
OptInts optional_ints_of(const Value& v) { return is_none(v) ? OptInts() : OptInts(ints_of(v)); }
std::array<bool, 3> mask_of(const Value& v) { return get<std::array<bool, 3>>(v, "a list of 3 bools"); }
DType dtype_of_value(const Value& v) { return get<DType>(v, "a dtype"); }
MemoryFormat format_of(const Value& v) { return get<MemoryFormat>(v, "a memory format"); }
Generator* generator_of(const Value& v) {
  return is_none(v) ? nullptr : get<Ref<Generator>>(v, "a Generator").get();
}
std::string_view string_of(const Value& v) { return get<std::string>(v, "a string"); }

std::optional<Scalar> optional_scalar_of(const Value& v) { return optional(v, scalar_of); }
std::optional<int64_t> optional_int_of(const Value& v) { return optional(v, int_of); }
std::optional<double> optional_double_of(const Value& v) { return optional(v, double_of); }
std::optional<bool> optional_bool_of(const Value& v) { return optional(v, bool_of); }
std::optional<DType> optional_dtype_of(const Value& v) { return optional(v, dtype_of_value); }
std::optional<Device> optional_device_of(const Value& v) {
  if (is_none(v)) return std::nullopt;
  return get<Device>(v, "a device");
}
std::optional<MemoryFormat> optional_format_of(const Value& v) { return optional(v, format_of); }
std::optional<std::string_view> optional_string_of(const Value& v) { return optional(v, string_of); }

} // namespace torch::ops::boxed

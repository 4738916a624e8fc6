// Taking typed arguments out of boxed values.
#pragma once

#include "ops/value.h"

namespace torch::ops::boxed {

const Tensor& tensor_of(const Value& v);
const Tensor& optional_tensor_of(const Value& v); // undefined when none
TensorList tensors_of(const Value& v);
Scalar scalar_of(const Value& v);
std::optional<Scalar> optional_scalar_of(const Value& v);
int64_t int_of(const Value& v);
std::optional<int64_t> optional_int_of(const Value& v);
double double_of(const Value& v);
std::optional<double> optional_double_of(const Value& v);
bool bool_of(const Value& v);
std::optional<bool> optional_bool_of(const Value& v);
Ints ints_of(const Value& v);
OptInts optional_ints_of(const Value& v);
std::array<bool, 3> mask_of(const Value& v);
DType dtype_of_value(const Value& v);
std::optional<DType> optional_dtype_of(const Value& v);
std::optional<Device> optional_device_of(const Value& v);
MemoryFormat format_of(const Value& v);
std::optional<MemoryFormat> optional_format_of(const Value& v);
Generator* generator_of(const Value& v);
std::string_view string_of(const Value& v);
std::optional<std::string_view> optional_string_of(const Value& v);

} // namespace torch::ops::boxed

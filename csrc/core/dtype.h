// Element types: enum, names, sizes, categories, promotion, and the switch from enum to C++ type.
#pragma once

#include "core/dtype_list.h"
#include "core/error.h"
#include "core/float8.h"
#include "core/half.h"

#include <complex>
#include <cstdint>
#include <string>

namespace torch {

constexpr int kNumDTypes = 46;
constexpr int kNumNumberDTypes = 20; // those before the opaque ones

using complex64 = std::complex<float>;
using complex128 = std::complex<double>;

constexpr uint8_t kItemSizes[kNumDTypes] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8, 8, 16, 1,
                                            1, 1, 1, 1, 1, 1, 1, 4, 1, 1, 1, 1, 1, 1, 2,  1,
                                            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4};
constexpr int64_t item_size(DType t) { return kItemSizes[static_cast<int>(t)]; }

constexpr bool is_integral(DType t, bool include_bool = false) {
  return t <= DType::Int64 && (include_bool || t != DType::Bool);
}
// float8 and float4: stored, moved and converted; kernels are not compiled for them and refuse them.
constexpr bool is_low_precision(DType t) { return t >= DType::Float8E4M3FN && t <= DType::Float4E2M1FNX2; }
// Types of which nothing but the size is known.
constexpr bool is_opaque(DType t) { return t >= DType::Float4E2M1FNX2; }
constexpr bool is_quantized(DType t) { return t >= DType::QInt8 && t <= DType::QUInt2x4; }
constexpr bool is_bits(DType t) { return t >= DType::Bits1x8 && t <= DType::Bits16; }
constexpr bool is_floating(DType t) {
  return (t >= DType::Float16 && t <= DType::Float64) || is_low_precision(t);
}
constexpr bool is_complex(DType t) { return t == DType::Complex64 || t == DType::Complex128; }
constexpr bool is_reduced_float(DType t) { return t == DType::Float16 || t == DType::BFloat16; }
constexpr bool is_differentiable(DType t) { return t >= DType::Float16 && t <= DType::Float4E2M1FNX2; }
constexpr bool is_signed(DType t) {
  return t > DType::UInt64 && t != DType::Float8E8M0FNU && !(t >= DType::UInt1 && t <= DType::UInt7);
}
// uint16, uint32, uint64: most kernels see them as signed types (Note [Wide unsigned integers]).
constexpr bool is_wide_unsigned(DType t) { return t >= DType::UInt16 && t <= DType::UInt64; }

// Real type of a complex type (identity for others) and back.
constexpr DType real_type(DType t) {
  return t == DType::Complex64    ? DType::Float32
         : t == DType::Complex128 ? DType::Float64
         : t == DType::Complex32  ? DType::Float16
                                  : t;
}
constexpr DType complex_type(DType t) {
  return is_complex(t) ? t : t == DType::Float64 ? DType::Complex128 : DType::Complex64;
}

const char* dtype_name(DType t);      // "float32"
const char* dtype_aten_name(DType t); // "Float": the word PyTorch's messages use
inline void append_text(std::string& out, DType t) { out.append("torch.").append(dtype_name(t)); }

// The smallest type that both convert to without leaving their category: PyTorch's promote_types, and where
// that refuses uint16 and uint32, the table of the array API standard. uint64 with a signed integer is an
// error in both.
DType promote(DType a, DType b);
// Whether a value of `from` may be written into `to` (same or higher category).
bool can_cast(DType from, DType to);

DType default_dtype();
void set_default_dtype(DType t);
inline DType default_complex_dtype() { return complex_type(default_dtype()); }

template <class T> struct TypeTag { using type = T; };

template <class T> constexpr DType dtype_of();
template <> constexpr DType dtype_of<bool>() { return DType::Bool; }
template <> constexpr DType dtype_of<uint8_t>() { return DType::UInt8; }
template <> constexpr DType dtype_of<uint16_t>() { return DType::UInt16; }
template <> constexpr DType dtype_of<uint32_t>() { return DType::UInt32; }
template <> constexpr DType dtype_of<uint64_t>() { return DType::UInt64; }
template <> constexpr DType dtype_of<int8_t>() { return DType::Int8; }
template <> constexpr DType dtype_of<int16_t>() { return DType::Int16; }
template <> constexpr DType dtype_of<int32_t>() { return DType::Int32; }
template <> constexpr DType dtype_of<int64_t>() { return DType::Int64; }
template <> constexpr DType dtype_of<Half>() { return DType::Float16; }
template <> constexpr DType dtype_of<BFloat16>() { return DType::BFloat16; }
template <> constexpr DType dtype_of<float>() { return DType::Float32; }
template <> constexpr DType dtype_of<double>() { return DType::Float64; }
template <> constexpr DType dtype_of<complex64>() { return DType::Complex64; }
template <> constexpr DType dtype_of<complex128>() { return DType::Complex128; }
template <> constexpr DType dtype_of<Float8E4M3FN>() { return DType::Float8E4M3FN; }
template <> constexpr DType dtype_of<Float8E5M2>() { return DType::Float8E5M2; }
template <> constexpr DType dtype_of<Float8E4M3FNUZ>() { return DType::Float8E4M3FNUZ; }
template <> constexpr DType dtype_of<Float8E5M2FNUZ>() { return DType::Float8E5M2FNUZ; }
template <> constexpr DType dtype_of<Float8E8M0FNU>() { return DType::Float8E8M0FNU; }

[[noreturn]] void fail_dtype(const char* op, DType t); // "sort: not implemented for torch.complex64"

template <class... Ts> struct TypeList {};

// Calls f(TypeTag<T>{}) with the C++ type of `t`, which has to be in the list; `op` is named in the error.
// Compiles to one switch.
template <class T, class... Rest, class F>
[[gnu::always_inline]] inline decltype(auto) visit_types(TypeList<T, Rest...>, const char* op, DType t,
                                                         F&& f) {
  if (t == dtype_of<T>()) return f(TypeTag<T>{});
  if constexpr (sizeof...(Rest) > 0)
    return visit_types(TypeList<Rest...>{}, op, t, f);
  else
    fail_dtype(op, t);
}

// All that hold numbers.
using AllTypes = TypeList<bool, uint8_t, uint16_t, uint32_t, uint64_t, int8_t, int16_t, int32_t, int64_t,
                          Half, BFloat16, float, double, complex64, complex128, Float8E4M3FN, Float8E5M2,
                          Float8E4M3FNUZ, Float8E5M2FNUZ, Float8E8M0FNU>;
template <class F> decltype(auto) visit_all(DType t, F&& f) {
  return visit_types(AllTypes{}, "conversion of numbers", t, f);
}
// Those that kernels are compiled for: all but the wide unsigned integers and the 8-bit floats.
template <class F> decltype(auto) visit_compiled(DType t, F&& f) {
  return visit_types(TypeList<bool, uint8_t, int8_t, int16_t, int32_t, int64_t, Half, BFloat16, float, double,
                              complex64, complex128>{},
                     "this operation", t, f);
}
// The same but complex.
template <class F> decltype(auto) visit_real(const char* op, DType t, F&& f) {
  return visit_types(
      TypeList<bool, uint8_t, int8_t, int16_t, int32_t, int64_t, Half, BFloat16, float, double>{}, op, t, f);
}
template <class F> decltype(auto) visit_floating(const char* op, DType t, F&& f) {
  return visit_types(TypeList<Half, BFloat16, float, double>{}, op, t, f);
}
template <class F> decltype(auto) visit_index(const char* op, DType t, F&& f) {
  return visit_types(TypeList<int32_t, int64_t>{}, op, t, f);
}
// Moves bytes only: one instantiation per width (1, 2, 4, 8, 16), for copies, gathers, sorts of indices ...
struct Bytes16 {
  uint64_t low, high;
};
template <class F> decltype(auto) visit_width(DType t, F&& f) {
  switch (item_size(t)) {
  case 1:
    return f(TypeTag<uint8_t>{});
  case 2:
    return f(TypeTag<uint16_t>{});
  case 4:
    return f(TypeTag<uint32_t>{});
  case 8:
    return f(TypeTag<uint64_t>{});
  default:
    return f(TypeTag<Bytes16>{});
  }
}

} // namespace torch

// Element types: enum, names, sizes, categories, promotion, and the switch from enum to C++ type.
#pragma once

#include "core/error.h"
#include "core/half.h"

#include <complex>
#include <cstdint>
#include <string>

namespace torch {

enum class DType : uint8_t {
  Bool,
  UInt8,
  Int8,
  Int16,
  Int32,
  Int64,
  Float16,
  BFloat16,
  Float32,
  Float64,
  Complex64,
  Complex128,
};
constexpr int kNumDTypes = 12;

using complex64 = std::complex<float>;
using complex128 = std::complex<double>;

constexpr uint8_t kItemSizes[kNumDTypes] = {1, 1, 1, 2, 4, 8, 2, 2, 4, 8, 8, 16};
constexpr int64_t item_size(DType t) { return kItemSizes[static_cast<int>(t)]; }

constexpr bool is_integral(DType t, bool include_bool = false) {
  return t <= DType::Int64 && (include_bool || t != DType::Bool);
}
constexpr bool is_floating(DType t) { return t >= DType::Float16 && t <= DType::Float64; }
constexpr bool is_complex(DType t) { return t >= DType::Complex64; }
constexpr bool is_reduced_float(DType t) { return t == DType::Float16 || t == DType::BFloat16; }
constexpr bool is_differentiable(DType t) { return t >= DType::Float16; }
constexpr bool is_signed(DType t) { return t != DType::Bool && t != DType::UInt8; }

// Real type of a complex type (identity for others) and back.
constexpr DType real_type(DType t) {
  return t == DType::Complex64 ? DType::Float32 : t == DType::Complex128 ? DType::Float64 : t;
}
constexpr DType complex_type(DType t) {
  return is_complex(t) ? t : t == DType::Float64 ? DType::Complex128 : DType::Complex64;
}

const char* dtype_name(DType t);      // "float32"
const char* dtype_aten_name(DType t); // "Float": the word PyTorch's messages use
inline void append_text(std::string& out, DType t) { out.append("torch.").append(dtype_name(t)); }

// The smallest type that both convert to without leaving their category (table of PyTorch's promote_types).
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

[[noreturn]] void fail_dtype(const char* op, DType t); // "sort: not implemented for torch.complex64"

// Calls f(TypeTag<T>{}) with the C++ type of `t`.
template <class F> decltype(auto) visit_all(DType t, F&& f) {
  switch (t) {
  case DType::Bool:
    return f(TypeTag<bool>{});
  case DType::UInt8:
    return f(TypeTag<uint8_t>{});
  case DType::Int8:
    return f(TypeTag<int8_t>{});
  case DType::Int16:
    return f(TypeTag<int16_t>{});
  case DType::Int32:
    return f(TypeTag<int32_t>{});
  case DType::Int64:
    return f(TypeTag<int64_t>{});
  case DType::Float16:
    return f(TypeTag<Half>{});
  case DType::BFloat16:
    return f(TypeTag<BFloat16>{});
  case DType::Float32:
    return f(TypeTag<float>{});
  case DType::Float64:
    return f(TypeTag<double>{});
  case DType::Complex64:
    return f(TypeTag<complex64>{});
  case DType::Complex128:
    return f(TypeTag<complex128>{});
  }
  assertion_failed("dtype", __FILE__, __LINE__);
}
// All but complex; `op` is named in the error.
template <class F> decltype(auto) visit_real(const char* op, DType t, F&& f) {
  switch (t) {
  case DType::Bool:
    return f(TypeTag<bool>{});
  case DType::UInt8:
    return f(TypeTag<uint8_t>{});
  case DType::Int8:
    return f(TypeTag<int8_t>{});
  case DType::Int16:
    return f(TypeTag<int16_t>{});
  case DType::Int32:
    return f(TypeTag<int32_t>{});
  case DType::Int64:
    return f(TypeTag<int64_t>{});
  case DType::Float16:
    return f(TypeTag<Half>{});
  case DType::BFloat16:
    return f(TypeTag<BFloat16>{});
  case DType::Float32:
    return f(TypeTag<float>{});
  case DType::Float64:
    return f(TypeTag<double>{});
  default:
    fail_dtype(op, t);
  }
}
template <class F> decltype(auto) visit_floating(const char* op, DType t, F&& f) {
  switch (t) {
  case DType::Float16:
    return f(TypeTag<Half>{});
  case DType::BFloat16:
    return f(TypeTag<BFloat16>{});
  case DType::Float32:
    return f(TypeTag<float>{});
  case DType::Float64:
    return f(TypeTag<double>{});
  default:
    fail_dtype(op, t);
  }
}
template <class F> decltype(auto) visit_index(const char* op, DType t, F&& f) {
  switch (t) {
  case DType::Int32:
    return f(TypeTag<int32_t>{});
  case DType::Int64:
    return f(TypeTag<int64_t>{});
  default:
    fail_dtype(op, t);
  }
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

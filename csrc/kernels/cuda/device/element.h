// Elements in memory: how each dtype is stored, and its way to and from the number that a kernel computes
// with.
#pragma once

#include "core/dtype_list.h"
#include "kernels/cuda/device/complex.h"

#ifndef __CUDACC__
#include "core/half.h"
#endif

namespace torch::TORCH_ISA {

#ifdef __CUDACC__
struct Half {
  uint16_t bits;
  Half() = default;
  TORCH_INLINE Half(float value) { asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value)); }
  TORCH_INLINE operator float() const {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
    return value;
  }
};
struct BFloat16 {
  uint16_t bits;
  BFloat16() = default;
  TORCH_INLINE BFloat16(float value) { asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value)); }
  TORCH_INLINE operator float() const { return __uint_as_float(uint32_t(bits) << 16); }
};
#else
using torch::BFloat16;
using torch::Half;
#endif

// What a Scalar of the host becomes on its way to a kernel (kernels/cuda/pointwise.cpp fills it in).
class Scalar {
public:
  enum class Kind : uint8_t { Bool, Int, UInt, Float, Complex };
  Kind kind;
  int64_t whole;
  double real_part, imag_part; // of integers as well

  TORCH_INLINE bool is_integral() const { return kind <= Kind::UInt; }
  template <class T> TORCH_INLINE T to() const {
    if constexpr (std::is_same_v<T, bool>)
      return is_integral() ? whole != 0 : real_part != 0 || imag_part != 0;
    else if constexpr (kIsComplex<T>)
      return T(static_cast<typename RealOf<T>::type>(real_part),
               static_cast<typename RealOf<T>::type>(imag_part));
    else if constexpr (std::is_integral_v<T>)
      return is_integral() ? static_cast<T>(whole) : static_cast<T>(real_part);
    else
      return static_cast<T>(real_part);
  }
  TORCH_INLINE bool equals(double value) const { return real_part == value && imag_part == 0; }
};

template <class To, class From> TORCH_INLINE To convert(From a) {
  if constexpr (std::is_same_v<To, From>)
    return a;
  else if constexpr (kIsComplex<To> && kIsComplex<From>)
    return To(static_cast<typename RealOf<To>::type>(a.re), static_cast<typename RealOf<To>::type>(a.im));
  else if constexpr (kIsComplex<To>)
    return To(convert<typename RealOf<To>::type>(a));
  else if constexpr (std::is_same_v<To, bool> && kIsComplex<From>)
    return a.re != 0 || a.im != 0;
  else if constexpr (kIsComplex<From>)
    return convert<To>(a.re);
  else if constexpr (std::is_same_v<From, Half> || std::is_same_v<From, BFloat16>)
    return convert<To>(static_cast<float>(a));
  else if constexpr (std::is_same_v<To, Half> || std::is_same_v<To, BFloat16>)
    return To(static_cast<float>(a));
  else if constexpr (std::is_same_v<To, bool>)
    return a != From(0);
  else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To> && sizeof(To) < 8)
    return static_cast<To>(static_cast<int64_t>(a)); // wraps around
  else
    return static_cast<To>(a);
}

// The element at `p`, of a type known at run time only.
template <class V> TORCH_APART V load_as(DType type, const void* p) {
  switch (type) {
  case DType::Bool:
    return convert<V>(static_cast<int32_t>(*static_cast<const uint8_t*>(p) != 0));
  case DType::UInt8:
    return convert<V>(*static_cast<const uint8_t*>(p));
  case DType::UInt16:
    return convert<V>(*static_cast<const uint16_t*>(p));
  case DType::UInt32:
    return convert<V>(*static_cast<const uint32_t*>(p));
  case DType::UInt64:
    return convert<V>(*static_cast<const uint64_t*>(p));
  case DType::Int8:
    return convert<V>(*static_cast<const int8_t*>(p));
  case DType::Int16:
    return convert<V>(*static_cast<const int16_t*>(p));
  case DType::Int32:
    return convert<V>(*static_cast<const int32_t*>(p));
  case DType::Int64:
    return convert<V>(*static_cast<const int64_t*>(p));
  case DType::Float16:
    return convert<V>(*static_cast<const Half*>(p));
  case DType::BFloat16:
    return convert<V>(*static_cast<const BFloat16*>(p));
  case DType::Float32:
    return convert<V>(*static_cast<const float*>(p));
  case DType::Float64:
    return convert<V>(*static_cast<const double*>(p));
  case DType::Complex64:
    return convert<V>(*static_cast<const Cplx<float>*>(p));
  case DType::Complex128:
    return convert<V>(*static_cast<const Cplx<double>*>(p));
  default: // the host refuses the others
    return V();
  }
}
template <class V> TORCH_APART void store_as(DType type, void* p, V value) {
  switch (type) {
  case DType::Bool:
    *static_cast<bool*>(p) = convert<bool>(value);
    break;
  case DType::UInt8:
    *static_cast<uint8_t*>(p) = convert<uint8_t>(value);
    break;
  case DType::UInt16:
    *static_cast<uint16_t*>(p) = convert<uint16_t>(value);
    break;
  case DType::UInt32:
    *static_cast<uint32_t*>(p) = convert<uint32_t>(value);
    break;
  case DType::UInt64:
    *static_cast<uint64_t*>(p) = convert<uint64_t>(value);
    break;
  case DType::Int8:
    *static_cast<int8_t*>(p) = convert<int8_t>(value);
    break;
  case DType::Int16:
    *static_cast<int16_t*>(p) = convert<int16_t>(value);
    break;
  case DType::Int32:
    *static_cast<int32_t*>(p) = convert<int32_t>(value);
    break;
  case DType::Int64:
    *static_cast<int64_t*>(p) = convert<int64_t>(value);
    break;
  case DType::Float16:
    *static_cast<Half*>(p) = convert<Half>(value);
    break;
  case DType::BFloat16:
    *static_cast<BFloat16*>(p) = convert<BFloat16>(value);
    break;
  case DType::Float32:
    *static_cast<float*>(p) = convert<float>(value);
    break;
  case DType::Float64:
    *static_cast<double*>(p) = convert<double>(value);
    break;
  case DType::Complex64:
    *static_cast<Cplx<float>*>(p) = convert<Cplx<float>>(value);
    break;
  case DType::Complex128:
    *static_cast<Cplx<double>*>(p) = convert<Cplx<double>>(value);
    break;
  default:
    break;
  }
}

} // namespace torch::TORCH_ISA

// A Python number on the C++ side: bool, int, float or complex. UInt is an int that only uint64 holds.
#pragma once

#include "core/dtype.h"

#include <type_traits>

namespace torch {

class Scalar {
public:
  enum class Kind : uint8_t { Bool, Int, UInt, Float, Complex };

  Scalar() : Scalar(int64_t{0}) {}
  template <class T>
  requires std::is_integral_v<T> Scalar(T value)
      : kind_(std::is_same_v<T, bool>                           ? Kind::Bool
              : value > T(0) && static_cast<int64_t>(value) < 0 ? Kind::UInt
                                                                : Kind::Int),
        int_(static_cast<int64_t>(value)) {}
  Scalar(double value) : kind_(Kind::Float), real_(value) {}
  Scalar(float value) : Scalar(static_cast<double>(value)) {}
  Scalar(Half value) : Scalar(static_cast<float>(value)) {}
  Scalar(BFloat16 value) : Scalar(static_cast<float>(value)) {}
  template <class T>
  requires kIsFloat8<T> Scalar(T value) : Scalar(static_cast<float>(value)) {}
  Scalar(complex128 value) : kind_(Kind::Complex), real_(value.real()), imag_(value.imag()) {}
  Scalar(complex64 value) : Scalar(complex128(value)) {}

  Kind kind() const { return kind_; }
  bool is_bool() const { return kind_ == Kind::Bool; }
  bool is_integral() const { return kind_ <= Kind::UInt; }
  bool is_beyond_int64() const { return kind_ == Kind::UInt; }
  bool is_floating() const { return kind_ == Kind::Float; }
  bool is_complex() const { return kind_ == Kind::Complex; }

  // Value converted as C++ converts; to<complex> from real has zero imaginary part, to real drops it.
  template <class T> T to() const {
    if constexpr (std::is_same_v<T, complex64> || std::is_same_v<T, complex128>) {
      using R = typename T::value_type;
      return is_integral() ? T(whole<R>()) : T(static_cast<R>(real_), static_cast<R>(imag_));
    } else if constexpr (std::is_same_v<T, bool>) {
      return is_integral() ? int_ != 0 : (real_ != 0 || imag_ != 0);
    } else if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16> || kIsFloat8<T>) {
      return T(to<float>());
    } else if constexpr (std::is_integral_v<T>) {
      if constexpr (std::is_same_v<T, uint64_t>)
        if (is_floating() && real_ >= 0x1p63) return static_cast<T>(real_);
      return static_cast<T>(is_integral() ? int_ : static_cast<int64_t>(real_));
    } else {
      return is_integral() ? whole<T>() : static_cast<T>(real_);
    }
  }
  // dtype that a tensor of this number has by itself: bool, int64, default dtype, default complex.
  DType dtype() const {
    return is_bool()       ? DType::Bool
           : is_integral() ? DType::Int64
           : is_floating() ? default_dtype()
                           : default_complex_dtype();
  }
  bool equals(double value) const { return to<complex128>() == complex128(value); }
  Scalar operator-() const {
    return is_integral()   ? Scalar(static_cast<int64_t>(-static_cast<uint64_t>(int_)))
           : is_floating() ? Scalar(-real_)
                           : Scalar(complex128(-real_, -imag_));
  }
  Scalar conj() const { return is_complex() ? Scalar(complex128(real_, -imag_)) : *this; }

private:
  // Integers as the floating-point type R.
  template <class R> R whole() const {
    return kind_ == Kind::UInt ? static_cast<R>(static_cast<uint64_t>(int_)) : static_cast<R>(int_);
  }

  Kind kind_ = Kind::Int;
  union {
    int64_t int_;
    double real_;
  };
  double imag_ = 0;
};

inline void append_text(std::string& out, const Scalar& s) {
  if (s.is_bool())
    out.append(s.to<bool>() ? "True" : "False");
  else if (s.is_beyond_int64())
    out.append(std::to_string(s.to<uint64_t>()));
  else if (s.is_integral())
    out.append(std::to_string(s.to<int64_t>()));
  else
    detail::append_double(out, s.to<double>());
}

} // namespace torch

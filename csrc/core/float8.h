// The 8-bit floating point types: storage and conversion from and to float, rounding to nearest even (the
// power-of-two type rounds ties up). "fn" has no infinities, "fnuz" no negative zero either and one NaN.
#pragma once

#include <bit>
#include <cstdint>

namespace torch {

// What becomes of numbers beyond the largest one.
enum class Beyond { Infinity, Saturate, NaN };

// Format of kMantissa bits below an exponent with this bias. kLargest are the bits of the largest number.
template <int kMantissa, int kBias, uint8_t kLargest, uint8_t kNaN, Beyond kBeyond> struct SmallFloat {
  uint8_t bits = 0;
  SmallFloat() = default;
  SmallFloat(float value) : bits(from_float(value)) {}
  operator float() const { return to_float(bits); }

private:
  static constexpr bool kOneZero = kNaN == 0x80; // fnuz: the bits of -0 are the NaN
  static constexpr int kShift = 23 - kMantissa;
  static constexpr uint32_t kRebias = uint32_t(127 - kBias) << 23;

  static uint8_t from_float(float value) {
    const uint32_t u = std::bit_cast<uint32_t>(value);
    const uint32_t sign = (u >> 24) & 0x80u;
    const uint32_t a = u & 0x7fffffffu;
    const uint32_t normal = (a - kRebias + (1u << (kShift - 1)) - 1u + ((a >> kShift) & 1u)) >> kShift;
    // Below the normal numbers: a sum whose ulp is the step of this format's subnormals.
    constexpr float kMagic = std::bit_cast<float>(uint32_t(127 + 24 - kBias - kMantissa) << 23);
    const uint32_t subnormal =
        std::bit_cast<uint32_t>(std::bit_cast<float>(a) + kMagic) - std::bit_cast<uint32_t>(kMagic);
    uint32_t magnitude = a < kRebias + (1u << 23) ? subnormal : normal;
    if (a >= 0x7f800000u || magnitude > kLargest) {
      if (a > 0x7f800000u || kBeyond == Beyond::NaN) return kOneZero ? kNaN : uint8_t(sign | kNaN);
      magnitude = kBeyond == Beyond::Saturate ? kLargest : kLargest + 1u;
    }
    return uint8_t(kOneZero && magnitude == 0 ? 0u : sign | magnitude);
  }
  static float to_float(uint8_t b) {
    const uint32_t sign = kOneZero && b == kNaN ? 0u : uint32_t(b & 0x80u) << 24;
    const uint32_t a = b & 0x7fu;
    if (kOneZero ? b == kNaN : a > kLargest)
      return std::bit_cast<float>(
          sign | (kBeyond == Beyond::Infinity && a == kLargest + 1u ? 0x7f800000u : 0x7fc00000u));
    if (a >> kMantissa) return std::bit_cast<float>(sign | ((a << kShift) + kRebias));
    constexpr float kStep = std::bit_cast<float>(uint32_t(127 + 1 - kBias - kMantissa) << 23);
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(float(a) * kStep));
  }
};

using Float8E4M3FN = SmallFloat<3, 7, 0x7e, 0x7f, Beyond::Saturate>;
using Float8E5M2 = SmallFloat<2, 15, 0x7b, 0x7f, Beyond::Infinity>;
using Float8E4M3FNUZ = SmallFloat<3, 8, 0x7f, 0x80, Beyond::NaN>;
using Float8E5M2FNUZ = SmallFloat<2, 16, 0x7f, 0x80, Beyond::NaN>;

// Powers of two from 2^-127 to 2^127, and NaN; the sign of what is converted is lost.
struct Float8E8M0FNU {
  uint8_t bits = 0;
  Float8E8M0FNU() = default;
  Float8E8M0FNU(float value) {
    const uint32_t a = std::bit_cast<uint32_t>(value) & 0x7fffffffu;
    const uint32_t exponent = a >> 23, fraction = a & 0x7fffffu;
    // 2^-127, the smallest, is a subnormal float of half the smallest normal one.
    const bool up = exponent == 0 ? fraction > 0x400000u : fraction >= 0x400000u && exponent != 0xffu;
    bits = uint8_t(exponent + up);
  }
  operator float() const {
    const uint32_t u = bits == 0 ? 0x00400000u : bits == 0xff ? 0x7fc00000u : uint32_t(bits) << 23;
    return std::bit_cast<float>(u);
  }
};

template <class T> constexpr bool kIsFloat8 = false;
template <int kMantissa, int kBias, uint8_t kLargest, uint8_t kNaN, Beyond kBeyond>
constexpr bool kIsFloat8<SmallFloat<kMantissa, kBias, kLargest, kNaN, kBeyond>> = true;
template <> inline constexpr bool kIsFloat8<Float8E8M0FNU> = true;

static_assert(sizeof(Float8E4M3FN) == 1 && sizeof(Float8E8M0FNU) == 1);

} // namespace torch

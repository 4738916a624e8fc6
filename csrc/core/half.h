// The two 16-bit floating point types. Arithmetic happens in float; these only store and convert
// (IEEE 754 binary16, and bfloat16 = the upper half of a binary32), rounding to nearest even.
#pragma once

#include <bit>
#include <cstdint>

namespace torch {

struct BFloat16 {
  uint16_t bits = 0;
  BFloat16() = default;
  BFloat16(float value) {
    const uint32_t u = std::bit_cast<uint32_t>(value);
    bits =
        (u & 0x7fffffffu) > 0x7f800000u ? uint16_t(0x7fc0) : uint16_t((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
  }
  operator float() const { return std::bit_cast<float>(uint32_t(bits) << 16); }
};

struct Half {
  uint16_t bits = 0;
  Half() = default;
  Half(float value) : bits(from_float(value)) {}
  operator float() const { return to_float(bits); }

private:
  static uint16_t from_float(float value) {
    const uint32_t u = std::bit_cast<uint32_t>(value);
    const uint32_t sign = (u >> 16) & 0x8000u;
    const uint32_t a = u & 0x7fffffffu;
    if (a > 0x7f800000u) return uint16_t(sign | 0x7e00u);
    if (a >= 0x47800000u) return uint16_t(sign | 0x7c00u); // >= 65536 or inf
    if (a < 0x38800000u) {                                 // subnormal in half
      // Adding 0.5 puts the ulp of the sum at 2^-24, the step of half subnormals.
      const float sum = std::bit_cast<float>(a) + 0.5f;
      return uint16_t(sign | (std::bit_cast<uint32_t>(sum) - 0x3f000000u));
    }
    return uint16_t(sign | ((a - 0x38000000u + 0xfffu + ((a >> 13) & 1u)) >> 13));
  }
  static float to_float(uint16_t h) {
    const uint32_t sign = uint32_t(h & 0x8000u) << 16;
    const uint32_t a = h & 0x7fffu;
    if (a >= 0x7c00u) return std::bit_cast<float>(sign | 0x7f800000u | (a & 0x3ffu) << 13);
    if (a >= 0x0400u) return std::bit_cast<float>(sign | ((a << 13) + 0x38000000u));
    const float magnitude = float(a) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
  }
};

static_assert(sizeof(Half) == 2 && sizeof(BFloat16) == 2);

} // namespace torch

// Conversion of contiguous elements between any two dtypes.
#pragma once

#include "core/dtype.h"

#include <cstdint>

namespace torch::TORCH_ISA {

// Reads n elements of one type and writes n of the other; the ranges do not overlap. Floating to integer
// truncates, integers wrap, anything to bool is "not zero", complex to real drops the imaginary part.
using Convert = void (*)(void* out, const void* in, int64_t n);
Convert converter(DType from, DType to); // memcpy for equal types; fails for opaque ones

// The same for one value.
inline void convert_one(void* out, DType to, const void* in, DType from) { converter(from, to)(out, in, 1); }

// Half types, vectorised.
void half_to_float(float* out, const Half* in, int64_t n);
void float_to_half(Half* out, const float* in, int64_t n);
void bfloat16_to_float(float* out, const BFloat16* in, int64_t n);
void float_to_bfloat16(BFloat16* out, const float* in, int64_t n);

} // namespace torch::TORCH_ISA

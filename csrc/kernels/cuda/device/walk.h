// From the index of an element to its place in each operand.
#pragma once

#include "kernels/cuda/device/language.h"
#include "kernels/cuda/device/places.h"

namespace torch::TORCH_ISA {

TORCH_INLINE uint32_t quotient(const cuda::Divider& d, uint32_t n) {
  return (__umulhi(n, d.factor) + n) >> d.shift;
}

// Bytes from the first element of each operand to the element with this index.
template <int kOperands>
TORCH_INLINE void find_place(const cuda::Places& places, int64_t index, int64_t (&at)[kOperands]) {
  for (int k = 0; k < kOperands; ++k) at[k] = 0;
  if (places.small) {
    uint32_t rest = static_cast<uint32_t>(index);
#pragma unroll 1
    for (int d = 0; d < places.ndim; ++d) {
      const uint32_t next = quotient(places.dividers[d], rest);
      const int64_t i = rest - next * places.dividers[d].divisor;
      for (int k = 0; k < kOperands; ++k) at[k] += i * places.strides[k][d];
      rest = next;
    }
  } else {
#pragma unroll 1
    for (int d = 0; d < places.ndim; ++d) {
      const int64_t next = index / places.sizes[d], i = index - next * places.sizes[d];
      for (int k = 0; k < kOperands; ++k) at[k] += i * places.strides[k][d];
      index = next;
    }
  }
}

} // namespace torch::TORCH_ISA

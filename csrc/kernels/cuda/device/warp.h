// What the 32 threads of a warp do together: exchanging values, and products of small matrices by tensor
// cores.
//
// A product takes 16 x 16 times 16 x 8. With g = lane / 4 and t = lane % 4, a lane has of the left factor the
// pairs (g, 2t), (g + 8, 2t), (g, 2t + 8), (g + 8, 2t + 8) of (row, column and the next); of the right one
// (2t and the next, g), (2t + 8 and the next, g); of the result (g, 2t), (g, 2t + 1), (g + 8, 2t),
// (g + 8, 2t + 1).
#pragma once

#include "kernels/cuda/device/element.h"

namespace torch::TORCH_ISA {

#ifdef __CUDACC__

template <class V> TORCH_INLINE V from_lane_xor(V value, int mask) {
  return __shfl_xor_sync(0xffffffffu, value, mask);
}

TORCH_INLINE void multiply_add(float (&d)[4], const uint32_t (&a)[4], const uint32_t* b, Half) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
TORCH_INLINE void multiply_add(float (&d)[4], const uint32_t (&a)[4], const uint32_t* b, BFloat16) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
// Four 8 x 8 matrices from shared memory: lanes 8m to 8m + 7 give the places of the rows of matrix m, of
// which every lane gets the pair (lane / 4, 2 (lane % 4)); transposed, of the transposed matrix.
template <bool kTransposed> TORCH_INLINE void load_matrices(uint32_t (&to)[4], const void* row) {
  const auto at = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  if constexpr (kTransposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(at)
                 : "memory");
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(at)
                 : "memory");
}

#else

template <class V> V from_lane_xor(V value, int mask) {
  uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof value);
  bits = emulated::exchange(bits, emulated::lane_id() ^ static_cast<unsigned>(mask));
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

// What the lanes of each warp of a block have given.
struct EmulatedWarp {
  uint32_t a[32][4], b[32][2];
  const char* rows[32];
};
inline EmulatedWarp emulated_warps[32];

inline uint16_t half_of(uint32_t pair, int k) { return static_cast<uint16_t>(pair >> (16 * (k % 2))); }

template <class S> void multiply_add(float (&d)[4], const uint32_t (&a)[4], const uint32_t* b, S) {
  EmulatedWarp& warp = emulated_warps[threadIdx.x / 32];
  const unsigned lane = threadIdx.x % 32;
  __builtin_memcpy(warp.a[lane], a, sizeof a);
  __builtin_memcpy(warp.b[lane], b, sizeof warp.b[lane]);
  __syncthreads();
  const auto number = [](uint16_t bits) {
    S s;
    __builtin_memcpy(&s, &bits, sizeof s);
    return static_cast<float>(s);
  };
  for (int i = 0; i < 4; ++i) {
    const unsigned row = lane / 4 + 8 * (i / 2), col = 2 * (lane % 4) + i % 2;
    float sum = d[i];
    for (int k = 0; k < 16; ++k)
      sum += number(half_of(warp.a[row % 8 * 4 + k % 8 / 2][row / 8 + 2 * (k / 8)], k)) *
             number(half_of(warp.b[col * 4 + k % 8 / 2][k / 8], k));
    d[i] = sum;
  }
  __syncthreads();
}
template <bool kTransposed> void load_matrices(uint32_t (&to)[4], const void* row) {
  EmulatedWarp& warp = emulated_warps[threadIdx.x / 32];
  const unsigned lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  warp.rows[lane] = static_cast<const char*>(row);
  __syncthreads();
  for (unsigned m = 0; m < 4; ++m) {
    const auto element = [&](unsigned r, unsigned c) {
      uint16_t bits;
      __builtin_memcpy(&bits, warp.rows[8 * m + r] + 2 * c, 2);
      return uint32_t{bits};
    };
    to[m] = kTransposed ? element(2 * t, g) | element(2 * t + 1, g) << 16
                        : element(g, 2 * t) | element(g, 2 * t + 1) << 16;
  }
  __syncthreads();
}

#endif

// Two numbers side by side, the first in the lower half.
template <class S> TORCH_INLINE uint32_t pair_of(float low, float high) {
  return uint32_t(S(low).bits) | uint32_t(S(high).bits) << 16;
}

template <class V, class Join> TORCH_INLINE V join_lanes(V value, int lanes, const Join& join) {
  for (int mask = lanes / 2; mask > 0; mask /= 2) value = join(value, from_lane_xor(value, mask));
  return value;
}

} // namespace torch::TORCH_ISA

// Transposition of small blocks in registers.
#pragma once

#include "kernels/cpu/vec.h"

namespace torch::TORCH_ISA {

namespace transpose_detail {

#if TORCH_VEC_AVX512 || TORCH_VEC_AVX2
// 8 x 8 elements of 4 bytes: rows of `in` become columns of `out`; strides in bytes.
TORCH_INLINE void block_8x8_4(char* out, int64_t out_stride, const char* in, int64_t in_stride) {
  __m256 r[8], t[8];
  for (int i = 0; i < 8; ++i) r[i] = _mm256_loadu_ps(reinterpret_cast<const float*>(in + i * in_stride));
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    _mm256_storeu_ps(reinterpret_cast<float*>(out + i * out_stride),
                     _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    _mm256_storeu_ps(reinterpret_cast<float*>(out + (i + 4) * out_stride),
                     _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}
TORCH_INLINE void block_4x4_8(char* out, int64_t out_stride, const char* in, int64_t in_stride) {
  __m256d r[4], t[4];
  for (int i = 0; i < 4; ++i) r[i] = _mm256_loadu_pd(reinterpret_cast<const double*>(in + i * in_stride));
  for (int i = 0; i < 4; i += 2) {
    t[i] = _mm256_unpacklo_pd(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_pd(r[i], r[i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    _mm256_storeu_pd(reinterpret_cast<double*>(out + i * out_stride),
                     _mm256_permute2f128_pd(t[i], t[i + 2], 0x20));
    _mm256_storeu_pd(reinterpret_cast<double*>(out + (i + 2) * out_stride),
                     _mm256_permute2f128_pd(t[i], t[i + 2], 0x31));
  }
}
#else
TORCH_INLINE void block_4x4_4(char* out, int64_t out_stride, const char* in, int64_t in_stride) {
  __m128 r[4];
  for (int i = 0; i < 4; ++i) r[i] = _mm_loadu_ps(reinterpret_cast<const float*>(in + i * in_stride));
  _MM_TRANSPOSE4_PS(r[0], r[1], r[2], r[3]);
  for (int i = 0; i < 4; ++i) _mm_storeu_ps(reinterpret_cast<float*>(out + i * out_stride), r[i]);
}
#endif

// 8 x 8 elements of 2 bytes.
TORCH_INLINE void block_8x8_2(char* out, int64_t out_stride, const char* in, int64_t in_stride) {
  __m128i r[8], t[8];
  for (int i = 0; i < 8; ++i) r[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i * in_stride));
  for (int i = 0; i < 4; ++i) { // rows i and i + 4 side by side
    t[2 * i] = _mm_unpacklo_epi16(r[i], r[i + 4]);
    t[2 * i + 1] = _mm_unpackhi_epi16(r[i], r[i + 4]);
  }
  for (int i = 0; i < 4; ++i) {
    r[2 * i] = _mm_unpacklo_epi16(t[i], t[i + 4]);
    r[2 * i + 1] = _mm_unpackhi_epi16(t[i], t[i + 4]);
  }
  for (int i = 0; i < 4; ++i) {
    t[2 * i] = _mm_unpacklo_epi16(r[i], r[i + 4]);
    t[2 * i + 1] = _mm_unpackhi_epi16(r[i], r[i + 4]);
  }
  for (int i = 0; i < 8; ++i) _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i * out_stride), t[i]);
}

template <class W>
TORCH_INLINE void plain(char* out, int64_t out_stride, const char* in, int64_t in_stride, int64_t cols,
                        int64_t rows) {
  for (int64_t c = 0; c < cols; ++c)
    for (int64_t r = 0; r < rows; ++r)
      reinterpret_cast<W*>(out + r * out_stride)[c] = reinterpret_cast<const W*>(in + c * in_stride)[r];
}

// Elements on a side of the block that registers hold; 0: none.
template <class W> constexpr int64_t block_side() {
  if constexpr (sizeof(W) == 2) return 8;
#if TORCH_VEC_AVX512 || TORCH_VEC_AVX2
  if constexpr (sizeof(W) == 4) return 8;
  if constexpr (sizeof(W) == 8) return 4;
#else
  if constexpr (sizeof(W) == 4) return 4;
#endif
  return 0;
}
template <class W> TORCH_INLINE void block(char* out, int64_t out_stride, const char* in, int64_t in_stride) {
  if constexpr (sizeof(W) == 2) return block_8x8_2(out, out_stride, in, in_stride);
#if TORCH_VEC_AVX512 || TORCH_VEC_AVX2
  if constexpr (sizeof(W) == 4) return block_8x8_4(out, out_stride, in, in_stride);
  if constexpr (sizeof(W) == 8) return block_4x4_8(out, out_stride, in, in_stride);
#else
  if constexpr (sizeof(W) == 4) return block_4x4_4(out, out_stride, in, in_stride);
#endif
}

} // namespace transpose_detail

// out[r][c] = in[c][r] for r < rows, c < cols; strides in bytes between the rows of each side. Goes by
// squares of a cache line's width: with strides of a power of two all lines of a tile fall into one set, and
// few survive for a second visit.
template <class W>
inline void transpose_tile(char* out, int64_t out_stride, const char* in, int64_t in_stride, int64_t cols,
                           int64_t rows) {
  using namespace transpose_detail;
  constexpr int64_t width = sizeof(W), line = 64 / width, side = block_side<W>();
  for (int64_t c0 = 0; c0 < cols; c0 += line) {
    const int64_t c_size = cols - c0 < line ? cols - c0 : line;
    for (int64_t r0 = 0; r0 < rows; r0 += line) {
      const int64_t r_size = rows - r0 < line ? rows - r0 : line;
      char* const o = out + r0 * out_stride + c0 * width;
      const char* const x = in + c0 * in_stride + r0 * width;
      if constexpr (side > 0) {
        const int64_t c_whole = c_size / side * side, r_whole = r_size / side * side;
        for (int64_t r = 0; r < r_whole; r += side)
          for (int64_t c = 0; c < c_whole; c += side)
            block<W>(o + r * out_stride + c * width, out_stride, x + c * in_stride + r * width, in_stride);
        if (r_whole < r_size)
          plain<W>(o + r_whole * out_stride, out_stride, x + r_whole * width, in_stride, c_whole,
                   r_size - r_whole);
        if (c_whole < c_size)
          plain<W>(o + c_whole * width, out_stride, x + c_whole * in_stride, in_stride, c_size - c_whole,
                   r_size);
      } else {
        plain<W>(o, out_stride, x, in_stride, c_size, r_size);
      }
    }
  }
}

} // namespace torch::TORCH_ISA

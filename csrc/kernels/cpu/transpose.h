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

template <class W>
TORCH_INLINE void plain(char* out, int64_t out_stride, const char* in, int64_t in_stride, int64_t cols,
                        int64_t rows) {
  for (int64_t c = 0; c < cols; ++c)
    for (int64_t r = 0; r < rows; ++r)
      reinterpret_cast<W*>(out + r * out_stride)[c] = reinterpret_cast<const W*>(in + c * in_stride)[r];
}

} // namespace transpose_detail

// out[r][c] = in[c][r] for r < rows, c < cols; strides in bytes between the rows of each side.
template <class W>
inline void transpose_tile(char* out, int64_t out_stride, const char* in, int64_t in_stride, int64_t cols,
                           int64_t rows) {
  using namespace transpose_detail;
  constexpr int64_t width = sizeof(W);
#if TORCH_VEC_AVX512 || TORCH_VEC_AVX2
  constexpr int64_t block = width == 4 ? 8 : 4;
#else
  constexpr int64_t block = 4;
#endif
  int64_t c = 0;
  for (; c + block <= cols; c += block) {
    int64_t r = 0;
    for (; r + block <= rows; r += block) {
      char* o = out + r * out_stride + c * width;
      const char* x = in + c * in_stride + r * width;
#if TORCH_VEC_AVX512 || TORCH_VEC_AVX2
      if constexpr (width == 4)
        block_8x8_4(o, out_stride, x, in_stride);
      else if constexpr (width == 8)
        block_4x4_8(o, out_stride, x, in_stride);
      else
        plain<W>(o, out_stride, x, in_stride, block, block);
#else
      if constexpr (width == 4)
        block_4x4_4(o, out_stride, x, in_stride);
      else
        plain<W>(o, out_stride, x, in_stride, block, block);
#endif
    }
    plain<W>(out + r * out_stride + c * width, out_stride, in + c * in_stride + r * width, in_stride, block,
             rows - r);
  }
  plain<W>(out + c * width, out_stride, in + c * in_stride, in_stride, cols - c, rows);
}

} // namespace torch::TORCH_ISA

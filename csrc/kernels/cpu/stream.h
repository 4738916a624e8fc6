// Results that are too large to stay in a cache are written past it: memory is then not read before it is
// written, which is a third of the traffic of an addition.
#pragma once

#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/cpu/vec.h"

#include <algorithm>
#include <cstring>

namespace torch::TORCH_ISA {

// Bytes that an op reads and writes, beyond which its result is written past the cache. Of the last-level
// cache a core has a share of 2 to 32 MB; up to here the next op gains more from finding the result there
// (two additions in a row, the second of the first one's result, on 32 MB: 0.97 of the time at 12 MB of
// traffic, 1.2 at 24, 1.6 at 120). For several threads the limit is higher: at 24 MB the way past the cache
// takes one thread 0.7 of the time, two threads 0.8 to 2 times the time, by what else loads the memory.
inline int64_t past_cache_bytes() { return int64_t{num_threads() > 1 ? 32 : 16} << 20; }
constexpr int64_t kStreamBytes = 1024; // that a row makes in the first-level cache before they are streamed

TORCH_INLINE void stream_fence() { // before another thread may read
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

// Copies; stream_fence() must follow the last one.
TORCH_INLINE void stream(void* to, const void* from, int64_t bytes) {
  char* out = static_cast<char*>(to);
  const char* in = static_cast<const char*>(from);
#if defined(__x86_64__)
  const int64_t head = std::min<int64_t>(bytes, -reinterpret_cast<intptr_t>(out) & (kVecBytes - 1));
  if (head > 0) std::memcpy(out, in, size_t(head));
  int64_t i = head;
  for (; i + kVecBytes <= bytes; i += kVecBytes) {
#if TORCH_VEC_AVX512
    _mm512_stream_si512(reinterpret_cast<__m512i*>(out + i), _mm512_loadu_si512(in + i));
#elif TORCH_VEC_AVX2
    _mm256_stream_si256(reinterpret_cast<__m256i*>(out + i),
                        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + i)));
#else
    _mm_stream_si128(reinterpret_cast<__m128i*>(out + i),
                     _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i)));
#endif
  }
  if (i < bytes) std::memcpy(out + i, in + i, size_t(bytes - i));
#else
  std::memcpy(out, in, size_t(bytes));
#endif
}

// n elements of `width` bytes at `out`, which make(to, first, count) writes piece by piece, at most `most` at
// a time.
template <class Make>
TORCH_INLINE void stream_pieces(char* out, int64_t n, int64_t width, const Make& make,
                                int64_t most = kStreamBytes) {
  alignas(64) char piece[kStreamBytes];
  const int64_t step = std::min(kStreamBytes / width, most);
  for (int64_t i = 0; i < n; i += step) {
    const int64_t count = std::min(step, n - i);
    make(piece, i, count);
    stream(out + i * width, piece, count * width);
  }
  stream_fence();
}

} // namespace torch::TORCH_ISA

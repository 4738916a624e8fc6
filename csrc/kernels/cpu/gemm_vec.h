// The few vector operations that products and direct convolutions need: whole and partial loads and stores, a
// fused multiply-add that says so (kernels are compiled without contraction), and an in-register transpose.
#pragma once

#include "kernels/cpu/vec_size.h"

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace torch::TORCH_ISA {

// T is float, double, uint32_t or uint64_t.
template <class T> struct VecOf {
  typedef T type __attribute__((vector_size(kVecBytes)));
  typedef T unaligned __attribute__((vector_size(kVecBytes), aligned(alignof(T)), may_alias));
};
template <class T> using VecT = typename VecOf<T>::type;

template <class T> [[gnu::always_inline]] inline VecT<T> vload(const T* p) {
  return *reinterpret_cast<const typename VecOf<T>::unaligned*>(p);
}
template <class T> [[gnu::always_inline]] inline void vstore(T* p, VecT<T> v) {
  *reinterpret_cast<typename VecOf<T>::unaligned*>(p) = v;
}
template <class T> [[gnu::always_inline]] inline VecT<T> vset(T x) { return x - VecT<T>{}; }

// The compiler shall load v once and keep it, rather than read it again at every use.
template <class T> [[gnu::always_inline]] inline void vkeep([[maybe_unused]] VecT<T>& v) {
#if defined(__AVX512F__)
  asm("" : "+v"(v));
#elif defined(__SSE2__)
  asm("" : "+x"(v));
#endif
}

// a * b + c, rounded once where the hardware can.
template <class T> [[gnu::always_inline]] inline VecT<T> vfma(VecT<T> a, VecT<T> b, VecT<T> c) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>) return (VecT<T>)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
  if constexpr (std::is_same_v<T, double>)
    return (VecT<T>)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__AVX2__)
  if constexpr (std::is_same_v<T, float>) return (VecT<T>)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
  if constexpr (std::is_same_v<T, double>)
    return (VecT<T>)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#endif
  return a * b + c;
}

// First n lanes (0 < n <= lanes); the others read as zero and nothing past them is touched.
template <class T> [[gnu::always_inline]] inline VecT<T> vload_n(const T* p, int n) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return (VecT<T>)_mm512_maskz_loadu_epi32(__mmask16((1u << n) - 1), p);
  else
    return (VecT<T>)_mm512_maskz_loadu_epi64(__mmask8((1u << n) - 1), p);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return (VecT<T>)_mm256_maskload_epi32(reinterpret_cast<const int*>(p),
                                          _mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane));
  } else {
    const __m256i lane = _mm256_setr_epi64x(0, 1, 2, 3);
    return (VecT<T>)_mm256_maskload_epi64(reinterpret_cast<const long long*>(p),
                                          _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), lane));
  }
#else
  VecT<T> v{};
  std::memcpy(&v, p, size_t(n) * sizeof(T));
  return v;
#endif
}
template <class T> [[gnu::always_inline]] inline void vstore_n(T* p, VecT<T> v, int n) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    _mm512_mask_storeu_epi32(p, __mmask16((1u << n) - 1), (__m512i)v);
  else
    _mm512_mask_storeu_epi64(p, __mmask8((1u << n) - 1), (__m512i)v);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    _mm256_maskstore_epi32(reinterpret_cast<int*>(p), _mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane),
                           (__m256i)v);
  } else {
    const __m256i lane = _mm256_setr_epi64x(0, 1, 2, 3);
    _mm256_maskstore_epi64(reinterpret_cast<long long*>(p), _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), lane),
                           (__m256i)v);
  }
#else
  std::memcpy(p, &v, size_t(n) * sizeof(T));
#endif
}

// Copies n adjacent elements: rows of images are short, and a tail done one by one costs more than the rest.
template <class T> [[gnu::always_inline]] inline void vcopy(T* to, const T* from, int64_t n) {
  constexpr int64_t lanes = kLanesOf<T>;
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) vstore<T>(to + i, vload<T>(from + i));
  if (i < n) vstore_n<T>(to + i, vload_n<T>(from + i, static_cast<int>(n - i)), static_cast<int>(n - i));
}
// The same, but whole vectors are written: up to a vector past the end. A later load of whole vectors then
// need not wait for a masked store, which cannot be forwarded.
template <class T> [[gnu::always_inline]] inline void vcopy_over(T* to, const T* from, int64_t n) {
  constexpr int64_t lanes = kLanesOf<T>;
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) vstore<T>(to + i, vload<T>(from + i));
  if (i < n) vstore<T>(to + i, vload_n<T>(from + i, static_cast<int>(n - i)));
}
template <class T> [[gnu::always_inline]] inline void vfill_over(T* to, int64_t n, T value) {
  const VecT<T> v = vset<T>(value);
  for (int64_t i = 0; i < n; i += kLanesOf<T>) vstore<T>(to + i, v);
}
template <class T> [[gnu::always_inline]] inline void vfill(T* to, int64_t n, T value) {
  constexpr int64_t lanes = kLanesOf<T>;
  const VecT<T> v = vset<T>(value);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) vstore<T>(to + i, v);
  if (i < n) vstore_n<T>(to + i, v, static_cast<int>(n - i));
}

namespace detail {
template <class V, int... I>
[[gnu::always_inline]] inline V even_lanes(V a, V b, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(a, b, (2 * I)...);
}
template <class V, int... I>
[[gnu::always_inline]] inline V odd_lanes(V a, V b, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(a, b, (2 * I + 1)...);
}
// Lane numbers that interleave the lower (Half 0) or upper (Half 1) halves of two vectors.
template <class V, int Half, int... I>
[[gnu::always_inline]] inline V interleave(V a, V b, std::integer_sequence<int, I...>) {
  constexpr int n = sizeof...(I);
  return __builtin_shufflevector(a, b, (I / 2 + Half * n / 2 + (I % 2) * n)...);
}
} // namespace detail

// to[i] = from[2 i]; reads nothing past from[2 n - 2]. Over: writes whole vectors.
template <class T, bool Over = false>
[[gnu::always_inline]] inline void vcopy_even(T* to, const T* from, int64_t n) {
  constexpr int64_t lanes = kLanesOf<T>;
  using Lanes = std::make_integer_sequence<int, kLanesOf<T>>;
  int64_t i = 0;
  for (; i + lanes < n; i += lanes)
    vstore<T>(to + i, detail::even_lanes(vload<T>(from + 2 * i), vload<T>(from + 2 * i + lanes), Lanes{}));
  if (i == n) return;
  const int rest = static_cast<int>(n - i), reads = 2 * rest - 1;
  const VecT<T> low = reads >= lanes ? vload<T>(from + 2 * i) : vload_n<T>(from + 2 * i, reads);
  const VecT<T> high =
      reads > lanes ? vload_n<T>(from + 2 * i + lanes, reads - static_cast<int>(lanes)) : VecT<T>{};
  const VecT<T> both = detail::even_lanes(low, high, Lanes{});
  if (Over || rest == lanes)
    vstore<T>(to + i, both);
  else
    vstore_n<T>(to + i, both, rest);
}

namespace detail {
template <class V, int Shift, int... I>
[[gnu::always_inline]] inline V rotate(V a, std::integer_sequence<int, I...>) {
  constexpr int n = sizeof...(I);
  return __builtin_shufflevector(a, a, ((I + Shift) % n)...);
}
template <class T, int Shift> [[gnu::always_inline]] inline VecT<T> add_rotated(VecT<T> v) {
  v = v + rotate<VecT<T>, Shift>(v, std::make_integer_sequence<int, kLanesOf<T>>{});
  if constexpr (Shift > 1)
    return add_rotated<T, Shift / 2>(v);
  else
    return v;
}
} // namespace detail

// Sum of the lanes, by halves.
template <class T> [[gnu::always_inline]] inline T vsum(VecT<T> v) {
  return detail::add_rotated<T, kLanesOf<T> / 2>(v)[0];
}

// Transposes a square of lanes x lanes held in `rows`: log2(lanes) rounds of perfect shuffles.
template <class T> [[gnu::always_inline]] inline void vtranspose(VecT<T>* rows) {
  constexpr int n = kLanesOf<T>;
  using Lanes = std::make_integer_sequence<int, n>;
  VecT<T> other[n];
#if defined(TORCH_VEC_AVX2)
  // Shuffles within halves, and of halves: interleaving across them takes twice as many.
  if constexpr (n == 8) {
#pragma GCC unroll 4
    for (int i = 0; i < n; i += 2) {
      other[i] = __builtin_shufflevector(rows[i], rows[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
      other[i + 1] = __builtin_shufflevector(rows[i], rows[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    VecT<T> fours[n]; // column i of four rows, and column i + 4
#pragma GCC unroll 2
    for (int i = 0; i < n; i += 4)
#pragma GCC unroll 2
      for (int j = 0; j < 2; ++j) {
        const VecT<T> a = other[i + j], b = other[i + j + 2];
        fours[i + 2 * j] = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
        fours[i + 2 * j + 1] = __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
      }
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      rows[i] = __builtin_shufflevector(fours[i], fours[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
      rows[i + 4] = __builtin_shufflevector(fours[i], fours[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
    return;
  }
#endif
#pragma GCC unroll 8
  for (int round = 1; round < n; round *= 2) {
#pragma GCC unroll 16
    for (int i = 0; i < n / 2; ++i) {
      other[2 * i] = detail::interleave<VecT<T>, 0>(rows[i], rows[i + n / 2], Lanes{});
      other[2 * i + 1] = detail::interleave<VecT<T>, 1>(rows[i], rows[i + n / 2], Lanes{});
    }
#pragma GCC unroll 16
    for (int i = 0; i < n; ++i) rows[i] = other[i];
  }
}

} // namespace torch::TORCH_ISA

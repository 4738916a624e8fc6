// Vec<T>: one machine register of T (float, double, int32_t, int64_t) for the instruction set that this copy
// of the kernels is compiled for, over the compiler's own vector types. Mask<T> is what comparisons of Vec<T>
// give. Functors written for a generic value type run on Vec<T> and on plain numbers alike: the free
// functions below (select, minimum ...) exist for both.
#pragma once

#include "core/dtype.h"
#include "kernels/cpu/vec_size.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// The maskz_ forms of AVX-512 intrinsics keep gcc 12 from warning about its own undefined vectors; no mask is
// emitted.

namespace torch::TORCH_ISA {

template <class T, int N> struct RawVecOf { typedef T type __attribute__((vector_size(N * sizeof(T)))); };
template <class T, int N> using RawVec = typename RawVecOf<T, N>::type;
template <class T> using BitsOf = std::conditional_t<sizeof(T) == 8, int64_t, int32_t>;
template <class T> using UnsignedOf = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

#define TORCH_INLINE __attribute__((always_inline)) inline

// All bits of a lane set = true.
template <class T> struct Mask {
  using Raw = RawVec<BitsOf<T>, kLanesOf<T>>;
  Raw v;
  Mask() = default;
  TORCH_INLINE Mask(Raw raw) : v(raw) {}
  TORCH_INLINE Mask(bool b) : v((b ? BitsOf<T>(-1) : BitsOf<T>(0)) - Raw{}) {}
  friend TORCH_INLINE Mask operator&(Mask a, Mask b) { return a.v & b.v; }
  friend TORCH_INLINE Mask operator|(Mask a, Mask b) { return a.v | b.v; }
  friend TORCH_INLINE Mask operator^(Mask a, Mask b) { return a.v ^ b.v; }
  friend TORCH_INLINE Mask operator!(Mask a) { return ~a.v; }
};

template <class T> struct Vec {
  static constexpr int kLanes = kLanesOf<T>;
  static constexpr bool kFloating = std::is_floating_point_v<T>;
  using Element = T;
  using Raw = RawVec<T, kLanes>;
  using Unsigned = RawVec<UnsignedOf<T>, kLanes>; // wrapping arithmetic for signed integers
  using MaskRaw = typename Mask<T>::Raw;
  Raw v;

  Vec() = default;
  TORCH_INLINE Vec(Raw raw) : v(raw) {}
  TORCH_INLINE Vec(T x) : v(x - Raw{}) {} // a splat; minus keeps -0.0

  static TORCH_INLINE Vec load(const T* p) {
    Vec r;
    __builtin_memcpy(&r.v, p, sizeof r.v);
    return r;
  }
  TORCH_INLINE void store(T* p) const { __builtin_memcpy(p, &v, sizeof v); }
  // The first n elements, 0 < n < kLanes; the other lanes repeat the first one, so that what is true of all
  // elements (divisors are not zero, exponents are equal) holds in every lane.
  static TORCH_INLINE Vec load_partial(const T* p, int64_t n) {
#if TORCH_VEC_AVX512
    const Vec first(*p);
    if constexpr (sizeof(T) == 4)
      return (Raw)_mm512_mask_loadu_epi32((__m512i)first.v, __mmask16((1u << n) - 1u), p);
    else
      return (Raw)_mm512_mask_loadu_epi64((__m512i)first.v, __mmask8((1u << n) - 1u), p);
#else
    T buffer[kLanes];
    for (int i = 0; i < kLanes; ++i) buffer[i] = p[i < n ? i : 0];
    return load(buffer);
#endif
  }
  TORCH_INLINE void store_partial(T* p, int64_t n) const {
#if TORCH_VEC_AVX512
    if constexpr (sizeof(T) == 4)
      _mm512_mask_storeu_epi32(p, __mmask16((1u << n) - 1u), (__m512i)v);
    else
      _mm512_mask_storeu_epi64(p, __mmask8((1u << n) - 1u), (__m512i)v);
#else
    T buffer[kLanes];
    store(buffer);
    for (int64_t i = 0; i < n; ++i) p[i] = buffer[i];
#endif
  }

  friend TORCH_INLINE Vec operator+(Vec a, Vec b) {
    if constexpr (kFloating)
      return a.v + b.v;
    else
      return (Raw)((Unsigned)a.v + (Unsigned)b.v);
  }
  friend TORCH_INLINE Vec operator-(Vec a, Vec b) {
    if constexpr (kFloating)
      return a.v - b.v;
    else
      return (Raw)((Unsigned)a.v - (Unsigned)b.v);
  }
  friend TORCH_INLINE Vec operator*(Vec a, Vec b) {
    if constexpr (kFloating)
      return a.v * b.v;
    else
      return (Raw)((Unsigned)a.v * (Unsigned)b.v);
  }
  // Integers divide lane by lane (see divide_floor ...), so there is no operator for them.
  friend TORCH_INLINE Vec operator/(Vec a, Vec b) requires kFloating { return a.v / b.v; }
  friend TORCH_INLINE Vec operator-(Vec a) {
    if constexpr (kFloating)
      return -a.v;
    else
      return (Raw)(Unsigned{} - (Unsigned)a.v);
  }
  friend TORCH_INLINE Vec operator&(Vec a, Vec b) requires(!kFloating) { return a.v & b.v; }
  friend TORCH_INLINE Vec operator|(Vec a, Vec b) requires(!kFloating) { return a.v | b.v; }
  friend TORCH_INLINE Vec operator^(Vec a, Vec b) requires(!kFloating) { return a.v ^ b.v; }
  friend TORCH_INLINE Vec operator~(Vec a) requires(!kFloating) { return ~a.v; }
  friend TORCH_INLINE Mask<T> operator==(Vec a, Vec b) { return (MaskRaw)(a.v == b.v); }
  friend TORCH_INLINE Mask<T> operator!=(Vec a, Vec b) { return (MaskRaw)(a.v != b.v); }
  friend TORCH_INLINE Mask<T> operator<(Vec a, Vec b) { return (MaskRaw)(a.v < b.v); }
  friend TORCH_INLINE Mask<T> operator<=(Vec a, Vec b) { return (MaskRaw)(a.v <= b.v); }
  friend TORCH_INLINE Mask<T> operator>(Vec a, Vec b) { return (MaskRaw)(a.v > b.v); }
  friend TORCH_INLINE Mask<T> operator>=(Vec a, Vec b) { return (MaskRaw)(a.v >= b.v); }
};

template <class V> struct ElementOf { using type = V; };
template <class T> struct ElementOf<Vec<T>> { using type = T; };
template <class V> using Element = typename ElementOf<V>::type;
template <class V> constexpr bool kIsVec = false;
template <class T> constexpr bool kIsVec<Vec<T>> = true;
template <class V> constexpr bool kIsFloating = std::is_floating_point_v<Element<V>>;
template <class T>
concept Number = std::is_arithmetic_v<T>;

template <class T> TORCH_INLINE Vec<T> select(Mask<T> m, Vec<T> a, Vec<T> b) { return m.v ? a.v : b.v; }
template <Number T> TORCH_INLINE T select(bool m, T a, T b) { return m ? a : b; }

template <class T> TORCH_INLINE bool any(Mask<T> m) {
#if TORCH_VEC_AVX512
  if constexpr (sizeof(T) == 4)
    return _mm512_movepi32_mask((__m512i)m.v) != 0;
  else
    return _mm512_movepi64_mask((__m512i)m.v) != 0;
#elif TORCH_VEC_AVX2
  return _mm256_movemask_epi8((__m256i)m.v) != 0;
#elif defined(__SSE2__)
  return _mm_movemask_epi8((__m128i)m.v) != 0;
#else
  BitsOf<T> r = 0;
  for (int i = 0; i < kLanesOf<T>; ++i) r |= m.v[i];
  return r != 0;
#endif
}
template <class T> TORCH_INLINE bool all(Mask<T> m) { return !any(!m); }

// Bool tensors hold one byte, 0 or 1, per element.
template <class T> TORCH_INLINE void store_bool(Mask<T> m, uint8_t* p) {
  using Bytes = RawVec<uint8_t, kLanesOf<T>>;
#if TORCH_VEC_AVX512
  if constexpr (sizeof(T) == 4) {
    const __m128i bytes = _mm_maskz_set1_epi8(_mm512_movepi32_mask((__m512i)m.v), 1);
    __builtin_memcpy(p, &bytes, 16);
    return;
  }
#elif TORCH_VEC_AVX2
  if constexpr (sizeof(T) == 4) { // the compiler's own narrowing goes lane by lane here
    const __m256i all = (__m256i)m.v;
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
    const __m128i bytes = _mm_and_si128(_mm_packs_epi16(words, words), _mm_set1_epi8(1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), bytes);
    return;
  }
#endif
  const Bytes bytes = __builtin_convertvector(m.v, Bytes) & uint8_t(1);
  __builtin_memcpy(p, &bytes, sizeof bytes);
}
template <class T> TORCH_INLINE void store_bool_partial(Mask<T> m, uint8_t* p, int64_t n) {
  uint8_t buffer[kLanesOf<T>];
  store_bool(m, buffer);
  for (int64_t i = 0; i < n; ++i) p[i] = buffer[i];
}
template <class T> TORCH_INLINE Mask<T> load_bool(const uint8_t* p) {
  using Bytes = RawVec<int8_t, kLanesOf<T>>;
#if TORCH_VEC_AVX512
  if constexpr (sizeof(T) == 4) {
    __m128i bytes;
    __builtin_memcpy(&bytes, p, 16);
    return (typename Mask<T>::Raw)_mm512_movm_epi32(_mm_test_epi8_mask(bytes, bytes));
  }
#endif
  Bytes bytes;
  __builtin_memcpy(&bytes, p, sizeof bytes);
  return (typename Mask<T>::Raw)(__builtin_convertvector(bytes, typename Mask<T>::Raw) != 0);
}
template <class T> TORCH_INLINE Mask<T> load_bool_partial(const uint8_t* p, int64_t n) {
  uint8_t buffer[kLanesOf<T>];
  for (int i = 0; i < kLanesOf<T>; ++i) buffer[i] = p[i < n ? i : 0];
  return load_bool<T>(buffer);
}

// Reinterpretation between floats and the integers of their width.
template <class T> TORCH_INLINE Vec<BitsOf<T>> bits(Vec<T> a) { return (typename Vec<BitsOf<T>>::Raw)a.v; }
template <class T> TORCH_INLINE Vec<T> from_bits(Vec<BitsOf<T>> a) { return (typename Vec<T>::Raw)a.v; }
template <class T> TORCH_INLINE Vec<BitsOf<T>> bits(Mask<T> m) { return m.v; }
template <int kShift, class T> TORCH_INLINE Vec<T> shift_left(Vec<T> a) {
  return (typename Vec<T>::Raw)((typename Vec<T>::Unsigned)a.v << kShift);
}
template <int kShift, class T> TORCH_INLINE Vec<T> shift_right_logical(Vec<T> a) {
  return (typename Vec<T>::Raw)((typename Vec<T>::Unsigned)a.v >> kShift);
}
template <int kShift, class T> TORCH_INLINE Vec<T> shift_right(Vec<T> a) { return a.v >> kShift; }

// Widening and narrowing between float lanes and two registers of double lanes.
// (The compiler's own conversion of vectors goes through halves with AVX-512.)
TORCH_INLINE void widen(Vec<float> a, Vec<double>& low, Vec<double>& high) {
#if TORCH_VEC_AVX512
  const auto low_half = __builtin_shufflevector(a.v, a.v, 0, 1, 2, 3, 4, 5, 6, 7);
  const auto high_half = __builtin_shufflevector(a.v, a.v, 8, 9, 10, 11, 12, 13, 14, 15);
  low = (Vec<double>::Raw)_mm512_maskz_cvtps_pd(0xff, (__m256)low_half);
  high = (Vec<double>::Raw)_mm512_maskz_cvtps_pd(0xff, (__m256)high_half);
#elif TORCH_VEC_AVX2
  low = (Vec<double>::Raw)_mm256_cvtps_pd(_mm256_castps256_ps128((__m256)a.v));
  high = (Vec<double>::Raw)_mm256_cvtps_pd(_mm256_extractf128_ps((__m256)a.v, 1));
#else
  low = (Vec<double>::Raw)_mm_cvtps_pd((__m128)a.v);
  high = (Vec<double>::Raw)_mm_cvtps_pd(_mm_movehl_ps((__m128)a.v, (__m128)a.v));
#endif
}
// As many floats as doubles fit into a register, widened on the way from memory.
TORCH_INLINE Vec<double> load_widened(const float* p) {
#if TORCH_VEC_AVX512
  return (Vec<double>::Raw)_mm512_maskz_cvtps_pd(0xff, _mm256_loadu_ps(p));
#elif TORCH_VEC_AVX2
  return (Vec<double>::Raw)_mm256_cvtps_pd(_mm_loadu_ps(p));
#else
  return (Vec<double>::Raw)_mm_cvtps_pd(_mm_castpd_ps(_mm_load_sd(reinterpret_cast<const double*>(p))));
#endif
}
TORCH_INLINE Vec<double> load_widened(const double* p) { return Vec<double>::load(p); }
TORCH_INLINE Vec<float> narrow(Vec<double> low, Vec<double> high) {
#if TORCH_VEC_AVX512
  const __m256 a = _mm512_maskz_cvtpd_ps(0xff, (__m512d)low.v),
               b = _mm512_maskz_cvtpd_ps(0xff, (__m512d)high.v);
  return (Vec<float>::Raw)__builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#elif TORCH_VEC_AVX2
  return (Vec<float>::Raw)_mm256_set_m128(_mm256_cvtpd_ps((__m256d)high.v), _mm256_cvtpd_ps((__m256d)low.v));
#else
  return (Vec<float>::Raw)_mm_movelh_ps(_mm_cvtpd_ps((__m128d)low.v), _mm_cvtpd_ps((__m128d)high.v));
#endif
}

// a * b + c in one rounding where the machine has it, in two elsewhere.
TORCH_INLINE float fused(float a, float b, float c) {
#if defined(__FMA__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}
TORCH_INLINE double fused(double a, double b, double c) {
#if defined(__FMA__)
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}
TORCH_INLINE Vec<float> fused(Vec<float> a, Vec<float> b, Vec<float> c) {
#if TORCH_VEC_AVX512
  return (Vec<float>::Raw)_mm512_fmadd_ps((__m512)a.v, (__m512)b.v, (__m512)c.v);
#elif TORCH_VEC_AVX2
  return (Vec<float>::Raw)_mm256_fmadd_ps((__m256)a.v, (__m256)b.v, (__m256)c.v);
#else
  return a * b + c;
#endif
}
TORCH_INLINE Vec<double> fused(Vec<double> a, Vec<double> b, Vec<double> c) {
#if TORCH_VEC_AVX512
  return (Vec<double>::Raw)_mm512_fmadd_pd((__m512d)a.v, (__m512d)b.v, (__m512d)c.v);
#elif TORCH_VEC_AVX2
  return (Vec<double>::Raw)_mm256_fmadd_pd((__m256d)a.v, (__m256d)b.v, (__m256d)c.v);
#else
  return a * b + c;
#endif
}
template <Number T>
requires std::is_integral_v<T> TORCH_INLINE T fused(T a, T b, T c) {
  using U = std::make_unsigned_t<T>;
  return T(U(a) * U(b) + U(c));
}
template <class T>
requires std::is_integral_v<T> TORCH_INLINE Vec<T> fused(Vec<T> a, Vec<T> b, Vec<T> c) { return a * b + c; }

// Rounding. floor_ ... so as not to meet the C library's names in overload sets.
#if TORCH_VEC_AVX512
#define TORCH_ROUND(name, mode)                                                                              \
  TORCH_INLINE Vec<float> name(Vec<float> a) {                                                               \
    return (Vec<float>::Raw)_mm512_maskz_roundscale_ps(0xffff, (__m512)a.v, (mode) | _MM_FROUND_NO_EXC);     \
  }                                                                                                          \
  TORCH_INLINE Vec<double> name(Vec<double> a) {                                                             \
    return (Vec<double>::Raw)_mm512_maskz_roundscale_pd(0xff, (__m512d)a.v, (mode) | _MM_FROUND_NO_EXC);     \
  }
#elif TORCH_VEC_AVX2
#define TORCH_ROUND(name, mode)                                                                              \
  TORCH_INLINE Vec<float> name(Vec<float> a) {                                                               \
    return (Vec<float>::Raw)_mm256_round_ps((__m256)a.v, (mode) | _MM_FROUND_NO_EXC);                        \
  }                                                                                                          \
  TORCH_INLINE Vec<double> name(Vec<double> a) {                                                             \
    return (Vec<double>::Raw)_mm256_round_pd((__m256d)a.v, (mode) | _MM_FROUND_NO_EXC);                      \
  }
#else
#define TORCH_ROUND(name, mode)                                                                              \
  TORCH_INLINE Vec<float> name(Vec<float> a) {                                                               \
    return (Vec<float>::Raw)_mm_round_ps((__m128)a.v, (mode) | _MM_FROUND_NO_EXC);                           \
  }                                                                                                          \
  TORCH_INLINE Vec<double> name(Vec<double> a) {                                                             \
    return (Vec<double>::Raw)_mm_round_pd((__m128d)a.v, (mode) | _MM_FROUND_NO_EXC);                         \
  }
#endif
TORCH_ROUND(floor_, _MM_FROUND_TO_NEG_INF)
TORCH_ROUND(ceil_, _MM_FROUND_TO_POS_INF)
TORCH_ROUND(round_, _MM_FROUND_TO_NEAREST_INT)
TORCH_ROUND(trunc_, _MM_FROUND_TO_ZERO)
#undef TORCH_ROUND

#if TORCH_VEC_AVX512
TORCH_INLINE Vec<float> sqrt_(Vec<float> a) {
  return (Vec<float>::Raw)_mm512_maskz_sqrt_ps(0xffff, (__m512)a.v);
}
TORCH_INLINE Vec<double> sqrt_(Vec<double> a) {
  return (Vec<double>::Raw)_mm512_maskz_sqrt_pd(0xff, (__m512d)a.v);
}
#elif TORCH_VEC_AVX2
TORCH_INLINE Vec<float> sqrt_(Vec<float> a) { return (Vec<float>::Raw)_mm256_sqrt_ps((__m256)a.v); }
TORCH_INLINE Vec<double> sqrt_(Vec<double> a) { return (Vec<double>::Raw)_mm256_sqrt_pd((__m256d)a.v); }
#else
TORCH_INLINE Vec<float> sqrt_(Vec<float> a) { return (Vec<float>::Raw)_mm_sqrt_ps((__m128)a.v); }
TORCH_INLINE Vec<double> sqrt_(Vec<double> a) { return (Vec<double>::Raw)_mm_sqrt_pd((__m128d)a.v); }
#endif

template <class T> TORCH_INLINE Vec<T> abs_(Vec<T> a) {
  if constexpr (Vec<T>::kFloating) {
    return from_bits<T>(bits(a) & Vec<BitsOf<T>>(std::numeric_limits<BitsOf<T>>::max()));
  } else {
    return select(a < Vec<T>(T(0)), -a, a);
  }
}
// Magnitude of a with the sign of b.
template <class T>
requires std::is_floating_point_v<T> TORCH_INLINE Vec<T> copysign_(Vec<T> a, Vec<T> b) {
  const Vec<BitsOf<T>> sign(std::numeric_limits<BitsOf<T>>::min());
  return from_bits<T>((bits(a) & ~sign) | (bits(b) & sign));
}
template <class T>
requires std::is_floating_point_v<T> TORCH_INLINE Mask<T> signbit_(Vec<T> a) {
  return (typename Mask<T>::Raw)(bits(a).v < 0);
}
template <class T> TORCH_INLINE Mask<T> isnan_(Vec<T> a) { return a != a; }

// Plain comparisons: b unless a is smaller (larger), so a NaN in a gives b. The machine's own min and max.
template <class T> TORCH_INLINE Vec<T> min_or_second(Vec<T> a, Vec<T> b) {
#if TORCH_VEC_AVX512
  if constexpr (std::is_same_v<T, float>)
    return (typename Vec<T>::Raw)_mm512_maskz_min_ps(0xffff, (__m512)a.v, (__m512)b.v);
  if constexpr (std::is_same_v<T, double>)
    return (typename Vec<T>::Raw)_mm512_maskz_min_pd(0xff, (__m512d)a.v, (__m512d)b.v);
#elif TORCH_VEC_AVX2
  if constexpr (std::is_same_v<T, float>)
    return (typename Vec<T>::Raw)_mm256_min_ps((__m256)a.v, (__m256)b.v);
  if constexpr (std::is_same_v<T, double>)
    return (typename Vec<T>::Raw)_mm256_min_pd((__m256d)a.v, (__m256d)b.v);
#endif
  return a.v < b.v ? a.v : b.v;
}
template <class T> TORCH_INLINE Vec<T> max_or_second(Vec<T> a, Vec<T> b) {
#if TORCH_VEC_AVX512
  if constexpr (std::is_same_v<T, float>)
    return (typename Vec<T>::Raw)_mm512_maskz_max_ps(0xffff, (__m512)a.v, (__m512)b.v);
  if constexpr (std::is_same_v<T, double>)
    return (typename Vec<T>::Raw)_mm512_maskz_max_pd(0xff, (__m512d)a.v, (__m512d)b.v);
#elif TORCH_VEC_AVX2
  if constexpr (std::is_same_v<T, float>)
    return (typename Vec<T>::Raw)_mm256_max_ps((__m256)a.v, (__m256)b.v);
  if constexpr (std::is_same_v<T, double>)
    return (typename Vec<T>::Raw)_mm256_max_pd((__m256d)a.v, (__m256d)b.v);
#endif
  return a.v > b.v ? a.v : b.v;
}
// NaN in either operand gives NaN.
template <class T> TORCH_INLINE Vec<T> minimum_(Vec<T> a, Vec<T> b) {
  if constexpr (Vec<T>::kFloating)
    return select(a != a, a, min_or_second(a, b)); // NaN in b: not smaller, so b
  else
    return min_or_second(a, b);
}
template <class T> TORCH_INLINE Vec<T> maximum_(Vec<T> a, Vec<T> b) {
  if constexpr (Vec<T>::kFloating)
    return select(a != a, a, max_or_second(a, b));
  else
    return max_or_second(a, b);
}

// Applies a function of numbers lane by lane, for what has no vector form.
template <class T, class F> TORCH_INLINE Vec<T> by_lane(Vec<T> a, F f) {
  T x[Vec<T>::kLanes];
  a.store(x);
  for (int i = 0; i < Vec<T>::kLanes; ++i) x[i] = f(x[i]);
  return Vec<T>::load(x);
}
template <class T, class F> TORCH_INLINE Vec<T> by_lane(Vec<T> a, Vec<T> b, F f) {
  T x[Vec<T>::kLanes], y[Vec<T>::kLanes];
  a.store(x);
  b.store(y);
  for (int i = 0; i < Vec<T>::kLanes; ++i) x[i] = f(x[i], y[i]);
  return Vec<T>::load(x);
}

// Calls f(i, load, store) for each register of a row of n elements, i being its first element; load(p) and
// store(p, v) take care of the last, partial one.
template <class T, class F> TORCH_INLINE void each_vec(int64_t n, F&& f) {
  using V = Vec<T>;
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes)
    f(
        i, [](const T* p) { return V::load(p); }, [](T* p, V v) { v.store(p); });
  if (const int64_t rest = n - i; rest > 0)
    f(
        i, [rest](const T* p) { return V::load_partial(p, rest); },
        [rest](T* p, V v) { v.store_partial(p, rest); });
}

// Lanes moved down by kBy, cyclically.
template <int kBy, class T> TORCH_INLINE Vec<T> rotate_lanes(Vec<T> a) {
  typename Mask<T>::Raw index;
  for (int i = 0; i < Vec<T>::kLanes; ++i) index[i] = (i + kBy) % Vec<T>::kLanes;
  return __builtin_shuffle(a.v, index);
}
// Folds the lanes of one register in a fixed order (halves); f joins two registers.
template <class T, class F> TORCH_INLINE T fold_lanes(Vec<T> a, F f) {
  if constexpr (Vec<T>::kLanes >= 16) a = f(a, rotate_lanes<8>(a));
  if constexpr (Vec<T>::kLanes >= 8) a = f(a, rotate_lanes<4>(a));
  if constexpr (Vec<T>::kLanes >= 4) a = f(a, rotate_lanes<2>(a));
  return f(a, rotate_lanes<1>(a)).v[0];
}

} // namespace torch::TORCH_ISA

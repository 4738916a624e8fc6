// Conversions from every dtype, one loop a pair; the compiler vectorises them, half types are done by hand.
#include "kernels/cpu/convert.h"

#include "kernels/cpu/vec.h"

namespace torch::TORCH_ISA {

void half_to_float(float* __restrict out, const Half* __restrict in, int64_t n) {
  int64_t i = 0;
#if TORCH_VEC_AVX512
  for (; i + 16 <= n; i += 16)
    _mm512_storeu_ps(out + i, _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256((const __m256i*)(in + i))));
#endif
#if defined(__F16C__)
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)(in + i))));
#endif
  for (; i < n; ++i) out[i] = in[i];
}

void float_to_half(Half* __restrict out, const float* __restrict in, int64_t n) {
  int64_t i = 0;
#if TORCH_VEC_AVX512
  for (; i + 16 <= n; i += 16)
    _mm256_storeu_si256((__m256i*)(out + i),
                        _mm512_maskz_cvtps_ph(0xffff, _mm512_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
#endif
#if defined(__F16C__)
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128((__m128i*)(out + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
#endif
  for (; i < n; ++i) out[i] = in[i];
}

void bfloat16_to_float(float* __restrict out, const BFloat16* __restrict in, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = in[i];
}

void float_to_bfloat16(BFloat16* __restrict out, const float* __restrict in, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = BFloat16(in[i]);
}

namespace {

// Types that are read and written by way of float.
template <class T>
constexpr bool kIsHalf = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16> || kIsFloat8<T>;
template <class T> constexpr bool kIsStdComplex = false;
template <class T> constexpr bool kIsStdComplex<std::complex<T>> = true;

template <class To, class From> TORCH_INLINE To cast(From x) {
  if constexpr (kIsStdComplex<From> && kIsStdComplex<To>) {
    return To(x);
  } else if constexpr (kIsStdComplex<From>) {
    if constexpr (std::is_same_v<To, bool>)
      return x.real() != 0 || x.imag() != 0;
    else
      return cast<To>(x.real());
  } else if constexpr (kIsStdComplex<To>) {
    return To(cast<typename To::value_type>(x));
  } else if constexpr (kIsHalf<From>) {
    return cast<To>(float(x));
  } else if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (kIsHalf<To>) {
    return To(float(x));
  } else if constexpr (std::is_floating_point_v<From> && std::is_same_v<To, uint64_t>) {
    constexpr From kHalf = 0x1p63; // what int64 does not hold has the highest bit
    return x >= kHalf ? To(int64_t(x - kHalf)) ^ (To(1) << 63) : To(int64_t(x));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To> && sizeof(To) < 4) {
    return To(int32_t(x)); // what the machine does for numbers outside the small type too: wrap
  } else if constexpr (std::is_floating_point_v<From> && std::is_same_v<To, uint32_t>) {
    return To(int64_t(x)); // likewise
  } else {
    return To(x);
  }
}

template <class To, class From> void convert_row(void* __restrict out, const void* __restrict in, int64_t n) {
  auto* o = static_cast<To*>(out);
  const auto* x = static_cast<const From*>(in);
  if constexpr (std::is_same_v<To, From>) {
    std::memcpy(out, in, size_t(n) * sizeof(To));
  } else if constexpr (std::is_same_v<From, Half> && std::is_same_v<To, float>) {
    half_to_float(o, x, n);
  } else if constexpr (std::is_same_v<From, float> && std::is_same_v<To, Half>) {
    float_to_half(o, x, n);
  } else if constexpr (kIsFloat8<From> && std::is_same_v<To, float>) {
    for (int64_t i = 0; i < n; ++i) o[i] = x[i];
  } else if constexpr (kIsHalf<From> ||
                       ((std::is_same_v<To, Half> || kIsFloat8<To>)&&!std::is_same_v<From, float>)) {
    if constexpr (std::is_same_v<From, BFloat16> && std::is_same_v<To, float>) {
      bfloat16_to_float(o, x, n);
    } else {
      float middle[256]; // through float in small pieces
      for (int64_t first = 0; first < n; first += 256) {
        const int64_t m = n - first < 256 ? n - first : 256;
        convert_row<float, From>(middle, x + first, m);
        convert_row<To, float>(o + first, middle, m);
      }
    }
  } else if constexpr (std::is_same_v<From, bool> && std::is_arithmetic_v<To>) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(x); // the compiler reads no bools into registers
    for (int64_t i = 0; i < n; ++i) o[i] = To(bytes[i] != 0);
  } else {
    for (int64_t i = 0; i < n; ++i) o[i] = cast<To, From>(x[i]);
  }
}

// Types of one width share the code that reads them where only the bits count, and the code that writes them
// from integers: rows are compiled for the signed type, or for both where they differ.
template <class T> constexpr bool kIsInteger = std::is_integral_v<T> && !std::is_same_v<T, bool>;
template <class To, class From> constexpr Convert row_of() {
  constexpr bool narrows = kIsInteger<From> && std::is_integral_v<To> && sizeof(To) <= sizeof(From);
  constexpr bool wide_to = is_wide_unsigned(dtype_of<To>()), wide_from = is_wide_unsigned(dtype_of<From>());
  if constexpr (wide_to && (std::is_integral_v<From> || sizeof(To) == 2))
    return row_of<std::make_signed_t<To>, From>();
  else if constexpr (wide_from && narrows)
    return row_of<To, std::make_signed_t<From>>();
  else
    return convert_row<To, From>;
}

template <class... Ts> struct Converters {
  Convert row[kNumNumberDTypes][kNumNumberDTypes];
  constexpr Converters(TypeList<Ts...>) : row{} { (set<Ts>(), ...); }

private:
  template <class From> constexpr void set() { (set_one<Ts, From>(), ...); }
  template <class To, class From> constexpr void set_one() {
    row[int(dtype_of<From>())][int(dtype_of<To>())] = row_of<To, From>();
  }
};
constexpr Converters kConverters{AllTypes{}};

} // namespace

Convert converter(DType from, DType to) {
  if (is_opaque(from) || is_opaque(to)) [[unlikely]]
    fail_dtype("copy_kernel", is_opaque(from) ? from : to);
  return kConverters.row[int(from)][int(to)];
}

} // namespace torch::TORCH_ISA

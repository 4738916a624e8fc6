// Rows on float16 and bfloat16 as they are, for ops that take no longer than reading and writing: values are
// floats in registers only.
#include "kernels/cpu/convert.h"
#include "kernels/cpu/narrow.h"
#include "kernels/cpu/reduce_lanes.h"
#include "kernels/pointwise.h"
#include "kernels/pointwise_nn.h"

namespace torch::TORCH_ISA {
namespace {

TORCH_INLINE void store_as(Vec<float> v, Half* to) {
#if TORCH_VEC_AVX512
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                      _mm512_maskz_cvtps_ph(0xffff, (__m512)v.v, _MM_FROUND_TO_NEAREST_INT));
#elif TORCH_VEC_AVX2
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_cvtps_ph((__m256)v.v, _MM_FROUND_TO_NEAREST_INT));
#else
  float values[Vec<float>::kLanes];
  v.store(values);
  float_to_half(to, values, Vec<float>::kLanes);
#endif
}
TORCH_INLINE void store_as(Vec<float> v, BFloat16* to) {
  using I = Vec<int32_t>;
  const I raw = bits(v), even = shift_right_logical<16>(raw) & I(1);
  const I rounded = select(Mask<int32_t>(isnan_(v).v), I(0x7fc00000), raw + I(0x7fff) + even);
  const I high = shift_right_logical<16>(rounded);
#if TORCH_VEC_AVX512
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_maskz_cvtepi32_epi16(0xffff, (__m512i)high.v));
#else
  const auto narrow = __builtin_convertvector(high.v, RawVec<int16_t, I::kLanes>);
  std::memcpy(static_cast<void*>(to), &narrow, sizeof narrow);
#endif
}

template <template <class> class F, int kInputs, class H>
void half_row(void* out, const void* const* inputs, int64_t n, const Scalar* params) {
  using V = Vec<float>;
  const F<V> f{params};
  const auto run = [&f](H* to, const H* const* from) {
    if constexpr (kInputs == 1)
      store_as(f(load_as_float(from[0])), to);
    else
      store_as(f(load_as_float(from[0]), load_as_float(from[1])), to);
  };
  H* const to = static_cast<H*>(out);
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) {
    const H* from[kInputs];
    for (int k = 0; k < kInputs; ++k) from[k] = static_cast<const H*>(inputs[k]) + i;
    run(to + i, from);
  }
  if (i == n) return;
  H rest[kInputs][V::kLanes] = {}, result[V::kLanes];
  const H* from[kInputs];
  for (int k = 0; k < kInputs; ++k) {
    std::copy_n(static_cast<const H*>(inputs[k]) + i, n - i, rest[k]);
    from[k] = rest[k];
  }
  run(result, from);
  std::copy_n(result, n - i, to + i);
}

template <class H> Row row_of(PointwiseOp op) {
  switch (op) {
  case PointwiseOp::Add:
    return half_row<Add, 2, H>;
  case PointwiseOp::Sub:
    return half_row<Sub, 2, H>;
  case PointwiseOp::Mul:
    return half_row<Mul, 2, H>;
  case PointwiseOp::Div:
    return half_row<Div, 2, H>;
  case PointwiseOp::Maximum:
    return half_row<Maximum, 2, H>;
  case PointwiseOp::Minimum:
    return half_row<Minimum, 2, H>;
  case PointwiseOp::Relu:
    return half_row<Relu, 1, H>;
  default:
    return nullptr;
  }
}

} // namespace

Row half_row(PointwiseOp op, DType dtype) {
  return dtype == DType::Float16 ? row_of<Half>(op) : row_of<BFloat16>(op);
}

} // namespace torch::TORCH_ISA

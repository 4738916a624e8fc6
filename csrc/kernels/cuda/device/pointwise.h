// Elementwise kernels: one functor, in a compute type V, over operands in memory.
//
// NAME_V_S   flat: all operands are contiguous, of one size and held as S (or are one element each). A block
// takes
//            flat_block elements; its threads load 16 bytes at a time, next to each other, flat_rounds times
//            before they compute.
// NAME_V_any strided: any layout, broadcast, and any dtypes, which are looked up at run time. Each thread
// takes
//            kStridedEach elements that lie a block's width apart, so that neighbours stay neighbours.
#pragma once

#include "kernels/cuda/device/element.h"
#include "kernels/cuda/device/pointwise_args.h"
#include "kernels/cuda/device/walk.h"
#include "kernels/pointwise.h"
#include "kernels/pointwise_nn.h"
#include "kernels/pointwise_special.h"

namespace torch::TORCH_ISA {

namespace pointwise_detail {

template <class F, class V> constexpr int count_inputs() {
  if constexpr (F::kMaskFirst)
    return 3;
  else if constexpr (requires(const F& f, V v) { f(v); })
    return 1;
  else if constexpr (requires(const F& f, V v) { f(v, v); })
    return 2;
  else
    return 3;
}

// Which compute types the functor has, by its kTypes: integers, floats, complex.
template <class F, class V> constexpr bool takes() {
  constexpr unsigned bit = std::is_integral_v<V> ? 1 : kIsComplex<V> ? 4 : 2;
  return (F::kTypes & bit) != 0;
}

template <class F, class V, int kInputs>
TORCH_INLINE auto apply(const F& f, const V (&x)[kInputs], bool mask) {
  if constexpr (F::kMaskFirst)
    return f(mask, x[1], x[2]);
  else if constexpr (kInputs == 1)
    return f(x[0]);
  else if constexpr (kInputs == 2)
    return f(x[0], x[1]);
  else
    return f(x[0], x[1], x[2]);
}

// What a result is stored as where the inputs are held as S.
template <class R, class V, class S> struct Stored { using type = R; };
template <class V, class S> struct Stored<V, V, S> { using type = S; };
template <class V, class S> struct Stored<bool, V, S> { using type = bool; };

template <class T, int kCount> struct alignas(sizeof(T) * kCount >= 16 ? 16 : sizeof(T) * kCount) Pack {
  T v[kCount];
};

TORCH_INLINE const Scalar* scalars(const cuda::Number* numbers) {
  static_assert(sizeof(Scalar) == sizeof(cuda::Number));
  return reinterpret_cast<const Scalar*>(numbers);
}

} // namespace pointwise_detail

template <template <class> class Op, class V, class S>
TORCH_INLINE void flat(const cuda::PointwiseArgs& args) {
  using namespace pointwise_detail;
  using F = Op<V>;
  if constexpr (takes<F, V>()) {
    constexpr int kInputs = count_inputs<F, V>();
    constexpr int kVector = cuda::flat_vector(sizeof(S)), kRounds = cuda::flat_rounds(sizeof(S));
    const F f(scalars(args.params));
    V once[kInputs]; // inputs of one element
    bool mask_once = false;
    for (int k = 0; k < kInputs; ++k) {
      if (F::kMaskFirst && k == 0) {
        if (args.constant & 1)
          mask_once = scalars(args.constants)->to<bool>();
        else if (args.repeated & 1)
          mask_once = *static_cast<const bool*>(args.in[0]);
        continue;
      }
      if (args.constant >> k & 1)
        once[k] = scalars(args.constants)[k].template to<V>();
      else if (args.repeated >> k & 1)
        once[k] = convert<V>(*static_cast<const S*>(args.in[k]));
    }
    const auto result_of = [&](auto value) {
      return convert<typename Stored<decltype(value), V, S>::type>(value);
    };
    using R = decltype(result_of(apply<F, V, kInputs>(f, once, false)));

    const int64_t start = int64_t(blockIdx.x) * cuda::flat_block(sizeof(S));
    if (args.aligned && start + cuda::flat_block(sizeof(S)) <= args.n) {
      Pack<S, kVector> in[kInputs][kRounds];
      Pack<bool, kVector> masks[F::kMaskFirst ? kRounds : 1];
      const auto place = [&](int round) {
        return start + (int64_t(round) * cuda::kThreads + threadIdx.x) * kVector;
      };
#pragma unroll
      for (int k = 0; k < kInputs; ++k) {
        if (args.repeated >> k & 1) continue;
#pragma unroll
        for (int r = 0; r < kRounds; ++r) {
          if constexpr (F::kMaskFirst)
            if (k == 0) {
              masks[r] = *reinterpret_cast<const Pack<bool, kVector>*>(static_cast<const bool*>(args.in[0]) +
                                                                       place(r));
              continue;
            }
          in[k][r] = *reinterpret_cast<const Pack<S, kVector>*>(static_cast<const S*>(args.in[k]) + place(r));
        }
      }
#pragma unroll
      for (int r = 0; r < kRounds; ++r) {
        Pack<R, kVector> out;
#pragma unroll
        for (int i = 0; i < kVector; ++i) {
          V x[kInputs];
#pragma unroll
          for (int k = 0; k < kInputs; ++k)
            if (!(F::kMaskFirst && k == 0))
              x[k] = args.repeated >> k & 1 ? once[k] : convert<V>(in[k][r].v[i]);
          const bool mask =
              F::kMaskFirst && !(args.repeated & 1) ? masks[F::kMaskFirst ? r : 0].v[i] : mask_once;
          out.v[i] = result_of(apply<F, V, kInputs>(f, x, mask));
        }
        *reinterpret_cast<Pack<R, kVector>*>(static_cast<R*>(args.out) + place(r)) = out;
      }
      return;
    }
    const int64_t end =
        start + cuda::flat_block(sizeof(S)) < args.n ? start + cuda::flat_block(sizeof(S)) : args.n;
#pragma unroll 1
    for (int64_t i = start + threadIdx.x; i < end; i += cuda::kThreads) {
      V x[kInputs];
      bool mask = mask_once;
      for (int k = 0; k < kInputs; ++k) {
        if (F::kMaskFirst && k == 0)
          mask = args.repeated & 1 ? mask_once : static_cast<const bool*>(args.in[0])[i];
        else
          x[k] = args.repeated >> k & 1 ? once[k] : convert<V>(static_cast<const S*>(args.in[k])[i]);
      }
      static_cast<R*>(args.out)[i] = result_of(apply<F, V, kInputs>(f, x, mask));
    }
  }
}

template <template <class> class Op, class V> TORCH_INLINE void strided(const cuda::StridedArgs& args) {
  using namespace pointwise_detail;
  using F = Op<V>;
  if constexpr (takes<F, V>()) {
    constexpr int kInputs = count_inputs<F, V>();
    const F f(scalars(args.params));
    int64_t index = int64_t(blockIdx.x) * (cuda::kStridedThreads * cuda::kStridedEach) + threadIdx.x;
#pragma unroll 1
    for (int e = 0; e < cuda::kStridedEach && index < args.n; ++e, index += cuda::kStridedThreads) {
      int64_t at[1 + kInputs];
      find_place(args.places, index, at);
      V x[kInputs];
      bool mask = false;
#pragma unroll 1
      for (int k = 0; k < kInputs; ++k) {
        const char* const p = static_cast<const char*>(args.in[k]) + at[1 + k];
        if (F::kMaskFirst && k == 0)
          mask = args.constant & 1 ? scalars(args.constants)->to<bool>()
                                   : load_as<int32_t>(args.types[1], p) != 0;
        else
          x[k] = args.constant >> k & 1 ? scalars(args.constants)[k].template to<V>()
                                        : load_as<V>(args.types[1 + k], p);
      }
      const auto value = apply<F, V, kInputs>(f, x, mask);
      char* const p = static_cast<char*>(args.out) + at[0];
      if constexpr (std::is_same_v<decltype(value), const bool>)
        store_as(args.types[0], p, static_cast<int32_t>(value));
      else
        store_as(args.types[0], p, value);
    }
  }
}

} // namespace torch::TORCH_ISA

#define TORCH_FLAT(name, Op, V, S)                                                                           \
  TORCH_KERNEL(name, torch::cuda::kThreads, torch::cuda::PointwiseArgs) {                                    \
    using namespace torch::TORCH_ISA;                                                                        \
    flat<Op, V, S>(args);                                                                                    \
  }
#define TORCH_STRIDED(name, Op, V)                                                                           \
  TORCH_KERNEL(name, torch::cuda::kStridedThreads, torch::cuda::StridedArgs) {                               \
    using namespace torch::TORCH_ISA;                                                                        \
    strided<Op, V>(args);                                                                                    \
  }

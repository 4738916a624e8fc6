// Updates of one element that several threads may make at once.
#pragma once

#include "kernels/cuda/device/element.h"

namespace torch::TORCH_ISA {

namespace atomic_detail {

#ifdef __CUDACC__
template <class To, class From> TORCH_INLINE To bits_as(From from) { return __builtin_bit_cast(To, from); }
#else
template <class To, class From> TORCH_INLINE To bits_as(From from) { return std::bit_cast<To>(from); }
#endif

// change(element) until nobody came between, by words of W that hold an element each.
template <class W, class S, class F> TORCH_INLINE void swap_until(S* p, const F& change) {
  static_assert(sizeof(W) == sizeof(S));
  W* const word = reinterpret_cast<W*>(p);
  W old = *static_cast<volatile W*>(word);
  for (;;) {
    const W wanted = bits_as<W>(change(bits_as<S>(old)));
    const W found = atomicCAS(word, old, wanted);
    if (found == old) return;
    old = found;
  }
}
// An element of one byte, by the word around it.
template <class S, class F> TORCH_INLINE void swap_byte(S* p, const F& change) {
  const auto at = reinterpret_cast<uint64_t>(p);
  unsigned* const word = reinterpret_cast<unsigned*>(at & ~uint64_t(3));
  const unsigned shift = static_cast<unsigned>(at & 3) * 8;
  unsigned old = *static_cast<volatile unsigned*>(word);
  for (;;) {
    const uint8_t wanted = bits_as<uint8_t>(change(bits_as<S>(static_cast<uint8_t>(old >> shift))));
    const unsigned found = atomicCAS(word, old, (old & ~(255u << shift)) | unsigned(wanted) << shift);
    if (found == old) return;
    old = found;
  }
}

} // namespace atomic_detail

// *p = change(*p).
template <class S, class F> TORCH_INLINE void update(S* p, const F& change) {
  using namespace atomic_detail;
  if constexpr (sizeof(S) == 1)
    swap_byte(p, change);
  else if constexpr (sizeof(S) == 2)
    swap_until<unsigned short>(p, change);
  else if constexpr (sizeof(S) == 4)
    swap_until<unsigned>(p, change);
  else
    swap_until<unsigned long long>(p, change);
}

// *p += value.
template <class S, class V> TORCH_INLINE void add_to(S* p, V value) {
  if constexpr (std::is_same_v<S, float> || std::is_same_v<S, double>)
    atomicAdd(p, value);
  else if constexpr (std::is_same_v<S, int32_t>)
    atomicAdd(reinterpret_cast<unsigned*>(p), static_cast<unsigned>(value));
  else if constexpr (std::is_same_v<S, int64_t>)
    atomicAdd(reinterpret_cast<unsigned long long*>(p), static_cast<unsigned long long>(value));
  else if constexpr (kIsComplex<S>) {
    add_to(&p->re, value.re);
    add_to(&p->im, value.im);
  } else
    update(p, [=](S old) { return convert<S>(convert<V>(old) + value); });
}

} // namespace torch::TORCH_ISA

// Blocks and threads of a GPU on the CPU, so that kernels run where there is none (see emulated/driver.cpp).
#pragma once

#include "kernels/cuda/device/integers.h"

#include <atomic>
#include <bit>
#include <cmath>
#include <limits>

namespace torch::emulated {

struct Index {
  unsigned x = 0, y = 0, z = 0;
};
// Of the thread that runs, set by the launch.
extern Index thread_index, block_index, block_size, grid_size;

void wait_for_block(); // __syncthreads
// What lane `from` of this warp gives as `value`, all lanes having come here.
uint64_t exchange(uint64_t value, unsigned from);
unsigned lane_id();

// Newton's steps on erf, or on erfc in the tails, from Winitzki's approximation.
inline double inverse_erf(double y) {
  const double size = std::fabs(y);
  if (!(size < 1))
    return size == 1 ? y * std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  const double log_part = std::log1p(-y * y), a = 0.147, b = 2 / (M_PI * a) + log_part / 2;
  double x = std::sqrt(std::sqrt(b * b - log_part / a) - b);
  for (int i = 0; i < 4; ++i) {
    const double error = size < 0.5 ? std::erf(x) - size : (1 - size) - std::erfc(x);
    x -= error / (2 / std::sqrt(M_PI) * std::exp(-x * x));
  }
  return std::copysign(x, y);
}

} // namespace torch::emulated

#define threadIdx ::torch::emulated::thread_index
#define blockIdx ::torch::emulated::block_index
#define blockDim ::torch::emulated::block_size
#define gridDim ::torch::emulated::grid_size
#define __syncthreads ::torch::emulated::wait_for_block
#define __shared__ static
#define emulated_erfinv ::torch::emulated::inverse_erf

#define TORCH_INLINE inline
#define TORCH_APART inline
// Takes the arguments as cuLaunchKernel gets them.
#define TORCH_KERNEL(name, threads, Args)                                                                    \
  extern "C" __attribute__((visibility("default"))) const unsigned name##_bytes;                             \
  const unsigned name##_bytes = sizeof(Args);                                                                \
  static void name##_body(const Args& args);                                                                 \
  extern "C" __attribute__((visibility("default"))) void name(void** params) {                               \
    name##_body(*static_cast<const Args*>(params[0]));                                                       \
  }                                                                                                          \
  static void name##_body(const Args& args)

inline int atomicCAS_system(int* at, int expected, int wanted) {
  std::atomic_ref<int>(*at).compare_exchange_strong(expected, wanted);
  return expected;
}
inline void __threadfence_system() { std::atomic_thread_fence(std::memory_order_seq_cst); }
inline uint32_t __umulhi(uint32_t a, uint32_t b) { return static_cast<uint32_t>((uint64_t{a} * b) >> 32); }
template <class T> T atomicCAS(T* at, T expected, T wanted) {
  std::atomic_ref<T>(*at).compare_exchange_strong(expected, wanted);
  return expected;
}
template <class T> T atomicAdd(T* at, T value) {
  const T old = *at; // blocks run one after the other
  *at = old + value;
  return old;
}

// What code for a GPU may take for granted, for each of the three compilers that it passes through: nvcc
// ahead of time, NVRTC at run time (which has no C++ library), and the host compiler, which makes of it the
// kernels of the emulated device that tests run on.
#pragma once

#include "kernels/cuda/device/integers.h"

#define TORCH_ISA device

#ifdef __CUDACC_RTC__
// As much of the library as the functors use.
namespace std {
template <bool kCondition, class A, class B> struct conditional { using type = A; };
template <class A, class B> struct conditional<false, A, B> { using type = B; };
template <bool kCondition, class A, class B>
using conditional_t = typename conditional<kCondition, A, B>::type;
template <class A, class B> constexpr bool is_same_v = false;
template <class A> constexpr bool is_same_v<A, A> = true;
template <class T> constexpr bool is_floating_point_v = is_same_v<T, float> || is_same_v<T, double>;
template <class T>
constexpr bool is_integral_v =
    is_same_v<T, bool> || is_same_v<T, char> || is_same_v<T, int8_t> || is_same_v<T, uint8_t> ||
    is_same_v<T, int16_t> || is_same_v<T, uint16_t> || is_same_v<T, int32_t> || is_same_v<T, uint32_t> ||
    is_same_v<T, int64_t> || is_same_v<T, uint64_t> || is_same_v<T, long long> ||
    is_same_v<T, unsigned long long>;
template <class T> constexpr bool is_arithmetic_v = is_integral_v<T> || is_floating_point_v<T>;
template <class T> constexpr bool is_signed_v = is_arithmetic_v<T>&& T(-1) < T(0);
template <class T> struct make_unsigned;
template <> struct make_unsigned<int32_t> { using type = uint32_t; };
template <> struct make_unsigned<uint32_t> { using type = uint32_t; };
template <> struct make_unsigned<int64_t> { using type = uint64_t; };
template <> struct make_unsigned<uint64_t> { using type = uint64_t; };
template <class T> using make_unsigned_t = typename make_unsigned<T>::type;

template <class T> struct numeric_limits {
  static constexpr T max() {
    return T(~T(0)) > T(0) ? T(~T(0)) : T((uint64_t(1) << (8 * sizeof(T) - 1)) - 1);
  }
  static constexpr T min() { return T(~T(0)) > T(0) ? T(0) : T(-max() - 1); }
};
template <> struct numeric_limits<float> {
  static constexpr float infinity() { return __builtin_bit_cast(float, 0x7f800000); }
  static constexpr float quiet_NaN() { return __builtin_bit_cast(float, 0x7fc00000); }
  static constexpr float max() { return 3.402823466e+38f; }
};
template <> struct numeric_limits<double> {
  static constexpr double infinity() { return __builtin_bit_cast(double, 0x7ff0000000000000); }
  static constexpr double quiet_NaN() { return __builtin_bit_cast(double, 0x7ff8000000000000); }
  static constexpr double max() { return 1.7976931348623157e+308; }
};
namespace numbers {
constexpr double pi = 3.14159265358979323846;
constexpr double log2e = 1.44269504088896340736;
constexpr double ln2 = 0.69314718055994530942;
constexpr double sqrt2 = 1.41421356237309504880;
constexpr double inv_sqrtpi = 0.56418958354775628695;
template <class T> constexpr T pi_v = T(pi);
template <class T> constexpr T egamma_v = T(0.57721566490153286061);
} // namespace numbers
using ::acos;
using ::ceil;
using ::copysign;
using ::cos;
using ::erfc;
using ::exp;
using ::expm1;
using ::fabs;
using ::floor;
using ::fma;
using ::fmod;
using ::frexp;
using ::isinf;
using ::isnan;
using ::lgamma;
using ::log;
using ::log1p;
using ::nextafter;
using ::pow;
using ::round;
using ::sin;
using ::sqrt;
using ::tan;
using ::tgamma;
} // namespace std
#else
#include <cmath>
#include <limits>
#include <numbers>
#include <type_traits>
#endif

#ifdef __CUDACC__
#define TORCH_INLINE __device__ __forceinline__
#define TORCH_APART __device__ __noinline__ // one copy, called: for what is long and not hot

// TORCH_KERNEL(name, threads of a block, Args) { ... args ... }: a kernel has one argument, a structure.
#define TORCH_KERNEL(name, threads, Args)                                                                    \
  extern "C" __global__ void __launch_bounds__(threads) name(const Args args)
#else
#include "kernels/cuda/emulated/threads.h"
#endif

// How large a machine register of the instruction set is that this copy of the kernels is compiled for, and
// how many.
#pragma once

#ifndef TORCH_ISA
#error "kernels/cpu is compiled once per instruction set: define TORCH_ISA"
#endif

namespace torch::TORCH_ISA {

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#define TORCH_VEC_AVX512 1
constexpr int kVecBytes = 64;
constexpr int kVecRegisters = 32;
#elif defined(__AVX2__)
#define TORCH_VEC_AVX2 1
constexpr int kVecBytes = 32;
constexpr int kVecRegisters = 16;
#elif defined(__aarch64__)
constexpr int kVecBytes = 16;
constexpr int kVecRegisters = 32;
#else
constexpr int kVecBytes = 16;
constexpr int kVecRegisters = 16;
#endif

template <class T> constexpr int kLanesOf = kVecBytes / int(sizeof(T));

} // namespace torch::TORCH_ISA

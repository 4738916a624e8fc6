// The part of cuFFT's interface that is used here, in its binary form; compared with its header where there
// is one (tests/cuda/fft_api_check.cpp).
#pragma once

#include "kernels/cuda/blas_api.h" // dtypes have the same numbers

namespace torch::cuda {

using FftPlan = int; // cufftHandle

enum FftDirection : int { kFftForward = -1, kFftInverse = 1 };

// X(member, symbol, parameters)
#define TORCH_FFT_FUNCTIONS(X)                                                                               \
  X(create, cufftCreate, (FftPlan*))                                                                         \
  X(destroy, cufftDestroy, (FftPlan))                                                                        \
  X(allocate, cufftSetAutoAllocation, (FftPlan, int allocate))                                               \
  X(make, cufftXtMakePlanMany,                                                                               \
    (FftPlan, int rank, long long* n, long long* in_embed, long long in_stride, long long in_distance,       \
     int in_type, long long* out_embed, long long out_stride, long long out_distance, int out_type,          \
     long long batch, size_t* work_bytes, int computed))                                                     \
  X(set_work, cufftSetWorkArea, (FftPlan, void*))                                                            \
  X(set_stream, cufftSetStream, (FftPlan, Stream))                                                           \
  X(run, cufftXtExec, (FftPlan, void* in, void* out, int direction))

struct Fft {
#define TORCH_MEMBER(member, symbol, params) Status(*member) params = nullptr;
  TORCH_FFT_FUNCTIONS(TORCH_MEMBER)
#undef TORCH_MEMBER
};

} // namespace torch::cuda

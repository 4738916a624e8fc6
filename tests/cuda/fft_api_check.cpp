// Compares cuFFT's interface as kernels/cuda/fft_api.h writes it down with its own header. Compiling it is the test
// (test_nvrtc.py).
#include "alike.h"
#include "kernels/cuda/fft_api.h"

#include <cufftXt.h>

namespace cuda = torch::cuda;

static_assert(static_cast<int>(cuda::kFftForward) == CUFFT_FORWARD);
static_assert(static_cast<int>(cuda::kFftInverse) == CUFFT_INVERSE);

#define CHECK(member, symbol, params)                                                                                \
  static_assert(Alike<decltype(cuda::Fft::member), decltype(&symbol)>::value, #symbol);
TORCH_FFT_FUNCTIONS(CHECK)

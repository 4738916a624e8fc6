// Compiling kernels at run time with NVRTC, which comes in a package of its own (nvidia-cuda-nvrtc) and is
// opened when the first kernel is asked for that was not compiled ahead of time. What it compiles is kept on
// disk.
#pragma once

#include <string>

namespace torch::cuda {

// Machine code of a source for GPUs of this compute capability (90 for 9.0). The source may include
// "kernels/cuda/device/..." and what that includes.
std::string compile(const std::string& source, int compute_capability);

// Whether the compiler is there.
bool can_compile();

// The headers that sources may include, written by cmake/Cuda.cmake.
struct EmbeddedHeader {
  const char* name;
  const char* text;
};
extern const EmbeddedHeader embedded_headers[];
extern const int embedded_header_count;

} // namespace torch::cuda

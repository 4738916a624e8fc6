// Kernels by name, and their launch.
#pragma once

#include "kernels/cuda/runtime.h"
#include "kernels/cuda/types.h"

#include <string_view>

namespace torch::cuda {

// The kernel of this name: from the images compiled ahead of time, else compiled now (jit.h). Kernels are
// kept: look one up once and remember it.
Kernel find_kernel(std::string_view name, const Family& family);
// The same without compiling: null where it was not compiled ahead of time.
Kernel find_compiled(std::string_view name);
// OP_COMPUTED_STORED if it was compiled ahead of time, else OP_COMPUTED_any.
Kernel find_kernel_for(const Family& family, const char* op, DType computed, DType stored);

struct Grid {
  int64_t blocks;
  unsigned threads;
  unsigned shared_bytes = 0;
};
// Puts the kernel on the current stream of the GPU. `args` is its one argument.
void launch(Gpu& gpu, Kernel kernel, Grid grid, const void* args);

// Images that are part of this library, written by cmake/Cuda.cmake.
struct EmbeddedImage {
  const unsigned char* begin;
  const unsigned char* end;
};
extern const EmbeddedImage embedded_images[];
extern const int embedded_image_count;

} // namespace torch::cuda

// Kernels by name, and their launch.
#pragma once

#include "kernels/cuda/runtime.h"

#include <string_view>

namespace torch::cuda {

// The kernel of this name: from the images compiled ahead of time, else compiled now from the source that
// `source` gives (jit.h). Kernels are kept: look one up once and remember it.
Kernel find_kernel(std::string_view name, std::string (*source)(std::string_view name));
// The same without compiling: null where it was not compiled ahead of time.
Kernel find_compiled(std::string_view name);

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

// What kernels by element share.
#pragma once

#include "core/tensor.h"
#include "kernels/cuda/launch.h"

namespace torch::cuda {

// The tensor itself where it is contiguous, else a copy that is.
Tensor packed(const Tensor& t);
// A kernel that has a thread of kEachThreads for each of n elements.
void launch_each(Gpu& gpu, Kernel kernel, int64_t n, const void* args);

} // namespace torch::cuda

// Images as kernels are told of them.
#pragma once

#include "core/tensor.h"
#include "kernels/cuda/device/image_args.h"
#include "kernels/cuda/launch.h"

namespace torch::cuda {

// A tensor whose last `spatial` dimensions are spatial, with channels before them and images before those, if
// there are.
Volume volume_of(const Tensor& t, int64_t spatial);
// Sets how the elements are counted.
void count_elements(Volume& image);
// A kernel that has a thread for each of n elements.
void launch_image(int device, const Family& family, const std::string& name, int64_t n, const void* args);
// OP_COMPUTED_STORED.
std::string kernel_name(const char* op, DType computed, DType stored);

} // namespace torch::cuda

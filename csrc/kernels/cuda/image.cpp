#include "kernels/cuda/image.h"

#include "kernels/cuda/walk.h"

#include <limits>

namespace torch::cuda {

void count_elements(Volume& image) {
  int64_t n = 1;
  for (const int64_t size : image.size) n *= size;
  image.small = n <= std::numeric_limits<int32_t>::max();
  if (image.small)
    for (int axis = 0; axis < kAxes; ++axis)
      image.dividers[axis] = make_divider(static_cast<uint32_t>(image.size[axis]));
  image.pixels = image.stride[kChannels] == 1 && image.size[kChannels] > 1 && image.stride[kWidth] != 1;
}

Volume volume_of(const Tensor& t, int64_t spatial) {
  Volume image{};
  for (int axis = 0; axis < kAxes; ++axis) image.size[axis] = 1;
  const auto set = [&](int axis, int64_t d) {
    if (d < 0) return;
    image.size[axis] = t.sizes()[static_cast<size_t>(d)];
    image.stride[axis] = t.strides()[static_cast<size_t>(d)];
  };
  for (int64_t k = 0; k < spatial; ++k) set(kWidth - static_cast<int>(k), t.dim() - 1 - k);
  set(kChannels, t.dim() - spatial - 1);
  set(kImages, t.dim() - spatial - 2);
  count_elements(image);
  return image;
}

void launch_image(int device, const Family& family, const std::string& name, int64_t n, const void* args) {
  if (n == 0) return;
  Gpu& gpu = use(device);
  launch(gpu, find_kernel(name, family), {(n + kImageThreads - 1) / kImageThreads, kImageThreads}, args);
}

std::string kernel_name(const char* op, DType computed, DType stored) {
  return concat(op, "_", type_name(computed), "_", type_name(stored));
}

} // namespace torch::cuda

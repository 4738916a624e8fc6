// From the number of an element of an image to its coordinates and its place in memory.
#pragma once

#include "kernels/cuda/device/atomic.h"
#include "kernels/cuda/device/image_args.h"
#include "kernels/cuda/device/walk.h"

namespace torch::TORCH_ISA {

struct At {
  int64_t axis[cuda::kAxes];
};
TORCH_INLINE At element_of(const cuda::Volume& image, int64_t i) {
  At at;
  const auto by = [&](int axis) {
    const int64_t next =
        image.small ? quotient(image.dividers[axis], static_cast<uint32_t>(i)) : i / image.size[axis];
    at.axis[axis] = i - next * image.size[axis];
    i = next;
  };
  if (image.pixels) by(cuda::kChannels);
  by(cuda::kWidth);
  by(cuda::kHeight);
  by(cuda::kDepth);
  if (!image.pixels) by(cuda::kChannels);
  at.axis[cuda::kImages] = i;
  return at;
}
TORCH_INLINE int64_t offset_of(const cuda::Volume& image, const At& at) {
  int64_t offset = 0;
#pragma unroll
  for (int axis = 0; axis < cuda::kAxes; ++axis) offset += at.axis[axis] * image.stride[axis];
  return offset;
}
// Of the first element of a channel of an image.
TORCH_INLINE int64_t plane_of(const cuda::Volume& image, int64_t n, int64_t c) {
  return n * image.stride[cuda::kImages] + c * image.stride[cuda::kChannels];
}
TORCH_INLINE int64_t offset_in_plane(const cuda::Volume& image, int64_t z, int64_t y, int64_t x) {
  return z * image.stride[cuda::kDepth] + y * image.stride[cuda::kHeight] + x * image.stride[cuda::kWidth];
}

TORCH_INLINE int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }
TORCH_INLINE int64_t greater(int64_t a, int64_t b) { return a > b ? a : b; }
TORCH_INLINE int64_t quotient_up(int64_t a, int64_t b) { return (a + b - 1) / b; } // of what is not negative

TORCH_INLINE int64_t image_thread() { return int64_t(blockIdx.x) * cuda::kImageThreads + threadIdx.x; }

} // namespace torch::TORCH_ISA

// Images, volumes and lines as kernels are told of them (kernels/cuda/image.h fills them in).
#pragma once

#include "core/dtype_list.h"
#include "kernels/cuda/device/places.h"

namespace torch::cuda {

constexpr int kImageThreads = 256;
enum Axis { kImages, kChannels, kDepth, kHeight, kWidth, kAxes }; // dimensions that there are not have size 1

struct Volume {
  int64_t size[kAxes];
  int64_t stride[kAxes]; // in elements
  // How elements are counted: neighbouring ones are neighbours in memory.
  int32_t pixels; // the channels of a pixel are
  int32_t small;  // every number is below 2^31
  Divider dividers[kAxes];
};

// Windows along a dimension: element o * stride + tap * dilation - padding.
struct Window {
  int64_t kernel = 1, stride = 1, padding = 0, dilation = 1;
};

} // namespace torch::cuda

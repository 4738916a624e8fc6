// Arguments of our own convolutions and of windows as columns, filled in by the host (kernels/cuda/conv.cpp).
#pragma once

#include "kernels/cuda/device/image_args.h"

namespace torch::cuda {

enum class Operand : int32_t { None, Input, Weight, Output };

// y = x * w: x has channels by groups, w (outputs, inputs of a group, taps). The kernel writes one of the
// three.
struct ConvArgs {
  void* x;
  void* w;
  void* y;
  const void* bias; // of each channel that is written, may be null
  int64_t n;        // elements of what is written
  int64_t groups;
  Volume x_at, w_at, y_at;
  Window windows[3];
  Operand conjugated; // in gradients of complex numbers
  int32_t width;      // bytes of an element
  DType type;
};

// Columns are an image of (channels and taps) whose pixels are the windows.
struct ColumnsArgs {
  void* to;
  const void* from;
  int64_t n;
  Volume image, columns;
  Window windows[2];
};

} // namespace torch::cuda

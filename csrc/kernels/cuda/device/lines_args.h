// Arguments of the kernels that see whole lines of a tensor, filled in by the host (kernels/cuda/softmax.cpp,
// norm.cpp).
#pragma once

#include "core/dtype_list.h"
#include "kernels/cuda/device/places.h"

namespace torch::cuda {

constexpr int kLinesThreads = 256;

// How a block is shared: `lanes` threads, a power of two, have a line together.
struct LinesShape {
  int64_t lines, n; // n elements each
  int32_t lanes;
  int32_t lanes_first; // neighbouring threads share a line; otherwise they have neighbouring lines
};

struct SoftmaxArgs {
  LinesShape shape;
  void* out;
  const void* in;   // or the result that the gradient is taken by
  const void* grad; // of the result
  int64_t step[3];  // bytes along a line: out, in, grad
  DType types[3];   // of out, in, grad
  Places places;    // out, in, grad, over the lines
};

// Lines of n elements that lie one after the other; weights change every `plane` elements, and lines take
// turns with `groups` parts of them.
struct NormArgs {
  LinesShape shape;
  void* out;
  const void* in;
  const void* grad;   // of the result
  const void* weight; // these two may be null
  const void* bias;
  void* mean; // of each line, in the type that is computed in
  void* rstd;
  void* product; // grad * (in - mean) * rstd for the gradient of the weight, may be null
  int64_t groups, plane;
  double eps;
  DType type, weight_type; // the weight is of the type that is computed in if not of this one
};

// Elementwise with coefficients of channels, in the type that is computed in.
struct ChannelArgs {
  void* out;
  const void* in[2];
  const void* coefficients[4];
  int64_t n;
  DType types[3]; // of out and in
  Places places;  // out, in, in, and the number of the channel
};

// Negative log likelihood: a thread for each sample.
struct NllArgs {
  void* losses;   // in the type that is computed in, one after the other; of a gradient: that of the input
  void* weights;  // the same
  const void* in; // of a gradient: that of each loss, or of their sum
  const void* target;
  const void* weight;  // of classes, may be null
  const void* divisor; // of the gradient, may be null
  int64_t n, classes, ignored;
  int64_t class_step; // bytes
  int64_t weight_step;
  DType in_type, target_type, weight_type, out_type, divisor_type;
  Places places; // in, target, losses
};

} // namespace torch::cuda

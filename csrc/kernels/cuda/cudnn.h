// Convolutions by cuDNN.
#pragma once

#include "core/backend.h"
#include "core/tensor.h"

namespace torch::cuda {

// Which of the three operands of y = x * w is written.
enum class ConvPass : int64_t { Output, Input, Weight };

struct DnnConvolution {
  ConvPass pass;
  // Of two or three spatial dimensions, without empty ones; dense, in the order of their dimensions or all
  // with the channels last.
  Tensor x, w, y;
  bool channels_last;
  int64_t stride[3], padding[3], dilation[3];
};

// Whether convolutions of this dtype go to cuDNN: it has it, and is not switched off.
bool cudnn_convolves(DType type);
// False: cuDNN has nothing for these operands.
bool cudnn_convolve(const DnnConvolution& c);

void set_convolutions(const ConvolutionSwitches& switches);
int64_t cudnn_version(); // 0 where it is not there

} // namespace torch::cuda

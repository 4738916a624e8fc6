// Arguments of the elementwise kernels, filled in by the host (kernels/cuda/pointwise.cpp).
#pragma once

#include "core/dtype_list.h"
#include "kernels/cuda/device/places.h"

namespace torch::cuda {

constexpr int kMaxInputs = 3;
constexpr int kMaxParams = 4;

struct Number { // a Scalar on its way; see Scalar in device/element.h
  uint8_t kind;
  int64_t whole;
  double real_part, imag_part;
};

struct PointwiseArgs {
  void* out;
  const void* in[kMaxInputs];
  int64_t n;
  Number params[kMaxParams];
  Number constants[kMaxInputs]; // of inputs that are numbers of the host
  uint8_t constant;             // bit k: input k is constants[k]
  uint8_t repeated;             // bit k: input k has one element
  uint8_t aligned;              // all addresses are multiples of 16
  DType types[1 + kMaxInputs];  // of out and the inputs
};
struct StridedArgs : PointwiseArgs {
  Places places; // out, then inputs
};

constexpr int kThreads = 256;
constexpr int kStridedThreads = 128, kStridedEach = 4; // elements of a thread

// Elements that one block of a flat kernel takes, by the width of its inputs.
constexpr int flat_vector(int width) { return width >= 16 ? 1 : 16 / width; }
constexpr int flat_rounds(int width) { return width >= 8 ? 4 : 2; }
constexpr int64_t flat_block(int width) {
  return int64_t(kThreads) * flat_vector(width) * flat_rounds(width);
}

} // namespace torch::cuda

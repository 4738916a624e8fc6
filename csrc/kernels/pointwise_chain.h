// Several elementwise ops over the same places as one pass over memory.
#pragma once

#include "core/dims.h"
#include "core/scalar.h"

#include <array>
#include <span>

namespace torch {

enum class PointwiseOp : uint16_t; // kernels/pointwise_ops.h

constexpr int kMaxChainOperands = 8; // outputs and inputs in memory
constexpr int kMaxChainSlots = 24;

// One op; slots say where its values are.
struct ChainStep {
  PointwiseOp op;
  DType compute;
  const Scalar* params;
  int8_t n_inputs;
  std::array<uint8_t, 3> inputs;
  uint8_t out;
};

// Slots are numbered outputs first, then inputs, constants and temporaries. `operands` has the addresses of
// outputs and inputs with their strides, in elements, along `sizes`; they are converted between their own
// dtype and that of their slot on the way. A step finds its inputs in slots of its compute type (of bool:
// what `where` chooses by), and leaves what pointwise_result says.
struct Chain {
  struct Operand {
    void* data;
    DType dtype;
    const int64_t* strides;
  };
  IntSpan sizes;
  std::span<const ChainStep> steps;
  std::span<const Operand> operands;
  int n_outputs;
  std::span<const std::array<char, 8>> constants; // in the type of their slot
  std::span<const DType> slot_types;
};

} // namespace torch

// Several ops over the same places as one pass over memory: elementwise ones, and those that go along rows.
#pragma once

#include "core/dims.h"
#include "core/scalar.h"

#include <array>
#include <span>

namespace torch {

enum class PointwiseOp : uint16_t; // kernels/pointwise_ops.h

constexpr int kMaxChainOperands = 8; // outputs and inputs in memory
constexpr int kMaxChainSlots = 24;
constexpr int kMaxChainResults = 3; // of one step

// Ops that need a row of the last dimension as a whole.
enum class RowOp : uint8_t {
  None,
  Sum, // and the next three: to one value for a row
  Mean,
  Amax,
  Amin,
  Softmax,
  LogSoftmax,
  SoftmaxBackward,    // of the gradient and the result
  LogSoftmaxBackward, // the same
  LayerNorm,          // of a row, weight and bias (kNoSlot: not there), eps as parameter; also mean and rstd
};
constexpr uint8_t kNoSlot = 255;

// One op; slots say where its values are.
struct ChainStep {
  PointwiseOp op;
  RowOp row_op; // unless None, in place of `op`
  DType compute;
  DType rounded; // a half type to which results are rounded, else the type of the slot
  const Scalar* params;
  int8_t n_inputs;
  std::array<uint8_t, 3> inputs;
  std::array<uint8_t, kMaxChainResults> outs; // the first of one that is elementwise
};

// What a slot holds of a tile, in chains with row ops.
enum class SlotShape : uint8_t {
  Full,   // as many values as the tile
  Column, // one for each row
  Vector, // one row, the same for all
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
  std::span<const SlotShape> slot_shapes; // empty: all are full, and no step is along rows
};

// Whether rows of n values can go through a row op as they do in the op itself.
constexpr bool can_chain_rows(int64_t n) { return n >= 64 && n <= 65536; }

} // namespace torch

// Tile programs: a short list of rows run tile by tile over one walk, so that all values between the first
// load and the last store stay in the first-level cache. An eager op is a program of one step.
#pragma once

#include "kernels/cpu/rows.h"
#include "kernels/cpu/walk.h"
#include "kernels/pointwise_ops.h"

#include <array>
#include <span>

namespace torch::TORCH_ISA {

constexpr int kMaxSlots = 24;

const RowSet& rows_of_op(PointwiseOp op);

struct Step {
  Row row;
  const Scalar* params;
  int8_t n_inputs;
  uint8_t inputs[kMaxInputs];  // slots
  uint8_t out;                 // slot
  Row splat[kMaxInputs] = {};  // of a program of one step: the row with one value as that input, or null
  DType rounded = DType::Bool; // a half type to which results in float are rounded at once, else Bool
};

// Slots are numbered outputs first, then inputs, constants and temporaries; slot_types says how each is held
// in a tile. Operands of another dtype are converted on load and store.
struct TileProgram {
  const Step* steps;
  int n_steps;
  int n_outputs;
  int n_inputs;
  int n_slots;
  const DType* slot_types;
  int cost; // of one element, in additions
  std::span<const std::array<char, 8>> constants = {};
};

// operands: outputs, then inputs. `sizes` are those of the outputs, to which inputs broadcast.
void run_program(const TileProgram& program, IntSpan sizes, const Tensor* const* operands);
void run_program(const TileProgram& program, const Geometry& geometry);

} // namespace torch::TORCH_ISA

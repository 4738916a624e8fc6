// Rows of comparisons, logic, bits and tests of one number.
#include "kernels/cpu/rows.h"
#include "kernels/pointwise.h"

namespace torch::TORCH_ISA {

TORCH_ROWS(Eq, kSimpleCost)
TORCH_ROWS(Ne, kSimpleCost)
TORCH_ROWS(Lt, kSimpleCost)
TORCH_ROWS(Le, kSimpleCost)
TORCH_ROWS(Gt, kSimpleCost)
TORCH_ROWS(Ge, kSimpleCost)
TORCH_ROWS(LogicalAnd, kSimpleCost)
TORCH_ROWS(LogicalOr, kSimpleCost)
TORCH_ROWS(LogicalXor, kSimpleCost)
TORCH_ROWS(LogicalNot, kSimpleCost)
TORCH_ROWS(BitwiseAnd, kSimpleCost)
TORCH_ROWS(BitwiseOr, kSimpleCost)
TORCH_ROWS(BitwiseXor, kSimpleCost)
TORCH_ROWS(BitwiseNot, kSimpleCost)
TORCH_ROWS(ShiftLeft, kSimpleCost)
TORCH_ROWS(ShiftRight, kSimpleCost)
TORCH_ROWS(IsNan, kSimpleCost)
TORCH_ROWS(IsInf, kSimpleCost)
TORCH_ROWS(IsFinite, kSimpleCost)
TORCH_ROWS(Signbit, kSimpleCost)

} // namespace torch::TORCH_ISA

// Rows of comparisons, logic, bits and tests of one number.
#include "kernels/cpu/rows.h"
#include "kernels/pointwise.h"

namespace torch::TORCH_ISA {

namespace {
constexpr int kCost = 1;
}

TORCH_ROWS(Eq)
TORCH_ROWS(Ne)
TORCH_ROWS(Lt)
TORCH_ROWS(Le)
TORCH_ROWS(Gt)
TORCH_ROWS(Ge)
TORCH_ROWS(LogicalAnd)
TORCH_ROWS(LogicalOr)
TORCH_ROWS(LogicalXor)
TORCH_ROWS(LogicalNot)
TORCH_ROWS(BitwiseAnd)
TORCH_ROWS(BitwiseOr)
TORCH_ROWS(BitwiseXor)
TORCH_ROWS(BitwiseNot)
TORCH_ROWS(ShiftLeft)
TORCH_ROWS(ShiftRight)
TORCH_ROWS(IsNan)
TORCH_ROWS(IsInf)
TORCH_ROWS(IsFinite)
TORCH_ROWS(Signbit)

} // namespace torch::TORCH_ISA

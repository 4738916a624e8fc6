// Rows of trigonometric and hyperbolic functions.
#include "kernels/cpu/rows.h"
#include "kernels/pointwise.h"

namespace torch::TORCH_ISA {

TORCH_ROWS(Sin, kMathCost)
TORCH_ROWS(Cos, kMathCost)
TORCH_ROWS(Tan, kMathCost)
TORCH_ROWS(Asin, kMathCost)
TORCH_ROWS(Acos, kMathCost)
TORCH_ROWS(Atan, kMathCost)
TORCH_ROWS(Sinh, kMathCost)
TORCH_ROWS(Cosh, kMathCost)
TORCH_ROWS(Asinh, kMathCost)
TORCH_ROWS(Acosh, kMathCost)
TORCH_ROWS(Atanh, kMathCost)
TORCH_ROWS(Atan2, kMathCost)
TORCH_ROWS(Hypot, kMathCost)
TORCH_ROWS(Angle, kMathCost)
TORCH_ROWS(Polar, kMathCost)

} // namespace torch::TORCH_ISA

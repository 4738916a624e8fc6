// Rows of trigonometric and hyperbolic functions.
#include "kernels/cpu/rows.h"
#include "kernels/pointwise.h"

namespace torch::TORCH_ISA {

namespace {
constexpr int kCost = 8;
}

TORCH_ROWS(Sin)
TORCH_ROWS(Cos)
TORCH_ROWS(Tan)
TORCH_ROWS(Asin)
TORCH_ROWS(Acos)
TORCH_ROWS(Atan)
TORCH_ROWS(Sinh)
TORCH_ROWS(Cosh)
TORCH_ROWS(Asinh)
TORCH_ROWS(Acosh)
TORCH_ROWS(Atanh)
TORCH_ROWS(Atan2)
TORCH_ROWS(Hypot)
TORCH_ROWS(Angle)
TORCH_ROWS(Polar)

} // namespace torch::TORCH_ISA

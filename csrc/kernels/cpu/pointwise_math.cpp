// Rows of exponentials, logarithms, roots and special functions.
#include "kernels/cpu/rows.h"
#include "kernels/pointwise.h"

namespace torch::TORCH_ISA {

namespace {
constexpr int kCost = 8;
}

TORCH_ROWS(Sqrt)
TORCH_ROWS(Rsqrt)
TORCH_ROWS(Exp)
TORCH_ROWS(Exp2)
TORCH_ROWS(Expm1)
TORCH_ROWS(Log)
TORCH_ROWS(Log2)
TORCH_ROWS(Log10)
TORCH_ROWS(Log1p)
TORCH_ROWS(Sigmoid)
TORCH_ROWS(Logit)
TORCH_ROWS(Tanh)
TORCH_ROWS(Erf)
TORCH_ROWS(Erfc)
TORCH_ROWS(Erfinv)
TORCH_ROWS(Lgamma)
TORCH_ROWS(Digamma)
TORCH_ROWS(Pow)
TORCH_ROWS(LogAddExp)
TORCH_ROWS(LogAddExp2)
TORCH_ROWS(Xlogy)

} // namespace torch::TORCH_ISA

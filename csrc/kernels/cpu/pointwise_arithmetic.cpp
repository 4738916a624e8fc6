// Rows of arithmetic, rounding and selection.
#include "kernels/cpu/rows.h"
#include "kernels/pointwise.h"

namespace torch::TORCH_ISA {

namespace {
constexpr int kCost = 1;
}

TORCH_ROWS_SPLAT(Add, 3)
TORCH_ROWS_SPLAT(Sub, 3)
TORCH_ROWS_SPLAT(Mul, 3)
TORCH_ROWS_SPLAT(Div, 3)
TORCH_ROWS(DivTrunc)
TORCH_ROWS(DivFloor)
TORCH_ROWS(Remainder)
TORCH_ROWS(Fmod)
TORCH_ROWS_SPLAT(Maximum, 3)
TORCH_ROWS_SPLAT(Minimum, 3)
TORCH_ROWS(Fmax)
TORCH_ROWS(Fmin)
TORCH_ROWS(Copysign)
TORCH_ROWS(Nextafter)
TORCH_ROWS(Heaviside)
TORCH_ROWS(Neg)
TORCH_ROWS(Abs)
TORCH_ROWS(Sign)
TORCH_ROWS(Sgn)
TORCH_ROWS(Floor)
TORCH_ROWS(Ceil)
TORCH_ROWS(Trunc)
TORCH_ROWS(Round)
TORCH_ROWS(Frac)
TORCH_ROWS(Reciprocal)
TORCH_ROWS(Square)
TORCH_ROWS(Conj)
TORCH_ROWS(NanToNum)
TORCH_ROWS(Clamp)
TORCH_ROWS(ClampTensor)
TORCH_ROWS(Where)
TORCH_ROWS_SPLAT(Lerp, 4)
TORCH_ROWS(Addcmul)
TORCH_ROWS(AddProduct)
TORCH_ROWS(Addcdiv)
TORCH_ROWS(SquaredDifference)
TORCH_ROWS_SPLAT(ScaledDifference, 1)
TORCH_ROWS(Complex)
TORCH_ROWS(Identity)

} // namespace torch::TORCH_ISA

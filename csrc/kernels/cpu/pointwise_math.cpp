// Rows of exponentials, logarithms, roots and special functions.
#include "kernels/cpu/rows.h"
#include "kernels/pointwise.h"

namespace torch::TORCH_ISA {

namespace {
// e^(x + iy) of many numbers; one whose result is not a normal number is left to the C++ library.
void complex_exp_row(void* out, const void* const* inputs, int64_t n, const Scalar*) {
  using V = Vec<float>;
  constexpr int64_t kLanes = V::kLanes;
  const auto* const x = static_cast<const Cplx<float>*>(inputs[0]);
  auto* const y = static_cast<Cplx<float>*>(out);
  for (int64_t i = 0; i < n; i += kLanes) {
    const int64_t count = std::min(kLanes, n - i);
    float re[kLanes] = {}, im[kLanes] = {}, even[kLanes], odd[kLanes];
    for (int64_t k = 0; k < count; ++k) {
      re[k] = x[i + k].re;
      im[k] = x[i + k].im;
    }
    const V a = V::load(re), b = V::load(im), size = exp_(a);
    (size * cos_(b)).store(even);
    (size * sin_(b)).store(odd);
    const bool all_usual = all((abs_(a) < V(86.f)) & (abs_(b) < V(1e30f)));
    for (int64_t k = 0; k < count; ++k) {
      const Cplx<float> value(even[k], odd[k]);
      const bool usual = all_usual || (std::fabs(re[k]) < 86.f && std::fabs(im[k]) < 1e30f);
      y[i + k] = usual ? value : exp_(Cplx<float>(re[k], im[k]));
    }
  }
}

constexpr RowSet exp_rows() {
  RowSet set = make_rows<Exp>("Exp", kMathCost);
  set.rows[4] = complex_exp_row;
  return set;
}
} // namespace

TORCH_ROWS(Sqrt, kMathCost)
TORCH_ROWS(Rsqrt, kMathCost)
extern const RowSet rows_Exp;
constexpr RowSet rows_Exp = exp_rows();
TORCH_ROWS(Exp2, kMathCost)
TORCH_ROWS(Expm1, kMathCost)
TORCH_ROWS(Log, kMathCost)
TORCH_ROWS(Log2, kMathCost)
TORCH_ROWS(Log10, kMathCost)
TORCH_ROWS(Log1p, kMathCost)
TORCH_ROWS(Sigmoid, kMathCost)
TORCH_ROWS(Logit, kMathCost)
TORCH_ROWS(Tanh, kMathCost)
TORCH_ROWS(Erf, kMathCost)
TORCH_ROWS(Erfc, kMathCost)
TORCH_ROWS(Erfinv, kMathCost)
TORCH_ROWS(Lgamma, kMathCost)
TORCH_ROWS(Digamma, kMathCost)
TORCH_ROWS(Pow, kMathCost)
TORCH_ROWS(LogAddExp, kMathCost)
TORCH_ROWS(LogAddExp2, kMathCost)
TORCH_ROWS(Xlogy, kMathCost)

} // namespace torch::TORCH_ISA

// Rows of special functions, and kernels of functions that are no rows.
#include "core/threads.h"
#include "kernels/cpu/random_fill.h"
#include "kernels/cpu/rows.h"
#include "kernels/cpu/special.h"
#include "kernels/special_functors.h"
#include "kernels/special_kernels.h"

#include <mutex>

namespace torch::TORCH_ISA {

TORCH_ROWS(I0, kSpecialCost)
TORCH_ROWS(I0e, kSpecialCost)
TORCH_ROWS(I1, kSpecialCost)
TORCH_ROWS(I1e, kSpecialCost)
TORCH_ROWS(BesselJ0, kSpecialCost)
TORCH_ROWS(BesselJ1, kSpecialCost)
TORCH_ROWS(BesselY0, kSpecialCost)
TORCH_ROWS(BesselY1, kSpecialCost)
TORCH_ROWS(K0, kSpecialCost)
TORCH_ROWS(K1, kSpecialCost)
TORCH_ROWS(K0e, kSpecialCost)
TORCH_ROWS(K1e, kSpecialCost)
TORCH_ROWS(SphericalJ0, kSpecialCost)
TORCH_ROWS(AiryAi, kSpecialCost)
TORCH_ROWS(Erfcx, kSpecialCost)
TORCH_ROWS(Ndtr, kSpecialCost)
TORCH_ROWS(LogNdtr, kSpecialCost)
TORCH_ROWS(Ndtri, kSpecialCost)
TORCH_ROWS(Entr, kSpecialCost)
TORCH_ROWS(Xlog1py, kSpecialCost)
TORCH_ROWS(Zeta, kSpecialCost)
TORCH_ROWS(Polygamma, kSpecialCost)
TORCH_ROWS(GammaP, kSpecialCost)
TORCH_ROWS(GammaQ, kSpecialCost)
TORCH_ROWS(Sinc, kSpecialCost)
TORCH_ROWS(ChebyshevT, kSpecialCost)
TORCH_ROWS(ChebyshevU, kSpecialCost)
TORCH_ROWS(ChebyshevV, kSpecialCost)
TORCH_ROWS(ChebyshevW, kSpecialCost)
TORCH_ROWS(ShiftedChebyshevT, kSpecialCost)
TORCH_ROWS(ShiftedChebyshevU, kSpecialCost)
TORCH_ROWS(ShiftedChebyshevV, kSpecialCost)
TORCH_ROWS(ShiftedChebyshevW, kSpecialCost)
TORCH_ROWS(HermiteH, kSpecialCost)
TORCH_ROWS(HermiteHe, kSpecialCost)
TORCH_ROWS(LaguerreL, kSpecialCost)
TORCH_ROWS(LegendreP, kSpecialCost)
TORCH_ROWS(Gcd, kSpecialCost)
TORCH_ROWS(Lcm, kSpecialCost)
TORCH_ROWS(ScaleBy, kSpecialCost)
TORCH_ROWS(IsPosInf, kSpecialCost)
TORCH_ROWS(IsNegInf, kSpecialCost)
TORCH_ROWS(Hardshrink, kSpecialCost)
TORCH_ROWS(Softshrink, kSpecialCost)

void frexp(const Tensor& mantissa, const Tensor& exponent, const Tensor& self) {
  visit_floating("frexp", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const x = self.data<T>();
    T* const m = mantissa.data<T>();
    int32_t* const e = exponent.data<int32_t>();
    parallel_for(0, self.numel(), kGrain / 8, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        int power = 0; // of infinities and NaN
        m[i] = T(std::frexp(static_cast<double>(x[i]), &power));
        e[i] = std::isfinite(static_cast<double>(x[i])) ? power : 0;
      }
    });
  });
}

// One draw for each element that is not positive, in order.
void rrelu_noise(const Tensor& out, const Tensor& self, double lower, double upper, Generator* generator) {
  Generator& g = generator_or_default(generator);
  const std::lock_guard lock(g.mutex());
  visit_floating("rrelu", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const x = self.data<T>();
    T* const noise = out.data<T>();
    for (int64_t i = 0; i < self.numel(); ++i)
      noise[i] = static_cast<float>(x[i]) <= 0 ? T(g.uniform_double() * (upper - lower) + lower) : T(1.0f);
  });
}

} // namespace torch::TORCH_ISA

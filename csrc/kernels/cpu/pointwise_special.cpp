// Rows of special functions, and kernels of functions that are no rows.
#include "core/generator.h"
#include "core/threads.h"
#include "kernels/cpu/rows.h"
#include "kernels/cpu/special_functors.h"
#include "kernels/special_kernels.h"

#include <mutex>

namespace torch::TORCH_ISA {

namespace {
constexpr int kCost = 32;
}

TORCH_ROWS(I0)
TORCH_ROWS(I0e)
TORCH_ROWS(I1)
TORCH_ROWS(I1e)
TORCH_ROWS(BesselJ0)
TORCH_ROWS(BesselJ1)
TORCH_ROWS(BesselY0)
TORCH_ROWS(BesselY1)
TORCH_ROWS(K0)
TORCH_ROWS(K1)
TORCH_ROWS(K0e)
TORCH_ROWS(K1e)
TORCH_ROWS(SphericalJ0)
TORCH_ROWS(AiryAi)
TORCH_ROWS(Erfcx)
TORCH_ROWS(Ndtr)
TORCH_ROWS(LogNdtr)
TORCH_ROWS(Ndtri)
TORCH_ROWS(Entr)
TORCH_ROWS(Xlog1py)
TORCH_ROWS(Zeta)
TORCH_ROWS(Polygamma)
TORCH_ROWS(GammaP)
TORCH_ROWS(GammaQ)
TORCH_ROWS(Sinc)
TORCH_ROWS(ChebyshevT)
TORCH_ROWS(ChebyshevU)
TORCH_ROWS(ChebyshevV)
TORCH_ROWS(ChebyshevW)
TORCH_ROWS(ShiftedChebyshevT)
TORCH_ROWS(ShiftedChebyshevU)
TORCH_ROWS(ShiftedChebyshevV)
TORCH_ROWS(ShiftedChebyshevW)
TORCH_ROWS(HermiteH)
TORCH_ROWS(HermiteHe)
TORCH_ROWS(LaguerreL)
TORCH_ROWS(LegendreP)
TORCH_ROWS(Gcd)
TORCH_ROWS(Lcm)
TORCH_ROWS(ScaleBy)
TORCH_ROWS(IsPosInf)
TORCH_ROWS(IsNegInf)
TORCH_ROWS(Hardshrink)
TORCH_ROWS(Softshrink)

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
  Generator& g = generator ? *generator : *default_generator();
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

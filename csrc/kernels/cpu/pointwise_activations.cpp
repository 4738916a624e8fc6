// Rows of activations, their gradients and elementwise losses.
#include "kernels/cpu/rows.h"
#include "kernels/cpu/vec_normal.h"
#include "kernels/pointwise_nn.h"

namespace torch::TORCH_ISA {

namespace {
constexpr int kCost = 4;
}

TORCH_ROWS(Relu)
TORCH_ROWS(Gelu)
TORCH_ROWS(GeluTanh)
TORCH_ROWS(GeluGrad)
TORCH_ROWS(GeluTanhGrad)
TORCH_ROWS(Silu)
TORCH_ROWS(SiluGrad)
TORCH_ROWS(Elu)
TORCH_ROWS(EluGrad)
TORCH_ROWS(LeakyRelu)
TORCH_ROWS(LeakyReluGrad)
TORCH_ROWS(HardtanhGrad)
TORCH_ROWS(Softplus)
TORCH_ROWS(SoftplusGrad)
TORCH_ROWS(LogSigmoid)
TORCH_ROWS(LogSigmoidGrad)
TORCH_ROWS(ThresholdOp)
TORCH_ROWS(ThresholdGrad)
TORCH_ROWS(SigmoidGrad)
TORCH_ROWS(TanhGrad)
TORCH_ROWS(Hardswish)
TORCH_ROWS(HardswishGrad)
TORCH_ROWS(Hardsigmoid)
TORCH_ROWS(HardsigmoidGrad)
TORCH_ROWS(Mish)
TORCH_ROWS(MishGrad)
TORCH_ROWS(SmoothL1)
TORCH_ROWS(SmoothL1Grad)
TORCH_ROWS(Huber)
TORCH_ROWS(HuberGrad)
TORCH_ROWS(BceLoss)
TORCH_ROWS(BceGrad)
TORCH_ROWS(BceLogits)

} // namespace torch::TORCH_ISA

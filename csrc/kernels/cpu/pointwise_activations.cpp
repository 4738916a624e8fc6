// Rows of activations, their gradients and elementwise losses.
#include "kernels/cpu/rows.h"
#include "kernels/cpu/vec_normal.h"
#include "kernels/pointwise_nn.h"

namespace torch::TORCH_ISA {

TORCH_ROWS(Relu, kActivationCost)
TORCH_ROWS(Gelu, kActivationCost)
TORCH_ROWS(GeluTanh, kActivationCost)
TORCH_ROWS(GeluGrad, kActivationCost)
TORCH_ROWS(GeluTanhGrad, kActivationCost)
TORCH_ROWS(Silu, kActivationCost)
TORCH_ROWS(SiluGrad, kActivationCost)
TORCH_ROWS(Elu, kActivationCost)
TORCH_ROWS(EluGrad, kActivationCost)
TORCH_ROWS(LeakyRelu, kActivationCost)
TORCH_ROWS(LeakyReluGrad, kActivationCost)
TORCH_ROWS(HardtanhGrad, kActivationCost)
TORCH_ROWS(Softplus, kActivationCost)
TORCH_ROWS(SoftplusGrad, kActivationCost)
TORCH_ROWS(LogSigmoid, kActivationCost)
TORCH_ROWS(LogSigmoidGrad, kActivationCost)
TORCH_ROWS(ThresholdOp, kActivationCost)
TORCH_ROWS(ThresholdGrad, kActivationCost)
TORCH_ROWS(SigmoidGrad, kActivationCost)
TORCH_ROWS(TanhGrad, kActivationCost)
TORCH_ROWS(Hardswish, kActivationCost)
TORCH_ROWS(HardswishGrad, kActivationCost)
TORCH_ROWS(Hardsigmoid, kActivationCost)
TORCH_ROWS(HardsigmoidGrad, kActivationCost)
TORCH_ROWS(Mish, kActivationCost)
TORCH_ROWS(MishGrad, kActivationCost)
TORCH_ROWS(SmoothL1, kActivationCost)
TORCH_ROWS(SmoothL1Grad, kActivationCost)
TORCH_ROWS(Huber, kActivationCost)
TORCH_ROWS(HuberGrad, kActivationCost)
TORCH_ROWS(BceLoss, kActivationCost)
TORCH_ROWS(BceGrad, kActivationCost)
TORCH_ROWS(BceLogits, kActivationCost)

} // namespace torch::TORCH_ISA

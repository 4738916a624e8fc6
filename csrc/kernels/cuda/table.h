// The CUDA column of the kernel table.
#pragma once

#include "kernels/table.h"

namespace torch::cuda {

// An entry without a kernel raises NotImplementedError.
const KernelTable& kernel_table();

// ---- the kernels that there are, by file ----
void pointwise(PointwiseOp op, DType compute, const Tensor& out, const Tensor* const* inputs, int n_inputs,
               const Scalar* params);
std::optional<DType> pointwise_result(PointwiseOp op, DType compute);
void copy(const Tensor& self, const Tensor& src);
void fill(const Tensor& self, const Scalar& value);

} // namespace torch::cuda

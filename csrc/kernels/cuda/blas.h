// Products of matrices by cuBLASLt.
#pragma once

#include "core/tensor.h"

namespace torch::cuda {

// A matrix, or a batch of them, in memory. Strides are in elements; those of dimensions of size 1 say
// nothing.
struct BlasMatrix {
  void* data;
  int64_t rows, cols, row_stride, col_stride;
  int64_t batch_stride = 0;
};

// Whether cuBLASLt computes in this dtype.
bool blas_has(DType type);
// Whether it reads the matrix as it lies: rows or columns of adjacent elements.
bool blas_reads(const BlasMatrix& m);

// out = alpha a b + beta out, plus the vector `bias` in every row if there is one; `batch` times.
void blas_product(int device, DType type, int64_t batch, const Scalar& alpha, const BlasMatrix& a,
                  const BlasMatrix& b, const Scalar& beta, const BlasMatrix& out, const void* bias = nullptr);

// Products of float32 may round their factors to TF32 (torch.backends.cuda.matmul.allow_tf32).
void allow_tf32(bool allow);

} // namespace torch::cuda

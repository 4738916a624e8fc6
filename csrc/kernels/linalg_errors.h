// What LAPACK reports for each matrix of a batch, as errors.
#pragma once

#include "core/tensor.h"

namespace torch {

// `info` holds a number for each matrix, 0 for success. `op` begins the message.
void check_cholesky(const char* op, const Tensor& info);
void check_inverse(const char* op, const Tensor& info);
void check_solve(const char* op, const Tensor& info);
void check_lu(const char* op, const Tensor& info);
void check_ldl(const char* op, const Tensor& info);
void check_eigh(const char* op, const Tensor& info);
void check_eig(const char* op, const Tensor& info);
void check_svd(const char* op, const Tensor& info);
void check_lstsq(const char* op, const Tensor& info);

} // namespace torch

// Linear algebra by cuSOLVER and cuBLAS.
//
// Matrices are column-major, each right after the one before: as results of linear algebra are laid out. All
// that is given lies on one GPU and is of one dtype; pivots are int32, as everywhere in this library, and so
// are the numbers in `info`, one for each matrix.
#pragma once

#include "core/tensor.h"

namespace torch::cuda::lapack {

// Raises what the CPU raises for dtypes that LAPACK has no functions for.
void check_dtype(const char* op, DType t);

void potrf(const Tensor& a, const Tensor& info, bool upper);
void potrs(const Tensor& factor, const Tensor& b, bool upper);
// One triangle of the inverse from a triangular factor.
void potri(const Tensor& a, const Tensor& info, bool upper);
void getrf(const Tensor& a, const Tensor& pivots, const Tensor& info);
// op: kPlain, kTransposed or kAdjoint
void getrs(int op, const Tensor& lu, const Tensor& pivots, const Tensor& b);
void sytrf(const Tensor& a, const Tensor& pivots, const Tensor& info);
void sytrs(const Tensor& ld, const Tensor& pivots, const Tensor& b);
void geqrf(const Tensor& a, const Tensor& tau);
// The first k vectors of tau.
void orgqr(const Tensor& a, const Tensor& tau, int64_t k);
void ormqr(bool left, int op, const Tensor& a, const Tensor& tau, const Tensor& c);
void trsm(bool left, bool upper, int op, bool unit, const Tensor& a, const Tensor& b);
void syevd(const Tensor& a, const Tensor& values, const Tensor& info, bool upper, bool vectors);
// Real matrices have their vectors as LAPACK packs them. `vectors` may be undefined.
void geev(const Tensor& a, const Tensor& values, const Tensor& vectors, const Tensor& info);
// Of matrices with no fewer rows than columns; u and vh may be undefined, both of them.
void gesvd(const Tensor& a, const Tensor& u, const Tensor& s, const Tensor& vh, const Tensor& info);

} // namespace torch::cuda::lapack

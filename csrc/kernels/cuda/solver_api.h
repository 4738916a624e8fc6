// The parts of cuSOLVER's and cuBLAS' interfaces that linear algebra uses, in their binary form; compared
// with their headers where there are some (tests/cuda/solver_api_check.cpp).
#pragma once

#include "kernels/cuda/blas_api.h"

namespace torch::cuda {

using SolverHandle = struct SolverHandleObject*;   // cusolverDnHandle_t
using SolverParams = struct SolverParamsObject*;   // cusolverDnParams_t
using ClassicHandle = struct ClassicHandleObject*; // cublasHandle_t

// cublasFillMode_t, cublasSideMode_t, cublasDiagType_t, cublasOperation_t beside BlasOp, cusolverEigMode_t
enum BlasTriangle : int { kLower = 0, kUpper = 1 };
enum BlasSide : int { kLeft = 0, kRight = 1 };
enum BlasDiagonal : int { kAnyDiagonal = 0, kUnitDiagonal = 1 };
constexpr int kAdjoint = 2;
enum EigMode : int { kValues = 0, kVectors = 1 };

// X(member, symbol, parameters). Sizes of workspaces are in bytes: on the device, on the host.
#define TORCH_SOLVER_FUNCTIONS(X)                                                                            \
  X(create, cusolverDnCreate, (SolverHandle*))                                                               \
  X(create_params, cusolverDnCreateParams, (SolverParams*))                                                  \
  X(set_stream, cusolverDnSetStream, (SolverHandle, Stream))                                                 \
  X(potrf_size, cusolverDnXpotrf_bufferSize,                                                                 \
    (SolverHandle, SolverParams, int triangle, int64_t n, int, const void* a, int64_t lda, int computed,     \
     size_t*, size_t*))                                                                                      \
  X(potrf, cusolverDnXpotrf,                                                                                 \
    (SolverHandle, SolverParams, int triangle, int64_t n, int, void* a, int64_t lda, int computed, void*,    \
     size_t, void*, size_t, int* info))                                                                      \
  X(potrs, cusolverDnXpotrs,                                                                                 \
    (SolverHandle, SolverParams, int triangle, int64_t n, int64_t columns, int, const void* a, int64_t lda,  \
     int, void* b, int64_t ldb, int* info))                                                                  \
  X(getrf_size, cusolverDnXgetrf_bufferSize,                                                                 \
    (SolverHandle, SolverParams, int64_t m, int64_t n, int, const void* a, int64_t lda, int computed,        \
     size_t*, size_t*))                                                                                      \
  X(getrf, cusolverDnXgetrf,                                                                                 \
    (SolverHandle, SolverParams, int64_t m, int64_t n, int, void* a, int64_t lda, int64_t* pivots,           \
     int computed, void*, size_t, void*, size_t, int* info))                                                 \
  X(getrs, cusolverDnXgetrs,                                                                                 \
    (SolverHandle, SolverParams, int op, int64_t n, int64_t columns, int, const void* a, int64_t lda,        \
     const int64_t* pivots, int, void* b, int64_t ldb, int* info))                                           \
  X(geqrf_size, cusolverDnXgeqrf_bufferSize,                                                                 \
    (SolverHandle, SolverParams, int64_t m, int64_t n, int, const void* a, int64_t lda, int,                 \
     const void* tau, int computed, size_t*, size_t*))                                                       \
  X(geqrf, cusolverDnXgeqrf,                                                                                 \
    (SolverHandle, SolverParams, int64_t m, int64_t n, int, void* a, int64_t lda, int, void* tau,            \
     int computed, void*, size_t, void*, size_t, int* info))                                                 \
  X(syevd_size, cusolverDnXsyevd_bufferSize,                                                                 \
    (SolverHandle, SolverParams, int mode, int triangle, int64_t n, int, const void* a, int64_t lda, int,    \
     const void* values, int computed, size_t*, size_t*))                                                    \
  X(syevd, cusolverDnXsyevd,                                                                                 \
    (SolverHandle, SolverParams, int mode, int triangle, int64_t n, int, void* a, int64_t lda, int,          \
     void* values, int computed, void*, size_t, void*, size_t, int* info))                                   \
  X(syev_batch_size, cusolverDnXsyevBatched_bufferSize,                                                      \
    (SolverHandle, SolverParams, int mode, int triangle, int64_t n, int, const void* a, int64_t lda, int,    \
     const void* values, int computed, size_t*, size_t*, int64_t count))                                     \
  X(syev_batch, cusolverDnXsyevBatched,                                                                      \
    (SolverHandle, SolverParams, int mode, int triangle, int64_t n, int, void* a, int64_t lda, int,          \
     void* values, int computed, void*, size_t, void*, size_t, int* info, int64_t count))                    \
  X(gesvd_size, cusolverDnXgesvd_bufferSize,                                                                 \
    (SolverHandle, SolverParams, signed char job_u, signed char job_vh, int64_t m, int64_t n, int,           \
     const void* a, int64_t lda, int, const void* s, int, const void* u, int64_t ldu, int, const void* vh,   \
     int64_t ldvh, int computed, size_t*, size_t*))                                                          \
  X(gesvd, cusolverDnXgesvd,                                                                                 \
    (SolverHandle, SolverParams, signed char job_u, signed char job_vh, int64_t m, int64_t n, int, void* a,  \
     int64_t lda, int, void* s, int, void* u, int64_t ldu, int, void* vh, int64_t ldvh, int computed, void*, \
     size_t, void*, size_t, int* info))                                                                      \
  X(geev_size, cusolverDnXgeev_bufferSize,                                                                   \
    (SolverHandle, SolverParams, int left, int right, int64_t n, int, const void* a, int64_t lda, int,       \
     const void* values, int, const void* vl, int64_t ldvl, int, const void* vr, int64_t ldvr, int computed, \
     size_t*, size_t*))                                                                                      \
  X(geev, cusolverDnXgeev,                                                                                   \
    (SolverHandle, SolverParams, int left, int right, int64_t n, int, void* a, int64_t lda, int,             \
     void* values, int, void* vl, int64_t ldvl, int, void* vr, int64_t ldvr, int computed, void*, size_t,    \
     void*, size_t, int* info))                                                                              \
  X(sytrs_size, cusolverDnXsytrs_bufferSize,                                                                 \
    (SolverHandle, int triangle, int64_t n, int64_t columns, int, const void* a, int64_t lda,                \
     const int64_t* pivots, int, void* b, int64_t ldb, size_t*, size_t*))                                    \
  X(sytrs, cusolverDnXsytrs,                                                                                 \
    (SolverHandle, int triangle, int64_t n, int64_t columns, int, const void* a, int64_t lda,                \
     const int64_t* pivots, int, void* b, int64_t ldb, void*, size_t, void*, size_t, int* info))

// X(member, symbol for float, double, and their complex types, parameters)
#define TORCH_SOLVER_TYPED(X)                                                                                \
  X(potrf_batch, cusolverDnSpotrfBatched, cusolverDnDpotrfBatched, cusolverDnCpotrfBatched,                  \
    cusolverDnZpotrfBatched,                                                                                 \
    (SolverHandle, int triangle, int n, void* const* a, int lda, int* info, int count))                      \
  X(potri_size, cusolverDnSpotri_bufferSize, cusolverDnDpotri_bufferSize, cusolverDnCpotri_bufferSize,       \
    cusolverDnZpotri_bufferSize, (SolverHandle, int triangle, int n, void* a, int lda, int*))                \
  X(potri, cusolverDnSpotri, cusolverDnDpotri, cusolverDnCpotri, cusolverDnZpotri,                           \
    (SolverHandle, int triangle, int n, void* a, int lda, void* work, int lwork, int* info))                 \
  X(orgqr_size, cusolverDnSorgqr_bufferSize, cusolverDnDorgqr_bufferSize, cusolverDnCungqr_bufferSize,       \
    cusolverDnZungqr_bufferSize,                                                                             \
    (SolverHandle, int m, int n, int k, const void* a, int lda, const void* tau, int*))                      \
  X(orgqr, cusolverDnSorgqr, cusolverDnDorgqr, cusolverDnCungqr, cusolverDnZungqr,                           \
    (SolverHandle, int m, int n, int k, void* a, int lda, const void* tau, void* work, int lwork,            \
     int* info))                                                                                             \
  X(ormqr_size, cusolverDnSormqr_bufferSize, cusolverDnDormqr_bufferSize, cusolverDnCunmqr_bufferSize,       \
    cusolverDnZunmqr_bufferSize,                                                                             \
    (SolverHandle, int side, int op, int m, int n, int k, const void* a, int lda, const void* tau,           \
     const void* c, int ldc, int*))                                                                          \
  X(ormqr, cusolverDnSormqr, cusolverDnDormqr, cusolverDnCunmqr, cusolverDnZunmqr,                           \
    (SolverHandle, int side, int op, int m, int n, int k, const void* a, int lda, const void* tau, void* c,  \
     int ldc, void* work, int lwork, int* info))                                                             \
  X(sytrf_size, cusolverDnSsytrf_bufferSize, cusolverDnDsytrf_bufferSize, cusolverDnCsytrf_bufferSize,       \
    cusolverDnZsytrf_bufferSize, (SolverHandle, int n, void* a, int lda, int*))                              \
  X(sytrf, cusolverDnSsytrf, cusolverDnDsytrf, cusolverDnCsytrf, cusolverDnZsytrf,                           \
    (SolverHandle, int triangle, int n, void* a, int lda, int* pivots, void* work, int lwork, int* info))

#define TORCH_CLASSIC_FUNCTIONS(X)                                                                           \
  X(create, cublasCreate_v2, (ClassicHandle*))                                                               \
  X(set_stream, cublasSetStream_v2, (ClassicHandle, Stream))

#define TORCH_CLASSIC_TYPED(X)                                                                               \
  X(trsm, cublasStrsm_v2, cublasDtrsm_v2, cublasCtrsm_v2, cublasZtrsm_v2,                                    \
    (ClassicHandle, int side, int triangle, int op, int diagonal, int m, int n, const void* alpha,           \
     const void* a, int lda, void* b, int ldb))                                                              \
  X(trsm_batch, cublasStrsmBatched, cublasDtrsmBatched, cublasCtrsmBatched, cublasZtrsmBatched,              \
    (ClassicHandle, int side, int triangle, int op, int diagonal, int m, int n, const void* alpha,           \
     const void* const* a, int lda, void* const* b, int ldb, int count))                                     \
  X(getrf_batch, cublasSgetrfBatched, cublasDgetrfBatched, cublasCgetrfBatched, cublasZgetrfBatched,         \
    (ClassicHandle, int n, void* const* a, int lda, int* pivots, int* info, int count))                      \
  X(getrs_batch, cublasSgetrsBatched, cublasDgetrsBatched, cublasCgetrsBatched, cublasZgetrsBatched,         \
    (ClassicHandle, int op, int n, int columns, const void* const* a, int lda, const int* pivots,            \
     void* const* b, int ldb, int* info, int count))

#define TORCH_MEMBER(member, symbol, params) Status(*member) params = nullptr;
#define TORCH_MEMBERS(member, s, d, c, z, params) Status(*member[4]) params = {};
struct Solver {
  TORCH_SOLVER_FUNCTIONS(TORCH_MEMBER)
  TORCH_SOLVER_TYPED(TORCH_MEMBERS)
};
struct Classic {
  TORCH_CLASSIC_FUNCTIONS(TORCH_MEMBER)
  TORCH_CLASSIC_TYPED(TORCH_MEMBERS)
};
#undef TORCH_MEMBER
#undef TORCH_MEMBERS

} // namespace torch::cuda

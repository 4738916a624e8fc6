// The part of cuBLASLt's interface that is used here, in its binary form; compared with its header where
// there is one (tests/cuda/blas_api_check.cpp).
#pragma once

#include "kernels/cuda/driver_api.h"

namespace torch::cuda {

using BlasHandle = struct BlasHandleObject*;     // cublasLtHandle_t
using Product = struct ProductObject*;           // cublasLtMatmulDesc_t
using MatrixLayout = struct MatrixLayoutObject*; // cublasLtMatrixLayout_t
using Preference = struct PreferenceObject*;     // cublasLtMatmulPreference_t

struct Algorithm { // cublasLtMatmulAlgo_t
  uint64_t data[8];
};
struct Heuristic { // cublasLtMatmulHeuristicResult_t
  Algorithm algorithm;
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};

// cudaDataType_t
enum BlasType : int { kR32F = 0, kR64F = 1, kR16F = 2, kC32F = 4, kC64F = 5, kR16BF = 14 };
// cublasComputeType_t
enum BlasCompute : int { kCompute32F = 68, kCompute64F = 70, kComputeTF32 = 77 };
enum BlasOp : int { kPlain = 0, kTransposed = 1 }; // cublasOperation_t
// cublasLtMatmulDescAttributes_t
enum ProductAttribute : int { kOpA = 3, kOpB = 4, kEpilogue = 7, kBiasPointer = 8 };
enum Epilogue : int { kNoEpilogue = 1, kAddBias = 4 }; // cublasLtEpilogue_t
// cublasLtMatrixLayoutAttribute_t
enum LayoutAttribute : int { kBatchCount = 5, kBatchOffset = 6 };
// cublasLtMatmulPreferenceAttributes_t
enum PreferenceAttribute : int { kMaxWorkspace = 1, kAlignmentA = 5, kAlignmentB, kAlignmentC, kAlignmentD };

// X(member, symbol, parameters)
#define TORCH_BLAS_FUNCTIONS(X)                                                                              \
  X(create, cublasLtCreate, (BlasHandle*))                                                                   \
  X(product_create, cublasLtMatmulDescCreate, (Product*, int compute, int scale))                            \
  X(product_set, cublasLtMatmulDescSetAttribute, (Product, int attribute, const void*, size_t bytes))        \
  X(layout_create, cublasLtMatrixLayoutCreate,                                                               \
    (MatrixLayout*, int type, uint64_t rows, uint64_t cols, int64_t step))                                   \
  X(layout_set, cublasLtMatrixLayoutSetAttribute, (MatrixLayout, int attribute, const void*, size_t bytes))  \
  X(preference_create, cublasLtMatmulPreferenceCreate, (Preference*))                                        \
  X(preference_set, cublasLtMatmulPreferenceSetAttribute,                                                    \
    (Preference, int attribute, const void*, size_t bytes))                                                  \
  X(preference_destroy, cublasLtMatmulPreferenceDestroy, (Preference))                                       \
  X(choose, cublasLtMatmulAlgoGetHeuristic,                                                                  \
    (BlasHandle, Product, MatrixLayout a, MatrixLayout b, MatrixLayout c, MatrixLayout d, Preference,        \
     int wanted, Heuristic* found, int* count))                                                              \
  X(multiply, cublasLtMatmul,                                                                                \
    (BlasHandle, Product, const void* alpha, const void* a, MatrixLayout, const void* b, MatrixLayout,       \
     const void* beta, const void* c, MatrixLayout, void* d, MatrixLayout, const Algorithm*,                 \
     void* workspace, size_t workspace_bytes, Stream))

struct Blas {
#define TORCH_MEMBER(member, symbol, params) Status(*member) params = nullptr;
  TORCH_BLAS_FUNCTIONS(TORCH_MEMBER)
#undef TORCH_MEMBER
};

} // namespace torch::cuda

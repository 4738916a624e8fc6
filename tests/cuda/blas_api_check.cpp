// Compares cuBLASLt's interface as kernels/cuda/blas_api.h writes it down with its own header. Compiling it is the test
// (test_nvrtc.py).
#include "alike.h"
#include "kernels/cuda/blas_api.h"

#include <cublasLt.h>

#include <cstddef>

namespace cuda = torch::cuda;

static_assert(sizeof(cuda::Algorithm) == sizeof(cublasLtMatmulAlgo_t));
static_assert(sizeof(cuda::Heuristic) == sizeof(cublasLtMatmulHeuristicResult_t));
static_assert(offsetof(cuda::Heuristic, workspace) == offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize));
static_assert(offsetof(cuda::Heuristic, state) == offsetof(cublasLtMatmulHeuristicResult_t, state));

#define SAME(own, theirs) static_assert(static_cast<int>(cuda::own) == static_cast<int>(theirs))
SAME(kR32F, CUDA_R_32F);
SAME(kR64F, CUDA_R_64F);
SAME(kR16F, CUDA_R_16F);
SAME(kC32F, CUDA_C_32F);
SAME(kC64F, CUDA_C_64F);
SAME(kR16BF, CUDA_R_16BF);
SAME(kCompute32F, CUBLAS_COMPUTE_32F);
SAME(kCompute64F, CUBLAS_COMPUTE_64F);
SAME(kComputeTF32, CUBLAS_COMPUTE_32F_FAST_TF32);
SAME(kPlain, CUBLAS_OP_N);
SAME(kTransposed, CUBLAS_OP_T);
SAME(kOpA, CUBLASLT_MATMUL_DESC_TRANSA);
SAME(kOpB, CUBLASLT_MATMUL_DESC_TRANSB);
SAME(kEpilogue, CUBLASLT_MATMUL_DESC_EPILOGUE);
SAME(kBiasPointer, CUBLASLT_MATMUL_DESC_BIAS_POINTER);
SAME(kNoEpilogue, CUBLASLT_EPILOGUE_DEFAULT);
SAME(kAddBias, CUBLASLT_EPILOGUE_BIAS);
SAME(kBatchCount, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT);
SAME(kBatchOffset, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET);
SAME(kMaxWorkspace, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
SAME(kAlignmentA, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
SAME(kAlignmentB, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
SAME(kAlignmentC, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
SAME(kAlignmentD, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);

#define CHECK(member, symbol, params)                                                                                \
  static_assert(Alike<decltype(cuda::Blas::member), decltype(&symbol)>::value, #symbol);
TORCH_BLAS_FUNCTIONS(CHECK)

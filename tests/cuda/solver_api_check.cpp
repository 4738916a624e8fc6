// Compares cuSOLVER's and cuBLAS' interfaces as kernels/cuda/solver_api.h writes them down with their own headers.
// Compiling it is the test (test_nvrtc.py).
#include "alike.h"
#include "kernels/cuda/solver_api.h"

#include <cublas_v2.h>
#include <cusolverDn.h>

namespace cuda = torch::cuda;

#define SAME(own, theirs) static_assert(static_cast<int>(cuda::own) == static_cast<int>(theirs))
SAME(kLower, CUBLAS_FILL_MODE_LOWER);
SAME(kUpper, CUBLAS_FILL_MODE_UPPER);
SAME(kLeft, CUBLAS_SIDE_LEFT);
SAME(kRight, CUBLAS_SIDE_RIGHT);
SAME(kAnyDiagonal, CUBLAS_DIAG_NON_UNIT);
SAME(kUnitDiagonal, CUBLAS_DIAG_UNIT);
SAME(kAdjoint, CUBLAS_OP_C);
SAME(kValues, CUSOLVER_EIG_MODE_NOVECTOR);
SAME(kVectors, CUSOLVER_EIG_MODE_VECTOR);

#define CHECK_OF(table, member, symbol)                                                                              \
  static_assert(Alike<std::remove_extent_t<decltype(cuda::table::member)>, decltype(&symbol)>::value, #symbol);
#define CHECK(member, symbol, params) CHECK_OF(Solver, member, symbol)
#define CHECK_TYPED(member, s, d, c, z, params)                                                                      \
  CHECK_OF(Solver, member, s) CHECK_OF(Solver, member, d) CHECK_OF(Solver, member, c) CHECK_OF(Solver, member, z)
TORCH_SOLVER_FUNCTIONS(CHECK)
TORCH_SOLVER_TYPED(CHECK_TYPED)
#define CHECK_CLASSIC(member, symbol, params) CHECK_OF(Classic, member, symbol)
#define CHECK_CLASSIC_TYPED(member, s, d, c, z, params)                                                              \
  CHECK_OF(Classic, member, s) CHECK_OF(Classic, member, d) CHECK_OF(Classic, member, c) CHECK_OF(Classic, member, z)
TORCH_CLASSIC_FUNCTIONS(CHECK_CLASSIC)
TORCH_CLASSIC_TYPED(CHECK_CLASSIC_TYPED)

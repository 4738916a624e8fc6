#include "kernels/linalg_errors.h"

namespace torch {
namespace {

// Calls report(beginning of the message, number) for the first matrix that failed.
template <class Report> void first_failure(const char* op, const Tensor& info, Report&& report) {
  if (info.is_meta()) return;
  const int* const values = info.data<int>();
  for (int64_t i = 0; i < info.numel(); ++i)
    if (values[i] != 0) {
      const std::string place =
          info.dim() == 0 ? concat(op, ": ") : concat(op, ": (Batch element ", i, "): ");
      return report(place, int64_t{values[i]});
    }
}
template <class... Parts> [[noreturn]] void fail_linalg(const Parts&... parts) {
  fail(ErrorKind::LinAlg, concat(parts...));
}

} // namespace

void check_cholesky(const char* op, const Tensor& info) {
  first_failure(op, info, [](const std::string& place, int64_t number) {
    fail_linalg(place,
                "The factorization could not be completed because the input is not positive-definite (the "
                "leading minor of order ",
                number, " is not positive-definite).");
  });
}

void check_inverse(const char* op, const Tensor& info) {
  first_failure(op, info, [](const std::string& place, int64_t number) {
    fail_linalg(place, "The diagonal element ", number,
                " is zero, the inversion could not be completed because the input matrix is singular.");
  });
}

void check_solve(const char* op, const Tensor& info) {
  first_failure(op, info, [](const std::string& place, int64_t) {
    fail_linalg(place, "The solver failed because the input matrix is singular.");
  });
}

void check_lu(const char* op, const Tensor& info) {
  first_failure(op, info, [](const std::string& place, int64_t number) {
    fail(ErrorKind::Runtime,
         concat(place, "U[", number, ",", number,
                "] is zero and using it on lu_solve would result in a division by zero. If you still want to "
                "perform the factorization, consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, "
                "pivot)"));
  });
}

void check_ldl(const char* op, const Tensor& info) {
  first_failure(op, info, [](const std::string& place, int64_t number) {
    fail(ErrorKind::Runtime, concat(place, "the block of D at ", number,
                                    " is singular, and solving with it would divide by zero."));
  });
}

void check_eigh(const char* op, const Tensor& info) {
  first_failure(op, info, [](const std::string& place, int64_t number) {
    fail_linalg(
        place,
        "The algorithm failed to converge because the input matrix is ill-conditioned or has too many "
        "repeated eigenvalues (error code: ",
        number, ").");
  });
}

void check_eig(const char* op, const Tensor& info) { check_eigh(op, info); }

void check_svd(const char* op, const Tensor& info) {
  first_failure(op, info, [](const std::string& place, int64_t number) {
    if (number < 0)
      fail_linalg(place,
                  "The algorithm failed to converge because the input matrix contained non-finite values.");
    fail_linalg(
        place,
        "The algorithm failed to converge because the input matrix is ill-conditioned or has too many "
        "repeated singular values (error code: ",
        number, ").");
  });
}

void check_lstsq(const char* op, const Tensor& info) {
  first_failure(op, info, [](const std::string& place, int64_t number) {
    if (number < 0)
      fail_linalg(place, "The least squares problem could not be solved because the input matrix contained "
                         "non-finite values.");
    fail_linalg(
        place,
        "The least squares problem could not be solved because the input matrix does not have full rank "
        "(error code: ",
        number, ").");
  });
}

} // namespace torch

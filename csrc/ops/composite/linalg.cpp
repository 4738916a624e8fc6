// Linear algebra written with other ops: factorizations with their errors, functions of matrices, older
// names.
#include "kernels/linalg_errors.h"
#include "ops/entry.h"

#include <cmath>

namespace torch::ops {

// Values of ops whose derivatives the schema gives.
namespace compute {
std::tuple<Tensor, Tensor, Tensor> linalg_lu(const Tensor& A, bool pivot);
std::tuple<Tensor, Tensor, Tensor, Tensor> linalg_lstsq(const Tensor& self, const Tensor& b,
                                                        std::optional<double> rcond,
                                                        std::optional<std::string_view> driver);
Tensor linalg_matrix_exp(const Tensor& self);
Tensor linalg_pinv_atol_rtol_tensor(const Tensor& self, const Tensor& atol, const Tensor& rtol,
                                    bool hermitian);
} // namespace compute

namespace {

int64_t rows_in(const Tensor& t) { return t.sizes()[size_t(t.dim() - 2)]; }
int64_t columns_in(const Tensor& t) { return t.sizes().back(); }
Tensor mT(const Tensor& t) { return transpose(t, -2, -1); }
Tensor read_info(const Tensor& info) { return info.is_meta() ? info : on_host(info); }

} // namespace

// ---- factorizations that raise ----
Tensor linalg_cholesky(const Tensor& self, bool upper) {
  auto [factor, info] = linalg_cholesky_ex(self, upper, false);
  check_cholesky("linalg.cholesky", read_info(info));
  return factor;
}
Tensor cholesky(const Tensor& self, bool upper) {
  infer::check_square("cholesky", self, "A");
  if (self.numel() == 0) return clone(self);
  if (!is_differentiable(self.dtype()))
    not_implemented("\"cholesky_cpu\" not implemented for '", dtype_aten_name(self.dtype()), "'");
  auto [factor, info] = linalg_cholesky_ex(self, upper, false);
  check_cholesky("cholesky", read_info(info));
  return factor;
}
std::tuple<Tensor, Tensor> linalg_lu_factor(const Tensor& A, bool pivot) {
  auto [factors, pivots, info] = linalg_lu_factor_ex(A, pivot, false);
  check_lu("torch.linalg.lu_factor", read_info(info));
  return {factors, pivots};
}
std::tuple<Tensor, Tensor, Tensor> _lu_with_info(const Tensor& self, bool pivot, bool check_errors) {
  return linalg_lu_factor_ex(self, pivot, check_errors);
}
Tensor linalg_inv(const Tensor& A) {
  auto [result, info] = linalg_inv_ex(A, false);
  check_inverse("linalg.inv", read_info(info));
  return result;
}
Tensor inverse(const Tensor& self) { return linalg_inv(self); }
std::tuple<Tensor, Tensor> linalg_solve_ex(const Tensor& A, const Tensor& B, bool left, bool check_errors) {
  auto [result, factors, pivots, info] = _linalg_solve_ex(A, B, left, check_errors);
  return {result, info};
}
Tensor linalg_solve(const Tensor& A, const Tensor& B, bool left) {
  auto [result, factors, pivots, info] = _linalg_solve_ex(A, B, left, false);
  check_solve("torch.linalg.solve", read_info(info));
  return result;
}
std::tuple<Tensor, Tensor> linalg_ldl_factor(const Tensor& self, bool hermitian) {
  auto [factors, pivots, info] = linalg_ldl_factor_ex(self, hermitian, false);
  check_ldl("torch.linalg.ldl_factor", read_info(info));
  return {factors, pivots};
}

std::tuple<Tensor, Tensor, Tensor> compute::linalg_lu(const Tensor& A, bool pivot) {
  check(A.dim() >= 2, "linalg.lu: Expected tensor with 2 or more dimensions. Got size: ", A.sizes(),
        " instead");
  auto [factors, pivots, info] = linalg_lu_factor_ex(A, pivot, false);
  return lu_unpack(factors, pivots, true, true);
}
Tensor lu_solve(const Tensor& self, const Tensor& LU_data, const Tensor& LU_pivots) {
  return linalg_lu_solve(LU_data, LU_pivots, self, true, false);
}

// ---- determinants ----
Tensor linalg_det(const Tensor& A) { return std::get<0>(_linalg_det(A)); }
Tensor det(const Tensor& self) { return linalg_det(self); }
std::tuple<Tensor, Tensor> linalg_slogdet(const Tensor& A) {
  auto [sign, logarithm, factors, pivots] = _linalg_slogdet(A);
  return {sign, logarithm};
}
std::tuple<Tensor, Tensor> slogdet(const Tensor& self) { return linalg_slogdet(self); }
Tensor logdet(const Tensor& self) {
  infer::check_square("logdet", self, "A");
  infer::check_float_or_complex("logdet", self, true);
  const auto [sign, logarithm] = linalg_slogdet(self);
  return self.is_complex() ? log(sign) + logarithm
                           : where(eq(sign, -1), full_like(logarithm, std::nan("")), logarithm);
}

// ---- triangular systems, least squares ----
std::tuple<Tensor, Tensor> triangular_solve(const Tensor& self, const Tensor& A, bool upper, bool transposed,
                                            bool unitriangular) {
  check(self.dim() >= 2, "torch.triangular_solve: Expected b to have at least 2 dimensions, but it has ",
        self.dim(), " dimensions instead");
  check(A.dim() >= 2, "torch.triangular_solve: Expected A to have at least 2 dimensions, but it has ",
        A.dim(), " dimensions instead");
  infer::check_square("triangular_solve", A, "A");
  const Tensor solution =
      linalg_solve_triangular(transposed ? mT(A) : A, self, upper != transposed, true, unitriangular);
  DimVec sizes(solution.sizes());
  sizes.back() = columns_in(A);
  return {solution, mT(clone(mT(expand(A, sizes)), MemoryFormat::Contiguous))};
}

std::tuple<Tensor, Tensor, Tensor, Tensor> compute::linalg_lstsq(const Tensor& self, const Tensor& b,
                                                                 std::optional<double> rcond,
                                                                 std::optional<std::string_view> driver) {
  constexpr const char* op = "torch.linalg.lstsq";
  check(self.dim() >= 2, op, ": input must have at least 2 dimensions.");
  check(b.dim() >= 1, op, ": other must have at least 1 dimension.");
  check(self.dtype() == b.dtype(), op,
        ": Expected input and other to have the same dtype, but got input's dtype ",
        dtype_aten_name(self.dtype()), " and other's dtype ", dtype_aten_name(b.dtype()));
  check(is_differentiable(self.dtype()) && !is_reduced_float(self.dtype()), op,
        ": This function doesn't handle types other than float and double, got ", self.dtype());
  const int64_t difference = self.dim() - b.dim();
  check(difference == 0 || difference == 1, op,
        ": input.dim() must be greater or equal to other.dim() and (input.dim() - other.dim()) <= 1");
  const bool vector = difference == 1;
  check(rows_in(self) == (vector ? b.sizes().back() : rows_in(b)), op,
        ": input.size(-2) should match other.size(-", vector ? 1 : 2, ")");
  const std::string_view by = driver.value_or("gelsy");
  check(by == "gels" || by == "gelsy" || by == "gelsd" || by == "gelss", op,
        ": parameter `driver` should be one of (gels, gelsy, gelsd, gelss)");
  const double epsilon = real_type(self.dtype()) == DType::Float32 ? 0x1p-23 : 0x1p-52;
  const double limit =
      rcond.value_or(epsilon * static_cast<double>(std::max(rows_in(self), columns_in(self))));
  auto [solution, residuals, rank, values, info] =
      _linalg_lstsq(self, vector ? unsqueeze(b, -1) : b, limit, by);
  check_lstsq(op, read_info(info));
  // Residuals are those of matrices of full rank.
  if (residuals.numel() && rank.numel() && !rank.is_meta()) {
    const Tensor on_cpu = on_host(rank);
    const int64_t* const ranks = on_cpu.data<int64_t>();
    if (std::any_of(ranks, ranks + rank.numel(), [&](int64_t r) { return r != columns_in(self); }))
      residuals = zeros({0}, residuals.dtype(), residuals.device());
  }
  if (vector) { // a plain result, no view: it is about to be recorded
    const size_t n = size_t(solution.dim() - 1);
    solution =
        torch::alias(solution, solution.sizes().span().first(n), solution.strides().span().first(n), 0);
  }
  return {solution, residuals, rank, values};
}

// ---- orthogonal factors ----
std::tuple<Tensor, Tensor> qr(const Tensor& self, bool some) {
  return linalg_qr(self, some ? "reduced" : "complete");
}
Tensor orgqr(const Tensor& self, const Tensor& input2) { return linalg_householder_product(self, input2); }

// ---- eigenvalues and singular values ----
std::tuple<Tensor, Tensor> linalg_eigh(const Tensor& self, std::string_view UPLO) {
  return _linalg_eigh(self, UPLO, true);
}
// The derivatives of the values need the vectors.
Tensor linalg_eigvalsh(const Tensor& self, std::string_view UPLO) {
  return std::get<0>(_linalg_eigh(self, UPLO, autograd_wanted(self)));
}
Tensor linalg_eigvals(const Tensor& self) {
  infer::eigvals(self);
  return autograd_wanted(self) ? std::get<0>(linalg_eig(self)) : _linalg_eigvals(self);
}
std::tuple<Tensor, Tensor, Tensor> linalg_svd(const Tensor& A, bool full_matrices,
                                              std::optional<std::string_view> driver) {
  return _linalg_svd(A, full_matrices, true, driver);
}
Tensor linalg_svdvals(const Tensor& A, std::optional<std::string_view> driver) {
  return std::get<1>(_linalg_svd(A, false, autograd_wanted(A), driver));
}
std::tuple<Tensor, Tensor, Tensor> svd(const Tensor& self, bool some, bool compute_uv) {
  check(self.dim() >= 2, "linalg.svd: input should have at least 2 dimensions, but has ", self.dim(),
        " dimensions instead");
  if (compute_uv) {
    const auto [u, s, vh] = _linalg_svd(self, !some, true);
    return {u, s, mH(vh)};
  }
  const Tensor s = linalg_svdvals(self);
  const auto zero_basis = [&](int64_t n) {
    DimVec sizes(self.sizes());
    sizes[sizes.size() - 2] = sizes.back() = n;
    return zeros(sizes, self.dtype(), self.device());
  };
  return {zero_basis(rows_in(self)), s, mT(zero_basis(columns_in(self)))};
}

// ---- functions of matrices ----
namespace {

// Coefficients of the numerators of the diagonal Pade approximants to the exponential, and how large a norm
// each is for: N. Higham, "The scaling and squaring method for the matrix exponential revisited" (2005),
// tables 2.3 and 2.4.
constexpr double kPade7[] = {17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1};
constexpr double kPade13[] = {64764752532480000,
                              32382376266240000,
                              7771770303897600,
                              1187353796428800,
                              129060195264000,
                              10559470521600,
                              670442572800,
                              33522128640,
                              1323241920,
                              40840800,
                              960960,
                              16380,
                              182,
                              1};
constexpr double kNorm7 = 3.925724783138660, kNorm13 = 5.371920351148152;

Tensor pade_exp(const Tensor& a, const Tensor& identity, bool high) {
  const Tensor a2 = matmul(a, a), a4 = matmul(a2, a2), a6 = matmul(a4, a2);
  Tensor odd, even;
  if (high) {
    const double* const b = kPade13;
    odd = matmul(a, matmul(a6, a6 * b[13] + a4 * b[11] + a2 * b[9]) + a6 * b[7] + a4 * b[5] + a2 * b[3] +
                        identity * b[1]);
    even =
        matmul(a6, a6 * b[12] + a4 * b[10] + a2 * b[8]) + a6 * b[6] + a4 * b[4] + a2 * b[2] + identity * b[0];
  } else {
    const double* const b = kPade7;
    odd = matmul(a, a6 * b[7] + a4 * b[5] + a2 * b[3] + identity * b[1]);
    even = a6 * b[6] + a4 * b[4] + a2 * b[2] + identity * b[0];
  }
  return std::get<0>(_linalg_solve_ex(even - odd, even + odd));
}

Tensor eye_like(const Tensor& a) { return eye(columns_in(a), a.dtype(), a.device()); }

} // namespace

Tensor compute::linalg_matrix_exp(const Tensor& self) {
  infer::check_square("linalg.matrix_exp", self, "A");
  infer::check_float_or_complex("linalg.matrix_exp", self, true);
  const auto fresh = [](const Tensor& t) { return torch::alias(clone(t, MemoryFormat::Contiguous)); };
  if (self.is_meta() || self.numel() == 0) return empty_tensor(self.sizes(), self.dtype(), self.device());
  if (is_reduced_float(self.dtype()))
    not_implemented("\"matrix_exp\" not implemented for '", dtype_aten_name(self.dtype()), "'");
  const bool high = real_type(self.dtype()) == DType::Float64;
  // Each matrix is halved as often as it needs, and its exponential squared as often.
  const Tensor norm = amax(sum(abs(self), {-2}, false), {-1}, false);
  const Tensor ratio = log2(norm / Scalar(high ? kNorm13 : kNorm7));
  const Tensor halvings = clamp(ceil(nan_to_num(ratio, 0.0, 1100.0, 0.0)), Scalar(0), Scalar(1100));
  const Tensor times = unsqueeze(unsqueeze(halvings, -1), -1);
  Tensor x = pade_exp(self * exp2(-times), eye_like(self), high);
  const int64_t most = static_cast<int64_t>(value_of<double>(_to_copy(max(halvings), DType::Float64)));
  for (int64_t i = 0; i < most; ++i) x = where(gt(times, i), matmul(x, x), x);
  return fresh(x);
}
Tensor matrix_exp(const Tensor& self) { return linalg_matrix_exp(self); }

Tensor linalg_matrix_power(const Tensor& self, int64_t n) {
  infer::check_square("linalg.matrix_power", self, "A");
  if (n == 0) { // constant, but recorded
    const Tensor nowhere = ones(self.sizes(), DType::Bool, self.device());
    return masked_fill(self, nowhere, Scalar(0)) + eye_like(self);
  }
  Tensor base = n < 0 ? linalg_inv(self) : self;
  uint64_t left = n < 0 ? uint64_t(0) - uint64_t(n) : uint64_t(n);
  if (left == 1) return n < 0 ? base : clone(base, MemoryFormat::Contiguous);
  if (left == 3) return matmul(matmul(base, base), base);
  Tensor result;
  for (;;) {
    if (left & 1) result = result.defined() ? matmul(result, base) : base;
    left >>= 1;
    if (left == 0) return result;
    base = matmul(base, base);
  }
}
Tensor matrix_power(const Tensor& self, int64_t n) { return linalg_matrix_power(self, n); }

namespace {

double default_rtol(const Tensor& a) {
  const double epsilon = real_type(a.dtype()) == DType::Float32 ? 0x1p-23 : 0x1p-52;
  return epsilon * static_cast<double>(std::max(rows_in(a), columns_in(a)));
}

// The two tolerances: without either the relative one depends on dtype and size; with the absolute one alone
// it is zero, unless that is zero, too.
struct Tolerances {
  Tensor absolute, relative;
};
Tolerances tolerances(const char* op, const Tensor& a, const Tensor& atol, const Tensor& rtol) {
  for (const auto& [t, name] : {std::pair(&atol, "atol"), std::pair(&rtol, "rtol")})
    check(!t->defined() || !t->is_complex(), op, ": ", name, " tensor of complex type is not supported. Got ",
          t->defined() ? dtype_aten_name(t->dtype()) : "");
  const DType real = real_type(a.dtype());
  const Tensor absolute = atol.defined() ? _to_copy(atol, real) : zeros({}, real, a.device());
  if (rtol.defined()) return {absolute, _to_copy(rtol, real)};
  const Tensor usual = full({}, default_rtol(a), real, a.device());
  if (!atol.defined()) return {absolute, usual};
  return {absolute, where(gt(absolute, 0), zeros({}, real, a.device()), usual)};
}
Tolerances tolerances(const Tensor& a, std::optional<double> atol, std::optional<double> rtol) {
  const DType real = real_type(a.dtype());
  const double relative = rtol ? *rtol : atol.value_or(0) > 0 ? 0 : default_rtol(a);
  return {full({}, atol.value_or(0), real, a.device()), full({}, relative, real, a.device())};
}

void check_rank_input(const char* op, const Tensor& a) {
  infer::check_matrix(op, a, "input");
  check(is_differentiable(a.dtype()) && !is_reduced_float(a.dtype()), op,
        ": This function doesn't handle types other than float and double, got ", a.dtype());
}

Tensor rank_of(const Tensor& a, const Tolerances& tolerance, bool hermitian) {
  NoGradGuard no_grad;
  if (a.numel() == 0) {
    const DimVec sizes(a.sizes().span().first(size_t(a.dim() - 2)));
    return zeros(sizes, DType::Int64, a.device());
  }
  const Tensor s = hermitian ? abs(linalg_eigvalsh(a)) : linalg_svdvals(a);
  const Tensor limit = maximum(tolerance.absolute, tolerance.relative * amax(s, {-1}, false));
  return sum(gt(s, unsqueeze(limit, -1)), {-1}, false);
}

} // namespace

Tensor linalg_matrix_rank(const Tensor& input, const Tensor& atol, const Tensor& rtol, bool hermitian) {
  constexpr const char* op = "torch.linalg.matrix_rank";
  check_rank_input(op, input);
  return rank_of(input, tolerances(op, input, atol, rtol), hermitian);
}
Tensor linalg_matrix_rank(const Tensor& self, std::optional<double> atol, std::optional<double> rtol,
                          bool hermitian) {
  check_rank_input("torch.linalg.matrix_rank", self);
  return rank_of(self, tolerances(self, atol, rtol), hermitian);
}
Tensor linalg_matrix_rank(const Tensor& self, double tol, bool hermitian) {
  return linalg_matrix_rank(self, std::optional<double>(tol), std::optional<double>(0.0), hermitian);
}
Tensor linalg_matrix_rank(const Tensor& input, const Tensor& tol, bool hermitian) {
  check(tol.defined(), "torch.linalg.matrix_rank: tol must be a tensor or a number");
  return linalg_matrix_rank(input, tol, zeros({}, real_type(tol.dtype()), tol.device()), hermitian);
}

Tensor compute::linalg_pinv_atol_rtol_tensor(const Tensor& self, const Tensor& atol, const Tensor& rtol,
                                             bool hermitian) {
  check(self.dim() >= 2 && is_differentiable(self.dtype()) && !is_reduced_float(self.dtype()), "linalg.pinv(",
        dtype_aten_name(self.dtype()), "{", self.sizes(),
        "}): expected a tensor with 2 or more dimensions of float, double, cfloat or cdouble types");
  if (hermitian) infer::check_square("linalg.eigh", self, "A");
  if (self.numel() == 0 || self.is_meta()) {
    DimVec sizes(self.sizes());
    std::swap(sizes[sizes.size() - 2], sizes.back());
    return empty_tensor(sizes, self.dtype(), self.device());
  }
  const auto [absolute, relative] = tolerances("torch.linalg.pinv", self, atol, rtol);
  Tensor u, s, vh;
  if (hermitian) {
    std::tie(s, u) = linalg_eigh(self);
    vh = mH(u);
  } else {
    std::tie(u, s, vh) = _linalg_svd(self, false, true);
  }
  const Tensor size = abs(s);
  const Tensor limit = maximum(absolute, relative * amax(size, {-1}, false));
  const Tensor inverse = where(gt(size, unsqueeze(limit, -1)), reciprocal(s), zeros_like(s));
  const Tensor scaled_u = u * unsqueeze(_to_copy(inverse, u.dtype()), -2);
  return torch::alias(clone(matmul(mH(vh), mH(scaled_u)), MemoryFormat::Contiguous));
}
Tensor linalg_pinv(const Tensor& self, std::optional<double> atol, std::optional<double> rtol,
                   bool hermitian) {
  if (self.dim() < 2 || !is_differentiable(self.dtype()))
    return linalg_pinv(self, Tensor(), Tensor(), hermitian);
  const auto [absolute, relative] = tolerances(self, atol, rtol);
  return linalg_pinv(self, absolute, relative, hermitian);
}
Tensor linalg_pinv(const Tensor& self, double rcond, bool hermitian) {
  return linalg_pinv(self, std::optional<double>(0.0), std::optional<double>(rcond), hermitian);
}
Tensor linalg_pinv(const Tensor& self, const Tensor& rcond, bool hermitian) {
  return linalg_pinv(self, Tensor(), rcond, hermitian);
}
Tensor pinverse(const Tensor& self, double rcond) { return linalg_pinv(self, rcond, false); }

// ---- condition numbers ----
namespace {

// Norm of A times norm of its inverse; infinite for singular matrices.
template <class Order> Tensor cond_by_norm(const Tensor& self, const Order& order, std::string_view shown) {
  const std::string op = concat("linalg.cond(ord=", shown, ")");
  infer::check_square(op.c_str(), self, "A");
  const auto [found, info] = linalg_inv_ex(self, false);
  const Tensor singular = ne(info, 0);
  const Tensor inverse =
      masked_fill(found, unsqueeze(unsqueeze(singular, -1), -1), Scalar(0)); // else not finite
  const Tensor product = linalg_matrix_norm(self, order) * linalg_matrix_norm(inverse, order);
  return masked_fill(product, singular, Scalar(std::numeric_limits<double>::infinity()));
}

} // namespace

Tensor linalg_cond(const Tensor& self, const std::optional<Scalar>& p) {
  check(self.dim() >= 2, "linalg.cond: The input tensor must have at least 2 dimensions.");
  const double order = p ? p->to<double>() : 2;
  if (std::abs(order) == 2) {
    if (self.numel() == 0)
      return zeros(DimVec(self.sizes().span().first(size_t(self.dim() - 2))), real_type(self.dtype()),
                   self.device());
    const Tensor s = linalg_svdvals(self);
    const Tensor largest = select(s, -1, 0), smallest = select(s, -1, -1);
    return order > 0 ? largest / smallest : smallest / largest;
  }
  check(std::abs(order) == 1 || std::isinf(order), "linalg.cond got an invalid norm type: ", order);
  if (self.numel() == 0)
    return zeros(DimVec(self.sizes().span().first(size_t(self.dim() - 2))), real_type(self.dtype()),
                 self.device());
  return cond_by_norm(self, Scalar(order), concat(order));
}
Tensor linalg_cond(const Tensor& self, std::string_view p) {
  check(self.dim() >= 2, "linalg.cond: The input tensor must have at least 2 dimensions.");
  check(p == "fro" || p == "nuc", "linalg.cond got an invalid norm type: ", p);
  if (self.numel() == 0)
    return zeros(DimVec(self.sizes().span().first(size_t(self.dim() - 2))), real_type(self.dtype()),
                 self.device());
  return cond_by_norm(self, p, p);
}

} // namespace torch::ops

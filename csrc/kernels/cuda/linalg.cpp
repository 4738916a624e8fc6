// Linear algebra: how matrices lie, cuSOLVER's functions (solver.h), and what comes before and after them.
#include "kernels/linalg_kernels.h"

#include "kernels/cuda/device/linalg_args.h"
#include "kernels/cuda/index.h"
#include "kernels/cuda/solver.h"
#include "kernels/cuda/solver_api.h"
#include "kernels/cuda/table.h"
#include "kernels/linalg_errors.h"
#include "kernels/pointwise_ops.h"

#include <algorithm>

namespace torch::cuda {

namespace {

constexpr Family kLinalg{"linalg", "LINALG", true};

int64_t rows_of(const Tensor& t) { return t.size(t.dim() - 2); }
int64_t columns_of(const Tensor& t) { return t.size(t.dim() - 1); }
IntSpan batch_of(const Tensor& t, int64_t inner = 2) {
  return t.sizes().span().first(static_cast<size_t>(t.dim() - inner));
}

// Column-major matrices, each right after the one before.
Tensor column_major(IntSpan batch, int64_t m, int64_t n, const Tensor& like) {
  DimVec sizes(batch), strides(batch.size() + 2);
  sizes.push_back(m);
  sizes.push_back(n);
  int64_t step = m * n;
  for (size_t d = batch.size(); d-- > 0; step *= batch[d]) strides[d] = step;
  strides[batch.size()] = 1;
  strides[batch.size() + 1] = std::max<int64_t>(m, 1);
  return empty_strided_tensor(sizes, strides, like.dtype(), like.device());
}
bool is_column_major(const Tensor& t) {
  const int64_t nd = t.dim();
  int64_t step = 1;
  for (int64_t i = 0; i < nd; ++i) {
    const int64_t d = i == 0 ? nd - 2 : i == 1 ? nd - 1 : nd - 1 - i;
    if (t.size(d) != 1 && t.stride(d) != step) return false;
    step *= t.size(d);
  }
  return true;
}
// As many matrices (inner = 2) or vectors (1) as the batch has.
Tensor expanded(const Tensor& t, IntSpan batch, int64_t inner = 2) {
  const auto own = static_cast<size_t>(t.dim() - inner);
  DimVec sizes(batch), strides(batch.size());
  for (size_t i = 0; i < own; ++i) strides[batch.size() - own + i] = t.sizes()[i] == 1 ? 0 : t.strides()[i];
  for (int64_t i = 0; i < inner; ++i) {
    sizes.push_back(t.sizes()[own + static_cast<size_t>(i)]);
    strides.push_back(t.strides()[own + static_cast<size_t>(i)]);
  }
  return alias(t, sizes, strides, t.offset());
}
void load(const Tensor& to, const Tensor& from) { copy(to, expanded(from, batch_of(to))); }
Tensor copied(const Tensor& t, IntSpan batch) {
  const Tensor made = column_major(batch, rows_of(t), columns_of(t), t);
  load(made, t);
  return made;
}
// For reading.
Tensor columns(const Tensor& t, IntSpan batch) {
  const Tensor all = expanded(t, batch);
  return is_column_major(all) ? all : copied(t, batch);
}
Tensor flipped(const Tensor& t) {
  DimVec sizes(t.sizes()), strides(t.strides());
  std::swap(sizes[sizes.size() - 2], sizes[sizes.size() - 1]);
  std::swap(strides[sizes.size() - 2], strides[sizes.size() - 1]);
  return alias(t, sizes, strides, t.offset());
}
Tensor as_columns(const Tensor& t) { // a vector for each matrix
  DimVec sizes(t.sizes()), strides(t.strides());
  sizes.push_back(1);
  strides.push_back(1);
  return alias(t, sizes, strides, t.offset());
}
// Rows and columns from (row, column) on.
Tensor part(const Tensor& t, int64_t row, int64_t column, int64_t rows, int64_t columns) {
  DimVec sizes(t.sizes());
  sizes[sizes.size() - 2] = rows;
  sizes[sizes.size() - 1] = columns;
  return alias(t, sizes, t.strides(),
               t.offset() + row * t.stride(t.dim() - 2) + column * t.stride(t.dim() - 1));
}
Tensor diagonal_of(const Tensor& t) {
  DimVec sizes(batch_of(t)), strides(t.strides().span().first(sizes.size()));
  sizes.push_back(std::min(rows_of(t), columns_of(t)));
  strides.push_back(t.stride(t.dim() - 2) + t.stride(t.dim() - 1));
  return alias(t, sizes, strides, t.offset());
}
void set_identity(const Tensor& t) {
  if (t.numel() == 0) return;
  fill(t, 0);
  fill(diagonal_of(t), 1);
}
void conjugate_from(const Tensor& out, const Tensor& in) {
  if (!in.is_complex()) return copy(out, in);
  const Tensor* const inputs[] = {&in};
  pointwise(PointwiseOp::Conj, out.dtype(), out, inputs, 1, nullptr);
}
Tensor zero_info(IntSpan batch, const Tensor& like) {
  const Tensor info = empty_tensor(batch, DType::Int32, like.device());
  fill(info, 0);
  return info;
}
Tensor host_copy(const Tensor& t) {
  const Tensor made = empty_tensor(t.sizes(), t.dtype());
  copy(made, t);
  return made;
}

void run(const char* op, const Tensor& like, int64_t threads, LinalgArgs& args) {
  if (threads == 0) return;
  args.n = threads;
  launch(use(like.device().index), find_kernel(concat(op, "_", type_name(like.dtype()), "_any"), kLinalg),
         {(threads + kLinalgThreads - 1) / kLinalgThreads, kLinalgThreads}, &args);
}
// See device/linalg.h; `zero`: looks for zeros, else for what is not positive.
void check_diagonal(const Tensor& a, const Tensor& info, bool zero) {
  LinalgArgs args{};
  args.a = a.data();
  args.info = info.data<int>();
  args.size = rows_of(a);
  args.columns = columns_of(a);
  args.flag = zero;
  run("Diagonal", a, info.numel(), args);
}

// Of each matrix, whether all its elements are finite.
Tensor finite_matrices(const Tensor& t) {
  const Tensor each = empty_tensor(t.sizes(), DType::Bool, t.device());
  const Tensor* const inputs[] = {&t};
  pointwise(PointwiseOp::IsFinite, t.dtype(), each, inputs, 1, nullptr);
  const Tensor result = empty_tensor(batch_of(t), DType::Bool, t.device());
  const int64_t dims[] = {t.dim() - 2, t.dim() - 1};
  all(result, each, dims);
  return result;
}
// -1 for matrices that are not.
Tensor info_of_finite(const Tensor& t, int failure) {
  const Tensor finite = host_copy(finite_matrices(t)), info = empty_tensor(batch_of(t), DType::Int32);
  for (int64_t i = 0; i < info.numel(); ++i) info.data<int>()[i] = finite.data<bool>()[i] ? 0 : failure;
  return info;
}

// The factors of A in `lu`, which info tells of; A may be of no elements.
void factor(const Tensor& lu, const Tensor& pivots, const Tensor& info, const Tensor& A) {
  fill(info, 0);
  if (lu.numel() == 0) return;
  load(lu, A);
  lapack::getrf(lu, pivots, info);
}
// Solves op(A) X = B for result, a view of any layout, from LU; conj(X) and conj(B) where `conjugated`.
void solve_factored(int op, bool conjugated, const Tensor& lu, const Tensor& pivots, const Tensor& result,
                    const Tensor& rhs) {
  if (result.numel() == 0) return;
  const Tensor x = is_column_major(result)
                       ? result
                       : column_major(batch_of(result), rows_of(result), columns_of(result), result);
  load(x, rhs);
  if (conjugated) conjugate_from(x, x);
  lapack::getrs(op, lu, pivots, x);
  if (conjugated) conjugate_from(x, x);
  if (!x.is_same(result)) copy(result, x);
}

} // namespace

// ---- Cholesky ----

void cholesky(const Tensor& out0, const Tensor& out1, const Tensor& self, bool upper, bool check_errors) {
  fill(out1, 0);
  if (self.numel() == 0) return;
  lapack::check_dtype("cholesky_cuda", self.dtype());
  load(out0, self);
  lapack::potrf(out0, out1, upper);
  check_diagonal(out0, out1, false); // whether the library looks for NaN is not said
  upper ? triu(out0, out0, 0) : tril(out0, out0, 0);
  if (check_errors) check_cholesky("linalg.cholesky_ex", host_copy(out1));
}

void cholesky_solve(const Tensor& out, const Tensor& self, const Tensor& input2, bool upper) {
  lapack::check_dtype("cholesky_solve_cuda", self.dtype());
  if (out.numel() == 0) return;
  load(out, self);
  lapack::potrs(columns(input2, batch_of(out)), out, upper);
}

void cholesky_inverse(const Tensor& out, const Tensor& self, bool upper) {
  lapack::check_dtype("cholesky_inverse_cuda", self.dtype());
  if (out.numel() == 0) return;
  load(out, self);
  const Tensor info = zero_info(batch_of(out), out);
  check_diagonal(out, info, true);
  check_inverse("cholesky_inverse", host_copy(info));
  lapack::potri(out, info, upper);
  LinalgArgs args{};
  args.a = out.data();
  args.size = rows_of(out);
  args.flag = upper;
  run("Mirror", out, out.numel(), args);
}

// ---- LU ----

void lu_factor(const Tensor& out0, const Tensor& out1, const Tensor& out2, const Tensor& A,
               bool check_errors) {
  if (A.numel() > 0) lapack::check_dtype("lu_cuda", A.dtype());
  factor(out0, out1, out2, A);
  if (check_errors) check_lu("torch.linalg.lu_factor_ex", host_copy(out2));
}

void lu_unpack(const Tensor& out0, const Tensor& out1, const Tensor& out2, const Tensor& LU_data,
               const Tensor& LU_pivots, bool unpack_data, bool unpack_pivots) {
  const int64_t m = rows_of(LU_data), n = columns_of(LU_data), k = std::min(m, n);
  if (unpack_data && k > 0) {
    tril(out1, part(LU_data, 0, 0, m, k), -1);
    if (out1.numel() > 0) fill(diagonal_of(out1), 1);
    triu(out2, part(LU_data, 0, 0, k, n), 0);
  }
  if (!unpack_pivots || out0.numel() == 0) return;
  // P has a one at (rows[r], r).
  const Tensor pivots = packed(LU_pivots);
  DimVec sizes(batch_of(out0));
  sizes.push_back(1);
  sizes.push_back(m);
  const Tensor rows = empty_tensor(sizes, DType::Int64, out0.device()),
               places = empty_tensor(DimVec{m, 1}, DType::Int64, out0.device());
  LinalgArgs args{};
  args.pivots = pivots.data<int>();
  args.rows = rows.data<int64_t>();
  args.size = m;
  args.columns = k;
  args.n = rows.numel() / m;
  launch(use(out0.device().index), find_kernel("Permutation_f32_any", kLinalg),
         {(args.n + kLinalgThreads - 1) / kLinalgThreads, kLinalgThreads}, &args);
  arange(places, 0, 1);
  const Tensor* const inputs[] = {&places, &rows};
  pointwise(PointwiseOp::Eq, DType::Int64, out0, inputs, 2, nullptr);
}

void lu_solve(const Tensor& out, const Tensor& LU, const Tensor& pivots, const Tensor& B, bool left,
              bool adjoint) {
  lapack::check_dtype("lu_solve", LU.dtype());
  const int64_t n = rows_of(LU);
  const Tensor places = host_copy(pivots); // the library would read and write at others
  for (int64_t i = 0; i < places.numel(); ++i) {
    const int pivot = places.data<int>()[i];
    check(pivot >= 1 && pivot <= n, "Pivots given to lu_solve must be between 1 and LU.size(-2), but one is ",
          int64_t{pivot}, ". Did you properly pass the result of lu_factor?");
  }
  if (out.numel() == 0) return;
  // X A = B is A^T X^T = B^T, and X A^H = B is A conj(X^T) = conj(B^T).
  const int op = left ? (adjoint ? kAdjoint : kPlain) : (adjoint ? int{kPlain} : int{kTransposed});
  const IntSpan batch = batch_of(out);
  solve_factored(op, !left && adjoint, columns(LU, batch), packed(expanded(pivots, batch, 1)),
                 left ? out : flipped(out), left ? B : flipped(B));
}

void det(const Tensor& out0, const Tensor& out1, const Tensor& out2, const Tensor& A) {
  if (out0.numel() == 0) return;
  lapack::check_dtype("lu_cuda", A.dtype());
  factor(out1, out2, zero_info(batch_of(A), A), A);
  LinalgArgs args{};
  args.a = out1.data();
  args.pivots = out2.data<int>();
  args.out = out0.data();
  args.size = rows_of(A);
  run("Determinant", A, out0.numel(), args);
}

void slogdet(const Tensor& out0, const Tensor& out1, const Tensor& out2, const Tensor& out3,
             const Tensor& A) {
  lapack::check_dtype("lu_cuda", A.dtype());
  if (out0.numel() == 0) return;
  factor(out2, out3, zero_info(batch_of(A), A), A);
  LinalgArgs args{};
  args.a = out2.data();
  args.pivots = out3.data<int>();
  args.out = out0.data();
  args.second = out1.data();
  args.size = rows_of(A);
  run("Determinant", A, out0.numel(), args);
}

void inverse(const Tensor& out0, const Tensor& out1, const Tensor& A, bool check_errors) {
  lapack::check_dtype("inverse_cuda", A.dtype());
  const Tensor lu = column_major(batch_of(out0), rows_of(A), rows_of(A), A);
  DimVec sizes(batch_of(out0));
  sizes.push_back(rows_of(A));
  const Tensor pivots = empty_tensor(sizes, DType::Int32, A.device());
  factor(lu, pivots, out1, A);
  if (out0.numel() > 0) {
    set_identity(out0);
    lapack::getrs(kPlain, lu, pivots, out0);
  }
  if (check_errors) check_inverse("linalg.inv_ex", host_copy(out1));
}

void solve(const Tensor& out0, const Tensor& out1, const Tensor& out2, const Tensor& out3, const Tensor& A,
           const Tensor& B, bool left, bool check_errors) {
  fill(out3, 0);
  if (A.numel() == 0) return;
  lapack::check_dtype("linalg_solve", A.dtype());
  factor(out1, out2, out3, A);
  // X A = B is solved as A^T X^T = B^T.
  const bool vector = out0.dim() == out1.dim() - 1;
  solve_factored(left ? int{kPlain} : int{kTransposed}, false, out1, out2,
                 vector ? as_columns(out0)
                 : left ? out0
                        : flipped(out0),
                 vector ? as_columns(B)
                 : left ? B
                        : flipped(B));
  if (check_errors) check_solve("torch.linalg.solve_ex", host_copy(out3));
}

void solve_triangular(const Tensor& out, const Tensor& self, const Tensor& B, bool upper, bool left,
                      bool unitriangular) {
  lapack::check_dtype("triangular_solve_cuda", self.dtype());
  if (out.numel() == 0) return;
  load(out, B);
  lapack::trsm(left, upper, kPlain, unitriangular, columns(self, batch_of(out)), out);
}

// ---- symmetric matrices ----

namespace {
void refuse_hermitian(const char* op, const Tensor& t, bool hermitian) {
  check_kind(ErrorKind::NotImplemented, !hermitian || !t.is_complex(), op,
             ": there is no CUDA kernel for Hermitian matrices of complex numbers yet; move the operands to "
             "the CPU for this step with .cpu()");
}
} // namespace

void ldl_factor(const Tensor& out0, const Tensor& out1, const Tensor& out2, const Tensor& self,
                bool hermitian, bool check_errors) {
  lapack::check_dtype("ldl_factor_kernel_cuda", self.dtype());
  refuse_hermitian("linalg.ldl_factor", self, hermitian);
  fill(out2, 0);
  if (out0.numel() == 0) return;
  load(out0, self);
  lapack::sytrf(out0, out1, out2);
  tril(out0, out0, 0);
  if (check_errors) check_ldl("torch.linalg.ldl_factor_ex", host_copy(out2));
}

void ldl_solve(const Tensor& out, const Tensor& LD, const Tensor& pivots, const Tensor& B, bool hermitian) {
  lapack::check_dtype("ldl_solve_kernel_cuda", LD.dtype());
  const int64_t n = rows_of(out);
  const Tensor places = host_copy(pivots);
  const int* const p = places.data<int>();
  for (int64_t i = 0; i < places.numel(); ++i) { // negative numbers mark blocks of two
    const bool pair = p[i] < 0;
    check(std::abs(p[i]) >= 1 && std::abs(p[i]) <= n && (!pair || (i % n + 1 < n && p[i + 1] < 0)),
          "torch.linalg.ldl_solve: the pivots are not those of ldl_factor");
    i += pair;
  }
  refuse_hermitian("linalg.ldl_solve", LD, hermitian);
  if (out.numel() == 0) return;
  const IntSpan batch = batch_of(out);
  load(out, B);
  lapack::sytrs(columns(LD, batch), packed(expanded(pivots, batch, 1)), out);
}

// ---- orthogonal factors ----

void geqrf(const Tensor& out0, const Tensor& out1, const Tensor& self) {
  lapack::check_dtype("geqrf_cuda", self.dtype());
  if (out0.numel() == 0) return fill(out1, 0);
  load(out0, self);
  lapack::geqrf(out0, out1);
}

void qr(const Tensor& out0, const Tensor& out1, const Tensor& A, std::string_view mode) {
  lapack::check_dtype("geqrf_cuda", A.dtype());
  const int64_t m = rows_of(A), n = columns_of(A), k = std::min(m, n);
  const bool with_q = mode != "r";
  if (k == 0) {
    if (with_q) set_identity(out0);
    return;
  }
  if (out1.numel() == 0) return; // an empty batch
  const Tensor a = copied(A, batch_of(A));
  DimVec sizes(batch_of(A));
  sizes.push_back(k);
  const Tensor tau = empty_tensor(sizes, A.dtype(), A.device());
  lapack::geqrf(a, tau);
  triu(out1, part(a, 0, 0, rows_of(out1), n), 0);
  if (!with_q) return;
  const int64_t shared = std::min(n, columns_of(out0));
  if (shared < columns_of(out0)) fill(out0, 0);
  copy(part(out0, 0, 0, m, shared), part(a, 0, 0, m, shared));
  lapack::orgqr(out0, tau, k);
}

void householder_product(const Tensor& out, const Tensor& input, const Tensor& tau) {
  lapack::check_dtype("orgqr_cuda", input.dtype());
  if (out.numel() == 0) return;
  load(out, input);
  const int64_t k = tau.size(tau.dim() - 1);
  if (k == 0) return set_identity(out);
  lapack::orgqr(out, packed(tau), k);
}

void ormqr(const Tensor& out, const Tensor& self, const Tensor& input2, const Tensor& input3, bool left,
           bool transpose) {
  lapack::check_dtype("ormqr_cuda", self.dtype());
  if (out.numel() == 0) return;
  load(out, input3);
  if (input2.numel() == 0) return;
  const int op = !transpose ? int{kPlain} : self.is_complex() ? kAdjoint : int{kTransposed};
  lapack::ormqr(left, op, columns(self, batch_of(out)), packed(input2), out);
}

// ---- eigenvalues and singular values ----

void eigh(const Tensor& out0, const Tensor& out1, const Tensor& A, std::string_view UPLO, bool compute_v) {
  if (out0.numel() == 0) return;
  lapack::check_dtype("linalg_eigh_cuda", A.dtype());
  check_eigh("linalg.eigh", info_of_finite(A, static_cast<int>(rows_of(A))));
  const Tensor a = compute_v ? out1 : column_major(batch_of(A), rows_of(A), rows_of(A), A),
               info = zero_info(batch_of(A), A);
  load(a, A);
  lapack::syevd(a, out0, info, UPLO == "U" || UPLO == "u", compute_v);
  check_eigh("linalg.eigh", host_copy(info));
}

namespace {
void eigen(const Tensor& values, const Tensor& vectors, const Tensor& A) {
  lapack::check_dtype("linalg_eig_cuda", A.dtype());
  if (values.numel() == 0) return;
  const Tensor finite = info_of_finite(A, 1);
  for (int64_t i = 0; i < finite.numel(); ++i)
    check(finite.data<int>()[i] == 0, "torch.linalg.eig: input tensor should not contain infs or NaNs.");
  const Tensor a = copied(A, batch_of(A)), info = zero_info(batch_of(A), A);
  const bool unpacks = vectors.defined() && !A.is_complex();
  const Tensor found = unpacks ? column_major(batch_of(A), rows_of(A), rows_of(A), A) : vectors;
  lapack::geev(a, values, found, info);
  if (unpacks) {
    LinalgArgs args{};
    args.a = found.data();
    args.values = values.data();
    args.out = vectors.data();
    args.size = rows_of(A);
    run("Unpack", A, found.numel(), args);
  }
  check_eig("torch.linalg.eig", host_copy(info));
}
} // namespace
void eigvals(const Tensor& out, const Tensor& self) { eigen(out, Tensor(), self); }
void eig_vectors(const Tensor& out0, const Tensor& out1, const Tensor& self) { eigen(out0, out1, self); }

// The library takes matrices with no fewer rows than columns: of others it gets the adjoint.
void svd(const Tensor& out0, const Tensor& out1, const Tensor& out2, const Tensor& A, bool full_matrices,
         bool compute_uv) {
  lapack::check_dtype("linalg_svd_cuda", A.dtype());
  const int64_t m = rows_of(A), n = columns_of(A), k = std::min(m, n);
  if (k == 0) { // full bases are identities
    if (compute_uv) {
      set_identity(out0);
      set_identity(out2);
    }
    return;
  }
  if (out1.numel() == 0) return;
  check_svd("linalg.svd", info_of_finite(A, -4));
  const IntSpan batch = batch_of(A);
  const Tensor info = zero_info(batch, A);
  if (m >= n) {
    lapack::gesvd(copied(A, batch), compute_uv ? out0 : Tensor(), out1, compute_uv ? out2 : Tensor(), info);
  } else {
    const Tensor a = column_major(batch, n, m, A);
    conjugate_from(a, flipped(A));
    Tensor u, vh;
    if (compute_uv) {
      u = column_major(batch, n, full_matrices ? n : k, A);
      vh = column_major(batch, m, m, A);
    }
    lapack::gesvd(a, u, out1, vh, info);
    if (compute_uv) {
      conjugate_from(out0, flipped(vh));
      conjugate_from(out2, flipped(u));
    }
  }
  check_svd("linalg.svd", host_copy(info));
}

// ---- least squares ----

namespace {

void subtract(const Tensor& from, const Tensor& t) {
  const Tensor* const inputs[] = {&from, &t};
  const Scalar one(1);
  pointwise(PointwiseOp::Sub, from.dtype(), from, inputs, 2, &one);
}
Tensor as_batch(const Tensor& t) { // one dimension of matrices, of column-major ones
  return alias(
      t, DimVec{t.numel() / std::max<int64_t>(rows_of(t) * columns_of(t), 1), rows_of(t), columns_of(t)},
      DimVec{rows_of(t) * columns_of(t), 1, std::max<int64_t>(rows_of(t), 1)}, t.offset());
}
// out = a b, all of them as `columns` gives them
void multiply(const Tensor& out, const Tensor& a, const Tensor& b) {
  bmm(as_batch(out), as_batch(a), as_batch(b));
}
// The sums of squares over the rows of t.
void add_squares(const Tensor& out, const Tensor& t) {
  const Tensor lengths = empty_tensor(out.sizes(), out.dtype(), out.device());
  const int64_t dims[] = {t.dim() - 2};
  vector_norm(lengths, t, 2, dims);
  const Tensor* const inputs[] = {&lengths, &lengths};
  pointwise(PointwiseOp::Mul, out.dtype(), out, inputs, 2, nullptr);
}

// Full rank, by QR of the matrix or its adjoint.
void least_by_qr(const Tensor& solution, const Tensor& residuals, const Tensor& info, const Tensor& a,
                 const Tensor& b) {
  const int64_t m = rows_of(a), n = columns_of(a), k = std::min(m, n), sides = columns_of(b);
  const IntSpan batch = batch_of(a);
  DimVec sizes(batch);
  sizes.push_back(k);
  const Tensor tau = empty_tensor(sizes, a.dtype(), a.device());
  const int adjoint = a.is_complex() ? kAdjoint : int{kTransposed};
  if (m >= n) {
    lapack::geqrf(a, tau);
    check_diagonal(a, info, true);
    lapack::ormqr(true, adjoint, a, tau, b);
    if (residuals.numel() > 0) add_squares(residuals, part(b, n, 0, m - n, sides));
    const Tensor x = copied(part(b, 0, 0, n, sides), batch);
    lapack::trsm(true, true, kPlain, false, copied(part(a, 0, 0, n, n), batch), x);
    return copy(solution, x);
  }
  const Tensor turned = column_major(batch, n, m, a);
  conjugate_from(turned, flipped(a));
  lapack::geqrf(turned, tau);
  check_diagonal(turned, info, true);
  const Tensor x = column_major(batch, n, sides, a), top = copied(b, batch);
  lapack::trsm(true, true, adjoint, false, copied(part(turned, 0, 0, m, m), batch), top);
  fill(x, 0);
  copy(part(x, 0, 0, m, sides), top);
  lapack::ormqr(true, kPlain, turned, tau, x);
  copy(solution, x);
}

// Any rank: the shortest solution, from the singular values above rcond times the largest.
void least_by_svd(const Tensor& solution, const Tensor& residuals, const Tensor& rank, const Tensor& singular,
                  const Tensor& a, const Tensor& b, double rcond) {
  const int64_t m = rows_of(a), n = columns_of(a), k = std::min(m, n), sides = columns_of(b);
  const IntSpan batch = batch_of(a);
  const DType real = real_type(a.dtype());
  DimVec sizes(batch);
  sizes.push_back(k);
  const Tensor u = column_major(batch, m, k, a), vh = column_major(batch, k, n, a),
               s = empty_tensor(sizes, real, a.device());
  svd(u, s, vh, a, false, true);
  if (singular.numel() > 0) copy(singular, s);
  // Where s > rcond s[0] its reciprocal, else 0.
  const Tensor bound = empty_tensor(sizes, real, a.device()),
               large = empty_tensor(sizes, DType::Bool, a.device()),
               inverse_s = empty_tensor(sizes, real, a.device());
  DimVec steps(s.strides());
  steps.back() = 0;
  const Tensor first = alias(s, sizes, steps, s.offset());
  const double epsilon = real == DType::Float32 ? 0x1p-23 : 0x1p-52;
  const Tensor factor = wrapped_number(rcond < 0 ? epsilon : rcond), zero = wrapped_number(0.0);
  const Tensor* const scaled[] = {&first, &factor};
  pointwise(PointwiseOp::Mul, real, bound, scaled, 2, nullptr);
  const Tensor* const compared[] = {&s, &bound};
  pointwise(PointwiseOp::Gt, real, large, compared, 2, nullptr);
  const Tensor* const inverted[] = {&s};
  pointwise(PointwiseOp::Reciprocal, real, inverse_s, inverted, 1, nullptr);
  const Tensor* const chosen[] = {&large, &inverse_s, &zero};
  pointwise(PointwiseOp::Where, real, inverse_s, chosen, 3, nullptr);
  if (rank.numel() > 0) {
    const int64_t last[] = {large.dim() - 1};
    count_nonzero(rank, large, last);
  }
  // V S^-1 U^H b
  const Tensor uh = column_major(batch, k, m, a), v = column_major(batch, n, k, a),
               inner = column_major(batch, k, sides, a), x = column_major(batch, n, sides, a);
  conjugate_from(uh, flipped(u));
  conjugate_from(v, flipped(vh));
  multiply(inner, uh, b);
  const Tensor by_rows = as_columns(inverse_s), typed = empty_tensor(by_rows.sizes(), a.dtype(), a.device());
  copy(typed, by_rows);
  const Tensor* const weighted[] = {&inner, &typed};
  pointwise(PointwiseOp::Mul, a.dtype(), inner, weighted, 2, nullptr);
  multiply(x, v, inner);
  copy(solution, x);
  if (residuals.numel() == 0) return;
  const Tensor reached = column_major(batch, m, sides, a);
  multiply(reached, a, x);
  subtract(reached, b);
  add_squares(residuals, reached);
}

} // namespace

void lstsq(const Tensor& out0, const Tensor& out1, const Tensor& out2, const Tensor& out3, const Tensor& out4,
           const Tensor& self, const Tensor& b, double rcond, std::string_view driver) {
  lapack::check_dtype("linalg_lstsq_cuda", self.dtype());
  const int64_t m = rows_of(self), n = columns_of(self);
  const IntSpan batch = batch_of(out0);
  fill(out4, 0);
  if (m == 0 || n == 0 || out4.numel() == 0) {
    if (out0.numel() > 0) fill(out0, 0);
    if (out2.numel() > 0) fill(out2, 0);
    if (out1.numel() > 0) add_squares(out1, expanded(b, batch));
    return;
  }
  const Tensor a = copied(self, batch), sides = copied(b, batch), bad = info_of_finite(a, -1);
  for (int64_t i = 0; i < bad.numel(); ++i)
    if (bad.data<int>()[i] != 0) return copy(out4, bad);
  if (sides.numel() == 0 && driver == "gels") return;
  if (driver == "gels")
    least_by_qr(out0, out1, out4, a, sides);
  else
    least_by_svd(out0, out1, out2, out3, a, sides, rcond);
}

} // namespace torch::cuda

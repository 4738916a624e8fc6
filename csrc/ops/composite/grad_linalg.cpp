// Derivatives of the functions on matrices.
//
// Conventions: <X, Y> = Re tr(X^H Y), so that the gradient of a matrix A is gA where a change dA changes the
// loss by <gA, dA>. M. Giles, "An extended collection of matrix derivative results for forward and reverse
// mode algorithmic differentiation" (2008) has the real case of most; complex matrices follow in the same
// way, with conjugate transposes and, where a factor is determined up to a phase only, an extra condition on
// the loss.
#include "ops/entry.h"

#include <limits>

namespace torch::ops {

namespace {

int64_t rows_in(const Tensor& t) { return t.sizes()[size_t(t.dim() - 2)]; }
int64_t columns_in(const Tensor& t) { return t.sizes().back(); }
Tensor diagonal_of(const Tensor& t) { return diagonal(t, 0, -2, -1); }
Tensor eye_like(const Tensor& t) { return eye(columns_in(t), t.dtype(), t.device()); }
Tensor as_row(const Tensor& v) { return unsqueeze(v, -2); }
Tensor as_column(const Tensor& v) { return unsqueeze(v, -1); }
Tensor diagonal_matrix(const Tensor& v) { return diag_embed(v); }
Tensor plus(const Tensor& a, const Tensor& b) { return a.defined() ? b.defined() ? a + b : a : b; }
Tensor left_columns(const Tensor& t, int64_t k) { return narrow(t, -1, 0, k); }
Tensor right_columns(const Tensor& t, int64_t k) { return narrow(t, -1, k, columns_in(t) - k); }
Tensor top_rows(const Tensor& t, int64_t k) { return narrow(t, -2, 0, k); }
Tensor bottom_rows(const Tensor& t, int64_t k) { return narrow(t, -2, k, rows_in(t) - k); }

Tensor zeros_beside(const Tensor& t, int64_t rows, int64_t columns) {
  DimVec sizes(t.sizes());
  sizes[sizes.size() - 2] = rows;
  sizes.back() = columns;
  return zeros(sizes, t.dtype(), t.device());
}
Tensor with_columns(const Tensor& t, int64_t n) { // zero columns up to n
  if (columns_in(t) == n) return t;
  const Tensor parts[] = {t, zeros_beside(t, rows_in(t), n - columns_in(t))};
  return cat(parts, -1);
}
Tensor with_rows(const Tensor& t, int64_t m) {
  if (rows_in(t) == m) return t;
  const Tensor parts[] = {t, zeros_beside(t, m - rows_in(t), columns_in(t))};
  return cat(parts, -2);
}

// t with half its diagonal.
Tensor half_diagonal(const Tensor& t) { return t - diagonal_matrix(diagonal_of(t)) * Scalar(0.5); }
// The Hermitian matrix whose upper triangle is that of t, with the real part of the diagonal.
Tensor hermitian_from_upper(const Tensor& t) {
  const Tensor u = half_diagonal(triu(t, 0));
  return u + mH(u);
}

// x A^-H and A^-H x for triangular A.
Tensor divide_right(const Tensor& x, const Tensor& a, bool upper, bool unit = false) {
  return linalg_solve_triangular(mH(a), x, !upper, false, unit);
}
Tensor divide_left(const Tensor& x, const Tensor& a, bool upper, bool unit = false) {
  return linalg_solve_triangular(mH(a), x, !upper, true, unit);
}

// Differences of all pairs, column less row, infinite on the diagonal, so that what is divided by them
// vanishes there.
Tensor differences(const Tensor& v) {
  const Tensor d = as_row(v) - as_column(v);
  const Tensor on_diagonal = eye(columns_in(d), DType::Bool, d.device());
  return masked_fill(d, on_diagonal, Scalar(std::numeric_limits<double>::infinity()));
}

// A loss must not depend on what is arbitrary in complex vectors.
void check_phase(const char* op, const char* what, const Tensor& phase, const Tensor& size) {
  if (phase.is_meta() || phase.numel() == 0) return;
  NoGradGuard no_grad;
  const Tensor limit = (amax(abs(size), {}, false) + Scalar(1)) * Scalar(1e-2);
  check(value_of<bool>(all(le(abs(phase), limit))), op, ": The ", what,
        " in the complex case are specified up to multiplication by e^{i phi}. The specified loss function "
        "depends "
        "on this quantity, so it is ill-defined.");
}

// h A^-H for numbers h, one for each matrix; by the factors while no graph is built.
Tensor inverse_times(const Tensor& h, const Tensor& a, const Tensor& lu, const Tensor& pivots) {
  const Tensor right = as_column(as_column(h)) * eye_like(a);
  if (thread_state.grad_enabled) return std::get<0>(linalg_solve_ex(mH(a), right));
  return linalg_lu_solve(lu, pivots, right, true, true);
}

} // namespace

Tensor no_derivative(const char* op, TensorList) {
  not_implemented("the derivative for '", op, "' is not implemented.");
}

// ---- Cholesky: I. Murray, "Differentiation of the Cholesky decomposition" (2016) ----
Tensor cholesky_grad(const Tensor& grad, const Tensor& factor, bool upper) {
  const Tensor l = upper ? mH(factor) : factor, g = upper ? mH(grad) : grad;
  // Only the lower triangle of A is free: its gradient is spread over both.
  const Tensor phi = tril(matmul(mH(l), g), 0);
  const Tensor symmetric = (phi + mH(tril(phi, -1))) * Scalar(0.5);
  return linalg_solve_triangular(l, divide_left(symmetric, l, false), false, false);
}
Tensor cholesky_solve_grad(const Tensor& grad, const Tensor& x, const Tensor& factor, bool upper) {
  const Tensor half = matmul(cholesky_solve(grad, factor, upper), mH(x));
  const Tensor sum = -(half + mH(half));
  return upper ? matmul(factor, sum) : matmul(sum, factor);
}
Tensor cholesky_inverse_grad(const Tensor& grad, const Tensor& factor, bool upper, const Tensor& inverse) {
  const Tensor sum = -matmul(inverse, matmul(grad + mH(grad), inverse));
  return upper ? matmul(factor, sum) : matmul(sum, factor);
}

// ---- LU ----
// Square: with A = P L U, L^-1 P^T dA U^-1 = L^-1 dL + dU U^-1, whose two terms are strictly lower and upper
// triangular. Wide and tall matrices add a block that the square one determines.
Tensor lu_grad(const Tensor& grad_l, const Tensor& grad_u, const Tensor& p, const Tensor& l,
               const Tensor& u) {
  const int64_t m = rows_in(l), n = columns_in(u), k = std::min(m, n);
  const Tensor l1 = m > k ? top_rows(l, k) : l, u1 = n > k ? left_columns(u, k) : u;
  Tensor lower, upper, block;
  if (grad_l.defined()) {
    lower = matmul(mH(l1), m > k ? top_rows(grad_l, k) : grad_l);
    if (m > k) upper = -matmul(mH(bottom_rows(l, k)), bottom_rows(grad_l, k));
  }
  if (grad_u.defined()) {
    upper = plus(upper, matmul(n > k ? left_columns(grad_u, k) : grad_u, mH(u1)));
    if (n > k) lower = plus(lower, -matmul(right_columns(grad_u, k), mH(right_columns(u, k))));
  }
  const Tensor phi =
      plus(lower.defined() ? tril(lower, -1) : Tensor(), upper.defined() ? triu(upper, 0) : Tensor());
  Tensor g = divide_right(divide_left(phi, l1, false, true), u1, true);
  if (m > k) {
    const Tensor parts[] = {g, grad_l.defined() ? divide_right(bottom_rows(grad_l, k), u1, true)
                                                : zeros_beside(g, m - k, k)};
    g = cat(parts, -2);
  } else if (n > k) {
    const Tensor parts[] = {g, grad_u.defined() ? divide_left(right_columns(grad_u, k), l1, false, true)
                                                : zeros_beside(g, k, n - k)};
    g = cat(parts, -1);
  }
  return matmul(p, g);
}
Tensor lu_factor_grad(const Tensor& grad, const Tensor& lu, const Tensor& pivots) {
  const int64_t k = std::min(rows_in(lu), columns_in(lu));
  const auto [p, l, u] = lu_unpack(lu, pivots);
  return lu_grad(left_columns(grad, k), top_rows(grad, k), p, l, u);
}
Tensor lu_unpack_grad(const Tensor& grad_l, const Tensor& grad_u, const DimVec& sizes) {
  const int64_t m = sizes[sizes.size() - 2], n = sizes.back();
  return plus(grad_l.defined() ? with_columns(tril(grad_l, -1), n) : Tensor(),
              grad_u.defined() ? with_rows(triu(grad_u, 0), m) : Tensor());
}
Tensor lu_solve_grad(const Tensor& grad, const Tensor& lu, const Tensor& pivots, const Tensor& x, bool left,
                     bool adjoint) {
  const Tensor grad_b = linalg_lu_solve(lu, pivots, grad, left, !adjoint);
  const Tensor product = left ? (adjoint ? matmul(x, mH(grad_b)) : matmul(grad_b, mH(x)))
                              : (adjoint ? matmul(mH(grad_b), x) : matmul(mH(x), grad_b));
  // From the gradient of A = P L U to those of its factors.
  const auto [p, l, u] = lu_unpack(lu, pivots);
  const Tensor grad_pa = -matmul(mH(p), product);
  return tril(matmul(grad_pa, mH(u)), -1) + triu(matmul(mH(l), grad_pa), 0);
}

// ---- determinants ----
Tensor det_grad(const Tensor& grad, const Tensor& result, const Tensor& a, const Tensor& lu,
                const Tensor& pivots) {
  if (a.numel() == 0) return zeros_like(a);
  if (a.is_meta() || !value_of<bool>(any(eq(result, 0))))
    return inverse_times(grad * conj(result), a, lu, pivots);
  // Singular matrices have cofactors, too: with A = U S V^H they are det(U) det(V^H) U C V^H, C holding the
  // products of all singular values but one.
  const auto [u, s, vh] = _linalg_svd(a, false, true);
  const Tensor others =
      masked_fill(expand_as(as_row(s), a), eye(columns_in(a), DType::Bool, a.device()), Scalar(1));
  const Tensor products = prod(others, {-1});
  const Tensor scale = grad * conj(linalg_det(u) * linalg_det(vh));
  return as_column(as_column(scale)) * matmul(u * as_row(products), vh);
}
Tensor slogdet_grad(const Tensor& grad_sign, const Tensor& grad_log, const Tensor& a, const Tensor& sign,
                    const Tensor& lu, const Tensor& pivots) {
  // d log det A = tr(A^-1 dA) =: w; the logarithm changes by Re w, the sign by i sign Im w.
  Tensor h = grad_log;
  if (a.is_complex()) {
    h = h.defined() ? _to_copy(h, a.dtype()) : Tensor();
    if (grad_sign.defined())
      h = plus(h, _to_copy(imag(conj(grad_sign) * sign), a.dtype()) * Scalar(complex128(0, -1)));
  }
  if (!h.defined()) return zeros_like(a); // the sign of a real determinant is constant
  return inverse_times(h, a, lu, pivots);
}

// ---- inverses and systems ----
Tensor inverse_grad(const Tensor& grad, const Tensor& result) {
  const Tensor adjoint = mH(result);
  return -matmul(adjoint, matmul(grad, adjoint));
}
std::tuple<Tensor, Tensor> solve_grad(const Tensor& grad, const Tensor& a, const DimVec& b_sizes,
                                      const Tensor& x, const Tensor& lu, const Tensor& pivots, bool left) {
  const bool vector = int64_t(b_sizes.size()) == 1 || x.dim() < lu.dim();
  const Tensor g = vector ? as_column(grad) : grad, solution = vector ? as_column(x) : x;
  const Tensor grad_b = thread_state.grad_enabled ? std::get<0>(linalg_solve_ex(mH(a), g, left))
                                                  : linalg_lu_solve(lu, pivots, g, left, true);
  const Tensor grad_a = left ? -matmul(grad_b, mH(solution)) : -matmul(mH(solution), grad_b);
  return {grad_a, vector ? squeeze(grad_b, {-1}) : grad_b};
}
std::tuple<Tensor, Tensor> solve_triangular_grad(const Tensor& grad, const Tensor& a, const Tensor& x,
                                                 bool upper, bool left, bool unitriangular,
                                                 const std::array<bool, 2>& mask) {
  const Tensor grad_b = linalg_solve_triangular(mH(a), grad, !upper, left, unitriangular);
  Tensor grad_a;
  if (mask[0]) {
    grad_a = left ? -matmul(grad_b, mH(x)) : -matmul(mH(x), grad_b);
    grad_a = upper ? triu(grad_a, unitriangular ? 1 : 0) : tril(grad_a, unitriangular ? -1 : 0);
  }
  return {grad_a, grad_b};
}

// Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose
// variables separate" (1973): dP = -P dA P + P P^H dA^H (I - A P) + (I - P A) dA^H P^H P.
Tensor pinv_grad(const Tensor& grad, const Tensor& p, const Tensor& a) {
  const Tensor gh = mH(grad), ph = mH(p);
  return matmul(gh - matmul(a, matmul(p, gh)), matmul(p, ph)) +
         matmul(matmul(ph, p), gh - matmul(matmul(gh, p), a)) - matmul(ph, matmul(grad, ph));
}
std::tuple<Tensor, Tensor> lstsq_grad(const Tensor& grad_x, const Tensor& grad_residuals, const Tensor& a,
                                      const Tensor& b, const Tensor& x) {
  const bool vector = b.dim() < a.dim();
  const Tensor right = vector ? as_column(b) : b, solution = vector ? as_column(x) : x;
  Tensor grad_a, grad_b;
  if (grad_x.defined()) {
    const Tensor g = vector ? as_column(grad_x) : grad_x, p = linalg_pinv(a, Tensor(), Tensor());
    grad_a = pinv_grad(matmul(g, mH(right)), p, a);
    grad_b = matmul(mH(p), g);
  }
  // The residual is a minimum: a change of the solution does not change it.
  if (grad_residuals.defined() && grad_residuals.numel()) {
    const Tensor difference = (matmul(a, solution) - right) * as_row(grad_residuals) * Scalar(2);
    grad_a = plus(grad_a, matmul(difference, mH(solution)));
    grad_b = plus(grad_b, -difference);
  }
  return {grad_a, vector && grad_b.defined() ? squeeze(grad_b, {-1}) : grad_b};
}

// ---- QR: dR R^-1 is the upper part of W + W^H with half its diagonal, W = Q^H dA R^-1 ----
Tensor qr_grad(const Tensor& grad_q, const Tensor& grad_r, const Tensor& q, const Tensor& r,
               std::string_view mode) {
  check(mode != "r", "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please "
                     "use linalg.qr(A, "
                     "mode='reduced') if you are going to differentiate through linalg.qr.");
  const int64_t m = rows_in(q), n = columns_in(r), k = columns_in(q);
  check(mode != "complete" || m <= n,
        "The QR decomposition is not differentiable when mode='complete' and nrows > ncols.");
  const bool wide = n > k; // the columns right of the square part are Q R2
  const Tensor r1 = wide ? left_columns(r, k) : r;
  Tensor gq = grad_q, gr = grad_r, beside;
  if (wide && grad_r.defined()) {
    const Tensor gr2 = right_columns(grad_r, k);
    gr = left_columns(grad_r, k);
    gq = plus(gq, matmul(q, matmul(right_columns(r, k), mH(gr2))));
    beside = matmul(q, gr2);
  }
  Tensor inner = gr.defined() ? matmul(gr, mH(r1)) : Tensor();
  if (gq.defined()) inner = plus(inner, -matmul(mH(q), gq));
  const Tensor g = divide_right(plus(gq, matmul(q, hermitian_from_upper(inner))), r1, true);
  if (!wide) return g;
  const Tensor parts[] = {g, beside.defined() ? beside : zeros_beside(g, m, n - k)};
  return cat(parts, -1);
}

// ---- products of reflections H = I - tau v v^H ----
// Peels off one reflection after the other: from Q = H_1 (H_2 ... H_k I), whose rest is H_1^-1 Q.
std::tuple<Tensor, Tensor> householder_product_grad(const Tensor& grad, const Tensor& result,
                                                    const Tensor& input, const Tensor& tau) {
  const int64_t m = rows_in(input), n = columns_in(input), k = tau.sizes().back();
  if (k == 0 || m == 0) return {zeros_like(input), zeros_like(tau)};
  Tensor g = grad, rest = result;
  std::vector<Tensor> columns, factors;
  for (int64_t i = 0; i < k; ++i) {
    const Tensor parts[] = {zeros_beside(input, i, 1), ones_like(narrow(narrow(input, -2, i, 1), -1, i, 1)),
                            narrow(narrow(input, -2, i + 1, m - i - 1), -1, i, 1)};
    const Tensor v = cat(parts, -2), vh = mH(v);
    const Tensor t = as_column(as_column(select(tau, -1, i)));
    // H^-1 = I - s v v^H; reflections from data that is no factorization need not be unitary.
    const Tensor s = t / (t * matmul(vh, v) - Scalar(1));
    rest = rest - s * matmul(v, matmul(vh, rest));
    const Tensor gw = matmul(g, mH(matmul(vh, rest)));
    factors.push_back(-squeeze(matmul(vh, gw), {-1}));
    columns.push_back(-(conj(t) * gw) - t * matmul(rest, matmul(mH(g), v)));
    g = g - conj(t) * matmul(v, matmul(vh, g));
  }
  return {with_columns(tril(cat(columns, -1), -1), n), cat(factors, -1)};
}
std::tuple<Tensor, Tensor, Tensor> ormqr_grad(const Tensor& grad, const Tensor& input, const Tensor& tau,
                                              const Tensor& other, bool left, bool transposed,
                                              const std::array<bool, 3>& mask) {
  Tensor grad_input, grad_tau, grad_other;
  if (mask[2]) grad_other = ormqr(input, tau, grad, left, !transposed);
  if (mask[0] || mask[1]) {
    const int64_t n = rows_in(input), k = tau.sizes().back();
    const Tensor square = with_columns(left_columns(input, k), n);
    const Tensor q = linalg_householder_product(square, tau);
    const Tensor grad_q = left ? (transposed ? matmul(other, mH(grad)) : matmul(grad, mH(other)))
                               : (transposed ? matmul(mH(grad), other) : matmul(mH(other), grad));
    std::tie(grad_input, grad_tau) = householder_product_grad(grad_q, q, square, tau);
    grad_input = with_columns(left_columns(grad_input, k), columns_in(input));
  }
  return {grad_input, grad_tau, grad_other};
}

// ---- eigenvalues ----
Tensor eigh_grad(const Tensor& grad_w, const Tensor& grad_v, const Tensor& w, const Tensor& v,
                 bool compute_v) {
  check(compute_v, "linalg_eigh_backward: the eigenvectors are needed, but they were not computed");
  if (!grad_v.defined()) return matmul(v * as_row(grad_w), mH(v));
  const Tensor inner = matmul(mH(v), grad_v);
  if (v.is_complex()) check_phase("linalg_eigh_backward", "eigenvectors", imag(diagonal_of(inner)), inner);
  Tensor middle = inner / differences(w);
  if (grad_w.defined()) middle = middle + diagonal_matrix(grad_w);
  return matmul(v, matmul(middle, mH(v)));
}
// C. Boeddeker, P. Hanebrink, L. Drude, J. Heymann and R. Haeb-Umbach, "On the computation of complex-valued
// gradients with application to statistically optimum beamforming" (2017), 4.77, for vectors of length one.
Tensor eig_grad(const Tensor& grad_w, const Tensor& grad_v, const Tensor& w, const Tensor& v) {
  const Tensor vh = mH(v);
  Tensor middle;
  if (grad_v.defined()) {
    const Tensor inner = matmul(vh, grad_v), phases = diagonal_of(inner);
    check_phase("linalg_eig_backward", "eigenvectors", imag(phases), inner);
    middle = (inner - matmul(vh, v) * as_row(real(phases))) / conj(differences(w));
  }
  if (grad_w.defined()) middle = plus(middle, diagonal_matrix(grad_w));
  return linalg_solve(vh, matmul(middle, vh));
}

// ---- singular values: J. Townsend, "Differentiating the singular value decomposition" (2016) ----
Tensor svd_grad(const Tensor& grad_u, const Tensor& grad_s, const Tensor& grad_vh, const Tensor& u,
                const Tensor& s, const Tensor& vh, bool full_matrices, bool compute_uv) {
  check(compute_uv, "svd_backward: the singular vectors are needed, but they were not computed");
  const int64_t m = rows_in(u), n = columns_in(vh), k = s.sizes().back();
  const auto some_columns = [&](const Tensor& t) {
    return t.defined() && full_matrices ? left_columns(t, k) : t;
  };
  const auto some_rows = [&](const Tensor& t) { return t.defined() && full_matrices ? top_rows(t, k) : t; };
  const Tensor u1 = some_columns(u), v1 = some_rows(vh), gu = some_columns(grad_u), gv = some_rows(grad_vh);
  if (!gu.defined() && !gv.defined()) return matmul(u1 * as_row(grad_s), v1);
  const Tensor by_u = gu.defined() ? matmul(mH(u1), gu) : Tensor();
  const Tensor by_v = gv.defined() ? matmul(v1, mH(gv)) : Tensor();
  const bool complex = u.is_complex();
  if (complex) {
    const auto phases = [](const Tensor& t) { return t.defined() ? imag(diagonal_of(t)) : Tensor(); };
    check_phase("svd_backward", "singular vectors", plus(phases(by_u), phases(by_v)),
                by_u.defined() ? by_u : by_v);
  }
  const Tensor gaps = differences(s * s);
  const auto skew = [&](const Tensor& t) { return (t - mH(t)) / gaps; };
  Tensor middle;
  if (gu.defined()) {
    middle = skew(by_u) * as_row(s);
    if (complex) // the phase is given to U
      middle = middle +
               diagonal_matrix(_to_copy(imag(diagonal_of(by_u)) / s, u.dtype()) * Scalar(complex128(0, 1)));
  }
  if (gv.defined()) middle = plus(middle, as_column(s) * skew(by_v));
  if (grad_s.defined()) middle = middle + diagonal_matrix(grad_s);
  Tensor g = matmul(u1, matmul(middle, v1));
  if (m > k && gu.defined()) g = g + matmul((gu - matmul(u1, by_u)) / as_row(s), v1);
  if (n > k && gv.defined()) g = g + matmul(u1, (gv - matmul(mH(by_v), v1)) / as_column(s));
  return g;
}

// The derivative of the exponential is a block of the exponential of a larger matrix: R. Mathias, "A chain
// rule for matrix functions and applications" (1996).
Tensor matrix_exp_grad(const Tensor& grad, const Tensor& a) {
  const int64_t n = columns_in(a);
  if (n == 0) return zeros_like(a);
  const Tensor ah = mH(a);
  const Tensor upper[] = {ah, grad}, lower[] = {zeros_like(ah), ah};
  const Tensor rows[] = {cat(upper, -1), cat(lower, -1)};
  return right_columns(top_rows(linalg_matrix_exp(cat(rows, -2)), n), n);
}

} // namespace torch::ops

// Norms of matrices, products of several, tensors as matrices, covariance.
#include "ops/entry.h"

#include <cmath>

namespace torch::ops {

// ---- norms ----
namespace {

struct MatrixDims {
  int64_t row, column;
};

MatrixDims matrix_dims(const char* op, const Tensor& self, Ints dim, std::optional<DType> dtype) {
  infer::check_matrix(op, self, "A");
  infer::check_float_or_complex(op, self, true);
  if (dtype) {
    check(is_differentiable(*dtype), op, ": dtype should be floating point or complex, but got ",
          dtype_aten_name(*dtype));
    check(is_complex(*dtype) == self.is_complex(), op, ": dtype should be ",
          self.is_complex() ? "complex" : "real", " for ", self.is_complex() ? "complex" : "real",
          " inputs, but got ", dtype_aten_name(*dtype));
    check(promote(self.dtype(), *dtype) == *dtype, op, ": the dtype of the input (",
          dtype_aten_name(self.dtype()), ") should be convertible without narrowing to the specified dtype (",
          dtype_aten_name(*dtype), ")");
  }
  check(dim.size() == 2, op, ": dim must be a 2-tuple. Got ", dim.span());
  const int64_t row = wrap_dim(dim[0], self.dim()), column = wrap_dim(dim[1], self.dim());
  check(row != column, op, ": dims must be different. Got (", dim[0], ", ", dim[1], ")");
  return {row, column};
}

Tensor converted(const Tensor& t, std::optional<DType> dtype) {
  return dtype && *dtype != t.dtype() ? _to_copy(t, *dtype) : t;
}

// Singular values along the last dimension, from the two dimensions of matrices.
Tensor singular_values(const Tensor& self, MatrixDims d) {
  return linalg_svdvals(movedim(self, {d.row, d.column}, {-2, -1}));
}
// A norm without the two dimensions, with them again if wanted.
Tensor with_dims(const Tensor& t, MatrixDims d, bool keepdim) {
  if (!keepdim) return t;
  return unsqueeze(unsqueeze(t, std::min(d.row, d.column)), std::max(d.row, d.column));
}

} // namespace

Tensor linalg_matrix_norm(const Tensor& self, const Scalar& ord, Ints dim, bool keepdim,
                          std::optional<DType> dtype) {
  constexpr const char* op = "linalg.matrix_norm";
  auto [row, column] = matrix_dims(op, self, dim, dtype);
  const double order = ord.to<double>(), size = std::abs(order);
  check(size == 2 || size == 1 || std::isinf(order), op, ": Order ", order, " not supported.");
  const Tensor a = converted(self, dtype);
  const auto extreme = [&](const Tensor& t, int64_t d, bool keep) {
    if (order < 0) return amin(t, {d}, keep);
    return t.size(d) == 0 ? sum(t, {d}, keep) : amax(t, {d}, keep); // norms are not negative: 0 for none
  };
  if (size == 2)
    return with_dims(extreme(singular_values(a, {row, column}), -1, false), {row, column}, keepdim);
  if (std::isinf(order)) std::swap(row, column);
  if (!keepdim && column > row) --column;
  return extreme(linalg_vector_norm(a, 1, {row}, keepdim), column, keepdim);
}
Tensor linalg_matrix_norm(const Tensor& self, std::string_view ord, Ints dim, bool keepdim,
                          std::optional<DType> dtype) {
  constexpr const char* op = "linalg.matrix_norm";
  const MatrixDims d = matrix_dims(op, self, dim, dtype);
  check(ord == "fro" || ord == "nuc", op, ": Order ", ord, " not supported.");
  if (ord == "fro") return linalg_vector_norm(self, 2, {d.row, d.column}, keepdim, dtype);
  return with_dims(sum(singular_values(converted(self, dtype), d), {-1}, false), d, keepdim);
}

Tensor linalg_norm(const Tensor& self, const std::optional<Scalar>& ord, OptInts dim, bool keepdim,
                   std::optional<DType> dtype) {
  const size_t given = dim.span().size();
  if (ord) {
    check(!dim || given == 1 || given == 2,
          "linalg.norm: If dim is specified, it must be of length 1 or 2. Got ", dim.span());
    check(dim || self.dim() == 1 || self.dim() == 2,
          "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got ", self.dim(),
          "D.");
    if (dim ? given == 2 : self.dim() == 2)
      return linalg_matrix_norm(self, *ord, dim ? Ints(dim.span()) : Ints({0, 1}), keepdim, dtype);
  }
  return linalg_vector_norm(self, ord.value_or(Scalar(2)), dim, keepdim, dtype);
}
Tensor linalg_norm(const Tensor& self, std::string_view ord, OptInts dim, bool keepdim,
                   std::optional<DType> dtype) {
  check(!dim || dim.span().size() == 1 || dim.span().size() == 2,
        "linalg.norm: If dim is specified, it must be of length 1 or 2. Got ", dim.span());
  check(dim || self.dim() == 1 || self.dim() == 2,
        "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got ", self.dim(),
        "D.");
  return linalg_matrix_norm(self, ord, dim ? Ints(dim.span()) : Ints({0, 1}), keepdim, dtype);
}

Tensor frobenius_norm(const Tensor& self, Ints dim, bool keepdim) {
  check(dim.size() <= 2, "Expected at most 2 dimensions, but got ", dim.size(), " dimensions instead.");
  return linalg_vector_norm(self, 2, OptInts(dim.span()), keepdim);
}
Tensor nuclear_norm(const Tensor& self, bool keepdim) {
  return linalg_matrix_norm(self, "nuc", {-2, -1}, keepdim);
}
Tensor nuclear_norm(const Tensor& self, Ints dim, bool keepdim) {
  return linalg_matrix_norm(self, "nuc", dim, keepdim);
}

// ---- products ----
Tensor linalg_matmul(const Tensor& self, const Tensor& other) { return matmul(self, other); }

Tensor linalg_multi_dot(TensorList tensors) {
  constexpr const char* op = "multi_dot(): ";
  const size_t n = tensors.size();
  check(n >= 2, op, "expected at least 2 tensors but got ", n);
  std::vector<Tensor> factors(tensors.begin(), tensors.end());
  const bool row = factors.front().dim() == 1, column = factors.back().dim() == 1;
  check(row || factors.front().dim() == 2, op, "the first tensor must be 1D or 2D but got ",
        factors.front().dim(), "D");
  check(column || factors.back().dim() == 2, op, "the last tensor must be 1D or 2D but got ",
        factors.back().dim(), "D");
  if (row) factors.front() = unsqueeze(factors.front(), 0);
  if (column) factors.back() = unsqueeze(factors.back(), -1);
  for (size_t i = 0; i < n; ++i) {
    check(factors[i].dim() == 2, op, "tensor ", i, " must be 2D but got ", factors[i].dim(), "D");
    check(factors[i].dtype() == factors[0].dtype(), op,
          "all tensors must have be the same dtype but tensor 0 is ", factors[0].dtype(), " and tensor ", i,
          " ", factors[i].dtype());
    check(i == 0 || factors[i - 1].sizes()[1] == factors[i].sizes()[0], op, "tensors ", i - 1, " and ", i,
          " with shapes ", factors[i - (i > 0)].sizes(), " and ", factors[i].sizes(),
          " cannot be multiplied");
  }
  // The cheapest order by dynamic programming over pieces of the chain: Cormen, Leiserson, Rivest and Stein,
  // "Introduction to Algorithms", section 15.2.
  std::vector<double> cost(n * n, 0);
  std::vector<size_t> cut(n * n, 0);
  const auto rows = [&](size_t i) { return static_cast<double>(factors[i].sizes()[0]); };
  const auto columns = [&](size_t i) { return static_cast<double>(factors[i].sizes()[1]); };
  for (size_t length = 1; length < n; ++length)
    for (size_t i = 0; i + length < n; ++i) {
      const size_t j = i + length;
      cost[i * n + j] = std::numeric_limits<double>::infinity();
      for (size_t k = i; k < j; ++k) {
        const double c = cost[i * n + k] + cost[(k + 1) * n + j] + rows(i) * columns(k) * columns(j);
        if (c < cost[i * n + j]) {
          cost[i * n + j] = c;
          cut[i * n + j] = k;
        }
      }
    }
  const auto product = [&](const auto& self, size_t i, size_t j) -> Tensor {
    if (i == j) return factors[i];
    const size_t k = cut[i * n + j];
    return mm(self(self, i, k), self(self, k + 1, j));
  };
  Tensor result = product(product, 0, n - 1);
  if (column) result = squeeze(result, {-1});
  return row ? squeeze(result, {0}) : result;
}

Tensor linalg_vecdot(const Tensor& x, const Tensor& y, int64_t dim) {
  infer::check_float_or_complex("linalg.vecdot", x, true);
  check(x.dtype() == y.dtype(),
        "linalg.vecdot: Expected x and y to have the same dtype, but found x of type ",
        dtype_aten_name(x.dtype()), " and y of type ", dtype_aten_name(y.dtype()), " instead");
  if (x.dim() == 1 && y.dim() == 1) return vdot(x, y);
  return sum(conj(x) * y, {dim}, false);
}

Tensor linalg_cross(const Tensor& self, const Tensor& other, int64_t dim) {
  check(self.dim() == other.dim(), "linalg.cross: inputs must have the same number of dimensions.");
  check(self.dtype() == other.dtype(), "linalg.cross: expected scalar type ", dtype_aten_name(self.dtype()),
        " but found ", dtype_aten_name(other.dtype()));
  const int64_t d = wrap_dim(dim, self.dim());
  check(self.dim() > 0 && self.sizes()[size_t(d)] == 3 && other.sizes()[size_t(d)] == 3,
        "linalg.cross: inputs dimension ", dim, " must have length 3. Got ",
        self.dim() ? self.sizes()[size_t(d)] : 0, " and ", self.dim() ? other.sizes()[size_t(d)] : 0);
  check_kind(ErrorKind::NotImplemented, self.dtype() != DType::Bool, "\"cross\" not implemented for 'Bool'");
  const DimVec sizes = broadcast_sizes(self.sizes(), other.sizes(), "linalg.cross");
  const Tensor a = expand(self, sizes), b = expand(other, sizes);
  const auto part = [&](const Tensor& t, int64_t i) { return select(t, d, i); };
  const auto component = [&](int64_t i, int64_t j) {
    return part(a, i) * part(b, j) - part(a, j) * part(b, i);
  };
  const Tensor parts[] = {component(1, 2), component(2, 0), component(0, 1)};
  return stack(parts, d);
}
Tensor cross(const Tensor& self, const Tensor& other, std::optional<int64_t> dim) {
  if (dim) return linalg_cross(self, other, *dim);
  const auto& sizes = self.sizes();
  const auto at = std::find(sizes.begin(), sizes.end(), 3);
  check(at != sizes.end(), "no dimension of size 3 in input");
  return linalg_cross(self, other, at - sizes.begin());
}

Tensor linalg_diagonal(const Tensor& A, int64_t offset, int64_t dim1, int64_t dim2) {
  return diagonal(A, offset, dim1, dim2);
}

// ---- Vandermonde matrices ----
Tensor linalg_vander(const Tensor& x, std::optional<int64_t> N) {
  check(x.dtype() != DType::Bool,
        "linalg.vander supports floating point, complex, and integer tensors, but got Bool");
  const int64_t n = N.value_or(x.dim() ? x.sizes().back() : 1);
  check(n > 1, "N must be greater than 1.");
  DimVec sizes(x.sizes());
  sizes.push_back(n - 1);
  const Tensor powers = cumprod(expand(unsqueeze(x, -1), sizes), -1);
  sizes.back() = 1;
  const Tensor parts[] = {ones(sizes, powers.dtype(), x.device()), powers};
  return cat(parts, -1);
}
Tensor vander(const Tensor& x, std::optional<int64_t> N, bool increasing) {
  check(x.dim() == 1, "x must be a one-dimensional tensor.");
  const int64_t n = N.value_or(x.sizes()[0]);
  check(n >= 0, "N must be non-negative.");
  const DType dtype = is_integral(x.dtype(), true) ? DType::Int64 : x.dtype();
  if (n == 0) return zeros({x.sizes()[0], 0}, dtype, x.device());
  const Tensor first = ones({x.sizes()[0], 1}, dtype, x.device());
  if (n == 1) return first;
  const Tensor parts[] = {first, cumprod(expand(unsqueeze(x, -1), {x.sizes()[0], n - 1}), -1)};
  const Tensor result = cat(parts, -1);
  return increasing ? result : flip(result, {-1});
}

// ---- tensors as matrices ----
Tensor linalg_tensorinv(const Tensor& self, int64_t ind) {
  check(ind > 0, "Expected a strictly positive integer for 'ind', but got ", ind);
  const auto& sizes = self.sizes();
  const size_t cut = std::min<size_t>(size_t(ind), sizes.size());
  const IntSpan head = sizes.span().first(cut), tail = sizes.span().subspan(cut);
  const int64_t rows = numel_of(head), columns = numel_of(tail);
  check(rows == columns,
        "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
        "prod(self.shape[:ind]), but got ",
        columns, " != ", rows);
  DimVec turned(tail);
  for (const int64_t n : head) turned.push_back(n);
  return reshape(linalg_inv(reshape(self, {rows, columns})), turned);
}

Tensor linalg_tensorsolve(const Tensor& self, const Tensor& other, OptInts dims) {
  const int64_t n = self.dim();
  Tensor a = self;
  if (dims) {
    DimVec to(dims.span().size());
    for (size_t i = 0; i < to.size(); ++i) to[i] = n - int64_t(to.size()) + int64_t(i);
    a = movedim(self, dims.span(), to);
  }
  check(other.dim() <= n, "linalg.tensorsolve: other has more dimensions than self");
  const IntSpan head = a.sizes().span().first(size_t(other.dim())),
                tail = a.sizes().span().subspan(size_t(other.dim()));
  const int64_t rows = numel_of(head), columns = numel_of(tail);
  check(rows == columns,
        "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
        "prod(self.shape[:other.ndim]), but got ",
        columns, " != ", rows);
  return reshape(linalg_solve(reshape(a, {rows, columns}), flatten(other, 0, -1)), tail);
}

// ---- covariance ----
Tensor cov(const Tensor& self, int64_t correction, const Tensor& fweights, const Tensor& aweights) {
  check(self.dim() <= 2, "cov(): expected input to have two or fewer dimensions but got an input with ",
        self.dim(), " dimensions");
  check(self.dtype() != DType::Bool, "cov(): bool dtype is not supported for input");
  Tensor x = self.dim() == 2
                 ? self
                 : view(self.dim() ? self : unsqueeze(self, 0), {1, std::max<int64_t>(self.numel(), 0)});
  const int64_t n = x.sizes()[1];
  Tensor weights;
  const auto check_weights = [&](const Tensor& w, const char* name) {
    check(w.dim() <= 1, "cov(): expected ", name, " to have one or fewer dimensions but got ", name, " with ",
          w.dim(), " dimensions");
    check(w.numel() == n, "cov(): expected ", name,
          " to have the same numel as there are observations in the input but got ", w.numel(), " != ", n);
    check(w.numel() == 0 || w.is_meta() || value_of<bool>(all(ge(w, 0))), "cov(): ", name,
          " cannot be negative");
  };
  if (fweights.defined()) {
    check(is_integral(fweights.dtype()),
          "cov(): expected fweights to have integral dtype but got fweights with ",
          dtype_aten_name(fweights.dtype()), " dtype");
    check_weights(fweights, "fweights");
    weights = fweights;
  }
  if (aweights.defined()) {
    check(is_floating(aweights.dtype()),
          "cov(): expected aweights to have floating point dtype but got aweights with ",
          dtype_aten_name(aweights.dtype()), " dtype");
    check_weights(aweights, "aweights");
    weights = weights.defined() ? weights * aweights : aweights;
  }
  // Weighted mean; dividing by the sum of weights less the correction.
  Tensor mean_of, total;
  if (weights.defined()) {
    total = sum(weights);
    mean_of = sum(x * weights, {1}, false) / total;
  } else {
    mean_of = sum(x, {1}, false) / Scalar(n);
  }
  Tensor factor;
  if (!weights.defined())
    factor = full({}, double(n - correction), float_dtype(real_type(self.dtype())), self.device());
  else if (!aweights.defined() || correction == 0)
    factor = total - Scalar(correction);
  else
    factor = total - sum(weights * aweights) / total * Scalar(correction);
  factor = clamp(factor, Scalar(0));
  const Tensor centred = x - unsqueeze(mean_of, 1);
  const Tensor weighted = weights.defined() ? centred * weights : centred;
  const Tensor product = mm(centred, transpose(conj(weighted), 0, 1)) / factor;
  return self.dim() == 2 && product.numel() != 1 ? product : squeeze(product);
}

Tensor corrcoef(const Tensor& self) {
  check(self.dim() <= 2, "corrcoef(): expected input to have two or fewer dimensions but got an input with ",
        self.dim(), " dimensions");
  const Tensor c = cov(self);
  if (c.dim() == 0) return c / c; // a single row
  const Tensor d = diagonal(c);
  const Tensor deviation = sqrt(c.is_complex() ? real(d) : d);
  const Tensor scaled_c = c / unsqueeze(deviation, 1) / unsqueeze(deviation, 0);
  // Rounding may leave the unit interval.
  return c.is_complex() ? torch::ops::complex(clamp(real(scaled_c), Scalar(-1), Scalar(1)),
                                              clamp(imag(scaled_c), Scalar(-1), Scalar(1)))
                        : clamp(scaled_c, Scalar(-1), Scalar(1));
}

} // namespace torch::ops

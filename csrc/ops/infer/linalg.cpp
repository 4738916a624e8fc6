// Rules of the functions on matrices. Results of LAPACK are column-major.
#include "ops/infer/infer.h"

namespace torch::infer {

namespace {

IntSpan batch_of(const Tensor& a) { return a.sizes().span().first(size_t(a.dim() - 2)); }
int64_t rows_in(const Tensor& a) { return a.sizes()[size_t(a.dim() - 2)]; }
int64_t columns_in(const Tensor& a) { return a.sizes().back(); }
TensorMeta info_of(const Tensor& a) { return {DimVec(batch_of(a)), DType::Int32, a.device()}; }
TensorMeta none_of(const Tensor& a, DType dtype) { return {{0}, dtype, a.device()}; }
TensorMeta row_major(IntSpan batch, IntSpan more, DType dtype, Device device) {
  DimVec sizes(batch);
  for (const int64_t n : more) sizes.push_back(n);
  return {sizes, dtype, device};
}
TensorMeta row_major(IntSpan batch, std::initializer_list<int64_t> more, DType dtype, Device device) {
  return row_major(batch, IntSpan(more.begin(), more.size()), dtype, device);
}

void check_same_dtype(const char* op, const Tensor& a, const Tensor& b) {
  check(a.dtype() == b.dtype(), op, ": Expected A and B to have the same dtype, but found A of type ",
        dtype_aten_name(a.dtype()), " and B of type ", dtype_aten_name(b.dtype()), " instead");
}
// The same in the words of older functions.
void check_same_dtype_b(const Tensor& b, const Tensor& a) {
  check(a.dtype() == b.dtype(), "Expected b and A to have the same dtype, but found b of type ",
        dtype_aten_name(b.dtype()), " and A of type ", dtype_aten_name(a.dtype()), " instead.");
}

void check_equation(const char* op, const Tensor& a, int64_t rows, int64_t columns, bool left) {
  check((left ? rows : columns) == columns_in(a), op, ": Incompatible shapes of A and B for the equation ",
        left ? "AX = B" : "XA = B", " (", rows_in(a), "x", columns_in(a), " and ", rows, "x", columns, ")");
}

} // namespace

void check_matrix(const char* op, const Tensor& a, const char* name) {
  check(a.dim() >= 2, op, ": The input tensor ", name, " must have at least 2 dimensions.");
}
void check_square(const char* op, const Tensor& a, const char* name) {
  check_matrix(op, a, name);
  check(rows_in(a) == columns_in(a), op, ": ", name, " must be batches of square matrices, but they are ",
        rows_in(a), " by ", columns_in(a), " matrices");
}
void check_float_or_complex(const char* op, const Tensor& a, bool low_precision) {
  check(is_differentiable(a.dtype()), op, ": Expected a floating point or complex tensor as input. Got ",
        dtype_aten_name(a.dtype()));
  check(low_precision || !is_reduced_float(a.dtype()), op, ": Low precision dtypes not supported. Got ",
        dtype_aten_name(a.dtype()));
}

TensorMeta column_major(IntSpan batch, int64_t rows, int64_t columns, DType dtype, Device device) {
  DimVec sizes(batch);
  sizes.push_back(rows);
  sizes.push_back(columns);
  DimVec strides = contiguous_strides(sizes);
  strides[batch.size()] = 1;
  strides[batch.size() + 1] = std::max<int64_t>(rows, 1);
  return {sizes, dtype, device, strides};
}

namespace {
TensorMeta square_like(const Tensor& a) {
  return column_major(batch_of(a), columns_in(a), columns_in(a), a.dtype(), a.device());
}
} // namespace

Metas2 cholesky(const Tensor& self) {
  constexpr const char* op = "linalg.cholesky";
  check_square(op, self, "A");
  check_float_or_complex(op, self, true);
  return {square_like(self), info_of(self)};
}

TensorMeta cholesky_solve(const Tensor& self, const Tensor& factor) {
  check(self.dim() >= 2, "b should have at least 2 dimensions, but has ", self.dim(), " dimensions instead");
  check(factor.dim() >= 2, "u should have at least 2 dimensions, but has ", factor.dim(),
        " dimensions instead");
  check_same_dtype_b(self, factor);
  check_square("cholesky_solve", factor, "A");
  check(rows_in(self) == rows_in(factor), "Incompatible matrix sizes for cholesky_solve: each A matrix is ",
        rows_in(factor), " by ", rows_in(factor), " but each b matrix is ", rows_in(self), " by ",
        columns_in(self));
  const DimVec batch = broadcast_sizes(batch_of(self), batch_of(factor), "cholesky_solve");
  return column_major(batch, rows_in(self), columns_in(self), self.dtype(), self.device());
}

TensorMeta cholesky_inverse(const Tensor& self) {
  check_square("cholesky_inverse", self, "A");
  return square_like(self);
}

Metas3 lu_factor(const Tensor& a, bool pivot) {
  check(a.dim() >= 2, "torch.lu_factor: Expected tensor with 2 or more dimensions. Got size: ", a.sizes(),
        " instead");
  check(pivot || !a.is_cpu(), "linalg.lu_factor: LU without pivoting is not implemented on the CPU");
  const int64_t m = rows_in(a), n = columns_in(a);
  return {column_major(batch_of(a), m, n, a.dtype(), a.device()),
          row_major(batch_of(a), {std::min(m, n)}, DType::Int32, a.device()), info_of(a)};
}

Metas3 lu_unpack(const Tensor& lu, const Tensor& pivots, bool unpack_data, bool unpack_pivots) {
  check(lu.dim() >= 2, "torch.lu_unpack: Expected tensor with 2 or more dimensions. Got size: ", lu.sizes(),
        " instead");
  const int64_t m = rows_in(lu), n = columns_in(lu), k = std::min(m, n);
  if (unpack_pivots) {
    check(
        pivots.dtype() == DType::Int32,
        "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\nNote: this "
        "function is intended to be used with the output produced by torch.linalg.lu_factor");
    DimVec expected(batch_of(lu));
    expected.push_back(k);
    check(equal(pivots.sizes(), expected), "torch.lu_unpack: pivots of shape ", pivots.sizes(),
          " do not belong to LU of shape ", lu.sizes());
  }
  const DType dtype = lu.dtype();
  const Device device = lu.device();
  return {unpack_pivots ? row_major(batch_of(lu), {m, m}, dtype, device) : none_of(lu, dtype),
          unpack_data ? row_major(batch_of(lu), {m, k}, dtype, device) : none_of(lu, dtype),
          unpack_data ? row_major(batch_of(lu), {k, n}, dtype, device) : none_of(lu, dtype)};
}

namespace {

// Left: column-major; right: the transposed problem is, so the result is row-major.
TensorMeta solution(const char* op, const Tensor& a, const Tensor& b, bool left) {
  const DimVec batch = broadcast_sizes(batch_of(a), batch_of(b), op);
  if (left) return column_major(batch, rows_in(b), columns_in(b), a.dtype(), a.device());
  return row_major(batch, {rows_in(b), columns_in(b)}, a.dtype(), a.device());
}

} // namespace

TensorMeta lu_solve(const Tensor& lu, const Tensor& pivots, const Tensor& b, bool left) {
  constexpr const char* op = "linalg.lu_solve";
  check_float_or_complex(op, lu, false);
  check(lu.dtype() == b.dtype(), op, ": Expected LU and B to have the same dtype, but found LU of type ",
        dtype_aten_name(lu.dtype()), " and B of type ", dtype_aten_name(b.dtype()), " instead");
  check(pivots.dtype() == DType::Int32, op, ": pivots should be a Tensor of scalar type torch.int32");
  check_square(op, lu, "LU");
  check_matrix(op, b, "B");
  check_equation(op, lu, rows_in(b), columns_in(b), left);
  check(pivots.dim() >= 1 && pivots.sizes().back() == rows_in(lu), op,
        ": Number of pivots per batch should be same as the dimension of the matrix");
  check(equal(batch_of(lu), pivots.sizes().span().first(size_t(pivots.dim() - 1))), op,
        ": Expected LU.shape[:-1] and pivots.shape to be the same, but got pivots with shape ",
        pivots.sizes(), " instead");
  return solution(op, lu, b, left);
}

Metas3 det(const Tensor& a) {
  check_square("linalg.det", a, "A");
  check_float_or_complex("linalg.det", a, true);
  return {TensorMeta{DimVec(batch_of(a)), a.dtype(), a.device()}, square_like(a),
          row_major(batch_of(a), {columns_in(a)}, DType::Int32, a.device())};
}

Metas4 slogdet(const Tensor& a) {
  check_square("linalg.slogdet", a, "A");
  check_float_or_complex("linalg.slogdet", a, false);
  const DimVec batch(batch_of(a));
  return {TensorMeta{batch, a.dtype(), a.device()}, TensorMeta{batch, real_type(a.dtype()), a.device()},
          square_like(a), row_major(batch, {columns_in(a)}, DType::Int32, a.device())};
}

Metas2 inverse(const Tensor& a) {
  check_square("linalg.inv", a, "A");
  check_float_or_complex("linalg.inv", a, false);
  return {square_like(a), info_of(a)};
}

bool is_vector_side(const Tensor& a, const Tensor& b) {
  return b.dim() == 1 ||
         (b.dim() + 1 == a.dim() && equal(b.sizes(), a.sizes().span().first(size_t(a.dim() - 1))));
}

Metas4 solve(const Tensor& a, const Tensor& b, bool left) {
  constexpr const char* op = "linalg.solve";
  check_float_or_complex(op, a, a.numel() == 0);
  check_square(op, a, "A");
  check_same_dtype(op, a, b);
  const bool vector = is_vector_side(a, b);
  if (!vector) check_matrix(op, b, "B");
  check_equation(op, a, vector ? b.sizes().back() : rows_in(b), vector ? 1 : columns_in(b), left);
  check(left || !vector, op,
        ": Vector broadcasting of the left hand side is not supported for left=False. In "
        "this case linalg.solve is equivalent to B / A.squeeze(-1)");
  TensorMeta result;
  DimVec batch(batch_of(a));
  if (!vector) {
    batch = broadcast_sizes(batch_of(a), batch_of(b), op);
    result = solution(op, a, b, left);
  } else if (batch.empty()) {
    result = {b.sizes(), a.dtype(), a.device()};
  } else {
    // As laid out as a matrix of all the vectors would be.
    const IntSpan outer = batch.span().first(batch.size() - 1);
    result = column_major(outer, batch.back(), columns_in(a), a.dtype(), a.device());
  }
  return {result, column_major(batch, columns_in(a), columns_in(a), a.dtype(), a.device()),
          row_major(batch, {columns_in(a)}, DType::Int32, a.device()),
          TensorMeta{batch, DType::Int32, a.device()}};
}

TensorMeta solve_triangular(const Tensor& a, const Tensor& b, bool left) {
  constexpr const char* op = "linalg.solve_triangular";
  check_square(op, a, "A");
  check_matrix(op, b, "B");
  check_same_dtype(op, a, b);
  check_equation(op, a, rows_in(b), columns_in(b), left);
  const DimVec batch = broadcast_sizes(batch_of(a), batch_of(b), op);
  return column_major(batch, rows_in(b), columns_in(b), a.dtype(), a.device());
}

Metas3 ldl_factor(const Tensor& self) {
  check_square("torch.linalg.ldl_factor_ex", self, "A");
  check_float_or_complex("torch.linalg.ldl_factor_ex", self, true);
  return {square_like(self), row_major(batch_of(self), {columns_in(self)}, DType::Int32, self.device()),
          info_of(self)};
}

TensorMeta ldl_solve(const Tensor& ld, const Tensor& pivots, const Tensor& b) {
  constexpr const char* op = "torch.linalg.ldl_solve";
  check_square(op, ld, "LD");
  check_index(b.dim() >= 2, op, ": B must have at least 2 dimensions, but it has ", b.dim(),
              ": Dimension out of range");
  check(rows_in(b) == rows_in(ld), op, ": B has ", rows_in(b), " rows, and LD ", rows_in(ld));
  check(equal(pivots.sizes(), ld.sizes().span().first(size_t(ld.dim() - 1))), op,
        ": Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with shape ",
        pivots.sizes(), " instead");
  check(pivots.dtype() == DType::Int32, op,
        ": pivots must be a tensor of torch.int32, as ldl_factor gives it");
  check_same_dtype_b(b, ld);
  const DimVec batch = broadcast_sizes(batch_of(ld), batch_of(b), op);
  return column_major(batch, rows_in(b), columns_in(b), ld.dtype(), ld.device());
}

std::array<TensorMeta, 5> lstsq(const Tensor& a, const Tensor& b, std::string_view driver) {
  const DimVec batch = broadcast_sizes(batch_of(a), batch_of(b), "torch.linalg.lstsq");
  const int64_t m = rows_in(a), n = columns_in(a), k = columns_in(b);
  const bool by_svd = driver == "gelsd" || driver == "gelss";
  const DType real = real_type(a.dtype());
  // In PyTorch the first rows of a matrix as tall as the longer side; so are its strides.
  TensorMeta solution = column_major(batch, std::max(m, n), k, a.dtype(), a.device());
  solution.sizes[batch.size()] = n;
  return {solution, m > n && driver != "gelsy" ? row_major(batch, {k}, real, a.device()) : none_of(a, real),
          driver != "gels" ? TensorMeta{batch, DType::Int64, a.device()} : none_of(a, DType::Int64),
          by_svd ? row_major(batch, {std::min(m, n)}, real, a.device()) : none_of(a, real),
          TensorMeta{batch, DType::Int32, a.device()}};
}

Metas2 qr(const Tensor& a, std::string_view mode) {
  check_matrix("linalg.qr", a, "A");
  check_float_or_complex("linalg.qr", a, true);
  check(mode == "reduced" || mode == "complete" || mode == "r", "qr received unrecognized mode '", mode,
        "' but expected one of 'reduced' (default), 'r', or 'complete'");
  const int64_t m = rows_in(a), n = columns_in(a), k = mode == "complete" ? m : std::min(m, n);
  return {mode == "r" ? none_of(a, a.dtype()) : column_major(batch_of(a), m, k, a.dtype(), a.device()),
          column_major(batch_of(a), k, n, a.dtype(), a.device())};
}

Metas2 geqrf(const Tensor& self) {
  check(self.dim() >= 2, "torch.geqrf: input must have at least 2 dimensions.");
  const int64_t m = rows_in(self), n = columns_in(self);
  return {column_major(batch_of(self), m, n, self.dtype(), self.device()),
          row_major(batch_of(self), {std::min(m, n)}, self.dtype(), self.device())};
}

TensorMeta householder_product(const Tensor& input, const Tensor& tau) {
  constexpr const char* op = "torch.linalg.householder_product";
  check(input.dim() >= 2, op, ": input must have at least 2 dimensions.");
  check(rows_in(input) >= columns_in(input), op,
        ": input.shape[-2] must be greater than or equal to input.shape[-1]");
  check_index(tau.dim() >= 1, op, ": Dimension specified as -1 but tensor has no dimensions");
  check(columns_in(input) >= tau.sizes().back(), op,
        ": input.shape[-1] must be greater than or equal to tau.shape[-1]");
  check(input.dim() - tau.dim() == 1, op,
        ": Expected tau to have one dimension less than input, but got tau.ndim equal to ", tau.dim(),
        " and input.ndim is equal to ", input.dim());
  check(equal(batch_of(input), tau.sizes().span().first(size_t(tau.dim() - 1))), op,
        ": Expected batch dimensions of tau to be equal to input.shape[:-2], but got ", tau.sizes());
  check(tau.dtype() == input.dtype(), op, ": tau dtype ", dtype_aten_name(tau.dtype()),
        " does not match input dtype ", dtype_aten_name(input.dtype()));
  return column_major(batch_of(input), rows_in(input), columns_in(input), input.dtype(), input.device());
}

TensorMeta ormqr(const Tensor& input, const Tensor& tau, const Tensor& other, bool left) {
  constexpr const char* op = "torch.ormqr";
  check(input.dim() >= 2, op, ": input must have at least 2 dimensions.");
  check(other.dim() >= 2, op, ": other must have at least 2 dimensions.");
  const int64_t side = left ? rows_in(other) : columns_in(other);
  const char* const name = left ? "other.shape[-2]" : "other.shape[-1]";
  check_index(tau.dim() >= 1, op, ": tau must have at least one dimension.");
  check(side >= tau.sizes().back(), op, ": ", name, " must be greater than or equal to tau.shape[-1]");
  check(side == rows_in(input), op, ": ", name, " must be equal to input.shape[-2]");
  check(tau.sizes().back() <= columns_in(input), op,
        ": tau.shape[-1] must be less than or equal to input.shape[-1]");
  check(tau.sizes().back() == std::min(side, columns_in(input)), op, ": tau.shape[-1] must be equal to min(",
        name, ", input.shape[-1])");
  check(input.dim() - tau.dim() == 1, op, ": Expected tau to have one dimension less than input, but got ",
        tau.dim(), " and ", input.dim());
  check(input.dim() == other.dim(), op,
        ": Expected other to have the same number of dimensions as input, but got ", other.dim(), " and ",
        input.dim());
  check(equal(batch_of(input), tau.sizes().span().first(size_t(tau.dim() - 1))) &&
            equal(batch_of(input), batch_of(other)),
        op, ": Expected batch dimensions of tau and other to be equal to input.shape[:-2], but got ",
        tau.sizes(), " and ", other.sizes());
  check(tau.dtype() == input.dtype(), op,
        ": Expected input and tau to have the same dtype, but input has dtype ",
        dtype_aten_name(input.dtype()), " and tau has dtype ", dtype_aten_name(tau.dtype()));
  check(other.dtype() == input.dtype(), op,
        ": Expected input and other to have the same dtype, but input has dtype ",
        dtype_aten_name(input.dtype()), " and other has dtype ", dtype_aten_name(other.dtype()));
  return column_major(batch_of(other), rows_in(other), columns_in(other), other.dtype(), other.device());
}

Metas2 eigh(const Tensor& a, std::string_view uplo, bool compute_v) {
  check_square("linalg.eigh", a, "A");
  check(uplo == "L" || uplo == "U" || uplo == "l" || uplo == "u",
        "Expected UPLO argument to be 'L' or 'U', but got ", uplo);
  return {row_major(batch_of(a), {columns_in(a)}, real_type(a.dtype()), a.device()),
          compute_v ? square_like(a) : none_of(a, a.dtype())};
}

namespace {
DType eig_dtype(const char* op, const Tensor& self) {
  check_square(op, self, "A");
  check(is_differentiable(self.dtype()), op, ": Unknown Complex ScalarType for ",
        dtype_aten_name(self.dtype()));
  return complex_type(self.dtype());
}
} // namespace

Metas2 eig(const Tensor& self) {
  const DType dtype = eig_dtype("linalg.eig", self);
  const int64_t n = columns_in(self);
  return {row_major(batch_of(self), {n}, dtype, self.device()),
          column_major(batch_of(self), n, n, dtype, self.device())};
}
TensorMeta eigvals(const Tensor& self) {
  const DType dtype = eig_dtype("linalg.eigvals", self);
  return row_major(batch_of(self), {columns_in(self)}, dtype, self.device());
}

Metas3 svd(const Tensor& a, bool full_matrices, bool compute_uv, std::optional<std::string_view> driver) {
  check_matrix("linalg.svd", a, "A");
  check_float_or_complex("linalg.svd", a, true);
  check(!driver,
        "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER "
        "backend.");
  const int64_t m = rows_in(a), n = columns_in(a), k = std::min(m, n);
  const TensorMeta values = row_major(batch_of(a), {k}, real_type(a.dtype()), a.device());
  if (!compute_uv) return {none_of(a, a.dtype()), values, none_of(a, a.dtype())};
  return {column_major(batch_of(a), m, full_matrices ? m : k, a.dtype(), a.device()), values,
          column_major(batch_of(a), full_matrices ? n : k, n, a.dtype(), a.device())};
}

} // namespace torch::infer

// mm, bmm, addmm, baddbmm, mv, addmv, dot, linear: how operands lie, then cuBLASLt; integers by a kernel of
// our own.
#include "kernels/cuda/blas.h"
#include "kernels/cuda/device/matmul_args.h"
#include "kernels/cuda/index.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/table.h"
#include "kernels/pointwise_ops.h"

namespace torch::cuda {

namespace {

constexpr Family kIntegers{"matmul", "MATMUL", true};

int64_t broadcast_stride(const Tensor& t, int64_t from_end) {
  const int64_t d = t.dim() - from_end;
  return d < 0 || t.size(d) == 1 ? 0 : t.stride(d);
}
// self, which broadcasts to it, into out.
void start_from(const Tensor& out, const Tensor& self) {
  DimVec strides(static_cast<size_t>(out.dim()));
  for (int64_t d = 0; d < out.dim(); ++d)
    strides[static_cast<size_t>(d)] = broadcast_stride(self, out.dim() - d);
  copy(out, alias(self, out.sizes(), strides, self.offset()));
}

BlasMatrix matrix(const Tensor& t) { // the last two dimensions
  const int64_t n = t.dim();
  return {t.data(), t.size(n - 2), t.size(n - 1), t.stride(n - 2), t.stride(n - 1), n == 3 ? t.stride(0) : 0};
}
BlasMatrix column(const Tensor& vector) {
  return {vector.data(), vector.numel(), 1, vector.dim() == 0 ? 1 : vector.stride(0), 1, 0};
}
BlasMatrix turned(const BlasMatrix& m) {
  return {m.data, m.cols, m.rows, m.col_stride, m.row_stride, m.batch_stride};
}

// Integers: a thread for each element of the result.
void whole_product(const Tensor& out, int64_t batch, const Scalar& alpha, const BlasMatrix& a,
                   const BlasMatrix& b, const Scalar& beta, const BlasMatrix& d) {
  MatmulArgs args{};
  args.a = a.data;
  args.b = b.data;
  args.out = d.data;
  args.rows = d.rows;
  args.cols = d.cols;
  args.inner = a.cols;
  args.n = batch * d.rows * d.cols;
  const BlasMatrix* const all[] = {&a, &b, &d};
  for (int k = 0; k < 3; ++k) {
    args.steps[k][0] = all[k]->batch_stride;
    args.steps[k][1] = all[k]->row_stride;
    args.steps[k][2] = all[k]->col_stride;
  }
  args.type = out.dtype();
  args.width = static_cast<int32_t>(out.itemsize());
  args.alpha = alpha.to<int64_t>();
  args.beta = beta.to<int64_t>();
  launch_each(use(out.device().index), find_kernel("Matmul_i64_any", kIntegers), args.n, &args);
}

// d = alpha a b + beta d; `d` lies in out.
void product(const Tensor& out, int64_t batch, const Scalar& alpha, const BlasMatrix& a, const BlasMatrix& b,
             const Scalar& beta, const BlasMatrix& d, const Tensor& bias = {}) {
  if (!blas_has(out.dtype())) return whole_product(out, batch, alpha, a, b, beta, d);
  blas_product(out.device().index, out.dtype(), batch, alpha, a, b, beta, d,
               bias.defined() ? bias.data() : nullptr);
}

// The tensor or a copy of it that cuBLASLt reads.
Tensor readable(const Tensor& t) { return blas_reads(matrix(t)) ? t : packed(t); }

// `self` may be undefined: beta is 0. Matrices, or batches of them.
void add_product(const Tensor& out, const Tensor& self, const Tensor& left, const Tensor& right,
                 const Scalar& beta, const Scalar& alpha) {
  if (out.numel() == 0) return;
  refuse_unusual("matmul", out.dtype());
  const bool keeps = self.defined() && beta.to<complex128>() != complex128(0);
  if (left.size(-1) == 0) {
    if (!keeps) return fill(out, 0);
    start_from(out, self);
    const Tensor factor = wrapped_number(beta);
    const Tensor* const inputs[] = {&out, &factor};
    return pointwise(PointwiseOp::Mul, out.dtype(), out, inputs, 2, nullptr);
  }
  Tensor to = out;
  if (!blas_reads(matrix(out))) to = empty_tensor(out.sizes(), out.dtype(), out.device());
  if (keeps) start_from(to, self);
  const Tensor a = readable(left), b = readable(right);
  product(to, to.dim() == 3 ? to.size(0) : 1, alpha, matrix(a), matrix(b), keeps ? beta : Scalar(0),
          matrix(to));
  if (!to.is_same(out)) copy(out, to);
}

} // namespace

void mm(const Tensor& out, const Tensor& self, const Tensor& mat2) { add_product(out, {}, self, mat2, 0, 1); }
void bmm(const Tensor& out, const Tensor& self, const Tensor& mat2) {
  add_product(out, {}, self, mat2, 0, 1);
}
void addmm(const Tensor& out, const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Scalar& beta,
           const Scalar& alpha) {
  add_product(out, self, mat1, mat2, beta, alpha);
}
void baddbmm(const Tensor& out, const Tensor& self, const Tensor& batch1, const Tensor& batch2,
             const Scalar& beta, const Scalar& alpha) {
  add_product(out, self, batch1, batch2, beta, alpha);
}

// Vectors are matrices of one column.
void addmv(const Tensor& out, const Tensor& self, const Tensor& mat, const Tensor& vec, const Scalar& beta,
           const Scalar& alpha) {
  const auto as_column = [](const Tensor& t) {
    const int64_t step = t.dim() == 0 || t.numel() == 1 ? 1 : t.stride(0);
    return alias(t, DimVec{t.numel(), 1}, DimVec{step, 1}, t.offset());
  };
  Tensor start;
  if (self.defined())
    start = alias(self, DimVec{out.numel(), 1}, DimVec{broadcast_stride(self, 1), 0}, self.offset());
  add_product(as_column(out), start, mat, as_column(vec), beta, alpha);
}
void mv(const Tensor& out, const Tensor& self, const Tensor& vec) { addmv(out, {}, self, vec, 0, 1); }
void dot(const Tensor& out, const Tensor& self, const Tensor& tensor) {
  if (self.numel() == 0) return fill(out, 0);
  refuse_unusual("dot", out.dtype());
  const Tensor a = self.stride(0) >= 1 ? self : packed(self),
               b = tensor.stride(0) >= 1 ? tensor : packed(tensor);
  product(out, 1, 1, turned(column(a)), column(b), 0, {out.data(), 1, 1, 1, 1});
}

void linear(const Tensor& out, const Tensor& input, const Tensor& weight, const Tensor& bias) {
  if (out.numel() == 0) return;
  const int64_t in = input.size(-1), features = weight.dim() == 1 ? 1 : weight.size(0);
  const int64_t rows = out.numel() / features;
  const Tensor x = packed(input),
               to = out.is_contiguous() ? out : empty_tensor(out.sizes(), out.dtype(), out.device());
  const auto as_rows = [rows](const Tensor& t, int64_t cols) {
    return alias(t, DimVec{rows, cols}, DimVec{cols, 1}, t.offset());
  };
  const Tensor result = as_rows(to, features), left = as_rows(x, in);
  const Tensor right =
      weight.dim() == 1
          ? alias(weight, DimVec{in, 1}, DimVec{weight.stride(0), 1}, weight.offset())
          : alias(weight, DimVec{in, features}, DimVec{weight.stride(1), weight.stride(0)}, weight.offset());
  const bool by_library = bias.defined() && in > 0 && bias.numel() == features && features > 1 &&
                          bias.dim() == 1 && bias.stride(0) == 1 && rows > 1 &&
                          (out.dtype() == DType::Float32 || is_reduced_float(out.dtype()));
  if (by_library)
    product(result, 1, 1, matrix(left), matrix(readable(right)), 0, matrix(result), bias);
  else
    add_product(result, bias, left, right, 1, 1);
  if (!to.is_same(out)) copy(out, to);
}

} // namespace torch::cuda

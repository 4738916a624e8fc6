// mm, bmm, addmm, baddbmm, mv, dot, linear: geometry of the operands, then gemm.
#include "core/scalar.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/cpu/gemm.h"
#include "kernels/matrix_kernels.h"

#include <algorithm>

namespace torch::TORCH_ISA {
namespace {

template <class F> void visit_product(const char* op, DType t, F&& f) {
  visit_types(TypeList<float, double, complex64, complex128, Half, BFloat16, uint8_t, int8_t, int16_t,
                       int32_t, int64_t>{},
              op, t, f);
}

// The last two dimensions of t, in the batch that `offset` elements lead to. Dimensions of size 1 have no
// real stride.
template <class T> Matrix<T> matrix(const Tensor& t, int64_t offset = 0) {
  const size_t n = t.sizes().size();
  return {t.data<T>() + offset, t.strides()[n - 2], t.strides()[n - 1]};
}
// A tensor that broadcasts to (m, n), or to (batch, m, n) at batch b.
template <class T> Matrix<T> broadcast_matrix(const Tensor& t, int64_t b = 0) {
  const size_t n = t.sizes().size();
  const auto stride = [&](size_t from_end) {
    return n >= from_end && t.sizes()[n - from_end] != 1 ? t.strides()[n - from_end] : 0;
  };
  return {t.data<T>() + b * stride(3), stride(2), stride(1)};
}

// out (m, n) of any strides from operands that gemm reads as they lie. Rows of out must be adjacent elements
// or, when its columns are, the transposed product is made. Anything else goes through a dense copy.
template <class T>
void product(int64_t m, int64_t n, int64_t k, const Scalar& alpha, Matrix<T> a, Matrix<T> b,
             const Scalar& beta, Matrix<T> d, T* out, int64_t out_row, int64_t out_col) {
  using S = GemmScalar<T>;
  const S scale = alpha.to<S>(), keep = beta.to<S>();
  if (out_col == 1 || n <= 1) return gemm<T>(m, n, k, scale, a, b, keep, d, out, out_row);
  if (out_row == 1 || m <= 1)
    return gemm<T>(n, m, k, scale, b.transposed(), a.transposed(), keep, d.transposed(), out, out_col);
  const Scratch dense(size_t(m * n) * sizeof(T));
  T* const at = dense.as<T>();
  gemm<T>(m, n, k, scale, a, b, keep, d, at, n);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) out[i * out_row + j * out_col] = at[i * n + j];
}

void add_product(const char* op, const Tensor& out, const Tensor& self, const Tensor& left,
                 const Tensor& right, const Scalar& beta, const Scalar& alpha) {
  visit_product(op, out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    product<T>(out.size(0), out.size(1), left.size(1), alpha, matrix<T>(left), matrix<T>(right), beta,
               self.defined() ? broadcast_matrix<T>(self) : Matrix<T>{}, out.data<T>(), out.stride(0),
               out.stride(1));
  });
}

void add_batched_product(const char* op, const Tensor& out, const Tensor& self, const Tensor& left,
                         const Tensor& right, const Scalar& beta, const Scalar& alpha) {
  const int64_t batch = out.size(0), m = out.size(1), n = out.size(2), k = left.size(2);
  visit_product(op, out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto one = [&](int64_t b) {
      product<T>(m, n, k, alpha, matrix<T>(left, b * left.stride(0)), matrix<T>(right, b * right.stride(0)),
                 beta, self.defined() ? broadcast_matrix<T>(self, b) : Matrix<T>{},
                 out.data<T>() + b * out.stride(0), out.stride(1), out.stride(2));
    };
    // Few large matrices are each shared among the threads; many go to one thread each.
    const double work = std::max(double(m) * double(n) * double(k), double(m * n) + 64);
    if (batch < 2 * num_threads() && work > 2 * kPieceWork) {
      for (int64_t b = 0; b < batch; ++b) one(b);
    } else {
      parallel_for(0, batch, static_cast<int64_t>(std::max(1.0, kPieceWork / work)),
                   [&](int64_t first, int64_t last) {
                     for (int64_t b = first; b < last; ++b) one(b);
                   });
    }
  });
}

} // namespace

void mm(const Tensor& out, const Tensor& self, const Tensor& mat2) {
  add_product("mm", out, {}, self, mat2, 0, 1);
}

void addmm(const Tensor& out, const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Scalar& beta,
           const Scalar& alpha) {
  add_product("addmm", out, self, mat1, mat2, beta, alpha);
}

void bmm(const Tensor& out, const Tensor& self, const Tensor& mat2) {
  add_batched_product("bmm", out, {}, self, mat2, 0, 1);
}

void baddbmm(const Tensor& out, const Tensor& self, const Tensor& batch1, const Tensor& batch2,
             const Scalar& beta, const Scalar& alpha) {
  add_batched_product("baddbmm", out, self, batch1, batch2, beta, alpha);
}

void addmv(const Tensor& out, const Tensor& self, const Tensor& mat, const Tensor& vec, const Scalar& beta,
           const Scalar& alpha) {
  visit_product("addmv", out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Matrix<T> start{};
    if (self.defined()) start = {self.data<T>(), self.numel() == 1 ? 0 : self.stride(0), 0};
    product<T>(mat.size(0), 1, mat.size(1), alpha, matrix<T>(mat), {vec.data<T>(), vec.stride(0), 1}, beta,
               start, out.data<T>(), out.stride(0), 1);
  });
}

void mv(const Tensor& out, const Tensor& self, const Tensor& vec) { addmv(out, {}, self, vec, 0, 1); }

void dot(const Tensor& out, const Tensor& self, const Tensor& other) {
  visit_product("dot", out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    product<T>(1, 1, self.size(0), 1, {self.data<T>(), 0, self.stride(0)},
               {other.data<T>(), other.stride(0), 0}, 0, {}, out.data<T>(), 1, 1);
  });
}

void linear(const Tensor& out, const Tensor& input, const Tensor& weight, const Tensor& bias) {
  // The leading dimensions of the input are rows; those that do not fold into one stride are walked one by
  // one.
  const IntSpan sizes = input.sizes(), strides = input.strides();
  const IntSpan out_sizes = out.sizes(), out_strides = out.strides();
  const bool vector_weight = weight.dim() == 1; // weight (in): one output feature without a dimension
  const size_t lead = sizes.size() - 1;
  const int64_t in = sizes[lead], features = vector_weight ? 1 : weight.size(0);
  const int64_t in_col = strides[lead], out_col = vector_weight ? 1 : out_strides[out_sizes.size() - 1];
  if (out.numel() == 0) return;

  int64_t rows = 1, row = 0, out_row = 0;
  size_t folded = lead; // dimensions [folded, lead) are one run of rows
  while (folded > 0) {
    const size_t d = folded - 1;
    if (sizes[d] != 1) {
      if (rows == 1) {
        row = strides[d];
        out_row = out_strides[d];
      } else if (strides[d] != rows * row || out_strides[d] != rows * out_row) {
        break;
      }
      rows *= sizes[d];
    }
    folded = d;
  }
  visit_product("linear", out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Matrix<T> right{weight.data<T>(), vector_weight ? weight.stride(0) : weight.stride(1),
                          vector_weight ? 1 : weight.stride(0)};
    const Matrix<T> add =
        bias.defined()
            ? Matrix<T>{bias.data<T>(), 0, bias.dim() == 0 || bias.numel() == 1 ? 0 : bias.stride(0)}
            : Matrix<T>{};
    int64_t runs = 1;
    for (size_t d = 0; d < folded; ++d) runs *= sizes[d];
    DimVec at(folded, 0);
    for (int64_t r = 0; r < runs; ++r) {
      int64_t from = 0, to = 0;
      for (size_t d = 0; d < folded; ++d) {
        from += at[d] * strides[d];
        to += at[d] * out_strides[d];
      }
      product<T>(rows, features, in, 1, {input.data<T>() + from, row, in_col}, right, 1, add,
                 out.data<T>() + to, out_row, out_col);
      for (size_t d = folded; d-- > 0;) {
        if (++at[d] < sizes[d]) break;
        at[d] = 0;
      }
    }
  });
}

} // namespace torch::TORCH_ISA

// Shape and dtype rules of ops that are neither pointwise nor views: they check arguments and describe
// outputs, touching no data.
#pragma once

#include "ops/types.h"

namespace torch::infer {

using Metas2 = std::array<TensorMeta, 2>;
using Metas3 = std::array<TensorMeta, 3>;
using Metas4 = std::array<TensorMeta, 4>;

// ---- general ----
TensorMeta like(const Tensor& t);
TensorMeta sized(const Tensor& t, IntSpan sizes);
TensorMeta clone(const Tensor& self, std::optional<MemoryFormat> format);
TensorMeta to_copy(const Tensor& self, std::optional<DType> dtype, std::optional<Device> device,
                   std::optional<MemoryFormat> format);
// Strides that a format asks of sizes; Preserve keeps those of a dense `self`.
DimVec format_strides(IntSpan sizes, std::optional<MemoryFormat> format, const Tensor* self);

// Strides of a fresh result whose dimensions lie in memory in the order in which the operands have them: per
// operand its strides, 0 where it is broadcast; earlier operands decide before later ones. Empty =
// contiguous.
DimVec ordered_strides(IntSpan sizes, std::span<const DimVec> operands);

// ---- reductions (infer/reduce.cpp) ----
DType sum_dtype(const Tensor& self, std::optional<DType> dtype);
DType mean_dtype(const Tensor& self, std::optional<DType> dtype);
DType truth_dtype(const Tensor& self);
TensorMeta reduce_truth(const char* op, const Tensor& self, OptInts dim, bool keepdim);
TensorMeta reduce(const char* op, const Tensor& self, OptInts dim, bool keepdim, DType dtype);
TensorMeta hash_tensor(const Tensor& self, Ints dim, bool keepdim, int64_t mode);
TensorMeta reduce_nonempty(const char* op, const Tensor& self, Ints dim, bool keepdim, DType dtype);
TensorMeta reduce_float(const char* op, const Tensor& self, OptInts dim, bool keepdim);
Metas2 var_mean(const Tensor& self, OptInts dim, bool keepdim);
Metas2 reduce_dim_indices(const char* op, const Tensor& self, int64_t dim, bool keepdim);
TensorMeta argreduce(const char* op, const Tensor& self, std::optional<int64_t> dim, bool keepdim);
TensorMeta vector_norm(const Tensor& self, const Scalar& ord, OptInts dim, bool keepdim,
                       std::optional<DType> dtype);
TensorMeta scan(const char* op, const Tensor& self, int64_t dim, DType dtype);
Metas2 scan_indices(const char* op, const Tensor& self, int64_t dim);

// ---- indexing, joining, order (infer/index.cpp) ----
TensorMeta index(const Tensor& self, TensorList indices);
void check_index_put(const Tensor& self, TensorList indices, const Tensor& values);
TensorMeta gather(const Tensor& self, int64_t dim, const Tensor& index);
void check_scatter(const char* op, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src);
void check_scatter_value(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value);
TensorMeta index_select(const Tensor& self, int64_t dim, const Tensor& index);
void check_index_add(const char* op, const Tensor& self, int64_t dim, const Tensor& index,
                     const Tensor& source);
void check_index_fill(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value);
TensorMeta take(const Tensor& self, const Tensor& index);
void check_put(const Tensor& self, const Tensor& index, const Tensor& source);
TensorMeta cat(TensorList tensors, int64_t dim);
TensorMeta flip(const Tensor& self, Ints dims);
TensorMeta roll(const Tensor& self, Ints shifts, Ints dims);
TensorMeta triangle(const char* op, const Tensor& self);
Metas2 sort(const Tensor& self, int64_t dim);
Metas2 topk(const Tensor& self, int64_t k, int64_t dim);
Metas2 kthvalue(const Tensor& self, int64_t k, int64_t dim, bool keepdim);
TensorMeta searchsorted(const Tensor& sorted, const Tensor& self, bool out_int32);

// ---- matrices (infer/matrix.cpp) ----
TensorMeta mm(const Tensor& self, const Tensor& mat2);
TensorMeta bmm(const Tensor& self, const Tensor& mat2);
TensorMeta addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2);
TensorMeta baddbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2);
TensorMeta mv(const Tensor& self, const Tensor& vec);
TensorMeta addmv(const Tensor& self, const Tensor& mat, const Tensor& vec);
TensorMeta dot(const Tensor& self, const Tensor& other);
TensorMeta linear(const Tensor& input, const Tensor& weight, const Tensor& bias);

// ---- linear algebra (infer/linalg.cpp) ----
void check_matrix(const char* op, const Tensor& a, const char* name);
void check_square(const char* op, const Tensor& a, const char* name);
void check_float_or_complex(const char* op, const Tensor& a, bool low_precision);
TensorMeta column_major(IntSpan batch, int64_t rows, int64_t columns, DType dtype, Device device);
Metas2 cholesky(const Tensor& self);
TensorMeta cholesky_solve(const Tensor& self, const Tensor& factor);
TensorMeta cholesky_inverse(const Tensor& self);
Metas3 lu_factor(const Tensor& a, bool pivot);
Metas3 lu_unpack(const Tensor& lu, const Tensor& pivots, bool unpack_data, bool unpack_pivots);
TensorMeta lu_solve(const Tensor& lu, const Tensor& pivots, const Tensor& b, bool left);
Metas3 det(const Tensor& a);
Metas4 slogdet(const Tensor& a);
Metas2 inverse(const Tensor& a);
bool is_vector_side(const Tensor& a, const Tensor& b); // one vector for each matrix
Metas4 solve(const Tensor& a, const Tensor& b, bool left);
TensorMeta solve_triangular(const Tensor& a, const Tensor& b, bool left);
Metas3 ldl_factor(const Tensor& self);
TensorMeta ldl_solve(const Tensor& ld, const Tensor& pivots, const Tensor& b);
std::array<TensorMeta, 5> lstsq(const Tensor& a, const Tensor& b, std::string_view driver);
Metas2 qr(const Tensor& a, std::string_view mode);
Metas2 geqrf(const Tensor& self);
TensorMeta householder_product(const Tensor& input, const Tensor& tau);
TensorMeta ormqr(const Tensor& input, const Tensor& tau, const Tensor& other, bool left);
Metas2 eigh(const Tensor& a, std::string_view uplo, bool compute_v);
Metas2 eig(const Tensor& self);
TensorMeta eigvals(const Tensor& self);
Metas3 svd(const Tensor& a, bool full_matrices, bool compute_uv, std::optional<std::string_view> driver);

// ---- networks (infer/nn.cpp) ----
TensorMeta softmax(const char* op, const Tensor& self, int64_t dim, bool half_to_float);
Metas3 batch_norm(const Tensor& input, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                  const Tensor& running_var, bool training);
Metas3 layer_norm(const Tensor& input, Ints normalized_shape, const Tensor& weight, const Tensor& bias);
Metas3 group_norm(const Tensor& input, const Tensor& weight, const Tensor& bias, int64_t groups);
Metas3 norm_backward(const Tensor& input, const Tensor& weight, IntSpan weight_sizes,
                     const std::array<bool, 3>& wanted);
Metas2 nll_loss(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction);

// ---- special functions (infer/special.cpp) ----
Metas2 frexp(const Tensor& self);

// ---- Fourier transforms (infer/fft.cpp) ----
TensorMeta fft_c2c(const Tensor& self, Ints dim);
TensorMeta fft_r2c(const Tensor& self, Ints dim, bool onesided);
TensorMeta fft_c2r(const Tensor& self, Ints dim, int64_t last_dim_size);

// ---- creation (infer/create.cpp) ----
TensorMeta arange(const Scalar& start, const Scalar& end, const Scalar& step, std::optional<DType> dtype,
                  std::optional<Device> device);
TensorMeta linspace(const Scalar& start, const Scalar& end, int64_t steps, std::optional<DType> dtype,
                    std::optional<Device> device);
TensorMeta eye(int64_t n, int64_t m, std::optional<DType> dtype, std::optional<Device> device);
TensorMeta randperm(int64_t n, std::optional<DType> dtype, std::optional<Device> device);
TensorMeta draws(const char* op, const Tensor& parameters);
TensorMeta binomial(const Tensor& count, const Tensor& prob);
TensorMeta multinomial(const Tensor& self, int64_t num_samples, bool replacement);

} // namespace torch::infer

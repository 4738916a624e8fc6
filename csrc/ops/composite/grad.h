// Helpers of derivative formulas that are too long for a schema line. All are written with differentiable
// ops; those with a fused kernel use it only while no graph is being built.
#pragma once

#include "autograd/node.h"
#include "ops/types.h"

namespace torch::ops {

Tensor mH(const Tensor& m);                           // conjugate transpose of matrices
Tensor scaled(const Tensor& t, const Scalar& factor); // t itself for 1
Tensor rows_of(const Tensor& t);                      // (..., n) as (rows, n)
Tensor linear_grad_weight(const Tensor& grad, const Tensor& input);

Tensor div_grad_other(const Tensor& grad, const Tensor& self, const Tensor& other);
Tensor pow_grad_self(const Tensor& grad, const Tensor& self, const Tensor& exponent);
Tensor pow_grad_exponent(const Tensor& grad, const Tensor& self, const Tensor& exponent,
                         const Tensor& result);
Tensor choose_grad(const Tensor& grad, const Tensor& mine, const Tensor& other, bool larger);
Tensor copysign_ratio(const Tensor& self, const Tensor& result);
Tensor sgn_grad(const Tensor& grad, const Tensor& self, const Tensor& result);
Tensor logit_grad(const Tensor& grad, const Tensor& self, std::optional<double> eps);
Tensor angle_grad(const Tensor& grad, const Tensor& self);
Tensor clamp_grad(const Tensor& grad, const Tensor& self, const std::optional<Scalar>& min,
                  const std::optional<Scalar>& max);
Tensor gelu_grad(const Tensor& grad, const Tensor& self);
Tensor gelu_tanh_grad(const Tensor& grad, const Tensor& self);
Tensor silu_grad(const Tensor& grad, const Tensor& self);
Tensor mish_grad(const Tensor& grad, const Tensor& self);
Tensor elu_grad(const Tensor& grad, const Tensor& self, const Scalar& alpha, const Scalar& scale,
                const Scalar& input_scale);
Tensor softplus_grad(const Tensor& grad, const Tensor& self, const Scalar& beta, const Scalar& threshold);
Tensor smooth_l1_grad(const Tensor& grad, const Tensor& self, const Tensor& target, double beta);
Tensor bce_grad(const Tensor& grad, const Tensor& self, const Tensor& target);

Tensor expand_reduced(const Tensor& grad, IntSpan sizes, OptInts dim, bool keepdim);
double reduced_count(IntSpan sizes, OptInts dim);
Tensor prod_grad(const Tensor& grad, const Tensor& self, const Tensor& result, OptInts dim, bool keepdim);
Tensor extremum_grad(const Tensor& grad, const Tensor& self, const Tensor& result, Ints dim, bool keepdim);
Tensor whole_extremum_grad(const Tensor& grad, const Tensor& self, const Tensor& result);
Tensor value_selected_grad(const Tensor& grad, const Tensor& indices, IntSpan sizes, int64_t dim,
                           bool keepdim);
Tensor var_grad(const Tensor& grad, const Tensor& self, OptInts dim, const std::optional<Scalar>& correction,
                bool keepdim);
Tensor std_grad(const Tensor& grad, const Tensor& self, const Tensor& result, OptInts dim,
                const std::optional<Scalar>& correction, bool keepdim);
Tensor std_mean_grad(const Tensor& grad_std, const Tensor& grad_mean, const Tensor& self,
                     const Tensor& result, OptInts dim, const std::optional<Scalar>& correction,
                     bool keepdim);
Tensor var_mean_grad(const Tensor& grad_var, const Tensor& grad_mean, const Tensor& self, OptInts dim,
                     const std::optional<Scalar>& correction, bool keepdim);
Tensor vector_norm_grad(const Tensor& grad, const Tensor& self, const Scalar& ord, const Tensor& result,
                        OptInts dim, bool keepdim);
Tensor logsumexp_grad(const Tensor& grad, const Tensor& self, const Tensor& result, Ints dim, bool keepdim);
Tensor cumprod_grad(const Tensor& grad, const Tensor& self, const Tensor& result, int64_t dim);
Tensor logcumsumexp_grad(const Tensor& grad, const Tensor& self, const Tensor& result, int64_t dim);

Tensor as_strided_grad(const Tensor& grad, IntSpan sizes, IntSpan strides, int64_t offset, Ints size,
                       Ints stride, std::optional<int64_t> storage_offset);
DimVec negated(Ints values);
Tensor permute_grad(const Tensor& grad, Ints dims);
Tensor select_grad(const Tensor& grad, IntSpan sizes, int64_t dim, int64_t index);
Tensor slice_grad(const Tensor& grad, IntSpan sizes, int64_t dim, std::optional<int64_t> start,
                  std::optional<int64_t> end, int64_t step);
Tensor diagonal_grad(const Tensor& grad, IntSpan sizes, int64_t offset, int64_t dim1, int64_t dim2);
Tensor unfold_grad(const Tensor& grad, IntSpan sizes, int64_t dim, int64_t size, int64_t step);
Tensor copy_grad(const Tensor& grad, IntSpan sizes, DType dtype, Device device);
Tensor index_select_like(const Tensor& grad, int64_t dim, const Tensor& index, IntSpan sizes);
std::vector<Tensor> cat_grad(const Tensor& grad, const std::vector<DimVec>& sizes,
                             const std::vector<DType>& dtypes, int64_t dim);
// Gradients of an op's outputs, with zeros where none came.
bool none_defined(TensorList grads);
std::vector<Tensor> defined_grads(TensorList grads, std::span<const autograd::GradMetadata> outputs);
std::tuple<Tensor, Tensor> scatter_reduce_grad(const Tensor& grad, const Tensor& self, int64_t dim,
                                               const Tensor& index, const Tensor& src,
                                               std::string_view reduce, bool include_self,
                                               const Tensor& result);

Tensor softmax_backward_grad_output(const Tensor& grad, const Tensor& grad_output, const Tensor& output,
                                    int64_t dim);
Tensor sum_channels(const Tensor& grad);
Tensor gather_positions(const Tensor& grad, const Tensor& indices, int64_t spatial);
std::tuple<Tensor, Tensor> grid_sampler_grad(const Tensor& grad, const Tensor& input, const Tensor& grid,
                                             int64_t interpolation_mode, int64_t padding_mode,
                                             bool align_corners, const std::array<bool, 2>& mask);
std::tuple<Tensor, Tensor, Tensor> grid_sampler_grad_grad(const Tensor& grad_input, const Tensor& grad_grid);
Tensor embedding_weight_grad(const Tensor& rows, const Tensor& indices, int64_t num_weights,
                             int64_t padding_idx, bool scale_grad_by_freq, bool sparse);
Tensor embedding_bag_grad_weight(const Tensor& grad, const Tensor& indices, const Tensor& bag_of,
                                 const Tensor& bag_size, const Tensor& max_indices, int64_t num_weights,
                                 bool scale_grad_by_freq, int64_t mode, const Tensor& per_sample_weights,
                                 int64_t padding_idx, bool sparse);
Tensor embedding_bag_grad_samples(const Tensor& grad, const Tensor& weight, const Tensor& indices,
                                  const Tensor& bag_of, int64_t padding_idx);
Tensor embedding_grad_grad(const Tensor& grad, const Tensor& indices, int64_t padding_idx,
                           bool scale_grad_by_freq);
Tensor nll_loss_grad_grad(const Tensor& grad, const Tensor& target, const Tensor& weight, int64_t reduction,
                          int64_t ignore_index, const Tensor& total_weight);
Tensor multi_margin_grad(const Tensor& grad, const Tensor& self, const Tensor& target, const Scalar& p,
                         const Scalar& margin, const Tensor& weight, int64_t reduction);
Tensor multilabel_margin_grad_grad(const Tensor& grad, const Tensor& grad_output, const Tensor& self,
                                   const Tensor& target, int64_t reduction, const Tensor& is_target);
std::tuple<Tensor, Tensor, Tensor> attention_grad(const Tensor& grad, const Tensor& query, const Tensor& key,
                                                  const Tensor& value, const Tensor& out,
                                                  const Tensor& logsumexp, bool is_causal, const Tensor& mask,
                                                  std::optional<double> scale, double dropout_p = 0,
                                                  const Tensor& states = Tensor());
std::tuple<Tensor, Tensor, Tensor> lstm_gates_grad(const Tensor& grad_hy, const Tensor& grad_cy,
                                                   const Tensor& input_gates, const Tensor& hidden_gates,
                                                   const Tensor& cx, const Tensor& cy, const Tensor& gates,
                                                   const std::array<bool, 3>& mask);
std::tuple<Tensor, Tensor, Tensor> gru_gates_grad(const Tensor& grad, const Tensor& input_gates,
                                                  const Tensor& hidden_gates, const Tensor& hx,
                                                  const Tensor& gates, const std::array<bool, 3>& mask);
std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor>
rnn_layer_grad(const Tensor& grad_output, const Tensor& grad_last, const Tensor& input_gates,
               const Tensor& hx, const Tensor& cx, const Tensor& w_hh, const Tensor& b_hh,
               const Tensor& output, const Tensor& kept, Ints batch_sizes, int64_t cell, bool reverse,
               const std::array<bool, 5>& mask);
std::tuple<Tensor, Tensor, Tensor> batch_norm_grad(const Tensor& grad, const Tensor& input,
                                                   const Tensor& weight, const Tensor& running_mean,
                                                   const Tensor& running_var, const Tensor& save_mean,
                                                   const Tensor& save_rstd, bool training, double eps,
                                                   const std::array<bool, 3>& mask);
std::tuple<Tensor, Tensor, Tensor> layer_norm_grad(const Tensor& grad, const Tensor& input,
                                                   Ints normalized_shape, const Tensor& mean,
                                                   const Tensor& rstd, const Tensor& weight,
                                                   const Tensor& bias, double eps,
                                                   const std::array<bool, 3>& mask);
std::tuple<Tensor, Tensor, Tensor> group_norm_grad(const Tensor& grad, const Tensor& input,
                                                   const Tensor& weight, const Tensor& bias,
                                                   const Tensor& mean, const Tensor& rstd, int64_t groups,
                                                   double eps, const std::array<bool, 3>& mask);

Tensor over_argument(const Tensor& value, const Tensor& x); // value / x, its limit 1/2 where x is 0
Tensor entr_slope(const Tensor& x);
Tensor sinc_grad(const Tensor& grad, const Tensor& x);
Tensor shrink_grad(const Tensor& grad, const Tensor& x, const Scalar& lambd);

Tensor fft_r2c_grad(const Tensor& grad, Ints dim, int64_t normalization, bool onesided, const DimVec& sizes);
Tensor fft_c2r_grad(const Tensor& grad, Ints dim, int64_t normalization);

// ---- matrices (grad_linalg.cpp) ----
Tensor no_derivative(const char* op, TensorList grads = {}); // raises
Tensor cholesky_grad(const Tensor& grad, const Tensor& factor, bool upper);
Tensor cholesky_solve_grad(const Tensor& grad, const Tensor& x, const Tensor& factor, bool upper);
Tensor cholesky_inverse_grad(const Tensor& grad, const Tensor& factor, bool upper, const Tensor& inverse);
Tensor lu_grad(const Tensor& grad_l, const Tensor& grad_u, const Tensor& p, const Tensor& l, const Tensor& u);
Tensor lu_factor_grad(const Tensor& grad, const Tensor& lu, const Tensor& pivots);
Tensor lu_unpack_grad(const Tensor& grad_l, const Tensor& grad_u, const DimVec& sizes);
Tensor lu_solve_grad(const Tensor& grad, const Tensor& lu, const Tensor& pivots, const Tensor& x, bool left,
                     bool adjoint);
Tensor det_grad(const Tensor& grad, const Tensor& result, const Tensor& a, const Tensor& lu,
                const Tensor& pivots);
Tensor slogdet_grad(const Tensor& grad_sign, const Tensor& grad_log, const Tensor& a, const Tensor& sign,
                    const Tensor& lu, const Tensor& pivots);
Tensor inverse_grad(const Tensor& grad, const Tensor& result);
std::tuple<Tensor, Tensor> solve_grad(const Tensor& grad, const Tensor& a, const DimVec& b_sizes,
                                      const Tensor& x, const Tensor& lu, const Tensor& pivots, bool left);
std::tuple<Tensor, Tensor> solve_triangular_grad(const Tensor& grad, const Tensor& a, const Tensor& x,
                                                 bool upper, bool left, bool unitriangular,
                                                 const std::array<bool, 2>& mask);
Tensor pinv_grad(const Tensor& grad, const Tensor& p, const Tensor& a);
std::tuple<Tensor, Tensor> lstsq_grad(const Tensor& grad_x, const Tensor& grad_residuals, const Tensor& a,
                                      const Tensor& b, const Tensor& x);
Tensor qr_grad(const Tensor& grad_q, const Tensor& grad_r, const Tensor& q, const Tensor& r,
               std::string_view mode);
std::tuple<Tensor, Tensor> householder_product_grad(const Tensor& grad, const Tensor& result,
                                                    const Tensor& input, const Tensor& tau);
std::tuple<Tensor, Tensor, Tensor> ormqr_grad(const Tensor& grad, const Tensor& input, const Tensor& tau,
                                              const Tensor& other, bool left, bool transposed,
                                              const std::array<bool, 3>& mask);
Tensor eigh_grad(const Tensor& grad_w, const Tensor& grad_v, const Tensor& w, const Tensor& v,
                 bool compute_v);
Tensor eig_grad(const Tensor& grad_w, const Tensor& grad_v, const Tensor& w, const Tensor& v);
Tensor svd_grad(const Tensor& grad_u, const Tensor& grad_s, const Tensor& grad_vh, const Tensor& u,
                const Tensor& s, const Tensor& vh, bool full_matrices, bool compute_uv);
Tensor matrix_exp_grad(const Tensor& grad, const Tensor& a);

} // namespace torch::ops

// The CUDA column of the kernel table. The kernels are declared by the generated headers, which put them in
// namespace torch::cuda here (TORCH_ISA).
#pragma once

#include "kernels/attention_kernels.h"
#include "kernels/conv_kernels.h"
#include "kernels/create_kernels.h"
#include "kernels/distribution_kernels.h"
#include "kernels/embedding_kernels.h"
#include "kernels/fft_kernels.h"
#include "kernels/index_kernels.h"
#include "kernels/linalg_kernels.h"
#include "kernels/loss_kernels.h"
#include "kernels/matrix_kernels.h"
#include "kernels/nn_kernels.h"
#include "kernels/optim_kernels.h"
#include "kernels/pointwise_kernels.h"
#include "kernels/pool_kernels.h"
#include "kernels/random_kernels.h"
#include "kernels/reduce_kernels.h"
#include "kernels/resample_kernels.h"
#include "kernels/rnn_kernels.h"
#include "kernels/special_kernels.h"
#include "kernels/table.h"

// The kernels that there are, by file.
// clang-format off
#define TORCH_CUDA_KERNELS(X) \
  /* pointwise.cpp, copy.cpp */ X(pointwise) X(pointwise_result) X(frexp) X(copy) X(fill) \
  /* reduce.cpp */ X(sum) X(mean) X(prod) X(hash_tensor) X(amax) X(amin) X(max_dim) X(min_dim) X(argmax) \
  X(argmin) X(all) X(any) X(var) X(standard_deviation) X(var_mean) X(standard_deviation_mean) X(vector_norm) \
  X(logsumexp) X(count_nonzero) \
  /* scan.cpp */ X(cumsum) X(cumprod) X(logcumsumexp) X(cummax) X(cummin) \
  /* sort.cpp */ X(sort) X(topk) X(kthvalue) X(median) X(unique) X(searchsorted) X(bincount) \
  /* index.cpp */ X(index) X(index_put) X(gather) X(scatter) X(scatter_value) X(scatter_add) X(scatter_reduce) \
  X(index_select) X(index_add) X(index_copy) X(index_fill) X(masked_select) X(nonzero) X(take) X(put) \
  X(embedding) X(embedding_dense_backward) \
  /* pattern.cpp */ X(cat) X(flip) X(roll) X(tril) X(triu) X(arange) X(linspace) X(eye) \
  /* matmul.cpp */ X(mm) X(bmm) X(addmm) X(baddbmm) X(mv) X(addmv) X(dot) X(linear) \
  /* fft.cpp */ X(fft_c2c) X(fft_r2c) X(fft_c2r) \
  /* linalg.cpp */ X(cholesky) X(cholesky_solve) X(cholesky_inverse) X(lu_factor) X(lu_unpack) X(lu_solve) X(det) \
  X(slogdet) X(inverse) X(solve) X(solve_triangular) X(ldl_factor) X(ldl_solve) X(lstsq) X(qr) X(geqrf) \
  X(householder_product) X(ormqr) X(eigh) X(eig_vectors) X(eigvals) X(svd) \
  /* softmax.cpp */ X(softmax) X(log_softmax) X(softmax_backward) X(log_softmax_backward) \
  /* attention.cpp */ X(attention) X(attention_backward) X(attention_with_dropout) \
  X(attention_with_dropout_backward) X(attention_dropout_mask) \
  /* rnn.cpp */ X(lstm_gates) X(lstm_gates_backward) X(gru_gates) X(gru_gates_backward) \
  /* norm.cpp */ X(layer_norm) X(layer_norm_backward) X(group_norm) X(group_norm_backward) X(batch_norm) \
  X(batch_norm_backward) X(nll_loss) X(nll_loss_backward) \
  /* random.cpp */ X(uniform) X(normal) X(log_normal) X(exponential) X(cauchy) X(geometric) X(bernoulli) \
  X(bernoulli_tensor) X(random_from_to) X(random_full) X(randperm) X(poisson) X(binomial) X(standard_gamma) \
  X(sample_dirichlet) X(multinomial) X(rrelu_noise) \
  /* conv.cpp */ X(convolution) X(conv_grad_input) X(conv_grad_weight) X(im2col) X(col2im) \
  /* pool.cpp */ X(max_pool) X(max_pool_backward) X(adaptive_max_pool) X(fractional_max_pool) X(avg_pool) \
  X(avg_pool_backward) X(adaptive_avg_pool) X(adaptive_avg_pool_backward) \
  /* resample.cpp */ X(resample) X(resample_backward) X(grid_sampler) X(grid_sampler_backward) \
  /* bag.cpp */ X(embedding_bag) X(embedding_renorm) \
  /* loss.cpp */ X(ctc_loss) X(ctc_loss_backward) X(multi_margin_loss) X(multi_margin_loss_backward) \
  X(multilabel_margin_loss) X(multilabel_margin_loss_backward) \
  /* optim.cpp */ X(fused_sgd) X(fused_adam) X(fused_adamw) X(fused_rmsprop) X(foreach_add_scalar)
// clang-format on

namespace torch::cuda {

// An entry without a kernel raises NotImplementedError.
const KernelTable& kernel_table();

} // namespace torch::cuda

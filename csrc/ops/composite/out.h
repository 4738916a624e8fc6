// Bodies of out= forms that the schema names in `out:`: those that fill out in place instead of computing
// apart.
#pragma once

#include "ops/types.h"

namespace torch::ops {

// What a joining op hands to cat.
struct Pieces {
  std::vector<Tensor> tensors;
  int64_t dim;
};
Pieces stack_pieces(TensorList tensors, int64_t dim);
Pieces hstack_pieces(TensorList tensors);
Pieces vstack_pieces(TensorList tensors);
Pieces dstack_pieces(TensorList tensors);
Pieces column_pieces(TensorList tensors);
void cat_into(const Tensor& out, TensorList tensors, int64_t dim);
inline void cat_into(const Tensor& out, const Pieces& pieces) { cat_into(out, pieces.tensors, pieces.dim); }

// Draws into out as it lies in memory, so that a strided out gets the numbers that PyTorch gives it.
const Tensor& fill_uniform(const Tensor& out, Generator* generator);
void normal_into(const Tensor& out, const Tensor& mean, double std, Generator* generator);
void normal_into(const Tensor& out, double mean, const Tensor& std, Generator* generator);
void normal_into(const Tensor& out, const Tensor& mean, const Tensor& std, Generator* generator);

} // namespace torch::ops

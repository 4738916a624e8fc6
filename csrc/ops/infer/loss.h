// Shape and dtype rules of losses.
#pragma once

#include "ops/infer/infer.h"

namespace torch::infer {

TensorMeta multi_margin_loss(const Tensor& self, const Tensor& target, const Scalar& p, const Tensor& weight,
                             int64_t reduction);
Metas2 multilabel_margin_loss(const Tensor& self, const Tensor& target, int64_t reduction);
Metas2 ctc_loss(const Tensor& log_probs, const Tensor& targets, Ints input_lengths, Ints target_lengths,
                int64_t blank);

} // namespace torch::infer

// Arguments of losses of sequences and of margins, filled in by the host (kernels/cuda/loss.cpp).
#pragma once

#include "core/dtype_list.h"
#include "kernels/cuda/device/integers.h"

namespace torch::cuda {

constexpr int kLossThreads = 256;

// Connectionist temporal classification; floats are of the type that is computed in.
struct CtcArgs {
  const void* log_probs;  // (steps, samples, classes)
  int64_t probs_step[3];  // in elements, as all steps
  const void* targets;    // of target_type
  const int64_t* samples; // of each sample: its steps, its labels, where its labels start
  void* losses;
  void* alpha; // (samples, steps, states)
  void* beta;  // the same
  const void* grad;
  void* grad_input; // like log_probs
  int64_t grad_input_step[3];
  int64_t losses_step, grad_step, alpha_step;
  int64_t count, steps, classes, width; // width: states that there is room for
  int64_t blank;
  int32_t zero_infinity;
  DType target_type;
};

// Rows of scores, dense.
struct MarginArgs {
  const void* scores;
  const int64_t* target;
  const void* weight; // may be null
  double* losses;     // of each row
  void* is_target;    // of multilabel_margin_loss
  const void* grad;
  void* grad_input;
  int64_t grad_step, row_step, step;
  int64_t rows, classes;
  double margin, scale; // scale: of the gradient
  int32_t squared;
};

} // namespace torch::cuda

// Reports of failures, on the side of the kernels.
#pragma once

#include "kernels/cuda/device/failure_record.h"
#include "kernels/cuda/device/language.h"

// Of each image of kernels; the host sets it when it loads the image.
#ifdef __CUDACC__
extern "C" {
__device__ torch::FailureRecord* torch_failure_record;
}
#else
extern "C" torch::FailureRecord* torch_failure_record;
#endif

namespace torch::TORCH_ISA {

TORCH_APART void report(Failed kind, int64_t value, int64_t bound) {
  FailureRecord* const record = torch_failure_record;
  if (!record || atomicCAS_system(&record->claimed, 0, 1) != 0) return;
  record->value = value;
  record->bound = bound;
  __threadfence_system();
  *static_cast<volatile int32_t*>(&record->kind) = static_cast<int32_t>(kind);
}

} // namespace torch::TORCH_ISA

// What becomes of the losses of samples.
#pragma once

#include <cstdint>

namespace torch::TORCH_ISA {

enum LossReduction : int64_t { kNone = 0, kMean = 1, kSum = 2 };

} // namespace torch::TORCH_ISA

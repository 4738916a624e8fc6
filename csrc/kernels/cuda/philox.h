// The generator of each device: a seed, and how many words of every thread's sequence were drawn.
#pragma once

#include "core/generator.h"
#include "kernels/cuda/device/random_args.h"
#include "kernels/cuda/runtime.h"

namespace torch::cuda {

struct PhiloxState {
  uint64_t seed = 67280421310721ull, offset = 0;
};
PhiloxState philox_state(int device);
void set_philox_state(int device, PhiloxState state); // of all devices where it is below 0
// Takes `words` of every thread's sequence, a multiple of 4, for a launch on the GPU.
PhiloxSource take_philox(Gpu& gpu, uint64_t words, Generator* generator = nullptr);

} // namespace torch::cuda

// Arguments of pooling, filled in by the host (kernels/cuda/pool.cpp).
#pragma once

#include "kernels/cuda/device/image_args.h"

namespace torch::cuda {

enum class Boxes : int32_t { Windows, Adaptive, Fractional };

struct PoolArgs {
  void* to;         // of `each`, except where a maximum's gradient is added to it
  const void* from; // of `other`, with the same exception
  int64_t* places;  // of maxima, in their plane; may be null
  const void* samples;
  int64_t n;          // elements of `each`
  Volume each, other; // each: what there is a thread for
  Volume where;       // of `places`
  Window windows[3];
  int64_t divisor; // 0: the number of elements
  int32_t counts_padding, spatial;
  Boxes boxes;
};

} // namespace torch::cuda

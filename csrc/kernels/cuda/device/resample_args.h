// Arguments of interpolation, filled in by the host (kernels/cuda/resample.cpp).
#pragma once

#include "kernels/cuda/device/image_args.h"

namespace torch::cuda {

enum class Mixing : int32_t { // modes of the op _resample
  Nearest,
  NearestExact,
  Linear,
  Cubic,
  LinearSmooth,
  CubicSmooth,
  LanczosSmooth
};

// Of a dimension: what each of its outputs mixes. Tap t of output o is element at[t * out + o] times
// weight[t * out + o].
struct MixedDim {
  int64_t in, out, taps;
  double inverse; // of the scale factor that was given; 0: none
  Mixing mixing;
  int32_t align_corners;
  int32_t* at;
  int32_t* count; // taps of an output
  void* weight;   // of the type that is computed in
  int32_t* users; // of each element the first output that takes it and the one after the last; may be null
};

struct ResampleArgs {
  void* to;
  const void* from;
  int64_t n;          // elements of `each`, or of all tables together
  Volume each, other; // each: what there is a thread for
  MixedDim dims[3];
};

struct GridArgs {
  void* out;
  const void* input;
  const void* grid;
  const void* grad; // of the result
  void* grad_input; // in the type that is computed in, added to; these two may be null
  void* grad_grid;
  int64_t n;     // places, of the result or of the gradient of it, times parts of the channels
  int64_t parts; // threads that share the channels of a place
  Volume places; // (n, 1, z, y, x) of the result, as it is counted
  Volume in, result, grad_in;
  int64_t grid_step[6]; // n, z, y, x, coordinate; in elements
  int64_t grad_grid_step[6];
  int32_t spatial, interpolation, outside, align_corners;
};

} // namespace torch::cuda

// How a kernel says that it met something it cannot go on with (an index out of range, an integer divided by
// zero): the first to do so writes what it was to a record in pinned host memory, which the host looks at
// when it waits for the device or launches something, and raises. The kernel carries on with a harmless
// value.
#pragma once

#include "kernels/cuda/device/integers.h"

namespace torch {

enum class Failed : int32_t {
  Nothing,
  ZeroDivision,
  IndexRange,
  NotProbability,
  Pivot,
  PoissonRate,
  InfiniteCount
};

struct FailureRecord {
  int32_t kind;    // a Failed, written last
  int32_t claimed; // by the first kernel that fails
  int64_t value;   // what was met, and the bound that it should have kept
  int64_t bound;
};

} // namespace torch

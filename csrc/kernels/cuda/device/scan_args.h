// Arguments of running sums and their like, filled in by the host (kernels/cuda/scan.cpp).
#pragma once

#include "core/dtype_list.h"
#include "kernels/cuda/device/places.h"

namespace torch::cuda {

constexpr int kScanThreads = 256, kScanEach = 4; // neighbouring elements of a thread
constexpr int kScanChunk = kScanThreads * kScanEach;

// Whole: a line has one chunk. Else each chunk leaves its total, the totals are joined along their line, and
// the chunks go on from them. ByThreads: a thread has a line for itself.
enum class ScanPhase : int32_t { Whole, Totals, JoinTotals, Final, ByThreads };

struct ScanArgs {
  void* out;
  void* indices; // of running extrema
  const void* in;
  void* totals; // an accumulator for each chunk of each line
  int64_t n, lines, chunks;
  int64_t step[3]; // bytes along the line: out, indices, in
  ScanPhase phase;
  DType out_type, in_type;
  Places places; // out, indices, in, over the lines
};

} // namespace torch::cuda

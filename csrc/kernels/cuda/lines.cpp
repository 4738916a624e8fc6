#include "kernels/cuda/lines.h"

#include <algorithm>
#include <bit>

namespace torch::cuda {

void share_lines(LinesShape& shape, bool elements_adjacent) {
  const auto power_of_two_from = [](int64_t n) {
    return static_cast<int32_t>(
        std::bit_ceil(static_cast<uint64_t>(std::clamp<int64_t>(n, 1, kLinesThreads))));
  };
  constexpr int64_t kEach = 4; // elements of a thread at least, where lines are short
  shape.lanes_first = elements_adjacent;
  shape.lanes = elements_adjacent ? power_of_two_from(shape.n / kEach)
                                  : kLinesThreads / power_of_two_from(std::min<int64_t>(shape.lines, 64));
}

Grid lines_grid(const LinesShape& shape) {
  const int64_t rows = kLinesThreads / shape.lanes;
  return {(shape.lines + rows - 1) / rows, kLinesThreads};
}

DType computed_in(DType t) { return t == DType::Float64 ? t : DType::Float32; }

} // namespace torch::cuda

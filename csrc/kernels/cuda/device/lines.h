// A line of a tensor shared by some threads of a block: what softmax and the normalisations have in common.
#pragma once

#include "kernels/cuda/device/element.h"
#include "kernels/cuda/device/lines_args.h"
#include "kernels/cuda/device/walk.h"

namespace torch::TORCH_ISA {

struct AnyType {}; // in the place of S: a dtype that is looked up

template <class V, class S> TORCH_INLINE V load_element(DType type, const void* p) {
  if constexpr (std::is_same_v<S, AnyType>)
    return load_as<V>(type, p);
  else
    return convert<V>(*static_cast<const S*>(p));
}
template <class S, class V> TORCH_INLINE void store_element(DType type, void* p, V value) {
  if constexpr (std::is_same_v<S, AnyType>)
    store_as(type, p, value);
  else
    *static_cast<S*>(p) = convert<S>(value);
}

struct Team {
  int lanes, rows, lane, row;
  int64_t line;
  bool has_line;

  TORCH_INLINE explicit Team(const cuda::LinesShape& shape) {
    const int thread = static_cast<int>(threadIdx.x);
    lanes = shape.lanes;
    rows = cuda::kLinesThreads / lanes;
    lane = shape.lanes_first ? thread % lanes : thread / rows;
    row = shape.lanes_first ? thread / lanes : thread % rows;
    line = int64_t(blockIdx.x) * rows + row;
    has_line = line < shape.lines;
  }
  // What the lanes of a line have, joined; all threads of the block come here.
  template <class Acc, class Join> TORCH_INLINE Acc join(Acc acc, Acc* shared, const Join& by) const {
    Acc* const own = shared + lane * rows + row;
    *own = acc;
    __syncthreads();
    for (int half = lanes / 2; half > 0; half /= 2) {
      if (lane < half) *own = by(*own, own[half * rows]);
      __syncthreads();
    }
    const Acc all = shared[row];
    __syncthreads(); // before the next one is put there
    return all;
  }
};

} // namespace torch::TORCH_ISA

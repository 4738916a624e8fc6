#include "kernels/cpu/walk.h"

#include "kernels/cpu/convert.h"
#include "kernels/cpu/transpose.h"
#include "kernels/cpu/vec.h"

#include <algorithm>
#include <cstring>

namespace torch::TORCH_ISA {

Geometry::Geometry(IntSpan out_sizes, const Tensor* const* operands, int n) : n_operands(n) {
  TORCH_ASSERT(n <= kMaxOperands && out_sizes.size() <= kMaxDims);
  const int out_dims = static_cast<int>(out_sizes.size());
  for (int k = 0; k < n; ++k) {
    data[k] = static_cast<char*>(operands[k]->data());
    dtypes[k] = operands[k]->dtype();
  }
  for (int d = out_dims; d-- > 0;) {
    numel *= out_sizes[d];
    if (out_sizes[d] == 1) continue;
    sizes[ndim] = out_sizes[d];
    for (int k = 0; k < n; ++k) {
      const Tensor& t = *operands[k];
      const int own = d - (out_dims - static_cast<int>(t.dim()));
      strides[k][ndim] = own < 0 || t.sizes()[own] == 1 ? 0 : t.strides()[own] * t.itemsize();
    }
    ++ndim;
  }
  order_and_merge();
}

Geometry::Geometry(IntSpan out_sizes, const Operand* operands, int n) : n_operands(n) {
  TORCH_ASSERT(n <= kMaxOperands && out_sizes.size() <= kMaxDims);
  for (int k = 0; k < n; ++k) {
    data[k] = static_cast<char*>(operands[k].data);
    dtypes[k] = operands[k].dtype;
  }
  for (int d = static_cast<int>(out_sizes.size()); d-- > 0;) {
    numel *= out_sizes[d];
    if (out_sizes[d] == 1) continue;
    sizes[ndim] = out_sizes[d];
    for (int k = 0; k < n; ++k) strides[k][ndim] = operands[k].strides[d] * item_size(operands[k].dtype);
    ++ndim;
  }
  order_and_merge();
}

void Geometry::order_and_merge() {
  if (ndim == 0) {
    ndim = 1;
    sizes[0] = 1;
    for (int k = 0; k < n_operands; ++k) strides[k][0] = 0;
    return;
  }
  // Insertion sort: stable, and the usual case is already in order. A stride of 0 says nothing about order.
  const auto should_swap = [&](int inner, int outer) {
    for (int k = 0; k < n_operands; ++k) {
      const int64_t a = strides[k][inner], b = strides[k][outer];
      if (a == 0 || b == 0 || a == b) continue;
      return a > b;
    }
    return false;
  };
  const auto swap_dims = [&](int a, int b) {
    std::swap(sizes[a], sizes[b]);
    for (int k = 0; k < n_operands; ++k) std::swap(strides[k][a], strides[k][b]);
  };
  for (int i = 1; i < ndim; ++i)
    for (int j = i; j > 0 && should_swap(j - 1, j); --j) swap_dims(j - 1, j);
  int last = 0;
  for (int d = 1; d < ndim; ++d) {
    bool merge = true;
    for (int k = 0; k < n_operands; ++k) merge &= strides[k][d] == strides[k][last] * sizes[last];
    if (merge) {
      sizes[last] *= sizes[d];
      continue;
    }
    ++last;
    sizes[last] = sizes[d];
    for (int k = 0; k < n_operands; ++k) strides[k][last] = strides[k][d];
  }
  ndim = last + 1;
}

TileShape choose_tile(const Geometry& g, int64_t capacity) {
  if (g.ndim == 1) return {std::min(g.sizes[0], capacity), 1};
  bool crosswise = false;
  for (int k = 0; k < g.n_operands; ++k)
    crosswise |= g.strides[k][1] != 0 && g.strides[k][1] < g.strides[k][0];
  if (crosswise) { // whole cache lines along dimension 1 (of 4-byte elements), the rest along dimension 0
    const int64_t rows = std::min<int64_t>(g.sizes[1], 16), cols = std::min(g.sizes[0], capacity / rows);
    return {cols, std::min(g.sizes[1], capacity / cols)};
  }
  const int64_t cols = std::min(g.sizes[0], capacity);
  return {cols, std::min(g.sizes[1], std::max<int64_t>(1, capacity / cols))};
}

namespace {

template <class W> void fill_run(char* out, int64_t stride, W value, int64_t n) {
  if (stride == sizeof(W)) {
    std::fill_n(reinterpret_cast<W*>(out), n, value);
    return;
  }
  for (int64_t i = 0; i < n; ++i) std::memcpy(out + i * stride, &value, sizeof(W));
}

// Every second element, but for the last ones; how many were moved. Of the elements between, none after the
// last one wanted is read.
template <class W> int64_t move_every_second(W* out, const W* in, int64_t n) {
  using V = RawVec<W, kVecBytes / int(sizeof(W))>;
  constexpr int64_t kLanes = kVecBytes / int64_t(sizeof(W));
  V places;
  for (int i = 0; i < kLanes; ++i) places[i] = W(2 * i);
  int64_t i = 0;
  for (; i + kLanes < n; i += kLanes) {
    V low, high;
    std::memcpy(&low, in + 2 * i, sizeof low);
    std::memcpy(&high, in + 2 * i + kLanes, sizeof high);
    low = __builtin_shuffle(low, high, places);
    std::memcpy(out + i, &low, sizeof low);
  }
  return i;
}

template <class W>
void move_elements(char* out, int64_t os0, int64_t os1, const char* in, int64_t is0, int64_t is1,
                   int64_t cols, int64_t rows) {
  constexpr int64_t width = sizeof(W);
  if (is0 == 0) {
    // One value for each row of a dense tile: whole registers, which the next row overwrites. A last one
    // under a mask could not be forwarded to the load that follows.
    int64_t r = 0;
    if constexpr (sizeof(W) == 4) {
      using V = Vec<int32_t>;
      if (os0 == width && os1 == cols * width && cols <= 1024)
        for (; r * cols + (cols + V::kLanes - 1) / V::kLanes * V::kLanes <= rows * cols; ++r) {
          int32_t value;
          std::memcpy(&value, in + r * is1, sizeof value);
          int32_t* const to = reinterpret_cast<int32_t*>(out + r * os1);
          for (int64_t c = 0; c < cols; c += V::kLanes) V(value).store(to + c);
        }
    }
    for (; r < rows; ++r) {
      W value;
      std::memcpy(&value, in + r * is1, width);
      fill_run<W>(out + r * os1, os0, value, cols);
    }
    return;
  }
  if (is0 == width && os0 == width) {
    for (int64_t r = 0; r < rows; ++r) std::memcpy(out + r * os1, in + r * is1, size_t(cols * width));
    return;
  }
  if (is1 == width && os0 == width && is0 != width) { // crosswise: read down, write along
    transpose_tile<W>(out, os1, in, is0, cols, rows);
    return;
  }
  if (is0 == width &&
      os1 == width) { // crosswise the other way: the same with the roles of the dimensions swapped
    transpose_tile<W>(out, os0, in, is1, rows, cols);
    return;
  }
  for (int64_t r = 0; r < rows; ++r) {
    char* o = out + r * os1;
    const char* x = in + r * is1;
    if (os0 == width) { // gather
      int64_t c = 0;
      if constexpr (width == 4 || width == 8)
        if (is0 == 2 * width)
          c = move_every_second(reinterpret_cast<W*>(o), reinterpret_cast<const W*>(x), cols);
      for (; c < cols; ++c) reinterpret_cast<W*>(o)[c] = *reinterpret_cast<const W*>(x + c * is0);
    } else {
      for (int64_t c = 0; c < cols; ++c)
        *reinterpret_cast<W*>(o + c * os0) = *reinterpret_cast<const W*>(x + c * is0);
    }
  }
}

} // namespace

void move_tile(char* out, int64_t os0, int64_t os1, const char* in, int64_t is0, int64_t is1, int64_t cols,
               int64_t rows, int64_t width) {
  switch (width) {
  case 1:
    return move_elements<uint8_t>(out, os0, os1, in, is0, is1, cols, rows);
  case 2:
    return move_elements<uint16_t>(out, os0, os1, in, is0, is1, cols, rows);
  case 4:
    return move_elements<uint32_t>(out, os0, os1, in, is0, is1, cols, rows);
  case 8:
    return move_elements<uint64_t>(out, os0, os1, in, is0, is1, cols, rows);
  default:
    return move_elements<Bytes16>(out, os0, os1, in, is0, is1, cols, rows);
  }
}

void convert_tile(char* out, int64_t os0, int64_t os1, DType to, const char* in, int64_t is0, int64_t is1,
                  DType from, int64_t cols, int64_t rows, char* scratch) {
  const int64_t in_width = item_size(from), out_width = item_size(to), n = cols * rows;
  if (from == to) return move_tile(out, os0, os1, in, is0, is1, cols, rows, in_width);
  const Convert convert = converter(from, to);
  const bool in_dense = is0 == in_width && (rows == 1 || is1 == cols * in_width);
  const bool out_dense = os0 == out_width && (rows == 1 || os1 == cols * out_width);
  if (!in_dense) {
    if (is0 == 0 && is1 == 0) { // one value: convert it once
      alignas(16) char value[16];
      convert(value, in, 1);
      return move_tile(out, os0, os1, value, 0, 0, cols, rows, out_width);
    }
    move_tile(scratch, in_width, cols * in_width, in, is0, is1, cols, rows, in_width);
    in = scratch;
    scratch += (n * in_width + 15) / 16 * 16; // aligned for any type
  }
  if (out_dense) return convert(out, in, n);
  convert(scratch, in, n);
  move_tile(out, os0, os1, scratch, out_width, cols * out_width, cols, rows, out_width);
}

} // namespace torch::TORCH_ISA

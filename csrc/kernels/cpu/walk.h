// The walk over several operands of one shape: dimensions are merged and put in memory order once, the index
// space is cut into tiles of at most two dimensions, and tiles are handed out to threads. Kernels see tiles
// only.
#pragma once

#include "core/tensor.h"
#include "core/threads.h"

namespace torch::TORCH_ISA {

constexpr int kMaxOperands = 8;
constexpr int kMaxDims = 64;

// Sizes and byte strides, innermost dimension first. Dimension 0 always exists (size 1 for a single element).
struct Geometry {
  int ndim = 0;
  int n_operands = 0;
  int64_t numel = 1;
  int64_t sizes[kMaxDims];
  int64_t strides[kMaxOperands][kMaxDims];
  char* data[kMaxOperands];
  DType dtypes[kMaxOperands];

  Geometry() = default;
  // Operands broadcast to `sizes` (those of the outputs). Size-one dimensions go, the rest are ordered by the
  // strides of the first operand (then the second ...) and merged where all operands allow.
  Geometry(IntSpan sizes, const Tensor* const* operands, int n);
  // Operands by pointer, with strides in elements for exactly these sizes.
  struct Operand {
    void* data;
    DType dtype;
    const int64_t* strides;
  };
  Geometry(IntSpan sizes, const Operand* operands, int n);

private:
  void order_and_merge();
};

// The part of an operand that a tile covers: cols elements at stride[0] bytes, rows of them at stride[1].
struct TileView {
  char* data;
  int64_t stride0, stride1;
};

struct TileShape {
  int64_t cols, rows; // largest; tiles at the border are smaller
};

// Calls body(data pointers of the operands, cols, rows) for every tile with a linear index in [first, last).
class TileWalk {
public:
  TileWalk(const Geometry& g, TileShape shape) : g_(g), shape_(shape) {
    tiles0_ = (g.sizes[0] + shape.cols - 1) / shape.cols;
    tiles1_ = g.ndim > 1 ? (g.sizes[1] + shape.rows - 1) / shape.rows : 1;
    count_ = tiles0_ * tiles1_;
    for (int d = 2; d < g.ndim; ++d) count_ *= g.sizes[d];
  }
  int64_t count() const { return count_; }

  template <class Body> void run(int64_t first, int64_t last, Body&& body) const {
    int64_t index[kMaxDims]; // tile index in dims 0 and 1, element index beyond
    int64_t rest = first;
    index[0] = rest % tiles0_;
    rest /= tiles0_;
    index[1] = rest % tiles1_;
    rest /= tiles1_;
    for (int d = 2; d < g_.ndim; ++d) {
      index[d] = rest % g_.sizes[d];
      rest /= g_.sizes[d];
    }
    const int64_t size1 = g_.ndim > 1 ? g_.sizes[1] : 1;
    char* outer[kMaxOperands]; // address for the indices beyond 0 and 1
    const auto seek = [&] {
      for (int k = 0; k < g_.n_operands; ++k) {
        char* p = g_.data[k];
        for (int d = 2; d < g_.ndim; ++d) p += index[d] * g_.strides[k][d];
        outer[k] = p;
      }
    };
    seek();
    char* at[kMaxOperands];
    for (int64_t i = first; i < last; ++i) {
      const int64_t col = index[0] * shape_.cols, row = index[1] * shape_.rows;
      for (int k = 0; k < g_.n_operands; ++k)
        at[k] = outer[k] + col * g_.strides[k][0] + (g_.ndim > 1 ? row * g_.strides[k][1] : 0);
      body(static_cast<char* const*>(at), std::min(shape_.cols, g_.sizes[0] - col),
           std::min(shape_.rows, size1 - row));
      if (++index[0] < tiles0_) continue;
      index[0] = 0;
      if (++index[1] < tiles1_) continue;
      index[1] = 0;
      int d = 2;
      for (; d < g_.ndim; ++d) {
        if (++index[d] < g_.sizes[d]) break;
        index[d] = 0;
      }
      if (d == g_.ndim) break;
      seek();
    }
  }

  // All tiles, over threads when the work (in light elements) is worth it.
  template <class Body> void run_parallel(int64_t cost, Body&& body) const {
    const int64_t grain =
        std::max<int64_t>(1, kGrain / std::max<int64_t>(1, shape_.cols * shape_.rows * cost));
    parallel_for(0, count_, grain, [&](int64_t first, int64_t last) { run(first, last, body); });
  }

private:
  const Geometry& g_;
  TileShape shape_;
  int64_t tiles0_, tiles1_, count_;
};

// Tile shape for elementwise work through buffers of `capacity` elements: a long run where the innermost
// dimension is long, several rows where it is short, a block where some operand runs along dimension 1.
TileShape choose_tile(const Geometry& g, int64_t capacity);

// Moves rows x cols elements of `width` bytes between a strided tile and another (or a dense buffer: stride0
// = width, stride1 = cols * width). Stride 0 on the source side repeats.
void move_tile(char* out, int64_t out_stride0, int64_t out_stride1, const char* in, int64_t in_stride0,
               int64_t in_stride1, int64_t cols, int64_t rows, int64_t width);

// Same with conversion; `scratch` holds rows * cols elements of the wider type, twice.
void convert_tile(char* out, int64_t out_stride0, int64_t out_stride1, DType to, const char* in,
                  int64_t in_stride0, int64_t in_stride1, DType from, int64_t cols, int64_t rows,
                  char* scratch);

} // namespace torch::TORCH_ISA

#include "kernels/cpu/optim_lists.h"

#include "core/threads.h"
#include "kernels/cpu/convert.h"
#include "kernels/cpu/walk.h"

namespace torch::TORCH_ISA {
namespace {

// Whether the elements of all operands lie in memory without gaps, in one order, as the type that is computed
// with.
bool is_plain(const Tensor* const* operands, const StepType& type) {
  const Tensor& first = *operands[0];
  if (!first.is_non_overlapping_and_dense()) return false;
  for (int k = 0; k < type.operands; ++k) {
    const Tensor& t = *operands[k];
    if (real_type(t.dtype()) != type.compute) return false;
    if (t.is_contiguous() && first.is_contiguous()) continue;
    if (!equal(t.strides(), first.strides())) return false;
  }
  return true;
}

constexpr int64_t kTile = 512;
struct TileBuffers {
  alignas(64) char values[kMaxStepOperands][kTile * sizeof(double)];
  alignas(64) char scratch[2 * kTile * sizeof(double)];
};

// Any strides and floating types: tiles pass through buffers of the type that is computed with.
void run_strided(const StepType& type, const void* step, const Tensor* const* operands) {
  const bool complex = operands[0]->is_complex();
  DimVec sizes(operands[0]->sizes());
  if (complex) sizes.push_back(2); // real and imaginary part are numbers of their own
  DimVec strides[kMaxStepOperands];
  Geometry::Operand views[kMaxStepOperands];
  for (int k = 0; k < type.operands; ++k) {
    strides[k] = operands[k]->strides();
    if (complex) {
      for (int64_t& stride : strides[k]) stride *= 2;
      strides[k].push_back(1);
    }
    views[k] = {operands[k]->data(), real_type(operands[k]->dtype()), strides[k].data()};
  }
  const Geometry geometry(sizes, views, type.operands);
  const TileWalk walk(geometry, choose_tile(geometry, kTile));
  const int64_t item = item_size(type.compute);
  walk.run_parallel(2 * type.operands, [&](char* const* at, int64_t cols, int64_t rows) {
    TileBuffers buffers;
    char* rows_of[kMaxStepOperands];
    const auto stride1 = [&](int k) { return geometry.ndim > 1 ? geometry.strides[k][1] : 0; };
    for (int k = 0; k < type.operands; ++k) {
      rows_of[k] = buffers.values[k];
      convert_tile(rows_of[k], item, cols * item, type.compute, at[k], geometry.strides[k][0], stride1(k),
                   geometry.dtypes[k], cols, rows, buffers.scratch);
    }
    type.run_row(step, rows_of, cols * rows);
    for (int k = 0; k < type.operands; ++k)
      if (type.written >> k & 1)
        convert_tile(at[k], geometry.strides[k][0], stride1(k), geometry.dtypes[k], rows_of[k], item,
                     cols * item, type.compute, cols, rows, buffers.scratch);
  });
}

// A piece of a plain tensor for one thread.
struct Piece {
  const void* step;
  char* data[kMaxStepOperands];
  int64_t n;
};

} // namespace

void check_lists(const char* op, Operands lists) {
  const TensorList params = lists[0].tensors;
  for (const Operand& list : lists) {
    check(list.tensors.size() == params.size(), op, ": ", list.name, " has ", list.tensors.size(),
          " tensors, but ", lists[0].name, " has ", params.size());
    for (size_t i = 0; i < params.size(); ++i) {
      const Tensor& t = list.tensors[i];
      const Tensor& param = params[i];
      check(t.defined(), op, ": ", list.name, "[", i, "] is None");
      check(t.is_cpu(), op, ": ", list.name, "[", i, "] is not on the CPU, where ", lists[0].name, "[0] is");
      check(equal(t.sizes(), param.sizes()), op, ": ", list.name, "[", i, "] has sizes ", IntSpan(t.sizes()),
            ", but ", lists[0].name, "[", i, "] has ", IntSpan(param.sizes()));
      check(is_differentiable(t.dtype()) && t.is_complex() == param.is_complex(), op, ": ", list.name, "[", i,
            "] is ", t.dtype(), ", which does not go with ", lists[0].name, "[", i, "], ", param.dtype());
    }
  }
}

double read_number(const char* op, const char* name, const Tensor& t) {
  check(t.defined() && t.numel() == 1 && t.is_cpu(), op, ": ", name,
        " must be a tensor of one element on the CPU");
  double value = 0;
  convert_one(&value, DType::Float64, t.data(), t.dtype());
  return value;
}

void run_steps(const StepType& type, Operands lists, const std::vector<const void*>& steps) {
  std::vector<Piece> pieces;
  pieces.reserve(steps.size());
  constexpr int64_t kPiece = 16384;
  int64_t total = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (!steps[i]) continue;
    const Tensor* operands[kMaxStepOperands];
    for (int k = 0; k < type.operands; ++k) operands[k] = &lists[size_t(k)].tensors[i];
    if (!is_plain(operands, type)) {
      run_strided(type, steps[i], operands);
      continue;
    }
    const int64_t n = operands[0]->numel() * (operands[0]->is_complex() ? 2 : 1);
    total += n;
    for (int64_t first = 0; first < n; first += kPiece) {
      Piece& piece = pieces.emplace_back();
      piece.step = steps[i];
      piece.n = std::min(kPiece, n - first);
      for (int k = 0; k < type.operands; ++k)
        piece.data[k] = static_cast<char*>(operands[k]->data()) + first * item_size(type.compute);
    }
  }
  // Grain in pieces, from their mean size: many small tensors count as much as one large.
  const int64_t count = int64_t(pieces.size());
  const int64_t mean = count ? std::max<int64_t>(1, total * 2 * type.operands / count) : 1;
  parallel_for(0, count, std::max<int64_t>(1, kGrain / mean), [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i)
      type.run_row(pieces[size_t(i)].step, pieces[size_t(i)].data, pieces[size_t(i)].n);
  });
}

} // namespace torch::TORCH_ISA

#include "kernels/cpu/row_program.h"

#include "core/allocator.h"
#include "core/inline_vec.h"
#include "kernels/cpu/convert.h"
#include "kernels/cpu/pairs.h"
#include "kernels/cpu/program.h"
#include "kernels/cpu/row_ops.h"

#include <algorithm>

namespace torch::TORCH_ISA {

namespace {

constexpr int64_t kTileBytes = 32768; // of one slot, unless a row is longer
constexpr int64_t kRowCost = 4;       // of an element in a row op, in additions

RowsFunction rows_function(RowOp op, DType type) {
  switch (op) {
  case RowOp::Sum:
  case RowOp::Mean:
  case RowOp::Amax:
  case RowOp::Amin:
    return reduction_rows(op, type);
  case RowOp::LayerNorm:
    return layer_norm_rows(type);
  default:
    return softmax_rows(op, type);
  }
}

struct RowStep {
  ChainStep step;
  Row row = nullptr; // of an elementwise op; with `splat`, of one value as that input
  int splat = -1;
  bool by_row = false; // an input is not one full tile
  RowsFunction rows = nullptr;
};

// The leading dimensions with the last one inside, by itself.
Geometry geometry_of(const Chain& chain) {
  const int n = static_cast<int>(chain.operands.size());
  Geometry::Operand operands[kMaxOperands];
  for (int k = 0; k < n; ++k)
    operands[k] = {chain.operands[k].data, chain.operands[k].dtype, chain.operands[k].strides};
  const size_t last = chain.sizes.size() - 1;
  Geometry g(chain.sizes.first(last), operands, n);
  for (int d = g.ndim; d > 0; --d) {
    g.sizes[d] = g.sizes[d - 1];
    for (int k = 0; k < n; ++k) g.strides[k][d] = g.strides[k][d - 1];
  }
  ++g.ndim;
  g.sizes[0] = chain.sizes[last];
  g.numel *= g.sizes[0];
  for (int k = 0; k < n; ++k) g.strides[k][0] = operands[k].strides[last] * item_size(g.dtypes[k]);
  return g;
}

class RowRunner {
public:
  explicit RowRunner(const Chain& chain)
      : chain_(chain), g_(geometry_of(chain)), n_slots_(static_cast<int>(chain.slot_types.size())),
        first_constant_(g_.n_operands), first_temporary_(g_.n_operands + int(chain.constants.size())),
        length_(g_.sizes[0]) {
    int64_t widest = 1;
    for (const DType t : chain.slot_types) widest = std::max(widest, item_size(t));
    for (int k = 0; k < g_.n_operands; ++k) widest = std::max(widest, item_size(g_.dtypes[k]));
    rows_ = std::clamp<int64_t>(kTileBytes / (length_ * widest), 1, g_.sizes[1]);
    // Where a slot lies in a thread's memory.
    const auto place = [&](int64_t bytes) {
      const int64_t at = bytes_;
      bytes_ += (bytes + 63) / 64 * 64;
      return at;
    };
    for (int s = 0; s < n_slots_; ++s) {
      const bool constant = is_constant(s);
      const int64_t n = constant || shape(s) == SlotShape::Full ? length_ * rows_
                        : shape(s) == SlotShape::Column         ? rows_
                                                                : length_;
      slot_at_[s] = place(n * width(s));
    }
    for (int64_t& at : spread_at_) at = place(length_ * 8);
    scratch_at_ = place(2 * length_ * rows_ * widest + 64);
    for (size_t i = 0; i < chain.steps.size(); ++i)
      if (add_pair(i))
        ++i;
      else
        add(chain.steps[i]);
  }

  void run() const {
    const TileWalk walk(g_, {length_, rows_});
    const int64_t tile = length_ * rows_ * cost_;
    parallel_for(0, walk.count(), std::max<int64_t>(1, kGrain / tile), [&](int64_t first, int64_t last) {
      const Scratch memory{size_t(bytes_)};
      Thread own{memory.as<char>(), {}, {}, {}};
      for (int s = first_constant_; s < first_temporary_; ++s) {
        const int64_t n = whole_constant_[s] ? length_ * rows_ : 1;
        move_tile(own.memory + slot_at_[s], width(s), 0, chain_.constants[size_t(s - first_constant_)].data(),
                  0, 0, n, 1, width(s));
      }
      walk.run(first, last, [&](char* const* at, int64_t, int64_t rows) { run_tile(own, at, rows); });
    });
  }

private:
  struct Loaded { // what an input's buffer holds, so that what is repeated is converted once
    const char* at;
    int64_t rows;
    bool operator==(const Loaded&) const = default;
  };
  struct Thread {
    char* memory;
    char* data[kMaxSlots];
    int64_t stride[kMaxSlots]; // bytes from row to row
    Loaded loaded[kMaxOperands];
  };

  SlotShape shape(int s) const { return chain_.slot_shapes[size_t(s)]; }
  int64_t width(int s) const { return item_size(chain_.slot_types[size_t(s)]); }
  bool is_constant(int s) const { return s >= first_constant_ && s < first_temporary_; }

  // Of full tiles and constants only.
  bool add_pair(size_t i) {
    if (chain_.steps[i].row_op != RowOp::None || steps_.size() >= kMaxSlots) return false;
    const Step both = paired(chain_, i, pair_params_[steps_.size()]);
    if (!both.row) return false;
    const ChainStep &first = chain_.steps[i], &second = chain_.steps[i + 1];
    for (const ChainStep* step : {&first, &second})
      for (int k = 0; k < step->n_inputs; ++k)
        if (shape(step->inputs[k]) != SlotShape::Full) return false;
    if (shape(both.out) != SlotShape::Full) return false;
    RowStep& to = steps_.emplace_back();
    to.step = second;
    to.step.params = both.params;
    to.step.n_inputs = both.n_inputs;
    std::copy_n(both.inputs, kMaxInputs, to.step.inputs.begin());
    to.row = both.row;
    for (int k = 0; k < both.n_inputs; ++k)
      if (is_constant(both.inputs[k])) whole_constant_[both.inputs[k]] = true;
    cost_ += rows_of_op(first.op).cost + rows_of_op(second.op).cost;
    return true;
  }

  void add(const ChainStep& from) {
    RowStep& to = steps_.emplace_back();
    to.step = from;
    if (from.row_op != RowOp::None) {
      to.rows = rows_function(from.row_op, chain_.slot_types[from.inputs[0]]);
      cost_ += kRowCost;
      return;
    }
    const RowSet& set = rows_of_op(from.op);
    const int index = compute_index(from.compute);
    TORCH_ASSERT(from.n_inputs == set.inputs && set.rows[index]);
    const bool full = shape(from.outs[0]) == SlotShape::Full;
    int single = 0, last = -1;
    for (int k = 0; k < from.n_inputs; ++k) {
      const int s = from.inputs[k];
      const bool column = !is_constant(s) && shape(s) == SlotShape::Column;
      if (full && !is_constant(s)) to.by_row |= shape(s) != SlotShape::Full;
      if (is_constant(s) || (full && column)) {
        ++single;
        last = k;
      }
    }
    to.row = set.rows[index];
    if (single == 1 && set.splat[last][index]) {
      to.row = set.splat[last][index];
      to.splat = last;
    }
    for (int k = 0; k < from.n_inputs; ++k)
      if (is_constant(from.inputs[k]) && k != to.splat) whole_constant_[from.inputs[k]] = true;
    cost_ += set.cost;
  }

  void run_tile(Thread& own, char* const* at, int64_t rows) const {
    bool store[kMaxOperands] = {};
    for (int s = 0; s < n_slots_; ++s) {
      own.data[s] = own.memory + slot_at_[s];
      own.stride[s] = shape(s) == SlotShape::Full     ? length_ * width(s)
                      : shape(s) == SlotShape::Column ? width(s)
                                                      : 0;
      if (s >= g_.n_operands) continue;
      const int64_t along = g_.strides[s][0], down = g_.strides[s][1];
      const bool same = g_.dtypes[s] == chain_.slot_types[size_t(s)];
      const bool direct =
          same && (shape(s) == SlotShape::Column ? rows == 1 || down == width(s) : along == width(s));
      if (direct) {
        own.data[s] = at[s];
        if (shape(s) == SlotShape::Full) own.stride[s] = down;
      } else if (s < chain_.n_outputs) {
        store[s] = true;
      } else {
        const int64_t many = shape(s) == SlotShape::Vector ? 1 : rows;
        const Loaded now{at[s], many};
        if (now == own.loaded[s]) continue;
        const int64_t cols = shape(s) == SlotShape::Column ? 1 : length_;
        convert_tile(own.data[s], width(s), cols * width(s), chain_.slot_types[size_t(s)], at[s], along, down,
                     g_.dtypes[s], cols, many, own.memory + scratch_at_);
        own.loaded[s] = now;
      }
    }
    for (const RowStep& step : steps_) run_step(own, step, rows);
    for (int s = 0; s < chain_.n_outputs; ++s)
      if (store[s]) {
        const int64_t w = width(s);
        const int64_t cols = shape(s) == SlotShape::Column ? 1 : length_;
        convert_tile(at[s], g_.strides[s][0], g_.strides[s][1], g_.dtypes[s], own.data[s], w, cols * w,
                     chain_.slot_types[size_t(s)], cols, rows, own.memory + scratch_at_);
      }
  }

  void run_step(Thread& own, const RowStep& step, int64_t rows) const {
    const ChainStep& from = step.step;
    const int out = from.outs[0];
    if (step.rows) {
      run_rows(own, step, rows);
    } else if (shape(out) == SlotShape::Column) {
      const void* inputs[kMaxInputs];
      for (int k = 0; k < from.n_inputs; ++k) inputs[k] = own.data[from.inputs[k]];
      step.row(own.data[out], inputs, rows, from.params);
    } else if (!step.by_row && is_dense(own, from, rows)) {
      const void* inputs[kMaxInputs];
      for (int k = 0; k < from.n_inputs; ++k) inputs[k] = own.data[from.inputs[k]];
      step.row(own.data[out], inputs, rows * length_, from.params);
    } else {
      for (int64_t r = 0; r < rows; ++r) run_one_row(own, step, r);
    }
    if (from.rounded != chain_.slot_types[size_t(out)]) round(own, out, from.rounded, rows);
  }

  bool is_dense(const Thread& own, const ChainStep& from, int64_t rows) const {
    if (rows == 1) return true;
    bool dense = own.stride[from.outs[0]] == length_ * width(from.outs[0]);
    for (int k = 0; k < from.n_inputs; ++k) {
      const int s = from.inputs[k];
      dense &= is_constant(s) || own.stride[s] == length_ * width(s);
    }
    return dense;
  }

  void run_one_row(Thread& own, const RowStep& step, int64_t r) const {
    const ChainStep& from = step.step;
    const void* inputs[kMaxInputs];
    for (int k = 0; k < from.n_inputs; ++k) {
      const int s = from.inputs[k];
      inputs[k] = own.data[s];
      if (is_constant(s)) continue;
      inputs[k] = own.data[s] + r * own.stride[s];
      if (shape(s) != SlotShape::Column || k == step.splat) continue;
      char* const spread = own.memory + spread_at_[k];
      move_tile(spread, width(s), 0, own.data[s] + r * own.stride[s], 0, 0, length_, 1, width(s));
      inputs[k] = spread;
    }
    const int out = from.outs[0];
    step.row(own.data[out] + r * own.stride[out], inputs, length_, from.params);
  }

  void run_rows(Thread& own, const RowStep& step, int64_t rows) const {
    const ChainStep& from = step.step;
    void* outs[kMaxChainResults];
    const void* inputs[kMaxInputs] = {};
    int64_t out_strides[kMaxChainResults], in_strides[kMaxInputs] = {};
    for (int k = 0; k < kMaxChainResults; ++k)
      if (const int s = from.outs[k]; s != kNoSlot) {
        outs[k] = own.data[s];
        out_strides[k] = own.stride[s];
      }
    for (int k = 0; k < from.n_inputs; ++k)
      if (const int s = from.inputs[k]; s != kNoSlot) {
        inputs[k] = own.data[s];
        in_strides[k] = own.stride[s];
      }
    step.rows({outs, out_strides, inputs, in_strides, from.n_inputs, rows, length_, from.params});
  }

  void round(Thread& own, int s, DType to, int64_t rows) const {
    const DType type = chain_.slot_types[size_t(s)];
    const Convert there = converter(type, to), back = converter(to, type);
    char* const scratch = own.memory + scratch_at_;
    const bool column = shape(s) == SlotShape::Column;
    for (int64_t r = 0; r < (column ? 1 : rows); ++r) {
      char* const data = own.data[s] + r * own.stride[s];
      there(scratch, data, column ? rows : length_);
      back(data, scratch, column ? rows : length_);
    }
  }

  const Chain& chain_;
  const Geometry g_;
  int n_slots_, first_constant_, first_temporary_;
  int64_t length_, rows_ = 1, bytes_ = 0, cost_ = 0;
  int64_t slot_at_[kMaxSlots], spread_at_[kMaxInputs], scratch_at_ = 0;
  bool whole_constant_[kMaxSlots] = {}; // used as a tile of copies
  InlineVec<RowStep, kMaxSlots> steps_;
  Scalar pair_params_[kMaxSlots][2];
};

} // namespace

void run_row_program(const Chain& chain) { RowRunner(chain).run(); }

} // namespace torch::TORCH_ISA

#include "kernels/cpu/program.h"

#include "kernels/cpu/convert.h"
#include "kernels/cpu/stream.h"

#include <cstring>

namespace torch::TORCH_ISA {

namespace {

constexpr int64_t kTileBytes = 8192;   // of one slot: a few slots fit into the first-level cache
constexpr int64_t kAllTiles = 65536;   // of all slots, if there are more
constexpr int64_t kRepeatBytes = 1024; // of one value, repeated for the pieces of a row

class Runner {
public:
  Runner(const TileProgram& program, const Geometry& g) : program_(program), g_(g), streams_(past_cache()) {
    if (program.n_slots == g_.n_operands && g_.sizes[0] >= 256 && goes_by_rows()) {
      by_rows_ = true;
      int repeated = 0;
      for (int j = 0; program.n_steps == 1 && j < program.steps[0].n_inputs; ++j)
        if (g_.strides[program.steps[0].inputs[j]][0] == 0) {
          splat_ = program.steps[0].splat[j];
          ++repeated;
        }
      if (repeated != 1) splat_ = nullptr;
      shape_ = {std::min(g_.sizes[0], kGrain), 1};
      return;
    }
    int64_t widest = 1;
    for (int s = 0; s < program.n_slots; ++s) widest = std::max(widest, item_size(program.slot_types[s]));
    bool direct = true;
    for (int k = 0; k < g_.n_operands; ++k) {
      const bool one_value =
          g_.strides[k][0] == 0 && (g_.ndim == 1 || (g_.ndim == 2 && g_.strides[k][1] == 0));
      if (!one_value) widest = std::max(widest, item_size(g_.dtypes[k]));
      direct &= g_.dtypes[k] == program.slot_types[k] && g_.strides[k][0] == item_size(g_.dtypes[k]);
    }
    direct &= program.n_slots == g_.n_operands; // temporaries need tiles
    one_row_ = direct && program.n_steps == 1;
    if (one_row_ && (g_.ndim == 1 || g_.sizes[0] >= 128))
      shape_ = {std::min(g_.sizes[0], kGrain), 1};
    else
      shape_ = choose_tile(g_, std::min(kTileBytes, kAllTiles / program.n_slots & ~int64_t{63}) / widest);
  }

  void run() const {
    TileWalk walk(g_, shape_);
    const int64_t tile = shape_.cols * shape_.rows * program_.cost;
    parallel_for(0, walk.count(), std::max<int64_t>(1, kGrain / tile), [&](int64_t first, int64_t last) {
      alignas(64) char buffers[(kMaxSlots + 2) * kTileBytes];
      Loaded loaded[kMaxOperands] = {};
      fill_constants(buffers);
      walk.run(first, last, [&](char* const* at, int64_t cols, int64_t rows) {
        if (by_rows_) return run_row(at, cols, buffers, loaded);
        if (one_row_ && rows == 1) return run_step(program_.steps[0].row, at, cols);
        run_tile(at, cols, rows, buffers, loaded);
      });
      if (streams_) stream_fence();
    });
  }

private:
  struct Loaded { // what an input's buffer holds, so that a broadcast operand is filled once
    const char* at;
    int64_t cols, rows;
    bool operator==(const Loaded&) const = default;
  };

  void fill_constants(char* buffers) const {
    int slot = program_.n_outputs + program_.n_inputs;
    for (const auto& value : program_.constants) {
      const int64_t width = item_size(program_.slot_types[slot]);
      move_tile(buffers + slot * kTileBytes, width, 0, value.data(), 0, 0, shape_.cols * shape_.rows, 1,
                width);
      ++slot;
    }
  }

  // Whether dimension 0 is adjacent elements of the right types, but for inputs that stay the same along it.
  bool goes_by_rows() const {
    bool repeats = false;
    for (int k = 0; k < g_.n_operands; ++k) {
      if (g_.dtypes[k] != program_.slot_types[k]) return false;
      if (g_.strides[k][0] == item_size(g_.dtypes[k])) continue;
      if (k < program_.n_outputs || g_.strides[k][0] != 0) return false;
      repeats = true;
    }
    return repeats;
  }

  // Whether results go past the cache: those that are no operand, which is there already.
  bool past_cache() const {
    int64_t bytes = 0;
    for (int k = 0; k < g_.n_operands; ++k) {
      int64_t n = item_size(g_.dtypes[k]);
      for (int d = 0; d < g_.ndim; ++d)
        if (g_.strides[k][d] != 0) n *= g_.sizes[d];
      bytes += n;
      for (int j = 0; k >= program_.n_outputs && j < program_.n_outputs; ++j)
        if (g_.data[k] == g_.data[j]) return false;
    }
    return bytes >= past_cache_bytes();
  }

  void run_step(Row row, char* const* at, int64_t cols) const {
    const Step& step = program_.steps[0];
    const int64_t width = item_size(g_.dtypes[step.out]);
    const auto run = [&](void* to, int64_t first, int64_t count) {
      const void* inputs[kMaxInputs];
      for (int j = 0; j < step.n_inputs; ++j)
        inputs[j] = at[step.inputs[j]] + first * g_.strides[step.inputs[j]][0];
      row(to, inputs, count, step.params);
    };
    if (streams_)
      stream_pieces(at[step.out], cols, width, run);
    else
      run(at[step.out], 0, cols);
  }

  void run_row(char* const* at, int64_t cols, char* buffers, Loaded* loaded) const {
    const TileProgram& p = program_;
    if (splat_) return run_step(splat_, at, cols);
    char* slots[kMaxSlots];
    int64_t step[kMaxSlots], piece = cols; // bytes per element
    for (int k = 0; k < g_.n_operands; ++k)
      if (g_.strides[k][0] == 0 || streams_) piece = std::min(piece, kRepeatBytes / item_size(g_.dtypes[k]));
    for (int k = 0; k < g_.n_operands; ++k) {
      if (streams_ && k < p.n_outputs) {
        step[k] = 0;
        slots[k] = buffers + k * kTileBytes;
        continue;
      }
      step[k] = g_.strides[k][0];
      slots[k] = step[k] == 0 ? buffers + k * kTileBytes : at[k];
      const Loaded now{at[k], piece, 1};
      if (step[k] != 0 || now == loaded[k]) continue;
      const int64_t width = item_size(g_.dtypes[k]);
      move_tile(slots[k], width, 0, at[k], 0, 0, piece, 1, width);
      loaded[k] = now;
    }
    for (int64_t i = 0; i < cols; i += piece) {
      for (int s = 0; s < p.n_steps; ++s) {
        const Step& one = p.steps[s];
        const void* inputs[kMaxInputs];
        for (int j = 0; j < one.n_inputs; ++j) inputs[j] = slots[one.inputs[j]] + i * step[one.inputs[j]];
        one.row(slots[one.out] + i * step[one.out], inputs, std::min(piece, cols - i), one.params);
      }
      for (int k = 0; streams_ && k < p.n_outputs; ++k) {
        const int64_t width = item_size(g_.dtypes[k]);
        stream(at[k] + i * width, slots[k], std::min(piece, cols - i) * width);
      }
    }
  }

  void run_tile(char* const* at, int64_t cols, int64_t rows, char* buffers, Loaded* loaded) const {
    const TileProgram& p = program_;
    char* const scratch = buffers + kMaxSlots * kTileBytes;
    void* slots[kMaxSlots];
    bool store[kMaxOperands], past[kMaxOperands];
    for (int k = 0; k < p.n_slots; ++k) {
      slots[k] = buffers + k * kTileBytes;
      if (k >= g_.n_operands) continue;
      const int64_t width = item_size(g_.dtypes[k]);
      const int64_t stride0 = g_.strides[k][0], stride1 = g_.ndim > 1 ? g_.strides[k][1] : 0;
      const bool dense = (cols == 1 || stride0 == width) && (rows == 1 || stride1 == cols * width);
      const bool direct = dense && g_.dtypes[k] == p.slot_types[k] && !(streams_ && k < p.n_outputs);
      if (direct) slots[k] = at[k];
      if (k < p.n_outputs) {
        store[k] = !direct;
        past[k] = dense && streams_;
      } else if (!direct) {
        const Loaded now{at[k], cols, rows};
        if (now == loaded[k]) continue;
        const int64_t slot_width = item_size(p.slot_types[k]);
        convert_tile(static_cast<char*>(slots[k]), slot_width, cols * slot_width, p.slot_types[k], at[k],
                     stride0, stride1, g_.dtypes[k], cols, rows, scratch);
        loaded[k] = now;
      }
    }
    for (int i = 0; i < p.n_steps; ++i) {
      const Step& step = p.steps[i];
      const void* inputs[kMaxInputs];
      for (int j = 0; j < step.n_inputs; ++j) inputs[j] = slots[step.inputs[j]];
      step.row(slots[step.out], inputs, cols * rows, step.params);
      if (step.rounded == DType::Bool) continue;
      converter(DType::Float32, step.rounded)(scratch, slots[step.out], cols * rows);
      converter(step.rounded, DType::Float32)(slots[step.out], scratch, cols * rows);
    }
    for (int k = 0; k < p.n_outputs; ++k) {
      if (!store[k]) continue;
      const int64_t slot_width = item_size(p.slot_types[k]), width = item_size(g_.dtypes[k]);
      if (past[k]) {
        const bool converts = g_.dtypes[k] != p.slot_types[k];
        if (converts)
          convert_tile(scratch, width, cols * width, g_.dtypes[k], static_cast<char*>(slots[k]), slot_width,
                       cols * slot_width, p.slot_types[k], cols, rows, nullptr);
        stream(at[k], converts ? scratch : slots[k], cols * rows * width);
        continue;
      }
      convert_tile(at[k], g_.strides[k][0], g_.ndim > 1 ? g_.strides[k][1] : 0, g_.dtypes[k],
                   static_cast<char*>(slots[k]), slot_width, cols * slot_width, p.slot_types[k], cols, rows,
                   scratch);
    }
  }

  const TileProgram& program_;
  const Geometry& g_;
  TileShape shape_;
  const bool streams_;
  bool by_rows_ = false, one_row_ = false;
  Row splat_ = nullptr;
};

} // namespace

void run_program(const TileProgram& program, IntSpan sizes, const Tensor* const* operands) {
  if (numel_of(sizes) == 0) return;
  run_program(program, Geometry(sizes, operands, program.n_outputs + program.n_inputs));
}

void run_program(const TileProgram& program, const Geometry& geometry) { Runner(program, geometry).run(); }

} // namespace torch::TORCH_ISA

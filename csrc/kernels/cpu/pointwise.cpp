// Entry of elementwise ops: picks the row of an op and compute type, runs it directly when every operand is
// contiguous and of the row's types, else as a tile program of one step.
#include "core/inline_vec.h"
#include "kernels/cpu/narrow.h"
#include "kernels/cpu/pairs.h"
#include "kernels/cpu/program.h"
#include "kernels/cpu/row_program.h"
#include "kernels/cpu/stream.h"
#include "kernels/pointwise_chain.h"
#include "kernels/pointwise_kernels.h"
#include "kernels/pointwise_ops.h"

namespace torch::TORCH_ISA {

#define TORCH_DECLARE(name) extern const RowSet rows_##name;
TORCH_POINTWISE_OPS(TORCH_DECLARE)
#undef TORCH_DECLARE

namespace {

constexpr int64_t kScalarTile = 4096; // bytes

// An operand that is also the result is in the cache already.
bool goes_past_cache(const Tensor& out, const Tensor* const* inputs, int n_inputs) {
  int64_t bytes = out.nbytes();
  if (bytes < past_cache_bytes() / 8) return false;
  for (int k = 0; k < n_inputs; ++k) {
    if (inputs[k]->data() == out.data()) return false;
    bytes += inputs[k]->nbytes();
  }
  return bytes >= past_cache_bytes();
}

const RowSet* const kRowSets[] = {
#define TORCH_ENTRY(name) &rows_##name,
    TORCH_POINTWISE_OPS(TORCH_ENTRY)
#undef TORCH_ENTRY
};

void run_direct(const RowSet& set, Row row, DType out_type, const DType* in_types, const Tensor& out,
                const Tensor* const* inputs, int n_inputs, const Scalar* params) {
  const int64_t n = out.numel();
  const void* data[kMaxInputs];
  for (int k = 0; k < n_inputs; ++k) data[k] = inputs[k]->data();
  if (n <= kGrain / set.cost) return row(out.data(), data, n, params);
  const int64_t out_width = item_size(out_type);
  const bool streams = goes_past_cache(out, inputs, n_inputs);
  parallel_for(0, n, kGrain / set.cost, [&](int64_t first, int64_t last) {
    const auto run = [&](void* to, int64_t from, int64_t count) {
      const void* at[kMaxInputs];
      for (int k = 0; k < n_inputs; ++k)
        at[k] = static_cast<const char*>(data[k]) + from * item_size(in_types[k]);
      row(to, at, count, params);
    };
    char* const to = static_cast<char*>(out.data()) + first * out_width;
    if (!streams) return run(to, first, last - first);
    stream_pieces(to, last - first, out_width,
                  [&](void* piece, int64_t i, int64_t count) { run(piece, first + i, count); });
  });
}

// The same with operands of one element, which are spread over a tile that every piece reuses. `spread` says
// which.
void run_with_scalars(const RowSet& set, Row row, const Row* splat, DType out_type, const DType* in_types,
                      const bool* spread, const Tensor& out, const Tensor* const* inputs, int n_inputs,
                      const Scalar* params) {
  const int64_t n = out.numel(), out_width = item_size(out_type);
  int64_t widest = out_width;
  for (int k = 0; k < n_inputs; ++k) widest = std::max(widest, item_size(in_types[k]));
  // At best a row takes the value itself, else a tile of copies.
  int repeated = 0, last_repeated = 0;
  for (int k = 0; k < n_inputs; ++k)
    if (spread[k]) {
      ++repeated;
      last_repeated = k;
    }
  const bool by_value = repeated == 1 && splat[last_repeated];
  if (by_value) row = splat[last_repeated];
  const int64_t piece = by_value ? n : std::min(n, kScalarTile / widest);
  alignas(64) char tiles[kMaxInputs][kScalarTile];
  const char* data[kMaxInputs];
  int64_t step[kMaxInputs]; // bytes per element of the walk
  for (int k = 0; k < n_inputs; ++k) {
    const int64_t width = item_size(in_types[k]);
    data[k] = static_cast<const char*>(inputs[k]->data());
    step[k] = width;
    if (!spread[k]) continue;
    convert_tile(tiles[k], width, 0, in_types[k], data[k], 0, 0, inputs[k]->dtype(), by_value ? 1 : piece, 1,
                 nullptr);
    data[k] = tiles[k];
    step[k] = 0;
  }
  const bool streams = goes_past_cache(out, inputs, n_inputs);
  parallel_for(0, n, kGrain / set.cost, [&](int64_t first, int64_t last) {
    const auto run = [&](void* to, int64_t from, int64_t count) {
      const void* at[kMaxInputs];
      for (int k = 0; k < n_inputs; ++k) at[k] = data[k] + from * step[k];
      row(to, at, count, params);
    };
    char* const to = static_cast<char*>(out.data());
    if (streams)
      return stream_pieces(
          to + first * out_width, last - first, out_width,
          [&](void* part, int64_t i, int64_t count) { run(part, first + i, count); }, piece);
    for (int64_t i = first; i < last; i += piece) run(to + i * out_width, i, std::min(piece, last - i));
  });
}

void run_as_program(const RowSet& set, Row row, const Row* splat, DType out_type, const DType* in_types,
                    const Tensor& out, const Tensor* const* inputs, int n_inputs, const Scalar* params) {
  Step step{row, params, static_cast<int8_t>(n_inputs), {1, 2, 3}, 0};
  std::copy_n(splat, kMaxInputs, step.splat);
  DType types[1 + kMaxInputs] = {out_type};
  const Tensor* operands[1 + kMaxInputs] = {&out};
  for (int k = 0; k < n_inputs; ++k) {
    types[k + 1] = in_types[k];
    operands[k + 1] = inputs[k];
  }
  run_program({&step, 1, 1, n_inputs, n_inputs + 1, types, set.cost}, out.sizes(), operands);
}

// Where all is of one narrow type, a row that does without int32, or floats in memory.
Row row_of_narrow(PointwiseOp op, Kind result, const Tensor& out, const Tensor* const* inputs, int n_inputs) {
  const DType type = inputs[0]->dtype();
  for (int k = 1; k < n_inputs; ++k)
    if (inputs[k]->dtype() != type) return nullptr;
  if (out.dtype() != (result == Kind::Bool ? DType::Bool : type)) return nullptr;
  return narrow_row(op, type);
}

} // namespace

const RowSet& rows_of_op(PointwiseOp op) { return *kRowSets[static_cast<int>(op)]; }

void pointwise(PointwiseOp op, DType compute, const Tensor& out, const Tensor* const* inputs, int n_inputs,
               const Scalar* params) {
  if (op == PointwiseOp::BitwiseNot && compute == DType::Bool) op = PointwiseOp::LogicalNot; // ~1 is not 0
  const RowSet& set = rows_of_op(op);
  const int index = compute_index(compute);
  Row row = set.rows[index];
  if (!row || is_low_precision(compute) || is_opaque(compute)) [[unlikely]]
    fail_dtype(set.name, compute);
  TORCH_ASSERT(n_inputs == set.inputs);
  Row splat[kMaxInputs];
  for (int k = 0; k < kMaxInputs; ++k) splat[k] = set.splat[k][index];
  DType type = kComputeTypes[index], out_type = result_type(set.out[index], type);
  if (type == DType::Int32 || is_reduced_float(out.dtype()))
    if (const Row narrow = row_of_narrow(op, set.out[index], out, inputs, n_inputs)) {
      row = narrow;
      std::fill_n(splat, kMaxInputs, nullptr);
      type = inputs[0]->dtype();
      out_type = out.dtype();
    }
  DType in_types[kMaxInputs];
  const int64_t n = out.numel();
  const bool direct_out = out.is_contiguous() && out.dtype() == out_type;
  bool direct = direct_out, spread[kMaxInputs], any_spread = false;
  for (int k = 0; k < n_inputs; ++k) {
    in_types[k] = set.mask_first && k == 0 ? DType::Bool : type;
    const Tensor& input = *inputs[k];
    const int64_t size = input.numel();
    spread[k] = size == 1 && (n != 1 || input.dtype() != in_types[k]);
    any_spread |= spread[k];
    direct = direct && (spread[k] || (size == n && input.is_contiguous() && input.dtype() == in_types[k]));
  }
  if (n == 0) return;
  if (!direct) return run_as_program(set, row, splat, out_type, in_types, out, inputs, n_inputs, params);
  if (!any_spread) return run_direct(set, row, out_type, in_types, out, inputs, n_inputs, params);
  run_with_scalars(set, row, splat, out_type, in_types, spread, out, inputs, n_inputs, params);
}

std::optional<DType> pointwise_result(PointwiseOp op, DType compute) {
  const RowSet& set = rows_of_op(op);
  const int index = compute_index(compute);
  if (!set.rows[index]) return std::nullopt;
  return result_type(set.out[index], kComputeTypes[index]);
}

void pointwise_chain(const Chain& chain) {
  if (!chain.slot_shapes.empty()) return run_row_program(chain);
  const int n_operands = static_cast<int>(chain.operands.size());
  const int first_temporary = n_operands + static_cast<int>(chain.constants.size());
  InlineVec<Step, kMaxSlots> steps;
  Scalar pair_params[kMaxSlots][2];
  int cost = 0;
  for (size_t i = 0; i < chain.steps.size(); ++i) {
    const ChainStep& from = chain.steps[i];
    const RowSet& set = rows_of_op(from.op);
    const int index = compute_index(from.compute);
    TORCH_ASSERT(from.n_inputs == set.inputs && set.rows[index]);
    cost += set.cost;
    if (steps.size() < kMaxSlots)
      if (const Step both = paired(chain, i, pair_params[steps.size()]); both.row) {
        steps.push_back(both);
        cost += rows_of_op(chain.steps[++i].op).cost;
        continue;
      }
    Step& step = steps.emplace_back();
    step = {set.rows[index],
            from.params,
            from.n_inputs,
            {from.inputs[0], from.inputs[1], from.inputs[2]},
            from.outs[0]};
    if (from.rounded != chain.slot_types[from.outs[0]]) step.rounded = from.rounded;
    // A row that takes one value, where that is all it is.
    int constants = 0, last = 0;
    for (int k = 0; k < from.n_inputs; ++k)
      if (from.inputs[k] >= n_operands && from.inputs[k] < first_temporary) {
        ++constants;
        last = k;
      }
    if (constants == 1 && set.splat[last][index]) step.row = set.splat[last][index];
  }
  Geometry::Operand operands[kMaxOperands];
  for (int k = 0; k < n_operands; ++k)
    operands[k] = {chain.operands[k].data, chain.operands[k].dtype, chain.operands[k].strides};
  static_assert(kMaxChainOperands == kMaxOperands && kMaxChainSlots == kMaxSlots);
  run_program({steps.data(), static_cast<int>(steps.size()), chain.n_outputs, n_operands - chain.n_outputs,
               static_cast<int>(chain.slot_types.size()), chain.slot_types.data(), cost, chain.constants},
              Geometry(chain.sizes, operands, n_operands));
}

} // namespace torch::TORCH_ISA

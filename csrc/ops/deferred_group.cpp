#include "ops/deferred_group.h"

#include "core/tensor.h"
#include "kernels/table.h"

namespace torch::ops {

namespace {

constexpr size_t kLongestGroup = 32; // ops
constexpr size_t kMostDims = 16;

// Strides of a region along sizes that it broadcasts to.
DimVec broadcast_strides(const Region& r, IntSpan sizes) {
  DimVec own(sizes.size(), 0);
  const size_t lead = sizes.size() - r.sizes.size();
  for (size_t d = lead; d < sizes.size(); ++d)
    own[d] = r.sizes[d - lead] == sizes[d] && sizes[d] != 1 ? r.strides[d - lead] : 0;
  return own;
}

} // namespace

void Group::begin(size_t first) {
  values_.clear();
  links_.clear();
  n_leaves_ = 0;
  has_rows_ = false;
  const Note& note = notes_[first];
  sizes_ = note.row_op == RowOp::None ? note.outs[0].sizes : note.inputs[0].region.sizes;
  rows_ = 1;
  for (size_t d = 0; d + 1 < sizes_.size(); ++d) rows_ *= sizes_[d];
}

size_t Group::longest(size_t first) {
  begin(first);
  size_t best = first + 1;
  for (size_t i = first; i < notes_.size() && i < first + kLongestGroup; ++i) {
    if (!add(notes_[i])) break;
    if (static_cast<int>(values_.size()) > kMaxChainSlots || n_leaves_ > kMaxChainOperands) break;
    if (n_leaves_ + count_outputs(i + 1) <= kMaxChainOperands) best = i + 1;
  }
  return best;
}

bool Group::is_wanted(size_t index) const {
  const Note& note = notes_[index];
  for (size_t k = 0; k < static_cast<size_t>(note.n_outs); ++k) {
    const uint32_t storage = note.outs[k].storage;
    if (held_[storage] || last_touch_[storage] > index) return true;
  }
  return false;
}

// Whether sizes are those of one value for each row.
bool Group::is_column(IntSpan sizes) const {
  const size_t lead = sizes_.size() - 1;
  if (sizes.size() == lead + 1 && sizes[lead] == 1) sizes = sizes.first(lead);
  return torch::equal(sizes, sizes_.first(lead));
}

// What a region that broadcasts to the whole is there.
SlotShape Group::shape_in_full(const Region& region) const {
  if (sizes_.empty() || rows_ == 1) return SlotShape::Full;
  const size_t n = region.sizes.size();
  if (n == 0 || region.strides[n - 1] == 0 || (region.sizes[n - 1] == 1 && sizes_.back() != 1))
    return SlotShape::Column;
  const size_t lead = sizes_.size() - n;
  for (size_t d = 0; d + 1 < n; ++d)
    if (region.sizes[d] != 1 && region.strides[d] != 0 && sizes_[d + lead] != 1) return SlotShape::Full;
  return SlotShape::Vector;
}

// Whether a value is what a region, of the group's storage, shows.
bool Group::holds(const Value& value, const Region& region, SlotShape shape) const {
  const Region& own = *value.region;
  if (value.shape != shape || own.dtype != region.dtype || own.offset != region.offset) return false;
  if (equal(own.sizes, region.sizes) && equal(own.strides, region.strides)) return true;
  if (value.kind != Kind::Computed || !own.contiguous) return false;
  if (shape != SlotShape::Column) return region.contiguous && equal(own.sizes, region.sizes);
  // The values of the rows, with or without a last dimension, or repeated along it.
  if (region.contiguous) return is_column(region.sizes);
  if (region.sizes.size() != sizes_.size() || !equal(region.sizes, sizes_)) return false;
  int64_t step = 1;
  for (size_t d = sizes_.size() - 1; d-- > 0;) {
    if (sizes_[d] != 1 && region.strides[d] != step) return false;
    step *= sizes_[d];
  }
  return region.strides.back() == 0;
}

DimVec Group::strides_of(const Value& value) const {
  const Region& r = *value.region;
  if (value.shape == SlotShape::Column && r.sizes.size() + 1 == sizes_.size() && is_column(r.sizes)) {
    DimVec own(r.strides);
    own.push_back(0);
    return own;
  }
  return broadcast_strides(r, sizes_);
}

// False if the note can not be in the group: it reads or writes in another way what the group has.
bool Group::add(const Note& note) {
  const bool along = note.row_op != RowOp::None;
  SlotShape out_shape = SlotShape::Full;
  if (along) {
    if (!equal(note.inputs[0].region.sizes, sizes_) || sizes_.size() > kMostDims) return false;
    if (!has_rows_) {
      for (const Value& v : values_)
        if (v.kind == Kind::Computed && !v.region->contiguous) return false;
      has_rows_ = true;
    }
  } else if (!equal(note.outs[0].sizes, sizes_)) {
    if (!has_rows_ || !is_column(note.outs[0].sizes)) return false;
    out_shape = SlotShape::Column;
  }
  Link link;
  for (size_t k = 0; k < static_cast<size_t>(note.n_inputs); ++k) {
    const Input& input = note.inputs[k];
    if (input.kind == Input::Kind::Missing) continue;
    SlotShape shape = SlotShape::Full;
    if (note.row_op == RowOp::LayerNorm && k > 0) {
      shape = SlotShape::Vector;
    } else if (out_shape == SlotShape::Column) {
      if (input.kind == Input::Kind::Memory && !equal(input.region.sizes, note.outs[0].sizes)) return false;
      shape = SlotShape::Column;
    } else if (!along && input.kind == Input::Kind::Memory) {
      shape = shape_in_full(input.region);
    }
    link.inputs[k] = find(input, shape);
    if (link.inputs[k] == kNone) return false;
  }
  const bool to_column = note.row_op >= RowOp::Sum && note.row_op <= RowOp::Amin;
  for (size_t k = 0; k < static_cast<size_t>(note.n_outs); ++k) {
    const SlotShape shape = to_column || (along && k > 0) ? SlotShape::Column : out_shape;
    if (!add_output(note.outs[k], note.result, shape, link.outs[k])) return false;
  }
  links_.push_back(link);
  return true;
}

bool Group::add_output(const Region& region, DType type, SlotShape shape, int& index) {
  if (has_rows_ && !region.contiguous) return false;
  for (Value& v : values_) {
    if (v.kind == Kind::Constant || v.region->storage != region.storage) continue;
    if (!v.region->same(region) || v.shape != shape) return false;
    v.newest = false;
  }
  index = static_cast<int>(values_.size());
  values_.push_back({Kind::Computed, shape, type, &region, nullptr, kNone, kNone, true});
  return true;
}

// The value that an input is, added if it is new; kNone if the group has it in another form.
int Group::find(const Input& input, SlotShape shape) {
  if (input.kind == Input::Kind::Constant) {
    for (size_t i = 0; i < values_.size(); ++i)
      if (values_[i].kind == Kind::Constant && values_[i].type == input.type &&
          *values_[i].number == input.number)
        return static_cast<int>(i);
    values_.push_back({Kind::Constant, SlotShape::Full, input.type, nullptr, &input.number});
    return static_cast<int>(values_.size()) - 1;
  }
  bool written = false;
  for (size_t i = values_.size(); i-- > 0;) { // the newest first
    const Value& v = values_[i];
    if (v.kind == Kind::Constant || v.region->storage != input.region.storage) continue;
    written |= v.kind == Kind::Computed;
    if (v.kind == Kind::Leaf && written) continue;
    if (v.type == input.type && holds(v, input.region, shape)) return static_cast<int>(i);
  }
  if (written) return kNone;
  values_.push_back({Kind::Leaf, shape, input.type, &input.region, nullptr});
  ++n_leaves_;
  return static_cast<int>(values_.size()) - 1;
}

// Those that the program has to store if it ends before note `end`.
int Group::count_outputs(size_t end) const {
  int n = 0;
  for (const Value& v : values_) n += is_output(v, end);
  return n;
}

void Group::give_slot(Value& v) {
  v.slot = static_cast<int>(slot_types_.size());
  slot_types_.push_back(v.type);
  slot_shapes_.push_back(v.shape);
}

// Decides which steps are needed, and the slot of every value.
bool Group::plan(size_t first, size_t last) {
  begin(first);
  for (size_t i = first; i < last; ++i) add(notes_[i]);
  in_memory_.clear();
  slot_types_.clear();
  slot_shapes_.clear();
  constants_.clear();
  steps_.clear();
  // Backward: a step whose results nobody needs is left out.
  InlineVec<bool, kLongestGroup> needed(links_.size());
  for (size_t i = links_.size(); i-- > 0;) {
    needed[i] = false;
    for (const int out : links_[i].outs)
      if (out != kNone) {
        const Value& value = values_[static_cast<size_t>(out)];
        needed[i] |= value.last_use != kNone || is_output(value, last);
      }
    if (!needed[i]) continue;
    for (const int in : links_[i].inputs)
      if (in != kNone && values_[static_cast<size_t>(in)].last_use == kNone)
        values_[static_cast<size_t>(in)].last_use = static_cast<int>(i);
  }
  for (size_t i = 0; i < values_.size(); ++i)
    if (is_output(values_[i], last)) {
      give_slot(values_[i]);
      in_memory_.push_back(static_cast<int>(i));
    }
  n_outputs_ = static_cast<int>(in_memory_.size());
  for (size_t i = 0; i < values_.size(); ++i)
    if (values_[i].kind == Kind::Leaf && values_[i].last_use != kNone) {
      give_slot(values_[i]);
      in_memory_.push_back(static_cast<int>(i));
    }
  for (Value& v : values_)
    if (v.kind == Kind::Constant && v.last_use != kNone) {
      give_slot(v);
      constants_.push_back(*v.number);
    }
  InlineVec<int, kMaxChainSlots> unused;
  for (size_t i = 0; i < links_.size(); ++i)
    if (needed[i]) add_step(first, last, i, unused);
  return !steps_.empty();
}

void Group::add_step(size_t first, size_t last, size_t index, InlineVec<int, kMaxChainSlots>& unused) {
  const Note& note = notes_[first + index];
  const Link& link = links_[index];
  ChainStep step{note.op, note.row_op, note.compute, note.result, note.params.data(), note.n_inputs, {}, {}};
  for (size_t k = 0; k < step.inputs.size(); ++k)
    step.inputs[k] = link.inputs[k] == kNone
                         ? kNoSlot
                         : static_cast<uint8_t>(values_[static_cast<size_t>(link.inputs[k])].slot);
  // A temporary read here for the last time leaves its place to the result of an elementwise op; of equal
  // width, since a row may only write over what it has read.
  const auto leave = [&] {
    for (const int in : link.inputs) {
      if (in == kNone) continue;
      Value& value = values_[static_cast<size_t>(in)];
      if (value.kind != Kind::Computed || value.last_use != static_cast<int>(index) || is_output(value, last))
        continue;
      value.last_use = kNone; // once, if it is read twice
      unused.push_back(value.slot);
    }
  };
  if (note.row_op == RowOp::None) leave();
  for (size_t k = 0; k < step.outs.size(); ++k) {
    step.outs[k] = kNoSlot;
    if (link.outs[k] == kNone) continue;
    Value& out = values_[static_cast<size_t>(link.outs[k])];
    if (out.slot == kNone) {
      size_t at = 0;
      while (at < unused.size() && (slot_types_[static_cast<size_t>(unused[at])] != out.type ||
                                    slot_shapes_[static_cast<size_t>(unused[at])] != out.shape))
        ++at;
      if (at < unused.size()) {
        out.slot = unused[at];
        unused[at] = unused.back();
        unused.resize(unused.size() - 1);
      } else {
        give_slot(out);
      }
    }
    step.outs[k] = static_cast<uint8_t>(out.slot);
  }
  if (note.row_op != RowOp::None) leave();
  if (is_reduced_float(note.outs[0].dtype)) step.rounded = note.outs[0].dtype;
  steps_.push_back(step);
}

void Group::run_on(std::span<const Chain::Operand> operands) const {
  Chain chain{sizes_, steps_, operands, n_outputs_, constants_, slot_types_, {}};
  if (has_rows_) chain.slot_shapes = slot_shapes_;
  cpu_kernels().pointwise_chain(chain);
}

void run_alone(const Note& note, const std::function<void*(uint32_t storage)>& memory) {
  const auto tensor = [](void* data, DType dtype, IntSpan sizes, IntSpan strides) {
    const int64_t bytes = span_bytes(sizes, strides, item_size(dtype));
    return from_storage(StorageImpl::wrap(
                            data, bytes, {}, [](void*) {}, nullptr),
                        dtype, sizes, strides, 0);
  };
  const auto seen = [&](const Region& r) {
    return tensor(static_cast<char*>(memory(r.storage)) + r.offset * item_size(r.dtype), r.dtype, r.sizes,
                  r.strides);
  };
  std::array<Tensor, kMaxChainResults> outs;
  std::array<Tensor, 3> in;
  std::array<const Tensor*, 3> inputs;
  for (size_t k = 0; k < static_cast<size_t>(note.n_outs); ++k) outs[k] = seen(note.outs[k]);
  for (size_t k = 0; k < static_cast<size_t>(note.n_inputs); ++k) {
    const Input& input = note.inputs[k];
    if (input.kind == Input::Kind::Memory)
      in[k] = seen(input.region);
    else if (input.kind == Input::Kind::Constant)
      in[k] = tensor(const_cast<char*>(input.number.data()), input.type, {}, {});
    inputs[k] = &in[k];
  }
  const KernelTable& kernels = cpu_kernels();
  const int64_t last_dim = -1;
  const IntSpan last(&last_dim, 1);
  switch (note.row_op) {
  case RowOp::None:
    return kernels.pointwise(note.op, note.asked, outs[0], inputs.data(), note.n_inputs, note.params.data());
  case RowOp::Sum:
    return kernels.sum(outs[0], in[0], last);
  case RowOp::Mean:
    return kernels.mean(outs[0], in[0], last);
  case RowOp::Amax:
    return kernels.amax(outs[0], in[0], last);
  case RowOp::Amin:
    return kernels.amin(outs[0], in[0], last);
  case RowOp::Softmax:
    return kernels.softmax(outs[0], in[0], -1);
  case RowOp::LogSoftmax:
    return kernels.log_softmax(outs[0], in[0], -1);
  case RowOp::SoftmaxBackward:
    return kernels.softmax_backward(outs[0], in[0], in[1], -1);
  case RowOp::LogSoftmaxBackward:
    return kernels.log_softmax_backward(outs[0], in[0], in[1], -1);
  case RowOp::LayerNorm:
    return kernels.layer_norm(outs[0], outs[1], outs[2], in[0], in[0].sizes().last(1), in[1], in[2],
                              note.params[0].to<double>());
  }
}

} // namespace torch::ops

// Notes of work that is put off, and the groups of them that run as one tile program (see ops/deferred.h).
#pragma once

#include "core/dims.h"
#include "core/inline_vec.h"
#include "core/storage.h"
#include "kernels/pointwise_chain.h"

#include <array>
#include <functional>
#include <span>
#include <vector>

namespace torch::ops {

constexpr size_t kMostParams = 4;
constexpr int kNone = -1;

// A part of a storage, seen as a tensor.
struct Region {
  uint32_t storage = 0; // the ticket of the notes for it
  DType dtype = DType::Float32;
  bool contiguous = true;
  int64_t offset = 0;
  DimVec sizes, strides;

  bool same(const Region& o) const {
    return storage == o.storage && dtype == o.dtype && offset == o.offset && equal(sizes, o.sizes) &&
           equal(strides, o.strides);
  }
};

using Number = std::array<char, 8>;

struct Input {
  enum class Kind : uint8_t { Memory, Constant, Missing };
  Kind kind = Kind::Memory;
  DType type = DType::Float32; // in which the op reads it
  Number number{};             // a constant, as `type`
  Region region;               // of memory
};

struct Note {
  PointwiseOp op{};
  RowOp row_op = RowOp::None;         // in place of `op`
  DType asked{}, compute{}, result{}; // the dtype computed in; how rows hold it, and what they leave
  int8_t n_inputs = 0, n_outs = 1;
  uint8_t n_params = 0;
  uint64_t habit = 0; // see deferred.cpp
  std::array<Input, 3> inputs;
  std::array<Region, kMaxChainResults> outs;
  std::array<Scalar, kMostParams> params;
};

// Notes first.. that run as one program, and what it takes.
class Group {
public:
  void start(std::span<const Note> notes, std::span<const size_t> last_touch, std::span<const char> held) {
    notes_ = notes;
    last_touch_ = last_touch;
    held_ = held;
  }

  // How many notes from `first` on one program can take: at least one.
  size_t longest(size_t first);

  // Whether anybody needs the results of a note.
  bool is_wanted(size_t index) const;
  // Makes the program of notes [first, last); false if nobody needs what they compute.
  bool plan(size_t first, size_t last);
  // Runs it. memory(storage) gives the address of a storage.
  template <class Memory> void run(Memory&& memory) {
    InlineVec<DimVec, kMaxChainOperands> strides;
    InlineVec<Chain::Operand, kMaxChainOperands> operands;
    strides.reserve(kMaxChainOperands);
    for (const int v : in_memory_) {
      const Value& value = values_[static_cast<size_t>(v)];
      const Region& r = *value.region;
      strides.push_back(strides_of(value));
      operands.push_back({static_cast<char*>(memory(r.storage)) + r.offset * item_size(r.dtype), r.dtype,
                          strides.back().data()});
    }
    run_on(operands);
  }
  int n_outputs() const { return n_outputs_; }

private:
  enum class Kind : uint8_t { Leaf, Constant, Computed };
  struct Value {
    Kind kind;
    SlotShape shape;
    DType type;           // of its slot
    const Region* region; // leaf: where it is; computed: where it belongs
    const Number* number;
    int last_use = kNone; // index into links
    int slot = kNone;
    bool newest = false; // computed: no later one of the group belongs to the same region
  };
  struct Link { // of a note: indices of values
    std::array<int, 3> inputs{kNone, kNone, kNone};
    std::array<int, kMaxChainResults> outs{kNone, kNone, kNone};
  };

  void begin(size_t first);
  bool add(const Note& note);
  bool add_output(const Region& region, DType type, SlotShape shape, int& index);
  int find(const Input& input, SlotShape shape);
  bool is_column(IntSpan sizes) const;
  SlotShape shape_in_full(const Region& region) const;
  bool holds(const Value& value, const Region& region, SlotShape shape) const;
  DimVec strides_of(const Value& value) const;
  bool is_output(const Value& v, size_t end) const {
    return v.kind == Kind::Computed && v.newest &&
           (held_[v.region->storage] || last_touch_[v.region->storage] >= end);
  }
  int count_outputs(size_t end) const;
  void give_slot(Value& v);
  void add_step(size_t first, size_t last, size_t index, InlineVec<int, kMaxChainSlots>& unused);
  void run_on(std::span<const Chain::Operand> operands) const;

  std::span<const Note> notes_;
  std::span<const size_t> last_touch_; // of each storage: the last note that reads or writes it
  std::span<const char> held_;         // of each storage: by somebody else than the notes
  IntSpan sizes_;                      // of what is full
  int64_t rows_ = 1;
  bool has_rows_ = false; // an op goes along rows
  std::vector<Value> values_;
  std::vector<Link> links_;
  int n_leaves_ = 0, n_outputs_ = 0;
  std::vector<int> in_memory_; // values: outputs, then inputs
  std::vector<DType> slot_types_;
  std::vector<SlotShape> slot_shapes_;
  std::vector<Number> constants_;
  std::vector<ChainStep> steps_;
};

// Runs the kernel of a note as without deferring.
void run_alone(const Note& note, const std::function<void*(uint32_t storage)>& memory);

} // namespace torch::ops

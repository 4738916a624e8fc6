#include "ops/deferred.h"

#include "core/inline_vec.h"
#include "core/threads.h"
#include "kernels/pointwise_chain.h"
#include "kernels/table.h"

#include <array>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

namespace torch {

namespace {

// Elements of a result below which the op is run at once: operands then stay in the caches anyway.
constexpr int64_t kSmallest = kGrain;
constexpr size_t kMostNotes = 512;   // then they are worked off
constexpr size_t kLongestGroup = 32; // ops
constexpr size_t kMostParams = 4;
constexpr int kNone = -1;

std::atomic<int64_t> count_ops, count_groups, count_stored;

// A part of a storage, seen as a tensor.
struct Region {
  uint32_t storage = 0; // index into Notes::storages_
  DType dtype = DType::Float32;
  int64_t offset = 0;
  DimVec sizes, strides;

  bool same(const Region& o) const {
    return storage == o.storage && dtype == o.dtype && offset == o.offset && equal(sizes, o.sizes) &&
           equal(strides, o.strides);
  }
};

using Number = std::array<char, 8>;

struct Input {
  bool constant = false;
  DType type = DType::Float32; // in which the op reads it
  Number number{};             // a constant, as `type`
  Region region;               // anything else
};

struct Note {
  PointwiseOp op;
  DType compute;
  int8_t n_inputs;
  uint8_t n_params;
  std::array<Input, 3> inputs;
  Region out;
  std::array<Scalar, kMostParams> params;
};

Number number_of(const Tensor& t, DType type) {
  Number bytes{};
  visit_all(t.dtype(), [&](auto from) {
    const auto value = *t.data<typename decltype(from)::type>();
    visit_all(type, [&](auto to) {
      using T = typename decltype(to)::type;
      if constexpr (sizeof(T) <= sizeof(Number)) {
        const T converted = Scalar(value).to<T>();
        std::memcpy(bytes.data(), &converted, sizeof converted);
      }
    });
  });
  return bytes;
}

// Notes first.. that run as one program, and what it takes.
class Group {
public:
  Group(std::span<const Note> notes, std::span<const size_t> last_touch, std::span<const bool> held)
      : notes_(notes), last_touch_(last_touch), held_(held) {}

  // How many notes from `first` on one program can take: at least one.
  size_t longest(size_t first) {
    begin();
    size_t best = first + 1;
    for (size_t i = first; i < notes_.size() && i < first + kLongestGroup; ++i) {
      if (i > first && !equal(notes_[i].out.sizes, notes_[first].out.sizes)) break;
      if (!add(notes_[i])) break;
      if (static_cast<int>(values_.size()) > kMaxChainSlots || n_leaves_ > kMaxChainOperands) break;
      if (n_leaves_ + count_outputs(i + 1) <= kMaxChainOperands) best = i + 1;
    }
    return best;
  }

  // Runs notes [first, last). memory(storage) gives the address of a storage.
  template <class Memory> void run(size_t first, size_t last, Memory&& memory) {
    begin();
    for (size_t i = first; i < last; ++i) add(notes_[i]);
    place(first, last);
    const IntSpan sizes = notes_[first].out.sizes;
    InlineVec<DimVec, kMaxChainOperands> strides;
    InlineVec<Chain::Operand, kMaxChainOperands> operands;
    strides.reserve(kMaxChainOperands);
    for (const int v : in_memory_) {
      const Region& r = *values_[static_cast<size_t>(v)].region;
      DimVec& own = strides.emplace_back(sizes.size(), 0);
      const size_t lead = sizes.size() - r.sizes.size();
      for (size_t d = lead; d < sizes.size(); ++d)
        own[d] = r.sizes[d - lead] == sizes[d] ? r.strides[d - lead] : 0;
      operands.push_back(
          {static_cast<char*>(memory(r.storage)) + r.offset * item_size(r.dtype), r.dtype, own.data()});
    }
    if (!steps_.empty()) {
      cpu_kernels().pointwise_chain({sizes, steps_, operands, n_outputs_, constants_, slot_types_});
      count_groups.fetch_add(1, std::memory_order_relaxed);
      count_stored.fetch_add(n_outputs_, std::memory_order_relaxed);
    }
  }

private:
  enum class Kind : uint8_t { Leaf, Constant, Computed };
  struct Value {
    Kind kind;
    DType type;           // of its slot
    const Region* region; // leaf: where it is; computed: where it belongs
    const Number* number;
    int last_use = kNone; // index into steps
    int slot = kNone;
    bool newest = false; // computed: no later one of the group belongs to the same region
  };

  void begin() {
    values_.clear();
    links_.clear();
    n_leaves_ = 0;
  }

  // False if the note can not be in the group: it reads or writes in another way what the group has.
  bool add(const Note& note) {
    Link link;
    for (int k = 0; k < note.n_inputs; ++k) {
      link.inputs[static_cast<size_t>(k)] = find(note.inputs[static_cast<size_t>(k)]);
      if (link.inputs[static_cast<size_t>(k)] == kNone) return false;
    }
    for (Value& v : values_) {
      if (v.kind == Kind::Constant || v.region->storage != note.out.storage) continue;
      if (!v.region->same(note.out)) return false;
      v.newest = false;
    }
    link.out = static_cast<int>(values_.size());
    values_.push_back({Kind::Computed, note.out.dtype, &note.out, nullptr, kNone, kNone, true});
    links_.push_back(link);
    return true;
  }

  // The value that an input is, added if it is new; kNone if the group has it in another form.
  int find(const Input& input) {
    if (input.constant) {
      for (size_t i = 0; i < values_.size(); ++i)
        if (values_[i].kind == Kind::Constant && values_[i].type == input.type &&
            *values_[i].number == input.number)
          return static_cast<int>(i);
      values_.push_back({Kind::Constant, input.type, nullptr, &input.number});
      return static_cast<int>(values_.size()) - 1;
    }
    bool written = false;
    for (size_t i = values_.size(); i-- > 0;) { // the newest first
      const Value& v = values_[i];
      if (v.kind == Kind::Constant || v.region->storage != input.region.storage) continue;
      written |= v.kind == Kind::Computed;
      if (v.kind == Kind::Leaf && written) continue;
      if (v.region->same(input.region) && v.type == input.type) return static_cast<int>(i);
    }
    if (written) return kNone;
    values_.push_back({Kind::Leaf, input.type, &input.region, nullptr});
    ++n_leaves_;
    return static_cast<int>(values_.size()) - 1;
  }

  // Whether the program has to store a value if it ends before note `end`.
  bool is_output(const Value& v, size_t end) const {
    return v.kind == Kind::Computed && v.newest &&
           (held_[v.region->storage] || last_touch_[v.region->storage] >= end);
  }
  int count_outputs(size_t end) const {
    int n = 0;
    for (const Value& v : values_) n += is_output(v, end);
    return n;
  }

  // Decides which steps are needed, and the slot of every value.
  void place(size_t first, size_t last) {
    in_memory_.clear();
    slot_types_.clear();
    constants_.clear();
    steps_.clear();
    // Backward: a step whose result nobody needs is left out.
    std::vector<bool> needed(links_.size());
    for (size_t i = links_.size(); i-- > 0;) {
      Value& out = values_[static_cast<size_t>(links_[i].out)];
      needed[i] = out.last_use != kNone || is_output(out, last);
      if (!needed[i]) continue;
      for (int k = 0; k < notes_[first + i].n_inputs; ++k) {
        Value& in = values_[static_cast<size_t>(links_[i].inputs[static_cast<size_t>(k)])];
        if (in.last_use == kNone) in.last_use = static_cast<int>(i);
      }
    }
    const auto give_slot = [&](Value& v) {
      v.slot = static_cast<int>(slot_types_.size());
      slot_types_.push_back(v.type);
    };
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
    for (size_t i = 0; i < links_.size(); ++i) {
      if (!needed[i]) continue;
      const Note& note = notes_[first + i];
      ChainStep step{note.op, note.compute, note.params.data(), note.n_inputs, {}, 0};
      for (size_t k = 0; k < static_cast<size_t>(note.n_inputs); ++k) {
        const Value& in = values_[static_cast<size_t>(links_[i].inputs[k])];
        step.inputs[k] = static_cast<uint8_t>(in.slot);
      }
      // A temporary read here for the last time leaves its place to the result; of equal width, since a row
      // may only write over what it has read.
      for (size_t k = 0; k < static_cast<size_t>(note.n_inputs); ++k) {
        const int index = links_[i].inputs[k];
        Value& in = values_[static_cast<size_t>(index)];
        if (in.kind != Kind::Computed || in.last_use != static_cast<int>(i) || is_output(in, last)) continue;
        in.last_use = kNone; // once, if it is read twice
        unused.push_back(in.slot);
      }
      Value& out = values_[static_cast<size_t>(links_[i].out)];
      if (out.slot == kNone) {
        size_t at = 0;
        while (at < unused.size() && slot_types_[static_cast<size_t>(unused[at])] != out.type) ++at;
        if (at < unused.size()) {
          out.slot = unused[at];
          unused[at] = unused.back();
          unused.resize(unused.size() - 1);
        } else {
          give_slot(out);
        }
      }
      step.out = static_cast<uint8_t>(out.slot);
      steps_.push_back(step);
    }
  }

  struct Link { // of a note: indices of values
    std::array<int, 3> inputs{};
    int out = kNone;
  };

  std::span<const Note> notes_;
  std::span<const size_t> last_touch_; // of each storage: the last note that reads or writes it
  std::span<const bool> held_;         // of each storage: by somebody else than the notes
  std::vector<Value> values_;
  std::vector<Link> links_;
  int n_leaves_ = 0, n_outputs_ = 0;
  std::vector<int> in_memory_; // values: outputs, then inputs
  std::vector<DType> slot_types_;
  std::vector<Number> constants_;
  std::vector<ChainStep> steps_;
};

class Notes final : public PendingWork {
public:
  ~Notes() {
    for (const Storage& s : storages_) s->settle(); // the last scope's end has left none, unless it threw
  }
  Notes() = default;
  Notes(const Notes&) = delete;
  Notes& operator=(const Notes&) = delete;

  void finish() override {
    const std::lock_guard lock(mutex_);
    if (storages_.empty()) return;
    std::vector<size_t> last_touch(storages_.size(), 0);
    const auto held = std::make_unique<bool[]>(storages_.size());
    for (size_t s = 0; s < storages_.size(); ++s) held[s] = storages_[s]->use_count() > 1;
    for (size_t i = 0; i < notes_.size(); ++i) {
      for (int k = 0; k < notes_[i].n_inputs; ++k)
        if (const Input& in = notes_[i].inputs[static_cast<size_t>(k)]; !in.constant)
          last_touch[in.region.storage] = i;
      last_touch[notes_[i].out.storage] = i;
    }
    size_t done = 0;
    try {
      Group group(notes_, last_touch, {held.get(), storages_.size()});
      while (done < notes_.size()) {
        const size_t last = group.longest(done);
        group.run(done, last, [&](uint32_t s) { return storages_[s]->memory_for_work(); });
        done = last;
      }
    } catch (...) { // out of memory: what is left can be tried again
      notes_.erase(notes_.begin(), notes_.begin() + static_cast<std::ptrdiff_t>(done));
      throw;
    }
    notes_.clear();
    for (const Storage& s : storages_) s->settle();
    storages_.clear();
  }

  void add(const ops::DeferredCall& call, const Tensor* self, Tensor& result) {
    Note note{call.functor,
              call.compute,
              static_cast<int8_t>(call.operands.size()),
              static_cast<uint8_t>(call.params.size()),
              {},
              {},
              {}};
    std::copy(call.params.begin(), call.params.end(), note.params.begin());
    for (size_t k = 0; k < call.operands.size(); ++k) {
      const Tensor& t = *call.operands[k];
      Input& in = note.inputs[k];
      in.type = call.mask_first && k == 0 ? DType::Bool : call.compute;
      in.constant = t.numel() == 1;
      if (in.constant) in.number = number_of(t, in.type); // which may have all notes worked off
    }
    const std::lock_guard lock(mutex_);
    for (size_t k = 0; k < call.operands.size(); ++k)
      if (!note.inputs[k].constant) note.inputs[k].region = region(*call.operands[k]);
    if (self) {
      note.out = region(*self);
    } else {
      int64_t span = 1;
      DimVec strides = call.strides.empty() ? contiguous_strides(call.sizes) : DimVec(call.strides);
      for (size_t d = 0; d < call.sizes.size(); ++d) span += (call.sizes[d] - 1) * strides[d];
      const Storage storage = StorageImpl::promise(span * item_size(call.out), this, next_ticket());
      storages_.push_back(storage);
      result = from_storage(storage, call.out, call.sizes, strides, 0);
      note.out = {storage->ticket(), call.out, 0, DimVec(call.sizes), std::move(strides)};
    }
    notes_.push_back(std::move(note));
    count_ops.fetch_add(1, std::memory_order_relaxed);
  }

  size_t size() const { return notes_.size(); }

private:
  uint32_t next_ticket() const { return static_cast<uint32_t>(storages_.size()); }

  Region region(const Tensor& t) {
    const Storage& storage = t.storage();
    if (storage->pending() != this) {
      storage->hold(this, next_ticket());
      storages_.push_back(storage);
    }
    return {storage->ticket(), t.dtype(), t.offset(), DimVec(t.sizes()), DimVec(t.strides())};
  }

  std::mutex mutex_;
  std::vector<Note> notes_;
  std::vector<Storage> storages_; // by ticket
};

thread_local Notes* notes = nullptr;
thread_local int depth = 0;

// Threads end with their notes worked off: the end of the last scope has seen to it.
struct NotesOwner {
  std::unique_ptr<Notes> notes = std::make_unique<Notes>();
};
Notes& own_notes() {
  static thread_local NotesOwner owner;
  return *owner.notes;
}

bool can_read(const Tensor& t, DType type) {
  if (!t.is_cpu() || is_complex(t.dtype())) return false;
  const StorageImpl& s = *t.storage();
  if (t.numel() == 1) return true; // is read at once
  // Memory that others may write to, unseen, is read now.
  if (!s.owns_memory() || s.shared() || s.pins() != 0 || s.is_exposed()) return false;
  if (s.pending() && s.pending() != notes) s.pending()->finish();
  return type == t.dtype() || !is_complex(type);
}

bool can_defer(const ops::DeferredCall& call) {
  if (numel_of(call.sizes) < kSmallest || call.params.size() > kMostParams || call.operands.size() > 3)
    return false;
  // Rows of whole numbers may find a division by zero, which has to be told at the call.
  if (call.compute != DType::Float32 && call.compute != DType::Float64) return false;
  if (cpu_kernels().pointwise_result(call.functor, call.compute) != call.out) return false;
  for (size_t k = 0; k < call.operands.size(); ++k)
    if (!can_read(*call.operands[k], call.compute)) return false;
  return !in_parallel_region();
}

} // namespace

void begin_deferring() {
  if (depth++ == 0) notes = &own_notes();
  thread_state.deferring = true;
}

void end_deferring() {
  check(depth > 0, "end_deferring: the thread does not defer");
  if (--depth > 0) return;
  thread_state.deferring = false;
  notes->finish();
}

DeferredCounts deferred_counts() { return {count_ops.load(), count_groups.load(), count_stored.load()}; }

namespace ops {

Tensor defer_new(const DeferredCall& call) {
  Tensor result;
  if (!can_defer(call)) return result;
  if (notes->size() >= kMostNotes) notes->finish();
  notes->add(call, nullptr, result);
  return result;
}

bool defer_into(const DeferredCall& call, const Tensor& self) {
  if (self.dtype() != call.out || !can_read(self, call.compute) || !can_defer(call)) return false;
  if (notes->size() >= kMostNotes) notes->finish();
  Tensor none;
  notes->add(call, &self, none);
  return true;
}

} // namespace ops

} // namespace torch

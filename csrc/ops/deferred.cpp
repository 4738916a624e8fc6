#include "ops/deferred.h"

#include "core/inline_vec.h"
#include "core/threads.h"
#include "kernels/table.h"
#include "ops/deferred_group.h"

#include <array>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

namespace torch {

thread_local DeferringState deferring_state;

namespace {

using ops::Group;
using ops::Input;
using ops::Note;
using ops::Number;
using ops::Region;

constexpr int64_t kSmallest = DeferringState::kSmallest;
constexpr size_t kMostNotes = 512;                   // then they are worked off
constexpr uint32_t kSurelyAlone = 2, kTryAgain = 64; // times

std::atomic<int64_t> count_ops, count_groups, count_stored;

// The type that rows hold values of a dtype in.
DType computed_in(DType type) {
  if (is_reduced_float(type)) return DType::Float32;
  if (type == DType::UInt32) return DType::Int64;
  return is_integral(type, true) && item_size(type) < 4 ? DType::Int32 : type;
}

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

// What became of ops that were put off while nothing they read was: whether others joined them. An op that
// was alone each time, which costs and gains nothing, is run at once from then on, but for a trial now and
// then. Programs repeat themselves, so an op is known by itself, its size and the op before it.
class Habits {
public:
  // The key of an op, which is the last one from now on.
  uint64_t key(uint32_t op, int64_t numel) {
    const uint64_t now = (uint64_t(numel) << 10 ^ op) * 0x9E3779B97F4A7C15;
    return (std::exchange(last_, now) >> 1) ^ now;
  }
  bool may_wait(uint64_t key) {
    const uint32_t n = count(key);
    if (n < kSurelyAlone) return true;
    const bool again = n == kSurelyAlone + kTryAgain;
    set(key, again ? kSurelyAlone - 1 : n + 1);
    return again;
  }
  void was_alone(uint64_t key) { set(key, std::min(count(key) + 1, kSurelyAlone)); }
  void was_joined(uint64_t key) { set(key, 0); }
  void forget() {
    last_ = 0;
    for (auto& entry : entries_) entry.store(0, std::memory_order_relaxed);
  }

private:
  std::atomic<uint32_t>& entry(uint64_t key) { return entries_[key >> 54]; }
  static uint32_t tag(uint64_t key) { return static_cast<uint32_t>(key >> 16) << 8; }
  uint32_t count(uint64_t key) {
    const uint32_t found = entry(key).load(std::memory_order_relaxed);
    return (found & ~255u) == tag(key) ? found & 255 : 0;
  }
  void set(uint64_t key, uint32_t n) { entry(key).store(tag(key) | n, std::memory_order_relaxed); }

  uint64_t last_ = 0;
  // The key's tag, and how often the op was alone in a row, then how often not tried.
  std::array<std::atomic<uint32_t>, 1024> entries_{};
};

class Notes;
thread_local Notes* notes = nullptr; // of the thread, once it has had anything to note

class Notes final : public PendingWork {
public:
  ~Notes() {
    for (const Storage& s : storages_) s->settle(); // the last scope's end has left none, unless it threw
  }
  Notes() = default;
  Notes(const Notes&) = delete;
  Notes& operator=(const Notes&) = delete;

  void finish() override {
    {
      const std::lock_guard lock(mutex_);
      if (storages_.empty()) return;
    }
    const LongWork long_work(kGrain); // before the lock, whose holder must not wait for the interpreter's
    const std::lock_guard lock(mutex_);
    if (storages_.empty()) return;
    last_touch_.assign(storages_.size(), 0);
    held_.resize(storages_.size());
    for (size_t s = 0; s < storages_.size(); ++s) held_[s] = storages_[s]->use_count() > 1;
    for (size_t i = 0; i < notes_.size(); ++i) {
      const Note& note = notes_[i];
      for (size_t k = 0; k < static_cast<size_t>(note.n_inputs); ++k)
        if (const Input& in = note.inputs[k]; in.kind == Input::Kind::Memory)
          last_touch_[in.region.storage] = i;
      for (size_t k = 0; k < static_cast<size_t>(note.n_outs); ++k) last_touch_[note.outs[k].storage] = i;
    }
    size_t done = 0;
    try {
      group_.start(notes_, last_touch_, held_);
      while (done < notes_.size()) {
        const size_t last = group_.longest(done);
        if (last == done + 1)
          habits.was_alone(notes_[done].habit);
        else
          for (size_t i = done; i < last; ++i) habits.was_joined(notes_[i].habit);
        const auto memory = [&](uint32_t s) { return storages_[s]->memory_for_work(); };
        if (last == done + 1 && group_.is_wanted(done)) {
          run_alone(notes_[done], memory);
          count_groups.fetch_add(1, std::memory_order_relaxed);
          count_stored.fetch_add(notes_[done].n_outs, std::memory_order_relaxed);
        } else if (last > done + 1 && group_.plan(done, last)) {
          group_.run(memory);
          count_groups.fetch_add(1, std::memory_order_relaxed);
          count_stored.fetch_add(group_.n_outputs(), std::memory_order_relaxed);
        }
        done = last;
      }
    } catch (...) { // out of memory: what is left can be tried again
      notes_.erase(notes_.begin(), notes_.begin() + static_cast<std::ptrdiff_t>(done));
      throw;
    }
    notes_.clear();
    for (const Storage& s : storages_) s->settle();
    storages_.clear();
    if (notes == this) deferring_state.smallest = kSmallest;
  }

  // False if another thread has got hold of an operand meanwhile. Whoever calls has the interpreter's lock,
  // if there is one: from the check on nobody can.
  bool add(const ops::DeferredCall& call, const Tensor* self, Tensor& result, uint64_t habit) {
    Note note;
    note.habit = habit;
    note.op = call.functor;
    note.asked = call.compute;
    note.compute = computed_in(call.compute);
    note.result = is_reduced_float(call.out) ? DType::Float32 : call.out;
    note.n_inputs = static_cast<int8_t>(call.operands.size());
    note.n_params = static_cast<uint8_t>(call.params.size());
    std::copy(call.params.begin(), call.params.end(), note.params.begin());
    for (size_t k = 0; k < call.operands.size(); ++k) {
      const Tensor& t = *call.operands[k];
      Input& in = note.inputs[k];
      in.type = call.mask_first && k == 0 ? DType::Bool : note.compute;
      if (t.numel() != 1) continue;
      in.kind = Input::Kind::Constant;
      in.number = number_of(t, in.type); // which may have all notes worked off
    }
    if ((self && !is_free(*self)) || !are_free(call.operands)) return false;
    const std::lock_guard lock(mutex_);
    for (size_t k = 0; k < call.operands.size(); ++k)
      if (note.inputs[k].kind == Input::Kind::Memory) note.inputs[k].region = region(*call.operands[k]);
    if (self)
      note.outs[0] = region(*self);
    else
      result = promised(call.sizes, call.strides, call.out, note.outs[0]);
    notes_.push_back(std::move(note));
    deferring_state.smallest = 0;
    count_ops.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

  bool add(const ops::DeferredRows& call, uint64_t habit) {
    if (!are_free(call.operands)) return false;
    Note note;
    note.habit = habit;
    note.row_op = call.op;
    note.compute = call.operands[0]->dtype() == DType::Float64 ? DType::Float64 : DType::Float32;
    note.result = note.compute;
    note.n_inputs = static_cast<int8_t>(call.operands.size());
    note.n_outs = static_cast<int8_t>(call.results.size());
    note.n_params = static_cast<uint8_t>(call.params.size());
    std::copy(call.params.begin(), call.params.end(), note.params.begin());
    const std::lock_guard lock(mutex_);
    for (size_t k = 0; k < call.operands.size(); ++k) {
      Input& in = note.inputs[k];
      in.type = note.compute;
      if (call.operands[k]->defined())
        in.region = region(*call.operands[k]);
      else
        in.kind = Input::Kind::Missing;
    }
    for (size_t k = 0; k < call.results.size(); ++k)
      *call.results[k] = promised(call.metas[k]->sizes, {}, call.metas[k]->dtype, note.outs[k]);
    notes_.push_back(std::move(note));
    deferring_state.smallest = 0;
    count_ops.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

  size_t size() const { return notes_.size(); }

  Habits habits;

private:
  bool is_free(const Tensor& t) const {
    const PendingWork* const work = t.storage()->pending();
    return !work || work == this;
  }
  bool are_free(std::span<const Tensor* const> tensors) const {
    for (const Tensor* t : tensors)
      if (t->defined() && !is_free(*t)) return false;
    return true;
  }

  uint32_t next_ticket() const { return static_cast<uint32_t>(storages_.size()); }

  Region region(const Tensor& t) {
    const Storage& storage = t.storage();
    if (storage->pending() != this) {
      storage->hold(this, next_ticket());
      storages_.push_back(storage);
    }
    return {storage->ticket(), t.dtype(),         t.is_contiguous(),
            t.offset(),        DimVec(t.sizes()), DimVec(t.strides())};
  }

  // A result that gets its memory when it is stored.
  Tensor promised(IntSpan sizes, IntSpan strides, DType dtype, Region& region) {
    region.contiguous = strides.empty();
    region.dtype = dtype;
    region.sizes = sizes;
    region.strides = strides.empty() ? contiguous_strides(sizes) : DimVec(strides);
    int64_t span = 1;
    for (size_t d = 0; d < sizes.size(); ++d) span += (sizes[d] - 1) * region.strides[d];
    const Storage storage = StorageImpl::promise(span * item_size(dtype), this, next_ticket());
    storages_.push_back(storage);
    region.storage = storage->ticket();
    return from_storage(storage, dtype, sizes, region.strides, 0);
  }

  std::mutex mutex_;
  std::vector<Note> notes_;
  std::vector<Storage> storages_; // by ticket
  std::vector<size_t> last_touch_;
  std::vector<char> held_;
  Group group_;
};

// Threads end with their notes worked off: the end of the last scope has seen to it.
struct NotesOwner {
  std::unique_ptr<Notes> notes = std::make_unique<Notes>();
};
Notes& own_notes() {
  static thread_local NotesOwner owner;
  notes = owner.notes.get();
  return *notes;
}

// Ops on whole numbers that leave bool and can not fail.
bool gives_truth(PointwiseOp op) {
  switch (op) {
  case PointwiseOp::Eq:
  case PointwiseOp::Ne:
  case PointwiseOp::Lt:
  case PointwiseOp::Le:
  case PointwiseOp::Gt:
  case PointwiseOp::Ge:
  case PointwiseOp::LogicalAnd:
  case PointwiseOp::LogicalOr:
  case PointwiseOp::LogicalXor:
  case PointwiseOp::LogicalNot:
    return true;
  default:
    return false;
  }
}

// Whether a call gives the same in a program, and can not fail.
bool fits_waiting(const ops::DeferredCall& call) {
  DType result = call.out;
  if (is_reduced_float(result)) {
    result = DType::Float32; // and rounded
  } else if (call.compute == DType::Bool || is_integral(call.compute)) {
    // Rows of whole numbers may find a division by zero, which has to be told at the call. Sums of narrow
    // types would have to be cut to them.
    if (call.out != DType::Bool || !gives_truth(call.functor)) return false;
    result = DType::Bool;
  }
  if (is_complex(call.compute) || is_low_precision(call.compute)) return false;
  return cpu_kernels().pointwise_result(call.functor, call.compute) == result;
}

bool can_read(const Tensor& t, DType type) {
  if (!t.is_cpu() || is_complex(t.dtype()) || is_low_precision(t.dtype())) return false;
  const StorageImpl& s = *t.storage();
  if (t.numel() == 1) return true; // is read at once
  // Memory that others may write to, unseen, is read now.
  if (!s.owns_memory() || s.shared() || s.pins() != 0 || s.is_exposed()) return false;
  if (s.pending() && s.pending() != notes) s.pending()->finish();
  return type == t.dtype() || !is_complex(type);
}

bool is_ours(const Tensor& t) { return t.storage()->pending() == notes; }

// Work that reads what waits is put off too, since it would end the wait for all; other work if it is large,
// unless it was for nothing so far.
bool is_worth_it(uint64_t habit, int64_t numel, std::span<const Tensor* const> operands) {
  if (numel <= 1) return false;
  for (const Tensor* t : operands)
    if (t->defined() && t->numel() > 1 && is_ours(*t)) return true;
  return numel >= kSmallest && notes->habits.may_wait(habit);
}

bool can_defer(const ops::DeferredCall& call, uint64_t& habit) {
  const int64_t numel = numel_of(call.sizes);
  habit = own_notes().habits.key(static_cast<uint32_t>(call.functor), numel);
  if (call.params.size() > ops::kMostParams || call.operands.size() > 3) return false;
  if (!fits_waiting(call)) return false;
  for (size_t k = 0; k < call.operands.size(); ++k)
    if (!can_read(*call.operands[k], call.compute)) return false;
  return is_worth_it(habit, numel, call.operands) && !in_parallel_region();
}

} // namespace

void finish_deferred() {
  own_notes().finish();
  deferring_state.smallest = kSmallest;
}

void fail_end_deferring() { fail(ErrorKind::Runtime, "end_deferring: the thread does not defer"); }

void forget_deferring() { own_notes().habits.forget(); }

DeferredCounts deferred_counts() { return {count_ops.load(), count_groups.load(), count_stored.load()}; }

namespace ops {

Tensor defer_new(const DeferredCall& call) {
  Tensor result;
  uint64_t habit = 0;
  if (!can_defer(call, habit)) return result;
  if (notes->size() >= kMostNotes) notes->finish();
  notes->add(call, nullptr, result, habit);
  return result;
}

bool defer_into(const DeferredCall& call, const Tensor& self) {
  uint64_t habit = 0;
  if (self.dtype() != call.out || !can_defer(call, habit) || !can_read(self, call.compute)) return false;
  if (notes->size() >= kMostNotes) notes->finish();
  Tensor none;
  return notes->add(call, &self, none, habit);
}

bool defer_rows(const DeferredRows& call) {
  const Tensor& first = *call.operands[0];
  if (!may_defer(first.numel())) return false;
  const uint64_t habit = own_notes().habits.key(1000 + static_cast<uint32_t>(call.op), first.numel());
  if (first.dim() == 0 || !first.is_contiguous() || !can_chain_rows(first.sizes().back())) return false;
  for (const TensorMeta* meta : call.metas)
    if (!meta->strides.empty() && !equal(meta->strides, contiguous_strides(meta->sizes))) return false;
  for (const Tensor* t : call.operands)
    if (t->defined() &&
        (t->numel() == 1 || t->dtype() != first.dtype() || !t->is_contiguous() || !can_read(*t, t->dtype())))
      return false;
  if (!is_worth_it(habit, first.numel(), call.operands) || in_parallel_region()) return false;
  if (notes->size() >= kMostNotes) notes->finish();
  return notes->add(call, habit);
}

} // namespace ops

} // namespace torch

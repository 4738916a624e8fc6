// The last in-place writes of a thread, so that the error about a stale saved tensor can name the op that
// wrote.
#pragma once

#include "core/tensor.h"

#include <array>
#include <memory>

namespace torch::autograd {

class WriteLog {
public:
  // `op` (a literal) is about to write t. Three stores.
  void note(const TensorImpl& t, const char* op) {
    if (!entries_) [[unlikely]]
      entries_ = std::make_unique<Entries>(); // not inline: a thread's static block is small
    (*entries_)[next_++ % entries_->size()] = {t.storage.get(), t.version.value() + 1, op};
  }
  // The op that made `version` of this memory, or nullptr when that is too long ago.
  const char* find(const TensorImpl& t, uint32_t version) const;

private:
  struct Entry {
    const StorageImpl* storage = nullptr; // compared only
    uint32_t version = 0;
    const char* op = nullptr;
  };
  using Entries = std::array<Entry, 128>;
  std::unique_ptr<Entries> entries_;
  uint32_t next_ = 0;
};

extern thread_local WriteLog write_log;

} // namespace torch::autograd

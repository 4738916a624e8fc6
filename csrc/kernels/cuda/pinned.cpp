#include "kernels/cuda/pinned.h"

#include "kernels/cuda/graph.h"

#include <algorithm>
#include <bit>
#include <map>

namespace torch::cuda {

namespace {

constexpr size_t kLeastBlock = 512;

struct PinnedBlock {
  size_t bytes;
  std::vector<std::pair<int, Stream>> users;
};
struct PinnedWait {
  uintptr_t at;
  size_t bytes;
  std::vector<std::pair<int, Stream>> users; // without an event yet
  std::vector<std::pair<int, Event>> events = {};

  void record() {
    for (const auto& [device, stream] : users) {
      use(device);
      Event event = nullptr;
      if (driver().event_create(&event, kNoTiming) != kSuccess) continue;
      if (driver().event_record(event, stream) == kSuccess)
        events.emplace_back(device, event);
      else
        driver().event_destroy(event);
    }
    users.clear();
  }
};
struct PinnedMemory {
  std::mutex mutex;
  std::map<uintptr_t, PinnedBlock> used; // by address
  std::multimap<size_t, uintptr_t> free; // by size
  std::vector<PinnedWait> waiting;
};
PinnedMemory& memory() {
  static PinnedMemory* const the_one = new PinnedMemory;
  return *the_one;
}

std::map<uintptr_t, PinnedBlock>::iterator block_of(PinnedMemory& m, const void* at) {
  const auto address = reinterpret_cast<uintptr_t>(at);
  auto after = m.used.upper_bound(address);
  if (after == m.used.begin()) return m.used.end();
  --after;
  return address < after->first + after->second.bytes ? after : m.used.end();
}

// Frees the blocks that nobody uses any longer. Events would break a capture that is under way.
void collect(PinnedMemory& m, bool wait) {
  if (captures_under_way()) return;
  const Driver& d = driver();
  std::erase_if(m.waiting, [&](PinnedWait& w) {
    w.record();
    std::erase_if(w.events, [&](const std::pair<int, Event>& e) {
      use(e.first);
      const Status status = wait ? d.event_synchronize(e.second) : d.event_query(e.second);
      if (status == kNotReady) return false;
      d.event_destroy(e.second);
      return true;
    });
    if (w.events.empty()) m.free.emplace(w.bytes, w.at);
    return w.events.empty();
  });
}

} // namespace

void* pin(int64_t bytes) {
  if (bytes == 0) return nullptr;
  use(current_device());
  const int device = context_of_thread();
  const size_t size = std::bit_ceil(std::max(static_cast<size_t>(bytes), kLeastBlock));
  PinnedMemory& m = memory();
  const std::lock_guard lock(m.mutex);
  collect(m, false);
  use(device);
  uintptr_t at = 0;
  if (const auto found = m.free.find(size); found != m.free.end()) {
    at = found->second;
    m.free.erase(found);
  } else {
    const RelaxedCapture relaxed;
    void* fresh = nullptr;
    Status status = driver().host_alloc(&fresh, size, kHostPortable);
    if (status == kOutOfMemory) { // gives up what is kept, and tries again
      collect(m, true);
      use(device);
      for (const auto& [kept, block] : m.free) driver().host_free(reinterpret_cast<void*>(block)); // NOLINT
      m.free.clear();
      status = driver().host_alloc(&fresh, size, kHostPortable);
    }
    check_status(status, "cuMemHostAlloc");
    at = reinterpret_cast<uintptr_t>(fresh);
  }
  m.used.emplace(at, PinnedBlock{size, {}});
  return reinterpret_cast<void*>(at); // NOLINT: an address that was a pointer
}

void unpin(void* data) noexcept {
  if (!data) return;
  PinnedMemory& m = memory();
  const std::lock_guard lock(m.mutex);
  const auto found = m.used.find(reinterpret_cast<uintptr_t>(data));
  if (found == m.used.end()) return;
  PinnedWait wait{found->first, found->second.bytes, std::move(found->second.users)};
  m.used.erase(found);
  if (!driver_is_initialized()) return; // in a forked child the block is only forgotten
  const int device = context_of_thread();
  try {
    if (wait.users.empty()) {
      m.free.emplace(wait.bytes, wait.at);
    } else {
      if (!captures_under_way()) wait.record();
      m.waiting.push_back(std::move(wait));
      if (device >= 0) use(device);
    }
  } catch (const std::exception&) { // the block is lost
  }
}

bool is_pinned(const void* at) {
  PinnedMemory& m = memory();
  const std::lock_guard lock(m.mutex);
  return block_of(m, at) != m.used.end();
}

void used_by(const void* at, int device, Stream stream) {
  PinnedMemory& m = memory();
  const std::lock_guard lock(m.mutex);
  const auto block = block_of(m, at);
  if (block == m.used.end()) return;
  auto& users = block->second.users;
  const std::pair<int, Stream> user{device, stream};
  if (std::find(users.begin(), users.end(), user) == users.end()) users.push_back(user);
}

} // namespace torch::cuda

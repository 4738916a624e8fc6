// Memory of one GPU.
//
// Note [Memory of a GPU]
// Each stream has two segments, for small and for large blocks: a range of addresses larger than its memory,
// behind which memory is mapped chunk by chunk as it is needed. So a segment grows without moving, and there
// is no fragmentation between segments. Blocks lie one beside the other and cover their segment: used, free,
// or unmapped. A freed block is used again by the same stream at once, since what is launched later runs
// later. A block that other streams have read (record_stream) waits for an event on each of them.
//
// While a stream is captured, its memory comes from segments of a pool (see Note [Captured graphs]). Nothing
// else is given memory of a pool as long as graphs hold it; afterwards its free chunks are unmapped like
// others.
//
// When the GPU has no more memory, the chunks that lie in free blocks are unmapped everywhere, and the
// request is made again, before it fails.
#pragma once

#include "kernels/cuda/driver.h"

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace torch::cuda {

struct Counter { // of something that comes and goes
  int64_t current = 0, peak = 0, gained = 0, lost = 0;
  void add(int64_t n) {
    current += n;
    (n > 0 ? gained : lost) += n > 0 ? n : -n;
    if (current > peak) peak = current;
  }
};
struct MemoryStats {
  struct Pools { // [0] all, [1] small, [2] large
    Counter of[3];
    void add(bool large, int64_t n) {
      of[0].add(n);
      of[large ? 2 : 1].add(n);
    }
  };
  Pools allocation, segment, active;                                    // counts
  Pools requested_bytes, allocated_bytes, active_bytes, reserved_bytes; // requested: before rounding up
  int64_t retries = 0, failures = 0;
};

// What PYTORCH_CUDA_ALLOC_CONF says.
struct AllocatorSettings {
  double collect_above = 0; // garbage_collection_threshold: part of the GPU from which on caches are given up
  int64_t round_divisions =
      0; // roundup_power2_divisions: sizes are rounded up to this part of a power of two
};
AllocatorSettings parse_settings(const char* text);

class Allocator {
public:
  // The calling thread's context has to be that of the GPU in all that follows.
  Allocator(const Driver& driver, int device, AllocatorSettings settings);
  ~Allocator();

  void* allocate(int64_t bytes, Stream stream);
  void free(void* at) noexcept;
  // The block's memory may be used again only when what `stream` has been given by the time of free() is
  // done.
  void record_stream(void* at, Stream stream);
  void release_cache();
  // No more than this part of the GPU's memory is mapped.
  void set_fraction(double fraction);

  // From now on the stream that is captured, and those that join it, allocate from the pool, which the graph
  // holds.
  void begin_pool(uint64_t pool);
  void end_pool_use();              // the capture has ended
  void release_pool(uint64_t pool); // the graph is gone

  MemoryStats stats();
  void reset_peaks();
  void reset_totals();
  struct Region { // a mapped part of a segment, for memory_snapshot
    Address at;
    int64_t bytes;
    Stream stream;
    bool large, used;
  };
  std::vector<Region> regions();

private:
  struct Segment;
  struct Block {
    Address at;
    size_t bytes;
    Segment* segment;
    enum class State : uint8_t { Unmapped, Free, Used, Waiting } state;
    Block *before = nullptr, *after = nullptr; // neighbours in the segment
    int64_t requested = 0;
    std::vector<Stream> others = {};
  };
  struct Smaller {
    bool operator()(const Block* a, const Block* b) const {
      return a->bytes != b->bytes ? a->bytes < b->bytes : a->at < b->at;
    }
  };
  struct Segment {
    uint64_t pool; // 0: of no graph
    Stream stream;
    bool large;
    size_t chunk; // bytes mapped at once
    Address base;
    size_t bytes; // of addresses
    Block* first;
    std::set<Block*, Smaller> free;
    std::vector<Physical> chunks; // 0: not mapped
  };
  struct Pending { // a block that other streams may still use
    Block* block;
    std::vector<Event> events;
  };

  size_t rounded(int64_t bytes) const;
  Segment& segment_for(uint64_t pool, Stream stream, bool large);
  uint64_t pool_for(Stream stream) const;
  void await_others(Block* block);
  Block* take(Segment& segment, size_t bytes);
  bool grow(Segment& segment, size_t bytes);
  bool map(Segment& segment, Block* hole, size_t bytes);
  Block* split(Block* block, size_t bytes); // returns what comes behind
  Block* join(Block* block);                // with neighbours of the same state
  void make_free(Block* block);
  void finish_pending(bool wait);
  void release_free();
  [[noreturn]] void fail_memory(int64_t bytes);

  const Driver& driver_;
  const int device_;
  const AllocatorSettings settings_;
  std::mutex mutex_;
  size_t total_ = 0, limit_ = 0, granularity_ = 0, mapped_ = 0;
  std::map<std::tuple<uint64_t, Stream, bool>, std::unique_ptr<Segment>> segments_;
  uint64_t capturing_ = 0;                // the pool of the capture under way
  std::map<uint64_t, int> pool_holders_;  // graphs of each pool
  std::vector<Block*> freed_in_captures_; // whose events are recorded afterwards
  std::unordered_map<Address, Block*> used_;
  std::vector<Pending> pending_;
  MemoryStats stats_;
};

std::string bytes_text(int64_t bytes); // "1.50 GiB"

} // namespace torch::cuda

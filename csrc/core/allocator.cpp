// Note [Allocator]
// Three tiers by size class; classes are 16 bytes apart up to 1 KiB and eight to a doubling above (waste
// <= 12.5 %).
//   <= 32 KiB   blocks of one size cut from 256 KiB slabs. Every thread keeps short free lists and exchanges
//   batches
//               with the slabs under one lock, so the usual call takes no lock. A block's slab is found from
//               its address; a slab that is wholly free can serve another class or give its pages back.
//   <  2 MiB    from malloc, >= 2 MiB mapped on 2 MiB boundaries and advised onto huge pages (a fresh 4 KiB
//   page costs
//               up to 2 us, so fresh memory comes several times slower than reused memory). Freed blocks of
//               both are kept in a cache shared by all threads, by class, bounded; the longest unused go
//               first.
// Nothing here is ever destroyed: objects may be freed by thread-local and static destructors of other
// libraries.
#include "core/allocator.h"

#include "core/error.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <mutex>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

namespace torch {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kPlain = true; // each block from malloc, so that the sanitizer sees its bounds
#else
constexpr bool kPlain = false;
#endif

constexpr size_t kAlignment = 64;
constexpr size_t kSlabBytes = size_t{256} << 10;
constexpr size_t kSlabMax = size_t{32} << 10; // largest block that lives in a slab
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kMapMin = kHugePage; // blocks from here on are mapped
constexpr int kSmallClasses = static_cast<int>(kSmallMax / 16);

// Classes above 1 KiB: class kSmallClasses + 8 * (octave - 10) + eighth covers (8 + eighth) / 8 * 2^octave,
// exclusive of the lower and inclusive of the upper end.
constexpr int class_of(size_t bytes) {
  if (bytes <= kSmallMax) return bytes == 0 ? 0 : static_cast<int>((bytes - 1) / 16);
  const size_t last = bytes - 1;
  const int octave = std::bit_width(last) - 1;
  return kSmallClasses + 8 * (octave - 10) + static_cast<int>((last >> (octave - 3)) & 7);
}
constexpr size_t class_bytes(int c) {
  if (c < kSmallClasses) return static_cast<size_t>(c + 1) * 16;
  const int octave = (c - kSmallClasses) / 8 + 10;
  const size_t eighth = static_cast<size_t>((c - kSmallClasses) % 8);
  return (eighth + 9) << (octave - 3);
}
constexpr int kSlabClasses = class_of(kSlabMax) + 1;
constexpr int kClasses = class_of(size_t{1} << 62) + 1;
static_assert(class_bytes(class_of(1025)) == 1152 && class_bytes(class_of(2048)) == 2048);
static_assert(class_bytes(class_of(kSlabMax)) == kSlabMax && class_bytes(class_of(kMapMin)) == kMapMin);
static_assert(class_bytes(kSmallClasses) % kAlignment == 0);

[[noreturn, gnu::cold]] void out_of_memory(size_t bytes) {
  fail(ErrorKind::OutOfMemory, concat("DefaultCPUAllocator: can't allocate memory: you tried to allocate ",
                                      bytes, " bytes. Error code 12 (Cannot allocate memory)"));
}

// Bytes of live tensor data: each thread counts for itself and adds to the total when it is off by more than
// kDriftBytes, so the total is exact for one thread and within that for the others.
constexpr int64_t kDriftBytes = 64 << 10;
std::atomic<int64_t> live_bytes{0};
std::atomic<int64_t> peak_bytes{0};

void add_live(int64_t bytes) {
  const int64_t now = live_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  int64_t peak = peak_bytes.load(std::memory_order_relaxed);
  while (now > peak && !peak_bytes.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
}

// ---- slabs: blocks up to 32 KiB
// --------------------------------------------------------------------------------

struct Node {
  Node* next;
};

struct alignas(kAlignment) Slab { // header at the start of its 256 KiB
  Slab* next;
  Slab* previous;
  Node* free;     // blocks that came back
  uint32_t fresh; // offset of the first block never given out: its page has not been touched
  uint32_t used;  // blocks given out, those waiting in threads' lists included
  uint32_t bytes; // block size
  bool listed;    // in the list of its class: has a block to give
};
static_assert(sizeof(Slab) == kAlignment);

struct SlabPool {
  std::mutex mutex;
  Slab* partial[kSlabClasses] = {}; // doubly linked
  Slab* empty = nullptr;            // wholly free, pages still held
  Slab* cold = nullptr;             // wholly free, pages given back
  int empty_count = 0;
  char* region = nullptr; // rest of the address range that slabs are cut from
  char* region_end = nullptr;
};
constinit SlabPool slabs;
constexpr int kEmptySlabsKept = 64; // 16 MiB
constexpr size_t kRegionBytes = size_t{16} << 20;

// Maps `bytes` at a multiple of `alignment`; nullptr when the system refuses.
char* map_aligned(size_t bytes, size_t alignment) {
  size_t span = 0;
  if (__builtin_add_overflow(bytes, alignment, &span)) return nullptr;
  void* const p = mmap(nullptr, span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return nullptr;
  char* const begin = static_cast<char*>(p);
  const size_t skip = (alignment - reinterpret_cast<uintptr_t>(begin) % alignment) % alignment;
  if (skip) munmap(begin, skip);
  if (alignment > skip) munmap(begin + skip + bytes, alignment - skip);
  return begin + skip;
}

void unlink_slab(Slab* s, int c) {
  (s->previous ? s->previous->next : slabs.partial[c]) = s->next;
  if (s->next) s->next->previous = s->previous;
  s->listed = false;
}
void link_slab(Slab* s, int c) {
  s->previous = nullptr;
  s->next = slabs.partial[c];
  if (s->next) s->next->previous = s;
  slabs.partial[c] = s;
  s->listed = true;
}

// With slabs.mutex held; nullptr when out of memory.
Slab* fresh_slab(int c) {
  Slab* s = nullptr;
  if (slabs.empty) {
    s = slabs.empty;
    slabs.empty = s->next;
    --slabs.empty_count;
  } else if (slabs.cold) {
    s = slabs.cold;
    slabs.cold = s->next;
  } else {
    if (slabs.region == slabs.region_end) {
      char* const p = map_aligned(kRegionBytes, kSlabBytes);
      if (!p) return nullptr;
      slabs.region = p;
      slabs.region_end = p + kRegionBytes;
    }
    s = reinterpret_cast<Slab*>(slabs.region);
    slabs.region += kSlabBytes;
  }
  s->free = nullptr;
  s->fresh = sizeof(Slab);
  s->used = 0;
  s->bytes = static_cast<uint32_t>(class_bytes(c));
  link_slab(s, c);
  return s;
}

void chill(Slab* s) { // gives the pages back, keeps the address range
  madvise(s, kSlabBytes, MADV_DONTNEED);
  s->next = slabs.cold;
  slabs.cold = s;
}

// Takes up to `want` blocks off the slabs (at least one unless out of memory), linked through Node::next.
Node* take_blocks(int c, int want, int& got) {
  Node* list = nullptr;
  got = 0;
  const std::lock_guard lock(slabs.mutex);
  while (got < want) {
    Slab* s = slabs.partial[c];
    if (!s && (got > 0 || !(s = fresh_slab(c)))) break; // a short batch is better than touching new pages
    for (; got < want && s->free; ++got, ++s->used) {
      Node* const n = s->free;
      s->free = n->next;
      n->next = list;
      list = n;
    }
    for (; got < want && s->fresh + s->bytes <= kSlabBytes; ++got, ++s->used, s->fresh += s->bytes) {
      Node* const n = reinterpret_cast<Node*>(reinterpret_cast<char*>(s) + s->fresh);
      n->next = list;
      list = n;
    }
    if (!s->free && s->fresh + s->bytes > kSlabBytes) unlink_slab(s, c);
  }
  return list;
}

void give_blocks(int c, Node* list) {
  const std::lock_guard lock(slabs.mutex);
  while (list) {
    Node* const n = list;
    list = n->next;
    auto* const s = reinterpret_cast<Slab*>(reinterpret_cast<uintptr_t>(n) & ~(kSlabBytes - 1));
    n->next = s->free;
    s->free = n;
    if (!s->listed) link_slab(s, c);
    if (--s->used > 0) continue;
    unlink_slab(s, c);
    if (slabs.empty_count < kEmptySlabsKept) {
      s->next = slabs.empty;
      slabs.empty = s;
      ++slabs.empty_count;
    } else {
      chill(s);
    }
  }
}

// ---- threads' own lists
// ----------------------------------------------------------------------------------------

struct FreeList {
  Node* head = nullptr;
  uint32_t count = 0;
  uint32_t limit = 0; // 0 in the two caches below: every call takes the slow way
};
struct ThreadCache {
  FreeList lists[kSlabClasses];
  int64_t live = 0; // not yet in live_bytes
};
// A thread's pointer starts at `unborn` and ends at `dead`; both are always empty, so the fast way needs no
// test.
constinit ThreadCache unborn, dead;
constinit thread_local ThreadCache* thread_cache __attribute__((tls_model("initial-exec"))) = &unborn;

constexpr uint32_t list_limit(int c) {
  return static_cast<uint32_t>(std::clamp<size_t>(kSlabMax / class_bytes(c), 4, 256));
}

void flush_thread_cache(ThreadCache& t) {
  for (int c = 0; c < kSlabClasses; ++c) {
    FreeList& list = t.lists[c];
    if (list.head) give_blocks(c, list.head);
    list.head = nullptr;
    list.count = 0;
  }
  add_live(t.live);
  t.live = 0;
}

struct ThreadCacheOwner {
  ~ThreadCacheOwner() {
    ThreadCache* const t = thread_cache;
    thread_cache = &dead;
    flush_thread_cache(*t);
    std::free(t);
  }
};

// True when the thread has a cache of its own from now on.
bool start_thread_cache() {
  if (thread_cache != &unborn) return thread_cache != &dead;
  void* const p = std::malloc(sizeof(ThreadCache));
  if (!p) return false;
  auto* const t = new (p) ThreadCache;
  for (int c = 0; c < kSlabClasses; ++c) t->lists[c].limit = list_limit(c);
  thread_cache = t;
  static thread_local ThreadCacheOwner owner; // runs its destructor when the thread ends
  (void)owner;
  return true;
}

void trim_large();

[[gnu::noinline]] void* slab_alloc_slow(int c) {
  const bool cached = start_thread_cache();
  FreeList& list = thread_cache->lists[c];
  int got = 0;
  const int want = cached ? std::max<int>(1, static_cast<int>(list.limit / 2)) : 1;
  Node* n = take_blocks(c, want, got);
  if (!n) {
    trim_large();
    n = take_blocks(c, 1, got);
    if (!n) out_of_memory(class_bytes(c));
  }
  if (cached) {
    list.head = n->next;
    list.count = static_cast<uint32_t>(got - 1);
  }
  return n;
}

[[gnu::noinline]] void slab_free_slow(Node* n, int c) noexcept {
  if (!start_thread_cache()) {
    n->next = nullptr;
    give_blocks(c, n);
    return;
  }
  FreeList& list = thread_cache->lists[c];
  n->next = list.head;
  list.head = n;
  if (++list.count <= list.limit) return;
  // Keep the half that was freed last: it is still in the cache.
  const uint32_t keep = list.limit / 2;
  Node* last = list.head;
  for (uint32_t i = 1; i < keep; ++i) last = last->next;
  Node* const surplus = last->next;
  last->next = nullptr;
  list.count = keep;
  give_blocks(c, surplus);
}

inline void* slab_alloc(int c) {
  FreeList& list = thread_cache->lists[c];
  Node* const n = list.head;
  if (!n) [[unlikely]]
    return slab_alloc_slow(c);
  list.head = n->next;
  --list.count;
  return n;
}
inline void slab_free(void* p, int c) noexcept {
  Node* const n = static_cast<Node*>(p);
  FreeList& list = thread_cache->lists[c];
  if (list.count >= list.limit) [[unlikely]]
    return slab_free_slow(n, c);
  n->next = list.head;
  list.head = n;
  ++list.count;
}

// Small data takes the classes that are multiples of the alignment.
constexpr int slab_class_of_data(size_t bytes) {
  return class_of(bytes <= kSmallMax ? (bytes + kAlignment - 1) & ~(kAlignment - 1) : bytes);
}

inline void count_live(int64_t bytes) {
  ThreadCache* const t = thread_cache;
  if (t == &unborn || t == &dead) return add_live(bytes);
  t->live += bytes;
  if (t->live > kDriftBytes || t->live < -kDriftBytes) {
    add_live(t->live);
    t->live = 0;
  }
}

// ---- large blocks
// ----------------------------------------------------------------------------------------------

struct FreeBlock {            // lies in the free block itself
  FreeBlock *next, *previous; // of its class
  FreeBlock *newer, *older;   // of all
  int cls;
};

struct LargeCache {
  std::mutex mutex;
  FreeBlock* lists[kClasses] = {};
  FreeBlock *newest = nullptr, *oldest = nullptr;
  size_t bytes = 0;
  size_t limit = 0;
};
constinit LargeCache large;

size_t memory_limit_of_cgroup() {
  size_t limit = SIZE_MAX;
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    if (std::FILE* f = std::fopen(path, "re")) {
      unsigned long long value = 0;
      if (std::fscanf(f, "%llu", &value) == 1 && value > 0) limit = std::min<size_t>(limit, value);
      std::fclose(f);
    }
  }
  return limit;
}

// An eighth of the memory, at least 256 MiB: enough for the temporaries and activations of a training step to
// come back in the next one, little enough to leave a neighbour alone.
size_t cache_limit() {
  if (large.limit == 0) {
    const size_t memory =
        static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
    large.limit = std::max<size_t>(size_t{256} << 20, std::min(memory, memory_limit_of_cgroup()) / 8);
  }
  return large.limit;
}

void* system_alloc(size_t bytes) {
  if (bytes < kMapMin) return std::aligned_alloc(kAlignment, bytes);
  char* const p = map_aligned(bytes, kHugePage);
  if (p) madvise(p, bytes, MADV_HUGEPAGE);
  return p;
}
void system_free(void* p, size_t bytes) {
  if (bytes < kMapMin)
    std::free(p);
  else
    munmap(p, bytes);
}

void unlink_block(FreeBlock* b) {
  (b->previous ? b->previous->next : large.lists[b->cls]) = b->next;
  if (b->next) b->next->previous = b->previous;
  (b->newer ? b->newer->older : large.newest) = b->older;
  (b->older ? b->older->newer : large.oldest) = b->newer;
  large.bytes -= class_bytes(b->cls);
}

// Drops the longest unused blocks until at most `keep` bytes are cached.
void shrink_large(size_t keep) {
  for (;;) {
    FreeBlock* b = nullptr;
    int c = 0;
    {
      const std::lock_guard lock(large.mutex);
      b = large.oldest;
      if (!b || large.bytes <= keep) return;
      c = b->cls;
      unlink_block(b);
    }
    system_free(b, class_bytes(c)); // the system call happens outside the lock
  }
}
void trim_large() { shrink_large(0); }

void* large_alloc(size_t bytes) {
  if (bytes > static_cast<size_t>(PTRDIFF_MAX) / 2) out_of_memory(bytes);
  const int c = class_of(bytes);
  {
    const std::lock_guard lock(large.mutex);
    if (FreeBlock* const b = large.lists[c]) {
      unlink_block(b);
      return b;
    }
  }
  void* p = system_alloc(class_bytes(c));
  if (!p) [[unlikely]] {
    allocator_trim();
    p = system_alloc(class_bytes(c));
    if (!p) out_of_memory(bytes);
  }
  return p;
}

void large_free(void* p, size_t bytes) noexcept {
  const int c = class_of(bytes);
  size_t limit = 0;
  bool over = false;
  {
    const std::lock_guard lock(large.mutex);
    limit = cache_limit();
    auto* const b = static_cast<FreeBlock*>(p);
    *b = {large.lists[c], nullptr, nullptr, large.newest, c};
    if (b->next) b->next->previous = b;
    large.lists[c] = b;
    (large.newest ? large.newest->newer : large.oldest) = b;
    large.newest = b;
    large.bytes += class_bytes(c);
    over = large.bytes > limit;
  }
  if (over) shrink_large(limit);
}

// A forked child must find both locks free and the lists whole.
struct ForkHandlers {
  ForkHandlers() {
    pthread_atfork(
        [] {
          slabs.mutex.lock();
          large.mutex.lock();
        },
        [] {
          large.mutex.unlock();
          slabs.mutex.unlock();
        },
        [] {
          large.mutex.unlock();
          slabs.mutex.unlock();
        });
  }
};
const ForkHandlers fork_handlers;

} // namespace

void* small_alloc(size_t bytes) {
  if constexpr (kPlain) {
    void* const p = std::malloc(std::max<size_t>(bytes, 1));
    if (!p) out_of_memory(bytes);
    return p;
  }
  if (bytes > kSmallMax) [[unlikely]]
    return data_alloc(bytes);
  return slab_alloc(class_of(bytes));
}

void small_free(void* p, size_t bytes) noexcept {
  if constexpr (kPlain) return std::free(p);
  if (!p) return;
  if (bytes > kSmallMax) [[unlikely]]
    return data_free(p, bytes);
  slab_free(p, class_of(bytes));
}

void* data_alloc(size_t bytes) {
  if (bytes == 0) return nullptr;
  void* p = nullptr;
  if constexpr (kPlain) {
    if (bytes > static_cast<size_t>(PTRDIFF_MAX) / 2 || posix_memalign(&p, kAlignment, bytes) != 0)
      out_of_memory(bytes);
  } else if (bytes <= kSlabMax) {
    p = slab_alloc(slab_class_of_data(bytes));
  } else {
    p = large_alloc(bytes);
  }
  count_live(static_cast<int64_t>(bytes));
  return p;
}

void data_free(void* p, size_t bytes) noexcept {
  if (!p) return;
  count_live(-static_cast<int64_t>(bytes));
  if constexpr (kPlain)
    std::free(p);
  else if (bytes <= kSlabMax)
    slab_free(p, slab_class_of_data(bytes));
  else
    large_free(p, bytes);
}

AllocatorStats allocator_stats() {
  if (thread_cache != &unborn && thread_cache != &dead) {
    add_live(thread_cache->live);
    thread_cache->live = 0;
  }
  AllocatorStats stats{};
  stats.allocated_bytes = live_bytes.load(std::memory_order_relaxed);
  stats.peak_bytes = peak_bytes.load(std::memory_order_relaxed);
  {
    const std::lock_guard lock(large.mutex);
    stats.cached_bytes = static_cast<int64_t>(large.bytes);
  }
  const std::lock_guard lock(slabs.mutex);
  stats.cached_bytes += static_cast<int64_t>(slabs.empty_count) * static_cast<int64_t>(kSlabBytes);
  return stats;
}

void allocator_trim() {
  if (thread_cache != &unborn && thread_cache != &dead) flush_thread_cache(*thread_cache);
  trim_large();
  {
    const std::lock_guard lock(slabs.mutex);
    while (Slab* const s = slabs.empty) {
      slabs.empty = s->next;
      chill(s);
    }
    slabs.empty_count = 0;
  }
  malloc_trim(0);
}

} // namespace torch

// Memory. Two doors: small_alloc for objects and small data (thread-local free lists, no lock), and
// data_alloc for tensor data (64-byte aligned, cached by size class, large blocks on huge pages, bounded and
// trimmed).
#pragma once

#include <cstddef>
#include <cstdint>

namespace torch {

// Objects and blocks up to kSmallMax bytes; `bytes` must be given again to free. Throws Error(OutOfMemory).
constexpr size_t kSmallMax = 1024;
void* small_alloc(size_t bytes);
void small_free(void* p, size_t bytes) noexcept;

// Tensor data on the CPU: 64-byte aligned, contents undefined. bytes = 0 gives nullptr.
void* data_alloc(size_t bytes);
void data_free(void* p, size_t bytes) noexcept;

struct AllocatorStats {
  int64_t allocated_bytes; // live; without what lies in a StorageImpl itself
  int64_t cached_bytes;    // free, kept for reuse
  int64_t peak_bytes;      // highest allocated_bytes
};
AllocatorStats allocator_stats();
void allocator_trim(); // gives all cached memory back to the system

// Scratch memory for a kernel, freed at the end of the scope.
class Scratch {
public:
  explicit Scratch(size_t bytes) : p_(data_alloc(bytes)), bytes_(bytes) {}
  ~Scratch() { data_free(p_, bytes_); }
  Scratch(Scratch&& o) noexcept : p_(o.p_), bytes_(o.bytes_) { o.p_ = nullptr; }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  template <class T> T* as() const { return static_cast<T*>(p_); }

private:
  void* p_;
  size_t bytes_;
};

// Base for classes whose instances come from small_alloc.
struct SmallObject {
  static void* operator new(size_t bytes) { return small_alloc(bytes); }
  static void* operator new(size_t, void* at) { return at; }
  static void operator delete(void* p, size_t bytes) noexcept { small_free(p, bytes); }
};

} // namespace torch

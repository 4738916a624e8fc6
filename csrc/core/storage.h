// A block of memory on a device, shared by the tensors that view it.
#pragma once

#include "core/allocator.h"
#include "core/device.h"
#include "core/intrusive.h"

#include <atomic>

namespace torch {

class StorageImpl final : public RefCounted, public SmallObject {
public:
  // Memory from the device's own allocator (contents undefined); meta has none.
  static Ref<StorageImpl> allocate(int64_t bytes, Device device);
  // Foreign memory (NumPy array, mapped file ...): `release(context)` is called when the last reference goes.
  static Ref<StorageImpl> wrap(void* data, int64_t bytes, Device device, void (*release)(void*),
                               void* context, bool writable = true);
  static void destroy(StorageImpl* s) { delete s; }
  ~StorageImpl();

  void* data() const { return data_; }
  int64_t bytes() const { return bytes_; }
  Device device() const { return device_; }
  bool writable() const { return writable_; }
  bool owns_memory() const { return release_ == nullptr; }
  // Whether the memory is shared with child processes made by fork, and a file descriptor of it for others
  // (-1: none).
  bool is_shared() const { return shared_fd_ >= 0; }
  int shared_fd() const { return shared_fd_; }
  // Moves the contents into shared memory; every tensor on the storage sees it there. RuntimeError for
  // foreign memory and while there are pins.
  void share();
  // Maps the shared memory of another storage, or process, again; takes fd over.
  static Ref<StorageImpl> map_shared(int fd, int64_t bytes);
  // Grows or shrinks, keeping the contents; RuntimeError for foreign memory and while there are pins.
  void resize(int64_t bytes);

  // Holders of the bare address outside (NumPy arrays, DLPack consumers ...): while there are any, resize()
  // fails.
  std::atomic<int32_t> pins{0};
  void* pyobj =
      nullptr; // the Python UntypedStorage that stands for it, if any (borrowed; cleared by that object)

private:
  StorageImpl() = default;
  void free_memory();
  void* data_ = nullptr;
  int64_t bytes_ = 0;
  void (*release_)(void*) = nullptr;
  void* context_ = nullptr;
  Device device_;
  bool writable_ = true;
  int shared_fd_ = -1;
};

using Storage = Ref<StorageImpl>;

} // namespace torch

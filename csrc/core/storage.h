// A block of memory on a device, shared by the tensors that view it.
#pragma once

#include "core/allocator.h"
#include "core/device.h"
#include "core/intrusive.h"
#include "core/shared_memory.h"

#include <atomic>
#include <memory>

namespace torch {

// Work that has been put off: it will give some storages their contents, and reads others. Asking any of them
// for its data first has the work done (see ops/deferred.h).
struct PendingWork {
  virtual void finish() = 0;

protected:
  ~PendingWork() = default;
};

// Little data stands behind the object itself, 16-byte aligned; other data has a block of its own
// (data_alloc).
class alignas(16) StorageImpl final : public RefCounted {
public:
  // Memory from the device's own allocator (contents undefined); meta has none.
  static Ref<StorageImpl> allocate(int64_t bytes, Device device);
  // Foreign memory (NumPy array, mapped file ...): `release(context)` is called when the last reference goes.
  static Ref<StorageImpl> wrap(void* data, int64_t bytes, Device device, void (*release)(void*),
                               void* context, bool writable = true);
  static void destroy(StorageImpl* s);

  void* data() const {
    void* const data = data_;
    return data ? data : finished_data();
  }
  int64_t bytes() const { return bytes_; }
  Device device() const { return device_; }
  bool writable() const { return writable_; }
  bool owns_memory() const { return !extras_ || !extras_->release; }
  // Memory that other processes have too, or null.
  const SharedMemory* shared() const { return extras_ ? extras_->shared.get() : nullptr; }
  static Ref<StorageImpl> over(std::unique_ptr<SharedMemory> memory, int64_t bytes);
  // Moves to shared memory of the same size that has the contents already; every tensor on the storage sees
  // it there. RuntimeError while there are pins, and off the CPU.
  void move_to(std::unique_ptr<SharedMemory> memory);
  void check_may_move() const;
  // Grows or shrinks, keeping the contents; RuntimeError for foreign memory and while there are pins.
  void resize(int64_t bytes);

  // Holders of the bare address outside (NumPy arrays, DLPack consumers ...): while there are any, resize()
  // fails. The first pin is set under the interpreter's lock.
  int32_t pins() const { return extras_ ? extras_->pins.load() : 0; }
  void pin() {
    data();
    ++extras().pins;
  }
  void unpin() { --extras_->pins; }

  // Put-off work that concerns this storage, which has no address for others until it settles. `ticket` is
  // the work's own number for it.
  PendingWork* pending() const { return extras_ ? extras_->pending : nullptr; }
  uint32_t ticket() const { return extras_->ticket; }
  void hold(PendingWork* work, uint32_t ticket);
  void settle();
  // A storage whose memory is allocated when `work` first wants it.
  static Ref<StorageImpl> promise(int64_t bytes, PendingWork* work, uint32_t ticket);
  void* memory_for_work();
  // From now on the address is known outside, so writes through it can not be seen.
  void expose() { extras().exposed = true; }
  bool is_exposed() const { return extras_ && extras_->exposed; }
  // Expires with the storage.
  std::weak_ptr<const void> life();

  // The Python UntypedStorage that stands for it, if any (borrowed; cleared by that object).
  void* pyobj() const { return extras_ ? extras_->pyobj : nullptr; }
  void set_pyobj(void* object) {
    if (object || extras_) extras().pyobj = object;
  }

private:
  struct Extras : SmallObject { // what few storages have
    void (*release)(void*) = nullptr;
    void* context = nullptr;
    void* pyobj = nullptr;
    std::atomic<int32_t> pins{0};
    uint32_t ticket = 0;
    bool exposed = false;
    PendingWork* pending = nullptr;
    void* held = nullptr; // the data while work is pending
    std::unique_ptr<SharedMemory> shared;
    std::shared_ptr<const void> life;
  };

  StorageImpl(Device device, size_t room) : device_(device), room_(static_cast<uint8_t>(room)) {}
  ~StorageImpl() { free_memory(); }
  static StorageImpl* make(Device device, size_t room);
  void* own_room() { return this + 1; }
  Extras& extras() {
    if (!extras_) extras_ = std::make_unique<Extras>();
    return *extras_;
  }
  void free_memory();
  void* finished_data() const;

  Device device_;
  bool writable_ = true;
  uint8_t room_; // bytes behind the object
  void* data_ = nullptr;
  int64_t bytes_ = 0;
  std::unique_ptr<Extras> extras_;
};

using Storage = Ref<StorageImpl>;

} // namespace torch

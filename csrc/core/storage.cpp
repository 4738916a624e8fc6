#include "core/storage.h"

#include "core/backend.h"
#include "core/error.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace torch {

namespace {

constexpr size_t kInlineMax = 63; // from a cache line on, data starts at one
static_assert(sizeof(StorageImpl) == 32);

void* allocate_on(Device device, int64_t bytes) {
  if (device.type == DeviceType::CPU) return data_alloc(static_cast<size_t>(bytes));
  if (device.type == DeviceType::Meta) return nullptr;
  return backend_of(device).allocate(bytes, device.index);
}
} // namespace

StorageImpl* StorageImpl::make(Device device, size_t room) {
  return new (small_alloc(sizeof(StorageImpl) + room)) StorageImpl(device, room);
}

void StorageImpl::destroy(StorageImpl* s) {
  const size_t bytes = sizeof(StorageImpl) + s->room_;
  s->~StorageImpl();
  small_free(s, bytes);
}

Storage StorageImpl::allocate(int64_t bytes, Device device) {
  if (device.type == DeviceType::CUDA) [[unlikely]]
    device = with_index(device);
  const auto size = static_cast<size_t>(bytes);
  if (size <= kInlineMax && size > 0 && device.type == DeviceType::CPU) {
    StorageImpl* const s = make(device, size);
    s->data_ = s->own_room();
    s->bytes_ = bytes;
    return Storage(s);
  }
  void* const data = allocate_on(device, bytes); // may throw, so before the object exists
  StorageImpl* const s = make(device, 0);
  s->data_ = data;
  s->bytes_ = bytes;
  return Storage(s);
}

Storage StorageImpl::wrap(void* data, int64_t bytes, Device device, void (*release)(void*), void* context,
                          bool writable) {
  StorageImpl* const s = make(device, 0);
  Storage result(s);
  Extras& extras = s->extras(); // may throw, so before the memory is ours to release
  extras.release = release;
  extras.context = context;
  s->data_ = data;
  s->bytes_ = bytes;
  s->writable_ = writable;
  return result;
}

void* StorageImpl::finished_data() const {
  if (PendingWork* const work = pending()) work->finish();
  return data_;
}

void StorageImpl::hold(PendingWork* work, uint32_t ticket) {
  Extras& own = extras();
  own.held = std::exchange(data_, nullptr);
  own.pending = work;
  own.ticket = ticket;
}

void StorageImpl::settle() {
  data_ = std::exchange(extras_->held, nullptr);
  extras_->pending = nullptr;
}

Storage StorageImpl::promise(int64_t bytes, PendingWork* work, uint32_t ticket) {
  Storage result(make({}, 0));
  result->hold(work, ticket);
  result->bytes_ = bytes;
  return result;
}

void* StorageImpl::memory_for_work() {
  void*& held = extras_->held;
  if (!held) held = allocate_on(device_, bytes_);
  return held;
}

void StorageImpl::check_may_move() const {
  data(); // puts nothing off any longer
  check(device_.type == DeviceType::CPU, "only memory of the CPU can be shared between processes, not of ",
        device_);
  check(pins() == 0,
        "share_memory_: another library has the address of this memory (an array, a DLPack consumer); "
        "clone() the tensor first");
}

void StorageImpl::move_to(std::unique_ptr<SharedMemory> memory) {
  check_may_move();
  Extras& own = extras(); // may throw, so before anything is given up
  free_memory();
  own.release = nullptr;
  own.context = nullptr;
  data_ = memory->data();
  writable_ = true;
  own.shared = std::move(memory);
}

Storage StorageImpl::over(std::unique_ptr<SharedMemory> memory, int64_t bytes) {
  StorageImpl* const s = make({}, 0);
  Storage result(s);
  Extras& own = s->extras();
  s->data_ = memory->data();
  s->bytes_ = bytes;
  own.shared = std::move(memory);
  return result;
}

std::weak_ptr<const void> StorageImpl::life() {
  Extras& own = extras();
  if (!own.life) own.life = std::make_shared<char>();
  return own.life;
}

void StorageImpl::free_memory() {
  if (shared())
    extras_->shared.reset();
  else if (!owns_memory())
    extras_->release(extras_->context);
  else if (!data_ || data_ == own_room())
    return;
  else if (device_.type == DeviceType::CPU)
    data_free(data_, static_cast<size_t>(bytes_));
  else if (device_.type == DeviceType::CUDA)
    cuda_backend().free(data_, device_.index);
}

void StorageImpl::resize(int64_t bytes) {
  data();
  check(owns_memory() && !shared() && pins() == 0, "Trying to resize storage that is not resizable");
  void* const fresh = allocate_on(device_, bytes);
  if (fresh && data_) {
    const int64_t kept = std::min(bytes, bytes_);
    if (device_.type == DeviceType::CPU)
      std::memcpy(fresh, data_, static_cast<size_t>(kept));
    else
      backend_of(device_).copy(fresh, data_, kept, device_.index);
  }
  free_memory();
  data_ = fresh;
  bytes_ = bytes;
}

} // namespace torch

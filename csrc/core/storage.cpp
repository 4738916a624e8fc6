#include "core/storage.h"

#include "core/error.h"
#include "core/unavailable.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace torch {

namespace {

constexpr size_t kInlineMax = 63; // from a cache line on, data starts at one
static_assert(sizeof(StorageImpl) == 32);

void* allocate_on(Device device, int64_t bytes) {
  switch (device.type) {
  case DeviceType::Meta:
    return nullptr;
  case DeviceType::CPU:
    return data_alloc(static_cast<size_t>(bytes));
  case DeviceType::CUDA:
    break;
  }
  fail_without_cuda();
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

namespace {

void* map_fd(int fd, int64_t bytes) {
  if (bytes == 0) return nullptr;
  void* const data = mmap(nullptr, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  check(data != MAP_FAILED, "unable to map ", bytes, " bytes of shared memory: ", std::strerror(errno));
  return data;
}

} // namespace

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

void StorageImpl::share() {
  data();
  if (is_shared() || device_.type != DeviceType::CPU) return;
  check(owns_memory() && pins() == 0,
        "share_memory_: the memory belongs to another library, or one has its address; "
        "clone() the tensor first");
  Extras& own = extras(); // may throw, so before there is a descriptor to close
  const int fd = memfd_create("torch", MFD_CLOEXEC);
  check(fd >= 0, "unable to make shared memory: ", std::strerror(errno));
  void* data = nullptr;
  try {
    check(ftruncate(fd, bytes_) == 0, "unable to allocate ", bytes_,
          " bytes of shared memory: ", std::strerror(errno));
    data = map_fd(fd, bytes_);
  } catch (...) {
    close(fd);
    throw;
  }
  if (data) std::memcpy(data, data_, static_cast<size_t>(bytes_));
  free_memory();
  data_ = data;
  own.shared_fd = fd;
}

Storage StorageImpl::map_shared(int fd, int64_t bytes) {
  StorageImpl* const s = make({}, 0);
  Storage result(s);
  Extras& own = s->extras();
  s->data_ = map_fd(fd, bytes);
  s->bytes_ = bytes;
  own.shared_fd = fd;
  return result;
}

void StorageImpl::free_memory() {
  if (is_shared()) {
    if (data_) munmap(data_, static_cast<size_t>(bytes_));
    close(std::exchange(extras_->shared_fd, -1));
  } else if (!owns_memory())
    extras_->release(extras_->context);
  else if (device_.type == DeviceType::CPU && data_ && data_ != own_room())
    data_free(data_, static_cast<size_t>(bytes_));
}

void StorageImpl::resize(int64_t bytes) {
  data();
  check(owns_memory() && !is_shared() && pins() == 0, "Trying to resize storage that is not resizable");
  void* const fresh = allocate_on(device_, bytes);
  if (fresh && data_) std::memcpy(fresh, data_, static_cast<size_t>(std::min(bytes, bytes_)));
  free_memory();
  data_ = fresh;
  bytes_ = bytes;
}

} // namespace torch

#include "core/storage.h"

#include "core/error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace torch {

namespace {
void* allocate_on(Device device, int64_t bytes) {
  switch (device.type) {
  case DeviceType::Meta:
    return nullptr;
  case DeviceType::CPU:
    return data_alloc(static_cast<size_t>(bytes));
  case DeviceType::CUDA:
    break;
  }
  fail(ErrorKind::Runtime, "Torch not compiled with CUDA enabled");
}
} // namespace

Storage StorageImpl::allocate(int64_t bytes, Device device) {
  void* const data = allocate_on(device, bytes); // may throw, so before the object exists
  auto* s = new StorageImpl;
  s->data_ = data;
  s->bytes_ = bytes;
  s->device_ = device;
  return Storage(s);
}

Storage StorageImpl::wrap(void* data, int64_t bytes, Device device, void (*release)(void*), void* context,
                          bool writable) {
  auto* s = new StorageImpl;
  s->data_ = data;
  s->bytes_ = bytes;
  s->device_ = device;
  s->release_ = release;
  s->context_ = context;
  s->writable_ = writable;
  return Storage(s);
}

namespace {

void* map_fd(int fd, int64_t bytes) {
  if (bytes == 0) return nullptr;
  void* const data = mmap(nullptr, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  check(data != MAP_FAILED, "unable to map ", bytes, " bytes of shared memory: ", std::strerror(errno));
  return data;
}

} // namespace

void StorageImpl::share() {
  if (is_shared() || device_.type != DeviceType::CPU) return;
  check(owns_memory() && pins == 0,
        "share_memory_: the memory belongs to another library, or one has its address; "
        "clone() the tensor first");
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
  shared_fd_ = fd;
}

Storage StorageImpl::map_shared(int fd, int64_t bytes) {
  void* const data = map_fd(fd, bytes);
  auto* s = new StorageImpl;
  s->data_ = data;
  s->bytes_ = bytes;
  s->shared_fd_ = fd;
  return Storage(s);
}

void StorageImpl::free_memory() {
  if (is_shared()) {
    if (data_) munmap(data_, static_cast<size_t>(bytes_));
    close(std::exchange(shared_fd_, -1));
  } else if (release_)
    release_(context_);
  else if (device_.type == DeviceType::CPU)
    data_free(data_, static_cast<size_t>(bytes_));
}

StorageImpl::~StorageImpl() { free_memory(); }

void StorageImpl::resize(int64_t bytes) {
  check(owns_memory() && !is_shared() && pins == 0, "Trying to resize storage that is not resizable");
  void* const fresh = allocate_on(device_, bytes);
  if (fresh && data_) std::memcpy(fresh, data_, static_cast<size_t>(std::min(bytes, bytes_)));
  free_memory();
  data_ = fresh;
  bytes_ = bytes;
}

} // namespace torch

#include "core/storage.h"

#include "core/error.h"

#include <algorithm>
#include <cstring>

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

void StorageImpl::free_memory() {
  if (release_)
    release_(context_);
  else if (device_.type == DeviceType::CPU)
    data_free(data_, static_cast<size_t>(bytes_));
}

StorageImpl::~StorageImpl() { free_memory(); }

void StorageImpl::resize(int64_t bytes) {
  check(owns_memory() && pins == 0, "Trying to resize storage that is not resizable");
  void* const fresh = allocate_on(device_, bytes);
  if (fresh && data_) std::memcpy(fresh, data_, static_cast<size_t>(std::min(bytes, bytes_)));
  free_memory();
  data_ = fresh;
  bytes_ = bytes;
}

} // namespace torch

#include "core/backend.h"

#include "core/deterministic.h"
#include "core/generator.h"
#include "core/unavailable.h"

#include <dlfcn.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unistd.h>

namespace torch {

Backend::~Backend() = default;

DeviceError::DeviceError(What what, std::string text)
    : Error(what == What::OutOfMemory ? ErrorKind::OutOfMemory : ErrorKind::Runtime, std::move(text)),
      what_(what) {}
DeviceError::~DeviceError() = default;

namespace {

// Beside this library, so that the two are of one build. Tests name another by TORCH_CUDA_LIBRARY.
std::string cuda_library() {
  if (const char* const given = std::getenv("TORCH_CUDA_LIBRARY")) return given;
  Dl_info own;
  if (!dladdr(reinterpret_cast<void*>(&cuda_library), &own) || !own.dli_fname) return {};
  std::string path = own.dli_fname;
  return path.erase(path.find_last_of('/') + 1).append("libtorch_cuda.so");
}

Backend* open_cuda() {
  const std::string path = cuda_library();
  if (access(path.c_str(), R_OK) != 0) return nullptr;
  void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  check(handle != nullptr, "the CUDA part of torch cannot be opened: ", handle ? "" : dlerror());
  const auto make = reinterpret_cast<Backend* (*)()>(dlsym(handle, "torch_cuda_backend"));
  check(make != nullptr, path, " is not the CUDA part of this torch");
  return make();
}

} // namespace

Backend* find_cuda() {
  static Backend* const opened = open_cuda();
  return opened;
}

Backend& cuda_backend() {
  Backend* const found = find_cuda();
  if (!found) fail_without(DeviceType::CUDA);
  return *found;
}

Backend& backend_of(Device device) {
  if (device.type != DeviceType::CUDA) fail_without(device.type);
  return cuda_backend();
}

namespace {
std::atomic<bool> deterministic = false;
}
bool deterministic_algorithms() { return deterministic; }
void set_deterministic_algorithms(bool on) { deterministic = on; }

Storage pinned_storage(int64_t bytes) {
  void* const data = cuda_backend().pin(bytes);
  try {
    return StorageImpl::wrap(
        data, bytes, {}, [](void* p) { cuda_backend().unpin(p); }, data);
  } catch (...) {
    cuda_backend().unpin(data);
    throw;
  }
}

namespace {
thread_local bool copies_may_lag = false;
}
LaggingCopies::LaggingCopies(bool allow) : given_(std::exchange(copies_may_lag, allow)) {}
LaggingCopies::~LaggingCopies() { copies_may_lag = given_; }
bool LaggingCopies::allowed() { return copies_may_lag; }

DeviceGeneratorState device_state(const Generator& generator) {
  DeviceGeneratorState state;
  std::memcpy(&state, static_cast<const void*>(&generator.engine), sizeof state);
  return state;
}
void set_device_state(Generator& generator, DeviceGeneratorState state) {
  std::memcpy(static_cast<void*>(&generator.engine), &state, sizeof state);
}

Device with_index(Device device) {
  if (device.type != DeviceType::CUDA)
    device.index = -1;
  else if (device.index < 0)
    device.index = static_cast<int8_t>(cuda_backend().current_device());
  return device;
}

} // namespace torch

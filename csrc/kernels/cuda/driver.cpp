#include "kernels/cuda/driver.h"

#include "core/backend.h"
#include "kernels/cuda/library.h"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <vector>

namespace torch::cuda {

namespace {

struct Opened {
  Driver driver;
  bool complete = false;
  std::string why;
};

Opened open_driver() {
  Opened o;
  const char* const name = emulated_driver() ? emulated_driver() : "libcuda.so.1";
  void* const handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    o.why = concat("there is no NVIDIA driver on this machine (", dlerror(), ")");
    return o;
  }
  const char* missing = nullptr;
#define TORCH_FIND(member, symbol, params)                                                                   \
  o.driver.member = reinterpret_cast<decltype(o.driver.member)>(dlsym(handle, #symbol));                     \
  if (!o.driver.member) missing = #symbol;
  TORCH_DRIVER_FUNCTIONS(TORCH_FIND)
#undef TORCH_FIND
  o.complete = !missing;
  if (missing) o.why = concat("the NVIDIA driver of this machine is too old: it has no ", missing);
  return o;
}

const Opened& opened() {
  static const Opened o = open_driver();
  return o;
}

std::atomic<bool> initialized = false, forked_after = false;

void initialize() {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (initialized) return;
  const Status status = opened().driver.init(0);
  if (status == kNoDevice) fail(ErrorKind::Runtime, "No CUDA GPUs are available");
  check_status(status, "cuInit");
  pthread_atfork(nullptr, nullptr, [] { forked_after = true; });
  initialized = true;
}

// ---- counting by the management library, which keeps no state of the driver's in the process

int count_by_management() {
  void* const handle =
      dlopen(emulated_driver() ? emulated_driver() : "libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!handle) return -1;
  const auto find = [&]<class F>(F*& f, const char* name) {
    f = reinterpret_cast<F*>(dlsym(handle, name));
    return f != nullptr;
  };
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*device)(unsigned, void**) = nullptr;
  int (*uuid)(void*, char*, unsigned) = nullptr;
  if (!find(init, "nvmlInit_v2") || !find(shutdown, "nvmlShutdown") ||
      !find(count, "nvmlDeviceGetCount_v2") || !find(device, "nvmlDeviceGetHandleByIndex_v2") ||
      !find(uuid, "nvmlDeviceGetUUID") || init() != 0)
    return -1;
  unsigned total = 0;
  int found = -1;
  if (count(&total) == 0) {
    std::vector<std::string> uuids(total);
    std::vector<const char*> texts(total, nullptr);
    for (unsigned i = 0; i < total; ++i) {
      void* handle_of = nullptr;
      char text[96] = {};
      if (device(i, &handle_of) == 0 && uuid(handle_of, text, sizeof text) == 0) {
        uuids[i] = text;
        texts[i] = uuids[i].c_str();
      }
    }
    found = count_visible(std::getenv("CUDA_VISIBLE_DEVICES"), static_cast<int>(total), texts.data());
  }
  shutdown();
  return found;
}

} // namespace

int count_visible(const char* list, int total, const char* const* uuids) {
  if (!list) return total;
  std::vector<int> seen;
  std::string_view rest = list;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    std::string_view entry = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    while (!entry.empty() && entry.front() == ' ') entry.remove_prefix(1);
    while (!entry.empty() && entry.back() == ' ') entry.remove_suffix(1);
    int index = -1;
    if (!entry.empty() && entry[0] >= '0' && entry[0] <= '9') {
      int64_t number = 0;
      for (const char c : entry) {
        if (c < '0' || c > '9') break; // what follows a number is passed over, as the driver does
        number = std::min<int64_t>(number * 10 + (c - '0'), total);
      }
      index = static_cast<int>(number);
    } else if (entry.starts_with("MIG-")) {
      return 1; // one instance is all that a process can use
    } else if (entry.starts_with("GPU-")) {
      for (int i = 0; i < total; ++i) // an abbreviation will do
        if (uuids[i] && std::string_view(uuids[i]).starts_with(entry)) index = i;
    }
    if (index < 0 || index >= total) break;
    for (const int other : seen)
      if (other == index) return 0; // the driver takes a list with a repetition for an error
    seen.push_back(index);
  }
  return static_cast<int>(seen.size());
}

const Driver* find_driver(std::string* why) {
  const Opened& o = opened();
  if (why) *why = o.why;
  return o.complete ? &o.driver : nullptr;
}

bool driver_is_initialized() { return initialized && !forked_after; }

const Driver& driver() {
  if (driver_is_initialized()) [[likely]]
    return opened().driver;
  check(!forked_after,
        "Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, you must use "
        "the 'spawn' start method");
  std::string why;
  check(find_driver(&why) != nullptr, "Found no NVIDIA driver on your system: ", why,
        ". CUDA needs an NVIDIA GPU and its driver; torch.cuda.is_available() tells whether they are there");
  initialize();
  return opened().driver;
}

int count_devices() {
  if (!find_driver()) return 0;
  if (driver_is_initialized()) {
    int n = 0;
    return opened().driver.device_count(&n) == kSuccess ? n : 0;
  }
  static const int by_management = count_by_management();
  if (by_management >= 0) return by_management;
  // No management library (it is left out of some containers): the driver itself has to be asked.
  int n = 0;
  return opened().driver.init(0) == kSuccess && opened().driver.device_count(&n) == kSuccess ? n : 0;
}

std::string status_text(Status status) {
  const char *name = nullptr, *text = nullptr;
  if (const Driver* const d = find_driver()) {
    d->error_name(status, &name);
    d->error_text(status, &text);
  }
  return concat(text ? text : "unknown error", " (", name ? name : concat("status ", status), ")");
}

void check_status(Status status, const char* what) {
  if (status != kSuccess) [[unlikely]]
    throw DeviceError(DeviceError::What::Failure, concat("CUDA error: ", status_text(status), " in ", what));
}

} // namespace torch::cuda

// Opens oneDNN and OpenBLAS at the first call into them.
//
// Linked as usual, the two would cost every `import torch` 3 ms, 15 MB of memory and OpenBLAS's worker
// threads, used or not. So libtorch is not linked with them: the build collects the functions that the
// kernels call and writes a stub for each (scripts/make_lazy_stubs.py). A stub jumps through its slot; at
// first the slot leads here, afterwards to the function itself, so a call costs one indirect jump, as through
// the PLT.
#include <cstdlib>
#include <dlfcn.h>
#include <mutex>

#include "core/error.h"

// Written by scripts/make_lazy_stubs.py, in the order of the stubs.
extern "C" {
extern const char* const torch_lazy_names[];
extern const unsigned char torch_lazy_libraries[]; // index into `libraries`
extern void* torch_lazy_slots[];
void* torch_lazy_resolve(unsigned long index);
}

namespace torch {
namespace {

struct Library {
  const char* file;
  const char* what;
  void* handle;
};

// The order is that of LIBRARIES in scripts/make_lazy_stubs.py.
Library libraries[] = {{TORCH_DNNL_SONAME, "oneDNN", nullptr}, {TORCH_OPENBLAS_SONAME, "OpenBLAS", nullptr}};

// An environment variable while a library is opened, unless the user has set it.
class Setting {
public:
  Setting(const char* name, const char* value) : name_(std::getenv(name) ? nullptr : name) {
    if (name_) setenv(name_, value, 0);
  }
  ~Setting() {
    if (name_) unsetenv(name_);
  }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

private:
  const char* name_;
};

void open(Library& library) {
  // Both read these only while they are opened. Threads are ours: OpenBLAS shall start none, and OpenMP's,
  // should anybody ask for them, wait without spinning.
  const Setting blas("OPENBLAS_NUM_THREADS", "1");
  const Setting openmp("OMP_WAIT_POLICY", "PASSIVE");
  library.handle = dlopen(library.file, RTLD_NOW | RTLD_LOCAL);
  if (!library.handle) {
    check(false, "torch: cannot open ", library.what, ", which should be next to libtorch.so: ", dlerror());
  }
}

} // namespace
} // namespace torch

// Called from the stubs with the caller's arguments saved. Throws through them: they have unwind tables.
void* torch_lazy_resolve(unsigned long index) {
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  torch::Library& library = torch::libraries[torch_lazy_libraries[index]];
  if (!library.handle) torch::open(library);
  void* function = dlsym(library.handle, torch_lazy_names[index]);
  torch::check(function != nullptr, "torch: ", library.file, " has no function ", torch_lazy_names[index]);
  __atomic_store_n(&torch_lazy_slots[index], function, __ATOMIC_RELEASE);
  return function;
}

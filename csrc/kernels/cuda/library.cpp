#include "kernels/cuda/library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace torch::cuda {

const char* emulated_driver() {
  const char* const name = std::getenv("TORCH_CUDA_DRIVER");
  return name && *name ? name : nullptr;
}

void* open_library(const char* name, const char* variable, const char* companion) {
  std::string own;
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(&open_library), &info) && info.dli_fname) {
    own = info.dli_fname;
    own.erase(own.find_last_of('/')); // site-packages/torch/lib
  }
  std::vector<std::string> folders;
  if (const char* const given = std::getenv(variable)) folders.push_back(std::string(given) + "/");
  folders.push_back("");
  for (const char* const package : {"cu13", "cuda_nvrtc", "cublas", "cudnn"})
    folders.push_back(own + "/../../nvidia/" + package + "/lib/");
  for (const std::string& folder : folders) {
    if (companion && !folder.empty()) dlopen((folder + companion).c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (void* const handle = dlopen((folder + name).c_str(), RTLD_NOW | RTLD_LOCAL)) return handle;
  }
  return nullptr;
}

} // namespace torch::cuda

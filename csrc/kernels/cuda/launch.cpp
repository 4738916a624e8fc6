#include "kernels/cuda/launch.h"

#include "kernels/cuda/graph.h"
#include "kernels/cuda/jit.h"

#include <cstdlib>
#include <unordered_map>

namespace torch::cuda {

namespace {

struct Kernels {
  std::mutex mutex;
  std::vector<Image> images; // of embedded_images, in order; then those compiled at run time
  std::atomic<int> count{0}; // of images
  std::unordered_map<std::string, Kernel> found;
};
Kernels& kernels() {
  static Kernels* const all = new Kernels;
  return *all;
}

// Of the calling thread's GPU and all others.
void load(Kernels& all, const void* code) {
  const RelaxedCapture relaxed;
  Image image = nullptr;
  check_status(driver().load_image(&image, code, nullptr, nullptr, 0, nullptr, nullptr, 0),
               "cuLibraryLoadData");
  all.images.push_back(image);
  all.count = static_cast<int>(all.images.size());
}

// Tells the images where kernels on this GPU report failures: a variable that each GPU has of its own.
void introduce(Kernels& all, Gpu& gpu) {
  const std::lock_guard lock(all.mutex);
  const RelaxedCapture relaxed;
  Stream stream = nullptr; // of its own: the one that work is put on may be captured
  check_status(driver().stream_create(&stream, kNonBlocking, 0), "cuStreamCreateWithPriority");
  for (int i = gpu.images; i < static_cast<int>(all.images.size()); ++i) {
    Address at = 0;
    size_t bytes = 0;
    if (driver().get_global(&at, &bytes, all.images[static_cast<size_t>(i)], "torch_failure_record") !=
        kSuccess)
      continue;
    FailureRecord* const record = gpu.failures;
    check_status(driver().copy(at, reinterpret_cast<Address>(&record), sizeof record, stream),
                 "cuMemcpyAsync");
    check_status(driver().stream_synchronize(stream), "cuStreamSynchronize");
  }
  driver().stream_destroy(stream);
  gpu.images = static_cast<int>(all.images.size());
}

Kernel get(Image image, const std::string& name) {
  Kernel kernel = nullptr;
  const Status status = driver().get_kernel(&kernel, image, name.c_str());
  if (status == kNotFound) return nullptr;
  check_status(status, "cuLibraryGetKernel");
  return kernel;
}

Kernel find(Kernels& all, const std::string& name) {
  if (const auto at = all.found.find(name); at != all.found.end()) return at->second;
  if (all.images.empty())
    for (int i = 0; i < embedded_image_count; ++i) load(all, embedded_images[i].begin);
  for (int i = 0; i < embedded_image_count; ++i)
    if (Kernel const kernel = get(all.images[static_cast<size_t>(i)], name)) return all.found[name] = kernel;
  return all.found[name] = nullptr;
}

bool launches_wait() {
  static const bool wait = [] {
    const char* const text = std::getenv("CUDA_LAUNCH_BLOCKING");
    return text && *text && *text != '0';
  }();
  return wait;
}

} // namespace

Kernel find_compiled(std::string_view name) {
  use(current_device());
  Kernels& all = kernels();
  const std::lock_guard lock(all.mutex);
  return find(all, std::string(name));
}

Kernel find_kernel(std::string_view name, const Family& family) {
  Gpu& gpu = use(current_device());
  Kernels& all = kernels();
  const std::lock_guard lock(all.mutex);
  const std::string key(name);
  if (Kernel const there = find(all, key)) return there;
  load(all, compile(source_of(family, name), gpu.compute_capability).data());
  Kernel const kernel = get(all.images.back(), key);
  TORCH_ASSERT(kernel);
  return all.found[key] = kernel;
}

Kernel find_kernel_for(const Family& family, const char* op, DType computed, DType stored) {
  const std::string start = concat(op, "_", type_name(computed), "_");
  if (Kernel const there = find_compiled(start + type_name(stored))) return there;
  return find_kernel(start + "any", family);
}

void launch(Gpu& gpu, Kernel kernel, Grid grid, const void* args) {
  constexpr int64_t kMaxBlocks = 0x7fffffff;
  check(grid.blocks <= kMaxBlocks, "a kernel for cuda:", gpu.index, " would need ", grid.blocks, " blocks");
  if (grid.blocks == 0) return;
  check_failures(gpu);
  if (gpu.images != kernels().count) [[unlikely]]
    introduce(kernels(), gpu);
  void* params[] = {const_cast<void*>(args)};
  const Stream stream = current_stream(gpu.index);
  check_status(driver().launch(kernel, static_cast<unsigned>(grid.blocks), 1, 1, grid.threads, 1, 1,
                               grid.shared_bytes, stream, params, nullptr),
               "cuLaunchKernel");
  if (launches_wait() && !is_captured(stream)) [[unlikely]]
    wait_for(gpu, stream);
}

} // namespace torch::cuda

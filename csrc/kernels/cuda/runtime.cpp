#include "kernels/cuda/runtime.h"

#include "kernels/cuda/blas.h"
#include "kernels/cuda/cudnn.h"
#include "kernels/cuda/graph.h"
#include "kernels/cuda/philox.h"
#include "kernels/cuda/pinned.h"
#include "kernels/cuda/table.h"

#include <cstdlib>
#include <cstring>

namespace torch::cuda {

namespace {

constexpr size_t kPoolStreams = 32; // of each priority, as in PyTorch

struct ThreadState {
  int device = 0;
  int context_of = -1; // whose context this thread has
  Stream streams[kMaxDevices] = {};
};
thread_local ThreadState state;

std::atomic<Gpu*> gpus[kMaxDevices];

Gpu* open_gpu(int index) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (Gpu* const there = gpus[index].load(std::memory_order_acquire)) return there;
  const Driver& d = driver();
  auto gpu = std::make_unique<Gpu>();
  gpu->index = index;
  check_status(d.device_get(&gpu->handle, index), "cuDeviceGet");
  check_status(d.retain_context(&gpu->context, gpu->handle), "cuDevicePrimaryCtxRetain");
  check_status(d.set_context(gpu->context), "cuCtxSetCurrent");
  state.context_of = index;
  const auto attribute = [&](Attribute which) {
    int value = 0;
    check_status(d.device_attribute(&value, which, gpu->handle), "cuDeviceGetAttribute");
    return value;
  };
  check(attribute(kVirtualMemory) != 0, "CUDA device ", index, " cannot map memory by chunks (cuMemMap)");
  gpu->multiprocessors = attribute(kMultiprocessors);
  gpu->threads_per_multiprocessor = attribute(kThreadsPerMultiprocessor);
  gpu->compute_capability = 10 * attribute(kMajor) + attribute(kMinor);
  gpu->allocator =
      std::make_unique<Allocator>(d, gpu->handle, parse_settings(std::getenv("PYTORCH_CUDA_ALLOC_CONF")));
  void* record = nullptr;
  check_status(d.host_alloc(&record, sizeof(FailureRecord), kHostPortable), "cuMemHostAlloc");
  gpu->failures = new (record) FailureRecord{};
  gpus[index].store(gpu.get(), std::memory_order_release);
  return gpu.release();
}

Stream as_stream(StreamHandle handle) { return reinterpret_cast<Stream>(handle); }
Event as_event(EventHandle handle) { return reinterpret_cast<Event>(handle); }

std::string failure_text(const FailureRecord& record, int device, ErrorKind& kind) {
  kind = ErrorKind::Runtime;
  const std::string where =
      concat(" (in a kernel on cuda:", device,
             ", which may have been launched some lines before; CUDA_LAUNCH_BLOCKING=1 makes "
             "every launch wait, so that the line is the right one)");
  switch (static_cast<Failed>(record.kind)) {
  case Failed::ZeroDivision:
    return "ZeroDivisionError" + where;
  case Failed::IndexRange:
    kind = ErrorKind::Index;
    return concat("index ", record.value, " is out of bounds for dimension with size ", record.bound, where);
  case Failed::NotProbability:
    return "all elements of input should be between 0 and 1" + where;
  case Failed::Pivot:
    return concat("pivots passed to lu_unpack must be between 1 and LU.size(-2) inclusive, but one is ",
                  record.value, ". Did you properly pass the result of lu_factor?", where);
  case Failed::PoissonRate:
    return "invalid Poisson rate, expected rate to be non-negative" + where;
  case Failed::InfiniteCount:
    return "binomial: expected finite counts, got inf" + where;
  case Failed::Nothing:
    break;
  }
  return concat("a kernel reported a failure of kind ", record.kind, where);
}

class CudaBackend final : public Backend {
public:
  const KernelTable& kernels() override { return kernel_table(); }

  int device_count() override { return std::min(count_devices(), kMaxDevices); }
  void initialize() override { use(state.device); }
  bool is_initialized() override { return driver_is_initialized(); }
  int current_device() override {
    initialize();
    return state.device;
  }
  void set_device(int index) override {
    const int given = state.device;
    state.device = index;
    try {
      use(index);
    } catch (...) {
      state.device = given;
      throw;
    }
  }
  void synchronize(int device) override {
    Gpu& gpu = use(device);
    check_status(driver().synchronize(), "cuCtxSynchronize");
    check_failures(gpu);
  }
  DeviceProperties properties(int device) override;
  bool can_access_peer(int device, int peer) override {
    int can = 0;
    check_status(driver().can_access_peer(&can, use(device).handle, use(peer).handle),
                 "cuDeviceCanAccessPeer");
    return can != 0;
  }

  void random_state(int device, uint64_t& seed, uint64_t& offset) override {
    const PhiloxState state = philox_state(device);
    seed = state.seed;
    offset = state.offset;
  }
  void set_random_state(int device, uint64_t seed, uint64_t offset) override {
    check(device < kMaxDevices, "there is no cuda:", device);
    set_philox_state(device, {seed, offset});
  }
  void allow_tf32(bool allow) override { torch::cuda::allow_tf32(allow); }
  void set_convolutions(const ConvolutionSwitches& switches) override {
    torch::cuda::set_convolutions(switches);
  }
  int64_t cudnn_version() override { return torch::cuda::cudnn_version(); }

  void* allocate(int64_t bytes, int device) override {
    return use(device).allocator->allocate(bytes, torch::cuda::current_stream(device));
  }
  void free(void* data, int device) noexcept override {
    Gpu* const gpu = gpus[device].load(std::memory_order_acquire);
    if (!gpu) return;
    try {
      if (driver_is_initialized()) use(device);
      gpu->allocator->free(data);
    } catch (const Error&) { // the context is gone, and the memory with it
    }
  }
  void copy(void* to, const void* from, int64_t bytes, int device) override {
    use(device);
    check_status(driver().copy(reinterpret_cast<Address>(to), reinterpret_cast<Address>(from),
                               static_cast<size_t>(bytes), torch::cuda::current_stream(device)),
                 "cuMemcpyAsync");
  }
  void record_stream(void* data, int device, StreamHandle stream) override {
    use(device).allocator->record_stream(data, as_stream(stream));
  }
  void* pin(int64_t bytes) override { return torch::cuda::pin(bytes); }
  void unpin(void* data) noexcept override { torch::cuda::unpin(data); }
  bool is_pinned(const void* data) override { return torch::cuda::is_pinned(data); }
  void release_cache() override {
    for (int i = 0; i < kMaxDevices; ++i)
      if (Gpu* const gpu = gpus[i].load(std::memory_order_acquire)) {
        use(i);
        gpu->allocator->release_cache();
      }
  }
  void set_memory_fraction(int device, double fraction) override {
    use(device).allocator->set_fraction(fraction);
  }
  void memory_info(int device, size_t& free, size_t& total) override {
    use(device);
    check_status(driver().memory_info(&free, &total), "cuMemGetInfo");
  }
  std::vector<NamedCount> memory_stats(int device) override;
  void reset_memory_stats(int device, bool peaks) override {
    Allocator& allocator = *use(device).allocator;
    peaks ? allocator.reset_peaks() : allocator.reset_totals();
  }

  StreamHandle current_stream(int device) override {
    use(device);
    return reinterpret_cast<StreamHandle>(state.streams[device]);
  }
  void set_stream(int device, StreamHandle stream) override {
    use(device);
    state.streams[device] = as_stream(stream);
  }
  StreamHandle new_stream(int device, int priority) override {
    Gpu& gpu = use(device);
    const std::lock_guard lock(gpu.mutex);
    const int kind = priority < 0 ? 1 : 0;
    auto& pool = gpu.pool[kind];
    const size_t at = gpu.next_stream[kind]++ % kPoolStreams;
    if (at == pool.size()) {
      int least = 0, greatest = 0;
      check_status(driver().priority_range(&least, &greatest), "cuCtxGetStreamPriorityRange");
      Stream stream = nullptr;
      check_status(driver().stream_create(&stream, kNonBlocking, kind ? greatest : least),
                   "cuStreamCreateWithPriority");
      pool.push_back(stream);
    }
    return reinterpret_cast<StreamHandle>(pool[at]);
  }
  bool stream_done(int device, StreamHandle stream) override {
    use(device);
    return is_done(driver().stream_query(as_stream(stream)), "cuStreamQuery");
  }
  void stream_synchronize(int device, StreamHandle stream) override {
    wait_for(use(device), as_stream(stream));
  }
  void stream_wait(int device, StreamHandle stream, EventHandle event) override {
    use(device);
    check_status(driver().stream_wait(as_stream(stream), as_event(event), 0), "cuStreamWaitEvent");
  }
  EventHandle new_event(int device, bool timing) override {
    use(device);
    Event event = nullptr;
    check_status(driver().event_create(&event, timing ? 0 : kNoTiming), "cuEventCreate");
    return reinterpret_cast<EventHandle>(event);
  }
  void delete_event(EventHandle event) noexcept override {
    if (driver_is_initialized()) driver().event_destroy(as_event(event));
  }
  void record_event(int device, EventHandle event, StreamHandle stream) override {
    use(device);
    check_status(driver().event_record(as_event(event), as_stream(stream)), "cuEventRecord");
  }
  bool event_done(EventHandle event) override {
    return is_done(driver().event_query(as_event(event)), "cuEventQuery");
  }
  void event_synchronize(EventHandle event) override {
    check_status(driver().event_synchronize(as_event(event)), "cuEventSynchronize");
  }
  double milliseconds_between(EventHandle begin, EventHandle end) override {
    float milliseconds = 0;
    check_status(driver().event_elapsed(&milliseconds, as_event(begin), as_event(end)), "cuEventElapsedTime");
    return milliseconds;
  }

  uint64_t new_graph_pool() override { return torch::cuda::new_graph_pool(); }
  GraphHandle new_graph() override { return torch::cuda::new_graph(); }
  void delete_graph(GraphHandle graph) noexcept override { torch::cuda::delete_graph(graph); }
  void begin_capture(GraphHandle graph, int device, uint64_t pool, int mode) override {
    torch::cuda::begin_capture(graph, device, pool, mode);
  }
  void end_capture(GraphHandle graph) override { torch::cuda::end_capture(graph); }
  void replay(GraphHandle graph) override { torch::cuda::replay(graph); }
  void reset_graph(GraphHandle graph) override { torch::cuda::reset_graph(graph); }
  uint64_t graph_pool(GraphHandle graph) override { return torch::cuda::graph_pool(graph); }
  void print_graph(GraphHandle graph, const char* path) override { torch::cuda::print_graph(graph, path); }
  void keep_graph(GraphHandle graph) override { torch::cuda::keep_graph(graph); }
  bool is_capturing(int device) override {
    use(device);
    return is_captured(torch::cuda::current_stream(device));
  }

private:
  static bool is_done(Status status, const char* what) {
    if (status == kNotReady) return false;
    check_status(status, what);
    return true;
  }
};

DeviceProperties CudaBackend::properties(int device) {
  const Gpu& gpu = use(device);
  const Driver& d = driver();
  const auto attribute = [&](Attribute which) {
    int value = 0;
    check_status(d.device_attribute(&value, which, gpu.handle), "cuDeviceGetAttribute");
    return value;
  };
  DeviceProperties p;
  char name[256] = {};
  check_status(d.device_name(name, sizeof name, gpu.handle), "cuDeviceGetName");
  p.name = name;
  unsigned char uuid[16] = {};
  check_status(d.device_uuid(&uuid, gpu.handle), "cuDeviceGetUuid");
  for (int i = 0; i < 16; ++i) {
    static constexpr char kDigits[] = "0123456789abcdef";
    if (i == 4 || i == 6 || i == 8 || i == 10) p.uuid += '-';
    p.uuid += kDigits[uuid[i] >> 4];
    p.uuid += kDigits[uuid[i] & 15];
  }
  size_t total = 0;
  check_status(d.device_memory(&total, gpu.handle), "cuDeviceTotalMem");
  p.total_memory = static_cast<int64_t>(total);
  p.major = gpu.compute_capability / 10;
  p.minor = gpu.compute_capability % 10;
  p.multi_processor_count = gpu.multiprocessors;
  p.warp_size = attribute(kWarpSize);
  p.max_threads_per_multi_processor = attribute(kThreadsPerMultiprocessor);
  p.regs_per_multiprocessor = attribute(kRegistersPerMultiprocessor);
  p.shared_memory_per_block = attribute(kSharedMemoryPerBlock);
  p.shared_memory_per_block_optin = attribute(kSharedMemoryPerBlockOptin);
  p.shared_memory_per_multiprocessor = attribute(kSharedMemoryPerMultiprocessor);
  p.l2_cache_size = attribute(kL2Bytes);
  p.is_integrated = attribute(kIntegrated) != 0;
  p.is_multi_gpu_board = attribute(kMultiGpuBoard) != 0;
  p.pci_domain_id = attribute(kPciDomain);
  p.pci_bus_id = attribute(kPciBus);
  p.pci_device_id = attribute(kPciDevice);
  return p;
}

std::vector<NamedCount> CudaBackend::memory_stats(int device) {
  const MemoryStats s = use(device).allocator->stats();
  std::vector<NamedCount> out;
  const auto add = [&](const char* name, const MemoryStats::Pools& pools) {
    static constexpr const char* kPools[] = {"all", "small_pool", "large_pool"};
    for (int p = 0; p < 3; ++p) {
      const Counter& c = pools.of[p];
      const std::pair<const char*, int64_t> values[] = {
          {"current", c.current}, {"peak", c.peak}, {"allocated", c.gained}, {"freed", c.lost}};
      for (const auto& [kind, value] : values)
        out.push_back({concat(name, ".", kPools[p], ".", kind), value});
    }
  };
  add("allocation", s.allocation);
  add("segment", s.segment);
  add("active", s.active);
  add("requested_bytes", s.requested_bytes);
  add("allocated_bytes", s.allocated_bytes);
  add("active_bytes", s.active_bytes);
  add("reserved_bytes", s.reserved_bytes);
  out.push_back({"num_alloc_retries", s.retries});
  out.push_back({"num_ooms", s.failures});
  return out;
}

} // namespace

int current_device() { return state.device; }
int context_of_thread() { return state.context_of; }
Stream current_stream(int device) { return state.streams[device]; }

Gpu& use(int device) {
  const Driver& d = driver();
  if (device < 0) device = state.device;
  Gpu* gpu = device < kMaxDevices ? gpus[device].load(std::memory_order_acquire) : nullptr;
  if (!gpu) [[unlikely]] {
    int count = 0;
    check_status(d.device_count(&count), "cuDeviceGetCount");
    check(count > 0, "No CUDA GPUs are available");
    check(device < std::min(count, kMaxDevices),
          "CUDA error: invalid device ordinal: there is no cuda:", device,
          ", the last one is cuda:", count - 1);
    gpu = open_gpu(device);
  }
  if (state.context_of != device) {
    check_status(d.set_context(gpu->context), "cuCtxSetCurrent");
    state.context_of = device;
  }
  return *gpu;
}

void check_failures(Gpu& gpu) {
  if (*static_cast<volatile int32_t*>(&gpu.failures->kind) == 0) [[likely]]
    return;
  if (captures_under_way()) return; // waiting would break them: it is raised afterwards
  driver().synchronize();           // so that no kernel writes the record any more
  const FailureRecord record = *gpu.failures;
  *gpu.failures = {};
  ErrorKind kind{};
  const std::string text = failure_text(record, gpu.index, kind);
  fail(kind, text);
}

void wait_for(Gpu& gpu, Stream stream) {
  check_status(driver().stream_synchronize(stream), "cuStreamSynchronize");
  check_failures(gpu);
}

Backend& backend() {
  static CudaBackend* const the_one = new CudaBackend; // outlives the tensors of other static objects
  return *the_one;
}

} // namespace torch::cuda

extern "C" __attribute__((visibility("default"))) torch::Backend* torch_cuda_backend() {
  return &torch::cuda::backend();
}

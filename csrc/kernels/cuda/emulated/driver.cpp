// A stand-in for the driver (libcuda.so.1) and its management library, for machines without a GPU: memory is
// the host's, and kernels are those of emulated/kernels.cpp, which the host compiler makes of the sources
// that nvcc compiles. Tests open it by TORCH_CUDA_DRIVER. What it shows of a GPU: addresses are mapped by
// chunks and touching others ends the process; streams can be held, so that what is behind an event is not
// done yet; calls can be made to fail. What a captured stream is given is kept and done when the graph is
// launched.
//
// Launches run at once, one block after the other. The threads of a block are contexts of one thread of the
// host, which change at barriers.
#include "kernels/cuda/device/failure_record.h"
#include "kernels/cuda/driver_api.h"
#include "kernels/cuda/emulated/threads.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace torch::emulated {

Index thread_index, block_index, block_size, grid_size;

bool record(cuda::Stream stream,
            std::function<void()> work); // of a library's work: false if it is to be done now

namespace {

using cuda::Address;
using cuda::Status;

// What was put on captured streams, in order.
struct Recording {
  std::vector<std::function<void()>> work;
  bool broken = false;
};
struct Stream {
  bool held = false;
  Recording* capture = nullptr;
  int64_t order = 0; // of the last thing that was put on it
};
struct Event {
  Stream* stream = nullptr;
  Recording* capture = nullptr;
  int64_t order = 0;
  std::chrono::steady_clock::time_point at;
};
struct State {
  std::recursive_mutex mutex;
  int devices = std::getenv("TORCH_EMULATED_DEVICES") ? std::atoi(std::getenv("TORCH_EMULATED_DEVICES")) : 1;
  size_t memory = std::getenv("TORCH_EMULATED_MEMORY")
                      ? std::strtoull(std::getenv("TORCH_EMULATED_MEMORY"), nullptr, 0)
                      : size_t{1} << 30;
  std::vector<size_t> used = std::vector<size_t>(64, 0);
  std::map<uint64_t, std::pair<int, size_t>> physical; // device and bytes
  uint64_t next_physical = 1;
  std::set<Stream*> streams;
  Stream defaults[64];
  std::string failing; // the next call of this name fails
  Status failing_with = 0;
  std::map<std::string, int64_t> calls;
  std::vector<std::string> launches;
  std::map<std::string, void*> kernels;
  bool initialized = false;
};
State& state() {
  static State* const s = new State;
  return *s;
}
thread_local int device_of_thread = 0;

Stream& stream_of(cuda::Stream s) {
  return s ? *reinterpret_cast<Stream*>(s) : state().defaults[device_of_thread];
}

// Does it now, or when the graph is launched that captures the stream.
template <class F> Status put(cuda::Stream on, F work) {
  Stream& stream = stream_of(on);
  ++stream.order;
  if (stream.capture)
    stream.capture->work.emplace_back(std::move(work));
  else
    work();
  return 0;
}
// What would have to wait breaks a capture.
Status refuse_captured(Stream& stream) {
  if (!stream.capture) return 0;
  stream.capture->broken = true;
  return cuda::kCannotBeCaptured;
}
// Counts the call; what it has to fail with, or success.
Status called(const char* name) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  ++s.calls[name];
  if (s.failing != name) return 0;
  s.failing.clear();
  return s.failing_with;
}

// ---- a block of threads ----

constexpr size_t kStack = 128 << 10;
struct Block {
  struct Thread {
    ucontext_t context;
    bool done = false;
    uint64_t value = 0; // given to exchange()
  };
  std::vector<Thread> threads;
  std::unique_ptr<char[]> stacks;
  ucontext_t scheduler;
  unsigned running = 0;
  void (*kernel)(void**) = nullptr;
  void** params = nullptr;
};
Block* block = nullptr;

void run_thread() {
  block->kernel(block->params);
  block->threads[block->running].done = true;
  swapcontext(&block->threads[block->running].context, &block->scheduler);
}

void yield() {
  const unsigned own = block->running;
  swapcontext(&block->threads[own].context, &block->scheduler);
}

void run_block(unsigned count) {
  for (unsigned t = 0; t < count; ++t) {
    Block::Thread& thread = block->threads[t];
    thread.done = false;
    getcontext(&thread.context);
    thread.context.uc_stack.ss_sp = block->stacks.get() + t * kStack;
    thread.context.uc_stack.ss_size = kStack;
    thread.context.uc_link = nullptr;
    makecontext(&thread.context, run_thread, 0);
  }
  // Each round goes from one barrier to the next.
  for (bool any = true; any;) {
    any = false;
    for (unsigned t = 0; t < count; ++t) {
      if (block->threads[t].done) continue;
      block->running = t;
      thread_index = {t, 0, 0};
      swapcontext(&block->scheduler, &block->threads[t].context);
      any |= !block->threads[t].done;
    }
  }
}

void* own_library() {
  Dl_info own;
  return dladdr(reinterpret_cast<void*>(&state), &own) ? dlopen(own.dli_fname, RTLD_NOW) : nullptr;
}

} // namespace

bool record(cuda::Stream stream, std::function<void()> work) {
  Recording* const capture = stream_of(stream).capture;
  if (capture) capture->work.push_back(std::move(work));
  return capture != nullptr;
}

void wait_for_block() { yield(); }
unsigned lane_id() { return thread_index.x % 32; }
uint64_t exchange(uint64_t value, unsigned from) {
  const unsigned own = block->running;
  block->threads[own].value = value;
  yield();
  const uint64_t got = block->threads[own / 32 * 32 + from].value;
  yield(); // nobody gives the next value before all have this one
  return got;
}

} // namespace torch::emulated

using namespace torch::emulated;
namespace api = torch::cuda;

#define TORCH_CALLED(name)                                                                                   \
  if (const Status injected = called(#name)) return injected

extern "C" {

// ---- for tests ----
void emulated_fail(const char* call, int status) {
  state().failing = call;
  state().failing_with = status;
}
int64_t emulated_calls(const char* call) { return state().calls[call]; }
void emulated_set_memory(size_t bytes) { state().memory = bytes; }
void emulated_hold(uint64_t stream, int held) {
  stream_of(reinterpret_cast<api::Stream>(stream)).held = held != 0;
}
// Names of the kernels that were launched since the last time, one a line.
const char* emulated_launches() {
  static std::string text;
  text.clear();
  for (const std::string& name : state().launches) text += name + "\n";
  state().launches.clear();
  return text.c_str();
}

// ---- the management library ----
int nvmlInit_v2() { return 0; }
int nvmlShutdown() { return 0; }
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(state().devices);
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = reinterpret_cast<void*>(static_cast<uintptr_t>(index + 1));
  return 0;
}
int nvmlDeviceGetUUID(void* device, char* text, unsigned room) {
  std::snprintf(text, room, "GPU-%08x-0000-0000-0000-000000000000",
                static_cast<unsigned>(reinterpret_cast<uintptr_t>(device)));
  return 0;
}

// ---- the driver ----
Status cuInit(unsigned) {
  TORCH_CALLED(cuInit);
  state().initialized = true;
  return state().devices > 0 ? 0 : api::kNoDevice;
}
Status cuDriverGetVersion(int* version) {
  *version = 13000;
  return 0;
}
Status cuGetErrorName(Status status, const char** text) {
  *text = status == api::kOutOfMemory ? "CUDA_ERROR_OUT_OF_MEMORY"
          : status == 700             ? "CUDA_ERROR_ILLEGAL_ADDRESS"
                                      : "CUDA_ERROR";
  return 0;
}
Status cuGetErrorString(Status status, const char** text) {
  *text = status == api::kOutOfMemory ? "out of memory"
          : status == 700             ? "an illegal memory access was encountered"
                                      : "error";
  return 0;
}
Status cuDeviceGetCount(int* count) {
  TORCH_CALLED(cuDeviceGetCount);
  if (!state().initialized) return api::kNotInitialized;
  *count = state().devices;
  return 0;
}
Status cuDeviceGet(int* device, int index) {
  *device = index;
  return index < state().devices ? 0 : 101;
}
Status cuDeviceGetName(char* name, int room, int device) {
  std::snprintf(name, static_cast<size_t>(room), "Emulated GPU %d", device);
  return 0;
}
Status cuDeviceGetUuid_v2(unsigned char (*uuid)[16], int device) {
  std::memset(uuid, 0, 16);
  (*uuid)[3] = static_cast<unsigned char>(device + 1);
  return 0;
}
Status cuDeviceTotalMem_v2(size_t* bytes, int) {
  *bytes = state().memory;
  return 0;
}
Status cuDeviceGetAttribute(int* value, int attribute, int) {
  switch (attribute) {
  case api::kMajor:
    *value = 9;
    break;
  case api::kMinor:
    *value = 0;
    break;
  case api::kMultiprocessors:
    *value = 4;
    break;
  case api::kThreadsPerMultiprocessor:
    *value = 2048;
    break;
  case api::kWarpSize:
    *value = 32;
    break;
  case api::kVirtualMemory:
    *value = 1;
    break;
  case api::kMaxThreadsPerBlock:
    *value = 1024;
    break;
  default:
    *value = 0;
  }
  return 0;
}
Status cuDeviceCanAccessPeer(int* can, int device, int peer) {
  *can = device != peer;
  return 0;
}
Status cuDevicePrimaryCtxRetain(api::Context* context, int device) {
  TORCH_CALLED(cuDevicePrimaryCtxRetain);
  *context = reinterpret_cast<api::Context>(static_cast<uintptr_t>(device + 1));
  return 0;
}
Status cuCtxSetCurrent(api::Context context) {
  device_of_thread = static_cast<int>(reinterpret_cast<uintptr_t>(context)) - 1;
  return 0;
}
Status cuCtxGetCurrent(api::Context* context) {
  *context = reinterpret_cast<api::Context>(static_cast<uintptr_t>(device_of_thread + 1));
  return 0;
}
Status cuCtxSynchronize() {
  TORCH_CALLED(cuCtxSynchronize);
  for (Stream* const stream : state().streams)
    if (const Status refused = refuse_captured(*stream)) return refused;
  return 0;
}
Status cuCtxGetStreamPriorityRange(int* least, int* greatest) {
  *least = 0;
  *greatest = -5;
  return 0;
}
Status cuMemGetInfo_v2(size_t* free, size_t* total) {
  const State& s = state();
  *total = s.memory;
  *free = s.memory - std::min(s.memory, s.used[static_cast<size_t>(device_of_thread)]);
  return 0;
}
Status cuMemGetAllocationGranularity(size_t* bytes, const api::MemoryProperties*, int) {
  *bytes = size_t{2} << 20;
  return 0;
}
Status cuMemAddressReserve(Address* at, size_t bytes, size_t, Address, unsigned long long) {
  TORCH_CALLED(cuMemAddressReserve);
  void* const p = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  *at = reinterpret_cast<Address>(p);
  return p == MAP_FAILED ? api::kOutOfMemory : 0;
}
Status cuMemAddressFree(Address at, size_t bytes) {
  return munmap(reinterpret_cast<void*>(at), bytes) ? api::kInvalidValue : 0;
}
Status cuMemCreate(api::Physical* handle, size_t bytes, const api::MemoryProperties* properties,
                   unsigned long long) {
  TORCH_CALLED(cuMemCreate);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  size_t& used = s.used[static_cast<size_t>(properties->location.id)];
  if (used + bytes > s.memory) return api::kOutOfMemory;
  used += bytes;
  *handle = s.next_physical++;
  s.physical[*handle] = {properties->location.id, bytes};
  return 0;
}
Status cuMemRelease(api::Physical handle) {
  TORCH_CALLED(cuMemRelease);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  const auto at = s.physical.find(handle);
  if (at == s.physical.end()) return api::kInvalidValue;
  s.used[static_cast<size_t>(at->second.first)] -= at->second.second;
  s.physical.erase(at);
  return 0;
}
Status cuMemMap(Address, size_t, size_t, api::Physical handle, unsigned long long) {
  TORCH_CALLED(cuMemMap);
  return state().physical.count(handle) ? 0 : api::kInvalidValue;
}
Status cuMemSetAccess(Address at, size_t bytes, const api::MemoryAccess*, size_t) {
  TORCH_CALLED(cuMemSetAccess);
  if (mprotect(reinterpret_cast<void*>(at), bytes, PROT_READ | PROT_WRITE)) return api::kInvalidValue;
  std::memset(reinterpret_cast<void*>(at), 0xa5, bytes); // what is read before it is written shows
  return 0;
}
Status cuMemUnmap(Address at, size_t bytes) {
  TORCH_CALLED(cuMemUnmap);
  void* const p = reinterpret_cast<void*>(at);
  return madvise(p, bytes, MADV_DONTNEED) || mprotect(p, bytes, PROT_NONE) ? api::kInvalidValue : 0;
}
Status cuMemHostAlloc(void** at, size_t bytes, unsigned) {
  return (*at = std::calloc(1, bytes)) ? 0 : api::kOutOfMemory;
}
Status cuMemFreeHost(void* at) {
  std::free(at);
  return 0;
}
Status cuMemcpyAsync(Address to, Address from, size_t bytes, api::Stream stream) {
  TORCH_CALLED(cuMemcpyAsync);
  return put(stream,
             [=] { std::memcpy(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes); });
}
Status cuMemcpyPeerAsync(Address to, api::Context, Address from, api::Context, size_t bytes,
                         api::Stream stream) {
  TORCH_CALLED(cuMemcpyPeerAsync);
  return put(stream,
             [=] { std::memcpy(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes); });
}
Status cuMemsetD8Async(Address to, unsigned char value, size_t bytes, api::Stream stream) {
  TORCH_CALLED(cuMemsetD8Async);
  return put(stream, [=] { std::memset(reinterpret_cast<void*>(to), value, bytes); });
}
Status cuStreamCreateWithPriority(api::Stream* stream, unsigned, int) {
  TORCH_CALLED(cuStreamCreateWithPriority);
  auto* const made = new Stream;
  const std::lock_guard lock(state().mutex);
  state().streams.insert(made);
  *stream = reinterpret_cast<api::Stream>(made);
  return 0;
}
Status cuStreamDestroy_v2(api::Stream stream) {
  const std::lock_guard lock(state().mutex);
  state().streams.erase(reinterpret_cast<Stream*>(stream));
  delete reinterpret_cast<Stream*>(stream);
  return 0;
}
Status cuStreamQuery(api::Stream stream) {
  TORCH_CALLED(cuStreamQuery);
  if (const Status refused = refuse_captured(stream_of(stream))) return refused;
  return stream_of(stream).held ? api::kNotReady : 0;
}
Status cuStreamSynchronize(api::Stream stream) {
  TORCH_CALLED(cuStreamSynchronize);
  return refuse_captured(stream_of(stream));
}
Status cuStreamWaitEvent(api::Stream stream, api::Event event, unsigned) {
  TORCH_CALLED(cuStreamWaitEvent);
  // A stream that waits for a captured one is captured as well.
  if (auto* const capture = reinterpret_cast<Event*>(event)->capture) stream_of(stream).capture = capture;
  return 0;
}
Status cuStreamBeginCapture_v2(api::Stream stream, int) {
  TORCH_CALLED(cuStreamBeginCapture);
  if (!stream || stream_of(stream).capture) return api::kCannotBeCaptured;
  stream_of(stream).capture = new Recording;
  return 0;
}
Status cuStreamEndCapture(api::Stream stream, api::Graph* graph) {
  TORCH_CALLED(cuStreamEndCapture);
  Recording* const recording = stream_of(stream).capture;
  if (!recording) return api::kInvalidValue;
  for (Stream* const each : state().streams)
    if (each->capture == recording) each->capture = nullptr;
  *graph = recording->broken ? nullptr : reinterpret_cast<api::Graph>(recording);
  if (!recording->broken) return 0;
  delete recording;
  return api::kCaptureInvalid;
}
Status cuStreamIsCapturing(api::Stream stream, int* status) {
  const Recording* const recording = stream_of(stream).capture;
  *status = !recording ? 0 : recording->broken ? 2 : 1;
  return 0;
}
Status cuThreadExchangeStreamCaptureMode(int* mode) {
  thread_local int own = 0;
  std::swap(own, *mode);
  return 0;
}
Status cuGraphGetNodes(api::Graph graph, api::GraphNode*, size_t* count) {
  *count = reinterpret_cast<Recording*>(graph)->work.size();
  return 0;
}
Status cuGraphInstantiateWithFlags(api::GraphExec* made, api::Graph graph, unsigned long long) {
  TORCH_CALLED(cuGraphInstantiate);
  *made = reinterpret_cast<api::GraphExec>(new Recording(*reinterpret_cast<Recording*>(graph)));
  return 0;
}
Status cuGraphLaunch(api::GraphExec graph, api::Stream stream) {
  TORCH_CALLED(cuGraphLaunch);
  ++stream_of(stream).order;
  for (const auto& work : reinterpret_cast<Recording*>(graph)->work) work();
  return 0;
}
Status cuGraphDebugDotPrint(api::Graph graph, const char* path, unsigned) {
  std::ofstream file(path);
  file << "digraph { /* " << reinterpret_cast<Recording*>(graph)->work.size() << " nodes */ }\n";
  return file ? 0 : api::kInvalidValue;
}
Status cuGraphDestroy(api::Graph graph) {
  delete reinterpret_cast<Recording*>(graph);
  return 0;
}
Status cuGraphExecDestroy(api::GraphExec graph) {
  delete reinterpret_cast<Recording*>(graph);
  return 0;
}
Status cuEventCreate(api::Event* event, unsigned) {
  TORCH_CALLED(cuEventCreate);
  *event = reinterpret_cast<api::Event>(new Event);
  return 0;
}
Status cuEventDestroy_v2(api::Event event) {
  TORCH_CALLED(cuEventDestroy);
  delete reinterpret_cast<Event*>(event);
  return 0;
}
Status cuEventRecord(api::Event event, api::Stream stream) {
  TORCH_CALLED(cuEventRecord);
  auto* const e = reinterpret_cast<Event*>(event);
  e->stream = &stream_of(stream);
  e->capture = e->stream->capture;
  e->order = ++e->stream->order;
  e->at = std::chrono::steady_clock::now();
  return 0;
}
Status cuEventQuery(api::Event event) {
  TORCH_CALLED(cuEventQuery);
  const auto* const e = reinterpret_cast<const Event*>(event);
  if (e->capture) return api::kCannotBeCaptured;
  return e->stream && e->stream->held ? api::kNotReady : 0;
}
Status cuEventSynchronize(api::Event event) {
  TORCH_CALLED(cuEventSynchronize);
  if (auto* const e = reinterpret_cast<Event*>(event); e->stream) e->stream->held = false; // it gets there
  return 0;
}
Status cuEventElapsedTime(float* milliseconds, api::Event begin, api::Event end) {
  const auto *const b = reinterpret_cast<Event*>(begin), *const e = reinterpret_cast<Event*>(end);
  if (!b->stream || !e->stream) return 400;
  *milliseconds = std::chrono::duration<float, std::milli>(e->at - b->at).count();
  return 0;
}
Status cuLibraryLoadData(api::Image* image, const void*, int*, void**, unsigned, int*, void**, unsigned) {
  TORCH_CALLED(cuLibraryLoadData);
  *image = reinterpret_cast<api::Image>(1);
  return 0;
}
Status cuLibraryGetKernel(api::Kernel* kernel, api::Image, const char* name) {
  TORCH_CALLED(cuLibraryGetKernel);
  static void* const self = own_library();
  void* const found = dlsym(self, name);
  if (!found) return api::kNotFound;
  const std::lock_guard lock(state().mutex);
  state().kernels[name] = found;
  *kernel = reinterpret_cast<api::Kernel>(found);
  return 0;
}
Status cuLibraryGetGlobal(Address* at, size_t* bytes, api::Image, const char* name) {
  static void* const self = own_library();
  void* const found = dlsym(self, name);
  *at = reinterpret_cast<Address>(found);
  *bytes = sizeof(void*);
  return found ? 0 : api::kNotFound;
}
Status cuLaunchKernel(api::Kernel kernel, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                      unsigned block_y, unsigned block_z, unsigned, api::Stream stream, void** params,
                      void**) {
  TORCH_CALLED(cuLaunchKernel);
  if (!grid_x || !grid_y || !grid_z || !block_x || block_y != 1 || block_z != 1 || block_x > 1024)
    return api::kInvalidValue;
  State& s = state();
  const std::lock_guard lock(s.mutex);
  ++stream_of(stream).order;
  std::string called;
  for (const auto& [name, at] : s.kernels)
    if (at == kernel) s.launches.push_back(called = name);
  if (Recording* const capture = stream_of(stream).capture) {
    static void* const self = own_library();
    const auto* const bytes = static_cast<const unsigned*>(dlsym(self, (called + "_bytes").c_str()));
    const auto* const from = static_cast<const char*>(params[0]);
    capture->work.emplace_back([=, args = std::vector<char>(from, from + *bytes)]() mutable {
      void* own[] = {args.data()};
      cuLaunchKernel(kernel, grid_x, grid_y, grid_z, block_x, block_y, block_z, 0, nullptr, own, nullptr);
    });
    return 0;
  }
  static Block* const the_block = new Block;
  block = the_block;
  if (block->threads.size() < block_x) {
    block->threads.resize(block_x);
    block->stacks = std::make_unique<char[]>(block_x * kStack);
  }
  block->kernel = reinterpret_cast<void (*)(void**)>(kernel);
  block->params = params;
  block_size = {block_x, 1, 1};
  grid_size = {grid_x, grid_y, grid_z};
  for (unsigned z = 0; z < grid_z; ++z)
    for (unsigned y = 0; y < grid_y; ++y)
      for (unsigned x = 0; x < grid_x; ++x) {
        block_index = {x, y, z};
        run_block(block_x);
      }
  return 0;
}

} // extern "C"

extern "C" {
torch::FailureRecord* torch_failure_record = nullptr;
}

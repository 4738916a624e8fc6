// A device other than the CPU as the rest of the library sees it. What is behind it lies in a library of its
// own (libtorch_cuda.so), which is opened when something is first asked of it; nothing else refers to that.
#pragma once

#include "core/device.h"
#include "core/error.h"
#include "core/storage.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace torch {

struct KernelTable; // kernels/table.h

using StreamHandle = uint64_t;
using EventHandle = uint64_t;
using GraphHandle = uint64_t;

struct DeviceProperties {
  std::string name, uuid;
  int major = 0, minor = 0;
  int64_t total_memory = 0;
  int multi_processor_count = 0, warp_size = 0, max_threads_per_multi_processor = 0,
      regs_per_multiprocessor = 0;
  int64_t shared_memory_per_block = 0, shared_memory_per_block_optin = 0,
          shared_memory_per_multiprocessor = 0;
  int64_t l2_cache_size = 0;
  bool is_integrated = false, is_multi_gpu_board = false;
  int pci_domain_id = 0, pci_bus_id = 0, pci_device_id = 0;
};
struct NamedCount {
  std::string name;
  int64_t value;
};

// torch.backends.cudnn
struct ConvolutionSwitches {
  bool enabled = true, benchmark = false, deterministic = false, allow_tf32 = true;
  int benchmark_limit = 10; // ways that are timed; 0: all
};

class Backend {
public:
  virtual ~Backend();

  // Kernels of tensors on the device; an entry without one says so when it is called.
  virtual const KernelTable& kernels() = 0;

  // ---- devices ----
  // 0 where there is no such device. Makes no context, and a process may fork after it.
  virtual int device_count() = 0;
  // Opens the driver and makes it ready; all below does so by itself.
  virtual void initialize() = 0;
  virtual bool is_initialized() = 0;
  virtual int current_device() = 0; // of this thread
  virtual void set_device(int index) = 0;
  virtual void synchronize(int device) = 0;
  virtual DeviceProperties properties(int device) = 0;
  virtual bool can_access_peer(int device, int peer) = 0;
  // Seed of the device's generator, and what was drawn from it. Setting makes no context; a device below 0 is
  // all.
  virtual void random_state(int device, uint64_t& seed, uint64_t& offset) = 0;
  virtual void set_random_state(int device, uint64_t seed, uint64_t offset) = 0;
  // Products of float32 may round their factors to TF32.
  virtual void allow_tf32(bool allow) = 0;
  virtual void set_convolutions(const ConvolutionSwitches& switches) = 0;
  virtual int64_t cudnn_version() = 0; // 0 where it is not there

  // ---- memory, in the order of the current stream ----
  // 0 bytes give nullptr. Throws DeviceError(OutOfMemory).
  virtual void* allocate(int64_t bytes, int device) = 0;
  virtual void free(void* data, int device) noexcept = 0;
  virtual void copy(void* to, const void* from, int64_t bytes, int device) = 0; // on the device
  virtual void record_stream(void* data, int device, StreamHandle stream) = 0;
  virtual void release_cache() = 0;
  virtual void set_memory_fraction(int device, double fraction) = 0;
  virtual void memory_info(int device, size_t& free, size_t& total) = 0;
  virtual std::vector<NamedCount> memory_stats(int device) = 0; // with the names of torch.cuda.memory_stats
  virtual void reset_memory_stats(int device, bool peaks) = 0;  // peaks, or totals

  // ---- pinned memory of the host: devices read and write it by themselves ----
  virtual void* pin(int64_t bytes) = 0;
  virtual void unpin(void* data) noexcept = 0;
  virtual bool is_pinned(const void* data) = 0;

  // ---- streams and events; 0 is the default stream ----
  virtual StreamHandle current_stream(int device) = 0; // of this thread
  virtual void set_stream(int device, StreamHandle stream) = 0;
  virtual StreamHandle new_stream(int device, int priority) = 0; // from a pool that is gone through in turn
  virtual bool stream_done(int device, StreamHandle stream) = 0;
  virtual void stream_synchronize(int device, StreamHandle stream) = 0;
  virtual void stream_wait(int device, StreamHandle stream, EventHandle event) = 0;
  virtual EventHandle new_event(int device, bool timing) = 0;
  virtual void delete_event(EventHandle event) noexcept = 0;
  virtual void record_event(int device, EventHandle event, StreamHandle stream) = 0;
  virtual bool event_done(EventHandle event) = 0;
  virtual void event_synchronize(EventHandle event) = 0;
  virtual double milliseconds_between(EventHandle begin, EventHandle end) = 0;

  // ---- graphs: what a stream was given between two calls, to be done again at once ----
  virtual uint64_t new_graph_pool() = 0;
  virtual GraphHandle new_graph() = 0;
  virtual void delete_graph(GraphHandle graph) noexcept = 0;
  // Of the current stream of the device. Memory comes from the pool (0: one of its own), and belongs to what
  // was captured with it. `mode`: 0 global, 1 of this thread, 2 relaxed, as the driver numbers them.
  virtual void begin_capture(GraphHandle graph, int device, uint64_t pool, int mode) = 0;
  virtual void end_capture(GraphHandle graph) = 0;
  virtual void replay(GraphHandle graph) = 0;
  virtual void reset_graph(GraphHandle graph) = 0; // gives up what was captured, and its memory
  virtual uint64_t graph_pool(GraphHandle graph) = 0;
  virtual void print_graph(GraphHandle graph, const char* path) = 0;
  virtual void keep_graph(GraphHandle graph) = 0; // after capture, for print_graph
  virtual bool is_capturing(int device) = 0;      // the current stream
};

// A storage of pinned memory.
Storage pinned_storage(int64_t bytes);

// While there is one in this thread that allows it, copies between devices and the host may return before
// they are done (non_blocking=True).
class LaggingCopies {
public:
  explicit LaggingCopies(bool allow);
  ~LaggingCopies();
  LaggingCopies(const LaggingCopies&) = delete;
  LaggingCopies& operator=(const LaggingCopies&) = delete;
  static bool allowed();

private:
  bool given_;
};

class Generator;
// What a generator of a device keeps where those of the CPU have their words: how much was drawn from it; and
// whether it stands for the one that the device's ops use when none is given, whose state the backend has.
struct DeviceGeneratorState {
  uint64_t offset = 0;
  uint64_t is_default = 0;
};
DeviceGeneratorState device_state(const Generator& generator);
void set_device_state(Generator& generator, DeviceGeneratorState state);

// What Python knows as torch.AcceleratorError, with its own out-of-memory error: both are RuntimeErrors.
class DeviceError : public Error {
public:
  enum class What : uint8_t { Failure, OutOfMemory };
  DeviceError(What what, std::string text);
  ~DeviceError() override;
  What what_kind() const { return what_; }

private:
  What what_;
};

// The CUDA backend, or null where this build has none: libtorch_cuda.so is not beside libtorch.so.
Backend* find_cuda();
// The same, or an Unavailable.
Backend& cuda_backend();
// The backend of a device that tensors can be on: not the CPU, not meta. Unavailable for those that are only
// names.
Backend& backend_of(Device device);
// With the index of the current device where none is given; -1 for devices that are not numbered.
Device with_index(Device device);

} // namespace torch

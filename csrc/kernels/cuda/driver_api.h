// The part of the CUDA driver's interface that is used here, in its binary form. The driver (libcuda.so.1)
// comes with the machine and is opened at run time, so no toolkit is needed to compile what uses it; where
// there is one, the layout below is compared with the driver's own header (driver_check.cpp).
#pragma once

#include <cstddef>
#include <cstdint>

namespace torch::cuda {

using Status = int; // CUresult
constexpr Status kSuccess = 0, kInvalidValue = 1, kOutOfMemory = 2, kNotInitialized = 3, kNoDevice = 100,
                 kNotFound = 500, kNotReady = 600, kCannotBeCaptured = 900, kCaptureInvalid = 901;

using Address = unsigned long long; // CUdeviceptr
using Context = struct ContextObject*;
using Stream = struct StreamObject*; // null: the default stream
using Event = struct EventObject*;
using Image = struct ImageObject*;   // CUlibrary
using Kernel = struct KernelObject*; // CUkernel, which launches take for a CUfunction
using Physical = unsigned long long; // CUmemGenericAllocationHandle
using Graph = struct GraphObject*;
using GraphNode = struct GraphNodeObject*;
using GraphExec = struct GraphExecObject*;

struct MemoryLocation { // CUmemLocation
  int type;
  int id;
};
constexpr int kOnDevice = 1; // CU_MEM_LOCATION_TYPE_DEVICE
struct MemoryProperties {    // CUmemAllocationProp
  int type = 1;              // CU_MEM_ALLOCATION_TYPE_PINNED
  int handle_types = 0;
  MemoryLocation location{};
  void* meta_data = nullptr;
  unsigned char flags[8] = {};
};
struct MemoryAccess { // CUmemAccessDesc
  MemoryLocation location{};
  int flags = 3; // CU_MEM_ACCESS_FLAGS_PROT_READWRITE
};

// CUdevice_attribute
enum Attribute : int {
  kMaxThreadsPerBlock = 1,
  kSharedMemoryPerBlock = 8,
  kWarpSize = 10,
  kMultiprocessors = 16,
  kIntegrated = 18,
  kL2Bytes = 38,
  kThreadsPerMultiprocessor = 39,
  kPciBus = 33,
  kPciDevice = 34,
  kPciDomain = 50,
  kMajor = 75,
  kMinor = 76,
  kSharedMemoryPerMultiprocessor = 81,
  kRegistersPerMultiprocessor = 82,
  kMultiGpuBoard = 84,
  kSharedMemoryPerBlockOptin = 97,
  kVirtualMemory = 102,
};

constexpr unsigned kNonBlocking = 1;     // of streams
constexpr unsigned kNoTiming = 2;        // of events
constexpr unsigned kHostPortable = 1;    // pinned memory that all contexts know
constexpr int kReadWriteGranularity = 0; // CU_MEM_ALLOC_GRANULARITY_MINIMUM

// X(member, symbol, parameters)
#define TORCH_DRIVER_FUNCTIONS(X)                                                                            \
  X(init, cuInit, (unsigned flags))                                                                          \
  X(driver_version, cuDriverGetVersion, (int* version))                                                      \
  X(error_name, cuGetErrorName, (Status, const char** text))                                                 \
  X(error_text, cuGetErrorString, (Status, const char** text))                                               \
  X(device_count, cuDeviceGetCount, (int* count))                                                            \
  X(device_get, cuDeviceGet, (int* device, int index))                                                       \
  X(device_name, cuDeviceGetName, (char* name, int room, int device))                                        \
  X(device_uuid, cuDeviceGetUuid_v2, (unsigned char(*uuid)[16], int device))                                 \
  X(device_memory, cuDeviceTotalMem_v2, (size_t * bytes, int device))                                        \
  X(device_attribute, cuDeviceGetAttribute, (int* value, int attribute, int device))                         \
  X(can_access_peer, cuDeviceCanAccessPeer, (int* can, int device, int peer))                                \
  X(retain_context, cuDevicePrimaryCtxRetain, (Context * context, int device))                               \
  X(set_context, cuCtxSetCurrent, (Context))                                                                 \
  X(get_context, cuCtxGetCurrent, (Context * context))                                                       \
  X(synchronize, cuCtxSynchronize, ())                                                                       \
  X(priority_range, cuCtxGetStreamPriorityRange, (int* least, int* greatest))                                \
  X(memory_info, cuMemGetInfo_v2, (size_t * free, size_t * total))                                           \
  X(granularity, cuMemGetAllocationGranularity, (size_t * bytes, const MemoryProperties*, int option))       \
  X(reserve, cuMemAddressReserve,                                                                            \
    (Address * at, size_t bytes, size_t alignment, Address wanted, unsigned long long flags))                \
  X(free_reserved, cuMemAddressFree, (Address, size_t bytes))                                                \
  X(create, cuMemCreate,                                                                                     \
    (Physical * handle, size_t bytes, const MemoryProperties*, unsigned long long flags))                    \
  X(release, cuMemRelease, (Physical))                                                                       \
  X(map, cuMemMap, (Address, size_t bytes, size_t offset, Physical, unsigned long long flags))               \
  X(unmap, cuMemUnmap, (Address, size_t bytes))                                                              \
  X(set_access, cuMemSetAccess, (Address, size_t bytes, const MemoryAccess*, size_t count))                  \
  X(host_alloc, cuMemHostAlloc, (void** at, size_t bytes, unsigned flags))                                   \
  X(host_free, cuMemFreeHost, (void*))                                                                       \
  X(copy, cuMemcpyAsync, (Address to, Address from, size_t bytes, Stream))                                   \
  X(copy_peer, cuMemcpyPeerAsync,                                                                            \
    (Address to, Context to_context, Address from, Context from_context, size_t bytes, Stream))              \
  X(set_bytes, cuMemsetD8Async, (Address, unsigned char value, size_t bytes, Stream))                        \
  X(stream_create, cuStreamCreateWithPriority, (Stream*, unsigned flags, int priority))                      \
  X(stream_destroy, cuStreamDestroy_v2, (Stream))                                                            \
  X(stream_query, cuStreamQuery, (Stream))                                                                   \
  X(stream_synchronize, cuStreamSynchronize, (Stream))                                                       \
  X(stream_wait, cuStreamWaitEvent, (Stream, Event, unsigned flags))                                         \
  X(event_create, cuEventCreate, (Event*, unsigned flags))                                                   \
  X(event_destroy, cuEventDestroy_v2, (Event))                                                               \
  X(event_record, cuEventRecord, (Event, Stream))                                                            \
  X(event_query, cuEventQuery, (Event))                                                                      \
  X(event_synchronize, cuEventSynchronize, (Event))                                                          \
  X(event_elapsed, cuEventElapsedTime, (float* milliseconds, Event begin, Event end))                        \
  X(capture_begin, cuStreamBeginCapture_v2, (Stream, int mode))                                              \
  X(capture_end, cuStreamEndCapture, (Stream, Graph*))                                                       \
  X(capture_status, cuStreamIsCapturing, (Stream, int* status))                                              \
  X(exchange_capture_mode, cuThreadExchangeStreamCaptureMode, (int* mode))                                   \
  X(graph_nodes, cuGraphGetNodes, (Graph, GraphNode * nodes, size_t * count))                                \
  X(graph_instantiate, cuGraphInstantiateWithFlags, (GraphExec*, Graph, unsigned long long flags))           \
  X(graph_launch, cuGraphLaunch, (GraphExec, Stream))                                                        \
  X(graph_print, cuGraphDebugDotPrint, (Graph, const char* path, unsigned flags))                            \
  X(graph_destroy, cuGraphDestroy, (Graph))                                                                  \
  X(graph_exec_destroy, cuGraphExecDestroy, (GraphExec))                                                     \
  X(load_image, cuLibraryLoadData,                                                                           \
    (Image*, const void* code, int* jit_options, void** jit_values, unsigned jit_count, int* options,        \
     void** values, unsigned count))                                                                         \
  X(get_kernel, cuLibraryGetKernel, (Kernel*, Image, const char* name))                                      \
  X(get_global, cuLibraryGetGlobal, (Address*, size_t * bytes, Image, const char* name))                     \
  X(launch, cuLaunchKernel,                                                                                  \
    (Kernel, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,          \
     unsigned block_z, unsigned shared_bytes, Stream, void** params, void** extra))

struct Driver {
#define TORCH_MEMBER(member, symbol, params) Status(*member) params = nullptr;
  TORCH_DRIVER_FUNCTIONS(TORCH_MEMBER)
#undef TORCH_MEMBER
};

} // namespace torch::cuda

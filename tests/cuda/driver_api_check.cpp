// Compares the driver's interface as kernels/cuda/driver_api.h writes it down with the driver's own header. Compiling it is
// the test (test_compile.py).
#include "alike.h"
#include "kernels/cuda/driver_api.h"

#include <cuda.h>

#include <cstddef>

namespace cuda = torch::cuda;

static_assert(sizeof(cuda::MemoryProperties) == sizeof(CUmemAllocationProp));
static_assert(offsetof(cuda::MemoryProperties, location) == offsetof(CUmemAllocationProp, location));
static_assert(offsetof(cuda::MemoryProperties, meta_data) == offsetof(CUmemAllocationProp, win32HandleMetaData));
static_assert(offsetof(cuda::MemoryProperties, flags) == offsetof(CUmemAllocationProp, allocFlags));
static_assert(cuda::MemoryProperties{}.type == CU_MEM_ALLOCATION_TYPE_PINNED);
static_assert(sizeof(cuda::MemoryAccess) == sizeof(CUmemAccessDesc));
static_assert(offsetof(cuda::MemoryAccess, flags) == offsetof(CUmemAccessDesc, flags));
static_assert(cuda::MemoryAccess{}.flags == CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
static_assert(cuda::kOnDevice == CU_MEM_LOCATION_TYPE_DEVICE);
static_assert(cuda::kReadWriteGranularity == CU_MEM_ALLOC_GRANULARITY_MINIMUM);
static_assert(cuda::kNonBlocking == CU_STREAM_NON_BLOCKING && cuda::kNoTiming == CU_EVENT_DISABLE_TIMING);
static_assert(cuda::kHostPortable == CU_MEMHOSTALLOC_PORTABLE);

static_assert(cuda::kInvalidValue == CUDA_ERROR_INVALID_VALUE && cuda::kOutOfMemory == CUDA_ERROR_OUT_OF_MEMORY);
static_assert(cuda::kNotInitialized == CUDA_ERROR_NOT_INITIALIZED && cuda::kNoDevice == CUDA_ERROR_NO_DEVICE);
static_assert(cuda::kNotFound == CUDA_ERROR_NOT_FOUND && cuda::kNotReady == CUDA_ERROR_NOT_READY);
static_assert(cuda::kCannotBeCaptured == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
static_assert(cuda::kCaptureInvalid == CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);

#define SAME(own, theirs) static_assert(static_cast<int>(cuda::own) == static_cast<int>(CU_DEVICE_ATTRIBUTE_##theirs))
SAME(kMaxThreadsPerBlock, MAX_THREADS_PER_BLOCK);
SAME(kSharedMemoryPerBlock, MAX_SHARED_MEMORY_PER_BLOCK);
SAME(kWarpSize, WARP_SIZE);
SAME(kMultiprocessors, MULTIPROCESSOR_COUNT);
SAME(kIntegrated, INTEGRATED);
SAME(kL2Bytes, L2_CACHE_SIZE);
SAME(kThreadsPerMultiprocessor, MAX_THREADS_PER_MULTIPROCESSOR);
SAME(kPciBus, PCI_BUS_ID);
SAME(kPciDevice, PCI_DEVICE_ID);
SAME(kPciDomain, PCI_DOMAIN_ID);
SAME(kMajor, COMPUTE_CAPABILITY_MAJOR);
SAME(kMinor, COMPUTE_CAPABILITY_MINOR);
SAME(kSharedMemoryPerMultiprocessor, MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
SAME(kRegistersPerMultiprocessor, MAX_REGISTERS_PER_MULTIPROCESSOR);
SAME(kMultiGpuBoard, MULTI_GPU_BOARD);
SAME(kSharedMemoryPerBlockOptin, MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
SAME(kVirtualMemory, VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED);

// The header gives the newest version of a function under the plain name; these are asked for by a version of their own.
#define cuDeviceGetUuid_v2 cuDeviceGetUuid
#undef cuEventElapsedTime
extern "C" CUresult cuEventElapsedTime(float*, CUevent, CUevent);
#define CHECK(member, symbol, params)                                                                                \
  static_assert(Alike<decltype(cuda::Driver::member), decltype(&symbol)>::value, #symbol);
TORCH_DRIVER_FUNCTIONS(CHECK)

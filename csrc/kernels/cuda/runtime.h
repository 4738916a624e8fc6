// The GPUs of a process: contexts, streams, memory and failures of each, made at its first use.
//
// Every thread has a current device, and on each device a current stream, as in PyTorch. Work is put on the
// current stream of the device that its tensors are on.
#pragma once

#include "core/backend.h"
#include "kernels/cuda/allocator.h"
#include "kernels/cuda/device/failure_record.h"

#include <atomic>

namespace torch::cuda {

constexpr int kMaxDevices = 64;

struct Gpu {
  int index;
  int handle; // CUdevice
  Context context;
  int multiprocessors, threads_per_multiprocessor;
  int compute_capability; // 90 for 9.0
  std::unique_ptr<Allocator> allocator;
  FailureRecord* failures;    // in pinned memory; see device/failure_record.h
  std::atomic<int> images{0}; // that know of `failures` (launch.cpp)
  std::mutex mutex;           // of the streams
  std::vector<Stream> pool[2];
  size_t next_stream[2] = {0, 0};
};

// Makes the device ready and its context current in this thread.
Gpu& use(int device);
int current_device();
Stream current_stream(int device);
int context_of_thread(); // the device whose context this thread has, or -1

// Waits for the stream, then raises what kernels have reported.
void wait_for(Gpu& gpu, Stream stream);
// What kernels have reported up to now, as an exception: one read of host memory where there is nothing.
void check_failures(Gpu& gpu);

// The CUDA backend (torch_cuda_backend gives it to libtorch).
Backend& backend();

} // namespace torch::cuda

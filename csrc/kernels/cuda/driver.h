// The driver, opened when it is first needed.
#pragma once

#include "core/error.h"
#include "kernels/cuda/driver_api.h"

namespace torch::cuda {

// Null where there is no driver, or one too old; `why` says which.
const Driver* find_driver(std::string* why = nullptr);
// The driver, or a RuntimeError that says what is missing. Initialises it (cuInit).
const Driver& driver();
bool driver_is_initialized();

// Devices that programs are to see, counted without touching the driver proper: a process may fork
// afterwards.
int count_devices();

// RuntimeError unless the status is success: "CUDA error: out of memory (CUDA_ERROR_OUT_OF_MEMORY) in
// cuMemCreate".
void check_status(Status status, const char* what);
std::string status_text(Status status);

// The entries of a value of CUDA_VISIBLE_DEVICES, of `total` devices with these UUIDs ("GPU-..."; null: not
// known): how many of them there are. The list ends where an entry is none, or is there twice.
int count_visible(const char* list, int total, const char* const* uuids);

} // namespace torch::cuda

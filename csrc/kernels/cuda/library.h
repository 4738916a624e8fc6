// Libraries of NVIDIA's that are opened when they are first needed: cuBLASLt, NVRTC.
#pragma once

namespace torch::cuda {

// The first of these that there is: in the folder that `variable` names, on the system, or in the packages of
// PyPI, which lie beside this one in site-packages (nvidia/PACKAGE/lib). A `companion` is opened before it,
// from the same folder. Null if there is none.
void* open_library(const char* name, const char* variable, const char* companion = nullptr);

// Whether the driver is the emulated one of the tests; that has what else it stands for.
const char* emulated_driver();

} // namespace torch::cuda

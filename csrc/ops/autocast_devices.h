// The state of autocast for each kind of device that has it: the CPU and CUDA.
#pragma once

#include "core/device.h"
#include "core/dtype.h"

namespace torch::autocast {

bool enabled(DeviceType type);
void set_enabled(DeviceType type, bool on);
DType dtype(DeviceType type);
void set_dtype(DeviceType type, DType dtype);

} // namespace torch::autocast

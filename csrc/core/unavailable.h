// What this build lacks, told apart from other errors because Python programs expect a class of its own for
// it.
#pragma once

#include "core/device.h"
#include "core/error.h"

namespace torch {

// AssertionError in Python, as PyTorch without CUDA raises.
class Unavailable : public Error {
public:
  using Error::Error;
  ~Unavailable() override;
};

[[noreturn]] void fail_without(DeviceType type);

} // namespace torch

#include "core/unavailable.h"

namespace torch {

Unavailable::~Unavailable() = default;

void fail_without(DeviceType type) {
  if (type == DeviceType::XPU) throw Unavailable(ErrorKind::Runtime, "Torch not compiled with XPU enabled");
  if (type == DeviceType::MTIA) throw Unavailable(ErrorKind::Runtime, "Torch not compiled with MTIA enabled");
  check_kind(ErrorKind::NotImplemented, type == DeviceType::CUDA,
             "this build computes on the CPU: there is no device '", device_type_name(type), "'");
  throw Unavailable(
      ErrorKind::Runtime,
      "Torch not compiled with CUDA enabled: this build computes on the CPU. Choose the device by "
      "what is there: device = \"cuda\" if torch.cuda.is_available() else \"cpu\"");
}

} // namespace torch

#include "core/unavailable.h"

namespace torch {

Unavailable::~Unavailable() = default;

void fail_without_cuda() {
  throw Unavailable(
      ErrorKind::Runtime,
      "Torch not compiled with CUDA enabled: this build computes on the CPU. Choose the device by "
      "what is there: device = \"cuda\" if torch.cuda.is_available() else \"cpu\"");
}

} // namespace torch

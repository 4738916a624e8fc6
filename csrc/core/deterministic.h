// torch.use_deterministic_algorithms, as kernels of devices ask for it; those of the CPU are so in any mode.
#pragma once

namespace torch {

bool deterministic_algorithms();
void set_deterministic_algorithms(bool on);

} // namespace torch

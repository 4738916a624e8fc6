// Pinned memory of the host, which all GPUs read and write by themselves. Locking pages takes long, so blocks
// are kept: in sizes of powers of two, and used again only when the streams that were given copies with them
// have got past those.
#pragma once

#include "kernels/cuda/runtime.h"

namespace torch::cuda {

void* pin(int64_t bytes);
void unpin(void* at) noexcept;
// Whether the address lies in a block.
bool is_pinned(const void* at);
// The stream was given work with this address; nothing where it is not pinned.
void used_by(const void* at, int device, Stream stream);

} // namespace torch::cuda

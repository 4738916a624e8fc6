// Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, 2011).
#pragma once

#include "kernels/cuda/device/language.h"
#include "kernels/cuda/device/random_args.h"

namespace torch::TORCH_ISA {

struct Words {
  uint32_t w[4];
};
TORCH_INLINE Words philox(uint64_t seed, uint64_t sequence, uint64_t step) {
  uint32_t c[4] = {uint32_t(step), uint32_t(step >> 32), uint32_t(sequence), uint32_t(sequence >> 32)};
  uint32_t key[2] = {uint32_t(seed), uint32_t(seed >> 32)};
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    const uint32_t high0 = __umulhi(0xD2511F53u, c[0]), low0 = 0xD2511F53u * c[0];
    const uint32_t high1 = __umulhi(0xCD9E8D57u, c[2]), low1 = 0xCD9E8D57u * c[2];
    c[0] = high1 ^ c[1] ^ key[0];
    c[1] = low1;
    c[2] = high0 ^ c[3] ^ key[1];
    c[3] = low0;
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return {{c[0], c[1], c[2], c[3]}};
}

// In (0, 1].
TORCH_INLINE float unit(uint32_t word) { return float(word) * 0x1p-32f + 0x1p-33f; }

TORCH_INLINE cuda::PhiloxSource resolved(cuda::PhiloxSource source) {
  if (source.captured) {
    source.seed = uint64_t(source.captured[0]);
    source.offset += uint64_t(source.captured[1]);
  }
  return source;
}

} // namespace torch::TORCH_ISA

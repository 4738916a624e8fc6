// MT19937, as published by Matsumoto and Nishimura (1998): its state, the step to the next 624 words and the
// tempering. Everything has internal linkage and no dependence in the inner loops, so that kernels compiled
// for several instruction sets each get their own vectorised copy.
#pragma once

#include <algorithm>
#include <cstdint>

namespace torch {

struct Mt19937 {
  static constexpr int kWords = 624;
  uint32_t words[kWords];
  int32_t left = 1;  // draws until a step is due, counted as PyTorch's saved states count them: 1 = step now
  uint32_t next = 0; // word that the next draw tempers
};

namespace {

inline void mt_seed(Mt19937& mt, uint32_t seed) {
  mt.words[0] = seed;
  for (uint32_t i = 1; i < Mt19937::kWords; ++i)
    mt.words[i] = 1812433253u * (mt.words[i - 1] ^ (mt.words[i - 1] >> 30)) + i;
  mt.left = 1;
  mt.next = 0;
}

inline uint32_t mt_mix(uint32_t a, uint32_t b) {
  const uint32_t y = (a & 0x80000000u) | (b & 0x7fffffffu);
  return (y >> 1) ^ (0x9908b0dfu & (0u - (b & 1u)));
}

inline void mt_step(Mt19937& mt) {
  uint32_t* const w = mt.words;
  // Each loop reads words at least 227 places away from those it writes, or ahead of them.
#pragma GCC ivdep
  for (int i = 0; i < 227; ++i) w[i] = w[i + 397] ^ mt_mix(w[i], w[i + 1]);
#pragma GCC ivdep
  for (int i = 227; i < 454; ++i) w[i] = w[i - 227] ^ mt_mix(w[i], w[i + 1]);
#pragma GCC ivdep
  for (int i = 454; i < 623; ++i) w[i] = w[i - 227] ^ mt_mix(w[i], w[i + 1]);
  w[623] = w[396] ^ mt_mix(w[623], w[0]);
  mt.left = Mt19937::kWords + 1;
  mt.next = 0;
}

inline uint32_t mt_temper(uint32_t y) {
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

// The next n draws.
inline void mt_draw(Mt19937& mt, uint32_t* out, int64_t n) {
  while (n > 0) {
    if (mt.left == 1) mt_step(mt);
    const auto take = static_cast<int32_t>(std::min<int64_t>(n, mt.left - 1));
    const uint32_t* const from = mt.words + mt.next;
    for (int32_t i = 0; i < take; ++i) out[i] = mt_temper(from[i]);
    mt.left -= take;
    mt.next += static_cast<uint32_t>(take);
    out += take;
    n -= take;
  }
}

} // namespace
} // namespace torch

// The integer types, which NVRTC has no header for. Headers that the host includes too stand on this one
// alone.
#pragma once

#ifdef __CUDACC_RTC__
using int8_t = signed char;
using uint8_t = unsigned char;
using int16_t = short;
using uint16_t = unsigned short;
using int32_t = int;
using uint32_t = unsigned int;
using int64_t = long;
using uint64_t = unsigned long;
using size_t = unsigned long;
static_assert(sizeof(int64_t) == 8);
#else
#include <cstddef>
#include <cstdint>
#endif

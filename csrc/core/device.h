// Where data lives. `meta` has shapes and dtypes but no data; of all kinds but that and the CPU there is only
// the name, which programs compare with: nothing can be put there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace torch {

enum class DeviceType : int8_t {
  CPU,
  CUDA,
  Meta,
  IPU,
  XPU,
  HIP,
  VE,
  FPGA,
  MAIA,
  XLA,
  Lazy,
  Vulkan,
  MPS,
  HPU,
  MTIA,
  PrivateUse1
};
constexpr const char* kDeviceTypeNames[] = {"cpu", "cuda", "meta", "ipu",          "xpu",  "hip",
                                            "ve",  "fpga", "maia", "xla",          "lazy", "vulkan",
                                            "mps", "hpu",  "mtia", "privateuseone"};

struct Device {
  DeviceType type = DeviceType::CPU;
  int8_t index = -1; // -1: the current one
  bool operator==(const Device&) const = default;
};

inline const char* device_type_name(DeviceType t) { return kDeviceTypeNames[static_cast<size_t>(t)]; }
inline std::string to_string(Device d) {
  std::string s = device_type_name(d.type);
  return d.index >= 0 ? s + ":" + std::to_string(d.index) : s;
}
inline void append_text(std::string& out, Device d) { out.append(to_string(d)); }

enum class Layout : uint8_t { Strided };
enum class MemoryFormat : uint8_t { Contiguous, Preserve, ChannelsLast, ChannelsLast3d };

} // namespace torch

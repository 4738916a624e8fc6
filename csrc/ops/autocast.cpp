#include "ops/autocast.h"

#include "ops/autocast_devices.h"

#include "autograd/node.h"
#include "ops/ops.h"

#include <unordered_map>

namespace torch::autocast {

thread_local bool active = false;

namespace {

// The conversion of a parameter, made once in a region. With gradients off the conversion is not recorded, so
// that it does not serve a call with gradients on; a parameter that was written to since is converted again.
struct Cached {
  Tensor source; // keeps the key from being reused
  uint32_t version = 0;
  Tensor converted;
};
// Of a kind of device.
struct Region {
  bool enabled = false;
  DType dtype;
};
struct State {
  Region cpu{false, DType::BFloat16}, cuda{false, DType::Float16};
  bool cache_enabled = true;
  int depth = 0;
  std::unordered_map<const TensorImpl*, Cached> cache[2]; // by whether gradients are recorded
};
State& state() {
  thread_local State s;
  return s;
}

Region* region_of(Device device) {
  return device.type == DeviceType::CPU    ? &state().cpu
         : device.type == DeviceType::CUDA ? &state().cuda
                                           : nullptr;
}
Region& region_of(DeviceType type) { return *region_of(Device{type}); }

bool eligible(const Tensor& t) {
  if (!t.defined() || !t.is_floating_point() || t.dtype() == DType::Float64) return false;
  const Region* const region = region_of(t.device());
  return region && region->enabled;
}
Tensor lowered(const Tensor& t);

bool is_parameter(const Tensor& t) {
  return t.dtype() == DType::Float32 && t.requires_grad() && autograd::is_leaf(t) &&
         !(t.impl()->flags & kIsView) && thread_state.interpreter_depth == 0;
}

Tensor converted(const Tensor& t, DType to) {
  if (!eligible(t) || t.dtype() == to) return t;
  if (to == DType::Float32 || !state().cache_enabled || !is_parameter(t)) return ops::_to_copy(t, to);
  Cached& c = state().cache[thread_state.grad_enabled][t.impl()];
  const uint32_t version = t.impl()->version.value();
  if (!c.converted.defined() || c.version != version) c = {t, version, ops::_to_copy(t, to)};
  return c.converted;
}

std::vector<Tensor> converted(TensorList ts, DType to) {
  std::vector<Tensor> out;
  out.reserve(ts.size());
  for (const Tensor& t : ts) out.push_back(converted(t, to));
  return out;
}

} // namespace

bool enabled(DeviceType type) { return active && region_of(type).enabled; }
void set_enabled(DeviceType type, bool on) {
  region_of(type).enabled = on;
  active = state().cpu.enabled || state().cuda.enabled;
}
DType dtype(DeviceType type) { return region_of(type).dtype; }
void set_dtype(DeviceType type, DType dtype) {
  if (region_of(type).dtype != dtype) clear_cache();
  region_of(type).dtype = dtype;
}
void set_dtype(DType dtype) { set_dtype(DeviceType::CPU, dtype); }
DType dtype() {
  return state().cpu.enabled || !state().cuda.enabled ? state().cpu.dtype : state().cuda.dtype;
}
bool cache_enabled() { return state().cache_enabled; }
void set_cache_enabled(bool on) { state().cache_enabled = on; }
int enter() { return ++state().depth; }
int leave() { return --state().depth; }
void clear_cache() {
  for (auto& cache : state().cache) cache.clear();
}

namespace {
Tensor lowered(const Tensor& t) { return eligible(t) ? converted(t, region_of(t.device())->dtype) : t; }
} // namespace
Tensor lower(const Tensor& t) { return lowered(t); }
Tensor float32(const Tensor& t) { return converted(t, DType::Float32); }
std::vector<Tensor> lower(TensorList ts) {
  std::vector<Tensor> out;
  out.reserve(ts.size());
  for (const Tensor& t : ts) out.push_back(lowered(t));
  return out;
}
std::vector<Tensor> float32(TensorList ts) { return converted(ts, DType::Float32); }

void Widest::see(const Tensor& t) {
  if (dtype_ == DType::Float32 || !eligible(t)) return;
  dtype_ = region_of(t.device())->dtype; // of one kind of device all of them are
  if (t.dtype() == dtype_) return;
  check(t.dtype() == DType::Float32, "autocast: Unexpected floating ScalarType ", t.dtype(),
        " in a region of ", dtype_);
  dtype_ = DType::Float32;
}
Tensor Widest::operator()(const Tensor& t) const { return converted(t, dtype_); }
std::vector<Tensor> Widest::operator()(TensorList ts) const { return converted(ts, dtype_); }

} // namespace torch::autocast

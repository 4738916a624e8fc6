// What a convolution of given shapes and layouts is described by, and the way to compute it that cuDNN's
// heuristics (or times, with torch.backends.cudnn.benchmark) chose, is kept: a step of a training repeats its
// convolutions.
#include "kernels/cuda/cudnn.h"

#include "kernels/cuda/cudnn_api.h"
#include "kernels/cuda/library.h"
#include "kernels/cuda/runtime.h"

#include <dlfcn.h>

#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <unordered_map>

namespace torch::cuda {

namespace {

struct OpenedDnn {
  Dnn functions;
  bool complete = false;
};
OpenedDnn open_dnn() {
  OpenedDnn o;
  void* handle = nullptr;
  if (emulated_driver()) {
    handle = dlopen(emulated_driver(), RTLD_NOW | RTLD_LOCAL);
  } else {
    // It looks for these by their names, which it then finds loaded.
    open_library("libcublasLt.so.13", "TORCH_CUBLAS_DIR");
    open_library("libnvrtc.so.13", "TORCH_NVRTC_DIR");
    handle = open_library("libcudnn.so.9", "TORCH_CUDNN_DIR");
  }
  if (!handle) return o;
  o.complete = true;
#define TORCH_FIND(member, symbol, params)                                                                   \
  o.functions.member = reinterpret_cast<decltype(o.functions.member)>(dlsym(handle, #symbol));               \
  o.complete &= o.functions.member != nullptr;
  TORCH_DNN_FUNCTIONS(TORCH_FIND)
#undef TORCH_FIND
  o.functions.version = reinterpret_cast<size_t (*)()>(dlsym(handle, "cudnnGetVersion"));
  o.complete &= o.functions.version != nullptr;
  return o;
}
const OpenedDnn& opened_dnn() {
  static const OpenedDnn o = open_dnn();
  return o;
}
const Dnn& dnn() {
  check(opened_dnn().complete,
        "convolutions on a GPU need cuDNN, which is not there: pip install nvidia-cudnn-cu13; with "
        "torch.backends.cudnn.enabled = False they take kernels of our own, which are slow");
  return opened_dnn().functions;
}
void check_dnn(Status status, const char* what) {
  if (status != 0) [[unlikely]]
    throw DeviceError(DeviceError::What::Failure, concat("cuDNN error ", status, " in ", what));
}

class DnnOwned {
public:
  explicit DnnOwned(DnnObject object) { check_dnn(dnn().make(object, &it_), "cudnnBackendCreateDescriptor"); }
  ~DnnOwned() {
    if (it_) dnn().destroy(it_);
  }
  DnnOwned(DnnOwned&& o) noexcept : it_(std::exchange(o.it_, nullptr)) {}
  DnnOwned& operator=(DnnOwned&& o) noexcept {
    std::swap(it_, o.it_);
    return *this;
  }
  DnnDescriptor get() const { return it_; }

  void set(DnnAttribute attribute, DnnKind kind, int64_t count, const void* values) {
    check_dnn(dnn().set(it_, attribute, kind, count, values), "cudnnBackendSetAttribute");
  }
  void set(DnnAttribute attribute, int64_t value) { set(attribute, kOfInt64, 1, &value); }
  void set(DnnAttribute attribute, const DnnOwned& other) { set(attribute, kOfDescriptor, 1, &other.it_); }
  template <class Enum> void set_enum(DnnAttribute attribute, DnnKind kind, Enum value) {
    const int number = value;
    set(attribute, kind, 1, &number);
  }
  bool try_finalize() { return dnn().finalize(it_) == 0; }
  void finalize() { check_dnn(dnn().finalize(it_), "cudnnBackendFinalize"); }

private:
  DnnDescriptor it_ = nullptr;
};

struct DnnKey {
  int64_t pass, type, channels_last, spatial, device;
  int64_t x[5], w[5], y[5];
  int64_t stride[3], padding[3], dilation[3];
  int64_t alignment[3];
  int64_t benchmark, deterministic, tf32;
  bool operator==(const DnnKey& o) const { return std::memcmp(this, &o, sizeof o) == 0; }
};
static_assert(std::has_unique_object_representations_v<DnnKey>);
struct DnnHash {
  size_t operator()(const DnnKey& key) const {
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(&key), sizeof key});
  }
};
struct DnnPlan {
  DnnOwned config, plan;
  int64_t workspace;
};
struct DnnPlans {
  std::mutex mutex;
  DnnHandle handles[kMaxDevices] = {};
  std::unordered_map<DnnKey, std::optional<DnnPlan>, DnnHash> of; // none: there is no way
};
DnnPlans& dnn_plans() {
  static DnnPlans* const all = new DnnPlans;
  return *all;
}

struct AtomicSwitches {
  std::mutex mutex;
  ConvolutionSwitches values;
  ConvolutionSwitches get() {
    const std::lock_guard lock(mutex);
    return values;
  }
};
AtomicSwitches& switches() {
  static AtomicSwitches all;
  return all;
}

DnnType dnn_type(DType t) {
  return t == DType::Float64    ? kDnnDouble
         : t == DType::Float16  ? kDnnHalf
         : t == DType::BFloat16 ? kDnnBFloat16
                                : kDnnFloat;
}
constexpr int64_t kDnnIds[] = {1, 2, 3}; // x, w, y

DnnOwned tensor_of(const Tensor& t, bool channels_last, int64_t id, int64_t alignment) {
  DnnOwned made(kDnnTensor);
  const DimVec sizes(t.sizes());
  // Those of t, but for dimensions of one element, whose strides say nothing.
  const DimVec strides = channels_last ? channels_last_strides(sizes) : contiguous_strides(sizes);
  made.set_enum(kTensorType, kOfDataType, dnn_type(t.dtype()));
  made.set(kTensorSizes, kOfInt64, t.dim(), sizes.data());
  made.set(kTensorStrides, kOfInt64, t.dim(), strides.data());
  made.set(kTensorId, id);
  made.set(kTensorAlignment, alignment);
  made.finalize();
  return made;
}

// The operation as a graph of one.
struct DnnGraph {
  std::vector<DnnOwned> parts; // the last is the graph
};
DnnGraph graph_of(const DnnConvolution& c, const DnnKey& key, DnnHandle handle) {
  DnnGraph made;
  const int64_t spatial = c.x.dim() - 2;
  const bool wide = c.x.dtype() == DType::Float64;
  const DnnType computed = wide ? kDnnDouble : kDnnFloat;
  DnnOwned conv(kDnnConvolution);
  conv.set_enum(kConvComputed, kOfDataType, computed);
  conv.set_enum(kConvMode, kOfConvolutionMode, kCrossCorrelation);
  conv.set(kConvSpatial, spatial);
  conv.set(kConvDilations, kOfInt64, spatial, c.dilation);
  conv.set(kConvStrides, kOfInt64, spatial, c.stride);
  conv.set(kConvPaddingBefore, kOfInt64, spatial, c.padding);
  conv.set(kConvPaddingAfter, kOfInt64, spatial, c.padding);
  conv.finalize();
  DnnOwned x = tensor_of(c.x, c.channels_last, kDnnIds[0], key.alignment[0]),
           w = tensor_of(c.w, c.channels_last, kDnnIds[1], key.alignment[1]),
           y = tensor_of(c.y, c.channels_last, kDnnIds[2], key.alignment[2]);
  struct Names {
    DnnObject object;
    DnnAttribute alpha, beta, conv, x, w, y;
  };
  constexpr Names all[] = {
      {kDnnForward, kForwardAlpha, kForwardBeta, kForwardConv, kForwardX, kForwardW, kForwardY},
      {kDnnGradInput, kGradInputAlpha, kGradInputBeta, kGradInputConv, kGradInputX, kGradInputW, kGradInputY},
      {kDnnGradWeight, kGradWeightAlpha, kGradWeightBeta, kGradWeightConv, kGradWeightX, kGradWeightW,
       kGradWeightY}};
  const Names& names = all[static_cast<size_t>(c.pass)];
  DnnOwned operation(names.object);
  operation.set(names.conv, conv);
  operation.set(names.x, x);
  operation.set(names.w, w);
  operation.set(names.y, y);
  const double one = 1, zero = 0;
  const float one_float = 1, zero_float = 0;
  const DnnKind kind = wide ? kOfDouble : kOfFloat;
  operation.set(names.alpha, kind, 1, wide ? static_cast<const void*>(&one) : &one_float);
  operation.set(names.beta, kind, 1, wide ? static_cast<const void*>(&zero) : &zero_float);
  operation.finalize();
  DnnOwned graph(kDnnGraph);
  graph.set(kGraphHandle, kOfHandle, 1, &handle);
  graph.set(kGraphOperations, operation);
  graph.finalize();
  for (DnnOwned* const part : {&conv, &x, &w, &y, &operation, &graph}) made.parts.push_back(std::move(*part));
  return made;
}

std::vector<DnnOwned> configs_of(const DnnGraph& graph, DnnHeuristicMode mode) {
  DnnOwned heuristic(kDnnHeuristic);
  heuristic.set(kHeuristicGraph, graph.parts.back());
  heuristic.set_enum(kHeuristicMode, kOfHeuristicMode, mode);
  std::vector<DnnOwned> configs;
  int64_t count = 0;
  if (!heuristic.try_finalize() ||
      dnn().get(heuristic.get(), kHeuristicResults, kOfDescriptor, 0, &count, nullptr) != 0)
    return configs; // nothing by these heuristics
  std::vector<DnnDescriptor> listed;
  for (int64_t i = 0; i < count; ++i) listed.push_back(configs.emplace_back(kDnnConfig).get());
  if (dnn().get(heuristic.get(), kHeuristicResults, kOfDescriptor, count, &count, listed.data()) != 0)
    count = 0;
  while (static_cast<int64_t>(configs.size()) > count) configs.pop_back();
  return configs;
}

// Whether the switches leave this way of computing.
bool is_allowed(const DnnOwned& config, const DnnKey& key) {
  const DnnOwned engine(kDnnEngine);
  DnnDescriptor found = engine.get();
  int64_t count = 0;
  if (dnn().get(config.get(), kConfigEngine, kOfDescriptor, 1, &count, &found) != 0) return false;
  constexpr int64_t kRoom = 32;
  int notes[kRoom] = {};
  if (dnn().get(found, kEngineNotes, kOfNote, kRoom, &count, notes) != 0) return false;
  const bool floats = key.type == static_cast<int64_t>(DType::Float32);
  for (int64_t i = 0; i < count; ++i) {
    if (key.deterministic && notes[i] == kNondeterministic) return false;
    if (floats && (notes[i] == kDownConverts || (!key.tf32 && notes[i] == kTensorCore))) return false;
  }
  return true;
}

std::optional<DnnPlan> plan_of(DnnOwned config, DnnHandle handle) {
  DnnOwned plan(kDnnPlan);
  plan.set(kPlanHandle, kOfHandle, 1, &handle);
  plan.set(kPlanConfig, config);
  int64_t workspace = 0, count = 0;
  if (!plan.try_finalize() || dnn().get(plan.get(), kPlanWorkspace, kOfInt64, 1, &count, &workspace) != 0)
    return std::nullopt;
  return DnnPlan{std::move(config), std::move(plan), workspace};
}

bool execute(const DnnPlan& plan, const DnnConvolution& c, DnnHandle handle) {
  Tensor memory;
  if (plan.workspace > 0) memory = empty_tensor(DimVec{plan.workspace}, DType::UInt8, c.x.device());
  void* const workspace = memory.defined() ? memory.data() : nullptr;
  void* const pointers[] = {c.x.data(), c.w.data(), c.y.data()};
  DnnOwned pack(kDnnPack);
  pack.set(kPackPointers, kOfPointer, 3, pointers);
  pack.set(kPackIds, kOfInt64, 3, kDnnIds);
  pack.set(kPackWorkspace, kOfPointer, 1, &workspace);
  pack.finalize();
  return dnn().execute(handle, plan.plan.get(), pack.get()) == 0;
}
// The same, where its workspace may be more than there is.
bool try_execute(const DnnPlan& plan, const DnnConvolution& c, DnnHandle handle) {
  try {
    return execute(plan, c, handle);
  } catch (const DeviceError& error) {
    if (error.what_kind() != DeviceError::What::OutOfMemory) throw;
    return false;
  }
}

// In milliseconds, after a run that is not counted.
double time_of(const DnnPlan& plan, const DnnConvolution& c, DnnHandle handle, int device) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  if (!try_execute(plan, c, handle)) return kNever;
  Backend& events = backend();
  const EventHandle begin = events.new_event(device, true), end = events.new_event(device, true);
  const StreamHandle stream = events.current_stream(device);
  events.record_event(device, begin, stream);
  const bool ran = try_execute(plan, c, handle);
  events.record_event(device, end, stream);
  events.event_synchronize(end);
  const double time = ran ? events.milliseconds_between(begin, end) : kNever;
  events.delete_event(begin);
  events.delete_event(end);
  return time;
}

// Leaves the result written, too.
std::optional<DnnPlan> choose_plan(const DnnConvolution& c, const DnnKey& key, DnnHandle handle, int limit) {
  const DnnGraph graph = graph_of(c, key, handle);
  std::optional<DnnPlan> best;
  double best_time = std::numeric_limits<double>::infinity();
  int tried = 0;
  for (const DnnHeuristicMode mode : {kBestMode, kFallbackMode}) {
    for (DnnOwned& config : configs_of(graph, mode)) {
      if (!is_allowed(config, key)) continue;
      std::optional<DnnPlan> plan = plan_of(std::move(config), handle);
      if (!plan) continue;
      if (!key.benchmark) {
        if (try_execute(*plan, c, handle)) return plan;
        continue;
      }
      const double time = time_of(*plan, c, handle, static_cast<int>(key.device));
      if (time < best_time) {
        best_time = time;
        best = std::move(plan);
      }
      if (limit > 0 && ++tried >= limit) break;
    }
    if (best) break; // the fallback is for where there is nothing else
  }
  if (best) execute(*best, c, handle);
  return best;
}

int64_t alignment_of(const Tensor& t) {
  const auto address = reinterpret_cast<uintptr_t>(t.data());
  constexpr int64_t kBest = 16;
  return address == 0 ? kBest : std::min<int64_t>(kBest, int64_t{1} << std::countr_zero(address));
}

} // namespace

bool cudnn_convolves(DType type) {
  const bool has = type == DType::Float32 || type == DType::Float64 || is_reduced_float(type);
  return has && switches().get().enabled;
}
void set_convolutions(const ConvolutionSwitches& values) {
  AtomicSwitches& all = switches();
  const std::lock_guard lock(all.mutex);
  all.values = values;
}
int64_t cudnn_version() {
  return opened_dnn().complete ? static_cast<int64_t>(opened_dnn().functions.version()) : 0;
}

bool cudnn_convolve(const DnnConvolution& c) {
  Gpu& gpu = use(c.x.device().index);
  check_failures(gpu);
  const ConvolutionSwitches now = switches().get();
  DnnKey key{};
  key.pass = static_cast<int64_t>(c.pass);
  key.type = static_cast<int64_t>(c.x.dtype());
  key.channels_last = c.channels_last;
  key.spatial = c.x.dim() - 2;
  key.device = gpu.index;
  const Tensor* const operands[] = {&c.x, &c.w, &c.y};
  int64_t* const sizes[] = {key.x, key.w, key.y};
  for (size_t k = 0; k < 3; ++k) {
    std::copy_n(operands[k]->sizes().begin(), operands[k]->dim(), sizes[k]);
    key.alignment[k] = alignment_of(*operands[k]);
  }
  std::copy_n(c.stride, key.spatial, key.stride);
  std::copy_n(c.padding, key.spatial, key.padding);
  std::copy_n(c.dilation, key.spatial, key.dilation);
  key.benchmark = now.benchmark;
  key.deterministic = now.deterministic;
  key.tf32 = now.allow_tf32;
  DnnPlans& all = dnn_plans();
  const std::lock_guard lock(all.mutex); // one thread at a time may have the handle
  DnnHandle& handle = all.handles[gpu.index];
  if (!handle) check_dnn(dnn().create(&handle), "cudnnCreate");
  check_dnn(dnn().set_stream(handle, current_stream(gpu.index)), "cudnnSetStream");
  const auto at = all.of.find(key);
  if (at == all.of.end()) {
    std::optional<DnnPlan> plan = choose_plan(c, key, handle, now.benchmark_limit);
    return all.of.emplace(key, std::move(plan)).first->second.has_value();
  }
  if (!at->second) return false;
  check(execute(*at->second, c, handle), "cuDNN could not run a convolution that it ran before");
  return true;
}

} // namespace torch::cuda

// cuDNN for the emulated device: descriptions as they are given, convolutions by loops. Says no to what the
// library says no to as far as the host is to know it. Its heuristics have three ways: one with the tensor
// cores, one without an order of sums, and a plain one; which one ran can be asked for.
#include "core/half.h"
#include "kernels/cuda/cudnn_api.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace torch::emulated {

namespace {

namespace api = cuda;

struct Object {
  int type = 0;
  bool final = false;
  struct Values {
    int kind = 0;
    int64_t count = 0;
    std::vector<char> bytes;
    std::vector<std::shared_ptr<Object>> objects;
  };
  std::map<int, Values> attributes;

  bool has(int attribute) const { return attributes.count(attribute) > 0; }
  template <class T = int64_t> T value(int attribute, size_t i = 0) const {
    T v{};
    const std::vector<char>& bytes = attributes.at(attribute).bytes;
    if ((i + 1) * sizeof v <= bytes.size()) std::memcpy(&v, bytes.data() + i * sizeof v, sizeof v);
    return v;
  }
  const Object& object(int attribute) const { return *attributes.at(attribute).objects.at(0); }
};
using Handle = std::shared_ptr<Object>*;

constexpr api::Status kBadParameter = 2000, kNotFinal = 2004, kNotSupported = 3000;
enum Way { kByTensorCores, kWithoutOrder, kPlainWay, kFallbackWay };
constexpr int kWayOfEngine = -1; // an attribute of our own

size_t bytes_of(int kind) {
  switch (kind) {
  case api::kOfInt64:
  case api::kOfDouble:
  case api::kOfHandle:
  case api::kOfPointer:
  case api::kOfDescriptor:
    return 8;
  default:
    return 4;
  }
}

// The kind that each attribute has to be given as.
int kind_of(int attribute) {
  switch (attribute) {
  case api::kConvComputed:
  case api::kTensorType:
    return api::kOfDataType;
  case api::kConvMode:
    return api::kOfConvolutionMode;
  case api::kHeuristicMode:
    return api::kOfHeuristicMode;
  case api::kPlanHandle:
  case api::kGraphHandle:
    return api::kOfHandle;
  case api::kPackPointers:
  case api::kPackWorkspace:
    return api::kOfPointer;
  case api::kForwardAlpha:
  case api::kForwardBeta:
  case api::kGradInputAlpha:
  case api::kGradInputBeta:
  case api::kGradWeightAlpha:
  case api::kGradWeightBeta:
    return -1; // float or double
  case api::kHeuristicGraph:
  case api::kPlanConfig:
  case api::kGraphOperations:
    return api::kOfDescriptor;
  default:
    return attribute >= api::kForwardConv && attribute <= api::kGradWeightY ? api::kOfDescriptor
                                                                            : api::kOfInt64;
  }
}

std::vector<int> needed(int type) {
  using namespace api;
  switch (type) {
  case kDnnTensor:
    return {kTensorType, kTensorSizes, kTensorStrides, kTensorId, kTensorAlignment};
  case kDnnConvolution:
    return {kConvComputed, kConvMode,          kConvSpatial,     kConvDilations,
            kConvStrides,  kConvPaddingBefore, kConvPaddingAfter};
  case kDnnForward:
    return {kForwardAlpha, kForwardBeta, kForwardConv, kForwardW, kForwardX, kForwardY};
  case kDnnGradInput:
    return {kGradInputAlpha, kGradInputBeta, kGradInputConv, kGradInputW, kGradInputX, kGradInputY};
  case kDnnGradWeight:
    return {kGradWeightAlpha, kGradWeightBeta, kGradWeightConv, kGradWeightW, kGradWeightX, kGradWeightY};
  case kDnnGraph:
    return {kGraphHandle, kGraphOperations};
  case kDnnHeuristic:
    return {kHeuristicGraph, kHeuristicMode};
  case kDnnPlan:
    return {kPlanHandle, kPlanConfig};
  case kDnnPack:
    return {kPackIds, kPackPointers, kPackWorkspace};
  default:
    return {};
  }
}

struct View { // of five dimensions, those that there are not being of one element
  int type;
  int64_t id, size[5] = {1, 1, 1, 1, 1}, stride[5] = {};
  char* data = nullptr;
  explicit View(const Object& t) : type(t.value<int>(api::kTensorType)), id(t.value(api::kTensorId)) {
    const auto dims = static_cast<size_t>(t.attributes.at(api::kTensorSizes).count);
    for (size_t d = 0; d < dims; ++d) {
      const size_t to = d < 2 ? d : d + 5 - dims;
      size[to] = t.value(api::kTensorSizes, d);
      stride[to] = t.value(api::kTensorStrides, d);
    }
  }
  int64_t at(int64_t n, int64_t c, int64_t z, int64_t y, int64_t x) const {
    return n * stride[0] + c * stride[1] + z * stride[2] + y * stride[3] + x * stride[4];
  }
  double load(int64_t i) const {
    switch (type) {
    case api::kDnnDouble:
      return reinterpret_cast<const double*>(data)[i];
    case api::kDnnHalf:
      return static_cast<float>(reinterpret_cast<const Half*>(data)[i]);
    case api::kDnnBFloat16:
      return static_cast<float>(reinterpret_cast<const BFloat16*>(data)[i]);
    default:
      return reinterpret_cast<const float*>(data)[i];
    }
  }
  void store(int64_t i, double v) const {
    switch (type) {
    case api::kDnnDouble:
      reinterpret_cast<double*>(data)[i] = v;
      break;
    case api::kDnnHalf:
      reinterpret_cast<Half*>(data)[i] = Half(static_cast<float>(v));
      break;
    case api::kDnnBFloat16:
      reinterpret_cast<BFloat16*>(data)[i] = BFloat16(static_cast<float>(v));
      break;
    default:
      reinterpret_cast<float*>(data)[i] = static_cast<float>(v);
    }
  }
};

struct Operation {
  int type;
  View x, w, y;
  int64_t stride[3] = {1, 1, 1}, padding[3] = {}, dilation[3] = {1, 1, 1};
  double alpha, beta;

  static double number(const Object& o, int attribute) {
    return o.attributes.at(attribute).kind == api::kOfDouble ? o.value<double>(attribute)
                                                             : o.value<float>(attribute);
  }
  explicit Operation(const Object& o, int conv, int x_, int w_, int y_, int alpha_, int beta_)
      : type(o.type), x(o.object(x_)), w(o.object(w_)), y(o.object(y_)), alpha(number(o, alpha_)),
        beta(number(o, beta_)) {
    const Object& c = o.object(conv);
    const auto n = static_cast<size_t>(c.value(api::kConvSpatial));
    for (size_t d = 0; d < n; ++d) {
      stride[3 - n + d] = c.value(api::kConvStrides, d);
      padding[3 - n + d] = c.value(api::kConvPaddingBefore, d);
      dilation[3 - n + d] = c.value(api::kConvDilations, d);
    }
  }
  static Operation of(const Object& o) {
    using namespace api;
    if (o.type == kDnnForward)
      return Operation(o, kForwardConv, kForwardX, kForwardW, kForwardY, kForwardAlpha, kForwardBeta);
    if (o.type == kDnnGradInput)
      return Operation(o, kGradInputConv, kGradInputX, kGradInputW, kGradInputY, kGradInputAlpha,
                       kGradInputBeta);
    return Operation(o, kGradWeightConv, kGradWeightX, kGradWeightW, kGradWeightY, kGradWeightAlpha,
                     kGradWeightBeta);
  }
  bool fits() const {
    bool fits = x.size[0] == y.size[0] && w.size[0] == y.size[1] && x.size[1] % w.size[1] == 0 &&
                w.size[0] % (x.size[1] / w.size[1]) == 0;
    for (int d = 0; d < 3; ++d)
      fits &= (x.size[d + 2] + 2 * padding[d] - dilation[d] * (w.size[d + 2] - 1) - 1) / stride[d] + 1 ==
              y.size[d + 2];
    return fits && x.type == w.type && x.type == y.type;
  }
  void run() const {
    const View& to = type == api::kDnnForward ? y : type == api::kDnnGradInput ? x : w;
    const int64_t count = to.size[0] * to.size[1] * to.size[2] * to.size[3] * to.size[4];
    std::vector<double> sums(static_cast<size_t>(count));
    const auto dense = [&to](int64_t n, int64_t c, int64_t z, int64_t j, int64_t i) {
      return static_cast<size_t>((((n * to.size[1] + c) * to.size[2] + z) * to.size[3] + j) * to.size[4] + i);
    };
    const int64_t groups = x.size[1] / w.size[1], outputs = w.size[0] / groups;
    for (int64_t n = 0; n < y.size[0]; ++n)
      for (int64_t k = 0; k < y.size[1]; ++k)
        for (int64_t o = 0; o < y.size[2] * y.size[3] * y.size[4]; ++o) {
          const int64_t oz = o / y.size[4] / y.size[3], oy = o / y.size[4] % y.size[3], ox = o % y.size[4];
          for (int64_t c = 0; c < w.size[1]; ++c)
            for (int64_t t = 0; t < w.size[2] * w.size[3] * w.size[4]; ++t) {
              const int64_t tz = t / w.size[4] / w.size[3], ty = t / w.size[4] % w.size[3],
                            tx = t % w.size[4];
              const int64_t z = oz * stride[0] + tz * dilation[0] - padding[0],
                            j = oy * stride[1] + ty * dilation[1] - padding[1],
                            i = ox * stride[2] + tx * dilation[2] - padding[2];
              if (z < 0 || j < 0 || i < 0 || z >= x.size[2] || j >= x.size[3] || i >= x.size[4]) continue;
              const int64_t in = k / outputs * w.size[1] + c;
              const int64_t at_x = x.at(n, in, z, j, i), at_w = w.at(k, c, tz, ty, tx),
                            at_y = y.at(n, k, oz, oy, ox);
              if (type == api::kDnnForward)
                sums[dense(n, k, oz, oy, ox)] += x.load(at_x) * w.load(at_w);
              else if (type == api::kDnnGradInput)
                sums[dense(n, in, z, j, i)] += y.load(at_y) * w.load(at_w);
              else
                sums[dense(k, c, tz, ty, tx)] += y.load(at_y) * x.load(at_x);
            }
        }
    for (int64_t n = 0; n < to.size[0]; ++n)
      for (int64_t c = 0; c < to.size[1]; ++c)
        for (int64_t z = 0; z < to.size[2]; ++z)
          for (int64_t j = 0; j < to.size[3]; ++j)
            for (int64_t i = 0; i < to.size[4]; ++i) {
              const int64_t at = to.at(n, c, z, j, i);
              to.store(at, alpha * sums[dense(n, c, z, j, i)] + (beta != 0 ? beta * to.load(at) : 0));
            }
  }
};

const Object& operation_in(const Object& graph) { return graph.object(api::kGraphOperations); }

std::string& ways() {
  static std::string all;
  return all;
}
bool& has_nothing() {
  static bool nothing = false;
  return nothing;
}

} // namespace

} // namespace torch::emulated

using namespace torch::emulated;
using torch::cuda::Status;

extern "C" {

__attribute__((visibility("default"))) // what ran since the last time: "forward:0 grad_input:2 "
const char*
emulated_convolutions() {
  static std::string text;
  text = std::exchange(ways(), "");
  return text.c_str();
}
__attribute__((visibility("default"))) void emulated_no_convolutions(int nothing) {
  has_nothing() = nothing != 0;
}

size_t cudnnGetVersion() { return 91000; }
Status cudnnCreate(void** handle) {
  static int the_one;
  *handle = &the_one;
  return 0;
}
Status cudnnSetStream(void*, torch::cuda::Stream) { return 0; }
Status cudnnBackendCreateDescriptor(int type, void** made) {
  auto object = std::make_shared<Object>();
  object->type = type;
  *made = new std::shared_ptr<Object>(std::move(object));
  return 0;
}
Status cudnnBackendDestroyDescriptor(void* it) {
  delete static_cast<Handle>(it);
  return 0;
}
Status cudnnBackendSetAttribute(void* it, int attribute, int kind, int64_t count, const void* values) {
  Object& o = **static_cast<Handle>(it);
  const std::vector<int> known = needed(o.type);
  if (o.final || std::find(known.begin(), known.end(), attribute) == known.end()) return kBadParameter;
  const int wanted = kind_of(attribute);
  if (wanted == -1 ? kind != torch::cuda::kOfFloat && kind != torch::cuda::kOfDouble : kind != wanted)
    return kBadParameter;
  Object::Values& to = o.attributes[attribute];
  to = {kind, count, {}, {}};
  if (kind == torch::cuda::kOfDescriptor) {
    for (int64_t i = 0; i < count; ++i) {
      const auto& other = *static_cast<const Handle*>(values)[i];
      if (!other->final && other->type != torch::cuda::kDnnConfig) return kNotFinal;
      to.objects.push_back(other);
    }
  } else {
    const auto* const bytes = static_cast<const char*>(values);
    to.bytes.assign(bytes, bytes + static_cast<size_t>(count) * bytes_of(kind));
  }
  return 0;
}
Status cudnnBackendFinalize(void* it) {
  Object& o = **static_cast<Handle>(it);
  for (const int attribute : needed(o.type))
    if (!o.has(attribute)) return kBadParameter;
  if (o.type == torch::cuda::kDnnTensor) {
    if (o.attributes[torch::cuda::kTensorSizes].count < 4) return kNotSupported;
    for (int64_t d = 0; d < o.attributes[torch::cuda::kTensorSizes].count; ++d)
      if (o.value(torch::cuda::kTensorSizes, size_t(d)) <= 0 ||
          o.value(torch::cuda::kTensorStrides, size_t(d)) <= 0)
        return kBadParameter;
  }
  if (o.type == torch::cuda::kDnnForward || o.type == torch::cuda::kDnnGradInput ||
      o.type == torch::cuda::kDnnGradWeight)
    if (!Operation::of(o).fits()) return kBadParameter;
  if (o.type == torch::cuda::kDnnPlan && has_nothing()) return kNotSupported;
  o.final = true;
  return 0;
}
Status cudnnBackendGetAttribute(void* it, int attribute, int kind, int64_t room, int64_t* count,
                                void* values) {
  Object& o = **static_cast<Handle>(it);
  using namespace torch::cuda;
  if (attribute == kHeuristicResults && o.final && kind == kOfDescriptor) {
    const bool fallback = o.value<int>(torch::cuda::kHeuristicMode) == kFallbackMode;
    *count = fallback ? 1 : 3;
    for (int64_t i = 0; values && i < std::min(room, *count); ++i) {
      Object& config = **static_cast<Handle*>(values)[i];
      const int64_t way = fallback ? kFallbackWay : i;
      config.attributes[kWayOfEngine] = {
          kOfInt64, 1, {reinterpret_cast<const char*>(&way), reinterpret_cast<const char*>(&way) + 8}, {}};
      config.attributes[kHeuristicGraph] = o.attributes.at(kHeuristicGraph);
    }
    return 0;
  }
  if (attribute == kConfigEngine && kind == kOfDescriptor && room == 1 && o.has(kWayOfEngine)) {
    (*static_cast<Handle*>(values)[0])->attributes = o.attributes;
    *count = 1;
    return 0;
  }
  if (attribute == kEngineNotes && kind == kOfNote && o.has(kWayOfEngine)) {
    const int64_t way = o.value(kWayOfEngine);
    *count = way == kByTensorCores || way == kWithoutOrder;
    if (*count > 0 && room > 0)
      *static_cast<int*>(values) = way == kByTensorCores ? kTensorCore : kNondeterministic;
    return 0;
  }
  if (attribute == kPlanWorkspace && kind == kOfInt64 && room == 1 && o.final) {
    *static_cast<int64_t*>(values) = 512;
    *count = 1;
    return 0;
  }
  return kBadParameter;
}
Status cudnnBackendExecute(void*, void* plan, void* pack) {
  const Object &p = **static_cast<Handle>(plan), &given = **static_cast<Handle>(pack);
  if (!p.final || !given.final || !given.value<void*>(torch::cuda::kPackWorkspace)) return kBadParameter;
  const Object& config = p.object(torch::cuda::kPlanConfig);
  Operation operation = Operation::of(operation_in(config.object(torch::cuda::kHeuristicGraph)));
  for (View* const view : {&operation.x, &operation.w, &operation.y})
    for (size_t i = 0; i < 3; ++i)
      if (given.value(torch::cuda::kPackIds, i) == view->id)
        view->data = given.value<char*>(torch::cuda::kPackPointers, i);
  if (!operation.x.data || !operation.w.data || !operation.y.data) return kBadParameter;
  ways() += std::string(operation.type == torch::cuda::kDnnForward     ? "forward:"
                        : operation.type == torch::cuda::kDnnGradInput ? "grad_input:"
                                                                       : "grad_weight:") +
            std::to_string(config.value(kWayOfEngine)) + " ";
  operation.run();
  return 0;
}

} // extern "C"

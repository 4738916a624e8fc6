// cuBLASLt keeps matrices by columns: a product of matrices by rows is that of the transposed ones in the
// other order. What a product of given shapes and layouts is described by, and the algorithm that the library
// chose for it, is kept: a step of a training repeats its products.
#include "kernels/cuda/blas.h"

#include "core/scalar.h"
#include "kernels/cuda/blas_api.h"
#include "kernels/cuda/library.h"
#include "kernels/cuda/runtime.h"

#include <dlfcn.h>

#include <bit>
#include <cstring>
#include <unordered_map>

namespace torch::cuda {

namespace {

constexpr size_t kWorkspace = size_t{32} << 20; // as much as Hopper's fastest algorithms ask for
constexpr int64_t kBestAlignment = 256;

std::atomic<bool> tf32 = false;

struct Opened {
  Blas functions;
  bool complete = false;
};
Opened open_blas() {
  Opened o;
  void* const handle = emulated_driver() ? dlopen(emulated_driver(), RTLD_NOW | RTLD_LOCAL)
                                         : open_library("libcublasLt.so.13", "TORCH_CUBLAS_DIR");
  if (!handle) return o;
  o.complete = true;
#define TORCH_FIND(member, symbol, params)                                                                   \
  o.functions.member = reinterpret_cast<decltype(o.functions.member)>(dlsym(handle, #symbol));               \
  o.complete &= o.functions.member != nullptr;
  TORCH_BLAS_FUNCTIONS(TORCH_FIND)
#undef TORCH_FIND
  return o;
}
const Blas& blas() {
  static const Opened o = open_blas();
  check(o.complete,
        "products of matrices on a GPU need cuBLASLt, which is not there: pip install nvidia-cublas");
  return o.functions;
}
void check_blas(Status status, const char* what) {
  if (status != 0) [[unlikely]]
    throw DeviceError(DeviceError::What::Failure, concat("cuBLASLt error ", status, " in ", what));
}

struct Types {
  BlasType elements, scale;
  BlasCompute compute;
};
Types types_of(DType t) {
  switch (t) {
  case DType::Float64:
    return {kR64F, kR64F, kCompute64F};
  case DType::Complex64:
    return {kC32F, kC32F, kCompute32F};
  case DType::Complex128:
    return {kC64F, kC64F, kCompute64F};
  case DType::Float16:
    return {kR16F, kR32F, kCompute32F};
  case DType::BFloat16:
    return {kR16BF, kR32F, kCompute32F};
  default:
    return {kR32F, kR32F, tf32 ? kComputeTF32 : kCompute32F};
  }
}

// By columns: rows x cols with `step` elements from one column to the next, or the transposed of that.
struct Laid {
  int64_t rows, cols, step, batch_stride;
  int64_t transposed, alignment;
};
Laid lay(const BlasMatrix& m, int64_t item, int64_t batch) {
  const auto address =
      reinterpret_cast<uintptr_t>(m.data) | (batch > 1 ? static_cast<uintptr_t>(m.batch_stride * item) : 0);
  const int64_t alignment = address == 0
                                ? kBestAlignment
                                : std::min<int64_t>(kBestAlignment, int64_t{1} << std::countr_zero(address));
  const bool columns = m.rows == 1 || m.row_stride == 1;
  const int64_t rows = columns ? m.rows : m.cols, cols = columns ? m.cols : m.rows;
  const int64_t step = cols == 1 ? rows : columns ? m.col_stride : m.row_stride;
  return {rows, cols, std::max(step, rows), batch > 1 ? m.batch_stride : 0, !columns, alignment};
}

struct Key {
  Laid a, b, out;
  int64_t batch, elements, compute, bias, device;
  bool operator==(const Key& o) const { return std::memcmp(this, &o, sizeof o) == 0; }
};
static_assert(std::has_unique_object_representations_v<Key>);
struct Hash {
  size_t operator()(const Key& key) const {
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(&key), sizeof key});
  }
};
struct Plan {
  Product product = nullptr;
  MatrixLayout a = nullptr, b = nullptr, out = nullptr;
  Heuristic best{};
};
struct Plans {
  std::mutex mutex;
  BlasHandle handles[kMaxDevices] = {};
  std::unordered_map<Key, Plan, Hash> of;
};
Plans& plans() {
  static Plans* const all = new Plans; // outlives what uses it at the end of the process
  return *all;
}

MatrixLayout make_layout(const Laid& m, int type, int64_t batch) {
  MatrixLayout layout = nullptr;
  check_blas(blas().layout_create(&layout, type, static_cast<uint64_t>(m.rows), static_cast<uint64_t>(m.cols),
                                  m.step),
             "cublasLtMatrixLayoutCreate");
  if (batch > 1) {
    const auto count = static_cast<int32_t>(batch);
    check_blas(blas().layout_set(layout, kBatchCount, &count, sizeof count),
               "cublasLtMatrixLayoutSetAttribute");
    check_blas(blas().layout_set(layout, kBatchOffset, &m.batch_stride, sizeof m.batch_stride),
               "cublasLtMatrixLayoutSetAttribute");
  }
  return layout;
}
void set(Product product, ProductAttribute attribute, const void* value, size_t bytes) {
  check_blas(blas().product_set(product, attribute, value, bytes), "cublasLtMatmulDescSetAttribute");
}

Plan make_plan(const Key& key, const Types& types, BlasHandle handle, const void* bias) {
  Plan plan;
  check_blas(blas().product_create(&plan.product, types.compute, types.scale), "cublasLtMatmulDescCreate");
  const int op_a = key.a.transposed ? kTransposed : kPlain, op_b = key.b.transposed ? kTransposed : kPlain;
  set(plan.product, kOpA, &op_a, sizeof op_a);
  set(plan.product, kOpB, &op_b, sizeof op_b);
  if (bias) {
    const int epilogue = kAddBias;
    set(plan.product, kEpilogue, &epilogue, sizeof epilogue);
    set(plan.product, kBiasPointer, &bias, sizeof bias);
  }
  plan.a = make_layout(key.a, types.elements, key.batch);
  plan.b = make_layout(key.b, types.elements, key.batch);
  plan.out = make_layout(key.out, types.elements, key.batch);
  Preference preference = nullptr;
  check_blas(blas().preference_create(&preference), "cublasLtMatmulPreferenceCreate");
  const auto prefer = [&](int attribute, const void* value, size_t bytes) {
    check_blas(blas().preference_set(preference, attribute, value, bytes),
               "cublasLtMatmulPreferenceSetAttribute");
  };
  prefer(kMaxWorkspace, &kWorkspace, sizeof kWorkspace);
  const std::pair<int, int64_t> alignments[] = {{kAlignmentA, key.a.alignment},
                                                {kAlignmentB, key.b.alignment},
                                                {kAlignmentC, key.out.alignment},
                                                {kAlignmentD, key.out.alignment}};
  for (const auto& [attribute, bytes] : alignments) {
    const auto value = static_cast<uint32_t>(bytes);
    prefer(attribute, &value, sizeof value);
  }
  int count = 0;
  const Status status = blas().choose(handle, plan.product, plan.a, plan.b, plan.out, plan.out, preference, 1,
                                      &plan.best, &count);
  blas().preference_destroy(preference);
  check_blas(status, "cublasLtMatmulAlgoGetHeuristic");
  check(count > 0, "cuBLASLt has no algorithm for a product of ", key.out.rows, " x ", key.out.cols);
  return plan;
}

struct Number { // alpha or beta in the type of the scale
  alignas(16) char bytes[16];
  Number(const Scalar& s, BlasType type) {
    const complex128 value = s.to<complex128>();
    const auto put = [this](const auto& v) { std::memcpy(bytes, &v, sizeof v); };
    if (type == kR64F)
      put(value.real());
    else if (type == kC64F)
      put(value);
    else if (type == kC32F)
      put(complex64(static_cast<float>(value.real()), static_cast<float>(value.imag())));
    else
      put(static_cast<float>(value.real()));
  }
};

} // namespace

void allow_tf32(bool allow) { tf32 = allow; }

bool blas_has(DType type) {
  return type == DType::Float32 || type == DType::Float64 || is_reduced_float(type) || is_complex(type);
}

bool blas_reads(const BlasMatrix& m) {
  if (m.rows == 1) return m.cols == 1 || m.col_stride >= 1;
  if (m.cols == 1) return m.row_stride >= 1;
  return (m.row_stride == 1 && m.col_stride >= m.rows) || (m.col_stride == 1 && m.row_stride >= m.cols);
}

void blas_product(int device, DType type, int64_t batch, const Scalar& alpha, const BlasMatrix& a,
                  const BlasMatrix& b, const Scalar& beta, const BlasMatrix& out, const void* bias) {
  Gpu& gpu = use(device);
  check_failures(gpu);
  // By rows: out' = b' a'.
  if (out.rows != 1 && out.row_stride != 1) {
    const auto turned = [](const BlasMatrix& m) {
      return BlasMatrix{m.data, m.cols, m.rows, m.col_stride, m.row_stride, m.batch_stride};
    };
    return blas_product(device, type, batch, alpha, turned(b), turned(a), beta, turned(out), bias);
  }
  const Types types = types_of(type);
  const int64_t item = item_size(type);
  const Key key{lay(a, item, batch), lay(b, item, batch), lay(out, item, batch), batch,
                types.elements,      types.compute,       bias != nullptr,       gpu.index};
  Plans& all = plans();
  const std::lock_guard lock(all.mutex); // descriptions are changed by the bias
  BlasHandle& handle = all.handles[gpu.index];
  if (!handle) check_blas(blas().create(&handle), "cublasLtCreate");
  auto at = all.of.find(key);
  if (at == all.of.end()) at = all.of.emplace(key, make_plan(key, types, handle, bias)).first;
  const Plan& plan = at->second;
  if (bias) set(plan.product, kBiasPointer, &bias, sizeof bias);
  const Number scale(alpha, types.scale), keep(beta, types.scale);
  Tensor workspace;
  if (plan.best.workspace > 0)
    workspace = empty_tensor(DimVec{static_cast<int64_t>(plan.best.workspace)}, DType::UInt8,
                             Device{DeviceType::CUDA, static_cast<int8_t>(gpu.index)});
  check_blas(blas().multiply(handle, plan.product, scale.bytes, a.data, plan.a, b.data, plan.b, keep.bytes,
                             out.data, plan.out, out.data, plan.out, &plan.best.algorithm,
                             workspace.defined() ? workspace.data() : nullptr, plan.best.workspace,
                             current_stream(gpu.index)),
             "cublasLtMatmul");
}

} // namespace torch::cuda

// cuBLASLt for the emulated device: the descriptions as they are given, products by three loops. Says no to
// what the library says no to as far as the host is to know it.
#include "core/half.h"
#include "kernels/cuda/blas_api.h"

#include <array>
#include <complex>
#include <cstring>
#include <functional>

namespace torch::emulated {

bool record(cuda::Stream stream, std::function<void()> work); // driver.cpp

namespace {

struct Layout {
  int type;
  int64_t rows, cols, step, batch = 1, offset = 0;
};
struct Description {
  int op_a = 0, op_b = 0, epilogue = cuda::kNoEpilogue;
  const void* bias = nullptr;
};

template <class T> struct Work { using type = double; };
template <class R> struct Work<std::complex<R>> { using type = std::complex<double>; };

template <class T, class Scale>
void multiply(const Description& p, const void* alpha, const void* a, const Layout& la, const void* b,
              const Layout& lb, const void* beta, void* out, const Layout& lo) {
  using W = typename Work<T>::type;
  Scale scale, keep;
  std::memcpy(&scale, alpha, sizeof scale);
  std::memcpy(&keep, beta, sizeof keep);
  const int64_t inner = p.op_a ? la.rows : la.cols;
  const auto element = [](const void* data, const Layout& l, int64_t batch, int op, int64_t r, int64_t c) {
    return W(static_cast<const T*>(data)[batch * l.offset + (op ? r * l.step + c : c * l.step + r)]);
  };
  for (int64_t n = 0; n < lo.batch; ++n)
    for (int64_t c = 0; c < lo.cols; ++c)
      for (int64_t r = 0; r < lo.rows; ++r) {
        W sum = 0;
        for (int64_t k = 0; k < inner; ++k)
          sum += element(a, la, n, p.op_a, r, k) * element(b, lb, n, p.op_b, k, c);
        T& to = static_cast<T*>(out)[n * lo.offset + c * lo.step + r];
        W value = W(scale) * sum;
        if (keep != Scale(0)) value += W(keep) * W(to);
        if (p.epilogue & cuda::kAddBias) value += W(static_cast<const T*>(p.bias)[r]);
        if constexpr (std::is_same_v<W, double>)
          to = T(static_cast<std::conditional_t<std::is_same_v<T, double>, double, float>>(value));
        else
          to = T(value);
      }
}

// The bytes of a factor, for as long as a graph needs them.
std::array<char, 16> number_at(const void* number, int type) {
  std::array<char, 16> bytes{};
  std::memcpy(bytes.data(), number,
              type == cuda::kC64F                          ? 16
              : type == cuda::kR64F || type == cuda::kC32F ? 8
                                                           : 4);
  return bytes;
}

bool fits(const Layout& l) { return l.rows > 0 && l.cols > 0 && l.step >= l.rows; }

} // namespace

} // namespace torch::emulated

using namespace torch::emulated;
using torch::cuda::Status;
constexpr Status kBadValue = 7, kNotSupported = 15;

extern "C" {

Status cublasLtCreate(void** handle) {
  static int the_one;
  *handle = &the_one;
  return 0;
}
Status cublasLtMatmulDescCreate(Description** made, int, int) {
  *made = new Description; // for the life of the process, as the plans that hold it
  return 0;
}
Status cublasLtMatmulDescSetAttribute(Description* p, int attribute, const void* value, size_t bytes) {
  void* const to = attribute == torch::cuda::kOpA           ? static_cast<void*>(&p->op_a)
                   : attribute == torch::cuda::kOpB         ? &p->op_b
                   : attribute == torch::cuda::kEpilogue    ? static_cast<void*>(&p->epilogue)
                   : attribute == torch::cuda::kBiasPointer ? &p->bias
                                                            : nullptr;
  if (!to || bytes != (attribute == torch::cuda::kBiasPointer ? sizeof(void*) : sizeof(int)))
    return kBadValue;
  std::memcpy(to, value, bytes);
  return 0;
}
Status cublasLtMatrixLayoutCreate(Layout** made, int type, uint64_t rows, uint64_t cols, int64_t step) {
  *made = new Layout{type, static_cast<int64_t>(rows), static_cast<int64_t>(cols), step};
  return 0;
}
Status cublasLtMatrixLayoutSetAttribute(Layout* l, int attribute, const void* value, size_t bytes) {
  if (attribute == torch::cuda::kBatchCount && bytes == sizeof(int32_t)) {
    int32_t count;
    std::memcpy(&count, value, bytes);
    l->batch = count;
  } else if (attribute == torch::cuda::kBatchOffset && bytes == sizeof(int64_t)) {
    std::memcpy(&l->offset, value, bytes);
  } else {
    return kBadValue;
  }
  return 0;
}
Status cublasLtMatmulPreferenceCreate(void** preference) {
  static int the_one;
  *preference = &the_one;
  return 0;
}
Status cublasLtMatmulPreferenceSetAttribute(void*, int, const void*, size_t) { return 0; }
Status cublasLtMatmulPreferenceDestroy(void*) { return 0; }
Status cublasLtMatmulAlgoGetHeuristic(void*, const Description* p, const Layout* a, const Layout* b,
                                      const Layout* c, const Layout* d, void*, int wanted,
                                      torch::cuda::Heuristic* found, int* count) {
  const int64_t rows = p->op_a ? a->cols : a->rows, inner = p->op_a ? a->rows : a->cols;
  const int64_t inner_b = p->op_b ? b->cols : b->rows, cols = p->op_b ? b->rows : b->cols;
  *count = 0;
  if (wanted < 1 || !fits(*a) || !fits(*b) || !fits(*c) || !fits(*d)) return kBadValue;
  if (rows != d->rows || cols != d->cols || inner != inner_b || a->batch != d->batch || b->batch != d->batch)
    return kNotSupported;
  *found = {};
  found->workspace = 256;
  *count = 1;
  return 0;
}
Status cublasLtMatmul(void*, const Description* p, const void* alpha, const void* a, const Layout* la,
                      const void* b, const Layout* lb, const void* beta, const void*, const Layout*, void* d,
                      const Layout* ld, const torch::cuda::Algorithm*, void* workspace,
                      size_t workspace_bytes, torch::cuda::Stream stream) {
  if (workspace_bytes > 0 && !workspace) return kBadValue;
  const auto again = [=, own = *p, own_a = *la, own_b = *lb, own_d = *ld, factor = number_at(alpha, la->type),
                      keep = number_at(beta, la->type)] {
    cublasLtMatmul(nullptr, &own, factor.data(), a, &own_a, b, &own_b, keep.data(), nullptr, nullptr, d,
                   &own_d, nullptr, workspace, workspace_bytes, nullptr);
  };
  if (stream && torch::emulated::record(stream, again)) return 0;
  using torch::cuda::BlasType;
  switch (la->type) {
  case torch::cuda::kR32F:
    multiply<float, float>(*p, alpha, a, *la, b, *lb, beta, d, *ld);
    return 0;
  case torch::cuda::kR64F:
    multiply<double, double>(*p, alpha, a, *la, b, *lb, beta, d, *ld);
    return 0;
  case torch::cuda::kR16F:
    multiply<torch::Half, float>(*p, alpha, a, *la, b, *lb, beta, d, *ld);
    return 0;
  case torch::cuda::kR16BF:
    multiply<torch::BFloat16, float>(*p, alpha, a, *la, b, *lb, beta, d, *ld);
    return 0;
  case torch::cuda::kC32F:
    multiply<std::complex<float>, std::complex<float>>(*p, alpha, a, *la, b, *lb, beta, d, *ld);
    return 0;
  case torch::cuda::kC64F:
    multiply<std::complex<double>, std::complex<double>>(*p, alpha, a, *la, b, *lb, beta, d, *ld);
    return 0;
  default:
    return kNotSupported;
  }
}

} // extern "C"

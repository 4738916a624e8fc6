// Elementwise ops: picks the kernel of a functor and the types of its operands, and says where those lie.
#include "kernels/cuda/device/pointwise_args.h"
#include "kernels/cuda/device/special_args.h"
#include "kernels/cuda/functors.h"
#include "kernels/cuda/jit.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/table.h"
#include "kernels/cuda/types.h"
#include "kernels/cuda/walk.h"
#include "kernels/pointwise_ops.h"

#include <algorithm>
#include <iterator>

namespace torch::cuda {

namespace {

constexpr const char* kNames[] = {
#define TORCH_NAME(name) #name,
    TORCH_POINTWISE_OPS(TORCH_NAME)
#undef TORCH_NAME
};

std::string kernel_name(PointwiseOp op, DType computed, DType stored, bool flat) {
  return concat(kNames[static_cast<int>(op)], "_", type_name(computed), "_",
                flat ? type_name(stored) : "any");
}

constexpr Family kFlat{"pointwise", "FLAT"}, kStrided{"pointwise", "STRIDED", true},
    kSpecial{"special", "STRIDED", true}, kFrexp{"special", "FREXP", true};

// Kernels that were looked up, by op, compute type and type of the elements (the last one: any).
std::atomic<Kernel> known[std::size(kNames)][kNumComputeTypes][kStored + 1];

// Null where a flat kernel would have to be compiled and cannot be; the strided one does as well.
Kernel kernel_for(PointwiseOp op, int computed, DType stored, bool flat) {
  std::atomic<Kernel>& place =
      known[static_cast<int>(op)][computed][flat ? static_cast<int>(stored) : kStored];
  if (Kernel const there = place.load(std::memory_order_acquire)) return there;
  const std::string name = kernel_name(op, kComputeTypes[computed], stored, flat);
  Kernel const kernel =
      flat && !can_compile()
          ? find_compiled(name)
          : find_kernel(name, flat                                                        ? kFlat
                              : kPointwiseOnCuda[static_cast<int>(op)] == OnCuda::Special ? kSpecial
                                                                                          : kStrided);
  if (kernel) place.store(kernel, std::memory_order_release);
  return kernel;
}

Number number_of(const Scalar& s) {
  const complex128 value = s.to<complex128>();
  return {static_cast<uint8_t>(s.kind()), s.is_integral() ? s.to<int64_t>() : 0, value.real(), value.imag()};
}

} // namespace

std::optional<DType> pointwise_result(PointwiseOp op, DType compute) {
  return cpu_kernels().pointwise_result(op, compute);
}

void pointwise(PointwiseOp op, DType compute, const Tensor& out, const Tensor* const* inputs, int n_inputs,
               const Scalar* params) {
  if (op == PointwiseOp::BitwiseNot && compute == DType::Bool) op = PointwiseOp::LogicalNot; // ~1 is not 0
  const char* const name = kNames[static_cast<int>(op)];
  const OnCuda there = kPointwiseOnCuda[static_cast<int>(op)];
  check_kind(ErrorKind::NotImplemented, there != OnCuda::No, name,
             ": there is no CUDA kernel for it yet; move the operands to the CPU for this step with .cpu()");
  const int computed = compute_index(compute);
  const std::optional<DType> result =
      is_low_precision(compute) || is_opaque(compute) ? std::nullopt : pointwise_result(op, compute);
  if (!result) fail_dtype(name, compute);
  const int64_t n = out.numel();
  if (n == 0) return;
  Gpu& gpu = use(out.device().index);

  StridedArgs args{};
  args.out = out.data();
  args.n = n;
  args.types[0] = out.dtype();
  const int n_params = kPointwiseParams[static_cast<int>(op)];
  TORCH_ASSERT(n_params <= kMaxParams && n_inputs <= kMaxInputs);
  for (int i = 0; i < n_params; ++i) args.params[i] = number_of(params[i]);

  // Flat: every operand on the GPU has the elements of out in the same order, or one; those with values of
  // the compute type are of one dtype, and out is of the dtype that goes with it.
  const bool mask_first = op == PointwiseOp::Where;
  std::optional<DType> stored;
  bool flat = there == OnCuda::Yes && out.is_non_overlapping_and_dense(),
       aligned = reinterpret_cast<uintptr_t>(args.out) % 16 == 0;
  for (int k = 0; k < n_inputs; ++k) {
    const Tensor& t = *inputs[k];
    args.types[k + 1] = t.dtype();
    if (t.is_cpu()) { // a number
      TORCH_ASSERT(t.numel() == 1);
      args.constants[k] = number_of(
          visit_all(t.dtype(), [&](auto tag) { return Scalar(*t.data<typename decltype(tag)::type>()); }));
      args.constant |= 1u << k;
      args.repeated |= 1u << k;
      continue;
    }
    args.in[k] = t.data();
    const bool once = t.numel() == 1 && n != 1;
    if (once)
      args.repeated |= 1u << k;
    else {
      flat = flat && lie_alike(t, out);
      aligned &= reinterpret_cast<uintptr_t>(args.in[k]) % 16 == 0;
    }
    if (mask_first && k == 0)
      flat = flat && t.dtype() == DType::Bool;
    else if (!stored)
      stored = t.dtype();
    else
      flat = flat && *stored == t.dtype();
  }
  if (!stored) stored = *result == kComputeTypes[computed] ? out.dtype() : compute;
  flat = flat && static_cast<int>(*stored) < kStored && compute_index(*stored) == computed;
  const DType written = *result == kComputeTypes[computed] ? *stored : *result;
  flat = flat && out.dtype() == written;
  args.aligned = aligned;

  if (flat)
    if (Kernel const kernel = kernel_for(op, computed, *stored, true)) {
      const int64_t block = flat_block(static_cast<int>(item_size(*stored)));
      return launch(gpu, kernel, {(n + block - 1) / block, kThreads},
                    static_cast<const PointwiseArgs*>(&args));
    }
  const Tensor* operands[1 + kMaxInputs] = {&out};
  for (int k = 0; k < n_inputs; ++k) {
    operands[k + 1] = args.constant >> k & 1 ? nullptr : inputs[k];
    check_kind(ErrorKind::NotImplemented, static_cast<int>(args.types[k + 1]) < kStored, name,
               ": there is no CUDA kernel for ", args.types[k + 1]);
  }
  check_kind(ErrorKind::NotImplemented, static_cast<int>(out.dtype()) < kStored, name,
             ": there is no CUDA kernel for ", out.dtype());
  args.places = find_places(out.sizes(), {operands, static_cast<size_t>(n_inputs) + 1});
  constexpr int64_t block = kStridedThreads * kStridedEach;
  launch(gpu, kernel_for(op, computed, *stored, false), {(n + block - 1) / block, kStridedThreads}, &args);
}

void frexp(const Tensor& mantissa, const Tensor& exponent, const Tensor& self) {
  if (self.numel() == 0) return;
  refuse_unusual("frexp", self.dtype());
  const FrexpArgs args{self.data(),  mantissa.data(), exponent.data<int32_t>(),
                       self.numel(), self.itemsize(), self.dtype()};
  launch(use(self.device().index), find_kernel("Frexp_f64_any", kFrexp),
         {(args.n + kFrexpThreads - 1) / kFrexpThreads, kFrexpThreads}, &args);
}

} // namespace torch::cuda

#include "ops/pointwise_call.h"

#include "core/threads.h"
#include "kernels/table.h"
#include "ops/entry.h"

namespace torch {

namespace {

int category(DType t) { return t == DType::Bool ? 0 : is_integral(t) ? 1 : is_floating(t) ? 2 : 3; }

struct ResultType {
  // Highest dtype met in each priority class; Bool with seen = false means none.
  DType dims = DType::Bool, zero = DType::Bool, number = DType::Bool;
  bool has_dims = false, has_zero = false, has_number = false;

  void add(const Tensor& t) {
    DType type = t.dtype();
    if (t.is_wrapped_number()) {
      // Python floats and complex numbers count as the default dtype.
      if (is_complex(type))
        type = default_complex_dtype();
      else if (is_floating(type))
        type = default_dtype();
      number = has_number ? promote(number, type) : type;
      has_number = true;
    } else if (t.dim() > 0) {
      dims = has_dims ? promote(dims, type) : type;
      has_dims = true;
    } else {
      zero = has_zero ? promote(zero, type) : type;
      has_zero = true;
    }
  }
  static DType combine(bool has_high, DType high, bool has_low, DType low) {
    if (!has_high) return low;
    if (!has_low || category(low) <= category(high)) return high;
    // A complex operand of lower rank makes a float complex, in the float's own precision.
    return is_floating(high) ? complex_type(high) : promote(high, low);
  }
  DType result() const {
    const DType upper = combine(has_dims, dims, has_zero, zero);
    return combine(has_dims || has_zero, upper, has_number, number);
  }
};

struct Plan {
  DType compute, out;
  DimVec sizes;
  Device device;
};

[[noreturn]] void fail_devices(const char* op, const Tensor& a, const Tensor& b) {
  fail(ErrorKind::Runtime,
       concat(op, ": Expected all tensors to be on the same device, but found at least two devices, ",
              a.device(), " and ", b.device(), "!"));
}

Plan make_plan(const char* op, PointwiseRule rule, Operands operands) {
  Plan plan;
  const Tensor& first = *operands[0];
  for (const Tensor* t : operands)
    if (!t->defined()) [[unlikely]]
      fail(ErrorKind::Type, concat(op, ": expected a Tensor, got None"));
  // Device: 0-dim CPU tensors may go along with any device.
  plan.device = first.device();
  for (size_t i = 1; i < operands.size(); ++i) {
    const Tensor& t = *operands[i];
    if (t.device() == plan.device) continue;
    if (t.is_cpu() && t.dim() == 0) continue;
    bool earlier_are_numbers = true;
    for (size_t j = 0; j < i; ++j) earlier_are_numbers &= operands[j]->is_cpu() && operands[j]->dim() == 0;
    if (!earlier_are_numbers) fail_devices(op, first, t);
    plan.device = t.device();
  }
  // Shape.
  plan.sizes = first.sizes();
  for (size_t i = 1; i < operands.size(); ++i) {
    const Tensor& t = *operands[i];
    if (!equal(plan.sizes, t.sizes())) plan.sizes = broadcast_sizes(plan.sizes, t.sizes(), op);
  }
  // Dtypes.
  if (rule.kind == PointwiseRule::Kind::Fixed) {
    plan.compute = rule.compute;
    plan.out = rule.out;
    return plan;
  }
  const Operands typed = rule.kind == PointwiseRule::Kind::Where ? operands.subspan(1) : operands;
  DType type = typed[0]->dtype();
  bool same = !typed[0]->is_wrapped_number();
  for (const Tensor* t : typed) same &= t->dtype() == type;
  if (!same) type = result_type(typed);
  if (rule.kind == PointwiseRule::Kind::Float && is_integral(type, true)) type = default_dtype();
  plan.compute = type;
  plan.out = rule.kind == PointwiseRule::Kind::Bool ? DType::Bool : type;
  return plan;
}

// Strides of a fresh result: those of the first dense operand of the full shape, so that permuted layouts are
// kept.
DimVec result_strides(IntSpan sizes, Operands operands) {
  for (const Tensor* t : operands) {
    if (!equal(t->sizes(), sizes)) continue;
    if (t->is_contiguous()) return {};
    if (t->is_non_overlapping_and_dense()) return t->strides();
    break;
  }
  // No dense operand decides: follow the order of dimensions of the first full-shaped one.
  for (const Tensor* t : operands) {
    if (!equal(t->sizes(), sizes)) continue;
    const size_t n = sizes.size();
    DimVec order;
    for (size_t i = 0; i < n; ++i) order.push_back(static_cast<int64_t>(i));
    bool broadcast = false;
    for (size_t i = 0; i < n; ++i) broadcast |= t->strides()[i] == 0 && sizes[i] > 1;
    if (broadcast) return {};
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return t->strides()[a] > t->strides()[b]; });
    DimVec strides(n);
    int64_t step = 1;
    for (size_t i = n; i-- > 0;) {
      strides[order[i]] = step;
      step *= std::max<int64_t>(sizes[order[i]], 1);
    }
    return strides;
  }
  return {};
}

void run(const Plan& plan, PointwiseOp functor, const Tensor& out, Operands operands, const Scalar* params) {
  if (out.is_meta() || out.numel() == 0) return;
  const LongWork long_work(out.numel());
  ops::kernels_of(out).pointwise(functor, plan.compute, out, operands.data(),
                                 static_cast<int>(operands.size()), params);
}

} // namespace

DType result_type(Operands operands) {
  ResultType r;
  for (const Tensor* t : operands)
    if (t->defined()) r.add(*t);
  return r.result();
}
DType result_type(const Tensor& a, const Tensor& b) {
  const Tensor* const operands[] = {&a, &b};
  return result_type(operands);
}

Tensor pointwise_new(const char* op, PointwiseOp functor, PointwiseRule rule, Operands operands,
                     const Scalar* params) {
  const Plan plan = make_plan(op, rule, operands);
  const DimVec strides = result_strides(plan.sizes, operands);
  Tensor out = strides.empty() ? empty_tensor(plan.sizes, plan.out, plan.device)
                               : empty_strided_tensor(plan.sizes, strides, plan.out, plan.device);
  run(plan, functor, out, operands, params);
  return out;
}

void pointwise_into(const char* op, const Tensor& self, PointwiseOp functor, PointwiseRule rule,
                    Operands operands, const Scalar* params) {
  const Plan plan = make_plan(op, rule, operands);
  check(!is_complex(plan.compute) || is_complex(plan.out) || plan.out == DType::Bool, "In-place ", op,
        " is not supported for complex tensors.");
  check(equal(plan.sizes, self.sizes()), op, ": output with shape ", self.sizes(),
        " doesn't match the broadcast shape ", plan.sizes);
  check(can_cast(plan.out, self.dtype()), op, ": result type ", dtype_aten_name(plan.out),
        " can't be cast to the desired output type ", dtype_aten_name(self.dtype()));
  ops::check_writable(op, self);
  for (const Tensor* t : operands)
    if (!t->is_same(self)) ops::check_no_overlap(op, self, *t);
  run(plan, functor, self, operands, params);
}

void pointwise_out(const char* op, const Tensor& out, PointwiseOp functor, PointwiseRule rule,
                   Operands operands, const Scalar* params) {
  const Plan plan = make_plan(op, rule, operands);
  ops::check_out_fits(op, out, TensorMeta{{}, plan.out, plan.device}, ops::OutDType::Cast);
  ops::sized_out(op, out, plan.sizes);
  for (const Tensor* t : operands)
    if (!t->is_same(out)) ops::check_no_overlap(op, out, *t);
  run(plan, functor, out, operands, params);
  out.impl()->version.bump();
}

} // namespace torch

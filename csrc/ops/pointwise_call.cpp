#include "ops/pointwise_call.h"

#include "autograd/write_log.h"
#include "core/threads.h"
#include "kernels/table.h"
#include "ops/deferred.h"
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
      else if (type == DType::UInt64) // and whole ones beyond int64 as any others
        type = DType::Int64;
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

// Strides of a fresh result: those of the operands if all agree, else by the order of their dimensions.
DimVec result_strides(IntSpan sizes, Operands operands) {
  if (sizes.size() < 2) return {};
  const Tensor* first = nullptr;
  bool contiguous = true, alike = true;
  for (const Tensor* t : operands) {
    if (t->dim() == 0) continue;
    if (!first) first = t;
    contiguous &= t->is_contiguous();
    alike &= equal(t->sizes(), sizes) && equal(t->strides(), first->strides());
  }
  if (contiguous || (first->is_contiguous() && equal(first->sizes(), sizes))) return {};
  if (alike && first->is_non_overlapping_and_dense()) return first->strides();
  std::vector<DimVec> strides;
  for (const Tensor* t : operands) {
    const size_t lead = sizes.size() - static_cast<size_t>(t->dim());
    DimVec own(sizes.size(), 0);
    for (size_t i = lead; i < sizes.size(); ++i)
      own[i] = t->sizes()[i - lead] == sizes[i] ? t->strides()[i - lead] : 0;
    strides.push_back(std::move(own));
  }
  return infer::ordered_strides(sizes, strides);
}

// A number beyond the integer type that it is computed in counts modulo that type's range, as in PyTorch.
Tensor wrapped_around(const Tensor& t, DType type) {
  const int64_t value = visit_all(t.dtype(), [&](auto tag) {
                          return Scalar(*t.data<typename decltype(tag)::type>());
                        }).to<int64_t>();
  const bool fits = visit_all(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) return std::in_range<T>(value);
    return true;
  });
  if (fits) return t;
  Tensor out = empty_tensor({}, type);
  cpu_kernels().copy(out, t);
  return out;
}

void run(const Plan& plan, PointwiseOp functor, const Tensor& out, Operands operands, Params params) {
  if (out.is_meta() || out.numel() == 0) return;
  InlineVec<const Tensor*, 4> inputs;
  Tensor wrapped[4];
  for (size_t i = 0; i < operands.size(); ++i) {
    const Tensor& t = *operands[i];
    inputs.push_back(&t);
    if (t.dim() != 0 || t.dtype() == plan.compute || !is_integral(t.dtype()) || !is_integral(plan.compute) ||
        !t.is_cpu() || i >= std::size(wrapped))
      continue;
    wrapped[i] = wrapped_around(t, plan.compute);
    inputs[i] = &wrapped[i];
  }
  const LongWork long_work(out.numel());
  ops::kernels_of(out).pointwise(functor, plan.compute, out, inputs.data(), static_cast<int>(inputs.size()),
                                 params.data());
}

void check_keeps_shape(const char* op, const Tensor& self, IntSpan sizes) {
  check(equal(sizes, self.sizes()), op, ": output with shape ", self.sizes(),
        " doesn't match the broadcast shape ", Ints(sizes),
        ": an in-place operation cannot enlarge its tensor");
}

// A number to the power 2, which is its product with itself, to the bit.
bool is_square(const Plan& plan, PointwiseOp functor, Operands operands) {
  if (functor != PointwiseOp::Pow || !is_floating(plan.compute) || !operands[1]->is_wrapped_number())
    return false;
  const Tensor& exponent = *operands[1];
  return exponent.dtype() == DType::Int64
             ? *exponent.data<int64_t>() == 2
             : exponent.dtype() == DType::Float64 && *exponent.data<double>() == 2;
}

ops::DeferredCall deferred(const Plan& plan, PointwiseOp functor, PointwiseRule rule, IntSpan strides,
                           Operands operands, Params params) {
  return {functor,    plan.compute, plan.out, rule.kind == PointwiseRule::Kind::Where,
          plan.sizes, strides,      operands, params};
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
                     Params params) {
  const Plan plan = make_plan(op, rule, operands);
  const DimVec strides = result_strides(plan.sizes, operands);
  if (is_square(plan, functor, operands)) {
    functor = PointwiseOp::Square;
    operands = operands.first(1);
  }
  if (thread_state.deferring && ops::may_defer(numel_of(plan.sizes))) [[unlikely]]
    if (Tensor later = ops::defer_new(deferred(plan, functor, rule, strides, operands, params));
        later.defined())
      return later;
  Tensor out = strides.empty() ? empty_tensor(plan.sizes, plan.out, plan.device)
                               : empty_strided_tensor(plan.sizes, strides, plan.out, plan.device);
  run(plan, functor, out, operands, params);
  return out;
}

void pointwise_into(const char* op, const Tensor& self, PointwiseOp functor, PointwiseRule rule,
                    Operands operands, Params params) {
  const Plan plan = make_plan(op, rule, operands);
  if (plan.device != self.device()) [[unlikely]] // a number on the CPU, written with what is elsewhere
    for (const Tensor* t : operands)
      if (t->device() != self.device()) fail_devices(op, self, *t);
  check(!is_complex(plan.compute) || is_complex(plan.out) || plan.out == DType::Bool, "In-place ", op,
        " is not supported for complex tensors.");
  check_keeps_shape(op, self, plan.sizes);
  check(can_cast(plan.out, self.dtype()), op, ": result type ", dtype_aten_name(plan.out),
        " can't be cast to the desired output type ", dtype_aten_name(self.dtype()),
        ": the form that is not in-place makes a tensor of the result type");
  ops::check_writable(op, self);
  for (const Tensor* t : operands)
    if (!t->is_same(self)) ops::check_no_overlap(op, self, *t);
  if (thread_state.deferring && ops::may_defer(numel_of(plan.sizes))) [[unlikely]]
    if (ops::defer_into(deferred(plan, functor, rule, {}, operands, params), self)) return;
  run(plan, functor, self, operands, params);
}

void pointwise_out(const char* op, const Tensor& out, PointwiseOp functor, PointwiseRule rule,
                   Operands operands, Params params, ops::OutDType fitting) {
  const Plan plan = make_plan(op, rule, operands);
  ops::check_out_fits(op, out, TensorMeta{{}, plan.out, plan.device}, fitting);
  for (const Tensor* t : operands)
    if (t->is_same(out)) check_keeps_shape(op, out, plan.sizes);
  ops::sized_out(op, out, plan.sizes, result_strides(plan.sizes, operands));
  for (const Tensor* t : operands)
    if (!t->is_same(out)) ops::check_no_overlap(op, out, *t);
  // A wider out gets the result as it is in its own dtype: rounded, or wrapped around.
  const bool apart =
      item_size(plan.out) < item_size(out.dtype()) && plan.out != DType::Bool && !out.is_meta();
  const Tensor target = apart ? empty_tensor(plan.sizes, plan.out, plan.device) : out;
  run(plan, functor, target, operands, params);
  ops::finish_out(out, target);
}

} // namespace torch

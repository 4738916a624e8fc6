#include "ops/entry.h"

#include "autograd/write_log.h"
#include "core/backend.h"
#include "core/warning.h"

namespace torch::ops {

const KernelTable& kernels_on(Device device) { return backend_of(device).kernels(); }

Tensor on_host(const Tensor& t) {
  if (t.is_cpu()) return t;
  check_kind(ErrorKind::NotImplemented, !t.is_meta(), "Cannot copy out of meta tensor; no data!");
  Tensor out = empty_tensor(t.sizes(), t.dtype());
  kernels_of(t).copy(out, t);
  return out;
}
Tensor moved_to(const Tensor& t, Device device) {
  if (t.device() == device) return t;
  Tensor out = empty_tensor(t.sizes(), t.dtype(), device);
  if (!out.is_meta()) kernels_of(out, t).copy(out, t);
  return out;
}

namespace {
// The n-th of names separated by ", ", from 1.
std::string_view nth_name(std::string_view names, int n) {
  while (--n > 0) names.remove_prefix(std::min(names.size(), names.find(", ") + 2));
  return names.substr(0, names.find(", "));
}
} // namespace

void DeviceCheck::refuse(const Tensor& t) const {
  fail(ErrorKind::Runtime,
       concat(op, ": Expected all tensors to be on the same device, but found at least two devices, ",
              first->device(), " and ", t.device(), "! ", nth_name(names, first_at), " is on ",
              first->device(), ", ", nth_name(names, at), " on ", t.device()));
}

void check_not_meta(const char* op, const Tensor& t) {
  if (t.is_meta())
    not_implemented(op, ": the shape of the result depends on data, which meta tensors do not have");
}

Tensor densified(const Tensor& t) {
  if (!t.defined() || t.is_contiguous()) return t;
  if (is_sparse(t)) not_implemented("reading the memory of a tensor of layout ", layout_of(t));
  Tensor out = empty_tensor(t.sizes(), t.dtype(), t.device());
  kernels_of(t).copy(out, t);
  return out;
}

Tensor copy_for_update(const Tensor& self) { return copy_for_update(self, infer::like(self)); }
Tensor copy_for_update(const Tensor& self, const TensorMeta& meta) {
  Tensor out = empty_tensor(meta);
  if (!self.is_meta()) kernels_of(self).copy(out, self);
  return out;
}

Tensor saved_copy(const Tensor& self) {
  // Recorded, so that a double backward reaches what self was computed from.
  return clone(self);
}

namespace {

// Whether two elements of t may share memory. Exact for expanded dims, conservative never: overlapping
// strides are found by sorting dims by stride and testing that each reaches past the extent of the smaller
// ones.
bool overlaps_itself(const Tensor& t) {
  if (t.is_contiguous() || t.is_non_overlapping_and_dense()) return false;
  InlineVec<std::pair<int64_t, int64_t>, 5> dims;
  for (int64_t i = 0; i < t.dim(); ++i) {
    if (t.sizes()[i] == 1) continue;
    if (t.strides()[i] == 0) return true;
    dims.emplace_back(t.strides()[i], t.sizes()[i]);
  }
  std::sort(dims.begin(), dims.end());
  int64_t extent = 0;
  for (const auto& [stride, size] : dims) {
    if (stride <= extent) return false; // cannot tell cheaply: as PyTorch, only certain overlap is refused
    extent += stride * (size - 1);
  }
  return false;
}

std::pair<const char*, const char*> reach(const Tensor& t) {
  const char* begin = static_cast<const char*>(t.data());
  return {begin, begin + span_bytes(t.sizes(), t.strides(), t.itemsize())};
}

} // namespace

void check_writable(const char* op, const Tensor& self) {
  if (overlaps_itself(self)) [[unlikely]]
    fail(ErrorKind::Runtime,
         concat(op, ": unsupported operation: more than one element of the written-to tensor refers to a "
                    "single memory "
                    "location. Please clone() the tensor before performing the operation."));
  check_not_readonly(op, self);
}

void check_not_readonly(const char* op, const Tensor& self) {
  check(self.storage()->writable(), op,
        ": the tensor's memory is read-only (it comes from a read-only array); clone() it first");
}

void check_writable(const char* op, TensorList tensors) {
  for (const Tensor& t : tensors)
    if (t.defined()) check_writable(op, t);
}

void check_no_overlap(const char* op, const Tensor& written, const Tensor& read) {
  // The same elements in the same order are fine: each is read before it is written.
  if (read.defined() && written.offset() == read.offset() && written.dtype() == read.dtype() &&
      equal(written.sizes(), read.sizes()) && equal(written.strides(), read.strides()))
    return;
  check_apart(op, written, read);
}

void check_apart(const char* op, const Tensor& written, const Tensor& read) {
  if (!read.defined() || written.storage().get() != read.storage().get() || written.numel() == 0 ||
      read.numel() == 0 || written.is_meta())
    return;
  const auto [w0, w1] = reach(written);
  const auto [r0, r1] = reach(read);
  if (w1 <= r0 || r1 <= w0) return;
  // Interleaved views may be disjoint all the same; only dense ones are refused for certain.
  if (!written.is_non_overlapping_and_dense() || !read.is_non_overlapping_and_dense()) return;
  fail(ErrorKind::Runtime,
       concat(
           op,
           ": unsupported operation: some elements of the input tensor and the written-to tensor "
           "refer to a single memory location. Please clone() the tensor before performing the operation."));
}

void check_out_one(const char* op, const Tensor& out) {
  check(!(thread_state.grad_enabled && out.defined() && out.requires_grad()), op,
        "(): functions with out=... arguments don't support automatic differentiation, but one of the "
        "arguments requires grad.");
}

namespace {
void set_size(const Tensor& out, IntSpan sizes, IntSpan strides = {}) {
  TensorImpl* impl = out.impl();
  for (const int64_t size : sizes)
    check(size >= 0, "Trying to create tensor with negative dimension ", size, ": ", sizes);
  const int64_t n = numel_of(sizes);
  const int64_t bytes = (impl->offset + n) * out.itemsize();
  if (bytes > impl->storage->bytes()) impl->storage->resize(bytes);
  if (strides.empty())
    impl->set_geometry(sizes, contiguous_strides(sizes));
  else
    impl->set_geometry(sizes, strides);
}
} // namespace

void resize_out(const char* op, const Tensor& out, IntSpan sizes, IntSpan strides) {
  if (equal(out.sizes(), sizes)) return;
  if (out.numel() != 0)
    warn(concat(
        op, ": An output with one or more elements was resized since it had shape ", out.sizes(),
        ", which does not match the required output shape ", sizes,
        ". This behavior is deprecated; resize such a tensor to zero elements first, with t.resize_(0)."));
  set_size(out, sizes, strides);
}

void check_out_fits(const char* op, const Tensor& out, const TensorMeta& result, OutDType rule) {
  check(out.device().type == result.device.type, op, ": expected out tensor to be on ", result.device,
        ", but it is on ", out.device());
  if (rule == OutDType::Same)
    check(out.dtype() == result.dtype, op, ": Expected out tensor to have dtype ", dtype_name(result.dtype),
          ", but got ", dtype_name(out.dtype()), " instead");
  else if (rule == OutDType::Truth)
    check(out.dtype() == DType::Bool || out.dtype() == DType::UInt8, op,
          " only supports bool and uint8 tensors for its result, got ", dtype_name(out.dtype()));
  else if (rule == OutDType::Real && is_complex(out.dtype()))
    fail(ErrorKind::Runtime, concat(op, ": expects a real output tensor, but got ", dtype_name(out.dtype())));
  else
    check(can_cast(result.dtype, out.dtype()), op, ": result type ", dtype_aten_name(result.dtype),
          " can't be cast to the desired output type ", dtype_aten_name(out.dtype()));
}

DType factory_dtype(const Tensor& out, std::optional<DType> dtype) {
  check(!dtype || *dtype == out.dtype(), "dtype ", dtype_aten_name(dtype.value_or(out.dtype())),
        " does not match dtype of out parameter (", dtype_aten_name(out.dtype()), ")");
  return out.dtype();
}

Device factory_device(const Tensor& out, std::optional<Device> device) {
  check(!device || device->type == out.device().type, "device ", device.value_or(out.device()),
        " does not match device of out parameter (", out.device(), ")");
  return out.device();
}

DType inplace_dtype(const char* op, const Tensor& self, std::optional<DType> dtype) {
  check(!dtype || *dtype == self.dtype(), op, ": Bad in-place call: input tensor dtype ",
        dtype_name(self.dtype()), " and output tensor dtype ", dtype_name(dtype.value_or(self.dtype())),
        " should match");
  return self.dtype();
}

const Tensor& sized_out(const char* op, const Tensor& out, IntSpan sizes, IntSpan strides) {
  resize_out(op, out, sizes, strides);
  check_writable(op, out);
  return out;
}

const Tensor& factory_out(const char* op, const Tensor& out, IntSpan sizes, std::optional<DType> dtype,
                          std::optional<Device> device) {
  factory_dtype(out, dtype);
  factory_device(out, device);
  if (!equal(out.sizes(), sizes)) set_size(out, sizes); // as PyTorch, without a warning
  check_writable(op, out);
  return out;
}

Tensor prepare_out(const char* op, const Tensor& out, const TensorMeta& meta, OutDType rule,
                   std::span<const Tensor* const> inputs) {
  check_out_fits(op, out, meta, rule);
  sized_out(op, out, meta.sizes, meta.strides);
  bool apart = out.dtype() == meta.dtype &&
               (meta.strides.empty() ? out.is_contiguous() : equal(out.strides(), meta.strides));
  for (const Tensor* t : inputs) apart &= !t->defined() || t->storage().get() != out.storage().get();
  return apart ? out : empty_tensor(meta);
}

void finish_out(const Tensor& out, const Tensor& target) {
  if (!target.is_same(out) && !out.is_meta()) kernels_of(out, target).copy(out, target);
  autograd::write_log.note(*out.impl(), "an operator with out=");
  out.impl()->version.bump();
}

void assign_out(const char* op, const Tensor& out, const Tensor& result, OutDType rule) {
  check_out_fits(op, out, result, rule);
  finish_out(sized_out(op, out, result.sizes()), result);
}

void write_result(const char* op, const Tensor& self, const Tensor& result) {
  check(equal(self.sizes(), result.sizes()), op, ": output with shape ", self.sizes(),
        " doesn't match the result's shape ", result.sizes());
  check(can_cast(result.dtype(), self.dtype()), op, ": result type ", dtype_aten_name(result.dtype()),
        " can't be cast to the desired output type ", dtype_aten_name(self.dtype()));
  if (!self.is_meta()) kernels_of(self, result).copy(self, result);
}

void bump_versions(TensorList ts) {
  for (const Tensor& t : ts) {
    if (!t.defined()) continue;
    autograd::write_log.note(*t.impl(), "an operator on lists of tensors, as an optimizer's step is");
    t.impl()->version.bump();
  }
}

Tensor make_view(const Tensor& self, const view::Geometry& g) {
  Tensor result = g.dtype == self.dtype() ? torch::alias(self, g.sizes, g.strides, g.offset)
                                          : alias_as(self, g.dtype, g.sizes, g.strides, g.offset);
  autograd::set_view(result, self);
  return result;
}

std::vector<Tensor> make_views(const Tensor& self, const std::vector<view::Geometry>& gs) {
  std::vector<Tensor> results;
  results.reserve(gs.size());
  for (const view::Geometry& g : gs) {
    results.push_back(torch::alias(self, g.sizes, g.strides, g.offset));
    autograd::set_view(results.back(), self, autograd::ViewKind::Several);
  }
  return results;
}

void restride(const Tensor& self, const view::Geometry& g) {
  TensorImpl* const impl = self.impl();
  impl->offset = g.offset;
  impl->set_geometry(g.sizes, g.strides);
}

Tensor make_unsafe_view(const Tensor& self, const view::Geometry& g) {
  Tensor result = autograd::detach_version(self);
  restride(result, g);
  return result;
}

std::vector<autograd::SavedTensor> save_all(TensorList ts) {
  std::vector<autograd::SavedTensor> saved;
  saved.reserve(ts.size());
  for (const Tensor& t : ts) saved.emplace_back(t, false);
  return saved;
}
std::vector<Tensor> unpack_all(const std::vector<autograd::SavedTensor>& saved, autograd::Node* node) {
  std::vector<Tensor> ts;
  ts.reserve(saved.size());
  for (const auto& s : saved) ts.push_back(s.unpack(node));
  return ts;
}
std::vector<DimVec> sizes_of(TensorList ts) {
  std::vector<DimVec> out;
  for (const Tensor& t : ts) out.push_back(meta_sizes(t));
  return out;
}
std::vector<DType> dtypes_of(TensorList ts) {
  std::vector<DType> out;
  for (const Tensor& t : ts) out.push_back(meta_dtype(t));
  return out;
}

} // namespace torch::ops

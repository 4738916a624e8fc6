// What generated entry points use: checks of operands and outputs, small conversions, and the headers they
// need.
#pragma once

#include "autograd/node.h"
#include "core/threads.h"
#include "kernels/table.h"
#include "ops/autocast.h"
#include "ops/checks.h"
#include "ops/composite/grad.h"
#include "ops/composite/out.h"
#include "ops/gate.h"
#include "ops/infer/attention.h"
#include "ops/infer/conv.h"
#include "ops/infer/embedding.h"
#include "ops/infer/infer.h"
#include "ops/infer/loss.h"
#include "ops/infer/pool.h"
#include "ops/infer/resample.h"
#include "ops/infer/rnn.h"
#include "ops/infer/view.h"
#include "ops/operators.h"
#include "ops/ops.h"
#include "ops/pointwise_call.h"

namespace torch::ops {

// ---- devices ----
const KernelTable& kernels_on(Device device); // not the CPU
inline const KernelTable& kernels_of(const Tensor& t) {
  if (!t.defined() || t.is_cpu()) [[likely]]
    return cpu_kernels();
  return kernels_on(t.device());
}
inline const KernelTable& kernels_of(TensorList ts) {
  for (const Tensor& t : ts)
    if (t.defined()) return kernels_of(t);
  return cpu_kernels();
}
// The first of them that is not on the CPU decides: where there are several, some may be undefined, and a
// copy may go from one device to another.
template <class... Ts> const KernelTable& kernels_of(const Tensor& t, const Ts&... ts) {
  if (!t.defined() || t.is_cpu()) [[likely]]
    return kernels_of(ts...);
  return kernels_on(t.device());
}
// The elements as they are in the memory of the CPU; the tensor itself if it is there.
Tensor on_host(const Tensor& t);
// The only element of a tensor on any device.
template <class T> T value_of(const Tensor& t) {
  return t.is_cpu() ? *t.data<T>() : *on_host(t).template data<T>();
}
// A tensor that was filled on the CPU, on the device where it is wanted.
Tensor moved_to(const Tensor& t, Device device);
template <class... Ts> bool is_meta(const Ts&... ts) { return ((ts.defined() && ts.is_meta()) || ...); }

// The arguments of a call as they are asked for their device, one after the other. `names` are all of theirs,
// separated by commas, for the error.
struct DeviceCheck {
  const char* op;
  const char* names;
  const Tensor* first = nullptr;
  int first_at = 0, at = 0; // positions in names

  void add(const Tensor& t) {
    ++at;
    if (!t.defined() || t.is_wrapped_number()) return; // a number goes along with any device
    if (!first) {
      first = &t;
      first_at = at;
    } else if (first->device() != t.device()) [[unlikely]] {
      refuse(t);
    }
  }
  void add(TensorList ts) {
    const int own = at;
    for (const Tensor& t : ts) {
      at = own;
      add(t);
    }
    at = own + 1;
  }
  [[noreturn]] void refuse(const Tensor& t) const;
};
template <class... Ts> void check_same_device(const char* op, const char* names, const Ts&... ts) {
  DeviceCheck check{op, names};
  (check.add(ts), ...);
}
void check_not_meta(const char* op, const Tensor& t);

inline bool autograd_wanted(const Tensor& t) { return thread_state.grad_enabled && t.requires_grad(); }

// ---- amount of work, for LongWork ----
inline int64_t work_of_one(const Tensor& t) { return t.defined() ? t.numel() : 0; }
inline int64_t work_of_one(TensorList ts) {
  int64_t n = 0;
  for (const Tensor& t : ts) n += work_of_one(t);
  return n;
}
template <class... Ts> int64_t work_of(const Ts&... ts) { return (work_of_one(ts) + ... + 0); }

// ---- inputs ----
Tensor densified(const Tensor& t);          // contiguous, unrecorded copy if need be; undefined stays
Tensor copy_for_update(const Tensor& self); // contiguous
Tensor copy_for_update(const Tensor& self, const TensorMeta& meta);
Tensor saved_copy(const Tensor& self); // old values of self for a node, keeping its place in the graph

// ---- written tensors ----
void check_writable(const char* op, const Tensor& self); // no overlap within itself, memory not read-only
void check_writable(const char* op, TensorList tensors); // all of them before one is written
void check_not_readonly(const char* op, const Tensor& self);
void check_no_overlap(const char* op, const Tensor& written, const Tensor& read);
inline void check_no_overlap(const char* op, const Tensor& written, TensorList read) {
  for (const Tensor& t : read) check_no_overlap(op, written, t);
}
// The same, and written may not be read itself either: for kernels that read elements after writing others.
void check_apart(const char* op, const Tensor& written, const Tensor& read);
inline void check_apart(const char* op, const Tensor& written, TensorList read) {
  for (const Tensor& t : read) check_apart(op, written, t);
}
// Gives out its size, with a warning if that takes away elements it has.
void resize_out(const char* op, const Tensor& out, IntSpan sizes, IntSpan strides = {});
void check_out_one(const char* op, const Tensor& t);
inline void check_out_one(const char* op, TensorList ts) {
  for (const Tensor& t : ts) check_out_one(op, t);
}
template <class... Ts> void check_out(const char* op, const Ts&... ts) { (check_out_one(op, ts), ...); }
// A Python number that a node keeps becomes a 0-dim tensor of the result's dtype, so that formulas compute in
// that.
inline Tensor settled(const Tensor& t, const Tensor& result) {
  if (!t.defined() || !t.is_wrapped_number()) return t;
  Tensor out = empty_tensor({}, result.dtype());
  cpu_kernels().copy(out, t);
  return out;
}
void check_out_fits(const char* op, const Tensor& out, const TensorMeta& result, OutDType rule);
inline void check_out_fits(const char* op, const Tensor& out, const Tensor& result, OutDType rule) {
  check_out_fits(op, out, TensorMeta{{}, result.dtype(), result.device()}, rule);
}
// dtype= and device= beside out=: what out has, if given at all.
DType factory_dtype(const Tensor& out, std::optional<DType> dtype);
Device factory_device(const Tensor& out, std::optional<Device> device);
// The same beside self of an in-place form.
DType inplace_dtype(const char* op, const Tensor& self, std::optional<DType> dtype);
// out of a filling op, ready to be filled in place.
// If it is resized, it gets these strides (empty = contiguous).
const Tensor& sized_out(const char* op, const Tensor& out, IntSpan sizes, IntSpan strides = {});
const Tensor& factory_out(const char* op, const Tensor& out, IntSpan sizes, std::optional<DType> dtype,
                          std::optional<Device> device);
// Where an out= kernel may write: `out` itself when it is dense, of the right dtype and apart from the
// inputs, else a temporary.
Tensor prepare_out(const char* op, const Tensor& out, const TensorMeta& meta, OutDType rule,
                   std::span<const Tensor* const> inputs);
inline void collect(InlineVec<const Tensor*, 8>& v, const Tensor& t) { v.push_back(&t); }
inline void collect(InlineVec<const Tensor*, 8>& v, TensorList ts) {
  for (const Tensor& t : ts) v.push_back(&t);
}
template <class... Ts>
Tensor prepare_out(const char* op, const Tensor& out, const TensorMeta& meta, OutDType rule,
                   const Ts&... inputs) {
  InlineVec<const Tensor*, 8> all;
  (collect(all, inputs), ...);
  return prepare_out(op, out, meta, rule, std::span<const Tensor* const>(all.data(), all.size()));
}
void finish_out(const Tensor& out, const Tensor& target);
void assign_out(const char* op, const Tensor& out, const Tensor& result,
                OutDType rule = OutDType::Cast); // resize and copy
// In-place result computed apart: shape and category must fit, then copied.
void write_result(const char* op, const Tensor& self, const Tensor& result);
void bump_versions(TensorList ts);

// ---- views ----
Tensor make_view(const Tensor& self, const view::Geometry& g);
// Views that one op returns together.
std::vector<Tensor> make_views(const Tensor& self, const std::vector<view::Geometry>& gs);
// Shares the memory of a tensor that nobody else will use: no view of it, with a version of its own.
Tensor make_unsafe_view(const Tensor& self, const view::Geometry& g);
// Gives self itself another geometry over its memory.
void restride(const Tensor& self, const view::Geometry& g);

// ---- what nodes keep ----
std::vector<autograd::SavedTensor> save_all(TensorList ts);
std::vector<Tensor> unpack_all(const std::vector<autograd::SavedTensor>& saved, autograd::Node* node);
std::vector<DimVec> sizes_of(TensorList ts);
std::vector<DType> dtypes_of(TensorList ts);
inline DimVec meta_sizes(const Tensor& t) { return t.defined() ? t.sizes() : Ints(); }
inline DimVec meta_strides(const Tensor& t) { return t.strides(); }
inline DType meta_dtype(const Tensor& t) { return t.defined() ? t.dtype() : DType::Float32; }
inline int64_t meta_offset(const Tensor& t) { return t.offset(); }
inline Device meta_device(const Tensor& t) { return t.device(); }
inline std::optional<std::string> stored(std::optional<std::string_view> s) {
  return s ? std::optional<std::string>(*s) : std::nullopt;
}

} // namespace torch::ops

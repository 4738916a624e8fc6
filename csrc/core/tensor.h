// Tensor: a shared handle to geometry over a storage. Knows no ops: those are free functions in ops/.
#pragma once

#include "core/dtype.h"
#include "core/ints.h"
#include "core/scalar.h"
#include "core/storage.h"
#include "core/thread_state.h"

#include <memory>

namespace torch {

// What autograd attaches to a tensor (autograd/meta.h); core only owns it.
struct AutogradMetaBase {
  virtual ~AutogradMetaBase();
  // Views: whether the base requires grad by now (it may have been written after the view was made).
  virtual bool base_requires_grad() const = 0;
};

// Counts in-place writes; shared by a tensor, its views and its detached aliases.
struct VersionCounter final : RefCounted, SmallObject {
  explicit VersionCounter(uint32_t v) : value(v) {}
  static void destroy(VersionCounter* c) { delete c; }
  std::atomic<uint32_t> value;
};

// The counter of a tensor's in-place writes: a number of its own until somebody shares it.
class Version {
public:
  Version() = default;
  Version(const Version&) = delete;
  Version& operator=(const Version&) = delete;
  ~Version() { reset(); }
  uint32_t value() const {
    return is_shared() ? shared()->value.load(std::memory_order_relaxed) : static_cast<uint32_t>(word_ >> 1);
  }
  void bump() {
    if (is_shared())
      shared()->value.fetch_add(1, std::memory_order_relaxed);
    else
      word_ += 2;
  }
  // From now on this tensor counts together with those of `other`.
  void share(Version& other);
  // Leaves the others and starts at 0.
  void reset();

private:
  bool is_shared() const { return (word_ & 1) == 0; }
  VersionCounter* shared() const { return reinterpret_cast<VersionCounter*>(word_); }
  uintptr_t word_ = 1; // (number << 1) | 1, or a counted VersionCounter*
};

enum TensorFlag : uint32_t {
  kRequiresGrad = 1u << 0,  // leaf that requires grad, or result with a grad_fn
  kWrappedNumber = 1u << 1, // came from a Python number: takes no part in promotion within its category
  kInterposed = 1u << 2,    // subclass with __torch_dispatch__ ...: ops go to the interpreters
  kInference = 1u << 3,     // made in inference mode: cannot be saved for backward
  kOwnsPyObject = 1u << 4,  // the impl keeps the Python object alive (see bindings/tensor_object)
  kIsView = 1u << 5,        // differentiable view: autograd meta holds its base
  kConjugate = 1u << 6,     // reserved
};

struct TensorImpl;
// Set once by bindings: called when an impl that owns a Python object is destroyed, and to drop other
// references.
extern void (*release_pyobject)(void* pyobj);

// Sizes and strides stand behind the object, which is allocated with room for as many as it starts with.
struct TensorImpl final : RefCounted {
  uint32_t flags = 0;
  DType dtype;
  Device device;
  bool contiguous : 1 = true;     // C order without gaps (or empty)
  bool channels_last : 1 = false; // dense NHWC / NDHWC order
  bool non_overlapping_dense : 1 = true;

private:
  bool outgrown_ : 1 = false; // the room holds an Outgrown instead
  uint16_t ndim_ = 0;
  uint16_t room_; // dimensions that fit behind the object

public:
  int64_t numel = 0;
  int64_t offset = 0; // in elements
  Storage storage;
  std::unique_ptr<AutogradMetaBase> autograd;
  void* pyobj = nullptr;
  Version version;

  // With `ndim` sizes and strides that are to be set (mutable_dims).
  static Ref<TensorImpl> make(DType dtype, Device device, size_t ndim);
  static void destroy(TensorImpl* t);

  size_t dim() const { return ndim_; }
  Ints sizes() const { return IntSpan(dims(), ndim_); }
  Ints strides() const { return IntSpan(dims() + ndim_, ndim_); }
  int64_t* mutable_dims() { return const_cast<int64_t*>(dims()); } // sizes, then strides
  // By value: what is given may be a part of what is replaced.
  void set_geometry(DimVec sizes, DimVec strides);
  // Recomputes numel and the layout flags after sizes or strides changed.
  void refresh_layout();

private:
  struct Outgrown {
    int64_t* dims;
    size_t room;
  };
  TensorImpl(DType d, Device on, size_t ndim, size_t room)
      : dtype(d), device(on), ndim_(static_cast<uint16_t>(ndim)), room_(static_cast<uint16_t>(room)) {}
  ~TensorImpl();
  const int64_t* dims() const {
    return outgrown_ ? outgrown()->dims : reinterpret_cast<const int64_t*>(this + 1);
  }
  const Outgrown* outgrown() const { return reinterpret_cast<const Outgrown*>(this + 1); }
};

class Tensor {
public:
  Tensor() = default;
  explicit Tensor(Ref<TensorImpl> impl) : impl_(std::move(impl)) {}

  bool defined() const { return bool(impl_); }
  TensorImpl* impl() const { return impl_.get(); }
  const Ref<TensorImpl>& ref() const { return impl_; }
  Ref<TensorImpl> release_ref() { return std::move(impl_); }
  bool is_same(const Tensor& o) const { return impl_ == o.impl_; }
  void reset() { impl_.reset(); }

  int64_t dim() const { return static_cast<int64_t>(impl_->dim()); }
  int64_t numel() const { return impl_->numel; }
  Ints sizes() const { return impl_->sizes(); } // valid until the tensor goes or changes its geometry
  Ints strides() const { return impl_->strides(); }
  int64_t size(int64_t d) const { return impl_->sizes()[checked_dim(d)]; }
  int64_t stride(int64_t d) const { return impl_->strides()[checked_dim(d)]; }
  int64_t offset() const { return impl_->offset; }
  DType dtype() const { return impl_->dtype; }
  int64_t itemsize() const { return item_size(impl_->dtype); }
  int64_t nbytes() const { return numel() * itemsize(); }
  Device device() const { return impl_->device; }
  bool is_meta() const { return impl_->device.type == DeviceType::Meta; }
  bool is_cpu() const { return impl_->device.type == DeviceType::CPU; }
  const Storage& storage() const { return impl_->storage; }
  bool is_contiguous() const { return impl_->contiguous; }
  bool is_contiguous(MemoryFormat f) const;
  bool is_non_overlapping_and_dense() const { return impl_->non_overlapping_dense; }
  MemoryFormat suggested_format() const; // ChannelsLast(3d) when in that order and not also contiguous

  bool is_floating_point() const { return is_floating(dtype()); }
  bool is_complex() const { return torch::is_complex(dtype()); }
  bool is_wrapped_number() const { return impl_->flags & kWrappedNumber; }
  bool requires_grad() const {
    const uint32_t f = impl_->flags & (kRequiresGrad | kIsView);
    return f == kIsView ? impl_->autograd->base_requires_grad() : f != 0;
  }

  // First element. data<T> trusts the caller about T.
  void* data() const { return static_cast<char*>(impl_->storage->data()) + impl_->offset * itemsize(); }
  template <class T> T* data() const { return static_cast<T*>(data()); }

private:
  size_t checked_dim(int64_t d) const { return static_cast<size_t>(wrap_dim(d, dim())); }
  Ref<TensorImpl> impl_;
};

using TensorList = std::span<const Tensor>;

struct TensorMeta { // what an infer rule says about an output
  DimVec sizes;
  DType dtype;
  Device device;
  DimVec strides = {}; // empty: contiguous
  bool wanted = true;  // false: no output is made, the kernel gets an undefined tensor
};

// Fresh tensor, contents undefined. Negative sizes are a RuntimeError; device index of CPU is dropped.
Tensor empty_tensor(IntSpan sizes, DType dtype, Device device = {});
Tensor empty_strided_tensor(IntSpan sizes, IntSpan strides, DType dtype, Device device = {});
Tensor empty_tensor(const TensorMeta& meta);
// Same memory with another geometry: an alias sharing storage and version, without any autograd record.
Tensor alias(const Tensor& base, IntSpan sizes, IntSpan strides, int64_t offset);
Tensor alias(const Tensor& base);
// Alias over the same bytes as another dtype (same geometry given by the caller, offset in new elements).
Tensor alias_as(const Tensor& base, DType dtype, IntSpan sizes, IntSpan strides, int64_t offset);
Tensor from_storage(Storage storage, DType dtype, IntSpan sizes, IntSpan strides, int64_t offset);
// 0-dim CPU tensor that holds a number and is marked as such.
Tensor wrapped_number(const Scalar& value);
// Bytes that sizes and strides reach from the first element on (0 when empty).
int64_t span_bytes(IntSpan sizes, IntSpan strides, int64_t itemsize);

void append_text(std::string& out, const Tensor& t); // "float32[2, 3]" for messages

} // namespace torch

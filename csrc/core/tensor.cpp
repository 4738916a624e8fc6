#include "core/tensor.h"

#include "core/backend.h"

#include "core/sparse.h"

#include <cstring>
#include <limits>

namespace torch {

thread_local ThreadState thread_state __attribute__((tls_model("initial-exec")));

AutogradMetaBase::~AutogradMetaBase() = default;
void (*release_pyobject)(void*) = nullptr;

namespace {

constexpr size_t dims_bytes(size_t room) { return 2 * room * sizeof(int64_t); }
constexpr size_t allocated_bytes(size_t room) { return sizeof(TensorImpl) + dims_bytes(room); }
static_assert(sizeof(TensorImpl) == 64); // a 1-d tensor: 80 bytes

void check_ndim(size_t n) {
  check(n <= std::numeric_limits<uint16_t>::max(), "tensor has too many dimensions: ", n);
}

} // namespace

Ref<TensorImpl> TensorImpl::make(DType dtype, Device device, size_t ndim) {
  static_assert(sizeof(Outgrown) <= dims_bytes(1));
  check_ndim(ndim);
  const size_t room = std::max<size_t>(ndim, 1);
  Ref<TensorImpl> t(new (small_alloc(allocated_bytes(room))) TensorImpl(dtype, device, ndim, room));
  if (thread_state.inference_mode) [[unlikely]]
    t->flags |= kInference;
  return t;
}

void TensorImpl::destroy(TensorImpl* t) {
  if (t->flags & kOwnsPyObject) {
    release_pyobject(t->pyobj); // its deallocation ends here again, with the object's reference as the last
    return;
  }
  const size_t bytes = allocated_bytes(t->room_);
  t->~TensorImpl();
  small_free(t, bytes);
}

TensorImpl::~TensorImpl() {
  if (outgrown_) small_free(outgrown()->dims, dims_bytes(outgrown()->room));
}

void TensorImpl::set_geometry(DimVec sizes, DimVec strides) {
  TORCH_ASSERT(sizes.size() == strides.size());
  const size_t n = sizes.size();
  check_ndim(n);
  if (n > (outgrown_ ? outgrown()->room : room_)) {
    auto* const fresh = static_cast<int64_t*>(small_alloc(dims_bytes(n)));
    if (outgrown_) small_free(outgrown()->dims, dims_bytes(outgrown()->room));
    new (this + 1) Outgrown{fresh, n};
    outgrown_ = true;
  }
  ndim_ = static_cast<uint16_t>(n);
  std::copy(sizes.begin(), sizes.end(), mutable_dims());
  std::copy(strides.begin(), strides.end(), mutable_dims() + n);
  refresh_layout();
}

void Version::share(Version& other) {
  if (!other.is_shared()) {
    auto* const counter = new VersionCounter(other.value());
    counter->retain();
    other.word_ = reinterpret_cast<uintptr_t>(counter);
  }
  other.shared()->retain();
  reset();
  word_ = other.word_;
}

void Version::reset() {
  if (is_shared() && shared()->release()) VersionCounter::destroy(shared());
  word_ = 1;
}

void TensorImpl::refresh_layout() {
  const IntSpan sizes = this->sizes(), strides = this->strides();
  numel = numel_of(sizes);
  const size_t n = sizes.size();
  contiguous = true;
  channels_last = false;
  non_overlapping_dense = true;
  if (numel == 0) return;
  int64_t step = 1;
  for (size_t i = n; i-- > 0;) {
    if (sizes[i] == 1) continue;
    if (strides[i] != step) {
      contiguous = false;
      break;
    }
    step *= sizes[i];
  }
  if (n == 4 || n == 5) {
    int64_t expected = 1;
    bool ok = true;
    const auto test = [&](size_t d) {
      if (sizes[d] != 1 && strides[d] != expected) ok = false;
      expected *= sizes[d];
    };
    test(1);
    for (size_t d = n; d-- > 2;) test(d);
    test(0);
    channels_last = ok;
  }
  if (contiguous || channels_last) return;
  // Dense when some order of the dimensions is contiguous.
  DimVec order;
  for (size_t i = 0; i < n; ++i)
    if (sizes[i] != 1) order.push_back(static_cast<int64_t>(i));
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return strides[a] < strides[b]; });
  int64_t expected = 1;
  for (const int64_t d : order) {
    if (strides[d] != expected) {
      non_overlapping_dense = false;
      return;
    }
    expected *= sizes[d];
  }
}

bool Tensor::is_contiguous(MemoryFormat f) const {
  switch (f) {
  case MemoryFormat::ChannelsLast:
    return dim() == 4 && impl_->channels_last;
  case MemoryFormat::ChannelsLast3d:
    return dim() == 5 && impl_->channels_last;
  default:
    return impl_->contiguous;
  }
}

MemoryFormat Tensor::suggested_format() const {
  if (impl_->contiguous || !impl_->channels_last) return MemoryFormat::Contiguous;
  return dim() == 4 ? MemoryFormat::ChannelsLast : MemoryFormat::ChannelsLast3d;
}

namespace {

Device normalized(Device d) {
  if (d.type == DeviceType::CUDA) [[unlikely]]
    return with_index(d);
  d.index = -1;
  return d;
}

Ref<TensorImpl> impl_over(Storage storage, Device device, DType dtype, IntSpan sizes, IntSpan strides,
                          int64_t offset) {
  TORCH_ASSERT(sizes.size() == strides.size());
  Ref<TensorImpl> t = TensorImpl::make(dtype, device, sizes.size());
  t->storage = std::move(storage);
  int64_t* const own = t->mutable_dims();
  std::copy(sizes.begin(), sizes.end(), own);
  std::copy(strides.begin(), strides.end(), own + sizes.size());
  t->offset = offset;
  t->refresh_layout();
  return t;
}

int64_t checked_bytes(int64_t n, DType dtype) {
  int64_t bytes = 0;
  check(!__builtin_mul_overflow(n, item_size(dtype), &bytes), "Storage size calculation overflowed: ", n,
        " elements of ", dtype);
  return bytes;
}

} // namespace

Tensor empty_tensor(IntSpan sizes, DType dtype, Device device) {
  for (const int64_t s : sizes)
    if (s < 0) [[unlikely]]
      fail(ErrorKind::Runtime, concat("Trying to create tensor with negative dimension ", s, ": ", sizes));
  const int64_t n = numel_of(sizes);
  device = normalized(device);
  Storage storage = StorageImpl::allocate(checked_bytes(n, dtype), device);
  const size_t ndim = sizes.size();
  Ref<TensorImpl> t = TensorImpl::make(dtype, device, ndim);
  t->storage = std::move(storage);
  t->numel = n;
  int64_t* const own = t->mutable_dims();
  int64_t step = 1;
  for (size_t i = ndim; i-- > 0;) {
    own[i] = sizes[i];
    own[ndim + i] = step;
    step *= std::max<int64_t>(sizes[i], 1);
  }
  if (ndim >= 4) t->refresh_layout();
  return Tensor(std::move(t));
}

int64_t span_bytes(IntSpan sizes, IntSpan strides, int64_t itemsize) {
  int64_t last = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0) return 0;
    int64_t reach = 0;
    check(!__builtin_mul_overflow(sizes[i] - 1, strides[i], &reach) &&
              !__builtin_add_overflow(last, reach, &last),
          "Storage size calculation overflowed with sizes=", sizes, " and strides=", strides);
  }
  int64_t bytes = 0;
  check(!__builtin_add_overflow(last, int64_t{1}, &last) && !__builtin_mul_overflow(last, itemsize, &bytes),
        "Storage size calculation overflowed with sizes=", sizes, " and strides=", strides);
  return bytes;
}

Tensor empty_strided_tensor(IntSpan sizes, IntSpan strides, DType dtype, Device device) {
  check(sizes.size() == strides.size(), "mismatch in length of strides ", strides, " and shape ", sizes);
  for (size_t i = 0; i < sizes.size(); ++i) {
    check(sizes[i] >= 0, "Trying to create tensor with negative dimension ", sizes[i], ": ", sizes);
    check(strides[i] >= 0, "Trying to create tensor with negative stride ", strides[i], ": ", strides);
  }
  numel_of(sizes);
  device = normalized(device);
  return from_storage(StorageImpl::allocate(span_bytes(sizes, strides, item_size(dtype)), device), dtype,
                      sizes, strides, 0);
}

Tensor empty_tensor(const TensorMeta& m) {
  if (!m.wanted) return {};
  return m.strides.empty() ? empty_tensor(m.sizes, m.dtype, m.device)
                           : empty_strided_tensor(m.sizes, m.strides, m.dtype, m.device);
}

Tensor from_storage(Storage storage, DType dtype, IntSpan sizes, IntSpan strides, int64_t offset) {
  const Device device = storage->device();
  return Tensor(impl_over(std::move(storage), device, dtype, sizes, strides, offset));
}

Tensor alias_as(const Tensor& base, DType dtype, IntSpan sizes, IntSpan strides, int64_t offset) {
  Ref<TensorImpl> t = impl_over(base.storage(), base.device(), dtype, sizes, strides, offset);
  t->version.share(base.impl()->version);
  if (const uint32_t kept = base.impl()->flags & (kInference | kSparse)) [[unlikely]] {
    t->flags |= kept;
    if (kept & kSparse) t->contiguous = false;
  }
  return Tensor(std::move(t));
}

Tensor alias(const Tensor& base, IntSpan sizes, IntSpan strides, int64_t offset) {
  return alias_as(base, base.dtype(), sizes, strides, offset);
}

Tensor alias(const Tensor& base) { return alias(base, base.sizes(), base.strides(), base.offset()); }

Tensor wrapped_number(const Scalar& value) {
  Tensor t = empty_tensor({}, value.is_floating()       ? DType::Float64
                              : value.is_complex()      ? DType::Complex128
                              : value.is_beyond_int64() ? DType::UInt64
                                                        : value.dtype());
  visit_all(t.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    *t.data<T>() = value.to<T>();
  });
  t.impl()->flags |= kWrappedNumber;
  return t;
}

void append_text(std::string& out, const Tensor& t) {
  if (!t.defined()) {
    out.append("undefined");
    return;
  }
  out.append(dtype_name(t.dtype()));
  detail::append_ints(out, t.sizes());
}

} // namespace torch

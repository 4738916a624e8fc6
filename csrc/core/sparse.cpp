#include "core/sparse.h"

#include "core/dims.h"

#include <memory>

namespace torch {

namespace {

Storage storage_of(SparseParts parts) {
  const Device device = parts.values.device();
  auto* const held = new SparseParts(std::move(parts));
  const auto release = [](void* p) { delete static_cast<SparseParts*>(p); };
  return StorageImpl::wrap(held, 0, device, release, held);
}

} // namespace

const SparseParts& sparse_parts(const Tensor& t) {
  TORCH_ASSERT(is_sparse(t));
  return *static_cast<const SparseParts*>(t.storage()->data());
}

Tensor sparse_tensor(IntSpan sizes, SparseParts parts) {
  const DType dtype = parts.values.dtype();
  Tensor t = from_storage(storage_of(std::move(parts)), dtype, sizes, contiguous_strides(sizes), 0);
  t.impl()->flags |= kSparse;
  t.impl()->contiguous = false; // who reads memory makes a contiguous copy first, and is refused it
  return t;
}

void set_sparse(const Tensor& t, IntSpan sizes, SparseParts parts) {
  TensorImpl* const impl = t.impl();
  TORCH_ASSERT(is_sparse(t) && impl->dtype == parts.values.dtype());
  impl->storage = storage_of(std::move(parts));
  impl->set_geometry(sizes, contiguous_strides(sizes));
  impl->contiguous = false;
}

} // namespace torch

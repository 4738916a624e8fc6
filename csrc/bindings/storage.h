// torch.UntypedStorage: the Python object of a block of memory, one per StorageImpl while somebody holds it.
#pragma once

#include "bindings/tensor_object.h"

namespace torch::python {

class Owned;

// Keeps a storage alive and its memory in place.
class PinnedStorage {
public:
  PinnedStorage() = default;
  explicit PinnedStorage(Storage s) : storage_(std::move(s)) { storage_->pin(); }
  ~PinnedStorage() {
    if (storage_) storage_->unpin();
  }
  PinnedStorage(PinnedStorage&& o) noexcept : storage_(std::move(o.storage_)) {}
  PinnedStorage& operator=(PinnedStorage&&) = delete;

private:
  Storage storage_;
};
void delete_pinned_storage(void* pinned);

bool is_storage(PyObject* o); // an UntypedStorage
const Storage& storage_of(PyObject* o);
// The UntypedStorage behind a TypedStorage; null (no error) for anything else.
Owned untyped_storage_of(PyObject* o);
PyObject* wrap_storage(const Storage& s);

// Bytes [begin, end) of a storage as a storage that keeps it alive.
Storage slice_storage(const Storage& s, int64_t begin, int64_t end);
// One-dimensional tensor over all of it.
Tensor tensor_over_storage(const Storage& s, DType dtype);
// Throws RuntimeError unless the geometry lies inside the storage.
void check_geometry(const Storage& s, DType dtype, IntSpan sizes, IntSpan strides, int64_t offset);

extern PyMethodDef storage_tensor_methods[]; // untyped_storage, set_
extern PyMethodDef sharing_functions[];      // memory of several processes
bool init_storage(PyObject* module);         // StorageBase and functions for torch/storage.py

} // namespace torch::python

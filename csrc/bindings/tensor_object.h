// The Python object of a tensor: one per TensorImpl for as long as either lives. See Note [One object per
// tensor] in tensor_object.cpp.
#pragma once

#include "bindings/errors.h"

#include "core/sparse.h"

namespace torch::python {

struct TensorObject {
  PyObject_HEAD Tensor tensor;
  PyObject* dict; // instance attributes, made when first used
  PyObject* weakrefs;
};

extern PyTypeObject* tensor_type;    // torch.Tensor (set by torch/_tensor.py: the class users see)
extern PyTypeObject* parameter_type; // torch.nn.Parameter, once imported

// Exact torch.Tensor or Parameter: the test of the fast path, before any __torch_function__.
inline bool is_plain_tensor(PyObject* o) { return Py_TYPE(o) == tensor_type || Py_TYPE(o) == parameter_type; }
bool is_tensor(PyObject* o); // any subclass too
inline const Tensor& unwrap(PyObject* o) { return reinterpret_cast<TensorObject*>(o)->tensor; }
// For what reads a tensor's memory past the ops: NotImplementedError for one of a sparse layout.
inline void check_strided(const char* op, const Tensor& t) {
  if (is_sparse(t)) [[unlikely]]
    not_implemented(op, ": not implemented for tensors of layout ", layout_of(t));
}

// New reference to the one Python object of t (made as a torch.Tensor if it has none); None when undefined.
PyObject* wrap(const Tensor& t);
PyObject* wrap(Tensor&& t);
// New object of a given subclass for a tensor that has none yet.
PyObject* wrap_as(PyTypeObject* type, Tensor t);

} // namespace torch::python

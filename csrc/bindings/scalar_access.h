// Tensors as Python numbers, sequences and addresses: item, tolist, float(t), len(t), iter(t), data_ptr ...
#pragma once

#include "bindings/tensor_object.h"

namespace torch::python {

// For the type's slots. All set a Python error and return null / -1 on failure.
PyObject* tensor_float(PyObject* self);                 // nb_float
PyObject* tensor_int(PyObject* self);                   // nb_int
PyObject* tensor_index(PyObject* self);                 // nb_index
int tensor_bool(PyObject* self);                        // nb_bool
Py_ssize_t tensor_length(PyObject* self);               // sq_length, mp_length
PyObject* tensor_iter(PyObject* self);                  // tp_iter: over views of dimension 0
int tensor_contains(PyObject* self, PyObject* element); // sq_contains

PyObject* number_object(const Scalar& s); // bool, int, float or complex

extern PyMethodDef scalar_access_methods[]; // item, tolist, data_ptr, element_size, __complex__ ...

} // namespace torch::python

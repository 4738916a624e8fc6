// tensor[index] and tensor[index] = value.
#pragma once

#include "bindings/tensor_object.h"

namespace torch::python {

// mp_subscript and mp_ass_subscript of torch.Tensor. Set a Python error and return null / -1 on failure.
PyObject* tensor_getitem(PyObject* self, PyObject* index);
int tensor_setitem(PyObject* self, PyObject* index, PyObject* value); // value null: deletion, a TypeError

} // namespace torch::python

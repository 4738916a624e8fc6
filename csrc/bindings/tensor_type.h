// torch._C.TensorBase: the C part of torch.Tensor, with its slots, attributes and methods.
#pragma once

#include "bindings/tensor_object.h"

namespace torch::python {

extern PyTypeObject tensor_base_type;
extern PyTypeObject
    tensor_meta_type; // metaclass: gives subclasses the deallocation of Note [One object per tensor]

// tensor_object.cpp
void tensor_dealloc(PyObject* self);
int tensor_traverse(PyObject* self, visitproc visit, void* arg);
int tensor_clear(PyObject* self);
int tensor_setattro(PyObject* self, PyObject* name, PyObject* value);
PyObject* tensor_get_dict(PyObject* self, void*);
void init_tensor_object(PyObject* module);

// tensor_number.cpp: the operators (+, @, <, ...)
extern PyNumberMethods tensor_number;
PyObject* tensor_compare(PyObject* a, PyObject* b, int op);

// tensor_attributes.cpp: shape, dtype, data, T ... and to(), size(), stride() ...
extern PyGetSetDef attribute_getset[];
extern PyMethodDef attribute_methods[];

void init_tensor_type(PyObject* module);

} // namespace torch::python

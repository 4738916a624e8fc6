// The tape in Python: what torch._C takes from here.
#pragma once

#include "bindings/tensor_object.h"

namespace torch::python {

// Adds torch._C._autograd, torch._C._FunctionBase and the grad-mode functions to the module.
void init_autograd(PyObject* module);

// Parts of the Tensor type; both end with an entry of nulls.
extern PyGetSetDef autograd_getset[];
extern PyMethodDef autograd_methods[];

// For the garbage collector: what t's autograd record keeps alive in Python and only t keeps alive in C++
// (hooks, the ctx of a custom Function). To be called by the Tensor type's tp_traverse and tp_clear.
int traverse_autograd(const Tensor& t, visitproc visit, void* arg);
void clear_autograd(const Tensor& t);

} // namespace torch::python

// DLPack: exchange of memory with other array libraries without copying.
#pragma once

#include "bindings/tensor_object.h"

namespace torch::python {

// From an object with __dlpack__, or from a capsule that it returned (which is used up).
Tensor tensor_from_dlpack(PyObject* object);

extern PyMethodDef dlpack_tensor_methods[]; // __dlpack__, __dlpack_device__
bool init_dlpack(PyObject* module);         // _to_dlpack, _from_dlpack

} // namespace torch::python

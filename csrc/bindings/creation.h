// torch.tensor and its kin: tensors from Python data, buffers and other tensors.
#pragma once

#include "bindings/tensor_object.h"

#include <optional>

namespace torch::python {

// torch.Tensor(...): from sizes, a sequence, an array, a storage or another tensor (sharing its memory).
// `dtype` is the class's own one (torch.LongTensor); nullopt takes the default dtype.
Tensor legacy_tensor(PyObject* args, PyObject* kwargs, std::optional<DType> dtype);
PyObject* legacy_tensor_new(PyTypeObject* type, PyObject* args, PyObject* kwargs); // tp_new of torch.Tensor

extern PyMethodDef creation_functions[];      // tensor, as_tensor, asarray, frombuffer, _legacy_tensor
extern PyMethodDef creation_tensor_methods[]; // new_tensor, new

// Adds the functions of creation.h, numpy.h and dlpack.h to the module. False with a Python error set on
// failure.
bool init_creation(PyObject* module);

} // namespace torch::python

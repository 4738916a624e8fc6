// What torch.cuda is made of: devices, streams, events and memory of the CUDA backend.
#pragma once

#include "bindings/python.h"

namespace torch::python {

void init_cuda(PyObject* module);

} // namespace torch::python

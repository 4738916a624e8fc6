// The checksum of records of a file.
#pragma once

#include <Python.h>

namespace torch::python {

void init_checksum(PyObject* module);

} // namespace torch::python

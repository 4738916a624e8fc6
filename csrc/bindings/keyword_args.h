// Arguments of hand-written functions with one fixed signature (METH_FASTCALL | METH_KEYWORDS): torch.tensor
// and its kin. Ops have the generated parser instead.
#pragma once

#include "bindings/errors.h"
#include "core/device.h"
#include "core/dims.h"
#include "core/dtype.h"

#include <optional>
#include <span>

namespace torch::python {

struct Signature {
  const char* name;                    // for messages: "tensor"
  std::span<const char* const> params; // positional ones first
  int positional;                      // how many may be given by position
  int required;                        // how many must be given
};

// Sorts a vectorcall's arguments into `slots` (borrowed references, null where not given), one per parameter.
// Throws PythonError after setting the TypeError that a Python function would raise.
void bind_arguments(const Signature& signature, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames,
                    PyObject** slots);
// The same for tp_new style (tuple, dict) calls.
void bind_arguments(const Signature& signature, PyObject* args, PyObject* kwargs, PyObject** slots);

// Values of common parameters; null and None give the default. TypeErrors name function and argument.
bool bool_argument(const Signature& signature, const char* name, PyObject* value, bool otherwise);
std::optional<bool> optional_bool_argument(const Signature& signature, const char* name, PyObject* value);
int64_t int_argument(const Signature& signature, const char* name, PyObject* value, int64_t otherwise);
std::optional<DType> dtype_argument(const Signature& signature, PyObject* value);
std::optional<Device> device_argument(const Signature& signature, PyObject* value);
// A sequence of integers (tuple, list, torch.Size ...) or a single one.
DimVec sizes_argument(const Signature& signature, const char* name, PyObject* value);

} // namespace torch::python

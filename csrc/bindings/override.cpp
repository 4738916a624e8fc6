#include "bindings/override.h"

#include "bindings/keyword_args.h"
#include "core/inline_vec.h"

namespace torch::python {

PyObject* call_override(const char* method, std::initializer_list<PyObject*> operands, PyObject* args,
                        PyObject* kwargs) {
  const Owned arguments(args);
  if (!args) return nullptr;
  const Owned function(PyObject_GetAttrString(reinterpret_cast<PyObject*>(tensor_type), method));
  const Owned no_keywords(kwargs ? nullptr : PyDict_New());
  if (!function || (!kwargs && !no_keywords)) return nullptr;
  InlineVec<PyObject*, 4> overridden;
  for (PyObject* o : operands)
    if (is_overridden_by_class(o)) overridden.push_back(o);
  return call_torch_function(function.get(), {overridden.data(), overridden.size()}, args,
                             kwargs ? kwargs : no_keywords.get());
}

PyObject* call_override(const char* method, PyObject* self, PyObject* const* args, Py_ssize_t nargs,
                        PyObject* kwnames) {
  PyObject* const all = PyTuple_New(nargs + 1);
  const Owned kwargs(PyDict_New());
  if (!all || !kwargs) return nullptr;
  PyTuple_SET_ITEM(all, 0, Py_NewRef(self));
  for (Py_ssize_t i = 0; i < nargs; ++i) PyTuple_SET_ITEM(all, i + 1, Py_NewRef(args[i]));
  for (Py_ssize_t i = 0; kwnames && i < PyTuple_GET_SIZE(kwnames); ++i)
    if (PyDict_SetItem(kwargs.get(), PyTuple_GET_ITEM(kwnames, i), args[nargs + i]) < 0) {
      Py_DECREF(all);
      return nullptr;
    }
  return call_override(method, {self}, all, kwargs.get());
}

PyObject* call_mode(const char* name, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  const Owned module(PyImport_ImportModule("torch"));
  const Owned function(module ? PyObject_GetAttrString(module.get(), name) : nullptr);
  const Owned positional(function ? PyTuple_New(nargs) : nullptr);
  const Owned kwargs(PyDict_New());
  if (!positional || !kwargs) return nullptr;
  for (Py_ssize_t i = 0; i < nargs; ++i) PyTuple_SET_ITEM(positional.get(), i, Py_NewRef(args[i]));
  for (Py_ssize_t i = 0; kwnames && i < PyTuple_GET_SIZE(kwnames); ++i)
    if (PyDict_SetItem(kwargs.get(), PyTuple_GET_ITEM(kwnames, i), args[nargs + i]) < 0) return nullptr;
  return call_torch_function(function.get(), {}, positional.get(), kwargs.get());
}

namespace {

PyObject* override_attribute(const char* name, const char* accessor, PyObject* self, PyObject* args) {
  const Owned arguments(args);
  const Owned descriptor(args ? PyObject_GetAttrString(reinterpret_cast<PyObject*>(tensor_type), name)
                              : nullptr);
  const Owned function(descriptor ? PyObject_GetAttrString(descriptor.get(), accessor) : nullptr);
  const Owned kwargs(function ? PyDict_New() : nullptr);
  const std::span<PyObject* const> overridden(&self, is_overridden_by_class(self) ? 1 : 0);
  return kwargs ? call_torch_function(function.get(), overridden, args, kwargs.get()) : nullptr;
}

} // namespace

PyObject* override_get(const char* name, PyObject* self) {
  return override_attribute(name, "__get__", self, PyTuple_Pack(1, self));
}

int override_set(const char* name, PyObject* self, PyObject* value) {
  const Owned result(value ? override_attribute(name, "__set__", self, PyTuple_Pack(2, self, value))
                           : override_attribute(name, "__delete__", self, PyTuple_Pack(1, self)));
  return result ? 0 : -1;
}

} // namespace torch::python

#include "bindings/keyword_args.h"

#include "bindings/tensor_object.h"
#include "bindings/types.h"

#include <algorithm>
#include <cstring>

namespace torch::python {

namespace {

// Index of a keyword among the parameters, or -1.
int find_parameter(const Signature& s, PyObject* key) {
  for (size_t i = 0; i < s.params.size(); ++i)
    if (PyUnicode_CompareWithASCIIString(key, s.params[i]) == 0) return static_cast<int>(i);
  return -1;
}

void set_keyword(const Signature& s, PyObject* key, PyObject* value, PyObject** slots) {
  const int i = find_parameter(s, key);
  if (i < 0) raise_python(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", s.name, key);
  if (slots[i]) raise_python(PyExc_TypeError, "%s() got multiple values for argument '%U'", s.name, key);
  slots[i] = value;
}

void set_positional(const Signature& s, PyObject* const* args, Py_ssize_t nargs, PyObject** slots) {
  std::fill_n(slots, s.params.size(), nullptr);
  if (nargs > s.positional)
    raise_python(PyExc_TypeError, "%s() takes %d positional argument%s but %zd were given", s.name,
                 s.positional, s.positional == 1 ? "" : "s", nargs);
  std::copy_n(args, nargs, slots);
}

void check_required(const Signature& s, PyObject** slots) {
  for (int i = 0; i < s.required; ++i)
    if (!slots[i])
      raise_python(PyExc_TypeError, "%s() missing 1 required positional arguments: \"%s\"", s.name,
                   s.params[i]);
}

bool absent(PyObject* value) { return !value || value == Py_None; }

[[noreturn]] void wrong_type(const Signature& s, const char* name, const char* expected, PyObject* value) {
  raise_python(PyExc_TypeError, "%s(): argument '%s' must be %s, not %s", s.name, name, expected,
               Py_TYPE(value)->tp_name);
}

} // namespace

void bind_arguments(const Signature& s, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames,
                    PyObject** slots) {
  set_positional(s, args, nargs, slots);
  const Py_ssize_t keywords = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  for (Py_ssize_t i = 0; i < keywords; ++i)
    set_keyword(s, PyTuple_GET_ITEM(kwnames, i), args[nargs + i], slots);
  check_required(s, slots);
}

void bind_arguments(const Signature& s, PyObject* args, PyObject* kwargs, PyObject** slots) {
  set_positional(s, PySequence_Fast_ITEMS(args), PyTuple_GET_SIZE(args), slots);
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t at = 0;
  while (kwargs && PyDict_Next(kwargs, &at, &key, &value)) set_keyword(s, key, value, slots);
  check_required(s, slots);
}

bool bool_argument(const Signature& s, const char* name, PyObject* value, bool otherwise) {
  return optional_bool_argument(s, name, value).value_or(otherwise);
}

std::optional<bool> optional_bool_argument(const Signature& s, const char* name, PyObject* value) {
  if (absent(value)) return {};
  if (!PyBool_Check(value)) wrong_type(s, name, "bool", value);
  return value == Py_True;
}

int64_t int_argument(const Signature& s, const char* name, PyObject* value, int64_t otherwise) {
  if (absent(value)) return otherwise;
  if (PyBool_Check(value) || !PyIndex_Check(value)) wrong_type(s, name, "int", value);
  const Py_ssize_t n = PyNumber_AsSsize_t(value, PyExc_OverflowError);
  if (n == -1 && PyErr_Occurred()) throw PythonError{};
  return n;
}

std::optional<DType> dtype_argument(const Signature& s, PyObject* value) {
  if (absent(value)) return {};
  DType t;
  if (!parse_dtype(value, t)) {
    PyErr_Clear();
    wrong_type(s, "dtype", "torch.dtype", value);
  }
  return t;
}

std::optional<Device> device_argument(const Signature& s, PyObject* value) {
  if (absent(value)) return {};
  Device d;
  if (!parse_device(value, d)) {
    if (PyErr_Occurred()) throw PythonError{};
    wrong_type(s, "device", "torch.device", value);
  }
  return d;
}

DimVec sizes_argument(const Signature& s, const char* name, PyObject* value) {
  DimVec sizes;
  if (PyIndex_Check(value) && !PyBool_Check(value)) {
    sizes.push_back(int_argument(s, name, value, 0));
    return sizes;
  }
  if (!PyList_Check(value) && !PyTuple_Check(value)) wrong_type(s, name, "tuple of ints", value);
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(value); ++i) {
    const Owned item = Owned::share(PySequence_Fast_GET_ITEM(value, i));
    if (PyBool_Check(item.get()) || !PyIndex_Check(item.get()))
      raise_python(PyExc_TypeError,
                   "%s(): argument '%s' must be tuple of ints, but found element of type %s at pos %zd",
                   s.name, name, Py_TYPE(item.get())->tp_name, i);
    sizes.push_back(int_argument(s, name, item.get(), 0));
  }
  return sizes;
}

} // namespace torch::python

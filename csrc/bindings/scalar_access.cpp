#include "bindings/scalar_access.h"
#include "bindings/docs.h"

#include "bindings/from_data.h"
#include "bindings/gil.h"
#include "bindings/keyword_args.h"
#include "bindings/numpy.h"
#include "bindings/override.h"
#include "ops/ops.h"

#include <limits>

namespace torch::python {

namespace {

template <class T> PyObject* number_object_of(T value) {
  if constexpr (std::is_same_v<T, bool>)
    return PyBool_FromLong(value);
  else if constexpr (std::is_same_v<T, uint64_t>)
    return PyLong_FromUnsignedLongLong(value);
  else if constexpr (std::is_integral_v<T>)
    return PyLong_FromLongLong(value);
  else if constexpr (std::is_same_v<T, complex64> || std::is_same_v<T, complex128>)
    return PyComplex_FromDoubles(value.real(), value.imag());
  else
    return PyFloat_FromDouble(
        static_cast<double>(static_cast<std::conditional_t<sizeof(T) == 2, float, T>>(value)));
}

Tensor on_cpu(const Tensor& t) {
  if (t.is_meta()) not_implemented("Cannot copy out of meta tensor; no data!");
  if (t.is_cpu()) return t;
  const StraightPathGuard straight;
  return ops::_to_copy(t, {}, Device{});
}

// Nested lists of the dimensions from `dim` on; p points at their first element. With edge >= 0 only the
// first and last `edge` items of a dimension are taken.
template <class T> PyObject* nested_list(const Tensor& t, size_t dim, const T* p, int64_t edge) {
  if (dim == t.sizes().size()) return number_object_of(*p);
  const int64_t n = t.sizes()[dim];
  const int64_t stride = t.strides()[dim];
  const bool in_part = edge >= 0 && n > 2 * edge;
  const int64_t shown = in_part ? 2 * edge : n;
  PyObject* const list = PyList_New(shown);
  if (!list) return nullptr;
  for (int64_t k = 0; k < shown; ++k) {
    const T* const at = p + (in_part && k >= edge ? n - shown + k : k) * stride;
    PyObject* const item =
        dim + 1 == t.sizes().size() ? number_object_of(*at) : nested_list(t, dim + 1, at, edge);
    if (!item) {
      Py_DECREF(list);
      return nullptr;
    }
    PyList_SET_ITEM(list, k, item);
  }
  return list;
}

PyObject* nested_list(const Tensor& given, int64_t edge) {
  check_strided("tolist", given);
  const Tensor t = on_cpu(given);
  return visit_all(t.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    static const T nothing{};
    return nested_list(t, 0, t.numel() ? t.data<T>() : &nothing, edge);
  });
}

PyObject* tensor_item(PyObject* self, PyObject*) {
  try {
    const Tensor& t = unwrap(self);
    check(t.numel() == 1, "a Tensor with ", t.numel(),
          " elements cannot be converted to Scalar: use tolist(), or reduce or index it to one");
    check(!t.is_meta(), "Tensor.item() cannot be called on meta tensors");
    if (is_sparse(t)) return number_object(scalar_of(ops::to_dense(t)));
    if (!t.is_cpu()) return number_object(scalar_of(t));
    return visit_all(t.dtype(),
                     [&](auto tag) { return number_object_of(*t.data<typename decltype(tag)::type>()); });
  } catch (...) {
    return set_python_error();
  }
}

PyObject* tensor_tolist(PyObject* self, PyObject*) {
  try {
    return nested_list(unwrap(self), -1);
  } catch (...) {
    return set_python_error();
  }
}

PyObject* tensor_nested_list(PyObject* self, PyObject* edge) {
  try {
    const Py_ssize_t n = PyNumber_AsSsize_t(edge, PyExc_OverflowError);
    if (n == -1 && PyErr_Occurred()) throw PythonError{};
    return nested_list(unwrap(self), std::min<int64_t>(n, std::numeric_limits<int32_t>::max()));
  } catch (...) {
    return set_python_error();
  }
}

// The element as a Python number of another kind, by Python's own conversion.
template <class Convert> PyObject* converted(PyObject* self, Convert convert) {
  try {
    const Owned number = owned(number_object(scalar_of(unwrap(self))));
    return convert(number.get());
  } catch (...) {
    return set_python_error();
  }
}

PyObject* tensor_complex(PyObject* self, PyObject*) {
  return converted(self, [](PyObject* n) -> PyObject* {
    const Py_complex c = PyComplex_AsCComplex(n);
    return c.real == -1 && PyErr_Occurred() ? nullptr : PyComplex_FromCComplex(c);
  });
}

PyObject* real_or_null(PyObject* number, const char* type) {
  if (!PyComplex_Check(number)) return Py_NewRef(number);
  if (PyComplex_ImagAsDouble(number) == 0) return PyFloat_FromDouble(PyComplex_RealAsDouble(number));
  PyErr_Format(PyExc_RuntimeError, "value cannot be converted to type %s without overflow", type);
  return nullptr;
}

PyObject* tensor_data_ptr(PyObject* self, PyObject*) {
  const Tensor& t = unwrap(self);
  if (t.is_meta()) return PyLong_FromLong(0);
  if (is_sparse(t)) {
    PyErr_SetString(PyExc_RuntimeError, "Cannot access data pointer of Tensor that doesn't have storage");
    return nullptr;
  }
  if (t.numel() == 0) return PyLong_FromVoidPtr(nullptr);
  void* const address = t.data();
  t.storage()->expose();
  return PyLong_FromVoidPtr(address);
}

PyObject* tensor_element_size(PyObject* self, PyObject*) {
  return PyLong_FromLongLong(unwrap(self).itemsize());
}
PyObject* tensor_storage_offset(PyObject* self, PyObject*) {
  return PyLong_FromLongLong(unwrap(self).offset());
}

} // namespace

PyObject* number_object(const Scalar& s) {
  if (s.is_bool()) return PyBool_FromLong(s.to<bool>());
  if (s.is_beyond_int64()) return PyLong_FromUnsignedLongLong(s.to<uint64_t>());
  if (s.is_integral()) return PyLong_FromLongLong(s.to<int64_t>());
  if (s.is_complex()) return number_object_of(s.to<complex128>());
  return PyFloat_FromDouble(s.to<double>());
}

PyObject* tensor_float(PyObject* self) {
  if (is_overridden(self)) return call_override("__float__", {self}, PyTuple_Pack(1, self));
  return converted(self, [](PyObject* n) -> PyObject* {
    const Owned real(real_or_null(n, "double"));
    return real ? PyNumber_Float(real.get()) : nullptr;
  });
}

PyObject* tensor_int(PyObject* self) {
  if (is_overridden(self)) return call_override("__int__", {self}, PyTuple_Pack(1, self));
  return converted(self, [](PyObject* n) -> PyObject* {
    const Owned real(real_or_null(n, "int64_t"));
    return real ? PyNumber_Long(real.get()) : nullptr;
  });
}

PyObject* tensor_index(PyObject* self) {
  if (is_overridden(self)) return call_override("__index__", {self}, PyTuple_Pack(1, self));
  try {
    const Tensor& t = unwrap(self);
    check_type(t.numel() == 1 && is_integral(t.dtype(), /*include_bool=*/true),
               "only integer tensors of a single element can be converted to an index");
    const Scalar value = scalar_of(t);
    return value.is_bool() ? PyLong_FromLong(value.to<bool>()) : number_object(value);
  } catch (...) {
    return set_python_error();
  }
}

int tensor_bool(PyObject* self) {
  if (is_overridden(self)) {
    const Owned result(call_override("__bool__", {self}, PyTuple_Pack(1, self)));
    return result ? PyObject_IsTrue(result.get()) : -1;
  }
  try {
    const Tensor& t = unwrap(self);
    check(t.numel() != 0,
          "Boolean value of Tensor with no values is ambiguous: ask numel() whether it is empty");
    check(t.numel() == 1, "Boolean value of Tensor with more than one value is ambiguous (shape ", t.sizes(),
          "): reduce it with .any() or .all(); between masks write & | ~ for and, or, not");
    return scalar_of(t).to<bool>();
  } catch (...) {
    set_python_error();
    return -1;
  }
}

Py_ssize_t tensor_length(PyObject* self) {
  if (is_overridden(self)) {
    const Owned result(call_override("__len__", {self}, PyTuple_Pack(1, self)));
    return result ? PyNumber_AsSsize_t(result.get(), PyExc_OverflowError) : -1;
  }
  const Tensor& t = unwrap(self);
  if (t.dim() > 0) return t.sizes()[0];
  PyErr_SetString(PyExc_TypeError, "len() of a 0-d tensor");
  return -1;
}

PyObject* tensor_iter(PyObject* self) {
  if (is_overridden(self)) return call_override("__iter__", {self}, PyTuple_Pack(1, self));
  try {
    const Tensor& t = unwrap(self);
    check_type(t.dim() > 0, "iteration over a 0-d tensor");
    const Owned views(owned(wrap(ops::unbind(t, 0))));
    return PyObject_GetIter(views.get());
  } catch (...) {
    return set_python_error();
  }
}

int tensor_contains(PyObject* self, PyObject* element) {
  if (is_overridden(self)) {
    const Owned result(call_override("__contains__", {self, element}, PyTuple_Pack(2, self, element)));
    return result ? PyObject_IsTrue(result.get()) : -1;
  }
  const bool number =
      PyFloat_Check(element) || PyLong_Check(element) || PyComplex_Check(element) || is_numpy_scalar(element);
  if (!number && !is_tensor(element)) {
    PyErr_Format(PyExc_RuntimeError,
                 "Tensor.__contains__ only supports Tensor or scalar, but you passed in a %R.",
                 (PyObject*)Py_TYPE(element));
    return -1;
  }
  const Owned equal(PyObject_RichCompare(self, element, Py_EQ));
  if (!equal) return -1;
  const Owned any(call_python<PyObject_CallMethod>(equal.get(), "any", nullptr));
  return any ? PyObject_IsTrue(any.get()) : -1;
}

PyMethodDef scalar_access_methods[] = {
    {"item", method_no_args<"item", tensor_item>, METH_NOARGS, doc::method_item},
    {"tolist", method_no_args<"tolist", tensor_tolist>, METH_NOARGS, doc::method_tolist},
    {"_nested_list", tensor_nested_list, METH_O,
     "_nested_list(edge) -> list or number\n\nLike tolist, but only the first and last `edge` items of each "
     "longer dimension."},
    {"data_ptr", method_no_args<"data_ptr", tensor_data_ptr>, METH_NOARGS, doc::method_data_ptr},
    {"element_size", method_no_args<"element_size", tensor_element_size>, METH_NOARGS,
     doc::method_element_size},
    {"storage_offset", method_no_args<"storage_offset", tensor_storage_offset>, METH_NOARGS,
     doc::method_storage_offset},
    {"__complex__", method_no_args<"__complex__", tensor_complex>, METH_NOARGS,
     "The value of a one-element tensor as complex."},
    {nullptr, nullptr, 0, nullptr}};

} // namespace torch::python

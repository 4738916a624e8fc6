#include "bindings/creation.h"
#include "bindings/docs.h"

#include "autograd/node.h"
#include "bindings/dlpack.h"
#include "bindings/from_data.h"
#include "bindings/keyword_args.h"
#include "bindings/numpy.h"
#include "bindings/override.h"
#include "bindings/storage.h"
#include "bindings/types.h"
#include "core/backend.h"
#include "core/warning.h"
#include "ops/ops.h"

namespace torch::python {

namespace {

template <class F> PyCFunction as_method(F f) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f));
}

PyObject* finished(Tensor t, bool requires_grad) {
  if (requires_grad) autograd::set_requires_grad(t, true);
  return wrap(std::move(t));
}

// Another dtype or device, through the op (so that gradients flow); the tensor itself where nothing changes.
Tensor converted(const Tensor& t, std::optional<DType> dtype, std::optional<Device> device) {
  const bool same_dtype = !dtype || *dtype == t.dtype();
  const bool same_device = !device || with_index(*device) == t.device();
  return same_dtype && same_device ? t : ops::_to_copy(t, dtype, device);
}

std::optional<Device> new_device_argument(const Signature& signature, PyObject* value) {
  const std::optional<Device> given = device_argument(signature, value);
  return given ? given : default_device;
}

// ---- torch.tensor ----

constexpr const char* kTensorParams[] = {"data", "dtype", "device", "requires_grad", "pin_memory"};
constexpr Signature kTensor = {"tensor", kTensorParams, 1, 1};

PyObject* py_tensor(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  try {
    if (nargs == 1 && !kwnames && !default_device && !is_tensor(args[0]))
      return wrap(tensor_from_data(args[0], {}));
    PyObject* slots[5];
    bind_arguments(kTensor, args, nargs, kwnames, slots);
    const std::optional<DType> dtype = dtype_argument(kTensor, slots[1]);
    const std::optional<Device> device = new_device_argument(kTensor, slots[2]);
    const bool requires_grad = bool_argument(kTensor, "requires_grad", slots[3], false);
    check_pin_memory(slots[4]);
    if (is_tensor(slots[0])) {
      warn("To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
           "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).");
      const Tensor source = autograd::detach(unwrap(slots[0]));
      Tensor moved = converted(source, dtype, device);
      return finished(pinned_where(slots[4], moved.is_same(source) ? ops::clone(source) : std::move(moved)),
                      requires_grad);
    }
    return finished(pinned_where(slots[4], tensor_from_data(slots[0], dtype, device.value_or(Device{}))),
                    requires_grad);
  } catch (...) {
    return set_python_error();
  }
}

// ---- torch.as_tensor ----

constexpr const char* kAsTensorParams[] = {"data", "dtype", "device"};
constexpr Signature kAsTensor = {"as_tensor", kAsTensorParams, 3, 1};

PyObject* py_as_tensor(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  try {
    PyObject* slots[3];
    bind_arguments(kAsTensor, args, nargs, kwnames, slots);
    const std::optional<DType> dtype = dtype_argument(kAsTensor, slots[1]);
    const std::optional<Device> device = new_device_argument(kAsTensor, slots[2]);
    if (is_tensor(slots[0])) {
      const Tensor t = converted(unwrap(slots[0]), dtype, device);
      return t.is_same(unwrap(slots[0])) ? Py_NewRef(slots[0]) : wrap(t);
    }
    if (is_numpy_array(slots[0])) {
      const Tensor t = from_numpy(slots[0]);
      warn_if_read_only(t);
      return wrap(converted(t, dtype, device));
    }
    return wrap(tensor_from_data(slots[0], dtype, device.value_or(Device{})));
  } catch (...) {
    return set_python_error();
  }
}

// ---- torch.frombuffer, torch.asarray ----

Tensor tensor_of_buffer(PyObject* object, DType dtype, int64_t count, int64_t offset) {
  Py_buffer view;
  if (PyObject_GetBuffer(object, &view, PyBUF_WRITABLE) != 0) {
    PyErr_Clear();
    if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) != 0) throw PythonError{};
  }
  const Storage storage = storage_of_buffer(view);
  const int64_t bytes = view.len, itemsize = item_size(dtype);
  check_value(bytes > 0 && count != 0, "both buffer length (", bytes, ") and count (", count,
              ") must not be 0");
  check_value(offset >= 0 && offset < bytes, "offset (", offset,
              " bytes) must be non-negative and no greater than buffer length (", bytes, " bytes) minus 1");
  const int64_t rest = bytes - offset;
  if (count < 0) {
    check_value(rest % itemsize == 0, "buffer length (", rest, " bytes) after offset (", offset,
                " bytes) must be a multiple of element size (", itemsize, ")");
    count = rest / itemsize;
  }
  check_value(count <= rest / itemsize, "requested buffer length (", count, " * ", itemsize,
              " bytes) after offset (", offset, " bytes) must not be greater than actual buffer length (",
              bytes, " bytes)");
  // An offset that is no multiple of the item size cannot be a storage offset: then the storage starts later.
  const int64_t sizes[] = {count}, strides[] = {1};
  if (offset == 0) return from_storage(storage, dtype, sizes, strides, 0);
  return from_storage(slice_storage(storage, offset, bytes), dtype, sizes, strides, 0);
}

void warn_if_read_only_buffer(const Tensor& t) {
  static std::atomic<bool> warned = false;
  if (t.storage()->writable() || !warning_due(warned)) return;
  warn("The given buffer is not writable: the tensor over it is read-only too, and operations that write to "
       "it fail. Copy "
       "the buffer to get a tensor that can be written. This warning is given once.");
}

constexpr const char* kFromBufferParams[] = {"buffer", "dtype", "count", "offset", "requires_grad"};
constexpr Signature kFromBuffer = {"frombuffer", kFromBufferParams, 1, 2};

PyObject* py_frombuffer(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  try {
    PyObject* slots[5];
    bind_arguments(kFromBuffer, args, nargs, kwnames, slots);
    check_value(PyObject_CheckBuffer(slots[0]), "object does not implement Python buffer protocol.");
    const std::optional<DType> dtype = dtype_argument(kFromBuffer, slots[1]);
    check_type(dtype.has_value(), "frombuffer(): argument 'dtype' must be torch.dtype, not NoneType");
    const int64_t count = int_argument(kFromBuffer, "count", slots[2], -1);
    const int64_t offset = int_argument(kFromBuffer, "offset", slots[3], 0);
    const bool requires_grad = bool_argument(kFromBuffer, "requires_grad", slots[4], false);
    Tensor t = tensor_of_buffer(slots[0], *dtype, count, offset);
    warn_if_read_only_buffer(t);
    return finished(std::move(t), requires_grad);
  } catch (...) {
    return set_python_error();
  }
}

constexpr const char* kAsArrayParams[] = {"obj", "dtype", "device", "copy", "requires_grad"};
constexpr Signature kAsArray = {"asarray", kAsArrayParams, 1, 1};

// The object's memory as a tensor where it has memory to share, else undefined.
Tensor shared_memory(PyObject* object, std::optional<DType> dtype) {
  if (is_tensor(object)) return unwrap(object);
  if (is_numpy_array(object)) return from_numpy(object);
  if (is_numpy_scalar(object)) return Tensor();
  if (PyObject_HasAttrString(object, "__dlpack__")) return tensor_from_dlpack(object);
  if (is_storage(object)) return tensor_over_storage(storage_of(object), dtype.value_or(default_dtype()));
  if (PyObject_CheckBuffer(object)) return tensor_of_buffer(object, dtype.value_or(default_dtype()), -1, 0);
  return Tensor();
}

PyObject* py_asarray(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  try {
    PyObject* slots[5];
    bind_arguments(kAsArray, args, nargs, kwnames, slots);
    PyObject* const object = slots[0];
    const std::optional<DType> dtype = dtype_argument(kAsArray, slots[1]);
    const std::optional<Device> device = new_device_argument(kAsArray, slots[2]);
    const std::optional<bool> copy = optional_bool_argument(kAsArray, "copy", slots[3]);
    const std::optional<bool> requires_grad = optional_bool_argument(kAsArray, "requires_grad", slots[4]);

    const Tensor source = shared_memory(object, dtype);
    if (!source.defined()) {
      check_value(copy != false, "can't alias arbitrary sequence into a tensor.");
      return finished(tensor_from_data(object, dtype, device.value_or(Device{})),
                      requires_grad.value_or(false));
    }
    Tensor t = converted(source, dtype, device);
    if (copy == false && !t.is_same(source)) {
      check_value(t.device() == source.device(), "can't alias tensor from device '", source.device(),
                  "' to '", t.device(), "'.");
      fail(ErrorKind::Value, concat("can't alias tensor with dtype '", dtype_aten_name(source.dtype()),
                                    "' into dtype '", dtype_aten_name(t.dtype()), "'."));
    }
    if (copy == true && t.is_same(source)) t = ops::clone(source);
    if (!is_tensor(object) && t.is_same(source) && !PyObject_HasAttrString(object, "__dlpack__"))
      warn_if_read_only_buffer(t);
    const bool wanted = requires_grad.value_or(source.requires_grad());
    if (!wanted && t.requires_grad())
      t = autograd::detach(t);
    else if (wanted && !t.requires_grad())
      return finished(std::move(t), true);
    return wrap(std::move(t));
  } catch (...) {
    return set_python_error();
  }
}

// ---- torch.Tensor(...) ----

bool is_integer(PyObject* o) {
  return !PyBool_Check(o) && (PyLong_Check(o) || (is_numpy_scalar(o) && PyIndex_Check(o)));
}

[[noreturn]] void bad_legacy_call(PyObject* args) {
  std::string types;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i)
    types.append(i ? ", " : "").append(Py_TYPE(PyTuple_GET_ITEM(args, i))->tp_name);
  raise_python(PyExc_TypeError,
               "new() received an invalid combination of arguments - got (%s), but expected one of:\n"
               " * (*, torch.device device = None)\n * (torch.Storage storage)\n * (Tensor other)\n"
               " * (tuple of ints size, *, torch.device device = None)\n * (object data, *, torch.device "
               "device = None)\n",
               types.c_str());
}

DimVec legacy_sizes(PyObject* args) {
  DimVec sizes;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i) {
    PyObject* const item = PyTuple_GET_ITEM(args, i);
    if (!is_integer(item) && !(is_tensor(item) && PyIndex_Check(item))) {
      if (i == 0) bad_legacy_call(args);
      raise_python(PyExc_TypeError,
                   "new(): argument 'size' failed to unpack the object at pos %zd with error \"type must be "
                   "tuple of ints,"
                   "but got %s\"",
                   i + 1, Py_TYPE(item)->tp_name);
    }
    const Py_ssize_t n = PyNumber_AsSsize_t(item, PyExc_OverflowError);
    if (n == -1 && PyErr_Occurred()) throw PythonError{};
    sizes.push_back(n);
  }
  return sizes;
}

Tensor alias_of(const Tensor& other, std::optional<DType> dtype) {
  check_type(!dtype || other.dtype() == *dtype, "expected a tensor of ", dtype.value_or(other.dtype()),
             " (got ", other.dtype(), "): use tensor.to(dtype) to convert");
  return autograd::detach(other);
}

constexpr const char* kLegacyParams[] = {"device"};
constexpr Signature kLegacy = {"new", kLegacyParams, 0, 0};

} // namespace

Tensor legacy_tensor(PyObject* args, PyObject* kwargs, std::optional<DType> dtype) {
  Device device;
  if (kwargs && PyDict_GET_SIZE(kwargs)) {
    PyObject* slots[1];
    const Owned none = owned(PyTuple_New(0));
    bind_arguments(kLegacy, none.get(), kwargs, slots);
    device = device_argument(kLegacy, slots[0]).value_or(Device{});
  }
  const DType made = dtype.value_or(default_dtype());
  const Py_ssize_t n = PyTuple_GET_SIZE(args);
  if (n == 0) return empty_tensor(DimVec{0}, made, device);
  PyObject* const first = PyTuple_GET_ITEM(args, 0);
  if (n == 1) {
    if (is_tensor(first)) return alias_of(unwrap(first), dtype);
    if (is_storage(first)) return tensor_over_storage(storage_of(first), made);
    if (PyObject_TypeCheck(first, &size_type))
      return empty_tensor(sizes_argument(kLegacy, "size", first), made, device);
    if (!is_integer(first)) {
      if (const Owned untyped = untyped_storage_of(first))
        return tensor_over_storage(storage_of(untyped.get()), made);
      if (!PySequence_Check(first))
        raise_python(PyExc_TypeError, "new(): data must be a sequence (got %s)", Py_TYPE(first)->tp_name);
      return tensor_from_data(first, made, device);
    }
  }
  return empty_tensor(legacy_sizes(args), made, device);
}

PyObject* legacy_tensor_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  try {
    return wrap_as(type, legacy_tensor(args, kwargs, {}));
  } catch (...) {
    return set_python_error();
  }
}

namespace {

// _legacy_tensor(dtype, args, kwargs): what calling torch.FloatTensor etc. does.
PyObject* py_legacy_tensor(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  try {
    DType dtype;
    check_type(nargs == 3 && parse_dtype(args[0], dtype) && PyTuple_Check(args[1]) && PyDict_Check(args[2]),
               "_legacy_tensor(): expected a dtype, a tuple and a dict");
    return wrap(legacy_tensor(args[1], args[2], dtype));
  } catch (...) {
    return set_python_error();
  }
}

constexpr const char* kNewTensorParams[] = {"data",          "dtype",  "device",
                                            "requires_grad", "layout", "pin_memory"};
constexpr Signature kNewTensor = {"new_tensor", kNewTensorParams, 1, 1};

PyObject* tensor_new_tensor(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  try {
    PyObject* slots[6];
    bind_arguments(kNewTensor, args, nargs, kwnames, slots);
    const Tensor& like = unwrap(self);
    const DType dtype = dtype_argument(kNewTensor, slots[1]).value_or(like.dtype());
    const Device device = device_argument(kNewTensor, slots[2]).value_or(like.device());
    const bool requires_grad = bool_argument(kNewTensor, "requires_grad", slots[3], false);
    check_pin_memory(slots[5]);
    if (is_tensor(slots[0])) {
      warn(
          "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
          "sourceTensor.detach().clone().requires_grad_(True), rather than tensor.new_tensor(sourceTensor).");
      const Tensor source = autograd::detach(unwrap(slots[0]));
      Tensor moved = converted(source, dtype, device);
      return finished(pinned_where(slots[5], moved.is_same(source) ? ops::clone(source) : std::move(moved)),
                      requires_grad);
    }
    return finished(pinned_where(slots[5], tensor_from_data(slots[0], dtype, device)), requires_grad);
  } catch (...) {
    return set_python_error();
  }
}

PyObject* tensor_new(PyObject* self, PyObject* args, PyObject* kwargs) {
  try {
    const Tensor& like = unwrap(self);
    Tensor t = legacy_tensor(args, kwargs, like.dtype());
    return wrap(like.device().type == t.device().type || (kwargs && PyDict_GET_SIZE(kwargs))
                    ? std::move(t)
                    : converted(t, {}, like.device()));
  } catch (...) {
    return set_python_error();
  }
}

} // namespace

PyMethodDef creation_functions[] = {{"tensor", as_method(function_with_args<"tensor", py_tensor>),
                                     METH_FASTCALL | METH_KEYWORDS, doc::function_tensor},
                                    {"as_tensor", as_method(function_with_args<"as_tensor", py_as_tensor>),
                                     METH_FASTCALL | METH_KEYWORDS, doc::function_as_tensor},
                                    {"asarray", as_method(function_with_args<"asarray", py_asarray>),
                                     METH_FASTCALL | METH_KEYWORDS, doc::function_asarray},
                                    {"frombuffer", as_method(function_with_args<"frombuffer", py_frombuffer>),
                                     METH_FASTCALL | METH_KEYWORDS, doc::function_frombuffer},
                                    {"_legacy_tensor", as_method(py_legacy_tensor), METH_FASTCALL,
                                     "Constructor of the typed tensor classes."},
                                    {nullptr, nullptr, 0, nullptr}};

PyMethodDef creation_tensor_methods[] = {
    {"new_tensor", as_method(method_with_args<"new_tensor", tensor_new_tensor>),
     METH_FASTCALL | METH_KEYWORDS, doc::method_new_tensor},
    {"new", as_method(tensor_new), METH_VARARGS | METH_KEYWORDS, doc::method_new},
    {nullptr, nullptr, 0, nullptr}};

bool init_creation(PyObject* module) {
  return PyModule_AddFunctions(module, creation_functions) == 0 && init_numpy(module) && init_dlpack(module);
}

} // namespace torch::python

#include "bindings/numpy.h"
#include "bindings/docs.h"

#include "autograd/node.h"
#include "bindings/gil.h"
#include "bindings/keyword_args.h"
#include "bindings/override.h"
#include "bindings/storage.h"
#include "core/thread_state.h"
#include "core/warning.h"
#include "ops/ops.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace torch::python {

namespace {

struct NumPy {
  PyObject* ndarray = nullptr;
  PyObject* generic = nullptr;
  PyObject* dtype = nullptr;
  PyObject* empty = nullptr;
  PyObject* dtypes[kNumDTypes] = {}; // null: NumPy has none (bfloat16, 8 bits and fewer)
};
NumPy* numpy_cache = nullptr; // lives as long as the process, as NumPy does

const char* numpy_name(DType t) {
  return t == DType::BFloat16 || t > DType::Complex128 ? nullptr : dtype_name(t);
}

bool fill_cache(PyObject* module) {
  auto cache = std::make_unique<NumPy>();
  cache->ndarray = PyObject_GetAttrString(module, "ndarray");
  cache->generic = PyObject_GetAttrString(module, "generic");
  cache->empty = PyObject_GetAttrString(module, "empty");
  cache->dtype = PyObject_GetAttrString(module, "dtype");
  if (!cache->ndarray || !cache->generic || !cache->empty || !cache->dtype) return false;
  for (int i = 0; i < kNumDTypes; ++i) {
    const char* const name = numpy_name(static_cast<DType>(i));
    if (name && !(cache->dtypes[i] = call_python<PyObject_CallFunction>(cache->dtype, "s", name)))
      return false;
  }
  numpy_cache = cache.release();
  return true;
}

// The cache if NumPy has been imported (completely) by somebody, else null. Sets no error.
NumPy* numpy_if_loaded() {
  if (numpy_cache) return numpy_cache;
  static PyObject* const name = PyUnicode_InternFromString("numpy");
  PyObject* const modules = PyImport_GetModuleDict();
  PyObject* const module = PyDict_GetItemWithError(modules, name);
  if (!module || !fill_cache(module)) PyErr_Clear();
  return numpy_cache;
}

const NumPy& numpy_or_throw() {
  if (!numpy_cache) {
    const Owned module = owned(PyImport_ImportModule("numpy"));
    if (!fill_cache(module.get())) throw PythonError{};
  }
  return *numpy_cache;
}

[[noreturn]] void unsupported_dtype(PyObject* array) {
  PyErr_Clear();
  const Owned dtype = owned(PyObject_GetAttrString(array, "dtype"));
  const Owned type = owned(PyObject_GetAttrString(dtype.get(), "type"));
  const char* name =
      PyType_Check(type.get()) ? reinterpret_cast<PyTypeObject*>(type.get())->tp_name : "unknown";
  raise_python(PyExc_TypeError,
               "can't convert np.ndarray of type %s. The only supported types are: float64, float32, "
               "float16, complex64, "
               "complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool.",
               name);
}

// Struct-module format code (as in PEP 3118) with the item's size -> dtype.
std::optional<DType> dtype_of_format(const char* format, Py_ssize_t itemsize) {
  if (*format == '@' || *format == '=' || *format == '<' || *format == '|') ++format;
  const size_t length = std::strlen(format);
  if (length == 2 && format[0] == 'Z') {
    if (format[1] == 'f') return DType::Complex64;
    if (format[1] == 'd') return DType::Complex128;
    return {};
  }
  if (length != 1) return {};
  switch (*format) {
  case '?':
    return DType::Bool;
  case 'B':
    return DType::UInt8;
  case 'b':
    return DType::Int8;
  case 'e':
    return DType::Float16;
  case 'f':
    return DType::Float32;
  case 'd':
    return DType::Float64;
  case 'h':
  case 'i':
  case 'l':
  case 'q':
  case 'n':
    return itemsize == 2 ? DType::Int16 : itemsize == 4 ? DType::Int32 : DType::Int64;
  case 'H':
  case 'I':
  case 'L':
  case 'Q':
  case 'N':
    return itemsize == 2 ? DType::UInt16 : itemsize == 4 ? DType::UInt32 : DType::UInt64;
  default:
    return {};
  }
}

Owned dtype_attribute(PyObject* o) {
  static PyObject* const name = PyUnicode_InternFromString("dtype");
  return owned(PyObject_GetAttr(o, name));
}

// Frees a Py_buffer held by a storage, from whichever thread drops the last reference.
void release_buffer(void* context) {
  if (!Py_IsInitialized()) return; // the interpreter is gone, and the exporter with it
  const GilGuard gil;
  auto* const view = static_cast<Py_buffer*>(context);
  PyBuffer_Release(view);
  delete view;
}

} // namespace

bool is_numpy_array(PyObject* o) {
  const NumPy* np = numpy_if_loaded();
  return np && PyObject_TypeCheck(o, reinterpret_cast<PyTypeObject*>(np->ndarray));
}

bool is_numpy_scalar(PyObject* o) {
  const NumPy* np = numpy_if_loaded();
  return np && PyObject_TypeCheck(o, reinterpret_cast<PyTypeObject*>(np->generic));
}

std::optional<DType> dtype_of_numpy(PyObject* o) {
  const NumPy& np = numpy_or_throw();
  const Owned dtype = dtype_attribute(o);
  for (int i = 0; i < kNumDTypes; ++i)
    if (np.dtypes[i] == dtype.get()) return static_cast<DType>(i);
  for (int i = 0; i < kNumDTypes; ++i) {
    if (!np.dtypes[i]) continue;
    const int same = PyObject_RichCompareBool(dtype.get(), np.dtypes[i], Py_EQ); // e.g. longlong
    if (same < 0) throw PythonError{};
    if (same) return static_cast<DType>(i);
  }
  return {};
}

std::optional<DType> dtype_of_numpy_type(PyObject* o) {
  const NumPy* np = numpy_if_loaded();
  if (!np) return {};
  Owned dtype = Owned::share(o);
  if (!PyObject_TypeCheck(o, reinterpret_cast<PyTypeObject*>(np->dtype))) {
    if (!PyType_Check(o) ||
        !PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(o), reinterpret_cast<PyTypeObject*>(np->generic)))
      return {};
    dtype = Owned(call_python<PyObject_CallOneArg>(np->dtype, o));
  }
  for (int i = 0; dtype && i < kNumDTypes; ++i)
    if (np->dtypes[i] && PyObject_RichCompareBool(dtype.get(), np->dtypes[i], Py_EQ) == 1)
      return static_cast<DType>(i);
  PyErr_Clear(); // an abstract type such as numpy.floating has no dtype
  return {};
}

// The buffer is asked for without its format, which NumPy would write anew for each array: that is most of
// the time that a small array costs. The dtype objects of the number types are unique, so comparing them is
// enough.
bool copy_numpy_block(PyObject* array, IntSpan sizes, DType dtype, void* out) {
  const NumPy& np = numpy_or_throw();
  const Owned type = dtype_attribute(array);
  if (type.get() != np.dtypes[static_cast<int>(dtype)]) return false;
  Py_buffer view;
  if (PyObject_GetBuffer(array, &view, PyBUF_C_CONTIGUOUS) != 0) {
    PyErr_Clear();
    return false;
  }
  const bool same = size_t(view.ndim) == sizes.size() && std::equal(sizes.begin(), sizes.end(), view.shape);
  if (same) std::memcpy(out, view.buf, static_cast<size_t>(view.len));
  PyBuffer_Release(&view);
  return same;
}

Storage storage_of_buffer(Py_buffer& view) {
  auto held = std::make_unique<Py_buffer>(view);
  Storage storage =
      StorageImpl::wrap(view.buf, view.len, {}, release_buffer, held.get(), /*writable=*/!view.readonly);
  held.release();
  return storage;
}

Tensor from_numpy(PyObject* array) {
  Py_buffer view;
  if (PyObject_GetBuffer(array, &view, PyBUF_STRIDES | PyBUF_FORMAT) != 0) unsupported_dtype(array);
  Storage storage = storage_of_buffer(view); // owns the buffer from here on

  const char* format = view.format ? view.format : "B";
  if ((*format == '>' || *format == '!') && view.itemsize > 1)
    raise_python(PyExc_ValueError,
                 "given numpy array has byte order different from the native byte order. Conversion "
                 "between byte orders is currently not supported.");
  const std::optional<DType> dtype =
      dtype_of_format(*format == '>' || *format == '!' ? format + 1 : format, view.itemsize);
  if (!dtype || item_size(*dtype) != view.itemsize) unsupported_dtype(array);

  DimVec sizes, strides;
  int64_t span = view.itemsize; // the buffer's bytes in memory order; view.len counts only its elements
  for (int d = 0; d < view.ndim; ++d) {
    // over a single element a stride says nothing, so that its sign does not matter
    const Py_ssize_t stride = view.shape[d] < 2 ? std::abs(view.strides[d]) : view.strides[d];
    if (stride < 0)
      raise_python(
          PyExc_ValueError,
          "At least one stride in the given numpy array is negative, and tensors with negative strides are "
          "not "
          "currently supported. (You can probably work around this by making a copy of your array  with "
          "array.copy().) ");
    if (stride % view.itemsize != 0)
      raise_python(PyExc_ValueError,
                   "given numpy array strides not a multiple of the element byte size. Copy the numpy "
                   "array to reallocate the memory.");
    sizes.push_back(view.shape[d]);
    strides.push_back(stride / view.itemsize);
    span = view.shape[d] == 0 || span == 0 ? 0 : span + (view.shape[d] - 1) * stride;
  }
  if (span != view.len) { // strided or broadcast array: the storage is what its strides reach
    storage = slice_storage(storage, 0, span);
  }
  return from_storage(std::move(storage), *dtype, sizes, strides, 0);
}

Tensor from_numpy_scalar(PyObject* scalar) {
  Py_buffer view;
  if (PyObject_GetBuffer(scalar, &view, PyBUF_FORMAT) != 0) unsupported_dtype(scalar);
  const std::optional<DType> dtype = dtype_of_format(view.format ? view.format : "B", view.itemsize);
  if (!dtype || view.ndim != 0 || item_size(*dtype) != view.itemsize) {
    PyBuffer_Release(&view);
    unsupported_dtype(scalar);
  }
  Tensor t = empty_tensor(IntSpan{}, *dtype);
  std::memcpy(t.data(), view.buf, static_cast<size_t>(view.itemsize));
  PyBuffer_Release(&view);
  return t;
}

void warn_if_read_only(const Tensor& t) {
  static std::atomic<bool> warned = false;
  if (t.storage()->writable() || !warning_due(warned)) return;
  warn(
      "The given NumPy array is not writable: the tensor over it is read-only too, and operations that write "
      "to it fail. Copy the array to get a tensor that can be written. This warning is given once.");
}

// ---- tensor to array ----

namespace {

// Exports the bytes that a tensor spans; the base object of the arrays that numpy() returns.
struct BufferObject {
  PyObject_HEAD Tensor tensor;
  PinnedStorage pinned;
};

int buffer_get(PyObject* self, Py_buffer* view, int flags) {
  const Tensor& t = reinterpret_cast<BufferObject*>(self)->tensor;
  const int64_t bytes = span_bytes(t.sizes(), t.strides(), t.itemsize());
  return PyBuffer_FillInfo(view, self, t.data(), bytes, /*readonly=*/!t.storage()->writable(), flags);
}

void buffer_dealloc(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  auto* const object = reinterpret_cast<BufferObject*>(self);
  object->pinned.~PinnedStorage();
  object->tensor.~Tensor();
  type->tp_free(self);
}

PyBufferProcs buffer_procs = {buffer_get, nullptr};
PyTypeObject buffer_type = {PyVarObject_HEAD_INIT(nullptr, 0)};

Owned int_tuple(IntSpan values, int64_t scale) {
  Owned tuple = owned(PyTuple_New(static_cast<Py_ssize_t>(values.size())));
  for (size_t i = 0; i < values.size(); ++i) {
    PyObject* const value = PyLong_FromLongLong(values[i] * scale);
    if (!value) throw PythonError{};
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), value);
  }
  return tuple;
}

} // namespace

PyObject* to_numpy(const Tensor& given, bool force) {
  Tensor t = given;
  check_type(!is_sparse(t), "can't convert ", layout_of(t),
             " layout tensor to numpy. Use Tensor.to_dense() first.");
  if (t.is_meta()) {
    if (force) not_implemented("Cannot copy out of meta tensor; no data!");
    fail(ErrorKind::Type,
         "can't convert meta device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host "
         "memory first.");
  }
  check(force || !t.requires_grad() || !thread_state.grad_enabled,
        "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.");
  if (!t.is_cpu()) {
    check_type(force, "can't convert ", t.device(),
               " device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first.");
    NoGradGuard no_grad;
    t = ops::_to_copy(t, {}, Device{});
  }
  const NumPy& np = numpy_or_throw();
  PyObject* const dtype = np.dtypes[static_cast<int>(t.dtype())];
  check_type(dtype != nullptr, "Got unsupported ScalarType ", dtype_aten_name(t.dtype()));

  const Owned shape = int_tuple(t.sizes(), 1);
  if (t.numel() == 0) return call_python<PyObject_CallFunctionObjArgs>(np.empty, shape.get(), dtype, nullptr);
  const Owned strides = int_tuple(t.strides(), t.itemsize());
  auto* const holder = PyObject_New(BufferObject, &buffer_type);
  if (!holder) return nullptr;
  new (&holder->tensor) Tensor(t);
  new (&holder->pinned) PinnedStorage(t.storage());
  const Owned base(reinterpret_cast<PyObject*>(holder));
  static PyObject* const zero = PyLong_FromLong(0);
  // numpy.ndarray(shape, dtype, buffer, offset, strides): checks the extent once more
  PyObject* const args[] = {shape.get(), dtype, base.get(), zero, strides.get()};
  return call_python<PyObject_Vectorcall>(np.ndarray, args, 5, nullptr);
}

namespace {

PyObject* tensor_numpy(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  static constexpr const char* kParams[] = {"force"};
  static constexpr Signature kSignature = {"numpy", kParams, 0, 0};
  try {
    PyObject* slots[1] = {};
    if (nargs || kwnames) bind_arguments(kSignature, args, nargs, kwnames, slots);
    return to_numpy(unwrap(self), bool_argument(kSignature, "force", slots[0], false));
  } catch (...) {
    return set_python_error();
  }
}

// numpy.asarray(tensor) and numpy.array(tensor) come here.
PyObject* tensor_array(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  static constexpr const char* kParams[] = {"dtype", "copy"};
  static constexpr Signature kSignature = {"__array__", kParams, 2, 0};
  try {
    PyObject* slots[2] = {};
    bind_arguments(kSignature, args, nargs, kwnames, slots);
    const std::optional<bool> copy = optional_bool_argument(kSignature, "copy", slots[1]);
    Owned array = owned(to_numpy(unwrap(self), false));
    PyObject* const dtype = slots[0];
    if (dtype && dtype != Py_None) {
      const Owned current = owned(PyObject_GetAttrString(array.get(), "dtype"));
      const Owned wanted = owned(call_python<PyObject_CallOneArg>(numpy_or_throw().dtype, dtype));
      const int same = PyObject_RichCompareBool(current.get(), wanted.get(), Py_EQ);
      if (same < 0) throw PythonError{};
      if (!same) {
        check_value(copy != false, "__array__(): converting a tensor of ", unwrap(self).dtype(),
                    " to another dtype needs a copy, but copy=False was given");
        return call_python<PyObject_CallMethod>(array.get(), "astype", "O", wanted.get());
      }
    }
    return copy == true ? call_python<PyObject_CallMethod>(array.get(), "copy", nullptr) : array.release();
  } catch (...) {
    return set_python_error();
  }
}

PyObject* py_from_numpy(PyObject*, PyObject* array) {
  try {
    if (!is_numpy_array(array))
      raise_python(PyExc_TypeError, "expected np.ndarray (got %s)", Py_TYPE(array)->tp_name);
    Tensor t = from_numpy(array);
    warn_if_read_only(t);
    return wrap(std::move(t));
  } catch (...) {
    return set_python_error();
  }
}

template <class F> PyCFunction as_method(F f) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f));
}

} // namespace

PyMethodDef numpy_tensor_methods[] = {
    {"numpy", as_method(method_with_args<"numpy", tensor_numpy>), METH_FASTCALL | METH_KEYWORDS,
     doc::method_numpy},
    {"__array__", as_method(method_with_args<"__array__", tensor_array>), METH_FASTCALL | METH_KEYWORDS,
     "__array__(dtype=None, copy=None) -> numpy.ndarray\n\nWhat numpy.asarray calls; copies only for another "
     "dtype or "
     "copy=True."},
    {nullptr, nullptr, 0, nullptr}};

PyMethodDef numpy_functions[] = {{"from_numpy", py_from_numpy, METH_O, doc::function_from_numpy},
                                 {nullptr, nullptr, 0, nullptr}};

bool init_numpy(PyObject* module) {
  buffer_type.tp_name = "torch._C._TensorBuffer";
  buffer_type.tp_basicsize = sizeof(BufferObject);
  buffer_type.tp_dealloc = buffer_dealloc;
  buffer_type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION;
  buffer_type.tp_as_buffer = &buffer_procs;
  buffer_type.tp_doc = "Memory of a tensor, as the base of a NumPy array.";
  return PyType_Ready(&buffer_type) == 0 && PyModule_AddFunctions(module, numpy_functions) == 0;
}

} // namespace torch::python

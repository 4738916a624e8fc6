// torch.Size: a tuple of ints.
#include "bindings/errors.h"
#include "bindings/types.h"

#include <string>

namespace torch::python {

namespace {

// Shapes are asked for all the time: the tuples of the last ones are used again. They hold ints alone, so the
// garbage collector need not know them.
constexpr Py_ssize_t kDims = 6, kKept = 32;
PyObject* kept[kDims][kKept];
Py_ssize_t kept_count[kDims];

PyObject* new_size(Py_ssize_t dims) {
  if (dims < kDims && kept_count[dims] > 0) {
    PyObject* o = kept[dims][--kept_count[dims]];
    _Py_NewReference(o);
    return o;
  }
  PyObject* o = size_type.tp_alloc(&size_type, dims);
  if (o) PyObject_GC_UnTrack(o);
  return o;
}
void size_dealloc(PyObject* o) {
  PyObject_GC_UnTrack(o);
  const Py_ssize_t dims = Py_SIZE(o);
  for (Py_ssize_t i = 0; i < dims; ++i) Py_XDECREF(PyTuple_GET_ITEM(o, i));
  if (Py_IS_TYPE(o, &size_type) && dims < kDims && kept_count[dims] < kKept)
    kept[dims][kept_count[dims]++] = o;
  else
    Py_TYPE(o)->tp_free(o);
}

PyObject* size_from_tuple(PyObject* tuple) { // steals
  if (!tuple) return nullptr;
  if (!PyTuple_Check(tuple)) return tuple;
  PyObject* args = PyTuple_Pack(1, tuple);
  Py_DECREF(tuple);
  if (!args) return nullptr;
  PyObject* out = PyTuple_Type.tp_new(&size_type, args, nullptr);
  Py_DECREF(args);
  return out;
}
PyObject* size_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  PyObject* self = PyTuple_Type.tp_new(type, args, kwargs);
  if (!self) return nullptr;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(self); ++i) {
    PyObject* item = PyTuple_GET_ITEM(self, i);
    if (PyLong_Check(item)) continue;
    PyObject* number = PyIndex_Check(item) ? PyNumber_Index(item) : nullptr;
    if (!number) {
      PyErr_Clear();
      PyErr_Format(PyExc_TypeError, "torch.Size() takes an iterable of 'int' (item %zd is '%s')", i,
                   Py_TYPE(item)->tp_name);
      Py_DECREF(self);
      return nullptr;
    }
    PyTuple_SET_ITEM(self, i, number);
    Py_DECREF(item);
  }
  return self;
}
PyObject* size_repr(PyObject* o) {
  std::string text = "torch.Size([";
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(o); ++i) {
    if (i) text += ", ";
    text += std::to_string(PyLong_AsLongLong(PyTuple_GET_ITEM(o, i)));
  }
  return PyUnicode_FromString((text + "])").c_str());
}
PyObject* size_numel(PyObject* o, PyObject*) {
  PyObject* product = PyLong_FromLong(1);
  for (Py_ssize_t i = 0; product && i < PyTuple_GET_SIZE(o); ++i) {
    PyObject* next = PyNumber_Multiply(product, PyTuple_GET_ITEM(o, i));
    Py_DECREF(product);
    product = next;
  }
  return product;
}
PyObject* size_reduce(PyObject* o, PyObject*) {
  PyObject* plain = PyTuple_GetSlice(o, 0, PyTuple_GET_SIZE(o));
  PyObject* items = PySequence_Tuple(plain);
  Py_XDECREF(plain);
  PyObject* out = items ? Py_BuildValue("(O(N))", &size_type, items) : nullptr;
  return out;
}
PyObject* size_concat(PyObject* a, PyObject* b) {
  if (!PyTuple_Check(a) || !PyTuple_Check(b)) Py_RETURN_NOTIMPLEMENTED;
  return size_from_tuple(PyTuple_Type.tp_as_sequence->sq_concat(a, b));
}
PyObject* size_repeat(PyObject* o, Py_ssize_t n) {
  return size_from_tuple(PyTuple_Type.tp_as_sequence->sq_repeat(o, n));
}
PyObject* size_subscript(PyObject* o, PyObject* index) {
  PyObject* out = PyTuple_Type.tp_as_mapping->mp_subscript(o, index);
  return PySlice_Check(index) ? size_from_tuple(out) : out;
}
PyMethodDef size_methods[] = {
    {"numel", size_numel, METH_NOARGS, "numel() -> int\n\nNumber of elements of a tensor of this size."},
    {"__reduce__", size_reduce, METH_NOARGS, "Pickles as a call of torch.Size."},
    {nullptr, nullptr, 0, nullptr},
};
PySequenceMethods size_sequence = {};
PyMappingMethods size_mapping = {};
PyNumberMethods size_number = {};

} // namespace

PyTypeObject size_type = {PyVarObject_HEAD_INIT(nullptr, 0)};

PyObject* wrap_size(IntSpan sizes) {
  PyObject* o = new_size(static_cast<Py_ssize_t>(sizes.size()));
  if (!o) return nullptr;
  for (size_t i = 0; i < sizes.size(); ++i) PyTuple_SET_ITEM(o, i, PyLong_FromLongLong(sizes[i]));
  return o;
}

void init_size_type(PyObject* module) {
  size_sequence.sq_concat = size_concat;
  size_sequence.sq_repeat = size_repeat;
  size_number.nb_add = size_concat;
  size_mapping.mp_subscript = size_subscript;
  size_type.tp_name = "torch.Size";
  size_type.tp_flags = Py_TPFLAGS_DEFAULT;
  size_type.tp_doc = "Size(iterable)\n\nShape of a tensor: a tuple of ints.";
  size_type.tp_base = &PyTuple_Type;
  size_type.tp_new = size_new;
  size_type.tp_dealloc = size_dealloc;
  size_type.tp_repr = size_repr;
  size_type.tp_methods = size_methods;
  size_type.tp_as_sequence = &size_sequence;
  size_type.tp_as_mapping = &size_mapping;
  size_type.tp_as_number = &size_number;
  if (PyType_Ready(&size_type) < 0) throw PythonError();
  PyModule_AddObject(module, "Size", Py_NewRef(reinterpret_cast<PyObject*>(&size_type)));
}

} // namespace torch::python

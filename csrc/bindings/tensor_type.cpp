// torch._C.TensorBase is assembled here: slots, attributes and the method tables of all binding files.
#include "bindings/tensor_type.h"

#include "bindings/autograd.h"
#include "bindings/call.h"
#include "bindings/creation.h"
#include "bindings/dlpack.h"
#include "bindings/indexing.h"
#include "bindings/numpy.h"
#include "bindings/override.h"
#include "bindings/scalar_access.h"
#include "bindings/storage.h"

#include <cstddef>
#include <vector>

namespace torch::python {

namespace {

int meta_init(PyObject* cls, PyObject* args, PyObject* kwargs) {
  if (PyType_Type.tp_init(cls, args, kwargs) < 0) return -1;
  // type.__new__ installed Python's deallocation of subclasses, which knows nothing of kept objects.
  reinterpret_cast<PyTypeObject*>(cls)->tp_dealloc = tensor_dealloc;
  return 0;
}

PyMappingMethods mapping = {tensor_length, tensor_getitem, tensor_setitem};
PySequenceMethods sequence = {};

std::vector<PyMethodDef>& all_methods() {
  static std::vector<PyMethodDef> methods;
  return methods;
}
std::vector<PyGetSetDef>& all_getset() {
  static std::vector<PyGetSetDef> getset;
  return getset;
}

void append(const PyMethodDef* table) {
  for (; table->ml_name; ++table) all_methods().push_back(*table);
}
// Attributes ask for __torch_function__ first; an entry of a table is the closure of what Python sees.
PyObject* get_attribute(PyObject* self, void* closure) {
  const auto& attribute = *static_cast<const PyGetSetDef*>(closure);
  if (is_overridden(self)) [[unlikely]]
    return override_get(attribute.name, self);
  return attribute.get(self, attribute.closure);
}
int set_attribute(PyObject* self, PyObject* value, void* closure) {
  const auto& attribute = *static_cast<const PyGetSetDef*>(closure);
  if (is_overridden(self)) [[unlikely]]
    return override_set(attribute.name, self, value);
  return attribute.set(self, value, attribute.closure);
}
void append(const PyGetSetDef* table) {
  for (; table->name; ++table)
    all_getset().push_back({table->name, get_attribute, table->set ? set_attribute : nullptr, table->doc,
                            const_cast<PyGetSetDef*>(table)});
}

PyTypeObject empty_type(const char* name) {
  PyTypeObject t = {};
  Py_SET_REFCNT(reinterpret_cast<PyObject*>(&t), 1);
  t.tp_name = name;
  return t;
}

// torch._C._set_tensor_class(torch.Tensor): the class of tensors made from now on.
PyObject* set_tensor_class(PyObject*, PyObject* cls) {
  if (!PyType_Check(cls) || !PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(cls), &tensor_base_type)) {
    PyErr_SetString(PyExc_TypeError, "expected a subclass of TensorBase");
    return nullptr;
  }
  Py_INCREF(cls);
  tensor_type = reinterpret_cast<PyTypeObject*>(cls);
  Py_RETURN_NONE;
}
PyObject* set_parameter_class(PyObject*, PyObject* cls) {
  Py_INCREF(cls);
  parameter_type = reinterpret_cast<PyTypeObject*>(cls);
  Py_RETURN_NONE;
}
PyMethodDef functions[] = {
    {"_set_tensor_class", set_tensor_class, METH_O, "Names the class that new tensors get."},
    {"_set_parameter_class", set_parameter_class, METH_O,
     "Names the class of parameters, for fast recognition."},
    {nullptr, nullptr, 0, nullptr},
};

} // namespace

PyTypeObject tensor_base_type = empty_type("torch._C.TensorBase");
PyTypeObject tensor_meta_type = empty_type("torch._C._TensorMeta");

void init_tensor_type(PyObject* module) {
  init_tensor_object(module);
  tensor_meta_type.tp_base = &PyType_Type;
  tensor_meta_type.tp_basicsize = 0; // inherited
  tensor_meta_type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE;
  tensor_meta_type.tp_init = meta_init;
  if (PyType_Ready(&tensor_meta_type) < 0) throw PythonError{};

  all_getset().push_back({"__dict__", tensor_get_dict, PyObject_GenericSetDict, nullptr, nullptr});
  append(attribute_getset);
  append(autograd_getset);
  all_getset().push_back({nullptr, nullptr, nullptr, nullptr, nullptr});
  append(attribute_methods);
  append(autograd_methods);
  append(scalar_access_methods);
  append(creation_tensor_methods);
  append(numpy_tensor_methods);
  append(dlpack_tensor_methods);
  append(storage_tensor_methods);
  for (PyMethodDef* const* table = method_tables; *table; ++table) append(*table);
  all_methods().push_back({nullptr, nullptr, 0, nullptr});

  tensor_number.nb_bool = tensor_bool;
  tensor_number.nb_int = tensor_int;
  tensor_number.nb_float = tensor_float;
  tensor_number.nb_index = tensor_index;
  sequence.sq_length = tensor_length;
  sequence.sq_contains = tensor_contains;

  PyTypeObject& t = tensor_base_type;
  Py_SET_TYPE(reinterpret_cast<PyObject*>(&t), &tensor_meta_type);
  t.tp_basicsize = sizeof(TensorObject);
  t.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC;
  t.tp_doc = "The compiled part of torch.Tensor.";
  t.tp_dealloc = tensor_dealloc;
  t.tp_traverse = tensor_traverse;
  t.tp_clear = tensor_clear;
  t.tp_setattro = tensor_setattro;
  t.tp_dictoffset = offsetof(TensorObject, dict);
  t.tp_weaklistoffset = offsetof(TensorObject, weakrefs);
  t.tp_as_number = &tensor_number;
  t.tp_as_sequence = &sequence;
  t.tp_as_mapping = &mapping;
  t.tp_richcompare = tensor_compare;
  t.tp_hash = [](PyObject* o) -> Py_hash_t { return Py_HashPointer(o); };
  t.tp_iter = tensor_iter;
  t.tp_methods = all_methods().data();
  t.tp_getset = all_getset().data();
  t.tp_new = legacy_tensor_new;
  t.tp_free = PyObject_GC_Del;
  if (PyType_Ready(&t) < 0) throw PythonError{};
  tensor_type = &t;
  PyModule_AddObject(module, "TensorBase", Py_NewRef(reinterpret_cast<PyObject*>(&t)));
  PyModule_AddObject(module, "_TensorBase", Py_NewRef(reinterpret_cast<PyObject*>(&t)));
  PyModule_AddObject(module, "_TensorMeta", Py_NewRef(reinterpret_cast<PyObject*>(&tensor_meta_type)));
  if (PyModule_AddFunctions(module, functions) < 0) throw PythonError{};
}

} // namespace torch::python

// Note [One object per tensor]
// While Python holds a tensor, its object owns a counted reference to the TensorImpl and the impl knows the
// object (pyobj, borrowed). When the last Python reference goes but C++ still holds the impl (a graph, a
// module's C++ state), an object that somebody could miss (attributes, weak references, a subclass) is kept:
// the impl takes the object over (kOwnsPyObject) and the object's reference to the impl becomes uncounted.
// Handing the tensor to Python again reverses this. When the impl dies owning its object, release_pyobject
// makes the object the owner for a last time and drops it.
#include "bindings/tensor_object.h"

#include "autograd/node.h"
#include "bindings/autograd.h"
#include "bindings/gil.h"
#include "bindings/owned.h"
#include "bindings/tensor_type.h"
#include "core/backend.h"
#include "core/unavailable.h"

#include <structmember.h>

#include <cstdarg>
#include <new>

namespace torch::python {

PyTypeObject* tensor_type = nullptr;
PyTypeObject* parameter_type = nullptr;

namespace {

// Freed objects of exactly torch.Tensor, with their GC header.
constexpr int kFreeMax = 256;
TensorObject* free_objects[kFreeMax];
int n_free = 0;

TensorObject* allocate_plain() {
  if (n_free > 0) {
    TensorObject* o = free_objects[--n_free];
    PyObject_Init(reinterpret_cast<PyObject*>(o), tensor_type);
    return o;
  }
  TensorObject* o = PyObject_GC_New(TensorObject, tensor_type);
  if (o) o->dict = o->weakrefs = nullptr;
  return o; // not tracked: a tensor without attributes cannot be in a cycle; tracked when it gets some
}

void bind(TensorObject* o, Tensor t) {
  t.impl()->pyobj = o;
  new (&o->tensor) Tensor(std::move(t));
}

PyObject* existing(TensorImpl* impl) {
  auto* o = static_cast<TensorObject*>(impl->pyobj);
  if (impl->flags & kOwnsPyObject) {
    // Back to Python's ownership: the object's reference counts again, the impl's reference to it is handed
    // out.
    impl->flags &= ~kOwnsPyObject;
    impl->retain();
    return reinterpret_cast<PyObject*>(o);
  }
  return Py_NewRef(reinterpret_cast<PyObject*>(o));
}

// Runs when an impl that owns its object has lost its last reference.
void release_owned_object(void* pyobj) {
  const GilGuard gil;
  auto* o = static_cast<TensorObject*>(pyobj);
  TensorImpl* impl = o->tensor.impl();
  impl->flags &= ~kOwnsPyObject;
  impl->retain();
  Py_DECREF(o);
}

void clear_slots(PyTypeObject* type, PyObject* self) {
  for (PyTypeObject* t = type; t && t->tp_dealloc == tensor_dealloc; t = t->tp_base) {
    if (!(t->tp_flags & Py_TPFLAGS_HEAPTYPE) || !Py_SIZE(t)) continue;
    PyMemberDef* members =
        reinterpret_cast<PyMemberDef*>(reinterpret_cast<char*>(t) + Py_TYPE(t)->tp_basicsize);
    for (Py_ssize_t i = 0; i < Py_SIZE(t); ++i)
      if (members[i].type == T_OBJECT_EX && !(members[i].flags & READONLY)) {
        auto** slot = reinterpret_cast<PyObject**>(reinterpret_cast<char*>(self) + members[i].offset);
        Py_CLEAR(*slot);
      }
  }
}

} // namespace

void tensor_dealloc(PyObject* self) {
  auto* o = reinterpret_cast<TensorObject*>(self);
  PyTypeObject* type = Py_TYPE(self);
  const bool plain = type == tensor_type;
  TensorImpl* impl = o->tensor.impl();
  if (impl && impl->use_count() > 1 && impl->pyobj == self && (!plain || o->dict || o->weakrefs)) {
    // Somebody in C++ still holds the tensor: keep the object for when it comes back.
    Py_SET_REFCNT(self, 1);
#ifdef Py_TRACE_REFS
    _Py_NewReference(self);
#endif
    impl->flags |= kOwnsPyObject;
    impl->release();
    return;
  }
  if (!plain && type->tp_finalize) {
    if (PyObject_CallFinalizerFromDealloc(self) < 0) return;
  }
  if (PyObject_GC_IsTracked(self)) PyObject_GC_UnTrack(self);
  if (o->weakrefs) PyObject_ClearWeakRefs(self);
  if (!plain) clear_slots(type, self);
  Py_CLEAR(o->dict);
  if (impl && impl->pyobj == self) impl->pyobj = nullptr;
  o->tensor.~Tensor();
  if (plain && n_free < kFreeMax) {
    free_objects[n_free++] = o;
    Py_DECREF(type);
    return;
  }
  if (plain)
    PyObject_GC_Del(self);
  else
    type->tp_free(self);
  if (type->tp_flags & Py_TPFLAGS_HEAPTYPE) Py_DECREF(type);
}

int tensor_traverse(PyObject* self, visitproc visit, void* arg) {
  auto* o = reinterpret_cast<TensorObject*>(self);
  Py_VISIT(o->dict);
  if (Py_TYPE(self)->tp_flags & Py_TPFLAGS_HEAPTYPE) Py_VISIT(Py_TYPE(self));
  if (o->tensor.defined() && o->tensor.impl()->use_count() == 1)
    return traverse_autograd(o->tensor, visit, arg);
  return 0;
}

int tensor_clear(PyObject* self) {
  auto* o = reinterpret_cast<TensorObject*>(self);
  Py_CLEAR(o->dict);
  if (o->tensor.defined() && o->tensor.impl()->use_count() == 1) clear_autograd(o->tensor);
  return 0;
}

int tensor_setattro(PyObject* self, PyObject* name, PyObject* value) {
  const int status = PyObject_GenericSetAttr(self, name, value);
  if (reinterpret_cast<TensorObject*>(self)->dict && !PyObject_GC_IsTracked(self)) PyObject_GC_Track(self);
  return status;
}

PyObject* tensor_get_dict(PyObject* self, void*) {
  PyObject* dict = PyObject_GenericGetDict(self, nullptr);
  if (!PyObject_GC_IsTracked(self)) PyObject_GC_Track(self);
  return dict;
}

bool is_tensor(PyObject* o) { return is_plain_tensor(o) || PyObject_TypeCheck(o, &tensor_base_type); }

PyObject* wrap(Tensor&& t) {
  if (!t.defined()) Py_RETURN_NONE;
  if (t.impl()->pyobj) return existing(t.impl());
  TensorObject* o = allocate_plain();
  if (!o) return nullptr;
  bind(o, std::move(t));
  return reinterpret_cast<PyObject*>(o);
}
PyObject* wrap(const Tensor& t) {
  if (!t.defined()) Py_RETURN_NONE;
  if (t.impl()->pyobj) return existing(t.impl());
  return wrap(Tensor(t));
}

PyObject* wrap_as(PyTypeObject* type, Tensor t) {
  TORCH_ASSERT(t.defined() && !t.impl()->pyobj);
  if (type == tensor_type) return wrap(std::move(t));
  PyObject* self = type->tp_alloc(type, 0);
  if (!self) return nullptr;
  auto* o = reinterpret_cast<TensorObject*>(self);
  new (&o->tensor) Tensor();
  bind(o, std::move(t));
  return self;
}

namespace {
PyObject* linalg_error = PyExc_RuntimeError; // torch.linalg.LinAlgError once the module stands

PyObject* error_class(ErrorKind kind) {
  switch (kind) {
  case ErrorKind::Runtime:
    return PyExc_RuntimeError;
  case ErrorKind::Type:
    return PyExc_TypeError;
  case ErrorKind::Value:
    return PyExc_ValueError;
  case ErrorKind::Index:
    return PyExc_IndexError;
  case ErrorKind::NotImplemented:
    return PyExc_NotImplementedError;
  case ErrorKind::OutOfMemory:
    return PyExc_RuntimeError;
  case ErrorKind::Overflow:
    return PyExc_OverflowError;
  case ErrorKind::Buffer:
    return PyExc_BufferError;
  case ErrorKind::LinAlg:
    return linalg_error;
  }
  return PyExc_RuntimeError;
}
} // namespace

void raise_python(PyObject* type, const char* format, ...) {
  va_list values;
  va_start(values, format);
  PyErr_FormatV(type, format, values);
  va_end(values);
  mark_python_error();
  throw PythonError{};
}

void mark_python_error() {
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  if (value && PyObject_SetAttrString(value, "_from_torch", Py_True) < 0) PyErr_Clear();
  PyErr_Restore(type, value, trace);
}

PyObject* set_python_error(const Error& error, const std::string& text) {
  PyObject* type =
      dynamic_cast<const Unavailable*>(&error) ? PyExc_AssertionError : error_class(error.kind());
  Owned of_device;
  if (const auto* const failed = dynamic_cast<const DeviceError*>(&error)) {
    const Owned module(PyImport_ImportModule("torch"));
    const bool memory = failed->what_kind() == DeviceError::What::OutOfMemory;
    if (module)
      of_device =
          Owned(PyObject_GetAttrString(module.get(), memory ? "OutOfMemoryError" : "AcceleratorError"));
    if (!of_device) return nullptr;
    type = of_device.get();
  }
  const Owned decoded(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
  if (!decoded) return nullptr;
  PyErr_SetObject(type, decoded.get());
  mark_python_error();
  return nullptr;
}

PyObject* set_python_error() {
  try {
    throw;
  } catch (const PythonError&) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_RuntimeError, "unknown Python error");
  } catch (const Error& e) {
    set_python_error(e, e.what());
  } catch (const std::bad_alloc&) {
    PyErr_SetString(PyExc_MemoryError, "out of memory");
  } catch (const std::exception& e) {
    PyErr_SetString(PyExc_RuntimeError, e.what());
  } catch (...) {
    PyErr_SetString(PyExc_RuntimeError, "unknown C++ exception");
  }
  return nullptr;
}

void init_tensor_object(PyObject* module) {
  release_pyobject = release_owned_object;
  linalg_error = PyErr_NewExceptionWithDoc(
      "torch._C._LinAlgError",
      "Raised by functions of torch.linalg when the values of a matrix do not allow the result.",
      PyExc_RuntimeError, nullptr);
  if (!linalg_error || PyObject_SetAttrString(module, "_LinAlgError", linalg_error) < 0) throw PythonError{};
}

} // namespace torch::python

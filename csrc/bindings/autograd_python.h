// Shared by the autograd bindings only.
#pragma once

#include "autograd/engine.h"
#include "autograd/hooks.h"
#include "autograd/meta.h"
#include "bindings/autograd.h"
#include "bindings/gil.h"
#include "bindings/owned.h"

#include <utility>

namespace torch::python {

// module.name (or module.name.inner), imported at the first use. For a function's static variable; a static
// with an initializer would not do: importing lets other threads run, and one that waits for the initializer
// keeps Python's lock from the one that is in it.
class LateImport {
public:
  constexpr LateImport(const char* module, const char* name, const char* inner = nullptr)
      : module_(module), name_(name), inner_(inner) {}
  PyObject* get() {
    if (!object_) [[unlikely]] {
      const Owned module = owned(call_python<PyImport_ImportModule>(module_));
      Owned found = owned(PyObject_GetAttrString(module.get(), name_));
      if (inner_) found = owned(PyObject_GetAttrString(found.get(), inner_));
      if (!object_) object_ = found.release();
    }
    return object_;
  }

private:
  const char *module_, *name_, *inner_;
  PyObject* object_ = nullptr;
};

// Undefined for None; TypeError naming `what` otherwise.
Tensor tensor_or_none(PyObject* o, const char* what);
PyObject* to_tuple(std::span<const Tensor> tensors); // new reference; None where undefined

// A tensor without attributes is unknown to the garbage collector until something of it can be in a cycle: a
// hook, a ctx.
inline void track(PyObject* tensor) {
  if (is_tensor(tensor) && !PyObject_GC_IsTracked(tensor)) PyObject_GC_Track(tensor);
}

// ---- nodes (autograd_node.cpp) ----
PyObject* wrap_node(const Ref<autograd::Node>& node); // new reference; None for null
Ref<autograd::Node> unwrap_node(PyObject* o);         // TypeError unless it is a grad_fn
bool is_node(PyObject* o);
void init_autograd_node(PyObject* module);
// Methods and attributes that C++ nodes and the ctx of custom Functions have in common; they find the node by
// unwrap_node.
extern PyMethodDef node_methods[];
extern PyGetSetDef node_getset[];

// ---- hooks (autograd_hooks.cpp) ----
PyObject* register_tensor_hook(const Tensor& t, PyObject* hook);     // a RemovableHandle
PyObject* register_accumulate_hook(const Tensor& t, PyObject* hook); // likewise
PyObject* tensor_hooks_dict(const Tensor& t);                        // borrowed, or null
PyObject* accumulate_hooks_dict(const Tensor& t);                    // borrowed, or null
void set_tensor_hooks_dict(const Tensor& t, PyObject* dict);
PyObject* register_node_hook(autograd::Node& n, PyObject* hook);
PyObject* register_node_prehook(autograd::Node& n, PyObject* hook);
int traverse_hooks(const autograd::NodeExtras& extras, visitproc visit, void* arg);
int traverse_hooks(const autograd::LeafHooks& hooks, visitproc visit, void* arg);

// ---- custom functions (autograd_function.cpp) ----
void init_autograd_function(PyObject* module);
PyObject* function_of(autograd::Node& n); // new reference: the ctx of a node of kind Python
bool is_function(PyObject* o);
Ref<autograd::Node> node_of_function(PyObject* o); // RuntimeError when the graph is gone
int traverse_function_of(autograd::Node& n, visitproc visit, void* arg);

// ---- the rest ----
void init_autograd_modes(PyObject* module);                      // autograd_modes.cpp
void init_autograd_engine(PyObject* module, PyObject* autograd); // autograd_engine.cpp
void init_autograd_saved(PyObject* autograd);                    // autograd_saved.cpp
PyObject* tensor_backward(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* keywords);

} // namespace torch::python

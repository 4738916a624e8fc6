// Texts of failed calls: why no signature takes the arguments, and what an op was called with when it failed.
#include "bindings/call_match.h"
#include "bindings/numpy.h"

namespace torch::python {

namespace {

const char* shown_kind(ArgKind kind) {
  switch (kind) {
  case ArgKind::Tensor:
  case ArgKind::OptTensor:
    return "Tensor";
  case ArgKind::TensorOrNumber:
    return "Tensor or Number";
  case ArgKind::TensorList:
  case ArgKind::OptTensorList:
  case ArgKind::OptTensorTuple:
    return "tuple of Tensors";
  case ArgKind::Number:
  case ArgKind::OptNumber:
    return "Number";
  case ArgKind::Int:
  case ArgKind::OptInt:
    return "int";
  case ArgKind::Float:
  case ArgKind::OptFloat:
    return "float";
  case ArgKind::Bool:
  case ArgKind::OptBool:
    return "bool";
  case ArgKind::IntList:
  case ArgKind::OptIntList:
    return "tuple of ints";
  case ArgKind::BoolList:
    return "tuple of bools";
  case ArgKind::DType:
  case ArgKind::OptDType:
    return "torch.dtype";
  case ArgKind::OptDevice:
    return "torch.device";
  case ArgKind::OptLayout:
    return "torch.layout";
  case ArgKind::MemoryFormat:
  case ArgKind::OptMemoryFormat:
    return "torch.memory_format";
  case ArgKind::OptGenerator:
    return "torch.Generator";
  case ArgKind::Str:
  case ArgKind::OptStr:
    return "str";
  }
  return "?";
}

std::string signature_text(const Overload& o, bool method) {
  std::string text = "(";
  bool star = false;
  for (int i = method ? 1 : 0; i < o.count; ++i) {
    const Param& p = o.params[i];
    if (text.size() > 1) text += ", ";
    if (p.keyword_only && !star) {
      star = true;
      text += "*, ";
    }
    text += std::string(shown_kind(p.kind)) + " " + p.name;
    if (p.has_default) text += std::string(" = ") + p.default_text;
  }
  return text + ")";
}

std::string shown_type(PyObject* o) {
  if (is_tensor(o)) return "Tensor";
  if ((PyTuple_Check(o) || PyList_Check(o)) && PySequence_Fast_GET_SIZE(o) > 0)
    return std::string(Py_TYPE(o)->tp_name) + " of " + shown_type(PySequence_Fast_GET_ITEM(o, 0));
  return Py_TYPE(o)->tp_name;
}

// What to do about a value that is no tensor.
const char* mend_of_tensor(PyObject* o) {
  if (o == Py_None) return ": is a return missing in what made it?";
  if (is_numpy_array(o)) return ": torch.from_numpy(...) makes one";
  if (!PyTuple_Check(o) && !PyList_Check(o)) return is_number(o) ? ": torch.tensor(...) makes one" : "";
  if (PySequence_Fast_GET_SIZE(o) == 0 || !is_tensor(PySequence_Fast_GET_ITEM(o, 0)))
    return ": torch.tensor(...) makes one";
  return PyTuple_Check(o) ? ": take one of the tuple"
                          : ": torch.stack(...) or torch.cat(...) makes one of them";
}

// The item of a list of tensors that is none, or -1.
Py_ssize_t item_that_is_no_tensor(const Param& p, PyObject* o) {
  if (p.kind != ArgKind::TensorList && p.kind != ArgKind::OptTensorList) return -1;
  if (!PyTuple_Check(o) && !PyList_Check(o)) return -1;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i)
    if (!is_tensor(PySequence_Fast_GET_ITEM(o, i))) return i;
  return -1;
}

// How an argument looks in a text: float32[2, 3] for a tensor.
std::string shown_value(PyObject* o, int depth = 0) {
  constexpr Py_ssize_t kItems = 4, kLetters = 60;
  if (is_tensor(o)) {
    const Tensor& t = unwrap(o);
    return concat(t.is_cpu() ? "" : concat(t.device(), " "), dtype_name(t.dtype()), t.sizes());
  }
  if ((PyTuple_CheckExact(o) || PyList_CheckExact(o)) && depth < 2) {
    const bool tuple = PyTuple_CheckExact(o);
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
    std::string text(1, tuple ? '(' : '[');
    for (Py_ssize_t i = 0; i < std::min(n, kItems); ++i)
      text += (i ? ", " : "") + shown_value(PySequence_Fast_GET_ITEM(o, i), depth + 1);
    if (n > kItems) text += concat(", ... ", n, " in all");
    return text + (tuple ? n == 1 ? ",)" : ")" : "]");
  }
  if (PySlice_Check(o) && depth < 3) {
    PyObject* const parts[] = {reinterpret_cast<PySliceObject*>(o)->start,
                               reinterpret_cast<PySliceObject*>(o)->stop,
                               reinterpret_cast<PySliceObject*>(o)->step};
    std::string text = parts[0] == Py_None ? "" : shown_value(parts[0], depth + 1);
    text += ":" + (parts[1] == Py_None ? "" : shown_value(parts[1], depth + 1));
    return parts[2] == Py_None ? text : text + ":" + shown_value(parts[2], depth + 1);
  }
  if (o == Py_Ellipsis) return "...";
  // The repr of foreign classes may do anything.
  const bool known = o == Py_None || PyBool_Check(o) || PyLong_CheckExact(o) || PyFloat_CheckExact(o) ||
                     PyComplex_CheckExact(o) || PyUnicode_CheckExact(o) || Py_IS_TYPE(o, &dtype_type) ||
                     Py_IS_TYPE(o, &device_type) || Py_IS_TYPE(o, &memory_format_type) ||
                     Py_IS_TYPE(o, &layout_type);
  if (known) {
    const Owned text(PyObject_Repr(o));
    const char* const letters = text ? PyUnicode_AsUTF8(text.get()) : nullptr;
    if (letters)
      return PyUnicode_GET_LENGTH(text.get()) <= kLetters ? letters : std::string(letters, 57) + "...";
    PyErr_Clear();
  }
  return concat("<", Py_TYPE(o)->tp_name, ">");
}

std::string listed(std::span<const CallArgument> arguments) {
  std::string text;
  for (const CallArgument& a : arguments)
    if (a.value) text += concat(text.empty() ? "" : ", ", a.name, *a.name ? "=" : "", shown_value(a.value));
  return text;
}

PyObject* set_match_error(const FunctionSpec& spec, PyObject* self, PyObject* const* args, Py_ssize_t nargs,
                          PyObject* kwnames) {
  const Py_ssize_t nkw = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  const int first = self ? 1 : 0;
  if (spec.n_overloads == 1) { // one signature: say exactly what is wrong
    const Overload& o = spec.overloads[0];
    int positional = 0;
    for (int i = first; i < o.count; ++i) positional += !o.params[i].keyword_only;
    const bool packed = nargs > 0 && o.count > first && packs(o, first, first, nargs, args);
    if (nargs > positional && !packed) {
      PyErr_Format(PyExc_TypeError, "%s() takes %d positional argument%s but %zd %s given. Signature: %s%s",
                   spec.name, positional, positional == 1 ? "" : "s", nargs, nargs == 1 ? "was" : "were",
                   spec.name, signature_text(o, first).c_str());
      return nullptr;
    }
    for (Py_ssize_t k = 0; k < nkw; ++k) {
      PyObject* name = PyTuple_GET_ITEM(kwnames, k);
      int i = first;
      while (i < o.count && !same_name(name, o.params[i].name)) ++i;
      if (i == o.count) {
        PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'. Signature: %s%s",
                     spec.name, name, spec.name, signature_text(o, first).c_str());
        return nullptr;
      }
      if (i - first < (packed ? 1 : nargs)) {
        PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'", spec.name, name);
        return nullptr;
      }
    }
    std::string missing;
    for (int i = first; i < o.count; ++i) {
      if (packed && i == first) continue;
      PyObject* value = !packed && i - first < nargs ? args[i - first] : nullptr;
      for (Py_ssize_t k = 0; k < nkw && !value; ++k)
        if (same_name(PyTuple_GET_ITEM(kwnames, k), o.params[i].name)) value = args[nargs + k];
      if (!value) {
        if (!o.params[i].has_default)
          missing += (missing.empty() ? "\"" : ", \"") + std::string(o.params[i].name) + "\"";
        continue;
      }
      if (fits(o.params[i], value) || (value == Py_None && o.params[i].has_default)) continue;
      const Py_ssize_t item = item_that_is_no_tensor(o.params[i], value);
      if (item >= 0) {
        PyErr_Format(PyExc_TypeError,
                     "%s(): expected Tensor as element %zd in argument %d ('%s'), but got %s", spec.name,
                     item, i - first, o.params[i].name,
                     shown_type(PySequence_Fast_GET_ITEM(value, item)).c_str());
        return nullptr;
      }
      const bool tensor = o.params[i].kind == ArgKind::Tensor || o.params[i].kind == ArgKind::OptTensor;
      PyErr_Format(PyExc_TypeError, "%s(): argument '%s' (position %d) must be %s, not %s%s", spec.name,
                   o.params[i].name, i - first + 1, shown_kind(o.params[i].kind), shown_type(value).c_str(),
                   tensor ? mend_of_tensor(value) : "");
      return nullptr;
    }
    if (!missing.empty()) {
      PyErr_Format(PyExc_TypeError, "%s() missing %s required positional argument%s: %s", spec.name,
                   missing.find(',') == std::string::npos ? "1" : "some",
                   missing.find(',') == std::string::npos ? "" : "s", missing.c_str());
      return nullptr;
    }
  }
  std::string got;
  for (Py_ssize_t i = 0; i < nargs; ++i) got += (i ? ", " : "") + shown_type(args[i]);
  for (Py_ssize_t k = 0; k < nkw; ++k)
    got += (got.empty() ? "" : ", ") + std::string(PyUnicode_AsUTF8(PyTuple_GET_ITEM(kwnames, k))) + "=" +
           shown_type(args[nargs + k]);
  std::string text = std::string(spec.name) + "() received an invalid combination of arguments - got (" +
                     got + "), but expected " + (spec.n_overloads == 1 ? "" : "one of:");
  for (int i = 0; i < spec.n_overloads; ++i)
    text += (spec.n_overloads == 1 ? "" : "\n * ") + signature_text(spec.overloads[i], first != 0);
  PyErr_SetString(PyExc_TypeError, text.c_str());
  return nullptr;
}

} // namespace

PyObject* shown_arguments(PyObject*, PyObject* args, PyObject* kwargs) {
  return guarded([&] {
    std::vector<CallArgument> all;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i) all.push_back({"", PyTuple_GET_ITEM(args, i)});
    PyObject *key = nullptr, *value = nullptr;
    for (Py_ssize_t at = 0; kwargs && PyDict_Next(kwargs, &at, &key, &value);) {
      const char* const name = PyUnicode_AsUTF8(key);
      if (!name) throw PythonError{};
      all.push_back({name, value});
    }
    const std::string text = listed(all);
    return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
  });
}

PyObject* fail_match(const FunctionSpec& spec, PyObject* self, PyObject* const* args, Py_ssize_t nargs,
                     PyObject* kwnames) {
  set_match_error(spec, self, args, nargs, kwnames);
  mark_python_error();
  return nullptr;
}

PyObject* set_call_error(const char* function, std::span<const CallArgument> arguments) {
  try {
    throw;
  } catch (const Error& e) {
    return set_python_error(e, concat(e.what(), "\n  in ", function, "(", listed(arguments), ")"));
  } catch (...) {
    return set_python_error();
  }
}

} // namespace torch::python

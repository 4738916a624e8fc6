#include "bindings/dispatch.h"

#include "bindings/call.h"
#include "bindings/gil.h"
#include "bindings/scalar_access.h"
#include "bindings/tensor_type.h"
#include "ops/gate.h"

#include <cstring>

namespace torch::python {

namespace {

// ---------------------------------------------------------------- values

PyObject* to_python(const Value& v) {
  struct Visitor {
    PyObject* operator()(std::monostate) const { return Py_NewRef(Py_None); }
    PyObject* operator()(const Tensor& t) const { return wrap(t); }
    PyObject* operator()(const std::vector<Tensor>& ts) const {
      PyObject* list = PyList_New(static_cast<Py_ssize_t>(ts.size()));
      for (size_t i = 0; list && i < ts.size(); ++i) PyList_SET_ITEM(list, i, wrap(ts[i]));
      return list;
    }
    PyObject* operator()(const Scalar& s) const { return number_object(s); }
    PyObject* operator()(int64_t v) const { return PyLong_FromLongLong(v); }
    PyObject* operator()(double v) const { return PyFloat_FromDouble(v); }
    PyObject* operator()(bool v) const { return PyBool_FromLong(v); }
    PyObject* operator()(IntSpan v) const {
      PyObject* list = PyList_New(static_cast<Py_ssize_t>(v.size()));
      for (size_t i = 0; list && i < v.size(); ++i) PyList_SET_ITEM(list, i, PyLong_FromLongLong(v[i]));
      return list;
    }
    PyObject* operator()(DType t) const { return wrap(t); }
    PyObject* operator()(Device d) const { return wrap(d); }
    PyObject* operator()(MemoryFormat f) const { return wrap(f); }
    PyObject* operator()(const std::string& s) const {
      return PyUnicode_FromStringAndSize(s.data(), static_cast<Py_ssize_t>(s.size()));
    }
    PyObject* operator()(const Ref<Generator>& g) const { return wrap(g); }
    PyObject* operator()(const std::array<bool, 3>& m) const {
      return Py_BuildValue("[OOO]", m[0] ? Py_True : Py_False, m[1] ? Py_True : Py_False,
                           m[2] ? Py_True : Py_False);
    }
  };
  // A wrapped number shows as the number it was.
  if (const auto* t = std::get_if<Tensor>(&v);
      t && t->defined() && t->is_wrapped_number() && !t->impl()->pyobj) {
    switch (t->dtype()) {
    case DType::Bool:
      return PyBool_FromLong(*t->data<bool>());
    case DType::Int64:
      return PyLong_FromLongLong(*t->data<int64_t>());
    case DType::UInt64:
      return PyLong_FromUnsignedLongLong(*t->data<uint64_t>());
    case DType::Float64:
      return PyFloat_FromDouble(*t->data<double>());
    default:
      return PyComplex_FromDoubles(t->data<complex128>()->real(), t->data<complex128>()->imag());
    }
  }
  return std::visit(Visitor{}, v);
}

Value from_python(const OpDef& op, const OpParam& p, PyObject* o) {
  const bool none = o == Py_None;
  const auto optional =
      p.kind == ArgKind::OptTensor || p.kind == ArgKind::OptNumber || p.kind == ArgKind::OptInt ||
      p.kind == ArgKind::OptFloat || p.kind == ArgKind::OptBool || p.kind == ArgKind::OptIntList ||
      p.kind == ArgKind::OptDType || p.kind == ArgKind::OptDevice || p.kind == ArgKind::OptMemoryFormat ||
      p.kind == ArgKind::OptGenerator || p.kind == ArgKind::OptStr;
  if (none && optional) return {};
  const auto wrong = [&](const char* expected) {
    fail(ErrorKind::Type, concat(op.name, ".", op.overload, ": argument '", p.name, "' must be ", expected,
                                 ", not ", Py_TYPE(o)->tp_name));
  };
  switch (p.kind) {
  case ArgKind::Tensor:
  case ArgKind::OptTensor:
  case ArgKind::TensorOrNumber:
    if (is_tensor(o)) return unwrap(o);
    if (is_number(o)) return wrapped_number(to_scalar(o));
    wrong("Tensor");
    break;
  case ArgKind::TensorList:
  case ArgKind::OptTensorList:
  case ArgKind::OptTensorTuple: {
    if (!PyTuple_Check(o) && !PyList_Check(o)) wrong("a list of Tensors");
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i)
      if (PyObject* item = PySequence_Fast_GET_ITEM(o, i); item != Py_None && !is_tensor(item))
        wrong("a list of Tensors");
    const TensorListArg list(o);
    const TensorList ts = list;
    return std::vector<Tensor>(ts.begin(), ts.end());
  }
  case ArgKind::Number:
  case ArgKind::OptNumber:
    return gate::box(to_scalar(o));
  case ArgKind::Int:
  case ArgKind::OptInt:
    return to_int(o);
  case ArgKind::Float:
  case ArgKind::OptFloat:
    return to_double(o);
  case ArgKind::Bool:
  case ArgKind::OptBool:
    return to_bool(o);
  case ArgKind::IntList:
  case ArgKind::OptIntList: {
    const IntListArg list(o, p.size);
    return DimVec(Ints(list).span());
  }
  case ArgKind::BoolList:
    return to_mask(o);
  case ArgKind::DType:
  case ArgKind::OptDType:
    return to_dtype(o);
  case ArgKind::OptDevice:
    return *to_optional_device(o);
  case ArgKind::MemoryFormat:
  case ArgKind::OptMemoryFormat:
    return to_memory_format(o);
  case ArgKind::OptGenerator: {
    Generator* g = unwrap_generator(o);
    if (!g) wrong("torch.Generator");
    return Ref<Generator>(g);
  }
  case ArgKind::Str:
  case ArgKind::OptStr:
    return std::string(to_string(o));
  case ArgKind::OptLayout:
    return {};
  }
  return {};
}

// The value of a parameter's default, from the schema's text.
Value default_value(const OpParam& p) {
  const std::string_view text = p.default_text;
  if (text == "None" || text.empty()) return {};
  const auto number = [&]() -> Scalar {
    return text.find_first_of(".e") == std::string_view::npos ? Scalar(int64_t{std::atoll(p.default_text)})
                                                              : Scalar(std::atof(p.default_text));
  };
  switch (p.kind) {
  case ArgKind::Bool:
  case ArgKind::OptBool:
    return text == "True";
  case ArgKind::Int:
  case ArgKind::OptInt:
    return number().to<int64_t>();
  case ArgKind::Float:
  case ArgKind::OptFloat:
    return number().to<double>();
  case ArgKind::Number:
  case ArgKind::OptNumber:
    return gate::box(number());
  case ArgKind::IntList:
  case ArgKind::OptIntList:
    return text == "[]" ? DimVec() : DimVec(size_t(std::max(p.size, 1)), number().to<int64_t>());
  case ArgKind::Str:
  case ArgKind::OptStr:
    return std::string(text.substr(1, text.size() - 2));
  case ArgKind::MemoryFormat:
  case ArgKind::OptMemoryFormat:
    return text == "contiguous_format" ? MemoryFormat::Contiguous : MemoryFormat::Preserve;
  default:
    return {};
  }
}

bool same_value(const Value& a, const Value& b) {
  if (a.index() != b.index()) return false;
  if (const auto* v = std::get_if<DimVec>(&a)) return equal(*v, std::get<DimVec>(b));
  if (const auto* v = std::get_if<int64_t>(&a)) return *v == std::get<int64_t>(b);
  if (const auto* v = std::get_if<double>(&a)) return *v == std::get<double>(b);
  if (const auto* v = std::get_if<bool>(&a)) return *v == std::get<bool>(b);
  if (const auto* v = std::get_if<std::string>(&a)) return *v == std::get<std::string>(b);
  if (const auto* v = std::get_if<MemoryFormat>(&a)) return *v == std::get<MemoryFormat>(b);
  return std::holds_alternative<std::monostate>(a);
}

PyObject* results_to_python(const OpDef& op, Values& results) {
  (void)op;
  if (results.empty()) Py_RETURN_NONE;
  if (results.size() == 1) return to_python(results[0]);
  PyObject* tuple = PyTuple_New(static_cast<Py_ssize_t>(results.size()));
  for (size_t i = 0; tuple && i < results.size(); ++i) PyTuple_SET_ITEM(tuple, i, to_python(results[i]));
  return tuple;
}

Value result_from_python(PyObject* o) {
  if (o == Py_None) return {};
  if (is_tensor(o)) return unwrap(o);
  if (PyBool_Check(o)) return o == Py_True;
  if (PyList_Check(o) || PyTuple_Check(o)) {
    const TensorListArg list(o);
    const TensorList ts = list;
    return std::vector<Tensor>(ts.begin(), ts.end());
  }
  return gate::box(to_scalar(o));
}

// ---------------------------------------------------------------- OpOverload objects

PyObject* op_objects[kOpCount]; // made when first seen, kept

PyObject* op_object(const OpDef& op) {
  PyObject*& slot = op_objects[static_cast<size_t>(op.id)];
  if (!slot) {
    const Owned module = owned(call_python<PyImport_ImportModule>("torch._ops"));
    slot = call_python<PyObject_CallMethod>(module.get(), "_make_overload", "isssi", static_cast<int>(op.id),
                                            op.name, op.overload, op.schema, op.composite ? 1 : 0);
    if (!slot) throw PythonError{};
  }
  return slot;
}

// (args, kwargs) as a handler sees them: keyword-only parameters by name, those at their default left out.
void split_arguments(const OpDef& op, const Values& values, Owned& args, Owned& kwargs) {
  size_t positional = 0;
  for (const OpParam& p : op.params) positional += !p.keyword_only;
  size_t last = positional;
  while (last > 0 && op.params[last - 1].has_default &&
         same_value(values[last - 1], default_value(op.params[last - 1])))
    --last;
  args = owned(PyTuple_New(static_cast<Py_ssize_t>(last)));
  kwargs = owned(PyDict_New());
  for (size_t i = 0; i < last; ++i) {
    PyObject* o = to_python(values[i]);
    if (!o) throw PythonError{};
    PyTuple_SET_ITEM(args.get(), i, o);
  }
  for (size_t i = positional; i < op.params.size(); ++i) {
    const OpParam& p = op.params[i];
    if (p.has_default && same_value(values[i], default_value(p))) continue;
    const Owned o = owned(to_python(values[i]));
    if (PyDict_SetItemString(kwargs.get(), p.name, o.get()) < 0) throw PythonError{};
  }
  for (int i = 0; i < op.n_out; ++i) {
    const std::string name = op.n_out == 1 ? "out" : concat("out", i);
    const Owned o = owned(to_python(values[op.params.size() + i]));
    if (PyDict_SetItemString(kwargs.get(), name.c_str(), o.get()) < 0) throw PythonError{};
  }
}

Values unpack_results(const OpDef& op, PyObject* result) {
  Values values;
  const bool one_list = std::string_view(op.schema).ends_with("[]");
  if (PyTuple_Check(result) && !one_list) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(result); ++i)
      values.push_back(result_from_python(PyTuple_GET_ITEM(result, i)));
  } else {
    values.push_back(result_from_python(result));
  }
  return values;
}

// The classes with __torch_dispatch__ among the operands, each once, subclasses before their bases.
std::vector<PyObject*> dispatching_types(const Values& values) {
  std::vector<PyObject*> types;
  const auto look = [&](const Tensor& t) {
    if (!t.defined() || !(t.impl()->flags & kInterposed) || !t.impl()->pyobj) return;
    PyTypeObject* const type = Py_TYPE(static_cast<PyObject*>(t.impl()->pyobj));
    auto at = types.begin();
    for (; at != types.end(); ++at) {
      auto* const other = reinterpret_cast<PyTypeObject*>(*at);
      if (other == type) return;
      if (PyType_IsSubtype(type, other)) break;
    }
    types.insert(at, reinterpret_cast<PyObject*>(type));
  };
  for (const Value& v : values) {
    if (const auto* t = std::get_if<Tensor>(&v)) look(*t);
    if (const auto* ts = std::get_if<std::vector<Tensor>>(&v))
      for (const Tensor& t : *ts) look(t);
  }
  return types;
}

Owned tuple_of(const std::vector<PyObject*>& objects) {
  Owned tuple = owned(PyTuple_New(static_cast<Py_ssize_t>(objects.size())));
  for (size_t i = 0; i < objects.size(); ++i)
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), Py_NewRef(objects[i]));
  return tuple;
}

// A TorchDispatchMode on the interpreter stack.
class ModeInterpreter final : public gate::Interpreter {
public:
  explicit ModeInterpreter(PyObject* mode) : mode_(Owned::share(mode)) {}
  ~ModeInterpreter() override {
    const GilGuard gil;
    mode_ = Owned();
  }
  PyObject* mode() const { return mode_.get(); }
  Values call(const OpDef& op, Values values) override {
    const GilGuard gil;
    Owned args, kwargs;
    split_arguments(op, values, args, kwargs);
    const Owned types = tuple_of(dispatching_types(values));
    const Owned result = owned(call_python<PyObject_CallMethod>(
        mode_.get(), "__torch_dispatch__", "OOOO", op_object(op), types.get(), args.get(), kwargs.get()));
    return unpack_results(op, result.get());
  }

private:
  Owned mode_;
};

// Tensors of classes with __torch_dispatch__.
class SubclassInterpreter final : public gate::Interpreter {
public:
  Values call(const OpDef& op, Values values) override {
    const GilGuard gil;
    const std::vector<PyObject*> classes = dispatching_types(values);
    check(!classes.empty(), op.name, ": a tensor is marked as interposing, but has no Python class");
    Owned args, kwargs;
    split_arguments(op, values, args, kwargs);
    const Owned types = tuple_of(classes);
    for (PyObject* const handler : classes) {
      const Owned result = owned(call_python<PyObject_CallMethod>(
          handler, "__torch_dispatch__", "OOOO", op_object(op), types.get(), args.get(), kwargs.get()));
      if (result.get() != Py_NotImplemented) return unpack_results(op, result.get());
    }
    check_type(false, op.name, ": no implementation found on ",
               reinterpret_cast<PyTypeObject*>(classes.front())->tp_name);
    return {};
  }
};

// ---------------------------------------------------------------- functions

PyObject* find_op_id(PyObject*, PyObject* args) {
  const char* name = nullptr;
  const char* overload = nullptr;
  if (!PyArg_ParseTuple(args, "ss", &name, &overload)) return nullptr;
  return guarded([&]() -> PyObject* {
    const OpDef* op = find_op(name, overload);
    if (!op) Py_RETURN_NONE;
    return Py_NewRef(op_object(*op));
  });
}

PyObject* overloads_of(PyObject*, PyObject* name) {
  const char* text = PyUnicode_AsUTF8(name);
  PyObject* list = text ? PyList_New(0) : nullptr;
  for (size_t i = 0; list && i < kOpCount; ++i)
    if (std::strcmp(op_table[i].name, text) == 0) {
      const Owned o(PyUnicode_FromString(*op_table[i].overload ? op_table[i].overload : "default"));
      PyList_Append(list, o.get());
    }
  return list;
}

// _call_op(id, *args, **kwargs): the boxed call.
PyObject* call_op(PyObject*, PyObject* all, PyObject* kwargs) {
  return guarded([&]() -> PyObject* {
    const Py_ssize_t n = PyTuple_GET_SIZE(all) - 1;
    check_type(n >= 0, "_call_op(id, *args, **kwargs)");
    const long id = PyLong_AsLong(PyTuple_GET_ITEM(all, 0));
    check(id >= 0 && id < static_cast<long>(kOpCount), "_call_op: no such operator");
    const OpDef& op = op_table[id];
    if (function_mode_active()) [[unlikely]] {
      const Owned positional = owned(PyTuple_GetSlice(all, 1, n + 1));
      const Owned named = kwargs ? Owned::share(kwargs) : owned(PyDict_New());
      return call_torch_function(op_object(op), {}, positional.get(), named.get());
    }
    const size_t total = op.params.size() + static_cast<size_t>(op.n_out);
    std::vector<PyObject*> given(total, nullptr);
    check_type(static_cast<size_t>(n) <= op.params.size(), op.name, ".", op.overload, "() takes at most ",
               op.params.size(), " positional arguments, got ", int64_t(n), ". Schema: ", op.schema);
    for (Py_ssize_t i = 0; i < n; ++i) given[i] = PyTuple_GET_ITEM(all, i + 1);
    PyObject *key = nullptr, *value = nullptr;
    Py_ssize_t at = 0;
    while (kwargs && PyDict_Next(kwargs, &at, &key, &value)) {
      const std::string_view name = to_string(key);
      size_t i = 0;
      while (i < op.params.size() && name != op.params[i].name) ++i;
      if (i == op.params.size() && op.n_out == 1 && name == "out") {
        given[i] = value;
        continue;
      }
      if (i == op.params.size() && op.n_out > 1 && name.size() == 4 && name.substr(0, 3) == "out") {
        given[i + static_cast<size_t>(name[3] - '0')] = value;
        continue;
      }
      if (i == op.params.size() && (name == "layout" || name == "pin_memory")) continue; // strided, False
      check_type(i < op.params.size(), op.name, ".", op.overload, "() got an unexpected keyword argument '",
                 name, "'. Schema: ", op.schema);
      check_type(!given[i], op.name, "() got multiple values for argument '", name, "'");
      given[i] = value;
    }
    Values values;
    for (size_t i = 0; i < op.params.size(); ++i) {
      if (given[i]) {
        values.push_back(from_python(op, op.params[i], given[i]));
        continue;
      }
      check_type(op.params[i].has_default, op.name, ".", op.overload, "() is missing value for argument '",
                 op.params[i].name, "'. Schema: ", op.schema);
      values.push_back(default_value(op.params[i]));
    }
    for (size_t i = op.params.size(); i < total; ++i) {
      check_type(given[i] && is_tensor(given[i]), op.name, ".", op.overload,
                 "() is missing its out tensor. Schema: ", op.schema);
      values.emplace_back(unwrap(given[i]));
    }
    Values results;
    try {
      op.boxed(values, results);
    } catch (...) {
      std::vector<CallArgument> shown;
      for (size_t i = 0; i < total; ++i)
        shown.push_back({i < op.params.size() ? op.params[i].name : "out", given[i]});
      return set_call_error(op.name, shown);
    }
    return results_to_python(op, results);
  });
}

PyObject* push_mode(PyObject*, PyObject* mode) {
  return guarded([&]() -> PyObject* {
    gate::push(std::make_shared<ModeInterpreter>(mode));
    Py_RETURN_NONE;
  });
}
PyObject* pop_mode(PyObject*, PyObject*) {
  return guarded([&]() -> PyObject* {
    const auto top = gate::pop();
    const auto* mode = dynamic_cast<ModeInterpreter*>(top.get());
    return Py_NewRef(mode ? mode->mode() : Py_None);
  });
}
PyObject* mode_stack(PyObject*, PyObject*) {
  return guarded([&]() -> PyObject* {
    PyObject* list = PyList_New(0);
    for (size_t i = 0; i < gate::depth(); ++i)
      if (const auto* mode = dynamic_cast<ModeInterpreter*>(gate::at(i).get()))
        PyList_Append(list, mode->mode());
    return list;
  });
}

PyObject* table(PyObject*, PyObject*) {
  PyObject* list = PyList_New(0);
  for (size_t i = 0; list && i < kOpCount; ++i) {
    const OpDef& op = op_table[i];
    const std::string full = *op.overload ? concat(op.name, ".", op.overload) : std::string(op.name);
    const Owned entry(Py_BuildValue(
        "{s:s,s:s,s:s,s:s,s:s,s:s,s:O,s:O,s:O,s:i}", "cast", op.cast, "name", full.c_str(), "base", op.name,
        "overload", op.overload, "schema", op.schema, "family", op.family, "differentiable",
        op.differentiable ? Py_True : Py_False, "composite", op.composite ? Py_True : Py_False, "inplace",
        op.inplace ? Py_True : Py_False, "n_out", op.n_out));
    if (!entry.get() || PyList_Append(list, entry.get()) < 0) Py_CLEAR(list);
  }
  return list;
}

PyMethodDef functions[] = {
    {"_find_op", find_op_id, METH_VARARGS, "The OpOverload of a name and overload name, or None."},
    {"_overloads_of", overloads_of, METH_O, "Overload names of an operator."},
    {"_call_op", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(call_op)),
     METH_VARARGS | METH_KEYWORDS, "Boxed call of an operator by its number."},
    {"_push_dispatch_mode", push_mode, METH_O, "Puts a TorchDispatchMode on this thread's stack."},
    {"_pop_dispatch_mode", pop_mode, METH_NOARGS, "Takes the top mode off."},
    {"_dispatch_mode_stack", mode_stack, METH_NOARGS, "Active modes, outermost first."},
    {"_op_table", table, METH_NOARGS, "All operators as dicts."},
    {nullptr, nullptr, 0, nullptr},
};

} // namespace

void init_dispatch(PyObject* module) {
  if (PyModule_AddFunctions(module, functions) < 0) throw PythonError{};
  gate::set_subclass_interpreter(std::make_shared<SubclassInterpreter>());
}

} // namespace torch::python

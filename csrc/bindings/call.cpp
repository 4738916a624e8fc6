#include "bindings/call_match.h"

#include "autograd/node.h"
#include "bindings/from_data.h"
#include "bindings/gil.h"
#include "bindings/numpy.h"
#include "core/backend.h"
#include "interpret/profiler.h"
#include "ops/ops.h"

#include <cstring>
#include <deque>

#include <structmember.h>

namespace torch::python {

PyObject* disabled_torch_function = nullptr;
thread_local bool torch_function_enabled = true;
int function_modes_pushed = 0;
int call_watchers = 0;

namespace {

thread_local bool function_modes_enabled = true;
// Outermost first, counted references; raw, because a thread may end without Python's lock.
thread_local std::vector<PyObject*> function_modes;

void count_mode(int change) {
  function_modes_pushed += change;
  call_watchers += change;
}

// What a recording calls a function: compositions are seen here only, other ops again at the gate.
std::string recorded_name(const FunctionSpec& spec) {
  const std::string_view where = spec.where;
  const char* const prefix = where == "torch._C._linalg"    ? "linalg_"
                             : where == "torch._C._fft"     ? "fft_"
                             : where == "torch._C._special" ? "special_"
                                                            : "";
  const std::string_view name = spec.name;
  return concat("aten::", name.starts_with(prefix) ? "" : prefix, spec.name);
}

PyObject* torch_function_name() {
  static PyObject* const name = PyUnicode_InternFromString("__torch_function__");
  return name;
}

// ---------------------------------------------------------------- matching

bool is_int(PyObject* o) {
  if (PyLong_CheckExact(o)) return true;
  if (PyBool_Check(o)) return false;
  if (PyLong_Check(o)) return true;
  if (is_tensor(o))
    return unwrap(o).numel() == 1 && is_integral(unwrap(o).dtype()) && !unwrap(o).requires_grad() &&
           unwrap(o).dim() == 0;
  return PyIndex_Check(o) && !PySequence_Check(o);
}

bool is_zero_dim_tensor(PyObject* o) {
  return is_tensor(o) && unwrap(o).dim() == 0 && !unwrap(o).requires_grad();
}

bool is_int_list(PyObject* o) {
  if (PyTuple_Check(o)) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(o); ++i)
      if (!is_int(PyTuple_GET_ITEM(o, i))) return false;
    return true;
  }
  if (PyList_Check(o)) {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(o); ++i)
      if (!is_int(PyList_GET_ITEM(o, i))) return false;
    return true;
  }
  return false;
}

struct Overrides {
  PyObject* items[kMaxParams * 2];
  int n = 0;
  void add(PyObject* o) {
    for (int i = 0; i < n; ++i)
      if (Py_TYPE(items[i]) == Py_TYPE(o)) return;
    if (n < kMaxParams * 2) items[n++] = o;
  }
};

bool accepts_tensor(PyObject* o, Overrides& overrides) {
  if (is_plain_tensor(o)) return true;
  if (is_tensor(o)) {
    if (torch_function_enabled && overrides_torch_function(o)) overrides.add(o);
    return true;
  }
  if (torch_function_enabled && overrides_torch_function(o)) {
    overrides.add(o);
    return true;
  }
  return false;
}

bool accepts_list(PyObject* o, bool none_too, Overrides& overrides) {
  const bool tuple = PyTuple_Check(o);
  if (!tuple && !PyList_Check(o)) return false;
  const Py_ssize_t n = tuple ? PyTuple_GET_SIZE(o) : PyList_GET_SIZE(o);
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* item = tuple ? PyTuple_GET_ITEM(o, i) : PyList_GET_ITEM(o, i);
    if (none_too && item == Py_None) continue;
    if (!accepts_tensor(item, overrides)) return false;
  }
  return true;
}

bool accepts(const Param& p, PyObject* o, Overrides& overrides) {
  switch (p.kind) {
  case ArgKind::Tensor:
    return accepts_tensor(o, overrides);
  case ArgKind::OptTensor:
    return o == Py_None || accepts_tensor(o, overrides);
  case ArgKind::TensorOrNumber:
    return accepts_tensor(o, overrides) || is_number(o);
  case ArgKind::TensorList:
    return accepts_list(o, false, overrides);
  case ArgKind::OptTensorList:
    return accepts_list(o, true, overrides);
  case ArgKind::OptTensorTuple:
    return o == Py_None || accepts_list(o, false, overrides);
  case ArgKind::OptNumber:
    if (o == Py_None) return true;
    [[fallthrough]];
  case ArgKind::Number:
    return is_number(o) || is_zero_dim_tensor(o);
  case ArgKind::OptInt:
    if (o == Py_None) return true;
    [[fallthrough]];
  case ArgKind::Int:
    return is_int(o);
  case ArgKind::OptFloat:
    if (o == Py_None) return true;
    [[fallthrough]];
  case ArgKind::Float:
    return PyFloat_Check(o) || (PyLong_Check(o)) || is_zero_dim_tensor(o) ||
           (is_number(o) && !PyComplex_Check(o));
  case ArgKind::OptBool:
    if (o == Py_None) return true;
    [[fallthrough]];
  case ArgKind::Bool:
    return PyBool_Check(o) || (is_numpy_scalar(o) && dtype_of_numpy(o) == DType::Bool);
  case ArgKind::OptIntList:
    if (o == Py_None) return true;
    [[fallthrough]];
  case ArgKind::IntList:
    return is_int_list(o) || (p.size > 0 && is_int(o));
  case ArgKind::BoolList:
    return PyTuple_Check(o) || PyList_Check(o);
  case ArgKind::OptDType:
    if (o == Py_None) return true;
    [[fallthrough]];
  case ArgKind::DType: {
    DType t;
    return parse_dtype(o, t);
  }
  case ArgKind::OptDevice:
    return o == Py_None || Py_IS_TYPE(o, &device_type) || PyUnicode_Check(o) || is_int(o);
  case ArgKind::OptLayout:
    return o == Py_None || Py_IS_TYPE(o, &layout_type);
  case ArgKind::OptMemoryFormat:
    if (o == Py_None) return true;
    [[fallthrough]];
  case ArgKind::MemoryFormat:
    return Py_IS_TYPE(o, &memory_format_type);
  case ArgKind::OptGenerator:
    return o == Py_None || unwrap_generator(o) != nullptr;
  case ArgKind::OptStr:
    if (o == Py_None) return true;
    [[fallthrough]];
  case ArgKind::Str:
    return PyUnicode_Check(o);
  }
  return false;
}

} // namespace

bool fits(const Param& p, PyObject* o) {
  Overrides ignored;
  return accepts(p, o, ignored);
}

// NumPy's names for common parameters.
bool same_name(PyObject* given, const char* name) {
  if (PyUnicode_CompareWithASCIIString(given, name) == 0) return true;
  const auto alias = [&](const char* canonical, const char* other) {
    return std::strcmp(name, canonical) == 0 && PyUnicode_CompareWithASCIIString(given, other) == 0;
  };
  return alias("dim", "axis") || alias("keepdim", "keepdims") || alias("input", "x") ||
         alias("other", "x2") || alias("input", "self");
}

bool packs(const Overload& o, int at, int first, Py_ssize_t nargs, PyObject* const* args) {
  const Param& p = o.params[at];
  if (p.kind != ArgKind::IntList && p.kind != ArgKind::OptIntList) return false;
  if (at != first) return false;
  // movedim(0, 1), roll(1, 0): the second number belongs to the next list.
  if (at + 1 < o.count &&
      (o.params[at + 1].kind == ArgKind::IntList || o.params[at + 1].kind == ArgKind::OptIntList) &&
      !o.params[at + 1].keyword_only)
    return false;
  if (p.size > 0 && nargs < 2) return false;
  for (Py_ssize_t i = 0; i < nargs; ++i)
    if (!is_int(args[i])) return false;
  return true;
}

namespace {

struct Match {
  PyObject* slots[kMaxParams];
  Owned packed; // tuple made of x.view(2, 3)
  Overrides overrides;
};

bool match(const Overload& o, PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames,
           Match& m) {
  const int first = self ? 1 : 0;
  std::memset(m.slots, 0, sizeof(PyObject*) * static_cast<size_t>(o.count));
  m.overrides.n = 0;
  if (self) {
    m.slots[0] = self;
    if (!is_plain_tensor(self) && !accepts_tensor(self, m.overrides)) return false;
  }
  Py_ssize_t used = 0;
  int at = first;
  const Py_ssize_t nkw = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  for (; used < nargs; ++at) {
    if (at >= o.count || o.params[at].keyword_only) return false;
    if (accepts(o.params[at], args[used], m.overrides)) {
      // A lone int for int[N] may be the first of several.
      if (used == 0 && nargs > 1 && is_int(args[0]) && packs(o, at, first, nargs, args)) {
        m.packed = Owned(PyTuple_New(nargs));
        for (Py_ssize_t i = 0; i < nargs; ++i) PyTuple_SET_ITEM(m.packed.get(), i, Py_NewRef(args[i]));
        m.slots[at] = m.packed.get();
        used = nargs;
        continue;
      }
      m.slots[at] = args[used++];
      continue;
    }
    if (used == 0 && packs(o, at, first, nargs, args)) {
      m.packed = Owned(PyTuple_New(nargs));
      for (Py_ssize_t i = 0; i < nargs; ++i) PyTuple_SET_ITEM(m.packed.get(), i, Py_NewRef(args[i]));
      m.slots[at] = m.packed.get();
      used = nargs;
      continue;
    }
    return false;
  }
  for (Py_ssize_t k = 0; k < nkw; ++k) {
    PyObject* name = PyTuple_GET_ITEM(kwnames, k);
    int i = first;
    for (; i < o.count; ++i)
      if (same_name(name, o.params[i].name)) break;
    if (i == o.count || m.slots[i]) return false;
    PyObject* value = args[nargs + k];
    if (!accepts(o.params[i], value, m.overrides)) {
      // None for a parameter with a default means the default.
      if (value == Py_None && o.params[i].has_default) continue;
      return false;
    }
    m.slots[i] = value;
  }
  for (int i = first; i < o.count; ++i)
    if (!m.slots[i] && !o.params[i].has_default) {
      return false;
    }
  return true;
}

// ---------------------------------------------------------------- overrides

PyObject* public_function(FunctionSpec& spec) {
  if (spec.public_function) return spec.public_function;
  Owned torch(PyImport_ImportModule("torch"));
  if (!torch.get()) return nullptr;
  Owned owner;
  const std::string_view where = spec.where;
  if (where == "torch")
    owner = std::move(torch);
  else if (where == "torch.Tensor")
    owner = Owned(PyObject_GetAttrString(torch.get(), "Tensor"));
  else {
    Owned c(PyObject_GetAttrString(torch.get(), "_C"));
    if (!c.get()) return nullptr;
    owner = Owned(PyObject_GetAttrString(c.get(), spec.where + sizeof("torch._C.") - 1));
  }
  if (!owner.get()) return nullptr;
  spec.public_function = PyObject_GetAttrString(owner.get(), spec.name);
  return spec.public_function;
}

PyObject* call_override(FunctionSpec& spec, PyObject* self, PyObject* const* args, Py_ssize_t nargs,
                        PyObject* kwnames, Overrides& overrides) {
  PyObject* function = public_function(spec);
  if (!function) return nullptr;
  const Py_ssize_t extra = self ? 1 : 0;
  Owned tuple(PyTuple_New(nargs + extra));
  if (!tuple.get()) return nullptr;
  if (self) PyTuple_SET_ITEM(tuple.get(), 0, Py_NewRef(self));
  for (Py_ssize_t i = 0; i < nargs; ++i) PyTuple_SET_ITEM(tuple.get(), i + extra, Py_NewRef(args[i]));
  Owned kwargs(PyDict_New());
  if (!kwargs.get()) return nullptr;
  for (Py_ssize_t k = 0; kwnames && k < PyTuple_GET_SIZE(kwnames); ++k)
    if (PyDict_SetItem(kwargs.get(), PyTuple_GET_ITEM(kwnames, k), args[nargs + k]) < 0) return nullptr;
  return call_torch_function(function, {overrides.items, static_cast<size_t>(overrides.n)}, tuple.get(),
                             kwargs.get());
}

} // namespace

bool overrides_torch_function(PyObject* o) {
  PyTypeObject* type = Py_TYPE(o);
  // Builtin types have none: spare the look-up.
  if (type == &PyFloat_Type || type == &PyLong_Type || type == &PyBool_Type || type == &PyUnicode_Type ||
      type == &PyTuple_Type || type == &PyList_Type || o == Py_None || type == tensor_type ||
      type == parameter_type)
    return false;
  PyObject* found = _PyType_Lookup(type, torch_function_name());
  return found && found != disabled_torch_function;
}

bool function_mode_on_thread() { return function_modes_enabled && !function_modes.empty(); }

namespace {

// The answer of the innermost mode, which is off while it runs: what it calls goes to the next one.
PyObject* ask_mode(PyObject* function, PyObject* types, PyObject* args, PyObject* kwargs) {
  struct Innermost {
    PyObject* const mode = function_modes.back();
    Innermost() {
      function_modes.pop_back();
      count_mode(-1);
    }
    ~Innermost() {
      function_modes.push_back(mode);
      count_mode(1);
    }
  } const innermost;
  const Owned handler(PyObject_GetAttr(innermost.mode, torch_function_name()));
  if (!handler) return nullptr;
  return call_python<PyObject_CallFunctionObjArgs>(handler.get(), function, types, args, kwargs, nullptr);
}

} // namespace

PyObject* call_torch_function(PyObject* function, std::span<PyObject* const> overloaded, PyObject* args,
                              PyObject* kwargs) {
  // Subclasses come before their bases, otherwise from left to right.
  std::vector<PyObject*> order;
  for (PyObject* o : overloaded) {
    auto at = order.begin();
    while (at != order.end() && !(Py_TYPE(o) != Py_TYPE(*at) && PyType_IsSubtype(Py_TYPE(o), Py_TYPE(*at))))
      ++at;
    order.insert(at, o);
  }
  Owned types(PyTuple_New(static_cast<Py_ssize_t>(order.size())));
  if (!types.get()) return nullptr;
  for (size_t i = 0; i < order.size(); ++i)
    PyTuple_SET_ITEM(types.get(), i, Py_NewRef(reinterpret_cast<PyObject*>(Py_TYPE(order[i]))));
  if (function_mode_active()) {
    PyObject* const result = ask_mode(function, types.get(), args, kwargs);
    if (result != Py_NotImplemented) return result;
    Py_DECREF(result);
  }
  for (PyObject* o : order) {
    Owned handler(PyObject_GetAttr(o, torch_function_name()));
    if (!handler.get()) return nullptr;
    PyObject* result = call_python<PyObject_CallFunctionObjArgs>(handler.get(), function, types.get(), args,
                                                                 kwargs, nullptr);
    if (result != Py_NotImplemented) return result;
    Py_DECREF(result);
  }
  PyErr_Format(PyExc_TypeError,
               "no implementation found for '%R' on types that implement __torch_function__: %R", function,
               types.get());
  return nullptr;
}

PyObject* call_overloads(FunctionSpec& spec, PyObject* self, PyObject* const* args, Py_ssize_t nargs,
                         PyObject* kwnames) {
  Match m;
  const Overload* matched = nullptr;
  try {
    for (int i = 0; i < spec.n_overloads; ++i) {
      const Overload& o = spec.overloads[i];
      if (!match(o, self, args, nargs, kwnames, m)) continue;
      if (m.overrides.n || call_watchers) [[unlikely]] {
        if (m.overrides.n || function_mode_active())
          return call_override(spec, self, args, nargs, kwnames, m.overrides);
        const profiler::Block block(profiler::recording() ? recorded_name(spec) : std::string());
        matched = &o;
        return o.call(m.slots);
      }
      matched = &o;
      return o.call(m.slots);
    }
    // A foreign class may take arguments that no signature of ours does.
    if (torch_function_enabled) {
      Overrides overrides;
      if (self && overrides_torch_function(self)) overrides.add(self);
      const Py_ssize_t n = nargs + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0);
      for (Py_ssize_t i = 0; i < n && i < kMaxParams; ++i)
        if (overrides_torch_function(args[i])) overrides.add(args[i]);
      if (overrides.n) return call_override(spec, self, args, nargs, kwnames, overrides);
    }
  } catch (...) {
    CallArgument given[kMaxParams];
    const int n = matched ? matched->count : 0;
    for (int i = 0; i < n; ++i) given[i] = {matched->params[i].name, m.slots[i]};
    return set_call_error(spec.name, {given, static_cast<size_t>(n)});
  }
  return fail_match(spec, self, args, nargs, kwnames);
}

// ---------------------------------------------------------------- conversions

bool is_number(PyObject* o) {
  return PyFloat_Check(o) || PyLong_Check(o) || PyComplex_Check(o) ||
         (!is_tensor(o) && is_numpy_scalar(o) && dtype_of_numpy(o));
}

Tensor TensorArg::from_number(PyObject* o) {
  // NumPy scalars keep their own dtype category but are weak as Python numbers are.
  return wrapped_number(to_scalar(o));
}

const Tensor& OptTensorArg::undefined() {
  static const Tensor none;
  return none;
}

TensorListArg::TensorListArg(PyObject* o) {
  if (!o || o == Py_None) return;
  const bool tuple = PyTuple_Check(o);
  const Py_ssize_t n = tuple ? PyTuple_GET_SIZE(o) : PyList_GET_SIZE(o);
  list_.reserve(n);
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* item = tuple ? PyTuple_GET_ITEM(o, i) : PyList_GET_ITEM(o, i);
    if (item == Py_None)
      list_.emplace_back();
    else
      list_.push_back(unwrap(item));
  }
}

IntListArg::IntListArg(PyObject* o, int size) {
  if (!o) return;
  if (PyTuple_Check(o) || PyList_Check(o)) {
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
    values_.resize_uninitialized(n);
    for (Py_ssize_t i = 0; i < n; ++i) values_[i] = to_int(PySequence_Fast_GET_ITEM(o, i));
    // A list of one stands for N as well.
    if (n == 1 && size > 1) values_ = DimVec(size_t(size), values_[0]);
    return;
  }
  values_ = DimVec(size_t(std::max(size, 1)), to_int(o));
}

Scalar to_scalar(PyObject* o) {
  if (PyFloat_Check(o)) return PyFloat_AS_DOUBLE(o);
  if (PyBool_Check(o)) return o == Py_True;
  if (PyLong_Check(o)) {
    int overflow = 0;
    const long long v = PyLong_AsLongLongAndOverflow(o, &overflow);
    if (!overflow) return static_cast<int64_t>(v);
    const unsigned long long large = overflow > 0 ? PyLong_AsUnsignedLongLong(o) : 0;
    const bool fits = overflow > 0 && !PyErr_Occurred();
    if (!fits) PyErr_Clear();
    check_kind(ErrorKind::Overflow, fits,
               "Overflow when unpacking long: the number does not fit into 64 bits");
    return static_cast<uint64_t>(large);
  }
  if (PyComplex_Check(o)) return complex128(PyComplex_RealAsDouble(o), PyComplex_ImagAsDouble(o));
  if (is_tensor(o)) return scalar_of(unwrap(o));
  if (is_numpy_scalar(o)) return scalar_of(from_numpy_scalar(o));
  fail(ErrorKind::Type, concat("expected a number, got ", Py_TYPE(o)->tp_name));
}
std::optional<Scalar> to_optional_scalar(PyObject* o) {
  return o && o != Py_None ? std::optional<Scalar>(to_scalar(o)) : std::nullopt;
}

int64_t to_int(PyObject* o) {
  if (PyLong_Check(o)) {
    int overflow = 0;
    const long long v = PyLong_AsLongLongAndOverflow(o, &overflow);
    check_kind(ErrorKind::Overflow, !overflow,
               "Overflow when unpacking long: the number does not fit into int64");
    return v;
  }
  if (is_tensor(o)) return scalar_of(unwrap(o)).to<int64_t>();
  const Owned index(PyNumber_Index(o));
  if (!index.get()) throw PythonError{};
  return to_int(index.get());
}
std::optional<int64_t> to_optional_int(PyObject* o) {
  return o && o != Py_None ? std::optional<int64_t>(to_int(o)) : std::nullopt;
}
double to_double(PyObject* o) {
  if (PyFloat_Check(o)) return PyFloat_AS_DOUBLE(o);
  if (is_tensor(o)) return scalar_of(unwrap(o)).to<double>();
  const double v = PyFloat_AsDouble(o);
  if (v == -1.0 && PyErr_Occurred()) throw PythonError{};
  return v;
}
std::optional<double> to_optional_double(PyObject* o) {
  return o && o != Py_None ? std::optional<double>(to_double(o)) : std::nullopt;
}
bool to_bool(PyObject* o) {
  const int v = PyObject_IsTrue(o);
  if (v < 0) throw PythonError{};
  return v != 0;
}
std::optional<bool> to_optional_bool(PyObject* o) {
  return o && o != Py_None ? std::optional<bool>(to_bool(o)) : std::nullopt;
}
std::array<bool, 3> to_mask(PyObject* o) {
  check_type(PySequence_Fast_GET_SIZE(o) == 3, "expected a list of 3 bools");
  return {to_bool(PySequence_Fast_GET_ITEM(o, 0)), to_bool(PySequence_Fast_GET_ITEM(o, 1)),
          to_bool(PySequence_Fast_GET_ITEM(o, 2))};
}
DType to_dtype(PyObject* o) {
  DType t{};
  check_type(parse_dtype(o, t), "expected a torch.dtype, got ", Py_TYPE(o)->tp_name);
  return t;
}
std::optional<DType> to_optional_dtype(PyObject* o) {
  return o && o != Py_None ? std::optional<DType>(to_dtype(o)) : std::nullopt;
}
std::optional<Device> to_optional_device(PyObject* o) {
  if (!o || o == Py_None) return std::nullopt;
  Device d;
  check_type(parse_device(o, d), "expected a torch.device, got ", Py_TYPE(o)->tp_name);
  return d;
}
std::optional<Device> device_of_new(PyObject* o) {
  return o && o != Py_None ? to_optional_device(o) : default_device;
}
MemoryFormat to_memory_format(PyObject* o) {
  MemoryFormat f{};
  check_type(parse_memory_format(o, f), "expected a torch.memory_format, got ", Py_TYPE(o)->tp_name);
  return f;
}
std::optional<MemoryFormat> to_optional_memory_format(PyObject* o) {
  return o && o != Py_None ? std::optional<MemoryFormat>(to_memory_format(o)) : std::nullopt;
}
Generator* to_generator(PyObject* o) { return o && o != Py_None ? unwrap_generator(o) : nullptr; }
std::string_view to_string(PyObject* o) {
  Py_ssize_t n = 0;
  const char* text = PyUnicode_AsUTF8AndSize(o, &n);
  if (!text) throw PythonError{};
  return {text, static_cast<size_t>(n)};
}
std::optional<std::string_view> to_optional_string(PyObject* o) {
  return o && o != Py_None ? std::optional<std::string_view>(to_string(o)) : std::nullopt;
}
void check_layout(PyObject* o, PyObject* like) {
  const Layout own = like && is_tensor(like) ? layout_of(unwrap(like)) : Layout::Strided;
  Layout l = own;
  if (o && parse_layout(o, l) && l != own)
    not_implemented("layout=", l, ": not implemented; make a dense tensor and convert it");
}
void check_pin_memory(PyObject* o) {
  if (!o || o == Py_None || !to_bool(o)) return;
  Backend* const found = find_cuda();
  check(found && found->device_count() > 0,
        "Cannot access accelerator device when none is available (pin_memory=True needs CUDA)");
}
Tensor pinned_where(PyObject* asked, Tensor t) {
  return asked && asked != Py_None && to_bool(asked) ? ops::_pin_memory(t, std::nullopt) : t;
}

// ---------------------------------------------------------------- results

PyObject* wrap(const std::vector<Tensor>& ts) {
  PyObject* tuple = PyTuple_New(static_cast<Py_ssize_t>(ts.size()));
  if (!tuple) return nullptr;
  for (size_t i = 0; i < ts.size(); ++i) PyTuple_SET_ITEM(tuple, i, wrap(ts[i]));
  return tuple;
}

namespace {

// One field on a line, as wide values read best.
PyObject* named_tuple_repr(PyObject* self, PyObject*) {
  Owned text(PyUnicode_FromFormat("%s(", Py_TYPE(self)->tp_name));
  for (Py_ssize_t i = 0; text && i < PyTuple_GET_SIZE(self); ++i)
    text = Owned(PyUnicode_FromFormat("%U%s\n%s=%R", text.get(), i ? "," : "",
                                      Py_TYPE(self)->tp_members[i].name, PyTuple_GET_ITEM(self, i)));
  return text ? PyUnicode_FromFormat("%U)", text.get()) : nullptr;
}

} // namespace

PyTypeObject* make_named_tuple(const char* op, std::initializer_list<const char*> fields) {
  // The type keeps pointers to its name and fields: both stay for the life of the process.
  static std::deque<std::string> names;
  static std::deque<std::vector<PyStructSequence_Field>> lists;
  names.push_back(std::string("torch.return_types.") + op);
  auto& list = lists.emplace_back();
  for (const char* f : fields) list.push_back({f, ""});
  list.push_back({nullptr, nullptr});
  PyStructSequence_Desc description{names.back().c_str(), "", list.data(), static_cast<int>(fields.size())};
  PyTypeObject* type = PyStructSequence_NewType(&description);
  if (!type) throw PythonError{};
  static PyMethodDef repr = {"__repr__", named_tuple_repr, METH_NOARGS, nullptr};
  const Owned method = owned(PyDescr_NewMethod(type, &repr));
  check_status(PyObject_SetAttrString(reinterpret_cast<PyObject*>(type), "__repr__", method.get()));
  return type;
}

PyObject* factory_result(Tensor t, PyObject* requires_grad) {
  if (requires_grad && to_bool(requires_grad)) autograd::set_requires_grad(t, true);
  return wrap(std::move(t));
}

OutTuple::OutTuple(PyObject* o, size_t n) : tuple_(PySequence_Tuple(o)) {
  if (!tuple_.get()) throw PythonError{};
  check_type(PyTuple_GET_SIZE(tuple_.get()) == static_cast<Py_ssize_t>(n), "expected out= to be a tuple of ",
             n, " tensors, got ", int64_t(PyTuple_GET_SIZE(tuple_.get())));
}

namespace {

PyObject* disabled_impl(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  // (func, types, args, kwargs): run without overrides
  if (nargs < 2) {
    PyErr_SetString(PyExc_TypeError, "_disabled_torch_function_impl(func, types, args=(), kwargs={})");
    return nullptr;
  }
  const bool previous = torch_function_enabled;
  torch_function_enabled = false;
  Owned empty(PyTuple_New(0));
  PyObject* result =
      call_python<PyObject_Call>(args[0], nargs > 2 ? args[2] : empty.get(), nargs > 3 ? args[3] : nullptr);
  torch_function_enabled = previous;
  return result;
}
PyObject* set_enabled(PyObject*, PyObject* value) {
  const bool previous = torch_function_enabled;
  torch_function_enabled = value == Py_True;
  return PyBool_FromLong(previous);
}
PyObject* is_enabled(PyObject*, PyObject*) { return PyBool_FromLong(torch_function_enabled); }
PyObject* set_modes_enabled(PyObject*, PyObject* value) {
  const bool previous = function_modes_enabled;
  function_modes_enabled = value == Py_True;
  return PyBool_FromLong(previous);
}
PyObject* mode_active(PyObject*, PyObject*) { return PyBool_FromLong(function_mode_active()); }
PyObject* push_mode(PyObject*, PyObject* mode) {
  function_modes.push_back(Py_NewRef(mode));
  count_mode(1);
  Py_RETURN_NONE;
}
PyObject* pop_mode(PyObject*, PyObject*) {
  if (function_modes.empty()) {
    PyErr_SetString(PyExc_RuntimeError, "no TorchFunctionMode is active");
    return nullptr;
  }
  PyObject* const mode = function_modes.back();
  function_modes.pop_back();
  count_mode(-1);
  return mode;
}
PyObject* mode_count(PyObject*, PyObject*) { return PyLong_FromSize_t(function_modes.size()); }
PyObject* mode_at(PyObject*, PyObject* index) {
  const size_t i = PyLong_AsSize_t(index);
  if (i == static_cast<size_t>(-1) && PyErr_Occurred()) return nullptr;
  if (i >= function_modes.size()) {
    PyErr_SetString(PyExc_IndexError, "no TorchFunctionMode at this place of the stack");
    return nullptr;
  }
  return Py_NewRef(function_modes[i]);
}
PyObject* has_override(PyObject*, PyObject* o) {
  return PyBool_FromLong(torch_function_enabled && overrides_torch_function(o));
}

PyMethodDef functions[] = {
    {"_disabled_torch_function_impl",
     reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(disabled_impl)), METH_FASTCALL,
     "The __torch_function__ of classes that do not override anything."},
    {"_set_torch_function_enabled", set_enabled, METH_O,
     "Switches __torch_function__ on or off for this thread; returns what it was."},
    {"_is_torch_function_enabled", is_enabled, METH_NOARGS,
     "Whether __torch_function__ is on for this thread."},
    {"_set_torch_function_modes_enabled", set_modes_enabled, METH_O,
     "Switches TorchFunctionModes on or off for this thread; returns what it was."},
    {"_is_torch_function_mode_enabled", mode_active, METH_NOARGS,
     "Whether a TorchFunctionMode sees the calls of this thread."},
    {"_push_on_torch_function_stack", push_mode, METH_O, "Puts a TorchFunctionMode on this thread's stack."},
    {"_pop_torch_function_stack", pop_mode, METH_NOARGS, "Takes the innermost TorchFunctionMode off."},
    {"_len_torch_function_stack", mode_count, METH_NOARGS, "TorchFunctionModes on this thread's stack."},
    {"_get_function_stack_at", mode_at, METH_O, "The TorchFunctionMode at a place, 0 being the outermost."},
    {"_has_torch_function", has_override, METH_O, "Whether an object's class overrides __torch_function__."},
    {nullptr, nullptr, 0, nullptr},
};

} // namespace

void init_call(PyObject* module) {
  if (PyModule_AddFunctions(module, functions) < 0) throw PythonError{};
  disabled_torch_function = PyObject_GetAttrString(module, "_disabled_torch_function_impl");
}

} // namespace torch::python

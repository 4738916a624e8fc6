// Calling ops from Python: static tables of accepted signatures, one shared matcher, typed conversion of
// matched arguments.
#pragma once

#include "bindings/owned.h"
#include "bindings/tensor_object.h"
#include "bindings/types.h"
#include "ops/registry.h"
#include "ops/types.h"

namespace torch::python {

struct Param {
  const char* name;
  ArgKind kind;
  int size; // int[N]: a single int stands for N of them
  bool has_default;
  bool keyword_only;
  const char* default_text;
};

struct Overload {
  const Param* params;
  int count;
  PyObject* (*call)(
      PyObject* const* a); // one (borrowed) object per parameter, nullptr where the default applies
};

struct FunctionSpec {
  const char* name;
  const char* where; // "torch", "torch.Tensor" ...
  const Overload* overloads;
  int n_overloads;
  bool method;
  PyObject* public_function; // what __torch_function__ is told; looked up when first needed
};

constexpr int kMaxParams = 24;

// The whole of a Python call: match, __torch_function__, convert, run, wrap. self is null for functions.
PyObject* call_overloads(FunctionSpec& spec, PyObject* self, PyObject* const* args, Py_ssize_t nargs,
                         PyObject* kwnames);

// ---- __torch_function__ ----
extern PyObject* disabled_torch_function;        // Tensor._disabled: marks classes without an override
extern thread_local bool torch_function_enabled; // for classes
// Whether o is of a class that overrides __torch_function__.
bool overrides_torch_function(PyObject* o);
// TorchFunctionModes stand above the overrides of classes and see every call. Modes pushed on any thread are
// counted, so that without any of them a call tests one number.
extern int function_modes_pushed;
extern int call_watchers; // those modes, and recordings of the profiler
bool function_mode_on_thread();
inline bool function_mode_active() { return function_modes_pushed != 0 && function_mode_on_thread(); }
// Calls the innermost mode, then the overrides of the given objects in order, for a public function. Null
// with an error set if all decline.
PyObject* call_torch_function(PyObject* public_function, std::span<PyObject* const> overloaded,
                              PyObject* args, PyObject* kwargs);

// ---- conversion of matched arguments ----
struct NumberAllowed {};
constexpr NumberAllowed number_allowed{};

bool is_number(PyObject* o); // Python or NumPy number

class TensorArg {
public:
  explicit TensorArg(PyObject* o) : t_(&unwrap(o)) {}
  TensorArg(PyObject* o, NumberAllowed) {
    if (is_plain_tensor(o) || is_tensor(o)) {
      t_ = &unwrap(o);
    } else {
      made_ = from_number(o);
      t_ = &made_;
    }
  }
  operator const Tensor&() const { return *t_; }

private:
  static Tensor from_number(PyObject* o);
  const Tensor* t_;
  Tensor made_;
};
class OptTensorArg {
public:
  explicit OptTensorArg(PyObject* o) : t_(!o || o == Py_None ? nullptr : &unwrap(o)) {}
  operator const Tensor&() const { return t_ ? *t_ : undefined(); }

private:
  static const Tensor& undefined();
  const Tensor* t_;
};
class TensorListArg {
public:
  explicit TensorListArg(PyObject* o);
  operator TensorList() const { return list_; }

private:
  std::vector<Tensor> list_;
};
using OptTensorListArg = TensorListArg; // None becomes an undefined tensor

class IntListArg {
public:
  IntListArg(PyObject* o, int size);
  IntListArg(PyObject* o, int size, Ints otherwise) : IntListArg(o, size) {
    if (!o) values_ = otherwise;
  }
  operator Ints() const { return values_.span(); }

private:
  DimVec values_;
};
class OptIntListArg {
public:
  OptIntListArg(PyObject* o, int size)
      : values_(o == Py_None ? nullptr : o, size), given_(o && o != Py_None) {}
  operator OptInts() const { return given_ ? OptInts(Ints(values_)) : OptInts(); }

private:
  IntListArg values_;
  bool given_;
};

Scalar to_scalar(PyObject* o);
std::optional<Scalar> to_optional_scalar(PyObject* o);
int64_t to_int(PyObject* o);
std::optional<int64_t> to_optional_int(PyObject* o);
double to_double(PyObject* o);
std::optional<double> to_optional_double(PyObject* o);
bool to_bool(PyObject* o);
std::optional<bool> to_optional_bool(PyObject* o);
std::array<bool, 3> to_mask(PyObject* o);
DType to_dtype(PyObject* o);
std::optional<DType> to_optional_dtype(PyObject* o);
std::optional<Device> to_optional_device(PyObject* o);
std::optional<Device> device_of_new(PyObject* o); // where none is given, the default one
MemoryFormat to_memory_format(PyObject* o);
std::optional<MemoryFormat> to_optional_memory_format(PyObject* o);
Generator* to_generator(PyObject* o);
std::string_view to_string(PyObject* o);
std::optional<std::string_view> to_optional_string(PyObject* o);
void check_layout(PyObject* o, PyObject* like = nullptr); // only that of `like`, or torch.strided
void check_pin_memory(PyObject* o);
Tensor pinned_where(PyObject* asked, Tensor t); // in pinned memory if that was asked for

// ---- results ----
inline PyObject* wrap(bool v) { return PyBool_FromLong(v); }
inline PyObject* wrap(int64_t v) { return PyLong_FromLongLong(v); }
inline PyObject* wrap(double v) { return PyFloat_FromDouble(v); }
PyObject* wrap(const std::vector<Tensor>& ts); // tuple
template <class... Ts> PyObject* wrap(const std::tuple<Ts...>& ts) {
  PyObject* tuple = PyTuple_New(sizeof...(Ts));
  if (!tuple) return nullptr;
  Py_ssize_t i = 0;
  std::apply([&](const auto&... t) { (PyTuple_SET_ITEM(tuple, i++, wrap(t)), ...); }, ts);
  return tuple;
}
PyTypeObject* make_named_tuple(const char* op, std::initializer_list<const char*> fields);
template <class... Ts> PyObject* wrap_named(PyTypeObject* type, const std::tuple<Ts...>& ts) {
  PyObject* tuple = PyStructSequence_New(type);
  if (!tuple) return nullptr;
  Py_ssize_t i = 0;
  std::apply([&](const auto&... t) { (PyStructSequence_SetItem(tuple, i++, wrap(t)), ...); }, ts);
  return tuple;
}
PyObject* factory_result(Tensor t, PyObject* requires_grad);

// out=(values, indices)
class OutTuple {
public:
  OutTuple(PyObject* o, size_t n);
  const Tensor& operator[](size_t i) const { return unwrap(PyTuple_GET_ITEM(tuple_.get(), i)); }
  PyObject* result() const { return Py_NewRef(tuple_.get()); }

private:
  Owned tuple_;
};

// Generated: all ops as PyMethodDef tables, ended by nullptr.
extern PyMethodDef* const method_tables[];
extern PyMethodDef* const torch_tables[];
extern PyMethodDef* const nn_tables[];
extern PyMethodDef* const linalg_tables[];
extern PyMethodDef* const special_tables[];
extern PyMethodDef* const fft_tables[];

void init_call(PyObject* module);

} // namespace torch::python

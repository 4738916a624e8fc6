// An index is read once into a list of items; those that only change the geometry (integers, slices, None,
// Ellipsis) give a view, and what is left (index tensors and masks) goes to the ops index and index_put_.
#include "bindings/indexing.h"

#include "autograd/node.h"
#include "bindings/from_data.h"
#include "bindings/keyword_args.h"
#include "bindings/numpy.h"
#include "bindings/override.h"
#include "core/inline_vec.h"
#include "ops/entry.h"
#include "ops/gate.h"
#include "ops/ops.h"

namespace torch::python {

namespace {

struct Item {
  enum Kind : uint8_t { Integer, Slice, Ellipsis, NewAxis, Boolean, Indices };
  Kind kind = NewAxis;
  int64_t start = 0, stop = 0, step = 1; // Integer and Boolean: the value is in start
  Tensor tensor;                         // Indices
};
using Items = InlineVec<Item, 4>;

constexpr const char* kZeroDim =
    "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to "
    "convert a 0-dim tensor to a number";

// ---- reading the index ----

int64_t to_int64(PyObject* integer) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(integer, &overflow);
  if (overflow) raise_python(PyExc_ValueError, "Overflow when unpacking long long");
  if (value == -1 && PyErr_Occurred()) throw PythonError{};
  return value;
}

Item integer(int64_t value) { return {Item::Integer, value, 0, 1, {}}; }

Item read_slice(PyObject* slice) {
  Py_ssize_t start, stop, step;
  if (PySlice_Unpack(slice, &start, &stop, &step) < 0) throw PythonError{};
  check_value(step > 0, "step must be greater than zero");
  return {Item::Slice, start, stop, step, {}};
}

Item read_tensor(const Tensor& t) {
  const DType type = t.dtype();
  check_index(type == DType::Int64 || type == DType::Int32 || type == DType::UInt8 || type == DType::Bool,
              "tensors used as indices must be long, int, byte or bool tensors");
  if (t.dim() > 0 || t.is_meta()) return {Item::Indices, 0, 0, 1, t};
  const int64_t value = scalar_of(t).to<int64_t>();
  if (type == DType::Bool || type == DType::UInt8) return {Item::Boolean, value != 0, 0, 1, {}};
  return integer(value);
}

Item read_item(PyObject* o) {
  if (PyLong_CheckExact(o)) return integer(to_int64(o));
  if (PySlice_Check(o)) return read_slice(o);
  if (o == Py_None) return {Item::NewAxis, 0, 0, 1, {}};
  if (o == Py_Ellipsis) return {Item::Ellipsis, 0, 0, 1, {}};
  if (PyBool_Check(o)) return {Item::Boolean, o == Py_True, 0, 1, {}};
  if (is_tensor(o)) return read_tensor(unwrap(o));
  if (is_numpy_array(o)) return read_tensor(index_from_data(o));
  if (PyLong_Check(o)) return integer(to_int64(o)); // IntEnum and the like
  if (PySequence_Check(o) && !PyDict_Check(o)) return read_tensor(index_from_data(o));
  if (PyIndex_Check(o)) { // NumPy integers
    const Owned value(PyNumber_Index(o));
    if (value) return integer(to_int64(value.get()));
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw PythonError{};
    PyErr_Clear();
  }
  raise_python(PyExc_IndexError,
               "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
               "indices (got %s)",
               Py_TYPE(o)->tp_name);
}

// A short list that holds anything but numbers is read like a tuple, as PyTorch does to this day with a
// warning.
bool list_means_tuple(PyObject* index) {
  if (!PyList_Check(index) || PyList_GET_SIZE(index) >= 32) return false;
  bool found = false;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(index) && !found; ++i) {
    PyObject* const o = PyList_GET_ITEM(index, i);
    if (PyLong_Check(o) || PyFloat_Check(o)) continue;
    found = o == Py_None || o == Py_Ellipsis || PySlice_Check(o) || is_tensor(o) || PySequence_Check(o);
  }
  if (found &&
      PyErr_WarnEx(
          PyExc_UserWarning,
          "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed; use "
          "x[tuple(seq)] instead of x[seq]. It will then be interpreted as tensor index, "
          "x[torch.tensor(seq)], "
          "which will result either in an error or a different result",
          1) < 0)
    throw PythonError{};
  return found;
}

void read_index(PyObject* index, Items& items) {
  const bool tuple = PyTuple_Check(index);
  if (!tuple && !list_means_tuple(index)) {
    items.push_back(read_item(index));
    return;
  }
  const Owned parts = tuple ? Owned::share(index) : owned(PyList_AsTuple(index));
  const Py_ssize_t n = PyTuple_GET_SIZE(parts.get());
  check_index(n <= 256, "too many indices: ", int64_t(n));
  for (Py_ssize_t i = 0; i < n; ++i) items.push_back(read_item(PyTuple_GET_ITEM(parts.get(), i)));
}

bool is_mask(const Tensor& t) { return t.dtype() == DType::Bool || t.dtype() == DType::UInt8; }

// How many dimensions of the tensor an item speaks for.
int64_t dims_taken(const Item& item) {
  switch (item.kind) {
  case Item::Integer:
  case Item::Slice:
    return 1;
  case Item::Indices:
    return is_mask(item.tensor) ? item.tensor.dim() : 1;
  default:
    return 0;
  }
}

// ---- views ----

bool is_whole(const Item& slice, int64_t size) {
  return slice.start == 0 && slice.step == 1 && slice.stop >= size;
}

int64_t checked_position(int64_t index, int64_t size, int64_t dim) {
  if (index < -size || index >= size) [[unlikely]]
    fail(ErrorKind::Index,
         concat("index ", index, " is out of bounds for dimension ", dim, " with size ", size));
  return index < 0 ? index + size : index;
}

// A view under construction. Where nothing is recorded and nobody interposes, only the geometry is carried
// along and one alias is made at the end (x[0, 1:3] costs one tensor, not two); else each step is an op of
// its own.
class View {
public:
  View(const Tensor& base, bool by_ops) : base_(base), by_ops_(by_ops), offset_(base.offset()) {
    if (by_ops)
      current_ = base;
    else
      sizes_ = base.sizes(), strides_ = base.strides();
  }

  int64_t size(int64_t dim) const { return by_ops_ ? current_.sizes()[size_t(dim)] : sizes_[size_t(dim)]; }

  void select(int64_t dim, int64_t index) { // 0 <= index < size
    changed_ = true;
    if (by_ops_) {
      current_ = ops::select(current_, dim, index);
      return;
    }
    offset_ += index * strides_[size_t(dim)];
    sizes_.erase(size_t(dim));
    strides_.erase(size_t(dim));
  }

  // A slice of the whole dimension is left out unless it is all there is: x[:] has a SliceBackward of its
  // own.
  void slice(int64_t dim, const Item& item, bool alone) {
    const int64_t n = size(dim);
    if (is_whole(item, n) && !(alone && by_ops_)) return;
    changed_ = true;
    if (by_ops_) {
      current_ = ops::slice(current_, dim, item.start, item.stop, item.step);
      return;
    }
    const auto clamped = [n](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + n : i, 0, n); };
    const int64_t start = clamped(item.start), stop = std::max(start, clamped(item.stop));
    int64_t& stride = strides_[size_t(dim)];
    offset_ += start * stride;
    sizes_[size_t(dim)] = stop == start ? 0 : (stop - start - 1) / item.step + 1;
    if (__builtin_mul_overflow(stride, item.step, &stride))
      stride = 1; // such a step leaves one element at most
  }

  void unsqueeze(int64_t dim) {
    changed_ = true;
    if (by_ops_) {
      current_ = ops::unsqueeze(current_, dim);
      return;
    }
    const bool last = size_t(dim) == sizes_.size();
    const int64_t stride = last ? 1 : sizes_[size_t(dim)] * strides_[size_t(dim)];
    sizes_.insert(size_t(dim), 1);
    strides_.insert(size_t(dim), stride);
  }

  bool changed() const { return changed_; }
  int64_t numel_is_one() const { return !by_ops_ && sizes_.empty(); }
  int64_t offset() const { return offset_; }

  // The view as users get it: a differentiable view of the base, and a tensor of its own even if nothing
  // changed.
  Tensor result() const {
    if (by_ops_) return changed_ ? current_ : ops::alias(current_);
    Tensor view = alias(base_, sizes_, strides_, offset_);
    autograd::set_view(view, base_);
    return view;
  }
  // For the binding's own use as operand or destination.
  Tensor operand() const {
    if (!changed_) return base_;
    return by_ops_ ? current_ : alias(base_, sizes_, strides_, offset_);
  }

private:
  const Tensor& base_;
  const bool by_ops_;
  bool changed_ = false;
  Tensor current_;         // by_ops_
  DimVec sizes_, strides_; // otherwise
  int64_t offset_;
};

using IndexList = InlineVec<Tensor, 4>; // per dimension of the view; undefined: not indexed

// What an index means for a tensor.
struct Plan {
  View view;
  IndexList indices; // empty: the view is all
};

Tensor boolean_as_index(bool value, Device device) {
  Tensor t = empty_tensor(DimVec{value ? 1 : 0}, DType::Int64, Device{});
  if (value) *t.data<int64_t>() = 0;
  return device.type == DeviceType::CPU    ? t
         : device.type == DeviceType::Meta ? empty_tensor(t.sizes(), t.dtype(), device)
                                           : ops::_to_copy(t, {}, device);
}

// Index tensors on the CPU for a meta tensor: their shapes are all that matters.
void push_shapes(const Tensor& t, IndexList& indices) {
  const Device meta{DeviceType::Meta, -1};
  if (!is_mask(t)) {
    indices.push_back(empty_tensor(t.sizes(), DType::Int64, meta));
    return;
  }
  const Tensor positions = ops::nonzero(t);
  for (int64_t d = 0; d < t.dim(); ++d)
    indices.push_back(empty_tensor(DimVec{positions.sizes()[0]}, DType::Int64, meta));
}

void apply_items(const Tensor& self, const Items& items, Plan& plan) {
  int64_t taken = 0;
  for (size_t i = 0; i < items.size(); ++i) taken += dims_taken(items[i]);
  check_index(taken <= self.dim(), "too many indices for tensor of dimension ", self.dim());

  int64_t dim = 0;      // of the view
  int64_t self_dim = 0; // of self, for messages
  size_t holes = 0;     // dimensions passed since the last index tensor
  const auto pass = [&](int64_t n) { dim += n, holes += size_t(n); };
  const auto record = [&](const Tensor& t, int64_t n) {
    for (; holes > 0; --holes) plan.indices.push_back(Tensor());
    if (self.is_meta() && !t.is_meta())
      push_shapes(t, plan.indices);
    else if (t.is_cpu() && !self.is_cpu()) // a list of positions, or whatever was made on the CPU
      plan.indices.push_back(ops::_to_copy(t, {}, self.device()));
    else
      plan.indices.push_back(t);
    dim += n;
  };
  for (size_t i = 0; i < items.size(); ++i) {
    const Item& item = items[i];
    check_index(self_dim + dims_taken(item) <= self.dim() || item.kind == Item::Ellipsis,
                "an index can only have a single ellipsis ('...') besides other items");
    switch (item.kind) {
    case Item::Integer:
      plan.view.select(dim, checked_position(item.start, plan.view.size(dim), self_dim));
      ++self_dim;
      break;
    case Item::Slice:
      plan.view.slice(dim, item, items.size() == 1);
      pass(1);
      ++self_dim;
      break;
    case Item::Ellipsis: // a second one leads beyond the last dimension unless nothing follows
      pass(self.dim() - taken);
      self_dim += self.dim() - taken;
      break;
    case Item::NewAxis:
      plan.view.unsqueeze(dim);
      pass(1);
      break;
    case Item::Boolean:
      plan.view.unsqueeze(dim);
      record(boolean_as_index(item.start != 0, self.device()), 1);
      break;
    case Item::Indices:
      record(item.tensor, dims_taken(item));
      self_dim += dims_taken(item);
      break;
    }
  }
}

// With a wrong number for a 0-dim tensor the well-known sentences come first.
void check_single_index(const Tensor& self, const Items& items, bool tuple) {
  if (self.dim() > 0 || tuple) return;
  check_index(items[0].kind != Item::Integer, kZeroDim);
  check_index(items[0].kind != Item::Slice, "slice() cannot be applied to a 0-dim tensor.");
}

TensorList list_of(const IndexList& v) { return TensorList(v.data(), v.size()); }

// ---- values to assign ----

bool is_python_number(PyObject* o) {
  return PyFloat_Check(o) || PyLong_Check(o) || PyComplex_Check(o) ||
         (PyIndex_Check(o) && is_numpy_scalar(o));
}

Scalar number_of(PyObject* o, const Tensor& self) {
  if (PyFloat_Check(o)) return PyFloat_AS_DOUBLE(o);
  if (PyBool_Check(o)) return o == Py_True;
  if (PyLong_Check(o)) return self.dtype() == DType::UInt64 ? to_scalar(o) : to_int64(o);
  if (PyComplex_Check(o)) return complex128(PyComplex_RealAsDouble(o), PyComplex_ImagAsDouble(o));
  const Owned integer = owned(PyNumber_Index(o));
  return to_int64(integer.get());
}

Tensor number_tensor(const Scalar& value, const Tensor& like) {
  Tensor t = empty_tensor(IntSpan{}, like.dtype());
  store_number(t, t.data(), value);
  if (like.is_cpu()) return t;
  return like.is_meta() ? empty_tensor(IntSpan{}, like.dtype(), like.device())
                        : ops::_to_copy(t, {}, like.device());
}

// More dimensions than the place has are allowed if the surplus ones have size 1.
Tensor without_leading_ones(const Tensor& value, int64_t dims) {
  int64_t surplus = 0;
  while (value.dim() - surplus > dims && value.sizes()[size_t(surplus)] == 1) ++surplus;
  return surplus ? ops::view(value, value.sizes().subspan(size_t(surplus))) : value;
}

void copy_value(const Tensor& place, const Tensor& given) {
  const Tensor value = without_leading_ones(given, place.dim());
  const int64_t surplus = place.dim() - value.dim();
  check(surplus >= 0, "expand(torch.", dtype_aten_name(value.dtype()), "Tensor{", value.sizes(),
        "}, size=", place.sizes(), "): the number of sizes provided (", place.dim(),
        ") must be greater or equal to the number of dimensions in the tensor (", value.dim(), ")");
  for (int64_t d = place.dim() - 1; d >= surplus; --d) {
    const int64_t n = value.sizes()[size_t(d - surplus)];
    check(n == 1 || n == place.sizes()[size_t(d)], "The expanded size of the tensor (",
          place.sizes()[size_t(d)], ") must match the existing size (", n, ") at non-singleton dimension ", d,
          ".  Target sizes: ", place.sizes(), ".  Tensor sizes: ", value.sizes(),
          ". What is assigned must broadcast to the place");
  }
  ops::copy_(place, value);
}

// place[mask] = number without the detour over positions; false if it is not that simple.
bool fill_masked(const Tensor& place, const Tensor& mask, const Tensor& value) {
  if (!mask.defined() || mask.dtype() != DType::Bool || mask.dim() > place.dim()) return false;
  DimVec sizes = mask.sizes();
  for (size_t d = 0; d < sizes.size(); ++d)
    if (sizes[d] != place.sizes()[d]) return false; // index_put_ says what is wrong
  sizes.resize(size_t(place.dim()), 1);
  ops::masked_fill_(place, mask.dim() == place.dim() ? mask : ops::view(mask, sizes), value);
  return true;
}

[[noreturn]] void cannot_assign(PyObject* value, const Tensor& self) {
  raise_python(PyExc_TypeError, "can't assign a %s to a torch.%sTensor", Py_TYPE(value)->tp_name,
               dtype_aten_name(self.dtype()));
}

// One element on the CPU that nobody tracks: written in place without an alias or an op.
void store_element(const Tensor& self, int64_t offset, const Scalar& value) {
  autograd::check_inplace(self, false, "__setitem__");
  check(self.storage()->writable(),
        "__setitem__: the tensor's memory is read-only (it comes from a read-only array); clone() it first");
  store_number(self, static_cast<char*>(self.storage()->data()) + offset * self.itemsize(), value);
  autograd::finish_inplace(self, Ref<autograd::Node>());
}

void assign(const Tensor& self, PyObject* index, PyObject* value) {
  check_strided("__setitem__", self);
  const bool number = !is_tensor(value);
  if (number && !is_python_number(value)) {
    Items items;
    read_index(index, items); // a wrong index is reported first
    cannot_assign(value, self);
  }
  const bool by_ops = number
                          ? gate::active(self) || autograd::should_record(self)
                          : gate::active(self, unwrap(value)) || autograd::should_record(self, unwrap(value));
  Items items;
  read_index(index, items);
  check_single_index(self, items, PyTuple_Check(index));
  if (PyBool_Check(index)) {
    if (index == Py_False) return; // selects nothing
    items[0] = {Item::NewAxis, 0, 0, 1, {}};
  }
  Plan plan{View(self, by_ops), {}};
  apply_items(self, items, plan);

  if (number && plan.indices.empty() && plan.view.numel_is_one() && self.is_cpu()) {
    store_element(self, plan.view.offset(), number_of(value, self));
    return;
  }
  const Tensor place = plan.view.operand();
  if (plan.indices.empty()) {
    if (number) {
      ops::check_writable("setitem", place);
      ops::fill_(place, number_of(value, self));
    } else
      copy_value(place, unwrap(value));
    return;
  }
  const Tensor source =
      number ? number_tensor(number_of(value, self), self) : without_leading_ones(unwrap(value), 0);
  if (plan.indices.size() == 1 && source.dim() == 0 && fill_masked(place, plan.indices[0], source)) return;
  ops::index_put_(place, list_of(plan.indices), source, false);
}

} // namespace

PyObject* tensor_getitem(PyObject* self_object, PyObject* index) {
  if (is_overridden(self_object) || (!PyLong_CheckExact(index) && is_overridden(index))) [[unlikely]]
    return call_override("__getitem__", {self_object, index}, PyTuple_Pack(2, self_object, index));
  try {
    const Tensor& self = unwrap(self_object);
    if (PyLong_CheckExact(index) && self.dim() > 0)
      return wrap(ops::select(self, 0, checked_position(to_int64(index), self.sizes()[0], 0)));
    Items items;
    read_index(index, items);
    check_single_index(self, items, PyTuple_Check(index));
    Plan plan{View(self, gate::active(self) || autograd::should_record(self)), {}};
    apply_items(self, items, plan);
    if (plan.indices.empty()) return wrap(plan.view.result());
    return wrap(ops::index(plan.view.operand(), list_of(plan.indices)));
  } catch (...) {
    return set_call_error("__getitem__",
                          std::array{CallArgument{"self", self_object}, CallArgument{"index", index}});
  }
}

int tensor_setitem(PyObject* self, PyObject* index, PyObject* value) {
  if (value && (is_overridden(self) || is_overridden(index) || is_overridden(value))) [[unlikely]] {
    const Owned result(
        call_override("__setitem__", {self, index, value}, PyTuple_Pack(3, self, index, value)));
    return result ? 0 : -1;
  }
  try {
    check_type(value != nullptr, "Tensor does not support deleting items");
    assign(unwrap(self), index, value);
    return 0;
  } catch (...) {
    set_call_error("__setitem__", std::array{CallArgument{"self", self}, CallArgument{"index", index},
                                             CallArgument{"value", value}});
    return -1;
  }
}

} // namespace torch::python

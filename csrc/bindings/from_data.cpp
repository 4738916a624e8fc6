#include "bindings/from_data.h"

#include "bindings/keyword_args.h"
#include "bindings/numpy.h"
#include "ops/ops.h"

#include <cmath>
#include <limits>

namespace torch::python {

namespace {

constexpr int kMaxDims = 64; // dims fit a 64-bit mask

const char* type_name(PyObject* o) { return Py_TYPE(o)->tp_name; }

bool is_text(PyObject* o) { return PyUnicode_Check(o) || PyBytes_Check(o); }

[[noreturn]] void refuse_text(PyObject* o) {
  raise_python(PyExc_TypeError, "new(): invalid data type '%s': a tensor holds numbers and booleans",
               type_name(o));
}

// A sequence as list or tuple; lists and tuples themselves are not copied, so their items must be fetched by
// index with a look at the size each time: converting an item can run Python code that changes them.
Owned fast_sequence(PyObject* data) {
  PyObject* const fast = PySequence_Fast(data, "not a sequence");
  if (!fast) throw PythonError{};
  return Owned(fast);
}

// ---- dtype ----

// Promotion over all numbers; Bool is the neutral start once something has been seen.
class DTypeInference {
public:
  void visit(PyObject* data, int depth) {
    if (PyFloat_CheckExact(data)) return see(default_dtype());
    if (PyBool_Check(data)) return see(DType::Bool);
    if (PyLong_CheckExact(data)) return see(DType::Int64);
    if (PyList_CheckExact(data) || PyTuple_CheckExact(data)) return visit_items(data, depth);
    visit_other(data, depth);
  }
  DType result() const { return seen_ ? dtype_ : default_dtype(); }

private:
  void see(DType t) {
    if (seen_ && t == dtype_) return;
    dtype_ = seen_ ? promote(dtype_, t) : t;
    seen_ = true;
  }

  void visit_items(PyObject* sequence, int depth) {
    if (depth > kMaxDims)
      raise_python(PyExc_ValueError, "too many dimensions '%s': data is nested deeper than %d sequences",
                   type_name(sequence), kMaxDims);
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(sequence); ++i) {
      PyObject* const item = PySequence_Fast_GET_ITEM(sequence, i);
      if (item == sequence) raise_python(PyExc_TypeError, "new(): self-referential lists are incompatible");
      const Owned keep = Owned::share(item);
      visit(item, depth + 1);
    }
  }

  void visit_other(PyObject* data, int depth) {
    if (is_tensor(data)) return see(unwrap(data).dtype());
    if (is_numpy_scalar(data) || is_numpy_array(data)) {
      if (const std::optional<DType> t = dtype_of_numpy(data)) return see(*t);
      if (is_numpy_array(data)) static_cast<void>(from_numpy(data)); // raises, naming the type
      static_cast<void>(from_numpy_scalar(data));
    }
    if (PyFloat_Check(data)) return see(default_dtype());
    if (PyLong_Check(data)) return see(DType::Int64);
    if (PyComplex_Check(data)) return see(default_complex_dtype());
    if (is_text(data)) refuse_text(data);
    if (!PySequence_Check(data) || PyDict_Check(data))
      raise_python(PyExc_RuntimeError, "Could not infer dtype of %s: a tensor holds numbers and booleans%s",
                   type_name(data), data == Py_None ? ", float('nan') stands for what is missing" : "");
    if (depth > kMaxDims)
      raise_python(PyExc_ValueError, "too many dimensions '%s': data is nested deeper than %d sequences",
                   type_name(data), kMaxDims);
    visit_items(fast_sequence(data).get(), depth);
  }

  DType dtype_ = DType::Bool;
  bool seen_ = false;
};

// ---- numbers ----

template <class T> [[noreturn]] void overflow(const Scalar& value) {
  fail(ErrorKind::Runtime,
       concat("value cannot be converted to type ", dtype_name(dtype_of<T>()), " without overflow: ", value));
}

// Integers wrap once around into unsigned types (-1 is 255), as in PyTorch; everything else must fit.
template <class T> T narrow_int(int64_t value) {
  using Limits = std::numeric_limits<T>;
  if constexpr (sizeof(T) == 8) return static_cast<T>(value);
  const int64_t low = std::is_signed_v<T> ? int64_t(Limits::min()) : -int64_t(Limits::max());
  if (value < low || value > int64_t(Limits::max())) overflow<T>(value);
  return static_cast<T>(value);
}

template <class T> T narrow_float(double value) {
  using Limits = std::numeric_limits<T>;
  constexpr double kLow = static_cast<double>(Limits::min());
  constexpr double kEnd = sizeof(T) < 8         ? static_cast<double>(Limits::max()) + 1
                          : std::is_signed_v<T> ? 0x1p63
                                                : 0x1p64;
  const bool fits = sizeof(T) == 8 ? value >= kLow && value < kEnd : value >= kLow && value <= kEnd - 1;
  if (!fits) overflow<T>(value); // NaN too
  return static_cast<T>(value);
}

int64_t int64_of(PyObject* integer) {
  int overflowed = 0;
  const long long value = PyLong_AsLongLongAndOverflow(integer, &overflowed);
  if (overflowed) raise_python(PyExc_ValueError, "Overflow when unpacking long long");
  if (value == -1 && PyErr_Occurred()) throw PythonError{};
  return value;
}

template <class T> T integer_to(PyObject* integer) {
  if constexpr (std::is_same_v<T, uint64_t>) {
    const unsigned long long value = PyLong_AsUnsignedLongLong(integer);
    if (value == static_cast<unsigned long long>(-1) && PyErr_Occurred()) throw PythonError{};
    return value;
  } else {
    return narrow_int<T>(int64_of(integer));
  }
}

template <class T> T scalar_to(const Scalar& s) {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    if (s.is_beyond_int64() && !std::is_same_v<T, uint64_t>)
      raise_python(PyExc_ValueError, "Overflow when unpacking long long");
    if (s.is_integral()) return narrow_int<T>(s.to<int64_t>());
    if (s.is_complex()) overflow<T>(s);
    return narrow_float<T>(s.to<double>());
  } else {
    constexpr bool kReal = std::is_floating_point_v<T> || sizeof(T) == 2 || kIsFloat8<T>;
    if (kReal && s.is_complex() && s.to<complex128>().imag() != 0) overflow<T>(s);
    return s.to<T>();
  }
}

template <class T> T number_to(PyObject* item) {
  if (!PyLong_CheckExact(item) && !PyFloat_CheckExact(item) && is_tensor(item))
    return scalar_to<T>(scalar_of(unwrap(item)));
  if constexpr (std::is_same_v<T, bool>) {
    const int truth = PyObject_IsTrue(item);
    if (truth < 0) throw PythonError{};
    return truth != 0;
  } else if constexpr (std::is_integral_v<T>) {
    if (PyLong_Check(item)) return integer_to<T>(item);
    if (PyFloat_Check(item)) return narrow_float<T>(PyFloat_AS_DOUBLE(item));
    const Owned index = owned(PyNumber_Index(item));
    return integer_to<T>(index.get());
  } else if constexpr (std::is_same_v<T, complex64> || std::is_same_v<T, complex128>) {
    const Py_complex value = PyComplex_AsCComplex(item);
    if (value.real == -1 && PyErr_Occurred()) throw PythonError{};
    using R = typename T::value_type;
    return T(static_cast<R>(value.real), static_cast<R>(value.imag));
  } else {
    const double value = PyFloat_AsDouble(item);
    if (value == -1 && PyErr_Occurred()) throw PythonError{};
    if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>)
      return static_cast<T>(value);
    else
      return T(static_cast<float>(value));
  }
}

template <class T> void fill_row(void* out, PyObject* sequence, Py_ssize_t n) {
  T* const row = static_cast<T*>(out);
  for (Py_ssize_t i = 0; i < n; ++i) {
    if (i >= PySequence_Fast_GET_SIZE(sequence))
      raise_python(PyExc_RuntimeError, "the sequence changed its length while it was being read");
    PyObject* const item = PySequence_Fast_GET_ITEM(sequence, i);
    if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
      if (PyFloat_CheckExact(item)) {
        row[i] = static_cast<T>(PyFloat_AS_DOUBLE(item));
        continue;
      }
    }
    const Owned keep = Owned::share(item);
    row[i] = number_to<T>(item);
  }
}

// ---- values ----

// Walks nested sequences next to the dimensions of a fresh contiguous tensor.
class Filler {
public:
  explicit Filler(const Tensor& out) : out_(out), fill_row_(row_function(out.dtype())) {}

  void run(PyObject* data) { fill(data, 0, 0); }

private:
  using RowFunction = void (*)(void*, PyObject*, Py_ssize_t);
  static RowFunction row_function(DType t) {
    return visit_all(t, [](auto tag) -> RowFunction { return fill_row<typename decltype(tag)::type>; });
  }

  void fill(PyObject* data, int64_t dim, int64_t offset) {
    if (is_numpy_array(data) && copy_array(data, dim, offset)) return;
    const Owned sequence = fast_sequence(data);
    const int64_t n = out_.sizes()[size_t(dim)];
    const Py_ssize_t length = PySequence_Fast_GET_SIZE(sequence.get());
    if (length != n)
      raise_python(PyExc_ValueError, "expected sequence of length %lld at dim %lld (got %zd)", (long long)n,
                   (long long)dim, length);
    if (dim + 1 == out_.dim()) {
      fill_row_(static_cast<char*>(out_.data()) + offset * out_.itemsize(), sequence.get(), n);
      return;
    }
    for (int64_t i = 0; i < n; ++i) {
      if (i >= PySequence_Fast_GET_SIZE(sequence.get()))
        raise_python(PyExc_RuntimeError, "the sequence changed its length while it was being read");
      const Owned item = Owned::share(PySequence_Fast_GET_ITEM(sequence.get(), i));
      fill(item.get(), dim + 1, offset + i * out_.strides()[size_t(dim)]);
    }
  }

  // An array in place of the remaining nested sequences is copied in one piece, unless no tensor can alias it
  // (negative strides): then it is read as a sequence.
  bool copy_array(PyObject* array, int64_t dim, int64_t offset) {
    const IntSpan sizes = IntSpan(out_.sizes()).subspan(size_t(dim));
    if (copy_numpy_block(array, sizes, out_.dtype(),
                         static_cast<char*>(out_.data()) + offset * out_.itemsize()))
      return true;
    Tensor source;
    try {
      source = from_numpy(array);
    } catch (const PythonError&) {
      PyErr_Clear();
      return false;
    }
    if (source.dim() != out_.dim() - dim) return false;
    for (int64_t d = 0; d < source.dim(); ++d)
      if (source.size(d) != out_.size(dim + d))
        raise_python(PyExc_ValueError, "expected sequence of length %lld at dim %lld (got %lld)",
                     (long long)out_.size(dim + d), (long long)(dim + d), (long long)source.size(d));
    const auto tail = [dim](IntSpan v) { return v.subspan(size_t(dim)); };
    ops::copy_(alias(out_, tail(out_.sizes()), tail(out_.strides()), offset), source);
    return true;
  }

  const Tensor& out_;
  RowFunction fill_row_;
};

// Number or one-element tensor without a sequence around it.
bool is_number(PyObject* data) {
  return PyFloat_CheckExact(data) || PyLong_CheckExact(data) || PyBool_Check(data) || is_tensor(data) ||
         !PySequence_Check(data);
}

Tensor moved_to(Tensor t, Device device) {
  if (device.type == DeviceType::CPU) return t;
  if (device.type == DeviceType::Meta) return empty_tensor(t.sizes(), t.dtype(), device);
  return ops::_to_copy(t, {}, device);
}

Tensor copy_of(const Tensor& source, std::optional<DType> dtype) {
  Tensor out = empty_tensor(source.sizes(), dtype.value_or(source.dtype()));
  ops::copy_(out, source);
  return out;
}

} // namespace

DType infer_dtype(PyObject* data) {
  DTypeInference inference;
  inference.visit(data, 0);
  return inference.result();
}

DimVec sizes_of_data(PyObject* data) {
  DimVec sizes;
  Owned current = Owned::share(data);
  while (PySequence_Check(current.get()) && !is_tensor(current.get())) {
    if (PyDict_Check(current.get())) break;
    const Py_ssize_t length = PySequence_Size(current.get());
    if (length < 0) throw PythonError{};
    sizes.push_back(length);
    if (sizes.size() > kMaxDims || (is_text(current.get()) && sizes.size() > 1))
      raise_python(PyExc_ValueError, "too many dimensions '%s'%s", type_name(current.get()),
                   is_text(current.get()) ? ": a tensor holds numbers and booleans" : "");
    if (length == 0) break;
    Owned first = owned(PySequence_GetItem(current.get(), 0));
    if (first.get() == current.get() && !is_text(first.get()))
      raise_python(PyExc_TypeError, "new(): self-referential lists are incompatible");
    current = std::move(first);
  }
  return sizes;
}

Tensor tensor_from_data(PyObject* data, std::optional<DType> dtype, Device device) {
  if (is_text(data)) refuse_text(data);
  if (!is_number(data) && is_numpy_array(data)) {
    const StraightPathGuard straight;
    return moved_to(copy_of(from_numpy(data), dtype), device);
  }
  if (is_number(data) || is_numpy_scalar(data)) {
    if (is_tensor(data)) {
      const StraightPathGuard straight;
      return moved_to(copy_of(unwrap(data), dtype), device);
    }
    if (!PyFloat_CheckExact(data) && is_numpy_scalar(data)) {
      const Tensor t = from_numpy_scalar(data);
      const StraightPathGuard straight;
      return moved_to(dtype && *dtype != t.dtype() ? copy_of(t, dtype) : t, device);
    }
    const DType t = dtype ? *dtype : infer_dtype(data);
    Tensor out = empty_tensor(IntSpan{}, t);
    visit_all(t, [&](auto tag) {
      using T = typename decltype(tag)::type;
      *out.data<T>() = number_to<T>(data);
    });
    return moved_to(std::move(out), device);
  }
  const DimVec sizes = sizes_of_data(data);
  Tensor out = empty_tensor(sizes, dtype ? *dtype : infer_dtype(data));
  if (out.numel() > 0 || sizes.size() > 1) {
    const StraightPathGuard straight; // arrays among the items are copied by an op
    Filler(out).run(data);
  }
  return moved_to(std::move(out), device);
}

Tensor index_from_data(PyObject* data) {
  if (is_text(data)) refuse_text(data);
  if (is_numpy_array(data)) {
    const Tensor t = from_numpy(data);
    if (torch::is_integral(t.dtype(), /*include_bool=*/true)) return t;
  }
  const DType inferred = infer_dtype(data);
  const bool mask = inferred == DType::Bool || inferred == DType::UInt8;
  // an empty list has the default dtype but selects nothing, as an integer index
  return tensor_from_data(data, mask ? inferred : DType::Int64);
}

Scalar scalar_of(const Tensor& t) {
  check_value(t.numel() == 1, "only one element tensors can be converted to Python scalars, got shape ",
              t.sizes(), ": torch.stack joins tensors, tolist() makes lists");
  check(!t.is_meta(), "Tensor.item() cannot be called on meta tensors");
  if (is_sparse(t)) return scalar_of(ops::to_dense(t));
  if (!t.is_cpu()) {
    const StraightPathGuard straight;
    return scalar_of(ops::_to_copy(t, {}, Device{}));
  }
  return visit_all(t.dtype(), [&](auto tag) { return Scalar(*t.data<typename decltype(tag)::type>()); });
}

void store_number(const Tensor& t, void* at, const Scalar& value) {
  visit_all(t.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    *static_cast<T*>(at) = scalar_to<T>(value);
  });
}

} // namespace torch::python

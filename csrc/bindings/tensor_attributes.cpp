// Attributes and the hand-written methods of torch.Tensor: what is no op.
#include "autograd/node.h"
#include "autograd/write_log.h"
#include "bindings/call.h"
#include "bindings/docs.h"
#include "bindings/keyword_args.h"
#include "bindings/override.h"
#include "bindings/tensor_type.h"
#include "core/backend.h"
#include "ops/composite/grad.h"
#include "ops/infer/infer.h"
#include "ops/ops.h"

namespace torch::python {

namespace {

using Keywords = PyObject*;
PyCFunction fast(PyObject* (*f)(PyObject*, PyObject* const*, Py_ssize_t, Keywords)) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f));
}

// ---------------------------------------------------------------- attributes

template <bool (*test)(const Tensor&)> PyObject* flag(PyObject* self, void*) {
  return PyBool_FromLong(test(unwrap(self)));
}
bool never(const Tensor&) { return false; }

PyObject* get_shape(PyObject* self, void*) { return wrap_size(unwrap(self).sizes()); }
PyObject* get_dtype(PyObject* self, void*) { return wrap(unwrap(self).dtype()); }
PyObject* get_device(PyObject* self, void*) { return wrap(unwrap(self).device()); }
PyObject* get_layout(PyObject* self, void*) { return wrap(layout_of(unwrap(self))); }
PyObject* get_ndim(PyObject* self, void*) { return PyLong_FromLongLong(unwrap(self).dim()); }
PyObject* get_itemsize(PyObject* self, void*) { return PyLong_FromLongLong(unwrap(self).itemsize()); }
PyObject* get_nbytes(PyObject* self, void*) {
  return guarded([&] {
    check(
        !is_sparse(unwrap(self)),
        "nbytes is not defined for sparse tensors.  If you want the size of the constituent tensors, add the "
        "nbytes of the indices and values.");
    return PyLong_FromLongLong(unwrap(self).nbytes());
  });
}
PyObject* get_none(PyObject*, void*) { Py_RETURN_NONE; }

// .data: the same memory outside the graph, with a version count of its own.
PyObject* get_data(PyObject* self, void*) {
  return guarded([&]() -> PyObject* {
    Tensor t = alias(unwrap(self));
    t.impl()->version.reset();
    return wrap(std::move(t));
  });
}
int set_data(PyObject* self, PyObject* value, void*) {
  try {
    check_type(value != nullptr, "Cannot delete tensor.data");
    check_type(is_tensor(value), "Variable data has to be a tensor, but got ", Py_TYPE(value)->tp_name);
    TensorImpl* to = unwrap(self).impl();
    TensorImpl* from = unwrap(value).impl();
    check((to->flags & kRequiresGrad) == 0 || is_differentiable(from->dtype),
          "data set to a tensor that requires gradients must be floating point or complex dtype");
    check(
        ((to->flags ^ from->flags) & kSparse) == 0,
        "Attempted to call `variable.set_data(tensor)`, but `variable` and `tensor` have incompatible tensor "
        "type.");
    to->storage = from->storage;
    to->dtype = from->dtype;
    to->device = from->device;
    to->offset = from->offset;
    to->set_geometry(from->sizes(), from->strides());
    to->contiguous = from->contiguous;
    return 0;
  } catch (...) {
    set_python_error();
    return -1;
  }
}

PyObject* get_t(PyObject* self, void*) {
  return guarded([&]() -> PyObject* {
    const Tensor& t = unwrap(self);
    if (t.dim() == 2) return wrap(ops::t(t));
    if (t.dim() != 2 && t.dim() != 0 &&
        PyErr_WarnEx(
            PyExc_UserWarning,
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated. "
            "Consider `x.mT` to transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, "
            "-1))` "
            "to reverse the dimensions of a tensor.",
            1) < 0)
      return nullptr;
    DimVec dims;
    for (int64_t i = t.dim(); i-- > 0;) dims.push_back(i);
    return wrap(ops::permute(t, dims));
  });
}
PyObject* get_mt(PyObject* self, void*) {
  return guarded([&] {
    check(unwrap(self).dim() >= 2, "tensor.mT is only supported on matrices or batches of matrices. Got ",
          unwrap(self).dim(), "-D tensor.");
    return wrap(ops::transpose(unwrap(self), -2, -1));
  });
}
PyObject* get_mh(PyObject* self, void*) {
  return guarded([&] {
    check(unwrap(self).dim() >= 2, "tensor.mH is only supported on matrices or batches of matrices. Got ",
          unwrap(self).dim(), "-D tensor.");
    return wrap(ops::mH(unwrap(self)));
  });
}
PyObject* get_h(PyObject* self, void*) {
  return guarded([&] {
    const Tensor& t = unwrap(self);
    check(t.dim() == 2 || t.dim() == 0, "tensor.H is only supported on matrices (2-D tensors). Got ", t.dim(),
          "-D tensor.");
    return t.dim() == 0 ? wrap(ops::conj(t)) : wrap(ops::mH(t));
  });
}
PyObject* get_real(PyObject* self, void*) {
  return guarded([&] { return wrap(ops::real(unwrap(self))); });
}
PyObject* get_imag(PyObject* self, void*) {
  return guarded([&] { return wrap(ops::imag(unwrap(self))); });
}
template <Tensor (*part)(const Tensor&)> int set_part(PyObject* self, PyObject* value, void*) {
  try {
    check_type(value != nullptr, "cannot delete this attribute");
    ops::copy_(part(unwrap(self)), is_tensor(value) ? unwrap(value) : wrapped_number(to_scalar(value)));
    return 0;
  } catch (...) {
    set_python_error();
    return -1;
  }
}
// ---------------------------------------------------------------- geometry

// A dimension that the tensor has: in shape rules a tensor without dimensions counts as having one.
int64_t own_dim(const Tensor& t, PyObject* dim) {
  const int64_t d = to_int(dim);
  check_index(t.dim() > 0, "Dimension specified as ", d, " but tensor has no dimensions");
  return d;
}

PyObject* py_size(PyObject* self, PyObject* const* args, Py_ssize_t n, Keywords names) {
  return guarded([&]() -> PyObject* {
    static constexpr const char* kParams[] = {"dim"};
    PyObject* dim = n == 1 && !names ? args[0] : nullptr;
    if (!dim) bind_arguments({"size", kParams, 1, 0}, args, n, names, &dim);
    if (!dim || dim == Py_None) return wrap_size(unwrap(self).sizes());
    const Tensor& t = unwrap(self);
    return PyLong_FromLongLong(t.size(own_dim(t, dim)));
  });
}
PyObject* py_stride(PyObject* self, PyObject* const* args, Py_ssize_t n, Keywords names) {
  return guarded([&]() -> PyObject* {
    static constexpr const char* kParams[] = {"dim"};
    PyObject* dim = n == 1 && !names ? args[0] : nullptr;
    if (!dim) bind_arguments({"stride", kParams, 1, 0}, args, n, names, &dim);
    const Tensor& t = unwrap(self);
    check(!is_sparse(t) || layout_of(t) == kSparseCoo, "Sparse CSR tensors do not have strides");
    if (dim && dim != Py_None) return PyLong_FromLongLong(t.stride(own_dim(t, dim)));
    PyObject* tuple = PyTuple_New(t.dim());
    for (int64_t i = 0; tuple && i < t.dim(); ++i)
      PyTuple_SET_ITEM(tuple, i, PyLong_FromLongLong(t.strides()[i]));
    return tuple;
  });
}
PyObject* py_dim(PyObject* self, PyObject*) { return PyLong_FromLongLong(unwrap(self).dim()); }
PyObject* py_numel(PyObject* self, PyObject*) { return PyLong_FromLongLong(unwrap(self).numel()); }
PyObject* py_is_contiguous(PyObject* self, PyObject* const* args, Py_ssize_t n, Keywords names) {
  return guarded([&] {
    static constexpr const char* kParams[] = {"memory_format"};
    PyObject* format = nullptr;
    bind_arguments({"is_contiguous", kParams, 1, 0}, args, n, names, &format);
    if (is_sparse(unwrap(self))) {
      check(layout_of(unwrap(self)) == kSparseCoo, "Sparse CSR tensors do not have is_contiguous");
      return PyBool_FromLong(false);
    }
    return PyBool_FromLong(
        unwrap(self).is_contiguous(format ? to_memory_format(format) : MemoryFormat::Contiguous));
  });
}
PyObject* py_is_floating_point(PyObject* self, PyObject*) {
  return PyBool_FromLong(unwrap(self).is_floating_point());
}
PyObject* py_is_complex(PyObject* self, PyObject*) { return PyBool_FromLong(unwrap(self).is_complex()); }
PyObject* py_is_signed(PyObject* self, PyObject*) { return PyBool_FromLong(is_signed(unwrap(self).dtype())); }
PyObject* py_is_inference(PyObject* self, PyObject*) {
  return PyBool_FromLong((unwrap(self).impl()->flags & kInference) != 0);
}
PyObject* py_false(PyObject*, PyObject*) { Py_RETURN_FALSE; }
PyObject* py_get_device(PyObject* self, PyObject*) { return PyLong_FromLong(unwrap(self).device().index); }
PyObject* py_is_set_to(PyObject* self, PyObject* other) {
  return guarded([&]() -> PyObject* {
    check_type(is_tensor(other), "is_set_to(): argument 'tensor' must be Tensor, not ",
               Py_TYPE(other)->tp_name);
    const Tensor &a = unwrap(self), &b = unwrap(other);
    return PyBool_FromLong(a.storage() == b.storage() && a.offset() == b.offset() &&
                           equal(a.sizes(), b.sizes()) && equal(a.strides(), b.strides()));
  });
}

// ---------------------------------------------------------------- conversion

// The tensor itself where nothing changes, as PyTorch's to().
PyObject* converted(PyObject* self, std::optional<DType> dtype, std::optional<Device> device,
                    std::optional<MemoryFormat> format, bool copy, bool non_blocking = false) {
  const Tensor& t = unwrap(self);
  if (device && device->type != DeviceType::CPU && device->type != DeviceType::Meta) {
    backend_of(*device);
    device = with_index(*device);
  }
  const bool same = (!dtype || *dtype == t.dtype()) &&
                    (!device || (device->type == t.device().type &&
                                 (device->type != DeviceType::CUDA || *device == t.device()))) &&
                    (!format || *format == MemoryFormat::Preserve || t.is_contiguous(*format));
  if (same && !copy) return Py_NewRef(self);
  if (non_blocking) {
    const LaggingCopies lagging(true);
    // A copy to the CPU that is waited for by nobody needs memory that the device writes by itself.
    const bool to_pinned = t.device().type == DeviceType::CUDA && device && device->type == DeviceType::CPU &&
                           !is_sparse(t) && (!format || *format == MemoryFormat::Preserve);
    if (!to_pinned) return wrap(ops::_to_copy(t, dtype, device, format));
    const DimVec strides =
        t.is_non_overlapping_and_dense() ? DimVec(t.strides()) : contiguous_strides(t.sizes());
    const DType type = dtype.value_or(t.dtype());
    const Tensor out = from_storage(pinned_storage(span_bytes(t.sizes(), strides, item_size(type))), type,
                                    t.sizes(), strides, 0);
    return wrap(ops::copy_(out, t, true));
  }
  return wrap(ops::_to_copy(t, dtype, device, format));
}

PyObject* py_to(PyObject* self, PyObject* const* args, Py_ssize_t n, Keywords names) {
  return guarded([&]() -> PyObject* {
    std::optional<DType> dtype;
    std::optional<Device> device;
    std::optional<MemoryFormat> format;
    bool copy = false;
    Py_ssize_t i = 0;
    DType t{};
    Device d;
    if (n > 0) {
      if (is_tensor(args[0])) {
        dtype = unwrap(args[0]).dtype();
        device = unwrap(args[0]).device();
        i = 1;
      } else if (parse_dtype(args[0], t)) {
        dtype = t;
        i = 1;
      } else if (args[0] == Py_None || parse_device(args[0], d)) {
        if (args[0] != Py_None) device = d;
        i = 1;
        if (n > 1 && !PyBool_Check(args[1])) {
          if (args[1] != Py_None) {
            check_type(parse_dtype(args[1], t), "to(): argument 'dtype' must be torch.dtype, not ",
                       Py_TYPE(args[1])->tp_name);
            dtype = t;
          }
          i = 2;
        }
      } else {
        fail(ErrorKind::Type,
             concat("to() received an invalid combination of arguments - got (", Py_TYPE(args[0])->tp_name,
                    "), but expected one of:\n * (torch.device device, torch.dtype dtype = None, bool "
                    "non_blocking = False, bool copy = "
                    "False, *, torch.memory_format memory_format = None)\n * (torch.dtype dtype, bool "
                    "non_blocking = False, bool copy = "
                    "False, *, torch.memory_format memory_format = None)\n * (Tensor tensor, bool "
                    "non_blocking = False, bool copy = False, "
                    "*, torch.memory_format memory_format = None)"));
      }
    }
    bool non_blocking = false;
    if (i < n) non_blocking = to_bool(args[i++]);
    if (i < n) copy = to_bool(args[i++]);
    check_type(i == n, "to(): too many positional arguments");
    for (Py_ssize_t k = 0; names && k < PyTuple_GET_SIZE(names); ++k) {
      const std::string_view name = to_string(PyTuple_GET_ITEM(names, k));
      PyObject* value = args[n + k];
      if (name == "dtype")
        dtype = value == Py_None ? dtype : std::optional<DType>(to_dtype(value));
      else if (name == "device")
        device = value == Py_None ? device : to_optional_device(value);
      else if (name == "non_blocking")
        non_blocking = to_bool(value);
      else if (name == "copy")
        copy = to_bool(value);
      else if (name == "memory_format")
        format = to_optional_memory_format(value);
      else if (name == "tensor" || name == "other") {
        check_type(is_tensor(value), "to(): argument '", name, "' must be Tensor, not ",
                   Py_TYPE(value)->tp_name);
        dtype = unwrap(value).dtype();
        device = unwrap(value).device();
      } else
        fail(ErrorKind::Type, concat("to() got an unexpected keyword argument '", name, "'"));
    }
    return converted(self, dtype, device, format, copy, non_blocking);
  });
}

template <DType target>
PyObject* py_as_dtype(PyObject* self, PyObject* const* args, Py_ssize_t n, Keywords names) {
  return guarded([&] {
    static constexpr const char* kParams[] = {"memory_format"};
    PyObject* format = nullptr;
    bind_arguments({dtype_name(target), kParams, 0, 0}, args, n, names, &format);
    return converted(self, target, std::nullopt, to_optional_memory_format(format), false);
  });
}
PyObject* py_cpu(PyObject* self, PyObject* const* args, Py_ssize_t n, Keywords names) {
  return guarded([&] {
    static constexpr const char* kParams[] = {"memory_format"};
    PyObject* format = nullptr;
    bind_arguments({"cpu", kParams, 0, 0}, args, n, names, &format);
    return converted(self, std::nullopt, Device{}, to_optional_memory_format(format), false);
  });
}
PyObject* py_cuda(PyObject* self, PyObject* const* args, Py_ssize_t n, Keywords names) {
  return guarded([&] {
    static constexpr const char* kParams[] = {"device", "non_blocking", "memory_format"};
    static constexpr Signature kSignature = {"cuda", kParams, 2, 0};
    PyObject* slots[3];
    bind_arguments(kSignature, args, n, names, slots);
    const Device device = device_argument(kSignature, slots[0]).value_or(Device{DeviceType::CUDA});
    check(device.type == DeviceType::CUDA, "Invalid device, must be cuda device");
    const bool non_blocking = bool_argument(kSignature, "non_blocking", slots[1], false);
    return converted(self, std::nullopt, device, to_optional_memory_format(slots[2]), false, non_blocking);
  });
}
PyObject* py_pin_memory(PyObject* self, PyObject* const* args, Py_ssize_t n, Keywords names) {
  return guarded([&]() -> PyObject* {
    static constexpr const char* kParams[] = {"device"};
    static constexpr Signature kSignature = {"pin_memory", kParams, 1, 0};
    PyObject* device = nullptr;
    bind_arguments(kSignature, args, n, names, &device);
    const Tensor pinned = ops::_pin_memory(unwrap(self), device_argument(kSignature, device));
    return pinned.is_same(unwrap(self)) ? Py_NewRef(self) : wrap(pinned);
  });
}
PyObject* py_is_pinned(PyObject* self, PyObject*) {
  return guarded([&] {
    const Tensor& t = unwrap(self);
    Backend* const found = find_cuda();
    return PyBool_FromLong(found && t.is_cpu() && !is_sparse(t) && t.nbytes() > 0 &&
                           found->is_pinned(t.data()));
  });
}
PyObject* py_record_stream(PyObject* self, PyObject* stream) {
  return guarded([&] {
    const Tensor& t = unwrap(self);
    check(t.device().type == DeviceType::CUDA, "record_stream: the tensor is on ", t.device(),
          ", not on a CUDA device");
    const Owned handle = owned(PyObject_GetAttrString(stream, "cuda_stream"));
    const StreamHandle number = PyLong_AsUnsignedLongLong(handle.get());
    if (PyErr_Occurred()) throw PythonError{};
    cuda_backend().record_stream(t.storage()->data(), t.device().index, number);
    return Py_NewRef(Py_None);
  });
}
PyObject* py_type_as(PyObject* self, PyObject* other) {
  return guarded([&]() -> PyObject* {
    check_type(is_tensor(other), "type_as(): argument 'other' must be Tensor, not ", Py_TYPE(other)->tp_name);
    return converted(self, unwrap(other).dtype(), unwrap(other).device(), std::nullopt, false);
  });
}
// resize_(*sizes, memory_format=None)
PyObject* py_resize(PyObject* self, PyObject* const* args, Py_ssize_t n, Keywords names) {
  return guarded([&]() -> PyObject* {
    std::optional<MemoryFormat> format;
    for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); ++i) {
      check_type(PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, i), "memory_format") == 0,
                 "resize_() got an unexpected keyword argument");
      format = to_optional_memory_format(args[n + i]);
    }
    check(format != MemoryFormat::Preserve, "resize_: the preserve_format memory format is not supported");
    const Tensor& t = unwrap(self);
    check_strided("resize_", t);
    check(!t.requires_grad(), "cannot resize variables that require grad");
    Owned tuple;
    PyObject* size = n == 1 && (PyTuple_Check(args[0]) || PyList_Check(args[0])) ? args[0] : nullptr;
    if (!size) {
      tuple = Owned(PyTuple_New(n));
      for (Py_ssize_t i = 0; i < n; ++i) PyTuple_SET_ITEM(tuple.get(), i, Py_NewRef(args[i]));
      size = tuple.get();
    }
    const IntListArg sizes(size, 0);
    const Ints s = sizes;
    for (const int64_t v : s) check(v >= 0, "Trying to create tensor with negative dimension ", v, ": ", s);
    TensorImpl* impl = t.impl();
    int64_t bytes = 0;
    check(!__builtin_mul_overflow(numel_of(s) + impl->offset, t.itemsize(), &bytes), "resize_: size ", s,
          " overflows");
    if (bytes > impl->storage->bytes()) impl->storage->resize(bytes);
    DimVec strides = infer::format_strides(s, format, nullptr);
    if (strides.empty()) strides = contiguous_strides(s);
    impl->set_geometry(s.span(), std::move(strides));
    autograd::write_log.note(*impl, "resize_");
    impl->version.bump();
    return Py_NewRef(self);
  });
}

// _make_subclass(cls, data, require_grad=False): an alias of data as an instance of cls.
PyObject* py_make_subclass(PyObject*, PyObject* const* args, Py_ssize_t n, Keywords names) {
  return guarded([&]() -> PyObject* {
    static constexpr const char* kParams[] = {"cls", "data", "require_grad"};
    PyObject* slots[3] = {};
    bind_arguments({"_make_subclass", kParams, 3, 2}, args, n, names, slots);
    check_type(PyType_Check(slots[0]) &&
                   PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(slots[0]), &tensor_base_type),
               "_make_subclass: cls must be a subclass of torch.Tensor");
    check_type(is_tensor(slots[1]), "_make_subclass: data must be a Tensor, not ",
               Py_TYPE(slots[1])->tp_name);
    Tensor t = alias(unwrap(slots[1]));
    t.impl()->version.reset();
    if (slots[2] && to_bool(slots[2])) autograd::set_requires_grad(t, true);
    return wrap_as(reinterpret_cast<PyTypeObject*>(slots[0]), std::move(t));
  });
}
PyObject* py_as_subclass(PyObject* self, PyObject* cls) {
  return guarded([&]() -> PyObject* {
    check_type(PyType_Check(cls) && PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(cls), &tensor_base_type),
               "as_subclass: cls must be a subclass of torch.Tensor");
    return wrap_as(reinterpret_cast<PyTypeObject*>(cls), ops::alias(unwrap(self)));
  });
}
PyObject* get_base_requires_dispatch(PyObject* self, PyObject* value) {
  if (value == Py_True)
    unwrap(self).impl()->flags |= kInterposed;
  else
    unwrap(self).impl()->flags &= ~uint32_t(kInterposed);
  Py_RETURN_NONE;
}

} // namespace

PyGetSetDef attribute_getset[] = {
    {"shape", get_shape, nullptr, "Size of the tensor.", nullptr},
    {"dtype", get_dtype, nullptr, "Type of the elements.", nullptr},
    {"device", get_device, nullptr, "Where the data lives.", nullptr},
    {"layout", get_layout, nullptr, "torch.strided, or one of the sparse layouts.", nullptr},
    {"ndim", get_ndim, nullptr, "Number of dimensions.", nullptr},
    {"itemsize", get_itemsize, nullptr, "Bytes of an element.", nullptr},
    {"nbytes", get_nbytes, nullptr, "Bytes of all elements.", nullptr},
    {"data", get_data, set_data, "The same memory outside the graph; assigning replaces the tensor's memory.",
     nullptr},
    {"T", get_t, nullptr, "Transpose.", nullptr},
    {"mT", get_mt, nullptr, "Transpose of the last two dimensions.", nullptr},
    {"H", get_h, nullptr, "Conjugate transpose of a matrix.", nullptr},
    {"mH", get_mh, nullptr, "Conjugate transpose of the last two dimensions.", nullptr},
    {"real", get_real, set_part<ops::real>, "Real part.", nullptr},
    {"imag", get_imag, set_part<ops::imag>, "Imaginary part.", nullptr},
    {"name", get_none, nullptr, "None.", nullptr},
    {"is_cpu", flag<[](const Tensor& t) { return t.is_cpu(); }>, nullptr, "Whether the data is on the CPU.",
     nullptr},
    {"is_cuda", flag<[](const Tensor& t) { return t.device().type == DeviceType::CUDA; }>, nullptr,
     "Whether the data is on a GPU.", nullptr},
    {"is_meta", flag<[](const Tensor& t) { return t.is_meta(); }>, nullptr, "Whether the tensor has no data.",
     nullptr},
    {"is_sparse", flag<[](const Tensor& t) { return layout_of(t) == kSparseCoo; }>, nullptr,
     "Whether the layout is torch.sparse_coo.", nullptr},
    {"is_sparse_csr", flag<[](const Tensor& t) { return layout_of(t) == kSparseCsr; }>, nullptr,
     "Whether the layout is torch.sparse_csr.", nullptr},
    {"is_quantized", flag<never>, nullptr, "False.", nullptr},
    {"is_nested", flag<never>, nullptr, "False.", nullptr},
    {"is_mkldnn", flag<never>, nullptr, "False.", nullptr},
    {"is_mps", flag<never>, nullptr, "False.", nullptr},
    {"is_xpu", flag<never>, nullptr, "False.", nullptr},
    {"is_xla", flag<never>, nullptr, "False.", nullptr},
    {"is_ipu", flag<never>, nullptr, "False.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMethodDef attribute_methods[] = {
    {"size", fast(method_with_args<"size", py_size>), METH_FASTCALL | METH_KEYWORDS, doc::method_size},
    {"stride", fast(method_with_args<"stride", py_stride>), METH_FASTCALL | METH_KEYWORDS,
     doc::method_stride},
    {"dim", method_no_args<"dim", py_dim>, METH_NOARGS, doc::method_dim},
    {"ndimension", method_no_args<"ndimension", py_dim>, METH_NOARGS, doc::method_ndimension},
    {"numel", method_no_args<"numel", py_numel>, METH_NOARGS, doc::method_numel},
    {"nelement", method_no_args<"nelement", py_numel>, METH_NOARGS, doc::method_nelement},
    {"is_contiguous", fast(method_with_args<"is_contiguous", py_is_contiguous>),
     METH_FASTCALL | METH_KEYWORDS, doc::method_is_contiguous},
    {"is_floating_point", method_no_args<"is_floating_point", py_is_floating_point>, METH_NOARGS,
     doc::method_is_floating_point},
    {"is_complex", method_no_args<"is_complex", py_is_complex>, METH_NOARGS, doc::method_is_complex},
    {"is_signed", method_no_args<"is_signed", py_is_signed>, METH_NOARGS, doc::method_is_signed},
    {"is_inference", method_no_args<"is_inference", py_is_inference>, METH_NOARGS, doc::method_is_inference},
    {"is_conj", method_no_args<"is_conj", py_false>, METH_NOARGS, doc::method_is_conj},
    {"is_neg", method_no_args<"is_neg", py_false>, METH_NOARGS, doc::method_is_neg},
    {"is_pinned", py_is_pinned, METH_VARARGS, doc::method_is_pinned},
    {"record_stream", method_one_arg<"record_stream", py_record_stream>, METH_O, doc::method_record_stream},
    {"get_device", method_no_args<"get_device", py_get_device>, METH_NOARGS, doc::method_get_device},
    {"is_set_to", method_one_arg<"is_set_to", py_is_set_to>, METH_O, doc::method_is_set_to},
    {"to", fast(method_with_args<"to", py_to>), METH_FASTCALL | METH_KEYWORDS, doc::method_to},
    {"bool", fast(method_with_args<"bool", py_as_dtype<DType::Bool>>), METH_FASTCALL | METH_KEYWORDS,
     doc::method_bool},
    {"byte", fast(method_with_args<"byte", py_as_dtype<DType::UInt8>>), METH_FASTCALL | METH_KEYWORDS,
     doc::method_byte},
    {"char", fast(method_with_args<"char", py_as_dtype<DType::Int8>>), METH_FASTCALL | METH_KEYWORDS,
     doc::method_char},
    {"short", fast(method_with_args<"short", py_as_dtype<DType::Int16>>), METH_FASTCALL | METH_KEYWORDS,
     doc::method_short},
    {"int", fast(method_with_args<"int", py_as_dtype<DType::Int32>>), METH_FASTCALL | METH_KEYWORDS,
     doc::method_int},
    {"long", fast(method_with_args<"long", py_as_dtype<DType::Int64>>), METH_FASTCALL | METH_KEYWORDS,
     doc::method_long},
    {"half", fast(method_with_args<"half", py_as_dtype<DType::Float16>>), METH_FASTCALL | METH_KEYWORDS,
     doc::method_half},
    {"bfloat16", fast(method_with_args<"bfloat16", py_as_dtype<DType::BFloat16>>),
     METH_FASTCALL | METH_KEYWORDS, doc::method_bfloat16},
    {"float", fast(method_with_args<"float", py_as_dtype<DType::Float32>>), METH_FASTCALL | METH_KEYWORDS,
     doc::method_float},
    {"double", fast(method_with_args<"double", py_as_dtype<DType::Float64>>), METH_FASTCALL | METH_KEYWORDS,
     doc::method_double},
    {"cfloat", fast(method_with_args<"cfloat", py_as_dtype<DType::Complex64>>), METH_FASTCALL | METH_KEYWORDS,
     doc::method_cfloat},
    {"cdouble", fast(method_with_args<"cdouble", py_as_dtype<DType::Complex128>>),
     METH_FASTCALL | METH_KEYWORDS, doc::method_cdouble},
    {"cpu", fast(method_with_args<"cpu", py_cpu>), METH_FASTCALL | METH_KEYWORDS, doc::method_cpu},
    {"cuda", fast(method_with_args<"cuda", py_cuda>), METH_FASTCALL | METH_KEYWORDS, doc::method_cuda},
    {"pin_memory", fast(method_with_args<"pin_memory", py_pin_memory>), METH_FASTCALL | METH_KEYWORDS,
     doc::method_pin_memory},
    {"type_as", method_one_arg<"type_as", py_type_as>, METH_O, doc::method_type_as},
    {"resize_", fast(method_with_args<"resize_", py_resize>), METH_FASTCALL | METH_KEYWORDS,
     doc::method_resize_},
    {"_make_subclass", fast(py_make_subclass), METH_FASTCALL | METH_KEYWORDS | METH_STATIC,
     "_make_subclass(cls, data, require_grad=False)\n\nAn alias of `data` as an instance of `cls`."},
    {"as_subclass", py_as_subclass, METH_O, doc::method_as_subclass},
    {"_set_interposed", get_base_requires_dispatch, METH_O,
     "Sends ops on this tensor to its class's __torch_dispatch__."},
    {nullptr, nullptr, 0, nullptr},
};

} // namespace torch::python

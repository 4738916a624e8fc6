// Python's operators on tensors. Two plain tensors, or one and a number, go straight to the op; everything
// else takes the public method, so that __torch_function__ and error texts are those of the method.
#include "bindings/gil.h"
#include "bindings/numpy.h"
#include "bindings/override.h"
#include "bindings/tensor_type.h"
#include "ops/composite/grad.h"
#include "ops/ops.h"

#include <array>

namespace torch::python {

namespace {

using Binary = Tensor (*)(const Tensor&, const Tensor&);
using BinaryInplace = const Tensor& (*)(const Tensor&, const Tensor&);

bool is_plain_number(PyObject* o) {
  return PyFloat_CheckExact(o) || PyLong_CheckExact(o) || PyBool_Check(o) || PyComplex_CheckExact(o);
}

bool is_operand(PyObject* o) { return is_tensor(o) || is_number(o); }

// Calls the method of torch.Tensor by name, with a tensor as receiver (a number on the left becomes a
// tensor).
PyObject* call_method(const char* method, PyObject* a, PyObject* b) {
  Owned receiver;
  if (!is_tensor(a)) {
    if (is_number(a))
      receiver = Owned(wrap(wrapped_number(to_scalar(a))));
    else
      Py_RETURN_NOTIMPLEMENTED;
  } else {
    receiver = Owned::share(a);
  }
  if (!receiver.get()) return nullptr;
  Owned function(PyObject_GetAttrString(reinterpret_cast<PyObject*>(&tensor_base_type), method));
  if (!function.get()) return nullptr;
  return call_python<PyObject_CallFunctionObjArgs>(function.get(), receiver.get(), b, nullptr);
}

// An operator: the method that does the same, and the functions that __torch_function__ is told, with the
// tensor on the left and on the right of something else.
struct Names {
  const char* method;
  const char* forward;
  const char* reflected;
  binaryfunc python = nullptr; // for a NumPy array on the left
};
Names named(const char* method, binaryfunc python = nullptr) { return {method, method, method, python}; }

// array + tensor. NumPy leaves it to the tensor, whose __array_priority__ is higher, and answers tensor +
// array by itself: with the tensor's elements as an array, and a tensor of the result. So it is done in this
// order too.
PyObject* array_with_tensor(binaryfunc python, PyObject* array, PyObject* tensor) {
  const Owned elements = owned(to_numpy(unwrap(tensor), false));
  const Owned result = owned(python(array, elements.get()));
  return call_python<PyObject_CallMethod>(tensor, "__array_wrap__", "O", result.get());
}

template <Binary op> PyObject* binary(const Names& names, PyObject* a, PyObject* b) {
  try {
    if (function_mode_active()) [[unlikely]] {
      if (is_operand(a) && is_operand(b))
        return is_tensor(a) ? call_override(names.forward, {a, b}, PyTuple_Pack(2, a, b))
                            : call_override(names.reflected, {b, a}, PyTuple_Pack(2, b, a));
    } else if (is_plain_tensor(a)) {
      if (is_plain_tensor(b)) return wrap(op(unwrap(a), unwrap(b)));
      if (is_plain_number(b)) return wrap(op(unwrap(a), wrapped_number(to_scalar(b))));
    } else if (is_plain_tensor(b) && is_plain_number(a)) {
      return wrap(op(wrapped_number(to_scalar(a)), unwrap(b)));
    }
    if (is_overridden_by_class(a) ||
        is_overridden_by_class(b)) // such a class may be neither tensor nor number
      return is_tensor(a) ? call_override(names.forward, {a, b}, PyTuple_Pack(2, a, b))
                          : call_override(names.reflected, {b, a}, PyTuple_Pack(2, b, a));
    if (names.python && is_numpy_array(a) && is_tensor(b)) return array_with_tensor(names.python, a, b);
    if (!is_operand(a) || !is_operand(b)) Py_RETURN_NOTIMPLEMENTED;
    return call_method(names.method, a, b);
  } catch (...) {
    return set_call_error(names.method, std::array{CallArgument{"self", a}, CallArgument{"other", b}});
  }
}

template <BinaryInplace op> PyObject* inplace(const Names& names, PyObject* a, PyObject* b) {
  try {
    if (function_mode_active()) [[unlikely]] {
      if (is_operand(b)) return call_override(names.forward, {a, b}, PyTuple_Pack(2, a, b));
    } else if (is_plain_tensor(a)) {
      if (is_plain_tensor(b)) {
        op(unwrap(a), unwrap(b));
        return Py_NewRef(a);
      }
      if (is_plain_number(b)) {
        op(unwrap(a), wrapped_number(to_scalar(b)));
        return Py_NewRef(a);
      }
    }
    if (is_overridden_by_class(a) || is_overridden_by_class(b))
      return call_override(names.forward, {a, b}, PyTuple_Pack(2, a, b));
    if (!is_operand(a) || !is_operand(b)) Py_RETURN_NOTIMPLEMENTED;
    return call_method(names.method, a, b);
  } catch (...) {
    return set_call_error(names.method, std::array{CallArgument{"self", a}, CallArgument{"other", b}});
  }
}

// Overloaded C++ names need one function per meaning.
Tensor add(const Tensor& a, const Tensor& b) { return ops::add(a, b); }
Tensor sub(const Tensor& a, const Tensor& b) { return ops::sub(a, b); }
Tensor mul(const Tensor& a, const Tensor& b) { return ops::mul(a, b); }
Tensor div(const Tensor& a, const Tensor& b) { return ops::div(a, b); }
Tensor floor_divide(const Tensor& a, const Tensor& b) { return ops::floor_divide(a, b); }
Tensor remainder(const Tensor& a, const Tensor& b) { return ops::remainder(a, b); }
Tensor matmul(const Tensor& a, const Tensor& b) { return ops::casting::matmul(a, b); }
Tensor bitwise_and(const Tensor& a, const Tensor& b) { return ops::bitwise_and(a, b); }
Tensor bitwise_or(const Tensor& a, const Tensor& b) { return ops::bitwise_or(a, b); }
Tensor bitwise_xor(const Tensor& a, const Tensor& b) { return ops::bitwise_xor(a, b); }
Tensor left_shift(const Tensor& a, const Tensor& b) { return ops::bitwise_left_shift(a, b); }
Tensor right_shift(const Tensor& a, const Tensor& b) { return ops::bitwise_right_shift(a, b); }
Tensor power(const Tensor& a, const Tensor& b) { return ops::pow(a, b); }
Tensor eq(const Tensor& a, const Tensor& b) { return ops::eq(a, b); }
Tensor ne(const Tensor& a, const Tensor& b) { return ops::ne(a, b); }
Tensor lt(const Tensor& a, const Tensor& b) { return ops::lt(a, b); }
Tensor le(const Tensor& a, const Tensor& b) { return ops::le(a, b); }
Tensor gt(const Tensor& a, const Tensor& b) { return ops::gt(a, b); }
Tensor ge(const Tensor& a, const Tensor& b) { return ops::ge(a, b); }
const Tensor& add_(const Tensor& a, const Tensor& b) { return ops::add_(a, b); }
const Tensor& sub_(const Tensor& a, const Tensor& b) { return ops::sub_(a, b); }
const Tensor& mul_(const Tensor& a, const Tensor& b) { return ops::mul_(a, b); }
const Tensor& div_(const Tensor& a, const Tensor& b) { return ops::div_(a, b); }
const Tensor& floor_divide_(const Tensor& a, const Tensor& b) { return ops::floor_divide_(a, b); }
const Tensor& remainder_(const Tensor& a, const Tensor& b) { return ops::remainder_(a, b); }
const Tensor& bitwise_and_(const Tensor& a, const Tensor& b) { return ops::bitwise_and_(a, b); }
const Tensor& bitwise_or_(const Tensor& a, const Tensor& b) { return ops::bitwise_or_(a, b); }
const Tensor& bitwise_xor_(const Tensor& a, const Tensor& b) { return ops::bitwise_xor_(a, b); }
const Tensor& left_shift_(const Tensor& a, const Tensor& b) { return ops::bitwise_left_shift_(a, b); }
const Tensor& right_shift_(const Tensor& a, const Tensor& b) { return ops::bitwise_right_shift_(a, b); }
const Tensor& power_(const Tensor& a, const Tensor& b) { return ops::pow_(a, b); }

PyObject* matmul_slot(PyObject* a, PyObject* b) {
  if (!is_tensor(a) || !is_tensor(b)) {
    if (!is_overridden_by_class(a) && !is_overridden_by_class(b) && !is_numpy_array(a))
      Py_RETURN_NOTIMPLEMENTED;
  }
  return binary<matmul>({"matmul", "matmul", "__rmatmul__", PyNumber_MatrixMultiply}, a, b);
}

PyObject* power_slot(PyObject* a, PyObject* b, PyObject* modulo) {
  if (modulo != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return binary<power>(
      {"pow", "pow", "__rpow__", [](PyObject* x, PyObject* y) { return PyNumber_Power(x, y, Py_None); }}, a,
      b);
}
PyObject* power_inplace(PyObject* a, PyObject* b, PyObject* modulo) {
  if (modulo != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return inplace<power_>(named("pow_"), a, b);
}

template <Tensor (*op)(const Tensor&)> PyObject* unary(const char* name, PyObject* a) {
  try {
    if (is_overridden(a)) [[unlikely]]
      return call_override(name, {a}, PyTuple_Pack(1, a));
    return wrap(op(unwrap(a)));
  } catch (...) {
    return set_call_error(name, std::array{CallArgument{"self", a}});
  }
}

PyNumberMethods make_number() {
  PyNumberMethods n = {};
  n.nb_add = [](PyObject* a, PyObject* b) { return binary<add>(named("add", PyNumber_Add), a, b); };
  n.nb_subtract = [](PyObject* a, PyObject* b) {
    return binary<sub>({"sub", "sub", "__rsub__", PyNumber_Subtract}, a, b);
  };
  n.nb_multiply = [](PyObject* a, PyObject* b) { return binary<mul>(named("mul", PyNumber_Multiply), a, b); };
  n.nb_true_divide = [](PyObject* a, PyObject* b) {
    return binary<div>({"div", "div", "__rdiv__", PyNumber_TrueDivide}, a, b);
  };
  n.nb_floor_divide = [](PyObject* a, PyObject* b) {
    return binary<floor_divide>({"floor_divide", "__floordiv__", "__rfloordiv__", PyNumber_FloorDivide}, a,
                                b);
  };
  n.nb_remainder = [](PyObject* a, PyObject* b) {
    return binary<remainder>({"remainder", "remainder", "__rmod__", PyNumber_Remainder}, a, b);
  };
  n.nb_power = power_slot;
  n.nb_matrix_multiply = matmul_slot;
  n.nb_and = [](PyObject* a, PyObject* b) {
    return binary<bitwise_and>({"bitwise_and", "__and__", "bitwise_and", PyNumber_And}, a, b);
  };
  n.nb_or = [](PyObject* a, PyObject* b) {
    return binary<bitwise_or>({"bitwise_or", "__or__", "bitwise_or", PyNumber_Or}, a, b);
  };
  n.nb_xor = [](PyObject* a, PyObject* b) {
    return binary<bitwise_xor>({"bitwise_xor", "__xor__", "bitwise_xor", PyNumber_Xor}, a, b);
  };
  n.nb_lshift = [](PyObject* a, PyObject* b) {
    return binary<left_shift>({"bitwise_left_shift", "__lshift__", "__rlshift__", PyNumber_Lshift}, a, b);
  };
  n.nb_rshift = [](PyObject* a, PyObject* b) {
    return binary<right_shift>({"bitwise_right_shift", "__rshift__", "__rrshift__", PyNumber_Rshift}, a, b);
  };
  n.nb_inplace_add = [](PyObject* a, PyObject* b) { return inplace<add_>(named("add_"), a, b); };
  n.nb_inplace_subtract = [](PyObject* a, PyObject* b) { return inplace<sub_>(named("sub_"), a, b); };
  n.nb_inplace_multiply = [](PyObject* a, PyObject* b) { return inplace<mul_>(named("mul_"), a, b); };
  n.nb_inplace_true_divide = [](PyObject* a, PyObject* b) { return inplace<div_>(named("div_"), a, b); };
  n.nb_inplace_floor_divide = [](PyObject* a, PyObject* b) {
    return inplace<floor_divide_>(named("floor_divide_"), a, b);
  };
  n.nb_inplace_remainder = [](PyObject* a, PyObject* b) {
    return inplace<remainder_>(named("remainder_"), a, b);
  };
  n.nb_inplace_power = power_inplace;
  n.nb_inplace_and = [](PyObject* a, PyObject* b) {
    return inplace<bitwise_and_>({"bitwise_and_", "__iand__", ""}, a, b);
  };
  n.nb_inplace_or = [](PyObject* a, PyObject* b) {
    return inplace<bitwise_or_>({"bitwise_or_", "__ior__", ""}, a, b);
  };
  n.nb_inplace_xor = [](PyObject* a, PyObject* b) {
    return inplace<bitwise_xor_>({"bitwise_xor_", "__ixor__", ""}, a, b);
  };
  n.nb_inplace_lshift = [](PyObject* a, PyObject* b) {
    return inplace<left_shift_>({"bitwise_left_shift_", "__ilshift__", ""}, a, b);
  };
  n.nb_inplace_rshift = [](PyObject* a, PyObject* b) {
    return inplace<right_shift_>({"bitwise_right_shift_", "__irshift__", ""}, a, b);
  };
  n.nb_negative = [](PyObject* a) { return unary<ops::neg>("neg", a); };
  n.nb_positive = [](PyObject* a) -> PyObject* {
    if (is_overridden(a)) return call_override("__pos__", {a}, PyTuple_Pack(1, a));
    if (unwrap(a).dtype() == DType::Bool) {
      PyErr_SetString(PyExc_RuntimeError, "The `+` operator, on a bool tensor is not supported.");
      return nullptr;
    }
    return Py_NewRef(a);
  };
  n.nb_absolute = [](PyObject* a) { return unary<ops::abs>("abs", a); };
  n.nb_invert = [](PyObject* a) -> PyObject* {
    if (is_tensor(a) && is_differentiable(unwrap(a).dtype())) {
      PyErr_SetString(PyExc_TypeError,
                      "~ (operator.invert) is only implemented on integer and Boolean-type tensors");
      return nullptr;
    }
    return unary<ops::bitwise_not>("__invert__", a);
  };
  return n;
}

} // namespace

PyNumberMethods tensor_number = make_number();

PyObject* tensor_compare(PyObject* a, PyObject* b, int op) {
  switch (op) {
  case Py_EQ:
    if (is_tensor(a) && is_numpy_array(b) && dtype_of_numpy(b)) // the one operator that takes arrays
      return guarded([&]() -> PyObject* {
        const Owned other = owned(wrap(from_numpy(b)));
        return PyObject_RichCompare(a, other.get(), Py_EQ);
      });
    return binary<eq>({"eq", "__eq__", "__eq__"}, a, b);
  case Py_NE:
    return binary<ne>(named("ne"), a, b);
  case Py_LT:
    return binary<lt>(named("lt"), a, b);
  case Py_LE:
    return binary<le>(named("le"), a, b);
  case Py_GT:
    return binary<gt>(named("gt"), a, b);
  default:
    return binary<ge>(named("ge"), a, b);
  }
}

} // namespace torch::python

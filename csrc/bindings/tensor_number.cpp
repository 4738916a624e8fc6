// Python's operators on tensors. Two plain tensors, or one and a number, go straight to the op; everything
// else takes the public method, so that __torch_function__ and error texts are those of the method.
#include "bindings/call.h"
#include "bindings/gil.h"
#include "bindings/tensor_type.h"
#include "ops/composite/grad.h"
#include "ops/ops.h"

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

template <Binary op> PyObject* binary(const char* method, PyObject* a, PyObject* b) {
  try {
    if (is_plain_tensor(a)) {
      if (is_plain_tensor(b)) return wrap(op(unwrap(a), unwrap(b)));
      if (is_plain_number(b)) return wrap(op(unwrap(a), wrapped_number(to_scalar(b))));
    } else if (is_plain_tensor(b) && is_plain_number(a)) {
      return wrap(op(wrapped_number(to_scalar(a)), unwrap(b)));
    }
    // Classes that override may be neither tensors nor numbers.
    const bool overridden =
        torch_function_enabled && (overrides_torch_function(a) || overrides_torch_function(b));
    if (!overridden && (!is_operand(a) || !is_operand(b))) Py_RETURN_NOTIMPLEMENTED;
    return call_method(method, a, b);
  } catch (...) {
    return set_python_error();
  }
}

template <BinaryInplace op> PyObject* inplace(const char* method, PyObject* a, PyObject* b) {
  try {
    if (is_plain_tensor(a)) {
      if (is_plain_tensor(b)) {
        op(unwrap(a), unwrap(b));
        return Py_NewRef(a);
      }
      if (is_plain_number(b)) {
        op(unwrap(a), wrapped_number(to_scalar(b)));
        return Py_NewRef(a);
      }
    }
    const bool overridden =
        torch_function_enabled && (overrides_torch_function(a) || overrides_torch_function(b));
    if (!overridden && (!is_operand(a) || !is_operand(b))) Py_RETURN_NOTIMPLEMENTED;
    return call_method(method, a, b);
  } catch (...) {
    return set_python_error();
  }
}

// Overloaded C++ names need one function per meaning.
Tensor add(const Tensor& a, const Tensor& b) { return ops::add(a, b); }
Tensor sub(const Tensor& a, const Tensor& b) { return ops::sub(a, b); }
Tensor mul(const Tensor& a, const Tensor& b) { return ops::mul(a, b); }
Tensor div(const Tensor& a, const Tensor& b) { return ops::div(a, b); }
Tensor floor_divide(const Tensor& a, const Tensor& b) { return ops::floor_divide(a, b); }
Tensor remainder(const Tensor& a, const Tensor& b) { return ops::remainder(a, b); }
Tensor matmul(const Tensor& a, const Tensor& b) { return ops::matmul(a, b); }
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
    if (torch_function_enabled && is_tensor(a) && overrides_torch_function(b))
      return call_method("matmul", a, b);
    Py_RETURN_NOTIMPLEMENTED;
  }
  return binary<matmul>("matmul", a, b);
}

PyObject* power_slot(PyObject* a, PyObject* b, PyObject* modulo) {
  if (modulo != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return binary<power>("pow", a, b);
}
PyObject* power_inplace(PyObject* a, PyObject* b, PyObject* modulo) {
  if (modulo != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return inplace<power_>("pow_", a, b);
}

template <Tensor (*op)(const Tensor&)> PyObject* unary(const char* method, PyObject* a) {
  try {
    if (is_plain_tensor(a)) return wrap(op(unwrap(a)));
    Owned function(PyObject_GetAttrString(reinterpret_cast<PyObject*>(&tensor_base_type), method));
    return function.get() ? call_python<PyObject_CallOneArg>(function.get(), a) : nullptr;
  } catch (...) {
    return set_python_error();
  }
}

PyNumberMethods make_number() {
  PyNumberMethods n = {};
  n.nb_add = [](PyObject* a, PyObject* b) { return binary<add>("add", a, b); };
  n.nb_subtract = [](PyObject* a, PyObject* b) { return binary<sub>("sub", a, b); };
  n.nb_multiply = [](PyObject* a, PyObject* b) { return binary<mul>("mul", a, b); };
  n.nb_true_divide = [](PyObject* a, PyObject* b) { return binary<div>("div", a, b); };
  n.nb_floor_divide = [](PyObject* a, PyObject* b) { return binary<floor_divide>("floor_divide", a, b); };
  n.nb_remainder = [](PyObject* a, PyObject* b) { return binary<remainder>("remainder", a, b); };
  n.nb_power = power_slot;
  n.nb_matrix_multiply = matmul_slot;
  n.nb_and = [](PyObject* a, PyObject* b) { return binary<bitwise_and>("bitwise_and", a, b); };
  n.nb_or = [](PyObject* a, PyObject* b) { return binary<bitwise_or>("bitwise_or", a, b); };
  n.nb_xor = [](PyObject* a, PyObject* b) { return binary<bitwise_xor>("bitwise_xor", a, b); };
  n.nb_lshift = [](PyObject* a, PyObject* b) { return binary<left_shift>("bitwise_left_shift", a, b); };
  n.nb_rshift = [](PyObject* a, PyObject* b) { return binary<right_shift>("bitwise_right_shift", a, b); };
  n.nb_inplace_add = [](PyObject* a, PyObject* b) { return inplace<add_>("add_", a, b); };
  n.nb_inplace_subtract = [](PyObject* a, PyObject* b) { return inplace<sub_>("sub_", a, b); };
  n.nb_inplace_multiply = [](PyObject* a, PyObject* b) { return inplace<mul_>("mul_", a, b); };
  n.nb_inplace_true_divide = [](PyObject* a, PyObject* b) { return inplace<div_>("div_", a, b); };
  n.nb_inplace_floor_divide = [](PyObject* a, PyObject* b) {
    return inplace<floor_divide_>("floor_divide_", a, b);
  };
  n.nb_inplace_remainder = [](PyObject* a, PyObject* b) { return inplace<remainder_>("remainder_", a, b); };
  n.nb_inplace_power = power_inplace;
  n.nb_inplace_and = [](PyObject* a, PyObject* b) { return inplace<bitwise_and_>("bitwise_and_", a, b); };
  n.nb_inplace_or = [](PyObject* a, PyObject* b) { return inplace<bitwise_or_>("bitwise_or_", a, b); };
  n.nb_inplace_xor = [](PyObject* a, PyObject* b) { return inplace<bitwise_xor_>("bitwise_xor_", a, b); };
  n.nb_inplace_lshift = [](PyObject* a, PyObject* b) {
    return inplace<left_shift_>("bitwise_left_shift_", a, b);
  };
  n.nb_inplace_rshift = [](PyObject* a, PyObject* b) {
    return inplace<right_shift_>("bitwise_right_shift_", a, b);
  };
  n.nb_negative = [](PyObject* a) { return unary<ops::neg>("neg", a); };
  n.nb_positive = [](PyObject* a) -> PyObject* {
    if (unwrap(a).dtype() == DType::Bool) {
      PyErr_SetString(PyExc_RuntimeError, "The `+` operator, on a bool tensor is not supported.");
      return nullptr;
    }
    return Py_NewRef(a);
  };
  n.nb_absolute = [](PyObject* a) { return unary<ops::abs>("abs", a); };
  n.nb_invert = [](PyObject* a) { return unary<ops::bitwise_not>("bitwise_not", a); };
  return n;
}

} // namespace

PyNumberMethods tensor_number = make_number();

PyObject* tensor_compare(PyObject* a, PyObject* b, int op) {
  switch (op) {
  case Py_EQ:
    return binary<eq>("eq", a, b);
  case Py_NE:
    return binary<ne>("ne", a, b);
  case Py_LT:
    return binary<lt>("lt", a, b);
  case Py_LE:
    return binary<le>("le", a, b);
  case Py_GT:
    return binary<gt>("gt", a, b);
  default:
    return binary<ge>("ge", a, b);
  }
}

} // namespace torch::python

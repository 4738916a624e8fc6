// Python.h, with what newer or older versions of it spell otherwise. Include this, never Python.h itself.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#if PY_VERSION_HEX < 0x030A0000 // 3.9
inline PyObject* Py_NewRef(PyObject* o) {
  Py_INCREF(o);
  return o;
}
inline PyObject* Py_XNewRef(PyObject* o) {
  Py_XINCREF(o);
  return o;
}
inline int PyModule_AddObjectRef(PyObject* module, const char* name, PyObject* value) {
  // PyModule_AddObject takes the reference over only if it succeeds.
  if (PyModule_AddObject(module, name, Py_XNewRef(value)) == 0) return 0;
  Py_XDECREF(value);
  return -1;
}
// Static types without tp_new cannot be instantiated anyway.
constexpr unsigned long Py_TPFLAGS_DISALLOW_INSTANTIATION = 0;
#endif

#if PY_VERSION_HEX < 0x030D0000 // before 3.13
inline int Py_IsFinalizing() { return _Py_IsFinalizing(); }
inline Py_hash_t Py_HashPointer(const void* p) {
  return _Py_HashPointer(const_cast<void*>(p)); // const since 3.10 only
}
#endif

#include "core/dtype.h"

#include <algorithm>
#include <atomic>

namespace torch {

namespace {
struct Names {
  const char *own, *aten;
};
constexpr Names kNames[kNumDTypes] = {
    {"bool", "Bool"},
    {"uint8", "Byte"},
    {"uint16", "UInt16"},
    {"uint32", "UInt32"},
    {"uint64", "UInt64"},
    {"int8", "Char"},
    {"int16", "Short"},
    {"int32", "Int"},
    {"int64", "Long"},
    {"float16", "Half"},
    {"bfloat16", "BFloat16"},
    {"float32", "Float"},
    {"float64", "Double"},
    {"complex64", "ComplexFloat"},
    {"complex128", "ComplexDouble"},
    {"float8_e4m3fn", "Float8_e4m3fn"},
    {"float8_e5m2", "Float8_e5m2"},
    {"float8_e4m3fnuz", "Float8_e4m3fnuz"},
    {"float8_e5m2fnuz", "Float8_e5m2fnuz"},
    {"float8_e8m0fnu", "Float8_e8m0fnu"},
    {"float4_e2m1fn_x2", "Float4_e2m1fn_x2"},
    {"qint8", "QInt8"},
    {"quint8", "QUInt8"},
    {"qint32", "QInt32"},
    {"quint4x2", "QUInt4x2"},
    {"quint2x4", "QUInt2x4"},
    {"bits1x8", "Bits1x8"},
    {"bits2x4", "Bits2x4"},
    {"bits4x2", "Bits4x2"},
    {"bits8", "Bits8"},
    {"bits16", "Bits16"},
    {"uint1", "UInt1"},
    {"uint2", "UInt2"},
    {"uint3", "UInt3"},
    {"uint4", "UInt4"},
    {"uint5", "UInt5"},
    {"uint6", "UInt6"},
    {"uint7", "UInt7"},
    {"int1", "Int1"},
    {"int2", "Int2"},
    {"int3", "Int3"},
    {"int4", "Int4"},
    {"int5", "Int5"},
    {"int6", "Int6"},
    {"int7", "Int7"},
    {"complex32", "ComplexHalf"},
};
std::atomic<DType> g_default_dtype{DType::Float32};
} // namespace

const char* dtype_name(DType t) { return kNames[static_cast<int>(t)].own; }
const char* dtype_aten_name(DType t) { return kNames[static_cast<int>(t)].aten; }

DType promote(DType a, DType b) {
  if (a == b) return a;
  if (std::max(a, b) > DType::Complex128) [[unlikely]] {
    const bool floats = is_low_precision(a) || is_low_precision(b);
    check(!floats, "Promotion for Float8 Types is not supported, attempted to promote ", dtype_aten_name(a),
          " and ", dtype_aten_name(b));
    check(false, "Promotion from ", dtype_aten_name(a), " and ", dtype_aten_name(b), " is unsupported.");
  }
  if (a > b) std::swap(a, b);
  if (a != DType::Bool && !is_signed(a) && is_integral(b) && is_signed(b)) { // the next wider signed type
    check(a != DType::UInt64,
          "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote ",
          dtype_aten_name(a), " and ", dtype_aten_name(b), ": no integer type holds the values of both");
    const DType wider = static_cast<DType>(static_cast<int>(a) + 1 + static_cast<int>(DType::Int8) -
                                           static_cast<int>(DType::UInt8));
    return std::max(wider, b);
  }
  if (a == DType::Float16 && b == DType::BFloat16) return DType::Float32;
  if (a == DType::Float64 && b == DType::Complex64) return DType::Complex128;
  return b; // the enum is ordered so that otherwise the later type holds the earlier
}

bool can_cast(DType from, DType to) {
  const auto has_imaginary_part = [](DType t) { return is_complex(t) || t == DType::Complex32; };
  if (has_imaginary_part(from) && !has_imaginary_part(to)) return false;
  if (is_floating(from) && is_integral(to, true)) return false;
  return from == DType::Bool || to != DType::Bool;
}

DType default_dtype() { return g_default_dtype.load(std::memory_order_relaxed); }
void set_default_dtype(DType t) {
  check_type(is_floating(t), "only floating-point types are supported as the default type, got ", t);
  check_type(!is_low_precision(t), "a default type has arithmetic, which ", t, " does not");
  g_default_dtype.store(t, std::memory_order_relaxed);
}

void fail_dtype(const char* op, DType t) {
  fail(ErrorKind::NotImplemented,
       concat('"', op, "\" not implemented for '", dtype_aten_name(t), "' (", t, ")"));
}

} // namespace torch

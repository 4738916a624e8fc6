#include "kernels/cuda/types.h"

namespace torch::cuda {

namespace {
struct TypeName {
  const char* name;
  const char* code;
};
constexpr TypeName kNames[kStored] = {{"b8", "bool"},      {"u8", "uint8_t"},      {"u16", "uint16_t"},
                                      {"u32", "uint32_t"}, {"u64", "uint64_t"},    {"i8", "int8_t"},
                                      {"i16", "int16_t"},  {"i32", "int32_t"},     {"i64", "int64_t"},
                                      {"f16", "Half"},     {"bf16", "BFloat16"},   {"f32", "float"},
                                      {"f64", "double"},   {"c64", "Cplx<float>"}, {"c128", "Cplx<double>"}};
} // namespace

const char* type_name(DType t) { return kNames[static_cast<int>(t)].name; }

std::string_view type_code(std::string_view name) {
  for (const TypeName& t : kNames)
    if (name == t.name) return t.code;
  TORCH_ASSERT(name == "any");
  return "AnyType";
}

std::string source_of(const Family& family, std::string_view name) {
  const size_t second = name.rfind('_'), first = name.rfind('_', second - 1);
  std::string source =
      concat("#include \"kernels/cuda/device/", family.header, ".h\"\nTORCH_", family.macro, "(", name, ", ",
             name.substr(0, first), ", ", type_code(name.substr(first + 1, second - first - 1)));
  if (!family.of_any) source += concat(", ", type_code(name.substr(second + 1)));
  return source + ")\n";
}

void refuse_unusual(const char* op, DType t) {
  if (is_low_precision(t) || is_opaque(t)) fail_dtype(op, t);
}

DType moved_as(DType t) {
  switch (item_size(t)) {
  case 1:
    return DType::UInt8;
  case 2:
    return DType::Int16;
  case 4:
    return DType::Int32;
  case 8:
    return DType::Int64;
  default:
    return DType::Complex128;
  }
}

} // namespace torch::cuda

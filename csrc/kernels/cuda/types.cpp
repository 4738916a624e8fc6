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

NameParts parts_of(std::string_view kernel) {
  const size_t second = kernel.rfind('_'), first = kernel.rfind('_', second - 1);
  return {kernel.substr(0, first), kernel.substr(first + 1, second - first - 1), kernel.substr(second + 1)};
}

} // namespace torch::cuda

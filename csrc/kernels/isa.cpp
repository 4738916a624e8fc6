// Which of the compiled kernel tables this process uses: the best the processor has, or what TORCH_CPU_ISA
// names.
#include "kernels/low_precision.h"
#include "kernels/unsigned.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

// The tables are const objects in the sealed objects of each instruction set; cmake/Kernels.cmake says which
// exist.
extern "C" {
extern const torch::KernelTable torch_kernel_table_isa_v2;
extern const torch::KernelTable torch_kernel_table_isa_avx2;
extern const torch::KernelTable torch_kernel_table_isa_avx512;
extern const torch::KernelTable torch_kernel_table_isa_neon;
}

namespace torch {
namespace {

struct Isa {
  const char* name;
  bool supported; // by this processor and system
  const KernelTable* table;
};

// Best first.
const Isa isas[] = {
#ifdef TORCH_HAVE_ISA_AVX512
    {"avx512", bool(__builtin_cpu_supports("x86-64-v4")), &torch_kernel_table_isa_avx512},
#endif
#ifdef TORCH_HAVE_ISA_AVX2
    {"avx2", bool(__builtin_cpu_supports("x86-64-v3")), &torch_kernel_table_isa_avx2},
#endif
#ifdef TORCH_HAVE_ISA_V2
    {"v2", bool(__builtin_cpu_supports("x86-64-v2")), &torch_kernel_table_isa_v2},
#endif
#ifdef TORCH_HAVE_ISA_NEON
    {"neon", true, &torch_kernel_table_isa_neon},
#endif
};

// Runs while the library is loaded, where an exception could not be caught: complaints go to stderr.
const Isa& choose() {
  const char* const wanted = std::getenv("TORCH_CPU_ISA");
  if (wanted && *wanted) {
    for (const Isa& isa : isas)
      if (isa.supported && std::strcmp(isa.name, wanted) == 0) return isa;
    std::fprintf(stderr, "torch: TORCH_CPU_ISA=%s is ignored: this build and processor have", wanted);
    for (const Isa& isa : isas)
      if (isa.supported) std::fprintf(stderr, " %s", isa.name);
    std::fprintf(stderr, "\n");
  }
  for (const Isa& isa : isas)
    if (isa.supported) return isa;
  std::fprintf(stderr, "torch: this build has no kernels for this processor; its weakest are %s\n",
               std::end(isas)[-1].name);
  std::abort();
}

const Isa& chosen = choose();
const KernelTable with_unsigned = with_wide_unsigned(*chosen.table);
const KernelTable table = with_low_precision(with_unsigned);

} // namespace

const KernelTable& cpu_kernels() { return table; }
const char* cpu_isa_name() { return chosen.name; }

} // namespace torch

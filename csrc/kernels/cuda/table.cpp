#include "kernels/cuda/table.h"

namespace torch::cuda {

namespace {

struct Named {
  char text[48];
  template <size_t kSize> consteval Named(const char (&name)[kSize]) : text{} {
    static_assert(kSize <= sizeof text);
    for (size_t i = 0; i < kSize; ++i) text[i] = name[i];
  }
};
template <auto kMember, Named kName> struct Missing;
template <class R, class... Args, R (*KernelTable::*kMember)(Args...), Named kName>
struct Missing<kMember, kName> {
  static R call(Args...) {
    not_implemented(kName.text,
                    ": there is no CUDA kernel for it yet; move the operands to the CPU for this step "
                    "with .cpu()");
  }
};

KernelTable make_table() {
  KernelTable t;
#define TORCH_MISSING(name) t.name = Missing<&KernelTable::name, #name>::call;
  TORCH_KERNELS(TORCH_MISSING)
#undef TORCH_MISSING
#define TORCH_PRESENT(name) t.name = name;
  TORCH_CUDA_KERNELS(TORCH_PRESENT)
#undef TORCH_PRESENT
  return t;
}

} // namespace

const KernelTable& kernel_table() {
  static const KernelTable table = make_table();
  return table;
}

} // namespace torch::cuda

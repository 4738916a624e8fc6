#include "ops/infer/infer.h"

namespace torch::infer {

Metas2 frexp(const Tensor& self) {
  check(self.is_floating_point(), "torch.frexp() only supports floating-point dtypes");
  return {TensorMeta{self.sizes(), self.dtype(), self.device()},
          TensorMeta{self.sizes(), DType::Int32, self.device()}};
}

} // namespace torch::infer

#include "ops/infer/infer.h"

namespace torch::infer {

namespace {

void check_dtypes(const char* op, const Tensor& a, const Tensor& b) {
  check(a.dtype() == b.dtype(), op,
        ": expected m1 and m2 to have the same dtype, but got: ", dtype_name(a.dtype()),
        " != ", dtype_name(b.dtype()), ": convert one with .to(dtype)");
  check_kind(ErrorKind::NotImplemented, a.dtype() != DType::Bool, '"', op, "\" not implemented for 'Bool'");
}

std::string shape_pair(const Tensor& a, const Tensor& b) {
  return concat(a.sizes()[0], "x", a.sizes()[1], " and ", b.sizes()[0], "x", b.sizes()[1]);
}

// self of addmm and its kin broadcasts to the result.
void check_expands(const char* op, const Tensor& self, IntSpan sizes) {
  bool ok = self.dim() <= static_cast<int64_t>(sizes.size());
  for (int64_t i = 0; ok && i < self.dim(); ++i) {
    const int64_t s = self.sizes()[self.dim() - 1 - i];
    ok = s == 1 || s == sizes[sizes.size() - 1 - i];
  }
  check(ok, op, ": The expanded size of the tensor must match: input of shape ", self.sizes(),
        " does not broadcast to the result's shape ", sizes);
}

} // namespace

TensorMeta mm(const Tensor& self, const Tensor& mat2) {
  check(self.dim() == 2, "self must be a matrix, got shape ", self.sizes(), ": matmul takes batches too");
  check(mat2.dim() == 2, "mat2 must be a matrix, got shape ", mat2.sizes(), ": matmul takes batches too");
  if (self.sizes()[1] != mat2.sizes()[0]) [[unlikely]]
    fail(ErrorKind::Runtime,
         concat("mat1 and mat2 shapes cannot be multiplied (", shape_pair(self, mat2), "): the first has ",
                self.sizes()[1], " columns, the second ", mat2.sizes()[0], " rows"));
  check_dtypes("mm", self, mat2);
  return {{self.sizes()[0], mat2.sizes()[1]}, self.dtype(), self.device()};
}

TensorMeta bmm(const Tensor& self, const Tensor& mat2) {
  check(self.dim() == 3, "batch1 must be a 3D tensor, got shape ", self.sizes(), ": matmul takes any");
  check(mat2.dim() == 3, "batch2 must be a 3D tensor, got shape ", mat2.sizes(), ": matmul takes any");
  const auto& a = self.sizes();
  const auto& b = mat2.sizes();
  check(a[0] == b[0] && a[2] == b[1], "Expected size for first two dimensions of batch2 tensor to be: [",
        a[0], ", ", a[2], "] but got: [", b[0], ", ", b[1], "].");
  check_dtypes("bmm", self, mat2);
  return {{a[0], a[1], b[2]}, self.dtype(), self.device()};
}

TensorMeta addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2) {
  check(mat1.dim() == 2 && mat2.dim() == 2, "addmm: mat1 and mat2 must be matrices, got shapes ",
        mat1.sizes(), " and ", mat2.sizes());
  TensorMeta meta = mm(mat1, mat2);
  check(self.dtype() == mat1.dtype(), "addmm: self and mat2 must have the same dtype, but got ",
        dtype_aten_name(self.dtype()), " and ", dtype_aten_name(mat2.dtype()));
  check_expands("addmm", self, meta.sizes);
  return meta;
}

TensorMeta baddbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2) {
  check_index(batch1.dim() > 1 && batch2.dim() > 2,
              "baddbmm: batch1 and batch2 must be 3D tensors, got shapes ", batch1.sizes(), " and ",
              batch2.sizes());
  TensorMeta meta = bmm(batch1, batch2);
  check(self.dtype() == batch1.dtype(), "Input dtypes must be the same, got: input ",
        dtype_name(self.dtype()), ", batch1: ", dtype_name(batch1.dtype()),
        ", batch2: ", dtype_name(batch2.dtype()));
  check_expands("baddbmm", self, meta.sizes);
  return meta;
}

TensorMeta mv(const Tensor& self, const Tensor& vec) {
  check_index(self.dim() > 0, "mv: expected a matrix, got a tensor without dimensions");
  check(self.dim() == 2 && vec.dim() == 1, "vector + matrix @ vector expected, got ", vec.dim(), ", ",
        self.dim(), ", ", vec.dim());
  check(self.sizes()[1] == vec.sizes()[0], "size mismatch, got input (", self.sizes()[0], "), mat (",
        self.sizes()[0], "x", self.sizes()[1], "), vec (", vec.sizes()[0],
        "): the vector needs as many elements as the matrix has columns");
  check_dtypes("mv", self, vec);
  return {{self.sizes()[0]}, self.dtype(), self.device()};
}

TensorMeta addmv(const Tensor& self, const Tensor& mat, const Tensor& vec) {
  TensorMeta meta = mv(mat, vec);
  check(self.dtype() == mat.dtype(), "addmv input tensors must have the same dtype, but got ",
        dtype_aten_name(self.dtype()), ", ", dtype_aten_name(mat.dtype()), ", and ",
        dtype_aten_name(vec.dtype()));
  check_expands("addmv", self, meta.sizes);
  return meta;
}

TensorMeta dot(const Tensor& self, const Tensor& other) {
  check(self.dim() == 1 && other.dim() == 1, "1D tensors expected, but got ", self.dim(), "D and ",
        other.dim(), "D tensors");
  check(self.dtype() == other.dtype(), "dot : expected both vectors to have same dtype, but found ",
        dtype_aten_name(self.dtype()), " and ", dtype_aten_name(other.dtype()));
  check(self.numel() == other.numel(), "inconsistent tensor size, expected tensor [", self.numel(),
        "] and src [", other.numel(), "] to have the same number of elements, but got ", self.numel(),
        " and ", other.numel(), " elements respectively");
  check_dtypes("dot", self, other);
  return {{}, self.dtype(), self.device()};
}

TensorMeta linear(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  check(input.dim() >= 1 && weight.dim() >= 1,
        "both arguments to linear need to be at least 1D, but they are ", input.dim(), "D and ", weight.dim(),
        "D");
  check(weight.dim() <= 2, "linear: weight must be a matrix or a vector, got shape ", weight.sizes());
  const bool vector = weight.dim() == 1; // one feature, whose dimension the result leaves out
  const int64_t in = weight.sizes().back(), out = vector ? 1 : weight.sizes()[0];
  if (input.sizes().back() != in) [[unlikely]] {
    const int64_t rows = input.numel() / std::max<int64_t>(input.sizes().back(), 1);
    fail(ErrorKind::Runtime,
         concat("mat1 and mat2 shapes cannot be multiplied (", rows, "x", input.sizes().back(), " and ", in,
                "x", out, "): weight ", weight.sizes(), " expects an input whose last dimension is ", in,
                ", got input of shape ", input.sizes()));
  }
  if (input.dtype() != weight.dtype()) [[unlikely]] {
    std::string text =
        concat("mat1 and mat2 must have the same dtype, but got ", dtype_aten_name(input.dtype()), " and ",
               dtype_aten_name(weight.dtype()), " (input and weight): convert the input with .to(torch.",
               dtype_name(weight.dtype()), ")");
    if (is_floating(input.dtype()))
      text += concat(", or the module with .to(torch.", dtype_name(input.dtype()), ")");
    fail(ErrorKind::Runtime, std::move(text));
  }
  check_dtypes("linear", input, weight);
  if (bias.defined()) {
    check(bias.dtype() == input.dtype(), "linear: self and mat2 must have the same dtype, but bias is ",
          dtype_aten_name(bias.dtype()), " and input ", dtype_aten_name(input.dtype()));
    check(bias.dim() <= (vector ? 0 : 1) && (bias.numel() == 1 || bias.numel() == out),
          "linear: bias of shape ", bias.sizes(), " does not fit weight of shape ", weight.sizes());
  }
  DimVec sizes = input.sizes();
  if (vector)
    sizes.erase(sizes.size() - 1);
  else
    sizes.back() = out;
  return {sizes, input.dtype(), input.device()};
}

} // namespace torch::infer

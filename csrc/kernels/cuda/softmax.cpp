// softmax and log_softmax and their gradients: how lines are shared.
#include "kernels/cuda/lines.h"
#include "kernels/cuda/table.h"
#include "kernels/cuda/walk.h"

namespace torch::cuda {

namespace {

constexpr Family kSoftmax{"softmax", "SOFTMAX"}, kSoftmaxGrad{"softmax", "SOFTMAX_GRAD"};

void run(const char* named, const char* op, const Family& family, const Tensor& out, const Tensor& in,
         const Tensor* grad, int64_t dim) {
  if (!out.is_floating_point() || is_low_precision(out.dtype())) fail_dtype(named, out.dtype());
  if (out.numel() == 0) return;
  SoftmaxArgs args{};
  const Tensor* const operands[] = {&out, &in, grad ? grad : &in};
  const int64_t along = wrap_dim(dim, out.dim());
  std::vector<Dim> lines;
  args.shape.n = 1;
  for (int64_t d = out.dim(); d-- > 0;) {
    Dim each{out.size(d), {}};
    for (int k = 0; k < 3; ++k) each.strides[k] = operands[k]->stride(d) * operands[k]->itemsize();
    if (d == along) {
      args.shape.n = each.size;
      std::copy_n(each.strides, 3, args.step);
    } else {
      lines.push_back(each);
    }
  }
  args.shape.lines = out.numel() / args.shape.n;
  args.places = arrange(std::move(lines), 3);
  args.out = out.data();
  args.in = in.data();
  args.grad = operands[2]->data();
  for (int k = 0; k < 3; ++k) args.types[k] = operands[k]->dtype();
  const bool apart = args.step[1] > in.itemsize() && args.shape.lines > 1;
  share_lines(args.shape, !apart);
  const bool one_type = in.dtype() == out.dtype() && operands[2]->dtype() == out.dtype();
  const DType computed = computed_in(out.dtype() == DType::Float64 ? out.dtype() : in.dtype());
  launch(use(out.device().index),
         one_type ? find_kernel_for(family, op, computed, out.dtype())
                  : find_kernel(concat(op, "_", type_name(computed), "_any"), family),
         lines_grid(args.shape), &args);
}

} // namespace

void softmax(const Tensor& out, const Tensor& self, int64_t dim) {
  run("softmax", "Softmax", kSoftmax, out, self, nullptr, dim);
}
void log_softmax(const Tensor& out, const Tensor& self, int64_t dim) {
  run("log_softmax", "LogSoftmax", kSoftmax, out, self, nullptr, dim);
}
void softmax_backward(const Tensor& out, const Tensor& grad_output, const Tensor& output, int64_t dim) {
  run("softmax_backward", "SoftmaxGrad", kSoftmaxGrad, out, output, &grad_output, dim);
}
void log_softmax_backward(const Tensor& out, const Tensor& grad_output, const Tensor& output, int64_t dim) {
  run("log_softmax_backward", "LogSoftmaxGrad", kSoftmaxGrad, out, output, &grad_output, dim);
}

} // namespace torch::cuda

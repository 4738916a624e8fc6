#include "autograd/accumulate_grad.h"

#include "autograd/engine.h"
#include "autograd/ops_used.h"

namespace torch::autograd {

AccumulateGrad::AccumulateGrad(const Tensor& leaf) : Node(NodeKind::Accumulate), variable_(leaf) {
  ensure_meta(leaf).accumulator = this;
  add_output(leaf);
}

void AccumulateGrad::forget() {
  if (!variable_.defined()) return;
  if (AutogradMeta* const m = meta_of(variable_); m && m->accumulator == this) m->accumulator = nullptr;
}

namespace {

// A gradient is laid out like its leaf where that is dense, else in C order, so that optimizers walk both
// alike.
bool layout_fits(const Tensor& grad, const Tensor& leaf) {
  return leaf.is_non_overlapping_and_dense() ? equal(grad.strides(), leaf.strides()) || grad.numel() <= 1
                                             : grad.is_contiguous();
}

Tensor laid_out_copy(const Tensor& grad, const Tensor& leaf) {
  const DimVec strides =
      leaf.is_non_overlapping_and_dense() ? leaf.strides() : contiguous_strides(leaf.sizes());
  Tensor copy = empty_strided_tensor(grad.sizes(), strides, grad.dtype(), grad.device());
  used::copy_in_place(copy, grad);
  return copy;
}

} // namespace

void accumulate_into(const Tensor& leaf, Tensor incoming) {
  AutogradMeta& m = ensure_meta(leaf);
  if (!m.grad.defined()) {
    const bool recording = thread_state.grad_enabled;
    if (!recording && layout_fits(incoming, leaf) && sole_holder(incoming)) {
      m.grad = incoming.impl()->autograd || incoming.impl()->pyobj ? detach(incoming) : std::move(incoming);
    } else {
      Tensor copy = laid_out_copy(incoming, leaf);
      m.grad = recording ? std::move(copy) : detach(copy);
    }
    return;
  }
  if (thread_state.grad_enabled)
    m.grad = used::add(m.grad, incoming);
  else
    used::add_in_place(m.grad, incoming);
}

void AccumulateGrad::apply(std::span<Tensor> grads, std::span<Tensor>) {
  if (!grads[0].defined()) return;
  // The leaf may have stopped asking since the graph was made.
  if (!variable_.requires_grad()) return;
  accumulate_into(variable_, std::move(grads[0]));
  const AutogradMeta* const m = meta_of(variable_);
  if (m->hooks && m->hooks->after_accumulate) m->hooks->after_accumulate->run(variable_);
}

} // namespace torch::autograd

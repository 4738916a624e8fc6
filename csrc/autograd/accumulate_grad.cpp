#include "autograd/accumulate_grad.h"

#include "autograd/engine.h"
#include "autograd/ops_used.h"
#include "core/sparse.h"
#include "core/threads.h"

#include <mutex>
#include <new>
#include <pthread.h>

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
  if (is_sparse(grad)) return true;
  return leaf.is_non_overlapping_and_dense() ? equal(grad.strides(), leaf.strides()) || grad.numel() <= 1
                                             : grad.is_contiguous();
}

Tensor laid_out_copy(const Tensor& grad, const Tensor& leaf) {
  if (is_sparse(grad)) return used::contiguous_clone(grad);
  const DimVec strides =
      leaf.is_non_overlapping_and_dense() ? DimVec(leaf.strides()) : contiguous_strides(leaf.sizes());
  Tensor copy = empty_strided_tensor(grad.sizes(), strides, grad.dtype(), grad.device());
  used::copy_in_place(copy, grad);
  return copy;
}

// Threads that train one set of parameters add to the same .grad; a kernel may let another thread in halfway.
// One of a few locks serves each leaf. Who has to wait lets the interpreter go meanwhile: the holder may need
// it.
class LeafLock {
public:
  explicit LeafLock(const TensorImpl* leaf)
      : mutex_(mutexes_[(reinterpret_cast<uintptr_t>(leaf) >> 6) % kCount]) {
    if (mutex_.try_lock()) return;
    const LongWork released(INT64_MAX);
    mutex_.lock();
  }
  ~LeafLock() { mutex_.unlock(); }
  LeafLock(const LeafLock&) = delete;
  LeafLock& operator=(const LeafLock&) = delete;

  // A forked child has none of the threads that hold them, and fork cannot wait for these: see above.
  static void renew() {
    for (std::recursive_mutex& m : mutexes_) new (&m) std::recursive_mutex;
  }

private:
  static constexpr size_t kCount = 64;
  static std::recursive_mutex mutexes_[kCount]; // an interposed add may itself run a backward
  std::recursive_mutex& mutex_;
};
std::recursive_mutex LeafLock::mutexes_[LeafLock::kCount];
[[maybe_unused]] const int registered_for_fork = pthread_atfork(nullptr, nullptr, LeafLock::renew);

} // namespace

void accumulate_into(const Tensor& leaf, Tensor incoming) {
  const LeafLock lock(leaf.impl());
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
  if (thread_state.grad_enabled || (is_sparse(m.grad) && !is_sparse(incoming)))
    m.grad = used::sum(m.grad, incoming);
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

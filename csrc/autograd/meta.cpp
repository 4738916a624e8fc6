#include "autograd/meta.h"

#include "autograd/accumulate_grad.h"
#include "autograd/ops_used.h"
#include "core/sparse.h"

#include <algorithm>

namespace torch::autograd {

namespace {

void forget_retained(const Ref<Node>& node, AutogradMeta* m) {
  if (!node || !node->extras) return;
  std::erase_if(node->extras->retains, [m](const NodeExtras::Retain& r) { return r.tensor == m; });
}

// .grad of a tensor that has none.
const Tensor& no_tensor() {
  static const Tensor none;
  return none;
}

} // namespace

AutogradMeta::~AutogradMeta() {
  if (retains_grad) forget_retained(grad_fn, this);
}

AutogradMeta& ensure_meta(const Tensor& t) {
  TensorImpl* const impl = t.impl();
  if (!impl->autograd) impl->autograd.reset(new AutogradMeta(impl));
  return *meta_of(t);
}

void set_grad_fn(const Tensor& t, AutogradMeta& m, const Ref<Node>& node, uint32_t slot) {
  if (m.retains_grad) [[unlikely]] {
    forget_retained(m.grad_fn, &m);
    node->ensure_extras().retains.push_back({slot, &m});
  }
  m.grad_fn = node;
  m.slot = slot;
  t.impl()->flags |= kRequiresGrad;
}

bool sole_holder(const Tensor& t) {
  const TensorImpl* const impl = t.impl();
  if (impl->use_count() != 1 || (impl->pyobj && !(impl->flags & kOwnsPyObject))) return false;
  const StorageImpl* const storage = impl->storage.get();
  if (storage->pyobj() || !(storage->owns_memory() || is_sparse(t)) || !storage->writable()) return false;
  if (!is_view(t)) return storage->use_count() == 1;
  const TensorImpl* const root = meta_of(t)->base.impl();
  return root->use_count() == 1 && !root->pyobj && storage->use_count() == 2;
}

Ref<Node> accumulator_of(const Tensor& t) {
  AutogradMeta& m = ensure_meta(t);
  if (m.leaf_edge) return m.leaf_edge;
  if (m.accumulator) {
    // A leaf may have been given other data since.
    const GradMetadata& known = m.accumulator->inputs()[0];
    if (equal(known.sizes, t.sizes()) && known.dtype == t.dtype() && known.device == t.device())
      return Ref<Node>(m.accumulator);
  }
  return Ref<Node>(new AccumulateGrad(t));
}

Edge edge_of(const Tensor& t) {
  if (!t.defined()) return {};
  AutogradMeta* const m = meta_of(t);
  if (!m) return {};
  if (is_view(t)) refresh_view(t, *m);
  if (m->grad_fn) return {m->grad_fn, m->slot};
  if (t.impl()->flags & kRequiresGrad) return {accumulator_of(t), 0};
  return {};
}

void set_history(const Tensor& result, const Ref<Node>& node) {
  const uint32_t slot = node->add_output(result);
  if (!result.defined() || !is_differentiable(result.dtype())) return;
  set_grad_fn(result, ensure_meta(result), node, slot);
}

Ref<Node> grad_fn_of(const Tensor& t) {
  AutogradMeta* const m = meta_of(t);
  if (!m) return {};
  if (is_view(t)) refresh_view(t, *m);
  return m->grad_fn;
}

const Tensor& grad_of(const Tensor& t) {
  AutogradMeta* const m = meta_of(t);
  return m ? m->grad : no_tensor();
}

void set_grad(const Tensor& t, Tensor grad) {
  if (!grad.defined() && !t.impl()->autograd) return;
  ensure_meta(t).grad = std::move(grad);
}

bool is_leaf(const Tensor& t) {
  AutogradMeta* const m = meta_of(t);
  if (!m) return true;
  if (is_view(t)) refresh_view(t, *m);
  return !m->grad_fn;
}

void set_requires_grad(const Tensor& t, bool value) {
  if (!is_leaf(t)) {
    check(value && t.requires_grad(), "you can only change requires_grad flags of leaf variables.",
          value ? ""
                : " If you want to use a computed variable in a subgraph that doesn't require "
                  "differentiation use "
                  "var_no_grad = var.detach().");
    return;
  }
  TensorImpl* const impl = t.impl();
  if (!value) {
    impl->flags &= ~static_cast<uint32_t>(kRequiresGrad);
    return;
  }
  check(is_differentiable(t.dtype()),
        "only Tensors of floating point and complex dtype can require gradients, not ", t.dtype());
  check(!(impl->flags & kInference) || thread_state.inference_mode,
        "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.");
  ensure_meta(t);
  impl->flags |= kRequiresGrad;
}

void retain_grad(const Tensor& t) {
  check(t.requires_grad(), "can't retain_grad on Tensor that has requires_grad=False");
  if (is_leaf(t)) return; // a leaf keeps its gradient anyway
  AutogradMeta& m = *meta_of(t);
  if (m.retains_grad) return;
  m.retains_grad = true;
  m.grad_fn->ensure_extras().retains.push_back({m.slot, &m});
}

Tensor base_of(const Tensor& t) { return is_view(t) ? meta_of(t)->base : Tensor(); }

uint32_t output_nr_of(const Tensor& t) {
  AutogradMeta* const m = meta_of(t);
  if (!m) return 0;
  if (is_view(t)) refresh_view(t, *m);
  return m->slot;
}

Tensor detach(const Tensor& t) {
  Tensor result = alias(t);
  if (!(t.impl()->flags & kInference)) result.impl()->flags &= ~static_cast<uint32_t>(kInference);
  return result;
}

Tensor detach_version(const Tensor& t) {
  Tensor result = detach(t);
  TensorImpl* const impl = result.impl();
  impl->version.reset();
  return result;
}

void detach_inplace(const Tensor& t) {
  check(!is_view(t),
        "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel "
        "(DDP) for training, and gradient_as_bucket_view is set as True, gradients are views of DDP "
        "buckets, and hence detach_() cannot be called on these gradients.");
  AutogradMeta* const m = meta_of(t);
  if (m) {
    if (m->retains_grad) forget_retained(m->grad_fn, m);
    m->retains_grad = false;
    m->grad_fn.reset();
    m->slot = 0;
  }
  t.impl()->flags &= ~static_cast<uint32_t>(kRequiresGrad);
}

void add_tensor_hook(const Tensor& t, std::unique_ptr<TensorHook> hook) {
  check(t.requires_grad(), "cannot register a hook on a tensor that doesn't require gradient");
  AutogradMeta& m = ensure_meta(t);
  if (Ref<Node> node = grad_fn_of(t)) {
    node->ensure_extras().tensor_hooks.push_back({m.slot, std::move(hook)});
    return;
  }
  if (!m.hooks) m.hooks = std::make_unique<LeafHooks>();
  m.hooks->tensor_hooks.push_back(std::move(hook));
}

void set_accumulate_hook(const Tensor& leaf, std::unique_ptr<AccumulateHook> hook) {
  check(leaf.requires_grad(), "cannot register a hook on a tensor that doesn't require gradient");
  check(is_leaf(leaf), "post accumulate grad hooks cannot be registered on non-leaf tensors");
  AutogradMeta& m = ensure_meta(leaf);
  if (!m.hooks) m.hooks = std::make_unique<LeafHooks>();
  m.hooks->after_accumulate = std::move(hook);
}

} // namespace torch::autograd

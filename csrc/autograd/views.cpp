#include "autograd/views.h"

#include "autograd/engine.h"
#include "autograd/ops_used.h"
#include "autograd/released.h"
#include "autograd/write_log.h"

#include <string>

namespace torch::autograd {

namespace {

// The ops by which a history is rebuilt are recorded whatever mode the caller is in, and interposed by
// nobody.
class RecordingScope {
public:
  RecordingScope() : previous_(thread_state) {
    thread_state.grad_enabled = true;
    thread_state.inference_mode = false;
    thread_state.interpreter_depth = 0;
  }
  ~RecordingScope() { thread_state = previous_; }
  RecordingScope(const RecordingScope&) = delete;
  RecordingScope& operator=(const RecordingScope&) = delete;

private:
  ThreadState previous_;
};

// A view that was made where no history could be kept is being written (direct), or its memory was (not
// direct).
[[noreturn, gnu::cold]] void fail_kind(const AutogradMeta& m, bool direct) {
  const char* const what =
      direct ? "is being modified inplace" : "its base or another view of its base has been modified inplace";
  std::string text;
  if (m.grad_fn)
    text = concat("Output ", m.slot, " of ", op_of(*m.grad_fn), " is a view and ", what, ". ");
  else if (m.view_kind == ViewKind::Inference)
    text = concat("A view was created in inference mode and ", what, " in normal mode. ");
  else
    text = concat("A view was created in no_grad mode and ", what, " with grad mode enabled. ");
  switch (m.view_kind) {
  case ViewKind::Several:
    text += "This view is the output of a function that returns multiple views. Such functions do not allow "
            "the output "
            "views to be modified inplace. You should replace the inplace operation by an out-of-place one.";
    break;
  case ViewKind::CustomFunction:
    text += "This view was created inside a custom Function (or because an input was returned as-is) and the "
            "autograd "
            "logic to handle view+inplace would override the custom backward associated with the custom "
            "Function, "
            "leading to incorrect gradients. This behavior is forbidden. You can fix this by cloning the "
            "output of "
            "the custom Function.";
    break;
  default: {
    const char* const mode = m.view_kind == ViewKind::Inference ? "inference_mode" : "no_grad";
    text += concat(
        "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code "
        "by moving both the view and the inplace either both inside the ",
        mode,
        " block (if you don't want the inplace to be tracked) or both outside (if you want the "
        "inplace to be tracked).");
  }
  }
  fail(ErrorKind::Runtime, std::move(text));
}

} // namespace

ViewGeometry view_geometry(const Tensor& view, const Tensor& root) {
  // The root's offset counted in elements of the view: only complex <-> real views change the element size.
  const int64_t bytes = view.offset() * view.itemsize() - root.offset() * root.itemsize();
  return {view.sizes(), view.strides(), bytes / view.itemsize(), view.dtype()};
}

Tensor replay_view(const Tensor& root, const ViewGeometry& g) {
  if (g.dtype == root.dtype()) return used::as_strided(root, g.sizes, g.strides, root.offset() + g.offset);
  if (is_complex(root.dtype())) { // view_as_real and what follows it
    const Tensor pairs = used::view_as_real(root);
    return used::as_strided(pairs, g.sizes, g.strides, pairs.offset() + g.offset);
  }
  // view_as_complex and what follows it: the same elements as pairs along a last dimension.
  DimVec sizes = g.sizes, strides = g.strides;
  for (int64_t& s : strides) s *= 2;
  sizes.push_back(2);
  strides.push_back(1);
  return used::view_as_complex(used::as_strided(root, sizes, strides, root.offset() + 2 * g.offset));
}

void set_view(const Tensor& view, const Tensor& base, ViewKind kind) {
  TensorImpl* const impl = view.impl();
  if (base.impl()->flags & kInference) return; // inference tensors have no history and no views of record
  impl->flags &= ~static_cast<uint32_t>(kInference);
  // The same bytes read as another kind of number are no view that a gradient could follow.
  if (view.dtype() != base.dtype() && !(is_complex(view.dtype()) != is_complex(base.dtype()) &&
                                        real_type(view.dtype()) == real_type(base.dtype())))
    return;
  AutogradMeta& m = ensure_meta(view);
  if (is_view(base)) {
    const AutogradMeta& b = *meta_of(base);
    m.base = b.base;
    m.view_kind = b.view_kind;
  } else {
    m.base = base;
  }
  if (thread_state.inference_mode)
    m.view_kind = ViewKind::Inference;
  else if (!thread_state.grad_enabled)
    m.view_kind = ViewKind::NoGrad;
  else if (kind != ViewKind::Normal)
    m.view_kind = kind;
  m.history_version = impl->version.value();
  impl->flags |= kIsView;
}

void refresh_view(const Tensor& t, AutogradMeta& m) {
  const uint32_t version = t.impl()->version.value();
  if (m.history_version == version) return;
  if (!m.base.requires_grad() || !is_differentiable(t.dtype())) return;
  if (m.view_kind != ViewKind::Normal) fail_kind(m, false);
  const RecordingScope scope;
  const Tensor again = replay_view(m.base, view_geometry(t, m.base));
  const AutogradMeta& fresh = *meta_of(again);
  m.history_version = version;
  set_grad_fn(t, m, fresh.grad_fn, fresh.slot);
}

void check_inplace(const Tensor& self, bool recording, const char* op) {
  TensorImpl* const impl = self.impl();
  check(!(impl->flags & kInference) || thread_state.inference_mode, op,
        ": Inplace update to inference tensor outside InferenceMode is not allowed. You can make a clone to "
        "get a "
        "normal tensor before doing inplace update.");
  write_log.note(*impl, op);
  if (!recording || !is_differentiable(impl->dtype)) return;
  if (impl->flags & kIsView) {
    AutogradMeta& m = *meta_of(self);
    if (m.view_kind != ViewKind::Normal) fail_kind(m, true);
    check(!(self.requires_grad() && is_leaf(m.base)), op,
          ": a view of a leaf Variable that requires grad is being used in an in-place operation. Change "
          "leaves, as "
          "parameters are, under torch.no_grad()");
  } else if ((impl->flags & kRequiresGrad) && is_leaf(self)) {
    fail(ErrorKind::Runtime,
         concat(
             op,
             ": a leaf Variable that requires grad is being used in an in-place operation. Change leaves, as "
             "parameters are, under torch.no_grad()"));
  }
}

void finish_inplace(const Tensor& self, const Ref<Node>& node) {
  TensorImpl* const impl = self.impl();
  if (!(impl->flags & kInference)) impl->version.bump();
  if (!node) return;
  const uint32_t slot = node->add_output(self);
  if (is_differentiable(impl->dtype)) rebase_history(self, node, slot, 0);
}

void finish_restride(const Tensor& self, const Ref<Node>& node) {
  TensorImpl* const impl = self.impl();
  if (!(impl->flags & kInference)) impl->version.bump();
  if (!node) return;
  const uint32_t slot = node->add_output(self);
  if (!is_differentiable(impl->dtype)) return;
  if (is_view(self))
    refresh_view(self, ensure_meta(self));
  else
    set_grad_fn(self, ensure_meta(self), node, slot);
}

void rebase_history(const Tensor& self, const Ref<Node>& node, uint32_t slot, size_t self_edge) {
  AutogradMeta& m = ensure_meta(self);
  if (!is_view(self)) {
    set_grad_fn(self, m, node, slot);
    return;
  }
  TORCH_ASSERT(slot == 0); // CopySlices knows nodes with one output
  Ref<Node> copy(new CopySlices(m.base, self, node, self_edge));
  const uint32_t root_slot = copy->add_output(m.base);
  set_grad_fn(m.base, ensure_meta(m.base), copy, root_slot);
  refresh_view(self, m);
}

CopySlices::CopySlices(const Tensor& root, const Tensor& view, Ref<Node> fn, size_t self_edge)
    : root_sizes_(root.sizes()), root_strides_(root.strides()), view_(view_geometry(view, root)),
      fn_(std::move(fn)), self_edge_(self_edge) {
  const InlineVec<Edge, 3>& inner = fn_->edges();
  edges().reserve(inner.size() + 1);
  edges().push_back(edge_of(root));
  for (size_t i = 0; i < inner.size(); ++i)
    if (i != self_edge_) edges().push_back(inner[i]);
}

void CopySlices::apply(std::span<Tensor> grads, std::span<Tensor> results) {
  if (!fn_) fail_released(name());
  // The gradient laid out as the root is, so that the view's geometry selects the same elements of it.
  const Tensor whole = empty_strided_tensor(root_sizes_, root_strides_, grads[0].dtype(), grads[0].device());
  used::copy_in_place(whole, grads[0]);
  const Tensor part = replay_view(whole, view_);
  InlineVec<Tensor, 2> inner_grads(1), inner(fn_->edges().size());
  inner_grads[0] = used::contiguous_clone(part); // the write below must not change what fn keeps
  {
    struct Skip { // what this walk does not want of us, it does not want of fn
      Node& fn;
      ~Skip() { fn.set_skipped(0); }
    } const skip{*fn_};
    if (self_edge_ == 0) fn_->set_skipped(skipped());
    fn_->apply(inner_grads, inner);
  }
  for (size_t i = 0, out = 1; i < inner.size(); ++i)
    if (i != self_edge_) results[out++] = std::move(inner[i]);
  if (!needs(0)) return;
  if (self_edge_ < inner.size() && inner[self_edge_].defined()) {
    Tensor& own = inner[self_edge_];
    fit_gradient(own, GradMetadata{part.sizes(), part.dtype(), part.device()}, fn_->name(), self_edge_);
    used::copy_in_place(part, own);
  } else {
    used::zero_in_place(part);
  }
  results[0] = whole;
}

void CopySlices::release_saved() {
  if (fn_) fn_->release_saved();
  fn_.reset();
}

} // namespace torch::autograd

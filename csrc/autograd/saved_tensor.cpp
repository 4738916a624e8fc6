#include "autograd/hooks.h"
#include "autograd/meta.h"
#include "autograd/node.h"
#include "autograd/released.h"
#include "autograd/write_log.h"

#include <string>

namespace torch::autograd {

void fail_released(const char* node) {
  fail(ErrorKind::Runtime,
       concat(
           "Trying to backward through the graph a second time (or directly access saved tensors after they "
           "have already been freed): what ",
           node,
           " had saved is gone, as .backward() and autograd.grad() free it. Specify retain_graph=True if you "
           "need to backward through the graph a second time, or compute the loss anew"));
}

PackedData::~PackedData() = default;
SavedTensorHooks::~SavedTensorHooks() = default;

// Whoever raises a version notes it first: else find() could meet the write of an older tensor in the same
// memory.
thread_local WriteLog write_log;

const char* WriteLog::find(const TensorImpl& t, uint32_t version) const {
  if (!entries_) return nullptr;
  for (uint32_t i = 0; i < entries_->size(); ++i) {
    const Entry& e = (*entries_)[(next_ - 1 - i) % entries_->size()];
    if (e.storage == t.storage.get() && e.version == version) return e.op;
  }
  return nullptr;
}

namespace {

thread_local SavedTensorHookStack hook_stack;

[[noreturn, gnu::cold]] void fail_stale(const Tensor& t, uint32_t expected, Node* owner, bool is_output,
                                        uint32_t slot) {
  std::string text =
      "one of the variables needed for gradient computation has been modified by an inplace operation: [";
  text += t.device().type == DeviceType::CUDA ? "torch.cuda." : "torch.";
  text += dtype_aten_name(t.dtype());
  text += "Tensor ";
  detail::append_ints(text, t.sizes());
  text += "]";
  // Where its gradient goes now: that is the op that wrote it, where the write was recorded.
  Ref<Node> now(is_output ? owner : nullptr);
  if (const AutogradMeta* const m = is_output ? nullptr : meta_of(t)) {
    now = m->grad_fn;
    slot = m->slot;
  }
  if (now) text += concat(", which is output ", slot, " of ", op_of(*now), ",");
  text += concat(" is at version ", t.impl()->version.value(), "; expected version ", expected, " instead.");
  if (owner) text += concat(" It was saved by ", owner->name());
  if (const char* const op = write_log.find(*t.impl(), expected + 1))
    text += concat(owner ? " and" : " It was", " then written by ", op);
  text += owner && owner->extras && owner->extras->anomaly
              ? ". Hint: the backtrace further above shows the operation that failed to compute its "
                "gradient. The "
                "variable in question was changed in there or anywhere later. Good luck!"
              : ". Hint: enable anomaly detection to find the operation that failed to compute its gradient, "
                "with "
                "torch.autograd.set_detect_anomaly(True, check_nan=False).";
  fail(ErrorKind::Runtime, std::move(text));
}

} // namespace

void push_saved_tensor_hooks(std::shared_ptr<SavedTensorHooks> hooks) {
  check(hook_stack.disabled.empty(), hook_stack.disabled);
  hook_stack.hooks.push_back(std::move(hooks));
}

void pop_saved_tensor_hooks() {
  TORCH_ASSERT(!hook_stack.hooks.empty());
  hook_stack.hooks.pop_back();
}

void disable_saved_tensor_hooks(std::string text) {
  check(text.empty() || hook_stack.hooks.empty(), text);
  hook_stack.disabled = std::move(text);
}

SavedTensorHookStack& saved_tensor_hook_stack() { return hook_stack; }

SavedTensor::SavedTensor() = default;
SavedTensor::SavedTensor(SavedTensor&&) noexcept = default;
SavedTensor& SavedTensor::operator=(SavedTensor&&) noexcept = default;
SavedTensor::~SavedTensor() = default;

SavedTensor::SavedTensor(const Tensor& t, bool is_output) {
  if (!t.defined()) return;
  const TensorImpl* const impl = t.impl();
  check(!(impl->flags & kInference),
        "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode "
        "in "
        "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor "
        "and use it "
        "in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`.");
  was_defined_ = true;
  version_ = impl->version.value();
  is_output_ = is_output;
  requires_grad_ = t.requires_grad();
  if (is_output_) {
    if (const AutogradMeta* const m = meta_of(t)) slot_ = m->slot;
    data_ = detach(t);
  } else {
    data_ = t;
  }
  if (!hook_stack.hooks.empty() && !t.is_wrapped_number()) [[unlikely]] {
    const std::shared_ptr<SavedTensorHooks> hooks = hook_stack.hooks.back();
    auto packed = std::make_unique<PackedTensor>();
    if (!is_output_) packed->edge = edge_of(t);
    {
      const NoGradGuard guard;
      packed->data = hooks->pack(data_);
    }
    packed_ = std::move(packed);
    data_.reset();
  }
}

namespace {
// The tensor whose history a write to t becomes.
const TensorImpl* history_root(const Tensor& t) { return is_view(t) ? meta_of(t)->base.impl() : t.impl(); }
} // namespace

SavedTensor SavedTensor::beside(const Tensor& t, const Tensor& written) {
  SavedTensor saved(t, false);
  if (saved.data_.defined() && history_root(t) == history_root(written)) {
    saved.data_ = detach(t);
    saved.is_written_ = t.is_same(written) && !is_view(t);
  }
  return saved;
}

Tensor SavedTensor::unpack(Node* owner) const {
  if (released_) [[unlikely]]
    fail_released(owner ? owner->name() : "the graph");
  if (!was_defined_) return {};
  if (packed_) {
    Tensor data = packed_->data->unpack();
    if (!requires_grad_ || !thread_state.grad_enabled) return data;
    // What comes back has no history of ours: an alias gets the place of the saved tensor in the graph.
    Tensor result = detach(data);
    if (is_output_) {
      set_grad_fn(result, ensure_meta(result), Ref<Node>(owner), slot_);
    } else if (packed_->edge && packed_->edge.node->kind() == NodeKind::Accumulate) {
      AutogradMeta& m = ensure_meta(result);
      m.leaf_edge = packed_->edge.node;
      result.impl()->flags |= kRequiresGrad;
    } else if (packed_->edge) {
      set_grad_fn(result, ensure_meta(result), packed_->edge.node, packed_->edge.slot);
    }
    return result;
  }
  if (data_.impl()->version.value() != version_) [[unlikely]]
    fail_stale(data_, version_, owner, is_output_ || is_written_, slot_);
  // Outside a recording nobody asks for the history of an output.
  if (!is_output_ || !requires_grad_ || !thread_state.grad_enabled) return data_;
  Tensor result = detach(data_);
  set_grad_fn(result, ensure_meta(result), Ref<Node>(owner), slot_);
  return result;
}

void SavedTensor::release() {
  released_ = true;
  data_.reset();
  packed_.reset();
}

} // namespace torch::autograd

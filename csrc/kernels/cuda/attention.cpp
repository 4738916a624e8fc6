// Attention and its gradients: what the kernels are told of the operands, and which of them it is.
#include "core/error.h"
#include "kernels/cuda/device/attention_args.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/lines.h"
#include "kernels/cuda/philox.h"
#include "kernels/cuda/table.h"

#include <cmath>

namespace torch::cuda {

namespace {

constexpr Family kPlain{"attention", "ATTENTION"}, kTensor{"attention_tensor", "ATTENTION_TENSOR"};

Heads heads_of(const Tensor& t) {
  const bool by_chunks = t.itemsize() == 2 && t.stride(3) == 1 && t.size(3) % 8 == 0 &&
                         t.stride(0) % 8 == 0 && t.stride(1) % 8 == 0 && t.stride(2) % 8 == 0 &&
                         reinterpret_cast<uintptr_t>(t.data()) % 16 == 0;
  return {t.data(), t.stride(0), t.stride(1), t.stride(2), t.stride(3), by_chunks};
}
Heads mask_of(const Tensor& mask) {
  const auto step = [&](int64_t d) { return mask.size(d) == 1 ? 0 : mask.stride(d); };
  return {mask.data(), step(0), step(1), step(2), step(3), 0};
}

AttentionArgs args_of(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& logsumexp,
                      const Tensor& mask, bool is_causal, std::optional<double> scale) {
  AttentionArgs args{};
  args.query = heads_of(query);
  args.key = heads_of(key);
  args.value = heads_of(value);
  args.lse = {logsumexp.data(), logsumexp.stride(0), logsumexp.stride(1), logsumexp.stride(2), 0, 0};
  if (mask.defined()) {
    args.mask = mask_of(mask);
    args.mask_type = mask.dtype();
  }
  args.batch = static_cast<int32_t>(query.size(0));
  args.heads = query.size(1);
  args.group = key.size(1) ? query.size(1) / key.size(1) : 1;
  args.queries = query.size(2);
  args.keys = key.size(2);
  args.width = query.size(3);
  args.value_width = value.size(3);
  // Products of no columns are 0, whatever the default scale of such a width is.
  args.scale = args.width == 0 ? 0 : scale.value_or(1 / std::sqrt(static_cast<double>(args.width)));
  args.keep = 1;
  args.type = query.dtype();
  args.causal = is_causal;
  return args;
}

bool by_tensor_cores(const AttentionArgs& args) {
  return item_size(args.type) == 2 && std::max(args.width, args.value_width) <= 128;
}
int64_t chunks_of(int64_t width) {
  return width == 0 ? 1 : (width + kAttentionColumns - 1) / kAttentionColumns;
}

// `length` rows are cut into tiles, for each of so many heads; `columns` into chunks where the kernel is
// plain.
void run(Gpu& gpu, const char* plain, const char* tensor, AttentionArgs& args, int64_t length, int64_t heads,
         int64_t columns) {
  const DType computed = computed_in(args.type);
  const bool fast = by_tensor_cores(args);
  const int64_t rows = fast ? kTensorRows : attention_tile(static_cast<int>(item_size(computed)));
  args.tiles = (length + rows - 1) / rows;
  const int64_t blocks = args.tiles * heads * args.batch;
  if (fast) {
    const char* const width = std::max(args.width, args.value_width) <= 64 ? "64" : "128";
    const Kernel kernel = find_kernel(concat(tensor, width, "_f32_", type_name(args.type)), kTensor);
    return launch(gpu, kernel, {blocks, kTensorThreads}, &args);
  }
  launch(gpu, find_kernel_for(kPlain, plain, computed, args.type),
         {blocks * chunks_of(columns), kAttentionThreads}, &args);
}

void forward(const Tensor& out, const Tensor& query, AttentionArgs& args) {
  if (query.numel() == 0 && out.numel() == 0 && args.queries * args.heads * args.batch == 0) return;
  args.out = heads_of(out);
  run(use(out.device().index), "Attention", "TensorAttention", args, args.queries, args.heads,
      args.value_width);
}

void backward(const Tensor& grad_query, const Tensor& grad_key, const Tensor& grad_value,
              const Tensor& grad_out, const Tensor& query, const Tensor& key, const Tensor& out,
              AttentionArgs& args) {
  Gpu& gpu = use(query.device().index);
  args.out = heads_of(out);
  args.grad = heads_of(grad_out);
  args.grad_query = heads_of(grad_query);
  args.grad_key = heads_of(grad_key);
  args.grad_value = heads_of(grad_value);
  const DType computed = computed_in(args.type);
  const int64_t lines = args.batch * args.heads * args.queries;
  const Tensor delta = empty_tensor(DimVec{lines}, computed, query.device());
  args.delta = delta.data();
  constexpr int64_t each = kAttentionThreads / 32;
  if (lines > 0)
    launch(gpu, find_kernel_for(kPlain, "AttentionDelta", computed, args.type),
           {(lines + each - 1) / each, kAttentionThreads}, &args);
  if (grad_query.numel() > 0)
    run(gpu, "AttentionGradQuery", "TensorGradQuery", args, args.queries, args.heads, args.width);
  if (grad_key.numel() > 0 || grad_value.numel() > 0)
    run(gpu, "AttentionGradKey", "TensorGradKey", args, args.keys, key.size(1),
        std::max(args.width, args.value_width));
}

} // namespace

void attention(const Tensor& out, const Tensor& logsumexp, const Tensor& query, const Tensor& key,
               const Tensor& value, bool is_causal, const Tensor& mask, std::optional<double> scale) {
  AttentionArgs args = args_of(query, key, value, logsumexp, mask, is_causal, scale);
  forward(out, query, args);
}
void attention_backward(const Tensor& grad_query, const Tensor& grad_key, const Tensor& grad_value,
                        const Tensor& grad_out, const Tensor& query, const Tensor& key, const Tensor& value,
                        const Tensor& out, const Tensor& logsumexp, bool is_causal, const Tensor& mask,
                        std::optional<double> scale) {
  AttentionArgs args = args_of(query, key, value, logsumexp, mask, is_causal, scale);
  backward(grad_query, grad_key, grad_value, grad_out, query, key, out, args);
}

// `states` are the seed and the offset of the generator: a weight's number depends on its place alone, so it
// is drawn again where it is needed.
void attention_with_dropout(const Tensor& out, const Tensor& logsumexp, const Tensor& states,
                            const Tensor& query, const Tensor& key, const Tensor& value, double dropout_p,
                            bool is_causal, const Tensor& mask, std::optional<double> scale) {
  AttentionArgs args = args_of(query, key, value, logsumexp, mask, is_causal, scale);
  args.keep = 1 - dropout_p;
  args.states = states.data<int64_t>();
  args.random = take_philox(use(out.device().index), static_cast<uint64_t>((args.keys + 3) / 4 * 4));
  if (out.numel() == 0 && logsumexp.numel() == 0) return fill(states, 0);
  forward(out, query, args);
}
void attention_with_dropout_backward(const Tensor& grad_query, const Tensor& grad_key,
                                     const Tensor& grad_value, const Tensor& grad_out, const Tensor& query,
                                     const Tensor& key, const Tensor& value, const Tensor& out,
                                     const Tensor& logsumexp, const Tensor& states, double dropout_p,
                                     bool is_causal, const Tensor& mask, std::optional<double> scale) {
  AttentionArgs args = args_of(query, key, value, logsumexp, mask, is_causal, scale);
  args.keep = 1 - dropout_p;
  args.states = states.data<int64_t>();
  args.random.captured = args.states;
  backward(grad_query, grad_key, grad_value, grad_out, query, key, out, args);
}
void attention_dropout_mask(const Tensor& out, const Tensor& states, double dropout_p) {
  if (out.numel() == 0) return;
  AttentionArgs args{};
  args.out = heads_of(out);
  args.batch = static_cast<int32_t>(out.size(0));
  args.heads = out.size(1);
  args.queries = out.size(2);
  args.keys = out.size(3);
  args.keep = 1 - dropout_p;
  args.states = states.data<int64_t>();
  args.random.captured = args.states;
  launch(use(out.device().index), find_kernel("AttentionKept_f32_any", kPlain),
         {(out.numel() + kAttentionThreads - 1) / kAttentionThreads, kAttentionThreads}, &args);
}

} // namespace torch::cuda

// Attention: the choice between the kernel that works block by block and products of whole matrices.
#include "ops/entry.h"

namespace torch::ops {

namespace {

constexpr double kMinusInf = -std::numeric_limits<double>::infinity();

double factor_of(const Tensor& query, std::optional<double> scale) {
  return scale.value_or(1.0 / std::sqrt(double(query.sizes().back())));
}

void check_attention(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask) {
  check(query.dtype() == key.dtype() && query.dtype() == value.dtype(),
        "Expected query, key, and value to have the same dtype, but got query.dtype: ", query.dtype(),
        " key.dtype: ", key.dtype(), " and value.dtype: ", value.dtype(), " instead.");
  check(query.dim() >= 2 && key.dim() >= 2 && value.dim() >= 2,
        "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: ", query.dim(),
        " key.dim: ", key.dim(), " and value.dim: ", value.dim(), " instead.");
  if (!mask.defined()) return;
  check(mask.dtype() == DType::Bool || mask.dtype() == query.dtype() || mask.dtype() == DType::Float32,
        "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: ",
        mask.dtype(), " and  query.dtype: ", query.dtype(), " instead.");
  check_index(mask.dim() >= 2, "attn_mask must have at least 2 dimensions, got shape ", mask.sizes());
}

// True where a query may see a key: not later ones.
Tensor causal(int64_t queries, int64_t keys, Device device) {
  return tril(ones({queries, keys}, DType::Bool, device));
}

// What is added to the scores (or, if bool, where they count); undefined if nothing.
Tensor joined_mask(const Tensor& mask, bool is_causal, int64_t queries, int64_t keys, Device device) {
  if (!is_causal) return mask;
  const Tensor lower = causal(queries, keys, device);
  if (!mask.defined()) return lower;
  return mask.dtype() == DType::Bool ? logical_and(mask, lower)
                                     : masked_fill(mask, logical_not(lower), kMinusInf);
}

// Softmax whose lines without any allowed key are zeros.
Tensor safe_softmax(const Tensor& scores) {
  const Tensor empty = logical_not(any(gt(scores, kMinusInf), {-1}, true));
  return masked_fill(_softmax(scores, -1, false), empty, 0);
}

Tensor masked_scores(const Tensor& query, const Tensor& key, const Tensor& mask, double factor) {
  const Tensor scores = matmul(query, transpose(key, -2, -1)) * Scalar(factor);
  if (!mask.defined()) return scores;
  if (mask.dtype() == DType::Bool) return masked_fill(scores, logical_not(mask), kMinusInf);
  return scores + (mask.dtype() == scores.dtype() ? mask : _to_copy(mask, scores.dtype()));
}

// The sizes before the last two, `rank` of them.
DimVec leading(const Tensor& t, int64_t rank) {
  DimVec sizes(size_t(rank), 1);
  for (int64_t i = 0; i < t.dim() - 2; ++i) sizes[rank - t.dim() + 2 + i] = t.sizes()[i];
  return sizes;
}

// t over the common leading sizes, those before the heads joined into one.
Tensor in_four_dims(const Tensor& t, const DimVec& lead) {
  DimVec sizes = lead;
  sizes.push_back(t.size(-2));
  sizes.push_back(t.size(-1));
  const Tensor full = torch::equal(t.sizes(), sizes) ? t : expand(t, sizes);
  if (full.dim() == 4) return full;
  int64_t batch = 1;
  for (size_t i = 0; i + 1 < lead.size(); ++i) batch *= lead[i];
  return reshape(full, {batch, lead.back(), t.size(-2), t.size(-1)});
}

} // namespace

std::tuple<Tensor, Tensor> _scaled_dot_product_attention_math(const Tensor& query, const Tensor& key,
                                                              const Tensor& value, const Tensor& attn_mask,
                                                              double dropout_p, bool is_causal,
                                                              const Tensor& dropout_mask,
                                                              std::optional<double> scale, bool enable_gqa) {
  Tensor k = key, v = value;
  if (enable_gqa) {
    const int64_t heads = query.size(-3);
    k = repeat_interleave(k, heads / k.size(-3), int64_t{-3}, std::nullopt);
    v = repeat_interleave(v, heads / v.size(-3), int64_t{-3}, std::nullopt);
  }
  const Tensor mask = joined_mask(attn_mask, is_causal, query.size(-2), k.size(-2), query.device());
  const Tensor scores = masked_scores(query, k, mask, factor_of(query, scale));
  const Tensor weights = mask.defined() ? safe_softmax(scores) : _softmax(scores, -1, false);
  Tensor kept = weights;
  if (dropout_mask.defined())
    kept = masked_fill(weights, logical_not(dropout_mask), 0) * Scalar(1.0 / (1.0 - dropout_p));
  else if (dropout_p != 0)
    kept = dropout(weights, dropout_p, true);
  return {matmul(kept, v), weights};
}

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const Tensor& attn_mask, double dropout_p, bool is_causal,
                                    std::optional<double> scale, bool enable_gqa) {
  check_attention(query, key, value, attn_mask);
  check(dropout_p >= 0 && dropout_p <= 1, "dropout probability has to be between 0 and 1, but got ",
        dropout_p);
  check(query.is_floating_point() || query.is_complex(), "expected scalar type Float but found ",
        dtype_aten_name(query.dtype()));
  if (enable_gqa) {
    const int64_t heads = query.size(-3), key_heads = key.size(-3), value_heads = value.size(-3);
    check(key_heads > 0 && value_heads > 0 && heads % key_heads == 0 && heads % value_heads == 0,
          "Number of heads in key and value must divide the number of heads in query, got ", key_heads, ", ",
          value_heads, " and ", heads);
  }
  // The kernels give the mask no gradient.
  const bool mask_wants_grad = attn_mask.defined() && autograd_wanted(attn_mask);
  if (!query.is_floating_point() || dropout_p == 1 || mask_wants_grad)
    return std::get<0>(_scaled_dot_product_attention_math(query, key, value, attn_mask, dropout_p, is_causal,
                                                          Tensor(), scale, enable_gqa));
  check(query.size(-1) == key.size(-1) && key.size(-2) == value.size(-2),
        "scaled_dot_product_attention: shapes of query ", query.sizes(), ", key ", key.sizes(), " and value ",
        value.sizes(), " do not fit");
  int64_t rank = 2;
  for (const Tensor* t : {&query, &key, &value, &attn_mask})
    if (t->defined()) rank = std::max(rank, t->dim() - 2);
  // Leading sizes of the result; grouped heads stay fewer in key and value.
  DimVec q = leading(query, rank), k = leading(key, rank), v = leading(value, rank);
  DimVec common = q;
  for (const DimVec* other : {&k, &v}) {
    DimVec sizes = *other;
    if (enable_gqa) sizes.back() = common.back();
    common = broadcast_sizes(common, sizes, "scaled_dot_product_attention");
  }
  DimVec of_keys = common;
  const bool grouped = enable_gqa && k.back() == v.back();
  if (grouped) of_keys.back() = k.back();
  const auto spread = [&](const Tensor& t, int64_t heads) {
    return enable_gqa && !grouped ? repeat_interleave(t, common.back() / heads, int64_t{-3}, std::nullopt)
                                  : t;
  };
  Tensor mask = attn_mask;
  if (mask.defined()) {
    DimVec sizes = common;
    sizes.push_back(query.size(-2));
    sizes.push_back(key.size(-2));
    mask = in_four_dims(expand(mask, sizes), common);
  }
  const Tensor q4 = in_four_dims(query, common), k4 = in_four_dims(spread(key, k.back()), of_keys),
               v4 = in_four_dims(spread(value, v.back()), of_keys);
  const Tensor out =
      dropout_p == 0
          ? std::get<0>(_scaled_dot_product_flash_attention_for_cpu(q4, k4, v4, 0.0, is_causal, mask, scale))
          : std::get<0>(_attention_with_dropout(q4, k4, v4, dropout_p, is_causal, mask, scale));
  // Back to the dimensions that came in.
  const int64_t dims =
      std::max({query.dim(), key.dim(), value.dim(), attn_mask.defined() ? attn_mask.dim() : 0});
  if (dims == 4) return out;
  DimVec sizes(common.span().last(size_t(dims - 2)));
  sizes.push_back(query.size(-2));
  sizes.push_back(value.size(-1));
  return reshape(out, sizes);
}

std::tuple<Tensor, Tensor, Tensor> attention_grad(const Tensor& grad, const Tensor& query, const Tensor& key,
                                                  const Tensor& value, const Tensor& out,
                                                  const Tensor& logsumexp, bool is_causal, const Tensor& mask,
                                                  std::optional<double> scale, double dropout_p,
                                                  const Tensor& states) {
  if (!thread_state.grad_enabled) {
    if (states.defined())
      return _attention_with_dropout_backward(grad, query, key, value, out, logsumexp, states, dropout_p,
                                              is_causal, mask, scale);
    return _scaled_dot_product_flash_attention_for_cpu_backward(grad, query, key, value, out, logsumexp, 0.0,
                                                                is_causal, mask, scale);
  }
  // Differentiable: the same by products of whole matrices.
  const double factor = factor_of(query, scale);
  const int64_t heads = query.sizes()[1], own = key.sizes()[1], group = own ? heads / own : 1;
  const auto spread = [&](const Tensor& t) {
    return group == 1 ? t : repeat_interleave(t, group, int64_t{1}, std::nullopt);
  };
  const auto gathered = [&](const Tensor& t) {
    if (group == 1) return t;
    return sum(reshape(t, {t.sizes()[0], own, group, t.sizes()[2], t.sizes()[3]}), {2});
  };
  const Tensor k = spread(key), v = spread(value);
  const Tensor both = joined_mask(mask, is_causal, query.size(-2), k.size(-2), query.device());
  const Tensor weights = safe_softmax(masked_scores(query, k, both, factor));
  const Tensor kept = states.defined()
                          ? _to_copy(_attention_dropout_mask(states, query, key, dropout_p), query.dtype()) *
                                Scalar(1 / (1 - dropout_p))
                          : Tensor();
  const auto dropped = [&](const Tensor& t) { return kept.defined() ? t * kept : t; };
  const Tensor grad_weights = dropped(matmul(grad, transpose(v, -2, -1)));
  const Tensor grad_scores =
      weights * (grad_weights - sum(grad_weights * weights, {-1}, true)) * Scalar(factor);
  return {matmul(grad_scores, k), gathered(matmul(transpose(grad_scores, -2, -1), query)),
          gathered(matmul(transpose(dropped(weights), -2, -1), grad))};
}

} // namespace torch::ops

#include "ops/infer/attention.h"

#include "core/mt19937.h"
#include "kernels/attention_blocks.h"

namespace torch::infer {

namespace {

// Sizes laid out in the order in which the dimensions of another tensor lie in memory.
TensorMeta ordered_like(const Tensor& model, DimVec sizes) {
  const DimVec strides = ordered_strides(sizes, std::array<DimVec, 1>{DimVec(model.strides())});
  return {std::move(sizes), model.dtype(), model.device(), strides};
}

} // namespace

Metas2 attention(const Tensor& query, const Tensor& key, const Tensor& value, double dropout_p,
                 const Tensor& mask) {
  check(dropout_p == 0, "scaled_dot_product_attention_flash_attention: Currently do not support dropout > 0");
  check(
      query.dim() == 4 && key.dim() == 4 && value.dim() == 4,
      "scaled_dot_product_attention_flash_attention: Accept only 4 dims inputs shape of {(B), H, T, K}, got ",
      query.sizes(), ", ", key.sizes(), " and ", value.sizes());
  check_kind(ErrorKind::NotImplemented, query.is_floating_point(),
             "\"scaled_dot_product_attention\" not implemented for '", dtype_aten_name(query.dtype()), "'");
  check(query.dtype() == key.dtype() && query.dtype() == value.dtype(),
        "scaled_dot_product_attention_flash_attention: Q/K/V should have the same data type");
  const DimVec &q = query.sizes(), &k = key.sizes(), &v = value.sizes();
  check(q[0] == k[0] && q[0] == v[0] && q[3] == k[3] && k[2] == v[2] && k[1] == v[1] &&
            (k[1] == q[1] || (k[1] > 0 && q[1] % k[1] == 0)),
        "scaled_dot_product_attention: shapes of query ", q, ", key ", k, " and value ", v, " do not fit");
  if (mask.defined()) {
    check(mask.dtype() == DType::Bool || mask.dtype() == DType::Float32 || mask.dtype() == query.dtype(),
          "scaled_dot_product_attention_flash_attention: Mask should be bool or float, or have the dtype of "
          "query");
    check(mask.dim() == 4 && (mask.sizes()[0] == q[0] || mask.sizes()[0] == 1) &&
              (mask.sizes()[1] == q[1] || mask.sizes()[1] == 1) &&
              (mask.sizes()[2] == q[2] || mask.sizes()[2] == 1) &&
              (mask.sizes()[3] == k[2] || mask.sizes()[3] == 1),
          "scaled_dot_product_attention: mask of shape ", mask.sizes(), " does not fit query ", q,
          " and key ", k);
  }
  const DType sums = query.dtype() == DType::Float64 ? DType::Float64 : DType::Float32;
  const DimVec sizes{q[0], q[1], q[2], v[3]};
  return {query.strides()[3] == 1 ? ordered_like(query, sizes)
                                  : TensorMeta{sizes, query.dtype(), query.device()},
          TensorMeta{{q[0], q[1], q[2]}, sums, query.device(), DimVec{q[1] * q[2], 1, q[1]}}};
}

Metas3 attention_backward(const Tensor& query, const Tensor& key, const Tensor& value) {
  return {ordered_like(query, query.sizes()), ordered_like(key, key.sizes()),
          ordered_like(value, value.sizes())};
}

Metas3 attention_with_dropout(const Tensor& query, const Tensor& key, const Tensor& value,
                              const Tensor& mask) {
  const Metas2 metas = attention(query, key, value, 0, mask);
  if (query.device().type == DeviceType::CUDA) // a seed and an offset
    return {metas[0], metas[1], TensorMeta{{2}, DType::Int64, query.device(), {}}};
  const int64_t length = query.sizes()[2], rows = attention_block(length);
  constexpr int64_t words = sizeof(Mt19937) / sizeof(int32_t);
  const DimVec states{query.sizes()[0] * query.sizes()[1] * ((length + rows - 1) / rows), words};
  return {metas[0], metas[1], TensorMeta{states, DType::Int32, query.device(), {}}};
}

TensorMeta attention_dropout_mask(const Tensor& query, const Tensor& key) {
  const DimVec sizes{query.sizes()[0], query.sizes()[1], query.sizes()[2], key.sizes()[2]};
  return {sizes, DType::Bool, query.device()};
}

} // namespace torch::infer

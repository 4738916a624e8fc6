#include "ops/entry.h"

#include <cmath>

namespace torch::ops {

namespace {

// Puts reduced dims back as size 1.
Tensor unreduced(const Tensor& t, int64_t ndim, OptInts dim, bool keepdim) {
  if (keepdim || ndim == 0) return t;
  const uint64_t mask = dim_mask(dim.span(), ndim, "backward");
  DimVec sizes;
  int64_t at = 0;
  for (int64_t i = 0; i < ndim; ++i) sizes.push_back(mask >> i & 1 ? 1 : t.sizes()[at++]);
  return reshape(t, sizes);
}

} // namespace

Tensor expand_reduced(const Tensor& grad, IntSpan sizes, OptInts dim, bool keepdim) {
  return expand(unreduced(grad, static_cast<int64_t>(sizes.size()), dim, keepdim), sizes);
}

double reduced_count(IntSpan sizes, OptInts dim) {
  const uint64_t mask = dim_mask(dim.span(), static_cast<int64_t>(sizes.size()), "backward");
  double n = 1;
  for (size_t i = 0; i < sizes.size(); ++i)
    if (mask >> i & 1) n *= static_cast<double>(sizes[i]);
  return n;
}

Tensor prod_grad(const Tensor& grad, const Tensor& self, const Tensor& result, OptInts dim, bool keepdim) {
  if (self.dim() == 0) return grad;
  if (self.dtype() != result.dtype())
    return prod_grad(grad, _to_copy(self, result.dtype()), result, dim, keepdim);
  const Tensor g = unreduced(grad, self.dim(), dim, keepdim), r = unreduced(result, self.dim(), dim, keepdim);
  bool zeros_present = thread_state.grad_enabled;
  if (!zeros_present && !self.is_meta()) zeros_present = value_of<bool>(any(eq(self, 0)));
  if (!zeros_present) return g * conj(r / self);
  // With zeros, division fails: multiply the products before and after each element along the reduced dims as
  // one.
  const uint64_t mask = dim_mask(dim.span(), self.dim(), "prod");
  DimVec order, back(size_t(self.dim()));
  for (int64_t i = 0; i < self.dim(); ++i)
    if (!(mask >> i & 1)) order.push_back(i);
  for (int64_t i = 0; i < self.dim(); ++i)
    if (mask >> i & 1) order.push_back(i);
  for (size_t i = 0; i < order.size(); ++i) back[order[i]] = static_cast<int64_t>(i);
  const Tensor moved = permute(self, order);
  int64_t rows = 1, n = 1;
  for (int64_t i = 0; i < self.dim(); ++i) (mask >> i & 1 ? n : rows) *= self.sizes()[i];
  if (n == 0) return zeros_like(self);
  const Tensor x = reshape(moved, {rows, n});
  const Tensor one = ones({rows, 1}, self.dtype(), self.device());
  const Tensor head[] = {one, narrow(x, 1, 0, n - 1)};
  const Tensor tail[] = {narrow(x, 1, 1, n - 1), one};
  const Tensor before = cumprod(cat(head, 1), 1), after = flip(cumprod(flip(cat(tail, 1), {1}), 1), {1});
  return g * conj(permute(reshape(before * after, moved.sizes()), back));
}

Tensor extremum_grad(const Tensor& grad, const Tensor& self, const Tensor& result, Ints dim, bool keepdim) {
  const OptInts dims{dim.span()};
  const Tensor g = unreduced(grad, self.dim(), dims, keepdim),
               r = unreduced(result, self.dim(), dims, keepdim);
  const Tensor share = _to_copy(eq(self, r), grad.dtype()); // nowhere for NaN: the gradient becomes NaN
  return g * share / sum(share, dims, true);
}

Tensor whole_extremum_grad(const Tensor& grad, const Tensor& self, const Tensor& result) {
  // Shared among equal elements, and among those that are NaN if the result is.
  Tensor hit = eq(self, result);
  if (is_differentiable(self.dtype())) hit = logical_or(hit, isnan(self));
  const Tensor share = _to_copy(hit, grad.dtype());
  return grad * share / sum(share);
}

Tensor value_selected_grad(const Tensor& grad, const Tensor& indices, IntSpan sizes, int64_t dim,
                           bool keepdim) {
  if (sizes.empty()) return reshape(grad, {});
  const Tensor g = keepdim ? grad : unsqueeze(grad, wrap_dim(dim, static_cast<int64_t>(sizes.size())));
  const Tensor i = keepdim ? indices : unsqueeze(indices, wrap_dim(dim, static_cast<int64_t>(sizes.size())));
  return scatter(zeros(sizes, grad.dtype(), grad.device()), dim, i, g);
}

Tensor var_grad(const Tensor& grad, const Tensor& self, OptInts dim, const std::optional<Scalar>& correction,
                bool keepdim) {
  const double n = reduced_count(self.sizes(), dim) - correction_value(correction);
  const Tensor g = unreduced(grad, self.dim(), dim, keepdim);
  return g * Scalar(2 / n) * (self - mean(self, dim, true));
}

Tensor var_mean_grad(const Tensor& grad_var, const Tensor& grad_mean, const Tensor& self, OptInts dim,
                     const std::optional<Scalar>& correction, bool keepdim) {
  Tensor out;
  if (grad_var.defined()) out = var_grad(grad_var, self, dim, correction, keepdim);
  if (grad_mean.defined()) {
    const Tensor m =
        expand_reduced(grad_mean, self.sizes(), dim, keepdim) * Scalar(1 / reduced_count(self.sizes(), dim));
    out = out.defined() ? out + m : m;
  }
  return out;
}

namespace {
// The gradient of the variance; where that is 0 it is taken as 0 rather than infinite.
Tensor through_root(const Tensor& grad, const Tensor& result) {
  const Tensor zero = eq(result, 0);
  return masked_fill(grad / (masked_fill(result, zero, 1) * Scalar(2)), zero, 0);
}
} // namespace
Tensor std_grad(const Tensor& grad, const Tensor& self, const Tensor& result, OptInts dim,
                const std::optional<Scalar>& correction, bool keepdim) {
  return var_grad(through_root(grad, result), self, dim, correction, keepdim);
}
Tensor std_mean_grad(const Tensor& grad_std, const Tensor& grad_mean, const Tensor& self,
                     const Tensor& result, OptInts dim, const std::optional<Scalar>& correction,
                     bool keepdim) {
  return var_mean_grad(grad_std.defined() ? through_root(grad_std, result) : grad_std, grad_mean, self, dim,
                       correction, keepdim);
}

Tensor vector_norm_grad(const Tensor& grad, const Tensor& self, const Scalar& ord, const Tensor& result,
                        OptInts dim, bool keepdim) {
  const double p = ord.to<double>();
  const Tensor g = unreduced(grad, self.dim(), dim, keepdim), r = unreduced(result, self.dim(), dim, keepdim);
  if (p == 0) return {}; // a count: no gradient
  if (p == 1) return g * sgn(self);
  if (p == 2) return g * masked_fill(self / r, eq(r, 0), 0);
  if (std::isinf(p)) {
    const Tensor a = abs(self);
    const Tensor hit = logical_or(eq(a, r), isnan(a));
    const Tensor share = _to_copy(hit, g.dtype());
    return g * sgn(self) * (share / sum(share, dim, true));
  }
  if (p < 1) return g * masked_fill(sgn(self) * pow(abs(self), p - 1), eq(self, 0), 0) * pow(r, 1 - p);
  if (p < 2) return g * masked_fill(sgn(self) * pow(abs(self), p - 1) * pow(r, 1 - p), eq(r, 0), 0);
  return g * masked_fill(self * pow(abs(self), p - 2) * pow(r, 1 - p), eq(r, 0), 0);
}

Tensor logsumexp_grad(const Tensor& grad, const Tensor& self, const Tensor& result, Ints dim, bool keepdim) {
  const OptInts dims{dim.span()};
  const Tensor g = unreduced(grad, self.dim(), dims, keepdim),
               r = unreduced(result, self.dim(), dims, keepdim);
  return g * conj(exp(self - masked_fill(r, isinf(r), 0)));
}

Tensor cumprod_grad(const Tensor& grad, const Tensor& self, const Tensor& result, int64_t dim) {
  if (self.dim() == 0 || self.numel() == 0) return grad;
  dim = wrap_dim(dim, self.dim());
  bool exact = thread_state.grad_enabled;
  if (!exact && !self.is_meta()) exact = value_of<bool>(any(eq(self, 0)));
  if (!exact) {
    const Tensor w = conj(result) * grad;
    return flip(cumsum(flip(w, {dim}), dim), {dim}) / conj(self);
  }
  // d result_j / d self_i = prod of all but i up to j; one column i at a time keeps this exact with zeros.
  const int64_t n = self.sizes()[dim];
  std::vector<Tensor> columns;
  const Tensor ones_slice = ones_like(narrow(self, dim, 0, 1));
  for (int64_t i = 0; i < n; ++i) {
    const Tensor before = i == 0 ? ones_slice : prod(narrow(self, dim, 0, i), {dim}, true);
    std::vector<Tensor> factors{before};
    if (i + 1 < n) factors.push_back(narrow(self, dim, i + 1, n - i - 1));
    const Tensor partial = cumprod(cat(factors, dim), dim);
    columns.push_back(sum(narrow(grad, dim, i, n - i) * conj(partial), {dim}, true));
  }
  return cat(columns, dim);
}

Tensor logcumsumexp_grad(const Tensor& grad, const Tensor& self, const Tensor& result, int64_t dim) {
  if (self.dim() == 0 || self.numel() == 0) return grad;
  if (thread_state.grad_enabled || self.is_complex()) // differentiable form
    return conj(exp(self)) * flip(cumsum(flip(grad * conj(exp(neg(result))), {dim}), dim), {dim});
  // Positive and negative parts of grad are summed in the log domain apart, so that nothing overflows.
  const double minus_inf = -std::numeric_limits<double>::infinity();
  const Tensor positive = where(gt(grad, 0), log(grad), full_like(grad, minus_inf));
  const Tensor negative = where(lt(grad, 0), log(neg(grad)), full_like(grad, minus_inf));
  const auto reverse = [&](const Tensor& t) { return flip(logcumsumexp(flip(t, {dim}), dim), {dim}); };
  return exp(reverse(positive - result) + self) - exp(reverse(negative - result) + self);
}

} // namespace torch::ops

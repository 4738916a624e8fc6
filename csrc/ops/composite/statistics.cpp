// Order statistics, counts, numerical integration and differences.
#include "ops/entry.h"

#include <cmath>

namespace torch::ops {

namespace {

// The value of a tensor of one element.
double number_in(const Tensor& t) {
  if (t.is_meta()) not_implemented("a result that depends on values cannot be known on the meta device");
  NoGradGuard no_grad;
  return on_host(densified(_to_copy(t, DType::Float64))).data<double>()[0];
}

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

} // namespace

Tensor addbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2, const Scalar& beta,
              const Scalar& alpha) {
  check_index(batch1.dim() > 0 && batch2.dim() > 0, "addbmm: expected two batches of matrices, got shapes ",
              batch1.sizes(), " and ", batch2.sizes());
  check(batch1.dim() == 3, "batch1 must be a 3D tensor");
  check(batch2.dim() == 3, "batch2 must be a 3D tensor");
  const int64_t b = batch1.sizes()[0], n = batch1.sizes()[1], m = batch1.sizes()[2];
  check(batch2.sizes()[0] == b, "batch1 and batch2 must have same number of batches, got ", b, " and ",
        batch2.sizes()[0]);
  check(batch2.sizes()[1] == m, "Incompatible matrix sizes for bmm (", n, "x", m, " and ", batch2.sizes()[1],
        "x", batch2.sizes()[2], ")");
  // The sum over the batch is part of the contraction of one product.
  return addmm(self, reshape(permute(batch1, {1, 0, 2}), {n, b * m}),
               reshape(batch2, {b * m, batch2.sizes()[2]}), beta, alpha);
}
const Tensor& addbmm_(const Tensor& self, const Tensor& batch1, const Tensor& batch2, const Scalar& beta,
                      const Scalar& alpha) {
  return copy_(self, addbmm(self, batch1, batch2, beta, alpha));
}

Tensor dist(const Tensor& self, const Tensor& other, const Scalar& p) { return norm(self - other, p); }

Tensor pdist(const Tensor& self, double p) {
  check(self.dim() == 2, "pdist only supports 2D tensors, got: ", self.dim(), "D");
  check(is_floating(self.dtype()), "pdist only supports floating-point dtypes");
  check(p >= 0, "pdist only supports non-negative p values");
  const int64_t n = self.sizes()[0], pairs = n > 1 ? n * (n - 1) / 2 : 0;
  if (pairs == 0) return empty_tensor(DimVec{0}, self.dtype(), self.device());
  Tensor index = empty_tensor(DimVec{2, pairs}, DType::Int64);
  int64_t *first = index.data<int64_t>(), *second = first + pairs;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = i + 1; j < n; ++j) {
      *first++ = i;
      *second++ = j;
    }
  index = moved_to(index, self.device());
  return linalg_vector_norm(
      index_select(self, 0, select(index, 0, 0)) - index_select(self, 0, select(index, 0, 1)), p, {-1});
}

// ---- differences and integrals ----
Tensor diff(const Tensor& self, int64_t n, int64_t dim, const Tensor& prepend, const Tensor& append) {
  check(self.dim() > 0, "diff expects input to be at least one-dimensional");
  check(n >= 0, "order must be non-negative but got ", n);
  dim = wrap_dim(dim, self.dim());
  std::vector<Tensor> parts;
  for (const Tensor* const part : {&prepend, &self, &append}) {
    if (!part->defined()) continue;
    check(part->dim() == self.dim(), "diff expects prepend or append to be the same dimension as input");
    for (int64_t d = 0; d < self.dim(); ++d)
      check(d == dim || part->sizes()[d] == self.sizes()[d],
            "diff expects the shape of tensor to prepend or append to match that of input except along the "
            "differencing dimension; input.size(",
            d, ") = ", self.sizes()[d], ", but got tensor.size(", d, ") = ", part->sizes()[d]);
    parts.push_back(*part);
  }
  Tensor out = parts.size() > 1 ? cat(parts, dim) : self;
  if (n == 0) return parts.size() > 1 ? out : clone(out);
  for (int64_t k = std::min(n, out.sizes()[dim]); k-- > 0 && out.sizes()[dim] > 0;) {
    const int64_t length = out.sizes()[dim];
    if (length == 1) return clone(narrow(out, dim, 0, 0));
    const Tensor after = narrow(out, dim, 1, length - 1), before = narrow(out, dim, 0, length - 1);
    out = out.dtype() == DType::Bool ? logical_xor(after, before) : after - before;
  }
  return out;
}

namespace {

// Distances of neighbouring sample points, with as many dimensions as y needs.
Tensor spacing(const char* op, const Tensor& y, const Tensor& x, int64_t dim) {
  check(x.dtype() != DType::Bool && y.dtype() != DType::Bool, op, ": received a bool input for `",
        x.dtype() == DType::Bool ? "x" : "y", "`, but bool is not supported");
  Tensor points = x;
  if (x.dim() == 1) {
    check(x.sizes()[0] == y.sizes()[dim], op, ": There must be one `x` value for each sample point");
    DimVec shape(static_cast<size_t>(y.dim()), 1);
    shape[dim] = x.sizes()[0];
    points = reshape(x, shape);
  } else if (x.dim() < y.dim()) {
    DimVec shape(static_cast<size_t>(y.dim() - x.dim()), 1);
    for (const int64_t s : x.sizes()) shape.push_back(s);
    points = reshape(x, shape);
  }
  const int64_t n = points.sizes()[dim];
  return narrow(points, dim, 1, n - 1) - narrow(points, dim, 0, n - 1);
}

// Sums of neighbouring values: twice the mean height of each strip.
Tensor heights(const Tensor& y, int64_t dim) {
  const int64_t n = y.sizes()[dim];
  return narrow(y, dim, 0, n - 1) + narrow(y, dim, 1, n - 1);
}

Tensor nothing_to_integrate(const Tensor& y, int64_t dim) {
  DimVec sizes = y.sizes();
  sizes.erase(dim);
  return zeros(sizes, y.dtype(), y.device());
}

int64_t integration_dim(const char* op, const Tensor& y, int64_t dim) {
  check_index(y.dim() > 0, "Dimension specified as ", dim, " but tensor has no dimensions");
  check(y.dtype() != DType::Bool, op, ": received a bool input for `y`, but bool is not supported");
  return wrap_dim(dim, y.dim());
}

} // namespace

Tensor trapezoid(const Tensor& y, const Tensor& x, int64_t dim) {
  dim = integration_dim("trapezoid", y, dim);
  if (y.sizes()[dim] == 0) return nothing_to_integrate(y, dim);
  return sum(spacing("trapezoid", y, x, dim) * heights(y, dim), {dim}) / Scalar(2.0);
}
Tensor trapezoid(const Tensor& y, const Scalar& dx, int64_t dim) {
  dim = integration_dim("trapezoid", y, dim);
  if (y.sizes()[dim] == 0) return nothing_to_integrate(y, dim);
  return (sum(y, {dim}) - (select(y, dim, 0) + select(y, dim, -1)) * Scalar(0.5)) * dx;
}
Tensor trapz(const Tensor& y, const Tensor& x, int64_t dim) { return trapezoid(y, x, dim); }
Tensor trapz(const Tensor& y, double dx, int64_t dim) { return trapezoid(y, Scalar(dx), dim); }
Tensor cumulative_trapezoid(const Tensor& y, const Tensor& x, int64_t dim) {
  dim = integration_dim("cumulative_trapezoid", y, dim);
  if (y.sizes()[dim] == 0) return cumsum(y, dim, float_dtype(y.dtype()));
  return cumsum(spacing("cumulative_trapezoid", y, x, dim) * heights(y, dim), dim) / Scalar(2.0);
}
Tensor cumulative_trapezoid(const Tensor& y, const Scalar& dx, int64_t dim) {
  dim = integration_dim("cumulative_trapezoid", y, dim);
  if (y.sizes()[dim] == 0) return cumsum(y, dim, float_dtype(y.dtype()));
  return cumsum(heights(y, dim) * dx, dim) / Scalar(2.0);
}

// ---- counts ----
Tensor histc(const Tensor& self, int64_t bins, const Scalar& min, const Scalar& max) {
  if (!is_floating(self.dtype()))
    not_implemented("\"histogram_cpu\" not implemented for '", dtype_aten_name(self.dtype()), "'");
  check(bins > 0, "torch.histogram(): bins must be > 0, but got ", bins, " for dimension 0");
  double low = min.to<double>(), high = max.to<double>();
  if (self.is_meta()) return empty_tensor(DimVec{bins}, self.dtype(), self.device());
  NoGradGuard no_grad;
  if (low == high && self.numel() > 0) {
    const auto [smallest, largest] = aminmax(self);
    low = number_in(smallest);
    high = number_in(largest);
  }
  if (low == high) {
    low -= 1;
    high += 1;
  }
  check(std::isfinite(low) && std::isfinite(high), "torch.histc: range of [", low, ", ", high,
        "] is not finite");
  check(low < high, "torch.histc: max must be larger than min");
  const Tensor flat = reshape(self, {-1});
  const Tensor first = full({}, low, self.dtype(), self.device()),
               last = full({}, high, self.dtype(), self.device());
  const Tensor inside = masked_select(flat, logical_and(ge(flat, first), le(flat, last)));
  const Tensor at =
      clamp_max(_to_copy((inside - first) * Scalar(bins) / (last - first), DType::Int64), Scalar(bins - 1));
  return _to_copy(bincount(at, Tensor(), bins), self.dtype());
}

namespace {

// Of whole numbers that lie close together: by a table of those that are among them. Undefined otherwise.
Tensor found_in_table(const Tensor& elements, const Tensor& among, DType common) {
  constexpr double kExact = double(int64_t{1} << 52);
  const bool whole = common == DType::Int64 || common == DType::Int32 || common == DType::Int16 ||
                     common == DType::Int8 || common == DType::UInt8;
  if (!whole || !elements.is_cpu() || !among.is_cpu()) return {};
  const auto [smallest, largest] = aminmax(among);
  const double low = number_in(smallest), high = number_in(largest);
  const double limit = double(std::max<int64_t>(4096, elements.numel() + among.numel()));
  if (low < -kExact || high > kExact || high - low > limit) return {};
  const Scalar below(int64_t(low) - 1), above(int64_t(high) + 1); // places that stay false
  const Tensor table = index_fill(zeros(DimVec{int64_t(high - low) + 3}, DType::Bool), 0,
                                  sub(_to_copy(among, DType::Int64), below), Scalar(true));
  const Tensor at = sub(clamp(_to_copy(elements, DType::Int64), below, above), below);
  return reshape(index_select(table, 0, reshape(at, {-1})), elements.sizes());
}

Tensor is_among(const Tensor& elements, const Tensor& among, bool invert) {
  for (const Tensor* const t : {&elements, &among})
    check(t->dtype() != DType::Bool && !is_complex(t->dtype()),
          "Unsupported input type encountered for isin(): ", dtype_aten_name(t->dtype()));
  NoGradGuard no_grad;
  if (elements.is_meta() || among.is_meta())
    return empty_tensor(elements.sizes(), DType::Bool,
                        elements.is_meta() ? elements.device() : among.device());
  Tensor found;
  const Tensor flat = reshape(among, {-1});
  if (flat.numel() == 0)
    found = zeros(elements.sizes(), DType::Bool, elements.device());
  else if (flat.numel() <= 8)
    found = any(eq(unsqueeze(elements, -1), flat), {-1}, false);
  else {
    const DType common = result_type(elements, flat);
    found = found_in_table(elements, flat, common);
    if (found.defined()) return invert ? logical_not(found) : found;
    const Tensor sorted = std::get<0>(sort(_to_copy(flat, common), 0, false));
    const Tensor wanted = _to_copy(elements, common);
    const Tensor at = clamp_max(searchsorted(sorted, wanted), Scalar(flat.numel() - 1));
    found = eq(reshape(index_select(sorted, 0, reshape(at, {-1})), elements.sizes()), wanted);
  }
  return invert ? logical_not(found) : found;
}

// Nothing holds both uint64 and int64, so that there a whole number is taken modulo 2^64.
Tensor number_beside(const Tensor& t, const Scalar& number) {
  const bool as_unsigned = t.dtype() == DType::UInt64 && number.is_integral() && !number.is_bool();
  if (as_unsigned) return full({}, number, DType::UInt64, t.device());
  Tensor wrapped = wrapped_number(number);
  if (t.is_cpu() || t.is_meta()) return wrapped;
  wrapped = moved_to(wrapped, t.device());
  wrapped.impl()->flags |= kWrappedNumber;
  return wrapped;
}

} // namespace

Tensor isin(const Tensor& elements, const Tensor& test_elements, bool, bool invert) {
  return is_among(elements, test_elements, invert);
}
Tensor isin(const Tensor& elements, const Scalar& test_element, bool, bool invert) {
  return is_among(elements, number_beside(elements, test_element), invert);
}
Tensor isin(const Scalar& element, const Tensor& test_elements, bool, bool invert) {
  return is_among(number_beside(test_elements, element), test_elements, invert);
}

std::tuple<Tensor, Tensor> mode(const Tensor& self, int64_t dim, bool keepdim) {
  dim = wrap_dim(dim, self.dim());
  if (self.dim() == 0) return {clone(self), zeros({}, DType::Int64, self.device())};
  check_index(self.sizes()[dim] > 0, "mode(): Expected reduction dim ", dim, " to have non-zero size.");
  Tensor at;
  {
    NoGradGuard no_grad;
    const auto [sorted, order] = sort(self, true, dim, false);
    // How often a value has been met so far: the distance to where its run began.
    const int64_t n = self.sizes()[dim];
    DimVec along(static_cast<size_t>(self.dim()), 1);
    along[dim] = n;
    const Tensor place = reshape(arange(n, DType::Int64, self.device()), along);
    const Tensor begins =
        cat(std::vector<Tensor>{zeros_like(narrow(sorted, dim, 0, 1), DType::Bool),
                                ne(narrow(sorted, dim, 1, n - 1), narrow(sorted, dim, 0, n - 1))},
            dim);
    const Tensor start = std::get<0>(cummax(mul(begins, place), dim));
    at = gather(order, dim, argmax(sub(place, start), dim, true));
  }
  const Tensor values = gather(self, dim, at);
  return {keepdim ? values : squeeze(values, {dim}), keepdim ? at : squeeze(at, {dim})};
}

Tensor msort(const Tensor& self) { return std::get<0>(sort(self, 0, false)); }

// ---- means and quantiles ----
Tensor nanmean(const Tensor& self, OptInts dim, bool keepdim, std::optional<DType> dtype) {
  check(is_differentiable(self.dtype()),
        "nanmean(): expected input to have floating point or complex dtype but got ",
        dtype_aten_name(self.dtype()));
  Tensor count;
  {
    NoGradGuard no_grad;
    count = sum(logical_not(isnan(self)), dim, keepdim);
  }
  return nansum(self, dim, keepdim, dtype) / count;
}

namespace {

// Along the last dimension of sorted values (NaN last): how many are not NaN, as int64 with size 1 there.
Tensor numbers_along(const Tensor& self, int64_t dim) { return sum(logical_not(isnan(self)), {dim}, true); }

} // namespace

std::tuple<Tensor, Tensor> nanmedian(const Tensor& self, int64_t dim, bool keepdim) {
  dim = wrap_dim(dim, self.dim());
  if (!is_floating(self.dtype())) return median(self, dim, keepdim);
  if (self.dim() == 0) return {clone(self), zeros({}, DType::Int64, self.device())};
  check_index(self.sizes()[dim] > 0, "median(): Expected reduction dim ", dim, " to have non-zero size.");
  Tensor at;
  {
    NoGradGuard no_grad;
    const Tensor order = std::get<1>(sort(self, true, dim, false));
    const Tensor rank = clamp_min(
        div(numbers_along(self, dim) - Scalar(int64_t{1}), Scalar(int64_t{2}), "floor"), Scalar(int64_t{0}));
    at = gather(order, dim, rank);
  }
  const Tensor values = gather(self, dim, at);
  return {keepdim ? values : squeeze(values, {dim}), keepdim ? at : squeeze(at, {dim})};
}
Tensor nanmedian(const Tensor& self) {
  if (self.numel() == 0) return median(self);
  return std::get<0>(nanmedian(reshape(self, {-1}), 0, false));
}

namespace {

Tensor quantiles(const char* op, const Tensor& self, const Tensor& q, std::optional<int64_t> dim,
                 bool keepdim, std::string_view interpolation, bool ignore_nan) {
  check(self.numel() > 0, op, "() input tensor must be non-empty");
  check(q.dim() <= 1, op, "() q must be a scalar or 1D tensor");
  check(self.dtype() == DType::Float32 || self.dtype() == DType::Float64, op,
        "() input tensor must be either float or double dtype");
  check(self.dtype() == q.dtype(), op, "() q tensor must be same dtype as the input tensor");
  check(self.device() == q.device(), op, "() q tensor must be on the same device as the input tensor");
  constexpr std::string_view kKnown[] = {"linear", "lower", "higher", "midpoint", "nearest"};
  check(std::find(std::begin(kKnown), std::end(kKnown), interpolation) != std::end(kKnown), op,
        "() interpolation must be one of linear, lower, higher, midpoint or nearest, but got ",
        interpolation);
  if (!q.is_meta() && q.numel() > 0) {
    const auto [low, high] = aminmax(q);
    check(number_in(low) >= 0 && number_in(high) <= 1, op, "() q values must be in the range [0, 1]");
  }
  const int64_t rank = self.dim();
  const int64_t d = dim ? wrap_dim(*dim, rank) : 0;
  // Rows to sort lie along the last dimension.
  const Tensor rows = !dim ? reshape(self, {-1}) : rank == 0 ? reshape(self, {1}) : movedim(self, {d}, {-1});
  const int64_t n = rows.sizes().back();
  const Tensor sorted = std::get<0>(sort(rows, -1, false));
  Tensor place; // of the quantiles among the sorted values: rows x q
  {
    NoGradGuard no_grad;
    if (ignore_nan)
      place =
          mul(reshape(q, {-1}), clamp_min(numbers_along(rows, -1) - Scalar(int64_t{1}), Scalar(int64_t{0})));
    else // a NaN is the last of its sorted row, and the quantile of it is NaN
      place = masked_fill(mul(reshape(q, {-1}), Scalar(double(n - 1))), any(isnan(rows), {-1}, true),
                          Scalar(double(n - 1)));
    if (interpolation == "lower") place = floor(place);
    if (interpolation == "higher") place = ceil(place);
    if (interpolation == "nearest") place = round(place);
    DimVec shape = rows.sizes();
    shape.back() = q.numel();
    place = expand(place, shape);
  }
  const Tensor below = _to_copy(place, DType::Int64);
  Tensor out = gather(sorted, -1, below);
  if (interpolation == "linear" || interpolation == "midpoint") {
    const Tensor above = gather(sorted, -1, _to_copy(ceil(place), DType::Int64));
    const Tensor weight =
        interpolation == "midpoint" ? full_like(place, 0.5) : place - _to_copy(below, place.dtype());
    out = lerp(out, above, weight);
  }
  // q comes first; a number q leaves no dimension of its own.
  if (q.dim() == 0)
    out = squeeze(out, {-1});
  else
    out = movedim(out, {-1}, {0});
  if (keepdim) {
    if (!dim) {
      DimVec shape(static_cast<size_t>(rank), 1);
      if (q.dim() == 1) shape.insert(0, q.numel());
      out = reshape(out, shape);
    } else if (rank > 0)
      out = unsqueeze(out, q.dim() == 0 ? d : d + 1);
  }
  return out;
}

Tensor quantile_number(const char* op, const Tensor& self, double q) {
  check(q >= 0 && q <= 1, op, "() q must be in the range [0, 1] but got ", q);
  return full({}, q, self.dtype(), self.device());
}

} // namespace

Tensor quantile(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                std::string_view interpolation) {
  return quantiles("quantile", self, q, dim, keepdim, interpolation, false);
}
Tensor quantile(const Tensor& self, double q, std::optional<int64_t> dim, bool keepdim,
                std::string_view interpolation) {
  return quantiles("quantile", self, quantile_number("quantile", self, q), dim, keepdim, interpolation,
                   false);
}
Tensor nanquantile(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                   std::string_view interpolation) {
  return quantiles("nanquantile", self, q, dim, keepdim, interpolation, true);
}
Tensor nanquantile(const Tensor& self, double q, std::optional<int64_t> dim, bool keepdim,
                   std::string_view interpolation) {
  return quantiles("nanquantile", self, quantile_number("nanquantile", self, q), dim, keepdim, interpolation,
                   true);
}

// ---- norms of slices ----
Tensor norm_except_dim(const Tensor& v, int64_t pow, int64_t dim) {
  if (dim == -1) return norm(v, Scalar(pow));
  dim = wrap_dim(dim, v.dim());
  DimVec others;
  for (int64_t d = 0; d < v.dim(); ++d)
    if (d != dim) others.push_back(d);
  if (others.empty()) return norm(reshape(v, {-1, 1}), Scalar(pow), {1});
  return norm(v, Scalar(pow), others, true);
}

Tensor renorm(const Tensor& self, const Scalar& p, int64_t dim, const Scalar& maxnorm) {
  check(!p.is_complex(), "renorm: p must be real-valued");
  check(p.to<double>() > 0, "renorm: non-positive-norm not supported");
  check(!maxnorm.is_complex(), "renorm: maxnorm must be real-valued");
  check(maxnorm.to<double>() >= 0, "renorm: expected maxnorm to be >= 0 but got ", maxnorm.to<double>());
  check(self.dim() > 1, "renorm: input needs at least 2 dimensions, got ", self.dim(), " dimensions");
  dim = wrap_dim(dim, self.dim());
  DimVec others;
  for (int64_t d = 0; d < self.dim(); ++d)
    if (d != dim) others.push_back(d);
  const Tensor norms = linalg_vector_norm(self, p, others, true);
  const Tensor factor = where(gt(norms, maxnorm), maxnorm / (norms + Scalar(1e-7)), ones_like(norms));
  return contiguous(self) * factor;
}
const Tensor& renorm_(const Tensor& self, const Scalar& p, int64_t dim, const Scalar& maxnorm) {
  return copy_(self, renorm(self, p, dim, maxnorm));
}

// ---- reductions into given places ----
namespace {

Tensor index_along(const char* op, const Tensor& self, int64_t dim, const Tensor& index,
                   const Tensor& source) {
  check_index(index.dim() <= 1, op, "(): Index is supposed to be a vector, got shape ", index.sizes());
  check_index(source.dim() == 0 || dim < source.dim(), op, "(): Indexing dim ", dim,
              " is out of bounds of the source tensor");
  const int64_t n = source.dim() == 0 ? 1 : source.sizes()[dim];
  check(index.numel() == n, op, "(): Number of indices (", index.numel(),
        ") should be equal to source.size(dim): (", n, "), for dim: ", dim);
  check(self.dtype() == source.dtype(), op,
        "(): self and source expected to have the same dtype, but got (self) ", self.dtype(),
        " and (source) ", source.dtype());
  DimVec shape(static_cast<size_t>(source.dim()), 1);
  if (source.dim() > 0) shape[dim] = n;
  return expand(reshape(index, shape), source.sizes());
}

} // namespace

Tensor index_reduce(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                    std::string_view reduce, bool include_self) {
  check(reduce == "prod" || reduce == "mean" || reduce == "amax" || reduce == "amin",
        "index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got ", reduce, ".");
  dim = wrap_dim(dim, self.dim());
  return scatter_reduce(self, dim, index_along("index_reduce", self, dim, index, source), source, reduce,
                        include_self);
}
const Tensor& index_reduce_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                            std::string_view reduce, bool include_self) {
  return copy_(self, index_reduce(self, dim, index, source, reduce, include_self));
}

Tensor segment_reduce(const Tensor& data, std::string_view reduce, const Tensor& lengths,
                      const Tensor& indices, const Tensor& offsets, int64_t axis, bool unsafe,
                      const std::optional<Scalar>& initial) {
  check(data.numel() >= 0 && data.dim() > 0,
        "segment_reduce(): Expected data to have at least one dimension");
  check(lengths.defined() || offsets.defined(),
        "segment_reduce(): Either lengths or offsets must be defined.");
  if (indices.defined()) not_implemented("segment_reduce(): indices based reduction is not supported yet.");
  if (!is_floating(data.dtype()))
    not_implemented("\"_segment_reduce_cpu\" not implemented for '", dtype_aten_name(data.dtype()), "'");
  const Tensor& given = offsets.defined() ? offsets : lengths;
  axis = wrap_dim(axis, data.dim());
  check(axis == given.dim() - 1, "segment_reduce(): Expected axis to be the last dimension of ",
        offsets.defined() ? "offsets" : "lengths", " but got ", axis, ".");
  for (int64_t d = 0; d < axis; ++d)
    check(given.sizes()[d] == data.sizes()[d], "segment_reduce(): Expected ",
          offsets.defined() ? "offsets" : "lengths", " ", given.sizes(), " and data ", data.sizes(),
          " to agree in the dimensions before axis");
  const std::string_view kinds[] = {"sum", "mean", "max", "min", "prod"};
  check(std::find(std::begin(kinds), std::end(kinds), reduce) != std::end(kinds),
        "segment_reduce(): reduce must be one of sum, mean, max, min or prod, but got ", reduce);
  const int64_t n = data.sizes()[axis];
  const Tensor counts = _to_copy(offsets.defined() ? narrow(offsets, axis, 1, offsets.sizes()[axis] - 1) -
                                                         narrow(offsets, axis, 0, offsets.sizes()[axis] - 1)
                                                   : lengths,
                                 DType::Int64);
  const int64_t segments = counts.sizes()[axis];
  if (!unsafe && lengths.defined() && !offsets.defined() && !data.is_meta()) {
    check(counts.numel() == 0 || number_in(amin(counts)) >= 0,
          "segment_reduce(): lengths contains negative value!");
    check(counts.numel() == 0 || number_in(any(ne(sum(counts, {-1}), Scalar(n)))) == 0,
          "segment_reduce(): Expected all rows of lengths along axis to sum to data.size(lengths.dim()-1) "
          "when !unsafe.");
  }
  // The segment of each position: how many segments end at or before it. The positions outside go to one
  // more.
  Tensor segment;
  {
    NoGradGuard no_grad;
    const Tensor ends = contiguous(cumsum(counts, -1));
    DimVec shape(counts.sizes().span().first(static_cast<size_t>(axis)));
    shape.push_back(n);
    const Tensor at = contiguous(expand(arange(n, DType::Int64, data.device()), shape));
    segment = searchsorted(ends, at, false, true);
    for (int64_t d = axis + 1; d < data.dim(); ++d) segment = unsqueeze(segment, -1);
    segment = expand(segment, data.sizes());
  }
  DimVec sizes = data.sizes();
  sizes[axis] = segments + 1;
  const bool mean = reduce == "mean";
  const double start = initial            ? initial->to<double>()
                       : reduce == "max"  ? -std::numeric_limits<double>::infinity()
                       : reduce == "min"  ? std::numeric_limits<double>::infinity()
                       : reduce == "prod" ? 1.0
                                          : 0.0;
  const std::string_view kind = mean || reduce == "sum" ? "sum"
                                : reduce == "max"       ? "amax"
                                : reduce == "min"       ? "amin"
                                                        : "prod";
  Tensor out =
      scatter_reduce(full(sizes, start, data.dtype(), data.device()), axis, segment, data, kind, true);
  out = narrow(out, axis, 0, segments);
  if (!mean) return contiguous(out);
  Tensor divisor = counts;
  for (int64_t d = axis + 1; d < data.dim(); ++d) divisor = unsqueeze(divisor, -1);
  // An empty segment has no mean unless a start value stands in.
  return initial ? out / clamp_min(divisor, Scalar(int64_t{1})) : out / divisor;
}

// ---- distinct slices ----
namespace {

// Slices along dim as rows of a matrix.
Tensor slices(const char* op, const Tensor& self, int64_t dim) {
  int64_t empty_dims = 0;
  for (int64_t d = 0; d < self.dim(); ++d) empty_dims += d != dim && self.sizes()[d] == 0;
  check(empty_dims == 0, "There are 0 sized dimensions, and they aren't selected, so ", op,
        " cannot be applied");
  const int64_t n = self.sizes()[dim];
  return reshape(movedim(self, {dim}, {0}), {n, n == 0 ? 0 : self.numel() / n});
}

// From rows in an order in which equal ones are neighbours: the first row of each run, the run of each row,
// lengths. The last two cost more than the first: they are made when asked for.
class Runs {
public:
  explicit Runs(const Tensor& rows) : n_(rows.sizes()[0]) {
    const Tensor differs = ne(narrow(rows, 0, 1, n_ - 1), narrow(rows, 0, 0, n_ - 1));
    begins_ = rows.sizes()[1] == 1 ? reshape(differs, {-1}) : any(differs, {1}, false);
    first = cat(std::vector<Tensor>{zeros({1}, DType::Int64, rows.device()),
                                    reshape(nonzero(begins_), {-1}) + Scalar(int64_t{1})});
  }
  Tensor run() const {
    return cat(std::vector<Tensor>{zeros({1}, DType::Int64, first.device()), cumsum(begins_, 0)});
  }
  Tensor lengths() const {
    return cat(std::vector<Tensor>{narrow(first, 0, 1, first.numel() - 1),
                                   full({1}, n_, DType::Int64, first.device())}) -
           first;
  }
  Tensor first;

private:
  int64_t n_;
  Tensor begins_; // for each row but the first
};
// Slices along dim, each whole in memory.
Tensor chosen_slices(const Tensor& self, int64_t dim, const Tensor& index) {
  return movedim(index_select(movedim(self, {dim}, {0}), 0, index), {0}, {dim});
}

std::tuple<Tensor, Tensor, Tensor> no_slices(const Tensor& self) {
  const Tensor none = empty_tensor(DimVec{0}, DType::Int64, self.device());
  return {clone(self), none, none};
}

} // namespace

std::tuple<Tensor, Tensor, Tensor> unique_dim(const Tensor& self, int64_t dim, bool, bool, bool) {
  dim = wrap_dim(dim, self.dim());
  check_index(self.dim() > 0, "unique: Dimension specified as ", dim, " but tensor has no dimensions");
  NoGradGuard no_grad;
  if (self.sizes()[dim] == 0 && self.numel() == 0) {
    slices("unique", self, dim); // refuses other empty dimensions
    return no_slices(self);
  }
  const Tensor rows = slices("unique", self, dim);
  // Least significant column first, each sort stable: lexicographic in the end.
  Tensor order = arange(rows.sizes()[0], DType::Int64, self.device());
  for (int64_t c = rows.sizes()[1]; c-- > 0;)
    order = index_select(order, 0, argsort(index_select(select(rows, 1, c), 0, order), true, 0, false));
  const Runs runs(index_select(rows, 0, order));
  const Tensor inverse = empty_like(order);
  index_copy_(inverse, 0, order, runs.run());
  return {chosen_slices(self, dim, index_select(order, 0, runs.first)), inverse, runs.lengths()};
}

std::tuple<Tensor, Tensor, Tensor> unique_dim_consecutive(const Tensor& self, int64_t dim, bool, bool) {
  dim = wrap_dim(dim, self.dim());
  NoGradGuard no_grad;
  if (self.dim() > 0 && self.sizes()[dim] == 0) return no_slices(self);
  const Runs runs(self.dim() == 0 ? reshape(self, {1, 1}) : slices("unique_consecutive", self, dim));
  return {self.dim() == 0 ? clone(self) : chosen_slices(self, dim, runs.first), runs.run(), runs.lengths()};
}

std::tuple<Tensor, Tensor, Tensor> unique_consecutive(const Tensor& self, bool return_inverse,
                                                      bool return_counts, std::optional<int64_t> dim) {
  if (dim) return unique_dim_consecutive(self, *dim, return_inverse, return_counts);
  NoGradGuard no_grad;
  const Tensor flat = reshape(self, {-1}), none = empty_tensor(DimVec{0}, DType::Int64, self.device());
  if (self.numel() == 0) return {flat, return_inverse ? reshape(none, self.sizes()) : none, none};
  if (!return_inverse && !return_counts) {
    const int64_t n = flat.numel() - 1;
    const Tensor rest = narrow(flat, 0, 1, n);
    const Tensor begin = masked_select(rest, ne(rest, narrow(flat, 0, 0, n)));
    return {cat(std::vector<Tensor>{narrow(flat, 0, 0, 1), begin}), none, none};
  }
  const Runs runs(unsqueeze(flat, 1));
  return {index_select(flat, 0, runs.first), return_inverse ? reshape(runs.run(), self.sizes()) : none,
          return_counts ? runs.lengths() : none};
}

} // namespace torch::ops

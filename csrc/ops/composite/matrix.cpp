// Matrix products written with mm, bmm and pointwise ops.
#include "ops/entry.h"

namespace torch::ops {

Tensor mH(const Tensor& m) { return conj(transpose(m, -2, -1)); }

namespace {

// Operands of a product whose result has a dtype of its own. Those of half the width are widened first, which
// is exact, so that the result is rounded once.
Tensor widened(const Tensor& t, DType dtype) { return t.dtype() == dtype ? t : _to_copy(t, dtype); }
void check_out_dtype(const char* name, const Tensor& a, const Tensor& b, DType dtype) {
  check(a.dtype() == b.dtype(), name, ": expected both matrices to have the same dtype, but got ",
        dtype_name(a.dtype()), " and ", dtype_name(b.dtype()));
  check(dtype == a.dtype() || (dtype == DType::Float32 && is_reduced_float(a.dtype())), name,
        ": out_dtype must be the same as input dtype or fp32 for fp16/bf16 inputs, got ", dtype_name(dtype),
        " for ", dtype_name(a.dtype()));
}

} // namespace

Tensor mm(const Tensor& self, const Tensor& mat2, DType out_dtype) {
  check_out_dtype("mm", self, mat2, out_dtype);
  return mm(widened(self, out_dtype), widened(mat2, out_dtype));
}
Tensor bmm(const Tensor& self, const Tensor& mat2, DType out_dtype) {
  check_out_dtype("bmm", self, mat2, out_dtype);
  return bmm(widened(self, out_dtype), widened(mat2, out_dtype));
}
Tensor addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, DType out_dtype, const Scalar& beta,
             const Scalar& alpha) {
  check_out_dtype("addmm", mat1, mat2, out_dtype);
  return addmm(widened(self, out_dtype), widened(mat1, out_dtype), widened(mat2, out_dtype), beta, alpha);
}
Tensor baddbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2, DType out_dtype,
               const Scalar& beta, const Scalar& alpha) {
  check_out_dtype("baddbmm", batch1, batch2, out_dtype);
  return baddbmm(widened(self, out_dtype), widened(batch1, out_dtype), widened(batch2, out_dtype), beta,
                 alpha);
}

Tensor vdot(const Tensor& self, const Tensor& other) { return dot(conj(self), other); }
Tensor inner(const Tensor& self, const Tensor& other) {
  if (self.dim() == 0 || other.dim() == 0) return self * other;
  check(self.sizes().back() == other.sizes().back(),
        "inner() the last dimension must match on both input tensors but got shapes ", self.sizes(), " and ",
        other.sizes());
  return tensordot(self, other, {-1}, {-1});
}
Tensor outer(const Tensor& self, const Tensor& vec2) {
  check(self.dim() == 1 && vec2.dim() == 1, "outer: Expected 1-D argument self and vec2, but got ",
        self.dim(), "-D and ", vec2.dim(), "-D");
  return unsqueeze(self, 1) * vec2;
}

Tensor matmul(const Tensor& self, const Tensor& other) {
  const int64_t a = self.dim(), b = other.dim();
  check(a > 0 && b > 0, "both arguments to matmul need to be at least 1D, but they are ", a, "D and ", b,
        "D");
  if (a == 2 && b == 2) return mm(self, other);
  if (a == 1 && b == 1) return dot(self, other);
  if (a == 2 && b == 1) return mv(self, other);
  if (a == 1 && b == 2) return squeeze(mm(unsqueeze(self, 0), other), {0});
  // A batch against one matrix or vector folds into the rows of a single product.
  if (a >= 3 && b <= 2) {
    const Tensor rhs = b == 1 ? unsqueeze(other, 1) : other;
    check(self.sizes().back() == rhs.sizes()[0], "mat1 and mat2 shapes cannot be multiplied (",
          self.numel() / std::max<int64_t>(self.sizes().back(), 1), "x", self.sizes().back(), " and ",
          rhs.sizes()[0], "x", rhs.sizes()[1],
          "): the last dimension of the first must equal the rows of the second");
    DimVec sizes = self.sizes();
    int64_t rows = 1;
    for (int64_t i = 0; i + 1 < a; ++i) rows *= sizes[i];
    Tensor out = mm(reshape(self, {rows, sizes.back()}), rhs);
    sizes.back() = rhs.sizes()[1];
    out = _unsafe_view(out, sizes);
    return b == 1 ? squeeze(out, {-1}) : out;
  }
  const Tensor lhs = a == 1 ? unsqueeze(self, 0) : self;
  const Tensor rhs = b == 1 ? unsqueeze(other, 1) : other;
  const int64_t n = lhs.sizes()[lhs.dim() - 2], k = lhs.sizes().back(), m = rhs.sizes().back();
  const IntSpan batch_a = lhs.sizes().first(lhs.dim() - 2), batch_b = rhs.sizes().first(rhs.dim() - 2);
  check(rhs.sizes()[rhs.dim() - 2] == k, "matmul: shapes ", self.sizes(), " and ", other.sizes(),
        " cannot be multiplied: Expected size for ", "first two dimensions of batch2 tensor to be: [", k,
        "] but got: [", rhs.sizes()[rhs.dim() - 2], "].");
  const DimVec batch = broadcast_sizes(batch_a, batch_b, "matmul");
  const int64_t count = numel_of(batch);
  const auto full = [&](int64_t x, int64_t y) {
    DimVec s = batch;
    s.push_back(x);
    s.push_back(y);
    return s;
  };
  Tensor out =
      bmm(reshape(expand(lhs, full(n, k)), {count, n, k}), reshape(expand(rhs, full(k, m)), {count, k, m}));
  DimVec sizes = batch;
  if (a > 1) sizes.push_back(n);
  if (b > 1) sizes.push_back(m);
  return _unsafe_view(out, sizes);
}

Tensor tensordot(const Tensor& self, const Tensor& other, Ints dims_self, Ints dims_other) {
  check(dims_self.size() == dims_other.size(), "both dimension lists should have same length");
  check(self.dtype() == other.dtype(), "both inputs should have same dtype");
  uint64_t used_a = 0, used_b = 0;
  DimVec order_a, order_b, contract_a, contract_b, out_sizes;
  int64_t rows = 1, columns = 1, inner = 1;
  for (size_t i = 0; i < dims_self.size(); ++i) {
    const int64_t x = wrap_dim(dims_self[i], self.dim()), y = wrap_dim(dims_other[i], other.dim());
    check(self.sizes()[x] == other.sizes()[y], "contracted dimensions need to match, but first has size ",
          self.sizes()[x], " in dim ", x, " and second has size ", other.sizes()[y], " in dim ", y);
    used_a |= uint64_t{1} << x;
    used_b |= uint64_t{1} << y;
    contract_a.push_back(x);
    contract_b.push_back(y);
    inner *= self.sizes()[x];
  }
  for (int64_t i = 0; i < self.dim(); ++i)
    if (!(used_a >> i & 1)) {
      order_a.push_back(i);
      rows *= self.sizes()[i];
      out_sizes.push_back(self.sizes()[i]);
    }
  for (const int64_t x : contract_a) order_a.push_back(x);
  order_b = contract_b;
  for (int64_t i = 0; i < other.dim(); ++i)
    if (!(used_b >> i & 1)) {
      order_b.push_back(i);
      columns *= other.sizes()[i];
      out_sizes.push_back(other.sizes()[i]);
    }
  const Tensor a = reshape(permute(self, order_a), {rows, inner}),
               b = reshape(permute(other, order_b), {inner, columns});
  if (!out_sizes.empty()) return reshape(mm(a, b), out_sizes);
  const autocast::Off off; // a sum of products such as dot, which computes in what it is given
  return reshape(mm(a, b), out_sizes);
}

namespace {
// A factor of addr over tensors of dtype `type`; bool knows only whether there is one.
Scalar addr_factor(const char* name, const Scalar& factor, DType type) {
  if (type == DType::Bool) return Scalar(!factor.equals(0));
  check(!is_integral(type, /*include_bool=*/true) || factor.is_bool() || factor.is_integral(),
        "addr: For integral input tensors, argument ", name, " must not be a floating point number.");
  return factor;
}

template <class Add>
auto with_outer(const Tensor& self, const Tensor& vec1, const Tensor& vec2, const Scalar& beta,
                const Scalar& alpha, Add&& add) {
  check(vec1.dim() == 1, "addr: Expected 1-D argument vec1, but got ", vec1.dim(), "-D");
  check(vec2.dim() == 1, "addr: Expected 1-D argument vec2, but got ", vec2.dim(), "-D");
  const Tensor* const operands[] = {&self, &vec1, &vec2};
  const DType type = result_type(operands);
  return add(unsqueeze(vec1, 1), vec2, addr_factor("beta", beta, type), addr_factor("alpha", alpha, type));
}
} // namespace

Tensor addr(const Tensor& self, const Tensor& vec1, const Tensor& vec2, const Scalar& beta,
            const Scalar& alpha) {
  return with_outer(self, vec1, vec2, beta, alpha,
                    [&](const Tensor& column, const Tensor& row, const Scalar& b, const Scalar& a) {
                      return _addr(expand(self, {column.sizes()[0], row.sizes()[0]}), column, row, b, a);
                    });
}
const Tensor& addr_(const Tensor& self, const Tensor& vec1, const Tensor& vec2, const Scalar& beta,
                    const Scalar& alpha) {
  check(self.dim() == 2, "addr_: 2D tensor expected, got ", self.dim(), "D tensor for input");
  with_outer(self, vec1, vec2, beta, alpha,
             [&](const Tensor& column, const Tensor& row, const Scalar& b, const Scalar& a) {
               check(self.sizes()[0] == column.sizes()[0] && self.sizes()[1] == row.sizes()[0],
                     "addr_: size mismatch, input: ", self.sizes(), ", v1: ", vec1.sizes(),
                     ", v2: ", vec2.sizes());
               _addr_(self, column, row, b, a);
             });
  return self;
}

Tensor kron(const Tensor& self, const Tensor& other) {
  const int64_t n = std::max(self.dim(), other.dim());
  DimVec a, b, out;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t x = i < n - self.dim() ? 1 : self.sizes()[i - (n - self.dim())];
    const int64_t y = i < n - other.dim() ? 1 : other.sizes()[i - (n - other.dim())];
    a.push_back(x);
    a.push_back(1);
    b.push_back(1);
    b.push_back(y);
    out.push_back(x * y);
  }
  return reshape(reshape(self, a) * reshape(other, b), out);
}

// The largest number of rows for which Euclidean distances come from differences unless asked otherwise.
constexpr int64_t kFewRows = 25;

// By |a|^2 + |b|^2 - 2 a.b, as fast as a matrix product, which loses the digits of distances much smaller
// than the vectors.
static Tensor distances_by_product(const Tensor& x1, const Tensor& x2) {
  const Tensor squares1 = sum(square(x1), {-1}, true), squares2 = sum(square(x2), {-1}, true);
  const Tensor products = matmul(x1, transpose(x2, -2, -1));
  const Tensor squared = sub(add(squares1, transpose(squares2, -2, -1)), products, Scalar(2));
  return sqrt(clamp_min(squared, Scalar(0.0)));
}

Tensor cdist(const Tensor& x1, const Tensor& x2, double p, std::optional<int64_t> compute_mode) {
  check(x1.dim() >= 2 && x2.dim() >= 2, "cdist only supports at least 2D tensors, got ", x1.sizes(), " and ",
        x2.sizes());
  check(x1.sizes().back() == x2.sizes().back(),
        "X1 and X2 must have the same number of columns. X1: ", x1.sizes().back(),
        " X2: ", x2.sizes().back());
  for (const Tensor* x : {&x1, &x2})
    check(is_floating(x->dtype()), "cdist only supports floating-point dtypes, got ",
          dtype_aten_name(x->dtype()));
  check(p >= 0, "cdist only supports non-negative p values");
  const int64_t mode = compute_mode.value_or(0);
  check(mode >= 0 && mode <= 2, "possible modes: 0, 1, 2, but was: ", mode);
  const bool many =
      x1.sizes()[size_t(x1.dim() - 2)] > kFewRows || x2.sizes()[size_t(x2.dim() - 2)] > kFewRows;
  // Derivatives are those of the differences: the product has none where a distance is 0.
  if (p == 2 && (mode == 1 || (mode == 0 && many)) && is_floating(x1.dtype()) &&
      !is_reduced_float(x1.dtype()) && x1.dtype() == x2.dtype() && !autograd_wanted(x1) &&
      !autograd_wanted(x2))
    return distances_by_product(x1, x2);
  return linalg_vector_norm(unsqueeze(x1, -2) - unsqueeze(x2, -3), p, {-1});
}

// ---- einsum: each operand is permuted to (batch, own, contracted), pairs are contracted from left to right
// by bmm ----
namespace {

constexpr int kEllipsisBase = 52; // labels: 0..25 A-Z, 26..51 a-z, then dims of the ellipsis
using Labels = std::vector<int>;

int label_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  fail(ErrorKind::Runtime,
       concat("einsum(): invalid subscript given, subscripts must be in [a-zA-Z], got '", c, "'"));
}

struct Term {
  Labels before, after;
  bool ellipsis = false;
};

Term parse_term(std::string_view text) {
  Term t;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') continue;
    if (text[i] == '.') {
      check(!t.ellipsis, "einsum(): found '.' for which an ellipsis was already found");
      check(text.substr(i, 3) == "...", "einsum(): found '.' that is not part of any ellipsis");
      t.ellipsis = true;
      i += 2;
      continue;
    }
    (t.ellipsis ? t.after : t.before).push_back(label_of(text[i]));
  }
  return t;
}

struct Operand {
  Tensor tensor;
  Labels labels; // one per dim, distinct
};

bool has(const Labels& labels, int label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

// Sums the labels that nobody else needs.
Operand summed(Operand o, const std::vector<int>& uses) {
  DimVec dims;
  Labels kept;
  for (size_t i = 0; i < o.labels.size(); ++i) {
    if (uses[o.labels[i]] == 0)
      dims.push_back(static_cast<int64_t>(i));
    else
      kept.push_back(o.labels[i]);
  }
  if (!dims.empty()) o = {sum(o.tensor, dims), kept};
  return o;
}

// A label as the equation has it; a dot for the dims of an ellipsis.
char label_text(int label) {
  return static_cast<char>(label >= kEllipsisBase ? '.' : label < 26 ? 'A' + label : 'a' + label - 26);
}

Tensor arranged(const Operand& o, const Labels& order) { // missing labels become size 1
  DimVec perm;
  Tensor t = o.tensor;
  for (const int l : order) {
    const auto it = std::find(o.labels.begin(), o.labels.end(), l);
    if (it != o.labels.end()) perm.push_back(it - o.labels.begin());
  }
  t = permute(t, perm);
  for (size_t i = 0; i < order.size(); ++i)
    if (!has(o.labels, order[i])) t = unsqueeze(t, static_cast<int64_t>(i));
  return t;
}

Operand contract(const Operand& a, const Operand& b, const std::vector<int>& uses) {
  Labels batch, own_a, own_b, inner;
  for (const int l : a.labels) {
    if (!has(b.labels, l))
      own_a.push_back(l);
    else
      (uses[l] > 0 ? batch : inner).push_back(l);
  }
  for (const int l : b.labels)
    if (!has(a.labels, l)) own_b.push_back(l);
  Labels order_a = batch, order_b = batch, out = batch;
  order_a.insert(order_a.end(), own_a.begin(), own_a.end());
  order_a.insert(order_a.end(), inner.begin(), inner.end());
  order_b.insert(order_b.end(), inner.begin(), inner.end());
  order_b.insert(order_b.end(), own_b.begin(), own_b.end());
  Tensor x = arranged(a, order_a), y = arranged(b, order_b);
  const size_t nb = batch.size(), na = own_a.size(), ni = inner.size();
  if (ni == 0) { // nothing to add up: elementwise, with the dims of the one beside those of the other
    for (size_t i = 0; i < own_b.size(); ++i) x = unsqueeze(x, -1);
    for (size_t i = 0; i < na; ++i) y = unsqueeze(y, static_cast<int64_t>(nb));
    out.insert(out.end(), own_a.begin(), own_a.end());
    out.insert(out.end(), own_b.begin(), own_b.end());
    return {x * y, out};
  }
  // Size-1 dims broadcast against the other operand's size.
  DimVec sx = x.sizes(), sy = y.sizes();
  for (size_t i = 0; i < nb; ++i)
    sx[i] = sy[i] = std::max(sx[i] == 1 ? sy[i] : sx[i], sy[i] == 1 ? sx[i] : sy[i]);
  for (size_t i = 0; i < ni; ++i) {
    int64_t& p = sx[nb + na + i];
    int64_t& q = sy[nb + i];
    p = q = p == 1 ? q : p;
  }
  x = expand(x, sx);
  y = expand(y, sy);
  const auto product = [](IntSpan s) { return numel_of(s); };
  const int64_t B = product(sx.span().first(nb)), M = product(sx.span().subspan(nb, na)),
                K = product(sx.span().subspan(nb + na)), N = product(sy.span().subspan(nb + ni));
  Tensor r = bmm(reshape(x, {B, M, K}), reshape(y, {B, K, N}));
  DimVec sizes(sx.span().first(nb + na));
  for (const int64_t s : sy.span().subspan(nb + ni)) sizes.push_back(s);
  out.insert(out.end(), own_a.begin(), own_a.end());
  out.insert(out.end(), own_b.begin(), own_b.end());
  return {reshape(r, sizes), out};
}

} // namespace

Tensor einsum(std::string_view equation, TensorList tensors, OptInts path) {
  check(!tensors.empty(), "einsum(): must provide at least one operand");
  const size_t arrow = equation.find("->");
  std::string_view lhs = equation.substr(0, arrow);
  std::vector<Term> terms;
  for (size_t at = 0;;) {
    const size_t comma = lhs.find(',', at);
    terms.push_back(parse_term(lhs.substr(at, comma == std::string_view::npos ? comma : comma - at)));
    if (comma == std::string_view::npos) break;
    at = comma + 1;
  }
  check(terms.size() == tensors.size(),
        terms.size() > tensors.size()
            ? "einsum(): fewer operands were provided than specified in the equation"
            : "einsum(): more operands were provided than specified in the equation",
        ": it has ", terms.size(), " terms, got ", tensors.size(), " tensors");
  int64_t ellipsis_dims = 0;
  for (size_t i = 0; i < terms.size(); ++i) {
    const int64_t named = static_cast<int64_t>(terms[i].before.size() + terms[i].after.size());
    const int64_t extra = tensors[i].dim() - named;
    check(extra >= 0 && (terms[i].ellipsis || extra == 0),
          "einsum(): the number of subscripts in the equation (", named,
          terms[i].ellipsis ? ") is more than the number of dimensions ("
                            : ") does not match the number of dimensions (",
          tensors[i].dim(), ") for operand ", i, terms[i].ellipsis ? "" : " and no ellipsis was given");
    ellipsis_dims = std::max(ellipsis_dims, extra);
  }
  std::vector<int64_t> size_of(kEllipsisBase + ellipsis_dims, -1);
  std::vector<Operand> operands;
  for (size_t i = 0; i < terms.size(); ++i) {
    const Term& term = terms[i];
    Labels labels = term.before;
    const int64_t extra = tensors[i].dim() - static_cast<int64_t>(term.before.size() + term.after.size());
    for (int64_t e = 0; e < extra; ++e)
      labels.push_back(kEllipsisBase + static_cast<int>(ellipsis_dims - extra + e));
    labels.insert(labels.end(), term.after.begin(), term.after.end());
    // A repeated label takes the diagonal.
    Operand o{tensors[i], {}};
    for (size_t d = 0; d < labels.size(); ++d) {
      const auto seen = std::find(o.labels.begin(), o.labels.end(), labels[d]);
      if (seen == o.labels.end()) {
        o.labels.push_back(labels[d]);
        continue;
      }
      const int64_t first = seen - o.labels.begin(), second = static_cast<int64_t>(o.labels.size());
      check(o.tensor.size(first) == o.tensor.size(second), "einsum(): subscript ", label_text(labels[d]),
            " is repeated for operand ", i, " but the sizes don't match, ", o.tensor.size(second),
            " != ", o.tensor.size(first));
      o.tensor = movedim(diagonal(o.tensor, 0, first, second), {-1}, {first});
    }
    for (size_t d = 0; d < o.labels.size(); ++d) {
      int64_t& known = size_of[o.labels[d]];
      const int64_t s = o.tensor.sizes()[d];
      check(known < 0 || known == 1 || s == 1 || known == s, "einsum(): subscript ", label_text(o.labels[d]),
            " has size ", s, " for operand ", i, " which does not broadcast with previously seen size ",
            known);
      known = known < 0 || known == 1 ? s : known;
    }
    operands.push_back(std::move(o));
  }
  Labels out;
  if (arrow != std::string_view::npos) {
    const Term term = parse_term(equation.substr(arrow + 2));
    out = term.before;
    if (term.ellipsis)
      for (int64_t e = 0; e < ellipsis_dims; ++e) out.push_back(kEllipsisBase + static_cast<int>(e));
    out.insert(out.end(), term.after.begin(), term.after.end());
    for (size_t i = 0; i < out.size(); ++i) {
      check(size_of[out[i]] >= 0, "einsum(): output subscript ", label_text(out[i]),
            " does not appear in the equation for any input operand");
      check(std::count(out.begin(), out.end(), out[i]) == 1, "einsum(): output subscript ",
            label_text(out[i]), " appears more than once in the output");
    }
  } else {
    for (int64_t e = 0; e < ellipsis_dims; ++e) out.push_back(kEllipsisBase + static_cast<int>(e));
    for (int l = 0; l < kEllipsisBase; ++l) {
      int count = 0;
      for (const Term& t : terms)
        count += static_cast<int>(std::count(t.before.begin(), t.before.end(), l) +
                                  std::count(t.after.begin(), t.after.end(), l));
      if (count == 1) out.push_back(l);
    }
  }
  // Operands are contracted from left to right, or in pairs as the path says: each step takes two away and
  // appends their product.
  const size_t n = operands.size();
  if (path) {
    check(path.span().size() == 2 * (n - 1), "einsum(): expected a contraction path of ", 2 * (n - 1),
          " positions for ", n, " operands, but got ", path.span().size());
    for (size_t i = 0; i < path.span().size(); ++i) {
      const int64_t left = static_cast<int64_t>(n - i / 2), at = path.span()[i];
      check(at >= 0 && at < left && (i % 2 == 0 || at != path.span()[i - 1]),
            "einsum(): the contraction path is not valid: position ", at, " among ", left, " operands");
    }
  }
  std::vector<int> uses(size_of.size(), 0); // by the result and by operands that wait
  for (const int l : out) ++uses[l];
  const auto count = [](std::vector<int>& counts, const Operand& o, int by) {
    for (const int l : o.labels) counts[l] += by;
  };
  for (const Operand& o : operands) count(uses, o, 1);
  const auto taken = [&](size_t at) {
    Operand o = std::move(operands[at]);
    operands.erase(operands.begin() + static_cast<ptrdiff_t>(at));
    count(uses, o, -1);
    return o;
  };
  for (size_t step = 0; step + 1 < n; ++step) {
    const size_t i = path ? static_cast<size_t>(path.span()[2 * step]) : step == 0 ? 0 : operands.size() - 1;
    size_t j = path ? static_cast<size_t>(path.span()[2 * step + 1]) : step == 0 ? 1 : 0;
    j -= j > i;
    Operand a = taken(i), b = taken(j);
    // Labels of one operand only are summed before the product.
    std::vector<int> needed = uses;
    count(needed, a, 1);
    b = summed(std::move(b), needed);
    needed = uses;
    count(needed, b, 1);
    operands.push_back(contract(summed(std::move(a), needed), b, uses));
    count(uses, operands.back(), 1);
  }
  const Operand result = summed(taken(0), uses);
  Tensor t = arranged(result, out);
  DimVec sizes;
  for (const int l : out) sizes.push_back(size_of[l]);
  return torch::equal(t.sizes(), sizes) ? t : expand(t, sizes);
}

} // namespace torch::ops

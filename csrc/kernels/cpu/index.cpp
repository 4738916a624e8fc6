// Advanced indexing: self[i, :, j] with index tensors i and j, read and written.
#include "kernels/cpu/index_plan.h"
#include "kernels/index_kernels.h"

namespace torch::TORCH_ISA {
namespace {

// Strides of `t` as if expanded to `sizes`, aligned on the right.
DimVec expanded_strides(const Tensor& t, IntSpan sizes) {
  DimVec strides(sizes.size(), 0);
  const size_t skip = sizes.size() - static_cast<size_t>(t.dim());
  for (size_t d = skip; d < sizes.size(); ++d)
    strides[d] = t.sizes()[d - skip] == 1 ? 0 : t.strides()[d - skip];
  return strides;
}

struct IndexedShape {
  size_t first = 0;     // where the index dimensions stand in the result
  DimVec index_sizes;   // their common shape
  DimVec sizes;         // of the result
  DimVec indexed, kept; // dimensions of self
};

IndexedShape indexed_shape(const Tensor& self, TensorList indices) {
  IndexedShape s;
  for (int64_t d = 0; d < self.dim(); ++d) {
    const bool is_indexed = static_cast<size_t>(d) < indices.size() && indices[d].defined();
    (is_indexed ? s.indexed : s.kept).push_back(d);
  }
  TORCH_ASSERT(!s.indexed.empty());
  s.index_sizes = indices[s.indexed[0]].sizes();
  const bool adjacent = s.indexed.back() - s.indexed[0] + 1 == static_cast<int64_t>(s.indexed.size());
  s.first = adjacent ? static_cast<size_t>(s.indexed[0]) : 0;
  for (size_t k = 0; k < s.kept.size(); ++k) {
    if (k == s.first)
      for (const int64_t size : s.index_sizes) s.sizes.push_back(size);
    s.sizes.push_back(self.sizes()[s.kept[k]]);
  }
  if (s.first == s.kept.size())
    for (const int64_t size : s.index_sizes) s.sizes.push_back(size);
  return s;
}

// `other_strides` belong to the shape of the result.
IndexPlan make_plan(const Tensor& self, TensorList indices, const IndexedShape& shape,
                    IntSpan other_strides) {
  const size_t index_dims = shape.index_sizes.size();
  PairDims places; // positions in order, and their places in other
  int64_t step = 1;
  DimVec order(index_dims);
  for (size_t d = index_dims; d-- > 0; step *= shape.index_sizes[d]) order[d] = step;
  for (size_t d = 0; d < index_dims; ++d)
    places.add(shape.index_sizes[d], order[d], other_strides[shape.first + d]);
  IndexPlan plan(places.numel, places.sizes.size() <= 1);
  if (!places.sizes.empty() && plan.uniform) plan.other_stride = places.b[0];
  if (!plan.uniform) {
    PairWalk walk(places, 0);
    for (int64_t n = 0; n < plan.count; ++n, walk.next()) plan.other_place[n] = walk.b;
  }
  for (size_t k = 0; k < shape.kept.size(); ++k) {
    const int64_t d = shape.kept[k];
    const size_t at = k < shape.first ? k : k + index_dims;
    (k < shape.first ? plan.before : plan.after).add(self.sizes()[d], self.strides()[d], other_strides[at]);
  }
  for (const int64_t d : shape.indexed) {
    const Tensor& index = indices[d];
    PairDims rows; // positions in order, and their indices
    for (size_t i = 0; i < index_dims; ++i) rows.add(shape.index_sizes[i], order[i], index.strides()[i]);
    IndexSource source{index.data(),
                       index.dtype(),
                       rows.sizes.empty() ? 0 : rows.b.back(),
                       self.sizes()[d],
                       self.strides()[d],
                       Negative::Wrap,
                       d,
                       ErrorKind::Index,
                       IndexSource::fail_in_dim};
    if (rows.sizes.size() <= 1) {
      plan.add(source);
      continue;
    }
    const int64_t length = rows.sizes.back();
    rows.sizes.erase(rows.sizes.size() - 1);
    rows.numel = rows.numel == 0 ? 0 : rows.numel / length;
    plan.add(source, &rows, length);
  }
  return plan;
}

} // namespace

// Index tensors stand at the dimensions of self that they index, all of one shape; an undefined one is a full
// slice.
void index(const Tensor& out, const Tensor& self, TensorList indices) {
  const IndexedShape shape = indexed_shape(self, indices);
  if (self.dim() == 1 && out.is_contiguous() && indices[0].is_contiguous()) { // x[i]
    const int64_t size = self.sizes()[0];
    visit_width(self.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      visit_index("index", indices[0].dtype(), [&](auto index_tag) {
        using I = typename decltype(index_tag)::type;
        read_single(out.data<T>(), self.data<T>(), self.strides()[0], indices[0].data<I>(), out.numel(), size,
                    Negative::Wrap, [&](int64_t v) { fail_index(ErrorKind::Index, v, 0, size); });
      });
    });
    return;
  }
  IndexPlan plan = make_plan(self, indices, shape, out.strides());
  plan_read(plan, self, out);
}

void index_put(const Tensor& self, TensorList indices, const Tensor& values, bool accumulate) {
  const IndexedShape shape = indexed_shape(self, indices);
  IndexPlan plan = make_plan(self, indices, shape, expanded_strides(values, shape.sizes));
  if (accumulate) {
    plan_add(plan, self, values, Scalar(1));
  } else {
    plan_write(plan, self, values);
  }
}

} // namespace torch::TORCH_ISA

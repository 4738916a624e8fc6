// Whole slices along one dimension by a one-dimensional index, and single elements by flat index.
#include "kernels/cpu/index_plan.h"
#include "kernels/create_kernels.h"
#include "kernels/index_kernels.h"

namespace torch::TORCH_ISA {
namespace {

// self[..., index, ...] beside `other`, which has the index's length at `dim` (all strides 0 for a single
// value).
IndexPlan make_plan(const Tensor& self, int64_t dim, const Tensor& index, const Tensor* other,
                    Negative negative, ErrorKind outside = ErrorKind::Index) {
  dim = wrap_dim(dim, self.dim());
  const int64_t count = index.numel();
  IndexPlan plan(count, true);
  const bool scalar = self.dim() == 0;
  const auto stride_in_other = [&](int64_t d) { return other && other->dim() > 0 ? other->strides()[d] : 0; };
  for (int64_t d = 0; d < self.dim(); ++d) {
    if (d == dim)
      plan.other_stride = stride_in_other(d);
    else
      (d < dim ? plan.before : plan.after).add(self.sizes()[d], self.strides()[d], stride_in_other(d));
  }
  if (scalar && other && other->dim() == 1) plan.other_stride = other->strides()[0];
  plan.add({index.data(), index.dtype(), index.dim() == 0 ? 0 : index.strides()[0],
            scalar ? 1 : self.sizes()[dim], scalar ? 0 : self.strides()[dim], negative, dim, outside,
            IndexSource::fail_in_dim});
  return plan;
}

[[noreturn, gnu::cold]] void fail_flat_index(int64_t index, int64_t n) {
  fail(ErrorKind::Index,
       concat("out of range: tried to access index ", index, " on a tensor of ", n, " elements."));
}

// Places of flat indices in a tensor of any strides; negative ones count from the end.
void flat_positions(int64_t* position, const Tensor& self, const Tensor& index) {
  const int64_t n = self.numel(), count = index.numel();
  check_index(n > 0 || count == 0, "take(): tried to take from an empty tensor");
  DimVec order(index.dim());
  PairDims dims;
  for (int64_t d = index.dim(), step = 1; d-- > 0; step *= index.sizes()[d]) order[d] = step;
  for (int64_t d = 0; d < index.dim(); ++d) dims.add(index.sizes()[d], order[d], index.strides()[d]);
  visit_index("take", index.dtype(), [&](auto tag) {
    using I = typename decltype(tag)::type;
    const I* const from = index.data<I>();
    parallel_for(0, count, kGrain, [&](int64_t first, int64_t last) {
      PairWalk walk(dims, first);
      for (int64_t i = first; i < last; ++i, walk.next()) {
        const auto v = static_cast<int64_t>(from[walk.b]);
        if (v < -n || v >= n) fail_flat_index(v, n);
        position[i] = v < 0 ? v + n : v;
      }
      if (self.is_contiguous()) return;
      for (int64_t i = first; i < last; ++i) {
        int64_t rest = position[i], place = 0;
        for (int64_t d = self.dim(); d-- > 0; rest /= self.sizes()[d])
          place += rest % self.sizes()[d] * self.strides()[d];
        position[i] = place;
      }
    });
  });
}

// A plan over single elements: `other` has index's shape.
IndexPlan flat_plan(const Tensor& self, const Tensor& index, const Tensor& other) {
  PairDims places;
  for (int64_t d = 0; d < other.dim(); ++d) places.add(other.sizes()[d], 0, other.strides()[d]);
  IndexPlan plan(index.numel(), places.sizes.size() <= 1);
  if (!places.sizes.empty() && plan.uniform) plan.other_stride = places.b[0];
  if (!plan.uniform) {
    PairWalk walk(places, 0);
    for (int64_t n = 0; n < plan.count; ++n, walk.next()) plan.other_place[n] = walk.b;
  }
  if (self.is_contiguous() && index.is_contiguous() && self.numel() > 0)
    plan.add({index.data(), index.dtype(), 1, self.numel(), 1, Negative::Wrap, 0, ErrorKind::Index,
              [](const IndexSource& source, int64_t i) { fail_flat_index(i, source.size); }});
  else
    flat_positions(plan.own_positions(), self, index);
  return plan;
}

} // namespace

void index_select(const Tensor& out, const Tensor& self, int64_t dim, const Tensor& index) {
  if (self.dim() == 1 && index.is_contiguous() && out.is_contiguous()) {
    const int64_t size = self.sizes()[0];
    visit_width(self.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      visit_index("index_select", index.dtype(), [&](auto index_tag) {
        using I = typename decltype(index_tag)::type;
        read_single(out.data<T>(), self.data<T>(), self.strides()[0], index.data<I>(), out.numel(), size,
                    Negative::Reject, [&](int64_t v) { fail_index(ErrorKind::Index, v, 0, size); });
      });
    });
    return;
  }
  IndexPlan plan = make_plan(self, dim, index, &out, Negative::Reject);
  plan_read(plan, self, out);
}

void index_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
               const Scalar& alpha) {
  if (self.dim() == 1 && index.dim() == 1 && source.dim() == 1 && !self.is_complex() &&
      alpha.to<double>() == 1)
    return scatter_add(self, 0, index, source);
  IndexPlan plan = make_plan(self, dim, index, &source, Negative::Reject, ErrorKind::Runtime);
  plan_add(plan, self, source, alpha);
}

void index_copy(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
  IndexPlan plan = make_plan(self, dim, index, &source, Negative::Reject);
  plan_write(plan, self, source);
}

void index_fill(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
  IndexPlan plan = make_plan(self, dim, index, nullptr, Negative::Wrap);
  const Tensor single = empty_tensor({}, self.dtype());
  fill(single, value);
  plan_write(plan, self, single);
}

void take(const Tensor& out, const Tensor& self, const Tensor& index) {
  const int64_t n = self.numel();
  if (n > 0 && self.is_contiguous() && index.is_contiguous() && out.is_contiguous()) {
    visit_width(self.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      visit_index("take", index.dtype(), [&](auto index_tag) {
        using I = typename decltype(index_tag)::type;
        read_single(out.data<T>(), self.data<T>(), 1, index.data<I>(), index.numel(), n, Negative::Wrap,
                    [&](int64_t v) { fail_flat_index(v, n); });
      });
    });
    return;
  }
  IndexPlan plan = flat_plan(self, index, out);
  plan_read(plan, self, out);
}

// source has as many elements as index, taken in order. Sums are made in the order of the index.
void put(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate) {
  IndexPlan plan = flat_plan(self, index, source);
  if (accumulate) {
    plan_add(plan, self, source, Scalar(1));
  } else {
    plan_write(plan, self, source);
  }
}

} // namespace torch::TORCH_ISA

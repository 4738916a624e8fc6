// The three things done with an IndexPlan, compiled once for all the kernels that make plans.
#include "kernels/cpu/index_plan.h"

namespace torch::TORCH_ISA {
namespace {

// Runs move(self_offset, other_offset, self_stride, other_stride, n) over all rows, where a row goes along
// `after`, or along... nothing when `after` is a single element: then rows(…) below is called instead. With
// `ordered`, positions are visited in order for each element of self by one thread, so that repeated
// positions give the same result on any number of threads.
// `ahead` is told where in self a row to come begins, `ahead.rows` after the one that is next.
struct NoPrefetch {
  static constexpr int64_t rows = 0;
  void operator()(int64_t) const {}
};
template <class Row, class Single, class Ahead = NoPrefetch>
void run_plan(const IndexPlan& plan, bool ordered, const Row& row, const Single& single,
              const Ahead& ahead = {}) {
  const PairOffsets after(plan.after);
  if (plan.count == 0 || plan.before.numel == 0 || after.count == 0) return;
  const auto walk = [&](int64_t b_first, int64_t b_last, int64_t n_first, int64_t n_last, int64_t a_first,
                        int64_t a_last) {
    PairWalk b(plan.before, b_first);
    for (int64_t i = b_first; i < b_last; ++i, b.next()) {
      if (after.count == 1) {
        single(b.a, b.b, n_first, n_last);
      } else if (after.uniform) {
        for (int64_t n = n_first; n < n_last; ++n) {
          ahead(b.a + plan.position[std::min(n + ahead.rows, n_last - 1)] + a_first * after.stride_a);
          row(b.a + plan.position[n] + a_first * after.stride_a,
              b.b + plan.place(n) + a_first * after.stride_b, after.stride_a, after.stride_b,
              a_last - a_first);
        }
      } else {
        for (int64_t n = n_first; n < n_last; ++n)
          for (int64_t k = a_first; k < a_last; ++k)
            row(b.a + plan.position[n] + after.a[k], b.b + plan.place(n) + after.b[k], 0, 0, 1);
      }
    }
  };
  const int64_t per_before = plan.count * after.count;
  if (plan.before.numel > 1) {
    parallel_for(0, plan.before.numel, std::max<int64_t>(1, kGrain / per_before),
                 [&](int64_t first, int64_t last) { walk(first, last, 0, plan.count, 0, after.count); });
  } else if (!ordered) {
    parallel_for(0, plan.count, std::max<int64_t>(1, kGrain / after.count),
                 [&](int64_t first, int64_t last) { walk(0, 1, first, last, 0, after.count); });
  } else if (after.count >= 64) {
    // Whole cache lines of the row to each thread.
    parallel_for(0, after.count / 16, std::max<int64_t>(4, kGrain / plan.count / 16),
                 [&](int64_t first, int64_t last) {
                   walk(0, 1, 0, plan.count, first * 16, last == after.count / 16 ? after.count : last * 16);
                 });
  } else {
    walk(0, 1, 0, plan.count, 0, after.count);
  }
}

template <class T, int64_t kRows> struct Prefetch {
  static constexpr int64_t rows = kRows;
  const T* self;
  int64_t bytes; // from the beginning of a row
  void operator()(int64_t at) const {
    const char* const row = reinterpret_cast<const char*>(self + at);
    for (int64_t byte = 0; byte < bytes; byte += 64) __builtin_prefetch(row + byte);
    __builtin_prefetch(row + bytes - 1);
  }
};

// other = self at the positions.
template <class T> void read_at(const IndexPlan& plan, const T* self, T* other) {
  if (plan.count == 0) return;
  // Single elements of many equal rows: four rows at a time share each position.
  if (plan.after.numel == 1 && plan.before.numel >= 4 && plan.before.sizes.size() == 1 && plan.uniform &&
      plan.other_stride == 1) {
    const int64_t a = plan.before.a[0], b = plan.before.b[0];
    parallel_for(0, plan.before.numel / 4, std::max<int64_t>(1, kGrain / (4 * plan.count)),
                 [&](int64_t first, int64_t last) {
                   for (int64_t r = 4 * first; r < 4 * last; r += 4) {
                     const T* const from = self + r * a;
                     T* const to = other + r * b;
                     for (int64_t n = 0; n < plan.count; ++n) {
                       const T* const at = from + by_itself(plan.position[n]);
                       to[n] = at[0];
                       to[n + b] = at[a];
                       to[n + 2 * b] = at[2 * a];
                       to[n + 3 * b] = at[3 * a];
                     }
                   }
                 });
    for (int64_t r = plan.before.numel / 4 * 4; r < plan.before.numel; ++r)
      for (int64_t n = 0; n < plan.count; ++n) other[r * b + n] = self[r * a + by_itself(plan.position[n])];
    return;
  }
  const auto copy = [&](int64_t at, int64_t to, int64_t self_stride, int64_t other_stride, int64_t n) {
    copy_row(other + to, other_stride, self + at, self_stride, n);
  };
  const auto single = [&](int64_t at, int64_t to, int64_t first, int64_t last) {
    const T* const from = self + at;
    T* const out = other + to;
    if (plan.uniform && plan.other_stride == 1)
      for (int64_t n = first; n < last; ++n) out[n] = from[by_itself(plan.position[n])];
    else
      for (int64_t n = first; n < last; ++n) out[plan.place(n)] = from[plan.position[n]];
  };
  // Rows lie anywhere: ask for one before its turn. The first lines are enough for the processor to guess the
  // others, but of rows of some kilobytes it gets to the end only by then: 60000 rows of 3136 bytes, 64 at a
  // time, take 13.2 ms with their first lines asked for and 10.6 with all.
  const int64_t bytes = plan.after.numel * int64_t(sizeof(T));
  if (bytes >= 1024 && bytes <= 8192)
    run_plan(plan, false, copy, single, Prefetch<T, 3>{self, bytes});
  else
    run_plan(plan, false, copy, single, Prefetch<T, 16>{self, std::min<int64_t>(bytes, 256)});
}

// self = other at the positions; the last of repeated positions stays.
template <class T> void write_at(const IndexPlan& plan, T* self, const T* other) {
  run_plan(
      plan, true,
      [&](int64_t at, int64_t from, int64_t self_stride, int64_t other_stride, int64_t n) {
        copy_row(self + at, self_stride, other + from, other_stride, n);
      },
      [&](int64_t at, int64_t from, int64_t first, int64_t last) {
        for (int64_t n = first; n < last; ++n) self[at + plan.position[n]] = other[from + plan.place(n)];
      });
}

// self += scale * other at the positions, in their order.
template <class T> void add_at(const IndexPlan& plan, T* self, const T* other, T scale) {
  const auto run = [&](auto scaled) {
    run_plan(
        plan, true,
        [&](int64_t at, int64_t from, int64_t self_stride, int64_t other_stride, int64_t n) {
          T* const to = self + at;
          const T* const values = other + from;
          if (self_stride == 1 && other_stride == 1)
            for (int64_t i = 0; i < n; ++i) to[i] = add_values(to[i], scaled(values[i]));
          else
            for (int64_t i = 0; i < n; ++i)
              to[i * self_stride] = add_values(to[i * self_stride], scaled(values[i * other_stride]));
        },
        [&](int64_t at, int64_t from, int64_t first, int64_t last) {
          for (int64_t n = first; n < last; ++n) {
            T& to = self[at + plan.position[n]];
            to = add_values(to, scaled(other[from + plan.place(n)]));
          }
        });
  };
  if (scale == T(1))
    run([](T v) { return v; });
  else
    run([scale](T v) { return multiply_values(v, scale); });
}

} // namespace

void plan_read(const IndexPlan& plan, const Tensor& self, const Tensor& other) {
  visit_width(self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    read_at(plan, self.data<T>(), other.data<T>());
  });
}
void plan_write(const IndexPlan& plan, const Tensor& self, const Tensor& other) {
  visit_width(self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    write_at(plan, self.data<T>(), other.data<T>());
  });
}
void plan_add(const IndexPlan& plan, const Tensor& self, const Tensor& other, const Scalar& scale) {
  visit_compiled(self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    add_at(plan, self.data<T>(), other.data<T>(), scale.to<T>());
  });
}

} // namespace torch::TORCH_ISA

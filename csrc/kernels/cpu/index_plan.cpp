// The three things done with an IndexPlan, compiled once for all the kernels that make plans.
#include "kernels/cpu/index_plan.h"

#include "kernels/cpu/stream.h"

#include <bit>

namespace torch::TORCH_ISA {
namespace {

template <class I> void check_block(const IndexSource& s, int64_t first, int64_t last) {
  const I* const row = static_cast<const I*>(s.data) + first * s.step;
  const int64_t low = s.negative == Negative::Wrap ? -s.size : 0;
  if (const int64_t bad = first_outside(row, s.step, last - first, low, s.size); bad >= 0)
    s.fail(s, static_cast<int64_t>(row[bad * s.step]));
}
void check_block(const IndexSource& s, int64_t first, int64_t last) {
  visit_index("index", s.type, [&](auto tag) { check_block<typename decltype(tag)::type>(s, first, last); });
}

// Positions [first, last) of a source, or of those before it and of this one too.
template <class I>
void add_block(int64_t* to, const IndexSource& s, int64_t first, int64_t last, bool checked, bool on_top) {
  const I* const row = static_cast<const I*>(s.data) + first * s.step;
  const int64_t n = last - first;
  if (!checked) check_block<I>(s, first, last);
  const auto make = [&](const auto& index) {
    const auto place = [&](int64_t i) {
      const auto v = static_cast<int64_t>(index(i));
      return (v + (v < 0 ? s.size : 0)) * s.stride;
    };
    if (on_top)
      for (int64_t i = 0; i < n; ++i) to[i] += place(i);
    else
      for (int64_t i = 0; i < n; ++i) to[i] = place(i);
  };
  if (s.step == 1)
    make([=](int64_t i) { return row[i]; });
  else
    make([=](int64_t i) { return row[i * s.step]; });
}
void add_block(int64_t* to, const IndexSource& s, int64_t first, int64_t last, bool checked, bool on_top) {
  visit_index("index", s.type, [&](auto tag) {
    add_block<typename decltype(tag)::type>(to, s, first, last, checked, on_top);
  });
}

// Runs move(self_offset, other_offset, self_stride, other_stride, n) over all rows, where a row goes along
// `after`, or along... nothing when `after` is a single element: then single(self_offset, other_offset,
// positions, first, last) is called instead, where positions[0] is that of `first`. With `ordered`, positions
// are visited in order for each element of self by one thread, so that repeated positions give the same
// result on any number of threads.
// `ahead` is told where in self a row to come begins, `ahead.rows` after the one that is next.
struct NoPrefetch {
  static constexpr int64_t rows = 0;
  void operator()(int64_t) const {}
};
// end() is called by each thread after its rows.
template <class Row, class Single, class Ahead = NoPrefetch>
void run_plan(
    const IndexPlan& plan, bool ordered, const Row& row, const Single& single, const Ahead& ahead = {},
    void (*end)() = [] {}) {
  const PairOffsets after(plan.after);
  if (plan.count == 0 || plan.before.numel == 0 || after.count == 0) return;
  const auto walk = [&](int64_t b_first, int64_t b_last, int64_t n_first, int64_t n_last, int64_t a_first,
                        int64_t a_last) {
    PairWalk b(plan.before, b_first);
    for (int64_t i = b_first; i < b_last; ++i, b.next()) {
      if (after.count == 1) {
        single(b.a, b.b, plan.list() + n_first, n_first, n_last);
      } else if (after.uniform) {
        for (int64_t n = n_first; n < n_last; ++n) {
          ahead(b.a + plan.position(std::min(n + ahead.rows, n_last - 1)) + a_first * after.stride_a);
          row(b.a + plan.position(n) + a_first * after.stride_a,
              b.b + plan.place(n) + a_first * after.stride_b, after.stride_a, after.stride_b,
              a_last - a_first);
        }
      } else {
        for (int64_t n = n_first; n < n_last; ++n)
          for (int64_t k = a_first; k < a_last; ++k)
            row(b.a + plan.position(n) + after.a[k], b.b + plan.place(n) + after.b[k], 0, 0, 1);
      }
    }
    end();
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

// other = self at the positions, of short contiguous rows: without what run_plan does about any other.
template <class T> void read_short_rows(const IndexPlan& plan, const T* self, T* other) {
  constexpr int64_t kFar = 16;
  const int64_t width = plan.after.numel, bytes = width * int64_t(sizeof(T)), step = plan.other_stride;
  const auto rows = [=, place = plan.list()](const T* from, T* to, int64_t first, int64_t last) {
    for (int64_t n = first; n < last; ++n) {
      const char* const soon = reinterpret_cast<const char*>(from + place[std::min(n + kFar, last - 1)]);
      for (int64_t byte = 0; byte < std::min<int64_t>(bytes, 256); byte += 64)
        __builtin_prefetch(soon + byte);
      copy_bytes(to + n * step, from + place[n], size_t(bytes));
    }
  };
  if (plan.before.numel == 1)
    return parallel_for(0, plan.count, std::max<int64_t>(1, kGrain / width),
                        [&](int64_t first, int64_t last) { rows(self, other, first, last); });
  parallel_for(0, plan.before.numel, std::max<int64_t>(1, kGrain / (plan.count * width)),
               [&](int64_t first, int64_t last) {
                 PairWalk b(plan.before, first);
                 for (int64_t i = first; i < last; ++i, b.next())
                   rows(self + b.a, other + b.b, 0, plan.count);
               });
}

// other = self at the positions.
template <class T> void read_at(IndexPlan& plan, const T* self, T* other) {
  if (plan.count == 0) return;
  // Single elements of many equal rows: four rows at a time share each position.
  if (plan.after.numel == 1 && plan.before.numel >= 4 && plan.before.sizes.size() == 1 && plan.uniform &&
      plan.other_stride == 1) {
    plan.make_positions();
    const int64_t a = plan.before.a[0], b = plan.before.b[0];
    parallel_for(0, plan.before.numel / 4, std::max<int64_t>(1, kGrain / (4 * plan.count)),
                 [&](int64_t first, int64_t last) {
                   for (int64_t r = 4 * first; r < 4 * last; r += 4) {
                     const T* const from = self + r * a;
                     T* const to = other + r * b;
                     for (int64_t n = 0; n < plan.count; ++n) {
                       const T* const at = from + by_itself(plan.position(n));
                       to[n] = at[0];
                       to[n + b] = at[a];
                       to[n + 2 * b] = at[2 * a];
                       to[n + 3 * b] = at[3 * a];
                     }
                   }
                 });
    for (int64_t r = plan.before.numel / 4 * 4; r < plan.before.numel; ++r)
      for (int64_t n = 0; n < plan.count; ++n) other[r * b + n] = self[r * a + by_itself(plan.position(n))];
    return;
  }
  const auto single = [&](int64_t at, int64_t to, const int64_t* position, int64_t first, int64_t last) {
    const T* const from = self + at;
    T* const out = other + to;
    if (plan.uniform && plan.other_stride == 1)
      for (int64_t n = first; n < last; ++n) out[n] = from[by_itself(position[n - first])];
    else
      for (int64_t n = first; n < last; ++n) out[plan.place(n)] = from[position[n - first]];
  };
  if (plan.single()) {
    parallel_for(0, plan.count, kGrain, [&](int64_t begin, int64_t end) {
      int64_t buffer[IndexPlan::kBlock];
      for (int64_t n = begin; n < end; n += IndexPlan::kBlock) {
        const int64_t last = std::min(end, n + IndexPlan::kBlock);
        single(0, 0, plan.positions(n, last, false, buffer), n, last);
      }
    });
    return;
  }
  plan.make_positions();
  if (plan.count == 0 || plan.before.numel == 0 || plan.after.numel == 0) return;
  // Rows lie anywhere: ask for one before its turn. The first lines are enough for the processor to guess the
  // others, but of rows of some kilobytes it gets to the end only by then: 60000 rows of 3136 bytes, 64 at a
  // time, take 13.2 ms with their first lines asked for and 10.6 with all.
  const int64_t bytes = plan.after.numel * int64_t(sizeof(T));
  const bool past_cache = 2 * bytes * plan.count * plan.before.numel >= past_cache_bytes();
  if (!past_cache && bytes <= 512 && plan.after.sizes.size() == 1 && plan.after.a[0] == 1 &&
      plan.after.b[0] == 1 && plan.uniform)
    return read_short_rows(plan, self, other);
  const auto run = [&](const auto& ahead) {
    if (past_cache && bytes % kVecBytes == 0 && bytes >= 256)
      run_plan(
          plan, false,
          [&](int64_t at, int64_t to, int64_t self_stride, int64_t other_stride, int64_t n) {
            if (self_stride == 1 && other_stride == 1)
              stream(other + to, self + at, n * int64_t(sizeof(T)));
            else
              copy_row(other + to, other_stride, self + at, self_stride, n);
          },
          single, ahead, stream_fence);
    else
      run_plan(
          plan, false,
          [&](int64_t at, int64_t to, int64_t self_stride, int64_t other_stride, int64_t n) {
            copy_row(other + to, other_stride, self + at, self_stride, n);
          },
          single, ahead);
  };
  if (bytes >= 1024 && bytes <= 8192)
    run(Prefetch<T, 3>{self, bytes});
  else
    run(Prefetch<T, 16>{self, std::min<int64_t>(bytes, 256)});
}

// body(self element, other element) at single positions, in their order. The positions are shared among
// threads by the pages of self that they lie on: all threads go through all of them.
template <class T, class Body>
void change_single(IndexPlan& plan, T* self, const T* other, const Body& body) {
  constexpr int64_t kBlock = IndexPlan::kBlock, kFar = 16;
  constexpr int kPage = std::bit_width(uint64_t{4096} / sizeof(T)) - 1;
  plan.check();
  const int64_t parts =
      plan.count < 2 * kGrain ? 1 : std::bit_floor(uint64_t(std::clamp(num_threads(), 1, 4)));
  parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
    const Scratch memory(parts == 1 ? 0 : size_t(kBlock) * sizeof(T));
    T* const kept_values = memory.as<T>();
    int64_t buffer[kBlock], kept[kBlock];
    const auto run = [&](const int64_t* place, int64_t n, const auto& value) {
      const int64_t safe = std::max<int64_t>(0, n - kFar);
      for (int64_t i = 0; i < safe; ++i) { // writing waits for lines in turn
        __builtin_prefetch(self + place[i + kFar], 1);
        body(self[place[i]], value(i));
      }
      for (int64_t i = safe; i < n; ++i) body(self[place[i]], value(i));
    };
    const bool alone = end - begin == parts;
    for (int64_t part = begin; part < (alone ? begin + 1 : end); ++part)
      for (int64_t first = 0; first < plan.count; first += kBlock) {
        const int64_t last = std::min(plan.count, first + kBlock);
        const int64_t* const place = plan.positions(first, last, true, buffer);
        const auto with = [&](const auto& value) {
          if (alone) return run(place, last - first, value);
          int64_t n = 0;
          for (int64_t i = 0; i < last - first; ++i) {
            kept[n] = place[i];
            kept_values[n] = value(i);
            n += (place[i] >> kPage & (parts - 1)) == part;
          }
          run(kept, n, [=](int64_t i) { return kept_values[i]; });
        };
        if (plan.uniform) {
          const T* const values = other + first * plan.other_stride;
          const int64_t step = plan.other_stride;
          with([=](int64_t i) { return values[i * step]; });
        } else {
          const int64_t* const at = plan.other_place + first;
          with([=](int64_t i) { return other[at[i]]; });
        }
      }
  });
}

// self = other at the positions; the last of repeated positions stays.
template <class T> void write_at(IndexPlan& plan, T* self, const T* other) {
  if (plan.single()) return change_single(plan, self, other, [](T& to, T value) { to = value; });
  plan.make_positions();
  run_plan(
      plan, true,
      [&](int64_t at, int64_t from, int64_t self_stride, int64_t other_stride, int64_t n) {
        copy_row(self + at, self_stride, other + from, other_stride, n);
      },
      [&](int64_t at, int64_t from, const int64_t* position, int64_t first, int64_t last) {
        for (int64_t n = first; n < last; ++n) self[at + position[n - first]] = other[from + plan.place(n)];
      });
}

// self += scale * other at the positions, in their order.
template <class T> void add_at(IndexPlan& plan, T* self, const T* other, T scale) {
  const auto run = [&](auto scaled) {
    if (plan.single())
      return change_single(plan, self, other, [=](T& to, T value) { to = add_values(to, scaled(value)); });
    plan.make_positions();
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
        [&](int64_t at, int64_t from, const int64_t* position, int64_t first, int64_t last) {
          for (int64_t n = first; n < last; ++n) {
            T& to = self[at + position[n - first]];
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

void IndexPlan::add(const IndexSource& source, const PairDims* walk, int64_t length) {
  if (count == 0) return;
  if (!walk && !list_ && n_sources_ < kMaxSources) {
    sources_[n_sources_++] = source;
    return;
  }
  make_positions();
  const bool on_top = list_ != nullptr;
  int64_t* const to = own_positions();
  if (!walk) {
    parallel_for(0, count, kGrain, [&](int64_t first, int64_t last) {
      add_block(to + first, source, first, last, false, on_top);
    });
    return;
  }
  PairWalk rows(*walk, 0);
  for (int64_t r = 0; r < walk->numel; ++r, rows.next()) {
    IndexSource row = source;
    row.data = static_cast<const char*>(source.data) + rows.b * item_size(source.type);
    add_block(to + r * length, row, 0, length, false, on_top);
  }
}

int64_t* IndexPlan::own_positions() {
  if (!list_) {
    memory_.emplace(static_cast<size_t>(count) * sizeof(int64_t));
    list_ = memory_->as<int64_t>();
  }
  return list_;
}

void IndexPlan::make_positions() {
  if (list_ || n_sources_ == 0) return;
  int64_t* const to = own_positions();
  parallel_for(0, count, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t first = begin; first < end; first += kBlock) {
      const int64_t last = std::min(end, first + kBlock);
      for (int k = 0; k < n_sources_; ++k) add_block(to + first, sources_[k], first, last, false, k > 0);
    }
  });
}

void IndexPlan::check() const {
  if (list_) return;
  parallel_for(0, count, kGrain, [&](int64_t first, int64_t last) {
    for (int k = 0; k < n_sources_; ++k) check_block(sources_[k], first, last);
  });
}

const int64_t* IndexPlan::positions(int64_t first, int64_t last, bool checked, int64_t* buffer) const {
  if (list_) return list_ + first;
  for (int k = 0; k < n_sources_; ++k) add_block(buffer, sources_[k], first, last, checked, k > 0);
  return buffer;
}

bool IndexPlan::reads(const Tensor& t) const {
  const auto* const begin = static_cast<const char*>(t.storage()->data());
  for (int k = 0; k < n_sources_ && !list_; ++k) {
    const auto* const p = static_cast<const char*>(sources_[k].data);
    if (p >= begin && p < begin + t.storage()->bytes()) return true;
  }
  return false;
}

void plan_read(IndexPlan& plan, const Tensor& self, const Tensor& other) {
  visit_width(self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    read_at(plan, self.data<T>(), other.data<T>());
  });
}
void plan_write(IndexPlan& plan, const Tensor& self, const Tensor& other) {
  if (plan.reads(self)) plan.make_positions();
  visit_width(self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    write_at(plan, self.data<T>(), other.data<T>());
  });
}
void plan_add(IndexPlan& plan, const Tensor& self, const Tensor& other, const Scalar& scale) {
  if (plan.reads(self)) plan.make_positions();
  visit_compiled(self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    add_at(plan, self.data<T>(), other.data<T>(), scale.to<T>());
  });
}

} // namespace torch::TORCH_ISA

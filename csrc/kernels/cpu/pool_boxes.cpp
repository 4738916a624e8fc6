// Maxima over boxes that differ in size or place: adaptive and fractional max pooling.
#include "kernels/cpu/pool.h"
#include "kernels/pool_kernels.h"

#include <type_traits>

namespace torch::TORCH_ISA {
namespace {

struct Range {
  int64_t first, last;
};
using Ranges = std::array<std::vector<Range>, 3>; // by dimension and output

// The largest value of each box and its place in the volume; a NaN wins over everything before it.
template <class T>
void max_of_boxes(const Planes<T>& to, const Planes<int64_t>& places, const Planes<const T>& from, int64_t p,
                  const Ranges& ranges) {
  using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
  const T* const plane = from.plane(p);
  for (int64_t oz = 0; oz < to.slices; ++oz)
    for (int64_t oy = 0; oy < to.rows; ++oy)
      for (int64_t ox = 0; ox < to.cols; ++ox) {
        const Range rz = ranges[0][size_t(oz)], ry = ranges[1][size_t(oy)], rx = ranges[2][size_t(ox)];
        int64_t place = (rz.first * from.rows + ry.first) * from.cols + rx.first;
        C best = -std::numeric_limits<C>::infinity();
        for (int64_t z = rz.first; z < rz.last; ++z)
          for (int64_t y = ry.first; y < ry.last; ++y) {
            const T* const row = plane + z * from.slice + y * from.row;
            for (int64_t x = rx.first; x < rx.last; ++x) {
              const C value = static_cast<C>(row[x * from.col]);
              if (value > best || value != value) {
                best = value;
                place = (z * from.rows + y) * from.cols + x;
              }
            }
          }
        to.plane(p)[oz * to.slice + oy * to.row + ox * to.col] = static_cast<T>(best);
        places.plane(p)[oz * places.slice + oy * places.row + ox * places.col] = place;
      }
}

std::vector<Range> adaptive_ranges(int64_t in, int64_t out) {
  std::vector<Range> ranges;
  for (int64_t o = 0; o < out; ++o) ranges.push_back({bin_start(o, in, out), bin_end(o, in, out)});
  return ranges;
}

// Windows whose starts are rounded multiples of a step, moved by a random number in [0, 1).
template <class C> std::vector<Range> fractional_ranges(int64_t in, int64_t out, int64_t kernel, C sample) {
  std::vector<Range> ranges;
  const C step = out > 1 ? static_cast<C>(in - kernel) / static_cast<C>(out - 1) : C{};
  const auto whole = [](C x) { return static_cast<int64_t>(x); };
  for (int64_t o = 0; o < out; ++o) {
    const int64_t start =
        o == out - 1 ? in - kernel : whole((static_cast<C>(o) + sample) * step) - whole(sample * step);
    const int64_t first = std::clamp<int64_t>(start, 0, in - kernel);
    ranges.push_back({first, first + kernel});
  }
  return ranges;
}

} // namespace

void adaptive_max_pool(const Tensor& out, const Tensor& indices, const Tensor& input, int64_t spatial) {
  if (out.numel() == 0) return;
  const auto dims = static_cast<size_t>(spatial);
  DimVec kernel; // boxes of one size, side by side, are windows
  for (int64_t d = -spatial; d < 0; ++d)
    if (input.size(d) % out.size(d) == 0) kernel.push_back(input.size(d) / out.size(d));
  if (kernel.size() == dims) return max_pool(out, indices, input, kernel, kernel, {}, {}, spatial);
  visit_floating("adaptive_max_pool", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Planes<const T> from(input, dims);
    const Planes<T> to(out, dims);
    const Planes<int64_t> places(indices, dims);
    const Ranges ranges{adaptive_ranges(from.slices, to.slices), adaptive_ranges(from.rows, to.rows),
                        adaptive_ranges(from.cols, to.cols)};
    for_planes(from.count, from.size(), [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) max_of_boxes<T>(to, places, from, p, ranges);
    });
  });
}

void fractional_max_pool(const Tensor& out, const Tensor& indices, const Tensor& input, IntSpan kernel_size,
                         const Tensor& random_samples, int64_t spatial) {
  if (out.numel() == 0) return;
  const auto dims = static_cast<size_t>(spatial);
  visit_floating("fractional_max_pool", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
    const Planes<const T> from(input, dims);
    const Planes<T> to(out, dims);
    const Planes<int64_t> places(indices, dims);
    const T* const samples = random_samples.data<T>();
    const std::array<int64_t, 3> in{from.slices, from.rows, from.cols}, result{to.slices, to.rows, to.cols};
    for_planes(from.count, from.size(), [&](int64_t begin, int64_t end) {
      Ranges ranges{std::vector<Range>{{0, 1}}, {}, {}};
      for (int64_t p = begin; p < end; ++p) {
        for (size_t d = 0; d < dims; ++d) {
          // The samples of a plane are those of its columns, then its rows; of a volume from the depth on.
          const size_t which = dims == 2 ? 1 - d : d, at = 3 - dims + d;
          ranges[at] = fractional_ranges<C>(in[at], result[at], kernel_size[d],
                                            static_cast<C>(samples[size_t(p) * dims + which]));
        }
        max_of_boxes<T>(to, places, from, p, ranges);
      }
    });
  });
}

} // namespace torch::TORCH_ISA

// sort: stable, NaN the greatest. See Note [Sorting].
#include "kernels/cpu/sort_keys.h"
#include "kernels/index_kernels.h"

namespace torch::TORCH_ISA {
namespace {

// A long row of one-byte keys, each of which is counted and then has its places one after the other.
template <class T>
void sort_bytes(const uint8_t* keys, int64_t n, T* values, int64_t value_stride, int64_t* places,
                int64_t place_stride, uint8_t flip) {
  int64_t start[257] = {};
  for (int64_t i = 0; i < n; ++i) ++start[keys[i] + 1];
  for (int k = 0; k < 256; ++k) {
    const T value = value_of<T>(static_cast<uint8_t>(k ^ flip));
    const int64_t first = start[k], last = start[k + 1] += first;
    for (int64_t i = first; i < last; ++i) values[i * value_stride] = value;
  }
  for (int64_t i = 0; i < n; ++i) places[start[keys[i]]++ * place_stride] = i;
}

} // namespace

void sort(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim, bool descending,
          bool) {
  const Rows from(self, dim), to(values, dim), at(indices, dim);
  const int64_t n = from.length;
  if (n == 0 || from.count == 0) return;
  visit_real("sort", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel_for(0, from.count, std::max<int64_t>(1, kGrain / 16 / n), [&](int64_t first, int64_t last) {
      KeyRow<KeyOf<T>> row(n);
      [[maybe_unused]] const auto flip = static_cast<KeyOf<T>>(descending ? ~KeyOf<T>{0} : KeyOf<T>{0});
      for (int64_t r = first; r < last; ++r) {
        const T* const source = self.data<T>() + from.offset(r);
        T* const target = values.data<T>() + to.offset(r);
        int64_t* const places = indices.data<int64_t>() + at.offset(r);
        make_keys(source, from.stride, n, descending, row.keys());
        if constexpr (sizeof(T) == 1 && std::is_integral_v<T>)
          if (n >= 256) {
            sort_bytes<T>(row.keys(), n, target, to.stride, places, at.stride, flip);
            continue;
          }
        row.scan();
        row.sorted([&](auto* items) {
          for (int64_t i = 0; i < n; ++i) {
            const int64_t index = row.index(items[i]);
            places[i * at.stride] = index;
            if constexpr (std::is_integral_v<T>)
              target[i * to.stride] = value_of<T>(static_cast<KeyOf<T>>(row.key(items[i]) ^ flip));
            else
              target[i * to.stride] = source[index * from.stride]; // the sign of zero, the bits of NaN
          }
        });
      }
    });
  });
}

} // namespace torch::TORCH_ISA

// Geometry of views: sizes, strides and offset over the same storage.
#pragma once

#include "ops/types.h"

namespace torch::view {

struct Geometry {
  DimVec sizes, strides;
  int64_t offset;
  DType dtype;
};

Geometry same(const Tensor& self);
Geometry view(const Tensor& self, Ints size);
Geometry as_strided(const Tensor& self, Ints size, Ints stride, std::optional<int64_t> storage_offset);
Geometry transpose(const Tensor& self, int64_t dim0, int64_t dim1);
Geometry t(const Tensor& self);
Geometry permute(const Tensor& self, Ints dims);
Geometry squeeze(const Tensor& self);
Geometry squeeze(const Tensor& self, Ints dims);
Geometry unsqueeze(const Tensor& self, int64_t dim);
Geometry expand(const Tensor& self, Ints size);
Geometry select(const Tensor& self, int64_t dim, int64_t index);
Geometry slice(const Tensor& self, int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end,
               int64_t step);
Geometry diagonal(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2);
std::vector<Geometry> unbind(const Tensor& self, int64_t dim);
std::vector<Geometry> split(const Tensor& self, int64_t split_size, int64_t dim);
std::vector<Geometry> split_with_sizes(const Tensor& self, Ints sizes, int64_t dim);
Geometry unfold(const Tensor& self, int64_t dim, int64_t size, int64_t step);
Geometry view_as_real(const Tensor& self);
Geometry view_as_complex(const Tensor& self);
Geometry view_dtype(const Tensor& self, DType dtype);

// One -1 in `size` is computed from the number of elements.
DimVec resolve_size(const char* op, Ints size, int64_t numel);
// Strides that give `size` over the same memory, or nothing when that needs a copy.
std::optional<DimVec> reshaped_strides(IntSpan sizes, IntSpan strides, IntSpan size);

} // namespace torch::view

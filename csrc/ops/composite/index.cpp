// Indexing, joining, rearranging.
#include "ops/entry.h"

namespace torch::ops {

namespace {

// What stands for the positions in a mask on a meta tensor, of which nobody knows how many there are: as many
// as there are values to write.
Tensor unknown_positions(const Tensor& self, const Tensor& mask, size_t place, const Tensor& values) {
  const int64_t dims = self.dim() - mask.dim() + 1;
  const int64_t count = values.dim() == dims ? values.sizes()[place] : 1;
  return empty_tensor(DimVec{count == 1 ? mask.numel() : count, mask.dim()}, DType::Int64, mask.device());
}

// Masks become index tensors, all index tensors int64 and of one shape. `values` are those to be written.
std::vector<Tensor> prepared_indices(const Tensor& self, TensorList indices, const Tensor& values = {}) {
  std::vector<Tensor> out;
  for (const Tensor& i : indices) {
    if (!i.defined()) {
      out.emplace_back();
      continue;
    }
    if (i.dtype() == DType::Bool || i.dtype() == DType::UInt8) {
      for (int64_t d = 0; d < i.dim(); ++d) {
        const int64_t at = static_cast<int64_t>(out.size()) + d;
        check_index(at < self.dim(), "too many indices for tensor of dimension ", self.dim());
        check_index(i.sizes()[d] == self.sizes()[at], "The shape of the mask ", i.sizes(), " at index ", d,
                    " does not match the shape of the indexed tensor ", self.sizes(), " at index ", at);
      }
      const Tensor positions =
          values.defined() && i.is_meta() ? unknown_positions(self, i, out.size(), values) : nonzero(i);
      if (i.dim() == 0) not_implemented("index: 0-dim masks are handled by the caller");
      for (int64_t d = 0; d < i.dim(); ++d) out.push_back(select(positions, 1, d));
      continue;
    }
    check_index(i.dtype() == DType::Int64 || i.dtype() == DType::Int32 || i.dtype() == DType::Int8 ||
                    i.dtype() == DType::Int16,
                "tensors used as indices must be long, int, byte or bool tensors, got ", i.dtype());
    out.push_back(i.dtype() == DType::Int64 ? i : _to_copy(i, DType::Int64));
  }
  check_index(static_cast<int64_t>(out.size()) <= self.dim(), "too many indices for tensor of dimension ",
              self.dim());
  DimVec shape;
  bool first = true;
  for (const Tensor& i : out) {
    if (!i.defined()) continue;
    if (first)
      shape = i.sizes();
    else {
      const DimVec before = shape;
      try {
        shape = broadcast_sizes(shape, i.sizes(), "index");
      } catch (const Error&) {
        fail(ErrorKind::Index,
             concat("shape mismatch: indexing tensors could not be broadcast together with shapes ", before,
                    ", ", i.sizes()));
      }
    }
    first = false;
  }
  for (Tensor& i : out)
    if (i.defined() && !torch::equal(i.sizes(), shape)) i = expand(i, shape);
  return out;
}

} // namespace

Tensor index(const Tensor& self, TensorList indices) { return _index(self, prepared_indices(self, indices)); }
Tensor index_put(const Tensor& self, TensorList indices, const Tensor& values, bool accumulate) {
  return index_put_(clone(self), indices, values, accumulate);
}
const Tensor& index_put_(const Tensor& self, TensorList indices, const Tensor& values, bool accumulate) {
  return _index_put_(self, prepared_indices(self, indices, values), values, accumulate);
}

namespace {
// The slices that index_fill writes, all equal to a 0-dim value.
Tensor filling(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& value) {
  check(value.dim() == 0, "index_fill_ only supports a 0-dimensional value tensor, but got tensor with ",
        value.dim(), " dimension(s).");
  DimVec sizes = self.sizes();
  if (!sizes.empty()) sizes[wrap_dim(dim, self.dim())] = index.numel();
  return expand(value.dtype() == self.dtype() ? value : _to_copy(value, self.dtype()), sizes);
}
} // namespace

Tensor index_fill(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& value) {
  return index_copy_(clone(self), dim, index, filling(self, dim, index, value));
}
const Tensor& index_fill_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& value) {
  return index_copy_(self, dim, index, filling(self, dim, index, value));
}

Tensor scatter(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
               std::string_view reduce) {
  return scatter_(clone(self, MemoryFormat::Contiguous), dim, index, src, reduce);
}
const Tensor& scatter_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                       std::string_view reduce) {
  check(reduce == "add" || reduce == "multiply", "reduce argument must be either add or multiply.");
  return reduce == "add" ? scatter_add_(self, dim, index, src)
                         : scatter_reduce_(self, dim, index, src, "prod", true);
}

Tensor scatter(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value,
               std::string_view reduce) {
  return scatter_(clone(self, MemoryFormat::Contiguous), dim, index, value, reduce);
}
const Tensor& scatter_(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value,
                       std::string_view reduce) {
  return scatter_(self, dim, index, full(index.sizes(), value, self.dtype(), self.device()), reduce);
}

Tensor masked_select(const Tensor& self, const Tensor& mask) {
  check(mask.dtype() == DType::Bool || mask.dtype() == DType::UInt8,
        "masked_select: expected BoolTensor for mask, got ", mask.dtype());
  const DimVec sizes = broadcast_sizes(self.sizes(), mask.sizes(), "masked_select");
  return _masked_select(expand(self, sizes), expand(mask, sizes));
}
Tensor masked_scatter(const Tensor& self, const Tensor& mask, const Tensor& source) {
  const DimVec sizes = broadcast_sizes(self.sizes(), mask.sizes(), "masked_scatter");
  return masked_scatter_(clone(expand(self, sizes), MemoryFormat::Contiguous), mask, source);
}
const Tensor& masked_scatter_(const Tensor& self, const Tensor& mask, const Tensor& source) {
  check(self.dtype() == source.dtype(),
        "masked_scatter: expected self and source to have same dtypes but got ",
        dtype_aten_name(self.dtype()), " and ", dtype_aten_name(source.dtype()));
  check(mask.dtype() == DType::Bool, "masked_scatter_ only supports boolean masks, but got mask with dtype ",
        mask.dtype());
  if (self.is_meta()) { // how many elements are copied is unknown; which tensors take part is not
    const Tensor flat = reshape(source, {-1});
    return source.numel() == 0 ? self : copy_(self, where(mask, select(flat, 0, 0), self));
  }
  const Tensor positions = nonzero(expand(mask, self.sizes()));
  const int64_t n = positions.sizes()[0];
  check(source.numel() >= n,
        "masked_scatter: expected self and source to have same number of elements; the mask has ", n,
        " true elements and source only ", source.numel());
  const Tensor values = narrow(reshape(source, {-1}), 0, 0, n);
  if (self.dim() == 0) return n ? copy_(self, reshape(values, {})) : self;
  return _index_put_(self, unbind(positions, 1), values, false);
}

Tensor take_along_dim(const Tensor& self, const Tensor& indices, std::optional<int64_t> dim) {
  check(indices.dtype() == DType::Int64 || indices.dtype() == DType::Int32,
        "take_along_dim(): dtype of indices should be Long but got ", dtype_aten_name(indices.dtype()));
  if (!dim) return gather(reshape(self, {-1}), 0, reshape(indices, {-1}));
  check(self.dim() == indices.dim(),
        "take_along_dim(): input and indices should have the same number of dimensions, but got ", self.dim(),
        " dimensions for input, and ", indices.dim(), " dimensions for indices");
  const int64_t d = wrap_dim(*dim, self.dim());
  DimVec a = self.sizes(), b = indices.sizes();
  a[d] = b[d] = 1;
  DimVec common = broadcast_sizes(a, b, "take_along_dim");
  DimVec self_sizes = common, index_sizes = common;
  self_sizes[d] = self.sizes()[d];
  index_sizes[d] = indices.sizes()[d];
  // unlike gather, this counts negative indices from the end
  const Tensor counted = where(lt(indices, 0), add(indices, self_sizes[d]), indices);
  return gather(expand(self, self_sizes), d, expand(counted, index_sizes));
}

Pieces stack_pieces(TensorList tensors, int64_t dim) {
  check(!tensors.empty(), "stack expects a non-empty TensorList");
  Pieces pieces{{}, wrap_dim(dim, tensors[0].dim() + 1)};
  for (size_t i = 0; i < tensors.size(); ++i) {
    check(torch::equal(tensors[i].sizes(), tensors[0].sizes()),
          "stack expects each tensor to be equal size, but got ", tensors[0].sizes(), " at entry 0 and ",
          tensors[i].sizes(), " at entry ", i,
          ": cat joins unequal lengths, torch.nn.utils.rnn.pad_sequence pads them");
    pieces.tensors.push_back(unsqueeze(tensors[i], pieces.dim));
  }
  return pieces;
}
Pieces hstack_pieces(TensorList tensors) {
  check(!tensors.empty(), "hstack expects a non-empty TensorList");
  Pieces pieces{{}, tensors[0].dim() <= 1 ? 0 : 1};
  for (const Tensor& t : tensors) pieces.tensors.push_back(atleast_1d(t));
  return pieces;
}
Pieces vstack_pieces(TensorList tensors) {
  check(!tensors.empty(), "vstack expects a non-empty TensorList");
  Pieces pieces{{}, 0};
  for (const Tensor& t : tensors) pieces.tensors.push_back(atleast_2d(t));
  return pieces;
}
Pieces column_pieces(TensorList tensors) {
  check(!tensors.empty(), "column_stack expects a non-empty TensorList");
  Pieces pieces{{}, 1};
  for (const Tensor& t : tensors) pieces.tensors.push_back(t.dim() <= 1 ? reshape(t, {t.numel(), 1}) : t);
  return pieces;
}
Pieces dstack_pieces(TensorList tensors) {
  check(!tensors.empty(), "dstack expects a non-empty TensorList");
  Pieces pieces{{}, 2};
  for (const Tensor& t : tensors) pieces.tensors.push_back(atleast_3d(t));
  return pieces;
}

namespace {
Tensor joined(const Pieces& pieces) { return cat(pieces.tensors, pieces.dim); }
} // namespace

Tensor stack(TensorList tensors, int64_t dim) { return joined(stack_pieces(tensors, dim)); }
Tensor hstack(TensorList tensors) { return joined(hstack_pieces(tensors)); }
Tensor vstack(TensorList tensors) { return joined(vstack_pieces(tensors)); }
Tensor dstack(TensorList tensors) { return joined(dstack_pieces(tensors)); }
Tensor column_stack(TensorList tensors) { return joined(column_pieces(tensors)); }

void cat_into(const Tensor& out, TensorList tensors, int64_t dim) {
  check_same_device("cat", "tensors", tensors);
  const TensorMeta meta = infer::cat(tensors, dim);
  for (size_t i = 0; i < tensors.size(); ++i) {
    check_no_overlap("torch.cat()", out, tensors[i]);
    check(tensors[i].numel() == 0 || out.is_meta() || tensors[i].data() != out.data(),
          "torch.cat(): unsupported operation: the input tensors cannot refer to any of the output memory "
          "locations. "
          "Found overlap in input tensor ",
          i);
  }
  check_type(can_cast(meta.dtype, out.dtype()),
             "torch.cat(): input types can't be cast to the desired output type ",
             dtype_aten_name(out.dtype()));
  const Tensor target = prepare_out("cat", out, meta, OutDType::Cast, tensors);
  if (!target.is_meta()) {
    const LongWork long_work(target.numel());
    kernels_of(target).cat(target, tensors, dim);
  }
  finish_out(out, target);
}

Tensor fliplr(const Tensor& self) {
  check(self.dim() >= 2, "Input must be >= 2-d.");
  return flip(self, {1});
}
Tensor flipud(const Tensor& self) {
  check(self.dim() >= 1, "Input must be >= 1-d.");
  return flip(self, {0});
}

Tensor repeat(const Tensor& self, Ints repeats) {
  const int64_t n = static_cast<int64_t>(repeats.size()), own = self.dim();
  check(n >= own,
        "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor: got ",
        repeats, " for shape ", self.sizes());
  for (const int64_t r : repeats)
    check(r >= 0, "repeat: Trying to create tensor with negative dimension ", r, ": ", repeats);
  // (r0, s0, r1, s1, ...) expanded, then copied together.
  DimVec with_ones, expanded, final_sizes;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t s = i < n - own ? 1 : self.sizes()[i - (n - own)];
    with_ones.push_back(1);
    with_ones.push_back(s);
    expanded.push_back(repeats[i]);
    expanded.push_back(s);
    final_sizes.push_back(repeats[i] * s);
  }
  return reshape(clone(expand(reshape(self, with_ones), expanded), MemoryFormat::Contiguous), final_sizes);
}
Tensor tile(const Tensor& self, Ints dims) {
  DimVec repeats(dims);
  while (static_cast<int64_t>(repeats.size()) < self.dim()) repeats.insert(0, 1);
  return repeat(self, repeats);
}

Tensor repeat_interleave(const Tensor& self, int64_t repeats, std::optional<int64_t> dim,
                         std::optional<int64_t> output_size) {
  check(repeats >= 0, "repeats must be non-negative, got ", repeats);
  const Tensor input = dim ? self : reshape(self, {-1});
  int64_t d = wrap_dim(dim.value_or(0), input.dim());
  const Tensor flat = input.dim() == 0 ? reshape(input, {1}) : input;
  DimVec shape = flat.sizes(), expanded;
  const int64_t n = shape[d];
  check(!output_size || *output_size == n * repeats, "repeat_interleave: Invalid output_size, expected ",
        n * repeats, " but got ", output_size.value_or(0));
  Tensor t = unsqueeze(flat, d + 1);
  DimVec sizes = t.sizes();
  sizes[d + 1] = repeats;
  shape[d] = n * repeats;
  return reshape(clone(expand(t, sizes), MemoryFormat::Contiguous), shape);
}
Tensor repeat_interleave(const Tensor& self, const Tensor& repeats, std::optional<int64_t> dim,
                         std::optional<int64_t> output_size) {
  check_not_meta("repeat_interleave", repeats);
  check_kind(ErrorKind::NotImplemented, repeats.dtype() == DType::Int64 || repeats.dtype() == DType::Int32,
             "\"repeat_interleave\" not implemented for '", dtype_aten_name(repeats.dtype()),
             "': repeats has to be an int64 or int32 tensor");
  check(repeats.dim() <= 1, "repeat_interleave only accept 1D vector as repeat");
  const Tensor input = dim ? self : reshape(self, {-1});
  const int64_t d = wrap_dim(dim.value_or(0), input.dim());
  const int64_t n = input.dim() == 0 ? 1 : input.sizes()[d];
  const Tensor counts = densified(_to_copy(repeats, DType::Int64, Device{}));
  if (counts.numel() == 1) return repeat_interleave(input, value_of<int64_t>(counts), d, output_size);
  check(counts.numel() == n,
        "repeats must have the same size as input along dim, but got repeats.size(0) = ", counts.numel(),
        " and input.size(", d, ") = ", n);
  std::vector<int64_t> positions;
  for (int64_t i = 0; i < n; ++i) {
    check(counts.data<int64_t>()[i] >= 0, "repeats can not be negative");
    positions.insert(positions.end(), counts.data<int64_t>()[i], i);
  }
  Tensor index = empty_tensor(DimVec{static_cast<int64_t>(positions.size())}, DType::Int64);
  std::copy(positions.begin(), positions.end(), index.data<int64_t>());
  check(!output_size || *output_size == index.numel(), "repeat_interleave: Invalid output_size");
  return index_select(input, d, moved_to(index, input.device()));
}

Tensor diag(const Tensor& self, int64_t diagonal) {
  check(self.dim() == 1 || self.dim() == 2, "diag(): Supports 1D or 2D tensors. Got ", self.dim(), "D");
  return self.dim() == 1 ? diag_embed(self, diagonal, 0, 1)
                         : clone(ops::diagonal(self, diagonal, 0, 1), MemoryFormat::Contiguous);
}
Tensor diag_embed(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2) {
  const int64_t n = self.dim() + 1;
  dim1 = wrap_dim(dim1, n);
  dim2 = wrap_dim(dim2, n);
  check(dim1 != dim2, "diagonal dimensions cannot be identical ", dim1, ", ", dim2);
  check(self.dim() > 0, "diag_embed: expected a tensor of at least one dimension");
  const int64_t side = self.sizes().back() + std::abs(offset);
  DimVec sizes(self.sizes().first(self.dim() - 1));
  sizes.insert(std::min(dim1, dim2), side);
  sizes.insert(std::max(dim1, dim2), side);
  Tensor out = zeros(sizes, self.dtype(), self.device());
  copy_(diagonal(out, offset, dim1, dim2), self);
  return out;
}
Tensor trace(const Tensor& self) {
  check(self.dim() == 2, "trace: expected a matrix, but got tensor with dim ", self.dim());
  return sum(diagonal(self));
}

std::vector<Tensor> meshgrid(TensorList tensors, std::string_view indexing) {
  check(!tensors.empty(), "meshgrid expects a non-empty TensorList");
  check(indexing == "ij" || indexing == "xy",
        "torch.meshgrid: indexing must be one of \"xy\" or \"ij\", but received: ", indexing);
  std::vector<Tensor> in(tensors.begin(), tensors.end());
  const bool swap = indexing == "xy" && in.size() >= 2;
  if (swap) std::swap(in[0], in[1]);
  DimVec shape;
  for (const Tensor& t : in) {
    check(t.dim() <= 1, "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: ", t);
    check(t.dtype() == in[0].dtype(), "torch.meshgrid expects all tensors to have the same dtype");
    shape.push_back(t.numel());
  }
  std::vector<Tensor> out;
  for (size_t i = 0; i < in.size(); ++i) {
    DimVec view_shape(in.size(), 1);
    view_shape[i] = shape[i];
    out.push_back(expand(view(in[i], view_shape), shape));
  }
  if (swap) std::swap(out[0], out[1]);
  return out;
}

std::tuple<Tensor, Tensor> sort(const Tensor& self, int64_t dim, bool descending) {
  return sort(self, std::optional<bool>(false), dim, descending);
}
Tensor argsort(const Tensor& self, int64_t dim, bool descending) {
  return std::get<1>(sort(self, dim, descending));
}
Tensor argsort(const Tensor& self, bool stable, int64_t dim, bool descending) {
  return std::get<1>(sort(self, std::optional<bool>(stable), dim, descending));
}

namespace {
// Sequence and values of different dtypes meet in one that keeps both as they are.
Tensor search(const Tensor& sorted, const Tensor& values, bool out_int32, bool right) {
  if (sorted.dtype() == values.dtype()) return _searchsorted(sorted, values, out_int32, right);
  DType common = promote(sorted.dtype(), values.dtype());
  if (is_floating(common) && !(sorted.is_floating_point() && values.is_floating_point()))
    common = DType::Float64;
  return _searchsorted(_to_copy(sorted, common), _to_copy(values, common), out_int32, right);
}
} // namespace

Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& self, bool out_int32, bool right,
                    std::optional<std::string_view> side, const Tensor& sorter) {
  check(!side || *side == "left" || *side == "right",
        "torch.searchsorted(): side can only be 'left' or 'right' but got ", side.value_or(""));
  check(side != "left" || !right,
        "torch.searchsorted(): side and right can't be opposites, got side='left' and right=True");
  right = right || side == "right";
  if (!sorter.defined()) return search(sorted_sequence, self, out_int32, right);
  check(torch::equal(sorter.sizes(), sorted_sequence.sizes()),
        "torch.searchsorted(): boundary and sorter must have the same size, got ", sorted_sequence.sizes(),
        " and ", sorter.sizes());
  check(sorter.dtype() == DType::Int64, "torch.searchsorted(): sorter must be of dtype torch.int64, got ",
        sorter.dtype());
  if (sorter.numel() > 0 && !sorter.is_meta()) {
    const auto [low, high] = aminmax(sorter, std::nullopt, false);
    check(value_of<int64_t>(low) >= 0 && value_of<int64_t>(high) < sorted_sequence.sizes().back(),
          "torch.searchsorted(): sorter index out of range");
  }
  return search(gather(sorted_sequence, -1, sorter), self, out_int32, right);
}
Tensor searchsorted(const Tensor& sorted_sequence, const Scalar& self, bool out_int32, bool right,
                    std::optional<std::string_view> side, const Tensor& sorter) {
  check(sorted_sequence.dim() == 1,
        "torch.searchsorted(): the input can be a number only for a sequence of one dimension, got one of "
        "shape ",
        sorted_sequence.sizes());
  // a number adapts to the floats of a sequence
  if (sorted_sequence.is_floating_point())
    return searchsorted(sorted_sequence, full({}, self, sorted_sequence.dtype(), sorted_sequence.device()),
                        out_int32, right, side, sorter);
  // Both in a type that keeps the number and the sequence as they are.
  const bool unsigned_64 = sorted_sequence.dtype() == DType::UInt64 && self.is_integral();
  if (unsigned_64 && !self.is_beyond_int64() && self.to<int64_t>() < 0) // before all
    return zeros({}, out_int32 ? DType::Int32 : DType::Int64, sorted_sequence.device());
  DType common = unsigned_64 ? DType::UInt64 : promote(self.dtype(), sorted_sequence.dtype());
  if (is_floating(common) && !sorted_sequence.is_floating_point()) common = DType::Float64;
  return searchsorted(_to_copy(sorted_sequence, common), full({}, self, common, sorted_sequence.device()),
                      out_int32, right, side, sorter);
}
namespace {
void check_boundaries(const Tensor& boundaries) {
  check(boundaries.dim() == 1, "bucketize: boundaries tensor must be 1 dimension, but got dim(",
        boundaries.dim(), ")");
}
} // namespace
Tensor bucketize(const Tensor& self, const Tensor& boundaries, bool out_int32, bool right) {
  check_boundaries(boundaries);
  return search(boundaries, self, out_int32, right);
}
Tensor bucketize(const Scalar& self, const Tensor& boundaries, bool out_int32, bool right) {
  check_boundaries(boundaries);
  return searchsorted(boundaries, self, out_int32, right, std::nullopt, Tensor());
}

} // namespace torch::ops

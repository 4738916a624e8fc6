// Bags of rows of a table, and the limit on the norms of rows.
#include "kernels/cuda/device/bag_args.h"
#include "kernels/cuda/index.h"
#include "kernels/cuda/lines.h"
#include "kernels/cuda/table.h"

namespace torch::cuda {

namespace {

constexpr Family kBag{"bag", "BAG"}, kFindBags{"bag", "FIND_BAGS", true}, kRenorm{"bag", "RENORM"};

std::string bag_kernel(const char* op, DType computed, DType stored) {
  return concat(op, "_", type_name(computed), "_", type_name(stored));
}

} // namespace

void embedding_bag(const Tensor& out, const Tensor& bag_of, const Tensor& bag_size, const Tensor& max_indices,
                   const Tensor& weight, const Tensor& indices, const Tensor& offsets, int64_t mode,
                   const Tensor& per_sample_weights, bool include_last_offset, int64_t padding_idx) {
  const DType type = weight.dtype();
  if (is_low_precision(type)) fail_dtype("embedding_bag", type);
  BagArgs args{};
  args.out = out.data();
  args.table = weight.data();
  args.list = indices.data();
  args.starts = offsets.data();
  args.factors = per_sample_weights.defined() ? per_sample_weights.data() : nullptr;
  args.bag_of = bag_of.data();
  args.bag_size = bag_size.data();
  args.places = max_indices.data();
  args.bags = out.size(0);
  args.named = indices.numel();
  args.offsets = offsets.numel();
  args.rows = weight.size(0);
  args.width = weight.size(1);
  args.padding = padding_idx;
  args.mode = static_cast<Bagged>(mode);
  args.last_offset = include_last_offset;
  args.index_type = indices.dtype();
  Gpu& gpu = use(out.device().index);
  const auto blocks = [](int64_t n) { return Grid{(n + kBagThreads - 1) / kBagThreads, kBagThreads}; };
  launch(gpu, find_kernel("FindBags_i64_any", kFindBags), blocks(std::max(args.named, args.offsets)), &args);
  launch(gpu, find_kernel(bag_kernel("Bag", computed_in(type), type), kBag),
         blocks(args.bags * std::max<int64_t>(args.width, 1)), &args);
}

// Rows are scaled once, however often they are named.
void embedding_renorm(const Tensor& self, const Tensor& indices, double max_norm, double norm_type) {
  const DType type = self.dtype();
  if (is_low_precision(type) || !(is_floating(type) || is_complex(type)))
    fail_dtype("embedding_renorm_", type);
  if (indices.numel() == 0 || self.size(1) == 0) return;
  const Tensor named = empty_tensor(indices.sizes(), DType::Int64, indices.device());
  copy(named, indices);
  const Tensor rows = std::get<0>(unique(named, false, false));
  RenormArgs args{};
  args.shape.lines = rows.numel();
  args.shape.n = self.size(1);
  share_lines(args.shape, true);
  args.table = self.data();
  args.list = rows.data<int64_t>();
  args.rows = self.size(0);
  args.row_step = self.stride(0);
  args.step = self.stride(1);
  args.limit = max_norm;
  args.power = norm_type;
  const DType computed = is_complex(type) ? type : computed_in(type);
  launch(use(self.device().index), find_kernel(bag_kernel("Renorm", computed, type), kRenorm),
         lines_grid(args.shape), &args);
}

} // namespace torch::cuda

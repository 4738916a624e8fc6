// Tensors of a sparse layout. Such a tensor has sizes and a dtype like any other, the flag kSparse, and a
// storage of no bytes that owns its parts, which are ordinary tensors outside any graph. Ops do not write to
// parts; an in-place op gives the tensor a new storage, and aliases of it keep the old one.
#pragma once

#include "core/tensor.h"

namespace torch {

inline constexpr uint32_t kSparse = 1u << 7; // of TensorImpl::flags
inline bool is_sparse(const Tensor& t) { return t.impl()->flags & kSparse; }

// Layouts beside Layout::Strided; the last two are names only.
inline constexpr Layout kSparseCoo{1}, kSparseCsr{2}, kSparseCsc{3}, kSparseBsr{4}, kSparseBsc{5}, kJagged{6},
    kMkldnn{7};
inline constexpr const char* kLayoutNames[] = {"strided",    "sparse_coo", "sparse_csr", "sparse_csc",
                                               "sparse_bsr", "sparse_bsc", "jagged",     "_mkldnn"};
inline void append_text(std::string& out, Layout l) {
  out.append("torch.").append(kLayoutNames[static_cast<size_t>(l)]);
}

struct SparseParts {
  Layout layout = kSparseCoo;
  bool coalesced = false; // COO: indices in order, none twice
  Tensor compressed; // CSR ...: [batch ..., rows + 1], where the entries of a row begin; undefined for COO
  Tensor indices;    // COO: [sparse_dim, nnz], int64; CSR ...: [batch ..., nnz], the column of each entry
  Tensor values;     // COO: [nnz, dense sizes ...]; CSR ...: [batch ..., nnz, dense sizes ...]
};

const SparseParts& sparse_parts(const Tensor& t); // valid as long as the tensor's storage
// A tensor of these sizes over the parts, whose values give it dtype and device.
Tensor sparse_tensor(IntSpan sizes, SparseParts parts);
// Replaces parts and sizes of t itself.
void set_sparse(const Tensor& t, IntSpan sizes, SparseParts parts);

inline Layout layout_of(const Tensor& t) { return is_sparse(t) ? sparse_parts(t).layout : Layout::Strided; }
// Rows are compressed (CSR, BSR) rather than columns.
inline bool compresses_rows(Layout l) { return l == kSparseCsr || l == kSparseBsr; }
inline bool is_blocked(Layout l) { return l == kSparseBsr || l == kSparseBsc; }

} // namespace torch

// Products of bfloat16 by the instruction that multiplies pairs, where the processor has it (AVX512-BF16).
#pragma once

#include "kernels/cpu/gemm.h"

namespace torch::TORCH_ISA {

bool has_bf16_products();

// As gemm<BFloat16>, for m, n, k > 0 and alpha that is not zero; only where has_bf16_products().
void gemm_bf16(int64_t m, int64_t n, int64_t k, float alpha, Matrix<BFloat16> a, Matrix<BFloat16> b,
               float beta, Matrix<BFloat16> d, BFloat16* c, int64_t ldc);

} // namespace torch::TORCH_ISA

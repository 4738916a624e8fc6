// What functions over the tables of special_tables.h share.
#pragma once

#include "kernels/special_tables.h"

namespace torch::TORCH_ISA {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInversePi = 0.31830988618379067154;

// The function that a table of special_tables.h approximates on [low, high], at x in it.
template <int kPieces, int kTerms>
TORCH_INLINE double table_value(const double (&table)[kPieces][kTerms], double low, double high, double x) {
  if (x != x) return x;
  const double at = (x - low) * (kPieces / (high - low));
  const int whole = int(at), piece = whole < 0 ? 0 : whole > kPieces - 1 ? kPieces - 1 : whole;
  const double s = 2 * (at - piece) - 1;
  double sum = table[piece][kTerms - 1];
  for (int i = kTerms - 2; i >= 0; --i) sum = fused(sum, s, table[piece][i]);
  return sum;
}

} // namespace torch::TORCH_ISA

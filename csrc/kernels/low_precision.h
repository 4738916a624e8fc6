// Kernels for 8-bit floats and opaque types: those that move, compare and fill.
#pragma once

#include "kernels/table.h"

namespace torch {

// The table with entries that take these types too. Called once, with a table that stays.
KernelTable with_low_precision(const KernelTable& compiled);

} // namespace torch

// Kernels for uint16, uint32 and uint64, made of those for signed types.
#pragma once

#include "kernels/table.h"

namespace torch {

// The table with entries that take wide unsigned integers too. Called once, with a table that stays.
KernelTable with_wide_unsigned(const KernelTable& compiled);

} // namespace torch

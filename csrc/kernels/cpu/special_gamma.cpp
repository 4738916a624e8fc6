// Functions around erf and gamma, and orthogonal polynomials, whose bodies serve GPUs as well.
#include "kernels/cpu/special.h"

#include <numbers>

#include "kernels/special_gamma.h"

// Bessel functions, whose bodies serve GPUs as well.
#include "kernels/cpu/special.h"

#include <numbers>

#include "kernels/special_bessel.h"

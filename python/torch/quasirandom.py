"""Points that fill the unit cube evenly: the Sobol sequence.

The direction numbers are those of S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional
projections", SIAM Journal on Scientific Computing 30 (2008), for up to 21201 dimensions; their table comes from SciPy.
"""

from __future__ import annotations

import functools
from typing import Any, Optional

import numpy as np

import torch

__all__ = ["SobolEngine"]


@functools.cache
def _table() -> tuple[np.ndarray, np.ndarray]:
    """Primitive polynomials, as bits, and the first direction numbers of each dimension."""
    try:
        from importlib.resources import files

        with (files("scipy.stats") / "_sobol_direction_numbers.npz").open("rb") as file:
            numbers = np.load(file)
            return numbers["poly"], numbers["vinit"]
    except (ImportError, OSError, KeyError) as error:
        raise NotImplementedError(
            "SobolEngine takes Joe and Kuo's direction numbers from SciPy, which is not installed: pip install scipy"
        ) from error


def _direction_numbers(dimension: int, bits: int) -> np.ndarray:
    """``bits`` direction numbers for each dimension, the leading digit first."""
    polynomials, first = _table()
    numbers = np.ones((dimension, bits), dtype=np.int64)
    for d in range(1, dimension):
        polynomial = int(polynomials[d])
        degree = polynomial.bit_length() - 1
        numbers[d, :degree] = first[d, :degree]
        for j in range(degree, bits):
            number = int(numbers[d, j - degree]) ^ (int(numbers[d, j - degree]) << degree)
            for k in range(1, degree):
                if polynomial >> (degree - k) & 1:
                    number ^= int(numbers[d, j - k]) << k
            numbers[d, j] = number
    return numbers << np.arange(bits - 1, -1, -1)


def _scrambled(numbers: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Direction numbers times lower triangular matrices of bits with ones on the diagonal."""
    bits = numbers.shape[1]
    weights = np.arange(bits - 1, -1, -1)
    digits = numbers[:, :, None] >> weights & 1  # dimension, number, digit
    lower = lower | np.eye(bits, dtype=np.int64)
    return ((digits @ lower.transpose(0, 2, 1) & 1) << weights).sum(-1)


class SobolEngine:
    """Draws points of the Sobol sequence, scrambled if wanted.

    Args:
        dimension: of the points, at most 21201.
        scramble: mix the digits at random (Owen's scrambling by linear matrices, and a shift). Default: ``False``
        seed: of the scrambling. Default: from the generator of the program.

    Example:

        >>> torch.quasirandom.SobolEngine(dimension=2).draw(3)
        tensor([[0.0000, 0.0000],
                [0.5000, 0.5000],
                [0.7500, 0.2500]])
    """

    MAXBIT = 30
    MAXDIM = 21201

    def __init__(self, dimension: int, scramble: bool = False, seed: Optional[int] = None) -> None:
        if dimension > self.MAXDIM or dimension < 1:
            raise ValueError(
                f"Supported range of dimensionality for SobolEngine is [1, {self.MAXDIM}], but got {dimension}"
            )
        self.seed = seed
        self.scramble = scramble
        self.dimension = dimension
        numbers = _direction_numbers(dimension, self.MAXBIT)
        self.shift = torch.zeros(dimension, dtype=torch.int64)
        if scramble:
            generator: Optional[torch.Generator] = None
            if seed is not None:
                generator = torch.Generator()
                generator.manual_seed(seed)
            bits = torch.randint(2, (dimension, self.MAXBIT), generator=generator)
            self.shift = (bits << torch.arange(self.MAXBIT)).sum(1)
            lower = torch.randint(2, (dimension, self.MAXBIT, self.MAXBIT), generator=generator).tril()
            numbers = _scrambled(numbers, lower.numpy())
        self.sobolstate = torch.from_numpy(numbers)
        self.quasi = self.shift.clone()
        self.num_generated = 0

    @property
    def _first_point(self) -> torch.Tensor:
        return (self.shift / 2**self.MAXBIT).reshape(1, -1)

    def _states(self, n: int) -> np.ndarray:
        """The next ``n`` points as integers; the first of the sequence is where the engine stands."""
        numbers = self.sobolstate.numpy()
        begin = self.num_generated
        # From point i - 1 to point i the digit changes at the lowest 0 of i - 1 (Gray code).
        index = np.arange(max(begin - 1, 0), begin + n - 1, dtype=np.int64)
        lowest = ~index & (index + 1)
        places = np.log2(lowest.astype(np.float64)).astype(np.int64)
        steps = numbers[:, places].T
        start = self.quasi.numpy()[None]
        if begin == 0:
            return np.bitwise_xor.accumulate(np.concatenate([start, steps]), axis=0)
        return np.bitwise_xor.accumulate(np.concatenate([start, steps]), axis=0)[1:]

    def draw(self, n: int = 1, out: Optional[torch.Tensor] = None, dtype: Optional[torch.dtype] = None) -> torch.Tensor:
        """The next ``n`` points.

        Args:
            n: how many.
            out: where they are put.
            dtype: their dtype. Default: that of new tensors.
        """
        dtype = torch.get_default_dtype() if dtype is None else dtype
        if n < 1:
            points = torch.empty(0, self.dimension, dtype=dtype)
        else:
            if self.num_generated + n > 1 << self.MAXBIT:
                raise ValueError(f"the Sobol sequence here has 2**{self.MAXBIT} points")
            states = self._states(n)
            self.quasi = torch.from_numpy(states[-1].copy())
            self.num_generated += n
            points = torch.from_numpy(states).to(dtype).mul_(2.0**-self.MAXBIT)
        if out is not None:
            out.resize_(points.shape).copy_(points)
            return out
        return points

    def draw_base2(self, m: int, out: Any = None, dtype: Optional[torch.dtype] = None) -> torch.Tensor:
        """The next ``2 ** m`` points; what was drawn before must fill up to a power of two with them."""
        n = 2**m
        total = self.num_generated + n
        if total & (total - 1):
            raise ValueError(
                "The balance properties of Sobol' points require n to be a power of 2. "
                f"{self.num_generated} points have been previously generated, then: n={self.num_generated}+2**{m}="
                f"{total}. If you still want to do this, please use 'SobolEngine.draw()' instead."
            )
        return self.draw(n=n, out=out, dtype=dtype)

    def reset(self) -> SobolEngine:
        """Goes back to the first point."""
        self.quasi = self.shift.clone()
        self.num_generated = 0
        return self

    def fast_forward(self, n: int) -> SobolEngine:
        """Leaves out ``n`` points."""
        if n < 0:
            raise ValueError("fast_forward: n must not be negative")
        target = self.num_generated + n
        # The last point left out is known by the Gray code of its number.
        self.num_generated = target
        gray = (target - 1) ^ (target - 1) >> 1 if target else 0
        state = self.shift.numpy().copy()
        for j in range(self.MAXBIT):
            if gray >> j & 1:
                state ^= self.sobolstate.numpy()[:, j]
        self.quasi = torch.from_numpy(state)
        return self

    def __repr__(self) -> str:
        text = [f"dimension={self.dimension}"]
        if self.scramble:
            text.append("scramble=True")
        if self.seed is not None:
            text.append(f"seed={self.seed}")
        return f"{type(self).__name__}({', '.join(text)})"

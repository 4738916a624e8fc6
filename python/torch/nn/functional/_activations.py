"""Activations: elementwise ones, and softmax and its kin."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import _C

_nn = _C._nn


def relu(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute ``max(0, x)``. See :class:`~torch.nn.ReLU`.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 2.0])
        >>> torch.nn.functional.relu(x)
        tensor([0., 0., 2.])
    """
    return torch.relu_(input) if inplace else torch.relu(input)


def threshold(input: torch.Tensor, threshold: float, value: float, inplace: bool = False) -> torch.Tensor:
    """Replace elements not greater than ``threshold`` by ``value``. See :class:`~torch.nn.Threshold`.

    Example:

        >>> x = torch.tensor([-1.0, 0.5, 2.0])
        >>> torch.nn.functional.threshold(x, 1.0, 0.0)
        tensor([0., 0., 2.])
    """
    return (torch.threshold_ if inplace else torch.threshold)(input, threshold, value)


def sigmoid(input: torch.Tensor) -> torch.Tensor:
    """Compute ``1 / (1 + exp(-x))``. See :class:`~torch.nn.Sigmoid`.

    Example:

        >>> torch.nn.functional.sigmoid(torch.tensor([0.0, 100.0]))
        tensor([0.5000, 1.0000])
    """
    return torch.sigmoid(input)


def tanh(input: torch.Tensor) -> torch.Tensor:
    """Compute the hyperbolic tangent. See :class:`~torch.nn.Tanh`.

    Example:

        >>> torch.nn.functional.tanh(torch.tensor([0.0, 100.0]))
        tensor([0., 1.])
    """
    return torch.tanh(input)


def hardtanh(input: torch.Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> torch.Tensor:
    """Limit elements to ``[min_val, max_val]``. See :class:`~torch.nn.Hardtanh`.

    Example:

        >>> x = torch.tensor([-2.0, 0.5, 3.0])
        >>> torch.nn.functional.hardtanh(x)
        tensor([-1.0000,  0.5000,  1.0000])
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return (_nn.hardtanh_ if inplace else _nn.hardtanh)(input, min_val, max_val)


def relu6(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Limit elements to ``[0, 6]``. See :class:`~torch.nn.ReLU6`.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 20.0])
        >>> torch.nn.functional.relu6(x)
        tensor([0., 0., 6.])
    """
    return (_nn.hardtanh_ if inplace else _nn.hardtanh)(input, 0.0, 6.0)


def elu(input: torch.Tensor, alpha: float = 1.0, inplace: bool = False) -> torch.Tensor:
    """Compute ``x`` where positive, else ``alpha * (exp(x) - 1)``. See :class:`~torch.nn.ELU`.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 2.0])
        >>> torch.nn.functional.elu(x)
        tensor([-0.6321,  0.0000,  2.0000])
    """
    return (_nn.elu_ if inplace else _nn.elu)(input, alpha)


def celu(input: torch.Tensor, alpha: float = 1.0, inplace: bool = False) -> torch.Tensor:
    """Compute ``max(0, x) + min(0, alpha * (exp(x / alpha) - 1))``.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 2.0])
        >>> torch.nn.functional.celu(x, alpha=0.5)
        tensor([-0.4323,  0.0000,  2.0000])
    """
    return (torch.celu_ if inplace else torch.celu)(input, alpha)


def selu(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute the scaled exponential linear unit.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 2.0])
        >>> torch.nn.functional.selu(x)
        tensor([-1.1113,  0.0000,  2.1014])
    """
    return torch.selu_(input) if inplace else torch.selu(input)


def rrelu(
    input: torch.Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> torch.Tensor:
    """Multiply elements that are not positive by a slope, drawn from ``[lower, upper)`` in training.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 2.0])
        >>> torch.nn.functional.rrelu(x)
        tensor([-0.2292,  0.0000,  2.0000])
    """
    return (torch.rrelu_ if inplace else torch.rrelu)(input, lower, upper, training)


def leaky_relu(input: torch.Tensor, negative_slope: float = 0.01, inplace: bool = False) -> torch.Tensor:
    """Compute ``x`` where positive, else ``negative_slope * x``. See :class:`~torch.nn.LeakyReLU`.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 2.0])
        >>> torch.nn.functional.leaky_relu(x, 0.1)
        tensor([-0.1000,  0.0000,  2.0000])
    """
    return (_nn.leaky_relu_ if inplace else _nn.leaky_relu)(input, negative_slope)


def silu(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute ``x * sigmoid(x)``. See :class:`~torch.nn.SiLU`.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 2.0])
        >>> torch.nn.functional.silu(x)
        tensor([-0.2689,  0.0000,  1.7616])
    """
    return (_nn.silu_ if inplace else _nn.silu)(input)


def mish(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute ``x * tanh(softplus(x))``. See :class:`~torch.nn.Mish`.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 2.0])
        >>> torch.nn.functional.mish(x)
        tensor([-0.3034,  0.0000,  1.9440])
    """
    return (_nn.mish_ if inplace else _nn.mish)(input)


def hardswish(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute ``x * relu6(x + 3) / 6``. See :class:`~torch.nn.Hardswish`.

    Example:

        >>> x = torch.tensor([-4.0, -1.0, 4.0])
        >>> torch.nn.functional.hardswish(x)
        tensor([-0.0000, -0.3333,  4.0000])
    """
    return (_nn.hardswish_ if inplace else _nn.hardswish)(input)


def hardsigmoid(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:
    """Compute ``relu6(x + 3) / 6``. See :class:`~torch.nn.Hardsigmoid`.

    Example:

        >>> x = torch.tensor([-4.0, 0.0, 4.0])
        >>> torch.nn.functional.hardsigmoid(x)
        tensor([0.0000, 0.5000, 1.0000])
    """
    return (_nn.hardsigmoid_ if inplace else _nn.hardsigmoid)(input)


def glu(input: torch.Tensor, dim: int = -1) -> torch.Tensor:
    """Multiply the first half along ``dim`` by the sigmoid of the second. See :class:`~torch.nn.GLU`.

    Example:

        >>> x = torch.tensor([1.0, 2.0, 0.0, 0.0])
        >>> torch.nn.functional.glu(x)
        tensor([0.5000, 1.0000])
    """
    if input.dim() == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    return _nn.glu(input, dim)


def softsign(input: torch.Tensor) -> torch.Tensor:
    """Compute ``x / (1 + |x|)``.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 3.0])
        >>> torch.nn.functional.softsign(x)
        tensor([-0.5000,  0.0000,  0.7500])
    """
    return input / (input.abs() + 1)


def tanhshrink(input: torch.Tensor) -> torch.Tensor:
    """Compute ``x - tanh(x)``.

    Example:

        >>> x = torch.tensor([-1.0, 0.0, 3.0])
        >>> torch.nn.functional.tanhshrink(x)
        tensor([-0.2384,  0.0000,  2.0049])
    """
    return input - input.tanh()


def _get_softmax_dim(name: str, ndim: int, stacklevel: int) -> int:
    """Choose the dimension where none is given, as old versions did: deprecated."""
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input: torch.Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> torch.Tensor:
    """Compute ``exp(x) / sum(exp(x))`` along ``dim``.

    Args:
        input: the tensor.
        dim: the dimension along which the results add up to 1.
        dtype: cast the input to this first.

    Example:

        >>> x = torch.tensor([1.0, 2.0, 3.0])
        >>> torch.nn.functional.softmax(x, dim=0)
        tensor([0.0900, 0.2447, 0.6652])
    """
    if dim is None:
        dim = _get_softmax_dim("softmax", input.dim(), _stacklevel)
    return input.softmax(dim) if dtype is None else input.softmax(dim, dtype=dtype)


def softmin(input: torch.Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> torch.Tensor:
    """Compute the softmax of ``-input`` along ``dim``; the arguments are those of :func:`softmax`.

    Example:

        >>> x = torch.tensor([1.0, 2.0, 3.0])
        >>> torch.nn.functional.softmin(x, dim=0)
        tensor([0.6652, 0.2447, 0.0900])
    """
    if dim is None:
        dim = _get_softmax_dim("softmin", input.dim(), _stacklevel)
    return softmax(-input, dim, dtype=dtype)


def log_softmax(input: torch.Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> torch.Tensor:
    """Compute the logarithm of the softmax along ``dim``; the arguments are those of :func:`softmax`.

    Example:

        >>> x = torch.tensor([1.0, 2.0, 3.0])
        >>> torch.nn.functional.log_softmax(x, dim=0)
        tensor([-2.4076, -1.4076, -0.4076])
    """
    if dim is None:
        dim = _get_softmax_dim("log_softmax", input.dim(), _stacklevel)
    return input.log_softmax(dim) if dtype is None else input.log_softmax(dim, dtype=dtype)


def gumbel_softmax(
    logits: torch.Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> torch.Tensor:
    """Draw from the Gumbel-softmax distribution (Jang et al., 2016).

    Args:
        logits: unnormalized log-probabilities.
        tau: temperature. Default: 1
        hard: return one-hot vectors, whose gradient is that of the soft ones. Default: ``False``
        eps: deprecated, without effect.
        dim: the dimension of the classes. Default: -1

    Example:

        >>> _ = torch.manual_seed(0)
        >>> torch.nn.functional.gumbel_softmax(torch.zeros(2, 3), hard=True).sum(1)
        tensor([1., 1.])
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    gumbels = -torch.empty_like(logits, memory_format=torch.contiguous_format).exponential_().log()
    soft = ((logits + gumbels) / tau).softmax(dim)
    if not hard:
        return soft
    index = soft.max(dim, keepdim=True)[1]
    one_hot = torch.zeros_like(logits, memory_format=torch.contiguous_format).scatter_(dim, index, 1.0)
    return one_hot - soft.detach() + soft

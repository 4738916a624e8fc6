"""Checks of gradients against finite differences.

Everything is reduced to real numbers: a complex number counts as two, a complex output L = a + ib as the outputs a
and b. The gradient of a real L with respect to z = x + iy is dL/dx + i dL/dy (the convention of backward), so the
analytical and the numerical Jacobian are the same real matrix J[i, j] = d(output j)/d(input i).
"""

from __future__ import annotations

import itertools
import random
import sys
import types
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import Function

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A gradient is not what it should be."""


class _Undefined(Function):
    """Passes a tensor on and lets no gradient through: what is behind gets an undefined one."""

    @staticmethod
    def forward(ctx: Any, t: Any) -> Any:
        return t.clone()

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        return None


def _items(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _differentiable(values: Iterable[Any]) -> list[Tensor]:
    return [v for v in values if isinstance(v, Tensor) and v.requires_grad]


def _parts(t: Tensor) -> int:
    """Real numbers in an element."""
    return 2 if t.is_complex() else 1


def _real_values(t: Tensor) -> list[float]:
    """The elements as real numbers, those of complex tensors as pairs."""
    flat = t.detach().reshape(-1)
    if not t.is_complex():
        return flat.tolist()
    return [x for z in flat.tolist() for x in (z.real, z.imag)]


def _from_real_values(values: Sequence[float], like: Tensor) -> Tensor:
    if not like.is_complex():
        return torch.tensor(values, dtype=like.dtype, device=like.device).reshape(like.shape)
    pairs = [complex(a, b) for a, b in zip(values[::2], values[1::2])]
    return torch.tensor(pairs, dtype=like.dtype, device=like.device).reshape(like.shape)


class _Check:
    """One function with its inputs; raises GradcheckError at the first thing that is wrong."""

    def __init__(
        self,
        function: Callable[..., Any],
        inputs: tuple[Any, ...],
        eps: float,
        atol: float,
        rtol: float,
        nondet_tol: float,
        check_grad_dtypes: bool,
    ) -> None:
        self.function = function
        self.inputs = inputs
        self.eps = eps
        self.atol = atol
        self.rtol = rtol
        self.nondet_tol = nondet_tol
        self.check_grad_dtypes = check_grad_dtypes
        self.wanted = _differentiable(inputs)
        self.raw_outputs = _items(function(*inputs))
        self.outputs = _differentiable(self.raw_outputs)

    # -- values --

    def output_values(self) -> list[list[float]]:
        """The outputs that have a gradient, as real numbers, at the inputs as they are now."""
        with torch.no_grad():
            results = _items(self.function(*self.inputs))
        return [
            _real_values(after)
            for before, after in zip(self.raw_outputs, results)
            if isinstance(before, Tensor) and before.requires_grad
        ]

    def difference(self, t: Tensor, index: tuple[int, ...], step: complex) -> list[list[float]]:
        """Central difference of all outputs along one real direction of one element of t."""
        data = t.data
        old = data[index].item()
        try:
            data[index] = old + step
            above = self.output_values()
            data[index] = old - step
            below = self.output_values()
        finally:
            data[index] = old
        return [[(a - b) / (2 * self.eps) for a, b in zip(hi, lo)] for hi, lo in zip(above, below)]

    def numerical(self, t: Tensor) -> list[list[list[float]]]:
        """For each output the rows of its Jacobian with respect to t."""
        jacobians: list[list[list[float]]] = [[] for _ in self.outputs]
        for index in itertools.product(*(range(n) for n in t.shape)):
            for part in range(_parts(t)):
                step = self.eps * 1j if part else self.eps
                for rows, row in zip(jacobians, self.difference(t, index, step)):
                    rows.append(row)
        return jacobians

    def backward(self, output: Tensor, weight: Tensor) -> list[Tensor | None]:
        grads: list[Tensor | None] = list(
            torch.autograd.grad(output, self.wanted, weight, retain_graph=True, allow_unused=True)
        )
        for i, (grad, t) in enumerate(zip(grads, self.wanted)):
            if grad is None:
                continue
            if grad.shape != t.shape:
                raise GradcheckError(f"grad has incorrect size: {grad.shape} for input {i} of size {t.shape}")
            if self.check_grad_dtypes and grad.dtype != t.dtype:
                raise GradcheckError(f"grad for input {i} has dtype {grad.dtype}, the input has {t.dtype}")
        return grads

    def analytical(self, output: Tensor) -> list[list[list[float]]]:
        """For each wanted input the rows of the output's Jacobian, from one backward for each real number in the
        output."""
        columns: list[list[list[float]]] = [[] for _ in self.wanted]
        parts = _parts(output)
        for at in range(output.numel() * parts):
            values = [0.0] * (output.numel() * parts)
            values[at] = 1.0
            grads = self.backward(output, _from_real_values(values, output))
            for column, grad, t in zip(columns, grads, self.wanted):
                column.append([0.0] * (t.numel() * _parts(t)) if grad is None else _real_values(grad))
        return [
            [list(row) for row in zip(*column)] if column else [[] for _ in range(t.numel() * _parts(t))]
            for column, t in zip(columns, self.wanted)
        ]

    # -- comparisons --

    def close(self, a: float, b: float, atol: float, rtol: float) -> bool:
        if a != a or b != b:
            return a != a and b != b
        return a == b or abs(a - b) <= atol + rtol * abs(b)

    def mismatch(self, output: int, wanted: int, numerical: Any, analytical: Any, note: str = "") -> GradcheckError:
        return GradcheckError(
            f"Jacobian mismatch for output {output} with respect to input {wanted},\n"
            f"numerical:{torch.tensor(numerical, dtype=torch.float64)}\n"
            f"analytical:{torch.tensor(analytical, dtype=torch.float64)}\n{note}"
        )

    def check_reentrant(self, first: list[Any], again: list[Any]) -> None:
        for a_rows, b_rows in zip(first, again):
            for a_row, b_row in zip(a_rows, b_rows):
                for a, b in zip(a_row, b_row):
                    if not self.close(a, b, self.nondet_tol, 0.0):
                        raise GradcheckError(
                            "Backward is not reentrant, i.e., running backward with same input and grad_output "
                            "multiple times gives different values, although analytical gradient matches numerical "
                            f"gradient. The tolerance for nondeterminism was {self.nondet_tol}."
                        )

    def check_slow(self) -> None:
        numerical = [self.numerical(t) for t in self.wanted]
        for o, output in enumerate(self.outputs):
            analytical = self.analytical(output)
            for i, rows in enumerate(analytical):
                for n_row, a_row in zip(numerical[i][o], rows):
                    if not all(self.close(a, n, self.atol, self.rtol) for a, n in zip(a_row, n_row)):
                        raise self.mismatch(o, i, numerical[i][o], rows)
            self.check_reentrant(analytical, self.analytical(output))

    def check_fast(self) -> None:
        """Compares u J v for random directions u of each input and v of each output: two calls of the function an
        input and one backward an output, instead of one for each number."""
        source = random.Random(0)

        def direction(t: Tensor) -> list[float]:
            values = [source.gauss(0.0, 1.0) for _ in range(t.numel() * _parts(t))]
            norm = sum(v * v for v in values) ** 0.5 or 1.0
            return [v / norm for v in values]

        along = [direction(t) for t in self.wanted]
        weights = [direction(o) for o in self.outputs]
        numerical = []
        for t, values in zip(self.wanted, along):
            step = _from_real_values(values, t) * self.eps
            old = t.detach().clone()
            try:
                t.data.copy_(old + step)
                above = self.output_values()
                t.data.copy_(old - step)
                below = self.output_values()
            finally:
                t.data.copy_(old)
            numerical.append(
                [
                    sum(v * (a - b) for v, a, b in zip(weight, hi, lo)) / (2 * self.eps)
                    for weight, hi, lo in zip(weights, above, below)
                ]
            )
        for o, (output, weight) in enumerate(zip(self.outputs, weights)):
            grads = self.backward(output, _from_real_values(weight, output))
            again = self.backward(output, _from_real_values(weight, output))
            for i, (first, second) in enumerate(zip(grads, again)):
                values = [] if first is None else _real_values(first)
                self.check_reentrant([[values]], [[[] if second is None else _real_values(second)]])
                found = sum(u * g for u, g in zip(along[i], values))
                if not self.close(found, numerical[i][o], self.atol, self.rtol):
                    self.check_slow()  # says where
                    note = "(random directions only: the full Jacobians agree within the tolerances)\n"
                    raise self.mismatch(o, i, numerical[i][o], found, note)

    def check_scaling(self) -> None:
        """Gradients of zero have to be zero: else backward forgot to multiply by them."""
        if not self.outputs:
            return
        weights = [torch.zeros_like(o) for o in self.outputs]
        grads = torch.autograd.grad(self.outputs, self.wanted, weights, retain_graph=True, allow_unused=True)
        for grad in grads:
            if grad is not None and any(v != 0 for v in _real_values(grad)):
                raise GradcheckError("backward not multiplied by grad_output")

    def check_undefined(self) -> None:
        """Gradients that never came have to count as zero."""

        def run(undefined: set[int]) -> None:
            outputs = _differentiable(_items(self.function(*self.inputs)))
            ends = [_Undefined.apply(o) if i in undefined else o for i, o in enumerate(outputs)]
            weights = [torch.zeros_like(e) for e in ends]
            try:
                grads = torch.autograd.grad(ends, self.wanted, weights, allow_unused=True)
            except RuntimeError as error:
                raise GradcheckError(
                    "Expected backward function to handle undefined output grads. Please look at 'Notes about "
                    f"undefined output gradients': it raised {type(error).__name__}: {error}"
                ) from error
            for grad in grads:
                if grad is not None and any(v != 0 for v in _real_values(grad)):
                    raise GradcheckError(
                        "Expected all input grads to be undefined or zero when all output grads are undefined or zero."
                    )

        run(set(range(len(self.outputs))))
        if len(self.outputs) > 1:
            for i in range(len(self.outputs)):
                run({i})

    def check_no_outputs(self) -> None:
        """No output requires grad: then nothing may depend on the inputs."""
        floating = [o for o in self.raw_outputs if isinstance(o, Tensor) and (o.is_floating_point() or o.is_complex())]
        if not floating:
            raise ValueError("gradcheck expects the function to return at least one floating point or complex Tensor")
        for i, t in enumerate(self.wanted):
            for index in itertools.product(*(range(n) for n in t.shape)):
                data = t.data
                old = data[index].item()
                try:
                    values = []
                    for sign in (1, -1):
                        data[index] = old + sign * self.eps
                        with torch.no_grad():
                            results = _items(self.function(*self.inputs))
                        values.append([_real_values(r) for r in results if isinstance(r, Tensor)])
                finally:
                    data[index] = old
                for hi, lo in zip(*values):
                    if any(abs(a - b) / (2 * self.eps) > self.atol for a, b in zip(hi, lo)):
                        raise GradcheckError(
                            f"Numerical gradient for function expected to be zero: no output requires grad, but the "
                            f"function depends on input {i}"
                        )


def _check_inputs(inputs: tuple[Any, ...]) -> None:
    wanted = _differentiable(inputs)
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the them have "
            "requires_grad=True."
        )
    for i, t in enumerate(inputs):
        if not (isinstance(t, Tensor) and t.requires_grad):
            continue
        if t.dtype not in (torch.float64, torch.complex128):
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or complex. This check "
                "will likely fail if all the inputs are not of double precision floating point or complex.",
                stacklevel=3,
            )
        if any(stride == 0 and size > 1 for stride, size in zip(t.stride(), t.shape)):
            raise RuntimeError(
                f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call "
                ".contiguous on the input before passing it to gradcheck."
            )
        t.retain_grad()


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compares the gradients of `func` at `inputs` with central differences.

    Args:
        func: takes `inputs`, returns a tensor or a tuple of tensors.
        inputs: a tensor or a sequence; those that require grad should be float64 or complex128. They are changed and
        restored.
        eps: step of the differences.
        atol, rtol: allowed is |analytical - numerical| <= atol + rtol * |numerical|.
        raise_exception: False: return False instead of raising.
        nondet_tol: allowed difference between two runs of the same backward.
        check_undefined_grad: also check that missing output gradients count as zeros.
        check_grad_dtypes: also check that gradients have the dtype of their inputs.
        fast_mode: compare one random combination of the Jacobian's entries instead of all.
        check_batched_grad, check_batched_forward_grad, check_forward_ad: not supported (NotImplementedError).
        check_backward_ad: must be True.
        masked: must be None or False; sparse tensors are not supported.

    Raises:
        GradcheckError: a gradient is wrong.
        ValueError: no input requires grad.
    """
    if check_batched_grad or check_batched_forward_grad:
        raise NotImplementedError("gradcheck: checks of batched gradients are not supported")
    if check_forward_ad or not check_backward_ad:
        raise NotImplementedError("gradcheck: only backward-mode gradients can be checked")
    if masked:
        raise NotImplementedError("gradcheck: masked=True is not supported")
    arguments = _items(inputs)
    try:
        _check_inputs(arguments)
        check = _Check(func, arguments, eps, atol, rtol, nondet_tol, check_grad_dtypes)
        if not check.outputs:
            check.check_no_outputs()
            return True
        if fast_mode:
            check.check_fast()
        else:
            check.check_slow()
        check.check_scaling()
        if check_undefined_grad:
            check.check_undefined()
    except RuntimeError:
        if raise_exception:
            raise
        return False
    return True


def _random_like(t: Tensor, non_contiguous: bool) -> Tensor:
    """Numbers in [-1, 1) of the dtype and shape of t; the global generators are left alone."""
    source = random.Random(t.numel())
    shape = (*t.shape, 2) if non_contiguous and t.dim() else tuple(t.shape)
    base = torch.zeros(shape, dtype=t.dtype, device=t.device)
    values = [source.uniform(-1.0, 1.0) for _ in range(base.numel() * _parts(t))]
    result = _from_real_values(values, base)
    return result[..., 0] if len(shape) > t.dim() else result


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    grad_outputs: Tensor | Sequence[Tensor] | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Checks second derivatives: `gradcheck` of the backward of `func`, with respect to `inputs` and `grad_outputs`.

    Args:
        grad_outputs: gradients of the outputs; default: random numbers, not from the global generators.
        gen_non_contig_grad_outputs: make those random ones non-contiguous.
        check_fwd_over_rev: not supported (NotImplementedError).
        Others: as in `gradcheck`.
    """
    if check_fwd_over_rev or not check_rev_over_rev:
        raise NotImplementedError("gradgradcheck: only backward over backward can be checked")
    arguments = _items(inputs)
    outputs = _differentiable(_items(func(*arguments)))
    if grad_outputs is None:
        weights = tuple(_random_like(o, gen_non_contig_grad_outputs).requires_grad_() for o in outputs)
    else:
        weights = _items(grad_outputs)
    count = len(weights)

    def backward(*args: Any) -> tuple[Tensor, ...]:
        given, grads = args[: len(args) - count], args[len(args) - count :]
        wanted = _differentiable(given)
        with torch.enable_grad():
            results = _differentiable(_items(func(*given)))
            found = torch.autograd.grad(results, wanted, grads, create_graph=True, allow_unused=True)
        return tuple(g for g in found if isinstance(g, Tensor))

    return gradcheck(
        backward,
        (*arguments, *weights),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        fast_mode=fast_mode,
        masked=masked,
    )


class _CallableModule(types.ModuleType):
    """torch.autograd.gradcheck is the function; importing this module makes the name stand for the module."""

    def __call__(self, *args: Any, **kwargs: Any) -> bool:
        return gradcheck(*args, **kwargs)


sys.modules[__name__].__class__ = _CallableModule

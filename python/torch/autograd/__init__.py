"""Automatic differentiation: gradients of recorded computations.

`Tensor.backward()` fills `.grad` of the leaves; `grad()` returns gradients instead. `Function` defines an op with a
backward of its own. The tape itself is C++ (csrc/autograd); here is its Python face.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import _C
from torch.autograd.variable import Variable

if TYPE_CHECKING:
    from torch import Tensor
    from torch.autograd import anomaly_mode as anomaly_mode, functional as functional, graph as graph
    from torch.autograd.anomaly_mode import detect_anomaly as detect_anomaly, set_detect_anomaly as set_detect_anomaly
    from torch.autograd.function import Function as Function
    from torch.autograd.gradcheck import gradcheck as gradcheck, gradgradcheck as gradgradcheck
    from torch.autograd.graph import GradientEdge

__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]

no_grad = _C.no_grad
enable_grad = _C.enable_grad
set_grad_enabled = _C.set_grad_enabled
inference_mode = _C.inference_mode

# Names that are rarely needed load their module at first use.
_LAZY = {
    "Function": "function",
    "NestedIOFunction": "function",
    "detect_anomaly": "anomaly_mode",
    "set_detect_anomaly": "anomaly_mode",
    "gradgradcheck": "gradcheck",
    "DeviceType": "profiler",
    "kineto_available": "profiler",
}
_MODULES = ("anomaly_mode", "forward_ad", "function", "functional", "grad_mode", "graph", "profiler", "profiler_util")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module("torch.autograd." + name)
    if name == "gradcheck":  # both a module and the function that people mean
        value: Any = importlib.import_module("torch.autograd.gradcheck").gradcheck
    elif name in _LAZY:
        value = getattr(importlib.import_module("torch.autograd." + _LAZY[name]), name)
    else:
        raise AttributeError(f"module 'torch.autograd' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, *_MODULES, "gradcheck"})


def _as_tuple(value: Any) -> tuple[Any, ...]:
    """The items of a sequence, or a single tensor or edge as a tuple of one."""
    from torch import Tensor

    if isinstance(value, Tensor) or hasattr(value, "output_nr"):
        return (value,)
    return tuple(value)


def _grads_for(count: int, grads: Any) -> tuple[Any, ...]:
    if grads is None:
        return (None,) * count
    return _as_tuple(grads)


def backward(
    tensors: Tensor | Sequence[Tensor] | GradientEdge | Sequence[GradientEdge],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Tensor | Sequence[Tensor | None] | None = None,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Adds the gradients of the sum of `tensors`, weighted by `grad_tensors`, to `.grad` of the leaves of their graphs.

    Args:
        tensors: what to differentiate.
        grad_tensors: for each tensor a gradient in its shape, or None for a tensor of one element (then 1).
        retain_graph: keep what the graph saved, so that it can be walked again. Default: `create_graph`.
        create_graph: record the backward too, for higher derivatives.
        grad_variables: old name of `grad_tensors`.
        inputs: only these tensors get gradients; default: all leaves.

    Raises:
        RuntimeError: a tensor is not part of a graph, a needed gradient is missing or does not fit, what the graph
            saved has been freed or overwritten.
    """
    if grad_variables is not None:
        import warnings

        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2)
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. "
                "Please only use `grad_tensors`."
            )
        grad_tensors = grad_variables
    targets = () if inputs is None else _as_tuple(inputs)
    if inputs is not None and not targets:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    roots = _as_tuple(tensors)
    if retain_graph is None:
        retain_graph = create_graph
    _C._autograd.run_backward(
        roots, _grads_for(len(roots), grad_tensors), retain_graph, create_graph, targets, True, True
    )


def grad(
    outputs: Tensor | Sequence[Tensor] | GradientEdge | Sequence[GradientEdge],
    inputs: Tensor | Sequence[Tensor] | GradientEdge | Sequence[GradientEdge] | dict[str, Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:
    """Returns the gradients of the sum of `outputs`, weighted by `grad_outputs`, with respect to `inputs`.

    Args:
        outputs: what to differentiate.
        inputs: with respect to what, leaves or not, by name in a dict if wanted; nothing is added to any `.grad`.
        grad_outputs: for each output a gradient in its shape, or None for an output of one element (then 1).
        retain_graph: keep what the graph saved, so that it can be walked again. Default: `create_graph`.
        create_graph: record the backward too, for higher derivatives.
        only_inputs: deprecated, and True whatever is given.
        allow_unused: give None for inputs on which the outputs do not depend, instead of an error. Default:
            `materialize_grads`.
        is_grads_batched: `grad_outputs` have a first dimension more, and so have the results: one walk for each of its
            entries.
        materialize_grads: give zeros instead of None for unused inputs.

    Returns:
        One tensor (or None) an input, in a tuple, or in a dict with the names of the inputs.

    Raises:
        RuntimeError: as `backward`, or an input is unused.
        ValueError: `materialize_grads` together with `allow_unused=False`.
    """
    if not only_inputs:
        import warnings

        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for "
            "other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    if allow_unused is None:
        allow_unused = materialize_grads
    targets = tuple(inputs.values()) if isinstance(inputs, dict) else _as_tuple(inputs)
    if not targets:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    roots = _as_tuple(outputs)
    weights = _grads_for(len(roots), grad_outputs)
    if retain_graph is None:
        retain_graph = create_graph
    if is_grads_batched:
        results = _batched(roots, weights, retain_graph, create_graph, targets, allow_unused)
    else:
        results = _C._autograd.run_backward(roots, weights, retain_graph, create_graph, targets, allow_unused, False)
    if materialize_grads:
        if any(result is None and not hasattr(target, "dtype") for result, target in zip(results, targets)):
            raise RuntimeError("materialize_grads cannot be used when the given input is a GradientEdge")
        import torch

        results = tuple(
            torch.zeros_like(target) if result is None else result for result, target in zip(results, targets)
        )
    return dict(zip(inputs, results)) if isinstance(inputs, dict) else results


def _batched(
    roots: tuple[Any, ...],
    weights: tuple[Any, ...],
    retain_graph: bool,
    create_graph: bool,
    targets: tuple[Any, ...],
    allow_unused: bool,
) -> tuple[Any, ...]:
    """One walk for each entry of the first dimension of the weights; results stacked along a new first dimension."""
    import torch

    sizes = {w.shape[0] for w in weights if w is not None}
    if len(sizes) != 1:
        raise RuntimeError(
            f"is_grads_batched=True: grad_outputs need one common first dimension, got sizes {sorted(sizes)}"
        )
    (count,) = sizes
    if count == 0:
        raise RuntimeError("is_grads_batched=True: the first dimension of grad_outputs is empty")
    rows = []
    for i in range(count):
        row = tuple(None if w is None else w[i] for w in weights)
        keep = retain_graph or i + 1 < count
        rows.append(_C._autograd.run_backward(roots, row, keep, create_graph, targets, allow_unused, False))
    return tuple(None if column[0] is None else torch.stack(column) for column in zip(*rows))

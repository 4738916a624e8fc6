"""Control flow as functions of functions. Each runs its functions as Python would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Union

import torch
from torch.utils._pytree import tree_flatten, tree_leaves, tree_map, tree_structure, tree_unflatten

__all__ = ["associative_scan", "cond", "map", "scan", "while_loop"]


def _truth(what: str, pred: Any) -> bool:
    if isinstance(pred, torch.Tensor):
        if pred.numel() != 1:
            raise RuntimeError(f"{what}: expected a bool or a tensor of one element, got shape {tuple(pred.shape)}")
        return bool(pred)
    if not isinstance(pred, (bool, torch.SymBool)):
        raise RuntimeError(f"{what}: expected a bool or a boolean tensor, got {pred!r}")
    return bool(pred)


def cond(
    pred: Union[bool, torch.Tensor],
    true_fn: Callable[..., Any],
    false_fn: Callable[..., Any],
    operands: Any = (),
) -> Any:
    """``true_fn(*operands)`` if ``pred`` holds, else ``false_fn(*operands)``.

    Example:

        >>> x = torch.tensor([1.0, 2.0])
        >>> torch.cond(x.sum() > 0, lambda x: x * 2, lambda x: -x, (x,))
        tensor([2., 4.])
    """
    if not callable(true_fn) or not callable(false_fn):
        raise RuntimeError("Expect both branches to be callable.")
    if not isinstance(operands, (tuple, list)) or any(not isinstance(t, torch.Tensor) for t in tree_leaves(operands)):
        raise RuntimeError(
            "Expect operands to be a tuple of possibly nested dict/list/tuple that only consists of tensor leaves, "
            f"but got {operands}."
        )
    return (true_fn if _truth("cond", pred) else false_fn)(*operands)


def while_loop(cond_fn: Callable[..., Any], body_fn: Callable[..., Any], carried_inputs: Any) -> Any:
    """Replaces ``carried_inputs`` by ``body_fn(*carried_inputs)`` for as long as ``cond_fn(*carried_inputs)`` holds.

    Example:

        >>> torch.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), (torch.tensor(0), torch.ones(1)))
        (tensor(3), tensor([8.]))
    """
    if not isinstance(carried_inputs, (tuple, list)):
        raise RuntimeError(f"Expect carried_inputs to be a tuple, got {type(carried_inputs)}")
    carried = tuple(tree_map(lambda t: t.clone() if isinstance(t, torch.Tensor) else t, carried_inputs))
    while _truth("while_loop: cond_fn", cond_fn(*carried)):
        result = body_fn(*carried)
        result = tuple(result) if isinstance(result, (tuple, list)) else (result,)
        if len(result) != len(carried):
            raise RuntimeError(f"while_loop: body_fn must return {len(carried)} values, got {len(result)}")
        carried = result
    return carried


def map(f: Callable[..., Any], xs: Any, *args: Any) -> Any:  # noqa: A001
    """``f(x, *args)`` for each ``x`` along the first dimension of the tensors in ``xs``, stacked."""
    leaves, spec = tree_flatten(xs)
    if not leaves or any(not isinstance(x, torch.Tensor) or x.dim() == 0 for x in leaves):
        raise RuntimeError("map: expected tensors of at least one dimension")
    if len({len(x) for x in leaves}) != 1:
        raise RuntimeError(f"map: leading dimensions differ, shapes {[tuple(x.shape) for x in leaves]}")
    results = [f(tree_unflatten([x[i] for x in leaves], spec), *args) for i in range(len(leaves[0]))]
    return _stacked(results, 0)


def _stacked(results: Sequence[Any], dim: int) -> Any:
    if not results:
        raise RuntimeError("expected tensors with at least one item along the mapped dimension")
    return tree_map(lambda *values: torch.stack(values, dim), results[0], *results[1:])


def _items(what: str, xs: Any, dim: int, reverse: bool) -> list[Any]:
    leaves, spec = tree_flatten(xs)
    if any(not isinstance(x, torch.Tensor) for x in leaves):
        raise RuntimeError(f"{what}: all xs leaves must be Tensors")
    if any(x.dim() <= dim or x.shape[dim] < 1 for x in leaves) or dim < 0:
        raise RuntimeError(
            f"{what}: all xs leaves must at least have 'dim' number of dimensions and scan dimension > 0"
        )
    if len({x.shape[dim] for x in leaves}) > 1:
        raise RuntimeError(f"{what}: all xs leaves must have the same number of elements along the dimension {dim}")
    count = leaves[0].shape[dim] if leaves else 0
    items = [tree_unflatten([x.select(dim, i) for x in leaves], spec) for i in range(count)]
    return items[::-1] if reverse else items


def scan(
    combine_fn: Callable[[Any, Any], Any], init: Any, xs: Any, *, dim: int = 0, reverse: bool = False
) -> tuple[Any, Any]:
    """``carry, y = combine_fn(carry, x)`` for each ``x`` along a dimension; the last carry and the stacked ``y``."""
    carry, ys = init, []
    structure = tree_structure(init)
    for x in _items("scan", xs, dim, reverse):
        carry, y = combine_fn(carry, x)
        if tree_structure(carry) != structure:
            raise RuntimeError("scan: the carry that combine_fn returns must have the structure of init")
        ys.append(y)
    return carry, _stacked(ys[::-1] if reverse else ys, 0)


def associative_scan(
    combine_fn: Callable[[Any, Any], Any], xs: Any, dim: int, reverse: bool = False, combine_mode: str = "pointwise"
) -> Any:
    """Along a dimension, each item combined with all before it (or after it, with ``reverse``)."""
    if not callable(combine_fn):
        raise ValueError(f"Combine_fn must be a callable, but got {combine_fn}")
    if combine_mode not in ("pointwise", "generic"):
        raise ValueError(f"Combine_mode must either 'pointwise' or 'generic', but got {combine_mode}")
    items = _items("associative_scan", xs, dim, reverse)
    results = items[:1]
    for item in items[1:]:
        results.append(combine_fn(results[-1], item))
    return _stacked(results[::-1] if reverse else results, dim)

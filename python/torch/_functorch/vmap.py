"""``torch.vmap``: a function of one sample as a function of a batch.

The function is called for each sample, and what it returns is stacked. That is slow where operators could take the
whole batch at once, but gives the same results, takes control flow that depends on data, and composes with everything.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Optional, Union

import torch
from torch import Tensor as Tensor
from torch._c_functorch import _add_batch_dim as _add_batch_dim, _remove_batch_dim as _remove_batch_dim
from torch._functorch import state
from torch.utils._pytree import _broadcast_to_and_flatten, tree_flatten, tree_unflatten

in_dims_t = Union[int, tuple[Any, ...]]  # noqa: N816
out_dims_t = Union[int, tuple[Any, ...], None]  # noqa: N816


def _name(func: Callable[..., Any]) -> str:
    return getattr(func, "__name__", None) or repr(func)


_get_name = _name


def _check_randomness(randomness: str) -> None:
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")


def _checked_dims(
    in_dims: Any, args: tuple[Any, ...], func: Callable[..., Any]
) -> tuple[int, list[Any], list[Any], Any]:
    """The batch size, the dimension of each leaf of the arguments (not negative), the leaves, and their structure."""
    where = f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>): "
    if not isinstance(in_dims, (int, tuple, list)):
        raise ValueError(
            f"{where}expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, "
            f"got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({_name(func)})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap "
            "over a function with no inputs. The latter is unsupported."
        )
    leaves, spec = tree_flatten(args)
    found = _broadcast_to_and_flatten(tuple(in_dims) if isinstance(in_dims, list) else in_dims, spec)
    if found is None:
        raise ValueError(
            f"{where}in_dims is not compatible with the structure of `inputs`. in_dims has structure "
            f"{tree_flatten(in_dims)[1]} but inputs has structure {spec}."
        )
    dims: list[Any] = []
    for leaf, dim in zip(leaves, found):
        if dim is not None and (not isinstance(dim, int) or isinstance(dim, bool)):
            raise ValueError(
                f"{where}Got in_dim={dim} for an input but in_dim must be either an integer dimension or None."
            )
        if dim is not None and not isinstance(leaf, torch.Tensor):
            raise ValueError(
                f"{where}Got in_dim={dim} for an input but the input is of type {type(leaf)}. We cannot vmap over "
                "non-Tensor arguments, please use None as the respective in_dim"
            )
        if dim is not None and not -leaf.dim() <= dim < leaf.dim():
            raise ValueError(
                f"{where}Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {leaf.dim()} so "
                f"expected in_dim to satisfy -{leaf.dim()} <= in_dim < {leaf.dim()}."
            )
        dims.append(dim % leaf.dim() if dim is not None else None)
    sizes = [leaf.size(dim) for leaf, dim in zip(leaves, dims) if dim is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if any(size != sizes[0] for size in sizes):
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the "
            "mapped dimension"
        )
    return sizes[0], dims, leaves, spec


class _Randomness:
    """What random numbers do from sample to sample."""

    def __init__(self, kind: str, size: int) -> None:
        self.kind = kind
        self.size = size
        self.begin = None if kind == "different" and size else torch.get_rng_state()

    def next_sample(self) -> None:
        if self.kind == "same":
            torch.set_rng_state(self.begin)  # type: ignore[arg-type]

    def finish(self) -> None:
        if self.kind == "error" and not torch.equal(self.begin, torch.get_rng_state()):  # type: ignore[arg-type]
            torch.set_rng_state(self.begin)  # type: ignore[arg-type]
            raise RuntimeError(
                "vmap: called random operation while in randomness error mode. Please either use the 'same' or "
                "'different' randomness flags on vmap or perform the randomness operation out of vmap"
            )
        if self.kind == "different" and not self.size:  # no samples draw no numbers
            torch.set_rng_state(self.begin)  # type: ignore[arg-type]


def _flat_out_dims(func: Callable[..., Any], out_dims: Any, spec: Any) -> list[Any]:
    """The dimension of each output."""
    if isinstance(out_dims, int) and not isinstance(out_dims, bool):
        return [out_dims] * spec.num_leaves
    if spec.is_leaf() and isinstance(out_dims, tuple) and len(out_dims) == 1:
        found: Optional[list[Any]] = list(out_dims)
    elif out_dims is None and spec.is_leaf():
        found = [None]
    else:
        found = _broadcast_to_and_flatten(out_dims, spec)
    if found is None:
        raise ValueError(
            f"vmap({_name(func)}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the structure "
            f"of `outputs`. out_dims has structure {tree_flatten(out_dims)[1]} but outputs has structure {spec}."
        )
    return found


def _joined(func: Callable[..., Any], results: Sequence[Any], dim: Any) -> Any:
    """One output of all samples as a tensor."""
    first = results[0]
    if not isinstance(first, torch.Tensor):
        if dim is None:
            return first
        raise ValueError(
            f"vmap({_name(func)}, ...): `{_name(func)}` must only return Tensors, got type {type(first)}. Did you mean "
            "to set out_dims= to None for output?"
        )
    if dim is None:
        if any(other is not first and not torch.equal(other, first) for other in results[1:]):
            raise ValueError(
                f"vmap({_name(func)}, ...): `{_name(func)}` can not return a BatchedTensor when out_dim is None"
            )
        return first
    if not -(first.dim() + 1) <= dim <= first.dim():
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-(first.dim() + 1)}, {first.dim()}], but got {dim})"
        )
    return torch.stack(list(results), dim)


def _with_zeros(batch: torch.Tensor, dim: int) -> torch.Tensor:
    """A batch without samples, and a sample of zeros behind them."""
    shape = list(batch.shape)
    shape[dim] = 1
    return torch.cat([batch, batch.new_zeros(shape)], dim)


def vmap_impl(
    func: Callable[..., Any],
    in_dims: Any,
    out_dims: Any,
    randomness: str,
    chunk_size: Optional[int],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Calls a function for each sample."""
    size, dims, leaves, spec = _checked_dims(in_dims, args, func)
    empty = size == 0
    if empty:  # the results are none of those of a sample of zeros
        size, leaves = 1, [leaf if dim is None else _with_zeros(leaf, dim) for leaf, dim in zip(leaves, dims)]
    random = _Randomness(randomness, size=0 if empty else size)
    results: list[list[Any]] = []
    out_spec: Any = None
    with state.Running(differentiates=False):
        for i in range(size):
            random.next_sample()
            sample = [leaf if dim is None else leaf.select(dim, i) for leaf, dim in zip(leaves, dims)]
            try:
                result = func(*tree_unflatten(sample, spec), **kwargs)
            except Exception as error:
                if not empty:
                    raise
                raise NotImplementedError(
                    f"vmap({_name(func)}, ...): for a batch of size 0 the function is called with zeros, which failed: "
                    f"{error}"
                ) from error
            flat, structure = tree_flatten(result)
            if out_spec is not None and structure != out_spec:
                raise ValueError(
                    f"vmap({_name(func)}, ...): `{_name(func)}` returns {structure} for sample {i} and {out_spec} "
                    "before"
                )
            out_spec = structure
            results.append(flat)
    random.finish()
    wanted = _flat_out_dims(func, out_dims, out_spec)
    joined = [_joined(func, [flat[k] for flat in results], dim) for k, dim in enumerate(wanted)]
    if empty:
        joined = [out if dim is None else out.narrow(dim, 0, 0) for out, dim in zip(joined, wanted)]
    return tree_unflatten(joined, out_spec)


def vmap(
    func: Callable[..., Any],
    in_dims: in_dims_t = 0,
    out_dims: out_dims_t = 0,
    randomness: str = "error",
    *,
    chunk_size: Optional[int] = None,
) -> Callable[..., Any]:
    """A function that maps ``func`` over a dimension of its tensors. It calls ``func`` for each sample.

    Args:
        func: takes one sample: tensors without the mapped dimension.
        in_dims: the mapped dimension of each argument, None for arguments that every sample gets as they are; one for
            all, or a tree like that of the arguments.
        out_dims: where the mapped dimension is in the results, None for results that are the same for all samples.
        randomness: ``"error"`` forbids random numbers; ``"different"`` gives each sample its own, ``"same"`` all
            samples the same ones.
        chunk_size: how many samples are computed at once: one, whatever is asked for.

    Example:

        >>> x, y = torch.arange(6.0).view(3, 2), torch.ones(2)
        >>> torch.vmap(torch.dot, in_dims=(0, None))(x, y)
        tensor([1., 5., 9.])
    """
    _check_randomness(randomness)
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func, updated=())
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return vmap_impl(func, in_dims, out_dims, randomness, chunk_size, args, kwargs)

    return wrapped


def _maybe_remove_batch_dim(name: str, batched_output: Any, vmap_level: int, batch_size: int, out_dim: Any) -> Any:
    """Not supported.

    Raises:
        NotImplementedError: always.
    """
    return _remove_batch_dim(batched_output, vmap_level, batch_size, out_dim)

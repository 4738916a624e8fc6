"""Making a batch of samples."""

from __future__ import annotations

import copy
import re
import sys
from collections import abc
from typing import Any, Callable

import torch

# Kinds of the NumPy dtypes of which no tensor can be made: text, bytes, objects.
_NO_TENSOR_KINDS = "SaUO"
np_str_obj_array_pattern = re.compile(f"[{_NO_TENSOR_KINDS}]")

_MESSAGE = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
default_collate_err_msg_format = _MESSAGE


def _numpy() -> Any:
    """Return NumPy where the program has imported it; no sample can be of NumPy otherwise."""
    return sys.modules.get("numpy")


def _is_numpy(value: Any, name: str) -> bool:
    numpy = _numpy()
    return numpy is not None and isinstance(value, getattr(numpy, name))


def _rebuilt(like: Any, values: Any) -> Any:
    """Return ``values`` as an object like ``like``, with its further attributes, where that can be made."""
    try:
        if isinstance(like, abc.MutableMapping):
            clone = copy.copy(like)
            clone.update(values)
            return clone
        if isinstance(like, abc.MutableSequence):
            clone = copy.copy(like)  # type: ignore[arg-type]
            for index, value in enumerate(values):
                clone[index] = value
            return clone
        return type(like)(values)
    except TypeError:
        # The class cannot be filled or made in this way.
        return values


def default_convert(data: Any) -> Any:
    """Return ``data`` with every NumPy array and number in it, at any depth, as a tensor.

    What is none of array, mapping or sequence stays as it is.
    """
    if isinstance(data, torch.Tensor):
        return data
    if type(data).__module__ == "numpy" and (_is_numpy(data, "ndarray") or _is_numpy(data, "generic")):
        if _is_numpy(data, "ndarray") and data.dtype.kind in _NO_TENSOR_KINDS:
            return data
        return torch.as_tensor(data)
    if isinstance(data, abc.Mapping):
        return _rebuilt(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(value) for value in data))
    if isinstance(data, tuple):
        return [default_convert(value) for value in data]
    if isinstance(data, abc.Sequence) and not isinstance(data, (str, bytes)):
        return _rebuilt(data, [default_convert(value) for value in data])
    return data


def collate(batch: Any, *, collate_fn_map: dict | None = None) -> Any:
    """Make a batch of samples, all of the kind of the first one.

    Args:
        batch: the samples.
        collate_fn_map: for a class or a tuple of classes the function that makes a batch of such elements, called as
            ``fn(batch, collate_fn_map=...)``. Mappings and sequences of elements are handled here.
    """
    first = batch[0]
    cls = type(first)
    if collate_fn_map is not None:
        if cls in collate_fn_map:
            return collate_fn_map[cls](batch, collate_fn_map=collate_fn_map)
        for kind, fn in collate_fn_map.items():
            if isinstance(first, kind):
                return fn(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, abc.Mapping):
        return _rebuilt(
            first, {key: collate([sample[key] for sample in batch], collate_fn_map=collate_fn_map) for key in first}
        )
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return cls(*(collate(column, collate_fn_map=collate_fn_map) for column in zip(*batch)))
    if isinstance(first, abc.Sequence):
        size = len(first)
        if any(len(sample) != size for sample in batch):
            sizes = ", ".join(str(len(sample)) for sample in batch[:8])
            raise RuntimeError(
                f"each element in list of batch should be of equal size, got sizes {sizes}: pad them in the dataset, "
                "or give the DataLoader a collate_fn"
            )
        columns = [collate(column, collate_fn_map=collate_fn_map) for column in zip(*batch)]
        return columns if isinstance(first, tuple) else _rebuilt(first, columns)
    raise TypeError(_MESSAGE.format(cls))


def collate_tensor_fn(batch: Any, *, collate_fn_map: dict | None = None) -> Any:
    """Stack tensors."""
    try:
        return torch.stack(batch, 0)
    except RuntimeError:
        first = batch[0].shape
        for number, tensor in enumerate(batch):
            if tensor.shape != first:
                raise RuntimeError(
                    f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and "
                    f"{list(tensor.shape)} at entry {number}: the samples of a batch have one shape. Resize or pad "
                    "them in the dataset, or give the DataLoader a collate_fn"
                ) from None
        raise


def collate_numpy_array_fn(batch: Any, *, collate_fn_map: dict | None = None) -> Any:
    """Stack NumPy arrays as tensors."""
    first = batch[0]
    if first.dtype.kind in _NO_TENSOR_KINDS:
        raise TypeError(_MESSAGE.format(first.dtype))
    return collate([torch.as_tensor(array) for array in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch: Any, *, collate_fn_map: dict | None = None) -> Any:
    """Make a tensor of NumPy numbers."""
    return torch.as_tensor(_numpy().array(batch))


def collate_float_fn(batch: Any, *, collate_fn_map: dict | None = None) -> Any:
    """Make a float64 tensor of numbers."""
    return torch.tensor(batch, dtype=torch.float64)


def collate_int_fn(batch: Any, *, collate_fn_map: dict | None = None) -> Any:
    """Make a tensor of integers or booleans."""
    return torch.tensor(batch)


def collate_str_fn(batch: Any, *, collate_fn_map: dict | None = None) -> Any:
    """Leave text as it is."""
    return batch


# To be extended by users with classes of their own.
default_collate_fn_map: dict[Any, Callable] = {
    torch.Tensor: collate_tensor_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


def _with_numpy() -> dict[Any, Callable]:
    """Return the map, with NumPy's classes as soon as NumPy is there."""
    numpy = _numpy()
    if numpy is not None and numpy.ndarray not in default_collate_fn_map:
        users = dict(default_collate_fn_map)
        default_collate_fn_map.clear()
        # Before float, of which numpy.float64 is a subclass.
        default_collate_fn_map[torch.Tensor] = users.pop(torch.Tensor, collate_tensor_fn)
        default_collate_fn_map[numpy.ndarray] = collate_numpy_array_fn
        default_collate_fn_map[(numpy.bool_, numpy.number, numpy.object_)] = collate_numpy_scalar_fn
        default_collate_fn_map.update(users)
    return default_collate_fn_map


def default_collate(batch: Any) -> Any:
    """Make a batch of samples: a new first dimension, at every place of their structure.

    Tensors and arrays are stacked; numbers become tensors (float64 for float); text stays a list; mappings and
    sequences are taken apart and put together again, tuples as lists.

    Examples::

        >>> default_collate([(torch.zeros(2), 1), (torch.ones(2), 0)])
        [tensor([[0., 0.],
                [1., 1.]]), tensor([1, 0])]
    """
    return collate(batch, collate_fn_map=_with_numpy())

"""A mode that masks of attention are written with."""

from __future__ import annotations


class TransformGetItemToIndex:
    """Context manager: inside, ``x[i]`` with a tensor of no dimensions as ``i`` is an operator, for :func:`torch.vmap`.

    Here it always is one: indexing never reads the index as a number.
    """

    def __enter__(self) -> TransformGetItemToIndex:
        return self

    def __exit__(self, *exc: object) -> None: ...

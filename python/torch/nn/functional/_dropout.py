"""Dropout of elements and of whole channels."""

from __future__ import annotations

import warnings

import torch


def _check(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropout(input: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> torch.Tensor:
    """Set elements to zero with probability ``p`` and divide the others by ``1 - p``. See :class:`~torch.nn.Dropout`.

    Args:
        input: the tensor.
        p: probability of a zero. Default: 0.5
        training: if ``False``, return the input. Default: ``True``
        inplace: change the input. Default: ``False``

    Example:

        >>> _ = torch.manual_seed(0)
        >>> torch.nn.functional.dropout(torch.ones(6))
        tensor([0., 0., 2., 0., 0., 0.])
        >>> torch.nn.functional.dropout(torch.ones(6), training=False)
        tensor([1., 1., 1., 1., 1., 1.])
    """
    _check(p)
    return (torch.dropout_ if inplace else torch.dropout)(input, p, training)


def alpha_dropout(input: torch.Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> torch.Tensor:
    """Drop elements in a way that keeps mean and variance of self-normalizing networks.

    See :class:`~torch.nn.AlphaDropout`.

    Example:

        >>> torch.nn.functional.alpha_dropout(torch.ones(3))
        tensor([1., 1., 1.])
    """
    _check(p)
    return (torch.alpha_dropout_ if inplace else torch.alpha_dropout)(input, p, training)


def feature_alpha_dropout(
    input: torch.Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> torch.Tensor:
    """Drop whole channels as :func:`alpha_dropout` drops elements. See :class:`~torch.nn.FeatureAlphaDropout`.

    Example:

        >>> torch.nn.functional.feature_alpha_dropout(torch.ones(1, 2, 2)).shape
        torch.Size([1, 2, 2])
    """
    _check(p)
    return (torch.feature_alpha_dropout_ if inplace else torch.feature_alpha_dropout)(input, p, training)


def _channels(input: torch.Tensor, p: float, training: bool, inplace: bool) -> torch.Tensor:
    return (torch.feature_dropout_ if inplace else torch.feature_dropout)(input, p, training)


def _channels_maybe_unbatched(input: torch.Tensor, p: float, training: bool, inplace: bool, dims: int) -> torch.Tensor:
    if input.dim() == dims:
        return _channels(input, p, training, inplace)
    result = _channels(input.unsqueeze_(0) if inplace else input.unsqueeze(0), p, training, inplace)
    return result.squeeze_(0) if inplace else result.squeeze(0)


def dropout1d(input: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> torch.Tensor:
    """Drop whole channels of lines. See :class:`~torch.nn.Dropout1d`; the arguments are those of :func:`dropout`.

    Example:

        >>> _ = torch.manual_seed(0)
        >>> torch.nn.functional.dropout1d(torch.ones(1, 4, 2))
        tensor([[[0., 0.],
                 [0., 0.],
                 [2., 2.],
                 [0., 0.]]])
    """
    _check(p)
    if input.dim() not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.dim()}D input. Note that dropout1d exists to "
            "provide channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional "
            "batch dimension (i.e. 2D or 3D inputs)."
        )
    return _channels_maybe_unbatched(input, p, training, inplace, 3)


def dropout2d(input: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> torch.Tensor:
    """Drop whole channels of images. See :class:`~torch.nn.Dropout2d`; the arguments are those of :func:`dropout`.

    Example:

        >>> _ = torch.manual_seed(0)
        >>> torch.nn.functional.dropout2d(torch.ones(1, 4, 1, 2)).flatten(2)
        tensor([[[0., 0.],
                 [0., 0.],
                 [2., 2.],
                 [0., 0.]]])
    """
    _check(p)
    if input.dim() not in (3, 4):
        warnings.warn(
            f"dropout2d: Received a {input.dim()}-D input to dropout2d, which is deprecated and will result in an "
            "error in a future release. To retain the behavior and silence this warning, please use dropout instead. "
            "Note that dropout2d exists to provide channel-wise dropout on inputs with 2 spatial dimensions, a channel "
            "dimension, and an optional batch dimension (i.e. 3D or 4D inputs).",
            stacklevel=2,
        )
    if input.dim() == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired "
            "- input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a "
            "future release to interpret the input as one without a batch dimension, i.e. shape (C, H, W). To maintain "
            "the 1D channel-wise dropout behavior, please switch to using dropout1d instead.",
            stacklevel=2,
        )
    return _channels(input, p, training, inplace)


def dropout3d(input: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> torch.Tensor:
    """Drop whole channels of volumes. See :class:`~torch.nn.Dropout3d`; the arguments are those of :func:`dropout`.

    Example:

        >>> _ = torch.manual_seed(0)
        >>> torch.nn.functional.dropout3d(torch.ones(1, 4, 1, 1, 2)).flatten(2)
        tensor([[[0., 0.],
                 [0., 0.],
                 [2., 2.],
                 [0., 0.]]])
    """
    _check(p)
    if input.dim() not in (4, 5):
        warnings.warn(
            f"dropout3d: Received a {input.dim()}-D input to dropout3d, which is deprecated and will result in an "
            "error in a future release. To retain the behavior and silence this warning, please use dropout instead. "
            "Note that dropout3d exists to provide channel-wise dropout on inputs with 3 spatial dimensions, a channel "
            "dimension, and an optional batch dimension (i.e. 4D or 5D inputs).",
            stacklevel=2,
        )
        return _channels(input, p, training, inplace)
    return _channels_maybe_unbatched(input, p, training, inplace, 5)

"""``torch.set_vital``, which loaders of other packages call."""

from __future__ import annotations

import warnings


def set_vital(vital: str, attr: str, value: str) -> None:
    """Deprecated: does nothing but to warn.

    Example:

        >>> import warnings
        >>> warnings.simplefilter("ignore")
        >>> torch.set_vital("Dataloader", "enabled", "True")
    """
    warnings.warn("'set_vital' is deprecated, please do not call", UserWarning, stacklevel=2)

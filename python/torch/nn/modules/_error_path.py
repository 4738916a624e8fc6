"""Names the module in the text of an error that leaves it: ``Model.layers.3.q_proj: Linear(10 -> 5) got ...``.

Nothing is kept while modules run. An error passes :meth:`Module.__call__` of each module that it leaves, innermost
first: the first one puts its own description before the text, and its arguments below it if no operator has put its own
there; every further one finds by which name it holds the one before, and the path grows from the end.
"""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, Optional

import torch

_TORCH = os.path.dirname(torch.__file__) + os.sep
_LONGEST = 100  # letters of a description


def name_module(error: Exception, module: Any, args: tuple, kwargs: dict) -> None:
    """Put ``module`` into the text of ``error``, which is about to leave it.

    Class, traceback and everything else of the error stay. Texts that are not ours stay as well: what a program's own
    ``raise`` says, it may compare letter by letter.
    """
    if type(error).__str__ is not BaseException.__str__ or isinstance(error, AttributeError):
        return  # the text is not the argument; or a program asks whether something is there
    if len(error.args) != 1 or type(error.args[0]) is not str:
        return
    text: str = error.args[0]
    name = type(module).__name__
    # What the module before left: its identity, its path from the module that named it, what follows the path.
    left: Optional[tuple[int, str, str, str]] = error.__dict__.get("_left_module")
    if left is None:
        if not _is_ours(error):
            return
        path, body = "", f"{_brief(module, args, kwargs)}: {text}"
        if "\n  in " not in text:
            body += f"\n  in {name}.forward({_shown(args, kwargs)})"
    elif left[3] != text or left[0] == id(module):
        return  # somebody else has changed the text; or the module calls itself
    else:
        path, body = _name_within(module, left[0]) + (f".{left[1]}" if left[1] else ""), left[2]
    text = f"{name}.{path}: {body}" if path else body
    error.args = (text,)
    error._left_module = (id(module), path, body, text)  # type: ignore[attr-defined]


def _is_ours(error: Exception) -> bool:
    """Whether the text was written here: by the core, which marks its errors, or by Python code of this package."""
    if "_from_torch" in error.__dict__:
        return True
    last: Optional[TracebackType] = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is not None and last.tb_frame.f_code.co_filename.startswith(_TORCH)


def _name_within(module: Any, wanted: int) -> str:
    """The dotted name by which ``module`` holds the module with the identity ``wanted``."""
    for name, child in module._modules.items():
        if id(child) == wanted:
            return name
    for name, inner in torch.nn.Module.named_modules(module):
        if id(inner) == wanted:
            return name
    return "(unregistered)"


def _brief(module: Any, args: tuple, kwargs: dict) -> str:
    try:
        return module._error_brief(*args, **kwargs)
    except Exception:  # a class of one's own, whose extra_repr may be half made
        return type(module).__name__


def _shown(args: tuple, kwargs: dict) -> str:
    try:
        return torch._C._shown_arguments(*args, **kwargs)
    except Exception:  # a name that is no text
        return "..."


def brief(module: Any) -> str:
    """The class, and for a module without children what is special about it: ``Conv2d(3, 8, kernel_size=(3, 3))``."""
    name = type(module).__name__
    extra = "" if module._modules else module.extra_repr()
    return f"{name}({extra})" if extra and len(extra) <= _LONGEST and "\n" not in extra else name

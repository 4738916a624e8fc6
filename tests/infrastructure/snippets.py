"""Expressions evaluated on both sides: their reprs, or the classes of what they raise."""

from __future__ import annotations

from typing import Any, Callable

_SHOW = """
import re, warnings
def show(expressions, scope):
    answers = []
    for text in expressions:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                answers.append(re.sub("0x[0-9a-f]+", "0x", repr(eval(text, scope))))
        except Exception as error:
            answers.append(type(error).__name__)
    return answers
"""


def agree(both: Callable[..., Any], setup: str, expressions: str) -> None:
    """Each line of ``expressions`` gives the same repr, or raises the same class, here and in the oracle."""
    lines = [line.strip() for line in expressions.strip().splitlines() if line.strip()]
    # Definitions run in a namespace of their own, as a module's do.
    code = f"{_SHOW}\nscope = {{'__name__': 'a_module'}}\nexec(compile({setup!r}, 'setup', 'exec', dont_inherit=True), scope)\nresult = show({lines!r}, scope)"
    both(code)

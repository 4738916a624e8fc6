"""Running passes in an order."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Optional

import torch
from torch.fx.graph_module import GraphModule
from torch.fx.passes.infra.pass_base import PassResult

__all__ = ["PassManager", "pass_result_wrapper", "this_before_that_pass_constraint"]


def pass_result_wrapper(fn: Callable[..., Any]) -> Optional[Callable[..., Any]]:
    """A pass from a function that changes a module in place."""
    if fn is None:
        return None

    @wraps(fn)
    def wrapped(gm: GraphModule) -> PassResult:
        result = fn(gm)
        if result is None:
            return PassResult(gm, True)
        return result if isinstance(result, PassResult) else PassResult(result, True)

    if not inspect.isfunction(fn):
        wrapped.__name__ = type(fn).__name__
    return wrapped


def this_before_that_pass_constraint(this: Any, that: Any) -> Callable[[Any, Any], bool]:
    """The constraint that one pass stands before another."""
    return lambda a, b: not (a == that and b == this)


class PassManager:
    """Passes, run one after the other, until none changes anything or ``steps`` times.

    Args:
        passes: the passes.
        constraints: ``f(a, b)`` returns False where ``a`` must not stand before ``b``.
        steps: how often.
        run_checks_after_each_pass: call :meth:`check` after each.
        suppress_check_failures: go on where a check fails.
    """

    def __init__(
        self,
        passes: Optional[list[Callable[..., Any]]] = None,
        constraints: Optional[list[Callable[[Any, Any], bool]]] = None,
        steps: Optional[int] = None,
        run_checks_after_each_pass: bool = False,
        suppress_check_failures: bool = False,
    ) -> None:
        self.passes = list(passes or [])
        self.constraints = list(constraints or [])
        self.steps = steps or 1
        self.run_checks_after_each_pass = run_checks_after_each_pass
        self.suppress_check_failures = suppress_check_failures

    def add_pass(self, _pass: Callable[..., Any]) -> None:
        """Adds a pass at the end."""
        self.passes.append(_pass)

    def add_constraint(self, constraint: Callable[[Any, Any], bool]) -> None:
        """Adds a constraint."""
        self.constraints.append(constraint)

    def validate_constraints(self) -> None:
        """Checks that the order keeps the constraints.

        Raises:
            RuntimeError: it does not.
        """
        for constraint in self.constraints:
            for i, first in enumerate(self.passes):
                for second in self.passes[i + 1 :]:
                    if not constraint(first, second):
                        raise RuntimeError(f"pass schedule constraint violated. Expected {first} before {second}")

    def check(self, module: torch.nn.Module) -> None:
        """Checks a module after a pass. Does nothing unless overridden."""

    def __call__(self, module: torch.nn.Module) -> PassResult:
        self.validate_constraints()
        self.check(module)
        changed_at_all = False
        for _ in range(self.steps):
            changed = False
            for run in self.passes:
                result = run(module)
                if not isinstance(result, PassResult):
                    name = getattr(run, "__name__", type(run).__name__)
                    raise TypeError(f"The result of the pass {name} should be type PassResult.")
                module = result.graph_module
                changed = changed or result.modified
                if isinstance(module, GraphModule):
                    module.recompile()
                if self.run_checks_after_each_pass:
                    self.check(module)
            changed_at_all = changed_at_all or changed
            if not changed:
                break
        return PassResult(module, changed_at_all)

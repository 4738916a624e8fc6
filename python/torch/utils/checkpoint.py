"""Trading time for memory: intermediate results are not kept for backward but computed again when it needs them.

Two ways, chosen by ``use_reentrant``: the whole function runs again inside backward and a nested backward goes
through it (True), or each saved tensor becomes a placeholder, and the first one opened runs the function again to fill
all of them (False).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Optional

import torch
from torch.autograd.graph import saved_tensors_hooks

__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "checkpoint",
    "checkpoint_sequential",
    "detach_variable",
    "noop_context_fn",
    "set_checkpoint_early_stop",
]


class CheckpointError(RuntimeError):
    """The second run of a function did not save what the first one saved."""


class _EnoughComputed(Exception):
    """Leaves the second run when the last tensor that backward needs is there."""


_early_stop_override: Optional[bool] = None


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool) -> Any:
    """Context manager: whether second runs of checkpoints made inside end with the last saved tensor.

    Stands above the ``early_stop`` argument of :func:`checkpoint`.
    """
    global _early_stop_override
    previous, _early_stop_override = _early_stop_override, enable
    try:
        yield
    finally:
        _early_stop_override = previous


def noop_context_fn() -> tuple[Any, Any]:
    """The default ``context_fn``: two contexts that do nothing."""
    return contextlib.nullcontext(), contextlib.nullcontext()


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The inputs with tensors replaced by leaves over the same data and with the same ``requires_grad``."""
    if not isinstance(inputs, tuple):
        raise RuntimeError(f"detach_variable: expected a tuple of inputs, got {type(inputs).__name__}")
    return tuple(x.detach().requires_grad_(x.requires_grad) if isinstance(x, torch.Tensor) else x for x in inputs)


@contextlib.contextmanager
def _rng_state(state: Optional[torch.Tensor]) -> Any:
    """Runs a block from the given state of the generator and puts the present one back; None leaves it alone."""
    if state is None:
        yield
        return
    with torch.random.fork_rng():
        torch.set_rng_state(state)
        yield


class CheckpointFunction(torch.autograd.Function):
    """``checkpoint(use_reentrant=True)``: runs without a graph, and once more with one inside backward."""

    @staticmethod
    def forward(
        ctx: Any, run_function: Callable[..., Any], preserve_rng_state: bool, probe: Optional[torch.Tensor], *args: Any
    ) -> Any:
        ctx.run_function = run_function
        # a leaf nobody asks for: it is reached by backward over all leaves, and by no other
        ctx.probe = probe
        ctx.rng_state = torch.get_rng_state() if preserve_rng_state else None
        ctx.places = [i for i, x in enumerate(args) if isinstance(x, torch.Tensor)]
        ctx.others = [None if isinstance(x, torch.Tensor) else x for x in args]
        ctx.save_for_backward(*(args[i] for i in ctx.places))
        with torch.no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        if not torch._C._autograd.will_run(torch._C._autograd.gradient_edge(ctx.probe)[0]):
            raise RuntimeError(
                "torch.utils.checkpoint: use_reentrant=True works with backward() over all leaves only, not with "
                "torch.autograd.grad() or backward(inputs=...); use_reentrant=False works with both"
            )
        args = list(ctx.others)
        for i, x in zip(ctx.places, ctx.saved_tensors):
            args[i] = x
        leaves = detach_variable(tuple(args))
        with torch.enable_grad(), _rng_state(ctx.rng_state):
            outputs = ctx.run_function(*leaves)
        if isinstance(outputs, torch.Tensor):
            outputs = (outputs,)
        pairs = [
            (out, grad) for out, grad in zip(outputs, grads) if isinstance(out, torch.Tensor) and out.requires_grad
        ]
        if not pairs:
            raise RuntimeError("checkpoint: none of the outputs requires grad, this checkpoint() is not necessary")
        torch.autograd.backward([out for out, _ in pairs], [grad for _, grad in pairs])
        return (None, None, None, *(x.grad if isinstance(x, torch.Tensor) else None for x in leaves))


class _Slot:
    """Placeholder of one saved tensor, known by its position among all that the first run saved."""

    __slots__ = ("metadata", "position", "value")

    def __init__(self, position: int, metadata: tuple[Any, ...]) -> None:
        self.position, self.metadata = position, metadata
        self.value: Optional[torch.Tensor] = None


def _metadata(x: torch.Tensor) -> tuple[Any, ...]:
    return x.shape, x.dtype, x.device


def _no_metadata(x: torch.Tensor) -> tuple[Any, ...]:
    return ()


class _Recomputation:
    """What the saved tensors of one checkpoint share: the slots of the first run and the way to fill them."""

    def __init__(
        self, run_again: Callable[[], Any], describe: Callable[..., tuple[Any, ...]], early_stop: bool
    ) -> None:
        self.run_again, self.describe, self.early_stop = run_again, describe, early_stop
        self.slots: list[_Slot] = []

    def hooks(self) -> saved_tensors_hooks:
        return saved_tensors_hooks(self.pack, self.unpack)

    def pack(self, x: torch.Tensor) -> _Slot:
        slot = _Slot(len(self.slots), self.describe(x))
        self.slots.append(slot)
        return slot

    def unpack(self, slot: _Slot) -> torch.Tensor:
        if slot.value is None:
            self.fill()
        value = slot.value
        if value is None:
            raise CheckpointError(
                f"torch.utils.checkpoint: the tensor saved at position {slot.position} was not saved by the second run"
            )
        slot.value = None  # opened again (retain_graph), it is computed again
        return value

    def fill(self) -> None:
        """Runs the function again, putting the tensors that it saves into the slots."""
        count = 0

        def pack_again(x: torch.Tensor) -> torch.Tensor:
            nonlocal count
            if count >= len(self.slots):
                count += 1
                return x.detach()
            self.slots[count].value = x.detach()
            count += 1
            if self.early_stop and count == len(self.slots):
                raise _EnoughComputed
            return x.detach()

        with contextlib.suppress(_EnoughComputed), torch.enable_grad():
            with saved_tensors_hooks(pack_again, lambda x: x):
                self.run_again()
        if count != len(self.slots):
            raise CheckpointError(
                "torch.utils.checkpoint: the second run saved a different number of tensors than the first: "
                f"{len(self.slots)} in forward, {count} in the recomputation"
            )
        wrong = [
            f"tensor at position {s.position}:\nsaved metadata: {s.metadata}\nrecomputed metadata: {now}"
            for s in self.slots
            if s.value is not None and (now := self.describe(s.value)) != s.metadata
        ]
        if wrong:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than "
                "during the forward pass.\n" + "\n".join(wrong)
            )


_DETERMINISM_CHECKS = {"default": _metadata, "none": _no_metadata}


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: Optional[bool] = None,
    context_fn: Callable[[], tuple[Any, Any]] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """Calls ``function(*args, **kwargs)`` without keeping its intermediate results; backward computes them again.

    Args:
        function: must compute the same when it is called a second time.
        use_reentrant: False (recommended) works with every kind of backward and with keyword arguments; True needs an
            argument that requires grad, takes no keyword arguments and works with ``backward()`` over all leaves only.
            None means True, with a warning.
        preserve_rng_state: keyword; whether the second run draws the same random numbers (default True).
        context_fn: returns two context managers, around the first and the second run; for ``use_reentrant=False``.
        determinism_check: "default" compares shapes, dtypes and devices of both runs' saved tensors, "none" nothing.
        debug: not supported.
        early_stop: whether the second run ends with the last tensor that was saved.

    Raises:
        CheckpointError: in backward, if the second run saves other tensors than the first.
        ValueError: an argument that goes with the other ``use_reentrant``, or an unknown ``determinism_check``.
    """
    if use_reentrant is None:
        import warnings

        warnings.warn(
            "torch.utils.checkpoint: pass use_reentrant explicitly; True is assumed, False is recommended", stacklevel=2
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        needed = any(isinstance(x, torch.Tensor) and x.requires_grad for x in args)
        if torch.is_grad_enabled() and not needed:
            import warnings

            warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)
        probe = torch.empty(0, requires_grad=True) if needed else None
        return CheckpointFunction.apply(function, preserve, probe, *args)
    if debug:
        raise NotImplementedError("checkpoint: debug=True is not supported")
    if determinism_check not in _DETERMINISM_CHECKS:
        raise ValueError(
            f"checkpoint: determinism_check must be one of {list(_DETERMINISM_CHECKS)}, got {determinism_check!r}"
        )
    first, second = context_fn()
    if not torch.is_grad_enabled():
        with first:
            return function(*args, **kwargs)
    state = torch.get_rng_state() if preserve else None

    def run_again() -> None:
        with _rng_state(state), second:
            function(*args, **kwargs)

    stop = early_stop if _early_stop_override is None else _early_stop_override
    shared = _Recomputation(run_again, _DETERMINISM_CHECKS[determinism_check], stop)
    with shared.hooks(), first:
        return function(*args, **kwargs)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: Optional[bool] = None, **kwargs: Any
) -> Any:
    """Runs modules one after the other in ``segments`` parts of which all but the last are checkpointed.

    Args:
        functions: a :class:`torch.nn.Sequential`, or a sequence of functions.
        segments: number of parts.
        input: argument of the first function.
        use_reentrant: see :func:`checkpoint`.
        preserve_rng_state: keyword; see :func:`checkpoint`.
    """
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    if use_reentrant is None:
        import warnings

        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: pass use_reentrant explicitly; True is assumed, False is "
            "recommended",
            stacklevel=2,
        )
        use_reentrant = True
    steps: Sequence[Any] = list(functions.children()) if isinstance(functions, torch.nn.Sequential) else list(functions)

    def part(begin: int, end: int) -> Callable[[Any], Any]:
        def run(x: Any) -> Any:
            for step in steps[begin:end]:
                x = step(x)
            return x

        return run

    size, begin = len(steps) // segments, 0
    for _ in range(segments - 1):
        input = checkpoint(part(begin, begin + size), input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
        begin += size
    return part(begin, len(steps))(input)

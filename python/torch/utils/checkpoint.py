"""Trading time for memory: intermediate results are not kept for backward but computed again when it needs them.

Two ways, chosen by ``use_reentrant``: the whole function runs again inside backward and a nested backward goes
through it (True), or each saved tensor becomes a placeholder, and the first one opened runs the function again to fill
all of them (False).
"""

from __future__ import annotations

import contextlib
import enum
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Optional

import torch
from torch.autograd.graph import saved_tensors_hooks

__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "CheckpointPolicy",
    "DefaultDeviceType",
    "SAC_IGNORED_OPS",
    "SelectiveCheckpointContext",
    "check_backward_validity",
    "checkpoint",
    "checkpoint_sequential",
    "create_selective_checkpoint_contexts",
    "detach_variable",
    "get_device_states",
    "noop_context_fn",
    "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
    "set_device_states",
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


_debug_override: Optional[bool] = None


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled: Optional[bool]) -> Any:
    """Context manager: whether checkpoints made inside tell the operators of both runs where these differ.

    Stands above the ``debug`` argument of :func:`checkpoint`; ``None`` leaves it to that.
    """
    global _debug_override
    previous, _debug_override = _debug_override, enabled
    try:
        yield
    finally:
        _debug_override = previous


class DefaultDeviceType:
    """The kind of device whose random state is kept where the arguments name none."""

    _default_device_type = "cpu"

    @staticmethod
    def set_device_type(device: str = "cuda") -> None:
        """Sets the kind."""
        DefaultDeviceType._default_device_type = device

    @staticmethod
    def get_device_type() -> str:
        """The kind."""
        return DefaultDeviceType._default_device_type


def _other_devices(args: Iterable[Any]) -> list[torch.device]:
    devices: list[torch.device] = []
    for arg in args:
        if isinstance(arg, torch.Tensor) and arg.device.type not in ("cpu", "meta"):
            devices.append(arg.device)
        elif isinstance(arg, (list, tuple)):
            devices += _other_devices(arg)
        elif isinstance(arg, dict):
            devices += _other_devices(arg.values())
    return devices


def get_device_states(*args: Any) -> tuple[list[int], list[torch.Tensor]]:
    """Indices and random states of the accelerators that hold tensors among the arguments: none for the CPU."""
    devices = sorted({device.index for device in _other_devices(args)})
    if devices:
        raise NotImplementedError("get_device_states: there is no device but the CPU")
    return [], []


def set_device_states(devices: Sequence[int], states: Sequence[Any], *, device_type: Optional[str] = None) -> None:
    """Puts random states of accelerators back, as :func:`get_device_states` gave them."""
    if len(devices):
        raise NotImplementedError("set_device_states: there is no device but the CPU")


def check_backward_validity(inputs: Iterable[Any]) -> None:
    """Warns where no input requires grad, so that a reentrant checkpoint has nothing to do in backward."""
    if not any(isinstance(x, torch.Tensor) and x.requires_grad for x in inputs):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)


class CheckpointPolicy(enum.Enum):
    """What becomes of an operator's results: kept, or computed again."""

    MUST_SAVE = 0
    PREFER_SAVE = 1
    MUST_RECOMPUTE = 2
    PREFER_RECOMPUTE = 3
    MUST_CPU_OFFLOAD = 4
    PREFER_CPU_OFFLOAD = 5


class SelectiveCheckpointContext:
    """What a policy is told besides the operator: in which of the runs it is called."""

    def __init__(self, *, is_recompute: bool, op_output: Any = None) -> None:
        self.is_recompute = is_recompute
        self.op_output = op_output


SAC_IGNORED_OPS: set = set()


def create_selective_checkpoint_contexts(policy_fn_or_list: Any, allow_cache_entry_mutation: bool = False) -> Any:
    """Not supported: a checkpoint computes all of its operators again.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("create_selective_checkpoint_contexts: a checkpoint computes all operators again")


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


class _Autocast:
    """The autocast state of the first run, for the second."""

    def __init__(self) -> None:
        self.arguments = [
            (kind, torch.get_autocast_dtype(kind), torch.is_autocast_enabled(kind), torch.is_autocast_cache_enabled())
            for kind in ("cpu", "cuda")
            if torch.is_autocast_enabled(kind) or kind == "cpu"
        ]

    def __enter__(self) -> None:
        self.stack = contextlib.ExitStack()
        for arguments in self.arguments:
            self.stack.enter_context(torch.autocast(*arguments))

    def __exit__(self, *exception: Any) -> None:
        self.stack.close()


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
        ctx.autocast = _Autocast()
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
        with torch.enable_grad(), _rng_state(ctx.rng_state), ctx.autocast:
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
        self.logs: Optional[_Logs] = None

    def hooks(self) -> saved_tensors_hooks:
        return saved_tensors_hooks(self.pack, self.unpack)

    def pack(self, x: torch.Tensor) -> _Slot:
        slot = _Slot(len(self.slots), self.describe(x))
        self.slots.append(slot)
        return slot

    def unpack(self, slot: _Slot) -> torch.Tensor:
        if slot.value is None:
            try:
                self.fill()
            except CheckpointError as error:
                raise CheckpointError(f"{error}\n{self.logs or _HINT}") from None
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


_HINT = "checkpoint(..., debug=True) tells the operators of both runs."


class _Logs:
    """The operators of both runs, each a line."""

    def __init__(self) -> None:
        from torch.utils._python_dispatch import TorchDispatchMode

        class Log(TorchDispatchMode):
            def __init__(self) -> None:
                super().__init__()
                self.lines: list[str] = []

            def __enter__(self) -> Any:
                self.lines.clear()
                return super().__enter__()

            def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                out = func(*args, **(kwargs or {}))
                shown = [f"{x.dtype}{list(x.shape)}" if isinstance(x, torch.Tensor) else repr(x) for x in args]
                self.lines.append(f"{func}({', '.join(shown)})")
                return out

        self.first, self.second = Log(), Log()

    def __str__(self) -> str:
        runs = (("forward", self.first.lines), ("recomputation", self.second.lines))
        return "\n".join(f"operators of the {name}:\n" + "\n".join(f"  {line}" for line in log) for name, log in runs)


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
        debug: whether errors about runs that differ tell the operators of both.
        early_stop: whether the second run ends with the last tensor that was saved.

    Raises:
        CheckpointError: in backward, if the second run saves other tensors than the first.
        ValueError: an argument that goes with the other ``use_reentrant``, or an unknown ``determinism_check``.
    """
    if use_reentrant is None:
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
        if torch.is_grad_enabled():
            check_backward_validity(args)
        probe = torch.empty(0, requires_grad=True) if needed else None
        return CheckpointFunction.apply(function, preserve, probe, *args)
    if determinism_check not in _DETERMINISM_CHECKS:
        raise ValueError(
            f"checkpoint: determinism_check must be one of {list(_DETERMINISM_CHECKS)}, got {determinism_check!r}"
        )
    first, second = context_fn()
    logs: Optional[_Logs] = None
    if debug if _debug_override is None else _debug_override:
        if context_fn is not noop_context_fn:
            raise ValueError("debug=True is incompatible with non-default context_fn")
        logs = _Logs()
        first, second = logs.first, logs.second
    if not torch.is_grad_enabled():
        with first:
            return function(*args, **kwargs)
    state, autocast = torch.get_rng_state() if preserve else None, _Autocast()

    def run_again() -> None:
        with _rng_state(state), autocast, second:
            function(*args, **kwargs)

    stop = early_stop if _early_stop_override is None else _early_stop_override
    shared = _Recomputation(run_again, _DETERMINISM_CHECKS[determinism_check], stop)
    shared.logs = logs
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

"""Recording what a thread does: ``torch.profiler`` has the interface with schedules and handlers."""

from __future__ import annotations

import contextlib
import functools
import sys
import warnings
from typing import Any, Callable, ClassVar, Optional

import torch
from torch import _C
from torch.autograd.profiler_util import (
    MEMORY_EVENT_NAME as MEMORY_EVENT_NAME,
    DeviceType as DeviceType,
    EventList as EventList,
    FunctionEvent as FunctionEvent,
    FunctionEventAvg as FunctionEventAvg,
    _events_of,
)

__all__ = [
    "EnforceUnique",
    "KinetoStepTracker",
    "emit_itt",
    "emit_nvtx",
    "load_nvprof",
    "parse_nvprof_trace",
    "profile",
    "record_function",
]


def kineto_available() -> bool:
    """Whether ``torch.profiler`` works. It needs no library of its own here."""
    return True


class _ModuleBlocks:
    """Opens a block for each call of a module while a recording with modules is on."""

    def __init__(self) -> None:
        self.paths: dict[int, str] = {}  # of the modules of blocks, by the number of the block
        self._open: list[int] = []
        self._names: dict[int, str] = {}  # of modules inside the outermost one that runs
        self._numbers: dict[str, dict[int, int]] = {}
        self._handles: list[Any] = []

    def start(self) -> None:
        from torch.nn.modules import module as modules

        self._handles = [
            modules.register_module_forward_pre_hook(self._before),
            modules.register_module_forward_hook(self._after, always_call=True),
        ]

    def stop(self) -> None:
        for handle in self._handles:
            handle.remove()

    def _before(self, module: Any, args: Any) -> None:
        if not _C._profiler_enabled():
            return
        kind = type(module).__name__
        if not self._open:
            self._names = {id(inner): f"{kind}.{name}" if name else kind for name, inner in module.named_modules()}
        numbers = self._numbers.setdefault(kind, {})
        number = numbers.setdefault(id(module), len(numbers))
        block = _C._profiler_begin(f"nn.Module: {kind}_{number}")
        self.paths[block] = self._names.get(id(module), kind)
        self._open.append(block)

    def _after(self, module: Any, args: Any, output: Any) -> None:
        if self._open:
            _C._profiler_end(self._open.pop())


class _StepBlocks:
    """Opens a block for each step of an optimizer."""

    def __init__(self) -> None:
        self._open: list[int] = []
        self._handles: list[Any] = []

    def start(self) -> None:
        optimizers = sys.modules.get("torch.optim.optimizer")
        if optimizers is not None:
            self._handles = [
                optimizers.register_optimizer_step_pre_hook(self._before),
                optimizers.register_optimizer_step_post_hook(self._after),
            ]

    def stop(self) -> None:
        for handle in self._handles:
            handle.remove()

    def _before(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if _C._profiler_enabled():
            self._open.append(_C._profiler_begin(f"Optimizer.step#{type(optimizer).__name__}.step"))

    def _after(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if self._open:
            _C._profiler_end(self._open.pop())


class profile:
    """Context manager that records the operators, nodes of backward and blocks of this thread.

    Args:
        enabled: ``False`` makes it do nothing.
        use_cuda, use_device: without effect but for a warning: there is no accelerator.
        record_shapes: keep the shapes and dtypes of operands.
        with_flops: count multiplications and additions of products, from shapes.
        profile_memory: count bytes of tensor data; tensors of a few elements lie in their object and do not count.
        with_stack: keep the lines of the program that called.
        with_modules: record calls of modules as well, and tell events by them.
        use_kineto, use_cpu, experimental_config, acc_events, custom_trace_id_callback, post_processing_timeout_s,
            activity_filters: accepted for programs that name them; ``acc_events`` adds up over several uses.

    Example:

        >>> with torch.autograd.profiler.profile() as record:
        ...     total = torch.ones(3).sum()
        >>> sorted(event.key for event in record.key_averages())
        ['aten::ones', 'aten::sum']
    """

    def __init__(
        self,
        enabled: bool = True,
        *,
        use_cuda: bool = False,
        use_device: Optional[str] = None,
        record_shapes: bool = False,
        with_flops: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_modules: bool = False,
        use_kineto: bool = False,
        use_cpu: bool = True,
        experimental_config: Any = None,
        acc_events: bool = False,
        custom_trace_id_callback: Optional[Callable[[], str]] = None,
        post_processing_timeout_s: Optional[float] = None,
        activity_filters: Any = None,
    ) -> None:
        self.enabled = enabled
        self.entered = False
        self.use_cuda = use_cuda
        self.use_device = use_device
        if use_cuda or use_device not in (None, "cpu"):
            warnings.warn("There is no accelerator: only the CPU is profiled", stacklevel=2)
        if not use_cpu:
            raise ValueError("No activities specified for the profiler: use_cpu=False and no accelerator")
        if activity_filters:
            raise NotImplementedError("profile: activity_filters is not supported")
        self.record_shapes = record_shapes or with_flops
        self.with_flops = with_flops
        self.profile_memory = profile_memory
        self.with_stack = with_stack
        self.with_modules = with_modules
        self.acc_events = acc_events
        self.custom_trace_id_callback = custom_trace_id_callback
        self.trace_id = ""
        self.function_events: Optional[EventList] = None
        self.metadata: dict[str, Any] = {}
        self._modules: Optional[_ModuleBlocks] = None
        self._steps = _StepBlocks()

    def _start_trace(self) -> None:
        self.entered = True
        self.trace_id = self.create_trace_id()
        if self.with_modules or self.with_stack:
            self._modules = _ModuleBlocks()
            self._modules.start()
        self._steps.start()
        _C._profiler_start(self.record_shapes, self.profile_memory, self.with_stack)

    def _prepare_trace(self) -> None:
        pass

    def create_trace_id(self) -> str:
        """A name for the recording."""
        if self.custom_trace_id_callback:
            return self.custom_trace_id_callback()
        import uuid

        return uuid.uuid4().hex.upper()

    def __enter__(self) -> Any:
        if not self.enabled:
            return self
        if self.entered and not self.acc_events:
            raise RuntimeError("Profiler context manager is not reentrant")
        self._start_trace()
        return self

    def __exit__(self, *exception: object) -> None:
        if not self.enabled:
            return
        recording = _C._profiler_stop()
        self._steps.stop()
        paths: dict[int, str] = {}
        if self._modules is not None:
            self._modules.stop()
            paths, self._modules = self._modules.paths, None
        events = _events_of(
            recording,
            paths,
            profile_memory=self.profile_memory,
            with_flops=self.with_flops,
            with_modules=self.with_modules,
            metadata={
                "trace_id": self.trace_id,
                "record_shapes": int(self.record_shapes),
                "profile_memory": int(self.profile_memory),
                "with_stack": int(self.with_stack),
                "with_flops": int(self.with_flops),
                **self.metadata,
            },
        )
        if self.acc_events and self.function_events is not None:
            self.function_events.extend(events)
        else:
            self.function_events = events

    def _events(self) -> EventList:
        if self.function_events is None:
            raise RuntimeError("Profiler didn't finish running")
        return self.function_events

    def _ensure_function_events(self) -> None:
        self._events()

    def __repr__(self) -> str:
        return repr(self._events()) if self.function_events is not None else "<unfinished torch.autograd.profile>"

    def __str__(self) -> str:
        return str(self._events()) if self.function_events is not None else "<unfinished torch.autograd.profile>"

    def table(self, *args: Any, **kwargs: Any) -> str:
        """See :meth:`torch.autograd.profiler_util.EventList.table`."""
        return self._events().table(*args, **kwargs)

    def export_chrome_trace(self, path: str) -> None:
        """See :meth:`torch.autograd.profiler_util.EventList.export_chrome_trace`."""
        self._events().export_chrome_trace(path)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """See :meth:`torch.autograd.profiler_util.EventList.export_stacks`."""
        if not self.with_stack:
            raise AssertionError("export_stacks() requires with_stack=True")
        self._events().export_stacks(path, metric)

    def key_averages(
        self,
        group_by_input_shape: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
        group_by_module: bool = False,
    ) -> EventList:
        """See :meth:`torch.autograd.profiler_util.EventList.key_averages`."""
        return self._events().key_averages(
            group_by_input_shape, group_by_stack_n, group_by_overload_name, group_by_module
        )

    def total_average(self) -> FunctionEventAvg:
        """The sum of all events."""
        return self._events().total_average()

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all events, each counted once, in microseconds."""
        return self._events().self_cpu_time_total

    def toggle_collection_dynamic(self, enabled: bool, activities: Any) -> None:
        """Not supported: use a schedule.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("toggle_collection_dynamic is not supported; use a schedule")


class record_function:
    """Context manager and decorator that names a block of the program in recordings.

    Args:
        name: the name.
        args: a text kept with it: shown behind the name.

    Example:

        >>> with torch.profiler.profile() as record, torch.profiler.record_function("mine"):
        ...     total = torch.ones(3).sum()
        >>> "mine" in [event.key for event in record.key_averages()]
        True
    """

    def __init__(self, name: str, args: Optional[str] = None) -> None:
        self.name = name
        self.args = args
        self._block = -1

    def __enter__(self) -> Any:
        if _C._profiler_enabled():
            self._block = _C._profiler_begin(self.name)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._block >= 0:
            _C._profiler_end(self._block)
            self._block = -1

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name, self.args):
                return function(*args, **kwargs)

        return run

    def _call_end_callbacks_on_future(self, fut: Any) -> Any:
        """Ends the block when a future is done rather than with the ``with`` statement."""
        block, self._block = self._block, -1
        if block < 0:
            return fut

        def done(future: Any) -> Any:
            _C._profiler_end(block)
            return future.value()

        return fut.then(done)


def _unsupported(name: str, what: str) -> type:
    def init(self: Any, enabled: bool = True, record_shapes: bool = False) -> None:
        if enabled:
            raise NotImplementedError(f"{name}: there is no {what} here; use torch.profiler.profile")

    return type(
        name,
        (contextlib.nullcontext,),
        {
            "__init__": init,
            "__enter__": lambda self: self,
            "__exit__": lambda self, *exception: None,
            "__doc__": f"Ranges for {what}, which is not here: ``NotImplementedError`` unless ``enabled`` is False.",
            "__module__": __name__,
        },
    )


emit_nvtx = _unsupported("emit_nvtx", "CUDA profiler")
emit_itt = _unsupported("emit_itt", "VTune")


def load_nvprof(path: str) -> Any:
    """Not supported: there is no CUDA here.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("load_nvprof: there is no CUDA profiler here")


def parse_nvprof_trace(path: str) -> Any:
    """Not supported: there is no CUDA here.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("parse_nvprof_trace: there is no CUDA profiler here")


class EnforceUnique:
    """Raises where a key is seen twice."""

    def __init__(self) -> None:
        self.seen: set = set()

    def see(self, *key: Any) -> None:
        """Takes note of a key."""
        if key in self.seen:
            raise RuntimeError("duplicate key: " + str(key))
        self.seen.add(key)


class KinetoStepTracker:
    """Steps of a program, counted by those who ask."""

    _current_step = 0
    _step_dict: ClassVar[dict[str, int]] = {}

    @classmethod
    def init_step_count(cls, requester: str) -> None:
        """Starts to count for somebody."""
        cls._step_dict[requester] = cls._current_step

    @classmethod
    def erase_step_count(cls, requester: str) -> bool:
        """Forgets somebody; whether there was something to forget."""
        return cls._step_dict.pop(requester, None) is not None

    @classmethod
    def increment_step(cls, requester: str) -> int:
        """Counts a step of somebody; the number of the furthest."""
        cls._step_dict[requester] = cls._step_dict.get(requester, cls._current_step) + 1
        cls._current_step = max(cls._step_dict.values())
        return cls._current_step

    @classmethod
    def current_step(cls) -> int:
        """The number of the furthest step."""
        return cls._current_step


def _is_profiler_enabled() -> bool:
    return torch._C._profiler_enabled()

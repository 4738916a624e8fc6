"""``torch.profiler.profile``: recordings by a schedule, with a handler for each."""

from __future__ import annotations

import enum
import json
import os
import socket
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any, Optional

from torch.autograd import profiler as prof
from torch.autograd.profiler_util import EventList

__all__ = [
    "ExecutionTraceObserver",
    "ProfilerAction",
    "ProfilerActivity",
    "profile",
    "schedule",
    "supported_activities",
    "tensorboard_trace_handler",
]


class ProfilerActivity(enum.Enum):
    """What is recorded: the CPU; the others are names of devices that are not there."""

    CPU = 0
    XPU = 1
    CUDA = 2
    HPU = 3
    MTIA = 4
    PrivateUse1 = 5


class ProfilerAction(enum.Enum):
    """What a schedule says about a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3
    DEVICE_STOPPED = 4


def supported_activities() -> set[ProfilerActivity]:
    """What can be recorded: the CPU."""
    return {ProfilerActivity.CPU}


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0, skip_first_wait: int = 0
) -> Callable[[int], ProfilerAction]:
    """A schedule: after ``skip_first`` steps, ``wait`` steps off, ``warmup`` steps on and thrown away, ``active`` kept.

    Args:
        wait, warmup, active: lengths of the parts of a cycle, in steps.
        repeat: cycles; 0: as many as there are steps.
        skip_first: steps before the first cycle.
        skip_first_wait: whether the first cycle leaves out its ``wait``.
    """
    if wait < 0 or warmup < 0 or active <= 0 or repeat < 0 or skip_first < 0:
        raise AssertionError(
            f"Invalid profiler schedule arguments. Got wait={wait} (need >= 0), warmup={warmup} (need >= 0), "
            f"active={active} (need > 0), repeat={repeat} (need >= 0), skip_first={skip_first} (need >= 0)."
        )
    if warmup == 0:
        warnings.warn("Profiler won't be using warmup, this can skew profiler results", stacklevel=2)
    cycle = wait + warmup + active

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise AssertionError(f"Step must be non-negative. Got {step}.")
        step -= skip_first
        if step < 0:
            return ProfilerAction.NONE
        if skip_first_wait:
            step += wait
        if repeat and step // cycle >= repeat:
            return ProfilerAction.NONE
        at = step % cycle
        if at < wait:
            return ProfilerAction.NONE
        if at < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD if at < cycle - 1 else ProfilerAction.RECORD_AND_SAVE

    return action


def _always(step: int) -> ProfilerAction:
    return ProfilerAction.RECORD


def tensorboard_trace_handler(
    dir_name: str, worker_name: Optional[str] = None, use_gzip: bool = False, use_python_export: bool = False
) -> Callable[[Any], None]:
    """A handler that writes each recording as a trace to a folder where TensorBoard's plugin looks for it."""

    def write(recorded: Any) -> None:
        os.makedirs(dir_name, exist_ok=True)
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        name = f"{worker}.{time.time_ns()}.pt.trace.json" + (".gz" if use_gzip else "")
        recorded.export_chrome_trace(os.path.join(dir_name, name))

    return write


class ExecutionTraceObserver:
    """Traces of operators with their values: not supported."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("ExecutionTraceObserver is not supported; profile() writes chrome traces")


class _KinetoProfile:
    """One recording with what is asked for."""

    def __init__(
        self,
        *,
        activities: Optional[Iterable[Any]] = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        experimental_config: Any = None,
        execution_trace_observer: Any = None,
        acc_events: bool = False,
        custom_trace_id_callback: Optional[Callable[[], str]] = None,
        post_processing_timeout_s: Optional[float] = None,
    ) -> None:
        wanted: set[Any] = set(supported_activities() if activities is None else activities)
        if not wanted:
            raise AssertionError("No valid profiler activities found")
        if ProfilerActivity.CPU not in wanted:
            raise ValueError(f"profile: of the activities {wanted} none can be recorded; there is ProfilerActivity.CPU")
        for activity in wanted - supported_activities():
            warnings.warn(f"{getattr(activity, 'name', activity)} is not available, disabling its profiling",
                          stacklevel=3)  # fmt: skip
        self.activities = wanted
        self.record_shapes = record_shapes
        self.profile_memory = profile_memory
        self.with_stack = with_stack
        self.with_flops = with_flops
        self.with_modules = with_modules
        self.experimental_config = experimental_config
        self.execution_trace_observer = execution_trace_observer
        self.acc_events = acc_events
        self.custom_trace_id_callback = custom_trace_id_callback
        self.profiler: Optional[prof.profile] = None
        self._metadata: dict[str, Any] = {}

    def start(self) -> None:
        """Begins the recording."""
        self.prepare_trace()
        self.start_trace()

    def stop(self) -> None:
        """Ends the recording."""
        self.stop_trace()

    def prepare_trace(self) -> None:
        """Makes what :meth:`start_trace` starts."""
        self.profiler = prof.profile(
            record_shapes=self.record_shapes,
            with_flops=self.with_flops,
            profile_memory=self.profile_memory,
            with_stack=self.with_stack,
            with_modules=self.with_modules,
            custom_trace_id_callback=self.custom_trace_id_callback,
        )

    def start_trace(self) -> None:
        """Begins to record."""
        self._made().__enter__()

    def stop_trace(self) -> None:
        """Ends the recording; events are there from now on."""
        made = self._made()
        made.metadata.update(self._metadata)
        made.__exit__(None, None, None)

    def _made(self) -> prof.profile:
        if self.profiler is None:
            raise AssertionError("Profiler must be initialized before it is used: call start() or enter it")
        return self.profiler

    def export_chrome_trace(self, path: str) -> None:
        """Writes the recording for chrome://tracing and Perfetto, compressed if ``path`` ends in ".gz"."""
        self._made().export_chrome_trace(path)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Writes stacks with their weights, for flame graphs. Needs ``with_stack=True``."""
        self._made().export_stacks(path, metric)

    def export_memory_timeline(self, path: str, device: Optional[str] = None) -> None:
        """Not supported.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("export_memory_timeline is not supported; profile_memory=True counts by operator")

    def key_averages(
        self,
        group_by_input_shape: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
        group_by_module: bool = False,
    ) -> EventList:
        """Sums of events by name; see :meth:`torch.autograd.profiler_util.EventList.key_averages`."""
        return self._made().key_averages(
            group_by_input_shape, group_by_stack_n, group_by_overload_name, group_by_module
        )

    def events(self) -> EventList:
        """All events of the recording, in the order of their starts."""
        return self._made()._events()

    def add_metadata(self, key: str, value: str) -> None:
        """Puts a text into the trace."""
        self._metadata[key] = value

    def add_metadata_json(self, key: str, value: str) -> None:
        """Puts a JSON value, given as text, into the trace."""
        self._metadata[key] = json.loads(value)

    preset_metadata_json = add_metadata_json

    def set_custom_trace_id_callback(self, callback: Callable[[], str]) -> None:
        """Sets what names recordings from now on."""
        self.custom_trace_id_callback = callback

    def get_trace_id(self) -> Optional[str]:
        """The name of the recording."""
        return None if self.profiler is None else self.profiler.trace_id

    def toggle_collection_dynamic(self, enable: bool, activities: Iterable[ProfilerActivity]) -> None:
        """Not supported: use a schedule.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("toggle_collection_dynamic is not supported; use a schedule")


class profile(_KinetoProfile):
    """Context manager that records operators, backward, modules and named blocks of this thread.

    Args:
        activities: of :class:`ProfilerActivity`; there is the CPU. Others warn.
        schedule: from a step's number to a :class:`ProfilerAction`; steps end with :meth:`step`. Default: all is one
            recording. See :func:`schedule`.
        on_trace_ready: called with this object when a recording is done.
        record_shapes: keep the shapes and dtypes of operands.
        profile_memory: count bytes of tensor data.
        with_stack: keep the lines of the program that called.
        with_flops: count multiplications and additions of products.
        with_modules: record calls of modules, and tell events by them: ``key_averages(group_by_module=True)``.
        experimental_config, post_processing_timeout_s: of no meaning here.
        execution_trace_observer: not supported.
        acc_events: keep the events of all cycles of a schedule.
        custom_trace_id_callback: gives the recording its name.

    Example:

        >>> x = torch.ones(3, requires_grad=True)
        >>> with torch.profiler.profile() as record:
        ...     (x * 2).sum().backward()
        >>> names = [event.key for event in record.key_averages()]
        >>> "aten::mul" in names, "MulBackward0" in names
        (True, True)
    """

    def __init__(
        self,
        *,
        activities: Optional[Iterable[Any]] = None,
        schedule: Optional[Callable[[int], ProfilerAction]] = None,
        on_trace_ready: Optional[Callable[..., Any]] = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        experimental_config: Any = None,
        execution_trace_observer: Any = None,
        acc_events: bool = False,
        use_cuda: Optional[bool] = None,
        custom_trace_id_callback: Optional[Callable[[], str]] = None,
        post_processing_timeout_s: Optional[float] = None,
    ) -> None:
        if use_cuda is not None:
            warnings.warn("`use_cuda` is deprecated, use `activities` argument instead", FutureWarning, stacklevel=2)
        super().__init__(
            activities=activities,
            record_shapes=record_shapes,
            profile_memory=profile_memory,
            with_stack=with_stack,
            with_flops=with_flops,
            with_modules=with_modules,
            experimental_config=experimental_config,
            execution_trace_observer=execution_trace_observer,
            acc_events=acc_events,
            custom_trace_id_callback=custom_trace_id_callback,
            post_processing_timeout_s=post_processing_timeout_s,
        )
        self.record_steps = schedule is not None
        self.schedule = schedule or _always
        self.on_trace_ready = on_trace_ready
        self.step_num = 0
        self.current_action = self.schedule(0)
        self.step_rec_fn: Optional[prof.record_function] = None
        self._recording = False
        self._kept: list[EventList] = []

    def __enter__(self) -> Any:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begins with the first step."""
        self._follow(ProfilerAction.NONE, self.current_action)
        self._open_step()

    def stop(self) -> None:
        """Ends the last step; a recording that is going on is done."""
        self._close_step()
        self._follow(self.current_action, None)

    def step(self) -> None:
        """Says that a step of the program is done and the next begins."""
        self._close_step()
        before = self.current_action
        self.step_num += 1
        self.current_action = self.schedule(self.step_num)
        self._follow(before, self.current_action)
        self._open_step()

    def _open_step(self) -> None:
        if self.record_steps and self._recording:
            self.step_rec_fn = prof.record_function(f"ProfilerStep#{self.step_num}")
            self.step_rec_fn.__enter__()

    def _close_step(self) -> None:
        if self.step_rec_fn is not None:
            self.step_rec_fn.__exit__(None, None, None)
            self.step_rec_fn = None

    def _follow(self, before: ProfilerAction, now: Optional[ProfilerAction]) -> None:
        """Starts, ends or leaves the recording as the change from one step to the next asks; ``None``: the end."""
        record = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)
        if self._recording:
            # What was recorded to warm up is thrown away; a cycle that is complete is saved.
            done = before == ProfilerAction.RECORD_AND_SAVE or now not in (ProfilerAction.RECORD_AND_SAVE, *record)
            if done or before == ProfilerAction.WARMUP:
                self.stop_trace()
                self._recording = False
                if before != ProfilerAction.WARMUP:
                    self._save()
        if now in (ProfilerAction.WARMUP, *record) and not self._recording:
            self.prepare_trace()
            self.start_trace()
            self._recording = True

    def _save(self) -> None:
        if self.acc_events:
            events = self._made()._events()
            self._kept.append(events)
            merged = EventList([e for kept in self._kept for e in kept], base_ns=self._kept[0]._base_ns)
            merged._profile_memory, merged._with_flops = events._profile_memory, events._with_flops
            self._made().function_events = merged
        if self.on_trace_ready is not None:
            self.on_trace_ready(self)

"""Events of a recording, their averages, tables and traces."""

from __future__ import annotations

import enum
import gzip
import json
import os
import socket
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Callable, Optional

__all__ = ["EventList", "FormattedTimesMixin", "FunctionEvent", "FunctionEventAvg", "Interval", "StringTable"]

MEMORY_EVENT_NAME = "[memory]"
OUT_OF_MEMORY_EVENT_NAME = "[OutOfMemory]"


class DeviceType(enum.Enum):
    """Where an event ran: always on the CPU."""

    CPU = 0
    CUDA = 1


class _Scope(enum.IntEnum):
    """What an event is, with PyTorch's numbers of record scopes."""

    FUNCTION = 0
    BACKWARD_FUNCTION = 1
    USER_SCOPE = 7


class Interval:
    """A time with its end, in microseconds."""

    __slots__ = ("end", "start")

    def __init__(self, start: float, end: float) -> None:
        self.start, self.end = start, end

    def elapsed_us(self) -> float:
        """The length in microseconds."""
        return self.end - self.start


class StringTable(defaultdict):
    """Names as shown for names as recorded: the same, each kept once."""

    def __missing__(self, key: str) -> str:
        self[key] = key
        return key


# ---- texts -----------------------------------------------------------------------------------------------------------

_TIME_UNITS = {"s": 1e6, "ms": 1e3, "us": 1.0}


def _format_time(time_us: float, time_unit: Optional[str] = None) -> str:
    """A time with its unit: the largest that leaves a whole part, or the one asked for."""
    if time_unit is None:
        time_unit = next((unit for unit, size in _TIME_UNITS.items() if time_us >= size), "us")
    elif time_unit not in _TIME_UNITS:
        raise ValueError(f"time_unit must be one of {', '.join(_TIME_UNITS)}, not {time_unit!r}")
    return f"{time_us / _TIME_UNITS[time_unit]:.3f}{time_unit}"


def _format_time_share(time_us: float, total_time_us: float) -> str:
    return f"{time_us * 100.0 / total_time_us:.2f}%" if total_time_us else "NaN"


def _format_memory(nbytes: float) -> str:
    for unit, size in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if abs(nbytes) >= size:
            return f"{nbytes / size:.2f} {unit}"
    return f"{nbytes} B"


def _shown(attribute: str) -> property:
    return property(lambda self: _format_time(getattr(self, attribute)), doc=f"``{attribute}`` with its unit.")


class FormattedTimesMixin:
    """Times with their units, for what has ``cpu_time_total``, ``self_cpu_time_total`` and ``count``."""

    cpu_time_str = _shown("cpu_time")
    cpu_time_total_str = _shown("cpu_time_total")
    self_cpu_time_total_str = _shown("self_cpu_time_total")
    device_time_str = _shown("device_time")
    device_time_total_str = _shown("device_time_total")
    self_device_time_total_str = _shown("self_device_time_total")

    count: int
    cpu_time_total: Any
    device_time_total: Any = 0
    self_device_time_total: Any = 0
    cuda_time_total = self_cuda_time_total = self_cuda_memory_usage = self_device_memory_usage = 0
    device_memory_usage: int = 0

    @property
    def cpu_time(self) -> float:
        """The mean time in microseconds."""
        return 0.0 if self.count == 0 else self.cpu_time_total / self.count

    @property
    def device_time(self) -> float:
        """The mean time on an accelerator: none."""
        return 0.0

    cuda_time = device_time


# ---- events ----------------------------------------------------------------------------------------------------------


class FunctionEvent(FormattedTimesMixin):
    """One operator, node of a backward pass, module or named block, and the events inside."""

    def __init__(
        self,
        id: int,
        name: str,
        thread: int,
        start_us: float,
        end_us: float,
        overload_name: Optional[str] = None,
        input_shapes: Optional[list] = None,
        input_dtypes: Optional[list] = None,
        stack: Optional[list] = None,
        scope: int = 0,
        cpu_memory_usage: int = 0,
        module: str = "",
        is_user_annotation: bool = False,
    ) -> None:
        self.id = id
        self.node_id = -1
        self.name = self.trace_name = name
        self.overload_name = overload_name or ""
        self.time_range = Interval(start_us, end_us)
        self.thread = thread
        self.count = 1
        self.cpu_children: list[FunctionEvent] = []
        self.cpu_parent: Optional[FunctionEvent] = None
        self.input_shapes = input_shapes or []
        self.input_dtypes = input_dtypes or []
        self.stack = stack or []
        self.scope = scope
        self.cpu_memory_usage = cpu_memory_usage
        self.module = module
        self.is_user_annotation = is_user_annotation
        self.is_async = self.is_remote = self.is_legacy = False
        self.device_type = DeviceType.CPU
        self.use_device = None
        self.sequence_nr = -1
        self.kernels: list = []
        self.flops: Optional[float] = None

    def append_cpu_child(self, child: FunctionEvent) -> None:
        """Puts an event inside this one."""
        self.cpu_children.append(child)

    def set_cpu_parent(self, parent: FunctionEvent) -> None:
        """Names the event that this one lies in."""
        self.cpu_parent = parent

    @property
    def cpu_time_total(self) -> float:  # type: ignore[override]
        """The time in microseconds, with what is inside."""
        return self.time_range.elapsed_us()

    @property
    def self_cpu_time_total(self) -> float:
        """The time in microseconds, without what is inside."""
        return self.cpu_time_total - sum(child.cpu_time_total for child in self.cpu_children)

    @property
    def self_cpu_memory_usage(self) -> int:
        """Bytes that are live more after than before, without what is inside."""
        return self.cpu_memory_usage - sum(child.cpu_memory_usage for child in self.cpu_children)

    @property
    def key(self) -> str:
        """What the event is averaged under: its name."""
        return self.name

    def __repr__(self) -> str:
        return (
            f"<FunctionEvent id={self.id} name={self.name} thread={self.thread} cpu_time={self.cpu_time_str} "
            f"start_us={self.time_range.start} end_us={self.time_range.end} "
            f"cpu_children={[child.id for child in self.cpu_children]} input_shapes={self.input_shapes} "
            f"cpu_memory_usage={self.cpu_memory_usage}>"
        )


class FunctionEventAvg(FormattedTimesMixin):
    """The sum of events under one key, with their mean."""

    def __init__(self) -> None:
        self.key: Optional[str] = None
        self.count = 0
        self.node_id = 0
        self.cpu_time_total = self.self_cpu_time_total = 0.0
        self.input_shapes: Any = None
        self.overload_name: Optional[str] = None
        self.stack: Any = None
        self.module = ""
        self.scope: Optional[int] = None
        self.cpu_memory_usage = self.self_cpu_memory_usage = 0
        self.cpu_children: Any = None
        self.cpu_parent: Any = None
        self.device_type = DeviceType.CPU
        self.use_device = None
        self.is_async = self.is_remote = self.is_legacy = self.is_user_annotation = False
        self.flops = 0.0

    def add(self, other: Any) -> FunctionEventAvg:
        """Adds an event, or another sum of the same key."""
        if self.key is None:
            self.key, self.input_shapes, self.stack = other.key, other.input_shapes, other.stack
            self.scope, self.module, self.overload_name = other.scope, other.module, other.overload_name
            self.cpu_parent, self.cpu_children = other.cpu_parent, other.cpu_children
            self.is_user_annotation = other.is_user_annotation
        self.cpu_time_total += other.cpu_time_total
        self.self_cpu_time_total += other.self_cpu_time_total
        self.cpu_memory_usage += other.cpu_memory_usage
        self.self_cpu_memory_usage += other.self_cpu_memory_usage
        self.flops += other.flops or 0.0
        self.count += other.count
        return self

    def __iadd__(self, other: Any) -> FunctionEventAvg:
        return self.add(other)

    def __repr__(self) -> str:
        return (
            f"<FunctionEventAvg key={self.key} count={self.count} self_cpu_time={self.self_cpu_time_total_str} "
            f"cpu_time={self.cpu_time_str} input_shapes={self.input_shapes} "
            f"cpu_memory_usage={self.cpu_memory_usage}>"
        )


# ---- lists and tables ------------------------------------------------------------------------------------------------

_METRICS = ("self_cpu_time_total", "self_cuda_time_total", "self_device_time_total")


class EventList(list):
    """Events, or averages of them, with a table and a trace."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._profile_memory = kwargs.pop("profile_memory", False)
        self._with_flops = kwargs.pop("with_flops", False)
        self._with_modules = kwargs.pop("with_modules", False)
        self._metadata: dict[str, Any] = kwargs.pop("metadata", {})
        self._base_ns = kwargs.pop("base_ns", 0)
        super().__init__(*args, **kwargs)

    def __str__(self) -> str:
        return self.table()

    def _like(self, events: Iterable[Any]) -> EventList:
        return EventList(
            events,
            profile_memory=self._profile_memory,
            with_flops=self._with_flops,
            with_modules=self._with_modules,
        )

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all events, each counted once."""
        return sum(event.self_cpu_time_total for event in self)

    def total_average(self) -> FunctionEventAvg:
        """The sum of all events."""
        total = FunctionEventAvg()
        for event in self:
            total += event
            total.key = None
        total.key = "Total"
        return total

    def key_averages(
        self,
        group_by_input_shapes: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
        group_by_module: bool = False,
    ) -> EventList:
        """Sums of events of the same name.

        Args:
            group_by_input_shapes: and of the same shapes of operands.
            group_by_stack_n: and of the same innermost lines of the program, so many.
            group_by_overload_name: and of the same overload.
            group_by_module: and of the same module of the network, where modules were recorded.
        """
        sums: dict[tuple, FunctionEventAvg] = defaultdict(FunctionEventAvg)
        for event in self:
            key = (
                event.name,
                event.is_user_annotation,
                str(event.input_shapes) if group_by_input_shapes else "",
                tuple(event.stack[:group_by_stack_n]),
                event.overload_name if group_by_overload_name else "",
                event.module if group_by_module else "",
            )
            sums[key].add(event)
        averages = self._like(sums.values())
        for average in averages:
            average.stack = average.stack[:group_by_stack_n]
            if not group_by_input_shapes:
                average.input_shapes = ""
            if not group_by_overload_name:
                average.overload_name = ""
            if not group_by_module:
                average.module = ""
        return averages

    def table(
        self,
        sort_by: Optional[str] = None,
        row_limit: int = 100,
        max_src_column_width: int = 75,
        max_name_column_width: int = 55,
        max_shapes_column_width: int = 80,
        header: Optional[str] = None,
        top_level_events_only: bool = False,
        time_unit: Optional[str] = None,
    ) -> str:
        """The list as text.

        Args:
            sort_by: attribute after which rows are sorted, the largest first: "cpu_time_total", "self_cpu_time_total",
                "cpu_memory_usage", "self_cpu_memory_usage", "count" ... Default: the order of the list.
            row_limit: at most so many rows; -1: all.
            max_src_column_width, max_name_column_width, max_shapes_column_width: longer texts are cut; ``None``: none.
            header: a line above.
            top_level_events_only: leave out events inside others.
            time_unit: "s", "ms" or "us" for all times. Default: each as it fits.
        """
        if not self:
            return ""
        events = list(self)
        if sort_by is not None:
            if not hasattr(events[0], sort_by):
                raise AttributeError(f"events have no {sort_by!r} to sort by")
            events.sort(key=lambda event: getattr(event, sort_by), reverse=True)
        if top_level_events_only:
            events = [event for event in events if event.cpu_parent is None]
        total = self.self_cpu_time_total
        columns = self._columns(total, time_unit, max_name_column_width, max_shapes_column_width, max_src_column_width)
        shown = events if row_limit < 0 else events[:row_limit]
        cells = [[text(event) for _, text, _ in columns] for event in shown]
        titles = [title for title, _, _ in columns]
        widths = [
            max(12, len(title), *(len(row[i]) for row in cells)) + (4 if i == 0 else 0)
            for i, title in enumerate(titles)
        ]
        # The first column is as wide as its texts ask for, but not wider than it may be.
        widths[0] = min(widths[0], max(max_name_column_width or widths[0], len(titles[0])))
        rule = "".join("-" * width + "  " for width in widths)
        layout = [(width, left) for width, (_, _, left) in zip(widths, columns)]

        def row(texts: list[str]) -> str:
            return "".join(
                (text.ljust(width) if left else text.rjust(width)) + "  " for text, (width, left) in zip(texts, layout)
            )

        lines = []
        if header is not None:
            lines += ["=" * len(rule), header]
        lines += [rule, row(titles), rule, *map(row, cells), rule]
        lines.append(f"Self CPU time total: {_format_time(total, time_unit)}")
        return "\n".join(lines) + "\n"

    def _columns(
        self, total: float, unit: Optional[str], name_width: Any, shapes_width: Any, stack_width: Any
    ) -> list[tuple[str, Callable[[Any], str], bool]]:
        """Title, text of an event, and whether it stands on the left, of each column."""

        def cut(text: str, width: Optional[int]) -> str:
            return text if width is None or len(text) <= width else text[: max(width - 3, 0)] + "..."

        columns: list[tuple[str, Callable[[Any], str], bool]] = [
            ("Name", lambda e: cut(e.key, name_width), False),
            ("Self CPU %", lambda e: _format_time_share(e.self_cpu_time_total, total), False),
            ("Self CPU", lambda e: _format_time(e.self_cpu_time_total, unit), False),
            ("CPU total %", lambda e: _format_time_share(e.cpu_time_total, total), False),
            ("CPU total", lambda e: _format_time(e.cpu_time_total, unit), False),
            ("CPU time avg", lambda e: _format_time(e.cpu_time, unit), False),
        ]
        if self._profile_memory:
            columns += [
                ("CPU Mem", lambda e: _format_memory(e.cpu_memory_usage), False),
                ("Self CPU Mem", lambda e: _format_memory(e.self_cpu_memory_usage), False),
            ]
        columns.append(("# of Calls", lambda e: str(e.count), False))
        if any(event.overload_name for event in self):
            columns.append(("Overload Name", lambda e: e.overload_name, False))
        if any(event.input_shapes for event in self):
            columns.append(("Input Shapes", lambda e: cut(str(e.input_shapes or "[]"), shapes_width), False))
        if any(event.module for event in self):
            columns.append(("Module", lambda e: e.module, True))
        if any(event.stack for event in self):
            columns.append(("Source Location", lambda e: cut(" <- ".join(e.stack), stack_width), True))
        if self._with_flops:
            columns.append(("Total FLOPs", lambda e: f"{e.flops:.3f}" if e.flops else "--", False))
        return columns

    # ---- files ----

    def export_chrome_trace(self, path: str) -> None:
        """Writes the events for chrome://tracing and Perfetto, compressed if ``path`` ends in ".gz"."""
        pid, base = os.getpid(), self._base_ns / 1e3
        events: list[dict[str, Any]] = []
        for tid in sorted({event.thread for event in self}):
            events.append(
                {"ph": "M", "name": "thread_name", "pid": pid, "tid": tid, "args": {"name": f"thread {tid} (python)"}}
            )
        events.append({"ph": "M", "name": "process_name", "pid": pid, "tid": 0, "args": {"name": "python"}})
        for event in self:
            arguments: dict[str, Any] = {"External id": event.id}
            if event.input_shapes:
                arguments["Input Dims"] = event.input_shapes
                arguments["Input type"] = event.input_dtypes
            if event.module:
                arguments["Module"] = event.module
            if event.stack:
                arguments["Call stack"] = ";".join(event.stack)
            if self._profile_memory:
                arguments["Bytes"] = event.cpu_memory_usage
            is_module = event.name.startswith("nn.Module: ")
            category = "python_function" if is_module else "user_annotation" if event.is_user_annotation else "cpu_op"
            events.append(
                {
                    "ph": "X",
                    "cat": category,
                    "name": event.name,
                    "pid": pid,
                    "tid": event.thread,
                    "ts": base + event.time_range.start,
                    "dur": event.time_range.elapsed_us(),
                    "args": arguments,
                }
            )
        trace = {
            "schemaVersion": 1,
            "deviceProperties": [],
            "host_name": socket.gethostname(),
            "displayTimeUnit": "ms",
            "baseTimeNanoseconds": self._base_ns,
            **self._metadata,
            "traceEvents": events,
            "traceName": path,
        }
        opened: Any = gzip.open(path, "wt") if path.endswith(".gz") else open(path, "w")  # noqa: SIM115
        with opened as file:
            json.dump(trace, file)

    def supported_export_stacks_metrics(self) -> list[str]:
        """What :meth:`export_stacks` may weigh stacks by."""
        return list(_METRICS)

    def export_stacks(self, path: str, metric: str) -> None:
        """Writes a line for each event with a stack: the lines of the program, outermost first, and its weight."""
        if metric not in _METRICS:
            raise ValueError(f"metric should be one of: {list(_METRICS)}")
        with open(path, "w") as file:
            for event in self:
                weight = int(getattr(event, metric))
                if event.stack and weight > 0:
                    stack = ";".join(line.replace(" ", "_").replace(";", "_") for line in reversed(event.stack))
                    file.write(f"{stack} {weight}\n")


# ---- from a recording ------------------------------------------------------------------------------------------------


def _without_profiler(stack: list[str]) -> list[str]:
    return [line for line in stack if "/torch/autograd/profiler" not in line and "/torch/profiler/" not in line]


def _flops(name: str, shapes: list) -> Optional[float]:
    """Multiplications and additions of the operators that are mostly made of them; ``None`` for others."""
    short = name.removeprefix("aten::") if hasattr(name, "removeprefix") else name[6:]

    def product(sizes: Iterable[int]) -> int:
        n = 1
        for size in sizes:
            n *= size
        return n

    try:
        if short in ("mm", "bmm"):
            return 2 * product(shapes[0]) * shapes[1][-1]
        if short in ("addmm", "baddbmm"):
            return 2 * product(shapes[1]) * shapes[2][-1]
        if short == "linear":
            return 2 * product(shapes[0]) * product(shapes[1][:-1])
        if short in ("add", "add_", "mul", "mul_"):
            return product(max(shapes[0], shapes[1] or [1], key=product))
    except IndexError:
        return None
    return None


def _events_of(recording: tuple[int, list], modules: dict[int, str], **options: Any) -> EventList:
    """The list of a recording by ``torch._C._profiler_stop``; ``modules`` names those of blocks by their numbers."""
    thread, rows = recording
    base = rows[0][2] if rows else 0
    events: list[FunctionEvent] = []
    for number, (name, kind, start, end, parent, memory, shapes, dtypes, stack) in enumerate(rows):
        event = FunctionEvent(
            id=number + 1,
            name=name,
            thread=thread,
            start_us=(start - base) / 1e3,
            end_us=(end - base) / 1e3,
            input_shapes=shapes,
            input_dtypes=dtypes,
            stack=_without_profiler(stack),
            scope=(_Scope.FUNCTION, _Scope.BACKWARD_FUNCTION, _Scope.USER_SCOPE)[kind],
            cpu_memory_usage=memory,
            is_user_annotation=kind == 2,
        )
        if parent >= 0:
            event.set_cpu_parent(events[parent])
            events[parent].append_cpu_child(event)
        event.module = modules.get(number, "") or (event.cpu_parent.module if event.cpu_parent else "")
        if options.get("with_flops"):
            event.flops = _flops(name, shapes)
        events.append(event)
    return EventList(events, base_ns=base, **options)


def _flatten(events: Iterable[FunctionEvent]) -> Iterator[FunctionEvent]:
    for event in events:
        yield event
        yield from _flatten(event.cpu_children)

"""What :mod:`torch.cuda` has in a build with the CUDA library: devices, memory, streams and events."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional, Union

import torch
from torch import _C

__all__ = [
    "init",
    "current_device",
    "set_device",
    "synchronize",
    "get_device_properties",
    "get_device_name",
    "get_device_capability",
    "can_device_access_peer",
    "mem_get_info",
    "memory_stats",
    "memory_allocated",
    "max_memory_allocated",
    "memory_reserved",
    "max_memory_reserved",
    "reset_peak_memory_stats",
    "reset_accumulated_memory_stats",
    "memory_summary",
    "empty_cache",
    "set_per_process_memory_fraction",
    "get_allocator_backend",
    "Stream",
    "Event",
    "current_stream",
    "default_stream",
    "set_stream",
]

_Device = Union[torch.device, str, int, None]


def _index(device: _Device) -> int:
    """The number of a device; of the current one where none is named."""
    if isinstance(device, int):
        return device
    if device is not None:
        device = torch.device(device)
        if device.type != "cuda":
            raise ValueError(f"Expected a cuda device, but got: {device}")
        if device.index is not None:
            return device.index
    return _C._cuda_getDevice()


# ---- devices ----


def init() -> None:
    """Opens the driver, which the first use of a device does by itself."""
    _C._cuda_init()


def current_device() -> int:
    """The number of the device that this thread uses where none is named."""
    return _C._cuda_getDevice()


def set_device(device: _Device) -> None:
    """Makes a device the current one of this thread; a negative number changes nothing."""
    index = _index(device)
    if index >= 0:
        _C._cuda_setDevice(index)


def synchronize(device: _Device = None) -> None:
    """Waits for all that the device was given, and raises what kernels have reported."""
    _C._cuda_synchronize(_index(device))


class _Properties(NamedTuple):
    name: str
    uuid: str
    major: int
    minor: int
    total_memory: int
    multi_processor_count: int
    warp_size: int
    max_threads_per_multi_processor: int
    regs_per_multiprocessor: int
    shared_memory_per_block: int
    shared_memory_per_block_optin: int
    shared_memory_per_multiprocessor: int
    L2_cache_size: int
    is_integrated: bool
    is_multi_gpu_board: bool
    pci_domain_id: int
    pci_bus_id: int
    pci_device_id: int


def get_device_properties(device: _Device = None) -> _Properties:
    """What a device is: its name, compute capability, memory, number of multiprocessors and the like."""
    return _Properties(**_C._cuda_properties(_index(device)))


def get_device_name(device: _Device = None) -> str:
    """The name of a device."""
    return get_device_properties(device).name


def get_device_capability(device: _Device = None) -> tuple[int, int]:
    """The compute capability of a device, (9, 0) for an H100."""
    properties = get_device_properties(device)
    return properties.major, properties.minor


def can_device_access_peer(device: _Device, peer_device: _Device) -> bool:
    """Whether a device can read the memory of another."""
    return _C._cuda_canDeviceAccessPeer(_index(device), _index(peer_device))


# ---- memory ----


def mem_get_info(device: _Device = None) -> tuple[int, int]:
    """Free and total bytes of a device, as the driver sees them."""
    return _C._cuda_memGetInfo(_index(device))


def memory_stats(device: _Device = None) -> dict[str, int]:
    """The allocator's counters, as ``"allocated_bytes.all.peak"``: what, which pool, and which figure of it."""
    return dict(sorted(_C._cuda_memoryStats(_index(device)).items())) if torch.cuda.is_initialized() else {}


def _count(name: str, device: _Device) -> int:
    return memory_stats(device).get(name, 0)


def memory_allocated(device: _Device = None) -> int:
    """Bytes that tensors hold."""
    return _count("allocated_bytes.all.current", device)


def max_memory_allocated(device: _Device = None) -> int:
    """The most bytes that tensors held at once."""
    return _count("allocated_bytes.all.peak", device)


def memory_reserved(device: _Device = None) -> int:
    """Bytes that the allocator holds, in use or kept for later."""
    return _count("reserved_bytes.all.current", device)


def max_memory_reserved(device: _Device = None) -> int:
    """The most bytes that the allocator held at once."""
    return _count("reserved_bytes.all.peak", device)


def reset_peak_memory_stats(device: _Device = None) -> None:
    """Starts the peaks again from what is held now."""
    _C._cuda_resetMemoryStats(_index(device), 1)


def reset_accumulated_memory_stats(device: _Device = None) -> None:
    """Starts the totals, of what was ever taken and given back, again from 0."""
    _C._cuda_resetMemoryStats(_index(device), 0)


def empty_cache() -> None:
    """Gives the memory that is kept for later back to the driver."""
    _C._cuda_emptyCache()


def set_per_process_memory_fraction(fraction: float, device: _Device = None) -> None:
    """Lets the allocator hold no more than this part of the device's memory."""
    if not isinstance(fraction, float):
        raise TypeError("Invalid type for fraction argument, must be `float`")
    _C._cuda_setMemoryFraction(_index(device), fraction)


def get_allocator_backend() -> str:
    """``"native"``: segments that grow in place are the only kind here."""
    return "native"


def _bytes(n: int) -> str:
    value = float(n)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < 10240:
            return f"{value:.0f} {unit}"
        value /= 1024
    return f"{value:.0f} TiB"


def memory_summary(device: _Device = None, abbreviated: bool = False) -> str:
    """A table of the allocator's counters for people; the abbreviated one leaves the two pools out."""
    stats = memory_stats(device)
    rows = [
        ("Allocated memory", "allocated_bytes", True),
        ("Active memory", "active_bytes", True),
        ("Requested memory", "requested_bytes", True),
        ("GPU reserved memory", "reserved_bytes", True),
        ("Allocations", "allocation", False),
        ("Active allocs", "active", False),
        ("GPU reserved segments", "segment", False),
    ]
    pools = (
        [("all", "")]
        if abbreviated
        else [("all", ""), ("large_pool", "from large pool"), ("small_pool", "from small pool")]
    )
    ooms, retries = stats.get("num_ooms", 0), stats.get("num_alloc_retries", 0)
    bar = "|" + "=" * 75 + "|"
    lines = [
        bar,
        f"|{f'CUDA memory summary, device ID {_index(device)}':^75}|",
        f"|{f'CUDA OOMs: {ooms}':^37}|{f'cudaMalloc retries: {retries}':^37}|",
        bar,
        f"|{'Metric':^22} |{'Cur Usage':^12}|{'Peak Usage':^12}|{'Tot Alloc':^12}|{'Tot Freed':^12}|",
    ]
    for title, key, is_bytes in rows:
        lines.append("|" + "-" * 75 + "|")
        for pool, name in pools:
            shown = [stats.get(f"{key}.{pool}.{figure}", 0) for figure in ("current", "peak", "allocated", "freed")]
            cells = "|".join(f"{_bytes(n) if is_bytes else n:>11} " for n in shown)
            lines.append(f"| {name and '  ' + name or title:<22}|{cells}|")
    return "\n".join([*lines, bar, ""])


# ---- streams and events ----


class Stream:
    """A queue of work on a device: what is put on it is done in order, beside what is on others.

    Args:
        device: the device, by default the current one.
        priority: work on a stream of lower number goes first; 0 or negative.
    """

    device_index: int
    cuda_stream: int

    def __init__(self, device: _Device = None, priority: int = 0, *, _handle: Optional[int] = None) -> None:
        self.device_index = _index(device)
        self.cuda_stream = _C._cuda_newStream(self.device_index, priority) if _handle is None else _handle

    @property
    def device(self) -> torch.device:
        """Where the stream is."""
        return torch.device("cuda", self.device_index)

    @property
    def stream_id(self) -> int:
        """The handle of the stream, 0 for the default one."""
        return self.cuda_stream

    def query(self) -> bool:
        """Whether all that was put on the stream is done."""
        return _C._cuda_streamQuery(self.device_index, self.cuda_stream)

    def synchronize(self) -> None:
        """Waits for all that was put on the stream."""
        _C._cuda_streamSynchronize(self.device_index, self.cuda_stream)

    def wait_event(self, event: Event) -> None:
        """What is put on the stream from now on waits for the event."""
        event.wait(self)

    def wait_stream(self, stream: Stream) -> None:
        """What is put on this stream from now on waits for what is on the other one now."""
        self.wait_event(stream.record_event())

    def record_event(self, event: Optional[Event] = None) -> Event:
        """Puts an event on the stream, a new one where none is given."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Stream)
            and self.device_index == other.device_index
            and self.cuda_stream == other.cuda_stream
        )

    def __hash__(self) -> int:
        return hash((self.device_index, self.cuda_stream))

    def __enter__(self) -> Stream:
        self._context = torch.cuda.StreamContext(self)
        self._context.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._context.__exit__(*exception)

    def __repr__(self) -> str:
        return f"<torch.cuda.Stream device={self.device} cuda_stream={self.cuda_stream:#x}>"


class Event:
    """A mark in a stream, for waiting until work gets there and for measuring how long it took.

    Args:
        enable_timing: whether :meth:`elapsed_time` will be asked for.
        blocking: whether waiting gives the processor to others; here it always may.
        interprocess: events shared between processes are not supported.
    """

    _handle: int = 0

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> None:
        if interprocess:
            raise NotImplementedError("torch.cuda.Event: events between processes are not supported")
        self._timing = enable_timing
        self._device = -1  # made on the device where it is recorded first

    def _made_on(self, device: int) -> int:
        if self._handle == 0:
            self._handle = _C._cuda_newEvent(device, self._timing)
            self._device = device
        elif self._device != device:
            raise RuntimeError(f"Event device {self._device} does not match recording stream's device {device}.")
        return self._handle

    def record(self, stream: Optional[Stream] = None) -> None:
        """Puts the event on a stream, by default the current one."""
        stream = current_stream() if stream is None else stream
        _C._cuda_recordEvent(stream.device_index, self._made_on(stream.device_index), stream.cuda_stream)

    def wait(self, stream: Optional[Stream] = None) -> None:
        """What is put on the stream from now on, by default on the current one, waits for the event."""
        stream = current_stream() if stream is None else stream
        if self._handle:
            _C._cuda_streamWaitEvent(stream.device_index, stream.cuda_stream, self._handle)

    def query(self) -> bool:
        """Whether what was on the stream when the event was recorded is done."""
        return self._handle == 0 or _C._cuda_eventQuery(self._device, self._handle)

    def synchronize(self) -> None:
        """Waits for the event."""
        if self._handle:
            _C._cuda_eventSynchronize(self._device, self._handle)

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this event to another; both have been recorded, with ``enable_timing``."""
        if not (self._timing and end_event._timing):
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        if not (self._handle and end_event._handle):
            raise ValueError("Both events must be recorded before calculating elapsed time.")
        return _C._cuda_eventElapsed(self._device, self._handle, end_event._handle)

    @property
    def cuda_event(self) -> int:
        """The handle of the event, 0 before it is recorded."""
        return self._handle

    def __del__(self) -> None:
        if self._handle:
            _C._cuda_deleteEvent(self._device, self._handle)

    def __repr__(self) -> str:
        return f"<torch.cuda.Event {self._handle:#x}>" if self._handle else "<torch.cuda.Event uninitialized>"


def current_stream(device: _Device = None) -> Stream:
    """The stream that this thread's work on a device is put on."""
    index = _index(device)
    return Stream(index, _handle=_C._cuda_getCurrentRawStream(index))


def default_stream(device: _Device = None) -> Stream:
    """The stream of a device that is there from the start."""
    return Stream(_index(device), _handle=0)


def set_stream(stream: Optional[Stream]) -> None:
    """Puts this thread's work on a stream from now on; ``with stream:`` does so for a block."""
    if stream is not None:
        _C._cuda_setDevice(stream.device_index)
        _C._cuda_setStream(stream.device_index, stream.cuda_stream)

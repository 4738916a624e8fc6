"""Messages between a loader and its worker processes.

A message is a pickle; the memory of tensors and arrays travels beside it. Small ones go through the socket. Others are
written into a memory file, whose descriptor goes through the socket, and which the receiver maps: one copy, one mapping
a batch, no name in /dev/shm that could stay behind or fill up, and where there is no room the writer gets an error
instead of a signal. Received tensors hold no descriptor.
"""

from __future__ import annotations

import array
import copyreg
import io
import os
import pickle
import socket
import struct
import threading
import weakref
from collections import deque
from multiprocessing.reduction import ForkingPickler
from typing import Any

# All that a worker needs is imported before it is forked: a thread of the parent that was importing a module at that
# moment is not there to end it, and the worker would wait for ever.
import torch
import torch.random
from torch import _C
from torch.multiprocessing.reductions import check_may_be_sent
from torch.nn import Parameter
from torch.storage import TypedStorage, UntypedStorage

_INLINE = 16384  # bytes up to which a message goes through the socket
_ROOM = 65536
_MAX_DESCRIPTORS = 200
_HEADER = struct.Struct("=QQQQ")  # storages and arrays in the table, bytes of the pickle, bytes of the whole body
_ENTRY = struct.Struct("=qqq")  # first byte, as the sender counts; bytes; where in the body, or -1 - descriptor
_ALIGNMENT = 64


class _Segments(threading.local):
    """The memory of the message that this thread is reading: (storage, first byte of it as the sender counts)."""

    current: list[tuple[UntypedStorage, int]]


_segments = _Segments()


def _load_storage(number: int) -> UntypedStorage:
    return _segments.current[number][0]


def _load_typed_storage(storage: UntypedStorage, dtype: torch.dtype) -> TypedStorage:
    return TypedStorage(wrap_storage=storage, dtype=dtype)


def _load_tensor(
    number: int, dtype: torch.dtype, offset: int, size: tuple, stride: tuple, requires_grad: bool, parameter: bool
) -> torch.Tensor:
    storage, begin = _segments.current[number]
    tensor = _C._tensor_from_storage(storage, dtype, offset - begin // dtype.itemsize, size, stride)
    if parameter:
        return Parameter(tensor, requires_grad)
    return tensor.requires_grad_() if requires_grad else tensor


class _Pickler(pickle.Pickler):
    """Leaves memory out. Of a storage goes what the tensors of the message see of it, once."""

    def __init__(self, file: Any) -> None:
        self.buffers: list[Any] = []
        super().__init__(file, 5, buffer_callback=self.buffers.append)
        # What the program has registered for its own classes.
        reducers = ForkingPickler._extra_reducers  # type: ignore[attr-defined]
        self.dispatch_table = {**copyreg.dispatch_table, **reducers}
        self.numbers: dict[int, int] = {}
        self.storages: list[UntypedStorage] = []
        self.ranges: list[list[int]] = []
        self.descriptors: list[int] = []

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, torch.Tensor):
            cls = type(obj)
            parameter = cls is Parameter
            if not (parameter or cls is torch.Tensor) or obj.layout is not torch.strided or obj.device.type != "cpu":
                return NotImplemented
            if getattr(obj, "__dict__", None):
                return NotImplemented
            return self._tensor(obj, parameter)
        if isinstance(obj, UntypedStorage) and obj.device.type == "cpu":
            return _load_storage, (self._number(obj, 0, obj.nbytes()),)
        if isinstance(obj, TypedStorage):
            return _load_typed_storage, (obj._untyped_storage, obj.dtype)
        return NotImplemented

    def _tensor(self, tensor: torch.Tensor, parameter: bool) -> Any:
        check_may_be_sent(tensor)
        dtype, offset, size, stride = tensor.dtype, tensor.storage_offset(), tuple(tensor.size()), tensor.stride()
        begin = offset * dtype.itemsize
        end = begin
        if tensor.numel():
            end += (1 + sum((n - 1) * step for n, step in zip(size, stride))) * dtype.itemsize
        number = self._number(tensor.untyped_storage(), begin, end)
        return _load_tensor, (number, dtype, offset, size, stride, tensor.requires_grad, parameter)

    def _number(self, storage: UntypedStorage, begin: int, end: int) -> int:
        begin &= -_ALIGNMENT
        number = self.numbers.get(storage._cdata)
        if number is not None:
            known = self.ranges[number]
            known[0], known[1] = min(known[0], begin), max(known[1], end)
            return number
        number = self.numbers[storage._cdata] = len(self.storages)
        self.storages.append(storage)
        self.ranges.append([begin, end, -1])
        descriptor = _C._storage_shared_handle(storage)
        if isinstance(descriptor, int) and len(self.descriptors) < _MAX_DESCRIPTORS:
            # In shared memory already: the receiver gets the same, not a copy.
            self.ranges[number][2] = len(self.descriptors)
            self.descriptors.append(descriptor)
        return number


class _Packet:
    """A message that is ready to be sent."""

    def __init__(self, message: Any) -> None:
        self._descriptors: list[int] = []
        file = io.BytesIO()
        pickler = _Pickler(file)
        pickler.dump(message)
        text = file.getbuffer()
        entries: list[tuple[int, int, int]] = []
        parts: list[Any] = []
        counts = len(pickler.ranges), len(pickler.buffers)
        position = _ENTRY.size * sum(counts) + len(text)

        def add(begin: int, memory: Any) -> None:
            nonlocal position
            gap = -position % _ALIGNMENT
            if gap and memory.nbytes:
                parts.append(bytes(gap))
                position += gap
            entries.append((begin, memory.nbytes, position))
            if memory.nbytes:
                parts.append(memory)
                position += memory.nbytes

        for storage, (begin, end, descriptor) in zip(pickler.storages, pickler.ranges):
            if descriptor >= 0:
                entries.append((0, storage.nbytes(), -1 - descriptor))
            else:
                add(begin, memoryview(storage)[begin:end])
        for buffer in pickler.buffers:
            add(0, buffer.raw())
        table = b"".join(_ENTRY.pack(*entry) for entry in entries)
        body = [table, text, *parts]
        header = _HEADER.pack(*counts, len(text), position)
        # Duplicates: a storage may be gone by the time that a waiting packet is sent.
        self._descriptors = [os.dup(descriptor) for descriptor in pickler.descriptors]
        if position <= _INLINE:
            self._data = b"".join([header, *body])
            return
        self._data = header
        try:
            memory = os.memfd_create("torch batch", os.MFD_CLOEXEC)
            self._descriptors.append(memory)
            _write_all(memory, body)
        except OSError as error:
            self.close()
            raise RuntimeError(
                f"unable to allocate {position} bytes of shared memory for a batch: {error.strerror}. Use smaller "
                "batches, fewer workers or a lower prefetch_factor, or num_workers=0"
            ) from None

    def send(self, sock: socket.socket, flags: int = 0) -> None:
        """Raises BlockingIOError where ``flags`` forbid to wait; the packet can then be sent later."""
        ancillary = []
        if self._descriptors:
            ancillary.append((socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", self._descriptors)))
        sock.sendmsg([self._data], ancillary, flags | socket.MSG_NOSIGNAL)
        self.close()

    def close(self) -> None:
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []

    def __del__(self) -> None:
        self.close()


def _write_all(descriptor: int, parts: list[Any]) -> None:
    waiting = deque(memoryview(part).cast("B") for part in parts if len(part))
    while waiting:
        some = [waiting[i] for i in range(min(len(waiting), 512))]
        done = os.writev(descriptor, some)
        if done == 0:
            raise OSError(28, "No space left on device")
        while done:
            first = waiting.popleft()
            if done < len(first):
                waiting.appendleft(first[done:])
                break
            done -= len(first)


def _as_buffer(storage: UntypedStorage) -> Any:
    """Writable bytes of a storage for an array; a copy of them where there is no NumPy to view them."""
    try:
        return storage._as_tensor(torch.uint8).numpy()
    except ImportError:
        return bytearray(memoryview(storage))


class Channel:
    """One end of the line between a loader and a worker."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._waiting: deque[_Packet] = deque()

    @staticmethod
    def pair() -> tuple[Channel, Channel]:
        """Both ends, the first one for this process: children made by fork do not keep it open."""
        ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        near, far = Channel(ends[0]), Channel(ends[1])
        _near_ends.add(near)
        return near, far

    def waiting(self) -> bool:
        """Whether posted messages wait for room."""
        return bool(self._waiting)

    def __getstate__(self) -> Any:
        return self._socket

    def __setstate__(self, sock: socket.socket) -> None:
        Channel.__init__(self, sock)

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()
        self._waiting.clear()

    def send(self, message: Any) -> None:
        """Sends, waiting for room where the other end is slow; BrokenPipeError where it is closed."""
        _Packet(message).send(self._socket)

    def post(self, message: Any) -> None:
        """Sends without waiting: what finds no room goes with a later :meth:`flush`."""
        self._waiting.append(_Packet(message))
        self.flush()

    def flush(self) -> bool:
        """Sends what waits, as far as there is room; returns whether all went."""
        while self._waiting:
            try:
                self._waiting[0].send(self._socket, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            except (BrokenPipeError, ConnectionResetError):
                self._waiting.clear()  # the end of the other side is noticed where its messages are read
                return True
            self._waiting.popleft()
        return True

    def receive(self, *, wait: bool = True) -> Any:
        """The next message; EOFError after the last one, BlockingIOError if there is none yet and ``wait`` is False."""
        flags = socket.MSG_CMSG_CLOEXEC | (0 if wait else socket.MSG_DONTWAIT)
        while True:
            try:
                data, descriptors, _, _ = socket.recv_fds(self._socket, _ROOM, _MAX_DESCRIPTORS + 1, flags)
                break
            except ConnectionResetError:
                continue  # said once, where the other side has not read all; what it had sent follows
        if not data:
            raise EOFError
        try:
            return _unpack(data, descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)


_near_ends: weakref.WeakSet[Channel] = weakref.WeakSet()


def _close_near_ends() -> None:
    for channel in list(_near_ends):
        channel.close()


os.register_at_fork(after_in_child=_close_near_ends)


def _unpack(data: bytes, descriptors: list[int]) -> Any:
    storages, arrays, length, total = _HEADER.unpack_from(data)
    memory = None
    if total <= _INLINE:
        body = memoryview(data)[_HEADER.size :]
    else:
        memory = _C._storage_map_shared(descriptors[-1], total, False)
        body = memoryview(memory)

    def storage_of(size: int, position: int) -> UntypedStorage:
        if position < 0:
            return _C._storage_map_shared(descriptors[-1 - position], size, False)
        if memory is not None:
            return memory[position : position + size]
        if size == 0:
            return UntypedStorage(0)
        return UntypedStorage.from_buffer(body, byte_order="native", dtype=torch.uint8, count=size, offset=position)

    start = _ENTRY.size * (storages + arrays)
    entries = _ENTRY.iter_unpack(body[:start])
    segments = [(storage_of(size, position), begin) for begin, size, position in entries]
    outer = getattr(_segments, "current", [])
    _segments.current = segments
    try:
        return pickle.loads(
            body[start : start + length], buffers=[_as_buffer(storage) for storage, _ in segments[storages:]]
        )
    finally:
        _segments.current = outer

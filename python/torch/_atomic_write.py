"""Files that appear under their name when they are complete, whatever stops the program that writes them."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import threading
import uuid
from collections.abc import Iterator
from typing import IO, Any, Optional

_LARGE = 1 << 25  # bytes
_O_TMPFILE: Optional[int] = getattr(os, "O_TMPFILE", None)


def _nameless_file(folder: str) -> Optional[int]:
    """A file without a name in `folder`, which vanishes with the process; None where the file system has none."""
    if _O_TMPFILE is None or not os.path.isdir("/proc/self/fd"):
        return None
    try:
        return os.open(folder, os.O_RDWR | _O_TMPFILE | os.O_CLOEXEC, 0o666)
    except OSError:
        return None


def _give_name(fd: int, path: str) -> None:
    # the descriptor of a folder makes Python call linkat(), which follows the link of /proc; link() would not
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.link(f"/proc/self/fd/{fd}", path, src_dir_fd=folder, follow_symlinks=True)
    except OSError:  # forbidden by some sandboxes
        with open(os.dup(fd), "rb") as source, open(path, "xb") as file:
            source.seek(0)
            shutil.copyfileobj(source, file)
            file.flush()
            os.fsync(file.fileno())
    finally:
        os.close(folder)


class _Early(io.FileIO):
    """A file whose bytes are on their way to the disk as soon as they are written, so that fsync() has little to wait
    for: it would be a good part of the time of a large file."""

    _PIECE = 1 << 22

    def write(self, data: Any) -> Optional[int]:  # type: ignore[override]
        view = memoryview(data).cast("B")[: self._PIECE]
        written = super().write(view)
        if written and len(view) == self._PIECE and hasattr(os, "posix_fadvise"):
            # Linux starts writing what it is told that nobody needs; what is not written yet stays in memory, too
            with contextlib.suppress(OSError):
                os.posix_fadvise(self.fileno(), self.tell() - written, written, os.POSIX_FADV_DONTNEED)
        return written


def _flush_folder(folder: str) -> None:
    """Makes the folder's new entry survive a power failure; not every file system can."""
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


@contextlib.contextmanager
def _freed_later(path: str) -> Iterator[None]:
    """What the file loses its name here for is not waited for: giving back the pages of a large one takes as long as
    half of writing them."""
    try:
        old = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # there is none, or it may not be read
        yield
        return
    try:
        yield
    finally:
        if os.fstat(old).st_size < _LARGE:
            os.close(old)
        else:
            threading.Thread(target=os.close, args=(old,), daemon=True).start()


@contextlib.contextmanager
def replacing(path: str) -> Iterator[IO[bytes]]:
    """A file whose contents take the place of `path` at the end; until then, and on errors, `path` is as it was.

    The contents are on disk before the name changes, so a kill or a crash at any moment leaves the old file or the new
    one. A killed process leaves nothing else behind where files can be without a name (most of Linux); elsewhere it
    leaves a file ``.NAME.<digits>.tmp``.
    """
    if not path:
        raise RuntimeError("torch.save: the name of the file is empty")
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        if os.path.isdir(target):
            raise IsADirectoryError(f"torch.save: {path} is a directory")
        with open(target, "wb") as file:  # a device or a pipe
            yield file
        return
    folder, name = os.path.split(target)
    if not os.path.isdir(folder):
        raise RuntimeError(f"Parent directory {folder} does not exist.")
    temporary = os.path.join(folder, f".{name[:100]}.{uuid.uuid4().hex[:12]}.tmp")
    fd = _nameless_file(folder)
    try:
        file = io.BufferedWriter(_Early(temporary, "xb") if fd is None else _Early(fd, "wb"))
    except PermissionError:
        if not os.access(target, os.W_OK):
            raise
        with open(target, "wb") as file:  # the file may be written, but not its directory
            yield file
        return
    try:
        with file:
            yield file
            file.flush()
            if os.path.exists(target):
                os.fchmod(file.fileno(), os.stat(target).st_mode & 0o7777)
            os.fsync(file.fileno())
            if fd is not None:  # rename() replaces a file, link() does not: so a name for a moment
                _give_name(fd, temporary)
        with _freed_later(target):
            os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _flush_folder(folder)

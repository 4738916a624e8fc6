"""Files of shared memory for the strategy ``"file_system"``.

They lie in a folder of their own in /dev/shm, one for a process and the children that it forks. A small guard process
holds one end of a pipe whose other end these processes have: when all of them have ended, by whatever means, it removes
the folder. A storage has one name there; each message that carries the storage has another, which the receiver takes
for its own. No descriptor stays open.
"""

from __future__ import annotations

import itertools
import os
import secrets
import signal
import sys
import tempfile
import threading

_GUARD = "import shutil, sys; sys.stdin.buffer.read(); shutil.rmtree(sys.argv[1], ignore_errors=True)"

_lock = threading.Lock()
_numbers = itertools.count()
_folder: str | None = None
_line = -1  # held open until this process ends


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


def folder() -> str:
    """The folder, made and guarded when first asked for."""
    global _folder, _line
    with _lock:
        if _folder is None:
            if not sys.executable:
                raise RuntimeError(
                    "the sharing strategy 'file_system' needs sys.executable, to run what removes its files"
                )
            base = "/dev/shm" if os.path.isdir("/dev/shm") else tempfile.gettempdir()
            path = os.path.join(base, f"torch_{os.getpid()}_{secrets.token_hex(4)}")
            far, near = os.pipe()
            actions = [
                (os.POSIX_SPAWN_DUP2, far, 0),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ]
            try:
                # Before the folder is there, so that nobody can be killed between the two. Ctrl-C is not meant for it.
                os.posix_spawn(
                    sys.executable,
                    [sys.executable, "-I", "-S", "-c", _GUARD, path],
                    dict(os.environ),
                    file_actions=actions,
                    setsigmask=[signal.SIGINT, signal.SIGHUP, signal.SIGTERM],
                )
            except BaseException:
                os.close(near)
                raise
            finally:
                os.close(far)
            _line = near
            os.mkdir(path, 0o700)
            _folder = path
        return _folder


def new_path() -> str:
    """A name that is not taken."""
    return os.path.join(folder(), f"{os.getpid()}_{next(_numbers)}")


def link(path: str) -> str:
    """Another name of a file, for a receiver."""
    name = new_path()
    try:
        os.link(path, name)
    except FileNotFoundError:
        raise RuntimeError(
            f"the shared memory file <{path}> is gone: the process that made the tensor has ended, so that it cannot "
            "be passed on. clone() it first"
        ) from None
    return name

"""Unfinished work that dies with its command: folders of its own, locks that say who holds them, renames in one step.

A command may be killed at any moment. What it had not finished stands in a folder of its own that is held by a
lock of the system; the system lets go of it when the process ends, however it ends, and the next command
clears such folders away. Nothing here is trusted to run at the end of a killed process.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from clearing_point.errors import MachineProblem

WAIT_VARIABLE = "CLEARING_POINT_WAIT"
_WAIT_SECONDS = 5.0
_PAUSE_SECONDS = 0.1
HOLD = ".held"
"""File of a work folder that its maker locks."""
_HERE, _SWAP = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of renameat2(2)

_held: dict[Path, int] = {}
_locks: dict[Path, int] = {}
"""Lock -> thread that holds it: calls of the same thread within one another are one, other threads wait."""


def waiting_seconds() -> float:
    """Return how long a command waits for another one before it gives up; ``CLEARING_POINT_WAIT`` says otherwise."""
    try:
        return max(0.0, float(os.environ.get(WAIT_VARIABLE, "")))
    except ValueError:
        return _WAIT_SECONDS


def work_folder(parent: Path, prefix: str) -> Path:
    """Make a folder that this process holds, closed to others; folders whose makers died are removed first."""
    with _gate(parent):
        _sweep(parent)
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        descriptor = os.open(folder / HOLD, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    _held[folder] = descriptor
    return folder


def drop_work(folder: Path) -> None:
    """Remove a work folder and all in it."""
    shutil.rmtree(folder, ignore_errors=True)
    descriptor = _held.pop(folder, None)
    if descriptor is not None:
        os.close(descriptor)


def sweep(parent: Path) -> None:
    """Remove the work folders of commands that were killed."""
    if parent.is_dir():
        with _gate(parent):
            _sweep(parent)


def _sweep(parent: Path) -> None:
    for hold in parent.glob(f"*/{HOLD}"):
        if hold.parent in _held:
            continue
        try:
            descriptor = os.open(hold, os.O_RDWR)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue  # its maker lives
        else:
            shutil.rmtree(hold.parent, ignore_errors=True)
        finally:
            os.close(descriptor)


@contextmanager
def _gate(parent: Path) -> Iterator[None]:
    """Between making a folder and holding it, nobody may take it for an abandoned one."""
    descriptor = os.open(parent.with_name(f".{parent.name}.gate"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def alone(lock: Path, doing: str, *, patience: float = 1.0) -> Iterator[bool]:
    """Hold a lock, waiting a little for another command; calls within one another are one, and the inner ones are told so.

    Parameters
    ----------
    doing : str
        What the holder does, as in "Another command is {doing}".
    patience : float
        How many times as long as usual to wait.

    Raises
    ------
    MachineProblem
        If another process or thread still holds it after :func:`waiting_seconds`; names the process.
    """
    if _locks.get(lock) == threading.get_ident():
        yield True
        return
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    held = False
    try:
        end = monotonic() + patience * waiting_seconds()
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if monotonic() >= end:
                    holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
                    who = f" (process {holder})" if holder.isdigit() else ""
                    raise MachineProblem(
                        f"Another command is {doing}{who}: wait for it to end and try again.", "busy"
                    ) from error
                sleep(_PAUSE_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        _locks[lock], held = threading.get_ident(), True
        yield False
    finally:
        if held:
            del _locks[lock]
        os.close(descriptor)


def exchange(one: Path, other: Path) -> None:
    """Exchange two folders in one step, where the system can (Linux); else in two."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 and renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _SWAP) == 0:
        return
    aside = other.with_name(f".{other.name}-old")
    shutil.rmtree(aside, ignore_errors=True)
    os.rename(other, aside)
    os.rename(one, other)
    shutil.rmtree(aside, ignore_errors=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, closed to others from its first byte."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise

"""Helping processes that end with the command that started them, however it ends.

A worker whose command was killed waits for work for ever: it would keep its memory, and the lock on a work
folder with rows of persons, which the next command could not clear away.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int | None = None) -> None:
    """Have the system kill this process when the one that started it ends (Linux; elsewhere nothing happens).

    Parameters
    ----------
    parent : int, optional
        Number of the process that started this one: if it ended before this was said, this one ends now.

    Notes
    -----
    The system looks at the thread that started the process: it has to outlive it, as in :func:`workers`. A server that
    ends idle threads would end its helpers so: one thread that lives as long as the server starts them all.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        os._exit(1)


def close_to_others() -> None:
    """Make every file of this process its owner's alone, and leave no image of its memory if it crashes."""
    os.umask(0o077)
    try:
        import resource
    except ImportError:  # pragma: no cover - not on Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def look_for_cycles_seldom() -> None:
    """Have Python look for objects that only hold each other a seventieth as often.

    A command reads a standard of some hundred thousand objects and keeps it until it ends: a tenth of a check went into
    looking through them.
    """
    gc.set_threshold(50_000, 20, 100)


@contextmanager
def workers(
    number: int, prepare: Callable[..., None] | None = None, *given: Any
) -> Iterator[ProcessPoolExecutor]:
    """Give a pool of fresh processes; each calls ``prepare(*given)`` first.

    Fresh, not forked: a fork would inherit open databases and their threads.
    """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(number, context, _begin, (os.getpid(), prepare, given)) as pool:
        yield pool


def _begin(parent: int, prepare: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    end_with_parent(parent)
    look_for_cycles_seldom()
    if prepare is not None:
        prepare(*given)

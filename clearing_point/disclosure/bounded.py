"""Work that must end: progress while it runs, and a sentence where it takes too long."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from clearing_point.errors import InputProblem

Say = Callable[[str], None]
_EVERY = 10.0


class _TimeIsOver(BaseException):
    """Ends the work wherever it is; no ``except Exception`` on the way may take it for its own."""


@contextmanager
def bounded(seconds: float, say: Say, too_long: Callable[[], str]) -> Iterator[None]:
    """Stop what runs in the main thread after so many seconds.

    An alarm clock of the system ends it, which works wherever the command was started: an interrupt would not arrive where
    the shell told the process to ignore it (``nohup``, cron). In another thread, or on a system without such a clock,
    progress is said and nothing is stopped.

    Parameters
    ----------
    say
        Takes a line about every ten seconds.
    too_long
        Gives the sentence of the refusal.

    Raises
    ------
    InputProblem
        Where the time is over.
    """
    began = time.monotonic()

    def passed() -> float:
        return time.monotonic() - began

    def tell() -> None:
        say(f"still at work: {passed():.0f} of at most {seconds:.0f} seconds")

    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        with _told(tell):
            yield
        return

    def ring(_signal: int, _frame: FrameType | None) -> None:
        if passed() >= seconds:
            raise _TimeIsOver
        tell()
        signal.setitimer(signal.ITIMER_REAL, _next(seconds - passed()))

    before = signal.signal(signal.SIGALRM, ring)
    clock, _ = signal.setitimer(signal.ITIMER_REAL, _next(seconds))
    try:
        yield
    except _TimeIsOver:
        raise InputProblem(too_long()) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if clock:
            # Somebody else's alarm was set: it rings when it would have rung.
            signal.setitimer(signal.ITIMER_REAL, max(clock - passed(), 0.001))


def _next(left: float) -> float:
    return max(min(_EVERY, left), 0.001)


@contextmanager
def _told(tell: Callable[[], None]) -> Iterator[None]:
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_EVERY):
            tell()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()

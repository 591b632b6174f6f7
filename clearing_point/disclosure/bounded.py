"""Work that must end: progress while it runs, and a sentence where it takes too long."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from clearing_point.disclosure.solver import TimeIsOver, ending_at
from clearing_point.errors import InputProblem

Say = Callable[[str], None]
_EVERY = 10.0


@contextmanager
def bounded(seconds: float, say: Say, too_long: Callable[[], str]) -> Iterator[None]:
    """Stop what runs in the main thread after so many seconds.

    An alarm clock of the system ends it, which works wherever the command was started: an interrupt would not arrive where
    the shell told the process to ignore it (``nohup``, cron). Inside the solver no alarm is heard, so it has the same
    deadline (:func:`.solver.ending_at`), and progress is said by a thread of its own. In another thread, or on a system
    without such a clock, only the solver is stopped.

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

    def tell() -> None:
        say(f"still at work: {time.monotonic() - began:.0f} of at most {seconds:.0f} seconds")

    try:
        with _told(tell), ending_at(began + seconds), _alarm(seconds):
            yield
    except TimeIsOver:
        raise InputProblem(too_long()) from None


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise :class:`TimeIsOver` in the main thread."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    began = time.monotonic()

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TimeIsOver

    before = signal.signal(signal.SIGALRM, ring)
    clock, _ = signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if clock:
            # Somebody else's alarm was set: it rings when it would have rung.
            signal.setitimer(signal.ITIMER_REAL, max(clock - (time.monotonic() - began), 0.001))


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

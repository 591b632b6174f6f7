"""Work that must end: progress while it runs, and a sentence where it takes too long."""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from clearing_point.errors import InputProblem

Say = Callable[[str], None]
_EVERY = 10.0


@contextmanager
def bounded(seconds: float, say: Say, too_long: Callable[[], str]) -> Iterator[None]:
    """Stop what runs in the main thread after so many seconds.

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
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    done, late = threading.Event(), threading.Event()
    began = time.monotonic()

    def watch() -> None:
        while not done.wait(min(_EVERY, max(0.05, began + seconds - time.monotonic()))):
            passed = time.monotonic() - began
            if passed >= seconds:
                late.set()
                _thread.interrupt_main()
                return
            say(f"still at work: {passed:.0f} of at most {seconds:.0f} seconds")

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
        done.set()
    except KeyboardInterrupt:
        if not late.is_set():
            raise
        raise InputProblem(too_long()) from None
    finally:
        done.set()
        watcher.join()

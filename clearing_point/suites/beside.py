"""Great Expectations in a process of its own, which imports it while the file is still being read.

The import takes longer than all checks of an ordinary workbook. Where a second core is free, it costs no
time; a process that has the library already, or one of several that share the cores, asks it directly.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from clearing_point.errors import InternalError
from clearing_point.processes import end_with_parent, look_for_cycles_seldom

_LIBRARY = "great_expectations"
_SECONDS_TO_END = 5
if TYPE_CHECKING:
    from clearing_point.suites.runner import Ask

_ASK: ContextVar[Ask | None] = ContextVar("ask", default=None)
"""Of the block around this one."""


@contextmanager
def library_beside() -> Iterator[Ask]:
    """Give something to call as :func:`~clearing_point.suites.runner.run_suites`, ready sooner.

    The process ends with the block, used or not; a block within another shares its process. Raises as ``run_suites``, and
    :class:`~clearing_point.errors.InternalError` if the process ends before it answers.
    """
    if _LIBRARY in sys.modules or (os.cpu_count() or 1) < 2:
        from clearing_point.suites.runner import run_suites

        yield run_suites
        return
    if (shared := _ASK.get()) is not None:
        yield shared
        return
    # Not multiprocessing: it would run the caller's own script again to find its main module.
    process = subprocess.Popen(
        [sys.executable, "-X", "utf8", "-m", "clearing_point.suites.beside"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdin is not None  # noqa: S101 - for the type checker
    assert process.stdout is not None  # noqa: S101
    asked_once = False

    def ask(*arguments: Any) -> Any:
        nonlocal asked_once
        asked_once = True
        try:
            pickle.dump(arguments, process.stdin)  # type: ignore[arg-type]
            process.stdin.flush()  # type: ignore[union-attr]
            good, answer = pickle.load(process.stdout)  # type: ignore[arg-type]  # noqa: S301 - of our own process
        except (EOFError, OSError) as error:
            raise InternalError(
                f"The process of Great Expectations ended with code {process.wait()} before it answered."
            ) from error
        if not good:
            raise InternalError(answer)
        return answer

    token = _ASK.set(ask)
    try:
        yield ask
    finally:
        _ASK.reset(token)
        with suppress(OSError):
            process.stdin.close()
        if asked_once:
            with suppress(subprocess.TimeoutExpired):  # it tidies up behind the library
                process.wait(_SECONDS_TO_END)
        process.kill()
        process.wait()
        process.stdout.close()


def main() -> None:
    """Answer questions from standard input on standard output until there are no more."""
    end_with_parent()
    look_for_cycles_seldom()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not stand between the answers
    from clearing_point.suites.runner import import_library, run_suites

    import_library()
    while True:
        try:
            arguments = pickle.load(sys.stdin.buffer)  # noqa: S301 - of our own process
        except EOFError:
            return
        try:
            answer: tuple[bool, Any] = (True, run_suites(*arguments))
        except InternalError as error:
            answer = (False, str(error))
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    main()

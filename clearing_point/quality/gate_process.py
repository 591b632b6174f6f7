"""Great Expectations in a process of its own, which imports it while the file is still being read.

The import takes longer than all checks of an ordinary workbook. Where a second core is free, it costs no
time; a process that has the library already, or one of several that share the cores, asks it directly.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from clearing_point.errors import InternalError
from clearing_point.quality.runner import Gate, import_library, run_gate

_LIBRARY = "great_expectations"
_SECONDS_TO_END = 5


@contextmanager
def gate_beside() -> Iterator[Gate]:
    """Give something to call as :func:`~clearing_point.quality.runner.run_gate`, ready sooner.

    The process ends with the block, used or not. Raises as ``run_gate``, and
    :class:`~clearing_point.errors.InternalError` if the process ends before it answers.
    """
    if _LIBRARY in sys.modules or (os.cpu_count() or 1) < 2:
        yield run_gate
        return
    context = multiprocessing.get_context("spawn")  # a fork would inherit open databases
    questions, asked = context.Pipe(duplex=False)
    answers, answered = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(questions, answered), daemon=True)
    process.start()
    questions.close()
    answered.close()

    asked_once = False

    def ask(*arguments: Any) -> Any:
        nonlocal asked_once
        asked_once = True
        try:
            asked.send(arguments)
            good, answer = answers.recv()
        except (EOFError, OSError) as error:
            process.join()
            raise InternalError(
                f"The process of Great Expectations ended with code {process.exitcode} before it answered."
            ) from error
        if not good:
            raise InternalError(answer)
        return answer

    try:
        yield ask
    finally:
        asked.close()
        if asked_once:
            process.join(_SECONDS_TO_END)  # it tidies up behind the library
        process.kill()
        process.join()
        answers.close()


def _serve(questions: Any, answered: Any) -> None:
    import_library()
    while True:
        try:
            arguments = questions.recv()
        except EOFError:
            return
        try:
            answered.send((True, run_gate(*arguments)))
        except InternalError as error:
            answered.send((False, str(error)))

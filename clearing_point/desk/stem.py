"""What is imported once, before jobs are forked from it: libraries and the standard, never a row and no open file.

Only the stem and the jobs import this module, never the process that serves pages: it binds the process that
imports it to the life of the one that started it.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from clearing_point.desk.lifeline import STEM
from clearing_point.errors import InputProblem, of_the_machine
from clearing_point.processes import close_to_others, end_with_parent

_ADDRESS_BYTES = 6 << 30
_KNOWN_THREADS = ("python", "clearing-point", "jemalloc", "pool", "arrow", "duckdb", "main")
Tell = Callable[[str], None]


def entry(run: str, task: dict[str, Any], pipe: Any) -> None:
    """Do one job in a process of its own: tell its stages and its end through a pipe, and leave nothing else.

    Parameters
    ----------
    run : str
        ``module:function`` that does it: takes the task and a function to tell stages.
    """
    end_with_parent(STEM)
    close_to_others()
    silent = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(silent, number)  # what a library prints may hold a value, and nobody reads it
    os.environ["CLEARING_POINT_WAIT"] = "120"
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_BYTES, _ADDRESS_BYTES))
    module, _, name = run.partition(":")
    before = sum(os.times()[:4])
    answer: dict[str, Any]
    try:
        answer = {
            "done": getattr(import_module(module), name)(task, lambda stage: pipe.send({"stage": stage}))
        }
    except BaseException as error:  # whatever it is, the server must hear of it, and of no value
        answer = _said(error)
    answer["cpu"] = round(sum(os.times()[:4]) - before, 3)
    answer["memory_kib"] = own_memory()
    pipe.send(answer)
    pipe.close()


def _said(error: BaseException) -> dict[str, Any]:
    machine = of_the_machine(error)
    if machine is not None:
        return {"machine": str(machine)}
    if isinstance(error, InputProblem):
        if "Another command" in str(error) or "in use by another" in str(error):
            return {"busy": str(error)}
        # What is kept of it is JSON, which knows no path and no day.
        filled = {name: part if isinstance(part, int) else str(part) for name, part in error.filled.items()}
        return {"problem": str(error), "code": error.code or "problem_other", "filled": filled}
    # The text of an error of the program may hold a value: kind and place are enough to report it.
    return {"failed": f"{type(error).__name__} in {_place_of(error)}"}


def _place_of(error: BaseException) -> str:
    """Return file and line at which something was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def own_memory() -> int:
    """Return how many KiB of this process's memory are its own and not shared with the stem (Linux; else 0)."""
    try:
        lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty"))


def strange_threads() -> list[str]:
    """Return the names of threads in this process that nobody expects in a stem: forking beside them is not safe."""
    if sys.platform != "linux":
        return []
    names = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            names.append((task / "comm").read_text(encoding="utf-8").strip())
    return [name for name in names if not name.startswith(_KNOWN_THREADS)]

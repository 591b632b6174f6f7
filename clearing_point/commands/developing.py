"""For developers, on synthetic data only: the traceback, SQL and step of a failure, and how long each step took.

The text of an unexpected error may hold a value of a person, which is why a command says its kind and place alone. Where
every row is synthetic nothing can be given away.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, process_time
from types import TracebackType

from clearing_point.errors import UsageProblem
from clearing_point.project import Project, find_project

TRACEBACK, TIMINGS = "--traceback", "--timings"
_SQL = re.compile(r"\s*(SELECT|WITH|CREATE|INSERT|UPDATE|DELETE|COPY|ATTACH)\b", re.IGNORECASE)
_SHOWN = 4_000
"""Characters of SQL that are printed of one frame."""


class Steps:
    """The steps of a command: what it does now, and how long each took by the clock and the processor."""

    def __init__(self) -> None:
        self.now = ""
        self.timed = False
        self._began = (monotonic(), process_time())

    def step(self, text: str) -> None:
        """Begin a step; the one before is over. A text that only counts on is the same step."""
        if _name(text) != _name(self.now):
            self.end()
            self._began = (monotonic(), process_time())
        self.now = text

    def end(self) -> None:
        """Say how long the step took that runs now, where that is asked for."""
        if self.timed and self.now:
            clock, processor = monotonic() - self._began[0], process_time() - self._began[1]
            print(f"{clock:7.2f} s {processor:7.2f} s of processor  {_name(self.now)}", file=sys.stderr)


STEPS = Steps()


def _name(text: str) -> str:
    """Return a step without its counts: ``protecting: T01 3 of 40`` is one step with ``4 of 40``."""
    return re.sub(r"\s+\d+ of \d+$", "", text)


def refuse_real_data(arguments: Sequence[str]) -> None:
    """Refuse to show a failure where anything may be a person's: rows that are not synthetic, or a file from elsewhere.

    Raises
    ------
    UsageProblem
        Saying why.
    """
    project = find_project(_named("--project", arguments), _named("--data", arguments))
    if not _all_synthetic(project):
        raise UsageProblem(
            f"{TRACEBACK} shows texts of errors, which may hold values: it works where every submission is synthetic "
            "(`clearing-point demo`), and this data folder has others."
        )
    written = project.data / "submissions"
    for word in arguments:
        path = Path(word).resolve()
        if not word.startswith("-") and path.is_file() and not path.is_relative_to(written):
            raise UsageProblem(
                f"{TRACEBACK} takes no file but those that the demonstration wrote ({written})."
            )


def _named(option: str, arguments: Sequence[str]) -> Path | None:
    for at, word in enumerate(arguments):
        if word == option and at + 1 < len(arguments):
            return Path(arguments[at + 1])
        if word.startswith(f"{option}="):
            return Path(word.partition("=")[2])
    return None


def _all_synthetic(project: Project) -> bool:
    if not project.warehouse.exists():
        # Without a warehouse the archive tells: what was received once may be received again.
        return not (project.archive.is_dir() and any(project.archive.iterdir()))
    from clearing_point.warehouse.connection import opened

    with opened(project.warehouse, read_only=True) as connection:
        row = connection.execute(
            "SELECT count(*) FILTER (NOT made_data AND use = 'count') FROM raw.submission"
        ).fetchone()
    return bool(row[0] == 0)


def explained(error: BaseException) -> str:
    """Return the step, the traceback and the SQL of a failure, of its causes too."""
    parts = [f"Step: {STEPS.now or 'before the first'}"]
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        parts += _statements(cause.__traceback__)
        cause = cause.__cause__ or cause.__context__
    parts.append("".join(traceback.format_exception(error)).rstrip())
    return "\n\n".join(parts)


def _statements(trace: TracebackType | None) -> list[str]:
    """Return the SQL that stands in the frames of a failure, innermost last."""
    found: dict[str, str] = {}
    while trace is not None:
        where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        for value in trace.tb_frame.f_locals.values():
            if isinstance(value, str) and _SQL.match(value):
                found[value] = where
        trace = trace.tb_next
    return [f"SQL at {where}:\n{text[:_SHOWN]}" for text, where in found.items()]

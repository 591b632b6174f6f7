"""The run log as who runs the machine reads it: the last scheduled build, one that failed, one that never ended."""

from __future__ import annotations

import json
from typing import Any

from clearing_point.operations.answers import LOOK, OFFICER, OK, OPERATOR, WRONG, Said, hours_since
from clearing_point.operations.leftovers import alive
from clearing_point.project import Project
from clearing_point.report.nightly_run import BEGUN

_RUN_HOURS = 36
LOCK_HOURS = 3
"""How long a command may be at work."""


def last_run(project: Project) -> Said:
    """Did the scheduled build run lately, to its end, and well?"""
    if not project.run_log.is_file():
        return LOOK, "none has left a line yet.", OPERATOR, {"runs": 0}
    read = [_line_of(line) for line in project.run_log.read_bytes().splitlines() if line]
    every = [line for line in read if line]
    lines = [line for line in every if line["outcome"] != BEGUN]
    good = [line for line in lines if line["outcome"] != "failed"]
    facts: dict[str, Any] = {
        "runs": len(lines),
        "hours_since_success": None,
        "last": lines[-1] if lines else None,
        "cut_off": len(read) - len(every),
    }
    if read and not read[-1]:
        return WRONG, "the last line of runs.log is cut off: was the disk full?", OPERATOR, facts
    for each in _never_ended(every):
        said = f"edition {each['edition']}, begun {each['at']}, never ended: it was killed, or the machine went down."
        return WRONG, said, OPERATOR, facts
    if lines and (last := _failing(lines)):
        whom = OFFICER if last["exit_code"] == 1 else OPERATOR
        return WRONG, f"edition {last['edition']} failed at '{last['step']}': {last['reason']}", whom, facts
    if not good:
        return LOOK, "none has left a line yet.", OPERATOR, facts
    hours = hours_since(good[-1]["at"])
    facts["hours_since_success"] = round(hours, 1)
    said = f"edition {good[-1]['edition']}, {good[-1]['outcome']}, {hours:.0f} hours ago"
    if hours > _RUN_HOURS:
        return WRONG, f"{said}: the timer does not run.", OPERATOR, facts
    return OK, f"{said}.", "", facts


def _failing(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the line of a failure that stands: the last one's, or that of an edition whose newest run failed last night.

    Where two editions have a timer each, the good run of one says nothing of the other.
    """
    newest = {line["edition"]: line for line in lines}
    failed = [line for line in newest.values() if line["outcome"] == "failed"]
    standing = [x for x in failed if x is lines[-1] or hours_since(x["at"]) < _RUN_HOURS]
    return max(standing, key=lines.index, default={})


def _never_ended(every: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of runs that began, have not ended, are not at work, and that no good run of the edition followed."""
    begun: dict[tuple[int, str, int | None], dict[str, Any]] = {}
    for line in every:
        run = line["edition"], line["at"], line.get("process")  # two may begin in one second
        if line["outcome"] == BEGUN:
            begun[run] = line
            continue
        begun.pop(run, None)
        if line["outcome"] != "failed":
            begun = {key: each for key, each in begun.items() if key[0] != line["edition"]}
    # Another process may have the number of one that died long ago.
    return [
        each
        for each in begun.values()
        if not (alive(str(each["process"])) and hours_since(each["at"]) < LOCK_HOURS)
    ]


def _line_of(line: bytes) -> dict[str, Any]:
    """Read a line of the run log; nothing of one that was cut off."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) and {"at", "outcome", "exit_code"} <= found.keys() else {}

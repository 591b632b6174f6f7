"""The state of an edition: a draft until a person opens it, published once it is out, closed when nothing may follow.

Lines are only added to ``publications/states.csv``: year, state, day and time, role, reason. *Published* is no line but a
fact: the ledger holds an issue of the edition. What was last decided of each edition is kept a second time beside the
receipts (``archive/states-head.json``), so that a file that is lost or older is noticed: without it, a closed edition
would be worked on.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import NamedTuple

from clearing_point.disclosure import Ledger
from clearing_point.errors import InputProblem, MachineProblem, UsageProblem
from clearing_point.project import Project
from clearing_point.publication.lost_ledger import refuse_lost_ledger
from clearing_point.warehouse.events import now
from clearing_point.workplace import write_whole

DRAFT, OPEN, PUBLISHED, CLOSED = "draft", "open", "published", "closed"
SET_BY_PERSONS = (OPEN, DRAFT, CLOSED)
_FIELDS = ("edition", "state", "at", "role", "reason")


class StateLine(NamedTuple):
    """One decision of a person about an edition."""

    edition: int
    state: str
    at: str
    role: str
    reason: str


def lines(project: Project) -> list[StateLine]:
    """Return every decision, in order.

    Raises
    ------
    MachineProblem
        If the file is damaged.
    """
    path = _file(project)
    if not path.is_file():
        return []
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
        return [StateLine(int(year), state, at, role, reason) for year, state, at, role, reason in rows[1:]]
    except (ValueError, csv.Error) as error:
        raise MachineProblem(f"{path} is damaged: put it back from the backup.") from error


def head_file(project: Project) -> Path:
    """Return where the last decision about each edition is remembered: beside the receipts, not beside the file itself."""
    return project.receipts.with_name("states-head.json")


def refuse_lost_states(project: Project) -> None:
    """Stop where decisions were made that the file of states does not hold.

    Raises
    ------
    MachineProblem
        Naming editions and states that the archive remembers, and what to do.
    """
    lost = _lost(project)
    if lost:
        first = next(iter(lost))
        raise MachineProblem(
            f"{_file(project)} is lost or older than what was decided: "
            f"{', '.join(f'edition {year} was set to {state}' for year, state in lost.items())}. Put it back from the "
            "newest backup; where none has it, the person whose role it is decides again: "
            f"`clearing-point edition {first} --state {lost[first]} --role ROLE`."
        )


def state_of(project: Project, year: int) -> str:
    """Return the state of an edition.

    Raises
    ------
    MachineProblem
        If the file of states is damaged, lost or older than what was decided.
    """
    refuse_lost_states(project)
    return _present(project, year)


def _present(project: Project, year: int) -> str:
    said = [line.state for line in lines(project) if line.edition == year]
    if said and said[-1] == CLOSED:
        return CLOSED
    if any(issue.note.get("edition") == year for issue in Ledger(project.ledger).issues()):
        return PUBLISHED
    return said[-1] if said else DRAFT


def set_state(project: Project, year: int, state: str, role: str, reason: str = "") -> None:
    """Note that a person in a role opened an edition, took it back to a draft, or closed it.

    Raises
    ------
    UsageProblem
        Where nobody's role is named, or there is no such state.
    InputProblem
        Where that state cannot follow the present one.
    MachineProblem
        Where the ledger is lost: the present state is not known without it.
    """
    if state not in SET_BY_PERSONS:
        raise UsageProblem(f"There is no state '{state}' to set: {', '.join(SET_BY_PERSONS)}.")
    if not role.strip():
        raise UsageProblem("Say in which role you decide this: --role 'head of the office'.")
    refuse_lost_ledger(project)
    lost = _lost(project)
    # A decision that is lost may be made again; so may what could have followed it.
    present = lost.get(year) or _present(project, year)
    follows = {DRAFT: (OPEN,), OPEN: (DRAFT,), PUBLISHED: (CLOSED,), CLOSED: (OPEN,)}
    may = (*((present,) if year in lost else ()), *follows[present])
    if state not in may:
        raise InputProblem(
            f"Edition {year} is {present}; from there it can be set to {' or '.join(may)}, not to {state}."
        )
    every = [*lines(project), StateLine(year, state, now().isoformat() + "Z", role.strip(), reason.strip())]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_FIELDS)
    writer.writerows(every)
    head = {
        **_last(every),
        **{y: last for y, last in _remembered(project).items() if y in lost and y != year},
    }
    # Both are written before either is put in place: on a full disk nothing is decided.
    prepared = head_file(project).with_suffix(".new")
    try:
        write_whole(prepared, (json.dumps(head) + "\n").encode())
        write_whole(_file(project), text.getvalue().encode())
        prepared.replace(head_file(project))
    finally:
        prepared.unlink(missing_ok=True)


def refuse_closed(project: Project, year: int) -> None:
    """Stop where an edition is closed.

    Raises
    ------
    InputProblem
        Saying how it is opened again.
    """
    if state_of(project, year) == CLOSED:
        raise InputProblem(
            f"Edition {year} is closed: nothing of it is made again. "
            f"`clearing-point edition {year} --state open --role ROLE` opens it."
        )


def _file(project: Project) -> Path:
    return project.ledger.with_name("states.csv")


def _last(every: list[StateLine]) -> dict[int, tuple[str, str]]:
    return {line.edition: (line.state, line.at) for line in every}


def _remembered(project: Project) -> dict[int, tuple[str, str]]:
    path = head_file(project)
    if not path.is_file():
        return {}
    try:
        return {
            int(year): (str(state), str(at)) for year, (state, at) in json.loads(path.read_bytes()).items()
        }
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise MachineProblem(f"{path} cannot be read: put it back from the backup.") from error


def _lost(project: Project) -> dict[int, str]:
    """Return the last decision about each edition that the file does not hold; it may hold newer ones."""
    if project.ledger_folder is not None:
        return {}  # a copy of the ledger, made to try something: states are not copied
    there = {(line.edition, line.state, line.at) for line in lines(project)}
    return {
        year: state for year, (state, at) in _remembered(project).items() if (year, state, at) not in there
    }

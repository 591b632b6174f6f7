"""The state of an edition: a draft until a person opens it, published once it is out, closed when nothing may follow.

Lines are only added to ``publications/states.csv``: year, state, day and time, role, reason. *Published* is no line but a
fact: the ledger holds an issue of the edition.
"""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

from clearing_point.disclosure import Ledger
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.publication.lost_ledger import refuse_lost_ledger
from clearing_point.warehouse.events import now
from clearing_point.workplace import write_whole

DRAFT, OPEN, PUBLISHED, CLOSED = "draft", "open", "published", "closed"
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
    InputProblem
        If the file is damaged.
    """
    path = project.ledger.with_name("states.csv")
    if not path.is_file():
        return []
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
        return [StateLine(int(year), state, at, role, reason) for year, state, at, role, reason in rows[1:]]
    except (ValueError, csv.Error) as error:
        raise InputProblem(f"{path} is damaged: put it back from the backup.") from error


def state_of(project: Project, year: int) -> str:
    """Return the state of an edition."""
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
    InputProblem
        Where that state cannot follow the present one, nobody's role is named, or the ledger is lost: the present
        state is not known without it.
    """
    refuse_lost_ledger(project)
    present = state_of(project, year)
    may = {DRAFT: (OPEN,), OPEN: (DRAFT,), PUBLISHED: (CLOSED,), CLOSED: (OPEN,)}
    if state not in may[present]:
        raise InputProblem(
            f"Edition {year} is {present}; from there it can be set to {' or '.join(may[present])}, not to {state}."
        )
    if not role.strip():
        raise InputProblem("Say in which role you decide this: --role 'head of the office'.")
    every = [*lines(project), StateLine(year, state, now().isoformat() + "Z", role.strip(), reason.strip())]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_FIELDS)
    writer.writerows(every)
    write_whole(project.ledger.with_name("states.csv"), text.getvalue().encode())


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

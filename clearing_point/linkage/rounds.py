"""The end of a linkage round: its tokens are forgotten, its links stay under the clearing point's own numbers.

Two files of the data folder (``linkage/``) outlive every rebuild: ``rounds.csv`` says when a round ended, so that tokens
which a rebuild reads from the archive again are forgotten again; ``carried.csv`` holds the links, by numbers of cases.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

from clearing_point.errors import InputProblem, UsageProblem
from clearing_point.linkage.files import read_rows, replace_file
from clearing_point.linkage.link import SAME, Decided
from clearing_point.linkage.settings import LinkageSettings
from clearing_point.project import Project

_PLACES = ("staged.person", "core.person")
_ROUND = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{2,39}")
_CARRIED = ("round", "person", "first")


@dataclass(frozen=True)
class Ended:
    """One line of ``rounds.csv``: tokens of submissions received until then are forgotten."""

    round: str
    ended_at: str
    role: str


@dataclass(frozen=True)
class EndedRound:
    """What the end of a round did: counts only."""

    round: str
    rows_forgotten: int
    links_kept: int

    def sentence(self) -> str:
        """Return one line for a person."""
        return (
            f"Round {self.round} is ended: the tokens of {self.rows_forgotten} rows are forgotten, {self.links_kept} links "
            "stay. Senders and custodian now destroy the keys of the round."
        )


def carried_over(groups: Iterable[tuple[str, str]]) -> list[Decided]:
    """Turn the groups of an ended round (:func:`clearing_point.linkage.numbers.groups_of`) into links of the next one.

    They hold like decisions, so a person who was recognised stays one person although no token of hers is left. Put them
    before the decisions of people: of two about one pair, the last one counts.
    """
    return [
        Decided(min(person, first), max(person, first), SAME) for person, first in groups if person != first
    ]


def load_carried(project: Project) -> list[tuple[str, str]]:
    """Return (person, first person of the group) of every link of an ended round; the newest round counts."""
    found = {}
    for _, person, first in read_rows(project.data / "linkage" / "carried.csv", _CARRIED):
        found[person] = first
    return sorted(found.items())


def load_rounds(project: Project) -> list[Ended]:
    """Return the rounds that have ended, in the order of the file.

    Raises
    ------
    InputProblem
        With the line, if the file is not what :func:`end_round` writes.
    """
    path = project.data / "linkage" / "rounds.csv"
    found = []
    for number, cells in enumerate(read_rows(path, [f.name for f in fields(Ended)]), start=2):
        try:
            datetime.datetime.fromisoformat(cells[1])
        except ValueError as error:
            raise InputProblem(
                f"{path.name}:{number}: the time is no time such as 2026-01-31T12:00:00."
            ) from error
        found.append(Ended(*cells))
    return found


def end_round(
    project: Project,
    connection: Any,
    settings: LinkageSettings,
    name: str,
    role: str,
    groups: Sequence[tuple[str, str]],
    ended_at: datetime.datetime,
) -> EndedRound:
    """Keep the links of a round and forget its tokens.

    The links are written first: a run that breaks off in between loses nothing and may be repeated.

    Parameters
    ----------
    connection : duckdb connection
        The warehouse, open for writing.
    groups : sequence of (str, str)
        Of :func:`clearing_point.linkage.numbers.groups_of`.

    Raises
    ------
    UsageProblem
        If round or role are not named as they must be.
    InputProblem
        If the round has ended already.
    """
    if not _ROUND.fullmatch(name):
        raise UsageProblem("Name the round with 3 to 40 letters, digits, dots or dashes, such as 2026-1.")
    if not re.fullmatch(r"[a-z]+(?: [a-z]+){0,5}", role):
        raise UsageProblem("Give the role in small letters, such as 'data officer': no name.")
    earlier = load_rounds(project)
    if any(e.round == name for e in earlier):
        raise InputProblem(f"Round {name} has ended already: see linkage/rounds.csv of the data folder.")
    kept = {**dict(load_carried(project)), **{p: f for p, f in groups if p != f}}
    folder = project.data / "linkage"
    replace_file(
        folder / "carried.csv",
        _text(_CARRIED, [(name, person, first) for person, first in sorted(kept.items())]),
    )
    ended = [*earlier, Ended(name, ended_at.isoformat(timespec="seconds"), role)]
    replace_file(folder / "rounds.csv", _text([f.name for f in fields(Ended)], [astuple(e) for e in ended]))
    return EndedRound(name, forget_tokens(connection, settings, until=ended_at), len(kept))


def forget_ended(project: Project, connection: Any, settings: LinkageSettings) -> int:
    """Forget the tokens of every round that has ended, in a warehouse that was made anew; return the rows that held one."""
    times = [datetime.datetime.fromisoformat(e.ended_at) for e in load_rounds(project)]
    return forget_tokens(connection, settings, until=max(times)) if times else 0


def forget_tokens(
    connection: Any, settings: LinkageSettings, *, until: datetime.datetime | None = None
) -> int:
    """Empty the token columns of persons in the warehouse and return how many rows held one.

    What was received stays in the archive and in ``raw`` as evidence of the submission; without the round's key, which the
    senders destroy, nobody can make a token that it could be compared with.

    All of it or nothing is changed.

    Parameters
    ----------
    until : datetime, optional
        Only those of submissions received until then.
    """
    columns = [f'"{column}"' for column in settings.writes.values()]
    held = "(" + " OR ".join(f"{column} IS NOT NULL" for column in columns) + ")"
    emptied = ", ".join(f"{column} = NULL" for column in columns)
    received, parameters = "", []
    if until is not None:
        received = " AND submission_id IN (SELECT submission_id FROM raw.submission WHERE received_at <= ?)"
        parameters = [until]
    changed = 0
    connection.execute("BEGIN TRANSACTION")
    try:
        for place in _PLACES:
            statement = f"UPDATE {place} SET {emptied} WHERE {held}{received}"
            changed += int(connection.execute(statement, parameters).fetchone()[0])
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return changed


def _text(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows(rows)
    return text.getvalue()

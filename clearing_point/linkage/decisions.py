"""Clerical review as data: what somebody decided about two reports, when, in which role and why.

Decisions stand in ``linkage/decisions.csv`` of the data folder, apart from the warehouse: they outlive rebuilds and new
submissions. They name the clearing point's numbers of two cases, never a person.
"""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from clearing_point.errors import InputProblem, UsageProblem
from clearing_point.linkage.files import decisions_file, read_rows, replace_file
from clearing_point.linkage.inputs import PERSON
from clearing_point.linkage.link import CANDIDATE, DIFFERENT, LINK, SAME, Decided
from clearing_point.linkage.settings import LinkageSettings
from clearing_point.project import Project
from clearing_point.warehouse.events import now

_ROLE = re.compile(r"[a-z]+(?: [a-z]+){0,5}")
_LONG_NUMBER = re.compile(r"\d{5,}|@")
_EVIDENCE = ("sex", "birth_year", "citizenship")


@dataclass(frozen=True)
class Decision:
    """One line of ``decisions.csv``; ``person_a < person_b`` are the clearing point's numbers."""

    candidate: str
    person_a: str
    person_b: str
    decision: str
    decided_on: str
    role: str
    reason: str
    evidence: str


@dataclass(frozen=True)
class Candidate:
    """An open pair as the clearing point's reviewer sees it: case numbers, no values of persons."""

    candidate: str
    kind: str
    level: str
    probability: float
    sender_a: str
    case_a: str
    sender_b: str
    case_b: str


def load_decisions(project: Project, first: int | None = None) -> tuple[Decision, ...]:
    """Read the decisions; of several about one pair the last line counts.

    Parameters
    ----------
    first : int, optional
        Only so many lines: lines are only ever added, so this is what had been decided when there were so many.

    Raises
    ------
    InputProblem
        With the line, if the file is not what :func:`decide` writes.
    """
    path = decisions_file(project)
    last: dict[tuple[str, str], Decision] = {}
    rows = read_rows(path, [f.name for f in fields(Decision)])
    if first is not None and len(rows) < first:
        raise InputProblem(
            f"{path.name} had {first} decisions when an edition was published and has {len(rows)} now: restore the file."
        )
    for number, cells in enumerate(rows[:first], start=2):
        found = Decision(*cells)
        if found.decision not in (SAME, DIFFERENT) or not found.person_a < found.person_b:
            raise InputProblem(
                f"{path.name}:{number}: not a decision: same or different, smaller number first."
            )
        last[found.person_a, found.person_b] = found
    return tuple(last[key] for key in sorted(last))


def count_decisions(project: Project) -> int:
    """Return how many lines of decisions there are."""
    return len(read_rows(decisions_file(project), [f.name for f in fields(Decision)]))


def as_decided(decisions: Sequence[Decision]) -> list[Decided]:
    """Return decisions as :func:`clearing_point.linkage.link.link` takes them."""
    return [Decided(d.person_a, d.person_b, d.decision) for d in decisions]


def open_candidates(connection: Any) -> list[Candidate]:
    """List the open pairs, the surest first, for the clearing point's reviewer only."""
    rows = connection.execute(
        f"SELECT candidate, kind, level, probability, x.sender, x.case_number, y.sender, y.case_number FROM {CANDIDATE} "
        f"JOIN {PERSON} AS x ON x.number = a JOIN {PERSON} AS y ON y.number = b ORDER BY probability DESC, candidate"
    ).fetchall()
    return [Candidate(*row) for row in rows]


def cases_to_check(
    connection: Any, settings: LinkageSettings, sender: str, round_name: str
) -> tuple[str, ...]:
    """List the sender's own cases whose spelling and dates she is asked to check: all that she ever sees.

    Nothing says with whom, where or when a case may have been seen. A part of her cases (``asked_anyway``), drawn by a hash
    of the round, is asked about without any candidate, so that being asked is no proof; pairs that are certain are not
    asked about at all.
    """
    share = float(settings.link["asked_anyway"])
    rows = connection.execute(
        f"SELECT DISTINCT case_number FROM {PERSON} AS p WHERE sender = ? AND (number IN (SELECT a FROM {CANDIDATE}) "
        f"OR number IN (SELECT b FROM {CANDIDATE}) OR CAST('0x' || left(sha256(? || p.person_id), 8) AS UBIGINT) "
        f"< {share!r} * 4294967296) ORDER BY case_number",
        [sender, round_name],
    ).fetchall()
    return tuple(str(row[0]) for row in rows)


def day_of(text: str) -> datetime.date:
    """Return the day of a decision, today where none is given.

    Raises
    ------
    UsageProblem
        If it is no date such as 2026-03-05.
    """
    try:
        return datetime.date.fromisoformat(text) if text else now().date()
    except ValueError as error:
        raise UsageProblem("Give the date as 2026-03-05.") from error


def decide(
    project: Project,
    connection: Any,
    *,
    candidate: str,
    decision: str,
    role: str,
    reason: str,
    decided_on: datetime.date,
) -> Decision:
    """Write a decision about an open pair, or about a link that was made, and return it.

    Raises
    ------
    UsageProblem
        If the decision is none, or role or reason are missing.
    InputProblem
        If there is no such pair, or the reason seems to hold an identifier.
    """
    if decision not in (SAME, DIFFERENT):
        raise UsageProblem(f"A decision is '{SAME}' or '{DIFFERENT}'.")
    if not _ROLE.fullmatch(role):
        raise UsageProblem("Give the role in small letters, such as 'data officer': no name.")
    reason = " ".join(reason.split())
    if len(reason) < 10:
        raise UsageProblem("Give a reason of at least ten letters.")
    if _LONG_NUMBER.search(reason):
        raise InputProblem("The reason seems to hold a number of a person: say why without it.")
    row = connection.execute(
        "SELECT x.person_id, y.person_id FROM (SELECT a, b FROM "
        f"{CANDIDATE} UNION SELECT a, b FROM {LINK}) JOIN {PERSON} AS x ON x.number = a JOIN {PERSON} AS y ON y.number = b "
        "WHERE left(sha256(x.person_id || '+' || y.person_id), 12) = ?",
        [candidate],
    ).fetchone()
    if row is None:
        raise InputProblem(
            f"There is no pair {candidate[:12]}: `clearing-point duplicates list` shows those that are open."
        )
    made = Decision(
        candidate,
        row[0],
        row[1],
        decision,
        decided_on.isoformat(),
        role,
        reason,
        _evidence(connection, row)[tuple(row)],
    )
    _append(decisions_file(project), made)
    return made


def stale(connection: Any, decisions: Sequence[Decision]) -> list[str]:
    """Say which decisions no longer stand on what they stood on: a case is gone, or what was known of it changed.

    A decision about changed cases still holds until somebody decides anew; one about a case that is gone does nothing.
    """
    now = _evidence_of(connection, [(d.person_a, d.person_b) for d in decisions])
    sentences = []
    for d in decisions:
        evidence = now.get((d.person_a, d.person_b))
        if evidence is None:
            sentences.append(
                f"Decision {d.candidate} of {d.decided_on}: a case is no longer in the data; it has no effect."
            )
        elif evidence != d.evidence:
            sentences.append(
                f"Decision {d.candidate} of {d.decided_on}: sex, year of birth or citizenship of a case changed since; "
                "look at it again."
            )
    return sentences


def _evidence(connection: Any, pair: Sequence[str]) -> Mapping[tuple[str, ...], str]:
    return _evidence_of(connection, [(pair[0], pair[1])])


def _evidence_of(connection: Any, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, ...], str]:
    """Return a digest of what is known of both persons, without tokens: those change with every round."""
    import pyarrow as pa

    table = {
        "a": pa.array([p[0] for p in pairs], pa.string()),
        "b": pa.array([p[1] for p in pairs], pa.string()),
    }
    connection.register("linkage_asked", pa.table(table))
    columns = ", ".join(f"{side}.{c}" for side in ("x", "y") for c in _EVIDENCE)
    rows = connection.execute(
        f"SELECT a, b, {columns} FROM linkage_asked JOIN {PERSON} AS x ON x.person_id = a "
        f"JOIN {PERSON} AS y ON y.person_id = b"
    ).fetchall()
    connection.unregister("linkage_asked")
    return {(r[0], r[1]): hashlib.sha256(repr(r[2:]).encode()).hexdigest()[:16] for r in rows}


def _append(path: Path, decision: Decision) -> None:
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if not before:
        writer.writerow([f.name for f in fields(Decision)])
    writer.writerow(list(asdict(decision).values()))
    replace_file(path, before + text.getvalue())

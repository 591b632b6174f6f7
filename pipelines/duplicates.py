"""What the office does about persons who may be reported twice: look, decide, ask senders, end a round."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.analysis.count import open_current
from clearing_point.analysis.persons import LINKED
from clearing_point.errors import InputProblem, UsageProblem
from clearing_point.linkage.decisions import (
    Candidate,
    Decision,
    cases_to_check,
    decide,
    load_decisions,
    open_candidates,
)
from clearing_point.linkage.numbers import (
    Organisations,
    Overlap,
    ThreeNumbers,
    groups_of,
    organisations_beside_coordinator,
    overlap_of_organisations,
    overlap_of_territories,
    three_numbers,
)
from clearing_point.linkage.rounds import EndedRound, end_round
from clearing_point.linkage.settings import load_linkage
from clearing_point.linkage.step import LinkedSubmissions, link_submissions
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import connect, opened
from clearing_point.warehouse.events import now
from clearing_point.warehouse.receipts import nothing_loaded


@dataclass(frozen=True)
class Duplicates:
    """What stands about persons who may be reported twice; for the office only.

    Attributes
    ----------
    open : tuple of Candidate
        The surest first.
    numbers : ThreeNumbers
        Of all years and territories together.
    territories, organisations : tuple of Overlap
        Persons that two territories, or two senders of one territory, both report.
    beside_coordinator : tuple of Organisations
        Years in which organisations together report another number than the national coordinator (rule U03).
    stale : tuple of str
        Decisions to look at again.
    """

    open: tuple[Candidate, ...]
    links: int
    decisions: int
    numbers: ThreeNumbers
    territories: tuple[Overlap, ...]
    organisations: tuple[Overlap, ...]
    beside_coordinator: tuple[Organisations, ...]
    stale: tuple[str, ...]


@contextmanager
def _linked(project: Project, standard: Standard) -> Iterator[tuple[Any, LinkedSubmissions]]:
    if not project.warehouse.exists():
        raise nothing_loaded(project.receipts)
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        if not open_current(connection, standard):
            raise InputProblem("No accepted submission counts persons: see `clearing-point status`.")
        yield connection, link_submissions(project, standard, connection, LINKED)
    finally:
        connection.close()


def list_duplicates(project: Project, standard: Standard) -> Duplicates:
    """Link the submissions in force and return what is open, what was decided and what it does to the counts.

    Raises
    ------
    InputProblem
        If nothing is loaded that counts persons.
    """
    with _linked(project, standard) as (connection, found):
        territories = sorted(
            {
                r[0]
                for r in connection.execute('SELECT territory FROM "current".submission').fetchall()
                if r[0]
            }
        )
        return Duplicates(
            open=tuple(open_candidates(connection)),
            links=found.linked.links,
            decisions=len(found.decisions),
            numbers=three_numbers(connection, found.linked),
            territories=tuple(overlap_of_territories(connection)),
            organisations=tuple(
                overlap for t in territories for overlap in overlap_of_organisations(connection, t)
            ),
            beside_coordinator=tuple(organisations_beside_coordinator(connection)),
            stale=found.stale,
        )


def cases_of_sender(project: Project, standard: Standard, sender: str, round_name: str) -> tuple[str, ...]:
    """Return the sender's own case numbers that she is asked to check: all that may be shown to her.

    Raises
    ------
    InputProblem
        If no accepted submission is of that sender.
    """
    with _linked(project, standard) as (connection, found):
        known = {r[0] for r in connection.execute('SELECT sender FROM "current".submission').fetchall()}
        if sender not in known:
            raise InputProblem(
                "No accepted submission is of that sender: see `clearing-point status --json`."
            )
        return cases_to_check(connection, found.settings, sender, round_name)


def decide_pair(
    project: Project,
    standard: Standard,
    candidate: str,
    decision: str,
    *,
    role: str,
    reason: str,
    decided_on: str = "",
) -> Decision:
    """Write a decision about a pair to the data folder.

    Parameters
    ----------
    decided_on : str
        Date such as 2026-03-05; today where none is given.

    Raises
    ------
    UsageProblem
        If the date is none, or as :func:`clearing_point.linkage.decisions.decide`.
    InputProblem
        If there is no such pair.
    """
    try:
        day = datetime.date.fromisoformat(decided_on) if decided_on else now().date()
    except ValueError as error:
        raise UsageProblem("Give the date as 2026-03-05.") from error
    with _linked(project, standard) as (connection, _):
        return decide(
            project,
            connection,
            candidate=candidate,
            decision=decision,
            role=role,
            reason=reason,
            decided_on=day,
        )


def stale_decisions(project: Project, standard: Standard) -> tuple[str, ...]:
    """Return one sentence for each decision that no longer stands on what it stood on; quick where nobody decided."""
    if not load_decisions(project) or not project.warehouse.exists():
        return ()
    with _linked(project, standard) as (_, found):
        return found.stale


def finish_round(project: Project, standard: Standard, name: str, role: str) -> EndedRound:
    """Keep the links of a round under the clearing point's own numbers and forget its tokens.

    Raises
    ------
    UsageProblem, InputProblem
        As :func:`clearing_point.linkage.rounds.end_round`.
    """
    with _linked(project, standard) as (connection, _):
        groups = groups_of(connection)
    with opened(project.warehouse) as warehouse:
        return end_round(project, warehouse, load_linkage(standard.folder), name, role, groups, now())


def measure(
    standard: Standard,
    persons: int,
    seeds: Sequence[int],
    file: Path | None,
    columns: Mapping[str, str] | None = None,
    *,
    errors: float = 1.0,
    with_numbers: bool = True,
) -> list[Any]:
    """Measure the linkage where the truth is known: made people of several seeds, or a file of records.

    Parameters
    ----------
    columns : mapping, optional
        As :func:`clearing_point.linkage.evaluation.evaluate_file`.
    errors, with_numbers : float, bool
        As ``error_factor`` and ``numbers`` of :func:`clearing_point.linkage.evaluation.evaluate`.

    Raises
    ------
    UsageProblem
        If there are fewer than ten persons or no seed.
    InputProblem
        If the file has not the columns.
    """
    from clearing_point.linkage.evaluation import evaluate, evaluate_file

    settings = load_linkage(standard.folder)
    if file is not None:
        return [evaluate_file(file, settings, columns)]
    if persons < 10 or not seeds:
        raise UsageProblem("Name at least ten persons and one seed.")
    return list(evaluate(settings, persons, seeds, error_factor=errors, numbers=with_numbers))

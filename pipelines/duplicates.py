"""What the office does about persons who may be reported twice: look, decide, ask senders, end a round."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clearing_point.analysis.count import open_current
from clearing_point.analysis.persons import LINKED
from clearing_point.errors import InputProblem
from clearing_point.linkage.decisions import Decision, cases_to_check, day_of, decide, load_decisions
from clearing_point.linkage.numbers import groups_of
from clearing_point.linkage.rounds import EndedRound, end_round
from clearing_point.linkage.settings import load_linkage
from clearing_point.linkage.standing import Duplicates, what_stands
from clearing_point.linkage.step import LinkedSubmissions, link_submissions
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import connect, opened
from clearing_point.warehouse.events import now
from clearing_point.warehouse.receipts import nothing_loaded


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
        return what_stands(connection, found)


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
    day = day_of(decided_on)  # before the submissions are linked
    with _linked(project, standard) as (connection, _):
        return decide(
            project, connection, candidate=candidate, decision=decision, role=role, reason=reason, decided_on=day
        )  # fmt: skip


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

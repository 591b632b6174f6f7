"""Findings of a submission read from its database, as data and in sentences for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from clearing_point.quality.balance_words import balance_of, balance_sentences
from clearing_point.quality.once import said_once
from clearing_point.quality.said import (
    LEVELS,
    Facts,
    Group,
    Missed,
    Place,
    counts_sentence,
    in_order,
    runs,
    said,
)
from clearing_point.standard import Standard
from clearing_point.standard.rules import LINKAGE
from clearing_point.warehouse.events import REFUSED

OF_REFUSED, _OF_SEVERAL = "refused", "several_senders"


@dataclass(frozen=True)
class NotRun:
    """Checks that did not run, and why, in words."""

    rules: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Feedback:
    """All groups of one submission, gravest first, and what could not be checked."""

    submission_id: str
    groups: tuple[Group, ...]
    not_run: tuple[NotRun, ...] = ()
    balance: tuple[str, ...] = ()
    """What became of all rows of the file, and which sheets were not read; sentences."""
    summary: str = ""
    """How many findings ask for what; a sentence."""
    facts: Facts = field(default_factory=lambda: Facts("", ()))
    """The same as data, for a page in another language."""

    def counts(self) -> dict[str, int]:
        """Return level -> number of findings."""
        return {level: sum(g.count for g in self.groups if g.level == level) for level in LEVELS}


def feedback_of(connection: Any, submission_id: str, standard: Standard, language: str = "en") -> Feedback:
    """Group the findings of a submission.

    Parameters
    ----------
    connection : duckdb connection
        A workspace or the warehouse.
    language : str
        One of the standard's; English stands where it lacks a text.
    """
    return feedback_in(facts_in(connection, submission_id, standard), standard, language)


def feedback_in(facts: Facts, standard: Standard, language: str) -> Feedback:
    """Say findings in a language."""
    summary = counts_sentence(facts.counts(standard), standard, language)
    return Feedback(
        facts.submission_id,
        tuple(said(place, standard, language) for place in facts.places),
        tuple(NotRun(m.rules, standard.word("not_run", m.reason, language)) for m in facts.missed),
        balance_sentences(facts.balance, standard, language),
        summary,
        facts,
    )


def facts_in(connection: Any, submission_id: str, standard: Standard) -> Facts:
    """Read the findings of a submission as data; parameters as :func:`feedback_of`."""
    rows = connection.execute(
        "SELECT rule_id, severity, target_table, target_field, sheet, column_letter, "
        "list(source_row ORDER BY source_row), count(*) FROM quality.finding "
        "WHERE submission_id = ? AND NOT waived GROUP BY ALL",
        [submission_id],
    ).fetchall()
    headings = _headings(connection, submission_id)
    missed = _missed(connection, submission_id, standard)
    balance = balance_of(connection, submission_id)
    places = said_once(_place(*row) for row in rows)
    return Facts(
        submission_id,
        in_order((replace(p, heading=_heading(p, headings)) for p in places), standard),
        missed,
        balance,
    )


def counts_in(connection: Any, standard: Standard) -> dict[str, dict[str, int]]:
    """Return submission -> level -> number of findings, of every submission, as their senders are told them."""
    rows = connection.execute(
        "SELECT submission_id, rule_id, severity, target_table, target_field, sheet, column_letter, "
        "list(source_row ORDER BY source_row), count(*) FROM quality.finding WHERE NOT waived GROUP BY ALL"
    ).fetchall()
    places: dict[str, list[Place]] = {}
    for submission, *row in rows:
        places.setdefault(submission, []).append(_place(*row))
    return {name: Facts(name, tuple(said_once(found))).counts(standard) for name, found in places.items()}


def _place(
    rule_id: str, severity: str, table: str | None, field: str | None, sheet: str | None, column: str | None,
    rows: list[int | None], count: int,
) -> Place:  # fmt: skip
    numbers = tuple(runs(n for n in rows if n is not None))
    return Place(rule_id, severity, table, field, sheet, column, numbers, count)


def _headings(connection: Any, submission_id: str) -> dict[tuple[str | None, ...], str]:
    """Return what stands over her columns: by sheet, letter, table and field; by sheet and letter; by table and field."""
    found: dict[tuple[str | None, ...], str] = {}
    for sheet, letter, table, name, heading in connection.execute(
        'SELECT sheet, column_letter, target_table, target_field, heading FROM raw."column" '
        "WHERE submission_id = ? AND heading IS NOT NULL AND target_field IS NOT NULL ORDER BY ALL",
        [submission_id],
    ).fetchall():
        for key in ((sheet, letter, table, name), (sheet, letter), (table, name)):
            found.setdefault(key, " ".join(heading.split()))
    return found


def _heading(place: Place, headings: Mapping[tuple[str | None, ...], str]) -> str | None:
    """Return what her form writes over the column; the regional workbook has the standard's names there."""
    if place.field is None:
        return None
    keys = (
        (place.sheet, place.column, place.table, place.field), (place.sheet, place.column), (place.table, place.field),
    )  # fmt: skip
    heading = next((headings[key] for key in keys if key in headings), None)
    return None if heading is None or heading.lower() == place.field else heading


def _missed(connection: Any, submission_id: str, standard: Standard) -> tuple[Missed, ...]:
    refused = connection.execute(
        "SELECT 1 FROM raw.submission WHERE submission_id = ? AND status = ?", [submission_id, REFUSED]
    ).fetchone()
    if refused:
        return (Missed((), OF_REFUSED),)
    by_reason: dict[str, list[str]] = {}
    for rule_id, reason in connection.execute(
        "SELECT DISTINCT rule_id, could_not_run FROM quality.rule_result "
        "WHERE submission_id = ? AND could_not_run IS NOT NULL ORDER BY 1",
        [submission_id],
    ).fetchall():
        by_reason.setdefault(reason, []).append(rule_id)
    by_reason[_OF_SEVERAL] = sorted({r.rule_id for r in standard.rules if r.scope == LINKAGE})
    return tuple(Missed(tuple(rules), reason) for reason, rules in by_reason.items() if rules)

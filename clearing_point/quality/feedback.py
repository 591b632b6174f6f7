"""Findings for a person: grouped, with their place and what is allowed, in her language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.findings import (
    BLOCK,
    CONFIRMED_BY_SENDER,
    ERROR,
    INFORMATION,
    PART_OF_PACKAGE,
    SEVERITIES,
    WARNING,
)
from clearing_point.quality.balance_words import balance_sentences
from clearing_point.standard import Standard
from clearing_point.standard.filling import fill
from clearing_point.standard.model import TERRITORY
from clearing_point.standard.rules import LINKAGE
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.events import REFUSED

_SHOWN_CODES = 12
MUST_FIX, CONFIRM, NOTE = "must_fix", "confirm", "note"
LEVELS = (MUST_FIX, CONFIRM, NOTE, INFORMATION)
"""What a finding asks of the sender, gravest first; names in ``words.yml`` (findings)."""


@dataclass(frozen=True)
class Group:
    """The same fault in one column: where, what is wrong, what to do."""

    rule_id: str
    severity: str
    table: str | None
    field: str | None
    sheet: str | None
    column: str | None
    rows: str
    count: int
    what: str
    action: str
    level: str
    place: str
    """Where, in words."""

    def line(self) -> str:
        """Return the place of the group in words, such as ``person, column C, rows 9-22 and 24``."""
        return self.place


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

    def counts(self) -> dict[str, int]:
        """Return level -> number of findings."""
        return {level: sum(g.count for g in self.groups if g.level == level) for level in LEVELS}


def feedback_of(database: Path, submission_id: str, standard: Standard, language: str = "en") -> Feedback:
    """Group the findings of a submission.

    Parameters
    ----------
    database : Path
        A workspace or the warehouse; no other connection of this process may write to it.
    language : str
        One of the standard's; English stands where it lacks a text.
    """
    with opened(database, read_only=True) as connection:
        rows = connection.execute(
            "SELECT rule_id, severity, target_table, target_field, sheet, column_letter, "
            "list(source_row ORDER BY source_row), count(*) FROM quality.finding "
            "WHERE submission_id = ? AND NOT waived GROUP BY ALL",
            [submission_id],
        ).fetchall()
        not_run = _not_run(connection, submission_id, standard, language)
        balance = balance_sentences(connection, submission_id, standard, language)
    groups = [_group(row, standard, language) for row in rows]
    order = {s: n for n, s in enumerate(SEVERITIES)}
    groups.sort(key=lambda g: (order[g.severity], g.sheet or "", g.column or "", g.rule_id, g.field or ""))
    return Feedback(submission_id, tuple(groups), not_run, balance)


def _not_run(connection: Any, submission_id: str, standard: Standard, language: str) -> tuple[NotRun, ...]:
    refused = connection.execute(
        "SELECT 1 FROM raw.submission WHERE submission_id = ? AND status = ?", [submission_id, REFUSED]
    ).fetchone()
    if refused:
        return (NotRun((), standard.word("not_run", "refused", language)),)
    by_reason: dict[str, list[str]] = {}
    for rule_id, reason in connection.execute(
        "SELECT DISTINCT rule_id, could_not_run FROM quality.rule_result "
        "WHERE submission_id = ? AND could_not_run IS NOT NULL ORDER BY 1",
        [submission_id],
    ).fetchall():
        by_reason.setdefault(reason, []).append(rule_id)
    several = sorted({r.rule_id for r in standard.rules if r.scope == LINKAGE})
    by_reason["several_senders"] = several
    return tuple(
        NotRun(tuple(rules), standard.word("not_run", reason, language))
        for reason, rules in by_reason.items()
        if rules
    )


def level_of(rule_id: str, severity: str, standard: Standard) -> str:
    """Return what a finding asks of the sender: one of :data:`LEVELS`."""
    if severity in (BLOCK, ERROR):
        return MUST_FIX
    if severity == WARNING:
        return CONFIRM if rule_id in confirmable(standard) else NOTE
    return INFORMATION


def confirmable(standard: Standard) -> frozenset[str]:
    """Return the rules whose findings the sender may confirm with a reason."""
    return CONFIRMED_BY_SENDER | {r.rule_id for r in standard.rules if r.answer == CONFIRM}


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return the runs of consecutive row numbers as (first, last)."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return [(a, b) for a, b in found]


def ranges(numbers: Iterable[int], standard: Standard | None = None, language: str = "en") -> str:
    """Write row numbers as people do: ``9-22 and 24``; at most twelve runs, then how many more."""
    texts = [str(a) if a == b else f"{a}-{b}" for a, b in runs(numbers)]
    shown = texts
    if len(texts) > _SHOWN_CODES:
        rest = len(texts) - _SHOWN_CODES
        more = (
            standard.word("findings", "more_places", language, count=rest)
            if standard
            else f"{rest} more places"
        )
        shown = [*texts[:_SHOWN_CODES], more]
    joined = standard.word("findings", "and", language) if standard else "and"
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + f" {joined} " + shown[-1] if shown else ""


def said_rows(rows: str, standard: Standard, language: str = "en") -> str:
    """Write ``row 3`` or ``rows 9-22 and 24`` of what :func:`ranges` gives."""
    name = "row" if rows.isdigit() else "rows"
    return standard.word("findings", name, language, **{name: rows})


def _group(row: tuple[Any, ...], standard: Standard, language: str) -> Group:
    rule_id, severity, table, field, sheet, column, numbers, count = row
    what, action = sentences(standard, language, rule_id, table, field, sheet, column)
    rows = ranges((n for n in numbers if n is not None), standard, language)
    place = [sheet] if sheet else []
    if column:
        place.append(standard.word("findings", "column", language, column=column))
    if rows:
        place.append(said_rows(rows, standard, language))
    return Group(
        rule_id, severity, table, field, sheet, column, rows, count, what, action,
        level_of(rule_id, severity, standard), ", ".join(place),
    )  # fmt: skip


def sentences(
    standard: Standard,
    language: str,
    rule_id: str,
    table: str | None,
    field: str | None,
    sheet: str | None,
    column: str | None,
) -> tuple[str, str]:
    """Render what is wrong and what to do, of a rule at a place, in a language."""
    sentence = sentence_of(rule_id, standard, language)
    names = {
        "field": standard.word("parts", field, language)
        if rule_id == PART_OF_PACKAGE and field
        else _title(standard, table, field, language),
        "allowed": _allowed(standard, table, field, language),
        "sheet": sheet or "",
        "column": column or "",
    }
    return fill(sentence["what"], **names), fill(sentence["do"], **names)


def sentence_of(rule_id: str, standard: Standard, language: str) -> dict[str, str]:
    """Return the sentences of a rule (``what`` and ``do``), in English where the language has none."""
    found = standard.messages.get(rule_id)
    if found is not None:
        return {part: text.get(language) or text["en"] for part, text in found.items()}
    return {"what": f"Rule {rule_id} does not hold.", "do": "Ask the clearing point what this means."}


def _title(standard: Standard, table: str | None, field: str | None, language: str) -> str:
    known = standard.tables.get(table or "")
    found = known.by_name.get(field or "") if known else None
    return field or "" if found is None else found.title.get(language) or found.title["en"]


def _allowed(standard: Standard, table: str | None, field: str | None, language: str) -> str:
    """Say what a field takes: its codes with labels, or its form."""
    known = standard.tables.get(table or "")
    found = known.by_name.get(field or "") if known else None
    if found is None:
        return ""
    if found.codelist == TERRITORY:
        return standard.word("allowed", "territory", language)
    if found.codelist:
        codes = standard.codelists[found.codelist].codes
        words = [f"{c.code} ({c.label.get(language) or c.label['en']})" for c in codes[:_SHOWN_CODES]]
        more = f" (+ {len(codes) - _SHOWN_CODES})" if len(codes) > _SHOWN_CODES else ""
        return ", ".join(words) + more
    low, high = found.constraints.get("minimum"), found.constraints.get("maximum")
    kind = found.type if found.type in standard.words["allowed"] else "text"
    if found.type == "date":
        low = high = None  # which forms are read helps; the bounds are those of the clearing point's years
    bounds = f"{low} – {high}" if None not in {low, high} else f"≥ {low}" if low is not None else f"≤ {high}"
    if low is None and high is None:
        bounds = ""
    return standard.word("allowed", kind, language) + (f", {bounds}" if bounds else "")

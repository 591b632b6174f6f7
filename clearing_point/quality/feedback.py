"""Findings for a person: grouped, with their place and what is allowed, in her language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.findings import SEVERITIES
from clearing_point.standard import Standard
from clearing_point.standard.model import TERRITORY
from clearing_point.store import opened

_SHOWN_CODES = 12


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

    def line(self) -> str:
        """Return the place of the group, such as ``person!C9-C22, C24``."""
        place = self.sheet or ""
        if self.rows:
            place += f", column {self.column}, rows {self.rows}" if self.column else f", rows {self.rows}"
        elif self.column:
            place += f", column {self.column}"
        return place.lstrip(", ")


@dataclass(frozen=True)
class Feedback:
    """All groups of one submission, gravest first."""

    submission_id: str
    groups: tuple[Group, ...]


def feedback_of(database: Path, submission_id: str, standard: Standard, language: str = "en") -> Feedback:
    """Group the findings of a submission.

    Parameters
    ----------
    database : Path
        A workspace or the warehouse; no other connection of this process may write to it.
    """
    with opened(database, read_only=True) as connection:
        rows = connection.execute(
            "SELECT rule_id, severity, target_table, target_field, sheet, column_letter, "
            "list(source_row ORDER BY source_row), count(*) FROM quality.finding "
            "WHERE submission_id = ? AND NOT waived GROUP BY ALL",
            [submission_id],
        ).fetchall()
    groups = [_group(row, standard, language) for row in rows]
    order = {s: n for n, s in enumerate(SEVERITIES)}
    groups.sort(key=lambda g: (order[g.severity], g.sheet or "", g.column or "", g.rule_id, g.field or ""))
    return Feedback(submission_id, tuple(groups))


def ranges(numbers: Iterable[int]) -> str:
    """Write row numbers as people do: ``9-22 and 24``."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    texts = [str(a) if a == b else f"{a}-{b}" for a, b in runs]
    shown = (
        texts
        if len(texts) <= _SHOWN_CODES
        else [*texts[:_SHOWN_CODES], f"{len(texts) - _SHOWN_CODES} more places"]
    )
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1] if shown else ""


def _group(row: tuple[Any, ...], standard: Standard, language: str) -> Group:
    rule_id, severity, table, field, sheet, column, numbers, count = row
    sentence = sentence_of(rule_id, standard, language)
    names = {
        "field": _title(standard, table, field, language),
        "allowed": _allowed(standard, table, field, language),
        "sheet": sheet or "",
        "column": column or "",
    }
    return Group(
        rule_id, severity, table, field, sheet, column,
        ranges(n for n in numbers if n is not None), count,
        sentence["what"].format(**names), sentence["do"].format(**names),
    )  # fmt: skip


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
    bounds = " – ".join(str(b) for b in (low, high) if b is not None)
    return standard.word("allowed", kind, language) + (f", {bounds}" if bounds else "")

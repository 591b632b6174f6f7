"""Findings as data, and their sentences in any language: places and counts, read without a database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from clearing_point.errors import ClearingPointError
from clearing_point.findings import (
    BLOCK,
    CONFIRMED_BY_SENDER,
    ERROR,
    INFORMATION,
    PART_OF_PACKAGE,
    SEVERITIES,
    WARNING,
)
from clearing_point.standard import Standard
from clearing_point.standard.filling import fill
from clearing_point.standard.model import TERRITORY, Field, Table
from clearing_point.standard.refusals import refusal
from clearing_point.standard.structure import RANGE

_SHOWN_CODES = 12
MUST_FIX, CONFIRM, NOTE = "must_fix", "confirm", "note"
LEVELS = (MUST_FIX, CONFIRM, NOTE, INFORMATION)
"""What a finding asks of the sender, gravest first; names in ``words.yml`` (findings)."""


@dataclass(frozen=True)
class Place:
    """The same fault in one column, as data: what a page in another language is made of.

    Attributes
    ----------
    rows : tuple of (first, last)
        Runs of rows of the sender's sheet; empty where a whole sheet or column is meant.
    count : int
        Findings in it.
    heading : str, optional
        What the sender's own form writes over the column; without it the standard's title is said.
    """

    rule_id: str
    severity: str
    table: str | None
    field: str | None
    sheet: str | None
    column: str | None
    rows: tuple[tuple[int, int], ...]
    count: int
    heading: str | None = None

    @property
    def key(self) -> tuple[str | None, ...]:
        """What an answer names: rule, table, field, sheet and column."""
        return (self.rule_id, self.table, self.field, self.sheet, self.column)


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
    asks: str = ""
    """The level in words, such as ``to be corrected``."""

    def line(self) -> str:
        """Return the place of the group in words, such as ``person, column C, rows 9-22 and 24``."""
        return self.place


class Sentence(str):
    """An English sentence that also says what it is made of, so that a page can say it in another language.

    Attributes
    ----------
    code : str
        Its name in ``words.yml``.
    filled : mapping
        What stands in its places; ``rows`` is a list of runs of rows.
    """

    code: str
    filled: Mapping[str, Any]

    def __new__(cls, text: str, code: str, **filled: Any) -> Sentence:
        """Make one of its text and its parts."""
        made = super().__new__(cls, text)
        made.code, made.filled = code, filled
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str, str], dict[str, Any]]:
        """Say what it is made of, so that a process may hand it to another."""
        return (str(self), self.code), dict(self.filled)


def said_of(problem: ClearingPointError, standard: Standard, language: str) -> Sentence:
    """Return what a command refuses in a language, and what the sentence is made of."""
    filled = {name: part if isinstance(part, int) else str(part) for name, part in problem.filled.items()}
    return Sentence(refusal(problem, standard, language), problem.code or "problem_other", **filled)


@dataclass(frozen=True)
class Missed:
    """Checks that did not run, and the name of the reason in ``words.yml`` (not_run)."""

    rules: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Facts:
    """All findings of one submission as data, gravest first, and what could not be checked.

    Attributes
    ----------
    balance : tuple of (sheet, item, count)
        What became of the rows of the file (:mod:`.balance_words`).
    """

    submission_id: str
    places: tuple[Place, ...]
    missed: tuple[Missed, ...] = ()
    balance: tuple[tuple[str, str, int], ...] = ()

    def document(self) -> dict[str, Any]:
        """Return it for a file of JSON; :func:`facts_of` reads it back."""
        return asdict(self)

    def counts(self, standard: Standard) -> dict[str, int]:
        """Return level -> number of findings."""
        found = dict.fromkeys(LEVELS, 0)
        for place in self.places:
            found[level_of(place.rule_id, place.severity, standard)] += place.count
        return found


def facts_of(document: Mapping[str, Any]) -> Facts:
    """Read what :meth:`Facts.document` gave."""
    return Facts(
        document["submission_id"],
        tuple(Place(**{**p, "rows": tuple((a, b) for a, b in p["rows"])}) for p in document["places"]),
        tuple(Missed(tuple(m["rules"]), m["reason"]) for m in document["missed"]),
        tuple((sheet, item, count) for sheet, item, count in document["balance"]),
    )


def counts_sentence(counts: Mapping[str, int], standard: Standard, language: str = "en") -> str:
    """Say how many findings ask for a correction, for a confirmation, and for nothing."""

    def number(*levels: str) -> str:
        count = sum(counts[level] for level in levels)
        return standard.word("findings", "number", language, count=count)

    return standard.word(
        "letter", "counts", language, must_fix=number(MUST_FIX), confirm=number(CONFIRM),
        other=number(NOTE, INFORMATION),
    )  # fmt: skip


def said(place: Place, standard: Standard, language: str = "en") -> Group:
    """Render a group of findings in a language; English stands where it lacks a text."""
    what, action = sentences(
        standard, language, place.rule_id, place.table, place.field, place.sheet, place.column, place.heading
    )
    rows = said_runs(place.rows, standard, language)
    level = level_of(place.rule_id, place.severity, standard)
    words = [place.sheet] if place.sheet else []
    if place.column:
        words.append(standard.word("findings", "column", language, column=place.column))
    if rows:
        words.append(said_rows(rows, standard, language))
    return Group(
        place.rule_id, place.severity, place.table, place.field, place.sheet, place.column, rows, place.count,
        what, action, level, ", ".join(words),
        standard.word("findings", level, language),
    )  # fmt: skip


def in_order(places: Iterable[Place], standard: Standard) -> tuple[Place, ...]:
    """Sort groups as people read them: gravest first, then as the sheets of the workbook follow each other, then by column.

    Persons so stand before their events: one wrong year of birth makes findings in every sheet that names the person.
    """
    order = {s: n for n, s in enumerate(SEVERITIES)}
    sheets = {table.name: n for n, table in enumerate(standard.tables_of_kind())}

    def key(place: Place) -> tuple[int, int, str, int, str, str, str]:
        column = place.column or ""
        at = sheets.get(place.table or "", -1)
        return (
            order[place.severity],
            at,
            place.sheet or "",
            len(column),
            column,
            place.rule_id,
            place.field or "",
        )

    return tuple(sorted(places, key=key))


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
    return said_runs(runs(numbers), standard, language)


def said_runs(
    found: Iterable[tuple[int, int]], standard: Standard | None = None, language: str = "en"
) -> str:
    """Write runs of rows as :func:`ranges` does."""
    texts = [str(a) if a == b else f"{a}-{b}" for a, b in found]
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


def quoted(words: str, standard: Standard, language: str) -> str:
    """Put words that stand in English quotation marks into those of a language."""
    return re.sub("“([^“”]*)”", lambda m: standard.word("findings", "quoted", language, word=m[1]), words)


def said_rows(rows: str, standard: Standard, language: str = "en") -> str:
    """Write ``row 3`` or ``rows 9-22 and 24`` of what :func:`ranges` gives."""
    name = "row" if rows.isdigit() else "rows"
    return standard.word("findings", name, language, **{name: rows})


def sentences(
    standard: Standard,
    language: str,
    rule_id: str,
    table: str | None,
    field: str | None,
    sheet: str | None,
    column: str | None,
    heading: str | None = None,
) -> tuple[str, str]:
    """Render what is wrong and what to do, of a rule at a place, in a language."""
    sentence = sentence_of(rule_id, standard, language)
    names = {
        "field": standard.word("parts", field, language)
        if rule_id == PART_OF_PACKAGE and field
        else heading or _title(standard, table, field, language),
        "allowed": _allowed(standard, table, field, language, with_bounds=rule_id == RANGE),
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


def _is_reference(table: Table, field: Field) -> bool:
    """Whether a field holds the sender's own number of a person or event, of which more is asked than that it is short."""
    own = field.disclosure == "pseudonym" and "_token" not in field.name
    return "pattern" in field.constraints and (own or field.name in table.primary_key)


def _allowed(
    standard: Standard, table: str | None, field: str | None, language: str, *, with_bounds: bool = False
) -> str:
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
    if known is not None and _is_reference(known, found):
        return standard.word("allowed", "reference", language)
    if found.type == "date" and not with_bounds:
        low = high = None  # which forms are read helps; the bounds are those of the clearing point's years
    bounds = f"{low} – {high}" if None not in {low, high} else f"≥ {low}" if low is not None else f"≤ {high}"
    if low is None and high is None:
        bounds = ""
    return standard.word("allowed", kind, language) + (f", {bounds}" if bounds else "")

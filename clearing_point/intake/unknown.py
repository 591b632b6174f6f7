"""Words of a received file that no list and no decision knows, and decisions that no word of it needed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clearing_point.countries.profile import ColumnSpec, Profile
from clearing_point.intake.kept import UnknownText
from clearing_point.intake.layout import fold
from clearing_point.intake.package import column_letter
from clearing_point.intake.words import words_of
from clearing_point.standard.model import Field, Standard
from clearing_point.standard.structure import UNKNOWN_CODE

_SHOWN_LINES = 8


@dataclass(frozen=True)
class UnknownWord:
    """One word that a coded field does not know, with the places where it stands."""

    table: str
    field: str
    sheet: str
    column_letter: str
    word: str
    rows: tuple[int, ...]


def unknown_words(
    connection: Any, submission_id: str, texts: Sequence[UnknownText], profile: Profile, standard: Standard
) -> list[UnknownWord]:
    """List the words behind the findings of an unknown code.

    Parameters
    ----------
    connection : duckdb connection
        A workspace that holds the findings.
    texts : sequence of UnknownText
        What was not kept of the file; the words are for the sender's eyes and are stored nowhere.
    """
    told: dict[tuple[str, str, str], dict[str, set[int]]] = {}
    for table, name, sheet, letter, rows in connection.execute(
        "SELECT target_table, target_field, sheet, column_letter, list(source_row) FROM quality.finding "
        "WHERE submission_id = ? AND rule_id = ? GROUP BY ALL ORDER BY ALL",
        [submission_id, UNKNOWN_CODE],
    ).fetchall():
        told.setdefault((table, sheet, letter), {})[name] = set(rows)
    found: dict[tuple[str, str, str, str, str], set[int]] = {}
    for text in texts:
        table, letter = text.table, column_letter(text.number)
        for name, cells in told.get((table, text.sheet, letter), {}).items():
            field = field_of(standard, table, name)
            spec = _spec_of(profile, table, name)
            places = cells.intersection(text.rows)
            if spec is None or not field.is_coded or not places:
                continue
            known = words_of(field, spec, profile, standard).codes
            parts = text.text.split(profile.reading.list_separator) if field.multiple else [text.text]
            for part in parts:
                if part.strip() and fold(part) not in known:
                    found.setdefault((table, name, text.sheet, letter, part.strip()), set()).update(places)
    return [UnknownWord(*key, tuple(sorted(places))) for key, places in sorted(found.items())]


def unused_lines(texts: Mapping[str, Collection[str]], profile: Profile) -> tuple[tuple[str, str], ...]:
    """List the approved lines of ``values.csv`` (field, local word) that no cell of a submission needed.

    Parameters
    ----------
    texts : mapping
        Coded field -> the distinct texts of its cells.
    """
    separator = profile.reading.list_separator
    used = {
        field: {fold(part) for text in found for part in (text, *text.split(separator))}
        for field, found in texts.items()
    }
    everywhere = set().union(*used.values()) if used else set()
    return tuple(
        (row["field"], row["local"])
        for row in profile.values
        if fold(row["local"]) not in used.get(row["field"], everywhere)  # a line may be for a whole code list
    )


def said_of_unused(
    unused: Sequence[tuple[str, str]], profile: Profile, standard: Standard, language: str
) -> str:
    """Return the sentence on decided words that a file did not need; empty where all were needed, or none was.

    Where none was needed the file is not written in this sender's words: a regional workbook, say.
    """
    if not unused or len(unused) == len(profile.values):
        return ""
    titles = {field.name: field.title for table in standard.tables.values() for field in table.fields}

    def title(field: str) -> str:
        known = titles.get(field)
        return field if known is None else known.get(language) or known["en"]

    def quoted(word: str) -> str:
        return standard.word("findings", "quoted", language, word=word)

    named = ", ".join(f"{title(field)} {quoted(word)}" for field, word in unused[:_SHOWN_LINES])
    more = f" (+ {len(unused) - _SHOWN_LINES})" if len(unused) > _SHOWN_LINES else ""
    return standard.word(
        "screen",
        "words_not_needed",
        language,
        unused=len(unused),
        all=len(profile.values),
        words=named + more,
    )


def _spec_of(profile: Profile, table: str, field: str) -> ColumnSpec | None:
    return next(_specs(profile, table, field), None)


def _specs(profile: Profile, table: str, field: str) -> Iterator[ColumnSpec]:
    for sheet in profile.sheets:
        for spec in sheet.tables:
            if spec.table == table and field in spec.columns:
                yield spec.columns[field]


def field_of(standard: Standard, table: str, name: str) -> Field:
    """Return a field of the standard, or the field whose answers of no a companion holds."""
    fields = standard.tables[table].by_name
    return fields.get(name) or fields[name.removesuffix("_no")]

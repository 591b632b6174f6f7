"""What only the whole file shows, before a part of it is kept: headings that come again, references that are not themselves.

Asked of the rows as they came: of a reference that is an official number only a mark is kept, and two that lost
the same digits would be one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from clearing_point.countries.profile import GROUP_SEPARATOR
from clearing_point.findings import (
    ALIKE_REFERENCES,
    HEADINGS_AGAIN,
    REFERENCE_CHANGED,
    ROW_ABOVE,
    Finding,
    conserved,
)
from clearing_point.intake.changed import DIGITS_LOST, TIME_OF_DAY
from clearing_point.intake.guard_contents import in_memory
from clearing_point.intake.layout import SheetLayout, fold, kept_columns, top_of
from clearing_point.intake.package import column_letter
from clearing_point.intake.read import ReceivedFile
from clearing_point.intake.source import arrow_of, quoted
from clearing_point.standard.model import Standard

_ALIKE = str.maketrans("АВЕЅІЈКМНОРСТУХЗΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABESIJKMHOPCTYX3ABEZHIKMNOPTYX")
"""Capitals of the Cyrillic and Greek alphabets -> the Latin ones (and the digit) that look like them."""
_PARTING = r"\s*[-\u2010-\u2015\u2212_./\s\u00a0]+\s*"
_DATA = re.compile(r"\S*[0-9]\S*|[0-9][0-9\s.,:/-]*")
"""A number, a day or a reference: words over a column hold no figure, or one beside a word."""
_FEWEST = 2
"""Cells by which a row is known to be one of headings."""


def headings_again(received: ReceivedFile, layouts: Sequence[SheetLayout]) -> dict[str, frozenset[int]]:
    """Return sheet -> its data rows that hold nothing but the headings once more, as joined exports do."""
    wanted: dict[str, tuple[int, dict[int, set[str]]]] = {}
    for sheet in dict.fromkeys(layout.sheet for layout in layouts):
        here = [layout for layout in layouts if layout.sheet == sheet]
        words = _headings(received.rows, here[0])
        keys = {n: words[n] for n in sorted(kept_columns(here[0])) if words.get(n)}
        if len(keys) >= _FEWEST:
            wanted[sheet] = (max(layout.first_row for layout in here), keys)
    found: dict[str, frozenset[int]] = {}
    with in_memory(received.rows) as connection:
        for sheet in _sheets_in_question(connection, wanted):
            first, keys = wanted[sheet]
            said = " + ".join(
                f"CASE WHEN cells[{n}] IS NULL THEN 0 WHEN list_contains({_texts(words)}, "
                f"lower(trim(cells[{n}]))) THEN 1 ELSE -10000 END"
                for n, words in keys.items()
            )
            rows = connection.execute(
                f"SELECT source_row FROM received_rows WHERE sheet = ? AND source_row >= ? AND {said} >= {_FEWEST}",
                [sheet, first],
            ).fetchall()
            if rows:
                found[sheet] = frozenset(row for (row,) in rows)
    return found


def _sheets_in_question(connection: Any, wanted: Mapping[str, tuple[int, dict[int, set[str]]]]) -> list[str]:
    """Return the sheets with a row whose first two cells may be headings: seldom one, so all are asked at once."""
    rows = [
        (sheet, first, number, sorted(words), other, sorted(others))
        for sheet, (first, keys) in wanted.items()
        for (number, words), (other, others) in [list(keys.items())[:_FEWEST]]
    ]
    kinds = {"sheet": pa.string(), "first": pa.int32(), "a": pa.int32(), "a_words": pa.list_(pa.string()),
             "b": pa.int32(), "b_words": pa.list_(pa.string())}  # fmt: skip
    connection.register("wanted", arrow_of(rows, kinds))
    either = " AND ".join(
        f"(cells[{n}] IS NULL OR list_contains({n}_words, lower(trim(cells[{n}]))))" for n in ("a", "b")
    )
    asked = connection.execute(
        f"SELECT DISTINCT sheet FROM received_rows JOIN wanted USING (sheet) WHERE source_row >= first AND {either}"
    ).fetchall()
    return [sheet for sheet in wanted if (sheet,) in asked]


def without(
    received: ReceivedFile, again: Mapping[str, frozenset[int]]
) -> tuple[ReceivedFile, list[Finding]]:
    """Take these rows out, and say so."""
    rows = received.rows
    for sheet, numbers in again.items():
        here = pc.and_(
            pc.equal(rows["sheet"], sheet),
            pc.is_in(rows["source_row"], pa.array(sorted(numbers), pa.int32())),
        )
        rows = rows.filter(pc.invert(here))
    said = [
        conserved(HEADINGS_AGAIN, None, None, sheet, number)
        for sheet, numbers in again.items()
        for number in sorted(numbers)
    ]
    return replace(received, rows=rows) if said else received, said


def rows_of_words(received: ReceivedFile, layouts: Sequence[SheetLayout]) -> list[Finding]:
    """Say of rows of words below the machine names that somebody typed a person over a part of them."""
    findings = []
    for layout in layouts:
        if not layout.spec.labels:
            continue
        words = frozenset().union(*layout.spec.labels.values())
        findings += [
            conserved(ROW_ABOVE, None, None, layout.sheet, number)
            for number, cells in top_of(received.rows, layout.sheet)
            if layout.header_row < number < layout.first_row
            and any(_DATA.fullmatch(cell.strip()) and fold(cell) not in words for cell in cells if cell)
        ]
    return findings


def references(received: ReceivedFile, layouts: Sequence[SheetLayout], standard: Standard) -> list[Finding]:
    """Find references that lost digits or became times, and those of a numbering that differ only in their writing."""
    columns = [_references(layout, standard) for layout in layouts]
    keys = [
        {n for n, (table, field) in read.items() if field in standard.tables[table].primary_key}
        for read in columns
    ]
    wanted = [
        (place, layout.sheet, layout.first_row, number, number in keys[place])
        for place, layout in enumerate(layouts)
        for number in columns[place]
    ]
    if not wanted:
        return []
    kinds = {
        "place": pa.int32(),
        "sheet": pa.string(),
        "first": pa.int32(),
        "number": pa.int32(),
        "is_key": pa.bool_(),
    }
    parts = (
        "SELECT place, number, is_key, source_row, trim(cells[number]) AS said FROM received_rows "
        "JOIN wanted USING (sheet) WHERE source_row >= first AND cells[number] IS NOT NULL"
    )
    lost = f"regexp_full_match(said, {quoted(DIGITS_LOST)}) OR regexp_full_match(said, {quoted(TIME_OF_DAY)})"
    with in_memory(received.rows) as connection:
        connection.register("wanted", arrow_of(wanted, kinds))
        changed = connection.execute(
            f"SELECT place, number, source_row FROM ({parts}) WHERE {lost} ORDER BY ALL"
        ).fetchall()
        texts = connection.execute(
            f"SELECT place, number, said, min(source_row) FROM ({parts}) WHERE is_key GROUP BY ALL ORDER BY 1, 4"
        ).fetchall()
    found = [
        (place, _said(REFERENCE_CHANGED, layouts[place], columns[place], number, row))
        for place, number, row in changed
    ]
    seen: dict[tuple[int, int, str], str] = {}
    for place, number, text, row in texts:
        if seen.setdefault((place, number, _key(text)), text) != text:
            found.append((place, _said(ALIKE_REFERENCES, layouts[place], columns[place], number, row)))
    return list(dict.fromkeys(finding for _, finding in sorted(found, key=lambda one: one[0])))


def _said(
    rule: str, layout: SheetLayout, columns: Mapping[int, tuple[str, str]], number: int, row: int
) -> Finding:
    return conserved(rule, *columns[number], layout.sheet, row, column_letter(number), dimension="validity")


def _references(layout: SheetLayout, standard: Standard) -> dict[int, tuple[str, str]]:
    """Return the columns of references: number -> the first table and field that it is read for."""
    found: dict[int, tuple[str, str]] = {}
    for number, pairs in kept_columns(layout).items():
        for table, name in pairs:
            field = standard.tables[table].by_name.get(name)
            if field is not None and field.disclosure == "pseudonym" and "_token" not in name:
                found.setdefault(number, (table, name))
    return found


def _key(text: str) -> str:
    """Fold a reference so that only its letters and digits count, whatever alphabet they were typed in."""
    return re.sub(_PARTING, "-", text.strip()).upper().translate(_ALIKE)


def _headings(rows: pa.Table, layout: SheetLayout) -> dict[int, set[str]]:
    """Return column -> what stands in the rows of headings and words over it, folded."""
    words: dict[int, set[str]] = {}
    for number, heading in enumerate(layout.headings, start=1):
        if heading and heading.strip():
            words[number] = {fold(heading), fold(heading.split(GROUP_SEPARATOR)[-1])}
    top = rows.filter(
        pc.and_(
            pc.equal(rows["sheet"], layout.sheet),
            pc.and_(
                pc.greater_equal(rows["source_row"], layout.header_row),
                pc.less(rows["source_row"], layout.first_row),
            ),
        )
    )
    for cells in top["cells"].to_pylist():
        for number, cell in enumerate(cells or (), start=1):
            if cell and cell.strip():
                words.setdefault(number, set()).add(fold(cell))
    return words


def _texts(words: set[str]) -> str:
    return f"[{', '.join(map(quoted, sorted(words)))}]"

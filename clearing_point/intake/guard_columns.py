"""What the sheets and columns of a received file are, as far as the identity guard needs to know."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from clearing_point.countries.profile import ColumnSpec, Profile
from clearing_point.intake.layout import SheetLayout, fold, mapped_headings
from clearing_point.intake.read import ReceivedFile
from clearing_point.intake.words import words_of
from clearing_point.standard.model import NUMBER_TYPES, Field, Standard, Table

UNMAPPED, CODED, REFERENCE, PLAIN, NUMBER = "unmapped", "coded_text", "reference", "plain_text", "number"
_TYPES_OF_THEIR_OWN = ("year", "date")
_TOP_ROWS = 10
"""Rows with something in them, from the top of a sheet, in which headings are looked for."""
_TOP_SEARCHED = 200


@dataclass(frozen=True)
class TopRow:
    """One of the first rows of a sheet."""

    number: int
    cells: tuple[str | None, ...]

    @cached_property
    def filled(self) -> int:
        """Number of cells that hold something."""
        return sum(1 for cell in self.cells if cell and cell.strip())

    def is_rich(self, width: int) -> bool:
        """Whether it spans half of the sheet's width or more, and words outweigh numbers in it."""
        words = sum(1 for cell in self.cells if cell and any(c.isalpha() for c in cell))
        return self.filled > 0 and 2 * self.filled >= width and 2 * words >= self.filled


@dataclass(frozen=True)
class Reader:
    """One field that reads a column."""

    table: Table
    field: Field
    spec: ColumnSpec
    is_flag: bool

    @property
    def kind(self) -> str:
        """Kind of column in the words of ``forbidden.yml``."""
        if self.is_flag or self.field.is_coded:
            return CODED
        if self.spec.year_of_birth_at is not None:
            return "year"
        if self.field.type in _TYPES_OF_THEIR_OWN:
            return self.field.type
        if self.field.type in NUMBER_TYPES:
            return NUMBER
        return REFERENCE if self.field.disclosure == "pseudonym" or _is_key(self.table, self.field) else PLAIN


@dataclass(frozen=True)
class SheetView:
    """A sheet of the file: what is read from it and where.

    Attributes
    ----------
    recognised : bool
        Headings of the profile stand on the header row; otherwise the sheet is mapped to nothing, or
        laid out differently, and ``header_row`` is the first row that looks like headings.
    header_row, first_row : int
        Row of the headings (0 if none is found) and first row below them that holds data.
    top : tuple of TopRow
        The first rows, down to the data at least.
    readers : mapping
        Column number -> the fields that read it. Other columns are unmapped.
    skipped : mapping
        Column number -> words that mark a row as no record.
    """

    name: str
    recognised: bool
    header_row: int
    first_row: int
    top: tuple[TopRow, ...]
    tables: tuple[Table, ...]
    readers: Mapping[int, tuple[Reader, ...]]
    skipped: Mapping[int, tuple[str, ...]]

    @property
    def width(self) -> int:
        """Filled cells of its fullest row near the top."""
        return max((row.filled for row in self.top), default=0)

    def tables_of(self, number: int) -> tuple[Table, ...]:
        """Tables that read a column; those of the whole sheet if none does."""
        found = {reader.table.name: reader.table for reader in self.readers.get(number, ())}
        return tuple(found.values()) or self.tables

    def kinds_of(self, number: int) -> frozenset[str]:
        """Kinds of a column: what the fields that read it expect in it."""
        return frozenset(reader.kind for reader in self.readers.get(number, ())) or frozenset({UNMAPPED})


def views_of(received: ReceivedFile, layouts: Collection[SheetLayout], standard: Standard) -> list[SheetView]:
    """Say of every sheet of a file, mapped or not, what is read from it."""
    return [
        _view(received.rows, name, [y for y in layouts if y.sheet == name], standard)
        for name in received.sheets
    ]


def known_words(view: SheetView, profile: Profile, standard: Standard) -> dict[int, frozenset[str]]:
    """Return the folded words that each mapped column may hold: codes, labels, mapped texts, missing words.

    Raises
    ------
    InputProblem
        If the profile maps a word to a code that the list does not have.
    """
    known: dict[int, set[str]] = {n: {fold(w) for w in words} for n, words in view.skipped.items()}
    reading = profile.reading
    for number, readers in view.readers.items():
        words = known.setdefault(number, set())
        for reader in readers:
            words |= {fold(w) for w in (*reading.missing, *reader.spec.missing)}
            if reader.is_flag:
                words |= {fold(w) for w in (*reading.yes, *reading.no)}
            elif reader.field.is_coded:
                found = words_of(reader.field, reader.spec, profile, standard)
                words |= {*found.codes, *found.ambiguous}
    return {number: frozenset(words) for number, words in known.items()}


def _view(rows: pa.Table, name: str, layouts: list[SheetLayout], standard: Standard) -> SheetView:
    found = [y for y in layouts if any(mapped_headings(t) & set(y.columns) for t in y.spec.tables)]
    readers: dict[int, list[Reader]] = {}
    for layout in found:
        for number, reader in readers_of(layout, standard):
            readers.setdefault(number, []).append(reader)
    tables = {t.table: standard.tables[t.table] for y in layouts for t in y.spec.tables}
    top = _top(rows, name, max((y.first_row for y in found), default=0))
    if found:
        header_row = min(y.header_row for y in found)
        first_row = min(y.first_row for y in found)
    else:
        width = max((row.filled for row in top), default=0)
        header_row = next((row.number for row in top if row.is_rich(width)), 0)
        first_row = header_row + 1
    return SheetView(
        name=name,
        recognised=bool(found),
        header_row=header_row,
        first_row=first_row,
        top=top,
        tables=tuple(tables.values()),
        readers={number: tuple(fields) for number, fields in readers.items()},
        skipped={number: words for y in found for number, words in y.skip_columns.items()},
    )


def _top(rows: pa.Table, name: str, first_row: int) -> tuple[TopRow, ...]:
    here = pc.indices_nonzero(pc.equal(rows["sheet"], name))
    near = rows.select(["source_row", "cells"]).take(here[:_TOP_SEARCHED])
    found = [TopRow(r["source_row"], tuple(r["cells"] or ())) for r in near.to_pylist()]
    filled = [row for row in found if row.filled]
    return tuple(row for place, row in enumerate(filled) if place < _TOP_ROWS or row.number < first_row)


def readers_of(layout: SheetLayout, standard: Standard) -> Iterator[tuple[int, Reader]]:
    """Yield the fields that read a sheet, each with the number of a column that it reads."""
    for spec in layout.spec.tables:
        table = standard.tables[spec.table]
        for name, column in spec.columns.items():
            field = table.by_name.get(name) or table.by_name[name.removesuffix("_no")]
            for read, is_flag in ((column, False), (column.also, False), (column, True)):
                for heading in () if read is None else tuple(read.flags) if is_flag else read.headings:
                    number = layout.columns.get(fold(heading))
                    if number is not None:
                        yield number, Reader(table, field, read or column, is_flag)


def _is_key(table: Table, field: Field) -> bool:
    keys = {*table.primary_key, *(key for names in table.parents.values() for key in names)}
    return field.name in keys | {own for own, _, _ in table.references}

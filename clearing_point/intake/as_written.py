"""What the second judge is told of a file: its columns as they are read, and the words that each reader knows.

Words and forms are those of the standard and the profile; nothing of what normalising made of the cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from clearing_point.countries.decisions import Correction
from clearing_point.countries.profile import ColumnSpec, Profile, TableSpec
from clearing_point.findings import REPEATED_ROW
from clearing_point.intake.layout import FOLDED, SheetLayout, fold
from clearing_point.intake.lookups import OTHER_FORM
from clearing_point.intake.package import column_letter
from clearing_point.intake.remarks import ERROR_TEXT
from clearing_point.intake.source import quoted
from clearing_point.intake.typed import TIME_OF_DAY
from clearing_point.intake.words import missing_words, words_of
from clearing_point.standard.model import Field, Standard
from clearing_point.suites.received import Received, Sheet, Written

_NOTHING = "\x1f"
"""Stands for what a cell without any value says: no word is like it."""


@dataclass(frozen=True)
class ReadBy:
    """How a file was read: its sheets, the profile of its period and the corrections in force."""

    layouts: tuple[SheetLayout, ...]
    profile: Profile
    corrections: tuple[Correction, ...]


def as_written(read: ReadBy, standard: Standard) -> Received:
    """Return the columns of a file whose cells the second judge counts."""
    reading = read.profile.reading
    return Received(
        [_sheet(layout, read.corrections) for layout in read.layouts],
        [
            one
            for place, layout in enumerate(read.layouts)
            for spec in layout.spec.tables
            for one in _OfTable(place, layout, spec, read.profile, standard).columns()
        ],
        reading.dates,
        reading.decimal,
        reading.thousands,
        ERROR_TEXT,
        TIME_OF_DAY,
        OTHER_FORM,
    )


def _sheet(layout: SheetLayout, corrections: Sequence[Correction]) -> Sheet:
    rows = f"sheet = {quoted(layout.sheet)} AND source_row >= {layout.first_row}"
    for marked, words in layout.skip_columns.items():
        listed = ", ".join(map(quoted, words)) or "NULL"
        rows += f" AND NOT coalesce({FOLDED.format(text=f'cells[{marked}]')} IN ({listed}), false)"
    rows += (
        f" AND source_row NOT IN (SELECT source_row FROM quality.finding WHERE rule_id = '{REPEATED_ROW}' "
        f"AND sheet = {quoted(layout.sheet)} AND source_row IS NOT NULL)"
    )
    corrected: dict[int, str] = {}
    for one in corrections:
        for spec in layout.spec.tables:
            column = spec.columns.get(one.field or "")
            if column is None or spec.table != one.table:
                continue
            if (found := layout.column_of(column.headings)) is None:
                break
            number = found
            cell = corrected.get(number, f"cells[{number}]")
            where = f"{FOLDED.format(text=f'coalesce({cell}, chr(32))')} = {quoted(fold(one.before))}"
            if one.rows:
                where += f" AND source_row IN ({', '.join(map(str, one.rows))})"
            written = quoted(one.after) if one.after else "NULL"
            corrected[number] = f"CASE WHEN {where} THEN {written} ELSE {cell} END"
            break
    return Sheet(layout.sheet, rows, corrected)


@dataclass(frozen=True)
class _OfTable:
    """One table that a sheet is read into."""

    place: int
    layout: SheetLayout
    spec: TableSpec
    profile: Profile
    standard: Standard

    def columns(self) -> Iterator[Written]:
        """Yield the columns whose cells are read as codes, dates or numbers."""
        for one in self.standard.tables[self.spec.table].received:
            column = self.spec.columns.get(one.name)
            if column is not None:
                yield from self._of_field(one, column)

    def _of_field(self, one: Field, column: ColumnSpec) -> Iterator[Written]:
        if column.row_number:
            return
        if column.flags:
            for heading in column.flags:
                number = self.layout.columns.get(fold(heading))
                if number is not None:
                    yield self._flag(one, number)
            return
        if column.also is not None:
            yield from self._of_field(one, replace(column, also=None))
            yield from self._of_field(one, column.also)
            return
        number = self.layout.column_of(column.headings) if column.headings else None
        if number is None or column.constant is not None or (one.type == "string" and not one.is_coded):
            return
        yield self._codes(one, column, number) if one.is_coded else self._typed(one, column, number)
        no_column = self.spec.columns.get(one.no_column) if one.no_column else None
        no_number = self.layout.column_of(no_column.headings) if no_column and no_column.headings else None
        if no_column is not None and no_number is not None:
            yield self._codes(one, no_column, no_number)

    def _flag(self, one: Field, number: int) -> Written:
        reading = self.profile.reading
        said = (*reading.missing, *self.standard.missing_codes, *reading.yes, *reading.no, "")
        return self._written(one, number, "code", frozenset(map(fold, said)), lambda text: [fold(text)])

    def _codes(self, one: Field, column: ColumnSpec, number: int) -> Written:
        words = words_of(one, column, self.profile, self.standard)
        several = one.multiple or self.spec.explode == one.name or column.part is not None
        sign = column.separator or self.profile.reading.list_separator if several else None
        held = [word for word in words.codes if sign and sign in word]

        def pieces(text: str) -> Sequence[str]:
            parts = [text] if sign is None else _parted(text, sign, held)
            if column.part:
                return {"first": parts[:1], "last": parts[-1:], "others": parts[1:]}[column.part]
            return parts or [_NOTHING]

        def folded(text: str) -> Sequence[str]:
            return [fold(piece) for piece in pieces(text)]

        spelling = words.spelling
        keys = words.other_spellings
        made = self._written(one, number, "code", frozenset(words.codes), folded)
        return replace(
            made,
            keys=keys,
            key=(lambda piece: _NOTHING if piece in words.ambiguous else spelling.key(piece))
            if keys
            else None,
            only=words.ambiguous if column.otherwise is not None else None,
        )

    def _typed(self, one: Field, column: ColumnSpec, number: int) -> Written:
        missing = {*missing_words(self.profile.language, self.standard)}
        missing |= {fold(word) for word in (*self.profile.reading.missing, *column.missing)}
        made = self._written(one, number, one.type, frozenset(missing), lambda text: [fold(text)])
        sign = quoted(column.separator or self.profile.reading.list_separator)
        part = {"first": "1", "last": "-1"}.get(column.part or "")
        return made if part is None else replace(made, piece=f"string_split(t.text, {sign})[{part}]")

    def _written(
        self,
        one: Field,
        number: int,
        kind: str,
        words: frozenset[str],
        pieces: Callable[[str], Sequence[str]],
    ) -> Written:
        return Written(
            self.spec.table, one.name, self.place, number, column_letter(number), kind, words, pieces
        )


def _parted(text: str, sign: str, held: Sequence[str]) -> list[str]:
    """Part a cell of several values; where a known word holds the sign, the longest such word stays whole."""
    parts = [part for part in text.split(sign) if part.strip()]
    found: list[str] = []
    while parts:
        wholes = [n for n in range(len(parts), 1, -1) if fold(sign.join(parts[:n])) in held]
        taken = wholes[0] if wholes else 1
        found.append(sign.join(parts[:taken]))
        parts = parts[taken:]
    return found

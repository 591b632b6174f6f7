"""Dates and numbers of a file: each distinct text of a column is given its meaning once, all columns in one statement.

The lookup is one temporary table, ``looked_up``: the number under which a column was asked for (``id``), the text as it
stands in the cell (``raw``), whether the cell was a number (``is_number``) and what it means: ``date`` with ``precision``,
``number``, or ``missing``. Rows join to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from clearing_point.countries.profile import ColumnSpec, Profile
from clearing_point.intake.changed import DatesSeen, dates_seen, say_of_dates, say_of_reference
from clearing_point.intake.layout import fold
from clearing_point.intake.select import Select, store
from clearing_point.intake.source import arrow_of, quoted
from clearing_point.intake.words import missing_words
from clearing_point.standard.model import Field, Standard
from clearing_point.standard.structure import UNREADABLE

if TYPE_CHECKING:
    from clearing_point.intake.source import Source

TIME_OF_DAY = r"[ T]+[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?\s*(Z|[+-][0-9]{2}:?[0-9]{2})?$"
_ISO_DATES = (("%Y-%m-%d", "DAY"), ("%Y-%m", "MONTH"), ("%Y", "YEAR"))
"""Year first is read everywhere: it cannot be mistaken. All else is read only as declared."""
_VALUES = {"date": "date", "number": "number", "integer": "number::INTEGER", "year": "number::SMALLINT"}


@dataclass(frozen=True)
class _Asked:
    source: Source
    field: Field
    spec: ColumnSpec
    cell: str
    column: int | None
    """None for a constant."""

    @property
    def is_number(self) -> str:
        return f"coalesce(substr(kinds, {self.column}, 1) = 'n', false)"


@dataclass
class Typed:
    """The columns of dates and numbers of a file, and those of references, which such programs change."""

    connection: Any
    profile: Profile
    standard: Standard
    _asked: list[_Asked] = field(default_factory=list)
    _references: list[tuple[Source, Field, int, str]] = field(default_factory=list)

    def ask(
        self, source: Source, known: Field, spec: ColumnSpec, cell: str, column: int | None, blank: str
    ) -> Select:
        """Have the texts of a column looked up; return a row's value, to be asked for after :meth:`look_up`."""
        one = _Asked(source, known, spec, cell, column)
        name = f"lookup_{len(self._asked)}"
        on = self._on(len(self._asked), name, one)
        self._asked.append(one)
        value = f"{name}.{_VALUES[known.type]}"
        missing = (
            f"CASE WHEN {value} IS NOT NULL THEN NULL WHEN {name}.raw IS NULL THEN {quoted(blank)} "
            f"ELSE coalesce({name}.missing, 'UNK') END"
        )
        columns = {known.name: value, known.missing_column or "": missing}
        if known.precision_column:
            columns[known.precision_column] = f"coalesce({name}.precision, {missing})"
        return Select(columns, (f"LEFT JOIN looked_up AS {name} ON {on}",))

    def ask_reference(self, source: Source, known: Field, column: int, doubt: str) -> None:
        """Have it said of the cells of a column of references where a doubt (SQL) holds."""
        self._references.append((source, known, column, doubt))

    def look_up(self) -> None:
        """Make the lookup, and the findings on texts that have no meaning or were changed by an office program."""
        if self._asked:
            self._make()
        for number in self._references_in_doubt():
            say_of_reference(*self._references[number])
        seen = self._dates_seen()
        unread = "date IS NULL AND number IS NULL AND missing IS NULL"
        ids = set()
        if self._asked:
            found = self.connection.execute(f"SELECT DISTINCT id FROM looked_up WHERE {unread}").fetchall()
            ids = {number for (number,) in found}
        for number, one in enumerate(self._asked):
            if one.column is None:
                continue
            here = None
            if number in ids:
                on = self._on(number, "looked_up", one)
                here = f"FROM {one.source.rows} AS r JOIN looked_up ON {on} WHERE {unread}"
            if one.field.type == "date":
                here = say_of_dates(one.source, one.field, one.column, here, seen[number])
            if here is not None:
                store(one.source, one.field, one.column, here, UNREADABLE)

    def _on(self, number: int, name: str, one: _Asked) -> str:
        on = f"{name}.id = {number} AND {name}.raw = {one.cell}"
        return on if one.column is None else f"{on} AND {name}.is_number = {one.is_number}"

    def _references_in_doubt(self) -> list[int]:
        parts = [
            f"SELECT {number} AS number WHERE EXISTS (FROM {source.rows} AS r WHERE {doubt})"
            for number, (source, _, _, doubt) in enumerate(self._references)
        ]
        found = self.connection.execute(" UNION ALL ".join(parts)).fetchall() if parts else []
        return sorted(number for (number,) in found)

    def _dates_seen(self) -> dict[int, DatesSeen]:
        parts = [
            dates_seen(one.source, one.column, number)
            for number, one in enumerate(self._asked)
            if one.field.type == "date" and one.column is not None
        ]
        found = self.connection.execute(" UNION ALL ".join(parts)).fetchall() if parts else []
        return {number: DatesSeen(*told) for number, *told in found}

    def _make(self) -> None:
        columns = dict.fromkeys(
            (one.source.rows, one.column, one.is_number) for one in self._asked if one.column
        )
        texts = [
            f"SELECT DISTINCT '{rows}' AS rows, {column} AS number, c{column} AS raw, {is_number} AS is_number "
            f"FROM {rows} WHERE trim(coalesce(c{column}, '')) <> ''"
            for rows, column, is_number in columns
        ]
        texts += [
            f"SELECT '{n}' AS rows, NULL::INTEGER AS number, {one.cell} AS raw, false AS is_number"
            for n, one in enumerate(self._asked)
            if one.column is None
        ]
        words: dict[tuple[tuple[str, str], ...], int] = {}
        asked = [
            (
                n, one.source.rows if one.column else str(n), one.column, one.field.type, one.spec.part,
                one.spec.separator or self.profile.reading.list_separator,
                words.setdefault(tuple(sorted(self._missing_words(one.spec).items())), len(words)),
            )
            for n, one in enumerate(self._asked)
        ]  # fmt: skip
        said = [(n, *pair) for pairs, n in words.items() for pair in pairs]
        kinds = {"id": pa.int32(), "rows": pa.string(), "number": pa.int32(), "kind": pa.string(), "part": pa.string(),
                 "separator": pa.string(), "words": pa.int32()}  # fmt: skip
        meant = {"words": pa.int32(), "word": pa.string(), "missing": pa.string()}
        self.connection.register("asked", arrow_of(asked, kinds))
        self.connection.register("missing_words", arrow_of(said, meant))
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE looked_up AS WITH texts AS ({' UNION ALL '.join(texts)}), "
            "meant AS (SELECT id, kind, raw, is_number, missing, CASE part "
            "WHEN 'first' THEN string_split(raw, separator)[1] WHEN 'last' THEN string_split(raw, separator)[-1] "
            "ELSE raw END AS piece FROM texts JOIN asked ON asked.rows = texts.rows "
            "AND asked.number IS NOT DISTINCT FROM texts.number "
            "LEFT JOIN missing_words ON missing_words.words = asked.words AND word = fold(raw)), "
            f"numbered AS (SELECT *, CASE WHEN kind <> 'date' AND missing IS NULL THEN {self._number()} END AS read "
            "FROM meant) "
            f"SELECT id, raw, is_number, missing, {self._dates()}, CASE WHEN kind = 'number' THEN read "
            "WHEN read = floor(read) AND (kind <> 'year' OR TRY_CAST(read AS SMALLINT) IS NOT NULL) "
            "AND TRY_CAST(read AS INTEGER) IS NOT NULL THEN read END AS number FROM numbered"
        )
        self.connection.unregister("asked")
        self.connection.unregister("missing_words")

    def _missing_words(self, spec: ColumnSpec) -> dict[str, str]:
        """Return the words that say why a value is missing, each with its code."""
        words = {
            word: codes[0] for word, codes in missing_words(self.profile.language, self.standard).items()
        }
        return words | {fold(w): c for w, c in {**self.profile.reading.missing, **spec.missing}.items()}

    def _number(self) -> str:
        reading = self.profile.reading
        decimal, thousands = (f"\\{c}" if c in ".'" else c for c in (reading.decimal, reading.thousands))
        whole = rf"\d{{1,3}}({thousands}\d{{3}})+|\d+" if thousands else r"\d+"
        pattern = quoted(rf"^[-+]?({whole})({decimal}\d+)?$")
        # Of a span such as 2014-2016 a field takes the first or the last year; one year alone is both.
        cleaned = "trim(piece)"
        if reading.thousands:
            cleaned = f"replace({cleaned}, {quoted(reading.thousands)}, '')"
        cleaned = f"replace({cleaned}, {quoted(reading.decimal)}, '.')"
        return (
            "CASE WHEN is_number THEN TRY_CAST(raw AS DOUBLE) "
            f"WHEN regexp_matches(trim(piece), {pattern}) THEN TRY_CAST({cleaned} AS DOUBLE) END"
        )

    def _dates(self) -> str:
        formats = [(f, _precision_of(f)) for f in self.profile.reading.dates]
        formats += [pair for pair in _ISO_DATES if pair[0] not in self.profile.reading.dates]
        # The parser takes "22" for the year 22: only four digits are a year here.
        said = "kind = 'date' AND missing IS NULL AND regexp_matches(raw, '[0-9]{4}')"
        # A time of day says nothing that is asked; the day does.
        day = f"regexp_replace(trim(raw), {quoted(TIME_OF_DAY)}, '')"
        value = ", ".join(f"try_strptime({day}, {quoted(f)})::DATE" for f, _ in formats)
        precision = " ".join(
            f"WHEN try_strptime({day}, {quoted(f)}) IS NOT NULL THEN '{exact}'" for f, exact in formats
        )
        return (
            f"CASE WHEN {said} THEN coalesce({value}) END AS date, "
            f"CASE WHEN {said} THEN CASE {precision} END END AS precision"
        )


def _precision_of(pattern: str) -> str:
    return "DAY" if "%d" in pattern else "MONTH" if "%m" in pattern or "%b" in pattern else "YEAR"

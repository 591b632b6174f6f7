"""What of a received file is kept: the columns that the profile reads, and of their cells what was asked for.

A list of what is forbidden loses; this is a list of what is allowed. A text of a coded column that no list
knows, a date that is no date, a number that is no number, a reference that has not the form of one: none of them is
needed to say that the cell is wrong, so a mark stands in their place. The words of names and titles that stay open
are those that the standard itself uses or that a person has decided (``values.csv``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from clearing_point.countries.decisions import Correction
from clearing_point.countries.profile import ColumnSpec, Profile, TableSpec
from clearing_point.findings import INFORMATION, NO_TOKEN, OLD_DAY, WORDS_LEFT_OUT, Finding
from clearing_point.intake import keeps
from clearing_point.intake.forbidden import forbidden_of
from clearing_point.intake.keeps import MARK, Keep
from clearing_point.intake.layout import FOLD, SheetLayout, fold, kept_columns
from clearing_point.intake.package import column_letter
from clearing_point.intake.source import arrow_of, quoted
from clearing_point.intake.words import missing_words, words_of
from clearing_point.standard.model import NUMBER_TYPES, Field, Standard, Table

_YEAR = re.compile(r"[0-9]{4}")
_REFERENCE_SHAPES, _REFERENCE_SHARE = 4, 0.2
"""A numbering has few kinds of letters; where nearly every reference has its own, they are initials."""


@dataclass(frozen=True)
class LeftOut:
    """Texts of one column that are not kept as they stand.

    Attributes
    ----------
    texts : mapping
        Text as written -> what is kept instead.
    open_fields : tuple of (table, field)
        Set where the text was a name or title: the sender is told.
    shortened : tuple of (rule, table, field)
        What is said where a part of a text, or nothing of it, was kept and no mark stands.
    """

    sheet: str
    number: int
    texts: Mapping[str, str]
    open_fields: tuple[tuple[str, str], ...] = ()
    coded_fields: tuple[tuple[str, str], ...] = ()
    shortened: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class _Today:
    """What is no longer taken: which is not asked of a file that was accepted before."""

    first_year: int | None = None
    no_token: re.Pattern[str] | None = None


@dataclass
class _Column:
    keeps: list[Keep] = field(default_factory=list)
    numbered: bool = False
    references: bool = False
    """Numbers of persons and events, whose letters must not be initials."""
    open_fields: list[tuple[str, str]] = field(default_factory=list)
    coded_fields: list[tuple[str, str]] = field(default_factory=list)
    shortened: list[tuple[str, str, str]] = field(default_factory=list)


def left_out(
    connection: Any,
    layouts: Sequence[SheetLayout],
    profile: Profile,
    standard: Standard,
    corrections: Sequence[Correction] = (),
    *,
    accepted_before: bool = False,
) -> list[LeftOut]:
    """Find the texts of the columns that are read which are not kept as they stand.

    Parameters
    ----------
    connection : duckdb connection
        Sees the rows of the file as ``received_rows``.
    accepted_before : bool
        Whether it was taken by an earlier version: its tokens and days stay what they were.

    Returns
    -------
    list of LeftOut
        One a column with such texts.
    """
    numbering: dict[str, str] = {}
    found: list[LeftOut] = []
    sheets = {layout.sheet: [other for other in layouts if other.sheet == layout.sheet] for layout in layouts}
    today = _Today() if accepted_before else _today(profile, standard)
    columns_of = {
        sheet: _columns(here, profile, standard, corrections, today) for sheet, here in sheets.items()
    }
    texts = _texts(connection, sheets, columns_of)
    for sheet, columns in columns_of.items():
        for number, seen in texts.get(sheet, {}).items():
            column = columns[number]
            changed = _changed(column, seen, numbering)
            if changed:
                parts = any(not kept.startswith(MARK) for kept in changed.values())
                found.append(
                    LeftOut(
                        sheet, number, changed, tuple(column.open_fields), tuple(column.coded_fields),
                        tuple(column.shortened) if parts else (),
                    )
                )  # fmt: skip
    return found


def _today(profile: Profile, standard: Standard) -> _Today:
    forbidden = forbidden_of(standard)
    period = _YEAR.match(profile.period or "")
    return _Today(int(period[0]) - forbidden.years_before if period else None, forbidden.no_token)


def remarks_on(left: Iterable[LeftOut]) -> list[Finding]:
    """Tell the sender of names, titles, tokens and days of which not all was kept, a column each."""
    return [
        Finding(rule, INFORMATION, "validity", table, name, one.sheet, None, column_letter(one.number))
        for one in left
        for rule, table, name in (
            *((WORDS_LEFT_OUT, *place) for place in one.open_fields[:1]),
            *one.shortened[:1],
        )
    ]


def is_skipped(layouts: Sequence[SheetLayout]) -> str:
    """Return SQL that holds for a row that its own word marks as no record (totals, rows without consent)."""
    marks = [
        f"coalesce(list_contains([{', '.join(map(quoted, words))}], fold(cells[{number}])), false)"
        for layout in layouts
        for number, words in layout.skip_columns.items()
    ]
    return f"({' OR '.join(marks)})" if marks else "false"


def _texts(
    connection: Any, sheets: Mapping[str, Sequence[SheetLayout]], columns: Mapping[str, Mapping[int, _Column]]
) -> dict[str, dict[int, list[str]]]:
    """Return sheet -> column number -> its distinct texts, in the order of their first row."""
    wanted = [
        (sheet, min(layout.first_row for layout in here), number)
        for sheet, here in sheets.items()
        for number in columns[sheet]
    ]
    found: dict[str, dict[int, list[str]]] = {}
    if not wanted:
        return found
    skipped = " ".join(f"WHEN {quoted(sheet)} THEN {is_skipped(here)}" for sheet, here in sheets.items())
    connection.execute(FOLD)
    kinds = {"sheet": pa.string(), "first": pa.int32(), "number": pa.int32()}
    connection.register("wanted", arrow_of(wanted, kinds))
    for sheet, number, value in connection.execute(
        "SELECT sheet, number, value FROM (SELECT sheet, source_row, unnest(cells) AS value, "
        "generate_subscripts(cells, 1)::INTEGER AS number FROM received_rows "
        f"JOIN (SELECT DISTINCT sheet, first FROM wanted) USING (sheet) "
        f"WHERE source_row >= first AND NOT CASE sheet {skipped} END) SEMI JOIN wanted USING (sheet, number) "
        "WHERE value IS NOT NULL AND trim(value) <> '' "
        "GROUP BY sheet, number, value ORDER BY sheet, number, min(source_row), value"
    ).fetchall():
        found.setdefault(sheet, {}).setdefault(number, []).append(value)
    connection.unregister("wanted")
    return found


def _changed(column: _Column, seen: Sequence[str], numbering: dict[str, str]) -> dict[str, str]:
    kept = {text: _best(column.keeps, text) for text in seen}
    if column.references:
        for text in _initials(text for text, found in kept.items() if found == text):
            kept[text] = None
    changed: dict[str, str] = {}
    for text, found in kept.items():
        if found == text:
            continue
        if found is not None:
            changed[text] = found
        elif column.numbered:
            changed[text] = numbering.setdefault(fold(text), f"{MARK}{len(numbering) + 1}")
        else:
            changed[text] = MARK
    return changed


def _best(keeps: Sequence[Keep], text: str) -> str | None:
    """Return the text itself if any reader of the column can read it, else what one of them keeps of it."""
    found = [keep(text) for keep in keeps]
    return text if text in found else next((kept for kept in found if kept is not None), None)


def _initials(references: Iterable[str]) -> list[str]:
    """Return the references whose letters differ from one to the next as initials do, and a numbering's do not."""
    shapes: dict[tuple[str, ...], list[str]] = {}
    total = 0
    for text in references:
        total += 1
        # Service 3 of S-AL-1001 is S-AL-1001-3: what counts are the letters.
        shapes.setdefault(tuple(re.findall(r"[^\W\d_]+", text.upper())), []).append(text)
    if len(shapes) <= max(_REFERENCE_SHAPES, _REFERENCE_SHARE * total):
        return []
    return [text for shape, texts in shapes.items() if shape for text in texts]


def _columns(
    layouts: Sequence[SheetLayout],
    profile: Profile,
    standard: Standard,
    corrections: Sequence[Correction],
    today: _Today,
) -> dict[int, _Column]:
    """Say of every column that is read what each of its readers keeps."""
    columns: dict[int, _Column] = {n: _Column() for layout in layouts for n in kept_columns(layout)}
    for layout in layouts:
        for number, words in layout.skip_columns.items():
            columns[number].keeps.append(keeps.known_only(words))
        for spec in layout.spec.tables:
            table = standard.tables[spec.table]
            for name, column in spec.columns.items():
                known = table.by_name.get(name) or table.by_name[name.removesuffix("_no")]
                decided = [fold(c.before) for c in corrections if c.table == spec.table and c.field == name]
                for number, reader in _readers(layout, column):
                    _add(columns[number], spec, table, known, reader, profile, standard, today)
                    if decided:
                        columns[number].keeps.append(keeps.known_only(decided))
    return columns


def _readers(layout: SheetLayout, column: ColumnSpec) -> Iterator[tuple[int, ColumnSpec | None]]:
    """Yield the numbers of a field's columns; None stands for a column of yes and no."""
    for read in (column, column.also):
        for heading in () if read is None else read.headings:
            number = layout.columns.get(fold(heading))
            if number is not None:
                yield number, read
    for heading in column.flags:
        number = layout.columns.get(fold(heading))
        if number is not None:
            yield number, None


def _add(
    column: _Column,
    spec: TableSpec,
    table: Table,
    known: Field,
    reader: ColumnSpec | None,
    profile: Profile,
    standard: Standard,
    today: _Today,
) -> None:
    place = (table.name, known.name)
    reading = profile.reading
    if reader is None:
        said = (*reading.yes, *reading.no, *reading.missing, *standard.missing_codes)
        column.keeps.append(keeps.known_only(map(fold, said)))
        column.coded_fields.append(place)
        return
    if known.is_coded:
        several = known.multiple or spec.explode == known.name or reader.part is not None
        words = words_of(known, reader, profile, standard)
        separator = reader.separator or reading.list_separator
        column.keeps.append(keeps.codes(words, separator if several else None, standard))
        column.coded_fields.append(place)
        return
    missing = {*missing_words(profile.language, standard), *map(fold, (*reading.missing, *reader.missing))}
    if known.type == "year" and reader.part:
        sign = re.escape(reader.separator or reading.list_separator)
        column.keeps.append(keeps.formed_as(re.compile(rf"[0-9]{{4}}(?: *{sign} *[0-9]{{4}})?"), missing))
    elif known.type in NUMBER_TYPES:
        most = float("inf") if known.type == "number" else known.constraints.get("maximum", float("inf"))
        is_small = most < 10 ** (keeps.OFFICIAL_DIGITS - 1)
        column.keeps.append(keeps.formed_as(keeps.SMALL_NUMBER if is_small else keeps.NUMBER, missing))
    elif known.type == "date":
        is_event = table.kind == "case" and profile.use != "reference" and profile.territory is not None
        column.keeps.append(keeps.day(missing, today.first_year if is_event else None))
        column.shortened.append((OLD_DAY, *place))
    elif profile.use == "reference" or profile.territory is None:
        column.keeps.append(lambda text: text)  # published by its source: nothing of it is anybody's secret
    else:
        _add_text(column, place, known, reader, missing, profile, standard, today)


def _add_text(
    column: _Column,
    place: tuple[str, str],
    known: Field,
    reader: ColumnSpec,
    missing: set[str],
    profile: Profile,
    standard: Standard,
    today: _Today,
) -> None:
    """A text without a list: by the field's own pattern, or by the words of its kind."""
    opened = forbidden_of(standard).open_texts.get(".".join(place))
    if opened is None:
        pattern = re.compile(str(known.constraints["pattern"]))
        longest = int(known.constraints.get("maxLength", 200))
        tokens = forbidden_of(standard).token_fields
        is_reference = known.disclosure == "pseudonym" and ".".join(place) not in tokens
        formed = keeps.formed_as(pattern, missing, prefix=reader.prefix, longest=longest)
        if ".".join(place) in tokens:
            formed = keeps.token(formed, today.no_token)
            column.shortened.append((NO_TOKEN, *place))
        else:
            # A code, of an organisation too, has no words but those of the standard, and those that a person has decided.
            formed = keeps.reference(formed, standard)
            if not is_reference:
                column.keeps.append(keeps.known_only([fold(profile.sender), *_decided(profile, known)]))
        column.keeps.append(formed)
        column.numbered = True
        column.references |= is_reference
        return
    column.keeps.append(keeps.open_text(opened, missing | _decided(profile, known), standard))
    column.open_fields.append(place)


def _decided(profile: Profile, known: Field) -> set[str]:
    return {fold(row["local"]) for row in profile.values if row["field"] == known.name}

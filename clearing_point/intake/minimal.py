"""What of a received file is kept: the columns that the profile reads, and of their cells what was asked for.

A list of what is forbidden loses; this is a list of what is allowed. A text of a coded column that no list
knows, a date that is no date, a number that is no number, a reference that has not the form of one: none of them is
needed to say that the cell is wrong, so a mark stands in their place. The words of names and titles that stay open
are those that the standard itself uses or that a person has decided (``values.csv``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from clearing_point.countries.decisions import Correction
from clearing_point.countries.profile import ColumnSpec, Profile, TableSpec
from clearing_point.findings import INFORMATION, WORDS_LEFT_OUT, Finding
from clearing_point.intake.forbidden import OpenText, forbidden_of, vocabulary
from clearing_point.intake.layout import FOLD, SheetLayout, fold, kept_columns
from clearing_point.intake.lookups import is_parted, parts_of
from clearing_point.intake.package import column_letter
from clearing_point.intake.remarks import ERROR_TEXT
from clearing_point.intake.source import arrow_of, quoted
from clearing_point.intake.words import Words, missing_words, words_of
from clearing_point.standard.model import NUMBER_TYPES, Field, Standard, Table

MARK = "\u241a"
"""Stands where a text was not kept (the symbol for "substitute"); in a column of references with a number behind
it, so that rows that belong together still do."""

_OFFICIAL_DIGITS = 7
_DATE = re.compile(
    r"[0-9]{1,4}(?: *[./-] *[0-9]{1,4}){0,2}\.?(?:[ T][0-9]{1,2}(?::[0-9]{1,2}){0,2}(?:[.,][0-9]{1,6})?Z?)?"
    r"|[0-9]{5}(?:[.,][0-9]+)?"
)
_NUMBER = re.compile(
    r"[-+]?[0-9]{1,9}(?:[ .,'\u00a0][0-9]{3}){0,3}(?:[.,][0-9]{1,17})?(?:[eE][-+]?[0-9]{1,3})?"
)
_SMALL_NUMBER = re.compile(rf"(?!(?:[^0-9]*[0-9]){{{_OFFICIAL_DIGITS}}}){_NUMBER.pattern}")
"""Of whole numbers below a million: a longer one is a telephone or official number, with a comma or without."""
_COUNT = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,3})?")
"""A short number says nothing of anybody in a column of words, where rows of totals have some."""
_QUESTION = re.compile(r"[A-Za-z][0-9]{1,3}([._][0-9]{1,4}[a-z]?)+")
"""The number of a question, which a form's own cells may hold where an answer is asked (rule Q15)."""
_NO_REFERENCE = re.compile(
    r"[0-9]{7,}|(^|[^0-9])[0-9]{6}-[0-9]{4,7}($|[^0-9])|(^|[^0-9])[0-9]{1,2}[./-][0-9]{1,2}[./-](19|20)[0-9]{2}($|[^0-9])"
)
"""Official numbers, documents and days are longer than a sender's own numbers, or differently parted."""
_LONG_WORD = re.compile(r"[^\W\d_]{5,}")
_ERROR = re.compile(ERROR_TEXT)
_WORD = re.compile(r"[^\W_]+")
_LETTERS = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"[0-9]")
_CODE = re.compile(r"[A-Z]{1,4}[0-9]{1,4}|[0-9]{1,4}")
_REFERENCE_SHAPES, _REFERENCE_SHARE = 4, 0.2
"""A numbering has few kinds of letters; where nearly every reference has its own, they are initials."""

Keep = Callable[[str], str | None]
"""Text of a cell -> what is kept of it; None if nothing is known of it and the mark stands alone."""


@dataclass(frozen=True)
class LeftOut:
    """Texts of one column that are not kept as they stand.

    Attributes
    ----------
    texts : mapping
        Text as written -> what is kept instead.
    open_fields : tuple of (table, field)
        Set where the text was a name or title: the sender is told.
    """

    sheet: str
    number: int
    texts: Mapping[str, str]
    open_fields: tuple[tuple[str, str], ...] = ()
    coded_fields: tuple[tuple[str, str], ...] = ()


@dataclass
class _Column:
    keeps: list[Keep] = field(default_factory=list)
    numbered: bool = False
    references: bool = False
    """Numbers of persons and events, whose letters must not be initials."""
    open_fields: list[tuple[str, str]] = field(default_factory=list)
    coded_fields: list[tuple[str, str]] = field(default_factory=list)


def left_out(
    connection: Any,
    layouts: Sequence[SheetLayout],
    profile: Profile,
    standard: Standard,
    corrections: Sequence[Correction] = (),
) -> list[LeftOut]:
    """Find the texts of the columns that are read which are not kept as they stand.

    Parameters
    ----------
    connection : duckdb connection
        Sees the rows of the file as ``received_rows``.

    Returns
    -------
    list of LeftOut
        One a column with such texts.
    """
    numbering: dict[str, str] = {}
    found: list[LeftOut] = []
    sheets = {layout.sheet: [other for other in layouts if other.sheet == layout.sheet] for layout in layouts}
    columns_of = {sheet: _columns(here, profile, standard, corrections) for sheet, here in sheets.items()}
    texts = _texts(connection, sheets, columns_of)
    for sheet, columns in columns_of.items():
        for number, seen in texts.get(sheet, {}).items():
            column = columns[number]
            changed = _changed(column, seen, numbering)
            if changed:
                found.append(
                    LeftOut(sheet, number, changed, tuple(column.open_fields), tuple(column.coded_fields))
                )
    return found


def remarks_on(left: Iterable[LeftOut]) -> list[Finding]:
    """Tell the sender of names and titles with words that were not kept, a column each."""
    return [
        Finding(
            WORDS_LEFT_OUT, INFORMATION, "validity", table, name, one.sheet, None, column_letter(one.number)
        )
        for one in left
        for table, name in one.open_fields[:1]
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
    layouts: Sequence[SheetLayout], profile: Profile, standard: Standard, corrections: Sequence[Correction]
) -> dict[int, _Column]:
    """Say of every column that is read what each of its readers keeps."""
    columns: dict[int, _Column] = {n: _Column() for layout in layouts for n in kept_columns(layout)}
    for layout in layouts:
        for number, words in layout.skip_columns.items():
            columns[number].keeps.append(_known_only(words))
        for spec in layout.spec.tables:
            table = standard.tables[spec.table]
            for name, column in spec.columns.items():
                known = table.by_name.get(name) or table.by_name[name.removesuffix("_no")]
                decided = [fold(c.before) for c in corrections if c.table == spec.table and c.field == name]
                for number, reader in _readers(layout, column):
                    _add(columns[number], spec, table, known, reader, number, layout, profile, standard)
                    if decided:
                        columns[number].keeps.append(_known_only(decided))
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
    number: int,
    layout: SheetLayout,
    profile: Profile,
    standard: Standard,
) -> None:
    place = (table.name, known.name)
    reading = profile.reading
    if reader is None:
        said = (*reading.yes, *reading.no, *reading.missing, *standard.missing_codes)
        column.keeps.append(_known_only(map(fold, said)))
        column.coded_fields.append(place)
        return
    if known.is_coded:
        several = known.multiple or spec.explode == known.name or reader.part is not None
        words = words_of(known, reader, profile, standard)
        separator = reader.separator or reading.list_separator
        column.keeps.append(_codes(words, separator if several else None, standard))
        column.coded_fields.append(place)
        return
    missing = {*missing_words(profile.language, standard), *map(fold, (*reading.missing, *reader.missing))}
    if known.type == "year" and reader.part:
        sign = re.escape(reader.separator or reading.list_separator)
        column.keeps.append(_formed(re.compile(rf"[0-9]{{4}}(?: *{sign} *[0-9]{{4}})?"), missing))
    elif known.type in NUMBER_TYPES:
        most = float("inf") if known.type == "number" else known.constraints.get("maximum", float("inf"))
        is_small = most < 10 ** (_OFFICIAL_DIGITS - 1)
        column.keeps.append(_formed(_SMALL_NUMBER if is_small else _NUMBER, missing))
    elif known.type == "date":
        column.keeps.append(_formed(_DATE, missing))
    elif profile.use == "reference" or profile.territory is None:
        column.keeps.append(lambda text: text)  # published by its source: nothing of it is anybody's secret
    else:
        _add_text(column, place, known, reader, missing, profile, standard)


def _add_text(
    column: _Column,
    place: tuple[str, str],
    known: Field,
    reader: ColumnSpec,
    missing: set[str],
    profile: Profile,
    standard: Standard,
) -> None:
    """A text without a list: by the field's own pattern, or by the words of its kind."""
    opened = forbidden_of(standard).open_texts.get(".".join(place))
    if opened is None:
        pattern = re.compile(str(known.constraints["pattern"]))
        longest = int(known.constraints.get("maxLength", 200))
        tokens = forbidden_of(standard).token_fields
        is_reference = known.disclosure == "pseudonym" and ".".join(place) not in tokens
        formed = _formed(pattern, missing, prefix=reader.prefix, longest=longest)
        column.keeps.append(_reference(formed, standard) if is_reference else formed)
        column.numbered = True
        column.references |= is_reference
        return
    decided = {fold(row["local"]) for row in profile.values if row["field"] == known.name}
    column.keeps.append(_open(opened, missing | decided, standard))
    column.open_fields.append(place)


def _known_only(words: Iterable[str]) -> Keep:
    known = frozenset(words)
    return lambda text: text if fold(text) in known or _is_plain(text.strip()) else None


def _is_plain(bare: str) -> bool:
    return bool(_ERROR.fullmatch(bare) or _COUNT.fullmatch(bare))


def _formed(pattern: re.Pattern[str], missing: set[str], *, prefix: str = "", longest: int = 40) -> Keep:
    def keep(text: str) -> str | None:
        bare = text.strip()
        fits = len(bare) <= longest and pattern.fullmatch(prefix + bare)
        return text if fits or fold(text) in missing or _ERROR.fullmatch(bare) else None

    return keep


def _reference(formed: Keep, standard: Standard) -> Keep:
    """Keep the number of a person or event: few digits together, and no longer word than those of the standard."""
    words = vocabulary(standard)

    def keep(text: str) -> str | None:
        if formed(text) is None:
            return None
        long = _LONG_WORD.findall(text)
        return None if _NO_REFERENCE.search(text) or any(w.lower() not in words for w in long) else text

    return keep


def _codes(words: Words, separator: str | None, standard: Standard) -> Keep:
    def is_known(part: str) -> bool:
        folded = fold(part)
        return folded in words.codes or folded in words.ambiguous or bool(words.in_other_spelling(folded))

    def is_of_form(bare: str) -> bool:
        """Whether it is a form's own: the number of a question, or an instruction such as "(specify the country)"."""
        inside = _WORD.findall(bare)
        said = bare.startswith("(") and all(word.lower() in vocabulary(standard) for word in inside)
        return said or bool(_QUESTION.fullmatch(bare))

    def keep(text: str) -> str | None:
        bare = text.strip()
        if is_known(text) or _is_plain(bare) or is_of_form(bare) or (separator and is_parted(text, words)):
            return text
        if separator is None or separator not in text:
            return None
        parts = parts_of(text, separator, words)
        if all(map(is_known, parts)):
            return text
        kept = [part if is_known(part) else MARK for part in parts]
        return separator.join(kept) if any(part != MARK for part in kept) else None

    return keep


def _open(opened: OpenText, known: set[str], standard: Standard) -> Keep:
    words = vocabulary(standard)

    def is_known(word: str) -> bool:
        return word.lower() in words or bool(_CODE.fullmatch(word))

    def keep(text: str) -> str | None:
        bare = text.strip()
        if fold(text) in known or _ERROR.fullmatch(bare):
            return text
        if not re.fullmatch(opened.pattern, bare) or len(_DIGIT.findall(bare)) >= _OFFICIAL_DIGITS:
            return None  # an official number in groups is made of short numbers, too
        found = _WORD.findall(bare)
        single = [word for word in found if word.isupper() and len(word) == 1]
        if len(single) > 1:
            return None  # initials: every letter is a word of some list
        return text if all(map(is_known, found)) else None

    return keep

"""Lookups: each distinct text of a column is given its meaning once, and rows join to that.

A lookup is a temporary table with the text as it stands in the cell (``raw``), whether the cell was a
number (``is_number``) and what it means: ``codes``, or ``value`` with ``precision`` and ``missing``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa

from clearing_point.countries.profile import ColumnSpec
from clearing_point.intake.layout import fold
from clearing_point.intake.source import Source, quoted
from clearing_point.intake.words import Words, missing_words, words_of
from clearing_point.standard.model import Field

_FEW = 200
_OTHER_SIGNS = re.compile(r"[;,/|+&\n]")
_TIME_OF_DAY = r"[ T]+[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?\s*(Z|[+-][0-9]{2}:?[0-9]{2})?$"
OTHER_FORM = r"[0-9]{1,2}[./ -]+[0-9]{1,2}[./ -]+[0-9]{2,4}\.?|[0-9]{4}[./ ][0-9]{1,2}([./ ][0-9]{1,2})?\.?"
"""Texts that a person reads as a date, in whatever form."""
_ISO_DATES = (("%Y-%m-%d", "DAY"), ("%Y-%m", "MONTH"), ("%Y", "YEAR"))
"""Year first is read everywhere: it cannot be mistaken. All else is read only as declared."""


@dataclass(frozen=True)
class CodeLookup:
    """What the texts of a coded column mean.

    Attributes
    ----------
    value : str
        SQL of a row's list of codes, ``['UNK']`` where a text has no meaning.
    joins : tuple of str
        Joins that ``value`` needs.
    unread, ambiguous : tuple of str
        Texts without a meaning, and those among them that mean several things.
    respelled : tuple of str
        Texts that were found in another spelling only.
    mixed : tuple of str
        Texts that say why an answer is missing beside an answer.
    parted : tuple of str
        Texts of several known words between which another sign stands than the agreed one; not among ``unread``.
    """

    value: str
    joins: tuple[str, ...]
    unread: tuple[str, ...]
    ambiguous: tuple[str, ...]
    respelled: tuple[str, ...] = ()
    mixed: tuple[str, ...] = ()
    parted: tuple[str, ...] = ()


def code_lookup(
    source: Source, field: Field, spec: ColumnSpec, name: str, cell: str, texts: list[str], blank: str
) -> CodeLookup:
    """Look up the distinct texts of a coded column, each once.

    Parameters
    ----------
    name : str
        For a temporary table, which is made only where the texts are many: joining fifty small
        tables costs more than asking each row which of a few texts it holds.
    cell : str
        SQL of a row's text.
    blank : str
        Code of an empty cell.
    """
    words = words_of(field, spec, source.profile, source.standard)
    several = field.multiple or source.spec.explode == field.name
    separator = separator_of(source, spec) if several or spec.part else None
    otherwise = None if spec.otherwise is None else [spec.otherwise]
    meant: dict[str, list[str]] = {}
    unread: list[str] = []
    ambiguous: list[str] = []
    respelled: list[str] = []
    mixed: list[str] = []
    parted: list[str] = []
    for text in texts:
        parts = [fold(part) for part in parts_of(text, separator, words)]
        if spec.part:
            parts = {"first": parts[:1], "last": parts[-1:], "others": parts[1:]}[spec.part]
            if not parts:
                meant[text] = [blank]
                continue
        as_written = [words.codes.get(part) for part in parts]
        found = [c or words.in_other_spelling(p) for c, p in zip(as_written, parts, strict=True)]
        if found != as_written and all(found):
            respelled.append(text)
        unclear = any(part in words.ambiguous for part in parts)
        codes = sorted({code for each in found if each for code in each})
        chosen = codes if found and all(found) else None if unclear else otherwise
        meant[text] = chosen if chosen is not None else ["UNK"]
        if chosen is codes and len(codes) > 1 and set(source.standard.missing_codes) & set(codes):
            mixed.append(text)
        if chosen is None and several and not unclear and is_parted(text, words):
            parted.append(text)
        elif chosen is None:
            unread.append(text)
            if unclear:
                ambiguous.append(text)
    if len(meant) <= _FEW:
        whens = " ".join(f"WHEN {quoted(text)} THEN {_list(codes)}" for text, codes in meant.items())
        value = f"CASE {cell} {whens} ELSE {_list([blank])} END" if meant else _list([blank])
        return CodeLookup(
            value, (), tuple(unread), tuple(ambiguous), tuple(respelled), tuple(mixed), tuple(parted)
        )
    table = pa.table(
        {
            "raw": pa.array(list(meant), pa.string()),
            "codes": pa.array(list(meant.values()), pa.list_(pa.string())),
        }
    )
    source.connection.register("looked_up", table)
    source.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM looked_up")
    source.connection.unregister("looked_up")
    value = f"coalesce({name}.codes, {_list([blank])})"
    join = f"LEFT JOIN {name} ON {name}.raw = {cell}"
    return CodeLookup(
        value, (join,), tuple(unread), tuple(ambiguous), tuple(respelled), tuple(mixed), tuple(parted)
    )


def is_parted(text: str, words: Words) -> bool:
    """Whether a text is several known words with another sign between them."""
    parts = [fold(part) for part in _OTHER_SIGNS.split(text) if part.strip()]
    return len(parts) > 1 and all(part in words.codes or words.in_other_spelling(part) for part in parts)


def parts_of(text: str, separator: str | None, words: Words) -> list[str]:
    """Split a cell of several values, as written; a known word that holds the separator itself stays whole."""
    if separator is None:
        return [text]
    pieces = [piece for piece in text.split(separator) if piece.strip()]
    parts: list[str] = []
    while pieces:
        longest = next(
            (n for n in range(len(pieces), 1, -1) if fold(separator.join(pieces[:n])) in words.codes), 1
        )
        parts.append(separator.join(pieces[:longest]))
        pieces = pieces[longest:]
    return parts


def _list(codes: list[str]) -> str:
    return f"[{', '.join(map(quoted, codes))}]"


def date_lookup(source: Source, spec: ColumnSpec, lookup: str, distinct: str) -> None:
    """Make the lookup of a date column: each text -> date, precision and missing code."""
    formats = [(f, _precision_of(f)) for f in source.profile.reading.dates]
    formats += [pair for pair in _ISO_DATES if pair[0] not in source.profile.reading.dates]
    # The parser takes "22" for the year 22: only four digits are a year here.
    full = "regexp_matches(raw, '[0-9]{4}')"
    # A time of day says nothing that is asked; the day does.
    day = f"regexp_replace(trim(raw), {quoted(_TIME_OF_DAY)}, '')"
    value = ", ".join(f"try_strptime({day}, {quoted(f)})::DATE" for f, _ in formats)
    precision = " ".join(
        f"WHEN try_strptime({day}, {quoted(f)}) IS NOT NULL THEN '{exact}'" for f, exact in formats
    )
    source.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {lookup} AS WITH texts AS ({distinct}) "
        f"SELECT raw, is_number, CASE WHEN meant IS NULL AND {full} THEN coalesce({value}) END AS value, "
        f"CASE WHEN meant IS NULL AND {full} THEN CASE {precision} END END AS precision, meant AS missing "
        f"FROM texts LEFT JOIN {_missing_words(source, spec)} ON word = fold(raw)"
    )


def _precision_of(pattern: str) -> str:
    return "DAY" if "%d" in pattern else "MONTH" if "%m" in pattern or "%b" in pattern else "YEAR"


def separator_of(source: Source, spec: ColumnSpec) -> str:
    """Return the sign between several values in the cells of a column."""
    return spec.separator or source.profile.reading.list_separator


def number_lookup(source: Source, field: Field, spec: ColumnSpec, lookup: str, distinct: str) -> None:
    """Make the lookup of a number column: each text -> value and missing code."""
    reading = source.profile.reading
    decimal, thousands = (f"\\{c}" if c in ".'" else c for c in (reading.decimal, reading.thousands))
    whole = rf"\d{{1,3}}({thousands}\d{{3}})+|\d+" if thousands else r"\d+"
    pattern = quoted(rf"^[-+]?({whole})({decimal}\d+)?$")
    # Of a span such as 2014-2016 a field takes the first or the last year; one year alone is both.
    piece = {None: "raw", "first": "part[1]", "last": "part[-1]"}[spec.part]
    piece = piece.replace("part", f"string_split(raw, {quoted(separator_of(source, spec))})")
    cleaned = f"trim({piece})"
    if reading.thousands:
        cleaned = f"replace({cleaned}, {quoted(reading.thousands)}, '')"
    cleaned = f"replace({cleaned}, {quoted(reading.decimal)}, '.')"
    number = (
        f"CASE WHEN is_number THEN TRY_CAST(raw AS DOUBLE) "
        f"WHEN regexp_matches(trim({piece}), {pattern}) THEN TRY_CAST({cleaned} AS DOUBLE) END"
    )
    if field.type == "number":
        value = number
    else:
        kind = "SMALLINT" if field.type == "year" else "INTEGER"
        value = f"CASE WHEN {number} = floor({number}) THEN TRY_CAST({number} AS {kind}) END"
    source.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {lookup} AS WITH texts AS ({distinct}) "
        f"SELECT raw, is_number, CASE WHEN meant IS NULL THEN {value} END AS value, meant AS missing "
        f"FROM texts LEFT JOIN {_missing_words(source, spec)} ON word = fold(raw)"
    )


def _missing_words(source: Source, spec: ColumnSpec) -> str:
    """Return the words that say why a value is missing, as a small SQL table (word, meant)."""
    words = {
        word: codes[0] for word, codes in missing_words(source.profile.language, source.standard).items()
    }
    words |= {fold(w): c for w, c in {**source.profile.reading.missing, **spec.missing}.items()}
    rows = ", ".join(f"({quoted(word)}, {quoted(code)})" for word, code in sorted(words.items()))
    return f"(VALUES {rows}) AS missing_words(word, meant)"

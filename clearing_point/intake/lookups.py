"""What the texts of a coded column mean: each distinct text is looked up once, and rows take its codes."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from clearing_point.countries.profile import ColumnSpec
from clearing_point.intake.layout import fold
from clearing_point.intake.parted import is_of_words
from clearing_point.intake.source import Source, quoted
from clearing_point.intake.words import Words, words_of
from clearing_point.standard.model import Field

_FEW = 200
_JOINED = ","
"""Between codes; none holds it."""
OTHER_FORM = r"[0-9]{1,2}[./ -]+[0-9]{1,2}[./ -]+[0-9]{2,4}\.?|[0-9]{4}[./ ][0-9]{1,2}([./ ][0-9]{1,2})?\.?"
"""Texts that a person reads as a date, in whatever form."""


@dataclass(frozen=True)
class CodeLookup:
    """What the texts of a coded column mean.

    Attributes
    ----------
    value : str
        SQL of a row's codes, a list if the field takes several; ``UNK`` where a text has no meaning.
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
        # Codes as one text: a list of constants is a function call to the engine, and there are hundreds of them.
        whens = " ".join(f"WHEN {quoted(text)} THEN {quoted(_JOINED.join(c))}" for text, c in meant.items())
        value = f"CASE {cell} {whens} ELSE {quoted(blank)} END" if meant else quoted(blank)
        value = f"string_split({value}, '{_JOINED}')" if several else value
        joins: tuple[str, ...] = ()
    else:
        source.connection.register("meant", pa.table({"raw": pa.array(list(meant), pa.string()),
            "codes": pa.array(list(meant.values()), pa.list_(pa.string()))}))  # fmt: skip
        source.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM meant")
        source.connection.unregister("meant")
        value = f"coalesce({name}.codes, [{quoted(blank)}])" + ("" if several else "[1]")
        joins = (f"LEFT JOIN {name} ON {name}.raw = {cell}",)
    return CodeLookup(
        value, joins, tuple(unread), tuple(ambiguous), tuple(respelled), tuple(mixed), tuple(parted)
    )


def is_parted(text: str, words: Words) -> bool:
    """Whether a text is several known words with another sign between them."""
    return is_of_words(text, lambda part: part in words.codes or words.in_other_spelling(part))


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


def separator_of(source: Source, spec: ColumnSpec) -> str:
    """Return the sign between several values in the cells of a column."""
    return spec.separator or source.profile.reading.list_separator

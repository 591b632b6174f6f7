"""The cells of a file against the content patterns of ``schemas/forbidden.yml`` (rule P02).

Every distinct text of every column is looked at once, by DuckDB over the Arrow table of the file, in
a database in memory that may neither reach out nor spill to disk. Titles and headings (the rows above
the data) are judged like an unmapped column, but not by patterns that excuse known words: they are
the form's own text.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any

import duckdb
import pyarrow as pa

from clearing_point import engine
from clearing_point.countries.profile import Profile
from clearing_point.findings import BLOCK, PERSONAL_CONTENT, Finding
from clearing_point.intake.check_digits import has_valid_check_digit
from clearing_point.intake.forbidden import Content, Forbidden, forbidden_of
from clearing_point.intake.guard_columns import UNMAPPED, SheetView, views_of
from clearing_point.intake.guard_known import KnownTexts
from clearing_point.intake.layout import SheetLayout
from clearing_point.intake.package import column_letter
from clearing_point.intake.read import ReceivedFile
from clearing_point.standard.model import Standard

PRIVACY = "privacy"
"""Dimension of the findings of the identity guard."""

_CELLS_NAMED = 20
"""Cells named in findings, a column and pattern."""
_SERIES, _SERIES_SPREAD = 5, 20
"""Numbers from which on a column may be a series, and how far apart they may lie on average."""
_THREADS = 2
_COLUMNS_AT_ONCE = 12
_CELLS_AT_ONCE = 2_000_000
"""Keeping the texts of all columns of a large file at once would take several times the memory."""
_TEXTS_AT_ONCE = 10_000

# Spaces, dashes and digits that look plain but are not, as office programs and telephones insert them.
_SPACES = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"
_WIDE = "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19\uff0b\uff20\uff0e"
_UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"
_ODD = _SPACES + _DASHES + _WIDE + _UNSEEN
_PLAIN = " " * len(_SPACES) + "-" * len(_DASHES) + "0123456789+@."


def guard_cells(
    received: ReceivedFile,
    layouts: Collection[SheetLayout],
    profile: Profile,
    standard: Standard,
    *,
    contents: tuple[Content, ...] | None = None,
) -> list[Finding]:
    """Find content that tells who a person is, in every column of every sheet.

    Parameters
    ----------
    layouts : collection of SheetLayout
        Where each field stands; sheets and columns outside it are judged as unmapped.
    profile : Profile
        Gives the words of coded columns, which are excused where a pattern says so.
    contents : tuple of Content, optional
        What is looked for, if not all that ``forbidden.yml`` declares.

    Returns
    -------
    list of Finding
        Of rule P02, with the pattern as field: one for each offending column and pattern, followed by
        up to 20 with the rows of single cells.

    Raises
    ------
    InputProblem
        If ``forbidden.yml`` cannot be read, or the profile maps a word to an unknown code.
    """
    forbidden = forbidden_of(standard)
    if contents is not None:
        forbidden = replace(forbidden, contents=contents)
    views = views_of(received, layouts, standard)
    known = KnownTexts(views, profile, standard)
    found: list[tuple[tuple[int, int, int], Finding]] = []
    with in_memory(received.rows) as connection:
        _prepare(connection, views)
        for first, last in _blocks(connection, received.rows.num_rows):
            _collect(connection, first, last)
            _leave_out_tokens(connection, views, forbidden)
            filled = _columns_tried(connection, views, forbidden)
            _match(connection, forbidden)
            _excuse_known(connection, forbidden, known)
            _keep_valid(connection, forbidden)
            found += _findings(connection, views, filled, forbidden)
    return [finding for _, finding in sorted(found, key=lambda one: one[0])]


@contextmanager
def in_memory(rows: pa.Table) -> Iterator[Any]:
    """Open a database in memory that sees ``received_rows``, reaches nothing else and never spills to disk.

    Nothing stays in it: what is made in it is temporary, and gone when the block ends.
    """
    connection = _database_in_memory(os.getpid(), rows.num_rows > engine.MANY_ROWS).cursor()
    try:
        connection.register("received_rows", rows)
        yield connection
    finally:
        connection.close()


@lru_cache(maxsize=2)
def _database_in_memory(_process: int, many_rows: bool) -> Any:
    """Open it once a process: to open and lock one takes longer than most questions to it."""
    connection = duckdb.connect(":memory:")
    for setting in (
        "temp_directory = ''",
        f"threads = {_THREADS if many_rows else 1}",
        f"disabled_optimizers = {engine.left_out(many_rows=many_rows)}",
        "enable_external_access = false",
        "autoload_known_extensions = false",
        "autoinstall_known_extensions = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")
    return connection


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _prepare(connection: Any, views: list[SheetView]) -> None:
    """Name the sheets, and plain writing as SQL."""
    sheets = pa.table(
        {
            "sheet_id": pa.array(range(len(views)), pa.int32()),
            "sheet": pa.array([view.name for view in views], pa.string()),
            "first_row": pa.array([view.first_row for view in views], pa.int32()),
        }
    )
    connection.register("sheets", sheets)
    connection.execute(
        "CREATE TEMP MACRO plain(word) AS CASE WHEN strlen(word) = length(word) THEN word "
        f"ELSE translate(word, {_text(_ODD)}, {_text(_PLAIN)}) END"
    )
    connection.execute(
        "CREATE TEMP VIEW placed AS SELECT sheet_id, source_row, source_row < first_row AS above, "
        "generate_subscripts(cells, 1)::INTEGER AS number, unnest(cells) AS value "
        "FROM received_rows JOIN sheets USING (sheet)"
    )


def _blocks(connection: Any, rows: int) -> Iterator[tuple[int, int]]:
    """Yield the first and last of columns that are judged together: of a small file all."""
    width = connection.execute("SELECT coalesce(max(len(cells)), 0) FROM received_rows").fetchone()[0]
    step = width if rows * width <= _CELLS_AT_ONCE else _COLUMNS_AT_ONCE
    for first in range(1, width + 1, step or 1):
        yield first, min(first + step - 1, width)


def _collect(connection: Any, first: int, last: int) -> None:
    """Gather the distinct texts of some columns, above their data and in it."""
    part = f"cells[{first}:{last}]"
    connection.execute("DROP TABLE IF EXISTS seen")  # replaced, it would stand until the new one is made
    connection.execute(
        "CREATE TEMP TABLE seen AS SELECT * FROM ("
        "SELECT sheet_id, above, number, value, count(*) AS cells FROM ("
        f"SELECT sheet_id, source_row < first_row AS above, generate_subscripts({part}, 1)::INTEGER + {first - 1} "
        f"AS number, unnest({part}) AS value FROM received_rows JOIN sheets USING (sheet)) "
        "GROUP BY ALL) WHERE trim(value) <> ''"
    )
    # Numbers of rows of `seen`, so that a text is kept once however many patterns it matches.
    connection.execute("CREATE OR REPLACE TEMP TABLE hits (content_id INTEGER, seen_id BIGINT)")


def _leave_out_tokens(connection: Any, views: list[SheetView], forbidden: Forbidden) -> None:
    """Leave out what stands in a column of tokens and is or was a token: random digits may look like any number.

    A name, a telephone number or an identity number in such a column has another form and is judged like any cell.
    """
    places = [
        (sheet_id, number)
        for sheet_id, view in enumerate(views)
        for number, readers in view.readers.items()
        if {f"{r.table.name}.{r.field.name}" for r in readers} <= forbidden.token_fields
    ]
    form = f"{forbidden.token_pattern}|{forbidden.no_token.pattern}"
    columns = [pa.array([place[i] for place in places], pa.int32()) for i in range(2)]
    connection.register("token_columns", pa.table(columns, names=["sheet_id", "number"]))
    connection.execute(
        f"DELETE FROM seen WHERE NOT above AND regexp_full_match(trim(value), {_text(form)}) "
        "AND EXISTS (FROM token_columns AS t WHERE t.sheet_id = seen.sheet_id AND t.number = seen.number)"
    )


_Place = tuple[int, bool, int]
"""Number of the sheet, whether above its data, number of the column."""


def _columns_tried(connection: Any, views: list[SheetView], forbidden: Forbidden) -> dict[_Place, int]:
    """Note which pattern is tried on which column; return the filled cells of each."""
    filled: dict[_Place, int] = {
        (sheet_id, above, number): cells
        for sheet_id, above, number, cells in connection.execute(
            "SELECT sheet_id, above, number, sum(cells)::BIGINT FROM seen GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    }
    tried = [
        [n for n, content in enumerate(forbidden.contents)
         if _is_tried(content, views[place[0]], place, forbidden.unmapped_kind)]
        for place in filled
    ]  # fmt: skip
    kinds = {"sheet_id": pa.int32(), "above": pa.bool_(), "number": pa.int32()}
    columns = {
        name: pa.array([place[i] for place in filled], kind) for i, (name, kind) in enumerate(kinds.items())
    }
    columns["contents"] = pa.array(tried, pa.list_(pa.int32()))
    connection.register("tried", pa.table(columns))
    return filled


def _is_tried(content: Content, view: SheetView, place: _Place, unmapped_kind: str) -> bool:
    _, above, number = place
    kinds = {table.kind for table in view.tables_of(number)} or {unmapped_kind}
    if not kinds & content.kinds:
        return False
    if above:
        return UNMAPPED in content.columns and not content.exempt_known_values
    fields = {f"{reader.table.name}.{reader.field.name}" for reader in view.readers.get(number, ())}
    # What one field that reads the column may rightly hold is no offence because another reads it too.
    return view.kinds_of(number) <= content.columns and not fields & content.except_fields


def _match(connection: Any, forbidden: Forbidden) -> None:
    """Note which texts match which of the patterns that are tried on their column."""
    each = ", ".join(
        f"CASE WHEN list_contains(contents, {n}) AND regexp_matches(said, {_text(content.pattern)}) THEN {n} END"
        for n, content in enumerate(forbidden.contents)
    )
    connection.execute(
        "INSERT INTO hits SELECT content_id, seen_id FROM ("
        f"SELECT unnest([{each}]) AS content_id, seen_id FROM (SELECT contents, seen.rowid AS seen_id, "
        "plain(value) AS said FROM seen JOIN tried USING (sheet_id, above, number))) WHERE content_id IS NOT NULL"
    )


def _excuse_known(connection: Any, forbidden: Forbidden, known: KnownTexts) -> None:
    """Drop cells whose text is known, or matches no more once its known parts are taken out."""
    patterns = {n: c.pattern for n, c in enumerate(forbidden.contents) if c.exempt_known_values}
    seen = connection.execute(
        "SELECT content_id, seen_id, sheet_id, number, value FROM hits JOIN seen ON seen.rowid = seen_id "
        f"WHERE NOT above AND list_contains({list(patterns)}::INTEGER[], content_id)"
    )
    rests: list[tuple[int, int, str]] = []
    while some := seen.fetchmany(_TEXTS_AT_ONCE):
        for content_id, seen_id, sheet_id, number, text in some:
            rest = known.unknown_part(sheet_id, number, text)
            if rest != text:
                rests.append((content_id, seen_id, rest))
    if not rests:
        return
    kinds = (pa.int32(), pa.int64(), pa.string())
    columns = [pa.array([row[i] for row in rests], kind) for i, kind in enumerate(kinds)]
    connection.register("rests", pa.table(columns, names=["content_id", "seen_id", "rest"]))
    still = " ".join(
        f"WHEN {n} THEN regexp_matches(plain(rest), {_text(pattern)})" for n, pattern in patterns.items()
    )
    connection.execute(
        "DELETE FROM hits USING rests WHERE hits.content_id = rests.content_id AND hits.seen_id = rests.seen_id "
        f"AND (rest = '' OR NOT CASE rests.content_id {still} END)"
    )
    connection.unregister("rests")


def _keep_valid(connection: Any, forbidden: Forbidden) -> None:
    """Of patterns of official numbers keep cells that hold a number whose check digit is right."""
    for (content_id,) in connection.execute("SELECT DISTINCT content_id FROM hits").fetchall():
        content = forbidden.contents[content_id]
        if content.checksum is None:
            continue
        candidates = (
            f"SELECT seen_id, unnest(regexp_extract_all(plain(value), {_text(content.pattern)}, {content.group})) "
            f"AS official FROM hits JOIN seen ON seen.rowid = seen_id WHERE content_id = {content_id}"
        )
        found = connection.execute(f"SELECT DISTINCT official FROM ({candidates})").fetchnumpy()["official"]
        right = has_valid_check_digit(found, content.checksum)
        connection.register("right_numbers", pa.table({"official": pa.array(found[right], pa.string())}))
        connection.execute(
            f"DELETE FROM hits WHERE content_id = {content_id} AND seen_id NOT IN "
            f"(SELECT seen_id FROM ({candidates}) SEMI JOIN right_numbers USING (official))"
        )
        connection.unregister("right_numbers")


def _series(connection: Any, forbidden: Forbidden) -> set[tuple[Any, ...]]:
    """Columns whose matching cells are whole numbers of one length that follow each other closely."""
    numbers = [n for n, content in enumerate(forbidden.contents) if content.series_excused]
    if not numbers:
        return set()
    return set(
        connection.execute(
            "SELECT content_id, sheet_id, above, number FROM hits JOIN seen ON seen.rowid = seen_id "
            f"WHERE content_id IN ({', '.join(map(str, numbers))}) GROUP BY ALL "
            "HAVING bool_and(regexp_full_match(trim(value), '[0-9]+')) AND count(DISTINCT length(trim(value))) = 1 "
            f"AND count(DISTINCT value) >= {_SERIES} AND max(TRY_CAST(trim(value) AS HUGEINT)) - "
            f"min(TRY_CAST(trim(value) AS HUGEINT)) < {_SERIES_SPREAD} * count(DISTINCT value)"
        ).fetchall()
    )


def _findings(
    connection: Any, views: list[SheetView], filled: dict[_Place, int], forbidden: Forbidden
) -> list[tuple[tuple[int, int, int], Finding]]:
    """Return what offends, each with the numbers of its sheet, column and pattern, by which it is put in order."""
    counted = connection.execute(
        "SELECT content_id, sheet_id, above, number, sum(cells)::BIGINT "
        "FROM hits JOIN seen ON seen.rowid = seen_id GROUP BY ALL"
    ).fetchall()
    excused = _series(connection, forbidden)
    offending = []
    for content_id, *place, cells in counted:
        content, there = forbidden.contents[content_id], filled[place[0], place[1], place[2]]
        needed = min(content.cells, there) if content.alone else content.cells
        if cells >= needed and cells >= content.share * there and (content_id, *place) not in excused:
            offending.append((content_id, *place))
    if not offending:
        return []
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE offending (content_id INTEGER, sheet_id INTEGER, above BOOLEAN, number INTEGER)"
    )
    connection.executemany("INSERT INTO offending VALUES (?,?,?,?)", offending)
    # A text that several patterns see is told by one: the most telling, and of several such the one declared first.
    ranks = [(content.checksum is None) + content.gives_way for content in forbidden.contents]
    rank = f"{ranks}[content_id + 1], content_id"
    rows = connection.execute(
        f"SELECT sheet_id, number, content_id, min(source_row, {_CELLS_NAMED}) FROM placed "
        "JOIN (SELECT * FROM hits JOIN seen ON seen.rowid = seen_id "
        "SEMI JOIN offending USING (content_id, sheet_id, above, number) "
        f"QUALIFY row_number() OVER (PARTITION BY seen_id ORDER BY {rank}) = 1) "
        "USING (sheet_id, above, number, value) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return [
        (
            (sheet_id, number, content_id),
            Finding(
                PERSONAL_CONTENT, BLOCK, PRIVACY, None, forbidden.contents[content_id].name, views[sheet_id].name,
                source_row, column_letter(number),
            ),
        )
        for sheet_id, number, content_id, source_rows in rows
        for source_row in (None, *sorted(source_rows))
    ]  # fmt: skip

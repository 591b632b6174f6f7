"""A new version of a submission against the one in force: counts only, never a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clearing_point.standard.columns import columns_of
from clearing_point.standard.model import REFERENCE, Standard, Table


@dataclass(frozen=True)
class TableDifference:
    """Rows of one table that a new version adds, changes and no longer has, and how many cells differ."""

    table: str
    title: str
    added: int
    changed: int
    removed: int
    cells: int


def difference(
    connection: Any, submission_id: str, earlier: str, standard: Standard,
    keys: Mapping[str, Sequence[str]] | None = None,
) -> tuple[TableDifference, ...]:  # fmt: skip
    """Compare a submission in its workspace with an earlier version in the warehouse, row by row of equal keys.

    Parameters
    ----------
    connection : duckdb connection
        The workspace, with the warehouse attached.
    earlier : str
        Submission that the new one would replace.
    keys : mapping, optional
        Of a public source: table -> fields that say what a number is about. Its rows have no number of their own: they are
        told by these, and where a table has none by all that they hold.

    Returns
    -------
    tuple of TableDifference
        Tables in which something differs.
    """
    found = []
    for table in standard.tables_of_kind("case", "aggregate", "scorecard", REFERENCE):
        row = connection.execute(_query(table, keys, standard), [submission_id, earlier]).fetchone()
        made = TableDifference(table.name, table.title["en"], *(int(n or 0) for n in row))
        if made.added or made.changed or made.removed:
            found.append(made)
    return tuple(found)


def _query(table: Table, keys: Mapping[str, Sequence[str]] | None, standard: Standard) -> str:
    names = [name for name, _ in columns_of(table)]
    # Rows that nobody numbered are told apart by all they hold, and then by how often it stands there.
    told_by: Sequence[str] = table.primary_key or names
    if keys is not None:
        # A key of several fields says what a row is about; one of a single field is its number.
        numbers = {one.primary_key[0] for one in standard.tables.values() if len(one.primary_key) == 1}
        names = [name for name in names if name not in numbers]
        told_by = keys.get(table.name, names)
    columns = ", ".join(f'"{name}"' for name in names)
    sides = {"new": f'staged."{table.name}"', "old": f'warehouse.core."{table.name}"'}
    whole = ", ".join(
        f"every_{side} AS (SELECT *, row_number() OVER (PARTITION BY {_hash(names)}) AS nth, {_hash(names)} AS held "
        f"FROM {place} WHERE submission_id = ?)"
        for side, place in sides.items()
    )
    # Of rows that are told by what they are about, those that both have are the same, and the others are paired.
    rest = " ANTI JOIN every_{} USING (held, nth)" if keys is not None else ""
    about = _hash(told_by)
    numbered = f"{about} || '.' || row_number() OVER (PARTITION BY {about} ORDER BY source_row, source_part)"
    different = ", ".join(
        f"{side} AS (SELECT {numbered} AS row_key, {columns} FROM every_{side}{rest.format(other)})"
        for side, other in (("new", "old"), ("old", "new"))
    )
    differing = " + ".join(f'(new."{n}" IS DISTINCT FROM old."{n}")::INTEGER' for n in names)
    return (
        f"WITH {whole}, {different}, matched AS (SELECT {differing} AS cells FROM new JOIN old USING (row_key)) "
        "SELECT (SELECT count(*) FROM new ANTI JOIN old USING (row_key)), "
        "(SELECT count(*) FROM matched WHERE cells > 0), "
        "(SELECT count(*) FROM old ANTI JOIN new USING (row_key)), (SELECT sum(cells) FROM matched)"
    )


def _hash(names: Sequence[str]) -> str:
    texts = ", ".join(f'coalesce("{name}"::VARCHAR, chr(30))' for name in names)
    return f"md5(concat_ws(chr(31), {texts}))"


def lines(
    found: tuple[TableDifference, ...], earlier: str, standard: Standard, language: str = "en"
) -> Iterator[str]:
    """Yield what a sender should know of the difference."""
    if not found:
        yield standard.word("screen", "no_difference", language, earlier=earlier)
        return
    yield standard.word("screen", "difference", language, earlier=earlier)
    for one in found:
        title = standard.tables[one.table].title
        yield "  " + standard.word(
            "screen", "difference_of_table", language, table=title.get(language) or title["en"], added=one.added,
            changed=one.changed, cells=one.cells, removed=one.removed,
        )  # fmt: skip

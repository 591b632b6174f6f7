"""A new version of a submission against the one in force: counts only, never a value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clearing_point.standard.columns import columns_of
from clearing_point.standard.model import REFERENCE, Standard, Table
from clearing_point.warehouse.connection import opened


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
    workspace: Path, warehouse: Path, submission_id: str, earlier: str, standard: Standard
) -> tuple[TableDifference, ...]:
    """Compare a submission in its workspace with an earlier version in the warehouse, row by row of equal keys.

    Parameters
    ----------
    workspace, warehouse : Path
        No connection of this process may be open on either.
    earlier : str
        Submission that the new one would replace.

    Returns
    -------
    tuple of TableDifference
        Tables in which something differs.
    """
    found = []
    with opened(workspace, read_only=True, attach={"warehouse": warehouse}) as connection:
        for table in standard.tables_of_kind("case", "aggregate", "scorecard", REFERENCE):
            row = connection.execute(_query(table), [submission_id, earlier]).fetchone()
            made = TableDifference(table.name, table.title["en"], *(int(n or 0) for n in row))
            if made.added or made.changed or made.removed:
                found.append(made)
    return tuple(found)


def _query(table: Table) -> str:
    names = [name for name, _ in columns_of(table)]
    columns = ", ".join(f'"{name}"' for name in names)
    # Rows that nobody numbered are told apart by all they hold, and then by how often it stands there.
    keys = [f'"{k}"' for k in table.primary_key] or [f'"{name}"' for name in names]
    key = f"md5(concat_ws(chr(31), {', '.join(f'coalesce({k}::VARCHAR, chr(30))' for k in keys)}))"
    numbered = f"{key} || '.' || row_number() OVER (PARTITION BY {key} ORDER BY source_row, source_part)"
    differing = " + ".join(f'(new."{n}" IS DISTINCT FROM old."{n}")::INTEGER' for n in names)
    return (
        f'WITH new AS (SELECT {numbered} AS row_key, {columns} FROM staged."{table.name}" WHERE submission_id = ?), '
        f'old AS (SELECT {numbered} AS row_key, {columns} FROM warehouse.core."{table.name}" WHERE submission_id = ?), '
        f"matched AS (SELECT {differing} AS cells FROM new JOIN old USING (row_key)) "
        "SELECT (SELECT count(*) FROM new ANTI JOIN old USING (row_key)), "
        "(SELECT count(*) FROM matched WHERE cells > 0), "
        "(SELECT count(*) FROM old ANTI JOIN new USING (row_key)), (SELECT sum(cells) FROM matched)"
    )


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

"""What the rows of an accepted submission were when they were stored: their number and the sum of their digests, a table.

The sum has no order and gives no row and no value back. It stands with the receipt (``raw.submission``), in the warehouse
and beside the archive, so that rows changed or exchanged afterwards are seen although as many stand there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from clearing_point.standard.columns import columns_of
from clearing_point.standard.model import LINEAGE, Standard, Table

COLUMN = "rows_digest"
"""Of ``raw.submission``: JSON of table -> :func:`digest_sql`; empty where nothing was accepted."""
_EMPTY = "0:0"


def stored_columns(table: Table) -> tuple[str, ...]:
    """Return the columns of a row that stay as they were stored.

    Not the tokens by which senders' persons were linked: they are emptied when a round ends.
    """
    found_by = {
        *table.primary_key,
        *(key for keys in table.parents.values() for key in keys),
        *(own for own, _, _ in table.references),
    }
    tokens = {f.name for f in table.fields if f.disclosure == "pseudonym" and f.name not in found_by}
    return (*LINEAGE, *(name for name, _ in columns_of(table) if name not in tokens))


def digest_sql(table: Table, more: str = "") -> str:
    """Return SQL of the number of rows and the sum of their digests, as one text.

    Parameters
    ----------
    more : str
        SQL of a further column's value, such as one that only ``core`` has.
    """
    # A digest that any version of the engine gives alike; what is empty is told from an empty text.
    parts = [f"coalesce({name}::VARCHAR, chr(30))" for name in _quoted(table)]
    parts += [f"coalesce({more}, chr(30))"] if more else []
    row = f"concat_ws(chr(31), {', '.join(parts)})"  # a chain of || takes the engine four times as long to prepare
    return f"count(*) || ':' || coalesce(sum(md5_number_lower({row})::HUGEINT), 0)"


def rows_digest(
    connection: Any, standard: Standard, place: str, submission_id: str, more: Mapping[str, str]
) -> str:
    """Return what :data:`COLUMN` holds of a submission whose rows stand in a schema.

    Parameters
    ----------
    place : str
        Such as ``workspace.staged``.
    more : mapping
        Table -> SQL of the column that it gains in ``core``.
    """
    tables = list(standard.tables_of_kind())
    there = connection.execute(
        "SELECT "
        + ", ".join(f'EXISTS (FROM {place}."{table.name}" WHERE submission_id = $1)' for table in tables),
        [submission_id],
    ).fetchone()
    found = {}
    for table in (table for table, has_rows in zip(tables, there, strict=True) if has_rows):
        said = connection.execute(
            f'SELECT {digest_sql(table, more.get(table.name, ""))} FROM {place}."{table.name}" WHERE submission_id = ?',
            [submission_id],
        ).fetchone()[0]
        found[table.name] = said
    return json.dumps(found)


def compared_sql(standard: Standard, place: str, more: Mapping[str, str]) -> str:
    """Return a query of ``submission_id``, ``stored_table``, ``accepted``, ``stored`` of those in ``raw.submission``.

    ``accepted`` is NULL for a submission of which nothing was kept but numbers of rows.
    """
    each = [
        f"SELECT s.submission_id, '{t.name}' AS stored_table, "
        f"CASE WHEN s.{COLUMN} IS NOT NULL THEN coalesce(s.{COLUMN}::JSON ->> '{t.name}', '{_EMPTY}') END AS accepted, "
        f"coalesce(r.stored, '{_EMPTY}') AS stored FROM raw.submission AS s LEFT JOIN (SELECT submission_id, "
        f'{digest_sql(t, more.get(t.name, ""))} AS stored FROM {place}."{t.name}" GROUP BY submission_id) AS r '
        "USING (submission_id)"
        for t in standard.tables_of_kind()
    ]
    return " UNION ALL ".join(each)


def _quoted(table: Table) -> list[str]:
    return [f'"{name}"' for name in stored_columns(table)]

"""No aggregate of the standard says something of rows that say nothing: a count is 0 there, and an undated row is not the last.

Rules may count with ``count_if``: it is rewritten when they are read, and their own examples hold that a complete column is judged.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import sqlglot
from sqlglot import exp

from clearing_point.standard import Standard
from clearing_point.standard.files import read_yaml


def _sql(standard: Standard) -> Iterator[tuple[str, exp.Expression]]:
    """Every query that is run as it is written; rules are rewritten when they are read."""
    texts = {f"population {n}": p.sql for n, p in standard.populations.items()}
    texts |= {f"denominator {n}": d.sql for n, d in standard.denominators.items()}
    for entry in read_yaml(standard.folder / "checkpoint.yml")["expectations"]:
        texts[f"checkpoint {entry['id']}"] = entry.get("query")
    for name, text in texts.items():
        if text:
            yield name, sqlglot.parse_one(text, dialect="duckdb")


def test_duckdb_takes_a_row_without_a_date_for_the_last() -> None:
    """Why the next test is there: a key that holds nothing stands above every key."""
    rows = "(VALUES ('undated', NULL::DATE, 1), ('dated', DATE '2021-01-01', 2)) AS t(x, d, k)"
    assert duckdb.sql(f"SELECT arg_max(x, (d, k)) FROM {rows}").fetchone() == ("undated",)


def test_an_undated_row_is_never_the_last(standard: Standard) -> None:
    dates = {f.name for table in standard.tables.values() for f in table.fields if f.type == "date"}
    dates -= {f.name for table in standard.tables_of_kind("header") for f in table.fields}  # required
    bare = {
        (name, column.name)
        for name, tree in _sql(standard)
        for found in tree.find_all(exp.ArgMax)
        for column in found.expression.find_all(exp.Column)
        if column.name in dates and column.find_ancestor(exp.Coalesce) is None
    }
    assert bare == set()


def test_no_query_counts_with_a_function_that_is_null_over_nothing(standard: Standard) -> None:
    assert [name for name, tree in _sql(standard) if tree.find(exp.CountIf)] == []

"""All SQL of the standard says the same on another engine, row for row, after translation of its syntax tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from clearing_point.analysis.dry_rows import fill_warehouse
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.dialects import POSTGRES, translated
from clearing_point.standard.portable import unportable
from tests.contract import dialect_pieces as pieces
from tests.contract.dialect_pieces import Asked, Piece, ask
from tests.contract.postgres import Server, server


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("postgres")) as found:
        yield found


def _differing(asked: Asked, postgres: Server, standard: Standard) -> list[str]:
    """Ask PostgreSQL the same over the same rows; return what it answers otherwise, or not at all."""
    import psycopg

    found = []
    postgres.copy(asked.path, asked.schemas)
    with postgres.connection() as connection:
        connection.execute("DROP SCHEMA IF EXISTS known CASCADE")
        connection.execute("CREATE SCHEMA known")
        for piece, answer in zip(asked.pieces, asked.answers, strict=True):
            text = translated(piece.sql, POSTGRES, standard, asked.columns)
            try:
                if piece.view:
                    connection.execute(f"CREATE VIEW {piece.view} AS {text}")
                rows = pieces.comparable(connection.execute(text).fetchall())
            except psycopg.Error as error:
                found.append(f"{piece.name}: {str(error).splitlines()[0]}")
                continue
            if rows != answer:
                found.append(_said(piece, answer, rows))
    return found


def _said(piece: Piece, answer: tuple[Any, ...], rows: tuple[Any, ...]) -> str:
    wrong = [
        n
        for a, b in zip(answer, rows, strict=False)
        for n, (x, y) in enumerate(zip(a, b, strict=False))
        if x != y
    ]
    return f"{piece.name}: {len(answer)} and {len(rows)} rows; columns {sorted(set(wrong))} differ"


@pytest.fixture(scope="module")
def counted(standard: Standard, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    path = tmp_path_factory.mktemp("counted") / "counted.duckdb"
    first = {i.population: i for i in reversed(standard.indicators)}
    kinds = {i.measure.kind: i for i in reversed(standard.indicators) if i.measure is not None}
    few = [i for i in standard.indicators if i is first[i.population] or i in kinds.values()]
    with duckdb.connect() as connection:
        pieces.empty_warehouse(connection, standard)
        fill_warehouse(connection, standard, 2000)
        queries = pieces.counted_file(
            connection, replace(standard, indicators=tuple(few)), (1999, 2000), path
        )
    return ask(path, standard, pieces.COUNTED_SCHEMAS, queries)


def test_populations_and_indicators_count_the_same_on_postgresql(
    counted: Asked, postgres: Server, standard: Standard
) -> None:
    """Every population, of its tables the first, and one table of each kind of measure; at night all of them.

    Three planted queries show that a difference is seen: another row, a row too few, a function that is not there."""
    empty = [p.name for p, rows in zip(counted.pieces, counted.answers, strict=True) if not rows]
    assert len(empty) < 8, "over no rows all engines agree"
    planted = [
        Piece("another row", "SELECT 'PostgreSQL'"),
        Piece("a row too few", "SELECT unnest(['a', 'b']) WHERE false"),
        Piece(
            "no such function",
            "SELECT list_aggregate(exploitation_form, 'max') FROM current.trafficking_episode",
        ),
    ]
    answers = ((("DuckDB",),), (("a",), ("b",)), ())
    everything = replace(counted, pieces=(*counted.pieces, *planted), answers=(*counted.answers, *answers))
    found = _differing(everything, postgres, standard)
    assert [line.split(":")[0] for line in found] == [piece.name for piece in planted]


@pytest.mark.nightly
def test_rules_views_and_derived_fields_say_the_same_on_postgresql(
    postgres: Server, standard: Standard, tmp_path: Path
) -> None:
    """Over the examples of all rules.

    Quick: tests/contract/test_dialects.py::test_populations_and_indicators_count_the_same_on_postgresql
    """
    path = tmp_path / "examples.duckdb"
    pieces.fill_examples(path, standard)
    listed = [*pieces.known_views(standard), *pieces.derived_fields(standard), *pieces.rules(standard)]
    asked = ask(path, standard, pieces.EXAMPLE_SCHEMAS, iter(listed))
    assert _differing(asked, postgres, standard) == []


@pytest.mark.nightly
def test_a_warehouse_counts_the_same_on_postgresql(
    demo: Project, postgres: Server, standard: Standard, tmp_path: Path
) -> None:
    """Over the demonstration.

    Quick: tests/contract/test_dialects.py::test_populations_and_indicators_count_the_same_on_postgresql
    """
    path = tmp_path / "counted.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{demo.warehouse}' AS warehouse (READ_ONLY)")
        queries = pieces.counted_file(connection, standard, tuple(range(2018, 2023)), path)
    assert _differing(ask(path, standard, pieces.COUNTED_SCHEMAS, queries), postgres, standard) == []


def test_sql_that_only_duckdb_has_is_said_with_file_and_line(standard: Standard) -> None:
    assert unportable(standard) == []
    planted = {
        "A01": ("coalesce(further_citizenship, []) IS NULL", "a list without a type"),
        "A02a": ("len(list_transform([1], lambda x: x)) = 1", "a function of lists"),
        "A03a": ("{'a': sex}.a = 'F'", "a struct"),
        "A04a": ("try_cast(sex AS INTEGER) IS NULL", "a conversion"),
        "A05a": ("(SELECT any_value(p.sex) FROM person AS p) = 'F'", "the value of no certain row"),
        "A10": ("list_aggregate(further_citizenship, 'max') = 'BGR'", "the function list_aggregate"),
    }
    changed = tuple(
        replace(r, holds=planted[r.rule_id][0]) if r.rule_id in planted else r for r in standard.rules
    )
    said = unportable(replace(standard, rules=changed))
    assert len(said) == len(planted)
    for line, (_, what) in zip(said, planted.values(), strict=True):
        place, sentence = line.split(": ", 1)
        path, number = place.rsplit(":", 1)
        assert "holds:" in Path(path).read_text(encoding="utf-8").splitlines()[int(number) - 1]
        assert sentence.startswith(f"only DuckDB has {what}")

"""SQL written in YAML can read and work out, and nothing else, whoever wrote it and however it is spelled."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from clearing_point.analysis.count import count_one, population_table
from clearing_point.analysis.measures import read_denominators
from clearing_point.analysis.own_rows import refuse_named_rows
from clearing_point.errors import InputProblem
from clearing_point.standard import Standard, load_standard
from clearing_point.standard.allowed import one_query
from clearing_point.standard.expressions import qualified
from clearing_point.standard.qualify import parse_expression
from clearing_point.warehouse.connection import connect
from tests.conftest import ROOT

EXPRESSIONS = [
    # statements, alone, after, inside
    "DROP TABLE person", "1; DROP TABLE person", "1 AS x; COPY person TO 'f'", "1); DROP TABLE person; SELECT (1",
    "sex FROM person", "sex WHERE true", "sex UNION SELECT 1", "sex LIMIT 1", "1, 2", "sex INTO x", "DISTINCT sex",
    "sex; --", "/* */ 1; SELECT 2", "1 -- \n; SELECT 2", "$$a$$; SELECT 1", "'a'; SELECT 'b'", "1 ORDER BY 1",
    "PRAGMA database_list", "SET threads = 1", "CALL pragma_version()", "ATTACH 'x' AS y", "INSTALL httpfs", "LOAD httpfs",
    "(INSERT INTO person VALUES (1))", "(WITH x AS (DELETE FROM person RETURNING 1) SELECT * FROM x) IS NULL",
    "EXISTS (COPY person TO 'f')", "(PRAGMA database_list) IS NULL", "(SUMMARIZE person) IS NULL", "(SHOW TABLES) IS NULL",
    "(DESCRIBE person) IS NULL", "(EXPLAIN SELECT 1) IS NULL", "(FROM 'f.csv') IS NULL",
    # files by function, by name, by quoted name, in other places
    "read_text('/etc/passwd') IS NULL", "READ_TEXT('/etc/passwd') IS NULL", "\"read_text\"('/etc/passwd') IS NULL",
    "main.read_text('/etc/passwd') IS NULL", "system.main.read_text('/etc/passwd') IS NULL",
    "'/etc/passwd'.read_text() IS NULL", "EXISTS (SELECT 1 FROM read_csv('/etc/passwd'))",
    "EXISTS (SELECT 1 FROM read_csv_auto('/etc/passwd'))", "EXISTS (SELECT 1 FROM read_blob('/etc/passwd'))",
    "EXISTS (SELECT 1 FROM read_json('/etc/passwd'))", "EXISTS (SELECT 1 FROM read_parquet('/etc/passwd'))",
    "EXISTS (SELECT 1 FROM parquet_scan('/etc/passwd'))", "EXISTS (SELECT 1 FROM parquet_metadata('f'))",
    "EXISTS (SELECT 1 FROM sniff_csv('/etc/passwd'))", "EXISTS (SELECT 1 FROM glob('/etc/*'))",
    "EXISTS (SELECT 1 FROM '/etc/passwd')", "EXISTS (SELECT 1 FROM \"/etc/passwd\")", "EXISTS (SELECT 1 FROM 'f.parquet')",
    "EXISTS (SELECT 1 FROM $$f.csv$$)", "EXISTS (SELECT 1 FROM person, LATERAL (SELECT * FROM read_text('f')))",
    "EXISTS (SELECT 1 FROM person JOIN read_text('f') ON true)", "sex IN (SELECT content FROM read_text('f'))",
    "EXISTS (WITH x AS (SELECT * FROM read_text('f')) SELECT 1 FROM x)",
    "EXISTS (WITH RECURSIVE x AS (SELECT 1 UNION ALL SELECT 1 FROM read_text('f')) SELECT 1 FROM x)",
    "len(list_transform([1], lambda x: (SELECT count(*) FROM read_text('f')))) = 1",
    "len(list_transform([1], x -> read_text('f'))) = 1", "list_filter([1], lambda x: getenv('HOME') = 'x') IS NULL",
    "(SELECT max(a) FROM (SELECT 1 AS a WHERE getenv('HOME') <> '')) = 1", "sum(getenv('HOME')) OVER () > 1",
    "CASE WHEN true THEN getenv('HOME') END IS NULL", "COLUMNS(*) IS NULL", "EXISTS (SELECT * FROM arrow_scan(1, 2, 3))",
    # settings, catalogue, engine
    "current_setting('threads') > 1", "getvariable('x') IS NULL", "EXISTS (SELECT 1 FROM duckdb_settings())",
    "EXISTS (SELECT 1 FROM duckdb_secrets())", "EXISTS (SELECT 1 FROM duckdb_tables)", "EXISTS (SELECT 1 FROM sqlite_master)",
    "EXISTS (SELECT 1 FROM information_schema.tables)", "EXISTS (SELECT 1 FROM pg_catalog.pg_tables)",
    "EXISTS (SELECT 1 FROM pragma_database_list)", "EXISTS (SELECT 1 FROM query('SELECT 1'))",
    "EXISTS (SELECT 1 FROM query_table('person'))", "json_execute_serialized_sql('x') IS NULL", "nextval('s') > 0",
    "txid_current() > 0", "version() = ''", "current_user = ''", "current_database() = ''", "random() > 2", "uuid() = ''",
    "write_log('x') IS NULL", "sleep_ms(1000) IS NULL", "error('x') IS NULL", "repeat('x', 1000000000) = ''",
    "hash(sex) > 0", "md5(sex) = ''", "now() > '2020-01-01'",
    # other places and unknown names
    "EXISTS (SELECT 1 FROM core.person)", "EXISTS (SELECT 1 FROM warehouse.raw.record)", "EXISTS (SELECT 1 FROM raw.record)",
    "EXISTS (SELECT 1 FROM main.person)", "EXISTS (SELECT 1 FROM no_such_table)", "no_such_column IS NULL",
    "\"no such column\" IS NULL", "person.no_such_column IS NULL", "stay.sex IS NULL", "a.b.c.d IS NULL", "? IS NULL",
    "$1 IS NULL", ":x IS NULL", "#1 IS NULL", "@x IS NULL", "sex = 'a' OR", "", "((((", "\x00", "sex = 'a", "sex = $$a",
]  # fmt: skip

QUERIES = [
    "DELETE FROM person", "SELECT 1; DROP TABLE person", "COPY (SELECT 1) TO 'f'", "SELECT * FROM read_text('f')",
    "SELECT * FROM 'f.csv'", "FROM duckdb_settings()", "SELECT * FROM warehouse.raw.record", "SELECT getenv('HOME')",
    "WITH x AS (INSERT INTO person VALUES (1) RETURNING *) SELECT * FROM x", "VALUES (read_text('f'))",
    "SELECT 1 /* ; */ ; SELECT 2", "SELECT 1 -- x\n; CHECKPOINT", "SELECT $$;$$; CHECKPOINT", "PRAGMA version",
    "SELECT * FROM \"current\".person WHERE EXISTS (SELECT 1 FROM read_blob('f'))", "SELECT * FROM glob('*')", "EXPLAIN SELECT 1",
    "SELECT * FROM ducklake.main.x", "SELECT * FROM information_schema.columns", "PIVOT person ON sex", "SHOW TABLES",
]  # fmt: skip


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_an_expression_that_does_more_than_read_its_row_is_refused(text: str, standard: Standard) -> None:
    with pytest.raises(InputProblem):
        qualified(text, standard.tables["person"], standard)


@pytest.mark.parametrize("text", QUERIES)
def test_a_query_that_does_more_than_read_cases_is_refused(text: str) -> None:
    with pytest.raises(InputProblem):
        one_query(text, "Population x")


def test_all_sql_of_the_standard_passes_and_each_query_is_one_for_the_engine_too(standard: Standard) -> None:
    for indicator in standard.indicators:
        if indicator.where is not None:
            parse_expression(indicator.where)
    for query in (*standard.populations.values(), *standard.denominators.values()):
        one_query(query.sql, query.name)


ATTEMPTS = [
    "COPY (SELECT 1) TO '{folder}/out.csv'", "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'", "SELECT * FROM glob('/etc/*')", "ATTACH '{folder}/other.duckdb' AS other",
    "EXPORT DATABASE '{folder}/all'", "INSTALL httpfs", "LOAD httpfs", "SET enable_external_access = true",
    "SET lock_configuration = false", "PRAGMA enable_external_access", "SET temp_directory = '{folder}'",
    "IMPORT DATABASE '{folder}'", "CREATE PLANTED s (TYPE s3)", "SET allowed_directories = ['/']",
]  # fmt: skip


def _every_connection(folder: Path, standard: Standard) -> list[tuple[str, duckdb.DuckDBPyConnection]]:
    """Open each kind of connection that received data pass through."""
    import pyarrow as pa

    from clearing_point.intake.guard_contents import in_memory
    from clearing_point.published.opening import _connect

    connect(folder / "a.duckdb").close()
    reading = in_memory(pa.table({"a": ["x"]}))
    opened = [
        ("warehouse", connect(folder / "w.duckdb")),
        ("workspace", connect(folder / "s.duckdb", joins_as_written=True)),
        ("counting", connect(Path(":memory:"), attach={"warehouse": folder / "a.duckdb"})),
        ("guard", reading.__enter__()),
        ("release", _connect(folder / "a.duckdb")),
    ]
    _KEPT.append(reading)
    return opened


_KEPT: list[object] = []
"""Context managers that must outlive their connections."""


def test_the_engine_refuses_files_settings_and_extensions_wherever_received_data_are(
    tmp_path: Path, standard: Standard, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clearing_point.intake import guard_contents

    # The guard's own database, and not the one that tests share.
    monkeypatch.setattr(guard_contents, "duckdb", duckdb)
    monkeypatch.setattr(guard_contents, "_database_in_memory", guard_contents._database_in_memory.__wrapped__)
    for name, connection in _every_connection(tmp_path, standard):
        for attempt in ATTEMPTS:
            with pytest.raises(duckdb.Error):
                connection.execute(attempt.format(folder=tmp_path)).fetchall()
            assert not (tmp_path / "out.csv").exists(), name
        connection.close()


def test_no_module_opens_a_database_that_is_not_locked() -> None:
    """Whoever opens DuckDB by hand switches outside access off in the same function, or never sees received data."""
    import ast

    from tests.conftest import ROOT

    # Made data only; protected tables only; the empty warehouse and the engine's list of functions.
    harmless = {"evaluation.py", "release_database.py", "allowed.py"}
    for folder in ("clearing_point", "pipelines"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.FunctionDef) or path.name in harmless:
                    continue
                source = ast.unparse(node)
                if "duckdb.connect(" in source and node.name not in {"_patiently", "create_empty", "make"}:
                    assert "enable_external_access" in source or "_LOCKED" in source, (path.name, node.name)
                    assert "lock_configuration" in source or "_LOCKED" in source, (path.name, node.name)


PLANTED = "Planted Person"


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        ("populations/services.yml", "sql: |-\n", f"sql: |-\n  SELECT read_text('{PLANTED}') AS x UNION\n", "services.yml"),
        ("populations/services.yml", "sql: |-\n", f"sql: |-\n  '{PLANTED}' DROP\n", "services.yml"),
        ("denominators/inhabitants.yml", "sql: |-\n", f"sql: |-\n  SELECT getenv('{PLANTED}'), * FROM (\n", "inhabitants.yml"),
        ("indicators/numbers.yml", "population: persons_identified\n",
         f"population: persons_identified\n    where: \"getenv('{PLANTED}') = ''\"\n", "numbers.yml:9"),
        ("indicators/numbers.yml", "population: persons_identified\n",
         f"population: persons_identified\n    where: \"'{PLANTED}' (\"\n", "numbers.yml:9"),
    ],
)  # fmt: skip
def test_sql_that_is_refused_is_named_by_its_place_and_never_repeated(
    tmp_path: Path, file: str, old: str, new: str, line: str
) -> None:
    """What somebody wrote into a query may be a person's name; who is told needs the line and not the text."""
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    path = tmp_path / "schemas" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    known = load_standard(tmp_path / "schemas")
    connection = duckdb.connect()
    kind = Path(file).parts[0]
    asked = {
        "denominators": lambda: read_denominators(connection, known, ["inhabitants"]),
        "populations": lambda: refuse_named_rows(known, known.populations[path.stem]),
        "indicators": lambda: count_one(
            connection, known, next(i for i in known.indicators if PLANTED in (i.where or "")), [2021]
        ),
    }
    with pytest.raises(InputProblem) as refused:
        asked[kind]()
    assert line in str(refused.value)
    assert PLANTED not in str(refused.value)
    if kind == "populations":
        with pytest.raises(InputProblem, match=line):
            population_table(connection, known, path.stem)

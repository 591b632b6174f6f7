"""A lake in the place of the warehouse file: the same content, several writers, deletion for good, earlier states."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier, Thread
from time import sleep
from typing import Any

import duckdb
import pytest

from clearing_point.analysis.count import count_indicators, open_current
from clearing_point.analysis.dry_rows import fill_warehouse
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.ddl import statements
from clearing_point.standard.quality_views import quality_views
from clearing_point.warehouse.connection import changing_alone, connect, opened
from clearing_point.warehouse.lake import (
    Lake,
    attach,
    copy_to_file,
    fill_lake,
    forget_deleted,
    lake_at,
    lake_of,
    name_lake,
    until_no_conflict,
)
from clearing_point.warehouse.merge import content_hash
from clearing_point.workplace import WAIT_VARIABLE
from tests.conftest import ROOT
from tests.contract.postgres import Server, server


def test_an_address_is_read_and_written_and_holds_no_password() -> None:
    url = "ducklake:postgresql://office@db.example:5433/office?sslmode=verify-full&data=/srv/office"
    lake = lake_of(url)
    assert lake == Lake("postgresql://office@db.example:5433/office?sslmode=verify-full", Path("/srv/office"))
    assert lake_of(lake.url) == lake
    for wrong in (
        "postgresql://db/office?data=/srv",
        "ducklake:postgresql://db/office",
        "ducklake:sqlite:x?data=/srv",
    ):
        with pytest.raises(InputProblem, match="has an address of the form"):
            lake_of(wrong)
    for told in (
        "ducklake:postgresql://a:b@db/o?data=/srv",
        "ducklake:postgresql://db/o?password=b&data=/srv",
    ):
        with pytest.raises(InputProblem, match=r"~/\.pgpass"):
            lake_of(told)


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with duckdb.connect() as connection:
        with pytest.raises(InputProblem, match="is it mounted"):
            attach(connection, Lake("postgresql://nowhere/x", tmp_path / "no"), "lake", read_only=True)
        monkeypatch.setattr("clearing_point.warehouse.lake.find_spec", lambda _name: None)
        with pytest.raises(InputProblem, match=r"clearing-point\[lake\]"):
            attach(connection, Lake("postgresql://nowhere/x", tmp_path), "lake", read_only=True)


@dataclass(frozen=True)
class Two:
    """The same rows in the file of one data folder and in the lake of another."""

    file: Project
    lake: Project


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    pytest.importorskip("duckdb_extension_ducklake", reason="the extra `lake` is not installed")
    pytest.importorskip("duckdb_extension_postgres_scanner", reason="the extra `lake` is not installed")
    with server(tmp_path_factory.mktemp("postgres")) as found:
        yield found


@pytest.fixture(scope="module")
def two(postgres: Server, standard: Standard, tmp_path_factory: pytest.TempPathFactory) -> Two:
    """Tests that change it come last."""
    tmp_path = tmp_path_factory.mktemp("two")
    made = Two(Project(ROOT, tmp_path / "file"), Project(ROOT, tmp_path / "lake"))
    for project in (made.file, made.lake):
        project.prepare()
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{made.file.warehouse}' AS warehouse; USE warehouse")
        for statement in statements(standard):
            connection.execute(statement)
        connection.execute("USE memory")
        fill_warehouse(connection, standard, 2000)
    lake = Lake(postgres.address.replace("+psycopg", ""), tmp_path / "parquet")
    fill_lake(lake, made.file.warehouse, quality_views(standard))
    name_lake(made.lake.warehouse_file.with_suffix(".lake"), lake)
    return made


def _counts(project: Project, standard: Standard) -> list[Any]:
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        open_current(connection, standard)
        made = count_indicators(connection, standard, standard.indicators[:1], [2000])
    finally:
        connection.close()
    return [(c.table.table_id, dict(c.table.counts), dict(c.table.behind)) for c in made]


def test_a_lake_holds_what_the_file_held(two: Two, standard: Standard, tmp_path: Path) -> None:
    """In both directions, counted the same, and no row of a person stands in the catalogue's own database."""
    assert two.lake.warehouse.suffix == ".lake"
    hashes = []
    for project in (two.file, two.lake):
        with opened(project.warehouse, read_only=True) as connection:
            connection.execute("BEGIN TRANSACTION")  # a lake is asked for its state once
            hashes.append(content_hash(connection, standard))
            assert connection.execute("SELECT count(*) FROM quality.by_submission").fetchone() == (1,)
    copy_to_file(two.lake.warehouse, tmp_path / "back.duckdb")
    with opened(tmp_path / "back.duckdb", read_only=True) as connection:
        hashes.append(content_hash(connection, standard))
    assert len(set(hashes)) == 1
    assert _counts(two.file, standard) == _counts(two.lake, standard)


def test_nothing_but_the_lake_can_be_reached(two: Two, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a\n1\n", encoding="utf-8")
    with opened(two.lake.warehouse) as connection:
        for forbidden in (
            f"FROM read_csv('{tmp_path / 'other.csv'}')",
            f"ATTACH '{tmp_path / 'new.duckdb'}' AS new",
            "SET enable_external_access = true",
            "SET allowed_directories = ['/']",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(forbidden)
    with opened(two.lake.warehouse, read_only=True) as connection, pytest.raises(duckdb.Error):
        connection.execute("DELETE FROM core.person")


def test_writers_that_meet_are_all_stored_once(two: Two) -> None:
    """Without the lock, and both before they are committed: the later one is refused and made again."""
    refused: list[str] = []
    both = Barrier(2)
    met: set[int] = set()

    def add(number: int) -> None:
        def change() -> None:
            with opened(two.lake.warehouse) as connection:
                connection.execute("BEGIN TRANSACTION")
                connection.execute("UPDATE raw.submission SET rows_read = rows_read + 1")
                connection.execute(
                    "INSERT INTO raw.event VALUES (?, 'replaced', 'again', now()::TIMESTAMP)", [str(number)]
                )
                if number not in met:
                    met.add(number)
                    both.wait(60)
                try:
                    connection.execute("COMMIT")
                except duckdb.Error as error:
                    refused.append(type(error).__name__)
                    raise

        until_no_conflict(change)

    threads = [Thread(target=add, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with opened(two.lake.warehouse, read_only=True) as connection:
        assert connection.execute("SELECT rows_read FROM raw.submission").fetchone() == (62,)
        assert connection.execute(
            "SELECT count(*), count(DISTINCT submission_id) FROM raw.event"
        ).fetchone() == (2, 2)
    assert refused == ["TransactionException"]


def test_whoever_changes_a_lake_is_alone_on_all_machines(
    two: Two, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine has another data folder, and so none of this one's locks."""
    other = Project(ROOT, tmp_path / "other")
    other.prepare()
    name_lake(other.warehouse_file.with_suffix(".lake"), lake_at(two.lake.warehouse))
    monkeypatch.setenv(WAIT_VARIABLE, "0.01")
    with changing_alone(two.lake, "changing the warehouse"):
        with changing_alone(two.lake, "changing the warehouse"):
            pass
        with (
            pytest.raises(InputProblem, match="Another command is changing"),
            changing_alone(other, "changing"),
        ):
            pass
    with changing_alone(other, "changing the warehouse"), suppress(InputProblem):
        pass


def test_earlier_states_are_there_until_somebody_is_deleted(two: Two) -> None:
    with opened(two.lake.warehouse) as connection:
        (before,) = connection.execute("SELECT max(snapshot_id) FROM lake.snapshots()").fetchone()
        connection.execute("DELETE FROM core.person WHERE source_row < 10")
        assert connection.execute("SELECT count(*) FROM core.person").fetchone() == (50,)
        then = f"SELECT count(*) FROM core.person AT (VERSION => {before})"
        assert connection.execute(then).fetchone() == (60,)
    folder = lake_at(two.lake.warehouse).folder
    assert _rows(folder, "person") == 60
    forget_deleted(two.lake.warehouse)
    assert _rows(folder, "person") == 50, "no file holds the rows any more"
    with opened(two.lake.warehouse, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM core.person").fetchone() == (50,)
        with pytest.raises(duckdb.Error):
            connection.execute(then)


def _rows(folder: Path, table: str) -> int:
    """Count the rows of a table in all its files, whoever still points to them."""
    files = [str(p) for p in (folder / "core" / table).glob("*.parquet") if "delete" not in p.name]
    with duckdb.connect() as connection:
        (count,) = connection.execute("SELECT count(*) FROM read_parquet(?)", [files]).fetchone()
    return int(count)


@pytest.mark.nightly
def test_a_lake_gives_the_same_release_and_is_rebuilt_to_the_same(
    demo: Project, postgres: Server, standard: Standard, tmp_path: Path
) -> None:
    """Byte for byte (its database row for row), as from the file; and back into a file with every row as it was.

    Quick: tests/pipeline/test_lake.py::test_a_lake_holds_what_the_file_held
    """
    from pipelines.publish import publish
    from pipelines.rebuild import rebuild

    file, made = (Project(ROOT, Path(shutil.copytree(demo.data, tmp_path / n))) for n in ("file", "lake"))
    with postgres.connection() as connection:
        connection.execute("CREATE DATABASE release")
    lake = Lake(
        postgres.address.replace("+psycopg", "").replace("/postgres?", "/release?"), tmp_path / "parquet"
    )
    fill_lake(lake, made.warehouse, quality_views(standard))
    name_lake(made.warehouse_file.with_suffix(".lake"), lake)
    for project in (file, made):
        shutil.rmtree(project.releases)
        publish(project, standard, 2022)
    assert _content(made.releases) == _content(file.releases)
    back = rebuild(made, standard, warehouse="file")
    assert made.warehouse.suffix == ".duckdb"
    with opened(file.warehouse, read_only=True) as connection:
        assert back.before == content_hash(connection, standard)


def _content(folder: Path) -> dict[str, bytes | list[Any]]:
    """Every file byte for byte, but of the database its rows."""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    return {
        p.relative_to(folder).as_posix(): _all_rows(p) if p.suffix == ".duckdb" else p.read_bytes()
        for p in files
    }


def _all_rows(path: Path) -> list[Any]:
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() ORDER BY ALL"
        ).fetchall()
        return [(s, t, connection.execute(f'FROM {s}."{t}"').fetchall()) for s, t in tables]


@pytest.mark.nightly
def test_killed_loaders_lose_and_double_nothing(demo: Project, two: Two, tmp_path: Path) -> None:
    """Two loaders of another machine's files each, killed at random and begun again.

    Quick: tests/pipeline/test_lake.py::test_writers_that_meet_are_all_stored_once
    """
    files = sorted((demo.data / "submissions").glob("MADE-*"))
    chance = random.Random(20261130)  # noqa: S311
    waiting = {n: list(files[n::2]) for n in range(2)}
    running: dict[int, subprocess.Popen[bytes]] = {}
    killed = 0
    while any(waiting.values()):
        for number, left in waiting.items():
            if not left:
                continue
            if number not in running:
                _, territory, period = left[0].stem.split("-", 2)
                where = ["--territory", territory, "--period", period, "--data", str(two.lake.data)]
                running[number] = subprocess.Popen(
                    [sys.executable, "-m", "clearing_point.cli", "load", str(left[0]), *where], cwd=ROOT
                )
            if killed < 4 and chance.random() < 0.02:
                running[number].kill()
                killed += 1
            if running[number].poll() is not None:
                if running.pop(number).returncode == 0:
                    left.pop(0)
                else:
                    assert killed, "nobody killed it"
        sleep(0.2)
    with opened(two.lake.warehouse, read_only=True) as connection:
        stored = connection.execute(
            "SELECT count(*), count(DISTINCT series) FROM raw.submission WHERE status = 'ACCEPTED'"
        ).fetchone()
    assert stored == (len(files) + 1, len(files) + 1)

"""What is kept between commands: never stale, never damaged, never needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clearing_point.errors import InternalError
from clearing_point.standard import Standard, expressions, qualify
from clearing_point.standard.kept import kept
from clearing_point.standard.prepared import prepare_rules
from clearing_point.suites import beside
from clearing_point.suites.runner import Question
from clearing_point.warehouse.connection import opened


def test_kept_bytes_are_made_again_when_they_are_damaged(standard: Standard, tmp_path: Path) -> None:
    made = []

    def make() -> bytes:
        made.append(1)
        return b"what the standard gives"

    assert kept(tmp_path, "thing", standard.sha256, make) == kept(tmp_path, "thing", standard.sha256, make)
    assert len(made) == 1
    (only,) = tmp_path.iterdir()
    assert only.stat().st_mode & 0o077 == 0
    only.write_bytes(b"what somebody else gives")
    assert kept(tmp_path, "thing", standard.sha256, make) == b"what the standard gives"
    assert len(made) == 2
    assert len(list(tmp_path.iterdir())) == 1


def test_rules_read_from_disk_are_those_that_parsing_gives(standard: Standard, tmp_path: Path) -> None:
    rule = next(r for r in standard.rules if r.table == "person" and r.holds)
    parsed = qualify.qualified_and_split(rule.holds, rule.table, standard.sha256, standard)
    try:
        prepare_rules(tmp_path, standard)
        prepare_rules(tmp_path, standard)
        assert (rule.holds, rule.table) in expressions._READY[standard.sha256]
        assert expressions.compiled(rule.holds, rule.table, standard) == parsed
    finally:
        expressions._READY.clear()


def _documents(column: str) -> list[dict[str, Any]]:
    made = {
        "type": "expect_column_values_to_not_be_null",
        "kwargs": {"column": column},
        "meta": {"name": column, "rule": "F01", "severity": "error", "judges": "row"},
        "description": "",
        "severity": "critical",
    }
    return [{"name": f"lines.{column}", "meta": {"table": "lines"}, "expectations": [made]}]


def test_the_library_in_its_own_process_answers_and_its_death_is_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "workspace.duckdb"
    with opened(path) as connection:
        connection.execute("CREATE TABLE main.lines AS SELECT 1 AS known, NULL::INTEGER AS unknown")

    def question(*columns: str) -> Question:
        return Question(path, "main", [d for column in columns for d in _documents(column)], {})

    monkeypatch.setattr(beside, "_LIBRARY", "a library that nobody imported")
    with beside.library_beside() as ask:
        results = ask(question("known", "unknown"))
        with beside.library_beside() as within:
            assert within is ask, "several loads of one command share one import"
        with pytest.raises(InternalError, match=r"could not evaluate lines\.no_such_column"):
            ask(question("no_such_column"))
    assert [(r.name, r.success, r.failed) for r in results] == [("known", True, 0), ("unknown", False, 1)]
    monkeypatch.setattr(beside.sys, "executable", "/bin/false")
    with pytest.raises(InternalError, match="before it answered"), beside.library_beside() as ask:
        ask(question("known"))


def test_nothing_is_kept_in_the_folder_of_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads the standard before being refused would leave a file there that its owner cannot read."""
    folder = tmp_path / "prepared"
    with monkeypatch.context() as patched:
        patched.setattr("os.geteuid", lambda: tmp_path.stat().st_uid + 1)
        assert kept(folder, "x", "sha", lambda: b"made") == b"made"
    assert not folder.exists()
    assert kept(folder, "x", "sha", lambda: b"made") == b"made"
    assert len(list(folder.iterdir())) == 1


def test_a_new_data_folder_begins_with_what_another_had_and_nothing_of_rows_is_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("CLEARING_POINT_CACHE", str(cache))
    assert kept(tmp_path / "one", "x", "sha", lambda: b"made") == b"made"
    assert kept(tmp_path / "two", "x", "sha", lambda: b"made anew") == b"made"
    assert kept(tmp_path / "one", "y", "rows", lambda: b"of rows", of_data=True) == b"of rows"
    assert [path.name.partition("-")[0] for path in cache.iterdir()] == ["x"]
    assert cache.stat().st_mode & 0o077 == 0
    for number in range(9):
        kept(tmp_path / "one", "x", str(number), lambda: b"made")
    assert len(list(cache.iterdir())) == 4, "it does not grow with every version of the standard"


def test_a_cache_that_others_may_write_to_is_neither_read_nor_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read becomes SQL: somebody else's would run with the rights of whoever reads it."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("CLEARING_POINT_CACHE", str(cache))
    kept(tmp_path / "one", "x", "sha", lambda: b"made")
    cache.chmod(0o777)
    assert kept(tmp_path / "two", "x", "sha", lambda: b"made anew") == b"made anew"
    cache.chmod(0o700)
    monkeypatch.setattr("os.geteuid", lambda: cache.stat().st_uid + 1)
    assert kept(tmp_path / "three", "x", "sha", lambda: b"made anew") == b"made anew"
    monkeypatch.delenv("CLEARING_POINT_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert kept(tmp_path / "four", "x", "sha", lambda: b"made anew") == b"made anew"
    assert not (tmp_path / "home").exists()

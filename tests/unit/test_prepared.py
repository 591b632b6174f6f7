"""What is kept between commands: never stale, never damaged, never needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearing_point.errors import InternalError
from clearing_point.quality import gate_process
from clearing_point.quality.suites import Measured
from clearing_point.standard import Standard, expressions
from clearing_point.standard.kept import kept
from clearing_point.standard.prepared import prepare_rules
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
    parsed = expressions._qualified(rule.holds, rule.table, standard.sha256, standard)
    try:
        prepare_rules(tmp_path, standard)
        prepare_rules(tmp_path, standard)
        assert (rule.holds, rule.table) in expressions._READY[standard.sha256]
        assert expressions.compiled(rule.holds, rule.table, standard) == parsed
    finally:
        expressions._READY.clear()


def _measured(column: str) -> list[Measured]:
    query = "SELECT * FROM main.rows"
    bounds = {"column": column, "min_value": 0.5, "max_value": 1.0}
    kind = "ExpectColumnProportionOfNonNullValuesToBeBetween"
    return [Measured(query, kind, bounds, "V02", f"V02.rows.{column}", True)]


@pytest.mark.great_expectations
def test_the_library_in_its_own_process_answers_and_its_death_is_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "workspace.duckdb"
    with opened(path) as connection:
        connection.execute("CREATE TABLE main.rows AS SELECT 1 AS known, NULL::INTEGER AS unknown")
    monkeypatch.setattr(gate_process, "_LIBRARY", "a library that nobody imported")
    with gate_process.gate_beside() as gate:
        results = gate(path, [*_measured("known"), *_measured("unknown")])
    assert [(r.name, r.success) for r in results] == [("V02.rows.known", True), ("V02.rows.unknown", False)]
    with (
        pytest.raises(InternalError, match="could not evaluate"),
        gate_process.gate_beside() as gate,
    ):
        gate(path, _measured("no_such_column"))
    monkeypatch.setattr(gate_process.sys, "executable", "/bin/false")
    with pytest.raises(InternalError, match="before it answered"), gate_process.gate_beside() as gate:
        gate(path, _measured("known"))

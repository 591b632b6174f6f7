"""Corrections and waivers: honoured, recorded and counted; a stale one stops the load with a sentence."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from clearing_point.countries.decisions import Correction, Waiver, decisions_for, read_decisions
from clearing_point.countries.profile import Profile, profile_of_territory
from clearing_point.errors import InputProblem
from clearing_point.intake.receive import receive
from clearing_point.project import Project
from clearing_point.quality.evaluate import evaluate
from clearing_point.quality.waivers import waive
from clearing_point.standard import Standard
from clearing_point.submission.layout import read_with_answers
from tests.workbooks import identification, person, write_regional

CAME = datetime.datetime(2023, 3, 1)
CORRECTION = {
    "id": "C-2022-01", "period": "2022", "table": "person", "field": "sex", "from": "femail", "to": "F",
    "reason": "A slip of the keyboard; the sender confirmed it.", "role": "data officer", "date": "2023-02-01",
    "expires": "2024-02-01", "guard": {"cells": 1},
}  # fmt: skip
WAIVER = {
    "id": "W-2022-01", "period": "2022", "rule": "F01", "table": "identification", "field": "identification_status",
    "reason": "The register of that year has no status.", "role": "standard owner", "date": "2023-02-01",
    "expires": "2024-02-01", "guard": {"findings_at_most": 1},
}  # fmt: skip


def decided(tmp_path: Path, standard: Standard, **more: Any) -> Any:
    """Read one correction and one waiver from files, with what is changed in them."""
    for kind, entry in (("corrections", CORRECTION), ("waivers", WAIVER)):
        changed = {**entry, **more.get(kind, {})}
        (tmp_path / f"{kind}.yml").write_text(yaml.safe_dump({kind: [changed]}), encoding="utf-8")
    return read_decisions(tmp_path, standard)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory, standard: Standard) -> Path:
    rows = {
        "person": [person(1), person(2, sex="Femail "), person(3)],
        "identification": [
            identification(1),
            identification(2, identification_status=None),
            identification(3),
        ],
    }
    return write_regional(tmp_path_factory.mktemp("sent") / "sent.xlsx", standard, rows)


def judged(
    project: Project,
    standard: Standard,
    path: Path,
    corrections: tuple[Correction, ...],
    waivers: tuple[Waiver, ...],
) -> dict[str, Any]:
    project.prepare()
    received, profile, _ = read_with_answers(project, path, profile_of_territory(project, "ALB"), standard)
    receipt = receive(project, standard, path, profile, "2022", received=received, corrections=corrections)
    try:
        with receipt.workspace.opened() as connection:
            evaluate(connection, receipt.submission_id, standard)
            waive(connection, receipt.submission_id, waivers)

            def ask(sql: str) -> list[tuple[Any, ...]]:
                return list(connection.execute(sql).fetchall())

            return {
                "open": ask(
                    "SELECT DISTINCT rule_id FROM quality.finding WHERE NOT waived AND severity = 'error'"
                ),
                "sex": ask("SELECT sex FROM staged.person WHERE source_row = 4"),
                "received": ask("SELECT cells[2] FROM raw.record WHERE sheet = 'person' AND source_row = 4"),
                "correction": ask("SELECT correction_id, role, cells FROM quality.correction"),
                "waiver": ask("SELECT waiver_id, rule_id, findings FROM quality.waiver"),
            }
    finally:
        receipt.workspace.drop()


def test_both_are_honoured_recorded_and_counted(
    project: Project, standard: Standard, sent: Path, tmp_path: Path
) -> None:
    found = decided(tmp_path, standard)
    result = judged(project, standard, sent, found.corrections, found.waivers)
    assert result == {
        "open": [],
        "sex": [("F",)],
        "received": [("Femail ",)],  # what came stays as it came
        "correction": [("C-2022-01", "data officer", 1)],
        "waiver": [("W-2022-01", "F01", 1)],
    }


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"corrections": {"guard": {"cells": 2}}}, "2 cells should hold its text and 1 do"),
        ({"corrections": {"guard": {"cells": 1, "file_sha256": "0" * 12}}}, "another file"),
        ({"corrections": {"rows": [3]}}, "1 cells should hold its text and 0 do"),
        ({"waivers": {"rows": [3]}}, "covers no finding"),
    ],
)
def test_a_stale_one_stops_with_a_sentence(
    project: Project, standard: Standard, sent: Path, tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    found = decided(tmp_path, standard, **changed)
    with pytest.raises(InputProblem, match=said):
        judged(project, standard, sent, found.corrections, found.waivers)
    assert not [p for p in project.work.iterdir() if p.name != "prepared"]  # nothing is left behind


def test_a_waiver_for_more_findings_than_decided_is_stale(tmp_path: Path, standard: Standard) -> None:
    waivers = decided(tmp_path, standard).waivers
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE SCHEMA quality; CREATE TABLE quality.finding AS SELECT 'S' AS submission_id, 'F01' AS rule_id, "
            "'identification' AS target_table, 'identification_status' AS target_field, 'error' AS severity, "
            "false AS waived, n AS source_row FROM range(2) AS t(n)"
        )
        with pytest.raises(InputProblem, match="at most 1 findings and there are 2"):
            waive(connection, "S", waivers)


def test_they_are_in_force_for_their_period_and_time(standard: Standard, tmp_path: Path) -> None:
    folder = tmp_path / "pipelines" / "countries" / "ALB"
    folder.mkdir(parents=True)
    decided(folder, standard)
    place = Project(root=tmp_path, data=tmp_path / "data")
    profile = Profile("ALB", "", "A", "ALB", "count", False, {}, None, (), (), "")  # type: ignore[arg-type]

    def in_force(period: str, came: datetime.datetime) -> int:
        found = decisions_for(place, standard, profile, period, came)
        return len(found.corrections) + len(found.waivers)

    assert in_force("2022", CAME) == 2
    assert in_force("2021", CAME) == 0
    assert in_force("2022", datetime.datetime(2023, 1, 31)) == 0  # came before it was decided
    with pytest.raises(InputProblem, match="expired on 2024-02-01"):
        in_force("2022", datetime.datetime(2024, 2, 2))
    decided(folder, standard, corrections={"ended": "2023-06-01"}, waivers={"ended": "2023-06-01"})
    assert in_force("2022", datetime.datetime(2024, 2, 2)) == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"waivers": {"rule": "P01"}}, "cannot be waived"),
        ({"waivers": {"rule": "Z99"}}, "no rule Z99"),
        ({"corrections": {"field": "name"}}, r"no person\.name"),
        ({"corrections": {"expires": "2022-01-01"}}, "expires before it begins"),
        ({"corrections": {"date": "2023-02-31"}}, "no date of the calendar"),
        ({"corrections": {"reason": ""}}, "corrections.yml"),
        ({"corrections": {"reason": "She wrote Femail for female."}}, "must not hold the text of a cell"),
        ({"waivers": {"reason": "Case P-0417 has no status."}}, "waivers.yml"),
    ],
)
def test_a_faulty_entry_is_named(
    standard: Standard, tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputProblem, match=said):
        decided(tmp_path, standard, **changed)

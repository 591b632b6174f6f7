"""From a printed number to the rows that it was counted from, and back: each way is checked by the other and by the files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import duckdb
import pytest

from clearing_point.project import Project
from tests.command import command
from tests.conftest import mostly_at_night


def _trace(demo: Project, *more: object) -> dict[str, object]:
    code, out, err = command("trace", *more, "--json", "--project", demo.root, "--data", demo.data)
    assert code == 0, err
    found: dict[str, object] = json.loads(out)
    return found


def _first_shown(demo: Project, table: str) -> tuple[list[str], int]:
    with (demo.releases / "2022" / "data" / f"{table}.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            value, protection = row.pop("value"), row.pop("protection")
            row.pop("measure", None)
            if value not in ("", "0") and not protection:
                where = [part for name, code in row.items() for part in ("--where", f"{name}={code}")]
                return where, int(value)
    raise AssertionError(table)


# Persons of a territory, of the region with a measure, of a list with several answers; rows of another table.
@pytest.mark.parametrize("table", mostly_at_night(["T01", "E03", "T17", "E17"], ["E03", "E17"]))
def test_a_printed_number_is_what_is_counted_from_the_rows_named(
    demo: Project, table: str, tmp_path: Path
) -> None:
    where, printed = _first_shown(demo, table)
    script = tmp_path / "number.sql"
    found = _trace(demo, table, *where, "--script", script)
    assert found["printed"] == found["counted"]["units"] == printed
    assert found["counted"]["agrees"] is True
    with duckdb.connect() as plain:  # nothing of ours: only what the script says
        *made, query = script.read_text(encoding="utf-8").rstrip(";\n").split(";\n\n")
        for statement in made:
            plain.execute(statement)
        assert plain.execute(query).fetchone()[0] == printed
    assert script.stat().st_mode & 0o077 == 0
    own = [o for o in found["origins"] if o["table"] == found["counted"]["of"]]
    assert own
    assert all(o["columns"] for o in found["origins"] if o not in own)
    places = [(o["submission"], o["sheet"], row) for o in own for row in o["rows"]]
    key = "person_id" if own[0]["table"] == "person" else "s.sender || t.assistance_reference"
    with duckdb.connect(str(demo.warehouse), read_only=True) as warehouse:
        warehouse.execute(
            "CREATE TEMP TABLE place (submission_id VARCHAR, sheet VARCHAR, source_row INTEGER)"
        )
        warehouse.executemany("INSERT INTO place VALUES (?, ?, ?)", places)
        (different,) = warehouse.execute(
            f"SELECT count(DISTINCT {key}) FROM place JOIN core.{own[0]['table']} AS t "
            "USING (submission_id, sheet, source_row) JOIN raw.submission AS s USING (submission_id)"
        ).fetchone()
        assert different == printed  # one a case or period of assistance, however many submissions tell of it
        # Nothing that a sender calls a person by leaves the warehouse.
        names = warehouse.execute("SELECT person_reference, person_id FROM core.person").fetchall()
    said = json.dumps(found)
    assert not [name for pair in names for name in pair if f'"{name}"' in said]


def test_the_way_back_finds_the_numbers_that_a_row_is_in_and_no_others(demo: Project) -> None:
    found = _trace(demo, "T10", "--where", "territory=ALB", "--where", "sex=F")
    (people,) = [o for o in found["origins"] if o["table"] == "person" and o["submission"].startswith("2022")]
    letter = {c["field"]: c["letter"] for c in people["columns"]}["sex"]
    inside = _trace(demo, "--cell", people["submission"], people["sheet"], people["rows"][0], letter)
    at = {"territory": "ALB", "reference_year": "2022", "sex": "F"}
    numbers = [n["at"] for n in inside["numbers"] if n["table"] == "T10"]
    assert at in numbers
    assert {n["sex"] for n in numbers} == {"F", "Total"}
    assert "T01" not in {n["table"] for n in inside["numbers"]}  # which does not ask for the sex


def test_what_cannot_be_traced_is_one_sentence(demo: Project, tmp_path: Path) -> None:
    for arguments, said in (
        (("T99",), "has no table T99"),
        (("T10", "--where", "sex=Q"), "sex has no category 'Q'"),
        (("T10", "--where", "height=1"), "has no variable 'height'"),
        (("T01",), "Name reference_year, which has no total"),
        (("--cell", "2022-ALB-ALB01-v9", "x", "1"), "There is no submission"),
        (("--cell", "2022-ALB-ALB01-v1", "x", "1"), "has no sheet 'x'"),
    ):
        code, _, err = command("trace", *arguments, "--project", demo.root, "--data", demo.data)
        assert code == 1, err
        assert said in err
    # Whoever has no warehouse traces nothing: the releases alone do not lead to persons.
    code, _, err = command("trace", "T01", "--project", demo.root, "--data", tmp_path)
    assert code == 1
    assert "in the office" in err

"""A submission's way through the command line: accepted, warned, returned, refused, sent again."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clearing_point.project import Project
from clearing_point.publication.edition import write_short_edition
from clearing_point.standard import Standard
from clearing_point.standard.prepared import prepare_rules
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.shape import prepare_warehouse
from tests.command import command
from tests.conftest import ROOT
from tests.workbooks import identification, person, write_regional


def run(data: Path, *arguments: str) -> tuple[int, str, str]:
    done = command(*arguments, "--project", ROOT, "--data", data, folder=data.parent)
    assert "The program failed" not in done[2], done[2]
    return done


def load(data: Path, path: Path, period: str = "2022") -> tuple[int, dict[str, Any]]:
    code, out, err = run(data, "load", str(path), "--territory", "ALB", "--period", period, "--json")
    assert out, err
    return code, json.loads(out)


@pytest.fixture
def clean(tmp_path: Path, standard: Standard) -> Path:
    rows = {
        "person": [person(n) for n in range(1, 4)],
        "identification": [identification(n) for n in range(1, 4)],
    }
    return write_regional(tmp_path / "clean.xlsx", standard, rows)


def _broken(path: Path, standard: Standard) -> Path:
    rows = {
        "person": [person(1), person(2, sex="femail"), person(3, birth_year="19x9")],
        "identification": [
            identification(1),
            identification(2),
            identification(3, identification_date="14/03/22"),
        ],
    }
    return write_regional(path, standard, rows)


def test_an_accepted_submission_can_name_the_cell_of_every_value(
    clean: Path, project: Project, standard: Standard
) -> None:
    code, outcome = load(project.data, clean)
    assert (code, outcome["decision"].split()[0]) == (0, "accepted"), outcome
    with opened(project.warehouse, read_only=True) as connection:
        row = connection.execute(
            "SELECT s.file_name, p.sheet, c.column_letter, p.source_row, p.sex FROM core.person AS p "
            'JOIN raw.submission AS s USING (submission_id) JOIN raw."column" AS c ON c.submission_id = p.submission_id '
            "AND c.sheet = p.sheet AND c.target_table = 'person' AND c.target_field = 'sex' "
            "WHERE p.person_reference = 'P-2'"
        ).fetchone()
        name = f"{outcome['submission']}.xlsx"
        assert row == (name, "person", "B", 4, "F"), "the file is named after its submission"
        raw = connection.execute(
            "SELECT cells[2] FROM raw.record WHERE sheet = 'person' AND source_row = 4"
        ).fetchone()
        assert raw == ("F",)
    archived = list(project.archive.rglob("*.parquet"))
    assert len(archived) == 1
    assert archived[0].name.startswith(hashlib.sha256(clean.read_bytes()).hexdigest())
    assert not list(project.archive.rglob("*.xlsx")), "the original is not kept"
    assert archived[0].stat().st_mode & 0o777 == 0o400
    assert project.warehouse.stat().st_mode & 0o077 == 0


def test_faults_return_a_submission_with_their_cells_and_without_values(
    tmp_path: Path, project: Project, standard: Standard
) -> None:
    path = _broken(tmp_path / "broken.xlsx", standard)
    code, out, err = run(project.data, "check", str(path), "--territory", "ALB", "--period", "2022", "--json")
    assert code == 1
    found = {(g["rule_id"], g["sheet"], g["column"], g["rows"]) for g in json.loads(out)["groups"]}
    assert {
        ("P04", "person", "B", "4"),
        ("F05", "person", "D", "5"),
        ("F05", "identification", "C", "5"),
    } <= found
    assert not any(value in out + err for value in ("femail", "19x9", "14/03/22"))
    assert not project.warehouse.exists()  # check stores nothing
    code, outcome = load(project.data, path)
    assert (code, outcome["decision"]) == (1, "returned")
    with opened(project.warehouse, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM core.person").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM staged.person").fetchone() == (3,)


def test_the_same_file_changes_nothing_and_a_new_one_replaces_it(
    tmp_path: Path, clean: Path, project: Project, standard: Standard
) -> None:
    load(project.data, clean)
    before = project.warehouse.read_bytes()
    code, outcome = load(project.data, clean)
    assert (code, outcome["unchanged"]) == (0, True)
    assert project.warehouse.read_bytes() == before
    kept = (1, 2, 9)
    rows = {"person": [person(n) for n in kept], "identification": [identification(n) for n in kept]}
    code, outcome = load(project.data, write_regional(tmp_path / "again.xlsx", standard, rows))
    assert (code, outcome["replaced"]) == (0, "2022-ALB-" + outcome["submission"].split("-")[2] + "-v1")
    with opened(project.warehouse, read_only=True) as connection:
        states = connection.execute("SELECT version_number, status FROM raw.submission ORDER BY 1").fetchall()
        assert states == [(1, "REPLACED"), (2, "ACCEPTED")]
        assert connection.execute("SELECT count(*) FROM core.person").fetchone() == (
            6,
        )  # the older ones are kept
        ids = connection.execute(
            "SELECT count(DISTINCT person_id) FROM core.person WHERE person_reference = 'P-1'"
        ).fetchone()
        assert ids == (1,)


def test_overlapping_periods_of_one_sender_are_refused(clean: Path, project: Project) -> None:
    load(project.data, clean)
    code, _, err = run(project.data, "load", str(clean), "--territory", "ALB", "--period", "2021-2022")
    assert code == 1
    assert "overlaps submission 2022-ALB-" in err


def test_a_rebuild_gives_the_same_content(
    tmp_path: Path, clean: Path, project: Project, standard: Standard
) -> None:
    load(project.data, clean)
    load(project.data, _broken(tmp_path / "broken.xlsx", standard), "2021")
    code, out, err = run(project.data, "rebuild", "--json")
    assert code == 0, err
    assert json.loads(out)["same"] is True
    for path in project.archive.rglob("*.parquet"):
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-1])
    code, _, err = run(project.data, "rebuild")
    assert code == 4
    assert "is damaged" in err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["check", "missing.xlsx", "--territory", "ALB"], 1, "missing.xlsx cannot be opened"),
        (["load", "clean.xlsx", "--territory", "QQQ", "--period", "2022"], 1, "There is no territory 'QQQ'"),
        (["load", "clean.xlsx", "--territory", "ALB", "--period", "22"], 1, "'22' is no period"),
        (["load", "clean.xlsx", "--territory", "ALB"], 2, "Missing option"),
        (["publish", "--edition", "1999"], 2, "There is no edition 1999"),
        (["publish", "--edition", "2022"], 1, "Nothing has been loaded yet"),
        (["import", "unodc", "clean.xlsx"], 1, "has not the layout of unodc_glotip"),
        (["rebuild"], 1, "There is no warehouse yet"),
        (["frobnicate"], 2, "No such command"),
    ],
)
def test_a_mistake_ends_in_one_sentence(
    clean: Path, project: Project, arguments: list[str], code: int, said: str
) -> None:
    project.data.mkdir()
    (project.data.parent / "clean.xlsx").touch(exist_ok=True)
    done, _, err = run(project.data, *arguments)
    assert (done, said in err) == (code, True), err
    assert len(err.strip().splitlines()) == 1


def test_a_busy_warehouse_is_said_to_be_busy(clean: Path, project: Project) -> None:
    load(project.data, clean)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('held', flush=True); time.sleep(60)",
            str(project.warehouse),
        ],
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        code, _, err = run(project.data, "status")
        assert code == 4
        assert "in use by another command" in err
    finally:
        holder.kill()
        holder.wait()


def test_checking_does_not_import_what_it_does_not_need(
    clean: Path, project: Project, standard: Standard
) -> None:
    # A data folder in use: DuckDB looks for libraries when a warehouse is asked, and rules are parsed once a folder.
    prepare_warehouse(project, standard)
    prepare_rules(project.prepared, standard)
    script = (
        "import sys; from clearing_point.cli import main\n"
        "folders, file = ['--project', sys.argv[1], '--data', sys.argv[2]], sys.argv[3]\n"
        "for words in (['status'], ['check', file, '--territory', 'ALB', '--period', '2022']):\n"
        "    sys.argv = ['clearing-point', *words, *folders]\n"
        "    try: main()\n"
        "    except SystemExit as stop: assert not stop.code, words\n"
        "libraries = ('great_expectations', 'matplotlib', 'pandas', 'scipy', 'sqlglot')\n"
        "print([m for m in libraries if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(ROOT), str(project.data), str(clean)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().endswith("[]"), done.stdout


def test_of_too_few_persons_no_number_is_printed(clean: Path, project: Project) -> None:
    """Nothing of three persons leaves: no table of them is a table that is printed."""
    load(project.data, clean)
    write_short_edition(project, 2022, ["T01", "T10", "T15"], 2021)
    code, out, err = run(project.data, "publish", "--edition", "2022", "--json")
    assert (code, out) == (1, "")
    assert "No table of this edition could be printed; nothing was published" in err
    assert not (project.releases / "2022").exists()
    assert not project.ledger.exists()


@pytest.mark.nightly
def test_of_too_few_persons_every_number_of_a_whole_edition_is_hidden_or_its_table_withheld(
    clean: Path, project: Project
) -> None:
    """All tables of the edition, some of which are printed.

    Quick: tests/pipeline/test_ingest.py::test_of_too_few_persons_no_number_is_printed
    """
    load(project.data, clean)
    code, out, err = run(project.data, "publish", "--edition", "2022", "--json")
    assert code == 0, err
    withheld = set(json.loads(out)["withheld"])
    for table in ("T01", "T10", "T15"):
        rows = (project.releases / "2022" / "data" / f"{table}.csv").read_text().splitlines()
        names = rows[0].split(",")
        value, protection = names.index("value"), names.index("protection")
        cells = [row.split(",") for row in rows[1:]]
        assert table in withheld or any(c[protection] == "hidden" for c in cells), table
        assert not [c for c in cells if c[value] not in ("", "0")], table

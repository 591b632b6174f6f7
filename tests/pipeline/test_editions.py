"""Two editions through the command line: what is out stays, late records get a line of their own."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
import sys

import duckdb
import pytest
import yaml

from clearing_point.disclosure import Ledger, Relation, audit, load_policy
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.published import open_release
from clearing_point.report.edition import load_edition

TABLES = ["T01", "T01A", "T13"]
LATE = "SVN"


def run(*words):
    done = subprocess.run(
        [sys.executable, "-m", "clearing_point.cli", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def release_hash(project, year):
    # A database file holds pages that differ by run; its rows are those of the CSV files.
    folder = project.releases / str(year)
    return {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.suffix != ".duckdb" and p.name != "SHA256SUMS"
    }


def column(project, year, name, **at):
    with (project.releases / str(year) / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [row["value"] for row in csv.DictReader(file) if all(row[k] == v for k, v in at.items())]


@pytest.fixture
def place(demo, root, tmp_path):
    """A project of its own with two editions of a few tables, over the data of the demonstration."""
    copy = Project(root=tmp_path / "project", data=tmp_path / "data")
    for name in ("schemas", "pipelines", "reports"):
        shutil.copytree(root / name, copy.root / name, ignore=shutil.ignore_patterns("__pycache__"))
    copy.warehouse.parent.mkdir(parents=True)
    shutil.copy(demo.warehouse, copy.warehouse)
    plan = yaml.safe_load((root / "reports" / "editions" / "2022.yml").read_text(encoding="utf-8"))
    plan |= {"tables": TABLES, "key_figures": [], "small_territory_tables": ["T01"]}
    for year in (2022, 2023):
        own = {"year": year, "trend_from": year - 2, "provisional_years": [year]}
        text = yaml.safe_dump(plan | own, allow_unicode=True)
        (copy.root / "reports" / "editions" / f"{year}.yml").write_text(text, encoding="utf-8")
    return copy


def came_in(project, accepted: bool):
    """Let the year's submission of one territory be in, or not yet."""
    with duckdb.connect(str(project.warehouse)) as connection:
        changed = connection.execute(
            "UPDATE raw.submission SET status = ? WHERE territory = ? AND period_start >= DATE '2022-01-01' RETURNING 1",
            ["ACCEPTED" if accepted else "RECEIVED", LATE],
        ).fetchall()
    assert changed


def revised_figures_have_their_reason(project):
    """Slovenia's came late: her numbers and the region's moved for that, other territories' did not."""
    with open_release(project.releases / "2023") as release:
        moved = release.sql("SELECT * FROM revision WHERE indicator_id = 'T01' AND key[2] = '2022'")
        flagged = release.table("T01").frame.groupby("reference_year")["provisional"].all()
        with open_release(project.releases / "2022") as earlier:
            printed = earlier.sql("SELECT key, value FROM cell WHERE indicator_id = 'T01'")
            was = {tuple(row.key): row.value for row in printed.itertuples()}
    assert set(moved["key"].str[0]) & {"Total", LATE}
    assert set(moved["key"].str[0]) <= {"Total", LATE}
    assert set(moved["reason"]) == {"submission"}
    assert (moved["before_edition"] == 2022).all()
    assert (moved["now"] != moved["before"]).all()
    for row in moved.itertuples():
        assert was[tuple(row.key)] == row.before
    assert flagged.to_dict() == {2021: False, 2022: False, 2023: True}
    folder = project.releases / "2023"
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert package["provisional_years"] == [2023]
    described = next(r for r in package["resources"] if r["name"] == "revisions")
    with (folder / described["path"]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    fields = {f["name"]: f for f in described["schema"]["fields"]}
    assert all(list(row) == list(fields) for row in rows)
    assert {row["reason"] for row in rows} <= set(fields["reason"]["constraints"]["enum"])


def test_a_provisional_year_is_one_of_the_edition(place):
    path = place.root / "reports" / "editions" / "2022.yml"
    plan = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(plan | {"provisional_years": [2024]}), encoding="utf-8")
    with pytest.raises(InputProblem, match="provisional year 2024"):
        load_edition(place, 2022)


def test_an_edition_is_frozen_and_late_records_have_a_line_of_their_own(place):
    where = ("--project", place.root, "--data", place.data)
    came_in(place, False)
    code, _, err = run("publish", "--edition", "2022", *where)
    assert code == 0, err
    first, ledger = release_hash(place, 2022), place.ledger.read_bytes()
    assert run("publish", "--edition", "2022", *where)[0] == 0
    assert release_hash(place, 2022) == first
    assert place.ledger.read_bytes() == ledger

    came_in(place, True)
    code, _, err = run("publish", "--edition", "2022", *where)
    assert code == 1
    assert "frozen" in err
    assert "T01" in err
    assert "complete revision" in err
    assert release_hash(place, 2022) == first
    assert place.ledger.read_bytes() == ledger

    before = column(place, 2022, "T01", reference_year="2022")
    code, _, err = run("publish", "--edition", "2023", *where)
    assert code == 0, err
    assert column(place, 2023, "T01", reference_year="2022") == before
    assert any(value not in ("0",) for value in column(place, 2023, "T01-late", reference_year="2022"))
    assert column(place, 2023, "T01-late", reference_year="2021") == ["0"]
    policy = load_policy(place.schemas / "disclosure.yml")
    everything = Ledger(place.ledger).tables()
    parts = sorted({t.population for t in everything if ":" in t.population})
    result = audit(everything, policy, relations=[Relation(p, p.split(":", 1)[0]) for p in parts])
    assert result.safe

    # The older edition is revised in the newer one, with the reason printed.
    assert run("publish", "--edition", "2022", "--complete-revision", "Slovenia came late", *where)[0] == 1
    code, _, err = run("publish", "--edition", "2023", "--complete-revision", "Slovenia came late", *where)
    assert code == 0, err
    manifest = json.loads((place.releases / "2023" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["protection"]["complete_revision"] == "Slovenia came late"
    assert column(place, 2023, "T01", reference_year="2022") != before
    revised_figures_have_their_reason(place)
    revised = release_hash(place, 2023)
    assert run("publish", "--edition", "2023", *where)[0] == 0
    assert release_hash(place, 2023) == revised

"""The standard is consistent, says so with file and line when it is not, and all that follows from it is up to date."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import duckdb
import pytest

from clearing_point.analysis.dry_run import uncountable
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.check import check_project
from clearing_point.standard.ddl import statements
from clearing_point.standard.files import read_yaml
from pipelines.derive import derive
from tests.command import command
from tests.conftest import ROOT


def test_the_standard_has_no_inconsistency(project: Project) -> None:
    assert check_project(project) == []


def test_generated_files_are_what_the_standard_gives(project: Project, standard: Standard) -> None:
    assert derive(project, standard, check_only=True, documents=False) == []


@pytest.fixture
def copy(tmp_path: Path) -> Project:
    for name in ("schemas", "pipelines", "reports"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return Project(root=tmp_path, data=tmp_path / "data")


# Faults that one reading can tell together: in the shape of files; in keys; in what refers to something.
FAULTS = {
    "shapes": [
        ("schemas/tables/person.yml", "type: year", "type: yaer", "'yaer' is not one of"),
        ("schemas/tables/person.yml", "name: sex\n", "nmae: sex\n", "'name' is a required property"),
        ("schemas/codelists/sex.csv", ",Female,", ",,", "sex.csv:"),
        ("schemas/tables/need.yml", "fields:", "fields: [1, 2", "need.yml:"),
    ],
    "keys": [
        ("schemas/tables/identification.yml", "resource: person,", "resource: persn,", "leads nowhere"),
    ],
    "references": [
        ("schemas/tables/person.yml", "codelist: sex", "codelist: sexx", "'sexx', which is not there"),
        ("schemas/codelists/sex.csv", "F,,value", "F,Q,value", "the parent 'Q' of F is no code"),
        ("schemas/codelists/identification_status.csv", "CONFIRMED,", "PRESUMED,", "a code stands twice"),
        ("schemas/crosswalks/eurostat.csv", "sex,F,", "sex,Q,", "sex.Q is not in the standard"),
        (
            "schemas/tables/follow_up.yml",
            'title: {en: "Follow-up"}',
            'title: {en: "Follow-up of all that was agreed"}',
            "holds no more",
        ),
        ("schemas/territories/group.csv", "SEE11,ALB", "SEE11,QQQ", "'QQQ' is no territory"),
        (
            "schemas/indicators/numbers.yml",
            "population: persons_identified",
            "population: nobody",
            "no population 'nobody'",
        ),
    ],
}


@pytest.mark.parametrize("kind", sorted(FAULTS))
def test_every_inconsistency_is_named_with_file_and_line(copy: Project, kind: str) -> None:
    for file, old, new, _ in FAULTS[kind]:
        path = copy.root / file
        text = path.read_text(encoding="utf-8")
        assert old in text, file
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    problems = check_project(copy)
    for file, _, _, said in FAULTS[kind]:
        assert any(said in p and Path(file).name in p for p in problems), (said, problems)
    assert all(p.split(":")[1].isdigit() for p in problems if p.startswith(("schemas", "pipelines"))), (
        problems
    )


def test_sql_of_the_report_that_names_what_is_not_there_is_found_before_data_come(
    copy: Project, standard: Standard
) -> None:
    assert uncountable(standard) == []
    faults = {
        "indicators/numbers.yml": (
            "population: persons_identified\n", "population: persons_identified\n    where: odd_column = 1\n"
        ),
        "populations/assistance_closed.yml": ('"current".assistance_episode AS a', '"current".odd_table AS a'),
        # Ten services of one: what few persons received would look like many.
        "populations/services.yml": (
            "v.service_reference AS unit_id", "v.service_reference || '/' || unnest(range(10)) AS unit_id"
        ),
    }  # fmt: skip
    for file, (old, new) in faults.items():
        path = copy.schemas / file
        text = path.read_text(encoding="utf-8")
        assert old in text, file
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    code, out, _ = command("standard", "check", "--project", copy.root)
    assert code == 1
    assert re.search(
        r"^schemas/indicators/numbers\.yml:3: Indicator T01 .*\"odd_column\" not found", out, re.MULTILINE
    )
    assert re.search(
        r"^schemas/populations/assistance_closed\.yml:1: Population .*odd_table does not exist",
        out,
        re.MULTILINE,
    )
    assert re.search(
        r"^schemas/populations/services\.yml:1: Population services: \d+ of its rows count what no sender sent",
        out,
        re.MULTILINE,
    )
    assert out.endswith("3 problems.\n")


def test_a_broken_yaml_is_one_sentence_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "person.yml").write_text("name: person\nfields: [1, 2\n", encoding="utf-8")
    with pytest.raises(InputProblem, match=r"person\.yml:3: not readable as YAML"):
        read_yaml(tmp_path / "person.yml")


def test_the_ddl_runs_twice_and_gives_every_column(standard: Standard) -> None:
    connection = duckdb.connect()
    for _ in range(2):
        for statement in statements(standard):
            connection.execute(statement)
    columns = connection.execute(
        "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'core'"
    ).fetchone()
    assert columns is not None
    fields = sum(len(t.fields) for t in standard.tables.values())
    assert columns[0] > fields + 4 * len(standard.tables)


def test_reflection_through_sqlalchemy_sees_the_tables(standard: Standard, tmp_path: Path) -> None:
    from sqlalchemy import create_engine, inspect

    from clearing_point.standard.ddl import metadata_of

    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        for statement in statements(standard):
            connection.execute(statement)
    engine = create_engine(f"duckdb:///{tmp_path / 'w.duckdb'}")
    wanted = metadata_of(standard).tables["core.person"]
    there = [c["name"] for c in inspect(engine).get_columns("person", schema="core")]
    engine.dispose()
    assert there == [c.name for c in wanted.columns]


def test_the_data_package_lists_every_table(root: Path, standard: Standard) -> None:
    package = json.loads((root / "schemas" / "generated" / "datapackage.json").read_text(encoding="utf-8"))
    assert {r["name"].replace("-", "_") for r in package["resources"]} == set(standard.tables)

"""The standard is consistent, says so with file and line when it is not, and all that follows from it is up to date."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import duckdb
import pytest

from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.check import read_project
from clearing_point.standard.ddl import statements
from clearing_point.standard.files import read_yaml
from clearing_point.standard.verdicts import Verdicts
from pipelines.derive import derive
from pipelines.standard_check import Checked, check_standard
from tests.command import command
from tests.conftest import KEPT, ROOT


@pytest.fixture(scope="module")
def checked() -> tuple[Checked, Path]:
    """The standard as it is, and the folder in which it is kept what of it was sound, by what was read and by which program."""
    place = Project(root=ROOT, data=KEPT / "checked")
    place.data.mkdir(parents=True, exist_ok=True)
    return check_standard(place), place.prepared


def test_the_standard_has_no_inconsistency(checked: tuple[Checked, Path]) -> None:
    assert checked[0] == Checked((), (), ())


def test_generated_files_are_what_the_standard_gives(project: Project, standard: Standard) -> None:
    assert derive(project, standard, check_only=True, documents=False) == []


@pytest.fixture
def copy(tmp_path: Path, checked: tuple[Checked, Path]) -> Project:
    for name in ("schemas", "pipelines", "reports", "docs/rule-book"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    place = Project(root=tmp_path, data=tmp_path / "data")
    place.data.mkdir()
    shutil.copytree(checked[1], place.prepared)
    return place


# Faults that one reading can tell together: in the shape of files; in keys; in what refers to something.
FAULTS = {
    "shapes": [
        ("schemas/tables/person.yml", "type: year", "type: yaer", "'yaer' is not one of"),
        ("schemas/tables/person.yml", "name: sex\n", "nmae: sex\n", "'name' is a required property"),
        ("schemas/codelists/sex.csv", ",Female,", ",,", "sex.csv:"),
        ("schemas/tables/need.yml", "fields:", "fields: [1, 2", "need.yml:"),
        ("schemas/tables/offer.yml", "    codelist: offer_scope\n", "", "A coded field needs a code list"),
        ("schemas/codelists/gender.csv", "label_en", "label_eng", "gender.csv:1: 'label_en' is a required"),
        ("pipelines/countries/ALB/profile.yml", "decimal:", "decimale:", "'decimale' was unexpected"),
        (
            "schemas/translations/_register.yml",
            "letters_of: sr-Cyrl",
            "letters_of: mk",
            "whose letters are not",
        ),
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
        ("schemas/tables/assistance_episode.yml", "= 'STL'", "= 'STX'", "'STX' is no code of citizenship"),
        (
            "schemas/rules/consistency.yml",
            "IN ('WITNESS',",
            "IN ('WITNES',",
            "consistency.yml:183: 'WITNES' is no code",
        ),
        (
            "schemas/populations/persons_in_proceedings.yml",
            "justice_role = 'NONE'",
            "justice_role = 'NON'",
            ":29: 'NON'",
        ),
        (
            "schemas/indicators/effectiveness.yml",
            "('WITNESS', 'INJ",
            "('WITNES', 'INJ",
            "'WITNES' is no code of justice_role",
        ),
        (
            "schemas/rules/consistency.yml",
            "service_is_shelter(service) = 'Y'",
            "service_is_shelter(service) = 'J'",
            "'J' is no code of service_is_shelter()",
        ),
        (
            "schemas/translations/_register.yml",
            "  sq: {name",
            "  hu: {name: Magyar, english_name: Hungarian}\n  sq: {name",
            "'hu' is not among the languages",
        ),
        (
            "pipelines/countries/ALB/profile.yml",
            "organisation_type: {h",
            "organisation_typ: {h",
            "no field 'organisation_typ'",
        ),
        (
            "pipelines/sources/ctdc_synthetic/profile.yml",
            "constant: CONFIRMED",
            "constant: CONFIRMD",
            "'CONFIRMD' is no code",
        ),
        *(
            ("reports/editions/2022.yml", old, new, said)
            for old, new, said in (
                ("tables: [T01,", "tables: [T01, T79,", ":10: there is no table 'T79'"),
                ("T01A, words: ass", "T78, words: ass", "'T78' is none of the edition's tables"),
                ('{safe: "Y"}', '{unsafe: "Y"}', "has no variable 'unsafe'"),
                ("status: CONFIRMED}", "status: CONFIRMD}", "has no category 'CONFIRMD'"),
                ("territory_tables: [T01,", "territory_tables: [T77,", "there is no table 'T77'"),
                ("languages: [en]", "languages: [en, hu]", "no texts in 'hu'"),
                ("profile: neutral", "profile: neutrl", "no naming profile 'neutrl'"),
                ("words: sheltered", "words: shltered", "no sentence 'shltered'"),
            )
        ),
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
    problems = read_project(copy, Verdicts(copy.prepared)).problems
    for file, _, _, said in FAULTS[kind]:
        assert any(said in p and Path(file).name in p for p in problems), (said, problems)
    assert all(p.split(":")[1].isdigit() for p in problems if p.startswith(("schemas", "pipelines"))), (
        problems
    )


def test_an_example_against_its_rule_and_a_stale_file_are_found_and_a_label_without_words_is_to_do(
    copy: Project,
) -> None:
    for file, old, new in (
        ("schemas/rules/dates.yml", 'fails:\n        - {identification_date: "2025', 'fails:\n        - {identification_date: "2024'),
        ("schemas/generated/data_dictionary.md", "# ", "#  "),
        ("schemas/words.yml", '"Rows in the period before"', '"Rows of the period before"'),
        ("schemas/synthetic.yml", ",\n  person.gender]", "]"),
    ):  # fmt: skip
        path = copy.root / file
        text = path.read_text(encoding="utf-8")
        assert old in text, file
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    found = check_standard(copy)
    assert any(
        re.match(r"schemas/rules/dates\.yml:16: an example of D01 .* holds\.", p) for p in found.problems
    )
    assert any(p.startswith("schemas/generated/data_dictionary.md:1: not what") for p in found.problems)
    assert any("gender has no synthetic data" in entry for entry in found.to_do)
    assert any("1 texts are not translated" in entry for entry in found.to_do)


def test_every_schema_is_closed() -> None:
    """An unknown key cannot pass: wherever a schema names keys of an object, it says what others may be."""
    open_objects = []

    def walk(node: object, at: str) -> None:
        if isinstance(node, dict):
            names = "properties" in node and not {
                "additionalProperties",
                "propertyNames",
                "$ref",
            } & set(node)
            if names and not re.search(r"/(if|then|else)\b|allOf", at):
                open_objects.append(at)
            for key, part in node.items():
                if key != "const":
                    walk(part, f"{at}/{key}")
        elif isinstance(node, list):
            for number, part in enumerate(node):
                walk(part, f"{at}/{number}")

    for path in sorted((ROOT / "schemas" / "meta").glob("*.json")):
        walk(json.loads(path.read_text(encoding="utf-8")), path.name)
    assert open_objects == []


def test_sql_of_the_report_that_names_what_is_not_there_is_found_before_data_come(
    copy: Project,
) -> None:
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
        r"^schemas/populations/services\.yml:1: Population services .*: its query compares 'unit_id'",
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

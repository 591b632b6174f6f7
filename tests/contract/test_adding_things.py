"""Each row of docs/adding-things.md, done in a copy of the project: what it says is enough, and the rest follows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import duckdb
import openpyxl
import pytest

from clearing_point.countries import profile_of_source
from clearing_point.project import Project
from clearing_point.publication.edition import load_edition
from clearing_point.standard import Standard, load_standard
from clearing_point.standard.check_editions import edition_problems, register_problems
from clearing_point.standard.check_literals import literal_problems
from clearing_point.standard.check_profiles import profile_problems
from clearing_point.standard.check_references import keys_between_tables, reference_problems
from clearing_point.standard.check_variables import lacking_of_variables
from clearing_point.standard.ddl import statements
from clearing_point.standard.workbook import write_template
from pipelines.derive import derive
from pipelines.standard_check import check_standard
from tests.conftest import ROOT

VARIABLE = """
  - name: housing_tenure
    type: string
    title: {en: "Tenure of the home"}
    help: {en: "How the person held the home that she lived in before."}
    codelist: housing_tenure
    disclosure: quasi_identifier
    examples: ["OWNED", "RENTED"]
"""
LIST = """code,parent,kind,order,label_en,definition_en,valid_from,valid_to
OWNED,,value,10,Owned,The home belonged to the person or her family.,,
RENTED,,value,20,Rented,The home was rented.,,
"""
REGISTER = """
housing_tenure:
  title: {en: Tenure of the home}
  ordered: false
  source: "Clearing point design, an example of adding a variable"
"""
RULE = """
  - id: X99
    table: person
    scope: row
    severity: information
    dimension: consistency
    fields: [housing_tenure]
    holds: "CASE WHEN living_with = 'INSTITUTION' THEN housing_tenure <> 'OWNED' END"
    why: {en: "An institution is not owned by those who live in it."}
    examples:
      holds: [{living_with: INSTITUTION, housing_tenure: RENTED}]
      fails: [{living_with: INSTITUTION, housing_tenure: OWNED}]
      not_applicable: [{living_with: UNK, housing_tenure: OWNED}]
"""
SENTENCES = (
    'X99: {what: "A home in an institution is called owned.", do: "Correct one of the two answers."}\n'
)
POPULATION = """title: {en: persons on file}
definition: {en: "Persons of whom any sender has a record that counts, in the first year of its submission."}
once: ever
unit: person
sql: |-
  SELECT p.person_id, s.territory, year(s.period_start)::INTEGER AS reference_year, p.housing_tenure
  FROM "current".person AS p JOIN "current".submission AS s USING (submission_id)
  QUALIFY row_number() OVER (PARTITION BY p.person_id, s.territory ORDER BY s.period_start, s.submission_id) = 1
"""
INDICATOR = """
  - id: T99
    order: 999
    part: profile
    title: {en: "Persons by tenure of the home"}
    definition: {en: "Persons on file by the tenure of the home they had before."}
    population: persons_on_file
    by:
      - {variable: housing_tenure, codelist: housing_tenure, label: {en: "Tenure"}}
      - {variable: reference_year, codelist: year, label: {en: Year}, total: false}
    layout: {rows: [housing_tenure], columns: [reference_year]}
    chart: {kind: none}
"""


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy to which one of everything was added, by the files that the document names and no others."""
    root = tmp_path_factory.mktemp("added")
    for name in ("schemas", "pipelines", "reports", "docs/rule-book"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    schemas = root / "schemas"
    _append(schemas / "tables" / "person.yml", VARIABLE)
    (schemas / "codelists" / "housing_tenure.csv").write_text(LIST, encoding="utf-8")
    _append(schemas / "codelists" / "_register.yml", REGISTER)
    _append(schemas / "rules" / "consistency.yml", RULE)
    _append(schemas / "messages" / "en.yml", SENTENCES)
    (schemas / "populations" / "persons_on_file.yml").write_text(POPULATION, encoding="utf-8")
    _append(schemas / "indicators" / "profile.yml", INDICATOR)
    edition = (root / "reports" / "editions" / "2022.yml").read_text(encoding="utf-8")
    edition = edition.replace("year: 2022", "year: 2023").replace("tables: [T01,", "tables: [T01, T99,", 1)
    (root / "reports" / "editions" / "2023.yml").write_text(edition, encoding="utf-8")
    _replace(schemas / "standard.yml", "ro, sl]", "ro, sl, el]")
    _replace(
        schemas / "translations" / "_register.yml",
        "  sl: {name",
        "  el: {name: Ελληνικά, english_name: Greek, reviewed_by: null, alphabet: αβγδεζηθικλμνξοπρσςτυφχψω}\n  sl: {name",
    )
    (schemas / "translations" / "el.csv").write_text("context,english,text\n,Sex,Φύλο\n", encoding="utf-8")
    source = root / "pipelines" / "sources" / "other_file"
    source.mkdir()
    profile = (ROOT / "pipelines" / "sources" / "ctdc_synthetic" / "profile.yml").read_text(encoding="utf-8")
    (source / "profile.yml").write_text(
        profile.replace("profile: ctdc_synthetic", "profile: other_file"), encoding="utf-8"
    )
    return Project(root=root, data=root / "data")


def _append(path: Path, text: str) -> None:
    path.write_text(
        path.read_text(encoding="utf-8").rstrip("\n") + "\n" + text.lstrip("\n"), encoding="utf-8"
    )


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (path, old)
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def standard_with_it(added: Project) -> Standard:
    return load_standard(added.schemas)


def test_one_of_everything_is_added_by_the_files_that_the_document_names(
    added: Project, standard_with_it: Standard
) -> None:
    """What is read here of the copy is what one addition can get wrong in another file; at night all of it is."""
    assert [
        *keys_between_tables(added.schemas / "tables"),
        *reference_problems(added, standard_with_it),
        *literal_problems(standard_with_it),
        *edition_problems(added, standard_with_it),
        *register_problems(added.schemas),
        *profile_problems(added, standard_with_it),
    ] == []


def test_the_rest_follows(added: Project, standard_with_it: Standard, tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        for statement in statements(standard_with_it):
            connection.execute(statement)
        assert connection.execute("SELECT housing_tenure FROM core.person").fetchall() == []
    (rule,) = [r for r in standard_with_it.rules if r.rule_id == "X99"]
    assert rule.fields == ("housing_tenure",)
    # Every rule that is repeated over coded fields has one for it, too, though nobody wrote it.
    assert {r.rule_id for r in standard_with_it.rules if r.fields == ("housing_tenure",)} > {"X99"}
    assert load_edition(added, 2023).tables[:2] == ("T01", "T99")
    assert profile_of_source(added, "other_file").made_data
    workbook = tmp_path / "template.xlsx"
    write_template(standard_with_it, workbook, territory="ALB", year=2023, language="el")
    sheets = openpyxl.load_workbook(workbook, read_only=True).worksheets
    headings = {
        str(cell) for sheet in sheets for row in sheet.iter_rows(max_row=6, values_only=True) for cell in row
    }
    assert {"Φύλο", "Tenure of the home"} <= headings  # what has no words yet stands in English


def test_words_and_synthetic_data_that_lack_are_listed_and_stop_nobody(
    added: Project, standard_with_it: Standard
) -> None:
    to_do = list(lacking_of_variables(standard_with_it, {"en"}))
    assert any("housing_tenure has no synthetic data" in entry for entry in to_do)
    counts = {
        language: int(found[1])
        for entry in to_do
        if (found := re.search(r": (\d+) texts are not translated", entry))
        for language in entry.split(":")[0].split(", ")
    }
    # Title, help, two labels, why, what is wrong; what to do is said elsewhere and has its words.
    assert counts["sq"] == 6
    assert counts["el"] > 1_000


@pytest.mark.nightly
def test_what_was_added_is_counted_and_built(added: Project) -> None:
    """Quick: tests/contract/test_adding_things.py::test_one_of_everything_is_added_by_the_files_that_the_document_names"""
    assert derive(added, load_standard(added.schemas))
    found = check_standard(added)
    assert found.problems == ()


def test_the_document_has_a_row_for_each(root: Path) -> None:
    text = (root / "docs" / "adding-things.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (an? [a-z ,]+) \|", text, re.MULTILINE)
    for wanted in ("a variable", "a rule", "a table of the report", "a population", "a report year", "a language",
                   "a public source", "a country"):  # fmt: skip
        assert any(row.startswith(wanted) for row in rows), wanted

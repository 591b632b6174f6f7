"""Touching exactly one place (architecture.md 5): each thing is added by its one file, and found at the far end."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
import xlsxwriter
import yaml

from clearing_point.countries import profile_of_territory, regional_profile
from clearing_point.intake.receive import receive
from clearing_point.project import Project
from clearing_point.publication.edition import load_edition
from clearing_point.published import open_release
from clearing_point.standard import load_standard
from clearing_point.standard.ddl import statements
from clearing_point.standard.dictionary import dictionary_page
from clearing_point.submission.layout import read_submission
from pipelines.country import start, suggest
from pipelines.ingest import load
from pipelines.publish import publish
from tests.conftest import ROOT
from tests.workbooks import identification, person, write_regional


@pytest.fixture
def copy(tmp_path: Path) -> Project:
    """A copy of the declarations; nothing but data is in it."""
    root = tmp_path / "project"
    for name in ("schemas", "pipelines", "reports"):
        ignored = shutil.ignore_patterns("*.py", "__pycache__")
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    return Project(root=root, data=tmp_path / "data")


def _form(path: Path, sexes: tuple[str, ...]) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet("Esetek")
        page.write_row(0, 0, ["Title of the form"])
        page.write_row(2, 0, ["Person", "Sex", "Year of birth", "Number of childs", "Unheard"])
        for row, sex in enumerate(sexes, start=3):
            page.write_row(row, 0, [f"HU-{row}", sex, 1990 + row, 1, "x"])
    return path


def test_a_twelfth_country_is_one_folder(copy: Project, tmp_path: Path) -> None:
    standard = load_standard(copy.schemas)
    form = _form(tmp_path / "form.xlsx", ("no", "ferfi", "ferfi", "Femaale"))
    done = start(copy, standard, "HUN", form)
    assert done.path == copy.countries / "HUN" / "profile.yml"
    assert any("number_of_children" in line and "Number of childs" in line for line in done.lines)
    assert any("which field" in line and "Unheard" in line for line in done.lines)
    assert "HU-3" not in done.path.read_text(encoding="utf-8"), "headings only, never a cell"
    text = done.path.read_text(encoding="utf-8")
    text = text.replace(
        '# undecided: number_of_children: "Number of childs"', 'number_of_children: "Number of childs"'
    )
    text = text.replace("    tables:\n", "    ignore: [Unheard]\n    tables:\n", 1)
    done.path.write_text(text, encoding="utf-8")
    # Its words: proposed, then decided; an undecided line does not apply.
    told = suggest(copy, standard, "HUN", form, "2022")
    rows = list(csv.DictReader((copy.countries / "HUN" / "values.csv").open(encoding="utf-8", newline="")))
    assert {(r["local"], r["code"], r["decision"]) for r in rows} == {
        ("Femaale", "F", "undecided"), ("ferfi", "", "undecided"),
    }  # fmt: skip
    assert not any("“no”" in line for line in told.lines), (
        "what stands once and is near to nothing is not written"
    )
    for row in rows:
        row |= {
            "decision": "approved",
            "role": "data officer",
            "date": "2026-01-01",
            "code": row["code"] or "M",
        }
    with (copy.countries / "HUN" / "values.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    received, profile = read_submission(copy, form, profile_of_territory(copy, "HUN"), standard)
    receipt = receive(copy, standard, form, profile, "2022", received=received)
    with receipt.workspace.opened() as connection:
        found = connection.execute(
            "SELECT person_reference, sex, number_of_children FROM staged.person ORDER BY 1"
        ).fetchall()
    receipt.workspace.drop()
    assert found == [("HU-3", "UNK", 1), ("HU-4", "M", 1), ("HU-5", "M", 1), ("HU-6", "F", 1)]


def _edit(path: Path, block: str, before: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, block + before, 1), encoding="utf-8")


def test_a_variable_is_one_block(copy: Project) -> None:
    block = (
        '  - name: shoe_size\n    type: integer\n    title: {en: "Shoe size"}\n    help: {en: "Made for a test."}\n'
        '    constraints: {minimum: 10, maximum: 60}\n    disclosure: none\n    examples: ["38"]\n'
    )
    _edit(copy.schemas / "tables" / "person.yml", block, "  - name: birth_year\n")
    grown = load_standard(copy.schemas)
    assert any("shoe_size INTEGER" in s for s in statements(grown)), "the warehouse has it"
    assert "shoe_size" in dictionary_page(grown), "the dictionary has it"
    assert any(r.rule_id == "F02" and r.fields == ("shoe_size",) for r in grown.rules), (
        "its bounds are checked"
    )
    columns = regional_profile(grown, profile_of_territory(copy, "ALB"))
    assert any("shoe_size" in t.columns for s in columns.sheets for t in s.tables), (
        "the regional workbook is read with it"
    )


def test_a_rule_is_one_block_and_its_sentence(copy: Project) -> None:
    path = copy.schemas / "rules" / "ages.yml"
    rules = yaml.safe_load(path.read_text(encoding="utf-8"))
    made = {
        "id": "A99", "table": "person", "severity": "warning", "scope": "row", "dimension": "validity", "fields": ["number_of_children"],
        "holds": "number_of_children < 20", "why": {"en": "Made for a test."},
        "examples": {"pass": [{"number_of_children": 2}], "fail": [{"number_of_children": 30}]},
    }  # fmt: skip
    rules["rules"].append(made)
    path.write_text(yaml.safe_dump(rules, allow_unicode=True), encoding="utf-8")
    with (copy.schemas / "messages" / "en.yml").open("a", encoding="utf-8") as handle:
        handle.write('A99: {what: "Twenty children or more.", do: "Check."}\n')
    grown = load_standard(copy.schemas)
    assert "A99" in {rule.rule_id for rule in grown.rules}
    assert grown.messages["A99"]["what"]["en"] == "Twenty children or more."


def test_an_indicator_is_one_block(copy: Project, tmp_path: Path) -> None:
    """It is counted, protected, published, explained and drawn without another line."""
    block = """
  - id: T99
    order: 999
    part: profile
    title: {en: "Identified victims by marital status, made for a test"}
    definition: {en: "Made for a test."}
    population: persons_identified
    by:
      - {variable: marital_status, codelist: marital_status, label: {en: Marital status}}
      - {variable: reference_year, codelist: year, label: {en: Year}, total: false}
    layout: {rows: [marital_status], columns: [reference_year]}
    chart: {kind: bars, x: marital_status, series: reference_year, value: count}
"""
    path = copy.schemas / "indicators" / "profile.yml"
    path.write_text(path.read_text(encoding="utf-8").rstrip("\n") + block, encoding="utf-8")
    # Which tables are printed is a choice of the edition.
    edition = copy.reports / "editions" / "2022.yml"
    plan = yaml.safe_load(edition.read_text(encoding="utf-8"))
    plan |= {"tables": ["T99"], "key_figures": [], "small_territory_tables": []}
    edition.write_text(yaml.safe_dump(plan, allow_unicode=True), encoding="utf-8")
    grown = load_standard(copy.schemas)
    status = {0: "SINGLE", 1: "MARRIED"}
    rows = {
        "person": [person(n, marital_status=status[n % 2]) for n in range(60)],
        "identification": [identification(n) for n in range(60)],
    }
    file = write_regional(tmp_path / "sent.xlsx", grown, rows)
    outcome = load(copy, grown, file, profile_of_territory(copy, "ALB"), "2022")
    assert outcome.verdict.accepted, [g.line() for g in outcome.feedback.groups]
    done = publish(copy, grown, 2022)
    with open_release(done.folder) as release:
        frame = release.table("T99").frame.query("reference_year == 2022").set_index("marital_status")
        assert frame.loc[["SINGLE", "MARRIED", "Total"], "value"].tolist() == [30, 30, 60]
        assert "Made for a test." in repr(release.explain("T99"))
        assert "30" in release.chart("T99").alternative


def test_a_report_year_is_one_file(copy: Project) -> None:
    text = (copy.reports / "editions" / "2022.yml").read_text(encoding="utf-8")
    (copy.reports / "editions" / "2023.yml").write_text(text.replace("2022", "2023"), encoding="utf-8")
    assert load_edition(copy, 2023).year == 2023


def test_a_language_is_its_texts(copy: Project) -> None:
    path = copy.schemas / "translations" / "sl.csv"
    assert path.is_file(), json.dumps(sorted(p.name for p in path.parent.iterdir()))
    text = path.read_text(encoding="utf-8")
    assert "\n,Female," in text
    lines = [f",Female,Zenska-{7}" if line.startswith(",Female,") else line for line in text.splitlines()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    grown = load_standard(copy.schemas)
    assert grown.codelists["sex"].by_code["F"].label["sl"] == "Zenska-7"

"""The regional workbook in every language: what its examples show passes the checks, and it is read without a mapping."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from clearing_point.countries import (
    check_mark,
    mark_of,
    profile_of_territory,
    regional_profile,
    regional_sheets,
)
from clearing_point.errors import InputProblem
from clearing_point.intake.read import read_file
from clearing_point.intake.receive import receive
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.files import read_yaml
from clearing_point.standard.model import TERRITORY
from clearing_point.standard.translations import REGISTER, lacking, respell
from clearing_point.standard.workbook import MARK_SHEET, sheet_names, write_example, write_template
from clearing_point.standard.workbook_room import note_size
from clearing_point.submission.plan import Item
from clearing_point.warehouse.workspace import Workspace
from pipelines.ingest import check, checked
from tests.conftest import mostly_at_night

TERRITORIES = {
    "en": "ALB", "sq": "XKX", "bs": "BIH", "hr": "HRV", "cnr": "MNE", "sr-Cyrl": "SRB", "sr-Latn": "SRB", "mk": "MKD", "bg": "BGR",
    "ro": "ROU", "sl": "SVN",
}  # fmt: skip
OF_EVERYBODY = {"submission", "person", "identification", "trafficking_episode"}
BY_DAY = ("sq", "sr-Cyrl")


def _staged(project: Project, standard: Standard, path: Path, territory: str) -> dict[str, list[Any]]:
    """Return every staged row of a file, without where it stood, read as a regional workbook; example texts in English."""
    profile = profile_of_territory(project, territory)
    received = read_file(path)
    mark = mark_of(received.rows)
    assert mark is not None
    check_mark(mark, path.name, profile, standard)
    sheets = regional_sheets(received.rows, standard)
    profile = regional_profile(standard, replace(profile, language=mark.language), sheets)
    receipt = receive(project, standard, path, profile, "2023", received=received)
    try:
        assert not receipt.refused
        return _rows(receipt.workspace, standard, mark.language)
    finally:
        receipt.workspace.drop()


def _rows(workspace: Workspace, standard: Standard, language: str) -> dict[str, list[Any]]:
    of_examples = {
        standard.word("template", name, language): standard.word("template", name, "en")
        for name in standard.words["template"]
        if name.startswith("example_")
    }
    with workspace.opened() as connection:
        assert (
            connection.execute("SELECT rule_id, sheet, column_letter FROM quality.finding").fetchall() == []
        )
        found = {}
        for table in standard.tables.values():
            columns = ", ".join(f'"{f.name}"' for f in table.received)
            rows = connection.execute(f"SELECT {columns} FROM staged.{table.name} ORDER BY ALL").fetchall()
            found[table.name] = [
                tuple(of_examples.get(v, v) if isinstance(v, str) else v for v in row) for row in rows
            ]
        return found


@pytest.fixture(scope="module")
def in_english(
    standard: Standard, tmp_path_factory: pytest.TempPathFactory, root: Path
) -> dict[str, list[Any]]:
    folder = tmp_path_factory.mktemp("english")
    project = Project(root=root, data=folder / "data")
    project.prepare()
    write_example(standard, folder / "e.xlsx", territory="SRB", year=2023, language="en")
    return _staged(project, standard, folder / "e.xlsx", "SRB")


@pytest.mark.nightly
@pytest.mark.parametrize("language", sorted(set(TERRITORIES) - {"en", "sr-Cyrl"}))
def test_the_filled_workbook_says_the_same_in_every_language(
    language: str, project: Project, standard: Standard, tmp_path: Path, in_english: dict[str, list[Any]]
) -> None:
    """In the nine others.

    Quick: tests/contract/test_template.py::test_what_the_instructions_show_passes_every_check_and_says_the_same_in_two_scripts
    """
    project.prepare()
    path = tmp_path / "filled.xlsx"
    write_example(standard, path, territory="SRB", year=2023, language=language)
    assert in_english["person"]
    assert _staged(project, standard, path, "SRB") == in_english


@pytest.mark.nightly
@pytest.mark.parametrize(("kind", "language"), [(k, n) for k in ("xlsx", "ods") for n in ("sr-Cyrl", "sq")])
def test_a_filled_workbook_that_libreoffice_saved_again_says_the_same(
    kind: str,
    language: str,
    project: Project,
    standard: Standard,
    tmp_path: Path,
    in_english: dict[str, list[Any]],
) -> None:
    """The template in two languages, in both forms.

    Quick: tests/property/test_moved_tables.py::test_saving_again_in_libreoffice_loses_nothing
    Quick: tests/contract/test_template.py::test_what_the_instructions_show_passes_every_check_and_says_the_same_in_two_scripts
    """
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("LibreOffice Calc (Debian: libreoffice-calc) is not installed")
    project.prepare()
    path = tmp_path / "filled.xlsx"
    write_example(standard, path, territory="SRB", year=2023, language=language)
    subprocess.run(
        [office, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", kind,
         "--outdir", str(tmp_path / "again"), str(path)],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    assert _staged(project, standard, tmp_path / "again" / f"filled.{kind}", "SRB") == in_english


def test_what_the_instructions_show_passes_every_check_and_says_the_same_in_two_scripts(
    project: Project, standard: Standard, tmp_path: Path, in_english: dict[str, list[Any]]
) -> None:
    path = tmp_path / "filled.xlsx"
    write_example(standard, path, territory="SRB", year=2023, language="sr-Cyrl")
    item = Item(path, profile_of_territory(project, "SRB"), "2023")
    with checked(project, standard, item) as done:
        assert done.outcome.verdict.accepted
        assert [(g.rule_id, g.sheet, g.column) for g in done.outcome.feedback.groups] == []
        assert done.outcome.rows["person"] >= 3
        assert _rows(done.workspace, standard, "sr-Cyrl") == in_english


@pytest.mark.parametrize("language", mostly_at_night(sorted(TERRITORIES), BY_DAY))
def test_the_template_is_the_same_bytes_and_ready_to_be_filled(
    language: str, standard: Standard, tmp_path: Path
) -> None:
    territory = TERRITORIES[language]
    first, second = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    for path in (first, second):
        write_template(standard, path, territory=territory, year=2023, language=language)
    assert first.read_bytes() == second.read_bytes()
    if language not in ("sr-Cyrl", "sq"):
        return  # openpyxl is slow; two alphabets are enough for what follows
    book = openpyxl.load_workbook(first)
    names = sheet_names(standard, language)
    assert book.sheetnames[0] == standard.word("template", "sheet_instructions", language)
    person = book[names["person"]]
    assert person["A1"].value == "person_reference"
    assert person["A2"].value == standard.tables["person"].by_name["person_reference"].title[language]
    assert person["A2"].protection.locked
    # An empty cell has the format of its column.
    assert not person.column_dimensions["A"].protection.locked
    assert person.protection.sheet
    lists = {v.formula1 for v in person.data_validations.dataValidation if v.type == "list"}
    assert "list_sex" in lists or "=list_sex" in lists
    sex = [c.value for c in next(c for c in book["lists"].iter_cols() if c[0].value == "sex") if c.value]
    assert sex[1] == standard.label_of("sex", "F", language)
    assert {p.name: p.value for p in book.custom_doc_props.props}[f"{MARK_SHEET}_language"] == language


def test_a_workbook_of_an_older_template_is_read(
    project: Project, standard: Standard, tmp_path: Path, in_english: dict[str, list[Any]]
) -> None:
    project.prepare()
    person = standard.tables["person"]
    renamed = tuple(
        replace(f, formerly=("gender_at_birth",)) if f.name == "sex" else f for f in person.fields
    )
    later = replace(standard, tables={**standard.tables, "person": replace(person, fields=renamed)})
    path = tmp_path / "older.xlsx"
    write_example(standard, path, territory="SRB", year=2023, language="sq")
    book = openpyxl.load_workbook(path)
    sheet = book[sheet_names(standard, "sq")["person"]]
    cell = next(c for c in sheet[1] if c.value == "sex")
    cell.value = "gender_at_birth"
    gone = next(c for c in sheet[1] if c.value == "prior_violence")
    sheet.delete_cols(gone.column)
    names = sheet_names(standard, "sq")
    for name in set(names) - OF_EVERYBODY:
        if names[name] in book.sheetnames:  # it had fewer sheets, too
            book.remove(book[names[name]])
    book.save(path)
    read = _staged(project, later, path, "SRB")
    # A column that the older template did not have was not asked.
    position = [f.name for f in person.received].index("prior_violence")
    assert {row[position] for row in read["person"]} == {"NAS"}
    read["person"] = [(*row[:position], "UNK", *row[position + 1 :]) for row in read["person"]]
    assert {name: rows for name, rows in read.items() if rows} == {
        name: rows for name, rows in in_english.items() if name in OF_EVERYBODY
    }


def test_a_workbook_for_somebody_else_or_of_a_later_standard_is_refused(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    project.prepare()
    path = tmp_path / "w.xlsx"
    write_example(standard, path, territory="MKD", year=2023, language="mk")
    with pytest.raises(InputProblem, match="made for North Macedonia"):
        check(project, standard, path, profile_of_territory(project, "SRB"), "2023")
    newer = replace(standard, settings={**standard.settings, "version": "99.0.0"})
    write_example(newer, path, territory="SRB", year=2023, language="sq")
    with pytest.raises(InputProblem, match="version 99"):
        check(project, standard, path, profile_of_territory(project, "SRB"), "2023")
    with pytest.raises(InputProblem, match="no language"):
        write_template(standard, path, territory="SRB", year=2023, language="xx")


@pytest.mark.parametrize("language", [n for n in sorted(TERRITORIES) if n != "en"])
def test_no_text_lacks_a_language(language: str, standard: Standard) -> None:
    assert lacking(standard.texts(), language) == []


def test_rows_are_as_high_as_what_is_written_in_them(tmp_path: Path, standard: Standard) -> None:
    """Office programs that do not work out heights themselves would show one line of three."""
    write_template(standard, tmp_path / "t.xlsx", territory="MKD", year=2024, language="mk")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    for sheet in book.worksheets:
        if sheet.title in (MARK_SHEET, "lists"):
            continue
        for cells in sheet.iter_rows(min_row=1, max_row=40):
            # Columns of one width stand together under the name of the first of them.
            wide = {
                d.min + n: d.width for d in sheet.column_dimensions.values() for n in range(d.max - d.min + 1)
            }
            lines = [len(str(c.value)) / wide[c.column] for c in cells if c.value and c.alignment.wrap_text]
            height = sheet.row_dimensions[cells[0].row].height or 15
            assert not lines or height >= 14 * max(lines), (sheet.title, cells[0].row)


@pytest.mark.parametrize("language", ["bg", "en", "mk"])
def test_a_column_breaks_no_word_of_its_heading_and_shows_what_its_list_offers(
    language: str, standard: Standard, tmp_path: Path
) -> None:
    """Excel shows a drop-down list as wide as its cell."""
    write_template(standard, tmp_path / "t.xlsx", territory="MKD", year=2024, language=language)
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    for name, title in sheet_names(standard, language).items():
        if title not in book.sheetnames:
            continue
        sheet, fields = book[title], standard.tables[name].by_name
        wide = {
            d.min + n: d.width for d in sheet.column_dimensions.values() for n in range(d.max - d.min + 1)
        }
        for machine, heading in zip(sheet[1], sheet[2], strict=True):
            field = fields.get(machine.value)
            if not heading.value:
                continue
            longest = max(map(len, str(heading.value).split()))
            assert wide[heading.column] > 1.3 * longest, (title, heading.value)
            if field is None or field.codelist in (None, TERRITORY):
                continue
            words = [
                standard.label_of(field.codelist, c, language) for c in standard.codes_of(field.codelist)
            ]
            assert wide[heading.column] > min(44, max(map(len, words))), (title, heading.value)


def test_a_note_is_as_high_as_its_lines() -> None:
    """It cannot be scrolled: of a list of sixty codes the last ones would not be seen."""
    assert note_size("\n".join(["A code (CODE)"] * 60))["height"] > 60 * 13
    assert note_size("words " * 200)["height"] > note_size("words")["height"] + 20 * 13


def test_free_texts_of_the_worked_rows_are_words_of_every_language(standard: Standard) -> None:
    """Else a workbook in another language would show an English name in its examples."""
    for table, rows in read_yaml(standard.folder / "template.yml")["examples"].items():
        for row in rows:
            for name, value in row.items():
                if isinstance(value, str) and " " in value:
                    assert value.startswith("{"), (table, name)


def test_every_language_is_registered_and_drafts_are_marked(standard: Standard) -> None:
    register = read_yaml(standard.folder / REGISTER)["languages"]
    assert set(register) == set(standard.languages) == set(TERRITORIES)
    for language, entry in register.items():
        assert entry.get("source") or "reviewed_by" in entry, language


@pytest.mark.parametrize("language", sorted(TERRITORIES))
def test_two_codes_of_a_list_never_have_one_word(language: str, standard: Standard) -> None:
    """Else a drop-down would offer a word twice and nobody could tell which was meant."""
    same = []
    for name in (TERRITORY, *standard.codelists):
        codes = (*standard.codes_of(name), *(standard.missing_codes if name != "missing" else ()))
        seen: dict[str, str] = {}
        for code in codes:
            word = standard.label_of(name, code, language).casefold()
            if seen.setdefault(word, code) != code:
                same.append((name, seen[word], code, word))
    assert same == []


def test_serbian_is_written_in_latin_letter_by_letter(standard: Standard) -> None:
    letters = {"њ": "nj", "Њ": "Nj", "е": "e", "Е": "E", "г": "g", "Г": "G", "о": "o", "О": "O", "ш": "š"}
    assert respell("његош Његош ЊЕГО {field}", letters) == "njegoš Njegoš NJEGO {field}"
    assert standard.territory_name("SRB", language="sr-Latn") == "Srbija"

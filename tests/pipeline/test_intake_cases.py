"""Small files that once went wrong, each an example of a kind; every one has its outcome now.

They lie beside the project (``shared/data/intake_cases``); ``tests/property/test_conservation.py`` and
``tests/unit/test_conserved.py`` write such files themselves.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from clearing_point.countries import for_sender, profile_of_territory
from clearing_point.errors import InputProblem
from clearing_point.intake.unseen import look_at_sheets
from clearing_point.project import Project
from clearing_point.standard import Standard
from pipelines.feedback import feedback
from pipelines.ingest import check, load
from tests.conftest import SHARED, mostly_at_night
from tests.reading import read

CASES = SHARED / "intake_cases"

pytestmark = [
    pytest.mark.skipif(not CASES.is_dir(), reason="the intake cases are not beside the project"),
    pytest.mark.usefixtures("forms_are_known"),
]

SAID = {
    "02b-own-layout-sheet-renamed.xlsx": ("L10", ("Услуге 2022", None, None)),
    "03-second-sheet-copy.xlsx": ("L10", ("person (2)", None, None)),
    "08-heading-blank.xlsx": ("L11", ("person", 1, "E")),
    "09-heading-twice.xlsx": ("L12", ("person", 1, "H")),
    "10-error-cell-without-reference.xlsx": ("F06", ("person", 4, "F")),
    "10b-prefixed-names.xlsx": ("F06", ("identification", 4, "G")),
    "10d-sheet-attribute-order.xlsx": ("L05", ("person", 6, None)),
    "11-merged-body.xlsx": ("L18", ("person", 4, "E")),
    "12-text-formula-no-result.xlsx": ("F06", ("person", 5, "B")),
    "14-month-shown-day-stored.xlsx": ("L20", ("identification", 5, "F")),
    "19-codes-parted-by-comma.xlsx": ("F10", ("trafficking_episode", 3, "I")),
    "20-hidden-column.xlsx": ("L16", ("person", None, "B")),
    "21-references-became-dates.xlsx": ("F08", ("person", 3, "A")),
    "22-code-beside-missing-code.xlsx": ("F09", ("trafficking_episode", 7, "I")),
}


@pytest.mark.parametrize("name", SAID)
def test_it_is_said_with_its_place(name: str, project: Project, standard: Standard) -> None:
    rule, place = SAID[name]
    assert place in read(project, standard, CASES / name).places(rule)


@pytest.mark.parametrize(
    "name", ["01-labels-row-missing.xlsx", "02-sheet-renamed.xlsx", "18-date-with-seconds.xlsx"]
)
def test_it_is_read_whole(name: str, project: Project, standard: Standard) -> None:
    found = read(project, standard, CASES / name)
    assert found.rows["person"] == found.rows["identification"] == 8
    assert found.rows["submission"] == 1
    assert found.findings == []
    if name.startswith("02"):
        assert found.rows["assistance_episode"] == 8


def test_one_sentence_where_the_machine_names_are_gone(project: Project, standard: Standard) -> None:
    found = read(project, standard, CASES / "17-machine-row-missing.xlsx")
    assert [rule for rule, *_ in found.findings] == ["L15"]


def test_noise_of_a_number_is_no_fault_but_a_fraction_is(project: Project, standard: Standard) -> None:
    found = read(project, standard, CASES / "25-number-with-noise.xlsx")
    assert found.places("F05") == {("identification", 5, "H")}, "15.4 is no age; 36.00000000000001 is 36"


@pytest.mark.parametrize(
    ("name", "rule", "row"),
    [
        ("06-two-stray-quotes.csv", "L23", 61),
        ("15-short-row.csv", "L21", 2),
        ("16-comma-for-semicolon.csv", "L24", None),
    ],
)
def test_lines_of_a_csv_file_are_named(
    name: str, rule: str, row: int | None, project: Project, standard: Standard, tmp_path: Path
) -> None:
    beginning = (CASES / name).read_bytes().splitlines(keepends=True)[:80]
    (tmp_path / name).write_bytes(b"".join(beginning))
    assert ("csv", row, None) in read(project, standard, tmp_path / name, "HRV").places(rule)


@pytest.mark.parametrize(
    "name",
    mostly_at_night(["16-comma-for-semicolon.csv", "16c-cp852.csv", "16e-end-mark.csv"], ["16c-cp852.csv"]),
)
def test_a_csv_file_of_another_program_is_read_whole(name: str, project: Project, standard: Standard) -> None:
    found = read(project, standard, CASES / name, "HRV")
    assert (found.rows["organisation"], found.rows["person"], found.rows["service"]) == (5, 51, 315)


def test_renamed_sheets_are_named_with_their_rows(project: Project, standard: Standard) -> None:
    found = read(project, standard, CASES / "SRB-sheets-renamed.xlsx")
    unread = {
        sheet: items["rows_of_unread_sheet"]
        for sheet, items in found.balance.items()
        if "rows_of_unread_sheet" in items
    }
    assert unread == {"Повратак 2022": 34, "Поступци 2022": 58, "Праћење 2022": 63}
    assert {sheet for sheet, *_ in found.places("L10")} == set(unread)


def test_dates_of_another_form_are_said_once(project: Project, standard: Standard) -> None:
    found = read(project, standard, CASES / "SRB-dates-slash.xlsx")
    assert len(found.places("F11")) == 1
    assert not found.places("F05")


def test_a_file_of_another_year_must_be_fixed(project: Project, standard: Standard) -> None:
    found = read(project, standard, CASES / "MNE-file-of-2022.xlsx", "MNE", "2023")
    assert ("About this submission", 3, None) in found.places("L26") or any(
        sheet == "About this submission" for sheet, *_ in found.places("L26")
    )


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.glob("07*.xlsx")))
def test_what_no_data_file_needs_beside_its_cells_refuses_it(
    name: str, project: Project, standard: Standard
) -> None:
    found = read(project, standard, CASES / name)
    assert (found.refused, found.rules) == (True, {"P13"})


def test_two_words_of_a_list_parted_by_a_comma_are_nobodys_name(project: Project, standard: Standard) -> None:
    found = read(project, standard, CASES / "19-codes-parted-by-comma.xlsx")
    assert not found.refused
    assert found.places("F10") == {("trafficking_episode", row, "I") for row in (3, 4, 5)}


def test_nobody_is_asked_to_leave_empty_columns_empty(project: Project, standard: Standard) -> None:
    profile = profile_of_territory(project, "MNE")
    said = "\n".join(
        check(project, standard, CASES / "MNE-nine-persons.xlsx", profile, "2023").lines(standard)
    )
    assert "To be confirmed: 1 finding." in said, "one, of 111 that there were"
    assert "[for information, N04]" in said
    assert "[to be confirmed, N04]" not in said


@pytest.mark.nightly
def test_two_organisations_are_two_series_or_a_question(project: Project, standard: Standard) -> None:
    """Their whole workbooks, as two shelters sent them.

    Quick: tests/pipeline/test_taken_back.py::test_another_organisation_is_another_series_or_a_question
    """
    profile = profile_of_territory(project, "MNE")
    first, second = CASES / "MNE-2023-SHELTER1.xlsx", CASES / "MNE-2023-other-organisation.xlsx"
    assert load(project, standard, first, profile, "2023").accepted
    with pytest.raises(InputProblem, match="--sender") as asked:
        load(project, standard, second, profile, "2023")
    assert "Persons of 2023-MNE-MNE01-v1 that are not in this file: 4 of 4." in str(asked.value)
    outcome = load(project, standard, second, for_sender(profile, "NGO9"), "2023")
    assert (outcome.accepted, outcome.replaced) == (True, None)


def test_ready_counts_never_replace_records(project: Project, standard: Standard, tmp_path: Path) -> None:
    from tests.workbooks import identification, person, write_regional

    profile = profile_of_territory(project, "BIH")
    rows = {
        "person": [person(n, citizenship="BIH") for n in range(1, 4)],
        "identification": [identification(n) for n in range(1, 4)],
    }
    cases = write_regional(tmp_path / "cases.xlsx", standard, rows)
    counts = CASES / "NGO7-ready-counts-BIH-2022.xlsx"
    assert load(project, standard, cases, profile, "2022").accepted
    outcome = check(project, standard, counts, profile, "2022")
    assert not outcome.accepted
    assert "L28" in {group.rule_id for group in outcome.feedback.groups}
    assert load(project, standard, counts, for_sender(profile, "NGO7"), "2022").replaced is None


def test_a_strict_workbook_is_marked_in_its_own_form_and_read_again(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    profile = profile_of_territory(project, "SRB")
    outcome = load(project, standard, CASES / "24-strict.xlsx", profile, "2022")
    told = {(group.rule_id, group.sheet, group.column) for group in outcome.feedback.groups}
    assert (outcome.accepted, len(told)) == (False, 2)
    marked = tmp_path / "marked.xlsx"
    feedback(project, standard, outcome.submission_id, marked)
    with zipfile.ZipFile(marked) as package:
        parts = {name: package.read(name).decode() for name in package.namelist()}
    assert [
        name
        for name, text in parts.items()
        if "org/spreadsheetml/2006" in text or "officeDocument/2006" in text
    ] == []
    assert sum(name.startswith("xl/comments") for name in parts) == 2
    assert len(look_at_sheets(marked)) == 6, "every sheet has its part: the findings, too"
    again = load(project, standard, marked, profile, "2022")
    assert {(group.rule_id, group.sheet, group.column) for group in again.feedback.groups} == told


def test_a_form_that_people_spoiled_is_read_and_told(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    """Its column of remarks and its chart refuse it; without them, merged cells, totals and the extra sheet are told."""
    import openpyxl

    book = openpyxl.load_workbook(CASES / "ALB-human-mess.xlsx")
    for sheet in book.worksheets:
        sheet._charts = []
        for cell in list(sheet[1]):
            if cell.value == "Shënime":
                sheet.delete_cols(cell.column)
    book.save(tmp_path / "mess.xlsx")
    found = read(project, standard, tmp_path / "mess.xlsx", "ALB", "2023")
    assert not found.refused, found.findings
    assert {"L09", "L18", "L06"} <= found.rules


def test_an_emptied_row_far_below_refuses_no_file(project: Project, standard: Standard) -> None:
    """Only its column of remarks does, and it is named in a finding, not by a limit."""
    found = read(project, standard, CASES / "deleted-row-libreoffice.xlsx", "ALB", "2023")
    assert found.rules == {"P01"}

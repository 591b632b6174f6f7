"""What an office program or a joined export did to a table is understood, or told with its place."""

from __future__ import annotations

import datetime
from pathlib import Path

import openpyxl
import pytest

from clearing_point.countries import profile_of_territory
from clearing_point.errors import InputProblem
from clearing_point.intake.shown import shown_otherwise
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.submission.layout import read_submission
from tests.conftest import ROOT
from tests.reading import Found, read

pytestmark = pytest.mark.usefixtures("forms_are_known")


PERSONS = ["person_reference", "sex", "citizenship"]
DECISIONS = ["identification_reference", "person_reference", "identification_date"]
HEADER = ["organisation", "territory", "period_start", "period_end", "version_number"]


def _spoiled(path: Path) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    persons, decisions, header = map(book.create_sheet, ("person", "identification", "submission"))
    for sheet, names in ((persons, PERSONS), (decisions, DECISIONS), (header, HEADER)):
        sheet.append(names)
        sheet.append([name.replace("_", " ").capitalize() for name in names])
    header.cell(2, 1, "Your organisation")
    for number in range(1, 7):
        persons.append([number, "F", "SRB"])
        persons.cell(number + 2, 1).number_format = '"RS-"0000'
        days = datetime.date(2022, number, number + 1), f"{number + 12}.03.2022"
        decisions.append([f"I-{number}", f"RS-{number:04}", days[number % 2]])
    persons.cell(2, 1, "Person")
    decisions.cell(2, 2, "Person")
    persons.cell(4, 2).number_format = ";;;"
    persons.append(PERSONS)
    persons.append(["rs 0005", "F", "SRB"])
    persons.append([0.07, "F", "SRB"])
    persons.append(["1E5", "F", "SRB"])
    for organisation in ("SRB01", "NGO7"):
        header.append([organisation, "SRB", "2022-01-01", "2022-06-30", 1])
    book.save(path)
    return path


@pytest.fixture(scope="module")
def found(standard: Standard, tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("spoiled")
    return read(Project(root=ROOT, data=folder), standard, _spoiled(folder / "spoiled.xlsx"))


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ("L29", ("person", 9, None)),
        ("L32", ("person", None, "B")),
        ("F13", ("person", 10, "A")),
        ("F08", ("person", 11, "A")),
        ("F12", ("identification", 4, "C")),
        ("L30", ("submission", 4, None)),
        ("L26", ("submission", 3, None)),
    ],
)
def test_its_place_is_named(found: Found, rule: str, place: tuple[object, ...]) -> None:
    assert place in found.places(rule)


def test_a_reference_is_told_once(found: Found) -> None:
    told = [place for rule, _, *place in found.findings if rule == "F08"]
    assert told == [["person", 11, "A"], ["person", 12, "A"]]


def test_numbers_are_read_as_they_are_shown(found: Found) -> None:
    references = {row.split(", ")[1] for table, row in found.content if table == "person"}
    assert "'RS-0003'" in references


@pytest.mark.parametrize(
    ("code", "shown"), [("0", ""), ("0.00", ""), ('0" years"', ""), ("dd.mm.yyyy", ""), ("mm.yyyy", "m")]
)
def test_an_ordinary_format_changes_nothing(code: str, shown: str) -> None:
    assert shown_otherwise(code) == shown


LINES = ["Osobe: Šifra osobe;Osobe: Spol", "HR-1;žena", "HR-2;muškarac", "HR-3;žena"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("\n".join(f'"{line}"' for line in LINES).encode("cp1250"), "as if it were one cell"),
        ("\n".join(LINES[:3]).encode("cp1250") + "\nHR-3;žena".encode(), "two encodings"),
    ],
)
def test_a_text_file_that_was_joined_or_quoted_whole_is_said_to_be(
    content: bytes, said: str, project: Project, standard: Standard, tmp_path: Path
) -> None:
    path = tmp_path / "joined.csv"
    path.write_bytes(content)
    with pytest.raises(InputProblem, match=said):
        read_submission(project, path, profile_of_territory(project, "HRV"), standard)


def test_a_file_of_something_else_is_said_to_be_so_once(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    path = tmp_path / "page.csv"
    path.write_text("<html>\n<table>\n</html>\n", encoding="utf-8")
    assert [rule for rule, *_ in read(project, standard, path, "HRV").findings] == ["L31"]

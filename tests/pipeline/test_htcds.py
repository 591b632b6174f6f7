"""The entry workbooks of the Human Trafficking Case Data Standard, filled with made people, load through the crosswalk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from clearing_point.countries import in_format_of, profile_of_source, profile_of_territory
from clearing_point.findings import CELL_ERROR, EMPTY_FORBIDDEN, FORBIDDEN_COLUMN, HIDDEN_ROWS, NO_ROWS
from clearing_point.intake.receive import receive
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.structure import UNKNOWN_CODE

WORKBOOKS = ("htcds_multi_select_v2.0.xlsm", "htcds_single_select_v2.0.xlsx")
LABELS = 2
pytestmark = pytest.mark.filterwarnings("ignore:Data Validation extension")
PEOPLE: list[dict[str, Any]] = [
    {
        "Gender": "Feminine", "Citizenship": "Moldova, Republic of", "Consent": True,
        "Trafficking Status": "Actual victim of trafficking",
        "Trafficking Status Decision Making Organization": "Police",
        "Methods of Control": "Debt bondage ", "Type of Exploitation": "Sexual exploitation",
        "Type of Sex Exploitation": "Prostitution", "Method of Recruitment": "Through online social networks",
        "Reason for Outgoing Referral": "Additional Services Required",
    },
    {
        "Gender": "TransgenderFeminine", "Citizenship": "Albania", "Consent": True,
        "Trafficking Status": "Possible victim of trafficking", "Methods of Control": "Threats of law enforcement",
        "Type of Exploitation": "Child labour",
        "Forced Labour Industry": "Water supply; sewerage, waste management and remediation",
    },
    {"Gender": "Masculine", "Citizenship": "Serbia", "Consent": False, "Trafficking Status": "Actual victim of trafficking"},
    {"Gender": "NonSpecifiedUnknown", "Consent": True, "Trafficking Status": "Not a victim of trafficking",
     "Methods of Control": "#N/A"},
]  # fmt: skip


def _filled(shared: Path, name: str, target: Path, people: list[dict[str, Any]]) -> Path:
    book = openpyxl.load_workbook(shared / "htcds" / name, keep_vba=name.endswith("m"))
    sheet = book["Case Sheet"]
    columns = {cell.value: cell.column for cell in sheet[LABELS] if cell.value}
    for row, person in enumerate(people, start=LABELS + 1):
        for label, value in person.items():
            sheet.cell(row, columns[label], value)
    book.save(target / name)
    return target / name


def _read(project: Project, standard: Standard, path: Path) -> dict[str, Any]:
    profile = in_format_of(profile_of_territory(project, "BIH"), profile_of_source(project, "htcds"))
    receipt = receive(project, standard, path, profile, "2022")
    try:
        with receipt.workspace.opened() as connection:
            ask = lambda sql: connection.execute(sql).fetchall()  # noqa: E731 - one line a question
            return {
                "refused": receipt.refused,
                "raw": ask("SELECT count(*) FROM raw.record")[0][0],
                "persons": ask("SELECT person_reference, sex, gender, citizenship, further_citizenship FROM staged.person ORDER BY ALL"),
                "episodes": ask(
                    "SELECT exploitation_form, means_of_control, labour_sector, recruitment_channel "
                    "FROM staged.trafficking_episode ORDER BY episode_reference"
                ),
                "identified": ask("SELECT identification_status, decision_organisation FROM staged.identification ORDER BY identification_reference"),
                "findings": ask("SELECT DISTINCT rule_id, target_field FROM quality.finding ORDER BY ALL"),
            }  # fmt: skip
    finally:
        receipt.workspace.drop()


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_filled_workbook_loads_to_its_people(
    name: str, shared: Path, tmp_path: Path, project: Project, standard: Standard
) -> None:
    found = _read(project, standard, _filled(shared, name, tmp_path, PEOPLE))
    assert not found["refused"]
    # The third person does not consent and is not read; the prefilled numbers of the other rows are no people.
    assert found["persons"] == [
        ("htcds-2022-3", "F", "FEMININE", "MDA", ["NAP"]),
        ("htcds-2022-4", "X", "TRANSGENDER_FEMININE", "ALB", ["NAP"]),
        ("htcds-2022-6", "UNK", "UNK", "UNK", ["NAP"]),
    ]
    assert found["episodes"] == [
        (["SEX", "SEX_PROST"], ["DEBT"], ["UNK"], ["ONLINE_SOCIAL"]),
        (["LAB"], ["THREAT_LAW"], ["E"], ["UNK"]),
        (["UNK"], ["UNK"], ["UNK"], ["UNK"]),
    ]
    assert found["identified"] == [("CONFIRMED", "POLICE"), ("PRESUMED", "UNK"), ("REJECTED", "UNK")]
    rules = {rule for rule, _ in found["findings"]}
    assert UNKNOWN_CODE not in rules
    assert (CELL_ERROR, "means_of_control") in found["findings"], "an error is neither a word nor a blank"
    assert EMPTY_FORBIDDEN in rules, "the empty name columns are said to be left out"
    assert HIDDEN_ROWS not in rules


def test_several_values_of_a_cell_are_several_codes(
    shared: Path, tmp_path: Path, project: Project, standard: Standard
) -> None:
    person = {
        "Gender": "Masculine", "Citizenship": "Albania; Serbia", "Trafficking Status": "Possible victim of trafficking",
        "Methods of Control": "Threats; RestrictsMovement; UsesChildren; PsychoactiveSubstances; DebtBondage ",
        "Type of Exploitation": "ForcedBegging; Other",
        "Forced Labour Industry": "Construction; Water supply; sewerage, waste management and remediation",
    }  # fmt: skip
    found = _read(project, standard, _filled(shared, WORKBOOKS[0], tmp_path, [person]))
    assert found["persons"] == [("htcds-2022-3", "M", "MASCULINE", "ALB", ["SRB"])]
    assert found["episodes"] == [
        (["BEG", "OTH"], ["CHILDREN", "DEBT", "DRUG", "MOVE", "THREAT"], ["E", "F"], ["UNK"])
    ]
    assert UNKNOWN_CODE not in {rule for rule, _ in found["findings"]}


def test_a_workbook_that_nobody_filled_in_is_no_submission(
    shared: Path, tmp_path: Path, project: Project, standard: Standard
) -> None:
    """Its prefilled numbers are no people, and nothing sent is not accepted as a submission of nobody."""
    found = _read(project, standard, _filled(shared, WORKBOOKS[0], tmp_path, []))
    assert found["persons"] == []
    assert (NO_ROWS, None) in found["findings"]


@pytest.mark.parametrize("label", ["First Name", "Birthdate", "Mobile Phone", "Reason for Case Closure"])
def test_a_filled_forbidden_column_refuses_the_file(
    label: str, shared: Path, tmp_path: Path, project: Project, standard: Standard
) -> None:
    people = [{**PEOPLE[0], label: "Zorblatina"}]
    found = _read(project, standard, _filled(shared, WORKBOOKS[1], tmp_path, people))
    assert found["refused"]
    assert found["raw"] == 0
    assert {rule for rule, _ in found["findings"]} == {FORBIDDEN_COLUMN}

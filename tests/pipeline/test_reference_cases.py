"""The reference tests of domain.md, Appendix C, that need loaded submissions: one warehouse for all of them.

Others stand where their subject is: Q02, Q03 and Q09 with the rules, the identity guard with the guard, blanks of the
synthetic file with the real files, persons in two territories with the counted persons, editions with the attacks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from clearing_point.analysis.count import Counted, count_indicators, open_current
from clearing_point.countries import in_format_of, profile_of_source, profile_of_territory, regional_profile
from clearing_point.countries.profile import ColumnSpec, Profile, Reading, SheetSpec, TableSpec
from clearing_point.findings import FORBIDDEN_COLUMN
from clearing_point.intake.receive import receive
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.structure import UNKNOWN_CODE
from clearing_point.warehouse.connection import connect, opened
from clearing_point.warehouse.workspace import Workspace
from pipelines.ingest import load
from tests.conftest import ROOT, mostly_at_night
from tests.workbooks import identification, person, write_regional

YEARS = range(2018, 2023)
TABLES = ("T01", "T01A", "T06", "T13A", "T13B", "T13D", "T14A", "T14B", "T15A", "T27")


def episode(number: int, **more: Any) -> dict[str, Any]:
    return {
        "episode_reference": f"E-{number}", "person_reference": f"P-{number}", "exploitation_form": "SEX",
        "exploitation_start_date": "2022-01-10", "exploitation_end_date": "2022-03-10", "exit_date": "2022-03-10", **more,
    }  # fmt: skip


def help_of(number: int, **more: Any) -> dict[str, Any]:
    return {
        "assistance_reference": f"A-{number}", "person_reference": f"P-{number}", "territory": "ALB",
        "assistance_start_date": "2022-03-20", "case_status": "ACTIVE", **more,
    }  # fmt: skip


def service(number: int, **more: Any) -> dict[str, Any]:
    return {
        "service_reference": f"S-{number}", "assistance_reference": f"A-{number}", "service": "PSY",
        "service_start_date": "2022-03-20", "service_end_date": "2022-04-20", **more,
    }  # fmt: skip


def albania(*, later: bool) -> dict[str, list[dict[str, Any]]]:
    """One presumed in May (and, in the later version, rejected in September), and one case for each further test."""
    identifications = [
        identification(1, identification_date="2022-05-10", identification_status="PRESUMED"),
        identification(2, identification_date="2021-12-10"),
        # Sixteen when exploited, nineteen when identified.
        identification(
            3, stated_age_band_at_identification="18-20", minor_at_identification="N", episode_reference="E-3"
        ),
        identification(4, episode_reference="E-4"),
        identification(5, episode_reference="E-5"),
    ]
    if later:
        rejected = {"identification_date": "2022-09-10", "identification_status": "REJECTED"}
        identifications.append(identification(1, identification_reference="I-1b", **rejected))
    return {
        "person": [person(1), person(2), person(3, birth_year=2003), person(4), person(5)],
        "identification": identifications,
        "trafficking_episode": [
            episode(3, exploitation_start_date="2019-06-10", minor_at_exploitation="Y"),
            {"episode_reference": "E-4", "person_reference": "P-4", "exploitation_form": "NONE", "exploited_at_all": "N"},
            episode(5, exploitation_form="BEG"),
        ],
        "assistance_episode": [help_of(2, assistance_start_date="2021-12-20", assistance_end_date="2022-02-01",
                                       case_status="CLOSED", closure_reason="COMPLETED")],
        "service": [service(2, service_start_date="2021-12-20", service_end_date="2022-02-01")],
    }  # fmt: skip


@dataclass
class Warehouse:
    project: Project
    standard: Standard

    def load(self, path: Path, territory: str, period: str) -> None:
        profile = profile_of_territory(self.project, territory)
        outcome = load(self.project, self.standard, path, profile, period, made_data=True)
        assert outcome.verdict.accepted, outcome.verdict

    def counts(self, *tables: str, years: range = YEARS) -> dict[str, Counted]:
        connection = connect(Path(":memory:"), attach={"warehouse": self.project.warehouse})
        try:
            open_current(connection, self.standard)
            chosen = [i for i in self.standard.indicators if i.indicator_id in (tables or TABLES)]
            return {
                c.indicator.indicator_id: c
                for c in count_indicators(connection, self.standard, chosen, list(years))
            }
        finally:
            connection.close()


def at(counted: Counted, **place: str) -> int:
    """Return a count; variables that are not named stand at their total."""
    key = tuple(place.get(d.variable, "Total") for d in counted.table.dimensions)
    return counted.table.counts.get(key, 0)


@pytest.fixture(scope="module")
def vintages(
    tmp_path_factory: pytest.TempPathFactory, standard: Standard
) -> tuple[dict[str, Counted], dict[str, Counted], Warehouse]:
    """The counts of the first vintage, those of the next, and the warehouse."""
    folder = tmp_path_factory.mktemp("reference")
    warehouse = Warehouse(Project(root=ROOT, data=folder / "data"), standard)
    warehouse.project.prepare()
    warehouse.load(write_regional(folder / "may.xlsx", standard, albania(later=False)), "ALB", "2021-2022")
    first = warehouse.counts("T01")
    warehouse.load(
        write_regional(folder / "september.xlsx", standard, albania(later=True)), "ALB", "2021-2022"
    )
    warehouse.load(write_regional(folder / "serbia.xlsx", standard, serbia()), "SRB", "2004")
    return first, warehouse.counts(), warehouse


def serbia() -> dict[str, list[dict[str, Any]]]:
    """Two citizens of Serbia and Montenegro, one of whom lives in Serbia."""
    start = {"assistance_start_date": "2004-06-10", "territory": "SRB"}
    return {
        "person": [
            person(1, citizenship="SCG", birth_year=1980, residence_territory="SRB"),
            person(2, citizenship="SCG", birth_year=1980, residence_territory="MNE"),
        ],
        "identification": [
            identification(n, identification_date="2004-06-01", stated_age_band_at_identification="24-26")
            for n in (1, 2)
        ],
        "assistance_episode": [help_of(n, **start) for n in (1, 2)],
        "service": [
            service(n, service_start_date="2004-06-10", service_end_date="2004-07-10") for n in (1, 2)
        ],
    }


def test_a_rejected_person_leaves_all_years_with_the_next_vintage(vintages: Any) -> None:
    first, second, _ = vintages
    assert at(first["T01"], territory="ALB", reference_year="2022") == 4
    assert at(second["T01"], territory="ALB", reference_year="2022") == 3


def test_help_over_new_year_is_assistance_in_both_years_and_new_in_the_first(vintages: Any) -> None:
    counted = vintages[1]["T01A"]
    assert [at(counted, territory="ALB", reference_year=y) for y in ("2021", "2022")] == [1, 1]
    new = [at(counted, territory="ALB", reference_year=y, newly_assisted="Y") for y in ("2021", "2022")]
    assert new == [1, 0]


def test_who_came_of_age_while_exploited_is_no_minor_at_identification(vintages: Any) -> None:
    counted = vintages[1]
    assert at(counted["T13D"], reference_year="2022", aged_in="Y") == 1
    assert at(counted["T13B"], reference_year="2022", minor_at_exploitation="Y") == 1
    assert at(counted["T13A"], reference_year="2022", minor="Y") == 0


def test_who_was_stopped_before_exploitation_is_a_victim_but_has_no_duration(vintages: Any) -> None:
    counted = vintages[1]
    assert at(counted["T15A"], reference_year="2022", exploitation_group="OTHER_GROUPS") == 1
    assert at(counted["T27"], reference_year="2022") == 2, "persons 3 and 5; person 4 was never exploited"


def test_begging_alone_is_labour_only_where_begging_is_taken_in(vintages: Any, standard: Standard) -> None:
    counted = vintages[1]
    assert at(counted["T14A"], reference_year="2022", exploitation_form="BEG") == 1
    assert at(counted["T14A"], reference_year="2022", exploitation_form="LAB") == 0
    assert at(counted["T14B"], reference_year="2022", labour_and_begging="BEGGING_ONLY") == 1
    assert at(counted["T14B"], reference_year="2022", labour_and_begging="LABOUR") == 0
    assert at(counted["T15A"], reference_year="2022", exploitation_group="BEG") == 1
    exported = {
        row["target_variable"]
        for row in standard.crosswalks["ctdc_kanonymised_7"]
        if row["code"] == "BEG" and row["codelist"] == "exploitation_form"
    }
    assert {"isForcedLabour", "typeOfLabourBegging"} <= exported


def test_citizens_of_the_former_state_keep_it_and_residence_decides(
    vintages: Any, standard: Standard
) -> None:
    warehouse = vintages[2]
    counted = warehouse.counts("T05", "T06", years=range(2004, 2005))
    assert at(counted["T05"], territory="SRB", reference_year="2004", victim_relation="NATIONAL") == 1
    assert at(counted["T05"], territory="SRB", reference_year="2004", victim_relation="FOREIGN") == 1
    assert at(counted["T06"], reference_year="2004", citizenship="FORMER_STATE") == 1
    assert at(counted["T06"], reference_year="2004", citizenship="SRB") == 0
    group = {r["territory_id"] for r in standard.territory_files["group"] if r["group_id"] == "EXYU_SMK"}
    assert {"SCG", "YUG", "SRB", "MNE", "XKX"} == group


@dataclass
class Received:
    """What the reading of one file said: rows of its workspace, and its findings as (rule, field)."""

    refused: bool
    workspace: Workspace

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self.workspace.opened() as connection:
            rows: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
        return rows

    def findings(self) -> set[tuple[str, str | None]]:
        return set(self.ask("SELECT rule_id, target_field FROM quality.finding"))


def read(
    project: Project, standard: Standard, path: Path, profile: Profile, period: str = "2022"
) -> Received:
    receipt = receive(project, standard, path, profile, period)
    return Received(receipt.refused, receipt.workspace)


def spelt_as_in_the_standard(path: Path, **more: str) -> Path:
    """A filled table with the names that HTCDS writes, its mistakes among them."""
    row = {
        "prs_Gender": "Feminine", "prs_Citizenship": "Albania", "vic_TraffickingStatus": "Actual victim of trafficking",
        "vic_MethodOfRecruitment": "", "vic_Methods_of_Control": "DebtBondage ", "vic_TypeOfExploitation": "ForcedLabour",
        "vic_TypeOfSexExploitation": "", "vic_ForcedLabourIndustry": "", "vic_RelationshipToTrafficker": "Unaquainted", **more,
    }  # fmt: skip
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("Case Sheet")
    for line, cells in enumerate((row, row, row.values())):
        sheet.write_row(line, 0, list(cells))
    book.close()
    return path


def test_htcds_is_read_as_it_is_spelt(tmp_path: Path, project: Project, standard: Standard) -> None:
    profile = in_format_of(profile_of_territory(project, "BIH"), profile_of_source(project, "htcds"))
    found = read(project, standard, spelt_as_in_the_standard(tmp_path / "htcds.xlsx"), profile)
    assert not found.refused
    episodes = found.ask("SELECT means_of_control, recruiter_relation FROM staged.trafficking_episode")
    assert episodes == [(["DEBT"], ["STRANGER"])]
    assert (UNKNOWN_CODE, "means_of_control") not in found.findings()
    # The same file with a name in it is stopped before anything is stored.
    named = spelt_as_in_the_standard(tmp_path / "named.xlsx", prs_FirstName="Zorblatina")
    stopped = read(project, standard, named, profile)
    assert stopped.refused
    assert stopped.ask("SELECT count(*) FROM raw.record") == [(0,)]
    assert {rule for rule, _ in stopped.findings()} == {FORBIDDEN_COLUMN}


@pytest.mark.parametrize("period", mostly_at_night(["1992", "2004", "2022"], ["2004"]))
def test_the_code_of_two_states_that_ended_never_resolves_by_itself(
    period: str, tmp_path: Path, project: Project, standard: Standard
) -> None:
    """``CS`` was Czechoslovakia and then Serbia and Montenegro: the year of a file does not say which a person meant."""
    path = tmp_path / "persons.csv"
    path.write_text("no,c\n1,CS\n2,AL\n", encoding="utf-8")
    columns = {
        "person_reference": ColumnSpec(headings=("no",)),
        "citizenship": ColumnSpec(headings=("c",), scheme="iso2"),
    }
    sheet = SheetSpec(sheet=None, header_rows=(1,), rows_between=0, tables=(TableSpec("person", columns),))
    profile = Profile("test", "Test", "TEST", "SRB", "count", True, {}, Reading(), (sheet,), (), "0" * 64)
    found = read(project, standard, path, profile, period)
    assert found.ask("SELECT citizenship FROM staged.person ORDER BY source_row") == [("UNK",), ("ALB",)]
    assert ("G01", "citizenship") in found.findings()
    # A data officer decides it once, in the profile.
    decided = replace(
        profile, values=({"field": "citizenship", "local": "CS", "code": "SCG", "decision": "approved"},)
    )
    assert ("SCG",) in read(project, standard, path, decided, period).ask(
        "SELECT citizenship FROM staged.person"
    )


CTDC = {"yearOfRegistration": "2019", "gender": "Female", "ageBroad": "18--20", "majorityStatus": "Adult",
        "majorityStatusAtExploit": "", "majorityEntry": "", "citizenship": "AL", "isAbduction": "", "CountryOfExploitation": "AL",
        "isForcedLabour": "", "isSexualExploit": "", "typeOfLabourBegging": "", "typeOfLabourConstruction": ""}  # fmt: skip


def of_ctdc(path: Path, *rows: dict[str, str]) -> Path:
    lines = [",".join(CTDC), *(",".join({**CTDC, **row}.values()) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_signs_for_missing_are_missing_and_an_ambiguous_code_is_nobodys(
    tmp_path: Path, project: Project, standard: Standard
) -> None:
    profile = profile_of_source(project, "ctdc_kanonymised")
    signs = ("-99", "-99.0", "", "NULL", "Unknown", "00")
    rows = [{"citizenship": sign, "gender": "" if sign == "00" else sign} for sign in signs]
    found = read(
        project, standard, of_ctdc(tmp_path / "k.csv", *rows, {"citizenship": "SC"}), profile, "2002-2021"
    )
    persons = found.ask("SELECT sex, citizenship FROM staged.person ORDER BY source_row")
    assert persons == [("UNK", "UNK")] * len(signs) + [("F", "UNK")]
    # Not Seychelles, and not Serbia and Montenegro; and no other cell of the file is a finding.
    assert found.findings() == {("G01", "citizenship")}


def test_begging_goes_to_ctdc_as_labour_and_comes_back_as_begging(
    tmp_path: Path, project: Project, standard: Standard
) -> None:
    written = {
        row["target_variable"]: row["target_code"]
        for row in standard.crosswalks["ctdc_kanonymised_7"]
        if row["codelist"] == "exploitation_form" and row["code"] == "BEG"
    }
    assert written == {"isForcedLabour": "1", "typeOfLabourBegging": "1"}
    profile = profile_of_source(project, "ctdc_kanonymised")
    found = read(project, standard, of_ctdc(tmp_path / "k.csv", written), profile, "2002-2021")
    ((forms,),) = found.ask("SELECT exploitation_form FROM staged.trafficking_episode")
    assert "BEG" in forms


def bulgaria(path: Path, standard: Standard, year: int, value: int) -> Path:
    """One ready count: all identified persons of a year."""
    cell = {
        "aggregate_reference": "N-1", "territory": "BGR", "reference_year": year, "population": "IDENT_ALL",
        "breakdown": "TOTAL", "category": "NAP", "unit": "PERSONS", "value": value, "sex": "TOTAL", "age_group": "TOTAL",
    }  # fmt: skip
    return write_regional(path, standard, {"aggregate_cell": [cell]})


def test_a_number_that_falls_because_it_is_counted_otherwise_is_a_break(
    tmp_path: Path, project: Project, standard: Standard
) -> None:
    """Bulgaria's 416 were all since the beginning, its 298 new in the year: the series breaks, it does not fall.

    A count since the beginning is not taken at all (Q10); 416 persons present in a year are, and the next year is asked.
    """
    project.prepare()
    profile = regional_profile(standard, profile_of_territory(project, "BGR"))
    found: list[tuple[bool, set[str]]] = []
    for year, value, basis in (
        (2021, 416, "CUMULATIVE"), (2021, 416, "PRESENT_IN_PERIOD"), (2022, 298, "NEW_IN_PERIOD"),
    ):  # fmt: skip
        path = bulgaria(tmp_path / f"{year}.xlsx", standard, year, value)
        told = {"submission_kind": "AGGREGATE", "count_basis": basis, "consent_basis": "NO_PERSONAL_DATA"}
        counted = replace(profile, header={**profile.header, **told})
        outcome = load(project, standard, path, counted, str(year), made_data=True)
        with opened(project.warehouse, read_only=True) as connection:
            rules = connection.execute(
                "SELECT DISTINCT rule_id FROM quality.finding WHERE submission_id = ?",
                [outcome.submission_id],
            ).fetchall()
        found.append((outcome.verdict.accepted, {rule for (rule,) in rules}))
    assert found[0] == (False, {"Q10"})
    assert found[1] == (True, set())
    assert found[2] == (True, {"Q08c"})

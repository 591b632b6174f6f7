"""The reference tests of domain.md, Appendix C, that need loaded submissions: one warehouse for all of them.

Others stand where their subject is: missing codes and aliases with the reading, Q02, Q03, Q08 and Q09 with the rules, the
identity guard with the guard, persons in two territories with the counted persons, editions with the attacks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clearing_point.analysis.count import Counted, count_indicators, open_current
from clearing_point.countries import profile_of_territory
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.store import connect
from pipelines.ingest import load
from tests.conftest import ROOT
from tests.workbooks import identification, person, write_regional

pytestmark = pytest.mark.great_expectations
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
    first = warehouse.counts()
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

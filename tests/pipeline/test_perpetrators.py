"""Public data on perpetrators go in by a profile alone and stand in the chapter on justice; no sender is asked for them.

The victim-perpetrator file of CTDC is not at hand. The rows here are synthetic, made for this test in its published layout.
"""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from pathlib import Path

import pytest

from clearing_point.project import Project
from clearing_point.publication.edition import load_edition
from clearing_point.report.context import _described, published_figures
from clearing_point.report.lock import submissions_of
from clearing_point.standard import Standard
from clearing_point.standard.model import REFERENCE
from clearing_point.warehouse.connection import opened
from pipelines.ingest import load_source
from tests.conftest import ROOT

HEADINGS = (
    "yearRegister", "gender", "majorityStatus", "isForcedLabour", "isSexualExploit", "UN_COO_Region", "UN_COE_Region",
    "IP_Exploiter", "IP_Gender", "IP_ageBroad", "IP_citizen_UNRegion", "IP_Relation", "IP_PayMoney", "IP_RecruiterBroker",
    "IP_TransactionProcess", "IP_ControlAbuseKidnap",
)  # fmt: skip
ROWS = (
    *[("2014-2018", "Woman", "Adult", "", "1", "Europe", "Europe", "1", "Man;Woman", "30--38;39--47", "Europe",
       "FriendAcquaintance", "No", "1", "", "1")] * 6,
    ("2019", "Man", "Minor", "1", "", "Asia", "Americas/Oceania", "", "Man", "0--29", "Asia;Africa",
     "StrangerUnknownOther;FamilyIntimatePartner", "Yes", "", "1", ""),
    ("2021-2022", *[""] * 15),
    ("", "Woman", "", "", "1", "", "Europe", "", "", "48+", "", "", "", "", "", ""),
)  # fmt: skip


@pytest.fixture
def read(project: Project, standard: Standard, tmp_path: Path) -> Project:
    """A project into which the made file went."""
    path = tmp_path / "synthetic_made_for_tests_20221201.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADINGS, *ROWS])
    assert load_source(project, standard, path, "ctdc_victim_perpetrator").verdict.accepted
    return project


def test_spans_of_years_regions_and_several_perpetrators_are_read(read: Project) -> None:
    with opened(read.warehouse, read_only=True) as connection:
        told = connection.execute(
            "SELECT first_year, last_year, victim_origin_region, exploitation_region, perpetrator_sex, perpetrator_age_band, "
            "perpetrator_region, perpetrator_relation, perpetrator_role, money_paid FROM core.perpetrator ORDER BY source_row"
        ).fetchall()
        persons, minors, findings = (
            connection.execute(sql).fetchall()
            for sql in (
                "SELECT sex, count(*) FROM core.person GROUP BY sex",
                "SELECT minor_at_identification, count(*) FROM core.identification GROUP BY 1",
                "SELECT rule_id FROM quality.finding WHERE rule_id NOT LIKE 'N0%'",
            )
        )
    assert told[0] == (2014, 2018, "EUROPE", "EUROPE", ["F", "M"], ["30-38", "39-47"], ["EUROPE"],
                       ["FRIEND_ACQUAINTANCE"], ["CONTROL", "EXPLOITER", "RECRUITER_BROKER"], "N")  # fmt: skip
    assert told[6] == (2019, 2019, "ASIA", "AMERICAS_OCEANIA", ["M"], ["0-29"], ["AFRICA", "ASIA"],
                       ["FAMILY_PARTNER", "STRANGER_OTHER"], ["TRANSACTION"], "Y")  # fmt: skip
    # Nothing but years is still a row, and what is not said is not known: never a no.
    assert told[7] == (2021, 2022, "UNK", "UNK", ["UNK"], ["UNK"], ["UNK"], ["UNK"], ["UNK"], "UNK")
    assert told[8][:2] == (None, None)
    assert dict(persons) == {"F": 7, "M": 1, "UNK": 1}
    assert dict(minors) == {"N": 6, "Y": 1, "UNK": 2}
    assert findings == []


def test_the_chapter_on_justice_prints_what_the_file_says_and_no_small_number(
    read: Project, standard: Standard
) -> None:
    (told,) = _described(read, standard, submissions_of(read, (), None, None)).values()
    found = {d.field: d for d in told}
    assert found["perpetrator_role"].codes == {"CONTROL": 6, "EXPLOITER": 6, "RECRUITER_BROKER": 6}
    assert (found["perpetrator_role"].known, found["perpetrator_age_band"].known) == (6, 7)
    assert found["perpetrator_age_band"].codes == {"30-38": 6, "39-47": 6, "48+": 1}
    assert {(d.source, d.made_data, d.first_year, d.last_year) for d in told} == {
        ("CTDCVP (2022-12-01)", True, 2014, 2018)
    }


def test_no_sender_is_asked_for_perpetrators(standard: Standard) -> None:
    from clearing_point.standard.files import read_yaml

    assert REFERENCE not in read_yaml(ROOT / "schemas" / "template.yml")["kinds"]
    (table,) = standard.tables_of_kind(REFERENCE)
    assert not [
        p for p, made in standard.populations.items() if f'"current".{table.name}' in (made.sql or "")
    ]


RAPPORTEUR = """\
profile: rapporteur
title: "National rapporteur: report made for a test"
sender: RAPPORTEUR
use: reference
period: "2014-2022"
made_data: true
attribution: Nobody
submission: {submission_kind: MIXED, coverage: PARTIAL, definition_identified: MIXED, count_basis: NEW_IN_PERIOD, kosovo_basis: EXCLUDES, consent_basis: NAP}
sheets:
  - tables:
      - table: perpetrator
        columns:
          perpetrator_reference: {row_number: true, prefix: row-}
          territory: {constant: SVN}
          first_year: {heading: Years, part: first, separator: "-"}
          last_year: {heading: Years, part: last, separator: "-"}
          proceeding_stage: {heading: Stage, values: {under investigation: INVESTIGATED, prosecuted: PROSECUTED, convicted: CONVICTED}}
          perpetrator_sex: {heading: Sex, values: {m: M, f: F}}
"""


def test_a_rapporteurs_list_of_persons_becomes_totals_of_its_years(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    """Seven convicted and two prosecuted in 2022 are told; a span of years, which is no year, is not."""
    root = tmp_path / "own"
    for name in ("schemas", "pipelines", "reports"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (root / "pipelines" / "sources" / "rapporteur").mkdir()
    (root / "pipelines" / "sources" / "rapporteur" / "profile.yml").write_text(RAPPORTEUR, encoding="utf-8")
    own = Project(root=root, data=tmp_path / "data")
    own.prepare()
    rows = (
        [("2022", "convicted", "m")] * 7
        + [("2022", "prosecuted", "f")] * 2
        + [("2018-2020", "convicted", "m")] * 9
    )
    path = tmp_path / "list.csv"
    path.write_text(
        "\n".join(",".join(r) for r in [("Years", "Stage", "Sex"), *rows]) + "\n", encoding="utf-8"
    )
    assert load_source(own, standard, path, "rapporteur").verdict.accepted
    known = submissions_of(own, (), None, None)
    told = published_figures(
        own, standard, load_edition(own, 2022), known, ("SUSPECTED", "PROSECUTED", "CONVICTED")
    )
    mine = Counter(
        (f["territory"], f["year"], f["population"], f["value_text"]) for f in told if f.get("publisher")
    )
    assert mine == {("SVN", "2022", "CONVICTED", "7"): 1, ("SVN", "2022", "PROSECUTED", "<5"): 1}

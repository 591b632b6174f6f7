"""Real public files go in by a profile, through the same path, with the counts that their publishers give.

Of CTDC's k-anonymised file only counts over the whole file are looked at, never a row.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clearing_point.countries import profile_of_source
from clearing_point.intake.receive import receive
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened
from pipelines.ingest import load_source


@pytest.fixture
def read(project: Project, standard: Standard, shared: Path) -> Any:
    def _read(source: str, file: str, sql: str) -> list[tuple[Any, ...]]:
        profile = profile_of_source(project, source)
        receipt = receive(project, standard, shared / file, profile, profile.period or "2020")
        assert not receipt.refused
        with receipt.workspace.opened() as connection:
            rows: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
        return rows

    return _read


@pytest.mark.nightly
def test_the_unodc_workbook_exactly_as_published(read: Any) -> None:
    """All 58,769 cells.

    Quick: tests/pipeline/test_real_files.py::test_a_public_file_finds_its_profile_by_its_layout
    """
    rows = read(
        "unodc_glotip",
        "unodc_glotip/data_glotip_2025-04-14.xlsx",
        "SELECT count(*), count(*) FILTER (value_qualifier = 'LT5'), count(*) FILTER (value_qualifier = 'LT5' "
        "AND value IS NOT NULL), max(value), min(source_row), count(DISTINCT territory), "
        "count(*) FILTER (territory = 'NAM') > 0, "
        "(SELECT count(*) FROM quality.finding WHERE rule_id <> 'G01') FROM staged.aggregate_cell",
    )
    count, hidden, numbers, highest, first, territories, namibia, other_findings = rows[0]
    assert (count, hidden, numbers, first) == (58769, 29558, 0, 4)
    assert highest > 1000  # thousands commas were read
    assert territories > 150
    assert namibia
    assert other_findings == 1, "L13: the publisher's line above the headings holds a second cell, a link"


@pytest.mark.nightly
def test_ctdc_synthetic_blank_is_unknown_and_never_no(read: Any) -> None:
    """All 193,025 rows.

    Quick: tests/pipeline/test_reference_cases.py::test_signs_for_missing_are_missing_and_an_ambiguous_code_is_nobodys
    """
    rows = read(
        "ctdc_synthetic",
        "ctdc/ctdc_global_synthetic_2021-08-25.csv.gz",
        "SELECT count(*), count(*) FILTER (len(exploitation_form) = 0), count(*) FILTER (len(exploitation_form_no) > 0), "
        "count(*) FILTER (exploitation_form = ['UNK']), (SELECT count(*) FROM quality.finding), "
        "(SELECT count(DISTINCT citizenship) FROM staged.person) > 50 FROM staged.trafficking_episode",
    )
    count, none, said_no, unknown, findings, countries = rows[0]
    assert (count, none, said_no, findings, countries) == (193025, 0, 0, 0, True)
    assert unknown > 50_000


@pytest.mark.nightly
def test_ctdc_k_anonymised_keeps_identical_rows_and_written_noes(read: Any) -> None:
    """Counts over all 97,750 rows.

    Quick: tests/pipeline/test_reference_cases.py::test_begging_goes_to_ctdc_as_labour_and_comes_back_as_begging
    """
    rows = read(
        "ctdc_kanonymised",
        "ctdc/ctdc_global_kanon_2021-07-15.csv.gz",
        "SELECT count(*), count(DISTINCT person_reference), count(*) FILTER (len(means_of_control_no) > 0) > 0, "
        "(SELECT count(*) FROM quality.finding), "
        "(SELECT count(*) FROM staged.person WHERE sex LIKE '%99%' OR citizenship = '00') FROM staged.trafficking_episode",
    )
    assert rows[0] == (97750, 97750, True, 0, 0)


def test_a_public_file_finds_its_profile_by_its_layout(project: Project, standard: Standard) -> None:
    extract = project.sources / "unodc_glotip" / "extract" / "unodc_glotip_region.csv"
    outcome = load_source(project, standard, extract, "unodc")
    assert outcome.verdict.decision == "accepted with warnings"
    with opened(project.warehouse, read_only=True) as connection:
        above = connection.execute(
            "SELECT count(*) FROM quality.finding WHERE severity = 'error' AND rule_id LIKE 'Q02%'"
        ).fetchone()
    assert above is not None
    assert above[0] > 0  # male and female above the total: nothing explains that

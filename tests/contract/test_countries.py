"""Every territory's example submission, in its own layout, loads to the same people as the regional workbook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clearing_point.countries import load_profile, profile_of_territory, regional_profile
from clearing_point.countries.decisions import read_decisions
from clearing_point.countries.profile import Profile
from clearing_point.intake.expected import read_as_declared
from clearing_point.intake.layout import fold
from clearing_point.intake.receive import receive
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.columns import columns_of
from clearing_point.synthetic import make_region, read_settings, write_submissions
from tests.conftest import ROOT, mostly_at_night

TERRITORIES = ("ALB", "BGR", "BIH", "HRV", "MDA", "MKD", "MNE", "ROU", "SRB", "SVN", "XKX")
PERIOD = "2022"
PERSONS = 30


def _written(standard: Standard, folder: Path, territory: str) -> tuple[Path, Path]:
    """Write a territory's example submission twice: in its own layout, and in the regional workbook."""
    targets = {(territory, year): PERSONS for year in (2021, 2022)}
    region = make_region(standard, read_settings(standard.folder), 7, range(2021, 2023), targets)
    profile = profile_of_territory(Project(root=ROOT, data=folder), territory)
    (own,) = write_submissions(region, standard, folder / "own", [PERIOD], {territory: profile})
    (regional,) = write_submissions(region, standard, folder / "regional", [PERIOD])
    return own.path, regional.path


def _staged(
    project: Project, standard: Standard, path: Path, profile: Profile, asked: set[tuple[str, str]]
) -> Iterator[tuple[str, Any]]:
    """Yield (table, rows without their place in the file) of what the own form asks, and last the findings."""
    received = read_as_declared(path, profile, standard)
    receipt = receive(project, standard, path, profile, PERIOD, received=received)
    try:
        assert not receipt.refused
        with receipt.workspace.opened() as connection:
            for table in standard.tables_of_kind("case", "scorecard"):
                fields = {f.name for f in table.fields if (table.name, f.name) in asked or f.derived}
                kept = [n for n, role in columns_of(table) if role == "value" and n in fields]
                columns = ", ".join(f'"{name}"' for name in kept) or "1"
                rows = connection.execute(
                    f'SELECT {columns} FROM staged."{table.name}" ORDER BY ALL'
                ).fetchall()
                yield table.name, rows
            yield (
                "findings",
                connection.execute(
                    "SELECT rule_id, target_table, target_field, sheet, column_letter, count(*) FROM quality.finding "
                    "WHERE severity <> 'information' GROUP BY ALL ORDER BY ALL"
                ).fetchall(),
            )
    finally:
        receipt.workspace.drop()


@pytest.mark.parametrize("territory", mostly_at_night(TERRITORIES, ["BGR"]))
def test_the_own_layout_and_the_regional_workbook_hold_the_same_people(
    territory: str, tmp_path: Path, project: Project, standard: Standard
) -> None:
    profile = profile_of_territory(project, territory)
    own, regional_file = _written(standard, tmp_path, territory)
    if not profile.sheets:
        profile = regional_profile(standard, profile)
    regional = regional_profile(standard, replace(profile, language="en"))
    asked = {(t.table, f) for sheet in profile.sheets for t in sheet.tables for f in t.columns}
    core = {(t.name, f.name) for t in standard.tables_of_kind("case") for f in t.received if f.core}
    assert core <= asked, "a form asks the core fields"
    found = dict(_staged(project, standard, own, profile, asked))
    wanted = dict(_staged(project, standard, regional_file, regional, asked))
    assert len(found["person"]) >= PERSONS
    for name, rows in wanted.items():
        assert found[name] == rows, name
    assert found["findings"] == []


def test_a_word_of_a_profile_means_nothing_else_in_the_template_of_its_language(
    project: Project, standard: Standard
) -> None:
    """A sender's word for "not known" must not be the drop-down word of a code: the filled template would be misread."""
    wrong = []
    for territory in TERRITORIES:
        profile = profile_of_territory(project, territory)
        words = {fold(word): code for word, code in profile.reading.missing.items()}
        for codelist in standard.codelists.values():
            wrong += [
                (territory, codelist.name, code.code, words[label])
                for code in codelist.codes
                if (label := fold(code.label.get(profile.language, ""))) in words
                and words[label] != code.code
            ]
    assert wrong == []


def test_at_least_six_territories_have_layouts_that_differ(project: Project) -> None:
    profiles = [profile_of_territory(project, t) for t in TERRITORIES]
    own = [p for p in profiles if p.sheets]
    assert len(own) >= 6
    assert {p.reading.encoding for p in own} >= {"cp1250", "cp1251"}
    assert any(s.header_height == 2 for p in own for s in p.sheets)
    assert any(s.skip_rows for p in own for s in p.sheets)
    assert len({(p.reading.dates[0], p.reading.list_separator, len(p.sheets)) for p in own}) >= 4
    assert any(
        c.year_of_birth_at for p in own for s in p.sheets for t in s.tables for c in t.columns.values()
    )


def test_every_profile_folder_can_be_read(project: Project, standard: Standard) -> None:
    for folder in (*project.countries.iterdir(), *project.sources.iterdir()):
        assert load_profile(folder, project).sender
        read_decisions(folder, standard)  # of their shapes, and of rules and fields that there are
    for territory in TERRITORIES:
        there = {path.name for path in (project.countries / territory).iterdir()}
        assert there == {"profile.yml", "values.csv", "corrections.yml", "waivers.yml"}, territory

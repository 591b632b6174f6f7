"""The same made people in the sender's own layout, in the filled regional template and in HTCDS: the same rows in core."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from clearing_point.countries import in_format_of, profile_of_source, profile_of_territory, regional_profile
from clearing_point.countries.profile import Profile
from clearing_point.findings import ERROR
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.synthetic import make_region, read_settings, write_submissions
from clearing_point.synthetic.region import MadeRegion
from clearing_point.synthetic.write import tables_of
from clearing_point.warehouse.connection import connect
from pipelines.ingest import check, load
from tests.conftest import ROOT
from tests.filled import fill_htcds, fill_template

pytestmark = [
    pytest.mark.filterwarnings("ignore:Data Validation extension"),
]
YEAR = 2022
PERSONS = 12
WAYS = {
    "ALB": "sq", "BGR": "bg", "BIH": "bs", "HRV": "hr", "MDA": "ro", "MKD": "mk", "MNE": "cnr", "ROU": "en",
    "SRB": "sr-Latn", "SVN": "sl", "XKX": "sr-Cyrl",
}  # fmt: skip
"""Territory -> language of the template, each language once; Serbia's own layout is in Cyrillic."""
HTCDS = "htcds_multi_select_v2.0.xlsm"
Rows = dict[str, list[tuple[Any, ...]]]


def made_people(standard: Standard, territory: str) -> MadeRegion:
    targets = {(territory, year): PERSONS for year in (YEAR - 1, YEAR)}
    return make_region(standard, read_settings(standard.folder), 5, range(YEAR - 1, YEAR + 1), targets)


def _accept_no_age(root: Path, territory: str) -> None:
    """Let the clearing point accept, in the territory's folder, that HTCDS knows no age at identification (N01b)."""
    waiver = {
        "id": "W-2022-01", "period": str(YEAR), "rule": "N01b", "table": "identification",
        "field": "minor_at_identification_derived", "reason": "The form of HTCDS has no age at identification.",
        "role": "clearing point, standard owner", "date": "2020-01-01", "expires": "2099-12-31",
        "guard": {"findings_at_most": 1},
    }  # fmt: skip
    path = root / "pipelines" / "countries" / territory / "waivers.yml"
    path.write_text(yaml.safe_dump({"waivers": [waiver]}), encoding="utf-8")


def _loaded(
    root: Path, folder: Path, standard: Standard, path: Path, profile: Profile, *, in_own_words: bool = False
) -> Project:
    project = Project(root=root, data=folder)
    outcome = load(project, standard, path, profile, str(YEAR), made_data=True)
    assert outcome.verdict.accepted, [group.line() for group in outcome.feedback.groups]
    if in_own_words:  # of which no file needs all: it is said, on the screen, too
        assert any("Words decided in values.csv that are not in" in line for line in outcome.lines(standard))
    return project


def _core(project: Project, query: str) -> list[tuple[Any, ...]]:
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        rows = connection.execute(query).fetchall()
    finally:
        connection.close()
    return sorted(
        (tuple(tuple(sorted(v)) if isinstance(v, list) else v for v in row) for row in rows), key=repr
    )


@pytest.mark.nightly
@pytest.mark.parametrize("territory", WAYS)
def test_three_forms_of_the_same_people_give_the_same_core_rows(
    territory: str, standard: Standard, tmp_path: Path
) -> None:
    """Loaded three times, and HTCDS with a waiver.

    Quick: tests/contract/test_countries.py::test_the_own_layout_and_the_regional_workbook_hold_the_same_people
    Quick: tests/pipeline/test_htcds.py::test_a_filled_workbook_loads_to_its_people
    """
    root = tmp_path / "project"
    for name in ("schemas", "pipelines"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    profile = profile_of_territory(Project(root=root, data=tmp_path), territory)
    region = made_people(standard, territory)
    made = tables_of(region, standard, territory, str(YEAR))
    (own_file,) = (
        file.path
        for file in write_submissions(region, standard, tmp_path / "own", [str(YEAR)], {territory: profile})
        if file.territory == territory
    )
    template = fill_template(
        tmp_path / "filled.xlsx", standard, made, territory=territory, year=YEAR, language=WAYS[territory]
    )
    own = _loaded(
        root, tmp_path / "a", standard, own_file, profile, in_own_words=len(profile.values) > PERSONS
    )
    regional = _loaded(root, tmp_path / "b", standard, template, profile)
    asked = profile if profile.sheets else regional_profile(standard, profile)
    for table in standard.tables_of_kind("case"):
        fields = {f for s in asked.sheets for t in s.tables if t.table == table.name for f in t.columns}
        # A column that the own file lacks was not asked (NAS); the template asks all and leaves it empty (UNK).
        fields &= set(made[table.name].columns) if table.name in made else set()
        names = ", ".join(f'"{f.name}"' for f in table.received if f.name in fields)
        if names:
            query = f'SELECT {names} FROM warehouse.core."{table.name}"'
            assert _core(own, query) == _core(regional, query), table.name
    assert len(_core(own, "SELECT person_reference FROM warehouse.core.person")) >= PERSONS

    empty = ROOT.parent / "shared" / "data" / "htcds" / HTCDS
    if not empty.is_file():
        pytest.skip("the workbooks of HTCDS are not beside the project")
    reader = in_format_of(profile, profile_of_source(own, "htcds"))
    sayable = fill_htcds(empty, tmp_path / HTCDS, reader, standard, made)
    core = {(t.name, f.name) for t in standard.tables_of_kind("case") for f in t.received if f.core}
    assert len(core & set(sayable)) >= 4
    outcome = check(Project(root=root, data=tmp_path / "c"), standard, tmp_path / HTCDS, reader, str(YEAR))
    if not outcome.verdict.accepted:
        assert {g.rule_id for g in outcome.feedback.groups if g.severity == ERROR} == {"N01b"}
        _accept_no_age(root, territory)
    other = _loaded(root, tmp_path / "c", standard, tmp_path / HTCDS, reader)
    names = ", ".join(f'{table[0]}."{field}"' for table, field in sayable)
    query = (
        f"SELECT {names} FROM warehouse.core.person AS p JOIN warehouse.core.trafficking_episode AS t "
        "USING (person_reference) JOIN warehouse.core.identification AS i USING (person_reference) "
        "QUALIFY count(*) OVER (PARTITION BY person_reference) = 1"
    )
    wanted = [
        tuple(_said(value, codes) for value, codes in zip(row, sayable.values(), strict=True))
        for row in _core(own, query)
    ]
    assert len(wanted) >= PERSONS // 3
    assert _core(other, query) == sorted(wanted, key=repr)


def _said(value: Any, codes: frozenset[str]) -> Any:
    """What is left of a value in a form that has words for these codes only."""
    if isinstance(value, list | tuple):
        return tuple(sorted(set(value) & codes)) or ("UNK",)
    return value if value in codes else "UNK"

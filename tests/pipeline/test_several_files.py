"""Several files loaded together: judged side by side, each after the earlier period of its own sender."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearing_point.countries import profile_of_territory
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.submission.plan import Item, in_turn
from clearing_point.warehouse.connection import opened
from pipelines.load_many import load_many
from tests.workbooks import identification, person, write_regional


def _item(folder: Path, project: Project, standard: Standard, territory: str, period: str) -> Item:
    day = f"{period[-4:]}-03-01"
    rows = {
        "person": [person(n) for n in range(1, 4)],
        "identification": [identification(n, identification_date=day) for n in range(1, 4)],
    }
    path = write_regional(folder / f"{territory}-{period}.xlsx", standard, rows)
    return Item(path, profile_of_territory(project, territory), period)


def test_a_file_waits_for_the_period_before_of_its_own_sender_and_for_no_other(
    tmp_path: Path, project: Project, standard: Standard
) -> None:
    order = [("MNE", "2022"), ("XKX", "2021"), ("MNE", "2021"), ("MNE", "2020")]
    items = [Item(tmp_path / "none.xlsx", profile_of_territory(project, t), period) for t, period in order]
    assert in_turn(items) == [(1, None), (3, None), (2, 3), (0, 2)]


def test_what_cannot_be_loaded_stops_when_its_turn_has_come_and_leaves_no_work_behind(
    tmp_path: Path, project: Project, standard: Standard
) -> None:
    wanted = [("MNE", "2021"), ("MNE", "2021-2022"), ("XKX", "2022")]
    items = [_item(tmp_path, project, standard, *each) for each in wanted]
    with pytest.raises(InputProblem, match="overlaps"):
        load_many(project, standard, items)
    with opened(project.warehouse, read_only=True) as warehouse:
        stored = warehouse.execute("SELECT territory, period_start FROM raw.submission ORDER BY 1").fetchall()
    assert [(territory, day.year) for territory, day in stored] == [("MNE", 2021), ("XKX", 2022)]
    assert not [path for path in project.work.rglob("*") if path.is_file()]

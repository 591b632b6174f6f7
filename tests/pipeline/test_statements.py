"""How often the engine is asked, and a database opened, while a file is read and judged: of a small workbook that is the cost."""

from __future__ import annotations

import shutil
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from duckdb import connect

from clearing_point.countries import profile_of_territory
from clearing_point.intake.normalise import normalise
from clearing_point.project import Project
from clearing_point.quality.evaluate import evaluate
from clearing_point.standard import Standard
from clearing_point.submission.plan import Item
from pipelines.ingest import checked

TERRITORY, YEAR = "ALB", "2022"
WORKSPACE = "workspace.duckdb"
READING, JUDGING = 145, 140


class Counted:
    """A connection that counts what it is asked."""

    def __init__(self, connection: Any, asked: list[str]) -> None:
        self._connection, self._asked = connection, asked

    def execute(self, sql: str, *more: Any) -> Any:
        self._asked += sql.split("; CREATE ")  # several in one call are several
        return self._connection.execute(sql, *more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def counting(real: Callable[..., Any], asked: list[str]) -> Callable[..., Any]:
    return lambda connection, *more, **named: real(Counted(connection, asked), *more, **named)


def test_columns_of_a_workbook_are_read_and_judged_in_a_few_questions(
    demo: Project, standard: Standard, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading: list[str] = []
    judging: list[str] = []
    monkeypatch.setattr("clearing_point.intake.entering.normalise", counting(normalise, reading))
    monkeypatch.setattr("clearing_point.quality.judge.evaluate", counting(evaluate, judging))
    path = demo.data / "submissions" / f"MADE-{TERRITORY}-{YEAR}.xlsx"
    with checked(demo, standard, Item(path, profile_of_territory(demo, TERRITORY), YEAR)) as done:
        assert done.outcome.rows["person"] > 0
    assert 0 < len(reading) <= READING
    assert 0 < len(judging) <= JUDGING


def test_a_workspace_is_opened_to_read_to_judge_and_to_compare(
    demo: Project, standard: Standard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: Counter[str] = Counter()

    def counted(place: str = ":memory:", **more: Any) -> Any:
        opened[Path(place).name] += 1
        return connect(place, **more)

    monkeypatch.setattr(duckdb, "connect", counted)
    path, again = demo.data / "submissions" / f"MADE-{TERRITORY}-{YEAR}.xlsx", tmp_path / "again.xlsx"
    with checked(demo, standard, Item(path, profile_of_territory(demo, TERRITORY), YEAR)) as done:
        assert done.outcome.unchanged
    assert opened.pop(WORKSPACE) == 2
    shutil.copyfile(path, again)
    with zipfile.ZipFile(again, "a") as package:
        package.comment = b"saved again"
    with checked(demo, standard, Item(again, profile_of_territory(demo, TERRITORY), YEAR)) as done:
        assert done.outcome.changes is not None
    assert opened.pop(WORKSPACE) == 3

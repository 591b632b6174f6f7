"""Whatever people do to sheets, rows and columns: the same content, or a finding that names the place."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

from clearing_point.intake import receive
from clearing_point.intake.balance import Account
from clearing_point.project import Project
from clearing_point.standard import Standard
from tests.conftest import ROOT
from tests.property.intake_law import (
    LAYOUTS,
    ground_of,
    look,
    make_books,
    run,
    violation,
    write,
)

BY_DAY = ("HRV", "SRB")
"""A text file and a workbook with several tables a sheet."""


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return make_books(tmp_path_factory.mktemp("books"), BY_DAY)


@pytest.mark.parametrize("layout", BY_DAY)
def test_a_spoiled_file_is_read_whole_or_told_with_its_place(layout: str, books: dict[str, Path]) -> None:
    done, wrong = run(layout, books[layout], 8, 5, time.time() + 600)
    assert wrong == []
    assert done > 4


def test_the_law_sees_a_sheet_that_nobody_accounts_for(
    books: dict[str, Path], standard: Standard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(root=ROOT, data=tmp_path)
    rng = random.Random(3)  # noqa: S311 - mutations, no secrets
    ground = ground_of("SRB", books["SRB"], project, standard, tmp_path, rng)
    book = ground.book
    book[1].name = "Xelvina"
    path = write(book, tmp_path / "spoiled.xlsx")
    assert violation(book, {"Xelvina"}, ground.base, look(path, "SRB", project, standard)) == ""
    account_for = receive.account_for

    def silent(*arguments: Any) -> Account:
        return Account(account_for(*arguments).balance, [])

    monkeypatch.setattr(receive, "account_for", silent)
    told = look(path, "SRB", project, standard)
    told.findings.clear()
    told.refused = ""
    assert violation(book, {"Xelvina"}, ground.base, told) != ""


@pytest.mark.nightly
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_and_the_template_stand_many_mutations(layout: str, tmp_path: Path) -> None:
    """All eleven layouts and the template; ``python -m tests.property.intake_law`` tries as many as there is time for.

    Quick: tests/property/test_conservation.py::test_a_spoiled_file_is_read_whole_or_told_with_its_place
    """
    books = make_books(tmp_path, (layout,) if layout != "template" else ("MNE", "template"))
    done, wrong = run(layout, books[layout], 60, 17, time.time() + 1200)
    assert wrong == []
    assert done > 30

"""Whatever people do to sheets, rows and columns: the same content, or a finding that names the place."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from clearing_point.intake import receive
from clearing_point.intake.balance import Account
from clearing_point.project import Project
from tests.property.law.books import LAYOUTS
from tests.property.law.campaign import GROUND_LASTS, against_the_law, ground_of, place_of_campaign, run
from tests.property.law.outcome import said_of_rows, violation

BY_DAY = ("HRV", "SRB")
"""A text file and a workbook with several tables a sheet."""


@pytest.fixture(scope="module")
def place() -> Iterator[Project]:
    with place_of_campaign() as project:
        yield project


@pytest.mark.parametrize("layout", BY_DAY)
def test_a_spoiled_file_is_read_whole_or_told_with_its_place(layout: str, place: Project) -> None:
    stood = run(place, layout, 12, 5)
    assert stood.against == []
    assert stood.ran == 12


def test_the_law_sees_a_sheet_that_nobody_accounts_for(
    place: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = ground_of(place, "SRB", 3)
    book = copy.deepcopy(ground.book)
    book[1].name = "Xelvina"
    _, seen = ground.look_at(book, "spoiled")
    assert violation(book, {"Xelvina"}, ground.base, seen, "SRB") == ""
    account_for = receive.account_for

    def silent(*arguments: Any) -> Account:
        return Account(account_for(*arguments).balance, [])

    monkeypatch.setattr(receive, "account_for", silent)
    _, told = ground.look_at(book, "spoiled")
    told.findings.clear()
    told.refused = ""
    assert violation(book, {"Xelvina"}, ground.base, told, "SRB") != ""


def test_a_row_of_totals_is_left_out_by_its_word_and_a_note_and_what_was_told_before_does_not_count(
    place: Project,
) -> None:
    ground = ground_of(place, "template", 23)
    book = copy.deepcopy(ground.book)
    sheet = next(s for s in book if len(s.rows) > s.first)
    sheet.rows.append(["Total", *[None] * (sheet.width - 2), 5])
    path, seen = ground.look_at(book, "spoiled")
    assert against_the_law(ground, book, {sheet.name}, path, seen) == ""
    seen.findings = [
        f for f in said_of_rows(seen, ground.project, ground.standard) if f.severity != "information"
    ]
    assert violation(book, {sheet.name}, ground.base, seen, "template") != ""


@pytest.mark.nightly
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_and_the_template_stand_many_mutations(layout: str, place: Project) -> None:
    """All eleven layouts and the template; ``python -m tests.property.law`` tries as many as one asks for.

    Quick: tests/property/test_conservation.py::test_a_spoiled_file_is_read_whole_or_told_with_its_place
    """
    stood = run(place, layout, GROUND_LASTS + 20, 17)
    assert stood.against == []
    assert stood.ran == GROUND_LASTS + 20

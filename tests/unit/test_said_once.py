"""What a sender is told of one cause she is told once, under her own heading, with the word that may be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearing_point.findings import BLOCK, ERROR, WARNING
from clearing_point.project import find_project, ready, with_ready_commands
from clearing_point.quality.feedback import feedback_in
from clearing_point.quality.meant import with_meant
from clearing_point.quality.once import said_once
from clearing_point.quality.said import Facts, Place, in_order
from clearing_point.standard import Standard
from tests.conftest import ROOT


def _place(rule: str, column: str = "C", *rows: int, severity: str = "error", field: str = "sex") -> Place:
    return Place(
        rule, severity, "person", field, "person", column, tuple((n, n) for n in rows), len(rows) or 1
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (["N04", "N01b", "N01a"], {"N04"}),
        (["N01b", "N01a"], {"N01b"}),
        (["P04", "N04", "N01b", "N01a"], {"P04"}),
        (["F06", "N01a"], {"F06", "N01a"}),
    ],
)
def test_shares_of_one_column_are_said_once(found: list[str], said: set[str]) -> None:
    assert {place.rule_id for place in said_once(_place(rule) for rule in found)} == said


def test_of_a_cell_that_cannot_be_read_nothing_else_is_said() -> None:
    places = [_place("F02", "C", 4), _place("A05a", "C", 4, 9), _place("P09", "C", 4), _place("A05a", "D", 4)]
    left = {(p.rule_id, p.column): (p.rows, p.count) for p in said_once(places)}
    assert left == {
        ("F02", "C"): (((4, 4),), 1), ("A05a", "C"): (((9, 9),), 1), ("A05a", "D"): (((4, 4),), 1)
    }  # fmt: skip


def test_a_column_that_two_tables_are_read_from_is_told_once() -> None:
    twice = [_place("P04", "C", 4), _place("P04", "C", 4, field="citizenship")]
    assert len(said_once(twice)) == 1
    to_confirm = [
        _place("F13", "C", 4, severity="warning"),
        _place("F13", "C", 4, severity="warning", field="x"),
    ]
    assert len(said_once(to_confirm)) == 2, "each is answered for itself"


def test_her_heading_and_the_word_that_may_be_meant_stand_in_the_sentence(standard: Standard) -> None:
    place = Place("P04", "error", "person", "sex", "Лица", "C", ((4, 5),), 2, "Пол жртве")
    feedback = feedback_in(Facts("x", (place,)), standard, "sr-Cyrl")
    assert "„Пол жртве“" in feedback.groups[0].what
    assert "„Пол“" not in feedback.groups[0].what
    meant = {"code": "word_meant", "sheet": "Лица", "column": "C", "rows": [[4, 4]], "words": "“Женски”"}
    group = with_meant(feedback, [meant], standard, "sr-Cyrl").groups[0]
    assert group.action.startswith(feedback.groups[0].action)
    assert "Ред 4" in group.action.removeprefix(feedback.groups[0].action)
    assert "„Женски“" in group.action


def test_commands_are_printed_as_they_run(tmp_path: Path) -> None:
    find_project(ROOT, tmp_path / "my data")
    options = f" --project {ROOT} --data '{tmp_path}/my data'"
    assert ready("clearing-point status") == f"clearing-point status{options}"
    said = with_ready_commands("See `clearing-point status --json` and `clearing-point standard check`.")
    assert said == f"See `clearing-point status --json{options}` and `clearing-point standard check`."
    find_project()
    assert ready("clearing-point status") == "clearing-point status"


def test_findings_stand_as_the_sheets_of_the_workbook_follow_each_other(standard: Standard) -> None:
    def of(table: str | None, sheet: str, column: str, severity: str = ERROR) -> Place:
        return Place("D02", severity, table, None, sheet, column, ((3, 3),), 1)

    wanted = [
        of(None, "Z", "A", BLOCK), of("person", "Personat", "K"), of("identification", "Identifikimi", "T"),
        of("identification", "Identifikimi", "AF"), of("service", "A", "B"), of("person", "Personat", "A", WARNING),
    ]  # fmt: skip
    assert list(in_order(reversed(wanted), standard)) == wanted

"""The way of a victim and the comparison of territories are made of printed cells, and of nothing that is not shown."""

from __future__ import annotations

import pytest

from clearing_point.report.chapters import Numbering
from clearing_point.report.comparison import comparison_of
from clearing_point.report.figures import Easel
from clearing_point.report.model import Table, blocks_of, figures_of
from clearing_point.report.view import Setting, View
from clearing_point.report.way import way_of
from clearing_point.report.words import load_words
from clearing_point.standard.model import Breakdown
from tests.unit import report_samples as samples

REPORTS = samples.ROOT / "reports"
WAY = (
    {"id": "offered", "table": "E02", "of": "answer", "went_on": ["YES", "NO"]},
    {
        "id": "accepted",
        "table": "E02",
        "of": "answer",
        "went_on": ["YES"],
        "lost": ["NO"],
        "among_known": True,
    },
)
"""Of 200 persons 50 without an answer: 150 were asked, of whom 90 said yes."""
ANSWERS = {"YES": 90, "NO": 60, "UNK": 50, "Total": 200}


def drawn(cells, wanted=WAY, make=way_of):
    by = (
        Breakdown("answer", "none", {"en": "Answer"}, groups={"YES": ("YES",), "NO": ("NO",)},
                  group_labels={"YES": {"en": "Yes"}, "NO": {"en": "No"}}),
        Breakdown("reference_year", "year", {"en": "Year"}),
        Breakdown("territory", "territory", {"en": "Territory"}, categories=()),  # of the region as a whole
    )  # fmt: skip
    which = samples.indicator("E02", by, ("answer",), ("reference_year",))
    table = samples.protected(
        "E02",
        {"answer": tuple(cells), "reference_year": ("2022",), "territory": ("Total",)},
        {(c, "2022", "Total"): n for c, n in cells.items()},
    )
    setting = Setting(samples.edition(), samples.context(), load_words(REPORTS, "en"))
    easel = Easel(setting, REPORTS)
    sections = make(
        wanted, {"E02": View(samples.published(which, table), setting)}, easel, Numbering(setting)
    )
    blocks = tuple(blocks_of(sections))
    rows = [
        [f"{c.text} {c.detail}".strip() for c in row]
        for b in blocks
        if isinstance(b, Table)
        for row in b.body
    ]
    return rows, figures_of(blocks)


def test_each_step_is_of_those_who_stood_before_it():
    rows, figures = drawn(ANSWERS)
    assert [row[1:5] for row in rows] == [
        ["200", "150 75 %", "0 0 %", "50 25 %"], ["150", "90 60 %", "60 40 %", "0 0 %"],
    ]  # fmt: skip
    assert len(figures) == 1
    assert "of 150 with a recorded offer" in figures[0].svg


@pytest.mark.parametrize(
    ("hidden", "row"),
    [
        ("NO", ["150", "90 60 %", "<5", "0 0 %"]),
        ("UNK", ["<5", "90", "60", "0"]),  # how many were asked could only be worked out of it
        ("Total", ["<5", "90", "60", "0"]),
    ],
)
def test_what_is_not_shown_is_neither_a_sum_nor_a_share(hidden, row):
    """A protected number keeps its sign, and so does whatever could only be worked out with it."""
    shown = {"id": "sheltered", "table": "E02", "of": "answer", "went_on": ["YES"], "lost": ["NO"]}
    rows, figures = drawn({**ANSWERS, hidden: None}, (WAY[1], shown, {**shown, "id": "followed"}))
    if rows:
        assert rows[0][1:5] == row
    else:
        assert hidden == "Total"
        assert figures == ()


def test_too_few_steps_are_no_way():
    assert drawn({**ANSWERS, "YES": None}) == ([], ())


def test_a_comparison_says_of_how_many_and_how_many_are_not_known():
    tables, edition, context = samples.real_indicators()
    setting = Setting(edition, context, load_words(REPORTS, "en"))
    chosen = {
        t.indicator.indicator_id: View(t, setting) for t in tables if t.indicator.indicator_id == "E16T"
    }
    (view,) = chosen.values()
    easel = Easel(setting, REPORTS)
    wanted = ({"table": "E16T", "of": "plan_agreed", "at": "Y"},)
    (section,) = comparison_of(wanted, chosen, easel, Numbering(setting))
    (figure,) = figures_of(tuple(blocks_of((section,))))
    place = {"territory": "ROU", "reference_year": "2022"}
    whole, unknown = (view.printed({**place, "plan_agreed": code}).text for code in ("Total", "UNK"))
    assert f"Romania, of {whole}, {unknown} not known" in figure.alternative
    assert "Region:" in figure.alternative

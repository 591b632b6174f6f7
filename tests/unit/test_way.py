"""The way of a victim and the comparison of territories are made of printed cells, and of nothing that is not shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clearing_point.report import profiles
from clearing_point.report.chapters import Numbering
from clearing_point.report.comparison import comparison_of, shelters_said
from clearing_point.report.figures import Easel
from clearing_point.report.findings import Finder
from clearing_point.report.model import Figure, Paragraph, Row, Section, Table, blocks_of, figures_of
from clearing_point.report.reading import chapters_of, draw_chapters, glance_of, load_chapters
from clearing_point.report.unknown import unknown_of
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


def test_what_is_not_known_stands_question_by_question():
    """A picture and a table of printed numbers; a protected number keeps its sign and has no share."""
    wanted = (
        {"table": "E02", "of": "answer", "words": "offer"},
        {"table": "E02", "of": "answer", "words": "form"},
    )

    def make(entries, views, easel, numbering):
        return (Section("x", "x", unknown_of(entries, views, easel, numbering, "x")),)

    rows, figures = drawn(ANSWERS, wanted, make)
    assert [row[2:] for row in rows] == [["200", "50", "25 %", "Table E02"]] * 2
    assert "25 %" in figures[0].alternative
    assert drawn({**ANSWERS, "UNK": None}, wanted, make) == ([], ())
    assert drawn({**ANSWERS, "Total": None}, wanted, make) == ([], ())
    assert drawn({k: v for k, v in ANSWERS.items() if k != "UNK"}, wanted, make) == ([], ())


def test_shares_side_by_side_say_what_they_rest_on():
    views, easel = _real()
    listed = load_chapters(REPORTS)["chapters"]
    glance = next(c["glance"] for c in listed if c["id"] == "afterwards")
    *_, table = glance_of(glance, views, easel, Numbering(easel.setting), "afterwards")
    row = next(row for row in table.body if "24 months" in row[0].text)
    place = {"reference_year": "2022", "territory": "Total"}
    whole, unknown = (
        views["E20"].printed(views["E20"].filled({**place, "retrafficked": code}))
        for code in ("Total", "UNK")
    )
    expected = whole.value - unknown.value if None not in (whole.value, unknown.value) else None
    assert row[-1].text == (f"{expected:,}" if expected is not None else "<5")


def test_a_picture_of_the_chapters_is_named_and_not_drawn_again():
    views, easel = _real()
    listed, numbering = load_chapters(REPORTS), Numbering(easel.setting)
    before = [f for c in draw_chapters(listed, views, easel, numbering).values() for f in c.pictures]
    (section,) = comparison_of(listed["comparison"], views, easel, numbering, before)
    blocks = tuple(blocks_of((section,)))
    titles = [figure.title for figure in figures_of(blocks)]
    again = [
        f
        for f in before
        if f.title in [easel.setting.words(f"reading.pictures.{e['words']}") for e in listed["comparison"]]
    ]
    assert len(again) >= 3
    assert not {f.title for f in again} & set(titles)
    (named,) = [block for block in blocks if isinstance(block, Paragraph) and block.links]
    assert [anchor for _, anchor in named.links] == [f.anchor for f in again]
    assert len(again) + len(titles) >= 12


@pytest.mark.parametrize(
    ("pictures", "last"), [(4, "mechanism"), (3, "effects"), (2, "mechanism"), (1, "effects")]
)
def test_the_high_picture_of_a_profile_leaves_no_gap(pictures, last, monkeypatch):
    """Beside it stood a low one, and the page was half empty: where pictures are odd in number, it comes last."""

    def fake(*names):
        return lambda *_, **__: tuple(Figure(name, "", "", "", "", "") for name in names)

    monkeypatch.setattr(profiles, "draw_pictures", fake(*(f"picture-{n}" for n in range(pictures))))
    monkeypatch.setattr(profiles, "effects_of", fake("effects"))
    monkeypatch.setattr(profiles, "_mechanism", fake("mechanism"))
    views, easel = _real()
    figures = profiles.draw_profile("ROU", load_chapters(REPORTS), views, easel, Numbering(easel.setting))
    assert sorted(f.anchor for f in figures)[:2] == ["effects", "mechanism"]
    assert len(figures) == pictures + 2
    assert figures[-1].anchor == last


@pytest.mark.parametrize(("used", "question"), [(46.0, False), (250.0, True)])
def test_a_profile_says_of_shelters_what_is_shown(used, question):
    """Where a director looks first; above 100 per cent never without the question."""
    views, _ = _real()
    view = views["T32B"]
    place = view.filled({"territory": "ROU"})
    key = tuple(place[v] for v in view.categories)
    setting = view.setting
    table = replace(view.published, values={**(view.published.values or {}), key: used})
    shown = {**views, "T32B": View(table, setting)}
    said = shelters_said("ROU", shown, setting)
    persons = views["T32"].printed(views["T32"].filled({"territory": "ROU"})).text
    assert f"Persons who stayed: {persons}" in said
    assert f"per cent of those offered: {used:.0f}" in said
    assert (setting.words.of(view.indicator.question[1]) in said) == question
    # What is protected is left out, and a territory that is not in the tables is not spoken of.
    hidden = replace(view.published, values={**(view.published.values or {}), key: None})
    assert "offered" not in shelters_said("ROU", {**views, "T32B": View(hidden, setting)}, setting)
    assert shelters_said("XXX", views, setting) == ""


def _real():
    tables, edition, context = samples.real_indicators()
    setting = Setting(edition, context, load_words(REPORTS, "en"))
    return {t.indicator.indicator_id: View(t, setting) for t in tables}, Easel(setting, REPORTS)


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


def test_shelters_of_a_territory_stand_beside_the_regions():
    """A director asked how full hers are beside the others': the region's number was in a reference table only."""
    views, easel = _real()
    setting = easel.setting
    view = views["T32B"]
    place, here = view.filled({}), view.filled({"territory": "ROU"})
    values = {tuple(p[v] for v in view.categories): value for p, value in ((place, 50.0), (here, 46.0))}
    views["T32B"] = View(replace(view.published, values={**(view.published.values or {}), **values}), setting)
    total = views["T32B"].measured(place).text
    assert total == "50"
    assert f"(region: {total})" in shelters_said("ROU", views, setting)
    (section,) = comparison_of((), views, easel, Numbering(setting))
    (table,) = [block for block in section.blocks if isinstance(block, Table)]
    region = [cell.text for cell in table.body[-1]]
    assert (region[0], region[-1]) == ("Region", total)


def test_one_picture_of_a_chapter_stands_beside_its_shares():
    views, easel = _real()
    setting, numbering = easel.setting, Numbering(easel.setting)
    drawn = draw_chapters(load_chapters(REPORTS), views, easel, numbering)
    chapters = chapters_of(load_chapters(REPORTS), Finder(setting, views, ()), drawn, numbering, {})
    after = next(chapter for chapter in chapters if chapter.anchor == "reading-afterwards")
    assert len(drawn["afterwards"].pictures) == 1
    assert not [block for block in after.blocks if isinstance(block, Figure)]
    (row,) = [block for block in after.blocks if isinstance(block, Row)]
    assert len(row.figures) == 2


def test_a_break_that_several_shares_have_is_said_once():
    """The same two sentences stood three times below one small table."""
    views, easel = _real()
    easel.setting.__dict__["breaks"] = frozenset({("BGR", "2022", "")})
    wanted = [{"table": "E10", "at": {"detained_or_fined_before": "Y"}, "of": "detained_or_fined_before"}]
    wanted.append({"table": "E21", "at": {"lost": "Y"}, "of": "lost"})
    *_, table = glance_of(wanted, views, easel, Numbering(easel.setting), "justice")
    said = [note for note in table.notes if "Bulgaria" in note]
    assert len(said) == 1
    assert all(views[e["table"]].title in said[0] for e in wanted)

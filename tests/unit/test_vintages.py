"""What later links and later status did to a year that is out, and what a report says of the errors of links."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from clearing_point.analysis.links import corrected_numbers, note_of, notes_on_links
from clearing_point.analysis.vintages import Revision, revisions
from clearing_point.linkage.link import Linked
from clearing_point.linkage.settings import load_linkage
from clearing_point.report.compose import compose
from tests.conftest import ROOT
from tests.unit import report_samples as samples


def cases(*rows: tuple[str, str, str]) -> pa.Table:
    return pa.table({k: pa.array(v, pa.string()) for k, v in zip(("case_id", "year", "person_id"), zip(*rows, strict=True), strict=True)})  # fmt: skip


THEN = cases(
    ("a", "2021", "a"), ("b", "2021", "b"), ("c", "2021", "c"), ("d", "2022", "d"), ("e", "2021", "e")
)


def test_every_change_of_a_year_has_its_reason_and_they_add_up() -> None:
    # b turned out to be a; c is no victim; f came late; d is e, who counts in 2021 already.
    now = cases(
        ("a", "2021", "a"), ("b", "2021", "a"), ("d", "2022", "d"), ("e", "2021", "d"), ("f", "2021", "f")
    )  # fmt: skip
    found = revisions(THEN, now, "ever")
    assert found == {
        "2021": Revision(before=4, late=1, withdrawn=1, linked=1),
        "2022": Revision(before=1, late=0, withdrawn=0, linked=1),
    }
    # Whoever counts in every year anew counts in both.
    assert revisions(THEN, now, "year")["2022"] == Revision(before=1, late=0, withdrawn=0, linked=0)
    for once in ("ever", "year"):
        there, back = revisions(THEN, now, once), revisions(now, THEN, once)
        for year, r in there.items():
            assert r.before - r.withdrawn - r.linked + r.late == back[year].before


def test_a_link_that_is_taken_back_adds_a_person() -> None:
    one = cases(("a", "2021", "a"), ("b", "2021", "a"))
    two = cases(("a", "2021", "a"), ("b", "2021", "b"))
    assert revisions(one, two, "year") == {"2021": Revision(before=1, late=1, withdrawn=0, linked=0)}


LINKED = Linked(1000, 880, 870, 120, 10, 1e-6, 125.0, 0.004, 0.052, 3, {}, 0)
PLACES = ("SUBMITTED", "CHAPTERS", "Total", "LOWEST")


def way(shown: dict[tuple[str, str], int | None]):
    return samples.protected("T01L", {"territory": PLACES, "reference_year": ("2021", "2022")}, shown)


def test_the_corrected_number_is_worked_out_from_what_is_printed_alone() -> None:
    settings, sentences = load_linkage(ROOT / "schemas"), samples.standard().link_notes
    table = way({(p, y): n for y, numbers in (("2021", (1000, 980, 900, 890)), ("2022", (500, 490, None, None)))
                 for p, n in zip(PLACES, numbers, strict=True)})  # fmt: skip
    noted = note_of(LINKED, decisions=2, least_links=20)
    assert noted == {"decisions": 2, "false_match_percent": 0.0, "missed_match_percent": 5.0, "decimals": 0}
    # 100 links over 0.95 of all: 105 persons are counted twice. A year with a hidden number has none.
    assert corrected_numbers(settings, noted, table) == {"2021": 895}
    notes = notes_on_links(settings, noted, table, sentences)
    range_, rates, corrected = (note.said() for note in notes)
    assert "no bound of the truth" in range_
    assert "less than 1 per cent" in rates
    assert "5 per cent" in rates
    assert "2021: 895" in corrected
    # In another language, with its own way of writing numbers.
    serbian = [note.said("sr-Cyrl", lambda number, _: f"<{number:.0f}>") for note in notes]
    assert "мање од <1> одсто веза" in serbian[1]
    assert "2021: <895>" in serbian[2]
    assert notes[2].said("no such language") == corrected
    many = note_of(replace(LINKED, links=5000), decisions=0, least_links=20)
    assert (many["false_match_percent"], many["missed_match_percent"]) == (0.4, 5.2)
    # Of a handful of links nothing can be said, and another table says nothing of links.
    few = note_of(replace(LINKED, links=19), decisions=0, least_links=20)
    assert "Too few" in notes_on_links(settings, few, table, sentences)[1].said()
    assert notes_on_links(settings, noted, samples.by_territory().protected, sentences) == ()


@pytest.fixture(scope="module")
def reports() -> Path:
    return ROOT / "reports"


def test_the_report_says_what_became_of_years_that_are_out(reports: Path) -> None:
    which = samples.edition()
    tables = [samples.by_territory(), samples.by_sex(), samples.withheld()]
    name = tables[0].indicator.indicator_id
    late = {
        f"{name}-{kind}": samples.protected(f"{name}-{kind}", {"reference_year": ("2021",)}, {("2021",): n})
        for kind, n in (("late", 0), ("withdrawn", None), ("linked", 7))
    }
    report = compose(which, tables, samples.context(late=late), reports, "en")
    found = [s for s in report.sections[-1].sections if s.anchor == "since"]
    assert len(found) == 1
    (row,) = found[0].blocks[1].body
    assert [cell.text for cell in row[1:]] == ["2021", "0", tables[0].protected.sign, "7"]

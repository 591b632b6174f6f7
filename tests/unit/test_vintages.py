"""What later links and later status did to a year that is out, and what a report says of the errors of links."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from clearing_point.analysis.links import corrected_numbers, note_of, notes_on_links
from clearing_point.analysis.vintages import Cases, Moved, revisions
from clearing_point.linkage.link import Linked
from clearing_point.linkage.settings import load_linkage
from clearing_point.report.compose import compose
from tests.conftest import ROOT
from tests.unit import report_samples as samples


def cases(once: str, *rows: tuple[str, str, str]) -> Cases:
    """A case's name begins with its sender."""
    names = ("case_id", "year", "unit_id", "person_id", "sender")
    whole = [(case, year, person, person, case[0]) for case, year, person in rows]
    columns = {k: pa.array(v, pa.string()) for k, v in zip(names, zip(*whole, strict=True), strict=True)}
    return Cases(pa.table(columns), once, linked=True)


def then(once: str) -> Cases:
    return cases(
        once,
        *(("a1", "2021", "a"), ("b1", "2021", "b"), ("c1", "2021", "c"), ("d1", "2022", "d"), ("e1", "2021", "e")),
    )  # fmt: skip


def now(once: str) -> Cases:
    """Say that b turned out to be a; c is no victim; f came late; d is e, who counts in 2021 already."""
    return cases(
        once,
        *(("a1", "2021", "a"), ("b1", "2021", "a"), ("d1", "2022", "d"), ("e1", "2021", "d"), ("f1", "2021", "f")),
    )  # fmt: skip


def units(revision) -> dict[str, int]:
    return {kind: getattr(revision, kind).units for kind in ("late", "withdrawn", "linked")}


def test_every_change_of_a_year_has_its_reason_and_they_add_up() -> None:
    found = revisions(then("ever"), now("ever"))
    assert {year: r.before for year, r in found.items()} == {"2021": 4, "2022": 1}
    assert units(found["2021"]) == {"late": 1, "withdrawn": 1, "linked": 1}
    assert units(found["2022"]) == {"late": 0, "withdrawn": 0, "linked": 1}
    # Whoever counts in every year anew counts in both.
    assert units(revisions(then("year"), now("year"))["2022"]) == {"late": 0, "withdrawn": 0, "linked": 0}
    for once in ("ever", "year"):
        there, back = revisions(then(once), now(once)), revisions(now(once), then(once))
        for year, r in there.items():
            steps = units(r)
            assert r.before - steps["withdrawn"] - steps["linked"] + steps["late"] == back[year].before


def test_a_link_that_is_taken_back_adds_a_person() -> None:
    one = cases("year", ("a1", "2021", "a"), ("b1", "2021", "a"))
    two = cases("year", ("a1", "2021", "a"), ("b1", "2021", "b"))
    (revision,) = revisions(one, two).values()
    assert units(revision) == {"late": 1, "withdrawn": 0, "linked": 0}


def test_every_sender_knows_what_became_of_her_own_persons() -> None:
    """Her total hides it: four of hers came and four went, and she knows of all eight."""
    stay = [(f"{s}s{k}", "2021", f"{s}s{k}") for s in "ab" for k in range(20)]
    gone = [(f"a{k}", "2021", f"a{k}") for k in range(4)] + [("b0", "2021", "b0")]
    came = [(f"a9{k}", "2021", f"a9{k}") for k in range(4)] + [("b90", "2021", "b90"), ("b91", "2021", "b91")]
    (revision,) = revisions(cases("ever", *stay, *gone), cases("ever", *stay, *came)).values()
    assert revision.late == Moved(6, 6, {"a": (4, 4), "b": (2, 2)})
    assert revision.withdrawn == Moved(5, 5, {"a": (4, 4), "b": (1, 1)})
    joined = [(case, year, "bs0" if person == "as0" else person) for case, year, person in stay]
    (revision,) = revisions(cases("ever", *stay), cases("ever", *joined)).values()
    assert revision.linked == Moved(1, 1, {"a": (1, 1), "b": (1, 1)})
    assert revision.withdrawn == Moved()


LINKED = Linked(1000, 880, 870, 120, 10, 1e-6, 125.0, 0.004, 0.052, 0.006, 0.09, 1.0, 3, {}, 0)
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
    assert "true number may lie outside" in range_
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
    # Where names differ more than the estimate is made for, a range and no corrected number.
    doubtful = note_of(replace(LINKED, errors=3.0, missed_match_high=0.4), decisions=0, least_links=20)
    _, not_known = notes_on_links(settings, doubtful, table, sentences)
    assert "between 1 and 40 per cent" in not_known.said()
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

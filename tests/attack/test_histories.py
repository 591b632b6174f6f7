"""Random histories of five editions through the code that publishes: nothing follows from having them all."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from clearing_point.analysis.count import Counted
from clearing_point.disclosure import Category, Dimension, Ledger, Policy, Relation, audit
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.publication.issue import publish_tables
from clearing_point.publication.lines_of_years import next_number
from clearing_point.publication.prepared_issue import issue_release, prepared_folder, settle
from clearing_point.standard.model import Breakdown, Indicator
from tests.attack.random_reports import count, dimension, people
from tests.conftest import mostly_at_night
from tests.unit.report_samples import edition as sample_edition

POLICY = replace(
    Policy.plain(5),
    late_notes={"late": "late {numbers}", "withdrawn": "withdrawn {numbers}"},
    hidden_since={
        "note": "{count} hidden now: {why}",
        "revision": "made anew",
        "reissue": "came since",
        "other": "-",
    },
)
VARIABLES = ("sex", "channel", "closure")


class Office:
    """Submissions by year of what they report and order of coming; counts any set of them."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.submissions: dict[str, tuple[int, dict]] = {}
        self.withdrawn: set[str] = set()

    def receive(self, year: int, persons: int) -> None:
        name = f"{len(self.submissions):03}"
        self.submissions[name] = (year, people(int(self.random.integers(1e6)), persons))

    def receive_alike(self, year: int, kinds: int, each: int) -> None:
        """Receive persons of whom so many are alike in everything: no count changes by fewer."""
        columns = people(int(self.random.integers(1e6)), kinds)
        name = f"{len(self.submissions):03}"
        self.submissions[name] = (year, {k: np.repeat(v, each) for k, v in columns.items()})

    def counted(self, names, years) -> list[Counted]:
        found = []
        for variable in VARIABLES:
            inner = dimension(variable)
            when = Dimension("reference_year", tuple(Category.of(str(y)) for y in years))
            counts: dict[tuple[str, ...], int] = {}
            for name in names:
                year, columns = self.submissions[name]
                if year in years:
                    for (code,), n in count(variable, columns, (inner,)).counts.items():
                        counts[code, str(year)] = counts.get((code, str(year)), 0) + n
            base = count(variable, people(1, 1), (inner,))
            table = replace(base, dimensions=(inner, when), counts=counts)
            by = (
                Breakdown(variable, variable, {"en": variable}),
                Breakdown("reference_year", "year", {"en": "Year"}, total=False),
            )
            indicator = Indicator(
                indicator_id=variable, order=1, part="numbers", title={"en": variable}, definition={"en": variable},
                population="persons", by=by, rows=(variable,), columns=("reference_year",), chart=None,
            )  # fmt: skip
            found.append(Counted(indicator, table, "SELECT"))
        return found


def issue(project, office, year, profile, reason="", *, released=True):
    edition = replace(sample_edition(), year=year, trend_from=year - 2, tables=VARIABLES, profile=profile)
    years = list(range(year - 2, year + 1))
    names = sorted(office.submissions.keys() - office.withdrawn)
    out = publish_tables(
        project, edition, POLICY, office.counted(names, years), [], names, "hash",
        lambda then, _: office.counted(then, years), complete_revision=reason,
    )  # fmt: skip
    if released:
        issue_release(project, release(project, out), year)
    return out


def release(project, out):
    """A finished release; its place in the ledger is all that matters here."""
    folder = project.data / "made"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"protection": {"ledger": out.ledger}}))
    return folder


def told_by_lines(project) -> list[tuple[int, int]]:
    """Subtract every line of every edition from itself in every other one; return what gives 1 to 4 persons away.

    Whoever reads a hidden line knows that it stands for 1 to 4: nothing else is hidden in a table of years without a total.
    """
    said: dict[tuple[str, str], list[range]] = {}
    for table in Ledger(project.ledger).tables(in_force=False):
        line = table.table_id.split(": ", 1)[-1]
        kind = line.rsplit("-", 1)[-1]
        if kind in ("late", "withdrawn", "linked") and table.profile == "suppress":
            for (year,), entry in table.cells.items():
                can_be = range(1, 5) if entry.shown is None else range(entry.shown, entry.shown + 1)
                said.setdefault((line, year), []).append(can_be)
    return [
        (least, most)
        for numbers in said.values()
        for at, one in enumerate(numbers)
        for other in numbers[at + 1 :]
        if one != other
        for least, most in [(abs(other[0] - one[-1]), abs(other[-1] - one[0]))]
        if least < 5 or most < 5
    ]


def five_editions(project, seed, profile="suppress"):
    """Publish five editions while persons come late and are taken back, often one or two."""
    office = Office(seed)
    for year in range(2020, 2025):
        office.receive(year, int(office.random.integers(60, 300)))
        for reported in range(year - 2, year + 1):
            for _ in range(int(office.random.integers(0, 3))):
                office.receive(reported, int(office.random.integers(1, 9)))
        small = [n for n, (_, columns) in office.submissions.items() if len(columns["sex"]) < 9]
        office.withdrawn |= {n for n in small if office.random.random() < 0.2}
        issue(project, office, year, profile)


@pytest.mark.parametrize("seed", mostly_at_night([1, 2, 3], [1]))
def test_lines_of_five_editions_side_by_side_tell_of_no_few_persons(tmp_path, monkeypatch, seed):
    project = Project(root=tmp_path, data=tmp_path / "data")
    five_editions(project, seed)
    assert told_by_lines(project) == []
    # The control: where every edition prints its own number, the same attack finds persons.
    monkeypatch.setattr("clearing_point.publication.lines_of_years.next_number", lambda count, *_: count)
    open_project = Project(root=tmp_path, data=tmp_path / "open")
    five_editions(open_project, seed)
    assert told_by_lines(open_project)


def test_a_line_moves_by_the_threshold_or_stays():
    steps = {(): [0, 3, 5], (0,): [0, 0, 5], (6,): [0, 6, 6], (None,): [None] * 3, (0, 6): [0, 6, 6]}
    assert {e: [next_number(n, e, 5) for n in (0, 3, 5)] for e in steps} == steps
    assert [next_number(n, (None,), 5) for n in (8, 9, 10)] == [None, 9, 10]
    # Back down beside the number before the last: 7 would be one away from 6.
    assert [next_number(n, (6, 12), 5) for n in (1, 6, 7, 11, 17)] == [1, 6, 12, 12, 17]


_HISTORIES = [(1, "suppress"), (2, "round"), (3, "suppress")]


@pytest.mark.parametrize(("seed", "profile"), mostly_at_night(_HISTORIES, _HISTORIES[:2]))
def test_random_histories_of_five_editions(tmp_path, seed, profile):
    office, project = Office(seed), Project(root=tmp_path, data=tmp_path / "data")
    shown: dict[tuple[str, tuple[str, ...]], set[int]] = {}
    for year in range(2020, 2025):
        for reported in range(year - 2, year + 1):
            # Late records for the years before, often one or two persons.
            persons = (
                int(office.random.integers(60, 300))
                if reported == year
                else int(office.random.integers(1, 9))
            )
            office.receive(reported, persons)
        made = issue(project, office, year, profile)
        again = issue(project, office, year, profile)
        assert again == made
        for name, table in made.tables.items():
            for cell, entry in table.cells.items():
                if entry.shown is not None:
                    shown.setdefault((name, cell), set()).add(entry.shown)
    # Nothing to subtract: every number that was ever printed for a cell is the same number.
    assert all(len(numbers) == 1 for numbers in shown.values())
    ledger = Ledger(project.ledger)
    assert len(ledger.issues()) == 5
    result = audit(ledger.tables(), POLICY)
    assert (result.recovered, result.too_narrow) == (0, 0)
    late = [t for t in ledger.tables() if t.table_id.endswith("-late")]
    assert late
    assert all(
        entry.shown is None or entry.shown == 0 or entry.shown >= 5
        for t in late
        for entry in t.cells.values()
    )


def test_the_same_edition_from_changed_records(tmp_path):
    office, project = Office(7), Project(root=tmp_path, data=tmp_path / "data")
    office.receive(2022, 200)
    first = issue(project, office, 2022, "suppress")
    office.receive(2022, 2)
    with pytest.raises(InputProblem, match="frozen"):
        issue(project, office, 2022, "suppress")
    revised = issue(project, office, 2022, "suppress", "A shelter had been left out.")
    assert revised.complete_revision
    assert all("A shelter had been left out." in notes[0].said() for notes in revised.notes.values())
    assert issue(project, office, 2022, "suppress") == revised
    assert first.tables["sex"].cells != revised.tables["sex"].cells
    assert [i.name for i in Ledger(project.ledger).issues_in_force()] == ["2022, issue 2"]


def test_what_never_came_out_is_in_no_ledger_and_what_came_out_is(tmp_path, monkeypatch):
    office, project = Office(9), Project(root=tmp_path, data=tmp_path / "data")
    office.receive(2021, 150)
    issue(project, office, 2021, "suppress")
    before = project.ledger.read_bytes()
    # The report fails its checks after its tables were decided: nothing was published.
    office.receive(2022, 150)
    issue(project, office, 2022, "suppress", released=False)
    assert project.ledger.read_bytes() == before
    assert len(Ledger(prepared_folder(project) / "ledger.csv").issues()) == 2
    settle(project)
    assert not prepared_folder(project).exists()
    assert project.ledger.read_bytes() == before

    # It fails between the rename that publishes and the ledger: the next publication finds it out and enters it.
    def fails(*_):
        raise OSError

    out = issue(project, office, 2022, "suppress", released=False)
    monkeypatch.setattr("clearing_point.publication.prepared_issue.os.replace", fails)
    with pytest.raises(OSError, match=r"^$"):
        issue_release(project, release(project, out), 2022)
    monkeypatch.undo()
    assert project.ledger.read_bytes() == before
    assert issue(project, office, 2022, "suppress") == out
    assert [i.name for i in Ledger(project.ledger).issues()] == ["2021", "2022"]
    assert sorted(p.name for p in project.ledger.parent.iterdir()) == [
        *("certificates of 2021.json", "certificates of 2022.json", "cost of 2021.json", "cost of 2022.json", "ledger.csv")
    ]  # fmt: skip
    # Somebody else published meanwhile: this one is not put out over it.
    office.receive(2023, 150)
    out = issue(project, office, 2023, "suppress", released=False)
    Ledger(project.ledger).append("other", [], inputs="x", note={"edition": 2030})
    with pytest.raises(InputProblem, match="meanwhile"):
        issue_release(project, release(project, out), 2023)
    assert not (project.releases / "2023").exists()


def hidden_now(before, after):
    return {
        name: cells
        for name, table in after.tables.items()
        if (
            cells := sum(
                entry.shown is None and before.tables[name].cells[cell].shown is not None
                for cell, entry in table.cells.items()
            )
        )
    }


@pytest.mark.parametrize("profile", ["suppress", "round"])
def test_a_frozen_year_is_issued_again_where_every_count_stays_or_grows_by_the_threshold(tmp_path, profile):
    office, project = Office(11), Project(root=tmp_path, data=tmp_path / "data")
    office.receive(2022, 120)
    first = issue(project, office, 2022, profile)
    names = sorted(office.submissions)
    office.receive_alike(2022, 3, 6)
    second = issue(project, office, 2022, profile)
    ledger = Ledger(project.ledger)
    assert [i.name for i in ledger.issues_in_force()] == ["2022, issue 2"]
    before, after = (
        {c.indicator.indicator_id: c.table.counts for c in office.counted(n, [2022])}
        for n in (names, sorted(office.submissions))
    )
    grown = 0
    for name, table in second.tables.items():
        for cell, entry in table.cells.items():
            if cell[1] != "2022":
                continue
            was = first.tables[name].cells[cell]
            if after[name][cell] != before[name][cell]:
                grown += 1
            elif was.shown is None or profile == "round":
                assert entry == was, "a cell that did not change is printed as it was"
    assert grown > 5
    # Whoever has both issues subtracts: what came is a table of its own, and no few of it are found.
    old = [t.named(f"{n} before", "persons before") for n, t in first.tables.items()]
    both = audit([*second.tables.values(), *old], POLICY, relations=[Relation("persons before", "persons")])
    assert both.safe
    assert {name: found.cells for name, found in second.hidden_since.items()} == hidden_now(first, second)
    # By four instead of six alike, every count grows by fewer than the threshold: refused, and nothing is entered.
    stands = project.ledger.read_bytes()
    office.receive_alike(2022, 3, 4)
    with pytest.raises(InputProblem, match="fewer than 5"):
        issue(project, office, 2022, profile)
    assert project.ledger.read_bytes() == stands
    # A withdrawal is no growth either.
    office.withdrawn |= {names[0], max(office.submissions)}
    with pytest.raises(InputProblem, match="went down"):
        issue(project, office, 2022, profile)


def test_a_number_that_was_shown_and_is_hidden_now_is_told_with_the_reason(tmp_path):
    office, project = Office(5), Project(root=tmp_path, data=tmp_path / "data")
    office.receive(2022, 400)
    first = issue(project, office, 2022, "suppress")
    assert first.hidden_since == {}
    office.submissions.clear()
    office.receive(2022, 60)
    revised = issue(project, office, 2022, "suppress", "Counted twice.")
    expected = hidden_now(first, revised)
    assert expected
    assert {name: found.cells for name, found in revised.hidden_since.items()} == expected
    for name, cells in expected.items():
        assert f"{cells} hidden now: made anew" in [note.said() for note in revised.notes[name]]
    assert all(
        "hidden now" not in " ".join(note.said() for note in revised.notes[n])
        for n in revised.tables
        if n not in expected
    )
    # The next year's edition: what is out stays shown.
    office.receive(2023, 300)
    later = issue(project, office, 2023, "suppress")
    assert later.hidden_since == {}
    for name, table in revised.tables.items():
        for cell, entry in table.cells.items():
            if entry.shown is not None and cell in later.tables[name].cells:
                assert later.tables[name].cells[cell].shown == entry.shown

"""Random histories of five editions through the code that publishes: nothing follows from having them all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clearing_point.analysis.count import Counted
from clearing_point.disclosure import Category, Dimension, Ledger, Policy, audit
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.standard.model import Breakdown, Indicator
from pipelines.publication import publish_tables
from tests.attack.random_reports import count, dimension, people
from tests.unit.report_samples import edition as sample_edition

POLICY = replace(Policy.plain(5), late_notes={"late": "late {numbers}", "withdrawn": "withdrawn {numbers}"})
VARIABLES = ("sex", "channel", "closure")


class Office:
    """Submissions by year of what they report and order of coming; counts any set of them."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.submissions: dict[str, tuple[int, dict]] = {}

    def receive(self, year: int, persons: int) -> None:
        name = f"{len(self.submissions):03}"
        self.submissions[name] = (year, people(int(self.random.integers(1e6)), persons))

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


def issue(project, office, year, profile, reason=""):
    edition = replace(sample_edition(), year=year, trend_from=year - 2, tables=VARIABLES, profile=profile)
    years = list(range(year - 2, year + 1))
    names = sorted(office.submissions)
    return publish_tables(
        project, edition, POLICY, office.counted(names, years), [], names, "hash",
        lambda then: office.counted(then, years), complete_revision=reason,
    )  # fmt: skip


@pytest.mark.parametrize(("seed", "profile"), [(1, "suppress"), (2, "round"), (3, "suppress")])
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
    assert all("A shelter had been left out." in notes[0] for notes in revised.notes.values())
    assert issue(project, office, 2022, "suppress") == revised
    assert first.tables["sex"].cells != revised.tables["sex"].cells
    assert [i.name for i in Ledger(project.ledger).issues_in_force()] == ["2022, issue 2"]

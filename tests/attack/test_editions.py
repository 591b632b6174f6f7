"""Successive editions: nothing follows from putting them side by side."""

from __future__ import annotations

import numpy as np
import pytest

from clearing_point.disclosure import CountTable, Ledger, Policy, audit, check_reissue, late_line, protect
from clearing_point.errors import InputProblem
from tests.attack.random_reports import count, people, random_report

POLICY = Policy.plain(5)


def merged(table, more):
    return CountTable(
        table.table_id,
        table.population,
        table.dimensions,
        {cell: true + more.counts[cell] for cell, true in table.counts.items()},
    )


@pytest.fixture
def first():
    return random_report(14, 900, 5, 0.2, 120)


def test_a_year_is_published_once(first, tmp_path):
    ledger = Ledger(tmp_path / "ledger.csv")
    ledger.append("one", protect(first, POLICY, profile="suppress").tables, inputs="a")
    late = people(3, 7)
    changed = [merged(table, count("x", late, table.dimensions)) for table in first]
    with pytest.raises(InputProblem, match="earlier edition") as refusal:
        protect(changed, POLICY, profile="suppress", ledger=ledger, edition="two")
    assert "late records" in str(refusal.value)
    with pytest.raises(InputProblem, match="changed by less than 5"):
        check_reissue(first, changed, 5)
    check_reissue(first, first, 5)
    with pytest.raises(InputProblem, match="frozen"):
        ledger.append("one", protect(first, POLICY, profile="suppress").tables, inputs="a")


@pytest.mark.parametrize("profile", ["suppress", "round"])
def test_what_was_shown_stays_and_both_editions_together_are_safe(first, tmp_path, profile):
    ledger = Ledger(tmp_path / "ledger.csv")
    out = protect(first, POLICY, profile=profile).tables
    ledger.append("one", out, inputs="a")
    again = protect(first[:3], POLICY, profile=profile, ledger=ledger, edition="two").tables
    for before, after in zip(out, again, strict=False):
        for cell, entry in before.cells.items():
            if entry.shown is not None:
                assert after.cells[cell].shown == entry.shown
    assert audit([*ledger.tables(), *again], POLICY).safe


def test_random_histories_of_five_editions(tmp_path):
    """Each edition brings a new year and late records for the years before, on lines of their own."""
    ledger = Ledger(tmp_path / "ledger.csv")
    random = np.random.default_rng(4)
    years: list[list[CountTable]] = []
    for edition in range(5):
        fresh = [
            CountTable(t.table_id, f"persons {edition}", t.dimensions, t.counts)
            for t in random_report(40 + edition, int(random.integers(200, 800)), 3, 0.2, 60)
        ]
        lines = []
        for at, year in enumerate(years):
            late = people(int(random.integers(1_000)), int(random.integers(1, 30)))
            after = [merged(table, count("x", late, table.dimensions)) for table in year]
            for old, new in zip(year, after, strict=True):
                line = late_line(old, new)
                lines.append(
                    CountTable(
                        f"{line.table_id} {at}", f"{line.population} {edition}", line.dimensions, line.counts
                    )
                )
            years[at] = after
        made = protect([*fresh, *lines], POLICY, profile="suppress", ledger=ledger, edition=str(edition))
        ledger.append(str(edition), made.tables, inputs=str(edition))
        years.append(fresh)
    result = audit(ledger.tables(), POLICY)
    assert result.recovered == 0
    assert result.too_narrow == 0
    assert len(result.cells) > 100


def test_two_editions_each_safe_alone_are_broken_without_the_ledger(first):
    late = people(3, 40)
    second = [merged(table, count("x", late, table.dimensions)) for table in first]
    shown = [protect(tables, POLICY, profile="suppress").tables for tables in (first, second)]
    singles = sum(
        new.cells[cell].shown - entry.shown == 1
        for old, new in zip(*shown, strict=True)
        for cell, entry in old.cells.items()
        if entry.shown is not None and new.cells[cell].shown is not None
    )
    assert singles > 0


def test_the_ledger_shows_when_it_was_edited(first, tmp_path):
    path = tmp_path / "ledger.csv"
    ledger = Ledger(path)
    ledger.append("one", protect(first[:1], POLICY, profile="round").tables, inputs="a")
    text = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*text[:5], *text[6:]]) + "\n", encoding="utf-8")
    with pytest.raises(InputProblem, match="append-only"):
        ledger.records()

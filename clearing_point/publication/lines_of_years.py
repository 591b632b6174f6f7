"""What came, was withdrawn or linked after a year went out: a line a year that moves by the threshold, or not at all.

Every edition prints these lines anew, so whoever has two editions subtracts them. A line is therefore told in steps: beside
every number that it had in an earlier edition it is the same number or at least the threshold away; fewer wait for a
later edition. A hidden one stands for 1 to the threshold less one, and is shown only once it is that far above all of these.
After a complete revision the years are new, and so are their lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clearing_point.analysis.count import Counted
from clearing_point.analysis.model import TOTAL
from clearing_point.analysis.vintages import Moved, Revision
from clearing_point.disclosure import Behind, CountTable, Dimension, Ledger, Policy, ProtectedCell
from clearing_point.disclosure.model import Cell
from clearing_point.publication.frozen_years import Frozen, year_position

LATE, WITHDRAWN, LINKED = "late", "withdrawn", "linked"

Earlier = Mapping[tuple[str, str, str], Sequence[int | None]]
"""By population, kind of line and year: the numbers that were printed, in order; None where hidden."""


@dataclass(frozen=True)
class Lines:
    """Lines of an edition as tables to protect.

    Attributes
    ----------
    of : mapping
        The table below which each is printed.
    keep : mapping
        Cells that stay hidden whatever their count is, by line.
    """

    tables: tuple[CountTable, ...]
    of: Mapping[str, str]
    keep: Mapping[str, Mapping[Cell, ProtectedCell]]


def printed_lines(ledger: Ledger) -> Earlier:
    """Return every number that a line had since the last complete revision; what a re-issue replaced was read, too."""
    found: dict[tuple[str, str, str], list[int | None]] = {}
    tables = {table.table_id: table for table in ledger.tables(in_force=False)}
    for issue in ledger.issues():
        if issue.note.get("reason"):
            found.clear()
        for name in issue.note.get("late", {}):
            table = tables[f"{issue.name}: {name}"]
            # A rounded number stands for several; two of them side by side tell no few persons.
            if table.withheld or table.profile == "round":
                continue
            kind = name.rsplit("-", 1)[-1]
            population = table.population.removesuffix(_by(kind, issue.note["edition"]))
            for (year,), entry in table.cells.items():
                found.setdefault((population, kind, year), []).append(entry.shown)
    return found


def next_number(count: int, earlier: Sequence[int | None], threshold: int) -> int | None:
    """Return what a line may say now, given what it said: its count, the number it had, or None (it stays hidden)."""
    if not earlier:
        return count
    hidden = range(1, threshold)
    apart = all(
        count == said or abs(count - said) >= threshold
        for one in earlier
        for said in (hidden if one is None else (one,))
    )
    return count if apart else earlier[-1]


def lines_of(
    frozen: Frozen,
    edition: int,
    policy: Policy,
    earlier: Earlier,
    standing: frozenset[str] = frozenset(),
) -> Lines:
    """Return the lines of persons who came, were withdrawn or turned out to be one after their year went out.

    One line each a population and year, over everything else, and whose line it is. They are there whenever a table prints
    a frozen year, whether or not anything came: their presence tells nothing.

    Parameters
    ----------
    standing : frozenset of str
        Populations whose lines this edition printed already and keeps.
    """
    tables: list[CountTable] = []
    of: dict[str, str] = {}
    keep: dict[str, dict[Cell, ProtectedCell]] = {}
    seen = set(standing)
    for now, then in zip(frozen.now, frozen.counted, strict=True):
        table, at = now.table, year_position(now)
        if at is None or table.population in seen or table.multiple_response or ":" in table.population:
            continue
        years = tuple(c for c in table.dimensions[at].categories if c.code in frozen.years)
        widest = [_widest(d) for d in table.dimensions]
        if not years or any(code is None for k, code in enumerate(widest) if k != at):
            continue
        seen.add(table.population)
        lines: dict[str, dict[Cell, int]] = {LATE: {}, WITHDRAWN: {}}
        behind: dict[str, dict[Cell, Behind]] = {}
        if now.cases is not None and now.cases.linked:
            lines[LINKED] = {}
        for year in years:
            cell = tuple(year.code if k == at else str(code) for k, code in enumerate(widest))
            known = _revision(frozen, now, then, cell, year.code)
            for kind, counts in lines.items():
                name, said = f"{table.table_id}-{kind}", earlier.get((table.population, kind, year.code), ())
                moved: Moved = getattr(known, kind)
                number = next_number(moved.units, said, policy.threshold)
                counts[(year.code,)] = moved.units if number is None else number
                if number == moved.units:
                    behind.setdefault(kind, {})[(year.code,)] = Behind(moved.persons, moved.own)
                if number is None:
                    keep.setdefault(name, {})[(year.code,)] = ProtectedCell(None, "hidden")
        for kind, counts in lines.items():
            name = f"{table.table_id}-{kind}"
            of[name] = table.table_id
            tables.append(
                CountTable(
                    name,
                    f"{table.population}{_by(kind, edition)}",
                    (Dimension(table.dimensions[at].variable, years),),
                    counts,
                    behind.get(kind, {}),
                    title=table.title,
                )
            )
    return Lines(tuple(tables), of, keep)


def _revision(frozen: Frozen, now: Counted, then: Counted, cell: Cell, year: str) -> Revision:
    """Return what became of a year, person by person; where no cases tell, what the two totals say.

    Where cases tell something else than the totals, nobody can say how many persons that is: the line is hidden.
    """
    before, today = then.table.counts.get(cell, 0), now.table.counts.get(cell, 0)
    known = frozen.revisions.get(now.table.population, {}).get(year, Revision())
    if (
        known.before == before
        and before + known.late.units - known.withdrawn.units - known.linked.units == today
    ):
        return known
    more = max(today - before, 0)
    fewer = max(before - today, 0)
    persons = 0 if now.cases is not None and then.cases is not None else 1
    return Revision(before, Moved(more, more * persons), Moved(fewer, fewer * persons))


def _by(kind: str, edition: int) -> str:
    return f", {kind} by edition {edition}"


def _widest(dimension: Dimension) -> str | None:
    return next((c.code for c in dimension.categories if c.code == TOTAL), None)

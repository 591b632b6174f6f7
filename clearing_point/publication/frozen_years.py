"""Years that are out: their counts stay those of the submissions that were counted then; the rest is late."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from clearing_point.analysis.categories import YEAR_CODELIST
from clearing_point.analysis.count import Counted
from clearing_point.analysis.vintages import Revision, revisions
from clearing_point.disclosure import CountTable, Issue, Policy, Protected, ProtectedCell
from clearing_point.disclosure.audit import bounds_of
from clearing_point.disclosure.model import Cell
from clearing_point.errors import InputProblem

Places = frozenset[tuple[str, str]] | None
Vintage = tuple[tuple[str, ...], int]
"""What a count is a function of, besides the standard: submissions, and how many decisions about links there were."""


@dataclass(frozen=True)
class Frozen:
    """Counts of an edition, now and with the frozen years as they were counted when they went out.

    `years` are the frozen years that any table of the edition prints; `revisions` says, by population and year, what
    became of their persons since.
    """

    now: tuple[Counted, ...]
    counted: tuple[Counted, ...]
    years: frozenset[str]
    revisions: Mapping[str, Mapping[str, Revision]] = field(default_factory=dict)


def vintage_of(issue: Issue, today: Vintage) -> Vintage:
    """Return what an issue was counted from."""
    return tuple(issue.note["submissions"]), int(issue.note.get("links", {}).get("decisions", today[1]))


def freeze(
    counted: Sequence[Counted],
    issues: Sequence[Issue],
    today: Vintage,
    recount: Callable[[Sequence[str], int], Sequence[Counted]],
    leave: frozenset[str] = frozenset(),
) -> Frozen:
    """Count frozen years over what the issue counted that published them first; years in `leave` stay.

    That is its submissions and the decisions about links that were there: a later one changes no number that is out.
    """
    since: dict[str, Vintage] = {}
    for issue in issues:
        for year in set(issue.note["years"]) - leave:
            since.setdefault(year, vintage_of(issue, today))
    merged = [dict(c.table.counts) for c in counted]
    behind = [dict(c.table.behind) for c in counted]
    places = [c.places for c in counted]
    revised: dict[str, dict[str, Revision]] = {}
    for then in sorted(set(since.values()) - {today}):
        years = {year for year, used in since.items() if used == then}
        compared = set()
        for at_table, (counts, people, now, old) in enumerate(
            zip(merged, behind, counted, recount(*then), strict=True)
        ):
            name = now.indicator.population
            if now.cases is not None and old.cases is not None and name not in compared:
                compared.add(name)
                found = revisions(old.cases, now.cases)
                revised.setdefault(name, {}).update({y: r for y, r in found.items() if y in years})
            if now.table.dimensions != old.table.dimensions:
                raise InputProblem(
                    f"{now.table.table_id} has other categories for the submissions of an earlier edition: compare the "
                    "indicator with the one it was published with."
                )
            at = year_position(now)
            if at is None:
                continue
            places[at_table] = _of_years(places[at_table], old.places, years)
            for cell in [cell for cell in counts if cell[at] in years]:
                del counts[cell]
                people.pop(cell, None)
            counts.update({cell: n for cell, n in old.table.counts.items() if cell[at] in years})
            people.update({cell: who for cell, who in old.table.behind.items() if cell[at] in years})
    printed = {
        category.code
        for c in counted
        if (at := year_position(c)) is not None
        for category in c.table.dimensions[at].categories
    }
    frozen = [
        replace(c, table=replace(c.table, counts=counts, behind=people), places=where)
        for c, counts, people, where in zip(counted, merged, behind, places, strict=True)
    ]
    return Frozen(tuple(counted), tuple(frozen), frozenset(printed & since.keys()), revised)


def _of_years(now: Places, old: Places, years: Collection[str]) -> Places:
    """Return where totals stand, of some years as they stood then."""
    if now is None or old is None:
        return now
    return frozenset(p for p in now if p[1] not in years) | frozenset(p for p in old if p[1] in years)


def year_position(counted: Counted) -> int | None:
    """Return which dimension of a table is the reference year."""
    found = [at for at, b in enumerate(counted.indicator.by) if b.codelist == YEAR_CODELIST]
    return found[0] if found else None


def contradicting(tables: Sequence[CountTable], out: Mapping[str, Protected], policy: Policy) -> list[str]:
    """Return the tables that are out with numbers or categories that the counts cannot have given."""
    found = []
    for table in tables:
        printed = out.get(table.table_id)
        if printed is None or printed.withheld:
            continue
        if printed.dimensions != table.dimensions or printed.population != table.population:
            found.append(table.table_id)
            continue
        for cell in printed.cells:
            low, high = bounds_of(printed, cell, policy.lower_bound)
            if not low <= table.counts.get(cell, 0) <= high:
                found.append(table.table_id)
                break
    return found


_NAMED = 6
"""Tables that a sentence names; of a whole edition there may be ninety."""


def said_of_contradicting(
    names: Sequence[str], tables: Sequence[CountTable], out: Mapping[str, Protected]
) -> str:
    """Say which tables differ from what is out, the first by name, and which categories are new in them."""
    more = len(names) - _NAMED
    listed = ", ".join(names[:_NAMED]) + (f" and {more} more tables" if more > 0 else "")
    new: dict[str, set[str]] = {}
    for table in tables:
        if table.table_id in names:
            before = {d.variable: {c.code for c in d.categories} for d in out[table.table_id].dimensions}
            for now in table.dimensions:
                codes = {c.code for c in now.categories} - before.get(now.variable, set())
                if codes and now.variable in before:
                    new.setdefault(now.variable, set()).update(codes)
    if not new:
        return f"{listed}: the standard, the links or the indicators have changed. Restore them, or declare"
    said = "; ".join(f"{variable} {', '.join(sorted(codes))}" for variable, codes in sorted(new.items()))
    return f"{listed}. New in them: {said}. The edition is known without: publish it with the next one, or declare"


def changed_cells(frozen: Frozen, out: Mapping[str, Protected]) -> dict[str, dict[Cell, int]]:
    """Return by how much cells of tables that are out have changed since, by table; only what changed."""
    found = {}
    for now, then in zip(frozen.now, frozen.counted, strict=True):
        new, old = now.table.counts, then.table.counts
        if now.table.table_id in out:
            steps = {cell: new.get(cell, 0) - old.get(cell, 0) for cell in {*new, *old}}
            steps = {cell: step for cell, step in steps.items() if step}
            if steps:
                found[now.table.table_id] = steps
    return found


def refuse_small_changes(
    year: int, frozen: Frozen, changed: Mapping[str, Mapping[Cell, int]], policy: Policy
) -> None:
    """Allow a re-issue only where every change adds at least the threshold.

    Raises
    ------
    InputProblem
        Naming tables and how many of their cells changed by a few or went down; never values.
    """
    sensitive = {c.table.table_id for c in frozen.now if c.table.sensitive}
    few = {}
    for name, steps in changed.items():
        least = policy.sensitive_threshold if name in sensitive else policy.threshold
        count = sum(step < least for step in steps.values())
        if count:
            few[name] = count
    if few:
        named = ", ".join(f"{name} ({count} cells)" for name, count in sorted(few.items()))
        raise InputProblem(
            f"Edition {year} is out and frozen: since then counts went down or changed by fewer than {policy.threshold} in "
            f"{named}, and the two versions side by side would show whom. Nothing was published. The next edition prints "
            "late records on a line of their own; or declare a complete revision with the reason to print: "
            f'clearing-point publish --edition {year} --complete-revision "REASON".'
        )


def unchanged_cells(frozen: Frozen, out: Mapping[str, Protected]) -> dict[str, dict[Cell, ProtectedCell]]:
    """Return, by table, the printed cells whose count is the same as when they went out."""
    found: dict[str, dict[Cell, ProtectedCell]] = {}
    for now, then in zip(frozen.now, frozen.counted, strict=True):
        printed = out.get(now.table.table_id)
        if printed is not None:
            found[now.table.table_id] = {
                cell: entry
                for cell, entry in printed.cells.items()
                if now.table.counts.get(cell, 0) == then.table.counts.get(cell, 0)
            }
    return found

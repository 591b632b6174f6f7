"""Two attackers who know more than what is printed: a submitter, and somebody who thinks of the file behind the tables.

Run as a script they attack an edition that was published (its warehouse is needed to play the submitters):

    python -m tests.attack.stronger_attackers DATA_FOLDER 2022
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import prod
from pathlib import Path

import numpy as np

from clearing_point.disclosure import CountTable, Policy, Protected
from clearing_point.disclosure.attacker import UNLIMITED, Attacker
from clearing_point.disclosure.audit import View, attackers_view
from clearing_point.disclosure.cells import build_system
from clearing_point.disclosure.model import Relation
from clearing_point.disclosure.rules import thresholds

Counts = Mapping[str, Mapping[tuple[str, ...], int]]
"""Table -> cell -> persons."""


@dataclass
class Outcome:
    """What an attacker learnt: hidden cells asked about, known exactly and small, and known too well."""

    asked: int = 0
    recovered: int = 0
    narrow: int = 0
    where: list[str] = field(default_factory=list)


def insider(
    printed: Sequence[Protected],
    policy: Policy,
    relations: Sequence[Relation],
    own: Counts,
    only_hers: frozenset[str] = frozenset(),
    variable: str = "territory",
) -> Outcome:
    """Attack with the knowledge of one's own clients.

    Parameters
    ----------
    own
        Her own clients, by table and cell: at least so many are in it.
    only_hers
        Leaf codes of `variable` behind which there are no clients but hers: of these cells she knows all.
    """
    view = _view(printed, policy, relations)
    mine = _by_cell(view, own)
    lower, upper = view.lower.copy(), view.upper.copy()
    hers = np.zeros(len(lower), dtype=bool)
    for cell, (_, conditions) in enumerate(view.system.keys):
        mask = dict(conditions).get(variable)
        if mask is not None and view.system.places[cell]:
            leaves = {x for at, x in enumerate(view.system.universe[variable]) if mask >> at & 1}
            hers[cell] = leaves <= only_hers
    hidden = ~view.exact & np.array([bool(p) for p in view.system.places])
    lower[hidden] = np.maximum(lower, mine)[hidden]
    upper[hers] = lower[hers]
    least = thresholds(view.system, [t.sensitive for t in printed], policy)
    attacker, found = Attacker(view.system.matrix, lower, upper), Outcome()
    for cell in np.flatnonzero(hidden & ~hers).tolist():
        low, high = (n - int(mine[cell]) for n in attacker.interval(cell))
        found.asked += 1
        if low == high and 0 < low < least[cell]:
            found.recovered += 1
            at, codes = view.system.places[cell][0]
            found.where.append(f"{view.names[at]} {codes}")
        elif 0 < low < least[cell] or 0 < high < least[cell]:
            found.narrow += 1
    return found


def joint_file(
    printed: Sequence[Protected],
    policy: Policy,
    relations: Sequence[Relation],
    one: Protected,
    other: Protected,
) -> Outcome:
    """Attack with the cells of a table of all variables of two tables, of which nothing is printed."""
    known = {d.variable: d for t in (one, other) for d in t.dimensions}
    joint = CountTable("joint", one.population, tuple(known.values()), {})
    of_population = [t for t in printed if t.population == one.population]
    view = _view(of_population, policy, ())
    system = build_system([*of_population, joint], (), policy.group_disclosure)
    lower, upper = np.zeros(len(system.keys), dtype=np.int64), np.full(len(system.keys), UNLIMITED)
    for cell, key in enumerate(view.system.keys):
        at = system.index.get(key)
        if at is not None:
            lower[at], upper[at] = view.lower[cell], view.upper[cell]
    least = thresholds(system, [*(t.sensitive for t in of_population), False], policy)
    attacker, found = Attacker(system.matrix, lower, upper), Outcome()
    ours = {of_population.index(one), of_population.index(other)}
    for cell, places in enumerate(system.places):
        printed_at = [(at, codes) for at, codes in places if at < len(of_population)]
        if not printed_at or lower[cell] == upper[cell] or not ours & {at for at, _ in printed_at}:
            continue
        low, high = attacker.interval(cell)
        found.asked += 1
        if low == high and 0 < low < least[cell]:
            found.recovered += 1
            found.where.append(f"{of_population[printed_at[0][0]].table_id} {printed_at[0][1]}")
        elif low < least[cell] and (low > 0 or high < least[cell]):
            found.narrow += 1
    return found


def pairs_to_join(printed: Sequence[Protected], most_cells: int) -> Iterator[tuple[Protected, Protected]]:
    """Yield pairs of tables of one population that both hide something and whose joint table is not too large."""
    hiding = [t for t in printed if any(entry.shown is None for entry in t.cells.values())]
    for one, other in combinations(hiding, 2):
        known = {d.variable: d for t in (one, other) for d in t.dimensions}
        several = one.multiple_response | other.multiple_response
        size = prod(len(d.categories) for d in known.values())
        wider = len(known) > max(len(one.dimensions), len(other.dimensions))
        if one.population == other.population and wider and not several and size <= most_cells:
            yield one, other


def _view(printed: Sequence[Protected], policy: Policy, relations: Sequence[Relation]) -> View:
    return attackers_view(
        printed,
        relations=relations,
        lower_bound=policy.lower_bound,
        complement_variables=policy.group_disclosure,
    )


def _by_cell(view: View, counts: Counts) -> np.ndarray:
    found = np.zeros(len(view.lower), dtype=np.int64)
    for cell, places in enumerate(view.system.places):
        found[cell] = max((counts.get(view.names[at], {}).get(codes, 0) for at, codes in places), default=0)
    return found


def _attack_edition(data: Path, year: int) -> None:
    from clearing_point.analysis.known import relations_of
    from clearing_point.disclosure import Ledger, load_policy
    from clearing_point.project import Project
    from clearing_point.publication.edition import load_edition
    from clearing_point.publication.release import _count
    from clearing_point.standard import load_standard

    project = Project(root=Path(__file__).resolve().parents[2], data=data)
    standard, policy = load_standard(project.schemas), load_policy(project.schemas / "disclosure.yml")
    edition = load_edition(project, year)
    printed = [t for t in Ledger(project.ledger).tables(issue=str(year)) if not t.withheld]
    counted, _, _, _, people, _ = _count(project, standard, edition)
    relations = relations_of(counted)
    true = {c.table.table_id: c.table.counts for c in counted}
    view = _view(printed, policy, relations)
    leaves = view.system.universe["territory"]
    for territory in sorted({p["territory"] for p in people if p["territory"]}):
        began = time.process_time()
        names = [p["submission"] for p in people if p["territory"] == territory]
        alone = {c.table.table_id: c.table.counts for c in _count(project, standard, edition, names)[0]}
        hers = frozenset(x for x in leaves if x.split(":")[0] == territory)
        own: dict[str, dict[tuple[str, ...], int]] = {}
        for table in printed:
            at = next((n for n, d in enumerate(table.dimensions) if d.variable == "territory"), None)
            own[table.table_id] = {}
            for cell in table.cells:
                all_of_it = (
                    at is not None
                    and next(c.members for c in table.dimensions[at].categories if c.code == cell[at]) <= hers
                )
                count, whole = alone.get(table.table_id, {}).get(cell, 0), true[table.table_id].get(cell, 0)
                # A client whom another territory had before counts there, and not among hers.
                own[table.table_id][cell] = whole if all_of_it else min(count, whole)
        for name, only in (("at least her own", frozenset()), ("all of her territory", hers)):
            try:
                found = insider(printed, policy, relations, own, only)
            except Exception as problem:
                print(territory, name, "contradiction", type(problem).__name__, flush=True)
                continue
            print(
                territory, name, found.asked, found.recovered, found.narrow, found.where[:4],
                f"{time.process_time() - began:.1f}s", flush=True,
            )  # fmt: skip
    total = Outcome()
    began, pairs = time.process_time(), 0
    for one, other in pairs_to_join(printed, 1_500):
        found = joint_file(printed, policy, relations, one, other)
        pairs += 1
        total.asked, total.recovered = total.asked + found.asked, total.recovered + found.recovered
        total.narrow, total.where = total.narrow + found.narrow, [*total.where, *found.where]
        if pairs % 10 == 0:
            print(
                pairs,
                total.asked,
                total.recovered,
                total.narrow,
                f"{time.process_time() - began:.0f}s",
                flush=True,
            )
    print("joint file", pairs, total.asked, total.recovered, total.narrow, sorted(set(total.where))[:20])


if __name__ == "__main__":
    _attack_edition(Path(sys.argv[1]), int(sys.argv[2]))

"""Attack many random reports; run as a script for the full campaign:

    python -m tests.attack.campaign 200

Every report (150 to 30,000 made-up persons, 10 to 80 linked tables with hierarchies and two years) is protected,
then attacked from what is printed only: by the audit without any hint, and by an attacker written apart. Every
fifth report also gets a later edition with late records; every tenth is protected table by table as
the positive control, which the same audit has to break.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field

import numpy as np

from clearing_point.disclosure import CountTable, Ledger, Policy, audit, late_line, protect
from clearing_point.errors import InputProblem
from tests.attack.independent_attacker import IndependentAttacker
from tests.attack.random_reports import count, people, random_report

THRESHOLD = 5


@dataclass
class Tally:
    reports: int = 0
    cells: int = 0
    small: int = 0
    secondary: int = 0
    greedy: int = 0
    bound: float = 0.0
    recovered: int = 0
    too_narrow: int = 0
    independent_checked: int = 0
    independent_failed: int = 0
    editions: int = 0
    rounded: int = 0
    refused_plans: int = 0
    control_reports: int = 0
    control_recovered: int = 0
    control_too_narrow: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)


def shape(seed: int, tables_at_most: int = 80, persons_at_most: int = 30_000) -> tuple[int, int, int]:
    random = np.random.default_rng([seed, 1])
    persons = int(np.exp(random.uniform(np.log(150), np.log(persons_at_most))))
    tables = int(random.integers(10, tables_at_most + 1))
    return persons, tables, 150 if tables <= 40 else 80


def coarsened(report: list[CountTable], policy: Policy, tally: Tally):
    """Protect; where the plan is refused, leave out the tables that the refusal names, as an office would."""
    while True:
        try:
            return report, protect(report, policy, profile="suppress")
        except InputProblem as refusal:
            if "too fine" not in str(refusal):
                raise
            tally.refused_plans += 1
            named = [table for table in report if f" {table.table_id} (" in str(refusal)]
            report = [table for table in report if table not in named]


def attack_independently(protection, report, tally: Tally, most: int, seed: int) -> None:
    attacker = IndependentAttacker(protection.tables)
    places = [
        (printed, cell, table.counts[cell])
        for printed, table in zip(protection.tables, report, strict=False)
        for cell in table.counts
        if 0 < table.counts[cell] < THRESHOLD
    ]
    random = np.random.default_rng(seed)
    for at in random.permutation(len(places))[:most]:
        printed, cell, _ = places[at]
        low, high = attacker.interval(printed, cell)
        shown = printed.cells[cell].shown
        need_low, need_high = 0, THRESHOLD
        if shown is not None:
            need_low = max(0, shown - printed.base + 1)
            need_high = min(THRESHOLD, shown + printed.base - 1)
        tally.independent_checked += 1
        tally.independent_failed += low > need_low or high < need_high


def later_edition(seed: int, report, protection, policy: Policy, tally: Tally, folder) -> None:
    """Late records come in: the year stays frozen, they are printed on a line of their own, and all is attacked."""
    ledger = Ledger(folder / f"ledger-{seed}.csv")
    ledger.append("first", protection.tables, inputs="first")
    random = np.random.default_rng([seed, 2])
    late = people(seed + 10_000, int(random.integers(5, 60)))
    lines = []
    for table in report[:6]:
        added = count(table.table_id, late, table.dimensions, table.population)
        merged = {cell: table.counts[cell] + added.counts[cell] for cell in table.counts}
        lines.append(late_line(table, CountTable(table.table_id, table.population, table.dimensions, merged)))
    plain = Policy.plain(THRESHOLD)
    second = protect(lines, plain, profile="suppress", ledger=ledger, edition="second")
    result = audit([*ledger.tables(), *second.tables], policy)
    tally.editions += 1
    tally.recovered += result.recovered
    tally.too_narrow += result.too_narrow


def control(report, policy: Policy, tally: Tally) -> None:
    alone = [protect([table], policy, profile="suppress").tables[0] for table in report]
    result = audit(alone, Policy.plain(THRESHOLD))
    tally.control_reports += 1
    tally.control_recovered += result.recovered
    tally.control_too_narrow += result.too_narrow


def campaign(seeds, folder, *, tables_at_most=80, persons_at_most=30_000, show=False) -> Tally:
    tally = Tally()
    policy = Policy.plain(THRESHOLD)
    refusing = Policy(**{**policy.__dict__, "largest_sensitive_share": 0.5})
    for seed in seeds:
        began = time.perf_counter()
        persons, tables, cells = shape(seed, tables_at_most, persons_at_most)
        report, protection = coarsened(random_report(seed, persons, tables, 0.3, cells), refusing, tally)
        took = time.perf_counter() - began
        result = audit(protection.tables, policy)
        tally.reports += 1
        tally.cells += protection.cost.cells
        tally.small += protection.cost.primary
        tally.secondary += protection.cost.secondary
        tally.greedy += protection.cost.greedy_secondary
        tally.bound += protection.cost.bound
        tally.recovered += result.recovered
        tally.too_narrow += result.too_narrow
        attack_independently(protection, report, tally, 4, seed)
        if seed % 5 == 0:
            later_edition(seed, report, protection, policy, tally, folder)
        if seed % 10 == 0:
            control(report, policy, tally)
        if seed % 4 == 0:
            rounded = protect(report, policy, profile="round")
            again = audit(rounded.tables, policy)
            tally.rounded += 1
            tally.recovered += again.recovered
            tally.too_narrow += again.too_narrow
            attack_independently(rounded, report, tally, 3, seed)
        tally.seconds += time.perf_counter() - began
        if show:
            print(seed, persons, len(report), protection.cost.cells, protection.cost.primary,
                  protection.cost.secondary, f"{took:.1f}s", f"{time.perf_counter() - began:.1f}s", flush=True)  # fmt: skip
    return tally


if __name__ == "__main__":
    import tempfile
    from pathlib import Path

    first, last = (0, int(sys.argv[1])) if len(sys.argv) < 3 else (int(sys.argv[1]), int(sys.argv[2]))
    with tempfile.TemporaryDirectory() as where:
        print(campaign(range(first, last), Path(where), show=True))

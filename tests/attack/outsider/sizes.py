"""What the order of rows, rates and statistics tell of a count that is not shown."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.attack.outsider.reading import Codes, Printed, Release
from tests.attack.outsider.report import learn

_SORTED = 4
"""Shown numbers that stand in descending order by no accident."""


def read_order(release: Release, lists: Path) -> None:
    """Read the order of the rows: sorted by size, and not as the code list has them, it tells between which a count is."""
    for table in release.tables:
        for at, (variable, categories) in enumerate(table.dimensions.items()):
            path = lists / f"{variable}.csv"
            whole = frozenset().union(*categories.values())
            codes = [c for c, leaves in categories.items() if leaves != whole]
            if not path.is_file() or len(codes) < _SORTED:
                continue
            with path.open(encoding="utf-8-sig", newline="") as file:
                rank = {row["code"]: int(row["order"]) for row in csv.DictReader(file) if row.get("order")}
            known = [rank[c] for c in codes if c in rank]
            if known == sorted(known):
                continue
            slices: dict[Codes, dict[str, Printed]] = {}
            for cell, printed in table.cells.items():
                slices.setdefault((*cell[:at], *cell[at + 1 :]), {})[cell[at]] = printed
            if len(slices) > 1:
                continue  # rows of several columns cannot all be sorted
            (here,) = slices.values()
            cells = [here[c] for c in codes if c in here]
            shown = [c.low for c in cells if c.state == "shown"]
            if len(shown) >= _SORTED and shown == sorted(shown, reverse=True):
                for n, cell in enumerate(cells):
                    above = [c.low for c in cells[:n] if c.state == "shown"]
                    below = [c.low for c in cells[n + 1 :] if c.state == "shown"]
                    learn(cell, below[0] if below else 0, above[-1] if above else None)


def read_inhabitants(path: Path) -> dict[tuple[str, str], float]:
    """Read a public list of inhabitants: CSV with the columns territory, year, inhabitants."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {(row["territory"], row["year"]): float(row["inhabitants"]) for row in csv.DictReader(file)}


def read_rates(release: Release, inhabitants: dict[tuple[str, str], float]) -> None:
    """Work a hidden count out of its rate, and a count's least from a statistic that needs ten."""
    for table in release.tables:
        for codes, cell in table.cells.items():
            if cell.measure is None or cell.state != "hidden":
                continue
            by = dict(zip(table.dimensions, codes, strict=True))
            people = inhabitants.get((by.get("territory", ""), by.get("reference_year", "")))
            if table.measure == "rate" and people:
                half = 0.5 * 10.0**-cell.measure_digits
                low, high = ((cell.measure + s) / table.scale * people for s in (-half, half))
                learn(cell, max(0, -int(-low // 1)), int(high))
            elif table.measure in {"median", "mean", "sum"}:
                learn(cell, 10, None)

"""Check certificates by adding up; no solver, no library: ``python check_certificates.py FILE``."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from typing import Any


def hash_of(relations: list[Any]) -> str:
    """Return the hash of the relations between variables that a proof stands on."""
    return hashlib.sha256(json.dumps(relations).encode()).hexdigest()


def check(certificates: Mapping[str, Any]) -> tuple[list[str], int]:
    """Return what does not hold, in words, and the number of needs that the tables show."""
    cells, equations = certificates["cells"], certificates["equations"]
    problems: list[str] = []
    if hash_of(certificates["relations"]) != certificates["relations_sha256"]:
        problems.append("the relations are not those that the proof stands on")
    reached_low: list[int | None] = [None] * len(cells)
    reached_high: list[int | None] = [None] * len(cells)
    first = certificates["table"]
    for number, moves in enumerate([{}, *certificates["other_tables"]]):
        table = list(first)
        for cell, count in moves.items():
            table[int(cell)] = count
        if len(table) != len(cells) or any(type(count) is not int for count in table):
            problems.append(f"table {number} is not one whole number per cell")
            continue
        for cell, count in zip(cells, table, strict=True):
            if count < cell["low"] or (cell["high"] is not None and count > cell["high"]):
                problems.append(f"table {number} contradicts what is printed for {cell['name']}")
        for equation in equations:
            if sum(sign * table[cell] for cell, sign in equation):
                problems.append(f"table {number} does not add up in {cells[equation[0][0]]['name']}")
        for at, count in enumerate([] if problems else table):
            low, high = reached_low[at], reached_high[at]
            reached_low[at] = count if low is None else min(low, count)
            reached_high[at] = count if high is None else max(high, count)
    shown = 0
    for at, cell in enumerate(cells):
        for word, reached, sign in (("low", reached_low[at], 1), ("high", reached_high[at], -1)):
            need = cell[f"must_reach_{word}"]
            if need is None:
                continue
            shown += 1
            if reached is None or sign * reached > sign * need:
                problems.append(f"no table takes {cell['name']} to {need}")
    return problems, shown


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        found, count = check(json.load(file))
    print(*found, f"{count} needs, {len(found)} problems", sep="\n")
    sys.exit(bool(found))

"""Check certificates by adding up; no solver, no library: ``python check_certificates.py FILE [FILE OF THE OFFICE]``."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from typing import Any


def hash_of(relations: Any) -> str:
    """Return the hash of the relations that a proof stands on."""
    return hashlib.sha256(json.dumps(relations, sort_keys=True).encode()).hexdigest()


def check(certificates: Mapping[str, Any]) -> tuple[list[str], int]:
    """Return what does not hold, in words, and the number of needs that the tables show."""
    cells, equations = certificates["cells"], certificates["equations"]
    problems: list[str] = []
    if hash_of(certificates["relations"]) != certificates["relations_sha256"]:
        problems.append("the relations are not those that the proof stands on")
    if sum(count for _, count in certificates["relations"]["equations"]) != len(equations):
        problems.append("some equations stand on no relation that is named")
    seen: list[set[int]] = [set() for _ in cells]
    for number, moves in enumerate([{}, *certificates["other_tables"]]):
        table = list(certificates["table"])
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
            seen[at].add(count)
    shown = 0
    for cell, counts in zip(cells, seen, strict=True):
        for word, sign in (("low", 1), ("high", -1)):
            need = cell[f"must_reach_{word}"]
            shown += need is not None
            if need is not None and not any(sign * count <= sign * need for count in counts):
                problems.append(f"no table takes {cell['name']} to {need}")
    return problems, shown


if __name__ == "__main__":
    public, *office = [open(name, "rb").read() for name in sys.argv[1:]]  # noqa: SIM115
    found, count = check(json.loads(public))
    hashes = json.loads(public)["relations"]["office_sha256"].values()
    found += ["not the proof of the office"] * any(
        hashlib.sha256(f).hexdigest() not in hashes for f in office
    )
    print(*found, f"{count} needs, {len(found)} problems", sep="\n")
    sys.exit(bool(found))

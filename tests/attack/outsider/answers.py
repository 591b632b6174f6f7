"""Several answers could be given, and the printed rows show that nobody gave two."""

from __future__ import annotations

import itertools
from collections import defaultdict

from tests.attack.outsider.reading import Table
from tests.attack.outsider.system import Row, System

_MANY = 30
"""Persons in rows that are all printed from which it is no accident."""


def one_answer_each(table: Table, system: System) -> list[Row]:
    """Return the rows that make answers add up to their whole, where every row that is all printed does so."""
    order = list(table.dimensions)
    found = []
    for variable in table.several:
        n = order.index(variable)
        categories = table.dimensions[variable]
        everything = frozenset().union(*categories.values())
        whole = next((c for c, codes in categories.items() if codes == everything), None)
        parts = [c for c in categories if c != whole]
        disjoint = sum(len(categories[c]) for c in parts) == len(everything - {"NIL"})
        if whole is None or len(parts) < 3 or not disjoint:
            continue
        sums, printed, differ = [], 0, False
        for rest in itertools.product(*(table.dimensions[v] for v in order if v != variable)):
            cells = [(*rest[:n], c, *rest[n:]) for c in (*parts, whole)]
            if any(c not in table.cells or (table.id, c) not in system.cells for c in cells):
                continue
            sums.append([system.cells[table.id, c] for c in cells])
            told = [table.cells[c] for c in cells]
            if all(t.low == t.high for t in told):
                differ |= sum(t.low for t in told[:-1]) != told[-1].low
                printed += told[-1].low
        if differ or printed < _MANY:
            continue
        for *some, of in sums:
            terms: dict[int, float] = defaultdict(float)
            for unknown in itertools.chain(*some):
                terms[unknown] += 1
            for unknown in of:
                terms[unknown] -= 1
            found.append(Row(dict(terms), 0, 0, "one answer each"))
    return found

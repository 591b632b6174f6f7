"""What follows from a system of whole numbers: for every hidden cell the least and the largest count."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse.csgraph import connected_components

from tests.attack.outsider.reading import Codes, Release
from tests.attack.outsider.system import Contradiction, Row, Sum, System
from tests.attack.outsider.verdict import Found, Verdict

TOLERANCE = 1e-6
SECONDS = 30.0
"""For one whole-number question; one that takes longer is counted as undecided, never as safe."""


def reduce(system: System) -> tuple[list[Row], np.ndarray]:
    """Fix what rows alone fix (sums of nothing, single unknowns) and drop what is then empty.

    Returns
    -------
    rows, value
        The rows that are left, and for every unknown its value or -1.
    """
    value = np.full(system.unknowns, -1, dtype=np.int64)
    waiting = list(system.rows)
    changed = True
    while changed:
        changed = False
        left = []
        for row in waiting:
            fixed = sum(c * value[u] for u, c in row.terms.items() if value[u] >= 0)
            terms = {u: c for u, c in row.terms.items() if value[u] < 0 and c}
            low, high = row.low - fixed, row.high - fixed
            if not terms:
                if low > TOLERANCE or high < -TOLERANCE:
                    raise Contradiction(row.why)
                continue
            if high < -TOLERANCE and all(c > 0 for c in terms.values()):
                raise Contradiction(row.why)
            if abs(high) < TOLERANCE and all(c > 0 for c in terms.values()):
                value[list(terms)] = 0
                changed = True
                continue
            if abs(low) < TOLERANCE and all(c < 0 for c in terms.values()):
                value[list(terms)] = 0
                changed = True
                continue
            if len(terms) == 1 and high - low < TOLERANCE:
                ((unknown, coefficient),) = terms.items()
                number = low / coefficient
                if number < -TOLERANCE or abs(number - round(number)) > TOLERANCE:
                    raise Contradiction(row.why)
                value[unknown] = round(number)
                changed = True
                continue
            if low == -np.inf and high == np.inf:
                continue
            left.append(Row(terms, low, high, row.why))
        waiting = left
    return waiting, value


@dataclass
class _Part:
    """One part of the system that nothing ties to the rest."""

    matrix: sparse.csr_matrix
    low: np.ndarray
    high: np.ndarray
    upper: np.ndarray

    def __post_init__(self) -> None:
        equal = self.high - self.low < TOLERANCE
        self.equal = (self.matrix[equal], self.low[equal]) if equal.any() else (None, None)
        rest = np.flatnonzero(~equal)
        above = rest[np.isfinite(self.high[rest])]
        below = rest[np.isfinite(self.low[rest])]
        at_most = sparse.vstack([self.matrix[above], -self.matrix[below]]) if len(rest) else None
        self.at_most = (
            (at_most, np.concatenate([self.high[above], -self.low[below]])) if len(rest) else (None, None)
        )

    def bound(self, cost: np.ndarray) -> tuple[float, np.ndarray | None]:
        """Least value of a sum over all real numbers, and where it is taken."""
        answer = linprog(
            cost,
            A_ub=self.at_most[0], b_ub=self.at_most[1], A_eq=self.equal[0], b_eq=self.equal[1],
            bounds=np.column_stack([np.zeros(len(cost)), self.upper]),
            method="highs",
        )  # fmt: skip
        if answer.status == 2:
            raise Contradiction("no numbers go together with all that is printed")
        if answer.status == 3:
            return -np.inf, None
        if answer.status != 0:
            raise RuntimeError(answer.message)
        return answer.fun, answer.x

    def whole(
        self,
        cost: np.ndarray,
        extra: tuple[np.ndarray, float, float] | None,
        seconds: float = SECONDS,
        gap: float = 0.0,
    ) -> tuple[str, np.ndarray | None]:
        """Look for whole numbers that make a sum least: found, impossible or undecided."""
        constraints = [LinearConstraint(self.matrix, self.low, self.high)]
        if extra is not None:
            constraints.append(LinearConstraint(extra[0][None, :], extra[1], extra[2]))
        answer = milp(
            cost,
            integrality=np.ones(len(cost)),
            bounds=Bounds(0, self.upper),
            constraints=constraints,
            options={"time_limit": seconds, "mip_rel_gap": 1.0 if extra is not None else gap},
        )
        if answer.x is not None:
            return ("found" if answer.status == 0 or extra is not None else "undecided"), np.round(answer.x)
        return ("impossible" if answer.status == 2 else "undecided"), None


def consistent(system: System) -> bool:
    """Say whether any numbers at all, whole or not, go together with everything printed."""
    try:
        rows, value = reduce(system)
    except Contradiction:
        return False
    free = np.flatnonzero(value < 0)
    if not len(free) or not rows:
        return True
    place = np.full(system.unknowns, -1)
    place[free] = np.arange(len(free))
    part = _Part(
        _matrix(rows, place, len(free)),
        np.array([r.low for r in rows]),
        np.array([r.high for r in rows]),
        np.full(len(free), np.inf),
    )
    try:
        part.bound(np.zeros(len(free)))
    except Contradiction:
        return False
    return True


def _matrix(rows: Sequence[Row], place: np.ndarray, columns: int) -> sparse.csr_matrix:
    entries = [(r, place[u], c) for r, row in enumerate(rows) for u, c in row.terms.items()]
    r, u, c = (np.array(x) for x in zip(*entries, strict=True)) if entries else (np.zeros(0, int),) * 3
    return sparse.csr_matrix((c, (r, u)), shape=(len(rows), columns))


def attack(release: Release, system: System, say: Callable[[str], None] = lambda _: None) -> Verdict:
    """Work out every cell that the release does not show.

    Parameters
    ----------
    say
        Takes a line of progress.

    Raises
    ------
    Contradiction
        The printed numbers contradict each other, or what was read of their meaning.
    """
    rows, value = reduce(system)
    wanted: dict[Sum, list[tuple[str, Codes]]] = defaultdict(list)
    verdict = Verdict()
    for table in release.tables:
        for codes, printed in table.cells.items():
            if printed.state in {"hidden", "rounded"} and (table.id, codes) in system.cells:
                wanted[system.cells[table.id, codes]].append((table.id, codes))
    verdict.attacked = sum(map(len, wanted.values()))
    promised = {s: _promised(release, cells) for s, cells in wanted.items()}
    free = np.flatnonzero(value < 0)
    place = np.full(system.unknowns, -1)
    place[free] = np.arange(len(free))
    matrix = _matrix(rows, place, len(free))
    ties = [matrix.T @ matrix] if len(rows) else []
    # A hidden cell may add up unknowns of several parts.
    sums = {s: np.array([place[x] for x in s if value[x] < 0], dtype=int) for s in wanted}
    chain = [(a, b) for at in sums.values() for a, b in itertools.pairwise(at)]
    if chain:
        a, b = np.array(chain).T
        ties.append(sparse.csr_matrix((np.ones(len(a)), (a, b)), shape=(len(free), len(free))))
    _, part_of = connected_components(sum(ties), directed=False) if ties else (0, np.arange(len(free)))
    row_part = np.array([part_of[place[next(iter(row.terms))]] for row in rows], dtype=int)
    by_part: dict[int, list[Sum]] = defaultdict(list)
    for s, at in sums.items():
        fixed = int(sum(value[x] for x in s if value[x] >= 0))
        if not s:
            verdict.impossible += [Found(*cell, 0, 0.0) for cell in wanted[s]]
        elif len(at) == 0:
            _judge(verdict, wanted[s], release, promised[s], (fixed, fixed), whole=True)
        else:
            by_part[int(part_of[at[0]])].append(s)
    say(f"{len(free)} unknowns, {len(rows)} rows, {len(by_part)} parts with hidden cells")
    for number, asked in sorted(by_part.items()):
        columns = np.flatnonzero(part_of == number)
        inside = np.flatnonzero(row_part == number)
        own = {int(col): n for n, col in enumerate(columns)}
        low = np.array([rows[k].low for k in inside])
        high = np.array([rows[k].high for k in inside])
        part = _Part(matrix[inside][:, columns], low, high, _upper(rows, inside, place, own, len(columns)))
        targets = []
        for s in asked:
            vector = np.zeros(len(columns))
            for at in sums[s]:
                vector[own[int(at)]] += 1
            targets.append((s, vector, int(sum(value[x] for x in s if value[x] >= 0))))
        _solve(part, targets, wanted, promised, release, verdict, say)
    return verdict


def _upper(
    rows: Sequence[Row], inside: np.ndarray, place: np.ndarray, own: dict[int, int], size: int
) -> np.ndarray:
    upper = np.full(size, np.inf)
    for k in inside:
        row = rows[k]
        if np.isfinite(row.high) and all(c > 0 for c in row.terms.values()):
            for unknown, c in row.terms.items():
                at = own[int(place[unknown])]
                upper[at] = min(upper[at], np.floor(row.high / c + TOLERANCE))
    return upper


def _solve(
    part: _Part,
    targets: list[tuple[Sum, np.ndarray, int]],
    wanted: dict[Sum, list[tuple[str, Codes]]],
    promised: dict[Sum, tuple[int, int]],
    release: Release,
    verdict: Verdict,
    say: Callable[[str], None],
) -> None:
    began = time.process_time()
    seen: list[list[float]] = [
        [np.inf, -np.inf] for _ in targets
    ]  # least and largest count of a whole solution

    def keep(solution: np.ndarray | None) -> None:
        if solution is None or np.abs(solution - np.round(solution)).max(initial=0) > 1e-5:
            return
        solution = np.round(solution)
        totals = part.matrix @ solution
        if (totals < part.low - TOLERANCE).any() or (totals > part.high + TOLERANCE).any():
            return
        for k, (_, vector, fixed) in enumerate(targets):
            count = float(vector @ solution) + fixed
            seen[k] = [min(seen[k][0], count), max(seen[k][1], count)]

    ranges = [promised[s] for s, _, _ in targets]
    _look_around(part, targets, seen, keep, ranges)
    for k, (s, vector, fixed) in enumerate(targets):
        down, up = ranges[k]
        if seen[k][0] <= down and seen[k][1] >= up:
            continue
        least, at = part.bound(vector)
        keep(at)
        most, at = part.bound(-vector)
        keep(at)
        low, high = fixed + int(np.ceil(least - TOLERANCE)), fixed + np.floor(-most + TOLERANCE)
        needs: list[tuple[float, float]] = [(0, down)] if low <= down else []
        if low < up <= high:
            needs.append((up, np.inf))
        sure = True
        for at_least, at_most in needs if low < high else ():
            if at_least <= seen[k][0] <= at_most or at_least <= seen[k][1] <= at_most:
                continue
            open_ones = sum(
                (v for n, (_, v, _) in enumerate(targets) if seen[n][0] > 0), start=np.zeros(len(vector))
            )
            cost = (
                open_ones
                if at_most == 0
                else -np.minimum(open_ones, 1)
                if part.upper.max() < np.inf
                else vector
            )
            status, solution = part.whole(cost, (vector, at_least - fixed, at_most - fixed))
            if status == "found":
                keep(solution)
            elif status == "impossible":
                low, high = (max(low, down + 1), high) if at_most == down else (low, min(high, up - 1))
            else:
                sure = False
        if low < high and not _harmless(low, high, ranges[k], release.threshold):
            # Is it even known? Only whole numbers tell.
            for sign in (1, -1):
                status, solution = part.whole(sign * vector, None)
                if status == "found" and solution is not None:
                    keep(solution)
                    count = round(float(vector @ solution)) + fixed
                    low, high = (count, high) if sign > 0 else (low, count)
                elif status == "undecided":
                    sure = False
        _judge(verdict, wanted[s], release, ranges[k], (low, high), sure)
    took = time.process_time() - began
    if took > 5:
        say(f"{len(targets)} hidden cells, {part.matrix.shape[1]} unknowns: {took:.0f} s of processor")


def _look_around(
    part: _Part,
    targets: list[tuple[Sum, np.ndarray, int]],
    seen: list[list[float]],
    keep: Callable[[np.ndarray | None], None],
    ranges: list[tuple[int, int]],
) -> None:
    """Find whole solutions that show many cells at once to be open; proves nothing about the others."""
    size = part.matrix.shape[1]
    for pull in itertools.cycle((1, -1)):
        closed = [
            k for k, (down, up) in enumerate(ranges) if (seen[k][0] > down if pull > 0 else seen[k][1] < up)
        ]
        if not closed:
            if all(seen[k][0] <= down and seen[k][1] >= up for k, (down, up) in enumerate(ranges)):
                return
            continue
        before = [list(x) for x in seen]
        cost = np.zeros(size)
        for k in closed:
            cost += pull * targets[k][1]
        if pull < 0 and not np.isfinite(part.upper[cost < 0]).all():
            cost[~np.isfinite(part.upper)] = 0
        keep(part.whole(cost, None, seconds=5, gap=0.1)[1])
        if before == seen:
            return


def _promised(release: Release, cells: list[tuple[str, Codes]]) -> tuple[int, int]:
    """Down to and up to which numbers a count must be possible: 0 and the threshold, or what a rounded number admits."""
    tables = {t.id: t for t in release.tables}
    printed = [tables[table].cells[codes] for table, codes in cells]
    rounded = [p for p in printed if p.state == "rounded"]
    if len(rounded) < len(printed):
        return 0, release.threshold
    return max(p.admits[0] for p in rounded), min(release.threshold, *(p.admits[1] for p in rounded))


def _harmless(low: float, high: float, promised: tuple[int, int], threshold: int) -> bool:
    return (low <= promised[0] and high >= promised[1]) or low >= threshold


def _judge(
    verdict: Verdict,
    cells: list[tuple[str, Codes]],
    release: Release,
    promised: tuple[int, int],
    between: tuple[float, float],
    whole: bool,
) -> None:
    low, high = between
    harmless = _harmless(low, high, promised, release.threshold)
    for table, codes in cells:
        found = Found(table, codes, int(low), float(high))
        if (table, codes) in release.open_cells:
            if low == high or not harmless:
                verdict.left_open.append(found)
        elif low == high:
            verdict.recovered.append(found)
        elif not harmless:
            verdict.narrow.append(found)
        elif not whole:
            verdict.undecided.append(found)

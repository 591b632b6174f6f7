"""How time grows with the number of cells, as ratios to a floor that is measured in the same run.

python -m tests.benchmarks.bench_disclosure [most tables] [persons]

The floor of a size is the bare solver: one cold solve by HiGHS of one linear programme over the same system (the cheapest
move of one small count). Protection asks hundreds of such questions, an audit dozens. Machines differ, ratios compare.
"""

from __future__ import annotations

import sys
import time

import highspy
import numpy as np
from scipy import sparse

from clearing_point.disclosure import CountTable, Policy, audit, protect
from clearing_point.disclosure.cells import build_system
from clearing_point.disclosure.solver import _new_solver
from clearing_point.disclosure.values import fill
from tests.attack.random_reports import random_report

SIZES = ((10, 260), (20, 260), (40, 260), (60, 400), (80, 700), (115, 700))
_REPEATED = 3


def bare_solve(report: list[CountTable]) -> float:
    """Return seconds of processor time of one programme by the solver alone, the least of several."""
    system = build_system(report)
    values = fill(system, report)
    cell = int(np.flatnonzero((values > 0) & (values < 5))[0])
    both = sparse.csr_matrix(sparse.hstack([system.matrix, -system.matrix]))
    count = len(values)
    upper = np.concatenate([np.full(count, highspy.kHighsInf), values.astype(float)])
    lower = np.zeros(2 * count)
    lower[cell] = upper[cell] = 5.0 - values[cell]
    upper[count + cell] = 0.0
    best = float("inf")
    for _ in range(_REPEATED):
        solver = _new_solver()
        for name, value in (("output_flag", False), ("threads", 1), ("presolve", "off")):
            solver.setOptionValue(name, value)
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = 2 * count, both.shape[0]
        program.col_cost_ = np.ones(2 * count)
        program.col_lower_, program.col_upper_ = lower, upper
        program.row_lower_ = program.row_upper_ = np.zeros(both.shape[0])
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_, program.a_matrix_.index_ = both.indptr, both.indices
        program.a_matrix_.value_ = both.data.astype(float)
        solver.passModel(program)
        began = time.process_time()
        solver.run()
        best = min(best, time.process_time() - began)
    return best


def main() -> None:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 80
    persons = int(sys.argv[2]) if len(sys.argv) > 2 else 2_500
    policy = Policy.plain(5)
    first: tuple[float, ...] | None = None
    print(
        "tables  cells  small  secondary |   floor | suppress+audit   audit alone    round+audit   (times the floor; growth)"
    )
    for tables, widest in SIZES:
        if tables > most:
            break
        report = random_report(21, persons, tables, 0.5, widest)
        floor = bare_solve(report)
        began = time.process_time()
        made = protect(report, policy, profile="suppress")
        protected = time.process_time()
        assert audit(made.tables, policy).safe
        audited = time.process_time()
        protect(report, policy, profile="round")
        spent = (protected - began, audited - protected, time.process_time() - audited)
        first = first or spent
        numbers = "  ".join(f"{s / floor:6.0f} (x{s / f:5.1f})" for s, f in zip(spent, first, strict=True))
        sizes = f"{tables:6} {made.cost.cells:6} {made.cost.primary:6} {made.cost.secondary:10}"
        print(f"{sizes} | {floor:6.3f}s | {numbers}", flush=True)


if __name__ == "__main__":
    main()

"""How time grows with the number of cells: ratios to the first size, so that machines compare.

python -m tests.benchmarks.bench_disclosure [most tables]
"""

from __future__ import annotations

import sys
import time

from clearing_point.disclosure import Policy, audit, protect
from tests.attack.random_reports import random_report


def main() -> None:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 80
    policy = Policy.plain(5)
    first: tuple[float, ...] | None = None
    print(
        "tables  cells  small  secondary  suppress+audit  audit alone  round+audit  (seconds; ratio to first)"
    )
    for tables, widest in ((10, 260), (20, 260), (40, 260), (60, 400), (80, 700)):
        if tables > most:
            break
        report = random_report(21, 2_500, tables, 0.5, widest)
        began = time.perf_counter()
        made = protect(report, policy, profile="suppress")
        protected = time.perf_counter()
        assert audit(made.tables, policy).safe
        audited = time.perf_counter()
        protect(report, policy, profile="round")
        spent = (protected - began, audited - protected, time.perf_counter() - audited)
        first = first or spent
        numbers = "  ".join(f"{s:6.2f} (x{s / f:5.1f})" for s, f in zip(spent, first, strict=True))
        print(
            f"{tables:6} {made.cost.cells:6} {made.cost.primary:6} {made.cost.secondary:10}  {numbers}",
            flush=True,
        )


if __name__ == "__main__":
    main()

"""How long the check of a regional workbook takes by its number of rows, and what share is Great Expectations.

Run: ``python -m tests.benchmarks.bench_check 300 20000 200000``. Half of the rows are persons, half identifications;
one in fifty identifications lacks its status. The first line includes the import of Great Expectations.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from clearing_point.countries import profile_of_territory
from clearing_point.intake.receive import receive
from clearing_point.project import Project
from clearing_point.quality.confirm import confirmed
from clearing_point.quality.earlier import Earlier
from clearing_point.quality.feedback import feedback_of
from clearing_point.quality.judge import judge
from clearing_point.standard import load_standard
from clearing_point.submission.layout import read_with_answers
from clearing_point.suites.runner import run_suites
from tests.conftest import ROOT
from tests.workbooks import identification, person, write_regional


def main() -> None:
    """Print one line a size: rows, seconds of reading, of staging, of the rules, of Great Expectations, in all."""
    standard = load_standard(ROOT / "schemas")
    print("rows      read   stage   rules      GX   total   GX share")
    for size in map(int, sys.argv[1:] or ["300", "20000"]):
        with tempfile.TemporaryDirectory() as folder:
            project = Project(root=ROOT, data=Path(folder) / "data")
            project.prepare()
            persons = [person(n) for n in range(size // 2)]
            decided = [identification(n) for n in range(size // 2)]
            for row in decided[::50]:
                row.pop("identification_status")
            path = write_regional(
                Path(folder) / "made.xlsx", standard, {"person": persons, "identification": decided}
            )
            print(_line(project, standard, path, size), flush=True)


def _line(project: Project, standard: Any, path: Path, size: int) -> str:
    profile = profile_of_territory(project, standard.reporting_territories[0])
    began = time.perf_counter()
    received, profile, _ = read_with_answers(project, path, profile, standard)
    read = time.perf_counter()
    receipt = receive(project, standard, path, profile, "2022", received=received)
    try:
        staged = time.perf_counter()
        use = profile.use
        with receipt.workspace.opened() as connection:
            verdict = judge(
                receipt.workspace, receipt.submission_id, standard, refused=receipt.refused, use=use
            )
            feedback_of(connection, receipt.submission_id, standard)
        found = time.perf_counter()
        confirmed(
            receipt.workspace, verdict, standard, run_suites,
            prepared=project.prepared, use=use, earlier=Earlier(None),
        )  # fmt: skip
        gx = time.perf_counter() - found
        ended = time.perf_counter()
    finally:
        receipt.workspace.drop()
    total = ended - began
    return (
        f"{size:>7,} {read - began:>6.1f} {staged - read:>7.1f} {ended - staged - gx:>7.1f} {gx:>7.1f} {total:>7.1f} "
        f"{100 * gx / total:>8.0f} %"
    )


if __name__ == "__main__":
    main()

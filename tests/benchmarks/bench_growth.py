"""How publishing, the report and a researcher's reads grow with the region: about 10^4, 10^5 and 10^6 persons.

``python -m tests.benchmarks.bench_growth [times ...]``, after ``make demo``: its persons are repeated so many times (1, 11, 115).
Every size runs in a process of its own. The floor of a size is one bare query a table: how many rows its population has
by territory and year, over populations that stand ready. A researcher reads every table of the release and asks for one crossing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import clearing_point
from clearing_point.standard import load_standard
from pipelines.annual_report import build
from pipelines.publish import publish
from tests.benchmarks.bench_report import YEAR, floor
from tests.benchmarks.regions import copied, demo_data, peak_mebibytes, processor_seconds, repeat
from tests.conftest import ROOT

_TIMES = ("1", "11", "115")


def _measured(times: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        project = copied(Path(name), demo_data())
        standard = load_standard(project.schemas)
        found: dict[str, float] = {"persons": repeat(project, standard, times)}
        found["floor"] = floor(project)
        for what, action in (
            ("publish", lambda: publish(project, standard, YEAR)),
            ("report", lambda: build(project, standard, YEAR)),
            ("read", lambda: _read(project.releases / str(YEAR))),
        ):
            processor, clock = processor_seconds(), time.perf_counter()
            action()
            found[what] = processor_seconds() - processor
            found[f"{what} clock"] = time.perf_counter() - clock
        found["peak"] = peak_mebibytes()
        return found


def _read(folder: Path) -> None:
    with clearing_point.open_release(folder) as release:
        for indicator in release.indicators()["indicator"]:
            _ = release.table(indicator).frame
        _ = release.crosstab(["territory", "sex"]).frame


def main() -> None:
    """Print one line a size: seconds of processor and by the clock, ratios to the floor, peak memory."""
    print(f"{'persons':>10} {'floor':>7}  publish           report            read              peak MiB")
    for times in sys.argv[1:] or _TIMES:
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.bench_growth", "--one", times],
            capture_output=True, text=True, check=True, cwd=ROOT,
        )  # fmt: skip
        found = json.loads(done.stdout.splitlines()[-1])
        parts = "  ".join(
            f"{found[w]:6.1f}/{found[f'{w} clock']:3.0f} x{found[w] / found['floor']:<6.0f}"
            for w in ("publish", "report", "read")
        )
        print(
            f"{found['persons']:>10,.0f} {found['floor']:>7.2f}  {parts} {found['peak']:>8,.0f}", flush=True
        )


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--one":
        print(json.dumps(_measured(int(sys.argv[2]))))
    else:
        main()

"""Where the time of an annual report goes: each part beside a hand-written floor, so that machines compare.

The floor is one bare query a table: how many rows its population has by territory and year, over populations that stand
ready. Everything else is what counting under rules, protecting, drawing, setting and checking cost.

python -m tests.benchmarks.bench_report DATA [years]

DATA is the data folder of a finished demonstration (``clearing-point demo --data DIR``: DIR/demo); it is copied. The
edition is that of 2022 with so many years of trends (10); years without submissions cost their columns all the same.
"""

from __future__ import annotations

import re
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

from clearing_point.analysis.count import open_current, population_table
from clearing_point.project import Project
from clearing_point.report.edition import load_edition
from clearing_point.standard import load_standard
from clearing_point.store import connect
from pipelines.annual_report import build
from tests.conftest import ROOT

YEAR = 2022


def processor_seconds() -> float:
    """Seconds of processor that this process and those it started have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def floor(project: Project) -> float:
    """Count the rows of every table of the edition by hand; return the seconds of processor."""
    standard = load_standard(project.schemas)
    wanted = set(load_edition(project, YEAR).tables)
    chosen = [i for i in standard.indicators if i.indicator_id in wanted]
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        open_current(connection, standard)
        for name in sorted({i.population for i in chosen}):
            population_table(connection, standard, name)
        began = processor_seconds()
        for indicator in chosen:
            sql = f"SELECT territory, reference_year, count(*) FROM population_{indicator.population} GROUP BY ALL"
            connection.execute(sql).fetchall()
        return processor_seconds() - began
    finally:
        connection.close()


def main() -> None:
    years = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    with tempfile.TemporaryDirectory() as name:
        root, data = Path(name) / "project", Path(name) / "data"
        root.mkdir()
        for part in ("schemas", "pipelines"):
            (root / part).symlink_to(ROOT / part)
        shutil.copytree(ROOT / "reports", root / "reports")
        edition = root / "reports" / "editions" / f"{YEAR}.yml"
        text = re.sub(
            r"(?m)^trend_from: .*$", f"trend_from: {YEAR - years + 1}", edition.read_text(encoding="utf-8")
        )
        edition.write_text(text, encoding="utf-8")
        for part in ("archive", "warehouse"):
            shutil.copytree(Path(sys.argv[1]) / part, data / part)
        project = Project(root=root, data=data)
        bare = floor(project)
        print(f"floor: {bare:.2f} s of processor")
        spent: dict[str, float] = {}
        began, last, doing = time.perf_counter(), processor_seconds(), "start"

        def step(what: str) -> None:
            nonlocal last, doing
            now = processor_seconds()
            spent[doing] = spent.get(doing, 0.0) + now - last
            last, doing = now, re.split(r":? \d", what)[0] if "setting" not in what else what

        build(project, load_standard(project.schemas), YEAR, progress=step)
        step("end")
        for part, seconds in spent.items():
            print(f"{part:40} {seconds:7.1f} s of processor  x{seconds / bare:8.1f} of the floor", flush=True)
        total = sum(spent.values())
        print(f"{'all':40} {total:7.1f} s of processor, {time.perf_counter() - began:.0f} s by the clock")


if __name__ == "__main__":
    main()

"""Where the time of an annual report goes: each part beside a hand-written floor, so that machines compare.

The floor is one bare query a table: how many rows its population has by territory and year, over populations that stand
ready. Everything else is what counting under rules, protecting, drawing, setting and checking cost.

python -m tests.benchmarks.bench_report [years]

After ``make demo``, whose data are copied. The edition is that of 2022 with so many years of trends (10); years without
submissions cost their columns all the same.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from pathlib import Path

from clearing_point.analysis.count import open_current, population_table
from clearing_point.project import Project
from clearing_point.publication.edition import load_edition
from clearing_point.standard import load_standard
from clearing_point.warehouse.connection import connect
from pipelines.annual_report import build
from tests.benchmarks.regions import copied, demo_data, processor_seconds

YEAR = 2022


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
    years = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as name:
        project = copied(Path(name), demo_data())
        edition = project.reports / "editions" / f"{YEAR}.yml"
        text = re.sub(
            r"(?m)^trend_from: .*$", f"trend_from: {YEAR - years + 1}", edition.read_text(encoding="utf-8")
        )
        edition.write_text(text, encoding="utf-8")
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

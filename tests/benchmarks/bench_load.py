"""Loading a submission, as ratios to hand-written DuckDB SQL over the same file in the same conditions.

Run after ``make demo``: ``python -m tests.benchmarks.bench_load 10000 100000 1000000``. The rows repeat those of a made
submission (persons with one identification each, about fifty columns) under numbers of their own. Every figure is
measured in a process of its own: seconds of wall clock, peak memory in MiB. The floor reads the file with ``read_csv``,
keeps it with line numbers, looks every distinct text up by a join, parses dates and numbers, tests every column and
lists failing rows, and stores all of it in a file; it checks no encoding, refuses nothing and knows no rule book.
"""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from clearing_point.countries import Profile, profile_of_territory
from clearing_point.project import Project
from tests.conftest import ROOT

TERRITORY, PERIOD = "HRV", "2022"
MADE = ROOT / "data" / "demo" / "submissions" / f"MADE-{TERRITORY}-{PERIOD}.csv"
KEYS = ("person_reference", "identification_reference")
TABLES = ("organisation", "person", "identification")
ELSEWHERE = ("episode_reference",)
"""Numbers of rows in tables that are left empty."""
LEFT_OUT = "linkage_token"
"""Columns that would make most of the file."""


def main() -> None:
    """Print one line a size: floor, load, ratio, microseconds a row of the load, peak memory."""
    if not MADE.is_file():
        sys.exit("Run `make demo` first: the rows of this benchmark repeat a made submission of it.")
    print(
        f"{'rows':>10} {'floor s':>8} {'load s':>8} {'ratio':>6} {'us/row':>7} {'floor MiB':>10} {'load MiB':>9}"
    )
    for size in map(int, sys.argv[1:] or ["10000", "100000"]):
        with tempfile.TemporaryDirectory() as folder:
            path = write(Path(folder), size)
            floor, load = _alone("floor", path), _alone("load", path)
            print(
                f"{size:>10,} {floor['seconds']:>8.1f} {load['seconds']:>8.1f} "
                f"{load['seconds'] / floor['seconds']:>6.1f} {1e6 * load['seconds'] / size:>7.0f} "
                f"{floor['peak']:>10} {load['peak']:>9}",
                flush=True,
            )


def profile() -> Profile:
    """The layout in which the made submission is written."""
    return profile_of_territory(Project(root=ROOT, data=ROOT / "data"), TERRITORY)


def write(folder: Path, size: int) -> Path:
    """Write a CSV of so many rows in the layout of the profile, and the same in UTF-8 for the floor."""
    layout = profile()
    tables = {t.table: t for t in layout.sheets[0].tables}
    encoding, delimiter = layout.reading.encoding, layout.reading.delimiter
    with MADE.open(encoding=encoding, newline="") as handle:
        made = list(csv.reader(handle, delimiter=delimiter))
    place = {heading: number for number, heading in enumerate(made[0])}
    wanted = {
        h
        for t in TABLES
        for name, spec in tables[t].columns.items()
        for h in spec.headings
        if not name.startswith(LEFT_OUT)
    }
    needed = {
        h for t in tables.values() for spec in t.columns.values() if not spec.optional for h in spec.headings
    }
    kept = [n for heading, n in place.items() if heading in wanted | needed]
    elsewhere = {
        h
        for t in TABLES
        for name in ELSEWHERE
        if name in tables[t].columns
        for h in tables[t].columns[name].headings
    }
    blank = [n for heading, n in place.items() if heading not in wanted or heading in elsewhere]
    keys = [
        place[h]
        for t in TABLES
        for name in KEYS
        if name in tables[t].columns
        for h in tables[t].columns[name].headings
    ]
    persons = [r for r in made[1:] if r[keys[0]] and all(r[k] for k in keys[1:])]
    organisations = [r for r in made[1:] if r[place[tables["organisation"].when_filled[0]]]]

    def rows() -> Iterator[list[str]]:
        yield made[0]
        yield from organisations
        for number in range(size - len(organisations)):
            row = list(persons[number % len(persons)])
            for key in keys:
                row[key] = f"{row[key]}-{number}"
            for n in blank:
                row[n] = ""
            yield row

    path = folder / f"MADE-{size}.csv"
    for target, code in ((path, encoding), (path.with_suffix(".utf8"), "utf-8")):
        with target.open("w", encoding=code, newline="") as handle:
            writer = csv.writer(handle, delimiter=delimiter, lineterminator="\n")
            writer.writerows([row[n] for n in kept] for row in rows())
    return path


def _alone(what: str, path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_load", what, str(path)],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def _floor(path: Path) -> None:
    import duckdb

    connection = duckdb.connect(str(path.with_suffix(".duckdb")))
    connection.execute("SET threads = 2")
    connection.execute(
        f"CREATE TABLE raw AS SELECT row_number() OVER () + 1 AS line, * FROM read_csv('{path.with_suffix('.utf8')}', "
        "delim = ';', header = true, all_varchar = true, quote = '\"')"
    )
    columns = [row[0] for row in connection.execute("DESCRIBE raw").fetchall()][1:]
    joins, values = [], []
    for n, column in enumerate(columns):
        connection.execute(
            f'CREATE TEMP TABLE t{n} AS SELECT DISTINCT "{column}" AS text, lower(trim("{column}")) AS code, '
            f'try_strptime("{column}", \'%d.%m.%Y.\')::DATE AS day, TRY_CAST("{column}" AS DOUBLE) AS number FROM raw'
        )
        many = connection.execute(f"SELECT count(*) FROM t{n}").fetchone()[0]
        if many > 100_000:  # a key: nothing is looked up
            values.append(f'trim(r."{column}") AS c{n}, NULL::DATE AS d{n}, NULL::DOUBLE AS n{n}')
        else:
            joins.append(f'LEFT JOIN t{n} ON t{n}.text = r."{column}"')
            values.append(f"t{n}.code AS c{n}, t{n}.day AS d{n}, t{n}.number AS n{n}")
    connection.execute(
        f"CREATE TABLE typed AS SELECT r.line, {', '.join(values)} FROM raw AS r {' '.join(joins)}"
    )
    checks = [f"(c{n} IS NULL OR len(c{n}) < 200) AS r{n}" for n in range(len(columns))]
    checks += [f"(d{n} IS NULL OR d{n} <= DATE '2022-12-31') AS s{n}" for n in range(len(columns))]
    names = [c.rsplit(" AS ", 1)[1] for c in checks]
    connection.execute(f"CREATE TEMP TABLE checked AS SELECT line, {', '.join(checks)} FROM typed")
    connection.execute(
        f"CREATE TABLE finding AS SELECT line, rule FROM (UNPIVOT checked ON {', '.join(names)} INTO NAME rule VALUE holds) "
        "WHERE NOT holds"
    )
    connection.execute("CHECKPOINT")
    connection.close()


def _load(path: Path) -> None:
    from clearing_point.standard import load_standard
    from pipelines.ingest import load

    project = Project(root=ROOT, data=path.parent / "data")
    outcome = load(project, load_standard(ROOT / "schemas"), path, profile(), PERIOD, made_data=True)
    if not outcome.verdict.accepted:
        sys.exit(f"The made rows were returned: {[g.rule_id for g in outcome.feedback.groups]}")


def _measured(what: str, path: Path) -> None:
    began = time.perf_counter()
    {"floor": _floor, "load": _load}[what](path)
    usage = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"seconds": time.perf_counter() - began, "peak": max(usage) // 1024}))


if __name__ == "__main__":
    if len(sys.argv) == 3 and not sys.argv[1].isdigit():
        _measured(sys.argv[1], Path(sys.argv[2]))
    else:
        main()

"""The desk and the command line store the same: ``python -m tests.desk.same_as_command SUBMISSIONS``.

Files of a demonstration are loaded through a desk (two approvals at the same moment) and by ``clearing-point load``; every
table of both warehouses is compared row by row, by a database that knows nothing of the program.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

from tests.conftest import ROOT
from tests.desk.running import RunningDesk

_TIMES = {"received_at", "decided_at", "happened_at"}


def compared(files: list[Path], folder: Path) -> tuple[int, int]:
    """Load files both ways; returns tables and rows that are the same. Raises AssertionError naming a table that differs."""
    named = [(path, *path.stem.split("-")[1:3]) for path in files]
    desk = RunningDesk(folder / "desk")
    people = {f"{role}-{t.lower()}": (role, t, "en") for _, t, _ in named for role in ("officer", "approver")}
    periods: dict[str, tuple[str, ...]] = {}
    for _, territory, period in named:
        periods[territory] = (*periods.get(territory, ()), period)
    desk.make(people, periods)
    desk.start()
    try:
        waiting = []
        for path, territory, period in named:
            officer = desk.visitor(f"officer-{territory.lower()}")
            address = officer.upload(path, territory, period).headers["location"]
            assert officer.until(address, ("checked", "refused", "failed"), 600) == "checked"
            assert officer.deed(address, "send").status_code == 303
            waiting.append((desk.visitor(f"approver-{territory.lower()}"), address))
        for approver, address in waiting:
            assert approver.deed(address, "approve", what=approver.what(address)).status_code == 303
        for approver, address in waiting:
            assert approver.until(address, ("loaded", "returned", "checked"), 600) == "loaded"
    finally:
        desk.stop()
    for path, territory, period in named:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "clearing_point.cli", "load", str(path), "--territory", territory),
                *("--period", period, "--project", str(ROOT), "--data", str(folder / "command")),
            ],
            capture_output=True, text=True, check=False, cwd=ROOT,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    return _same(folder / "desk", folder / "command")


def _same(one: Path, other: Path) -> tuple[int, int]:
    rows = tables = 0
    with duckdb.connect() as connection:
        for name, data in (("one", one), ("other", other)):
            connection.execute(f"ATTACH '{data}/warehouse/clearing_point.duckdb' AS {name} (READ_ONLY)")
        for schema, table in connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'one' ORDER BY 1, 2"
        ).fetchall():
            columns = [
                row[0]
                for row in connection.execute(
                    "SELECT column_name FROM duckdb_columns() WHERE database_name = 'one' AND schema_name = ? AND table_name = ?",
                    [schema, table],
                ).fetchall()
                if row[0] not in _TIMES
            ]
            chosen = ", ".join(f'"{c}"' for c in columns)
            both = [f'SELECT {chosen} FROM {name}.{schema}."{table}"' for name in ("one", "other")]
            for first, second in (both, both[::-1]):
                differing = connection.execute(
                    f"SELECT count(*) FROM ({first} EXCEPT ALL {second})"
                ).fetchone()
                assert differing == (0,), f"{schema}.{table}: {differing} rows differ"
            tables += 1
            rows += connection.execute(f"SELECT count(*) FROM ({both[0]})").fetchone()[0]  # type: ignore[index]
    return tables, rows


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="same-") as place:
        chosen = sorted(Path(sys.argv[1]).glob("MADE-*.xlsx"))[-2:]
        found = compared(chosen, Path(place))
    print(f"{len(chosen)} files: {found[0]} tables, {found[1]:,} rows, all the same.")

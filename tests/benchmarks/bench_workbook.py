"""Checking a workbook: an ordinary one against importing the libraries, a large one against only reading it.

Run ``python -m tests.benchmarks.bench_workbook 300 100000``. The first size goes through the command line and is
compared with a bare ``import duckdb, great_expectations`` in a process of its own; every size is compared with
python-calamine reading the same file and nothing else. Half of the rows are persons, half identifications; blank
columns of the template are filled with codes until a row has forty cells on average.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from clearing_point.standard import Standard, load_standard
from tests.conftest import ROOT
from tests.workbooks import identification, person, write_regional

_CELLS = 40
_READ = (
    "import sys, python_calamine as c; b = c.CalamineWorkbook.from_path(sys.argv[1]); "
    "print(sum(len(r) for n in b.sheet_names for r in b.get_sheet_by_name(n).iter_rows()))"
)


def main() -> None:
    """Print a line a size: rows, cells, check, bare read and import in seconds, and the ratios to them."""
    standard = load_standard(ROOT / "schemas")
    imports = min(_seconds("-c", "import duckdb, great_expectations") for _ in range(3))
    print(f"a bare import of duckdb and great_expectations: {imports:.1f} s")
    print(f"{'rows':>8} {'check s':>8} {'read s':>7} {'check/import':>13} {'(check-import)/read':>20}")
    for size in map(int, sys.argv[1:] or ["300", "20000"]):
        with tempfile.TemporaryDirectory() as folder:
            path = _written(Path(folder), standard, size)
            check = [
                "-m", "clearing_point.cli", "check", str(path), "--territory", standard.reporting_territories[0],
                "--period", "2022", "--data", f"{folder}/data",
            ]  # fmt: skip
            _seconds(*check)  # the first check of a data folder prepares what the others use
            checked = min(_seconds(*check) for _ in range(3 if size < 1000 else 1))
            read = _seconds("-c", _READ, str(path))
            print(
                f"{size:>8,} {checked:>8.1f} {read:>7.1f} {checked / imports:>13.2f} {(checked - imports) / read:>20.1f}",
                flush=True,
            )


def _seconds(*arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - began


def _written(folder: Path, standard: Standard, size: int) -> Path:
    rows = {
        "person": [_filled(person(n), standard, "person") for n in range(size // 2)],
        "identification": [_filled(identification(n), standard, "identification") for n in range(size // 2)],
    }
    return write_regional(folder / "made.xlsx", standard, rows)


def _filled(row: dict[str, Any], standard: Standard, table: str) -> dict[str, Any]:
    """Say of further fields that they were not asked, so that the cells are there and no rule has anything to say."""
    for field in standard.tables[table].received:
        if len(row) >= _CELLS:
            break
        if field.is_coded and not field.required:
            row.setdefault(field.name, "NAS")
    return row


if __name__ == "__main__":
    main()

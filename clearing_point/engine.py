"""How much DuckDB prepares before it works: little where rows are few.

DuckDB makes a hash join of every list of constants. The rules of one table have 300 of them, and each costs 2.5 ms, whatever
the rows; so a workbook's few hundred rows are compared one by one. A second thread costs more than it saves there, too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MANY_ROWS = 20_000
"""Rows of a received file from which on the preparation pays."""
_MANY_BYTES = 64 * 2**20
"""The same, of database files."""


def holds_many_rows(*files: Path) -> bool:
    """Say whether the preparation pays for a query over these database files."""
    return sum(file.stat().st_size for file in files if file.exists()) > _MANY_BYTES


def left_out(*, many_rows: bool, joins_as_written: bool = False) -> str:
    """Return what to set ``disabled_optimizers`` to, quoted."""
    unused = ["join_order"] * joins_as_written + ["in_clause"] * (not many_rows)
    return f"'{','.join(unused)}'"


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Keep libraries out of the process for a while: others import them where they are there, and do without otherwise.

    DuckDB and PyArrow import pandas to tell whether a value is one of its own. None is, where a file is read and judged, and
    the import takes half a second. Whoever needs a library imports it outside of this; one that is there already stays.
    """
    absent = _Absent(names)
    sys.meta_path.insert(0, absent)
    try:
        yield
    finally:
        sys.meta_path.remove(absent)


class _Absent:
    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, name: str, *_: object) -> None:
        if name in self._names:
            raise ModuleNotFoundError(f"{name} is not needed here", name=name)

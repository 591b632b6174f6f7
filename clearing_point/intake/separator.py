"""By which sign the cells of a text file are parted, where nobody has declared it yet."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

_SIGNS = (",", ";", "\t", "|")
_TOP_LINES = 20
_TOP_BYTES = 65_536


def separator_of(path: Path, encoding: str) -> str:
    """Return the sign by which most of a text file's first lines have the same number of cells; a comma, if none has two.

    Parameters
    ----------
    path : Path
        A plain text file; of a packed one nothing is known.
    """
    with path.open("rb") as source:
        top = source.read(_TOP_BYTES).decode(encoding, errors="ignore").splitlines()[:_TOP_LINES]
    lines = [line for line in top if line.strip()]

    def agreeing(sign: str) -> tuple[int, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=sign) if len(row) > 1)
        width, many = max(widths.items(), key=lambda pair: (pair[1], pair[0]), default=(0, 0))
        return many, width

    best = max(_SIGNS, key=agreeing)
    return best if agreeing(best) > (0, 0) else _SIGNS[0]


def written_as(path: Path, encoding: str) -> dict[str, str]:
    """Return what a profile says of how a text file is written; nothing of a workbook."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return {}
    return {"encoding": encoding, "delimiter": separator_of(path, encoding)}

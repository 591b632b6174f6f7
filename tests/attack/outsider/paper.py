"""The rows of the page looked for in the text of the PDF: a number where the page hides one."""

from __future__ import annotations

import re
from pathlib import Path

from tests.attack.outsider.reading import Codes, Table
from tests.attack.outsider.report import Grid, _align, _number, learn

_YEARS = range(1990, 2040)


def look_in_pdf(path: Path, by_id: dict[str, Table], grids: list[Grid]) -> str:
    """Look in the text of the PDF for every row of the HTML, and for a number where the HTML hides one."""
    import pypdf

    text = " ".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
    text = " ".join(re.sub(r"\d+(?:[.,]\d+)?\s*%", " ", text).split())
    found = differs = rows = 0
    for grid in grids:
        table = by_id.get(grid.table)
        placed = _align(table, grid) if table is not None and grid.rows else None
        if table is None or placed is None:
            continue
        across = len(placed) // len(grid.rows)
        if across != len(grid.rows[0][1]):
            continue
        for n, (label, cells) in enumerate(grid.rows):
            if not any(
                table.cells[codes].state == "hidden" for _, codes in placed[n * across : (n + 1) * across]
            ):
                continue
            rows += 1
            shown = [re.escape(t) if table.cells[placed[n * across + k][1]].state != "hidden" else rf"({re.escape(t)}|[\d,.]+)"
                     for k, (t, _) in enumerate(cells)]  # fmt: skip
            matches = list(re.finditer(rf"{re.escape(label)} {' '.join(shown)}(?![\d,.])", text))
            found += bool(matches)
            hidden = [k for k in range(across) if table.cells[placed[n * across + k][1]].state == "hidden"]
            of_row = [codes for _, codes in placed[n * across : (n + 1) * across]]
            for match in matches:
                said = iter(match.groups())
                numbers = [
                    _number(next(said)) if k in hidden else table.cells[of_row[k]].low for k in range(across)
                ]
                if len(matches) == 1 and _is_row(table, of_row, numbers):
                    for k in hidden:
                        if (number := numbers[k]) is not None:
                            differs += learn(table.cells[of_row[k]], number, number)
    return f"{found} of {rows} rows with hidden cells found in the PDF; {differs} of them with a number"


def _is_row(table: Table, of_row: list[Codes], numbers: list[int | None]) -> bool:
    """Whether numbers behind a name may be those of its row: an axis of a picture has years there, and no part above its whole."""
    if any(number in _YEARS for number in numbers if number is not None):
        return False
    leaves = [
        [categories[code] for categories, code in zip(table.dimensions.values(), codes, strict=True)]
        for codes in of_row
    ]
    nested = [
        (small, large)
        for small, a in enumerate(leaves) for large, b in enumerate(leaves)
        if small != large and all(x <= y for x, y in zip(a, b, strict=True))
    ]  # fmt: skip
    known = [(numbers[small], numbers[large]) for small, large in nested]
    return all(small <= large for small, large in known if small is not None and large is not None)

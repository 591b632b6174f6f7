"""What stands beside the CSV: the same cells in other files, percentages, statistics and statements in words.

Every file of the release and of the report is read for itself. A number that another file prints for a cell that the CSV
hides is knowledge; so is a percentage at its printed precision, a median between bands, and "fewer than 5 men".
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from tests.attack.outsider.conditions import MISSING
from tests.attack.outsider.reading import Codes, Printed, Release, Table

_TIME_AND_PLACE = {"territory", "reference_year", "year"}
_COUNT = re.compile(r"\d{1,3}(?:[,. \u00a0\u202f]\d{3})+|\d+")
_SHARE = re.compile(r"(\d+(?:[.,]\d+)?)\s*%")
_NONE = {"\u2013", "-", "\u2212"}
_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_SAYS = (
    (re.compile(r"\b(?:fewer|less) than (\w+)"), lambda n: (0, n - 1)),
    (re.compile(r"\b(?:more than|over) (\w+)"), lambda n: (n + 1, None)),
    (re.compile(r"\bat least (\w+)"), lambda n: (n, None)),
    (re.compile(r"\b(?:at most|up to|no more than) (\w+)"), lambda n: (0, n)),
    (re.compile(r"\b(?:exactly|only|just) (\w+)"), lambda n: (n, n)),
)  # fmt: skip


@dataclass
class Share:
    """A printed percentage: of `part`, of those in `whole` whose answer is known."""

    table: str
    part: Codes
    whole: Codes
    without: tuple[Codes, ...]
    low: float
    high: float


@dataclass
class Grid:
    """A table as it is laid out: labels of rows and columns, and what stands where they meet."""

    table: str
    rows: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)  # label, (text, percentage)
    columns: list[str] = field(default_factory=list)
    section: str = ""


def read_beside(release: Release, report: Path | None) -> list[Share]:
    """Put into the cells what other files print of them, and return the percentages.

    What was read of how many tables is said in `release.words`, and which tables could not be read beside their CSV.
    """
    shares: list[Share] = []
    by_id = {t.id: t for t in release.tables}
    more = sum(_databases(release))
    if more:
        release.words.append(f"{more} cells that the CSV hides have a number in Parquet or DuckDB")
    if report is None:
        return shares
    page = report / "report.html"
    grids = _html(page) if page.is_file() else []
    grids += list(_workbook(report / "tables.xlsx"))
    aligned, strange = 0, []
    for grid in grids:
        table = by_id.get(grid.table)
        if table is None or not grid.rows:
            continue
        placed = _align(table, grid)
        if placed is None:
            strange.append(f"{grid.table} ({'page' if grid.section else 'workbook'})")
            continue
        aligned += 1
        for (text, _), codes in placed:
            number = _number(text)
            if number is not None:
                learn(table.cells[codes], number, number)
        shares += _shares(table, placed)
        _words(table, grid, placed)
    if (report / "report.pdf").is_file():
        from tests.attack.outsider.paper import look_in_pdf

        release.words.append(look_in_pdf(report / "report.pdf", by_id, grids))
    release.words.append(f"{aligned} tables of the report read beside their CSV")
    if strange:
        release.words.append(f"not read, laid out in a way not understood: {', '.join(sorted(set(strange)))}")
    return shares


def learn(cell: Printed, low: int, high: int | None) -> bool:
    if cell.state not in {"hidden", "rounded"}:
        return False
    narrower = low > cell.low or (high is not None and (cell.high is None or high < cell.high))
    cell.low = max(cell.low, low)
    if high is not None:
        cell.high = high if cell.high is None else min(cell.high, high)
    return narrower


def _number(text: str) -> int | None:
    text = text.strip()
    if text in _NONE:
        return 0
    return int(re.sub(r"\D", "", text)) if _COUNT.fullmatch(text) else None


def _databases(release: Release) -> Iterator[bool]:
    """Read the same tables from Parquet and from the database of the release."""
    import duckdb

    for table in release.tables:
        names = ", ".join(f'"{v}"' for v in table.dimensions)
        path = release.folder / "data" / f"{table.id}.parquet"
        if path.is_file():
            with duckdb.connect() as connection:
                rows = connection.execute(
                    f"SELECT {names}, value FROM read_parquet(?) WHERE value IS NOT NULL", [str(path)]
                ).fetchall()
            yield from _learn_rows(table, rows)
    whole = release.folder / "published.duckdb"
    if whole.is_file():
        with duckdb.connect(str(whole), read_only=True) as connection:
            columns: dict[tuple[str, str], set[str]] = {}
            for schema, name, column in connection.execute(
                "SELECT table_schema, table_name, column_name FROM information_schema.columns"
            ).fetchall():
                columns.setdefault((schema, name), set()).add(column)
            for table in release.tables:
                for (schema, name), has in columns.items():
                    if name.lower() == table.id.lower() and {*table.dimensions, "value"} <= has:
                        names = ", ".join(f'"{v}"' for v in table.dimensions)
                        rows = connection.execute(
                            f'SELECT {names}, value FROM "{schema}"."{name}" WHERE value IS NOT NULL'
                        ).fetchall()
                        yield from _learn_rows(table, rows)


def _learn_rows(table: Table, rows: list[tuple]) -> Iterator[bool]:
    for *codes, value in rows:
        cell = table.cells.get(tuple(map(str, codes)))
        if cell is not None:
            yield learn(cell, int(value), int(value))


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.grids: list[Grid] = []
        self.here = ""
        self.in_table = False
        self.in_head = self.in_small = False
        self.cell: list[str] | None = None
        self.small: list[str] = []
        self.row: tuple[list[str], list[tuple[str, str]]] = ([], [])
        self.kind = ""
        self.skip = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        name = given.get("id") or ""
        if tag in {"script", "style", "svg"}:
            self.skip += 1
        if name.startswith("table-") and not name.endswith("-caption"):
            self.here = name.removeprefix("table-").upper()
            self.grids.append(Grid(self.here))
        elif tag == "table":
            self.in_table = bool(self.here)
        elif tag == "thead":
            self.in_head = True
        elif tag == "tr":
            self.row = ([], [])
        elif tag in {"td", "th"} and self.in_table:
            self.cell, self.small, self.kind = [], [], tag
        elif tag == "small":
            self.in_small = True

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style", "svg"}:
            self.skip -= 1
        elif tag == "thead":
            self.in_head = False
        elif tag == "small":
            self.in_small = False
        elif tag == "table":
            self.in_table = False
        elif tag in {"td", "th"} and self.cell is not None:
            text, small = " ".join("".join(self.cell).split()), " ".join("".join(self.small).split())
            if tag == "th":
                self.row[0].append(text)
            else:
                self.row[1].append((text, small))
            self.cell = None
        elif tag == "tr" and self.in_table and self.grids:
            if self.in_head:
                self.grids[-1].columns = self.row[0] or self.grids[-1].columns
            elif self.row[1]:
                self.grids[-1].rows.append((self.row[0][-1] if self.row[0] else "", self.row[1]))
        elif tag in {"p", "li", "dd"} and self.grids:
            self.grids[-1].section += "\n"

    def handle_data(self, data: str) -> None:
        if self.skip:
            return
        if self.cell is not None:
            (self.small if self.in_small else self.cell).append(data)
        elif self.grids and not self.in_table:
            self.grids[-1].section += data


def _html(path: Path) -> list[Grid]:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page.grids


def _workbook(path: Path) -> Iterator[Grid]:
    if not path.is_file():
        return
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    for sheet in book.worksheets:
        grid = Grid(sheet.title.split()[-1])
        aside: set[int] = set()  # columns of percentages and signs, by their headings
        for row in sheet.iter_rows(values_only=True):
            aside |= {n for n, c in enumerate(row) if re.search(r"\((?:%|signs)\)$", str(c))}
            cells = [
                c for n, c in enumerate(row)
                if n and n not in aside and c is not None and not str(c).rstrip().endswith("%")
            ]  # fmt: skip
            years = all(re.fullmatch(r"(19|20)\d\d", str(c)) for c in cells)
            signs = all(_number(str(c)) is not None or len(str(c)) == 1 or _decimal(c) for c in cells)
            if cells and not years and row[0] is not None and signs:
                shown = [(str(c), "") for c in cells]
                grid.rows.append((str(row[0]), shown))
        yield grid


def _decimal(value: object) -> bool:
    return bool(re.fullmatch(r"\d[\d,]*\.\d+", str(value)))


def _align(table: Table, grid: Grid) -> list[tuple[tuple[str, str], Codes]] | None:
    """Find which cell of the CSV stands where: the way to lay it out in which every shown number agrees."""
    width = {len(cells) for _, cells in grid.rows}
    if len(width) != 1:
        return None
    across, down = width.pop(), len(grid.rows)
    laid_out = [cells for _, cells in grid.rows]
    if table.measure and across % 2 == 0:
        # Beside every count stands its statistic.
        across, laid_out = across // 2, [cells[::2] for cells in laid_out]
    order = list(table.dimensions)
    for size in range(len(order) + 1):
        for columns in itertools.permutations(order, size):
            rows = [v for v in order if v not in columns]
            for rows_in_order in itertools.permutations(rows):
                by_row = list(itertools.product(*(table.dimensions[v] for v in rows_in_order)))
                by_column = list(itertools.product(*(table.dimensions[v] for v in columns)))
                if (len(by_row), len(by_column)) != (down, across):
                    continue
                placed = []
                for cells, one in zip(laid_out, by_row, strict=True):
                    for cell, other in zip(cells, by_column, strict=True):
                        by = {
                            **dict(zip(rows_in_order, one, strict=True)),
                            **dict(zip(columns, other, strict=True)),
                        }
                        placed.append((cell, tuple(by[v] for v in order)))
                if all(codes in table.cells for _, codes in placed) and _agrees(table, placed):
                    return placed
    return None


def _agrees(table: Table, placed: list[tuple[tuple[str, str], Codes]]) -> bool:
    told = 0
    for (text, _), codes in placed:
        cell, number = table.cells[codes], _number(text)
        if cell.state == "shown" and number is not None:
            if number != cell.low:
                return False
            told += number > 0
    return told > 0


def _shares(table: Table, placed: list[tuple[tuple[str, str], Codes]]) -> list[Share]:
    """Read percentages: of the known along one dimension, which the shown numbers tell."""
    order = list(table.dimensions)
    read = []
    for (_, small), codes in placed:
        match = _SHARE.search(small)
        if match:
            text = match[1].replace(",", ".")
            half = 0.5 * 10.0 ** -len(text.partition(".")[2]) + 1e-9
            read.append((codes, float(text) - half, float(text) + half))
    if not read:
        return []
    fitting = []
    for variable in order:
        categories = table.dimensions[variable]
        everybody = frozenset().union(*categories.values())
        whole = next((c for c, leaves in categories.items() if leaves == everybody), None)
        if whole is None or len(categories) < 3:
            continue
        unknown = tuple(c for c, leaves in categories.items() if leaves <= {*MISSING, "NIL"})
        at = order.index(variable)

        def moved(codes: Codes, code: str, at: int = at) -> Codes:
            return (*codes[:at], code, *codes[at + 1 :])

        found = [
            Share(table.id, codes, moved(codes, whole), tuple(moved(codes, u) for u in unknown), low, high)
            for codes, low, high in read
            if codes[at] != whole
        ]
        verdicts = [v for v in (_true(table, share) for share in found) if v is not None]
        if all(verdicts):
            fitting.append((len(verdicts), variable not in _TIME_AND_PLACE, found))
    # A few territories whose share fits by chance say less than that no table prints shares of places or years.
    best = max(fitting, key=lambda f: (f[1], f[0]), default=(0, False, []))
    # Where nothing shown tells the dimension, only the one that is neither time nor place is believed.
    return best[2] if best[0] or (best[1] and sum(f[1] for f in fitting) == 1) else []


def _true(table: Table, share: Share) -> bool | None:
    cells = [table.cells.get(c) for c in (share.part, share.whole, *share.without)]
    if any(c is None or c.low != c.high for c in cells):
        return None
    part, whole, *without = (c.low for c in cells if c is not None)
    known = whole - sum(without)
    return known > 0 and share.low <= 100 * part / known <= share.high


def _words(table: Table, grid: Grid, placed: list[tuple[tuple[str, str], Codes]]) -> None:
    """Read sentences below a table that name one of its cells and a bound."""
    across = len(placed) // len(grid.rows)
    columns = grid.columns[-across:] if len(grid.columns) >= across else [""] * across
    for sentence in re.split(r"[\n;]|(?<=[.!?])\s", grid.section):
        for pattern, bounds in _SAYS:
            match = pattern.search(sentence)
            if not match:
                continue
            number = _NUMBERS.get(match[1].lower(), int(match[1]) if match[1].isdigit() else None)
            rows = _named(sentence, [label for label, _ in grid.rows])
            named = _named(sentence, columns)
            if number is None or len(rows) != 1 or len(named) > 1 or (not named and across > 1):
                continue
            at = rows[0] * across + (named[0] if named else 0)
            learn(table.cells[placed[at][1]], *bounds(number))


def _named(sentence: str, labels: list[str]) -> list[int]:
    """Places of the labels that a sentence names; a label within a longer one that is named does not count."""
    there = [
        n for n, label in enumerate(labels) if label and re.search(rf"\b{re.escape(label)}\b", sentence, re.I)
    ]
    return [n for n in there if not any(k != n and labels[n].lower() in labels[k].lower() and labels[n] != labels[k] for k in there)]  # fmt: skip

"""The law of conservation under mutations: ``python -m tests.property.intake_law [MUTATIONS A LAYOUT] [SEED] [SECONDS]``.

Valid files of the eleven layouts and of the filled template are spoiled as people spoil them (sheets, rows and columns
moved, renamed, split, doubled, hidden, merged, put in another order), written as files and read again. Then either the
same cells are kept for the same fields, or something is said, at least to be confirmed, of a sheet that was spoiled; and the
balance counts every row that the file holds. What a file holds is counted here, from the grid that is written.
"""

from __future__ import annotations

import copy
import csv
import datetime
import io
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import xlsxwriter
from python_calamine import CalamineWorkbook

from clearing_point.countries import Profile, profile_of_territory
from clearing_point.errors import InputProblem
from clearing_point.findings import BLOCK, ERROR, WARNING, Finding, sheet_at
from clearing_point.intake import package, parser_process
from clearing_point.intake.kept import profile_of_kept, read_kept
from clearing_point.intake.layout import fold, kept_columns, lay_out
from clearing_point.intake.receive import keep_file
from clearing_point.project import Project
from clearing_point.standard import Standard, load_standard
from clearing_point.standard.spelling import spelling_of
from clearing_point.standard.workbook import write_template
from clearing_point.submission.layout import read_with_answers
from clearing_point.synthetic import make_region, read_settings, write_submissions
from pipelines.ingest import check
from tests.conftest import ROOT

LAYOUTS = ("ALB", "BGR", "BIH", "HRV", "MDA", "MKD", "MNE", "ROU", "SRB", "SVN", "XKX", "template")
PERIOD, PERSONS, KEPT_ROWS, MOST_SHEETS = "2022", 12, 4, 3
TOP = 6
"""Rows from the top in which titles and headings stand."""
Value = str | int | float | bool | datetime.date | None


@dataclass
class Sheet:
    """A sheet as a grid; rows and columns count from 0."""

    name: str
    rows: list[list[Value]]
    first: int = 1
    """First data row."""
    hidden: bool = False
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)

    @property
    def width(self) -> int:
        return max((len(row) for row in self.rows), default=0)

    def filled(self) -> int:
        """Rows with something in them; a cell that lies under another holds nothing."""
        covered = {
            (r, c) for top, left, bottom, right in self.merged for r in range(top, bottom + 1)
            for c in range(left, right + 1) if (r, c) != (top, left)
        }  # fmt: skip
        return sum(
            any(v is not None and str(v).strip() and (r, c) not in covered for c, v in enumerate(row))
            for r, row in enumerate(self.rows)
        )


Book = list[Sheet]
Mutation = Callable[[Book, random.Random], set[str]]
"""Spoils a book in place and returns the names of the sheets that it touched; none if it found nothing to do."""


def _data(book: Book, rng: random.Random) -> Sheet:
    return rng.choice([sheet for sheet in book if len(sheet.rows) > sheet.first])


def rename_sheet(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    sheet.name = rng.choice(
        [f"{sheet.name[:25]} 2022", f"{sheet.name[:26]} (2)", sheet.name.upper(), f" {sheet.name[:28]} ", "Sheet1", "Подаци",
         "Xelvina", sheet.name[:-1], f"copy of {sheet.name[:20]}"]
    )  # fmt: skip
    return {sheet.name}


def double_sheet(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    other = copy.deepcopy(sheet)
    other.name = f"{sheet.name[:26]} (2)"
    book.insert(rng.randrange(len(book) + 1), other)
    return {other.name, sheet.name}


def split_sheet(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    at = rng.randrange(sheet.first, len(sheet.rows))
    head = sheet.rows[: sheet.first] if rng.random() < 0.7 else []
    other = Sheet(
        rng.choice([f"{sheet.name[:25]} rest", "2", "Xelvina"]),
        copy.deepcopy(head + sheet.rows[at:]),
        len(head),
    )
    del sheet.rows[at:]
    book.append(other)
    return {other.name, sheet.name}


def hide_sheet(book: Book, rng: random.Random) -> set[str]:
    if len(book) < 2:
        return set()
    sheet = _data(book[1:], rng) if any(len(s.rows) > s.first for s in book[1:]) else book[1]
    sheet.hidden = True
    return {sheet.name}


def order_sheets(book: Book, rng: random.Random) -> set[str]:
    rng.shuffle(book)
    return {sheet.name for sheet in book}


def swap_names(book: Book, rng: random.Random) -> set[str]:
    if len(book) < 2:
        return set()
    one, other = rng.sample(book, 2)
    one.name, other.name = other.name, one.name
    return {one.name, other.name}


def add_sheet(book: Book, rng: random.Random) -> set[str]:
    name = rng.choice(["Notes 2022", "Xelvina", "2022"])
    book.insert(rng.randrange(len(book) + 1), Sheet(name, [["a", "b"], [1, 2]]))
    return {name}


def rows_above(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    many = rng.randrange(1, 4)
    text: list[Value] = rng.choice([[None], ["Title"], ["a", "b", "c"]])
    at = rng.randrange(sheet.first + 1)
    sheet.rows[at:at] = [list(text) for _ in range(many)]
    return {sheet.name}


def columns_left(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    many = rng.randrange(1, 3)
    for number, row in enumerate(sheet.rows):
        filler: list[Value] = [None] * many if rng.random() < 0.7 or number < sheet.first else [number] * many
        row[:0] = filler
    return {sheet.name}


def order_columns(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    order = list(range(sheet.width))
    rng.shuffle(order)
    for row in sheet.rows:
        row[:] = [row[n] if n < len(row) else None for n in order]
    return {sheet.name}


def _headings(sheet: Sheet) -> list[tuple[int, int]]:
    found = [
        (r, c) for r in range(max(0, sheet.first - 2), sheet.first) for c, v in enumerate(sheet.rows[r]) if v
    ]
    return found or [(0, 0)]


def rename_heading(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    row, column = rng.choice(_headings(sheet))
    text = str(sheet.rows[row][column])
    sheet.rows[row][column] = rng.choice(
        [f" {text} ", text.upper(), f"{text} 2022", text[:-1], "Xelvina", text.replace(" ", "\n")]
    )
    return {sheet.name}


def blank_heading(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    row, column = rng.choice(_headings(sheet))
    sheet.rows[row][column] = None
    return {sheet.name}


def double_column(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    column, to = rng.randrange(sheet.width), rng.randrange(sheet.width + 1)
    for number, row in enumerate(sheet.rows):
        row.extend([None] * (sheet.width - len(row)))
        row.insert(to, row[column] if number < sheet.first or rng.random() < 0.5 else 7)
    return {sheet.name}


def add_column(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    heading = rng.choice([None, "Remarks", "x_own", " "])
    width = sheet.width
    for number, row in enumerate(sheet.rows):
        row.extend([None] * (width - len(row)))
        row.append(
            heading if number == max(0, sheet.first - 1) else number if number >= sheet.first else None
        )
    return {sheet.name}


def move_column_away(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    column, gap, width = rng.randrange(sheet.width), rng.randrange(1, 40), sheet.width
    for row in sheet.rows:
        value = row[column] if column < len(row) else None
        if column < len(row):
            row[column] = None
        row.extend([None] * (width + gap - len(row)))
        row.append(value)
    return {sheet.name}


def hide_column(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    sheet.hidden_columns.append(rng.randrange(sheet.width))
    return {sheet.name}


def hide_row(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    sheet.hidden_rows.append(rng.randrange(len(sheet.rows)))
    return {sheet.name}


def merge_down(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    if len(sheet.rows) < sheet.first + 2:
        return set()
    top = rng.randrange(sheet.first, len(sheet.rows) - 1)
    column = rng.randrange(sheet.width)
    sheet.merged.append((top, column, rng.randrange(top + 1, len(sheet.rows)), column))
    return {sheet.name}


def merge_beside(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    if sheet.width < 2:
        return set()
    row, column = rng.randrange(sheet.first, len(sheet.rows)), rng.randrange(sheet.width - 1)
    sheet.merged.append((row, column, row, column + 1))
    return {sheet.name}


def order_rows(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    body = sheet.rows[sheet.first :]
    rng.shuffle(body)
    sheet.rows[sheet.first :] = body
    return {sheet.name}


def drop_heading_row(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    del sheet.rows[rng.randrange(sheet.first)]
    return {sheet.name}


def order_heading_rows(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    if sheet.first < 2:
        return set()
    one, other = rng.sample(range(sheet.first), 2)
    sheet.rows[one], sheet.rows[other] = sheet.rows[other], sheet.rows[one]
    return {sheet.name}


def blank_rows(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    at = rng.randrange(sheet.first, len(sheet.rows) + 1)
    sheet.rows[at:at] = [[] for _ in range(rng.choice([1, 3, 300]))]
    return {sheet.name}


def add_totals(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    word = rng.choice(["Total", "TOTAL", "Укупно", "Gjithsej", "σύνολο", "Toplam"])
    row: list[Value] = [None] * max(2, sheet.width)
    column = rng.randrange(min(2, sheet.width))
    row[column] = word
    row[-1] = 5
    sheet.rows.append(row)
    return {sheet.name}


def row_of_own_columns_only(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    width = sheet.width
    sheet.rows.append([None] * (width + 1) + ["3"])
    return {sheet.name}


def move_row_above(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    row = sheet.rows.pop(rng.randrange(sheet.first, len(sheet.rows)))
    sheet.rows.insert(rng.randrange(sheet.first), row)
    return {sheet.name}


def empty_columns_of_a_row(book: Book, rng: random.Random) -> set[str]:
    """A row that keeps its last cells only: in which block it belongs, nobody can tell."""
    sheet = _data(book, rng)
    row = sheet.rows[rng.randrange(sheet.first, len(sheet.rows))]
    sheet.rows.append([None] * (len(row) // 2) + row[len(row) // 2 :])
    del sheet.rows[sheet.rows.index(row)][len(row) // 2 :]
    return {sheet.name}


OF_SHEETS: tuple[Mutation, ...] = (
    rename_sheet, double_sheet, split_sheet, hide_sheet, order_sheets, swap_names, add_sheet, hide_column, hide_row,
    merge_down, merge_beside,
)  # fmt: skip
"""What only a workbook can suffer."""
OF_GRIDS: tuple[Mutation, ...] = (
    rows_above, columns_left, order_columns, rename_heading, blank_heading, double_column, add_column, move_column_away,
    order_rows, drop_heading_row, order_heading_rows, blank_rows, add_totals, row_of_own_columns_only, move_row_above,
    empty_columns_of_a_row,
)  # fmt: skip


# --- valid files ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def standard_of_project() -> Standard:
    return load_standard(ROOT / "schemas")


@lru_cache(maxsize=len(LAYOUTS))
def profile_of_layout(layout: str) -> Profile:
    """Read a profile once: it is the same for every file of its layout."""
    return profile_of_territory(Project(root=ROOT, data=ROOT), "MNE" if layout == "template" else layout)


def make_books(folder: Path, layouts: Sequence[str] = LAYOUTS) -> dict[str, Path]:
    """Write a valid file of every layout; the template holds the rows of a regional workbook."""
    standard = standard_of_project()
    territories = [name for name in layouts if name != "template"]
    targets = {(territory, year): PERSONS for territory in territories for year in (2021, 2022)}
    region = make_region(standard, read_settings(standard.folder), 7, range(2021, 2023), targets)
    project = Project(root=ROOT, data=folder)
    profiles = {t: profile_of_territory(project, t) for t in territories}
    files = {
        f.territory: f.path for f in write_submissions(region, standard, folder / "own", [PERIOD], profiles)
    }
    if "template" not in layouts:
        return files
    regional = write_submissions(region, standard, folder / "regional", [PERIOD])
    filled = grid_of(next(f.path for f in regional if f.territory == "MNE"))
    template = folder / "template.xlsx"
    write_template(standard, template, territory="MNE", year=int(PERIOD), language="en")
    form = grid_of(template)
    by_fields = {frozenset(v for v in s.rows[0] if v): s for s in filled if s.rows}
    for sheet in form:
        heads = sheet.rows[0] if sheet.rows else []
        other = next((s for k, s in by_fields.items() if k and k <= {v for v in heads if v}), None)
        if other is not None and len(sheet.rows) >= 2:
            del sheet.rows[2:]
            order = [other.rows[0].index(h) if h in other.rows[0] else None for h in heads]
            sheet.rows += [
                [row[n] if n is not None and n < len(row) else None for n in order] for row in other.rows[2:]
            ]
    write(form, folder / "filled.xlsx")
    return files | {"template": folder / "filled.xlsx"}


def grid_of(path: Path) -> Book:
    """Read a file into grids; a CSV file is one sheet."""
    if path.suffix == ".csv":
        profile = profile_of_territory(Project(root=ROOT, data=path.parent), path.name.split("-")[1])
        with path.open(encoding=profile.reading.encoding, newline="") as handle:
            rows = [
                [v or None for v in row] for row in csv.reader(handle, delimiter=profile.reading.delimiter)
            ]
        return [Sheet("csv", rows)]
    workbook = CalamineWorkbook.from_path(str(path))
    return [
        Sheet(name, [[v if v != "" else None for v in row] for row in workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)])
        for name in workbook.sheet_names
    ]  # fmt: skip


def small(book: Book, first_rows: dict[str, int]) -> Book:
    """Return a valid book with few rows a sheet and few sheets: what is true of them is true of more."""
    sheets = []
    for sheet in book:
        first = first_rows.get(sheet.name, 0)
        rows = (
            [list(row) for row in sheet.rows[: first + KEPT_ROWS]] if first else [list(r) for r in sheet.rows]
        )
        sheets.append(Sheet(sheet.name, rows, first or len(rows)))
    return sheets


def write(book: Book, path: Path, layout: str = "") -> Path:
    """Write a book as the file that its layout is."""
    if path.suffix == ".csv":
        profile = profile_of_layout(layout)
        with path.open("w", encoding=profile.reading.encoding, newline="") as handle:
            writer = csv.writer(handle, delimiter=profile.reading.delimiter)
            writer.writerows([["" if v is None else v for v in row] for row in book[0].rows])
        return path
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as made:
        day = made.add_format({"num_format": "dd.mm.yyyy"})
        for sheet in book:
            page = made.add_worksheet(sheet.name)
            for r, row in enumerate(sheet.rows):
                for c, value in enumerate(row):
                    if isinstance(value, datetime.date):
                        page.write_datetime(r, c, datetime.datetime.combine(value, datetime.time()) if not isinstance(value, datetime.datetime) else value, day)  # fmt: skip
                    elif value is not None:
                        page.write(r, c, value) if not isinstance(value, str) else page.write_string(
                            r, c, value
                        )
            for top, left, bottom, right in sheet.merged:
                value = sheet.rows[top][left] if left < len(sheet.rows[top]) else None
                for r in range(top, bottom + 1):
                    for c in range(left, right + 1):
                        page.write_blank(r, c, None)
                shown = value if isinstance(value, (str, int, float, bool)) or value is None else str(value)
                page.merge_range(top, left, bottom, right, "" if shown is None else shown)
            for r in sheet.hidden_rows:
                page.set_row(r, None, None, {"hidden": True})
            for c in sheet.hidden_columns:
                page.set_column(c, c, None, None, {"hidden": True})
            if sheet.hidden:
                page.hide()
    return path


# --- what a file becomes -------------------------------------------------------------------------------------------


@dataclass
class Seen:
    """What is kept of a file, and what is said of it."""

    content: Counter[frozenset[tuple[str, str, str]]]
    findings: list[Finding]
    balance: dict[str, dict[str, int]]
    refused: str = ""
    first_rows: dict[str, int] = field(default_factory=dict)


@contextmanager
def _parser_in_this_process() -> Iterator[None]:
    """Starting an interpreter takes longer than reading a small file; what it runs is the same."""

    def run(command: list[str], **_: Any) -> Any:
        out = SimpleNamespace(buffer=io.BytesIO())
        said = io.StringIO()
        with (
            mock.patch.object(sys, "argv", ["parser", command[-1]]), mock.patch.object(sys, "stdout", out),
            mock.patch.object(sys, "stderr", said), mock.patch.object(parser_process, "_limit_memory"),
            mock.patch.object(parser_process, "end_with_parent"),
        ):  # fmt: skip
            code = parser_process.main()
        return SimpleNamespace(returncode=code, stdout=out.buffer.getvalue(), stderr=said.getvalue().encode())

    with mock.patch.object(package.subprocess, "run", run):
        yield


def look(path: Path, layout: str, project: Project, standard: Standard) -> Seen:
    """Read a file as far as what is kept of it."""
    base = profile_of_layout(layout)
    try:
        with _parser_in_this_process():
            received, profile, _ = read_with_answers(project, path, base, standard)
    except InputProblem as problem:
        return Seen(Counter(), [], {}, str(problem))
    layouts, problems = lay_out(received, profile, spelling_of(standard, profile.language))
    kept_file = path.with_suffix(".parquet")
    kept_file.unlink(missing_ok=True)
    try:
        keep_file(kept_file, received, profile, standard, PERIOD)
    except InputProblem as problem:
        return Seen(Counter(), problems, {}, str(problem))
    kept, rows = read_kept(kept_file)
    found, _ = lay_out(rows, profile_of_kept(kept, profile), spelling_of(standard, profile.language))
    content: Counter[frozenset[tuple[str, str, str]]] = Counter()
    read = {one.sheet: (one.first_row, kept_columns(one)) for one in found}
    for one in found[::-1]:
        merged = dict(read[one.sheet][1])
        for number, pairs in kept_columns(one).items():
            merged[number] = [*merged.get(number, []), *(p for p in pairs if p not in merged.get(number, []))]
        read[one.sheet] = (one.first_row, merged)
    for row in rows.rows.to_pylist():
        first, columns = read.get(row["sheet"], (0, {}))
        if first and row["source_row"] >= first:
            content[
                frozenset(
                    (table, name, cell)
                    for number, cell in enumerate(row["cells"] or (), start=1) if cell is not None
                    for table, name in columns.get(number, ())
                )
            ] += 1  # fmt: skip
    content.pop(frozenset(), None)
    return Seen(
        content, [*problems, *kept.findings], dict(kept.balance["items"]),
        first_rows={one.sheet: one.first_row - 1 for one in layouts},
    )  # fmt: skip


def said_on_the_whole_way(path: Path, layout: str, project: Project, standard: Standard) -> list[Finding]:
    """Check a file as its sender would, with guard, typed rows and all rules, and return what is said."""
    profile = profile_of_layout(layout)
    with _parser_in_this_process():
        groups = check(project, standard, path, profile, PERIOD).feedback.groups
    return [Finding(g.rule_id, g.severity, "", g.table, g.field, g.sheet) for g in groups]


def violation(book: Book, touched: set[str], base: Seen, seen: Seen) -> str:
    """Return what is against the law, or an empty text."""
    if seen.refused and not seen.findings:
        return ""  # one sentence refuses the file as such: nothing of it is taken for read
    names = [sheet.name for sheet in book]
    told = {sheet_at(f.sheet or "", names) for f in seen.findings if f.severity in {BLOCK, ERROR, WARNING}}
    if not seen.refused:
        held = {sheet.name: sheet.filled() for sheet in book if sheet.filled()}
        counted = {sheet_at(name, names): items.get("rows", 0) for name, items in seen.balance.items()}
        if counted != held:
            return f"balance {sorted(set(held.items()) ^ set(counted.items()))}"
    lost = base.content - seen.content
    if (lost or seen.content - base.content or seen.refused) and not told & (touched | {""}):
        return f"{sum(lost.values())} rows differ and nothing is said; told {sorted(told)}"
    return ""


@dataclass(frozen=True)
class Ground:
    """A valid file of a layout, small, and what it becomes."""

    layout: str
    book: Book
    ending: str
    base: Seen


def ground_of(
    layout: str, path: Path, project: Project, standard: Standard, folder: Path, rng: random.Random
) -> Ground:
    """Make a small valid file of a layout: some of its sheets, if it may be sent with these alone."""
    book = grid_of(path)
    whole = look(path, layout, project, standard)
    assert not whole.refused, (layout, whole.refused)
    book = small(book, whole.first_rows)
    if len(book) > MOST_SHEETS:
        needed = {fold(s.sheet) for s in profile_of_layout(layout).sheets if s.sheet and not s.optional}
        if layout == "template":
            needed = {fold(sheet.name) for sheet in book if not sheet.name or len(sheet.rows) <= sheet.first}
        others = [n for n, sheet in enumerate(book) if fold(sheet.name) not in needed]
        some = rng.sample(others, min(len(others), max(1, MOST_SHEETS - len(needed))))
        few = [sheet for n, sheet in enumerate(book) if n in some or fold(sheet.name) in needed]
        tried = look(write(few, folder / f"base{path.suffix}", layout), layout, project, standard)
        book = few if tried.content and not tried.refused else book
    again = look(write(book, folder / f"base{path.suffix}", layout), layout, project, standard)
    assert again.content, layout
    assert violation(book, set(), again, again) == "", layout
    return Ground(layout, book, path.suffix, again)


def try_one(
    ground: Ground, rng: random.Random, project: Project, standard: Standard, folder: Path
) -> tuple[str, str]:
    """Spoil a file once or twice and read it; return what was done and what is against the law."""
    book = copy.deepcopy(ground.book)
    possible = OF_GRIDS if ground.ending == ".csv" else (*OF_SHEETS, *OF_GRIDS)
    touched: set[str] = set()
    names = []
    for mutation in rng.sample(possible, rng.choice([1, 1, 1, 2])):
        if any(len(s.rows) > s.first for s in book):
            before = [s.name for s in book]
            found = mutation(book, rng)
            if found:
                names.append(mutation.__name__)
                touched |= found
                touched = {t for t in touched if t in before or t in found}
    if len({s.name.casefold() for s in book}) < len(book):
        return "", ""
    try:
        path = write(book, folder / f"spoiled{ground.ending}", ground.layout)
    except (xlsxwriter.exceptions.XlsxWriterException, UnicodeEncodeError):
        return "", ""
    seen = look(path, ground.layout, project, standard)
    new = {s.name for s in book} - {s.name for s in ground.book}
    against = violation(book, touched | new, ground.base, seen)
    if against and not against.startswith("balance"):
        # What is wrong with a cell is said where rows become typed: the whole way is gone before it counts.
        seen.findings += said_on_the_whole_way(path, ground.layout, project, standard)
        against = violation(book, touched | new, ground.base, seen)
    return " + ".join(names), against


def run(
    layout: str, path: Path, many: int, seed: int, until: float
) -> tuple[int, list[tuple[int, str, str]]]:
    """Try many mutations of one layout, or as many as there is time for."""
    standard = standard_of_project()
    done, wrong = 0, []
    with tempfile.TemporaryDirectory(prefix="law-") as name:
        folder = Path(name)
        project = Project(root=ROOT, data=folder)
        ground = ground_of(layout, path, project, standard, folder, random.Random(seed))  # noqa: S311
        for number in range(many):
            if time.time() > until:
                break
            rng = random.Random(seed * 1_000_003 + number)  # noqa: S311 - mutations, no secrets
            what, against = try_one(ground, rng, project, standard, folder)
            done += bool(what)
            if against:
                wrong.append((number, what, against))
    return done, wrong


def main(many: int = 200, seed: int = 1, seconds: int = 3600) -> int:
    """Run the campaign and print how many mutations each layout stood."""
    until = time.time() + seconds
    with tempfile.TemporaryDirectory(prefix="law-files-") as name:
        files = make_books(Path(name))
        with ProcessPoolExecutor(2) as pool:
            # By layout in turns, so that a campaign that ends early has tried all of them.
            part = max(1, many // 10)
            totals: Counter[str] = Counter()
            failed: list[tuple[str, int, str, str]] = []
            for turn in range(-(-many // part)):
                tasks = {
                    layout: pool.submit(run, layout, files[layout], part, seed + 7919 * turn, until)
                    for layout in LAYOUTS
                }
                for layout, task in tasks.items():
                    done, wrong = task.result()
                    totals[layout] += done
                    failed += [(layout, seed + 7919 * turn, n, *w) for n, *w in wrong]  # type: ignore[misc]
                    for number, what, against in wrong:
                        print(
                            f"  {layout} seed {seed + 7919 * turn} number {number} | {what} | {against}",
                            flush=True,
                        )
                print(dict(totals), f"{len(failed)} against the law", flush=True)
                if time.time() > until:
                    break
    print(f"{sum(totals.values())} mutations, {len(failed)} against the law")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))

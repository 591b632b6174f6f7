"""How people spoil workbooks: sheets, rows and columns moved, renamed, split, doubled, hidden, merged, put in another order."""

from __future__ import annotations

import copy
import datetime
import random
from collections.abc import Callable
from dataclasses import dataclass, field

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
    row_above: bool = False
    """A data row was put above the data: what is deleted there would be gone from the file, and nobody could tell."""

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
    before = sheet.name
    sheet.name = rng.choice(
        [f"{sheet.name[:25]} 2022", f"{sheet.name[:26]} (2)", sheet.name.upper(), f" {sheet.name[:28]} ", "Sheet1", "Подаци",
         "Xelvina", sheet.name[:-1], f"copy of {sheet.name[:20]}"]
    )  # fmt: skip
    return {before, sheet.name}  # it may be told as the one that is missing


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
    if sheet.row_above:  # a person's row stands among them
        return set()
    row, column = rng.choice(_headings(sheet))
    text = str(sheet.rows[row][column])
    sheet.rows[row][column] = rng.choice(
        [f" {text} ", text.upper(), f"{text} 2022", text[:-1], "Xelvina", text.replace(" ", "\n")]
    )
    return {sheet.name}


def blank_heading(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    if sheet.row_above:  # a person's row stands among them
        return set()
    row, column = rng.choice(_headings(sheet))
    sheet.rows[row][column] = None
    return {sheet.name}


def double_column(book: Book, rng: random.Random) -> set[str]:
    sheet = _data(book, rng)
    column, to = rng.randrange(sheet.width), rng.randrange(sheet.width + 1)
    if not any(row[column] for row in sheet.rows[sheet.first :] if column < len(row)):
        # Beside an empty column of the same heading, what the other holds is simply what is sent.
        return set()
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
    if sheet.row_above:
        return set()
    del sheet.rows[rng.randrange(sheet.first)]
    sheet.row_above = True
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
    sheet.row_above = True
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

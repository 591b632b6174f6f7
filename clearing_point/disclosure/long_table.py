"""Long tables of any office (one row a cell, CSV): reading, and what an attacker knows of each cell."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clearing_point.disclosure.attacker import UNLIMITED
from clearing_point.disclosure.model import Category, Cell, Dimension
from clearing_point.disclosure.understood import Declared, Understood, understand
from clearing_point.errors import InputProblem

_HIDDEN = frozenset({"", "c", ":", "x"})
_NOTHING_SENT = "missing"
"""What a release says of a cell (column ``protection``) for which nobody sent anything: everybody knows it is zero."""
_BELOW = re.compile(r"<\s*(\d+)")
_NUMBER = re.compile(r"\d+(\.0+)?|\d{1,3}(,\d{3})+")
_THOUSANDS = re.compile(r"\d{1,3}\.000")
_MOST_CELLS = 500_000


@dataclass(frozen=True)
class LongCell:
    """A row's value: what it admits, and whether it is hidden. `line` is the row's line in the file."""

    low: int
    high: int
    hidden: bool
    line: int
    told: bool = False
    """Another column tells more of a hidden count than its sign does."""


@dataclass(frozen=True)
class LongTable:
    """A file as a table of the attacker's system (`cells.Structure`)."""

    table_id: str
    population: str
    dimensions: tuple[Dimension, ...]
    cells: Mapping[Cell, LongCell] = field(repr=False)
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = field(repr=False, default=())
    multiple_response: frozenset[str] = frozenset()
    understood: Mapping[str, Understood] = field(default_factory=dict)
    """Column -> what its categories are to each other. A total is called `total` in `cells`, whatever the file says."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the dimensions in the order of the cell keys."""
        return tuple(dimension.variable for dimension in self.dimensions)


def read_long_tables(
    paths: Sequence[Path | str],
    *,
    value: str,
    by: Sequence[str],
    total: str,
    declared: Declared | None = None,
) -> list[LongTable]:
    """Read long tables that share their dimensions.

    A dimension that a file lacks means "all" (several files only). A total is a row whose dimension says `total`, or
    whose category is recognised as the sum of the others (:mod:`clearing_point.disclosure.understood`).

    Raises
    ------
    InputProblem
        One sentence a line for all that is wrong, naming file, line and column: unreadable file, missing column, a value
        that is neither a count nor a known sign of a hidden cell, a negative or repeated cell, an empty dimension, a
        category of which only a person can say whether it is the sum of others.
    """
    declared = declared or Declared()
    if not paths:
        raise InputProblem("No file was given; name at least one CSV file.")
    if not by or len(set(by)) != len(by) or value in by:
        raise InputProblem("Name each dimension once in --by, and do not name the value column there.")
    raw = [_read(Path(path)) for path in paths]
    names = _names([Path(path) for path in paths])
    problems = []
    for name, (header, _) in zip(names, raw, strict=True):
        wanted = [value, *by] if len(raw) == 1 else [value]
        problems += [
            f"{name} has no column {column!r}; its columns are {', '.join(header)}."
            for column in wanted
            if column not in header
        ]
    problems += [
        f"No file has the column {column!r} that --by names; check the spelling."
        for column in by
        if len(raw) > 1 and not any(column in header for header, _ in raw)
    ]
    _refuse(problems)
    parsed = [
        (name, header, rows, *_cells(name, header, rows, value, by, total, problems))
        for name, (header, rows) in zip(names, raw, strict=True)
    ]
    _refuse(problems)
    columns = {
        variable: _understood(variable, [(v, c) for *_, v, c in parsed], total, declared, problems)
        for variable in by
    }
    _refuse(problems)
    leaves = {
        variable: frozenset().union(
            *(
                columns[variable].leaves(cell[variables.index(variable)])
                for *_, variables, cells in parsed
                if variable in variables
                for cell in cells
                if cell[variables.index(variable)] != columns[variable].total
            )
        )
        or frozenset({total})
        for variable in by
    }
    found = []
    for name, header, rows, variables, raw_cells in parsed:
        cells = {
            tuple(
                total if code == columns[v].total else code for v, code in zip(variables, cell, strict=True)
            ): entry
            for cell, entry in raw_cells.items()
        }
        dimensions = tuple(
            _dimension(v, {cell[at] for cell in cells}, leaves[v], total, columns[v], problems)
            for at, v in enumerate(variables)
        )
        found.append(
            LongTable(
                name, "count", dimensions, cells, tuple(header), tuple(tuple(row) for row in rows),
                understood={v: columns[v] for v in variables},
            )
        )  # fmt: skip
    _refuse(problems)
    return found


_MOST_PROBLEMS = 50


def _refuse(problems: Sequence[str]) -> None:
    """Say everything that is wrong at once."""
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        rest = [f"And {more} more of these."] if more > 0 else []
        raise InputProblem("\n".join([*problems[:_MOST_PROBLEMS], *rest]))


def _understood(
    variable: str,
    tables: Sequence[tuple[tuple[str, ...], Mapping[Cell, LongCell]]],
    total: str,
    declared: Declared,
    problems: list[str],
) -> Understood:
    codes: dict[str, None] = {}
    slices: dict[tuple[object, ...], dict[str, tuple[int, int]]] = {}
    for number, (variables, cells) in enumerate(tables):
        if variable not in variables:
            continue
        at = variables.index(variable)
        for cell, entry in cells.items():
            codes[cell[at]] = None
            low = 0 if entry.hidden else entry.low
            slices.setdefault((number, cell[:at], cell[at + 1 :]), {})[cell[at]] = (low, entry.high)
    found, wrong = understand(variable, list(codes), list(slices.values()), total, declared)
    problems += wrong
    return found


def _names(paths: Sequence[Path]) -> list[str]:
    short = [path.name for path in paths]
    return short if len(set(short)) == len(short) else [str(path) for path in paths]


def _dimension(
    variable: str,
    codes: set[str],
    leaves: frozenset[str],
    total: str,
    understood: Understood,
    problems: list[str],
) -> Dimension:
    if codes == {total}:
        return Dimension(variable, (Category(total, leaves),))
    categories = [Category(code, understood.leaves(code)) for code in sorted(codes - {total})]
    if total in codes and leaves not in {category.members for category in categories}:
        categories.append(Category(total, leaves))
    elif total in codes:
        problems.append(
            f"Dimension {variable!r} has one category and a total, which say the same; leave one of them out."
        )
    return Dimension(variable, tuple(categories))


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except OSError as problem:
        raise InputProblem(f"{path.name} cannot be read; check that the file is there.") from problem
    except (UnicodeDecodeError, csv.Error) as problem:
        raise InputProblem(f"{path.name} is not a CSV file in UTF-8; save it as one.") from problem
    if len(rows) < 2:
        raise InputProblem(f"{path.name} has no rows below its header.")
    header = [name.strip() for name in rows[0]]
    if len(set(header)) != len(header):
        raise InputProblem(f"{path.name} has two columns of the same name; rename one.")
    return header, rows[1:]


def _cells(
    name: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    value: str,
    by: Sequence[str],
    total: str,
    problems: list[str],
) -> tuple[tuple[str, ...], dict[Cell, LongCell]]:
    variables = tuple(variable for variable in by if variable in header)
    positions = [header.index(variable) for variable in variables]
    value_at = header.index(value)
    protection_at = header.index("protection") if "protection" in header and "protection" not in by else None
    cells: dict[Cell, LongCell] = {}
    before = len(problems)
    for line, row in enumerate(rows, start=2):
        if not row:
            continue
        if len(row) != len(header):
            problems.append(
                f"{name}, line {line}: {len(row)} values under {len(header)} columns; correct the row."
            )
            continue
        cell = tuple(row[at].strip() for at in positions)
        empty = [variable for variable, code in zip(variables, cell, strict=True) if not code]
        if empty:
            problems.append(
                f"{name}, line {line}: column {empty[0]!r} is empty; write its category or {total!r}."
            )
        elif cell in cells:
            problems.append(
                f"{name}, lines {cells[cell].line} and {line} are the same cell; keep one, or name the column "
                "that tells them apart in --by."
            )
        elif protection_at is not None and row[protection_at].strip() == _NOTHING_SENT:
            cells[cell] = LongCell(0, 0, False, line)
        else:
            entry = _value(row[value_at].strip(), line)
            if isinstance(entry, str):
                problems.append(f"{name}, line {line}, column {value!r}: {entry}")
                entry = LongCell(0, UNLIMITED, True, line)
            cells[cell] = entry
    if not cells and len(problems) == before:
        problems.append(f"{name} has no rows below its header.")
    return variables, cells


def _value(text: str, line: int) -> LongCell | str:
    """Return what a value admits, or what is wrong with it."""
    if text in _HIDDEN:
        return LongCell(0, UNLIMITED, True, line)
    below = _BELOW.fullmatch(text)
    if below:
        top = int(below.group(1)) - 1
        return LongCell(1, top, True, line) if top > 0 else f"'{text}' admits no count; correct it."
    if _THOUSANDS.fullmatch(text):
        return f"'{text}' may be {text.partition('.')[0]} or a thousand times as many; write it without the point."
    if _NUMBER.fullmatch(text):
        count = int(float(text.replace(",", "")))
        if count < UNLIMITED // 2:
            return LongCell(count, count, False, line)
        return "the count is too large to be one of persons."
    if text.startswith("-"):
        return "a count cannot be negative; correct it."
    return "not a whole number and none of the signs of a hidden cell (empty, c, :, x, <5); correct it."


def check_size(tables: Sequence[LongTable]) -> None:
    """Refuse tables whose combinations cannot be held (the product of all categories of all dimensions)."""
    for table in tables:
        size = 1
        for dimension in table.dimensions:
            size *= len(dimension.categories) + 1
        if size > _MOST_CELLS:
            raise InputProblem(
                f"{table.table_id}: its dimensions have {size} combinations; leave out a dimension or split the file."
            )

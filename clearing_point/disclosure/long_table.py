"""Long tables of any office (one row a cell, CSV): reading, and what an attacker knows of each cell."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clearing_point.disclosure.attacker import UNLIMITED
from clearing_point.disclosure.model import Category, Cell, Dimension
from clearing_point.errors import InputProblem

_HIDDEN = frozenset({"", "c", ":", "x"})
_NOTHING_SENT = "missing"
"""What a release says of a cell (column ``protection``) for which nobody sent anything: everybody knows it is nought."""
_BELOW = re.compile(r"<\s*(\d+)")
_NUMBER = re.compile(r"\d+(\.0+)?|\d{1,3}(,\d{3})+")
_MOST_CELLS = 500_000


@dataclass(frozen=True)
class LongCell:
    """A row's value: what it admits, and whether it is hidden. `line` is the row's line in the file."""

    low: int
    high: int
    hidden: bool
    line: int


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

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the dimensions in the order of the cell keys."""
        return tuple(dimension.variable for dimension in self.dimensions)


def read_long_tables(
    paths: Sequence[Path | str], *, value: str, by: Sequence[str], total: str
) -> list[LongTable]:
    """Read long tables that share their dimensions.

    A dimension that a file lacks means "all" (several files only). A total is a row whose dimension says `total`.

    Raises
    ------
    InputProblem
        Naming file, line and column: unreadable file, missing column, a value that is neither a count nor a
        known sign of a hidden cell, a negative or repeated cell, an empty dimension.
    """
    if not paths:
        raise InputProblem("No file was given; name at least one CSV file.")
    if not by or len(set(by)) != len(by) or value in by:
        raise InputProblem("Name each dimension once in --by, and do not name the value column there.")
    raw = [_read(Path(path)) for path in paths]
    names = _names([Path(path) for path in paths])
    for name, (header, _) in zip(names, raw, strict=True):
        wanted = [value, *by] if len(raw) == 1 else [value]
        for column in wanted:
            if column not in header:
                raise InputProblem(f"{name} has no column {column!r}; its columns are {', '.join(header)}.")
    for column in by:
        if not any(column in header for header, _ in raw):
            raise InputProblem(f"No file has the column {column!r} that --by names; check the spelling.")
    parsed = [
        (name, header, rows, *_cells(name, header, rows, value, by, total))
        for name, (header, rows) in zip(names, raw, strict=True)
    ]
    leaves: dict[str, set[str]] = {variable: set() for variable in by}
    for _, _, _, variables, cells in parsed:
        for cell in cells:
            for variable, code in zip(variables, cell, strict=True):
                if code != total:
                    leaves[variable].add(code)
    for codes in leaves.values():
        codes.update(() if codes else (total,))
    return [
        LongTable(
            name,
            "count",
            tuple(
                _dimension(variable, {cell[at] for cell in cells}, leaves[variable], total)
                for at, variable in enumerate(variables)
            ),
            cells,
            tuple(header),
            tuple(tuple(row) for row in rows),
        )
        for name, header, rows, variables, cells in parsed
    ]


def _names(paths: Sequence[Path]) -> list[str]:
    short = [path.name for path in paths]
    return short if len(set(short)) == len(short) else [str(path) for path in paths]


def _dimension(variable: str, codes: set[str], leaves: set[str], total: str) -> Dimension:
    if codes == {total}:
        return Dimension(variable, (Category(total, frozenset(leaves)),))
    categories = [Category.of(code) for code in sorted(codes - {total})]
    if total in codes and frozenset(leaves) not in {category.members for category in categories}:
        categories.append(Category(total, frozenset(leaves)))
    elif total in codes:
        raise InputProblem(
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
    name: str, header: Sequence[str], rows: Sequence[Sequence[str]], value: str, by: Sequence[str], total: str
) -> tuple[tuple[str, ...], dict[Cell, LongCell]]:
    variables = tuple(variable for variable in by if variable in header)
    positions = [header.index(variable) for variable in variables]
    value_at = header.index(value)
    protection_at = header.index("protection") if "protection" in header and "protection" not in by else None
    cells: dict[Cell, LongCell] = {}
    for line, row in enumerate(rows, start=2):
        if not row:
            continue
        if len(row) != len(header):
            raise InputProblem(
                f"{name}, line {line}: {len(row)} values under {len(header)} columns; correct the row."
            )
        cell = tuple(row[at].strip() for at in positions)
        for variable, code in zip(variables, cell, strict=True):
            if not code:
                raise InputProblem(
                    f"{name}, line {line}: column {variable!r} is empty; write its category or {total!r}."
                )
        if cell in cells:
            raise InputProblem(
                f"{name}, lines {cells[cell].line} and {line} are the same cell; keep one, or name the column "
                "that tells them apart in --by."
            )
        known_nought = protection_at is not None and row[protection_at].strip() == _NOTHING_SENT
        cells[cell] = (
            LongCell(0, 0, False, line) if known_nought else _value(name, line, value, row[value_at].strip())
        )
    if not cells:
        raise InputProblem(f"{name} has no rows below its header.")
    return variables, cells


def _value(name: str, line: int, column: str, text: str) -> LongCell:
    if text in _HIDDEN:
        return LongCell(0, UNLIMITED, True, line)
    below = _BELOW.fullmatch(text)
    if below:
        top = int(below.group(1)) - 1
        if top < 1:
            raise InputProblem(
                f"{name}, line {line}, column {column!r}: '{text}' admits no count; correct it."
            )
        return LongCell(1, top, True, line)
    if _NUMBER.fullmatch(text):
        count = int(float(text.replace(",", "")))
        if count >= UNLIMITED // 2:
            raise InputProblem(
                f"{name}, line {line}, column {column!r}: the count is too large to be one of persons."
            )
        return LongCell(count, count, False, line)
    if text.startswith("-"):
        raise InputProblem(f"{name}, line {line}, column {column!r}: a count cannot be negative; correct it.")
    raise InputProblem(
        f"{name}, line {line}, column {column!r}: not a whole number and none of the signs of a hidden cell "
        "(empty, c, :, x, <5); correct it."
    )


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

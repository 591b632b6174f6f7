"""Rows of a CSV text: whole blocks of lines at once, and one by one where quotes need it.

What a row is, the standard library's strict reader says. Most lines hold no quote, or nothing but plainly quoted
cells; for those a row is what splitting gives, and Arrow splits a block many times faster than a loop.
A line that is neither is read by the strict reader, and from the first one that it cannot read by
itself (a quote that stays open, or closes in the middle of a cell) it reads the rest of the file.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import TextIO

import pyarrow as pa
import pyarrow.compute as pc

from clearing_point.errors import InputProblem
from clearing_point.intake import limits

_BLOCK_CHARACTERS = 4 * limits.MEGABYTE
_LONGEST_LINE = limits.COLUMNS * limits.CELL_CHARACTERS

END_MARK = "\x1a"
"""Sign by which old programs mark the end of a text."""

Rows = tuple[pa.Array, pa.Array]
"""Numbers of the lines on which rows begin (the first is 1), and their cells; an empty cell, and one of blanks, is null."""


def rows_of(text: TextIO, delimiter: str, name: str) -> Iterator[Rows]:
    """Yield the rows of a CSV text, blank lines left out.

    Parameters
    ----------
    text : text stream
        Opened with ``newline=""``.
    name : str
        Of the file, for sentences.

    Raises
    ------
    InputProblem
        If it is no CSV, holds a NUL byte or is beyond the limits; names the line.
    """
    line, rest = 1, ""
    while block := text.read(_BLOCK_CHARACTERS):
        rest += block
        # A carriage return at the very end may be half of a line end.
        end = max(rest.rfind("\n"), rest.rfind("\r", 0, len(rest) - 1)) + 1
        if end == 0 and len(rest) <= _LONGEST_LINE:
            continue
        found = _split(rest[:end], delimiter, line, name) if end else None
        if found is None:
            yield from _one_by_one(_lines(rest, text), delimiter, line, name)
            return
        number_of_lines, rows = found
        yield rows
        line, rest = line + number_of_lines, rest[end:]
    rest = rest.removesuffix(END_MARK)
    found = _split(rest, delimiter, line, name)
    if found is None:
        yield from _one_by_one(_lines(rest, text), delimiter, line, name)
    else:
        yield found[1]


def _lines(started: str, text: TextIO) -> Iterable[str]:
    return itertools.chain(io.StringIO(started + text.readline(), newline=""), text)


def _split(block: str, delimiter: str, line: int, name: str) -> tuple[int, Rows] | None:
    """Split whole lines; None if one of them can only be read together with others."""
    if "\r" in block:
        block = block.replace("\r\n", "\n").replace("\r", "\n")
    lines = pc.split_pattern(pa.array([block.removesuffix("\n")]), "\n").flatten()
    _check_lines(block, line, len(lines), name)
    numbers = pa.array(range(line, line + len(lines)), pa.int32())
    filled = pc.not_equal(lines, "")
    lines, numbers = lines.filter(filled), numbers.filter(filled)
    if '"' not in block:
        cells = pc.split_pattern(lines, delimiter)
    else:
        mark = re.escape(delimiter)
        plain = pc.invert(pc.match_substring(lines, '"'))
        all_quoted = pc.match_substring_regex(lines, f'^"[^"]*"({mark}"[^"]*")*$')
        cell = f'("([^"]|"")*"|[^"{mark}]*)'
        alone = pc.match_substring_regex(lines, f"^{cell}({mark}{cell})*$")
        if not pc.all(alone).as_py():
            return None
        left = pc.invert(pc.or_(plain, all_quoted))
        inner = pc.utf8_slice_codeunits(lines.filter(all_quoted), 1, -1)
        read = csv.reader(lines.filter(left).to_pylist(), delimiter=delimiter, strict=True)
        parts = [
            (plain, pc.split_pattern(lines.filter(plain), delimiter)),
            (all_quoted, pc.split_pattern(inner, f'"{delimiter}"')),
            (left, pa.array(list(read), pa.list_(pa.string()))),
        ]
        places = pa.concat_arrays([numbers.filter(mask) for mask, _ in parts])
        cells = pa.concat_arrays([part.cast(pa.list_(pa.string())) for _, part in parts])
        cells = cells.take(pc.array_sort_indices(places))
    _check_cells(numbers, cells, name)
    return len(filled), (numbers, _without_empty(cells))


def _without_empty(cells: pa.ListArray) -> pa.ListArray:
    values = cells.flatten()
    offsets = pc.subtract(cells.offsets, cells.offsets[0])
    return pa.ListArray.from_arrays(
        offsets,
        pc.if_else(pc.equal(pc.utf8_trim_whitespace(values), ""), pa.scalar(None, pa.string()), values),
    )


def _check_lines(block: str, line: int, many: int, name: str) -> None:
    at = block.find("\x00")
    if at >= 0:
        raise _nul(name, line + block.count("\n", 0, at))
    if line + many > limits.ROWS:
        raise _too_many(name)


def _check_cells(numbers: pa.Array, cells: pa.ListArray, name: str) -> None:
    if not len(cells):
        return
    wide = pc.greater(pc.list_value_length(cells), limits.COLUMNS)
    if pc.any(wide).as_py():
        raise _too_wide(name, numbers.filter(wide)[0].as_py())
    values = cells.flatten()
    long = pc.greater(pc.utf8_length(values), limits.CELL_CHARACTERS)
    if pc.any(long).as_py():
        raise _too_long(name, numbers.take(pc.list_parent_indices(cells).filter(long))[0].as_py())


def _one_by_one(lines: Iterable[str], delimiter: str, line: int, name: str) -> Iterator[Rows]:
    """Read with the strict reader; ``line`` is the number of the first line."""
    csv.field_size_limit(limits.CELL_CHARACTERS * 4)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    numbers: list[int] = []
    first = line
    try:
        for cells in reader:
            if cells and cells != [END_MARK]:
                _check_row(cells, first, name)
                rows.append(cells)
                numbers.append(first)
            first = line + reader.line_num
            if first > limits.ROWS:
                raise _too_many(name)
            if len(rows) >= limits.BATCH_ROWS:
                yield _rows(numbers, rows)
                rows, numbers = [], []
    except csv.Error as error:
        raise InputProblem(
            f"{name}, line {first}: not readable as CSV ({error}): check the quotes there.",
            "csv_line",
            line=first,
        ) from error
    yield _rows(numbers, rows)


def _rows(numbers: list[int], rows: list[list[str]]) -> Rows:
    return (
        pa.array(numbers, pa.int32()),
        pa.array(
            [[cell if cell and not cell.isspace() else None for cell in row] for row in rows],
            pa.list_(pa.string()),
        ),
    )


def _check_row(cells: list[str], line: int, name: str) -> None:
    if len(cells) > limits.COLUMNS:
        raise _too_wide(name, line)
    joined = "".join(cells)
    if "\x00" in joined:
        raise _nul(name, line)
    if len(joined) > limits.CELL_CHARACTERS and max(map(len, cells)) > limits.CELL_CHARACTERS:
        raise _too_long(name, line)


def _nul(name: str, line: int) -> InputProblem:
    return InputProblem(
        f"{name}, line {line}: holds a NUL byte and is no text: save it as CSV again.",
        "line_no_text",
        file=name,
        line=str(line),
    )


def _too_wide(name: str, line: int) -> InputProblem:
    return InputProblem(
        f"{name}, line {line}: more than {limits.COLUMNS} columns.",
        "line_columns",
        file=name,
        line=str(line),
        columns=limits.COLUMNS,
    )


def _too_long(name: str, line: int) -> InputProblem:
    return InputProblem(
        f"{name}, line {line}: a cell has more than {limits.CELL_CHARACTERS:,} characters.",
        "line_cell",
        file=name,
        line=str(line),
        characters=limits.CELL_CHARACTERS,
    )


def _too_many(name: str) -> InputProblem:
    return InputProblem(
        f"{name} has more than {limits.ROWS:,} lines: split it by year.",
        "lines_many",
        file=name,
        lines=limits.ROWS,
    )

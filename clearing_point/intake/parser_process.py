"""The process that parses one workbook and hands its cells back as an Arrow stream.

Run as ``python -m clearing_point.intake.parser_process FILE``. It limits its own memory first, so a
hostile workbook ends this process and not the clearing point's. Exit 3 means that the workbook cannot be
read; the last line on standard error says why, as JSON: clause (English), code (of ``words.yml``), filled.
"""

from __future__ import annotations

import datetime
import itertools
import json
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.parsers.expat import ExpatError

from clearing_point.engine import without
from clearing_point.findings import place_of
from clearing_point.intake import limits
from clearing_point.intake.shown import MONTH, NO_YEAR, YEAR, is_padded, padded
from clearing_point.intake.unseen import Unseen, look_at_sheets
from clearing_point.intake.workbook_xml import HasDocumentType, NotInOrder
from clearing_point.processes import end_with_parent


@without("numpy", "pandas")  # PyArrow imports the one where it is there, and lists need neither
def main() -> int:
    """Parse the workbook named on the command line; see the module's text."""
    end_with_parent()  # what is read is nobody's once the command that asked for it was killed
    _limit_memory()
    import pyarrow as pa
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    path = Path(sys.argv[1])
    schema = pa.schema(
        [
            ("sheet", pa.string()),
            ("source_row", pa.int32()),
            ("cells", pa.list_(pa.string())),
            ("kinds", pa.string()),
            ("hidden", pa.bool_()),
        ]
    )
    try:
        unseen = look_at_sheets(path)
        # A sheet may be named after a person: what the limits say of it names its place.
        for number, found in enumerate(unseen.values(), start=1):
            _check_size(place_of(number), found)
        workbook = CalamineWorkbook.from_path(str(path))
        text_bytes = 0
        facts = {name: _facts(unseen.get(name, Unseen())) for name in workbook.sheet_names}
        with pa.ipc.new_stream(sys.stdout.buffer, schema.with_metadata({FACTS: json.dumps(facts)})) as stream:
            for number, name in enumerate(workbook.sheet_names, start=1):
                found = unseen.get(name, Unseen())
                if not found.last_row:
                    continue  # nothing in it, or no sheet of cells
                last = 0
                for numbers, rows, kinds in _batches(workbook, name, place_of(number), found):
                    text_bytes = _counted(text_bytes, rows)
                    last = next(
                        (n for n, row in zip(numbers[::-1], rows[::-1], strict=True) if any(row)), last
                    )
                    hidden = [number in found.hidden_rows for number in numbers]
                    stream.write_batch(
                        pa.record_batch(
                            [[name] * len(rows), pa.array(numbers, pa.int32()), rows, kinds, hidden],
                            schema=schema,
                        )
                    )
                if last < found.last_row and path.suffix.lower() != ".ods":
                    _check_last(path, name, last)
    except PasswordError:
        return _unreadable("is protected by a password: remove it and send the file again.", "file_password")
    except HasDocumentType:
        return _unreadable("holds a document type declaration and is not read.", "file_strange")
    except _TooLarge as error:
        return _unreadable(str(error), error.code, error.filled)
    except MemoryError:
        return _unreadable(NO_MEMORY, "file_memory")
    except (CalamineError, zipfile.BadZipFile, zlib.error, ExpatError, ValueError, KeyError, OverflowError, OSError,
            EOFError, NotImplementedError, struct.error):  # fmt: skip
        return _unreadable(_DAMAGED, "file_damaged")
    except BaseException as error:
        # The parser's own panics are no ordinary exceptions.
        if type(error).__name__ != "PanicException":
            raise
        return _unreadable(_DAMAGED, "file_damaged")
    return 0


FACTS = b"facts"
"""Key of what is said of each sheet, beside the rows: state, hidden columns."""
BELOW, BESIDE, UNDER = "v", "w", "u"
"""Kinds of a cell that lies under a cell made of several: of one column; of several columns; of one column, and with content
of its own that no office program shows."""

NO_MEMORY = (
    "cannot be read in the memory there is for it: close other programs, delete empty rows, columns and sheets, or save its "
    "sheets as CSV and send those."
)
_DAMAGED = "is damaged inside: open it in your office program, save it again and send that."


class _TooLarge(Exception):
    """A sheet is beyond the limits: an English clause, its code in ``words.yml``, and what stands in the places of that."""

    def __init__(self, clause: str, code: str, **filled: object) -> None:
        super().__init__(clause)
        self.code, self.filled = code, filled


def _counted(before: int, rows: list[list[str | None]]) -> int:
    """Add the size of some rows; one long text may be named by millions of cells."""
    size = before + sum(len(cell) for row in rows for cell in row if cell)
    if size > limits.WORKBOOK_TEXT_BYTES:
        raise _TooLarge(
            f"holds more than {limits.WORKBOOK_TEXT_BYTES // limits.MEGABYTE} MB of text: split it by year.",
            "file_text",
            megabytes=limits.WORKBOOK_TEXT_BYTES // limits.MEGABYTE,
        )
    return size


def _check_size(place: str, found: Unseen) -> None:
    """Refuse what would take too much memory, by the cells that hold something: empty ones do no harm."""
    if found.last_column > limits.COLUMNS:
        raise _TooLarge(
            f"has a cell with content beyond column {limits.COLUMNS} on the sheet “{place}”: delete what stands there.",
            "sheet_column",
            column=str(limits.COLUMNS),
            sheet=place,
        )
    if found.last_row > limits.ROWS // 2:
        raise _TooLarge(
            f"has a cell with content beyond row {limits.ROWS // 2:,} on the sheet “{place}”: delete what stands there.",
            "sheet_row",
            row=limits.ROWS // 2,
            sheet=place,
        )
    if found.last_row * found.last_column > limits.CELLS:
        raise _TooLarge(
            f"has more than {limits.CELLS:,} cells on the sheet “{place}”: delete what stands far below or right.",
            "sheet_cells",
            cells=limits.CELLS,
            sheet=place,
        )


def _check_last(path: Path, name: str, last: int) -> None:
    """Refuse a sheet of which the parser gave no more than its first rows."""
    from clearing_point.intake.below_the_last import holds_text_below

    if holds_text_below(path, name, last):
        raise NotInOrder


def _facts(found: Unseen) -> dict[str, object]:
    hidden = sorted(n for n in found.hidden_columns if n <= found.last_column)
    return {
        "state": found.state,
        "hidden_columns": hidden,
        "unshown_columns": sorted(found.unshown_columns),
        "struck_rows": sorted(found.struck_rows),
        "struck_columns": sorted(found.struck_columns),
        "otherwise_columns": sorted(n for n in found.otherwise_columns if n <= found.last_column),
    }


def _unreadable(clause: str, code: str, filled: Mapping[str, object] | None = None) -> int:
    # A line of its own: a parser that panics has written of it before.
    sys.stderr.write("\n" + json.dumps({"clause": clause, "code": code, "filled": filled or {}}))
    return 3


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not on Windows; the package was looked over all the same
        return
    # Somebody may have set a lower limit already, which cannot be raised.
    _, hardest = resource.getrlimit(resource.RLIMIT_AS)
    most = (
        limits.READER_MEMORY_BYTES
        if hardest == resource.RLIM_INFINITY
        else min(limits.READER_MEMORY_BYTES, hardest)
    )
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


_Batch = tuple[list[int], list[list[str | None]], list[str]]


def _batches(workbook: object, name: str, place: str, found: Unseen) -> Iterator[_Batch]:
    sheet = workbook.get_sheet_by_name(name)  # type: ignore[attr-defined]
    start = sheet.start
    first_column = 0 if start is None else start[1]
    if sheet.total_height * max(1, sheet.total_width) > limits.CELLS or sheet.total_width > limits.COLUMNS:
        raise _TooLarge(
            f"has more than {limits.CELLS:,} cells on the sheet “{place}”: delete empty rows and columns.",
            "sheet_cells",
            cells=limits.CELLS,
            sheet=place,
        )
    numbers: list[int] = []
    rows: list[list[str | None]] = []
    kinds: list[str] = []
    lead: list[str | None] = [None] * first_column
    told = _by_row(found)
    # The parser yields leading blank rows but not leading blank columns (a test holds it to that), and none below the
    # last value, where an error cell may stand all the same.
    empty: list[object] = []
    for row_number, values in enumerate(itertools.chain(sheet.iter_rows(), itertools.repeat(empty)), start=1):
        if values is empty and row_number > found.last_row:
            break
        cells = [*lead, *map(_text, values)]
        letters = "." * first_column + "".join(
            [
                _LETTERS.get(type(value), ".") if cell is not None else "."
                for value, cell in zip(values, cells[first_column:], strict=True)
            ]
        )
        if row_number in told:
            letters = _tell(cells, letters, told[row_number])
        numbers.append(row_number)
        rows.append(cells)
        kinds.append(letters)
        if len(rows) >= limits.BATCH_ROWS:
            yield numbers, rows, kinds
            numbers, rows, kinds = [], [], []
    if rows:
        yield numbers, rows, kinds


_Told = tuple[int, str, str]
"""Column, kind and text (of error cells) of a cell that the parser gives otherwise than it is shown."""


def _by_row(found: Unseen) -> dict[int, list[_Told]]:
    told: dict[int, list[_Told]] = {}
    for (row, column), kind in found.shown.items():
        told.setdefault(row, []).append((column, kind, ""))
    for (row, column), text in found.errors.items():
        told.setdefault(row, []).append((column, "e", text))
    for (row, column), text in found.replaced.items():
        told.setdefault(row, []).append((column, "t", text))
    if (
        sum(
            max(0, min(bottom, found.last_row) - top + 1) * max(0, min(right, found.last_column) - left + 1)
            for top, left, bottom, right in found.merged
        )
        > limits.MERGED_CELLS
    ):
        raise _TooLarge(
            f"has more than {limits.MERGED_CELLS:,} merged cells: part them and send the file again.",
            "merged_cells",
            cells=limits.MERGED_CELLS,
        )
    for top, left, bottom, right in found.merged:
        kind = BELOW if left == right else BESIDE
        for row in range(top, min(bottom, found.last_row) + 1):
            for column in range(left, min(right, found.last_column) + 1):
                if (row, column) != (top, left):
                    told.setdefault(row, []).append((column, kind, ""))
    return told


def _tell(cells: list[str | None], letters: str, told: list[_Told]) -> str:
    """Put what the parser does not say into a row; return its letters."""
    marked = list(letters)
    for column, kind, text in told:
        while column > len(cells):
            cells.append(None)
            marked.append(".")
        here = cells[column - 1]
        if kind in {"e", "t"}:
            cells[column - 1], marked[column - 1] = text, kind
        elif kind in {MONTH, YEAR}:
            if marked[column - 1] == "d" and here:
                cells[column - 1], marked[column - 1] = here[: 7 if kind == MONTH else 4], kind
        elif kind == NO_YEAR:
            if marked[column - 1] == "d" and here:
                marked[column - 1] = kind
        elif is_padded(kind):
            if marked[column - 1] == "n" and here:
                cells[column - 1], marked[column - 1] = padded(here, kind), "t"
        else:  # what lies under the cell that is shown is not shown, and a program may have kept it
            cells[column - 1], marked[column - 1] = (
                None,
                UNDER if kind == BELOW and here is not None else kind,
            )
    return "".join(marked)


_LETTERS: dict[type, str] = {
    str: "t", bool: "b", float: "n", int: "n", datetime.datetime: "d", datetime.date: "d",
    datetime.time: "t", datetime.timedelta: "t",
}  # fmt: skip


def _text(value: object) -> str | None:
    """Return a cell's text; a whole number loses its ``.0``."""
    if isinstance(value, str):
        if len(value) > limits.CELL_CHARACTERS:
            raise _TooLarge(
                f"has a cell of more than {limits.CELL_CHARACTERS:,} characters: shorten it.",
                "cell_long",
                characters=limits.CELL_CHARACTERS,
            )
        return value if value and not value.isspace() else None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime.datetime):
        value = _whole_second(value)
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    return None if value is None else str(value)


def _number(value: float) -> str:
    """Write a number as office programs show it: with fifteen digits, beyond which they hold noise."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = f"{value:.15g}"
    return text.partition(".")[0] if float(text).is_integer() and "e" not in text else text


def _whole_second(value: datetime.datetime) -> datetime.datetime:
    """Drop the fraction of a second; the last thousandth of one is the noise of a number that stands for the next."""
    whole = value.replace(microsecond=0)
    return whole + datetime.timedelta(seconds=1) if value.microsecond >= 999_000 else whole


if __name__ == "__main__":
    sys.exit(main())

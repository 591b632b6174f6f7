"""The process that parses one workbook and hands its cells back as an Arrow stream.

Run as ``python -m clearing_point.intake.parser_process FILE``. It limits its own memory first, so a
hostile workbook ends this process and not the clearing point's. Exit 3 with one clause on standard
error means that the workbook cannot be read.
"""

from __future__ import annotations

import datetime
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import ParseError

from clearing_point.intake import limits
from clearing_point.intake.unseen import Unseen, look_at_sheets
from clearing_point.processes import end_with_parent


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
        workbook = CalamineWorkbook.from_path(str(path))
        unseen = look_at_sheets(path)
        text_bytes = 0
        with pa.ipc.new_stream(sys.stdout.buffer, schema) as stream:
            for name in workbook.sheet_names:
                found = unseen.get(name, Unseen())
                for numbers, rows, kinds in _batches(workbook, name, found.errors):
                    text_bytes = _counted(text_bytes, rows)
                    hidden = [number in found.hidden_rows for number in numbers]
                    stream.write_batch(
                        pa.record_batch(
                            [[name] * len(rows), pa.array(numbers, pa.int32()), rows, kinds, hidden],
                            schema=schema,
                        )
                    )
    except PasswordError:
        return _refuse("is protected by a password: remove it and send the file again.")
    except _TooLarge as error:
        return _refuse(str(error))
    except MemoryError:
        return _refuse("needs more memory to read than a table does: delete empty rows, columns and sheets.")
    except (CalamineError, zipfile.BadZipFile, zlib.error, ParseError, ValueError, KeyError, OverflowError, OSError,
            EOFError, NotImplementedError, struct.error):  # fmt: skip
        return _refuse(_DAMAGED)
    except BaseException as error:
        # The parser's own panics are no ordinary exceptions.
        if type(error).__name__ != "PanicException":
            raise
        return _refuse(_DAMAGED)
    return 0


_DAMAGED = "is damaged inside: open it in your office program, save it again and send that."


class _TooLarge(Exception):
    """A sheet is beyond the limits."""


def _counted(before: int, rows: list[list[str | None]]) -> int:
    """Add the size of some rows; one long text may be named by millions of cells."""
    size = before + sum(len(cell) for row in rows for cell in row if cell)
    if size > limits.WORKBOOK_TEXT_BYTES:
        raise _TooLarge(
            f"holds more than {limits.WORKBOOK_TEXT_BYTES // limits.MEGABYTE} MB of text: split it by year."
        )
    return size


def _refuse(clause: str) -> int:
    sys.stderr.write(clause)
    return 3


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not on Windows; the package was looked over all the same
        return
    resource.setrlimit(resource.RLIMIT_AS, (limits.READER_MEMORY_BYTES, limits.READER_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


_Batch = tuple[list[int], list[list[str | None]], list[str]]


def _batches(workbook: object, name: str, errors: dict[tuple[int, int], str]) -> Iterator[_Batch]:
    sheet = workbook.get_sheet_by_name(name)  # type: ignore[attr-defined]
    start = sheet.start
    if start is None:
        return
    first_column = start[1]
    if sheet.total_height * max(1, sheet.total_width) > limits.CELLS or sheet.total_width > limits.COLUMNS:
        raise _TooLarge(f"has a sheet of more than {limits.CELLS:,} cells: delete empty rows and columns.")
    numbers: list[int] = []
    rows: list[list[str | None]] = []
    kinds: list[str] = []
    lead: list[str | None] = [None] * first_column
    by_row: dict[int, list[tuple[int, str]]] = {}
    for (row_number, column), text in errors.items():
        by_row.setdefault(row_number, []).append((column, text))
    # The parser yields leading blank rows but not leading blank columns (a test holds it to that).
    for row_number, values in enumerate(sheet.iter_rows(), start=1):
        pairs = [_text(value) for value in values]
        cells = lead + [text for text, _ in pairs]
        letters = "." * first_column + "".join(kind for _, kind in pairs)
        for column, text in by_row.get(row_number, ()):
            if column <= len(cells):
                cells[column - 1] = text
                letters = letters[: column - 1] + "e" + letters[column:]
        numbers.append(row_number)
        rows.append(cells)
        kinds.append(letters)
        if len(rows) >= limits.BATCH_ROWS:
            yield numbers, rows, kinds
            numbers, rows, kinds = [], [], []
    if rows:
        yield numbers, rows, kinds


def _text(value: object) -> tuple[str | None, str]:
    """Return a cell's text and the letter of its kind; a whole number loses its `.0`."""
    if isinstance(value, str):
        if len(value) > limits.CELL_CHARACTERS:
            raise _TooLarge(f"has a cell of more than {limits.CELL_CHARACTERS:,} characters.")
        return (value, "t") if value else (None, ".")
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), "b"
    if isinstance(value, float):
        return (str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)), "n"
    if isinstance(value, int):
        return str(value), "n"
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return (value.date().isoformat() if midnight else value.isoformat(sep=" ")), "d"
    if isinstance(value, datetime.date):
        return value.isoformat(), "d"
    return (None, ".") if value is None else (str(value), "t")


if __name__ == "__main__":
    sys.exit(main())

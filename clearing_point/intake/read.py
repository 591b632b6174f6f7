"""Reading a received file as text, with true addresses and nothing interpreted.

Every reader yields the same thing: sheets of rows, each row with its number in the sender's sheet
(1 is the first), its cells as text in source order and one letter a cell for what it was
(``t`` text, ``n`` number, ``d`` date, ``b`` yes or no, ``e`` error, ``.`` empty). Workbooks are
scanned as a package first and then parsed in a process of their own with a memory limit, because a
1 KB file can abort the parser (``stack.md`` 5).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import stat
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pyarrow as pa

from clearing_point.errors import InputProblem
from clearing_point.intake import limits
from clearing_point.intake.encodings import Expected, encoding_of, plain
from clearing_point.intake.package import read_workbook
from clearing_point.intake.text_rows import rows_of

SCHEMA = pa.schema(
    [
        ("sheet", pa.string()),
        ("source_row", pa.int32()),
        ("cells", pa.list_(pa.string())),
        ("kinds", pa.string()),
        ("hidden", pa.bool_()),
    ]
)

WORKBOOKS = (".xlsx", ".xlsm", ".ods")
TEXTS = (".csv", ".csv.gz", ".txt")
CSV_SHEET = "csv"
"""A CSV file is one sheet of this name in every message."""

_DELIMITERS = (";", ",", "\t", "|")
_TOP_BYTES, _TOP_LINES = 65_536, 40
_WHOLE_LINES = 3
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""Name of the part that holds a workbook under a password; it stands plainly in the old container."""
_ZIP = b"PK\x03\x04"
_NO_TEXT = (_ZIP, _OLD_OFFICE, b"%PDF", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!")
"""How workbooks, pages to print and packed files begin."""
_OTHER_KINDS = {
    ".xls": "is in the old Excel format (.xls): open it and save it as .xlsx",
    ".xlsb": "is a binary workbook (.xlsb): open it and save it as .xlsx",
    ".doc": "is a text document: send the table as a workbook (.xlsx) or .csv",
    ".docx": "is a text document: send the table as a workbook (.xlsx) or .csv",
    ".pdf": "is a page to print, from which no table can be read safely: send the workbook it was made of",
}


@dataclass(frozen=True)
class SheetFacts:
    """What is said of a sheet beside its rows."""

    state: str = "visible"
    hidden_columns: tuple[int, ...] = ()
    """Numbers of columns that the sender's program does not show; 1 is the first."""
    unshown_columns: tuple[int, ...] = ()
    """Numbers of columns with cells whose own format shows nothing of what they hold."""
    otherwise_columns: tuple[int, ...] = ()
    """Numbers of columns that a conditional format shows otherwise."""
    struck_rows: tuple[int, ...] = ()
    struck_columns: tuple[int, ...] = ()
    """Numbers of rows and columns with cells that are struck out."""


@dataclass(frozen=True)
class ReceivedFile:
    """A file as it came: rows as an Arrow table of :data:`SCHEMA`."""

    name: str
    sha256: str
    size: int
    sheets: tuple[str, ...]
    rows: pa.Table
    encoding: str | None = None
    """Of a CSV file: the encoding in which it was read."""
    delimiter: str = ""
    """Of a CSV file: the sign between its cells."""
    facts: Mapping[str, SheetFacts] = field(default_factory=dict)
    """Every sheet of a workbook, those without content too -> what is said of it beside its rows."""

    def hand_over(self) -> pa.RecordBatchReader:
        """Give the rows away batch by batch, for the last time: nothing else is so large in memory."""
        batches = self.rows.to_batches()[::-1]
        object.__setattr__(self, "rows", self.rows.schema.empty_table())
        return pa.RecordBatchReader.from_batches(self.rows.schema, _taken(batches))


def _taken(batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    while batches:
        yield batches.pop()


def read_file(
    path: Path,
    *,
    encoding: str = "utf-8-sig",
    delimiter: str = ",",
    expected: Expected | None = None,
) -> ReceivedFile:
    """Read a workbook or CSV.

    Parameters
    ----------
    path : Path
        ``.xlsx``, ``.xlsm`` (macros are never run), ``.ods``, ``.csv`` or ``.csv.gz``.
    encoding, delimiter : str
        For CSV, as the profile declares them.
    expected : Expected, optional
        The sender's letters and words, by which the encoding is decided where the bytes contradict the
        declaration (:mod:`clearing_point.intake.encodings`). Without it the declaration is final.

    Raises
    ------
    InputProblem
        One sentence for anything that cannot be read as such a file.
    """
    _give_memory_back()
    kind = _kind(path)
    size = _size(path)
    if size == 0:
        raise InputProblem(f"{path.name} is empty (0 bytes): send the file again.", "file_empty")
    if size > limits.FILE_BYTES:
        raise InputProblem(
            f"{path.name} has {size // limits.MEGABYTE} MB; at most "
            f"{limits.FILE_BYTES // limits.MEGABYTE} MB are read: split it by year.",
            "file_large",
            file=path.name,
            megabytes=size // limits.MEGABYTE,
            most=limits.FILE_BYTES // limits.MEGABYTE,
        )
    sha256 = hash_of_file(path)
    if kind in WORKBOOKS:
        _check_signature(path)
        rows = read_workbook(path, SCHEMA)
        found, delimiter = None, ""
    else:
        _check_text(path)
        found = encoding if expected is None else _encoding(path, encoding, expected)
        if expected is not None:
            delimiter = _delimiter(path, found, delimiter, expected)
        rows = pa.Table.from_batches(_csv_batches(path, found, delimiter), schema=SCHEMA)
    sheets = tuple(dict.fromkeys(rows.column("sheet").unique().to_pylist()))
    return ReceivedFile(path.name, sha256, size, sheets, rows, found, delimiter, _facts(rows))


def _facts(rows: pa.Table) -> dict[str, SheetFacts]:
    told = json.loads((rows.schema.metadata or {}).get(b"facts", b"{}"))
    return {
        name: SheetFacts(
            said["state"],
            tuple(said["hidden_columns"]),
            tuple(said["unshown_columns"]),
            tuple(said["otherwise_columns"]),
            tuple(said["struck_rows"]),
            tuple(said["struck_columns"]),
        )
        for name, said in told.items()
    }


def _give_memory_back() -> None:
    """Let memory of rows that were let go of go back at once: Arrow's usual pool keeps half as much again."""
    if "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
        pa.jemalloc_set_decay_ms(0)


def _size(path: Path) -> int:
    """Return the size of an ordinary file; a link, pipe or device is none: what it leads to may change under us."""
    try:
        path.name.encode("utf-8")
        about = path.lstat()
    except UnicodeEncodeError as error:
        raise InputProblem(
            "The name of the file is not readable text: rename it and try again.", "file_name"
        ) from error
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "no such name"
        raise InputProblem(f"{path} cannot be opened: {said}.", "file_not_opened", file=path) from error
    if stat.S_ISLNK(about.st_mode):
        raise InputProblem(
            f"{path.name} is a link to another file: name that file itself.", "file_link", file=path.name
        )
    if not stat.S_ISREG(about.st_mode):
        raise InputProblem(f"{path.name} is not a file.", "file_none", file=path.name)
    return about.st_size


def _kind(path: Path) -> str:
    name = path.name.lower()
    for ending in (*TEXTS, *WORKBOOKS):
        if name.endswith(ending):
            return ending
    known = ", ".join((*WORKBOOKS, *TEXTS))
    other = next((clause for ending, clause in _OTHER_KINDS.items() if name.endswith(ending)), None)
    if other is not None:
        raise InputProblem(f"{path.name} {other}.", "file_kind", file=path.name, kinds=known)
    raise InputProblem(
        f"{path.name} is not of a kind that is read here ({known}): save it as .xlsx or .csv.",
        "file_kind", file=path.name, kinds=known,
    )  # fmt: skip


def _check_signature(path: Path) -> None:
    with path.open("rb") as handle:
        start = handle.read(4)
        locked = start == _OLD_OFFICE and _ENCRYPTED in handle.read()
    if locked:
        raise InputProblem(
            f"{path.name} is protected by a password: remove it and send the file again.", "file_password"
        )
    if start == _OLD_OFFICE:
        raise InputProblem(
            f"{path.name} is in the old Excel format (.xls), whatever its name says: open it and save it as .xlsx.",
            "file_old_excel",
        )
    if start != _ZIP:
        raise InputProblem(
            f"{path.name} is not a workbook, whatever its name says: save it as .xlsx and send it again.",
            "file_no_workbook",
        )


def _check_text(path: Path) -> None:
    """Refuse a workbook, a page to print or a packed file that is called a text file."""
    with path.open("rb") as handle:
        start = handle.read(4)
    if start.startswith(_NO_TEXT) and not path.name.lower().endswith(".gz"):
        raise InputProblem(
            f"{path.name} is no text file, whatever its name says: open it with the program that made it, save it as "
            ".xlsx and send that.",
            "file_no_text",
            file=path.name,
        )


def hash_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hex text.

    Raises
    ------
    InputProblem
        If it cannot be opened.
    """
    digest = hashlib.sha256()
    _size(path)
    try:
        with path.open("rb") as handle:
            while block := handle.read(limits.MEGABYTE):
                digest.update(block)
    except OSError as error:
        raise InputProblem(
            f"{path} cannot be opened: {error.strerror}.", "file_not_opened", file=path
        ) from error
    return digest.hexdigest()


class _Bounded(io.RawIOBase):
    """Unpacks a compressed CSV only up to a limit."""

    def __init__(self, source: IO[bytes], name: str) -> None:
        self._source, self._name, self._read = source, name, 0
        self._line = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        block = self._source.read(len(buffer))
        self._read += len(block)
        if self._read > limits.UNPACKED_BYTES:
            raise InputProblem(
                f"{self._name} unpacks to more than {limits.UNPACKED_BYTES // limits.MEGABYTE} MB: split it by year.",
                "file_unpacks",
                megabytes=limits.UNPACKED_BYTES // limits.MEGABYTE,
            )
        # The longest line is held in memory whole; a file without line ends would be held whole too.
        end = max(block.rfind(b"\n"), block.rfind(b"\r"))
        self._line = len(block) - end - 1 if end >= 0 else self._line + len(block)
        if self._line > limits.LINE_BYTES:
            raise InputProblem(
                f"{self._name} has a line of more than {limits.LINE_BYTES // limits.MEGABYTE} MB and is no table.",
                "line_long",
                file=self._name,
                megabytes=limits.LINE_BYTES // limits.MEGABYTE,
            )
        buffer[: len(block)] = block
        return len(block)


def _encoding(path: Path, declared: str, expected: Expected) -> str:
    packed = path.name.lower().endswith(".gz")
    try:
        with gzip.open(path, "rb") if packed else path.open("rb") as source:
            bounded = io.BufferedReader(_Bounded(source, path.name), limits.MEGABYTE)  # type: ignore[arg-type]
            return encoding_of(bounded, path.name, declared, expected)
    except (EOFError, gzip.BadGzipFile, zlib.error, OSError) as error:
        raise InputProblem(
            f"{path.name} is damaged or cut off: send the file again.", "file_damaged"
        ) from error


def _delimiter(path: Path, encoding: str, declared: str, expected: Expected) -> str:
    """Return the sign between the cells: the declared one, unless a line near the top holds headings by another only."""
    packed = path.name.lower().endswith(".gz")
    try:
        with gzip.open(path, "rb") if packed else path.open("rb") as source:
            top = source.read(_TOP_BYTES).decode(encoding, errors="ignore").splitlines()[:_TOP_LINES]
    except (EOFError, gzip.BadGzipFile, zlib.error, OSError) as error:
        raise InputProblem(
            f"{path.name} is damaged or cut off: send the file again.", "file_damaged"
        ) from error

    if _is_quoted_whole(top, declared):
        raise InputProblem(
            f"{path.name}: each line stands in quotes as if it were one cell, as happens where a table is copied into one "
            "column and saved: open the file it was made of and save that as CSV.",
            "quoted_whole",
            file=path.name,
        )

    def known(delimiter: str) -> int:
        return max(
            (
                len({plain(cell.strip().strip('"')) for cell in line.split(delimiter)} & expected.words)
                for line in top
            ),
            default=0,
        )

    found = {delimiter: known(delimiter) for delimiter in dict.fromkeys((declared, *_DELIMITERS))}
    best = max(found, key=lambda d: found[d])
    return best if found[declared] <= 1 and found[best] > 2 else declared


def _is_quoted_whole(top: Sequence[str], delimiter: str) -> bool:
    """Whether the first lines are one quoted cell each, with what looks like a row in it."""
    lines = [line for line in top if line.strip()][:_WHOLE_LINES]
    return len(lines) == _WHOLE_LINES and all(
        line.startswith('"')
        and line.rstrip().endswith('"')
        and line.count('"') % 2 == 0
        and '"' not in line.rstrip()[1:-1].replace('""', "")
        and any(sign in line for sign in (delimiter, *_DELIMITERS))
        for line in lines
    )


def _csv_batches(path: Path, encoding: str, delimiter: str) -> Iterator[pa.RecordBatch]:
    packed = path.name.lower().endswith(".gz")
    try:
        with gzip.open(path, "rb") if packed else path.open("rb") as source:
            bounded = io.BufferedReader(_Bounded(source, path.name), limits.MEGABYTE)  # type: ignore[arg-type]
            with io.TextIOWrapper(bounded, encoding=encoding, errors="strict", newline="") as text:
                for numbers, cells in rows_of(text, delimiter, path.name):
                    yield _batch(numbers, cells)
    except UnicodeDecodeError as error:
        raise InputProblem(
            f"{path.name} is not text in the encoding {encoding} that was named or declared "
            f"(byte {error.start + 1} of a block): save it as UTF-8, or name another with --encoding.",
            "encoding_wrong",
            encoding=encoding,
        ) from error
    except (EOFError, gzip.BadGzipFile, zlib.error, OSError) as error:
        raise InputProblem(
            f"{path.name} is damaged or cut off: send the file again.", "file_damaged"
        ) from error


def _batch(numbers: pa.Array, cells: pa.Array) -> pa.RecordBatch:
    many = len(numbers)
    return pa.record_batch(
        [
            pa.repeat(CSV_SHEET, many),
            numbers,
            cells,
            pa.nulls(many, pa.string()),
            pa.nulls(many, pa.bool_()),
        ],
        schema=SCHEMA,
    )

"""A workbook as a package: looked over before any parser, then parsed in a process of its own."""

from __future__ import annotations

import json
import lzma
import os
import re
import signal
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from clearing_point.errors import InputProblem, InternalError
from clearing_point.intake import limits
from clearing_point.intake.parser_process import NO_MEMORY

_DOCTYPE = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_REFUSED = 3
_NO_MEMORY = re.compile(
    rb"MemoryError|allocate \w*\s*memory|memory allocation|failed to map segment|bad_alloc|out of memory|malloc of size",
    re.IGNORECASE,
)
"""What Python, the loader of libraries, NumPy's library and the parser write when memory is refused them."""
_START_BYTES = 4096


def read_workbook(path: Path, schema: pa.Schema) -> pa.Table:
    """Look over a workbook's package, then parse it in a child process with limits.

    Raises
    ------
    InputProblem
        If it is damaged, too large, or the parser dies of it.
    """
    look_over(path)
    command = [sys.executable, "-X", "utf8", "-m", "clearing_point.intake.parser_process", str(path)]
    try:
        # The child inherits no standard input and hands rows back as an Arrow stream.
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limits.READER_SECONDS,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    except subprocess.TimeoutExpired as error:
        raise InputProblem(
            f"{path.name} takes more than {limits.READER_SECONDS} seconds to read: save it as CSV.",
            "file_slow",
        ) from error
    if done.returncode == _REFUSED:
        said = json.loads(done.stderr.decode("utf-8", "replace").splitlines()[-1])
        raise _refused(path.name, said)
    # The system ends with SIGKILL what asks for more memory than there is.
    if done.returncode == -signal.SIGKILL or _NO_MEMORY.search(done.stderr):
        raise InputProblem(f"{path.name} {NO_MEMORY}", "file_memory", file=path.name)
    if done.returncode < 0:
        raise InputProblem(
            f"{path.name} cannot be read: its contents break the workbook parser. "
            "Copy the sheets into a new workbook and send that.",
            "file_strange",
            file=path.name,
        )
    if done.returncode != 0:
        raise InternalError(f"The workbook parser failed on {path.name} with code {done.returncode}.")
    with pa.ipc.open_stream(pa.BufferReader(done.stdout)) as reader:
        table: pa.Table = reader.read_all()
    return table.cast(schema.with_metadata(table.schema.metadata))


def _refused(name: str, said: Mapping[str, Any]) -> InputProblem:
    """Return what the parser's process said of a file, with the file's name before it."""
    return InputProblem(f"{name} {said['clause']}", said["code"], **{"file": name, **said["filled"]})


def look_over(path: Path) -> None:
    """Refuse a package that is damaged, hostile or beyond the limits, before any parser sees it.

    Raises
    ------
    InputProblem
        One sentence that says what is wrong with the package.
    """
    try:
        with zipfile.ZipFile(path) as package:
            _look_at_parts(path.name, package.infolist())
            for part in package.infolist():
                # What is parsed refuses document types wherever they stand; the start of every part costs little.
                if not part.is_dir() and _DOCTYPE.search(package.open(part).read(_START_BYTES)):
                    raise InputProblem(
                        f"{path.name} holds a document type declaration and is not read.",
                        "file_strange",
                        file=path.name,
                    )
    except (
        zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError, ValueError, KeyError,
        OverflowError,
    ) as error:  # fmt: skip
        raise InputProblem(
            f"{path.name} is damaged or cut off: open it, save it again and send that.", "file_damaged"
        ) from error
    except RuntimeError as error:
        raise InputProblem(
            f"{path.name} is protected by a password: remove it and send the file again.", "file_password"
        ) from error
    except OSError as error:
        raise InputProblem(
            f"{path.name} cannot be opened: {error.strerror or 'damaged'}.", "file_not_opened", file=path.name
        ) from error


def _look_at_parts(name: str, parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > limits.PARTS:
        raise InputProblem(
            f"{name} has more than {limits.PARTS} parts and is no ordinary workbook.",
            "file_strange",
            file=name,
        )
    if sum(part.file_size for part in parts) > limits.UNPACKED_BYTES:
        raise InputProblem(
            f"{name} unpacks to more than {limits.UNPACKED_BYTES // limits.MEGABYTE} MB: split it by year.",
            "file_unpacks",
            megabytes=limits.UNPACKED_BYTES // limits.MEGABYTE,
        )
    for part in parts:
        if ".." in part.filename.split("/") or part.filename.startswith(("/", "\\")):
            raise InputProblem(
                f"{name} holds a part with an unsafe name and is not read.", "file_strange", file=name
            )
        if part.file_size > limits.MEGABYTE and part.file_size > limits.COMPRESSION_RATIO * max(
            1, part.compress_size
        ):
            raise InputProblem(
                f"{name} is packed more tightly than any office program does and is not read.",
                "file_strange",
                file=name,
            )


def column_letter(number: int) -> str:
    """Return the letters of a column; 1 is A, 27 is AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters

"""Two families of failure that must never look alike.

``InputProblem`` says that what was handed in is wrong: a file, a table, a request. Its text is one
sentence for a person: what, where, what to do. ``InternalError`` says that the program is wrong.
The command line turns the first into exit code 1 and the second into exit code 3. What the machine
refuses (a full disk, a read-only folder, a damaged warehouse) is of the first kind, with a code of its own, 4:
:func:`of_the_machine`.
"""

from __future__ import annotations

import errno
import os
import re

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CLOSED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_FULL_TEXT = re.compile(r"no space left|disk quota|file too large|max_temp_directory_size", re.IGNORECASE)
_CLOSED_TEXT = re.compile(r"read-only file system|permission denied", re.IGNORECASE)
_OUT_OF_MEMORY = ("OutOfMemoryException", "ArrowMemoryError")
_DAMAGED_TEXT = re.compile(
    r"checksum|corrupt|deserializ|serialization|not a valid duckdb|could not read enough bytes|invalidated"
    r"|failure while replaying wal|could not read all bytes",
    re.IGNORECASE,
)


EXIT_CODES = {
    0: "Done; of a nightly run also: unchanged, a draft, closed.",
    1: "Refused: data, request or disclosure control say no. The sentence says what to do, mostly to a data officer.",
    2: "Called wrongly: an option, a name or a language that there is not.",
    3: "The program failed. Your data are unchanged; please report it.",
    4: "The machine: a full disk, a held lock, another user's folder, a lost file, a stop. Who runs it is to act.",
    130: "Stopped by the keyboard; nothing half-written was left behind.",
}
"""What every command ends with, and what it means."""


class ClearingPointError(Exception):
    """Base of every error that this package raises on purpose.

    Parameters
    ----------
    text : str
        In English, for the command line.
    code : str, optional
        Its name in ``words.yml`` (problem, desk), where a command or page says the same in every language.
    filled : mapping
        What stands in the places of that sentence.
    """

    exit_code = 3

    def __init__(self, text: str = "", code: str | None = None, **filled: object) -> None:
        super().__init__(text)
        self.code, self.filled = code, filled


class InputProblem(ClearingPointError):
    """The data, the file or the request is wrong. The text may be shown to the sender.

    Never put a value of a person into the text: name the sheet, the row, the column.
    """

    exit_code = 1


class MachineProblem(InputProblem):
    """The machine's case, not the data's: a held lock, another user's files, what is lost and is put back from a backup.

    Every command ends with 4 for it, so that the right person is called.
    """

    exit_code = 4


class UsageProblem(ClearingPointError):
    """The command was called in a way that cannot work (exit code 2)."""

    exit_code = 2


class InternalError(ClearingPointError):
    """The program is wrong. Raised with its cause, shown with a request to report it."""

    exit_code = 3


DISK_FULL = "The disk is full (or a file may not grow further): nothing was stored; make room and run the command again."
READ_ONLY = (
    "The data folder cannot be written ({what}): nothing was stored; choose another with --data, or open it."
)
UNREADABLE = (
    "A file that is needed is there, and this user may not read it: nothing was stored. `clearing-point health` names "
    "those of the data folder."
)
NO_MEMORY = (
    "This computer has too little free memory for it: nothing was stored. Close other programs and run the command again, "
    "or split the file by year."
)
DAMAGED = (
    "The warehouse is damaged and was not used: `clearing-point rebuild` makes it anew from the archive."
)


_WRITTEN_WRONG = frozenset(
    {"BinderException", "CatalogException", "ParserException", "SyntaxException", "ConversionException",
     "InvalidInputException", "OutOfRangeException", "TypeMismatchException"}
)  # fmt: skip


def of_the_standard(error: BaseException, what: str, where: str) -> ClearingPointError:
    """Tell SQL that somebody wrote wrong into the standard from a failure of the program; names no value.

    Parameters
    ----------
    what : str
        The rule, population or other declaration.
    where : str
        The folder in which it stands.
    """
    kind = type(error).__name__
    if kind in _WRITTEN_WRONG and of_the_machine(error) is None:
        return InputProblem(
            f"{what} cannot be run: its SQL in {where} does not fit the tables or their values ({kind}). "
            "Correct it there; `clearing-point standard check` helps.",
            "standard_wrong",
            what=what,
            where=where,
        )
    return InternalError(f"{what} cannot be run ({kind}).")


def of_the_machine(error: BaseException | None) -> MachineProblem | None:
    """Return the sentence for a failure of disk, folder or a file in them, or None if it is something else.

    Its causes are looked at too. The texts of errors are never passed on: they may hold a value.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return MachineProblem(DISK_FULL, "disk_full")
        if closed_file(error):
            return MachineProblem(UNREADABLE, "file_closed")
        if isinstance(error, OSError) and error.errno in _CLOSED:
            return MachineProblem(READ_ONLY.format(what=os.strerror(error.errno or 0)), "folder_closed")
        if isinstance(error, MemoryError) or type(error).__name__ in _OUT_OF_MEMORY:
            return MachineProblem(NO_MEMORY, "memory_short")
        if type(error).__module__.split(".")[0] in ("duckdb", "_duckdb"):
            text = str(error)
            if _FULL_TEXT.search(text):
                return MachineProblem(DISK_FULL, "disk_full")
            if _CLOSED_TEXT.search(text):
                return MachineProblem(READ_ONLY.format(what=os.strerror(errno.EACCES)), "folder_closed")
            if _DAMAGED_TEXT.search(text):
                return MachineProblem(DAMAGED, "warehouse_damaged")
        error = error.__cause__ or error.__context__
    return None


def closed_file(error: BaseException) -> str:
    """Return the operator's sentence for a file that stands and that this user may not read; empty for anything else.

    DuckDB's errors have no name of a file: who opens a database asks of the file itself.
    """
    name = getattr(error, "filename", None)
    if not isinstance(error, PermissionError) or not isinstance(name, str | os.PathLike):
        return ""
    return UNREADABLE if may_not_read(name) else ""


def may_not_read(path: str | os.PathLike[str]) -> bool:
    """Say whether a file is there that this user may not read."""
    return os.path.isfile(path) and not os.access(path, os.R_OK)

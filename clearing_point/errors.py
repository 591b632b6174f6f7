"""Two families of failure that must never look alike.

``InputProblem`` says that what was handed in is wrong: a file, a table, a request. Its text is one
sentence for a person: what, where, what to do. ``InternalError`` says that the program is wrong.
The command line turns the first into exit code 1 and the second into exit code 3.
"""

from __future__ import annotations


class ClearingPointError(Exception):
    """Base of every error that this package raises on purpose."""

    exit_code = 3


class InputProblem(ClearingPointError):
    """The data, the file or the request is wrong. The text may be shown to the sender.

    Never put a value of a person into the text: name the sheet, the row, the column.
    """

    exit_code = 1


class UsageProblem(ClearingPointError):
    """The command was called in a way that cannot work (exit code 2)."""

    exit_code = 2


class InternalError(ClearingPointError):
    """The program is wrong. Raised with its cause, shown with a request to report it."""

    exit_code = 3

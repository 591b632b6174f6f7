"""What the second judge is given of a file: the columns as they are read, and the words that each reader knows.

Apart from what counts the cells, so that a check, which no suite confirms, does not import the parser of SQL.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from clearing_point.standard.structure import UNKNOWN_CODE, UNREADABLE

Pieces = Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class Written:
    """One column of a file as one field reads it.

    Attributes
    ----------
    kind : str
        ``code``, or the type of the field.
    words : frozenset of str
        Folded texts that it knows; of dates and numbers those that say why a value is missing.
    keys : frozenset of str
        Forms under which words are found that were written in another spelling.
    only : frozenset of str, optional
        All others are known; None where ``words`` are what is known.
    pieces : callable
        The folded values of a cell's text; nothing where it has none for this field.
    key : callable, optional
        Form of a folded text in which spellings do not differ.
    """

    table: str
    field: str
    place: int
    """Which sheet; see :class:`Sheet`."""
    number: int
    letter: str
    kind: str
    words: frozenset[str]
    pieces: Pieces = dataclasses.field(repr=False)
    keys: frozenset[str] = frozenset()
    only: frozenset[str] | None = None
    key: Callable[[str], str] | None = dataclasses.field(default=None, repr=False)
    piece: str = "text"
    """SQL of the part of a cell that is read as a number."""

    @property
    def rule_id(self) -> str:
        """The rule that says it."""
        return UNKNOWN_CODE if self.kind == "code" else UNREADABLE


@dataclass(frozen=True)
class Sheet:
    """Where cells stand: SQL of the rows that are read, and of the columns that a person has declared to be corrected."""

    name: str
    rows: str
    corrected: Mapping[int, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Received:
    """What a file says, as the second judge is given it."""

    sheets: Sequence[Sheet]
    columns: Sequence[Written]
    dates: Sequence[str]
    decimal: str
    thousands: str
    errors: str
    """What an error of an office program looks like: such a cell has its own finding."""
    time_of_day: str
    other_form: str

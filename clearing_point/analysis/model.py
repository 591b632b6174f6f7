"""What the analysis hands to a report: protected tables with everything that explains them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clearing_point.disclosure.model import UNKNOWN_LEAF, Cell, Protected
from clearing_point.standard.filling import fill
from clearing_point.standard.model import Indicator, Population, Text
from clearing_point.standard.translations import SOURCE

TOTAL = "Total"
"""Category of a dimension that admits everything."""
UNKNOWN = UNKNOWN_LEAF
"""Category of persons for whom the variable is not known (all missing codes)."""

PrintNumber = Callable[[float, int], str]
"""From a number and its decimals to the digits of a language."""


def _plain(number: float, decimals: int) -> str:
    return f"{number:.{decimals}f}"


@dataclass(frozen=True)
class Note:
    """A sentence below a table, in every language that has it, with what fills its places.

    Attributes
    ----------
    values : mapping
        By place: another note, a number with its decimals, or whole numbers by what they are of.
    """

    text: Text
    values: Mapping[str, Note | tuple[float, int] | Mapping[str, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, english: str) -> Note:
        """Return a note that stands in English only."""
        return cls({SOURCE: english})

    def translated(self, known: Mapping[str, Text]) -> Note:
        """Return the note with the languages in which its sentences are known, by their English text."""
        values = {n: v.translated(known) if isinstance(v, Note) else v for n, v in self.values.items()}
        return Note(known.get(self.text[SOURCE], self.text), values)

    def said(self, language: str = SOURCE, number: PrintNumber = _plain) -> str:
        """Return the sentence in a language; in English where it lacks it."""
        text = self.text.get(language) or self.text[SOURCE]
        if not self.values:
            return text.strip()  # braces in a reason that somebody wrote are no places
        return fill(text, **{n: _filled(v, language, number) for n, v in self.values.items()}).strip()


def _filled(value: Note | tuple[float, int] | Mapping[str, int], language: str, number: PrintNumber) -> str:
    if isinstance(value, Note):
        return value.said(language, number)
    if isinstance(value, Mapping):
        return "; ".join(f"{of}: {number(each, 0)}" for of, each in value.items())
    return number(*value)


@dataclass(frozen=True)
class PublishedTable:
    """One protected table and where it comes from.

    Attributes
    ----------
    submissions : tuple of str
        The submissions whose rows were counted, with their version.
    made_data : bool
        At least one of them was made for demonstration.
    query : str
        The SQL that counted, before protection.
    cost : mapping
        What protection hid or changed, in cells and shares of persons.
    values : mapping or None
        The indicator's measure by cell: a median, mean, sum or rate; None where it may not be shown.
    covered : frozenset of (territory, year), optional
        For which somebody had sent data when the year was counted; None: for all.
    """

    indicator: Indicator
    population: Population
    protected: Protected
    submissions: tuple[str, ...]
    made_data: bool
    query: str
    notes: tuple[Note, ...]
    cost: Mapping[str, Any]
    values: Mapping[Cell, float | None] | None = None
    covered: frozenset[tuple[str, str]] | None = None

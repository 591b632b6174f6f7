"""The report as plain data: sections, tables with header rows, notes, figures with alternative text.

Every renderer (HTML now, PDF later) reads this and nothing else, so that all of them hold the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from clearing_point.analysis.revisions import Revisions
from clearing_point.analysis.scorecard import Scorecard
from clearing_point.disclosure.model import Protected
from clearing_point.standard.model import Standard

CellState = Literal["", "hidden", "none"]
Scope = Literal["", "col", "colgroup", "row", "rowgroup"]


@dataclass(frozen=True)
class ReportContext:
    """What the report says beside its tables.

    Attributes
    ----------
    reports : Path
        Folder with texts, templates, style and fonts: the project's own, which its lock describes.
    coverage : mapping
        Territory -> year -> ``accepted``, ``returned`` or ``none``.
    suppliers : tuple
        (territory, sender, submission and version, whether it was made for demonstration).
    published_figures : tuple of mappings
        National figures published elsewhere: territory, year, value_text (as printed there), source.
    complete : frozenset
        (territory, year) whose submissions cover all known cases; only there is a nought a nought (rule R7).
    declarations : tuple of mappings
        What the sender of each submission declares: territory, sender, submission, first_year, last_year, coverage,
        definition_identified, count_basis, kosovo_basis.
    quality : tuple of mappings
        Of each submission that counts: territory, submission, completeness, validity, consistency (shares between 0 and 1
        or None) and days_after_period (T41). No counts of rows: those of a small sender would be counts of her persons.
    scorecard : Scorecard or None
        The mechanisms of the edition's year (T40).
    """

    standard: Standard
    reports: Path
    coverage: Mapping[str, Mapping[str, str]]
    suppliers: tuple[tuple[str, str, str, bool], ...]
    published_figures: tuple[Mapping[str, str], ...]
    standard_version: str
    package_version: str
    made_data: bool
    cut_off: str
    complete: frozenset[tuple[str, str]] = frozenset()
    declarations: tuple[Mapping[str, Any], ...] = ()
    scorecard: Scorecard | None = None
    quality: tuple[Mapping[str, Any], ...] = ()
    validated: tuple[Mapping[str, Any], ...] = ()
    """What Great Expectations said of all submissions that count: suite, expectations, met, not_met (rules)."""
    revisions: Revisions | None = None
    """Numbers that moved since the report before."""
    decisions: tuple[Mapping[str, Any], ...] = ()
    """Corrections and waivers of the submissions that count: kind, territory, submission, decision, table, about (a field
    or a rule), reason, role, decided_on, expires_on. No text that was corrected, and no number of cells."""
    late: Mapping[str, Protected] = field(default_factory=dict)
    """What became of years that were out (``<table>-late``, ``-withdrawn``, ``-linked``), protected like any table."""


@dataclass(frozen=True)
class Cell:
    """One cell of a printed table; a header cell has a scope."""

    text: str
    detail: str = ""
    scope: Scope = ""
    columns: int = 1
    rows: int = 1
    state: CellState = ""
    total: bool = False
    corner: bool = False
    """Heads the row headers."""
    words: bool = False
    """Holds words and no number: set to the left."""


@dataclass(frozen=True)
class Origin:
    """Where a table comes from: label and sentences, then the query; `brief` is what fits on paper below a table."""

    facts: tuple[tuple[str, tuple[str, ...]], ...]
    query: str
    brief: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Table:
    """A printed table.

    Attributes
    ----------
    anchor : str
        Identifier in the page.
    number : str
        Such as "Table 4".
    source_id : str
        The indicator, or empty for tables about the report itself.
    withheld : tuple of str
        Sentences that stand in the place of a table that is kept back; `header` and `body` are empty then.
    """

    anchor: str
    number: str
    title: str
    header: tuple[tuple[Cell, ...], ...]
    body: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    source_id: str = ""
    made_data: bool = False
    origin: Origin | None = None
    origin_anchor: str = ""
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A picture with the words that stand for it where it cannot be seen."""

    anchor: str
    number: str
    title: str
    alternative: str
    svg: str = field(repr=False)
    file: str
    notes: tuple[str, ...] = ()
    made_data: bool = False
    table_anchor: str = ""


@dataclass(frozen=True)
class Paragraph:
    """Sentences. A `kind` other than empty sets them apart (note, banner)."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Terms:
    """Terms and what they mean."""

    terms: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class KeyFigure:
    """One number of the front page with its sentence and where it stands."""

    value: str
    sentence: str
    detail: str
    table_anchor: str
    table_number: str


@dataclass(frozen=True)
class KeyFigures:
    """The numbers of the front page."""

    figures: tuple[KeyFigure, ...]


Block = Paragraph | Items | Terms | Table | Figure | KeyFigures


@dataclass(frozen=True)
class Section:
    """A chapter or a part of one."""

    anchor: str
    title: str
    blocks: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()
    boxed: bool = False


@dataclass(frozen=True)
class Report:
    """The whole report in one language."""

    language: str
    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    footnotes: tuple[str, ...]
    made_data: str
    made_data_tag: str
    front: tuple[Block, ...]
    sections: tuple[Section, ...]
    date: str = "1970-01-01"
    """The one date that files carry: the edition's, as ISO text."""

    def blocks(self) -> list[Block]:
        """Return every block in reading order."""
        found = list(self.front)

        def walk(sections: tuple[Section, ...]) -> None:
            for section in sections:
                found.extend(section.blocks)
                walk(section.sections)

        walk(self.sections)
        return found

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every figure in reading order."""
        return tuple(block for block in self.blocks() if isinstance(block, Figure))

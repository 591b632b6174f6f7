"""The report as plain data: sections, tables with header rows, notes, figures with alternative text.

Every renderer (HTML now, PDF later) reads this and nothing else, so that all of them hold the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from clearing_point.analysis.public_cases import Described
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
        (territory, year) whose submissions cover all known cases; only there is a zero a zero (rule R7).
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
    published_beside: tuple[Mapping[str, str], ...] = ()
    """National totals of others that chapters print, such as persons prosecuted: territory, year, population, value_text,
    source."""
    described: Mapping[str, tuple[Described, ...]] = field(default_factory=dict)
    """Chapter -> what public case files say, by source and field."""
    complete: frozenset[tuple[str, str]] = frozenset()
    totals_only: frozenset[tuple[str, str]] = frozenset()
    """(territory, year) of which accepted submissions have only totals that senders counted themselves."""
    totals: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    """Population of cases -> (territory, year) that have no cases and stand in a table of totals instead."""
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
    texts: Path | None = None
    """Folder with what the editor wrote for the edition: a folder a language (:mod:`clearing_point.report.editor_texts`)."""
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
    further_tables: tuple[str, ...] = ()
    """Anchors of the other tables that its numbers stand in, where it has numbers of several."""


@dataclass(frozen=True)
class Paragraph:
    """Sentences. A `kind` other than empty sets them apart (note, banner)."""

    text: str
    kind: str = ""
    lead: str = ""
    links: tuple[tuple[str, str], ...] = ()
    """Names of tables and their anchors, where the text is `lead` and these names: a page makes links of them."""


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


@dataclass(frozen=True)
class Finding:
    """A sentence that was found in a table.

    Attributes
    ----------
    cells : tuple of str
        The printed cells it is made of, each ``<table>:<code>:...`` in the order of the table's variables.
    sure : str
        ``clear``, ``unclear`` (within chance), ``broken`` (not comparable), or ``level`` where nothing is compared.
    first_page : int
        Place among the findings of the first page; zero: it has none.
    """

    finding_id: str
    chapter: str
    text: str
    table: str
    cells: tuple[str, ...]
    sure: str
    first_page: int = 0


@dataclass(frozen=True)
class Findings:
    """Sentences that were found; each with its table's number and anchor, which is empty where the table is elsewhere."""

    findings: tuple[tuple[Finding, str, str], ...]


@dataclass(frozen=True)
class Row:
    """Pictures that stand beside each other where there is room."""

    figures: tuple[Figure, ...]


Block = Paragraph | Items | Terms | Table | Figure | KeyFigures | Findings | Row


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
    """The whole report in one language.

    Attributes
    ----------
    front : tuple of Block
        The first page: what must be known of the language, findings, one picture.
    key : tuple of Block
        Key figures, one cell each.
    reading : Section
        The report that is read: chapters that open with what was found.
    profiles : Section
        A section of two pages for every territory.
    sections : tuple of Section
        Everything else, with all reference tables.
    """

    language: str
    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    footnotes: tuple[str, ...]
    made_data: str
    made_data_tag: str
    front: tuple[Block, ...]
    sections: tuple[Section, ...]
    key: tuple[Block, ...] = ()
    reading: Section | None = None
    profiles: Section | None = None
    date: str = "1970-01-01"
    """The one date that files carry: the edition's, as ISO text."""

    def blocks(self) -> list[Block]:
        """Return every block in reading order."""
        return [*self.front, *self.key, *blocks_of(self.parts)]

    @property
    def parts(self) -> tuple[Section, ...]:
        """All sections in reading order."""
        return (*(part for part in (self.reading, self.profiles) if part is not None), *self.sections)

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every figure in reading order."""
        return figures_of(self.blocks())


@dataclass(frozen=True)
class SiteLink:
    """A link of the site: where it leads, relative to the page it stands on, and its words."""

    href: str
    text: str
    language: str = ""
    """Language of its words and of where it leads, if another one."""


@dataclass(frozen=True)
class SiteList:
    """A part of the list of tables and figures, closed until it is opened."""

    title: str
    links: tuple[SiteLink, ...]


@dataclass(frozen=True)
class SitePage:
    """One page of the site.

    Attributes
    ----------
    name : str
        Its file without ending; ``index`` is the first page.
    path : tuple of str
        Titles of what it belongs to, from the widest.
    front : tuple of Block
        Blocks before the section.
    links : tuple of SiteList
        Lists of links below it.
    search : bool
        The lists can be searched.
    """

    name: str
    title: str
    path: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()
    front: tuple[Block, ...] = ()
    section: Section | None = None
    links: tuple[SiteList, ...] = ()
    search: bool = False


@dataclass(frozen=True)
class SiteFrame:
    """What stands around a page: the ways out of it."""

    top: tuple[SiteLink, ...]
    files: tuple[SiteLink, ...]
    languages: tuple[SiteLink, ...]
    style: str
    before: SiteLink | None
    after: SiteLink | None
    licence: str
    cite: str


def figures_of(blocks: Iterable[Block]) -> tuple[Figure, ...]:
    """Return the figures among blocks, those that stand in a row, too."""
    return tuple(
        figure
        for block in blocks
        for figure in (block.figures if isinstance(block, Row) else (block,))
        if isinstance(figure, Figure)
    )


def blocks_of(sections: Iterable[Section]) -> Iterator[Block]:
    """Yield every block of sections in reading order."""
    for section in sections:
        yield from section.blocks
        yield from blocks_of(section.sections)

"""Reading finished files as a stranger would: the page, the PDF, the workbook. Nothing is taken from the model."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

_SPACE = re.compile(r"\s+")
_HYPHEN_AT_LINE_END = "\x02"
"""What PDFium makes of it; tables are set without hyphenation, so it stands in the word."""
_ROW_TAGS = ("th", "td")


@dataclass
class PageTable:
    """A table as it stands on the page: caption and the texts of its body rows, without headers of several rows."""

    anchor: str
    within: tuple[str, ...] = ()
    """Anchors of the sections around it."""
    caption: str = ""
    withheld: bool = True
    rows: list[list[str]] = field(default_factory=list)
    numbers: list[list[str]] = field(default_factory=list)
    """Texts of the cells that are no headers, without their small print."""
    text: str = ""
    """Everything that stands in it, headers and notes too."""


@dataclass
class PageFigure:
    """A figure as it stands on the page."""

    anchor: str
    within: tuple[str, ...] = ()
    """Anchors of the sections around it."""
    alternative: str = ""
    table: str = ""
    further_tables: tuple[str, ...] = ()
    caption: str = ""


@dataclass
class PageFinding:
    """A found sentence as it stands on the page, and the cells that it names."""

    cells: tuple[str, ...]
    within: tuple[str, ...] = ()
    text: str = ""


@dataclass
class Page:
    """What a page holds."""

    language: str = ""
    tables: list[PageTable] = field(default_factory=list)
    figures: list[PageFigure] = field(default_factory=list)
    sections: dict[str, str] = field(default_factory=dict)
    """Anchor -> all text of the section."""
    findings: list[PageFinding] = field(default_factory=list)


def part_of(page: Page, *anchors: str) -> Page:
    """Return the tables and figures of some sections."""
    tables = [table for table in page.tables if set(anchors) & set(table.within)]
    figures = [figure for figure in page.figures if set(anchors) & set(figure.within)]
    findings = [finding for finding in page.findings if set(anchors) & set(finding.within)]
    return Page(page.language, tables, figures, page.sections, findings)


def read_page(text: str) -> Page:
    """Read tables, figures and sections of a report's page."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.page


def squeezed(text: str) -> str:
    """Return a text without white space and soft hyphens, so that line breaks do not matter."""
    return _SPACE.sub("", text.replace("\u00ad", ""))


def text_of_pdf(path: Path) -> str:
    """Return all text of a PDF, page after page, without white space."""
    import pypdfium2

    with pypdfium2.PdfDocument(path) as document:
        text = "".join(page.get_textpage().get_text_bounded() for page in document)
    return squeezed(text.replace(_HYPHEN_AT_LINE_END, "-"))


def pdf_figures(path: Path) -> tuple[int, int]:
    """Return how many figures a tagged PDF has and how many of them have alternative text."""
    import pypdfium2
    from pypdfium2 import raw

    found = described = 0
    with pypdfium2.PdfDocument(path) as document:
        for page in document:
            tree = raw.FPDF_StructTree_GetForPage(page)
            waiting = [
                raw.FPDF_StructTree_GetChildAtIndex(tree, number)
                for number in range(raw.FPDF_StructTree_CountChildren(tree))
            ]
            while waiting:
                element = waiting.pop()
                if not element:
                    continue  # marked content of the page, no element of the structure
                if _said(raw.FPDF_StructElement_GetType, element) == "Figure":
                    found += 1
                    described += bool(_said(raw.FPDF_StructElement_GetAltText, element).strip())
                waiting += [
                    raw.FPDF_StructElement_GetChildAtIndex(element, number)
                    for number in range(raw.FPDF_StructElement_CountChildren(element))
                ]
            raw.FPDF_StructTree_Close(tree)
    return found, described


def _said(ask: Callable[..., int], element: object) -> str:
    """Ask PDFium for a text of an element: first how long it is, then the text."""
    import ctypes

    size = ask(element, None, 0)
    text = ctypes.create_string_buffer(size)
    ask(element, text, size)
    return text.raw[:size].decode("utf-16-le").rstrip("\0")


def sheets_of(path: Path) -> dict[str, list[list[object]]]:
    """Return the rows of every sheet of a workbook."""
    import python_calamine

    book = python_calamine.CalamineWorkbook.from_path(str(path))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self._sections: list[str] = []
        self._table: PageTable | None = None
        self._figure: PageFigure | None = None
        self._finding: PageFinding | None = None
        self._depth = 0
        self._in: list[str] = []
        self._cell: list[str] | None = None
        self._small = False
        self._tall = False
        self._tag = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.page.language = given.get("lang", "")
        elif tag == "section":
            self._sections.append(given.get("id", ""))
            self.page.sections.setdefault(self._sections[-1], "")
        elif tag == "div" and "table" in given.get("class", "").split():
            self._table, self._depth = PageTable(given.get("id", ""), tuple(self._sections)), 0
            self.page.tables.append(self._table)
        elif tag == "figure":
            further = tuple((given.get("data-tables") or "").split())
            self._figure = PageFigure(given.get("id", ""), tuple(self._sections), further_tables=further)
            self.page.figures.append(self._figure)
        elif tag == "li" and "data-cells" in given:
            self._finding = PageFinding(tuple(given["data-cells"].split()), tuple(self._sections))
            self.page.findings.append(self._finding)
        elif tag == "small":
            self._finding = None
        if self._table is not None:
            self._depth += tag == "div"
            self._in_table(tag, given)
        if tag == "span" and given.get("class") == "made":
            self._tag = True
        if tag in ("desc", "figcaption", "caption", "style", "script"):
            self._in.append(tag)
        if tag == "a" and self._figure is not None and given.get("href", "").startswith("#"):
            self._figure.table = given["href"][1:]

    def _in_table(self, tag: str, given: dict[str, str]) -> None:
        table = self._table
        if table is None:
            return
        if tag == "tbody":
            table.withheld = False
        elif tag == "tr" and not table.withheld:
            table.rows.append([])
            table.numbers.append([])
        elif tag in _ROW_TAGS and not table.withheld:
            self._cell, self._tall = [], "rowspan" in given
        elif tag == "small" and self._cell is not None:
            self._end_cell_text("td")
            self._small = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "span":
            self._tag = False
        if tag == "section" and self._sections:
            self._sections.pop()
        elif tag == "figure":
            self._figure = None
        elif tag == "li":
            self._finding = None
        elif tag in _ROW_TAGS and self._cell is not None:
            self._end_cell_text(tag)
            self._cell, self._small = None, False
        if self._in and self._in[-1] == tag:
            self._in.pop()
        if tag == "div" and self._table is not None:
            self._depth -= 1
            if self._depth == 0:
                self._table = None

    def _end_cell_text(self, tag: str) -> None:
        if self._table is None or self._cell is None:
            return
        text = "".join(self._cell).strip()
        if (self._small or text) and not self._tall:
            self._table.rows[-1].append(text)
            if tag == "td" and not self._small:
                self._table.numbers[-1].append(text)
        self._cell = []

    def handle_data(self, data: str) -> None:
        inside = self._in[-1] if self._in else ""
        if inside in ("style", "script"):
            return
        if inside == "desc" and self._figure is not None:
            self._figure.alternative += data
            return
        if inside == "figcaption" and self._figure is not None:
            self._figure.caption += data
        if self._table is not None:
            self._table.text += data + " "
            if inside == "caption" and not self._tag:
                self._table.caption += data
            if self._cell is not None:
                self._cell.append(data)
        if self._finding is not None:
            self._finding.text += data
        for anchor in self._sections:
            self.page.sections[anchor] += data

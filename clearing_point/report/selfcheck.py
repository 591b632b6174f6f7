"""What a finished report must hold before it takes its place: the same numbers in all its files, and nothing more.

Every check reads the files as written. A problem names the check, the table and the file, never a value.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from clearing_point.analysis.missing import MISSING
from clearing_point.analysis.model import PublishedTable
from clearing_point.disclosure.model import Protected
from clearing_point.errors import InternalError
from clearing_point.publication.edition import Edition
from clearing_point.report.chapters import table_anchor
from clearing_point.report.languages import english_texts
from clearing_point.report.model import ReportContext
from clearing_point.report.readback import (
    Page,
    PageTable,
    part_of,
    pdf_figures,
    read_page,
    sheets_of,
    squeezed,
    text_of_pdf,
)
from clearing_point.report.signs import number_in
from clearing_point.report.view import Setting, View
from clearing_point.report.words import Words, load_words

_REACH = 6000
"""Letters between two rows of one table in a PDF: a page's end, a banner, a heading row."""
_DIGITS = re.compile(r"\d+(?:[.,\u202f]\d+)*")


def check_report(
    folder: Path, edition: Edition, tables: Sequence[PublishedTable], context: ReportContext
) -> None:
    """Check a finished report.

    Raises
    ------
    InternalError
        Naming everything that does not hold: the report must not be published.
    """
    problems = list(problems_of(folder, edition, tables, context))
    if problems:
        more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise InternalError(f"the report failed its checks: {'; '.join(problems[:5])}{more}")


def problems_of(
    folder: Path, edition: Edition, tables: Sequence[PublishedTable], context: ReportContext
) -> Iterator[str]:
    """Yield every check that fails, in all languages of the edition."""
    reports = context.reports
    for table in tables:
        yield from _totals(table.protected)
    for number, language in enumerate(edition.languages):
        ending = "" if number == 0 else f".{language}"
        words = load_words(reports, language)
        setting = Setting(edition, context, words)
        page = read_page((folder / f"report{ending}.html").read_text(encoding="utf-8"))
        yield from _against_pdf(part_of(page, "key-figures", "reading"), folder / f"report{ending}.pdf")
        for territory in context.coverage:
            part = part_of(page, f"profile-{territory.lower()}")
            yield from _against_pdf(part, folder / "profiles" / f"{territory}{ending}.pdf")
        yield from _against_site(page, folder, ending)
        yield from _against_workbook(page, folder / f"tables{ending}.xlsx", words)
        if (folder / "data").is_dir():
            for table in tables:
                yield from _against_annex(page, View(table, setting), folder)
            yield from _findings(page, folder)
        yield from _figures(page, words)
        yield from _territories(page, setting)
        yield from _language(page, setting)


def _totals(table: Protected) -> Iterator[str]:
    """A total differs from its parts, where all of them are shown and no person can be in two."""
    for at, dimension in enumerate(table.dimensions):
        if dimension.variable in table.multiple_response:
            continue
        for whole in dimension.categories:
            parts = [c for c in dimension.categories if c.members < whole.members]
            parts = [c for c in parts if not any(c.members < other.members for other in parts)]
            if not parts or sum(len(c.members) for c in parts) != len(whole.members):
                continue
            for key, cell in table.cells.items():
                if key[at] != whole.code or cell.shown is None:
                    continue
                shown = [table.cells[(*key[:at], part.code, *key[at + 1 :])].shown for part in parts]
                if None not in shown and sum(n for n in shown if n is not None) != cell.shown:
                    yield f"totals: {table.table_id} by {dimension.variable}"
                    break


def _against_pdf(page: Page, path: Path) -> Iterator[str]:
    """Every row of every table, in order, from its caption on."""
    text, at = text_of_pdf(path), 0
    for finding in page.findings:
        if squeezed(finding.text) not in text:
            yield f"page and PDF: a finding of {finding.cells[0].partition(':')[0]}"
    if pdf_figures(path) != (len(page.figures), len(page.figures)):
        yield "alternative text: figures of the PDF"
    for table in page.tables:
        start = text.find(squeezed(table.caption or table.text[:60]), at) if table.caption else at
        if start < 0:
            yield f"page and PDF: caption of {table.anchor}"
            continue
        at = start
        for number, row in enumerate(table.rows, start=1):
            wanted = squeezed("".join(row))
            found = text.find(wanted, at, at + _REACH + len(wanted))
            if found < 0:
                yield f"page and PDF: {table.anchor}, row {number}"
                break
            at = found + len(wanted)


def _against_site(page: Page, folder: Path, ending: str) -> Iterator[str]:
    """Every table, figure and found sentence stands on the pages of the site as on the single page."""
    below = folder / "pages" / ending[1:]
    parts = [
        read_page(p.read_text(encoding="utf-8"))
        for p in (folder / f"index{ending}.html", *below.glob("*.html"))
    ]
    tables = {table.anchor: (table.caption, table.rows) for part in parts for table in part.tables}
    for table in page.tables:
        if tables.get(table.anchor) != (table.caption, table.rows):
            yield f"page and site: {table.anchor}"
    figures = {figure.anchor: figure.alternative for part in parts for figure in part.figures}
    if figures != {figure.anchor: figure.alternative for figure in page.figures}:
        yield "page and site: figures"
    if {f.text for part in parts for f in part.findings} != {f.text for f in page.findings}:
        yield "page and site: findings"


def _findings(page: Page, folder: Path) -> Iterator[str]:
    """A found sentence is made of cells that the annex shows, and has the number of the first of them."""
    annexes: dict[str, dict[tuple[str, ...], str]] = {}
    for finding in page.findings:
        said = {re.sub(r"\D", "", number) for number in _DIGITS.findall(finding.text)}
        for at, cell in enumerate(finding.cells):
            table, *codes = cell.split(":")
            if table not in annexes:
                annexes[table] = dict(_values(folder / "data" / f"{table}.csv"))
            value = annexes[table].get(tuple(codes), "")
            if not value:
                yield f"finding of a number that the annex does not show: {table}"
            elif at == 0 and "%" not in finding.text.split()[1:2] and value not in said:
                yield f"finding and annex: {table}"


def _values(path: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            codes = tuple(
                code for name, code in row.items() if name not in ("value", "protection", "measure")
            )
            yield codes, "" if row["protection"] == MISSING else row["value"]


def _against_workbook(page: Page, path: Path, words: Words) -> Iterator[str]:
    """Every number and sign of every table."""
    rows = [row for sheet in sheets_of(path).values() for row in sheet]
    captions = {squeezed(str(row[0])): at for at, row in enumerate(rows) if row and isinstance(row[0], str)}
    for table in page.tables:
        if table.withheld:
            continue
        start = captions.get(squeezed(table.caption))
        if start is None:
            yield f"page and workbook: caption of {table.anchor}"
            continue
        following = iter(rows[start + 1 :])
        for number, wanted in enumerate(table.numbers, start=1):
            if not any(_holds(row, wanted, words) for row in _next(following, 40 if number == 1 else 1)):
                yield f"page and workbook: {table.anchor}, row {number}"
                break


def _next(rows: Iterator[list[object]], many: int) -> Iterator[list[object]]:
    for _, row in zip(range(many), rows, strict=False):
        yield row


def _holds(row: Sequence[object], wanted: Sequence[str], words: Words) -> bool:
    """Say whether a row of the workbook has the page's numbers, in order, between its labels and percentages."""
    have = [_plain(cell, words) for cell in row]
    at = 0
    for text in wanted:
        # A column of words says a percentage in words; elsewhere it is a number in a column of its own.
        for ways in ([text], _parts(text)):
            places = _in_order([_plain(part, words) for part in ways], have, at)
            if places is not None:
                at = places
                break
        else:
            return False
    return True


def _in_order(wanted: Sequence[str], have: Sequence[str], at: int) -> int | None:
    """Return the place after the last of some texts that follow one another in a row; None if they do not."""
    for text in wanted:
        if text not in have[at:]:
            return None
        at = have.index(text, at) + 1
    return at


def _parts(text: str) -> list[str]:
    """Return what stands in cells of its own: a percentage is a number there, and a sign behind it a text."""
    number, percent, sign = text.partition("%")
    return (
        [part.strip() for part in (number, sign) if part.strip()]
        if percent and any(map(str.isdigit, number))
        else [text]
    )


def _plain(value: object, words: Words) -> str:
    if isinstance(value, float | int) and not isinstance(value, bool):
        return str(int(value)) if float(value).is_integer() else str(float(value))
    number = number_in(str(value), words)
    return squeezed(str(value)) if number is None else _plain(number, words)


def _against_annex(page: Page, view: View, folder: Path) -> Iterator[str]:
    """The main table of an indicator against its CSV: shown numbers as they are, hidden ones by their sign only."""
    name = view.indicator.indicator_id
    found = next((t for t in page.tables if t.anchor == table_anchor(name)), None)
    if found is None:
        yield f"page and annex: {name} is not on the page"
        return
    if view.protected.withheld:
        return
    measure = view.indicator.measure
    with (folder / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        rows = {tuple(row[v] for v in view.categories): row for row in csv.DictReader(handle)}
    numbers = [text for row in found.numbers for text in row]
    # A measure stands beside its count: every second number then.
    printed, measured = (numbers, []) if measure is None else (numbers[::2], numbers[1::2])
    # What is missing is a nought that nobody sent: the page prints a sign for it.
    values = {key: "0" if row["protection"] == MISSING else row["value"] for key, row in rows.items()}
    expected = list(_in_reading_order(view, values))
    if len(printed) != len(expected) or (measure is not None and len(measured) != len(expected)):
        yield f"page and annex: number of cells of {name}"
        return
    if measure is not None:
        wanted = _in_reading_order(view, {key: row["measure"] for key, row in rows.items()})
        for value, text in zip(wanted, measured, strict=True):
            number = number_in(text, view.setting.words)
            near = 0.5 * 10**-measure.decimals + 1e-9
            if (number is None) != (value == "") or (
                number is not None and abs(number - float(value)) > near
            ):
                yield f"page and annex: measure of {name}"
                return
    for value, text in zip(expected, printed, strict=True):
        if value == "" and text != view.protected.sign:
            yield f"protected number: {name} shows something where the annex hides"
            return
        digits = _plain(text, view.setting.words)
        if value not in ("", "0") and digits != value:
            yield f"page and annex: {name}"
            return
        if value == "0" and any(c.isdigit() for c in digits) and digits != "0":
            yield f"page and annex: {name}"
            return


def _in_reading_order(view: View, cells: dict[tuple[str, ...], str]) -> Iterator[str]:
    rows, columns = view.layout
    for row in product(*(view.categories[v] for v in rows)):
        for column in product(*(view.categories[v] for v in columns)):
            place = {**dict(zip(rows, row, strict=True)), **dict(zip(columns, column, strict=True))}
            yield cells[tuple(place[v] for v in view.categories)]


def _figures(page: Page, words: Words) -> Iterator[str]:
    """Every figure has alternative text, a table, and says no number that its table does not print."""
    tables = {table.anchor: table for table in page.tables}
    counted = re.compile(re.escape(words("figures.hidden_count", count="#")).replace(r"\#", r"\d+"))
    for figure in page.figures:
        if not figure.alternative.strip():
            yield f"alternative text: {figure.anchor}"
        of = [tables.get(anchor) for anchor in (figure.table, *figure.further_tables)]
        shown = [table for table in of if table is not None]
        if len(shown) < len(of):
            yield f"figure without table: {figure.anchor}"
            continue
        allowed = set().union(*(_numbers(table.text) for table in shown)) | _numbers(figure.caption)
        if not _numbers(counted.sub("", figure.alternative)) <= allowed:
            yield f"number in a figure's words that its table does not show: {figure.anchor}"


def _numbers(text: str) -> set[str]:
    return set(_DIGITS.findall(text))


def _territories(page: Page, setting: Setting) -> Iterator[str]:
    """Every territory has a chapter; one without accepted data of the year has a sentence that says so."""
    words, year = setting.words, str(setting.edition.year)
    for territory in setting.context.coverage:
        text = page.sections.get(f"territory-{territory.lower()}")
        if text is None:
            yield f"territory without chapter: {territory}"
            continue
        name = setting.territory(territory)
        if setting.reported(territory, year) != "none":
            continue
        keys = [
            f"chapters.{said}_{why}"
            for said in ("nothing", "not_this_year")
            for why in ("none", "returned", "totals")
        ]
        if not any(words(key, name=name, year=year) in text for key in keys):
            yield f"missing territory without reason: {territory}"


def _language(page: Page, setting: Setting) -> Iterator[str]:
    """The page names its language; where English stands in, it says so, and of how many texts."""
    words = setting.words
    if page.language != words.language:
        yield f"language of the page: {words.language}"
    count = len(english_texts(setting.edition, setting.context, words))
    said = squeezed(page.sections.get("key-figures", ""))
    notice = squeezed(words("front.english_stands_in", count=count or "#"))
    if (notice.split("#")[0] in said) != bool(count):
        yield f"translations: {words.language}"


__all__ = ["PageTable", "check_report", "problems_of"]

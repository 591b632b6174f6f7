"""The site: every link leads somewhere, every table stands on one page as on the single page, few stops for a keyboard."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from clearing_point.report.build import build_report
from clearing_point.report.model import Paragraph, Section
from clearing_point.report.readback import read_page
from clearing_point.report.site import cut_long
from clearing_point.report.tables import plain_table
from tests.conftest import mostly_at_night
from tests.unit import report_samples as samples

_STOPS = 60
_NARROW = 320


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    tables = [samples.by_territory(), samples.by_sex(), samples.withheld()]
    edition = samples.edition(languages=("en", "sr-Cyrl"))
    data = {f"data/{name}.csv": "" for name in ("T01", "T10", "T15")} | {"datapackage.json": "{}"}
    place = tmp_path_factory.mktemp("site") / "2022"
    return build_report(edition, tables, samples.context(), place, extra=data).html.parent


class _Links(HTMLParser):
    """Links, places, scripts and what a keyboard stops at, as far as nothing has to be opened for it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: list[str] = []
        self.scripts = self.stops = self._closed = 0
        self.outside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.places += [given["id"]] if given.get("id") else []
        self.scripts += tag == "script"
        for name in ("href", "src"):
            if given.get(name):
                self.links.append(given[name])
                self.outside += [given[name]] if re.match(r"\w+:|//", given[name]) else []
        opened = tag == "summary" or not self._closed
        self.stops += opened and (
            tag in ("summary", "input", "button")
            or (tag == "a" and "href" in given)
            or given.get("tabindex") == "0"
        )
        self._closed += tag == "details" and "open" not in given

    def handle_endtag(self, tag):
        self._closed -= tag == "details"


def pages(folder):
    return [path for path in sorted(folder.rglob("*.html")) if not path.name.startswith("report")]


def test_every_link_leads_to_a_file_and_a_place_in_it(folder):
    read = {path: _Links(path.read_text("utf-8")) for path in sorted(folder.rglob("*.html"))}
    assert len(read) > 40
    for path, page in read.items():
        assert page.outside == [], path
        assert [place for place, count in Counter(page.places).items() if count > 1] == [], path
        for link in page.links:
            file, _, place = unquote(link).partition("#")
            there = (path.parent / file).resolve() if file else path
            assert there.is_file(), (path, link)
            if place:
                assert place in read[there].places, (path, link)


def test_few_stops_and_no_script_but_for_the_search(folder):
    for path in pages(folder):
        page = _Links(path.read_text("utf-8"))
        assert page.stops <= _STOPS, path
        assert page.scripts == (path.name == "tables.html"), path


@pytest.mark.parametrize("language", ["", ".sr-Cyrl"])
def test_the_site_has_the_tables_and_figures_of_the_single_page(folder, language):
    whole = read_page((folder / f"report{language}.html").read_text("utf-8"))
    below = folder / "pages" / language[1:]
    paths = [folder / f"index{language}.html", *sorted(below.glob("*.html"))]
    parts = [read_page(path.read_text("utf-8")) for path in paths]
    tables = [table for part in parts for table in part.tables]
    assert {t.anchor: (t.caption, t.rows, t.numbers) for t in tables} == {
        t.anchor: (t.caption, t.rows, t.numbers) for t in whole.tables
    }
    assert len(tables) == len(whole.tables)
    figures = [figure for part in parts for figure in part.figures]
    assert sorted((f.anchor, f.alternative, f.caption) for f in figures) == sorted(
        (f.anchor, f.alternative, f.caption) for f in whole.figures
    )


@pytest.mark.parametrize("count", [1, 15, 16, 19, 31])
def test_a_page_of_a_territory_has_few_tables_and_none_is_lost(count):
    """Each table has three stops: nineteen on one page were 68."""
    table = plain_table("t", "Table R1", "Victims", ("Year",), [["1"]])
    blocks = tuple(block for at in range(count) for block in (Paragraph(str(at)), table))
    cut = cut_long(Section("group", "Assistance", (*blocks, Paragraph("last"))))
    assert tuple(block for part in cut for block in part.blocks) == (*blocks, Paragraph("last"))
    assert all(sum(block is table for block in part.blocks) <= 15 for part in cut)
    assert (
        len({part.anchor for part in cut}) == len({part.title for part in cut}) == len(cut) == -(-count // 15)
    )


def test_a_chapter_leads_to_its_reference_tables(folder):
    text = (folder / "pages" / "reading-identified.html").read_text("utf-8")
    assert 'Reference tables: <a href="../pages/section-t01.html#table-t01">Table T01</a>' in text


def test_a_page_knows_its_neighbours_files_and_languages(folder):
    text = (folder / "pages" / "profile-alb.html").read_text("utf-8")
    for wanted in (
        'href="../profiles/ALB.pdf"',
        'href="../tables.xlsx"',
        'href="sr-Cyrl/profile-alb.html"',
        'rel="prev"',
        'rel="next"',
    ):
        assert wanted in text.replace("../pages/", ""), wanted
    listed = (folder / "pages" / "tables.html").read_text("utf-8")
    assert "table-t01.html" not in listed
    assert 'href="../pages/section-t01.html#table-t01"' in listed


_KINDS = {
    "first": ("index", "pages/tables", "pages/section-t01"),
    "further": (
        "pages/profile-alb", "pages/reading-who", "pages/reading-about", "pages/territory-alb-numbers", "pages/definitions",
        "report",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kinds", mostly_at_night(_KINDS, ["first"]))
def test_a_browser_finds_no_fault(folder, kinds):
    """Chromium with axe-core: no fault of WCAG 2.2 AA on any kind of page, also 320 pixels wide, where nothing is cut off."""
    browser = shutil.which("chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe for Playwright is not installed"
    )
    if browser is None:
        pytest.skip("Debian's Chromium is not installed")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_page()
        for kind in _KINDS[kinds]:
            if not (folder / f"{kind}.html").is_file():
                continue
            for width in (1200, _NARROW):
                page.set_viewport_size({"width": width, "height": 800})
                page.goto((folder / f"{kind}.html").as_uri())
                found = axe.Axe().run(
                    page,
                    options={
                        "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
                    },
                )
                assert [v["id"] for v in found.response["violations"]] == [], (kind, width)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (kind, width)
        page.goto((folder / "pages" / "tables.html").as_uri())
        page.fill("#words", "t01 albania")
        assert 0 < int(page.text_content("#found") or 0) < 20
        chromium.close()

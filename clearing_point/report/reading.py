"""The report that is read: a first page of findings and a picture, and short chapters that open with what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.analysis.charts import Chart, Series
from clearing_point.analysis.drawing import Point
from clearing_point.analysis.model import TOTAL, UNKNOWN
from clearing_point.report.chapters import Numbering, counted_figure, table_anchor
from clearing_point.report.editor_texts import SECTIONS, EditorText, beside
from clearing_point.report.figures import Easel
from clearing_point.report.findings import Finder
from clearing_point.report.model import (
    Block,
    Cell,
    Figure,
    Finding,
    Findings,
    Paragraph,
    Row,
    Section,
    Table,
    Terms,
)
from clearing_point.report.public_sources import described_of, published_of
from clearing_point.report.signs import print_number
from clearing_point.report.tables import plain_table
from clearing_point.report.unknown import unknown_of
from clearing_point.report.view import View
from clearing_point.report.words import Words
from clearing_point.standard.files import read_yaml
from clearing_point.standard.model import TERRITORY

FILE = "chapters.yml"
_ON_FIRST_PAGE = 5
_YES_NO = "yes_no"


@dataclass(frozen=True)
class Drawn:
    """Pictures and the small table of a chapter, made before the reference tables so that they are numbered first."""

    pictures: tuple[Figure, ...] = ()
    glance: tuple[Block, ...] = ()
    published: tuple[Block, ...] = ()


def load_chapters(reports: Path) -> Mapping[str, Any]:
    """Read ``reports/chapters.yml``."""
    found: Mapping[str, Any] = read_yaml(reports / FILE)
    return found


def draw_pictures(
    wanted: Sequence[Mapping[str, Any]], views: Mapping[str, View], easel: Easel, numbering: Numbering, anchor: str,
    territory: str = "", title: str = "{title}",
) -> tuple[Figure, ...]:  # fmt: skip
    """Draw the pictures that a chapter or profile lists; those of tables that the edition lacks fall away."""
    found: list[Figure] = []
    fixed = {TERRITORY: territory} if territory else None
    for entry in wanted:
        view = views.get(entry["table"])
        if view is None or not _fits(view, entry.get("chart", {}), territory):
            continue
        figure = easel.figure_of(
            view, f"{anchor}-{len(found) + 1}", numbering.figure(), table_anchor(entry["table"]), fixed,
            title.replace("{title}", title_of(view, entry)), entry.get("chart"),
        )  # fmt: skip
        found += [block for block in counted_figure(figure, numbering) if isinstance(block, Figure)]
    return tuple(found)


def title_of(view: View, entry: Mapping[str, Any]) -> str:
    """Name a picture: by its own words, or its table and the category of which it shows shares."""
    if "words" in entry:
        return view.setting.words(f"reading.pictures.{entry['words']}")
    chart = entry.get("chart", {})
    of = str(chart.get("of", ""))
    code = str(chart.get("at", {}).get(of, ""))
    if not code:
        return view.title
    standard, words = view.setting.context.standard, view.setting.words
    label = view.label(of, code)
    if view.breakdowns[of].codelist == _YES_NO and label == standard.label_of(_YES_NO, code, words.language):
        return view.title
    return words("figures.pair", name=view.title, value=label)


def _fits(view: View, chart: Mapping[str, Any], territory: str) -> bool:
    """Say whether a table of a short edition has what a picture is of."""
    if territory and territory not in view.categories.get(TERRITORY, ()):
        return False
    at = all(code in view.categories.get(variable, ()) for variable, code in chart.get("at", {}).items())
    return at and all(chart[key] in view.categories for key in ("x", "series", "of") if key in chart)


def glance_of(
    wanted: Sequence[Mapping[str, Any]],
    views: Mapping[str, View],
    easel: Easel,
    numbering: Numbering,
    chapter: str,
) -> tuple[Block, ...]:
    """Return shares of several tables side by side: a picture of then and now, and the small table of its numbers."""
    anchor = f"reading-{chapter}"
    words, edition = easel.setting.words, easel.setting.edition
    rows: list[tuple[str, list[Point], Cell]] = []
    notes = [words("reading.glance_note")]
    broken: dict[str, list[str]] = {}  # the same sentence on several of them is said once
    years = [str(edition.trend_from), str(edition.year)]
    for entry in wanted:
        view = views.get(entry["table"])
        if view is None or view.year is None or view.protected.withheld or not _fits(view, entry, ""):
            continue
        points = [
            easel.point_at(view, {**entry.get("at", {}), view.year: year}, True, entry["of"])
            if year in view.categories[view.year] else None
            for year in years
        ]  # fmt: skip
        none = Point(None, words("signs.no_share"), "none")
        rows.append((view.title, [point or none for point in points], _known(view, entry, years[-1])))
        if "note" in entry:
            notes.append(words(f"reading.glance_notes.{entry['note']}"))
        if sentence := view.break_sentence(years):
            broken.setdefault(sentence, []).append(view.title)
    shown = [point for _, points, _ in rows for point in points if point.value is not None]
    if len(shown) < 2 or years[0] == years[1]:
        return ()
    made = any(views[e["table"]].published.made_data for e in wanted if e["table"] in views)
    notes += [words("figures.pair", name="; ".join(of), value=sentence) for sentence, of in broken.items()]
    indicative = easel.indicative(point for _, points, _ in rows for point in points)
    notes += [words("tables.note_indicative", sign=words("signs.indicative").strip())] if indicative else []
    name = words(f"reading.chapters.{chapter}.title")
    title = words("reading.glance", chapter=name, first=years[0], last=years[1])
    body: list[list[str | Cell]] = [
        [name, *(Cell(point.text, state="" if point.state == "shown" else "none") for point in points), known]
        for name, points, known in rows
    ]
    table = plain_table(
        f"table-{anchor}", numbering.table(), title,
        (words("reading.indicator"), *years, words("reading.glance_known", year=years[-1])), body, tuple(notes), made,
    )  # fmt: skip
    labels = tuple(name for name, _, _ in rows)
    series = tuple(Series(year, tuple(points[at] for _, points, _ in rows)) for at, year in enumerate(years))
    chart = Chart(
        kind="dots", name=f"{anchor}-glance", title=title, categories=labels, series=series, percent=True,
        alternative=easel.spoken("dots", title, labels, series, words("reading.year")), key="",
        unit=words("reading.percent_known"), missing=easel.missing(series),
        hidden=words("figures.hidden", sign=next(iter(views.values())).protected.sign),
        later=words("figures.later", sign=words("signs.not_yet")),
        indicative=indicative, mark=easel.mark(made), order=words("figures.order"),
    )  # fmt: skip
    figure = easel.finish(chart, numbering.figure(), table.anchor, (), made)
    return (*counted_figure(figure, numbering), table)


def _known(view: View, entry: Mapping[str, Any], year: str) -> Cell:
    """Return of how many the answer is known: what a share of that year rests on."""
    of, words = entry["of"], view.setting.words
    place = view.filled({**entry.get("at", {}), of: TOTAL, str(view.year): year}) if view.year else None
    if place is None or year not in view.categories[str(view.year)]:
        return Cell(words("signs.no_data"), state="none")
    whole = view.printed(place)
    lacking = view.printed({**place, of: UNKNOWN}) if UNKNOWN in view.categories[of] else None
    hidden = next((n for n in (whole, lacking) if n is not None and n.value is None), None)
    if hidden is not None:
        return Cell(hidden.text, state="hidden" if hidden.state == "hidden" else "none")
    return Cell(print_number((whole.value or 0) - (lacking.value or 0 if lacking else 0), words))


def draw_front(
    listed: Mapping[str, Any], views: Mapping[str, View], easel: Easel, numbering: Numbering
) -> dict[str, Drawn]:
    """Draw the first page's picture, under ``front``."""
    front = [listed["front"]] if "front" in listed else []
    return {"front": Drawn(draw_pictures(front, views, easel, numbering, "reading-front"))}


def draw_chapters(
    listed: Mapping[str, Any], views: Mapping[str, View], easel: Easel, numbering: Numbering
) -> dict[str, Drawn]:
    """Draw the pictures of every chapter, in reading order."""
    drawn: dict[str, Drawn] = {}
    for chapter in listed["chapters"]:
        anchor = f"reading-{chapter['id']}"
        drawn[chapter["id"]] = Drawn(
            draw_pictures(chapter.get("pictures", ()), views, easel, numbering, anchor),
            glance_of(chapter.get("glance", ()), views, easel, numbering, chapter["id"])
            + unknown_of(chapter.get("unknown", ()), views, easel, numbering, anchor),
            published_of(chapter.get("published", ()), numbering, anchor)
            + described_of(chapter, numbering, anchor),
        )
    return drawn


def said(found: Sequence[Finding], numbers: Mapping[str, str]) -> tuple[Block, ...]:
    """Return findings as a block, each with the number and place of its table; nothing where nothing was found."""
    if not found:
        return ()
    return (Findings(tuple((f, numbers.get(f.table, ""), table_anchor(f.table)) for f in found)),)


def first_page(
    found: Sequence[Finding], drawn: Mapping[str, Drawn], numbers: Mapping[str, str],
    texts: Mapping[str, EditorText],
) -> tuple[Block, ...]:  # fmt: skip
    """Return five findings and one picture."""
    chosen = sorted((f for f in found if f.first_page), key=lambda f: f.first_page)[:_ON_FIRST_PAGE]
    return (*beside(texts, "first-page", said(chosen, numbers)), *drawn["front"].pictures)


def terms_of(words: Words, territories: Sequence[str]) -> Terms:
    """Explain the terms of the first page, and name the territories of the region."""
    names = words("reading.region.meaning", count=len(territories), names=words.joined(tuple(territories)))
    return Terms((*words.terms("reading.terms"), (words("reading.region.term"), names)))


def chapters_of(
    listed: Mapping[str, Any], finder: Finder, drawn: Mapping[str, Drawn], numbering: Numbering,
    texts: Mapping[str, EditorText],
) -> tuple[Section, ...]:  # fmt: skip
    """Return the chapters: what was found, pictures, a small table, and the reference tables by their numbers."""
    words, found = finder.words, finder.region()
    sections: list[Section] = []
    for chapter in listed["chapters"]:
        name, of_table = chapter["id"], numbering.of_table
        blocks: list[Block] = [Paragraph(words(f"reading.chapters.{name}.intro"), "lead")]
        blocks += beside(texts, name, said([f for f in found if f.chapter == name], of_table))
        pictures, glance = drawn[name].pictures, drawn[name].glance
        if len(pictures) == 1 and glance and isinstance(glance[0], Figure):
            # Two pictures alone below each other left half of the page white.
            pictures, glance = (*pictures, glance[0]), glance[1:]
        blocks += [Row(pictures)] if len(pictures) > 1 else pictures
        blocks += glance
        blocks += drawn[name].published
        tables = tuple((of_table[t], table_anchor(t)) for t in chapter["tables"] if t in of_table)
        if tables:
            names = ", ".join(number for number, _ in tables)
            text = words("reading.tables", names=names)
            blocks.append(Paragraph(text, "small", text.removesuffix(names), tables))
        of_itself = drawn[name].published or any(isinstance(block, Findings) for block in blocks)
        if len(blocks) > 2 or of_itself:
            title = f"{len(sections) + 1}. {words(f'reading.chapters.{name}.title')}"
            sections.append(Section(f"reading-{name}", title, tuple(blocks)))
    sections += [
        Section(f"reading-{name}", words(f"reading.{name}"), texts[name].blocks)
        for name in SECTIONS
        if name in texts
    ]
    return tuple(sections)


def about(finder: Finder, setting_facts: Sequence[tuple[str, str]], title: str) -> Section:
    """Return where the report comes from: sources, method, next release, contact, licence, how to cite."""
    words, edition = finder.words, finder.setting.edition
    named = {"year": edition.year, "title": title}
    terms = [
        (words(f"reading.about.{key}"), words(f"reading.about.{key}_text"))
        for key in ("sources", "method", "counted", "protected", "more")
    ]
    own = {**edition.about, **edition.about_translated.get(words.language, {})}
    terms += [
        (words(f"reading.about.{key}"), own[key])
        for key in ("contact", "next_release", "licence")
        if own.get(key)
    ]
    facts = ", ".join(f"{label} {value}" for label, value in setting_facts)
    cite = words("reading.about.cite_text", producer=words("front.producer"), facts=facts, **named)
    terms.append((words("reading.about.cite"), cite))
    return Section("reading-about", words("reading.about.title"), (Terms(tuple(terms)),))


__all__ = [
    "Drawn",
    "Table",
    "about",
    "chapters_of",
    "draw_chapters",
    "draw_front",
    "draw_pictures",
    "first_page",
    "load_chapters",
    "said",
    "terms_of",
]

"""The regional body of the report: coverage, key figures, and tables and figures part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from clearing_point.analysis.model import TOTAL
from clearing_point.report.breaks import breaks_said
from clearing_point.report.figure_maps import SENT, coverage_map, state_of
from clearing_point.report.figures import Easel
from clearing_point.report.model import (
    Block,
    Cell,
    Figure,
    Items,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Section,
    Table,
)
from clearing_point.report.plurals import OTHER, counted
from clearing_point.report.signs import print_number
from clearing_point.report.tables import make_table, plain_table
from clearing_point.report.view import Place, Setting, View
from clearing_point.report.words import Words

PARTS = ("numbers", "profile", "process", "assistance", "effectiveness", "quality")


@dataclass
class Numbering:
    """Numbers of tables and figures.

    A table that is published has its code for a number, on the page, in the workbook and as the name of its file, and so
    the same number every year; rows of one territory add its code. Tables about the report are numbered R1, R2, ... and
    figures 1, 2, ... in reading order.
    """

    setting: Setting
    tables: int = 0
    figures: int = 0
    of_table: dict[str, str] = field(default_factory=dict)

    def table(self, source_id: str = "", territory: str = "") -> str:
        """Return the number of a table, or of its rows of a territory."""
        if not source_id:
            self.tables += 1
            return self.setting.words("tables.number", number=f"R{self.tables}")
        number = self.setting.words("tables.number", number=source_id)
        if territory:
            return f"{number}-{territory}"
        self.of_table[source_id] = number
        return number

    def figure(self) -> str:
        """Return what the next figure would be numbered."""
        return self.setting.words("figures.number", number=self.figures + 1)


def table_anchor(source_id: str) -> str:
    """Return where the main table of an indicator stands."""
    return f"table-{source_id.lower()}"


def parts(views: Sequence[View], easel: Easel, numbering: Numbering) -> Iterator[Section]:
    """Yield one section per part of the report, its tables in the edition's order."""
    words = numbering.setting.words
    for part in PARTS:
        inside = [view for view in views if view.indicator.part == part]
        if not inside:
            continue
        sections: list[Section] = []
        grouped: dict[str | None, list[Section]] = {}
        for view in inside:
            source_id = view.indicator.indicator_id
            anchor = table_anchor(source_id)
            table = make_table(view, anchor, numbering.table(source_id))
            blocks: list[Block] = [Paragraph(words.of(view.indicator.definition), "lead")]
            figure = easel.figure_of(view, f"figure-{source_id.lower()}", numbering.figure(), anchor)
            blocks += counted_figure(figure, numbering)
            blocks.append(table)
            section = Section(f"section-{source_id.lower()}", view.title, tuple(blocks))
            grouped.setdefault(view.indicator.section, []).append(section)
        for name, members in grouped.items():
            sections += members if name is None else [_group(name, members, words)]
        intro = Paragraph(words(f"parts.{part}.intro"))
        yield Section(f"part-{part}", words(f"parts.{part}.title"), (intro,), tuple(sections))


def _group(name: str, members: Sequence[Section], words: Words) -> Section:
    """Put the tables of one question, such as shelters, under a heading of their own."""
    return Section(
        f"section-{name.replace('_', '-')}",
        words(f"parts.sections.{name}.title"),
        (Paragraph(words(f"parts.sections.{name}.intro")),),
        tuple(members),
    )


def key_figures(views: Sequence[View], setting: Setting, numbers: dict[str, str]) -> KeyFigures | None:
    """Return the numbers of the front page; one that may not be shown falls away."""
    words, year = setting.words, setting.edition.year
    by_id = {view.indicator.indicator_id: view for view in views}
    found = []
    for bound in setting.edition.key_figures:
        view = by_id[bound.table]
        if view.protected.withheld:
            continue
        place = view.bound(bound)
        shown = view.printed(place)
        if not shown.value:
            continue
        share = next((s for v in bound.at if v != view.year and (s := view.share(place, v))), None)
        if bound.share and share is None:
            continue
        sign = words("signs.indicative") if share is not None and share.indicative else ""
        value = f"{share.text}{sign}" if bound.share and share else shown.text
        details = []
        if bound.share:
            details.append(words("key_figures.of_persons", value=shown.text))
        elif share:
            details.append(words("key_figures.share", value=share.text))
        before = str(year - 1)
        if (
            not bound.share
            and view.year
            and view.year not in bound.at
            and before in view.categories[view.year]
        ):
            earlier = view.printed({**place, view.year: before})
            if earlier.value is not None:
                details.append(words("key_figures.before", year=before, value=earlier.text))
        key, years = (
            f"key_figures.sentences.{bound.words}",
            {"year": year, "at_year": place.get(str(view.year), year)},
        )
        # Beside a number of persons the words have the form that goes with it; beside per cent they have one.
        persons = words.has(f"{key}.{OTHER}")
        sentence = counted(words, key, shown.value, **years) if persons else words(key, **years)
        found.append(
            KeyFigure(value, sentence, "; ".join(details), table_anchor(bound.table), numbers[bound.table])
        )
    return KeyFigures(tuple(found)) if found else None


def coverage(easel: Easel, numbering: Numbering) -> Section:
    """Return the map and the table of who has sent data, for every year of the trends."""
    setting, words = numbering.setting, numbering.setting.words
    edition, made = setting.edition, setting.context.made_data
    anchor = "table-coverage"
    territories = setting.context.coverage
    if all(state_of(setting, t, year) == "accepted" for t in territories for year in edition.years):
        # A map and a table of nothing but "yes" say no more than a sentence.
        everybody = words.joined(sorted(setting.territory(t) for t in territories))
        whole = words("coverage.whole", names=everybody, first=edition.trend_from, last=edition.year)
        sent = (Paragraph(words("coverage.intro")), Paragraph(whole), *_counted_otherwise(setting))
        return Section("coverage", words("coverage.title"), sent)
    figure = coverage_map(
        easel,
        "figure-coverage",
        numbering.figure(),
        words("coverage.map_title", year=edition.year),
        anchor,
        made,
    )
    blocks: list[Block] = [Paragraph(words("coverage.intro")), *counted_figure(figure, numbering)]
    names = {territory: setting.territory(territory) for territory in setting.context.coverage}
    body = []
    for territory in sorted(names, key=lambda t: names[t]):
        row: list[str | Cell] = [names[territory]]
        for year in edition.years:
            state = state_of(setting, territory, year)
            row.append(Cell(words(f"coverage.short.{state}"), state="" if state in SENT else "none"))
        body.append(row)
    only_totals = any(state_of(setting, t, year) == "totals" for t in names for year in edition.years)
    kinds = SENT if only_totals else SENT[:1]
    keys = [*kinds, "returned", "none"]
    if only_totals and not setting.context.totals:
        keys[1] = "totals_in_no_table"  # the edition lists none of their tables
    notes = [words(f"coverage.key.{key}") for key in keys]
    title = words("coverage.table_title", first=edition.trend_from, last=edition.year)
    header = (words("tables.territory"), *edition.years)
    blocks.append(plain_table(anchor, numbering.table(), title, header, body, tuple(notes), made))
    lacking = [names[t] for t in names if state_of(setting, t, str(edition.year)) not in SENT]
    if lacking:
        text = words("coverage.lacking", names=words.joined(sorted(lacking)), year=edition.year)
        blocks.append(Paragraph(text, "note"))
    blocks += _counted_otherwise(setting)
    return Section("coverage", words("coverage.title"), tuple(blocks))


def _counted_otherwise(setting: Setting) -> Iterator[Block]:
    """List which territory counts otherwise from which year on: who compares years needs them in one place."""
    names = sorted((setting.territory(territory), territory) for territory in setting.context.coverage)
    found = [
        setting.words("figures.pair", name=name, value=said)
        for name, territory in names
        for said in breaks_said(territory, setting)
    ]
    if found:
        yield Paragraph(setting.words("chapters.data.breaks"), "subtitle")
        yield Items(tuple(found))


def counted_figure(figure: Figure | None, numbering: Numbering) -> list[Block]:
    """Return a figure as blocks and count it; none where nothing was drawn."""
    if figure is None:
        return []
    numbering.figures += 1
    return [figure]


def cell_of(view: View, place: Place) -> Cell:
    """Return one number as a cell of another table."""
    shown = view.printed(place)
    return Cell(shown.text, state="" if shown.state == "shown" else shown.state)


__all__ = [
    "TOTAL",
    "Numbering",
    "Table",
    "cell_of",
    "counted_figure",
    "coverage",
    "key_figures",
    "parts",
    "print_number",
    "table_anchor",
]

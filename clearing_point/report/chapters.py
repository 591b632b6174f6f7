"""The body of the report: tables and figures part by part, then a short chapter per territory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from clearing_point.analysis.model import TOTAL
from clearing_point.report.figures import Easel, state_of
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
from clearing_point.report.signs import print_number
from clearing_point.report.tables import make_table, plain_table, shows_something
from clearing_point.report.view import Place, Setting, View
from clearing_point.report.words import Words
from clearing_point.standard.model import TERRITORY

PARTS = ("numbers", "profile", "process", "assistance", "effectiveness", "quality")


@dataclass
class Numbering:
    """Tables and figures get their numbers in reading order; anchors stay the same from year to year."""

    setting: Setting
    tables: int = 0
    figures: int = 0
    of_table: dict[str, str] = field(default_factory=dict)

    def table(self, source_id: str = "") -> str:
        """Return the next table's number."""
        self.tables += 1
        number = self.setting.words("tables.number", number=self.tables)
        if source_id:
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
            blocks += _counted(figure, numbering)
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


def chapters(views: Sequence[View], easel: Easel, numbering: Numbering) -> Section:
    """Return the part with a chapter per reporting territory, each from the same protected tables."""
    setting, words = numbering.setting, numbering.setting.words
    names = {territory: setting.territory(territory) for territory in setting.context.coverage}
    sections = tuple(
        Section(f"territory-{t.lower()}", names[t], tuple(_chapter(t, names[t], views, easel, numbering)))
        for t in sorted(names, key=lambda territory: names[territory])
    )
    return Section("territories", words("chapters.title"), (Paragraph(words("chapters.intro")),), sections)


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
        value = share.text if bound.share and share else shown.text
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
        sentence = words(
            f"key_figures.sentences.{bound.words}", year=year, at_year=place[view.year] if view.year else year
        )
        found.append(
            KeyFigure(value, sentence, "; ".join(details), table_anchor(bound.table), numbers[bound.table])
        )
    return KeyFigures(tuple(found)) if found else None


def coverage(easel: Easel, numbering: Numbering) -> Section:
    """Return the map and the table of who has sent data, for every year of the trends."""
    setting, words = numbering.setting, numbering.setting.words
    edition, made = setting.edition, setting.context.made_data
    anchor = "table-coverage"
    figure = easel.coverage_map(
        "figure-coverage", numbering.figure(), words("coverage.map_title", year=edition.year), anchor, made
    )
    blocks: list[Block] = [Paragraph(words("coverage.intro")), *_counted(figure, numbering)]
    names = {territory: setting.territory(territory) for territory in setting.context.coverage}
    body = []
    for territory in sorted(names, key=lambda t: names[t]):
        row: list[str | Cell] = [names[territory]]
        for year in edition.years:
            state = state_of(setting, territory, year)
            row.append(Cell(words(f"coverage.short.{state}"), state="" if state == "accepted" else "none"))
        body.append(row)
    notes = [words(f"coverage.key.{state}") for state in ("accepted", "returned", "none")]
    title = words("coverage.table_title", first=edition.trend_from, last=edition.year)
    header = (words("tables.territory"), *edition.years)
    blocks.append(plain_table(anchor, numbering.table(), title, header, body, tuple(notes), made))
    lacking = [names[t] for t in names if state_of(setting, t, str(edition.year)) != "accepted"]
    if lacking:
        text = words("coverage.lacking", names=words.joined(sorted(lacking)), year=edition.year)
        blocks.append(Paragraph(text, "note"))
    return Section("coverage", words("coverage.title"), tuple(blocks))


def _counted(figure: Figure | None, numbering: Numbering) -> list[Block]:
    if figure is None:
        return []
    numbering.figures += 1
    return [figure]


def _chapter(
    territory: str, name: str, views: Sequence[View], easel: Easel, numbering: Numbering
) -> Iterator[Block]:
    setting, words = numbering.setting, numbering.setting.words
    year = str(setting.edition.year)
    state = state_of(setting, territory, year)
    if not any(state_of(setting, territory, each) == "accepted" for each in setting.edition.years):
        yield Paragraph(words(f"chapters.nothing_{state}", name=name, year=year), "note")
        return
    if state != "accepted":
        yield Paragraph(words(f"chapters.not_this_year_{state}", name=name, year=year), "note")
    small, left_out = _is_small(territory, views), []
    for view in views:
        if view.territory is None or territory not in view.categories[TERRITORY] or view.protected.withheld:
            continue
        source_id, fixed = view.indicator.indicator_id, {TERRITORY: territory}
        if (small and source_id not in setting.edition.small_territory_tables) or not shows_something(
            view, fixed
        ):
            left_out.append(
                words("chapters.left_out_item", title=view.title, number=numbering.of_table[source_id])
            )
            continue
        yield from _slice(view, territory, fixed, easel, numbering, name)
    if left_out:
        least = setting.context.standard.settings["thresholds"]["minimum_persons_territory"]
        yield Paragraph(
            words(
                "chapters.left_out_small" if small else "chapters.left_out", name=name, least=least, year=year
            ),
            "note",
        )
        yield Items(tuple(left_out))


def _slice(
    view: View, territory: str, fixed: Place, easel: Easel, numbering: Numbering, name: str
) -> Iterator[Block]:
    """The rows of one territory: categories down, years across."""
    words, source_id = view.setting.words, view.indicator.indicator_id
    anchor = f"{table_anchor(source_id)}-{territory.lower()}"
    title = words("chapters.table_title", title=view.title, name=name)
    number = numbering.table()
    kind = (view.indicator.chart or {}).get("kind")
    if view.year and len(view.categories[view.year]) > 1 and kind not in (None, "none"):
        figure_anchor = f"figure-{source_id.lower()}-{territory.lower()}"
        figure = easel.figure_of(view, figure_anchor, numbering.figure(), anchor, fixed, title)
        yield from _counted(figure, numbering)
    columns = (view.year,) if view.year else ()
    rows = tuple(v for v in (*view.layout[0], *view.layout[1]) if v not in (*columns, TERRITORY))
    if view.year and len(view.categories[view.year]) == 1 and len(rows) > 1:
        columns, rows = (*columns, *rows[1:]), rows[:1]
    yield make_table(
        view, anchor, number, title=title, fixed=fixed, rows=rows, columns=columns,
        origin_anchor=table_anchor(source_id),
    )  # fmt: skip


def _is_small(territory: str, views: Sequence[View]) -> bool:
    """Say whether the first table with territories shows fewer persons than a chapter needs (domain.md 14.5)."""
    for view in views:
        if view.territory is None or territory not in view.categories[TERRITORY] or view.protected.withheld:
            continue
        whole = view.filled({TERRITORY: territory})
        if whole is None:
            continue
        shown = view.printed(whole)
        if shown.state == "none":
            return False
        least = view.setting.context.standard.settings["thresholds"]["minimum_persons_territory"]
        return shown.value is None or shown.value < least
    return False


def cell_of(view: View, place: Place) -> Cell:
    """Return one number as a cell of another table."""
    shown = view.printed(place)
    return Cell(shown.text, state="" if shown.state == "shown" else shown.state)


__all__ = [
    "TOTAL",
    "Numbering",
    "Table",
    "cell_of",
    "chapters",
    "coverage",
    "key_figures",
    "parts",
    "print_number",
    "table_anchor",
]

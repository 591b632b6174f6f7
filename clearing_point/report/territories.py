"""A chapter per reporting territory in the order of domain.md 12.4, from its numbers to the notes on its data.

Each is made of the rows of the regional tables that concern the territory, so that all numbers are the same protected ones.
What is too small for a territory is not shown again; the chapter says where in the regional part its subject stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from clearing_point.report.chapters import Numbering, counted_figure, table_anchor
from clearing_point.report.data_notes import data_notes
from clearing_point.report.figure_maps import SENT, silent_state
from clearing_point.report.figures import Easel, state_of
from clearing_point.report.model import Block, Items, Paragraph, Section
from clearing_point.report.plurals import counted
from clearing_point.report.scorecard import scorecard_of
from clearing_point.report.tables import make_table, shows_something
from clearing_point.report.view import Place, Setting, View
from clearing_point.standard.model import TERRITORY

_GROUPS = {
    "numbers": ("numbers",),
    "profile": ("profile",),
    "process": ("process",),
    "assistance": ("assistance", "effectiveness"),
}
"""Part of a chapter -> the parts of the regional report whose tables it takes up."""


def chapters(views: Sequence[View], easel: Easel, numbering: Numbering) -> Section:
    """Return the part with a chapter per reporting territory."""
    setting, words = numbering.setting, numbering.setting.words
    names = {territory: setting.territory(territory) for territory in setting.context.coverage}
    sections = tuple(
        _chapter(territory, names[territory], views, easel, numbering)
        for territory in sorted(names, key=lambda territory: names[territory])
    )
    return Section("territories", words("chapters.title"), (Paragraph(words("chapters.intro")),), sections)


def _chapter(territory: str, name: str, views: Sequence[View], easel: Easel, numbering: Numbering) -> Section:
    setting, words = numbering.setting, numbering.setting.words
    year, anchor = str(setting.edition.year), f"territory-{territory.lower()}"
    state = state_of(setting, territory, year)
    blocks: list[Block] = []
    sections: list[Section] = []
    silent = silent_state(setting, territory)
    if silent:
        blocks.append(Paragraph(words(f"chapters.nothing_{silent}", name=name, year=year), "note"))
    if silent in ("", *SENT):
        if not silent and state != "accepted":
            blocks.append(Paragraph(words(f"chapters.not_this_year_{state}", name=name, year=year), "note"))
        small = _is_small(territory, views)
        if small:
            least = setting.context.standard.settings["thresholds"]["minimum_persons_territory"]
            blocks.append(Paragraph(words("chapters.small", name=name, least=least, year=year), "note"))
        for group, parts in _GROUPS.items():
            inside = [view for view in views if view.indicator.part in parts]
            if silent:
                inside = [view for view in inside if view.published.population.figures is not None]
            content = tuple(_group(territory, name, inside, small, easel, numbering, parts))
            if content:
                sections.append(Section(f"{anchor}-{group}", words(f"chapters.groups.{group}"), content))
    scorecard = setting.context.scorecard
    if scorecard is not None:
        content = tuple(
            scorecard_of(scorecard, territory, name, setting, partial(numbering.table, "T40", territory))
        )
        sections.append(Section(f"{anchor}-mechanisms", words("chapters.groups.mechanisms"), content))
    notes = tuple(data_notes(territory, name, views, numbering))
    if notes:
        sections.append(Section(f"{anchor}-data", words("chapters.groups.data"), notes))
    return Section(anchor, name, tuple(blocks), tuple(sections))


def _group(
    territory: str,
    name: str,
    views: Sequence[View],
    small: bool,
    easel: Easel,
    numbering: Numbering,
    parts: Sequence[str],
) -> Iterator[Block]:
    setting, words = numbering.setting, numbering.setting.words
    fixed, regional = {TERRITORY: territory}, 0
    left_out: list[str] = []
    elsewhere: list[str] = []
    for view in views:
        if view.territory is None or territory not in view.categories[TERRITORY] or view.protected.withheld:
            regional += 0 if view.protected.withheld else 1
            continue
        source_id = view.indicator.indicator_id
        allowed = not small or source_id in setting.edition.small_territory_tables
        shows = shows_something(view, fixed)
        if not shows and view.published.population.figures is not None:
            continue  # where there are cases, totals of theirs are nothing that lacks
        if not allowed or not shows:
            item = words("chapters.left_out_item", title=view.title, number=numbering.of_table[source_id])
            (elsewhere if shows else left_out).append(item)
            continue
        yield from _slice(view, territory, fixed, easel, numbering, name)
    if elsewhere:
        yield Paragraph(words("chapters.in_region", name=name, year=setting.edition.year), "note")
        yield Items(tuple(elsewhere))
    if left_out:
        yield Paragraph(words("chapters.left_out", name=name), "note")
        yield Items(tuple(left_out))
    if regional:
        titles = words.joined([words(f"parts.{part}.title") for part in parts])
        yield Paragraph(
            counted(words, "chapters.regional_only", regional, count=regional, parts=titles), "note"
        )


def _slice(
    view: View, territory: str, fixed: Place, easel: Easel, numbering: Numbering, name: str
) -> Iterator[Block]:
    """The rows of one territory: categories down, years across."""
    words, source_id = view.setting.words, view.indicator.indicator_id
    anchor = f"{table_anchor(source_id)}-{territory.lower()}"
    title = words("chapters.table_title", title=view.title, name=name)
    number = numbering.table(source_id, territory)
    kind = (view.indicator.chart or {}).get("kind")
    if view.year and len(view.categories[view.year]) > 1 and kind not in (None, "none"):
        figure_anchor = f"figure-{source_id.lower()}-{territory.lower()}"
        figure = easel.figure_of(view, figure_anchor, numbering.figure(), anchor, fixed, title)
        yield from counted_figure(figure, numbering)
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
        return shown.value is None or shown.value < least_persons(view.setting)
    return False


def least_persons(setting: Setting) -> int:
    """Return how many persons a territory needs for more than the shortest tables."""
    return int(setting.context.standard.settings["thresholds"]["minimum_persons_territory"])

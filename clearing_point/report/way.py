"""The way of a victim as one picture: at each step how many went on, how many did not, and of how many it is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clearing_point.analysis.charts import Chart, Series
from clearing_point.analysis.drawing import Point
from clearing_point.analysis.model import TOTAL, UNKNOWN
from clearing_point.report.chapters import Numbering, counted_figure
from clearing_point.report.figures import Easel
from clearing_point.report.model import Block, Cell, Paragraph, Section
from clearing_point.report.signs import percentage, print_number
from clearing_point.report.tables import plain_table
from clearing_point.report.view import Place, View
from clearing_point.standard.model import TERRITORY

_PARTS = ("went_on", "lost", "not_known")
_LEAST = 2


@dataclass(frozen=True)
class _Step:
    """One step: its year, how many stood before it, and its three parts; None is a number that is not shown.

    Of a step whose parts do not exclude each other, or whose rest has no number of its own, the loss is what is left of
    printed numbers alone.
    """

    name: str
    year: str
    table: str
    sign: str
    whole: int | None
    parts: tuple[int | None, int | None, int | None]


def way_of(
    wanted: Sequence[Mapping[str, Any]], views: Mapping[str, View], easel: Easel, numbering: Numbering
) -> tuple[Section, ...]:
    """Return picture and small table of the steps whose tables the edition has; nothing where there are too few."""
    words = easel.setting.words
    steps = [step for entry in wanted if (step := _step(entry, views, easel)) is not None]
    shown = [step for step in steps if step.whole and step.parts[0] is not None]
    if len(shown) < _LEAST:
        return ()
    made = any(views[step.table].published.made_data for step in steps)
    title, anchor = words("reading.way.picture"), "table-reading-way"
    labels, points = [], []
    for step in steps:
        base = _text(step.whole, step.sign, easel)
        labels.append(words(f"reading.way.steps.{step.name}", base=base, year=step.year))
        points.append([_point(part, step, easel) for part in step.parts])
    names = [words(f"reading.way.{part}") for part in _PARTS]
    series = tuple(
        Series(name, tuple(row[at] for row in points), unknown=at == len(_PARTS) - 1)
        for at, name in enumerate(names)
    )
    chart = Chart(
        kind="stacked", name="reading-way-picture", title=title, categories=tuple(labels), series=series, percent=True,
        alternative=easel.spoken("stacked", title, labels, series, words("reading.way.part")), key="",
        unit=words("reading.way.unit"), missing=words("figures.no_share", sign=words("signs.no_share")),
        hidden=words("figures.hidden", sign=steps[0].sign), mark=easel.mark(made),
    )  # fmt: skip
    figure = easel.finish(chart, numbering.figure(), anchor, (words("reading.way.note"),), made)
    blocks: list[Block] = [Paragraph(words("reading.way.intro"), "lead"), *counted_figure(figure, numbering)]
    body: list[list[str | Cell]] = [
        [
            label,
            *(
                Cell(
                    _text(n, step.sign, easel),
                    detail=point.text if point is not None and point.state == "shown" else "",
                    state="" if n is not None else "hidden",
                )
                for n, point in zip((step.whole, *step.parts), (None, *drawn), strict=True)
            ),
            Cell(words("tables.number", number=step.table), words=True),
        ]
        for label, step, drawn in zip(labels, steps, points, strict=True)
    ]
    header = (words("reading.way.step"), words("reading.way.before"), *names, words("reading.way.from_table"))
    table = plain_table(anchor, numbering.table(), title, header, body, (), made)
    return (Section("reading-way", words("reading.way.title"), (*blocks, table)),)


def _step(entry: Mapping[str, Any], views: Mapping[str, View], easel: Easel) -> _Step | None:
    view = views.get(entry["table"])
    if view is None or view.protected.withheld or view.year is None:
        return None
    variable, year = entry["of"], str(easel.setting.edition.year)
    codes = view.categories.get(variable, ())
    if not {TOTAL, *entry["went_on"], *entry.get("lost", ())} <= set(codes):
        return None
    if view.is_incomplete(
        {**{v: (view.leaves(v) or view.categories[v])[0] for v in view.categories}, view.year: year}
    ):
        year = str(int(year) - 1)
    if year not in view.categories[view.year]:
        return None

    def number(*wanted: str) -> int | None:
        """Return the sum of printed cells, none of which is protected."""
        places: list[Place] = [
            {**_region(view), variable: code, str(view.year): year} for code in wanted if code in codes
        ]
        values = [view.printed(place).value for place in places]
        return None if None in values else sum(value or 0 for value in values)

    whole, not_known = number(TOTAL), number(UNKNOWN, *entry.get("not_known", ()))
    if entry.get("among_known"):  # who is not known to have come so far does not stand before the step
        before = number(UNKNOWN)
        whole = None if whole is None or before is None else whole - before
        not_known = number(*entry.get("not_known", ()))
    went_on = number(*entry["went_on"])
    lost = number(*entry["lost"]) if entry.get("lost") else None
    if lost is None and not entry.get("lost") and None not in (whole, went_on, not_known):
        lost = (whole or 0) - (went_on or 0) - (not_known or 0)
    return _Step(entry["id"], year, entry["table"], view.protected.sign, whole, (went_on, lost, not_known))


def _region(view: View) -> dict[str, str]:
    """Return the place of the region as a whole."""
    return {v: TOTAL for v in view.categories if v == TERRITORY}


def _text(number: int | None, sign: str, easel: Easel) -> str:
    return sign if number is None else print_number(number, easel.setting.words)


def _point(part: int | None, step: _Step, easel: Easel) -> Point:
    words = easel.setting.words
    if part is None or step.whole is None:
        return Point(None, step.sign, "hidden")
    if not step.whole:
        return Point(None, words("signs.no_share"), "none")
    percent = 100 * part / step.whole
    return Point(percent, percentage(part / step.whole, words), "shown")


__all__ = ["way_of"]

"""What is not known: for the questions that matter most, how many answers are missing. A share stands among the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clearing_point.analysis.charts import Chart, Series
from clearing_point.analysis.drawing import Point
from clearing_point.analysis.model import TOTAL, UNKNOWN
from clearing_point.report.chapters import Numbering, cell_of, counted_figure
from clearing_point.report.figures import Easel
from clearing_point.report.model import Block, Cell
from clearing_point.report.signs import percentage
from clearing_point.report.tables import plain_table
from clearing_point.report.view import View
from clearing_point.standard.model import TERRITORY

_LEAST = 2


def unknown_of(
    wanted: Sequence[Mapping[str, Any]], views: Mapping[str, View], easel: Easel, numbering: Numbering, anchor: str
) -> tuple[Block, ...]:  # fmt: skip
    """Return a picture and a small table of the answers that are missing in the region, question by question.

    Nothing is worked out where a number is protected: its sign stands in the table and in the gap of the picture.
    """
    words = easel.setting.words
    labels: list[str] = []
    points: list[Point] = []
    body: list[list[str | Cell]] = []
    made = False
    for entry in wanted:
        view, of = views.get(entry["table"]), entry["of"]
        if view is None or view.protected.withheld or view.year is None:
            continue
        if not {UNKNOWN, TOTAL} <= set(view.categories.get(of, ())):
            continue
        known = next(code for code in view.categories[of] if code not in (UNKNOWN, TOTAL))
        region = {TERRITORY: TOTAL} if TERRITORY in view.categories else {}
        at = {of: known, **region, **easel.year_of(view, {of: known, **region}, of, None)}
        places = [view.filled({**at, of: code}) for code in (TOTAL, UNKNOWN)]
        whole, lacking = (None if place is None else view.printed(place) for place in places)
        if whole is None or lacking is None or not whole.value:
            continue
        question = words(f"reading.unknown.asked.{entry['words']}")
        if lacking.value is None:
            point = Point(None, lacking.text, lacking.state)
        else:
            share = lacking.value / whole.value
            point = Point(100 * share, percentage(share, words), "shown")
        labels.append(question)
        points.append(point)
        number = words("tables.number", number=entry["table"])
        shown = [cell_of(view, place) for place in places if place is not None]
        body.append(
            [question, Cell(view.population, words=True), *shown,
             Cell(point.text, state=shown[-1].state),
             Cell(number, words=True)]
        )  # fmt: skip
        made = made or view.published.made_data
    if sum(point.value is not None for point in points) < _LEAST:
        return ()
    title = words("reading.unknown.title", year=easel.setting.edition.year)
    header = tuple(
        words(f"reading.unknown.{key}") for key in ("question", "of_whom", "whole", "lacking", "percent")
    )
    table = plain_table(
        f"table-{anchor}-unknown", numbering.table(), title, (*header, words("reading.way.from_table")), body,
        (words("reading.unknown.note"),), made,
    )  # fmt: skip
    series = (Series(words("reading.unknown.lacking"), tuple(points)),)
    chart = Chart(
        kind="dots", name=f"{anchor}-unknown", title=title, categories=tuple(labels), series=series, percent=True,
        alternative=easel.spoken("dots", title, labels, series, ""), unit=words("reading.unknown.unit"),
        missing=easel.missing(series), hidden=words("figures.hidden", sign=next(iter(views.values())).protected.sign),
        mark=easel.mark(made),
    )  # fmt: skip
    figure = easel.finish(chart, numbering.figure(), table.anchor, (), made)
    return (*counted_figure(figure, numbering), table)


__all__ = ["unknown_of"]

"""Lines over years: one frame for a few, small frames of one scale for many; a year not shown is a gap with a sign."""

from __future__ import annotations

import math
import textwrap
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from clearing_point.analysis.drawing import (
    GREY,
    SMALL,
    WIDTH,
    looks,
    new_figure,
    round_limit,
    shown_values,
    sign_lines,
    value_axis,
    wrapped,
)

if TYPE_CHECKING:
    from clearing_point.analysis.charts import Chart, Series

_PANEL_COLUMNS = 3
_PANEL_TITLE = 19
"""Letters of a line of a small frame's title: so many of the widest fit between two frames."""
_PANEL_HEIGHT, _BESIDE_PANEL, _UNDER_PANEL, _UNDER_PANELS = 0.74, 0.42, 0.36, 0.22
"""Inches: the frame, its numbers at the left, its signs and years below, and the room below all frames."""
_LABELLED_YEARS = 12
_FRAME = 150.0
"""About how high a frame of lines is, in points."""
_STEEP = 0.12
"""Part of the scale by which a neighbour must be higher for its line to strike the number above a point."""
_ROOM_BELOW = 0.15
"""Part of the scale below a point that a number there takes."""
_Place = tuple[float, float, str, str]
"""Where a number stands: points to the right and up of its own, and which side and edge of it."""
_ABOVE: _Place = (0, 6, "center", "baseline")
_NAME = 18
"""Letters of a line of the name beside a line."""


def draw_lines(axes: Any, chart: Chart) -> None:
    """Draw a few lines in one frame, each named where it ends."""
    limit = round_limit(shown_values(chart.points))
    for number, series in enumerate(chart.series):
        _line(axes, series, looks(number, series.unknown))
        if len(chart.series) == 1 and len(chart.categories) <= _LABELLED_YEARS:
            for at, point in enumerate(series.points):
                if point.value is not None:
                    _number(axes, point.text, at, point.value, _off_the_line(series, at, limit))
    if len(chart.series) == 1:
        _signs_below(axes, chart.series[0])
    else:
        _names(axes, chart, limit)
    _time_axis(axes, chart, limit)


def gaps(chart: Chart) -> list[str]:
    """Return a sentence for each sign of a frame of several lines: which line has it, and in which years."""
    found = []
    for state, words in (("hidden", chart.hidden), ("none", chart.missing), ("later", chart.later)):
        places: dict[tuple[str, ...], list[str]] = {}
        for series in chart.series:
            years = tuple(
                chart.categories[at] for at, point in enumerate(series.points) if point.state == state
            )
            if years:
                places.setdefault(years, []).append(series.name)
        said = [f"{', '.join(names)} {', '.join(years)}" for years, names in places.items()]
        if said:
            found.append(f"{words}: {'; '.join(said)}")
    return found


def _line(axes: Any, series: Series, look: dict[str, Any]) -> None:
    heights = [float("nan") if p.value is None else p.value for p in series.points]
    starts = [0, *series.breaks, len(heights)]
    for start, end in pairwise(starts):  # a line ends where is counted otherwise from then on
        axes.plot(
            range(start, end), heights[start:end], color=look["line"], linestyle=look["linestyle"],
            marker=look["marker"], clip_on=False,
        )  # fmt: skip


def _number(axes: Any, text: str, at: float, value: float, place: _Place = _ABOVE) -> None:
    across, up, side, foot = place
    axes.annotate(
        text, (at, value), (across, up), textcoords="offset points", ha=side, va=foot, fontsize=SMALL
    )


def _off_the_line(series: Series, at: int, limit: float) -> _Place:
    """Return where a number stands so that its own line does not strike it: above; beside or below where that rises."""
    here = series.points[at].value or 0.0
    up_left = _rise(series, at, at - 1, here) if at and at not in series.breaks else 0.0
    up_right = _rise(series, at, at + 1, here) if at + 1 not in series.breaks else 0.0
    struck = [rise > limit * _STEEP for rise in (up_left, up_right)]
    if not any(struck):
        return _ABOVE
    if all(struck) and here > limit * _ROOM_BELOW:
        return 0, -6, "center", "top"
    return (4, 6, "left", "baseline") if up_left > up_right else (-4, 6, "right", "baseline")


def _rise(series: Series, at: int, to: int, here: float) -> float:
    """Return by how much the line is higher at a neighbour; nothing where there is none."""
    value = series.points[to].value if to < len(series.points) else None
    return 0.0 if value is None else value - here


def _signs_below(axes: Any, series: Series) -> None:
    """Write signs below the axis: there is no height at which they could stand."""
    for at, point in enumerate(series.points):
        if point.value is None:
            axes.annotate(
                point.text, (at, 0), (0, -2), xycoords=("data", "axes fraction"), textcoords="offset points",
                ha="center", va="top", fontsize=SMALL, color=GREY, annotation_clip=False,
            )  # fmt: skip


def _names(axes: Any, chart: Chart, limit: float) -> None:
    """Write each line's name and last number beside its end; names that would meet move apart."""
    scale, labels = limit * 1.06 / _FRAME, []
    for series in chart.series:
        shown = [point for point in series.points if point.value is not None]
        if shown:
            text = wrapped(
                f"{series.name} {shown[-1].text if shown[-1] is series.points[-1] else ''}".strip(), _NAME
            )
            labels.append([shown[-1].value or 0.0, text, (text.count("\n") + 1) * 11.5 * scale])
    labels.sort(key=lambda label: label[0])  # type: ignore[arg-type, return-value]
    lowest = 0.0
    for label in labels:
        height = float(label[2])  # type: ignore[arg-type]
        middle = max(float(label[0]), lowest + height / 2)  # type: ignore[arg-type]
        lowest = middle + height / 2
        axes.text(
            len(chart.categories) - 0.72, middle, label[1], va="center", ha="left", fontsize=SMALL,
            linespacing=1.05, clip_on=False,
        )  # fmt: skip


def _time_axis(axes: Any, chart: Chart, limit: float) -> None:
    axes.set_xlim(-0.5, len(chart.categories) - 0.5)
    axes.set_ylim(0, limit * 1.06)
    every = 1 + (len(chart.categories) - 1) // 12
    places = range((len(chart.categories) - 1) % every, len(chart.categories), every)
    axes.set_xticks(list(places), [chart.categories[at] for at in places])
    if len(chart.series) == 1 and any(point.value is None for point in chart.points):
        axes.tick_params(axis="x", pad=14)
    value_axis(axes.yaxis, limit, chart.percent, chart.separator)
    axes.grid(axis="y")
    # The unit stands above the axis, level: nobody turns the head.
    axes.set_title(chart.unit, fontsize=SMALL, fontweight="normal", color=GREY, loc="left")


def panels(chart: Chart) -> Any:
    """Return a figure with a small frame a line, all of one scale, so that heights can be compared."""
    titles = ["\n".join(textwrap.wrap(series.name, _PANEL_TITLE)) for series in chart.series]
    rows = range(0, len(titles), _PANEL_COLUMNS)
    # All frames are alike, so their room is known: measuring a dozen of them would take most of the time.
    above = [0.22 + 0.15 * (1 + max(t.count("\n") for t in titles[at : at + _PANEL_COLUMNS])) for at in rows]
    foot = _UNDER_PANELS + 0.17 * len(sign_lines(chart.explained, chart.mark))
    head = 0.2
    height = head + sum(above) + len(above) * (_PANEL_HEIGHT + _UNDER_PANEL) + foot
    width = (WIDTH - _PANEL_COLUMNS * _BESIDE_PANEL - 0.1) / _PANEL_COLUMNS
    figure = new_figure(height, fitted=False)
    figure.text(0.01, 1 - 0.05 / height, chart.unit, fontsize=SMALL, color=GREY, va="top")
    limit = math.ceil(round_limit(shown_values(chart.points)))  # its end is printed without decimals
    for number, (series, title) in enumerate(zip(chart.series, titles, strict=True)):
        row, column = divmod(number, _PANEL_COLUMNS)
        top = head + sum(above[: row + 1]) + row * (_PANEL_HEIGHT + _UNDER_PANEL)
        left = _BESIDE_PANEL + column * (width + _BESIDE_PANEL)
        bottom = height - top - _PANEL_HEIGHT
        axes = figure.add_axes((left / WIDTH, bottom / height, width / WIDTH, _PANEL_HEIGHT / height))
        _panel(axes, chart, series, limit)
        # A title begins above the numbers of its axis: what is longer than the frame finds room there.
        axes.set_title(title, fontsize=SMALL, fontweight="bold", x=-0.8 * _BESIDE_PANEL / width, pad=11)
    return figure


def _panel(axes: Any, chart: Chart, series: Series, limit: float) -> None:
    last = len(chart.categories) - 1
    _line(axes, series, looks(0))
    shown = [at for at, point in enumerate(series.points) if point.value is not None]
    for at in sorted({*shown[:1], *shown[-1:]}):
        _number(axes, series.points[at].text, at, series.points[at].value or 0.0)
    _signs_below(axes, series)
    axes.set_xlim(-0.5, last + 0.5)
    axes.set_ylim(0, limit * 1.1)
    axes.set_xticks([0, last], [chart.categories[0], chart.categories[-1]], fontsize=SMALL)
    axes.tick_params(axis="x", pad=11, length=2)
    axes.set_yticks([0, limit], ["0", f"{limit:,.0f}".replace(",", chart.separator)], fontsize=SMALL)

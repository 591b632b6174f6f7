"""Bars: side by side, stacked or back to back, lying or standing. What is not shown has no bar: a sign stands in its gap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clearing_point.analysis.drawing import (
    GREY,
    SMALL,
    Point,
    looks,
    readable_on,
    round_limit,
    shown_values,
    value_axis,
    wrapped,
)

if TYPE_CHECKING:
    from clearing_point.analysis.charts import Chart

_LABELLED_BARS = 14  # more standing bars have no room for their numbers; the table has them
_PYRAMID = 0.82  # thickness of a pyramid's bar
_STACK = 0.68  # thickness of a stacked bar
_LETTER = 0.016
"""Part of the axis that a letter of a number takes: a narrower segment has no room for its number."""


def draw_bars(axes: Any, chart: Chart) -> None:
    """Draw the series side by side."""
    limit = round_limit(shown_values(chart.points))
    thickness = 0.78 / len(chart.series)
    for number, series in enumerate(chart.series):
        look = looks(number, series.unknown)
        for at, point in enumerate(series.points):
            place = at - 0.39 + thickness * (number + 0.5)
            _bar(axes, chart, point, place, thickness * 0.94, limit, look)
    _bar_axes(axes, chart, limit)


def _bar(
    axes: Any, chart: Chart, point: Point, place: float, thick: float, limit: float, look: dict[str, Any]
) -> None:
    fill = {"facecolor": look["color"], "hatch": look["hatch"], "edgecolor": "white", "linewidth": 0}
    if point.value is None:
        _sign(axes, chart, point.text, place, 0.0, limit)
    elif chart.upright:
        axes.bar(place, point.value, thick, **fill)
        if len(chart.points) <= _LABELLED_BARS:
            high = point.value + limit * 0.012
            axes.text(place, high, point.text, ha="center", va="bottom", fontsize=SMALL)
    else:
        axes.barh(place, point.value, thick, **fill)
        axes.text(point.value + limit * 0.012, place, point.text, ha="left", va="center", fontsize=SMALL)


def _sign(axes: Any, chart: Chart, sign: str, place: float, end: float, limit: float) -> None:
    """Write a sign where a bar would begin, or after the last part that is shown."""
    if chart.upright:
        axes.text(place, end + limit * 0.012, sign, ha="center", va="bottom", fontsize=SMALL, color=GREY)
    else:
        axes.text(end + limit * 0.012, place, sign, ha="left", va="center", fontsize=SMALL, color=GREY)


def draw_pyramid(axes: Any, chart: Chart) -> None:
    """Draw two series back to back, the first to the left: an age pyramid."""
    limit = round_limit(shown_values(chart.points))
    for number, (series, side) in enumerate(zip(chart.series, (-1, 1), strict=True)):
        look = looks(number, series.unknown)
        aligned = "right" if side < 0 else "left"
        for at, point in enumerate(series.points):
            if point.value is not None:
                fill = {
                    "facecolor": look["color"],
                    "hatch": look["hatch"],
                    "edgecolor": "white",
                    "linewidth": 0,
                }
                axes.barh(at, side * point.value, _PYRAMID, **fill)
            place = side * ((point.value or 0.0) + limit * 0.02)
            colour = "black" if point.value is not None else GREY
            axes.text(place, at, point.text, ha=aligned, va="center", fontsize=SMALL, color=colour)
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set_yticks(range(len(chart.categories)), [wrapped(name) for name in chart.categories])
    axes.set_ylim(-0.5, len(chart.categories) - 0.5)  # the youngest at the foot
    axes.set_xlim(-1.16 * limit, 1.16 * limit)
    ticks = [-limit, -limit / 2, 0, limit / 2, limit]
    names = [f"{abs(tick):,.0f}".replace(",", chart.separator) for tick in ticks]
    axes.set_xticks(ticks if limit >= 2 else [0], names if limit >= 2 else ["0"])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel(chart.unit, fontsize=SMALL, color=GREY)


def draw_stacks(axes: Any, chart: Chart) -> None:
    """Draw the parts on top of each other, or one after the other where bars lie.

    Where parts are protected and the whole is printed, the bar is as long as the whole: what is between the shown parts
    and the whole stays empty. Where the whole is not printed either, the sign follows the last shown part.
    """
    wholes = [_whole(chart, at) for at in range(len(chart.categories))]
    limit = 100.0 if chart.percent else round_limit([max(whole, shown) for whole, shown in wholes])
    for at, (whole, _) in enumerate(wholes):
        end = 0.0
        for number, series in enumerate(chart.series):
            point = series.points[at]
            if point.value:
                _segment(axes, chart, point, at, end, limit, looks(number, series.unknown))
                end += point.value
        hidden = next((s.points[at].text for s in chart.series if s.points[at].state == "hidden"), "")
        if hidden and whole > end:
            rest = {"facecolor": "white", "edgecolor": GREY, "linewidth": 0.9, "linestyle": (0, (3, 2))}
            place: tuple[float, float] = (at, end + (whole - end) / 2)
            if chart.upright:
                axes.bar(at, whole - end, _STACK, bottom=end, **rest)
            else:
                axes.barh(at, whole - end, _STACK, left=end, **rest)
                place = (place[1], at)
            if whole - end >= limit * _LETTER * 2:
                axes.text(*place, hidden, ha="center", va="center", fontsize=SMALL, color=GREY)
        elif hidden:
            _sign(axes, chart, f"+ {hidden}" if end else hidden, at, end, limit)
        states = {series.points[at].state for series in chart.series}
        if states <= {"none", "later"}:
            _sign(axes, chart, chart.series[0].points[at].text, at, 0.0, limit)
    _bar_axes(axes, chart, limit)


def _whole(chart: Chart, at: int) -> tuple[float, float]:
    """Return the printed whole of a bar of which parts are protected (else zero) and the sum of its shown parts."""
    shown = sum(shown_values([series.points[at] for series in chart.series]))
    point = chart.totals[at] if chart.totals else None
    drawn = point is not None and not chart.percent and _several_hidden(chart, at)
    return (point.value or 0.0 if drawn and point else 0.0), shown


def _several_hidden(chart: Chart, at: int) -> bool:
    """Say whether at least two parts are protected: the rest of one alone would be as long as the part."""
    return sum(series.points[at].state == "hidden" for series in chart.series) > 1


def rests(chart: Chart) -> bool:
    """Say whether a stack has an empty part: protected parts of a whole that is printed."""
    return any(
        whole > shown
        for at, (whole, shown) in enumerate(_whole(chart, at) for at in range(len(chart.categories)))
    )


def _segment(
    axes: Any, chart: Chart, point: Point, at: int, end: float, limit: float, look: dict[str, Any]
) -> None:
    value = point.value or 0.0
    fill = {"facecolor": look["color"], "hatch": look["hatch"], "edgecolor": "white", "linewidth": 0.8}
    if chart.upright:
        axes.bar(at, value, _STACK, bottom=end, **fill)
    else:
        axes.barh(at, value, _STACK, left=end, **fill)
    room = 0.06 if chart.upright else _LETTER * (len(point.text) + 1.5)
    if value >= limit * room:
        middle = (at, end + value / 2) if chart.upright else (end + value / 2, at)
        box = {"facecolor": look["color"], "edgecolor": "none", "pad": 1.0} if look["hatch"] else None
        colour = readable_on(look["color"])
        axes.text(*middle, point.text, ha="center", va="center", fontsize=SMALL, color=colour, bbox=box)


def _bar_axes(axes: Any, chart: Chart, limit: float) -> None:
    room = 1.0 if chart.percent else 1.1
    names = list(chart.categories)
    if chart.upright:
        axes.set_xticks(range(len(names)), names)
        axes.set_xlim(-0.5, len(names) - 0.5)
        axes.set_ylim(0, limit * room)
        axes.grid(axis="y")
        value_axis(axes.yaxis, limit, chart.percent, chart.separator)
        axes.set_title(chart.unit, fontsize=SMALL, fontweight="normal", color=GREY, loc="left")
        return
    axes.set_yticks(range(len(names)), [wrapped(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, limit * room)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel(chart.unit, fontsize=SMALL, color=GREY)
    value_axis(axes.xaxis, limit, chart.percent, chart.separator)

"""Bars: side by side or stacked, lying or standing, with marks of one size for what is not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clearing_point.analysis.drawing import (
    GREY,
    STUB,
    Point,
    looks,
    lying_stub,
    readable_on,
    round_limit,
    shown_values,
    upright_stub,
    value_axis,
    wrapped,
)

if TYPE_CHECKING:
    from clearing_point.analysis.charts import Chart

_LABELLED_BARS = 14  # more standing bars have no room for their numbers; the table has them
_PYRAMID = 0.82  # thickness of a pyramid's bar
_STACK = 0.68  # thickness of a stacked bar
_NARROW = 0.075  # a segment narrower than this part of the axis has no room for its number


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
    if point.value is not None:
        if chart.upright:
            axes.bar(place, point.value, thick, **fill)
            if len(chart.points) <= _LABELLED_BARS:
                high = point.value + limit * 0.012
                axes.text(place, high, point.text, ha="center", va="bottom", fontsize=8.5)
        else:
            axes.barh(place, point.value, thick, **fill)
            axes.text(point.value + limit * 0.012, place, point.text, ha="left", va="center", fontsize=8.5)
    elif point.state == "hidden":
        if chart.upright:
            upright_stub(axes, place, 0.0, thick, limit, look["color"], point.text)
        else:
            lying_stub(axes, place, 0.0, thick, limit, look["color"], point.text)
    elif chart.upright:
        axes.text(place, limit * 0.012, point.text, ha="center", va="bottom", fontsize=8.5, color=GREY)
    else:
        axes.text(limit * 0.012, place, point.text, ha="left", va="center", fontsize=8.5, color=GREY)


def draw_pyramid(axes: Any, chart: Chart) -> None:
    """Draw two series back to back, the first to the left: an age pyramid."""
    limit = round_limit(shown_values(chart.points))
    for number, (series, side) in enumerate(zip(chart.series, (-1, 1), strict=True)):
        look = looks(number, series.unknown)
        aligned = "right" if side < 0 else "left"
        for at, point in enumerate(series.points):
            if point.state == "hidden":
                lying_stub(axes, at, 0.0, _PYRAMID, side * limit, look["color"], "")
            elif point.value is not None:
                fill = {
                    "facecolor": look["color"],
                    "hatch": look["hatch"],
                    "edgecolor": "white",
                    "linewidth": 0,
                }
                axes.barh(at, side * point.value, _PYRAMID, **fill)
            end = limit * STUB if point.state == "hidden" else point.value or 0.0
            place = side * (end + limit * 0.02)
            axes.text(place, at, point.text, ha=aligned, va="center", fontsize=8.5)
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set_yticks(range(len(chart.categories)), [wrapped(name) for name in chart.categories])
    axes.set_ylim(-0.5, len(chart.categories) - 0.5)  # the youngest at the foot
    axes.set_xlim(-1.16 * limit, 1.16 * limit)
    ticks = [-limit, -limit / 2, 0, limit / 2, limit]
    names = [f"{abs(tick):,.0f}".replace(",", chart.separator) for tick in ticks]
    axes.set_xticks(ticks if limit >= 2 else [0], names if limit >= 2 else ["0"])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel(chart.unit, fontsize=8.5, color=GREY)


def draw_stacks(axes: Any, chart: Chart) -> None:
    """Draw the series on top of each other, or one after the other where bars lie."""
    totals = [sum(shown_values([s.points[at] for s in chart.series])) for at in range(len(chart.categories))]
    limit = 100.0 if chart.percent else round_limit(totals)
    for at in range(len(chart.categories)):
        end = 0.0
        for number, series in enumerate(chart.series):
            point = series.points[at]
            if point.value:
                _segment(axes, chart, point, at, end, limit, looks(number, series.unknown))
                end += point.value
        # Hidden parts follow the shown ones, each as long as any other: the bar's end says nothing.
        for number, series in enumerate(chart.series):
            if series.points[at].state == "hidden":
                stub = upright_stub if chart.upright else lying_stub
                stub(axes, at, end, _STACK, limit, looks(number, series.unknown)["color"], "")
                end += limit * STUB
        if {series.points[at].state for series in chart.series} == {"none"}:
            place = (at, limit * 0.012) if chart.upright else (limit * 0.012, at)
            aligned = {"ha": "center", "va": "bottom"} if chart.upright else {"ha": "left", "va": "center"}
            axes.text(*place, chart.series[0].points[at].text, fontsize=8.5, color=GREY, **aligned)
    _bar_axes(axes, chart, limit)


def _segment(
    axes: Any, chart: Chart, point: Point, at: int, end: float, limit: float, look: dict[str, Any]
) -> None:
    value = point.value or 0.0
    fill = {"facecolor": look["color"], "hatch": look["hatch"], "edgecolor": "white", "linewidth": 0.8}
    if chart.upright:
        axes.bar(at, value, _STACK, bottom=end, **fill)
    else:
        axes.barh(at, value, _STACK, left=end, **fill)
    if value >= limit * _NARROW:
        middle = (at, end + value / 2) if chart.upright else (end + value / 2, at)
        box = {"facecolor": look["color"], "edgecolor": "none", "pad": 1.0} if look["hatch"] else None
        colour = readable_on(look["color"])
        axes.text(*middle, point.text, ha="center", va="center", fontsize=8, color=colour, bbox=box)


def _bar_axes(axes: Any, chart: Chart, limit: float) -> None:
    stubs = max(
        sum(series.points[at].state == "hidden" for series in chart.series)
        for at in range(len(chart.categories))
    )
    room = 1.0 + (STUB * stubs if chart.kind == "stacked" else 0.0) + (0.0 if chart.percent else 0.1)
    names = list(chart.categories)
    if chart.upright:
        axes.set_xticks(range(len(names)), names)
        axes.set_ylim(0, limit * room)
        axes.grid(axis="y")
        value_axis(axes.yaxis, limit, chart.percent, chart.separator)
        axes.set_title(chart.unit, fontsize=8.5, fontweight="normal", color=GREY, loc="left")
        return
    axes.set_yticks(range(len(names)), [wrapped(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, limit * room)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel(chart.unit, fontsize=8.5, color=GREY)
    value_axis(axes.xaxis, limit, chart.percent, chart.separator)

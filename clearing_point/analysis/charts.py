"""Trend lines, paired bars and stacked bars, drawn from numbers that may be printed.

A figure gets :class:`Point` objects, which hold shown numbers only. Hidden and missing numbers become
marks of one fixed size, so no length, stacking or axis limit depends on what is not shown.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.analysis.drawing import (
    GREY,
    HIDDEN_HATCH,
    WIDTH,
    Point,
    looks,
    new_figure,
    readable_on,
    round_limit,
    shown_values,
    styled,
    to_svg,
)

KINDS = ("line", "bars", "paired_bars", "stacked")
_STUB = 0.055  # part of the axis that the mark of a hidden number takes
_PANELS_FROM = 5  # so many lines in one frame cannot be followed any more
_PANEL_COLUMNS = 3
_LABELLED_YEARS = 12
_LABELLED_BARS = 14  # more standing bars have no room for their numbers; the table has them
_STACK = 0.68
_NARROW = 0.075  # a segment narrower than this part of the axis has no room for its number


@dataclass(frozen=True)
class Series:
    """One line or one kind of bar: a name and a point per category of the chart."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Chart:
    """A chart before it is drawn.

    Attributes
    ----------
    kind : str
        One of ``KINDS``.
    categories : tuple of str
        Names along the axis, one per point of every series.
    key : str
        Above the key: what the series differ in, such as "Sex".
    upright : bool
        Bars stand (years along the bottom) instead of lying (names at the left).
    unit : str
        What the axis counts, such as "identified victims".
    percent : bool
        Values are per cent of a whole.
    hidden, missing : str
        Words of the key for protected numbers and for missing data.
    mark : str
        Printed inside the figure (made data), or empty.
    """

    kind: str
    name: str
    title: str
    alternative: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str
    key: str = ""
    percent: bool = False
    upright: bool = False
    hidden: str = ""
    missing: str = ""
    mark: str = ""

    @property
    def points(self) -> list[Point]:
        """All points."""
        return [point for series in self.series for point in series.points]

    @property
    def in_panels(self) -> bool:
        """Too many lines for one frame: each gets a small frame with a scale of its own."""
        return self.kind == "line" and len(self.series) >= _PANELS_FROM


def draw_chart(chart: Chart, style: Path) -> str:
    """Draw a chart.

    Parameters
    ----------
    chart : Chart
        With at least one shown point; one without has nothing to say as a picture.
    style : Path
        The matplotlib style file of the report.

    Returns
    -------
    str
        SVG text, the same for the same chart.

    Raises
    ------
    ValueError
        If no point is shown or the kind is not known.
    """
    if not shown_values(chart.points):
        raise ValueError(f"Chart {chart.name} shows no number.")
    if chart.kind not in KINDS:
        raise ValueError(f"Chart {chart.name} is of no known kind.")
    with styled(style):
        if chart.in_panels:
            figure = _panels(chart)
        else:
            figure = new_figure(_height(chart))
            axes = figure.add_subplot()
            draw = {"line": _lines, "stacked": _stacks}.get(chart.kind, _bars)
            draw(axes, chart)
            _legend(figure, chart)
        if chart.mark:
            figure.supxlabel(chart.mark, x=0.995, ha="right", fontsize=8, color=GREY, style="italic")
        return to_svg(figure, chart.name, chart.title, chart.alternative)


def _height(chart: Chart) -> float:
    keys, columns = _keys(chart), _key_columns(chart)
    above = 0.2 * -(-len(keys) // columns) + (0.22 if chart.key and keys else 0.0) if keys else 0.0
    if chart.kind == "line" or chart.upright:
        return 2.75 + above
    bars = len(chart.series) if chart.kind != "stacked" else 1.5
    lines = sum(max(bars * 1.05, 1.0 * _wrapped(name).count("\n") + 1) + 0.45 for name in chart.categories)
    return 0.75 + above + 0.185 * lines


def _wrapped(name: str, width: int = 26) -> str:
    return "\n".join(textwrap.wrap(name, width)) or name


# --- lines -----------------------------------------------------------------------------------------------


def _lines(axes: Any, chart: Chart) -> None:
    limit = round_limit(shown_values(chart.points))
    spread = 0.5 / len(chart.series)
    for number, series in enumerate(chart.series):
        look = looks(number)
        _line(axes, series, look)
        for at, point in enumerate(series.points):
            if point.state == "hidden":
                middle = at - 0.25 + spread * (number + 0.5)
                sign = point.text if len(chart.series) == 1 else ""  # several would run into each other
                _upright_stub(axes, middle, 0.0, spread * 0.9, limit, look["color"], sign)
        if len(chart.series) == 1 and len(chart.categories) <= _LABELLED_YEARS:
            _label_line(axes, series, limit)
    for at in _empty_years(chart):
        axes.text(at, limit * 0.015, _sign_at(chart, at), ha="center", va="bottom", color=GREY, fontsize=8.5)
    _time_axis(axes, chart, limit)


def _line(axes: Any, series: Series, look: dict[str, Any]) -> None:
    heights = [float("nan") if p.value is None else p.value for p in series.points]
    axes.plot(
        range(len(heights)),
        heights,
        color=look["color"],
        linestyle=look["linestyle"],
        marker=look["marker"],
        label=series.name,
        clip_on=False,
    )


def _label_line(axes: Any, series: Series, limit: float) -> None:
    for at, point in enumerate(series.points):
        if point.value is not None:
            axes.annotate(
                point.text, (at, point.value), (0, 6), textcoords="offset points", ha="center", fontsize=8.5
            )


def _empty_years(chart: Chart) -> list[int]:
    """Places along the axis where no series has data at all."""
    return [
        at for at in range(len(chart.categories)) if all(s.points[at].state == "none" for s in chart.series)
    ]


def _sign_at(chart: Chart, at: int) -> str:
    return chart.series[0].points[at].text


def _time_axis(axes: Any, chart: Chart, limit: float) -> None:
    axes.set_xlim(-0.5, len(chart.categories) - 0.5)
    axes.set_ylim(0, limit * 1.06)
    every = 1 + (len(chart.categories) - 1) // 12
    places = range((len(chart.categories) - 1) % every, len(chart.categories), every)
    axes.set_xticks(list(places), [chart.categories[at] for at in places])
    _value_axis(axes.yaxis, chart, limit)
    axes.grid(axis="y")
    # The unit stands above the axis, level: nobody turns the head.
    axes.set_title(chart.unit, fontsize=8.5, fontweight="normal", color=GREY, loc="left")


def _value_axis(axis: Any, chart: Chart, limit: float) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10], integer=True))
    sign = " %" if chart.percent else ""
    axis.set_major_formatter(
        FuncFormatter(lambda value, _: "" if value > limit * 1.001 else f"{value:,.0f}{sign}")
    )


def _panels(chart: Chart) -> Any:
    rows = -(-len(chart.series) // _PANEL_COLUMNS)
    figure = new_figure(0.35 + 1.15 * rows)
    grid = figure.subplots(rows, _PANEL_COLUMNS, squeeze=False)
    for axes in grid.flat:
        axes.set_visible(False)
    last = len(chart.categories) - 1
    for axes, series in zip(grid.flat, chart.series, strict=False):
        axes.set_visible(True)
        values = shown_values(series.points)
        limit = round_limit(values)
        look = looks(0)
        _line(axes, series, look)
        for at, point in enumerate(series.points):
            if point.state == "hidden":
                _upright_stub(axes, at, 0.0, 0.7, limit, look["color"], "")
        if not values:
            sign = series.points[-1].text
            axes.text(last / 2, limit * 0.45, sign, ha="center", va="center", color=GREY, fontsize=11)
        axes.set_title("\n".join(textwrap.wrap(series.name, 24)), fontsize=8.5, fontweight="bold")
        axes.set_xlim(-0.5, last + 0.5)
        axes.set_ylim(0, limit * 1.1)
        axes.set_xticks([0, last], [chart.categories[0], chart.categories[-1]], fontsize=8)
        axes.set_yticks(
            [0, limit] if values else [0], ["0", f"{limit:,.0f}"] if values else ["0"], fontsize=8
        )
    return figure


# --- bars ------------------------------------------------------------------------------------------------


def _bars(axes: Any, chart: Chart) -> None:
    limit = round_limit(shown_values(chart.points))
    thickness = 0.78 / len(chart.series)
    for number, series in enumerate(chart.series):
        look = looks(number)
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
            _upright_stub(axes, place, 0.0, thick, limit, look["color"], point.text)
        else:
            _lying_stub(axes, place, 0.0, thick, limit, look["color"], point.text)
    elif chart.upright:
        axes.text(place, limit * 0.012, point.text, ha="center", va="bottom", fontsize=8.5, color=GREY)
    else:
        axes.text(limit * 0.012, place, point.text, ha="left", va="center", fontsize=8.5, color=GREY)


def _stacks(axes: Any, chart: Chart) -> None:
    totals = [sum(shown_values([s.points[at] for s in chart.series])) for at in range(len(chart.categories))]
    limit = 100.0 if chart.percent else round_limit(totals)
    for at in range(len(chart.categories)):
        end = 0.0
        for number, series in enumerate(chart.series):
            point = series.points[at]
            if point.value:
                _segment(axes, chart, point, at, end, limit, looks(number))
                end += point.value
        # Hidden parts follow the shown ones, each as long as any other: the bar's end says nothing.
        for number, series in enumerate(chart.series):
            if series.points[at].state == "hidden":
                stub = _upright_stub if chart.upright else _lying_stub
                stub(axes, at, end, _STACK, limit, looks(number)["color"], "")
                end += limit * _STUB
        if {series.points[at].state for series in chart.series} == {"none"}:
            place = (at, limit * 0.012) if chart.upright else (limit * 0.012, at)
            aligned = {"ha": "center", "va": "bottom"} if chart.upright else {"ha": "left", "va": "center"}
            axes.text(*place, _sign_at(chart, at), fontsize=8.5, color=GREY, **aligned)
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
    room = 1.0 + (_STUB * stubs if chart.kind == "stacked" else 0.0) + (0.0 if chart.percent else 0.1)
    names = list(chart.categories)
    if chart.upright:
        axes.set_xticks(range(len(names)), names)
        axes.set_ylim(0, limit * room)
        axes.grid(axis="y")
        _value_axis(axes.yaxis, chart, limit)
        axes.set_title(chart.unit, fontsize=8.5, fontweight="normal", color=GREY, loc="left")
        return
    axes.set_yticks(range(len(names)), [_wrapped(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, limit * room)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel(chart.unit, fontsize=8.5, color=GREY)
    _value_axis(axes.xaxis, chart, limit)


# --- marks of what is not shown --------------------------------------------------------------------------


def _lying_stub(
    axes: Any, at: float, left: float, thick: float, limit: float, colour: str, sign: str
) -> None:
    axes.barh(
        at,
        limit * _STUB,
        thick,
        left=left,
        facecolor="white",
        edgecolor=colour,
        hatch=HIDDEN_HATCH,
        linewidth=0.9,
    )
    if sign:
        axes.text(left + limit * (_STUB + 0.012), at, sign, ha="left", va="center", fontsize=8.5, color=GREY)


def _upright_stub(
    axes: Any, at: float, low: float, thick: float, limit: float, colour: str, sign: str
) -> None:
    axes.bar(
        at,
        limit * _STUB,
        thick,
        bottom=low,
        facecolor="white",
        edgecolor=colour,
        hatch=HIDDEN_HATCH,
        linewidth=0.9,
    )
    if sign:
        axes.text(at, low + limit * (_STUB + 0.012), sign, ha="center", va="bottom", fontsize=8.5, color=GREY)


def _keys(chart: Chart) -> list[tuple[str, Any]]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    keys: list[tuple[str, Any]] = []
    if len(chart.series) > 1:
        for number, series in enumerate(chart.series):
            look = looks(number)
            if chart.kind == "line":
                line = Line2D([], [], color=look["color"], linestyle=look["linestyle"], marker=look["marker"])
                keys.append((series.name, line))
            else:
                keys.append(
                    (series.name, Patch(facecolor=look["color"], hatch=look["hatch"], edgecolor="white"))
                )
    if any(point.state == "hidden" for point in chart.points):
        keys.append((chart.hidden, Patch(facecolor="white", edgecolor=GREY, hatch=HIDDEN_HATCH)))
    return keys


def _key_columns(chart: Chart) -> int:
    keys = _keys(chart)
    longest = max((len(name) for name, _ in keys), default=0)
    return max(1, min(len(keys), int(WIDTH * 11.5) // (longest + 8)))


def _legend(figure: Any, chart: Chart) -> None:
    keys = _keys(chart)
    if not keys:
        return
    names = ["\n".join(textwrap.wrap(name, 58)) for name, _ in keys]
    marks = [mark for _, mark in keys]
    title = chart.key if len(chart.series) > 1 else None
    figure.legend(
        marks, names, loc="outside upper left", ncols=_key_columns(chart),
        title=title, title_fontproperties={"size": 8.5, "weight": "bold"}, alignment="left",
    )  # fmt: skip

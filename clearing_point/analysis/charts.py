"""Trend lines, paired bars and stacked bars, drawn from numbers that may be printed.

A figure gets :class:`Point` objects, which hold shown numbers only. Hidden and missing numbers become
marks of one fixed size, so no length, stacking or axis limit depends on what is not shown.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.analysis.bars import draw_bars, draw_pyramid, draw_stacks
from clearing_point.analysis.drawing import (
    GREY,
    HIDDEN_HATCH,
    WIDTH,
    Point,
    looks,
    new_figure,
    round_limit,
    shown_values,
    styled,
    to_svg,
    upright_stub,
    value_axis,
    wrapped,
)
from clearing_point.analysis.flows import draw_flows

KINDS = ("line", "bars", "paired_bars", "stacked", "pyramid", "flow")
_PANELS_FROM = 5  # so many lines in one frame cannot be followed any more
_PANEL_COLUMNS = 3
_PANEL_TITLE = 22
"""Letters of a line of a small frame's title: so many of the widest fit between two frames."""
_PANEL_HEIGHT, _BESIDE_PANEL, _UNDER_PANEL, _UNDER_PANELS = 0.63, 0.5, 0.23, 0.22
"""Inches: the frame, its numbers at the left, its years below, and the line below all frames."""
_LABELLED_YEARS = 12


@dataclass(frozen=True)
class Series:
    """One line or one kind of bar: a name and a point per category of the chart; grey if it is "not known"."""

    name: str
    points: tuple[Point, ...]
    unknown: bool = False


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
    separator : str
        What stands between thousands along an axis.
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
    separator: str = ","

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
            draw = {"line": _lines, "stacked": draw_stacks, "pyramid": draw_pyramid, "flow": draw_flows}.get(
                chart.kind, draw_bars
            )
            draw(axes, chart)
            _legend(figure, chart)
        if chart.mark:
            figure.supxlabel(chart.mark, x=0.995, ha="right", fontsize=8, color=GREY, style="italic")
        return to_svg(figure, chart.name, chart.title, chart.alternative)


def _height(chart: Chart) -> float:
    keys, columns = _keys(chart), _key_columns(chart)
    above = 0.2 * -(-len(keys) // columns) + (0.22 if chart.key and keys else 0.0) if keys else 0.0
    if chart.kind == "flow":
        return 3.6 + above
    if chart.kind == "line" or chart.upright:
        return 2.75 + above
    bars = 1.5 if chart.kind in ("stacked", "pyramid", "flow") else len(chart.series)
    lines = sum(max(bars * 1.05, 1.0 * wrapped(name).count("\n") + 1) + 0.45 for name in chart.categories)
    return 0.75 + above + 0.185 * lines


# --- lines -----------------------------------------------------------------------------------------------


def _lines(axes: Any, chart: Chart) -> None:
    limit = round_limit(shown_values(chart.points))
    spread = 0.5 / len(chart.series)
    for number, series in enumerate(chart.series):
        look = looks(number, series.unknown)
        _line(axes, series, look)
        for at, point in enumerate(series.points):
            if point.state == "hidden":
                middle = at - 0.25 + spread * (number + 0.5)
                sign = point.text if len(chart.series) == 1 else ""  # several would run into each other
                upright_stub(axes, middle, 0.0, spread * 0.9, limit, look["line"], sign)
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
        color=look["line"],
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
    value_axis(axes.yaxis, limit, chart.percent, chart.separator)
    axes.grid(axis="y")
    # The unit stands above the axis, level: nobody turns the head.
    axes.set_title(chart.unit, fontsize=8.5, fontweight="normal", color=GREY, loc="left")


def _panels(chart: Chart) -> Any:
    titles = ["\n".join(textwrap.wrap(series.name, _PANEL_TITLE)) for series in chart.series]
    rows = range(0, len(titles), _PANEL_COLUMNS)
    # All frames are alike, so their room is known: measuring a dozen of them would take most of the time.
    above = [0.1 + 0.14 * (1 + max(t.count("\n") for t in titles[at : at + _PANEL_COLUMNS])) for at in rows]
    height = sum(above) + len(above) * (_PANEL_HEIGHT + _UNDER_PANEL) + _UNDER_PANELS
    width = (WIDTH - _PANEL_COLUMNS * _BESIDE_PANEL - 0.1) / _PANEL_COLUMNS
    figure = new_figure(height, fitted=False)
    for number, (series, title) in enumerate(zip(chart.series, titles, strict=True)):
        row, column = divmod(number, _PANEL_COLUMNS)
        top = sum(above[: row + 1]) + row * (_PANEL_HEIGHT + _UNDER_PANEL)
        left = _BESIDE_PANEL + column * (width + _BESIDE_PANEL)
        bottom = height - top - _PANEL_HEIGHT
        axes = figure.add_axes((left / WIDTH, bottom / height, width / WIDTH, _PANEL_HEIGHT / height))
        _panel(axes, chart, series)
        # A title begins above the numbers of its axis: what is longer than the frame finds room there.
        axes.set_title(title, fontsize=8.3, fontweight="bold", x=-0.8 * _BESIDE_PANEL / width)
    return figure


def _panel(axes: Any, chart: Chart, series: Series) -> None:
    last = len(chart.categories) - 1
    values = shown_values(series.points)
    limit = round_limit(values)
    look = looks(0)
    _line(axes, series, look)
    for at, point in enumerate(series.points):
        if point.state == "hidden":
            upright_stub(axes, at, 0.0, 0.7, limit, look["color"], "")
    if not values:
        sign = series.points[-1].text
        axes.text(last / 2, limit * 0.45, sign, ha="center", va="center", color=GREY, fontsize=11)
    axes.set_xlim(-0.5, last + 0.5)
    axes.set_ylim(0, limit * 1.1)
    axes.set_xticks([0, last], [chart.categories[0], chart.categories[-1]], fontsize=8)
    axes.set_yticks(
        [0, limit] if values else [0],
        ["0", f"{limit:,.0f}".replace(",", chart.separator)] if values else ["0"],
        fontsize=8,
    )


def _keys(chart: Chart) -> list[tuple[str, Any]]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    keys: list[tuple[str, Any]] = []
    if len(chart.series) > 1 and chart.kind != "flow":  # a flow names its places beside them
        for number, series in enumerate(chart.series):
            look = looks(number, series.unknown)
            if chart.kind == "line":
                line = Line2D([], [], color=look["line"], linestyle=look["linestyle"], marker=look["marker"])
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
    title = chart.key if len(chart.series) > 1 and chart.kind != "flow" else None
    figure.legend(
        marks, names, loc="outside upper left", ncols=_key_columns(chart),
        title=title, title_fontproperties={"size": 8.5, "weight": "bold"}, alignment="left",
    )  # fmt: skip

"""Charts drawn from numbers that may be printed: lines, dots, bars, stacks, pyramids and flows.

A figure gets :class:`Point` objects, which hold shown numbers only. What is protected, missing or not yet complete has
no length, no height and no place on a scale: its sign stands in the gap, and below the figure what the sign means.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.analysis.bars import draw_bars, draw_pyramid, draw_stacks, rests
from clearing_point.analysis.dots import dot_keys, draw_dots, in_one, row_name
from clearing_point.analysis.drawing import (
    GREY,
    SMALL,
    WIDTH,
    Point,
    looks,
    new_figure,
    shown_values,
    sign_key,
    sign_lines,
    styled,
    to_svg,
    wrapped,
)
from clearing_point.analysis.flows import draw_flows
from clearing_point.analysis.lines import draw_lines, gaps, panels

KINDS = ("line", "dots", "bars", "paired_bars", "stacked", "pyramid", "flow")
_PANELS_FROM = 5  # so many lines in one frame cannot be followed any more


@dataclass(frozen=True)
class Series:
    """One line or one kind of bar: a name and a point per category of the chart; grey if it is "not known"."""

    name: str
    points: tuple[Point, ...]
    unknown: bool = False
    breaks: tuple[int, ...] = ()
    """Places from which on is counted otherwise: no line leads to them."""


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
    hidden, missing, later : str
        What the signs of protected, missing and not yet complete numbers mean.
    indicative : str
        What the sign behind a number that is indicative only means; empty where no number has it.
    broken : str
        What a line that ends and begins anew means.
    order : str
        In which order the numbers of a row stand where they stand together.
    rest : str
        Words of the key for the empty part of a stack: protected parts of a whole that is printed.
    totals : tuple of Point
        Printed wholes of stacks, one a category, or empty.
    reference : Point or None
        A number that all dots are compared with, such as the region's, and its name.
    mark : str
        Printed inside the figure (synthetic data), or empty.
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
    later: str = ""
    indicative: str = ""
    broken: str = ""
    order: str = ""
    rest: str = ""
    totals: tuple[Point, ...] = ()
    reference: Point | None = None
    reference_name: str = ""
    mark: str = ""
    separator: str = ","

    @property
    def points(self) -> list[Point]:
        """All points."""
        return [point for series in self.series for point in series.points]

    @property
    def in_panels(self) -> bool:
        """Too many lines for one frame: each gets a small frame."""
        return self.kind == "line" and len(self.series) >= _PANELS_FROM

    @property
    def explained(self) -> list[str]:
        """Sentences on the signs that the figure shows."""
        broken = [self.broken] if self.kind == "line" and any(s.breaks for s in self.series) else []
        if self.kind == "line" and 1 < len(self.series) < _PANELS_FROM:
            return [*gaps(self), *broken]
        states = {point.state for point in self.points}
        told = {"hidden": self.hidden, "none": self.missing, "later": self.later}
        signs = [words for state, words in told.items() if state in states and words]
        said = " · ".join([*signs, *([self.indicative] if self.indicative else [])])
        order = [self.order] if self.kind == "dots" and self.order and in_one(self) else []
        return [*([said] if said else []), *order, *broken]


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
            figure = panels(chart)
        else:
            figure = new_figure(_height(chart))
            axes = figure.add_subplot()
            draw = {
                "line": draw_lines, "dots": draw_dots, "stacked": draw_stacks, "pyramid": draw_pyramid,
                "flow": draw_flows,
            }.get(chart.kind, draw_bars)  # fmt: skip
            draw(axes, chart)
            _legend(figure, chart)
        sign_key(figure, chart.explained, chart.mark)
        if chart.mark:
            figure.supxlabel(chart.mark, x=0.995, ha="right", fontsize=SMALL, color=GREY, style="italic")
        return to_svg(figure, chart.name, chart.title, chart.alternative)


def _height(chart: Chart) -> float:
    keys, columns = _keys(chart), _key_columns(chart)
    above = 0.2 * -(-len(keys) // columns) + (0.22 if _key_title(chart) else 0.0) if keys else 0.0
    above += 0.17 * len(sign_lines(chart.explained, chart.mark))
    if chart.kind == "flow":
        return 3.6 + above
    if chart.kind == "line" or (chart.upright and chart.kind != "dots"):
        return 2.75 + above
    bars = 1.3 if chart.kind in ("stacked", "pyramid", "dots") else len(chart.series)
    names = [row_name(chart, n) if chart.kind == "dots" else wrapped(n) for n in chart.categories]
    between = 0.2 if chart.reference is not None else 0.45
    lines = sum(max(bars * 1.05, 1.0 * name.count("\n") + 1) + between for name in names)
    return 0.75 + above + 0.185 * lines


def _keys(chart: Chart) -> list[tuple[str, Any]]:
    from matplotlib.patches import Patch

    if chart.kind == "dots":
        return dot_keys(chart)
    keys: list[tuple[str, Any]] = []
    if len(chart.series) > 1 and chart.kind not in ("flow", "line"):  # these name their parts beside them
        for number, series in enumerate(chart.series):
            look = looks(number, series.unknown)
            keys.append((series.name, Patch(facecolor=look["color"], hatch=look["hatch"], edgecolor="white")))
    if chart.kind == "stacked" and rests(chart):
        keys.append((chart.rest, Patch(facecolor="white", edgecolor=GREY, linestyle=(0, (3, 2)))))
    return keys


def _key_columns(chart: Chart) -> int:
    keys = _keys(chart)
    longest = max((len(name) for name, _ in keys), default=0)
    return max(1, min(len(keys), int(WIDTH * 11) // (longest + 8)))


def _key_title(chart: Chart) -> str | None:
    return chart.key if chart.key and len(chart.series) > 1 and chart.kind not in ("flow", "line") else None


def _legend(figure: Any, chart: Chart) -> None:
    keys = _keys(chart)
    if not keys:
        return
    names = ["\n".join(textwrap.wrap(name, 58)) for name, _ in keys]
    marks = [mark for _, mark in keys]
    figure.legend(
        marks, names, loc="outside upper left", ncols=_key_columns(chart), title=_key_title(chart),
        title_fontproperties={"size": SMALL, "weight": "bold"}, alignment="left",
    )  # fmt: skip

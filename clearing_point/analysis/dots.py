"""Dots on one scale: two years of every category, or every territory beside the region. What is not shown has no dot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clearing_point.analysis.drawing import (
    GREY,
    PALE,
    SMALL,
    looks,
    round_limit,
    shown_values,
    value_axis,
    wrapped,
)

if TYPE_CHECKING:
    from clearing_point.analysis.charts import Chart

_UNIT = 44
"""Letters of a line below the scale."""
_MARKERS = ("o", "D", "s", "^")
_ROOM, _MORE_ROOM = 1.22, 1.4
"""How far the scale goes on beyond its end, for numbers; and where the sign of another series stands beside one."""
_LONG = 12
"""A name of more letters does not stand beside its sign."""
_BESIDE_DOT = 7
"""Points between the axis and the names of rows: half a dot stands there where a number is zero."""
_NEAR = 0.4
"""Part of the scale within which a number has no room between its dot and the axis."""
_WITH_BASE = 32
"""Letters of a line of a name with its numbers."""
_NUMBER = 0.25
"""Part of the scale that a number and its dot take."""


def draw_dots(axes: Any, chart: Chart) -> None:
    """Draw a row a category, in the order of the table: a hollow dot for the first series, a full one for the last."""
    limit = _limit(chart)
    if chart.reference is not None and chart.reference.value is not None:
        axes.axvline(chart.reference.value, color=GREY, linewidth=1.2, linestyle=(0, (4, 2)), zorder=1)
    for at in range(len(chart.categories)):
        _row(axes, chart, at, limit)
    names = list(chart.categories)
    axes.set_yticks(range(len(names)), [row_name(chart, name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    beside = any(len({s.points[at].value is None for s in chart.series}) > 1 for at in range(len(names)))
    axes.set_xlim(0, limit * (_MORE_ROOM if beside else _ROOM))
    axes.tick_params(axis="y", length=0, pad=_BESIDE_DOT)
    axes.grid(axis="y", color=PALE)
    axes.set_xlabel(wrapped(chart.unit, _UNIT), fontsize=SMALL, color=GREY)
    value_axis(axes.xaxis, limit, chart.percent, chart.separator, parts=2 if beside else 4)


def row_name(chart: Chart, name: str) -> str:
    """Break the name of a row; a territory and the numbers that its share rests on stand on one line where they can."""
    return wrapped(name, _WITH_BASE) if chart.reference is not None else wrapped(name)


def _limit(chart: Chart) -> float:
    limit = round_limit(
        [*shown_values(chart.points), *([chart.reference.value or 0.0] if chart.reference else [])]
    )
    return 100.0 if chart.percent and limit > 60 else limit


def _shown(chart: Chart, at: int) -> list[tuple[int, float, str]]:
    return [
        (number, series.points[at].value or 0.0, series.points[at].text)
        for number, series in enumerate(chart.series)
        if series.points[at].value is not None
    ]


def in_one(chart: Chart) -> bool:
    """Say whether the numbers of a row stand together anywhere, so that their order has to be told."""
    limit = _limit(chart)
    found = [_shown(chart, at) for at in range(len(chart.categories))]
    return any(
        len(shown) > len(_labels(shown, limit)) > 0 and len({t for *_, t in shown}) > 1 for shown in found
    )


def _row(axes: Any, chart: Chart, at: int, limit: float) -> None:
    shown = _shown(chart, at)
    if len(shown) > 1:
        values = [value for _, value, _ in shown]
        axes.plot([min(values), max(values)], [at, at], color="#9a9a9a", linestyle="-", linewidth=2, zorder=2)
    for number, value, _ in shown:
        dot_at(axes, number, len(chart.series), value, at)
    for value, text, side in _labels(shown, limit, _line_of(chart)):
        axes.annotate(
            text, (value, at), (8 * side, 0), textcoords="offset points", va="center", fontsize=SMALL,
            ha="left" if side > 0 else "right", zorder=2.5, annotation_clip=False,
            bbox={"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none"},
        )  # fmt: skip
    hidden = [(n, s.points[at]) for n, s in enumerate(chart.series) if s.points[at].value is None]
    signs = "; ".join(_sign(chart, number, at) for number, point in hidden)
    if signs:  # outside the scale
        axes.text(
            1.01,
            at,
            signs,
            ha="left",
            va="center",
            fontsize=SMALL,
            color=GREY,
            transform=axes.get_yaxis_transform(),
        )


def _line_of(chart: Chart) -> float | None:
    return None if chart.reference is None else chart.reference.value


def _labels(
    shown: list[tuple[int, float, str]], limit: float, line: float | None = None
) -> list[tuple[float, str, int]]:
    """Return where numbers stand: outside their dots; near the axis both at the right, in the order of the key.

    One beside which the line of comparison would stand, as that is a little higher, stands at its other side.
    """
    if not shown:
        return []
    low, high = min(shown, key=lambda s: s[1]), max(shown, key=lambda s: s[1])
    if len(shown) == 1 or low[1] == high[1]:
        struck = line is not None and 0 < line - high[1] < limit * _NUMBER < high[1]
        return [(high[1], high[2], -1 if struck else 1)]
    if len(shown) > 2 or low[1] < limit * _NEAR:
        return [(high[1], " / ".join(text for _, _, text in shown), 1)]
    return [(low[1], low[2], -1), (high[1], high[2], 1)]


def _sign(chart: Chart, number: int, at: int) -> str:
    # Of two of which one is drawn, the sign is the other's; a long name would leave the dots no room.
    name, point = chart.series[number].name, chart.series[number].points[at]
    alone = len(chart.series) == 2 and any(s.points[at].value is not None for s in chart.series)
    return point.text if len(chart.series) == 1 or (alone and len(name) > _LONG) else f"{name} {point.text}"


def dot_at(axes: Any, number: int, of: int, value: float, at: float) -> None:
    """Draw one dot: full for the last of several series, hollow for those before."""
    look = looks(0)
    face = look["line"] if number == of - 1 else "white"
    axes.plot(
        [value], [at], marker=_MARKERS[(of - 1 - number) % len(_MARKERS)], markersize=7, markerfacecolor=face,
        markeredgecolor=look["line"], markeredgewidth=1.6, linestyle="none", zorder=3, clip_on=False,
    )  # fmt: skip


def dot_keys(chart: Chart) -> list[tuple[str, Any]]:
    """Return name and mark of every series, and of the region's line."""
    from matplotlib.lines import Line2D

    look, keys = looks(0), []
    of = len(chart.series)
    for number, series in enumerate(chart.series if of > 1 else ()):
        face = look["line"] if number == of - 1 else "white"
        mark = Line2D(
            [], [], marker=_MARKERS[(of - 1 - number) % len(_MARKERS)], markersize=7, markerfacecolor=face,
            markeredgecolor=look["line"], markeredgewidth=1.6, linestyle="none",
        )  # fmt: skip
        keys.append((series.name, mark))
    if chart.reference is not None and chart.reference.value is not None:
        line = Line2D([], [], color=GREY, linewidth=1.2, linestyle=(0, (4, 2)))
        keys.append((f"{chart.reference_name}: {chart.reference.text}", line))
    return keys

"""Flows from one set of places to another: a band per pair, as thick as its number; protected ones thin and hatched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clearing_point.analysis.drawing import GREY, HIDDEN_HATCH, looks, readable_on, shown_values, wrapped

if TYPE_CHECKING:
    from clearing_point.analysis.charts import Chart

_GAP = 0.045  # between two places, of the whole height
_THIN = 0.016  # a protected band, whatever its number
_ROOM = 0.034  # a thinner band has no room for its number
_BLOCK = 0.025


def draw_flows(axes: Any, chart: Chart) -> None:
    """Draw a chart's categories at the left, its series at the right, and the bands between them."""
    from matplotlib.patches import PathPatch, Rectangle
    from matplotlib.path import Path

    total = sum(shown_values(chart.points)) or 1.0
    thick = [[_thickness(point, total) for point in series.points] for series in chart.series]
    left = _blocks([sum(row[at] for row in thick) for at in range(len(chart.categories))])
    right = _blocks([sum(row) for row in thick])
    left_at, right_at = [top for top, _ in left], [top for top, _ in right]
    for number, series in enumerate(chart.series):
        look = looks(number, series.unknown)
        for at, point in enumerate(series.points):
            height = thick[number][at]
            if not height:
                continue
            a, b = left_at[at], right_at[number]
            left_at[at], right_at[number] = a - height, b - height
            low_a, low_b = a - height, b - height
            there, back = (
                ((0, a), (0.5, a), (0.5, b), (1, b)),
                ((1, low_b), (0.5, low_b), (0.5, low_a), (0, low_a)),
            )
            corners = [*there, *back, (0, a)]
            moves = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
            hidden = point.state == "hidden"
            axes.add_patch(
                PathPatch(
                    Path(corners, moves),
                    facecolor="white" if hidden else look["color"],
                    hatch=HIDDEN_HATCH if hidden else look["hatch"],
                    edgecolor=GREY if hidden else "white",
                    linewidth=0.5,
                )
            )
            if height >= _ROOM:
                box = {"facecolor": look["color"], "edgecolor": "none", "pad": 1.0}
                colour = readable_on(look["color"])
                middle = a - height / 2 + (b - a) * 0.03
                axes.text(0.1, middle, point.text, va="center", fontsize=8, color=colour, bbox=box)
    for side, blocks, names in (
        (-1, left, chart.categories),
        (1, right, tuple(s.name for s in chart.series)),
    ):
        for (top, height), name in zip(blocks, names, strict=True):
            if not height:
                continue
            start = -_BLOCK if side < 0 else 1
            axes.add_patch(Rectangle((start, top - height), _BLOCK, height, facecolor="#444444"))
            place = start - 0.02 if side < 0 else start + _BLOCK + 0.02
            aligned = "right" if side < 0 else "left"
            axes.text(place, top - height / 2, wrapped(name, 20), ha=aligned, va="center", fontsize=8.5)
    axes.set_xlim(-0.42, 1.42)
    axes.set_ylim(min(top - height for top, height in (*left, *right)) - 0.02, 1.02)
    axes.set_axis_off()


def _thickness(point: Any, total: float) -> float:
    if point.state == "hidden":
        return _THIN
    return (point.value or 0.0) / total


def _blocks(heights: list[float]) -> list[tuple[float, float]]:
    """Return top and height of every place, one below the other."""
    top, found = 1.0, []
    for height in heights:
        found.append((top, height))
        top -= height + (_GAP if height else 0.0)
    return found

"""Flows from one set of places to another: a band per pair, as thick as its number; what is not shown has no band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clearing_point.analysis.drawing import SMALL, looks, readable_on, shown_values, wrapped

if TYPE_CHECKING:
    from clearing_point.analysis.charts import Chart

_GAP = 0.05  # between two places, of the whole height
_ROOM = 0.04  # a thinner band has no room for its number
_BLOCK = 0.025


def draw_flows(axes: Any, chart: Chart) -> None:
    """Draw a chart's categories at the left, its series at the right, and the bands between them.

    A place of which some flows are protected carries their sign beside its name.
    """
    from matplotlib.patches import PathPatch, Rectangle
    from matplotlib.path import Path

    total = sum(shown_values(chart.points)) or 1.0
    thick = [[(point.value or 0.0) / total for point in series.points] for series in chart.series]
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
            axes.add_patch(
                PathPatch(
                    Path(corners, moves), facecolor=look["color"], hatch=look["hatch"], edgecolor="white",
                    linewidth=0.5,
                )
            )  # fmt: skip
            if height >= _ROOM:
                box = {"facecolor": look["color"], "edgecolor": "none", "pad": 1.0}
                colour = readable_on(look["color"])
                middle = a - height / 2 + (b - a) * 0.03
                axes.text(0.1, middle, point.text, va="center", fontsize=SMALL, color=colour, bbox=box)
    signs_left = [_sign([s.points[at] for s in chart.series]) for at in range(len(chart.categories))]
    signs_right = [_sign(series.points) for series in chart.series]
    for side, blocks, names, signs in (
        (-1, left, chart.categories, signs_left),
        (1, right, tuple(s.name for s in chart.series), signs_right),
    ):
        for (top, height), name, sign in zip(blocks, names, signs, strict=True):
            if not height:
                continue
            start = -_BLOCK if side < 0 else 1
            axes.add_patch(Rectangle((start, top - height), _BLOCK, height, facecolor="#444444"))
            place = start - 0.02 if side < 0 else start + _BLOCK + 0.02
            aligned = "right" if side < 0 else "left"
            text = wrapped(f"{name}{f' (+ {sign})' if sign else ''}", 18)
            axes.text(place, top - height / 2, text, ha=aligned, va="center", fontsize=SMALL)
    axes.set_xlim(-0.5, 1.5)
    axes.set_ylim(min(top - height for top, height in (*left, *right)) - 0.02, 1.02)
    axes.set_axis_off()


def _sign(points: Any) -> str:
    return next((point.text for point in points if point.state == "hidden"), "")


def _blocks(heights: list[float]) -> list[tuple[float, float]]:
    """Return top and height of every place, one below the other; a place without a band takes no room."""
    top, found = 1.0, []
    for height in heights:
        found.append((top, height))
        top -= height + (_GAP if height else 0.0)
    return found

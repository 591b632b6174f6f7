"""Flows on a map: an arrow per pair of places, as thick as its number; protected ones thin and broken, whatever they are.

A flow that stays in its place stands as a number in a ring; a flow of nought has no arrow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.analysis.drawing import (
    GREY,
    PALE,
    WIDTH,
    Point,
    looks,
    new_figure,
    shown_values,
    styled,
    to_svg,
    wrapped,
)
from clearing_point.analysis.maps import HATCHES, bounds_of, draw_area, polygons_of

_THICKEST = 11.0  # points, of the highest shown number
_THINNEST = 0.9
_LABELLED = (
    0.4,
    0.5,
    0.3,
    0.6,
    0.22,
    0.7,
)  # so far along an arrow stands its number: the first place that is free
_LETTER, _LINE = 4.6, 9.5  # points that a letter and a line of a name take
_RING = 0.42  # degrees from the middle of a ring to the name below it
_PROTECTED = 1.3  # a protected arrow, whatever its number


@dataclass(frozen=True)
class Stop:
    """A place of the map: its name, where it stands (degrees), and the number that stays there."""

    name: str
    longitude: float
    latitude: float
    stays: Point | None = None


@dataclass(frozen=True)
class Way:
    """An arrow between two stops, by their places in the list."""

    start: int
    end: int
    point: Point


@dataclass(frozen=True)
class FlowMap:
    """A map of flows before it is drawn.

    Attributes
    ----------
    stops : tuple of Stop
        Places that arrows start from, then places that they end at.
    covered : mapping of str to bool
        Territories of the region, and whether there are accepted data of them; others are drawn as neighbours.
    stays, moves, hidden, missing : str
        Words of the key.
    """

    name: str
    title: str
    alternative: str
    stops: tuple[Stop, ...]
    ways: tuple[Way, ...]
    covered: Mapping[str, bool]
    stays: str
    moves: str
    hidden: str
    missing: str
    mark: str = ""

    @property
    def points(self) -> list[Point]:
        """All points."""
        return [w.point for w in self.ways] + [s.stays for s in self.stops if s.stays is not None]


def draw_flow_map(picture: FlowMap, style: Path, outlines: Path) -> str:
    """Draw a map of flows as SVG text, the same for the same map.

    Parameters
    ----------
    outlines : Path
        GeoJSON of polygons with ``territory_id``.
    """
    polygons = polygons_of(outlines)
    with styled(style):
        west, east, south, north = bounds_of(polygons, picture.covered)
        # Places outside the region stand at the margin of the map, with room for their names.
        across, up = [s.longitude for s in picture.stops], [s.latitude for s in picture.stops]
        west, east = min(west, min(across) - 1.3), max(east, max(across) + 1.1)
        south, north = min(south, min(up) - 0.4), max(north, max(up) + 0.6)
        squeeze = 1 / math.cos(math.radians((south + north) / 2))
        height = (WIDTH - 0.1) * (north - south) * squeeze / (east - west)
        figure = new_figure(height + 0.75 + (0.15 if picture.mark else 0))
        axes = figure.add_subplot()
        for territory, rings in sorted(polygons.items()):
            covered = picture.covered.get(territory)
            if covered is None:
                draw_area(axes, rings, PALE, "", 0, edge="#c4c4c4")
            else:
                hatch = "" if covered else HATCHES["missing"]
                draw_area(axes, rings, "#e3ebf2" if covered else "white", hatch, 1, edge="#8a8a8a")
        _arrows(axes, picture, squeeze, (WIDTH - 0.1) * 72 / (east - west))
        for number, stop in enumerate(picture.stops):
            _stop(axes, stop, any(way.end == number for way in picture.ways))
        axes.set_xlim(west, east)
        axes.set_ylim(south, north)
        axes.set_aspect(squeeze)
        axes.set_axis_off()
        _key(figure, picture)
        if picture.mark:
            figure.supxlabel(picture.mark, x=0.995, ha="right", fontsize=8, color=GREY, style="italic")
        return to_svg(figure, picture.name, picture.title, picture.alternative)


def _arrows(axes: Any, picture: FlowMap, squeeze: float, degree: float) -> None:
    """Draw thick arrows first, so that thin ones stay to be seen; the number stands where an arrow begins.

    Parameters
    ----------
    degree : float
        Points of the drawing to a degree of longitude.
    """
    from matplotlib.patches import FancyArrowPatch

    taken = [box for stop in picture.stops for box in _boxes(stop, squeeze, degree)]
    highest = max(shown_values(picture.points), default=1.0) or 1.0
    ends = sorted({way.end for way in picture.ways})
    for way in sorted(picture.ways, key=lambda w: -(w.point.value or 0.0)):
        point = way.point
        hidden = point.state == "hidden"
        if point.value == 0 or point.state == "none":
            continue
        start, end = picture.stops[way.start], picture.stops[way.end]
        colour = looks(ends.index(way.end))["line"]
        wide = _PROTECTED if hidden else max(_THINNEST, _THICKEST * (point.value or 0.0) / highest)
        bend = 0.16 if start.longitude < end.longitude else -0.16
        axes.add_patch(
            FancyArrowPatch(
                (start.longitude, start.latitude), (end.longitude, end.latitude),
                connectionstyle=f"arc3,rad={bend}", arrowstyle="-|>", mutation_scale=7 + wide,
                shrinkA=9, shrinkB=16, linewidth=wide, linestyle=(0, (3, 2)) if hidden else "-",
                color=GREY if hidden else colour, alpha=0.9, zorder=4,
            )
        )  # fmt: skip
        places = [_along(start, end, bend, squeeze, far) for far in _LABELLED]
        half = (0.5 * _LETTER * len(point.text) + 2) / degree, 0.5 * _LINE / (degree * squeeze)
        at, up = next((place for place in places if not _meets((*place, *half), taken)), places[0])
        taken.append((at, up, *half))
        axes.text(
            at, up, point.text, fontsize=7.5, ha="center", va="center", zorder=6 if hidden else 7.5,
            color=GREY if hidden else "black",
            bbox={"facecolor": "white", "edgecolor": "none", "boxstyle": "round,pad=0.1", "alpha": 0.88},
        )  # fmt: skip


_Box = tuple[float, float, float, float]
"""Middle and half of width and height, in degrees."""


def _boxes(stop: Stop, squeeze: float, degree: float) -> list[_Box]:
    """Return about where a place's name and its ring stand."""
    lines = wrapped(stop.name, 17).split("\n")
    half = (
        (0.5 * _LETTER * max(map(len, lines)) + 2) / degree,
        (0.5 * _LINE * len(lines) + 1) / (degree * squeeze),
    )
    if not _rung(stop):
        return [(stop.longitude, stop.latitude, *half)]
    ring = (stop.longitude, stop.latitude, 10 / degree, 10 / (degree * squeeze))
    return [ring, (stop.longitude, stop.latitude - _RING - half[1], *half)]


def _meets(box: _Box, taken: list[_Box]) -> bool:
    return any(
        abs(box[0] - other[0]) < box[2] + other[2] and abs(box[1] - other[1]) < box[3] + other[3]
        for other in taken
    )


def _rung(stop: Stop) -> bool:
    return stop.stays is not None and stop.stays.value != 0 and stop.stays.state != "none"


def _along(start: Stop, end: Stop, bend: float, squeeze: float, far: float) -> tuple[float, float]:
    """Return a point of the arc: a quadratic curve whose middle is drawn aside on paper, where degrees differ in length."""
    across, up = end.longitude - start.longitude, end.latitude - start.latitude
    aside = (
        (start.longitude + end.longitude) / 2 + bend * up * squeeze,
        (start.latitude + end.latitude) / 2 - bend * across / squeeze,
    )
    one, two, three = (1 - far) ** 2, 2 * far * (1 - far), far**2
    return (
        one * start.longitude + two * aside[0] + three * end.longitude,
        one * start.latitude + two * aside[1] + three * end.latitude,
    )


def _stop(axes: Any, stop: Stop, target: bool) -> None:
    """Write a place's name, boxed where arrows end, with the number that stays there in a ring above it."""
    box = {"facecolor": "white", "edgecolor": "#333333" if target else "none", "boxstyle": "round,pad=0.15",
           "alpha": 0.9, "linewidth": 0.7}  # fmt: skip
    point = stop.stays
    rung = _rung(stop)
    axes.text(
        stop.longitude, stop.latitude - (_RING if rung else 0.0), wrapped(stop.name, 17), fontsize=7.5, ha="center",
        va="top" if rung else "center", linespacing=1.05, bbox=box, zorder=7, weight="bold" if target else "normal",
    )  # fmt: skip
    if point is None or not rung:
        return
    hidden = point.state == "hidden"
    axes.plot(
        [stop.longitude], [stop.latitude], marker="o", markersize=19, markerfacecolor="white",
        markeredgecolor=GREY if hidden else "#173f5f", markeredgewidth=1.6, zorder=7,
        linestyle="none", fillstyle="full",
    )  # fmt: skip
    axes.text(stop.longitude, stop.latitude, point.text, fontsize=7.5, ha="center", va="center", zorder=8)


def _key(figure: Any, picture: FlowMap) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marks: list[Any] = [
        Line2D([], [], color="#173f5f", linewidth=3, label=picture.moves),
        Line2D([], [], marker="o", markersize=9, markerfacecolor="white", markeredgecolor="#173f5f",
               markeredgewidth=1.6, linestyle="none", label=picture.stays),
    ]  # fmt: skip
    if any(point.state == "hidden" for point in picture.points):
        marks.append(
            Line2D([], [], color=GREY, linewidth=_PROTECTED, linestyle=(0, (3, 2)), label=picture.hidden)
        )
    if not all(picture.covered.values()):
        marks.append(
            Patch(facecolor="white", edgecolor=GREY, hatch=HATCHES["missing"], label=picture.missing)
        )
    longest = max(len(mark.get_label()) for mark in marks)
    figure.legend(
        handles=marks, loc="outside lower left", ncols=max(1, min(2, int(WIDTH * 11.5) // (longest + 7)))
    )


__all__ = ["FlowMap", "Stop", "Way", "draw_flow_map"]

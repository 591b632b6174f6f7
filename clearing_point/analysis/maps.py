"""Maps of the region: shades for numbers or states, hatching for what is protected or missing.

Outlines: ``schemas/territories/region_map.geojson`` (from Natural Earth, public domain); the places of the
labels are set by hand in ``map_label_position.csv``, because computed ones collide.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from clearing_point.analysis.drawing import (
    GREY,
    HIDDEN_HATCH,
    NO_DATA_HATCH,
    PALE,
    SMALL,
    WIDTH,
    new_figure,
    styled,
    to_svg,
)

_SHORT = 14  # letters of a name that stays on one line
_MARGIN = 0.6  # degrees of the neighbours that are shown around the region
_SHADES = ("#deebf7", "#9ecae1", "#4292c6", "#0b3d70")
HATCHES = {"": "", "hidden": HIDDEN_HATCH, "missing": NO_DATA_HATCH, "partly": "\\\\\\\\"}
"""Hatching by what an area is: "" has its value, the others say why not."""

Position = tuple[float, float, str]
"""Longitude, latitude and alignment of a label."""


@dataclass(frozen=True)
class Shade:
    """One class of a map: its words in the key, how dark it is (0 to 1, None is white), and its hatching."""

    words: str
    darkness: float | None
    hatch: str = ""


@dataclass(frozen=True)
class Area:
    """One territory on a map: its label of one to three lines and its class."""

    label: str
    shade: int


@dataclass(frozen=True)
class Map:
    """A map before it is drawn. Areas that are not named are drawn as neighbours, without label."""

    name: str
    title: str
    alternative: str
    areas: Mapping[str, Area]
    shades: tuple[Shade, ...]
    mark: str = ""


def classes_of(values: Sequence[float], number: int = 4) -> list[float]:
    """Return the upper ends of classes of about equal size, rounded to one or two figures.

    Made of shown values only. The last end is at or above the highest value; classes that would be empty are left out.
    """
    ordered = sorted(values)
    if not ordered:
        return []
    ends: list[float] = []
    for part in range(1, number + 1):
        end = _rounded_up(ordered[math.ceil(len(ordered) * part / number) - 1])
        if not ends or (end > ends[-1] and any(ends[-1] < value for value in ordered)):
            ends.append(end)
    return ends


def draw_map(picture: Map, style: Path, outlines: Path, positions: Mapping[str, Position]) -> str:
    """Draw a map as SVG text, the same for the same map.

    Parameters
    ----------
    outlines : Path
        GeoJSON of polygons with ``territory_id``.
    positions : mapping
        Where the label of a territory stands.
    """
    polygons = polygons_of(outlines)
    with styled(style):
        west, east, south, north = bounds_of(polygons, picture.areas)
        squeeze = 1 / math.cos(math.radians((south + north) / 2))
        height = (WIDTH - 0.1) * (north - south) * squeeze / (east - west)
        figure = new_figure(
            height + 0.32 + 0.2 * math.ceil(len(_used(picture)) / 2) + (0.15 if picture.mark else 0)
        )
        axes = figure.add_subplot()
        for territory, rings in sorted(polygons.items()):
            if territory not in picture.areas:
                draw_area(axes, rings, PALE, "", 0, edge="#c4c4c4")
        for territory, area in sorted(picture.areas.items()):
            shade = picture.shades[area.shade]
            draw_area(
                axes, polygons.get(territory, ()), _colour(shade), HATCHES[shade.hatch], 1, edge="#333333"
            )
        for territory, area in sorted(picture.areas.items()):
            if territory in positions:
                _label(axes, area.label, positions[territory])
        axes.set_xlim(west, east)
        axes.set_ylim(south, north)
        axes.set_aspect(squeeze)
        axes.set_axis_off()
        _key(figure, picture)
        if picture.mark:
            figure.supxlabel(picture.mark, x=0.995, ha="right", fontsize=SMALL, color=GREY, style="italic")
        return to_svg(figure, picture.name, picture.title, picture.alternative)


def in_two_lines(name: str) -> str:
    """Break a long name near its middle, so that neighbours' labels do not meet."""
    if len(name) <= _SHORT or " " not in name:
        return name
    spaces = [at for at, letter in enumerate(name) if letter == " "]
    middle = min(spaces, key=lambda at: abs(at - len(name) / 2))
    return f"{name[:middle]}\n{name[middle + 1 :]}"


def _rounded_up(value: float) -> float:
    if value <= 10:
        return float(math.ceil(value))
    power = 10.0 ** (math.floor(math.log10(value)) - 1)
    step = power * (5 if value / power > 20 else 1)
    return math.ceil(value / step) * step


def _used(picture: Map) -> list[Shade]:
    used = {area.shade for area in picture.areas.values()}
    return [shade for number, shade in enumerate(picture.shades) if number in used]


def _colour(shade: Shade) -> str:
    if shade.darkness is None:
        return "white"
    return _SHADES[round(shade.darkness * (len(_SHADES) - 1))]


def draw_area(axes: Any, rings: Sequence[Any], face: str, hatch: str, order: int, edge: str) -> None:
    """Fill a territory with a colour and a hatching, and draw its border."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    if not rings:
        return
    outline = Outline.make_compound_path(*(Outline(ring, closed=True) for ring in rings))
    if hatch:
        axes.add_patch(
            PathPatch(outline, facecolor=face, edgecolor=GREY, hatch=hatch, linewidth=0, zorder=2 + order)
        )
    axes.add_patch(
        PathPatch(
            outline, facecolor="none" if hatch else face, edgecolor=edge, linewidth=0.7, zorder=2.5 + order
        )
    )


def _label(axes: Any, text: str, position: Position) -> None:
    longitude, latitude, anchor = position
    # A pale ground of its own: names are often wider than their territory, and hatching runs below them.
    axes.text(
        longitude,
        latitude,
        text,
        ha={"middle": "center", "start": "left", "end": "right"}[anchor],
        va="center",
        fontsize=SMALL,
        linespacing=1.1,
        bbox={"facecolor": "white", "edgecolor": "none", "boxstyle": "round,pad=0.12", "alpha": 0.82},
        zorder=5,
    )


def _key(figure: Any, picture: Map) -> None:
    from matplotlib.patches import Patch

    marks = [
        Patch(facecolor=_colour(s), edgecolor=GREY, hatch=HATCHES[s.hatch], linewidth=0.7, label=s.words)
        for s in _used(picture)
    ]
    longest = max(len(shade.words) for shade in _used(picture))
    columns = max(1, min(len(marks), int(WIDTH * 11.5) // (longest + 7)))
    figure.legend(handles=marks, loc="outside lower left", ncols=columns)


def bounds_of(polygons: Mapping[str, Any], areas: Mapping[str, Any]) -> tuple[float, float, float, float]:
    """Return west, east, south and north (degrees) of the named areas with a margin around them."""
    import numpy as np

    inside = [ring for territory in areas for ring in polygons.get(territory, ())]
    points = np.concatenate(inside or [ring for rings in polygons.values() for ring in rings])
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    return west - _MARGIN, east + _MARGIN, south - _MARGIN, north + _MARGIN


@lru_cache(maxsize=4)
def polygons_of(outlines: Path) -> dict[str, list[Any]]:
    """Return the outlines of every territory as rings of (longitude, latitude)."""
    import numpy as np

    found: dict[str, list[Any]] = {}
    for feature in json.loads(outlines.read_text(encoding="utf-8"))["features"]:
        shape = feature["geometry"]
        parts = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        rings = [np.asarray(ring, dtype=float) for part in parts for ring in part]
        found.setdefault(feature["properties"]["territory_id"], []).extend(rings)
    return found

"""Drawing all figures of a report: side by side in two processes where there are many, always with the same bytes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from clearing_point.analysis.charts import Chart, draw_chart
from clearing_point.analysis.maps import Map, Position, draw_map
from clearing_point.processes import workers

Picture = Chart | Map
_MANY = 40
"""From so many on, starting a second process costs less than it saves."""


def draw_all(
    pictures: Sequence[Picture], style: Path, outlines: Path, positions: Mapping[str, Position]
) -> list[str]:
    """Return the SVG text of every picture, in order."""
    draw = partial(draw_one, style=style, outlines=outlines, positions=dict(positions))
    cores = min(2, os.cpu_count() or 1)
    if len(pictures) < _MANY or cores < 2:
        return [draw(picture) for picture in pictures]
    with workers(cores) as pool:
        return list(pool.map(draw, pictures, chunksize=8))


def draw_one(picture: Picture, style: Path, outlines: Path, positions: Mapping[str, Position]) -> str:
    """Return the SVG text of one picture."""
    if isinstance(picture, Map):
        return draw_map(picture, style, outlines, positions)
    return draw_chart(picture, style)

"""The map of flows of a table that says from where to where; where groups of places stand is said by its indicator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clearing_point.analysis.charts import Series
from clearing_point.analysis.drawing import Point, shown_values
from clearing_point.analysis.flow_map import FlowMap, Stop, Way
from clearing_point.analysis.model import UNKNOWN
from clearing_point.errors import InputProblem
from clearing_point.report.figures import Easel, state_of, variable_of
from clearing_point.report.model import Figure
from clearing_point.report.view import View

_STAYS = "stays"


def flow_map_of(easel: Easel, view: View, anchor: str, number: str, table_anchor: str) -> Figure | None:
    """Draw where a table's flows go, if its indicator places them on the map.

    Returns
    -------
    Figure or None
        None where the indicator asks for none, or where none of its numbers may be shown.

    Raises
    ------
    InputProblem
        If a category stands neither on the map of territories nor in the indicator's own list.
    """
    asked = dict(view.indicator.chart or {})
    places = asked.get("map")
    if not places or view.protected.withheld:
        return None
    words, setting = easel.setting.words, easel.setting
    x, series = variable_of(view, asked["x"]), variable_of(view, asked["series"])
    if x is None or series is None:
        raise InputProblem(f"Indicator {view.indicator.indicator_id}: a map of flows needs x and series.")
    origins = [code for code in easel.codes(view, x, False) if code != UNKNOWN]
    ends = [code for code in easel.codes(view, series, False) if code != UNKNOWN]
    points: dict[tuple[str, str], Point] = {}
    for origin in origins:
        for end in ends:
            point = easel.point_at(view, {x: origin, series: end}, False)
            if point is None:
                return None
            points[origin, end] = point
    if not any(shown_values(list(points.values()))):
        return None
    staying = [end for end in ends if places.get(end) == _STAYS]
    going = [end for end in ends if end not in staying]
    stops = [
        Stop(view.label(x, origin), *_place(easel, view, places, origin),
             stays=points[origin, staying[0]] if staying else None)
        for origin in origins
    ]  # fmt: skip
    stops += [Stop(view.label(series, end), *_place(easel, view, places, end)) for end in going]
    ways = tuple(
        Way(origins.index(origin), len(origins) + going.index(end), points[origin, end])
        for origin in origins
        for end in going
    )
    drawn = [Series(view.label(series, end), tuple(points[o, end] for o in origins)) for end in ends]
    labels = [view.label(x, origin) for origin in origins]
    title = view.title
    year = str(setting.edition.year)
    picture = FlowMap(
        anchor,
        title,
        easel.spoken("flow_map", title, labels, drawn, view.heading(series)),
        tuple(stops),
        ways,
        {t: state_of(setting, t, year) == "accepted" for t in setting.context.coverage},
        stays=view.label(series, staying[0]) if staying else "",
        moves=words("figures.moves"),
        hidden=words("figures.hidden", sign=view.protected.sign),
        missing=words("figures.missing", sign=words("signs.no_data")),
        mark=easel.mark(view.published.made_data),
    )
    made = view.published.made_data
    return easel.finish(picture, number, table_anchor, (words("figures.note_flow_map"),), made)


def _place(easel: Easel, view: View, places: Mapping[str, Any], code: str) -> tuple[float, float]:
    if code in places and places[code] != _STAYS:
        longitude, latitude = places[code]
        return float(longitude), float(latitude)
    if code in easel.positions:
        longitude, latitude, _ = easel.positions[code]
        return longitude, latitude
    raise InputProblem(f"Indicator {view.indicator.indicator_id}: {code} has no place on the map.")

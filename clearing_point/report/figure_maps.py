"""Maps of the region: a table by territory as shades, and who has sent data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clearing_point.analysis.drawing import shown_values
from clearing_point.analysis.maps import Area, Map, Shade, classes_of, in_two_lines
from clearing_point.errors import InputProblem
from clearing_point.report.model import Figure
from clearing_point.report.signs import print_number
from clearing_point.report.view import Setting, View
from clearing_point.standard.model import TERRITORY

if TYPE_CHECKING:
    from clearing_point.report.figures import Easel


def map_of(
    easel: Easel, view: View, anchor: str, number: str, title: str, table_anchor: str
) -> Figure | None:
    """Draw a map of a table by reporting territory."""
    words, share = easel.setting.words, (view.indicator.chart or {}).get("value") == "share"
    if view.territory is None:
        raise InputProblem(f"Indicator {view.indicator.indicator_id}: a map needs the reporting territory.")
    points = {}
    for territory in view.leaves(TERRITORY):
        point = easel.point_at(view, {TERRITORY: territory}, share)
        if point is None:
            return None
        points[territory] = point
    ends = classes_of(shown_values(list(points.values())))
    if not ends:
        return None
    shades, low = [], 0
    for number_of, end in enumerate(ends):
        darkness = number_of / max(len(ends) - 1, 1)
        high = print_number(int(end), words)
        words_of = words("figures.class", low=print_number(low, words), high=high)
        shades.append(Shade(words_of if low != int(end) else high, darkness))
        low = int(end) + 1
    shades += [
        Shade(words("figures.hidden", sign=view.protected.sign), None, "hidden"),
        Shade(words("figures.missing", sign=words("signs.no_data")), None, "missing"),
    ]
    areas, spoken = {}, []
    for territory, point in points.items():
        shade = len(ends) + (point.state == "none")
        if point.value is not None:
            shade = next(at for at, end in enumerate(ends) if point.value <= end)
        name = easel.setting.territory(territory)
        areas[territory] = Area(f"{in_two_lines(name)}\n{point.text}", shade)
        spoken.append(easel.pair(name, point))
    alternative = words("figures.alternative_map", title=title, values="; ".join(spoken))
    picture = Map(anchor, title, alternative, areas, tuple(shades), easel.mark(view.published.made_data))
    return easel.finish(picture, number, table_anchor, (), view.published.made_data)


def coverage_map(
    easel: Easel, anchor: str, number: str, title: str, table_anchor: str, made_data: bool
) -> Figure:
    """Draw which territories have accepted data for the edition's year."""
    setting, words = easel.setting, easel.setting.words
    year = str(setting.edition.year)
    kinds = ("accepted", "totals", "returned", "none")
    shades = (
        Shade(words("coverage.accepted"), 0.67),
        Shade(words("coverage.totals"), 0.33),
        Shade(words("coverage.returned"), None, "partly"),
        Shade(words("coverage.none"), None, "missing"),
    )
    areas, spoken = {}, []
    for territory in setting.context.coverage:
        state = state_of(setting, territory, year)
        name = setting.territory(territory)
        areas[territory] = Area(in_two_lines(name), kinds.index(state))
        spoken.append(words("figures.pair", name=name, value=words(f"coverage.{state}")))
    alternative = words("figures.alternative_map", title=title, values="; ".join(spoken))
    return easel.finish(
        Map(anchor, title, alternative, areas, shades, easel.mark(made_data)),
        number,
        table_anchor,
        (),
        made_data,
    )


def state_of(setting: Setting, territory: str, year: str) -> str:
    """Return the word of coverage for a territory and year: accepted, totals (and no cases), returned or none."""
    states = {str(key): state for key, state in setting.context.coverage.get(territory, {}).items()}
    state = states.get(year, "none")
    if state == "accepted" and (territory, year) in setting.context.totals_only:
        return "totals"
    return state if state in ("accepted", "returned") else "none"


SENT = ("accepted", "totals")
"""Words of coverage where somebody's data count: cases, or totals that a sender counted herself."""


def silent_state(setting: Setting, territory: str) -> str:
    """Return why a territory has no cases in any year of the edition, or nothing where it has some."""
    states = {state_of(setting, territory, year) for year in setting.edition.years}
    if "accepted" in states:
        return ""
    return "totals" if "totals" in states else state_of(setting, territory, str(setting.edition.year))

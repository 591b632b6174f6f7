"""Charts and maps of published numbers, in the style of the report."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from clearing_point.analysis.charts import Chart, Series, draw_chart
from clearing_point.analysis.drawing import Point
from clearing_point.analysis.maps import Area, Map, Position, Shade, classes_of, draw_map, in_two_lines
from clearing_point.errors import InputProblem
from clearing_point.halves import rounded
from clearing_point.project import Project, find_project
from clearing_point.published.answer import FLAGS, NUMBERS, Answer
from clearing_point.published.picture import Picture, titled

if TYPE_CHECKING:
    import pandas as pd

    from clearing_point.published.release import Release

_EVERY = "every count"
"""What stands for the population of a break that all counts of a territory have."""
_HIDDEN, _MISSING = "protected (c)", "no data (..)"
_BROKEN = (
    "A line that ends and begins anew: counted otherwise from then on (release.help('territory') says who)"
)
_MADE = "SYNTHETIC DATA"
_TOTALS, _UNKNOWN = ("Total",), "UNK"


def chart_of(release: Release, answer: Answer, x: str | None, series: str | None) -> Picture:
    """See :meth:`Release.chart`."""
    frame = answer.frame
    column, unit = _number(answer)
    variables = [c for c in frame.columns if c not in (*NUMBERS, *FLAGS)]
    years = _years(release)
    several = [v for v in variables if frame[v].nunique() > 1] or variables  # one year is no axis
    along = x or next((v for v in several if v in years), several[0] if several else None)
    if along is None or along not in variables:
        raise InputProblem("There is nothing to draw: name a variable of the answer as x.")
    rest = [v for v in variables if v != along]
    split = series or next((v for v in rest if frame[v].nunique() > 1), None)
    for variable in rest:
        if variable != split:
            frame = _at_total(frame, variable)
    is_line = along in years and frame[along].nunique() > 1
    categories = [c for c in dict.fromkeys(frame[along]) if is_line or c not in _TOTALS]
    groups: list[Any] = [None]
    if split:
        every = list(dict.fromkeys(frame[split]))
        groups = [g for g in every if g not in _TOTALS] or every
    broken = _breaks(release, answer) if is_line else {}
    lines = tuple(
        Series(
            _label(answer, split, group) if split else unit,
            tuple(_point(frame, {along: c, **({split: group} if split else {})}, column) for c in categories),
            unknown=group == _UNKNOWN,
            breaks=tuple(
                at
                for at, c in enumerate(categories)
                if at and c in broken.get(_place(release, answer, split, group), ())
            ),
        )
        for group in groups
    )
    if not any(point.state == "shown" for line in lines for point in line.points):
        raise InputProblem("None of these numbers may be shown, so there is nothing to draw.")
    names = tuple(_label(answer, along, c) for c in categories)
    drawn = f"by {along.replace('_', ' ')}" + (f" and {split.replace('_', ' ')}" if split else "")
    title = _title(
        release, answer, unit, drawn, None if along in years or split in years else _year_in(frame, years)
    )
    alternative = _spoken(title, names, lines, answer)
    parts = "dots" if column == "measure" else "stacked"  # medians and rates do not add up
    kind = "line" if is_line else "bars" if len(lines) == 1 else parts if len(lines) > 3 else "paired_bars"
    chart = Chart(
        kind=kind, name="chart", title=title, alternative=alternative, categories=names, series=lines, unit=unit,
        key=(split or "").replace("_", " "), upright=along in years, hidden=_HIDDEN, missing=_MISSING,
        mark=_MADE if answer.made_data else "", broken=_BROKEN,
    )  # fmt: skip
    svg = titled(draw_chart(chart, _project().reports / "style.mplstyle"), title, _source(release))
    return Picture(svg, alternative, release.release_id, answer.query)


def map_of(release: Release, answer: Answer, year: int | None) -> Picture:
    """See :meth:`Release.map`."""
    frame = answer.frame
    place = release.place
    if place is None or place not in frame.columns:
        raise InputProblem(
            f"A map needs the variable {place or 'of the sender, which this release has not'}."
        )
    years = _years(release)
    chosen = ""
    for variable in [c for c in frame.columns if c not in (*NUMBERS, place, *FLAGS)]:
        if variable in years:
            wanted = year if year is not None else frame[variable].max()
            frame, chosen = frame[frame[variable] == wanted], str(wanted)
        else:
            frame = _at_total(frame, variable)
    places = {
        row[0]
        for row in release.rows("SELECT DISTINCT unnest(members) FROM category WHERE variable = ?", [place])
    }
    column, unit = _number(answer)
    rows = [row for row in frame.to_dict("records") if row[place] in places]
    points = {row[place]: _point(frame, {place: row[place]}, column) for row in rows}
    shown = [point.value for point in points.values() if point.value is not None]
    ends = classes_of(shown)
    steps = max(1, len(ends) - 1)
    names = _classes(ends, whole=column == "value")
    shades = [Shade(name, n / steps) for n, name in enumerate(names)]
    shades += [Shade(_HIDDEN, None, "hidden"), Shade(_MISSING, None, "missing")]
    areas = {}
    for row in rows:
        name = in_two_lines(_label(answer, place, row[place]))
        point = points[row[place]]
        if point.value is None:
            areas[row[place]] = Area(
                f"{name}\n{point.text}", len(shades) - (1 if point.state == "none" else 2)
            )
        else:
            at = next(n for n, end in enumerate(ends) if point.value <= end)
            areas[row[place]] = Area(f"{name}\n{point.text}", at)
    title = _title(release, answer, unit, f"by {place.replace('_', ' ')}", chosen, on_map=True)
    alternative = title + ": " + "; ".join(area.label.replace("\n", " ") for area in areas.values()) + "."
    folder = _project().schemas / "territories"
    picture = Map("map", title, alternative, areas, tuple(shades), _MADE if answer.made_data else "")
    with (folder / "map_label_position.csv").open(encoding="utf-8", newline="") as handle:
        positions: dict[str, Position] = {
            row["territory_id"]: (float(row["longitude"]), float(row["latitude"]), row["anchor"])
            for row in csv.DictReader(handle)
        }
    svg = draw_map(picture, _project().reports / "style.mplstyle", folder / "region_map.geojson", positions)
    return Picture(titled(svg, title, _source(release)), alternative, release.release_id, answer.query)


def _classes(ends: Sequence[float], *, whole: bool) -> list[str]:
    """Name the classes of a map: from the next count on where counts are drawn, else from above the class before."""
    if whole:
        return [
            f"{low:,.0f} – {end:,.0f}" for low, end in zip([0.0, *(e + 1 for e in ends)], ends, strict=False)
        ]
    return (
        [f"0 – {ends[0]:,g}", *(f"over {low:,g} – {end:,g}" for low, end in pairwise(ends))] if ends else []
    )


def _breaks(release: Release, answer: Answer) -> dict[str, set[int]]:
    """Return from which years on a territory counts otherwise what an answer counts; under "" those of any of them."""
    populations = {
        row[0]
        for row in release.rows(
            "SELECT DISTINCT population FROM indicator WHERE population_title = ?", [answer.unit]
        )
    }
    found: dict[str, set[int]] = {}
    for territory, year, field, before in release.rows(
        "SELECT territory, reference_year, field, before FROM break"
    ):
        if before or field in populations or field == _EVERY:
            found.setdefault(territory, set()).add(year)
            found.setdefault("", set()).add(year)
    return found


def _place(release: Release, answer: Answer, split: str | None, group: Any) -> str:
    """Return the territory that a line is of; nothing where it is of several together."""
    place = release.place
    if place is not None and place in answer.frame.columns:
        there = [group] if split == place else list(dict.fromkeys(answer.frame[place]))
    else:
        wanted = (answer.request.get("where") or {}).get(place, ())
        there = [wanted] if isinstance(wanted, str) else list(wanted)
    return str(there[0]) if len(there) == 1 and there[0] not in _TOTALS else ""


def _title(
    release: Release, answer: Answer, unit: str, drawn: str, year: str | None, *, on_map: bool = False
) -> str:
    """Name what is drawn: a table by its own title, as "median days" does not say of what; and the year of one year.

    A count on a map is named for itself: the title of its table may speak of years that the map has not.
    """
    asked = "" if on_map and unit == answer.unit else str(answer.request.get("indicator", ""))
    named = release.rows("SELECT title FROM indicator WHERE indicator_id = ?", [asked])
    title = str(named[0][0]) if named else f"{unit[:1].upper()}{unit[1:]} {drawn}"
    return f"{title}, {year}" if year else title


def _year_in(frame: pd.DataFrame, years: set[str]) -> str | None:
    """Return the one year that a frame is of."""
    of = [set(frame[variable]) for variable in years if variable in frame.columns]
    return str(next(iter(of[0]))) if len(of) == 1 and len(of[0]) == 1 else None


def _source(release: Release) -> str:
    made = ", synthetic data" if release.made_data else ""
    return f"Regional clearing point, edition {release.edition}, release {release.release_id}{made}"


def _number(answer: Answer) -> tuple[str, str]:
    """Return which column is drawn and what it counts: the indicator's own measure where it has one."""
    frame = answer.frame
    if "measure" in frame.columns and frame["measure"].notna().any():
        return "measure", answer.measure or answer.unit
    return "value", answer.unit


def _project() -> Project:
    return find_project()


def _years(release: Release) -> set[str]:
    return {row[0] for row in release.rows("SELECT DISTINCT variable FROM dimension WHERE codelist = 'year'")}


def _at_total(frame: pd.DataFrame, variable: str) -> pd.DataFrame:
    there = list(dict.fromkeys(frame[variable]))
    total = next((t for t in _TOTALS if t in there), there[0] if len(there) == 1 else None)
    if total is None:
        raise InputProblem(
            f"Too many variables for one picture: choose one category of {variable} with `where`."
        )
    return frame[frame[variable] == total]


def _label(answer: Answer, variable: str | None, code: Any) -> str:
    return answer.labels.get(variable or "", {}).get(str(code), str(code))


def _point(frame: pd.DataFrame, at: dict[str, Any], column: str = "value") -> Point:
    row = frame
    for variable, code in at.items():
        row = row[row[variable] == code]
    if row.empty or bool(row["missing"].iloc[0]):
        return Point(None, "..", "none")
    if bool(row["suppressed"].iloc[0]) or bool(row["not_published"].iloc[0]):
        return Point(None, "c", "hidden")
    import pandas as pd

    value = row[column].iloc[0]
    if value is pd.NA or value is None:
        return Point(None, "x", "none")  # a measure of too few
    return Point(float(value), f"{value:,}" if column == "value" else f"{rounded(value, 1):,.1f}", "shown")


def _spoken(title: str, names: tuple[str, ...], lines: tuple[Series, ...], answer: Answer) -> str:
    told = [
        f"{line.name}: "
        + ", ".join(f"{name} {point.text}" for name, point in zip(names, line.points, strict=True))
        for line in lines[:12]
    ]
    made = " Synthetic data." if answer.made_data else ""
    return f"{title}. {'; '.join(told)}. c is protected, .. is no data.{made}"

"""Charts and maps of published numbers, in the style of the report."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from clearing_point.analysis.charts import Chart, Series, draw_chart
from clearing_point.analysis.drawing import Point
from clearing_point.analysis.maps import Area, Map, Position, Shade, classes_of, draw_map
from clearing_point.errors import InputProblem
from clearing_point.project import Project, find_project
from clearing_point.published.answer import FLAGS, NUMBERS, Answer
from clearing_point.published.picture import Picture

if TYPE_CHECKING:
    import pandas as pd

    from clearing_point.published.release import Release

_HIDDEN, _MISSING = "protected", "no data"
_MADE = "MADE DATA"
_TOTALS, _UNKNOWN = ("Total",), "UNK"


def chart_of(release: Release, answer: Answer, x: str | None, series: str | None) -> Picture:
    """See :meth:`Release.chart`."""
    frame = answer.frame
    variables = [c for c in frame.columns if c not in (*NUMBERS, *FLAGS)]
    years = _years(release)
    along = x or next((v for v in variables if v in years), variables[0] if variables else None)
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
    lines = tuple(
        Series(
            _label(answer, split, group) if split else answer.unit,
            tuple(_point(frame, {along: c, **({split: group} if split else {})}) for c in categories),
            unknown=group == _UNKNOWN,
        )
        for group in groups
    )
    if not any(point.state == "shown" for line in lines for point in line.points):
        raise InputProblem("None of these numbers may be shown, so there is nothing to draw.")
    names = tuple(_label(answer, along, c) for c in categories)
    title = f"{answer.unit} by {along.replace('_', ' ')}" + (
        f" and {split.replace('_', ' ')}" if split else ""
    )
    alternative = _spoken(title, names, lines, answer)
    kind = (
        "line" if is_line else "bars" if len(lines) == 1 else "stacked" if len(lines) > 3 else "paired_bars"
    )
    chart = Chart(
        kind=kind, name="chart", title=title, alternative=alternative, categories=names, series=lines, unit=answer.unit,
        key=(split or "").replace("_", " "), upright=along in years, hidden=_HIDDEN, missing=_MISSING,
        mark=_MADE if answer.made_data else "",
    )  # fmt: skip
    return Picture(
        draw_chart(chart, _project().reports / "style.mplstyle"),
        alternative,
        release.release_id,
        answer.query,
    )


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
            frame, chosen = frame[frame[variable] == wanted], f", {wanted}"
        else:
            frame = _at_total(frame, variable)
    places = {
        row[0]
        for row in release.rows("SELECT DISTINCT unnest(members) FROM category WHERE variable = ?", [place])
    }
    rows = [row for row in frame.to_dict("records") if row[place] in places]
    shown = [float(row["value"]) for row in rows if not (row["suppressed"] or row["missing"])]
    ends = classes_of(shown)
    lows = [0.0, *(end + 1 for end in ends[:-1])]
    steps = max(1, len(ends) - 1)
    shades = [
        Shade(f"{low:,.0f} – {end:,.0f}", n / steps)
        for n, (low, end) in enumerate(zip(lows, ends, strict=True))
    ]
    shades += [Shade(_HIDDEN, None, "hidden"), Shade(_MISSING, None, "missing")]
    areas = {}
    for row in rows:
        name = _label(answer, place, row[place])
        if row["missing"]:
            areas[row[place]] = Area(f"{name}\n..", len(shades) - 1)
        elif row["suppressed"]:
            areas[row[place]] = Area(f"{name}\nc", len(shades) - 2)
        else:
            at = next(n for n, end in enumerate(ends) if row["value"] <= end)
            areas[row[place]] = Area(f"{name}\n{row['value']:,}", at)
    title = f"{answer.unit} by {place.replace('_', ' ')}{chosen}"
    alternative = title + ": " + "; ".join(area.label.replace("\n", " ") for area in areas.values()) + "."
    folder = _project().schemas / "territories"
    picture = Map("map", title, alternative, areas, tuple(shades), _MADE if answer.made_data else "")
    with (folder / "map_label_position.csv").open(encoding="utf-8", newline="") as handle:
        positions: dict[str, Position] = {
            row["territory_id"]: (float(row["longitude"]), float(row["latitude"]), row["anchor"])
            for row in csv.DictReader(handle)
        }
    svg = draw_map(picture, _project().reports / "style.mplstyle", folder / "region_map.geojson", positions)
    return Picture(svg, alternative, release.release_id, answer.query)


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


def _point(frame: pd.DataFrame, at: dict[str, Any]) -> Point:
    row = frame
    for variable, code in at.items():
        row = row[row[variable] == code]
    if row.empty or bool(row["missing"].iloc[0]):
        return Point(None, "..", "none")
    if bool(row["suppressed"].iloc[0]) or bool(row["not_published"].iloc[0]):
        return Point(None, "c", "hidden")
    value = row["value"].iloc[0]
    return Point(float(value), f"{value:,}", "shown")


def _spoken(title: str, names: tuple[str, ...], lines: tuple[Series, ...], answer: Answer) -> str:
    told = [
        f"{line.name}: "
        + ", ".join(f"{name} {point.text}" for name, point in zip(names, line.points, strict=True))
        for line in lines[:12]
    ]
    made = " Synthetic data." if answer.made_data else ""
    return f"{title}. {'; '.join(told)}. c is protected, .. is no data.{made}"

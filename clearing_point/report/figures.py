"""From a protected table to a figure: which numbers, in which form, and the words for who cannot see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from clearing_point.analysis.charts import Chart, Series
from clearing_point.analysis.drawing import Point
from clearing_point.analysis.maps import Position
from clearing_point.analysis.model import TOTAL, UNKNOWN
from clearing_point.errors import InputProblem
from clearing_point.report.draw import Picture, draw_all
from clearing_point.report.figure_maps import map_of, state_of
from clearing_point.report.model import Figure
from clearing_point.report.signs import separator
from clearing_point.report.view import Place, Setting, View
from clearing_point.standard.model import TERRITORY

_SPOKEN = 14  # alternative text names so many numbers one by one; the table holds them all
_LINES = 4  # more lines of one frame cannot be followed; categories are compared as dots then
_LEAST = 2  # a picture of one number says no more than the number
_KINDS = ("line", "dots", "bars", "paired_bars", "stacked", "pyramid", "flow", "map", "none")
_BACK_TO_BACK = 2


class Easel:
    """Draws the figures of one report; knows where style, outlines and label positions are.

    Parameters
    ----------
    later : bool
        Figures get their drawings by :meth:`draw_all`, all together, instead of at once.
    """

    def __init__(self, setting: Setting, reports: Path, *, later: bool = False) -> None:
        folder = setting.context.standard.folder / "territories"
        self.setting = setting
        self._waiting: list[tuple[Figure, Picture]] = []
        self._later = later
        self.style = reports / "style.mplstyle"
        self.outlines = folder / "region_map.geojson"
        self.positions: dict[str, Position] = {
            row["territory_id"]: (float(row["longitude"]), float(row["latitude"]), row["anchor"])
            for row in setting.context.standard.territory_files["map_label_position"]
        }

    def figure_of(
        self,
        view: View,
        anchor: str,
        number: str,
        table_anchor: str,
        fixed: Place | None = None,
        title: str = "",
        chart: Mapping[str, object] | None = None,
    ) -> Figure | None:
        """Draw the figure that an indicator asks for.

        Parameters
        ----------
        fixed : mapping
            Variables that are held at one category: a picture of one territory.
        chart : mapping
            Another chart of the table than its own (``reports/chapters.yml``).

        Returns
        -------
        Figure or None
            None where the indicator asks for none, or where none of its numbers may be shown.

        Raises
        ------
        InputProblem
            If the indicator's `chart` names a kind or a variable that there is not.
        """
        asked: dict[str, Any] = dict(chart or view.indicator.chart or {})
        kind = str(asked.get("kind", "none"))
        if kind not in _KINDS:
            raise InputProblem(
                f"Indicator {view.indicator.indicator_id}: there is no chart of the kind {kind!r}."
            )
        if kind == "none" or view.protected.withheld:
            return None
        # A chapter: the years take the territories' place.
        if chart is None and fixed and (kind == "map" or asked.get("x") in fixed):
            if view.year is None:
                return None
            asked, kind = {"x": view.year, "value": "count", "at": asked.get("at", {})}, "line"
        if fixed and asked.get("series") in fixed:
            asked["series"] = None
        # The chart of a table may be of one category only: `at` names it.
        fixed = {**{str(v): str(code) for v, code in dict(asked.get("at", {})).items()}, **(fixed or {})}
        if any(code not in view.categories.get(variable, ()) for variable, code in fixed.items()):
            raise InputProblem(
                f"Indicator {view.indicator.indicator_id}: its chart stands at a category that it lacks."
            )
        title = title or view.title
        common = (anchor, number, title, table_anchor)
        if kind == "map":
            return map_of(self, view, *common)
        if chart is None and fixed.get(TERRITORY, TOTAL) != TOTAL:
            asked["repeats"] = True
        return self._chart(view, kind, asked, fixed, *common)

    def _chart(
        self, view: View, kind: str, asked: dict[str, Any], fixed: Place,
        anchor: str, number: str, title: str, table_anchor: str,
    ) -> Figure | None:  # fmt: skip
        words = self.setting.words
        x, series = variable_of(view, asked.get("x")), variable_of(view, asked.get("series"))
        if x is None:
            raise InputProblem(f"Indicator {view.indicator.indicator_id}: its chart needs an x.")
        share = asked.get("value") == "share"
        x_codes = self.codes(view, x, share)
        series_codes: Sequence[str] = self.codes(view, series, share) if series else ("",)
        if asked.get("beside_region"):
            series, series_codes = TERRITORY, (TOTAL, fixed[TERRITORY])
            fixed = {variable: code for variable, code in fixed.items() if variable != TERRITORY}
        fixed = {**fixed, **self.year_of(view, fixed, x, series)}
        of = str(asked["of"]) if "of" in asked else None
        if (
            kind == "line"
            and x == view.year
            and series not in (None, TERRITORY)
            and len(series_codes) > _LINES
        ):
            x, series, x_codes, series_codes, kind = series, x, list(series_codes), x_codes, "dots"
        if series == view.year and kind in ("bars", "paired_bars", "dots"):
            # Then and now, both complete; the table has the years between.
            kind, series_codes = "dots", self._then_and_now(view, fixed, series, x, series_codes)
        if kind == "stacked" and (view.indicator.multiple or not series):
            kind = "bars"  # persons may stand in several parts: they do not add up to a whole
        if kind == "pyramid":
            series_codes = [code for code in series_codes if code != UNKNOWN][:_BACK_TO_BACK]
            if len(series_codes) < _BACK_TO_BACK:
                kind = "bars"
        drawn = self._series_of(view, fixed, (x, x_codes), (series, series_codes), (share, of))
        if drawn is None:
            return None
        if len(drawn) > 1 and kind != "pyramid":  # a line of noughts only adds to the key
            drawn = [s for s in drawn if any(p.value != 0 for p in s.points)]
        shown = [p for s in drawn for p in s.points if p.value is not None]
        if len(shown) < _LEAST or not any(point.value for point in shown):
            return None
        if asked.get("beside_region") and sum(p.value is not None for p in drawn[-1].points) < _LEAST:
            return None  # the region's numbers alone say nothing of the territory
        if asked.get("repeats") and len(drawn) == 1 and x == view.year:
            return None  # it would repeat the row of numbers below it
        reference = None
        if asked.get("reference") and TOTAL in view.categories[x]:
            reference = self.point_at(view, {**fixed, x: TOTAL}, share, of)
        unit = self._unit(view, of) if share else view.population
        labels = tuple(
            self._with_base(view, fixed, x, code, of) if reference else view.label(x, code)
            for code in x_codes
        )
        ends = view.break_notes(kind, fixed, {x: x_codes, series: series_codes})
        alternative = self.spoken(kind, title, labels, drawn, view.heading(series) if series else "")
        if reference is not None:
            alternative = f"{alternative} {self.pair(words('tables.region'), reference)}."
        chart = Chart(
            kind=kind,
            name=anchor,
            title=title,
            alternative=alternative,
            reference=reference,
            reference_name=words("tables.region"),
            categories=labels,
            key=view.heading(series) if series else "",
            series=tuple(drawn),
            unit=unit if view.year in (None, x, series) else f"{unit}, {fixed[view.year]}",
            percent=share,
            upright=x == view.year,
            hidden=words("figures.hidden", sign=view.protected.sign),
            missing=self.missing(drawn),
            later=words("figures.later", sign=words("signs.not_yet")),
            indicative=self.indicative([*(p for p in shown if p.value or kind in _KINDS[:4]), reference]),
            broken=ends[0] if ends else words("figures.broken"),
            order=words("figures.order"),
            rest=words("figures.rest", sign=view.protected.sign),
            totals=self._wholes(view, fixed, x, x_codes, series) if kind == "stacked" and not share else (),
            mark=self.mark(view.published.made_data),
            separator=separator(words),
        )
        notes = []
        if kind == "flow" and any(p.state == "hidden" for p in chart.points):
            notes.append(words("figures.note_flow", sign=view.protected.sign))
        if kind == "pyramid":
            notes.append(words("figures.note_pyramid", first=drawn[0].name, second=drawn[1].name))
        if chart.in_panels:
            notes.append(words("figures.note_panels"))
        notes += () if kind == "line" else ends  # a line says it where it ends
        return self.finish(chart, number, table_anchor, tuple(notes), view.published.made_data)

    def missing(self, drawn: Sequence[Series]) -> str:
        """Say what the signs in the gaps of a chart stand for: that there are no data, or that there is no percentage."""
        words = self.setting.words
        signs = {point.text for series in drawn for point in series.points if point.state == "none"}
        kinds = (("figures.missing", "signs.no_data"), ("figures.no_share", "signs.no_share"))
        return " · ".join(words(key, sign=words(sign)) for key, sign in kinds if words(sign) in signs)

    def indicative(self, points: Iterable[Point | None]) -> str:
        """Say what the signs of an indicative percentage and of a zero that nobody vouches for mean, where one has it."""
        words, texts = self.setting.words, [point.text for point in points if point is not None]
        kinds = ("indicative", "none_reported")
        found = [f for f in kinds if any(text.endswith(words(f"signs.{f}")) for text in texts)]
        return " · ".join(words(f"figures.{f}", sign=words(f"signs.{f}").strip()) for f in found)

    def _unit(self, view: View, of: str | None) -> str:
        """Name what a share is of: those with a known answer, or all where the table does not count the unknown ones."""
        variable = of or view.share_variable()
        known = variable is not None and UNKNOWN in view.categories[variable]
        key = "figures.percent_of_known" if known else "figures.percent_of"
        # A table of a part of its population says so: of those assisted for a month, of adults.
        words, part = self.setting.words, f"figures.base.{view.indicator.indicator_id}"
        return words(key, population=words(part) if words.has(part) else view.population)

    def codes(self, view: View, variable: str, share: bool) -> list[str]:
        """Return the categories that a figure draws."""
        if variable == view.year:
            return [code for code in view.categories[variable] if code in self.setting.edition.years]
        unknown = [] if share or view.indicator.unknown != "show" else [UNKNOWN]
        leaves = view.leaves(variable)
        return [code for code in leaves if code != UNKNOWN] + [code for code in unknown if code in leaves]

    def _series_of(
        self, view: View, fixed: Place, along: tuple[str, Sequence[str]], split: tuple[str | None, Sequence[str]],
        value: tuple[bool, str | None],
    ) -> list[Series] | None:  # fmt: skip
        """Return the series of a chart; None where a number of it is not in the table."""
        (x, x_codes), (series, series_codes) = along, split
        drawn: list[Series] = []
        for code in series_codes:
            at = {**fixed, **({series: code} if series else {})}
            found = [self.point_at(view, {**at, x: x_code}, *value) for x_code in x_codes]
            points = tuple(point for point in found if point is not None)
            if len(points) < len(found):
                return None
            place = code if series == TERRITORY else fixed.get(TERRITORY, "")
            # A sum over territories breaks where one of them counts otherwise.
            years = {year for _, year in view.breaks_between(x_codes, place)} if x == view.year else set()
            broken = tuple(n for n, year in enumerate(x_codes) if n and year in years)
            name = view.label(series, code) if series else view.population
            drawn.append(Series(name, points, code == UNKNOWN, broken))
        return drawn

    def year_of(self, view: View, fixed: Place, x: str, series: str | None) -> dict[str, str]:
        """Return the year that a picture of one year is of: the edition's, or the one before while it is not complete."""
        if view.year is None or view.year in (x, series) or view.year in fixed:
            return {}
        year = str(self.setting.edition.year)
        at = {
            **{v: (view.leaves(v) or view.categories[v])[0] for v in view.categories},
            **fixed,
            view.year: year,
        }
        if view.is_incomplete(at) and str(int(year) - 1) in view.categories[view.year]:
            return {view.year: str(int(year) - 1)}
        return {view.year: view.default(view.year) or year}

    def _with_base(self, view: View, fixed: Place, x: str, code: str, of: str | None) -> str:
        """Name a category with the number of persons that its share is of, where that is printed."""
        name = view.label(x, code)
        if of is None or TOTAL not in view.categories[of]:
            return name
        words, whole = self.setting.words, self.point_at(view, {**fixed, x: code, of: TOTAL}, False)
        if whole is None or whole.value is None:
            return name
        lacking = (
            self.point_at(view, {**fixed, x: code, of: UNKNOWN}, False)
            if UNKNOWN in view.categories[of]
            else None
        )
        if lacking is not None and lacking.value is None:
            return name
        if lacking is None or not lacking.value:
            return words("figures.with_base", name=name, base=whole.text)
        return words("figures.with_base_unknown", name=name, base=whole.text, unknown=lacking.text)

    def point_at(self, view: View, at: Place, share: bool, of: str | None = None) -> Point | None:
        """Return the number of a place as a figure may draw it; None where the table has none."""
        place = view.filled(at)
        if place is None:
            return None
        shown = view.printed(place)
        if view.is_incomplete(place) and shown.state != "hidden":
            return Point(None, self.setting.words("signs.not_yet"), "later")
        if not share or shown.state != "shown":
            return Point(None if shown.value is None else float(shown.value), shown.text, shown.state)
        variable = of or view.share_variable()
        found = view.share(place, variable) if variable else None
        if found is None:
            return Point(None, self.setting.words("signs.no_share"), "none")
        indicative = self.setting.words("signs.indicative") if found.indicative else ""
        return Point(found.value, f"{found.text}{indicative}", "shown")

    def _then_and_now(
        self, view: View, fixed: Place, year: str | None, x: str, codes: Sequence[str]
    ) -> tuple[str, ...]:
        """Return the first and the last year of the trend that are complete."""
        whole = [
            c for c in codes if year and not view.is_incomplete({**fixed, year: c, x: view.leaves(x)[0]})
        ] or list(codes)
        return tuple(dict.fromkeys((whole[0], whole[-1])))

    def _wholes(
        self, view: View, fixed: Place, x: str, codes: Sequence[str], series: str | None
    ) -> tuple[Point, ...]:
        """Return the printed wholes of stacks; none where a table prints none."""
        if series is None or TOTAL not in view.categories[series]:
            return ()
        found = [self.point_at(view, {**fixed, x: code, series: TOTAL}, False) for code in codes]
        return tuple(point or Point(None, "", "none") for point in found)

    def spoken(self, kind: str, title: str, labels: Sequence[str], drawn: Sequence[Series], key: str) -> str:
        """Words for a chart, made of what it shows and nothing else."""
        words, sentences = self.setting.words, []
        for series in drawn:
            pairs = list(zip(labels, series.points, strict=True))
            shown = [(name, point) for name, point in pairs if point.value is not None]
            if len(pairs) * len(drawn) <= _SPOKEN or not shown:
                said = "; ".join(self.pair(name, point) for name, point in pairs)
            else:
                low = min(shown, key=lambda pair: pair[1].value or 0.0)
                high = max(shown, key=lambda pair: pair[1].value or 0.0)
                said = words(
                    "figures.range", low=low[1].text, low_at=low[0], high=high[1].text, high_at=high[0],
                    first=shown[0][1].text, first_at=shown[0][0], last=shown[-1][1].text, last_at=shown[-1][0],
                )  # fmt: skip
            if len(drawn) > 1:
                said = words("figures.of_series", key=key, name=series.name, said=said)
            sentences.append(said)
        hidden = sum(point.state == "hidden" for series in drawn for point in series.points)
        if hidden:
            sentences.append(words("figures.hidden_count", count=hidden))
        return words(f"figures.alternative_{kind}", title=title, values=". ".join(sentences))

    def pair(self, name: str, point: Point) -> str:
        """Say one number for who cannot see it."""
        # Signs are for the eye; who listens gets the word.
        as_is = point.state == "shown" or point.text == self.setting.words("signs.no_share")
        value = point.text if as_is else self.setting.words(f"figures.spoken_{point.state}")
        return self.setting.words("figures.pair", name=name, value=value)

    def mark(self, made_data: bool) -> str:
        """Return what a figure of synthetic data says of itself."""
        return self.setting.words("made_data.in_figure") if made_data else ""

    def finish(
        self, picture: Picture, number: str, table_anchor: str, notes: tuple[str, ...], made_data: bool,
        further_tables: tuple[str, ...] = (),
    ) -> Figure:  # fmt: skip
        """Return the figure of a picture, to be drawn now or with all others."""
        figure = Figure(
            anchor=picture.name,
            number=number,
            title=picture.title,
            alternative=picture.alternative,
            svg="",
            file=f"{picture.name}.svg",
            notes=notes,
            made_data=made_data,
            table_anchor=table_anchor,
            further_tables=further_tables,
        )
        self._waiting.append((figure, picture))
        if not self._later:
            self.draw_all()
        return figure

    def draw_all(self) -> None:
        """Draw every figure that was asked for; until then none has a drawing."""
        pictures = [picture for _, picture in self._waiting]
        drawings = draw_all(pictures, self.style, self.outlines, self.positions)
        for (figure, _), svg in zip(self._waiting, drawings, strict=True):
            object.__setattr__(figure, "svg", svg)  # the one moment at which a figure gets its drawing
        self._waiting.clear()


def variable_of(view: View, wanted: object) -> str | None:
    """Return the variable that a chart names, itself or by its code list.

    Raises
    ------
    InputProblem
        If the table has no such variable.
    """
    if not wanted:
        return None
    for variable, breakdown in view.breakdowns.items():
        if wanted in (variable, breakdown.codelist) and variable in view.categories:
            return variable
    raise InputProblem(
        f"Indicator {view.indicator.indicator_id}: its chart names {wanted}, which it does not have."
    )


__all__ = ["Easel", "state_of", "variable_of"]

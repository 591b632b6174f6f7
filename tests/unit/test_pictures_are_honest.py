"""What is not shown has no length, no height and no place: read from the drawn SVG alone, as an eye would read it.

Marks are found by their geometry. Nothing of the drawing code is used but the function that draws.
"""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from clearing_point.analysis.charts import Chart, Series, draw_chart
from clearing_point.analysis.drawing import Point
from clearing_point.disclosure.model import _make_protected
from clearing_point.report.figures import Easel
from clearing_point.report.view import Setting, View
from clearing_point.report.words import load_words
from tests.unit import report_samples as samples

REPORTS = samples.ROOT / "reports"
STYLE = samples.ROOT / "reports" / "style.mplstyle"
SVG, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def shown(value: float) -> Point:
    return Point(value, f"{value:,.0f}", "shown")


HIDDEN, MISSING, LATER = Point(None, "<5", "hidden"), Point(None, "..", "none"), Point(None, "…", "later")
VALUES = {"Female": (120, 60, 300), "Male": (80, 240, 30)}
GAPS = {("Female", 1): HIDDEN, ("Male", 0): MISSING, ("Male", 2): LATER}


def chart(kind: str, gaps: dict[tuple[str, int], Point], **more: object) -> Chart:
    series = tuple(
        Series(name, tuple(gaps.get((name, at), shown(v)) for at, v in enumerate(values)))
        for name, values in VALUES.items()
    )
    told = {
        "hidden": "Protected (<5)",
        "missing": "No data (..)",
        "later": "Not yet complete (…)",
        "rest": "Protected parts",
    }
    return Chart(kind, "x", "t", "a", ("2020", "2021", "2022"), series, "victims", **{**told, **more})  # type: ignore[arg-type]


class Drawing:
    """Marks inside the frames of a drawing: filled shapes, lines and dots, without axes, keys and words."""

    def __init__(self, svg: str) -> None:
        self.shapes: list[list[tuple[float, float]]] = []
        self.lines: list[list[tuple[float, float]]] = []
        self.dots: list[tuple[float, float]] = []
        self.words: list[str] = []
        root = ElementTree.fromstring(svg)  # noqa: S314 (drawn by the test itself)
        for frame in root.iter(f"{SVG}g"):
            if re.search(r"-axes_\d+$", frame.get("id", "")):
                self._walk(frame)
        self.words += [text.text or "" for text in root.iter(f"{SVG}text")]

    def _walk(self, element: ElementTree.Element, inside: str = "") -> None:
        name = element.get("id", inside)
        if "axis_" in name or "legend" in name or "text_" in name or element.tag == f"{SVG}defs":
            return
        if element.tag == f"{SVG}use" and element.get(LINK):
            self.dots.append((float(element.get("x", "0")), float(element.get("y", "0"))))
        if element.tag == f"{SVG}path" and "fill: none" in element.get("style", ""):
            if "line2d" in name:  # not the frame itself
                self.lines += [corners(piece) for piece in element.get("d", "").split("M") if piece.strip()]
        elif element.tag == f"{SVG}path" and "clip-path" in element.attrib:
            self.shapes.append(corners(element.get("d", "")))
        for inner in element:
            self._walk(inner, name)

    def along(self, axis: int) -> list[float]:
        """Return the length of every shape, from shortest to longest."""
        sizes = [max(p[axis] for p in s) - min(p[axis] for p in s) for s in self.shapes]
        return sorted(size for size in sizes if size > 0.5)


def corners(path: str) -> list[tuple[float, float]]:
    numbers = [float(n) for n in NUMBER.findall(path)]
    return list(zip(numbers[::2], numbers[1::2], strict=False))


def proportional(lengths: list[float], values: list[float]) -> bool:
    if len(lengths) != len(values):
        return False
    scale = lengths[-1] / values[-1]
    return all(a == pytest.approx(b * scale, abs=0.6) for a, b in zip(lengths, sorted(values), strict=True))


@pytest.mark.parametrize("kind", ["bars", "paired_bars", "stacked", "pyramid"])
@pytest.mark.parametrize("upright", [False, True])
def test_bars_are_as_long_as_shown_numbers_and_there_is_no_other(kind: str, upright: bool) -> None:
    drawn = Drawing(draw_chart(chart(kind, GAPS, upright=upright), STYLE))
    axis = 1 if upright and kind != "pyramid" else 0
    assert proportional(drawn.along(axis), [120, 240, 300])
    # Each gap has its own sign, and below the picture stands what it means.
    said = " ".join(drawn.words)
    assert all(
        word in said for word in ("<5", "..", "…", "Protected (<5)", "No data (..)", "Not yet complete (…)")
    )


def test_a_stack_is_as_long_as_its_printed_whole() -> None:
    """The protected parts together are what is left of a whole that is printed; 2020 without a printed whole ends before."""
    gaps = {("Female", 1): HIDDEN, ("Male", 1): HIDDEN, ("Male", 0): HIDDEN}
    totals = (HIDDEN, shown(310), shown(330))
    drawn = Drawing(draw_chart(chart("stacked", gaps, totals=totals), STYLE))
    assert proportional(drawn.along(0), [30, 120, 300, 310])
    assert "+ <5" in drawn.words
    # One protected part alone would be as long as it is: the gate prints no such whole, and a picture draws none.
    alone = Drawing(
        draw_chart(chart("stacked", {("Female", 1): HIDDEN}, totals=(HIDDEN, shown(310), HIDDEN)), STYLE)
    )
    assert proportional(alone.along(0), [30, 80, 120, 240, 300])


@pytest.mark.parametrize("kind", ["line", "dots"])
def test_lines_and_dots_stand_at_shown_numbers_only(kind: str) -> None:
    drawn = Drawing(draw_chart(chart(kind, GAPS), STYLE))
    assert len(drawn.dots) == 3
    for line in drawn.lines:
        assert all(any(point == pytest.approx(dot, abs=0.1) for dot in drawn.dots) for point in line)
    # A line does not bridge its gap.
    single = replace(chart("line", GAPS), series=chart("line", {("Female", 1): HIDDEN}).series[:1])
    assert all(len(line) <= 1 for line in Drawing(draw_chart(single, STYLE)).lines)


def test_a_line_does_not_lead_over_a_break() -> None:
    series = (Series("Bulgaria", tuple(shown(v) for v in (442, 466, 153, 160)), breaks=(2,)),)
    drawn = Drawing(
        draw_chart(
            replace(
                chart("line", {}, broken="Counted otherwise"), series=series, categories=("1", "2", "3", "4")
            ),
            STYLE,
        )
    )
    assert sorted(len(line) for line in drawn.lines) == [2, 2]
    assert "Counted otherwise" in drawn.words


def test_numbers_that_stand_together_say_in_which_order() -> None:
    """ "79 / 116": which is which is said where two numbers share a place, and nowhere else."""
    order = "In the order of the key"
    near = replace(chart("dots", {}), order=order)
    assert order in Drawing(draw_chart(near, STYLE)).words
    apart = tuple(
        replace(s, points=(shown(v), shown(v), shown(v)))
        for s, v in zip(near.series, (200, 290), strict=True)
    )
    assert order not in Drawing(draw_chart(replace(near, series=apart), STYLE)).words
    assert order not in Drawing(draw_chart(replace(near, series=near.series[:1]), STYLE)).words


def real(known: set[tuple[str, str, str]]) -> tuple[dict[str, View], Easel]:
    """Return the tables of the edition, and somebody who draws them, with certain breaks."""
    tables, edition, context = samples.real_indicators()
    setting = Setting(edition, context, load_words(REPORTS, "en"))
    setting.__dict__["breaks"] = frozenset(known)
    return {t.indicator.indicator_id: View(t, setting) for t in tables}, Easel(setting, REPORTS)


def view_years(view: View) -> list[str]:
    """Return the years that a picture of the edition has."""
    return [year for year in view.categories["reference_year"] if year in view.setting.edition.years]


BREAK = "Counted otherwise from the year in brackets on: Bulgaria (2022). Numbers before and after cannot be compared."


@pytest.mark.parametrize(
    ("name", "asked", "fixed", "said"),
    [
        ("T01", {"kind": "line", "x": "reference_year", "value": "count", "at": {"territory": "Total"}}, None, True),
        ("T14A", None, None, True),  # forms of exploitation, then and now
        ("T11A", None, None, False),  # of assisted victims, who are counted as before
        ("T01", None, None, False),  # every territory has its own line, which ends
        ("T01", {"kind": "line", "x": "reference_year", "value": "count"}, {"territory": "ALB"}, False),
    ],
)  # fmt: skip
def test_a_picture_of_the_region_says_whose_way_of_counting_changed(name, asked, fixed, said) -> None:
    views, easel = real({("BGR", "2022", "persons_identified")})
    figure = easel.figure_of(views[name], "x", "1", "t", fixed, "Title", asked)
    assert figure is not None
    line = asked is not None
    # Dots have it below; a line has it where it ends, so that a picture taken alone says it too.
    assert (BREAK in figure.notes) == (said and not line)
    words = " ".join(Drawing(figure.svg).words)
    assert (BREAK in words) == (said and line)
    # The line of the region ends where one of its territories counts otherwise, as that of the territory does.
    if line:
        lengths = [len(piece) for piece in Drawing(figure.svg).lines]
        assert lengths == ([len(view_years(views[name])) - 1, 1] if said else [len(view_years(views[name]))])
    assert ("A line that ends and begins anew" in words) == (name == "T01" and asked is None)


def test_a_break_before_the_first_year_is_no_matter() -> None:
    views, easel = real({("BGR", "2018", "persons_identified"), ("BGR", "2017", "")})
    front = {"kind": "line", "x": "reference_year", "value": "count", "at": {"territory": "Total"}}
    figure = easel.figure_of(views["T01"], "x", "1", "t", None, "Title", front)
    assert figure is not None
    assert "Counted otherwise" not in " ".join(Drawing(figure.svg).words)


def test_a_profile_has_no_picture_of_the_region_alone() -> None:
    """Next to nothing of the territory is shown: no picture, and the profile says which."""
    views, easel = real(set())
    asked = {
        "kind": "dots",
        "x": "exploitation_form",
        "value": "share",
        "of": "exploitation_form",
        "beside_region": True,
    }
    view = views["T14"]
    forms = [code for code in view.categories["exploitation_form"] if code != "Total"]
    for count, drawn in ((0, False), (1, False), (len(forms), True)):
        cells = {
            key: replace(cell, shown=None, status="hidden")
            if (place := dict(zip(view.categories, key, strict=True)))["territory"] == "ROU"
            and place["exploitation_form"] in forms[count:]
            else cell
            for key, cell in view.protected.cells.items()
        }
        values = {k: getattr(view.protected, k) for k in view.protected.__dataclass_fields__ if k != "_token"}
        table = replace(view.published, protected=_make_protected(**{**values, "cells": cells}))
        figure = easel.figure_of(
            View(table, view.setting), "x", "1", "table-t14", {"territory": "ROU"}, "Title", asked
        )
        assert (figure is not None) == drawn, count


def test_small_frames_have_one_scale() -> None:
    many = tuple(Series(f"Place {n}", (shown(10.0 * n + 10), HIDDEN, shown(20))) for n in range(6))
    drawn = Drawing(draw_chart(replace(chart("line", {}), series=many), STYLE))
    assert len(drawn.dots) == 12
    # Six numbers of 20 are equally high above the foot of their frames, row by row.
    rows = sorted({round(y, 1) for x, y in drawn.dots})
    assert len(rows) == 2 + 6 - 1  # two rows of frames; 10 to 60, of which one is 20


def test_flows_have_a_band_for_every_shown_number_and_no_other() -> None:
    drawn = Drawing(draw_chart(chart("flow", GAPS), STYLE))
    starts = [shape for shape in drawn.shapes if len({x for x, _ in shape}) > 2]  # bands bend, blocks do not
    assert len(starts) == 3
    high = sorted(max(y for x, y in s if x == min(p[0] for p in s)) - min(y for x, y in s if x == min(p[0] for p in s)) for s in starts)  # fmt: skip
    assert proportional(high, [120, 240, 300])


@pytest.mark.parametrize("kind", ["line", "dots", "bars", "stacked", "pyramid", "flow"])
def test_letters_stay_readable_on_a_telephone(kind: str) -> None:
    """Shown 376 pixels wide, as on a telephone of 400, no letter of a number or name is smaller than nine pixels."""
    svg = draw_chart(chart(kind, GAPS), STYLE)
    wide = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])  # type: ignore[index]
    sizes = {float(s) for s in re.findall(r"font(?:-size)?: [^;\"]*?([\d.]+)px", svg)}
    assert sizes
    assert min(sizes) * 376 / wide >= 9

"""Figures: the same bytes, nothing of a hidden number in them, words for who cannot see them."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations

import pytest
from matplotlib.text import Annotation

from clearing_point.analysis import maps
from clearing_point.analysis.charts import KINDS, Chart, Series, draw_chart
from clearing_point.analysis.dots import draw_dots, row_name
from clearing_point.analysis.drawing import Point, new_figure, round_limit, styled, wrapped
from clearing_point.analysis.lines import draw_lines, panels
from clearing_point.analysis.maps import Area, Map, Shade, classes_of, draw_map, in_two_lines
from clearing_point.published.drawing import _classes
from clearing_point.report.figures import Easel
from clearing_point.report.reading import load_chapters
from clearing_point.report.view import Setting, View
from clearing_point.report.words import load_words
from tests.unit import report_samples as samples

REPORTS = samples.ROOT / "reports"
STYLE = REPORTS / "style.mplstyle"
HIDDEN = Point(None, "<5", "hidden")


def _chart(kind, first, second=HIDDEN):
    series = (
        Series("Female", (Point(120.0, "120", "shown"), first)),
        Series("Male", (Point(80.0, "80", "shown"), second)),
    )
    return Chart(
        kind, "figure-x", "Victims & sex", "words", ("2021", "2022"), series, "victims", hidden="Protected"
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("upright", [False, True])
def test_the_same_chart_is_the_same_bytes(kind, upright):
    chart = replace(_chart(kind, HIDDEN), upright=upright)
    first = draw_chart(chart, STYLE)
    assert first == draw_chart(chart, STYLE)
    assert re.search(r"\d{4}-\d\d-\d\d|matplotlib\.org|<script", first) is None


def test_the_title_of_every_small_frame_has_room():
    """In Serbian they are long: each stands inside the figure, and none in the frame above it."""
    name = "Преко друштвених мрежа и огласа на интернету"
    chart = replace(
        _chart("line", HIDDEN),
        series=tuple(Series(name, _chart("line", HIDDEN).points[:2]) for _ in range(7)),
    )
    assert chart.in_panels
    with styled(STYLE):
        figure = panels(chart)
        figure.canvas.draw()
        whole = figure.bbox
        titles = [axes._left_title.get_window_extent() for axes in figure.axes]
    frames = [axes.get_window_extent() for axes in figure.axes]
    assert all(whole.x0 <= box.x0 and box.x1 <= whole.x1 and box.y1 <= whole.y1 for box in titles)
    assert not any(box.overlaps(frame) for box in titles for frame in frames)


def test_a_hidden_point_cannot_carry_a_value():
    assert Point(3.0, "<5", "hidden").value is None


@pytest.mark.parametrize("kind", KINDS)
def test_no_length_or_limit_depends_on_a_hidden_number(kind):
    """A total that holds the hidden number moves with it; the drawing of the parts must not move."""
    easel, drawn = _easel(), []
    by_sex = replace(samples.SEX_BY, categories=("F", "M"))
    chart = {"kind": kind, "x": "reference_year", "series": "sex", "value": "count"}
    which = samples.indicator("T10", (by_sex, samples.YEAR_BY), ("sex",), ("reference_year",), chart)
    for total in (71, 240):
        values = {("F", "2021"): 120, ("F", "2022"): None, ("M", "2021"): 80, ("M", "2022"): 70}
        values |= {("Total", "2021"): 200, ("Total", "2022"): total}
        dimensions = {"sex": ("F", "M", "Total"), "reference_year": ("2021", "2022")}
        view = View(samples.published(which, samples.protected("T10", dimensions, values)), easel.setting)
        figure = easel.figure_of(view, "figure-t10", "1", "t")
        assert figure is not None
        drawn.append((figure.svg, figure.alternative))
    assert drawn[0] == drawn[1]
    assert "Protected" in drawn[0][0]


def test_axis_limits_are_round_and_above_every_shown_value():
    for value in (1, 7, 19, 20, 21, 99, 101, 1234, 98765):
        limit = round_limit([value])
        assert value <= limit <= 2 * value
    assert round_limit([]) == 1.0


def test_no_figure_where_nothing_may_be_shown():
    easel = _easel()
    which = samples.indicator(
        "T10", (samples.YEAR_BY,), (), ("reference_year",), {"kind": "line", "x": "year"}
    )
    table = samples.protected("T10", {"reference_year": ("2021", "2022")}, {("2021",): None, ("2022",): None})
    assert easel.figure_of(View(samples.published(which, table), easel.setting), "f", "1", "t") is None


def test_alternative_text_says_what_is_shown_and_how_much_is_not():
    easel = _easel()
    figure = easel.figure_of(
        View(samples.by_territory(), easel.setting), "figure-t01", "Figure 1", "table-t01"
    )
    assert figure is not None
    assert "Territory Serbia: 2020: 25; 2021: protected; 2022: 1,230" in figure.alternative
    assert "Territory Montenegro: 2020: no data" in figure.alternative
    assert "Protected numbers, not shown: 1" in figure.alternative
    assert "Synthetic data" in figure.svg
    described = re.search(r"<desc[^>]*>([^<]+)", figure.svg)
    assert described is not None
    assert described[1] == figure.alternative.replace("&", "&amp;")


def test_shares_are_drawn_only_where_they_may_be_given():
    easel = _easel()
    figure = easel.figure_of(View(samples.by_sex(), easel.setting), "figure-t10", "Figure 1", "table-t10")
    assert figure is not None
    assert "67 %" in figure.alternative  # 60 of 90 known in Albania
    assert "94.9" not in figure.svg  # 1,111 of 1,171 would tell how many are hidden


def test_maps_shade_only_shown_values_and_repeat_their_bytes():
    easel = _easel()
    shades = (
        Shade("1 to 10", 0.0),
        Shade("11 to 50", 1.0),
        Shade("Protected", None, "hidden"),
        Shade("No data", None, "missing"),
    )
    areas = {"ALB": Area("Albania\n7", 0), "SRB": Area("Serbia\n<5", 2), "XKX": Area("Kosovo*\n..", 3)}
    picture = Map("map-x", "Map", "words", areas, shades)
    first = draw_map(picture, STYLE, easel.outlines, easel.positions)
    assert first == draw_map(picture, STYLE, easel.outlines, easel.positions)
    assert "11 to 50" not in first  # the key holds what the map uses
    assert first.count("<pattern") == 2


def _on_the_map(names, positions, outlines, monkeypatch):
    """Return what stands on a map of these names, each with its box in points."""
    found = []

    def lay_out(figure, *_):
        figure.draw_without_rendering()
        for text in figure.axes[0].texts:
            found.append((text.get_text(), text.get_bbox_patch().get_window_extent()))
        return ""

    monkeypatch.setattr(maps, "to_svg", lay_out)
    areas = {code: Area(f"{in_two_lines(name)}\n1,379", 0) for code, name in names.items()}
    draw_map(Map("map-x", "Map", "words", areas, (Shade("x", 0.0),)), STYLE, outlines, positions)
    return found


@pytest.mark.parametrize("language", ["en", "sr-Cyrl", "sq", "ro", "bg"])
def test_no_name_on_a_map_covers_another(language, monkeypatch):
    """Bosnia and Herzegovina lay over Serbia, North Macedonia over Albania, Slovenia over Croatia."""
    easel = _easel()
    standard = easel.setting.context.standard
    names = {code: standard.label_of("territory", code, language) for code in easel.positions}
    found = _on_the_map(names, easel.positions, easel.outlines, monkeypatch)
    assert len(found) == len(easel.positions) > 10
    met = [(a, b) for (a, one), (b, other) in combinations(found, 2) if one.overlaps(other)]
    assert met == []


def test_classes_of_a_map_end_at_round_numbers_above_all_values():
    ends = classes_of([3, 12, 55, 80, 90, 400, 1234])
    assert ends == sorted(set(ends))
    assert ends[-1] >= 1234
    assert classes_of([]) == []
    assert classes_of([5, 5, 5]) == [5.0]


def _easel() -> Easel:
    setting = Setting(samples.edition(), samples.context(), load_words(REPORTS, "en"))
    return Easel(setting, REPORTS)


def test_a_sign_in_a_gap_is_called_what_it_is():
    """No percentage is not "no data": what a figure says below it follows from the signs that it shows."""
    easel = _easel()
    no_share, no_data = Point(None, "no %", "none"), Point(None, "..", "none")
    assert easel.missing([Series("a", (no_share, HIDDEN))]) == "No percentage: too few are known (no %)"
    assert easel.missing([Series("a", (no_data,))]) == "No data (..)"
    both = easel.missing([Series("a", (no_data,)), Series("b", (no_share,))])
    assert both == "No data (..) · No percentage: too few are known (no %)"
    assert easel.missing([Series("a", (HIDDEN,))]) == ""


def test_the_axis_of_shares_says_what_they_are_of():
    """Of those with a known answer where the table counts the unknown ones; of all where it does not."""
    easel, table = _easel(), samples.by_sex()
    view = View(table, easel.setting)
    assert easel._unit(view, "sex") == "per cent of identified victims with a known answer"
    view.categories["sex"] = tuple(code for code in view.categories["sex"] if code != "UNK")
    assert easel._unit(view, "sex") == "per cent of identified victims"


@pytest.mark.parametrize("language", ["en", "sr-Cyrl"])
def test_the_axis_names_the_part_of_whom_a_share_is(language):
    """Albania assisted 180 victims, 162 of them for a month: "per cent of assisted victims" stood below both."""
    words, listed = load_words(REPORTS, language), load_chapters(REPORTS)
    by_id = {i.indicator_id: i for i in samples.standard().indicators}
    parts = [e["table"] for e in listed["comparison"] if by_id[e["table"]].where]
    assert {"E04T", "E22T"} <= set(parts)
    assert [table for table in parts if not words.has(f"figures.base.{table}")] == []
    easel = Easel(Setting(samples.edition(), samples.context(), words), REPORTS)
    view = View(
        replace(samples.by_sex(), indicator=replace(samples.by_sex().indicator, indicator_id="E04T")),
        easel.setting,
    )
    assert words("figures.base.E04T") in easel._unit(view, "sex")


def test_numbers_of_dots_and_the_signs_beside_them_do_not_run_into_each_other():
    full = (Point(100.0, "1 of 1", "shown"), Point(66.0, "2 of 3", "shown"))
    none = (Point(None, "..", "none"), Point(None, "..", "none"))
    series = (Series("On paper", full), Series("In operation", none))
    chart = replace(_chart("dots", HIDDEN), series=series, percent=True)
    with styled(STYLE):
        figure = new_figure(2.5)
        axes = figure.add_subplot()
        draw_dots(axes, chart)
        figure.canvas.draw()
        boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 4
    assert not any(a.overlaps(b) for at, a in enumerate(boxes) for b in boxes[at + 1 :])


def test_a_long_name_beside_its_sign_leaves_the_dots_their_room():
    """Bosnia and Herzegovina c, fifteen times: half of the picture was left, and numbers stood on names."""
    region = Series("Region", (Point(42.8, "42.8 %", "shown"), Point(96.4, "96.4 %", "shown")))
    for name, said in (("Bosnia and Herzegovina", "<5"), ("Albania", "Albania <5")):
        chart = replace(_chart("dots", HIDDEN), series=(region, Series(name, (HIDDEN, HIDDEN))), percent=True)
        assert re.findall(r">([^<>]*&lt;5)<", draw_chart(chart, STYLE)) == [said.replace("<", "&lt;")] * 2
    both = (HIDDEN, Point(None, "..", "none"))
    chart = replace(_chart("dots", HIDDEN), series=(region, Series(name, both), Series("Croatia", both)))
    assert ">Albania &lt;5; Croatia &lt;5<" in draw_chart(chart, STYLE)


def test_a_dot_at_zero_does_not_stand_on_the_name_of_its_row():
    chart = replace(_chart("dots", HIDDEN), series=(Series("a", (Point(0.0, "0 %", "shown"),) * 2),))
    with styled(STYLE):
        figure = new_figure(2.5)
        axes = figure.add_subplot()
        draw_dots(axes, chart)
        figure.canvas.draw()
        names = [label.get_window_extent().x1 for label in axes.get_yticklabels()]
        dots = [line.get_window_extent().x0 for line in axes.lines]  # with their whole mark
    assert max(names) < min(dots)


def test_no_line_strikes_a_number():
    """ "11.9 %" of Romania stood under the line of the region, "27" of Croatia under its own: one digit was lost."""
    dots = Series("Territory", (Point(11.9, "11.9 %", "shown"), Point(43.0, "43 %", "shown")))
    line = Point(46.4, "46.4 %", "shown")
    values = (76, 27, 15, 60, 62)
    course = Series("Croatia", tuple(Point(float(v), str(v), "shown") for v in values))
    years = tuple(str(2018 + at) for at in range(len(values)))
    for chart, draw in (
        (replace(_chart("dots", HIDDEN), series=(dots,), reference=line, percent=True), draw_dots),
        (replace(_chart("line", HIDDEN), series=(course,), categories=years), draw_lines),
    ):
        with styled(STYLE):
            figure = new_figure(2.75)
            axes = figure.add_subplot()
            draw(axes, chart)
            figure.canvas.draw()
            texts = [text for text in axes.texts if text.get_text()]
            boxes = [Annotation.get_window_extent(text) for text in texts]
            strokes = [
                line.get_transform().transform_path(line.get_path())
                for line in axes.lines
                if len(line.get_xdata()) > 1
            ]
        struck = [
            text.get_text()
            for text, box in zip(texts, boxes, strict=True)
            if any(stroke.intersects_bbox(box, filled=False) for stroke in strokes)
        ]
        assert struck == []


def test_scales_of_rates_and_scores_say_what_they_are():
    """A score of 2.2 stood below the "2" of its frame, and a rate of 1.2 in a class "2 – 2"."""
    series = tuple(Series(str(n), (Point(1.4, "1.4", "shown"), Point(2.2, "2.2", "shown"))) for n in range(5))
    with styled(STYLE):
        figure = panels(replace(_chart("line", HIDDEN), series=series))
    ticks = [(axes.get_yticks()[-1], axes.get_yticklabels()[-1].get_text()) for axes in figure.axes]
    assert ticks == [(3, "3")] * 5
    assert _classes([0.9, 1.7, 4.6], whole=False) == ["0 – 0.9", "over 0.9 – 1.7", "over 1.7 – 4.6"]
    assert _classes([30.0, 500.0], whole=True) == ["0 – 30", "31 – 500"]


def test_a_number_stays_with_the_word_before_it():
    assert wrapped("Hrvatska, od 29, nepoznato 8") == "Hrvatska, od 29,\nnepoznato 8"
    assert wrapped("European Union outside the region (+ c)", 18).endswith("\n(+ c)")


def test_the_sign_of_what_is_indicative_only_is_explained_where_it_stands():
    """ "38.0 % ~" stood in pictures and in profiles, and the sign was explained in the reference tables alone."""
    easel = _easel()
    plain, sign = Point(29.0, "29 %", "shown"), Point(32.9, "32.9 % ~", "shown")
    assert easel.indicative([plain, None]) == ""
    said = easel.indicative([plain, sign])
    assert said == "Indicative only: many answers are not known (~)"
    chart = _chart("dots", Point(1.0, "1", "shown"))
    assert said in replace(chart, indicative=said).explained[0]


def test_an_indicator_may_ask_for_a_map():
    easel, table = _easel(), samples.by_territory()
    which = replace(table.indicator, chart={"kind": "map", "x": "territory", "value": "count"})
    figure = easel.figure_of(
        View(replace(table, indicator=which), easel.setting), "figure-t01", "1", "table-t01"
    )
    assert figure is not None
    assert "Albania: 41" in figure.alternative
    assert "Montenegro: no data" in figure.alternative
    assert ">1,230<" in figure.svg


def test_a_chart_may_stand_at_one_category():
    easel, table = _easel(), samples.by_sex()
    which = replace(
        table.indicator, chart={"kind": "bars", "x": "territory", "value": "count", "at": {"sex": "M"}}
    )
    figure = easel.figure_of(
        View(replace(table, indicator=which), easel.setting), "figure-t10", "1", "table-t10"
    )
    assert figure is not None
    assert "Albania: 30; Serbia: 1,111" in figure.alternative


def test_a_zero_that_nobody_vouches_for_is_explained_below_the_picture():
    """A dot at zero had a dash beside it that no line below said anything of."""
    easel = _easel()
    assert easel.indicative([Point(0.0, "–", "shown"), None]) == "None reported (–)"
    assert easel.indicative([Point(0.0, "0", "shown"), HIDDEN]) == ""
    both = easel.indicative([Point(0.0, "–", "shown"), Point(32.9, "32.9 % ~", "shown")])
    assert both == "Indicative only: many answers are not known (~) · None reported (–)"


def test_a_name_with_its_numbers_stands_on_one_line():
    """Broken over two, eleven of them made a picture so high that two rows of pictures filled a page."""
    chart = replace(_chart("dots", HIDDEN), reference=Point(50.0, "50 %", "shown"))
    assert "\n" not in row_name(chart, "Romania, of 1,438, 23 not known")
    assert "\n" in row_name(replace(chart, reference=None), "Romania, of 1,438, 23 not known")

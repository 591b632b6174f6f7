"""Effectiveness territory by territory: shares beside the region's, and what is known of shelters. No order, no rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clearing_point.analysis.charts import Chart, Series
from clearing_point.analysis.model import TOTAL
from clearing_point.report.chapters import Numbering, cell_of, counted_figure, table_anchor
from clearing_point.report.figures import Easel
from clearing_point.report.model import Block, Cell, Figure, Paragraph, Row, Section, Table
from clearing_point.report.reading import draw_pictures
from clearing_point.report.signs import print_told
from clearing_point.report.tables import plain_table
from clearing_point.report.view import Setting, View
from clearing_point.report.words import Words
from clearing_point.standard.model import TERRITORY

ANCHOR = "reading-comparison"
_PLACES = "M15_PLACES"
"""The scorecard's number of places in shelters."""
_LEAST = 2
"""A picture of one number of the territory says no more than the number."""
_SHELTERS = ("T32", "T32B")
"""Persons with the median of their nights; nights used in per cent of those offered."""


def comparison_of(
    wanted: Sequence[Mapping[str, Any]], views: Mapping[str, View], easel: Easel, numbering: Numbering,
    before: Sequence[Figure] = (),
) -> tuple[Section, ...]:  # fmt: skip
    """Return a share of every territory beside the region's, for each table that the edition has, and of shelters.

    Parameters
    ----------
    before : sequence of Figure
        Pictures of the chapters: one that stands there is named and not drawn again.
    """
    words = easel.setting.words
    titles = {
        words(f"reading.pictures.{entry['words']}"): table_anchor(entry["table"])
        for entry in wanted
        if "words" in entry
    }
    already = [f for f in before if titles.get(f.title) == f.table_anchor]
    wanted = [e for e in wanted if table_anchor(e["table"]) not in {f.table_anchor for f in already}]
    pictures = [
        {
            **{key: entry[key] for key in ("table", "words") if key in entry},
            "chart": {
                "kind": "dots", "x": TERRITORY, "value": "share", "of": entry["of"], "at": {entry["of"]: entry["at"]},
                "reference": True,
            },
        }
        for entry in wanted
    ]  # fmt: skip
    drawn = draw_pictures(pictures, views, easel, numbering, ANCHOR)
    shelters = _shelters(views, easel.setting, numbering)
    if not drawn and shelters is None:
        return ()
    blocks: list[Block] = [Paragraph(words("reading.comparison.intro"), "lead")]
    if already:
        links = tuple((f"{figure.number} ({figure.title})", figure.anchor) for figure in already)
        names = ", ".join(name for name, _ in links)
        text = words("reading.comparison.also", names=names)
        blocks.append(Paragraph(text, "", text.removesuffix(names), links))
    blocks += [Row(tuple(drawn[at : at + 2])) for at in range(0, len(drawn), 2)]
    blocks += [shelters] if shelters is not None else []
    return (Section(ANCHOR, words("reading.comparison.title"), tuple(blocks)),)


def effects_of(
    territory: str, title: str, wanted: Sequence[Mapping[str, Any]], views: Mapping[str, View], easel: Easel,
    numbering: Numbering, anchor: str,
) -> tuple[Figure, ...]:  # fmt: skip
    """Draw the shares of a territory beside the region's in one picture: a row an indicator, in the order of the tables."""
    words = easel.setting.words
    labels, pairs, tables, made = [], [], [], False
    for entry in wanted:
        view, of = views.get(entry["table"]), entry["of"]
        if view is None or view.protected.withheld or territory not in view.categories.get(TERRITORY, ()):
            continue
        if entry["at"] not in view.categories.get(of, ()):
            continue
        at = {of: entry["at"]}
        at |= easel.year_of(view, {**at, TERRITORY: territory}, TERRITORY, None)
        pair = [easel.point_at(view, {**at, TERRITORY: code}, True, of) for code in (TOTAL, territory)]
        found = [point for point in pair if point is not None]
        if len(found) == len(pair):
            labels.append(words(f"reading.pictures.{entry['words']}"))
            pairs.append(found)
            tables.append(entry["table"])
            made = made or view.published.made_data
    if sum(pair[1].value is not None for pair in pairs) < _LEAST:
        return ()
    names = (words("tables.region"), easel.setting.territory(territory))
    series = tuple(Series(name, tuple(pair[at] for pair in pairs)) for at, name in enumerate(names))
    chart = Chart(
        kind="dots", name=anchor, title=title, categories=tuple(labels), series=series, percent=True,
        alternative=easel.spoken("dots", title, labels, series, words("tables.territory")),
        unit=words("reading.profile.effects_unit"), missing=easel.missing(series),
        hidden=words("figures.hidden", sign=next(iter(views.values())).protected.sign),
        later=words("figures.later", sign=words("signs.not_yet")), mark=easel.mark(made), order=words("figures.order"),
        indicative=easel.indicative(point for pair in pairs for point in pair),
    )  # fmt: skip
    note = words(
        "reading.profile.effects_note", names=", ".join(numbering.of_table.get(t, t) for t in tables)
    )
    first, *others = [table_anchor(table) for table in tables]
    figure = easel.finish(chart, numbering.figure(), first, (note,), made, tuple(others))
    return tuple(block for block in counted_figure(figure, numbering) if isinstance(block, Figure))


def _shelters(views: Mapping[str, View], setting: Setting, numbering: Numbering) -> Table | None:
    """Return places, persons, nights and occupancy by territory; above the question's number the question stands below."""
    stays, used = (views.get(name) for name in _SHELTERS)
    if stays is None or used is None or stays.protected.withheld or used.protected.withheld:
        return None
    words, year = setting.words, str(setting.edition.year)
    notes: list[str] = []
    body: list[list[str | Cell]] = []
    for territory in (*sorted(stays.leaves(TERRITORY), key=setting.territory), TOTAL):
        persons = stays.filled({TERRITORY: territory})
        occupied = used.filled({TERRITORY: territory})
        if persons is None or occupied is None:
            continue
        if territory == TOTAL:
            row: list[str | Cell] = [words("tables.region"), _all_places(stays.leaves(TERRITORY), setting)]
        else:
            row = [setting.territory(territory), _places(territory, setting)]
        row += [cell_of(stays, persons), _measured(stays, persons), _measured(used, occupied)]
        if asked := _asked(used, occupied):
            row[-1] = Cell(f"{_measured(used, occupied).text} ?")
            if not notes:
                notes.append(words("reading.comparison.question", text=asked))
        body.append(row)
    if not any(isinstance(cell, Cell) and not cell.state for row in body for cell in row[2:]):
        return None
    header = [words("tables.territory")]
    header += [words(f"reading.comparison.{key}") for key in ("places", "persons", "nights", "used")]
    if any(isinstance(c, Cell) and c.state == "hidden" for row in body for c in row):
        notes.append(words("tables.note_hidden", sign=stays.protected.sign))
    dash = words("signs.no_measure")
    if any(isinstance(c, Cell) and c.text == dash for row in body for c in row):
        least = setting.context.standard.settings["thresholds"]["minimum_base_mean_or_median"]
        notes.append(words("tables.note_measure", sign=dash, base=least))
    names = ", ".join(words("tables.number", number=name) for name in _SHELTERS)
    notes.append(words("reading.comparison.shelter_note", names=names))
    made = stays.published.made_data or used.published.made_data
    return plain_table(
        f"table-{ANCHOR}", numbering.table(), words("reading.comparison.shelters", year=year), header, body,
        tuple(notes), made,
    )  # fmt: skip


def shelters_said(territory: str, views: Mapping[str, View], setting: Setting) -> str:
    """Say of a territory's shelters what is shown: places, persons, nights, occupancy; nothing where nothing is.

    Above the question's number the question stands behind it, as in the table of all territories.
    """
    stays, used = (views.get(name) for name in _SHELTERS)
    if stays is None or used is None or stays.protected.withheld or used.protected.withheld:
        return ""
    if not all(territory in view.leaves(TERRITORY) for view in (stays, used)):
        return ""
    words, year = setting.words, str(setting.edition.year)
    persons, occupied = (view.filled({TERRITORY: territory}) for view in (stays, used))
    if persons is None or occupied is None:
        return ""
    cells = {
        "places": _places(territory, setting), "persons": cell_of(stays, persons),
        "nights": _measured(stays, persons), "used": _measured(used, occupied),
    }  # fmt: skip
    beside = {
        key: _measured(view, total)
        for key, view in (("nights", stays), ("used", used))
        if (total := view.filled({}))
    }
    shown = [
        words(
            "figures.pair",
            name=words(f"reading.comparison.{key}"),
            value=_beside(cell, beside.get(key), words),
        )
        for key, cell in cells.items()
        if not cell.state and any(c.isdigit() for c in cell.text)
    ]
    if not shown:
        return ""
    asked = _asked(used, occupied)
    said = words("figures.pair", name=words("reading.comparison.shelters", year=year), value="; ".join(shown))
    names = ", ".join(words("tables.number", number=name) for name in _SHELTERS)
    return f"{said} ({names}).{f' {asked}' if asked else ''}"


def _beside(cell: Cell, region: Cell | None, words: Words) -> str:
    """Return a number with the region's behind it, where that is one."""
    if region is None or region.state or not any(c.isdigit() for c in region.text):
        return cell.text
    return words("reading.comparison.beside", number=cell.text, region=region.text)


def _asked(used: View, place: Mapping[str, str]) -> str:
    """Return the question that an occupancy raises, or nothing."""
    asked = used.indicator.question
    value = (used.published.values or {}).get(tuple(place[v] for v in used.categories))
    return (
        used.setting.words.of(asked[1])
        if asked is not None and value is not None and value > asked[0]
        else ""
    )


def _measured(view: View, place: Mapping[str, str]) -> Cell:
    shown = view.measured(place)
    if shown is None:
        return Cell(view.setting.words("signs.no_data"), state="none")
    return Cell(shown.text, state="" if shown.state == "shown" else shown.state)


def _places(territory: str, setting: Setting) -> Cell:
    """Return the places that the territory reports in its scorecard."""
    return _all_places((territory,), setting)


def _all_places(territories: Sequence[str], setting: Setting) -> Cell:
    """Return the places of several territories together, where each of them reports its own."""
    card = setting.context.scorecard
    rows = {
        r.territory: r.value
        for r in (card.rows if card else ())
        if r.indicator == _PLACES and r.value is not None
    }
    if not territories or any(territory not in rows for territory in territories):
        return Cell(setting.words("signs.no_data"), state="none")
    return Cell(print_told(sum(rows[territory] for territory in territories), setting.words))


__all__ = ["comparison_of", "effects_of", "shelters_said"]

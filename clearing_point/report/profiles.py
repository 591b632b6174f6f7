"""A profile of every territory on two pages: eight figures beside the region's, what was found, pictures, its data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clearing_point.analysis.charts import Chart, Series
from clearing_point.analysis.drawing import Point
from clearing_point.report.breaks import known_breaks
from clearing_point.report.chapters import Numbering, counted_figure, table_anchor
from clearing_point.report.comparison import effects_of, shelters_said
from clearing_point.report.editor_texts import EditorText, beside
from clearing_point.report.figure_maps import silent_state
from clearing_point.report.figures import Easel, state_of
from clearing_point.report.findings import Finder
from clearing_point.report.model import Block, Cell, Figure, Items, Paragraph, Row, Section
from clearing_point.report.reading import draw_pictures, said, title_of
from clearing_point.report.scorecard import scored_domains
from clearing_point.report.signs import Printed
from clearing_point.report.tables import plain_table
from clearing_point.report.view import Setting, View
from clearing_point.standard.model import TERRITORY

_EFFECTS = "-effects"
"""How the anchor of the picture of effects ends."""


def profile_anchor(territory: str) -> str:
    """Return where a territory's profile stands."""
    return f"profile-{territory.lower()}"


def draw_profile(
    territory: str, listed: Mapping[str, Any], views: Mapping[str, View], easel: Easel, numbering: Numbering
) -> tuple[Figure, ...]:
    """Draw the pictures of a territory."""
    setting, words = easel.setting, easel.setting.words
    if not _has_data(setting, territory):
        return ()
    name = setting.territory(territory)
    anchor = f"picture-{territory.lower()}"
    found = draw_pictures(
        listed["profile"]["pictures"], views, easel, numbering, anchor, territory, f"{name}: {{title}}"
    )
    # The high picture of effects stands beside no low one where it need not: two in a row, in reading order.
    early = _mechanism(territory, name, easel, numbering, f"{anchor}-mechanism") if len(found) % 2 else ()
    effects = effects_of(
        territory, words("reading.profile.effects", name=name), listed.get("comparison", ()), views, easel, numbering,
        f"{anchor}{_EFFECTS}",
    )  # fmt: skip
    late = () if early else _mechanism(territory, name, easel, numbering, f"{anchor}-mechanism")
    return (*found, *early, *effects, *late)


def profile_of(
    territory: str, listed: Mapping[str, Any], views: Mapping[str, View], drawn: tuple[Figure, ...], finder: Finder,
    numbering: Numbering, texts: Mapping[str, EditorText],
) -> Section:  # fmt: skip
    """Return the profile of a territory; one without data says so and nothing else."""
    setting, words = finder.setting, finder.words
    name, year = setting.territory(territory), str(setting.edition.year)
    blocks: list[Block] = []
    state = state_of(setting, territory, year)
    silent = silent_state(setting, territory)
    if silent:
        blocks.append(Paragraph(words(f"chapters.nothing_{silent}", name=name, year=year), "note"))
        return Section(profile_anchor(territory), name, tuple(blocks))
    if state != "accepted":
        blocks.append(Paragraph(words(f"chapters.not_this_year_{state}", name=name, year=year), "note"))
    blocks += beside(texts, f"profile-{territory}", said(finder.profile(territory), numbering.of_table))
    blocks.append(_figures_beside_region(territory, name, listed, views, setting, numbering))
    shelters = shelters_said(territory, views, setting)
    blocks += [Paragraph(shelters)] if shelters else []
    blocks += [Row(drawn[at : at + 2]) for at in range(0, len(drawn), 2)]
    notes = (*_not_drawn(territory, listed, views, drawn, numbering), *_notes(territory, setting))
    if notes:
        blocks += [Paragraph(words("reading.profile.notes"), "subtitle"), Items(notes)]
    return Section(profile_anchor(territory), name, tuple(blocks))


def _not_drawn(
    territory: str, listed: Mapping[str, Any], views: Mapping[str, View], drawn: Sequence[Figure], numbering: Numbering
) -> Iterator[str]:  # fmt: skip
    """Say which pictures would show next to nothing of the territory, so that nobody thinks them forgotten."""
    shown = {figure.table_anchor for figure in drawn}
    names = [
        numbering.setting.words("chapters.left_out_item", title=title_of(view, entry), number=numbering.of_table[name])
        for entry in listed["pictures"]
        if (view := views.get(name := entry["table"])) is not None
        and name in numbering.of_table
        and table_anchor(name) not in shown
        and territory in view.categories.get(TERRITORY, ())
    ]  # fmt: skip
    if not any(figure.anchor.endswith(_EFFECTS) for figure in drawn):
        names.append(numbering.setting.words("reading.comparison.title"))
    if names:
        yield numbering.setting.words("reading.profile.not_drawn", names="; ".join(names))


def _has_data(setting: Setting, territory: str) -> bool:
    return any(state_of(setting, territory, year) == "accepted" for year in setting.edition.years)


def _figures_beside_region(
    territory: str, name: str, listed: Mapping[str, Any], views: Mapping[str, View], setting: Setting,
    numbering: Numbering,
) -> Block:  # fmt: skip
    words, made = setting.words, False
    body: list[list[str | Cell]] = []
    for entry in listed["figures"]:
        view = views.get(entry["table"])
        if view is None or view.protected.withheld or territory not in view.categories.get(TERRITORY, ()):
            continue
        at = dict(entry.get("at", {}))
        if any(code not in view.categories.get(variable, ()) for variable, code in at.items()):
            continue
        year = str(setting.edition.year)
        last = view.filled({**at, TERRITORY: territory, **({view.year: year} if view.year else {})})
        if last is not None and view.is_incomplete(last):
            year = str(setting.edition.year - 1)
        of_year = {view.year: year} if view.year else {}
        cells = []
        for where in (territory, None):
            place = view.filled({**at, **of_year, **({TERRITORY: where} if where else {})})
            cells.append(_cell(view, place, entry.get("of", "")))
        body.append([words(f"reading.profile.named.{entry['words']}", year=year), *cells])
        made = made or view.published.made_data
    note = words(
        "reading.profile.figures_note", hidden=_sign(views), missing=words("signs.no_data"),
        share=words("signs.no_share"),
    )  # fmt: skip
    notes, sign = [note], words("signs.indicative").strip()
    if any(isinstance(cell, Cell) and cell.text.endswith(sign) for row in body for cell in row):
        notes.append(words("tables.note_indicative", sign=sign))
    header = (words("reading.profile.figure"), name, words("tables.region"))
    return plain_table(
        f"table-{profile_anchor(territory)}", numbering.table(), words("reading.profile.figures", name=name), header, body,
        tuple(notes), made,
    )  # fmt: skip


def _sign(views: Mapping[str, View]) -> str:
    return next(iter(views.values())).protected.sign


def _cell(view: View, place: Mapping[str, str] | None, of: str) -> Cell:
    words = view.setting.words
    if place is None:
        return Cell(words("signs.no_data"), state="none")
    shown: Printed = view.printed(place)
    if not of or shown.state != "shown":
        return Cell(shown.text, state="" if shown.state == "shown" else shown.state)
    share = view.share(place, of)
    if share is None:
        return Cell(words("signs.no_share"), state="none")
    return Cell(f"{share.text}{words('signs.indicative') if share.indicative else ''}")


def _mechanism(
    territory: str, name: str, easel: Easel, numbering: Numbering, anchor: str
) -> tuple[Figure, ...]:
    """Draw the mechanism as domains and two levels: on paper and in operation, of the indicators that are known."""
    setting, words, scorecard = easel.setting, easel.setting.words, easel.setting.context.scorecard
    if scorecard is None or territory not in scorecard.territories:
        return ()
    labels, points = [], []
    for score in scorecard.sub_scores(territory, scored_domains(scorecard)):
        labels.append(setting.context.standard.label_of("scorecard_indicator", score.domain, words.language))
        points.append([_reached(reached, setting) for reached in (score.on_paper, score.in_operation)])
    if sum(point.value is not None for pair in points for point in pair) < 2:
        return ()
    title = words("reading.profile.mechanism", name=name, year=scorecard.year)
    levels = (words("reading.profile.on_paper"), words("reading.profile.in_operation"))
    series = tuple(Series(level, tuple(pair[at] for pair in points)) for at, level in enumerate(levels))
    made = any(row.made_data for row in scorecard.rows)
    chart = Chart(
        kind="dots", name=anchor, title=title, categories=tuple(labels), series=series, percent=True,
        alternative=easel.spoken("dots", title, labels, series, words("scorecard.columns.level")),
        unit=words("reading.profile.mechanism_unit"), missing=easel.missing(series),
        mark=easel.mark(made), order=words("figures.order"),
    )  # fmt: skip
    figure = easel.finish(chart, numbering.figure(), "table-scorecard", (), made)
    return tuple(block for block in counted_figure(figure, numbering) if isinstance(block, Figure))


def _reached(reached: tuple[int, int], setting: Setting) -> Point:
    if not reached[1]:
        return Point(None, setting.words("signs.no_data"), "none")
    text = setting.words("scorecard.of", reached=reached[0], known=reached[1])
    return Point(100 * reached[0] / reached[1], text, "shown")


def _notes(territory: str, setting: Setting) -> list[str]:
    """Return what to know of a territory's data: coverage, breaks, what its senders declare."""
    words, standard = setting.words, setting.context.standard
    found = []
    missing = [y for y in setting.edition.years if state_of(setting, territory, y) != "accepted"]
    if missing:
        found.append(words("reading.profile.missing_years", years=", ".join(missing)))
    fields = standard.tables["submission"].by_name
    declared = [d for d in setting.context.declarations if d["territory"] == territory]
    for name in ("coverage", "definition_identified", "count_basis"):
        codelist = fields[name].codelist
        codes = sorted({str(d[name]) for d in declared if d.get(name)})
        if codes and codelist:
            labels = [standard.label_of(codelist, code, words.language) for code in codes]
            asked = words(f"reading.profile.declared.{name}")
            found.append(words("figures.pair", name=asked, value=", ".join(labels)))
    for row in known_breaks(setting.context):
        if row["territory_id"] == territory:
            what = standard.place_text(row["what_en"], words.language)
            found.append(
                words(
                    "chapters.data.known_break", year=row["reference_year"], what=what, source=row["source"]
                )
            )
    return found

"""The annexes: definitions, names, suppliers, published national figures beside ours, the cost of protection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clearing_point.disclosure.whole_part import whole_part
from clearing_point.report.chapters import Numbering, cell_of, table_anchor
from clearing_point.report.model import Cell, Paragraph, Section, Terms
from clearing_point.report.revised import as_printed, revised_figures
from clearing_point.report.signs import percentage, print_number
from clearing_point.report.tables import capital, hidden_cells, plain_table
from clearing_point.report.view import Setting, View
from clearing_point.standard.files import read_csv
from clearing_point.standard.model import TERRITORY

_NO_SERIES = "NONE"
"""Line of ``schemas/reference/series.csv``: no second published series of a territory was found."""


def annexes(views: Sequence[View], numbering: Numbering) -> Section:
    """Return all annexes."""
    words = numbering.setting.words
    sections = [_definitions(views, numbering.setting), _names(numbering.setting), _suppliers(numbering)]
    sections += _decisions(numbering)
    sections += _reconciliation(views, numbering)
    sections.append(_protection(views, numbering))
    sections += revised_figures({view.indicator.indicator_id: view for view in views}, numbering)
    return Section("annexes", words("annexes.title"), (), tuple(sections))


def footnotes_of(setting: Setting) -> Iterator[tuple[str, str]]:
    """Yield name and footnote of every reporting territory that has one in the years of this edition."""
    edition, context = setting.edition, setting.context
    for row in context.standard.territory_files["label"]:
        if row["profile"] != edition.naming_profile or not row["footnote_en"]:
            continue
        first = int(row["year_from"] or edition.trend_from)
        last = int(row["year_to"] or edition.year)
        if row["territory_id"] in context.coverage and first <= edition.year and last >= edition.trend_from:
            years = ""
            if row["year_from"] or row["year_to"]:
                first, last = max(first, edition.trend_from), min(last, edition.year)
                years = f" ({first}-{last})" if first < last else f" ({first})"
            language = setting.words.language
            name = context.standard.place_text(row["label_en"], language)
            if name == row["label_en"]:  # a name of every profile stands with the neutral names
                name = setting.territory(row["territory_id"])
            yield name + years, context.standard.place_text(row["footnote_en"], language)


def _definitions(views: Sequence[View], setting: Setting) -> Section:
    words = setting.words
    populations = {v.population: words.of(v.published.population.definition) for v in views}
    terms = {
        **{capital(name): text for name, text in populations.items()},
        **dict(words.terms("definitions.terms")),
    }
    ordered = tuple(sorted(terms.items(), key=lambda item: item[0].lower()))
    return Section("definitions", words("annexes.definitions"), (Terms(ordered),))


def _names(setting: Setting) -> Section:
    words = setting.words
    profile = words(f"annexes.profile.{setting.edition.naming_profile}")
    return Section("names", words("annexes.names"), (Paragraph(profile), Terms(tuple(footnotes_of(setting)))))


def _suppliers(numbering: Numbering) -> Section:
    setting, words = numbering.setting, numbering.setting.words
    rows = sorted(
        (setting.territory(territory), sender, submission, words("made_data.yes" if made else "made_data.no"))
        for territory, sender, submission, made in setting.context.suppliers
    )
    if not rows:
        return Section(
            "suppliers", words("annexes.suppliers"), (Paragraph(words("annexes.no_suppliers"), "note"),)
        )
    header = tuple(
        words(f"annexes.supplier_columns.{name}") for name in ("territory", "sender", "submission", "made")
    )
    table = plain_table("table-suppliers", numbering.table(), words("annexes.suppliers"), header, rows)
    return Section(
        "suppliers", words("annexes.suppliers"), (Paragraph(words("annexes.suppliers_intro")), table)
    )


def _decisions(numbering: Numbering) -> Iterator[Section]:
    """What the clearing point read otherwise than it was sent, or waived, and why."""
    setting, words = numbering.setting, numbering.setting.words
    tables = setting.context.standard.tables
    rows = []
    for row in setting.context.decisions:
        about = str(row["about"])
        field = tables[row["table"]].by_name.get(about) if row["table"] in tables else None
        rows.append(
            (
                setting.territory(row["territory"]),
                row["submission"],
                f"{words('annexes.decision_kind.' + row['kind'])}: {words.of(field.title) if field else about}",
                row["reason"],
                row["role"],
                f"{row['decided_on']} – {row['expires_on']}",
            )
        )
    if not rows:
        return
    names = ("territory", "submission", "decision", "reason", "role", "valid")
    header = tuple(words(f"annexes.decision_columns.{name}") for name in names)
    table = plain_table(
        "table-decisions", numbering.table(), words("annexes.decisions"), header, sorted(rows),
        made_data=setting.context.made_data,
    )  # fmt: skip
    yield Section(
        "decisions", words("annexes.decisions"), (Paragraph(words("annexes.decisions_intro")), table)
    )


def _reconciliation(views: Sequence[View], numbering: Numbering) -> Iterator[Section]:
    """Our numbers beside those that others print, as they print them; no difference is worked out where one is hidden."""
    setting, words = numbering.setting, numbering.setting.words
    bound, figures = setting.edition.national_total, setting.context.published_figures
    if bound is None or not figures:
        return
    view = next(v for v in views if v.indicator.indicator_id == bound.table)
    if view.protected.withheld or view.territory is None or view.year is None:
        return
    body = []
    for row in sorted(
        figures, key=lambda r: (setting.territory(r["territory"]), str(r["year"]), r["source"])
    ):
        place = {TERRITORY: row["territory"], view.year: str(row["year"])}
        if any(code not in view.categories[variable] for variable, code in place.items()):
            continue
        ours = cell_of(view, view.bound(bound, place))
        body.append(
            (
                setting.territory(row["territory"]),
                str(row["year"]),
                ours,
                Cell(as_printed(str(row["value_text"]), setting)),
                Cell(row["source"], words=True),
            )
        )
    if not body:
        return
    header = tuple(
        words(f"annexes.reconciliation_columns.{name}")
        for name in ("territory", "year", "ours", "published", "source")
    )
    table = plain_table(
        "table-reconciliation",
        numbering.table(),
        words("annexes.reconciliation"),
        header,
        body,
        (
            words("annexes.reconciliation_ours", title=view.title, number=numbering.of_table[bound.table]),
            *_series_lacking(setting),
        ),
        view.published.made_data,
    )
    intro = Paragraph(words("annexes.reconciliation_intro"))
    yield Section("reconciliation", words("annexes.reconciliation"), (intro, table))


def _series_lacking(setting: Setting) -> Iterator[str]:
    """Yield of which territories no second published series was found, and in whose series the edition's year is missing."""
    rows = read_csv(setting.context.standard.folder / "reference" / "series.csv")
    year = setting.edition.year
    alone = {row["territory_id"] for row in rows if row["series"] == _NO_SERIES}
    ended = {row["territory_id"] for row in rows if row["last_year"] and int(row["last_year"]) < year}
    for key, territories in (("one_series", alone), ("ended_series", ended)):
        names = sorted(setting.territory(t) for t in territories if t in setting.context.coverage)
        if names:
            yield setting.words(f"annexes.{key}", names=setting.words.joined(names), year=str(year))


def _protection(views: Sequence[View], numbering: Numbering) -> Section:
    words = numbering.setting.words
    body = []
    for view in views:
        hidden, cells = hidden_cells(view)
        name = f"{numbering.of_table[view.indicator.indicator_id]}: {view.title}"
        if view.protected.withheld:
            row = (name, Cell(words("signs.no_data"), state="none"), Cell(words("signs.no_data"), state="none"),
                   Cell(words("annexes.protection_withheld"), words=True),
                   Cell(words("annexes.part_none"), words=True))  # fmt: skip
        else:
            share = percentage(hidden / cells if cells else 0.0, words)
            how = words(f"annexes.protection_{view.protected.profile}", base=view.protected.base)
            row = (name, Cell(f"{print_number(hidden, words)} / {print_number(cells, words)}"),
                   Cell(share), Cell(how, words=True),
                   Cell(_part(view), words=True))  # fmt: skip
        body.append(row)
    header = tuple(
        words(f"annexes.protection_columns.{name}") for name in ("table", "cells", "share", "how", "part")
    )
    table = plain_table(
        "table-protection", numbering.table(), words("annexes.protection_table"), header, body
    )
    paragraphs = tuple(
        Paragraph(text) for text in words.items(f"method.protection_{numbering.setting.edition.profile}")
    )
    return Section("protection", words("annexes.protection"), (*paragraphs, table))


def _part(view: View) -> str:
    """Name the largest part of a table in which nothing is hidden: the coarser table nearest to it."""
    words = view.setting.words
    hidden = {cell for cell, entry in view.protected.cells.items() if entry.shown is None}
    empty = {cell for cell, entry in view.protected.cells.items() if entry.shown == 0}
    part = whole_part(view.protected.dimensions, hidden, empty)
    if part is None:
        return words("annexes.part_none")
    said = []
    for dimension, kept in zip(view.protected.dimensions, part, strict=True):
        left_out = [c.code for c in dimension.categories if c.code not in kept]
        if not left_out:
            continue
        few, sentence = (left_out, "part_without") if len(left_out) < len(kept) else (list(kept), "part_only")
        names = words.joined([view.label(dimension.variable, code) for code in few])
        variable = words.of(view.breakdowns[dimension.variable].label)
        said.append(words(f"annexes.{sentence}", variable=variable, names=names))
    return "; ".join(said) or words("annexes.part_all")


__all__ = ["annexes", "footnotes_of", "table_anchor"]

"""What a reader must know of a territory's data: what its senders declare, breaks (R11), and what others print (T43)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clearing_point.report.breaks import BREAKING, asked_of, breaks_said
from clearing_point.report.chapters import Numbering, cell_of
from clearing_point.report.model import Block, Cell, Items, Paragraph, Section, Table
from clearing_point.report.signs import percentage, print_number
from clearing_point.report.tables import plain_table
from clearing_point.report.view import Setting, View
from clearing_point.standard.model import TERRITORY

_SHARES = ("completeness", "validity", "consistency")
_DECLARED = ("coverage", *BREAKING, "kosovo_basis")


def data_notes(territory: str, name: str, views: Sequence[View], numbering: Numbering) -> Iterator[Block]:
    """Yield what the senders declare, the breaks between their submissions, and published figures beside ours."""
    setting, words = numbering.setting, numbering.setting.words
    declared = [d for d in setting.context.declarations if d["territory"] == territory]
    if declared:
        header = [words("chapters.data.submission"), words("chapters.data.years")]
        header += [asked_of(field, setting) for field in _DECLARED]
        body = [
            [str(d["submission"]), _years(d), *(_label(d, field, setting) for field in _DECLARED)]
            for d in declared
        ]
        yield plain_table(
            f"table-declared-{territory.lower()}", numbering.table(),
            words("chapters.data.declared_title", name=name), header, body,
        )  # fmt: skip
    found = breaks_said(territory, setting)
    if found:
        yield Paragraph(words("chapters.data.breaks"), "note")
        yield Items(tuple(found))
    judged = [q for q in setting.context.quality if q["territory"] == territory]
    if judged:
        title = words("quality.territory_title", name=name)
        yield _quality_table(judged, f"table-quality-{territory.lower()}", title, numbering, territory)
    yield from _published(territory, name, views, numbering)


def quality_section(numbering: Numbering) -> Section | None:
    """Return the regional table of the quality of every submission that counts (T41), or None without any."""
    setting, words = numbering.setting, numbering.setting.words
    rows = sorted(
        setting.context.quality, key=lambda q: (setting.territory(q["territory"]), str(q["submission"]))
    )
    if not rows:
        return None
    table = _quality_table(rows, "table-quality", words("quality.table_title"), numbering)
    intro = tuple(Paragraph(text) for text in words.items("quality.intro"))
    blocks: list[Block] = [*intro, table]
    if setting.context.validated:
        blocks += [Paragraph(words("quality.validated")), _validation_table(numbering)]
    return Section("quality", words("quality.title"), tuple(blocks))


def _validation_table(numbering: Numbering) -> Table:
    """Show what the validation suites said of everything that counts, table by table."""
    setting, words = numbering.setting, numbering.setting.words
    tables = setting.context.standard.tables
    header = [words(f"quality.validation.{column}") for column in ("suite", "expectations", "met", "not_met")]
    body: list[list[str | Cell]] = [
        [
            words.of(tables[row["suite"]].title)
            if row["suite"] in tables
            else words("quality.validation.together"),
            Cell(str(row["expectations"])),
            Cell(str(row["met"])),
            Cell(", ".join(row["not_met"]) or "–", words=True),
        ]
        for row in setting.context.validated
    ]
    made = setting.context.made_data
    return plain_table(
        "table-validation", numbering.table(), words("quality.validation.title"), header, body, (), made
    )


def _quality_table(
    rows: Sequence[Mapping[str, Any]], anchor: str, title: str, numbering: Numbering, territory: str = ""
) -> Table:
    setting, words = numbering.setting, numbering.setting.words
    header = [words("tables.territory")] if not territory else []
    header += [words(f"quality.columns.{column}") for column in ("submission", *_SHARES, "days_after_period")]
    body: list[list[str | Cell]] = []
    for row in rows:
        start = [setting.territory(row["territory"])] if not territory else []
        shares = [_percent(row[column], setting) for column in _SHARES]
        body.append(
            [*start, Cell(str(row["submission"]), words=True), *shares, Cell(str(row["days_after_period"]))]
        )
    if territory:
        body = [[str(row["submission"]), *cells[1:]] for row, cells in zip(rows, body, strict=True)]
    made = any(row["made_data"] for row in rows)
    return plain_table(
        anchor, numbering.table("T41", territory), title, header, body, (words("quality.note"),), made
    )


def _percent(share: float | None, setting: Setting) -> Cell:
    if share is None:
        return Cell(setting.words("signs.no_data"), state="none")
    # Rounded down: what is not whole must not look whole.
    return Cell(percentage(share, setting.words, whole_only_if_whole=True))


def _published(territory: str, name: str, views: Sequence[View], numbering: Numbering) -> Iterator[Block]:
    setting, words = numbering.setting, numbering.setting.words
    bound = setting.edition.national_total
    rows = [row for row in setting.context.published_figures if row["territory"] == territory]
    view = next((v for v in views if bound is not None and v.indicator.indicator_id == bound.table), None)
    if bound is None or view is None or not rows or view.protected.withheld or view.year is None:
        return
    body: list[list[str | Cell]] = []
    for row in sorted(rows, key=lambda r: (str(r["year"]), r["source"])):
        if str(row["year"]) not in view.categories[view.year] or territory not in view.categories[TERRITORY]:
            continue
        ours = cell_of(view, view.bound(bound, {TERRITORY: territory, view.year: str(row["year"])}))
        text = str(row["value_text"])
        printed = print_number(int(text), words) if text.isdigit() else text
        body.append([str(row["year"]), ours, Cell(printed), Cell(row["source"], words=True)])
    if body:
        header = [
            words(f"annexes.reconciliation_columns.{c}") for c in ("year", "ours", "published", "source")
        ]
        title = words("chapters.data.published_title", name=name)
        yield plain_table(
            f"table-published-{territory.lower()}", numbering.table("T43", territory), title, header, body,
            (words("annexes.reconciliation_ours", title=view.title, number=numbering.of_table[bound.table]),),
            view.published.made_data,
        )  # fmt: skip


def _years(declared: Mapping[str, object]) -> str:
    first, last = declared["first_year"], declared["last_year"]
    return str(first) if first == last else f"{first}-{last}"


def _label(declared: Mapping[str, object], field: str, setting: Setting) -> str:
    code, standard = declared.get(field), setting.context.standard
    codelist = standard.tables["submission"].by_name[field].codelist
    if code is None or codelist is None:
        return setting.words("signs.no_data")
    return standard.label_of(codelist, str(code), setting.words.language)

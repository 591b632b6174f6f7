"""The change log: numbers of this report that differ from those that were published before, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clearing_point.analysis.revisions import PublishedMoved, Revision
from clearing_point.halves import percent_digits
from clearing_point.report.chapters import Numbering
from clearing_point.report.model import Cell, Paragraph, Section, Table
from clearing_point.report.signs import print_number
from clearing_point.report.tables import plain_table
from clearing_point.report.view import Setting, View

_COLUMNS = ("table", "cell", "before", "now", "why")
_SINCE = ("late", "withdrawn", "linked")
_PRINTED = 60
"""Rows of the printed table; the file has all."""


def revised_figures(views: Mapping[str, View], numbering: Numbering) -> Iterator[Section]:
    """Yield the change log if there is an earlier report (rule R9: changes above the standard's threshold are printed)."""
    yield from _since_published(views, numbering)
    setting, words = numbering.setting, numbering.setting.words
    found = setting.context.revisions
    if found is None:
        return
    least = setting.context.standard.settings["thresholds"]["vintage_change_printed"]
    printed = [r for r in found.moved if r.table in views and (r.share is None or r.share > least)]
    said = words(
        "annexes.revised_intro", before=found.before, now=found.now, moved=print_number(len(found.moved), words),
        compared=print_number(found.compared, words), percent=percent_digits(least),
    )  # fmt: skip
    if not found.moved:
        compared = print_number(found.compared, words)
        said = words("annexes.revised_none", before=found.before, now=found.now, compared=compared)
    if found.published:
        said += " " + words("annexes.revised_published")
    blocks: list[Paragraph | Table] = [Paragraph(said)]
    if printed or found.published:
        header = tuple(words(f"annexes.revised_columns.{name}") for name in _COLUMNS)
        body = [_row(r, views[r.table], numbering) for r in printed[:_PRINTED]]
        body += [_published_row(p, numbering) for p in found.published]
        notes = (words("annexes.revised_more", count=print_number(len(printed) - _PRINTED, words)),)
        blocks.append(
            plain_table("table-revised", numbering.table(), words("annexes.revised"), header, body,
                        notes if len(printed) > _PRINTED else (), setting.context.made_data)
        )  # fmt: skip
    yield Section("revised", words("annexes.revised"), tuple(blocks))


def _since_published(views: Mapping[str, View], numbering: Numbering) -> Iterator[Section]:
    """Yield what became of the persons of years that were out already: their numbers stay as they were (R3, R9)."""
    setting, words = numbering.setting, numbering.setting.words
    rows: dict[tuple[str, str], dict[str, Cell]] = {}
    for name, line in setting.context.late.items():
        table, kind = name.rsplit("-", 1)
        if table not in views or line.withheld:
            continue
        for (year,), entry in line.cells.items():
            text = Cell(line.sign, state="hidden") if entry.shown is None else Cell(line.text((year,)))
            rows.setdefault((table, year), {})[kind] = text
    if not rows:
        return
    header = [words("annexes.since_columns.table"), words("annexes.since_columns.year")]
    header += [words(f"annexes.since_columns.{kind}") for kind in _SINCE]
    body: list[tuple[str | Cell, ...]] = [
        (f"{numbering.of_table[table]}: {views[table].title}", year,
         *(of.get(kind, Cell("", state="none")) for kind in _SINCE))
        for (table, year), of in rows.items()
    ]  # fmt: skip
    printed = plain_table("table-since", numbering.table(), words("annexes.since"), header, body,
                          made_data=setting.context.made_data)  # fmt: skip
    yield Section("since", words("annexes.since"), (Paragraph(words("annexes.since_intro")), printed))


def as_printed(text: str, setting: Setting) -> str:
    """Return a figure of somebody else as it is printed here: a number in our way of writing numbers, words as they are."""
    return print_number(int(text), setting.words) if text.isdigit() else text


def _published_row(moved: PublishedMoved, numbering: Numbering) -> tuple[str | Cell, ...]:
    """A total that somebody else publishes: as they print it, whatever it is."""
    setting, words = numbering.setting, numbering.setting.words
    where = ", ".join((setting.territory(moved.territory), moved.year, moved.source))
    numbers = (
        Cell(words("signs.no_data"), state="none") if text is None else Cell(as_printed(text, setting))
        for text in (moved.before, moved.now)
    )
    why = Cell(words("annexes.revised_why.release"), words=True)
    return (words("annexes.reconciliation"), Cell(where, words=True), *numbers, why)


def _row(revision: Revision, view: View, numbering: Numbering) -> tuple[str | Cell, ...]:
    words = numbering.setting.words
    codes = [
        view.label(variable, code)
        for variable, code in revision.place.items()
        if variable in view.categories and code in view.categories[variable]
    ]
    numbers = []
    for side, number in (("before", revision.before), ("now", revision.now)):
        if side in revision.missing:
            numbers.append(Cell(words("signs.no_data"), state="none"))
        elif number is None:
            numbers.append(Cell(view.protected.sign, state="hidden"))
        else:
            numbers.append(Cell(print_number(number, words)))
    name = f"{numbering.of_table[revision.table]}: {view.title}"
    why = Cell(words(f"annexes.revised_why.{revision.reason}"), words=True)
    return (name, Cell(", ".join(codes), words=True), *numbers, why)

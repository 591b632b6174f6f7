"""What a chapter prints of public sources: national totals side by side, and what case files say of perpetrators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clearing_point.report.chapters import Numbering
from clearing_point.report.model import Block, Cell
from clearing_point.report.revised import as_printed
from clearing_point.report.signs import print_number
from clearing_point.report.tables import plain_table


def published_of(populations: Sequence[str], numbering: Numbering, anchor: str) -> tuple[Block, ...]:
    """Return the national totals that others publish for the edition's year: a row a territory and source."""
    setting, words = numbering.setting, numbering.setting.words
    year = str(setting.edition.year)
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for figure in setting.context.published_beside:
        if figure["year"] == year and figure["population"] in populations:
            place = (setting.territory(figure["territory"]), figure["source"])
            rows.setdefault(place, {})[figure["population"]] = figure["value_text"]
    shown = [code for code in populations if any(code in told for told in rows.values())]
    if not shown:
        return ()
    labels = [
        setting.context.standard.label_of("aggregate_population", code, words.language) for code in shown
    ]
    none = Cell(words("signs.no_data"), state="none")
    body: list[list[str | Cell]] = [
        [territory, *(Cell(as_printed(told[c], setting)) if c in told else none for c in shown), Cell(source, words=True)]
        for (territory, source), told in sorted(rows.items())
    ]  # fmt: skip
    header = (words("tables.territory"), *labels, words("annexes.reconciliation_columns.source"))
    title = words("reading.published", year=year)
    table = plain_table(
        f"table-{anchor}-published",
        numbering.table(),
        title,
        header,
        body,
        (words("reading.published_note"),),
    )
    return (table,)


def described_of(chapter: Mapping[str, Any], numbering: Numbering, anchor: str) -> tuple[Block, ...]:
    """Return what public case files say: a row a source, field and code, with the rows of which the field is known."""
    setting, words = numbering.setting, numbering.setting.words
    standard, found = setting.context.standard, setting.context.described.get(chapter["id"], ())
    if not found:
        return ()
    small = int(standard.settings["thresholds"]["small_count"])

    def number(n: int) -> str:
        return f"<{small}" if 0 < n < small else print_number(n, words)

    fields = standard.tables[chapter["described"]["table"]].by_name
    body: list[list[str | Cell]] = []
    for told in found:
        name = words.of(fields[told.field].title)
        for code in standard.codelists[told.codelist].codes:
            if told.codes.get(code.code):
                label = standard.label_of(told.codelist, code.code, words.language)
                numbers = (Cell(number(told.codes[code.code])), Cell(number(told.known)))
                body.append([f"{name}: {label}", *numbers, Cell(told.source, words=True)])
    years = [y for told in found for y in (told.first_year, told.last_year) if y is not None]
    made = any(told.made_data for told in found)
    notes = (words("reading.described_note"), *((words("reading.described_made"),) if made else ()))
    columns = (words(f"reading.described_columns.{name}") for name in ("what", "rows", "known"))
    header = (*columns, words("annexes.reconciliation_columns.source"))
    place = ", ".join(
        standard.label_of(fields[field].codelist or "", code, words.language)
        for field, codes in chapter["described"].get("where", {}).items()
        for code in codes
    )
    title = words("reading.described", place=place, first=min(years, default=""), last=max(years, default=""))
    return (plain_table(f"table-{anchor}-described", numbering.table(), title, header, body, notes, made),)

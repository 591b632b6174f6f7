"""The findings sheet that travels in the sender's own workbook: what is wrong, what to do, and room for her answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from clearing_point.quality.answers import (
    COLUMNS,
    DRAFT_BESIDE,
    FIRST_ROW,
    LIST,
    REASONS_COLUMN,
    SIGN,
    draft_heading,
)
from clearing_point.quality.package_patch import MAIN
from clearing_point.quality.package_styles import Styles
from clearing_point.quality.said import CONFIRM, Group
from clearing_point.standard import Standard
from clearing_point.standard.translations import is_draft
from clearing_point.standard.workbook_room import height_of_heading

_WIDTHS = {
    "rule": 10,
    "level": 22,
    "on_sheet": 22,
    "cells": 26,
    "count": 14,
    "what": 60,
    "do": 60,
    "answer": 52,
}
_LINE_POINTS, _MOST_POINTS = 15, 400
_HIDDEN = ("table", "field", "column")
"""Columns that only the program reads when the file comes back."""


@dataclass(frozen=True)
class Line:
    """One group with all its cells, ``D9-D22, D24``."""

    group: Group
    cells: str


def findings_sheet(
    standard: Standard, language: str, submission_id: str, lines: Sequence[Line], styles: Styles
) -> str:
    """Return the XML of the sheet; all texts are text cells, so that none can be a formula."""
    reasons = [standard.label_of(LIST, code, language) for code in standard.codes_of(LIST)]
    head, plain, answer = styles.cell(head=True), styles.cell(), styles.cell(answer=True)
    headings = {name: standard.word("findings", name, language) for name in COLUMNS if name not in _HIDDEN}
    heights = {2: max(height_of_heading(text, _WIDTHS[name]) for name, text in headings.items())}
    if is_draft(standard.folder, language):
        headings[DRAFT_BESIDE] = draft_heading(standard, language)
        heights[2] = _LINE_POINTS * (2 + math.ceil(len(headings[DRAFT_BESIDE]) / (_WIDTHS[DRAFT_BESIDE] - 4)))
    rows: dict[int, list[str]] = {
        1: [_text(n, 1, t, plain) for n, t in enumerate((SIGN, language, submission_id))],
        2: [_text(n, 2, headings.get(name, ""), head) for n, name in enumerate(COLUMNS)],
    }
    answered = []
    for number, line in enumerate(lines, start=FIRST_ROW):
        group = line.group
        values = {
            "rule": group.rule_id, "table": group.table, "field": group.field,
            "level": standard.word("findings", group.level, language), "on_sheet": group.sheet,
            "column": group.column, "cells": line.cells, "count": str(group.count),
            "what": group.what, "do": group.action, "answer": "",
        }  # fmt: skip
        heights[number] = _LINE_POINTS * max(
            math.ceil(len(values[name] or "") / (width - 4)) or 1
            for name, width in _WIDTHS.items()
            if width > 20
        )
        styled = {"level": styles.cell(level=group.level)}
        if group.level == CONFIRM:
            answered.append(f"{_letter(COLUMNS.index('answer'))}{number}")
            styled["answer"] = answer
        rows[number] = [
            _text(n, number, values[name] or "", styled.get(name, plain)) for n, name in enumerate(COLUMNS)
        ]
    for number, reason in enumerate(reasons, start=FIRST_ROW):
        rows.setdefault(number, []).append(_text(REASONS_COLUMN, number, reason, plain))
    columns = "".join(
        f'<col min="{n}" max="{n}" width="{_WIDTHS.get(name, 12)}" customWidth="1"{_hidden(name in _HIDDEN)}/>'
        for n, name in enumerate(COLUMNS, start=1)
    )
    columns += f'<col min="{REASONS_COLUMN + 1}" max="{REASONS_COLUMN + 1}" width="12" customWidth="1"{_hidden(True)}/>'
    data = "".join(
        f'<row r="{n}"{_hidden(n == 1)}{_height(heights.get(n))}>{"".join(cells)}</row>'
        for n, cells in sorted(rows.items())
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{MAIN}">'
        '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews>'
        f'<sheetView workbookViewId="0"><pane ySplit="2" topLeftCell="A{FIRST_ROW}" activePane="bottomLeft" state="frozen"/>'
        f"</sheetView></sheetViews><cols>{columns}</cols><sheetData>{data}</sheetData>"
        + _choices(standard, language, answered, len(reasons))
        + '<pageMargins left="0.5" right="0.5" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>'
        '<pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/></worksheet>'
    )


def _choices(standard: Standard, language: str, answered: Sequence[str], reasons: int) -> str:
    if not answered:
        return ""
    letter = _letter(REASONS_COLUMN)
    prompt = escape(standard.word("findings", "choose", language)[:255], {'"': "&quot;"})
    return (
        '<dataValidations count="1"><dataValidation type="list" allowBlank="1" showInputMessage="1" showErrorMessage="1" '
        f'prompt="{prompt}" sqref="{" ".join(answered)}"><formula1>${letter}${FIRST_ROW}:${letter}'
        f"${FIRST_ROW + reasons - 1}</formula1></dataValidation></dataValidations>"
    )


def _hidden(yes: bool) -> str:
    return ' hidden="1"' if yes else ""


def _height(points: int | None) -> str:
    """Office programs do not work out the height of wrapped rows that they did not write themselves."""
    return f' ht="{min(points, _MOST_POINTS)}" customHeight="1"' if points else ""


def _letter(position: int) -> str:
    return chr(65 + position)


def _text(position: int, row: int, text: str, style: int) -> str:
    place = f'<c r="{_letter(position)}{row}" s="{style}"'
    if not text:
        return f"{place}/>"
    return f'{place} t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'

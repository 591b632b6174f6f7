"""The sender's answers, read from the findings sheet of her own workbook when it comes back.

The sheet travels in her file and must not be data. It is known by its first cell; every text on it that
the program wrote itself is taken off before the identity guard looks at the file, and whatever else
stands there is left to the guard like any other cell.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from clearing_point.findings import WARNING, is_place
from clearing_point.quality.own_sentences import OwnSentences, one_line
from clearing_point.quality.said import LEVELS, confirmable, runs
from clearing_point.standard import Standard
from clearing_point.standard.former import former_sentences

SIGN = "clearing_point_findings"
"""First cell of the findings sheet."""
LIST = "finding_answer"
FIRST_ROW = 3
DRAFT_BESIDE = "what"
"""Column whose heading also says that the language is a draft: it stands in the frozen rows, always in sight."""
COLUMNS = ("rule", "table", "field", "level", "on_sheet", "column", "cells", "count", "what", "do", "answer")
"""Columns of the findings sheet in order; the reasons of the list stand in the second one after them."""
REASONS_COLUMN = len(COLUMNS) + 1

SHEET, PAGE = "sheet", "page"
_TOP_ROWS = 50
"""Rows in which headings stand, at the furthest: a finding names the heading that its column has in the sender's form."""
_NUMBER = re.compile(r"\d{1,7}")
_CELLS = re.compile(r"([A-Z]{0,3}\d{1,7}(-[A-Z]{0,3}\d{1,7})?(, )?)*")
_PLACE = re.compile(r"[A-Z]{0,3}(\d{1,7})(?:-[A-Z]{0,3}(\d{1,7}))?")


@dataclass(frozen=True)
class Answer:
    """A reason that the sender chose beside one group of findings."""

    rule_id: str
    table: str | None
    field: str | None
    sheet: str | None
    column: str | None
    rows: tuple[tuple[int, int], ...]
    count: int
    code: str
    origin: str = SHEET
    """Where it was given: on the findings sheet of the file, or beside the file."""


def hash_of_answers(answers: Sequence[Answer]) -> str | None:
    """Return a hash of the answers that were given beside a file, whatever their order; None if there are none."""
    given = sorted(json.dumps(asdict(answer), sort_keys=True) for answer in answers if answer.origin == PAGE)
    return hashlib.sha256("\n".join(given).encode()).hexdigest() if given else None


def draft_heading(standard: Standard, language: str) -> str:
    """Return the heading that also says that the words of the sheet are a draft."""
    return (
        f"{standard.word('findings', DRAFT_BESIDE, language)}\n{standard.word('template', 'draft', language)}"
    )


def cells_text(column: str | None, numbers: Sequence[int]) -> str:
    """Write cells as they stand in the findings sheet, ``D9-D22, D24``; as many as fit in a cell."""
    letters = column or ""
    parts = [f"{letters}{a}" if a == b else f"{letters}{a}-{letters}{b}" for a, b in runs(numbers)]
    text = ""
    for part in parts:
        if len(text) + len(part) > 30_000:  # Excel holds 32,767 characters in a cell
            break
        text += f", {part}" if text else part
    return text


def split_answers(
    rows: pa.Table, standard: Standard, headings: Collection[str] = (), words: Collection[str] = ()
) -> tuple[pa.Table, tuple[Answer, ...]]:
    """Take the findings sheet out of the rows of a file.

    Parameters
    ----------
    rows : pyarrow.Table
        Of a received file: ``sheet``, ``source_row``, ``cells``, ``kinds``.
    headings, words : collection of str
        Of the sender's profile: her own headings, and the words that she writes for codes.

    Returns
    -------
    rows : pyarrow.Table
        Without the program's own texts; a cell of the sheet that holds anything else stays for the guard.
    answers : tuple of Answer
        In the order of the sheet.
    """
    first = rows.filter(pc.equal(rows["source_row"], 1))
    ours = [
        (sheet, cells)
        for sheet, cells in zip(first["sheet"].to_pylist(), first["cells"].to_pylist(), strict=True)
        if cells and cells[0] == SIGN
    ]
    if not ours:
        return rows, ()
    sheets = set(rows["sheet"].unique().to_pylist())
    answers: list[Answer] = []
    kept = rows.filter(pc.invert(pc.is_in(rows["sheet"], pa.array([sheet for sheet, _ in ours]))))
    top = _texts_at_the_top(kept) | {one_line(heading) for heading in headings}
    known = {one_line(word) for word in words} | _words_of(standard)
    for sheet, head in ours:
        language = head[1] if len(head) > 1 and head[1] in standard.languages else standard.languages[0]
        reader = _Reader(standard, language, sheets, OwnSentences(standard, language, top, known))
        lines = rows.filter(pc.equal(rows["sheet"], sheet))
        left = [
            reader.read(number, cells)
            for number, cells in zip(lines["source_row"].to_pylist(), lines["cells"].to_pylist(), strict=True)
        ]
        answers += reader.answers
        if any(any(cells) for cells in left):
            column = pa.array(left, pa.list_(pa.string()))
            position = lines.schema.get_field_index("cells")
            kept = pa.concat_tables([kept, lines.set_column(position, "cells", column)])
    return kept, tuple(answers)


def _texts_at_the_top(rows: pa.Table) -> set[str]:
    """Return what stands in the rows in which headings may stand; the guard looks at all of it there."""
    top = rows.filter(pc.less_equal(rows["source_row"], _TOP_ROWS))
    return {one_line(cell) for cells in top["cells"].to_pylist() for cell in cells or () if cell}


def _words_of(standard: Standard) -> set[str]:
    labels = [code.label for codes in standard.codelists.values() for code in codes.codes]
    return {
        one_line(text) for label in (*labels, *standard.territory_names.values()) for text in label.values()
    }


class _Reader:
    """Tells the program's own texts from others, row by row of one findings sheet."""

    def __init__(self, standard: Standard, language: str, sheets: set[str], own: OwnSentences) -> None:
        self.standard, self.language, self.sheets, self.own = standard, language, sheets, own
        self.reasons = {
            standard.label_of(LIST, code, spoken): code
            for code in standard.codes_of(LIST)
            for spoken in standard.languages
        } | {code: code for code in standard.codes_of(LIST)}
        self.fixed = {SIGN, *standard.languages} | {
            text.get(language) or text["en"] for text in standard.words["findings"].values()
        }
        self.fixed.add(draft_heading(standard, language))
        self.levels = {standard.word("findings", level, language) for level in LEVELS}
        # Workbooks that were marked under an earlier wording come back, too.
        self.fixed |= former_sentences(standard)
        self.levels |= former_sentences(standard)
        self.answers: list[Answer] = []

    def read(self, number: int, cells: Sequence[str | None]) -> list[str | None]:
        """Return the cells that the program did not write; note the answer of the row."""
        texts = [cell.strip() if cell else "" for cell in cells]
        if number < FIRST_ROW:
            return [t if t and t not in self.fixed and not self._is_name(t) else None for t in texts]
        row = dict(zip(COLUMNS, texts, strict=False))
        expected = dict(self._expected(row))
        left = []
        for position, text in enumerate(texts):
            name = COLUMNS[position] if position < len(COLUMNS) else ""
            known = text in self.reasons if position == REASONS_COLUMN else expected.get(name, False)
            left.append(text if text and not known else None)
        if row.get("answer") in self.reasons and all(
            expected[n] for n in ("rule", "table", "field", "column")
        ):
            self.answers.append(self._answer(row))
        return left

    def _is_name(self, text: str) -> bool:
        return re.fullmatch(r"\d{4}(-\d{4})?-[A-Z]{3}-[A-Z0-9]{2,12}-v\d{1,4}", text) is not None

    def _expected(self, row: dict[str, str]) -> Iterator[tuple[str, bool]]:
        """Yield for each column whether its text is one that the program wrote."""
        table = self.standard.tables.get(row.get("table", ""))
        rule_id, field = row.get("rule", ""), row.get("field", "")
        place = (
            row.get("table") or None,
            field or None,
            row.get("on_sheet") or None,
            row.get("column") or None,
        )
        yield "rule", not rule_id or rule_id in self.standard.messages
        yield "table", not row.get("table") or table is not None
        yield "field", not field or (table is not None and field in table.by_name)
        yield "level", row.get("level", "") in self.levels
        yield "on_sheet", (on_sheet := row.get("on_sheet", "")) in self.sheets or is_place(on_sheet)
        yield "column", re.fullmatch(r"[A-Z]{0,3}", row.get("column", "")) is not None
        yield "cells", _CELLS.fullmatch(row.get("cells", "")) is not None
        yield "count", _NUMBER.fullmatch(row.get("count", "")) is not None
        what, action = (
            self.own.both(rule_id, place, row.get("what", ""), row.get("do", ""))
            if rule_id in self.standard.messages
            else (False, False)
        )
        yield "what", what
        yield "do", action
        yield "answer", row.get("answer", "") in self.reasons

    def _answer(self, row: dict[str, str]) -> Answer:
        count = row.get("count", "")
        return Answer(
            row["rule"],
            row["table"] or None,
            row["field"] or None,
            row["on_sheet"] or None,
            row["column"] or None,
            tuple((int(a), int(b or a)) for a, b in _PLACE.findall(row["cells"])),
            int(count) if _NUMBER.fullmatch(count) else 0,
            self.reasons[row["answer"]],
        )


def take_answers(connection: Any, submission_id: str, answers: Sequence[Answer], standard: Standard) -> None:
    """Mark the findings that the sender confirmed, and record her reasons.

    An answer speaks for the places it was given for. Rows may have moved since: as long as there are no more
    findings than were answered, it speaks for all of the same rule and column.
    """
    allowed = confirmable(standard)
    for answer in answers:
        if answer.rule_id not in allowed:
            continue  # what must be corrected cannot be answered away
        where = (
            "submission_id = ? AND rule_id = ? AND severity = ? AND NOT waived AND target_table IS NOT DISTINCT FROM ? "
            "AND target_field IS NOT DISTINCT FROM ? AND sheet IS NOT DISTINCT FROM ? "
            "AND column_letter IS NOT DISTINCT FROM ?"
        )
        place = [
            submission_id,
            answer.rule_id,
            WARNING,
            answer.table,
            answer.field,
            answer.sheet,
            answer.column,
        ]
        there = connection.execute(f"SELECT count(*) FROM quality.finding WHERE {where}", place).fetchone()[0]
        if there > answer.count:
            spans = " OR ".join(f"source_row BETWEEN {a} AND {b}" for a, b in answer.rows) or "false"
            where += f" AND ({spans})"
        covered = connection.execute(f"UPDATE quality.finding SET waived = true WHERE {where}", place)
        count = int(covered.fetchone()[0])
        if count:
            connection.execute(
                "INSERT INTO quality.answer VALUES (?,?,?,?,?,?,?,?)",
                [submission_id, answer.rule_id, answer.table, answer.field, answer.sheet, answer.column,
                 answer.code, count],
            )  # fmt: skip

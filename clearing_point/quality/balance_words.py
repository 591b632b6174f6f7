"""The balance of a file in words: rows that hold something, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clearing_point.standard import Standard

_ROWS, _UNREAD = "rows", "rows_of_unread_sheet"
_PARTS = (
    "rows_read", "rows_headings", "rows_above", "rows_left_out", "rows_repeated", "rows_not_placed",
    "rows_passed_over", "rows_of_unread_sheet",
)  # fmt: skip
"""Items of ``quality.balance`` that add up to the rows, in the order in which they are said; named in ``words.yml``."""
_SHOWN_SHEETS = 20


Balance = Sequence[tuple[str, str, int]]
"""(sheet, item, count) of what a file held, in the order in which it was counted."""


def balance_of(connection: Any, submission_id: str) -> tuple[tuple[str, str, int], ...]:
    """Read what became of the rows of a file; nothing of a refused one."""
    rows = connection.execute(
        "SELECT sheet, item, count FROM quality.balance WHERE submission_id = ? AND count > 0 ORDER BY rowid",
        [submission_id],
    ).fetchall()
    return tuple((sheet, item, int(count)) for sheet, item, count in rows)


def balance_sentences(rows: Balance, standard: Standard, language: str) -> tuple[str, ...]:
    """Say in one line what became of the rows of a file, and name each sheet that was not read."""
    if not rows:
        return ()

    def said(name: str, count: int, **more: str) -> str:
        return standard.word("balance", name, language, count=count, **more)

    total = {name: sum(count for _, item, count in rows if item == name) for name in (_ROWS, *_PARTS)}
    line = said(_ROWS, total[_ROWS]) + " = " + "; ".join(said(n, total[n]) for n in _PARTS if total[n]) + "."
    unread = [(sheet, count) for sheet, item, count in rows if item == _UNREAD]
    return (line, *(said("sheet_not_read", count, sheet=sheet) for sheet, count in unread[:_SHOWN_SHEETS]))

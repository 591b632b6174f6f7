"""Reading a CSV in whole blocks gives, row for row and line for line, what the strict reader gives."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clearing_point.errors import InputProblem
from clearing_point.intake import text_rows

PIECES = st.lists(
    st.sampled_from(
        [
            '"',
            '""',
            ";",
            ";",
            ",",
            "\n",
            "\n",
            "\r\n",
            "\r",
            " ",
            "a",
            "00123",
            "đ",
            "\x0b",
            "\u2028",
            "ж;",
            '"a";"b"\n',
        ]
    )
)


def _strictly(text: str) -> list[tuple[int, list[str | None]]] | None:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
    rows, first = [], 1
    try:
        for cells in reader:
            if cells:
                rows.append((first, [cell if cell.strip() else None for cell in cells]))
            first = reader.line_num + 1
    except csv.Error:
        return None
    return rows


def _in_blocks(text: str) -> list[tuple[int, list[str | None]]] | None:
    try:
        found = list(text_rows.rows_of(io.StringIO(text, newline=""), ";", "made.csv"))
    except InputProblem:
        return None
    return [
        pair for numbers, cells in found for pair in zip(numbers.to_pylist(), cells.to_pylist(), strict=True)
    ]


@settings(max_examples=400, deadline=None)
@given(PIECES.map("".join), st.integers(1, 9))
@example('a;b\n"c\nd";e\n', 4)
@example('a;b\r\n\r\n"x";"y;z"\r\n"";\r\n', 5)
@example('"a"b;c\n', 3)
@example('ab"c;d\n"e";f', 20)
@example('"open;a\nb;c\n', 6)
def test_blocks_give_what_the_strict_reader_gives(text: str, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_rows, "_BLOCK_CHARACTERS", size)
        assert _in_blocks(text) == _strictly(text)

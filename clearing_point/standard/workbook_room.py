"""Room for the words of the regional workbook: widths of columns, heights of rows and sizes of notes.

The office program that opens the workbook may have another font than the one that measured it, and words of one language are
half as long again as those of another: what is set here cuts neither.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence

LINE_POINTS = 15
"""Height of one line."""
_COLUMN, _LIST, _ARROW = 18, 45, 4
"""Narrowest column of data, widest one for a list, and room for the arrow beside its words."""
_BOLD = 1.4
"""A bold letter of another font or script, in the digits by which columns are measured."""
_NOTE, _NOTE_LETTER, _NOTE_LINE = 320, 6.5, 16
"""Width of a note; width and height of its letters, in pixels."""


def width_of(heading: str, words: Sequence[str] = ()) -> int:
    """Return the width of a column that breaks no word of its heading and cuts few of its list.

    Excel shows a drop-down list as wide as its cell; what is longer is cut.

    Parameters
    ----------
    words : sequence of str
        What its drop-down list offers; of the words for what is missing, which many lists share, the beginning will do.
    """
    of_heading = math.ceil(max(map(len, heading.split()), default=0) * _BOLD) + 1
    of_list = min(max(map(len, words)) + _ARROW, _LIST) if words else 0
    return max(_COLUMN, of_heading, of_list)


def height_of(texts: Iterable[str], width: int) -> int:
    """Return the points of a row that shows its longest text whole.

    Office programs do not all work out the height of wrapped rows. A letter of another font may be wider than the
    digits by which columns are measured, and a long word is cut where the column ends: a line is
    taken to hold less than the column is wide.
    """
    lines = (len(textwrap.wrap(text, int(width * 0.95) - 2)) for text in texts)
    return LINE_POINTS * max([1, *lines])


def height_of_heading(heading: str, width: int) -> int:
    """Return the points of a row that shows a bold heading whole."""
    return LINE_POINTS * len(textwrap.wrap(heading, int((width - 1) / _BOLD)))


def note_size(text: str) -> dict[str, float]:
    """Return width and height of a note that shows all of its lines: a note cannot be scrolled."""
    letters = int(_NOTE / _NOTE_LETTER)
    lines = sum(len(textwrap.wrap(part, letters)) or 1 for part in text.split("\n"))
    return {"width": _NOTE, "height": _NOTE_LINE * (lines + 1)}


def cut(text: str, length: int) -> str:
    """Return a text as far as a place has room for it."""
    return text if len(text) <= length else text[: length - 1] + "…"

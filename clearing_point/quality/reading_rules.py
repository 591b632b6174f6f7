"""Rules on the layout and the cells of any file: they are found while it is read and stand in no rule file."""

from __future__ import annotations

from clearing_point import findings as f
from clearing_point.standard.structure import UNKNOWN_CODE, UNREADABLE

READING_RULES = {
    f.SHEET_MISSING: f.BLOCK,
    f.HEADING_MISSING: f.BLOCK,
    f.HEADING_UNEXPECTED: f.BLOCK,
    f.NO_ROWS: f.BLOCK,
    f.HIDDEN_ROWS: f.INFORMATION,
    f.TOTALS_LEFT_OUT: f.INFORMATION,
    f.OTHER_SPELLING: f.INFORMATION,
    f.EMPTY_FORBIDDEN: f.INFORMATION,
    f.WORDS_LEFT_OUT: f.INFORMATION,
    f.NO_TOKEN: f.INFORMATION,
    f.OLD_DAY: f.INFORMATION,
    f.CELL_ERROR: f.ERROR,
    UNKNOWN_CODE: f.ERROR,
    UNREADABLE: f.ERROR,
    **f.CONSERVED,
}
"""Rule -> severity."""

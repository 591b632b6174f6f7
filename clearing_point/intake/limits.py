"""How large and how strange a received file may be. One place; the sentences quote these."""

from __future__ import annotations

MEGABYTE = 1024 * 1024

FILE_BYTES = 400 * MEGABYTE
"""A received file."""
UNPACKED_BYTES = 1024 * MEGABYTE
"""All parts of a workbook, or a compressed CSV, unpacked."""
COMPRESSION_RATIO = 200
"""Of one part of a workbook; office programs stay far below."""
PARTS = 2000
"""Parts of a workbook."""
ROWS = 2_000_000
"""Rows of one sheet."""
COLUMNS = 1024
"""Columns of one sheet."""
CELLS = 100_000_000
"""Rows times columns of one workbook sheet."""
MERGED_CELLS = 1_000_000
"""Cells of one sheet that lie under merged ones."""
LINE_BYTES = 16 * MEGABYTE
"""One line of a CSV file."""
WORKBOOK_TEXT_BYTES = 512 * MEGABYTE
"""All text of a workbook as it is handed on: one long text may be named by millions of cells."""
CELL_CHARACTERS = 4000
"""Characters of one cell."""
READER_MEMORY_BYTES = 6 * 1024 * MEGABYTE
"""Address space of the process that parses a workbook."""
READER_SECONDS = 300
"""Time of the process that parses a workbook."""
BATCH_ROWS = 20_000
"""Rows handed on at a time."""
WAITING_DAYS = 14
"""How long a workbook may wait for its marked copy."""

"""The file that is kept of a submission: the cells of the columns that the profile reads, and how they were found.

A Parquet file with the rows of :data:`clearing_point.intake.read.SCHEMA`, one a row of the sender's sheet with its number.
Cells that were not asked for are null, kinds of such cells a dot; the headings stand on their row. What else is
needed to read it again stands in its metadata: which sheet is which, what was said of the parts that are gone, the
sender's answers. A file is read as a submission from this form only, the first time too: a rebuild sees what the
first load saw.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clearing_point.countries.decisions import Correction
from clearing_point.countries.profile import GROUP_SEPARATOR, Profile, SheetSpec
from clearing_point.errors import InputProblem
from clearing_point.findings import Finding
from clearing_point.intake.guard_contents import in_memory
from clearing_point.intake.guard_known import own_words
from clearing_point.intake.layout import SheetLayout, fold, kept_columns
from clearing_point.intake.minimal import LeftOut, is_skipped, left_out, remarks_on
from clearing_point.intake.read import SCHEMA, ReceivedFile
from clearing_point.intake.source import quoted
from clearing_point.standard.model import Standard

FORM = 1
"""Version of this form of file."""
ENDING = ".parquet"
_META = b"clearing_point"
_FEW = 100
_BATCH_ROWS = 20_000
_OWN_DIGITS = 32
_TOTAL = r"[0-9]{1,6}([.,][0-9]{1,2})?"


@dataclass(frozen=True)
class Kept:
    """What is known of a submission's file beside its cells.

    Attributes
    ----------
    ending : str
        Of the sender's file: ``.xlsx``; its name is not kept.
    rows_read : int
        Rows of the whole file, of sheets that were not read, too.
    read_as, language : str
        Name of the profile by which it was read (``SRB``, ``SRB/regional``), and the sender's language.
    sheets : tuple of mapping
        Sheet, tables, row of the headings, rows between them and the data.
    findings : tuple of Finding
        What was said while the whole file was looked at: places only.
    answers : tuple of mapping
        What the sender answered in the findings sheet of an earlier round.
    balance : mapping
        What became of every part of the file: counts only.
    """

    file_sha256: str
    file_bytes: int
    ending: str
    encoding: str | None
    rows_read: int
    read_as: str
    language: str
    sheets: tuple[Mapping[str, Any], ...]
    findings: tuple[Finding, ...]
    answers: tuple[Mapping[str, Any], ...] = ()
    balance: Mapping[str, Any] = field(default_factory=dict)
    form: int = FORM


@dataclass(frozen=True)
class UnknownText:
    """A text of a coded column that no list knows, for proposals while its file is at hand; it is stored nowhere."""

    table: str
    field: str
    sheet: str
    number: int
    text: str
    rows: tuple[int, ...]


def keep(
    target: Path,
    received: ReceivedFile,
    layouts: Sequence[SheetLayout],
    profile: Profile,
    standard: Standard,
    *,
    corrections: Sequence[Correction] = (),
    findings: Sequence[Finding] = (),
    answers: Sequence[Mapping[str, Any]] = (),
    balance: Mapping[str, Any] | None = None,
    accepted_before: bool = False,
) -> tuple[UnknownText, ...]:
    """Write what is kept of a file; the guard has passed it.

    Parameters
    ----------
    received : ReceivedFile
        The whole file; its rows are let go of.
    findings : sequence of Finding
        That rest on parts which are not kept; remarks on words that were left out are added.
    accepted_before : bool
        Whether an earlier version took it.

    Returns
    -------
    tuple of UnknownText
        Words of coded columns that are not in it.
    """
    with in_memory(received.rows) as connection:
        left = left_out(connection, layouts, profile, standard, corrections, accepted_before=accepted_before)
        unknown = _unknown(connection, left)
        kept = Kept(
            received.sha256,
            received.size,
            ending_of(received.name),
            received.encoding,
            received.rows.num_rows,
            profile.name,
            profile.language,
            tuple(_place(layout) for layout in layouts),
            (*findings, *remarks_on(left)),
            tuple(answers),
            balance or {},
        )
        document = json.dumps(asdict(kept), ensure_ascii=False, sort_keys=True)
        schema = SCHEMA.with_metadata({_META: document.encode()})
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with (
            os.fdopen(descriptor, "wb") as handle,
            pq.ParquetWriter(
                handle, schema, compression="zstd", write_statistics=False, write_page_checksum=True
            ) as writer,
        ):
            for sheet in dict.fromkeys(layout.sheet for layout in layouts):
                here = [layout for layout in layouts if layout.sheet == sheet]
                writer.write_table(_top(received.rows, here, standard).cast(schema))
                for batch in _body(connection, here, [one for one in left if one.sheet == sheet]):
                    writer.write_table(pa.Table.from_batches([batch]).cast(schema))
            handle.flush()
        received.hand_over()
    return unknown


def read_kept(path: Path) -> tuple[Kept, ReceivedFile]:
    """Read a kept file.

    Returns
    -------
    kept : Kept
    received : ReceivedFile
        With the cells that were kept.

    Raises
    ------
    InputProblem
        If it is damaged, or of a form that this version does not know.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as parquet:
            document = json.loads((parquet.schema_arrow.metadata or {})[_META])
            rows = parquet.read().cast(SCHEMA)
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise InputProblem(
            f"The archived file {path.name} is damaged: restore it from the backup.",
            "archive_damaged",
            file=path.name,
        ) from error
    if document.get("form") != FORM:
        raise InputProblem(
            f"The archived file {path.name} was written by another version of the program.",
            "archive_version",
            file=path.name,
        )
    said: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in document.items()}
    said["findings"] = tuple(Finding(**one) for one in document["findings"])
    kept = Kept(**said)
    sheets = tuple(dict.fromkeys(str(one["sheet"]) for one in kept.sheets))
    received = ReceivedFile(
        f"file{kept.ending}", kept.file_sha256, kept.file_bytes, sheets, rows, kept.encoding
    )
    return kept, received


def name_of_kept(path: Path, file_sha256: str, submission_id: str) -> str:
    """Name a kept file: the hash of the sender's file, the submission, and the beginning of its own hash."""
    with path.open("rb") as handle:
        own = hashlib.file_digest(handle, "sha256").hexdigest()[:_OWN_DIGITS]
    return f"{file_sha256}.{submission_id}.{own}{ENDING}"


def is_whole(path: Path) -> bool:
    """Whether a kept file has the bytes of which its name speaks."""
    with path.open("rb") as handle:
        own = hashlib.file_digest(handle, "sha256").hexdigest()[:_OWN_DIGITS]
    return path.name.endswith(f".{own}{ENDING}")


def profile_of_kept(kept: Kept, profile: Profile) -> Profile:
    """Return the profile with each sheet where it was found; tables that it has gained since are looked for as usual."""
    open_places = list(kept.sheets)
    sheets: list[SheetSpec] = []
    for spec in profile.sheets:
        tables = [table.table for table in spec.tables]
        place = next((p for p in open_places if p["tables"] == tables), None) or next(
            (p for p in open_places if set(p["tables"]) & set(tables)), None
        )
        if place is None:
            sheets.append(spec)
            continue
        open_places.remove(place)
        sheets.append(
            replace(
                spec,
                sheet=str(place["sheet"]),
                header_rows=(int(place["header_row"]),),
                rows_between=int(place["rows_between"]),
            )
        )
    return replace(profile, sheets=tuple(sheets))


def ending_of(name: str) -> str:
    """Return ``.xlsx`` or ``.csv.gz`` of a name; what stands before it may name a person."""
    lower = name.lower()
    return ".csv.gz" if lower.endswith(".csv.gz") else Path(lower).suffix


def _place(layout: SheetLayout) -> dict[str, Any]:
    return {
        "sheet": layout.sheet,
        "tables": [table.table for table in layout.spec.tables],
        "header_row": layout.header_row,
        "rows_between": layout.first_row - layout.header_row - layout.spec.header_height,
    }


def _top(rows: pa.Table, layouts: Sequence[SheetLayout], standard: Standard) -> pa.Table:
    """Return the rows of headings and between them and the data: the headings that are read, and our own words."""
    layout = layouts[0]
    kept = {number for one in layouts for number in kept_columns(one)}
    first = min(one.first_row for one in layouts)
    headings = [h if n in kept else None for n, h in enumerate(layout.headings, start=1)]
    made: dict[int, list[str | None]] = {}
    if layout.spec.header_height > 1:
        pairs = [(h.split(GROUP_SEPARATOR, 1) if h else [None]) for h in headings]
        made[layout.header_row] = [pair[0] for pair in pairs]
        made[layout.header_row + 1] = [pair[1] if len(pair) > 1 else None for pair in pairs]
    else:
        made[layout.header_row] = headings
    words = own_words(standard)
    below = layout.header_row + layout.spec.header_height
    near = rows.filter(
        pa.compute.and_(
            pa.compute.equal(rows["sheet"], layout.sheet),
            pa.compute.and_(
                pa.compute.greater_equal(rows["source_row"], below),
                pa.compute.less(rows["source_row"], first),
            ),
        )
    )
    for number, cells in zip(near["source_row"].to_pylist(), near["cells"].to_pylist(), strict=True):
        made[number] = [
            cell if cell and n in kept and fold(cell) in words else None
            for n, cell in enumerate(cells or (), start=1)
        ]
    return pa.table(
        {
            "sheet": [layout.sheet] * len(made),
            "source_row": list(made),
            "cells": list(made.values()),
            "kinds": ["".join("t" if cell else "." for cell in cells) for cells in made.values()],
            "hidden": [False] * len(made),
        },
        schema=SCHEMA,
    )


def _body(connection: Any, layouts: Sequence[SheetLayout], left: Sequence[LeftOut]) -> Any:
    """Select the data rows of a sheet with the cells that are kept, batch by batch."""
    sheet = layouts[0].sheet
    first = min(layout.first_row for layout in layouts)
    kept = {number for layout in layouts for number in kept_columns(layout)}
    width = max((*kept, *(len(layout.headings) for layout in layouts), 1))
    replaced = {one.number: one.texts for one in left}
    cells: list[str] = []
    joins: list[str] = []
    for number in range(1, width + 1):
        own = f"cells[{number}]"
        if number not in kept:
            cells.append("NULL")
        elif number not in replaced:
            cells.append(own)
        elif len(replaced[number]) <= _FEW:
            whens = " ".join(f"WHEN {quoted(a)} THEN {quoted(b)}" for a, b in replaced[number].items())
            cells.append(f"CASE {own} {whens} ELSE {own} END")
        else:
            name = f"left_{number}"
            table = pa.table({"text": list(replaced[number]), "instead": list(replaced[number].values())})
            connection.register(name, table)
            joins.append(f"LEFT JOIN {name} ON {name}.text = {own}")
            cells.append(f"coalesce({name}.instead, {own})")
    as_it_stands = len(kept) == width and not replaced
    select = f"cells[1:{width}]" if as_it_stands else f"[{', '.join(cells)}]"
    if any(layout.skip_columns for layout in layouts):
        # Of a row of totals its word is kept, and its numbers, if they are too short for a telephone.
        words = sorted({word for layout in layouts for many in layout.skip_columns.values() for word in many})
        select = (
            f"CASE WHEN {is_skipped(layouts)} THEN list_transform(cells[1:{width}], lambda cell, number: "
            f"CASE WHEN list_contains({sorted(kept)}, number) AND (list_contains([{', '.join(map(quoted, words))}], "
            f"fold(cell)) OR regexp_full_match(trim(cell), {quoted(_TOTAL)})) THEN cell END) ELSE {select} END"
        )
    order = " ORDER BY source_row" if joins else ""
    query = (
        f"SELECT sheet, source_row, {select} AS cells, {_kinds(kept, width)} AS kinds, hidden FROM received_rows "
        f"{' '.join(joins)} WHERE sheet = ? AND source_row >= ?{order}"
    )
    yield from connection.execute(query, [sheet, first]).to_arrow_reader(_BATCH_ROWS)


def _kinds(kept: set[int], width: int) -> str:
    """Write the letters of the columns that are kept, a dot for each of the others."""
    if len(kept) == width:
        return f"substr(kinds, 1, {width})"
    parts: list[str] = []
    number = 1
    while number <= width:
        end = number
        while end + 1 <= width and (end + 1 in kept) == (number in kept):
            end += 1
        many = end - number + 1
        parts.append(f"substr(kinds, {number}, {many})" if number in kept else quoted("." * many))
        number = end + 1
    return f"CASE WHEN kinds IS NOT NULL THEN substr({' || '.join(parts)}, 1, length(kinds)) END"


def _unknown(connection: Any, left: Sequence[LeftOut]) -> tuple[UnknownText, ...]:
    """Say in which rows the texts of coded columns stand that are not kept."""
    found: list[UnknownText] = []
    for one in left:
        if not one.coded_fields:
            continue
        rows = connection.execute(
            f"SELECT cells[{one.number}] AS text, list(source_row ORDER BY source_row) FROM received_rows "
            "WHERE sheet = $sheet AND list_contains($texts, text) GROUP BY 1 ORDER BY 1",
            {"sheet": one.sheet, "texts": list(one.texts)},
        ).fetchall()
        found += [
            UnknownText(table, name, one.sheet, one.number, text, tuple(places))
            for text, places in rows
            for table, name in one.coded_fields
        ]
    return tuple(found)

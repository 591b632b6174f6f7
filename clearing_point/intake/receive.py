"""Receiving a file: identity guard, receipt, raw cells with their addresses, typed rows.

Everything happens in a workspace of its own; the warehouse is not touched here.
"""

from __future__ import annotations

import datetime
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from clearing_point.countries.decisions import Correction
from clearing_point.countries.profile import Profile
from clearing_point.countries.suggest import nearest
from clearing_point.errors import InputProblem
from clearing_point.findings import BLOCK, HEADING_UNEXPECTED, NO_ROWS, Finding, store_findings
from clearing_point.intake.expected import read_as_declared
from clearing_point.intake.guard import Headings, guard_cells
from clearing_point.intake.layout import SheetLayout, kept_columns, lay_out
from clearing_point.intake.normalise import normalise
from clearing_point.intake.notes import guard_notes
from clearing_point.intake.package import column_letter
from clearing_point.intake.read import ReceivedFile, hash_of_file
from clearing_point.intake.unknown import unused_lines
from clearing_point.intake.words import with_crosswalk_flags
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.spelling import spelling_of
from clearing_point.warehouse.connection import connect
from clearing_point.warehouse.events import REFUSED, now
from clearing_point.warehouse.workspace import drop_workspace, new_workspace
from clearing_point.workplace import drop_work, work_folder

RECEIVED = "RECEIVED"
_PERIOD = re.compile(r"(\d{4})(?:-(\d{4}))?")


@dataclass(frozen=True)
class Receipt:
    """What came, and the workspace in which it was read.

    Attributes
    ----------
    refused : bool
        The identity guard or the layout stopped it: nothing of its content is in the workspace.
    rows : mapping of str to int
        Table of the standard -> rows read into it.
    """

    submission_id: str
    series: str
    file_name: str
    file_sha256: str
    workspace: Path
    refused: bool
    rows: Mapping[str, int]
    near_headings: tuple[tuple[str, str, str], ...] = ()
    """(sheet, column, missing heading) of headings that are near to one that is missing."""
    unused_words: tuple[tuple[str, str], ...] = ()
    """(field, local word) of the decided words that the file did not need."""


def parse_period(text: str) -> tuple[datetime.date, datetime.date]:
    """Turn ``2022`` or ``2017-2021`` into the first and last day.

    Raises
    ------
    InputProblem
        If it is neither, or ends before it begins.
    """
    match = _PERIOD.fullmatch(text.strip())
    if not match or not 1990 <= int(match[1]) <= int(match[2] or match[1]) <= 2100:
        raise InputProblem(f"'{text}' is no period: write a year (2022) or years (2017-2021).")
    return datetime.date(int(match[1]), 1, 1), datetime.date(int(match[2] or match[1]), 12, 31)


def series_of(profile: Profile, period: str) -> str:
    """Name the series that versions of one submission belong to: sender, territory, period."""
    return "/".join((profile.sender, profile.territory or "-", period.strip()))


def receive(
    project: Project,
    standard: Standard,
    path: Path,
    profile: Profile,
    period: str,
    *,
    version_number: int = 1,
    supersedes: str | None = None,
    made_data: bool | None = None,
    received: ReceivedFile | None = None,
    received_at: datetime.datetime | None = None,
    corrections: Sequence[Correction] = (),
) -> Receipt:
    """Read a file into a new workspace.

    Parameters
    ----------
    path : Path
        The file as the sender sent it; it is only read.
    period : str
        ``2022`` or ``2017-2021``.
    received : ReceivedFile, optional
        The file if it was read before (to choose a profile). Its rows are handed over to the workspace.
    received_at : datetime, optional
        When it came, if not now (UTC): a rebuild keeps the time of the first receipt.
    corrections : sequence of Correction
        In force for this file.

    Returns
    -------
    Receipt
        With the workspace, which the caller merges or drops.

    Raises
    ------
    InputProblem
        If the file cannot be read at all, or a correction is stale.
    """
    start, end = parse_period(period)
    profile = replace(with_crosswalk_flags(profile, standard), period=period.strip())
    if received is None:
        received = read_as_declared(path, profile, standard)
    series = series_of(profile, period)
    submission_id = f"{period.strip()}-{profile.territory or 'ALL'}-{profile.sender}-v{version_number}"
    layouts, problems = lay_out(received, profile, spelling_of(standard, profile.language))
    # What may never be sent is said before how the file should be laid out.
    headings = Headings(received, layouts, standard)
    findings = headings.refusals or headings.without_left_out(problems)
    findings = findings or guard_cells(received, layouts, profile, standard)
    findings = findings or guard_notes(received, path, profile, standard)
    refused = bool(findings)
    if not refused:
        findings = headings.remarks
    rows_read = 0 if refused else received.rows.num_rows
    workspace = new_workspace(project, standard)
    connection = connect(workspace, joins_as_written=True, short_lived=True)
    try:
        row: dict[str, Any] = {
            "submission_id": submission_id,
            "series": series,
            "version_number": version_number,
            "supersedes": supersedes,
            "sender": profile.sender,
            "territory": profile.territory,
            "period_start": start,
            "period_end": end,
            "use": profile.use,
            "made_data": profile.made_data if made_data is None else made_data,
            "profile": profile.name,
            "profile_sha256": profile.sha256,
            "standard_version": standard.version,
            "standard_sha256": standard.sha256,
            "file_name": received.name,
            "file_sha256": received.sha256,
            "file_bytes": received.size,
            "encoding": received.encoding,
            "received_at": received_at or now(),
            "status": REFUSED if refused else RECEIVED,
            "rows_read": rows_read,
        }
        connection.execute("BEGIN TRANSACTION")  # one write to disk instead of hundreds
        connection.execute(
            f"INSERT INTO raw.submission ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
            list(row.values()),
        )
        store_findings(connection, submission_id, findings)
        counts: dict[str, int] = {}
        unused: tuple[tuple[str, str], ...] = ()
        if not refused:
            for layout in layouts:
                rows = received.hand_over() if layout is layouts[-1] else received.rows.to_reader()
                _store_sheet(connection, submission_id, rows, layout)
            texts: dict[str, set[str]] = {}
            counts = normalise(connection, submission_id, layouts, profile, standard, corrections, texts)
            unused = unused_lines(texts, profile)
            told = ("case", "aggregate", "scorecard")
            if layouts and not any(n for name, n in counts.items() if standard.tables[name].kind in told):
                # Headings alone, or the prefilled numbers of an empty form: nothing was sent.
                store_findings(
                    connection,
                    submission_id,
                    [Finding(NO_ROWS, BLOCK, "structure", sheet=layouts[0].sheet)],
                )
            _store_header(connection, submission_id, profile, standard, counts, version_number)
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        drop_workspace(workspace)
        raise
    connection.close()
    return Receipt(
        submission_id,
        series,
        received.name,
        received.sha256,
        workspace,
        refused,
        counts,
        near_headings(layouts, problems),
        unused,
    )


def near_headings(layouts: list[SheetLayout], problems: list[Finding]) -> tuple[tuple[str, str, str], ...]:
    """Pair headings that nobody expects with missing ones that they are near to, letter by letter."""
    found = []
    odd = {(p.sheet, p.column_letter) for p in problems if p.rule_id == HEADING_UNEXPECTED}
    for layout in layouts:
        unexpected = {
            h: column_letter(n) for h, n in layout.columns.items() if (layout.sheet, column_letter(n)) in odd
        }
        missing = [
            (column.headings[0], column.headings[0])
            for table in layout.spec.tables
            for column in table.columns.values()
            if column.headings and layout.column_of(column.headings) is None
        ]
        for heading, proposals in nearest(unexpected, missing, limit=1).items():
            found.append((layout.sheet, unexpected[heading], proposals[0].word))
    return tuple(sorted(set(found)))


def archive(project: Project, path: Path, sha256: str) -> Path:
    """Keep the original, read-only and named by its hash; a file already kept is left alone.

    Raises
    ------
    InputProblem
        If its bytes are no longer those of the hash.
    """
    folder = project.archive / sha256[:2]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = (
        folder
        / f"{sha256}{''.join(path.suffixes[-2:]) if path.name.endswith('.gz') else path.suffix.lower()}"
    )
    if not kept.exists():
        place = work_folder(project.work, "archiving-")
        try:
            partial = place / "partial"
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as target, path.open("rb") as source:
                shutil.copyfileobj(source, target)
                target.flush()
                os.fsync(target.fileno())
            if hash_of_file(partial) != sha256:
                raise InputProblem(f"{path.name} was changed while it was read: load it again.")
            os.chmod(partial, 0o400)
            os.replace(partial, kept)
        finally:
            drop_work(place)
    return kept


def archived_file(project: Project, sha256: str) -> Path:
    """Return the archived original of a hash.

    Raises
    ------
    InputProblem
        If it is missing or its bytes no longer have that hash; names the file.
    """
    found = sorted((project.archive / sha256[:2]).glob(f"{sha256}*"))
    if not found:
        raise InputProblem(f"The archive has no file {sha256[:12]}...: restore it from the backup.")
    if hash_of_file(found[0]) != sha256:
        raise InputProblem(f"The archived file {found[0].name} is damaged: restore it from the backup.")
    return found[0]


def check_archived(project: Project, wanted: Sequence[str]) -> None:
    """Read all archived originals of these hashes.

    Raises
    ------
    InputProblem
        If some are missing or damaged; names every one of them.
    """
    problems = []
    for sha256 in dict.fromkeys(wanted):
        try:
            archived_file(project, sha256)
        except InputProblem as problem:
            problems.append(str(problem))
    if problems:
        raise InputProblem("\n".join(problems))


def _store_sheet(
    connection: Any, submission_id: str, rows: pa.RecordBatchReader, layout: SheetLayout
) -> None:
    """Store the cells of columns that are read, and the header; other columns leave no text behind."""
    kept = kept_columns(layout)
    width = max((*kept, len(layout.headings), 1))
    nothing: list[tuple[str | None, str | None]] = [(None, None)]
    headings = [
        (
            submission_id,
            layout.sheet,
            number,
            column_letter(number),
            layout.headings[number - 1] if number in kept else None,
            table,
            field,
        )
        for number in range(1, len(layout.headings) + 1)
        for table, field in (kept.get(number) or nothing)
    ]
    connection.executemany('INSERT INTO raw."column" VALUES (?,?,?,?,?,?,?)', headings)
    each = ", ".join(f"cells[{n}]" if n in kept else "NULL" for n in range(1, width + 1))
    cells = f"cells[1:{width}]" if len(kept) == width else f"[{each}]"
    connection.register("received_rows", rows)
    connection.execute(
        f"INSERT INTO raw.record SELECT ?, sheet, source_row, {cells}, kinds FROM received_rows "
        "WHERE sheet = ? AND source_row >= ?",
        [submission_id, layout.sheet, layout.first_row],
    )
    connection.unregister("received_rows")


def _store_header(
    connection: Any,
    submission_id: str,
    profile: Profile,
    standard: Standard,
    counts: dict[str, int],
    version_number: int,
) -> None:
    """Where the file carries no header of its own, the profile's declarations stand in for it."""
    if counts.get("submission"):
        return
    start, end = connection.execute("SELECT period_start, period_end FROM raw.submission").fetchone()
    known: dict[str, Any] = dict(profile.header)
    known |= {
        "organisation": profile.sender,
        "territory": profile.territory or "ZZZ",
        "period_start": start,
        "period_end": end,
        "version_number": version_number,
        "submission_reference": submission_id,
    }
    values: dict[str, Any] = {}
    for field in standard.tables["submission"].fields:
        value = known.get(field.name)
        if value is None and field.type == "string":
            value = "NAS"
        values[field.name] = [value] if field.multiple else value
        if field.missing_column and value is None:
            values[field.missing_column] = "NAS"
    row = {"submission_id": submission_id, "sheet": "profile", "source_row": 0, "source_part": 0, **values}
    names = ", ".join(f'"{n}"' for n in row)
    connection.execute(
        f"INSERT INTO staged.submission ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values())
    )

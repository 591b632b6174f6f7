"""A submission on its way into a workspace: its receipt, the raw cells with their addresses, typed rows."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from clearing_point import engine
from clearing_point.countries.decisions import Correction
from clearing_point.countries.profile import Profile
from clearing_point.countries.suggest import nearest
from clearing_point.errors import InputProblem
from clearing_point.findings import (
    BLOCK,
    HEADING_MISSING,
    HEADING_UNEXPECTED,
    NO_ROWS,
    Finding,
    store_findings,
)
from clearing_point.intake.as_written import ReadBy
from clearing_point.intake.balance import Arrived, store_balance, with_arrived
from clearing_point.intake.claims import contradictions
from clearing_point.intake.kept import UnknownText, ending_of, profile_of_kept, read_kept
from clearing_point.intake.layout import SheetLayout, kept_columns, lay_out
from clearing_point.intake.normalise import normalise
from clearing_point.intake.package import column_letter
from clearing_point.intake.read import ReceivedFile
from clearing_point.intake.unknown import unused_lines
from clearing_point.standard import Standard
from clearing_point.standard.model import REFERENCE
from clearing_point.standard.spelling import spelling_of
from clearing_point.warehouse.events import REFUSED, now
from clearing_point.warehouse.worked_out import program_sha256
from clearing_point.warehouse.workspace import Workspace

RECEIVED = "RECEIVED"
KEPT_FILE = "kept.parquet"
"""Beside the workspace until it is put away."""
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
    file_sha256: str
    workspace: Workspace
    refused: bool
    rows: Mapping[str, int]
    near_headings: tuple[tuple[str, str, str], ...] = ()
    """(sheet, column, missing heading) of headings that are near to one that is missing."""
    unused_words: tuple[tuple[str, str], ...] = ()
    """(field, local word) of the decided words that the file did not need."""
    kept_file: Path | None = None
    """What is kept of it: in the workspace's folder, or in the archive."""
    unknown: tuple[UnknownText, ...] = field(default=(), repr=False)
    """Texts that no list knows, for proposals while the file is at hand; they are stored nowhere."""
    read: ReadBy | None = field(default=None, repr=False)
    """How it was read; None of a file that was refused."""
    rows_read: int = 0
    """Rows of the file that hold something."""


def parse_period(text: str) -> tuple[datetime.date, datetime.date]:
    """Turn ``2022`` or ``2017-2021`` into the first and last day.

    Raises
    ------
    InputProblem
        If it is neither, or ends before it begins.
    """
    match = _PERIOD.fullmatch(text.strip())
    if not match or not 1990 <= int(match[1]) <= int(match[2] or match[1]) <= 2100:
        raise InputProblem(
            f"'{text}' is no period: write a year (2022) or years (2017-2021).", "period_wrong", period=text
        )
    return datetime.date(int(match[1]), 1, 1), datetime.date(int(match[2] or match[1]), 12, 31)


def series_of(profile: Profile, period: str) -> str:
    """Name the series that versions of one submission belong to: sender, territory, period."""
    return "/".join((profile.sender, profile.territory or "-", period.strip()))


@dataclass(frozen=True)
class Coming:
    """What is known of a submission before its file is read into the workspace."""

    workspace: Workspace
    profile: Profile
    standard: Standard
    period: str
    version_number: int
    supersedes: str | None
    made_data: bool | None
    received_at: datetime.datetime | None
    corrections: Sequence[Correction]

    @property
    def submission_id(self) -> str:
        """Its name: period, territory, sender and version."""
        profile = self.profile
        return f"{self.period.strip()}-{profile.territory or 'ALL'}-{profile.sender}-v{self.version_number}"

    def refused(
        self,
        received: ReceivedFile,
        findings: Sequence[Finding],
        near: tuple[tuple[str, str, str], ...] = (),
        layouts: Sequence[SheetLayout] = (),
    ) -> Receipt:
        """Note that a file was refused: its hash and the places; nothing of its content, and not its name."""
        with self._writing(received) as connection:
            self._enter(connection, received, REFUSED, 0)
            store_findings(connection, self.submission_id, findings)
            missing = _missing_headings(layouts, findings)
            if missing:
                connection.executemany(
                    'INSERT INTO raw."column" VALUES (?,?,?,?,?,?,?)',
                    [(self.submission_id, sheet, 0, "", *rest) for sheet, *rest in missing],
                )
        return self._receipt(received, {}, near, is_refused=True)

    def read(self, kept_file: Path) -> Receipt:
        """Read a kept file into the workspace."""
        profile, standard, name = self.profile, self.standard, self.submission_id
        kept, received = read_kept(kept_file)
        layouts, problems = lay_out(
            received, profile_of_kept(kept, profile), spelling_of(standard, profile.language)
        )
        if problems:
            return self.refused(received, problems, near_headings(layouts, problems), layouts)
        texts: dict[str, set[str]] = {}
        with self._writing(received) as connection:
            self._enter(connection, received, RECEIVED, kept.rows_read)
            store_findings(connection, name, kept.findings)
            for layout in layouts:
                rows = received.hand_over() if layout is layouts[-1] else received.rows.to_reader()
                _store_sheet(connection, name, rows, layout)
            arrived: list[Arrived] = []
            counts = normalise(connection, name, layouts, profile, standard, self.corrections, texts, arrived)
            if kept.balance:
                store_balance(connection, name, with_arrived(kept.balance, layouts, arrived))
            start, end = parse_period(self.period)
            year = str(kept.balance.get("template_year", ""))
            store_findings(connection, name, contradictions(connection, profile, standard, start, end, year))
            told = ("case", "aggregate", "scorecard", REFERENCE)
            if layouts and not any(n for table, n in counts.items() if standard.tables[table].kind in told):
                # Headings alone, or the prefilled numbers of an empty form: nothing was sent.
                nothing = Finding(NO_ROWS, BLOCK, "structure", sheet=layouts[0].sheet)
                store_findings(connection, name, [nothing])
            _store_header(connection, name, profile, standard, counts, self.version_number)
        receipt = self._receipt(received, counts, (), unused_lines(texts, profile), kept_file=kept_file)
        read = ReadBy(tuple(layouts), profile, tuple(self.corrections))
        return replace(receipt, read=read, rows_read=kept.rows_read)

    @contextmanager
    def _writing(self, received: ReceivedFile) -> Iterator[Any]:
        many = received.rows.num_rows > engine.MANY_ROWS
        with self.workspace.opened(joins_as_written=True, short_lived=True, many_rows=many) as connection:
            connection.execute("BEGIN TRANSACTION")  # one write to disk instead of hundreds
            yield connection
            connection.execute("COMMIT")

    def _enter(self, connection: Any, received: ReceivedFile, status: str, rows_read: int) -> None:
        profile, standard = self.profile, self.standard
        start, end = parse_period(self.period)
        row: dict[str, Any] = {
            "submission_id": self.submission_id,
            "series": series_of(profile, self.period),
            "version_number": self.version_number,
            "supersedes": self.supersedes,
            "sender": profile.sender,
            "territory": profile.territory,
            "period_start": start,
            "period_end": end,
            "use": profile.use,
            "made_data": profile.made_data if self.made_data is None else self.made_data,
            "profile": profile.name,
            "profile_sha256": profile.sha256,
            "standard_version": standard.version,
            "standard_sha256": standard.sha256,
            "rows_sha256": standard.rows_sha256,
            "program_sha256": program_sha256(),
            "file_name": f"{self.submission_id}{ending_of(received.name)}",
            "file_sha256": received.sha256,
            "file_bytes": received.size,
            "encoding": received.encoding,
            "received_at": self.received_at or now(),
            "status": status,
            "rows_read": rows_read,
        }
        connection.execute(
            f"INSERT INTO raw.submission ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
            list(row.values()),
        )

    def _receipt(
        self,
        received: ReceivedFile,
        counts: Mapping[str, int],
        near: tuple[tuple[str, str, str], ...],
        unused: tuple[tuple[str, str], ...] = (),
        *,
        is_refused: bool = False,
        kept_file: Path | None = None,
    ) -> Receipt:
        return Receipt(
            self.submission_id,
            series_of(self.profile, self.period),
            received.sha256,
            self.workspace,
            is_refused,
            counts,
            near,
            unused,
            kept_file,
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


def _missing_headings(
    layouts: Sequence[SheetLayout], findings: Sequence[Finding]
) -> list[tuple[str, str, str, str]]:
    """Return sheet, heading, table and field of headings that the profile declares and the file lacks."""
    told = {(f.sheet, f.target_table, f.target_field) for f in findings if f.rule_id == HEADING_MISSING}
    return [
        (layout.sheet, column.headings[0], table.table, name)
        for layout in layouts
        for table in layout.spec.tables
        for name, column in table.columns.items()
        if column.headings and (layout.sheet, table.table, name) in told
    ]


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
    kinds = (*[pa.string()] * 2, pa.int32(), *[pa.string()] * 4)
    columns = [pa.array([row[i] for row in headings], kind) for i, kind in enumerate(kinds)]
    connection.register("headings", pa.table(columns, names=[f"h{i}" for i in range(len(kinds))]))
    connection.execute('INSERT INTO raw."column" FROM headings')
    connection.unregister("headings")
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
    for known_field in standard.tables["submission"].fields:
        value = known.get(known_field.name)
        if value is None and known_field.type == "string":
            value = "NAS"
        values[known_field.name] = [value] if known_field.multiple else value
        if known_field.missing_column and value is None:
            values[known_field.missing_column] = "NAS"
    row = {"submission_id": submission_id, "sheet": "profile", "source_row": 0, "source_part": 0, **values}
    names = ", ".join(f'"{n}"' for n in row)
    connection.execute(
        f"INSERT INTO staged.submission ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values())
    )

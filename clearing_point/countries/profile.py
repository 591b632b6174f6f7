"""A profile: which header is which field, and which local word is which code.

A profile is data (``profile.yml`` and ``values.csv`` of one folder): no expressions, no Python.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from clearing_point.errors import InputProblem
from clearing_point.project import Project, hash_of_folder
from clearing_point.standard.date_forms import second_order
from clearing_point.standard.files import read_csv
from clearing_point.standard.kept import kept
from clearing_point.standard.shapes import read_shaped_yaml, refuse_row_problems

APPROVED, UNDECIDED = "approved", "undecided"
"""Decisions of a line of ``values.csv``; only approved lines apply."""
GROUP_SEPARATOR = " / "
"""Between a group of columns and its column, where a heading has two rows."""


@dataclass(frozen=True)
class ColumnSpec:
    """Where the value of one field comes from.

    Exactly one of ``headings`` (any of these header texts), ``flags`` (header -> code),
    ``flags_scheme`` (the same, taken from a crosswalk), ``constant`` and ``row_number`` is given.
    """

    headings: tuple[str, ...] = ()
    flags: Mapping[str, str] = field(default_factory=dict)
    flags_scheme: str | None = None
    constant: str | None = None
    row_number: bool = False
    prefix: str = ""
    scheme: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    otherwise: str | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False
    year_of_birth_at: str | None = None
    """The column holds a year of birth; the age is the year of this date field less that year."""
    part: str | None = None
    """``first``, ``last`` or ``others``: which parts of a cell of several values the field takes."""
    separator: str | None = None
    """Between the values of a cell of this column; the file's own where it is None."""
    also: ColumnSpec | None = None
    """A second column whose codes are added to those of the first."""


@dataclass(frozen=True)
class TableSpec:
    """How rows of a sheet become rows of one table."""

    table: str
    columns: Mapping[str, ColumnSpec]
    explode: str | None = None
    when_filled: tuple[str, ...] = ()


@dataclass(frozen=True)
class SheetSpec:
    """One sheet of a file: where its headings stand and what its rows become."""

    sheet: str | None
    header_rows: tuple[int, ...]
    """Where the headings may stand; the first of these rows that has them is taken."""
    rows_between: int
    """Rows between the headings and the first data row."""
    tables: tuple[TableSpec, ...]
    ignore: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()
    """Columns without a heading, by their letters, that are passed over: the numbering of the rows."""
    ignore_others: bool = False
    skip_rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: bool = False
    header_height: int = 1
    """Rows that make up a heading: a group above its columns is read as ``group / column``."""
    labels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Folded heading -> folded words that may stand below it in a row of words; without them it is no such row."""


@dataclass(frozen=True)
class Reading:
    """How texts are written in this file."""

    dates: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""
    list_separator: str = ";"
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    blank: str = "UNK"
    encoding: str = "utf-8-sig"
    delimiter: str = ","


@dataclass(frozen=True)
class Profile:
    """Everything that is known about one sender's layout."""

    name: str
    title: str
    sender: str
    territory: str | None
    use: str
    made_data: bool
    header: Mapping[str, str]
    reading: Reading
    sheets: tuple[SheetSpec, ...]
    values: tuple[Mapping[str, str], ...]
    sha256: str
    period: str | None = None
    language: str = "en"
    """Language in which its sender reads and writes."""
    undecided: int = 0
    """Lines of ``values.csv`` that nobody has decided yet; they are not applied."""
    folder: Path | None = None
    ignore_sheets: tuple[str, ...] = ()
    """Sheets of the file that are no data and are passed over."""
    also_reads: tuple[str, ...] = ()
    """Public formats (``pipelines/sources``) that this sender may use instead of a layout of her own."""
    senders: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Further organisations that send for the territory, each with a series of its own: name -> ``title`` and what it
    declares (``submission``)."""
    sent_by: str | None = None
    """The sender if it is another one than the profile's own, as it was named."""
    release_in_name: str | None = None
    """Regular expression: the part of a public file's name that is the day of its release."""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Table -> fields that say what a number of a public file is about: two releases are compared by them."""
    counts: tuple[Mapping[str, Any], ...] = ()
    """Counts that the publisher of a public file gives of it; see :mod:`clearing_point.analysis.frequencies`."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """How the made example file looks beside its data; reading takes no notice of it."""


def load_profile(folder: Path, project: Project) -> Profile:
    """Read ``profile.yml`` and ``values.csv`` of a folder.

    Raises
    ------
    InputProblem
        If a file is missing or not of its shape; says file and line.
    """
    path = folder / "profile.yml"
    if not path.is_file():
        raise InputProblem(
            f"There is no profile in {folder}: `profile.yml` is expected there.",
            "profile_none",
            folder=folder,
        )
    sha256 = hash_of_folder(folder)
    values_path = folder / "values.csv"
    values = read_csv(values_path) if values_path.is_file() else ()
    source = _document(path, values, project, sha256)
    reading = reading_of(source.get("read", {}))
    _refuse_two_orders(reading.dates, path)
    return Profile(
        name=source["profile"],
        title=source["title"],
        sender=source["sender"],
        territory=source.get("territory"),
        use=source.get("use", "count"),
        made_data=bool(source.get("made_data", False)),
        header={k: str(v) for k, v in source.get("submission", {}).items()},
        reading=reading,
        sheets=tuple(_sheet(block) for block in source.get("sheets", ())),
        values=tuple(row for row in values if row["decision"] == APPROVED),
        sha256=sha256,
        period=str(source["period"]) if "period" in source else None,
        release_in_name=source.get("release_in_name"),
        keys={table: tuple(fields) for table, fields in source.get("keys", {}).items()},
        counts=tuple(source.get("counts", ())),
        language=source.get("language", "en"),
        undecided=sum(1 for row in values if row["decision"] == UNDECIDED),
        folder=folder,
        ignore_sheets=tuple(source.get("ignore_sheets", ())),
        also_reads=tuple(source.get("also_reads", ())),
        senders=source.get("senders", {}),
        example=source.get("example", {}),
    )


def _document(path: Path, values: tuple[Mapping[str, str], ...], project: Project, sha256: str) -> Any:
    """Return what ``profile.yml`` says, of its shape as ``values.csv`` is; files found so before are not looked at again."""
    shapes = [project.schemas / "meta" / name for name in ("profile.schema.json", "value_row.schema.json")]

    def read() -> Any:
        source = read_shaped_yaml(path, shapes[0])
        if values:
            refuse_row_problems(path.with_name("values.csv"), values, shapes[1])
        return source

    def make() -> bytes:
        source = read()
        written = json.dumps(source, ensure_ascii=False)
        return (written if json.loads(written) == source else "null").encode()

    of = hashlib.sha256(b"".join([sha256.encode(), *(shape.read_bytes() for shape in shapes)])).hexdigest()
    found = json.loads(kept(project.prepared, f"profile_{path.parent.name}", of, make))
    return read() if found is None else found


def _refuse_two_orders(dates: tuple[str, ...], path: Path) -> None:
    """Refuse a profile in which one text could be two dates: 03/04 is read by its declaration or not at all."""
    pattern = second_order(dates)
    if pattern is not None:
        raise InputProblem(
            f"{path}: dates are declared both day first and month first ({pattern}): one text would be two dates.",
            "profile_dates",
            file=path,
            pattern=pattern,
        )


def profile_of_territory(project: Project, territory: str) -> Profile:
    """Read the profile of a reporting territory.

    Raises
    ------
    InputProblem
        If no folder has that name; lists those that are there.
    """
    return load_profile(_folder(project.countries, territory, "territory"), project)


_SENDER = re.compile(r"[A-Z0-9]{2,16}")
_OF_THE_COORDINATOR = ("coverage",)
"""What a profile declares of its own sender only."""


def for_sender(profile: Profile, name: str | None) -> Profile:
    """Return the profile of another organisation that sends for the territory, with a series of its own.

    Its files are read like those of the profile's own sender. What it declares stands under ``senders``; of one that
    is not named there the coverage is not known.

    Raises
    ------
    InputProblem
        If the name is no name of a sender.
    """
    if name is None or name == profile.sender:
        return profile
    if not _SENDER.fullmatch(name):
        known = ", ".join((profile.sender, *profile.senders))
        raise InputProblem(
            f"'{name}' is no name of a sender: 2 to 16 capital letters and digits (known for {profile.name}: {known}).",
            "sender_wrong",
            name=name,
            known=known,
        )
    header = {k: v for k, v in profile.header.items() if k not in _OF_THE_COORDINATOR}
    declared = {k: str(v) for k, v in profile.senders.get(name, {}).get("submission", {}).items()}
    return replace(profile, sender=name, sent_by=name, header={**header, **declared})


def profile_of_source(project: Project, name: str) -> Profile:
    """Read the profile of a public format (``pipelines/sources``); raises like the above."""
    return load_profile(_folder(project.sources, name, "source"), project)


def sources_named(project: Project, name: str) -> list[Profile]:
    """Return the profiles of the public files whose folder has this name or begins with it.

    Raises
    ------
    InputProblem
        If there is none.
    """
    names = sorted(p.parent.name for p in project.sources.glob("*/profile.yml"))
    found = [n for n in names if n == name] or [n for n in names if n.startswith(name)]
    if not found or not name:
        raise InputProblem(
            f"There is no source '{name}': known are {', '.join(names) or 'none'}.",
            "name_unknown",
            name=name,
            known=", ".join(names) or "-",
        )
    return [profile_of_source(project, n) for n in found]


def in_format_of(base: Profile, source: Profile) -> Profile:
    """Return the profile of a sender who uses a public format: her declarations and words, its layout."""
    reading = replace(
        source.reading,
        dates=base.reading.dates,
        yes=(*source.reading.yes, *base.reading.yes),
        no=(*source.reading.no, *base.reading.no),
        missing={**base.reading.missing, **source.reading.missing},
    )
    passed_over = (*base.ignore_sheets, *source.ignore_sheets)
    return replace(
        base,
        name=f"{base.name}/{source.name}",
        sheets=source.sheets,
        reading=reading,
        ignore_sheets=passed_over,
        sha256=hashlib.sha256(f"{base.sha256} {source.sha256}".encode()).hexdigest(),
    )


def profile_of_receipt(project: Project, receipt: Mapping[str, Any]) -> Profile:
    """Return the profile by which a file was read: of its territory, of a public source, or of both."""
    name, _, other = receipt["profile"].partition("/")
    if not receipt["territory"]:
        return for_sender(profile_of_source(project, name), receipt["sender"])
    profile = for_sender(profile_of_territory(project, receipt["territory"]), receipt["sender"])
    in_public_format = other and (project.sources / other / "profile.yml").is_file()
    return in_format_of(profile, profile_of_source(project, other)) if in_public_format else profile


def _folder(parent: Path, name: str, what: str) -> Path:
    known = (
        sorted(p.name for p in parent.iterdir() if (p / "profile.yml").is_file()) if parent.is_dir() else []
    )
    if name not in known:
        raise InputProblem(
            f"There is no {what} '{name}': known are {', '.join(known) or 'none'}.",
            "name_unknown", name=name, known=", ".join(known) or "-",
        )  # fmt: skip
    return parent / name


def reading_of(source: Mapping[str, Any]) -> Reading:
    """Build a :class:`Reading` from the ``read`` block of a profile."""
    return Reading(
        dates=tuple(source.get("dates", ())),
        decimal=source.get("decimal", "."),
        thousands=source.get("thousands", ""),
        list_separator=source.get("list_separator", ";"),
        yes=tuple(str(w) for w in source.get("yes", ())),
        no=tuple(str(w) for w in source.get("no", ())),
        missing={str(k): str(v) for k, v in source.get("missing", {}).items()},
        blank=source.get("blank", "UNK"),
        encoding=source.get("encoding", "utf-8-sig"),
        delimiter=source.get("delimiter", ","),
    )


def _sheet(block: Mapping[str, Any]) -> SheetSpec:
    header_row = block.get("header_row", 1)
    return SheetSpec(
        sheet=block.get("sheet"),
        header_rows=tuple(header_row) if isinstance(header_row, list) else (int(header_row),),
        rows_between=int(block.get("rows_between", 0)),
        tables=tuple(_table(t) for t in block["tables"]),
        ignore=tuple(block.get("ignore", ())),
        unnamed=tuple(block.get("unnamed", ())),
        ignore_others=bool(block.get("ignore_others", False)),
        skip_rows={k: tuple(v) for k, v in block.get("skip_rows", {}).items()},
        optional=bool(block.get("optional", False)),
        header_height=int(block.get("header_height", 1)),
    )


def _table(block: Mapping[str, Any]) -> TableSpec:
    return TableSpec(
        table=block["table"],
        columns={name: _column(spec) for name, spec in block["columns"].items()},
        explode=block.get("explode"),
        when_filled=tuple(block.get("when_filled", ())),
    )


def _column(spec: str | Mapping[str, Any]) -> ColumnSpec:
    if isinstance(spec, str):
        return ColumnSpec(headings=(spec,))
    heading = spec.get("heading", ())
    return ColumnSpec(
        headings=(heading,) if isinstance(heading, str) else tuple(heading),
        flags={str(k): str(v) for k, v in spec.get("flags", {}).items()},
        flags_scheme=spec.get("flags_scheme"),
        constant=None if "constant" not in spec else str(spec["constant"]),
        row_number=bool(spec.get("row_number", False)),
        prefix=str(spec.get("prefix", "")),
        scheme=spec.get("scheme"),
        values={str(k): str(v) for k, v in spec.get("values", {}).items()},
        otherwise=spec.get("otherwise"),
        missing={str(k): str(v) for k, v in spec.get("missing", {}).items()},
        optional=bool(spec.get("optional", False)),
        year_of_birth_at=spec.get("year_of_birth_at"),
        part=spec.get("part"),
        separator=spec.get("separator"),
        also=_column(spec["also"]) if "also" in spec else None,
    )

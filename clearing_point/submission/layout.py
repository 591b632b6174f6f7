"""Which layout a received file has: the regional workbook, a public format, or its sender's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from clearing_point.countries import (
    Profile,
    check_mark,
    for_sender,
    in_format_of,
    mark_of,
    profile_of_source,
    regional_profile,
    regional_sheets,
)
from clearing_point.errors import InputProblem
from clearing_point.intake.encodings import NAMES
from clearing_point.intake.expected import read_as_declared, sample_of
from clearing_point.intake.kept import Kept
from clearing_point.intake.layout import fold, lay_out
from clearing_point.intake.read import WORKBOOKS, ReceivedFile
from clearing_point.project import Project
from clearing_point.quality.answers import Answer, split_answers
from clearing_point.quality.said import Sentence
from clearing_point.standard import Standard
from clearing_point.submission.plan import Item

_HEADER, _ORGANISATION = "submission", "organisation"


def read_submission(
    project: Project, path: Path, profile: Profile, standard: Standard, encoding: str | None = None
) -> tuple[ReceivedFile, Profile]:
    """Read the file and choose its layout: the regional workbook, or the profile's own."""
    received = read_as_declared(path, profile, standard, encoding)
    mark = mark_of(received.rows)
    if mark is not None:
        check_mark(mark, path.name, profile, standard)
        if mark.language in standard.languages:
            profile = replace(profile, language=mark.language)
    named = {fold(s) for s in received.sheets}
    own = any(s.sheet and fold(s.sheet) in named for s in profile.sheets)
    regional = regional_sheets(received.rows, standard) if mark is not None or not own else {}
    if regional:
        return received, regional_profile(standard, profile, regional)
    for name in profile.also_reads:
        source = profile_of_source(project, name)
        if any(s.sheet and fold(s.sheet) in named for s in source.sheets):
            return received, in_format_of(profile, source)
    if not profile.sheets:
        raise InputProblem(
            f"{path.name} is not the regional workbook, and {profile.name} declares no layout of its own: "
            "fill the regional workbook, or describe the file in the profile.",
            "file_layout",
        )
    return received, profile


def read_with_answers(
    project: Project, path: Path, profile: Profile, standard: Standard, encoding: str | None = None
) -> tuple[ReceivedFile, Profile, tuple[Answer, ...]]:
    """Read the file as :func:`read_submission`, and take the findings sheet of an earlier round out of it."""
    received, profile = read_submission(project, path, profile, standard, encoding)
    rows, answers = split_answers(
        received.rows, standard, _headings_of(profile), [row["local"] for row in profile.values]
    )
    sheets = tuple(dict.fromkeys(rows.column("sheet").unique().to_pylist()))
    return replace(received, rows=rows, sheets=sheets), profile, answers


def _headings_of(profile: Profile) -> list[str]:
    """Return the headings that a layout declares, of any sheet."""
    columns = [c for s in profile.sheets for table in s.tables for c in table.columns.values()]
    return [heading for column in columns for heading in (*column.headings, *column.flags)]


def profile_as_read(project: Project, kept: Kept, profile: Profile, standard: Standard) -> Profile:
    """Return the profile of a submission whose file was read before, in the layout that was recognised then."""
    profile = replace(profile, language=kept.language)
    _, _, other = kept.read_as.partition("/")
    if not other:
        return profile
    if (project.sources / other / "profile.yml").is_file():
        return in_format_of(profile, profile_of_source(project, other))
    named = {str(place["tables"][0]): str(place["sheet"]) for place in kept.sheets}
    return regional_profile(standard, profile, named)


def answers_of(kept: Kept) -> tuple[Answer, ...]:
    """Return what the sender answered when the file came."""
    return tuple(
        Answer(**{**one, "rows": tuple((int(a), int(b)) for a, b in one["rows"])}) for one in kept.answers
    )


def said_of_reading(received: ReceivedFile, profile: Profile, standard: Standard, language: str) -> str:
    """Say in which encoding a CSV file was read, with some of its headings as proof; nothing of a workbook."""
    if received.encoding is None:
        return ""
    shown, name = sample_of(received, profile), NAMES.get(received.encoding, received.encoding)
    encoding = name.partition(" (")[0]
    said = standard.word("screen", "read_as", language, encoding=name)
    if not shown:
        return Sentence(said, "read_as_only", encoding=encoding)
    headings = standard.word("screen", "headings_such_as", language, headings=shown)
    return Sentence(f"{said} {headings}", "read_as", encoding=encoding, headings=shown)


def with_its_sender(project: Project, standard: Standard, item: Item) -> Item:
    """Return a file as its own organisation's, where it names one that the territory's folder declares as a sender.

    Raises
    ------
    InputProblem
        If the file cannot be read.
    """
    base = item.profile
    if not base.senders or base.sent_by is not None or not item.path.name.lower().endswith(WORKBOOKS):
        return item
    received, profile = read_submission(project, item.path, base, standard, item.encoding)
    layouts, _ = lay_out(received, profile)
    for layout in layouts:
        number = layout.columns.get(_ORGANISATION)
        if number is None or not any(table.table == _HEADER for table in layout.spec.tables):
            continue
        for sheet, row, cells in zip(
            *(received.rows[name].to_pylist() for name in ("sheet", "source_row", "cells")), strict=True
        ):
            name = cells[number - 1] if len(cells) >= number else None
            if sheet == layout.sheet and row >= layout.first_row and name in base.senders:
                return replace(item, profile=for_sender(base, name))
    return item

"""Receiving a file: identity guard, what is kept of it, and from that its rows.

Everything happens in a workspace of its own; the warehouse is not touched here.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from clearing_point.countries.decisions import Correction
from clearing_point.countries.profile import Profile
from clearing_point.countries.regional import mark_of, with_words_of_totals
from clearing_point.errors import InputProblem
from clearing_point.intake import doubtful
from clearing_point.intake.balance import account_for
from clearing_point.intake.entering import (
    KEPT_FILE,
    Coming,
    Receipt,
    near_headings,
    parse_period,
    series_of,
)
from clearing_point.intake.expected import read_as_declared
from clearing_point.intake.guard import Headings, guard_cells
from clearing_point.intake.guard_parts import guard_parts
from clearing_point.intake.guard_tokens import guard_tokens
from clearing_point.intake.kept import keep
from clearing_point.intake.layout import copies_of, lay_out
from clearing_point.intake.merged import fill_merged
from clearing_point.intake.notes import guard_notes
from clearing_point.intake.read import ReceivedFile
from clearing_point.intake.sheet_names import by_place, findings_by_place, places_of
from clearing_point.intake.words import with_crosswalk_flags
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.spelling import spelling_of
from clearing_point.warehouse.workspace import Workspace

__all__ = ["KEPT_FILE", "Receipt", "keep_file", "parse_period", "receive", "receive_kept", "series_of"]


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
    answers: Sequence[Mapping[str, Any]] = (),
    accepted_before: bool = False,
) -> Receipt:
    """Read a sender's file into a new workspace: guard, what is kept of it, typed rows.

    Parameters
    ----------
    path : Path
        The file as the sender sent it; it is only read.
    period : str
        ``2022`` or ``2017-2021``.
    received : ReceivedFile, optional
        The file if it was read before (to choose a profile). Its rows are let go of.
    received_at : datetime, optional
        When it came, if not now (UTC).
    corrections : sequence of Correction
        In force for this file.
    answers : sequence of mapping
        What the sender answered, to be kept with the file.
    accepted_before : bool
        Whether it is an original that an earlier version archived: its tokens and days stay what they were.

    Returns
    -------
    Receipt
        With the workspace, which the caller merges or drops.

    Raises
    ------
    InputProblem
        If the file cannot be read at all, or a correction is stale.
    """
    profile = _for_period(profile, period, standard)
    if received is None:
        received = read_as_declared(path, profile, standard)
    layouts, problems = lay_out(received, profile, spelling_of(standard, profile.language))
    mark, places = mark_of(received.rows), places_of(received, profile, standard)
    received, layouts = by_place(received, layouts, places)
    received, merged = fill_merged(received, layouts)
    again = doubtful.headings_again(received, layouts)
    account = account_for(received, layouts, profile, standard, again)
    received, repeated = doubtful.without(received, again)
    problems = findings_by_place(problems, places)
    # What may never be sent is said before how the file should be laid out.
    headings = Headings(received, layouts, standard)
    findings = headings.refusals or headings.without_left_out(problems)
    findings = findings or guard_cells(
        received, [*layouts, *copies_of(received, layouts, profile)], profile, standard
    )
    findings = findings or findings_by_place(guard_notes(received, path, profile, standard), places)
    findings = findings or guard_tokens(received, layouts, standard)
    findings = findings or guard_parts(received, path, profile, standard)
    workspace = Workspace.new(project, standard)
    coming = Coming(
        workspace, profile, standard, period, version_number, supersedes, made_data, received_at, corrections
    )
    try:
        if findings:
            near = near_headings(layouts, problems)
            return coming.refused(received, findings, near, layouts)
        kept_file = workspace.path.parent / KEPT_FILE
        unknown = keep(
            kept_file, received, layouts, profile, standard,
            corrections=corrections, answers=answers, accepted_before=accepted_before,
            findings=[
                *headings.remarks, *merged, *account.findings, *repeated,
                *doubtful.references(received, layouts, standard),
            ],
            balance=account.document(mark),
        )  # fmt: skip
        del received, layouts
        return replace(coming.read(kept_file), unknown=unknown)
    except BaseException:
        workspace.drop()
        raise


def keep_file(
    target: Path,
    received: ReceivedFile,
    profile: Profile,
    standard: Standard,
    period: str,
    *,
    corrections: Sequence[Correction] = (),
    answers: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write what is kept of a file that was accepted before; the guard of today is not asked about it.

    Raises
    ------
    InputProblem
        If its headings are no longer those of the profile.
    """
    profile = _for_period(profile, period, standard)
    layouts, problems = lay_out(received, profile, spelling_of(standard, profile.language))
    mark, places = mark_of(received.rows), places_of(received, profile, standard)
    received, layouts = by_place(received, layouts, places)
    received, merged = fill_merged(received, layouts)
    again = doubtful.headings_again(received, layouts)
    account = account_for(received, layouts, profile, standard, again)
    received, repeated = doubtful.without(received, again)
    headings = Headings(received, layouts, standard)
    problems = findings_by_place(problems, places)
    if headings.without_left_out(problems):
        raise InputProblem(
            f"{received.name} has not the headings that the profile {profile.name} declares today: "
            "put the profile back as it was when the file came.",
            "profile_other",
            file=received.name,
            profile=profile.name,
        )
    keep(
        target, received, layouts, profile, standard,
        corrections=corrections, answers=answers, accepted_before=True,
        findings=[
            *headings.remarks, *merged, *account.findings, *repeated,
            *doubtful.references(received, layouts, standard),
        ],
        balance=account.document(mark),
    )  # fmt: skip


def receive_kept(
    project: Project,
    standard: Standard,
    path: Path,
    profile: Profile,
    period: str,
    *,
    version_number: int = 1,
    supersedes: str | None = None,
    made_data: bool | None = None,
    received_at: datetime.datetime | None = None,
    corrections: Sequence[Correction] = (),
) -> Receipt:
    """Read what the archive keeps of a submission into a new workspace; parameters and errors as :func:`receive`."""
    profile = _for_period(profile, period, standard)
    workspace = Workspace.new(project, standard)
    coming = Coming(
        workspace, profile, standard, period, version_number, supersedes, made_data, received_at, corrections
    )
    try:
        return coming.read(path)
    except BaseException:
        workspace.drop()
        raise


def _for_period(profile: Profile, period: str, standard: Standard) -> Profile:
    profile = with_words_of_totals(with_crosswalk_flags(profile, standard), standard)
    return replace(profile, period=period.strip())
